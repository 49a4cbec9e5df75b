/* SPDX-License-Identifier: GPL-2.0-only */
/* IMMED tasks of a local DSQ are counted (IMMED-34); re-enqueues end with a run (REENQ-87). */
#include "check/internal.h"

void check_immed_audit(const struct rq *rq)
{
	const struct list_head *list = &rq->scx.local_dsq.list, *pos;
	u32 nr = 0;

	for (pos = list->next; pos != list; pos = pos->next) {
		const struct task_struct *p = queued_task(&rq->scx.local_dsq, pos);

		nr += p && p->scx.flags & SCX_TASK_IMMED;
	}
	CHECK("IMMED-34", NULL, nr == rq->scx.nr_immed);
}

void check_reenq_audit(const struct task_struct *p)
{
	CHECK("ENQ-34", p, !(p->scx.flags & SCX_TASK_REENQ_REASON_MASK));
	if (task_rq(p)->curr == p && is_queued(p))
		CHECK("REENQ-87", p, !p->scx.reenq_cnt);
}
