/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deferred work of an rq: verdicts for other CPUs' local DSQs, and giving tasks
 * that wait on a DSQ back to the scheduler (spec 14.10, chapter 16).
 *
 * A request lists one object per (scheduler, CPU) for local DSQs or per (DSQ,
 * asking CPU) for user DSQs, and sees to it that run_deferred() will run.
 * Requests are never counted: flags add up until the walk takes them.
 *
 * Pairing: the asker first changes the DSQ, then looks whether the object is
 * listed; the walk first unlists, then looks at the DSQ. So a request is either
 * listed anew, or served by a walk that sees what the asker did.
 */
#include <inttypes.h>

#include "ext/internal.h"
#include "machine/chooser.h"

/* ---- when */

static void deferred_bal_cb_workfn(struct rq *rq)
{
	run_deferred(rq);
}

static void deferred_irq_workfn(struct irq_work *work)
{
	struct rq *rq = container_of(work, struct rq, scx.deferred_irq_work);

	BUG_ON(!irqs_disabled());
	raw_spin_rq_lock(rq);
	run_deferred(rq);
	raw_spin_rq_unlock(rq);
}

/* From any context: interrupt work on the rq's CPU. Pending already: that run serves us. */
void scx_schedule_deferred(struct rq *rq)
{
	irq_work_queue_on(&rq->scx.deferred_irq_work, cpu_of(rq));
}

/* With the rq lock held the next natural opportunity is used; order matters (REENQ-33). */
void scx_schedule_deferred_locked(struct rq *rq)
{
	lockdep_assert_rq_held(rq);

	/* task_woken_scx() ends this wakeup. */
	if (rq->scx.flags & SCX_RQ_IN_WAKEUP)
		return;

	if (rq->scx.flags & SCX_RQ_BAL_CB_PENDING)
		return;

	/*
	 * The pick that is under way will decide: its callback may drop the lock
	 * only once nothing is to be picked any more (DEF-03).
	 */
	if (rq->scx.flags & SCX_RQ_IN_DISPATCH) {
		rq->scx.flags |= SCX_RQ_BAL_CB_PENDING;
		return;
	}

	scx_schedule_deferred(rq);
}

void scx_finish_deferred_after_pick(struct rq *rq, bool final)
{
	lockdep_assert_rq_held(rq);
	BUG_ON(rq->scx.flags & SCX_RQ_IN_DISPATCH);

	if (likely(!(rq->scx.flags & SCX_RQ_BAL_CB_PENDING)))
		return;
	rq->scx.flags &= ~SCX_RQ_BAL_CB_PENDING;

	if (final)
		queue_balance_callback(rq, &rq->scx.deferred_bal_cb, deferred_bal_cb_workfn);
	else
		scx_schedule_deferred(rq);
}

/* ---- requests */

static bool is_listed(const struct list_head *node)
{
	yield_point(node, YIELD_READ, "deferred_reenq->node");
	return !list_empty(node);
}

static void list_request(struct list_head *node, struct list_head *requests)
{
	if (!list_empty(node))
		return;
	yield_point(node, YIELD_WRITE, "deferred_reenq->node");
	step_touches(requests);		/* has_requests() looks without the lock */
	list_add_tail(node, requests);
}

static void unlist_request(struct list_head *node, struct list_head *requests)
{
	yield_point(node, YIELD_WRITE, "deferred_reenq->node");
	step_touches(requests);
	list_del_init(node);
}

/* Nothing to add: it waits for a walk with all these flags already (REENQ-17). */
static bool covered(const struct list_head *node, const u64 *pending, u64 reenq_flags)
{
	return is_listed(node) && (READ_ONCE(*pending) & reenq_flags) == reenq_flags;
}

static void request_local(struct scx_sched *sch, struct rq *rq, u64 reenq_flags)
{
	struct scx_deferred_reenq_local *drl = &scx_pcpu(sch, cpu_of(rq))->deferred_reenq_local;
	u64 flags;

	if (covered(&drl->node, &drl->flags, reenq_flags))
		return;

	raw_spin_lock_irqsave(&rq->scx.deferred_reenq_lock, flags);
	list_request(&drl->node, &rq->scx.deferred_reenq_locals);
	WRITE_ONCE(drl->flags, drl->flags | reenq_flags);
	raw_spin_unlock_irqrestore(&rq->scx.deferred_reenq_lock, flags);
}

static struct scx_deferred_reenq_user *reenq_user_of(struct scx_dispatch_q *dsq, int cpu)
{
	int c;

	if (!dsq->reenq_users) {
		dsq->reenq_users = pool_zalloc(&scx_state()->reenq_users_pool);
		if (!dsq->reenq_users)
			return NULL;
		for_each_possible_cpu(c) {
			dsq->reenq_users[c].dsq = dsq;
			INIT_LIST_HEAD(&dsq->reenq_users[c].node);
		}
	}
	return &dsq->reenq_users[cpu];
}

/* False: the DSQ was destroyed, nothing will be walked (REENQ-19). */
static bool request_user(struct scx_sched *sch, struct rq *rq, struct scx_dispatch_q *dsq,
			 u64 reenq_flags)
{
	struct scx_deferred_reenq_user *dru = reenq_user_of(dsq, cpu_of(rq));
	u64 flags;

	if (!dru) {
		scx_error(sch, "no memory to re-enqueue DSQ 0x%" PRIx64, dsq->id);
		return false;
	}
	BUG_ON(dru->dsq != dsq);
	if (covered(&dru->node, &dru->flags, reenq_flags))
		return true;

	raw_spin_lock_irqsave(&rq->scx.deferred_reenq_lock, flags);
	/*
	 * destroy_dsq() first writes the id and then unlists under this lock: a
	 * valid id means that a later sweep will find what we list.
	 */
	if (unlikely(READ_ONCE(dsq->id) == SCX_DSQ_INVALID)) {
		raw_spin_unlock_irqrestore(&rq->scx.deferred_reenq_lock, flags);
		return false;
	}
	list_request(&dru->node, &rq->scx.deferred_reenq_users);
	WRITE_ONCE(dru->flags, dru->flags | reenq_flags);
	raw_spin_unlock_irqrestore(&rq->scx.deferred_reenq_lock, flags);
	return true;
}

/* locked_rq: the rq that the caller has locked, NULL if none. */
void schedule_dsq_reenq(struct scx_sched *sch, struct scx_dispatch_q *dsq, u64 reenq_flags,
			struct rq *locked_rq)
{
	const u64 id = READ_ONCE(dsq->id);
	struct rq *rq;

	BUG_ON(reenq_flags & ~__SCX_REENQ_FILTER_MASK);
	if (locked_rq)
		lockdep_assert_rq_held(locked_rq);

	/* In bypass the tasks are not where the scheduler put them. */
	if (READ_ONCE(sch->bypass_depth))
		return;

	if (id == SCX_DSQ_LOCAL) {
		rq = dsq_rq(dsq);
		if (!cpu_active(cpu_of(rq)))
			return;
		request_local(sch, rq, reenq_flags);
	} else if (!(id & SCX_DSQ_FLAG_BUILTIN) || id == SCX_DSQ_INVALID) {
		rq = this_rq();
		if (!request_user(sch, rq, dsq, reenq_flags))
			return;
	} else {
		scx_error(sch, "DSQ 0x%" PRIx64 " not allowed for reenq", id);
		return;
	}

	if (rq == locked_rq)
		scx_schedule_deferred_locked(rq);
	else
		scx_schedule_deferred(rq);
}

/* The DSQ's id is invalid already, so nobody lists anew (DSQ-68). */
void scx_cancel_dsq_reenq(struct scx_dispatch_q *dsq)
{
	int cpu;

	BUG_ON(dsq->id != SCX_DSQ_INVALID);
	if (!dsq->reenq_users)
		return;

	for_each_possible_cpu(cpu) {
		struct rq *rq = cpu_rq(cpu);
		u64 flags;

		raw_spin_lock_irqsave(&rq->scx.deferred_reenq_lock, flags);
		unlist_request(&dsq->reenq_users[cpu].node, &rq->scx.deferred_reenq_users);
		raw_spin_unlock_irqrestore(&rq->scx.deferred_reenq_lock, flags);
	}
}

/* ---- verdicts for other CPUs' local DSQs */

/* The lock is dropped for each task, so the head is read anew (RACE-65). */
static void process_ddsp_deferred_locals(struct rq *rq)
{
	struct task_struct *p;

	lockdep_assert_rq_held(rq);

	while ((p = list_first_entry_or_null(&rq->scx.ddsp_deferred_locals, struct task_struct,
					     scx.dsq_list.node))) {
		struct scx_sched *sch = scx_task_sched(p);
		const u64 slice = p->scx.ddsp_slice;
		const u64 vtime = p->scx.ddsp_vtime;
		const u64 dsq_id = p->scx.ddsp_dsq_id;
		const u64 enq_flags = p->scx.ddsp_enq_flags;
		struct scx_dispatch_q *dsq;

		BUG_ON(p->scx.dsq || task_rq(p) != rq);	/* OPSS-INV-08 */
		list_del_init(&p->scx.dsq_list.node);
		clear_direct_dispatch(p);

		dsq = find_dsq_for_dispatch(sch, rq, dsq_id, task_cpu(p));
		if (!WARN_ON_ONCE(!dsq_is_local(dsq)))
			dispatch_to_local_dsq(sch, rq, dsq, p, slice, vtime, enq_flags);
	}
}

/* ---- walks */

/* Visible to ops.enqueue() in the task's flags; set when chosen, cleared after the call. */
static void set_reenq_reason(struct task_struct *p, u32 reason)
{
	if (WARN_ON_ONCE(p->scx.flags & SCX_TASK_REENQ_REASON_MASK))
		SHARED_CLEAR(p->scx.flags, SCX_TASK_REENQ_REASON_MASK);
	SHARED_OR(p->scx.flags, reason);
}

static void reenq_task(struct rq *rq, struct task_struct *p)
{
	BUG_ON(p->scx.dsq || !(p->scx.flags & SCX_TASK_REENQ_REASON_MASK));

	scx_do_enqueue_task(rq, p, SCX_ENQ_REENQ, -1);
	SHARED_CLEAR(p->scx.flags, SCX_TASK_REENQ_REASON_MASK);
}

/*
 * The first task that is judged has the CPU's next turn, whatever becomes of
 * it; an IMMED task stays only if it is that one and the CPU is to be had.
 */
static bool local_task_should_reenq(struct scx_sched *sch, struct task_struct *p,
				    u64 *reenq_flags, u32 *reason)
{
	const bool first = !(*reenq_flags & SCX_REENQ_TSR_NOT_FIRST);

	*reenq_flags |= SCX_REENQ_TSR_NOT_FIRST;

	if (p->scx.flags & SCX_TASK_PROTECTED)
		return false;

	if ((p->scx.flags & SCX_TASK_IMMED) &&
	    (!first || !(*reenq_flags & SCX_REENQ_TSR_RQ_OPEN))) {
		scx_add_event(sch, SCX_EV_REENQ_IMMED, 1);
		*reason = SCX_TASK_REENQ_IMMED;
		return true;
	}

	*reason = SCX_TASK_REENQ_KFUNC;
	return *reenq_flags & SCX_REENQ_ANY;
}

/*
 * Walk rq's local DSQ under its lock; number of tasks given back. All are taken
 * off before the first is enqueued: one that comes right back is not seen again.
 */
u32 reenq_local(struct scx_sched *sch, struct rq *rq, u64 reenq_flags)
{
	struct task_struct *p, *n;
	struct list_head tasks;
	u32 nr_enqueued = 0;

	lockdep_assert_rq_held(rq);
	INIT_LIST_HEAD(&tasks);

	if (WARN_ON_ONCE(reenq_flags & __SCX_REENQ_TSR_MASK))
		reenq_flags &= ~__SCX_REENQ_TSR_MASK;
	if (rq_is_open(rq, 0))
		reenq_flags |= SCX_REENQ_TSR_RQ_OPEN;

	list_for_each_entry_safe(p, n, &rq->scx.local_dsq.list, scx.dsq_list.node) {
		u32 reason;

		/* The stopper is about to take it; it must find it here (REENQ-42). */
		if (p->migration_pending)
			continue;
		if (!local_task_should_reenq(sch, p, &reenq_flags, &reason))
			continue;

		scx_wait_dispatching(p);	/* W7 */
		scx_dispatch_dequeue(rq, p);
		set_reenq_reason(p, reason);
		list_add_tail(&p->scx.dsq_list.node, &tasks);
	}

	list_for_each_entry_safe(p, n, &tasks, scx.dsq_list.node) {
		list_del_init(&p->scx.dsq_list.node);
		reenq_task(rq, p);
		nr_enqueued++;
	}

	return nr_enqueued;
}

/* Again and again: a walk may cause new requests (REENQ-54). */
static void process_deferred_reenq_locals(struct rq *rq)
{
	lockdep_assert_rq_held(rq);

	for (;;) {
		struct scx_deferred_reenq_local *drl;
		struct scx_sched_pcpu *pcpu;
		u64 reenq_flags;

		raw_spin_lock(&rq->scx.deferred_reenq_lock);
		drl = list_first_entry_or_null(&rq->scx.deferred_reenq_locals,
					       struct scx_deferred_reenq_local, node);
		if (!drl) {
			raw_spin_unlock(&rq->scx.deferred_reenq_lock);
			return;
		}
		pcpu = container_of(drl, struct scx_sched_pcpu, deferred_reenq_local);
		BUG_ON(pcpu->cpu != cpu_of(rq));
		reenq_flags = drl->flags;
		WRITE_ONCE(drl->flags, 0);
		unlist_request(&drl->node, &rq->scx.deferred_reenq_locals);
		raw_spin_unlock(&rq->scx.deferred_reenq_lock);

		reenq_local(pcpu->sch, rq, reenq_flags);
	}
}

static bool user_task_should_reenq(u64 reenq_flags, u32 *reason)
{
	*reason = SCX_TASK_REENQ_KFUNC;
	return reenq_flags & SCX_REENQ_ANY;
}

/*
 * Walk a user DSQ. rq is locked on entry and on return; in between it is the rq
 * of the task at hand, or none. The order of locks is rq, then DSQ, so with the
 * DSQ locked another rq can only be tried; failing that both are taken anew and
 * the task may be lost.
 */
static void reenq_user(struct rq *rq, struct scx_dispatch_q *dsq, u64 reenq_flags)
{
	struct scx_sched *sch = dsq->sched;
	struct rq *locked_rq = rq;
	struct scx_dsq_list_node cursor = { .flags = SCX_DSQ_LNODE_ITER_CURSOR };
	struct task_struct *p;
	u32 nr_enqueued = 0;

	lockdep_assert_rq_held(rq);
	INIT_LIST_HEAD(&cursor.node);
	cursor.priv = READ_ONCE(dsq->seq);

	raw_spin_lock(&dsq->lock);

	while (likely(!READ_ONCE(sch->bypass_depth))) {
		struct rq *p_rq;
		u32 reason;

		p = nldsq_cursor_next_task(&cursor, dsq);
		if (!p)
			break;
		if (!user_task_should_reenq(reenq_flags, &reason))
			continue;

		p_rq = task_rq(p);
		if (locked_rq != p_rq) {
			if (locked_rq)
				raw_spin_rq_unlock(locked_rq);
			if (unlikely(!raw_spin_trylock(&p_rq->__lock))) {
				raw_spin_unlock(&dsq->lock);
				raw_spin_rq_lock(p_rq);
				raw_spin_lock(&dsq->lock);
			}
			locked_rq = p_rq;

			if (nldsq_cursor_lost_task(&cursor, p_rq, dsq, p))
				continue;
		}

		scx_wait_dispatching(p);	/* W8: without it p would be lost (RACE-50) */
		scx_dispatch_dequeue_locked(p, dsq);
		raw_spin_unlock(&dsq->lock);

		set_reenq_reason(p, reason);
		reenq_task(p_rq, p);

		if (!(++nr_enqueued % scx_state()->limits.task_iter_batch)) {
			raw_spin_rq_unlock(locked_rq);
			locked_rq = NULL;
		}

		raw_spin_lock(&dsq->lock);
	}

	yield_point(&dsq->list, YIELD_WRITE, "dsq->list");
	list_del_init(&cursor.node);
	raw_spin_unlock(&dsq->lock);

	if (locked_rq != rq) {
		if (locked_rq)
			raw_spin_rq_unlock(locked_rq);
		raw_spin_rq_lock(rq);
	}
}

static void process_deferred_reenq_users(struct rq *rq)
{
	lockdep_assert_rq_held(rq);

	for (;;) {
		struct scx_deferred_reenq_user *dru;
		struct scx_dispatch_q *dsq;
		u64 id, reenq_flags;

		raw_spin_lock(&rq->scx.deferred_reenq_lock);
		dru = list_first_entry_or_null(&rq->scx.deferred_reenq_users,
					       struct scx_deferred_reenq_user, node);
		if (!dru) {
			raw_spin_unlock(&rq->scx.deferred_reenq_lock);
			return;
		}
		dsq = dru->dsq;
		reenq_flags = dru->flags;
		WRITE_ONCE(dru->flags, 0);
		unlist_request(&dru->node, &rq->scx.deferred_reenq_users);
		raw_spin_unlock(&rq->scx.deferred_reenq_lock);

		/* It may be destroyed, but its memory waits for this path to end. */
		id = READ_ONCE(dsq->id);
		if (id == SCX_DSQ_INVALID)
			continue;
		BUG_ON(id & SCX_DSQ_FLAG_BUILTIN);
		reenq_user(rq, dsq, reenq_flags);
	}
}

static bool has_requests(const struct list_head *requests)
{
	yield_point(requests, YIELD_READ, "deferred_reenq requests");
	return !list_empty(requests);
}

/*
 * rq is locked, unpinned, and may be unlocked in between. What a later step adds
 * for an earlier one waits for the next time (REENQ-39).
 */
void run_deferred(struct rq *rq)
{
	lockdep_assert_rq_held(rq);

	process_ddsp_deferred_locals(rq);

	if (has_requests(&rq->scx.deferred_reenq_locals))
		process_deferred_reenq_locals(rq);

	if (has_requests(&rq->scx.deferred_reenq_users))
		process_deferred_reenq_users(rq);

	lockdep_assert_rq_held(rq);
}

/* Once per rq at set-up. */
void scx_reenq_init_rq(struct rq *rq)
{
	INIT_LIST_HEAD(&rq->scx.ddsp_deferred_locals);
	INIT_LIST_HEAD(&rq->scx.deferred_reenq_locals);
	INIT_LIST_HEAD(&rq->scx.deferred_reenq_users);
	raw_spin_lock_init(&rq->scx.deferred_reenq_lock, LOCK_CLASS_DEFERRED, (u16)cpu_of(rq),
			   "rq->scx.deferred_reenq_lock");
	init_irq_work(&rq->scx.deferred_irq_work, deferred_irq_workfn);
}
