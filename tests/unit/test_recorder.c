/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <scxtwin/conform.h>
#include <scxtwin/sim.h>

#include "policy/recorder.h"

#define MAX_LINES 2000

/* What a scenario's run was recorded as. */
struct lines {
	json_t *line[MAX_LINES];
	u32 nr;
};

/* rest: the members behind name and area */
static void record(const char *rest, const char *policy, struct lines *lines)
{
	char in[] = "/tmp/scxtwin-recorder-XXXXXX", out[] = "/tmp/scxtwin-recorded-XXXXXX", *text = NULL;
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	FILE *f = fdopen(mkstemp(in), "w");
	size_t size = 0;

	close(mkstemp(out));
	assert_non_null(f);
	fprintf(f, "{\"name\":\"n\",\"area\":\"a\",%s}", rest);
	fclose(f);
	if (scxtwin_record(in, policy, out, &err))
		fail_msg("%s", err.msg);
	f = fopen(out, "r");
	assert_non_null(f);
	for (lines->nr = 0; getline(&text, &size, f) > 0; lines->nr++) {
		assert_true(lines->nr < MAX_LINES);
		lines->line[lines->nr] = json_loads(text, 0, NULL);
		assert_non_null(lines->line[lines->nr]);
	}
	free(text);
	fclose(f);
	unlink(in);
	unlink(out);
}

static void forget(struct lines *lines)
{
	while (lines->nr)
		json_decref(lines->line[--lines->nr]);
}

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

/* "enqueue dequeue running ...": the records of a task, or those without one (task NULL). */
static char *story(const struct lines *lines, const char *task, const char *without, char *buf, size_t size)
{
	u32 i;

	buf[0] = '\0';
	for (i = 1; i < lines->nr; i++) {
		const char *ev = text_of(lines->line[i], "ev"), *of = text_of(lines->line[i], "task");

		if (strcmp(of, task ? task : "") || strstr(without, ev))
			continue;
		snprintf(buf + strlen(buf), size - strlen(buf), "%s%s", *buf ? " " : "", ev);
	}
	return buf;
}

/* The n-th record of this kind, for this task ("": any). */
static const json_t *find(const struct lines *lines, const char *ev, const char *task, u32 n)
{
	u32 i;

	for (i = 1; i < lines->nr; i++)
		if (!strcmp(text_of(lines->line[i], "ev"), ev) &&
		    (!*task || !strcmp(text_of(lines->line[i], "task"), task)) && !n--)
			return lines->line[i];
	fail_msg("no such %s", ev);
	return NULL;
}

#define QUIET "tick #switch dispatch"
#define END " stopping quiescent runnable running stopping quiescent disable exit_task"

static struct lines lines;
static char text[8000];

static void each_policy_decides_in_its_own_way(void **state)
{
	static const struct { const char *policy, *story; } wakeups[] = {
		{ "fifo", "runnable enqueue .insert dequeue running" END },
		{ "vtime", "runnable enqueue .insert_vtime dequeue running" END },
		{ "global", "runnable enqueue .insert running" END },
		{ "local", "runnable enqueue .insert running" END },
		{ "bpfq", "runnable enqueue .push .pop .insert dequeue running" END },
		{ "immed", "runnable enqueue .insert running" END },
		{ "preempt", "runnable enqueue .insert .kick dequeue running" END },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wakeups) / sizeof(wakeups[0]); i++) {
		record("\"tasks\":[{\"name\":\"A\",\"cpus\":[1],\"steps\":[[\"run\",2000]]}]",
		       wakeups[i].policy, &lines);
		assert_string_equal(story(&lines, "A", QUIET, text, sizeof(text)), wakeups[i].story);
		forget(&lines);
	}
}

static void nothing_is_recorded_before_the_scenario(void **state)
{
	(void)state;
	record("\"tasks\":[{\"name\":\"A\",\"cpus\":[1],\"steps\":[[\"run\",2000]]}]", "fifo", &lines);
	story(&lines, "A", QUIET, text, sizeof(text));
	assert_null(strstr(text, "init_task"));
	assert_null(strstr(text, "enable"));
	assert_int_equal(json_integer_value(json_object_get(lines.line[1], "seq")), 0);
	assert_int_equal(json_integer_value(json_object_get(lines.line[1], "ts")), 0);
	forget(&lines);
}

static void a_plan_replaces_dispatch_and_verdicts(void **state)
{
	(void)state;
	record("\"plan\":{\"tasks\":{\"B\":{\"enqueue\":{\"do\":\"hold\",\"times\":1}}},"
	       "\"dispatch\":[{\"cpu\":1,\"gate\":1,\"ops\":[{\"op\":\"slots\"},"
	       "{\"op\":\"insert\",\"task\":\"B\",\"to\":\"LOCAL\"},{\"op\":\"slots\"},{\"op\":\"nr_queued\",\"dsq\":1}]}]},"
	       "\"slice_us\":1000000,\"tasks\":[{\"name\":\"A\",\"cpus\":[1],\"steps\":[[\"run\",60000]]},"
	       "{\"name\":\"B\",\"cpus\":[1],\"start_us\":10000,\"steps\":[[\"run\",2000]]},"
	       "{\"name\":\"ctl\",\"cpus\":[0],\"policy\":\"other\",\"steps\":[[\"until\",30000],[\"gate\",1],[\"kick\",1,2]]}]",
	       "plan", &lines);
	assert_string_equal(story(&lines, "B", QUIET, text, sizeof(text)),
			    "runnable enqueue .push .insert dequeue running" END);
	assert_int_equal(json_integer_value(json_object_get(find(&lines, ".slots", "", 0), "count")), 32);
	assert_int_equal(json_integer_value(json_object_get(find(&lines, ".slots", "", 1), "count")), 31);
	assert_int_equal(json_integer_value(json_object_get(find(&lines, ".nr_queued", "", 0), "count")), 0);
	assert_string_equal(text_of(find(&lines, "#step", "", 0), "by"), "ctl");
	assert_string_equal(text_of(find(&lines, ".kick", "", 0), "kick_flags"), "PREEMPT");
	forget(&lines);
}

/* A window keeps a callback open until another task opens the next gate. */
static void a_window_is_held_until_the_gate(void **state)
{
	u64 open, shut;

	(void)state;
	record("\"plan\":{\"tasks\":{\"B\":{\"enqueue\":{\"to\":1,\"window\":5}}}},"
	       "\"tasks\":[{\"name\":\"B\",\"cpus\":[1],\"start_us\":10000,\"steps\":[[\"run\",2000]]},"
	       "{\"name\":\"ctl\",\"cpus\":[0],\"policy\":\"other\",\"steps\":[[\"await\",5],[\"run\",3000],[\"gate\",6]]}]",
	       "plan", &lines);
	open = (u64)json_integer_value(json_object_get(find(&lines, "#window", "", 0), "ts"));
	shut = (u64)json_integer_value(json_object_get(find(&lines, "#window", "", 1), "ts"));
	assert_true(json_is_true(json_object_get(find(&lines, "#window", "", 0), "open")));
	assert_true(json_is_false(json_object_get(find(&lines, "#window", "", 1), "open")));
	assert_in_range(shut - open, 3000000, 3200000);
	assert_string_equal(story(&lines, "B", QUIET, text, sizeof(text)),
			    "runnable enqueue .insert dequeue running" END);
	forget(&lines);
}

static void a_walk_returns_and_moves_tasks(void **state)
{
	(void)state;
	record("\"plan\":{\"dsqs\":[2]},\"slice_us\":1000000,"
	       "\"tasks\":[{\"name\":\"A\",\"cpus\":[1],\"steps\":[[\"run\",60000]]},"
	       "{\"name\":\"B\",\"cpus\":[1],\"start_us\":10000,\"steps\":[[\"run\",2000]]},"
	       "{\"name\":\"C\",\"cpus\":[1],\"start_us\":11000,\"steps\":[[\"run\",2000]]},"
	       "{\"name\":\"ctl\",\"cpus\":[0],\"policy\":\"other\",\"steps\":[[\"until\",30000],"
	       "[\"bpf\",{\"op\":\"iter\",\"dsq\":1,\"rev\":true,\"to\":\"LOCAL_ON|1\",\"task\":\"B\"}],"
	       "[\"bpf\",{\"op\":\"create\",\"dsq\":2}],[\"bpf\",{\"op\":\"peek\",\"dsq\":1}]]}]", "plan", &lines);
	assert_string_equal(text_of(find(&lines, ".iter", "", 0), "task"), "C");
	assert_string_equal(text_of(find(&lines, ".iter", "", 1), "task"), "B");
	assert_string_equal(text_of(find(&lines, ".move", "", 0), "task"), "B");
	assert_string_equal(text_of(find(&lines, ".move", "", 0), "to"), "LOCAL_ON|1");
	assert_true(json_is_true(json_object_get(find(&lines, ".move", "", 0), "ok")));
	assert_int_equal(json_integer_value(json_object_get(find(&lines, ".create", "", 0), "ret")), -17);
	assert_string_equal(text_of(find(&lines, ".peek", "", 0), "task"), "C");
	forget(&lines);
}

static void spinning_in_a_program_forbids_migration(void **state)
{
	(void)state;
	record("\"tasks\":[{\"name\":\"S\",\"cpus\":[1,2],\"steps\":[[\"bpf_spin\",30000],[\"run\",100]]},"
	       "{\"name\":\"A\",\"cpus\":[1],\"start_us\":1000,\"steps\":[[\"run\",40000]]},"
	       "{\"name\":\"D\",\"cpus\":[2],\"start_us\":1000,\"steps\":[[\"run\",40000]]}]", "fifo", &lines);
	assert_true(json_integer_value(json_object_get(find(&lines, "set_cpumask", "S", 0), "mask")) != 6);
	assert_int_equal(json_integer_value(json_object_get(find(&lines, "set_cpumask", "S", 1), "mask")), 6);
	forget(&lines);
}

/* The caller never waits on the CPU that it may no longer use. */
static void aff_13_who_moves_itself_is_preempted_by_the_stopper(void **state)
{
	(void)state;
	record("\"tasks\":[{\"name\":\"A\",\"cpus\":[1],\"steps\":[[\"run\",1000],[\"affinity\",\"self\",[2]],"
	       "[\"run\",1000]]}]", "fifo", &lines);
	assert_string_equal(story(&lines, "A", QUIET, text, sizeof(text)),
			    "runnable enqueue .insert dequeue running stopping quiescent set_cpumask runnable "
			    "running stopping enqueue .insert dequeue running" END);
	assert_true(json_is_true(json_object_get(find(&lines, "stopping", "A", 1), "runnable")));
	assert_string_equal(text_of(find(&lines, "enqueue", "A", 1), "enq_flags"), "MIGRATED");
	forget(&lines);
}

static void a_scheduler_can_be_ended_and_loaded_by_steps(void **state)
{
	(void)state;
	record("\"tasks\":[{\"name\":\"A\",\"cpus\":[1],\"steps\":[[\"run\",30000]]},"
	       "{\"name\":\"ctl\",\"cpus\":[0],\"policy\":\"other\",\"steps\":[[\"until\",10000],[\"detach\"],[\"attach\"]]}]",
	       "fifo", &lines);
	assert_int_equal(json_integer_value(json_object_get(find(&lines, "exit", "", 0), "kind")),
			 SCX_EXIT_UNREG);
	assert_true(json_is_false(json_object_get(find(&lines, "init_task", "A", 0), "fork")));
	story(&lines, "A", QUIET, text, sizeof(text));
	assert_non_null(strstr(text, "disable exit_task init_task enable set_weight set_cpumask runnable"));
	forget(&lines);
}

static void it_is_found_by_name_and_listed_nowhere(void **state)
{
	const char *name = "";
	u64 flags = 0;
	u32 n;

	(void)state;
	for (n = 0; scxtwin_policy_nth(n); n++)
		;
	assert_true(n > 0 && n < 20);
	for (n = 0; strcmp(name, "plan_migdis"); n++) {
		name = recorder_policy_nth(n, &flags);
		assert_non_null(name);
	}
	assert_int_equal(flags, SCX_OPS_KEEP_BUILTIN_IDLE | SCX_OPS_SWITCH_PARTIAL |
				SCX_OPS_ENQ_MIGRATION_DISABLED);
	assert_null(recorder_policy_nth(32, &flags));
}

/* A loop of the recorder has an end even if nobody sets the gate. */
static void awaiting_a_gate_is_given_up(void **state)
{
	(void)state;
	record("\"tasks\":[{\"name\":\"ctl\",\"cpus\":[0],\"policy\":\"other\",\"steps\":[[\"await\",5]]}]", "fifo",
	       &lines);
	assert_string_equal(story(&lines, "ctl", QUIET, text, sizeof(text)), "exit_task");
	assert_true(json_integer_value(json_object_get(find(&lines, "exit_task", "ctl", 0), "ts")) > 1000000000);
	forget(&lines);
}

static void operations_out_of_place_do_nothing(void **state)
{
	(void)state;
	record("\"plan\":{\"dispatch\":[{\"cpu\":1,\"ops\":[{\"op\":\"create\",\"dsq\":7},{\"op\":\"move_to_local\"}]}]},"
	       "\"tasks\":[{\"name\":\"A\",\"cpus\":[1],\"steps\":[[\"run\",2000]]},"
	       "{\"name\":\"ctl\",\"cpus\":[0],\"policy\":\"other\",\"steps\":["
	       "[\"bpf\",{\"op\":\"insert\",\"task\":\"A\",\"to\":\"LOCAL\"}],[\"bpf\",{\"op\":\"slots\"}],"
	       "[\"bpf\",{\"op\":\"nr_queued\",\"dsq\":7}]]}]",
	       "plan", &lines);
	assert_int_equal(json_integer_value(json_object_get(find(&lines, ".nr_queued", "", 0), "count")), -ENOENT);
	assert_string_equal(story(&lines, "A", QUIET, text, sizeof(text)),
			    "runnable enqueue .insert dequeue running" END);
	forget(&lines);
}

/* Without a scheduler the core answers, and says so. */
static void operations_before_the_scheduler_are_answered(void **state)
{
	(void)state;
	record("\"attach_later\":true,\"plan\":{\"dsqs\":[2]},"
	       "\"tasks\":[{\"name\":\"ctl\",\"cpus\":[0],\"policy\":\"other\",\"steps\":["
	       "[\"bpf\",{\"op\":\"nr_queued\",\"dsq\":1}],[\"bpf\",{\"op\":\"create\",\"dsq\":3}],[\"attach\"],"
	       "[\"bpf\",{\"op\":\"nr_queued\",\"dsq\":1}],[\"bpf\",{\"op\":\"nr_queued\",\"dsq\":2}]]}]",
	       "plan", &lines);
	assert_int_equal(json_integer_value(json_object_get(find(&lines, ".nr_queued", "", 0), "count")), -ENODEV);
	assert_int_equal(json_integer_value(json_object_get(find(&lines, ".create", "", 0), "ret")), -ENODEV);
	assert_int_equal(json_integer_value(json_object_get(find(&lines, ".nr_queued", "", 1), "count")), 0);
	/* The plan's queues were to be made when there was no scheduler yet. */
	assert_int_equal(json_integer_value(json_object_get(find(&lines, ".nr_queued", "", 2), "count")), -ENOENT);
	forget(&lines);
}

/* Children may have the name of others; each does its own steps. */
static void two_children_may_have_one_name(void **state)
{
	(void)state;
	record("\"tasks\":[{\"name\":\"A\",\"cpus\":[1],\"steps\":["
	       "[\"fork\",\"C\",[[\"run\",1000]]],[\"waitpid\"],[\"fork\",\"C\",[[\"yield\"]]],[\"waitpid\"]]}]",
	       "fifo_yield_op", &lines);
	story(&lines, "C", QUIET, text, sizeof(text));
	assert_non_null(strstr(text, "exit_task"));
	assert_non_null(strstr(strstr(text, "exit_task"), "yield"));
	forget(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_policy_decides_in_its_own_way),
		cmocka_unit_test(awaiting_a_gate_is_given_up),
		cmocka_unit_test(operations_out_of_place_do_nothing),
		cmocka_unit_test(operations_before_the_scheduler_are_answered),
		cmocka_unit_test(two_children_may_have_one_name),
		cmocka_unit_test(nothing_is_recorded_before_the_scenario),
		cmocka_unit_test(a_plan_replaces_dispatch_and_verdicts),
		cmocka_unit_test(a_window_is_held_until_the_gate),
		cmocka_unit_test(a_walk_returns_and_moves_tasks),
		cmocka_unit_test(spinning_in_a_program_forbids_migration),
		cmocka_unit_test(aff_13_who_moves_itself_is_preempted_by_the_stopper),
		cmocka_unit_test(a_scheduler_can_be_ended_and_loaded_by_steps),
		cmocka_unit_test(it_is_found_by_name_and_listed_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
