/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DSQs agree with themselves (spec 13): the number with the list, the list with
 * the tree, first_task with the head; members know their queue (OPSS-INV-15,
 * DSQ-09, DSQ-26, DSQ-30, DSQ-41 to DSQ-45).
 */
#include "check/internal.h"

static void check_member(const struct scx_dispatch_q *dsq, const struct task_struct *p)
{
	CHECK("OPSS-INV-06", p, p->scx.dsq == dsq);
	CHECK("OPSS-INV-05 OPSS-INV-07", p, p->scx.holding_cpu < 0);
	CHECK("OPSS-39", p, scx_opss_state(word_of(p)) != SCX_OPSS_QUEUED);
	CHECK("DSQ-30", p, !dsq_is_builtin(dsq) || !(p->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ));
	if (!dsq_is_local(dsq)) {
		CHECK("IMMED-26 IMMED-28", p, !(p->scx.flags & SCX_TASK_IMMED));
		return;
	}
	CHECK("DSQ-09", p, task_rq(p) == dsq_rq((struct scx_dispatch_q *)dsq) && task_rq(p)->curr != p);
	CHECK("CUST-11", p, !is_in_custody(p) && !word_of(p));
	check_placement(task_rq(p), p);
}

/* The lock is about to be released: whatever was linked or unlinked was so at one of the ends, or between them. */
void check_queue_ends(const struct scx_dispatch_q *dsq)
{
	const struct task_struct *first, *last;

	if (list_empty(&dsq->list)) {
		CHECK("OPSS-INV-15", NULL, !dsq->nr && !dsq->first_task);
		return;
	}
	first = queued_task(dsq, dsq->list.next);
	last = queued_task(dsq, dsq->list.prev);
	if (!first || !last)
		return;	/* a cursor: the audit walks past it */
	CHECK("OPSS-INV-15", first, dsq->nr >= 1U + (first != last));
	CHECK("DSQ-41 DSQ-45", first, dsq->first_task == (dsq_is_builtin(dsq) ? NULL : first));
	/* A policy that mixes both orders is ejected, what it queued stays (DSQ-32, DSQ-33). */
	if (dsq->sched && !dsq->sched->exit_kind)
		CHECK("DSQ-32 DSQ-33", first, !(first->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ) == RB_EMPTY_ROOT(&dsq->priq));
	check_member(dsq, first);
	if (first != last)
		check_member(dsq, last);
}

/* Members of the tree stand in the list in the tree's order (DSQ-26). */
static u32 check_tree(const struct scx_dispatch_q *dsq)
{
	const struct list_head *pos = &dsq->list;
	struct rb_node *n;
	u32 nr = 0;

	for (n = rb_first(&dsq->priq); n; n = rb_next(n)) {
		const struct task_struct *p = container_of(n, struct task_struct, scx.dsq_priq);

		do {
			pos = pos->next;
			CHECK("DSQ-26", p, pos != &dsq->list);
		} while (queued_task(dsq, pos) != p);
		nr++;
	}
	return nr;
}

void check_queue_audit(const struct scx_dispatch_q *dsq)
{
	const struct task_struct *p, *first = NULL;
	const struct list_head *pos;
	u32 nr = 0, nr_prio = 0;

	for (pos = dsq->list.next; pos != &dsq->list; pos = pos->next) {
		p = queued_task(dsq, pos);
		if (!p)
			continue;
		if (!first)
			first = p;
		check_member(dsq, p);
		nr++;
		nr_prio += !!(p->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ);
	}
	CHECK("OPSS-INV-15", NULL, nr == dsq->nr);
	CHECK("DSQ-41 DSQ-45", first, dsq->first_task == (dsq_is_builtin(dsq) ? NULL : first));
	CHECK("DSQ-26", first, check_tree(dsq) == nr_prio);
}
