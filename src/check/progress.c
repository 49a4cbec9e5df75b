/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Forgotten tasks: runnable, while nothing is left to happen. Where no policy
 * has it the core lost it; in the policy's custody it is the policy's own fault.
 */
#include <stdio.h>

#include "check/internal.h"

static void say_where(const struct task_struct *p, char *text, size_t size)
{
	const struct scx_dispatch_q *dsq = p->scx.dsq;

	if (!sched_class_is_ext(p))
		snprintf(text, size, "on the run queue of CPU %d", p->cpu);
	else if (scx_opss_state((u64)p->scx.ops_state.counter) == SCX_OPSS_QUEUED)
		snprintf(text, size, "in the custody of the policy, which has not dispatched it");
	else if (!dsq)
		snprintf(text, size, "on no queue at all");
	else if (dsq->id == SCX_DSQ_LOCAL)
		snprintf(text, size, "on the local queue of CPU %d, which was not told", dsq->owner);
	else if (dsq->id == SCX_DSQ_GLOBAL)
		snprintf(text, size, "on the global queue of node %d", dsq->owner);
	else
		snprintf(text, size, "on the policy's queue %#llx, at which no CPU is going to look",
			 (unsigned long long)dsq->id);
}

static bool is_forgotten(const struct task_struct *p)
{
	return p->on_rq == TASK_ON_RQ_QUEUED && task_rq(p)->curr != p;
}

bool check_forgotten_task(char *text, size_t size)
{
	struct task_core *t;
	char where[128];

	/* In bypass a timer of the core spreads tasks. */
	if (scx_root && scx_root->bypass_dsp_enabled)
		return false;
	list_for_each_entry(t, &core_sched()->tasks, all_node) {
		if (!is_forgotten(&t->task))
			continue;
		say_where(&t->task, where, sizeof(where));
		snprintf(text, size, "forgotten task: pid %d %s is runnable and waits %s; nothing else is left to happen",
			 t->task.pid, t->task.comm, where);
		return true;
	}
	return false;
}
