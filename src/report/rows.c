/* SPDX-License-Identifier: GPL-2.0-only */
#include "report/rows.h"

/*
 * X: key, title, unit, for each group, expression of run and g
 * P: key, title, for each group, distribution in g, which of its values
 */
#define ROWS(X, P)									\
	X(simulated_ns, "simulated time", TIME, false, run->result->time_ns)		\
	X(tasks_left, "tasks left", COUNT, false, run->result->nr_tasks_left)		\
	X(utilisation_ppm, "CPUs busy", PPM, false, run->report->utilisation_ppm)	\
	X(run_ns, "run time", TIME, true, g->run_ns)					\
	X(wait_ns, "wait time", TIME, true, g->wait_ns)					\
	X(wakeup_latency_n, "wakeups served", COUNT, false, g->wakeup_latency.n)	\
	P(wakeup_latency_p50_ns, "wakeup latency p50", true, wakeup_latency, p50)	\
	P(wakeup_latency_p90_ns, "wakeup latency p90", false, wakeup_latency, p90)	\
	P(wakeup_latency_p99_ns, "wakeup latency p99", true, wakeup_latency, p99)	\
	P(wakeup_latency_p999_ns, "wakeup latency p99.9", false, wakeup_latency, p999)	\
	P(wakeup_latency_max_ns, "wakeup latency max", true, wakeup_latency, max)	\
	P(rq_delay_p50_ns, "run-queue delay p50", false, rq_delay, p50)			\
	P(rq_delay_p99_ns, "run-queue delay p99", true, rq_delay, p99)			\
	P(rq_delay_max_ns, "run-queue delay max", false, rq_delay, max)			\
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
#define P(key, title, per_group, distribution, which)					\
	X(key, title, TIME, per_group, g->distribution.which)
ROWS(X, P)
#undef X
#undef P

static u64 greatest_wakeup_latency(const struct scxtwin_run *run, const struct scxtwin_group_metrics *g)
{
	(void)run;
	return g->wakeup_latency.max;
}

static u64 greatest_rq_delay(const struct scxtwin_run *run, const struct scxtwin_group_metrics *g)
{
	(void)run;
	return g->rq_delay.max;
}

const struct compare_row compare_rows[] = {
#define X(key, title, unit, per_group, expression)					\
	{ #key, title, TEXT_##unit, per_group, get_##key, get_##key },
#define P(key, title, per_group, distribution, which)					\
	{ #key, title, TEXT_TIME, per_group, get_##key, greatest_##distribution },
	ROWS(X, P)
#undef X
#undef P
};

const u32 nr_compare_rows = sizeof(compare_rows) / sizeof(compare_rows[0]);
