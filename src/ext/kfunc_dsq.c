/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kfuncs around DSQs: inserting, dispatching, moving, managing, iterating and
 * re-enqueuing (spec 14.2 to 14.4, 32.3 to 32.6). Nothing is carried out by an
 * insert itself: it leaves a verdict on the task or an entry in the buffer.
 */
#include <errno.h>
#include <inttypes.h>

#include "ext/internal.h"

/* The rq that the running callback is known to have locked, NULL if none. */
static struct rq *scx_locked_rq(void)
{
	struct rq *rq = scx_ctx()->locked_rq;

	if (rq)
		lockdep_assert_rq_held(rq);
	return rq;
}

static bool dsq_id_is_local_on(u64 dsq_id)
{
	return (dsq_id & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON;
}

static s32 local_on_cpu(u64 dsq_id)
{
	return (s32)(dsq_id & SCX_DSQ_LOCAL_CPU_MASK);
}

/* ---- inserting */

/* Judges the id as the caller wrote it, not the queue reached in the end (IMMED-07). */
bool scx_vet_enq_flags(struct scx_sched *sch, u64 dsq_id, u64 *enq_flags)
{
	const bool is_local = dsq_id == SCX_DSQ_LOCAL || dsq_id_is_local_on(dsq_id);

	if (unlikely(*enq_flags & __SCX_ENQ_INTERNAL_MASK)) {
		scx_error(sch, "invalid enq_flags 0x%" PRIx64, *enq_flags);
		return false;
	}

	if (*enq_flags & SCX_ENQ_IMMED) {
		if (unlikely(!is_local)) {
			scx_error(sch, "SCX_ENQ_IMMED on a non-local DSQ 0x%" PRIx64, dsq_id);
			return false;
		}
	} else if ((sch->ops.flags & SCX_OPS_ALWAYS_ENQ_IMMED) && is_local) {
		*enq_flags |= SCX_ENQ_IMMED;
	}

	if (unlikely((*enq_flags & SCX_ENQ_RESCUE) && !is_local)) {
		scx_error(sch, "SCX_ENQ_RESCUE on a non-local DSQ 0x%" PRIx64, dsq_id);
		return false;
	}
	return true;
}

bool scx_dsq_insert_preamble(struct scx_sched *sch, struct task_struct *p, u64 dsq_id, u64 *enq_flags)
{
	BUG_ON(!irqs_disabled());

	if (unlikely(!p)) {
		scx_error(sch, "called with NULL task");
		return false;
	}
	return scx_vet_enq_flags(sch, dsq_id, enq_flags);
}

/*
 * The marker says whether a task is being selected for or enqueued on this CPU
 * (DSP-09). A buffered entry keeps the brand that the word has now: at flush it
 * is valid for this hand-over of the task and no other (OPSS-22 to OPSS-24). With
 * a cookie it keeps that one, and the word is not looked at (COOK-18, COOK-60).
 */
void scx_dsq_insert_commit(struct scx_sched *sch, struct task_struct *p, u64 dsq_id, u64 slice,
			   u64 vtime, u64 enq_flags, const u64 *cookie)
{
	struct scx_dsp_ctx *dspc = &scx_pcpu(sch, smp_processor_id())->dsp_ctx;
	struct task_struct *ddsp_task = this_rq()->scx.direct_dispatch_task;
	u64 qseq;

	if (ddsp_task) {
		mark_direct_dispatch(sch, ddsp_task, p, dsq_id, slice, vtime, enq_flags);
		return;
	}

	if (unlikely(dspc->cursor >= sch->dsp_max_batch)) {
		scx_error(sch, "dispatch buffer overflow");
		return;
	}

	qseq = cookie ? *cookie : scx_opss_qseq((u64)atomic_long_read(&p->scx.ops_state));
	dspc->buf[dspc->cursor++] = (struct scx_dsp_buf_ent){
		.task = p,
		.qseq = qseq,
		.dsq_id = dsq_id,
		.slice = slice,
		.vtime = vtime,
		.enq_flags = enq_flags,
	};
}

bool scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_dsq_insert, SCX_KF_ENQUEUE);
	const u64 given_flags = enq_flags;
	bool ret = false;

	if (!sch)
		return false;
	if (scx_dsq_insert_preamble(sch, p, dsq_id, &enq_flags)) {
		scx_dsq_insert_commit(sch, p, dsq_id, slice, 0, enq_flags, NULL);
		ret = true;
	}
	scx_kfunc_log(SCXTWIN_KF_dsq_insert, p, dsq_id, given_flags, ret);
	return ret;
}

bool scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
			      u64 enq_flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_dsq_insert_vtime, SCX_KF_ENQUEUE);
	const u64 given_flags = enq_flags;
	bool ret = false;

	if (!sch)
		return false;
	if (scx_dsq_insert_preamble(sch, p, dsq_id, &enq_flags)) {
		scx_dsq_insert_commit(sch, p, dsq_id, slice, vtime, enq_flags | SCX_ENQ_DSQ_PRIQ,
				      NULL);
		ret = true;
	}
	scx_kfunc_log(SCXTWIN_KF_dsq_insert_vtime, p, dsq_id, given_flags, ret);
	return ret;
}

/* ---- only in ops.dispatch() */

u32 scx_bpf_dispatch_nr_slots(void)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_dispatch_nr_slots, SCX_KF_DISPATCH);
	const struct scx_dsp_ctx *dspc;

	if (!sch)
		return 0;
	dspc = &scx_pcpu(sch, smp_processor_id())->dsp_ctx;
	BUG_ON(dspc->cursor > sch->dsp_max_batch);
	return sch->dsp_max_batch - dspc->cursor;
}

void scx_bpf_dispatch_cancel(void)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_dispatch_cancel, SCX_KF_DISPATCH);
	struct scx_dsp_ctx *dspc;

	if (!sch)
		return;
	dspc = &scx_pcpu(sch, smp_processor_id())->dsp_ctx;
	if (dspc->cursor > 0)
		dspc->cursor--;
	else
		scx_error(sch, "dispatch buffer underflow");
	scx_kfunc_log(SCXTWIN_KF_dispatch_cancel, NULL, dspc->cursor, 0, 0);
}

/* Vetting, flush and lookup in this order (CON-15, KFC-28). */
static bool move_to_local(struct scx_sched *sch, u64 dsq_id, u64 enq_flags)
{
	struct scx_dsp_ctx *dspc = &scx_pcpu(sch, smp_processor_id())->dsp_ctx;
	struct scx_dispatch_q *dsq;

	BUG_ON(dspc->rq != scx_locked_rq());

	if (!scx_vet_enq_flags(sch, SCX_DSQ_LOCAL, &enq_flags))
		return false;

	scx_flush_dispatch_buf(sch, dspc->rq);

	dsq = find_user_dsq(sch, dsq_id);
	if (unlikely(!dsq)) {
		scx_error(sch, "invalid DSQ ID 0x%016" PRIx64, dsq_id);
		return false;
	}

	if (!scx_consume_dispatch_q(sch, dspc->rq, dsq, enq_flags))
		return false;

	/* Counts like a delivered entry, so that the dispatch loop goes on (CON-16). */
	dspc->nr_tasks++;
	return true;
}

bool scx_bpf_dsq_move_to_local(u64 dsq_id, u64 enq_flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_dsq_move_to_local, SCX_KF_DISPATCH);
	bool ret;

	if (!sch)
		return false;
	ret = move_to_local(sch, dsq_id, enq_flags);
	scx_kfunc_log(SCXTWIN_KF_dsq_move_to_local, NULL, dsq_id, enq_flags, ret);
	return ret;
}

/* ---- moving between DSQs */

static void clear_overrides(struct bpf_iter_scx_dsq *it)
{
	it->cursor.flags &= ~(__SCX_DSQ_ITER_HAS_SLICE | __SCX_DSQ_ITER_HAS_VTIME);
}

/*
 * Steps V1 to V10. In ops.dispatch() the dispatched rq is locked and is given up
 * for the task's; elsewhere none is locked. The state of before is restored, but
 * in between anything may have happened (KFC-13).
 */
static bool scx_dsq_move(struct scx_sched *sch, struct bpf_iter_scx_dsq *it,
			 struct task_struct *p, u64 dsq_id, u64 enq_flags, u64 order_flags)
{
	struct scx_dispatch_q *src_dsq = it->dsq, *dst_dsq;
	struct rq *entry_rq, *src_rq, *locked_rq;
	bool dispatched = false;
	u64 irq_flags;

	/* These leave the overrides armed (DSQ-100). */
	if (!src_dsq)
		return false;
	if (!scx_vet_enq_flags(sch, dsq_id, &enq_flags))
		return false;
	enq_flags |= order_flags;
	if (unlikely(READ_ONCE(sch->aborting)))
		return false;

	entry_rq = scx_locked_rq();
	src_rq = cpu_rq(READ_ONCE(p->cpu));

	irq_flags = local_irq_save();
	if (entry_rq)
		switch_rq_lock(entry_rq, src_rq);
	else
		raw_spin_rq_lock(src_rq);
	locked_rq = src_rq;
	raw_spin_lock(&src_dsq->lock);

	if (nldsq_cursor_lost_task(&it->cursor, src_rq, src_dsq, p)) {
		raw_spin_unlock(&src_dsq->lock);
		goto out;
	}

	dst_dsq = find_dsq_for_dispatch(sch, entry_rq ? entry_rq : this_rq(), dsq_id, task_cpu(p));

	/* Also for the plain move, where it orders nothing (DSQ-98). */
	if (it->cursor.flags & __SCX_DSQ_ITER_HAS_VTIME)
		p->scx.dsq_vtime = it->vtime;
	if (it->cursor.flags & __SCX_DSQ_ITER_HAS_SLICE)
		scx_set_task_slice(p, it->slice);

	locked_rq = move_task_between_dsqs(sch, p, enq_flags, src_dsq, dst_dsq);
	dispatched = true;
out:
	if (entry_rq)
		switch_rq_lock(locked_rq, entry_rq);
	else
		raw_spin_rq_unlock(locked_rq);
	local_irq_restore(irq_flags);

	clear_overrides(it);
	return dispatched;
}

bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
		      u64 enq_flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_dsq_move,
						SCX_KF_DISPATCH | SCX_KF_UNLOCKED);
	bool ret;

	if (!sch)
		return false;
	ret = scx_dsq_move(sch, it, p, dsq_id, enq_flags, 0);
	scx_kfunc_log(SCXTWIN_KF_dsq_move, p, dsq_id, enq_flags, ret);
	return ret;
}

bool scx_bpf_dsq_move_vtime(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
			    u64 enq_flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_dsq_move_vtime,
						SCX_KF_DISPATCH | SCX_KF_UNLOCKED);
	bool ret;

	if (!sch)
		return false;
	ret = scx_dsq_move(sch, it, p, dsq_id, enq_flags, SCX_ENQ_DSQ_PRIQ);
	scx_kfunc_log(SCXTWIN_KF_dsq_move_vtime, p, dsq_id, enq_flags, ret);
	return ret;
}

void scx_bpf_dsq_move_set_slice(struct bpf_iter_scx_dsq *it, u64 slice)
{
	if (!scx_kfunc_enter(SCXTWIN_KF_dsq_move_set_slice, SCX_KF_DISPATCH | SCX_KF_UNLOCKED))
		return;
	it->slice = slice;
	it->cursor.flags |= __SCX_DSQ_ITER_HAS_SLICE;
}

void scx_bpf_dsq_move_set_vtime(struct bpf_iter_scx_dsq *it, u64 vtime)
{
	if (!scx_kfunc_enter(SCXTWIN_KF_dsq_move_set_vtime, SCX_KF_DISPATCH | SCX_KF_UNLOCKED))
		return;
	it->vtime = vtime;
	it->cursor.flags |= __SCX_DSQ_ITER_HAS_VTIME;
}

/* ---- managing and asking */

s32 scx_bpf_create_dsq(u64 dsq_id, s32 node)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_create_dsq,
						SCX_KF_UNLOCKED | SCX_KF_SLEEPABLE);
	s32 ret;

	if (node >= (s32)nr_node_ids() || (node < 0 && node != NUMA_NO_NODE))
		ret = -EINVAL;
	else if (dsq_id & SCX_DSQ_FLAG_BUILTIN)
		ret = -EINVAL;
	else if (!sch)
		ret = -ENODEV;
	else
		ret = scx_create_dsq(sch, dsq_id, node);

	scx_kfunc_log(SCXTWIN_KF_create_dsq, NULL, dsq_id, (u64)(s64)node, ret);
	return ret;
}

void scx_bpf_destroy_dsq(u64 dsq_id)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_destroy_dsq, SCX_KF_ANY);

	if (!sch)
		return;
	destroy_dsq(sch, dsq_id);
	scx_kfunc_log(SCXTWIN_KF_destroy_dsq, NULL, dsq_id, 0, 0);
}

s32 scx_bpf_dsq_nr_queued(u64 dsq_id)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_dsq_nr_queued, SCX_KF_ANY);
	struct scx_dispatch_q *dsq;

	if (!sch)
		return -ENODEV;

	if (dsq_id == SCX_DSQ_LOCAL) {
		struct rq *rq = scx_locked_rq();

		dsq = &(rq ? rq : this_rq())->scx.local_dsq;
	} else if (dsq_id_is_local_on(dsq_id)) {
		if (!scx_cpu_valid(sch, local_on_cpu(dsq_id), NULL))
			return -ENOENT;
		dsq = &cpu_rq(local_on_cpu(dsq_id))->scx.local_dsq;
	} else {
		dsq = find_user_dsq(sch, dsq_id);
	}
	return dsq ? (s32)READ_ONCE(dsq->nr) : -ENOENT;
}

struct task_struct *scx_bpf_dsq_peek(u64 dsq_id)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_dsq_peek, SCX_KF_ANY);
	struct scx_dispatch_q *dsq;
	struct task_struct *p;

	if (!sch)
		return NULL;
	if (unlikely(dsq_id & SCX_DSQ_FLAG_BUILTIN)) {
		scx_error(sch, "peek disallowed on builtin DSQ 0x%" PRIx64, dsq_id);
		return NULL;
	}
	dsq = find_user_dsq(sch, dsq_id);
	if (unlikely(!dsq)) {
		scx_error(sch, "peek on non-existent DSQ 0x%" PRIx64, dsq_id);
		return NULL;
	}

	p = READ_ONCE(dsq->first_task);
	if (p)
		scx_reached_task(p);
	return p;
}

/* ---- iterating */

s32 bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_dsq_iter_new, SCX_KF_ANY);

	/* First of all: step and destroy must be harmless after a failure (DSQ-87, DSQ-88). */
	*it = (struct bpf_iter_scx_dsq){ .dsq = NULL };
	INIT_LIST_HEAD(&it->cursor.node);

	if (!sch)
		return -ENODEV;
	if (flags & ~SCX_DSQ_ITER_REV)
		return -EINVAL;

	it->dsq = find_user_dsq(sch, dsq_id);
	if (!it->dsq)
		return -ENOENT;

	it->cursor.flags = SCX_DSQ_LNODE_ITER_CURSOR | (u32)flags;
	it->cursor.priv = READ_ONCE(it->dsq->seq);
	return 0;
}

struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it)
{
	struct task_struct *p;
	u64 flags;

	(void)scx_kfunc_enter(SCXTWIN_KF_dsq_iter_next, SCX_KF_ANY);
	if (!it->dsq)
		return NULL;

	raw_spin_lock_irqsave(&it->dsq->lock, flags);
	p = nldsq_cursor_next_task(&it->cursor, it->dsq);
	raw_spin_unlock_irqrestore(&it->dsq->lock, flags);

	if (p)
		scx_reached_task(p);
	return p;
}

void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it)
{
	u64 flags;

	(void)scx_kfunc_enter(SCXTWIN_KF_dsq_iter_destroy, SCX_KF_ANY);
	if (!it->dsq)
		return;

	if (!list_empty(&it->cursor.node)) {
		raw_spin_lock_irqsave(&it->dsq->lock, flags);
		yield_point(&it->dsq->list, YIELD_WRITE, "dsq->list");
		list_del_init(&it->cursor.node);
		raw_spin_unlock_irqrestore(&it->dsq->lock, flags);
	}
	it->dsq = NULL;
}

/* ---- re-enqueuing */

void scx_bpf_dsq_reenq(u64 dsq_id, u64 reenq_flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_dsq_reenq, SCX_KF_ANY);
	const u64 given_flags = reenq_flags;
	struct rq *rq = scx_locked_rq();
	struct scx_dispatch_q *dsq;

	if (!sch)
		return;

	if (unlikely(reenq_flags & ~__SCX_REENQ_USER_MASK)) {
		scx_error(sch, "invalid SCX_REENQ flags 0x%" PRIx64, reenq_flags);
		goto out;
	}
	/* No filter means all of them (REENQ-02). */
	if (!(reenq_flags & __SCX_REENQ_FILTER_MASK))
		reenq_flags |= SCX_REENQ_ANY;

	dsq = find_dsq_for_dispatch(sch, rq ? rq : this_rq(), dsq_id, smp_processor_id());
	schedule_dsq_reenq(sch, dsq, reenq_flags, rq);
out:
	scx_kfunc_log(SCXTWIN_KF_dsq_reenq, NULL, dsq_id, given_flags, 0);
}

/* From anywhere and deferred, as any other request (REENQ-09). */
void scx_bpf_reenqueue_local___v2(void)
{
	scx_bpf_dsq_reenq(SCX_DSQ_LOCAL, 0);
}

/*
 * (Deprecated) at once, in ops.cpu_release() only. The task that has just lost
 * the CPU is still current there, and a BPF program runs with migration of the
 * current task disabled; that is what ENQ row 7 sees (CPUREL-14).
 */
u32 scx_bpf_reenqueue_local(void)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_reenqueue_local, SCX_KF_CPU_RELEASE);
	struct rq *rq = this_rq();
	struct task_struct *curr = rq->curr;
	u32 nr;

	if (!sch)
		return 0;
	lockdep_assert_rq_held(rq);

	WRITE_ONCE(curr->migration_disabled, (u16)(curr->migration_disabled + 1));
	nr = reenq_local(sch, rq, SCX_REENQ_ANY);
	BUG_ON(!curr->migration_disabled);
	WRITE_ONCE(curr->migration_disabled, (u16)(curr->migration_disabled - 1));

	scx_kfunc_log(SCXTWIN_KF_reenqueue_local, NULL, 0, 0, nr);
	return nr;
}
