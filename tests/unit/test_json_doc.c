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

#include "base/json_doc.h"
#include "base/str.h"

static struct json_doc doc;
static struct scxtwin_error err;

static int load(const char *text)
{
	memset(&err, 0, sizeof(err));
	return json_doc_load_text(&doc, "w.json", 1, text, strlen(text), &err);
}

static int tear_down(void **state)
{
	(void)state;
	json_doc_free(&doc);
	return 0;
}

static void check_node(u32 id, u32 line, u32 column, const char *path)
{
	char buf[256];

	assert_true(id < doc.nodes.nr);
	assert_string_equal(json_doc_path(&doc, id, buf, sizeof(buf)), path);
	if (doc.nodes.data[id].line != line || doc.nodes.data[id].column != column)
		fail_msg("%s at %u:%u instead of %u:%u", path, doc.nodes.data[id].line,
			 doc.nodes.data[id].column, line, column);
}

static void every_value_has_line_column_and_path(void **state)
{
	(void)state;
	assert_int_equal(load("{\n"
			      "  \"a\": [1, -22 ,\"x\\\"]\", {}],\r\n"
			      "\t\"b c\" :{\"d\":true,\"e\":[ [null]\n,false]}\n"
			      "}\n"), 0);
	assert_int_equal(doc.nodes.nr, 12);
	check_node(0, 1, 1, "$");
	check_node(1, 2, 8, "$.a");
	check_node(2, 2, 9, "$.a[0]");
	check_node(3, 2, 12, "$.a[1]");
	check_node(4, 2, 17, "$.a[2]");
	check_node(5, 2, 25, "$.a[3]");
	check_node(6, 3, 9, "$[\"b c\"]");
	check_node(7, 3, 14, "$[\"b c\"].d");
	check_node(8, 3, 23, "$[\"b c\"].e");
	check_node(9, 3, 25, "$[\"b c\"].e[0]");
	check_node(10, 3, 26, "$[\"b c\"].e[0][0]");
	check_node(11, 4, 2, "$[\"b c\"].e[1]");
}

static void columns_count_characters(void **state)
{
	(void)state;
	assert_int_equal(load("[\"\xc3\xa4\xe2\x82\xac\", 1, \"\\u00e4\", 2]"), 0);
	check_node(2, 1, 8, "$[1]");
	check_node(4, 1, 21, "$[3]");
}

static void members_keep_the_order_of_the_text(void **state)
{
	struct strbuf sb = { 0 };
	char path[16], expected[16];
	u32 i;

	(void)state;
	strbuf_puts(&sb, "{");
	for (i = 0; i < 500; i++)
		strbuf_printf(&sb, "%s\"k%u\":%u", i ? "," : "", i * 7919 % 500, i);
	strbuf_puts(&sb, "}");
	assert_int_equal(load(strbuf_str(&sb)), 0);
	for (i = 0; i < 500; i++) {
		snprintf(expected, sizeof(expected), "$.k%u", i * 7919 % 500);
		assert_string_equal(json_doc_path(&doc, i + 1, path, sizeof(path)), expected);
	}
	strbuf_free(&sb);
}

static void long_paths_are_cut(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(load("{\"abcdefgh\": {\"\\n\": [1]}}"), 0);
	assert_string_equal(json_doc_path(&doc, 3, buf, sizeof(buf)), "$.abcde");
	assert_string_equal(json_doc_path(&doc, 3, buf, 1), "");
}

static void check_error(const char *text, u32 line, u32 column, const char *path, const char *msg)
{
	assert_int_equal(load(text), SCXTWIN_EINPUT);
	assert_int_equal(err.code, SCXTWIN_EINPUT);
	assert_string_equal(err.file, "w.json");
	if (!strstr(err.msg, msg))
		fail_msg("\"%s\" instead of \"%s\"", err.msg, msg);
	assert_int_equal(err.line, line);
	assert_int_equal(err.column, column);
	assert_string_equal(err.path, path);
}

static void invalid_texts_are_refused(void **state)
{
	(void)state;
	check_error("", 1, 0, "", "not valid JSON: '[' or '{' expected near end of file");
	check_error("{\n  \"a\": 1,\n}", 3, 1, "", "not valid JSON: string or '}' expected near '}'");
	check_error("[1] x", 1, 5, "", "end of file expected near 'x'");
	check_error("[1", 1, 2, "", "']' expected near end of file");
	check_error("7", 1, 1, "", "'[' or '{' expected near '7'");
	check_error("[99999999999999999999]", 1, 21, "", "too big integer");
	check_error("[\"\\u0000\"]", 1, 9, "", "\\u0000 is not allowed");
	check_error("[\"\xff\"]", 1, 2, "", "unable to decode byte 0xff");
	check_error("[1e999]", 1, 6, "", "real number overflow");
}

static void duplicate_keys_are_refused(void **state)
{
	(void)state;
	check_error("{\"a\": 1,\n \"a\": 2}", 2, 4, "", "duplicate object key near '\"a\"'");
}

static void numbers_that_are_no_integers_are_refused(void **state)
{
	const char *const msg = "found a number with fraction or exponent, want integers only";

	(void)state;
	check_error("{\"a\": [0, 1.5]}", 1, 11, "$.a[1]", msg);
	check_error("[1e3]", 1, 2, "$[0]", msg);
	check_error("[{\"run\":\n2E0}, 1.0]", 2, 1, "$[0].run", msg);
	assert_int_equal(load("[\"1.5\", \"e\", true, false]"), 0);
}

static void deep_nesting_is_refused_without_recursion(void **state)
{
	char text[6001];

	(void)state;
	memset(text, '[', 3000);
	memset(text + 3000, ']', 3000);
	text[6000] = '\0';
	check_error(text, 1, 2049, "", "maximum parsing depth reached");
	memset(text, '[', 2000);
	memset(text + 2000, ']', 2000);
	text[4000] = '\0';
	assert_int_equal(load(text), 0);
	assert_int_equal(doc.nodes.nr, 2000);
}

static void lines_count_from_the_first_line_given(void **state)
{
	(void)state;
	assert_int_equal(json_doc_load_text(&doc, "w", 41, "[\n1]", 4, &err), 0);
	check_node(1, 42, 1, "$[0]");
	assert_int_equal(json_doc_load_text(&doc, "w", 41, "[\n1", 3, &err), SCXTWIN_EINPUT);
	assert_int_equal(err.line, 42);
	assert_int_equal(json_doc_load_text(&doc, "w", 41, "[\n1", 3, NULL), SCXTWIN_EINPUT);
}

static void files_are_loaded_and_named(void **state)
{
	char path[] = "test_json_doc_XXXXXX";
	const int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "[1,\n2.0]", 8), 8);
	close(fd);
	assert_int_equal(json_doc_load_file(&doc, path, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.file, path);
	assert_string_equal(err.path, "$[1]");
	assert_int_equal(err.line, 2);
	unlink(path);
	assert_int_equal(json_doc_load_file(&doc, path, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.msg, "cannot open: No such file or directory");
}

static void each_failing_allocation_is_reported(void **state)
{
	u64 n = 0, nr_failures = 0;
	int ret;

	(void)state;
	do {
		json_doc_free(&doc);
		mem_fail_after(++n);
		ret = load("{\"a\": [1, 2, {\"b\": \"c\\u00e4\", \"d\": []}], \"e\": [0,1,2,3,4,5,6,7,8,"
			   "9,10,11,12,13,14,15,16,17,18,19,20], \"f\": {\"g\": {\"h\": [[[[[[[[[[]"
			   "]]]]]]]]]}}, \"i\": 1, \"j\": 2, \"k\": 3, \"l\": 4, \"m\": 5, \"n\": 6}");
		mem_fail_after(0);
		assert_true(ret == 0 || err.msg[0]);
		nr_failures += ret != 0;
		assert_true(n < 1000);
	} while (ret);
	assert_true(nr_failures > 40);
	assert_int_equal(doc.nodes.nr, 47);
	check_node(46, 1, 189, "$.n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_value_has_line_column_and_path, tear_down),
		cmocka_unit_test_teardown(columns_count_characters, tear_down),
		cmocka_unit_test_teardown(members_keep_the_order_of_the_text, tear_down),
		cmocka_unit_test_teardown(long_paths_are_cut, tear_down),
		cmocka_unit_test_teardown(invalid_texts_are_refused, tear_down),
		cmocka_unit_test_teardown(duplicate_keys_are_refused, tear_down),
		cmocka_unit_test_teardown(numbers_that_are_no_integers_are_refused, tear_down),
		cmocka_unit_test_teardown(deep_nesting_is_refused_without_recursion, tear_down),
		cmocka_unit_test_teardown(lines_count_from_the_first_line_given, tear_down),
		cmocka_unit_test_teardown(files_are_loaded_and_named, tear_down),
		cmocka_unit_test_teardown(each_failing_allocation_is_reported, tear_down),
	};

	json_set_alloc_funcs(mem_alloc, free);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
