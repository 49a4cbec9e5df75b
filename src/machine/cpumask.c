/* SPDX-License-Identifier: GPL-2.0-only */
#include "machine/cpumask.h"

#include <string.h>

#include "base/mem.h"
#include "machine/masks.h"

#define for_each_word(i) for ((i) = 0; (i) < this_sim->machine->mask_words; (i)++)

struct cpumask *cpumask_alloc_array(u32 nr)
{
	struct cpumask *m = arena_zalloc(this_sim->arena, nr * mask_stride());

	if (!m)
		BUG_FMT("no memory for %u CPU masks", nr);
	return m;
}

void cpumask_clear(struct cpumask *m)
{
	memset(m->bits, 0, mask_stride());
}

void cpumask_setall(struct cpumask *m)
{
	cpumask_copy(m, this_sim->machine->possible_mask);
}

void cpumask_copy(struct cpumask *dst, const struct cpumask *src)
{
	memmove(dst->bits, src->bits, mask_stride());
}

bool cpumask_and(struct cpumask *dst, const struct cpumask *a, const struct cpumask *b)
{
	u64 any = 0;
	u32 i;

	for_each_word(i)
		any |= dst->bits[i] = a->bits[i] & b->bits[i];
	return any;
}

void cpumask_or(struct cpumask *dst, const struct cpumask *a, const struct cpumask *b)
{
	u32 i;

	for_each_word(i)
		dst->bits[i] = a->bits[i] | b->bits[i];
}

void cpumask_andnot(struct cpumask *dst, const struct cpumask *a, const struct cpumask *b)
{
	u32 i;

	for_each_word(i)
		dst->bits[i] = a->bits[i] & ~b->bits[i];
}

bool cpumask_empty(const struct cpumask *m)
{
	u32 i;

	for_each_word(i)
		if (m->bits[i])
			return false;
	return true;
}

bool cpumask_equal(const struct cpumask *a, const struct cpumask *b)
{
	return a == b || !memcmp(a->bits, b->bits, mask_stride());
}

bool cpumask_intersects(const struct cpumask *a, const struct cpumask *b)
{
	u32 i;

	for_each_word(i)
		if (a->bits[i] & b->bits[i])
			return true;
	return false;
}

bool cpumask_subset(const struct cpumask *a, const struct cpumask *b)
{
	u32 i;

	for_each_word(i)
		if (a->bits[i] & ~b->bits[i])
			return false;
	return true;
}

u32 cpumask_weight(const struct cpumask *m)
{
	u32 i, n = 0;

	for_each_word(i)
		n += (u32)__builtin_popcountll(m->bits[i]);
	return n;
}

u32 cpumask_first(const struct cpumask *m)
{
	return cpumask_next_and(-1, m, m);
}

u32 cpumask_first_and(const struct cpumask *a, const struct cpumask *b)
{
	return cpumask_next_and(-1, a, b);
}

u32 cpumask_next(int n, const struct cpumask *m)
{
	return cpumask_next_and(n, m, m);
}

u32 cpumask_next_and(int n, const struct cpumask *a, const struct cpumask *b)
{
	const u32 from = (u32)(n + 1);
	u32 i = from / 64;
	u64 word;

	if (from >= nr_cpu_ids())
		return nr_cpu_ids();
	word = a->bits[i] & b->bits[i] & (~0ULL << (from % 64));
	while (!word) {
		if (++i == this_sim->machine->mask_words)
			return nr_cpu_ids();
		word = a->bits[i] & b->bits[i];
	}
	return i * 64 + (u32)__builtin_ctzll(word);
}

u32 cpumask_any_and_distribute(const struct cpumask *a, const struct cpumask *b)
{
	int *prev = &this_sim->machine->distribute_prev[smp_processor_id()];
	u32 cpu = cpumask_next_and(*prev, a, b);

	if (cpu >= nr_cpu_ids())
		cpu = cpumask_first_and(a, b);
	BUG_ON(cpu > nr_cpu_ids());
	if (cpu < nr_cpu_ids())
		*prev = (int)cpu;
	return cpu;
}

u32 cpumask_any_distribute(const struct cpumask *m)
{
	return cpumask_any_and_distribute(m, m);
}

/* ---- interned masks: open addressing; order of the table decides nothing */

struct mask_intern {
	const struct cpumask **slots;
	u32 size, nr;		/* size is a power of two */
	struct cpumask *scratch;
};

static u64 mask_hash(const struct cpumask *m)
{
	u64 h = 0x9e3779b97f4a7c15ULL;
	u32 i;

	for_each_word(i)
		h = (h ^ m->bits[i]) * 0xff51afd7ed558ccdULL, h ^= h >> 32;
	return h;
}

static const struct cpumask **mask_slot(struct mask_intern *t, const struct cpumask *m)
{
	u32 i = (u32)mask_hash(m) & (t->size - 1);

	while (t->slots[i] && !cpumask_equal(t->slots[i], m))
		i = (i + 1) & (t->size - 1);
	return &t->slots[i];
}

static void mask_table_grow(struct mask_intern *t)
{
	const struct cpumask **old = t->slots;
	const u32 old_size = t->size;
	u32 i;

	t->size = old_size ? 2 * old_size : 64;
	t->slots = arena_calloc(this_sim->arena, t->size, sizeof(*t->slots));
	if (!t->slots)
		BUG_FMT("no memory for %u interned masks", t->size);
	for (i = 0; i < old_size; i++)
		if (old[i])
			*mask_slot(t, old[i]) = old[i];
}

const struct cpumask *cpumask_intern(const struct cpumask *m)
{
	struct mask_intern *t = this_sim->machine->masks;
	const struct cpumask **slot;
	struct cpumask *copy;

	if (2 * t->nr >= t->size)
		mask_table_grow(t);
	slot = mask_slot(t, m);
	if (*slot)
		return *slot;
	copy = cpumask_alloc_array(1);
	cpumask_copy(copy, m);
	BUG_ON(t->nr >= t->size);
	*slot = copy;
	t->nr++;
	return copy;
}

const struct cpumask *cpumask_of(int cpu)
{
	struct cpumask *scratch = this_sim->machine->masks->scratch;

	BUG_ON((u32)cpu >= nr_cpu_ids());
	cpumask_clear(scratch);
	cpumask_set_cpu((u32)cpu, scratch);
	return cpumask_intern(scratch);
}

static void change_mask(struct cpumask *m, int cpu, bool set)
{
	step_touches(m);
	if (set)
		cpumask_set_cpu((u32)cpu, m);
	else
		cpumask_clear_cpu((u32)cpu, m);
}

void set_cpu_online(int cpu, bool online)
{
	change_mask(this_sim->machine->online_mask, cpu, online);
}

void set_cpu_active(int cpu, bool active)
{
	change_mask(this_sim->machine->active_mask, cpu, active);
}

int masks_init(void)
{
	struct machine *m = this_sim->machine;
	u32 cpu;

	m->masks = arena_zalloc(this_sim->arena, sizeof(*m->masks));
	if (!m->masks)
		return -1;
	m->masks->scratch = cpumask_alloc_array(1);
	m->possible_mask = cpumask_alloc_array(1);
	m->present_mask = cpumask_alloc_array(1);
	m->online_mask = cpumask_alloc_array(1);
	m->active_mask = cpumask_alloc_array(1);
	m->dying_mask = cpumask_alloc_array(1);
	for (cpu = 0; cpu < m->nr_cpu_ids; cpu++)
		cpumask_set_cpu(cpu, m->possible_mask);
	cpumask_copy(m->present_mask, m->possible_mask);
	cpumask_copy(m->online_mask, m->possible_mask);
	cpumask_copy(m->active_mask, m->possible_mask);
	m->distribute_prev = arena_calloc(this_sim->arena, m->nr_cpu_ids, sizeof(int));
	return m->distribute_prev ? 0 : -1;
}
