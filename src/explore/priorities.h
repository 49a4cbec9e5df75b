/* SPDX-License-Identifier: GPL-2.0-only */
/* Priorities of those who can go on, for the samplers; few at a time, so a plain list. */
#ifndef EXPLORE_PRIORITIES_H
#define EXPLORE_PRIORITIES_H

#include "base/vec.h"
#include "explore/strategy.h"

struct priority {
	u64 key;		/* choice_key() */
	u64 value;		/* 0: to be drawn anew */
};

struct priorities {
	VEC(struct priority) list;
};

/* The entry of a choice, added with value 0 if it is new; NULL if no memory. */
static inline struct priority *priority_of(struct priorities *p, const struct choice *c)
{
	const u64 key = choice_key(c);
	size_t i;

	for (i = 0; i < p->list.nr; i++)
		if (p->list.data[i].key == key)
			return &p->list.data[i];
	if (vec_push(&p->list, ((struct priority){ .key = key })))
		return NULL;
	return vec_last(&p->list);
}

#endif /* EXPLORE_PRIORITIES_H */
