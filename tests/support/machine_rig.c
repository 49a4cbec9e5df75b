/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/machine_rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static __thread struct machine_rig *current_rig;

static void on_bug(const struct bug_site *site, bool fatal, const char *detail)
{
	snprintf(current_rig->bug, sizeof(current_rig->bug), "%s: %s", site->cond, detail);
	if (!fatal)
		return;
	if (machine_running())
		machine_abort(SCXTWIN_EINTERNAL);
	fprintf(stderr, "BUG outside a run: %s in %s()\n", current_rig->bug, site->func);
	abort();
}

static void kernel_enter(int cpu)
{
	(void)cpu;
}

static void kernel_exit(int cpu)
{
	current_rig->nr_exits++;
	if (current_rig->on_exit)
		current_rig->on_exit(cpu);
}

static void block_task(struct ctx *ctx)
{
	current_rig->curr[ctx->cpu] = NULL;
	while (current_rig->curr[ctx->cpu] != ctx->task)
		ctx_suspend(&current_rig->curr[ctx->cpu], "blocked");
}

static void unblock_task(struct ctx *ctx)
{
	current_rig->curr[ctx->cpu] = ctx->task;
	ctx_wake(ctx);
}

static bool task_is_current(const struct ctx *ctx)
{
	return current_rig->curr[ctx->cpu] == ctx->task;
}

static void task_call_done(struct ctx *ctx)
{
	machine_rig_say("done%u", ctx->cpu);
}

static bool background_matters(void)
{
	return current_rig->background_matters;
}

static const struct machine_hooks hooks = {
	.kernel_enter = kernel_enter,
	.kernel_exit = kernel_exit,
	.block_task = block_task,
	.unblock_task = unblock_task,
	.task_is_current = task_is_current,
	.task_call_done = task_call_done,
	.background_matters = background_matters,
};

void machine_rig_start(struct machine_rig *rig, const struct machine_config *cfg)
{
	memset(rig, 0, sizeof(*rig));
	current_rig = rig;
	this_sim = &rig->sim;
	this_sim->arena = arena_new(0xa5);
	BUG_ON(!this_sim->arena);
	event_log_init(&rig->log);
	this_sim->events = &rig->log;
	bug_set_handler(on_bug);
	BUG_ON(machine_init(cfg, &hooks, NULL));
}

void machine_rig_start_mode(struct machine_rig *rig, u32 nr_cpus, enum run_mode mode)
{
	struct machine_config cfg;

	machine_config_default(&cfg);
	cfg.nr_cpus = nr_cpus;
	cfg.mode = mode;
	machine_rig_start(rig, &cfg);
}

void machine_rig_stop(struct machine_rig *rig)
{
	this_sim = &rig->sim;
	machine_destroy();
	arena_free(rig->sim.arena);
	this_sim = NULL;
	bug_set_handler(NULL);
}

void machine_rig_say(const char *fmt, ...)
{
	struct machine_rig *rig = current_rig;
	va_list args;

	va_start(args, fmt);
	rig->used += (size_t)vsnprintf(rig->said + rig->used, sizeof(rig->said) - rig->used, fmt, args);
	va_end(args);
	BUG_ON(rig->used + 2 > sizeof(rig->said));
	strcpy(rig->said + rig->used, " ");
	rig->used++;
}
