/* SPDX-License-Identifier: GPL-2.0-only */
/* Kfuncs about tasks: spec 32.8, slice requests 21.6. */
#include "ext/internal.h"

/* SLICE-21: the rq lock that the running callback holds is the one that p's slice is under. */
static bool slice_is_under_our_lock(const struct task_struct *p)
{
	const struct rq *rq = scx_ctx()->locked_rq;

	return rq && (p->scx.runnable_cpu == cpu_of(rq) || rq->curr == p);
}

/* SLICE-22 to SLICE-24 */
static void request_slice(struct scx_sched *sch, struct task_struct *p, u64 slice)
{
	u64 dur = slice;

	if (slice == SCX_SLICE_INF) {
		dur = SCX_SLICE_OOB_DUR_MASK;
	} else if (slice >= SCX_SLICE_OOB_DUR_MASK) {
		dur = SCX_SLICE_OOB_DUR_MASK - 1;
		scx_add_event(sch, SCX_EV_SLICE_CLAMPED, 1);
	}
	WRITE_ONCE(p->scx.slice_oob,
		   SCX_SLICE_OOB_PENDING |
		   (sch->id & SCX_SLICE_OOB_ID_MASK) << SCX_SLICE_OOB_DUR_BITS | dur);
	if (p->on_cpu)
		tick_reconsider(task_rq(p));
}

bool scx_bpf_task_set_slice(struct task_struct *p, u64 slice)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_task_set_slice, SCX_KF_ANY);

	if (!sch || sch != scx_task_sched(p))
		return false;
	if (!slice_is_under_our_lock(p))
		request_slice(sch, p, slice);
	else if (p->scx.flags & SCX_TASK_PROTECTED)
		scx_add_event(sch, SCX_EV_SLICE_DENIED, 1);
	else
		scx_set_task_slice(p, slice);
	scx_kfunc_log(SCXTWIN_KF_task_set_slice, p, slice, 0, true);
	return true;
}

/* SLICE-31: no queue is sorted again. */
bool scx_bpf_task_set_dsq_vtime(struct task_struct *p, u64 vtime)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_task_set_dsq_vtime, SCX_KF_ANY);

	if (!sch || sch != scx_task_sched(p))
		return false;
	WRITE_ONCE(p->scx.dsq_vtime, vtime);
	scx_kfunc_log(SCXTWIN_KF_task_set_dsq_vtime, p, vtime, 0, true);
	return true;
}

/* KFC-51, KFC-52: these two need no scheduler. */
bool scx_bpf_task_running(const struct task_struct *p)
{
	scx_kfunc_enter(SCXTWIN_KF_task_running, SCX_KF_ANY);
	return READ_ONCE(task_rq(p)->curr) == p;
}

s32 scx_bpf_task_cpu(const struct task_struct *p)
{
	scx_kfunc_enter(SCXTWIN_KF_task_cpu, SCX_KF_ANY);
	return READ_ONCE(p->cpu);
}

/* KFC-55 */
struct task_struct *scx_bpf_tid_to_task(u64 tid)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_tid_to_task, SCX_KF_ANY);
	struct scx *scx = scx_state();
	struct task_struct *p;

	if (!sch)
		return NULL;
	if (!(sch->ops.flags & SCX_OPS_TID_TO_TASK)) {
		scx_error(sch, "scx_bpf_tid_to_task() called without SCX_OPS_TID_TO_TASK");
		return NULL;
	}
	p = scx->tid_hash ? idmap_get(scx->tid_hash, tid) : NULL;
	scx_reached_task(p);
	return p;
}

/* KFC-56 */
struct task_struct *scx_bpf_cpu_curr(s32 cpu)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_cpu_curr, SCX_KF_ANY);
	struct task_struct *p;

	if (!sch || !scx_cpu_valid(sch, cpu, NULL))
		return NULL;
	p = READ_ONCE(cpu_rq(cpu)->curr);
	scx_reached_task(p);
	return p;
}
