/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Enqueue: from runnable to a DSQ, or into the scheduler's hands (spec 12.3 to
 * 12.5, 14.5). Everything here runs under the rq lock of the task.
 */
#include "ext/internal.h"

/* "Can run tasks": both the class's own mark and the machine's (ENQ-22). */
bool scx_rq_online(struct rq *rq)
{
	return (READ_ONCE(rq->scx.flags) & SCX_RQ_ONLINE) && cpu_active(cpu_of(rq));
}

/* ---- the runnable list: tasks that are QUEUED and not running */

/*
 * At the tail, because walks of bypass and hotplug go backwards and rely on
 * re-linked tasks landing behind them (RUN-02).
 */
void set_task_runnable(struct rq *rq, struct task_struct *p)
{
	lockdep_assert_rq_held(rq);
	BUG_ON(task_rq(p) != rq || !list_empty(&p->scx.runnable_node));

	if (p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT) {
		p->scx.runnable_at = jiffies();
		SHARED_CLEAR(p->scx.flags, SCX_TASK_RESET_RUNNABLE_AT);
	}
	list_add_tail(&p->scx.runnable_node, &rq->scx.runnable_list);
	WRITE_ONCE(p->scx.runnable_cpu, cpu_of(rq));
}

/* reset_runnable_at: the wait ended, the next one starts anew (RUN-05, RUN-06). */
void clr_task_runnable(struct task_struct *p, bool reset_runnable_at)
{
	lockdep_assert_rq_held(task_rq(p));

	list_del_init(&p->scx.runnable_node);
	WRITE_ONCE(p->scx.runnable_cpu, -1);
	if (reset_runnable_at)
		SHARED_OR(p->scx.flags, SCX_TASK_RESET_RUNNABLE_AT);
}

/* ---- direct dispatch: the verdict of an insert in ops.select_cpu() or ops.enqueue() */

/*
 * The marker is spoiled before anything is checked, so that a refused verdict
 * does not open the door for another one (DD-01, DD-02).
 */
void mark_direct_dispatch(struct scx_sched *sch, struct task_struct *ddsp_task,
			  struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags)
{
	BUG_ON(!ddsp_task || ddsp_task != this_rq()->scx.direct_dispatch_task);

	this_rq()->scx.direct_dispatch_task = SCX_DDSP_POISON;

	if (unlikely(p != ddsp_task)) {
		if (ddsp_task == SCX_DDSP_POISON)
			scx_error(sch, "%s[%d] already direct-dispatched", p->comm, p->pid);
		else
			scx_error(sch, "scheduling for %s[%d] but trying to direct-dispatch %s[%d]",
				  ddsp_task->comm, ddsp_task->pid, p->comm, p->pid);
		return;
	}

	WARN_ON_ONCE(p->scx.ddsp_dsq_id != SCX_DSQ_INVALID);
	WARN_ON_ONCE(p->scx.ddsp_enq_flags);

	p->scx.ddsp_slice = slice;
	p->scx.ddsp_vtime = vtime;
	p->scx.ddsp_dsq_id = dsq_id;
	p->scx.ddsp_enq_flags = enq_flags;
}

void clear_direct_dispatch(struct task_struct *p)
{
	p->scx.ddsp_dsq_id = SCX_DSQ_INVALID;
	p->scx.ddsp_enq_flags = 0;
}

/*
 * Carry the verdict out. The local DSQ of another CPU needs that CPU's rq lock,
 * which cannot be taken here: the task waits on the rq's deferred list, the
 * verdict stays stored and run_deferred() does the rest (DD-09).
 */
void direct_dispatch(struct scx_sched *sch, struct rq *rq, struct task_struct *p, u64 enq_flags)
{
	struct scx_dispatch_q *dsq;
	u64 slice, vtime;

	lockdep_assert_rq_held(rq);
	BUG_ON(task_rq(p) != rq);
	BUG_ON(p->scx.ddsp_dsq_id == SCX_DSQ_INVALID);

	dsq = find_dsq_for_dispatch(sch, rq, p->scx.ddsp_dsq_id, task_cpu(p));

	p->scx.ddsp_enq_flags |= enq_flags;

	if (dsq_is_local(dsq) && dsq != &rq->scx.local_dsq) {
		switch (scx_opss_state((u64)atomic_long_read(&p->scx.ops_state))) {
		case SCX_OPSS_NONE:
			break;
		case SCX_OPSS_QUEUEING:
			/* A dispatcher may wait for the end of QUEUEING: let it go. */
			scx_opss_set_none(p);
			break;
		default:
			WARN_ON_ONCE(true);	/* OPSS-18 */
			scx_opss_set_none(p);
			break;
		}

		WARN_ON_ONCE(p->scx.dsq || !list_empty(&p->scx.dsq_list.node));
		list_add_tail(&p->scx.dsq_list.node, &rq->scx.ddsp_deferred_locals);
		scx_schedule_deferred_locked(rq);
		return;
	}

	slice = p->scx.ddsp_slice;
	vtime = p->scx.ddsp_vtime;
	enq_flags = p->scx.ddsp_enq_flags;
	clear_direct_dispatch(p);

	scx_dispatch_enqueue(sch, rq, dsq, p, slice, vtime,
			     enq_flags | SCX_ENQ_APPLY_SLICE | SCX_ENQ_CLEAR_OPSS);
}

/* ---- enqueue */

/* Counted from the first REENQ on, whatever becomes of it. False: too often (ENQ-19, ENQ-20). */
static bool count_reenq(struct scx_sched *sch, struct rq *rq, struct task_struct *p)
{
	p->scx.reenq_cnt++;
	if (p->scx.reenq_cnt > 1)
		scx_add_event(sch, SCX_EV_REENQ_REPEAT, 1);
	if (likely(p->scx.reenq_cnt <= scx_state()->limits.reenq_max_repeat))
		return true;

	scx_exit(sch, SCX_EXIT_ERROR_REENQ, 0, cpu_of(rq),
		 "%s[%d] reenqueued %u times without running", p->comm, p->pid,
		 p->scx.reenq_cnt);
	return false;
}

/*
 * The short cuts in order, then ops.enqueue(); table of spec 12.4. sticky_cpu
 * is this rq's CPU for movements which the scheduler is not to see: arrival of
 * a remote move, restore of the running task.
 */
void scx_do_enqueue_task(struct rq *rq, struct task_struct *p, u64 enq_flags, int sticky_cpu)
{
	struct scx_sched *sch = scx_task_sched(p);
	struct task_struct **ddsp_taskp;
	struct scx_dispatch_q *dsq;
	u64 qseq;

	lockdep_assert_rq_held(rq);
	BUG_ON(task_rq(p) != rq);
	WARN_ON_ONCE(!(p->scx.flags & SCX_TASK_QUEUED));

	if (sticky_cpu == cpu_of(rq))
		goto local_norefill;

	/* A fresh enqueue: an earlier promise is void (IMMED-35). */
	if (p->scx.flags & SCX_TASK_IMMED)
		SHARED_CLEAR(p->scx.flags, SCX_TASK_IMMED);

	/* Over the limit the task stays on no DSQ until bypass takes it up. */
	if ((enq_flags & SCX_ENQ_REENQ) && !count_reenq(sch, rq, p))
		return;

	if (!scx_rq_online(rq))
		goto local;

	if (scx_bypassing(sch, cpu_of(rq))) {
		scx_add_event(sch, SCX_EV_BYPASS_DISPATCH, 1);
		goto bypass;
	}

	if (p->scx.ddsp_dsq_id != SCX_DSQ_INVALID)
		goto direct;

	if (!(sch->ops.flags & SCX_OPS_ENQ_EXITING) && unlikely(p->flags & PF_EXITING)) {
		scx_add_event(sch, SCX_EV_ENQ_SKIP_EXITING, 1);
		enq_flags |= SCX_ENQ_RESCUE;
		goto local;
	}

	if (!(sch->ops.flags & SCX_OPS_ENQ_MIGRATION_DISABLED) && is_migration_disabled(p)) {
		scx_add_event(sch, SCX_EV_ENQ_SKIP_MIGRATION_DISABLED, 1);
		goto local;
	}

	if (unlikely(!SCX_HAS_OP(sch, SCXTWIN_OP_enqueue)))
		goto global;

	/* E1 to E4 */
	qseq = scx_opss_begin_queueing(p);

	ddsp_taskp = &this_rq()->scx.direct_dispatch_task;
	WARN_ON_ONCE(*ddsp_taskp);
	*ddsp_taskp = p;

	SCX_CALL_OP_TASK(sch, enqueue, rq, enq_flags, p, enq_flags);

	BUG_ON(*ddsp_taskp != p && *ddsp_taskp != SCX_DDSP_POISON);
	*ddsp_taskp = NULL;
	if (p->scx.ddsp_dsq_id != SCX_DSQ_INVALID)
		goto direct;

	/*
	 * E6, E7. The flag first: once QUEUED is visible another CPU may dispatch
	 * the task and end this custody.
	 */
	scx_enter_custody(p);
	scx_opss_set_queued(p, qseq);
	return;

direct:
	direct_dispatch(sch, rq, p, enq_flags);
	return;
local_norefill:
	scx_dispatch_enqueue(sch, rq, &rq->scx.local_dsq, p, 0, 0, enq_flags);
	return;
local:
	dsq = &rq->scx.local_dsq;
	goto enqueue;
global:
	dsq = find_global_dsq(sch, task_cpu(p));
	goto enqueue;
bypass:
	dsq = bypass_dsq(sch, task_cpu(p));
	goto enqueue;

enqueue:
	refill_task_slice_dfl(sch, p);
	clear_direct_dispatch(p);
	scx_dispatch_enqueue(sch, rq, dsq, p, 0, 0, enq_flags);
}

void enqueue_task_scx(struct rq *rq, struct task_struct *p, int core_enq_flags)
{
	struct scx_sched *sch = scx_task_sched(p);
	int sticky_cpu = p->scx.sticky_cpu;
	u64 enq_flags = (u32)core_enq_flags | rq->scx.remote_activate_enq_flags;

	lockdep_assert_rq_held(rq);
	BUG_ON(task_rq(p) != rq || !sched_class_is_ext(p));
	BUG_ON(sticky_cpu >= 0 && sticky_cpu != cpu_of(rq));
	BUG_ON(rq->scx.remote_activate_enq_flags && sticky_cpu < 0);

	/* A wakeup bit that only came along with a remote move does not count (ENQ-07). */
	if (core_enq_flags & ENQUEUE_WAKEUP)
		rq->scx.flags |= SCX_RQ_IN_WAKEUP;

	/* At once, so that the insert below can end custody (CUST-05). */
	if (sticky_cpu >= 0)
		p->scx.sticky_cpu = -1;

	/* A running task that is only put back after a change stays where it is. */
	if (unlikely(core_enq_flags & ENQUEUE_RESTORE) && task_current(rq, p)) {
		sticky_cpu = cpu_of(rq);
		enq_flags |= SCX_ENQ_IGNORE_CAPS;
	}

	if (p->scx.flags & SCX_TASK_QUEUED) {
		WARN_ON_ONCE(list_empty(&p->scx.runnable_node));
		goto out;
	}

	set_task_runnable(rq, p);
	SHARED_OR(p->scx.flags, SCX_TASK_QUEUED);
	rq->scx.nr_running++;
	add_nr_running(rq, 1);

	if (SCX_HAS_OP(sch, SCXTWIN_OP_runnable) && !task_on_rq_migrating(p))
		SCX_CALL_OP_TASK(sch, runnable, rq, enq_flags, p, enq_flags);

	scx_do_enqueue_task(rq, p, enq_flags, sticky_cpu);
out:
	rq->scx.flags &= ~SCX_RQ_IN_WAKEUP;

	if ((enq_flags & SCX_ENQ_CPU_SELECTED) && unlikely(cpu_of(rq) != p->scx.selected_cpu))
		scx_add_event(sch, SCX_EV_SELECT_CPU_FALLBACK, 1);
}
