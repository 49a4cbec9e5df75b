/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/vec.h"

#include "expect_bug.h"

struct pair {
	u64 a;
	u32 b;
};

static void elements_stay_in_order_while_it_grows(void **state)
{
	VEC(struct pair) v = { 0 };
	struct pair *pos;
	u64 i;

	(void)state;
	for (i = 0; i < 1000; i++)
		assert_int_equal(vec_push(&v, ((struct pair){ i, (u32)i * 2 })), 0);
	assert_int_equal(v.nr, 1000);
	i = 0;
	vec_for_each(pos, &v) {
		assert_int_equal(pos->a, i);
		assert_int_equal(pos->b, 2 * i);
		i++;
	}
	assert_int_equal(i, 1000);
	assert_int_equal(vec_at(&v, 500)->a, 500);
	assert_int_equal(vec_last(&v)->a, 999);
	assert_int_equal(vec_pop(&v).a, 999);
	assert_int_equal(v.nr, 999);
	vec_free(&v);
	assert_null(v.data);
}

static void an_element_of_the_array_itself_can_be_pushed(void **state)
{
	VEC(int) v = { 0 };
	int i;

	(void)state;
	vec_push(&v, 7);
	for (i = 0; i < 100; i++)
		vec_push(&v, *vec_at(&v, 0));
	assert_int_equal(*vec_last(&v), 7);
	vec_free(&v);
}

static void failed_growth_changes_nothing(void **state)
{
	VEC(int) v = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(vec_push(&v, i), 0);
	mem_fail_after(1);
	assert_int_equal(vec_push(&v, 8), -ENOMEM);
	mem_fail_after(0);
	assert_int_equal(vec_reserve(&v, SIZE_MAX), -ENOMEM);
	assert_int_equal(v.nr, 8);
	assert_int_equal(*vec_last(&v), 7);
	assert_int_equal(vec_push(&v, 8), 0);
	assert_int_equal(*vec_last(&v), 8);
	vec_free(&v);
}

static void access_outside_is_a_bug(void **state)
{
	VEC(int) v = { 0 };

	(void)state;
	expect_bug(vec_at(&v, 0), "nr");
	expect_bug(vec_last(&v), "nr");
	expect_bug((void)vec_pop(&v), "nr");
	vec_push(&v, 1);
	expect_bug(vec_at(&v, 1), "nr");
	vec_clear(&v);
	expect_bug(vec_at(&v, 0), "nr");
	vec_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_stay_in_order_while_it_grows),
		cmocka_unit_test(an_element_of_the_array_itself_can_be_pushed),
		cmocka_unit_test(failed_growth_changes_nothing),
		cmocka_unit_test(access_outside_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
