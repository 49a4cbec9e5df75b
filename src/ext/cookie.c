/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The proposed dispatch cookie (spec chapter 17), in no kernel: an insert that is
 * judged by the brand which the task had when the scheduler chose it, not when
 * it called. What finish_dispatch() does for an insert, from the call to the
 * flush, begins with the choice then:
 *
 *	take p, cookie   read its mask   insert   flush   claim
 *	                                 |---- brand ----|	scx_bpf_dsq_insert()
 *	|------------------- brand ----------------------|	with a cookie
 *
 * Two forms under their own names: cookie and insert, then begin and commit.
 */
#include "ext/internal.h"

bool scx_has_cookie(void)
{
	return this_sim->proposed & SCX_PROPOSED_COOKIE;
}

/* Nobody can see from inside that an entry was dropped, so the log has to tell (COOK-56, COOK-61). */
bool scx_logs_stale_entries(void)
{
	return this_sim->proposed & SCX_PROPOSED_COOKIE;
}

static struct scx_sched *cookie_kfunc_enter(enum scxtwin_kfunc kf, u32 groups)
{
	if (unlikely(!scx_has_cookie())) {
		scx_kfunc_missing(kf);
		return NULL;
	}
	return scx_kfunc_enter(kf, groups);
}

/* One look without any lock (COOK-12). The brand is 0 unless the scheduler has the task (COOK-15). */
static u64 take_cookie(enum scxtwin_kfunc kf, struct task_struct *p)
{
	struct scx_sched *sch = cookie_kfunc_enter(kf, SCX_KF_ANY);
	u64 cookie;

	if (!sch)
		return 0;
	cookie = scx_opss_qseq((u64)atomic_long_read(&p->scx.ops_state));
	scx_kfunc_log(kf, p, 0, 0, (s64)cookie);
	return cookie;
}

static bool insert_by_cookie(enum scxtwin_kfunc kf, struct task_struct *p, u64 dsq_id, u64 slice,
			     u64 enq_flags, u64 cookie)
{
	struct scx_sched *sch = cookie_kfunc_enter(kf, SCX_KF_ENQUEUE);
	const u64 given_flags = enq_flags;
	bool ret = false;

	if (!sch)
		return false;
	if (scx_dsq_insert_preamble(sch, p, dsq_id, &enq_flags)) {
		scx_dsq_insert_commit(sch, p, dsq_id, slice, 0, enq_flags, &cookie);
		ret = true;
	}
	scx_kfunc_log(kf, p, dsq_id, given_flags, ret);
	return ret;
}

u64 scx_bpf_task_get_cookie(struct task_struct *p)
{
	return take_cookie(SCXTWIN_KF_task_get_cookie, p);
}

bool scx_bpf_dsq_insert_with_cookie(struct task_struct *p, u64 dsq_id, u64 enq_flags, u64 cookie)
{
	return insert_by_cookie(SCXTWIN_KF_dsq_insert_with_cookie, p, dsq_id, 0, enq_flags, cookie);
}

u64 scx_bpf_dsq_insert_begin(struct task_struct *p)
{
	return take_cookie(SCXTWIN_KF_dsq_insert_begin, p);
}

bool scx_bpf_dsq_insert_commit(struct task_struct *p, const struct scx_bpf_dsq_insert_commit_args *args,
			       u64 token)
{
	return insert_by_cookie(SCXTWIN_KF_dsq_insert_commit, p, args->dsq_id, args->slice,
				args->enq_flags, token);
}
