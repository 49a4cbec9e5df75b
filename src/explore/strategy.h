/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strategies: who goes next in an execution, and whether there is another one.
 *
 *   driver.c    between the machine's chooser and a strategy: which points are
 *               choices, counting, departures from the default
 *   random.c    every choice with equal probability
 *   pos.c       partial order sampling
 *   pct.c       random priorities with few change points
 *   dfs.c       everything, up to a number of preemptions
 *   dpor.c      everything once per partial order: source sets, sleep sets
 *   dep.c       when two steps depend on each other
 *   replay.c    departures of a file
 *   schedule.c  the file; endstate.c, forgotten.c: what an execution came to
 *   explorer.c  a scenario run again and again
 *   shrink.c    fewer departures; shrink_scenario.c: a smaller scenario
 *   story.c     telling one execution; retell.c: of a file
 *   explore.c   the public functions; results.c: one line per search, merging
 *
 * Begin reading at driver_choose() in driver.c, then explorer_run() in explorer.c.
 */
#ifndef EXPLORE_STRATEGY_H
#define EXPLORE_STRATEGY_H

#include <scxtwin/types.h>

#include "machine/chooser.h"

#define STRATEGY_NO_BOUND UINT32_MAX
/* Answer of choose(): this execution leads nowhere new. */
#define STRATEGY_CUT UINT32_MAX

struct strategy_cfg {
	u64 seed;
	u32 bound;		/* dfs: preemptions, or STRATEGY_NO_BOUND */
	u32 depth;		/* pct: of the fault, >= 1 */
	u32 shard, nr_shards;	/* this part of the work, of so many */
};

enum strategy_end {
	END_RAN,		/* to its end */
	END_STEP_LIMIT,		/* not to its end: nothing is proved */
	END_CUT,		/* by the strategy */
};

struct strategy {
	const struct strategy_ops *ops;
	struct strategy_cfg cfg;
	bool incomplete;	/* something was left out that the verdict must tell */
};

struct strategy_ops {
	const char *name;
	bool every_step;	/* wants steps without an alternative, and touched() */
	bool complete;		/* when it stops by itself, everything was seen */
	struct strategy *(*new)(void);
	void (*free)(struct strategy *s);
	void (*begin)(struct strategy *s, u64 execution);
	/* Index into choices, nr >= 1; choices[0] is the default. Or STRATEGY_CUT. */
	u32 (*choose)(struct strategy *s, const struct choice *choices, u32 nr);
	/* The step that is going on has reached obj besides what it declared. May be NULL. */
	void (*touched)(struct strategy *s, const void *obj, bool writes);
	/* True: another execution. */
	bool (*end)(struct strategy *s, enum strategy_end end);
};

extern const struct strategy_ops strategy_random, strategy_pos, strategy_pct, strategy_dfs,
	strategy_dpor;
extern const struct strategy_ops *const strategies[]; /* NULL at the end */

const struct strategy_ops *strategy_find(const char *name);
/* NULL if no memory. */
struct strategy *strategy_new(const struct strategy_ops *ops, const struct strategy_cfg *cfg);
void strategy_free(struct strategy *s);

/* Of a choice, the same in every execution with the same beginning. */
static inline u64 choice_key(const struct choice *c)
{
	return c->event ? (u64)(uintptr_t)c->event : c->ctx;
}

#endif /* EXPLORE_STRATEGY_H */
