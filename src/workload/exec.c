/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The executor: user_ops.next() takes steps of a task until one of them needs
 * the CPU, sleeps, or calls into the kernel.
 */
#include "ext/ext.h"
#include "policy/recorder.h"
#include "workload/run.h"
#include "workload/scenario.h"

#include <scxtwin/kfunc.h>

/* Steps of one task at one instant: beyond this it will never end. */
#define MAX_STEPS_AT_INSTANT 10000000ULL
/* CPU time between two looks of a task that keeps its CPU until something happens. */
#define SPIN_NS (50 * NSEC_PER_USEC)
/* The recorder's loop had a number of rounds, which took 1.2 to 5 s. */
#define AWAIT_LIMIT_NS	(2 * NSEC_PER_SEC)

static struct wl_task *task_of(struct task_core *core)
{
	BUG_ON(core->uops != &workload_user_ops);
	return core->program;
}

/* The task's present step; the one behind the last is the exit. */
static const struct step *program_step(const struct wl_task *t)
{
	static const struct step end = { .kind = STEP_EXIT };
	const struct program_task *def = &t->run->prog->tasks.data[t->def];

	if (t->pc == def->nr_steps)
		return &end;
	BUG_ON(t->pc > def->nr_steps);
	return &t->run->prog->steps.data[def->first_step + t->pc];
}

static void queue_pop(struct wl_task *t, struct rec_item *item)
{
	struct rec_queue *q = &t->slot->queue;

	while (!q->head && !q->complete && run_read_ahead(t->run))
		;
	if (!q->head) {
		/* Damaged: the reader reported that the chain of this task has no end. */
		*item = (struct rec_item){ .kind = REC_LEFT };
		return;
	}
	rec_queue_pop(q, &t->run->chunks, item);
}

/* False if in this mode the line asks nothing of the task. */
static bool step_of_item(struct wl_task *t, const struct rec_item *item)
{
	const bool closed = t->run->w->rec->header.wakeups == SCXTWIN_CLOSED_LOOP;
	struct step *s = &t->own;

	*s = (struct step){ .ref = { REF_ONE, item->other, 0 }, .time = { DRAW_FIXED, item->ns, 0 } };
	switch (item->kind) {
	case REC_RUN:
		s->kind = STEP_RUN;
		return true;
	case REC_WAKE:
		s->kind = STEP_WAKE;
		return closed;
	case REC_FORK:
		s->kind = STEP_FORK;
		return closed;
	case REC_SLEEP:
		s->kind = closed && item->other != REC_NO_TASK ? STEP_WAIT : STEP_UNTIL;
		return true;
	default:
		s->kind = STEP_EXIT;
		return true;
	}
}

static const struct step *recorded_step(struct wl_task *t)
{
	struct rec_item item;

	while (!t->own_valid) {
		queue_pop(t, &item);
		t->own_valid = step_of_item(t, &item);
	}
	return &t->own;
}

static const struct step *present_step(struct wl_task *t)
{
	return t->run->prog ? program_step(t) : recorded_step(t);
}

static void step_done(struct wl_task *t)
{
	t->waiting = WAITS_FOR_NOTHING;
	t->own_valid = false;
	t->pc++;
}

static bool take_token(struct wl_task *t)
{
	if (!READ_ONCE(t->slot->tokens))
		return false;
	t->slot->tokens--;
	return true;
}

static void begin_waiting(struct wl_task *t, enum wl_waiting what)
{
	if (t->waiting != what)
		t->waits_since = machine_now();
	t->waiting = what;
	WRITE_ONCE(t->core->task.__state, TASK_INTERRUPTIBLE);
}

/* As a futex: what was given before is taken without sleeping. */
static bool wait_for_wake(struct wl_task *t)
{
	/* The state comes first: a waker that gives between test and schedule() resets it. */
	begin_waiting(t, WAITS_FOR_WAKE);
	if (!take_token(t))
		return true;
	WRITE_ONCE(t->core->task.__state, TASK_RUNNING);
	step_done(t);
	return false;
}

static bool wait_for_children(struct wl_task *t)
{
	begin_waiting(t, WAITS_FOR_CHILDREN);
	if (READ_ONCE(t->nr_children))
		return true;
	WRITE_ONCE(t->core->task.__state, TASK_RUNNING);
	step_done(t);
	return false;
}

static void timer_fires(struct mevent *ev)
{
	struct task_core *core = container_of(ev, struct task_core, timer);

	wake_up_process(&core->task);
}

/* Sleeps until wake_at; false if that is over. The timer sits on the CPU where the task went to sleep. */
static bool wait_for_time(struct wl_task *t, const struct step *s)
{
	struct task_core *core = t->core;

	if (t->waiting == WAITS_FOR_TIME) {
		if (mevent_pending(&core->timer)) {
			begin_waiting(t, WAITS_FOR_TIME);
			return true;
		}
		step_done(t);
		return false;
	}
	if (s->kind == STEP_SLEEP)
		t->wake_at = machine_now() + duration_draw(&s->time, &t->rng[STREAM_SLEEP]);
	else
		t->wake_at = s->time.a;
	if (s->kind == STEP_UNTIL && t->wake_at <= machine_now()) {
		step_done(t);
		return false;
	}
	mevent_init(&core->timer, RANK_TIMER, smp_processor_id(), timer_fires, "sleep");
	begin_waiting(t, WAITS_FOR_TIME);
	mevent_arm(&core->timer, t->wake_at);
	return true;
}

static bool start_burst(struct wl_task *t, const struct step *s)
{
	const u64 ns = duration_draw(&s->time, &t->rng[STREAM_RUN]);

	step_done(t);
	t->core->burst_ns = ns;
	t->demand_ns += ns;
	return ns;
}

static bool spin(struct wl_task *t, u64 ns)
{
	t->core->burst_ns = ns;
	t->demand_ns += ns;
	return true;
}

/* As a loop that reads a variable again and again, and gives up in the end. */
static bool await_gate(struct wl_task *t, const struct step *s)
{
	if (!t->spinning)
		t->wake_at = machine_now() + AWAIT_LIMIT_NS;
	t->spinning = recorder_gate() < s->count && machine_now() < t->wake_at;
	if (t->spinning)
		return spin(t, SPIN_NS);
	step_done(t);
	return false;
}

/* A program outside callbacks: the kernel keeps the task from migrating meanwhile. */
static bool bpf_spin(struct wl_task *t, const struct step *s)
{
	if (!t->spinning) {
		t->spinning = true;
		t->wake_at = machine_now() + s->time.a;
		recorder_note(RECORD_WINDOW, true, 0);
		migrate_disable();
	}
	if (machine_now() < t->wake_at)
		return spin(t, t->wake_at - machine_now() < SPIN_NS ? t->wake_at - machine_now() :
								      SPIN_NS);
	t->spinning = false;
	recorder_note(RECORD_WINDOW, false, 0);
	migrate_enable();
	step_done(t);
	return false;
}

static void enter_loop(struct wl_task *t, const struct step *s)
{
	const u32 begin = t->run->prog->tasks.data[t->def].first_step;

	/* Jumps are absolute, the program counter counts from the task's first step. */
	if (!s->count || s->jump == begin + t->pc + 1) {
		t->pc = s->jump - begin + 1;
		return;
	}
	t->loops[t->depth++] = s->count;
	t->pc++;
}

static void end_round(struct wl_task *t, const struct step *s)
{
	u64 *left = &t->loops[t->depth - 1];

	BUG_ON(!t->depth || !*left);
	if (*left != PROGRAM_FOREVER && !--*left) {
		t->depth--;
		t->pc++;
		return;
	}
	t->pc = s->jump - t->run->prog->tasks.data[t->def].first_step + 1;
}

/* Time that stands still for ever is a fault of the workload, not a reason to hang. */
static bool stands_still(struct wl_task *t)
{
	if (t->instant != machine_now()) {
		t->instant = machine_now();
		t->nr_at_instant = 0;
	}
	if (t->nr_at_instant++ < MAX_STEPS_AT_INSTANT)
		return false;
	run_fail(t->run, SCXTWIN_EFAILED, "pid %d %s took %llu steps at one instant",
		 t->core->task.pid, t->core->task.comm, MAX_STEPS_AT_INSTANT);
	return true;
}

static void call_step(struct task_core *core, void *arg)
{
	struct wl_task *t = task_of(core);

	exec_call(t->run, t, arg);
}

static enum user_action system_call(struct wl_task *t, const struct step *s)
{
	if (step_sleeps(s->kind)) {
		t->core->call = call_step;
		t->core->call_arg = (void *)s;
		return USER_CALL;
	}
	exec_call(t->run, t, s);
	return USER_AGAIN;
}

/* An outside event that names this task as the caller. */
static bool take_call(struct wl_task *t, enum user_action *action)
{
	struct wl_event *ev = list_first_entry_or_null(&t->calls, struct wl_event, call_node);

	if (!ev)
		return false;
	list_del_init(&ev->call_node);
	*action = system_call(t, &ev->ev->step);
	return true;
}

/* Recordings tell when a step begins that acts on others. */
static void mark(const struct wl_task *t, const struct step *s)
{
	if (s->text)
		recorder_step(&t->core->task, t->run->prog->scenario->texts.data[s->text - 1]);
}

static enum user_action user_next(struct task_core *core)
{
	struct wl_task *t = task_of(core);
	enum user_action action;

	t->core = core;
	while (!stands_still(t)) {
		const struct step *s;

		if (t->waiting == WAITS_FOR_NOTHING && take_call(t, &action))
			return action;
		s = present_step(t);
		switch (s->kind) {
		case STEP_RUN:
			if (start_burst(t, s))
				return USER_RUN;
			break;
		case STEP_SLEEP:
		case STEP_UNTIL:
			if (wait_for_time(t, s))
				return USER_BLOCK;
			break;
		case STEP_WAIT:
			if (wait_for_wake(t))
				return USER_BLOCK;
			break;
		case STEP_AWAIT:
			if (await_gate(t, s))
				return USER_RUN;
			break;
		case STEP_BPF_SPIN:
			if (!t->spinning)
				mark(t, s);
			if (bpf_spin(t, s))
				return USER_RUN;
			break;
		case STEP_WAITPID:
			if (t->waiting == WAITS_FOR_NOTHING)
				mark(t, s);
			if (wait_for_children(t))
				return USER_BLOCK;
			break;
		case STEP_LOOP:
			enter_loop(t, s);
			break;
		case STEP_END_LOOP:
			end_round(t, s);
			break;
		case STEP_YIELD:
			mark(t, s);
			step_done(t);
			return USER_YIELD;
		case STEP_EXIT:
			mark(t, s);
			run_task_ends(t);
			return USER_EXIT;
		default:
			mark(t, s);
			step_done(t);
			return system_call(t, s);
		}
	}
	run_task_ends(t);
	return USER_EXIT;
}

static void user_gone(struct task_core *core)
{
	run_task_gone(task_of(core));
}

const struct user_ops workload_user_ops = { .next = user_next, .gone = user_gone };

/* The i-th task that ref speaks of, NULL beyond the last. */
static struct wl_slot *slot_of(struct workload_run *r, struct wl_task *self,
			       const struct task_ref *ref, u32 i)
{
	struct wl_def *def;

	if (ref->kind == REF_SELF) {
		BUG_ON(!self);
		return i ? NULL : self->slot;
	}
	BUG_ON(ref->task >= r->nr_defs);
	def = &r->defs[ref->task];
	if (ref->kind == REF_ALL)
		return i < def->nr_slots ? &def->slots[i] : NULL;
	if (i)
		return NULL;
	if (ref->kind == REF_PEER)
		return &def->slots[(self ? self->instance : 0) % def->nr_slots];
	BUG_ON(ref->instance >= def->nr_slots);
	return &def->slots[ref->instance];
}

static void give_wake(struct wl_slot *slot)
{
	struct wl_task *t;

	yield_point(&slot->tokens, YIELD_RMW, "slot->tokens");
	slot->tokens++; /* in one step: wakes from several CPUs all count */
	object_written(&slot->tokens);
	t = slot->task;
	if (t && t->waiting == WAITS_FOR_WAKE)
		wake_up_process(&t->core->task);
}

static void change_affinity(struct workload_run *r, struct task_core *core,
			    const struct cpu_list *list)
{
	set_cpus_allowed(&core->task, run_cpumask(r, list));
}

static void change_attr(struct task_core *core, const struct step *s)
{
	const struct sched_attr attr = {
		.policy = s->attr.policy,
		.nice = s->attr.nice,
		.rt_priority = s->attr.rt_priority,
	};

	if (s->kind == STEP_NICE)
		set_user_nice(&core->task, s->attr.nice);
	else
		sched_setscheduler(&core->task, &attr);
}

/* What was asked of a worker, and how the caller learns that it is done. */
struct work {
	struct workload_run *run;
	const struct step *step;
	struct completion done;
};

static void do_system_wide(struct workload_run *r, const struct step *s)
{
	switch (s->kind) {
	case STEP_HOTPLUG:
		run_hotplug(r, s->cpu, s->online);
		break;
	case STEP_ATTACH:
		run_attach(r);
		break;
	default:
		BUG_ON(s->kind != STEP_DETACH);
		r->host.detach();
		break;
	}
}

static void work_fn(void *arg)
{
	struct work *work = arg;

	do_system_wide(work->run, work->step);
	complete_all(&work->done);
}

/* Loading, unloading and hotplug are done by a kernel worker; a task sleeps meanwhile. */
static void system_wide(struct workload_run *r, struct wl_task *self, const struct step *s)
{
	struct work work = { .run = r, .step = s };

	if (!self) {
		do_system_wide(r, s);
		return;
	}
	init_completion(&work.done);
	ctx_spawn_service(smp_processor_id(), step_name(s->kind), work_fn, &work);
	wait_for_completion(&work.done);
}

static void each_target(struct workload_run *r, struct wl_task *self, const struct step *s)
{
	struct wl_slot *slot;
	u32 i;

	for (i = 0; (slot = slot_of(r, self, &s->ref, i)); i++) {
		if (s->kind == STEP_WAKE) {
			give_wake(slot);
			continue;
		}
		if (!slot->task || !slot->task->core)
			continue; /* as the system call for a pid that is not there */
		if (s->kind == STEP_AFFINITY)
			change_affinity(r, slot->task->core, &s->cpus);
		else
			change_attr(slot->task->core, s);
	}
}

static void reenqueue(const struct step *s)
{
	const u64 dsq = s->cpu < 0 ? s->dsq : SCX_DSQ_LOCAL_ON | (u64)s->cpu;

	recorder_note(RECORD_REENQ, dsq, s->count);
	if (scx_loaded())
		scx_bpf_dsq_reenq(dsq, s->count);
}

bool step_sleeps(enum step_kind kind)
{
	switch (kind) {
	case STEP_AFFINITY:
	case STEP_POLICY:
	case STEP_FORK:
	case STEP_THREAD:
	case STEP_HOTPLUG:
	case STEP_ATTACH:
	case STEP_DETACH:
	case STEP_BPF:
		return true;
	default:
		return false;
	}
}

void exec_call(struct workload_run *r, struct wl_task *self, const struct step *s)
{
	const int cpu = smp_processor_id();

	switch (s->kind) {
	case STEP_WAKE:
	case STEP_AFFINITY:
	case STEP_NICE:
	case STEP_POLICY:
		each_target(r, self, s);
		break;
	case STEP_FORK:
	case STEP_THREAD:
		run_give_birth(r, s->ref.task, 0, self, s->kind == STEP_THREAD);
		break;
	case STEP_KICK:
		recorder_note(RECORD_KICK, (u64)(s64)s->cpu, s->count);
		if (scx_loaded())
			scx_bpf_kick_cpu(s->cpu, s->count);
		break;
	case STEP_REENQ:
		reenqueue(s);
		break;
	case STEP_GATE:
		recorder_set_gate((u32)s->count);
		break;
	case STEP_BPF:
		recorder_control(&r->prog->scenario->ops.data[s->count]);
		break;
	case STEP_MIGRATE_DISABLE:
		migrate_disable();
		break;
	case STEP_MIGRATE_ENABLE:
		migrate_enable();
		break;
	case STEP_MARK:
		event_emit(SCXTWIN_EV_MARK, cpu, self ? self->core->task.pid : SCXTWIN_NO_TASK,
			   SCXTWIN_MARK_WORKLOAD, s->count, 0, 0);
		break;
	default:
		system_wide(r, self, s);
		break;
	}
}
