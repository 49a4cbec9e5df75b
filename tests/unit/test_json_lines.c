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
#include <zlib.h>

#include "base/json_lines.h"

#define LINE_MAX_BYTES 1000

static char path[] = "test_json_lines_XXXXXX";
static struct json_lines in;
static struct scxtwin_error err;

static int make_file(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static int close_reader(void **state)
{
	(void)state;
	json_lines_close(&in);
	return 0;
}

static void write_plain(const char *text, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void write_gzip(const char *text, size_t len)
{
	gzFile f = gzopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(gzwrite(f, text, (unsigned int)len), len);
	assert_int_equal(gzclose(f), Z_OK);
}

static void open_plain(const char *text)
{
	write_plain(text, strlen(text));
	assert_int_equal(json_lines_open(&in, path, LINE_MAX_BYTES, &err), 0);
}

/* The next record has this "n". */
static void check_record(s64 expected)
{
	struct json_at at;
	s64 n = 0;

	assert_int_equal(json_lines_next(&in, &at, &err), 1);
	assert_int_equal(json_get_s64(json_need(at, "n"), INT64_MIN, INT64_MAX, &n, &err), 0);
	assert_int_equal(n, expected);
}

static void check_failure(int ret, u32 line, const char *msg)
{
	assert_int_equal(ret, SCXTWIN_EINPUT);
	assert_string_equal(err.file, path);
	assert_int_equal(err.line, line);
	if (!strstr(err.msg, msg))
		fail_msg("\"%s\" instead of \"%s\"", err.msg, msg);
}

static void check_end(void)
{
	struct json_at at;

	assert_int_equal(json_lines_next(&in, &at, &err), 0);
}

/* Long enough to cross several buffers. */
static char *many_lines(u32 nr, size_t *len)
{
	struct strbuf sb = { 0 };
	u32 i;

	for (i = 0; i < nr; i++)
		strbuf_printf(&sb, "{\"n\": %u, \"pad\": \"%0*u\"}\n", i, (int)(i % 200), i);
	assert_int_equal(sb.error, 0);
	*len = sb.len;
	return sb.data;
}

static void records_come_line_by_line(void **state)
{
	(void)state;
	open_plain("{\"n\": 1}\n {\"n\":2} \r\n{\"n\": 3}");
	check_record(1);
	check_record(2);
	check_record(3);
	check_end();
	check_end();
}

static void empty_file_has_no_records(void **state)
{
	(void)state;
	open_plain("");
	check_end();
}

static void long_files_plain_and_gzip(void **state)
{
	enum { NR = 3000 };
	size_t len;
	char *text = many_lines(NR, &len);
	int round, i;

	(void)state;
	for (round = 0; round < 2; round++) {
		if (round)
			write_gzip(text, len);
		else
			write_plain(text, len);
		assert_int_equal(json_lines_open(&in, path, LINE_MAX_BYTES, &err), 0);
		for (i = 0; i < NR; i++)
			check_record(i);
		check_end();
		assert_true(in.lines.buf.cap <= 2 * LINE_MAX_BYTES);
		json_lines_close(&in);
	}
	free(text);
}

static void line_numbers_are_right_in_failures(void **state)
{
	struct json_at at;
	s64 n;

	(void)state;
	open_plain("{\"n\": 1}\n{\"m\":  2}\n{\"n\": x}\n");
	check_record(1);
	assert_int_equal(json_lines_next(&in, &at, &err), 1);
	check_failure(json_get_s64(json_need(at, "n"), 0, 1, &n, &err), 2, "missing key \"n\"");
	check_failure(json_get_s64(json_need(at, "m"), 0, 1, &n, &err), 2, "found integer 2");
	assert_int_equal(err.column, 8);
	assert_string_equal(err.path, "$.m");
	check_failure(json_lines_next(&in, &at, &err), 3, "not valid JSON: invalid token near 'x'");
}

static void each_line_is_one_object(void **state)
{
	struct json_at at;

	(void)state;
	open_plain("[1]\n");
	check_failure(json_lines_next(&in, &at, &err), 1, "found an array of 1, want an object");
	json_lines_close(&in);
	open_plain("{\"n\": 1}\n \n");
	check_record(1);
	check_failure(json_lines_next(&in, &at, &err), 2, "empty line, want one JSON object per line");
	json_lines_close(&in);
	open_plain("{} {}\n");
	check_failure(json_lines_next(&in, &at, &err), 1, "end of file expected");
	json_lines_close(&in);
	open_plain("{\"n\": 0.5}");
	check_failure(json_lines_next(&in, &at, &err), 1, "want integers only");
}

static void truncated_last_line_is_named(void **state)
{
	struct json_at at;

	(void)state;
	open_plain("{\"n\": 1}\n{\"n\": 2");
	check_record(1);
	check_failure(json_lines_next(&in, &at, &err), 2,
		      "last line is cut off, the file seems to be truncated (not valid JSON: ");
}

static void garbage_is_named(void **state)
{
	static const char zeros[] = "{\"n\": 1}\n\0\0\0\0\n", bytes[] = "\x7f\x45LF\xff\xfe\n";
	struct json_at at;

	(void)state;
	write_plain(zeros, sizeof(zeros) - 1);
	assert_int_equal(json_lines_open(&in, path, LINE_MAX_BYTES, &err), 0);
	check_record(1);
	check_failure(json_lines_next(&in, &at, &err), 2, "not valid JSON");
	json_lines_close(&in);
	write_plain(bytes, sizeof(bytes) - 1);
	assert_int_equal(json_lines_open(&in, path, LINE_MAX_BYTES, &err), 0);
	check_failure(json_lines_next(&in, &at, &err), 1, "not valid JSON");
}

static void lines_over_the_limit_are_refused(void **state)
{
	char text[LINE_MAX_BYTES + 20];
	struct json_at at;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "{}", 2);
	text[LINE_MAX_BYTES] = '\n';
	write_plain(text, LINE_MAX_BYTES + 1);
	assert_int_equal(json_lines_open(&in, path, LINE_MAX_BYTES, &err), 0);
	assert_int_equal(json_lines_next(&in, &at, &err), 1);
	check_end();
	json_lines_close(&in);
	text[LINE_MAX_BYTES] = ' ';
	text[LINE_MAX_BYTES + 1] = '\n';
	write_plain(text, LINE_MAX_BYTES + 2);
	assert_int_equal(json_lines_open(&in, path, LINE_MAX_BYTES, &err), 0);
	check_failure(json_lines_next(&in, &at, &err), 1, "the line is too long, want at most 1000 bytes");
}

/* Reads to the end or the failure; the number of records. */
static int read_to_end(int *ret)
{
	struct json_at at;
	int nr = 0;

	while ((*ret = json_lines_next(&in, &at, &err)) > 0)
		nr++;
	return nr;
}

static void truncated_gzip_is_named(void **state)
{
	size_t len, kept;
	char *text = many_lines(3000, &len);
	FILE *f;
	int nr, ret;

	(void)state;
	write_gzip(text, len);
	f = fopen(path, "rb");
	kept = fread(text, 1, len, f) / 2;
	fclose(f);
	write_plain(text, kept);
	assert_int_equal(json_lines_open(&in, path, LINE_MAX_BYTES, &err), 0);
	nr = read_to_end(&ret);
	assert_in_range(nr, 10, 2999);
	check_failure(ret, (u32)nr + 1, "the compressed file is cut off in or after this line");
	json_lines_close(&in);

	text[kept / 2] ^= 0x55;
	text[kept / 2 + 1] ^= 0x55;
	write_plain(text, kept);
	assert_int_equal(json_lines_open(&in, path, LINE_MAX_BYTES, &err), 0);
	read_to_end(&ret);
	assert_int_equal(ret, SCXTWIN_EINPUT);
	free(text);
}

static void unreadable_files_are_named(void **state)
{
	struct json_at at;

	(void)state;
	assert_int_equal(json_lines_open(&in, "no/such", LINE_MAX_BYTES, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.file, "no/such");
	assert_string_equal(err.msg, "cannot be opened for reading: No such file or directory");
	json_lines_close(&in);
	assert_int_equal(json_lines_open(&in, ".", LINE_MAX_BYTES, &err), 0);
	assert_int_equal(json_lines_next(&in, &at, &err), SCXTWIN_EINPUT);
	assert_non_null(strstr(err.msg, "cannot be read on: "));
	assert_non_null(strstr(err.msg, "Is a directory"));
}

static void each_failing_allocation_is_reported(void **state)
{
	static const char text[] = "{\"n\": 1}\n{\"n\": [2, {\"a\": \"b\"}]}\n";
	u64 n = 0;
	int ret;

	(void)state;
	write_plain(text, strlen(text));
	do {
		memset(&err, 0, sizeof(err));
		mem_fail_after(++n);
		ret = json_lines_open(&in, path, LINE_MAX_BYTES, &err);
		if (!ret)
			read_to_end(&ret);
		mem_fail_after(0);
		json_lines_close(&in);
		assert_true(ret == 0 || (err.code == (enum scxtwin_errcode)ret && err.msg[0]));
	} while (ret && n < 1000);
	assert_int_equal(ret, 0);
	assert_true(n > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(records_come_line_by_line, close_reader),
		cmocka_unit_test_teardown(empty_file_has_no_records, close_reader),
		cmocka_unit_test_teardown(long_files_plain_and_gzip, close_reader),
		cmocka_unit_test_teardown(line_numbers_are_right_in_failures, close_reader),
		cmocka_unit_test_teardown(each_line_is_one_object, close_reader),
		cmocka_unit_test_teardown(truncated_last_line_is_named, close_reader),
		cmocka_unit_test_teardown(garbage_is_named, close_reader),
		cmocka_unit_test_teardown(lines_over_the_limit_are_refused, close_reader),
		cmocka_unit_test_teardown(truncated_gzip_is_named, close_reader),
		cmocka_unit_test_teardown(unreadable_files_are_named, close_reader),
		cmocka_unit_test_teardown(each_failing_allocation_is_reported, close_reader),
	};

	json_set_alloc_funcs(mem_alloc, free);
	return cmocka_run_group_tests(tests, make_file, remove_file) ? 1 : 0;
}
