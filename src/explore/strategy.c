/* SPDX-License-Identifier: GPL-2.0-only */
#include "explore/strategy.h"

#include <string.h>

const struct strategy_ops *const strategies[] = {
	&strategy_pos, &strategy_random, &strategy_pct, &strategy_dfs, &strategy_dpor, NULL,
};

const struct strategy_ops *strategy_find(const char *name)
{
	u32 i;

	for (i = 0; strategies[i]; i++)
		if (!strcmp(strategies[i]->name, name))
			return strategies[i];
	return NULL;
}

struct strategy *strategy_new(const struct strategy_ops *ops, const struct strategy_cfg *cfg)
{
	struct strategy *s = ops->new();

	if (s) {
		s->ops = ops;
		s->cfg = *cfg;
	}
	return s;
}

void strategy_free(struct strategy *s)
{
	if (s)
		s->ops->free(s);
}
