/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "expect_bug.h"
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

static void stop_task_preempts_everybody(void **state)
{
	struct task_struct *dl = rig_deadline_task(&rig, 10 * MS), *stopper = cpu_rq(0)->stop;

	(void)state;
	rig_wake_on(&rig, dl, 0);
	rig_run_until(&rig, 1 * MS);
	rig_wake_on(&rig, stopper, 0);
	assert_ptr_equal(cpu_rq(0)->curr, stopper);
	assert_ptr_equal(cpu_rq(0)->next_class, &stop_sched_class);
	rig_run_until(&rig, 3 * MS);
	rig_block(&rig, stopper);
	assert_ptr_equal(cpu_rq(0)->curr, dl);
	assert_int_equal(stopper->sum_exec_runtime, 2 * MS);
	assert_int_equal(dl->sum_exec_runtime, 1 * MS);
}

static void nobody_preempts_a_stop_task(void **state)
{
	struct task_struct *stopper = cpu_rq(0)->stop;

	(void)state;
	rig_wake_on(&rig, stopper, 0);
	rig_wake_on(&rig, rig_deadline_task(&rig, 1 * MS), 0);
	rig_wake_on(&rig, rig_task(&rig, SCHED_FIFO, 99), 0);
	assert_ptr_equal(cpu_rq(0)->curr, stopper);
	assert_int_equal(cpu_rq(0)->nr_running, 3);
}

static void stop_task_is_picked_only_when_queued(void **state)
{
	struct rq *rq = cpu_rq(0);

	(void)state;
	raw_spin_rq_lock(rq);
	assert_null(stop_sched_class.pick_task(rq));
	assert_false(stop_sched_class.balance(rq, rq->curr));
	raw_spin_rq_unlock(rq);
}

static void stop_task_stays_on_its_cpu(void **state)
{
	(void)state;
	assert_int_equal(stop_sched_class.select_task_rq(cpu_rq(3)->stop, 0, WF_TTWU), 3);
}

static void nobody_becomes_a_stop_task(void **state)
{
	(void)state;
	expect_bug(stop_sched_class.switching_to(cpu_rq(0), rig_task(&rig, SCHED_NORMAL, 0)),
		   "reached");
}

#define on_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_rig(stop_task_preempts_everybody),
		on_rig(nobody_preempts_a_stop_task),
		on_rig(stop_task_is_picked_only_when_queued),
		on_rig(stop_task_stays_on_its_cpu),
		on_rig(nobody_becomes_a_stop_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
