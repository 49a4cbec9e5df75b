/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Depth first through all choices, with at most "bound" preemptions: choices
 * against a context that could go on. Shards split the tree at its first
 * choices: leaves of the part down to SHARD_DEPTH are dealt out in turn.
 */
#include "base/vec.h"
#include "explore/strategy.h"

#define SHARD_DEPTH 8

struct dfs_point {
	u32 pick, nr;
	u32 nr_preemptions;	/* before this choice */
	bool can_preempt;	/* anything but 0 is a preemption */
};

struct dfs {
	struct strategy s;
	VEC(struct dfs_point) path;
	size_t depth;
	u64 nr_prefixes;	/* shards */
};

static struct dfs *dfs_of(struct strategy *s)
{
	return container_of(s, struct dfs, s);
}

static struct strategy *dfs_new(void)
{
	struct dfs *d = mem_zalloc(sizeof(*d));

	return d ? &d->s : NULL;
}

static void dfs_free(struct strategy *s)
{
	vec_free(&dfs_of(s)->path);
	free(dfs_of(s));
}

static void dfs_begin(struct strategy *s, u64 execution)
{
	(void)execution;
	dfs_of(s)->depth = 0;
}

static u32 preemptions_after(const struct dfs_point *p)
{
	return p->nr_preemptions + (p->can_preempt && p->pick);
}

static bool may_pick_another(const struct dfs *d, const struct dfs_point *p)
{
	if (p->pick + 1 == p->nr)
		return false;
	return !p->can_preempt || p->nr_preemptions < d->s.cfg.bound;
}

/* Belongs to another shard: counted where the shared part of the tree ends. */
static bool is_foreign(struct dfs *d)
{
	return d->depth == SHARD_DEPTH && d->nr_prefixes++ % d->s.cfg.nr_shards != d->s.cfg.shard;
}

static u32 dfs_choose(struct strategy *s, const struct choice *choices, u32 nr)
{
	struct dfs *d = dfs_of(s);
	struct dfs_point p = { .nr = nr, .can_preempt = choices[0].current };

	if (d->depth < d->path.nr) {
		BUG_ON(d->path.data[d->depth].nr != nr);
		return d->path.data[d->depth++].pick;
	}
	if (is_foreign(d))
		return STRATEGY_CUT;
	if (d->depth)
		p.nr_preemptions = preemptions_after(&d->path.data[d->depth - 1]);
	if (vec_push(&d->path, p)) {
		s->incomplete = true;
		return STRATEGY_CUT;
	}
	d->depth++;
	return 0;
}

static bool dfs_end(struct strategy *s, enum strategy_end end)
{
	struct dfs *d = dfs_of(s);

	(void)end;
	while (d->path.nr && !may_pick_another(d, vec_last(&d->path)))
		(void)vec_pop(&d->path);
	if (!d->path.nr)
		return false;
	vec_last(&d->path)->pick++;
	return true;
}

const struct strategy_ops strategy_dfs = {
	.name = "dfs", .complete = true, .new = dfs_new, .free = dfs_free, .begin = dfs_begin,
	.choose = dfs_choose, .end = dfs_end,
};
