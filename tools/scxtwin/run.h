/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verb "run" in two parts: cmd_run.c has the options and the order of
 * events, run_one.c one simulation with what is attached to it.
 */
#ifndef RUN_H
#define RUN_H

#include <scxtwin/report.h>

#include "opts.h"

#define MAX_POLICIES	16
#define MAX_SETS	64

/* One --policy with the --set behind it. */
struct run_policy {
	const char *spec;
	struct scxtwin_set sets[MAX_SETS];
	u32 nr_sets;
	char label[160];
};

struct run_settings {
	struct run_policy policies[MAX_POLICIES];
	u32 nr_policies;
	struct scxtwin_machine machine;
	u64 seed, limit_ns, time_limit_s, audit_every;
	u32 mode;
	const char *costs, *proposed, *log, *perfetto;
	bool digest, json, dump, no_tick_elision, force_suspend, check_determinism, keep_going, quiet;
	bool compare_recorded;
};

/* What is left of a run when its simulation is gone. */
struct run_outcome {
	struct scxtwin_result result;
	struct scxtwin_metrics *metrics;	/* NULL: not asked for */
	const struct scxtwin_report *report;
	int status;				/* exit status */
	bool ran;				/* result is filled */
};

/* Runs w under one policy, writes logs, says what went wrong. */
void run_one(const struct run_settings *s, const struct run_policy *policy,
	     struct scxtwin_workload *w, struct run_outcome *out);
/* Runs again and compares; the exit status. */
int run_check_determinism(const struct run_settings *s, const struct run_policy *policy,
			  struct scxtwin_workload *w);
/* Takes the progress line away before other output. */
void progress_clear(void);

#endif /* RUN_H */
