/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of the metrics. metrics.c turns records into transitions of tasks and
 * CPUs; each family of metrics is told of them and keeps its own sums. A family
 * does O(1) work per transition, wherever the number of tasks or CPUs goes.
 */
#ifndef REPORT_ACCOUNT_H
#define REPORT_ACCOUNT_H

#include <scxtwin/metrics.h>

#include "base/idmap.h"
#include "report/conservation.h"
#include "report/depth.h"
#include "report/hist.h"

enum account_state {
	ACCOUNT_UNKNOWN,	/* nothing seen yet, or born and never woken */
	ACCOUNT_SLEEPING,
	ACCOUNT_WAITING,
	ACCOUNT_RUNNING,
	ACCOUNT_DEAD,
};

struct account_task {
	s32 pid;
	u32 group;		/* nr_groups: "system" */
	enum account_state state;
	bool woken;		/* waiting since a wakeup, not since a switch-out */
	bool exiting;
	bool first_wakeup_seen;
	s32 last_cpu;		/* of the last switch-in, -1: none yet */
	u64 since;		/* of the state */
	u64 first_wakeup_ns;
	u64 run_ns, wait_ns;
	/* fairness.c */
	u32 weight;
	bool competes;
	u64 competes_since;
	u64 entitled_ns;
	unsigned __int128 virtual_start;
	u64 free_start;
	/* conservation.c */
	u32 affinity;
	/* depth.c */
	struct depth_place place;
};

struct account_group {
	u32 nr_tasks;
	u64 run_ns, wait_ns, sleep_ns;
	u64 nr_wakeups, nr_voluntary, nr_involuntary, nr_preemptions;
	u64 nr_migrations[SCXTWIN_NR_DISTANCES];
	struct hist wakeup_latency, rq_delay, slowdown;
	/* fairness.c, over the tasks that took part */
	u32 nr_fair;
	unsigned __int128 sum_x, sum_x2;
	u64 served_ns, entitled_ns;
};

struct account_cpu {
	s32 curr;		/* pid, 0: idle */
	bool online;
	u64 since;
	u64 busy_ns, nr_switches;
	u32 core, llc, node;
};

/* Weighted fair service, see fairness.c. */
struct account_fairness {
	u64 last_ns;
	u64 nr_competing, weight;
	u32 nr_online;
	unsigned __int128 virtual_ns;
	u64 free_ns;
};

struct scxtwin_metrics {
	struct scxtwin_observer observer;
	struct scxtwin_facts facts;
	void *origin;			/* what facts.data points to, if it is ours */
	u64 now;
	bool no_memory, finished;
	struct account_task **pages;	/* by pid, ACCOUNT_PAGE each */
	u32 nr_pages;
	struct account_group *groups;	/* facts.nr_groups + 1 */
	struct account_cpu *cpus;
	struct account_fairness fair;
	struct conservation conservation;
	struct depth depth;
	u64 nr_events;
	u64 nr_kind[SCXTWIN_NR_EVENT_KINDS];
	u64 nr_op[SCXTWIN_NR_OPS];
	u64 nr_kfunc[SCXTWIN_NR_KFUNCS];
	s64 scx_events[SCX_NR_EVENTS];
	struct scxtwin_report report;
};

#define ACCOUNT_PAGE 256U

static inline bool account_is_system(const struct scxtwin_metrics *m, const struct account_task *t)
{
	return t->group == m->facts.nr_groups;
}

/* tasks.c */
/* The record of a pid, made at first sight; NULL for the idle task, "no task" and no memory. */
struct account_task *account_task(struct scxtwin_metrics *m, s32 pid);
/* Calls fn for every task that was seen, by ascending pid. */
void account_for_each(struct scxtwin_metrics *m,
		      void (*fn)(struct scxtwin_metrics *m, struct account_task *t));
void account_free_tasks(struct scxtwin_metrics *m);

/* usage.c: time by state; switches; CPU time */
void usage_leave_state(struct scxtwin_metrics *m, struct account_task *t);
void usage_cpu_switch(struct scxtwin_metrics *m, u32 cpu, s32 next);
void usage_switch_out(struct scxtwin_metrics *m, struct account_task *t, bool runnable,
		      bool next_is_idle);
void usage_report(struct scxtwin_metrics *m);

/* latency.c: called while t is still waiting */
void latency_switch_in(struct scxtwin_metrics *m, struct account_task *t);
void latency_exit(struct scxtwin_metrics *m, struct account_task *t);

/* migrate.c: before last_cpu is overwritten */
void migrate_switch_in(struct scxtwin_metrics *m, struct account_task *t, u32 cpu);

/* fairness.c */
void fairness_advance(struct scxtwin_metrics *m);
void fairness_begin(struct scxtwin_metrics *m, struct account_task *t);
void fairness_end(struct scxtwin_metrics *m, struct account_task *t);
void fairness_set_weight(struct scxtwin_metrics *m, struct account_task *t);
void fairness_fold(struct scxtwin_metrics *m, struct account_task *t);
void fairness_report(struct scxtwin_metrics *m);

#endif /* REPORT_ACCOUNT_H */
