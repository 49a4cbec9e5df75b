/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Weighted fair sharing on one DSQ ordered by virtual time: a task's virtual
 * time grows by what it ran, divided by its weight, and the smallest goes
 * first. A waking task for which a CPU is idle skips the queue.
 *
 * Not fit for latency: who wakes waits for the tasks that run to end their
 * slices, and the shared queue knows nothing of caches.
 */
#include "policy/builtin.h"

#define VTIME_DSQ	1
#define VTIME_MAX_CPUS	4096
#define WEIGHT_DFL	100

struct vtime_state {
	u64 slice_ns;
	u64 now;			/* virtual time of the task that started last */
	u64 started_at[VTIME_MAX_CPUS];	/* sum_exec_runtime of a CPU's task when it started */
};

static bool vtime_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static s32 vtime_init(void)
{
	if (scx_bpf_nr_cpu_ids() > VTIME_MAX_CPUS) {
		scx_bpf_error("vtime: more than %d CPUs", VTIME_MAX_CPUS);
		return -1;
	}
	return scx_bpf_create_dsq(VTIME_DSQ, -1);
}

static s32 vtime_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	const struct vtime_state *s = scxtwin_policy_state();
	bool is_idle = false;
	const s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

	if (is_idle)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, s->slice_ns, 0);
	return cpu;
}

static void vtime_enqueue(struct task_struct *p, u64 enq_flags)
{
	const struct vtime_state *s = scxtwin_policy_state();
	u64 vtime = p->scx.dsq_vtime;

	/* Sleeping saves up no more than one slice. */
	if (vtime_before(vtime, s->now - s->slice_ns))
		vtime = s->now - s->slice_ns;
	scx_bpf_dsq_insert_vtime(p, VTIME_DSQ, s->slice_ns, vtime, enq_flags);
	/* After a selection there was no idle CPU a moment ago. */
	if (!(enq_flags & SCX_ENQ_CPU_SELECTED))
		kick_idle_cpu_for(p);
}

static void vtime_dispatch(s32 cpu, struct task_struct *prev)
{
	(void)cpu;
	(void)prev;
	scx_bpf_dsq_move_to_local(VTIME_DSQ, 0);
}

/* Executes on another CPU than the task's if its attributes are changed from there. */
static void vtime_running(struct task_struct *p)
{
	struct vtime_state *s = scxtwin_policy_state();

	s->started_at[scx_bpf_task_cpu(p)] = p->sum_exec_runtime;
	if (vtime_before(s->now, p->scx.dsq_vtime))
		s->now = p->scx.dsq_vtime;
}

/*
 * Measured, not taken from what is left of the slice: that is refilled behind
 * the policy's back when a task goes on alone.
 */
static void vtime_stopping(struct task_struct *p, bool runnable)
{
	const struct vtime_state *s = scxtwin_policy_state();
	const u64 used = p->sum_exec_runtime - s->started_at[scx_bpf_task_cpu(p)];

	(void)runnable;
	p->scx.dsq_vtime += used * WEIGHT_DFL / p->scx.weight;
}

static void vtime_enable(struct task_struct *p)
{
	const struct vtime_state *s = scxtwin_policy_state();

	p->scx.dsq_vtime = s->now;
}

static const struct sched_ext_ops vtime_ops = {
	.init = vtime_init,
	.select_cpu = vtime_select_cpu,
	.enqueue = vtime_enqueue,
	.dispatch = vtime_dispatch,
	.running = vtime_running,
	.stopping = vtime_stopping,
	.enable = vtime_enable,
	.name = "vtime",
};

static const struct scxtwin_param vtime_params[] = {
	SLICE_PARAM(struct vtime_state),
	{ .name = NULL },
};

const struct scxtwin_policy policy_vtime = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "vtime",
	.help = "weighted fair sharing by virtual time, idle CPUs first",
	.ops = &vtime_ops,
	.state_size = sizeof(struct vtime_state),
	.params = vtime_params,
};
