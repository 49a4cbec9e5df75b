/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loops in a policy that wait for a word: for a lock of its own, for a flag. Left to
 * themselves they would be executed for ever, in ever new orders. A context that
 * reads the same places, finds the same there and does nothing else, several
 * times over, will do so until one of these places is written; so it waits for that,
 * as it would in await().
 *
 * A loop may also count how often it tried. When nobody is left to write, it goes on
 * by itself to see which of both it is: it ends, or the policy hangs.
 */
#include <stdio.h>

#include "machine/yield.h"
#include "policy/internal.h"
#include "policy/own.h"

#define SPIN_ROUNDS	4	/* tries of a loop that counts are executed up to there */
#define SPIN_PATIENCE	100000	/* reads */

static u64 value_of(const void *addr, size_t size)
{
	const u8 *byte = addr;
	u64 value = 0;

	if (size <= sizeof(value)) {
		memcpy(&value, addr, size);
		return value;
	}
	for (; size--; byte++)
		value = value * 0x100000001b3ULL ^ *byte;
	return value;
}

static void forget_reads(struct spin *s)
{
	s->nr = s->at = s->rounds = 0;
}

/* What the context does is no loop that waits. */
static void forget(struct spin *s)
{
	forget_reads(s);
	s->patience = 0;
}

static struct spin *spin_of(struct own_memory *own, struct ctx *ctx)
{
	struct spin *s = &own->spins[ctx->id % SPINNERS];

	if (s->ctx && s->ctx_id == ctx->id)
		return s;
	if (s->ctx && s->waits)
		return NULL;
	*s = (struct spin){ .ctx = ctx, .ctx_id = ctx->id };
	return s;
}

static u32 find_read(const struct spin *s, const struct spin_read *r)
{
	u32 i;

	for (i = 0; i < s->nr; i++)
		if (s->reads[i].addr == r->addr && s->reads[i].pc == r->pc)
			break;
	return i;
}

static void begin_with(struct spin *s, const struct spin_read *r)
{
	s->reads[0] = *r;
	s->nr = s->at = 1;
	s->rounds = 0;
}

static void add_read(struct spin *s, const struct spin_read *r)
{
	if (s->nr == SPIN_READS) {
		begin_with(s, r);
		return;
	}
	s->reads[s->nr++] = *r;
	s->at = s->nr;
	s->rounds = 0;
}

/* The loop begins with the n-th read; those before led to it. */
static void drop_before(struct spin *s, u32 n)
{
	memmove(s->reads, &s->reads[n], (s->nr - n) * sizeof(s->reads[0]));
	s->nr -= n;
	s->rounds = 0;
}

static void go_round(struct spin *s, const struct spin_read *r)
{
	u32 i = find_read(s, r);

	if (i == s->nr) {
		add_read(s, r);
		return;
	}
	if (s->reads[i].value != r->value) {
		begin_with(s, r);
		return;
	}
	if (i != s->at % s->nr) {
		if (s->at < s->nr) {
			begin_with(s, r);
			return;
		}
		drop_before(s, i);
		i = 0;
	}
	s->at = i + 1;
	s->rounds += s->at == s->nr;
}

static bool all_as_read(const struct spin *s)
{
	u32 i;

	for (i = 0; i < s->nr; i++)
		if (value_of(s->reads[i].addr, s->reads[i].size) != s->reads[i].value)
			return false;
	return true;
}

static void wait_for_writes(struct spin *s, const char *label)
{
	s->waits = true;
	while (!s->patience && all_as_read(s))
		ctx_suspend(s, label);
	s->waits = false;
	if (!s->patience)
		forget_reads(s);
}

static __attribute__((noreturn)) void never_ends(struct own_memory *own, const struct spin *s)
{
	char words[200] = "";
	u32 i, k;

	for (i = 0; i < s->nr; i++) {
		const size_t len = strlen(words);

		for (k = 0; k < i && s->reads[k].addr != s->reads[i].addr; k++)
			;
		if (k == i)
			snprintf(words + len, sizeof(words) - len, "%s%s", i ? ", " : "",
				 own_memory_label(own, s->reads[i].addr));
	}
	policy_fail("the policy goes round for ever, reading %s, which nobody is left to write,", words);
}

void spin_read(struct own_memory *own, const void *addr, size_t size, const void *pc, const void *obj)
{
	const struct spin_read r = { .addr = addr, .pc = pc, .size = size, .value = value_of(addr, size) };
	struct spin *s = spin_of(own, current_ctx());

	if (!s)
		return;
	if (s->patience) {
		if (!--s->patience)
			never_ends(own, s);
		return;
	}
	s->last_obj = obj;
	go_round(s, &r);
	if (s->rounds >= SPIN_ROUNDS && machine()->cfg.mode == RUN_EXPLORED)
		wait_for_writes(s, own_memory_label(own, addr));
}

static bool waits_for(const struct spin *s, uintptr_t start, size_t size)
{
	u32 i;

	for (i = 0; i < s->nr; i++) {
		const uintptr_t at = (uintptr_t)s->reads[i].addr;

		if (at < start + size && start < at + s->reads[i].size)
			return true;
	}
	return false;
}

void spin_write(struct own_memory *own, const void *addr, size_t size)
{
	struct spin *s = spin_of(own, current_ctx());

	if (s)
		forget(s);
	if (!nr_awaiting)
		return;
	/* The store comes before the next step, so before any of these can look. */
	for (s = own->spins; s < own->spins + SPINNERS; s++)
		if (s->waits && waits_for(s, (uintptr_t)addr, size))
			object_written(s);
}

void spin_passes_by(struct own_memory *own)
{
	struct ctx *ctx = current_ctx();
	struct spin *s = spin_of(own, ctx);

	if (s && s->last_obj != ctx->step_obj)
		forget(s);
}

bool spin_is_patient(struct own_memory *own)
{
	const struct spin *s = spin_of(own, current_ctx());

	return s && s->patience;
}

bool spin_insists(struct own_memory *own)
{
	struct spin *s;

	for (s = own->spins; s < own->spins + SPINNERS; s++) {
		if (!s->waits)
			continue;
		s->patience = SPIN_PATIENCE;
		own->nr_misjudged++;
		object_written(s);
		return true;
	}
	return false;
}
