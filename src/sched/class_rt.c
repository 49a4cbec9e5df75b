/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real time class: a queue per priority, first in first out; round robin
 * tasks go to the tail of theirs when their slice is over. No bandwidth limit
 * (SRV-08). The running task stays on its queue.
 *
 * Round robin slices end at whole multiples from the first one: who looks, and
 * how often, moves no end, so that a tick which finds no peer has no effect.
 */
#include "sched/account.h"
#include "sched/balance.h"

#define RR_SLICE_NS	(100 * NSEC_PER_MSEC)
#define PULL_TRIES	32	/* waiting tasks looked at for one that may move */

static void mark(struct rt_rq *rt, int prio, bool on)
{
	const u64 bit = 1ULL << (prio % 64);

	if (on)
		rt->bitmap[prio / 64] |= bit;
	else
		rt->bitmap[prio / 64] &= ~bit;
}

/* The best priority that has a task; MAX_RT_PRIO if there is none. */
static int best_prio(const struct rt_rq *rt)
{
	if (rt->bitmap[0])
		return __builtin_ctzll(rt->bitmap[0]);
	if (rt->bitmap[1])
		return 64 + __builtin_ctzll(rt->bitmap[1]);
	return MAX_RT_PRIO;
}

static bool is_rt(const struct task_struct *p)
{
	return p->sched_class == &rt_sched_class;
}

static struct list_head *queue_of(struct rq *rq, const struct task_struct *p)
{
	BUG_ON(p->prio < 0 || p->prio >= MAX_RT_PRIO);
	return &rq->rt.queue[p->prio];
}

static void set_nr_running(struct rq *rq, u32 nr)
{
	WRITE_ONCE(rq->rt.nr_running, nr);
	balance_mark(rq, balance_state()->rt_overloaded, nr > 1);
	balance_mark_realtime(rq);
}

static u64 slice_used(const struct task_struct *p)
{
	BUG_ON(p->sum_exec_runtime < core_of(p)->rr_began);
	return p->sum_exec_runtime - core_of(p)->rr_began;
}

/* Leaves behind the slices that are over. */
static void renew_slice(struct task_struct *p)
{
	core_of(p)->rr_began += slice_used(p) / RR_SLICE_NS * RR_SLICE_NS;
	BUG_ON(slice_used(p) >= RR_SLICE_NS);
}

static bool has_peers(struct rq *rq, const struct task_struct *p)
{
	const struct list_head *queue = queue_of(rq, p);

	return queue->next != queue->prev;
}

/* Slices that ended without a peer are over and done with. */
static void forget_lonely_slices(struct rq *rq, struct task_struct *p)
{
	if (!has_peers(rq, p))
		renew_slice(p);
}

static void update_curr_rt(struct rq *rq)
{
	if (is_rt(rq->curr))
		account_exec(rq, rq->curr);
}

/* SAVE without MOVE keeps the place in the queue. */
static bool leaves_queue(int flags)
{
	return (flags & (DEQUEUE_SAVE | DEQUEUE_MOVE)) != DEQUEUE_SAVE || flags & DEQUEUE_CLASS;
}

static void enqueue_task_rt(struct rq *rq, struct task_struct *p, int flags)
{
	struct task_core *t = core_of(p);

	lockdep_assert_rq_held(rq);
	if (is_rt(rq->curr) && rq->curr != p) {
		account_exec(rq, rq->curr);
		forget_lonely_slices(rq, rq->curr);
	}
	if (leaves_queue(flags)) {
		if (flags & ENQUEUE_HEAD)
			list_add(&t->rt_node, queue_of(rq, p));
		else
			list_add_tail(&t->rt_node, queue_of(rq, p));
		mark(&rq->rt, p->prio, true);
	}
	BUG_ON(list_empty(queue_of(rq, p)));
	set_nr_running(rq, rq->rt.nr_running + 1);
	add_nr_running(rq, 1);
	if (is_rt(rq->curr) && rq->curr != p)
		tick_reconsider(rq);
}

static bool dequeue_task_rt(struct rq *rq, struct task_struct *p, int flags)
{
	lockdep_assert_rq_held(rq);
	BUG_ON(!rq->rt.nr_running);
	if (task_current(rq, p))
		account_exec(rq, p);
	if (leaves_queue(flags)) {
		list_del_init(&core_of(p)->rt_node);
		if (list_empty(queue_of(rq, p)))
			mark(&rq->rt, p->prio, false);
	}
	set_nr_running(rq, rq->rt.nr_running - 1);
	sub_nr_running(rq, 1);
	return true;
}

static void requeue_tail(struct rq *rq, struct task_struct *p)
{
	lockdep_assert_rq_held(rq);
	list_move_tail(&core_of(p)->rt_node, queue_of(rq, p));
}

static void yield_task_rt(struct rq *rq)
{
	requeue_tail(rq, rq->curr);
}

static void wakeup_preempt_rt(struct rq *rq, struct task_struct *p, int flags)
{
	(void)flags;
	lockdep_assert_rq_held(rq);
	if (is_rt(p) && p->prio < rq->curr->prio)
		resched_curr(rq);
}

/* The best task of src that waits and may come to dst; NULL if none was found. */
static struct task_struct *pullable_task(struct rq *src, struct rq *dst)
{
	u32 tries = PULL_TRIES;
	struct task_core *t;

	for (int prio = best_prio(&src->rt); prio < MAX_RT_PRIO; prio++) {
		list_for_each_entry(t, &src->rt.queue[prio], rt_node) {
			if (can_move_queued_task(src, &t->task, dst))
				return &t->task;
			if (!--tries)
				return NULL;
		}
	}
	return NULL;
}

struct pull_search {
	int cpu, prio;
};

/* Notes the CPU that runs the most urgent rt work; others may wait behind it. */
static bool note_best_rt(int cpu, void *data)
{
	struct pull_search *best = data;
	const int prio = READ_ONCE(cpu_rq(cpu)->curr)->prio;

	if (cpu != best->cpu && prio < best->prio)
		*best = (struct pull_search){ cpu, prio };
	return false;
}

/* rq would leave the class: take over an rt task that waits elsewhere. */
static void pull_rt_task(struct rq *rq)
{
	struct pull_search best = { rq->cpu, MAX_RT_PRIO };
	const struct cpu_search search = {
		.wanted = balance_state()->rt_overloaded,
		.allowed = cpu_possible_mask(),
		.from = rq->cpu,
		.reach = REACH_MACHINE,
		.accept = note_best_rt,
		.data = &best,
	};
	struct task_struct *p;
	struct rq *src;

	find_cpu(&search);
	if (best.cpu == rq->cpu)
		return;
	src = cpu_rq(best.cpu);
	double_lock_balance(rq, src);
	p = pullable_task(src, rq);
	if (p)
		move_queued_task_locked(src, p, rq);
	double_unlock_balance(rq, src);
}

static bool balance_rt(struct rq *rq, struct task_struct *prev)
{
	(void)prev;
	lockdep_assert_rq_held(rq);
	if (!rq->rt.nr_running && cpu_active(rq->cpu))
		pull_rt_task(rq);
	/* The lock may have been dropped: a higher class counts as well. */
	return rq->rt.nr_running || rq->dl.nr_running ||
	       (rq->stop && task_on_rq_queued(rq->stop));
}

static struct task_struct *pick_task_rt(struct rq *rq)
{
	lockdep_assert_rq_held(rq);
	if (!rq->rt.nr_running)
		return NULL;
	return &list_first_entry(&rq->rt.queue[best_prio(&rq->rt)], struct task_core, rt_node)->task;
}

static void put_prev_task_rt(struct rq *rq, struct task_struct *p, struct task_struct *next)
{
	(void)next;
	account_exec(rq, p);
	forget_lonely_slices(rq, p);
}

static void set_next_task_rt(struct rq *rq, struct task_struct *p, bool first)
{
	(void)first;
	BUG_ON(!is_rt(p));
	account_start(rq, p);
	forget_lonely_slices(rq, p);
	if (task_current(rq, p))
		tick_reconsider(rq);
}

static bool runs_less_urgent(int cpu, const struct task_struct *p)
{
	const struct task_struct *curr = READ_ONCE(cpu_rq(cpu)->curr);

	return sched_class_above(p->sched_class, curr->sched_class) ||
	       (is_rt(curr) && p->prio < curr->prio);
}

/*
 * prev_cpu if p gets it at once; else the nearest idle CPU, else the nearest
 * without real time tasks. Everywhere busy: prev_cpu, and p waits there until
 * somebody pulls it.
 */
static int select_task_rq_rt(struct task_struct *p, int prev_cpu, int wake_flags)
{
	const struct cpu_search search = {
		.wanted = balance_state()->no_realtime,
		.allowed = p->cpus_ptr,
		.from = prev_cpu,
		.reach = REACH_MACHINE,
	};
	int cpu;

	(void)wake_flags;
	if (is_cpu_allowed(p, prev_cpu) && runs_less_urgent(prev_cpu, p))
		return prev_cpu;
	cpu = find_idle_cpu(p, prev_cpu, REACH_MACHINE);
	if (cpu < 0)
		cpu = find_cpu(&search);
	return cpu < 0 ? prev_cpu : cpu;
}

static void task_tick_rt(struct rq *rq, struct task_struct *p)
{
	bool slice_over;

	lockdep_assert_rq_held(rq);
	account_exec(rq, p);
	if (p->policy != SCHED_RR)
		return;
	slice_over = slice_used(p) >= RR_SLICE_NS;
	renew_slice(p);
	if (slice_over && has_peers(rq, p)) {
		requeue_tail(rq, p);
		resched_curr(rq);
	}
}

static u64 first_tick_rt(struct rq *rq, struct task_struct *p)
{
	if (p->policy != SCHED_RR || !task_on_rq_queued(p) || !has_peers(rq, p))
		return UINT64_MAX;
	if (slice_used(p) >= RR_SLICE_NS)
		return p->exec_start;
	return p->exec_start + (RR_SLICE_NS - slice_used(p));
}

static void switching_to_rt(struct rq *rq, struct task_struct *p)
{
	(void)rq;
	core_of(p)->rr_began = p->sum_exec_runtime;
}

static void prio_changed_rt(struct rq *rq, struct task_struct *p, int old_prio)
{
	lockdep_assert_rq_held(rq);
	if (!task_on_rq_queued(p))
		return;
	if (task_current(rq, p)) {
		if (p->prio > old_prio && best_prio(&rq->rt) < p->prio)
			resched_curr(rq);
	} else if (p->prio < rq->curr->prio) {
		resched_curr(rq);
	}
}

const struct sched_class rt_sched_class = {
	.name = "rt",
	.rank = 3,
	.enqueue_task = enqueue_task_rt,
	.dequeue_task = dequeue_task_rt,
	.yield_task = yield_task_rt,
	.wakeup_preempt = wakeup_preempt_rt,
	.balance = balance_rt,
	.pick_task = pick_task_rt,
	.put_prev_task = put_prev_task_rt,
	.set_next_task = set_next_task_rt,
	.select_task_rq = select_task_rq_rt,
	.task_tick = task_tick_rt,
	.update_curr = update_curr_rt,
	.switching_to = switching_to_rt,
	.prio_changed = prio_changed_rt,
	.first_tick = first_tick_rt,
};
