/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rng.h"

#include "expect_bug.h"

static void streams_are_the_committed_ones(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 1, "burst", 0);
	assert_true(rng_u64(&rng) == 0x7a8eeedc7afcb3b8ULL);
	assert_true(rng_u64(&rng) == 0x8f25d934760076b3ULL);
	assert_true(rng_u64(&rng) == 0xf841058ea9965907ULL);
	rng_init(&rng, 42, "sleep", 7);
	assert_true(rng_u64(&rng) == 0x81cbc6a020d2ed6fULL);
	assert_true(rng_u64(&rng) == 0x64cf2500ca50285aULL);
}

static void seed_purpose_and_number_each_give_another_stream(void **state)
{
	struct rng rng[6];
	u64 first[6];
	int i, k;

	(void)state;
	rng_init(&rng[0], 1, "a", 0);
	rng_init(&rng[1], 2, "a", 0);
	rng_init(&rng[2], 1, "b", 0);
	rng_init(&rng[3], 1, "a", 1);
	rng_init(&rng[4], 1, "", 0);
	rng_init(&rng[5], 0, "a", 1);
	for (i = 0; i < 6; i++) {
		first[i] = rng_u64(&rng[i]);
		assert_true(rng[i].gamma & 1);
		for (k = 0; k < i; k++)
			assert_true(first[i] != first[k]);
	}
}

static void below_stays_below_and_is_uniform(void **state)
{
	u32 nr[7] = { 0 };
	struct rng rng;
	int i;

	(void)state;
	rng_init(&rng, 3, "below", 0);
	for (i = 0; i < 70000; i++) {
		const u64 x = rng_below(&rng, 7);

		assert_true(x < 7);
		nr[x]++;
	}
	for (i = 0; i < 7; i++)
		assert_in_range(nr[i], 9600, 10400);
	for (i = 0; i < 100; i++) {
		assert_int_equal(rng_below(&rng, 1), 0);
		assert_true(rng_below(&rng, (1ULL << 63) + 1) <= 1ULL << 63);
	}
}

static void range_includes_both_ends(void **state)
{
	bool lo = false, hi = false;
	struct rng rng;
	int i;

	(void)state;
	rng_init(&rng, 3, "range", 0);
	for (i = 0; i < 1000; i++) {
		const u64 x = rng_range(&rng, 10, 13);

		assert_in_range(x, 10, 13);
		lo |= x == 10;
		hi |= x == 13;
	}
	assert_true(lo && hi);
	assert_int_equal(rng_range(&rng, 5, 5), 5);
	assert_true(rng_range(&rng, UINT64_MAX, UINT64_MAX) == UINT64_MAX);
	rng_range(&rng, 0, UINT64_MAX);
}

/* Values of the exact formulas in floating point, rounded; the tables err by less than 1e-5. */
static void distributions_agree_with_their_formulas(void **state)
{
	static const u64 exponential[] = { 736590, 581299, 30725, 952564, 3309, 354990 };
	static const u64 normal[] = { 845022, 1040751, 992639, 1259618, 951942, 1053173 };
	struct rng rng;
	size_t i;

	(void)state;
	rng_init(&rng, 1, "burst", 0);
	for (i = 0; i < 6; i++)
		assert_in_range(rng_exponential(&rng, 1000000), exponential[i] - 10,
				exponential[i] + 10);
	rng_init(&rng, 1, "burst", 0);
	for (i = 0; i < 6; i++)
		assert_in_range(rng_normal(&rng, 1000000, 200000), normal[i] - 10, normal[i] + 10);
}

static void exponential_has_its_mean_and_its_limit(void **state)
{
	enum { NR = 200000 };
	u64 sum = 0, max = 0, nr_above_mean = 0;
	struct rng rng;
	int i;

	(void)state;
	rng_init(&rng, 5, "exponential", 0);
	for (i = 0; i < NR; i++) {
		const u64 x = rng_exponential(&rng, 1000000);

		sum += x;
		max = x > max ? x : max;
		nr_above_mean += x > 1000000;
	}
	assert_in_range(sum / NR, 990000, 1010000);
	assert_in_range(nr_above_mean, NR * 36 / 100, NR * 375 / 1000);	/* 1 / e */
	assert_in_range(max, 8000000, 16000000);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(rng_exponential(&rng, 0), 0);
		rng_exponential(&rng, UINT64_MAX); /* saturates */
	}
}

static void normal_has_mean_and_deviation_and_is_clamped(void **state)
{
	enum { NR = 200000 };
	const u64 mean = 1000000, stddev = 100000;
	u64 sum = 0, sum_squares = 0, nr_within = 0, nr_zero = 0;
	struct rng rng;
	int i;

	(void)state;
	rng_init(&rng, 5, "normal", 0);
	for (i = 0; i < NR; i++) {
		const u64 x = rng_normal(&rng, mean, stddev);
		const u64 off = x > mean ? x - mean : mean - x;

		sum += x;
		sum_squares += off * off / 1000;
		nr_within += off <= stddev;
	}
	assert_in_range(sum / NR, 999000, 1001000);
	assert_in_range(sum_squares / NR, 9800000, 10200000);
	assert_in_range(nr_within, NR * 675 / 1000, NR * 69 / 100);
	for (i = 0; i < 1000; i++)
		nr_zero += rng_normal(&rng, 10, 1000000) == 0;
	assert_in_range(nr_zero, 430, 570);
	for (i = 0; i < 1000; i++) {
		rng_normal(&rng, UINT64_MAX, UINT64_MAX);
		assert_int_equal(rng_normal(&rng, 123, 0), 123);
	}
}

static void wrong_use_is_a_bug(void **state)
{
	struct rng rng, zero = { 0 };

	(void)state;
	rng_init(&rng, 0, "", 0);
	expect_bug(rng_below(&rng, 0), "!n");
	expect_bug(rng_range(&rng, 2, 1), "lo > hi");
	expect_bug(rng_u64(&zero), "gamma");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_are_the_committed_ones),
		cmocka_unit_test(seed_purpose_and_number_each_give_another_stream),
		cmocka_unit_test(below_stays_below_and_is_uniform),
		cmocka_unit_test(range_includes_both_ends),
		cmocka_unit_test(distributions_agree_with_their_formulas),
		cmocka_unit_test(exponential_has_its_mean_and_its_limit),
		cmocka_unit_test(normal_has_mean_and_deviation_and_is_clamped),
		cmocka_unit_test(wrong_use_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
