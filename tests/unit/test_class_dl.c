/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/class_rig.h"

#define MS NSEC_PER_MSEC

static struct rig rig;

static int start(void **state)
{
	(void)state;
	rig_start(&rig, 4, 2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static void earliest_deadline_runs_first(void **state)
{
	struct task_struct *late = rig_deadline_task(&rig, 30 * MS);
	struct task_struct *early = rig_deadline_task(&rig, 10 * MS);
	struct task_struct *middle = rig_deadline_task(&rig, 20 * MS);

	(void)state;
	rig_wake_on(&rig, late, 0);
	rig_wake_on(&rig, early, 0);
	assert_ptr_equal(cpu_rq(0)->curr, early);
	rig_wake_on(&rig, middle, 0);
	assert_ptr_equal(cpu_rq(0)->curr, early);
	rig_run_until(&rig, 3 * MS);
	rig_block(&rig, early);
	assert_ptr_equal(cpu_rq(0)->curr, middle);
	rig_block(&rig, middle);
	assert_ptr_equal(cpu_rq(0)->curr, late);
	assert_int_equal(early->sum_exec_runtime, 3 * MS);
}

static void deadline_counts_from_the_wakeup(void **state)
{
	struct task_struct *a = rig_deadline_task(&rig, 30 * MS);
	struct task_struct *b = rig_deadline_task(&rig, 10 * MS);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_run_until(&rig, 25 * MS);
	rig_wake_on(&rig, b, 0);
	assert_ptr_equal(cpu_rq(0)->curr, a);
	assert_int_equal(core_of(b)->dl_abs_deadline, 35 * MS);
}

static void preempts_rt_and_fair(void **state)
{
	struct task_struct *fair = rig_task(&rig, SCHED_NORMAL, 0);
	struct task_struct *rt = rig_task(&rig, SCHED_FIFO, 99);
	struct task_struct *dl = rig_deadline_task(&rig, 10 * MS);

	(void)state;
	rig_wake_on(&rig, fair, 0);
	rig_wake_on(&rig, rt, 0);
	assert_ptr_equal(cpu_rq(0)->curr, rt);
	rig_wake_on(&rig, dl, 0);
	assert_ptr_equal(cpu_rq(0)->curr, dl);
	assert_ptr_equal(cpu_rq(0)->next_class, &dl_sched_class);
}

static void yield_gives_up_the_rest_of_the_period(void **state)
{
	struct task_struct *a = rig_deadline_task(&rig, 10 * MS);
	struct task_struct *b = rig_deadline_task(&rig, 15 * MS);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_yield(&rig, 0);
	assert_ptr_equal(cpu_rq(0)->curr, b);
	assert_int_equal(core_of(a)->dl_abs_deadline, 20 * MS);
}

static void selection_avoids_a_cpu_with_deadline_work(void **state)
{
	struct task_struct *a = rig_deadline_task(&rig, 10 * MS);
	struct task_struct *b = rig_deadline_task(&rig, 10 * MS);

	(void)state;
	assert_int_equal(dl_sched_class.select_task_rq(a, 1, WF_TTWU), 1);
	rig_wake_on(&rig, a, 1);
	assert_int_equal(dl_sched_class.select_task_rq(b, 1, WF_TTWU), 0);
}

static void needs_no_tick(void **state)
{
	struct task_struct *a = rig_deadline_task(&rig, 10 * MS);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_run_until(&rig, NSEC_PER_SEC);
	assert_int_equal(rig.nr_ticks, 0);
	assert_int_equal(a->sum_exec_runtime, NSEC_PER_SEC);
}

#define on_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_rig(earliest_deadline_runs_first),
		on_rig(deadline_counts_from_the_wakeup),
		on_rig(preempts_rt_and_fair),
		on_rig(yield_gives_up_the_rest_of_the_period),
		on_rig(selection_avoids_a_cpu_with_deadline_work),
		on_rig(needs_no_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
