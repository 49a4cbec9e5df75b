/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where tasks go. The classes keep a few masks of the machine true, each bit
 * under the rq lock of its CPU; who looks for a CPU reads them without a lock,
 * so an answer is a hint and has to be tested again under the lock.
 *
 * A search goes outwards from a CPU: its LLC, then its node, then the machine.
 * Within one of these it goes upwards from the CPU and wraps. Its cost is that
 * of the mask words plus a bounded number of CPUs that are looked at.
 */
#ifndef SCHED_BALANCE_H
#define SCHED_BALANCE_H

#include "sched/sched.h"

/* core_sched()->balance */
struct balance_state {
	struct cpumask *idle;		/* the idle task has the CPU; class_idle.c */
	struct cpumask *fair_overloaded; /* two or more fair tasks; class_fair.c */
	struct cpumask *rt_overloaded;	/* two or more rt tasks; class_rt.c */
	struct cpumask *no_realtime;	/* no rt and no dl task is queued; class_rt.c, class_dl.c */
};

/* Last step of sched_init(): every rq has its idle task. 0, or -1 without memory. */
int balance_init(void);

static inline struct balance_state *balance_state(void)
{
	return core_sched()->balance;
}

/* Writes rq's bit if that changes it; rq locked. */
void balance_mark(struct rq *rq, struct cpumask *mask, bool on);
/* rq->rt or rq->dl gained or lost a task; rq locked. */
void balance_mark_realtime(struct rq *rq);

enum reach {
	REACH_LLC,
	REACH_NODE,
	REACH_MACHINE,
};

struct cpu_search {
	const struct cpumask *wanted;
	const struct cpumask *allowed;
	int from;		/* the CPU to be near to; looked at first */
	enum reach reach;	/* how far to go */
	/* Does the CPU do? NULL: all do. May note what it saw in data and answer false. */
	bool (*accept)(int cpu, void *data);
	void *data;
};

#define CPU_SEARCH_TRIES 16	/* CPUs shown to accept() at each distance */

/* The nearest active CPU that is wanted, allowed and accepted; -1 if none was found. */
int find_cpu(const struct cpu_search *search);
/* The nearest idle CPU that p may use and nobody is about to wake; -1 if there is none. */
int find_idle_cpu(const struct task_struct *p, int from, enum reach reach);
/* No task there and none on its way; without rq lock. */
bool available_idle_cpu(int cpu);

/*
 * Locks other, a second rq besides the locked this_rq, in CPU order. True if
 * this_rq was unlocked in between, so that everything may have changed.
 */
bool double_lock_balance(struct rq *this_rq, struct rq *other);
void double_unlock_balance(struct rq *this_rq, struct rq *other);

/* p waits on src, stays clear of the CPU and may go to dst; src locked. */
bool can_move_queued_task(struct rq *src, struct task_struct *p, struct rq *dst);
/* Both locked; hooks and flags as in MIG-04. */
void move_queued_task_locked(struct rq *src, struct task_struct *p, struct rq *dst);

#endif /* SCHED_BALANCE_H */
