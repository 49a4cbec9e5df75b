/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the simulated machine is asked to do: a program file (JSON) or a
 * recording (JSON Lines, plain or gzip). A workload is immutable once opened
 * and may be run by any number of simulations, one after the other.
 */
#ifndef SCXTWIN_WORKLOAD_H
#define SCXTWIN_WORKLOAD_H

#include <scxtwin/error.h>
#include <scxtwin/types.h>

struct scxtwin_workload;

/* Machine as the file asks for it; 0 means not given. */
struct scxtwin_machine {
	u32 cpus, smt, cores_per_llc, nodes, hz;
	u64 tick_phase_ns;
};

/*
 * Reads and checks a whole file (a recording is checked as it is streamed, and
 * its header here). "-" is standard input. NULL on error.
 */
struct scxtwin_workload *scxtwin_workload_open(const char *path, struct scxtwin_error *err);
void scxtwin_workload_close(struct scxtwin_workload *w);

const char *scxtwin_workload_name(const struct scxtwin_workload *w);
const struct scxtwin_machine *scxtwin_workload_machine(const struct scxtwin_workload *w);
/* Hash of the content that decides, for the digest's header; 64 hex digits. */
const char *scxtwin_workload_hash(const struct scxtwin_workload *w);
/* Seed given by the file, 0 if none. */
u64 scxtwin_workload_seed(const struct scxtwin_workload *w);
/* Instant at which a run ends even if tasks are left, 0 if none. Recordings: twice the recorded span. */
u64 scxtwin_workload_limit_ns(const struct scxtwin_workload *w);
/* Group names for summaries: groups are 0 .. n - 1. */
u32 scxtwin_workload_nr_groups(const struct scxtwin_workload *w);
const char *scxtwin_workload_group_name(const struct scxtwin_workload *w, u32 group);

/* What was observed of a group while it was recorded. */
struct scxtwin_wait {
	u64 ns;		/* least value of a bucket as the metrics have them */
	u64 count;	/* not 0 */
};

struct scxtwin_observed {
	u64 run_ns, nr_switches, nr_wakeups;
	struct scxtwin_wait *waits;	/* runnable and not running, to the end; by ascending ns */
	u32 nr_waits;
};

struct scxtwin_recorded {
	u64 span_ns;
	struct scxtwin_observed *groups;
	u32 nr_groups;			/* those of the workload */
};

/* SCXTWIN_EINPUT and NULL if w is no recording, or one that lacks it (not imported, or long ago). */
struct scxtwin_recorded *scxtwin_workload_recorded(const struct scxtwin_workload *w,
						   struct scxtwin_error *err);
void scxtwin_recorded_free(struct scxtwin_recorded *recorded);

/* Reads a file and reports every finding; 0 if it could be run. */
int scxtwin_workload_lint(const char *path, void (*report)(const struct scxtwin_error *e, void *data),
			  void *data);

/* "what" of the MARK record that a mark step writes; "value" is the number given in the file. */
#define SCXTWIN_MARK_WORKLOAD 64

enum scxtwin_wakeups { SCXTWIN_OPEN_LOOP, SCXTWIN_CLOSED_LOOP };

/* Counts of an import: every input event is used or skipped for a named reason. */
struct scxtwin_import_report {
	u64 nr_lines, nr_events, nr_used;
	u32 nr_reasons;
	struct { const char *reason; u64 count; } skipped[24];
	u64 nr_lost_markers, nr_lost_events;
	u64 nr_inconsistencies;	/* events used that contradict the ones before: losses without a marker */
	u32 nr_tasks, nr_cpus;
	u64 span_ns;
};

struct scxtwin_import_options {
	enum scxtwin_wakeups wakeups;
	bool by_task;		/* each task is a group of its own, rather than those of one name */
};

/* ftrace text (plain or gzip, "-" for stdin) to a recording; out ending in .gz is compressed. */
int scxtwin_import_ftrace(const char *in, const char *out, const struct scxtwin_import_options *opt,
			  struct scxtwin_import_report *report, struct scxtwin_error *err);

#endif /* SCXTWIN_WORKLOAD_H */
