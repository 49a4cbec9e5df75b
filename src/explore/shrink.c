/* SPDX-License-Identifier: GPL-2.0-only */
#include "explore/shrink.h"

#include <ctype.h>
#include <string.h>

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

u64 shrink_departures(struct explorer *x, struct departures *deps, const char *violation, u64 max)
{
	struct shrinking s = { .x = x, .best = deps, .violation = violation, .max = max };

	do {
		remove_pieces(&s);
	} while (s.nr < s.max && merge_pairs(&s));
	return s.nr;
}
