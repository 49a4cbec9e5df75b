/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 10.9 B: dispatcher against dispatcher. x is CPU 2, y is CPU 3, p is of the rq of CPU 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

static struct task_struct *p;

#define WORD_QUEUED(brand) (((u64)(brand) << 2) | SCX_OPSS_QUEUED)

static void setup_queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	assert_int_equal(lab_word(p), WORD_QUEUED(1));
}

/* cpu has inserted p into dsq and stands in front of its first look at the word. */
static struct lab_hold *inserted(int cpu, u64 dsq)
{
	struct lab_hold *f1 = lab_hold(AT_READ_WORD(cpu, p), .skip = 1);

	race_dispatch(cpu, p, dsq);
	assert_true(lab_held(f1));
	return f1;
}

static void race_12_same_brand_two_cpus(void **state)
{
	struct lab_hold *x, *y, *n8;

	(void)state;
	setup_queued();
	x = inserted(RACE_X, SAY_DSQ);
	y = inserted(RACE_Y, SAY_OTHER_DSQ);
	n8 = lab_hold(AT_STORE_WORD(RACE_X, p));
	lab_release(x);
	assert_true(lab_held(n8));
	assert_int_equal(lab_word(p), SCX_OPSS_DISPATCHING);
	lab_release(y);
	PROVES("RACE-12 OPSS-14", lab_word(p) == SCX_OPSS_DISPATCHING && p->scx.dsq == lab_user_dsq(SAY_DSQ));
	PROVES("RACE-12", !lab_waits(RACE_Y, ""));
	lab_release(n8);
	PROVES("RACE-12 OPSS-42", watch_transitions(p, WATCH_T5) == 1 && watch_who(p, WATCH_T5) == RACE_X);
	PROVES("RACE-12", !lab_user_dsq(SAY_OTHER_DSQ)->nr && lab_user_dsq(SAY_DSQ)->nr == 1);
}

/* Both have passed F2; x claims. How far x gets before y tries to claim decides what y sees then. */
static void both_pass(bool x_ends_first)
{
	struct lab_hold *x, *y, *fx, *fy, *n8;

	setup_queued();
	x = inserted(RACE_X, SAY_DSQ);
	y = inserted(RACE_Y, SAY_OTHER_DSQ);
	fx = lab_hold(AT_CLAIM(RACE_X, p));
	fy = lab_hold(AT_CLAIM(RACE_Y, p));
	lab_release(x);
	lab_release(y);
	assert_true(lab_held(fx) && lab_held(fy));
	n8 = lab_hold(AT_STORE_WORD(RACE_X, p));
	lab_release(fx);
	assert_true(lab_held(n8));
	if (x_ends_first)
		lab_release(n8);
	PROVES("RACE-13", lab_word(p) == (x_ends_first ? SCX_OPSS_NONE : SCX_OPSS_DISPATCHING));
	{
		/* OPSS-15: the loser looks again, and only that look ends it. */
		struct lab_hold *again = lab_hold(AT_READ_WORD(RACE_Y, p));

		lab_release(fy);
		PROVES("RACE-13 OPSS-15", lab_held(again));
		lab_release(again);
	}
	PROVES("RACE-13", !lab_user_dsq(SAY_OTHER_DSQ)->nr);
	if (!x_ends_first)
		lab_release(n8);
	PROVES("RACE-13 OPSS-14 OPSS-42", watch_transitions(p, WATCH_T5) == 1 && lab_called(p, ""));
	PROVES("RACE-13", p->scx.dsq == lab_user_dsq(SAY_DSQ) && p->scx.slice == RACE_SLICE);
}

static void race_13_loser_of_the_claim_finds_dispatching(void **state)
{
	(void)state;
	both_pass(false);
}

static void race_13_loser_of_the_claim_finds_none(void **state)
{
	(void)state;
	both_pass(true);
}

static void race_14_slow_loser(void **state)
{
	struct lab_hold *x, *f3, *again;
	u64 slice;

	(void)state;
	setup_queued();
	slice = p->scx.slice;
	x = inserted(RACE_X, SAY_DSQ);
	f3 = lab_hold(AT_CLAIM(RACE_X, p));
	lab_release(x);
	assert_true(lab_held(f3));
	race_change(p);
	assert_int_equal(lab_word(p), WORD_QUEUED(2));
	again = lab_hold(AT_READ_WORD(RACE_X, p));
	lab_release(f3);
	PROVES("RACE-14 OPSS-14 OPSS-15", lab_held(again) && lab_word(p) == WORD_QUEUED(2));
	lab_release(again);
	PROVES("RACE-14 OPSS-14", lab_word(p) == WORD_QUEUED(2) && !watch_transitions(p, WATCH_T5));
	PROVES("RACE-14 OPSS-41 OPSS-42", p->scx.slice == slice && race_dequeue.nr == 1);
}

static void race_15_twice_in_one_buffer_to_one_place(void **state)
{
	struct scx_dsp_ctx *dspc;
	struct lab_hold *second;

	(void)state;
	setup_queued();
	dspc = &scx_pcpu(scx_root, RACE_X)->dsp_ctx;
	race_will_insert(RACE_X, p, SAY_DSQ);
	race_will_insert(RACE_X, p, SAY_OTHER_DSQ);
	/* Both inserts, the first entry's look, and then the second one's. */
	second = lab_hold(AT_READ_WORD(RACE_X, p), .skip = 3);
	race_go(RACE_X);
	assert_true(lab_held(second));
	PROVES("RACE-15", dspc->buf[0].qseq == 1 << 2 && dspc->buf[1].qseq == 1 << 2 && lab_word(p) == 0);
	{
		struct lab_hold *next_round = lab_hold(AT_OP(RACE_X, "dispatch"));

		lab_release(second);
		/* The batch counted as two, so the policy is asked again. */
		PROVES("RACE-15", lab_held(next_round) && !dspc->cursor);
		lab_release(next_round);
	}
	PROVES("RACE-15 OPSS-42", p->scx.dsq == lab_user_dsq(SAY_DSQ) && watch_transitions(p, WATCH_T5) == 1);
	PROVES("RACE-15 CUST-04", lab_called(p, "") && watch_entered(p) == 1 && !watch_left(p));
}

static void race_15_second_entry_meets_a_new_brand(void **state)
{
	struct lab_hold *second;

	(void)state;
	setup_queued();
	race_will_insert(RACE_X, p, SAY_DSQ);
	race_will_insert(RACE_X, p, SAY_OTHER_DSQ);
	second = lab_hold(AT_READ_WORD(RACE_X, p), .skip = 3);
	race_go(RACE_X);
	assert_true(lab_held(second));
	race_change(p);
	assert_int_equal(lab_word(p), WORD_QUEUED(2));
	lab_release(second);
	PROVES("RACE-15 OPSS-14", lab_word(p) == WORD_QUEUED(2) && watch_transitions(p, WATCH_T5) == 1);
}

static u32 batch_seen;

static void insert_twice(enum scxtwin_op op, struct task_struct *subject, u64 cpu)
{
	(void)subject;
	if (op != SCXTWIN_OP_dispatch || cpu != RACE_X || batch_seen)
		return;
	scx_bpf_dsq_insert(p, SAY_DSQ, RACE_SLICE, 0);
	scx_bpf_dsq_insert(p, SAY_DSQ, RACE_SLICE, 0);
	scx_bpf_dsq_move_to_local(SAY_OTHER_DSQ, 0);	/* flushes; nothing is there */
	batch_seen = scx_pcpu(scx_root, RACE_X)->dsp_ctx.nr_tasks;
}

static void race_15_dropped_entries_count(void **state)
{
	(void)state;
	setup_queued();
	batch_seen = 0;
	say.look = insert_twice;
	race_go(RACE_X);
	PROVES("RACE-15", batch_seen == 2 && lab_user_dsq(SAY_DSQ)->nr == 1);
}

static void race_16_user_dsq_first_then_again(void **state)
{
	(void)state;
	setup_queued();
	race_dispatch(RACE_X, p, SAY_DSQ);
	PROVES("OPSS-11", p->scx.dsq == lab_user_dsq(SAY_DSQ) && lab_word(p) == 0);
	race_dispatch(RACE_X, p, SCX_DSQ_LOCAL);
	PROVES("RACE-16 OPSS-22", scx_pcpu(scx_root, RACE_X)->dsp_ctx.buf[0].qseq == 0);
	PROVES("RACE-16 OPSS-42", p->scx.dsq == lab_user_dsq(SAY_DSQ) && lab_word(p) == 0 && lab_called(p, ""));
	race_will_consume(RACE_X, SAY_DSQ);
	race_go(RACE_X);
	PROVES("RACE-16", lab_called(p, "dequeue(0x0)@2 running@2"));
}

static void race_17_fast_lap(void **state)
{
	struct task_struct *q;
	struct lab_hold *x;

	(void)state;
	race_start();
	q = race_task("q", RACE_SRC);
	p = race_queued("p", RACE_SRC);
	lab_wake(q);
	x = inserted(RACE_X, SCX_DSQ_GLOBAL);
	/* y delivers to the global DSQ and takes it from there itself. */
	race_dispatch(RACE_Y, p, SCX_DSQ_GLOBAL);
	assert_true(lab_runs(p) && task_cpu(p) == RACE_Y);
	race_will_insert_flags(RACE_SRC, q, SCX_DSQ_LOCAL_ON | RACE_Y, SCX_ENQ_PREEMPT);
	race_go(RACE_SRC);
	assert_true(lab_runs(q) && lab_word(p) == WORD_QUEUED(2));
	PROVES("RACE-17", lab_called(p, "dequeue(0x0)@3 running@3 stopping(1)@3 enqueue(0x0)@3"));
	lab_release(x);
	PROVES("RACE-17 OPSS-14", lab_word(p) == WORD_QUEUED(2) && watch_transitions(p, WATCH_T5) == 1);
	PROVES("RACE-17 OPSS-42", lab_called(p, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_12_same_brand_two_cpus, race_stop),
		cmocka_unit_test_teardown(race_13_loser_of_the_claim_finds_dispatching, race_stop),
		cmocka_unit_test_teardown(race_13_loser_of_the_claim_finds_none, race_stop),
		cmocka_unit_test_teardown(race_14_slow_loser, race_stop),
		cmocka_unit_test_teardown(race_15_twice_in_one_buffer_to_one_place, race_stop),
		cmocka_unit_test_teardown(race_15_second_entry_meets_a_new_brand, race_stop),
		cmocka_unit_test_teardown(race_15_dropped_entries_count, race_stop),
		cmocka_unit_test_teardown(race_16_user_dsq_first_then_again, race_stop),
		cmocka_unit_test_teardown(race_17_fast_lap, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
