/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#include "expect_bug.h"

static void arena_gives_zeroed_aligned_memory(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 63, 64, 65, 4096, 70000, 3 << 20 };
	struct arena *a = arena_new(0xa5);
	size_t i, k, round;

	(void)state;
	assert_non_null(a);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			u8 *p = arena_zalloc(a, sizes[i]);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % (sizes[i] >= 64 ? 64 : 16), 0);
			for (k = 0; k < sizes[i]; k++)
				if (p[k])
					fail_msg("byte %zu of %zu not zeroed", k, sizes[i]);
			memset(p, 0xff, sizes[i]);
		}
	}
	arena_free(a);
}

static void arena_objects_do_not_overlap(void **state)
{
	enum { NR = 5000 };
	struct arena *a = arena_new(0);
	u32 *objs[NR];
	u32 i;

	(void)state;
	for (i = 0; i < NR; i++) {
		objs[i] = arena_zalloc(a, 4 + i % 200);
		*objs[i] = i;
	}
	for (i = 0; i < NR; i++)
		assert_int_equal(*objs[i], i);
	arena_free(a);
}

static void arena_counts_what_was_handed_out(void **state)
{
	struct arena *a = arena_new(0), *b = arena_new(0xff);

	(void)state;
	assert_int_equal(arena_used(a), 0);
	assert_non_null(arena_zalloc(a, 100));
	assert_non_null(arena_calloc(a, 10, 8));
	assert_string_equal(arena_strdup(a, "abc"), "abc");
	assert_int_equal(arena_used(a), 100 + 80 + 4);
	assert_non_null(arena_zalloc(b, 100));
	assert_int_equal(arena_used(b), 100);
	arena_free(a);
	arena_free(b);
	arena_free(NULL);
}

static void arena_large_object_leaves_the_shared_chunk_in_use(void **state)
{
	struct arena *a = arena_new(0);
	u8 *first = arena_zalloc(a, 64), *large = arena_zalloc(a, 8 << 20);
	u8 *second = arena_zalloc(a, 64);

	(void)state;
	assert_non_null(large);
	assert_ptr_equal(second, first + 64);
	arena_free(a);
}

static void arena_knows_what_it_handed_out(void **state)
{
	struct arena *a = arena_new(0x5a);
	u8 *small, *large;

	(void)state;
	small = arena_zalloc(a, 64);
	large = arena_zalloc(a, 3 << 20);
	assert_true(arena_has(a, small) && arena_has(a, small + 63));
	assert_true(arena_has(a, large) && arena_has(a, large + (3 << 20) - 1));
	assert_false(arena_has(a, small - 1) || arena_has(a, small + 64));
	assert_false(arena_has(a, large + (3 << 20)) || arena_has(a, &a));
	arena_free(a);
}

static void arena_refuses_sizes_that_overflow(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	assert_null(arena_calloc(a, SIZE_MAX / 2, 3));
	assert_null(arena_zalloc(a, SIZE_MAX));
	assert_null(mem_realloc_array(NULL, SIZE_MAX / 2, 3));
	assert_int_equal(arena_used(a), 0);
	arena_free(a);
}

static void arena_survives_each_failing_allocation(void **state)
{
	struct arena *a;
	int i;

	(void)state;
	mem_fail_after(1);
	assert_null(arena_new(0));
	mem_fail_after(2);
	a = arena_new(0);
	assert_non_null(a);
	assert_null(arena_zalloc(a, 8));
	assert_null(arena_strdup(a, "x"));
	assert_null(arena_zalloc(a, 8 << 20));
	mem_fail_after(0);
	for (i = 0; i < 100; i++)
		assert_non_null(arena_zalloc(a, 8));
	arena_free(a);
}

static void nth_allocation_fails_and_all_after_it(void **state)
{
	void *p, *grown;
	char *s;

	(void)state;
	mem_fail_after(3);
	p = mem_alloc(0);
	s = mem_strdup("text");
	assert_non_null(p);
	assert_string_equal(s, "text");
	assert_null(mem_zalloc(8));
	assert_null(mem_alloc(8));
	assert_null(mem_strdup("more"));
	assert_null(mem_realloc_array(p, 2, 8));
	mem_fail_after(0);
	grown = mem_realloc_array(p, 2, 8);
	assert_non_null(grown);
	free(grown);
	free(s);
}

static void pool_recycles_zeroed_objects(void **state)
{
	struct arena *a = arena_new(0xee);
	struct pool pool;
	u8 *first, *second, zero[40] = { 0 };
	size_t used;

	(void)state;
	pool_init(&pool, a, sizeof(zero));
	first = pool_zalloc(&pool);
	second = pool_zalloc(&pool);
	assert_ptr_not_equal(first, second);
	assert_int_equal(pool.nr_used, 2);
	used = arena_used(a);
	memset(first, 1, sizeof(zero));
	pool_free(&pool, first);
	assert_int_equal(first[sizeof(zero) - 1], 0x6b);
	pool_free(&pool, second);
	assert_int_equal(pool.nr_used, 0);
	assert_ptr_equal(pool_zalloc(&pool), second);
	assert_ptr_equal(pool_zalloc(&pool), first);
	assert_memory_equal(first, zero, sizeof(zero));
	assert_int_equal(arena_used(a), used);
	arena_free(a);
}

static void pool_tells_that_memory_is_out(void **state)
{
	struct arena *a = arena_new(0);
	struct pool pool;

	(void)state;
	pool_init(&pool, a, 1);
	mem_fail_after(1);
	assert_null(pool_zalloc(&pool));
	mem_fail_after(0);
	assert_int_equal(pool.nr_used, 0);
	assert_non_null(pool_zalloc(&pool));
	arena_free(a);
}

static void pool_bugs_on_double_free_and_write_after_free(void **state)
{
	struct arena *a = arena_new(0);
	struct pool pool;
	u8 *p, *q;

	(void)state;
	pool_init(&pool, a, 32);
	p = pool_zalloc(&pool);
	q = pool_zalloc(&pool);
	pool_free(&pool, p);
	expect_bug(pool_free(&pool, p), "pool_is_poisoned");
	p[31] = 0;
	expect_bug(pool_zalloc(&pool), "pool_is_poisoned");
	expect_bug(pool_free(&pool, NULL), "!obj");
	p[31] = 0x6b;
	pool_free(&pool, q);
	expect_bug(pool_free(&pool, q), "nr_used");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(arena_objects_do_not_overlap),
		cmocka_unit_test(arena_counts_what_was_handed_out),
		cmocka_unit_test(arena_large_object_leaves_the_shared_chunk_in_use),
		cmocka_unit_test(arena_knows_what_it_handed_out),
		cmocka_unit_test(arena_refuses_sizes_that_overflow),
		cmocka_unit_test(arena_survives_each_failing_allocation),
		cmocka_unit_test(nth_allocation_fails_and_all_after_it),
		cmocka_unit_test(pool_recycles_zeroed_objects),
		cmocka_unit_test(pool_tells_that_memory_is_out),
		cmocka_unit_test(pool_bugs_on_double_free_and_write_after_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
