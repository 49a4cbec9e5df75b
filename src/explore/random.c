/* SPDX-License-Identifier: GPL-2.0-only */
/* Every choice with equal probability: good on shallow faults, the measure for the others. */
#include "base/mem.h"
#include "base/rng.h"
#include "explore/strategy.h"

#include <stdlib.h>

struct random_walk {
	struct strategy s;
	struct rng rng;
};

static struct strategy *random_new(void)
{
	struct random_walk *r = mem_zalloc(sizeof(*r));

	return r ? &r->s : NULL;
}

static void random_free(struct strategy *s)
{
	free(container_of(s, struct random_walk, s));
}

static void random_begin(struct strategy *s, u64 execution)
{
	struct random_walk *r = container_of(s, struct random_walk, s);

	rng_init(&r->rng, s->cfg.seed, "explore.random", execution * s->cfg.nr_shards + s->cfg.shard);
}

static u32 random_choose(struct strategy *s, const struct choice *choices, u32 nr)
{
	(void)choices;
	return (u32)rng_below(&container_of(s, struct random_walk, s)->rng, nr);
}

static bool random_end(struct strategy *s, enum strategy_end end)
{
	(void)s;
	(void)end;
	return true;
}

const struct strategy_ops strategy_random = {
	.name = "random", .new = random_new, .free = random_free, .begin = random_begin,
	.choose = random_choose, .end = random_end,
};
