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

#include "base/file.h"
#include "base/mem.h"

static char path[] = "test_file_XXXXXX";

static int write_file(void **state)
{
	FILE *f;
	int i, fd;

	(void)state;
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	f = fdopen(fd, "wb");
	for (i = 0; i < 10000; i++)
		fputc(i % 256, f);
	return fclose(f);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void whole_content_is_read(void **state)
{
	struct strbuf sb = { 0 };
	struct scxtwin_error err;
	int i;

	(void)state;
	assert_int_equal(file_read(path, &sb, &err), 0);
	assert_int_equal(sb.len, 10000);
	for (i = 0; i < 10000; i++)
		assert_int_equal((u8)sb.data[i], i % 256);
	strbuf_free(&sb);
}

static void unreadable_files_are_named(void **state)
{
	struct strbuf sb = { 0 };
	struct scxtwin_error err;

	(void)state;
	assert_int_equal(file_read("no/such/file", &sb, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.file, "no/such/file");
	assert_string_equal(err.msg, "cannot open: No such file or directory");
	assert_int_equal(file_read(".", &sb, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.msg, "cannot read: Is a directory");
	assert_int_equal(file_read(".", &sb, NULL), SCXTWIN_EINPUT);
	strbuf_free(&sb);
}

static void files_over_the_limit_are_refused(void **state)
{
	struct strbuf sb = { .limit = 9999 };
	struct scxtwin_error err;

	(void)state;
	assert_int_equal(file_read(path, &sb, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.msg, "file too large, want at most 9999 bytes");
	strbuf_free(&sb);
	sb.limit = 10000;
	assert_int_equal(file_read(path, &sb, &err), 0);
	strbuf_free(&sb);
}

static void each_failing_allocation_is_reported(void **state)
{
	struct scxtwin_error err;
	int ret, nr_failures = -1;
	u64 n = 0;

	(void)state;
	do {
		struct strbuf sb = { 0 };

		mem_fail_after(++n);
		ret = file_read(path, &sb, &err);
		mem_fail_after(0);
		strbuf_free(&sb);
		if (ret) {
			assert_int_equal(ret, SCXTWIN_EINTERNAL);
			assert_string_equal(err.msg, "out of memory");
		}
		nr_failures++;
		assert_true(n < 1000);
	} while (ret);
	assert_true(nr_failures > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_content_is_read),
		cmocka_unit_test(unreadable_files_are_named),
		cmocka_unit_test(files_over_the_limit_are_refused),
		cmocka_unit_test(each_failing_allocation_is_reported),
	};

	return cmocka_run_group_tests(tests, write_file, remove_file) ? 1 : 0;
}
