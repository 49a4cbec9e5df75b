/* SPDX-License-Identifier: GPL-2.0-only */
/* Selects a CPU that no machine has. */
#include "plugin.h"

static s32 bad_cpu_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)prev_cpu;
	(void)wake_flags;
	return 9999;
}

PLUGIN("bad_cpu", .init = plugin_init, .select_cpu = bad_cpu_select_cpu, .enqueue = plugin_enqueue,
       .dispatch = plugin_dispatch);
