/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state word of a task: who is responsible for it (spec chapter 10).
 *
 * This file is the only writer. Every function is one transition of the table
 * T1 to T9 or one of the waits W1 to W8; the callers own the locks that the
 * table asks for, because T5 and T7 work without the rq lock of the task.
 *
 * Release and acquire: a store that ends QUEUEING (T2, T3, T4) or DISPATCHING
 * (T7, T8) publishes all that was written under that state; it pairs with the
 * acquire reads in ops_dequeue(), wait_ops_state() and scx_wait_dispatching().
 */
#include "ext/internal.h"

static inline void tell_onlooker(struct task_struct *p)
{
	const struct scx_onlooker *onlooker = scx_state()->onlooker;

	if (onlooker && onlooker->word_stored)
		onlooker->word_stored(p);
}

static bool opss_is_sane(u64 opss)
{
	switch (scx_opss_state(opss)) {
	case SCX_OPSS_QUEUEING:
	case SCX_OPSS_QUEUED:
		return scx_opss_qseq(opss);
	default:
		return !scx_opss_qseq(opss);	/* OPSS-04 */
	}
}

/*
 * T1. The brand makes this hand-over distinguishable from every other one of
 * the task, so that a dispatch decided for an earlier one can be told (OPSS-14).
 * The counter is 32 bits wide and skips 0: a brand of 0 means "none" (OPSS-07).
 */
u64 scx_opss_begin_queueing(struct task_struct *p)
{
	u64 qseq;

	lockdep_assert_rq_held(task_rq(p));

	p->scx.ops_qseq = (u32)((p->scx.ops_qseq + 1) & (SCX_OPSS_QSEQ_MASK >> SCX_OPSS_QSEQ_SHIFT));
	if (!p->scx.ops_qseq)
		p->scx.ops_qseq = 1;
	qseq = (u64)p->scx.ops_qseq << SCX_OPSS_QSEQ_SHIFT;

	WARN_ON_ONCE(atomic_long_read(&p->scx.ops_state) != SCX_OPSS_NONE);	/* OPSS-19 */
	atomic_long_set(&p->scx.ops_state, (s64)(SCX_OPSS_QUEUEING | qseq));
	tell_onlooker(p);
	return qseq;
}

/* T2: ops.enqueue() kept the task; from here on any CPU may dispatch it. */
void scx_opss_set_queued(struct task_struct *p, u64 qseq)
{
	lockdep_assert_rq_held(task_rq(p));
	BUG_ON(!qseq || scx_opss_state(qseq));
	BUG_ON((u64)p->scx.ops_state.counter != (SCX_OPSS_QUEUEING | qseq));
	BUG_ON(!(p->scx.flags & SCX_TASK_IN_CUSTODY));	/* OPSS-INV-03 */
	BUG_ON(p->scx.dsq || !list_empty(&p->scx.dsq_list.node)); /* OPSS-INV-02 */

	atomic_long_set_release(&p->scx.ops_state, (s64)(SCX_OPSS_QUEUED | qseq));
	tell_onlooker(p);
}

/* T3, T4, T7, T8 and the harmless T9. A QUEUED task is never taken back this way. */
void scx_opss_set_none(struct task_struct *p)
{
	BUG_ON(scx_opss_state((u64)p->scx.ops_state.counter) == SCX_OPSS_QUEUED);

	atomic_long_set_release(&p->scx.ops_state, SCX_OPSS_NONE);
	tell_onlooker(p);
}

/*
 * T5: the dispatching CPU takes the task out of the scheduler's hands. The
 * whole word is compared, so a brand that changed meanwhile loses (OPSS-14).
 * On failure *opss is what was found.
 */
bool scx_opss_claim_dispatch(struct task_struct *p, u64 *opss)
{
	s64 old = (s64)*opss;
	bool claimed;

	BUG_ON(scx_opss_state(*opss) != SCX_OPSS_QUEUED || !opss_is_sane(*opss));

	claimed = atomic_long_try_cmpxchg(&p->scx.ops_state, &old, (s64)SCX_OPSS_DISPATCHING);
	if (claimed)
		tell_onlooker(p);
	BUG_ON(!opss_is_sane((u64)old));
	*opss = (u64)old;
	return claimed;
}

/* T6: the holder of the rq lock takes the task back from the scheduler. */
bool scx_opss_claim_dequeue(struct task_struct *p, u64 *opss)
{
	s64 old = (s64)*opss;
	bool claimed;

	lockdep_assert_rq_held(task_rq(p));
	BUG_ON(scx_opss_state(*opss) != SCX_OPSS_QUEUED || !opss_is_sane(*opss));

	claimed = atomic_long_try_cmpxchg(&p->scx.ops_state, &old, (s64)SCX_OPSS_NONE);
	if (claimed)
		tell_onlooker(p);
	BUG_ON(!opss_is_sane((u64)old));
	*opss = (u64)old;
	return claimed;
}

/*
 * Wait until the word is not opss any more, in any bit (OPSS-25). Whoever
 * holds the word in that state needs nothing that the waiter holds: an
 * enqueuer has its rq lock already, a dispatcher stores NONE before it asks
 * for another rq lock (DSP-25).
 */
void wait_ops_state(struct task_struct *p, u64 opss)
{
	await(&p->scx.ops_state, (u64)p->scx.ops_state.counter != opss, "wait_ops_state");
}

/* W4 to W8: a task found on a DSQ whose dispatcher has not stored NONE yet. */
void scx_wait_dispatching(struct task_struct *p)
{
	lockdep_assert_rq_held(task_rq(p));

	if ((u64)atomic_long_read_acquire(&p->scx.ops_state) == SCX_OPSS_DISPATCHING)
		wait_ops_state(p, SCX_OPSS_DISPATCHING);
}
