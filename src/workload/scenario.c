/* SPDX-License-Identifier: GPL-2.0-only */
#include "workload/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>
#include <scxtwin/task.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/str.h"
#include "policy/recorder.h"

#define MAX_CPUS	4096
#define MAX_STEPS	100000U
#define MAX_TASKS	160U
#define MAX_US		(PROGRAM_MAX_NS / 1000)
#define LIMIT_NS	12000000000ULL
#define DEFAULT_RT_PRIO	50
#define KTHREAD_RUN_NS	10000ULL

struct reader {
	struct program *prog;
	struct scenario *sc;
	struct json_doc doc;
	VEC(struct json_at) steps;	/* of each task; not read yet */
	u32 depth;			/* of the loop that is being read */
};

void scenario_free(struct scenario *sc)
{
	char **text;

	if (!sc)
		return;
	vec_for_each(text, &sc->texts)
		free(*text);
	vec_free(&sc->texts);
	vec_free(&sc->ops);
	free(sc->json);
	free(sc->area);
	free(sc);
}

void scenario_brief_policy(const struct scenario *sc)
{
	const struct recorder_scenario brief = {
		.slice_ns = sc->slice_ns, .timeout_ms = sc->timeout_ms, .max_batch = sc->max_batch,
		.no_hotplug_ops = sc->no_hotplug_ops, .attach_later = sc->attach_later,
		.watch_from_ns = SCENARIO_START_NS + sc->delay_ns - SCENARIO_LEAD_NS, .plan = &sc->plan,
	};

	recorder_take_scenario(&brief);
}

bool scenario_is(const char *text)
{
	json_t *root;
	bool is;

	if (!strstr(text, "\"scenario\"") && !strstr(text, "\"area\""))
		return false;
	root = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
	is = json_is_object(json_object_get(root, "scenario")) ||
	     (!json_object_get(root, "format") && json_object_get(root, "area") &&
	      json_object_get(root, "tasks"));

	json_decref(root);
	return is;
}

static bool is_string(struct json_at at)
{
	return at.state == JSON_AT_VALUE && json_is_string(at.value);
}

/* Microseconds in the file. */
static int get_us(struct json_at at, u64 *ns, struct scxtwin_error *err)
{
	u64 us = 0;
	int ret;

	if (!json_is_there(at))
		return json_get_u64(at, 0, MAX_US, &us, err);
	ret = json_get_u64(at, 0, MAX_US, &us, err);
	*ns = us * 1000;
	return ret;
}

static int get_name(struct json_at at, char name[TASK_COMM_LEN], struct scxtwin_error *err)
{
	const char *text = "";
	int ret = json_get_string(at, &text, err);

	if (!ret && strlen(text) >= TASK_COMM_LEN)
		return json_fail(at, err, "a task's name has at most %d bytes", TASK_COMM_LEN - 1);
	strlcpy(name, text, TASK_COMM_LEN);
	return ret;
}

/* ---- plans */

/* A number, "LOCAL", "GLOBAL", "LOCAL_ON|2" */
static int get_dsq(struct json_at at, u64 *dsq, struct scxtwin_error *err)
{
	const char *text = "";
	u64 cpu;
	int ret;

	if (!is_string(at))
		return json_get_u64(at, 0, INT64_MAX, dsq, err);
	ret = json_get_string(at, &text, err);
	if (!strcmp(text, "LOCAL"))
		*dsq = SCX_DSQ_LOCAL;
	else if (!strcmp(text, "GLOBAL"))
		*dsq = SCX_DSQ_GLOBAL;
	else if (!strncmp(text, "LOCAL_ON|", 9) && !str_parse_u64(text + 9, 0, MAX_CPUS - 1, &cpu))
		*dsq = SCX_DSQ_LOCAL_ON | cpu;
	else
		ret = json_fail(at, err, "\"%s\" is no dispatch queue", text);
	return ret;
}

/* A number, or names such as "HEAD|IMMED" */
static int get_flags(struct json_at at, const struct flag_name *known, u64 *flags,
		     struct scxtwin_error *err)
{
	const char *text = NULL;
	int ret;

	if (!is_string(at))
		return json_get_u64(at, 0, INT64_MAX, flags, err);
	ret = json_get_string(at, &text, err);
	while (!ret && *text) {
		const size_t len = strcspn(text, "|");
		const struct flag_name *f = known;

		while (f->name && (strlen(f->name) != len || strncmp(f->name, text, len)))
			f++;
		if (!f->name)
			return json_fail(at, err, "there is no flag \"%.*s\"", (int)len, text);
		*flags |= f->value;
		text += len + (text[len] == '|');
	}
	return ret;
}

static int get_op(struct json_at at, struct plan_op *op, struct scxtwin_error *err)
{
	static const char *const kinds[] = {
#define X(name, kind) name,
		PLAN_OP_KINDS(X)
#undef X
		NULL,
	};
	u32 kind = 0;
	int ret;

	*op = (struct plan_op){ .dsq = 1, .to = PLAN_UNSET, .slice = PLAN_UNSET, .vtime = PLAN_UNSET };
	ret = json_only(at, err, "op", "task", "dsq", "to", "flags", "slice_us", "vtime", "rev",
			"by_vtime", "max", "cpu", "window") ?:
	      json_get_enum(json_need(at, "op"), kinds, &kind, err) ?:
	      get_name(json_may(at, "task"), op->task, err) ?:
	      get_dsq(json_may(at, "dsq"), &op->dsq, err) ?:
	      get_dsq(json_may(at, "to"), &op->to, err) ?:
	      get_flags(json_may(at, "flags"), kind == PLAN_KICK ? recorder_kick_flags : recorder_enq_flags,
			&op->flags, err) ?:
	      get_us(json_may(at, "slice_us"), &op->slice, err) ?:
	      json_get_u64(json_may(at, "vtime"), 0, INT64_MAX, &op->vtime, err) ?:
	      json_get_bool(json_may(at, "rev"), &op->rev, err) ?:
	      json_get_bool(json_may(at, "by_vtime"), &op->by_vtime, err) ?:
	      json_get_u32(json_may(at, "max"), 0, UINT32_MAX, &op->max, err) ?:
	      json_get_int(json_may(at, "cpu"), 0, MAX_CPUS - 1, &op->cpu, err) ?:
	      json_get_u32(json_may(at, "window"), 0, INT32_MAX, &op->window, err);
	op->kind = kind;
	return ret;
}

static int get_verdict(struct json_at at, struct verdict *v, struct scxtwin_error *err)
{
	static const char *const does[] = { "push", "hold", "none", NULL };
	static const enum verdict_kind kinds[] = { VERDICT_PUSH, VERDICT_HOLD, VERDICT_NOTHING };
	u32 what = 0;
	int ret;

	*v = (struct verdict){ .left = -1, .cpu = -1, .to = 1, .slice = PLAN_UNSET };
	if (!json_is_there(at))
		return 0;
	ret = json_only(at, err, "do", "to", "flags", "slice_us", "vtime", "gate", "times", "window",
			"cpu") ?:
	      json_get_enum(json_may(at, "do"), does, &what, err) ?:
	      json_get_u32(json_may(at, "gate"), 0, INT32_MAX, &v->gate, err) ?:
	      json_get_int(json_may(at, "times"), -1, INT32_MAX, &v->left, err) ?:
	      json_get_u32(json_may(at, "window"), 0, INT32_MAX, &v->window, err) ?:
	      json_get_int(json_may(at, "cpu"), 0, MAX_CPUS - 1, &v->cpu, err) ?:
	      get_dsq(json_may(at, "to"), &v->to, err) ?:
	      get_flags(json_may(at, "flags"), recorder_enq_flags, &v->flags, err) ?:
	      get_us(json_may(at, "slice_us"), &v->slice, err) ?:
	      json_get_u64(json_may(at, "vtime"), 0, INT64_MAX, &v->vtime, err);
	if (json_is_there(json_may(at, "do")))
		v->kind = kinds[what];
	else if (json_is_there(json_may(at, "vtime")))
		v->kind = VERDICT_INSERT_VTIME;
	else
		v->kind = json_is_there(json_may(at, "to")) ? VERDICT_INSERT : VERDICT_NOTHING;
	return ret;
}

static int get_task_plan(struct json_at at, const char *name, struct task_plan *tp,
			 struct scxtwin_error *err)
{
	if (strlen(name) >= TASK_COMM_LEN)
		return json_fail(at, err, "a task's name has at most %d bytes", TASK_COMM_LEN - 1);
	strlcpy(tp->name, name, sizeof(tp->name));
	return json_only(at, err, "select", "enqueue", "reenq") ?:
	       get_verdict(json_may(at, "select"), &tp->select, err) ?:
	       get_verdict(json_may(at, "enqueue"), &tp->enqueue, err) ?:
	       get_verdict(json_may(at, "reenq"), &tp->reenq, err);
}

static int get_dispatch_plan(struct json_at at, struct dispatch_plan *d, struct scxtwin_error *err)
{
	u32 i;
	int ret;

	d->left = 1;
	ret = json_only(at, err, "cpu", "gate", "times", "ops") ?:
	      json_get_int(json_may(at, "cpu"), 0, MAX_CPUS - 1, &d->cpu, err) ?:
	      json_get_u32(json_may(at, "gate"), 0, INT32_MAX, &d->gate, err) ?:
	      json_get_int(json_may(at, "times"), -1, INT32_MAX, &d->left, err) ?:
	      json_get_array(json_need(at, "ops"), 0, PLAN_OPS, &d->nr, err);
	for (i = 0; !ret && i < d->nr; i++)
		ret = get_op(json_element(json_need(at, "ops"), i), &d->ops[i], err);
	return ret;
}

static int get_plan(struct json_at at, struct plan *plan, struct scxtwin_error *err)
{
	const struct json_at tasks = json_may(at, "tasks"), dsqs = json_may(at, "dsqs"),
			     dispatch = json_may(at, "dispatch");
	struct json_member_iter it;
	u32 i;
	int ret;

	if (!json_is_there(at))
		return 0;
	ret = json_only(at, err, "dsqs", "tasks", "dispatch", "reenq_on_release") ?:
	      json_get_bool(json_may(at, "reenq_on_release"), &plan->reenq_on_release, err) ?:
	      json_get_array(dsqs, 0, PLAN_DSQS, &plan->nr_dsqs, err) ?:
	      json_get_array(dispatch, 0, PLAN_DISPATCHES, &plan->nr_dispatches, err);
	for (i = 0; !ret && i < plan->nr_dsqs; i++)
		ret = json_get_u64(json_element(dsqs, i), 0, INT64_MAX, &plan->dsqs[i], err);
	for (i = 0; !ret && i < plan->nr_dispatches; i++)
		ret = get_dispatch_plan(json_element(dispatch, i), &plan->dispatches[i], err);
	if (ret || !json_is_there(tasks))
		return ret;
	for (it = json_members(tasks); !ret && json_next_member(&it);) {
		if (plan->nr_tasks == PLAN_TASKS)
			return json_fail(tasks, err, "a plan speaks of at most %d tasks", PLAN_TASKS);
		ret = get_task_plan(it.at, it.key, &plan->tasks[plan->nr_tasks++], err);
	}
	return ret;
}

/* ---- steps */

static int get_cpus(struct reader *rd, struct json_at at, struct cpu_list *list,
		    struct scxtwin_error *err)
{
	struct cpu_range range;
	u32 nr = 0, i;
	int ret;

	if (!json_is_there(at))
		return 0;
	ret = json_get_array(at, 1, MAX_CPUS, &nr, err);
	list->first = (u32)rd->prog->cpu_ranges.nr;
	for (i = 0; !ret && i < nr; i++) {
		ret = json_get_u32(json_element(at, i), 0, MAX_CPUS - 1, &range.first, err);
		range.last = range.first;
		if (!ret && vec_push(&rd->prog->cpu_ranges, range))
			ret = error_no_memory(err);
	}
	list->nr = ret ? 0 : nr;
	return ret;
}

static int get_policy(struct json_at at, struct task_attr *attr, struct scxtwin_error *err)
{
	const char *text = "ext";
	u64 prio = DEFAULT_RT_PRIO;
	int ret = json_get_string(at, &text, err);

	if (ret)
		return ret;
	attr->rt_priority = 0;
	if (!strcmp(text, "ext")) {
		attr->policy = SCHED_EXT;
	} else if (!strcmp(text, "other")) {
		attr->policy = SCHED_NORMAL;
	} else if (!strcmp(text, "fifo") ||
		   (!strncmp(text, "fifo:", 5) && !str_parse_u64(text + 5, 1, 99, &prio))) {
		attr->policy = SCHED_FIFO;
		attr->rt_priority = (u32)prio;
	} else {
		ret = json_fail(at, err, "\"%s\" is none of \"ext\", \"other\", \"fifo\", \"fifo:N\"", text);
	}
	return ret;
}

static int get_ref(struct reader *rd, struct json_at at, struct task_ref *ref,
		   struct scxtwin_error *err)
{
	const char *text = "";
	int ret = json_get_string(at, &text, err);

	if (!ret && program_ref(rd->prog, text, ref))
		ret = json_fail(at, err, "there is no task \"%s\"", text);
	return ret;
}

/* The task that a step gives birth to, by the steps it takes: several may have one name. */
static int get_child(struct reader *rd, struct json_at name, struct json_at steps, struct task_ref *ref,
		     struct scxtwin_error *err)
{
	u32 i;

	for (i = 0; i < rd->steps.nr; i++) {
		if (rd->steps.data[i].node != steps.node)
			continue;
		*ref = (struct task_ref){ .kind = REF_ALL, .task = i };
		return 0;
	}
	return json_fail(name, err, "a task with a name and steps is to be born here");
}

static int get_bpf(struct reader *rd, struct json_at at, struct step *s, struct scxtwin_error *err)
{
	struct plan_op op;
	int ret = get_op(at, &op, err);

	s->count = rd->sc->ops.nr;
	if (!ret && vec_push(&rd->sc->ops, op))
		ret = error_no_memory(err);
	return ret;
}

/* The step's name, what it is, and how many elements its array has, the name included. */
static const struct {
	const char *name;
	enum step_kind kind;
	u32 least, most;
	bool told;		/* records tell of it */
} kinds[] = {
	{ "run", STEP_RUN, 2, 2, false }, { "sleep", STEP_SLEEP, 2, 2, false },
	{ "until", STEP_UNTIL, 2, 2, false }, { "wake", STEP_WAKE, 2, 2, true },
	{ "wait", STEP_WAIT, 1, 1, false }, { "yield", STEP_YIELD, 1, 1, true },
	{ "affinity", STEP_AFFINITY, 3, 3, true }, { "nice", STEP_NICE, 3, 3, true },
	{ "policy", STEP_POLICY, 3, 3, true }, { "fork", STEP_FORK, 3, 3, true },
	{ "thread", STEP_THREAD, 3, 3, true }, { "waitpid", STEP_WAITPID, 1, 1, true },
	{ "kick", STEP_KICK, 3, 3, true }, { "reenq", STEP_REENQ, 2, 3, true },
	{ "hotplug", STEP_HOTPLUG, 3, 3, true }, { "attach", STEP_ATTACH, 1, 1, true },
	{ "detach", STEP_DETACH, 1, 1, true }, { "bpf", STEP_BPF, 2, 2, true },
	{ "bpf_spin", STEP_BPF_SPIN, 2, 2, true }, { "gate", STEP_GATE, 2, 2, true },
	{ "await", STEP_AWAIT, 2, 2, false }, { "loop", STEP_LOOP, 3, 3, false },
	{ "exit", STEP_EXIT, 1, 1, true },
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int get_reenq(struct json_at at, u32 nr, struct step *s, struct scxtwin_error *err)
{
	int ret;

	if (is_string(json_element(at, 1))) {
		s->cpu = -1;
		s->dsq = 1;
		return 0;
	}
	ret = json_get_int(json_element(at, 1), 0, MAX_CPUS - 1, &s->cpu, err);
	return ret || nr < 3 ? ret : json_get_u64(json_element(at, 2), 0, INT64_MAX, &s->count, err);
}

static int get_arguments(struct reader *rd, struct json_at at, u32 nr, struct step *s,
			 struct scxtwin_error *err)
{
	const struct json_at first = nr > 1 ? json_element(at, 1) : at;
	const struct json_at second = nr > 2 ? json_element(at, 2) : at;
	int online = 0, ret;

	switch (s->kind) {
	case STEP_RUN:
	case STEP_SLEEP:
	case STEP_BPF_SPIN:
		return get_us(first, &s->time.a, err);
	case STEP_UNTIL:
		ret = get_us(first, &s->time.a, err);
		s->time.a += SCENARIO_START_NS;
		return ret;
	case STEP_WAKE:
		return get_ref(rd, first, &s->ref, err);
	case STEP_FORK:
	case STEP_THREAD:
		return get_child(rd, first, second, &s->ref, err);
	case STEP_AFFINITY:
		return get_ref(rd, first, &s->ref, err) ?: get_cpus(rd, second, &s->cpus, err);
	case STEP_NICE:
		return get_ref(rd, first, &s->ref, err) ?:
		       json_get_int(second, -20, 19, &s->attr.nice, err);
	case STEP_POLICY:
		return get_ref(rd, first, &s->ref, err) ?: get_policy(second, &s->attr, err);
	case STEP_KICK:
		return json_get_int(first, 0, MAX_CPUS - 1, &s->cpu, err) ?:
		       json_get_u64(second, 0, INT64_MAX, &s->count, err);
	case STEP_REENQ:
		return get_reenq(at, nr, s, err);
	case STEP_HOTPLUG:
		ret = json_get_int(first, 0, MAX_CPUS - 1, &s->cpu, err) ?:
		      json_get_int(second, 0, 1, &online, err);
		s->online = online;
		return ret;
	case STEP_BPF:
		return get_bpf(rd, first, s, err);
	case STEP_GATE:
	case STEP_AWAIT:
	case STEP_LOOP:
		return json_get_u64(first, 0, INT32_MAX, &s->count, err);
	default:
		return 0;
	}
}

static int add_text(struct reader *rd, struct json_at at, struct step *s, struct scxtwin_error *err)
{
	const bool births = s->kind == STEP_FORK || s->kind == STEP_THREAD;
	/* As the recorder: the steps of a child are not repeated. */
	char *text = births ? strdup("\"\"") : json_dumps(at.value, JSON_COMPACT);

	if (text && !vec_push(&rd->sc->texts, text)) {
		s->text = (u32)rd->sc->texts.nr;
		return 0;
	}
	free(text);
	return error_no_memory(err);
}

static int get_step(struct reader *rd, struct json_at at, struct step *s, struct scxtwin_error *err)
{
	const char *name = "";
	u32 nr = 0, i;
	int ret;

	*s = (struct step){ .line = at.doc->nodes.data[at.node].line,
			    .column = at.doc->nodes.data[at.node].column };
	ret = json_get_array(at, 1, 3, &nr, err) ?: json_get_string(json_element(at, 0), &name, err);
	if (ret)
		return ret;
	for (i = 0; i < NR_KINDS && strcmp(kinds[i].name, name); i++)
		;
	if (i == NR_KINDS)
		return json_fail(at, err, "there is no step \"%s\"", name);
	if (nr < kinds[i].least || nr > kinds[i].most)
		return json_fail(at, err, "\"%s\" has %u arguments", name, nr - 1);
	s->kind = kinds[i].kind;
	ret = get_arguments(rd, at, nr, s, err);
	return ret || !kinds[i].told ? ret : add_text(rd, at, s, err);
}

static int read_steps(struct reader *rd, struct json_at at, u32 *deepest, struct scxtwin_error *err);

static int read_loop(struct reader *rd, struct json_at at, u32 *deepest, struct scxtwin_error *err)
{
	const u32 begin = (u32)rd->prog->steps.nr - 1;
	const struct step end = { .kind = STEP_END_LOOP, .jump = begin };
	int ret;

	if (rd->depth == PROGRAM_MAX_DEPTH)
		return json_fail(at, err, "loops are nested more than %d deep", PROGRAM_MAX_DEPTH);
	rd->depth++;
	*deepest = rd->depth > *deepest ? rd->depth : *deepest;
	ret = read_steps(rd, json_element(at, 2), deepest, err);
	rd->depth--;
	if (ret)
		return ret;
	if (vec_push(&rd->prog->steps, end))
		return error_no_memory(err);
	rd->prog->steps.data[begin].jump = (u32)rd->prog->steps.nr - 1;
	return 0;
}

static int read_steps(struct reader *rd, struct json_at at, u32 *deepest, struct scxtwin_error *err)
{
	struct step s;
	u32 nr = 0, i;
	int ret = json_get_array(at, 0, MAX_STEPS, &nr, err);

	for (i = 0; !ret && i < nr; i++) {
		ret = get_step(rd, json_element(at, i), &s, err);
		if (!ret && vec_push(&rd->prog->steps, s))
			ret = error_no_memory(err);
		if (!ret && s.kind == STEP_LOOP)
			ret = read_loop(rd, json_element(at, i), deepest, err);
	}
	return ret;
}

/* ---- tasks */

/* Who is born later may have the name of another; steps that name it mean the first. */
static int add_task(struct reader *rd, struct json_at name_at, struct json_at steps, bool born_later,
		    struct program_task **task, struct scxtwin_error *err)
{
	struct program *prog = rd->prog;
	struct program_task fresh = { .attr = { .policy = SCHED_EXT } };
	char name[TASK_COMM_LEN];
	int ret = get_name(name_at, name, err);

	if (ret)
		return ret;
	ret = idmap_add_name(&prog->task_ids, name, (void *)(uintptr_t)(prog->tasks.nr + 1));
	if (ret == -EEXIST && !born_later)
		return json_fail(name_at, err, "there is another task of this name");
	if (ret == -EEXIST)
		ret = 0;
	fresh.name = mem_strdup(name);
	fresh.group = program_group(prog, name);
	if (ret || !fresh.name || fresh.group == UINT32_MAX || vec_push(&rd->steps, steps) ||
	    vec_push(&prog->tasks, fresh)) {
		free(fresh.name);
		return error_no_memory(err);
	}
	*task = vec_last(&prog->tasks);
	return 0;
}

/* Tasks that others give birth to, at any depth; what is malformed is reported later. */
static int collect_children(struct reader *rd, struct json_at steps, struct scxtwin_error *err)
{
	struct program_task *child;
	u32 nr = 0, size = 0, i;
	int ret = 0;

	if (json_get_array(steps, 0, MAX_STEPS, &nr, NULL))
		return 0;
	for (i = 0; !ret && i < nr; i++) {
		const struct json_at at = json_element(steps, i);
		const char *name = "";

		if (json_get_array(at, 3, 3, &size, NULL) ||
		    json_get_string(json_element(at, 0), &name, NULL))
			continue;
		if (!strcmp(name, "loop"))
			ret = collect_children(rd, json_element(at, 2), err);
		if (strcmp(name, "fork") && strcmp(name, "thread"))
			continue;
		ret = add_task(rd, json_element(at, 1), json_element(at, 2), true, &child, err);
		if (ret)
			return ret;
		child->forked = child->inherits_attr = child->inherits_cpus = true;
		child->thread = !strcmp(name, "thread");
		ret = collect_children(rd, json_element(at, 2), err);
	}
	return ret;
}

/* Before its own steps, each task gets its CPUs and sleeps until the scenario starts. */
static int read_program(struct reader *rd, u32 n, u64 start_ns, struct scxtwin_error *err)
{
	struct program *prog = rd->prog;
	const struct step sleep = { .kind = STEP_UNTIL, .time.a = SCENARIO_START_NS + start_ns };
	const struct step cpus = { .kind = STEP_AFFINITY, .cpus = prog->tasks.data[n].cpus };
	const u32 first = (u32)prog->steps.nr;
	u32 deepest = 0;
	int ret;

	if (!prog->tasks.data[n].forked &&
	    ((cpus.cpus.nr && vec_push(&prog->steps, cpus)) || vec_push(&prog->steps, sleep)))
		return error_no_memory(err);
	ret = read_steps(rd, rd->steps.data[n], &deepest, err);
	prog->tasks.data[n].first_step = first;
	prog->tasks.data[n].nr_steps = (u32)prog->steps.nr - first;
	prog->tasks.data[n].depth = deepest;
	return ret;
}

static int get_task(struct reader *rd, struct json_at at, struct scxtwin_error *err)
{
	struct program_task *task = NULL;
	int ret;

	ret = json_only(at, err, "name", "cpus", "policy", "nice", "start_us", "steps", "desc") ?:
	      add_task(rd, json_need(at, "name"), json_need(at, "steps"), false, &task, err);
	if (ret)
		return ret;
	task->count = 1;
	return json_get_int(json_may(at, "nice"), -20, 19, &task->attr.nice, err) ?:
	       get_policy(json_may(at, "policy"), &task->attr, err) ?:
	       get_cpus(rd, json_may(at, "cpus"), &task->cpus, err);
}

static int read_tasks(struct reader *rd, struct json_at at, struct scxtwin_error *err)
{
	u32 nr = 0, i;
	int ret = json_get_array(at, 1, MAX_TASKS, &nr, err);

	for (i = 0; !ret && i < nr; i++)
		ret = get_task(rd, json_element(at, i), err);
	for (i = 0; !ret && i < nr; i++)
		ret = collect_children(rd, rd->steps.data[i], err);
	for (i = 0; !ret && i < rd->prog->tasks.nr; i++) {
		u64 start_ns = 0;

		if (i < nr)
			ret = get_us(json_may(json_element(at, i), "start_us"), &start_ns, err);
		ret = ret ?: read_program(rd, i, start_ns, err);
	}
	return ret;
}

static int read_scenario(struct reader *rd, struct json_at at, struct scxtwin_error *err)
{
	struct scenario *sc = rd->sc;
	const char *name = "", *area = "";
	int ret;

	ret = json_only(at, err, "name", "area", "desc", "policies", "slice_us", "timeout_ms",
			"no_hotplug_ops", "max_batch", "attach_later", "limit_ms", "plan", "tasks") ?:
	      json_get_string(json_need(at, "name"), &name, err) ?:
	      json_get_string(json_may(at, "area"), &area, err) ?:
	      get_us(json_may(at, "slice_us"), &sc->slice_ns, err) ?:
	      json_get_u32(json_may(at, "timeout_ms"), 1, 30000, &sc->timeout_ms, err) ?:
	      json_get_u32(json_may(at, "max_batch"), 0, UINT32_MAX, &sc->max_batch, err) ?:
	      json_get_bool(json_may(at, "no_hotplug_ops"), &sc->no_hotplug_ops, err) ?:
	      json_get_bool(json_may(at, "attach_later"), &sc->attach_later, err) ?:
	      get_plan(json_may(at, "plan"), &sc->plan, err) ?:
	      read_tasks(rd, json_need(at, "tasks"), err);
	if (ret)
		return ret;
	rd->prog->own_attach = sc->attach_later;
	free(rd->prog->name);
	rd->prog->name = mem_strdup(name);
	sc->area = mem_strdup(area);
	sc->json = json_dumps(at.value, JSON_COMPACT);
	if (!rd->prog->name || !sc->area || !sc->json)
		return error_no_memory(err);
	digest_bytes(sc->json, strlen(sc->json), rd->prog->hash);
	return 0;
}

/* The first line of a recording also has the machine it was made on. */
static int read_document(struct reader *rd, struct scxtwin_error *err)
{
	struct json_at at = json_doc_root(&rd->doc);
	struct scxtwin_machine *m = &rd->prog->machine;
	int ret = 0;

	rd->prog->limit_ns = LIMIT_NS;
	m->cpus = 4;
	m->hz = 250;
	if (json_is_there(json_may(at, "scenario"))) {
		ret = json_get_u32(json_may(at, "cpus"), 1, MAX_CPUS, &m->cpus, err) ?:
		      json_get_u32(json_may(at, "hz"), 1, 10000, &m->hz, err);
		at = json_need(at, "scenario");
	}
	return ret ?: read_scenario(rd, at, err);
}

int scenario_place(struct program *prog, const char *task, u32 cpu)
{
	const struct cpu_range range = { cpu, cpu };
	struct task_ref ref;
	struct program_task *t;

	if (program_ref(prog, task, &ref))
		return 0;
	t = &prog->tasks.data[ref.task];
	if (t->forked || !t->cpus.nr)
		return 0;
	if (vec_push(&prog->cpu_ranges, range))
		return -ENOMEM;
	t->cpus = (struct cpu_list){ (u32)prog->cpu_ranges.nr - 1, 1 };
	return 0;
}

void scenario_delay(struct program *prog, u64 ns)
{
	struct step *s;

	prog->scenario->delay_ns += ns;
	vec_for_each(s, &prog->steps)
		if (s->kind == STEP_UNTIL)
			s->time.a += ns;
}

static int add_kthread(struct program *prog, u32 cpu, u64 period_ns)
{
	const u32 begin = (u32)prog->steps.nr;
	const struct step steps[] = {
		{ .kind = STEP_LOOP, .count = PROGRAM_FOREVER, .jump = begin + 3 },
		{ .kind = STEP_SLEEP, .time.a = period_ns },
		{ .kind = STEP_RUN, .time.a = KTHREAD_RUN_NS },
		{ .kind = STEP_END_LOOP, .jump = begin },
	};
	const struct cpu_range range = { cpu, cpu };
	struct program_task task = {
		.count = 1, .background = true, .attr.policy = SCHED_NORMAL, .first_step = begin,
		.nr_steps = sizeof(steps) / sizeof(steps[0]), .depth = 1,
		.cpus = { (u32)prog->cpu_ranges.nr, 1 },
	};
	char name[TASK_COMM_LEN];
	u32 i;

	snprintf(name, sizeof(name), "kthread/%u", cpu);
	task.name = mem_strdup(name);
	task.group = program_group(prog, "kthread");
	if (!task.name || task.group == UINT32_MAX || vec_push(&prog->cpu_ranges, range) ||
	    vec_push(&prog->tasks, task)) {
		free(task.name);
		return -ENOMEM;
	}
	for (i = 0; i < task.nr_steps; i++)
		if (vec_push(&prog->steps, steps[i]))
			return -ENOMEM;
	return 0;
}

int scenario_add_kthreads(struct program *prog, u64 period_ns)
{
	int ret = 0;
	u32 cpu;

	for (cpu = 0; cpu < prog->machine.cpus && !ret; cpu++)
		ret = add_kthread(prog, cpu, period_ns);
	return ret;
}

void scenario_slow_down(struct program *prog, u64 ns)
{
	struct step *s;

	vec_for_each(s, &prog->steps)
		if (s->kind == STEP_RUN)
			s->time.a += ns;
}

struct findings {
	json_report_t report;
	void *data;
	u32 nr;
};

static void report_finding(void *data, const struct error_place *place, const char *text)
{
	struct findings *f = data;
	struct scxtwin_error err;

	error_set_at(&err, SCXTWIN_EINPUT, place, "%s", text);
	f->report(&err, f->data);
	f->nr++;
}

struct program *scenario_read(const char *file, const char *text, size_t len, json_report_t report,
			      void *data, u32 *nr_errors)
{
	struct findings findings = { .report = report, .data = data };
	struct reader rd = { .depth = 0 };
	struct scxtwin_error err;
	int ret;

	rd.prog = program_new(file);
	rd.sc = rd.prog ? mem_zalloc(sizeof(*rd.sc)) : NULL;
	ret = rd.sc ? json_doc_load_text(&rd.doc, rd.prog->file, 1, text, len, &err) :
		      error_no_memory(&err);
	if (rd.prog)
		rd.prog->scenario = rd.sc;
	ret = ret ?: read_document(&rd, &err);
	if (ret) {
		report(&err, data);
		findings.nr++;
	} else {
		program_check(rd.prog, report_finding, &findings);
	}
	json_doc_free(&rd.doc);
	vec_free(&rd.steps);
	*nr_errors = findings.nr;
	if (!findings.nr)
		return rd.prog;
	program_free(rd.prog);
	return NULL;
}
