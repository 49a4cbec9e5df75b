/* SPDX-License-Identifier: GPL-2.0-only */
#include "lab/point.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* As stories of explorations have them. */
static const char *const verbs[] = {
	[YIELD_READ] = "read ", [YIELD_WRITE] = "write ", [YIELD_RMW] = "change ", [YIELD_LOCK] = "lock ",
	[YIELD_TRYLOCK] = "try lock ", [YIELD_UNLOCK] = "unlock ", [YIELD_AWAIT] = "await ",
};

#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

void point_parse(struct lab_point *pt, const char *at)
{
	size_t i;

	pt->label = at;
	pt->kinds = 0;
	for (i = 0; i < NR_VERBS; i++) {
		if (strncmp(at, verbs[i], strlen(verbs[i])))
			continue;
		pt->label = at + strlen(verbs[i]);
		pt->kinds = LAB_KIND(i);
	}
}

void passed_note(struct passed_points *passed, const struct choice *step)
{
	struct passed_point *pp;
	u32 i;

	passed->clock++;
	for (i = 0; i < passed->nr; i++)
		if (!strcmp(passed->list[i].label, step->label))
			break;
	if (i == MAX_PASSED)
		return;
	pp = &passed->list[i];
	if (i == passed->nr)
		passed->list[passed->nr++] = (struct passed_point){ .label = step->label };
	pp->kinds |= LAB_KIND(step->kind);
	if (step->cpu < 64)
		pp->last[step->cpu] = passed->clock;
}

static bool was_passed(const struct passed_point *pp, int cpu, u64 since)
{
	return cpu >= 0 && cpu < 64 && pp->last[cpu] > since;
}

/* What people remember of "READ_ONCE(p->scx.holding_cpu)". */
static const char *short_name(const char *label)
{
	const char *s = label + strlen(label);

	while (s > label && s[-1] != '.' && s[-1] != '>')
		s--;
	return s;
}

static void add_point(char *text, size_t size, const struct passed_point *pp, bool first)
{
	size_t len = strlen(text), i;
	const char *separator = first ? " " : ", ";
	bool any = false;

	for (i = 0; i < NR_VERBS; i++) {
		if (!(pp->kinds & LAB_KIND(i)))
			continue;
		snprintf(text + len, size - len, "%s\"%s%s\"", separator, verbs[i], pp->label);
		len = strlen(text);
		separator = ", ";
		any = true;
	}
	if (!any)
		snprintf(text + len, size - len, "%s\"%s\"", separator, pp->label);
}

void point_explain(const struct passed_points *passed, const struct lab_point *pt, const char *at, u64 since,
		   char *text, size_t size)
{
	const char *names[MAX_PASSED + 1], *nearest;
	u32 i, nr = 0, nr_near = 0, nr_said = 0;

	for (i = 0; i < passed->nr; i++)
		if (was_passed(&passed->list[i], pt->cpu, since))
			names[nr++] = short_name(passed->list[i].label);
	names[nr] = NULL;
	if (!nr) {
		snprintf(text, size, "CPU %d did not come to \"%s\": it has done nothing since", pt->cpu, at);
		return;
	}
	nearest = str_nearest(short_name(pt->label), names);
	snprintf(text, size, "CPU %d did not come to \"%s\"%s; it came to", pt->cpu, at, pt->skip ? " that often" : "");
	for (i = 0; i < passed->nr; i++) {
		const struct passed_point *pp = &passed->list[i];

		if (was_passed(pp, pt->cpu, since) &&
		    (strstr(pp->label, pt->label) || (nearest && !strcmp(short_name(pp->label), nearest))))
			add_point(text, size, pp, !nr_near++);
	}
	/* Nothing like it: all of them, for what they are worth. */
	for (i = 0; !nr_near && i < passed->nr; i++)
		if (was_passed(&passed->list[i], pt->cpu, since))
			add_point(text, size, &passed->list[i], !nr_said++);
}
