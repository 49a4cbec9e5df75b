/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stop class: one task per CPU, above everything, never preempted. What it
 * is asked to do is in stopper.c.
 */
#include "sched/account.h"
#include "sched/sched.h"

static bool stop_runnable(const struct rq *rq)
{
	return rq->stop && task_on_rq_queued(rq->stop);
}

static void update_curr_stop(struct rq *rq)
{
	account_exec(rq, rq->curr);
}

static void enqueue_task_stop(struct rq *rq, struct task_struct *p, int flags)
{
	(void)flags;
	lockdep_assert_rq_held(rq);
	BUG_ON(p != rq->stop);
	add_nr_running(rq, 1);
}

static bool dequeue_task_stop(struct rq *rq, struct task_struct *p, int flags)
{
	(void)flags;
	lockdep_assert_rq_held(rq);
	BUG_ON(p != rq->stop);
	sub_nr_running(rq, 1);
	return true;
}

static void yield_task_stop(struct rq *rq)
{
	(void)rq;
	BUG(); /* a stop task has nobody to yield to */
}

static void wakeup_preempt_stop(struct rq *rq, struct task_struct *p, int flags)
{
	(void)rq;
	(void)p;
	(void)flags;
}

static bool balance_stop(struct rq *rq, struct task_struct *prev)
{
	(void)prev;
	return stop_runnable(rq);
}

static struct task_struct *pick_task_stop(struct rq *rq)
{
	lockdep_assert_rq_held(rq);
	return stop_runnable(rq) ? rq->stop : NULL;
}

static void put_prev_task_stop(struct rq *rq, struct task_struct *p, struct task_struct *next)
{
	(void)next;
	BUG_ON(p != rq->stop);
	account_exec(rq, p);
}

static void set_next_task_stop(struct rq *rq, struct task_struct *p, bool first)
{
	(void)first;
	BUG_ON(p != rq->stop);
	account_start(rq, p);
}

static int select_task_rq_stop(struct task_struct *p, int prev_cpu, int wake_flags)
{
	(void)prev_cpu;
	(void)wake_flags;
	return task_cpu(p); /* stop tasks never migrate */
}

static void task_tick_stop(struct rq *rq, struct task_struct *p)
{
	(void)rq;
	(void)p;
}

static u64 first_tick_stop(struct rq *rq, struct task_struct *p)
{
	(void)rq;
	(void)p;
	return UINT64_MAX;
}

static void switching_to_stop(struct rq *rq, struct task_struct *p)
{
	(void)rq;
	(void)p;
	BUG(); /* nobody becomes a stop task later in life */
}

static void prio_changed_stop(struct rq *rq, struct task_struct *p, int old_prio)
{
	(void)rq;
	BUG_ON(p->prio != old_prio);
}

const struct sched_class stop_sched_class = {
	.name = "stop",
	.rank = 5,
	.enqueue_task = enqueue_task_stop,
	.dequeue_task = dequeue_task_stop,
	.yield_task = yield_task_stop,
	.wakeup_preempt = wakeup_preempt_stop,
	.balance = balance_stop,
	.pick_task = pick_task_stop,
	.put_prev_task = put_prev_task_stop,
	.set_next_task = set_next_task_stop,
	.select_task_rq = select_task_rq_stop,
	.task_tick = task_tick_stop,
	.update_curr = update_curr_stop,
	.switching_to = switching_to_stop,
	.prio_changed = prio_changed_stop,
	.first_tick = first_tick_stop,
};
