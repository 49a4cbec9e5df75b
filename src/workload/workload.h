/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Workloads for the assembly of a simulation (src/api).
 */
#ifndef WORKLOAD_WORKLOAD_H
#define WORKLOAD_WORKLOAD_H

#include <scxtwin/workload.h>

#include "sched/sched.h"

struct workload_run;

/* What a workload may ask of the rooms it does not know; set by src/api. */
struct workload_host {
	int (*attach)(void);			/* load the policy; service context */
	void (*detach)(void);			/* unload it; service context */
};

/*
 * Begins to run w in this_sim: creates tasks that start at once, arms events
 * for the rest. Called before the first machine_run(), outside any context, so
 * it only arms events. The policy is attached before the first task is born
 * unless the workload has an attach step or event of its own.
 */
struct workload_run *workload_start(struct scxtwin_workload *w, const struct workload_host *host,
				    struct scxtwin_error *err);
/* True when every task of the workload has ended and none is to come. */
bool workload_done(const struct workload_run *r);
u32 workload_nr_left(const struct workload_run *r);
/* "pid 7 worker: waits for a wake that nobody is left to give (since 12.3 ms)"; false beyond the last. */
bool workload_task_left(const struct workload_run *r, u32 n, char *text, size_t size);
/* A fault found while running (recording damaged further on, wait that can never end, failed expectation). */
int workload_error(const struct workload_run *r, struct scxtwin_error *err);
/* The workload says itself how the scheduler must have ended. */
bool workload_judges_exit(const struct workload_run *r);
/* ... and that no IMMED task may have waited, not even where the kernel lets it. */
bool workload_expects_immed_at_once(const struct workload_run *r);
/* Called when the run ended: checks expectations. */
int workload_finish(struct workload_run *r, struct scxtwin_error *err);
void workload_stop(struct workload_run *r);

#endif /* WORKLOAD_WORKLOAD_H */
