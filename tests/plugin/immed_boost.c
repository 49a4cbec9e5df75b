/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Takes the CPU away from whoever runs for a task that is woken: SCX_ENQ_IMMED with
 * SCX_ENQ_PREEMPT. But each wakeup also gives the task on CPU 0 a new slice. If
 * that comes between the insert and the next turn, the turn keeps it, and the one
 * that was to run at once waits (IMMED-59).
 */
#include "plugin.h"

static s32 immed_boost_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static void immed_boost_runnable(struct task_struct *p, u64 enq_flags)
{
	struct task_struct *boosted = scx_bpf_cpu_curr(0);

	(void)enq_flags;
	if (boosted && boosted != p && scx_bpf_task_running(boosted))
		scx_bpf_task_set_slice(boosted, SCX_SLICE_DFL);
}

static void immed_boost_enqueue(struct task_struct *p, u64 enq_flags)
{
	const u64 preempt = enq_flags & SCX_ENQ_WAKEUP ? SCX_ENQ_IMMED | SCX_ENQ_PREEMPT : 0;

	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags | preempt);
}

PLUGIN("immed_boost", .select_cpu = immed_boost_select_cpu, .runnable = immed_boost_runnable,
       .enqueue = immed_boost_enqueue);
