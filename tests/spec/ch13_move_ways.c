/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: where scx_bpf_dsq_move() takes a task, and who may call it (spec 13.14). */
#include "dsq_rig.h"

static struct task_struct *a, *b, *c;
static struct bpf_iter_scx_dsq it;

static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 2, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 1);
	load();
}

static void begin_three(void)
{
	begin_mode(RUN_TIMED);
}

/* ---- ways */

static void insert_a_into_u(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0 && !a->scx.dsq && lab_word(a) != SCX_OPSS_NONE)
		scx_bpf_dsq_insert(a, U, 20 * MS, 0);
}

static void dsq_101_it_waits_for_the_end_of_dispatching(void **state)
{
	struct lab_hold *none;

	(void)state;
	begin_mode(RUN_EXPLORED);
	keep(a);
	rig.on_dispatch = insert_a_into_u;
	none = lab_hold(.cpu = 0, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &a->scx.ops_state);
	lab_kick(0, 0);
	assert_true(lab_held(none) && lab_word(a) == SCX_OPSS_DISPATCHING && queue_is(user(U), "a"));
	lab_from(1);
	move(open_iter(&it, U, 0), a, V, 0);
	PROVES("DSQ-101", lab_waits(1, "ops_state") && queue_is(user(U), "a") && user(U)->lock.owner);
	lab_release(none);
	PROVES("DSQ-101", queue_is(user(V), "a") && queue_is(user(U), ""));
	close_iter(&it);
}

static void dsq_102_a_cpu_not_allowed_is_an_error_and_the_global_dsq(void **state)
{
	struct lab_hold *frozen;

	(void)state;
	begin(.cpus = 4, .nodes = 2, .mode = RUN_EXPLORED);
	a = lab_task("a", .cpu = 2, .cpus = 1 << 2);
	load();
	put(a, U, 0);
	frozen = freeze_exit();
	lab_from(1);
	/* Neither does the promise go along, nor is there a warning about it. */
	PROVES("DSQ-102", move_off(U, a, ON_CPU(3), SCX_ENQ_IMMED));
	PROVES("DSQ-102", lab_held(frozen) && queue_is(global_of(2), "a") && queue_is(user(U), ""));
	PROVES("DSQ-102", !(a->scx.flags & SCX_TASK_IMMED));
	lab_release(frozen);
	PROVES("DSQ-102", lab_exited(SCX_EXIT_ERROR, "target CPU 3 not allowed"));
}

static void dsq_102_an_offline_cpu_is_counted(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	lab_offline(0);
	lab_from(1);
	lab_forget();
	PROVES("DSQ-102", move_off(U, a, ON_CPU(0), SCX_ENQ_IMMED));
	PROVES("DSQ-102", queue_is(global_of(1), "a") && lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE) == 1);
	PROVES("DSQ-102", !scx_last_exit());
}

static void dsq_103_to_its_own_cpu(void **state)
{
	struct lab_hold *link;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	link = lab_hold(.cpu = 0, .label = "dsq->list", .obj = &lab_local(1)->list, .kinds = LAB_KIND(YIELD_WRITE));
	move_off(U, a, ON_CPU(1), 0);
	PROVES("DSQ-103", lab_held(link) && queue_is(user(U), "") && !user(U)->lock.owner);
	PROVES("DSQ-103", task_on_rq_queued(a) && cpu_rq(1)->__lock.owner);
	lab_release(link);
	PROVES("DSQ-103", lab_runs(a) && a->cpu == 1);
}

static void dsq_103_no_affinity_is_tested(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	a->migration_disabled = 1;
	PROVES("DSQ-103", move_off(U, a, ON_CPU(1), 0) && lab_runs(a));
	a->migration_disabled = 0;
}

static void dsq_104_to_another_cpu(void **state)
{
	struct lab_hold *at_dequeue, *arriving;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	/* The dequeue inside the remote move asks for the lock once more. */
	at_dequeue = lab_hold(.cpu = 0, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_LOCK),
			      .obj = &user(U)->lock, .skip = 1);
	arriving = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(0)->__lock);
	lab_from(0);
	move(open_iter(&it, U, 0), a, ON_CPU(0), 0);
	PROVES("DSQ-104", lab_held(at_dequeue) && queue_is(user(U), "a") && !user(U)->lock.owner);
	PROVES("DSQ-104", a->scx.holding_cpu == -1 && a->scx.sticky_cpu == 0);
	lab_release(at_dequeue);
	PROVES("DSQ-104", lab_held(arriving) && task_on_rq_migrating(a) && queue_is(user(U), ""));
	PROVES("DSQ-104", a->scx.holding_cpu == -1 && !a->scx.dsq);
	lab_release(arriving);
	PROVES("DSQ-104", lab_runs(a) && a->cpu == 0);
	close_iter(&it);
}

static void dsq_105_to_another_queue(void **state)
{
	struct lab_hold *at_target;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put_vtime(a, U, 77, 0);
	a->scx.slice = 0;
	at_target = lab_hold(.cpu = 0, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &user(V)->lock);
	move_off(U, a, V, 0);
	PROVES("DSQ-105", lab_held(at_target) && queue_is(user(U), "") && !a->scx.dsq && !user(U)->lock.owner);
	lab_release(at_target);
	/* Not even a slice of 0 is touched. */
	PROVES("DSQ-105", queue_is(user(V), "a") && a->scx.slice == 0 && a->scx.dsq_vtime == 77);
	PROVES("DSQ-105", a->scx.dsq_seq == 1 && user(V)->seq == 1);
	PROVES("DSQ-105", move_off(V, a, SCX_DSQ_GLOBAL, 0));
	PROVES("DSQ-105", lab_called(a, "select_cpu enqueue dequeue(0x0) ..."));
}

static void dsq_106_onto_the_same_queue(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	put(b, U, 0);
	PROVES("DSQ-106", move_off(U, a, U, 0) && queue_is(user(U), "b a") && a->scx.dsq_seq == 3);
	PROVES("DSQ-106", user(U)->nr == 2 && user(U)->first_task == b && a->scx.flags & SCX_TASK_IN_CUSTODY);
	move_off(U, a, V, 0);
	move_off(U, b, V, 0);
	put_vtime(c, U, 30, 0);
	open_iter(&it, V, 0);
	set_vtime(&it, 10);
	move_vtime(&it, a, U, 0);
	set_vtime(&it, 20);
	move_vtime(&it, b, U, 0);
	close_iter(&it);
	assert_true(queue_is(user(U), "a b c"));
	open_iter(&it, U, 0);
	set_vtime(&it, 25);
	PROVES("DSQ-106", move_vtime(&it, a, U, 0) && queue_is(user(U), "b a c"));
	close_iter(&it);
}

static void dsq_107_the_vtime_form_sets_the_order_itself(void **state)
{
	(void)state;
	begin_three();
	put_vtime(a, U, 20, 0);
	put_vtime(b, V, 30, 0);
	/* The bit is one that a caller must not pass. */
	open_iter(&it, U, 0);
	PROVES("DSQ-107", move_vtime(&it, a, V, 0) && queue_is(user(V), "a b") && !scx_last_exit());
	PROVES("DSQ-107", a->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ);
	close_iter(&it);
}

static void vtime_move_errs(u64 target, struct task_struct *(*where)(void))
{
	struct lab_hold *frozen;

	begin(.cpus = 3, .mode = RUN_EXPLORED);
	a = lab_task("a", .cpu = 1);
	load();
	put(a, U, 0);
	frozen = freeze_exit();
	lab_from(1);
	open_iter(&it, U, 0);
	PROVES("DSQ-108", move_vtime(&it, a, target, 0) && lab_held(frozen));
	PROVES("DSQ-108", where() == a);
	close_iter(&it);
	lab_release(frozen);
	PROVES("DSQ-108", lab_exited(SCX_EXIT_ERROR, "cannot use vtime ordering for built-in DSQs"));
	lab_stop(NULL);
}

static struct task_struct *running_on_2(void)
{
	return cpu_rq(2)->curr;
}

static struct task_struct *alone_on_global(void)
{
	return queue_is(global_of(1), "a") ? a : NULL;
}

static void dsq_108_by_vtime_to_builtin_dsqs(void **state)
{
	(void)state;
	vtime_move_errs(ON_CPU(2), running_on_2); /* before the error takes effect */
	vtime_move_errs(SCX_DSQ_GLOBAL, alone_on_global);
}

static void dsq_108_by_vtime_to_a_fallback(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	lab_offline(0);
	lab_from(1);
	PROVES("DSQ-108", move_vtime(open_iter(&it, U, 0), a, ON_CPU(0), 0));
	PROVES("DSQ-108", lab_exited(SCX_EXIT_ERROR, "cannot use vtime ordering for built-in DSQs"));
	close_iter(&it);
}

static void dsq_108_by_vtime_to_the_own_cpu_is_silently_fifo(void **state)
{
	(void)state;
	begin_three();
	put(b, SCX_DSQ_LOCAL, 0);
	put(a, U, 0);
	PROVES("DSQ-108", move_vtime(open_iter(&it, U, 0), a, ON_CPU(1), 0) && queue_is(lab_local(1), "a"));
	PROVES("DSQ-108", !scx_last_exit() && !(a->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ));
	close_iter(&it);
}

/* ---- the dispatch buffer */

static u32 nr_dispatches, slots_before, slots_after;

static void insert_b_and_move_a(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu)
		return;
	nr_dispatches++;
	if (a->scx.dsq != user(U))
		return;
	scx_bpf_dsq_insert(b, V, 20 * MS, 0);
	slots_before = scx_bpf_dispatch_nr_slots();
	bpf_iter_scx_dsq_new(&it, U, 0);
	PROVES("DSQ-109", scx_bpf_dsq_move(&it, a, V, 0));
	bpf_iter_scx_dsq_destroy(&it);
	slots_after = scx_bpf_dispatch_nr_slots();
	PROVES("DSQ-109", scx_opss_state(lab_word(b)) == SCX_OPSS_QUEUED && queue_is(user(V), "a"));
}

static void dsq_109_a_move_does_not_flush_the_buffer(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	keep(b);
	rig.on_dispatch = insert_b_and_move_a;
	lab_kick(0, 0);
	PROVES("DSQ-109", slots_before == 31 && slots_after == 31 && queue_is(user(V), "a b"));
}

static void move_a_only(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu)
		return;
	nr_dispatches++;
	bpf_iter_scx_dsq_new(&it, U, 0);
	scx_bpf_dsq_move(&it, a, V, 0);
	bpf_iter_scx_dsq_destroy(&it);
}

static void dsq_109_a_move_does_not_count(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	nr_dispatches = 0;
	rig.on_dispatch = move_a_only;
	lab_kick(0, 0);
	PROVES("DSQ-109", queue_is(user(V), "a") && nr_dispatches == 1);
}

/* ---- from where */

static u32 nr_refused, nr_tried;

static void count_refused(const char *kfunc UNUSED, const struct scx_callback_info *info UNUSED)
{
	nr_refused++;
}

/* Without effect if it is allowed. */
static void try_move(void)
{
	struct bpf_iter_scx_dsq none = { .dsq = NULL };

	nr_tried++;
	scx_bpf_dsq_move(&none, a, V, 0);
}

static s32 try_in_init(void)
{
	try_move();
	return rig_init();
}

static void try_in_exit(struct scx_exit_info *ei UNUSED)
{
	try_move();
}

static s32 try_in_init_task(struct task_struct *p UNUSED, struct scx_init_task_args *args UNUSED)
{
	try_move();
	return 0;
}

static void try_in_hotplug(s32 cpu UNUSED)
{
	try_move();
}

static void try_in_dispatch(s32 cpu UNUSED, struct task_struct *prev UNUSED)
{
	try_move();
}

static void try_in_enqueue(struct task_struct *p, u64 enq_flags UNUSED)
{
	try_move();
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 20 * MS, 0);
}

static void try_in_task_op(struct task_struct *p UNUSED)
{
	try_move();
}

static void try_in_dequeue(struct task_struct *p UNUSED, u64 deq_flags UNUSED)
{
	try_move();
}

static void dsq_111_allowed_where_no_rq_is_locked_and_in_dispatch(void **state)
{
	struct sched_ext_ops ops = rig_ops;
	u32 tried;

	(void)state;
	begin(.cpus = 2);
	scx_set_api_error_handler(count_refused);
	nr_refused = nr_tried = 0;
	ops.init = try_in_init;
	ops.exit = try_in_exit;
	ops.init_task = try_in_init_task;
	ops.cpu_online = ops.cpu_offline = try_in_hotplug;
	a = lab_task("a", .cpu = 1);
	lab_load(&ops);
	PROVES("DSQ-111", nr_tried >= 2 && nr_refused == 0);
	tried = nr_tried;
	lab_offline(1);
	lab_online(1);
	PROVES("DSQ-111", nr_tried == tried + 2 && nr_refused == 0);
	rig.on_dispatch = try_in_dispatch;
	lab_kick(0, 0);
	PROVES("DSQ-111", nr_tried > tried + 2 && nr_refused == 0);
	rig.on_dispatch = NULL;
	tried = nr_tried;
	lab_unload();
	PROVES("DSQ-111", nr_tried == tried + 1 && nr_refused == 0);
}

static void dsq_111_nowhere_else(void **state)
{
	(void)state;
	begin_three();
	scx_set_api_error_handler(count_refused);
	nr_refused = nr_tried = 0;
	rig.on_enqueue = try_in_enqueue;
	rig.on_running = try_in_task_op;
	lab_wake(b);
	PROVES("DSQ-111", nr_tried == 2 && nr_refused == 2);
	rig.on_enqueue = NULL;
	rig.on_dequeue = try_in_dequeue;
	put(a, U, 0);
	lab_set_policy(a, SCHED_FIFO, 10);
	PROVES("DSQ-111", nr_tried == 3 && nr_refused == 3);
}

static void move_off_local(void *arg UNUSED)
{
	it = (struct bpf_iter_scx_dsq){ .dsq = lab_local(1) };
	it.cursor.flags = SCX_DSQ_LNODE_ITER_CURSOR;
	it.cursor.priv = lab_local(1)->seq;
	scx_bpf_dsq_move(&it, a, V, 0);
}

static void dsq_113_a_local_dsq_is_never_a_source(void **state)
{
	(void)state;
	begin_three();
	put(b, SCX_DSQ_LOCAL, 0);
	put(a, SCX_DSQ_LOCAL, 0);
	assert_true(queue_is(lab_local(1), "a"));
	lab_expect_bug("dsq_is_local(src_dsq)");
	lab_call(b, move_off_local, NULL);
	PROVES("DSQ-113", machine()->aborted && queue_is(lab_local(1), "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_101_it_waits_for_the_end_of_dispatching),
		TEST(dsq_102_a_cpu_not_allowed_is_an_error_and_the_global_dsq),
		TEST(dsq_102_an_offline_cpu_is_counted),
		TEST(dsq_103_to_its_own_cpu),
		TEST(dsq_103_no_affinity_is_tested),
		TEST(dsq_104_to_another_cpu),
		TEST(dsq_105_to_another_queue),
		TEST(dsq_106_onto_the_same_queue),
		TEST(dsq_107_the_vtime_form_sets_the_order_itself),
		TEST(dsq_108_by_vtime_to_builtin_dsqs),
		TEST(dsq_108_by_vtime_to_a_fallback),
		TEST(dsq_108_by_vtime_to_the_own_cpu_is_silently_fifo),
		TEST(dsq_109_a_move_does_not_flush_the_buffer),
		TEST(dsq_109_a_move_does_not_count),
		TEST(dsq_111_allowed_where_no_rq_is_locked_and_in_dispatch),
		TEST(dsq_111_nowhere_else),
		TEST(dsq_113_a_local_dsq_is_never_a_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
