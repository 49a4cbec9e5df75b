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

#include "explore/schedule.h"
#include "explore/shrink.h"

static char path[64];

static int make_path(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/scxtwin-schedule-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 || close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_text(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void what_is_written_is_read(void **state)
{
	const struct scxtwin_set sets[] = { { "slice_ns", "5ms" } };
	struct departures deps = { { .data = NULL } };
	struct scxtwin_explore_options opt, back;
	struct scxtwin_schedule *s, *t;
	struct scxtwin_error err;

	(void)state;
	scxtwin_explore_options_default(&opt);
	opt.sim.policy = "fifo";
	opt.sim.sets = sets;
	opt.sim.nr_sets = 1;
	opt.sim.proposed = "cookie";
	opt.sim.machine.cpus = 3;
	opt.from_ns = 17;
	opt.seed = 99;
	assert_int_equal(vec_push(&deps.list, ((struct departure){ .op = 4, .cpu = 1, .at = "rq_lock",
								    .to_cpu = 2, .to = "tick" })), 0);
	assert_int_equal(vec_push(&deps.list, ((struct departure){ .op = 9, .cpu = 2, .at = "\"x\"",
								    .to_cpu = 0, .to = "rq_lock", .to_nth = 1 })), 0);
	s = schedule_new(&opt, "/nowhere/race.json", "abc", &deps, "it failed");
	assert_non_null(s);
	assert_int_equal(scxtwin_schedule_write(s, path, &err), 0);
	t = scxtwin_schedule_open(path, &err);
	assert_non_null(t);
	assert_string_equal(scxtwin_schedule_scenario(t), "/nowhere/race.json");
	assert_string_equal(scxtwin_schedule_violation(t), "it failed");
	schedule_options(t, &back);
	assert_string_equal(back.sim.policy, "fifo");
	assert_int_equal(back.sim.nr_sets, 1);
	assert_string_equal(back.sim.proposed, "cookie");
	assert_string_equal(back.sim.sets[0].value, "5ms");
	assert_int_equal(back.sim.machine.cpus, 3);
	assert_int_equal(back.from_ns, 17);
	assert_int_equal(t->departures.list.nr, 2);
	assert_string_equal(t->departures.list.data[1].at, "\"x\"");
	assert_int_equal(t->departures.list.data[1].to_nth, 1);
	assert_int_equal(t->departures.list.data[0].to_cpu, 2);
	scxtwin_schedule_close(s);
	scxtwin_schedule_close(t);
	vec_free(&deps.list);
}

#define HEAD "{\"format\": \"scxtwin-schedule\", \"version\": 1, \"scenario\": \"a.json\", \"scenario_sha256\": \"0\"," \
	     "\"policy\": \"fifo\", \"set\": {}, \"machine\": {}, \"from\": 0, \"strategy\": \"pos\"," \
	     "\"violation\": \"v\""

static void files_that_are_not_right_are_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "{\"format\": \"scxtwin-workload\", \"version\": 1}", "format" },
		{ "{\"format\": \"scxtwin-schedule\", \"version\": 2}", "version" },
		{ HEAD "}", "departures" },
		{ HEAD ", \"departures\": [], \"extra\": 1}", "extra" },
		{ HEAD ", \"departures\": [{\"cpu\": 0, \"op\": 1, \"at\": \"x\"}]}", "choose" },
		{ HEAD ", \"departures\": [{\"cpu\": 5000, \"op\": 1, \"at\": \"x\", \"choose\": {\"cpu\": 0, \"label\": \"y\"}}]}", "4095" },
	};
	struct scxtwin_error err;
	char text[1200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_text(cases[i].text);
		assert_null(scxtwin_schedule_open(path, &err));
		assert_int_equal(err.code, SCXTWIN_EINPUT);
		if (!strstr(scxtwin_error_format(&err, text, sizeof(text)), cases[i].says))
			fail_msg("\"%s\" does not speak of %s", text, cases[i].says);
	}
}

static void the_scenario_lies_beside_the_file(void **state)
{
	struct scxtwin_schedule *s;
	struct scxtwin_error err;

	(void)state;
	write_text(HEAD ", \"departures\": []}");
	s = scxtwin_schedule_open(path, &err);
	assert_non_null(s);
	assert_string_equal(scxtwin_schedule_scenario(s), "/tmp/a.json");
	scxtwin_schedule_close(s);
}

static void departures_that_do_not_fit_end_a_strict_replay_only(void **state)
{
	struct scxtwin_workload *w;
	struct scxtwin_schedule *s;
	struct scxtwin_error err;
	char text[700];
	bool fails;

	(void)state;
	write_text(HEAD ", \"departures\": [{\"cpu\": 0, \"op\": 1, \"at\": \"no such label\","
			"\"choose\": {\"cpu\": 1, \"label\": \"y\"}}]}");
	s = scxtwin_schedule_open(path, &err);
	w = scxtwin_workload_open(SCXTWIN_SOURCE_DIR "/traces/explore/dequeue_dispatch.json", &err);
	assert_non_null(s);
	assert_non_null(w);
	assert_true(scxtwin_schedule_is_stale(s, w));
	assert_int_equal(scxtwin_replay(s, w, false, SCXTWIN_VIEW_NONE, NULL, &fails, text, sizeof(text), &err),
			 SCXTWIN_EINPUT);
	assert_non_null(strstr(err.msg, "expected \"no such label\""));
	assert_int_equal(scxtwin_replay(s, w, true, SCXTWIN_VIEW_NONE, NULL, &fails, text, sizeof(text), &err), 0);
	assert_false(fails);
	scxtwin_workload_close(w);
	scxtwin_schedule_close(s);
}

static void violations_are_the_same_at_other_numbers(void **state)
{
	(void)state;
	assert_true(same_violation("pid 7 waits on CPU 1", "pid 12 waits on CPU 0"));
	assert_true(same_violation("DSQ 0x1f", "DSQ 0x2"));
	assert_false(same_violation("pid 7 waits", "pid 7 runs"));
	assert_false(same_violation("pid 7", "pid 7 runs"));
}

#define schedule_test(f) cmocka_unit_test_setup_teardown(f, make_path, remove_path)

int main(void)
{
	const struct CMUnitTest tests[] = {
		schedule_test(what_is_written_is_read),
		schedule_test(files_that_are_not_right_are_refused),
		schedule_test(the_scenario_lies_beside_the_file),
		schedule_test(departures_that_do_not_fit_end_a_strict_replay_only),
		cmocka_unit_test(violations_are_the_same_at_other_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
