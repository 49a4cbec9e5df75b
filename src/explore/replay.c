/* SPDX-License-Identifier: GPL-2.0-only */
#include "explore/replay.h"

#include <stdio.h>
#include <string.h>

#define LENIENT_WINDOW 4

struct replay {
	struct strategy s;
	const struct departures *deps;
	bool lenient;
	bool *used;		/* by departure: taken or left out */
	u32 *ops;		/* choices so far, by CPU */
	char mismatch[256];
};

static struct replay *replay_of(struct strategy *s)
{
	return container_of(s, struct replay, s);
}

static void replay_free(struct strategy *s)
{
	struct replay *r = replay_of(s);

	free(r->used);
	free(r->ops);
	free(r);
}

static void replay_begin(struct strategy *s, u64 execution)
{
	struct replay *r = replay_of(s);

	(void)execution;
	memset(r->used, 0, r->deps->list.nr * sizeof(*r->used));
	memset(r->ops, 0, machine()->nr_cpu_ids * sizeof(*r->ops));
	r->mismatch[0] = '\0';
}

/* The first departure of cpu that was not reached yet, NULL if there is none. */
static const struct departure *next_of_cpu(struct replay *r, u16 cpu, size_t *n)
{
	for (*n = 0; *n < r->deps->list.nr; (*n)++)
		if (!r->used[*n] && r->deps->list.data[*n].cpu == cpu)
			return &r->deps->list.data[*n];
	return NULL;
}

static u32 find_target(const struct departure *dep, const struct choice *choices, u32 nr)
{
	u32 i, nth = dep->to_nth;

	for (i = 0; i < nr; i++)
		if (choices[i].cpu == dep->to_cpu && !strcmp(choices[i].label, dep->to) && !nth--)
			return i;
	return nr;
}

static u32 mismatch(struct replay *r, const struct departure *dep, const char *expected, const char *found)
{
	snprintf(r->mismatch, sizeof(r->mismatch), "choice %u of CPU %u: expected \"%s\", found \"%s\"",
		 dep->op, dep->cpu, expected, found);
	return STRATEGY_CUT;
}

static u32 replay_choose(struct strategy *s, const struct choice *choices, u32 nr)
{
	struct replay *r = replay_of(s);
	const u16 cpu = choices[0].cpu;
	const u32 op = r->ops[cpu]++;
	const struct departure *dep;
	bool fits;
	u32 pick;
	size_t n;

	for (;;) {
		dep = next_of_cpu(r, cpu, &n);
		if (!dep || op < dep->op)
			return 0;
		fits = !strcmp(dep->at, choices[0].label);
		pick = fits ? find_target(dep, choices, nr) : nr;
		if (pick < nr) {
			r->used[n] = true;
			return pick;
		}
		if (!r->lenient)
			return mismatch(r, dep, fits ? dep->to : dep->at, fits ? "not there" : choices[0].label);
		if (op < dep->op + LENIENT_WINDOW)
			return 0;
		r->used[n] = true;
	}
}

static bool replay_end(struct strategy *s, enum strategy_end end)
{
	struct replay *r = replay_of(s);
	size_t i;

	for (i = 0; end == END_RAN && !r->lenient && !r->mismatch[0] && i < r->deps->list.nr; i++)
		if (!r->used[i])
			mismatch(r, &r->deps->list.data[i], r->deps->list.data[i].at, "the end");
	return false;
}

static const struct strategy_ops strategy_replay = {
	.name = "replay", .free = replay_free, .begin = replay_begin, .choose = replay_choose,
	.end = replay_end,
};

struct strategy *replay_new(const struct departures *deps, bool lenient)
{
	struct replay *r = mem_zalloc(sizeof(*r));

	if (!r)
		return NULL;
	r->s.ops = &strategy_replay;
	r->deps = deps;
	r->lenient = lenient;
	r->used = mem_zalloc((deps->list.nr + 1) * sizeof(*r->used));
	r->ops = mem_zalloc(machine()->nr_cpu_ids * sizeof(*r->ops));
	if (r->used && r->ops)
		return &r->s;
	replay_free(&r->s);
	return NULL;
}

const char *replay_mismatch(const struct strategy *s)
{
	return container_of(s, struct replay, s)->mismatch;
}
