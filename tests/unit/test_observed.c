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

#include "base/mem.h"
#include "report/hist.h"
#include "workload/observed.h"

#define CASES SCXTWIN_SOURCE_DIR "/tests/readers/"

static struct scxtwin_recorded *read_recorded(const char *path, struct scxtwin_error *err)
{
	struct scxtwin_workload *w = scxtwin_workload_open(path, err);
	struct scxtwin_recorded *r = w ? scxtwin_workload_recorded(w, err) : NULL;

	scxtwin_workload_close(w);
	return r;
}

static void buckets_are_those_of_the_reports(void **state)
{
	const u64 values[] = { 0, 1, 511, 512, 513, 1023, 1024, 1027, 1028, 9999, 123456789, 1ULL << 60 };
	u32 i;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const u64 least = observed_bucket(values[i]);
		struct hist exact = { 0 }, rounded = { 0 };

		assert_true(least <= values[i]);
		assert_int_equal(observed_bucket(least), least);
		hist_add(&exact, values[i]);
		hist_add(&rounded, least);
		assert_int_equal(hist_distance_ppm(&exact, &rounded), 0);
		if (least) {
			hist_free(&rounded);
			hist_add(&rounded, least - 1);
			assert_int_equal(hist_distance_ppm(&exact, &rounded), 1000000);
		}
		hist_free(&exact);
		hist_free(&rounded);
	}
}

static void what_was_observed_is_read(void **state)
{
	struct scxtwin_error err;
	struct scxtwin_recorded *r = read_recorded(CASES "recording/observed/input", &err);

	(void)state;
	assert_non_null(r);
	assert_int_equal(r->span_ns, 100);
	assert_int_equal(r->nr_groups, 1);
	assert_int_equal(r->groups->run_ns, 10);
	assert_int_equal(r->groups->nr_switches, 2);
	assert_int_equal(r->groups->nr_wakeups, 1);
	assert_int_equal(r->groups->nr_waits, 2);
	assert_int_equal(r->groups->waits[1].ns, 512);
	assert_int_equal(r->groups->waits[1].count, 2);
	scxtwin_recorded_free(r);
}

static void an_import_tells_what_it_observed(void **state)
{
	char path[] = "/tmp/scxtwin-observed-XXXXXX";
	const struct scxtwin_import_options opt = { .wakeups = SCXTWIN_OPEN_LOOP };
	struct scxtwin_recorded *r;
	struct scxtwin_error err;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(scxtwin_import_ftrace(CASES "ftrace/wakes_between_tasks/input", path,
					       &opt, NULL, &err), 0);
	r = read_recorded(path, &err);
	unlink(path);
	assert_non_null(r);
	assert_int_equal(r->nr_groups, 2);
	assert_int_equal(r->groups[0].run_ns, 80000);
	assert_int_equal(r->groups[0].nr_waits, 0);
	assert_int_equal(r->groups[1].run_ns, 61000);
	assert_int_equal(r->groups[1].nr_switches, 2);
	assert_int_equal(r->groups[1].nr_wakeups, 2);
	/* From the first sched_waking; from the switch away, which came after the wake. */
	assert_int_equal(r->groups[1].nr_waits, 2);
	assert_int_equal(r->groups[1].waits[0].ns, observed_bucket(9000));
	assert_int_equal(r->groups[1].waits[1].ns, observed_bucket(10000));
	scxtwin_recorded_free(r);
}

static void what_was_observed_is_not_in_the_hash(void **state)
{
	struct scxtwin_error err;
	struct scxtwin_workload *with = scxtwin_workload_open(CASES "recording/observed/input", &err);
	struct scxtwin_workload *without = scxtwin_workload_open(CASES "recording/good/input", &err);

	(void)state;
	assert_non_null(with);
	assert_non_null(without);
	assert_string_equal(scxtwin_workload_hash(with), scxtwin_workload_hash(without));
	scxtwin_workload_close(with);
	scxtwin_workload_close(without);
}

static void files_without_it_are_an_input_error(void **state)
{
	struct scxtwin_error err = { 0 };

	(void)state;
	assert_null(read_recorded(CASES "recording/good/input", &err));
	assert_int_equal(err.code, SCXTWIN_EINPUT);
	assert_non_null(strstr(err.msg, "nothing that was observed"));
	assert_null(read_recorded(CASES "workload/minimal/input", &err));
	assert_int_equal(err.code, SCXTWIN_EINPUT);
	assert_non_null(strstr(err.msg, "is no recording"));
	assert_null(read_recorded(CASES "recording/observed_not_ascending/input", &err));
	assert_int_equal(err.code, SCXTWIN_EINPUT);
}

static void any_allocation_may_fail(void **state)
{
	struct scxtwin_recorded *r = NULL;
	struct scxtwin_error err;
	u64 n;

	(void)state;
	for (n = 1; !r && n < 5000; n++) {
		mem_fail_after(n);
		r = read_recorded(CASES "recording/observed/input", &err);
		mem_fail_after(0);
	}
	assert_non_null(r);
	assert_true(n > 5);
	scxtwin_recorded_free(r);
}

static void each_task_may_be_a_group_of_its_own(void **state)
{
	char path[] = "/tmp/scxtwin-observed-XXXXXX";
	const struct scxtwin_import_options opt = { .wakeups = SCXTWIN_OPEN_LOOP, .by_task = true };
	struct scxtwin_workload *w;
	struct scxtwin_error err;
	u32 i;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(scxtwin_import_ftrace(CASES "ftrace/wakes_between_tasks/input", path, &opt, NULL, &err), 0);
	w = scxtwin_workload_open(path, &err);
	unlink(path);
	assert_non_null(w);
	assert_true(scxtwin_workload_nr_groups(w) >= 2);
	for (i = 0; i < scxtwin_workload_nr_groups(w); i++)
		assert_true(atoi(strrchr(scxtwin_workload_group_name(w, i), '-') + 1) > 0);
	scxtwin_workload_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_may_be_a_group_of_its_own),
		cmocka_unit_test(buckets_are_those_of_the_reports),
		cmocka_unit_test(what_was_observed_is_read),
		cmocka_unit_test(an_import_tells_what_it_observed),
		cmocka_unit_test(what_was_observed_is_not_in_the_hash),
		cmocka_unit_test(files_without_it_are_an_input_error),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
