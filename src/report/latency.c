/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Latencies, by group.
 *
 *   wakeup latency   for each WAKEUP and WAKEUP_NEW that found the task asleep: from there to
 *                    the next switch-in of the task
 *   run-queue delay  for each switch-out while runnable: from there to the next switch-in
 *   slowdown         for each task that ended: wall time from its first wakeup to its end /
 *                    (wall time - wait time), in 1/1000. 1000: it never waited.
 *
 * A wait that is still open at the end is not in the distributions (its time is
 * in the wait time of usage.c).
 */
#include "report/account.h"

void latency_switch_in(struct scxtwin_metrics *m, struct account_task *t)
{
	struct account_group *g = &m->groups[t->group];

	hist_add(t->woken ? &g->wakeup_latency : &g->rq_delay, m->now - t->since);
}

void latency_exit(struct scxtwin_metrics *m, struct account_task *t)
{
	const u64 wall = m->now - t->first_wakeup_ns;

	if (!t->first_wakeup_seen || wall <= t->wait_ns)
		return;
	hist_add(&m->groups[t->group].slowdown,
		 (u64)((unsigned __int128)wall * 1000 / (wall - t->wait_ns)));
}
