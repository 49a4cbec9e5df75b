/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: giving the tasks of one back to the scheduler (spec 13.16). */
#include "dsq_rig.h"

#define REENQ_ENQUEUE	"enqueue(0x10000000000)"

static struct task_struct *a, *b, *c, *hog;

/* CPU 1 is busy with a higher class, so its local DSQ fills. */
static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 2, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 1);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	load();
	lab_wake(hog);
}

static void begin_hogged(void)
{
	begin_mode(RUN_TIMED);
}

static struct scx_deferred_reenq_local *local_entry(int cpu)
{
	return &scx_pcpu(scx_root, cpu)->deferred_reenq_local;
}

static struct scx_deferred_reenq_user *user_entry(u64 id, int cpu)
{
	return &user(id)->reenq_users[cpu];
}

static bool is_first(const struct list_head *node, const struct list_head *requests)
{
	return requests->next == node;
}

/* ---- requests */

static void do_bypass(void *arg UNUSED)
{
	scx_bypass(scx_root, true);
}

static void request_in_bypass(void *arg UNUSED)
{
	scx_bpf_dsq_reenq(ON_CPU(1), 0);
	scx_bpf_dsq_reenq(U, 0);
	PROVES("DSQ-121", list_empty(&local_entry(1)->node) && !local_entry(1)->flags);
	PROVES("DSQ-121", list_empty(&this_rq()->scx.deferred_reenq_users));
	/* Builtin ones too, whose request would be an error. */
	scx_bpf_dsq_reenq(SCX_DSQ_GLOBAL, 0);
}

static void dsq_121_in_bypass_requests_are_ignored(void **state)
{
	(void)state;
	begin_hogged();
	lab_outside(do_bypass, NULL);
	lab_outside(request_in_bypass, NULL);
	PROVES("DSQ-121", !scx_last_exit());
}

static void request_local_of_1(void *arg UNUSED)
{
	struct scx_dispatch_q *dsq = lab_local(1);
	const u64 irqs = local_irq_save();

	schedule_dsq_reenq(scx_root, dsq, 0, NULL);
	PROVES("DSQ-122", is_first(&local_entry(1)->node, &cpu_rq(1)->scx.deferred_reenq_locals));
	PROVES("DSQ-122", local_entry(1)->flags == 0);
	scx_bpf_dsq_reenq(ON_CPU(1), SCX_REENQ_ANY);
	PROVES("DSQ-122", local_entry(1)->flags == SCX_REENQ_ANY);
	schedule_dsq_reenq(scx_root, dsq, 0, NULL);
	PROVES("DSQ-122", local_entry(1)->flags == SCX_REENQ_ANY);
	PROVES("DSQ-122", local_entry(1)->node.next == &cpu_rq(1)->scx.deferred_reenq_locals);
	local_irq_restore(irqs);
}

static void dsq_122_flags_add_up_in_the_entry_of_the_cpu(void **state)
{
	(void)state;
	begin_hogged();
	put(a, SCX_DSQ_LOCAL, 0);
	rig.dsq = U;
	lab_forget();
	lab_outside(request_local_of_1, NULL);
	PROVES("DSQ-122", lab_called(a, REENQ_ENQUEUE));
}

static void request_local_of_0(void *arg UNUSED)
{
	const u64 irqs = local_irq_save();

	scx_bpf_dsq_reenq(ON_CPU(0), 0);
	PROVES("DSQ-122", list_empty(&local_entry(0)->node) && !local_entry(0)->flags);
	PROVES("DSQ-122", !cpu_rq(0)->scx.deferred_irq_work.pending);
	local_irq_restore(irqs);
}

static void dsq_122_of_a_cpu_that_is_not_active_they_are_ignored(void **state)
{
	(void)state;
	begin_hogged();
	lab_offline(0);
	lab_from(1);
	lab_outside(request_local_of_0, NULL);
	PROVES("DSQ-122", !scx_last_exit());
}

static void request_u(void *arg UNUSED)
{
	const int cpu = smp_processor_id();
	const u64 irqs = local_irq_save();

	scx_bpf_dsq_reenq(U, 0);
	PROVES("DSQ-123", is_first(&user_entry(U, cpu)->node, &this_rq()->scx.deferred_reenq_users));
	PROVES("DSQ-123", user_entry(U, cpu)->dsq == user(U) && list_empty(&user_entry(U, 1 - cpu)->node));
	local_irq_restore(irqs);
}

static void dsq_123_of_a_user_dsq_the_asking_cpu_has_the_entry_and_the_work(void **state)
{
	(void)state;
	begin_hogged();
	put(a, U, 0);
	lab_forget();
	lab_from(0);
	lab_outside(request_u, NULL);
	PROVES("DSQ-123", lab_called(a, REENQ_ENQUEUE "@0"));
	lab_from(1);
	lab_outside(request_u, NULL);
	PROVES("DSQ-123", lab_called(a, REENQ_ENQUEUE "@1"));
}

static void refuses(u64 dsq, u64 flags, const char *rule, const char *text)
{
	begin_hogged();
	put(a, SCX_DSQ_GLOBAL, 0);
	lab_forget();
	reenq(dsq, flags);
	PROVES(rule, lab_exited(SCX_EXIT_ERROR, text));
	lab_stop(NULL);
}

static void dsq_124_125_what_is_refused(void **state)
{
	(void)state;
	refuses(SCX_DSQ_GLOBAL, 0, "DSQ-124", "DSQ 0x8000000000000001 not allowed for reenq");
	refuses(4711, 0, "DSQ-124", "non-existent DSQ 0x1267");
	refuses(SCX_DSQ_BYPASS, 0, "DSQ-124", "non-existent DSQ");
	refuses(U, 2, "DSQ-125", "invalid SCX_REENQ flags 0x2");
	refuses(U, SCX_REENQ_ANY | 1ULL << 32, "DSQ-125", "invalid SCX_REENQ flags 0x100000001");
}

static void dsq_125_no_flag_means_any(void **state)
{
	(void)state;
	begin_hogged();
	put(a, U, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	rig.dsq = V;
	lab_forget();
	reenq(U, 0);
	reenq(ON_CPU(1), 0);
	PROVES("DSQ-125", lab_called(a, REENQ_ENQUEUE) && lab_called(b, REENQ_ENQUEUE));
	reenq(V, SCX_REENQ_ANY);
	PROVES("DSQ-125", lab_called(a, REENQ_ENQUEUE) && lab_called(b, REENQ_ENQUEUE));
}

/* ---- when the work is done */

static bool asked;

static void ask_in_dispatch(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu || asked)
		return;
	asked = true;
	scx_bpf_dsq_reenq(U, 0);
	/* At the end of this pass and not by interrupt. */
	PROVES("DSQ-126", cpu_rq(0)->scx.flags & SCX_RQ_BAL_CB_PENDING);
	PROVES("DSQ-126", !cpu_rq(0)->scx.deferred_irq_work.pending);
	scx_bpf_dsq_reenq(ON_CPU(1), 0);
	PROVES("DSQ-126", cpu_rq(1)->scx.deferred_irq_work.pending);
}

static void dsq_126_of_the_locked_rq_as_deferred_work_else_by_interrupt(void **state)
{
	(void)state;
	begin_hogged();
	put(a, U, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	rig.dsq = V;
	asked = false;
	lab_forget();
	rig.on_dispatch = ask_in_dispatch;
	lab_kick(0, 0);
	PROVES("DSQ-126", lab_called(a, REENQ_ENQUEUE "@0") && lab_called(b, REENQ_ENQUEUE "@1"));
}

static void dsq_127_the_entry_is_free_before_the_walk(void **state)
{
	struct lab_hold *walking;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, U, 0);
	rig.dsq = V;
	walking = lab_hold(.cpu = 1, .label = "ops.enqueue");
	reenq(ON_CPU(1), 0);
	PROVES("DSQ-127", lab_held(walking) && list_empty(&local_entry(1)->node) && !local_entry(1)->flags);
	lab_release(walking);
	walking = lab_hold(.cpu = 0, .label = "ops.enqueue");
	reenq(U, 0);
	PROVES("DSQ-127", lab_held(walking) && list_empty(&user_entry(U, 0)->node) && !user_entry(U, 0)->flags);
	lab_release(walking);
	PROVES("DSQ-127", queue_is(user(V), "a b"));
}

/* ---- the walk of a local DSQ */

struct walk {
	u64 flags;
	bool open;
	u32 nr;
};

static void walk_local(void *arg)
{
	struct walk *w = arg;
	struct rq *rq = cpu_rq(1);
	const struct sched_class *next_class;
	u64 irqs;

	raw_spin_rq_lock_irqsave(rq, &irqs);
	next_class = rq->next_class;
	rq->next_class = w->open ? &idle_sched_class : next_class;
	w->nr = reenq_local(scx_root, rq, w->flags);
	rq->next_class = next_class;
	raw_spin_rq_unlock_irqrestore(rq, irqs);
}

static u32 walk(bool open, u64 flags)
{
	static struct walk w;

	w = (struct walk){ .flags = flags, .open = open };
	lab_forget();
	lab_outside(walk_local, &w);
	return w.nr;
}

static u32 reason_of_a, reason_of_b;

static void note_reason(struct task_struct *p, u64 enq_flags UNUSED)
{
	*(p == a ? &reason_of_a : &reason_of_b) = p->scx.flags & SCX_TASK_REENQ_REASON_MASK;
	scx_bpf_dsq_insert(p, V, 20 * MS, 0);
}

/* a, then b on the local DSQ of CPU 1; an IMMED one would not stay there by itself. */
static void queue_two(bool a_immed, bool b_immed)
{
	begin_hogged();
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	a->scx.flags |= a_immed ? SCX_TASK_IMMED : 0;
	b->scx.flags |= b_immed ? SCX_TASK_IMMED : 0;
	cpu_rq(1)->scx.nr_immed = (u32)a_immed + b_immed;
	rig.on_enqueue = note_reason;
	reason_of_a = reason_of_b = SCX_TASK_REENQ_NONE;
}

static void dsq_128_132_immed_first_on_an_open_rq_is_kept(void **state)
{
	(void)state;
	queue_two(true, false);
	lab_by_hand();	/* an rq that is open and busy */
	PROVES("DSQ-128 DSQ-132", walk(true, 0) == 0 && queue_is(lab_local(1), "a b"));
	PROVES("DSQ-128", lab_called(NULL, "") && lab_count(SCX_EV_REENQ_IMMED) == 0);
	a->scx.flags &= ~SCX_TASK_IMMED;
	cpu_rq(1)->scx.nr_immed = 0;
}

static void dsq_128_immed_on_a_closed_rq_comes_back(void **state)
{
	(void)state;
	queue_two(true, false);
	PROVES("DSQ-128", walk(false, 0) == 1 && queue_is(lab_local(1), "b") && queue_is(user(V), "a"));
	PROVES("DSQ-128", reason_of_a == SCX_TASK_REENQ_IMMED && lab_count(SCX_EV_REENQ_IMMED) == 1);
}

static void dsq_128_132_immed_behind_another_comes_back(void **state)
{
	(void)state;
	queue_two(false, true);
	PROVES("DSQ-128 DSQ-132", walk(true, 0) == 1 && queue_is(lab_local(1), "a") && queue_is(user(V), "b"));
	PROVES("DSQ-128", reason_of_b == SCX_TASK_REENQ_IMMED && lab_count(SCX_EV_REENQ_IMMED) == 1);
}

static void dsq_128_any_takes_the_rest(void **state)
{
	(void)state;
	queue_two(true, false);
	PROVES("DSQ-128", walk(true, SCX_REENQ_ANY) == 2 && queue_is(user(V), "a b"));
	PROVES("DSQ-128", reason_of_a == SCX_TASK_REENQ_KFUNC && reason_of_b == SCX_TASK_REENQ_KFUNC);
	PROVES("DSQ-128", lab_count(SCX_EV_REENQ_IMMED) == 0);
}

static void dsq_128_immed_is_tested_before_any(void **state)
{
	(void)state;
	queue_two(true, true);
	PROVES("DSQ-128", walk(false, SCX_REENQ_ANY) == 2);
	PROVES("DSQ-128", reason_of_a == SCX_TASK_REENQ_IMMED && reason_of_b == SCX_TASK_REENQ_IMMED);
	PROVES("DSQ-128", lab_count(SCX_EV_REENQ_IMMED) == 2);
}

static void dsq_128_a_task_about_to_migrate_is_skipped_and_does_not_count(void **state)
{
	(void)state;
	queue_two(false, true);
	lab_by_hand();	/* an rq that is open and busy */
	a->migration_pending = true;
	PROVES("DSQ-128", walk(true, 0) == 0 && queue_is(lab_local(1), "a b"));
	PROVES("DSQ-128", walk(true, SCX_REENQ_ANY) == 1 && queue_is(lab_local(1), "a"));
	PROVES("DSQ-128", reason_of_b == SCX_TASK_REENQ_KFUNC);
	a->migration_pending = false;
}

static u32 nr_left[2], nr_enqueued;

static void put_back(struct task_struct *p, u64 enq_flags)
{
	PROVES("DSQ-129", enq_flags == SCX_ENQ_REENQ);
	if (nr_enqueued < 2)
		nr_left[nr_enqueued] = lab_local(1)->nr;
	nr_enqueued++;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 20 * MS, 0);
}

static void dsq_129_all_are_taken_off_first_then_enqueued_in_order(void **state)
{
	(void)state;
	queue_two(false, false);
	rig.on_enqueue = put_back;
	nr_enqueued = 0;
	PROVES("DSQ-129", walk(false, SCX_REENQ_ANY) == 2 && nr_enqueued == 2);
	PROVES("DSQ-129", nr_left[0] == 0 && nr_left[1] == 1 && queue_is(lab_local(1), "a b"));
	PROVES("DSQ-129", lab_called(NULL, "a:" REENQ_ENQUEUE " b:" REENQ_ENQUEUE));
}

/* ---- the walk of a user DSQ */

static void check_kfunc(struct task_struct *p, u64 enq_flags)
{
	PROVES("DSQ-130", enq_flags == SCX_ENQ_REENQ && !p->scx.dsq && !user(U)->lock.owner);
	PROVES("DSQ-130", (p->scx.flags & SCX_TASK_REENQ_REASON_MASK) == SCX_TASK_REENQ_KFUNC);
	PROVES("DSQ-130", raw_spin_is_held(&task_rq(p)->__lock));
	scx_bpf_dsq_insert(p, U, 20 * MS, 0);
}

static void dsq_130_each_task_once_under_its_own_rq_lock(void **state)
{
	(void)state;
	begin(.cpus = 3);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 2);
	c = lab_task("c", .cpu = 1);
	load();
	put(a, U, 0);
	put(b, U, 0);
	put(c, U, 0);
	rig.on_enqueue = check_kfunc;
	lab_forget();
	reenq(U, 0);
	/* They go back to the same queue, behind the cut-off. */
	PROVES("DSQ-130", lab_called(NULL, "a:" REENQ_ENQUEUE "@0 b:" REENQ_ENQUEUE "@0 c:" REENQ_ENQUEUE "@0"));
	PROVES("DSQ-130", queue_is(user(U), "a b c") && !(a->scx.flags & SCX_TASK_REENQ_REASON_MASK));
}

static void hold_rq_1(void *arg UNUSED)
{
	u64 irqs;

	raw_spin_rq_lock_irqsave(cpu_rq(1), &irqs);
	scx_bpf_dsq_nr_queued(V);
	raw_spin_rq_unlock_irqrestore(cpu_rq(1), irqs);
}

static void dsq_130_a_lock_that_is_taken_is_waited_for_without_that_of_the_dsq(void **state)
{
	struct lab_hold *owner;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	rig.dsq = V;
	lab_forget();
	owner = lab_hold(.cpu = 1, .label = "scx_bpf_dsq_nr_queued");
	lab_from(1);
	lab_outside(hold_rq_1, NULL);
	assert_true(lab_held(owner) && cpu_rq(1)->__lock.owner);
	lab_from(0);
	reenq(U, 0);
	PROVES("DSQ-130", lab_waits(0, "rq_lock") && !user(U)->lock.owner && !cpu_rq(0)->__lock.owner);
	lab_release(owner);
	PROVES("DSQ-130", lab_called(a, REENQ_ENQUEUE "@0") && queue_is(user(V), "a"));
}

static void dsq_130_who_was_lost_meanwhile_is_left_alone(void **state)
{
	struct lab_hold *owner, *trying;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	lab_forget();
	owner = lab_hold(.cpu = 1, .label = "scx_bpf_dsq_nr_queued");
	lab_from(1);
	lab_outside(hold_rq_1, NULL);
	/* Before the walker waits for the lock, a goes off and on again. */
	trying = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	lab_from(0);
	reenq(U, 0);
	assert_true(lab_held(trying));
	lab_release(owner);
	lab_from(1);
	lab_set_nice(a, 5);
	lab_release(trying);
	PROVES("DSQ-130", lab_called(a, "dequeue(0x20000000a) enqueue(0xa)") && queue_is(user(U), "a"));
}

static void insert_a_into_u(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0 && !a->scx.dsq && lab_word(a) != SCX_OPSS_NONE)
		scx_bpf_dsq_insert(a, U, 20 * MS, 0);
}

static void dsq_130_it_waits_for_the_end_of_dispatching(void **state)
{
	struct lab_hold *none;

	(void)state;
	begin_mode(RUN_EXPLORED);
	keep(a);
	rig.on_dispatch = insert_a_into_u;
	none = lab_hold(.cpu = 0, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &a->scx.ops_state);
	lab_kick(0, 0);
	assert_true(lab_held(none) && queue_is(user(U), "a"));
	lab_forget();
	lab_from(1);
	reenq(U, 0);
	PROVES("DSQ-130", lab_waits(1, "ops_state") && user(U)->lock.owner && lab_called(a, ""));
	lab_release(none);
	PROVES("DSQ-130", lab_called(a, REENQ_ENQUEUE "@1") && scx_opss_state(lab_word(a)) == SCX_OPSS_QUEUED);
}

static void dsq_130_the_rq_lock_is_dropped_after_each_batch(void **state)
{
	struct lab_hold *again;

	(void)state;
	begin_mode(RUN_EXPLORED);
	assert_int_equal(scx_limits()->task_iter_batch, 32);
	scx_limits()->task_iter_batch = 2;
	put(a, U, 0);
	put(b, U, 0);
	put(c, U, 0);
	rig.dsq = V;
	again = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_TRYLOCK), .obj = &cpu_rq(1)->__lock);
	lab_from(1);
	reenq(U, 0);
	PROVES("DSQ-130", lab_held(again) && !cpu_rq(1)->__lock.owner);
	PROVES("DSQ-130", queue_is(user(V), "a b") && queue_is(user(U), "c |"));
	lab_release(again);
	scx_limits()->task_iter_batch = 32;
	PROVES("DSQ-130", queue_is(user(V), "a b c") && queue_is(user(U), ""));
}

static void dsq_131_it_stops_when_bypass_begins(void **state)
{
	struct lab_hold *walking, *bypass;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	put(b, U, 0);
	rig.dsq = V;
	lab_forget();
	walking = lab_hold(.cpu = 0, .label = "ops.enqueue");
	reenq(U, 0);
	assert_true(lab_held(walking));
	bypass = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(0)->__lock);
	lab_from(1);
	lab_outside(do_bypass, NULL);
	assert_true(lab_held(bypass) && scx_root->bypass_depth == 1);
	lab_release(walking);
	PROVES("DSQ-131", queue_is(user(U), "b") && queue_is(user(V), "a"));
	PROVES("DSQ-131", lab_called(a, REENQ_ENQUEUE) && lab_called(b, ""));
	lab_release(bypass);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_121_in_bypass_requests_are_ignored),
		TEST(dsq_122_flags_add_up_in_the_entry_of_the_cpu),
		TEST(dsq_122_of_a_cpu_that_is_not_active_they_are_ignored),
		TEST(dsq_123_of_a_user_dsq_the_asking_cpu_has_the_entry_and_the_work),
		TEST(dsq_124_125_what_is_refused),
		TEST(dsq_125_no_flag_means_any),
		TEST(dsq_126_of_the_locked_rq_as_deferred_work_else_by_interrupt),
		TEST(dsq_127_the_entry_is_free_before_the_walk),
		TEST(dsq_128_132_immed_first_on_an_open_rq_is_kept),
		TEST(dsq_128_immed_on_a_closed_rq_comes_back),
		TEST(dsq_128_132_immed_behind_another_comes_back),
		TEST(dsq_128_any_takes_the_rest),
		TEST(dsq_128_immed_is_tested_before_any),
		TEST(dsq_128_a_task_about_to_migrate_is_skipped_and_does_not_count),
		TEST(dsq_129_all_are_taken_off_first_then_enqueued_in_order),
		TEST(dsq_130_each_task_once_under_its_own_rq_lock),
		TEST(dsq_130_a_lock_that_is_taken_is_waited_for_without_that_of_the_dsq),
		TEST(dsq_130_who_was_lost_meanwhile_is_left_alone),
		TEST(dsq_130_it_waits_for_the_end_of_dispatching),
		TEST(dsq_130_the_rq_lock_is_dropped_after_each_batch),
		TEST(dsq_131_it_stops_when_bypass_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
