/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Store buffering: the last moments of tasks a and b each store one word and
 * then load the other's. Where task c goes tells which of them saw the other: one
 * of three CPUs. That neither did is possible on real machines and not here.
 */
#include "plugin.h"

static u64 x, y, a_saw, b_saw;

static s32 buffers_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static void buffers_stopping(struct task_struct *p, bool runnable)
{
	if (runnable)
		return;
	/* A task that ends stops twice. */
	if (p->comm[0] == 'a' && !x) {
		__atomic_store_n(&x, 1, __ATOMIC_SEQ_CST);
		a_saw = __atomic_load_n(&y, __ATOMIC_SEQ_CST);
	} else if (p->comm[0] == 'b' && !y) {
		__atomic_store_n(&y, 1, __ATOMIC_SEQ_CST);
		b_saw = __atomic_load_n(&x, __ATOMIC_SEQ_CST);
	}
}

static void buffers_enqueue(struct task_struct *p, u64 enq_flags)
{
	u64 cpu = (u64)scx_bpf_task_cpu(p);

	if (p->comm[0] == 'c' && x) {
		if (!a_saw && !b_saw)
			scx_bpf_error("neither saw the other");
		cpu = a_saw && b_saw ? 2 : b_saw;
	}
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | cpu, SCX_SLICE_DFL, enq_flags);
}

PLUGIN("buffers", .select_cpu = buffers_select_cpu, .enqueue = buffers_enqueue, .stopping = buffers_stopping);
