/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls what no kernel has through a table: its data refer to it, its code does not. */
#include "plugin.h"

static u64 (*const take)(struct task_struct *p) = scx_bpf_task_get_cookie;
u64 (*const *cookie_in_table_take)(struct task_struct *p) = &take;

static void cookie_in_table_enqueue(struct task_struct *p, u64 enq_flags)
{
	(*cookie_in_table_take)(p);
	plugin_enqueue(p, enq_flags);
}

PLUGIN("cookie_in_table", .enqueue = cookie_in_table_enqueue, .dispatch = plugin_dispatch, .init = plugin_init);
