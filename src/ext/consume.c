/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moving tasks that are on a DSQ: consuming one into a CPU's local DSQ, and
 * from an iteration to any other DSQ (spec 14.7, 14.8, 13.11, 13.14).
 *
 * A task of another rq needs that rq's lock, which ranks above the DSQ's. The
 * consumer unlinks the task, writes its CPU into holding_cpu, drops the DSQ
 * lock, switches rq locks and looks whether its number is still there. A dequeue
 * that came in between has put -1.
 */
#include "ext/internal.h"

/* Never two at a time: whatever was protected by from must be looked at again (DSP-26). */
void switch_rq_lock(struct rq *from, struct rq *to)
{
	BUG_ON(!irqs_disabled());
	lockdep_assert_rq_held(from);

	if (from == to)
		return;
	raw_spin_rq_unlock(from);
	raw_spin_rq_lock(to);
}

/*
 * May p, which is on another rq, go to this one? With enforce a verdict asked
 * for it: refusal is the scheduler's error, except that a CPU may have gone
 * offline since, and p's rq is locked. Without, it is only a look at a candidate
 * whose rq is not locked. Migration first, since it hides in the mask (DSP-36).
 */
bool task_can_run_on_remote_rq(struct scx_sched *sch, struct task_struct *p, struct rq *rq,
			       bool enforce)
{
	const int cpu = cpu_of(rq);

	WARN_ON_ONCE(task_cpu(p) == cpu);
	if (enforce)
		lockdep_assert_rq_held(task_rq(p));

	if (unlikely(READ_ONCE(p->migration_disabled))) {
		if (enforce)
			scx_error(sch, "SCX_DSQ_LOCAL[_ON] cannot move migration disabled %s[%d] from CPU %d to %d",
				  p->comm, p->pid, task_cpu(p), cpu);
		return false;
	}

	if (!cpumask_test_cpu((u32)cpu, READ_ONCE(p->cpus_ptr))) {
		if (enforce)
			scx_error(sch, "SCX_DSQ_LOCAL[_ON] target CPU %d not allowed for %s[%d]",
				  cpu, p->comm, p->pid);
		return false;
	}

	if (!scx_rq_online(rq)) {
		if (enforce)
			scx_add_event(sch, SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE, 1);
		return false;
	}

	return true;
}

/*
 * p was unlinked from src_dsq, whose lock is dropped already: the ops.dequeue()
 * at the end may lock or iterate it (CON-04, DSQ-54, DSQ-58).
 */
void scx_move_local_task_to_local_dsq(struct scx_sched *sch, struct task_struct *p, u64 enq_flags,
				      struct scx_dispatch_q *src_dsq, struct rq *dst_rq)
{
	lockdep_assert_rq_held(dst_rq);
	BUG_ON(dsq_is_local(src_dsq) || raw_spin_is_held(&src_dsq->lock));
	BUG_ON(sch != scx_task_sched(p));
	WARN_ON_ONCE(READ_ONCE(p->scx.holding_cpu) >= 0);

	scx_wait_dispatching(p);	/* W4, RACE-49 */
	scx_link_local_moved(dst_rq, p, enq_flags);
}

/*
 * Steps M1 to M9. src_rq is locked on entry, dst_rq on return. To the scheduler
 * nothing happens but the arrival: sticky_cpu keeps the source half silent and
 * leads the destination half straight to the local DSQ (ENQ-16), so it must be
 * set before anybody can see the task migrating (OPSS-36).
 */
void move_remote_task_to_local_dsq(struct task_struct *p, u64 enq_flags, struct rq *src_rq,
				   struct rq *dst_rq)
{
	const int dst_cpu = cpu_of(dst_rq);

	lockdep_assert_rq_held(src_rq);
	BUG_ON(src_rq == dst_rq || task_rq(p) != src_rq);
	BUG_ON(p->scx.sticky_cpu >= 0);		/* OPSS-INV-09 */

	p->scx.sticky_cpu = dst_cpu;
	deactivate_task(src_rq, p, 0);
	BUG_ON(!task_on_rq_migrating(p) || p->scx.dsq || p->scx.holding_cpu >= 0);
	set_task_cpu(p, dst_cpu);
	machine_spend(COST_migrate);

	switch_rq_lock(src_rq, dst_rq);

	WARN_ON_ONCE(!is_cpu_allowed_mask(p, dst_cpu));	/* DSP-39 */
	WARN_ON_ONCE(dst_rq->scx.remote_activate_enq_flags);
	dst_rq->scx.remote_activate_enq_flags = enq_flags;
	activate_task(dst_rq, p, 0);
	dst_rq->scx.remote_activate_enq_flags = 0;

	BUG_ON(p->scx.sticky_cpu >= 0 || task_rq(p) != dst_rq);
}

/*
 * locked_rq and dsq are locked on entry, src_rq alone on return. True: p is
 * ours, on no list, and no dispatcher is at work on it.
 */
static bool unlink_dsq_and_switch_rq_lock(struct task_struct *p, struct scx_dispatch_q *dsq,
					  struct rq *locked_rq, struct rq *src_rq)
{
	const s32 cpu = smp_processor_id();

	lockdep_assert_rq_held(locked_rq);
	lockdep_assert_held(&dsq->lock);
	WARN_ON_ONCE(READ_ONCE(p->scx.holding_cpu) >= 0);

	scx_task_unlink_from_dsq(p, dsq);
	WRITE_ONCE(p->scx.holding_cpu, cpu);
	raw_spin_unlock(&dsq->lock);

	switch_rq_lock(locked_rq, src_rq);

	if (unlikely(READ_ONCE(p->scx.holding_cpu) != cpu) ||
	    WARN_ON_ONCE(src_rq != task_rq(p)))
		return false;

	scx_wait_dispatching(p);	/* W5 */
	return true;
}

/* this_rq is locked on entry and on return; not in between. */
static bool consume_remote_task(struct rq *this_rq, struct task_struct *p, u64 enq_flags,
				struct scx_dispatch_q *dsq, struct rq *src_rq)
{
	if (unlink_dsq_and_switch_rq_lock(p, dsq, this_rq, src_rq)) {
		move_remote_task_to_local_dsq(p, enq_flags, src_rq, this_rq);
		return true;
	}
	switch_rq_lock(src_rq, this_rq);
	return false;
}

/*
 * Take the first task that may run here from a DSQ with a lock of its own to
 * the local DSQ of rq (steps C1 to C11). rq is locked; the lock may be dropped
 * and taken again.
 */
bool scx_consume_dispatch_q(struct scx_sched *sch, struct rq *rq, struct scx_dispatch_q *dsq,
			    u64 enq_flags)
{
	struct task_struct *p;

	lockdep_assert_rq_held(rq);
	BUG_ON(dsq_is_local(dsq));

retry:
	/*
	 * A peek without the lock is enough: whoever adds a task after it makes a
	 * CPU look again. Parked cursors count as "not empty" (RACE-54).
	 */
	yield_point(&dsq->list, YIELD_READ, "dsq->list");
	if (list_empty(&dsq->list))
		return false;

	raw_spin_lock(&dsq->lock);

	for (p = nldsq_next_task(dsq, NULL, false); p; p = nldsq_next_task(dsq, p, false)) {
		struct rq *src_rq = task_rq(p);

		/* Tasks are being cycled to bypass DSQs: get out of the way (RACE-55). */
		if (unlikely(READ_ONCE(sch->aborting)) && dsq->id != SCX_DSQ_BYPASS)
			break;

		if (rq == src_rq) {
			scx_task_unlink_from_dsq(p, dsq);
			raw_spin_unlock(&dsq->lock);
			scx_move_local_task_to_local_dsq(sch, p, enq_flags, dsq, rq);
			return true;
		}

		if (task_can_run_on_remote_rq(sch, p, rq, false)) {
			if (likely(consume_remote_task(rq, p, enq_flags, dsq, src_rq)))
				return true;
			goto retry;
		}
	}

	raw_spin_unlock(&dsq->lock);
	return false;
}

bool consume_global_dsq(struct scx_sched *sch, struct rq *rq)
{
	return scx_consume_dispatch_q(sch, rq, find_global_dsq(sch, cpu_of(rq)), 0);
}

/*
 * p is on src_dsq; its rq and src_dsq are locked on entry. On return src_dsq is
 * unlocked and only the rq that is returned is locked (V7 to V9).
 */
struct rq *move_task_between_dsqs(struct scx_sched *sch, struct task_struct *p, u64 enq_flags,
				  struct scx_dispatch_q *src_dsq, struct scx_dispatch_q *dst_dsq)
{
	struct rq *src_rq = task_rq(p), *dst_rq = src_rq;

	BUG_ON(dsq_is_local(src_dsq));		/* DSQ-113 */
	BUG_ON(p->scx.dsq != src_dsq);
	lockdep_assert_held(&src_dsq->lock);
	lockdep_assert_rq_held(src_rq);

	scx_wait_dispatching(p);	/* W6 */

	if (dsq_is_local(dst_dsq)) {
		dst_rq = dsq_rq(dst_dsq);
		if (src_rq != dst_rq &&
		    unlikely(!task_can_run_on_remote_rq(sch, p, dst_rq, true))) {
			dst_dsq = find_global_dsq(sch, task_cpu(p));
			dst_rq = src_rq;
			enq_flags |= SCX_ENQ_GDSQ_FALLBACK;
		}
	}

	if (!dsq_is_local(dst_dsq)) {
		scx_dispatch_dequeue_locked(p, src_dsq);
		raw_spin_unlock(&src_dsq->lock);
		scx_dispatch_enqueue(sch, src_rq, dst_dsq, p, 0, 0, enq_flags);
	} else if (src_rq == dst_rq) {
		scx_task_unlink_from_dsq(p, src_dsq);
		raw_spin_unlock(&src_dsq->lock);
		scx_move_local_task_to_local_dsq(sch, p, enq_flags, src_dsq, dst_rq);
	} else {
		/* Still linked: the dequeue inside takes it off (DSQ-104). */
		raw_spin_unlock(&src_dsq->lock);
		move_remote_task_to_local_dsq(p, enq_flags, src_rq, dst_rq);
	}

	lockdep_assert_rq_held(dst_rq);
	return dst_rq;
}
