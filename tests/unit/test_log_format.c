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

#include <jansson.h>

#include "report/log_format.h"

#include "records.h"

static void check_text(const struct scxtwin_event *ev, const char *text)
{
	char line[LOG_RECORD_MAX + 1];

	line[log_format_record(ev, line)] = '\0';
	assert_string_equal(line, text);
}

static void records_have_named_arguments_in_a_fixed_order(void **state)
{
	const struct scxtwin_event ev[] = {
		{ 1000, SCXTWIN_EV_SWITCH, 2, 7, 0, 256, 120, 139 },
		{ 5, SCXTWIN_EV_DSQ_INSERT, 0, 9, 1ULL << 63 | 2, 1, 4, 1 },
		{ 6, SCXTWIN_EV_OPS_RET, 1, 9, SCXTWIN_OP_select_cpu, (u64)-16, 0, 0 },
		{ 7, SCXTWIN_EV_SCX_COUNT, 1, -1, 0, 1, 0, 0 },
		{ 8, SCXTWIN_EV_TASK_NEW, 1, 12, 0x72656b726f77, 0, 12, 1 },
		{ 9, SCXTWIN_EV_KFUNC, 1, 12, 0, UINT64_MAX, 1ULL << 53, 1 },
	};

	(void)state;
	check_text(&ev[0], "{\"t\":1000,\"cpu\":2,\"task\":7,\"event\":\"switch\",\"prev\":0,"
		   "\"prev_state\":256,\"prev_prio\":120,\"next_prio\":139}");
	check_text(&ev[1], "{\"t\":5,\"cpu\":0,\"task\":9,\"event\":\"dsq_insert\","
		   "\"dsq\":\"0x8000000000000002\",\"owner\":1,\"nr\":4,\"enq_flags\":\"0x1\"}");
	check_text(&ev[2], "{\"t\":6,\"cpu\":1,\"task\":9,\"event\":\"ops_ret\",\"op\":\"select_cpu\","
		   "\"ret\":-16}");
	check_text(&ev[3], "{\"t\":7,\"cpu\":1,\"task\":-1,\"event\":\"scx_event\","
		   "\"counter\":\"SCX_EV_SELECT_CPU_FALLBACK\",\"delta\":1}");
	check_text(&ev[4], "{\"t\":8,\"cpu\":1,\"task\":12,\"event\":\"task_new\",\"comm\":\"worker\","
		   "\"tgid\":12,\"parent\":1}");
	check_text(&ev[5], "{\"t\":9,\"cpu\":1,\"task\":12,\"event\":\"kfunc\",\"kfunc\":\"dsq_insert\","
		   "\"arg0\":\"0xffffffffffffffff\",\"arg1\":\"0x20000000000000\",\"ret\":1}");
}

static void every_record_is_read_back(void **state)
{
	u32 n;

	(void)state;
	for (n = 0; n < NR_RECORDS; n++) {
		const struct scxtwin_event ev = record_nth(n);
		char line[LOG_RECORD_MAX + 1];
		struct scxtwin_event back;
		const char *at;

		line[log_format_record(&ev, line)] = '\0';
		assert_null(log_parse_record(line, &back, &at));
		assert_memory_equal(&ev, &back, sizeof(ev));
	}
}

static void every_record_is_json(void **state)
{
	u32 n;

	(void)state;
	for (n = 0; n < NR_RECORDS; n++) {
		const struct scxtwin_event ev = record_nth(n);
		char line[LOG_RECORD_MAX];
		json_error_t error;
		json_t *json = json_loadb(line, log_format_record(&ev, line),
					  JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

		if (!json)
			fail_msg("%s: %.*s", error.text, 200, line);
		json_decref(json);
	}
}

static void a_byte_less_or_changed_is_never_the_same_record(void **state)
{
	const struct scxtwin_event ev = record_nth(5);
	char line[LOG_RECORD_MAX + 1], damaged[LOG_RECORD_MAX + 1];
	const size_t len = log_format_record(&ev, line);
	struct scxtwin_event back;
	const char *at;
	size_t i;

	(void)state;
	line[len] = '\0';
	for (i = 0; i < len; i++) {
		memcpy(damaged, line, len + 1);
		damaged[i] ^= 1;
		assert_true(log_parse_record(damaged, &back, &at) ||
			    memcmp(&ev, &back, sizeof(ev)));
		assert_true(at >= damaged && at <= damaged + len);
		memcpy(damaged, line, i);
		damaged[i] = '\0';
		assert_non_null(log_parse_record(damaged, &back, &at));
	}
}

static void the_header_gives_the_digest_its_lines(void **state)
{
	static const char *const header = "format=1\npolicy=a\\\\b\\nc\n";
	char hex[DIGEST_HEX_LEN + 1];
	struct strbuf sb = { 0 };
	struct digest d;
	const char *at;

	(void)state;
	assert_int_equal(log_format_header(&sb, header), 0);
	assert_non_null(strstr(strbuf_str(&sb), "\"policy\":\"a\\u005cb\\u000ac\""));
	digest_init(&d);
	assert_null(log_parse_header(strbuf_str(&sb), &d, &at));
	digest_final(&d, hex);
	/* Vector 2 of docs/digest.md. */
	assert_string_equal(hex, "2a860a83d34a4b9b93e706f637488ad8cc15115bd5706bf8d7f8f35f9ba48241");
	strbuf_free(&sb);
}

static void the_last_line_is_read_back(void **state)
{
	struct log_end end = { .count = 12345 }, back;
	char line[LOG_RECORD_MAX];
	const char *at;

	(void)state;
	memset(end.digest, 'a', DIGEST_HEX_LEN);
	log_format_end(&end, line);
	assert_true(log_is_end(line));
	assert_null(log_parse_end(line, &back, &at));
	assert_int_equal(back.count, 12345);
	assert_string_equal(back.digest, end.digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_have_named_arguments_in_a_fixed_order),
		cmocka_unit_test(every_record_is_read_back),
		cmocka_unit_test(every_record_is_json),
		cmocka_unit_test(a_byte_less_or_changed_is_never_the_same_record),
		cmocka_unit_test(the_header_gives_the_digest_its_lines),
		cmocka_unit_test(the_last_line_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
