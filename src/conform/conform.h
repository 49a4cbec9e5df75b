/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comparing with recordings of a real kernel.
 *
 *   pace.c     the machines that are tried
 *   twin.c     runs a scenario under its policy and collects the records
 *   record.c   one record as a line of a recording
 *   distill.c  a recording's lines to canonical sequences, one per task
 *   normal.c   rules that put aside what is no property of the scheduler
 *   compare.c  two sets of sequences
 *   rules.c    from a difference to the numbers of rules
 *   conform.c  the public functions
 *
 * Begin reading at scxtwin_conform().
 */
#ifndef CONFORM_CONFORM_H
#define CONFORM_CONFORM_H

#include <jansson.h>

#include <scxtwin/conform.h>

#include "base/vec.h"
#include "policy/recorder.h"

/* One line of a recording, or of a sequence. */
json_t *record_to_json(const struct recorder_record *rec, const char *policy);

/* What is wrong with a line of a recording, or of a sequence; NULL: nothing. */
const char *record_fault(const json_t *line);

/* The lines behind the first. */
struct lines_of_run {
	VEC(json_t *) lines;
};

struct sequence {
	char *task;
	bool stable, stable_with_cpus;
	VEC(json_t *) lines;
};

struct sequences {
	VEC(struct sequence) tasks;	/* in order of their first line */
	json_t *run_order;		/* CPU: names of the tasks as they came to run, no name twice in a row */
	bool run_order_stable;
	s64 exit_kind;
	const char *exit_msg;		/* the caller keeps it alive */
};

/* What the core answered to questions about no task, as a sequence of its own. */
#define SEQUENCE_OF_ANSWERS "(answers)"

/* Errors: -ENOMEM. */
int distill(const struct lines_of_run *run, struct sequences *out);
struct sequence *sequences_find(struct sequences *s, const char *task);
/* As distill(), for a file that was distilled before. */
int sequences_load(const char *path, struct sequences *out, struct scxtwin_error *err);
/*
 * Files that were distilled before do not have the answers, nor whether they changed between
 * repetitions: they count as stable if every task is. 0 or -ENOMEM.
 */
int sequences_take_answers(struct sequences *to, struct sequences *from);
void sequences_free(struct sequences *s);

/* What a run of the twin gave. */
struct twin_run {
	struct lines_of_run records;
	s64 exit_kind;
	char exit_msg[256];
	char fault[512];	/* what ended the run early, "" if nothing; not that the scheduler was ejected */
	u64 slice_ns, ops_flags;
	u32 cpus, hz;
	char name[128], area[64];
	char *scenario;		/* JSON */
};

#define PACE_SKEW_PARTS 8U

/*
 * How fast the machine is. Recordings were made on a slow one, where another
 * CPU gets further while a path is under way, and grace periods take ticks.
 */
struct pace {
	const char *name;
	const char *costs;	/* NULL: kernel paths take no time */
	u64 grace_period_ns, helper_delay_ns;
	u64 run_ns;		/* each use of CPU takes that much more */
	u64 kthread_ns;		/* a kernel thread interrupts each CPU that often; 0: never */
	u32 tick_periods;	/* from one tick to the next; 0 as 1 */
	u64 delay_ns;		/* of the scenario, against the ticks */
	u32 tick_skew;		/* of each CPU against the one before, in PACE_SKEW_PARTS of a period */
};

/* False beyond the last; the first is that of a machine that takes no time at all. */
bool pace_nth(u32 n, struct pace *pace);

/* history: lines of a recording that say where tasks slept before; NULL: anywhere. */
int twin_run(const char *scenario, const char *policy, const struct pace *pace,
	     const struct lines_of_run *history, struct twin_run *run, struct scxtwin_error *err);
void twin_run_free(struct twin_run *run);

void __attribute__((format(printf, 2, 3)))
conform_tell(const struct scxtwin_conform_options *opt, const char *fmt, ...);

/*
 * Takes out what the rules name. timing: also what is a matter of time; bypass:
 * the core ran tasks without the policy for a while.
 */
void normalise(struct sequence *seq, const char *side, bool timing, bool bypass,
	       const struct scxtwin_conform_options *opt);
/* An exit message without what belongs to the machine, into buf. */
void normalise_message(const char *msg, char *buf, size_t size);

/* Numbers of the rules to read first, into buf; "": none is known. NULL: that side has no record there. */
void rules_of_difference(const json_t *recorded, const json_t *twin, char *buf, size_t size);

/* run_order: compare that, too. */
void compare(struct sequences *recorded, struct sequences *twin, bool run_order,
	     const struct scxtwin_conform_options *opt, struct scxtwin_conformity *res);

#endif /* CONFORM_CONFORM_H */
