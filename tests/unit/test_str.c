/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

#include "expect_bug.h"

static void builder_appends_and_stays_terminated(void **state)
{
	struct strbuf sb = { 0 };
	int i;

	(void)state;
	assert_string_equal(strbuf_str(&sb), "");
	assert_int_equal(strbuf_puts(&sb, "cpu"), 0);
	assert_int_equal(strbuf_printf(&sb, " %d of %s", 3, "8"), 0);
	assert_int_equal(strbuf_add(&sb, ";x", 1), 0);
	assert_string_equal(strbuf_str(&sb), "cpu 3 of 8;");
	for (i = 0; i < 1000; i++)
		strbuf_printf(&sb, "%04d", i);
	assert_int_equal(sb.error, 0);
	assert_int_equal(sb.len, 11 + 4000);
	assert_string_equal(sb.data + sb.len - 4, "0999");
	strbuf_clear(&sb);
	assert_string_equal(strbuf_str(&sb), "");
	strbuf_free(&sb);
	assert_null(sb.data);
}

static void builder_keeps_what_it_has_at_the_limit(void **state)
{
	struct strbuf sb = { .limit = 8 };

	(void)state;
	assert_int_equal(strbuf_puts(&sb, "12345678"), 0);
	assert_int_equal(strbuf_puts(&sb, "9"), -E2BIG);
	assert_int_equal(strbuf_puts(&sb, ""), -E2BIG);
	assert_string_equal(strbuf_str(&sb), "12345678");
	strbuf_clear(&sb);
	assert_int_equal(strbuf_puts(&sb, "123"), 0);
	assert_int_equal(strbuf_add_json(&sb, "\n\n", 2), -E2BIG);
	assert_string_equal(strbuf_str(&sb), "123");
	strbuf_free(&sb);
	assert_int_equal(sb.limit, 8);
}

static void builder_survives_each_failing_allocation(void **state)
{
	struct strbuf sb = { 0 };
	u64 n;

	(void)state;
	for (n = 1; n < 5; n++) {
		mem_fail_after(n);
		while (!strbuf_puts(&sb, "0123456789"))
			continue;
		mem_fail_after(0);
		assert_int_equal(sb.error, -ENOMEM);
		assert_int_equal(sb.len % 10, 0);
		assert_int_equal(strlen(strbuf_str(&sb)), sb.len);
		assert_int_equal(strbuf_printf(&sb, "x"), -ENOMEM);
		strbuf_free(&sb);
	}
}

static void reserved_room_is_committed(void **state)
{
	struct strbuf sb = { 0 };

	(void)state;
	assert_int_equal(strbuf_reserve(&sb, 100), 0);
	memset(sb.data, 'x', 100);
	strbuf_commit(&sb, 3);
	assert_string_equal(strbuf_str(&sb), "xxx");
	expect_bug(strbuf_commit(&sb, sb.cap), "cap");
	strbuf_free(&sb);
}

static void check_u64(const char *s, int ret, u64 expected)
{
	u64 v = 99;

	if (str_parse_u64(s, 0, UINT64_MAX, &v) != ret)
		fail_msg("\"%s\" did not give %d", s, ret);
	assert_true(v == (ret ? 99 : expected));
}

static void unsigned_integers(void **state)
{
	u64 v;

	(void)state;
	check_u64("0", 0, 0);
	check_u64("007", 0, 7);
	check_u64("18446744073709551615", 0, UINT64_MAX);
	check_u64("18446744073709551616", -ERANGE, 0);
	check_u64("99999999999999999999999", -ERANGE, 0);
	check_u64("99999999999999999999999x", -EINVAL, 0);
	check_u64("", -EINVAL, 0);
	check_u64("-1", -EINVAL, 0);
	check_u64("+1", -EINVAL, 0);
	check_u64(" 1", -EINVAL, 0);
	check_u64("1 ", -EINVAL, 0);
	check_u64("1.5", -EINVAL, 0);
	check_u64("1e3", -EINVAL, 0);
	check_u64("0x10", -EINVAL, 0);
	assert_int_equal(str_parse_u64("4", 5, 7, &v), -ERANGE);
	assert_int_equal(str_parse_u64("5", 5, 7, &v), 0);
	assert_int_equal(str_parse_u64("7", 5, 7, &v), 0);
	assert_int_equal(str_parse_u64("8", 5, 7, &v), -ERANGE);
	expect_bug(str_parse_u64("8", 7, 5, &v), "min > max");
}

static void check_s64(const char *s, int ret, s64 expected)
{
	s64 v = 99;

	if (str_parse_s64(s, INT64_MIN, INT64_MAX, &v) != ret)
		fail_msg("\"%s\" did not give %d", s, ret);
	assert_true(v == (ret ? 99 : expected));
}

static void signed_integers(void **state)
{
	s64 v;

	(void)state;
	check_s64("0", 0, 0);
	check_s64("-0", 0, 0);
	check_s64("-20", 0, -20);
	check_s64("9223372036854775807", 0, INT64_MAX);
	check_s64("9223372036854775808", -ERANGE, 0);
	check_s64("-9223372036854775808", 0, INT64_MIN);
	check_s64("-9223372036854775809", -ERANGE, 0);
	check_s64("--1", -EINVAL, 0);
	check_s64("-", -EINVAL, 0);
	check_s64("", -EINVAL, 0);
	check_s64("-1-", -EINVAL, 0);
	assert_int_equal(str_parse_s64("-21", -20, 19, &v), -ERANGE);
	assert_int_equal(str_parse_s64("20", -20, 19, &v), -ERANGE);
	assert_int_equal(str_parse_s64("-20", -20, 19, &v), 0);
	expect_bug(str_parse_s64("8", 7, 5, &v), "min > max");
}

static void check_duration(const char *s, int ret, u64 expected)
{
	u64 v = 99;

	if (str_parse_duration(s, UINT64_MAX, &v) != ret)
		fail_msg("\"%s\" did not give %d", s, ret);
	assert_true(v == (ret ? 99 : expected));
}

static void durations(void **state)
{
	u64 v;

	(void)state;
	check_duration("0", 0, 0);
	check_duration("17", 0, 17);
	check_duration("17ns", 0, 17);
	check_duration("3us", 0, 3000);
	check_duration("2ms", 0, 2000000);
	check_duration("5s", 0, 5000000000ULL);
	check_duration("18446744073s", 0, 18446744073000000000ULL);
	check_duration("18446744074s", -ERANGE, 0);
	check_duration("18446744073709551616", -ERANGE, 0);
	check_duration("18446744073709551616m", -EINVAL, 0);
	check_duration("1.5us", -EINVAL, 0);
	check_duration("-1ms", -EINVAL, 0);
	check_duration("ms", -EINVAL, 0);
	check_duration("2 ms", -EINVAL, 0);
	check_duration("2m", -EINVAL, 0);
	check_duration("2MS", -EINVAL, 0);
	check_duration("", -EINVAL, 0);
	assert_int_equal(str_parse_duration("1001ns", 1000, &v), -ERANGE);
	assert_int_equal(str_parse_duration("1us", 1000, &v), 0);
}

static void check_json(const char *s, size_t len, const char *expected)
{
	struct strbuf sb = { 0 };

	assert_int_equal(strbuf_add_json(&sb, s, len), 0);
	assert_string_equal(strbuf_str(&sb), expected);
	strbuf_free(&sb);
}

#define CHECK_JSON(s, expected) check_json(s, sizeof(s) - 1, expected)

static void json_escapes(void **state)
{
	(void)state;
	CHECK_JSON("", "\"\"");
	CHECK_JSON("a/b c", "\"a/b c\"");
	CHECK_JSON("\"\\\b\f\n\r\t", "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
	CHECK_JSON("\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"");
	CHECK_JSON("a\0b", "\"a\\u0000b\"");
}

static void utf8_passes_and_garbage_is_replaced(void **state)
{
	(void)state;
	CHECK_JSON("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
	CHECK_JSON("\xff" "a", "\"\\ufffda\"");
	CHECK_JSON("\xc3", "\"\\ufffd\"");			/* cut */
	CHECK_JSON("\xe2\x82", "\"\\ufffd\\ufffd\"");
	CHECK_JSON("\xf0\x9f\x98", "\"\\ufffd\\ufffd\\ufffd\"");
	CHECK_JSON("\xc0\x80", "\"\\ufffd\\ufffd\"");		/* overlong */
	CHECK_JSON("\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\"");
	CHECK_JSON("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");	/* surrogate */
	CHECK_JSON("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

static void nearest_name(void **state)
{
	static const char *const names[] = { "run", "sleep", "until", "affinity", "nice", NULL };
	char text[100];

	(void)state;
	assert_string_equal(str_nearest("rnu", (const char *const[]){ "ru", NULL }), "ru");
	assert_string_equal(str_nearest("slep", names), "sleep");
	assert_string_equal(str_nearest("afinitty", names), "affinity");
	assert_string_equal(str_nearest("run", names), "run");
	assert_null(str_nearest("wakeup", names));
	assert_null(str_nearest("", (const char *const[]){ NULL }));
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_null(str_nearest(text, names));
	assert_null(str_nearest("x", (const char *const[]){ text, NULL }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builder_appends_and_stays_terminated),
		cmocka_unit_test(builder_keeps_what_it_has_at_the_limit),
		cmocka_unit_test(builder_survives_each_failing_allocation),
		cmocka_unit_test(reserved_room_is_committed),
		cmocka_unit_test(unsigned_integers),
		cmocka_unit_test(signed_integers),
		cmocka_unit_test(durations),
		cmocka_unit_test(json_escapes),
		cmocka_unit_test(utf8_passes_and_garbage_is_replaced),
		cmocka_unit_test(nearest_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
