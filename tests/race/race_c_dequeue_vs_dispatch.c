/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 10.9 C, RACE-18 to RACE-23: a change by CPU 0 (d) against a dispatch by CPU 2 (x) that needs no dance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define CHANGE "dequeue(0x20000000a)@0 quiescent(0x20000000a)@0 set_weight@0 runnable(0xa)@0 enqueue(0xa)@0"
#define CHANGE_WITHOUT_DEQUEUE "quiescent(0x20000000a)@0 set_weight@0 runnable(0xa)@0 enqueue(0xa)@0"
#define WORD_QUEUED(brand) (((u64)(brand) << 2) | SCX_OPSS_QUEUED)

static struct task_struct *p;

static void setup_queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	assert_int_equal(lab_word(p), WORD_QUEUED(1));
}

/* x has inserted p into dsq and stands at the given point. */
static struct lab_hold *x_at(struct lab_hold *point, u64 dsq)
{
	race_dispatch(RACE_X, p, dsq);
	assert_true(lab_held(point));
	return point;
}

static void untouched_second_custody(void)
{
	PROVES("OPSS-14 OPSS-42", lab_word(p) == WORD_QUEUED(2) && !watch_transitions(p, WATCH_T5));
	PROVES("CUST-14 OPSS-40", watch_entered(p) == 2 && watch_left(p) == 1 && race_dequeue.nr == 1);
}

static void race_18_dequeue_wins(void **state)
{
	struct lab_hold *f1, *q;
	const u64 slice = 3 * MS;

	(void)state;
	setup_queued();
	p->scx.slice = slice;
	f1 = x_at(lab_hold(AT_READ_WORD(RACE_X, p), .skip = 1), SCX_DSQ_GLOBAL);
	q = lab_hold(AT_OP(RACE_OUT, "quiescent"));
	race_change(p);
	assert_true(lab_held(q));
	PROVES("RACE-18", lab_word(p) == 0 && race_dequeue.nr == 1);
	lab_release(f1);
	PROVES("RACE-18 OPSS-41 OPSS-42", !p->scx.dsq && p->scx.slice == slice && !lab_waits(RACE_X, ""));
	lab_release(q);
	PROVES("RACE-18 CUST-29", lab_called(p, CHANGE));
	untouched_second_custody();
}

static void race_19_dequeue_wins_inside_the_claim(void **state)
{
	struct lab_hold *f3, *q;

	(void)state;
	setup_queued();
	f3 = x_at(lab_hold(AT_CLAIM(RACE_X, p)), SCX_DSQ_GLOBAL);
	q = lab_hold(AT_OP(RACE_OUT, "quiescent"));
	race_change(p);
	assert_true(lab_held(q) && lab_word(p) == 0);
	lab_release(f3);
	PROVES("RACE-19 OPSS-14 OPSS-15", !p->scx.dsq && !lab_waits(RACE_X, ""));
	lab_release(q);
	PROVES("RACE-19", lab_called(p, CHANGE));
	untouched_second_custody();
}

/* x has claimed p and stands at n8, in front of the store that ends DISPATCHING; d comes and waits. */
static struct lab_hold *d_waits_for_x(u64 dsq)
{
	struct lab_hold *n8 = x_at(lab_hold(AT_STORE_WORD(RACE_X, p)), dsq);

	assert_int_equal(lab_word(p), SCX_OPSS_DISPATCHING);
	race_change(p);
	PROVES("OPSS-27 OPSS-26", lab_waits(RACE_OUT, "wait_ops_state"));
	PROVES("OPSS-27", task_rq(p)->__lock.owner && task_rq(p)->__lock.owner->cpu == RACE_OUT);
	return n8;
}

static void race_20_dispatch_to_user_dsq_wins(void **state)
{
	struct lab_hold *n8, *weight;

	(void)state;
	setup_queued();
	n8 = d_waits_for_x(SAY_DSQ);
	PROVES("RACE-20", lab_called(p, "") && p->scx.dsq == lab_user_dsq(SAY_DSQ));
	weight = lab_hold(AT_OP(RACE_OUT, "set_weight"));
	lab_release(n8);
	assert_true(lab_held(weight));
	PROVES("RACE-20", !p->scx.dsq && !lab_user_dsq(SAY_DSQ)->nr && list_empty(&p->scx.dsq_list.node));
	lab_release(weight);
	PROVES("RACE-20 CUST-22", lab_called(p, CHANGE));
	PROVES("RACE-20 OPSS-40 CUST-14", race_dequeue.nr == 1 && race_dequeue.cpu == RACE_OUT);
	PROVES("CUST-34", race_dequeue.word == 0 && race_dequeue.linked && race_dequeue.dsq == lab_user_dsq(SAY_DSQ));
	PROVES("RACE-20", lab_word(p) == WORD_QUEUED(2));
}

static void race_21_dispatch_to_global_wins(void **state)
{
	struct lab_hold *n8, *again, *weight;

	(void)state;
	setup_queued();
	n8 = d_waits_for_x(SCX_DSQ_GLOBAL);
	PROVES("RACE-21 CUST-31", lab_called(p, "dequeue(0x0)@2") && race_dequeue.linked);
	PROVES("CUST-31", race_dequeue.word == SCX_OPSS_DISPATCHING && race_dequeue.dsq == race_global());
	/* x will go and consume it; d first. */
	again = lab_hold(AT_LOCK_DSQ(RACE_X, race_global()));
	weight = lab_hold(AT_OP(RACE_OUT, "set_weight"));
	lab_release(n8);
	assert_true(lab_held(weight));
	PROVES("RACE-21", !p->scx.dsq && !race_global()->nr);
	lab_release(weight);
	if (lab_held(again))
		lab_release(again);
	PROVES("RACE-21 CUST-19", lab_called(p, CHANGE_WITHOUT_DEQUEUE));
	PROVES("RACE-21 OPSS-40", race_dequeue.nr == 1 && watch_entered(p) == 2 && watch_left(p) == 1);
	PROVES("RACE-21", lab_word(p) == WORD_QUEUED(2));
}

static void claim_lost_by_dequeue(u64 dsq)
{
	struct lab_hold *f3, *q4, *n8;

	setup_queued();
	f3 = x_at(lab_hold(AT_CLAIM(RACE_X, p)), dsq);
	q4 = lab_hold(AT_CLAIM(RACE_OUT, p));
	race_change(p);
	assert_true(lab_held(q4));
	n8 = lab_hold(AT_STORE_WORD(RACE_X, p));
	lab_release(f3);
	assert_true(lab_held(n8));
	lab_release(q4);
	PROVES("RACE-22", lab_waits(RACE_OUT, "wait_ops_state"));
	PROVES("RACE-22 CUST-34", race_dequeue.nr == (dsq == SCX_DSQ_GLOBAL));
	lab_release(n8);
	PROVES("RACE-22 OPSS-40", race_dequeue.nr == 1 && watch_entered(p) == 2 && watch_left(p) == 1);
	PROVES("RACE-22", race_dequeue.cpu == (dsq == SCX_DSQ_GLOBAL ? RACE_X : RACE_OUT));
	PROVES("RACE-22", lab_word(p) == WORD_QUEUED(2) && !watch_transitions(p, WATCH_T6));
}

static void race_22_claim_lost_to_user_dsq(void **state)
{
	(void)state;
	claim_lost_by_dequeue(SAY_DSQ);
	PROVES("RACE-22", race_dequeue.flags == 0x20000000a);
}

static void race_22_claim_lost_to_global(void **state)
{
	(void)state;
	claim_lost_by_dequeue(SCX_DSQ_GLOBAL);
	PROVES("RACE-22", race_dequeue.flags == 0);
}

/* OPSS-26: the claim is lost to a dispatch which is over already. */
static void opss_26_lost_claim_finds_none(void **state)
{
	struct lab_hold *f3, *q4;

	(void)state;
	setup_queued();
	f3 = x_at(lab_hold(AT_CLAIM(RACE_X, p)), SAY_DSQ);
	q4 = lab_hold(AT_CLAIM(RACE_OUT, p));
	race_change(p);
	assert_true(lab_held(q4));
	lab_release(f3);
	assert_int_equal(lab_word(p), 0);
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));
	lab_release(q4);
	PROVES("OPSS-26", !lab_waits(RACE_OUT, "") && lab_called(p, CHANGE));
	PROVES("OPSS-26 OPSS-27", lab_word(p) == WORD_QUEUED(2) && !lab_user_dsq(SAY_DSQ)->nr);
}

static void race_23_custody_seen_clear(void **state)
{
	struct lab_hold *f3, *q3, *n6;

	(void)state;
	setup_queued();
	f3 = x_at(lab_hold(AT_CLAIM(RACE_X, p)), SCX_DSQ_GLOBAL);
	q3 = lab_hold(AT_READ_FLAGS(RACE_OUT, p));
	race_change(p);
	assert_true(lab_held(q3));
	assert_int_equal(lab_word(p), WORD_QUEUED(1));
	n6 = lab_hold(AT_UNLOCK_DSQ(RACE_X, race_global()));
	lab_release(f3);
	assert_true(lab_held(n6));
	assert_int_equal(lab_word(p), SCX_OPSS_DISPATCHING);
	assert_false(p->scx.flags & SCX_TASK_IN_CUSTODY);
	lab_release(q3);
	PROVES("RACE-23 OPSS-29", lab_waits(RACE_OUT, "wait_ops_state") && !race_dequeue.nr);
	PROVES("RACE-23 OPSS-29", lab_called(p, ""));
	lab_release(n6);
	PROVES("RACE-23 OPSS-29", race_dequeue.nr == 1 && race_dequeue.cpu == RACE_X && race_dequeue.flags == 0);
	PROVES("RACE-23", !watch_transitions(p, WATCH_T6) && watch_left(p) == 1);
	PROVES("RACE-23", lab_word(p) == WORD_QUEUED(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_18_dequeue_wins, race_stop),
		cmocka_unit_test_teardown(race_19_dequeue_wins_inside_the_claim, race_stop),
		cmocka_unit_test_teardown(race_20_dispatch_to_user_dsq_wins, race_stop),
		cmocka_unit_test_teardown(race_21_dispatch_to_global_wins, race_stop),
		cmocka_unit_test_teardown(race_22_claim_lost_to_user_dsq, race_stop),
		cmocka_unit_test_teardown(race_22_claim_lost_to_global, race_stop),
		cmocka_unit_test_teardown(opss_26_lost_claim_finds_none, race_stop),
		cmocka_unit_test_teardown(race_23_custody_seen_clear, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
