/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <scxtwin/sim.h>

#define MAX_MARKS 32

/* What a run left behind. */
struct outcome {
	int ret;
	struct scxtwin_error err;
	struct scxtwin_result res;
	u64 mark_value[MAX_MARKS], mark_time[MAX_MARKS];
	u32 nr_marks;
	char left[400];
};

static void see(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct outcome *o = obs->data;

	if (ev->kind != SCXTWIN_EV_MARK || ev->a != SCXTWIN_MARK_WORKLOAD || o->nr_marks == MAX_MARKS)
		return;
	o->mark_value[o->nr_marks] = ev->b;
	o->mark_time[o->nr_marks++] = ev->time_ns;
}

static void run_file(const char *path, const char *policy, struct outcome *o)
{
	struct scxtwin_observer obs = { .event = see, .data = o };
	struct scxtwin_options opt;
	struct scxtwin_workload *w;
	struct scxtwin_sim *s;

	memset(o, 0, sizeof(*o));
	w = scxtwin_workload_open(path, &o->err);
	if (!w)
		fail_msg("%u:%u %s", o->err.line, o->err.column, o->err.msg);
	scxtwin_options_default(&opt);
	opt.policy = policy;
	s = scxtwin_sim_new(&opt, w, &o->err);
	if (!s)
		fail_msg("%s", o->err.msg);
	scxtwin_sim_observe(s, &obs);
	o->ret = scxtwin_sim_run(s, &o->err);
	scxtwin_sim_result(s, &o->res);
	scxtwin_sim_task_left(s, 0, o->left, sizeof(o->left));
	scxtwin_sim_free(s);
	scxtwin_workload_close(w);
}

/* body: the members behind format and version */
static void run_text(const char *body, struct outcome *o)
{
	char path[] = "/tmp/scxtwin-exec-XXXXXX";
	const int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	assert_non_null(f);
	fprintf(f, "{\"format\":\"scxtwin-workload\",\"version\":1,%s}", body);
	fclose(f);
	run_file(path, "fifo", o);
	unlink(path);
}

static void finishes(const char *body, struct outcome *o)
{
	run_text(body, o);
	if (o->ret || o->res.end != SCXTWIN_END_DONE)
		fail_msg("ret %d: %s; %s", o->ret, o->err.msg, o->left);
}

static void a_wake_before_the_wait_is_remembered(void **state)
{
	struct outcome o;

	(void)state;
	finishes("\"machine\":{\"cpus\":1},\"tasks\":["
		 "{\"name\":\"b\",\"start\":\"5ms\",\"steps\":[[\"wait\"],[\"wait\"],[\"mark\",1]]},"
		 "{\"name\":\"a\",\"steps\":[[\"wake\",\"b\"],[\"wake\",\"b\"]]}]", &o);
	assert_int_equal(o.nr_marks, 1);
	assert_int_equal(o.mark_time[0], 5000000);
}

static void a_wait_takes_exactly_one_wake(void **state)
{
	struct outcome o;

	(void)state;
	run_text("\"machine\":{\"cpus\":1},\"tasks\":["
		 "{\"name\":\"b\",\"steps\":[[\"wait\"],[\"mark\",1],[\"wait\"],[\"mark\",2]]},"
		 "{\"name\":\"a\",\"steps\":[[\"run\",1000],[\"wake\",\"b\"],[\"run\",1000]]}]", &o);
	assert_int_equal(o.nr_marks, 1);
	assert_int_equal(o.ret, SCXTWIN_EFAILED);
	assert_non_null(strstr(o.left, "b: waits for a wake that nobody is left to give"));
}

static void sleep_counts_from_now_and_until_from_the_beginning(void **state)
{
	struct outcome o;

	(void)state;
	finishes("\"machine\":{\"cpus\":1},\"tasks\":[{\"name\":\"a\",\"start\":\"1ms\",\"steps\":["
		 "[\"sleep\",\"2ms\"],[\"mark\",1],[\"until\",\"7ms\"],[\"mark\",2],[\"until\",\"1ms\"],"
		 "[\"mark\",3],[\"run\",\"1ms\"],[\"sleep\",0],[\"mark\",4]]}]", &o);
	assert_int_equal(o.nr_marks, 4);
	assert_int_equal(o.mark_time[0], 3000000);
	assert_int_equal(o.mark_time[1], 7000000);
	assert_int_equal(o.mark_time[2], 7000000);
	assert_int_equal(o.mark_time[3], 8000000);
}

static void loops_nest_and_repeat_as_often_as_they_say(void **state)
{
	struct outcome o;
	u32 i;

	(void)state;
	finishes("\"machine\":{\"cpus\":1},\"tasks\":[{\"name\":\"a\",\"steps\":["
		 "[\"loop\",3,[[\"loop\",2,[[\"run\",10],[\"mark\",1]]],[\"loop\",0,[[\"mark\",9]]],"
		 "[\"mark\",2]]],[\"exit\"],[\"mark\",9]]}]", &o);
	assert_int_equal(o.nr_marks, 9);
	for (i = 0; i < o.nr_marks; i++)
		assert_int_equal(o.mark_value[i], i % 3 == 2 ? 2 : 1);
	assert_int_equal(o.mark_time[8], 60);
}

static void waitpid_waits_for_processes_and_not_for_threads(void **state)
{
	struct outcome o;

	(void)state;
	finishes("\"machine\":{\"cpus\":4},\"tasks\":[{\"name\":\"a\",\"steps\":["
		 "[\"fork\",\"p\",[[\"sleep\",\"2ms\"]]],[\"fork\",\"q\",[[\"sleep\",\"3ms\"]]],"
		 "[\"thread\",\"t\",[[\"sleep\",\"9ms\"],[\"mark\",2]]],[\"waitpid\"],[\"mark\",1],"
		 "[\"waitpid\"],[\"mark\",1]]}]", &o);
	assert_int_equal(o.nr_marks, 3);
	assert_int_equal(o.mark_time[0], 3000000);
	assert_int_equal(o.mark_time[1], 3000000);
	assert_int_equal(o.mark_value[2], 2);
	assert_int_equal(o.mark_time[2], 9000000);
	assert_int_equal(o.res.nr_tasks_born, 4);
}

static void peers_wake_their_own_number(void **state)
{
	struct outcome o;

	(void)state;
	finishes("\"machine\":{\"cpus\":4},\"tasks\":["
		 "{\"name\":\"a\",\"count\":3,\"start\":\"1ms\",\"steps\":[[\"wake\",\"b-@\"]]},"
		 "{\"name\":\"b\",\"count\":3,\"steps\":[[\"wait\"],[\"mark\",1]]}]", &o);
	assert_int_equal(o.nr_marks, 3);
}

static void events_happen_in_time_and_by_the_task_between_its_steps(void **state)
{
	struct outcome o;

	(void)state;
	finishes("\"machine\":{\"cpus\":2},\"tasks\":[{\"name\":\"a\",\"cpus\":[1],\"steps\":["
		 "[\"wait\"],[\"run\",\"4ms\"],[\"mark\",2],[\"run\",\"1ms\"]]}],"
		 "\"events\":[{\"at\":\"3ms\",\"on\":1,\"by\":\"a\",\"do\":[\"mark\",3]},"
		 "{\"at\":\"1ms\",\"do\":[\"wake\",\"a\"]},{\"at\":\"2ms\",\"on\":1,\"do\":[\"mark\",1]}]",
		 &o);
	assert_int_equal(o.nr_marks, 3);
	assert_int_equal(o.mark_value[0], 1);
	assert_int_equal(o.mark_time[0], 2000000);
	assert_int_equal(o.mark_value[1], 3);
	assert_int_equal(o.mark_time[1], 5000000);
	assert_int_equal(o.mark_value[2], 2);
}

static void sleepers_of_a_cpu_that_goes_offline_wake_in_time(void **state)
{
	struct outcome o;

	(void)state;
	finishes("\"machine\":{\"cpus\":2},\"tasks\":[{\"name\":\"a\",\"steps\":["
		 "[\"affinity\",\"self\",[1]],[\"affinity\",\"self\",[0,1]],[\"sleep\",\"5ms\"],"
		 "[\"mark\",1]]}],\"events\":[{\"at\":\"1ms\",\"do\":[\"hotplug\",1,0]}]", &o);
	assert_int_equal(o.nr_marks, 1);
	assert_int_equal(o.mark_time[0], 5000000);
}

static void expectations_fail_the_run(void **state)
{
	static const char *const wrong[] = {
		"\"finished\":false", "\"exit_kind\":\"error\"", "\"max_wakeup_latency\":{\"a\":\"1us\"}",
		"\"cpu_share\":{\"a\":{\"max\":100}}",
	};
	char body[600];
	struct outcome o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(body, sizeof(body), "\"machine\":{\"cpus\":1},\"tasks\":[{\"name\":\"a\",\"count\":2,"
			 "\"steps\":[[\"run\",\"5ms\"]]}],\"expect\":{%s}", wrong[i]);
		run_text(body, &o);
		assert_int_equal(o.ret, SCXTWIN_EFAILED);
		assert_non_null(strstr(o.err.msg, "expectation not met"));
	}
	finishes("\"machine\":{\"cpus\":1},\"tasks\":[{\"name\":\"a\",\"count\":2,\"steps\":[[\"run\",\"5ms\"]]}],"
		 "\"expect\":{\"finished\":true,\"exit_kind\":\"none\",\"exact_cpu_time\":true,"
		 "\"max_wakeup_latency\":{\"a\":\"50ms\"},\"cpu_share\":{\"a\":{\"min\":1000}}}", &o);
}

static void a_wait_on_the_other_is_reported_with_who_waits(void **state)
{
	struct outcome o;

	(void)state;
	run_text("\"machine\":{\"cpus\":2},\"tasks\":["
		 "{\"name\":\"a\",\"steps\":[[\"wait\"],[\"wake\",\"b\"]]},"
		 "{\"name\":\"b\",\"steps\":[[\"wait\"],[\"wake\",\"a\"]]}]", &o);
	assert_int_equal(o.ret, SCXTWIN_EFAILED);
	assert_non_null(strstr(o.err.msg, "2 tasks can never end"));
	assert_non_null(strstr(o.err.msg, "a: waits for a wake"));
}

static void hundred_thousand_tasks_use_exactly_their_time(void **state)
{
	struct outcome o;

	(void)state;
	finishes("\"machine\":{\"cpus\":16},\"tasks\":[{\"name\":\"m\",\"count\":100000,"
		 "\"start\":{\"uniform\":[0,\"1s\"]},\"steps\":[[\"run\",{\"exponential\":\"40us\"}]]}],"
		 "\"expect\":{\"exact_cpu_time\":true}", &o);
	assert_int_equal(o.res.nr_tasks_born, 100000);
	assert_int_equal(o.res.nr_tasks_left, 0);
}

static void the_seed_decides_the_draws_and_the_digest(void **state)
{
	static const char body[] = "\"machine\":{\"cpus\":2},%s\"tasks\":[{\"name\":\"m\",\"count\":5,"
		"\"steps\":[[\"loop\",5,[[\"run\",{\"normal\":[\"1ms\",\"200us\"]}],[\"sleep\",9]]]]}]";
	struct outcome a, b, c;
	char text[600];

	(void)state;
	snprintf(text, sizeof(text), body, "\"seed\":3,");
	finishes(text, &a);
	finishes(text, &b);
	snprintf(text, sizeof(text), body, "\"seed\":4,");
	finishes(text, &c);
	assert_string_equal(a.res.digest, b.res.digest);
	assert_string_not_equal(a.res.digest, c.res.digest);
	assert_int_not_equal(a.res.time_ns, c.res.time_ns);
}

static void open_and_closed_loop_give_different_logs_and_both_end(void **state)
{
	static const char *const loops[] = { "open", "closed" };
	struct outcome o[2];
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		char path[] = "/tmp/scxtwin-exec-XXXXXX";
		FILE *f = fdopen(mkstemp(path), "w");

		assert_non_null(f);
		fprintf(f, "{\"format\":\"scxtwin-recording\",\"version\":1,\"cpus\":1,\"wakeups\":\"%s\","
			"\"span_ns\":9000000,\"tasks\":2,\"groups\":[\"g\"]}\n"
			"{\"at\":0,\"ev\":\"task\",\"task\":0,\"pid\":50,\"comm\":\"a\",\"group\":0}\n"
			"{\"at\":0,\"ev\":\"task\",\"task\":1,\"pid\":60,\"comm\":\"b\",\"group\":0}\n"
			"{\"at\":0,\"ev\":\"run\",\"task\":0,\"ns\":1000000}\n"
			"{\"at\":0,\"ev\":\"sleep\",\"task\":1,\"until\":3000000,\"by\":0}\n"
			"{\"at\":3000000,\"ev\":\"wake\",\"task\":0,\"whom\":1}\n"
			"{\"at\":3000000,\"ev\":\"run\",\"task\":1,\"ns\":2000000}\n"
			"{\"at\":3000000,\"ev\":\"exit\",\"task\":0}\n"
			"{\"at\":5000000,\"ev\":\"exit\",\"task\":1}\n", loops[i]);
		fclose(f);
		run_file(path, "fifo", &o[i]);
		unlink(path);
		assert_int_equal(o[i].ret, 0);
		assert_int_equal(o[i].res.end, SCXTWIN_END_DONE);
	}
	assert_int_equal(o[0].res.time_ns, 5000000);
	assert_int_equal(o[1].res.time_ns, 3000000);
	assert_string_not_equal(o[0].res.digest, o[1].res.digest);
}

static void a_recording_damaged_further_on_ends_the_run(void **state)
{
	char path[] = "/tmp/scxtwin-exec-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	struct outcome o;

	(void)state;
	assert_non_null(f);
	fprintf(f, "{\"format\":\"scxtwin-recording\",\"version\":1,\"cpus\":1,\"span_ns\":9,\"tasks\":1,"
		"\"groups\":[\"g\"]}\n{\"at\":0,\"ev\":\"task\",\"task\":0,\"pid\":50,\"comm\":\"a\",\"group\":0}\n"
		"{\"at\":0,\"ev\":\"run\",\"task\":0,\"ns\":10}\nrubbish\n");
	fclose(f);
	run_file(path, "fifo", &o);
	unlink(path);
	assert_int_equal(o.ret, SCXTWIN_EINPUT);
	assert_int_equal(o.err.line, 4);
}

static void shipped_traces_finish_with_exact_cpu_time(void **state)
{
	static const char *const names[] = { "pipeline.json", "fork_storm.json", "rt_interference.json",
					     "affinity_churn.json", "hotplug.json", "server.json",
					     "wake.jsonl.gz" };
	char path[512];
	struct outcome o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), SCXTWIN_SOURCE_DIR "/traces/%s", names[i]);
		run_file(path, "vtime", &o);
		if (o.ret || o.res.end != SCXTWIN_END_DONE)
			fail_msg("%s: %s", names[i], o.err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wake_before_the_wait_is_remembered),
		cmocka_unit_test(a_wait_takes_exactly_one_wake),
		cmocka_unit_test(sleep_counts_from_now_and_until_from_the_beginning),
		cmocka_unit_test(loops_nest_and_repeat_as_often_as_they_say),
		cmocka_unit_test(waitpid_waits_for_processes_and_not_for_threads),
		cmocka_unit_test(peers_wake_their_own_number),
		cmocka_unit_test(events_happen_in_time_and_by_the_task_between_its_steps),
		cmocka_unit_test(sleepers_of_a_cpu_that_goes_offline_wake_in_time),
		cmocka_unit_test(expectations_fail_the_run),
		cmocka_unit_test(a_wait_on_the_other_is_reported_with_who_waits),
		cmocka_unit_test(hundred_thousand_tasks_use_exactly_their_time),
		cmocka_unit_test(the_seed_decides_the_draws_and_the_digest),
		cmocka_unit_test(open_and_closed_loop_give_different_logs_and_both_end),
		cmocka_unit_test(a_recording_damaged_further_on_ends_the_run),
		cmocka_unit_test(shipped_traces_finish_with_exact_cpu_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
