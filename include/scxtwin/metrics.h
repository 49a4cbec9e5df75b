/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metrics of a run. They are computed while it runs, from the event records and
 * a few static facts, cannot influence it and reach no digest. All values are
 * integers; times in ns. Each definition stands at the top of the file under
 * src/report that computes it; docs/outputs.md collects them.
 */
#ifndef SCXTWIN_METRICS_H
#define SCXTWIN_METRICS_H

#include <scxtwin/error.h>
#include <scxtwin/event.h>
#include <scxtwin/ops.h>
#include <scxtwin/sim.h>
#include <scxtwin/workload.h>

/*
 * What events do not tell. Every function may be called at any event and must
 * not change anything; data is handed back.
 */
struct scxtwin_facts {
	u32 nr_cpus;
	u32 nr_groups;
	void *data;
	const char *(*group_name)(void *data, u32 group);
	u32 (*cpu_core)(void *data, u32 cpu);
	u32 (*cpu_llc)(void *data, u32 cpu);
	u32 (*cpu_node)(void *data, u32 cpu);
	/* A value of nr_groups or more: a thread of the machine itself, counted in the row "system". */
	u32 (*task_group)(void *data, s32 pid);
	/* As scxtwin_sim_task_cpus() and scxtwin_sim_task_weight(). */
	const u64 *(*task_cpus)(void *data, s32 pid);
	u32 (*task_weight)(void *data, s32 pid);
};

/*
 * CPUs that a task may use now, CPU n = bit n % 64 of word n / 64, as many words
 * as the machine needs; NULL: not known, then every CPU. Asked at TASK_NEW,
 * WAKEUP_NEW and ATTR AFFINITY, after the change; valid until the next event.
 */
const u64 *scxtwin_sim_task_cpus(const struct scxtwin_sim *s, s32 pid);
/* Weight on the cgroup scale, 1 to 10000; 0: not known, then 100. Asked at WAKEUP_NEW and ATTR NICE. */
u32 scxtwin_sim_task_weight(const struct scxtwin_sim *s, s32 pid);

/* A distribution. A percentile is the value of a bucket: exact below 512, else at most 0.4 % off. */
struct scxtwin_dist {
	u64 n;
	u64 min, max, mean;	/* exact; 0 if n is 0 */
	u64 p50, p90, p99, p999;
};

enum scxtwin_distance {
	SCXTWIN_SAME_CORE,	/* to a sibling thread */
	SCXTWIN_SAME_LLC,
	SCXTWIN_CROSS_LLC,	/* on the same node */
	SCXTWIN_CROSS_NODE,
	SCXTWIN_NR_DISTANCES
};

struct scxtwin_group_metrics {
	const char *name;
	u32 nr_tasks;			/* born */
	u64 run_ns, wait_ns, sleep_ns;	/* sums over the tasks */
	struct scxtwin_dist wakeup_latency;
	struct scxtwin_dist rq_delay;	/* after a switch-out while runnable */
	struct scxtwin_dist slowdown_milli; /* tasks that ended */
	u64 nr_wakeups;
	u64 nr_voluntary, nr_involuntary; /* switch-outs: blocked, still runnable */
	u64 nr_preemptions;		/* involuntary ones in favour of another task */
	u64 nr_migrations[SCXTWIN_NR_DISTANCES];
	/* Jain index over the tasks, parts per million; nr_jain tasks took part. */
	u32 jain_ppm, nr_jain;
};

struct scxtwin_cpu_metrics {
	u64 busy_ns;
	u64 nr_switches;
	u32 utilisation_ppm;		/* busy_ns of the span */
};

struct scxtwin_conservation {
	u64 nr_violations;		/* stretches of positive length */
	u64 violated_ns;		/* total length of the stretches */
	u64 longest_ns;
	u64 lost_ns;			/* CPU time that could have been used */
};

enum scxtwin_dsq_kind { SCXTWIN_DSQ_LOCALS, SCXTWIN_DSQ_BYPASSES, SCXTWIN_DSQ_GLOBALS, SCXTWIN_DSQ_USER };

/* The DSQs of one built-in kind together, or one user DSQ. */
struct scxtwin_dsq_metrics {
	enum scxtwin_dsq_kind kind;
	u64 id;				/* of a user DSQ, else 0 */
	char name[32];			/* "local", "bypass", "global", "0x2a" */
	u32 nr_dsqs;			/* that ever held a task */
	u64 nr_inserts;
	u64 depth_max;			/* of any one of them */
	u64 depth_mean_milli;		/* time-weighted mean over the span, sum of all */
	struct scxtwin_dist residence;	/* insert to removal */
};

/* Rows "all" = every group, without the row "system". */
struct scxtwin_report {
	u64 span_ns;
	u64 nr_events;
	u64 nr_kind[SCXTWIN_NR_EVENT_KINDS];
	u64 nr_op[SCXTWIN_NR_OPS];
	u64 nr_kfunc[SCXTWIN_NR_KFUNCS];
	s64 scx_events[SCX_NR_EVENTS];
	struct scxtwin_group_metrics all;
	struct scxtwin_group_metrics *groups; /* the last one is "system" if it has tasks */
	u32 nr_groups;
	/* Jain index over the groups that took part (weights accounted for). */
	u32 jain_groups_ppm, nr_jain_groups;
	struct scxtwin_cpu_metrics *cpus;
	u32 nr_cpus;
	u64 busy_ns;			/* all CPUs */
	u32 utilisation_ppm;		/* busy_ns of span_ns * nr_cpus */
	struct scxtwin_conservation conservation;
	struct scxtwin_dsq_metrics *dsqs; /* built-in kinds first, then by id; only used ones */
	u32 nr_dsqs;
};

struct scxtwin_metrics;

/* NULL if no memory. facts are copied, what they point to must stay. */
struct scxtwin_metrics *scxtwin_metrics_new_facts(const struct scxtwin_facts *facts,
						  struct scxtwin_error *err);
/* Observes s from now on; both must outlive the run. Call before scxtwin_sim_run(). */
struct scxtwin_metrics *scxtwin_metrics_new(struct scxtwin_sim *s, const struct scxtwin_workload *w,
					    struct scxtwin_error *err);
/* The observer inside, for those who feed records themselves. */
struct scxtwin_observer *scxtwin_metrics_observer(struct scxtwin_metrics *m);
/*
 * Closes what is open at end_ns (not before the last record) and returns the
 * result, which belongs to m. NULL if memory ran out. Once per m.
 */
const struct scxtwin_report *scxtwin_metrics_finish(struct scxtwin_metrics *m, u64 end_ns,
						    struct scxtwin_error *err);
void scxtwin_metrics_free(struct scxtwin_metrics *m);

#endif /* SCXTWIN_METRICS_H */
