/* SPDX-License-Identifier: GPL-2.0-only */
/* A busy CPU, tasks that wait for it and real-time tasks that may take it (spec 21.11 to 21.14). */
#ifndef TESTS_BUSY_RIG_H
#define TESTS_BUSY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *r, *a, *b, *s, *rt, *rt2;

/* r runs on CPU 0; a of CPU 0 and b of CPU 1 in the policy's hands; s, rt, rt2 of CPU 0 asleep. */
static void start_in(enum run_mode mode)
{
	lab_start(.cpus = 3, .mode = mode);
	r = lab_task("r", .cpu = 0);
	a = lab_task("a", .cpu = 0);
	b = lab_task("b", .cpu = 1);
	s = lab_task("s", .cpu = 0);
	rt = lab_task("rt", .cpu = 0, .cpus = 1, .policy = SCHED_FIFO, .rt_priority = 10);
	rt2 = lab_task("rt2", .cpu = 0, .cpus = 1, .policy = SCHED_FIFO, .rt_priority = 20);
	lab_load(&turn_ops);
	lab_from(2);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = 100 * MS;
	lab_wake(r);
	say.dsq = say.slice = 0;
	lab_wake(a);
	lab_wake(b);
	assert_true(lab_runs(r));
	turn_forget();
	lab_forget();
}

static void start(void)
{
	start_in(RUN_TIMED);
}

/* a waits on the local DSQ of CPU 0. */
static void queue_a(void)
{
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(a, 1);
	say.dsq = 0;
	assert_true(turn_queue_is(lab_local(0), "a"));
	lab_forget();
}

#endif /* TESTS_BUSY_RIG_H */
