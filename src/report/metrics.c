/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From event records to transitions of tasks and CPUs, and from those to the
 * families of metrics. How a state follows from the records:
 *
 *   WAKEUP, WAKEUP_NEW  a task that neither runs nor waits begins to wait. A wakeup of one that
 *                       runs or waits (it had not yet gone to sleep) changes nothing.
 *   SWITCH              prev stays runnable if prev_state is 0 or the mark of a preemption, and
 *                       begins to wait; else it sleeps, or has ended if it is dead or TASK_EXIT
 *                       came before. next runs.
 *   TASK_EXIT           ends a task that does not run at once.
 */
#include <stdlib.h>
#include <string.h>

#include <scxtwin/task.h>

#include "base/bug.h"
#include "base/error.h"
#include "base/mem.h"
#include "report/account.h"

/* In prev_state: the task was preempted in whatever state it was. */
#define PREV_STATE_PREEMPTED 0x100ULL

static void set_state(struct scxtwin_metrics *m, struct account_task *t, enum account_state state)
{
	usage_leave_state(m, t);
	if (t->state == ACCOUNT_WAITING && !account_is_system(m, t))
		conservation_wait(&m->conservation, t->affinity, false);
	t->state = state;
	t->since = m->now;
	if (state == ACCOUNT_WAITING && !account_is_system(m, t))
		conservation_wait(&m->conservation, t->affinity, true);
}

/* While t is waiting its class must not change under it. */
static void read_affinity(struct scxtwin_metrics *m, struct account_task *t)
{
	struct conservation *c = &m->conservation;
	const bool waits = t->state == ACCOUNT_WAITING && !account_is_system(m, t);
	const u32 old = t->affinity;

	if (waits)
		conservation_wait(c, old, false);
	t->affinity = conservation_class_get(c, m->facts.task_cpus(m->facts.data, t->pid));
	conservation_class_put(c, old);
	if (waits)
		conservation_wait(c, t->affinity, true);
}

static void task_wakes(struct scxtwin_metrics *m, struct account_task *t)
{
	if (t->state != ACCOUNT_SLEEPING && t->state != ACCOUNT_UNKNOWN)
		return;
	if (!t->first_wakeup_seen) {
		t->first_wakeup_seen = true;
		t->first_wakeup_ns = m->now;
	}
	m->groups[t->group].nr_wakeups++;
	set_state(m, t, ACCOUNT_WAITING);
	t->woken = true;
	fairness_begin(m, t);
}

static void task_ends(struct scxtwin_metrics *m, struct account_task *t)
{
	set_state(m, t, ACCOUNT_DEAD);
	fairness_end(m, t);
	latency_exit(m, t);
	fairness_fold(m, t);
}

static void switch_out(struct scxtwin_metrics *m, struct account_task *t, u64 prev_state,
		       bool next_is_idle)
{
	const bool runnable = !(prev_state & ~PREV_STATE_PREEMPTED);

	usage_switch_out(m, t, runnable, next_is_idle);
	if (runnable) {
		set_state(m, t, ACCOUNT_WAITING);
		t->woken = false;
		fairness_begin(m, t);
	} else if (t->exiting || prev_state & TASK_DEAD) {
		task_ends(m, t);
	} else {
		set_state(m, t, ACCOUNT_SLEEPING);
		fairness_end(m, t);
	}
}

static void on_exit_record(struct scxtwin_metrics *m, struct account_task *t)
{
	t->exiting = true;
	if (t->state == ACCOUNT_SLEEPING || t->state == ACCOUNT_UNKNOWN)
		task_ends(m, t);
}

static void switch_in(struct scxtwin_metrics *m, struct account_task *t, u32 cpu)
{
	if (t->state == ACCOUNT_WAITING)
		latency_switch_in(m, t);
	migrate_switch_in(m, t, cpu);
	set_state(m, t, ACCOUNT_RUNNING);
	t->last_cpu = (s32)cpu;
	fairness_begin(m, t);
}

static void set_idle(struct scxtwin_metrics *m, u32 cpu)
{
	conservation_cpu(&m->conservation, cpu, m->cpus[cpu].online && !m->cpus[cpu].curr);
}

static void on_switch(struct scxtwin_metrics *m, const struct scxtwin_event *ev)
{
	struct account_task *prev = account_task(m, (s32)ev->a);
	struct account_task *next = account_task(m, ev->task);

	usage_cpu_switch(m, ev->cpu, ev->task);
	if (prev)
		switch_out(m, prev, ev->b, ev->task == 0);
	if (next)
		switch_in(m, next, ev->cpu);
	set_idle(m, ev->cpu);
}

/* A pid may be used again: its record starts over, the sums of the groups stay. */
static void on_new(struct scxtwin_metrics *m, struct account_task *t)
{
	const struct account_task fresh = {
		.pid = t->pid, .group = t->group, .last_cpu = -1, .since = m->now,
		.weight = t->weight, .affinity = t->affinity,
	};

	BUG_ON(t->state != ACCOUNT_DEAD && t->state != ACCOUNT_UNKNOWN);
	BUG_ON(t->place.dsq);
	*t = fresh;
	m->groups[t->group].nr_tasks++;
	read_affinity(m, t);
}

static void on_attr(struct scxtwin_metrics *m, struct account_task *t, u64 what)
{
	if (what == SCXTWIN_ATTR_AFFINITY)
		read_affinity(m, t);
	else if (what == SCXTWIN_ATTR_NICE)
		fairness_set_weight(m, t);
}

static void on_hotplug(struct scxtwin_metrics *m, u32 cpu, bool online)
{
	if (m->cpus[cpu].online == online)
		return;
	m->cpus[cpu].online = online;
	m->fair.nr_online += online ? 1 : -1U;
	set_idle(m, cpu);
}

static void on_count(struct scxtwin_metrics *m, u64 counter, u64 delta)
{
	if (counter < SCX_NR_EVENTS)
		m->scx_events[counter] += (s64)delta;
}

static void on_task_event(struct scxtwin_metrics *m, struct account_task *t,
			  const struct scxtwin_event *ev)
{
	switch (ev->kind) {
	case SCXTWIN_EV_TASK_NEW:
		on_new(m, t);
		break;
	case SCXTWIN_EV_TASK_EXIT:
		on_exit_record(m, t);
		break;
	case SCXTWIN_EV_WAKEUP_NEW:
		read_affinity(m, t);
		fairness_set_weight(m, t);
		task_wakes(m, t);
		break;
	case SCXTWIN_EV_WAKEUP:
		task_wakes(m, t);
		break;
	case SCXTWIN_EV_ATTR:
		on_attr(m, t, ev->a);
		break;
	case SCXTWIN_EV_DSQ_INSERT:
		depth_insert(&m->depth, &t->place, m->now, ev->a, ev->b);
		break;
	case SCXTWIN_EV_DSQ_REMOVE:
		depth_remove(&m->depth, &t->place, m->now);
		break;
	}
}

static void count(struct scxtwin_metrics *m, const struct scxtwin_event *ev)
{
	m->nr_events++;
	if (ev->kind < SCXTWIN_NR_EVENT_KINDS)
		m->nr_kind[ev->kind]++;
	if (ev->kind == SCXTWIN_EV_OPS && ev->a < SCXTWIN_NR_OPS)
		m->nr_op[ev->a]++;
	if (ev->kind == SCXTWIN_EV_KFUNC && ev->a < SCXTWIN_NR_KFUNCS)
		m->nr_kfunc[ev->a]++;
}

static void advance(struct scxtwin_metrics *m, u64 now)
{
	BUG_ON(now < m->now);
	m->now = now;
	conservation_advance(&m->conservation, now);
	fairness_advance(m);
}

static void on_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct scxtwin_metrics *m = obs->data;
	struct account_task *t;

	BUG_ON(m->finished);
	BUG_ON(ev->cpu >= m->facts.nr_cpus);
	count(m, ev);
	if (m->no_memory)
		return;
	switch (ev->kind) {
	case SCXTWIN_EV_SWITCH:
		advance(m, ev->time_ns);
		on_switch(m, ev);
		break;
	case SCXTWIN_EV_CPU_HOTPLUG:
		advance(m, ev->time_ns);
		on_hotplug(m, ev->cpu, ev->a);
		break;
	case SCXTWIN_EV_SCX_COUNT:
		on_count(m, ev->a, ev->b);
		break;
	case SCXTWIN_EV_TASK_NEW:
	case SCXTWIN_EV_TASK_EXIT:
	case SCXTWIN_EV_WAKEUP_NEW:
	case SCXTWIN_EV_WAKEUP:
	case SCXTWIN_EV_ATTR:
	case SCXTWIN_EV_DSQ_INSERT:
	case SCXTWIN_EV_DSQ_REMOVE:
		advance(m, ev->time_ns);
		t = account_task(m, ev->task);
		if (t)
			on_task_event(m, t, ev);
		break;
	}
}

static int allocate(struct scxtwin_metrics *m)
{
	const u32 nr_cpus = m->facts.nr_cpus, nr_groups = m->facts.nr_groups + 1;

	m->cpus = mem_zalloc(nr_cpus * sizeof(*m->cpus));
	m->groups = mem_zalloc(nr_groups * sizeof(*m->groups));
	m->report.cpus = mem_zalloc(nr_cpus * sizeof(*m->report.cpus));
	m->report.groups = mem_zalloc(nr_groups * sizeof(*m->report.groups));
	if (conservation_init(&m->conservation, nr_cpus) || depth_init(&m->depth, nr_cpus))
		return -1;
	return m->cpus && m->groups && m->report.cpus && m->report.groups ? 0 : -1;
}

struct scxtwin_metrics *scxtwin_metrics_new_facts(const struct scxtwin_facts *facts,
						  struct scxtwin_error *err)
{
	struct scxtwin_metrics *m = mem_zalloc(sizeof(*m));
	u32 cpu;

	BUG_ON(!facts->nr_cpus);
	if (!m) {
		error_no_memory(err);
		return NULL;
	}
	m->facts = *facts;
	m->observer.event = on_event;
	m->observer.data = m;
	m->fair.nr_online = facts->nr_cpus;
	if (allocate(m)) {
		scxtwin_metrics_free(m);
		error_no_memory(err);
		return NULL;
	}
	for (cpu = 0; cpu < facts->nr_cpus; cpu++) {
		m->cpus[cpu].online = true;
		m->cpus[cpu].core = facts->cpu_core(facts->data, cpu);
		m->cpus[cpu].llc = facts->cpu_llc(facts->data, cpu);
		m->cpus[cpu].node = facts->cpu_node(facts->data, cpu);
	}
	return m;
}

struct scxtwin_observer *scxtwin_metrics_observer(struct scxtwin_metrics *m)
{
	return &m->observer;
}

static void close_task(struct scxtwin_metrics *m, struct account_task *t)
{
	if (t->state == ACCOUNT_DEAD)
		return;
	usage_leave_state(m, t);
	t->since = m->now;
	fairness_end(m, t);
	fairness_fold(m, t);
}

static void report_group(const struct account_group *g, const char *name,
			 struct scxtwin_group_metrics *out)
{
	int i;

	out->name = name;
	out->nr_tasks = g->nr_tasks;
	out->run_ns = g->run_ns;
	out->wait_ns = g->wait_ns;
	out->sleep_ns = g->sleep_ns;
	out->nr_wakeups = g->nr_wakeups;
	out->nr_voluntary = g->nr_voluntary;
	out->nr_involuntary = g->nr_involuntary;
	out->nr_preemptions = g->nr_preemptions;
	for (i = 0; i < SCXTWIN_NR_DISTANCES; i++)
		out->nr_migrations[i] = g->nr_migrations[i];
	hist_dist(&g->wakeup_latency, &out->wakeup_latency);
	hist_dist(&g->rq_delay, &out->rq_delay);
	hist_dist(&g->slowdown, &out->slowdown_milli);
}

static void add_group(struct account_group *sum, const struct account_group *g)
{
	int i;

	sum->nr_tasks += g->nr_tasks;
	sum->run_ns += g->run_ns;
	sum->wait_ns += g->wait_ns;
	sum->sleep_ns += g->sleep_ns;
	sum->nr_wakeups += g->nr_wakeups;
	sum->nr_voluntary += g->nr_voluntary;
	sum->nr_involuntary += g->nr_involuntary;
	sum->nr_preemptions += g->nr_preemptions;
	for (i = 0; i < SCXTWIN_NR_DISTANCES; i++)
		sum->nr_migrations[i] += g->nr_migrations[i];
	hist_merge(&sum->wakeup_latency, &g->wakeup_latency);
	hist_merge(&sum->rq_delay, &g->rq_delay);
	hist_merge(&sum->slowdown, &g->slowdown);
}

static void free_hists(struct account_group *g)
{
	hist_free(&g->wakeup_latency);
	hist_free(&g->rq_delay);
	hist_free(&g->slowdown);
}

static bool lacks_memory(const struct account_group *g)
{
	return g->wakeup_latency.no_memory || g->rq_delay.no_memory || g->slowdown.no_memory;
}

static void report_groups(struct scxtwin_metrics *m)
{
	struct scxtwin_report *r = &m->report;
	const struct scxtwin_facts *f = &m->facts;
	const struct account_group *system = &m->groups[f->nr_groups];
	struct account_group all = { 0 };
	u32 i;

	for (i = 0; i < f->nr_groups; i++) {
		report_group(&m->groups[i], f->group_name(f->data, i), &r->groups[i]);
		add_group(&all, &m->groups[i]);
	}
	report_group(&all, "all", &r->all);
	report_group(system, "system", &r->groups[f->nr_groups]);
	r->nr_groups = f->nr_groups + (system->nr_tasks || system->nr_wakeups || system->run_ns);
	m->no_memory |= lacks_memory(&all) || lacks_memory(system);
	free_hists(&all);
}

static void report_counts(struct scxtwin_metrics *m)
{
	struct scxtwin_report *r = &m->report;

	r->span_ns = m->now;
	r->nr_events = m->nr_events;
	memcpy(r->nr_kind, m->nr_kind, sizeof(r->nr_kind));
	memcpy(r->nr_op, m->nr_op, sizeof(r->nr_op));
	memcpy(r->nr_kfunc, m->nr_kfunc, sizeof(r->nr_kfunc));
	memcpy(r->scx_events, m->scx_events, sizeof(r->scx_events));
	r->nr_cpus = m->facts.nr_cpus;
}

const struct scxtwin_report *scxtwin_metrics_finish(struct scxtwin_metrics *m, u64 end_ns,
						    struct scxtwin_error *err)
{
	BUG_ON(m->finished);
	m->finished = true;
	advance(m, end_ns);
	conservation_finish(&m->conservation, end_ns);
	account_for_each(m, close_task);
	report_counts(m);
	report_groups(m);
	usage_report(m);
	fairness_report(m);
	m->report.conservation = m->conservation.result;
	if (depth_report(&m->depth, end_ns, &m->report.dsqs, &m->report.nr_dsqs) || m->no_memory ||
	    m->conservation.no_memory) {
		error_no_memory(err);
		return NULL;
	}
	return &m->report;
}

void scxtwin_metrics_free(struct scxtwin_metrics *m)
{
	u32 i;

	if (!m)
		return;
	for (i = 0; m->groups && i <= m->facts.nr_groups; i++)
		free_hists(&m->groups[i]);
	account_free_tasks(m);
	conservation_free(&m->conservation);
	depth_free(&m->depth);
	free(m->cpus);
	free(m->groups);
	free(m->report.cpus);
	free(m->report.groups);
	free(m->report.dsqs);
	free(m->origin);
	free(m);
}
