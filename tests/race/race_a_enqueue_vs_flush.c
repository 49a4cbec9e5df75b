/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 10.9 A: enqueue against insert and flush. CPU 0 enqueues p on the rq of CPU 1, x is CPU 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

static struct task_struct *p;
static u64 slice_before;

/* E1 to E3: p is being enqueued by CPU 0, whose ops.enqueue() has said all it will. */
static struct lab_hold *enqueue_held(void)
{
	struct lab_hold *h = lab_hold(AT_OP_RETURN(RACE_OUT, "enqueue"));

	lab_wake(p);
	assert_true(lab_held(h));
	return h;
}

static void setup_loaded(void)
{
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
}

static void race_01_insert_while_queueing_flush_after(void **state)
{
	struct lab_hold *e, *f1;

	(void)state;
	setup_loaded();
	e = enqueue_held();
	PROVES("OPSS-03 OPSS-08", lab_word(p) == ((1 << 2) | SCX_OPSS_QUEUEING));
	f1 = lab_hold(AT_READ_WORD(RACE_X, p), .skip = 1);
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	assert_true(lab_held(f1));
	lab_release(e);
	PROVES("OPSS-23", lab_word(p) == ((1 << 2) | SCX_OPSS_QUEUED));
	lab_release(f1);
	PROVES("RACE-01 OPSS-23", watch_transitions(p, WATCH_T5) == 1 && !watch_transitions(p, WATCH_T6));
	PROVES("RACE-01", lab_called(p, "select_cpu runnable enqueue dequeue(0x0)@2 running@2"));
	PROVES("RACE-01", watch_entered(p) == 1 && watch_left(p) == 1);
}

static void race_02_flush_waits_while_queueing(void **state)
{
	struct lab_hold *e;

	(void)state;
	setup_loaded();
	e = enqueue_held();
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	PROVES("RACE-02 OPSS-25", lab_waits(RACE_X, "wait_ops_state"));
	/* x keeps its own lock, and the enqueuer p's, so x has not even asked for it. */
	PROVES("RACE-02", cpu_rq(RACE_X)->__lock.owner && cpu_rq(RACE_X)->__lock.owner->cpu == RACE_X);
	PROVES("RACE-02", !lab_waits(RACE_X, "rq"));
	PROVES("RACE-02", lab_word(p) == ((1 << 2) | SCX_OPSS_QUEUEING) && !watch_transitions(p, WATCH_T5));
	lab_release(e);
	PROVES("RACE-02 OPSS-23", watch_transitions(p, WATCH_T5) == 1);
	PROVES("RACE-02", lab_called(p, "select_cpu runnable enqueue dequeue(0x0)@2 running@2"));
}

/* Enqueue inserts as well, while x waits for the word. */
static void queueing_ends_in(u64 dsq)
{
	struct lab_hold *e;

	setup_loaded();
	say.dsq = dsq;
	say.slice = 3 * MS;
	e = enqueue_held();
	race_dispatch(RACE_X, p, SCX_DSQ_LOCAL_ON | RACE_Y);
	assert_true(lab_waits(RACE_X, "wait_ops_state"));
	lab_release(e);
	assert_int_equal(lab_word(p), 0);
	assert_int_equal(p->scx.slice, 3 * MS);
	assert_false(watch_transitions(p, WATCH_T5));
}

static void race_03_queueing_ends_in_terminal_direct_dispatch(void **state)
{
	(void)state;
	setup_loaded();
	say.dsq = SCX_DSQ_GLOBAL;
	say.slice = 3 * MS;
	{
		/* Nobody may take it from there before we have looked. */
		struct lab_hold *e = enqueue_held();
		struct lab_hold *n8 = lab_hold(AT_STORE_WORD(RACE_OUT, p));

		race_dispatch(RACE_X, p, SCX_DSQ_LOCAL_ON | RACE_Y);
		assert_true(lab_waits(RACE_X, "wait_ops_state"));
		lab_release(e);
		assert_true(lab_held(n8));
		PROVES("RACE-03 OPSS-21", p->scx.dsq == race_global() && lab_waits(RACE_X, "wait_ops_state"));
		lab_release(n8);
	}
	PROVES("RACE-03 OPSS-42", !watch_transitions(p, WATCH_T5) && !watch_entered(p));
	PROVES("RACE-03 OPSS-41", p->scx.slice == 3 * MS);
	/* x takes it from the global DSQ or its own CPU does: without a callback. */
	PROVES("RACE-03 CUST-19", lab_called(p, "select_cpu runnable enqueue running"));
	PROVES("RACE-03", !race_dequeue.nr && !lab_local(RACE_Y)->nr && task_cpu(p) != RACE_Y);
}

static void race_04_queueing_ends_in_user_dsq(void **state)
{
	(void)state;
	queueing_ends_in(SAY_DSQ);
	PROVES("RACE-04 OPSS-11", p->scx.dsq == lab_user_dsq(SAY_DSQ) && lab_word(p) == SCX_OPSS_NONE);
	PROVES("RACE-04", p->scx.flags & SCX_TASK_IN_CUSTODY);
	PROVES("RACE-04 OPSS-41 OPSS-42", lab_called(p, "select_cpu runnable enqueue"));
}

static void race_05_queueing_ends_in_deferred_remote_local(void **state)
{
	struct lab_hold *e, *t4;

	(void)state;
	setup_loaded();
	say.dsq = SCX_DSQ_LOCAL_ON | RACE_Y;
	say.slice = 3 * MS;
	e = enqueue_held();
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	assert_true(lab_waits(RACE_X, "wait_ops_state"));
	t4 = lab_hold(AT_STORE_WORD(RACE_OUT, p));
	lab_release(e);
	assert_true(lab_held(t4));
	PROVES("RACE-05", list_empty(&p->scx.dsq_list.node) && lab_waits(RACE_X, "wait_ops_state"));
	lab_release(t4);
	PROVES("RACE-05", !watch_transitions(p, WATCH_T5) && watch_saw(WATCH_DEFERRED));
	PROVES("RACE-05", lab_runs(p) && task_cpu(p) == RACE_Y && p->scx.slice == 3 * MS);
	PROVES("RACE-05 CUST-19", lab_called(p, "select_cpu runnable enqueue@0 running@3") && !race_dequeue.nr);
}

static void race_06_insert_before_the_hand_over(void **state)
{
	struct lab_hold *f1;

	(void)state;
	setup_loaded();
	f1 = lab_hold(AT_READ_WORD(RACE_X, p), .skip = 1);
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	assert_true(lab_held(f1));
	PROVES("OPSS-22", scx_pcpu(scx_root, RACE_X)->dsp_ctx.buf[0].qseq == 0);
	lab_wake(p);
	assert_int_equal(lab_word(p), (1 << 2) | SCX_OPSS_QUEUED);
	lab_release(f1);
	PROVES("RACE-06 OPSS-22", lab_word(p) == ((1 << 2) | SCX_OPSS_QUEUED) && !watch_transitions(p, WATCH_T5));
	PROVES("RACE-06 OPSS-42", lab_called(p, "select_cpu runnable enqueue"));
}

static void race_07_insert_while_another_cpu_dispatches(void **state)
{
	struct lab_hold *n8, *f1;
	const u64 own_slice = 3 * MS;

	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	n8 = lab_hold(AT_STORE_WORD(RACE_Y, p));
	race_dispatch(RACE_Y, p, SAY_DSQ);
	assert_true(lab_held(n8));
	assert_int_equal(lab_word(p), SCX_OPSS_DISPATCHING);
	f1 = lab_hold(AT_READ_WORD(RACE_X, p), .skip = 1);
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	assert_true(lab_held(f1));
	PROVES("OPSS-22", scx_pcpu(scx_root, RACE_X)->dsp_ctx.buf[0].qseq == 0);
	lab_release(n8);
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));
	race_change(p);
	assert_int_equal(lab_word(p), (2 << 2) | SCX_OPSS_QUEUED);
	p->scx.slice = own_slice;
	lab_release(f1);
	PROVES("RACE-07 OPSS-22", lab_word(p) == ((2 << 2) | SCX_OPSS_QUEUED));
	PROVES("RACE-07 OPSS-41", p->scx.slice == own_slice && watch_transitions(p, WATCH_T5) == 1);
}

/* x inserted p with brand 1; now brand 2 is on its way or there. */
static struct lab_hold *stale_insert(void)
{
	struct lab_hold *f1;

	race_start();
	p = race_queued("p", RACE_SRC);
	slice_before = p->scx.slice;
	assert_int_not_equal(slice_before, RACE_SLICE);
	f1 = lab_hold(AT_READ_WORD(RACE_X, p), .skip = 1);
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	assert_true(lab_held(f1));
	PROVES("OPSS-24", scx_pcpu(scx_root, RACE_X)->dsp_ctx.buf[0].qseq == 1 << 2);
	return f1;
}

static void race_08_stale_brand(void **state)
{
	struct lab_hold *f1;

	(void)state;
	f1 = stale_insert();
	race_change(p);
	assert_int_equal(lab_word(p), (2 << 2) | SCX_OPSS_QUEUED);
	lab_release(f1);
	PROVES("RACE-08 OPSS-24", lab_word(p) == ((2 << 2) | SCX_OPSS_QUEUED) && !watch_transitions(p, WATCH_T5));
	PROVES("RACE-08 OPSS-42", lab_called(p, "dequeue(0x20000000a) quiescent(0x20000000a) set_weight "
					"runnable(0xa) enqueue(0xa)"));
	PROVES("RACE-08 OPSS-40", watch_entered(p) == 2 && watch_left(p) == 1 && race_dequeue.nr == 1);
	PROVES("RACE-08 OPSS-41", p->scx.slice == slice_before);
	/* The second custody is whole: it can be dispatched. */
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	PROVES("RACE-08", lab_called(p, "dequeue(0x0)@2 running@2"));
}

static void race_09_stale_brand_while_requeued(void **state)
{
	struct lab_hold *f1, *e;

	(void)state;
	f1 = stale_insert();
	e = lab_hold(AT_OP_RETURN(RACE_OUT, "enqueue"));
	race_change(p);
	assert_true(lab_held(e));
	assert_int_equal(lab_word(p), (2 << 2) | SCX_OPSS_QUEUEING);
	lab_release(f1);
	PROVES("RACE-09 OPSS-28", lab_waits(RACE_X, "wait_ops_state"));
	lab_release(e);
	PROVES("RACE-09 OPSS-28", lab_word(p) == ((2 << 2) | SCX_OPSS_QUEUED) && !watch_transitions(p, WATCH_T5));
	PROVES("RACE-09 OPSS-42", race_dequeue.nr == 1 && p->scx.slice == slice_before);
}

static void race_10_brand_wraps_past_zero(void **state)
{
	(void)state;
	setup_loaded();
	lab_by_hand();
	p->scx.ops_qseq = UINT32_MAX;
	lab_wake(p);
	PROVES("RACE-10 OPSS-06 OPSS-07", p->scx.ops_qseq == 1 && lab_word(p) == ((1 << 2) | 2));
}

static void race_11_the_enqueuing_cpu_never_sees_queueing(void **state)
{
	struct lab_hold *e;

	(void)state;
	setup_loaded();
	e = enqueue_held();
	/* p's own CPU cannot even dispatch: the enqueue has its rq lock. */
	race_dispatch(RACE_SRC, p, SCX_DSQ_LOCAL);
	PROVES("RACE-11", lab_waits(RACE_SRC, "rq") && !watch_transitions(p, WATCH_T5));
	lab_release(e);
	PROVES("RACE-11", lab_called(p, "select_cpu runnable enqueue@0 dequeue(0x0)@1 running@1"));
	PROVES("RACE-11", watch_who(p, WATCH_T5) == RACE_SRC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_01_insert_while_queueing_flush_after, race_stop),
		cmocka_unit_test_teardown(race_02_flush_waits_while_queueing, race_stop),
		cmocka_unit_test_teardown(race_03_queueing_ends_in_terminal_direct_dispatch, race_stop),
		cmocka_unit_test_teardown(race_04_queueing_ends_in_user_dsq, race_stop),
		cmocka_unit_test_teardown(race_05_queueing_ends_in_deferred_remote_local, race_stop),
		cmocka_unit_test_teardown(race_06_insert_before_the_hand_over, race_stop),
		cmocka_unit_test_teardown(race_07_insert_while_another_cpu_dispatches, race_stop),
		cmocka_unit_test_teardown(race_08_stale_brand, race_stop),
		cmocka_unit_test_teardown(race_09_stale_brand_while_requeued, race_stop),
		cmocka_unit_test_teardown(race_10_brand_wraps_past_zero, race_stop),
		cmocka_unit_test_teardown(race_11_the_enqueuing_cpu_never_sees_queueing, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
