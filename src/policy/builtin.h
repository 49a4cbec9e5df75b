/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The built-in policies, and what several of them share. They are written
 * against the kfunc header alone, as a policy outside this tree would be, and
 * keep everything that changes in their state block.
 */
#ifndef POLICY_BUILTIN_H
#define POLICY_BUILTIN_H

#include <scxtwin/policy.h>

extern const struct scxtwin_policy policy_none, policy_fifo_global, policy_fifo, policy_vtime,
	policy_queue, policy_local_on, policy_central, policy_immed, policy_reenq,
	policy_cookie, policy_recorder;

#define SLICE_MIN_NS	1000ULL
#define SLICE_MAX_NS	60000000000ULL

#define SLICE_PARAM(state_type)							\
	{									\
		.name = "slice_ns", .type = SCXTWIN_PARAM_DURATION,		\
		.dflt = SCX_SLICE_DFL, .min = SLICE_MIN_NS, .max = SLICE_MAX_NS, \
		.state_offset = offsetof(state_type, slice_ns),			\
		.help = "time a task runs before others get their turn",	\
	}

/*
 * Makes an idle CPU that may run p look for work, p's own CPU first: p was put
 * where any CPU finds it, but a CPU that sleeps does not look.
 */
static inline void kick_idle_cpu_for(const struct task_struct *p)
{
	s32 cpu = scx_bpf_task_cpu(p);

	if (!bpf_cpumask_test_cpu((u32)cpu, p->cpus_ptr) || !scx_bpf_test_and_clear_cpu_idle(cpu))
		cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

#endif /* POLICY_BUILTIN_H */
