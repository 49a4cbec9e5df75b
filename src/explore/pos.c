/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Partial order sampling (Yuan, Yang, Gu, CAV 2018): every pending step has a
 * priority drawn at random, the highest goes first, and those that race with
 * it draw again. Irrelevant steps hardly matter to its chances.
 */
#include "base/rng.h"
#include "explore/dep.h"
#include "explore/priorities.h"

struct pos {
	struct strategy s;
	struct rng rng;
	struct priorities prio;
};

static struct pos *pos_of(struct strategy *s)
{
	return container_of(s, struct pos, s);
}

static struct strategy *pos_new(void)
{
	struct pos *p = mem_zalloc(sizeof(*p));

	return p ? &p->s : NULL;
}

static void pos_free(struct strategy *s)
{
	vec_free(&pos_of(s)->prio.list);
	free(pos_of(s));
}

static void pos_begin(struct strategy *s, u64 execution)
{
	struct pos *p = pos_of(s);

	rng_init(&p->rng, s->cfg.seed, "explore.pos", execution * s->cfg.nr_shards + s->cfg.shard);
	vec_clear(&p->prio.list);
}

/* 0 means that there is none. */
static u64 draw(struct pos *p)
{
	return rng_u64(&p->rng) | 1;
}

static u32 pos_choose(struct strategy *s, const struct choice *choices, u32 nr)
{
	struct pos *p = pos_of(s);
	struct priority *prio;
	u64 best_value = 0;
	u32 i, best = 0;

	for (i = 0; i < nr; i++) {
		prio = priority_of(&p->prio, &choices[i]);
		if (!prio)
			return 0;
		if (!prio->value)
			prio->value = draw(p);
		if (prio->value > best_value) {
			best_value = prio->value;
			best = i;
		}
	}
	for (i = 0; i < nr; i++)
		if (i == best || choices_depend(&choices[i], &choices[best]))
			priority_of(&p->prio, &choices[i])->value = 0;
	return best;
}

static bool pos_end(struct strategy *s, enum strategy_end end)
{
	(void)s;
	(void)end;
	return true;
}

const struct strategy_ops strategy_pos = {
	.name = "pos", .new = pos_new, .free = pos_free, .begin = pos_begin, .choose = pos_choose,
	.end = pos_end,
};
