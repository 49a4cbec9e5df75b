/* SPDX-License-Identifier: GPL-2.0-only */
/* Works at first. */
#include "plugin.h"

static int *volatile nowhere;

static void crash_later_enqueue(struct task_struct *p, u64 enq_flags)
{
	if (scx_bpf_now() >= 1000000)
		*(volatile int *)nowhere = 1;
	plugin_enqueue(p, enq_flags);
}

PLUGIN("crash_later", .init = plugin_init, .enqueue = crash_later_enqueue, .dispatch = plugin_dispatch);
