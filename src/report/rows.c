/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/rows.h"

/* key, title, unit, for each group, expression of run and g */
#define ROWS(X)										\
	X(simulated_ns, "simulated time", TIME, false, run->result->time_ns)		\
	X(tasks_left, "tasks left", COUNT, false, run->result->nr_tasks_left)		\
	X(utilisation_ppm, "CPUs busy", PPM, false, run->report->utilisation_ppm)	\
	X(run_ns, "run time", TIME, true, g->run_ns)					\
	X(wait_ns, "wait time", TIME, true, g->wait_ns)					\
	X(wakeup_latency_n, "wakeups served", COUNT, false, g->wakeup_latency.n)	\
	X(wakeup_latency_p50_ns, "wakeup latency p50", TIME, true, g->wakeup_latency.p50) \
	X(wakeup_latency_p90_ns, "wakeup latency p90", TIME, false, g->wakeup_latency.p90) \
	X(wakeup_latency_p99_ns, "wakeup latency p99", TIME, true, g->wakeup_latency.p99) \
	X(wakeup_latency_p999_ns, "wakeup latency p99.9", TIME, false, g->wakeup_latency.p999) \
	X(wakeup_latency_max_ns, "wakeup latency max", TIME, true, g->wakeup_latency.max) \
	X(rq_delay_p50_ns, "run-queue delay p50", TIME, false, g->rq_delay.p50)		\
	X(rq_delay_p99_ns, "run-queue delay p99", TIME, true, g->rq_delay.p99)		\
	X(rq_delay_max_ns, "run-queue delay max", TIME, false, g->rq_delay.max)		\
	X(slowdown_p50_milli, "slowdown p50", MILLI, true, g->slowdown_milli.p50)	\
	X(slowdown_p99_milli, "slowdown p99", MILLI, false, g->slowdown_milli.p99)	\
	X(nr_voluntary, "voluntary switches", COUNT, false, g->nr_voluntary)		\
	X(nr_involuntary, "involuntary switches", COUNT, false, g->nr_involuntary)	\
	X(nr_preemptions, "preemptions", COUNT, true, g->nr_preemptions)		\
	X(nr_migrations_core, "migrated, same core", COUNT, false,			\
	  g->nr_migrations[SCXTWIN_SAME_CORE])						\
	X(nr_migrations_llc, "migrated, same LLC", COUNT, false,			\
	  g->nr_migrations[SCXTWIN_SAME_LLC])						\
	X(nr_migrations_cross_llc, "migrated, cross LLC", COUNT, false,			\
	  g->nr_migrations[SCXTWIN_CROSS_LLC])						\
	X(nr_migrations_cross_node, "migrated, cross node", COUNT, false,		\
	  g->nr_migrations[SCXTWIN_CROSS_NODE])						\
	X(conservation_violations, "conserv. violations", COUNT, false,			\
	  run->report->conservation.nr_violations)					\
	X(conservation_violated_ns, "conserv. violated", TIME, false,			\
	  run->report->conservation.violated_ns)					\
	X(conservation_lost_ns, "CPU time lost", TIME, false,				\
	  run->report->conservation.lost_ns)						\
	X(jain_tasks_ppm, "fairness of tasks", PPM, true, g->jain_ppm)			\
	X(jain_groups_ppm, "fairness of groups", PPM, false, run->report->jain_groups_ppm) \
	X(nr_warnings, "warnings", COUNT, false, run->result->nr_warnings)

#define X(key, title, unit, per_group, expression)					\
	static u64 get_##key(const struct scxtwin_run *run,				\
			     const struct scxtwin_group_metrics *g)			\
	{										\
		(void)run;								\
		(void)g;								\
		return expression;							\
	}
ROWS(X)
#undef X

const struct compare_row compare_rows[] = {
#define X(key, title, unit, per_group, expression)					\
	{ #key, title, TEXT_##unit, per_group, get_##key },
	ROWS(X)
#undef X
};

const u32 nr_compare_rows = sizeof(compare_rows) / sizeof(compare_rows[0]);
