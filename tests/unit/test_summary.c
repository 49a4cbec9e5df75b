/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <jansson.h>

#include "report/text.h"

#include "feed_metrics.h"

/* A run whose numbers are known; the output must be exactly this text. */
static char *text_of_run(int (*print)(FILE *out, const struct scxtwin_run *run,
				      struct scxtwin_error *err))
{
	const struct scxtwin_result res = {
		.end = SCXTWIN_END_DONE, .time_ns = 2000000, .nr_events = 17, .nr_cpus = 2,
		.nr_tasks_born = 2, .digest = "d1", .policy = "fifo",
	};
	struct scxtwin_run run = { .workload = "demo", .result = &res };
	char *text = NULL;
	size_t size;
	struct feed f;
	FILE *out;

	feed_start(&f, 2);
	feed_born(&f, 0, 1);
	feed_switch(&f, 1500, 0, 0, 0, 1);
	feed_born(&f, 2000, 100);
	feed_switch(&f, 2000, 1, 0, 0, 100);
	feed(&f, 2000, SCXTWIN_EV_DSQ_INSERT, 0, 1, 42, 0);
	feed(&f, 3000, SCXTWIN_EV_DSQ_REMOVE, 0, 1, 42, 0);
	feed(&f, 3000, SCXTWIN_EV_SCX_COUNT, 0, 1, SCX_EV_REENQ_IMMED, 4);
	feed_exit(&f, 1001500, 0, 1);
	run.report = feed_finish(&f, 2000000);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(print(out, &run, NULL), 0);
	fclose(out);
	scxtwin_metrics_free(f.m);
	return text;
}

static void the_table_of_a_run_has_this_layout(void **state)
{
	static const char expected[] =
		"policy    fifo\n"
		"workload  demo\n"
		"end       done after 2.00ms, 17 events\n"
		"machine   2 CPUs, busy 74.95%\n"
		"tasks     2 born, 0 left\n"
		"digest    d1\n"
		"\n"
		"time               tasks         run        wait       sleep  fairness\n"
		"all                    2      2.99ms      1.50us         0ns    99.99%\n"
		"web                    1      1.00ms      1.50us         0ns   100.00%\n"
		"batch                  1      1.99ms         0ns         0ns   100.00%\n"
		"between groups                                                  99.99%\n"
		"\n"
		"wakeup latency         n         p50         p90         p99       p99.9         max\n"
		"all                    2         0ns      1.50us      1.50us      1.50us      1.50us\n"
		"web                    1      1.50us      1.50us      1.50us      1.50us      1.50us\n"
		"batch                  1         0ns         0ns         0ns         0ns         0ns\n"
		"\n"
		"slowdown               n         p50         p90         p99       p99.9         max\n"
		"all                    1        1.00        1.00        1.00        1.00        1.00\n"
		"web                    1        1.00        1.00        1.00        1.00        1.00\n"
		"batch                  0           -           -           -           -           -\n"
		"\n"
		"switches         wakeups   voluntary   involunt.   preempted  to core   to LLC    x LLC   x node\n"
		"all                    2           1           0           0        0        0        0        0\n"
		"web                    1           1           0           0        0        0        0        0\n"
		"batch                  1           0           0           0        0        0        0        0\n"
		"\n"
		"work conservation: violated 1 times, 1.50us in all, longest 1.50us; CPU time lost 1.50us\n"
		"\n"
		"CPUs, busy\n"
		"   0  50.00%   1  99.90%\n"
		"\n"
		"DSQ                   DSQs   inserts   depth        mean    stay p50         p99         max\n"
		"0x2a                     1         1       1        0.00      1.00us      1.00us      1.00us\n"
		"\n"
		"sched_ext events\n"
		"SCX_EV_REENQ_IMMED                             4\n";
	char *text = text_of_run(scxtwin_summary_text);

	(void)state;
	assert_string_equal(text, expected);
	free(text);
}

static s64 integer_at(json_t *json, const char *outer, const char *inner)
{
	json_t *value = json_object_get(json_object_get(json, outer), inner);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void the_json_form_says_the_same_in_integers(void **state)
{
	char *text = text_of_run(scxtwin_summary_json);
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	(void)state;
	assert_non_null(json);
	assert_null(strchr(text, '.'));
	assert_string_equal(json_string_value(json_object_get(json, "format")), "scxtwin-summary");
	assert_int_equal(integer_at(json_object_get(json, "all"), "wakeup_latency_ns", "max"), 1500);
	assert_int_equal(integer_at(json, "conservation", "lost_ns"), 1500);
	assert_int_equal(integer_at(json, "scx_events", "SCX_EV_REENQ_IMMED"), 4);
	assert_int_equal(json_array_size(json_object_get(json, "groups")), 2);
	assert_int_equal(json_array_size(json_object_get(json, "cpus")), 2);
	assert_int_equal(json_array_size(json_object_get(json, "dsqs")), 1);
	json_decref(json);
	free(text);
}

static void a_full_disk_is_an_error(void **state)
{
	const struct scxtwin_result res = { .end = SCXTWIN_END_DONE, .nr_cpus = 1 };
	struct scxtwin_run run = { .label = "x", .result = &res };
	struct scxtwin_error err = { 0 };
	struct feed f;
	FILE *out;

	(void)state;
	out = fopen("/dev/full", "w");
	if (!out)
		skip();
	feed_start(&f, 1);
	run.report = feed_finish(&f, 0);
	assert_int_equal(scxtwin_summary_text(out, &run, &err), SCXTWIN_EFAILED);
	fclose(out);
	scxtwin_metrics_free(f.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_a_run_has_this_layout),
		cmocka_unit_test(the_json_form_says_the_same_in_integers),
		cmocka_unit_test(a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
