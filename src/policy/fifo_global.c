/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything goes to SCX_DSQ_GLOBAL, and the core itself feeds the CPUs from
 * there: the smallest policy that works, there is not even an ops.dispatch().
 *
 * Not fit for tasks of different weight, nor for machines where the one queue
 * per node hides work from the CPUs of another node.
 */
#include "policy/builtin.h"

struct fifo_global_state {
	u64 slice_ns;
};

static s32 fifo_global_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle;

	return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);
}

static void fifo_global_enqueue(struct task_struct *p, u64 enq_flags)
{
	const struct fifo_global_state *s = scxtwin_policy_state();

	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, s->slice_ns, enq_flags);
	/* After a selection p's own CPU is the idle one, and the wakeup tells it. */
	if (!(enq_flags & SCX_ENQ_CPU_SELECTED))
		kick_idle_cpu_for(p);
}

static const struct sched_ext_ops fifo_global_ops = {
	.select_cpu = fifo_global_select_cpu,
	.enqueue = fifo_global_enqueue,
	.name = "fifo_global",
};

static const struct scxtwin_param fifo_global_params[] = {
	SLICE_PARAM(struct fifo_global_state),
	{ .name = NULL },
};

const struct scxtwin_policy policy_fifo_global = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "fifo-global",
	.help = "first in, first out on the built-in global queue",
	.ops = &fifo_global_ops,
	.state_size = sizeof(struct fifo_global_state),
	.params = fifo_global_params,
};
