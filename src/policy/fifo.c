/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * First in, first out on one DSQ of its own that all CPUs share: the way of a
 * task from ops.enqueue() through a user DSQ to a CPU that asks in
 * ops.dispatch(), and how an idle CPU is told to ask.
 *
 * Not fit for tasks of different weight or for caches: a task runs wherever a
 * CPU is free first.
 */
#include "policy/builtin.h"

#define FIFO_DSQ 1

struct fifo_state {
	u64 slice_ns;
};

static s32 fifo_init(void)
{
	return scx_bpf_create_dsq(FIFO_DSQ, -1);
}

/* Where p waits makes no difference, so it stays where it was. */
static s32 fifo_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static void fifo_enqueue(struct task_struct *p, u64 enq_flags)
{
	const struct fifo_state *s = scxtwin_policy_state();

	scx_bpf_dsq_insert(p, FIFO_DSQ, s->slice_ns, enq_flags);
	kick_idle_cpu_for(p);
}

static void fifo_dispatch(s32 cpu, struct task_struct *prev)
{
	(void)cpu;
	(void)prev;
	scx_bpf_dsq_move_to_local(FIFO_DSQ, 0);
}

static const struct sched_ext_ops fifo_ops = {
	.init = fifo_init,
	.select_cpu = fifo_select_cpu,
	.enqueue = fifo_enqueue,
	.dispatch = fifo_dispatch,
	.name = "fifo",
};

static const struct scxtwin_param fifo_params[] = {
	SLICE_PARAM(struct fifo_state),
	{ .name = NULL },
};

const struct scxtwin_policy policy_fifo = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "fifo",
	.help = "first in, first out on one queue shared by all CPUs",
	.ops = &fifo_ops,
	.state_size = sizeof(struct fifo_state),
	.params = fifo_params,
};
