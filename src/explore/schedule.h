/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A schedule file: which scenario on which machine under which policy, and the
 * departures from the default order. Strict JSON, traces/schema/schedule.schema.json.
 */
#ifndef EXPLORE_SCHEDULE_H
#define EXPLORE_SCHEDULE_H

#include <scxtwin/explore.h>

#include "base/json.h"
#include "explore/driver.h"

struct scxtwin_schedule {
	/* texts are owned */
	char *scenario_text;		/* of its own, not written yet; NULL: the file */
	char *scenario, *scenario_hash, *policy, *strategy, *violation;
	char *proposed;			/* NULL: nothing */
	VEC(struct scxtwin_set) sets;
	struct scxtwin_machine machine;
	u64 seed, limit_ns, from_ns, step_limit, strategy_seed;
	bool no_autogroup, audit_steps;
	struct departures departures;
	VEC(char *) labels;		/* what the departures point to */
};

/* Gives it a scenario of its own instead; takes text. 0 or -ENOMEM. */
int schedule_own_scenario(struct scxtwin_schedule *s, char *text, const char *hash);
/* Of a finding; departures are copied. NULL if no memory. */
struct scxtwin_schedule *schedule_new(const struct scxtwin_explore_options *opt, const char *scenario,
				      const char *hash, const struct departures *deps,
				      const char *violation);
/* Everything but the departures, for a simulation. */
void schedule_options(const struct scxtwin_schedule *s, struct scxtwin_explore_options *opt);

#endif /* EXPLORE_SCHEDULE_H */
