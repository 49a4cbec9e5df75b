/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SCX_ENQ_IMMED: a task on a local DSQ that runs at the next pick or goes back
 * to the scheduler (spec chapter 15). This file counts such tasks and asks for
 * the walk that gives them back; reenq.c walks. Until then a task that must not
 * wait stays linked, and a pick that comes first may still run it.
 */
#include "ext/internal.h"

/*
 * Would a task put on the local DSQ now run at the next pick? next_class and
 * not the class of curr: an idle CPU to which a task was sent is taken already
 * (IMMED-54). A CPU that is not open passes through dispatch once more before
 * it idles, so that refusing it a task stalls nobody.
 */
bool rq_is_open(struct rq *rq, u64 enq_flags)
{
	lockdep_assert_rq_held(rq);

	if (sched_class_above(rq->next_class, &ext_sched_class))
		return false;
	if (sched_class_above(&ext_sched_class, rq->next_class))
		return true;

	/* The end of dispatch decides (IMMED-51). */
	if (rq->scx.flags & SCX_RQ_IN_DISPATCH)
		return true;

	if (enq_flags & SCX_ENQ_PREEMPT)
		return !sched_class_is_ext(rq->curr) ||
		       !(rq->curr->scx.flags & SCX_TASK_PROTECTED);
	return false;
}

void schedule_reenq_local(struct rq *rq, u64 reenq_flags)
{
	struct scx_sched *sch = scx_root;

	lockdep_assert_rq_held(rq);

	if (WARN_ON_ONCE(!sch))
		return;
	schedule_dsq_reenq(sch, &rq->scx.local_dsq, reenq_flags, rq);
}

/*
 * Before next_class is raised by the insert itself, so that a task sent to an
 * idle CPU finds it open (IMMED-30).
 */
void scx_immed_linked(struct scx_dispatch_q *dsq, struct task_struct *p, u64 enq_flags)
{
	struct rq *rq;

	dsq_assert_held(dsq);
	BUG_ON(!dsq->nr);

	if (enq_flags & SCX_ENQ_IMMED) {
		if (unlikely(!dsq_is_local(dsq))) {
			/* Only a local verdict that could not be honoured may end here. */
			WARN_ON_ONCE(!(enq_flags & SCX_ENQ_GDSQ_FALLBACK));
			return;
		}
		SHARED_OR(p->scx.flags, SCX_TASK_IMMED);
	}

	if (likely(!(p->scx.flags & SCX_TASK_IMMED)))
		return;
	if (WARN_ON_ONCE(!dsq_is_local(dsq)))
		return;

	rq = dsq_rq(dsq);
	rq->scx.nr_immed++;
	BUG_ON(rq->scx.nr_immed > dsq->nr);	/* IMMED-34 */

	if (dsq->nr > 1 || !rq_is_open(rq, enq_flags))
		schedule_reenq_local(rq, 0);
}

/* The task keeps the flag: it is about to run, or to be enqueued anew (IMMED-32). */
void scx_immed_unlinked(struct scx_dispatch_q *dsq, struct task_struct *p)
{
	dsq_assert_held(dsq);

	if (likely(!(p->scx.flags & SCX_TASK_IMMED)))
		return;
	if (WARN_ON_ONCE(!dsq_is_local(dsq)) || WARN_ON_ONCE(!dsq_rq(dsq)->scx.nr_immed))
		return;
	dsq_rq(dsq)->scx.nr_immed--;
}
