/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exploration: one scenario again and again, each time in another order of what
 * its CPUs do; schedule files that repeat one of these orders exactly.
 */
#ifndef SCXTWIN_EXPLORE_H
#define SCXTWIN_EXPLORE_H

#include <stdio.h>

#include <scxtwin/sim.h>

#define SCXTWIN_UNBOUNDED UINT32_MAX

struct scxtwin_explore_options {
	struct scxtwin_options sim;	/* mode, costs and tick elision are set by the exploration */
	const char *strategy;		/* pos, random, pct, dfs, dpor; NULL: pos */
	u32 bound;			/* dfs: preemptions, or SCXTWIN_UNBOUNDED */
	u32 depth;			/* pct; 0: 3 */
	u64 budget;			/* executions; 0: as many as the strategy makes */
	u64 seed;			/* of the strategy; 0: 1 */
	u32 shard, nr_shards;		/* part 0 to n - 1 of the work; nr_shards 0: all of it */
	u64 from_ns;			/* up to here, included, in the default order */
	u64 step_limit;			/* of one execution; 0: 100000 */
	bool audit_steps;		/* the whole state after each step, not only at the end */
	bool keep_schedule;		/* do not shrink what was found */
	bool shrink_scenario;		/* take tasks, events, steps and CPUs away from the scenario as well */
	/* Called now and then; may be NULL. */
	void (*progress)(u64 executions, u64 end_states, void *data);
	void *progress_data;
};

void scxtwin_explore_options_default(struct scxtwin_explore_options *opt);
/* Strategies by number, NULL behind the last. */
const char *scxtwin_strategy_nth(u32 n);

enum scxtwin_verdict {
	SCXTWIN_PROVED,		/* every order, up to those that come to the same */
	SCXTWIN_PROVED_BOUND,	/* every order with up to so many preemptions */
	SCXTWIN_SAMPLED,	/* some orders, or the search was cut short */
	SCXTWIN_FOUND,		/* an order that fails */
};

struct scxtwin_explore_result {
	enum scxtwin_verdict verdict;
	char scenario[256], policy[256], strategy[16];
	char proposed[64];	/* as in struct scxtwin_result */
	u32 bound;
	u64 executions;		/* those that were cut off as repetitions included */
	u64 cut;
	u64 end_states;		/* different ones, by final state and callbacks of each task */
	u64 end_states_digest;	/* of the set: the same for the same set in any order */
	u64 max_steps;
	u64 nr_limited;		/* executions that reached the step limit */
	/* Steps inside the policy: its own loads and stores besides kfunc calls. */
	bool policy_accesses;
	u64 nr_misjudged;	/* executions in which a loop seemed to wait and ended by itself */
	u64 nanoseconds;	/* of processor time spent in executions */
	u32 shard, nr_shards;	/* this is a part of the work only if nr_shards is more than 1 */
	/* The same for several scenarios that are split between runs; for the caller to fill in, else 0 and 1. */
	u32 suite_part, nr_suite_parts;
	char violation[600];	/* what was found, "" if nothing */
	u32 nr_departures, nr_departures_before;	/* from the default order, and before shrinking */
	u64 shrink_executions;
};

struct scxtwin_schedule;

/*
 * Explores w. 0, also if something was found; negative: it could not be done.
 * *found: the schedule of what was found, NULL if nothing; may itself be NULL.
 */
int scxtwin_explore(const struct scxtwin_explore_options *opt, struct scxtwin_workload *w,
		    struct scxtwin_explore_result *res, struct scxtwin_schedule **found,
		    struct scxtwin_error *err);
/* "proved: 58 executions, 5 end states"; returns buf. */
char *scxtwin_verdict_text(const struct scxtwin_explore_result *res, char *buf, size_t size);

/* What another CPU could step between inside the policy: "kfunc calls", or its own loads and stores too. */
const char *scxtwin_policy_steps_text(const struct scxtwin_explore_result *res);

/* One line of JSON. */
int scxtwin_explore_result_write(FILE *out, const struct scxtwin_explore_result *res);
typedef void (*scxtwin_explore_result_fn)(const struct scxtwin_explore_result *res, void *data);
/*
 * Reads such lines and puts the parts of each search together again: each() is
 * called once for a search, in the order in which their first parts were read.
 * A search of which a part is missing is no proof; a suite of which one is missing is an error.
 */
int scxtwin_explore_merge(const char *const *files, u32 nr, scxtwin_explore_result_fn each, void *data,
			  struct scxtwin_error *err);

/* ---- schedules */

/* A scenario that was made smaller goes beside it: found.json, found.scenario.json. */
int scxtwin_schedule_write(const struct scxtwin_schedule *s, const char *path, struct scxtwin_error *err);
struct scxtwin_schedule *scxtwin_schedule_open(const char *path, struct scxtwin_error *err);
void scxtwin_schedule_close(struct scxtwin_schedule *s);
/* Path of the scenario as the file gives it, made relative to the working directory. */
const char *scxtwin_schedule_scenario(const struct scxtwin_schedule *s);
/* What it ended with when it was written. */
const char *scxtwin_schedule_violation(const struct scxtwin_schedule *s);
/* The scenario is no longer the one that the schedule was made for. */
bool scxtwin_schedule_is_stale(const struct scxtwin_schedule *s, const struct scxtwin_workload *w);

/* CORE: every step with what it reaches; POLICY: callbacks, core steps in between are counted. */
enum scxtwin_view { SCXTWIN_VIEW_NONE, SCXTWIN_VIEW_POLICY, SCXTWIN_VIEW_CORE };

/*
 * Repeats the schedule, and tells what happens to out. *fails: a violation came;
 * text: which, or "". lenient: departures that do not fit are left out.
 */
int scxtwin_replay(const struct scxtwin_schedule *s, struct scxtwin_workload *w, bool lenient,
		   enum scxtwin_view view, FILE *out, bool *fails, char *text, size_t size,
		   struct scxtwin_error *err);

#endif /* SCXTWIN_EXPLORE_H */
