/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slices: who writes them, who eats them (spec 12.11, 14.4, 21.5).
 *
 * slice_oob is a request made where the task's rq was not locked; it is applied
 * when the task is next accounted or starts to run. An explicit slice that comes
 * later drops it, a default refill does not.
 */
#include "ext/internal.h"

/* Not while it is being put: from then on another CPU may dispatch it. */
static bool task_is_running(const struct task_struct *p)
{
	return task_current(task_rq(p), p) && list_empty(&p->scx.runnable_node);
}

/* If p is running, the instant at which the tick matters has moved. */
static void slice_written(struct task_struct *p)
{
	if (task_is_running(p))
		tick_reconsider(task_rq(p));
}

/* The rq of p is locked, or p is in nobody's reach because it is being dispatched. */
void scx_set_task_slice(struct task_struct *p, u64 slice)
{
	BUG_ON(task_is_running(p) && !raw_spin_is_held(&task_rq(p)->__lock));

	p->scx.slice = slice;
	if (READ_ONCE(p->scx.slice_oob))
		WRITE_ONCE(p->scx.slice_oob, 0);
	slice_written(p);
}

/*
 * DSP-20, DSP-21: what an insert carried becomes the task's. Slice 0 keeps the
 * present one, but never lets a task in without any.
 */
void scx_commit_slice(struct scx_sched *sch, struct task_struct *p, u64 slice, u64 vtime,
		      u64 enq_flags)
{
	BUG_ON(p->scx.dsq || task_is_running(p));

	if (slice) {
		if (p->scx.flags & SCX_TASK_PROTECTED)
			scx_add_event(sch, SCX_EV_SLICE_DENIED, 1);
		else if (enq_flags & SCX_ENQ_SLICE_DFL)
			p->scx.slice = slice;
		else
			scx_set_task_slice(p, slice);
	} else if (!p->scx.slice) {
		p->scx.slice = 1;
	}

	if (enq_flags & SCX_ENQ_DSQ_PRIQ)
		p->scx.dsq_vtime = vtime;
}

/* ENQ-28. Counted also when a protected slice refuses (EV-17). */
void refill_task_slice_dfl(struct scx_sched *sch, struct task_struct *p)
{
	lockdep_assert_rq_held(task_rq(p));

	if (!(p->scx.flags & SCX_TASK_PROTECTED)) {
		p->scx.slice = READ_ONCE(sch->slice_dfl);
		slice_written(p);
	}
	scx_add_event(sch, SCX_EV_REFILL_SLICE_DFL, 1);
}

/* SLC-04. The exchange makes sure that each request is applied once at most. */
void scx_apply_slice_oob(struct scx_sched *sch, struct task_struct *p)
{
	u64 oob, dur;

	lockdep_assert_rq_held(task_rq(p));

	if (likely(!READ_ONCE(p->scx.slice_oob)))
		return;
	oob = xchg(&p->scx.slice_oob, 0);

	if (!(oob & SCX_SLICE_OOB_PENDING))
		return;
	if ((oob >> SCX_SLICE_OOB_DUR_BITS & SCX_SLICE_OOB_ID_MASK) !=
	    (sch->id & SCX_SLICE_OOB_ID_MASK))
		return;
	if (p->scx.flags & SCX_TASK_PROTECTED) {
		scx_add_event(sch, SCX_EV_SLICE_DENIED, 1);
		return;
	}

	dur = oob & SCX_SLICE_OOB_DUR_MASK;
	p->scx.slice = dur == SCX_SLICE_OOB_DUR_MASK ? SCX_SLICE_INF : dur;
	slice_written(p);
}

/* SLICE-19. With a root scheduler only, nothing ever sets the flag. */
void scx_slice_end(struct task_struct *p)
{
	lockdep_assert_rq_held(task_rq(p));

	if (unlikely(p->scx.flags & SCX_TASK_PROTECTED))
		SHARED_CLEAR(p->scx.flags, SCX_TASK_PROTECTED);
}

/*
 * Charge the current task for the time since it was last charged. The request
 * comes first, so that this time is taken from the new slice (SLICE-03).
 */
void update_curr_scx(struct rq *rq)
{
	struct task_struct *curr = rq->curr;
	s64 delta;

	lockdep_assert_rq_held(rq);
	BUG_ON(!sched_class_is_ext(curr));

	scx_apply_slice_oob(scx_task_sched(curr), curr);

	delta = (s64)(rq_clock_task(rq) - curr->exec_start);
	if (delta <= 0)
		return;

	curr->exec_start = rq_clock_task(rq);
	curr->sum_exec_runtime += (u64)delta;
	if (curr->scx.slice != SCX_SLICE_INF)
		curr->scx.slice -= (u64)delta < curr->scx.slice ? (u64)delta : curr->scx.slice;
}

/*
 * Tick elision: what task_tick_scx() does before this instant has no effect,
 * because accounting is a function of time alone. 0: each tick matters. Plain
 * reads, since an optimisation must not add yield points.
 */
u64 scx_first_tick(struct rq *rq, struct task_struct *p)
{
	struct scx_sched *sch = scx_task_sched(p);
	u64 end;

	if (!sch)
		return UINT64_MAX;
	if (SCX_HAS_OP(sch, SCXTWIN_OP_tick) || scx_pcpu(sch, cpu_of(rq))->bypassing ||
	    p->scx.slice_oob)
		return 0;
	if (p->scx.slice == SCX_SLICE_INF)
		return UINT64_MAX;

	end = p->exec_start + p->scx.slice;
	return end < p->exec_start ? UINT64_MAX : end;
}
