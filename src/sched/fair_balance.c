/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spreading of fair tasks, in three ways. A waking task goes to an idle CPU
 * that shares its cache; a CPU that runs out of fair tasks pulls one; a CPU
 * with two or more pushes one away from its tick now and then. Nobody else
 * needs a tick for it, so CPUs with one task or none stay without.
 */
#include "sched/balance.h"
#include "sched/fair.h"

#define NR_CANDIDATES	4	/* CPUs whose load is compared */
#define MOVE_TRIES	8	/* waiting tasks looked at for one that may move */

void fair_mark_overload(struct rq *rq)
{
	balance_mark(rq, balance_state()->fair_overloaded, rq->cfs.nr_running > 1);
}

struct load_search {
	int cpu;	/* -1: none seen yet */
	u32 nr;
	u32 seen;
};

/* Notes the least loaded of the first few CPUs. */
static bool note_least_loaded(int cpu, void *data)
{
	struct load_search *least = data;
	const u32 nr = READ_ONCE(cpu_rq(cpu)->nr_running);

	if (least->cpu < 0 || nr < least->nr) {
		least->cpu = cpu;
		least->nr = nr;
	}
	return ++least->seen == NR_CANDIDATES;
}

static struct load_search least_loaded(const struct task_struct *p, int from, enum reach reach)
{
	struct load_search least = { .cpu = -1 };
	const struct cpu_search search = {
		.wanted = cpu_active_mask(),
		.allowed = p->cpus_ptr,
		.from = from,
		.reach = reach,
		.accept = note_least_loaded,
		.data = &least,
	};

	find_cpu(&search);
	return least;
}

/* The nearest idle CPU, else the least loaded of the next few; -1 if none is allowed. */
static int select_within(const struct task_struct *p, int from, enum reach reach)
{
	const int idle = find_idle_cpu(p, from, reach);

	return idle >= 0 ? idle : least_loaded(p, from, reach).cpu;
}

/* prev_cpu if idle, else somebody who shares its cache. */
int select_task_rq_fair(struct task_struct *p, int prev_cpu, int wake_flags)
{
	int cpu = -1;

	if (is_cpu_allowed(p, prev_cpu) && available_idle_cpu(prev_cpu))
		return prev_cpu;
	/* A new task or program has nothing in a cache yet. */
	if (!(wake_flags & (WF_FORK | WF_EXEC)))
		cpu = select_within(p, prev_cpu, REACH_LLC);
	if (cpu < 0)
		cpu = select_within(p, prev_cpu, REACH_MACHINE);
	return cpu < 0 ? prev_cpu : cpu;
}

/* A waiting task of src that may go to dst, latest deadline first; NULL if none was found. */
static struct task_struct *movable_task(struct rq *src, struct rq *dst)
{
	struct rb_node *node = rb_last(&src->cfs.tasks);

	for (u32 tries = MOVE_TRIES; node && tries; node = rb_prev(node), tries--) {
		struct task_core *t = rb_entry(node, struct task_core, se.run_node);

		if (can_move_queued_task(src, &t->task, dst))
			return &t->task;
	}
	return NULL;
}

struct busiest_search {
	int cpu;	/* -1: none seen yet */
	u32 nr;
};

static bool note_busiest(int cpu, void *data)
{
	struct busiest_search *busiest = data;
	const u32 nr = READ_ONCE(cpu_rq(cpu)->cfs.nr_running);

	if (nr > busiest->nr) {
		busiest->cpu = cpu;
		busiest->nr = nr;
	}
	return false;
}

static int busiest_cpu(int from, enum reach reach)
{
	struct busiest_search busiest = { -1, 1 };
	const struct cpu_search search = {
		.wanted = balance_state()->fair_overloaded,
		.allowed = cpu_possible_mask(),
		.from = from,
		.reach = reach,
		.accept = note_busiest,
		.data = &busiest,
	};

	find_cpu(&search);
	return busiest.cpu;
}

static void pull_from(struct rq *rq, int cpu)
{
	struct rq *src = cpu_rq(cpu);
	struct task_struct *p;

	BUG_ON(rq == src);
	double_lock_balance(rq, src);
	p = src->cfs.nr_running > 1 ? movable_task(src, rq) : NULL;
	if (p)
		move_queued_task_locked(src, p, rq);
	double_unlock_balance(rq, src);
}

static bool fair_or_higher_came(const struct rq *rq)
{
	return rq->cfs.nr_running || sched_class_above(rq->next_class, &fair_sched_class);
}

/* No fair task is left here: take one that waits elsewhere, from near before far. */
static bool newidle_balance(struct rq *rq)
{
	int tried = -1;

	lockdep_assert_rq_held(rq);
	/* CORE-31: what is woken from now on shows as a rise of next_class. */
	if (sched_class_above(rq->next_class, &fair_sched_class))
		rq->next_class = &fair_sched_class;
	if (!cpu_active(rq->cpu))
		return false;
	for (u32 reach = REACH_LLC; reach <= REACH_MACHINE; reach++) {
		const int cpu = busiest_cpu(rq->cpu, reach);

		if (cpu < 0 || cpu == tried || cpu == rq->cpu)
			continue;
		tried = cpu;
		pull_from(rq, cpu);
		if (fair_or_higher_came(rq))
			return true;
	}
	return false;
}

bool balance_fair(struct rq *rq, struct task_struct *prev)
{
	(void)prev;
	lockdep_assert_rq_held(rq);
	return rq->cfs.nr_running || newidle_balance(rq);
}

/* An idle CPU, else one that would still have less than rq after the move; -1 if there is none. */
static int push_target(struct rq *rq, const struct task_struct *p)
{
	struct load_search least;
	const int idle = find_idle_cpu(p, rq->cpu, REACH_MACHINE);

	BUG_ON(rq->cfs.balance_cursor < 0 || rq->cfs.balance_cursor >= (int)nr_cpu_ids());
	if (idle >= 0)
		return idle;
	/* Other candidates each time, so that in the end all CPUs are compared. */
	least = least_loaded(p, rq->cfs.balance_cursor, REACH_MACHINE);
	rq->cfs.balance_cursor = (rq->cfs.balance_cursor + NR_CANDIDATES) % (int)nr_cpu_ids();
	return least.cpu >= 0 && least.nr + 1 < rq->nr_running ? least.cpu : -1;
}

static bool can_push(struct rq *rq, struct task_struct *p, struct rq *dst)
{
	return p->sched_class == &fair_sched_class && rq->cfs.nr_running > 1 &&
	       dst->nr_running + 1 < rq->nr_running && can_move_queued_task(rq, p, dst);
}

void fair_push(struct rq *rq)
{
	struct rb_node *node = rb_last(&rq->cfs.tasks);
	u32 tries = MOVE_TRIES;

	lockdep_assert_rq_held(rq);
	BUG_ON(rq->cfs.nr_running < 2);
	for (; node && tries; node = rb_prev(node), tries--) {
		struct task_struct *p = &rb_entry(node, struct task_core, se.run_node)->task;
		const int cpu = push_target(rq, p);
		struct rq *dst;

		if (cpu < 0 || cpu == rq->cpu)
			continue;
		dst = cpu_rq(cpu);
		double_lock_balance(rq, dst);
		if (can_push(rq, p, dst))
			move_queued_task_locked(rq, p, dst);
		double_unlock_balance(rq, dst);
		/* The lock may have been dropped: node is not to be trusted any more. */
		return;
	}
}
