/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One folder per case: tests/readers/FORMAT/CASE/{input,expected}. What a reader
 * says of the input must be exactly what stands in "expected".
 *
 *	workload, recording	the findings of lint, one per line, or "ok"
 *	ftrace			the counts of the import, then the recording
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <scxtwin/workload.h>

#include "base/file.h"
#include "base/str.h"

#define ROOT SCXTWIN_SOURCE_DIR "/tests/readers/"

static void add_finding(const struct scxtwin_error *e, void *data)
{
	struct scxtwin_error copy = *e;
	char line[1200];

	copy.file[0] = '\0'; /* depends on where the sources are */
	if (e->line)
		strbuf_printf(data, "%u:%u: ", e->line, e->column);
	strbuf_printf(data, "%s\n", scxtwin_error_format(&copy, line, sizeof(line)));
}

static void lint(const char *input, struct strbuf *out)
{
	const int ret = scxtwin_workload_lint(input, add_finding, out);

	assert_int_equal(ret != 0, out->len != 0);
	if (!ret)
		strbuf_puts(out, "ok\n");
}

static void import(const char *input, struct strbuf *out)
{
	char recording[] = "/tmp/scxtwin-readers-XXXXXX";
	struct scxtwin_import_report r;
	struct scxtwin_error err = { 0 };
	const struct scxtwin_import_options open_loop = { .wakeups = SCXTWIN_OPEN_LOOP };
	const int fd = mkstemp(recording);
	u64 sum;
	u32 i;
	int ret;

	assert_true(fd >= 0);
	close(fd);
	ret = scxtwin_import_ftrace(input, recording, &open_loop, &r, &err);
	strbuf_printf(out, "%s lines %" PRIu64 " events %" PRIu64 " used %" PRIu64 " lost %" PRIu64 "/%" PRIu64
		      " inconsistencies %" PRIu64 "\n", ret ? "failed" : "ok", r.nr_lines, r.nr_events,
		      r.nr_used, r.nr_lost_markers, r.nr_lost_events, r.nr_inconsistencies);
	sum = r.nr_used;
	for (i = 0; i < r.nr_reasons; i++) {
		strbuf_printf(out, "%" PRIu64 " %s\n", r.skipped[i].count, r.skipped[i].reason);
		sum += r.skipped[i].count;
	}
	assert_int_equal(sum, r.nr_events);
	if (ret)
		strbuf_printf(out, "%s\n", err.msg);
	else
		assert_int_equal(file_read(recording, out, &err), 0);
	if (!ret)
		assert_int_equal(scxtwin_workload_lint(recording, add_finding, out), 0);
	unlink(recording);
}

static void check_case(const char *format, const char *name)
{
	struct strbuf want = { 0 }, got = { 0 };
	char input[512], expected[512];

	snprintf(input, sizeof(input), ROOT "%s/%s/input", format, name);
	snprintf(expected, sizeof(expected), ROOT "%s/%s/expected", format, name);
	if (!strcmp(format, "ftrace"))
		import(input, &got);
	else
		lint(input, &got);
	if (file_read(expected, &want, NULL) || strcmp(strbuf_str(&want), strbuf_str(&got)))
		fail_msg("%s/%s: expected\n%sfound\n%s", format, name, strbuf_str(&want),
			 strbuf_str(&got));
	strbuf_free(&want);
	strbuf_free(&got);
}

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void check_format(const char *format)
{
	struct dirent **cases;
	char path[512];
	int nr, i;

	snprintf(path, sizeof(path), ROOT "%s", format);
	nr = scandir(path, &cases, is_case, by_name);
	assert_true(nr > 0);
	for (i = 0; i < nr; i++) {
		check_case(format, cases[i]->d_name);
		free(cases[i]);
	}
	free(cases);
}

static void program_files_are_read_or_refused_with_every_finding(void **state)
{
	(void)state;
	check_format("workload");
}

static void recordings_are_read_or_refused_at_the_first_fault(void **state)
{
	(void)state;
	check_format("recording");
}

static void ftrace_text_of_all_dialects_becomes_demand(void **state)
{
	(void)state;
	check_format("ftrace");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(program_files_are_read_or_refused_with_every_finding),
		cmocka_unit_test(recordings_are_read_or_refused_at_the_first_fault),
		cmocka_unit_test(ftrace_text_of_all_dialects_becomes_demand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
