/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Not wrong: goes every way there is to a local queue, by the task's number, and
 * SCX_OPS_ALWAYS_ENQ_IMMED makes the same promise on each. What comes back waits on
 * one queue for all.
 */
#include "plugin.h"

#define MOVED_DSQ	2
#define MAX_KEPT	16

enum way { DIRECT, DIRECT_TO_OTHER, KEPT, MOVED, NR_WAYS };

static struct task_struct *kept[MAX_KEPT];

static s32 immed_ways_init(void)
{
	const s32 err = plugin_init();

	return err ? err : scx_bpf_create_dsq(MOVED_DSQ, -1);
}

static s32 immed_ways_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static void keep(struct task_struct *p)
{
	u32 i;

	for (i = 0; i < MAX_KEPT && kept[i]; i++)
		;
	if (i == MAX_KEPT)
		scx_bpf_error("more than %d tasks", MAX_KEPT);
	else
		kept[i] = p;
}

static void kick_for(const struct task_struct *p)
{
	const s32 cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);

	scx_bpf_kick_cpu(cpu >= 0 ? cpu : scx_bpf_task_cpu(p), cpu >= 0 ? SCX_KICK_IDLE : 0);
}

static void immed_ways_enqueue(struct task_struct *p, u64 enq_flags)
{
	const enum way way = enq_flags & SCX_ENQ_REENQ ? NR_WAYS : (enum way)(p->pid % NR_WAYS);
	s32 cpu;

	switch (way) {
	case DIRECT:
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
		return;
	case DIRECT_TO_OTHER:
		cpu = scx_bpf_pick_any_cpu(p->cpus_ptr, 0);
		scx_bpf_dsq_insert(p, cpu < 0 ? SCX_DSQ_LOCAL : SCX_DSQ_LOCAL_ON | (u64)cpu, SCX_SLICE_DFL,
				   enq_flags);
		return;
	case KEPT:
		keep(p);
		break;
	case MOVED:
		scx_bpf_dsq_insert(p, MOVED_DSQ, SCX_SLICE_DFL, enq_flags);
		break;
	default:
		plugin_insert(p, enq_flags);
		break;
	}
	kick_for(p);
}

static void immed_ways_dequeue(struct task_struct *p, u64 deq_flags)
{
	u32 i;

	(void)deq_flags;
	for (i = 0; i < MAX_KEPT; i++)
		if (kept[i] == p)
			kept[i] = NULL;
}

static bool insert_kept(s32 cpu)
{
	u32 i;

	for (i = 0; i < MAX_KEPT; i++) {
		struct task_struct *p = kept[i];

		if (!p || !bpf_cpumask_test_cpu((u32)cpu, p->cpus_ptr))
			continue;
		kept[i] = NULL;
		return scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
	}
	return false;
}

static bool move_one(s32 cpu)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool moved = false;

	bpf_iter_scx_dsq_new(&it, MOVED_DSQ, 0);
	while (!moved && (p = bpf_iter_scx_dsq_next(&it)))
		if (bpf_cpumask_test_cpu((u32)cpu, p->cpus_ptr))
			moved = scx_bpf_dsq_move(&it, p, SCX_DSQ_LOCAL, 0);
	bpf_iter_scx_dsq_destroy(&it);
	return moved;
}

static void immed_ways_dispatch(s32 cpu, struct task_struct *prev)
{
	(void)prev;
	if (!scx_bpf_dsq_move_to_local(PLUGIN_DSQ, 0) && !move_one(cpu))
		insert_kept(cpu);
}

PLUGIN("immed_ways", .flags = SCX_OPS_ALWAYS_ENQ_IMMED, .init = immed_ways_init,
       .select_cpu = immed_ways_select_cpu, .enqueue = immed_ways_enqueue, .dequeue = immed_ways_dequeue,
       .dispatch = immed_ways_dispatch);
