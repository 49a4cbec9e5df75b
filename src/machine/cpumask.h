/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU masks as wide as the machine, kernel names. Affinity masks are interned:
 * equal masks are one immutable object shared by all tasks that use it.
 */
#ifndef MACHINE_CPUMASK_H
#define MACHINE_CPUMASK_H

#include "machine/chooser.h"

static inline u32 nr_cpu_ids(void)
{
	return this_sim->machine->nr_cpu_ids;
}

static inline bool cpumask_test_cpu(u32 cpu, const struct cpumask *m)
{
	return m->bits[cpu / 64] >> (cpu % 64) & 1;
}

static inline void cpumask_set_cpu(u32 cpu, struct cpumask *m)
{
	m->bits[cpu / 64] |= 1ULL << (cpu % 64);
}

static inline void cpumask_clear_cpu(u32 cpu, struct cpumask *m)
{
	m->bits[cpu / 64] &= ~(1ULL << (cpu % 64));
}

/* Atomic forms for masks shared without a lock: yield points on the word. */
static inline bool cpumask_test_and_clear_cpu(u32 cpu, struct cpumask *m)
{
	bool old;

	yield_point(&m->bits[cpu / 64], YIELD_RMW, "cpumask_test_and_clear_cpu");
	old = cpumask_test_cpu(cpu, m);
	cpumask_clear_cpu(cpu, m);
	return old;
}

static inline void cpumask_assign_shared(u32 cpu, struct cpumask *m, bool on)
{
	yield_point(&m->bits[cpu / 64], YIELD_RMW, "cpumask_assign_cpu");
	if (on)
		cpumask_set_cpu(cpu, m);
	else
		cpumask_clear_cpu(cpu, m);
}

/* From the arena, empty; nr masks behind each other, one mask_stride() apart. */
struct cpumask *cpumask_alloc_array(u32 nr);
static inline size_t mask_stride(void)
{
	return this_sim->machine->mask_words * sizeof(u64);
}

static inline struct cpumask *cpumask_nth(struct cpumask *array, u32 n)
{
	return (struct cpumask *)((char *)array + n * mask_stride());
}

void cpumask_clear(struct cpumask *m);
void cpumask_setall(struct cpumask *m); /* all possible CPUs */
void cpumask_copy(struct cpumask *dst, const struct cpumask *src);
/* dst = a & b; false if dst is empty. */
bool cpumask_and(struct cpumask *dst, const struct cpumask *a, const struct cpumask *b);
void cpumask_or(struct cpumask *dst, const struct cpumask *a, const struct cpumask *b);
void cpumask_andnot(struct cpumask *dst, const struct cpumask *a, const struct cpumask *b);
bool cpumask_empty(const struct cpumask *m);
bool cpumask_equal(const struct cpumask *a, const struct cpumask *b);
bool cpumask_intersects(const struct cpumask *a, const struct cpumask *b);
bool cpumask_subset(const struct cpumask *a, const struct cpumask *b);
u32 cpumask_weight(const struct cpumask *m);
/* nr_cpu_ids() if there is none. */
u32 cpumask_first(const struct cpumask *m);
u32 cpumask_first_and(const struct cpumask *a, const struct cpumask *b);
u32 cpumask_next(int n, const struct cpumask *m); /* strictly after n */
u32 cpumask_next_and(int n, const struct cpumask *a, const struct cpumask *b);
/*
 * Next CPU of a & b strictly after the calling CPU's cursor, wrapping; a hit
 * moves the cursor (IDLE-38 to IDLE-41).
 */
u32 cpumask_any_and_distribute(const struct cpumask *a, const struct cpumask *b);
u32 cpumask_any_distribute(const struct cpumask *m);

#define for_each_cpu(cpu, mask)								\
	for ((cpu) = (int)cpumask_first(mask); (u32)(cpu) < nr_cpu_ids();		\
	     (cpu) = (int)cpumask_next((cpu), (mask)))

#define for_each_cpu_and(cpu, a, b)							\
	for ((cpu) = (int)cpumask_first_and(a, b); (u32)(cpu) < nr_cpu_ids();		\
	     (cpu) = (int)cpumask_next_and((cpu), (a), (b)))

/* All possible CPUs, ascending. */
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (u32)(cpu) < nr_cpu_ids(); (cpu)++)
#define for_each_online_cpu(cpu) for_each_cpu(cpu, cpu_online_mask())

static inline const struct cpumask *cpu_possible_mask(void)
{
	return this_sim->machine->possible_mask;
}

static inline const struct cpumask *cpu_online_mask(void)
{
	step_reads(this_sim->machine->online_mask);
	return this_sim->machine->online_mask;
}

static inline const struct cpumask *cpu_active_mask(void)
{
	step_reads(this_sim->machine->active_mask);
	return this_sim->machine->active_mask;
}

static inline bool cpu_online(int cpu)
{
	return cpumask_test_cpu((u32)cpu, cpu_online_mask());
}

static inline bool cpu_active(int cpu)
{
	return cpumask_test_cpu((u32)cpu, cpu_active_mask());
}

/* They are read without a lock: every reader depends on these. */
void set_cpu_online(int cpu, bool online);
void set_cpu_active(int cpu, bool active);

/* The shared immutable mask equal to m; lives as long as the simulation. */
const struct cpumask *cpumask_intern(const struct cpumask *m);
/* Mask with exactly one CPU. */
const struct cpumask *cpumask_of(int cpu);

#endif /* MACHINE_CPUMASK_H */
