/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One CPU decides for all. The others only say that they want work and are sent
 * it with SCX_DSQ_LOCAL_ON; they never look at a queue themselves. With
 * infinite=1 they are not disturbed by slice ends either, unless somebody
 * waits: what a host of virtual machines would like.
 *
 * Not fit for many wakeups: all pass through one CPU, and when a task of a
 * higher class holds that one, nobody gets new work.
 */
#include "policy/task_ring.h"

#define CENTRAL_MAX_CPUS 4096

struct central_state {
	u64 slice_ns;
	u64 central_cpu;
	bool infinite;
	u64 wants[CENTRAL_MAX_CPUS / 64];	/* CPUs that found nothing to run */
	u64 started_at[CENTRAL_MAX_CPUS];	/* sum_exec_runtime of a CPU's task when it started */
	struct task_ring ring;
};

static void set_wants(struct central_state *s, s32 cpu, bool wants)
{
	const u64 bit = 1ULL << (cpu % 64);

	if (wants)
		s->wants[cpu / 64] |= bit;
	else
		s->wants[cpu / 64] &= ~bit;
}

/*
 * A CPU that wants work and may run p, -1: none. The central CPU comes last:
 * what it took for itself while others want, they would make it give up again.
 */
static s32 wanting_cpu_for(const struct central_state *s, const struct task_struct *p)
{
	const u32 nr_words = (scx_bpf_nr_cpu_ids() + 63) / 64;
	const s32 central = (s32)s->central_cpu;
	s32 cpu, found = -1;
	u64 bits;
	u32 w;

	for (w = 0; w < nr_words; w++) {
		for (bits = s->wants[w]; bits; bits &= bits - 1) {
			cpu = (s32)(w * 64) + __builtin_ctzll(bits);
			if (!bpf_cpumask_test_cpu((u32)cpu, p->cpus_ptr))
				continue;
			if (cpu != central)
				return cpu;
			found = cpu;
		}
	}
	return found;
}

static u64 slice_of(const struct central_state *s)
{
	return s->infinite ? SCX_SLICE_INF : s->slice_ns;
}

static s32 central_init(void)
{
	const struct central_state *s = scxtwin_policy_state();
	const u32 nr_cpus = scx_bpf_nr_cpu_ids();

	if (nr_cpus <= CENTRAL_MAX_CPUS && s->central_cpu < nr_cpus)
		return 0;
	scx_bpf_error("central_cpu is %llu, the machine has CPUs 0 to %u",
		      (unsigned long long)s->central_cpu, nr_cpus - 1);
	return -1;
}

static s32 central_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	const struct central_state *s = scxtwin_policy_state();

	(void)wake_flags;
	/* Saves a move: the central CPU holds the lock of the queue it dispatches from. */
	return bpf_cpumask_test_cpu((u32)s->central_cpu, p->cpus_ptr) ? (s32)s->central_cpu : prev_cpu;
}

static void central_enqueue(struct task_struct *p, u64 enq_flags)
{
	struct central_state *s = scxtwin_policy_state();
	const s32 central = (s32)s->central_cpu;

	/* It looked for other work just before, and nobody would make it look again. */
	if ((enq_flags & SCX_ENQ_LAST) && scx_bpf_task_cpu(p) == central) {
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_of(s), enq_flags);
		return;
	}
	if (task_ring_take(&s->ring, p) && wanting_cpu_for(s, p) >= 0)
		scx_bpf_kick_cpu(central, SCX_KICK_PREEMPT);
}

static void central_dequeue(struct task_struct *p, u64 deq_flags)
{
	struct central_state *s = scxtwin_policy_state();

	(void)deq_flags;
	task_ring_remove(&s->ring, p->scx.tid);
}

/* Gives waiting tasks, the oldest first, to CPUs that want work; false if the buffer is full. */
static bool central_serve(struct central_state *s)
{
	u64 tid = task_ring_first(&s->ring), next;
	struct task_struct *p;
	s32 cpu;

	for (; tid; tid = next) {
		if (!scx_bpf_dispatch_nr_slots())
			return false;
		p = scx_bpf_tid_to_task(tid);
		cpu = p ? wanting_cpu_for(s, p) : -1;
		/* Another CPU may have taken it from the list meanwhile: start over. */
		if (!task_ring_has(&s->ring, tid)) {
			next = task_ring_first(&s->ring);
			continue;
		}
		next = task_ring_next(&s->ring, tid);
		if (p && cpu < 0)
			continue;
		task_ring_remove(&s->ring, tid);
		if (!p)
			continue;
		set_wants(s, cpu, false);
		if (!task_ring_insert(p, cpu, SCX_DSQ_LOCAL_ON | (u64)cpu, slice_of(s)))
			set_wants(s, cpu, true);
		else if (cpu != (s32)s->central_cpu)
			scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
		if (next && !task_ring_has(&s->ring, next))
			next = task_ring_first(&s->ring);
	}
	return true;
}

static void central_dispatch(s32 cpu, struct task_struct *prev)
{
	struct central_state *s = scxtwin_policy_state();
	const s32 central = (s32)s->central_cpu;

	(void)prev;
	/* First wanting, then looking: central_enqueue() does it the other way round. */
	set_wants(s, cpu, true);
	if (!task_ring_first(&s->ring))
		return;
	if (cpu != central || !central_serve(s))
		scx_bpf_kick_cpu(central, SCX_KICK_PREEMPT);
}

static void central_running(struct task_struct *p)
{
	struct central_state *s = scxtwin_policy_state();
	const s32 cpu = scx_bpf_task_cpu(p);

	set_wants(s, cpu, false);
	s->started_at[cpu] = p->sum_exec_runtime;
}

/* Infinite slices only: ends the turn of a task that had its slice if somebody waits. */
static void central_tick(struct task_struct *p)
{
	const struct central_state *s = scxtwin_policy_state();

	if (task_ring_first(&s->ring) &&
	    p->sum_exec_runtime - s->started_at[scx_bpf_task_cpu(p)] >= s->slice_ns)
		p->scx.slice = 0;
}

static const struct sched_ext_ops central_ops = {
	.init = central_init,
	.select_cpu = central_select_cpu,
	.enqueue = central_enqueue,
	.dequeue = central_dequeue,
	.dispatch = central_dispatch,
	.running = central_running,
	.tick = central_tick,
	.flags = SCX_OPS_ENQ_LAST | SCX_OPS_TID_TO_TASK,
	.name = "central",
};

static void central_setup(struct sched_ext_ops *ops)
{
	const struct central_state *s = scxtwin_policy_state();

	if (!s->infinite)
		ops->tick = NULL;
}

static const struct scxtwin_param central_params[] = {
	SLICE_PARAM(struct central_state),
	{
		.name = "central_cpu", .type = SCXTWIN_PARAM_U64,
		.dflt = 0, .min = 0, .max = CENTRAL_MAX_CPUS - 1,
		.state_offset = offsetof(struct central_state, central_cpu),
		.help = "the CPU that decides",
	}, {
		.name = "infinite", .type = SCXTWIN_PARAM_BOOL, .dflt = 0, .min = 0, .max = 1,
		.state_offset = offsetof(struct central_state, infinite),
		.help = "slices do not end, except after slice_ns when somebody waits",
	},
	TASK_RING_PARAM(struct central_state),
	{ .name = NULL },
};

const struct scxtwin_policy policy_central = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "central",
	.help = "one CPU decides for all others",
	.ops = &central_ops,
	.state_size = sizeof(struct central_state),
	.params = central_params,
	.setup = central_setup,
};
