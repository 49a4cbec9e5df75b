/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "base/mem.h"
#include "conform/conform.h"

#define DEFAULT_CONTEXT 3

/* Without the CPU numbers, in which history and speed of the machine show. */
static char *text_of_line(const json_t *line, bool cpus)
{
	static const char *const cpu_keys[] = { "task_cpu", "prev_cpu", "to_cpu" };
	json_t *copy = json_copy((json_t *)line);
	const char *to = json_string_value(json_object_get(copy, "to"));
	char *text;
	size_t i;

	if (!cpus) {
		for (i = 0; i < sizeof(cpu_keys) / sizeof(cpu_keys[0]); i++)
			json_object_del(copy, cpu_keys[i]);
		if (to && !strncmp(to, "LOCAL_ON", 8))
			json_object_set_new(copy, "to", json_string("LOCAL_ON"));
	}
	text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(copy);
	return text;
}

static bool same_line(const json_t *a, const json_t *b, bool cpus)
{
	char *ta = text_of_line(a, cpus), *tb = text_of_line(b, cpus);
	const bool same = ta && tb && !strcmp(ta, tb);

	free(ta);
	free(tb);
	return same;
}

/* The first line in which they differ, or SIZE_MAX. */
static size_t first_difference(const struct sequence *a, const struct sequence *b, bool cpus)
{
	const size_t nr = a->lines.nr < b->lines.nr ? a->lines.nr : b->lines.nr;
	size_t i;

	for (i = 0; i < nr; i++)
		if (!same_line(a->lines.data[i], b->lines.data[i], cpus))
			return i;
	return a->lines.nr == b->lines.nr ? SIZE_MAX : nr;
}

static void show_side(const struct sequence *seq, size_t at, const char *side,
		      const struct scxtwin_conform_options *opt)
{
	const size_t context = opt->context ? opt->context : DEFAULT_CONTEXT;
	const size_t first = at > context ? at - context : 0;
	size_t i;

	conform_tell(opt, "  %s:", side);
	for (i = first; i <= at + context && i < seq->lines.nr; i++) {
		char *text = json_dumps(seq->lines.data[i], JSON_COMPACT);

		conform_tell(opt, "  %s %4zu %s", i == at ? ">" : " ", i, text ? text : "?");
		free(text);
	}
	if (at >= seq->lines.nr)
		conform_tell(opt, "  > %4zu (end)", seq->lines.nr);
}

static const json_t *line_at(const struct sequence *seq, size_t at)
{
	return at < seq->lines.nr ? seq->lines.data[at] : NULL;
}

static void show_rules(const struct sequence *recorded, const struct sequence *twin, size_t at,
		       const struct scxtwin_conform_options *opt)
{
	char rules[256];

	rules_of_difference(line_at(recorded, at), line_at(twin, at), rules, sizeof(rules));
	if (*rules)
		conform_tell(opt, "  rules: %s", rules);
}

static bool compare_task(const struct sequence *recorded, const struct sequence *twin,
			 const struct scxtwin_conform_options *opt)
{
	const bool cpus = recorded->stable_with_cpus;
	const struct sequence none = { .task = recorded->task };
	size_t at;

	twin = twin ? twin : &none;
	at = first_difference(recorded, twin, cpus);
	if (at == SIZE_MAX)
		return true;
	conform_tell(opt, " task %s: record %zu differs", recorded->task, at);
	show_side(recorded, at, "recorded", opt);
	show_side(twin, at, "twin", opt);
	show_rules(recorded, twin, at, opt);
	return false;
}

static void differs(struct scxtwin_conformity *res, const char *task)
{
	res->same = false;
	if (!*res->first_task)
		strlcpy(res->first_task, task, sizeof(res->first_task));
}

static bool compare_exit(const struct sequences *recorded, const struct sequences *twin,
			 const struct scxtwin_conform_options *opt)
{
	char expected[512], got[512];

	normalise_message(recorded->exit_msg, expected, sizeof(expected));
	normalise_message(twin->exit_msg, got, sizeof(got));
	if (recorded->exit_kind == twin->exit_kind && !strcmp(expected, got))
		return true;
	conform_tell(opt, " exit: recorded %lld \"%s\", twin %lld \"%s\"",
		     (long long)recorded->exit_kind, expected, (long long)twin->exit_kind, got);
	conform_tell(opt, "  rules: DERR-01 ERR-01 ERR-02");
	return false;
}

static void show_order(const struct sequences *s, const char *side,
		       const struct scxtwin_conform_options *opt)
{
	char *text = json_dumps(s->run_order, JSON_COMPACT | JSON_SORT_KEYS);

	conform_tell(opt, "  %s: %s", side, text ? text : "?");
	free(text);
}

static bool compare_order(const struct sequences *recorded, const struct sequences *twin,
			  const struct scxtwin_conform_options *opt)
{
	if (!recorded->run_order_stable || json_equal(recorded->run_order, twin->run_order))
		return true;
	conform_tell(opt, " the order in which tasks came to run differs");
	show_order(recorded, "recorded", opt);
	show_order(twin, "twin", opt);
	return false;
}

void compare(struct sequences *recorded, struct sequences *twin, bool run_order,
	     const struct scxtwin_conform_options *opt, struct scxtwin_conformity *res)
{
	struct sequence *seq;

	res->same = true;
	vec_for_each(seq, &recorded->tasks) {
		if (!seq->stable) {
			res->nr_unstable++;
			continue;
		}
		res->nr_tasks++;
		if (compare_task(seq, sequences_find(twin, seq->task), opt))
			res->nr_same++;
		else
			differs(res, seq->task);
	}
	vec_for_each(seq, &twin->tasks) {
		if (!seq->lines.nr || sequences_find(recorded, seq->task))
			continue;
		conform_tell(opt, " task %s: not in the recording", seq->task);
		show_side(seq, 0, "twin", opt);
		differs(res, seq->task);
	}
	if (run_order && !compare_order(recorded, twin, opt))
		res->same = false;
	if (!compare_exit(recorded, twin, opt))
		res->same = false;
}
