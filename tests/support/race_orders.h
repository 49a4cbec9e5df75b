/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What became of an insert and of a dequeue in an explored race, told by what
 * they found in the state word. The numbers are those of spec 10.9: there an
 * order is listed, here it stands for all that go the same way.
 */
#ifndef TESTS_RACE_ORDERS_H
#define TESTS_RACE_ORDERS_H

#include "support/race.h"

/*
 * The first insert of p by cpu and its flush:
 *
 *	nothing					no such insert
 *	dispatched				inserted while QUEUED
 *	01 dispatched, 02 dispatched		inserted while QUEUEING; 02: it had to wait
 *	06 dropped, 07 dropped			no brand: inserted while NONE, while DISPATCHING
 *	08 dropped, 09 dropped, 14 dropped	other brand; 09: behind a wait, 14: a lost claim
 *	12 dropped, 13 dropped			DISPATCHING; 13: behind a lost claim
 *	18 dropped, 19 dropped			NONE; 19: behind a lost claim
 *	03 dropped				NONE, inserted while QUEUEING
 */
const char *race_insert(int cpu, const struct task_struct *p);
bool race_dispatched(int cpu, const struct task_struct *p);

/*
 * The first dequeue of p by cpu: claims, 20 waits (W2), 22 loses claim (and
 * waits or not), 23 waits (W1), finds NONE, nothing.
 */
const char *race_dequeued(int cpu, const struct task_struct *p);

/*
 * What must be so at each end, whatever the order: each custody of p that was
 * left was left by one ops.dequeue(), the words agree with each other, and no
 * lock dance is going on.
 */
void race_check(const struct task_struct *p);

/* Where p is: runs on 2, in custody, on user DSQ, on global DSQ, on local DSQ 3, asleep. */
const char *race_place(const struct task_struct *p);

/* Who called ops.dequeue() of p, in order, and where p is: "told by 02, runs on 2". */
const char *race_ends(const struct task_struct *p);
/*
 * "x 18 dropped, d claims, told by 0, in custody": what the insert of CPU x and
 * the dequeue of CPU 0 came to before that.
 */
const char *race_story(int x, const struct task_struct *p);

#endif /* TESTS_RACE_ORDERS_H */
