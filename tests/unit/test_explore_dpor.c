/* SPDX-License-Identifier: GPL-2.0-only */
/* The search with reduction loses no outcome that the search without it finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "support/model.h"

static const struct strategy_cfg unbounded = { .seed = 1, .bound = STRATEGY_NO_BOUND, .nr_shards = 1 };

static void assert_same_outcomes(const struct model *m, u64 max, struct model_result *dpor)
{
	static struct model_result dfs;

	model_explore(m, &strategy_dfs, &unbounded, max, &dfs);
	model_explore(m, &strategy_dpor, &unbounded, max, dpor);
	assert_true(dpor->complete);
	assert_true(dpor->nr_executions <= dfs.nr_executions || !dfs.complete);
	if (dfs.complete) {
		assert_int_equal(dpor->nr_outcomes, dfs.nr_outcomes);
		assert_memory_equal(dpor->outcomes, dfs.outcomes, dfs.nr_outcomes * sizeof(u64));
	} else {
		assert_true(dpor->nr_outcomes >= dfs.nr_outcomes);
	}
}

static void a_lost_update_is_found(void **state)
{
	const struct model m = { .nr_cpus = 2, .ops = { { { M_READ, 0 }, { M_WRITE, 0 } },
							{ { M_READ, 0 }, { M_WRITE, 0 } } } };
	static struct model_result res;

	(void)state;
	assert_same_outcomes(&m, 100000, &res);
	assert_int_equal(res.nr_outcomes, 4); /* two in sequence, two that lose one of the updates */
}

static void independent_steps_are_tried_in_one_order(void **state)
{
	const struct model m = { .nr_cpus = 3, .ops = { { { M_RMW, 0 }, { M_RMW, 0 } },
							{ { M_RMW, 1 }, { M_RMW, 1 } },
							{ { M_RMW, 2 }, { M_RMW, 2 } } } };
	static struct model_result res;

	(void)state;
	assert_same_outcomes(&m, 100000, &res);
	assert_int_equal(res.nr_outcomes, 1);
	assert_int_equal(res.nr_executions, 1);
}

static void orders_of_lock_holders_are_all_tried(void **state)
{
	const struct model m = { .nr_cpus = 3, .ops = {
		{ { M_LOCK, 0 }, { M_PLAIN, 0 }, { M_UNLOCK, 0 } },
		{ { M_LOCK, 0 }, { M_PLAIN, 0 }, { M_UNLOCK, 0 } },
		{ { M_LOCK, 0 }, { M_PLAIN, 0 }, { M_UNLOCK, 0 } } } };
	static struct model_result res;

	(void)state;
	assert_same_outcomes(&m, 1000000, &res);
	assert_int_equal(res.nr_outcomes, 6);
	assert_int_equal(res.nr_executions - res.nr_cut, 6);
}

static void a_deadlock_of_two_locks_is_found(void **state)
{
	const struct model m = { .nr_cpus = 2, .ops = {
		{ { M_LOCK, 0 }, { M_LOCK, 1 }, { M_UNLOCK, 1 }, { M_UNLOCK, 0 } },
		{ { M_LOCK, 1 }, { M_LOCK, 0 }, { M_UNLOCK, 0 }, { M_UNLOCK, 1 } } } };
	static struct model_result res;

	(void)state;
	assert_same_outcomes(&m, 100000, &res);
	assert_int_equal(res.outcomes[0], 1);
}

static void a_waiter_sees_every_later_write(void **state)
{
	const struct model m = { .nr_cpus = 3, .ops = {
		{ { M_AWAIT, 0 }, { M_READ, 0 }, { M_READ, 1 } },
		{ { M_WRITE, 0 }, { M_WRITE, 1 } },
		{ { M_RMW, 0 } } } };
	static struct model_result res;

	(void)state;
	assert_same_outcomes(&m, 1000000, &res);
}

/* Locks are balanced and nested by number unless the dice want a deadlock. */
static void random_program(struct rng *rng, struct model_op *ops, u32 nr)
{
	static const enum model_op_kind kinds[] = { M_READ, M_WRITE, M_RMW, M_AWAIT, M_READ, M_WRITE, M_RMW };
	u32 i = 0, lock;

	while (i < nr) {
		if (rng_below(rng, 3) == 0 && i + 3 <= nr) {
			lock = (u32)rng_below(rng, MODEL_LOCKS);
			ops[i++] = (struct model_op){ rng_below(rng, 3) ? M_LOCK : M_TRYLOCK, lock };
			ops[i++] = (struct model_op){ rng_below(rng, 2) ? M_PLAIN : M_RMW, lock };
			ops[i++] = (struct model_op){ M_UNLOCK, lock };
			continue;
		}
		ops[i].kind = kinds[rng_below(rng, sizeof(kinds) / sizeof(kinds[0]))];
		ops[i++].n = (u32)rng_below(rng, MODEL_WORDS - 1);
	}
	ops[i].kind = M_END;
}

static void try_random_programs(u32 nr_cpus, u32 nr_ops, u32 nr_programs, u64 max)
{
	static struct model_result res;
	u32 i, cpu;

	for (i = 0; i < nr_programs; i++) {
		struct model m = { .nr_cpus = nr_cpus };
		struct rng rng;

		rng_init(&rng, i + 1, "test.dpor", nr_cpus);
		for (cpu = 0; cpu < nr_cpus; cpu++)
			random_program(&rng, m.ops[cpu], nr_ops);
		assert_same_outcomes(&m, max, &res);
	}
}

static void random_programs_of_two_cpus_have_the_same_outcomes(void **state)
{
	(void)state;
	try_random_programs(2, 5, 300, 200000);
}

static void random_programs_of_three_cpus_have_the_same_outcomes(void **state)
{
	(void)state;
	try_random_programs(3, 3, 150, 400000);
}

/* Reads, writes and pauses only, so that no interrupt waits for what it interrupts. */
static void random_accesses(struct rng *rng, struct model_op *ops, u32 nr, bool pauses)
{
	static const enum model_op_kind kinds[] = { M_READ, M_WRITE, M_RMW, M_PAUSE };
	u32 i;

	for (i = 0; i < nr; i++) {
		ops[i].kind = kinds[rng_below(rng, pauses ? 4 : 3)];
		ops[i].n = (u32)rng_below(rng, MODEL_WORDS - 1);
	}
	ops[nr].kind = M_END;
}

static void try_interrupts(u32 nr_irqs, u32 nr_ops, u32 nr_programs)
{
	static struct model_result res;
	u32 i, k;

	for (i = 0; i < nr_programs; i++) {
		struct model m = { .nr_cpus = 2, .nr_irqs = nr_irqs };
		struct rng rng;

		rng_init(&rng, i + 1, "test.dpor.irqs", nr_irqs);
		for (k = 0; k < 2; k++)
			random_accesses(&rng, m.ops[k], nr_ops, true);
		for (k = 0; k < nr_irqs; k++) {
			m.irqs[k].cpu = (u32)rng_below(&rng, 2);
			random_accesses(&rng, m.irqs[k].ops, 2, false);
		}
		assert_same_outcomes(&m, 400000, &res);
	}
}

static void an_interrupt_at_any_instant_has_the_same_outcomes(void **state)
{
	(void)state;
	try_interrupts(1, 4, 120);
}

static void two_interrupts_at_any_instant_have_the_same_outcomes(void **state)
{
	(void)state;
	try_interrupts(2, 3, 25);
}

static void samplers_stay_within_the_outcomes(void **state)
{
	static const struct strategy_ops *const samplers[] = { &strategy_random, &strategy_pos, &strategy_pct };
	static struct model_result all, some;
	struct strategy_cfg cfg = { .seed = 7, .depth = 3, .nr_shards = 1 };
	struct model m = { .nr_cpus = 3 };
	struct rng rng;
	u32 i, j, k;

	(void)state;
	rng_init(&rng, 5, "test.samplers", 0);
	for (i = 0; i < 3; i++)
		random_program(&rng, m.ops[i], 3);
	model_explore(&m, &strategy_dpor, &unbounded, UINT64_MAX, &all);
	for (i = 0; i < 3; i++) {
		model_explore(&m, samplers[i], &cfg, 20000, &some);
		for (j = 0, k = 0; j < some.nr_outcomes; j++) {
			while (k < all.nr_outcomes && all.outcomes[k] != some.outcomes[j])
				k++;
			assert_true(k < all.nr_outcomes);
		}
		if (samplers[i] != &strategy_pct)
			assert_int_equal(some.nr_outcomes, all.nr_outcomes);
	}
}

static void bounds_grow_towards_the_whole(void **state)
{
	const struct model m = { .nr_cpus = 2, .ops = {
		{ { M_READ, 0 }, { M_WRITE, 1 }, { M_READ, 0 }, { M_WRITE, 0 } },
		{ { M_READ, 1 }, { M_WRITE, 0 }, { M_READ, 1 }, { M_WRITE, 1 } } } };
	struct strategy_cfg cfg = unbounded;
	static struct model_result bounded, all;
	u64 before = 0;

	(void)state;
	model_explore(&m, &strategy_dfs, &unbounded, UINT64_MAX, &all);
	for (cfg.bound = 0; cfg.bound < 6; cfg.bound++) {
		model_explore(&m, &strategy_dfs, &cfg, UINT64_MAX, &bounded);
		assert_true(bounded.complete && bounded.nr_executions > before);
		before = bounded.nr_executions;
	}
	assert_int_equal(bounded.nr_outcomes, all.nr_outcomes);
}

static void shards_cover_the_tree_together(void **state)
{
	const struct model m = { .nr_cpus = 2, .ops = {
		{ { M_RMW, 0 }, { M_RMW, 0 }, { M_RMW, 0 }, { M_RMW, 0 }, { M_RMW, 0 } },
		{ { M_RMW, 0 }, { M_RMW, 0 }, { M_RMW, 0 }, { M_RMW, 0 }, { M_RMW, 0 } } } };
	struct strategy_cfg cfg = unbounded;
	static struct model_result part, all;
	u64 nr = 0;

	(void)state;
	model_explore(&m, &strategy_dfs, &unbounded, UINT64_MAX, &all);
	cfg.nr_shards = 3;
	for (cfg.shard = 0; cfg.shard < 3; cfg.shard++) {
		model_explore(&m, &strategy_dfs, &cfg, UINT64_MAX, &part);
		assert_true(part.nr_executions - part.nr_cut < all.nr_executions);
		nr += part.nr_executions - part.nr_cut;
	}
	assert_true(nr >= all.nr_executions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_update_is_found),
		cmocka_unit_test(independent_steps_are_tried_in_one_order),
		cmocka_unit_test(orders_of_lock_holders_are_all_tried),
		cmocka_unit_test(a_deadlock_of_two_locks_is_found),
		cmocka_unit_test(a_waiter_sees_every_later_write),
		cmocka_unit_test(random_programs_of_two_cpus_have_the_same_outcomes),
		cmocka_unit_test(random_programs_of_three_cpus_have_the_same_outcomes),
		cmocka_unit_test(an_interrupt_at_any_instant_has_the_same_outcomes),
		cmocka_unit_test(two_interrupts_at_any_instant_have_the_same_outcomes),
		cmocka_unit_test(samplers_stay_within_the_outcomes),
		cmocka_unit_test(bounds_grow_towards_the_whole),
		cmocka_unit_test(shards_cover_the_tree_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
