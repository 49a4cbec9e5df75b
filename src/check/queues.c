/* SPDX-License-Identifier: GPL-2.0-only */
/* DSQs and run queues agree with themselves: OPSS-INV-06, OPSS-INV-15, DSQ-09, DSQ-30, DSQ-41 ff. */
#include "check/check.h"
#include "ext/internal.h"
#include "machine/contexts.h"

static bool is_cursor(const struct scx_dsq_list_node *n)
{
	return n->flags & SCX_DSQ_LNODE_ITER_CURSOR;
}

static struct task_struct *task_of(struct scx_dsq_list_node *n)
{
	return container_of(n, struct task_struct, scx.dsq_list);
}

static u32 count_tree(const struct rb_root *root)
{
	struct rb_node *n;
	u32 nr = 0;

	for (n = rb_first(root); n; n = rb_next(n))
		nr++;
	return nr;
}

/* Between two steps: is something on that CPU in the middle of a path that keeps it? */
static bool in_a_path(int cpu)
{
	const struct ctx *current = machine()->current;

	return mcpu(cpu)->in_kernel || mcpu(cpu)->held_by ||
	       (current && current->cpu == cpu && ctx_keeps_cpu(current));
}

static void check_dsq(struct scx_dispatch_q *dsq, bool user)
{
	struct scx_dsq_list_node *n;
	struct task_struct *first = NULL;
	u32 nr = 0, nr_prio = 0;

	if (dsq->lock.owner)
		return;
	list_for_each_entry(n, &dsq->list, node) {
		struct task_struct *p;

		if (is_cursor(n))
			continue;
		p = task_of(n);
		if (!first)
			first = p;
		nr++;
		BUG_ON(p->scx.dsq != dsq);
		BUG_ON(p->scx.holding_cpu >= 0);
		nr_prio += !!(p->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ);
	}
	BUG_ON(nr != dsq->nr);
	BUG_ON(nr_prio != count_tree(&dsq->priq));
	BUG_ON(user && dsq->first_task != first);
	BUG_ON(!user && dsq->first_task); /* DSQ-45 */
}

static void check_rq(struct rq *rq)
{
	struct scx_dsq_list_node *n;
	struct task_struct *p;
	u32 nr_immed = 0, nr_waiting = 0;

	if (rq->__lock.owner)
		return;
	check_dsq(&rq->scx.local_dsq, false);
	list_for_each_entry(n, &rq->scx.local_dsq.list, node) {
		p = task_of(n);
		BUG_ON(task_rq(p) != rq);
		nr_immed += !!(p->scx.flags & SCX_TASK_IMMED);
	}
	BUG_ON(nr_immed != rq->scx.nr_immed);
	list_for_each_entry(p, &rq->scx.runnable_list, scx.runnable_node) {
		BUG_ON(!(p->scx.flags & SCX_TASK_QUEUED));
		BUG_ON(task_rq(p) != rq);
		BUG_ON(rq->curr == p);
		BUG_ON(p->scx.runnable_cpu != rq->cpu);
		nr_waiting++;
	}
	if (sched_class_is_ext(rq->curr) && rq->curr->scx.flags & SCX_TASK_QUEUED)
		nr_waiting++;
	BUG_ON(nr_waiting != rq->scx.nr_running);
	BUG_ON(rq->nr_running < rq->scx.nr_running);
	BUG_ON(rq->scx.remote_activate_enq_flags); /* OPSS-INV-11 */
	BUG_ON(rq->balance_callback);
	if (!in_a_path(rq->cpu))
		BUG_ON(rq->scx.direct_dispatch_task); /* OPSS-INV-12 */
}

void check_queues(void)
{
	struct scx_sched *sch = scx_root;
	struct scx_dispatch_q *dsq;
	u32 i;

	for (i = 0; i < nr_cpu_ids(); i++)
		check_rq(cpu_rq((int)i));
	if (!sch)
		return;
	list_for_each_entry(dsq, &sch->all_dsqs, all_node)
		check_dsq(dsq, true);
	for (i = 0; i < nr_node_ids(); i++)
		check_dsq(&sch->global_dsqs[i], false);
	for (i = 0; i < nr_cpu_ids(); i++)
		check_dsq(&scx_pcpu(sch, (int)i)->bypass_dsq, false);
}
