/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <scxtwin/ops.h>
#include <scxtwin/task.h>

#include "workload/scenario.h"

#define US 1000ULL

struct faults {
	u32 nr;
	char text[1200];
};

static void keep_fault(const struct scxtwin_error *err, void *data)
{
	struct faults *f = data;

	if (!f->nr++)
		scxtwin_error_format(err, f->text, sizeof(f->text));
}

static struct program *read_text(const char *text, struct faults *faults)
{
	u32 nr_errors = 0;
	struct program *prog;

	memset(faults, 0, sizeof(*faults));
	prog = scenario_read("s.json", text, strlen(text), keep_fault, faults, &nr_errors);
	assert_int_equal(nr_errors, faults->nr);
	assert_true(!prog == !!faults->nr);
	return prog;
}

/* rest: the members behind name and area */
static struct program *read_members(const char *rest)
{
	struct faults faults;
	struct program *prog;
	char text[4000];

	snprintf(text, sizeof(text), "{\"name\":\"n\",\"area\":\"a\",%s}", rest);
	prog = read_text(text, &faults);
	if (!prog)
		fail_msg("%s", faults.text);
	return prog;
}

static struct program *read_steps_of(const char *steps)
{
	char text[3000];

	snprintf(text, sizeof(text),
		 "\"tasks\":[{\"name\":\"A\",\"cpus\":[1],\"steps\":[%s]},"
		 "{\"name\":\"B\",\"start_us\":300,\"steps\":[]}]", steps);
	return read_members(text);
}

/* The n-th step of the first task's own, behind the two that place it. */
static const struct step *own_step(const struct program *prog, u32 n)
{
	const struct program_task *t = &prog->tasks.data[0];

	assert_true(n + 2 < t->nr_steps);
	return &prog->steps.data[t->first_step + 2 + n];
}

static void refused(const char *rest, const char *why)
{
	struct faults faults;
	char text[2000];

	snprintf(text, sizeof(text), "{\"name\":\"n\",\"area\":\"a\",%s}", rest);
	assert_null(read_text(text, &faults));
	if (!strstr(faults.text, why))
		fail_msg("\"%s\" does not say \"%s\"", faults.text, why);
}

static void tells_scenarios_from_other_files(void **state)
{
	(void)state;
	assert_true(scenario_is("{\"name\":\"x\",\"area\":\"y\",\"tasks\":[]}"));
	assert_true(scenario_is("{\"kernel\":\"7.3\",\"scenario\":{\"tasks\":[]}}\n{\"seq\":0}\n"));
	assert_false(scenario_is("{\"format\":\"scxtwin-workload\",\"area\":1,\"tasks\":[]}"));
	assert_false(scenario_is("{\"tasks\":[]}"));
	assert_false(scenario_is("{\"scenario\":"));
	assert_false(scenario_is(""));
}

static void tasks_sleep_until_their_start(void **state)
{
	struct program *prog = read_steps_of("[\"run\",5]");
	const struct program_task *a = &prog->tasks.data[0], *b = &prog->tasks.data[1];
	const struct step *s = &prog->steps.data[a->first_step];

	(void)state;
	assert_int_equal(s[0].kind, STEP_AFFINITY);
	assert_int_equal(s[1].kind, STEP_UNTIL);
	assert_int_equal(s[1].time.a, SCENARIO_START_NS);
	s = &prog->steps.data[b->first_step]; /* no CPUs given, none set */
	assert_int_equal(b->nr_steps, 1);
	assert_int_equal(s[0].kind, STEP_UNTIL);
	assert_int_equal(s[0].time.a, SCENARIO_START_NS + 300 * US);
	assert_int_equal(a->attr.policy, SCHED_EXT);
	program_free(prog);
}

static void steps_have_microseconds_and_names(void **state)
{
	struct program *prog = read_steps_of(
		"[\"run\",5],[\"sleep\",6],[\"until\",7],[\"nice\",\"self\",3],[\"policy\",\"B\",\"fifo\"],"
		"[\"policy\",\"B\",\"fifo:7\"],[\"kick\",2,3],[\"reenq\",\"user\"],[\"reenq\",1,1],"
		"[\"hotplug\",3,1],[\"gate\",4],[\"await\",5],[\"bpf_spin\",8]");

	(void)state;
	assert_int_equal(own_step(prog, 0)->time.a, 5 * US);
	assert_int_equal(own_step(prog, 1)->time.a, 6 * US);
	assert_int_equal(own_step(prog, 2)->time.a, SCENARIO_START_NS + 7 * US);
	assert_int_equal(own_step(prog, 3)->ref.kind, REF_SELF);
	assert_int_equal(own_step(prog, 3)->attr.nice, 3);
	assert_int_equal(own_step(prog, 4)->attr.policy, SCHED_FIFO);
	assert_int_equal(own_step(prog, 4)->attr.rt_priority, 50);
	assert_int_equal(own_step(prog, 5)->attr.rt_priority, 7);
	assert_int_equal(own_step(prog, 6)->cpu, 2);
	assert_int_equal(own_step(prog, 6)->count, SCX_KICK_IDLE | SCX_KICK_PREEMPT);
	assert_int_equal(own_step(prog, 7)->cpu, -1);
	assert_int_equal(own_step(prog, 7)->dsq, 1);
	assert_int_equal(own_step(prog, 8)->cpu, 1);
	assert_int_equal(own_step(prog, 8)->count, SCX_REENQ_ANY);
	assert_true(own_step(prog, 9)->online);
	assert_int_equal(own_step(prog, 10)->kind, STEP_GATE);
	assert_int_equal(own_step(prog, 11)->kind, STEP_AWAIT);
	assert_int_equal(own_step(prog, 11)->count, 5);
	assert_int_equal(own_step(prog, 12)->time.a, 8 * US);
	program_free(prog);
}

static void only_steps_that_act_on_others_are_told_of(void **state)
{
	struct program *prog = read_steps_of("[\"run\",5],[\"kick\",2,0],[\"await\",1],[\"yield\"]");

	(void)state;
	assert_int_equal(own_step(prog, 0)->text, 0);
	assert_string_equal(prog->scenario->texts.data[own_step(prog, 1)->text - 1], "[\"kick\",2,0]");
	assert_int_equal(own_step(prog, 2)->text, 0);
	assert_string_equal(prog->scenario->texts.data[own_step(prog, 3)->text - 1], "[\"yield\"]");
	program_free(prog);
}

static void loops_and_children_nest(void **state)
{
	struct program *prog = read_steps_of(
		"[\"loop\",2,[[\"fork\",\"K\",[[\"thread\",\"L\",[[\"run\",1]]]]],[\"waitpid\"]]]");
	const struct step *loop = own_step(prog, 0);

	(void)state;
	assert_int_equal(loop->kind, STEP_LOOP);
	assert_int_equal(loop->count, 2);
	assert_int_equal(prog->steps.data[loop->jump].kind, STEP_END_LOOP);
	assert_ptr_equal(&prog->steps.data[prog->steps.data[loop->jump].jump], loop);
	assert_int_equal(prog->tasks.nr, 4);
	assert_string_equal(prog->tasks.data[2].name, "K");
	assert_true(prog->tasks.data[2].forked && !prog->tasks.data[2].thread);
	assert_true(prog->tasks.data[3].forked && prog->tasks.data[3].thread);
	assert_int_equal(prog->tasks.data[2].nr_steps, 1); /* born awake */
	assert_int_equal(prog->tasks.data[0].depth, 1);
	program_free(prog);
}

static void plans_are_read(void **state)
{
	struct program *prog = read_members(
		"\"slice_us\":10,\"timeout_ms\":1000,\"max_batch\":2,\"no_hotplug_ops\":true,\"attach_later\":true,"
		"\"plan\":{\"dsqs\":[2,3],\"reenq_on_release\":true,\"tasks\":{"
		"\"A\":{\"select\":{\"do\":\"none\",\"cpu\":1},\"enqueue\":{\"to\":\"LOCAL_ON|2\",\"flags\":\"HEAD|IMMED\","
		"\"times\":1,\"gate\":4},\"reenq\":{\"do\":\"hold\"}},\"B\":{\"enqueue\":{\"vtime\":7,\"window\":5}}},"
		"\"dispatch\":[{\"cpu\":1,\"gate\":1,\"ops\":[{\"op\":\"iter\",\"dsq\":2,\"rev\":true,\"to\":\"GLOBAL\","
		"\"task\":\"B\",\"by_vtime\":true,\"max\":1,\"slice_us\":5},{\"op\":\"kick\",\"cpu\":3,\"flags\":\"IDLE\"}]}]},"
		"\"tasks\":[{\"name\":\"A\",\"steps\":[]},{\"name\":\"B\",\"steps\":[]}]");
	const struct scenario *sc = prog->scenario;
	const struct task_plan *a = &sc->plan.tasks[0], *b = &sc->plan.tasks[1];
	const struct dispatch_plan *d = &sc->plan.dispatches[0];

	(void)state;
	assert_int_equal(sc->slice_ns, 10 * US);
	assert_int_equal(sc->timeout_ms, 1000);
	assert_int_equal(sc->max_batch, 2);
	assert_true(sc->no_hotplug_ops && sc->attach_later && prog->own_attach);
	assert_int_equal(sc->plan.nr_dsqs, 2);
	assert_true(sc->plan.reenq_on_release);
	assert_int_equal(sc->plan.nr_tasks, 2);
	assert_int_equal(a->select.kind, VERDICT_NOTHING);
	assert_int_equal(a->select.cpu, 1);
	assert_int_equal(a->enqueue.kind, VERDICT_INSERT);
	assert_true(a->enqueue.to == (SCX_DSQ_LOCAL_ON | 2));
	assert_true(a->enqueue.flags == (SCX_ENQ_HEAD | SCX_ENQ_IMMED));
	assert_int_equal(a->enqueue.left, 1);
	assert_int_equal(a->enqueue.gate, 4);
	assert_int_equal(a->reenq.kind, VERDICT_HOLD);
	assert_int_equal(b->enqueue.kind, VERDICT_INSERT_VTIME);
	assert_int_equal(b->enqueue.to, 1);
	assert_int_equal(b->enqueue.left, -1);
	assert_int_equal(b->enqueue.window, 5);
	assert_int_equal(b->reenq.kind, VERDICT_DEFAULT);
	assert_int_equal(d->left, 1);
	assert_int_equal(d->nr, 2);
	assert_int_equal(d->ops[0].kind, PLAN_ITER);
	assert_true(d->ops[0].to == SCX_DSQ_GLOBAL && d->ops[0].rev && d->ops[0].by_vtime);
	assert_int_equal(d->ops[0].slice, 5 * US);
	assert_true(d->ops[0].vtime == PLAN_UNSET);
	assert_int_equal(d->ops[1].flags, SCX_KICK_IDLE);
	program_free(prog);
}

static void the_head_of_a_recording_says_what_machine_it_was(void **state)
{
	struct faults faults;
	struct program *prog = read_text("{\"kernel\":\"k\",\"cpus\":2,\"hz\":1000,\"policy\":\"fifo\",\"scenario\":"
					 "{\"name\":\"n\",\"area\":\"a\",\"tasks\":[{\"name\":\"A\",\"steps\":[]}]}}",
					 &faults);

	(void)state;
	assert_non_null(prog);
	assert_int_equal(prog->machine.cpus, 2);
	assert_int_equal(prog->machine.hz, 1000);
	program_free(prog);
}

static void delay_slowness_and_place_change_the_program(void **state)
{
	struct program *prog = read_steps_of("[\"run\",5],[\"until\",7]");
	const struct program_task *a = &prog->tasks.data[0];

	(void)state;
	scenario_delay(prog, 11);
	scenario_slow_down(prog, 13);
	assert_int_equal(scenario_place(prog, "A", 3), 0);
	assert_int_equal(scenario_place(prog, "nobody", 3), 0);
	assert_int_equal(own_step(prog, 0)->time.a, 5 * US + 13);
	assert_int_equal(own_step(prog, 1)->time.a, SCENARIO_START_NS + 7 * US + 11);
	assert_int_equal(a->cpus.nr, 1);
	assert_int_equal(prog->cpu_ranges.data[a->cpus.first].first, 3);
	/* Its own CPUs come back before the scenario starts. */
	assert_int_equal(prog->cpu_ranges.data[prog->steps.data[a->first_step].cpus.first].first, 1);
	program_free(prog);
}

static void faults_are_named(void **state)
{
	(void)state;
	refused("\"tasks\":[{\"name\":\"A\",\"steps\":[[\"jump\"]]}]", "there is no step \"jump\"");
	refused("\"tasks\":[{\"name\":\"A\",\"steps\":[[\"run\"]]}]", "\"run\" has 0 arguments");
	refused("\"tasks\":[{\"name\":\"A\",\"steps\":[[\"wake\",\"B\"]]}]", "there is no task \"B\"");
	refused("\"tasks\":[{\"name\":\"A\",\"steps\":[]},{\"name\":\"A\",\"steps\":[]}]",
		"another task of this name");
	refused("\"tasks\":[{\"name\":\"A\",\"policy\":\"batch\",\"steps\":[]}]", "\"batch\" is none of");
	refused("\"tasks\":[{\"name\":\"far_too_long_name\",\"steps\":[]}]", "at most 15 bytes");
	refused("\"tasks\":[{\"name\":\"A\",\"steps\":[[\"bpf\",{\"op\":\"jump\"}]]}]", "jump");
	refused("\"plan\":{\"dispatch\":[{\"cpu\":1,\"ops\":[{\"op\":\"insert\",\"to\":\"HERE\"}]}]},\"tasks\":[]",
		"\"HERE\" is no dispatch queue");
	refused("\"plan\":{\"tasks\":{\"A\":{\"enqueue\":{\"to\":1,\"flags\":\"SOON\"}}}},\"tasks\":[]",
		"there is no flag \"SOON\"");
	refused("\"hurry\":1,\"tasks\":[]", "hurry");
	refused("\"tasks\":[{\"name\":\"A\",\"cpus\":[7],\"steps\":[]}]", "none of these CPUs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_scenarios_from_other_files),
		cmocka_unit_test(tasks_sleep_until_their_start),
		cmocka_unit_test(steps_have_microseconds_and_names),
		cmocka_unit_test(only_steps_that_act_on_others_are_told_of),
		cmocka_unit_test(loops_and_children_nest),
		cmocka_unit_test(plans_are_read),
		cmocka_unit_test(the_head_of_a_recording_says_what_machine_it_was),
		cmocka_unit_test(delay_slowness_and_place_change_the_program),
		cmocka_unit_test(faults_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
