/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Program files. A fault in one step, task, event or expectation is reported
 * and reading goes on with the next, so that lint shows all of them.
 */
#include <stdlib.h>
#include <string.h>

#include <scxtwin/ops.h>
#include <scxtwin/task.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/str.h"
#include "workload/json.h"

#define MAX_CPUS	4096
#define MAX_NAME	64
#define MAX_STEPS	1000000U

/* A definition whose steps are still to be read. */
struct unread {
	struct json_at steps;
};

struct reader {
	struct program *prog;
	struct json_doc doc;
	VEC(struct unread) unread;	/* by definition */
	json_report_t report;
	void *data;
	u32 nr_errors;
	bool out_of_memory;
	u32 depth;			/* of the loop that is being read */
};

/* Takes note of a fault; errors may have been left out if there was none. */
static void note(struct reader *rd, int ret, const struct scxtwin_error *err)
{
	if (!ret)
		return;
	rd->nr_errors++;
	rd->out_of_memory |= ret == SCXTWIN_EINTERNAL;
	rd->report(err, rd->data);
}

static u32 line_of(struct json_at at)
{
	return at.doc->nodes.data[at.node].line;
}

static u32 column_of(struct json_at at)
{
	return at.doc->nodes.data[at.node].column;
}

static bool is_object(struct json_at at)
{
	return at.state == JSON_AT_VALUE && json_is_object(at.value);
}

static bool is_string(struct json_at at)
{
	return at.state == JSON_AT_VALUE && json_is_string(at.value);
}

static int get_pair(struct json_at at, u64 *a, u64 *b, struct scxtwin_error *err)
{
	u32 nr;

	return json_get_array(at, 2, 2, &nr, err) ?:
	       json_get_duration(json_element(at, 0), PROGRAM_MAX_NS, a, err) ?:
	       json_get_duration(json_element(at, 1), PROGRAM_MAX_NS, b, err);
}

/* 300000, "300us", {"uniform": [a, b]}, {"exponential": mean}, {"normal": [mean, deviation]} */
static int get_duration(struct json_at at, struct duration *d, struct scxtwin_error *err)
{
	u32 nr;
	int ret;

	if (!is_object(at)) {
		d->kind = DRAW_FIXED;
		return json_get_duration(at, PROGRAM_MAX_NS, &d->a, err);
	}
	ret = json_only(at, err, "uniform", "exponential", "normal") ?: json_get_object(at, &nr, err);
	if (ret)
		return ret;
	if (nr != 1)
		return json_fail(at, err, "has %u members; one of \"uniform\", \"exponential\", \"normal\" is right", nr);
	if (json_is_there(json_may(at, "exponential"))) {
		d->kind = DRAW_EXPONENTIAL;
		return json_get_duration(json_may(at, "exponential"), PROGRAM_MAX_NS, &d->a, err);
	}
	if (json_is_there(json_may(at, "normal"))) {
		d->kind = DRAW_NORMAL;
		return get_pair(json_may(at, "normal"), &d->a, &d->b, err);
	}
	d->kind = DRAW_UNIFORM;
	ret = get_pair(json_may(at, "uniform"), &d->a, &d->b, err);
	if (!ret && d->a > d->b)
		ret = json_fail(json_may(at, "uniform"), err, "the first bound is above the second");
	return ret;
}

static int get_cpu_range(struct json_at at, struct cpu_range *range, struct scxtwin_error *err)
{
	const char *text;
	char first[16];
	const char *dash;
	u64 lo, hi;
	int ret;

	if (!is_string(at)) {
		ret = json_get_u32(at, 0, MAX_CPUS - 1, &range->first, err);
		range->last = range->first;
		return ret;
	}
	ret = json_get_string(at, &text, err);
	if (ret)
		return ret;
	dash = strchr(text, '-');
	if (!dash || (size_t)(dash - text) >= sizeof(first))
		return json_fail(at, err, "is no range of CPUs such as \"4-7\"");
	memcpy(first, text, (size_t)(dash - text));
	first[dash - text] = '\0';
	if (str_parse_u64(first, 0, MAX_CPUS - 1, &lo) ||
	    str_parse_u64(dash + 1, 0, MAX_CPUS - 1, &hi) || lo > hi)
		return json_fail(at, err, "is no range of CPUs such as \"4-7\"");
	range->first = (u32)lo;
	range->last = (u32)hi;
	return 0;
}

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
		ret = get_cpu_range(json_element(at, i), &range, err);
		if (!ret && vec_push(&rd->prog->cpu_ranges, range))
			ret = error_no_memory(err);
	}
	list->nr = ret ? 0 : nr;
	return ret;
}

/* "ext", "other", "batch", "idle", "fifo:50", "rr:50" */
static int get_policy(struct json_at at, struct task_attr *attr, struct scxtwin_error *err)
{
	static const struct { const char *name; u32 policy; } plain[] = {
		{ "ext", SCHED_EXT }, { "other", SCHED_NORMAL }, { "batch", SCHED_BATCH },
		{ "idle", SCHED_IDLE },
	};
	const char *text = NULL;
	u64 prio;
	size_t i;
	int ret = json_get_string(at, &text, err);

	if (ret || !text)
		return ret;
	attr->rt_priority = 0;
	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(text, plain[i].name))
			continue;
		attr->policy = plain[i].policy;
		return 0;
	}
	if (!strncmp(text, "fifo:", 5) && !str_parse_u64(text + 5, 1, 99, &prio))
		attr->policy = SCHED_FIFO;
	else if (!strncmp(text, "rr:", 3) && !str_parse_u64(text + 3, 1, 99, &prio))
		attr->policy = SCHED_RR;
	else
		return json_fail(at, err, "\"%s\" is no policy; \"ext\", \"other\", \"batch\", \"idle\", \"fifo:N\" and \"rr:N\" (N from 1 to 99) are", text);
	attr->rt_priority = (u32)prio;
	return 0;
}

static int get_ref(struct reader *rd, struct json_at at, struct task_ref *ref,
		   struct scxtwin_error *err)
{
	const char *text;
	int ret = json_get_string(at, &text, err);

	if (!ret && program_ref(rd->prog, text, ref))
		ret = json_fail(at, err, "there is no task \"%s\"", text);
	return ret;
}

static int get_child(struct reader *rd, struct json_at at, struct step *s, struct scxtwin_error *err)
{
	const char *name;
	int ret = json_get_string(at, &name, err);

	if (ret)
		return ret;
	/* The names of all steps were collected before, so this one is known unless it was refused. */
	if (program_ref(rd->prog, name, &s->ref) || !rd->prog->tasks.data[s->ref.task].forked)
		return json_fail(at, err, "\"%s\" cannot be the name of a new task", name);
	return 0;
}

static int get_count(struct json_at at, u64 *count, struct scxtwin_error *err)
{
	const char *text;

	if (!is_string(at))
		return json_get_u64(at, 0, INT64_MAX, count, err);
	if (json_get_string(at, &text, err) || strcmp(text, "forever"))
		return json_fail(at, err, "is neither a number of rounds nor \"forever\"");
	*count = PROGRAM_FOREVER;
	return 0;
}

static int get_reenq(struct json_at at, u32 nr, struct step *s, struct scxtwin_error *err)
{
	const char *text;
	int ret;

	if (!is_string(json_element(at, 1))) {
		ret = json_get_int(json_element(at, 1), 0, MAX_CPUS - 1, &s->cpu, err);
		if (!ret && nr > 2)
			ret = json_get_u64(json_element(at, 2), 0, INT64_MAX, &s->count, err);
		return ret;
	}
	s->cpu = -1;
	s->dsq = 1;
	if (json_get_string(json_element(at, 1), &text, err) || strcmp(text, "user"))
		return json_fail(json_element(at, 1), err, "is neither a CPU nor \"user\"");
	return nr > 2 ? json_get_u64(json_element(at, 2), 0, INT64_MAX, &s->dsq, err) : 0;
}

/* Elements of the array that a step is, its name included: least and most. */
static const struct { u8 least, most; } step_sizes[NR_FILE_STEPS] = {
	[STEP_RUN] = { 2, 2 }, [STEP_SLEEP] = { 2, 2 }, [STEP_UNTIL] = { 2, 2 },
	[STEP_WAKE] = { 2, 2 }, [STEP_WAIT] = { 1, 1 }, [STEP_YIELD] = { 1, 1 },
	[STEP_AFFINITY] = { 3, 3 }, [STEP_NICE] = { 3, 3 }, [STEP_POLICY] = { 3, 3 },
	[STEP_FORK] = { 3, 3 }, [STEP_THREAD] = { 3, 3 }, [STEP_WAITPID] = { 1, 1 },
	[STEP_KICK] = { 2, 3 }, [STEP_REENQ] = { 2, 3 }, [STEP_HOTPLUG] = { 3, 3 },
	[STEP_MIGRATE_DISABLE] = { 1, 1 }, [STEP_MIGRATE_ENABLE] = { 1, 1 },
	[STEP_LOOP] = { 3, 3 }, [STEP_EXIT] = { 1, 1 }, [STEP_ATTACH] = { 1, 1 },
	[STEP_DETACH] = { 1, 1 }, [STEP_MARK] = { 2, 2 },
};

static int get_arguments(struct reader *rd, struct json_at at, u32 nr, struct step *s,
			 struct scxtwin_error *err)
{
	int online = 0, ret;

	switch (s->kind) {
	case STEP_RUN:
	case STEP_SLEEP:
		return get_duration(json_element(at, 1), &s->time, err);
	case STEP_UNTIL:
		return json_get_duration(json_element(at, 1), PROGRAM_MAX_NS, &s->time.a, err);
	case STEP_WAKE:
		return get_ref(rd, json_element(at, 1), &s->ref, err);
	case STEP_AFFINITY:
		return get_ref(rd, json_element(at, 1), &s->ref, err) ?:
		       get_cpus(rd, json_element(at, 2), &s->cpus, err);
	case STEP_NICE:
		return get_ref(rd, json_element(at, 1), &s->ref, err) ?:
		       json_get_int(json_element(at, 2), -20, 19, &s->attr.nice, err);
	case STEP_POLICY:
		return get_ref(rd, json_element(at, 1), &s->ref, err) ?:
		       get_policy(json_element(at, 2), &s->attr, err);
	case STEP_FORK:
	case STEP_THREAD:
		return get_child(rd, json_element(at, 1), s, err);
	case STEP_KICK:
		ret = json_get_int(json_element(at, 1), 0, MAX_CPUS - 1, &s->cpu, err);
		return ret || nr < 3 ? ret :
		       json_get_u64(json_element(at, 2), 0, INT64_MAX, &s->count, err);
	case STEP_REENQ:
		return get_reenq(at, nr, s, err);
	case STEP_HOTPLUG:
		ret = json_get_int(json_element(at, 1), 0, MAX_CPUS - 1, &s->cpu, err) ?:
		      json_get_int(json_element(at, 2), 0, 1, &online, err);
		s->online = online;
		return ret;
	case STEP_LOOP:
		return get_count(json_element(at, 1), &s->count, err);
	case STEP_ATTACH:
		rd->prog->own_attach = true;
		return 0;
	case STEP_MARK:
		return json_get_u64(json_element(at, 1), 0, INT64_MAX, &s->count, err);
	default:
		return 0;
	}
}

static int get_step(struct reader *rd, struct json_at at, struct step *s, struct scxtwin_error *err)
{
	static const char *const names[] = {
#define X(name, kind) name,
		PROGRAM_STEPS(X)
#undef X
		NULL,
	};
	u32 nr = 0, kind = 0;
	int ret;

	*s = (struct step){ .line = line_of(at), .column = column_of(at) };
	ret = json_get_array(at, 1, 3, &nr, err) ?:
	      json_get_enum(json_element(at, 0), names, &kind, err);
	if (ret)
		return ret;
	s->kind = kind;
	if (nr < step_sizes[kind].least || nr > step_sizes[kind].most)
		return json_fail(at, err, "\"%s\" has %u arguments; at least %u and at most %u are right",
				 names[kind], nr - 1, step_sizes[kind].least - 1U,
				 step_sizes[kind].most - 1U);
	return get_arguments(rd, at, nr, s, err);
}

static void read_steps(struct reader *rd, struct json_at at, u32 *deepest);

/* A loop becomes its beginning, its steps, and its end, which know each other. */
static void read_loop_body(struct reader *rd, struct json_at at, u32 begin, u32 *deepest)
{
	struct step end = { .kind = STEP_END_LOOP, .line = line_of(at), .column = column_of(at),
			    .jump = begin };
	struct scxtwin_error err;

	rd->depth++;
	*deepest = rd->depth > *deepest ? rd->depth : *deepest;
	read_steps(rd, json_element(at, 2), deepest);
	rd->depth--;
	if (vec_push(&rd->prog->steps, end))
		note(rd, error_no_memory(&err), &err);
	else
		rd->prog->steps.data[begin].jump = (u32)rd->prog->steps.nr - 1;
}

static void read_steps(struct reader *rd, struct json_at at, u32 *deepest)
{
	struct scxtwin_error err;
	struct step s;
	u32 nr = 0, i;

	note(rd, json_get_array(at, 0, MAX_STEPS, &nr, &err), &err);
	for (i = 0; i < nr && !rd->out_of_memory; i++) {
		int ret = get_step(rd, json_element(at, i), &s, &err);

		if (!ret && s.kind == STEP_LOOP && rd->depth == PROGRAM_MAX_DEPTH)
			ret = json_fail(json_element(at, i), &err, "loops are nested more than %d deep",
					PROGRAM_MAX_DEPTH);
		note(rd, ret, &err);
		if (ret)
			continue;
		if (vec_push(&rd->prog->steps, s)) {
			note(rd, error_no_memory(&err), &err);
			return;
		}
		if (s.kind == STEP_LOOP)
			read_loop_body(rd, json_element(at, i), (u32)rd->prog->steps.nr - 1, deepest);
	}
}

static int check_name(struct json_at at, const char *name, struct scxtwin_error *err)
{
	if (!*name || strlen(name) > MAX_NAME)
		return json_fail(at, err, "a task's name has 1 to %d bytes", MAX_NAME);
	if (!strcmp(name, "self"))
		return json_fail(at, err, "\"self\" means the task itself and cannot be a name");
	return 0;
}

/* Enters a definition under its name; *task is valid until the next one is added. */
static int add_task(struct reader *rd, struct json_at name_at, struct json_at steps,
		    struct program_task **task, struct scxtwin_error *err)
{
	const u32 index = (u32)rd->prog->tasks.nr;
	struct program_task fresh = { .line = line_of(name_at), .column = column_of(name_at) };
	const struct unread unread = { .steps = steps };
	const char *name;
	int ret = json_get_string(name_at, &name, err) ?: check_name(name_at, name, err);

	if (ret)
		return ret;
	fresh.attr.policy = SCHED_EXT;
	fresh.name = mem_strdup(name);
	fresh.group = program_group(rd->prog, name);
	if (!fresh.name || fresh.group == UINT32_MAX)
		goto no_memory;
	ret = idmap_add_name(&rd->prog->task_ids, name, (void *)(uintptr_t)(index + 1));
	if (ret == -EEXIST) {
		free(fresh.name);
		return json_fail(name_at, err, "there is another task of this name");
	}
	if (ret || vec_reserve(&rd->unread, index + 1) || vec_push(&rd->prog->tasks, fresh))
		goto no_memory;
	vec_push(&rd->unread, unread);
	*task = vec_last(&rd->prog->tasks);
	return 0;

no_memory:
	free(fresh.name);
	return error_no_memory(err);
}

/* Names that fork and thread steps give, at any depth; malformed steps are reported later. */
static void collect_names(struct reader *rd, struct json_at steps)
{
	struct program_task *task;
	struct scxtwin_error err;
	u32 nr = 0, size = 0, i;

	if (json_get_array(steps, 0, MAX_STEPS, &nr, NULL))
		return;
	for (i = 0; i < nr && !rd->out_of_memory; i++) {
		const struct json_at at = json_element(steps, i);
		const char *name;
		int ret;

		if (json_get_array(at, 3, 3, &size, NULL) ||
		    json_get_string(json_element(at, 0), &name, NULL))
			continue;
		if (!strcmp(name, "loop")) {
			collect_names(rd, json_element(at, 2));
			continue;
		}
		if (strcmp(name, "fork") && strcmp(name, "thread"))
			continue;
		ret = add_task(rd, json_element(at, 1), json_element(at, 2), &task, &err);
		note(rd, ret, &err);
		if (ret)
			continue;
		task->forked = task->inherits_attr = task->inherits_cpus = true;
		task->thread = !strcmp(name, "thread");
		collect_names(rd, json_element(at, 2));
	}
}

static int get_task(struct reader *rd, struct json_at at, struct scxtwin_error *err)
{
	struct program_task *task;
	const char *group = NULL;
	int ret;

	ret = json_only(at, err, "name", "count", "group", "cpus", "policy", "nice", "start", "steps",
			"desc") ?:
	      add_task(rd, json_need(at, "name"), json_need(at, "steps"), &task, err);
	if (ret)
		return ret;
	task->count = 1;
	ret = json_get_u32(json_may(at, "count"), 1, PROGRAM_MAX_TASKS, &task->count, err) ?:
	      json_get_string(json_may(at, "group"), &group, err) ?:
	      json_get_int(json_may(at, "nice"), -20, 19, &task->attr.nice, err) ?:
	      get_policy(json_may(at, "policy"), &task->attr, err) ?:
	      get_cpus(rd, json_may(at, "cpus"), &task->cpus, err);
	if (!ret && json_is_there(json_may(at, "start")))
		ret = get_duration(json_may(at, "start"), &task->start, err);
	if (!ret && group) {
		task->group = program_group(rd->prog, group);
		if (task->group == UINT32_MAX)
			ret = error_no_memory(err);
	}
	return ret;
}

static void read_tasks(struct reader *rd, struct json_at at)
{
	struct scxtwin_error err;
	u32 nr = 0, i, nr_first;
	u64 total = 0;

	note(rd, json_get_array(at, 1, PROGRAM_MAX_TASKS, &nr, &err), &err);
	for (i = 0; i < nr && !rd->out_of_memory; i++)
		note(rd, get_task(rd, json_element(at, i), &err), &err);
	nr_first = (u32)rd->prog->tasks.nr;
	for (i = 0; i < nr_first && !rd->out_of_memory; i++) {
		total += rd->prog->tasks.data[i].count;
		collect_names(rd, rd->unread.data[i].steps);
	}
	if (total > PROGRAM_MAX_TASKS)
		note(rd, json_fail(at, &err, "%llu tasks in all; at most %u are possible",
				   (unsigned long long)total, PROGRAM_MAX_TASKS), &err);
	for (i = 0; i < rd->prog->tasks.nr && !rd->out_of_memory; i++) {
		const u32 first = (u32)rd->prog->steps.nr;
		u32 deepest = 0;

		read_steps(rd, rd->unread.data[i].steps, &deepest);
		rd->prog->tasks.data[i].first_step = first;
		rd->prog->tasks.data[i].nr_steps = (u32)rd->prog->steps.nr - first;
		rd->prog->tasks.data[i].depth = deepest;
	}
}

static bool can_be_event(enum step_kind kind)
{
	switch (kind) {
	case STEP_WAKE:
	case STEP_AFFINITY:
	case STEP_NICE:
	case STEP_POLICY:
	case STEP_KICK:
	case STEP_REENQ:
	case STEP_HOTPLUG:
	case STEP_ATTACH:
	case STEP_DETACH:
	case STEP_MARK:
		return true;
	default:
		return false;
	}
}

static int get_event(struct reader *rd, struct json_at at, struct scxtwin_error *err)
{
	struct program_event ev = { 0 };
	const struct json_at by = json_may(at, "by"), what = json_need(at, "do");
	int ret;

	ret = json_only(at, err, "at", "anytime", "on", "by", "do", "desc") ?:
	      json_get_duration(json_need(at, "at"), PROGRAM_MAX_NS, &ev.at, err) ?:
	      json_get_bool(json_may(at, "anytime"), &ev.anytime, err) ?:
	      json_get_u32(json_may(at, "on"), 0, MAX_CPUS - 1, &ev.on, err);
	if (!ret && ev.anytime && json_is_there(by))
		ret = json_fail(json_may(at, "anytime"), err,
				"goes with \"on\", not with \"by\": a task makes its calls between its own steps");
	if (!ret && json_is_there(by)) {
		ret = get_ref(rd, by, &ev.by, err);
		ev.by_task = true;
		if (!ret && (ev.by.kind == REF_SELF || ev.by.kind == REF_PEER ||
			     (ev.by.kind == REF_ALL && rd->prog->tasks.data[ev.by.task].count > 1)))
			ret = json_fail(by, err, "must name one task");
	}
	if (!ret)
		ret = json_get_array(what, 1, 3, &(u32){ 0 }, err) ?: get_step(rd, what, &ev.step, err);
	if (ret)
		return ret;
	if (!can_be_event(ev.step.kind))
		return json_fail(what, err, "\"%s\" can be a step of a task only", step_name(ev.step.kind));
	if (!ev.by_task && ev.step.ref.kind == REF_SELF &&
	    (ev.step.kind == STEP_WAKE || ev.step.kind == STEP_AFFINITY ||
	     ev.step.kind == STEP_NICE || ev.step.kind == STEP_POLICY))
		return json_fail(what, err, "\"self\" needs \"by\": no task makes this call");
	return vec_push(&rd->prog->events, ev) ? error_no_memory(err) : 0;
}

static int expect(struct reader *rd, struct json_at at, enum expect_kind kind, u32 group, u64 value,
		  struct scxtwin_error *err)
{
	const struct expectation e = { .kind = kind, .group = group, .line = line_of(at),
				       .column = column_of(at), .value = value };

	return vec_push(&rd->prog->expectations, e) ? error_no_memory(err) : 0;
}

static int get_exit_kind(struct reader *rd, struct json_at at, struct scxtwin_error *err)
{
	static const char *const names[] = { "none", "unreg", "unreg_bpf", "unreg_kern", "sysrq",
					     "error", "error_bpf", "error_stall", "error_reenq", NULL };
	static const u64 kinds[] = { SCX_EXIT_NONE, SCX_EXIT_UNREG, SCX_EXIT_UNREG_BPF,
				     SCX_EXIT_UNREG_KERN, SCX_EXIT_SYSRQ, SCX_EXIT_ERROR,
				     SCX_EXIT_ERROR_BPF, SCX_EXIT_ERROR_STALL, SCX_EXIT_ERROR_REENQ };
	u32 index = 0;
	int ret;

	if (!json_is_there(at))
		return 0;
	ret = json_get_enum(at, names, &index, err);
	return ret ?: expect(rd, at, EXPECT_EXIT_KIND, UINT32_MAX, kinds[index], err);
}

static int get_bool_expectation(struct reader *rd, struct json_at at, enum expect_kind kind,
				struct scxtwin_error *err)
{
	bool value = false;
	int ret;

	if (!json_is_there(at))
		return 0;
	ret = json_get_bool(at, &value, err);
	return ret ?: expect(rd, at, kind, UINT32_MAX, value, err);
}

static int get_immed(struct reader *rd, struct json_at at, struct scxtwin_error *err)
{
	static const char *const names[] = { "as the kernel", "at once", NULL };
	u32 index = 0;
	int ret = 0;

	if (json_is_there(at))
		ret = json_get_enum(at, names, &index, err);
	return ret || !index ? ret : expect(rd, at, EXPECT_IMMED_AT_ONCE, UINT32_MAX, true, err);
}

static int get_group(struct reader *rd, struct json_at at, const char *name, u32 *group,
		     struct scxtwin_error *err)
{
	const uintptr_t known = (uintptr_t)idmap_get_name(&rd->prog->group_ids, name);

	if (!known)
		return json_fail(at, err, "there is no group \"%s\"", name);
	*group = (u32)known - 1;
	return 0;
}

static int get_share(struct reader *rd, struct json_at at, u32 group, struct scxtwin_error *err)
{
	u32 min = 0, max = 1000;
	int ret;

	ret = json_only(at, err, "min", "max") ?:
	      json_get_u32(json_may(at, "min"), 0, 1000, &min, err) ?:
	      json_get_u32(json_may(at, "max"), 0, 1000, &max, err);
	if (!ret && min > max)
		ret = json_fail(at, err, "\"min\" is above \"max\"");
	return ret ?: expect(rd, at, EXPECT_SHARE_MIN, group, min, err) ?:
	       expect(rd, at, EXPECT_SHARE_MAX, group, max, err);
}

static void read_group_expectations(struct reader *rd, struct json_at at, bool shares)
{
	struct json_member_iter it;
	struct scxtwin_error err;
	u32 nr, group = 0;
	u64 ns = 0;
	int ret = json_get_object(at, &nr, &err);

	note(rd, ret, &err);
	if (ret)
		return;
	for (it = json_members(at); json_next_member(&it);) {
		ret = get_group(rd, it.at, it.key, &group, &err);
		if (!ret && shares)
			ret = get_share(rd, it.at, group, &err);
		else if (!ret)
			ret = json_get_duration(it.at, PROGRAM_MAX_NS, &ns, &err) ?:
			      expect(rd, it.at, EXPECT_MAX_LATENCY, group, ns, &err);
		note(rd, ret, &err);
	}
}

static void read_expectations(struct reader *rd, struct json_at at)
{
	struct scxtwin_error err;
	const struct json_at latency = json_may(at, "max_wakeup_latency");
	const struct json_at share = json_may(at, "cpu_share");
	int ret;

	if (!json_is_there(at))
		return;
	ret = json_only(at, &err, "exit_kind", "finished", "exact_cpu_time", "immed", "max_wakeup_latency",
			"cpu_share");
	note(rd, ret, &err);
	if (ret)
		return;
	note(rd, get_exit_kind(rd, json_may(at, "exit_kind"), &err), &err);
	note(rd, get_bool_expectation(rd, json_may(at, "finished"), EXPECT_FINISHED, &err), &err);
	note(rd, get_bool_expectation(rd, json_may(at, "exact_cpu_time"), EXPECT_EXACT_TIME, &err),
	     &err);
	note(rd, get_immed(rd, json_may(at, "immed"), &err), &err);
	if (json_is_there(latency))
		read_group_expectations(rd, latency, false);
	if (json_is_there(share))
		read_group_expectations(rd, share, true);
}

static int get_machine(struct json_at at, struct scxtwin_machine *m, struct scxtwin_error *err)
{
	if (!json_is_there(at))
		return 0;
	return json_only(at, err, "cpus", "smt", "cores_per_llc", "nodes", "hz", "tick_phase") ?:
	       json_get_u32(json_may(at, "cpus"), 1, MAX_CPUS, &m->cpus, err) ?:
	       json_get_u32(json_may(at, "smt"), 1, 8, &m->smt, err) ?:
	       json_get_u32(json_may(at, "cores_per_llc"), 1, MAX_CPUS, &m->cores_per_llc, err) ?:
	       json_get_u32(json_may(at, "nodes"), 1, MAX_CPUS, &m->nodes, err) ?:
	       json_get_u32(json_may(at, "hz"), 1, 10000, &m->hz, err) ?:
	       json_get_duration(json_may(at, "tick_phase"), 1000000000ULL, &m->tick_phase_ns, err);
}

/* Fails only if the file is none of ours; faults of single members are noted. */
static int read_top(struct reader *rd, struct json_at at, struct scxtwin_error *err)
{
	const char *format = "", *text;
	struct program *prog = rd->prog;
	u32 version = 0;
	int ret;

	ret = json_get_string(json_need(at, "format"), &format, err);
	if (!ret && strcmp(format, PROGRAM_FORMAT))
		ret = json_fail(json_need(at, "format"), err, "\"%s\" is not known; \"" PROGRAM_FORMAT "\" is right",
				format);
	ret = ret ?: json_get_u32(json_need(at, "version"), PROGRAM_VERSION, PROGRAM_VERSION, &version,
				  err);
	if (ret)
		return ret;
	note(rd, json_only(at, err, "format", "version", "name", "desc", "seed", "machine", "limit",
			   "tasks", "events", "expect"), err);
	note(rd, json_get_string(json_may(at, "name"), &text, err), err);
	note(rd, json_get_string(json_may(at, "desc"), &text, err), err);
	note(rd, json_get_u64(json_may(at, "seed"), 1, INT64_MAX, &prog->seed, err), err);
	note(rd, json_get_duration(json_may(at, "limit"), PROGRAM_MAX_NS, &prog->limit_ns, err), err);
	note(rd, get_machine(json_may(at, "machine"), &prog->machine, err), err);
	return 0;
}

static int copy_name(struct program *prog, struct json_at at, struct scxtwin_error *err)
{
	const char *name = "";
	char *copy;

	json_get_string(json_may(at, "name"), &name, NULL);
	copy = mem_strdup(name);
	if (!copy)
		return error_no_memory(err);
	free(prog->name);
	prog->name = copy;
	return 0;
}

/* Texts for people and the judgement afterwards change no run. */
static int hash_program(struct reader *rd, struct scxtwin_error *err)
{
	static const char *const without_effect[] = { "name", "desc", "expect" };
	json_t *deciding = json_copy(rd->doc.root);
	char *text = NULL;
	size_t i;

	for (i = 0; deciding && i < sizeof(without_effect) / sizeof(without_effect[0]); i++)
		json_object_del(deciding, without_effect[i]);
	if (deciding)
		text = json_dumps(deciding, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(deciding);
	if (!text)
		return error_no_memory(err);
	digest_bytes(text, strlen(text), rd->prog->hash);
	free(text);
	return 0;
}

static void report_finding(void *data, const struct error_place *place, const char *text)
{
	struct reader *rd = data;
	struct scxtwin_error err;

	note(rd, error_set_at(&err, SCXTWIN_EINPUT, place, "%s", text), &err);
}

static void read_document(struct reader *rd)
{
	const struct json_at at = json_doc_root(&rd->doc), events = json_may(at, "events");
	struct scxtwin_error err;
	u32 nr = 0, i;
	const int ret = read_top(rd, at, &err);

	note(rd, ret, &err);
	if (ret)
		return;
	note(rd, copy_name(rd->prog, at, &err), &err);
	read_tasks(rd, json_need(at, "tasks"));
	if (json_is_there(events))
		note(rd, json_get_array(events, 0, MAX_STEPS, &nr, &err), &err);
	for (i = 0; i < nr && !rd->out_of_memory; i++)
		note(rd, get_event(rd, json_element(events, i), &err), &err);
	read_expectations(rd, json_may(at, "expect"));
	if (rd->out_of_memory)
		return;
	rd->prog->incomplete = rd->nr_errors;
	program_check(rd->prog, report_finding, rd);
	note(rd, hash_program(rd, &err), &err);
}

struct program *program_read(const char *file, const char *text, size_t len, json_report_t report,
			     void *data, u32 *nr_errors)
{
	struct reader rd = { .report = report, .data = data };
	struct scxtwin_error err;
	int ret;

	rd.prog = program_new(file);
	ret = rd.prog ? json_doc_load_text(&rd.doc, rd.prog->file, 1, text, len, &err) :
			error_no_memory(&err);
	note(&rd, ret, &err);
	if (!ret)
		read_document(&rd);
	json_doc_free(&rd.doc);
	vec_free(&rd.unread);
	*nr_errors = rd.nr_errors;
	if (rd.nr_errors) {
		program_free(rd.prog);
		return NULL;
	}
	return rd.prog;
}
