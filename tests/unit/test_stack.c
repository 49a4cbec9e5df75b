/* SPDX-License-Identifier: GPL-2.0-only */
/* Switching stacks keeps what a callee must keep; an abandoned stack can be used anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "machine/stack.h"

static struct stack host, *mine;
static int nr_entries;
static long result;

static long __attribute__((noinline)) work(long a, long b, long c)
{
	volatile char filler[4096];
	long sum = a * 3 + b * 5 + c;

	filler[0] = (char)a;
	filler[4095] = (char)b;
	stack_switch_to(mine, &host);
	return sum + filler[0] + filler[4095];
}

static void entry(void)
{
	nr_entries++;
	for (;;) {
		result = work(1, 2, 3);
		stack_switch_to(mine, &host);
	}
}

static void a_stack_goes_on_where_it_was_left(void **state)
{
	double kept = 1.5;
	long i;

	(void)state;
	nr_entries = 0;
	stack_init_host(&host);
	mine = stack_new(entry);
	assert_non_null(mine);
	for (i = 1; i <= 100; i++) {
		result = 0;
		stack_switch_to(&host, mine);
		assert_int_equal(result, 0);
		stack_switch_to(&host, mine);
		assert_int_equal(result, 19);
		kept *= 1.0;
	}
	assert_true(kept > 1.4);
	assert_int_equal(nr_entries, 1);
	stack_free(mine);
}

static void a_reset_stack_begins_anew(void **state)
{
	(void)state;
	nr_entries = 0;
	stack_init_host(&host);
	mine = stack_new(entry);
	assert_non_null(mine);
	stack_switch_to(&host, mine);
	stack_reset(mine, entry);
	stack_switch_to(&host, mine);
	assert_int_equal(nr_entries, 2);
	stack_free(mine);
}

static void a_saved_stack_goes_on_from_the_same_place_again(void **state)
{
	struct stack_copy *copy;
	int i;

	(void)state;
	stack_init_host(&host);
	mine = stack_new(entry);
	assert_non_null(mine);
	stack_switch_to(&host, mine);
	copy = stack_save(mine);
	assert_non_null(copy);
	for (i = 0; i < 3; i++) {
		result = 0;
		stack_switch_to(&host, mine);
		assert_int_equal(result, 19);
		stack_restore(mine, copy);
	}
	stack_copy_free(copy);
	stack_free(mine);
}

static void many_stacks_can_be_made(void **state)
{
	enum { NR = 2000 };
	static struct stack *all[NR];
	int i;

	(void)state;
	for (i = 0; i < NR; i++)
		assert_non_null(all[i] = stack_new(entry));
	for (i = 0; i < NR; i++)
		stack_free(all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_goes_on_where_it_was_left),
		cmocka_unit_test(a_reset_stack_begins_anew),
		cmocka_unit_test(a_saved_stack_goes_on_from_the_same_place_again),
		cmocka_unit_test(many_stacks_can_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
