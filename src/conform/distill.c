/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Canonical sequences: what is kept of each record, and what is left out
 * because it says nothing about the task. The same rules made the .seq.json
 * files, so they must not be changed here alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "conform/conform.h"

#define NR_KEEP 4

/* What records keep of their own members ... */
static const struct {
	const char *ev;
	const char *keys[NR_KEEP];
} keep[] = {
	{ "select_cpu", { "prev_cpu", "wake_flags" } }, { "enqueue", { "enq_flags" } },
	{ "runnable", { "enq_flags" } }, { "dequeue", { "deq_flags" } },
	{ "quiescent", { "deq_flags" } }, { "stopping", { "runnable" } },
	{ "set_weight", { "arg_weight" } }, { "set_cpumask", { "mask" } },
	{ "init_task", { "fork" } }, { "exit_task", { "cancelled" } },
	{ ".selected", { "to_cpu", "idle" } }, { ".insert", { "to", "enq_flags", "ok" } },
	{ ".insert_vtime", { "to", "enq_flags", "ok" } }, { ".set_slice", { "arg_slice", "ok" } },
	{ ".iter", { "from", "rev" } }, { ".peek", { "from" } },
	{ ".move", { "from", "to", "enq_flags", "ok" } },
	{ ".move_vtime", { "from", "to", "enq_flags", "ok" } },
	{ ".nr_queued", { "from", "count" } }, { ".slots", { "count" } },
	{ ".create", { "from", "ret" } }, { ".reenq_local", { "count" } },
	{ "exit", { "kind", "code" } }, { "cpu_online", { "of_cpu" } },
	{ "cpu_offline", { "of_cpu" } },
};

/* Of no task, but the same whenever it is asked: what the core answered, and how it ended. */
static const char *const answers[] = {
	".nr_queued", ".slots", ".cancel", ".create", ".reenq_local", ".peek", "exit", "cpu_online",
	"cpu_offline",
};

/* ... and of the task's snapshot. */
static const char *const keep_always[] = {
	"flags", "state", "reenq_reason", "ops_state", "dsq", "ddsp_dsq", "task_cpu", "weight",
};

#define NR_OF(a) (sizeof(a) / sizeof((a)[0]))

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

static bool is_ev(const json_t *line, const char *ev)
{
	return !strcmp(text_of(line, "ev"), ev);
}

/* Records that follow no task's life: time decides when they come. */
static bool is_skipped(const json_t *line)
{
	return is_ev(line, "tick") || is_ev(line, "#switch") || is_ev(line, ".kick");
}

static bool has_flag(const json_t *line, const char *flag)
{
	const char *flags = text_of(line, "flags");
	const size_t len = strlen(flag);

	while (*flags) {
		const size_t n = strcspn(flags, "|");

		if (n == len && !strncmp(flags, flag, len))
			return true;
		flags += n + (flags[n] == '|');
	}
	return false;
}

/* ---- interruptions by what is no task of the scenario */

struct last_line {
	const char *task;
	size_t line;
	bool valid;
};

struct noise {
	const struct lines_of_run *run;
	bool *drop;
	VEC(struct last_line) last;
};

static struct last_line *last_of(struct noise *n, const char *task)
{
	struct last_line fresh = { .task = task }, *last;

	vec_for_each(last, &n->last)
		if (!strcmp(last->task, task))
			return last;
	return vec_push(&n->last, fresh) ? NULL : vec_last(&n->last);
}

/* Another task of the scenario came onto the CPU: what stopped there was no mere interruption. */
static void came_in(struct noise *n, const json_t *line)
{
	const json_int_t cpu = json_integer_value(json_object_get(line, "task_cpu"));
	struct last_line *last;

	vec_for_each(last, &n->last) {
		const json_t *before = last->valid ? n->run->lines.data[last->line] : NULL;

		if (before && strcmp(last->task, text_of(line, "task")) && is_ev(before, "stopping") &&
		    json_integer_value(json_object_get(before, "task_cpu")) == cpu)
			last->valid = false;
	}
}

static int look_at(struct noise *n, size_t i)
{
	const json_t *line = n->run->lines.data[i], *before;
	struct last_line *last;

	if (!json_object_get(line, "task"))
		return 0;
	if (is_skipped(line)) {
		if (is_ev(line, "#switch") && !strcmp(text_of(line, "dir"), "in"))
			came_in(n, line);
		return 0;
	}
	last = last_of(n, text_of(line, "task"));
	if (!last)
		return -ENOMEM;
	before = last->valid ? n->run->lines.data[last->line] : NULL;
	if (before && is_ev(line, "running") && is_ev(before, "stopping") &&
	    json_is_true(json_object_get(before, "runnable")))
		n->drop[i] = n->drop[last->line] = true;
	last->line = i;
	last->valid = true;
	return 0;
}

/* ---- sequences */

struct sequence *sequences_find(struct sequences *s, const char *task)
{
	struct sequence *seq;

	vec_for_each(seq, &s->tasks)
		if (!strcmp(seq->task, task))
			return seq;
	return NULL;
}

static struct sequence *sequence_of(struct sequences *s, const char *task)
{
	struct sequence *seq = sequences_find(s, task), fresh = { .stable = true, .stable_with_cpus = true };

	if (seq)
		return seq;
	fresh.task = mem_strdup(task);
	if (fresh.task && !vec_push(&s->tasks, fresh))
		return vec_last(&s->tasks);
	free(fresh.task);
	return NULL;
}

static void copy_key(json_t *to, const json_t *from, const char *key)
{
	json_t *value = json_object_get(from, key);

	if (value)
		json_object_set(to, key, value);
}

static json_t *canonical(const json_t *line)
{
	json_t *out = json_object();
	size_t i, k;

	copy_key(out, line, "ev");
	for (i = 0; i < NR_OF(keep); i++) {
		if (!is_ev(line, keep[i].ev))
			continue;
		for (k = 0; k < NR_KEEP && keep[i].keys[k]; k++)
			copy_key(out, line, keep[i].keys[k]);
	}
	for (i = 0; i < NR_OF(keep_always); i++)
		copy_key(out, line, keep_always[i]);
	return out;
}

/* A dispatch of a task that went to sleep is an event of the CPU. */
static bool belongs_to_task(const json_t *line)
{
	return json_object_get(line, "task") && !is_skipped(line) &&
	       (!is_ev(line, "dispatch") || has_flag(line, "QUEUED"));
}

static bool is_answer(const json_t *line)
{
	size_t i;

	for (i = 0; i < NR_OF(answers); i++)
		if (is_ev(line, answers[i]))
			return !json_object_get(line, "task");
	return false;
}

/* The sequence that the line belongs to, NULL: to none. */
static const char *owner_of(const json_t *line)
{
	if (is_answer(line))
		return SEQUENCE_OF_ANSWERS;
	return belongs_to_task(line) ? text_of(line, "task") : NULL;
}

static void came_to_run(json_t *order, const json_t *line)
{
	const char *task = text_of(line, "task");
	json_t *of_cpu;
	char cpu[24];
	size_t nr;

	snprintf(cpu, sizeof(cpu), "%lld",
		 (long long)json_integer_value(json_object_get(line, "task_cpu")));
	of_cpu = json_object_get(order, cpu);
	if (!of_cpu) {
		of_cpu = json_array();
		json_object_set_new(order, cpu, of_cpu);
	}
	nr = json_array_size(of_cpu);
	if (!nr || strcmp(json_string_value(json_array_get(of_cpu, nr - 1)), task))
		json_array_append_new(of_cpu, json_string(task));
}

int distill(const struct lines_of_run *run, struct sequences *out)
{
	struct noise noise = { .run = run };
	int ret = 0;
	size_t i;

	out->run_order = json_object();
	out->run_order_stable = true;
	noise.drop = mem_zalloc(run->lines.nr + 1);
	for (i = 0; noise.drop && !ret && i < run->lines.nr; i++)
		ret = look_at(&noise, i);
	for (i = 0; noise.drop && !ret && i < run->lines.nr; i++) {
		const json_t *line = run->lines.data[i];
		const char *owner = owner_of(line);
		struct sequence *seq;

		if (!noise.drop[i] && is_ev(line, "running"))
			came_to_run(out->run_order, line);
		if (noise.drop[i] || !owner)
			continue;
		seq = sequence_of(out, owner);
		if (!seq || vec_push(&seq->lines, canonical(line)))
			ret = -ENOMEM;
	}
	if (!noise.drop)
		ret = -ENOMEM;
	free(noise.drop);
	vec_free(&noise.last);
	return ret;
}

/* ---- files that were distilled before */

static int bad_task(const char *name, size_t line, const char *what, const struct error_place *place,
		    struct scxtwin_error *err)
{
	return error_set_at(err, SCXTWIN_EINPUT, place, "task %s, record %zu: %s", name, line, what);
}

static int load_task(const char *name, json_t *task, struct sequences *out,
		     const struct error_place *place, struct scxtwin_error *err)
{
	struct sequence *seq = sequence_of(out, name);
	json_t *lines = json_object_get(task, "seq"), *line;
	const char *fault;
	size_t i;

	if (!seq)
		return error_no_memory(err);
	if (!json_is_array(lines))
		return error_set_at(err, SCXTWIN_EINPUT, place, "task %s has no sequence (\"seq\")", name);
	seq->stable = json_is_true(json_object_get(task, "stable"));
	seq->stable_with_cpus = json_is_true(json_object_get(task, "stable_with_cpus"));
	json_array_foreach(lines, i, line) {
		if (vec_push(&seq->lines, json_incref(line))) {
			json_decref(line);
			return error_no_memory(err);
		}
		fault = record_fault(line);
		if (fault)
			return bad_task(name, i, fault, place, err);
	}
	return 0;
}

int sequences_load(const char *path, struct sequences *out, struct scxtwin_error *err)
{
	json_error_t where;
	json_t *root = json_load_file(path, 0, &where), *tasks = json_object_get(root, "tasks"), *task;
	const struct error_place place = { .file = path, .line = root ? 0 : (u32)where.line };
	const char *name;
	int ret = 0;

	if (!root)
		return error_set_at(err, SCXTWIN_EINPUT, &place, "%s", where.text);
	if (!json_is_object(tasks) || !json_is_object(json_object_get(root, "run_order")))
		ret = error_set_at(err, SCXTWIN_EINPUT, &place,
				   "these are no sequences: they have \"tasks\" and \"run_order\"");
	out->exit_kind = json_integer_value(json_object_get(root, "exit_kind"));
	out->run_order = json_incref(json_object_get(root, "run_order"));
	out->run_order_stable = json_is_true(json_object_get(root, "run_order_stable"));
	json_object_foreach(tasks, name, task)
		ret = ret ?: load_task(name, task, out, &place, err);
	json_decref(root);
	return ret;
}

int sequences_take_answers(struct sequences *to, struct sequences *from)
{
	struct sequence *answers_of = sequences_find(from, SEQUENCE_OF_ANSWERS), *seq;
	bool stable = true;
	json_t **line;

	if (!answers_of)
		return 0;
	vec_for_each(seq, &to->tasks)
		stable &= seq->stable;
	seq = sequence_of(to, SEQUENCE_OF_ANSWERS);
	if (!seq)
		return -ENOMEM;
	seq->stable = stable;
	vec_for_each(line, &answers_of->lines)
		if (vec_push(&seq->lines, json_incref(*line)))
			return -ENOMEM;
	return 0;
}

void sequences_free(struct sequences *s)
{
	struct sequence *seq;
	json_t **line;

	vec_for_each(seq, &s->tasks) {
		vec_for_each(line, &seq->lines)
			json_decref(*line);
		vec_free(&seq->lines);
		free(seq->task);
	}
	vec_free(&s->tasks);
	json_decref(s->run_order);
}
