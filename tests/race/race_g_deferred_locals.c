/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 G: verdicts for another CPU's local DSQ that wait for deferred work.
 * p and q are of the rq of CPU 1, their verdict is the local DSQ of CPU 3.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define REMOTE (SCX_DSQ_LOCAL_ON | RACE_Y)

static struct task_struct *p, *q;
static struct lab_hold *work;	/* CPU 1 in front of the lock that its deferred work takes */

static bool on_deferred_list(const struct task_struct *t)
{
	const struct list_head *pos, *list = &cpu_rq(RACE_SRC)->scx.ddsp_deferred_locals;

	for (pos = list->next; pos != list; pos = pos->next)
		if (pos == &t->scx.dsq_list.node)
			return true;
	return false;
}

/* p, and q behind it, wait on the deferred list. */
static void setup_deferred(void)
{
	race_start();
	q = race_task("q", RACE_SRC);
	p = race_queued("p", RACE_SRC);
	lab_wake(q);
	work = lab_hold(AT_LOCK_RQ(RACE_SRC, RACE_SRC));
	say.dsq = REMOTE;
	race_change(p);
	race_change(q);
	say.dsq = 0;
	assert_true(lab_held(work) && on_deferred_list(p) && on_deferred_list(q));
	assert_true(lab_word(p) == SCX_OPSS_NONE && !p->scx.dsq);
	lab_forget();
	race_dequeue.nr = 0;
}

static void race_63_property_change_before_the_work(void **state)
{
	(void)state;
	setup_deferred();
	race_change(p);
	PROVES("RACE-63", lab_called(p, "quiescent(0x20000000a) set_weight runnable(0xa) enqueue(0xa)"));
	PROVES("RACE-63 OPSS-32", !on_deferred_list(p) && p->scx.ddsp_dsq_id == SCX_DSQ_INVALID && on_deferred_list(q));
	lab_release(work);
	PROVES("RACE-63", lab_called(p, "") && (lab_word(p) & 3) == SCX_OPSS_QUEUED && race_dequeue.nr == 0);
	PROVES("RACE-63", lab_called(q, "running@3"));
}

static void race_64_property_change_during_the_dance(void **state)
{
	struct lab_hold *l4;

	(void)state;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = REMOTE;
	/* The waker, CPU 0, carries it out with the lock of CPU 1's rq. */
	l4 = lab_hold(AT_HOLDING(RACE_OUT, p, YIELD_READ), .skip = 1);
	lab_wake(p);
	assert_true(lab_held(l4));
	PROVES("RACE-64 OPSS-31", p->scx.holding_cpu == RACE_OUT && p->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	PROVES("RACE-64", cpu_rq(RACE_SRC)->__lock.owner && cpu_rq(RACE_SRC)->__lock.owner->cpu == RACE_OUT);
	lab_from(RACE_X);
	say.dsq = 0;
	lab_forget();
	race_change(p);
	/* The waker has pi_lock as well; either way the change is kept out. */
	PROVES("RACE-64", lab_waits(RACE_X, "") && lab_called(p, ""));
	lab_release(l4);
	PROVES("RACE-64 CUST-19", task_cpu(p) == RACE_Y && race_dequeue.nr == 0);
}

static void race_65_lock_dropped_between_two_tasks(void **state)
{
	struct lab_hold *m5b;

	(void)state;
	setup_deferred();
	m5b = lab_hold(AT_LOCK_RQ(RACE_SRC, RACE_Y));
	lab_release(work);
	assert_true(lab_held(m5b) && p->on_rq == TASK_ON_RQ_MIGRATING && on_deferred_list(q));
	race_change(q);
	PROVES("RACE-65", lab_called(q, "quiescent set_weight runnable enqueue") && !on_deferred_list(q));
	lab_release(m5b);
	PROVES("RACE-65", lab_called(p, "running@3") && lab_called(q, ""));
	PROVES("RACE-65", (lab_word(q) & 3) == SCX_OPSS_QUEUED && task_cpu(q) == RACE_SRC);
}

static void bypass(void *on)
{
	scx_bypass(scx_root, on);
}

static void race_66_bypass_before_the_work(void **state)
{
	(void)state;
	setup_deferred();
	lab_outside(bypass, p);
	PROVES("RACE-66", p->scx.dsq == bypass_dsq(scx_root, RACE_SRC) && p->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	PROVES("RACE-66 CUST-19", lab_called(p, "quiescent(0x20000000e) runnable(0xe)"));
	PROVES("RACE-66", !on_deferred_list(p) && !on_deferred_list(q));
	lab_release(work);
	PROVES("RACE-66", race_dequeue.nr == 0 && task_cpu(p) == RACE_SRC);
	lab_outside(bypass, NULL);
}

static void race_67_a_wakeup_does_its_own_deferred_work(void **state)
{
	struct lab_hold *activated, *unlock;

	(void)state;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = REMOTE;
	activated = lab_hold(.cpu = RACE_OUT, .label = "on_rq", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->on_rq);
	lab_wake(p);
	assert_true(lab_held(activated) && on_deferred_list(p));
	PROVES("RACE-67", !cpu_rq(RACE_SRC)->scx.deferred_irq_work.pending);
	unlock = lab_hold(AT_UNLOCK_RQ(RACE_OUT, RACE_SRC));
	lab_release(activated);
	/* Not dropped before the task was on its way. */
	PROVES("RACE-67", lab_held(unlock) && p->on_rq == TASK_ON_RQ_MIGRATING && task_cpu(p) == RACE_Y);
	PROVES("RACE-67", !cpu_rq(RACE_SRC)->scx.deferred_irq_work.pending);
	lab_release(unlock);
	PROVES("RACE-67", lab_called(p, "select_cpu runnable enqueue running@3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_63_property_change_before_the_work, race_stop),
		cmocka_unit_test_teardown(race_64_property_change_during_the_dance, race_stop),
		cmocka_unit_test_teardown(race_65_lock_dropped_between_two_tasks, race_stop),
		cmocka_unit_test_teardown(race_66_bypass_before_the_work, race_stop),
		cmocka_unit_test_teardown(race_67_a_wakeup_does_its_own_deferred_work, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
