/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The promise of SCX_ENQ_IMMED (spec 15.2), as far as 7.3 keeps it: a task put on
 * a local DSQ with it has the CPU's next turn, or goes back to ops.enqueue().
 *
 * Whenever an rq lock is released, each such task still on the local DSQ is in
 * one of three states. Its CPU is about to choose: it is dispatching, or curr is
 * to be rescheduled and no higher class comes first. Or a walk is asked for,
 * which will give it back. Or it lingers, and then one of the kernel's own
 * reasons applies:
 *
 *	IMMED-59	the turn kept prev, whose slice had been extended, and a
 *			task that waits alone is not given back
 *	REENQ-13	no walk is asked for in bypass
 *	REENQ-14	nor for a CPU that is going down, whose tasks are pushed away
 *	REENQ-42	a walk leaves the task to the stopper that is to move it
 *
 * Everything else is a fault of the twin. A policy may want to hear of the
 * reasons, too: check_report_lingering().
 */
#include "check/internal.h"

#include <stdio.h>

static bool walk_is_asked_for(const struct rq *rq)
{
	return !list_empty(&rq->scx.deferred_reenq_locals);
}

static bool cpu_will_choose(const struct rq *rq)
{
	if (sched_class_above(rq->next_class, &ext_sched_class))
		return false;
	return rq->scx.flags & SCX_RQ_IN_DISPATCH || rq->curr->need_resched;
}

/* Changes with every turn of the CPU that ended, whoever got it. */
static u64 nr_turns(const struct rq *rq)
{
	return rq->scx.nr_kept + rq->nr_switches;
}

/* The rule by which p, alone or not, may stay; NULL if there is none. */
static const char *reason_to_linger(const struct rq *rq, const struct task_struct *p)
{
	const struct check_cpu *c = check_cpu(rq->cpu);

	if (!scx_root || scx_root->bypass_depth)
		return "REENQ-13";
	if (!cpu_active(rq->cpu))
		return "REENQ-14";
	if (p->migration_pending)
		return "REENQ-42";
	if (rq->scx.nr_kept != c->nr_kept && rq->scx.local_dsq.nr == 1)
		return "IMMED-59";
	/* It goes on with what made it linger, until the next turn. */
	return c->lingering == p && c->turns == nr_turns(rq) ? c->reason : NULL;
}

static void tell(const struct rq *rq, const struct task_struct *p, const char *rule)
{
	char text[300];

	snprintf(text, sizeof(text), "IMMED task lingers: pid %d %s waits on the local queue of CPU %d behind pid %d %s (%s)",
		 p->pid, p->comm, rq->cpu, rq->curr->pid, rq->curr->comm, rule);
	check_state()->lingers(text);
}

static void check_lingering(const struct rq *rq, const struct task_struct *p)
{
	struct check_cpu *c = check_cpu(rq->cpu);
	const char *kernel_lets_it_wait = reason_to_linger(rq, p);

	CHECK("IMMED-29 IMMED-58 IMMED-67", p, kernel_lets_it_wait);
	if (check_state()->lingers && c->lingering != p)
		tell(rq, p, kernel_lets_it_wait);
	c->lingering = p;
	c->reason = kernel_lets_it_wait;
}

void check_promise_now(const struct rq *rq)
{
	const struct list_head *list = &rq->scx.local_dsq.list, *pos;
	struct check_cpu *c = check_cpu(rq->cpu);
	bool lingers = false;

	if (unlikely(rq->scx.nr_immed) && !walk_is_asked_for(rq) && !cpu_will_choose(rq)) {
		for (pos = list->next; pos != list; pos = pos->next) {
			const struct task_struct *p = queued_task(&rq->scx.local_dsq, pos);

			if (!p || !(p->scx.flags & SCX_TASK_IMMED))
				continue;
			check_lingering(rq, p);
			lingers = true;
		}
		c->turns = nr_turns(rq);
	}
	if (!lingers)
		c->lingering = NULL;
	c->nr_kept = rq->scx.nr_kept;
}

/* A walk that was asked for comes: some interrupt is on its way (REENQ-27 to REENQ-31). */
void check_promise_audit(const struct rq *rq)
{
	/* Somebody is on its way through run_deferred(), or about to see to it. */
	if (!walk_is_asked_for(rq) || !list_empty(&machine()->inside))
		return;
	/* A CPU that goes down drops its callbacks (REENQ-37). */
	CHECK("REENQ-30 REENQ-34", NULL, rq->scx.deferred_irq_work.pending || !cpu_active(rq->cpu));
}

void check_report_lingering(void (*lingers)(const char *text))
{
	check_state()->lingers = lingers;
}
