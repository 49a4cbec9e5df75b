/* SPDX-License-Identifier: GPL-2.0-only */
/* Who reschedules whom, CPUs lost to higher classes: spec 21.12 to 21.14. */
#include "busy_rig.h"

/* ---- who reschedules whom */

static void resched_01_a_wakeup_reschedules_an_idle_cpu(void **state)
{
	(void)state;
	start();
	lab_block(r);
	turn_forget();
	lab_wake(s);		/* kept by the policy: on no DSQ */
	PROVES("RESCHED-01", turn_count(0) == 1 && scx_opss_state(lab_word(s)) == SCX_OPSS_QUEUED);
}

static void resched_15_a_wakeup_leaves_a_busy_cpu_alone(void **state)
{
	static const u64 dsqs[] = { 0, SAY_DSQ, SCX_DSQ_GLOBAL, SCX_DSQ_LOCAL };
	size_t i;

	for (i = 0; i < sizeof(dsqs) / sizeof(dsqs[0]); i++) {
		u64 passes;

		start();
		passes = cpu_rq(0)->scx.kick_sync;
		say.dsq = dsqs[i];
		lab_wake(s);
		PROVES("RESCHED-15", cpu_rq(0)->scx.kick_sync == passes && !r->need_resched);
		PROVES("RESCHED-16", turn_count(1) == 0 && turn_count(2) == 0);
		lab_stop(state);
		turn_nothing(state);
	}
}

static void give_to_dsq(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SAY_DSQ, 0, 0);
	scx_bpf_dsq_insert(b, SAY_DSQ, 0, 0);
}

static void resched_16_an_insert_into_a_shared_dsq_reschedules_nobody(void **state)
{
	(void)state;
	start();
	turn(2, give_to_dsq);
	lab_from(1);
	lab_kick(2, 0);
	PROVES("RESCHED-16", turn_queue_is(lab_user_dsq(SAY_DSQ), "a b"));
	PROVES("RESCHED-16", turn_count(0) == 0 && turn_count(1) == 0 && lab_runs(r));
}

static void wake_s_onto_cpu_0(struct task_struct *prev)
{
	prev->scx.slice = 5 * MS;
	prev->need_resched = true;	/* as if somebody had asked meanwhile */
}

static void resched_17_what_was_asked_for_during_dispatch_is_forgotten(void **state)
{
	u64 passes;

	(void)state;
	start();
	turn(0, wake_s_onto_cpu_0);
	passes = cpu_rq(0)->scx.kick_sync;
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("RESCHED-17", lab_runs(r) && !r->need_resched && cpu_rq(0)->scx.kick_sync == passes + 1);
}

static void resched_twice(void *arg)
{
	struct rq *rq = cpu_rq(0);
	u64 flags;

	(void)arg;
	raw_spin_rq_lock_irqsave(rq, &flags);
	rq->curr->need_resched = true;
	resched_curr(rq);
	PROVES("RESCHED-18", !mevent_pending(&rq->resched_ipi));
	rq->curr->need_resched = false;
	resched_curr(rq);
	PROVES("RESCHED-18", mevent_pending(&rq->resched_ipi));
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void resched_18_one_interrupt_is_enough(void **state)
{
	(void)state;
	start();
	lab_outside(resched_twice, NULL);
}

static void resched_09_a_higher_class_reschedules(void **state)
{
	(void)state;
	start();
	lab_wake(rt);
	PROVES("RESCHED-09", lab_runs(rt));
}

/* ---- the CPU is lost and comes back */

static enum scx_cpu_preempt_reason reason;

static void note_reason(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)subject;
	if (op == SCXTWIN_OP_cpu_release)
		reason = (enum scx_cpu_preempt_reason)arg;
}

static void start_with_cpu_ops(void)
{
	turn_ops.cpu_release = say_cpu_release;
	turn_ops.cpu_acquire = say_cpu_acquire;
	say.look = note_reason;
	start();
}

static void cpurel_01_the_ops_set_the_internal_flag(void **state)
{
	start_with_cpu_ops();
	PROVES("CPUREL-01", scx_root->ops.flags & SCX_OPS_HAS_CPU_PREEMPT);
	lab_stop(state);
	turn_nothing(state);
	start();
	PROVES("CPUREL-01", !(scx_root->ops.flags & SCX_OPS_HAS_CPU_PREEMPT));
}

static void cpurel_02_release_behind_the_put_acquire_before_anything(void **state)
{
	(void)state;
	start_with_cpu_ops();
	lab_run(300 * US);
	r->scx.slice = 10 * US;	/* gone when it is put, so that it is enqueued */
	lab_run(200 * US);
	lab_wake(rt);
	PROVES("CPUREL-02 CPUREL-04 PREEMPT-02", lab_called(NULL, "r:stopping(1) r:enqueue(0x0) cpu_release@0"));
	PROVES("CPUREL-03", reason == SCX_CPU_PREEMPT_RT && cpu_rq(0)->scx.cpu_released);
	lab_block(rt);
	PROVES("CPUREL-09", lab_called(NULL, "cpu_acquire(0)@0 dispatch(0,-)") && !cpu_rq(0)->scx.cpu_released);
}

static void preempt_01_a_preempted_task_goes_on_without_anybody_asked(void **state)
{
	(void)state;
	start_with_cpu_ops();
	queue_a();
	lab_run(10 * MS);
	lab_forget();
	lab_wake(rt);
	PROVES("PREEMPT-01 CPUREL-04", lab_called(NULL, "r:stopping(1) cpu_release@0"));
	PROVES("PREEMPT-03", turn_queue_is(lab_local(0), "r a"));
	PROVES("PREEMPT-01 SLICE-17", r->scx.slice <= 90 * MS && r->scx.slice > 85 * MS);
	lab_run(5 * MS);
	PROVES("SLICE-17", r->scx.slice > 85 * MS);
	lab_block(rt);
	PROVES("PREEMPT-01 CPUREL-09", lab_called(NULL, "cpu_acquire r:running") && turn_count(0) == 0);
}

static void preempt_04_waiting_begins_at_the_put(void **state)
{
	u64 before;

	(void)state;
	start();
	before = r->scx.runnable_at;
	lab_run(50 * MS);
	lab_wake(rt);
	PROVES("PREEMPT-04", r->scx.runnable_at > before);
}

static void give_b_to_cpu_0(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(b, SCX_DSQ_LOCAL_ON | 0, 0, 0);
}

static void preempt_05_the_queue_can_be_filled_meanwhile(void **state)
{
	(void)state;
	start();
	lab_wake(rt);
	turn(1, give_b_to_cpu_0);
	lab_kick(1, 0);
	PROVES("PREEMPT-05", lab_runs(rt) && turn_queue_is(lab_local(0), "r b"));
}

static void cpurel_05_a_task_that_blocked_loses_the_cpu_as_well(void **state)
{
	struct lab_hold *pass;

	(void)state;
	turn_ops.cpu_release = say_cpu_release;
	turn_ops.cpu_acquire = say_cpu_acquire;
	start_in(RUN_EXPLORED);
	pass = lab_hold(.cpu = 0, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(0)->__lock);
	lab_block(r);
	assert_true(lab_held(pass));
	lab_wake(rt);
	lab_release(pass);
	PROVES("CPUREL-05", lab_runs(rt) && lab_called(NULL, "r:stopping(0) cpu_release@0"));
}

static void cpurel_06_idle_has_nothing_to_release(void **state)
{
	(void)state;
	start_with_cpu_ops();
	lab_block(r);
	lab_forget();
	lab_wake(rt);
	PROVES("CPUREL-06", lab_runs(rt) && lab_called(NULL, "") && !cpu_rq(0)->scx.cpu_released);
}

static void give_a(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
}

static void cpurel_07_ext_and_idle_take_nothing(void **state)
{
	(void)state;
	start_with_cpu_ops();
	turn(0, give_a);
	lab_kick(0, SCX_KICK_PREEMPT);
	assert_true(lab_runs(a));
	lab_set_nice(a, 3);	/* put and set inside a change */
	lab_block(a);
	PROVES("CPUREL-07", rq_is_idle(cpu_rq(0)) && !cpu_rq(0)->scx.cpu_released);
}

static void cpurel_08_several_in_a_row_are_one_release(void **state)
{
	(void)state;
	start_with_cpu_ops();
	lab_wake(rt);
	lab_wake(rt2);
	assert_true(lab_runs(rt2));
	lab_block(rt2);
	assert_true(lab_runs(rt));
	PROVES("CPUREL-08", lab_called(NULL, "r:stopping(1) cpu_release@0"));
	lab_block(rt);
	PROVES("CPUREL-08 CPUREL-09", lab_called(NULL, "cpu_acquire r:running"));
}

static void cpurel_10_acquire_is_called_under_the_mark_and_the_lock(enum scxtwin_op op,
								  struct task_struct *subject, u64 arg)
{
	(void)subject;
	(void)arg;
	if (op != SCXTWIN_OP_cpu_acquire)
		return;
	PROVES("CPUREL-10", cpu_rq(0)->scx.flags & SCX_RQ_IN_DISPATCH && turn_holds_rq(0));
	PROVES("CPUREL-10", scx_ctx()->locked_rq == cpu_rq(0));
	reason = SCX_CPU_PREEMPT_UNKNOWN;
}

static void cpurel_10_acquire_runs_inside_the_dispatch(void **state)
{
	(void)state;
	start_with_cpu_ops();
	say.look = cpurel_10_acquire_is_called_under_the_mark_and_the_lock;
	reason = SCX_CPU_PREEMPT_RT;
	lab_wake(rt);
	lab_block(rt);
	PROVES("CPUREL-10", reason == SCX_CPU_PREEMPT_UNKNOWN);
}

static void cpurel_13_unloading_does_not_reset_the_mark(void **state)
{
	(void)state;
	start_with_cpu_ops();
	lab_wake(rt);
	assert_true(cpu_rq(0)->scx.cpu_released);
	say.dsq = SCX_DSQ_LOCAL;
	lab_unload();
	lab_load(&turn_ops);
	PROVES("CPUREL-13", cpu_rq(0)->scx.cpu_released);
	lab_forget();
	lab_block(rt);
	PROVES("CPUREL-13", lab_called(NULL, "cpu_acquire(0)@0 ..."));
}

static u32 taken;

static void reenqueue_at_release(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)subject;
	(void)arg;
	if (op == SCXTWIN_OP_cpu_release)
		taken = scx_bpf_reenqueue_local();
}

static void cpurel_14_reenqueue_at_release_takes_the_preempted_task_too(void **state)
{
	(void)state;
	turn_ops.cpu_release = say_cpu_release;
	start();
	queue_a();
	say.look = reenqueue_at_release;
	say.reenq_dsq = SCX_DSQ_LOCAL;
	lab_forget();
	lab_wake(rt);
	PROVES("CPUREL-11 CPUREL-14", taken == 2 && turn_queue_is(lab_local(0), "r a"));
	PROVES("CPUREL-14", lab_called(r, "stopping(1)") && r->scx.slice == SCX_SLICE_DFL);
	PROVES("CPUREL-14", lab_called(a, "enqueue(0x10000000000)"));
	PROVES("CPUREL-14", lab_count(SCX_EV_ENQ_SKIP_MIGRATION_DISABLED) == 1);
	PROVES("CPUREL-14", lab_count(SCX_EV_REFILL_SLICE_DFL) == 1 && !r->migration_disabled);
}

static void bypass_on(void *arg)
{
	(void)arg;
	scx_bypass(scx_root, true);
}

static void bypass_off(void *arg)
{
	(void)arg;
	scx_bypass(scx_root, false);
}

static void resched_08_bypass_reschedules_everybody(void **state)
{
	u64 passes[3];
	int cpu;

	(void)state;
	start();
	for (cpu = 0; cpu < 3; cpu++)
		passes[cpu] = cpu_rq(cpu)->scx.kick_sync;
	lab_outside(bypass_on, NULL);
	for (cpu = 0; cpu < 3; cpu++) {
		PROVES("RESCHED-08", cpu_rq(cpu)->scx.kick_sync > passes[cpu]);
		passes[cpu] = cpu_rq(cpu)->scx.kick_sync;
	}
	lab_outside(bypass_off, NULL);
	for (cpu = 0; cpu < 3; cpu++)
		PROVES("RESCHED-08", cpu_rq(cpu)->scx.kick_sync > passes[cpu]);
}

static void resched_10_a_running_task_that_falls_is_rescheduled(void **state)
{
	u64 passes;

	(void)state;
	start();
	lab_wake(rt);
	assert_true(lab_runs(rt));
	passes = cpu_rq(0)->scx.kick_sync;
	lab_set_policy(rt, SCHED_NORMAL, 0);
	PROVES("RESCHED-10", sched_class_is_ext(rt) && cpu_rq(0)->scx.kick_sync == passes + 1);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(resched_01_a_wakeup_reschedules_an_idle_cpu),
		TEST(resched_15_a_wakeup_leaves_a_busy_cpu_alone),
		TEST(resched_16_an_insert_into_a_shared_dsq_reschedules_nobody),
		TEST(resched_17_what_was_asked_for_during_dispatch_is_forgotten),
		TEST(resched_18_one_interrupt_is_enough),
		TEST(resched_09_a_higher_class_reschedules),
		TEST(cpurel_01_the_ops_set_the_internal_flag),
		TEST(cpurel_02_release_behind_the_put_acquire_before_anything),
		TEST(preempt_01_a_preempted_task_goes_on_without_anybody_asked),
		TEST(preempt_04_waiting_begins_at_the_put),
		TEST(preempt_05_the_queue_can_be_filled_meanwhile),
		TEST(cpurel_05_a_task_that_blocked_loses_the_cpu_as_well),
		TEST(cpurel_06_idle_has_nothing_to_release),
		TEST(cpurel_07_ext_and_idle_take_nothing),
		TEST(cpurel_08_several_in_a_row_are_one_release),
		TEST(cpurel_10_acquire_runs_inside_the_dispatch),
		TEST(cpurel_14_reenqueue_at_release_takes_the_preempted_task_too),
		TEST(resched_08_bypass_reschedules_everybody),
		TEST(resched_10_a_running_task_that_falls_is_rescheduled),
		TEST(cpurel_13_unloading_does_not_reset_the_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
