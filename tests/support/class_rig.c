/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/class_rig.h"

#include <stdio.h>
#include <string.h>

#include "machine/context.h"

static const struct sched_class *const by_rank[] = {
	&stop_sched_class, &dl_sched_class, &rt_sched_class, &fair_sched_class, &idle_sched_class,
};
#define NR_CLASSES (sizeof(by_rank) / sizeof(by_rank[0]))

void rig_on_cpu(int cpu)
{
	machine()->current = mcpu(cpu)->ctx;
}

void rig_start(struct rig *rig, u32 nr_cpus, u32 cores_per_llc)
{
	struct machine_config cfg;

	memset(rig, 0, sizeof(*rig));
	rig->next_pid = 1000;
	this_sim = &rig->sim;
	this_sim->arena = arena_new(0xa5);
	BUG_ON(!this_sim->arena);
	event_log_init(&rig->log);
	this_sim->events = &rig->log;
	machine_config_default(&cfg);
	cfg.nr_cpus = nr_cpus;
	cfg.cores_per_llc = cores_per_llc;
	BUG_ON(machine_init(&cfg, &sched_machine_hooks, NULL));
	rig_on_cpu(0);
	BUG_ON(sched_init(NULL));
	rig->no_tick_before = arena_calloc(this_sim->arena, nr_cpus, sizeof(u64));
	BUG_ON(!rig->no_tick_before);
}

void rig_stop(struct rig *rig)
{
	sched_destroy();
	machine_destroy();
	arena_free(rig->sim.arena);
	this_sim = NULL;
}

struct task_struct *rig_task(struct rig *rig, u32 policy, int prio)
{
	struct task_core *t = arena_zalloc(this_sim->arena, sizeof(*t));
	struct task_struct *p = &t->task;
	const bool rt = policy == SCHED_FIFO || policy == SCHED_RR;

	BUG_ON(!t);
	raw_spin_lock_init(&t->pi_lock, LOCK_CLASS_PI, 0, "pi_lock");
	p->pid = p->tgid = rig->next_pid++;
	snprintf(p->comm, sizeof(p->comm), "task%d", p->pid);
	p->__state = TASK_INTERRUPTIBLE;
	p->policy = policy;
	p->static_prio = NICE_TO_PRIO(rt ? 0 : prio);
	p->rt_priority = rt ? (u32)prio : 0;
	p->prio = p->normal_prio = rt ? MAX_RT_PRIO - 1 - prio : p->static_prio;
	p->sched_class = rt ? &rt_sched_class : &fair_sched_class;
	p->cpus_mask = p->cpus_ptr = cpumask_intern(cpu_possible_mask());
	p->nr_cpus_allowed = (s32)nr_cpu_ids();
	return p;
}

struct task_struct *rig_deadline_task(struct rig *rig, u64 deadline_ns)
{
	struct task_struct *p = rig_task(rig, SCHED_DEADLINE, 0);

	p->sched_class = &dl_sched_class;
	p->prio = p->normal_prio = -1;
	core_of(p)->dl_deadline = core_of(p)->dl_period = deadline_ns;
	return p;
}

static struct rq *lock_rq(int cpu)
{
	struct rq *rq = cpu_rq(cpu);

	raw_spin_rq_lock(rq);
	update_rq_clock(rq);
	return rq;
}

static void note_switch(struct rig *rig, const struct rq *rq, const struct task_struct *next)
{
	const u64 what = this_sim->now * 4096 + (u64)rq->cpu * 1048583 + (u64)next->pid;

	rig->nr_switches++;
	rig->history = (rig->history ^ what) * 0x9e3779b97f4a7c15ULL;
	rig->history ^= rig->history >> 29;
}

/* Balance and pick as SCHED-11 and SCHED-12, the switch as SCHED-19 to SCHED-21. */
static void pass(struct rig *rig, struct rq *rq)
{
	struct task_struct *prev = rq->curr, *next = NULL;

	for (size_t i = 0; i < NR_CLASSES; i++)
		if (!sched_class_above(by_rank[i], prev->sched_class) && by_rank[i]->balance &&
		    by_rank[i]->balance(rq, prev))
			break;
	for (size_t i = 0; i < NR_CLASSES && !next; i++)
		next = by_rank[i]->pick_task(rq);
	if (next != prev) {
		prev->sched_class->put_prev_task(rq, prev, next);
		next->sched_class->set_next_task(rq, next, true);
	}
	rq->next_class = next->sched_class;
	prev->need_resched = false;
	if (next == prev)
		return;
	next->on_cpu = 1;
	prev->on_cpu = 0;
	rq->curr = next;
	note_switch(rig, rq, next);
}

void rig_schedule(struct rig *rig, int cpu)
{
	struct rq *rq = cpu_rq(cpu);

	if (!rq->curr->need_resched)
		return;
	rig_on_cpu(cpu);
	lock_rq(cpu);
	pass(rig, rq);
	raw_spin_rq_unlock(rq);
}

/* A move may have made a pass due anywhere. */
static void schedule_all(struct rig *rig)
{
	for (int cpu = 0; cpu < (int)nr_cpu_ids(); cpu++)
		rig_schedule(rig, cpu);
}

void rig_wake_on(struct rig *rig, struct task_struct *p, int cpu)
{
	struct rq *rq = lock_rq(cpu);

	BUG_ON(p->on_rq);
	p->cpu = p->wake_cpu = cpu;
	activate_task(rq, p, ENQUEUE_WAKEUP | ENQUEUE_NOCLOCK);
	wakeup_preempt(rq, p, WF_TTWU);
	p->__state = TASK_RUNNING;
	raw_spin_rq_unlock(rq);
	schedule_all(rig);
}

void rig_wake(struct rig *rig, struct task_struct *p)
{
	rig_wake_on(rig, p, p->sched_class->select_task_rq(p, p->cpu, WF_TTWU));
}

void rig_block(struct rig *rig, struct task_struct *p)
{
	struct rq *rq;

	rig_on_cpu(p->cpu);
	rq = lock_rq(p->cpu);
	BUG_ON(rq->curr != p);
	p->__state = TASK_INTERRUPTIBLE;
	dequeue_task(rq, p, DEQUEUE_SLEEP | DEQUEUE_NOCLOCK);
	p->on_rq = 0;
	pass(rig, rq);
	raw_spin_rq_unlock(rq);
	schedule_all(rig);
}

void rig_yield(struct rig *rig, int cpu)
{
	struct rq *rq;

	rig_on_cpu(cpu);
	rq = lock_rq(cpu);
	rq->curr->sched_class->yield_task(rq);
	pass(rig, rq);
	raw_spin_rq_unlock(rq);
}

/* HOOK-08 */
void rig_set_nice(struct rig *rig, struct task_struct *p, int nice)
{
	struct rq *rq = lock_rq(p->cpu);
	const bool queued = task_on_rq_queued(p), running = task_current(rq, p);
	const int old_prio = p->prio;

	if (queued)
		dequeue_task(rq, p, DEQUEUE_SAVE | DEQUEUE_NOCLOCK);
	if (running)
		put_prev_task(rq, p);
	p->static_prio = p->normal_prio = p->prio = NICE_TO_PRIO(nice);
	p->sched_class->reweight_task(rq, p);
	if (queued)
		enqueue_task(rq, p, ENQUEUE_RESTORE | ENQUEUE_NOCLOCK);
	if (running)
		set_next_task(rq, p);
	p->sched_class->prio_changed(rq, p, old_prio);
	raw_spin_rq_unlock(rq);
	schedule_all(rig);
}

static u64 next_tick(const struct rig *rig, int cpu)
{
	struct rq *rq = cpu_rq(cpu);
	const u64 next = machine_tick_at_or_after(cpu, rig->no_tick_before[cpu]);
	u64 first;

	if (rig->every_tick)
		return next;
	first = rq->curr->sched_class->first_tick(rq, rq->curr);
	if (first == UINT64_MAX)
		return UINT64_MAX;
	return first <= next ? next : machine_tick_at_or_after(cpu, first);
}

static void tick(struct rig *rig, int cpu)
{
	struct rq *rq;

	/* Ticks of one instant come in the order of CPUs. */
	for (int before = 0; before <= cpu; before++)
		rig->no_tick_before[before] = this_sim->now + 1;
	rig_on_cpu(cpu);
	rq = lock_rq(cpu);
	rig->nr_ticks++;
	rq->curr->sched_class->task_tick(rq, rq->curr);
	raw_spin_rq_unlock(rq);
	schedule_all(rig);
}

void rig_run_until(struct rig *rig, u64 time)
{
	for (;;) {
		u64 soonest = UINT64_MAX;
		int cpu_of_soonest = 0;

		for (int cpu = 0; cpu < (int)nr_cpu_ids(); cpu++) {
			const u64 next = next_tick(rig, cpu);

			if (next < soonest) {
				soonest = next;
				cpu_of_soonest = cpu;
			}
		}
		if (soonest > time)
			break;
		this_sim->now = soonest;
		tick(rig, cpu_of_soonest);
	}
	this_sim->now = time;
	for (int cpu = 0; cpu < (int)nr_cpu_ids(); cpu++) {
		struct rq *rq = lock_rq(cpu);

		rig->no_tick_before[cpu] = time + 1;
		rq->curr->sched_class->update_curr(rq);
		raw_spin_rq_unlock(rq);
	}
}
