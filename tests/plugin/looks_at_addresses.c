/* SPDX-License-Identifier: GPL-2.0-only */
/* Wrong: the order of waiting tasks is that in which they happen to lie in memory. */
#include "plugin.h"

static void looks_at_addresses_enqueue(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert_vtime(p, PLUGIN_DSQ, SCX_SLICE_DFL, (u64)(uintptr_t)p, enq_flags);
}

PLUGIN("looks_at_addresses", .init = plugin_init, .enqueue = looks_at_addresses_enqueue,
       .dispatch = plugin_dispatch);
