/* SPDX-License-Identifier: GPL-2.0-only */
/* Order by virtual time on a built-in queue. */
#include "plugin.h"

static void vtime_local_enqueue(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert_vtime(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 1, enq_flags);
}

PLUGIN("vtime_local", .init = plugin_init, .enqueue = vtime_local_enqueue, .dispatch = plugin_dispatch);
