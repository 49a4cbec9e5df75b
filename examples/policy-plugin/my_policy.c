/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Least attained service: whoever has run the least so far goes first. Short
 * tasks finish fast without anybody telling the scheduler that they are short;
 * a long one waits as long as younger ones keep coming.
 */
#include <scxtwin/policy.h>

#define QUEUE 0 /* one queue for all CPUs */

static u64 slice_ns;

static s32 las_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	const s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

	/* Nobody else wants an idle CPU: straight there, past the queue. */
	if (is_idle)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
	return cpu;
}

static void las_enqueue(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert_vtime(p, QUEUE, slice_ns, p->sum_exec_runtime, enq_flags);
}

static void las_dispatch(s32 cpu, struct task_struct *prev)
{
	(void)cpu;
	(void)prev;
	scx_bpf_dsq_move_to_local(QUEUE, 0);
}

static s32 las_init(void)
{
	return scx_bpf_create_dsq(QUEUE, -1);
}

static const struct sched_ext_ops las_ops = {
	.name = "my_policy",
	.select_cpu = las_select_cpu,
	.enqueue = las_enqueue,
	.dispatch = las_dispatch,
	.init = las_init,
};

static const struct scxtwin_param las_params[] = {
	{
		.name = "slice_ns",
		.type = SCXTWIN_PARAM_DURATION,
		.dflt = 5000000,
		.min = 100000,
		.max = 1000000000,
		.global = &slice_ns,
		.help = "how long a task runs before the queue is looked at again",
	},
	{ .name = NULL },
};

/* The one symbol that scxtwin looks up. */
const struct scxtwin_policy scxtwin_policy = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "my_policy",
	.help = "Least attained service: whoever has run the least goes first.",
	.ops = &las_ops,
	.params = las_params,
};
