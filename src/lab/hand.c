/* SPDX-License-Identifier: GPL-2.0-only */
#include "lab/hand.h"

#include <string.h>

static __thread struct hand *hand;

void hand_use(struct hand *h)
{
	hand = h;
}

bool hand_tell(struct hand *h, const struct hand_told *told)
{
	if (h->nr_told == HAND_MAX_TOLD)
		return false;
	h->told[h->nr_told++] = *told;
	return true;
}

static s32 hand_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static void hand_enqueue(struct task_struct *p, u64 enq_flags)
{
	const u64 slice = hand->slice ? hand->slice : SCX_SLICE_DFL;

	if (!hand->dsq)
		return;
	if (hand->vtime)
		scx_bpf_dsq_insert_vtime(p, hand->dsq, slice, hand->vtime, enq_flags | hand->enq_flags);
	else
		scx_bpf_dsq_insert(p, hand->dsq, slice, enq_flags | hand->enq_flags);
}

static void hand_dispatch(s32 cpu, struct task_struct *prev)
{
	u32 i = 0;

	(void)prev;
	while (i < hand->nr_told) {
		const struct hand_told told = hand->told[i];

		if (told.cpu != cpu) {
			i++;
			continue;
		}
		hand->nr_told--;
		memmove(&hand->told[i], &hand->told[i + 1], (hand->nr_told - i) * sizeof(told));
		if (told.p)
			scx_bpf_dsq_insert(told.p, told.dsq, SCX_SLICE_DFL, told.enq_flags);
		else
			scx_bpf_dsq_move_to_local(told.dsq, told.enq_flags);
	}
}

static void hand_dequeue(struct task_struct *p, u64 deq_flags)
{
	(void)p;
	(void)deq_flags;
}

static void hand_runnable(struct task_struct *p, u64 enq_flags)
{
	(void)p;
	(void)enq_flags;
}

static void hand_running(struct task_struct *p)
{
	(void)p;
}

static void hand_stopping(struct task_struct *p, bool runnable)
{
	(void)p;
	(void)runnable;
}

static void hand_set_weight(struct task_struct *p, u32 weight)
{
	(void)p;
	(void)weight;
}

static void hand_set_cpumask(struct task_struct *p, const struct cpumask *cpumask)
{
	(void)p;
	(void)cpumask;
}

static s32 hand_init_task(struct task_struct *p, struct scx_init_task_args *args)
{
	(void)p;
	(void)args;
	return 0;
}

static void hand_exit_task(struct task_struct *p, struct scx_exit_task_args *args)
{
	(void)p;
	(void)args;
}

/* Going offline and coming back is one of the things to look at. */
static void hand_cpu_changes(s32 cpu)
{
	(void)cpu;
}

const struct sched_ext_ops hand_ops = {
	.name = "hand", .select_cpu = hand_select_cpu, .enqueue = hand_enqueue, .dequeue = hand_dequeue,
	.dispatch = hand_dispatch, .runnable = hand_runnable, .running = hand_running,
	.stopping = hand_stopping, .quiescent = hand_dequeue, .set_weight = hand_set_weight,
	.set_cpumask = hand_set_cpumask, .init_task = hand_init_task, .exit_task = hand_exit_task,
	.enable = hand_running, .disable = hand_running, .cpu_online = hand_cpu_changes,
	.cpu_offline = hand_cpu_changes, .timeout_ms = 30000,
};
