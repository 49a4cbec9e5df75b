/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Usage, by group.
 *
 *   run time     switch-in to switch-out
 *   wait time    runnable and not running: wakeup, or switch-out while runnable, to switch-in
 *   sleep time   switch-out while blocked to wakeup
 *
 * What is open at the end counts up to the end. The time before the first wakeup
 * belongs to none of them.
 *
 *   voluntary    switch-outs of a task that blocked or ended
 *   involuntary  switch-outs of a task that stays runnable, yields included
 *   preemptions  those of the involuntary ones after which another task runs there
 *
 * A CPU is busy while it runs a task other than its idle task, the machine's own
 * threads included; utilisation = busy time / span.
 */
#include "base/bug.h"
#include "report/account.h"

void usage_leave_state(struct scxtwin_metrics *m, struct account_task *t)
{
	struct account_group *g = &m->groups[t->group];
	const u64 length = m->now - t->since;

	BUG_ON(m->now < t->since);
	switch (t->state) {
	case ACCOUNT_RUNNING:
		g->run_ns += length;
		t->run_ns += length;
		break;
	case ACCOUNT_WAITING:
		g->wait_ns += length;
		t->wait_ns += length;
		break;
	case ACCOUNT_SLEEPING:
		g->sleep_ns += length;
		break;
	case ACCOUNT_UNKNOWN:
	case ACCOUNT_DEAD:
		break;
	}
}

void usage_cpu_switch(struct scxtwin_metrics *m, u32 cpu, s32 next)
{
	struct account_cpu *c = &m->cpus[cpu];

	if (c->curr)
		c->busy_ns += m->now - c->since;
	c->curr = next;
	c->since = m->now;
	c->nr_switches++;
}

void usage_switch_out(struct scxtwin_metrics *m, struct account_task *t, bool runnable,
		      bool next_is_idle)
{
	struct account_group *g = &m->groups[t->group];

	if (!runnable) {
		g->nr_voluntary++;
		return;
	}
	g->nr_involuntary++;
	if (!next_is_idle)
		g->nr_preemptions++;
}

static u32 ppm(u64 part, unsigned __int128 whole)
{
	return whole ? (u32)((unsigned __int128)part * 1000000 / whole) : 0;
}

void usage_report(struct scxtwin_metrics *m)
{
	struct scxtwin_report *r = &m->report;
	u32 cpu;

	for (cpu = 0; cpu < m->facts.nr_cpus; cpu++) {
		const struct account_cpu *c = &m->cpus[cpu];
		const u64 open = c->curr ? m->now - c->since : 0;

		r->cpus[cpu] = (struct scxtwin_cpu_metrics){
			.busy_ns = c->busy_ns + open,
			.nr_switches = c->nr_switches,
			.utilisation_ppm = ppm(c->busy_ns + open, m->now),
		};
		r->busy_ns += r->cpus[cpu].busy_ns;
	}
	r->utilisation_ppm = ppm(r->busy_ns, (unsigned __int128)m->now * m->facts.nr_cpus);
}
