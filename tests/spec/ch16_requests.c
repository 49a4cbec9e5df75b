/* SPDX-License-Identifier: GPL-2.0-only */
/* Re-enqueue: who may ask for what, and when it is done (spec 16.2 to 16.4). */
#include "dsq_rig.h"

#define REENQ_ENQUEUE	"enqueue(0x10000000000)"

static struct task_struct *a, *b, *c, *hog;

/* CPU 1 is busy with a higher class, so that its local DSQ fills. */
static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 2, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 0);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	load();
	lab_from(0);
	lab_wake(hog);
}

static struct scx_deferred_reenq_local *local_entry(int cpu)
{
	return &scx_pcpu(scx_root, cpu)->deferred_reenq_local;
}

static bool listed(const struct list_head *node)
{
	return !list_empty(node);
}

static bool irq_pending(int cpu)
{
	return cpu_rq(cpu)->scx.deferred_irq_work.pending;
}

/* ---- entry points */

static void refuses(u64 dsq, u64 flags, const char *rule, const char *text)
{
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	lab_forget();
	reenq(dsq, flags);
	PROVES(rule, lab_exited(SCX_EXIT_ERROR, text));
	lab_stop(NULL);
}

static void reenq_01_06_07_08_26_what_is_refused(void **state)
{
	int bit;

	(void)state;
	for (bit = 1; bit < 64; bit++)
		refuses(U, 1ULL << bit | SCX_REENQ_ANY, "REENQ-01", "invalid SCX_REENQ flags");
	refuses(ON_CPU(2), 0, "REENQ-06", "invalid CPU 2 in SCX_DSQ_LOCAL_ON dispatch verdict");
	refuses(4711, 0, "REENQ-07", "non-existent DSQ");
	refuses(SCX_DSQ_GLOBAL, 0, "REENQ-08 REENQ-26", "DSQ 0x8000000000000001 not allowed for reenq");
}

static void ask_quietly(void *arg UNUSED)
{
	const u64 irqs = local_irq_save();

	scx_bpf_dsq_reenq(ON_CPU(1), 0);
	PROVES("REENQ-02 REENQ-05 REENQ-15", listed(&local_entry(1)->node) && local_entry(1)->flags == SCX_REENQ_ANY);
	PROVES("REENQ-15", cpu_rq(1)->scx.deferred_reenq_locals.next == &local_entry(1)->node);
	PROVES("REENQ-31", irq_pending(1) && !irq_pending(0));
	/* from outside LOCAL is the caller's own */
	scx_bpf_dsq_reenq(SCX_DSQ_LOCAL, SCX_REENQ_ANY);
	PROVES("REENQ-04", listed(&local_entry(0)->node) && irq_pending(0));
	local_irq_restore(irqs);
}

static void reenq_02_04_05_15_31_local_dsqs_from_outside(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	rig.dsq = U;
	lab_forget();
	lab_outside(ask_quietly, NULL);
	PROVES("REENQ-02 REENQ-05", lab_called(a, REENQ_ENQUEUE "@1") && lab_count(SCX_EV_REENQ_IMMED) == 0);
}

static void reenq_24_each_asking_cpu_walks(void **state)
{
	struct lab_hold *walk;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	rig.dsq = V;
	walk = lab_hold(.cpu = 0, .label = "ops.enqueue");
	reenq(U, 0);
	assert_true(lab_held(walk));
	lab_from(1);
	reenq(U, 0);
	PROVES("REENQ-24 REENQ-16", user(U)->reenq_users[0].dsq == user(U) && user(U)->reenq_users[1].dsq == user(U));
	lab_release(walk);
	PROVES("REENQ-24", queue_is(user(V), "a") && !listed(&user(U)->reenq_users[1].node));
}

/* An op of c on CPU 0 whose rq lock is held. */
static u64 asked_dsq;
static bool asked;

static void ask_in_enqueue(struct task_struct *p, u64 enq_flags UNUSED)
{
	if (p == b && !asked) {
		asked = true;
		PROVES("REENQ-03", smp_processor_id() == 0 && task_cpu(b) == 1);
		scx_bpf_dsq_reenq(asked_dsq, 0);
		if (asked_dsq == SCX_DSQ_LOCAL) {
			PROVES("REENQ-03", listed(&local_entry(1)->node) && !listed(&local_entry(0)->node));
			/* locked rq, in its wakeup: nothing else is needed */
			PROVES("REENQ-27 REENQ-33", !irq_pending(1) && cpu_rq(1)->scx.flags & SCX_RQ_IN_WAKEUP);
		} else {
			/* the caller's list, and its rq is not the locked one */
			PROVES("REENQ-16", cpu_rq(0)->scx.deferred_reenq_users.next == &user(U)->reenq_users[0].node);
			PROVES("REENQ-16 REENQ-31", irq_pending(0) && !irq_pending(1));
		}
		scx_bpf_dsq_insert(p, V, 20 * MS, 0);
		return;
	}
	scx_bpf_dsq_insert(p, V, 20 * MS, 0);
}

static void reenq_03_27_local_is_that_of_the_locked_rq(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	asked = false;
	asked_dsq = SCX_DSQ_LOCAL;
	rig.on_enqueue = ask_in_enqueue;
	lab_forget();
	lab_wake(b);
	/* task_woken did it, on the waker's CPU */
	PROVES("REENQ-27 REENQ-03", asked && lab_called(a, REENQ_ENQUEUE "@0"));
}

static void reenq_16_a_user_dsq_under_another_rq_lock(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	asked = false;
	asked_dsq = U;
	rig.on_enqueue = ask_in_enqueue;
	lab_forget();
	lab_wake(b);
	PROVES("REENQ-16", asked && lab_called(a, REENQ_ENQUEUE "@0"));
}

static u32 nr_walked;

static void release_and_walk(s32 cpu UNUSED, struct scx_cpu_release_args *args UNUSED)
{
	nr_walked = scx_bpf_reenqueue_local();
}

static void reenq_10_in_cpu_release_it_is_done_at_once(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	ops.cpu_release = release_and_walk;
	lab_load(&ops);
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	rig.dsq = U;
	nr_walked = 0;
	lab_forget();
	lab_wake(hog);
	/* All that were passed to the enqueue path count; a itself runs the program (CPUREL-14). */
	PROVES("REENQ-10", nr_walked == 2 && queue_is(user(U), "b") && queue_is(lab_local(1), "a"));
	PROVES("REENQ-10", lab_called(NULL, "cpu_release b:" REENQ_ENQUEUE));
}

/* ---- requests */

static void ask_in_turn(void *arg UNUSED)
{
	struct scx_dispatch_q *dsq = lab_local(1);
	struct rq *rq = cpu_rq(1);
	u64 irqs;

	raw_spin_rq_lock_irqsave(rq, &irqs);
	schedule_dsq_reenq(scx_root, dsq, 0, rq);
	PROVES("REENQ-22", listed(&local_entry(1)->node) && !local_entry(1)->flags);
	PROVES("REENQ-30", irq_pending(1));
	schedule_dsq_reenq(scx_root, dsq, SCX_REENQ_ANY, rq);
	PROVES("REENQ-18 REENQ-23", local_entry(1)->flags == SCX_REENQ_ANY);
	/* covered: the lock is not even asked for */
	raw_spin_lock(&rq->scx.deferred_reenq_lock);
	schedule_dsq_reenq(scx_root, dsq, 0, rq);
	schedule_dsq_reenq(scx_root, dsq, SCX_REENQ_ANY, rq);
	raw_spin_unlock(&rq->scx.deferred_reenq_lock);
	PROVES("REENQ-17 REENQ-21", local_entry(1)->flags == SCX_REENQ_ANY);
	PROVES("REENQ-17 REENQ-23", local_entry(1)->node.next == &rq->scx.deferred_reenq_locals);
	PROVES("REENQ-32", irq_pending(1));
	/* another filter, here one of the kernel's own, is added to those that wait */
	schedule_dsq_reenq(scx_root, dsq, 1ULL << 1, rq);
	PROVES("REENQ-18 REENQ-23", local_entry(1)->flags == (SCX_REENQ_ANY | 1ULL << 1));
	raw_spin_rq_unlock_irqrestore(rq, irqs);
}

static void ask_for_user_in_turn(void *arg UNUSED)
{
	const u64 irqs = local_irq_save();

	schedule_dsq_reenq(scx_root, user(U), 0, NULL);
	PROVES("REENQ-22", listed(&user(U)->reenq_users[0].node) && !user(U)->reenq_users[0].flags);
	schedule_dsq_reenq(scx_root, user(U), SCX_REENQ_ANY, NULL);
	raw_spin_lock(&cpu_rq(0)->scx.deferred_reenq_lock);
	schedule_dsq_reenq(scx_root, user(U), SCX_REENQ_ANY, NULL);
	raw_spin_unlock(&cpu_rq(0)->scx.deferred_reenq_lock);
	PROVES("REENQ-17 REENQ-23", user(U)->reenq_users[0].flags == SCX_REENQ_ANY);
	schedule_dsq_reenq(scx_root, user(U), 1ULL << 1, NULL);
	PROVES("REENQ-18 REENQ-23", user(U)->reenq_users[0].flags == (SCX_REENQ_ANY | 1ULL << 1));
	local_irq_restore(irqs);
}

static void reenq_17_18_23_those_for_a_user_dsq_too(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	rig.keep = true;
	lab_forget();
	lab_outside(ask_for_user_in_turn, NULL);
	PROVES("REENQ-23", lab_called(a, REENQ_ENQUEUE) && !user(U)->reenq_users[0].flags);
}

static void reenq_17_to_23_requests_add_up(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	rig.on_enqueue = NULL;
	rig.keep = true;
	lab_forget();
	lab_outside(ask_in_turn, NULL);
	PROVES("REENQ-23 REENQ-32", lab_called(a, REENQ_ENQUEUE) && a->scx.reenq_cnt == 1);
	PROVES("REENQ-23", !local_entry(1)->flags);
}

static void ask_covered(void *arg UNUSED)
{
	struct rq *rq = cpu_rq(1);
	u64 irqs;

	raw_spin_rq_lock_irqsave(rq, &irqs);
	rq->scx.flags |= SCX_RQ_IN_WAKEUP | SCX_RQ_IN_DISPATCH;
	schedule_reenq_local(rq, 0);
	PROVES("REENQ-33 REENQ-27", !(rq->scx.flags & SCX_RQ_BAL_CB_PENDING) && !irq_pending(1));
	rq->scx.flags &= ~SCX_RQ_IN_WAKEUP;
	schedule_reenq_local(rq, 0);
	PROVES("REENQ-20 REENQ-29", rq->scx.flags & SCX_RQ_BAL_CB_PENDING && !irq_pending(1));
	rq->scx.flags &= ~SCX_RQ_IN_DISPATCH;
	schedule_reenq_local(rq, 0);
	PROVES("REENQ-28", !irq_pending(1));
	rq->scx.flags &= ~SCX_RQ_BAL_CB_PENDING;
	/* listed from the first time on: the deferral is asked for all the same */
	schedule_reenq_local(rq, 0);
	PROVES("REENQ-20 REENQ-30", irq_pending(1) && listed(&local_entry(1)->node));
	raw_spin_rq_unlock_irqrestore(rq, irqs);
}

static void reenq_20_27_to_30_33_which_way_it_is_deferred(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_outside(ask_covered, NULL);
	PROVES("REENQ-38", !irq_pending(1) && !listed(&local_entry(1)->node));
}

static void ask_inactive_or_bypassed(void *arg)
{
	const bool local_only = arg;
	const u64 irqs = local_irq_save();

	scx_bpf_dsq_reenq(ON_CPU(0), 0);
	PROVES(local_only ? "REENQ-14" : "REENQ-13", !listed(&local_entry(0)->node) && !irq_pending(0));
	if (!local_only) {
		scx_bpf_dsq_reenq(U, 0);
		PROVES("REENQ-13", list_empty(&this_rq()->scx.deferred_reenq_users));
	}
	local_irq_restore(irqs);
}

static void reenq_13_nothing_in_bypass(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_bypass(true);
	lab_outside(ask_inactive_or_bypassed, NULL);
	lab_bypass(false);
}

static void reenq_14_nothing_for_an_inactive_cpu(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_offline(0);
	lab_from(1);
	lab_outside(ask_inactive_or_bypassed, &asked);
}

/* The interrupt that was asked for has not come yet when a wakeup does the work. */
static void ask_and_wake(void *arg UNUSED)
{
	const u64 irqs = local_irq_save();

	scx_bpf_dsq_reenq(U, 0);
	assert_true(irq_pending(0));
	try_to_wake_up(c, TASK_NORMAL, 0);
	PROVES("REENQ-96", irq_pending(0) && !listed(&user(U)->reenq_users[0].node));
	PROVES("REENQ-96", lab_called(c, "select_cpu enqueue(0x100009)@0 " REENQ_ENQUEUE "@0"));
	local_irq_restore(irqs);
}

static void reenq_96_a_wakeup_may_come_before_the_interrupt(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	lab_forget();
	lab_outside(ask_and_wake, NULL);
	PROVES("REENQ-96 REENQ-61", lab_called(a, REENQ_ENQUEUE "@0") && queue_is(user(U), "a c"));
	PROVES("REENQ-96", c->scx.reenq_cnt == 1);
}

static bool walked_behind;

static void b_to_cpu_0_first(struct task_struct *p, u64 enq_flags UNUSED)
{
	if (p == a) {
		walked_behind = true;
		PROVES("REENQ-39", task_cpu(b) == 0 && list_empty(&cpu_rq(1)->scx.ddsp_deferred_locals));
	}
	scx_bpf_dsq_insert(p, p == b ? ON_CPU(0) : U, 20 * MS, 0);
}

static void ask_and_wake_b(void *arg UNUSED)
{
	const u64 irqs = local_irq_save();

	scx_bpf_dsq_reenq(ON_CPU(1), 0);
	try_to_wake_up(b, TASK_NORMAL, 0);
	PROVES("REENQ-39", walked_behind);
	local_irq_restore(irqs);
}

static void reenq_39_deferred_verdicts_go_before_the_walks(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	walked_behind = false;
	rig.on_enqueue = b_to_cpu_0_first;
	lab_forget();
	lab_outside(ask_and_wake_b, NULL);
	PROVES("REENQ-39", lab_called(a, REENQ_ENQUEUE "@0") && lab_runs(b) && task_cpu(b) == 0);
}

/* ---- after the pick */

static void ask_in_dispatch(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu || asked)
		return;
	asked = true;
	scx_bpf_dsq_reenq(U, 0);
	PROVES("REENQ-29", cpu_rq(0)->scx.flags & SCX_RQ_BAL_CB_PENDING && !irq_pending(0));
	scx_bpf_dsq_insert(c, SCX_DSQ_LOCAL, 20 * MS, 0);
}

static bool runs_at_walk, unlisted_at_walk, queued_before_switch;

static void look_before_switch(struct task_struct *p)
{
	if (p == c)
		queued_before_switch = cpu_rq(0)->balance_callback == &cpu_rq(0)->scx.deferred_bal_cb &&
				       !irq_pending(0);
}

static void look_at_walk(struct task_struct *p, u64 enq_flags UNUSED)
{
	if (p == a) {
		runs_at_walk = lab_runs(c);
		unlisted_at_walk = !listed(&user(U)->reenq_users[0].node);
		PROVES("REENQ-34", !(cpu_rq(0)->scx.flags & (SCX_RQ_BAL_CB_PENDING | SCX_RQ_IN_DISPATCH)));
		PROVES("REENQ-34", !irq_pending(0));
	}
	scx_bpf_dsq_insert(p, V, 20 * MS, 0);
}

static void reenq_29_34_after_the_switch_of_the_own_cpu(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	keep(c);
	asked = false;
	rig.on_dispatch = ask_in_dispatch;
	rig.on_enqueue = look_at_walk;
	rig.on_running = look_before_switch;
	lab_forget();
	lab_kick(0, 0);
	PROVES("REENQ-34", queued_before_switch);
	PROVES("REENQ-34", asked && lab_called(a, REENQ_ENQUEUE "@0") && runs_at_walk && unlisted_at_walk);
}

static void finish(struct rq *rq, struct task_struct *p UNUSED)
{
	rq->scx.flags |= SCX_RQ_BAL_CB_PENDING;
	scx_finish_deferred_after_pick(rq, false);
	PROVES("REENQ-35", !(rq->scx.flags & SCX_RQ_BAL_CB_PENDING) && irq_pending(cpu_of(rq)));
}

static void reenq_35_a_pick_that_is_tried_again_uses_the_interrupt(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_locked(a, finish);
	PROVES("REENQ-38", !irq_pending(1));
}

/* ---- the order of the deferred work */

static void ask_again(struct task_struct *p, u64 enq_flags UNUSED)
{
	if (p != b || asked)
		return;
	asked = true;
	/* from the users' step for the locals' step */
	schedule_reenq_local(cpu_rq(1), SCX_REENQ_ANY);
}

static void list_both_and_run(struct rq *rq, struct task_struct *p UNUSED)
{
	schedule_dsq_reenq(scx_root, lab_user_dsq(U), SCX_REENQ_ANY, NULL);
	schedule_dsq_reenq(scx_root, &rq->scx.local_dsq, SCX_REENQ_ANY, rq);
	run_deferred(rq);
	PROVES("REENQ-39", lab_called(NULL, "... a:" REENQ_ENQUEUE " b:" REENQ_ENQUEUE));
	PROVES("REENQ-39", asked && listed(&local_entry(1)->node) && irq_pending(1));
}

static void reenq_39_a_step_that_is_past_waits_for_the_next_time(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, U, 0);
	asked = false;
	rig.on_enqueue = ask_again;
	lab_from(1);
	lab_locked(a, list_both_and_run);
	PROVES("REENQ-39", !listed(&local_entry(1)->node) && !irq_pending(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reenq_01_06_07_08_26_what_is_refused),
		TEST(reenq_02_04_05_15_31_local_dsqs_from_outside),
		TEST(reenq_24_each_asking_cpu_walks),
		TEST(reenq_03_27_local_is_that_of_the_locked_rq),
		TEST(reenq_16_a_user_dsq_under_another_rq_lock),
		TEST(reenq_10_in_cpu_release_it_is_done_at_once),
		TEST(reenq_17_to_23_requests_add_up),
		TEST(reenq_17_18_23_those_for_a_user_dsq_too),
		TEST(reenq_20_27_to_30_33_which_way_it_is_deferred),
		TEST(reenq_13_nothing_in_bypass),
		TEST(reenq_14_nothing_for_an_inactive_cpu),
		TEST(reenq_96_a_wakeup_may_come_before_the_interrupt),
		TEST(reenq_39_deferred_verdicts_go_before_the_walks),
		TEST(reenq_29_34_after_the_switch_of_the_own_cpu),
		TEST(reenq_35_a_pick_that_is_tried_again_uses_the_interrupt),
		TEST(reenq_39_a_step_that_is_past_waits_for_the_next_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
