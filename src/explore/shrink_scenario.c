/* SPDX-License-Identifier: GPL-2.0-only */
#include "explore/shrink_scenario.h"

#include <jansson.h>
#include <string.h>

#include "explore/shrink.h"
#include "workload/json.h"
#include "workload/run.h"

#define SEARCH_SAMPLES	500
#define SEARCH_BOUND	3000

struct scenario_shrinking {
	const struct scxtwin_explore_options *opt;
	const char *file, *violation;
	json_t *best;
	char hash[65];
	struct departures *deps;
	u64 nr;
};

static void ignore_finding(const struct scxtwin_error *err, void *data)
{
	(void)err;
	(void)data;
}

static bool is_same(const struct scenario_shrinking *s, const struct execution *e)
{
	return e->failed && same_violation(e->violation, s->violation);
}

static void take(struct departures *to, struct departures *from)
{
	vec_free(&to->list);
	*to = *from;
	*from = (struct departures){ { .data = NULL } };
}

/* A short search where the departures do not lead there any more. */
static bool find_again(struct scenario_shrinking *s, struct explorer *x, const struct strategy_ops *ops,
		       u32 bound, u64 max)
{
	const struct strategy_cfg cfg = { .seed = 1, .bound = bound, .nr_shards = 1 };
	struct strategy *strategy = strategy_new(ops, &cfg);
	bool more = true, found = false;
	struct execution e;
	struct driver d;
	u64 n;

	if (!strategy || explorer_driver(x, &d, strategy)) {
		strategy_free(strategy);
		return false;
	}
	for (n = 0; n < max && more && !found; n++) {
		more = explorer_run(x, &d, n, &e);
		found = is_same(s, &e);
	}
	s->nr += n;
	if (found)
		take(s->deps, &d.departures);
	driver_free(&d);
	strategy_free(strategy);
	return found;
}

static bool still_fails(struct scenario_shrinking *s, struct explorer *x)
{
	struct departures recorded = { { .data = NULL } };
	struct execution e;
	bool same;

	s->nr++;
	same = !explorer_repeat(x, s->deps, true, &recorded, &e, NULL, 0) && is_same(s, &e);
	if (same)
		take(s->deps, &recorded);
	vec_free(&recorded.list);
	return same || find_again(s, x, &strategy_dfs, 1, SEARCH_BOUND) ||
	       find_again(s, x, &strategy_pos, STRATEGY_NO_BOUND, SEARCH_SAMPLES);
}

static bool fails_with(struct scenario_shrinking *s, struct program *prog)
{
	struct scxtwin_workload w = { .prog = prog };
	struct scxtwin_error err;
	struct explorer x;
	bool fails;

	if (explorer_open(&x, s->opt, &w, &err))
		return false;
	fails = still_fails(s, &x);
	explorer_close(&x);
	return fails;
}

/* Takes the reference to candidate. True: it is the best now. */
static bool try(struct scenario_shrinking *s, json_t *candidate)
{
	char *text = json_dumps(candidate, JSON_INDENT(2));
	struct program *prog = NULL;
	bool better = false;
	u32 nr_errors;

	if (text)
		prog = program_read(s->file, text, strlen(text), ignore_finding, NULL, &nr_errors);
	if (prog && !nr_errors && fails_with(s, prog)) {
		memcpy(s->hash, prog->hash, sizeof(s->hash));
		json_decref(s->best);
		s->best = json_incref(candidate);
		better = true;
	}
	program_free(prog);
	free(text);
	json_decref(candidate);
	return better;
}

/* From a list, which get() finds in a scenario. */
static bool remove_from_list(struct scenario_shrinking *s, json_t *(*get)(json_t *root, size_t n), size_t n)
{
	bool any = false;
	json_t *copy;
	size_t i;

	for (i = json_array_size(get(s->best, n)); i-- > 0; ) {
		copy = json_deep_copy(s->best);
		if (!copy || json_array_remove(get(copy, n), i)) {
			json_decref(copy);
			return any;
		}
		any |= try(s, copy);
	}
	return any;
}

static json_t *tasks_of(json_t *root, size_t n)
{
	(void)n;
	return json_object_get(root, "tasks");
}

static json_t *events_of(json_t *root, size_t n)
{
	(void)n;
	return json_object_get(root, "events");
}

static json_t *steps_of(json_t *root, size_t n)
{
	return json_object_get(json_array_get(json_object_get(root, "tasks"), n), "steps");
}

static bool remove_cpu(struct scenario_shrinking *s)
{
	json_t *copy = json_deep_copy(s->best), *machine = json_object_get(copy, "machine");
	const json_int_t cpus = json_integer_value(json_object_get(machine, "cpus"));

	if (cpus <= 1 || json_object_set_new(machine, "cpus", json_integer(cpus - 1))) {
		json_decref(copy);
		return false;
	}
	return try(s, copy);
}

static bool one_pass(struct scenario_shrinking *s)
{
	bool any = remove_from_list(s, tasks_of, 0);
	size_t n;

	any |= remove_from_list(s, events_of, 0);
	for (n = 0; n < json_array_size(tasks_of(s->best, 0)); n++)
		any |= remove_from_list(s, steps_of, n);
	return any | remove_cpu(s);
}

u64 shrink_scenario(const struct scxtwin_explore_options *opt, const struct scxtwin_workload *w,
		    struct departures *deps, const char *violation, char **text, char *hash)
{
	struct scenario_shrinking s = {
		.opt = opt, .file = w->prog->file, .violation = violation, .deps = deps,
	};
	bool smaller = false;

	*text = NULL;
	s.best = json_load_file(s.file, JSON_REJECT_DUPLICATES, NULL);
	while (s.best && one_pass(&s))
		smaller = true;
	if (smaller) {
		*text = json_dumps(s.best, JSON_INDENT(2));
		memcpy(hash, s.hash, sizeof(s.hash));
	}
	json_decref(s.best);
	return s.nr;
}
