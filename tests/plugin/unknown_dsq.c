/* SPDX-License-Identifier: GPL-2.0-only */
/* Inserts into a queue that nobody created. */
#include "plugin.h"

static void unknown_dsq_enqueue(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, 999, SCX_SLICE_DFL, enq_flags);
}

PLUGIN("unknown_dsq", .init = plugin_init, .enqueue = unknown_dsq_enqueue, .dispatch = plugin_dispatch);
