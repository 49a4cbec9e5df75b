/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/event_log.h"

#include "expect_bug.h"

struct witness {
	struct scxtwin_observer obs;
	char name;
	char *calls;		/* shared: one letter per call */
	struct scxtwin_event last;
	struct event_log *leave;
};

static void see(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct witness *w = obs->data;
	const size_t len = strlen(w->calls);

	w->calls[len] = w->name;
	w->calls[len + 1] = '\0';
	w->last = *ev;
	if (w->leave)
		event_log_unobserve(w->leave, obs);
}

static void witness_init(struct witness *w, char name, char *calls)
{
	*w = (struct witness){ .obs = { .event = see, .data = w }, .name = name, .calls = calls };
}

static struct event_log elog;
static struct sim sim;

static int set_up(void **state)
{
	(void)state;
	event_log_init(&elog);
	sim = (struct sim){ .now = 77, .events = &elog };
	this_sim = &sim;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	this_sim = NULL;
	return 0;
}

static void emit_counts_hashes_and_passes_on(void **state)
{
	char calls[8] = "", before[DIGEST_HEX_LEN + 1], after[DIGEST_HEX_LEN + 1];
	struct witness w;

	(void)state;
	witness_init(&w, 'a', calls);
	event_log_observe(&elog, &w.obs);
	digest_final(&elog.digest, before);
	event_emit(SCXTWIN_EV_SWITCH, 3, 42, 1, 2, 3, 4);
	digest_final(&elog.digest, after);

	assert_string_not_equal(before, after);
	assert_int_equal(elog.count, 1);
	assert_int_equal(elog.digest.count, 1);
	assert_int_equal(elog.nr_kind[SCXTWIN_EV_SWITCH], 1);
	assert_int_equal(elog.nr_kind[SCXTWIN_EV_WAKEUP], 0);
	assert_string_equal(calls, "a");
	assert_int_equal(w.last.time_ns, 77);
	assert_int_equal(w.last.kind, SCXTWIN_EV_SWITCH);
	assert_int_equal(w.last.cpu, 3);
	assert_int_equal(w.last.task, 42);
	assert_int_equal(w.last.d, 4);
}

static void observers_are_called_in_registration_order(void **state)
{
	char calls[16] = "";
	struct witness a, b, c;

	(void)state;
	witness_init(&a, 'a', calls);
	witness_init(&b, 'b', calls);
	witness_init(&c, 'c', calls);
	event_log_observe(&elog, &b.obs);
	event_log_observe(&elog, &a.obs);
	event_log_observe(&elog, &c.obs);
	event_emit(SCXTWIN_EV_WAKEUP, 0, 1, 0, 0, 0, 0);
	event_log_unobserve(&elog, &a.obs);
	event_emit(SCXTWIN_EV_WAKEUP, 0, 1, 0, 0, 0, 0);
	event_log_observe(&elog, &a.obs);
	event_emit(SCXTWIN_EV_WAKEUP, 0, 1, 0, 0, 0, 0);
	assert_string_equal(calls, "bacbcbca");
}

static void observer_may_leave_while_called(void **state)
{
	char calls[16] = "";
	struct witness a, b;

	(void)state;
	witness_init(&a, 'a', calls);
	witness_init(&b, 'b', calls);
	a.leave = &elog;
	event_log_observe(&elog, &a.obs);
	event_log_observe(&elog, &b.obs);
	event_emit(SCXTWIN_EV_WAKEUP, 0, 1, 0, 0, 0, 0);
	event_emit(SCXTWIN_EV_WAKEUP, 0, 1, 0, 0, 0, 0);
	assert_string_equal(calls, "abb");
}

static void observers_do_not_reach_the_digest(void **state)
{
	char calls[8] = "", with[DIGEST_HEX_LEN + 1], without[DIGEST_HEX_LEN + 1];
	struct witness w;

	(void)state;
	event_emit(SCXTWIN_EV_OPS, 0, SCXTWIN_NO_TASK, 1, 0, 0, 0);
	digest_final(&elog.digest, without);
	set_up(NULL);
	witness_init(&w, 'a', calls);
	event_log_observe(&elog, &w.obs);
	event_emit(SCXTWIN_EV_OPS, 0, SCXTWIN_NO_TASK, 1, 0, 0, 0);
	digest_final(&elog.digest, with);
	assert_string_equal(with, without);
}

static void wrong_registrations_are_bugs(void **state)
{
	char calls[8] = "";
	struct witness a, b;

	(void)state;
	witness_init(&a, 'a', calls);
	witness_init(&b, 'b', calls);
	event_log_observe(&elog, &a.obs);
	expect_bug(event_log_observe(&elog, &a.obs), "== obs");
	expect_bug(event_log_unobserve(&elog, &b.obs), "!*link");
	b.obs.event = NULL;
	expect_bug(event_log_observe(&elog, &b.obs), "obs->event");
}

static void every_number_has_a_name(void **state)
{
	u64 i;

	(void)state;
	for (i = 0; i < SCXTWIN_NR_EVENT_KINDS; i++)
		assert_true(strlen(scxtwin_event_name((u16)i)) > 1);
	for (i = 0; i < SCXTWIN_NR_OPS; i++)
		assert_true(strlen(scxtwin_op_name(i)) > 1);
	for (i = 0; i < SCXTWIN_NR_KFUNCS; i++)
		assert_true(strlen(scxtwin_kfunc_name(i)) > 1);
	assert_string_equal(scxtwin_event_name(SCXTWIN_EV_SCX_COUNT), "scx_event");
	assert_string_equal(scxtwin_event_arg_name(SCXTWIN_EV_MIGRATE, 0), "orig_cpu");
	assert_string_equal(scxtwin_event_arg_name(SCXTWIN_EV_MIGRATE, 1), "dest_cpu");
	assert_string_equal(scxtwin_event_arg_name(SCXTWIN_EV_MIGRATE, 3), "");
	assert_string_equal(scxtwin_op_name(SCXTWIN_OP_enqueue), "enqueue");
	assert_string_equal(scxtwin_kfunc_name(SCXTWIN_KF_kick_cpu), "kick_cpu");
}

static void unknown_numbers_have_a_printable_name(void **state)
{
	(void)state;
	assert_string_equal(scxtwin_event_name(SCXTWIN_NR_EVENT_KINDS), "?");
	assert_string_equal(scxtwin_event_arg_name(SCXTWIN_NR_EVENT_KINDS, 0), "");
	assert_string_equal(scxtwin_event_arg_name(0, 4), "");
	assert_string_equal(scxtwin_event_arg_name(0, -1), "");
	assert_string_equal(scxtwin_op_name(UINT64_MAX), "?");
	assert_string_equal(scxtwin_kfunc_name(SCXTWIN_NR_KFUNCS), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(emit_counts_hashes_and_passes_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(observers_are_called_in_registration_order, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(observer_may_leave_while_called, set_up, tear_down),
		cmocka_unit_test_setup_teardown(observers_do_not_reach_the_digest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wrong_registrations_are_bugs, set_up, tear_down),
		cmocka_unit_test(every_number_has_a_name),
		cmocka_unit_test(unknown_numbers_have_a_printable_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
