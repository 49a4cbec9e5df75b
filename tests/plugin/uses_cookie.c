/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls what no kernel has, without asking whether it is there. */
#include "plugin.h"

static void uses_cookie_enqueue(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert_with_cookie(p, SCX_DSQ_LOCAL, enq_flags, scx_bpf_task_get_cookie(p));
}

PLUGIN("uses_cookie", .enqueue = uses_cookie_enqueue);
