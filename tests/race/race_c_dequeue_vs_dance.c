/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 C, RACE-24 to RACE-32: a change by CPU 0 (d) against a dispatch into
 * a local DSQ. p is of the rq of CPU 1 (src), x is CPU 2 unless it is src itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define CHANGE "dequeue(0x20000000a)@0 quiescent(0x20000000a)@0 set_weight@0 runnable(0xa)@0 enqueue(0xa)@0"
#define CHANGE_WITHOUT_DEQUEUE "quiescent(0x20000000a)@0 set_weight@0 runnable(0xa)@0 enqueue(0xa)@0"
#define WORD_QUEUED(brand) (((u64)(brand) << 2) | SCX_OPSS_QUEUED)
#define REMOTE (SCX_DSQ_LOCAL_ON | RACE_Y)

static struct task_struct *p;
static u64 slice_before;

static void setup_queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	p->scx.slice = slice_before = 3 * MS;
	assert_int_equal(lab_word(p), WORD_QUEUED(1));
}

static struct lab_hold *x_at(struct lab_hold *point, u64 dsq)
{
	race_dispatch(RACE_X, p, dsq);
	assert_true(lab_held(point));
	return point;
}

/* L3b: x has let p go, dropped its own lock and is about to ask for p's. */
static struct lab_hold *x_at_l3b(u64 dsq)
{
	struct lab_hold *h = x_at(lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC)), dsq);

	PROVES("OPSS-31", p->scx.holding_cpu == RACE_X && lab_word(p) == 0 && !p->scx.dsq);
	PROVES("OPSS-43", !cpu_rq(RACE_X)->__lock.owner);
	return h;
}

static void x_was_silent(u32 brand)
{
	PROVES("OPSS-34 OPSS-42", lab_called(p, ""));
	PROVES("OPSS-34", lab_word(p) == WORD_QUEUED(brand) && p->scx.holding_cpu == -1 && !p->scx.dsq);
	PROVES("OPSS-41", p->scx.slice == slice_before);
	PROVES("OPSS-34", !cpu_rq(RACE_X)->__lock.owner && !cpu_rq(RACE_SRC)->__lock.owner);
}

static void race_24_dequeue_gets_the_lock_first(void **state)
{
	struct lab_hold *l3b, *l4;

	(void)state;
	setup_queued();
	l3b = x_at_l3b(REMOTE);
	race_change(p);
	PROVES("RACE-24 CUST-14", lab_called(p, CHANGE) && race_dequeue.nr == 1);
	PROVES("RACE-24 OPSS-32", race_dequeue.holding_cpu == RACE_X && p->scx.holding_cpu == -1);
	PROVES("RACE-24 CUST-34", race_dequeue.word == 0 && !race_dequeue.dsq && !race_dequeue.linked);
	l4 = lab_hold(AT_HOLDING(RACE_X, p, YIELD_READ));
	lab_release(l3b);
	assert_true(lab_held(l4));
	PROVES("OPSS-34", cpu_rq(RACE_SRC)->__lock.owner && cpu_rq(RACE_SRC)->__lock.owner->cpu == RACE_X);
	lab_release(l4);
	x_was_silent(2);
	PROVES("RACE-24 OPSS-40", race_dequeue.nr == 1 && watch_entered(p) == 2 && watch_left(p) == 1);
}

static void race_25_dequeue_is_waiting_already(void **state)
{
	struct lab_hold *l2;

	(void)state;
	setup_queued();
	l2 = x_at(lab_hold(AT_STORE_WORD(RACE_X, p)), REMOTE);
	PROVES("OPSS-31", p->scx.holding_cpu == RACE_X && lab_word(p) == SCX_OPSS_DISPATCHING);
	race_change(p);
	PROVES("RACE-25 OPSS-27", lab_waits(RACE_OUT, "wait_ops_state") && !race_dequeue.nr);
	lab_release(l2);
	PROVES("RACE-25 OPSS-43", lab_called(p, CHANGE) && race_dequeue.holding_cpu == RACE_X);
	x_was_silent(2);
	PROVES("RACE-25 OPSS-40", race_dequeue.nr == 1 && watch_left(p) == 1);
}

/* d has the source's lock and waits for x, which waits for that lock. */
static bool in_deadlock(void)
{
	return lab_waits(RACE_OUT, "wait_ops_state") && lab_waits(RACE_X, "rq_lock") &&
	       cpu_rq(RACE_SRC)->__lock.owner;
}

/* Without onlooker and invariants, which would speak up before it came to a deadlock. */
static void race_25_neither_waits_for_ever(void **state)
{
	struct lab_hold *claimed;

	(void)state;
	say_nothing(NULL);
	lab_start(.cpus = 3, .mode = RUN_EXPLORED);
	lab_by_hand();
	p = lab_task("p", .cpu = RACE_SRC);
	lab_load(&say_ops);
	lab_from(RACE_OUT);
	lab_wake(p);
	say.give = p;
	say.give_dsq = SCX_DSQ_LOCAL;
	claimed = lab_hold(AT_HOLDING(RACE_X, p, YIELD_WRITE));
	lab_kick(RACE_X, 0);
	assert_true(lab_held(claimed));
	lab_forget();
	lab_set_nice(p, 5);
	PROVES("RACE-25", lab_waits(RACE_OUT, "wait_ops_state") && lab_word(p) == SCX_OPSS_DISPATCHING);
	lab_release(claimed);
	PROVES("RACE-25 OPSS-43", !in_deadlock());
	PROVES("RACE-25", lab_called(p, CHANGE) && !lab_waits(RACE_OUT, "") && !lab_waits(RACE_X, ""));
}

/* y must not take p from its local DSQ before we have looked. */
static struct lab_hold *y_asleep(void)
{
	return lab_hold(AT_LOCK_RQ(RACE_Y, RACE_Y));
}

static void race_26_dance_wins(void **state)
{
	struct lab_hold *d, *y;

	(void)state;
	setup_queued();
	d = lab_hold(AT_LOCK_RQ(RACE_OUT, RACE_SRC));
	race_change(p);
	assert_true(lab_held(d));
	y = y_asleep();
	race_dispatch(RACE_X, p, REMOTE);
	assert_true(lab_held(y));
	PROVES("RACE-26 CUST-31", lab_called(p, "dequeue(0x0)@2") && race_dequeue.sticky_cpu == -1);
	PROVES("RACE-26 CUST-37", race_dequeue.locked_cpu == RACE_Y && race_dequeue.word == 0);
	PROVES("RACE-26", p->scx.dsq == lab_local(RACE_Y) && task_cpu(p) == RACE_Y);
	lab_release(d);
	PROVES("RACE-26 OPSS-37 CUST-19", lab_called(p, CHANGE_WITHOUT_DEQUEUE));
	PROVES("RACE-26 OPSS-40", race_dequeue.nr == 1 && !lab_local(RACE_Y)->nr);
	PROVES("RACE-26", lab_word(p) == WORD_QUEUED(2) && task_cpu(p) == RACE_Y);
	lab_release(y);
}

/* x stands in M5, the source's lock still held or dropped already. */
static void dequeue_during_migrating(bool src_locked)
{
	struct lab_hold *x, *y;

	setup_queued();
	y = y_asleep();
	x = src_locked ? lab_hold(AT_UNLOCK_RQ(RACE_X, RACE_SRC)) : lab_hold(AT_LOCK_RQ(RACE_X, RACE_Y));
	x_at(x, REMOTE);
	PROVES("OPSS-36 OPSS-INV-09", p->scx.sticky_cpu == RACE_Y && p->on_rq == TASK_ON_RQ_MIGRATING);
	race_change(p);
	PROVES("RACE-27 OPSS-37", lab_waits(RACE_OUT, src_locked ? "rq" : "migrating") && lab_called(p, ""));
	lab_release(x);
	PROVES("RACE-27", lab_called(p, "dequeue(0x0)@2 " CHANGE_WITHOUT_DEQUEUE));
	PROVES("RACE-27 OPSS-40", race_dequeue.nr == 1 && race_dequeue.sticky_cpu == -1);
	PROVES("RACE-27", task_cpu(p) == RACE_Y && lab_word(p) == WORD_QUEUED(2));
	lab_release(y);
}

static void race_27_dequeue_waits_for_the_source_lock(void **state)
{
	(void)state;
	dequeue_during_migrating(true);
}

static void race_27_dequeue_finds_the_task_migrating(void **state)
{
	(void)state;
	dequeue_during_migrating(false);
}

static void race_28_holding_cpu_is_used_again(void **state)
{
	struct lab_hold *x, *y;

	(void)state;
	setup_queued();
	x = x_at_l3b(SCX_DSQ_LOCAL);
	race_change(p);
	assert_int_equal(lab_word(p), WORD_QUEUED(2));
	lab_forget();
	y = lab_hold(AT_LOCK_RQ(RACE_Y, RACE_SRC));
	race_dispatch(RACE_Y, p, SCX_DSQ_LOCAL);
	assert_true(lab_held(y));
	PROVES("RACE-28", p->scx.holding_cpu == RACE_Y && lab_word(p) == 0);
	lab_release(x);
	PROVES("RACE-28 OPSS-34 OPSS-INV-13", p->scx.holding_cpu == RACE_Y && lab_called(p, ""));
	lab_release(y);
	PROVES("RACE-28 OPSS-34 OPSS-35", lab_called(p, "dequeue(0x0)@3 running@3") && task_cpu(p) == RACE_Y);
	PROVES("RACE-28 OPSS-40", race_dequeue.nr == 2 && watch_entered(p) == 2 && watch_left(p) == 2);
}

static void race_29_task_moved_to_another_rq_meanwhile(void **state)
{
	struct lab_hold *x;

	(void)state;
	setup_queued();
	x = x_at_l3b(SCX_DSQ_LOCAL);
	lab_set_cpus(p, 1 << RACE_Y);
	assert_int_equal(task_cpu(p), RACE_Y);
	lab_forget();
	lab_release(x);
	/* The rq that x has locked is not the task's, and nothing warns of that. */
	x_was_silent(3);
	PROVES("RACE-29 OPSS-34", task_cpu(p) == RACE_Y && race_dequeue.nr == 2);
}

static void race_30_dance_onto_the_same_rq(void **state)
{
	struct lab_hold *l4, *n8, *src;

	(void)state;
	setup_queued();
	l4 = x_at(lab_hold(AT_HOLDING(RACE_X, p, YIELD_READ), .skip = 1), SCX_DSQ_LOCAL_ON | RACE_SRC);
	assert_int_equal(p->scx.holding_cpu, RACE_X);
	race_change(p);
	PROVES("RACE-30", lab_waits(RACE_OUT, "rq") && !race_dequeue.nr);
	src = lab_hold(AT_LOCK_RQ(RACE_SRC, RACE_SRC));
	n8 = lab_hold(AT_STORE_WORD(RACE_X, p));
	lab_release(l4);
	PROVES("RACE-30", !lab_held(n8));	/* no CLEAR_OPSS: L2 stored NONE already */
	PROVES("RACE-30 CUST-31 CUST-37", race_dequeue.nr == 1 && race_dequeue.holding_cpu == -1 &&
	       race_dequeue.locked_cpu == RACE_SRC && race_dequeue.dsq == lab_local(RACE_SRC));
	PROVES("RACE-30", lab_called(p, "dequeue(0x0)@2 " CHANGE_WITHOUT_DEQUEUE));
	lab_release(src);
}

static void race_30_dequeue_before_l3b_wins(void **state)
{
	struct lab_hold *l3b;

	(void)state;
	setup_queued();
	l3b = x_at_l3b(SCX_DSQ_LOCAL_ON | RACE_SRC);
	race_change(p);
	PROVES("RACE-30", lab_called(p, CHANGE));
	lab_release(l3b);
	x_was_silent(2);
}

static void race_31_from_the_source_cpu_to_a_remote_local_dsq(void **state)
{
	struct lab_hold *l4, *l7;

	(void)state;
	setup_queued();
	l4 = lab_hold(AT_HOLDING(RACE_SRC, p, YIELD_READ), .skip = 1);
	race_dispatch(RACE_SRC, p, REMOTE);
	assert_true(lab_held(l4));
	PROVES("RACE-31 OPSS-31", p->scx.holding_cpu == RACE_SRC && lab_word(p) == 0);
	PROVES("RACE-31", cpu_rq(RACE_SRC)->__lock.owner && cpu_rq(RACE_SRC)->__lock.owner->cpu == RACE_SRC);
	race_change(p);
	PROVES("RACE-31", lab_waits(RACE_OUT, "rq") && !race_dequeue.nr);
	l7 = lab_hold(AT_LOCK_RQ(RACE_SRC, RACE_SRC));
	lab_release(l4);
	PROVES("RACE-31", lab_held(l7) && race_dequeue.nr == 1 && race_dequeue.flags == 0);
	PROVES("RACE-31 CUST-37", race_dequeue.locked_cpu == RACE_Y && race_dequeue.sticky_cpu == -1);
	lab_release(l7);
	PROVES("RACE-31", task_cpu(p) == RACE_Y && watch_left(p) >= 1);
}

static void race_32_own_local_dsq(void **state)
{
	struct lab_hold *n8, *dance;

	(void)state;
	setup_queued();
	dance = lab_hold(AT_HOLDING(RACE_SRC, p, YIELD_WRITE));
	n8 = lab_hold(AT_STORE_WORD(RACE_SRC, p));
	race_dispatch(RACE_SRC, p, SCX_DSQ_LOCAL);
	assert_true(lab_held(n8));
	race_change(p);
	PROVES("RACE-32", !lab_held(dance) && lab_waits(RACE_OUT, "rq"));
	PROVES("RACE-32 CUST-31", race_dequeue.word == SCX_OPSS_DISPATCHING && race_dequeue.dsq == lab_local(RACE_SRC));
	lab_release(n8);
	PROVES("RACE-32 OPSS-40", race_dequeue.nr == 1 && race_dequeue.flags == 0 && !lab_held(dance));
	PROVES("RACE-32 CUST-30", lab_called(p, "dequeue(0x0)@1 running@1 stopping(0)@0 quiescent(0x20000000a) "
						"set_weight runnable(0x100000000000000a) running@0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_24_dequeue_gets_the_lock_first, race_stop),
		cmocka_unit_test_teardown(race_25_dequeue_is_waiting_already, race_stop),
		cmocka_unit_test_teardown(race_25_neither_waits_for_ever, race_stop),
		cmocka_unit_test_teardown(race_26_dance_wins, race_stop),
		cmocka_unit_test_teardown(race_27_dequeue_waits_for_the_source_lock, race_stop),
		cmocka_unit_test_teardown(race_27_dequeue_finds_the_task_migrating, race_stop),
		cmocka_unit_test_teardown(race_28_holding_cpu_is_used_again, race_stop),
		cmocka_unit_test_teardown(race_29_task_moved_to_another_rq_meanwhile, race_stop),
		cmocka_unit_test_teardown(race_30_dance_onto_the_same_rq, race_stop),
		cmocka_unit_test_teardown(race_30_dequeue_before_l3b_wins, race_stop),
		cmocka_unit_test_teardown(race_31_from_the_source_cpu_to_a_remote_local_dsq, race_stop),
		cmocka_unit_test_teardown(race_32_own_local_dsq, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
