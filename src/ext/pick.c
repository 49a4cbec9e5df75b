/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The class as the core scheduler sees it: pick, put, set, preemption, and the
 * table of hooks (spec 12.9, 12.10, 14.13).
 */
#include "ext/internal.h"

/* One more pass through the scheduler: whoever waits for it may go on (KICK-31). */
static void advance_kick_sync(struct rq *rq)
{
	smp_store_release(&rq->scx.kick_sync, rq->scx.kick_sync + 1);
}

static struct task_struct *first_local_task(struct rq *rq)
{
	return nldsq_next_task(&rq->scx.local_dsq, NULL, false);
}

/*
 * Dispatching may drop the rq lock; a task of a higher class that woke up in
 * the meantime shows in next_class and sends the core back to its first class.
 */
struct task_struct *pick_task_scx(struct rq *rq)
{
	struct scx_sched *sch = scx_root;
	struct task_struct *prev = rq->curr, *p;
	enum scx_dispatch_verdict verdict;

	lockdep_assert_rq_held(rq);
	BUG_ON(!sch);

	advance_kick_sync(rq);
	if (sched_class_above(rq->next_class, &ext_sched_class))
		rq->next_class = &ext_sched_class;

	rq_unpin_lock(rq);
	verdict = dispatch_one(rq, prev);
	rq_repin_lock(rq);
	BUG_ON(rq->curr != prev);

	if (sched_class_above(rq->next_class, &ext_sched_class)) {
		scx_finish_deferred_after_pick(rq, false);
		return RETRY_TASK;
	}
	scx_finish_deferred_after_pick(rq, true);
	scx_kick_sync_after_pick(rq);

	if (verdict == SCX_DISPATCH_PREV) {
		p = prev;
		BUG_ON(!(p->scx.flags & SCX_TASK_QUEUED) || !sched_class_is_ext(p));
		rq->scx.nr_kept++;
		if (!p->scx.slice)
			refill_task_slice_dfl(sch, p);
		return p;
	}

	/* Also with no verdict: a task may have come while the lock was dropped (PICK-06). */
	p = first_local_task(rq);
	if (!p)
		return NULL;

	if (unlikely(!p->scx.slice)) {
		if (!scx_bypassing(sch, cpu_of(rq)))
			sch->warned_zero_slice = true;
		refill_task_slice_dfl(sch, p);
	}
	return p;
}

static enum scx_cpu_preempt_reason preempt_reason_from_class(const struct sched_class *class)
{
	if (class == &stop_sched_class)
		return SCX_CPU_PREEMPT_STOP;
	if (class == &dl_sched_class)
		return SCX_CPU_PREEMPT_DL;
	if (class == &rt_sched_class)
		return SCX_CPU_PREEMPT_RT;
	return SCX_CPU_PREEMPT_UNKNOWN;
}

/* (Deprecated) the CPU goes to a task that is not ours: tell once (CPUREL-02, CPUREL-08). */
static void switch_class(struct scx_sched *sch, struct rq *rq, struct task_struct *next)
{
	struct scx_cpu_release_args args;

	if (!(sch->ops.flags & SCX_OPS_HAS_CPU_PREEMPT))
		return;
	/* Idle: nobody took the CPU. */
	if (sched_class_above(&ext_sched_class, next->sched_class))
		return;
	if (rq->scx.cpu_released)
		return;

	if (SCX_HAS_OP(sch, SCXTWIN_OP_cpu_release)) {
		args = (struct scx_cpu_release_args){
			.reason = preempt_reason_from_class(next->sched_class),
			.task = next,
		};
		SCX_CALL_OP(sch, cpu_release, rq, cpu_of(rq), args.reason, cpu_of(rq), &args);
	}
	rq->scx.cpu_released = true;
}

/*
 * A task that was interrupted with slice left goes on first as soon as the CPU
 * is back, without the scheduler being asked; an IMMED one is given back.
 */
static void put_back_with_slice(struct scx_sched *sch, struct rq *rq, struct task_struct *p)
{
	if (!(p->scx.flags & SCX_TASK_IMMED)) {
		scx_dispatch_enqueue(sch, rq, &rq->scx.local_dsq, p, 0, 0, SCX_ENQ_HEAD);
		return;
	}

	WARN_ON_ONCE(p->scx.flags & SCX_TASK_REENQ_REASON_MASK);
	SHARED_OR(p->scx.flags, SCX_TASK_REENQ_PREEMPTED);
	scx_do_enqueue_task(rq, p, SCX_ENQ_REENQ, -1);
	SHARED_CLEAR(p->scx.flags, SCX_TASK_REENQ_REASON_MASK);
}

/* next is NULL inside a property change, where p is not QUEUED any more (CHG-05). */
void put_prev_task_scx(struct rq *rq, struct task_struct *p, struct task_struct *next)
{
	struct scx_sched *sch = scx_task_sched(p);

	lockdep_assert_rq_held(rq);
	BUG_ON(p != rq->curr || task_rq(p) != rq);
	BUG_ON(p->scx.dsq);	/* OPSS-INV-10 */

	advance_kick_sync(rq);
	update_curr_scx(rq);
	if (!p->scx.slice)
		scx_slice_end(p);

	if (!(p->scx.flags & SCX_TASK_QUEUED))
		goto out;

	if (SCX_HAS_OP(sch, SCXTWIN_OP_stopping))
		SCX_CALL_OP_TASK(sch, stopping, rq, true, p, true);

	set_task_runnable(rq, p);

	/* After ops.stopping(), which may write the slice (PUT-11). */
	if (p->scx.slice && !scx_bypassing(sch, cpu_of(rq))) {
		put_back_with_slice(sch, rq, p);
	} else if (next && sched_class_above(&ext_sched_class, next->sched_class)) {
		/* Else dispatch_one() would have kept p. */
		WARN_ON_ONCE(!(sch->ops.flags & SCX_OPS_ENQ_LAST));
		scx_do_enqueue_task(rq, p, SCX_ENQ_LAST, -1);
		/*
		 * The insert saw a CPU that was not idle yet and rescheduled
		 * nobody: without this p would wait behind idle (PUT-08).
		 */
		if (p->scx.dsq == &rq->scx.local_dsq)
			WRITE_ONCE(next->need_resched, true);
	} else {
		scx_do_enqueue_task(rq, p, 0, -1);
	}
out:
	if (next && !sched_class_is_ext(next))
		switch_class(sch, rq, next);
}

/* SCX_RQ_CAN_STOP_TICK follows the slice with which a task starts (NOHZ-03). */
static void update_can_stop_tick(struct rq *rq, struct task_struct *p)
{
	if (p->scx.slice == SCX_SLICE_INF)
		rq->scx.flags |= SCX_RQ_CAN_STOP_TICK;
	else
		rq->scx.flags &= ~SCX_RQ_CAN_STOP_TICK;
}

void set_next_task_scx(struct rq *rq, struct task_struct *p, bool first)
{
	struct scx_sched *sch = scx_task_sched(p);

	(void)first;
	lockdep_assert_rq_held(rq);
	BUG_ON(task_rq(p) != rq || !sched_class_is_ext(p));

	if (p->scx.flags & SCX_TASK_QUEUED) {
		/*
		 * Nothing but the local DSQ is to be left for a normal pick.
		 * Core scheduling picks tasks wherever they are.
		 */
		ops_dequeue(rq, p, SCX_DEQ_CORE_SCHED_EXEC);
		scx_dispatch_dequeue(rq, p);
	}
	BUG_ON(p->scx.dsq || (p->scx.flags & SCX_TASK_IN_CUSTODY));
	BUG_ON(p->scx.ops_state.counter != SCX_OPSS_NONE);

	p->exec_start = rq_clock_task(rq);

	if (SCX_HAS_OP(sch, SCXTWIN_OP_running) && (p->scx.flags & SCX_TASK_QUEUED))
		SCX_CALL_OP_TASK(sch, running, rq, 0, p);

	clr_task_runnable(p, true);
	p->scx.reenq_cnt = 0;

	scx_apply_slice_oob(sch, p);
	update_can_stop_tick(rq, p);

	/* Put back after a change while it runs; for a new task the core does it. */
	if (task_current(rq, p))
		tick_reconsider(rq);
}

/*
 * Called for ext tasks and for a higher class that takes the CPU. The former
 * preempt nobody by arriving (PRE-03, PRE-06).
 */
void wakeup_preempt_scx(struct rq *rq, struct task_struct *p, int wake_flags)
{
	(void)wake_flags;
	lockdep_assert_rq_held(rq);

	if (sched_class_is_ext(p))
		return;
	BUG_ON(!sched_class_above(p->sched_class, &ext_sched_class));

	if (rq->scx.nr_immed)
		schedule_reenq_local(rq, 0);
}

/* Priority means nothing here; weight comes through reweight_task. */
static void prio_changed_scx(struct rq *rq, struct task_struct *p, int old_prio)
{
	(void)old_prio;
	BUG_ON(task_rq(p) != rq);
}

const struct sched_class ext_sched_class = {
	.name			= "ext",
	.rank			= 1,

	.enqueue_task		= enqueue_task_scx,
	.dequeue_task		= dequeue_task_scx,
	.yield_task		= yield_task_scx,
	.yield_to_task		= yield_to_task_scx,

	.wakeup_preempt		= wakeup_preempt_scx,

	.pick_task		= pick_task_scx,
	.put_prev_task		= put_prev_task_scx,
	.set_next_task		= set_next_task_scx,

	.select_task_rq		= select_task_rq_scx,
	.task_woken		= task_woken_scx,
	.set_cpus_allowed	= set_cpus_allowed_scx,

	.rq_online		= rq_online_scx,
	.rq_offline		= rq_offline_scx,

	.task_tick		= task_tick_scx,
	.update_curr		= update_curr_scx,

	.switched_from		= switched_from_scx,
	.switching_to		= switching_to_scx,
	.reweight_task		= reweight_task_scx,
	.prio_changed		= prio_changed_scx,

	.first_tick		= scx_first_tick,
};
