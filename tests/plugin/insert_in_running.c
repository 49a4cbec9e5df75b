/* SPDX-License-Identifier: GPL-2.0-only */
/* Inserts where no kernel would let it. */
#include "plugin.h"

static void insert_in_running_running(struct task_struct *p)
{
	plugin_insert(p, 0);
}

PLUGIN("insert_in_running", .init = plugin_init, .enqueue = plugin_enqueue,
       .dispatch = plugin_dispatch, .running = insert_in_running_running);
