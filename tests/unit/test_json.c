/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

#include "expect_bug.h"

static struct json_doc doc;
static struct json_at root;
static struct scxtwin_error err;

static void load(const char *text)
{
	memset(&err, 0, sizeof(err));
	assert_int_equal(json_doc_load_text(&doc, "w.json", 1, text, strlen(text), &err), 0);
	root = json_doc_root(&doc);
}

static int tear_down(void **state)
{
	(void)state;
	json_doc_free(&doc);
	return 0;
}

/* The failure of a getter, as the user sees it. */
static void check_failure(int ret, const char *expected)
{
	char buf[1200];

	assert_int_equal(ret, SCXTWIN_EINPUT);
	assert_int_equal(err.code, SCXTWIN_EINPUT);
	assert_string_equal(scxtwin_error_format(&err, buf, sizeof(buf)), expected);
	memset(&err, 0, sizeof(err));
}

static const char *const kinds[] = { "run", "sleep", "until", NULL };

static void values_of_every_type_are_read(void **state)
{
	const char *text = NULL;
	u64 u = 0, ns = 0;
	s64 s = 0;
	u32 u4 = 0, kind = 0, nr = 0;
	int i = 0;
	bool b = false;

	(void)state;
	load("{\"u\": 9223372036854775807, \"s\": -9223372036854775808, \"u4\": 4294967295, \"i\": -20,"
	     "\"b\": true, \"ns\": 17, \"ms\": \"2ms\", \"t\": \"text\", \"e\": \"sleep\", \"l\": [1,2]}");
	assert_int_equal(json_get_u64(json_need(root, "u"), 0, UINT64_MAX, &u, &err), 0);
	assert_true(u == INT64_MAX);
	assert_int_equal(json_get_s64(json_need(root, "s"), INT64_MIN, INT64_MAX, &s, &err), 0);
	assert_true(s == INT64_MIN);
	assert_int_equal(json_get_u32(json_need(root, "u4"), 0, UINT32_MAX, &u4, &err), 0);
	assert_true(u4 == UINT32_MAX);
	assert_int_equal(json_get_int(json_need(root, "i"), -20, 19, &i, &err), 0);
	assert_int_equal(i, -20);
	assert_int_equal(json_get_bool(json_need(root, "b"), &b, &err), 0);
	assert_true(b);
	assert_int_equal(json_get_duration(json_need(root, "ns"), UINT64_MAX, &ns, &err), 0);
	assert_int_equal(ns, 17);
	assert_int_equal(json_get_duration(json_need(root, "ms"), 2000000, &ns, &err), 0);
	assert_int_equal(ns, 2000000);
	assert_int_equal(json_get_string(json_need(root, "t"), &text, &err), 0);
	assert_string_equal(text, "text");
	assert_int_equal(json_get_enum(json_need(root, "e"), kinds, &kind, &err), 0);
	assert_int_equal(kind, 1);
	assert_int_equal(json_get_array(json_need(root, "l"), 2, 2, &nr, &err), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(json_get_object(root, &nr, &err), 0);
	assert_int_equal(nr, 10);
}

static void absent_optional_members_leave_the_default(void **state)
{
	struct json_at none;
	const char *text = "default";
	u64 u = UINT64_MAX, ns = 6;
	s64 s = -7;
	u32 u4 = 8, kind = 9, nr = 10;
	int i = 11;
	bool b = true;
	struct json_member_iter it;

	(void)state;
	load("{}");
	none = json_may(root, "x");
	assert_false(json_is_there(none));
	assert_int_equal(json_get_u64(none, 0, 1, &u, &err), 0);
	assert_int_equal(json_get_s64(none, 0, 1, &s, &err), 0);
	assert_int_equal(json_get_u32(none, 0, 1, &u4, &err), 0);
	assert_int_equal(json_get_int(none, 0, 1, &i, &err), 0);
	assert_int_equal(json_get_bool(none, &b, &err), 0);
	assert_int_equal(json_get_duration(none, 1, &ns, &err), 0);
	assert_int_equal(json_get_string(none, &text, &err), 0);
	assert_int_equal(json_get_enum(none, kinds, &kind, &err), 0);
	assert_int_equal(json_get_array(none, 1, 2, &nr, &err), 0);
	assert_int_equal(json_get_object(none, &nr, &err), 0);
	assert_int_equal(json_only(none, &err, "a"), 0);
	assert_int_equal(json_get_int(json_need(none, "y"), 0, 1, &i, &err), 0);
	it = json_members(none);
	assert_false(json_next_member(&it));
	assert_true(u == UINT64_MAX && s == -7 && u4 == 8 && i == 11 && b && ns == 6 && kind == 9 &&
		    nr == 10);
	assert_string_equal(text, "default");
	assert_true(json_is_there(root));
}

static void missing_members_are_named_with_what_is_wanted(void **state)
{
	const char *text;
	u64 ns = 0;
	int i = 0;

	(void)state;
	load("{\"tasks\": [\n {}, [3]]}");
	check_failure(json_get_duration(json_need(json_element(json_need(root, "tasks"), 0), "run"),
					1000, &ns, &err),
		      "w.json:2:2: $.tasks[0]: missing key \"run\", want a duration from 0 to 1000 ns: "
		      "an integer (ns) or a string such as \"2ms\" with unit ns, us, ms or s");
	check_failure(json_get_string(json_may(json_element(json_need(root, "tasks"), 1), "run"),
				      &text, &err),
		      "w.json:2:6: $.tasks[1]: found an array of 1, want an object with key \"run\"");
	check_failure(json_get_int(json_need(json_need(root, "machine"), "cpus"), 1, 8, &i, &err),
		      "w.json:1:1: $: missing key \"machine\", want an object");
	check_failure(json_get_object(json_need(root, "machine"), NULL, &err),
		      "w.json:1:1: $: missing key \"machine\", want an object");
	check_failure(json_get_bool(json_need(root, "b"), &(bool){ 0 }, &err),
		      "w.json:1:1: $: missing key \"b\", want true or false");
	check_failure(json_get_enum(json_need(root, "kind"), kinds, &(u32){ 0 }, &err),
		      "w.json:1:1: $: missing key \"kind\", want one of \"run\", \"sleep\", \"until\"");
}

static void wrong_types_are_named(void **state)
{
	const char *text;
	u64 u = 0;

	(void)state;
	load("[\"abc\", true, false, null, {}, 5, [[]]]");
	check_failure(json_get_u64(json_element(root, 0), 0, UINT64_MAX, &u, &err),
		      "w.json:1:2: $[0]: found string \"abc\", want an integer of at least 0");
	check_failure(json_get_u64(json_element(root, 1), 1, 9, &u, &err),
		      "w.json:1:9: $[1]: found true, want an integer from 1 to 9");
	check_failure(json_get_s64(json_element(root, 2), INT64_MIN, INT64_MAX, &(s64){ 0 }, &err),
		      "w.json:1:15: $[2]: found false, want an integer");
	check_failure(json_get_string(json_element(root, 3), &text, &err),
		      "w.json:1:22: $[3]: found null, want a string");
	check_failure(json_get_array(json_element(root, 4), 0, UINT32_MAX, &(u32){ 0 }, &err),
		      "w.json:1:28: $[4]: found an object, want an array");
	check_failure(json_get_bool(json_element(root, 5), &(bool){ 0 }, &err),
		      "w.json:1:32: $[5]: found integer 5, want true or false");
	check_failure(json_get_object(json_element(root, 6), NULL, &err),
		      "w.json:1:35: $[6]: found an array of 1, want an object");
	check_failure(json_only(json_element(root, 5), &err, "a"),
		      "w.json:1:32: $[5]: found integer 5, want an object");
	assert_int_equal(json_get_object(json_element(root, 6), NULL, NULL), SCXTWIN_EINPUT);
}

static void ranges_include_their_ends(void **state)
{
	s64 s = 0;
	u64 u = 0;
	int i = 0;
	u32 nr = 0;

	(void)state;
	load("[5, -1, [1, 2]]");
	assert_int_equal(json_get_s64(json_element(root, 0), 5, 5, &s, &err), 0);
	check_failure(json_get_s64(json_element(root, 0), 6, 7, &s, &err),
		      "w.json:1:2: $[0]: found integer 5, want an integer from 6 to 7");
	check_failure(json_get_int(json_element(root, 0), -20, 4, &i, &err),
		      "w.json:1:2: $[0]: found integer 5, want an integer from -20 to 4");
	check_failure(json_get_u64(json_element(root, 1), 0, UINT64_MAX, &u, &err),
		      "w.json:1:5: $[1]: found integer -1, want an integer of at least 0");
	check_failure(json_get_u32(json_element(root, 1), 0, UINT32_MAX, &nr, &err),
		      "w.json:1:5: $[1]: found integer -1, want an integer from 0 to 4294967295");
	check_failure(json_get_array(json_element(root, 2), 3, 4, &nr, &err),
		      "w.json:1:9: $[2]: found an array of 2, want an array of 3 to 4");
	check_failure(json_get_array(json_element(root, 2), 1, 1, &nr, &err),
		      "w.json:1:9: $[2]: found an array of 2, want an array of 1");
	check_failure(json_get_array(json_element(root, 2), 3, UINT32_MAX, &nr, &err),
		      "w.json:1:9: $[2]: found an array of 2, want an array of at least 3");
}

static void durations_have_integer_values(void **state)
{
	static const char want[] = "want a duration from 0 to 5000 ns: an integer (ns) or a string such as"
				   " \"2ms\" with unit ns, us, ms or s";
	static const char *const found[] = {
		"integer -1", "integer 5001", "string \"1.5us\"", "string \"6us\"", "string \"5 us\"",
		"string \"\"", "null",
	};
	char expected[300];
	u64 ns = 42;
	u32 i;

	(void)state;
	load("[\n-1,\n5001,\n\"1.5us\",\n\"6us\",\n\"5 us\",\n\"\",\nnull,\n\"5us\"]");
	for (i = 0; i < 7; i++) {
		snprintf(expected, sizeof(expected), "w.json:%u:1: $[%u]: found %s, %s", i + 2, i,
			 found[i], want);
		check_failure(json_get_duration(json_element(root, i), 5000, &ns, &err), expected);
		assert_int_equal(ns, 42);
	}
	assert_int_equal(json_get_duration(json_element(root, 7), 5000, &ns, &err), 0);
	assert_int_equal(ns, 5000);
}

static void unknown_names_list_the_known_ones(void **state)
{
	u32 kind = 0;

	(void)state;
	load("[\"slep\", \"wakeup\", 1]");
	check_failure(json_get_enum(json_element(root, 0), kinds, &kind, &err),
		      "w.json:1:2: $[0]: found string \"slep\", want one of \"run\", \"sleep\", \"until\";"
		      " did you mean \"sleep\"?");
	check_failure(json_get_enum(json_element(root, 1), kinds, &kind, &err),
		      "w.json:1:10: $[1]: found string \"wakeup\", want one of \"run\", \"sleep\","
		      " \"until\"");
	check_failure(json_get_enum(json_element(root, 2), kinds, &kind, &err),
		      "w.json:1:20: $[2]: found integer 1, want one of \"run\", \"sleep\", \"until\"");
}

static void unknown_keys_are_refused_with_the_nearest(void **state)
{
	(void)state;
	load("{\"name\": \"a\",\n\"nize\": 1}");
	assert_int_equal(json_only(root, &err, "nize", "name"), 0);
	check_failure(json_only(root, &err, "name", "nice"),
		      "w.json:2:9: $.nize: unknown key \"nize\", did you mean \"nice\"? Known keys: \"name\","
		      " \"nice\"");
	check_failure(json_only(root, &err, "name", "affinity"),
		      "w.json:2:9: $.nize: unknown key \"nize\", known keys: \"name\", \"affinity\"");
	check_failure(json_only_keys(root, (const char *const[]){ NULL }, &err),
		      "w.json:1:10: $.name: unknown key \"name\", none is known");
}

static void long_texts_are_cut_in_messages(void **state)
{
	char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "{\"", 2);
	strcpy(text + sizeof(text) - 5, "\":1}");
	load(text);
	assert_int_equal(json_only(root, &err, "a"), SCXTWIN_EINPUT);
	assert_int_equal(strlen(err.path), sizeof(err.path) - 1);
	assert_int_equal(strlen(err.msg), strlen("unknown key \"\", known keys: \"a\"") + 60);
}

static void members_are_walked_in_the_order_of_the_text(void **state)
{
	static const char *const keys[] = { "z", "a", "m" };
	struct json_member_iter it;
	s64 value = 0;
	int i = 0;

	(void)state;
	load("{\"z\": 1,\n \"a\": 2, \"m\": {}}");
	for (it = json_members(root); json_next_member(&it); i++) {
		assert_string_equal(it.key, keys[i]);
		if (i < 2) {
			assert_int_equal(json_get_s64(it.at, i + 1, i + 1, &value, &err), 0);
		} else {
			check_failure(json_fail(it.at, &err, "no %s", "way"),
				      "w.json:2:15: $.m: no way");
		}
	}
	assert_int_equal(i, 3);
}

static void wrong_use_is_a_bug(void **state)
{
	struct json_doc empty = { 0 };
	s64 s = 0;

	(void)state;
	load("[1]");
	expect_bug(json_doc_root(&empty), "root");
	expect_bug(json_element(root, 1), "nr_kids");
	expect_bug(json_element(json_element(root, 0), 0), "json_is_array");
	expect_bug(json_members(root), "json_is_object");
	expect_bug((void)json_get_s64(json_element(root, 0), 1, 0, &s, &err), "min > max");
}

/* Reads all, stops at the first failure. */
static int read_everything(void)
{
	static const char text[] = "{\"name\": \"a\", \"list\": [1, \"2us\"], \"kind\": \"slep\", \"x\": 0}";
	const char *name;
	struct json_at list;
	u32 nr, kind;
	s64 s = 0;
	u64 ns = 0;
	int ret;

	memset(&err, 0, sizeof(err));
	ret = json_doc_load_text(&doc, "w.json", 1, text, strlen(text), &err);
	if (ret)
		return ret;
	root = json_doc_root(&doc);
	list = json_need(root, "list");
	ret = json_get_string(json_need(root, "name"), &name, &err);
	ret = ret ? ret : json_get_array(list, 2, 2, &nr, &err);
	ret = ret ? ret : json_get_s64(json_element(list, 0), 1, 1, &s, &err);
	ret = ret ? ret : json_get_duration(json_element(list, 1), 2000, &ns, &err);
	if (ret)
		return ret;
	ret = json_get_enum(json_need(root, "kind"), kinds, &kind, &err);
	if (ret == SCXTWIN_EINPUT)
		ret = json_only(root, &err, "name", "list", "kind");
	return ret;
}

static void each_failing_allocation_is_reported(void **state)
{
	u64 n = 0, nr_no_memory = 0;
	int ret;

	(void)state;
	do {
		json_doc_free(&doc);
		mem_fail_after(++n);
		ret = read_everything();
		mem_fail_after(0);
		assert_true(ret < 0);
		assert_int_equal(err.code, ret);
		assert_true(err.msg[0]);
		nr_no_memory += !strcmp(err.msg, "out of memory");
		assert_true(n < 1000);
	} while (!strstr(err.msg, "\"x\", known keys: \"name\", \"list\", \"kind\""));
	assert_true(n > 20);
	assert_true(nr_no_memory > 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(values_of_every_type_are_read, tear_down),
		cmocka_unit_test_teardown(absent_optional_members_leave_the_default, tear_down),
		cmocka_unit_test_teardown(missing_members_are_named_with_what_is_wanted, tear_down),
		cmocka_unit_test_teardown(wrong_types_are_named, tear_down),
		cmocka_unit_test_teardown(ranges_include_their_ends, tear_down),
		cmocka_unit_test_teardown(durations_have_integer_values, tear_down),
		cmocka_unit_test_teardown(unknown_names_list_the_known_ones, tear_down),
		cmocka_unit_test_teardown(unknown_keys_are_refused_with_the_nearest, tear_down),
		cmocka_unit_test_teardown(long_texts_are_cut_in_messages, tear_down),
		cmocka_unit_test_teardown(members_are_walked_in_the_order_of_the_text, tear_down),
		cmocka_unit_test_teardown(wrong_use_is_a_bug, tear_down),
		cmocka_unit_test_teardown(each_failing_allocation_is_reported, tear_down),
	};

	json_set_alloc_funcs(mem_alloc, free);
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
