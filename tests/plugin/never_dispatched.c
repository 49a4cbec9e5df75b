/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps tasks and never gives them back. */
#include "plugin.h"

static void never_dispatched_enqueue(struct task_struct *p, u64 enq_flags)
{
	(void)p;
	(void)enq_flags;
}

static s32 never_dispatched_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

PLUGIN("never_dispatched", .enqueue = never_dispatched_enqueue,
       .select_cpu = never_dispatched_select_cpu, .timeout_ms = 200);
