/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json_writer.h"

#include "expect_bug.h"

/* What is written ends up here. */
static char *text;
static size_t text_len;
static struct json_writer w;

static void start(bool indent)
{
	FILE *file = open_memstream(&text, &text_len);

	assert_non_null(file);
	json_writer_init(&w, file, indent);
}

static void check_text(const char *expected)
{
	assert_int_equal(json_writer_finish(&w), 0);
	fclose(w.file);
	assert_string_equal(text, expected);
	free(text);
}

static void drop(void)
{
	fclose(w.file);
	free(text);
}

static void write_example(void)
{
	jsonw_object(&w);
	jsonw_member_string(&w, "name", "a\"b");
	jsonw_member_u64(&w, "max", UINT64_MAX);
	jsonw_member_s64(&w, "min", INT64_MIN);
	jsonw_member_array(&w, "list");
	jsonw_u64(&w, 0);
	jsonw_s64(&w, -1);
	jsonw_bool(&w, true);
	jsonw_null(&w);
	jsonw_array(&w);
	jsonw_end_array(&w);
	jsonw_end_array(&w);
	jsonw_member_object(&w, "none");
	jsonw_end_object(&w);
	jsonw_member_bool(&w, "k\n", false);
	jsonw_end_object(&w);
	json_writer_end_line(&w);
}

static void one_line(void **state)
{
	(void)state;
	start(false);
	write_example();
	check_text("{\"name\":\"a\\\"b\",\"max\":18446744073709551615,\"min\":-9223372036854775808,"
		   "\"list\":[0,-1,true,null,[]],\"none\":{},\"k\\n\":false}\n");
}

static void indented(void **state)
{
	(void)state;
	start(true);
	write_example();
	check_text("{\n"
		   "\t\"name\": \"a\\\"b\",\n"
		   "\t\"max\": 18446744073709551615,\n"
		   "\t\"min\": -9223372036854775808,\n"
		   "\t\"list\": [\n"
		   "\t\t0,\n"
		   "\t\t-1,\n"
		   "\t\ttrue,\n"
		   "\t\tnull,\n"
		   "\t\t[]\n"
		   "\t],\n"
		   "\t\"none\": {},\n"
		   "\t\"k\\n\": false\n"
		   "}\n");
}

static void many_roots_make_json_lines(void **state)
{
	u32 i;

	(void)state;
	start(false);
	for (i = 0; i < 3; i++) {
		jsonw_array(&w);
		jsonw_u64(&w, i);
		jsonw_end_array(&w);
		json_writer_end_line(&w);
	}
	check_text("[0]\n[1]\n[2]\n");
}

static void any_bytes_become_a_valid_string(void **state)
{
	(void)state;
	start(false);
	jsonw_string_len(&w, "a\0\xff\xc3\xa4z", 5);
	json_writer_end_line(&w);
	check_text("\"a\\u0000\\ufffd\xc3\xa4\"\n");
}

static void wrong_nesting_is_a_bug(void **state)
{
	u32 i;

	(void)state;
	start(false);
	expect_bug(jsonw_key(&w, "a"), "is_object");
	expect_bug(jsonw_end_object(&w), "!w->depth");
	expect_bug(json_writer_end_line(&w), "!w->done");
	jsonw_object(&w);
	expect_bug(jsonw_u64(&w, 1), "!w->has_key");
	expect_bug(jsonw_end_array(&w), "is_object");
	jsonw_key(&w, "a");
	expect_bug(jsonw_key(&w, "b"), "w->has_key");
	expect_bug(jsonw_end_object(&w), "w->has_key");
	expect_bug((void)json_writer_finish(&w), "w->depth");
	for (i = 1; i < JSON_WRITER_DEPTH_MAX; i++)
		jsonw_array(&w);
	expect_bug(jsonw_array(&w), "DEPTH_MAX");
	drop();

	start(false);
	jsonw_null(&w);
	expect_bug(jsonw_null(&w), "w->done");
	drop();
}

static void failed_writes_are_told_at_the_end(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	if (!full)
		skip();
	json_writer_init(&w, full, false);
	write_example();
	assert_true(json_writer_finish(&w) < 0);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line),
		cmocka_unit_test(indented),
		cmocka_unit_test(many_roots_make_json_lines),
		cmocka_unit_test(any_bytes_become_a_valid_string),
		cmocka_unit_test(wrong_nesting_is_a_bug),
		cmocka_unit_test(failed_writes_are_told_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
