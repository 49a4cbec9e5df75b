/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "feed_metrics.h"

#define MS 1000000ULL

/* Two tasks share one CPU for 100 ms; the first runs for first_ms of it, then the other. */
static const struct scxtwin_report *feed_two(struct feed *f, u32 weight1, u32 weight2, u64 first_ms,
					     s32 second)
{
	feed_start(f, 1);
	f->weight[1] = weight1;
	f->weight[second] = weight2;
	feed_born(f, 0, 1);
	feed_born(f, 0, second);
	feed_switch(f, 0, 0, 0, 0, 1);
	feed_switch(f, first_ms * MS, 0, 1, 0, second);
	return feed_finish(f, 100 * MS);
}

static void equal_shares_of_equals_are_fair(void **state)
{
	struct feed f;
	const struct scxtwin_report *r = feed_two(&f, 100, 100, 50, 2);

	(void)state;
	assert_int_equal(r->all.nr_jain, 2);
	assert_int_equal(r->all.jain_ppm, 1000000);
	scxtwin_metrics_free(f.m);
}

static void one_that_gets_everything_makes_it_as_unfair_as_can_be(void **state)
{
	struct feed f;
	const struct scxtwin_report *r = feed_two(&f, 100, 100, 100, 2);

	(void)state;
	assert_int_equal(r->all.jain_ppm, 500000);
	scxtwin_metrics_free(f.m);
}

/* x = 75 / 50 and 25 / 50: (2)^2 / (2 * (2.25 + 0.25)) = 0.8 */
static void shares_of_three_to_one_between_equals_give_eight_tenths(void **state)
{
	struct feed f;
	const struct scxtwin_report *r = feed_two(&f, 100, 100, 75, 2);

	(void)state;
	assert_in_range(r->all.jain_ppm, 799998, 800000);
	scxtwin_metrics_free(f.m);
}

static void shares_that_follow_the_weights_are_fair(void **state)
{
	struct feed f;
	const struct scxtwin_report *r = feed_two(&f, 300, 100, 75, 2);

	(void)state;
	assert_in_range(r->all.jain_ppm, 999999, 1000000);
	scxtwin_metrics_free(f.m);
}

static void groups_are_compared_by_their_sums(void **state)
{
	struct feed f;
	const struct scxtwin_report *r = feed_two(&f, 100, 100, 75, 100);

	(void)state;
	assert_int_equal(r->nr_jain_groups, 2);
	assert_in_range(r->jain_groups_ppm, 799998, 800000);
	assert_int_equal(r->groups[0].jain_ppm, 1000000);
	scxtwin_metrics_free(f.m);
}

static void a_task_that_sleeps_is_entitled_to_nothing_meanwhile(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed_born(&f, 0, 1);
	feed_switch(&f, 0, 0, 0, 0, 1);
	feed_switch(&f, 10 * MS, 0, 1, TASK_INTERRUPTIBLE, 0);
	feed_born(&f, 10 * MS, 2);
	feed_switch(&f, 10 * MS, 0, 0, 0, 2);
	r = feed_finish(&f, 100 * MS);
	assert_int_equal(r->all.nr_jain, 2);
	assert_int_equal(r->all.jain_ppm, 1000000);
	scxtwin_metrics_free(f.m);
}

static void short_lives_take_no_part(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed_born(&f, 0, 1);
	feed_switch(&f, 0, 0, 0, 0, 1);
	feed_exit(&f, MS - 1, 0, 1);
	r = feed_finish(&f, MS);
	assert_int_equal(r->all.nr_jain, 0);
	assert_int_equal(r->all.jain_ppm, 0);
	scxtwin_metrics_free(f.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_shares_of_equals_are_fair),
		cmocka_unit_test(one_that_gets_everything_makes_it_as_unfair_as_can_be),
		cmocka_unit_test(shares_of_three_to_one_between_equals_give_eight_tenths),
		cmocka_unit_test(shares_that_follow_the_weights_are_fair),
		cmocka_unit_test(groups_are_compared_by_their_sums),
		cmocka_unit_test(a_task_that_sleeps_is_entitled_to_nothing_meanwhile),
		cmocka_unit_test(short_lives_take_no_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
