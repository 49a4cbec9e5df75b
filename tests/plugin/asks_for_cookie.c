/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks whether the later form of the dispatch cookie is there, and does without if not. */
#include "plugin.h"

#pragma weak scx_bpf_dsq_insert_begin
#pragma weak scx_bpf_dsq_insert_commit

static void asks_for_cookie_enqueue(struct task_struct *p, u64 enq_flags)
{
	const struct scx_bpf_dsq_insert_commit_args args = {
		.dsq_id = SCX_DSQ_LOCAL, .slice = SCX_SLICE_DFL, .enq_flags = enq_flags,
	};

	if (bpf_ksym_exists(scx_bpf_dsq_insert_begin))
		scx_bpf_dsq_insert_commit(p, &args, scx_bpf_dsq_insert_begin(p));
	else
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags);
}

PLUGIN("asks_for_cookie", .enqueue = asks_for_cookie_enqueue);
