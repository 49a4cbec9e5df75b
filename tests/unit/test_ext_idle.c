/* SPDX-License-Identifier: GPL-2.0-only */
/* Built-in idle tracking and the default selection, on machines small enough to reason about. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/ext_rig.h"

#define MS NSEC_PER_MSEC

static struct ext_rig rig;
static struct task_struct *p;
static struct ctx *outside;	/* what runs while the machine does not */

static const struct ext_step sleeper[] = { { STEP_SLEEP, 0 }, { STEP_AGAIN, 0 } };
static const struct sched_ext_ops builtin_ops = { .name = "builtin" };

static void start_machine(u32 nr_cpus, u32 smt, u32 cores_per_llc, u32 nr_nodes,
			  const struct sched_ext_ops *ops)
{
	ext_rig_start(&rig, nr_cpus, smt, cores_per_llc, nr_nodes);
	p = ext_rig_task(&rig, sleeper, -1);
	assert_int_equal(ext_rig_load(&rig, ops), 0);
	assert_true(scx_loaded());
	outside = machine()->current;
	machine()->current = mcpu(0)->ctx; /* what follows is code of CPU 0 */
	for (u32 cpu = 0; cpu < nr_cpus; cpu++)
		machine()->distribute_prev[cpu] = 0;
}

/* 2 cores x 2 threads: {0, 2} and {1, 3}; traces of 20.10 */
static int start_smt(void **state)
{
	(void)state;
	start_machine(4, 2, 0, 1, &builtin_ops);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	assert_int_equal(rig.nr_warnings, 0);
	machine()->current = outside;
	ext_rig_stop(&rig);
	return 0;
}

static void set_masks(u64 cpus, u64 smts)
{
	scx_idle_cpumask(NUMA_NO_NODE)->bits[0] = cpus;
	scx_idle_smtmask(NUMA_NO_NODE)->bits[0] = smts;
}

static void assert_masks(u64 cpus, u64 smts)
{
	assert_int_equal(scx_idle_cpumask(NUMA_NO_NODE)->bits[0], cpus);
	assert_int_equal(scx_idle_smtmask(NUMA_NO_NODE)->bits[0], smts);
}

static s32 select_cpu(s32 prev_cpu, u64 wake_flags, u64 flags)
{
	return scx_select_cpu_dfl(p, prev_cpu, wake_flags, NULL, flags);
}

static void idle_06_bits_appear_when_bypass_ends(void **state)
{
	(void)state;
	assert_masks(0xf, 0xf);
}

static void sel_14_trace_a_picks_a_whole_core_behind_the_cursor(void **state)
{
	(void)state;
	set_masks(0xe, 0xa);
	assert_int_equal(select_cpu(0, 0, 0), 1);
	assert_masks(0xc, 0);
}

static void sel_17_trace_b_falls_back_to_the_sibling_of_prev(void **state)
{
	(void)state;
	set_masks(0x4, 0);
	assert_int_equal(select_cpu(0, 0, 0), 2);
	assert_masks(0, 0);
}

static void sel_09_21_trace_c_sync_wakeup_returns_the_wakers_cpu(void **state)
{
	(void)state;
	machine()->current = mcpu(1)->ctx;
	set_masks(0x4, 0xa);
	assert_int_equal(select_cpu(3, SCX_WAKE_SYNC, 0), 1);
	assert_masks(0x4, 0); /* SEL-21: the failed claim cleared core 1 */
}

static void sel_15_only_whole_cores_on_request(void **state)
{
	(void)state;
	set_masks(0x5 & ~1U, 0);
	assert_int_equal(select_cpu(0, 0, SCX_PICK_IDLE_CORE), -EBUSY);
	assert_masks(0x4, 0);
}

static void sel_11_16_prev_first_if_its_core_is_idle_else_after_whole_cores(void **state)
{
	(void)state;
	set_masks(0xf, 0xf);
	assert_int_equal(select_cpu(2, 0, 0), 2);
	assert_masks(0xb, 0xa);
	assert_int_equal(select_cpu(0, 0, 0), 1); /* core 1 is whole, CPU 0's is not */
	assert_int_equal(select_cpu(0, 0, 0), 0);
	assert_int_equal(select_cpu(0, 0, 0), 3);
	assert_int_equal(select_cpu(0, 0, 0), -EBUSY);
}

static void idle_34_36_a_claim_clears_the_core_even_if_it_fails(void **state)
{
	(void)state;
	set_masks(0x4, 0x5);
	assert_false(scx_idle_test_and_clear_cpu(0));
	assert_masks(0x4, 0);
	assert_true(scx_idle_test_and_clear_cpu(2));
	assert_masks(0, 0);
}

static void update(int cpu, bool idle, bool do_notify)
{
	struct rq *rq = cpu_rq(cpu);

	raw_spin_rq_lock(rq);
	scx_update_idle(rq, idle, do_notify);
	raw_spin_rq_unlock(rq);
}

static void idle_14_to_16_a_core_is_idle_when_all_its_threads_are(void **state)
{
	(void)state;
	set_masks(0, 0);
	update(0, true, true);
	assert_masks(0x1, 0);
	update(2, true, false);
	assert_masks(0x5, 0x5);
	update(0, false, true);
	assert_masks(0x4, 0);
}

static void sel_03_disjoint_masks_claim_nothing(void **state)
{
	const struct cpumask *only_3 = cpumask_of(3);

	(void)state;
	p->cpus_mask = p->cpus_ptr = cpumask_of(2);
	p->nr_cpus_allowed = 1;
	set_masks(0xf, 0xf);
	assert_int_equal(scx_select_cpu_dfl(p, 0, 0, only_3, 0), -EBUSY);
	assert_masks(0xf, 0xf);
}

/* 2 nodes of 2 LLCs of 2 CPUs: LLCs {0,1} {2,3} {4,5} {6,7} */
static int start_llcs(void **state)
{
	(void)state;
	start_machine(8, 1, 2, 2, &builtin_ops);
	return 0;
}

static void idle_48_50_keys_follow_the_topology(void **state)
{
	(void)state;
	assert_true(scx_state()->selcpu_topo_llc);
	assert_true(scx_state()->selcpu_topo_numa);
}

static void sel_18_19_20_near_cpus_first(void **state)
{
	(void)state;
	set_masks(0xd8 | 0x2, 0);	/* 1, 3, 4, 6, 7 */
	assert_int_equal(select_cpu(2, 0, 0), 3);	/* LLC */
	assert_int_equal(select_cpu(2, 0, 0), 1);	/* node; the cursor wraps behind 3 */
	assert_int_equal(select_cpu(2, 0, 0), 4);	/* machine */
	assert_int_equal(select_cpu(2, 0, 0), 6);
	assert_int_equal(select_cpu(2, 0, 0), 7);
	assert_int_equal(select_cpu(2, 0, 0), -EBUSY);
}

static int start_nodes(void **state)
{
	const struct sched_ext_ops ops = { .name = "nodes", .flags = SCX_OPS_BUILTIN_IDLE_PER_NODE };

	(void)state;
	start_machine(6, 1, 0, 3, &ops);
	return 0;
}

static void idle_45_to_47_other_nodes_by_distance_unless_forbidden(void **state)
{
	(void)state;
	for (int node = 0; node < 3; node++)
		scx_idle_cpumask(node)->bits[0] = 0;
	scx_idle_cpumask(0)->bits[0] = 0x1;
	scx_idle_cpumask(2)->bits[0] = 0x20;
	assert_false(scx_state()->selcpu_topo_numa);
	assert_int_equal(select_cpu(2, 0, SCX_PICK_IDLE_IN_NODE), -EBUSY);
	assert_int_equal(select_cpu(2, 0, 0), 0);
	assert_int_equal(select_cpu(2, 0, 0), 5);
}

static u32 nr_notices;
static bool last_notice;

static void on_update_idle(s32 cpu, bool idle)
{
	if (cpu == 1) {
		nr_notices++;
		last_notice = idle;
	}
}

static int start_notified(void **state)
{
	const struct sched_ext_ops ops = {
		.name = "notified", .update_idle = on_update_idle, .flags = SCX_OPS_KEEP_BUILTIN_IDLE,
	};

	(void)state;
	nr_notices = 0;
	start_machine(2, 1, 0, 1, &ops);
	return 0;
}

static void idle_26_29_one_notice_after_bypass_none_for_a_pick_without_work(void **state)
{
	(void)state;
	assert_int_equal(nr_notices, 1);
	assert_true(last_notice);
	set_masks(0x1, 0);
	scx_kick_cpu(scx_root, 1, 0);
	machine()->current = outside;
	ext_rig_run(&rig, 1 * MS);
	assert_int_equal(nr_notices, 1);
	assert_masks(0x3, 0); /* IDLE-17 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(idle_06_bits_appear_when_bypass_ends, start_smt, stop),
		cmocka_unit_test_setup_teardown(sel_14_trace_a_picks_a_whole_core_behind_the_cursor, start_smt, stop),
		cmocka_unit_test_setup_teardown(sel_17_trace_b_falls_back_to_the_sibling_of_prev, start_smt, stop),
		cmocka_unit_test_setup_teardown(sel_09_21_trace_c_sync_wakeup_returns_the_wakers_cpu, start_smt, stop),
		cmocka_unit_test_setup_teardown(sel_15_only_whole_cores_on_request, start_smt, stop),
		cmocka_unit_test_setup_teardown(sel_11_16_prev_first_if_its_core_is_idle_else_after_whole_cores, start_smt, stop),
		cmocka_unit_test_setup_teardown(idle_34_36_a_claim_clears_the_core_even_if_it_fails, start_smt, stop),
		cmocka_unit_test_setup_teardown(idle_14_to_16_a_core_is_idle_when_all_its_threads_are, start_smt, stop),
		cmocka_unit_test_setup_teardown(sel_03_disjoint_masks_claim_nothing, start_smt, stop),
		cmocka_unit_test_setup_teardown(idle_48_50_keys_follow_the_topology, start_llcs, stop),
		cmocka_unit_test_setup_teardown(sel_18_19_20_near_cpus_first, start_llcs, stop),
		cmocka_unit_test_setup_teardown(idle_45_to_47_other_nodes_by_distance_unless_forbidden, start_nodes, stop),
		cmocka_unit_test_setup_teardown(idle_26_29_one_notice_after_bypass_none_for_a_pick_without_work, start_notified, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
