/* SPDX-License-Identifier: GPL-2.0-only */
#include "explore/shrink.h"

#include <ctype.h>
#include <string.h>

#define BOUND_MAX 3

static const char *skip_number(const char *s)
{
	while (isxdigit((unsigned char)*s) || *s == 'x' || *s == '.' || *s == ',')
		s++;
	return s;
}

bool same_violation(const char *a, const char *b)
{
	while (*a && *b) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			a = skip_number(a);
			b = skip_number(b);
		} else if (*a++ != *b++) {
			return false;
		}
	}
	return *a == *b;
}

struct shrinking {
	struct explorer *x;
	struct departures *best;
	const char *violation;
	u64 nr, max;
};

/* True: candidate fails the same way with fewer departures than the best, which it replaces. */
static bool try(struct shrinking *s, const struct departures *candidate)
{
	struct departures recorded = { { .data = NULL } };
	struct execution e;

	if (s->nr >= s->max)
		return false;
	s->nr++;
	if (explorer_repeat(s->x, candidate, true, &recorded, &e, NULL, 0) || !e.failed ||
	    !same_violation(e.violation, s->violation) || recorded.list.nr >= s->best->list.nr) {
		vec_free(&recorded.list);
		return false;
	}
	vec_free(&s->best->list);
	*s->best = recorded;
	return true;
}

static bool try_without(struct shrinking *s, size_t from, size_t nr)
{
	struct departures candidate = { { .data = NULL } };
	bool better = false;
	size_t i;
	int ret = 0;

	for (i = 0; i < s->best->list.nr; i++)
		if (i < from || i >= from + nr)
			ret = ret ?: vec_push(&candidate.list, s->best->list.data[i]);
	if (!ret)
		better = try(s, &candidate);
	vec_free(&candidate.list);
	return better;
}

/* Pieces of falling size, from the end: late departures are the least likely to matter. */
static void remove_pieces(struct shrinking *s)
{
	size_t size, at;

	for (size = s->best->list.nr; size; size /= 2) {
		at = s->best->list.nr;
		while (at && s->nr < s->max) {
			at = at > s->best->list.nr ? s->best->list.nr : at;
			at -= at > size ? size : at;
			if (try_without(s, at, size))
				at = s->best->list.nr;
		}
	}
}

/* Two departures of one CPU in a row may be one, a choice later. */
static bool merge_pairs(struct shrinking *s)
{
	struct departures candidate;
	bool better = false;
	size_t i, j;

	for (i = 0; i + 1 < s->best->list.nr && !better; i++) {
		candidate = (struct departures){ { .data = NULL } };
		for (j = 0; j < s->best->list.nr; j++)
			if (j != i && vec_push(&candidate.list, s->best->list.data[j]))
				break;
		if (j == s->best->list.nr) {
			candidate.list.data[i].op++;
			better = try(s, &candidate);
		}
		vec_free(&candidate.list);
	}
	return better;
}

/*
 * Departures that are needed only to make others valid cannot be taken away one
 * by one. So look for the fault from the other side, with few preemptions.
 */
static bool find_with_bound(struct shrinking *s, u32 bound)
{
	const struct strategy_cfg cfg = { .seed = 1, .bound = bound, .nr_shards = 1 };
	struct strategy *dfs = strategy_new(&strategy_dfs, &cfg);
	struct execution e;
	struct driver d;
	bool more = true, better = false;

	if (!dfs || explorer_driver(s->x, &d, dfs)) {
		strategy_free(dfs);
		return false;
	}
	while (more && !better && s->nr < s->max) {
		s->nr++;
		more = explorer_run(s->x, &d, 0, &e);
		better = e.failed && d.departures.list.nr < s->best->list.nr &&
			 same_violation(e.violation, s->violation);
	}
	if (better) {
		vec_free(&s->best->list);
		*s->best = d.departures;
		d.departures = (struct departures){ { .data = NULL } };
	}
	driver_free(&d);
	strategy_free(dfs);
	return better;
}

u64 shrink_departures(struct explorer *x, struct departures *deps, const char *violation, u64 max)
{
	struct shrinking s = { .x = x, .best = deps, .violation = violation, .max = max };
	u32 bound;

	do {
		remove_pieces(&s);
	} while (s.nr < s.max && merge_pairs(&s));
	for (bound = 0; bound < BOUND_MAX && deps->list.nr > bound + 1; bound++)
		if (find_with_bound(&s, bound))
			break;
	if (bound)
		remove_pieces(&s);
	return s.nr;
}
