/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spreads tasks straight onto the local DSQs of the CPUs they may use, idle ones
 * first: SCX_DSQ_LOCAL_ON from ops.enqueue(), which the core carries out
 * later if the CPU is not the task's own.
 *
 * Not fit for uneven load: once placed, a task waits for its CPU even if
 * another one becomes idle.
 */
#include "policy/builtin.h"

struct local_on_state {
	u64 slice_ns;
};

static void local_on_enqueue(struct task_struct *p, u64 enq_flags)
{
	const struct local_on_state *s = scxtwin_policy_state();
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	const s32 cpu = scx_bpf_pick_any_cpu(p->cpus_ptr, 0);
	u64 dsq_id = SCX_DSQ_LOCAL;

	/* An idle bit outlives its CPU's going offline; p's own CPU is online. */
	if (cpu >= 0 && bpf_cpumask_test_cpu((u32)cpu, online))
		dsq_id = SCX_DSQ_LOCAL_ON | (u64)cpu;
	scx_bpf_put_cpumask(online);
	scx_bpf_dsq_insert(p, dsq_id, s->slice_ns, enq_flags);
}

/* The choice is made once, in ops.enqueue(), which every way of becoming runnable passes. */
static s32 local_on_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static const struct sched_ext_ops local_on_ops = {
	.select_cpu = local_on_select_cpu,
	.enqueue = local_on_enqueue,
	.name = "local_on",
};

static const struct scxtwin_param local_on_params[] = {
	SLICE_PARAM(struct local_on_state),
	{ .name = NULL },
};

const struct scxtwin_policy policy_local_on = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "local-on",
	.help = "spreads tasks straight onto the local queues of the CPUs they may use",
	.ops = &local_on_ops,
	.state_size = sizeof(struct local_on_state),
	.params = local_on_params,
};
