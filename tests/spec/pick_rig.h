/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of picks and of the kicks that dispatch needs have in common (spec 14.13, 14.14). */
#ifndef TESTS_PICK_RIG_H
#define TESTS_PICK_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *r, *a, *far, *rt;

/* a of CPU 0 and far of CPU 1 in the policy's hands; r and rt of CPU 0 asleep; all CPUs idle. */
static void start_in(enum run_mode mode)
{
	lab_start(.cpus = 4, .mode = mode);
	lab_from(3);
	r = lab_task("r", .cpu = 0);
	a = lab_task("a", .cpu = 0);
	far = lab_task("far", .cpu = 1);
	rt = lab_task("rt", .cpu = 0, .cpus = 1, .policy = SCHED_FIFO);
	lab_load(&turn_ops);
	lab_wake(a);
	lab_wake(far);
	turn_forget();
	lab_forget();
}

static void run_r(void)
{
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = NSEC_PER_SEC;
	lab_wake(r);
	say.dsq = say.slice = 0;
	assert_true(lab_runs(r));
	turn_forget();
	lab_forget();
}

static void start(void)
{
	start_in(RUN_TIMED);
}

static void start_busy(void)
{
	start();
	run_r();
}

static void end_slice(turn_fn fn)
{
	turn(0, fn);
	lab_kick(0, SCX_KICK_PREEMPT);
}

static struct rq *rq0(void)
{
	return cpu_rq(0);
}

#endif /* TESTS_PICK_RIG_H */
