/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/ext_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __thread struct ext_rig *current_rig;

/* Defined by the base room's tables; here only what the text needs. */
static const char *const op_names[SCXTWIN_NR_OPS] = {
#define X(op) [SCXTWIN_OP_##op] = #op,
	SCXTWIN_OPS_LIST(X)
#undef X
};

static void note_call(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct ext_rig *rig = obs->data;
	const size_t room = sizeof(rig->calls) - rig->calls_used;

	if (ev->kind != SCXTWIN_EV_OPS || !(rig->ops_seen >> ev->a & 1))
		return;
	if (ev->task == SCXTWIN_NO_TASK)
		rig->calls_used += (size_t)snprintf(rig->calls + rig->calls_used, room, "%s ",
						    op_names[ev->a]);
	else
		rig->calls_used += (size_t)snprintf(rig->calls + rig->calls_used, room, "%s:%d ",
						    op_names[ev->a], ev->task);
	BUG_ON(rig->calls_used >= sizeof(rig->calls));
}

static void note_warning(const struct bug_site *site, bool fatal, const char *detail)
{
	if (fatal) {
		fprintf(stderr, "BUG in %s() line %u: %s %s\n", site->func, site->line, site->cond,
			detail);
		abort();
	}
	current_rig->nr_warnings++;
	snprintf(current_rig->last_warning, sizeof(current_rig->last_warning), "%s() line %u: %s",
		 site->func, site->line, site->cond);
}

void ext_rig_start(struct ext_rig *rig, u32 nr_cpus, u32 smt, u32 cores_per_llc, u32 nr_nodes)
{
	struct machine_config cfg;

	machine_config_default(&cfg);
	cfg.nr_cpus = nr_cpus;
	cfg.smt = smt;
	cfg.cores_per_llc = cores_per_llc;
	cfg.nr_nodes = nr_nodes;
	ext_rig_start_cfg(rig, &cfg);
}

void ext_rig_start_cfg(struct ext_rig *rig, const struct machine_config *cfg)
{
	memset(rig, 0, sizeof(*rig));
	current_rig = rig;
	bug_set_handler(note_warning);
	this_sim = &rig->sim;
	this_sim->arena = arena_new(0xa5);
	BUG_ON(!this_sim->arena);
	event_log_init(&rig->log);
	this_sim->events = &rig->log;
	rig->obs = (struct scxtwin_observer){ .event = note_call, .data = rig };
	rig->ops_seen = UINT64_MAX;
	event_log_observe(&rig->log, &rig->obs);
	BUG_ON(machine_init(cfg, &sched_machine_hooks, NULL));
	BUG_ON(sched_init(NULL));
	core_sched()->autogroup = false;
}

void ext_rig_stop(struct ext_rig *rig)
{
	scx_destroy();
	sched_destroy();
	machine_destroy();
	arena_free(rig->sim.arena);
	this_sim = NULL;
	bug_set_handler(NULL);
}

void ext_rig_run(struct ext_rig *rig, u64 ns)
{
	const enum machine_end end = machine_run(rig->sim.now + ns);

	if (end == MACHINE_END_DEADLOCK) {
		fprintf(stderr, "%s\n", machine_deadlock_text());
		abort();
	}
}

struct service {
	void (*fn)(void *arg);
	void *arg;
	bool done;
};

static void run_service(void *arg)
{
	struct service *service = arg;

	service->fn(service->arg);
	service->done = true;
}

void ext_rig_service(struct ext_rig *rig, void (*fn)(void *arg), void *arg)
{
	struct service service = { .fn = fn, .arg = arg };

	ctx_spawn_service(0, "test", run_service, &service);
	ext_rig_run(rig, 0);
	while (!service.done) /* it waits, or too much happened at one instant */
		ext_rig_run(rig, NSEC_PER_USEC);
}

/* ---- tasks */

struct script {
	const struct ext_step *step;
};

static enum user_action next_step(struct task_core *t)
{
	struct script *script = t->program;
	const struct ext_step *step = script->step;

	/* The last step is the one behind which lies STEP_AGAIN. */
	if (step[1].kind != STEP_AGAIN)
		script->step++;
	switch (step->kind) {
	case STEP_RUN:
		t->burst_ns = step->ns;
		return USER_RUN;
	case STEP_SLEEP:
		t->task.__state = TASK_INTERRUPTIBLE;
		return USER_BLOCK;
	case STEP_YIELD:
		return USER_YIELD;
	case STEP_EXIT:
		return USER_EXIT;
	case STEP_AGAIN:
		break;
	}
	return USER_AGAIN;
}

static const struct user_ops script_ops = { .next = next_step };

struct birth_request {
	struct task_birth birth;
	struct task_core *task;
};

static void give_birth(void *arg)
{
	struct birth_request *req = arg;
	int err;

	req->task = sched_fork_and_wake(&req->birth, &err);
}

struct task_struct *ext_rig_task(struct ext_rig *rig, const struct ext_step *steps, int cpu)
{
	struct script *script = arena_zalloc(this_sim->arena, sizeof(*script));
	struct birth_request req = {
		.birth = { .comm = "script", .cpus = cpu >= 0 ? cpumask_of(cpu) : NULL,
			   .uops = &script_ops, .program = script },
	};

	BUG_ON(!script);
	script->step = steps;
	ext_rig_service(rig, give_birth, &req);
	return req.task ? &req.task->task : NULL;
}

static void wake(void *arg)
{
	wake_up_process(arg);
}

void ext_rig_wake(struct ext_rig *rig, struct task_struct *p)
{
	ext_rig_service(rig, wake, p);
}

/* ---- loading */

static void load(void *arg)
{
	current_rig->enable_ret = scx_enable(arg);
}

int ext_rig_load(struct ext_rig *rig, const struct sched_ext_ops *ops)
{
	ext_rig_service(rig, load, (void *)ops);
	return rig->enable_ret;
}

static void unload(void *arg)
{
	(void)arg;
	scx_disable(SCX_EXIT_UNREG);
}

void ext_rig_unload(struct ext_rig *rig)
{
	ext_rig_service(rig, unload, NULL);
}

void ext_rig_forget_calls(struct ext_rig *rig)
{
	rig->calls[0] = '\0';
	rig->calls_used = 0;
}
