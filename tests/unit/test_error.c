/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

#include "expect_bug.h"

static void check_format(const struct scxtwin_error *err, const char *expected)
{
	char buf[1200];

	assert_ptr_equal(scxtwin_error_format(err, buf, sizeof(buf)), buf);
	assert_string_equal(buf, expected);
}

static void set_fills_code_and_text_and_returns_the_code(void **state)
{
	struct scxtwin_error err;

	(void)state;
	memset(&err, 0xff, sizeof(err));
	assert_int_equal(error_set(&err, SCXTWIN_EUSAGE, "no verb \"%s\"", "rnu"), SCXTWIN_EUSAGE);
	assert_int_equal(err.code, SCXTWIN_EUSAGE);
	assert_string_equal(err.file, "");
	assert_int_equal(err.line, 0);
	check_format(&err, "no verb \"rnu\"");
}

static void place_is_printed_as_far_as_known(void **state)
{
	struct error_place place = { .file = "w.json", .line = 3, .column = 9,
				     .path = "$.tasks[2].run" };
	struct scxtwin_error err;

	(void)state;
	assert_int_equal(error_set_at(&err, SCXTWIN_EINPUT, &place, "bad %d", 1), SCXTWIN_EINPUT);
	check_format(&err, "w.json:3:9: $.tasks[2].run: bad 1");
	place.path = NULL;
	error_set_at(&err, SCXTWIN_EINPUT, &place, "bad");
	check_format(&err, "w.json:3:9: bad");
	place.column = 0;
	error_set_at(&err, SCXTWIN_EINPUT, &place, "bad");
	check_format(&err, "w.json:3: bad");
	place.line = 0;
	error_set_at(&err, SCXTWIN_EINPUT, &place, "bad");
	check_format(&err, "w.json: bad");
	place.file = NULL;
	place.path = "$";
	error_set_at(&err, SCXTWIN_EINPUT, &place, "bad");
	check_format(&err, "$: bad");
}

static void caller_may_not_want_the_text(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, SCXTWIN_ETIME, "late"), SCXTWIN_ETIME);
	assert_int_equal(error_no_memory(NULL), SCXTWIN_EINTERNAL);
}

static void texts_that_are_too_long_are_cut(void **state)
{
	char text[2000], buf[16];
	const struct error_place place = { .file = text, .path = text };
	struct scxtwin_error err;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	error_set_at(&err, SCXTWIN_EINPUT, &place, "%s", text);
	assert_int_equal(strlen(err.file), sizeof(err.file) - 1);
	assert_int_equal(strlen(err.path), sizeof(err.path) - 1);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	scxtwin_error_format(&err, buf, sizeof(buf));
	assert_int_equal(strlen(buf), sizeof(buf) - 1);
	buf[0] = '!';
	scxtwin_error_format(&err, buf, 0);
	assert_int_equal(buf[0], '!');
}

static void an_error_without_code_is_a_bug(void **state)
{
	struct scxtwin_error err;

	(void)state;
	expect_bug(error_set(&err, SCXTWIN_OK, "fine"), "SCXTWIN_OK");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_fills_code_and_text_and_returns_the_code),
		cmocka_unit_test(place_is_printed_as_far_as_known),
		cmocka_unit_test(caller_may_not_want_the_text),
		cmocka_unit_test(texts_that_are_too_long_are_cut),
		cmocka_unit_test(an_error_without_code_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
