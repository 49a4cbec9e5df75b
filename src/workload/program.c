/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "workload/program.h"
#include "workload/scenario.h"

static const char *const step_names[NR_STEPS] = {
#define X(name, kind) [STEP_##kind] = name,
	PROGRAM_STEPS(X)
#undef X
	[STEP_END_LOOP] = "end of loop",
	[STEP_GATE] = "gate",
	[STEP_AWAIT] = "await",
	[STEP_BPF] = "bpf",
	[STEP_BPF_SPIN] = "bpf_spin",
};

const char *step_name(enum step_kind kind)
{
	BUG_ON(kind >= NR_STEPS);
	return step_names[kind];
}

u64 duration_draw(const struct duration *d, struct rng *rng)
{
	u64 ns = d->a;

	switch (d->kind) {
	case DRAW_FIXED:
		break;
	case DRAW_UNIFORM:
		ns = rng_range(rng, d->a, d->b);
		break;
	case DRAW_EXPONENTIAL:
		ns = rng_exponential(rng, d->a);
		break;
	case DRAW_NORMAL:
		ns = rng_normal(rng, d->a, d->b);
		break;
	}
	return ns < PROGRAM_MAX_NS ? ns : PROGRAM_MAX_NS;
}

u32 cpu_list_count(const struct program *prog, const struct cpu_list *list, u32 nr_cpus)
{
	u32 i, count = 0;

	for (i = 0; i < list->nr; i++) {
		const struct cpu_range *r = &prog->cpu_ranges.data[list->first + i];

		if (r->first < nr_cpus)
			count += (r->last < nr_cpus ? r->last : nr_cpus - 1) - r->first + 1;
	}
	return count;
}

struct program *program_new(const char *file)
{
	struct program *prog = mem_zalloc(sizeof(*prog));

	if (!prog)
		return NULL;
	prog->file = mem_strdup(file);
	prog->name = mem_strdup("");
	if (!prog->file || !prog->name) {
		program_free(prog);
		return NULL;
	}
	return prog;
}

void program_free(struct program *prog)
{
	struct program_task *task;
	char **group;

	if (!prog)
		return;
	vec_for_each(task, &prog->tasks)
		free(task->name);
	vec_for_each(group, &prog->groups)
		free(*group);
	idmap_free(&prog->task_ids);
	idmap_free(&prog->group_ids);
	vec_free(&prog->tasks);
	vec_free(&prog->steps);
	vec_free(&prog->events);
	vec_free(&prog->cpu_ranges);
	vec_free(&prog->groups);
	vec_free(&prog->expectations);
	scenario_free(prog->scenario);
	free(prog->name);
	free(prog->file);
	free(prog);
}

u32 program_group(struct program *prog, const char *name)
{
	const uintptr_t known = (uintptr_t)idmap_get_name(&prog->group_ids, name);
	const size_t nr = prog->groups.nr;
	char *copy;

	if (known)
		return (u32)known - 1;
	copy = mem_strdup(name);
	if (!copy || idmap_add_name(&prog->group_ids, name, (void *)(nr + 1)) ||
	    vec_push(&prog->groups, copy)) {
		idmap_remove_name(&prog->group_ids, name);
		free(copy);
		return UINT32_MAX;
	}
	return (u32)nr;
}

static bool find_task(const struct program *prog, const char *name, u32 *index)
{
	const uintptr_t known = (uintptr_t)idmap_get_name(&prog->task_ids, name);

	if (!known)
		return false;
	*index = (u32)known - 1;
	return true;
}

int program_ref(const struct program *prog, const char *text, struct task_ref *ref)
{
	char name[256];
	const char *dash = strrchr(text, '-');
	u64 instance;

	if (!strcmp(text, "self")) {
		*ref = (struct task_ref){ .kind = REF_SELF };
		return 0;
	}
	ref->instance = 0;
	ref->kind = REF_ALL;
	if (find_task(prog, text, &ref->task))
		return 0;
	if (!dash || (size_t)(dash - text) >= sizeof(name))
		return -ENOENT;
	memcpy(name, text, (size_t)(dash - text));
	name[dash - text] = '\0';
	if (!find_task(prog, name, &ref->task))
		return -ENOENT;
	if (!strcmp(dash, "-@")) {
		ref->kind = REF_PEER;
		return 0;
	}
	if (prog->tasks.data[ref->task].count < 2 ||
	    str_parse_u64(dash + 1, 0, prog->tasks.data[ref->task].count - 1, &instance))
		return -ENOENT;
	ref->kind = REF_ONE;
	ref->instance = (u32)instance;
	return 0;
}

/* State of one check. */
struct check {
	const struct program *prog;
	finding_t report;
	void *data;
	u32 nr_errors;
};

static void __attribute__((format(printf, 4, 5)))
found(struct check *c, u32 line, u32 column, const char *fmt, ...)
{
	const struct error_place place = { .file = c->prog->file, .line = line, .column = column };
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	c->report(c->data, &place, text);
	c->nr_errors++;
}

/*
 * True if a pass through the step lets others run or ends: a task that repeats
 * only steps that do not would never give the simulated CPU back.
 */
static bool gives_way(const struct step *s)
{
	switch (s->kind) {
	case STEP_RUN:
		return !duration_is_zero(&s->time);
	case STEP_SLEEP:
	case STEP_WAIT:
	case STEP_YIELD:
	case STEP_EXIT:
		return true;
	default:
		return false;
	}
}

static void check_loop(struct check *c, u32 begin)
{
	const struct step *loop = &c->prog->steps.data[begin];
	u32 i;

	if (loop->count != PROGRAM_FOREVER)
		return;
	for (i = begin + 1; i < loop->jump; i++) {
		const struct step *s = &c->prog->steps.data[i];

		if (s->kind == STEP_LOOP && !s->count)
			i = s->jump;
		else if (gives_way(s))
			return;
	}
	found(c, loop->line, loop->column,
	      "this loop never ends and never uses CPU time, sleeps, waits or yields");
}

/* Each list of steps must leave migration as it found it, or an exit would be in a disabled section. */
static void check_migration(struct check *c, const struct program_task *task)
{
	u32 depth[PROGRAM_MAX_DEPTH + 1] = { 0 }, level = 0, i;

	for (i = task->first_step; i < task->first_step + task->nr_steps; i++) {
		const struct step *s = &c->prog->steps.data[i];

		if (s->kind == STEP_MIGRATE_DISABLE) {
			depth[level]++;
		} else if (s->kind == STEP_MIGRATE_ENABLE && !depth[level]) {
			found(c, s->line, s->column,
			      "migrate_enable without a migrate_disable before it in the same list");
		} else if (s->kind == STEP_MIGRATE_ENABLE) {
			depth[level]--;
		} else if (s->kind == STEP_LOOP) {
			BUG_ON(level == PROGRAM_MAX_DEPTH);
			depth[++level] = 0;
		} else if (s->kind == STEP_END_LOOP) {
			if (depth[level])
				found(c, s->line, s->column,
				      "a round of this loop leaves migration disabled");
			level--;
		}
	}
	if (depth[0])
		found(c, task->line, task->column,
		      "task \"%s\" ends with migration disabled", task->name);
}

static void check_cpus(struct check *c, const struct cpu_list *list, u32 line, u32 column)
{
	const u32 nr_cpus = c->prog->machine.cpus;

	if (list->nr && nr_cpus && !cpu_list_count(c->prog, list, nr_cpus))
		found(c, line, column, "none of these CPUs is on a machine with %u CPUs", nr_cpus);
}

static void check_step(struct check *c, const struct step *s)
{
	const u32 nr_cpus = c->prog->machine.cpus;

	if (s->kind == STEP_AFFINITY)
		check_cpus(c, &s->cpus, s->line, s->column);
	/* What the core says to a CPU that is not there may be what a scenario is for. */
	if ((s->kind == STEP_HOTPLUG ||
	     (!c->prog->scenario && (s->kind == STEP_KICK || s->kind == STEP_REENQ))) &&
	    nr_cpus && s->cpu >= (s32)nr_cpus)
		found(c, s->line, s->column, "there is no CPU %d on a machine with %u CPUs", s->cpu,
		      nr_cpus);
}

static bool refers_to(const struct task_ref *ref, u32 self, u32 task)
{
	return ref->kind == REF_SELF ? self == task : ref->task == task;
}

/* Somebody must be able to give what a task waits for. */
static void check_waits(struct check *c)
{
	const struct program *prog = c->prog;
	u32 waiter, giver, i;

	for (waiter = 0; waiter < prog->tasks.nr; waiter++) {
		const struct program_task *w = &prog->tasks.data[waiter];
		const struct step *wait = NULL;
		bool given = false;

		for (i = w->first_step; i < w->first_step + w->nr_steps && !wait; i++)
			if (prog->steps.data[i].kind == STEP_WAIT)
				wait = &prog->steps.data[i];
		if (!wait)
			continue;
		for (i = 0; i < prog->events.nr && !given; i++)
			given = prog->events.data[i].step.kind == STEP_WAKE &&
				refers_to(&prog->events.data[i].step.ref, UINT32_MAX, waiter);
		for (giver = 0; giver < prog->tasks.nr && !given; giver++) {
			const struct program_task *g = &prog->tasks.data[giver];

			for (i = g->first_step; i < g->first_step + g->nr_steps && !given; i++)
				given = prog->steps.data[i].kind == STEP_WAKE &&
					refers_to(&prog->steps.data[i].ref, giver, waiter);
		}
		if (!given)
			found(c, wait->line, wait->column,
			      "task \"%s\" waits, but no step and no event wakes it", w->name);
	}
}

u32 program_check(const struct program *prog, finding_t report, void *data)
{
	struct check c = { .prog = prog, .report = report, .data = data };
	const struct program_event *ev;
	const struct program_task *task;
	u32 i;

	vec_for_each(task, &prog->tasks) {
		check_cpus(&c, &task->cpus, task->line, task->column);
		check_migration(&c, task);
		for (i = task->first_step; i < task->first_step + task->nr_steps; i++) {
			check_step(&c, &prog->steps.data[i]);
			if (prog->steps.data[i].kind == STEP_LOOP)
				check_loop(&c, i);
		}
	}
	vec_for_each(ev, &prog->events) {
		check_step(&c, &ev->step);
		if (prog->machine.cpus && ev->on >= prog->machine.cpus)
			found(&c, ev->step.line, ev->step.column,
			      "there is no CPU %u on a machine with %u CPUs", ev->on,
			      prog->machine.cpus);
	}
	if (!prog->incomplete && !prog->scenario)
		check_waits(&c);
	return c.nr_errors;
}
