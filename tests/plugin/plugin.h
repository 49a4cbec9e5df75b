/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies that are wrong on purpose, one fault per file, and a few odd shared
 * objects. Each keeps to first in, first out on one queue apart from its fault.
 */
#ifndef TESTS_PLUGIN_H
#define TESTS_PLUGIN_H

#include <scxtwin/policy.h>

#define PLUGIN_DSQ 1

static inline s32 plugin_init(void)
{
	return scx_bpf_create_dsq(PLUGIN_DSQ, -1);
}

static inline void plugin_insert(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, PLUGIN_DSQ, SCX_SLICE_DFL, enq_flags);
}

static inline void plugin_enqueue(struct task_struct *p, u64 enq_flags)
{
	s32 cpu;

	plugin_insert(p, enq_flags);
	cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

static inline void plugin_dispatch(s32 cpu, struct task_struct *prev)
{
	(void)cpu;
	(void)prev;
	scx_bpf_dsq_move_to_local(PLUGIN_DSQ, 0);
}

#define PLUGIN(ops_name, ...)							\
	static const struct sched_ext_ops plugin_ops = { .name = ops_name, __VA_ARGS__ }; \
	const struct scxtwin_policy scxtwin_policy = {				\
		.abi = SCXTWIN_POLICY_ABI, .name = ops_name, .help = "for tests", \
		.ops = &plugin_ops,						\
	}

#endif /* TESTS_PLUGIN_H */
