/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The class table: the door between the scheduler core and the classes, ext
 * among them. Hooks, order and flags: spec chapter 22, tables HOOK-01 ff.
 *
 * MODEL
 *   modelled:  wakeup local and remote (wake lists), fork, schedule() in normal,
 *              preempt and idle mode, sched_change, affinity with stopper,
 *              migrate_disable, nice, policy, exit, tick, next_class,
 *              balance callbacks, hotplug of CPUs.
 *   stubbed:   load averages, bandwidth control, cpufreq (a stored number),
 *              deadline servers (SRV-22, SRV-08), uclamp, PSI.
 *   different on purpose: a task's own code takes time only in run bursts; a
 *              system call is atomic up to the point where it must wait;
 *              IPIs arrive at the instant they are sent (costed mode: later).
 */
#ifndef SCHED_CLASS_H
#define SCHED_CLASS_H

#include "sched/rq.h"

/* enqueue and dequeue flags of the core; FLAG-04 */
#define DEQUEUE_SLEEP		0x1
#define DEQUEUE_SAVE		0x2
#define DEQUEUE_MOVE		0x4
#define DEQUEUE_NOCLOCK		0x8
#define DEQUEUE_MIGRATING	0x10
#define DEQUEUE_CLASS		0x40
#define DEQUEUE_SPECIAL		0x10000
#define ENQUEUE_WAKEUP		0x1
#define ENQUEUE_RESTORE		0x2
#define ENQUEUE_MOVE		0x4
#define ENQUEUE_NOCLOCK		0x8
#define ENQUEUE_MIGRATING	0x10
#define ENQUEUE_CLASS		0x40
#define ENQUEUE_HEAD		0x10000
#define ENQUEUE_MIGRATED	0x40000
#define ENQUEUE_INITIAL		0x80000
#define ENQUEUE_RQ_SELECTED	0x100000

#define WF_EXEC		0x02
#define WF_FORK		0x04
#define WF_TTWU		0x08
#define WF_SYNC		0x10
#define WF_MIGRATED	0x20
#define WF_CURRENT_CPU	0x40
#define WF_RQ_SELECTED	0x80

/* pick_task() may answer this: a higher class became runnable, start again. */
#define RETRY_TASK ((struct task_struct *)-1L)

struct affinity_context {
	const struct cpumask *new_mask;
	u32 flags;	/* SCA_* */
};
#define SCA_MIGRATE_DISABLE	0x2
#define SCA_MIGRATE_ENABLE	0x4

struct sched_class {
	const char *name;
	u32 rank;	/* stop 5, dl 4, rt 3, fair 2, ext 1, idle 0 */

	void (*enqueue_task)(struct rq *rq, struct task_struct *p, int flags);
	bool (*dequeue_task)(struct rq *rq, struct task_struct *p, int flags);
	void (*yield_task)(struct rq *rq);
	bool (*yield_to_task)(struct rq *rq, struct task_struct *p);
	void (*wakeup_preempt)(struct rq *rq, struct task_struct *p, int flags);
	bool (*balance)(struct rq *rq, struct task_struct *prev);
	struct task_struct *(*pick_task)(struct rq *rq);
	void (*put_prev_task)(struct rq *rq, struct task_struct *p, struct task_struct *next);
	void (*set_next_task)(struct rq *rq, struct task_struct *p, bool first);
	int (*select_task_rq)(struct task_struct *p, int prev_cpu, int wake_flags);
	void (*migrate_task_rq)(struct task_struct *p, int new_cpu);
	void (*task_woken)(struct rq *rq, struct task_struct *p);
	void (*set_cpus_allowed)(struct task_struct *p, struct affinity_context *ctx);
	void (*rq_online)(struct rq *rq);
	void (*rq_offline)(struct rq *rq);
	void (*task_tick)(struct rq *rq, struct task_struct *p);
	void (*task_fork)(struct task_struct *p);
	void (*update_curr)(struct rq *rq);
	void (*switching_from)(struct rq *rq, struct task_struct *p);
	void (*switched_from)(struct rq *rq, struct task_struct *p);
	void (*switching_to)(struct rq *rq, struct task_struct *p);
	void (*switched_to)(struct rq *rq, struct task_struct *p);
	void (*reweight_task)(struct rq *rq, struct task_struct *p);
	void (*prio_changed)(struct rq *rq, struct task_struct *p, int old_prio);

	/*
	 * Twin only: first instant at which a tick on this rq could have an
	 * effect while p runs, UINT64_MAX if never. Drives tick elision.
	 */
	u64 (*first_tick)(struct rq *rq, struct task_struct *p);
};

extern const struct sched_class stop_sched_class, dl_sched_class, rt_sched_class,
	fair_sched_class, ext_sched_class, idle_sched_class;

static inline bool sched_class_above(const struct sched_class *a, const struct sched_class *b)
{
	return a->rank > b->rank;
}

#endif /* SCHED_CLASS_H */
