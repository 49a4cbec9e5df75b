/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The idle class: one task per CPU, always runnable, counted nowhere. Its three
 * transitions are what built-in idle tracking and ops.update_idle see (20.3).
 */
#include "ext/ext.h"
#include "sched/account.h"
#include "sched/balance.h"

static void update_curr_idle(struct rq *rq)
{
	(void)rq; /* idle time is nobody's run time */
}

static void enqueue_task_idle(struct rq *rq, struct task_struct *p, int flags)
{
	(void)rq;
	(void)p;
	(void)flags;
	BUG(); /* the idle task is never off the queue */
}

static bool dequeue_task_idle(struct rq *rq, struct task_struct *p, int flags)
{
	(void)rq;
	(void)p;
	(void)flags;
	BUG(); /* the idle task may not block */
}

static void wakeup_preempt_idle(struct rq *rq, struct task_struct *p, int flags)
{
	(void)p;
	(void)flags;
	lockdep_assert_rq_held(rq);
	resched_curr(rq); /* CORE-28 */
}

static bool balance_idle(struct rq *rq, struct task_struct *prev)
{
	(void)prev;
	BUG_ON(!rq->idle);
	return true;
}

static struct task_struct *pick_task_idle(struct rq *rq)
{
	lockdep_assert_rq_held(rq);
	BUG_ON(!rq->idle);
	/* Otherwise set_next_task_idle() follows and tells once: IDLE-12, IDLE-17. */
	if (rq_is_idle(rq))
		scx_update_idle(rq, true, false);
	return rq->idle;
}

static void put_prev_task_idle(struct rq *rq, struct task_struct *p, struct task_struct *next)
{
	(void)next;
	lockdep_assert_rq_held(rq);
	BUG_ON(p != rq->idle);
	balance_mark(rq, balance_state()->idle, false);
	scx_update_idle(rq, false, true);
}

static void set_next_task_idle(struct rq *rq, struct task_struct *p, bool first)
{
	(void)first;
	lockdep_assert_rq_held(rq);
	BUG_ON(p != rq->idle);
	account_start(rq, p);
	balance_mark(rq, balance_state()->idle, true);
	scx_update_idle(rq, true, true);
}

static int select_task_rq_idle(struct task_struct *p, int prev_cpu, int wake_flags)
{
	(void)prev_cpu;
	(void)wake_flags;
	return task_cpu(p);
}

static void task_tick_idle(struct rq *rq, struct task_struct *p)
{
	(void)rq;
	(void)p;
}

static u64 first_tick_idle(struct rq *rq, struct task_struct *p)
{
	(void)rq;
	(void)p;
	return UINT64_MAX; /* TCK-02 */
}

static void switching_to_idle(struct rq *rq, struct task_struct *p)
{
	(void)rq;
	(void)p;
	BUG();
}

static void prio_changed_idle(struct rq *rq, struct task_struct *p, int old_prio)
{
	(void)rq;
	(void)p;
	(void)old_prio;
	BUG();
}

const struct sched_class idle_sched_class = {
	.name = "idle",
	.rank = 0,
	.enqueue_task = enqueue_task_idle,
	.dequeue_task = dequeue_task_idle,
	.wakeup_preempt = wakeup_preempt_idle,
	.balance = balance_idle,
	.pick_task = pick_task_idle,
	.put_prev_task = put_prev_task_idle,
	.set_next_task = set_next_task_idle,
	.select_task_rq = select_task_rq_idle,
	.task_tick = task_tick_idle,
	.update_curr = update_curr_idle,
	.switching_to = switching_to_idle,
	.prio_changed = prio_changed_idle,
	.first_tick = first_tick_idle,
};
