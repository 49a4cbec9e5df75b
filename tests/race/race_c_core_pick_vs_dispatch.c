/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 C, RACE-33 to RACE-36: a pick of core scheduling against a dispatch
 * by CPU 2 (x). The port has no such pick; CPU 0 does what it would do under
 * the lock of p's rq, and puts p back at once (race_core_pick()).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define WORD_QUEUED(brand) (((u64)(brand) << 2) | SCX_OPSS_QUEUED)
#define PUT_BACK "enqueue(0x0)@0"

static struct task_struct *p;

static void x_at(struct lab_hold *point, u64 dsq)
{
	race_dispatch(RACE_X, p, dsq);
	assert_true(lab_held(point));
}

static void setup_queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
}

static void race_33_pick_wins_against_the_claim(void **state)
{
	struct lab_hold *f3, *running;

	(void)state;
	setup_queued();
	x_at(f3 = lab_hold(AT_CLAIM(RACE_X, p)), SCX_DSQ_GLOBAL);
	running = lab_hold(AT_OP(RACE_OUT, "running"));
	race_core_pick(p);
	assert_true(lab_held(running));
	PROVES("RACE-33 CUST-35", race_dequeue.nr == 1 && race_dequeue.flags == SCX_DEQ_CORE_SCHED_EXEC);
	PROVES("RACE-33 CUST-20 CUST-23", lab_word(p) == 0 && !(p->scx.flags & SCX_TASK_IN_CUSTODY));
	lab_release(f3);
	PROVES("RACE-33", !p->scx.dsq && !race_global()->nr && !lab_waits(RACE_X, ""));
	lab_release(running);
	PROVES("RACE-33 CUST-35", lab_called(p, "dequeue(0x100000000)@0 running@0 " PUT_BACK));
	PROVES("RACE-33 OPSS-20", lab_word(p) == WORD_QUEUED(2) && !watch_transitions(p, WATCH_T5));
}

/* x has linked p and still has to store NONE. */
static struct lab_hold *pick_waits_for_x(u64 dsq)
{
	struct lab_hold *n8;

	setup_queued();
	x_at(n8 = lab_hold(AT_STORE_WORD(RACE_X, p)), dsq);
	race_core_pick(p);
	PROVES("OPSS-20 OPSS-27", lab_waits(RACE_OUT, "wait_ops_state"));
	return n8;
}

static void race_34_pick_loses_to_user_dsq(void **state)
{
	struct lab_hold *n8, *running;

	(void)state;
	n8 = pick_waits_for_x(SAY_DSQ);
	PROVES("RACE-34", lab_called(p, ""));
	running = lab_hold(AT_OP(RACE_OUT, "running"));
	lab_release(n8);
	assert_true(lab_held(running));
	PROVES("RACE-34", !p->scx.dsq && !lab_user_dsq(SAY_DSQ)->nr);
	PROVES("RACE-34 CUST-35", race_dequeue.linked && race_dequeue.dsq == lab_user_dsq(SAY_DSQ));
	lab_release(running);
	PROVES("RACE-34 CUST-23", lab_called(p, "dequeue(0x100000000)@0 running@0 " PUT_BACK) && race_dequeue.nr == 1);
}

static void race_35_pick_loses_to_global(void **state)
{
	struct lab_hold *n8, *again, *running;

	(void)state;
	n8 = pick_waits_for_x(SCX_DSQ_GLOBAL);
	again = lab_hold(AT_LOCK_DSQ(RACE_X, race_global()));
	running = lab_hold(AT_OP(RACE_OUT, "running"));
	lab_release(n8);
	assert_true(lab_held(running));
	PROVES("RACE-35", !p->scx.dsq && !race_global()->nr);
	lab_release(running);
	if (lab_held(again))
		lab_release(again);
	PROVES("RACE-35 CUST-19", lab_called(p, "dequeue(0x0)@2 running@0 " PUT_BACK));
	PROVES("RACE-35 OPSS-40", race_dequeue.nr == 1 && watch_entered(p) == 2 && watch_left(p) == 1);
}

static void race_36_pick_against_a_dance(void **state)
{
	struct lab_hold *l3b, *running;

	(void)state;
	setup_queued();
	x_at(l3b = lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC)), SCX_DSQ_LOCAL_ON | RACE_Y);
	assert_int_equal(p->scx.holding_cpu, RACE_X);
	running = lab_hold(AT_OP(RACE_OUT, "running"));
	race_core_pick(p);
	assert_true(lab_held(running));
	PROVES("RACE-36 OPSS-32", p->scx.holding_cpu == -1 && race_dequeue.holding_cpu == RACE_X);
	lab_release(running);
	PROVES("RACE-36", lab_called(p, "dequeue(0x100000000)@0 running@0 " PUT_BACK));
	lab_release(l3b);
	PROVES("RACE-36 OPSS-34", lab_called(p, "") && lab_word(p) == WORD_QUEUED(2) && task_cpu(p) == RACE_SRC);
	PROVES("RACE-36 OPSS-40", race_dequeue.nr == 1 && watch_left(p) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_33_pick_wins_against_the_claim, race_stop),
		cmocka_unit_test_teardown(race_34_pick_loses_to_user_dsq, race_stop),
		cmocka_unit_test_teardown(race_35_pick_loses_to_global, race_stop),
		cmocka_unit_test_teardown(race_36_pick_against_a_dance, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
