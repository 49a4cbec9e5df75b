/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dispatch queues (spec chapter 13).
 *
 *   kind     protected by      order          an insert ends custody
 *   local    its CPU's rq lock FIFO           yes
 *   global   dsq->lock         FIFO           yes
 *   bypass   dsq->lock         FIFO           yes
 *   user     dsq->lock         FIFO or vtime  no: custody begins or goes on
 *
 * dsq->list holds all members in consumption order, also those of the vtime
 * tree, and parked iterator cursors between them. dsq->nr counts tasks only.
 * Emptiness, nr and first_task are read without the lock.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/idmap.h"
#include "ext/internal.h"
#include "machine/chooser.h"

void init_dsq(struct scx_dispatch_q *dsq, u64 dsq_id, s32 owner, struct scx_sched *sch)
{
	*dsq = (struct scx_dispatch_q){ .id = dsq_id, .owner = owner, .sched = sch };
	raw_spin_lock_init(&dsq->lock, LOCK_CLASS_DSQ, (u16)owner, "dsq->lock");
	INIT_LIST_HEAD(&dsq->list);
	INIT_LIST_HEAD(&dsq->all_node);
	dsq->priq = RB_ROOT;
}

void dsq_assert_held(struct scx_dispatch_q *dsq)
{
	if (dsq_is_local(dsq))
		lockdep_assert_rq_held(dsq_rq(dsq));
	else
		lockdep_assert_held(&dsq->lock);
}

static void dsq_log(u16 kind, const struct scx_dispatch_q *dsq, const struct task_struct *p,
		    u64 enq_flags)
{
	event_emit(kind, smp_processor_id(), p->pid, dsq->id, (u64)(s64)dsq->owner, dsq->nr,
		   enq_flags);
}

/* ---- lookup */

struct scx_dispatch_q *find_user_dsq(struct scx_sched *sch, u64 dsq_id)
{
	struct scx_dispatch_q *dsq = sch->last_dsq;

	step_reads(&sch->dsq_map);
	/* Most schedulers use one. */
	if (!dsq || dsq->id != dsq_id)
		dsq = sch->last_dsq = idmap_get(sch->dsq_hash, dsq_id);
	return dsq;
}

/* The one of the CPU's node (DSQ-05). */
struct scx_dispatch_q *find_global_dsq(struct scx_sched *sch, int cpu)
{
	return &sch->global_dsqs[cpu_to_node(cpu)];
}

struct scx_dispatch_q *bypass_dsq(struct scx_sched *sch, int cpu)
{
	return &scx_pcpu(sch, cpu)->bypass_dsq;
}

/*
 * The queue that a verdict means. rq: what SCX_DSQ_LOCAL stands for. tcpu: the
 * task's CPU, whose node has the global DSQ that catches errors, so that no
 * lookup ever loses a task (DSQ-13).
 */
struct scx_dispatch_q *find_dsq_for_dispatch(struct scx_sched *sch, struct rq *rq, u64 dsq_id,
					     int tcpu)
{
	struct scx_dispatch_q *dsq;

	if (dsq_id == SCX_DSQ_LOCAL)
		return &rq->scx.local_dsq;

	if ((dsq_id & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON) {
		const s32 cpu = (s32)(dsq_id & SCX_DSQ_LOCAL_CPU_MASK);

		if (!scx_cpu_valid(sch, cpu, "in SCX_DSQ_LOCAL_ON dispatch verdict"))
			return find_global_dsq(sch, tcpu);
		return &cpu_rq(cpu)->scx.local_dsq;
	}

	if (dsq_id == SCX_DSQ_GLOBAL)
		return find_global_dsq(sch, tcpu);

	dsq = find_user_dsq(sch, dsq_id);
	if (unlikely(!dsq)) {
		scx_error(sch, "non-existent DSQ 0x%" PRIx64, dsq_id);
		return find_global_dsq(sch, tcpu);
	}
	return dsq;
}

/* ---- walking */

struct task_struct *nldsq_next_from(struct scx_dispatch_q *dsq, const struct list_head *pos,
				    bool rev)
{
	struct scx_dsq_list_node *lnode;

	dsq_assert_held(dsq);

	do {
		pos = rev ? pos->prev : pos->next;
		if (pos == &dsq->list)
			return NULL;
		lnode = container_of(pos, struct scx_dsq_list_node, node);
	} while (lnode->flags & SCX_DSQ_LNODE_ITER_CURSOR);

	return container_of(lnode, struct task_struct, scx.dsq_list);
}

/* The task behind cur (rev: before it), cursors left out; cur NULL: the first (last). */
struct task_struct *nldsq_next_task(struct scx_dispatch_q *dsq, struct task_struct *cur, bool rev)
{
	BUG_ON(cur && list_empty(&cur->scx.dsq_list.node));

	return nldsq_next_from(dsq, cur ? &cur->scx.dsq_list.node : &dsq->list, rev);
}

/* ---- insert */

/* Wrapping order (DSQ-27); equal keys stay in order of insertion (DSQ-28). */
static bool scx_dsq_priq_less(const struct rb_node *node_a, const struct rb_node *node_b)
{
	const struct task_struct *a = container_of(node_a, struct task_struct, scx.dsq_priq);
	const struct task_struct *b = container_of(node_b, struct task_struct, scx.dsq_priq);

	return (s64)(a->scx.dsq_vtime - b->scx.dsq_vtime) < 0;
}

static void dsq_inc_nr(struct scx_dispatch_q *dsq, struct task_struct *p, u64 enq_flags)
{
	WRITE_ONCE(dsq->nr, dsq->nr + 1);
	scx_immed_linked(dsq, p, enq_flags);
}

static void dsq_dec_nr(struct scx_dispatch_q *dsq, struct task_struct *p)
{
	BUG_ON(!dsq->nr);
	WRITE_ONCE(dsq->nr, dsq->nr - 1);
	scx_immed_unlinked(dsq, p);
}

/* Into the tree, and into the list right behind the predecessor in the tree (DSQ-26). */
static void link_by_vtime(struct scx_sched *sch, struct scx_dispatch_q *dsq, struct task_struct *p)
{
	struct rb_node *before;

	/*
	 * The mode is not stored, a DSQ that became empty may change it
	 * (DSQ-34). Cursors alone do not count (DSQ-35).
	 */
	if (unlikely(RB_EMPTY_ROOT(&dsq->priq) && nldsq_next_task(dsq, NULL, false)))
		scx_error(sch, "DSQ ID 0x%016" PRIx64 " already had FIFO-enqueued tasks", dsq->id);

	p->scx.dsq_flags |= SCX_TASK_DSQ_ON_PRIQ;
	rb_add(&p->scx.dsq_priq, &dsq->priq, scx_dsq_priq_less);

	before = rb_prev(&p->scx.dsq_priq);
	yield_point(&dsq->list, YIELD_WRITE, "dsq->list");
	if (before) {
		struct task_struct *prev = container_of(before, struct task_struct, scx.dsq_priq);

		list_add(&p->scx.dsq_list.node, &prev->scx.dsq_list.node);
	} else {
		list_add(&p->scx.dsq_list.node, &dsq->list);
		WRITE_ONCE(dsq->first_task, p);
	}
}

static void link_by_arrival(struct scx_sched *sch, struct scx_dispatch_q *dsq,
			    struct task_struct *p, u64 enq_flags)
{
	if (unlikely(!RB_EMPTY_ROOT(&dsq->priq)))
		scx_error(sch, "DSQ ID 0x%016" PRIx64 " already had PRIQ-enqueued tasks", dsq->id);

	yield_point(&dsq->list, YIELD_WRITE, "dsq->list");
	if (enq_flags & (SCX_ENQ_HEAD | SCX_ENQ_PREEMPT)) {
		list_add(&p->scx.dsq_list.node, &dsq->list);
		if (!dsq_is_builtin(dsq))
			WRITE_ONCE(dsq->first_task, p);
	} else {
		list_add_tail(&p->scx.dsq_list.node, &dsq->list);
		/* Not "was empty": a parked cursor may be in the list (DSQ-43). */
		if (!dsq_is_builtin(dsq) && !dsq->first_task)
			WRITE_ONCE(dsq->first_task, p);
	}
}

/*
 * After an insert into a local DSQ: end of custody, then whatever makes the
 * CPU look at its queue (PST-01 to PST-08). The rq of the DSQ is locked. A CPU
 * that is dispatching will look by itself.
 */
void rq_owned_post_enq(struct scx_sched *sch, struct scx_dispatch_q *dsq, struct task_struct *p,
		       u64 enq_flags)
{
	struct rq *rq = dsq_rq(dsq);
	struct task_struct *curr;

	BUG_ON(!dsq_is_local(dsq));
	lockdep_assert_rq_held(rq);

	if (task_leave_custody(p))
		call_task_dequeue(sch, rq, p, 0);

	/* Makes an idle CPU pick, and later higher-class wakeups call our hook (IMMED-68). */
	if (sched_class_above(p->sched_class, rq->next_class))
		wakeup_preempt(rq, p, 0);

	if (rq->scx.flags & SCX_RQ_IN_DISPATCH)
		return;

	curr = rq->curr;
	if (!(enq_flags & SCX_ENQ_PREEMPT) || p == curr || !sched_class_is_ext(curr))
		return;

	if (curr->scx.flags & SCX_TASK_PROTECTED) {
		scx_add_event(sch, SCX_EV_SLICE_DENIED, 1);
		return;
	}
	scx_set_task_slice(curr, 0);
	resched_curr(rq);
}

/*
 * Put p on dsq. rq is the locked rq: the DSQ's own for a local one, otherwise
 * the one the caller works under, which need not be p's. Slice and vtime are
 * used only with SCX_ENQ_APPLY_SLICE.
 */
void scx_dispatch_enqueue(struct scx_sched *sch, struct rq *rq, struct scx_dispatch_q *dsq,
			  struct task_struct *p, u64 slice, u64 vtime, u64 enq_flags)
{
	const bool is_local = dsq_is_local(dsq);

	lockdep_assert_rq_held(rq);
	BUG_ON(is_local && (dsq_rq(dsq) != rq || task_rq(p) != rq));
	BUG_ON(p->scx.holding_cpu >= 0);	/* OPSS-INV-05 */

	WARN_ON_ONCE(p->scx.dsq || !list_empty(&p->scx.dsq_list.node));
	WARN_ON_ONCE((p->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ) ||
		     !RB_EMPTY_NODE(&p->scx.dsq_priq));

	if (!is_local) {
		raw_spin_lock(&dsq->lock);
		if (unlikely(dsq->id == SCX_DSQ_INVALID)) {
			scx_error(sch, "attempting to dispatch to a destroyed dsq");
			raw_spin_unlock(&dsq->lock);
			dsq = find_global_dsq(sch, task_cpu(p));
			raw_spin_lock(&dsq->lock);
		}
	}

	if (unlikely(dsq_is_builtin(dsq) && (enq_flags & SCX_ENQ_DSQ_PRIQ))) {
		scx_error(sch, "cannot use vtime ordering for built-in DSQs");
		enq_flags &= ~SCX_ENQ_DSQ_PRIQ;
	}

	/* Before any decision about order: it may be by the vtime carried (DSQ-17). */
	if (enq_flags & SCX_ENQ_APPLY_SLICE)
		scx_commit_slice(sch, p, slice, vtime, enq_flags);

	if (enq_flags & SCX_ENQ_DSQ_PRIQ)
		link_by_vtime(sch, dsq, p);
	else
		link_by_arrival(sch, dsq, p, enq_flags);

	/* By this an iteration tells what came after it began (DSQ-80). */
	WRITE_ONCE(dsq->seq, dsq->seq + 1);
	p->scx.dsq_seq = dsq->seq;
	dsq_inc_nr(dsq, p, enq_flags);
	p->scx.dsq = dsq;
	dsq_log(SCXTWIN_EV_DSQ_INSERT, dsq, p, enq_flags);

	if (is_local) {
		rq_owned_post_enq(sch, dsq, p, enq_flags);
	} else {
		bool left = false;

		/*
		 * The flag must change before the lock goes: a consumer may run p
		 * right after. The callback must not be under the lock: it may
		 * iterate DSQs (CUST-33).
		 */
		if (dsq_is_builtin(dsq))
			left = task_leave_custody(p);
		else
			scx_enter_custody(p);
		raw_spin_unlock(&dsq->lock);

		if (left)
			call_task_dequeue(sch, rq, p, 0);
	}

	/*
	 * Last: a dequeuer that waits for this changes the flag word next, which
	 * is not atomic (DSQ-25), and must not overtake the callback (CUST-34).
	 */
	if (enq_flags & SCX_ENQ_CLEAR_OPSS)
		scx_opss_set_none(p);
}

/*
 * DSQ-56: p comes from another DSQ of this rq. Neither seq nor slice nor vtime
 * are touched, and a vtime request is ignored (DSQ-57).
 */
void scx_link_local_moved(struct rq *rq, struct task_struct *p, u64 enq_flags)
{
	struct scx_dispatch_q *dsq = &rq->scx.local_dsq;

	lockdep_assert_rq_held(rq);
	BUG_ON(task_rq(p) != rq || !list_empty(&p->scx.dsq_list.node));

	yield_point(&dsq->list, YIELD_WRITE, "dsq->list");
	if (enq_flags & (SCX_ENQ_HEAD | SCX_ENQ_PREEMPT))
		list_add(&p->scx.dsq_list.node, &dsq->list);
	else
		list_add_tail(&p->scx.dsq_list.node, &dsq->list);

	dsq_inc_nr(dsq, p, enq_flags);
	p->scx.dsq = dsq;
	dsq_log(SCXTWIN_EV_DSQ_INSERT, dsq, p, enq_flags);

	rq_owned_post_enq(scx_task_sched(p), dsq, p, enq_flags);
}

/* ---- remove */

/* Leaves p->scx.dsq: a consumer in flight keeps it, a dequeue clears it (DSQ-52). */
void scx_task_unlink_from_dsq(struct task_struct *p, struct scx_dispatch_q *dsq)
{
	dsq_assert_held(dsq);
	BUG_ON(p->scx.dsq != dsq);
	WARN_ON_ONCE(list_empty(&p->scx.dsq_list.node));

	if (p->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ) {
		rb_erase(&p->scx.dsq_priq, &dsq->priq);
		p->scx.dsq_flags &= ~SCX_TASK_DSQ_ON_PRIQ;
	}

	yield_point(&dsq->list, YIELD_WRITE, "dsq->list");
	list_del_init(&p->scx.dsq_list.node);
	dsq_dec_nr(dsq, p);

	if (!dsq_is_builtin(dsq) && dsq->first_task == p)
		WRITE_ONCE(dsq->first_task, nldsq_next_task(dsq, NULL, false));

	dsq_log(SCXTWIN_EV_DSQ_REMOVE, dsq, p, 0);
}

/*
 * Take p off wherever it is: a DSQ, the list of deferred verdicts, or the hands
 * of a CPU that is switching locks for it. The last one is how a dequeue wins
 * against a dispatch or consume dance: that CPU will not find its own number in
 * holding_cpu any more (OPSS-32 to OPSS-34).
 */
void scx_dispatch_dequeue(struct rq *rq, struct task_struct *p)
{
	struct scx_dispatch_q *dsq = p->scx.dsq;
	bool is_local;

	lockdep_assert_rq_held(rq);
	BUG_ON(task_rq(p) != rq);

	if (!dsq) {
		if (unlikely(!list_empty(&p->scx.dsq_list.node)))
			list_del_init(&p->scx.dsq_list.node);
		if (READ_ONCE(p->scx.holding_cpu) >= 0)
			WRITE_ONCE(p->scx.holding_cpu, -1);
		return;
	}

	is_local = dsq_is_local(dsq);
	BUG_ON(is_local && dsq != &rq->scx.local_dsq);
	if (!is_local)
		raw_spin_lock(&dsq->lock);

	if (READ_ONCE(p->scx.holding_cpu) < 0) {
		scx_task_unlink_from_dsq(p, dsq);
	} else {
		/* A consumer has unlinked it and waits for our rq lock. */
		WARN_ON_ONCE(!list_empty(&p->scx.dsq_list.node));
		WRITE_ONCE(p->scx.holding_cpu, -1);
	}
	p->scx.dsq = NULL;

	if (!is_local)
		raw_spin_unlock(&dsq->lock);
}

/* The short form for callers that hold both locks (DSQ-53). */
void scx_dispatch_dequeue_locked(struct task_struct *p, struct scx_dispatch_q *dsq)
{
	lockdep_assert_rq_held(task_rq(p));
	BUG_ON(p->scx.holding_cpu >= 0);

	scx_task_unlink_from_dsq(p, dsq);
	p->scx.dsq = NULL;
}

/* ---- create and destroy user DSQs */

static void free_dsq_rcufn(struct rcu_head *head)
{
	struct scx_dispatch_q *dsq = container_of(head, struct scx_dispatch_q, rcu);
	struct scx *scx = scx_state();

	BUG_ON(dsq->id != SCX_DSQ_INVALID || dsq->nr);

	if (dsq->reenq_users)
		pool_free(&scx->reenq_users_pool, dsq->reenq_users);
	pool_free(&scx->dsq_pool, dsq);
}

/* One step away from destroy_dsq(), which may run under any lock (DSQ-67, DSQ-68). */
static void free_dsq_irq_workfn(struct irq_work *work)
{
	struct scx *scx = container_of(work, struct scx, free_dsq_irq_work);
	struct scx_dispatch_q *dsq, *tmp;

	list_for_each_entry_safe(dsq, tmp, &scx->dsqs_to_free, all_node) {
		BUG_ON(dsq->id != SCX_DSQ_INVALID);
		list_del_init(&dsq->all_node);
		scx_cancel_dsq_reenq(dsq);
		call_rcu(&dsq->rcu, free_dsq_rcufn);
	}
}

static void dsq_pools_init(struct scx *scx)
{
	if (scx->dsq_pool.arena)
		return;

	pool_init(&scx->dsq_pool, this_sim->arena, sizeof(struct scx_dispatch_q));
	pool_init(&scx->reenq_users_pool, this_sim->arena,
		  nr_cpu_ids() * sizeof(struct scx_deferred_reenq_user));
	init_irq_work(&scx->free_dsq_irq_work, free_dsq_irq_workfn);
	INIT_LIST_HEAD(&scx->dsqs_to_free);
}

/* 0, -EINVAL for a builtin id, -ENOMEM, -EEXIST. */
s32 scx_create_dsq(struct scx_sched *sch, u64 dsq_id, s32 node)
{
	struct scx *scx = scx_state();
	struct scx_dispatch_q *dsq;
	int ret;

	BUG_ON(node >= (s32)nr_node_ids());
	if (dsq_id & SCX_DSQ_FLAG_BUILTIN)
		return -EINVAL;

	dsq_pools_init(scx);
	dsq = pool_zalloc(&scx->dsq_pool);
	if (!dsq)
		return -ENOMEM;
	init_dsq(dsq, dsq_id, 0, sch);

	step_touches(&sch->dsq_map);
	ret = idmap_add(sch->dsq_hash, dsq_id, dsq);
	if (ret) {
		pool_free(&scx->dsq_pool, dsq);
		return ret;
	}
	list_add_tail(&dsq->all_node, &sch->all_dsqs);
	return 0;
}

/*
 * Whoever looked the DSQ up before can still lock it and will see its id
 * invalid: memory lives until a grace period after (DSQ-66, DSQ-67).
 */
void destroy_dsq(struct scx_sched *sch, u64 dsq_id)
{
	struct scx_dispatch_q *dsq = find_user_dsq(sch, dsq_id);
	u64 flags;

	if (!dsq)
		return;

	raw_spin_lock_irqsave(&dsq->lock, flags);

	if (dsq->nr) {
		scx_error(sch, "attempting to destroy in-use dsq 0x%016" PRIx64 " (nr=%u)",
			  dsq->id, dsq->nr);
		goto out_unlock;
	}

	/* Another destroyer was first (RACE-71); the id may be in use again. */
	if (dsq->id == SCX_DSQ_INVALID)
		goto out_unlock;
	step_touches(&sch->dsq_map);
	BUG_ON(idmap_remove(sch->dsq_hash, dsq_id) != dsq);
	BUG_ON(dsq->first_task || !RB_EMPTY_ROOT(&dsq->priq));

	if (sch->last_dsq == dsq)
		sch->last_dsq = NULL;
	WRITE_ONCE(dsq->id, SCX_DSQ_INVALID);
	list_del_init(&dsq->all_node);
	list_add_tail(&dsq->all_node, &scx_state()->dsqs_to_free);
	irq_work_queue(&scx_state()->free_dsq_irq_work);

out_unlock:
	raw_spin_unlock_irqrestore(&dsq->lock, flags);
}
