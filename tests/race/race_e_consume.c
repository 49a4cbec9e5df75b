/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 E: consuming a DSQ against changes and dispatches. p waits on a user
 * DSQ, its rq is CPU 1's, c is CPU 3 and consumes. RACE-49 to RACE-51 are also in
 * tests/spec/ch10_waits.c, which looks at the waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define CHANGE "dequeue(0x20000000a)@0 quiescent(0x20000000a)@0 set_weight@0 runnable(0xa)@0 enqueue(0xa)@0"
#define WORD_QUEUED(brand) (((u64)(brand) << 2) | SCX_OPSS_QUEUED)

static struct task_struct *p, *q;
static struct scx_dispatch_q *user;

/* p and q wait on the user DSQ in this order. */
static void setup_on_user_dsq(void)
{
	race_start();
	q = race_task("q", RACE_SRC);
	p = race_queued("p", RACE_SRC);
	lab_wake(q);
	race_dispatch(RACE_X, p, SAY_DSQ);
	race_dispatch(RACE_X, q, SAY_DSQ);
	user = lab_user_dsq(SAY_DSQ);
	assert_int_equal(user->nr, 2);
	lab_forget();
}

static struct lab_hold *c_at(struct lab_hold *point)
{
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	assert_true(lab_held(point));
	return point;
}

static void race_43_dequeue_first(void **state)
{
	struct lab_hold *c2;

	(void)state;
	setup_on_user_dsq();
	c2 = c_at(lab_hold(AT_LOCK_DSQ(RACE_Y, user)));
	race_change(p);
	PROVES("RACE-43", lab_called(p, CHANGE));
	lab_release(c2);
	PROVES("RACE-43", lab_called(p, "") && lab_called(q, "dequeue(0x0)@3 running@3"));
	PROVES("RACE-43", lab_word(p) == WORD_QUEUED(2));
}

static void race_44_dequeue_in_the_gap(void **state)
{
	struct lab_hold *c7;

	(void)state;
	setup_on_user_dsq();
	c7 = c_at(lab_hold(AT_LOCK_RQ(RACE_Y, RACE_SRC)));
	PROVES("RACE-44 OPSS-31 OPSS-INV-07", p->scx.holding_cpu == RACE_Y && p->scx.dsq == user && user->nr == 1);
	race_change(p);
	PROVES("RACE-44 OPSS-33", lab_called(p, CHANGE) && race_dequeue.holding_cpu == RACE_Y && race_dequeue.dsq == user);
	PROVES("RACE-44 OPSS-33", p->scx.holding_cpu == -1 && !p->scx.dsq);
	lab_release(c7);
	/* Lost, so it began anew at the head and found q. */
	PROVES("RACE-44 OPSS-34", lab_called(p, "") && lab_called(q, "dequeue(0x0)@3 running@3"));
	PROVES("RACE-44 OPSS-40", watch_entered(p) == 2 && watch_left(p) == 1);
}

static void race_45_dequeue_blocked_on_the_dsq_lock(void **state)
{
	struct lab_hold *c4, *c7;

	(void)state;
	setup_on_user_dsq();
	c4 = c_at(lab_hold(AT_HOLDING(RACE_Y, p, YIELD_WRITE)));
	race_change(p);
	PROVES("RACE-45", lab_waits(RACE_OUT, "dsq->lock") && race_dequeue.nr == 1);
	c7 = lab_hold(AT_LOCK_RQ(RACE_Y, RACE_SRC));
	lab_release(c4);
	assert_true(lab_held(c7));
	PROVES("RACE-45 OPSS-33", lab_called(p, CHANGE) && p->scx.holding_cpu == -1 && lab_word(p) == WORD_QUEUED(2));
	lab_release(c7);
	PROVES("RACE-45", lab_called(p, "") && lab_called(q, "dequeue(0x0)@3 running@3"));
}

static void race_46_consume_wins(void **state)
{
	struct lab_hold *c8, *d;

	(void)state;
	setup_on_user_dsq();
	d = lab_hold(AT_LOCK_RQ(RACE_OUT, RACE_SRC));
	race_change(p);
	assert_true(lab_held(d));
	c8 = c_at(lab_hold(AT_OP(RACE_Y, "running")));
	PROVES("RACE-46 CUST-37", race_dequeue.nr == 1 && race_dequeue.dsq == lab_local(RACE_Y) &&
	       race_dequeue.locked_cpu == RACE_Y);
	lab_release(c8);
	lab_release(d);
	PROVES("RACE-46 CUST-19", lab_called(p, "dequeue(0x0)@3 running@3 stopping(0)@0 quiescent set_weight runnable running"));
	PROVES("RACE-46 OPSS-40", race_dequeue.nr == 1 && task_cpu(p) == RACE_Y);
}

static void race_47_local_consume_excludes_a_dequeue(void **state)
{
	struct lab_hold *link, *deq;

	(void)state;
	setup_on_user_dsq();
	race_will_consume(RACE_SRC, SAY_DSQ);
	link = lab_hold(AT_UNLOCK_DSQ(RACE_SRC, user));
	deq = lab_hold(AT_OP(RACE_SRC, "dequeue"));
	race_go(RACE_SRC);
	assert_true(lab_held(link));
	race_change(p);
	PROVES("RACE-47", lab_waits(RACE_OUT, "rq") && !race_dequeue.nr);
	lab_release(link);
	/* The callback comes without the DSQ's lock. */
	PROVES("RACE-47 CUST-33", lab_held(deq) && !user->lock.owner && p->scx.dsq == lab_local(RACE_SRC));
	lab_release(deq);
	PROVES("RACE-47", lab_called(p, "dequeue(0x0)@1 running@1 stopping(0)@0 quiescent set_weight runnable running"));
}

static void race_48_two_consumers(void **state)
{
	struct lab_hold *c1;

	(void)state;
	setup_on_user_dsq();
	c1 = c_at(lab_hold(AT_LOCK_RQ(RACE_Y, RACE_SRC)));
	race_will_consume(RACE_X, SAY_DSQ);
	race_go(RACE_X);
	PROVES("RACE-48", lab_called(q, "dequeue(0x0)@2 running@2") && lab_called(p, ""));
	lab_release(c1);
	PROVES("RACE-48", lab_called(p, "dequeue(0x0)@3 running@3") && !user->nr);
}

/* Consume, walk and move of a task whose dispatcher still has to store NONE. */
static struct lab_hold *dispatching_on(u64 dsq)
{
	struct lab_hold *n8;

	race_start();
	p = race_queued("p", RACE_SRC);
	user = lab_user_dsq(SAY_DSQ);
	n8 = lab_hold(AT_STORE_WORD(RACE_X, p));
	race_dispatch(RACE_X, p, dsq);
	assert_true(lab_held(n8));
	return n8;
}

static void race_49_consume_of_a_dispatching_task(void **state)
{
	struct lab_hold *n8 = dispatching_on(SAY_DSQ);

	(void)state;
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	PROVES("RACE-49", lab_waits(RACE_Y, "wait_ops_state") && !race_dequeue.nr && !lab_local(RACE_Y)->nr);
	PROVES("RACE-49", p->on_rq == TASK_ON_RQ_QUEUED && p->scx.sticky_cpu == -1);
	lab_release(n8);
	PROVES("RACE-49", lab_called(p, "dequeue(0x0)@3 running@3") && race_dequeue.word == SCX_OPSS_NONE);
}

static void race_52_consume_from_global_while_the_callback_runs(void **state)
{
	struct lab_hold *callback, *y;

	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	callback = lab_hold(AT_OP_RETURN(RACE_X, "dequeue"));
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	assert_true(lab_held(callback));
	race_go(RACE_Y);
	PROVES("RACE-52", lab_waits(RACE_Y, "wait_ops_state") && !lab_local(RACE_Y)->nr);
	PROVES("RACE-52", lab_called(p, "dequeue(0x0)@2"));
	y = lab_hold(AT_OP(RACE_Y, "running"));
	lab_release(callback);
	PROVES("RACE-52", lab_held(y) && lab_called(p, ""));
	lab_release(y);
	PROVES("RACE-52 CUST-19", lab_called(p, "running@3"));
}

static void race_53_consume_retry_finds_nothing(void **state)
{
	struct lab_hold *c7, *again;

	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	race_dispatch(RACE_X, p, SAY_DSQ);
	user = lab_user_dsq(SAY_DSQ);
	c7 = c_at(lab_hold(AT_LOCK_RQ(RACE_Y, RACE_SRC)));
	race_change(p);
	lab_forget();
	again = lab_hold(AT_LOCK_DSQ(RACE_Y, user));
	lab_release(c7);
	PROVES("RACE-53", !lab_held(again)); /* the peek was enough */
	PROVES("RACE-53", lab_happened(NULL, "... .dsq_move_to_local@3 ...") && !lab_local(RACE_Y)->nr);
	PROVES("RACE-53 OPSS-34", lab_word(p) == WORD_QUEUED(2) && task_cpu(p) == RACE_SRC);
}

static struct bpf_iter_scx_dsq parked;

static void park(void *arg)
{
	(void)arg;
	bpf_iter_scx_dsq_new(&parked, SAY_DSQ, 0);
	PROVES("RACE-54", bpf_iter_scx_dsq_next(&parked) == p);
}

static void unpark(void *arg)
{
	(void)arg;
	bpf_iter_scx_dsq_destroy(&parked);
}

static void race_54_only_a_cursor_left(void **state)
{
	struct lab_hold *c2;

	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	race_dispatch(RACE_X, p, SAY_DSQ);
	user = lab_user_dsq(SAY_DSQ);
	lab_outside(park, NULL);
	race_change(p);
	PROVES("RACE-54", !user->nr && !list_empty(&user->list));
	/* "Not empty" by the peek, so the lock is taken; then nothing. */
	c2 = c_at(lab_hold(AT_LOCK_DSQ(RACE_Y, user)));
	lab_release(c2);
	PROVES("RACE-54", !lab_local(RACE_Y)->nr && lab_word(p) == WORD_QUEUED(2) && rq_is_idle(cpu_rq(RACE_Y)));
	lab_outside(unpark, NULL);
}

static void race_55_a_consuming_loop_ends_when_the_policy_ends(void **state)
{
	struct lab_hold *c3;

	(void)state;
	setup_on_user_dsq();
	c3 = c_at(lab_hold(.cpu = RACE_Y, .label = "aborting", .kinds = LAB_KIND(YIELD_READ)));
	PROVES("RACE-55", user->lock.owner && user->nr == 2);
	scx_root->aborting = true;
	lab_release(c3);
	PROVES("RACE-55", user->nr == 2 && !user->lock.owner && lab_called(p, "") && lab_called(q, ""));
	scx_root->aborting = false;
}

static void bypass(void *on)
{
	scx_bypass(scx_root, on);
}

static void race_55_but_goes_on_with_a_bypass_dsq(void **state)
{
	struct lab_hold *pick;

	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	pick = lab_hold(AT_LOCK_RQ(RACE_SRC, RACE_SRC));
	lab_outside(bypass, p);
	assert_ptr_equal(p->scx.dsq, bypass_dsq(scx_root, RACE_SRC));
	scx_root->aborting = true;
	lab_release(pick);
	PROVES("RACE-55", lab_runs(p));
	scx_root->aborting = false;
	lab_outside(bypass, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_43_dequeue_first, race_stop),
		cmocka_unit_test_teardown(race_44_dequeue_in_the_gap, race_stop),
		cmocka_unit_test_teardown(race_45_dequeue_blocked_on_the_dsq_lock, race_stop),
		cmocka_unit_test_teardown(race_46_consume_wins, race_stop),
		cmocka_unit_test_teardown(race_47_local_consume_excludes_a_dequeue, race_stop),
		cmocka_unit_test_teardown(race_48_two_consumers, race_stop),
		cmocka_unit_test_teardown(race_49_consume_of_a_dispatching_task, race_stop),
		cmocka_unit_test_teardown(race_52_consume_from_global_while_the_callback_runs, race_stop),
		cmocka_unit_test_teardown(race_53_consume_retry_finds_nothing, race_stop),
		cmocka_unit_test_teardown(race_54_only_a_cursor_left, race_stop),
		cmocka_unit_test_teardown(race_55_a_consuming_loop_ends_when_the_policy_ends, race_stop),
		cmocka_unit_test_teardown(race_55_but_goes_on_with_a_bypass_dsq, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
