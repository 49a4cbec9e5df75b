/* SPDX-License-Identifier: GPL-2.0-only */
/* The state word: brands, claims, and what must never be done to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ext/internal.h"
#include "support/class_rig.h"
#include "unit/expect_bug.h"

static struct rig rig;
static struct task_struct *p;

static int start(void **state)
{
	(void)state;
	rig_start(&rig, 2, 0);
	p = rig_task(&rig, SCHED_EXT, 0);
	init_scx_entity(&p->scx);
	local_irq_disable();
	raw_spin_rq_lock(task_rq(p));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	raw_spin_rq_unlock(task_rq(p));
	rig_stop(&rig);
	return 0;
}

static u64 word(void)
{
	return (u64)p->scx.ops_state.counter;
}

static u64 hand_over(void)
{
	const u64 qseq = scx_opss_begin_queueing(p);

	scx_enter_custody(p);
	scx_opss_set_queued(p, qseq);
	return qseq;
}

static void opss_10_a_fresh_task_is_none_and_in_nobodys_hands(void **state)
{
	(void)state;
	assert_int_equal(word(), 0);
	assert_int_equal(p->scx.ops_qseq, 0);
	assert_int_equal(p->scx.holding_cpu, -1);
	assert_int_equal(p->scx.sticky_cpu, -1);
}

static void opss_06_08_each_hand_over_has_the_next_brand_kept_shifted(void **state)
{
	(void)state;
	assert_int_equal(scx_opss_begin_queueing(p), 1 << 2);
	assert_int_equal(word(), SCX_OPSS_QUEUEING | 1 << 2);
	scx_opss_set_none(p);
	assert_int_equal(word(), 0);
	assert_int_equal(scx_opss_begin_queueing(p), 2 << 2);
	assert_int_equal(word(), SCX_OPSS_QUEUEING | 2 << 2);
}

static void race_10_the_brand_wraps_past_zero(void **state)
{
	(void)state;
	p->scx.ops_qseq = UINT32_MAX - 1;
	assert_int_equal(hand_over(), (u64)UINT32_MAX << 2);
	p->scx.ops_state.counter = 0;
	assert_int_equal(hand_over(), 1 << 2);
	assert_int_equal(p->scx.ops_qseq, 1);
	assert_int_equal(word(), 1 << 2 | SCX_OPSS_QUEUED);
}

static void opss_04_claimed_by_a_dispatcher_the_word_is_exactly_three(void **state)
{
	u64 opss;

	(void)state;
	opss = hand_over() | SCX_OPSS_QUEUED;
	assert_true(scx_opss_claim_dispatch(p, &opss));
	assert_int_equal(word(), 3);
	scx_opss_set_none(p);
	assert_int_equal(word(), 0);
}

static void opss_14_a_claim_with_an_older_brand_fails_and_tells_what_it_found(void **state)
{
	u64 old;

	(void)state;
	old = hand_over() | SCX_OPSS_QUEUED;
	p->scx.ops_state.counter = 0;
	hand_over();
	assert_false(scx_opss_claim_dispatch(p, &old));
	assert_int_equal(old, 2 << 2 | SCX_OPSS_QUEUED);
	assert_int_equal(word(), 2 << 2 | SCX_OPSS_QUEUED);
}

static void t6_of_two_claims_the_second_finds_none(void **state)
{
	u64 d, x;

	(void)state;
	d = x = hand_over() | SCX_OPSS_QUEUED;
	assert_true(scx_opss_claim_dequeue(p, &d));
	assert_false(scx_opss_claim_dispatch(p, &x));
	assert_int_equal(x, SCX_OPSS_NONE);
}

static void opss_26_a_dequeue_that_lost_finds_dispatching(void **state)
{
	u64 d, x;

	(void)state;
	d = x = hand_over() | SCX_OPSS_QUEUED;
	assert_true(scx_opss_claim_dispatch(p, &x));
	assert_false(scx_opss_claim_dequeue(p, &d));
	assert_int_equal(d, SCX_OPSS_DISPATCHING);
}

static void opss_25_a_wait_for_a_word_that_has_changed_returns(void **state)
{
	(void)state;
	wait_ops_state(p, SCX_OPSS_DISPATCHING);
	scx_wait_dispatching(p);
	assert_int_equal(word(), 0);
}

static void opss_13_a_queued_task_is_not_taken_back_by_a_plain_store(void **state)
{
	(void)state;
	hand_over();
	expect_bug(scx_opss_set_none(p), "SCX_OPSS_QUEUED");
}

static void opss_inv_03_queued_without_custody_is_a_bug(void **state)
{
	(void)state;
	expect_bug(scx_opss_set_queued(p, scx_opss_begin_queueing(p)), "SCX_TASK_IN_CUSTODY");
}

static void opss_05_the_brand_is_drawn_under_the_rq_lock_only(void **state)
{
	(void)state;
	raw_spin_rq_unlock(task_rq(p));
	expect_bug(scx_opss_begin_queueing(p), "raw_spin_is_held");
	raw_spin_rq_lock(task_rq(p));
}

static void opss_19_queueing_from_another_state_than_none_warns(void **state)
{
	(void)state;
	p->scx.ops_state.counter = SCX_OPSS_DISPATCHING;
	expect_bug_text[0] = '\0';
	bug_set_handler(expect_bug_handler);
	scx_opss_begin_queueing(p);
	bug_set_handler(NULL);
	assert_non_null(strstr(expect_bug_text, "SCX_OPSS_NONE"));
}

static void cust_05_custody_is_left_once_and_not_during_a_remote_move(void **state)
{
	(void)state;
	assert_false(task_leave_custody(p));
	scx_enter_custody(p);
	scx_enter_custody(p);
	p->scx.sticky_cpu = 1;
	assert_false(task_leave_custody(p));
	assert_true(p->scx.flags & SCX_TASK_IN_CUSTODY);
	p->scx.sticky_cpu = -1;
	assert_true(task_leave_custody(p));
	assert_false(p->scx.flags & SCX_TASK_IN_CUSTODY);
	assert_false(task_leave_custody(p));
}

static void cust_08_custody_needs_the_rq_lock_or_dispatching(void **state)
{
	(void)state;
	raw_spin_rq_unlock(task_rq(p));
	expect_bug(scx_enter_custody(p), "raw_spin_is_held");
	p->scx.ops_state.counter = SCX_OPSS_DISPATCHING;
	scx_enter_custody(p);
	assert_true(task_leave_custody(p));
	raw_spin_rq_lock(task_rq(p));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opss_10_a_fresh_task_is_none_and_in_nobodys_hands),
		TEST(opss_06_08_each_hand_over_has_the_next_brand_kept_shifted),
		TEST(race_10_the_brand_wraps_past_zero),
		TEST(opss_04_claimed_by_a_dispatcher_the_word_is_exactly_three),
		TEST(opss_14_a_claim_with_an_older_brand_fails_and_tells_what_it_found),
		TEST(t6_of_two_claims_the_second_finds_none),
		TEST(opss_26_a_dequeue_that_lost_finds_dispatching),
		TEST(opss_25_a_wait_for_a_word_that_has_changed_returns),
		TEST(opss_13_a_queued_task_is_not_taken_back_by_a_plain_store),
		TEST(opss_inv_03_queued_without_custody_is_a_bug),
		TEST(opss_05_the_brand_is_drawn_under_the_rq_lock_only),
		TEST(opss_19_queueing_from_another_state_than_none_warns),
		TEST(cust_05_custody_is_left_once_and_not_during_a_remote_move),
		TEST(cust_08_custody_needs_the_rq_lock_or_dispatching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
