/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One CPU hands out all tasks, and is told of a new one only if it said that
 * it is idle. It says so a moment after it found nothing to hand out: what
 * comes in between is seen by nobody.
 */
#include "plugin.h"

#define CENTRAL		1
#define MAX_KEPT	16

static struct task_struct *kept[MAX_KEPT];
static bool central_is_idle;
static u64 idle_since;

static s32 lost_wakeup_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static void keep(struct task_struct *p)
{
	u32 i;

	for (i = 0; i < MAX_KEPT; i++) {
		if (!kept[i]) {
			kept[i] = p;
			return;
		}
	}
	scx_bpf_error("more than %d tasks", MAX_KEPT);
}

static void forget(const struct task_struct *p)
{
	u32 i;

	for (i = 0; i < MAX_KEPT; i++)
		if (kept[i] == p)
			kept[i] = NULL;
}

static void lost_wakeup_enqueue(struct task_struct *p, u64 enq_flags)
{
	(void)enq_flags;
	keep(p);
	if (central_is_idle) {
		central_is_idle = false;
		scx_bpf_kick_cpu(CENTRAL, 0);
	}
}

static void lost_wakeup_dequeue(struct task_struct *p, u64 deq_flags)
{
	(void)deq_flags;
	forget(p);
}

static void lost_wakeup_dispatch(s32 cpu, struct task_struct *prev)
{
	bool any = false;
	u32 i;

	(void)prev;
	if (cpu != CENTRAL)
		return;
	for (i = 0; i < MAX_KEPT; i++) {
		struct task_struct *p = kept[i];

		if (!p)
			continue;
		kept[i] = NULL;
		any = true;
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | (u64)scx_bpf_task_cpu(p), SCX_SLICE_DFL, 0);
	}
	if (any)
		return;
	idle_since = scx_bpf_now();
	central_is_idle = true;
}

PLUGIN("lost_wakeup", .enqueue = lost_wakeup_enqueue, .dequeue = lost_wakeup_dequeue,
       .dispatch = lost_wakeup_dispatch, .select_cpu = lost_wakeup_select_cpu);
