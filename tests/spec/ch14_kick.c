/* SPDX-License-Identifier: GPL-2.0-only */
/* The kicks that dispatch needs: spec 14.14. */
#include "pick_rig.h"

static struct lab_hold *hold_lock(int cpu, int rq)
{
	return lab_hold(.cpu = cpu, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(rq)->__lock);
}

static u64 sync_before;


static void kick_and_look(void *arg)
{
	const struct scx_sched_pcpu *pcpu = scx_pcpu(scx_root, 3);

	(void)arg;
	PROVES("KCK-01", smp_processor_id() == 3);
	local_irq_disable();
	scx_bpf_kick_cpu(0, 0);
	PROVES("KCK-01", cpumask_test_cpu(0, pcpu->cpus_to_kick) && !list_empty(&pcpu->to_kick_node));
	PROVES("KCK-01", turn_count(0) == 0);
	local_irq_enable();
	PROVES("KCK-01", !cpumask_test_cpu(0, pcpu->cpus_to_kick));
}

static void kck_01_a_kick_is_recorded_first_and_carried_out_by_interrupt(void **state)
{
	(void)state;
	start();
	lab_outside(kick_and_look, NULL);
	PROVES("KCK-01", turn_count(0) == 1);
}

static void kck_01_a_bypassing_cpu_kicks_nobody(void **state)
{
	(void)state;
	start();
	scx_pcpu(scx_root, 3)->bypassing = true;
	lab_kick(0, 0);
	PROVES("KCK-01", turn_count(0) == 0);
	scx_pcpu(scx_root, 3)->bypassing = false;
	lab_kick(0, 0);
	PROVES("KCK-01", turn_count(0) == 1);
}

static void kck_02_a_plain_kick_reschedules(void **state)
{
	(void)state;
	start_busy();
	sync_before = rq0()->scx.kick_sync;
	lab_kick(0, 0);
	PROVES("KCK-02", rq0()->scx.kick_sync == sync_before + 1 && lab_runs(r));
	PROVES("KCK-02 KCK-03", r->scx.slice > 900 * MS);
	lab_kick(1, 0);
	PROVES("KCK-02", turn_count(1) == 1);
}

static void kick_cpu_0_without_interrupts(void *arg)
{
	(void)arg;
	local_irq_disable();
	scx_bpf_kick_cpu(0, SCX_KICK_PREEMPT);
	local_irq_enable();
	PROVES("KCK-02", !rt->need_resched);
}

static void kck_02_a_higher_class_is_not_rescheduled(void **state)
{
	(void)state;
	start();
	lab_wake(rt);
	assert_true(lab_runs(rt));
	turn_forget();
	lab_outside(kick_cpu_0_without_interrupts, NULL);
	PROVES("KCK-02", lab_runs(rt) && turn_count(0) == 0);
}

static void kck_03_preempt_ends_the_slice(void **state)
{
	(void)state;
	start_busy();
	end_slice(NULL);
	PROVES("KCK-03", turn_count(0) == 1 && lab_count(SCX_EV_REFILL_SLICE_DFL) == 1);
}

static void kck_03_preempt_is_refused_by_a_protected_slice(void **state)
{
	(void)state;
	start_busy();
	r->scx.flags |= SCX_TASK_PROTECTED;
	end_slice(NULL);
	PROVES("KCK-03", turn_count(0) == 0 && r->scx.slice > 900 * MS);
	PROVES("KCK-03", lab_count(SCX_EV_SLICE_DENIED) == 1);
	r->scx.flags &= ~SCX_TASK_PROTECTED;
}

static void kck_04_an_idle_kick_leaves_a_busy_cpu_alone(void **state)
{
	(void)state;
	start_busy();
	sync_before = rq0()->scx.kick_sync;
	lab_kick(0, SCX_KICK_IDLE);
	PROVES("KCK-04", rq0()->scx.kick_sync == sync_before && !r->need_resched);
	PROVES("KCK-04", !scx_pcpu(scx_root, 3)->cpus_to_kick);	/* not even recorded */
	lab_kick(1, SCX_KICK_IDLE);
	PROVES("KCK-04", turn_count(1) == 1);
}

static void kck_04_an_idle_kick_is_tested_again_when_carried_out(void **state)
{
	struct lab_hold *deliver;

	(void)state;
	start_in(RUN_EXPLORED);
	deliver = hold_lock(3, 0);
	lab_kick(0, SCX_KICK_IDLE);	/* idle at the call */
	assert_true(lab_held(deliver));
	lab_from(2);
	run_r();
	sync_before = rq0()->scx.kick_sync;
	lab_release(deliver);
	PROVES("KCK-04", rq0()->scx.kick_sync == sync_before && lab_runs(r));
}

static void kck_05_an_idle_kick_can_neither_preempt_nor_wait(void **state)
{
	static const u64 flags[] = { SCX_KICK_PREEMPT, SCX_KICK_WAIT };
	int i;

	for (i = 0; i < 2; i++) {
		start();
		lab_kick(1, SCX_KICK_IDLE | flags[i]);
		PROVES("KCK-05", lab_exited(SCX_EXIT_ERROR, "PREEMPT/WAIT cannot be used with SCX_KICK_IDLE"));
		lab_stop(state);
		turn_nothing(state);
	}
}

static void kck_06_an_impossible_cpu_is_an_error(void **state)
{
	static const int cpus[] = { 4, -1 };
	int i;

	for (i = 0; i < 2; i++) {
		start();
		lab_kick(cpus[i], 0);
		PROVES("KCK-06", lab_exited(SCX_EXIT_ERROR, "invalid CPU"));
		lab_stop(state);
		turn_nothing(state);
	}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(kck_01_a_kick_is_recorded_first_and_carried_out_by_interrupt),
		TEST(kck_01_a_bypassing_cpu_kicks_nobody),
		TEST(kck_02_a_plain_kick_reschedules),
		TEST(kck_02_a_higher_class_is_not_rescheduled),
		TEST(kck_03_preempt_ends_the_slice),
		TEST(kck_03_preempt_is_refused_by_a_protected_slice),
		TEST(kck_04_an_idle_kick_leaves_a_busy_cpu_alone),
		TEST(kck_04_an_idle_kick_is_tested_again_when_carried_out),
		TEST(kck_05_an_idle_kick_can_neither_preempt_nor_wait),
		TEST(kck_06_an_impossible_cpu_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
