/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "explore/endstate.h"

static void a_state_counts_once(void **state)
{
	struct endstate_set set = { .slots = NULL };
	u64 i;

	(void)state;
	for (i = 0; i < 30000; i++)
		assert_int_equal(endstate_set_add(&set, i % 5000 + 1), 0);
	assert_int_equal(set.nr, 5000);
	endstate_set_free(&set);
	assert_int_equal(set.nr, 0);
}

static void the_digest_of_a_set_knows_no_order(void **state)
{
	struct endstate_set a = { .slots = NULL }, b = { .slots = NULL };
	u64 i;

	(void)state;
	for (i = 1; i <= 3000; i++) {
		assert_int_equal(endstate_set_add(&a, i * 0x9e3779b97f4a7c15ULL), 0);
		assert_int_equal(endstate_set_add(&b, (3001 - i) * 0x9e3779b97f4a7c15ULL), 0);
	}
	assert_int_equal(a.digest, b.digest);
	assert_int_equal(endstate_set_add(&b, 12345), 0);
	assert_true(a.digest != b.digest);
	endstate_set_free(&a);
	endstate_set_free(&b);
}

static void no_memory_is_told(void **state)
{
	struct endstate_set set = { .slots = NULL };

	(void)state;
	mem_fail_after(1);
	assert_int_equal(endstate_set_add(&set, 1), -ENOMEM);
	mem_fail_after(0);
	assert_int_equal(endstate_set_add(&set, 1), 0);
	assert_int_equal(set.nr, 1);
	endstate_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_counts_once),
		cmocka_unit_test(the_digest_of_a_set_knows_no_order),
		cmocka_unit_test(no_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
