/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probabilistic concurrency testing (Burckhardt and others, ASPLOS 2010): random
 * priorities, the highest goes on, and at depth - 1 random choices the one that
 * is going on falls below all others. The number of choices is that of the
 * longest execution so far.
 */
#include "base/rng.h"
#include "explore/priorities.h"

#define INITIAL_PRIORITY (1ULL << 63)	/* above all lowered ones */

struct pct {
	struct strategy s;
	struct rng rng;
	struct priorities prio;
	VEC(u64) changes;	/* numbers of choices, any order */
	u64 nr_choices, nr_choices_max;
	u64 lowest;
};

static struct pct *pct_of(struct strategy *s)
{
	return container_of(s, struct pct, s);
}

static struct strategy *pct_new(void)
{
	struct pct *p = mem_zalloc(sizeof(*p));

	return p ? &p->s : NULL;
}

static void pct_free(struct strategy *s)
{
	vec_free(&pct_of(s)->prio.list);
	vec_free(&pct_of(s)->changes);
	free(pct_of(s));
}

static void pct_begin(struct strategy *s, u64 execution)
{
	struct pct *p = pct_of(s);
	u32 i;

	rng_init(&p->rng, s->cfg.seed, "explore.pct", execution * s->cfg.nr_shards + s->cfg.shard);
	vec_clear(&p->prio.list);
	vec_clear(&p->changes);
	p->nr_choices = 0;
	p->lowest = INITIAL_PRIORITY;
	for (i = 1; i < s->cfg.depth && p->nr_choices_max; i++)
		if (vec_push(&p->changes, rng_below(&p->rng, p->nr_choices_max)))
			break;
}

static bool is_change_point(const struct pct *p, u64 n)
{
	const u64 *at;

	vec_for_each(at, &p->changes)
		if (*at == n)
			return true;
	return false;
}

static u32 highest(struct pct *p, const struct choice *choices, u32 nr)
{
	u64 best_value = 0;
	u32 i, best = 0;

	for (i = 0; i < nr; i++) {
		struct priority *prio = priority_of(&p->prio, &choices[i]);

		if (!prio)
			return 0;
		if (!prio->value)
			prio->value = rng_u64(&p->rng) | INITIAL_PRIORITY;
		if (prio->value > best_value) {
			best_value = prio->value;
			best = i;
		}
	}
	return best;
}

static u32 pct_choose(struct strategy *s, const struct choice *choices, u32 nr)
{
	struct pct *p = pct_of(s);
	u32 best = highest(p, choices, nr);
	struct priority *prio;

	if (is_change_point(p, p->nr_choices++)) {
		prio = priority_of(&p->prio, &choices[best]);
		if (prio)
			prio->value = --p->lowest;
		best = highest(p, choices, nr);
	}
	return best;
}

static bool pct_end(struct strategy *s, enum strategy_end end)
{
	struct pct *p = pct_of(s);

	(void)end;
	if (p->nr_choices > p->nr_choices_max)
		p->nr_choices_max = p->nr_choices;
	return true;
}

const struct strategy_ops strategy_pct = {
	.name = "pct", .new = pct_new, .free = pct_free, .begin = pct_begin, .choose = pct_choose,
	.end = pct_end,
};
