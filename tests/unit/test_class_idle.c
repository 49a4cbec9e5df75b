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

static void core_28_wakeup_on_an_idle_cpu_reschedules(void **state)
{
	struct rq *rq = cpu_rq(0);

	(void)state;
	raw_spin_rq_lock(rq);
	assert_false(rq->curr->need_resched);
	idle_sched_class.wakeup_preempt(rq, rig_task(&rig, SCHED_NORMAL, 0), WF_TTWU);
	assert_true(rq->curr->need_resched);
	raw_spin_rq_unlock(rq);
}

static void core_15_idle_cpus_are_known(void **state)
{
	struct task_struct *p = rig_task(&rig, SCHED_NORMAL, 0);
	const struct cpumask *idle = balance_state()->idle;

	(void)state;
	assert_int_equal(cpumask_weight(idle), 4);
	rig_wake_on(&rig, p, 2);
	assert_false(cpumask_test_cpu(2, idle));
	assert_false(available_idle_cpu(2));
	rig_block(&rig, p);
	assert_true(cpumask_test_cpu(2, idle));
	assert_true(available_idle_cpu(2));
	assert_ptr_equal(cpu_rq(2)->curr, cpu_rq(2)->idle);
}

static void idle_is_picked_when_nothing_else_is(void **state)
{
	struct rq *rq = cpu_rq(1);

	(void)state;
	raw_spin_rq_lock(rq);
	assert_true(idle_sched_class.balance(rq, rq->curr));
	assert_ptr_equal(idle_sched_class.pick_task(rq), rq->idle);
	raw_spin_rq_unlock(rq);
}

static void tck_02_idle_needs_no_tick(void **state)
{
	(void)state;
	assert_true(idle_sched_class.first_tick(cpu_rq(0), cpu_rq(0)->idle) == UINT64_MAX);
}

static void idle_task_may_not_block(void **state)
{
	struct rq *rq = cpu_rq(0);

	(void)state;
	expect_bug(idle_sched_class.dequeue_task(rq, rq->idle, DEQUEUE_SLEEP), "reached");
}

#define on_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_rig(core_28_wakeup_on_an_idle_cpu_reschedules),
		on_rig(core_15_idle_cpus_are_known),
		on_rig(idle_is_picked_when_nothing_else_is),
		on_rig(tck_02_idle_needs_no_tick),
		on_rig(idle_task_may_not_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
