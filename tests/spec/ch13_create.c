/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: creating and destroying them (spec 13.12). */
#include "dsq_rig.h"

#include "base/mem.h"

enum { W = 7 };	/* a DSQ that the test creates */

static struct task_struct *a, *b;

static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 2, .nodes = 1, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	load();
}

/* ---- create */

static void dsq_59_the_node_must_exist_or_be_none(void **state)
{
	(void)state;
	begin(.cpus = 4, .nodes = 2);
	load();
	PROVES("DSQ-59", create(W, 2) == -EINVAL && create(W, 1000) == -EINVAL);
	PROVES("DSQ-59", create(W, -2) == -EINVAL);
	PROVES("DSQ-59", !user(W));
	PROVES("DSQ-59 DSQ-61", create(W, 1) == 0 && create(W + 1, 0) == 0 && create(W + 2, -1) == 0);
}

static void dsq_60_builtin_ids_are_refused(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	PROVES("DSQ-60", create(SCX_DSQ_FLAG_BUILTIN | W, -1) == -EINVAL);
	PROVES("DSQ-60", create(SCX_DSQ_GLOBAL, -1) == -EINVAL && create(ON_CPU(0), -1) == -EINVAL);
	/* All the other 63 bits are the policy's; 0 is an id. */
	PROVES("DSQ-60", create(0, -1) == 0 && create(~SCX_DSQ_FLAG_BUILTIN, -1) == 0);
	put(a, 0, 0);
	PROVES("DSQ-60", queue_is(user(0), "a"));
}

static void dsq_61_an_id_that_is_there_already(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	PROVES("DSQ-61", create(U, -1) == -EEXIST);
	PROVES("DSQ-61", queue_is(user(U), "a"));
}

static void dsq_61_no_scheduler(void **state)
{
	(void)state;
	begin(.cpus = 2);
	PROVES("DSQ-61", create(W, -1) == -ENODEV);
	/* The arguments are looked at first. */
	PROVES("DSQ-59 DSQ-60", create(W, -2) == -EINVAL && create(SCX_DSQ_GLOBAL, -1) == -EINVAL);
}

static void create_many(void *arg)
{
	s32 *err = arg;
	u64 id;

	for (id = 100; !*err; id++)
		*err = scx_bpf_create_dsq(id, -1);
}

static void dsq_61_no_memory(void **state)
{
	static s32 err;

	(void)state;
	begin_mode(RUN_TIMED);
	err = 0;
	mem_fail_after(1);
	lab_outside(create_many, &err);
	mem_fail_after(0);
	PROVES("DSQ-61", err == -ENOMEM);
	PROVES("DSQ-61", create(W, -1) == 0);
}

static void dsq_62_a_new_dsq_is_empty(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	move_off(U, a, V, 0);
	destroy(U);
	lab_run(10 * MS); /* its memory may be used again */
	PROVES("DSQ-62", create(U, -1) == 0);
	PROVES("DSQ-62", user(U)->id == U && user(U)->nr == 0 && user(U)->seq == 0);
	PROVES("DSQ-62", !user(U)->first_task && RB_EMPTY_ROOT(&user(U)->priq) && list_empty(&user(U)->list));
	PROVES("DSQ-62", nr_queued(U) == 0 && peek(U) == NULL);
}

/* ---- from where */

static u32 nr_refused;
static char refused_op[32];

static void count_refused(const char *kfunc UNUSED, const struct scx_callback_info *info)
{
	nr_refused++;
	strncpy(refused_op, info ? info->op : "", sizeof(refused_op) - 1);
}

static void create_w(void)
{
	scx_bpf_create_dsq(W, -1);
}

static s32 create_in_init_task(struct task_struct *p UNUSED, struct scx_init_task_args *args UNUSED)
{
	if (!user(W))
		create_w();
	return 0;
}

static void dsq_63_sleepable_callbacks_may_create(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	begin(.cpus = 2);
	ops.init_task = create_in_init_task;
	a = lab_task("a", .cpu = 1);
	lab_load(&ops); /* ops.init() creates U and V */
	PROVES("DSQ-63", user(U) && user(V) && user(W));
}

static void create_in_dispatch(s32 cpu UNUSED, struct task_struct *prev UNUSED)
{
	create_w();
}

static void create_in_dequeue(struct task_struct *p UNUSED, u64 deq_flags UNUSED)
{
	create_w();
}

static void create_in_running(struct task_struct *p UNUSED)
{
	create_w();
}

static void dsq_63_callbacks_that_must_not_sleep_may_not(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	scx_set_api_error_handler(count_refused);
	nr_refused = 0;
	rig.on_dispatch = create_in_dispatch;
	lab_kick(0, 0);
	PROVES("DSQ-63", nr_refused == 1 && strcmp(refused_op, "dispatch") == 0 && !user(W));
	rig.on_dispatch = NULL;
	rig.on_dequeue = create_in_dequeue;
	put(a, U, 0);
	move_off(U, a, SCX_DSQ_GLOBAL, 0);
	PROVES("DSQ-63", nr_refused == 2 && strcmp(refused_op, "dequeue") == 0 && !user(W));
	rig.on_running = create_in_running;
	put(b, ON_CPU(0), 0);
	PROVES("DSQ-63", nr_refused >= 3 && strcmp(refused_op, "running") == 0 && !user(W));
}

/* ---- destroy */

static void dsq_64_an_unknown_id_is_ignored(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	destroy(4711);
	destroy(SCX_DSQ_GLOBAL);
	destroy(SCX_DSQ_LOCAL);
	PROVES("DSQ-64", !scx_last_exit() && user(U) && user(V));
	put(a, SCX_DSQ_GLOBAL, 0);
	PROVES("DSQ-64", lab_runs(a));
}

static void dsq_65_a_dsq_in_use_stays_and_it_is_an_error(void **state)
{
	struct lab_hold *frozen;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	put(b, U, 0);
	frozen = freeze_exit();
	lab_from(1);
	destroy(U);
	PROVES("DSQ-65", lab_held(frozen) && user(U) && user(U)->id == U && queue_is(user(U), "a b"));
	PROVES("DSQ-65 DSQ-69", lab_called(a, "select_cpu enqueue") && a->scx.flags & SCX_TASK_IN_CUSTODY);
	lab_release(frozen);
	PROVES("DSQ-65", lab_exited(SCX_EXIT_ERROR, "attempting to destroy in-use dsq 0x0000000000000001 (nr=2)"));
}

static struct lab_hold *before_lock_of(struct scx_dispatch_q *dsq, int cpu)
{
	return lab_hold(.cpu = cpu, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &dsq->lock);
}

static void dsq_66_of_two_destroyers_the_second_is_silent(void **state)
{
	struct scx_dispatch_q *dsq;
	struct lab_hold *second;

	(void)state;
	begin_mode(RUN_EXPLORED);
	dsq = user(U);
	second = before_lock_of(dsq, 0);
	destroy(U); /* has looked it up and stands before the lock */
	assert_true(lab_held(second));
	lab_from(1);
	destroy(U);
	PROVES("DSQ-66", !user(U) && dsq->id == SCX_DSQ_INVALID);
	PROVES("DSQ-66", create(U, -1) == 0 && user(U) != dsq);
	lab_release(second);
	PROVES("DSQ-66", !scx_last_exit() && user(U) && user(U)->id == U);
}

static void dsq_66_the_id_is_free_at_once(void **state)
{
	struct lab_hold *unlock;
	struct scx_dispatch_q *dsq;

	(void)state;
	begin_mode(RUN_EXPLORED);
	dsq = user(U);
	unlock = lab_hold(.cpu = 0, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_UNLOCK), .obj = &dsq->lock);
	destroy(U);
	PROVES("DSQ-66", lab_held(unlock) && dsq->lock.owner && !user(U) && dsq->id == SCX_DSQ_INVALID);
	lab_release(unlock);
	PROVES("DSQ-66", create(U, -1) == 0);
}

static struct scx_dispatch_q *old;
static bool alive_in_callback;

static void destroy_and_look(s32 cpu UNUSED, struct task_struct *prev UNUSED)
{
	if (!old)
		return;
	scx_bpf_destroy_dsq(U);
	/* Whoever has the pointer can still lock it. */
	raw_spin_lock(&old->lock);
	alive_in_callback = old->id == SCX_DSQ_INVALID && old->nr == 0 && list_empty(&old->list);
	raw_spin_unlock(&old->lock);
	old = NULL;
}

static void dsq_67_71_the_memory_outlives_the_callback_and_is_freed_later(void **state)
{
	struct scx_dispatch_q *dsq;
	u64 nr_used;

	(void)state;
	begin_mode(RUN_TIMED);
	old = dsq = user(U);
	nr_used = scx_state()->dsq_pool.nr_used;
	alive_in_callback = false;
	rig.on_dispatch = destroy_and_look;
	lab_kick(0, 0);
	PROVES("DSQ-67", alive_in_callback);
	PROVES("DSQ-71", !user(U) && !scx_last_exit());
	lab_run(20 * MS);
	PROVES("DSQ-67", scx_state()->dsq_pool.nr_used == nr_used - 1);
	PROVES("DSQ-67", create(W, -1) == 0 && user(W) == dsq); /* handed out again */
}

static void dsq_67_the_memory_waits_for_who_has_the_pointer(void **state)
{
	struct scx_dispatch_q *dsq;
	struct lab_hold *reader;
	u64 nr_used;

	(void)state;
	begin_mode(RUN_EXPLORED);
	dsq = user(U);
	nr_used = scx_state()->dsq_pool.nr_used;
	reader = before_lock_of(dsq, 0);
	destroy(U); /* has looked it up */
	assert_true(lab_held(reader));
	lab_from(1);
	destroy(U);
	lab_run(20 * MS);
	PROVES("DSQ-67", dsq->id == SCX_DSQ_INVALID && !dsq->lock.owner);
	lab_release(reader);
	lab_run(20 * MS);
	PROVES("DSQ-67", scx_state()->dsq_pool.nr_used == nr_used - 1);
}

/* With interrupts off: the request waits for its interrupt. */
static void request_and_wait(void *arg UNUSED)
{
	const u64 flags = local_irq_save();

	scx_bpf_dsq_reenq(U, 0);
	scx_bpf_dsq_nr_queued(V);
	local_irq_restore(flags);
}

static void dsq_68_pending_requests_are_cancelled(void **state)
{
	struct list_head *requests;
	struct lab_hold *waiting;

	(void)state;
	begin_mode(RUN_EXPLORED);
	requests = &cpu_rq(1)->scx.deferred_reenq_users;
	waiting = lab_hold(.cpu = 1, .label = "scx_bpf_dsq_nr_queued");
	lab_from(1);
	lab_outside(request_and_wait, NULL);
	assert_true(lab_held(waiting));
	PROVES("DSQ-68", !list_empty(requests));
	lab_from(0);
	destroy(U);
	PROVES("DSQ-68", list_empty(requests));
	lab_release(waiting);
	PROVES("DSQ-68", !scx_last_exit());
}

static void request_for_old(void *arg UNUSED)
{
	const u64 flags = local_irq_save();
	struct rq *rq = this_rq();

	schedule_dsq_reenq(scx_root, old, SCX_REENQ_ANY, NULL);
	PROVES("DSQ-68", list_empty(&rq->scx.deferred_reenq_users));
	local_irq_restore(flags);
}

static void destroy_then_request(void *arg)
{
	const u64 flags = local_irq_save();

	scx_bpf_destroy_dsq(U);
	request_for_old(arg);
	local_irq_restore(flags);
}

static void dsq_68_later_requests_are_dropped(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	old = user(U);
	lab_outside(destroy_then_request, NULL);
	PROVES("DSQ-68", !scx_last_exit());
}

static void dsq_69_nobody_is_told(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	move_off(U, a, V, 0);
	lab_forget();
	destroy(U);
	lab_run(20 * MS);
	PROVES("DSQ-69", lab_called(NULL, "") && queue_is(user(V), "a"));
}

static void dsq_70_parked_cursors_do_not_prevent_it(void **state)
{
	static struct bpf_iter_scx_dsq it;
	struct scx_dispatch_q *dsq;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	dsq = user(U);
	step(open_iter(&it, U, 0));
	move_off(U, a, V, 0);
	assert_true(queue_is(dsq, "|"));
	/* A reader keeps the memory: one who is about to step. */
	before_lock_of(dsq, 0);
	step(&it);
	lab_from(1);
	destroy(U);
	PROVES("DSQ-70", !user(U) && dsq->id == SCX_DSQ_INVALID && !scx_last_exit());
	PROVES("DSQ-70", queue_is(dsq, "|"));
}

/* ---- the end of a scheduler */

static void dsq_72_73_at_unload_bypass_empties_them_and_all_are_destroyed(void **state)
{
	struct scx_dispatch_q *u;
	struct lab_hold *cycled;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	u = user(U);
	lab_forget();
	cycled = lab_hold(.cpu = 0, .label = "scx_bypass_lock", .kinds = LAB_KIND(YIELD_UNLOCK));
	lab_unload();
	assert_true(lab_held(cycled));
	/* Off through the dequeue path, and the DSQ is there still. */
	PROVES("DSQ-73", lab_called(a, "dequeue(0x20000000e) ..."));
	PROVES("DSQ-72 DSQ-73", u->id == U && u->nr == 0 && a->scx.dsq != u);
	lab_release(cycled);
	lab_run(20 * MS);
	PROVES("DSQ-72", !scx_root && scx_state()->dsq_pool.nr_used == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_59_the_node_must_exist_or_be_none),
		TEST(dsq_60_builtin_ids_are_refused),
		TEST(dsq_61_an_id_that_is_there_already),
		TEST(dsq_61_no_scheduler),
		TEST(dsq_61_no_memory),
		TEST(dsq_62_a_new_dsq_is_empty),
		TEST(dsq_63_sleepable_callbacks_may_create),
		TEST(dsq_63_callbacks_that_must_not_sleep_may_not),
		TEST(dsq_64_an_unknown_id_is_ignored),
		TEST(dsq_65_a_dsq_in_use_stays_and_it_is_an_error),
		TEST(dsq_66_of_two_destroyers_the_second_is_silent),
		TEST(dsq_66_the_id_is_free_at_once),
		TEST(dsq_67_71_the_memory_outlives_the_callback_and_is_freed_later),
		TEST(dsq_67_the_memory_waits_for_who_has_the_pointer),
		TEST(dsq_68_pending_requests_are_cancelled),
		TEST(dsq_68_later_requests_are_dropped),
		TEST(dsq_69_nobody_is_told),
		TEST(dsq_70_parked_cursors_do_not_prevent_it),
		TEST(dsq_72_73_at_unload_bypass_empties_them_and_all_are_destroyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
