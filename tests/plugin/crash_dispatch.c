/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks at prev without asking whether there is one. */
#include "plugin.h"

static void crash_dispatch_dispatch(s32 cpu, struct task_struct *prev)
{
	if (prev->pid)
		plugin_dispatch(cpu, prev);
}

PLUGIN("crash_dispatch", .init = plugin_init, .enqueue = plugin_enqueue,
       .dispatch = crash_dispatch_dispatch);
