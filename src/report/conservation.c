/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work conservation.
 *
 * It is violated while a CPU that is online runs its idle task and a task that
 * may use that CPU waits (runnable, not running; machine's own threads left out).
 *
 *   violated time  length of all time for which that holds
 *   violations     maximal stretches of positive length of that time
 *   lost CPU time  integral over time of the number of idle CPUs that could have been put to
 *                  work, counted as min(idle CPUs, sum over masks of min(idle CPUs of the
 *                  mask, waiting tasks with that mask)): exact where masks are equal,
 *                  disjoint, or never short of CPUs, else an upper bound
 *
 * Tasks with the same mask form a class. A class knows how many of its CPUs are
 * idle, as long as it has waiting tasks. A CPU that becomes idle or busy touches
 * the active classes which contain it, found by the AND of two bit rows: neither
 * CPUs nor tasks are walked. Masks are compared only when a task is born or its
 * affinity changes. migrate_disable() is not seen.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/mem.h"
#include "report/conservation.h"

#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) mem_alloc(size)
#include <uthash.h>

#define EVERY_CPU 0U

struct affinity_class {
	UT_hash_handle hh;
	u32 number;
	u64 nr_users, nr_waiting;
	u32 nr_idle;		/* of a restricted class: only valid while tasks wait */
	u64 mask[];
};

static bool bit_get(const u64 *words, u32 bit)
{
	return words[bit / 64] >> bit % 64 & 1;
}

static void bit_put(u64 *words, u32 bit, bool value)
{
	if (value)
		words[bit / 64] |= 1ULL << bit % 64;
	else
		words[bit / 64] &= ~(1ULL << bit % 64);
}

/* The part of a word of a mask that stands for CPUs of this machine. */
static u64 existing(const struct conservation *c, u32 word)
{
	return word == c->nr_cpus / 64 ? (1ULL << c->nr_cpus % 64) - 1 : ~0ULL;
}

static struct affinity_class *new_class(struct conservation *c, const u64 *mask)
{
	struct affinity_class *class = mem_zalloc(sizeof(*class) + c->nr_words * sizeof(u64));
	u32 i;

	for (i = 0; class && i < c->nr_words; i++)
		class->mask[i] = mask[i] & existing(c, i);
	return class;
}

int conservation_init(struct conservation *c, u32 nr_cpus)
{
	u32 i;

	BUG_ON(!nr_cpus);
	memset(c, 0, sizeof(*c));
	c->nr_cpus = nr_cpus;
	c->nr_words = (nr_cpus + 63) / 64;
	c->class_words = 1;
	c->idle = mem_alloc(c->nr_words * sizeof(u64));
	c->classes = mem_zalloc(64 * sizeof(*c->classes));
	c->member = mem_zalloc(nr_cpus * sizeof(u64));
	c->active = mem_zalloc(sizeof(u64));
	if (!c->idle || !c->classes || !c->member || !c->active)
		return -1;
	for (i = 0; i < c->nr_words; i++)
		c->idle[i] = existing(c, i);
	c->classes[EVERY_CPU] = new_class(c, c->idle);
	if (!c->classes[EVERY_CPU])
		return -1;
	c->classes[EVERY_CPU]->nr_idle = nr_cpus;
	c->nr_classes = c->first_free = 1;
	return 0;
}

void conservation_free(struct conservation *c)
{
	u32 i;

	HASH_CLEAR(hh, c->by_mask);
	for (i = 0; i < c->nr_classes; i++)
		free(c->classes[i]);
	free(c->classes);
	free(c->idle);
	free(c->member);
	free(c->active);
}

static void end_violation(struct conservation *c)
{
	if (c->stretch_ns > c->result.longest_ns)
		c->result.longest_ns = c->stretch_ns;
	c->stretch_ns = 0;
}

void conservation_advance(struct conservation *c, u64 now)
{
	const u64 length = now - c->last_ns;
	const u64 nr_idle = c->classes[EVERY_CPU]->nr_idle;

	BUG_ON(now < c->last_ns);
	if (!length)
		return;
	c->last_ns = now;
	if (c->nr_violating) {
		if (!c->was_violated)
			c->result.nr_violations++;
		c->result.violated_ns += length;
		c->stretch_ns += length;
		c->result.lost_ns += length * (c->nr_pairs < nr_idle ? c->nr_pairs : nr_idle);
	} else if (c->was_violated) {
		end_violation(c);
	}
	c->was_violated = c->nr_violating;
}

void conservation_finish(struct conservation *c, u64 now)
{
	conservation_advance(c, now);
	end_violation(c);
}

/* Changes the numbers of a class together with what is derived from them. */
static void class_set(struct conservation *c, struct affinity_class *class, u32 nr_idle,
		      u64 nr_waiting)
{
	if (class->nr_idle && class->nr_waiting) {
		BUG_ON(!c->nr_violating);
		c->nr_violating--;
		c->nr_pairs -= class->nr_idle < class->nr_waiting ? class->nr_idle : class->nr_waiting;
	}
	class->nr_idle = nr_idle;
	class->nr_waiting = nr_waiting;
	if (nr_idle && nr_waiting) {
		c->nr_violating++;
		c->nr_pairs += nr_idle < nr_waiting ? nr_idle : nr_waiting;
	}
}

void conservation_cpu(struct conservation *c, u32 cpu, bool idle)
{
	const u64 *member = c->member + (size_t)cpu * c->class_words;
	const s32 change = idle ? 1 : -1;
	struct affinity_class *class = c->classes[EVERY_CPU];
	u32 i;

	BUG_ON(cpu >= c->nr_cpus);
	if (bit_get(c->idle, cpu) == idle)
		return;
	bit_put(c->idle, cpu, idle);
	class_set(c, class, class->nr_idle + (u32)change, class->nr_waiting);
	for (i = 0; i < c->class_words; i++) {
		u64 touched = member[i] & c->active[i];

		for (; touched; touched &= touched - 1) {
			class = c->classes[i * 64 + (u32)__builtin_ctzll(touched)];
			class_set(c, class, class->nr_idle + (u32)change, class->nr_waiting);
		}
	}
}

static u32 count_idle(const struct conservation *c, const struct affinity_class *class)
{
	u32 i, nr = 0;

	for (i = 0; i < c->nr_words; i++)
		nr += (u32)__builtin_popcountll(class->mask[i] & c->idle[i]);
	return nr;
}

void conservation_wait(struct conservation *c, u32 affinity, bool begin)
{
	struct affinity_class *class = c->classes[affinity];
	u32 nr_idle = class->nr_idle;

	BUG_ON(!begin && !class->nr_waiting);
	if (affinity != EVERY_CPU && begin && !class->nr_waiting) {
		nr_idle = count_idle(c, class);
		bit_put(c->active, affinity, true);
	}
	class_set(c, class, nr_idle, begin ? class->nr_waiting + 1 : class->nr_waiting - 1);
	if (affinity != EVERY_CPU && !class->nr_waiting)
		bit_put(c->active, affinity, false);
}

/* Doubles the room for class numbers. */
static int grow_classes(struct conservation *c)
{
	const u32 words = 2 * c->class_words;
	struct affinity_class **classes;
	u64 *member, *active;
	u32 cpu;

	classes = mem_realloc_array(c->classes, (size_t)words * 64, sizeof(*classes));
	if (!classes)
		return -1;
	memset(classes + c->nr_classes, 0, ((size_t)words * 64 - c->nr_classes) * sizeof(*classes));
	c->classes = classes;
	active = mem_realloc_array(c->active, words, sizeof(u64));
	if (!active)
		return -1;
	memset(active + c->class_words, 0, c->class_words * sizeof(u64));
	c->active = active;
	member = mem_zalloc((size_t)c->nr_cpus * words * sizeof(u64));
	if (!member)
		return -1;
	for (cpu = 0; cpu < c->nr_cpus; cpu++)
		memcpy(member + (size_t)cpu * words, c->member + (size_t)cpu * c->class_words,
		       c->class_words * sizeof(u64));
	free(c->member);
	c->member = member;
	c->class_words = words;
	return 0;
}

/* Enters or removes a class in the rows of its CPUs. */
static void set_member(struct conservation *c, const struct affinity_class *class, bool value)
{
	u32 i;

	for (i = 0; i < c->nr_words; i++) {
		u64 cpus = class->mask[i];

		for (; cpus; cpus &= cpus - 1) {
			const size_t cpu = i * 64 + (u32)__builtin_ctzll(cpus);

			bit_put(c->member + cpu * c->class_words, class->number, value);
		}
	}
}

static int enter_class(struct conservation *c, struct affinity_class *class)
{
	while (c->first_free < c->nr_classes && c->classes[c->first_free])
		c->first_free++;
	if (c->first_free == c->class_words * 64 && grow_classes(c))
		return -1;
	HASH_ADD_KEYPTR(hh, c->by_mask, class->mask, c->nr_words * sizeof(u64), class);
	if (!class->hh.tbl)
		return -1;
	class->number = c->first_free++;
	if (class->number == c->nr_classes)
		c->nr_classes++;
	c->classes[class->number] = class;
	set_member(c, class, true);
	return 0;
}

static u32 every_cpu(struct conservation *c)
{
	c->classes[EVERY_CPU]->nr_users++;
	return EVERY_CPU;
}

u32 conservation_class_get(struct conservation *c, const u64 *mask)
{
	const size_t size = c->nr_words * sizeof(u64);
	struct affinity_class *class, *known;

	if (!mask)
		return every_cpu(c);
	class = new_class(c, mask);
	if (!class)
		goto no_memory;
	if (!memcmp(class->mask, c->classes[EVERY_CPU]->mask, size)) {
		free(class);
		return every_cpu(c);
	}
	HASH_FIND(hh, c->by_mask, class->mask, size, known);
	if (known) {
		free(class);
		known->nr_users++;
		return known->number;
	}
	class->nr_users = 1;
	if (!enter_class(c, class))
		return class->number;
	free(class);
no_memory:
	c->no_memory = true;
	return every_cpu(c);
}

void conservation_class_put(struct conservation *c, u32 affinity)
{
	struct affinity_class *class = c->classes[affinity];

	BUG_ON(!class->nr_users);
	if (--class->nr_users || affinity == EVERY_CPU)
		return;
	BUG_ON(class->nr_waiting);
	set_member(c, class, false);
	HASH_DEL(c->by_mask, class);
	c->classes[affinity] = NULL;
	if (affinity < c->first_free)
		c->first_free = affinity;
	free(class);
}
