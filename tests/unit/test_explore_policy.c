/* SPDX-License-Identifier: GPL-2.0-only */
/* A user's policy explored: at its calls, and at its own loads and stores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <scxtwin/event.h>
#include <scxtwin/explore.h>

#define SERVING		SCXTWIN_SOURCE_DIR "/traces/explore/wake_while_serving.json"
#define PLAIN(name)	SCXTWIN_BINARY_DIR "/tests/plugin/" name ".so"
#define STEPS(name)	SCXTWIN_BINARY_DIR "/tests/plugin/steps/" name ".so"

/* Two CPUs run out of work at the same instant; the last task comes when all is done. */
#define IDLE_TOGETHER(nr_cpus, cpus_of_c)						\
	"{\"format\": \"scxtwin-workload\", \"version\": 1, \"machine\": {\"cpus\": " nr_cpus "}, \"limit\": \"1s\"," \
	" \"tasks\": [{\"name\": \"a\", \"cpus\": [0], \"steps\": [[\"run\", \"1ms\"]]},"		\
	" {\"name\": \"b\", \"cpus\": [1], \"steps\": [[\"run\", \"1ms\"]]},"			\
	" {\"name\": \"c\", \"cpus\": " cpus_of_c ", \"steps\": [[\"sleep\", \"2ms\"], [\"run\", \"10us\"]]}]," \
	" \"expect\": {\"finished\": true}}"

static char idle_path[64], litmus_path[64];

static int write_file(char *path, const char *text)
{
	int fd;

	strcpy(path, "/tmp/scxtwin-idle-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -1;
	return close(fd);
}

static int write_scenarios(void **state)
{
	(void)state;
	return write_file(idle_path, IDLE_TOGETHER("2", "[0]")) ||
	       write_file(litmus_path, IDLE_TOGETHER("3", "[0, 1, 2]"));
}

static int remove_scenarios(void **state)
{
	(void)state;
	return unlink(idle_path) || unlink(litmus_path);
}

static struct scxtwin_workload *open_scenario(const char *path)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct scxtwin_workload *w = scxtwin_workload_open(path, &err);

	if (!w)
		fail_msg("%s", err.msg);
	return w;
}

struct search {
	const char *policy, *strategy;
	const char *set, *to;	/* a parameter, NULL: none */
	u32 bound;		/* of dfs */
};

static struct scxtwin_explore_result explore(const char *scenario, u64 from_ns, const struct search *s,
					     struct scxtwin_schedule **found)
{
	const struct scxtwin_set set = { .name = s->set, .value = s->to };
	struct scxtwin_workload *w = open_scenario(scenario);
	struct scxtwin_explore_options opt;
	struct scxtwin_explore_result res;
	struct scxtwin_error err;

	scxtwin_explore_options_default(&opt);
	opt.sim.policy = s->policy;
	opt.sim.sets = &set;
	opt.sim.nr_sets = s->set ? 1 : 0;
	opt.strategy = s->strategy ? s->strategy : "dpor";
	opt.bound = s->strategy ? s->bound : SCXTWIN_UNBOUNDED;
	opt.from_ns = from_ns;
	opt.budget = 200000;
	if (scxtwin_explore(&opt, w, &res, found, &err))
		fail_msg("%s", err.msg);
	scxtwin_workload_close(w);
	return res;
}

static struct scxtwin_explore_result serve(const char *policy, const char *look_again)
{
	const struct search s = { .policy = policy, .set = "look_again", .to = look_again };

	return explore(SERVING, 1005000, &s, NULL);
}

static struct scxtwin_explore_result idle(const char *policy, const char *set, const char *to)
{
	const struct search s = { .policy = policy, .set = set, .to = to };

	return explore(idle_path, 500000, &s, NULL);
}

static void assert_finds(const struct scxtwin_explore_result *res, const char *text)
{
	assert_int_equal(res->verdict, SCXTWIN_FOUND);
	if (!strstr(res->violation, text))
		fail_msg("\"%s\" instead of \"%s\"", res->violation, text);
}

/* ---- what lies between two loads or stores */

static void a_lost_wakeup_between_two_stores_is_not_seen_between_calls(void **state)
{
	const struct scxtwin_explore_result res = serve(PLAIN("server"), "false");

	(void)state;
	assert_int_equal(res.verdict, SCXTWIN_PROVED);
	assert_false(res.policy_accesses);
	assert_string_equal(scxtwin_policy_steps_text(&res), "kfunc calls");
}

static void a_lost_wakeup_between_two_stores_is_found_and_shrunk(void **state)
{
	const struct scxtwin_explore_result res = serve(STEPS("server"), "false");

	(void)state;
	assert_finds(&res, "forgotten task: pid 2 sleeper");
	assert_int_equal(res.nr_departures, 2);
	assert_true(res.policy_accesses);
	assert_string_equal(scxtwin_policy_steps_text(&res), "kfunc calls and its own loads and stores");
}

static void the_mended_policy_is_proved(void **state)
{
	const struct scxtwin_explore_result res = serve(STEPS("server"), "true");

	(void)state;
	assert_int_equal(res.verdict, SCXTWIN_PROVED);
	assert_int_equal(res.nr_misjudged, 0);
	assert_int_equal(res.nr_limited, 0);
}

static void samplers_find_it_too(void **state)
{
	static const char *const strategies[] = { "pos", "pct" };
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		const struct search s = { .policy = STEPS("server"), .strategy = strategies[i] };
		const struct scxtwin_explore_result res = explore(SERVING, 1005000, &s, NULL);

		assert_finds(&res, "forgotten task: pid 2 sleeper");
	}
}

static void a_schedule_names_the_policys_variables(void **state)
{
	const struct search s = { .policy = STEPS("server"), .set = "look_again", .to = "false" };
	struct scxtwin_workload *w = open_scenario(SERVING);
	struct scxtwin_schedule *found;
	char story[20000], text[600];
	struct scxtwin_error err;
	bool fails;
	FILE *out;

	(void)state;
	explore(SERVING, 1005000, &s, &found);
	assert_non_null(found);
	out = fmemopen(story, sizeof(story), "w");
	assert_non_null(out);
	assert_int_equal(scxtwin_replay(found, w, false, SCXTWIN_VIEW_POLICY, out, &fails, text, sizeof(text), &err), 0);
	fclose(out);
	assert_true(fails);
	assert_non_null(strstr(story, "  read server_sleeps"));
	assert_non_null(strstr(story, "  write nr_queued"));
	assert_non_null(strstr(story, "  change queue_lock"));
	scxtwin_schedule_close(found);
	scxtwin_workload_close(w);
}

static void an_update_in_two_steps_is_lost(void **state)
{
	struct scxtwin_explore_result res = idle(PLAIN("misses"), NULL, NULL);

	(void)state;
	assert_int_equal(res.verdict, SCXTWIN_PROVED);
	res = idle(STEPS("misses"), NULL, NULL);
	assert_finds(&res, "counted 4 of 5 calls");
	/* memcpy() is not compiled to tell of what it does. */
	res = idle(STEPS("misses"), "copies", "true");
	assert_finds(&res, "counted 4 of 5 calls");
}

/* The reduction leaves out no outcome, and every one is seen by an unreduced search as well. */
static void all_outcomes_of_a_litmus_test_are_seen(void **state)
{
	const struct search dpor = { .policy = STEPS("buffers") };
	const struct search dfs = { .policy = STEPS("buffers"), .strategy = "dfs", .bound = 2 };
	const struct search calls = { .policy = PLAIN("buffers") };
	const struct scxtwin_explore_result plain = explore(litmus_path, 500000, &calls, NULL);
	const struct scxtwin_explore_result reduced = explore(litmus_path, 500000, &dpor, NULL);
	const struct scxtwin_explore_result all = explore(litmus_path, 500000, &dfs, NULL);

	(void)state;
	assert_int_equal(plain.verdict, SCXTWIN_PROVED);
	assert_int_equal(reduced.verdict, SCXTWIN_PROVED);
	assert_int_equal(all.verdict, SCXTWIN_PROVED_BOUND);
	assert_int_equal(all.end_states_digest, reduced.end_states_digest);
	assert_int_equal(reduced.end_states, plain.end_states + 1);
	assert_true(reduced.executions < all.executions);
}

/* ---- loops that wait */

static void a_loop_that_nobody_ends_is_a_violation(void **state)
{
	const struct search s = { .policy = STEPS("spins"), .set = "tries", .to = "0", .strategy = "dfs", .bound = 1 };
	struct scxtwin_explore_result res = idle(STEPS("spins"), "tries", "0");

	(void)state;
	assert_finds(&res, ", which nobody is left to write, in ops.dispatch(), CPU 1");
	res = explore(idle_path, 500000, &s, NULL);
	assert_finds(&res, "goes round for ever");
}

static void a_loop_that_counts_is_none_but_nothing_is_proved(void **state)
{
	struct scxtwin_explore_result res = idle(STEPS("spins"), "tries", "3");
	char text[400];

	(void)state;
	assert_int_equal(res.verdict, SCXTWIN_PROVED);
	res = idle(STEPS("spins"), "tries", "1000");
	assert_int_equal(res.verdict, SCXTWIN_SAMPLED);
	assert_true(res.nr_misjudged > 0);
	assert_non_null(strstr(scxtwin_verdict_text(&res, text, sizeof(text)), "ended by itself"));
}

static void two_locks_of_the_policy_deadlock(void **state)
{
	const struct search s = { .policy = STEPS("abba"), .strategy = "dfs", .bound = 2 };
	struct scxtwin_explore_result res = idle(PLAIN("abba"), NULL, NULL);

	(void)state;
	assert_int_equal(res.verdict, SCXTWIN_PROVED);
	res = idle(STEPS("abba"), NULL, NULL);
	assert_finds(&res, "goes round for ever, reading lock_");
	res = explore(idle_path, 500000, &s, NULL);
	assert_finds(&res, "goes round for ever, reading lock_");
}

/* ---- failures of the policy itself */

static void assert_fails_both_ways(const char *plain, const char *steps, const char *text)
{
	struct scxtwin_explore_result res = idle(plain, NULL, NULL);

	assert_finds(&res, text);
	res = idle(steps, NULL, NULL);
	assert_finds(&res, text);
}

static void a_failed_assertion_is_a_violation(void **state)
{
	(void)state;
	assert_fails_both_ways(PLAIN("asserts"), STEPS("asserts"),
			       "the policy's assertion \"!inside\" failed (asserts.c:9) in ops.dispatch(), CPU 1");
}

static void an_error_of_its_own_is_a_violation(void **state)
{
	(void)state;
	assert_fails_both_ways(PLAIN("error_at_enqueue"), STEPS("error_at_enqueue"), "scx_bpf_error (1025): ");
}

static void a_crash_is_a_violation(void **state)
{
	(void)state;
	assert_fails_both_ways(PLAIN("crash_later"), STEPS("crash_later"),
			       "the policy crashed: NULL pointer (SIGSEGV) in ops.enqueue(), task 4 c, CPU 0");
}

/* A crash is of one execution; what comes after it stands on its own. */
static void what_is_shrunk_after_a_crash_still_fails_by_itself(void **state)
{
	const struct search s = { .policy = STEPS("asserts") };
	struct scxtwin_workload *w = open_scenario(idle_path);
	struct scxtwin_schedule *found;
	struct scxtwin_error err;
	char text[600];
	bool fails;

	(void)state;
	explore(idle_path, 500000, &s, &found);
	assert_non_null(found);
	assert_int_equal(scxtwin_replay(found, w, false, SCXTWIN_VIEW_NONE, NULL, &fails, text, sizeof(text), &err), 0);
	assert_true(fails);
	scxtwin_schedule_close(found);
	scxtwin_workload_close(w);
}

/* ---- outside explored mode */

struct sum {
	struct scxtwin_observer observer;
	u64 hash, nr;
};

static void add_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct sum *sum = obs->data;
	const u64 words[] = { ev->time_ns, ev->kind, (u64)ev->cpu, (u64)ev->task, ev->a, ev->b, ev->c, ev->d };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum->hash = (sum->hash ^ words[i]) * 0x100000001b3ULL;
	sum->nr++;
}

static struct sum run(const char *policy, enum scxtwin_mode mode, bool force_suspend)
{
	struct scxtwin_workload *w = open_scenario(SERVING);
	struct scxtwin_options opt;
	struct scxtwin_error err;
	struct scxtwin_sim *sim;
	struct sum sum = { .observer = { .event = add_event, .data = &sum } };

	scxtwin_options_default(&opt);
	opt.policy = policy;
	opt.mode = mode;
	opt.force_suspend = force_suspend;
	if (mode == SCXTWIN_COSTED)
		opt.costs = "callback=300,switch=1000,ipi=900";
	sim = scxtwin_sim_new(&opt, w, &err);
	assert_non_null(sim);
	scxtwin_sim_observe(sim, &sum.observer);
	assert_int_equal(scxtwin_sim_run(sim, &err), 0);
	scxtwin_sim_free(sim);
	scxtwin_workload_close(w);
	return sum;
}

static void the_same_happens_however_the_policy_was_compiled(void **state)
{
	const struct sum plain = run(PLAIN("server"), SCXTWIN_TIMED, false);
	const struct sum costed = run(PLAIN("server"), SCXTWIN_COSTED, false);

	(void)state;
	assert_true(plain.nr > 20);
	assert_int_equal(run(STEPS("server"), SCXTWIN_TIMED, false).hash, plain.hash);
	assert_int_equal(run(STEPS("server"), SCXTWIN_TIMED, true).hash, plain.hash);
	assert_int_equal(run(STEPS("server"), SCXTWIN_EXPLORED, false).hash, plain.hash);
	assert_int_not_equal(costed.hash, plain.hash);
	assert_int_equal(run(STEPS("server"), SCXTWIN_COSTED, false).hash, costed.hash);
	assert_int_equal(run(STEPS("server"), SCXTWIN_COSTED, true).hash, costed.hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_wakeup_between_two_stores_is_not_seen_between_calls),
		cmocka_unit_test(a_lost_wakeup_between_two_stores_is_found_and_shrunk),
		cmocka_unit_test(the_mended_policy_is_proved),
		cmocka_unit_test(samplers_find_it_too),
		cmocka_unit_test(a_schedule_names_the_policys_variables),
		cmocka_unit_test(an_update_in_two_steps_is_lost),
		cmocka_unit_test(all_outcomes_of_a_litmus_test_are_seen),
		cmocka_unit_test(a_loop_that_nobody_ends_is_a_violation),
		cmocka_unit_test(a_loop_that_counts_is_none_but_nothing_is_proved),
		cmocka_unit_test(two_locks_of_the_policy_deadlock),
		cmocka_unit_test(a_failed_assertion_is_a_violation),
		cmocka_unit_test(an_error_of_its_own_is_a_violation),
		cmocka_unit_test(a_crash_is_a_violation),
		cmocka_unit_test(what_is_shrunk_after_a_crash_still_fails_by_itself),
		cmocka_unit_test(the_same_happens_however_the_policy_was_compiled),
	};

	return cmocka_run_group_tests(tests, write_scenarios, remove_scenarios);
}
