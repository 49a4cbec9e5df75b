/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy of say.h with an ops.dispatch() that is told call by call:
 *
 *	static void give(struct task_struct *prev) { ... }
 *
 *	turn(0, give);		// what the next ops.dispatch() of CPU 0 does
 *	lab_kick(0, 0);		// and now it is called
 *
 * A call for which nothing was said does nothing.
 */
#ifndef TESTS_TURN_H
#define TESTS_TURN_H

#include "support/say.h"

#define TURN_MAX_CPUS 8

typedef void (*turn_fn)(struct task_struct *prev);

/* Only what tells how a task gets on and off a CPU; a test may add and take away. */
extern struct sched_ext_ops turn_ops;

int turn_nothing(void **state);		/* a cmocka setup: everything as new, say_nothing() too */
void turn(int cpu, turn_fn fn);		/* the next call there, once */
void turns(int cpu, turn_fn fn);	/* every call there, until said otherwise */
u32 turn_count(int cpu);		/* calls there since turn_nothing() or turn_forget() */
void turn_forget(void);

/* ---- what those functions want to know */

/* The dispatch buffer of the calling CPU. */
const struct scx_dsp_ctx *turn_buffer(void);
bool turn_queue_is(struct scx_dispatch_q *dsq, const char *names); /* of lab_queue(); says so if not */
bool turn_holds_rq(int cpu);		/* the calling context holds that rq's lock */

#endif /* TESTS_TURN_H */
