/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The border between the kernel and a task's own code: what a CPU does when it
 * leaves its last kernel path, and how run bursts are counted. A burst runs
 * only while the CPU is in user mode; time spent in the kernel stops it.
 */
#include "ext/ext.h"
#include "machine/contexts.h"
#include "sched/core.h"

/* Calls without waiting that a task may make at one instant before it is charged like a pass. */
#define CALLS_PER_PASS 1000

/*
 * Time in user mode ended when the present kernel path began. Where paths cost
 * time a kernel worker may have kept the CPU over the end of the burst; what
 * passed beyond it was the worker's.
 */
static void burst_account(struct rq *rq, struct task_core *t)
{
	const u64 used = mcpu(rq->cpu)->entered_at - rq->burst_since;

	BUG_ON(used > t->burst_ns && machine()->cfg.mode != RUN_COSTED);
	t->burst_ns -= used < t->burst_ns ? used : t->burst_ns;
	rq->burst_running = false;
	mevent_disarm(&rq->burst);
}

static void burst_start(struct rq *rq)
{
	rq->burst_running = true;
	rq->burst_since = this_sim->now;
	mevent_arm(&rq->burst, this_sim->now + core_of(rq->curr)->burst_ns);
}

static void burst_over(struct mevent *ev)
{
	struct rq *rq = container_of(ev, struct rq, burst);

	if (rq->burst_running)
		burst_account(rq, core_of(rq->curr));
}

void user_switch(struct rq *rq, struct task_struct *prev)
{
	if (rq->burst_running)
		burst_account(rq, core_of(prev));
}

static void run_call(void *arg)
{
	struct task_core *t = arg;

	t->call(t, t->call_arg);
}

static void task_call_done(struct ctx *ctx)
{
	core_of(ctx->task)->ctx = NULL;
	machine_continue_cpu(ctx->cpu);
}

/* The rest of p's call goes on here; it may have been moved meanwhile. */
static void resume_call(struct task_core *t, int cpu)
{
	struct ctx *ctx = t->ctx;

	/* Not through with switching away on its old CPU: finish_task_switch() will ask again. */
	if (ctx_keeps_cpu(ctx))
		return;
	if (ctx->cpu != cpu)
		ctx_set_cpu(ctx, cpu);
	if (ctx->state == CTX_WAITING && ctx->wait_obj == &t->task.on_cpu)
		ctx_wake(ctx);
}

static void user_step(struct rq *rq, struct task_core *t)
{
	switch (t->uops->next(t)) {
	case USER_RUN:
		BUG_ON(!t->burst_ns);
		break;
	case USER_BLOCK:
		schedule();
		break;
	case USER_YIELD:
		sched_yield_current();
		break;
	case USER_CALL:
		t->ctx = ctx_spawn_task(rq->cpu, &t->task, "call", run_call, t);
		break;
	case USER_EXIT:
		do_exit_begin(&t->task);
		break;
	case USER_AGAIN:
		if (++t->nr_calls % CALLS_PER_PASS == 0)
			machine_count_pass(rq->cpu);
		break;
	}
}

static void kernel_exit(int cpu)
{
	struct rq *rq = cpu_rq(cpu);

	for (;;) {
		struct task_struct *p = rq->curr;
		struct task_core *t = core_of(p);

		if (mcpu(cpu)->held_by)
			return;
		ctx_quiescent_state();
		if (p->need_resched) {
			if (p == rq->idle)
				schedule_idle();
			else if (t->ctx)
				preempt_schedule();
			else
				schedule();
			continue;
		}
		if (p == rq->idle)
			return;
		if (t->ctx) {
			resume_call(t, cpu);
			return;
		}
		if (p->flags & PF_EXITING) {
			WRITE_ONCE(p->__state, TASK_DEAD);
			schedule();
			continue;
		}
		if (rq->burst_running) {
			if (mcpu(cpu)->entered_at == this_sim->now)
				return; /* no time passed in the kernel: the burst just goes on */
			burst_account(rq, t);
		}
		if (t->burst_ns) {
			burst_start(rq);
			return;
		}
		user_step(rq, t);
	}
}

static void kernel_enter(int cpu)
{
	const struct rq *rq = cpu_rq(cpu);

	BUG_ON(rq->cpu != cpu);
	BUG_ON(!rq->curr);
}

static void block_task_hook(struct ctx *ctx)
{
	ctx->task->__state = TASK_UNINTERRUPTIBLE;
	schedule();
}

static void unblock_task_hook(struct ctx *ctx)
{
	wake_up_process(ctx->task);
}

static bool task_is_current(const struct ctx *ctx)
{
	return cpu_rq(ctx->cpu)->curr == ctx->task;
}

/* Only the watchdog or a tick could still change something if a task waits for a CPU. */
static bool background_matters(void)
{
	return core_sched()->nr_runnable;
}

const struct machine_hooks sched_machine_hooks = {
	.kernel_exit = kernel_exit,
	.kernel_enter = kernel_enter,
	.block_task = block_task_hook,
	.unblock_task = unblock_task_hook,
	.task_is_current = task_is_current,
	.task_call_done = task_call_done,
	.background_matters = background_matters,
};

void user_init_rq(struct rq *rq)
{
	mevent_init(&rq->burst, RANK_BURST, rq->cpu, burst_over, "burst");
}
