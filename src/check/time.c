/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks are charged exactly the time for which they were a CPU's current task;
 * so all of them together are charged what all CPUs were busy (spec 22, CLK-07).
 * Only where kernel paths take no time: with costs a path can last.
 */
#include "check/internal.h"

/* rq->curr changes under the rq lock only: this is its first release since. */
void check_time_switched(const struct rq *rq)
{
	struct check_cpu *c = check_cpu(rq->cpu);

	check_of(c->curr)->ran += this_sim->now - c->curr_since;
	c->curr = rq->curr;
	c->curr_since = this_sim->now;
}

void check_time_audit(const struct task_struct *p)
{
	const struct rq *rq = task_rq(p);
	u64 ran = check_of(p)->ran, charged = p->sum_exec_runtime;

	if (!check_state()->exact_time)
		return;
	if (rq->curr == p) {
		ran += this_sim->now - check_cpu(rq->cpu)->curr_since;
		charged += this_sim->now - p->exec_start;
	}
	CHECK("CLK-07", p, charged == ran);
}
