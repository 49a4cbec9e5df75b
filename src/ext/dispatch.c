/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dispatch: carrying out what ops.dispatch() put in the buffer, and deciding
 * what the CPU runs next (spec 14.6, 14.7, 14.11, 14.12).
 */
#include "ext/internal.h"

/*
 * Put p, which this CPU has claimed or which is deferred with word NONE, on the
 * local DSQ of some CPU. rq is locked on entry and on return. Five cases by the
 * rq of p (src) and of the DSQ (dst):
 *
 *      rq, src  src, dst   lock switches      result
 *   a  same     same       none               local insert
 *   b  same     differ     rq, dst, rq        remote move or global
 *   c  differ   same       rq, src, rq        local insert or lost
 *   d  differ   dst == rq  rq, src, rq        remote move, global or lost
 *   e  differ   differ     rq, src, dst, rq   remote move, global or lost
 */
void dispatch_to_local_dsq(struct scx_sched *sch, struct rq *rq, struct scx_dispatch_q *dst_dsq,
			   struct task_struct *p, u64 slice, u64 vtime, u64 enq_flags)
{
	struct rq *src_rq = task_rq(p);
	struct rq *dst_rq = dsq_rq(dst_dsq);
	struct rq *locked_rq = rq;
	const s32 cpu = smp_processor_id();

	lockdep_assert_rq_held(rq);
	BUG_ON(!dsq_is_local(dst_dsq));
	BUG_ON(p->scx.dsq || !list_empty(&p->scx.dsq_list.node));

	if (rq == src_rq && rq == dst_rq) {
		scx_dispatch_enqueue(sch, rq, dst_dsq, p, slice, vtime,
				     enq_flags | SCX_ENQ_APPLY_SLICE | SCX_ENQ_CLEAR_OPSS);
		return;
	}

	/*
	 * L1, L2. A dequeue that holds the source lock waits for the word to
	 * leave DISPATCHING; so it must, before that lock is asked for (RACE-25).
	 * From the store on the dequeue may have p; holding_cpu tells us.
	 */
	BUG_ON(READ_ONCE(p->scx.holding_cpu) >= 0);
	WRITE_ONCE(p->scx.holding_cpu, cpu);
	scx_opss_set_none(p);

	/* L3 */
	if (locked_rq != src_rq) {
		switch_rq_lock(locked_rq, src_rq);
		locked_rq = src_rq;
	}

	/* L4 */
	if (likely(READ_ONCE(p->scx.holding_cpu) == cpu) &&
	    !WARN_ON_ONCE(src_rq != task_rq(p))) {
		bool fallback = false;

		if (src_rq == dst_rq) {
			WRITE_ONCE(p->scx.holding_cpu, -1);
			scx_dispatch_enqueue(sch, dst_rq, dst_dsq, p, slice, vtime,
					     enq_flags | SCX_ENQ_APPLY_SLICE);
		} else if (unlikely(!task_can_run_on_remote_rq(sch, p, dst_rq, true))) {
			WRITE_ONCE(p->scx.holding_cpu, -1);
			fallback = true;
			scx_dispatch_enqueue(sch, src_rq, find_global_dsq(sch, task_cpu(p)), p,
					     slice, vtime, enq_flags | SCX_ENQ_APPLY_SLICE |
					     SCX_ENQ_GDSQ_FALLBACK);
		} else {
			scx_commit_slice(sch, p, slice, vtime, enq_flags);	/* DSP-22 */
			move_remote_task_to_local_dsq(p, enq_flags, src_rq, dst_rq);
			locked_rq = dst_rq;
		}

		if (!fallback &&
		    sched_class_above(p->sched_class, dst_rq->curr->sched_class))
			resched_curr(dst_rq);
	}

	/* L7 */
	switch_rq_lock(locked_rq, rq);
}

static void drop_stale(const struct scx_dsp_buf_ent *ent, u64 opss)
{
	if (unlikely(scx_logs_stale_entries()))
		event_emit(SCXTWIN_EV_STALE, smp_processor_id(), ent->task->pid, ent->qseq,
			   scx_opss_state(opss), scx_opss_qseq(opss), 0);
}

/*
 * Deliver one buffered insert, unless the task has changed hands since it was
 * made, or since its cookie was taken: then it is dropped without a trace
 * (FIN-03, OPSS-41, COOK-22). Only p's word may be touched before the claim.
 * The qseq of a cookie is whatever the scheduler says.
 */
static void finish_dispatch(struct scx_sched *sch, struct rq *rq, const struct scx_dsp_buf_ent *ent)
{
	struct task_struct *p = ent->task;
	struct scx_dispatch_q *dsq;
	u64 opss;

	lockdep_assert_rq_held(rq);

retry:
	opss = (u64)atomic_long_read(&p->scx.ops_state);

	switch (scx_opss_state(opss)) {
	case SCX_OPSS_DISPATCHING:
	case SCX_OPSS_NONE:
		drop_stale(ent, opss);
		return;
	case SCX_OPSS_QUEUED:
		/* Another life of the task, perhaps on its way through us already. */
		if (scx_opss_qseq(opss) != ent->qseq) {
			drop_stale(ent, opss);
			return;
		}
		if (likely(scx_opss_claim_dispatch(p, &opss)))
			break;
		goto retry;
	case SCX_OPSS_QUEUEING:
		/*
		 * Inside ops.enqueue() on another CPU. Wait even if the brand is
		 * wrong already (OPSS-28). On our own rq it cannot be (RACE-11).
		 */
		BUG_ON(task_rq(p) == rq);
		wait_ops_state(p, opss);
		goto retry;
	}

	BUG_ON(!(READ_ONCE(p->scx.flags) & SCX_TASK_QUEUED));	/* OPSS-16 */

	dsq = find_dsq_for_dispatch(sch, rq, ent->dsq_id, task_cpu(p));

	if (dsq_is_local(dsq))
		dispatch_to_local_dsq(sch, rq, dsq, p, ent->slice, ent->vtime, ent->enq_flags);
	else
		scx_dispatch_enqueue(sch, rq, dsq, p, ent->slice, ent->vtime,
				     ent->enq_flags | SCX_ENQ_APPLY_SLICE | SCX_ENQ_CLEAR_OPSS);
}

/* All entries in order, dropped ones count as well (DSP-05, DSP-06). rq may be unlocked in between. */
void scx_flush_dispatch_buf(struct scx_sched *sch, struct rq *rq)
{
	struct scx_dsp_ctx *dspc = &scx_pcpu(sch, smp_processor_id())->dsp_ctx;
	u32 u;

	lockdep_assert_rq_held(rq);
	BUG_ON(dspc->rq != rq || dspc->cursor > sch->dsp_max_batch);

	for (u = 0; u < dspc->cursor; u++)
		finish_dispatch(sch, rq, &dspc->buf[u]);

	dspc->nr_tasks += dspc->cursor;
	dspc->cursor = 0;
}

static bool consume_bypass_dsq(struct scx_sched *sch, struct rq *rq)
{
	return scx_consume_dispatch_q(sch, rq, bypass_dsq(sch, cpu_of(rq)), 0);
}

/*
 * Fill the local DSQ from the global one, the bypass one or by asking the
 * scheduler. prev may lose the CPU, leave its rq or the class whenever the rq
 * lock is dropped inside; so its state is read anew each time (ONE-09).
 */
static enum scx_dispatch_verdict scx_dispatch_sched(struct scx_sched *sch, struct rq *rq,
						    struct task_struct *prev, bool prev_on_scx)
{
	const int cpu = cpu_of(rq);
	struct scx_sched_pcpu *pcpu = scx_pcpu(sch, cpu);
	struct scx_dsp_ctx *dspc = &scx_pcpu(sch, smp_processor_id())->dsp_ctx;
	u32 nr_loops = scx_state()->limits.dsp_max_loops;

	lockdep_assert_rq_held(rq);

	if (consume_global_dsq(sch, rq))
		return SCX_DISPATCH_LOCAL;

	if (READ_ONCE(sch->bypass_dsp_enabled)) {
		if (scx_bypassing(sch, cpu))
			return consume_bypass_dsq(sch, rq) ? SCX_DISPATCH_LOCAL : SCX_DISPATCH_NONE;

		/* Bypass begins or ends and this CPU is on the other side (LOOP-03). */
		if (!(pcpu->bypass_host_seq++ % SCX_BYPASS_HOST_NTH) && consume_bypass_dsq(sch, rq))
			return SCX_DISPATCH_LOCAL;
	}

	if (unlikely(!SCX_HAS_OP(sch, SCXTWIN_OP_dispatch)) || !(rq->scx.flags & SCX_RQ_ONLINE))
		return SCX_DISPATCH_NONE;

	dspc->rq = rq;

	do {
		BUG_ON(dspc->cursor);
		dspc->nr_tasks = 0;

		SCX_CALL_OP(sch, dispatch, rq, cpu, prev_on_scx ? prev->pid : SCXTWIN_NO_TASK,
			    cpu, prev_on_scx ? prev : NULL);
		scx_flush_dispatch_buf(sch, rq);

		if ((prev->scx.flags & SCX_TASK_QUEUED) && prev->scx.slice)
			return SCX_DISPATCH_PREV;
		if (rq->scx.local_dsq.nr)
			return SCX_DISPATCH_LOCAL;
		if (consume_global_dsq(sch, rq))
			return SCX_DISPATCH_LOCAL;

		/*
		 * Tasks that all go elsewhere would keep us here for ever. Let
		 * others have the CPU and come back by a kick (LOOP-08).
		 */
		if (unlikely(!--nr_loops)) {
			scx_kick_cpu(sch, cpu, 0);
			break;
		}
	} while (dspc->nr_tasks);

	if (READ_ONCE(sch->bypass_dsp_enabled) && consume_bypass_dsq(sch, rq))
		return SCX_DISPATCH_LOCAL;

	return SCX_DISPATCH_NONE;
}

/* (Deprecated) tell the scheduler that the CPU is ours again (CPUREL-09). */
static void acquire_cpu(struct scx_sched *sch, struct rq *rq)
{
	if (!(sch->ops.flags & SCX_OPS_HAS_CPU_PREEMPT) || likely(!rq->scx.cpu_released))
		return;

	if (SCX_HAS_OP(sch, SCXTWIN_OP_cpu_acquire))
		SCX_CALL_OP(sch, cpu_acquire, rq, cpu_of(rq), 0, cpu_of(rq), NULL);
	rq->scx.cpu_released = false;
}

static enum scx_dispatch_verdict choose_verdict(struct scx_sched *sch, struct rq *rq,
						struct task_struct *prev)
{
	const bool prev_on_scx = sched_class_is_ext(prev);
	enum scx_dispatch_verdict verdict;

	if (prev_on_scx) {
		update_curr_scx(rq);
		if ((prev->scx.flags & SCX_TASK_QUEUED) && prev->scx.slice &&
		    !scx_bypassing(sch, cpu_of(rq)))
			return SCX_DISPATCH_PREV;
	}

	if (rq->scx.local_dsq.nr)
		return SCX_DISPATCH_LOCAL;

	verdict = scx_dispatch_sched(sch, rq, prev, prev_on_scx);
	if (verdict != SCX_DISPATCH_NONE)
		return verdict;

	/* Nothing else to run: prev goes on unless the scheduler wants a say (ONE-06). */
	if ((prev->scx.flags & SCX_TASK_QUEUED) &&
	    (!(sch->ops.flags & SCX_OPS_ENQ_LAST) || scx_bypassing(sch, cpu_of(rq)))) {
		scx_add_event(sch, SCX_EV_DISPATCH_KEEP_LAST, 1);
		return SCX_DISPATCH_PREV;
	}
	return SCX_DISPATCH_NONE;
}

/*
 * What rq's CPU should run next: prev, the head of the local DSQ, or nothing
 * that we know of. rq is locked, unpinned, and may be unlocked in between;
 * SCX_RQ_IN_DISPATCH tells those who insert meanwhile that we will look.
 */
enum scx_dispatch_verdict dispatch_one(struct rq *rq, struct task_struct *prev)
{
	struct scx_sched *sch = scx_root;
	enum scx_dispatch_verdict verdict;

	lockdep_assert_rq_held(rq);
	BUG_ON(!sch || prev != rq->curr);
	BUG_ON(rq->scx.flags & SCX_RQ_IN_DISPATCH);

	rq->scx.flags |= SCX_RQ_IN_DISPATCH;

	acquire_cpu(sch, rq);
	verdict = choose_verdict(sch, rq, prev);

	/* IMMED tasks that did not come first must not wait here (IMMED-58). */
	if (verdict != SCX_DISPATCH_NONE && rq->scx.local_dsq.nr > 1 && rq->scx.nr_immed)
		schedule_reenq_local(rq, 0);

	lockdep_assert_rq_held(rq);
	rq->scx.flags &= ~SCX_RQ_IN_DISPATCH;
	return verdict;
}
