/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/class_rig.h"

static struct rig rig;

/* Two nodes, four LLCs of 32 CPUs, three mask words; not a multiple of 64. */
static int start(void **state)
{
	(void)state;
	rig_start(&rig, 160, 32);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static int find(const struct cpumask *wanted, int from, enum reach reach)
{
	const struct cpu_search search = {
		.wanted = wanted, .allowed = cpu_possible_mask(), .from = from, .reach = reach,
	};

	return find_cpu(&search);
}

static void search_goes_up_from_the_cpu_and_wraps(void **state)
{
	struct cpumask *wanted = cpumask_alloc_array(1);

	(void)state;
	cpumask_set_cpu(66, wanted);
	cpumask_set_cpu(70, wanted);
	assert_int_equal(find(wanted, 68, REACH_LLC), 70);
	assert_int_equal(find(wanted, 70, REACH_LLC), 70);
	assert_int_equal(find(wanted, 71, REACH_LLC), 66);
}

static void search_goes_from_near_to_far(void **state)
{
	struct cpumask *wanted = cpumask_alloc_array(1);

	(void)state;
	cpumask_set_cpu(40, wanted);
	cpumask_set_cpu(2, wanted);
	/* 40 comes first upwards from 31, yet 2 shares the cache. */
	assert_int_equal(find(wanted, 31, REACH_MACHINE), 2);
	cpumask_clear_cpu(2, wanted);
	assert_int_equal(find(wanted, 31, REACH_LLC), -1);
	assert_int_equal(find(wanted, 31, REACH_MACHINE), 40);
}

static void search_keeps_to_active_and_allowed_cpus(void **state)
{
	const struct cpu_search pinned = {
		.wanted = cpu_possible_mask(), .allowed = cpumask_of(150), .from = 3,
		.reach = REACH_MACHINE,
	};

	(void)state;
	assert_int_equal(find_cpu(&pinned), 150);
	cpumask_clear_cpu(3, machine()->active_mask);
	assert_int_equal(find(cpu_possible_mask(), 3, REACH_LLC), 4);
}

static bool count(int cpu, void *data)
{
	(void)cpu;
	++*(u32 *)data;
	return false;
}

static void search_looks_at_a_bounded_number_of_cpus(void **state)
{
	u32 seen = 0;
	const struct cpu_search search = {
		.wanted = cpu_possible_mask(), .allowed = cpu_possible_mask(), .from = 100,
		.reach = REACH_MACHINE, .accept = count, .data = &seen,
	};

	(void)state;
	assert_int_equal(find_cpu(&search), -1);
	assert_in_range(seen, CPU_SEARCH_TRIES, 3 * CPU_SEARCH_TRIES);
}

static void two_rqs_are_locked_in_either_direction(void **state)
{
	struct rq *low = cpu_rq(3), *high = cpu_rq(90);

	(void)state;
	raw_spin_rq_lock(low);
	assert_false(double_lock_balance(low, high));
	lockdep_assert_rq_held(high);
	double_unlock_balance(low, high);
	raw_spin_rq_unlock(low);
	raw_spin_rq_lock(high);
	double_lock_balance(high, low);
	lockdep_assert_rq_held(low);
	double_unlock_balance(high, low);
	raw_spin_rq_unlock(high);
}

static void mig_04_waiting_task_moves_with_both_locks(void **state)
{
	struct task_struct *a = rig_task(&rig, SCHED_NORMAL, 0), *b = rig_task(&rig, SCHED_NORMAL, 0);
	struct rq *src = cpu_rq(5), *dst = cpu_rq(9);

	(void)state;
	rig_wake_on(&rig, a, 5);
	rig_wake_on(&rig, b, 5);
	raw_spin_rq_lock(src);
	double_lock_balance(src, dst);
	assert_false(can_move_queued_task(src, src->curr, dst));
	assert_true(can_move_queued_task(src, b, dst));
	move_queued_task_locked(src, b, dst);
	assert_int_equal(b->cpu, 9);
	assert_int_equal(b->on_rq, TASK_ON_RQ_QUEUED);
	assert_int_equal(dst->nr_running, 1);
	assert_int_equal(src->nr_running, 1);
	assert_true(dst->curr->need_resched);
	double_unlock_balance(src, dst);
	raw_spin_rq_unlock(src);
}

static void pinned_and_migration_disabled_tasks_stay(void **state)
{
	struct task_struct *a = rig_task(&rig, SCHED_NORMAL, 0), *b = rig_task(&rig, SCHED_NORMAL, 0);
	struct rq *src = cpu_rq(5);

	(void)state;
	rig_wake_on(&rig, a, 5);
	rig_wake_on(&rig, b, 5);
	raw_spin_rq_lock(src);
	b->migration_disabled = 1;
	assert_false(can_move_queued_task(src, b, cpu_rq(9)));
	b->migration_disabled = 0;
	b->cpus_ptr = cpumask_of(5);
	assert_false(can_move_queued_task(src, b, cpu_rq(9)));
	raw_spin_rq_unlock(src);
}

#define on_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_rig(search_goes_up_from_the_cpu_and_wraps),
		on_rig(search_goes_from_near_to_far),
		on_rig(search_keeps_to_active_and_allowed_cpus),
		on_rig(search_looks_at_a_bounded_number_of_cpus),
		on_rig(two_rqs_are_locked_in_either_direction),
		on_rig(mig_04_waiting_task_moves_with_both_locks),
		on_rig(pinned_and_migration_disabled_tasks_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
