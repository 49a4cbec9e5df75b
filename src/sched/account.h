/* SPDX-License-Identifier: GPL-2.0-only */
/* Time on the CPU, charged the same way by every class outside src/ext. */
#ifndef SCHED_ACCOUNT_H
#define SCHED_ACCOUNT_H

#include "sched/sched.h"

/* p gets the CPU: its time counts from now. */
static inline void account_start(struct rq *rq, struct task_struct *p)
{
	lockdep_assert_rq_held(rq);
	p->exec_start = rq_clock_task(rq);
}

/* Charges p, which has the CPU, up to now; returns the ns that this call added. */
static inline u64 account_exec(struct rq *rq, struct task_struct *p)
{
	const u64 now = rq_clock_task(rq);
	const u64 delta_ns = now - p->exec_start;

	lockdep_assert_rq_held(rq);
	BUG_ON(now < p->exec_start);
	p->exec_start = now;
	p->sum_exec_runtime += delta_ns;
	return delta_ns;
}

#endif /* SCHED_ACCOUNT_H */
