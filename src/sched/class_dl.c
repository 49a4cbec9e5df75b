/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The deadline class, a small model: earliest deadline first, no admission and
 * no bandwidth limit. A wakeup sets the deadline, dl_deadline ns ahead; a task
 * that goes on past its deadline keeps it and so stays urgent. The running task
 * stays in the tree.
 */
#include "sched/account.h"
#include "sched/balance.h"

#define task_of_dl(node) (&rb_entry((node), struct task_core, dl_node)->task)

static bool is_dl(const struct task_struct *p)
{
	return p->sched_class == &dl_sched_class;
}

static bool earlier(const struct task_struct *a, const struct task_struct *b)
{
	return core_of(a)->dl_abs_deadline < core_of(b)->dl_abs_deadline;
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
	return earlier(task_of_dl(a), task_of_dl(b));
}

static void set_nr_running(struct rq *rq, u32 nr)
{
	WRITE_ONCE(rq->dl.nr_running, nr);
	balance_mark_realtime(rq);
}

static void new_deadline(struct rq *rq, struct task_struct *p)
{
	core_of(p)->dl_abs_deadline = rq->clock + core_of(p)->dl_deadline;
}

static void update_curr_dl(struct rq *rq)
{
	if (is_dl(rq->curr))
		account_exec(rq, rq->curr);
}

static void enqueue_task_dl(struct rq *rq, struct task_struct *p, int flags)
{
	lockdep_assert_rq_held(rq);
	if (flags & (ENQUEUE_WAKEUP | ENQUEUE_INITIAL | ENQUEUE_CLASS))
		new_deadline(rq, p);
	rb_add(&core_of(p)->dl_node, &rq->dl.tasks, less);
	set_nr_running(rq, rq->dl.nr_running + 1);
	add_nr_running(rq, 1);
}

static bool dequeue_task_dl(struct rq *rq, struct task_struct *p, int flags)
{
	(void)flags;
	lockdep_assert_rq_held(rq);
	BUG_ON(!rq->dl.nr_running);
	if (task_current(rq, p))
		account_exec(rq, p);
	rb_erase(&core_of(p)->dl_node, &rq->dl.tasks);
	set_nr_running(rq, rq->dl.nr_running - 1);
	sub_nr_running(rq, 1);
	return true;
}

/* The work of this period is done: come back with the deadline of the next one. */
static void yield_task_dl(struct rq *rq)
{
	struct task_core *t = core_of(rq->curr);

	lockdep_assert_rq_held(rq);
	rb_erase(&t->dl_node, &rq->dl.tasks);
	t->dl_abs_deadline += t->dl_period ? t->dl_period : t->dl_deadline;
	rb_add(&t->dl_node, &rq->dl.tasks, less);
}

static void wakeup_preempt_dl(struct rq *rq, struct task_struct *p, int flags)
{
	(void)flags;
	lockdep_assert_rq_held(rq);
	if (is_dl(p) && is_dl(rq->curr) && earlier(p, rq->curr))
		resched_curr(rq);
}

static bool balance_dl(struct rq *rq, struct task_struct *prev)
{
	(void)prev;
	lockdep_assert_rq_held(rq);
	return rq->dl.nr_running || (rq->stop && task_on_rq_queued(rq->stop));
}

static struct task_struct *pick_task_dl(struct rq *rq)
{
	lockdep_assert_rq_held(rq);
	if (!rq->dl.nr_running)
		return NULL;
	return task_of_dl(rb_first(&rq->dl.tasks));
}

static void put_prev_task_dl(struct rq *rq, struct task_struct *p, struct task_struct *next)
{
	(void)next;
	account_exec(rq, p);
}

static void set_next_task_dl(struct rq *rq, struct task_struct *p, bool first)
{
	(void)first;
	BUG_ON(!is_dl(p));
	account_start(rq, p);
}

/* prev_cpu unless a deadline task is there: then the nearest CPU without real time tasks. */
static int select_task_rq_dl(struct task_struct *p, int prev_cpu, int wake_flags)
{
	const struct cpu_search search = {
		.wanted = balance_state()->no_realtime,
		.allowed = p->cpus_ptr,
		.from = prev_cpu,
		.reach = REACH_MACHINE,
	};
	int cpu;

	(void)wake_flags;
	if (is_cpu_allowed(p, prev_cpu) && !READ_ONCE(cpu_rq(prev_cpu)->dl.nr_running))
		return prev_cpu;
	cpu = find_idle_cpu(p, prev_cpu, REACH_MACHINE);
	if (cpu < 0)
		cpu = find_cpu(&search);
	return cpu < 0 ? prev_cpu : cpu;
}

static void task_tick_dl(struct rq *rq, struct task_struct *p)
{
	account_exec(rq, p);
}

static u64 first_tick_dl(struct rq *rq, struct task_struct *p)
{
	(void)rq;
	(void)p;
	return UINT64_MAX;
}

static void prio_changed_dl(struct rq *rq, struct task_struct *p, int old_prio)
{
	(void)old_prio;
	lockdep_assert_rq_held(rq);
	/* The deadline may be another one even so. */
	if (!task_on_rq_queued(p))
		return;
	if (!is_dl(rq->curr) || earlier(task_of_dl(rb_first(&rq->dl.tasks)), rq->curr))
		resched_curr(rq);
}

const struct sched_class dl_sched_class = {
	.name = "dl",
	.rank = 4,
	.enqueue_task = enqueue_task_dl,
	.dequeue_task = dequeue_task_dl,
	.yield_task = yield_task_dl,
	.wakeup_preempt = wakeup_preempt_dl,
	.balance = balance_dl,
	.pick_task = pick_task_dl,
	.put_prev_task = put_prev_task_dl,
	.set_next_task = set_next_task_dl,
	.select_task_rq = select_task_rq_dl,
	.task_tick = task_tick_dl,
	.update_curr = update_curr_dl,
	.prio_changed = prio_changed_dl,
	.first_tick = first_tick_dl,
};
