/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a run leaves behind: tables and JSON from its metrics, the written log,
 * and a trace for the Perfetto viewer. docs/outputs.md describes the formats.
 */
#ifndef SCXTWIN_REPORT_H
#define SCXTWIN_REPORT_H

#include <stdio.h>

#include <scxtwin/metrics.h>

/* One run as the tables want it. */
struct scxtwin_run {
	const char *label;		/* column title; NULL: the policy's name */
	const char *workload;		/* name, NULL: not shown */
	const struct scxtwin_result *result;
	const struct scxtwin_report *report;
};

/*
 * Tables for a terminal, ASCII only and the same for the same run. Both return
 * 0 or SCXTWIN_EFAILED if out could not be written.
 */
int scxtwin_summary_text(FILE *out, const struct scxtwin_run *run, struct scxtwin_error *err);
/* Columns = runs; the first is the reference of the differences. */
int scxtwin_compare_text(FILE *out, const struct scxtwin_run *runs, u32 nr_runs,
			 struct scxtwin_error *err);
/* The same as one JSON object each, ended by a newline. */
int scxtwin_summary_json(FILE *out, const struct scxtwin_run *run, struct scxtwin_error *err);
int scxtwin_compare_json(FILE *out, const struct scxtwin_run *runs, u32 nr_runs,
			 struct scxtwin_error *err);

/* A run of a recording against what was observed when it was recorded. */
struct scxtwin_aggregate {
	u64 run_ns, nr_switches, nr_wakeups;
	struct scxtwin_dist wait;	/* wakeup latency and run-queue delay together */
};

struct scxtwin_fidelity_row {
	const char *name;
	struct scxtwin_aggregate recorded, simulated;
	/* Kolmogorov-Smirnov distance of the waits, if both have some. */
	bool has_distance;
	u32 distance_ppm;
};

struct scxtwin_fidelity {
	u64 recorded_ns, simulated_ns;	/* spans */
	struct scxtwin_fidelity_row all;
	struct scxtwin_fidelity_row *groups;
	u32 nr_groups;
};

/* m: finished, of the workload that recorded is of; names belong to it. NULL: no memory. */
struct scxtwin_fidelity *scxtwin_fidelity_new(const struct scxtwin_metrics *m,
					      const struct scxtwin_recorded *recorded,
					      struct scxtwin_error *err);
void scxtwin_fidelity_free(struct scxtwin_fidelity *f);
/* As the summaries. */
int scxtwin_fidelity_text(FILE *out, const struct scxtwin_run *run,
			  const struct scxtwin_fidelity *f, struct scxtwin_error *err);
int scxtwin_fidelity_json(FILE *out, const struct scxtwin_run *run,
			  const struct scxtwin_fidelity *f, struct scxtwin_error *err);

/*
 * Writers. open() observes s from now on (call it before scxtwin_sim_run()) and
 * returns NULL on error; a name that ends in ".gz" is compressed, "-" is
 * standard output. close() writes the rest, frees the writer and reports the
 * first error of all; SCXTWIN_EFAILED: the file is not complete. s must not run
 * afterwards.
 */
struct scxtwin_log;
struct scxtwin_log *scxtwin_log_open(struct scxtwin_sim *s, const char *path,
				     struct scxtwin_error *err);
int scxtwin_log_close(struct scxtwin_log *log, const struct scxtwin_result *res,
		      struct scxtwin_error *err);

struct scxtwin_perfetto;
struct scxtwin_perfetto *scxtwin_perfetto_open(struct scxtwin_sim *s, const char *path,
					       struct scxtwin_error *err);
int scxtwin_perfetto_close(struct scxtwin_perfetto *p, struct scxtwin_error *err);

#endif /* SCXTWIN_REPORT_H */
