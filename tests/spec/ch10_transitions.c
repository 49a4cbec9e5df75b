/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.3, 10.4: the legal transitions, who makes them and what came before.
 * The onlooker of support/watch.h judges each one; here each is made to occur.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define WORD(state, brand) ((u64)(brand) << 2 | (state))

static struct task_struct *p;

static void loaded(void)
{
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
}

static void queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
}

static bool held_by(const raw_spinlock_t *lock, u32 cpu)
{
	return lock->owner && lock->owner->cpu == cpu;
}

static void opss_13_t1_t2_hand_over_to_the_policy(void **state)
{
	struct lab_hold *t2;

	(void)state;
	loaded();
	t2 = lab_hold(AT_STORE_WORD(RACE_OUT, p), .skip = 1);
	lab_wake(p);
	assert_true(lab_held(t2));
	/* T2 comes after ops.enqueue() returned and the flag was set. */
	PROVES("OPSS-13", lab_word(p) == WORD(1, 1) && held_by(&cpu_rq(RACE_SRC)->__lock, RACE_OUT));
	PROVES("CUST-03", p->scx.flags & SCX_TASK_IN_CUSTODY);
	PROVES("OPSS-INV-12", !cpu_rq(RACE_OUT)->scx.direct_dispatch_task);
	lab_release(t2);
	PROVES("OPSS-13", watch_transitions(p, WATCH_T1) == 1 && watch_transitions(p, WATCH_T2) == 1);
	PROVES("OPSS-13", lab_word(p) == WORD(2, 1));
}

/* T3: the task is on the DSQ, custody is settled; the store is last. */
static void opss_13_t3_direct_dispatch(void **state)
{
	struct lab_hold *t3;

	(void)state;
	loaded();
	say.dsq = SAY_DSQ;
	t3 = lab_hold(AT_STORE_WORD(RACE_OUT, p), .skip = 1);
	lab_wake(p);
	assert_true(lab_held(t3));
	PROVES("OPSS-13 OPSS-21", lab_word(p) == WORD(1, 1) && p->scx.dsq == lab_user_dsq(SAY_DSQ));
	PROVES("OPSS-21", p->scx.flags & SCX_TASK_IN_CUSTODY && !lab_user_dsq(SAY_DSQ)->lock.owner);
	lab_release(t3);
	PROVES("OPSS-13", watch_transitions(p, WATCH_T3_T4) == 1 && !watch_transitions(p, WATCH_T2));
}

/* T4: nothing was done before the store; the link comes after. */
static void opss_13_t4_deferred_direct_dispatch(void **state)
{
	struct lab_hold *t4;

	(void)state;
	loaded();
	say.dsq = SCX_DSQ_LOCAL_ON | RACE_Y;
	t4 = lab_hold(AT_STORE_WORD(RACE_OUT, p), .skip = 1);
	lab_wake(p);
	assert_true(lab_held(t4));
	PROVES("OPSS-13", list_empty(&p->scx.dsq_list.node) && lab_word(p) == WORD(1, 1) && !p->scx.dsq);
	lab_release(t4);
	PROVES("OPSS-13", watch_transitions(p, WATCH_T3_T4) == 1 && task_cpu(p) == RACE_Y);
}

/* T5 needs the dispatching rq's lock only, T7 comes when all is done. */
static void opss_13_t5_t7_dispatch(void **state)
{
	struct lab_hold *f4, *n8;

	(void)state;
	queued();
	f4 = lab_hold(AT_READ_FLAGS(RACE_X, p));
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	assert_true(lab_held(f4));
	PROVES("OPSS-13", lab_word(p) == 3 && held_by(&cpu_rq(RACE_X)->__lock, RACE_X));
	PROVES("OPSS-13", !cpu_rq(RACE_SRC)->__lock.owner);
	n8 = lab_hold(AT_STORE_WORD(RACE_X, p));
	lab_release(f4);
	assert_true(lab_held(n8));
	PROVES("OPSS-21 CUST-33", p->scx.dsq == race_global() && !race_global()->lock.owner);
	PROVES("OPSS-21 CUST-33", race_dequeue.nr == 1 && !race_dequeue.dsq_locked && !race_dequeue.in_custody);
	lab_release(n8);
	PROVES("OPSS-13", watch_transitions(p, WATCH_T5) == 1 && watch_transitions(p, WATCH_T7_T8) == 1);
}

static void opss_13_t6_dequeue(void **state)
{
	struct lab_hold *t6;

	(void)state;
	queued();
	t6 = lab_hold(AT_CLAIM(RACE_OUT, p));
	race_change(p);
	assert_true(lab_held(t6));
	PROVES("OPSS-13", lab_word(p) == WORD(2, 1) && held_by(&cpu_rq(RACE_SRC)->__lock, RACE_OUT));
	PROVES("CUST-34", !race_dequeue.nr && p->scx.flags & SCX_TASK_IN_CUSTODY);
	lab_release(t6);
	PROVES("OPSS-13", watch_transitions(p, WATCH_T6) == 1 && lab_word(p) == WORD(2, 2));
}

static void opss_13_t8_dance(void **state)
{
	struct lab_hold *t8;

	(void)state;
	queued();
	t8 = lab_hold(AT_STORE_WORD(RACE_X, p));
	race_dispatch(RACE_X, p, SCX_DSQ_LOCAL_ON | RACE_Y);
	assert_true(lab_held(t8));
	PROVES("OPSS-13 OPSS-31", p->scx.holding_cpu == RACE_X && lab_word(p) == 3);
	PROVES("OPSS-31 OPSS-43", held_by(&cpu_rq(RACE_X)->__lock, RACE_X) && !cpu_rq(RACE_SRC)->__lock.owner);
	lab_release(t8);
	PROVES("OPSS-13", watch_transitions(p, WATCH_T7_T8) == 1);
}

/* T9: a verdict of ops.select_cpu() is carried out with the word at NONE all the time. */
static void opss_13_t9_none_stays_none(void **state)
{
	struct lab_hold *t9;

	(void)state;
	loaded();
	say.select_dsq = SAY_DSQ;
	t9 = lab_hold(AT_STORE_WORD(RACE_OUT, p));
	lab_wake(p);
	assert_true(lab_held(t9));
	PROVES("OPSS-13", lab_word(p) == 0 && p->scx.dsq == lab_user_dsq(SAY_DSQ));
	lab_release(t9);
	PROVES("OPSS-13 OPSS-09", lab_word(p) == 0 && !watch_transitions(p, WATCH_T1));
}

/* A life with all that can happen to a word, watched at every step. */
static void opss_13_nothing_else_happens_in_a_busy_life(void **state)
{
	struct task_struct *q;
	u32 i;

	(void)state;
	race_start();
	q = race_task("q", RACE_Y);
	p = race_queued("p", RACE_SRC);
	lab_wake(q);
	for (i = 0; i < 4; i++) {
		race_dispatch(RACE_X, p, i & 1 ? SAY_DSQ : SCX_DSQ_GLOBAL);
		race_dispatch(RACE_SRC, q, SCX_DSQ_LOCAL_ON | i);
		race_change(p);
		race_will_consume(RACE_X, SAY_DSQ);
		race_go(RACE_X);
		lab_set_cpus(q, 1 << (i ^ 1));
		lab_set_cpus(q, 0xf);
		lab_block(p);
		lab_wake(p);
		lab_run(1 * MS);
	}
	PROVES("OPSS-13 OPSS-04", watch_transitions(NULL, WATCH_T1) > 8 && watch_transitions(NULL, WATCH_T2) > 8);
	PROVES("OPSS-13", watch_transitions(NULL, WATCH_T5) >= 4 && watch_transitions(NULL, WATCH_T6) >= 1);
	PROVES("OPSS-INV-01", watch_saw(WATCH_NONE) && watch_saw(WATCH_DISPATCHING));
}

/* ---- assertions of the kernel */

static void opss_16_claimed_task_must_be_queued(void **state)
{
	struct lab_hold *f4;

	(void)state;
	lab_start(.cpus = 4, .mode = RUN_EXPLORED);
	say.look = NULL;
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	lab_wake(p);
	say.give = p;
	say.give_dsq = SCX_DSQ_GLOBAL;
	f4 = lab_hold(AT_READ_FLAGS(2, p));
	lab_kick(2, 0);
	assert_true(lab_held(f4));
	p->scx.flags &= ~SCX_TASK_QUEUED;
	lab_expect_bug("SCX_TASK_QUEUED");
	lab_release(f4);
	PROVES("OPSS-16", machine()->aborted);
}

static void opss_17_queueing_seen_in_a_dequeue_is_a_bug(void **state)
{
	struct lab_hold *q2;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	lab_wake(p);
	q2 = lab_hold(AT_READ_WORD(0, p));
	lab_set_nice(p, 1);
	assert_true(lab_held(q2));
	p->scx.ops_state.counter = WORD(1, 1);
	lab_expect_bug("reached");
	lab_release(q2);
	PROVES("OPSS-17", machine()->aborted);
}

static void spoil_word(enum scxtwin_op op, struct task_struct *task, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_runnable)
		task->scx.ops_state.counter = SCX_OPSS_DISPATCHING;
}

static void opss_18_deferral_forces_an_impossible_word_to_none(void **state)
{
	struct lab_hold *carried_out;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	say.look = spoil_word;
	say.select_dsq = SCX_DSQ_LOCAL_ON | 0;	/* the task stays on CPU 1: deferred */
	lab_expect_warn("true");
	carried_out = lab_hold(AT_HOLDING(0, p, YIELD_WRITE));
	lab_wake(p);
	PROVES("OPSS-18", lab_held(carried_out) && lab_word(p) == 0);	/* before the deferred work is */
	lab_release(carried_out);
	PROVES("OPSS-18", lab_word(p) == 0 && lab_runs(p) && task_cpu(p) == 0);
}

static void opss_19_hand_over_of_a_word_that_is_not_none_warns(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	say.look = spoil_word;
	lab_expect_warn("SCX_OPSS_NONE");
	lab_wake(p);
	PROVES("OPSS-19", lab_word(p) == WORD(2, 1));
}

static void opss_20_the_word_is_none_when_a_task_starts_to_run(void **state)
{
	struct lab_hold *running;

	(void)state;
	queued();
	running = lab_hold(AT_OP(RACE_OUT, "running"));
	race_core_pick(p);
	assert_true(lab_held(running));
	PROVES("OPSS-20", lab_word(p) == 0 && !p->scx.dsq && watch_transitions(p, WATCH_T6) == 1);
	lab_release(running);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(opss_13_t1_t2_hand_over_to_the_policy, race_stop),
		cmocka_unit_test_teardown(opss_13_t3_direct_dispatch, race_stop),
		cmocka_unit_test_teardown(opss_13_t4_deferred_direct_dispatch, race_stop),
		cmocka_unit_test_teardown(opss_13_t5_t7_dispatch, race_stop),
		cmocka_unit_test_teardown(opss_13_t6_dequeue, race_stop),
		cmocka_unit_test_teardown(opss_13_t8_dance, race_stop),
		cmocka_unit_test_teardown(opss_13_t9_none_stays_none, race_stop),
		cmocka_unit_test_teardown(opss_13_nothing_else_happens_in_a_busy_life, race_stop),
		SAY_TEST(opss_16_claimed_task_must_be_queued),
		SAY_TEST(opss_17_queueing_seen_in_a_dequeue_is_a_bug),
		SAY_TEST(opss_18_deferral_forces_an_impossible_word_to_none),
		SAY_TEST(opss_19_hand_over_of_a_word_that_is_not_none_warns),
		cmocka_unit_test_teardown(opss_20_the_word_is_none_when_a_task_starts_to_run, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
