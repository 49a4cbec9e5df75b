/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dequeue and yield (spec 12.6, 12.12). Everything here runs under the rq lock
 * of the task and never drops it (DEQ-13).
 */
#include "ext/internal.h"

/*
 * Take the task out of the scheduler's hands: afterwards its word is NONE and
 * custody is over (steps Q1 to Q8). A dispatching CPU may be at work on the task
 * at the same time; the table says who wins.
 *
 *   word seen                  action
 *   NONE                       nothing to claim
 *   QUEUED, flag clear         a dispatch has just gone by: look again (W1)
 *   QUEUED, claim succeeds     the dispatcher will find NONE and drop its entry
 *   QUEUED, claim fails, or
 *   DISPATCHING                wait for NONE (W2)
 */
void ops_dequeue(struct rq *rq, struct task_struct *p, u64 deq_flags)
{
	struct scx_sched *sch = scx_task_sched(p);
	u64 opss;

	lockdep_assert_rq_held(rq);
	BUG_ON(task_rq(p) != rq);

	/* The wait for a CPU goes on across changes: runnable_at stays (RUN-05). */
	clr_task_runnable(p, false);

retry:
	opss = (u64)atomic_long_read_acquire(&p->scx.ops_state);

	switch (scx_opss_state(opss)) {
	case SCX_OPSS_NONE:
		break;
	case SCX_OPSS_QUEUEING:
		/* Begins and ends under one hold of our lock (OPSS-17). */
		BUG();
	case SCX_OPSS_QUEUED:
		if (!(READ_ONCE(p->scx.flags) & SCX_TASK_IN_CUSTODY)) {
			wait_ops_state(p, opss);
			goto retry;
		}
		if (scx_opss_claim_dequeue(p, &opss))
			break;
		/* fall through */
	case SCX_OPSS_DISPATCHING:
		/*
		 * Not "differs from opss": a lost claim may have found the word at
		 * NONE already (OPSS-26).
		 */
		wait_ops_state(p, SCX_OPSS_DISPATCHING);
		BUG_ON(atomic_long_read(&p->scx.ops_state) != SCX_OPSS_NONE);
		break;
	}

	/* A dispatcher to a user DSQ has left the task in custody, one to a terminal DSQ has not. */
	if (task_leave_custody(p))
		call_task_dequeue(sch, rq, p, deq_flags);
}

bool dequeue_task_scx(struct rq *rq, struct task_struct *p, int core_deq_flags)
{
	struct scx_sched *sch = scx_task_sched(p);
	u64 deq_flags = (u32)core_deq_flags;

	lockdep_assert_rq_held(rq);
	BUG_ON(task_rq(p) != rq || !sched_class_is_ext(p));

	/* All but a sleep are changes for the scheduler, whatever changed (CUST-22, CUST-25). */
	if (!(deq_flags & SCX_DEQ_SLEEP))
		deq_flags |= SCX_DEQ_SCHED_CHANGE;

	if (!(p->scx.flags & SCX_TASK_QUEUED)) {
		WARN_ON_ONCE(!list_empty(&p->scx.runnable_node));
		return true;
	}

	ops_dequeue(rq, p, deq_flags);

	/* From here and not from put_prev, so that stopping comes before quiescent (CB-01). */
	if (SCX_HAS_OP(sch, SCXTWIN_OP_stopping) && task_current(rq, p)) {
		update_curr_scx(rq);
		SCX_CALL_OP_TASK(sch, stopping, rq, false, p, false);
	}

	if (SCX_HAS_OP(sch, SCXTWIN_OP_quiescent) && !task_on_rq_migrating(p))
		SCX_CALL_OP_TASK(sch, quiescent, rq, deq_flags, p, deq_flags);

	if (deq_flags & SCX_DEQ_SLEEP)
		SHARED_OR(p->scx.flags, SCX_TASK_DEQD_FOR_SLEEP);
	else
		SHARED_CLEAR(p->scx.flags, SCX_TASK_DEQD_FOR_SLEEP);

	SHARED_CLEAR(p->scx.flags, SCX_TASK_QUEUED);
	BUG_ON(!rq->scx.nr_running);
	rq->scx.nr_running--;
	sub_nr_running(rq, 1);

	scx_dispatch_dequeue(rq, p);

	/* The running task comes right back from a save and restore. */
	if (!((core_deq_flags & DEQUEUE_SAVE) && task_current(rq, p)))
		scx_slice_end(p);
	clear_direct_dispatch(p);

	BUG_ON(p->scx.dsq || !list_empty(&p->scx.dsq_list.node) || p->scx.holding_cpu >= 0);
	return true;
}

void yield_task_scx(struct rq *rq)
{
	struct task_struct *p = rq->curr;
	struct scx_sched *sch = scx_task_sched(p);

	lockdep_assert_rq_held(rq);
	BUG_ON(!sched_class_is_ext(p));

	scx_slice_end(p);

	if (SCX_HAS_OP(sch, SCXTWIN_OP_yield))
		(void)SCX_CALL_OP_RET(sch, yield, rq, p, SCXTWIN_NO_TASK, 0, p, NULL);
	else
		scx_set_task_slice(p, 0);
}

/* Both tasks are of this class and their rqs are locked (YLD-03, YLD-04). */
bool yield_to_task_scx(struct rq *rq, struct task_struct *to)
{
	struct task_struct *from = rq->curr;
	struct scx_sched *sch = scx_task_sched(from);

	lockdep_assert_rq_held(rq);
	BUG_ON(!sched_class_is_ext(from) || !sched_class_is_ext(to));

	scx_slice_end(from);

	if (SCX_HAS_OP(sch, SCXTWIN_OP_yield))
		return SCX_CALL_OP_RET(sch, yield, rq, from, to->pid, 0, from, to);
	return false;
}
