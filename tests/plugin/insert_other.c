/* SPDX-License-Identifier: GPL-2.0-only */
/* A verdict for another task than the one that is enqueued. */
#include "plugin.h"

static struct task_struct *other;

static void insert_other_enqueue(struct task_struct *p, u64 enq_flags)
{
	struct task_struct *victim = other && other != p ? other : p;

	other = p;
	plugin_insert(victim, enq_flags);
}

PLUGIN("insert_other", .init = plugin_init, .enqueue = insert_other_enqueue, .dispatch = plugin_dispatch);
