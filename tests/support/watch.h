/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An onlooker for explored labs: at every yield point it holds what it sees
 * against spec 10.3 and 10.8, written down here a second time and from the rules
 * alone. What does not fit fails the test with the rule's ID.
 *
 * Every access to the state word is preceded by a yield point, so no transition
 * passes unseen, and who is at the yield point behind one is who made it.
 */
#ifndef TESTS_WATCH_H
#define TESTS_WATCH_H

#include "support/lab.h"

/* Transitions of 10.3; T3, T4 and T7, T8 differ by what was done before. */
enum watch_transition {
	WATCH_T1, WATCH_T2, WATCH_T3_T4, WATCH_T5, WATCH_T6, WATCH_T7_T8, NR_WATCH_TRANSITIONS
};

/* Things that invariants speak of: how often they were there to be looked at. */
enum watch_sight {
	WATCH_NONE, WATCH_QUEUEING, WATCH_QUEUED, WATCH_DISPATCHING,
	WATCH_IN_ENQUEUE_OP, WATCH_HOLDING, WATCH_HOLDING_CONSUMER, WATCH_ON_DSQ, WATCH_DEFERRED,
	WATCH_STICKY, WATCH_CURRENT, WATCH_STASH, WATCH_MARKER, WATCH_DSQS,
	NR_WATCH_SIGHTS
};

/* After lab_start(.mode = RUN_EXPLORED); ends with the lab. */
void watch_start(void);
/* A context stands at a yield point; watch_start() sees to it that this is called at each. */
void watch_look(const struct choice *step);
u64 watch_saw(enum watch_sight sight);
u64 watch_transitions(struct task_struct *p, enum watch_transition t); /* p NULL: of all tasks */
/* Custodies of p begun and ended so far, by the flag. */
u32 watch_entered(const struct task_struct *p);
u32 watch_left(const struct task_struct *p);
/* CPU which made the last transition of this kind of p; -1: none did. */
int watch_who(struct task_struct *p, enum watch_transition t);

#endif /* TESTS_WATCH_H */
