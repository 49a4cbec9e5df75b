/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of direct dispatch have in common (spec 14.5). */
#ifndef TESTS_DIRECT_RIG_H
#define TESTS_DIRECT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *p, *other, *r;

/* p and other asleep on CPU 1, r runs on CPU 1 with a long slice; CPU 0 and 2 idle. */
static void start_in(enum run_mode mode)
{
	lab_start(.cpus = 3, .mode = mode);
	lab_from(2);
	p = lab_task("p", .cpu = 1);
	other = lab_task("other", .cpu = 1);
	r = lab_task("r", .cpu = 1);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = NSEC_PER_SEC;
	lab_load(&turn_ops);
	lab_wake(r);
	assert_true(lab_runs(r));
	say.dsq = 0;
	say.slice = 0;
	turn_forget();
	lab_forget();
}

static void start(void)
{
	start_in(RUN_TIMED);
}

/* What ops.enqueue() of p does. */
static void (*enqueuing)(void);

static void in_enqueue(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_enqueue && subject == p && enqueuing)
		enqueuing();
}

static void wake_p(void (*fn)(void))
{
	enqueuing = fn;
	say.look = in_enqueue;
	lab_wake(p);
}

static bool in_policys_hands(const struct task_struct *t)
{
	return scx_opss_state(lab_word(t)) == SCX_OPSS_QUEUED && t->scx.flags & SCX_TASK_IN_CUSTODY;
}

static bool no_verdict(const struct task_struct *t)
{
	return t->scx.ddsp_dsq_id == SCX_DSQ_INVALID && !t->scx.ddsp_enq_flags;
}

#endif /* TESTS_DIRECT_RIG_H */
