/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "expect_bug.h"
#include "feed_metrics.h"

static void depth_and_residence_of_a_user_dsq(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed(&f, 10, SCXTWIN_EV_DSQ_INSERT, 0, 1, 42, 0);
	feed(&f, 20, SCXTWIN_EV_DSQ_INSERT, 0, 2, 42, 0);
	feed(&f, 50, SCXTWIN_EV_DSQ_REMOVE, 0, 1, 42, 0);
	feed(&f, 60, SCXTWIN_EV_DSQ_REMOVE, 0, 2, 42, 0);
	feed(&f, 90, SCXTWIN_EV_DSQ_INSERT, 0, 2, 42, 0);
	r = feed_finish(&f, 100);
	assert_int_equal(r->nr_dsqs, 1);
	assert_int_equal(r->dsqs[0].kind, SCXTWIN_DSQ_USER);
	assert_int_equal(r->dsqs[0].id, 42);
	assert_string_equal(r->dsqs[0].name, "0x2a");
	assert_int_equal(r->dsqs[0].nr_inserts, 3);
	assert_int_equal(r->dsqs[0].depth_max, 2);
	/* 1 for 10, 2 for 30, 1 for 10 and 10, of 100 */
	assert_int_equal(r->dsqs[0].depth_mean_milli, 900);
	assert_int_equal(r->dsqs[0].residence.n, 2);
	assert_int_equal(r->dsqs[0].residence.min, 40);
	assert_int_equal(r->dsqs[0].residence.max, 40);
	scxtwin_metrics_free(f.m);
}

static void local_dsqs_share_a_row_but_not_a_depth(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 4);
	feed(&f, 0, SCXTWIN_EV_DSQ_INSERT, 0, 1, SCX_DSQ_LOCAL, 0);
	feed(&f, 0, SCXTWIN_EV_DSQ_INSERT, 0, 2, SCX_DSQ_LOCAL, 3);
	feed(&f, 0, SCXTWIN_EV_DSQ_INSERT, 0, 3, SCX_DSQ_GLOBAL, 0);
	feed(&f, 0, SCXTWIN_EV_DSQ_INSERT, 0, 4, SCX_DSQ_BYPASS, 1);
	r = feed_finish(&f, 10);
	assert_int_equal(r->nr_dsqs, 3);
	assert_string_equal(r->dsqs[0].name, "local");
	assert_int_equal(r->dsqs[0].nr_dsqs, 2);
	assert_int_equal(r->dsqs[0].depth_max, 1);
	assert_int_equal(r->dsqs[0].depth_mean_milli, 2000);
	assert_int_equal(r->dsqs[0].residence.n, 0);
	assert_string_equal(r->dsqs[1].name, "bypass");
	assert_string_equal(r->dsqs[2].name, "global");
	scxtwin_metrics_free(f.m);
}

static void user_dsqs_are_in_order_of_their_ids(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed(&f, 0, SCXTWIN_EV_DSQ_INSERT, 0, 1, 9, 0);
	feed(&f, 0, SCXTWIN_EV_DSQ_INSERT, 0, 2, 3, 0);
	r = feed_finish(&f, 10);
	assert_int_equal(r->dsqs[0].id, 3);
	assert_int_equal(r->dsqs[1].id, 9);
	scxtwin_metrics_free(f.m);
}

static void very_many_user_dsqs_share_the_last_row(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;
	u64 id;

	(void)state;
	feed_start(&f, 1);
	for (id = 1; id <= 3000; id++) {
		feed(&f, id, SCXTWIN_EV_DSQ_INSERT, 0, 1, id, 0);
		feed(&f, id, SCXTWIN_EV_DSQ_REMOVE, 0, 1, id, 0);
	}
	r = feed_finish(&f, 3000);
	assert_int_equal(r->nr_dsqs, 1024);
	assert_string_equal(r->dsqs[1023].name, "others");
	assert_int_equal(r->dsqs[1023].nr_dsqs, 3000 - 1023);
	assert_int_equal(r->dsqs[1023].nr_inserts, 3000 - 1023);
	scxtwin_metrics_free(f.m);
}

static void a_task_is_in_one_dsq_at_a_time(void **state)
{
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed(&f, 0, SCXTWIN_EV_DSQ_INSERT, 0, 1, 9, 0);
	expect_bug(feed(&f, 0, SCXTWIN_EV_DSQ_INSERT, 0, 1, 3, 0), "place->dsq");
	scxtwin_metrics_free(f.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth_and_residence_of_a_user_dsq),
		cmocka_unit_test(local_dsqs_share_a_row_but_not_a_depth),
		cmocka_unit_test(user_dsqs_are_in_order_of_their_ids),
		cmocka_unit_test(very_many_user_dsqs_share_the_last_row),
		cmocka_unit_test(a_task_is_in_one_dsq_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
