/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migrations, by group: switch-ins on another CPU than that of the last
 * switch-in of the task, by the nearest thing both CPUs share: core, last-level
 * cache, node, none. Moves between run queues of a task that does not run in
 * between do not count.
 */
#include "report/account.h"

static enum scxtwin_distance distance(const struct account_cpu *a, const struct account_cpu *b)
{
	if (a->core == b->core)
		return SCXTWIN_SAME_CORE;
	if (a->llc == b->llc)
		return SCXTWIN_SAME_LLC;
	return a->node == b->node ? SCXTWIN_CROSS_LLC : SCXTWIN_CROSS_NODE;
}

void migrate_switch_in(struct scxtwin_metrics *m, struct account_task *t, u32 cpu)
{
	if (t->last_cpu < 0 || (u32)t->last_cpu == cpu)
		return;
	m->groups[t->group].nr_migrations[distance(&m->cpus[t->last_cpu], &m->cpus[cpu])]++;
}
