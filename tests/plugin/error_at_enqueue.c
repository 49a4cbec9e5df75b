/* SPDX-License-Identifier: GPL-2.0-only */
/* Gives up at the first task. */
#include "plugin.h"

static void error_at_enqueue_enqueue(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_error("no more of task %d", p->pid);
	plugin_insert(p, enq_flags);
}

PLUGIN("error_at_enqueue", .init = plugin_init, .enqueue = error_at_enqueue_enqueue, .dispatch = plugin_dispatch);
