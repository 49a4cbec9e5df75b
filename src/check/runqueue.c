/* SPDX-License-Identifier: GPL-2.0-only */
/* Run queues: what waits on them, what runs, and that a CPU with work was told (spec 12.8, 12.9, RACE-81). */
#include "check/internal.h"
#include "machine/contexts.h"

static u32 curr_counts(const struct rq *rq)
{
	return sched_class_is_ext(rq->curr) && is_queued(rq->curr);
}

static void check_waiting(const struct rq *rq, const struct task_struct *p)
{
	CHECK("RUN-01", p, is_queued(p) && task_rq(p) == rq && rq->curr != p);
	CHECK("RUN-04", p, p->scx.runnable_cpu == rq->cpu);
}

/* Its lock is about to be free. */
void check_rq_now(const struct rq *rq)
{
	const struct list_head *list = &rq->scx.runnable_list;

	CHECK("RUN-01", rq->curr, rq->nr_running >= rq->scx.nr_running);
	CHECK("RUN-01", rq->curr, rq->scx.nr_running >= (list_empty(list) ? 0 : 1U) + curr_counts(rq));
	CHECK("RUN-01", NULL, rq->scx.local_dsq.nr <= rq->scx.nr_running);
	if (!list_empty(list))
		check_waiting(rq, container_of(list->prev, struct task_struct, scx.runnable_node));
	/* A CPU that is dispatching will look by itself. */
	if (rq->curr == rq->idle && rq->scx.local_dsq.nr && !(rq->scx.flags & SCX_RQ_IN_DISPATCH))
		CHECK("RACE-81 PUT-08", NULL, rq->curr->need_resched);
	check_companions_rq(rq);
}

/* Between two steps: is something on that CPU in the middle of a path that keeps it? */
static bool in_a_path(int cpu)
{
	const struct ctx *current = current_ctx();

	return mcpu(cpu)->in_kernel || mcpu(cpu)->held_by ||
	       (current && current->cpu == cpu && ctx_keeps_cpu(current));
}

void check_rq_audit(const struct rq *rq)
{
	const struct task_struct *p;
	u32 nr = curr_counts(rq);

	list_for_each_entry(p, &rq->scx.runnable_list, scx.runnable_node) {
		check_waiting(rq, p);
		nr++;
	}
	CHECK("RUN-01", NULL, nr == rq->scx.nr_running);
	check_rq_now(rq);
	CHECK("BAL-05", NULL, !rq->balance_callback);
	if (!in_a_path(rq->cpu))
		CHECK("OPSS-INV-12", NULL, !rq->scx.direct_dispatch_task);
	CHECK("CORE-10", rq->curr, rq->curr->on_cpu);
}
