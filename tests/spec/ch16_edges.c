/* SPDX-License-Identifier: GPL-2.0-only */
/* Re-enqueue: refused callers, order of requests, waits and losses, a DSQ that goes away (chapter 16). */
#include "dsq_rig.h"

#define REENQ_ENQUEUE	"enqueue(0x10000000000)"

static struct task_struct *a, *b, *c, *hog;

/* CPU 1 is busy with a higher class, so that its local DSQ fills. */
static void begin_ops(enum run_mode mode, const struct sched_ext_ops *ops)
{
	begin(.cpus = 3, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 2);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	lab_load(ops);
	lab_from(0);
	lab_wake(hog);
}

static void begin_mode(enum run_mode mode)
{
	begin_ops(mode, &rig_ops);
}

static struct scx_deferred_reenq_local *local_entry(int cpu)
{
	return &scx_pcpu(scx_root, cpu)->deferred_reenq_local;
}

static bool irq_pending(int cpu)
{
	return cpu_rq(cpu)->scx.deferred_irq_work.pending;
}

/* ---- the forms of scx_bpf_reenqueue_local() */

static bool asked;

static void ask_new_form(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu != 0 || asked)
		return;
	asked = true;
	scx_bpf_reenqueue_local___v2();
	PROVES("REENQ-09", local_entry(0)->flags == SCX_REENQ_ANY && !list_empty(&local_entry(0)->node));
	PROVES("REENQ-09", cpu_rq(0)->scx.flags & SCX_RQ_BAL_CB_PENDING && !irq_pending(0));
	PROVES("REENQ-09", list_empty(&local_entry(1)->node) && lab_called(NULL, "dispatch"));
}

static void ask_new_form_outside(void *arg UNUSED)
{
	const u64 irqs = local_irq_save();

	scx_bpf_reenqueue_local___v2();
	PROVES("REENQ-09", local_entry(1)->flags == SCX_REENQ_ANY && irq_pending(1));
	PROVES("REENQ-09", lab_called(a, ""));
	local_irq_restore(irqs);
}

static void reenq_09_the_new_form_asks_for_the_own_local_dsq(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	asked = false;
	rig.on_dispatch = ask_new_form;
	lab_forget();
	lab_kick(0, 0);
	PROVES("REENQ-09", asked);

	put(a, SCX_DSQ_LOCAL, 0);
	rig.dsq = U;
	lab_forget();
	lab_from(1);
	lab_outside(ask_new_form_outside, NULL);
	PROVES("REENQ-09", lab_called(a, REENQ_ENQUEUE "@1") && queue_is(user(U), "a"));
}

static u32 nr_walked, nr_refused;

static void release_of_a_dead_scheduler(s32 cpu UNUSED, struct scx_cpu_release_args *args UNUSED)
{
	scx_root->dead = true;
	nr_walked = scx_bpf_reenqueue_local();
	scx_bpf_reenqueue_local___v2();
	scx_bpf_dsq_reenq(U, 0);
	scx_bpf_dsq_reenq(U, ~0ULL);
	scx_root->dead = false;
	PROVES("REENQ-11", list_empty(&local_entry(1)->node));
	PROVES("REENQ-11", list_empty(&cpu_rq(1)->scx.deferred_reenq_users) && !irq_pending(1));
}

static void reenq_11_a_scheduler_that_is_gone_asks_in_vain(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	ops.cpu_release = release_of_a_dead_scheduler;
	nr_walked = 1;
	begin_ops(RUN_TIMED, &ops);
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, U, 0);
	lab_block(hog);
	lab_run(1 * MS);
	rig.dsq = V;
	lab_block(a);
	put(a, SCX_DSQ_LOCAL, 0);
	lab_forget();
	lab_wake(hog);
	PROVES("REENQ-11", nr_walked == 0 && lab_called(NULL, "cpu_release"));
	PROVES("REENQ-11", queue_is(user(U), "b") && !scx_last_exit());
}

static void ask_all_without_a_scheduler(void *arg UNUSED)
{
	scx_bpf_dsq_reenq(U, 0);
	scx_bpf_dsq_reenq(ON_CPU(1), 0);
	scx_bpf_reenqueue_local___v2();
	PROVES("REENQ-11", !irq_pending(0) && !irq_pending(1));
	PROVES("REENQ-11", list_empty(&cpu_rq(0)->scx.deferred_reenq_users));
	PROVES("REENQ-11", list_empty(&cpu_rq(1)->scx.deferred_reenq_locals));
}

static void reenq_11_nothing_without_a_scheduler(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_unload();
	lab_outside(ask_all_without_a_scheduler, NULL);
}

static void count_refused(const char *kfunc, const struct scx_callback_info *info)
{
	PROVES("REENQ-12", info && strcmp(kfunc, "scx_bpf_reenqueue_local") == 0);
	nr_refused++;
}

static void old_form_in_enqueue(struct task_struct *p, u64 enq_flags UNUSED)
{
	nr_walked += scx_bpf_reenqueue_local();
	scx_bpf_dsq_insert(p, U, 20 * MS, 0);
}

static void old_form_in_dispatch(s32 cpu UNUSED, struct task_struct *prev UNUSED)
{
	nr_walked += scx_bpf_reenqueue_local();
}

static void old_form_in_dequeue(struct task_struct *p UNUSED, u64 deq_flags UNUSED)
{
	nr_walked += scx_bpf_reenqueue_local();
}

static void reenq_12_the_old_form_only_in_cpu_release(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	scx_set_api_error_handler(count_refused);
	nr_refused = nr_walked = 0;
	rig.on_enqueue = old_form_in_enqueue;
	lab_wake(b);
	PROVES("REENQ-12", nr_refused == 1 && nr_walked == 0);
	rig.on_dequeue = old_form_in_dequeue;
	rig.on_enqueue = NULL;
	lab_set_nice(b, 1);
	PROVES("REENQ-12", nr_refused == 2 && nr_walked == 0);
	rig.on_dispatch = old_form_in_dispatch;
	lab_kick(0, 0);
	PROVES("REENQ-12", nr_refused >= 3 && nr_walked == 0 && queue_is(lab_local(1), "a b"));
	rig.on_dequeue = NULL;
	rig.on_dispatch = NULL;
}

/* ---- requests and their deferral */

static void ask_for_both(void *arg UNUSED)
{
	const u64 irqs = local_irq_save();

	scx_bpf_dsq_reenq(V, 0);
	scx_bpf_dsq_reenq(U, 0);
	scx_bpf_dsq_reenq(V, 0);
	PROVES("REENQ-18", cpu_rq(0)->scx.deferred_reenq_users.next == &user(V)->reenq_users[0].node);
	PROVES("REENQ-18", cpu_rq(0)->scx.deferred_reenq_users.prev == &user(U)->reenq_users[0].node);
	local_irq_restore(irqs);
}

static void reenq_18_60_requests_are_served_in_their_order(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	put(b, V, 0);
	rig.keep = true;
	lab_forget();
	lab_outside(ask_for_both, NULL);
	PROVES("REENQ-18 REENQ-60", lab_called(NULL, "b:" REENQ_ENQUEUE " a:" REENQ_ENQUEUE));
	PROVES("REENQ-60", list_empty(&cpu_rq(0)->scx.deferred_reenq_users));
}

static bool listed_behind_pick;

static void ask_while_going_down(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu != 2 || asked || !cpu_rq(2)->balance_push)
		return;
	asked = true;
	scx_bpf_dsq_reenq(U, 0);
	scx_bpf_dsq_reenq(SCX_DSQ_LOCAL, 0);
	PROVES("REENQ-14 REENQ-37", list_empty(&local_entry(2)->node));
	PROVES("REENQ-29 REENQ-37", cpu_rq(2)->scx.flags & SCX_RQ_BAL_CB_PENDING && !irq_pending(2));
}

static void look_when_offline(s32 cpu)
{
	PROVES("REENQ-37", cpu == 2 && lab_called(a, "") && queue_is(user(U), "a"));
	PROVES("REENQ-37", !(cpu_rq(2)->scx.flags & SCX_RQ_BAL_CB_PENDING) && !irq_pending(2));
	listed_behind_pick = !list_empty(&cpu_rq(2)->scx.deferred_reenq_users);
}

static void reenq_37_a_cpu_that_goes_down_drops_the_callback(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	ops.cpu_offline = look_when_offline;
	begin_ops(RUN_TIMED, &ops);
	put(a, U, 0);
	rig.dsq = V;
	asked = listed_behind_pick = false;
	rig.on_dispatch = ask_while_going_down;
	lab_forget();
	machine()->cfg.grace_period_ns = 100 * US;	/* the time between "not active" and "offline" */
	lab_offline(2);
	PROVES("REENQ-37", asked && listed_behind_pick);
	/* Whoever does deferred work of this rq next serves it. */
	lab_online(2);
	lab_from(2);
	reenq(U, 0);
	PROVES("REENQ-37", lab_called(a, REENQ_ENQUEUE "@2"));
}

static void ask_for_nobody(struct rq *rq, struct task_struct *p UNUSED)
{
	schedule_reenq_local(rq, SCX_REENQ_ANY);
	PROVES("REENQ-25", list_empty(&rq->scx.deferred_reenq_locals) && !irq_pending(cpu_of(rq)));
}

/* No path asks then, since no task is in the class: by hand. */
static void reenq_25_without_a_root_scheduler_it_is_a_warning(void **state)
{
	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	lab_expect_warn("!sch");
	lab_locked(a, ask_for_nobody);
}

/* ---- the walk waits, or loses */

static void set_none(void *arg UNUSED)
{
	scx_opss_set_none(a);
}

/* No path leaves a task on a local DSQ in this state without the rq lock (7.3): set by hand. */
static void reenq_49_the_local_walk_waits_for_the_end_of_dispatching(void **state)
{
	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	rig.dsq = U;
	lab_by_hand();
	a->scx.ops_state.counter = SCX_OPSS_DISPATCHING;
	lab_forget();
	reenq(ON_CPU(1), 0);
	PROVES("REENQ-49", lab_waits(1, "ops_state") && a->scx.dsq == lab_local(1) && lab_local(1)->nr == 2);
	PROVES("REENQ-49", lab_called(NULL, ""));
	lab_from(2);
	lab_outside(set_none, NULL);
	PROVES("REENQ-49", lab_called(NULL, "a:" REENQ_ENQUEUE " b:" REENQ_ENQUEUE) && queue_is(user(U), "a b"));
}

static void hold_rq_1(void *arg UNUSED)
{
	u64 irqs;

	raw_spin_rq_lock_irqsave(cpu_rq(1), &irqs);
	scx_bpf_dsq_nr_queued(V);
	raw_spin_rq_unlock_irqrestore(cpu_rq(1), irqs);
}

/* Nor does a task change its rq while it stays on a DSQ (RACE-61). */
static void reenq_66_another_rq_without_leaving_is_a_warning(void **state)
{
	struct lab_hold *owner, *walker;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	put(c, U, 0);
	rig.dsq = V;
	lab_forget();
	owner = lab_hold(.cpu = 1, .label = "scx_bpf_dsq_nr_queued");
	lab_from(1);
	lab_outside(hold_rq_1, NULL);
	assert_true(lab_held(owner));
	lab_from(0);
	walker = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	reenq(U, 0);
	assert_true(lab_held(walker));
	lab_release(owner);
	lab_by_hand();
	lab_expect_warn("task_rq(p) != rq");
	a->cpu = 2;
	lab_release(walker);
	a->cpu = 1;
	PROVES("REENQ-66", lab_called(a, "") && queue_is(user(U), "a"));
	PROVES("REENQ-66", lab_called(c, REENQ_ENQUEUE "@0") && queue_is(user(V), "c"));
}

/* ---- destruction */

static void *freed;

static void ask_from_two_cpus_and_destroy(void *arg UNUSED)
{
	struct scx_dispatch_q *dsq = user(U);
	struct scx_deferred_reenq_user *of;
	const u64 irqs = local_irq_save();

	scx_bpf_dsq_reenq(U, 0);
	of = dsq->reenq_users;
	/* as CPU 2 would, whose interrupt has not come yet */
	list_add_tail(&of[2].node, &cpu_rq(2)->scx.deferred_reenq_users);
	of[2].flags = SCX_REENQ_ANY;
	scx_bpf_destroy_dsq(U);
	PROVES("REENQ-91 REENQ-92", dsq->id == SCX_DSQ_INVALID && !list_empty(&of[0].node) && !list_empty(&of[2].node));
	freed = dsq;
	local_irq_restore(irqs);
	/* the interrupt work of above came now; of 0 first the walk, which took its own off */
	PROVES("REENQ-92", list_empty(&of[0].node) && list_empty(&of[2].node));
	PROVES("REENQ-92", list_empty(&cpu_rq(2)->scx.deferred_reenq_users));
	/* this path entered before the end of the grace period */
	PROVES("REENQ-92", dsq->id == SCX_DSQ_INVALID);
}

static void stay_inside(void *arg UNUSED)
{
	scx_bpf_dsq_nr_queued(V);
}

static void reenq_92_entries_go_first_then_a_grace_period_then_the_memory(void **state)
{
	struct lab_hold *reader;

	(void)state;
	begin_mode(RUN_EXPLORED);
	assert_non_null(user(U));
	reader = lab_hold(.cpu = 2, .label = "scx_bpf_dsq_nr_queued");
	lab_from(2);
	lab_outside(stay_inside, NULL);
	assert_true(lab_held(reader));
	lab_from(0);
	lab_outside(ask_from_two_cpus_and_destroy, NULL);
	/* A reader of before is still inside: a new DSQ does not get the memory. */
	assert_int_equal(create(4, NUMA_NO_NODE), 0);
	PROVES("REENQ-92", user(4) != freed && ((struct scx_dispatch_q *)freed)->id == SCX_DSQ_INVALID);
	lab_release(reader);
	lab_run(1 * MS);
	assert_int_equal(create(5, NUMA_NO_NODE), 0);
	PROVES("REENQ-92", user(5) == freed);
}

static void ask_after_destruction(void *arg UNUSED)
{
	struct scx_dispatch_q *dsq = user(U);
	const u64 irqs = local_irq_save();

	scx_bpf_destroy_dsq(U);
	schedule_dsq_reenq(scx_root, dsq, SCX_REENQ_ANY, NULL);
	PROVES("REENQ-19 REENQ-93", list_empty(&cpu_rq(0)->scx.deferred_reenq_users) && !irq_pending(0));
	local_irq_restore(irqs);
}

static void reenq_19_93_after_destruction_nothing_is_deferred(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_outside(ask_after_destruction, NULL);
	PROVES("REENQ-93", !scx_last_exit());
}

static void reenq_94_an_insert_that_raced_with_destruction(void **state)
{
	struct lab_hold *insert, *notice;

	(void)state;
	begin_mode(RUN_EXPLORED);
	insert = lab_hold(.cpu = 0, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &user(U)->lock);
	put(a, U, 0);
	assert_true(lab_held(insert));
	lab_from(2);
	destroy(U);
	notice = lab_hold(.cpu = 0, .label = "scx_bypass_lock", .kinds = LAB_KIND(YIELD_LOCK));
	lab_release(insert);
	PROVES("REENQ-94", lab_held(notice) && a->scx.dsq == global_of(1));
	PROVES("REENQ-94", queue_is(global_of(1), "a") && !(a->scx.flags & SCX_TASK_IN_CUSTODY));
	lab_release(notice);
	PROVES("REENQ-94", lab_exited(SCX_EXIT_ERROR, "attempting to dispatch to a destroyed dsq"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reenq_09_the_new_form_asks_for_the_own_local_dsq),
		TEST(reenq_11_a_scheduler_that_is_gone_asks_in_vain),
		TEST(reenq_11_nothing_without_a_scheduler),
		TEST(reenq_12_the_old_form_only_in_cpu_release),
		TEST(reenq_18_60_requests_are_served_in_their_order),
		TEST(reenq_37_a_cpu_that_goes_down_drops_the_callback),
		TEST(reenq_25_without_a_root_scheduler_it_is_a_warning),
		TEST(reenq_49_the_local_walk_waits_for_the_end_of_dispatching),
		TEST(reenq_66_another_rq_without_leaving_is_a_warning),
		TEST(reenq_92_entries_go_first_then_a_grace_period_then_the_memory),
		TEST(reenq_19_93_after_destruction_nothing_is_deferred),
		TEST(reenq_94_an_insert_that_raced_with_destruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
