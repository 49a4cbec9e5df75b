/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "support/class_rig.h"

#define MS NSEC_PER_MSEC

/* Of the slice, in real time, and one tick on either side. */
#define LAG_LIMIT_NS	(FAIR_SLICE_NS + machine()->tick_ns)

static struct rig rig;

static int start_uniprocessor(void **state)
{
	(void)state;
	rig_start(&rig, 1, 0);
	return 0;
}

static int start_four(void **state)
{
	(void)state;
	rig_start(&rig, 4, 2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static struct task_struct *nice_task(int nice)
{
	return rig_task(&rig, SCHED_NORMAL, nice);
}

/* p got share_1024 / 1024 of total, within per_mille. */
static void assert_share(const struct task_struct *p, u64 total_ns, u64 part, u64 of, u64 per_mille)
{
	const u64 due = total_ns * part / of;
	const u64 got = p->sum_exec_runtime;

	assert_in_range(got, due - due * per_mille / 1000, due + due * per_mille / 1000);
}

static void shares_follow_the_weights_within_one_percent(void **state)
{
	struct task_struct *a = nice_task(0), *b = nice_task(0), *c = nice_task(5);
	const u64 total = 10 * NSEC_PER_SEC, weights = 1024 + 1024 + 335;

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_wake_on(&rig, c, 0);
	rig_run_until(&rig, total);
	assert_int_equal(a->sum_exec_runtime + b->sum_exec_runtime + c->sum_exec_runtime, total);
	assert_share(a, total, 1024, weights, 10);
	assert_share(b, total, 1024, weights, 10);
	assert_share(c, total, 335, weights, 10);
}

static void extreme_weights_get_their_shares(void **state)
{
	struct task_struct *a = nice_task(-20), *b = nice_task(19), *c = nice_task(0);
	struct task_struct *idle = rig_task(&rig, SCHED_IDLE, 0);
	const u64 total = 600 * NSEC_PER_SEC, weights = 88761 + 15 + 1024 + 3;

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_wake_on(&rig, c, 0);
	rig_wake_on(&rig, idle, 0);
	rig_run_until(&rig, total);
	assert_share(a, total, 88761, weights, 10);
	assert_share(c, total, 1024, weights, 10);
	assert_share(b, total, 15, weights, 100);
	assert_true(idle->sum_exec_runtime > 0);
}

static void lag_stays_within_a_slice_and_a_tick(void **state)
{
	struct task_struct *tasks[6];
	struct cfs_rq *cfs = &cpu_rq(0)->cfs;

	(void)state;
	for (int i = 0; i < 6; i++) {
		tasks[i] = nice_task(3 * i - 6);
		rig_wake_on(&rig, tasks[i], 0);
	}
	for (u64 time = 1 * MS; time < 2 * NSEC_PER_SEC; time += 1 * MS) {
		rig_run_until(&rig, time);
		for (int i = 0; i < 6; i++) {
			const s64 lag = fair_lag(cfs, tasks[i]);
			const u64 owed = (u64)(lag < 0 ? -lag : lag);

			assert_true(owed * core_of(tasks[i])->se.weight / 1024 <= LAG_LIMIT_NS);
		}
	}
}

static void sum_of_weighted_lags_is_zero(void **state)
{
	struct task_struct *tasks[5];
	struct cfs_rq *cfs = &cpu_rq(0)->cfs;

	(void)state;
	for (int i = 0; i < 5; i++) {
		tasks[i] = nice_task(2 * i);
		rig_wake_on(&rig, tasks[i], 0);
	}
	for (u64 time = 7; time < 300 * MS; time = time * 3 / 2 + 11) {
		s64 sum = 0;

		rig_run_until(&rig, time);
		for (int i = 0; i < 5; i++)
			sum += fair_lag(cfs, tasks[i]) * (s64)core_of(tasks[i])->se.weight;
		/* V is rounded down by less than one. */
		assert_true(sum <= 0 && sum > -(s64)cfs->load);
	}
}

static void sleeper_keeps_its_lag(void **state)
{
	struct task_struct *a = nice_task(0), *b = nice_task(0);
	struct cfs_rq *cfs = &cpu_rq(0)->cfs;
	s64 before, after;

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_run_until(&rig, 2 * MS);
	assert_ptr_equal(cpu_rq(0)->curr, a);
	before = fair_lag(cfs, a);
	assert_int_equal(before, -(s64)(1 * MS));
	rig_block(&rig, a);
	rig_run_until(&rig, 50 * MS);
	rig_wake_on(&rig, a, 0);
	after = fair_lag(cfs, a);
	assert_in_range(after - before + 4, 0, 8);
}

static void lag_moves_with_the_task(void **state)
{
	struct task_struct *a = nice_task(0), *b = nice_task(0), *c = nice_task(0);
	s64 before, after;

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_wake_on(&rig, c, 1);
	rig_run_until(&rig, 2 * MS);
	before = fair_lag(&cpu_rq(0)->cfs, a);
	rig_block(&rig, a);
	rig_wake_on(&rig, a, 1);
	after = fair_lag(&cpu_rq(1)->cfs, a);
	assert_in_range(after - before + 4, 0, 8);
}

static void long_sleep_saves_up_nothing(void **state)
{
	struct task_struct *a = nice_task(0), *b = nice_task(0);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_run_until(&rig, 20 * MS);
	if (cpu_rq(0)->curr != a) {
		rig_run_until(&rig, 24 * MS);
		assert_ptr_equal(cpu_rq(0)->curr, a);
	}
	rig_block(&rig, a);
	rig_run_until(&rig, 10 * NSEC_PER_SEC);
	rig_wake_on(&rig, a, 0);
	assert_true(fair_lag(&cpu_rq(0)->cfs, a) <= (s64)LAG_LIMIT_NS);
}

/* Two tasks, 100 ms without a tick, as with interrupts off; then one of them is requeued. */
static s64 lag_after_long_hold(bool of_the_running_one)
{
	struct task_struct *a = nice_task(0), *b = nice_task(0);
	struct task_struct *p = of_the_running_one ? a : b;

	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	this_sim->now += 100 * MS;
	rig_set_nice(&rig, p, 5);
	return fair_lag(&cpu_rq(0)->cfs, p) * 335 / 1024;
}

static void credit_is_cut_off_at_a_slice_and_a_tick(void **state)
{
	(void)state;
	assert_in_range((u64)lag_after_long_hold(false), LAG_LIMIT_NS - 4, LAG_LIMIT_NS);
}

static void debt_is_cut_off_at_a_slice_and_a_tick(void **state)
{
	(void)state;
	assert_in_range((u64)-lag_after_long_hold(true), LAG_LIMIT_NS - 4, LAG_LIMIT_NS);
}

static void restore_keeps_what_is_left_of_the_request(void **state)
{
	struct task_struct *a = nice_task(0), *b = nice_task(0);
	struct rq *rq = cpu_rq(0);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_run_until(&rig, 1 * MS);
	raw_spin_rq_lock(rq);
	dequeue_task(rq, a, DEQUEUE_SAVE);
	put_prev_task(rq, a);
	enqueue_task(rq, a, ENQUEUE_RESTORE);
	set_next_task(rq, a);
	raw_spin_rq_unlock(rq);
	assert_int_equal(core_of(a)->se.deadline - core_of(a)->se.vruntime, 2 * MS);
}

static void nice_change_scales_the_lag(void **state)
{
	struct task_struct *a = nice_task(0), *b = nice_task(0);
	struct cfs_rq *cfs = &cpu_rq(0)->cfs;
	s64 before, after;

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_run_until(&rig, 2 * MS);
	before = fair_lag(cfs, b) * 1024;
	rig_set_nice(&rig, b, 5);
	after = fair_lag(cfs, b) * 335;
	assert_in_range(after - before + 2000, 0, 4000);
}

static void nice_change_of_the_running_task_keeps_it_running(void **state)
{
	struct task_struct *a = nice_task(5), *b = nice_task(5);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_run_until(&rig, 1 * MS);
	assert_ptr_equal(cpu_rq(0)->curr, a);
	rig_set_nice(&rig, a, 0);
	assert_ptr_equal(cpu_rq(0)->curr, a);
	assert_int_equal(core_of(a)->se.weight, 1024);
	assert_int_equal(cpu_rq(0)->cfs.load, 1024 + 335);
	assert_int_equal(a->sum_exec_runtime, 1 * MS);
}

static void no_switch_within_a_slice(void **state)
{
	struct task_struct *tasks[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		tasks[i] = nice_task(0);
		rig_wake_on(&rig, tasks[i], 0);
	}
	rig_run_until(&rig, 4 * NSEC_PER_SEC);
	/* Slices end at ticks, every 4 ms. */
	assert_in_range(rig.nr_switches, 900, 1001);
}

static void waking_sleeper_preempts_who_is_past_its_share(void **state)
{
	struct task_struct *hog = nice_task(0), *sleeper = nice_task(0);

	(void)state;
	rig_wake_on(&rig, hog, 0);
	rig_wake_on(&rig, sleeper, 0);
	rig_run_until(&rig, 4 * MS);
	assert_ptr_equal(cpu_rq(0)->curr, sleeper);
	rig_block(&rig, sleeper);
	rig_run_until(&rig, 4 * MS + 100);
	rig_wake_on(&rig, sleeper, 0);
	assert_ptr_equal(cpu_rq(0)->curr, sleeper);
}

static void normal_task_preempts_idle_policy_at_once(void **state)
{
	struct task_struct *idle = rig_task(&rig, SCHED_IDLE, 0), *p = nice_task(0);

	(void)state;
	rig_wake_on(&rig, idle, 0);
	rig_run_until(&rig, 10);
	rig_wake_on(&rig, p, 0);
	assert_ptr_equal(cpu_rq(0)->curr, p);
}

static void batch_task_preempts_nobody(void **state)
{
	struct task_struct *p = nice_task(19), *batch = rig_task(&rig, SCHED_BATCH, -20);

	(void)state;
	rig_wake_on(&rig, p, 0);
	rig_run_until(&rig, 3 * MS);
	rig_wake_on(&rig, batch, 0);
	assert_ptr_equal(cpu_rq(0)->curr, p);
}

static void yield_lets_the_other_run(void **state)
{
	struct task_struct *a = nice_task(0), *b = nice_task(0);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_run_until(&rig, 100);
	assert_ptr_equal(cpu_rq(0)->curr, a);
	rig_yield(&rig, 0);
	assert_ptr_equal(cpu_rq(0)->curr, b);
}

static void yield_alone_changes_nothing(void **state)
{
	struct task_struct *a = nice_task(0);
	u64 vruntime;

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_run_until(&rig, 100);
	vruntime = core_of(a)->se.vruntime;
	rig_yield(&rig, 0);
	assert_ptr_equal(cpu_rq(0)->curr, a);
	assert_int_equal(core_of(a)->se.vruntime, vruntime);
}

static void lone_task_needs_no_tick(void **state)
{
	struct task_struct *a = nice_task(0);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_run_until(&rig, NSEC_PER_SEC);
	assert_int_equal(rig.nr_ticks, 0);
	assert_int_equal(a->sum_exec_runtime, NSEC_PER_SEC);
}

static void core_31_newidle_pulls_and_lowers_next_class(void **state)
{
	struct task_struct *a = nice_task(0), *b = nice_task(0), *c = nice_task(0);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_wake_on(&rig, c, 3);
	rig_run_until(&rig, 1 * MS);
	rig_on_cpu(3);
	rig_block(&rig, c);
	assert_int_equal(b->cpu, 3);
	assert_ptr_equal(cpu_rq(3)->curr, b);
	assert_ptr_equal(cpu_rq(3)->next_class, &fair_sched_class);
	assert_int_equal(cpu_rq(0)->cfs.nr_running, 1);
}

static void core_31_next_class_is_lowered_even_if_nothing_comes(void **state)
{
	struct rq *rq = cpu_rq(2);

	(void)state;
	raw_spin_rq_lock(rq);
	rq->next_class = &rt_sched_class;
	assert_false(fair_sched_class.balance(rq, rq->curr));
	assert_ptr_equal(rq->next_class, &fair_sched_class);
	rq->next_class = &idle_sched_class;
	assert_false(fair_sched_class.balance(rq, rq->curr));
	assert_ptr_equal(rq->next_class, &idle_sched_class);
	raw_spin_rq_unlock(rq);
}

static void tick_pushes_to_an_idle_cpu(void **state)
{
	struct task_struct *tasks[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		tasks[i] = nice_task(0);
		rig_wake_on(&rig, tasks[i], 0);
	}
	rig_run_until(&rig, 3 * FAIR_BALANCE_NS);
	for (int cpu = 0; cpu < 4; cpu++)
		assert_true(cpu_rq(cpu)->cfs.nr_running <= 1);
}

static void tick_pushes_no_pinned_task(void **state)
{
	struct task_struct *tasks[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		tasks[i] = nice_task(0);
		tasks[i]->cpus_ptr = tasks[i]->cpus_mask = cpumask_of(0);
		tasks[i]->nr_cpus_allowed = 1;
		rig_wake_on(&rig, tasks[i], 0);
	}
	rig_run_until(&rig, 10 * FAIR_BALANCE_NS);
	assert_int_equal(cpu_rq(0)->cfs.nr_running, 3);
}

static void wakeup_prefers_prev_then_its_cache(void **state)
{
	struct task_struct *a = nice_task(0), *b = nice_task(0), *c = nice_task(0);

	(void)state;
	assert_int_equal(fair_sched_class.select_task_rq(a, 2, WF_TTWU), 2);
	rig_wake_on(&rig, a, 2);
	assert_int_equal(fair_sched_class.select_task_rq(b, 2, WF_TTWU), 3);
	rig_wake_on(&rig, b, 3);
	/* CPUs 0 and 1 do not share the cache; a fork does not care. */
	assert_int_equal(fair_sched_class.select_task_rq(c, 3, WF_TTWU), 3);
	assert_int_equal(fair_sched_class.select_task_rq(c, 3, WF_FORK), 0);
	c->cpus_ptr = cpumask_of(1);
	assert_int_equal(fair_sched_class.select_task_rq(c, 3, WF_TTWU), 1);
}

/* Random sleeping, waking, yielding and nice on every CPU; all switches and run times, folded. */
static u64 random_history(u32 nr_cpus, bool every_tick, bool extra_updates, u64 *nr_ticks)
{
	struct task_struct *tasks[12];
	struct rng rng;
	u64 time = 0, sum;

	rig_start(&rig, nr_cpus, 0);
	rig.every_tick = every_tick;
	rng_init(&rng, 7, "test", nr_cpus);
	for (int i = 0; i < 12; i++)
		tasks[i] = nice_task(i - 4);
	for (int step = 0; step < 3000; step++) {
		struct task_struct *p = tasks[rng_below(&rng, 12)];
		const u64 what = rng_below(&rng, 8);
		const u64 wait = rng_exponential(&rng, 3 * MS);
		const int nice = (int)rng_below(&rng, 40) - 20;

		if (extra_updates)
			for (u64 part = 1; part < 4; part++)
				rig_run_until(&rig, time + wait * part / 4);
		time += wait;
		rig_run_until(&rig, time);
		rig_on_cpu(p->cpu);
		if (!p->on_rq)
			rig_wake(&rig, p);
		else if (what < 4 && p->on_cpu)
			rig_block(&rig, p);
		else if (what == 4 && p->on_cpu)
			rig_yield(&rig, p->cpu);
		else if (what == 5)
			rig_set_nice(&rig, p, nice);
	}
	sum = rig.history;
	for (int i = 0; i < 12; i++)
		sum = sum * 31 + tasks[i]->sum_exec_runtime;
	*nr_ticks = rig.nr_ticks;
	rig_stop(&rig);
	return sum;
}

static void elided_ticks_have_no_effect(void **state)
{
	(void)state;
	for (u32 nr_cpus = 1; nr_cpus <= 8; nr_cpus *= 2) {
		u64 all, some;
		const u64 with = random_history(nr_cpus, true, false, &all);
		const u64 without = random_history(nr_cpus, false, false, &some);

		assert_true(some < all);
		assert_int_equal(with, without);
	}
}

static void accounting_more_often_has_no_effect(void **state)
{
	u64 nr_ticks;

	(void)state;
	for (u32 nr_cpus = 1; nr_cpus <= 4; nr_cpus *= 2)
		assert_int_equal(random_history(nr_cpus, false, false, &nr_ticks),
				 random_history(nr_cpus, false, true, &nr_ticks));
}

static const struct sched_entity *entity(const struct rb_node *node)
{
	return rb_entry(node, struct sched_entity, run_node);
}

/* What pick must find, by looking at all of them. */
static const struct sched_entity *pick_the_slow_way(struct cfs_rq *cfs)
{
	const u64 average = avg_vruntime(cfs);

	for (struct rb_node *node = rb_first(&cfs->tasks); node; node = rb_next(node))
		if ((s64)(entity(node)->vruntime - average) <= 0)
			return entity(node);
	return NULL;
}

static void pick_finds_the_earliest_eligible_deadline(void **state)
{
	struct task_struct *tasks[40];
	struct rq *rq = cpu_rq(0);
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, "test", 0);
	for (int i = 0; i < 40; i++)
		tasks[i] = nice_task((int)rng_below(&rng, 40) - 20);
	for (int step = 1; step < 4000; step++) {
		struct task_struct *p = tasks[rng_below(&rng, 40)];

		rig_run_until(&rig, (u64)step * 777777);
		if (!p->on_rq)
			rig_wake_on(&rig, p, 0);
		else if (p->on_cpu && step % 3 == 0)
			rig_block(&rig, p);
		if (rq->curr == rq->idle)
			continue;
		/* With nobody running, the pick is among those in the tree alone. */
		p = rq->curr;
		raw_spin_rq_lock(rq);
		put_prev_task(rq, p);
		assert_ptr_equal(&core_of(fair_sched_class.pick_task(rq))->se,
				 pick_the_slow_way(&rq->cfs));
		set_next_task(rq, p);
		raw_spin_rq_unlock(rq);
	}
}

#define on_one(test) cmocka_unit_test_setup_teardown(test, start_uniprocessor, stop)
#define on_four(test) cmocka_unit_test_setup_teardown(test, start_four, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_one(shares_follow_the_weights_within_one_percent),
		on_one(extreme_weights_get_their_shares),
		on_one(lag_stays_within_a_slice_and_a_tick),
		on_one(sum_of_weighted_lags_is_zero),
		on_one(sleeper_keeps_its_lag),
		on_four(lag_moves_with_the_task),
		on_one(long_sleep_saves_up_nothing),
		on_one(credit_is_cut_off_at_a_slice_and_a_tick),
		on_one(debt_is_cut_off_at_a_slice_and_a_tick),
		on_one(restore_keeps_what_is_left_of_the_request),
		on_one(nice_change_scales_the_lag),
		on_one(nice_change_of_the_running_task_keeps_it_running),
		on_one(no_switch_within_a_slice),
		on_one(waking_sleeper_preempts_who_is_past_its_share),
		on_one(normal_task_preempts_idle_policy_at_once),
		on_one(batch_task_preempts_nobody),
		on_one(yield_lets_the_other_run),
		on_one(yield_alone_changes_nothing),
		on_one(lone_task_needs_no_tick),
		on_one(pick_finds_the_earliest_eligible_deadline),
		on_four(core_31_newidle_pulls_and_lowers_next_class),
		on_four(core_31_next_class_is_lowered_even_if_nothing_comes),
		on_four(tick_pushes_to_an_idle_cpu),
		on_four(tick_pushes_no_pinned_task),
		on_four(wakeup_prefers_prev_then_its_cache),
		cmocka_unit_test(elided_ticks_have_no_effect),
		cmocka_unit_test(accounting_more_often_has_no_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
