/* SPDX-License-Identifier: GPL-2.0-only */
/* A second verdict for the same task. */
#include "plugin.h"

static void insert_twice_enqueue(struct task_struct *p, u64 enq_flags)
{
	plugin_insert(p, enq_flags);
	plugin_insert(p, enq_flags);
}

PLUGIN("insert_twice", .init = plugin_init, .enqueue = insert_twice_enqueue, .dispatch = plugin_dispatch);
