/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "workload/run.h"
#include "workload/scenario.h"

/* Lines of a recording read at a time when only births are looked for. */
#define LINES_PER_PUMP	4096
/* Read-ahead of all tasks together: a recording that needs more is refused. */
#define MAX_CHUNKS	(1ULL << 22)

void run_fail(struct workload_run *r, enum scxtwin_errcode code, const char *fmt, ...)
{
	va_list args;

	if (r->error.code)
		return;
	r->error.code = code;
	va_start(args, fmt);
	vsnprintf(r->error.msg, sizeof(r->error.msg), fmt, args);
	va_end(args);
	strlcpy(r->error.file, r->prog ? r->prog->file : r->w->rec->path, sizeof(r->error.file));
	machine_stop(code);
}

char *run_task_name(const struct workload_run *r, u32 def, u32 instance, char *buf, size_t size)
{
	if (!r->prog)
		snprintf(buf, size, "%s", r->recorded[def] ? r->recorded[def]->comm : "?");
	else if (r->prog->tasks.data[def].count > 1)
		snprintf(buf, size, "%s-%u", r->prog->tasks.data[def].name, instance);
	else
		snprintf(buf, size, "%s", r->prog->tasks.data[def].name);
	return buf;
}

const struct cpumask *run_cpumask(struct workload_run *r, const struct cpu_list *list)
{
	u32 i, cpu;

	cpumask_clear(r->scratch);
	for (i = 0; i < list->nr; i++) {
		const struct cpu_range *range = &r->prog->cpu_ranges.data[list->first + i];

		for (cpu = range->first; cpu <= range->last && cpu < nr_cpu_ids(); cpu++)
			cpumask_set_cpu(cpu, r->scratch);
	}
	return cpumask_intern(r->scratch);
}

void run_attach(struct workload_run *r)
{
	const int ret = r->host.attach ? r->host.attach() : 0;

	if (ret)
		run_fail(r, SCXTWIN_EFAILED, "the scheduler could not be loaded (error %d)", ret);
}

/* Timers of a CPU that went offline go on where timers of the kernel would: on another one. */
static void move_timers(struct workload_run *r, int from)
{
	const int to = (int)cpumask_first(cpu_online_mask());
	struct wl_task *t;

	list_for_each_entry(t, &r->alive, node) {
		struct mevent *timer = t->core ? &t->core->timer : NULL;

		if (!timer || t->waiting != WAITS_FOR_TIME || timer->cpu != from ||
		    !mevent_pending(timer))
			continue;
		mevent_disarm(timer);
		mevent_set_cpu(timer, to);
		mevent_arm(timer, t->wake_at > machine_now() ? t->wake_at : machine_now());
	}
}

void run_hotplug(struct workload_run *r, int cpu, bool online)
{
	const bool was_online = cpu_online(cpu);

	/* As writing the present state to the sysfs file: nothing happens. */
	if (was_online == online)
		return;
	if (online)
		sched_cpu_up(cpu);
	else if (!sched_cpu_down(cpu))
		move_timers(r, cpu);
}

static bool is_background(const struct wl_task *t)
{
	return t->run->prog && t->run->prog->tasks.data[t->def].background;
}

/* Draws for one purpose of one task come from a stream of their own. */
static void init_stream(struct rng *rng, const char *purpose, const char *name, u64 number)
{
	char key[320];

	snprintf(key, sizeof(key), "workload.%s.%s", purpose, name);
	rng_init(rng, this_sim->seed, key, number);
}

static struct wl_task *new_task(struct workload_run *r, u32 def, u32 instance,
				struct wl_task *parent, bool thread)
{
	struct wl_task *t = pool_zalloc(&r->tasks);
	const char *name;

	if (!t)
		return NULL;
	BUG_ON(def >= r->nr_defs || instance >= r->defs[def].nr_slots);
	t->run = r;
	t->def = def;
	t->instance = instance;
	t->is_thread = thread;
	t->slot = &r->defs[def].slots[instance];
	t->runnable_since = t->on_cpu_since = UINT64_MAX;
	INIT_LIST_HEAD(&t->children);
	INIT_LIST_HEAD(&t->sibling);
	INIT_LIST_HEAD(&t->calls);
	name = r->prog ? r->prog->tasks.data[def].name : "";
	init_stream(&t->rng[STREAM_RUN], "run", name, r->prog ? r->defs[def].nr_born : def);
	init_stream(&t->rng[STREAM_SLEEP], "sleep", name, r->prog ? r->defs[def].nr_born : def);
	r->defs[def].nr_born++;
	r->nr_unborn -= !r->prog;
	list_add_tail(&t->node, &r->alive);
	r->nr_alive += !is_background(t);
	t->slot->task = t;
	if (parent) {
		t->parent = parent;
		list_add_tail(&t->sibling, &parent->children);
		parent->nr_children += !thread;
	}
	return t;
}

static void end_of_linger(struct mevent *ev)
{
	(void)ev;
	machine_stop(0);
}

/* A recording goes on for a moment, so that what ends with the last task is still seen. */
static void stop_if_done(struct workload_run *r)
{
	if (!workload_done(r))
		return;
	if (r->prog && r->prog->scenario)
		mevent_arm(&r->end_timer, machine_now() + SCENARIO_LINGER_NS);
	else
		machine_stop(0);
}

/* The tie between parent and child ends when either does. */
static void leave_family(struct wl_task *t)
{
	struct wl_task *parent = t->parent, *child, *next;

	list_for_each_entry_safe(child, next, &t->children, sibling) {
		list_del_init(&child->sibling);
		child->parent = NULL;
	}
	if (!parent)
		return;
	list_del_init(&t->sibling);
	t->parent = NULL;
	if (t->is_thread)
		return;
	BUG_ON(!parent->nr_children);
	parent->nr_children--;
	if (!parent->nr_children && parent->waiting == WAITS_FOR_CHILDREN)
		wake_up_process(&parent->core->task);
}

static void release_task(struct wl_task *t)
{
	struct workload_run *r = t->run;
	struct wl_event *ev, *next;

	leave_family(t);
	list_for_each_entry_safe(ev, next, &t->calls, call_node)
		list_del_init(&ev->call_node);
	if (t->slot->task == t)
		t->slot->task = NULL;
	list_del_init(&t->node);
	BUG_ON(!r->nr_alive && !is_background(t));
	r->nr_alive -= !is_background(t);
	pool_free(&r->tasks, t);
}

void run_task_ends(struct wl_task *t)
{
	leave_family(t);
}

void run_task_gone(struct wl_task *t)
{
	struct workload_run *r = t->run;

	BUG_ON(!t->core);
	expect_task_gone(t);
	release_task(t);
	stop_if_done(r);
}

static void birth_of_program(struct workload_run *r, u32 def, struct wl_task *parent,
			     struct task_birth *birth, struct sched_attr *attr)
{
	const struct program_task *task = &r->prog->tasks.data[def];

	attr->policy = task->attr.policy;
	attr->nice = task->attr.nice;
	attr->rt_priority = task->attr.rt_priority;
	birth->attr = task->inherits_attr && parent ? NULL : attr;
	if (task->cpus.nr)
		birth->cpus = run_cpumask(r, &task->cpus);
	else if (!parent)
		birth->cpus = cpu_possible_mask();
	birth->group = task->group;
	birth->flags = task->background ? PF_KTHREAD : 0;
}

static void birth_of_recorded(struct workload_run *r, u32 def, struct task_birth *birth,
			      struct sched_attr *attr)
{
	const struct rec_event *task = r->recorded[def];

	BUG_ON(!task);
	attr->policy = task->attr.policy;
	attr->nice = task->attr.nice;
	attr->rt_priority = task->attr.rt_priority;
	birth->attr = attr;
	birth->flags = task->kthread ? PF_KTHREAD : 0;
	birth->group = task->group;
	birth->cpus = task->cpu >= 0 && (u32)task->cpu < nr_cpu_ids() ?
		cpumask_of(task->cpu) : cpu_possible_mask();
	/* The recorded number if it is free here: logs can be laid side by side. */
	birth->pid = task->pid > 0 && !find_task_by_pid(task->pid) ? task->pid : 0;
}

bool run_give_birth(struct workload_run *r, u32 def, u32 instance, struct wl_task *parent,
		    bool thread)
{
	struct wl_task *t = new_task(r, def, instance, parent, thread);
	struct sched_attr attr = { 0 };
	struct task_birth birth = { .uops = &workload_user_ops, .program = t };
	char name[300];
	int ret = 0;

	if (!t) {
		run_fail(r, SCXTWIN_EINTERNAL, "out of memory");
		return false;
	}
	if (parent) {
		birth.parent = &parent->core->task;
		birth.tgid = thread ? parent->core->task.tgid : 0;
	}
	birth.comm = run_task_name(r, def, instance, name, sizeof(name));
	if (r->prog)
		birth_of_program(r, def, parent, &birth, &attr);
	else
		birth_of_recorded(r, def, &birth, &attr);
	if (sched_fork_and_wake(&birth, &ret))
		return true;
	release_task(t);
	run_fail(r, SCXTWIN_EFAILED, "task %s could not be forked (error %d)", name, ret);
	return false;
}

/* Recordings: puts a line where its task will find it. */
static bool take_task_line(struct workload_run *r, const struct rec_event *ev)
{
	const bool closed = r->w->rec->header.wakeups == SCXTWIN_CLOSED_LOOP;
	struct rec_birth *birth;

	r->recorded[ev->task] = arena_zalloc(this_sim->arena, sizeof(*ev));
	r->defs[ev->task].slots = arena_zalloc(this_sim->arena, sizeof(struct wl_slot));
	if (!r->recorded[ev->task] || !r->defs[ev->task].slots)
		return false;
	*r->recorded[ev->task] = *ev;
	r->defs[ev->task].nr_slots = 1;
	if (closed && ev->other != REC_NO_TASK)
		return true;
	birth = arena_zalloc(this_sim->arena, sizeof(*birth));
	if (!birth)
		return false;
	birth->at = ev->at;
	birth->task = ev->task;
	list_add_tail(&birth->node, &r->due);
	return true;
}

static bool take_line(struct workload_run *r, const struct rec_event *ev)
{
	const struct rec_item item = { .ns = ev->ns, .other = ev->other, .kind = ev->kind };
	struct rec_queue *queue;

	if (ev->kind == REC_TASK)
		return take_task_line(r, ev);
	queue = &r->defs[ev->task].slots->queue;
	queue->complete = ev->kind == REC_EXIT || ev->kind == REC_LEFT;
	return rec_queue_push(queue, &r->chunks, &item);
}

bool run_read_ahead(struct workload_run *r)
{
	struct rec_event ev;
	int ret;

	if (r->read_all)
		return false;
	ret = rec_reader_next(r->reader, &ev, r->error.code ? NULL : &r->error);
	if (ret <= 0) {
		r->read_all = true;
		if (ret < 0)
			machine_stop(ret);
		return false;
	}
	r->nr_lines++;
	r->read_at = ev.at;
	if (!take_line(r, &ev))
		run_fail(r, SCXTWIN_EINTERNAL, "out of memory");
	else if (r->chunks.nr_used > MAX_CHUNKS)
		run_fail(r, SCXTWIN_EINTERNAL,
			 "tasks have drifted too far apart: more than %llu lines of read-ahead",
			 MAX_CHUNKS * REC_CHUNK_ITEMS);
	return !r->error.code;
}

/* The next birth from outside is known, or none is near. False: there will be none. */
static bool next_recorded_birth(struct workload_run *r, u64 *at)
{
	u32 lines = 0;

	while (list_empty(&r->due) && (lines++ < LINES_PER_PUMP || r->read_at <= machine_now()))
		if (!run_read_ahead(r))
			break;
	if (!list_empty(&r->due))
		*at = list_first_entry(&r->due, struct rec_birth, node)->at;
	else
		*at = r->read_at; /* to look again */
	return !list_empty(&r->due) || !r->read_all;
}

static bool next_birth_at(struct workload_run *r, u64 *at)
{
	if (!r->prog)
		return next_recorded_birth(r, at);
	if (r->next_birth == r->nr_births)
		return false;
	*at = r->births[r->next_birth].at;
	return true;
}

/* The births that are due; false if there was none. */
static bool one_birth(struct workload_run *r)
{
	u64 at;

	if (r->error.code || !next_birth_at(r, &at) || at > machine_now())
		return false;
	if (r->prog) {
		const struct wl_birth *b = &r->births[r->next_birth++];

		BUG_ON(!r->nr_unborn);
		r->nr_unborn--;
		return run_give_birth(r, b->def, b->instance, NULL, false);
	}
	if (!list_empty(&r->due)) {
		struct rec_birth *b = list_first_entry(&r->due, struct rec_birth, node);

		list_del_init(&b->node);
		return run_give_birth(r, b->task, 0, NULL, false);
	}
	return true;
}

static void arm_births(struct workload_run *r)
{
	u64 at;

	if (!r->error.code && next_birth_at(r, &at))
		mevent_arm(&r->birth_timer, at > machine_now() ? at : machine_now());
}

static void births_fn(void *arg)
{
	struct workload_run *r = arg;

	while (one_birth(r))
		;
	arm_births(r);
	stop_if_done(r);
}

static void first_births_fn(void *arg)
{
	struct workload_run *r = arg;

	if (!r->prog || !r->prog->own_attach)
		run_attach(r);
	if (!r->error.code)
		births_fn(r);
}

static void births_due(struct mevent *timer)
{
	struct workload_run *r = container_of(timer, struct workload_run, birth_timer);

	ctx_spawn_service(smp_processor_id(), "births", births_fn, r);
}

static void run_begins(struct mevent *timer)
{
	struct workload_run *r = container_of(timer, struct workload_run, birth_timer);

	mevent_init(&r->birth_timer, RANK_OUTSIDE, 0, births_due, "births");
	ctx_spawn_service(smp_processor_id(), "births", first_births_fn, r);
}

static void event_service(void *arg)
{
	struct wl_event *ev = arg;

	exec_call(ev->run, NULL, &ev->ev->step);
}

static void hand_to_task(struct wl_event *ev)
{
	const struct task_ref *by = &ev->ev->by;
	struct wl_task *t = ev->run->defs[by->task].slots[by->instance].task;
	char name[300];

	if (t) {
		list_add_tail(&ev->call_node, &t->calls);
		return;
	}
	run_fail(ev->run, SCXTWIN_EFAILED, "the event at %" PRIu64 " ns is a call of %s, which is not there",
		 ev->ev->at, run_task_name(ev->run, by->task, by->instance, name, sizeof(name)));
}

static void event_due(struct mevent *timer)
{
	struct wl_event *ev = container_of(timer, struct wl_event, timer);
	int cpu = timer->cpu;

	if (!cpu_online(cpu)) {
		cpu = (int)cpumask_next(cpu, cpu_online_mask());
		if ((u32)cpu >= nr_cpu_ids())
			cpu = (int)cpumask_first(cpu_online_mask());
		mevent_set_cpu(timer, cpu);
		mevent_arm(timer, machine_now());
		return;
	}
	if (ev->ev->by_task)
		hand_to_task(ev);
	else if (step_sleeps(ev->ev->step.kind))
		ctx_spawn_service(cpu, step_name(ev->ev->step.kind), event_service, ev);
	else
		exec_call(ev->run, NULL, &ev->ev->step);
}

static int arm_events(struct workload_run *r)
{
	u32 i;

	r->events = arena_calloc(this_sim->arena, r->prog->events.nr + 1, sizeof(*r->events));
	if (!r->events)
		return -ENOMEM;
	for (i = 0; i < r->prog->events.nr; i++) {
		struct wl_event *ev = &r->events[i];

		ev->run = r;
		ev->ev = &r->prog->events.data[i];
		INIT_LIST_HEAD(&ev->call_node);
		mevent_init(&ev->timer, RANK_OUTSIDE, (int)ev->ev->on, event_due,
			    step_name(ev->ev->step.kind));
		ev->timer.anytime = ev->ev->anytime;
		mevent_arm(&ev->timer, ev->ev->at);
	}
	return 0;
}

static int by_time(const void *pa, const void *pb)
{
	const struct wl_birth *a = pa, *b = pb;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->def != b->def)
		return a->def < b->def ? -1 : 1;
	return a->instance < b->instance ? -1 : 1;
}

static int plan_births(struct workload_run *r)
{
	u64 nr = 0;
	u32 def, i;

	for (def = 0; def < r->nr_defs; def++)
		nr += r->prog->tasks.data[def].count;
	r->births = arena_calloc(this_sim->arena, nr + 1, sizeof(*r->births));
	if (!r->births)
		return -ENOMEM;
	for (def = 0; def < r->nr_defs; def++) {
		const struct program_task *task = &r->prog->tasks.data[def];

		for (i = 0; i < task->count; i++) {
			struct rng rng;

			init_stream(&rng, "start", task->name, i);
			r->births[r->nr_births++] = (struct wl_birth){
				.at = duration_draw(&task->start, &rng), .def = def, .instance = i,
			};
		}
	}
	BUG_ON(r->nr_births != nr);
	qsort(r->births, nr, sizeof(*r->births), by_time);
	r->nr_unborn = nr;
	return 0;
}

static int prepare_program(struct workload_run *r)
{
	u32 def, depth = 0;

	r->nr_defs = (u32)r->prog->tasks.nr;
	r->defs = arena_calloc(this_sim->arena, r->nr_defs + 1, sizeof(*r->defs));
	if (!r->defs)
		return -ENOMEM;
	for (def = 0; def < r->nr_defs; def++) {
		const struct program_task *task = &r->prog->tasks.data[def];

		r->defs[def].nr_slots = task->count ? task->count : 1;
		r->defs[def].slots = arena_calloc(this_sim->arena, r->defs[def].nr_slots,
						  sizeof(struct wl_slot));
		if (!r->defs[def].slots)
			return -ENOMEM;
		depth = task->depth > depth ? task->depth : depth;
	}
	pool_init(&r->tasks, this_sim->arena, sizeof(struct wl_task) + depth * sizeof(u64));
	return plan_births(r) ?: arm_events(r);
}

static int prepare_recording(struct workload_run *r, struct scxtwin_error *err)
{
	const struct rec_header *header = &r->w->rec->header;

	r->nr_defs = header->nr_tasks;
	r->nr_unborn = header->nr_tasks;
	r->defs = arena_calloc(this_sim->arena, r->nr_defs + 1, sizeof(*r->defs));
	r->recorded = arena_calloc(this_sim->arena, r->nr_defs + 1, sizeof(*r->recorded));
	if (!r->defs || !r->recorded)
		return error_no_memory(err);
	pool_init(&r->tasks, this_sim->arena, sizeof(struct wl_task));
	pool_init(&r->chunks, this_sim->arena, sizeof(struct rec_chunk));
	r->reader = rec_reader_new(r->w->rec, err);
	return r->reader ? 0 : SCXTWIN_EINPUT;
}

/* The machine may be another than the one the file asks for: masks are judged again. */
struct fit {
	struct scxtwin_error *err;
	int ret;
};

static void does_not_fit(void *data, const struct error_place *place, const char *text)
{
	struct fit *fit = data;

	if (!fit->ret)
		fit->ret = error_set_at(fit->err, SCXTWIN_EINPUT, place, "%s", text);
}

static int check_fit(const struct program *prog, struct scxtwin_error *err)
{
	struct program on_this = *prog;
	struct fit fit = { .err = err };

	on_this.machine.cpus = nr_cpu_ids();
	program_check(&on_this, does_not_fit, &fit);
	return fit.ret;
}

struct workload_run *workload_start(struct scxtwin_workload *w, const struct workload_host *host,
				    struct scxtwin_error *err)
{
	struct workload_run *r;
	int ret;

	if (w->prog && check_fit(w->prog, err))
		return NULL;
	r = arena_zalloc(this_sim->arena, sizeof(*r));
	if (!r) {
		error_no_memory(err);
		return NULL;
	}
	r->w = w;
	r->prog = w->prog;
	r->host = *host;
	INIT_LIST_HEAD(&r->alive);
	INIT_LIST_HEAD(&r->due);
	r->scratch = cpumask_alloc_array(1);
	/* First of all at instant 0, so that the scheduler is there when something happens. */
	mevent_init(&r->birth_timer, RANK_OUTSIDE, 0, run_begins, "begin");
	mevent_arm(&r->birth_timer, 0);
	mevent_init(&r->end_timer, RANK_OUTSIDE, 0, end_of_linger, "end");
	if (w->prog && w->prog->scenario)
		scenario_brief_policy(w->prog->scenario);
	ret = w->prog ? prepare_program(r) : prepare_recording(r, err);
	if (ret == -ENOMEM || !r->scratch)
		ret = error_no_memory(err);
	if (ret) {
		workload_stop(r);
		return NULL;
	}
	expect_start(r);
	return r;
}

bool workload_done(const struct workload_run *r)
{
	return !workload_nr_left(r);
}

u32 workload_nr_left(const struct workload_run *r)
{
	return r->nr_alive + (u32)r->nr_unborn;
}

/* Can anything still give a wake? Otherwise who waits for one waits for ever. */
static bool somebody_can_act(const struct workload_run *r)
{
	const struct wl_task *t;
	u32 i;

	if (r->nr_unborn)
		return true;
	list_for_each_entry(t, &r->alive, node)
		if (t->waiting == WAITS_FOR_NOTHING || t->waiting == WAITS_FOR_TIME)
			return true;
	for (i = 0; r->prog && i < r->prog->events.nr; i++)
		if (mevent_pending(&r->events[i].timer))
			return true;
	return false;
}

static void describe(const struct wl_task *t, char *what, size_t size)
{
	const char *nobody = somebody_can_act(t->run) ? "" : " that nobody is left to give";
	const u64 since_us = t->waits_since / NSEC_PER_USEC;
	char since[64];

	snprintf(since, sizeof(since), "since %" PRIu64 ".%03" PRIu64 " ms", since_us / 1000,
		 since_us % 1000);
	if (t->core && t->core->ctx)
		snprintf(what, size, "is inside a call that has not returned");
	else if (t->waiting == WAITS_FOR_WAKE)
		snprintf(what, size, "waits for a wake%s (%s)", nobody, since);
	else if (t->waiting == WAITS_FOR_CHILDREN)
		snprintf(what, size, "waits for %u children (%s)", t->nr_children, since);
	else if (t->waiting == WAITS_FOR_TIME)
		snprintf(what, size, "sleeps until %" PRIu64 " ns (%s)", t->wake_at, since);
	else
		snprintf(what, size, "has %" PRIu64 " ns of CPU time to go in this step",
			 t->core ? t->core->burst_ns : 0);
}

bool workload_task_left(const struct workload_run *r, u32 n, char *text, size_t size)
{
	const struct wl_task *t;
	char what[200], name[300];

	list_for_each_entry(t, &r->alive, node) {
		if (n--)
			continue;
		describe(t, what, sizeof(what));
		run_task_name(r, t->def, t->instance, name, sizeof(name));
		if (t->core)
			snprintf(text, size, "pid %d %s: %s", t->core->task.pid, name, what);
		else
			snprintf(text, size, "%s: was born and has not run yet", name);
		return true;
	}
	if (!r->prog || r->next_birth + n >= r->nr_births)
		return false;
	snprintf(text, size, "%s: would have been born at %" PRIu64 " ns",
		 run_task_name(r, r->births[r->next_birth + n].def,
			       r->births[r->next_birth + n].instance, name, sizeof(name)),
		 r->births[r->next_birth + n].at);
	return true;
}

int workload_error(const struct workload_run *r, struct scxtwin_error *err)
{
	if (r->error.code && err)
		*err = r->error;
	return r->error.code;
}

/* Waiting for what cannot come is a fault, unless the file says that tasks will be left. */
static int check_waits(struct workload_run *r, struct scxtwin_error *err)
{
	const struct expectation *e;
	char text[400] = "";

	if (list_empty(&r->alive) || somebody_can_act(r))
		return 0;
	if (r->prog)
		vec_for_each(e, &r->prog->expectations)
			if (e->kind == EXPECT_FINISHED && !e->value)
				return 0;
	workload_task_left(r, 0, text, sizeof(text));
	return error_set(err, SCXTWIN_EFAILED, "%u tasks can never end; the first: %s", r->nr_alive,
			 text);
}

int workload_finish(struct workload_run *r, struct scxtwin_error *err)
{
	return workload_error(r, err) ?: expect_check(r, err) ?: check_waits(r, err);
}

void workload_stop(struct workload_run *r)
{
	if (r->observing)
		event_log_unobserve(this_sim->events, &r->observer);
	r->observing = false;
	rec_reader_free(r->reader);
	r->reader = NULL;
}
