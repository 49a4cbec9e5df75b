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

#include <scxtwin/policy.h>
#include <scxtwin/sim.h>

#define PLUGIN_PATH(name) SCXTWIN_BINARY_DIR "/tests/plugin/" name ".so"

static const char program[] =
	"{\"format\": \"scxtwin-workload\", \"version\": 1, \"limit\": \"5s\", \"machine\": {\"cpus\": 4},"
	" \"tasks\": ["
	"  {\"name\": \"batch\", \"count\": 6, \"steps\": [[\"run\", \"60ms\"]]},"
	"  {\"name\": \"waker\", \"count\": 8, \"steps\": [[\"loop\", 20, [[\"run\", \"300us\"], [\"sleep\", \"1ms\"]]]]},"
	"  {\"name\": \"pinned\", \"count\": 2, \"cpus\": [2], \"steps\": [[\"loop\", 10, [[\"run\", \"1ms\"], [\"sleep\", \"2ms\"]]]]},"
	"  {\"name\": \"mover\", \"steps\": [[\"loop\", 5, [[\"affinity\", \"self\", [1]], [\"run\", \"1ms\"],"
	"   [\"affinity\", \"self\", [3, 0]], [\"run\", \"1ms\"]]]]}]}";

static struct scxtwin_workload *workload;

static int open_workload(void **state)
{
	char path[] = "/tmp/scxtwin-policy-XXXXXX";
	const int fd = mkstemp(path);
	struct scxtwin_error err;
	char text[1200];

	(void)state;
	if (fd < 0 || write(fd, program, sizeof(program) - 1) != (ssize_t)sizeof(program) - 1)
		return -1;
	close(fd);
	workload = scxtwin_workload_open(path, &err);
	unlink(path);
	if (!workload)
		fprintf(stderr, "%s\n", scxtwin_error_format(&err, text, sizeof(text)));
	return workload ? 0 : -1;
}

static int close_workload(void **state)
{
	(void)state;
	scxtwin_workload_close(workload);
	return 0;
}

/* What scxtwin_sim_run() returned. */
static int run(const char *policy, bool costed, struct scxtwin_result *res, struct scxtwin_error *err)
{
	struct scxtwin_options opt;
	struct scxtwin_sim *sim;
	int ret;

	scxtwin_options_default(&opt);
	opt.policy = policy;
	opt.proposed = "cookie";	/* for the one that needs it */
	if (costed) {
		opt.mode = SCXTWIN_COSTED;
		opt.costs = "callback=300,switch=1000,ipi=900,lock_handover=100,migrate=500,wakeup=400";
	}
	*err = (struct scxtwin_error){ .code = SCXTWIN_OK };
	sim = scxtwin_sim_new(&opt, workload, err);
	if (!sim)
		fail_msg("%s: %s", policy, err->msg);
	ret = scxtwin_sim_run(sim, err);
	scxtwin_sim_result(sim, res);
	scxtwin_sim_free(sim);
	return ret;
}

static void assert_finishes(const char *policy, bool costed)
{
	struct scxtwin_result res;
	struct scxtwin_error err;

	if (run(policy, costed, &res, &err))
		fail_msg("%s: %s", policy, err.msg);
	if (res.end != SCXTWIN_END_DONE || res.nr_tasks_left)
		fail_msg("%s: %u tasks left", policy, res.nr_tasks_left);
	assert_int_equal(res.exit_kind, SCX_EXIT_NONE);
}

static void every_builtin_loses_no_task(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; scxtwin_policy_nth(i); i++)
		assert_finishes(scxtwin_policy_nth(i)->name, false);
}

static void every_builtin_loses_no_task_when_paths_take_time(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; scxtwin_policy_nth(i); i++)
		assert_finishes(scxtwin_policy_nth(i)->name, true);
}

static void a_policy_that_only_forgets_kicks_finishes(void **state)
{
	(void)state;
	assert_finishes(PLUGIN_PATH("plain"), false);
	assert_finishes(PLUGIN_PATH("forgotten_kick"), false);
	assert_finishes(PLUGIN_PATH("kick_forever"), false);
}

static void assert_ejected(const char *policy, enum scx_exit_kind kind, const char *text)
{
	struct scxtwin_result res;
	struct scxtwin_error err;

	assert_int_equal(run(policy, false, &res, &err), SCXTWIN_EFAILED);
	assert_int_equal(res.exit_kind, kind);
	if (!strstr(res.exit_msg, text))
		fail_msg("%s: \"%s\" instead of \"%s\"", policy, res.exit_msg, text);
	/* The tasks went on under the fair class. */
	assert_int_equal(res.nr_tasks_left, 0);
}

static void wrong_verdicts_eject_the_policy_dd_01_dsq_13(void **state)
{
	(void)state;
	assert_ejected(PLUGIN_PATH("unknown_dsq"), SCX_EXIT_ERROR, "non-existent DSQ");
	assert_ejected(PLUGIN_PATH("insert_twice"), SCX_EXIT_ERROR, "already direct-dispatched");
	assert_ejected(PLUGIN_PATH("insert_other"), SCX_EXIT_ERROR, "trying to direct-dispatch");
	assert_ejected(PLUGIN_PATH("vtime_local"), SCX_EXIT_ERROR, "vtime");
	assert_ejected(PLUGIN_PATH("bad_cpu"), SCX_EXIT_ERROR, "invalid CPU 9999");
}

static void the_policys_own_error_ejects_it(void **state)
{
	(void)state;
	assert_ejected(PLUGIN_PATH("error_at_enqueue"), SCX_EXIT_ERROR_BPF, "no more of task");
}

static void tasks_never_dispatched_are_a_stall(void **state)
{
	(void)state;
	assert_ejected(PLUGIN_PATH("never_dispatched"), SCX_EXIT_ERROR_STALL, "failed to run for");
}

static void a_refused_combination_ejects_life_11(void **state)
{
	(void)state;
	assert_ejected(PLUGIN_PATH("enq_last_alone"), SCX_EXIT_ERROR, "ENQ_LAST");
}

static void assert_stopped(const char *policy, const char *text)
{
	struct scxtwin_result res;
	struct scxtwin_error err;

	assert_int_equal(run(policy, false, &res, &err), SCXTWIN_EFAILED);
	if (!strstr(err.msg, text))
		fail_msg("%s: \"%s\" instead of \"%s\"", policy, err.msg, text);
	assert_int_equal(res.end, SCXTWIN_END_FAILED);
}

static void crashes_name_callback_and_cpu(void **state)
{
	(void)state;
	assert_stopped(PLUGIN_PATH("crash_enqueue"), "NULL pointer (SIGSEGV) in ops.enqueue(), task ");
	assert_stopped(PLUGIN_PATH("crash_dispatch"), "NULL pointer (SIGSEGV) in ops.dispatch(), CPU ");
	assert_stopped(PLUGIN_PATH("abort_enqueue"), "abort() (SIGABRT) in ops.enqueue()");
}

static void a_call_from_a_wrong_callback_ends_the_run_kfc_09(void **state)
{
	(void)state;
	assert_stopped(PLUGIN_PATH("insert_in_running"), "must not be called from ops.running(");
}

static void refused_tables_end_the_run_life_06(void **state)
{
	(void)state;
	assert_stopped(PLUGIN_PATH("bad_flags"), "refused");
	assert_stopped(PLUGIN_PATH("no_name"), "refused");
	assert_stopped(PLUGIN_PATH("long_timeout"), "refused");
}

static void a_crash_leaves_the_next_simulation_alone(void **state)
{
	struct scxtwin_result before, after;
	struct scxtwin_error err;

	(void)state;
	assert_int_equal(run("queue", false, &before, &err), 0);
	assert_stopped(PLUGIN_PATH("crash_enqueue"), "SIGSEGV");
	assert_int_equal(run("queue", false, &after, &err), 0);
	assert_string_equal(before.digest, after.digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_builtin_loses_no_task),
		cmocka_unit_test(every_builtin_loses_no_task_when_paths_take_time),
		cmocka_unit_test(a_policy_that_only_forgets_kicks_finishes),
		cmocka_unit_test(wrong_verdicts_eject_the_policy_dd_01_dsq_13),
		cmocka_unit_test(the_policys_own_error_ejects_it),
		cmocka_unit_test(tasks_never_dispatched_are_a_stall),
		cmocka_unit_test(a_refused_combination_ejects_life_11),
		cmocka_unit_test(crashes_name_callback_and_cpu),
		cmocka_unit_test(a_call_from_a_wrong_callback_ends_the_run_kfc_09),
		cmocka_unit_test(refused_tables_end_the_run_life_06),
		cmocka_unit_test(a_crash_leaves_the_next_simulation_alone),
	};

	return cmocka_run_group_tests(tests, open_workload, close_workload) ? 1 : 0;
}
