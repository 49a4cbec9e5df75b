/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 10.5: the waiting points W1 to W8. x is CPU 2 and dispatches p of CPU 1's rq into a user DSQ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define WORD(state, brand) ((u64)(brand) << 2 | (state))

static struct task_struct *p;

static void queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
}

/* p is on the user DSQ already, its word still DISPATCHING: x stands in front of N8. */
static struct lab_hold *x_at_n8(void)
{
	struct lab_hold *n8 = lab_hold(AT_STORE_WORD(RACE_X, p));

	race_dispatch(RACE_X, p, SAY_DSQ);
	assert_true(lab_held(n8));
	assert_int_equal(lab_word(p), SCX_OPSS_DISPATCHING);
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));
	return n8;
}

static bool locked_by(const raw_spinlock_t *lock, u32 cpu)
{
	return lock->owner && lock->owner->cpu == cpu;
}

/*
 * A lab without the onlooker, for words written by hand. CPU 3 stands still in
 * the middle of something, so that calls which wait for the hand may wait.
 */
static struct lab_hold *by_hand(void)
{
	struct lab_hold *bystander;

	lab_start(.cpus = 4, .mode = RUN_EXPLORED);
	lab_by_hand();
	p = lab_task("p", .cpu = RACE_SRC, .cpus = 1 << RACE_SRC);
	lab_load(&say_ops);
	bystander = lab_hold(.cpu = RACE_Y, .label = "");
	lab_from(RACE_Y);
	lab_kick(RACE_Y, 0);
	lab_from(RACE_OUT);
	assert_true(lab_held(bystander));
	return bystander;
}

static void by_hand_store(u64 word)
{
	p->scx.ops_state.counter = (s64)word;
	object_written(&p->scx.ops_state);
	lab_settle();
}

static void opss_25_waits_once_even_if_the_word_differs_already(void **state)
{
	struct lab_hold *f3, *q4, *wait;

	(void)state;
	queued();
	f3 = lab_hold(AT_CLAIM(RACE_X, p));
	race_dispatch(RACE_X, p, SAY_DSQ);
	q4 = lab_hold(AT_CLAIM(RACE_OUT, p));
	race_change(p);
	lab_release(f3);
	assert_int_equal(lab_word(p), SCX_OPSS_NONE);
	wait = lab_hold(.cpu = RACE_OUT, .label = "wait_ops_state", .kinds = LAB_KIND(YIELD_AWAIT));
	lab_release(q4);
	PROVES("OPSS-25 OPSS-26", lab_held(wait));
	lab_release(wait);
	PROVES("OPSS-25", lab_word(p) == WORD(2, 2));
}

static void opss_25_any_bit_ends_the_wait(void **state)
{
	struct lab_hold *bystander = by_hand(), *q2;

	(void)state;
	lab_wake(p);
	say.give = p;
	say.give_dsq = SCX_DSQ_GLOBAL;
	p->scx.ops_state.counter = WORD(1, 1);
	lab_from(RACE_X);
	lab_kick(RACE_X, 0);
	assert_true(lab_waits(RACE_X, "wait_ops_state"));
	q2 = lab_hold(AT_READ_WORD(RACE_X, p));
	/* The same state with another brand, which only bits above the state tell. */
	by_hand_store(WORD(1, 2));
	PROVES("OPSS-25", lab_held(q2));
	lab_release(q2);
	PROVES("OPSS-25 OPSS-28", lab_waits(RACE_X, "wait_ops_state"));
	/* Only the state differs; then it is looked at anew and the brand does not fit. */
	by_hand_store(WORD(2, 2));
	PROVES("OPSS-25", !lab_waits(RACE_X, "") && lab_word(p) == WORD(2, 2));
	lab_release(bystander);
}

static void opss_27_after_the_wait_the_word_must_be_none(void **state)
{
	(void)state;
	by_hand();
	lab_wake(p);
	p->scx.ops_state.counter = SCX_OPSS_DISPATCHING;
	lab_set_nice(p, 1);
	PROVES("OPSS-27", lab_waits(RACE_OUT, "wait_ops_state"));
	lab_expect_bug("SCX_OPSS_NONE");
	by_hand_store(WORD(2, 9));
	PROVES("OPSS-27", machine()->aborted);
}

/* W1: as long as word and flag say that a dispatch has just gone by, the dequeue claims nothing. */
static void opss_29_w1_no_claim_and_no_callback_while_the_flag_is_clear(void **state)
{
	struct lab_hold *bystander = by_hand(), *q3;

	(void)state;
	lab_wake(p);
	lab_forget();
	q3 = lab_hold(AT_READ_FLAGS(0, p));
	lab_set_nice(p, 1);
	assert_true(lab_held(q3));
	p->scx.flags &= ~SCX_TASK_IN_CUSTODY;
	lab_release(q3);
	PROVES("OPSS-29", lab_waits(0, "wait_ops_state") && lab_word(p) == WORD(2, 1) && lab_called(p, ""));
	/* A change of the word alone is not enough: both are read again. */
	by_hand_store(WORD(2, 5));
	PROVES("OPSS-29", lab_waits(0, "wait_ops_state") && lab_word(p) == WORD(2, 5) && lab_called(p, ""));
	by_hand_store(SCX_OPSS_NONE);
	PROVES("OPSS-29", lab_called(p, "quiescent set_weight runnable enqueue"));
	lab_release(bystander);
}

static void opss_30_w4_local_consume(void **state)
{
	struct lab_hold *n8;

	(void)state;
	queued();
	n8 = x_at_n8();
	race_will_consume(RACE_SRC, SAY_DSQ);
	race_go(RACE_SRC);
	PROVES("OPSS-30", lab_waits(RACE_SRC, "wait_ops_state"));
	PROVES("OPSS-30", locked_by(&cpu_rq(RACE_SRC)->__lock, RACE_SRC) && !lab_user_dsq(SAY_DSQ)->lock.owner);
	PROVES("OPSS-30", p->scx.holding_cpu == -1 && list_empty(&p->scx.dsq_list.node) && lab_called(p, ""));
	lab_release(n8);
	PROVES("OPSS-30 RACE-49", lab_called(p, "dequeue(0x0)@1 running@1") && race_dequeue.word == SCX_OPSS_NONE);
	PROVES("OPSS-INV-06", watch_saw(WATCH_ON_DSQ));
}

static void opss_30_w5_remote_consume(void **state)
{
	struct lab_hold *n8;

	(void)state;
	queued();
	n8 = x_at_n8();
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	PROVES("OPSS-30", lab_waits(RACE_Y, "wait_ops_state"));
	PROVES("OPSS-30", locked_by(&cpu_rq(RACE_SRC)->__lock, RACE_Y) && !cpu_rq(RACE_Y)->__lock.owner);
	PROVES("OPSS-30 OPSS-31", p->scx.holding_cpu == RACE_Y && !lab_user_dsq(SAY_DSQ)->lock.owner);
	/* Before the move begins, which would have to wait too (Q2). */
	PROVES("OPSS-30", p->scx.sticky_cpu == -1 && p->on_rq == TASK_ON_RQ_QUEUED);
	lab_release(n8);
	PROVES("OPSS-30 RACE-49", lab_called(p, "dequeue(0x0)@3 running@3") && race_dequeue.word == SCX_OPSS_NONE);
	PROVES("RACE-49 OPSS-INV-07", watch_saw(WATCH_HOLDING_CONSUMER) && race_dequeue.nr == 1);
}

static void move_first(void *arg)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *first;

	(void)arg;
	bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0);
	first = bpf_iter_scx_dsq_next(&it);
	if (first)
		PROVES("RACE-51", scx_bpf_dsq_move(&it, first, SAY_OTHER_DSQ, 0));
	bpf_iter_scx_dsq_destroy(&it);
}

static void opss_30_w6_move_from_an_iterator(void **state)
{
	struct lab_hold *n8;

	(void)state;
	queued();
	n8 = x_at_n8();
	lab_outside(move_first, NULL);
	PROVES("OPSS-30 RACE-51", lab_waits(RACE_OUT, "wait_ops_state"));
	PROVES("OPSS-30", locked_by(&cpu_rq(RACE_SRC)->__lock, RACE_OUT));
	PROVES("OPSS-30", locked_by(&lab_user_dsq(SAY_DSQ)->lock, RACE_OUT));
	lab_release(n8);
	PROVES("OPSS-30 RACE-51", p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ) && lab_called(p, ""));
	PROVES("RACE-51 CUST-04", watch_entered(p) == 1 && !watch_left(p) && lab_word(p) == SCX_OPSS_NONE);
}

static void reenq(void *id)
{
	scx_bpf_dsq_reenq((u64)(uintptr_t)id, 0);
}

static void walk_local(void *arg)
{
	struct rq *rq = cpu_rq(RACE_SRC);
	u64 flags;

	(void)arg;
	raw_spin_rq_lock_irqsave(rq, &flags);
	PROVES("OPSS-30", reenq_local(scx_root, rq, SCX_REENQ_ANY) == 1);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

/* No dispatch links to a local DSQ without its lock, so the word is written by hand. */
static void opss_30_w7_walk_of_a_local_dsq(void **state)
{
	struct lab_hold *bystander = by_hand(), *pick;

	(void)state;
	say.dsq = SCX_DSQ_LOCAL;
	pick = lab_hold(AT_LOCK_RQ(RACE_SRC, RACE_SRC));
	lab_wake(p);
	assert_true(lab_held(pick));
	assert_ptr_equal(p->scx.dsq, lab_local(RACE_SRC));
	lab_forget();
	p->scx.ops_state.counter = SCX_OPSS_DISPATCHING;
	lab_outside(walk_local, NULL);
	PROVES("OPSS-30", lab_waits(RACE_OUT, "wait_ops_state") && locked_by(&cpu_rq(RACE_SRC)->__lock, RACE_OUT));
	PROVES("OPSS-30", lab_called(p, "") && p->scx.dsq == lab_local(RACE_SRC));
	by_hand_store(SCX_OPSS_NONE);
	PROVES("OPSS-30", lab_called(p, "enqueue(0x10000000000)"));
	lab_release(pick);
	lab_release(bystander);
}

static void opss_30_w8_walk_of_a_user_dsq(void **state)
{
	struct lab_hold *n8;

	(void)state;
	queued();
	n8 = x_at_n8();
	lab_outside(reenq, (void *)(uintptr_t)SAY_DSQ);
	PROVES("OPSS-30 RACE-50", lab_waits(RACE_OUT, "wait_ops_state"));
	PROVES("OPSS-30", locked_by(&cpu_rq(RACE_SRC)->__lock, RACE_OUT));
	PROVES("OPSS-30", locked_by(&lab_user_dsq(SAY_DSQ)->lock, RACE_OUT));
	lab_release(n8);
	PROVES("RACE-50 CUST-16", lab_called(p, "enqueue(0x10000000000)") && race_dequeue.nr == 0);
	PROVES("RACE-50", lab_word(p) == WORD(2, 2) && !p->scx.dsq && watch_entered(p) == 1 && !watch_left(p));
	/* Nothing was lost: it can be dispatched. */
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	PROVES("RACE-50", lab_called(p, "dequeue(0x0)@2 running@2"));
}

/* OPSS-21: whoever waits sees all that was done before the store. */
static void opss_21_what_was_done_before_the_store_is_seen_behind_the_wait(void **state)
{
	struct lab_hold *n8, *q6;

	(void)state;
	queued();
	n8 = x_at_n8();
	race_change(p);
	assert_true(lab_waits(RACE_OUT, "wait_ops_state"));
	q6 = lab_hold(AT_READ_FLAGS(RACE_OUT, p));
	lab_release(n8);
	assert_true(lab_held(q6));
	PROVES("OPSS-21", p->scx.dsq == lab_user_dsq(SAY_DSQ) && p->scx.flags & SCX_TASK_IN_CUSTODY);
	PROVES("OPSS-21", p->scx.slice == RACE_SLICE && !lab_user_dsq(SAY_DSQ)->lock.owner);
	lab_release(q6);
	PROVES("OPSS-21", lab_word(p) == WORD(2, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(opss_25_waits_once_even_if_the_word_differs_already, race_stop),
		cmocka_unit_test_teardown(opss_25_any_bit_ends_the_wait, race_stop),
		SAY_TEST(opss_27_after_the_wait_the_word_must_be_none),
		SAY_TEST(opss_29_w1_no_claim_and_no_callback_while_the_flag_is_clear),
		cmocka_unit_test_teardown(opss_30_w4_local_consume, race_stop),
		cmocka_unit_test_teardown(opss_30_w5_remote_consume, race_stop),
		cmocka_unit_test_teardown(opss_30_w6_move_from_an_iterator, race_stop),
		SAY_TEST(opss_30_w7_walk_of_a_local_dsq),
		cmocka_unit_test_teardown(opss_30_w8_walk_of_a_user_dsq, race_stop),
		cmocka_unit_test_teardown(opss_21_what_was_done_before_the_store_is_seen_behind_the_wait, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
