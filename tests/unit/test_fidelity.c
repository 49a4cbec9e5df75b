/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include <scxtwin/report.h>

#include "base/mem.h"

#include "feed_metrics.h"

/* Group web: waits of 0 and 100 in the run, of 0, 0 and 500 in the recording. Group batch: only recorded. */
struct rig {
	struct feed feed;
	struct scxtwin_wait web[2], batch[1];
	struct scxtwin_observed groups[2];
	struct scxtwin_recorded recorded;
	struct scxtwin_fidelity *f;
};

static void rig_make(struct rig *r)
{
	feed_start(&r->feed, 1);
	feed_born(&r->feed, 0, 1);
	feed_born(&r->feed, 0, 2);
	feed_switch(&r->feed, 0, 0, 0, 0, 1);
	feed_switch(&r->feed, 100, 0, 1, 1, 2);
	feed_exit(&r->feed, 300, 0, 2);
	assert_non_null(feed_finish(&r->feed, 400));
	r->web[0] = (struct scxtwin_wait){ 0, 2 };
	r->web[1] = (struct scxtwin_wait){ 500, 1 };
	r->batch[0] = (struct scxtwin_wait){ 7, 1 };
	r->groups[0] = (struct scxtwin_observed){ .run_ns = 250, .nr_switches = 3, .nr_wakeups = 3,
						  .waits = r->web, .nr_waits = 2 };
	r->groups[1] = (struct scxtwin_observed){ .run_ns = 50, .nr_switches = 1, .nr_wakeups = 1,
						  .waits = r->batch, .nr_waits = 1 };
	r->recorded = (struct scxtwin_recorded){ .span_ns = 350, .groups = r->groups, .nr_groups = 2 };
	r->f = scxtwin_fidelity_new(r->feed.m, &r->recorded, NULL);
	assert_non_null(r->f);
}

static void rig_free(struct rig *r)
{
	scxtwin_fidelity_free(r->f);
	scxtwin_metrics_free(r->feed.m);
}

static void sums_and_waits_stand_side_by_side(void **state)
{
	struct rig r;
	const struct scxtwin_fidelity_row *web, *batch;

	(void)state;
	rig_make(&r);
	web = &r.f->groups[0];
	batch = &r.f->groups[1];
	assert_int_equal(r.f->recorded_ns, 350);
	assert_int_equal(r.f->simulated_ns, 400);
	assert_string_equal(web->name, "web");
	assert_int_equal(web->recorded.run_ns, 250);
	assert_int_equal(web->simulated.run_ns, 300);
	assert_int_equal(web->simulated.nr_switches, 2);
	assert_int_equal(web->simulated.nr_wakeups, 2);
	assert_int_equal(web->recorded.wait.n, 3);
	assert_int_equal(web->simulated.wait.n, 2);
	assert_int_equal(web->recorded.wait.max, 500);
	assert_int_equal(web->simulated.wait.max, 100);
	/* At 100: 2/3 of the recorded waits, all of the simulated. */
	assert_true(web->has_distance);
	assert_int_equal(web->distance_ppm, 333333);
	assert_false(batch->has_distance);
	assert_int_equal(r.f->all.recorded.run_ns, 300);
	assert_int_equal(r.f->all.recorded.nr_switches, 4);
	/* At 0: 2/4 and 1/2; at 7: 3/4 and 1/2; at 100: 3/4 and 2/2. */
	assert_int_equal(r.f->all.distance_ppm, 250000);
	rig_free(&r);
}

static char *print(struct rig *r, bool json)
{
	struct scxtwin_result result = { .end = SCXTWIN_END_DONE, .digest = "00ff" };
	const struct scxtwin_run run = { .label = "fifo", .workload = "two", .result = &result };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal((json ? scxtwin_fidelity_json : scxtwin_fidelity_text)
			 (out, &run, r->f, NULL), 0);
	fclose(out);
	return text;
}

static void the_table_has_a_row_for_all_and_for_each_group(void **state)
{
	struct rig r;
	char *text;

	(void)state;
	rig_make(&r);
	text = print(&r, false);
	assert_non_null(strstr(text, "span      recorded 350ns, simulated 400ns\n"));
	assert_non_null(strstr(text, "\nweb                   250ns      300ns  +20.0%"));
	assert_non_null(strstr(text, "      33.33%\n"));
	assert_non_null(strstr(text, "\nbatch "));
	assert_non_null(strstr(text, "           -\n"));
	assert_null(strstr(text, " \n"));
	free(text);
	rig_free(&r);
}

static void the_json_has_no_distance_where_there_is_none(void **state)
{
	json_t *root, *groups;
	struct rig r;
	char *text;

	(void)state;
	rig_make(&r);
	text = print(&r, true);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "format")), "scxtwin-fidelity");
	groups = json_object_get(root, "groups");
	assert_int_equal(json_array_size(groups), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(groups, 0),
							    "wait_distance_ppm")), 333333);
	assert_true(json_is_null(json_object_get(json_array_get(groups, 1), "wait_distance_ppm")));
	json_decref(root);
	free(text);
	rig_free(&r);
}

static void any_allocation_may_fail(void **state)
{
	struct scxtwin_fidelity *f = NULL;
	struct scxtwin_error err;
	struct rig r;
	u64 n;

	(void)state;
	rig_make(&r);
	for (n = 1; !f && n < 100; n++) {
		mem_fail_after(n);
		f = scxtwin_fidelity_new(r.feed.m, &r.recorded, &err);
		mem_fail_after(0);
	}
	assert_non_null(f);
	assert_true(n > 4);
	scxtwin_fidelity_free(f);
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_and_waits_stand_side_by_side),
		cmocka_unit_test(the_table_has_a_row_for_all_and_for_each_group),
		cmocka_unit_test(the_json_has_no_distance_where_there_is_none),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
