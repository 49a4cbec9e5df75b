/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cursors: an iteration over a user DSQ is a member of its list, so that tasks
 * may come and go between two steps (spec 13.13). The kfuncs on top of this are
 * in kfunc_dsq.c; the user re-enqueue walk of reenq.c uses it too.
 */
#include "ext/internal.h"

/* Sequence numbers wrap (DSQ-10, DSQ-79). */
static bool u32_before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

/*
 * Is p not any more what the iteration returned: gone from the DSQ, gone and
 * back (DSQ-81), or held by a consumer that waits for a lock? Only with both
 * locks is the answer good for more than a moment.
 */
bool nldsq_cursor_lost_task(struct scx_dsq_list_node *cursor, struct rq *rq,
			    struct scx_dispatch_q *dsq, struct task_struct *p)
{
	lockdep_assert_rq_held(rq);
	lockdep_assert_held(&dsq->lock);
	BUG_ON(!(cursor->flags & SCX_DSQ_LNODE_ITER_CURSOR));

	if (p->scx.dsq != dsq || u32_before(cursor->priv, p->scx.dsq_seq) ||
	    unlikely(READ_ONCE(p->scx.holding_cpu) >= 0))
		return true;

	/* Still there without a break: its rq cannot have changed (RACE-61). */
	return WARN_ON_ONCE(task_rq(p) != rq);
}

/*
 * The next task that was on the DSQ when the iteration began; the cursor is
 * parked behind it (REV: before it). NULL at the end, with the cursor unlinked.
 */
struct task_struct *nldsq_cursor_next_task(struct scx_dsq_list_node *cursor,
					   struct scx_dispatch_q *dsq)
{
	const bool rev = cursor->flags & SCX_DSQ_ITER_REV;
	const struct list_head *pos = list_empty(&cursor->node) ? &dsq->list : &cursor->node;
	struct task_struct *p;

	lockdep_assert_held(&dsq->lock);
	BUG_ON(!(cursor->flags & SCX_DSQ_LNODE_ITER_CURSOR));

	do {
		p = nldsq_next_from(dsq, pos, rev);
		if (p)
			pos = &p->scx.dsq_list.node;
	} while (p && u32_before(cursor->priv, p->scx.dsq_seq));

	yield_point(&dsq->list, YIELD_WRITE, "dsq->list");
	list_del_init(&cursor->node);
	if (p) {
		if (rev)
			list_add_tail(&cursor->node, &p->scx.dsq_list.node);
		else
			list_add(&cursor->node, &p->scx.dsq_list.node);
	}
	return p;
}
