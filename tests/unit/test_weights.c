/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sched/sched.h"

static void table_has_the_known_corners(void **state)
{
	(void)state;
	assert_int_equal(sched_prio_to_weight[0], 88761);
	assert_int_equal(sched_prio_to_weight[PRIO_TO_NICE(DEFAULT_PRIO) - MIN_NICE], 1024);
	assert_int_equal(sched_prio_to_weight[5 - MIN_NICE], 335);
	assert_int_equal(sched_prio_to_weight[MAX_NICE - MIN_NICE], 15);
}

static void each_step_is_a_quarter(void **state)
{
	(void)state;
	for (int i = 1; i < 40; i++) {
		const u32 better = sched_prio_to_weight[i - 1], worse = sched_prio_to_weight[i];

		/* Between 1.18 and 1.32; the smallest weights are coarse. */
		assert_in_range(better * 100, worse * 118, worse * 132);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_has_the_known_corners),
		cmocka_unit_test(each_step_is_a_quarter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
