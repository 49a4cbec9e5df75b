/* SPDX-License-Identifier: GPL-2.0-only */
/* Every look for work asks for the next one at once. */
#include "plugin.h"

static void kick_forever_dispatch(s32 cpu, struct task_struct *prev)
{
	plugin_dispatch(cpu, prev);
	scx_bpf_kick_cpu(cpu, 0);
}

PLUGIN("kick_forever", .init = plugin_init, .enqueue = plugin_enqueue,
       .dispatch = kick_forever_dispatch);
