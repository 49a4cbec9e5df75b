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

#include <scxtwin/sim.h>

#include "base/digest.h"
#include "report/log_jsonl.h"

#include "records.h"

#define LOG_MAX 65536

static const char header[] = "format=1\nseed=7\n";

/* Writes all records; the digest is that of the records themselves. */
static void write_log(const struct temp_file *t, char *hex)
{
	struct scxtwin_log *log = log_jsonl_open(header, t->path, NULL);
	struct digest d;
	u32 n;

	assert_non_null(log);
	digest_init(&d);
	digest_header(&d, "format", "1");
	digest_header(&d, "seed", "7");
	for (n = 0; n < NR_RECORDS; n++) {
		const struct scxtwin_event ev = record_nth(n);

		log_jsonl_observer(log)->event(log_jsonl_observer(log), &ev);
		digest_record(&d, &ev);
	}
	digest_final(&d, hex);
	assert_int_equal(log_jsonl_close(log, hex, NULL), 0);
}

static void check_digest_survives(const char *suffix)
{
	char written[65], read[65];
	struct scxtwin_error err = { 0 };
	struct temp_file t;

	temp_file(&t, suffix);
	write_log(&t, written);
	assert_int_equal(scxtwin_digest_log(t.path, read, &err), 0);
	assert_string_equal(read, written);
	unlink(t.path);
}

static void a_plain_log_has_the_digest_of_the_run(void **state)
{
	(void)state;
	check_digest_survives(".jsonl");
}

static void a_compressed_log_has_the_digest_of_the_run(void **state)
{
	(void)state;
	check_digest_survives(".jsonl.gz");
}

static void a_compressed_log_is_the_same_file_each_time(void **state)
{
	static char a[LOG_MAX], b[LOG_MAX];
	struct temp_file t, u;
	char hex[65];
	size_t len;

	(void)state;
	temp_file(&t, ".gz");
	temp_file(&u, ".gz");
	write_log(&t, hex);
	write_log(&u, hex);
	len = temp_read(&t, a, sizeof(a));
	assert_true((u8)a[0] == 0x1f && (u8)a[1] == 0x8b);
	assert_int_equal(len, temp_read(&u, b, sizeof(b)));
	assert_memory_equal(a, b, len);
	unlink(t.path);
	unlink(u.path);
}

static void check_refused(const struct temp_file *t, const char *bytes, size_t len, const char *text)
{
	struct scxtwin_error err = { 0 };
	char hex[65], message[1024];

	temp_write(t, bytes, len);
	assert_int_equal(scxtwin_digest_log(t->path, hex, &err), SCXTWIN_EINPUT);
	scxtwin_error_format(&err, message, sizeof(message));
	if (!strstr(message, text))
		fail_msg("\"%s\" instead of \"%s\"", message, text);
}

static void damage_is_named_with_line_and_column(void **state)
{
	static char log[LOG_MAX], bad[LOG_MAX];
	struct temp_file t;
	char hex[65], *line3;
	size_t len;

	(void)state;
	temp_file(&t, ".jsonl");
	write_log(&t, hex);
	len = temp_read(&t, log, sizeof(log));
	line3 = strchr(strchr(log, '\n') + 1, '\n') + 1;

	check_refused(&t, "", 0, "expected a log of scxtwin");
	check_refused(&t, "hello\n", 6, ":1:1: the log is damaged: expected a log of scxtwin");
	check_refused(&t, log, len - 100, "cut off");
	check_refused(&t, log, (size_t)(line3 - log), "cut off");
	check_refused(&t, log, len - 1, "cut off");

	memcpy(bad, log, len);
	bad[line3 - log + 2] = 'x';
	check_refused(&t, bad, len, ":3:1: the log is damaged: expected a time");
	/* A record that still is one: only the digest can tell. */
	memcpy(bad, log, len);
	assert_int_equal(bad[line3 - log + 5], '1');
	bad[line3 - log + 5] = '2';
	check_refused(&t, bad, len, "its last line says");
	/* A record less: the count tells. */
	memmove(bad + (line3 - log), strchr(line3, '\n') + 1, len - (size_t)(strchr(line3, '\n') + 1 - log));
	check_refused(&t, bad, len - (size_t)(strchr(line3, '\n') + 1 - line3), "125 records and should have 126");
	memcpy(bad, log, len);
	memcpy(bad + len, "\n", 1);
	check_refused(&t, bad, len + 1, "nothing behind the last line");
	unlink(t.path);
}

static void a_cut_compressed_log_is_refused(void **state)
{
	static char log[LOG_MAX];
	struct temp_file t;
	char hex[65];
	size_t len;

	(void)state;
	temp_file(&t, ".gz");
	write_log(&t, hex);
	len = temp_read(&t, log, sizeof(log));
	check_refused(&t, log, len - 20, t.path);
	unlink(t.path);
}

static void files_that_cannot_be_opened_are_errors(void **state)
{
	struct scxtwin_error err = { 0 };
	char hex[65];

	(void)state;
	assert_int_equal(scxtwin_digest_log("/nonexistent/log", hex, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.file, "/nonexistent/log");
	assert_null(log_jsonl_open(header, "/nonexistent/log", &err));
	assert_int_equal(err.code, SCXTWIN_EUSAGE);
}

static void a_full_disk_is_told_at_the_end(void **state)
{
	struct scxtwin_error err = { 0 };
	struct scxtwin_log *log;
	char hex[65];

	(void)state;
	memset(hex, 'a', 64);
	hex[64] = '\0';
	if (access("/dev/full", W_OK))
		skip();
	log = log_jsonl_open(header, "/dev/full", &err);
	assert_non_null(log);
	assert_int_equal(log_jsonl_close(log, hex, &err), SCXTWIN_EFAILED);
	assert_string_equal(err.file, "/dev/full");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_log_has_the_digest_of_the_run),
		cmocka_unit_test(a_compressed_log_has_the_digest_of_the_run),
		cmocka_unit_test(a_compressed_log_is_the_same_file_each_time),
		cmocka_unit_test(damage_is_named_with_line_and_column),
		cmocka_unit_test(a_cut_compressed_log_is_refused),
		cmocka_unit_test(files_that_cannot_be_opened_are_errors),
		cmocka_unit_test(a_full_disk_is_told_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
