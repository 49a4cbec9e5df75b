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

#include <scxtwin/ops.h>
#include <scxtwin/task.h>

#include "report/perfetto.h"

#include "records.h"

#define TRACE_MAX 65536

/* A reader of the wire format that shares nothing with the writer. */
struct message {
	const u8 *at, *end;
};

struct field {
	u32 number;
	u64 value;		/* of varint and fixed64 */
	struct message body;	/* of bytes */
};

static u64 read_varint(struct message *m)
{
	u64 value = 0;
	int shift;

	for (shift = 0;; shift += 7) {
		assert_true(m->at < m->end && shift < 64);
		value |= (u64)(*m->at & 0x7f) << shift;
		if (!(*m->at++ & 0x80))
			return value;
	}
}

static bool read_field(struct message *m, struct field *f)
{
	u64 tag;

	if (m->at == m->end)
		return false;
	tag = read_varint(m);
	memset(f, 0, sizeof(*f));
	f->number = (u32)(tag >> 3);
	f->value = read_varint(m);
	if ((tag & 7) == 2) {
		assert_true(f->value <= (u64)(m->end - m->at));
		f->body = (struct message){ m->at, m->at + f->value };
		m->at += f->value;
	} else {
		assert_int_equal(tag & 7, 0);
	}
	return true;
}

static bool find(struct message m, u32 number, struct field *f)
{
	while (read_field(&m, f)) {
		if (f->number == number)
			return true;
	}
	return false;
}

static u64 number_in(struct message m, u32 number)
{
	struct field f;

	assert_true(find(m, number, &f));
	return f.value;
}

static struct message body_in(struct message m, u32 number)
{
	struct field f;

	assert_true(find(m, number, &f));
	return f.body;
}

static void check_text(struct message m, u32 number, const char *text)
{
	const struct message body = body_in(m, number);

	assert_int_equal(body.end - body.at, strlen(text));
	assert_memory_equal(body.at, text, strlen(text));
}

/* One task is born, queued, runs, blocks; a second one shares the DSQ with it. */
static const struct scxtwin_event story[] = {
	{ 10, SCXTWIN_EV_TASK_NEW, 1, 7, 0x6261, 0, 7, 1 },
	{ 10, SCXTWIN_EV_WAKEUP_NEW, 1, 7, 0, 0, 0, 0 },
	{ 11, SCXTWIN_EV_DSQ_INSERT, 1, 7, 0x2a, 0, 1, 0 },
	{ 12, SCXTWIN_EV_TASK_NEW, 1, 8, 0x6362, 0, 7, 1 },
	{ 12, SCXTWIN_EV_WAKING, 1, 8, 7, 0, 0, 0 },
	{ 13, SCXTWIN_EV_DSQ_INSERT, 1, 8, 0x2a, 0, 2, 0 },
	{ 20, SCXTWIN_EV_MIGRATE, 0, 7, 1, 0, 0, 0 },
	{ 20, SCXTWIN_EV_DSQ_REMOVE, 0, 7, 0x2a, 0, 1, 0 },
	{ 21, SCXTWIN_EV_SWITCH, 0, 7, 0, 0, 120, 110 },
	{ 30, SCXTWIN_EV_SWITCH, 0, 0, 7, TASK_INTERRUPTIBLE, 110, 120 },
	{ 31, SCXTWIN_EV_SCX_COUNT, 0, -1, SCX_EV_REENQ_IMMED, 2, 0, 0 },
	{ 32, SCXTWIN_EV_SCX_COUNT, 0, -1, SCX_EV_REENQ_IMMED, 3, 0, 0 },
	{ 33, SCXTWIN_EV_WARN, 0, -1, 1, 0, 0, 0 },
};

static size_t tell_story(const struct temp_file *t, u8 *trace)
{
	struct scxtwin_perfetto *p = perfetto_open(2, t->path, NULL);
	size_t i;

	assert_non_null(p);
	for (i = 0; i < sizeof(story) / sizeof(story[0]); i++)
		perfetto_observer(p)->event(perfetto_observer(p), &story[i]);
	assert_int_equal(scxtwin_perfetto_close(p, NULL), 0);
	return temp_read(t, (char *)trace, TRACE_MAX);
}

static struct message story_trace(void)
{
	static u8 trace[TRACE_MAX];
	struct temp_file t;
	size_t len;

	temp_file(&t, ".pftrace");
	len = tell_story(&t, trace);
	unlink(t.path);
	return (struct message){ trace, trace + len };
}

/* The n-th packet with a field, counted from 0. */
static struct message packet_with(struct message trace, u32 number, u32 n)
{
	struct field packet, f;

	while (read_field(&trace, &packet)) {
		assert_int_equal(packet.number, 1);
		assert_int_equal(number_in(packet.body, 10), 1);
		if (find(packet.body, number, &f) && !n--)
			return packet.body;
	}
	fail_msg("no packet with field %u", number);
	return trace;
}

/* The n-th event with a body of a kind in the bundle of a CPU. */
static struct message ftrace_event(struct message trace, u32 cpu, u32 kind, u32 n)
{
	struct field packet, f;

	while (read_field(&trace, &packet)) {
		struct message bundle;

		if (!find(packet.body, 1, &f))
			continue;
		bundle = f.body;
		if (number_in(bundle, 1) != cpu)
			continue;
		while (read_field(&bundle, &f)) {
			struct field body;

			if (f.number == 2 && find(f.body, kind, &body) && !n--)
				return f.body;
		}
	}
	fail_msg("no event of kind %u", kind);
	return trace;
}

static void switches_look_like_those_of_ftrace(void **state)
{
	const struct message trace = story_trace();
	const struct message in = ftrace_event(trace, 0, 4, 0), out = ftrace_event(trace, 0, 4, 1);

	(void)state;
	assert_int_equal(number_in(in, 1), 21);
	assert_int_equal(number_in(in, 2), 0);
	check_text(body_in(in, 4), 1, "swapper/0");
	assert_int_equal(number_in(body_in(in, 4), 2), 0);
	check_text(body_in(in, 4), 5, "ab");
	assert_int_equal(number_in(body_in(in, 4), 6), 7);
	assert_int_equal(number_in(body_in(in, 4), 7), 110);
	assert_int_equal(number_in(out, 1), 30);
	assert_int_equal(number_in(out, 2), 7);
	assert_int_equal(number_in(body_in(out, 4), 4), TASK_INTERRUPTIBLE);
	check_text(body_in(out, 4), 5, "swapper/0");
}

static void wakeups_and_migrations_look_like_those_of_ftrace(void **state)
{
	const struct message trace = story_trace();
	struct message body = body_in(ftrace_event(trace, 1, 114, 0), 114);

	(void)state;
	check_text(body, 1, "ab");
	assert_int_equal(number_in(body, 2), 7);
	assert_int_equal(number_in(body, 5), 0);
	body = body_in(ftrace_event(trace, 1, 20, 0), 20);
	check_text(body, 1, "bc");
	assert_int_equal(number_in(body, 2), 8);
	body = body_in(ftrace_event(trace, 0, 491, 0), 491);
	assert_int_equal(number_in(body, 4), 1);
	assert_int_equal(number_in(body, 5), 0);
}

static void threads_belong_to_processes(void **state)
{
	const struct message trace = story_trace();
	struct message tree = body_in(packet_with(trace, 2, 0), 2);
	struct field f;

	(void)state;
	assert_int_equal(number_in(body_in(tree, 1), 1), 7);
	assert_int_equal(number_in(body_in(tree, 1), 2), 1);
	check_text(body_in(tree, 2), 2, "ab");
	tree = body_in(packet_with(trace, 2, 1), 2);
	assert_false(find(tree, 1, &f));
	assert_int_equal(number_in(body_in(tree, 2), 1), 8);
	assert_int_equal(number_in(body_in(tree, 2), 3), 7);
}

/* Values of the counter whose track has this name, in order. */
static u32 counter_values(struct message trace, const char *name, u64 *values)
{
	struct field packet, f, counter, text;
	u64 uuid = 0;
	u32 n = 0;

	while (read_field(&trace, &packet)) {
		if (find(packet.body, 60, &f) && find(f.body, 8, &counter) && find(f.body, 2, &text) &&
		    (size_t)(text.body.end - text.body.at) == strlen(name) &&
		    !memcmp(text.body.at, name, strlen(name)))
			uuid = number_in(f.body, 1);
		else if (uuid && find(packet.body, 11, &f) && number_in(f.body, 11) == uuid)
			values[n++] = number_in(f.body, 30);
	}
	return n;
}

static void depths_and_counters_are_counter_tracks(void **state)
{
	const struct message trace = story_trace();
	u64 values[8];

	(void)state;
	assert_int_equal(counter_values(trace, "DSQ 0x2a", values), 3);
	assert_int_equal(values[0], 1);
	assert_int_equal(values[1], 2);
	assert_int_equal(values[2], 1);
	assert_int_equal(counter_values(trace, "SCX_EV_REENQ_IMMED", values), 2);
	assert_int_equal(values[0], 2);
	assert_int_equal(values[1], 5);
}

static void tasks_in_a_dsq_at_a_time_have_lanes_of_their_own(void **state)
{
	struct message trace = story_trace();
	struct field packet, f, name;
	u64 begun[2] = { 0 };
	u32 n = 0, ended = 0;

	(void)state;
	while (read_field(&trace, &packet)) {
		if (!find(packet.body, 11, &f))
			continue;
		if (number_in(f.body, 9) == 1 && n < 2) {
			check_text(f.body, 23, n ? "bc" : "ab");
			begun[n++] = number_in(f.body, 11);
		}
		if (number_in(f.body, 9) == 2) {
			assert_int_equal(number_in(packet.body, 8), 20);
			assert_true(number_in(f.body, 11) == begun[0]);
			ended++;
		}
		if (number_in(f.body, 9) == 3)
			assert_true(find(f.body, 23, &name));
	}
	assert_int_equal(n, 2);
	assert_int_equal(ended, 1);
	assert_true(begun[0] != begun[1]);
}

static void equal_runs_give_equal_files(void **state)
{
	static u8 a[TRACE_MAX], b[TRACE_MAX];
	struct temp_file t;
	size_t len;

	(void)state;
	temp_file(&t, ".gz");
	len = tell_story(&t, a);
	assert_int_equal(tell_story(&t, b), len);
	assert_memory_equal(a, b, len);
	unlink(t.path);
}

static void protoc_can_read_it(void **state)
{
	static u8 trace[TRACE_MAX];
	char command[256];
	struct temp_file t;

	(void)state;
	if (system("command -v protoc >/dev/null 2>&1"))
		skip();
	temp_file(&t, ".pftrace");
	tell_story(&t, trace);
	snprintf(command, sizeof(command), "protoc --decode_raw <%s >/dev/null", t.path);
	assert_int_equal(system(command), 0);
	unlink(t.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(switches_look_like_those_of_ftrace),
		cmocka_unit_test(wakeups_and_migrations_look_like_those_of_ftrace),
		cmocka_unit_test(threads_belong_to_processes),
		cmocka_unit_test(depths_and_counters_are_counter_tracks),
		cmocka_unit_test(tasks_in_a_dsq_at_a_time_have_lanes_of_their_own),
		cmocka_unit_test(equal_runs_give_equal_files),
		cmocka_unit_test(protoc_can_read_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
