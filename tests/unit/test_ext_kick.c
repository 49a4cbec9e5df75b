/* SPDX-License-Identifier: GPL-2.0-only */
/* Kicks and waiting for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/ext_rig.h"

#define MS NSEC_PER_MSEC
#define OP(op) (1ULL << SCXTWIN_OP_##op)
#define NR_CPUS 4

static struct ext_rig rig;
static struct task_struct *tasks[NR_CPUS];
static u64 kick_flags;
static bool kicked[NR_CPUS];

static const struct ext_step runner[] = { { STEP_RUN, 1000 * MS }, { STEP_AGAIN, 0 } };

static void to_local(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_INF, enq_flags);
}

/* Each CPU kicks the next one at its first tick. */
static void kick_next(struct task_struct *p)
{
	const s32 cpu = scx_bpf_task_cpu(p);

	if (!kick_flags || kicked[cpu])
		return;
	kicked[cpu] = true;
	scx_bpf_kick_cpu((cpu + 1) % NR_CPUS, kick_flags);
}

static void on_running(struct task_struct *p)
{
	(void)p;
}

static const struct sched_ext_ops ops = {
	.name = "ring", .enqueue = to_local, .tick = kick_next, .running = on_running,
};

static int start(void **state)
{
	(void)state;
	kick_flags = 0;
	memset(kicked, 0, sizeof(kicked));
	ext_rig_start(&rig, NR_CPUS, 1, 0, 1);
	rig.ops_seen = OP(running);
	for (int cpu = 0; cpu < NR_CPUS; cpu++)
		tasks[cpu] = ext_rig_task(&rig, runner, cpu);
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	ext_rig_run(&rig, 1 * MS);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	assert_int_equal(rig.nr_warnings, 0);
	ext_rig_stop(&rig);
	return 0;
}

static void kick_36_a_ring_of_waits_dissolves_in_no_time(void **state)
{
	(void)state;
	kick_flags = SCX_KICK_PREEMPT | SCX_KICK_WAIT;
	ext_rig_run(&rig, 10 * MS);
	for (int cpu = 0; cpu < NR_CPUS; cpu++) {
		const struct rq *rq = cpu_rq(cpu);

		assert_true(kicked[cpu]);
		assert_false(rq->scx.kick_sync_pending);
		assert_true(cpumask_empty(rq->scx.cpus_to_sync));
		assert_ptr_equal(rq->curr, tasks[cpu]);
		assert_false(mcpu(cpu)->held_by);
	}
	assert_true(cpumask_empty(scx_state()->kick_waiting));
	assert_true(scx_loaded());
}

static void kick_15_27_preempt_ends_the_slice_and_keeps_the_last_task(void **state)
{
	s64 kept;
	struct scx_event_stats stats;

	(void)state;
	scx_read_events(&stats);
	kept = stats.count[SCX_EV_DISPATCH_KEEP_LAST];
	kick_flags = SCX_KICK_PREEMPT;
	ext_rig_run(&rig, 10 * MS);
	scx_read_events(&stats);
	assert_int_equal(stats.count[SCX_EV_DISPATCH_KEEP_LAST] - kept, NR_CPUS);
}

static void kick_24_a_plain_kick_of_a_busy_cpu_changes_nothing(void **state)
{
	(void)state;
	ext_rig_forget_calls(&rig);
	kick_flags = 0;
	scx_kick_cpu(scx_root, 1, 0);
	ext_rig_run(&rig, 1 * MS);
	assert_string_equal(rig.calls, "");
	assert_ptr_equal(cpu_rq(1)->curr, tasks[1]);
}

static void kick_01_an_invalid_cpu_is_an_error(void **state)
{
	(void)state;
	scx_kick_cpu(scx_root, NR_CPUS, 0);
	ext_rig_run(&rig, 1 * MS);
	assert_string_equal(scx_last_exit()->msg, "invalid CPU 4");
}

static void kick_04_preempt_makes_no_sense_for_an_idle_cpu(void **state)
{
	(void)state;
	scx_kick_cpu(scx_root, 1, SCX_KICK_IDLE | SCX_KICK_WAIT);
	ext_rig_run(&rig, 1 * MS);
	assert_string_equal(scx_last_exit()->msg, "PREEMPT/WAIT cannot be used with SCX_KICK_IDLE");
}

static void kick_10_several_kicks_are_one_delivery(void **state)
{
	struct scx_sched_pcpu *pcpu;

	(void)state;
	local_irq_disable();
	pcpu = scx_pcpu(scx_root, smp_processor_id());
	scx_kick_cpu(scx_root, 1, 0);
	scx_kick_cpu(scx_root, 1, SCX_KICK_PREEMPT);
	scx_kick_cpu(scx_root, 2, 0);
	assert_int_equal(pcpu->cpus_to_kick->bits[0], 0x6);
	assert_int_equal(pcpu->cpus_to_preempt->bits[0], 0x2);
	local_irq_enable();
	ext_rig_run(&rig, 1 * MS);
	assert_true(cpumask_empty(pcpu->cpus_to_kick));
	assert_true(cpumask_empty(pcpu->cpus_to_preempt));
	assert_true(list_empty(&pcpu->to_kick_node));
}

int main(void)
{
	const struct CMUnitTest tests_[] = {
		cmocka_unit_test_setup_teardown(kick_36_a_ring_of_waits_dissolves_in_no_time, start, stop),
		cmocka_unit_test_setup_teardown(kick_15_27_preempt_ends_the_slice_and_keeps_the_last_task, start, stop),
		cmocka_unit_test_setup_teardown(kick_24_a_plain_kick_of_a_busy_cpu_changes_nothing, start, stop),
		cmocka_unit_test_setup_teardown(kick_01_an_invalid_cpu_is_an_error, start, stop),
		cmocka_unit_test_setup_teardown(kick_04_preempt_makes_no_sense_for_an_idle_cpu, start, stop),
		cmocka_unit_test_setup_teardown(kick_10_several_kicks_are_one_delivery, start, stop),
	};

	return cmocka_run_group_tests(tests_, NULL, NULL) ? 1 : 0;
}
