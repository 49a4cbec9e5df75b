/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the two files of the fair class: class_fair.c keeps the queue of one
 * rq in order, fair_balance.c spreads tasks over the machine.
 */
#ifndef SCHED_FAIR_H
#define SCHED_FAIR_H

#include "sched/sched.h"

#define FAIR_SLICE_NS		(3 * NSEC_PER_MSEC)	/* length of one request */
#define FAIR_BALANCE_NS		(16 * NSEC_PER_MSEC)	/* least time between two pushes of one rq */

/* Average vruntime of what is runnable on rq: the point of zero lag; rq locked. */
u64 avg_vruntime(struct cfs_rq *cfs);
/* Service that p is owed, in virtual ns, negative if it had too much; p queued, rq locked. */
s64 fair_lag(struct cfs_rq *cfs, struct task_struct *p);

/* The number of fair tasks on rq changed; rq locked. */
void fair_mark_overload(struct rq *rq);
/* Gives one waiting task of rq to a less loaded CPU; may drop and retake the rq lock. */
void fair_push(struct rq *rq);

int select_task_rq_fair(struct task_struct *p, int prev_cpu, int wake_flags);
bool balance_fair(struct rq *rq, struct task_struct *prev);

#endif /* SCHED_FAIR_H */
