/* SPDX-License-Identifier: GPL-2.0-only */
/* Two spin locks of its own, taken in one order by CPU 0 and in the other by CPU 1. */
#include "plugin.h"

static u32 lock_a, lock_b;

static void lock(u32 *word)
{
	while (!__sync_bool_compare_and_swap(word, 0, 1))
		;
}

static void unlock(u32 *word)
{
	__sync_lock_release(word);
}

static void abba_dispatch(s32 cpu, struct task_struct *prev)
{
	u32 *first = cpu ? &lock_b : &lock_a, *second = cpu ? &lock_a : &lock_b;

	lock(first);
	lock(second);
	unlock(second);
	unlock(first);
	plugin_dispatch(cpu, prev);
}

PLUGIN("abba", .init = plugin_init, .enqueue = plugin_enqueue, .dispatch = abba_dispatch);
