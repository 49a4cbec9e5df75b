/* SPDX-License-Identifier: GPL-2.0-only */
/* What a scenario does not need for a violation is taken away from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <scxtwin/explore.h>

#include "base/str.h"
#include "base/file.h"

static const char scenario[] =
	"{\"format\": \"scxtwin-workload\", \"version\": 1, \"machine\": {\"cpus\": 4}, \"limit\": \"1s\", \"tasks\": ["
	"{\"name\": \"sleeper\", \"cpus\": [2], \"steps\": [[\"wait\"], [\"run\", \"10us\"], [\"yield\"]]},"
	"{\"name\": \"worker\", \"cpus\": [1], \"steps\": [[\"sleep\", \"1ms\"], [\"run\", \"10us\"]]},"
	"{\"name\": \"noise\", \"cpus\": [3], \"steps\": [[\"sleep\", \"1ms\"], [\"run\", \"3us\"]]},"
	"{\"name\": \"waker\", \"cpus\": [0], \"steps\": [[\"sleep\", \"1ms\"], [\"run\", \"10us\"], [\"wake\", \"sleeper\"],"
	" [\"nice\", \"self\", 3]]}],"
	"\"events\": [{\"at\": \"500us\", \"do\": [\"mark\", 3]}], \"expect\": {\"finished\": true}}";

static void make_file(char *path, const char *text)
{
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void assert_smaller(const char *path)
{
	struct strbuf text = { .data = NULL };
	struct scxtwin_error err;

	assert_int_equal(file_read(path, &text, &err), 0);
	assert_null(strstr(strbuf_str(&text), "noise"));
	assert_null(strstr(strbuf_str(&text), "mark"));
	assert_null(strstr(strbuf_str(&text), "yield"));
	assert_null(strstr(strbuf_str(&text), "nice"));
	assert_non_null(strstr(strbuf_str(&text), "\"cpus\": 3"));
	assert_non_null(strstr(strbuf_str(&text), "wake"));
	strbuf_free(&text);
}

static void only_what_the_violation_needs_is_left(void **state)
{
	char in[] = "/tmp/scxtwin-scenario-XXXXXX", out[] = "/tmp/scxtwin-schedule-XXXXXX", text[700];
	struct scxtwin_explore_options opt;
	struct scxtwin_explore_result res;
	struct scxtwin_schedule *found;
	struct scxtwin_workload *w;
	struct scxtwin_error err;
	char smaller[64];
	bool fails;

	(void)state;
	make_file(in, scenario);
	make_file(out, "");
	scxtwin_explore_options_default(&opt);
	opt.sim.policy = SCXTWIN_BINARY_DIR "/tests/plugin/lost_wakeup.so";
	opt.strategy = "dfs";
	opt.bound = 1;
	opt.shrink_scenario = true;
	w = scxtwin_workload_open(in, &err);
	assert_non_null(w);
	assert_int_equal(scxtwin_explore(&opt, w, &res, &found, &err), 0);
	scxtwin_workload_close(w);
	assert_int_equal(res.verdict, SCXTWIN_FOUND);
	assert_int_equal(scxtwin_schedule_write(found, out, &err), 0);
	scxtwin_schedule_close(found);
	snprintf(smaller, sizeof(smaller), "%s.scenario.json", out);
	assert_smaller(smaller);

	found = scxtwin_schedule_open(out, &err);
	assert_non_null(found);
	assert_string_equal(scxtwin_schedule_scenario(found), smaller);
	w = scxtwin_workload_open(smaller, &err);
	assert_non_null(w);
	assert_false(scxtwin_schedule_is_stale(found, w));
	assert_int_equal(scxtwin_replay(found, w, false, SCXTWIN_VIEW_NONE, NULL, &fails, text, sizeof(text), &err), 0);
	assert_true(fails);
	scxtwin_workload_close(w);
	scxtwin_schedule_close(found);
	unlink(in);
	unlink(out);
	unlink(smaller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_the_violation_needs_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
