/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 10.1, 10.2: the state word, its brands, and what the states mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define WORD(state, brand) ((u64)(brand) << 2 | (state))

static u64 word_in_enqueue;
static u32 counter_in_enqueue;

static void note_word(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_enqueue) {
		word_in_enqueue = lab_word(p);
		counter_in_enqueue = p->scx.ops_qseq;
	}
}

static struct task_struct *start_with(const struct sched_ext_ops *ops)
{
	struct task_struct *p;

	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(ops);
	say.look = note_word;
	return p;
}

static void opss_01_one_word_of_machine_size_per_task(void **state)
{
	struct task_struct *p = start_with(&say_ops), *q;

	(void)state;
	PROVES("OPSS-01", sizeof(p->scx.ops_state) == sizeof(long) && sizeof(p->scx.ops_state) == 8);
	lab_wake(p);
	q = lab_task("q", .cpu = 0, .awake = true);
	PROVES("OPSS-01", lab_word(p) == WORD(2, 1) && lab_word(q) == WORD(2, 1));
	lab_set_nice(p, 1);
	PROVES("OPSS-01 OPSS-05", lab_word(p) == WORD(2, 2) && lab_word(q) == WORD(2, 1));
}

static void opss_02_state_below_brand_above(void **state)
{
	struct task_struct *p = start_with(&say_ops);

	(void)state;
	PROVES("OPSS-02", SCX_OPSS_QSEQ_SHIFT == 2);
	PROVES("OPSS-02", scx_opss_state(0xabcdef) == 3 && scx_opss_qseq(0xabcdef) == 0xabcdec);
	lab_wake(p);
	PROVES("OPSS-02", (lab_word(p) & 3) == SCX_OPSS_QUEUED && (lab_word(p) & ~3ULL) == 4);
}

static void opss_03_values_of_the_states(void **state)
{
	struct lab_hold *n8;
	struct task_struct *p;

	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	say.look = note_word;
	PROVES("OPSS-03", SCX_OPSS_NONE == 0 && SCX_OPSS_QUEUEING == 1);
	PROVES("OPSS-03", SCX_OPSS_QUEUED == 2 && SCX_OPSS_DISPATCHING == 3);
	race_change(p);
	PROVES("OPSS-03 OPSS-04", word_in_enqueue == WORD(1, 2) && lab_word(p) == WORD(2, 2));
	race_stop(NULL);

	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	PROVES("OPSS-03 OPSS-04", lab_word(p) == 0);
	lab_wake(p);
	n8 = lab_hold(AT_STORE_WORD(RACE_X, p));
	race_dispatch(RACE_X, p, SAY_DSQ);
	assert_true(lab_held(n8));
	PROVES("OPSS-03 OPSS-04", lab_word(p) == 3);
	lab_release(n8);
	PROVES("OPSS-03 OPSS-04", lab_word(p) == 0);
}

/* A brand belongs to the task, so it goes on counting on another rq. */
static void opss_05_counter_goes_with_the_task(void **state)
{
	struct task_struct *p = start_with(&say_ops), *q;

	(void)state;
	PROVES("OPSS-05", sizeof(p->scx.ops_qseq) == 4);
	lab_wake(p);
	q = lab_task("q", .cpu = 0, .awake = true);
	lab_set_nice(q, 1);
	lab_set_nice(q, 2);
	assert_int_equal(q->scx.ops_qseq, 3);
	lab_set_cpus(p, 1 << 0);
	/* Once for the change, once for the move. */
	PROVES("OPSS-05", task_cpu(p) == 0 && p->scx.ops_qseq == 3 && lab_word(p) == WORD(2, 3));
}

/* Only the holder of the rq lock counts on; seen by the onlooker at each T1. */
static void opss_05_counter_is_written_under_the_rq_lock(void **state)
{
	struct lab_hold *t1;
	struct task_struct *p;

	(void)state;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	t1 = lab_hold(AT_STORE_WORD(RACE_OUT, p));
	lab_wake(p);
	assert_true(lab_held(t1));
	PROVES("OPSS-05", p->scx.ops_qseq == 1 && task_rq(p)->__lock.owner->cpu == RACE_OUT);
	lab_release(t1);
	PROVES("OPSS-06", watch_transitions(p, WATCH_T1) == 1);
}

static void opss_06_counter_advances_by_one_and_skips_zero(void **state)
{
	struct task_struct *p = start_with(&say_ops);

	(void)state;
	lab_wake(p);
	PROVES("OPSS-06", counter_in_enqueue == 1);
	lab_set_nice(p, 1);
	PROVES("OPSS-06", counter_in_enqueue == 2);
	lab_by_hand();
	p->scx.ops_qseq = 0x3fffffff; /* where a 32-bit word would wrap */
	lab_set_nice(p, 2);
	PROVES("OPSS-07", counter_in_enqueue == 0x40000000 && word_in_enqueue == WORD(1, 0x40000000));
	p->scx.ops_qseq = UINT32_MAX;
	lab_set_nice(p, 3);
	PROVES("OPSS-06 OPSS-07", counter_in_enqueue == 1 && word_in_enqueue == WORD(1, 1));
}

static void opss_08_brand_is_wider_than_the_counter(void **state)
{
	struct task_struct *p = start_with(&say_ops);

	(void)state;
	lab_by_hand();
	p->scx.ops_qseq = UINT32_MAX - 1;
	lab_wake(p);
	PROVES("OPSS-08", word_in_enqueue == 0x3fffffffdULL && lab_word(p) == 0x3fffffffeULL);
}

static u32 counter_at_running;

static void note_counter_at_running(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_running)
		counter_at_running = p->scx.ops_qseq;
}

/* Each way past ops.enqueue(): the counter stays. */
static void opss_09_short_cuts_leave_the_counter(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p;

	(void)state;
	/* verdict of ops.select_cpu() */
	p = start_with(&say_ops);
	say.select_dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	PROVES("OPSS-09", lab_called(p, "select_cpu runnable running") && p->scx.ops_qseq == 0);
	/* restore of the running task */
	lab_set_nice(p, 1);
	PROVES("OPSS-09", lab_called(p, "stopping quiescent set_weight runnable running") && p->scx.ops_qseq == 0);
	/* put back with slice left */
	lab_task("rt", .cpu = 1, .awake = true, .cpus = 2, .policy = SCHED_FIFO, .steps = STEPS(RUN(1 * MS), EXIT));
	lab_run(3 * MS);
	PROVES("OPSS-09", lab_called(p, "stopping(1) running") && p->scx.ops_qseq == 0);
	/* a hand-over at last */
	say.select_dsq = 0;
	lab_block(p);
	lab_wake(p);
	PROVES("OPSS-09", p->scx.ops_qseq == 1);
	lab_stop(NULL);

	/* no ops.enqueue */
	ops.enqueue = NULL;
	p = start_with(&ops);
	lab_wake(p);
	PROVES("OPSS-09", lab_runs(p) && p->scx.ops_qseq == 0);
	/* an exiting task that is woken once more */
	lab_stop(NULL);
	p = start_with(&say_ops);
	p->flags |= PF_EXITING;
	say.look = note_counter_at_running;
	counter_at_running = UINT32_MAX;
	lab_wake(p);
	PROVES("OPSS-09", lab_count(SCX_EV_ENQ_SKIP_EXITING) == 1 && counter_at_running == 0);
}

static void opss_09_arrival_of_an_internal_move_leaves_the_counter(void **state)
{
	struct task_struct *p;

	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	race_dispatch(RACE_X, p, SCX_DSQ_LOCAL_ON | RACE_Y);
	PROVES("OPSS-09", task_cpu(p) == RACE_Y && p->scx.ops_qseq == 1);
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
}

static u32 fresh_seen;

static void note_fresh(enum scxtwin_op op, struct task_struct *p, u64 fork)
{
	const struct sched_ext_entity *scx = p ? &p->scx : NULL;

	if (op != SCXTWIN_OP_init_task || !fork)
		return;
	fresh_seen++;
	PROVES("OPSS-10", lab_word(p) == 0 && scx->ops_qseq == 0);
	PROVES("OPSS-10", scx->sticky_cpu == -1 && scx->holding_cpu == -1 && scx->runnable_cpu == -1);
	PROVES("OPSS-10", !scx->dsq && scx->ddsp_dsq_id == SCX_DSQ_INVALID && !scx->ddsp_enq_flags);
	PROVES("OPSS-10", scx->slice == 20000000);
}

static void opss_10_fresh_task(void **state)
{
	(void)state;
	lab_start(.cpus = 2, .ops = &say_ops);
	fresh_seen = 0;
	say.look = note_fresh;
	say.dsq = SCX_DSQ_LOCAL;
	lab_task("child", .cpu = 1, .awake = true);
	PROVES("OPSS-10", fresh_seen == 1);
}

static void opss_45_counter_survives_unload_and_load(void **state)
{
	struct task_struct *p = start_with(&say_ops);

	(void)state;
	lab_wake(p);
	lab_set_nice(p, 1);
	assert_int_equal(p->scx.ops_qseq, 2);
	lab_unload();
	PROVES("OPSS-45", p->scx.ops_qseq == 2);
	lab_load(&say_ops);
	assert_true(p->scx.ops_qseq >= 2);
	say.dsq = 0;
	{
		const u32 before = p->scx.ops_qseq;

		lab_set_nice(p, 3);
		lab_block(p);
		if (lab_runs(p))
			fail_msg("p did not block");
		lab_wake(p);
		PROVES("OPSS-45", p->scx.ops_qseq > before && word_in_enqueue == WORD(1, p->scx.ops_qseq));
	}
}

static void opss_11_on_a_user_dsq_the_word_is_none(void **state)
{
	struct task_struct *p = start_with(&say_ops);

	(void)state;
	say.dsq = SAY_DSQ;
	lab_wake(p);
	PROVES("OPSS-11", p->scx.dsq == lab_user_dsq(SAY_DSQ) && lab_word(p) == SCX_OPSS_NONE);
	PROVES("OPSS-12", p->scx.flags & SCX_TASK_IN_CUSTODY);
}

static void opss_12_custody_is_not_the_state_queued(void **state)
{
	struct task_struct *p = start_with(&say_ops);

	(void)state;
	lab_wake(p);
	PROVES("OPSS-11 OPSS-12", (lab_word(p) & 3) == SCX_OPSS_QUEUED && p->scx.flags & SCX_TASK_IN_CUSTODY && !p->scx.dsq);
	say.dsq = SAY_DSQ;
	lab_set_nice(p, 1);
	PROVES("OPSS-12", lab_word(p) == SCX_OPSS_NONE && p->scx.flags & SCX_TASK_IN_CUSTODY);
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(p, 2);
	PROVES("OPSS-12", lab_word(p) == SCX_OPSS_NONE && !(p->scx.flags & SCX_TASK_IN_CUSTODY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAY_TEST(opss_01_one_word_of_machine_size_per_task),
		SAY_TEST(opss_02_state_below_brand_above),
		cmocka_unit_test_teardown(opss_03_values_of_the_states, race_stop),
		SAY_TEST(opss_05_counter_goes_with_the_task),
		cmocka_unit_test_teardown(opss_05_counter_is_written_under_the_rq_lock, race_stop),
		SAY_TEST(opss_06_counter_advances_by_one_and_skips_zero),
		SAY_TEST(opss_08_brand_is_wider_than_the_counter),
		SAY_TEST(opss_09_short_cuts_leave_the_counter),
		cmocka_unit_test_teardown(opss_09_arrival_of_an_internal_move_leaves_the_counter, race_stop),
		SAY_TEST(opss_10_fresh_task),
		SAY_TEST(opss_45_counter_survives_unload_and_load),
		SAY_TEST(opss_11_on_a_user_dsq_the_word_is_none),
		SAY_TEST(opss_12_custody_is_not_the_state_queued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
