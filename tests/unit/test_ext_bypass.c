/* SPDX-License-Identifier: GPL-2.0-only */
/* Bypass: depth, round robin, balancing between CPUs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/ext_rig.h"

#define MS NSEC_PER_MSEC

static struct ext_rig rig;

static const struct ext_step sleep_then_run[] = {
	{ STEP_SLEEP, 0 }, { STEP_RUN, 10000 * MS }, { STEP_AGAIN, 0 },
};
static const struct sched_ext_ops ops = { .name = "none" };

static int start(void **state)
{
	(void)state;
	ext_rig_start(&rig, 2, 1, 0, 1);
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	assert_int_equal(rig.nr_warnings, 0);
	ext_rig_stop(&rig);
	return 0;
}

static void bypass_on(void *arg)
{
	scx_bypass(arg, true);
}

static void bypass_off(void *arg)
{
	scx_bypass(arg, false);
}

#define MAX_CROWD 71
static struct task_struct *people[MAX_CROWD];

/* Asleep; of CPU 0, allowed on both. */
static void crowd(u32 nr)
{
	for (u32 i = 0; i < nr; i++) {
		people[i] = ext_rig_task(&rig, sleep_then_run, -1);
		ext_rig_run(&rig, NSEC_PER_USEC);
		assert_int_equal(people[i]->__state, TASK_INTERRUPTIBLE);
		people[i]->cpu = people[i]->wake_cpu = 0;
	}
}

static void enter_bypass_and_wake(u32 nr)
{
	ext_rig_service(&rig, bypass_on, scx_root);
	for (u32 i = 0; i < nr; i++)
		ext_rig_wake(&rig, people[i]);
}

static void byp_21_to_23_only_the_first_and_last_step_act(void **state)
{
	struct scx_event_stats before, after;

	(void)state;
	scx_read_events(&before);
	crowd(1);
	enter_bypass_and_wake(1);
	assert_int_equal(scx_root->slice_dfl, 5 * MS);
	ext_rig_run(&rig, 10 * MS);
	ext_rig_service(&rig, bypass_on, scx_root);
	ext_rig_service(&rig, bypass_off, scx_root);
	assert_true(scx_root->pcpu[1].bypassing);
	ext_rig_service(&rig, bypass_off, scx_root);
	assert_false(scx_root->pcpu[1].bypassing);
	assert_int_equal(scx_root->slice_dfl, 20 * MS);
	scx_read_events(&after);
	assert_int_equal(after.count[SCX_EV_BYPASS_ACTIVATE] - before.count[SCX_EV_BYPASS_ACTIVATE], 1);
	assert_int_equal(after.count[SCX_EV_BYPASS_DURATION] - before.count[SCX_EV_BYPASS_DURATION],
			 10 * MS);
}

static void byp_50_too_small_an_excess_stays(void **state)
{
	(void)state;
	crowd(61);
	enter_bypass_and_wake(61);
	ext_rig_run(&rig, 500 * MS);
	assert_int_equal(scx_root->pcpu[0].bypass_dsq.nr, 60);
	assert_int_equal(cpu_rq(1)->nr_running, 0);
}

static void byp_50_to_55_an_excess_goes_to_the_idle_cpu(void **state)
{
	(void)state;
	crowd(71);
	enter_bypass_and_wake(71);
	ext_rig_run(&rig, 500 * MS);
	assert_int_equal(scx_root->pcpu[0].bypass_dsq.nr, 44);
	assert_int_equal(scx_root->pcpu[1].bypass_dsq.nr, 25);
	assert_int_equal(cpu_rq(1)->nr_running, 1); /* the others move when they are picked */
}

static void byp_38_a_wakeup_counts_twice(void **state)
{
	struct scx_event_stats before, after;

	(void)state;
	crowd(1);
	scx_read_events(&before);
	enter_bypass_and_wake(1);
	scx_read_events(&after);
	assert_int_equal(after.count[SCX_EV_BYPASS_DISPATCH] - before.count[SCX_EV_BYPASS_DISPATCH], 2);
}

static void tick_03_tasks_take_turns_in_bypass(void **state)
{
	(void)state;
	crowd(2);
	enter_bypass_and_wake(2);
	ext_rig_run(&rig, 400 * MS);
	assert_in_range(people[0]->sum_exec_runtime, 190 * MS, 210 * MS);
	assert_in_range(people[1]->sum_exec_runtime, 190 * MS, 210 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(byp_21_to_23_only_the_first_and_last_step_act, start, stop),
		cmocka_unit_test_setup_teardown(byp_50_too_small_an_excess_stays, start, stop),
		cmocka_unit_test_setup_teardown(byp_50_to_55_an_excess_goes_to_the_idle_cpu, start, stop),
		cmocka_unit_test_setup_teardown(byp_38_a_wakeup_counts_twice, start, stop),
		cmocka_unit_test_setup_teardown(tick_03_tasks_take_turns_in_bypass, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
