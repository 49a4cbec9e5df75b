/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What became of each task of an explored race, in words that name the outcome,
 * and what a walk of a user DSQ may do and must do, checked in every order.
 *
 *	race_start(.cpus = 4);
 *	fate_start();
 *	fate_of(a);
 *	...
 *	fates()		"a walked changed queued, b walked"
 *
 *	queued		ops.enqueue(), by anybody but a walk
 *	walked		ops.enqueue() with SCX_ENQ_REENQ
 *	changed		ops.dequeue() for a change (SCHED_CHANGE)
 *	left		ops.dequeue(p, 0): put where custody ends
 *	dequeued	ops.dequeue() for anything else
 *	runs, stops	ops.running(), ops.stopping()
 *	slept		ops.quiescent() for anything but a change
 */
#ifndef TESTS_FATE_H
#define TESTS_FATE_H

#include "support/race.h"

/* In setup(), behind race_start(); say.look is used from here on. */
void fate_start(void);
void fate_of(struct task_struct *p);
/* Of all tasks that were named, in this order; those nothing happened to are left out. "nothing" if so for all. */
const char *fates(void);

/*
 * Walks of a user DSQ that begin from here on are followed: whom they visit (each
 * once, and nobody who came after their cut-off), and that at the end nobody is
 * left who had been there. One DSQ; the hook of orders.h is used.
 */
void walks_follow(struct scx_dispatch_q *dsq);
u32 walks_begun(void);
/* For outcome(): all walks have ended; nobody was skipped. Not if bypass began meanwhile (REENQ-62). */
void walks_skipped_nobody(void);

#endif /* TESTS_FATE_H */
