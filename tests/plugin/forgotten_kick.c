/* SPDX-License-Identifier: GPL-2.0-only */
/* Queues tasks and tells no idle CPU. */
#include "plugin.h"

static s32 forgotten_kick_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static void forgotten_kick_enqueue(struct task_struct *p, u64 enq_flags)
{
	plugin_insert(p, enq_flags);
}

PLUGIN("forgotten_kick", .init = plugin_init, .enqueue = forgotten_kick_enqueue, .dispatch = plugin_dispatch,
       .select_cpu = forgotten_kick_select_cpu);
