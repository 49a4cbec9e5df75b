/* SPDX-License-Identifier: GPL-2.0-only */
#include "sched/balance.h"

int balance_init(void)
{
	struct balance_state *state = arena_zalloc(this_sim->arena, sizeof(*state));
	int cpu;

	BUG_ON(core_sched()->balance);
	if (!state)
		return -1;
	state->idle = cpumask_alloc_array(1);
	state->fair_overloaded = cpumask_alloc_array(1);
	state->rt_overloaded = cpumask_alloc_array(1);
	state->no_realtime = cpumask_alloc_array(1);
	if (!state->idle || !state->fair_overloaded || !state->rt_overloaded ||
	    !state->no_realtime)
		return -1;
	core_sched()->balance = state;
	cpumask_setall(state->no_realtime);
	cpumask_setall(state->idle);
	for_each_possible_cpu(cpu) {
		BUG_ON(!rq_is_idle(cpu_rq(cpu)));
		cpu_rq(cpu)->cfs.balance_cursor = cpu;
	}
	return 0;
}

void balance_mark(struct rq *rq, struct cpumask *mask, bool on)
{
	lockdep_assert_rq_held(rq);
	if (cpumask_test_cpu((u32)rq->cpu, mask) != on)
		cpumask_assign_shared((u32)rq->cpu, mask, on);
}

void balance_mark_realtime(struct rq *rq)
{
	balance_mark(rq, balance_state()->no_realtime, !rq->rt.nr_running && !rq->dl.nr_running);
}

/* CPUs of a search at one distance; inner: what a shorter distance has covered. */
struct span {
	const struct cpumask *cpus, *inner;
};

static u64 candidates_in_word(const struct cpu_search *s, const struct span *span, u32 word)
{
	const u64 covered = span->inner ? span->inner->bits[word] : 0;
	const u64 here = span->cpus->bits[word] & ~covered;

	if (!here)
		return 0;
	return here & s->allowed->bits[word] & READ_ONCE(cpu_active_mask()->bits[word]) &
	       READ_ONCE(s->wanted->bits[word]);
}

static int find_in_span(const struct cpu_search *s, const struct span *span)
{
	const u32 nr_words = machine()->mask_words;
	const u32 first = (u32)s->from / 64;
	const u64 upper = ~0ULL << ((u32)s->from % 64);
	u32 tries = CPU_SEARCH_TRIES;

	/* The word of s->from comes twice: first its upper part, at the end the rest. */
	for (u32 i = 0; i <= nr_words; i++) {
		const u32 word = (first + i) % nr_words;
		u64 bits = candidates_in_word(s, span, word);

		if (i == 0)
			bits &= upper;
		else if (i == nr_words)
			bits &= ~upper;
		for (; bits; bits &= bits - 1) {
			const int cpu = (int)(word * 64) + __builtin_ctzll(bits);

			if (!s->accept || s->accept(cpu, s->data))
				return cpu;
			if (!--tries)
				return -1;
		}
	}
	return -1;
}

int find_cpu(const struct cpu_search *s)
{
	const struct span spans[] = {
		[REACH_LLC] = { cpu_llc_mask(s->from), NULL },
		[REACH_NODE] = { cpumask_of_node(cpu_to_node(s->from)), cpu_llc_mask(s->from) },
		[REACH_MACHINE] = { cpu_possible_mask(), cpumask_of_node(cpu_to_node(s->from)) },
	};

	BUG_ON(s->from < 0 || (u32)s->from >= nr_cpu_ids());
	BUG_ON(s->reach > REACH_MACHINE);
	for (u32 distance = REACH_LLC; distance <= s->reach; distance++) {
		const int cpu = find_in_span(s, &spans[distance]);

		if (cpu >= 0)
			return cpu;
	}
	return -1;
}

bool available_idle_cpu(int cpu)
{
	struct rq *rq = cpu_rq(cpu);

	return READ_ONCE(rq->curr) == rq->idle && !READ_ONCE(rq->nr_running) &&
	       READ_ONCE(rq->wake_list.next) == &rq->wake_list;
}

static bool accept_idle(int cpu, void *data)
{
	(void)data;
	return available_idle_cpu(cpu);
}

int find_idle_cpu(const struct task_struct *p, int from, enum reach reach)
{
	const struct cpu_search search = {
		.wanted = balance_state()->idle,
		.allowed = p->cpus_ptr,
		.from = from,
		.reach = reach,
		.accept = accept_idle,
	};

	return find_cpu(&search);
}

bool double_lock_balance(struct rq *this_rq, struct rq *other)
{
	lockdep_assert_rq_held(this_rq);
	BUG_ON(this_rq == other);

	if (this_rq->cpu < other->cpu) {
		raw_spin_rq_lock(other);
		return false;
	}
	if (raw_spin_trylock(&other->__lock))
		return false;
	raw_spin_rq_unlock(this_rq);
	raw_spin_rq_lock(other);
	raw_spin_rq_lock(this_rq);
	update_rq_clock(this_rq);
	return true;
}

void double_unlock_balance(struct rq *this_rq, struct rq *other)
{
	lockdep_assert_rq_held(this_rq);
	BUG_ON(this_rq == other);
	raw_spin_rq_unlock(other);
}

bool can_move_queued_task(struct rq *src, struct task_struct *p, struct rq *dst)
{
	lockdep_assert_rq_held(src);
	return task_rq(p) == src && task_on_rq_queued(p) && !task_current(src, p) &&
	       !READ_ONCE(p->on_cpu) && !is_migration_disabled(p) &&
	       is_cpu_allowed(p, dst->cpu);
}

void move_queued_task_locked(struct rq *src, struct task_struct *p, struct rq *dst)
{
	lockdep_assert_rq_held(src);
	lockdep_assert_rq_held(dst);
	BUG_ON(!can_move_queued_task(src, p, dst));

	deactivate_task(src, p, 0);
	set_task_cpu(p, dst->cpu);
	activate_task(dst, p, 0);
	wakeup_preempt(dst, p, 0);
	BUG_ON(task_rq(p) != dst);
}
