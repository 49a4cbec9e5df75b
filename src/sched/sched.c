/* SPDX-License-Identifier: GPL-2.0-only */
/* Set-up of run queues, idle and stop tasks. */
#include "sched/sched.h"

#include <stdio.h>

#include "base/idmap.h"
#include "ext/ext.h"
#include "sched/balance.h"
#include "sched/core.h"

#define FIRST_PID 2

/* Both carry out the wake list: it comes before the reschedule at one instant. */
static void resched_arrived(struct mevent *ev)
{
	sched_ttwu_pending(container_of(ev, struct rq, resched_ipi));
}

static void wakelist_arrived(struct mevent *ev)
{
	sched_ttwu_pending(container_of(ev, struct rq, wakelist_ipi));
}

static void init_rt_rq(struct rt_rq *rt)
{
	int prio;

	for (prio = 0; prio < MAX_RT_PRIO; prio++)
		INIT_LIST_HEAD(&rt->queue[prio]);
}

static void init_idle(struct rq *rq)
{
	char comm[TASK_COMM_LEN];
	struct task_core *t;
	struct task_struct *p;

	snprintf(comm, sizeof(comm), "swapper/%d", rq->cpu);
	t = task_core_alloc(0, comm);
	p = &t->task;
	p->flags = PF_IDLE | PF_KTHREAD;
	p->sched_class = &idle_sched_class;
	p->__state = TASK_RUNNING;
	p->cpus_mask = p->cpus_ptr = cpumask_of(rq->cpu);
	p->nr_cpus_allowed = 1;
	p->cpu = p->wake_cpu = rq->cpu;
	p->on_rq = TASK_ON_RQ_QUEUED;
	p->on_cpu = 1;
	rq->idle = rq->curr = p;
}

static void init_rq(struct rq *rq, int cpu)
{
	rq->cpu = cpu;
	raw_spin_lock_init(&rq->__lock, LOCK_CLASS_RQ, (u16)cpu, "rq_lock");
	rq->next_class = &idle_sched_class; /* CORE-20 */
	rq->online = true;
	INIT_LIST_HEAD(&rq->wake_list);
	init_rt_rq(&rq->rt);
	mevent_init(&rq->resched_ipi, RANK_IPI, cpu, resched_arrived, "resched_ipi");
	mevent_init(&rq->wakelist_ipi, RANK_IPI, cpu, wakelist_arrived, "wakelist_ipi");
	tick_init(rq);
	user_init_rq(rq);
	scx_init_rq(rq);
	init_idle(rq);
	stopper_init(rq);
}

static struct task_core *make_init_task(void)
{
	struct task_core *t = task_core_alloc(1, "init");

	t->task.sched_class = &fair_sched_class;
	t->task.__state = TASK_INTERRUPTIBLE;
	return t;
}

int sched_init(struct scxtwin_error *err)
{
	struct core_sched *cs = arena_zalloc(this_sim->arena, sizeof(*cs));
	u32 cpu;
	int ret;

	if (!cs)
		return SCXTWIN_EINTERNAL;
	this_sim->sched = cs;
	cs->rq_stride = (sizeof(struct rq) + 63) & ~63U;
	cs->rqs = arena_calloc(this_sim->arena, nr_cpu_ids(), cs->rq_stride);
	cs->pids = arena_zalloc(this_sim->arena, sizeof(*cs->pids));
	if (!cs->rqs || !cs->pids)
		return SCXTWIN_EINTERNAL;
	cs->pids->arena = sim_restorable_arena();
	pool_init(&cs->tasks_pool, this_sim->arena, sizeof(struct task_core));
	pool_init(&cs->requests, this_sim->arena, sizeof(struct migration_arg));
	INIT_LIST_HEAD(&cs->tasks);
	cs->next_pid = FIRST_PID;
	cs->autogroup = true;
	cs->all_cpus = cpumask_intern(cpu_possible_mask());
	ret = scx_init(err);
	if (ret)
		return ret;
	for (cpu = 0; cpu < nr_cpu_ids(); cpu++)
		init_rq(cpu_rq((int)cpu), (int)cpu);
	cs->init_task = make_init_task();
	return balance_init() ? SCXTWIN_EINTERNAL : 0;
}

void sched_destroy(void)
{
	if (core_sched() && core_sched()->pids)
		idmap_free(core_sched()->pids);
}
