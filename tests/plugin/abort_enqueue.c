/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls abort() in ops.enqueue(). */
#include <stdlib.h>

#include "plugin.h"

static void abort_enqueue_enqueue(struct task_struct *p, u64 enq_flags)
{
	plugin_insert(p, enq_flags);
	abort();
}

PLUGIN("abort_enqueue", .init = plugin_init, .enqueue = abort_enqueue_enqueue, .dispatch = plugin_dispatch);
