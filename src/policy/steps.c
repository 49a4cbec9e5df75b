/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/steps.h"

#include "ext/ext.h"
#include "machine/chooser.h"
#include "policy/internal.h"
#include "policy/own.h"

/* What two accesses must share to depend on each other: an aligned word. */
#define GRANULE ((uintptr_t)8)

static const void *granule_of(const void *addr)
{
	return (const void *)((uintptr_t)addr & ~(GRANULE - 1));
}

/* NULL: not a policy's callback that is simulated. */
static struct own_memory *own_memory_here(void)
{
	struct scx_callback_info info;

	if (!this_sim || !this_sim->policy || !machine_running() || !scx_current_callback(&info))
		return NULL;
	return this_sim->policy->own;
}

/* One step, whatever its length; what it reaches besides its first word is told afterwards. */
static void take_step(struct own_memory *own, const void *addr, size_t size, enum yield_kind kind)
{
	const uintptr_t last = (uintptr_t)granule_of((const u8 *)addr + size - 1);
	uintptr_t word = (uintptr_t)granule_of(addr);

	spin_passes_by(own);
	if (spin_is_patient(own))
		return;
	yield_point((const void *)word, kind, own_memory_label(own, addr));
	while (word < last) {
		word += GRANULE;
		__step_touches((const void *)word, kind != YIELD_READ);
	}
}

/* Fields of tasks: the core has points of its own there, and locks; what runs against what must still be known. */
static void touch_core(const void *addr, bool writes)
{
	if (arena_has(this_sim->arena, addr))
		__step_touches(addr, writes);
}

void own_read(const void *addr, size_t size, const void *pc)
{
	struct own_memory *own = own_memory_here();

	if (!own || !size)
		return;
	if (!own_memory_has(own, addr)) {
		touch_core(addr, false);
		return;
	}
	take_step(own, addr, size, YIELD_READ);
	spin_read(own, addr, size, pc, granule_of(addr));
}

static void note_write(struct own_memory *own, const void *addr, size_t size)
{
	own_memory_note_write(own, addr, size);
	spin_write(own, addr, size);
}

void own_write(const void *addr, size_t size)
{
	struct own_memory *own = own_memory_here();

	if (!own || !size)
		return;
	if (!own_memory_has(own, addr)) {
		touch_core(addr, true);
		return;
	}
	take_step(own, addr, size, YIELD_WRITE);
	note_write(own, addr, size);
}

void own_change_begins(const void *addr, size_t size, bool changes)
{
	struct own_memory *own = own_memory_here();

	if (own && own_memory_has(own, addr))
		take_step(own, addr, size, changes ? YIELD_RMW : YIELD_READ);
	else if (own)
		touch_core(addr, changes);
}

void own_left_alone(const void *addr, size_t size, const void *pc)
{
	struct own_memory *own = own_memory_here();

	if (own && own_memory_has(own, addr))
		spin_read(own, addr, size, pc, granule_of(addr));
}

void own_changes(const void *addr, size_t size)
{
	struct own_memory *own = own_memory_here();

	if (!own || !own_memory_has(own, addr))
		return;
	step_touches(granule_of(addr));
	note_write(own, addr, size);
}

bool policy_has_told_of(const void *obj)
{
	const struct own_memory *own = this_sim->policy->own;

	return own && own_memory_has(own, obj);
}

bool policy_insist(void)
{
	struct own_memory *own = this_sim->policy->own;

	return own && spin_insists(own);
}

u32 policy_nr_misjudged(void)
{
	return this_sim->policy->own ? this_sim->policy->own->nr_misjudged : 0;
}
