/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps waiting tasks itself, in order of arrival, and inserts them from
 * ops.dispatch(): the way through the dispatch buffer, where the core drops an
 * entry whose task got a new life meanwhile, and custody with its
 * ops.dequeue().
 *
 * Not fit for tasks of different weight or for caches, like every single queue.
 */
#include "policy/task_ring.h"

struct queue_state {
	u64 slice_ns;
	struct task_ring ring;
};

static s32 queue_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static void queue_enqueue(struct task_struct *p, u64 enq_flags)
{
	struct queue_state *s = scxtwin_policy_state();

	(void)enq_flags;
	if (task_ring_take(&s->ring, p))
		kick_idle_cpu_for(p);
}

static void queue_dequeue(struct task_struct *p, u64 deq_flags)
{
	struct queue_state *s = scxtwin_policy_state();

	(void)deq_flags;
	task_ring_remove(&s->ring, p->scx.tid);
}

/*
 * Takes from the front until this CPU has something to run. What may not run
 * here goes to a CPU where it may: it was first, so it must not wait for
 * that CPU to ask.
 */
static void queue_dispatch(s32 cpu, struct task_struct *prev)
{
	struct queue_state *s = scxtwin_policy_state();
	struct task_struct *p;
	s32 target;
	u64 tid;

	(void)prev;
	while (scx_bpf_dispatch_nr_slots() && (tid = task_ring_first(&s->ring))) {
		task_ring_remove(&s->ring, tid);
		p = scx_bpf_tid_to_task(tid);
		if (!p)
			continue;
		if (bpf_cpumask_test_cpu((u32)cpu, p->cpus_ptr)) {
			if (task_ring_insert(p, cpu, SCX_DSQ_LOCAL, s->slice_ns))
				return;
			continue;
		}
		target = scx_bpf_pick_any_cpu(p->cpus_ptr, 0);
		if (target >= 0)
			task_ring_insert(p, target, SCX_DSQ_LOCAL_ON | (u64)target, s->slice_ns);
	}
}

static const struct sched_ext_ops queue_ops = {
	.select_cpu = queue_select_cpu,
	.enqueue = queue_enqueue,
	.dequeue = queue_dequeue,
	.dispatch = queue_dispatch,
	.flags = SCX_OPS_TID_TO_TASK,
	.name = "queue",
};

static const struct scxtwin_param queue_params[] = {
	SLICE_PARAM(struct queue_state),
	TASK_RING_PARAM(struct queue_state),
	{ .name = NULL },
};

const struct scxtwin_policy policy_queue = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "queue",
	.help = "first in, first out in a queue of the policy's own, inserted from ops.dispatch()",
	.ops = &queue_ops,
	.state_size = sizeof(struct queue_state),
	.params = queue_params,
};
