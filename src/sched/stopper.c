/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The per-CPU stop tasks and the work they are given; balance-push, which a
 * dying CPU uses to get rid of its tasks.
 */
#include "sched/core.h"

#include <stdio.h>

struct cpu_stopper {
	struct task_core *task;
	struct list_head works;
	raw_spinlock_t lock;
	struct cpu_stop_work push_work;
	struct task_struct *pushed;
};

static enum user_action stopper_next(struct task_core *t)
{
	struct cpu_stopper *st = t->program;
	struct cpu_stop_work *work;

	local_irq_disable();
	raw_spin_lock(&st->lock);
	work = list_first_entry_or_null(&st->works, struct cpu_stop_work, node);
	if (work)
		list_del_init(&work->node);
	else
		t->task.__state = TASK_INTERRUPTIBLE;
	raw_spin_unlock(&st->lock);
	local_irq_enable();
	if (!work)
		return USER_BLOCK;
	work->fn(work->arg);
	return USER_AGAIN;
}

static const struct user_ops stopper_user_ops = { .next = stopper_next };

bool stop_one_cpu_nowait(int cpu, struct cpu_stop_work *work)
{
	struct cpu_stopper *st = cpu_rq(cpu)->stopper;
	u64 flags;

	BUG_ON(!work->fn);
	raw_spin_lock_irqsave(&st->lock, flags);
	if (!list_empty(&work->node)) {
		raw_spin_unlock_irqrestore(&st->lock, flags);
		return false;
	}
	list_add_tail(&work->node, &st->works);
	raw_spin_unlock_irqrestore(&st->lock, flags);
	wake_up_process(&st->task->task);
	return true;
}

/* HP-09: the task that ran here goes to a CPU that stays. */
static void push_cpu_stop(void *arg)
{
	struct cpu_stopper *st = arg;
	struct task_struct *p = st->pushed;
	struct rq *rq = this_rq();
	u64 flags;
	int cpu;

	st->pushed = NULL;
	raw_spin_lock_irqsave(&core_of(p)->pi_lock, flags);
	cpu = select_fallback_rq(rq->cpu, p);
	raw_spin_rq_lock(rq);
	update_rq_clock(rq);
	if (task_rq(p) == rq && task_on_rq_queued(p) && is_cpu_allowed(p, cpu))
		rq = move_queued_task(rq, p, cpu);
	raw_spin_rq_unlock(rq);
	raw_spin_unlock_irqrestore(&core_of(p)->pi_lock, flags);
	if (!--core_of(p)->refs)
		task_release(core_of(p));
}

void balance_push(struct rq *rq)
{
	struct cpu_stopper *st = rq->stopper;
	struct task_struct *p = rq->curr;

	lockdep_assert_rq_held(rq);
	BUG_ON(rq != this_rq());
	if (cpu_active(rq->cpu))
		return;
	if ((p->flags & PF_KTHREAD && p->nr_cpus_allowed == 1) || is_migration_disabled(p))
		return; /* idle and stop tasks are such */
	if (st->pushed)
		return;
	st->pushed = p;
	core_of(p)->refs++;
	raw_spin_rq_unlock(rq);
	stop_one_cpu_nowait(rq->cpu, &st->push_work);
	raw_spin_rq_lock(rq);
}

void stopper_init(struct rq *rq)
{
	struct cpu_stopper *st = arena_zalloc(this_sim->arena, sizeof(*st));
	char comm[TASK_COMM_LEN];
	struct task_core *t;

	BUG_ON(!st);
	snprintf(comm, sizeof(comm), "migration/%d", rq->cpu);
	t = task_core_alloc(-2 - rq->cpu, comm);
	INIT_LIST_HEAD(&st->works);
	INIT_LIST_HEAD(&st->push_work.node);
	st->push_work.fn = push_cpu_stop;
	st->push_work.arg = st;
	raw_spin_lock_init(&st->lock, LOCK_CLASS_LEAF, (u16)rq->cpu, "stopper_lock");
	st->task = t;
	t->uops = &stopper_user_ops;
	t->program = st;
	t->task.flags = PF_KTHREAD | PF_NO_SETAFFINITY;
	t->task.sched_class = &stop_sched_class;
	t->task.__state = TASK_INTERRUPTIBLE;
	t->task.cpus_mask = t->task.cpus_ptr = cpumask_of(rq->cpu);
	t->task.nr_cpus_allowed = 1;
	t->task.cpu = t->task.wake_cpu = rq->cpu;
	t->task.prio = t->task.normal_prio = 0;
	rq->stop = &t->task;
	rq->stopper = st;
}
