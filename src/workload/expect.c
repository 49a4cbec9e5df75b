/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expectations are judged from the event log alone, as any observer could.
 *
 * Wakeup latency: from the acceptance of a wake (or the birth) to the first
 * switch to the task. CPU time of a group: time between switch to and switch
 * away of its tasks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ext/ext.h"
#include "workload/run.h"

static struct wl_task *task_by_pid(s32 pid)
{
	struct task_core *core = pid > 0 ? find_task_by_pid(pid) : NULL;

	return core && core->uops == &workload_user_ops ? core->program : NULL;
}

static struct wl_group *group_of(struct wl_task *t)
{
	struct workload_run *r = t->run;
	const u32 group = r->prog ? r->prog->tasks.data[t->def].group : r->recorded[t->def]->group;

	BUG_ON(group >= r->nr_groups);
	return &r->groups[group];
}

static void becomes_runnable(s32 pid, u64 now)
{
	struct wl_task *t = task_by_pid(pid);

	if (t && t->on_cpu_since == UINT64_MAX && t->runnable_since == UINT64_MAX)
		t->runnable_since = now;
}

static void leaves_cpu(struct wl_task *t, u64 now)
{
	if (t->on_cpu_since != UINT64_MAX)
		group_of(t)->cpu_ns += now - t->on_cpu_since;
	t->on_cpu_since = t->runnable_since = UINT64_MAX;
}

static void gets_cpu(struct wl_task *t, u64 now)
{
	struct wl_group *group = group_of(t);

	if (t->runnable_since != UINT64_MAX && now - t->runnable_since > group->max_latency_ns)
		group->max_latency_ns = now - t->runnable_since;
	t->runnable_since = UINT64_MAX;
	t->on_cpu_since = now;
}

static void see_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct workload_run *r = obs->data;
	struct wl_task *t;

	switch (ev->kind) {
	case SCXTWIN_EV_WAKING:
	case SCXTWIN_EV_WAKEUP:
	case SCXTWIN_EV_WAKEUP_NEW:
		becomes_runnable(ev->task, ev->time_ns);
		break;
	case SCXTWIN_EV_SWITCH:
		t = task_by_pid((s32)ev->a);
		if (t)
			leaves_cpu(t, ev->time_ns);
		t = task_by_pid(ev->task);
		if (t)
			gets_cpu(t, ev->time_ns);
		break;
	case SCXTWIN_EV_SCX_EXIT:
		r->exit_kind = ev->a;
		break;
	default:
		break;
	}
}

void expect_start(struct workload_run *r)
{
	r->nr_groups = r->prog ? (u32)r->prog->groups.nr : (u32)r->w->rec->header.groups.nr;
	if (!r->prog || !r->prog->expectations.nr)
		return;
	r->groups = arena_calloc(this_sim->arena, r->nr_groups + 1, sizeof(*r->groups));
	if (!r->groups)
		return;
	r->observer = (struct scxtwin_observer){ .event = see_event, .data = r };
	event_log_observe(this_sim->events, &r->observer);
	r->observing = true;
}

/* Then what the kernel spends while a task is on its CPU goes on that task's account. */
static bool kernel_takes_time(void)
{
	u32 id;

	for (id = 0; id < NR_COSTS; id++)
		if (machine()->cfg.cost_ns[id])
			return true;
	return false;
}

/* Whether a CPU had to be stopped from passing through schedule() without end at one instant. */
static bool time_was_charged(void)
{
	int cpu;

	for (cpu = 0; cpu < (int)machine()->nr_cpu_ids; cpu++)
		if (mcpu(cpu)->charged)
			return true;
	return false;
}

static bool is_exact(u64 used_ns, u64 demand_ns)
{
	return used_ns == demand_ns || (used_ns > demand_ns && kernel_takes_time());
}

void expect_task_gone(struct wl_task *t)
{
	if (t->run->observing)
		leaves_cpu(t, machine_now());
	t->run->nr_inexact += !is_exact(t->core->task.sum_exec_runtime, t->demand_ns);
}

static u64 total_cpu_ns(const struct workload_run *r)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < r->nr_groups; i++)
		sum += r->groups[i].cpu_ns;
	return sum;
}

/* 1/1000 of all CPU time that the workload's tasks had; 0 if they had none. */
static u64 share_of(const struct workload_run *r, u32 group)
{
	const u64 total = total_cpu_ns(r);

	return total ? (u64)((unsigned __int128)r->groups[group].cpu_ns * 1000 / total) : 0;
}

/* What was found instead; "" if the expectation is met. */
static void judge(const struct workload_run *r, const struct expectation *e, char *text,
		  size_t size)
{
	const char *name = e->group < r->nr_groups ? r->prog->groups.data[e->group] : "";
	const struct wl_group *group = e->group < r->nr_groups ? &r->groups[e->group] : NULL;

	text[0] = '\0';
	switch (e->kind) {
	case EXPECT_EXIT_KIND:
		if (r->exit_kind != e->value)
			snprintf(text, size, "exit kind %" PRIu64 " (%s) was expected, found %" PRIu64
				 " (%s)", e->value, scx_exit_reason((enum scx_exit_kind)e->value),
				 r->exit_kind, scx_exit_reason((enum scx_exit_kind)r->exit_kind));
		break;
	case EXPECT_FINISHED:
		if (workload_done(r) != e->value)
			snprintf(text, size, e->value ? "all tasks should have ended, %u have not" :
				 "some task should not have ended, %u are left", workload_nr_left(r));
		break;
	case EXPECT_MAX_LATENCY:
		if (group->max_latency_ns > e->value)
			snprintf(text, size, "greatest wakeup latency of \"%s\" is %" PRIu64
				 " ns, at most %" PRIu64 " ns was expected", name,
				 group->max_latency_ns, e->value);
		break;
	case EXPECT_SHARE_MIN:
	case EXPECT_SHARE_MAX:
		if (e->kind == EXPECT_SHARE_MIN ? share_of(r, e->group) < e->value :
						  share_of(r, e->group) > e->value)
			snprintf(text, size, "\"%s\" had %" PRIu64 "/1000 of the CPU time, at %s %" PRIu64
				 "/1000 was expected", name, share_of(r, e->group),
				 e->kind == EXPECT_SHARE_MIN ? "least" : "most", e->value);
		break;
	case EXPECT_EXACT_TIME:
		if (e->value && r->nr_inexact)
			snprintf(text, size, "%u tasks used %s CPU time than they asked for%s",
				 r->nr_inexact, kernel_takes_time() ? "less" : "another",
				 time_was_charged() ? "; a CPU was charged time because it scheduled "
				 "without end at one instant" : "");
		break;
	case EXPECT_IMMED_AT_ONCE:
		break; /* told when it happens: workload_expects_immed_at_once() */
	}
}

int expect_check(struct workload_run *r, struct scxtwin_error *err)
{
	const struct expectation *e;
	struct wl_task *t;
	char text[400];

	if (!r->prog || !r->prog->expectations.nr)
		return 0;
	if (!r->observing)
		return error_no_memory(err);
	list_for_each_entry(t, &r->alive, node) {
		const u64 since = t->on_cpu_since;

		leaves_cpu(t, machine_now());
		t->on_cpu_since = since == UINT64_MAX ? since : machine_now();
	}
	vec_for_each(e, &r->prog->expectations) {
		const struct error_place place = { .file = r->prog->file, .line = e->line,
						   .column = e->column };

		judge(r, e, text, sizeof(text));
		if (text[0])
			return error_set_at(err, SCXTWIN_EFAILED, &place, "expectation not met: %s", text);
	}
	return 0;
}

static bool has_expectation(const struct workload_run *r, enum expect_kind kind)
{
	const struct expectation *e;

	if (!r->prog)
		return false;
	vec_for_each(e, &r->prog->expectations)
		if (e->kind == kind)
			return true;
	return false;
}

bool workload_judges_exit(const struct workload_run *r)
{
	return has_expectation(r, EXPECT_EXIT_KIND);
}

bool workload_expects_immed_at_once(const struct workload_run *r)
{
	return has_expectation(r, EXPECT_IMMED_AT_ONCE);
}
