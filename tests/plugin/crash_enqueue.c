/* SPDX-License-Identifier: GPL-2.0-only */
/* Follows a NULL pointer in ops.enqueue(). */
#include "plugin.h"

static int *volatile nowhere;

static void crash_enqueue_enqueue(struct task_struct *p, u64 enq_flags)
{
	plugin_insert(p, enq_flags);
	*(volatile int *)nowhere = 1;
}

PLUGIN("crash_enqueue", .init = plugin_init, .enqueue = crash_enqueue_enqueue, .dispatch = plugin_dispatch);
