/* SPDX-License-Identifier: GPL-2.0-only */
/* A task is in exactly one place, and its words say which: OPSS-INV-01 to OPSS-INV-10, CUST-43. */
#include "check/check.h"
#include "ext/internal.h"

static void check_word(const struct task_struct *p, u64 opss)
{
	switch (scx_opss_state(opss)) {
	case SCX_OPSS_NONE:
	case SCX_OPSS_DISPATCHING:
		BUG_ON(scx_opss_qseq(opss)); /* OPSS-INV-01 */
		break;
	case SCX_OPSS_QUEUED: /* OPSS-INV-02 */
		BUG_ON(!scx_opss_qseq(opss));
		BUG_ON(p->scx.dsq || !list_empty(&p->scx.dsq_list.node));
		BUG_ON(!(p->scx.flags & SCX_TASK_QUEUED));
		BUG_ON(list_empty(&p->scx.runnable_node));
		break;
	default:
		break; /* QUEUEING: its rq lock is held (OPSS-INV-04), not reached here */
	}
}

static void check_task(struct task_struct *p)
{
	const struct sched_ext_entity *scx = &p->scx;
	const u64 opss = (u64)scx->ops_state.counter;
	const struct rq *rq = task_rq(p);

	if (rq->__lock.owner || core_of(p)->pi_lock.owner || p->on_rq == TASK_ON_RQ_MIGRATING)
		return;
	if (scx->dsq && scx->dsq->lock.owner)
		return;
	check_word(p, opss);
	if (scx->holding_cpu >= 0)
		BUG_ON(!list_empty(&scx->dsq_list.node)); /* OPSS-INV-05, OPSS-INV-07 */
	else if (scx->dsq)
		BUG_ON(list_empty(&scx->dsq_list.node)); /* OPSS-INV-06 */
	BUG_ON(scx->sticky_cpu >= 0);			 /* OPSS-INV-09: the locks are free */
	if (rq->curr == p && scx->flags & SCX_TASK_QUEUED) { /* OPSS-INV-10 */
		BUG_ON(opss);
		BUG_ON(scx->dsq);
		BUG_ON(scx->flags & SCX_TASK_IN_CUSTODY);
		BUG_ON(!list_empty(&scx->runnable_node));
	}
	if (!(scx->flags & SCX_TASK_QUEUED)) {
		BUG_ON(opss);
		BUG_ON(scx->dsq);
		BUG_ON(scx->flags & SCX_TASK_IN_CUSTODY);
	}
	BUG_ON(p->on_rq == 0 && rq->curr != p && p->on_cpu);
}

void check_tasks(void)
{
	struct task_core *t;

	list_for_each_entry(t, &core_sched()->tasks, all_node)
		check_task(&t->task);
}
