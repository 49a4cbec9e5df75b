/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "report/hist.h"

static void values_below_512_are_exact(void **state)
{
	struct hist h = { 0 };
	u64 v;

	(void)state;
	for (v = 0; v < 512; v++)
		hist_add(&h, v);
	assert_int_equal(hist_percentile(&h, 0), 0);
	assert_int_equal(hist_percentile(&h, 5000), 255);
	assert_int_equal(hist_percentile(&h, 9900), 506);
	assert_int_equal(hist_percentile(&h, 10000), 511);
	hist_free(&h);
}

static void a_bucket_of_a_large_value_is_at_most_a_fifth_of_a_percent_off(void **state)
{
	u64 v;

	(void)state;
	for (v = 512; v < 1ULL << 62; v += v / 7 + 1) {
		struct hist h = { 0 };
		u64 p;

		/* The neighbours keep the clamp to the range out of the way. */
		hist_add(&h, v / 2);
		hist_add(&h, v);
		hist_add(&h, 2 * v);
		p = hist_percentile(&h, 5000);
		assert_true((p > v ? p - v : v - p) <= v / 512);
		hist_free(&h);
	}
}

static void the_greatest_value_has_a_bucket(void **state)
{
	struct hist h = { 0 };
	struct scxtwin_dist d;

	(void)state;
	hist_add(&h, UINT64_MAX);
	hist_add(&h, UINT64_MAX);
	hist_dist(&h, &d);
	assert_int_equal(d.n, 2);
	assert_true(d.min == UINT64_MAX && d.max == UINT64_MAX && d.mean == UINT64_MAX);
	assert_true(d.p50 == UINT64_MAX);
	hist_free(&h);
}

static void percentiles_count_from_the_smallest(void **state)
{
	struct hist h = { 0 };
	struct scxtwin_dist d;
	u64 v;

	(void)state;
	for (v = 1; v <= 1000; v++)
		hist_add(&h, v % 10 ? 7 : 300);
	hist_dist(&h, &d);
	assert_int_equal(d.n, 1000);
	assert_int_equal(d.mean, 36);
	assert_int_equal(d.p50, 7);
	assert_int_equal(d.p90, 7);
	assert_int_equal(d.p99, 300);
	assert_int_equal(d.p999, 300);
	assert_int_equal(hist_percentile(&h, 9001), 300);
	hist_free(&h);
}

static void nothing_counted_gives_zeroes(void **state)
{
	const struct hist h = { 0 };
	struct scxtwin_dist d;

	(void)state;
	hist_dist(&h, &d);
	assert_int_equal(d.n, 0);
	assert_int_equal(d.p50, 0);
	assert_int_equal(d.max, 0);
}

static void a_merge_equals_counting_into_one(void **state)
{
	struct hist a = { 0 }, b = { 0 }, both = { 0 };
	struct scxtwin_dist merged, counted;
	u64 v;

	(void)state;
	for (v = 3; v < 1ULL << 40; v = v * 5 / 3) {
		hist_add(v & 1 ? &a : &b, v);
		hist_add(&both, v);
	}
	hist_merge(&a, &b);
	hist_dist(&a, &merged);
	hist_dist(&both, &counted);
	assert_memory_equal(&merged, &counted, sizeof(merged));
	hist_free(&a);
	hist_free(&b);
	hist_free(&both);
}

static void lack_of_memory_is_remembered(void **state)
{
	struct hist h = { 0 };

	(void)state;
	mem_fail_after(1);
	hist_add(&h, 1);
	mem_fail_after(0);
	assert_true(h.no_memory);
	hist_free(&h);
}

static void the_distance_is_the_greatest_difference_of_the_parts(void **state)
{
	struct hist a = { 0 }, b = { 0 };

	(void)state;
	hist_add_many(&a, 1, 3);
	hist_add(&a, 100000);
	hist_add_many(&b, 1, 30);
	hist_add_many(&b, 100000, 10);
	assert_int_equal(a.n, 4);
	assert_int_equal(hist_distance_ppm(&a, &b), 0);
	hist_add_many(&b, 1000000, 40);
	assert_int_equal(hist_distance_ppm(&a, &b), 500000);
	assert_int_equal(hist_distance_ppm(&b, &a), 500000);
	hist_free(&a);
	hist_add(&a, 0);
	assert_int_equal(hist_distance_ppm(&a, &b), 1000000);
	hist_free(&a);
	hist_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_below_512_are_exact),
		cmocka_unit_test(a_bucket_of_a_large_value_is_at_most_a_fifth_of_a_percent_off),
		cmocka_unit_test(the_greatest_value_has_a_bucket),
		cmocka_unit_test(percentiles_count_from_the_smallest),
		cmocka_unit_test(nothing_counted_gives_zeroes),
		cmocka_unit_test(a_merge_equals_counting_into_one),
		cmocka_unit_test(lack_of_memory_is_remembered),
		cmocka_unit_test(the_distance_is_the_greatest_difference_of_the_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
