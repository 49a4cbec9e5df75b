/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Custody: the scheduler is responsible for the task, because it keeps it in
 * its own structures or on a user DSQ. Each custody ends with exactly one
 * ops.dequeue() (spec chapter 11, CUST-14).
 *
 *   enter   scx_do_enqueue_task() just before T2; insert into a user DSQ
 *   leave   insert into a local DSQ; insert into a global or bypass DSQ, while
 *           its lock is held; end of ops_dequeue()
 *
 * The flag is one bit of a word that is not changed atomically. It is
 * protected by the task's rq lock, or by DISPATCHING while finish_dispatch()
 * works without it (CUST-08).
 */
#include "ext/internal.h"

static void assert_owns_flag(const struct task_struct *p)
{
	BUG_ON(!raw_spin_is_held(&task_rq(p)->__lock) &&
	       (u64)p->scx.ops_state.counter != SCX_OPSS_DISPATCHING);
}

/* Silent if the task is in custody already (CUST-04). */
void scx_enter_custody(struct task_struct *p)
{
	assert_owns_flag(p);
	BUG_ON(p->scx.sticky_cpu >= 0);

	SHARED_OR(p->scx.flags, SCX_TASK_IN_CUSTODY);
}

/*
 * True: the caller owes the ops.dequeue() call. During the source half of a
 * remote move the destination half will do both (CUST-05).
 */
bool task_leave_custody(struct task_struct *p)
{
	assert_owns_flag(p);

	if (!(READ_ONCE(p->scx.flags) & SCX_TASK_IN_CUSTODY) || p->scx.sticky_cpu >= 0)
		return false;

	SHARED_CLEAR(p->scx.flags, SCX_TASK_IN_CUSTODY);
	return true;
}

/* locked_rq is what kfuncs of the callback will see as locked (CUST-37). */
void call_task_dequeue(struct scx_sched *sch, struct rq *locked_rq, struct task_struct *p,
		       u64 deq_flags)
{
	lockdep_assert_rq_held(locked_rq);
	assert_owns_flag(p);
	BUG_ON(p->scx.flags & SCX_TASK_IN_CUSTODY);

	if (SCX_HAS_OP(sch, SCXTWIN_OP_dequeue))
		SCX_CALL_OP_TASK(sch, dequeue, locked_rq, deq_flags, p, deq_flags);
}
