/* SPDX-License-Identifier: GPL-2.0-only */
/* Exploration of whole scenarios through the public interface. */
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

#define SCENARIO(name)	SCXTWIN_SOURCE_DIR "/traces/explore/" name ".json"
#define PLUGIN(name)	SCXTWIN_BINARY_DIR "/tests/plugin/" name ".so"

static struct scxtwin_workload *open_scenario(const char *path)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct scxtwin_workload *w = scxtwin_workload_open(path, &err);
	char text[1200];

	if (!w)
		fail_msg("%s", scxtwin_error_format(&err, text, sizeof(text)));
	return w;
}

static void explore(const char *scenario, const struct scxtwin_explore_options *opt,
		    struct scxtwin_explore_result *res, struct scxtwin_schedule **found)
{
	struct scxtwin_workload *w = open_scenario(scenario);
	struct scxtwin_error err;

	if (scxtwin_explore(opt, w, res, found, &err))
		fail_msg("%s", err.msg);
	scxtwin_workload_close(w);
}

static struct scxtwin_explore_options with(const char *policy, const char *strategy, u32 bound, u64 budget)
{
	struct scxtwin_explore_options opt;

	scxtwin_explore_options_default(&opt);
	opt.sim.policy = policy;
	opt.strategy = strategy;
	opt.bound = bound;
	opt.budget = budget;
	return opt;
}

static void assert_proves_what_bounds_see(const char *policy)
{
	const struct scxtwin_explore_options dpor = with(policy, "dpor", SCXTWIN_UNBOUNDED, 0);
	const struct scxtwin_explore_options dfs = with(policy, "dfs", 2, 0);
	const struct scxtwin_explore_options sample = with(policy, "random", SCXTWIN_UNBOUNDED, 5000);
	struct scxtwin_explore_result a, b, c;

	explore(SCENARIO("dequeue_dispatch"), &dpor, &a, NULL);
	explore(SCENARIO("dequeue_dispatch"), &dfs, &b, NULL);
	explore(SCENARIO("dequeue_dispatch"), &sample, &c, NULL);
	assert_int_equal(a.verdict, SCXTWIN_PROVED);
	assert_int_equal(b.verdict, SCXTWIN_PROVED_BOUND);
	assert_int_equal(c.verdict, SCXTWIN_SAMPLED);
	assert_true(a.executions < b.executions);
	assert_true(a.end_states > 1);
	assert_int_equal(a.end_states, b.end_states);
	assert_int_equal(a.end_states_digest, b.end_states_digest);
	assert_true(c.end_states <= a.end_states);
}

static void every_order_is_proved_with_a_queue_of_the_core(void **state)
{
	(void)state;
	assert_proves_what_bounds_see("fifo");
}

static void every_order_is_proved_with_direct_dispatch(void **state)
{
	(void)state;
	assert_proves_what_bounds_see("local-on");
}

static void every_order_is_proved_with_virtual_times(void **state)
{
	(void)state;
	assert_proves_what_bounds_see("vtime");
}

static void assert_samples_find_no_more_than_was_proved(const char *policy)
{
	const struct scxtwin_explore_options dpor = with(policy, "dpor", SCXTWIN_UNBOUNDED, 0);
	const struct scxtwin_explore_options pos = with(policy, "pos", SCXTWIN_UNBOUNDED, 10000);
	struct scxtwin_explore_result a, b;

	explore(SCENARIO("change_while_busy"), &dpor, &a, NULL);
	explore(SCENARIO("change_while_busy"), &pos, &b, NULL);
	assert_int_equal(a.verdict, SCXTWIN_PROVED);
	assert_int_equal(a.end_states, b.end_states);
	assert_int_equal(a.end_states_digest, b.end_states_digest);
}

static void samples_find_no_more_than_was_proved(void **state)
{
	(void)state;
	assert_samples_find_no_more_than_was_proved("fifo-global");
	assert_samples_find_no_more_than_was_proved("local-on");
	assert_samples_find_no_more_than_was_proved("vtime");
}

/* Both examples of chapter 15, with a real-time task that may wake at any point. */
static void assert_promise_is_kept(const char *scenario, u64 end_states)
{
	static const struct scxtwin_set batch = { .name = "batch", .value = "2" };
	struct scxtwin_explore_options dpor = with("immed", "dpor", SCXTWIN_UNBOUNDED, 0);
	struct scxtwin_explore_options dfs = with("immed", "dfs", 1, 0);
	struct scxtwin_explore_result a, b;

	dpor.sim.sets = dfs.sim.sets = &batch;
	dpor.sim.nr_sets = dfs.sim.nr_sets = 1;
	explore(scenario, &dpor, &a, NULL);
	explore(scenario, &dfs, &b, NULL);
	assert_int_equal(a.verdict, SCXTWIN_PROVED);
	assert_int_equal(b.verdict, SCXTWIN_PROVED_BOUND);
	assert_int_equal(a.end_states, end_states);
	assert_int_equal(a.end_states, b.end_states);
	assert_int_equal(a.end_states_digest, b.end_states_digest);
}

static void two_immed_tasks_from_one_dispatch(void **state)
{
	(void)state;
	assert_promise_is_kept(SCENARIO("immed_two"), 9);
}

static void an_immed_task_to_another_cpu(void **state)
{
	(void)state;
	assert_promise_is_kept(SCENARIO("immed_remote"), 3);
}

static void where_the_kernel_lets_an_immed_task_wait_the_rule_is_named(void **state)
{
	struct scxtwin_explore_options opt = with(PLUGIN("immed_boost"), "dpor", SCXTWIN_UNBOUNDED, 0);
	struct scxtwin_explore_result res;

	(void)state;
	explore(SCENARIO("immed_at_once"), &opt, &res, NULL);
	assert_int_equal(res.verdict, SCXTWIN_FOUND);
	assert_non_null(strstr(res.violation, "pid 3 p waits on the local queue of CPU 0 behind pid 2 busy (IMMED-59)"));
	assert_int_equal(res.nr_departures, 1);
	opt.sim.policy = "immed";
	explore(SCENARIO("immed_at_once"), &opt, &res, NULL);
	assert_int_equal(res.verdict, SCXTWIN_PROVED);
}

static void the_same_seed_gives_the_same_search(void **state)
{
	static const char *const strategies[] = { "random", "pos", "pct" };
	struct scxtwin_explore_result a, b;
	u32 i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct scxtwin_explore_options opt = with("queue", strategies[i], SCXTWIN_UNBOUNDED, 1000);

		explore(SCENARIO("dequeue_dispatch"), &opt, &a, NULL);
		opt.sim.poison = 0xa5;
		explore(SCENARIO("dequeue_dispatch"), &opt, &b, NULL);
		assert_int_equal(a.executions, b.executions);
		assert_int_equal(a.max_steps, b.max_steps);
		assert_int_equal(a.end_states_digest, b.end_states_digest);
	}
}

static void assert_finds_lost_wakeup(const char *strategy, u32 bound, u64 budget)
{
	struct scxtwin_explore_options opt = with(PLUGIN("lost_wakeup"), strategy, bound, budget);
	char path[] = "/tmp/scxtwin-schedule-XXXXXX", text[700] = "";
	struct scxtwin_schedule *found, *again;
	struct scxtwin_explore_result res;
	struct scxtwin_workload *w;
	struct scxtwin_error err;
	bool fails = false;
	const int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	opt.seed = 1;
	explore(SCENARIO("wake_while_idling"), &opt, &res, &found);
	assert_int_equal(res.verdict, SCXTWIN_FOUND);
	assert_non_null(strstr(res.violation, "in the custody of the policy"));
	assert_true(res.nr_departures <= 3);
	assert_int_equal(scxtwin_schedule_write(found, path, &err), 0);
	scxtwin_schedule_close(found);

	again = scxtwin_schedule_open(path, &err);
	assert_non_null(again);
	w = open_scenario(scxtwin_schedule_scenario(again));
	assert_false(scxtwin_schedule_is_stale(again, w));
	assert_int_equal(scxtwin_replay(again, w, false, SCXTWIN_VIEW_NONE, NULL, &fails, text,
					sizeof(text), &err), 0);
	assert_true(fails);
	assert_string_equal(text, scxtwin_schedule_violation(again));
	scxtwin_workload_close(w);
	scxtwin_schedule_close(again);
	unlink(path);
}

static void a_lost_wakeup_is_found_by_partial_order_sampling(void **state)
{
	(void)state;
	assert_finds_lost_wakeup("pos", SCXTWIN_UNBOUNDED, 10000);
}

static void a_lost_wakeup_is_found_by_random_priorities(void **state)
{
	(void)state;
	assert_finds_lost_wakeup("pct", SCXTWIN_UNBOUNDED, 10000);
}

static void a_lost_wakeup_is_found_with_one_preemption(void **state)
{
	(void)state;
	assert_finds_lost_wakeup("dfs", 1, 0);
}

static void a_lost_wakeup_is_found_by_the_reduced_search(void **state)
{
	(void)state;
	assert_finds_lost_wakeup("dpor", SCXTWIN_UNBOUNDED, 50000);
}

static void the_default_order_does_not_lose_it(void **state)
{
	const struct scxtwin_explore_options opt = with(PLUGIN("lost_wakeup"), "dfs", 0, 0);
	struct scxtwin_explore_result res;

	(void)state;
	explore(SCENARIO("wake_while_idling"), &opt, &res, NULL);
	assert_int_equal(res.verdict, SCXTWIN_PROVED_BOUND);
}

static void a_policy_that_keeps_a_task_is_named_by_its_custody(void **state)
{
	const struct scxtwin_explore_options opt = with(PLUGIN("never_dispatched"), "pos", SCXTWIN_UNBOUNDED, 1);
	struct scxtwin_explore_result res;

	(void)state;
	explore(SCENARIO("wake_while_idling"), &opt, &res, NULL);
	assert_int_equal(res.verdict, SCXTWIN_FOUND);
	assert_non_null(strstr(res.violation, "forgotten task"));
	assert_non_null(strstr(res.violation, "custody"));
}

static void the_story_has_a_column_per_cpu(void **state)
{
	const struct scxtwin_explore_options opt = with(PLUGIN("lost_wakeup"), "dfs", 1, 0);
	struct scxtwin_workload *w = open_scenario(SCENARIO("wake_while_idling"));
	struct scxtwin_explore_result res;
	struct scxtwin_schedule *found;
	struct scxtwin_error err;
	char text[700], *story = NULL;
	size_t size = 0;
	bool fails;
	FILE *out;

	(void)state;
	assert_int_equal(scxtwin_explore(&opt, w, &res, &found, &err), 0);
	out = open_memstream(&story, &size);
	assert_int_equal(scxtwin_replay(found, w, false, SCXTWIN_VIEW_CORE, out, &fails, text, sizeof(text), &err), 0);
	fclose(out);
	assert_non_null(strstr(story, "CPU 0"));
	assert_non_null(strstr(story, "CPU 2"));
	assert_non_null(strstr(story, "ops.enqueue"));
	assert_non_null(strstr(story, "* ")); /* a departure */
	assert_non_null(strstr(story, "lock rq_lock of CPU 1"));
	free(story);
	scxtwin_schedule_close(found);
	scxtwin_workload_close(w);
}

static void what_cannot_be_explored_is_refused(void **state)
{
	struct scxtwin_explore_options opt = with("fifo", "best", SCXTWIN_UNBOUNDED, 1);
	struct scxtwin_workload *w = open_scenario(SCENARIO("dequeue_dispatch"));
	struct scxtwin_explore_result res;
	struct scxtwin_error err;

	(void)state;
	assert_int_equal(scxtwin_explore(&opt, w, &res, NULL, &err), SCXTWIN_EUSAGE);
	assert_non_null(strstr(err.msg, "dpor"));
	opt.strategy = "dpor";
	opt.nr_shards = 2;
	assert_int_equal(scxtwin_explore(&opt, w, &res, NULL, &err), SCXTWIN_EUSAGE);
	opt.nr_shards = 0;
	opt.from_ns = 1000000000;
	assert_int_equal(scxtwin_explore(&opt, w, &res, NULL, &err), SCXTWIN_EINPUT);
	scxtwin_workload_close(w);
}

static void the_step_limit_takes_the_proof_away(void **state)
{
	struct scxtwin_explore_options opt = with("fifo", "dpor", SCXTWIN_UNBOUNDED, 0);
	struct scxtwin_explore_result res;
	char text[256];

	(void)state;
	opt.step_limit = 30;
	explore(SCENARIO("dequeue_dispatch"), &opt, &res, NULL);
	assert_int_equal(res.verdict, SCXTWIN_SAMPLED);
	assert_true(res.nr_limited);
	assert_non_null(strstr(scxtwin_verdict_text(&res, text, sizeof(text)), "not exhaustive"));
}

static void audits_after_each_step_find_nothing_wrong(void **state)
{
	struct scxtwin_explore_options opt = with("queue", "pos", SCXTWIN_UNBOUNDED, 300);
	struct scxtwin_explore_result res;

	(void)state;
	opt.audit_steps = true;
	explore(SCENARIO("dequeue_dispatch"), &opt, &res, NULL);
	assert_int_equal(res.verdict, SCXTWIN_SAMPLED);
}

/* A task enqueues another: the callback runs on the caller's CPU, in the caller's context. */
static void audits_know_a_task_that_enqueues_another(void **state)
{
	static const char affinity[] =
		"{\"name\":\"n\",\"area\":\"a\",\"slice_us\":1000000,\"tasks\":["
		"{\"name\":\"A\",\"cpus\":[1],\"steps\":[[\"run\",100000]]},"
		"{\"name\":\"B\",\"cpus\":[1],\"start_us\":20000,\"steps\":[[\"run\",2000]]},"
		"{\"name\":\"ctl\",\"cpus\":[0],\"policy\":\"other\","
		"\"steps\":[[\"until\",50000],[\"affinity\",\"B\",[2]]]}]}";
	struct scxtwin_explore_options opt = with("recorder", "pos", SCXTWIN_UNBOUNDED, 3);
	struct scxtwin_explore_result res;
	char path[] = "/tmp/scxtwin-explore-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");

	(void)state;
	assert_non_null(f);
	fputs(affinity, f);
	assert_int_equal(fclose(f), 0);
	opt.audit_steps = true;
	opt.from_ns = 600000000;
	opt.step_limit = 400000;
	explore(path, &opt, &res, NULL);
	assert_int_equal(res.verdict, SCXTWIN_SAMPLED);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_is_proved_with_a_queue_of_the_core),
		cmocka_unit_test(every_order_is_proved_with_direct_dispatch),
		cmocka_unit_test(every_order_is_proved_with_virtual_times),
		cmocka_unit_test(samples_find_no_more_than_was_proved),
		cmocka_unit_test(two_immed_tasks_from_one_dispatch),
		cmocka_unit_test(an_immed_task_to_another_cpu),
		cmocka_unit_test(where_the_kernel_lets_an_immed_task_wait_the_rule_is_named),
		cmocka_unit_test(the_same_seed_gives_the_same_search),
		cmocka_unit_test(a_lost_wakeup_is_found_by_partial_order_sampling),
		cmocka_unit_test(a_lost_wakeup_is_found_by_random_priorities),
		cmocka_unit_test(a_lost_wakeup_is_found_with_one_preemption),
		cmocka_unit_test(a_lost_wakeup_is_found_by_the_reduced_search),
		cmocka_unit_test(the_default_order_does_not_lose_it),
		cmocka_unit_test(a_policy_that_keeps_a_task_is_named_by_its_custody),
		cmocka_unit_test(the_story_has_a_column_per_cpu),
		cmocka_unit_test(what_cannot_be_explored_is_refused),
		cmocka_unit_test(the_step_limit_takes_the_proof_away),
		cmocka_unit_test(audits_after_each_step_find_nothing_wrong),
		cmocka_unit_test(audits_know_a_task_that_enqueues_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
