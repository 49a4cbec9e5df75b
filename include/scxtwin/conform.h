/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comparing the twin with a recording of a real kernel, and recording the twin
 * itself in the same format.
 *
 * What is compared is, per task, the order of the callbacks and decisions with
 * their flags and the state of the task in each; per CPU, the order in which
 * tasks came to run; how the scheduler ended. Times, slices and numbers of
 * ticks are not: a recording is made on a slow emulated machine. Sequences that
 * changed from one repetition of a recording to the next are not compared
 * either; CPU numbers are where they did not change.
 */
#ifndef SCXTWIN_CONFORM_H
#define SCXTWIN_CONFORM_H

#include <scxtwin/error.h>
#include <scxtwin/types.h>

struct scxtwin_conform_options {
	bool strict;	/* tell what was put aside before comparing, and by which rule */
	u32 context;	/* records shown before and after the first difference; 0: 3 */
	/* One line of text for people, without its newline; may be NULL. */
	void (*line)(const char *text, void *data);
	void *line_data;
};

struct scxtwin_conformity {
	bool same;
	char name[128], area[64], policy[32];
	u32 nr_tasks;		/* compared */
	u32 nr_same;
	u32 nr_unstable;	/* not compared */
	s64 exit_kind_recorded, exit_kind_twin;
	char first_task[64];	/* with a difference; "" if there is none */
	bool timing_rules;	/* what is a matter of time was put aside, see "strict" */
	char pace[64];		/* of the machine, at which it was the same or nearest to it */
};

/*
 * Runs the scenario of a recording (.jsonl) under its policy and compares with
 * the sequences in the .seq.json beside it, or with those of the recording if
 * there is none. How far another CPU gets while a kernel path is under way is a
 * property of the machine: a few paces are tried, and all sequences must be the
 * same at one of them. 0 whether same or not; an error if it could not be judged.
 */
int scxtwin_conform(const char *recording, const struct scxtwin_conform_options *opt,
		    struct scxtwin_conformity *res, struct scxtwin_error *err);

/*
 * Runs a scenario (or that of a recording) and writes what happened as a
 * recording. SCXTWIN_EFAILED: it was written, but the run came to a bad end.
 */
int scxtwin_record(const char *scenario, const char *policy, const char *out,
		   struct scxtwin_error *err);

/* Policies that recordings are made under, NULL beyond the last. */
const char *scxtwin_record_policy_nth(u32 n);

#endif /* SCXTWIN_CONFORM_H */
