/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One queue per CPU, so that a task comes back to the caches it knows, and one
 * shared queue for those that cannot wait for their CPU: when a class above
 * takes a CPU away (ops.cpu_release()), whatever waits for it is re-enqueued,
 * from its queue and from its local DSQ, and ops.enqueue() puts it where any
 * CPU finds it.
 *
 * Not fit for CPUs that are taken for shorter than a migration costs: each time
 * their tasks move.
 */
#include "policy/builtin.h"

#define SHARED_DSQ	0
#define REENQ_MAX_CPUS	4096

enum drain { DRAIN_NONE, DRAIN_OLD, DRAIN_NEW };

struct reenq_state {
	u64 slice_ns;
	u64 drain;				/* enum drain */
	bool tell;
	u64 released[REENQ_MAX_CPUS / 64];	/* CPUs that a higher class has */
	u64 waiting[REENQ_MAX_CPUS / 64];	/* CPUs whose queue may hold tasks */
};

static void set_cpu(u64 *mask, s32 cpu, bool on)
{
	const u64 bit = 1ULL << (cpu % 64);

	if (on)
		mask[cpu / 64] |= bit;
	else
		mask[cpu / 64] &= ~bit;
}

static bool has_cpu(const u64 *mask, s32 cpu)
{
	return mask[cpu / 64] >> (cpu % 64) & 1;
}

static u64 dsq_of(s32 cpu)
{
	return (u64)cpu + 1;
}

static s32 reenq_init(void)
{
	const u32 nr_cpus = scx_bpf_nr_cpu_ids();
	s32 ret = scx_bpf_create_dsq(SHARED_DSQ, -1);
	u32 cpu;

	if (nr_cpus > REENQ_MAX_CPUS) {
		scx_bpf_error("reenq: more than %d CPUs", REENQ_MAX_CPUS);
		return -1;
	}
	for (cpu = 0; !ret && cpu < nr_cpus; cpu++)
		ret = scx_bpf_create_dsq(dsq_of((s32)cpu), -1);
	return ret;
}

static s32 reenq_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	const struct reenq_state *s = scxtwin_policy_state();
	bool is_idle = false;
	const s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

	if (is_idle)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, s->slice_ns, 0);
	return cpu;
}

static void tell_reason(const struct task_struct *p, s32 cpu)
{
	static const char *const reasons[8] = {
		[SCX_TASK_REENQ_NONE >> 12] = "NONE", [SCX_TASK_REENQ_KFUNC >> 12] = "KFUNC",
		[SCX_TASK_REENQ_IMMED >> 12] = "IMMED", [SCX_TASK_REENQ_PREEMPTED >> 12] = "PREEMPTED",
	};
	const char *reason = reasons[(p->scx.flags & SCX_TASK_REENQ_REASON_MASK) >> 12];

	bpf_printk("%s of CPU %d is back, reason %s", p->comm, cpu, reason ? reason : "unknown");
}

/* A re-enqueued task has lost its CPU and must not be sent back to wait for it. */
static void reenq_enqueue(struct task_struct *p, u64 enq_flags)
{
	struct reenq_state *s = scxtwin_policy_state();
	const s32 cpu = scx_bpf_task_cpu(p);

	if ((enq_flags & SCX_ENQ_REENQ) && s->tell)
		tell_reason(p, cpu);
	if ((enq_flags & SCX_ENQ_REENQ) || has_cpu(s->released, cpu)) {
		scx_bpf_dsq_insert(p, SHARED_DSQ, s->slice_ns, enq_flags);
	} else {
		set_cpu(s->waiting, cpu, true);
		scx_bpf_dsq_insert(p, dsq_of(cpu), s->slice_ns, enq_flags);
	}
	kick_idle_cpu_for(p);
}

/* One task of another CPU's queue, the next higher CPU's first. */
static bool steal(const struct reenq_state *s, s32 thief)
{
	const u32 nr_words = (scx_bpf_nr_cpu_ids() + 63) / 64;
	const u32 first = (u32)thief / 64;
	u64 bits;
	u32 n, w;

	for (n = 0; n <= nr_words; n++) {
		w = (first + n) % nr_words;
		bits = s->waiting[w];
		/* The thief's own word is looked at twice: above the thief first, below it last. */
		if (n == 0)
			bits &= ~0ULL << (thief % 64);
		else if (n == nr_words)
			bits &= ~(~0ULL << (thief % 64));
		for (; bits; bits &= bits - 1) {
			if (scx_bpf_dsq_move_to_local(dsq_of((s32)(w * 64) + __builtin_ctzll(bits)), 0))
				return true;
		}
	}
	return false;
}

static void reenq_dispatch(s32 cpu, struct task_struct *prev)
{
	struct reenq_state *s = scxtwin_policy_state();

	(void)prev;
	/* Who lost a CPU has waited longest. */
	if (scx_bpf_dsq_move_to_local(SHARED_DSQ, 0))
		return;
	if (scx_bpf_dsq_move_to_local(dsq_of(cpu), 0))
		return;
	set_cpu(s->waiting, cpu, false);
	steal(s, cpu);
}

/*
 * The old form walks the local DSQ here and now, while the task that has just
 * lost the CPU is still its current one and cannot be moved; the new form is
 * deferred until after the switch, and takes that task as well.
 */
static void reenq_cpu_release(s32 cpu, struct scx_cpu_release_args *args)
{
	struct reenq_state *s = scxtwin_policy_state();

	(void)args;
	set_cpu(s->released, cpu, true);
	if (s->drain == DRAIN_NONE)
		return;
	if (s->drain == DRAIN_OLD)
		scx_bpf_reenqueue_local();
	else
		scx_bpf_dsq_reenq(SCX_DSQ_LOCAL, 0);
	if (scx_bpf_dsq_nr_queued(dsq_of(cpu)) > 0)
		scx_bpf_dsq_reenq(dsq_of(cpu), 0);
}

static void reenq_cpu_acquire(s32 cpu, struct scx_cpu_acquire_args *args)
{
	struct reenq_state *s = scxtwin_policy_state();

	(void)args;
	set_cpu(s->released, cpu, false);
}

static const struct sched_ext_ops reenq_ops = {
	.init = reenq_init,
	.select_cpu = reenq_select_cpu,
	.enqueue = reenq_enqueue,
	.dispatch = reenq_dispatch,
	.cpu_release = reenq_cpu_release,
	.cpu_acquire = reenq_cpu_acquire,
	.name = "reenq",
};

static const struct scxtwin_param reenq_params[] = {
	SLICE_PARAM(struct reenq_state),
	{
		.name = "drain", .type = SCXTWIN_PARAM_U64,
		.dflt = DRAIN_NEW, .min = DRAIN_NONE, .max = DRAIN_NEW,
		.state_offset = offsetof(struct reenq_state, drain),
		.help = "what waits for a CPU that is taken away: 0 stays, 1 moves except for the "
			"interrupted task (scx_bpf_reenqueue_local), 2 moves (scx_bpf_dsq_reenq)",
	}, {
		.name = "tell", .type = SCXTWIN_PARAM_BOOL, .dflt = 0, .min = 0, .max = 1,
		.state_offset = offsetof(struct reenq_state, tell),
		.help = "a message for each task that comes back, with the reason",
	},
	{ .name = NULL },
};

const struct scxtwin_policy policy_reenq = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "reenq",
	.help = "one queue per CPU, re-enqueued when a higher class takes the CPU",
	.ops = &reenq_ops,
	.state_size = sizeof(struct reenq_state),
	.params = reenq_params,
};
