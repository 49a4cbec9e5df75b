/* SPDX-License-Identifier: GPL-2.0-only */
/* Masks of every width, the distributing cursor, interned masks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/machine_rig.h"
#include "machine/cpumask.h"

static struct machine_rig rig;
static const u32 widths[] = { 1, 63, 64, 65, 4096 };

static void for_widths(void (*fn)(u32 width))
{
	size_t i;

	for (i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		machine_rig_start_mode(&rig, widths[i], RUN_TIMED);
		assert_int_equal(nr_cpu_ids(), widths[i]);
		fn(widths[i]);
		machine_rig_stop(&rig);
	}
}

static void walk(u32 width)
{
	struct cpumask *m = cpumask_alloc_array(2), *other = cpumask_nth(m, 1);
	u32 n = 0;
	int cpu;

	assert_true(cpumask_empty(m));
	assert_int_equal(cpumask_first(m), width);
	cpumask_setall(m);
	assert_int_equal(cpumask_weight(m), width);
	assert_true(cpumask_empty(other));
	for_each_cpu(cpu, m)
		assert_int_equal(cpu, n++);
	assert_int_equal(n, width);
	cpumask_clear(m);
	cpumask_set_cpu(width - 1, m);
	assert_int_equal(cpumask_first(m), width - 1);
	assert_int_equal(cpumask_next((int)width - 1, m), width);
	assert_true(cpumask_test_and_clear_cpu(width - 1, m));
	assert_false(cpumask_test_and_clear_cpu(width - 1, m));
	assert_true(cpumask_empty(m));
}

static void masks_of_every_width_are_walked_to_their_end(void **state)
{
	(void)state;
	for_widths(walk);
}

static void combine(u32 width)
{
	struct cpumask *a = cpumask_alloc_array(3), *b = cpumask_nth(a, 1), *c = cpumask_nth(a, 2);
	u32 cpu;

	for (cpu = 0; cpu < width; cpu++) {
		if (cpu % 2)
			cpumask_set_cpu(cpu, a);
		if (cpu % 3 == 0)
			cpumask_set_cpu(cpu, b);
	}
	assert_int_equal(cpumask_and(c, a, b), width > 3);
	for (cpu = 0; cpu < width; cpu++)
		assert_int_equal(cpumask_test_cpu(cpu, c), cpu % 2 && cpu % 3 == 0);
	assert_true(cpumask_subset(c, a) && cpumask_subset(c, b));
	assert_int_equal(cpumask_intersects(a, b), width > 3);
	cpumask_or(c, a, b);
	for (cpu = 0; cpu < width; cpu++)
		assert_int_equal(cpumask_test_cpu(cpu, c), cpu % 2 || cpu % 3 == 0);
	cpumask_andnot(c, c, b);
	for (cpu = 0; cpu < width; cpu++)
		assert_int_equal(cpumask_test_cpu(cpu, c), cpu % 2 && cpu % 3);
	assert_false(cpumask_intersects(c, b));
	cpumask_copy(c, a);
	assert_true(cpumask_equal(c, a));
	assert_int_equal(cpumask_next_and(-1, a, b), width > 3 ? 3 : width);
}

static void masks_of_every_width_are_combined_bit_by_bit(void **state)
{
	(void)state;
	for_widths(combine);
}

static void intern(u32 width)
{
	struct cpumask *m = cpumask_alloc_array(1);
	const struct cpumask *one, *again;
	u32 cpu;

	cpumask_set_cpu(width / 2, m);
	one = cpumask_intern(m);
	assert_ptr_not_equal(one, m);
	assert_ptr_equal(one, cpumask_of((int)width / 2));
	cpumask_clear(m);
	again = cpumask_intern(m);
	assert_true(cpumask_empty(again));
	assert_true(cpumask_test_cpu(width / 2, one));
	for (cpu = 0; cpu < width; cpu++)
		cpumask_of((int)cpu); /* the table grows */
	assert_ptr_equal(cpumask_of((int)width / 2), one);
	assert_ptr_equal(cpumask_intern(m), again);
}

static void equal_masks_are_one_object(void **state)
{
	(void)state;
	for_widths(intern);
}

static void idle_38_to_41_the_cursor_goes_round_and_moves_only_on_a_hit(void **state)
{
	struct cpumask *a, *b;

	(void)state;
	machine_rig_start_mode(&rig, 8, RUN_TIMED);
	a = cpumask_alloc_array(2);
	b = cpumask_nth(a, 1);
	cpumask_set_cpu(1, a);
	cpumask_set_cpu(4, a);
	cpumask_set_cpu(6, a);
	cpumask_setall(b);
	assert_int_equal(cpumask_any_and_distribute(a, b), 1);
	assert_int_equal(cpumask_any_and_distribute(a, b), 4);
	cpumask_clear(b);
	assert_int_equal(cpumask_any_and_distribute(a, b), 8); /* no hit: stays */
	assert_int_equal(cpumask_any_distribute(a), 6);
	assert_int_equal(cpumask_any_distribute(a), 1);
	machine()->current = mcpu(3)->ctx; /* every CPU has its own */
	assert_int_equal(cpumask_any_distribute(a), 1);
	cpumask_clear(a);
	cpumask_set_cpu(1, a);
	assert_int_equal(cpumask_any_distribute(a), 1);
	machine_rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_of_every_width_are_walked_to_their_end),
		cmocka_unit_test(masks_of_every_width_are_combined_bit_by_bit),
		cmocka_unit_test(equal_masks_are_one_object),
		cmocka_unit_test(idle_38_to_41_the_cursor_goes_round_and_moves_only_on_a_hit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
