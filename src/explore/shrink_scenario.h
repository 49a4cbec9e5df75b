/* SPDX-License-Identifier: GPL-2.0-only */
/* A smaller scenario with the same violation: fewer tasks, events, steps, CPUs. */
#ifndef EXPLORE_SHRINK_SCENARIO_H
#define EXPLORE_SHRINK_SCENARIO_H

#include "explore/explorer.h"

/*
 * Takes parts away from the scenario of w as long as the violation comes with
 * these departures, or is found again by a short search. *text: the smaller
 * scenario as JSON, to be freed, NULL if it could not be made smaller; deps are
 * then its departures and hash (65 bytes) is its content's. Returns the number
 * of executions.
 */
u64 shrink_scenario(const struct scxtwin_explore_options *opt, const struct scxtwin_workload *w,
		    struct departures *deps, const char *violation, char **text, char *hash);

#endif /* EXPLORE_SHRINK_SCENARIO_H */
