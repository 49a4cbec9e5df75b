/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A task goes to a CPU only to run there at once: every insert into a local DSQ
 * carries SCX_ENQ_IMMED. What cannot run at once, because a higher class took
 * the CPU or another task was first, comes back to ops.enqueue() with
 * SCX_ENQ_REENQ and gets the next idle CPU, or waits on one DSQ that all
 * CPUs share, in front of those that arrived after it.
 *
 * Not fit for tasks of different weight or for caches, like every single queue.
 */
#include "policy/builtin.h"

#define IMMED_DSQ	1
#define BATCH_MAX	8

struct immed_state {
	u64 slice_ns;
	u64 batch;
};

static s32 immed_init(void)
{
	return scx_bpf_create_dsq(IMMED_DSQ, -1);
}

/* An idle bit outlives its CPU's going offline. */
static s32 claim_idle_cpu(const struct task_struct *p, s32 prev_cpu)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	s32 cpu = prev_cpu;

	if (!bpf_cpumask_test_cpu((u32)cpu, p->cpus_ptr) || !scx_bpf_test_and_clear_cpu_idle(cpu))
		cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0 && !bpf_cpumask_test_cpu((u32)cpu, online))
		cpu = -1;
	scx_bpf_put_cpumask(online);
	return cpu;
}

static s32 immed_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	const struct immed_state *s = scxtwin_policy_state();
	const s32 cpu = claim_idle_cpu(p, prev_cpu);

	(void)wake_flags;
	if (cpu < 0)
		return prev_cpu;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, s->slice_ns, SCX_ENQ_IMMED);
	return cpu;
}

/* What comes back keeps the rest of its slice (0) and its turn. */
static void immed_enqueue(struct task_struct *p, u64 enq_flags)
{
	const struct immed_state *s = scxtwin_policy_state();
	const bool comes_back = enq_flags & SCX_ENQ_REENQ;
	const u64 slice = comes_back ? 0 : s->slice_ns;
	const s32 cpu = claim_idle_cpu(p, scx_bpf_task_cpu(p));

	if (cpu >= 0) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | (u64)cpu, slice, enq_flags | SCX_ENQ_IMMED);
		return;
	}
	scx_bpf_dsq_insert(p, IMMED_DSQ, slice, comes_back ? enq_flags | SCX_ENQ_HEAD : enq_flags);
	/* One may have become idle since we looked, and found the queue empty. */
	kick_idle_cpu_for(p);
}

static void immed_dispatch(s32 cpu, struct task_struct *prev)
{
	const struct immed_state *s = scxtwin_policy_state();
	u64 n;

	(void)cpu;
	(void)prev;
	for (n = 0; n < s->batch; n++)
		if (!scx_bpf_dsq_move_to_local(IMMED_DSQ, SCX_ENQ_IMMED))
			return;
}

static const struct sched_ext_ops immed_ops = {
	.init = immed_init,
	.select_cpu = immed_select_cpu,
	.enqueue = immed_enqueue,
	.dispatch = immed_dispatch,
	.name = "immed",
};

static const struct scxtwin_param immed_params[] = {
	SLICE_PARAM(struct immed_state),
	{
		.name = "batch", .type = SCXTWIN_PARAM_U64, .dflt = 1, .min = 1, .max = BATCH_MAX,
		.state_offset = offsetof(struct immed_state, batch),
		.help = "tasks taken in one ops.dispatch(); with more than one the others come back",
	},
	{ .name = NULL },
};

const struct scxtwin_policy policy_immed = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "immed",
	.help = "a CPU's local queue only for what runs at once (SCX_ENQ_IMMED), one queue for the others",
	.ops = &immed_ops,
	.state_size = sizeof(struct immed_state),
	.params = immed_params,
};
