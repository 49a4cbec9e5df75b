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

#include <scxtwin/explore.h>

static char path[64];

static int make_path(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/scxtwin-results-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 || close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static const struct scxtwin_explore_result part = {
	.verdict = SCXTWIN_PROVED_BOUND, .scenario = "a.json", .policy = "fifo", .strategy = "dfs",
	.bound = 2, .executions = 10, .cut = 1, .end_states = 3, .max_steps = 50, .nr_shards = 2,
	.nr_suite_parts = 1,
};

static void add(struct scxtwin_explore_result res)
{
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	assert_int_equal(scxtwin_explore_result_write(f, &res), 0);
	fclose(f);
}

static u32 nr_searches;

static void take_search(const struct scxtwin_explore_result *res, void *data)
{
	*(struct scxtwin_explore_result *)data = *res;
	nr_searches++;
}

/* The last search that was in the file. */
static int merge(struct scxtwin_explore_result *res, struct scxtwin_error *err)
{
	const char *const files[] = { path };

	nr_searches = 0;
	return scxtwin_explore_merge(files, 1, take_search, res, err);
}

static void all_parts_together_prove(void **state)
{
	struct scxtwin_explore_result res, other = part;
	struct scxtwin_error err;
	char text[256];

	(void)state;
	other.shard = 1;
	other.end_states = 5;
	add(part);
	add(other);
	assert_int_equal(merge(&res, &err), 0);
	assert_int_equal(res.verdict, SCXTWIN_PROVED_BOUND);
	assert_int_equal(res.executions, 20);
	assert_int_equal(res.cut, 2);
	assert_int_equal(res.end_states, 5);
	assert_string_equal(scxtwin_verdict_text(&res, text, sizeof(text)),
			    "proved up to bound 2: 20 executions (2 cut off), 5 distinct end states");
}

static void a_missing_part_takes_the_proof_away(void **state)
{
	struct scxtwin_explore_result res;
	struct scxtwin_error err;

	(void)state;
	add(part);
	add(part);
	assert_int_equal(merge(&res, &err), 0);
	assert_int_equal(res.verdict, SCXTWIN_SAMPLED);
}

static void what_one_part_found_was_found(void **state)
{
	struct scxtwin_explore_result res, other = part;
	struct scxtwin_error err;

	(void)state;
	other.shard = 1;
	other.verdict = SCXTWIN_FOUND;
	strcpy(other.violation, "it failed");
	add(part);
	add(other);
	assert_int_equal(merge(&res, &err), 0);
	assert_int_equal(res.verdict, SCXTWIN_FOUND);
	assert_string_equal(res.violation, "it failed");
}

static void parts_of_different_searches_do_not_mix(void **state)
{
	struct scxtwin_explore_result res, other = part;
	struct scxtwin_error err;

	(void)state;
	other.bound = 3;
	other.shard = 1;
	add(part);
	add(other);
	assert_int_equal(merge(&res, &err), 0);
	assert_int_equal(nr_searches, 2);
	assert_int_equal(res.bound, 3);
	assert_int_equal(res.executions, 10);
	assert_int_equal(res.verdict, SCXTWIN_SAMPLED);
}

static void all_parts_of_a_suite_are_needed(void **state)
{
	struct scxtwin_explore_result res, other = part;
	struct scxtwin_error err;

	(void)state;
	other.nr_shards = 1;
	other.nr_suite_parts = 2;
	add(other);
	assert_int_equal(merge(&res, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.msg, "part 1/2 of the suite is missing");
	strcpy(other.scenario, "b.json");
	other.suite_part = 1;
	add(other);
	assert_int_equal(merge(&res, &err), 0);
	assert_int_equal(nr_searches, 2);
	assert_string_equal(res.scenario, "b.json");
	assert_int_equal(res.verdict, SCXTWIN_PROVED_BOUND);
	other.nr_suite_parts = 3;
	add(other);
	assert_int_equal(merge(&res, &err), SCXTWIN_EINPUT);
	assert_int_equal(err.line, 3);
}

static void a_part_outside_the_whole_is_damage(void **state)
{
	struct scxtwin_explore_result res, other = part;
	struct scxtwin_error err;

	(void)state;
	other.shard = 2;
	add(part);
	add(other);
	assert_int_equal(merge(&res, &err), SCXTWIN_EINPUT);
	assert_int_equal(err.line, 2);
}

static void no_result_is_an_error(void **state)
{
	struct scxtwin_explore_result res;
	struct scxtwin_error err;

	(void)state;
	assert_int_equal(merge(&res, &err), SCXTWIN_EINPUT);
}

#define results_test(f) cmocka_unit_test_setup_teardown(f, make_path, remove_path)

int main(void)
{
	const struct CMUnitTest tests[] = {
		results_test(all_parts_together_prove),
		results_test(a_missing_part_takes_the_proof_away),
		results_test(what_one_part_found_was_found),
		results_test(parts_of_different_searches_do_not_mix),
		results_test(all_parts_of_a_suite_are_needed),
		results_test(a_part_outside_the_whole_is_damage),
		results_test(no_result_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
