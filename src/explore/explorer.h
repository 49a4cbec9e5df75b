/* SPDX-License-Identifier: GPL-2.0-only */
/* One scenario, put back to where the exploration begins and run again, under any strategy. */
#ifndef EXPLORE_EXPLORER_H
#define EXPLORE_EXPLORER_H

#include <scxtwin/explore.h>

#include "api/internal.h"
#include "base/rng.h"
#include "explore/driver.h"
#include "explore/endstate.h"

struct explorer {
	struct scxtwin_sim *sim;
	struct sim_copy *copy;
	struct callbacks callbacks;
	struct rng policy_rng;		/* when the exploration begins */
	u64 limit_ns, step_limit;
	bool audit_steps;
	bool policy_has_state;		/* it was seen to change its own bytes */
	struct rng last_policy_rng;	/* when that was last asked */
	bool used;			/* the simulation is not at its beginning */
};

/* What one execution came to. */
struct execution {
	bool cut, limited;
	bool failed;
	u32 nr_misjudged;		/* loops of the policy that were taken to wait and did not */
	char violation[600];
	u64 hash;			/* of its end state */
	u64 nr_steps;
};

/* Assembles, runs up to opt->from_ns and remembers that moment. */
int explorer_open(struct explorer *x, const struct scxtwin_explore_options *opt,
		  struct scxtwin_workload *w, struct scxtwin_error *err);
void explorer_close(struct explorer *x);
/* 0 or -ENOMEM. */
int explorer_driver(struct explorer *x, struct driver *d, struct strategy *s);
/* The n-th execution; what departed from the default is in d then. True: the strategy wants more. */
bool explorer_run(struct explorer *x, struct driver *d, u64 n, struct execution *e);
/* One execution with these departures. 0 or -ENOMEM; *recorded: those that were really taken. */
int explorer_repeat(struct explorer *x, const struct departures *deps, bool lenient,
		    struct departures *recorded, struct execution *e, char *mismatch, size_t size);

#endif /* EXPLORE_EXPLORER_H */
