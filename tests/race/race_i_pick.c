/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 I: a pick on CPU 2 (x), which drops its rq lock for a dance, against
 * what happens meanwhile to the task it runs (prev) and to its queue. q is
 * carried by the dance, from the rq of CPU 1 to CPU 3.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

static struct task_struct *prev, *q, *r, *rt;
static u32 dispatches;

static void setup(void)
{
	race_start();
	q = race_task("q", RACE_SRC);
	r = race_task("r", RACE_SRC);
	prev = race_task("prev", RACE_X);
	rt = lab_task("rt", .cpu = RACE_X, .cpus = 1 << RACE_X, .policy = SCHED_FIFO);
	lab_load(&race_ops);
	lab_wake(q);
	lab_wake(r);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(prev);
	say.dsq = 0;
	assert_true(lab_runs(prev));
	lab_forget();
}

/* x is in the dance of q, prev has no slice left; its lock is free. */
static struct lab_hold *x_in_the_gap(void)
{
	struct lab_hold *gap = lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC));

	prev->scx.slice = 0;
	race_will_insert(RACE_X, q, SCX_DSQ_LOCAL_ON | RACE_Y);
	race_go(RACE_X);
	assert_true(lab_held(gap) && !cpu_rq(RACE_X)->__lock.owner);
	return gap;
}

static u32 dispatches_of_x(void)
{
	return dispatches;
}

static void (*race_look)(enum scxtwin_op op, struct task_struct *p, u64 arg);

static void count_dispatches(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	if (op == SCXTWIN_OP_dispatch && arg == RACE_X)
		dispatches++;
	race_look(op, p, arg);
}

static void start_counting(void)
{
	dispatches = 0;
	race_look = say.look;
	say.look = count_dispatches;
}

static void race_75_prev_gets_slice_while_the_lock_is_dropped(void **state)
{
	struct lab_hold *gap;

	(void)state;
	setup();
	start_counting();
	gap = x_in_the_gap();
	race_change(prev);
	prev->scx.slice = 5 * MS;
	lab_release(gap);
	/* Nothing local, one entry delivered: only prev's new slice ends the loop after one round. */
	PROVES("RACE-75", dispatches_of_x() == 1 && lab_runs(prev));
	PROVES("RACE-75", lab_called(prev, "stopping(0) quiescent set_weight runnable running"));
}

static void race_75_prev_stays_without_slice(void **state)
{
	struct lab_hold *gap;

	(void)state;
	setup();
	start_counting();
	gap = x_in_the_gap();
	race_change(prev);
	lab_release(gap);
	PROVES("RACE-75", dispatches_of_x() == 2 && lab_runs(prev));
}

static void race_76_prev_leaves_the_class(void **state)
{
	struct lab_hold *gap;

	(void)state;
	setup();
	gap = x_in_the_gap();
	lab_set_policy(prev, SCHED_FIFO, 5);
	lab_release(gap);
	PROVES("RACE-76", lab_runs(prev) && prev->sched_class == &rt_sched_class);
	PROVES("RACE-76", lab_called(prev, "stopping(0) quiescent(0x20000004e) disable"));
}

static void higher_class_wakes(u64 enq_flags)
{
	struct lab_hold *gap;

	setup();
	prev->scx.slice = 0;
	gap = lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC), .skip = 1); /* r comes from there as well */
	race_will_insert_flags(RACE_X, r, SCX_DSQ_LOCAL, enq_flags);
	race_will_insert(RACE_X, q, SCX_DSQ_LOCAL_ON | RACE_Y);
	race_go(RACE_X);
	assert_true(lab_held(gap) && r->scx.dsq == lab_local(RACE_X));
	lab_forget();
	lab_wake(rt);
	PROVES("RACE-77", cpu_rq(RACE_X)->next_class == &rt_sched_class);
	lab_release(gap);
	PROVES("RACE-77", lab_runs(rt));
}

static void race_77_higher_class_wakes_during_dispatch(void **state)
{
	(void)state;
	higher_class_wakes(0);
	PROVES("RACE-77", r->scx.dsq == lab_local(RACE_X) && lab_called(r, ""));
	PROVES("RACE-77", lab_called(prev, "stopping(1) enqueue(0x0)"));
}

static void race_77_immed_tasks_are_given_back(void **state)
{
	(void)state;
	higher_class_wakes(SCX_ENQ_IMMED);
	PROVES("RACE-77", !lab_local(RACE_X)->nr && lab_called(r, "enqueue(0x10000000000)"));
}

static void race_78_delivered_task_vanishes(void **state)
{
	struct lab_hold *gap;

	(void)state;
	setup();
	lab_block(prev);	/* an idle x */
	lab_forget();
	start_counting();
	gap = lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC), .skip = 1);
	race_will_insert(RACE_X, r, SCX_DSQ_LOCAL);
	race_will_insert(RACE_X, q, SCX_DSQ_LOCAL_ON | RACE_Y);
	race_go(RACE_X);
	assert_true(lab_held(gap) && lab_local(RACE_X)->nr == 1);
	race_change(r);
	PROVES("RACE-78", !lab_local(RACE_X)->nr);
	lab_release(gap);
	PROVES("RACE-78", dispatches_of_x() == 2 && rq_is_idle(cpu_rq(RACE_X)));
	PROVES("RACE-78", lab_called(r, "dequeue(0x0)@2 quiescent set_weight runnable enqueue"));
}

static void race_79_wakeup_of_a_task_still_on_its_cpu(void **state)
{
	struct lab_hold *gap;

	(void)state;
	setup();
	gap = lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC));
	race_will_insert(RACE_X, q, SCX_DSQ_LOCAL_ON | RACE_Y);
	lab_block(prev);
	assert_true(lab_held(gap) && !prev->on_rq && prev->on_cpu);
	PROVES("RACE-79", lab_called(prev, "stopping(0) quiescent(0x9)"));
	lab_wake(prev);
	PROVES("RACE-79", lab_waits(RACE_OUT, "on_cpu") && lab_called(prev, ""));
	lab_release(gap);
	PROVES("RACE-79", lab_called(prev, "select_cpu@0 runnable@0 enqueue@0"));
}

static void race_80_insert_into_a_cpu_that_is_dispatching(void **state)
{
	struct lab_hold *gap;

	(void)state;
	setup();
	lab_block(prev);
	lab_forget();
	gap = lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC));
	race_will_insert(RACE_X, q, SCX_DSQ_LOCAL_ON | RACE_Y);
	race_go(RACE_X);
	assert_true(lab_held(gap) && cpu_rq(RACE_X)->scx.flags & SCX_RQ_IN_DISPATCH);
	race_will_insert_flags(RACE_SRC, r, SCX_DSQ_LOCAL_ON | RACE_X, SCX_ENQ_PREEMPT);
	race_go(RACE_SRC);
	assert_ptr_equal(r->scx.dsq, lab_local(RACE_X));
	lab_release(gap);
	/* Found when x looked at its queue again, without another pick (an idle CPU's mark is PST-02's). */
	PROVES("RACE-80", lab_runs(r) && task_cpu(r) == RACE_X);
}

static void race_80_no_preemption_of_prev(void **state)
{
	struct lab_hold *gap;

	(void)state;
	setup();
	gap = x_in_the_gap();
	prev->scx.slice = 5 * MS;
	prev->need_resched = false;	/* of the kick, done with */
	race_will_insert_flags(RACE_SRC, r, SCX_DSQ_LOCAL_ON | RACE_X, SCX_ENQ_PREEMPT);
	race_go(RACE_SRC);
	PROVES("RACE-80", !prev->need_resched && !mevent_pending(&cpu_rq(RACE_X)->resched_ipi));
	PROVES("RACE-80", prev->scx.slice == 5 * MS && r->scx.dsq == lab_local(RACE_X));
	lab_release(gap);
	PROVES("RACE-80 RACE-75", lab_runs(prev));
}

static void race_81_insert_into_an_idle_cpu(void **state)
{
	struct lab_hold *pick;

	(void)state;
	setup();
	lab_block(prev);
	assert_true(rq_is_idle(cpu_rq(RACE_X)) && cpu_rq(RACE_X)->next_class == &idle_sched_class);
	pick = lab_hold(AT_LOCK_RQ(RACE_X, RACE_X));
	race_dispatch(RACE_SRC, r, SCX_DSQ_LOCAL_ON | RACE_X);
	PROVES("RACE-81", lab_held(pick) && cpu_rq(RACE_X)->next_class == &ext_sched_class);
	PROVES("RACE-81", cpu_rq(RACE_X)->curr->need_resched);
	lab_release(pick);
	PROVES("RACE-81", lab_runs(r) && task_cpu(r) == RACE_X);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_75_prev_gets_slice_while_the_lock_is_dropped, race_stop),
		cmocka_unit_test_teardown(race_75_prev_stays_without_slice, race_stop),
		cmocka_unit_test_teardown(race_76_prev_leaves_the_class, race_stop),
		cmocka_unit_test_teardown(race_77_higher_class_wakes_during_dispatch, race_stop),
		cmocka_unit_test_teardown(race_77_immed_tasks_are_given_back, race_stop),
		cmocka_unit_test_teardown(race_78_delivered_task_vanishes, race_stop),
		cmocka_unit_test_teardown(race_79_wakeup_of_a_task_still_on_its_cpu, race_stop),
		cmocka_unit_test_teardown(race_80_insert_into_a_cpu_that_is_dispatching, race_stop),
		cmocka_unit_test_teardown(race_80_no_preemption_of_prev, race_stop),
		cmocka_unit_test_teardown(race_81_insert_into_an_idle_cpu, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
