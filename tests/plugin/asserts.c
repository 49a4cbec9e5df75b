/* SPDX-License-Identifier: GPL-2.0-only */
/* Asserts that two CPUs are never in ops.dispatch() at once. */
#include "plugin.h"

static bool inside;

static void asserts_dispatch(s32 cpu, struct task_struct *prev)
{
	assert(!inside);
	inside = true;
	plugin_dispatch(cpu, prev);
	inside = false;
}

PLUGIN("asserts", .init = plugin_init, .enqueue = plugin_enqueue, .dispatch = asserts_dispatch);
