/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls what does not exist. */
#include "plugin.h"

void scx_bpf_no_such_thing(void);

static void unresolved_running(struct task_struct *p)
{
	(void)p;
	scx_bpf_no_such_thing();
}

PLUGIN("unresolved", .running = unresolved_running);
