/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps waiting tasks in order of arrival with the cookie that each had in
 * ops.enqueue(), and inserts them from ops.dispatch() by that cookie. No
 * ops.dequeue() and nothing that must be held against it: of a task that was
 * changed, or dispatched meanwhile, the old place in the queue is found later
 * and its insert dropped by the core; if the task waits again, ops.enqueue()
 * has given it a new place (COOK-40, COOK-57).
 *
 * Needs what no kernel has (--proposed cookie). Not fit for tasks of different
 * weight or for caches, like every single queue.
 */
#include "policy/builtin.h"

#define PLACES 2048	/* a power of two; small, so that exploration can tell what was written */

struct cookie_state {
	u64 slice_ns;
	bool commit;
	u32 first, behind;	/* count up for ever */
	struct {
		u64 tid, cookie;
	} place[PLACES];
};

static u64 take_cookie(const struct cookie_state *s, struct task_struct *p)
{
	return s->commit ? scx_bpf_dsq_insert_begin(p) : scx_bpf_task_get_cookie(p);
}

static s32 cookie_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

/* Under the rq lock of p, so the cookie is that of this stay, and the slice is ours to write. */
static void cookie_enqueue(struct task_struct *p, u64 enq_flags)
{
	struct cookie_state *s = scxtwin_policy_state();
	const u64 cookie = take_cookie(s, p);

	if (!s->commit)
		scx_bpf_task_set_slice(p, s->slice_ns);
	if (s->behind - s->first == PLACES) {
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, s->slice_ns, enq_flags);
		return;
	}
	s->place[s->behind % PLACES].tid = p->scx.tid;
	s->place[s->behind % PLACES].cookie = cookie;
	s->behind++;
	kick_idle_cpu_for(p);
}

static void insert(const struct cookie_state *s, struct task_struct *p, u64 dsq_id, u64 cookie)
{
	const struct scx_bpf_dsq_insert_commit_args args = { .dsq_id = dsq_id, .slice = s->slice_ns };

	if (s->commit)
		scx_bpf_dsq_insert_commit(p, &args, cookie);
	else
		scx_bpf_dsq_insert_with_cookie(p, dsq_id, 0, cookie);
}

/*
 * What may not run here goes to a CPU where it may. That the mask is right only
 * now and not at the insert does no harm: whoever changes it makes the cookie
 * stale.
 */
static void cookie_dispatch(s32 cpu, struct task_struct *prev)
{
	struct cookie_state *s = scxtwin_policy_state();
	struct task_struct *p;
	u64 tid, cookie;
	s32 target;

	(void)prev;
	while (scx_bpf_dispatch_nr_slots() && s->first != s->behind) {
		tid = s->place[s->first % PLACES].tid;
		cookie = s->place[s->first % PLACES].cookie;
		s->first++;
		p = scx_bpf_tid_to_task(tid);
		if (!p)
			continue;
		if (bpf_cpumask_test_cpu((u32)cpu, p->cpus_ptr)) {
			insert(s, p, SCX_DSQ_LOCAL, cookie);
			return;
		}
		target = scx_bpf_pick_any_cpu(p->cpus_ptr, 0);
		if (target >= 0)
			insert(s, p, SCX_DSQ_LOCAL_ON | (u64)target, cookie);
	}
}

static const struct sched_ext_ops cookie_ops = {
	.select_cpu = cookie_select_cpu,
	.enqueue = cookie_enqueue,
	.dispatch = cookie_dispatch,
	.flags = SCX_OPS_TID_TO_TASK,
	.name = "cookie",
};

static const struct scxtwin_param cookie_params[] = {
	SLICE_PARAM(struct cookie_state),
	{
		.name = "commit", .type = SCXTWIN_PARAM_BOOL, .dflt = 0, .min = 0, .max = 1,
		.state_offset = offsetof(struct cookie_state, commit),
		.help = "use the later form, insert_begin and insert_commit",
	},
	{ .name = NULL },
};

const struct scxtwin_policy policy_cookie = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "cookie",
	.help = "first in, first out in a queue of the policy's own, inserted by dispatch cookie (--proposed cookie)",
	.ops = &cookie_ops,
	.state_size = sizeof(struct cookie_state),
	.params = cookie_params,
};
