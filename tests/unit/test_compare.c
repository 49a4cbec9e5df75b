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

/* Two runs that differ in the wakeup latency of one task: 1 us and 3 us. */
struct pair {
	struct feed feed[2];
	struct scxtwin_result result[2];
	struct scxtwin_run run[2];
};

static void pair_make(struct pair *p)
{
	static const char *const policies[] = { "fifo", "a-policy-with-a-long-name" };
	u64 i;

	memset(p, 0, sizeof(*p));
	for (i = 0; i < 2; i++) {
		struct scxtwin_result *res = &p->result[i];

		feed_start(&p->feed[i], 2);
		feed_born(&p->feed[i], 0, 1);
		feed_switch(&p->feed[i], 1000 + 2000 * i, 0, 0, 0, 1);
		res->end = SCXTWIN_END_DONE;
		res->time_ns = 10000;
		res->nr_cpus = 2;
		snprintf(res->policy, sizeof(res->policy), "%s", policies[i]);
		memset(res->digest, i ? 'b' : 'a', 64);
		p->run[i] = (struct scxtwin_run){
			.workload = "demo", .result = res,
			.report = feed_finish(&p->feed[i], 10000),
		};
	}
}

static void pair_free(struct pair *p)
{
	scxtwin_metrics_free(p->feed[0].m);
	scxtwin_metrics_free(p->feed[1].m);
}

static char *compare(const struct pair *p, u32 nr_runs,
		     int (*print)(FILE *out, const struct scxtwin_run *runs, u32 nr_runs,
				  struct scxtwin_error *err))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(print(out, p->run, nr_runs, NULL), 0);
	fclose(out);
	return text;
}

static void check_has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("no \"%s\" in:\n%s", line, text);
}

static void columns_tell_the_change_against_the_first(void **state)
{
	struct pair p;
	char *text;

	(void)state;
	pair_make(&p);
	text = compare(&p, 2, scxtwin_compare_text);
	check_has(text, "                                  fifo a-policy-with\n");
	check_has(text, "digest    aaaaaaaa");
	check_has(text, "bbbbbbbb  a-policy-with-a-long-name\n");
	check_has(text, "\nwakeup latency p50              1.00us        3.00us  +200.0%\n");
	check_has(text, "\nCPUs busy                       45.00%        35.00%   -22.2%\n");
	check_has(text, "\nwakeups served                       1             1        =\n");
	check_has(text, "\nweb\nrun time ");
	/* Nothing happened there. */
	assert_null(strstr(text, "warnings"));
	free(text);
	pair_free(&p);
}

static void one_run_alone_is_a_table_too(void **state)
{
	struct pair p;
	char *text;

	(void)state;
	pair_make(&p);
	text = compare(&p, 1, scxtwin_compare_text);
	check_has(text, "\nwakeup latency p50              1.00us\n");
	free(text);
	pair_free(&p);
}

static void the_json_form_has_values_and_changes(void **state)
{
	json_t *json, *row;
	struct pair p;
	char *text;

	(void)state;
	pair_make(&p);
	text = compare(&p, 2, scxtwin_compare_json);
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	row = json_object_get(json_object_get(json, "rows"), "wakeup_latency_p50_ns");
	assert_int_equal(json_integer_value(json_array_get(json_object_get(row, "values"), 0)), 1000);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(row, "values"), 1)), 3000);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(row, "change_ppm"), 0)), 0);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(row, "change_ppm"), 1)),
			 2000000);
	assert_int_equal(json_array_size(json_object_get(json, "runs")), 2);
	json_decref(json);
	free(text);
	pair_free(&p);
}

static void changes_are_short(void **state)
{
	char cell[TEXT_CELL];

	(void)state;
	assert_string_equal(text_change(cell, 7, 7), "=");
	assert_string_equal(text_change(cell, 0, 7), "new");
	assert_string_equal(text_change(cell, 8, 7), "-12.5%");
	assert_string_equal(text_change(cell, 7, 0), "-100.0%");
	assert_string_equal(text_change(cell, 1, UINT64_MAX), "x18446744073709551615");
}

static void numbers_are_cut_and_have_units(void **state)
{
	char cell[TEXT_CELL];

	(void)state;
	assert_string_equal(text_format(cell, TEXT_TIME, 999), "999ns");
	assert_string_equal(text_format(cell, TEXT_TIME, 1999), "1.99us");
	assert_string_equal(text_format(cell, TEXT_TIME, 999999999), "999.99ms");
	assert_string_equal(text_format(cell, TEXT_TIME, 61000000000), "61.00s");
	assert_string_equal(text_format(cell, TEXT_PPM, 1000000), "100.00%");
	assert_string_equal(text_format(cell, TEXT_MILLI, 1049), "1.04");
	assert_string_equal(text_format(cell, TEXT_COUNT, 12), "12");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_tell_the_change_against_the_first),
		cmocka_unit_test(one_run_alone_is_a_table_too),
		cmocka_unit_test(the_json_form_has_values_and_changes),
		cmocka_unit_test(changes_are_short),
		cmocka_unit_test(numbers_are_cut_and_have_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
