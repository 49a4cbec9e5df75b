/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 10.9 K: scenarios that were added from recordings. p is of the rq of CPU 1, x is CPU 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define WORD_QUEUED(brand) (((u64)(brand) << 2) | SCX_OPSS_QUEUED)

static struct task_struct *p;

static void setup_queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	p->scx.slice = 3 * MS;
}

static struct lab_hold *x_at(struct lab_hold *point, u64 dsq)
{
	race_dispatch(RACE_X, p, dsq);
	assert_true(lab_held(point));
	return point;
}

static u32 dispatches;
static void (*race_look)(enum scxtwin_op op, struct task_struct *t, u64 arg);
static struct { s32 holding_cpu; struct scx_dispatch_q *dsq; } at_quiescent;

static void look(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	if (op == SCXTWIN_OP_dispatch && arg == RACE_X)
		dispatches++;
	if (op == SCXTWIN_OP_quiescent) {
		at_quiescent.holding_cpu = t->scx.holding_cpu;
		at_quiescent.dsq = t->scx.dsq;
	}
	race_look(op, t, arg);
}

static void race_87_change_against_the_dispatchers_own_consume(void **state)
{
	struct lab_hold *n8, *q7, *c7;

	(void)state;
	setup_queued();
	race_look = say.look;
	say.look = look;
	dispatches = 0;
	n8 = x_at(lab_hold(AT_STORE_WORD(RACE_X, p)), SCX_DSQ_GLOBAL);
	race_change(p);
	PROVES("RACE-87", lab_waits(RACE_OUT, "wait_ops_state"));
	q7 = lab_hold(AT_READ_FLAGS(RACE_OUT, p));
	c7 = lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC));
	lab_release(n8);
	assert_true(lab_held(q7) && lab_held(c7));
	assert_true(p->scx.holding_cpu == RACE_X && p->scx.dsq == race_global());
	lab_release(q7);
	PROVES("RACE-87 CUST-47", at_quiescent.holding_cpu == RACE_X && at_quiescent.dsq == race_global());
	lab_release(c7);
	PROVES("RACE-87", lab_called(p, "dequeue(0x0)@2 quiescent(0x20000000a)@0 set_weight@0 runnable(0xa)@0 enqueue(0xa)@0"));
	PROVES("RACE-87 OPSS-40", race_dequeue.nr == 1 && lab_word(p) == WORD_QUEUED(2) && watch_entered(p) == 2);
	PROVES("RACE-87", dispatches == 2 && p->scx.holding_cpu == -1);
}

static void race_88_class_change_between_insert_and_flush(void **state)
{
	struct lab_hold *f1;

	(void)state;
	race_ops = say_ops;
	race_ops.flags = SCX_OPS_SWITCH_PARTIAL;
	race_start();
	p = lab_task("p", .cpu = RACE_SRC, .policy = SCHED_EXT);
	lab_load(&race_ops);
	lab_wake(p);
	lab_forget();
	f1 = x_at(lab_hold(AT_READ_WORD(RACE_X, p), .skip = 1), SCX_DSQ_GLOBAL);
	lab_set_policy(p, SCHED_NORMAL, 0);
	PROVES("RACE-88", lab_called(p, "dequeue(0x20000004a) quiescent(0x20000004a) disable"));
	assert_ptr_equal(p->sched_class, &fair_sched_class);
	lab_release(f1);
	PROVES("RACE-88 OPSS-42", scx_root->exit_kind == SCX_EXIT_NONE && !p->scx.dsq && lab_called(p, ""));
	PROVES("RACE-88", !watch_transitions(p, WATCH_T5) && p->sched_class == &fair_sched_class);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_87_change_against_the_dispatchers_own_consume, race_stop),
		cmocka_unit_test_teardown(race_88_class_change_between_insert_and_flush, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
