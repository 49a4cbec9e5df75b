/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contexts and the run loop that moves between them.
 *
 * The loop runs on a pooled stack. It starts a path by calling it. When the
 * path must wait, its stack (loop frame below, path frames above) is set aside
 * with the context, and the loop goes on on another pooled stack, either fresh
 * or parked earlier inside resume(). A context is resumed by switching to its
 * stack; the loop frame that did so is parked for the next time.
 */
#include "machine/context.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "machine/chooser.h"
#include "machine/contexts.h"
#include "machine/evq.h"
#include "machine/lock.h"
#include "machine/rcu.h"

static struct context_pool *pool(void)
{
	return machine()->contexts;
}

static struct ctx *ctx_new(enum ctx_kind kind, int cpu, const char *name)
{
	struct ctx *ctx = pool_zalloc(&pool()->ctxs);

	if (!ctx)
		BUG_FMT("no memory for a context");
	ctx->kind = kind;
	ctx->cpu = (u16)cpu;
	ctx->name = name;
	ctx->id = pool()->next_id++;
	INIT_LIST_HEAD(&ctx->node);
	INIT_LIST_HEAD(&ctx->inside_node);
	INIT_LIST_HEAD(&ctx->sleep_node);
	return ctx;
}

/* ---- being inside a path: grace periods look at this */

static void path_enter(struct ctx *ctx)
{
	BUG_ON(!list_empty(&ctx->inside_node));
	ctx->path_stamp = ++machine()->path_seq;
	list_add_tail(&ctx->inside_node, &machine()->inside);
}

static void path_leave(struct ctx *ctx)
{
	list_del_init(&ctx->inside_node);
	if (unlikely(!list_empty(&machine()->rcu_cbs)))
		rcu_run_callbacks();
}

void ctx_quiescent_begin(struct ctx *ctx)
{
	list_del_init(&ctx->inside_node);
}

void ctx_quiescent_end(struct ctx *ctx)
{
	path_enter(ctx);
}

void ctx_quiescent_state(void)
{
	struct ctx *ctx = current_ctx();

	BUG_ON(ctx->irqs_off);
	BUG_ON(ctx->preempt_count);
	if (likely(list_empty(&machine()->rcu_cbs)))
		return;
	list_del_init(&ctx->inside_node);
	path_enter(ctx);
	rcu_run_callbacks();
}

/* ---- interrupts on a CPU's own context */

static void take_interrupt(struct ctx *ctx, struct mevent *ev)
{
	BUG_ON(ctx->irqs_off);
	BUG_ON(ctx->kind != CTX_CPU);
	if (ev->rank == RANK_BURST) {
		ev->fn(ev);
		return;
	}
	ctx->irqs_off = true;
	ctx->hardirq_count++;
	machine_spend(COST_irq);
	ev->fn(ev);
	ctx->hardirq_count--;
	ctx->irqs_off = false;
}

static void take_raised(struct ctx *ctx)
{
	struct mcpu *c = mcpu(ctx->cpu);
	struct mevent *ev;

	while (!ctx->irqs_off && (ev = evq_take_raised(c)))
		take_interrupt(ctx, ev);
}

/*
 * What was raised while a service or task context had interrupts off runs on
 * the CPU's own context: step aside, the loop delivers first and comes back.
 */
static void step_aside_for_raised(struct ctx *ctx)
{
	if (mcpu(ctx->cpu)->in_kernel || ctx->preempt_count)
		return;
	ctx->state = CTX_READY;
	list_add(&ctx->node, &machine()->ready);
	ctx_switch_out(ctx);
}

void __local_irq_enabled(struct ctx *ctx)
{
	if (ctx->kind == CTX_CPU)
		take_raised(ctx);
	else if (ctx != pool()->boot)
		step_aside_for_raised(ctx);
}

void __preempt_enabled(struct ctx *ctx)
{
	mcpu(ctx->cpu)->exit_missed = false;
	if (ctx->kind == CTX_CPU)
		return;
	machine_continue_cpu(ctx->cpu);
	if (!ctx->irqs_off)
		step_aside_for_raised(ctx);
}

/* ---- paths */

static void cpu_path(struct mcpu *c, struct mevent *ev)
{
	struct machine *m = machine();
	struct ctx *ctx = c->ctx;

	BUG_ON(c->in_kernel);
	BUG_ON(ctx->state == CTX_RUNNING);
	BUG_ON(ctx->irqs_off);
	BUG_ON(ctx->preempt_count);
	BUG_ON(ctx->hardirq_count);
	c->in_kernel = true;
	c->entered_at = this_sim->now;
	ctx->state = CTX_RUNNING;
	m->current = ctx;
	path_enter(ctx);
	m->hooks->kernel_enter(c->cpu);
	if (ev)
		take_interrupt(ctx, ev);
	do {
		take_raised(ctx);
		m->hooks->kernel_exit(c->cpu);
		c->exit_missed |= !!c->held_by;
	} while (!list_empty(&c->raised));
	BUG_ON(ctx->irqs_off);
	BUG_ON(ctx->preempt_count);
	BUG_ON(ctx->hardirq_count);
	path_leave(ctx);
	ctx->state = CTX_FREE;
	c->in_kernel = false;
	m->current = pool()->boot;
}

static void call_path(struct ctx *ctx)
{
	struct machine *m = machine();
	void (*fn)(void *arg) = ctx->fn;

	BUG_ON(ctx->kind == CTX_CPU);
	BUG_ON(ctx->stack);
	BUG_ON(m->current != pool()->boot);
	ctx->fn = NULL;
	ctx->state = CTX_RUNNING;
	m->current = ctx;
	path_enter(ctx);
	fn(ctx->arg);
	BUG_ON(ctx->irqs_off);
	BUG_ON(ctx->preempt_count);
	BUG_ON(ctx->wants);
	BUG_ON(ctx->held);
	BUG_ON(ctx->sleep_obj);
	BUG_ON(m->current != ctx);
	BUG_ON(mcpu(ctx->cpu)->held_by == ctx);
	path_leave(ctx);
	if (ctx->kind == CTX_TASK)
		m->hooks->task_call_done(ctx);
	m->current = pool()->boot;
	pool_free(&pool()->ctxs, ctx);
}

/* ---- suspending and resuming */


static struct stack *next_loop_stack(void)
{
	struct stack *s = list_first_entry_or_null(&pool()->parked, struct stack, node);

	if (s) {
		list_del_init(&s->node);
		return s;
	}
	s = stack_new(contexts_loop);
	if (!s)
		BUG_FMT("no memory for a stack");
	return s;
}

static void activate(struct stack *to)
{
	struct stack *from = pool()->active;

	pool()->active = to;
	stack_switch_to(from, to);
}

bool ctx_keeps_cpu(const struct ctx *ctx)
{
	return ctx->kind != CTX_CPU && (ctx->irqs_off || ctx->preempt_count);
}

/* Sets the calling context aside; its state and lists are the caller's business. */
void ctx_switch_out(struct ctx *ctx)
{
	struct machine *m = machine();
	struct mcpu *c = mcpu(ctx->cpu);

	BUG_ON(m->current != ctx);
	BUG_ON(ctx == pool()->boot);
	BUG_ON(ctx->state == CTX_RUNNING);
	BUG_ON(ctx->state == CTX_FREE);
	if (ctx_keeps_cpu(ctx)) {
		BUG_ON(c->held_by);
		c->held_by = ctx;
	}
	ctx->stack = pool()->active;
	m->current = pool()->boot;
	activate(next_loop_stack());
	BUG_ON(m->current != ctx);
	BUG_ON(ctx->state != CTX_RUNNING);
	if (unlikely(!list_empty(&c->raised)) && !ctx->irqs_off && ctx->kind == CTX_CPU)
		take_raised(ctx);
}

static void resume(struct ctx *ctx)
{
	struct mcpu *c = mcpu(ctx->cpu);
	struct stack *to = ctx->stack;

	BUG_ON(!to);
	BUG_ON(ctx->fn);
	BUG_ON(c->held_by && c->held_by != ctx);
	if (c->held_by == ctx)
		c->held_by = NULL;
	ctx->stack = NULL;
	ctx->state = CTX_RUNNING;
	machine()->current = ctx;
	list_add(&pool()->active->node, &pool()->parked);
	activate(to);
}

void ctx_suspend(const void *obj, const char *label)
{
	struct ctx *ctx = current_ctx();

	if (ctx == pool()->boot)
		BUG_FMT("set-up code would have to wait for %s", label);
	BUG_ON(ctx->state != CTX_RUNNING);
	BUG_ON(!label);
	ctx->state = CTX_WAITING;
	ctx->wait_obj = obj;
	ctx->wait_label = label;
	list_add_tail(&ctx->node, &machine()->waiters);
	nr_awaiting++;
	ctx_switch_out(ctx);
}

void ctx_wake(struct ctx *ctx)
{
	if (ctx->state != CTX_WAITING)
		return;
	BUG_ON(!nr_awaiting);
	nr_awaiting--;
	ctx->state = CTX_READY;
	ctx->wait_obj = NULL;
	list_move_tail(&ctx->node, &machine()->ready);
}

static void sleep_over(struct mevent *ev)
{
	ctx_wake(container_of(ev, struct ctx, wake_ev));
}

void ctx_sleep_until(u64 time)
{
	struct ctx *ctx = current_ctx();

	while (this_sim->now < time) {
		if (!mevent_pending(&ctx->wake_ev)) {
			mevent_init(&ctx->wake_ev, RANK_WAKE, ctx->cpu, sleep_over, "wait");
			mevent_arm(&ctx->wake_ev, time);
		}
		ctx_suspend(&ctx->wake_ev, "time");
	}
	mevent_disarm(&ctx->wake_ev);
}

void ctx_set_cpu(struct ctx *ctx, int cpu)
{
	BUG_ON(ctx->kind != CTX_TASK);
	BUG_ON(mcpu(ctx->cpu)->held_by == ctx);
	ctx->cpu = (u16)cpu;
}

struct ctx *ctx_spawn_service(int cpu, const char *name, void (*fn)(void *arg), void *arg)
{
	struct ctx *ctx = ctx_new(CTX_SERVICE, cpu, name);

	BUG_ON(!fn);
	BUG_ON((u32)cpu >= machine()->nr_cpu_ids);
	ctx->fn = fn;
	ctx->arg = arg;
	ctx->state = CTX_READY;
	list_add_tail(&ctx->node, &machine()->ready);
	return ctx;
}

struct ctx *ctx_spawn_task(int cpu, struct task_struct *p, const char *name,
			   void (*fn)(void *arg), void *arg)
{
	struct ctx *ctx = ctx_spawn_service(cpu, name, fn, arg);

	BUG_ON(!p);
	ctx->kind = CTX_TASK;
	ctx->task = p;
	return ctx;
}

static void continue_cpu(struct mevent *ev)
{
	(void)ev; /* cpu_path() goes through kernel_exit() by itself */
}

void machine_continue_cpu(int cpu)
{
	struct mcpu *c = mcpu(cpu);

	if (!c->in_kernel && !mevent_pending(&c->continue_ev))
		evq_raise_now(&c->continue_ev);
}

/* ---- the run loop */

static bool cpu_takes_interrupts(const struct mcpu *c)
{
	return !c->in_kernel && !(c->held_by && c->held_by->irqs_off);
}

static void deliver(struct mevent *ev)
{
	struct mcpu *c = mcpu(ev->cpu);

	if (ev->rank == RANK_WAKE) {
		ev->fn(ev);
		return;
	}
	if (cpu_takes_interrupts(c)) {
		cpu_path(c, ev);
		return;
	}
	evq_raise(ev);
	if (c->in_kernel && !c->ctx->irqs_off)
		ctx_wake(c->ctx); /* waits with interrupts on: takes it, then waits again */
}

bool ctx_enabled(const struct ctx *ctx)
{
	const struct mcpu *c = mcpu(ctx->cpu);

	if (ctx->wants && ctx->wants->owner && ctx->wants->owner != ctx)
		return false;
	if (ctx->kind == CTX_CPU)
		return !c->held_by || !c->held_by->irqs_off;
	if (c->held_by && c->held_by != ctx)
		return false;
	/* A worker may overtake its CPU's own context where that could be preempted. */
	if (c->in_kernel && (ctx->kind == CTX_TASK || c->ctx->irqs_off || c->ctx->preempt_count))
		return false;
	/* A call in the middle of switching away still has the CPU, whoever is current. */
	return ctx->kind != CTX_TASK || ctx_keeps_cpu(ctx) || machine()->hooks->task_is_current(ctx);
}

static void go_on(struct ctx *ctx)
{
	BUG_ON(ctx->state != CTX_READY);
	BUG_ON(!ctx->fn && !ctx->stack);
	list_del_init(&ctx->node);
	if (ctx->fn)
		call_path(ctx);
	else
		resume(ctx);
}

static bool run_raised(void)
{
	struct mcpu *c;

	list_for_each_entry(c, &machine()->raised_cpus, raised_node) {
		if (cpu_takes_interrupts(c)) {
			cpu_path(c, evq_take_raised(c));
			return true;
		}
		if (c->in_kernel && !c->ctx->irqs_off && c->ctx->state == CTX_WAITING) {
			ctx_wake(c->ctx);
			return true;
		}
	}
	return false;
}

static bool run_ready(void)
{
	struct ctx *ctx;

	list_for_each_entry(ctx, &machine()->ready, node) {
		if (ctx_enabled(ctx)) {
			go_on(ctx);
			return true;
		}
	}
	return false;
}

/* Some CPU may have a tick at this instant. */
static bool is_tick_instant(const struct machine *m)
{
	return m->cfg.tick_phase_ns || this_sim->now % m->tick_ns == 0;
}

/* Explored mode: who asks whether a tick is still to come depends on what came before it. */
static void note_order(struct machine *m, u64 order)
{
	if (order <= m->now_order)
		return;
	m->now_order = order;
	if (is_tick_instant(m))
		step_touches(&m->now_order);
}

static bool run_forced(void)
{
	struct machine *m = machine();

	if (!m->has_forced)
		return false;
	m->has_forced = false;
	if (m->forced.context) {
		go_on(m->forced.context);
	} else {
		if (m->forced.event->time <= this_sim->now)
			note_order(m, m->forced.event->order);
		evq_take(m->forced.event);
		m->forced.event->time = this_sim->now;
		deliver(m->forced.event);
	}
	return true;
}

bool machine_can_end(void)
{
	const struct machine *m = machine();

	if (m->ending && evq_first() && evq_first()->time > this_sim->now)
		return true;
	return !m->nr_foreground && !m->hooks->background_matters();
}

static void end_run(enum machine_end end)
{
	list_add(&pool()->active->node, &pool()->parked);
	pool()->end = end;
	activate(&pool()->host);
}

static enum machine_end end_without_events(void)
{
	struct machine *m = machine();

	if (list_empty(&m->waiters) && list_empty(&m->ready))
		return MACHINE_END_IDLE;
	deadlock_describe_waiters();
	return m->deadlock[0] ? MACHINE_END_DEADLOCK : MACHINE_END_IDLE;
}

static bool only_background_left(const struct machine *m)
{
	return m->cfg.mode == RUN_EXPLORED && !m->nr_foreground && list_empty(&m->ready);
}

static bool is_stuck_no_more(struct machine *m)
{
	return only_background_left(m) && !list_empty(&m->waiters) && m->chooser->stuck &&
	       m->chooser->stuck(m->chooser);
}

static bool is_quiet(struct machine *m)
{
	return only_background_left(m) && m->chooser->quiet && m->chooser->quiet(m->chooser);
}

/* One event in the order of time; false if the run is over. */
static bool run_event(void)
{
	struct machine *m = machine();
	struct mevent *ev = evq_first();

	if (is_stuck_no_more(m))
		return true;
	if (!ev || machine_can_end() || is_quiet(m)) {
		end_run(end_without_events());
		return false;
	}
	if (ev->time > m->until) {
		this_sim->now = m->until;
		m->now_order = 0;
		end_run(MACHINE_END_TIME);
		return false;
	}
	if (ev->time != this_sim->now)
		m->now_order = 0;
	if (m->cfg.mode == RUN_EXPLORED && ev->time > this_sim->now) {
		/* What is due then is a choice; time itself is not. */
		this_sim->now = ev->time;
		return true;
	}
	BUG_ON(ev->time < this_sim->now);
	this_sim->now = ev->time;
	if (ev->order > m->now_order)
		m->now_order = ev->order;
	evq_take(ev);
	deliver(ev);
	return true;
}

void contexts_loop(void)
{
	struct machine *m = machine();

	for (;;) {
		BUG_ON(m->current != pool()->boot);
		if (unlikely(m->stop)) {
			end_run(MACHINE_END_STOPPED);
			continue;
		}
		if (unlikely(m->has_forced) && run_forced())
			continue;
		if (unlikely(!list_empty(&m->raised_cpus)) && run_raised())
			continue;
		if (unlikely(m->cfg.mode == RUN_EXPLORED)) {
			if (explored_next())
				continue;
		} else if (!list_empty(&m->ready) && run_ready()) {
			continue;
		}
		run_event();
	}
}

enum machine_end machine_run(u64 until)
{
	struct machine *m = machine();

	BUG_ON(m->aborted);
	BUG_ON(machine_running());
	if (m->stop)
		return MACHINE_END_STOPPED;
	m->until = until;
	stack_init_host(&pool()->host);
	pool()->active = &pool()->host;
	yield_armed = m->cfg.mode == RUN_EXPLORED || m->cfg.force_suspend;
	activate(next_loop_stack());
	yield_armed = false;
	pool()->active = NULL;
	return pool()->end;
}

bool machine_running(void)
{
	return pool() && pool()->active;
}

void machine_stop(int result)
{
	struct machine *m = machine();

	if (!m->stop && !m->ending)
		m->result = result;
	if (!result && m->cfg.mode == RUN_EXPLORED && m->chooser->drains)
		m->ending = true;
	else
		m->stop = true;
}

void machine_abort(int result)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM };
	struct machine *m = machine();
	sigset_t set;
	size_t i;

	machine_stop(result);
	if (!machine_running())
		BUG_FMT("aborted outside a run");
	m->aborted = true;
	/* We may come from a signal handler that will never return. */
	sigemptyset(&set);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigaddset(&set, faults[i]);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	m->current = pool()->boot;
	end_run(m->deadlock[0] ? MACHINE_END_DEADLOCK : MACHINE_END_STOPPED);
	__builtin_unreachable();
}

int contexts_init(void)
{
	struct machine *m = machine();
	u32 cpu;

	m->contexts = arena_zalloc(this_sim->arena, sizeof(*m->contexts));
	if (!m->contexts)
		return -1;
	pool_init(&m->contexts->ctxs, this_sim->arena, sizeof(struct ctx));
	INIT_LIST_HEAD(&m->contexts->parked);
	for (cpu = 0; cpu < m->nr_cpu_ids; cpu++) {
		m->cpus[cpu].ctx = ctx_new(CTX_CPU, (int)cpu, "cpu");
		mevent_init(&m->cpus[cpu].continue_ev, RANK_BURST, (int)cpu, continue_cpu, "continue");
	}
	m->contexts->boot = ctx_new(CTX_SERVICE, 0, "boot");
	m->contexts->boot->state = CTX_RUNNING;
	m->current = m->contexts->boot;
	return 0;
}

/* Stacks of suspended contexts are given back with the rest; their frames are never returned to. */
void contexts_destroy(void)
{
	struct stack *s, *n;
	struct ctx *ctx;

	list_for_each_entry(ctx, &machine()->waiters, node)
		stack_free(ctx->stack);
	list_for_each_entry(ctx, &machine()->ready, node)
		if (ctx->stack)
			stack_free(ctx->stack);
	list_for_each_entry_safe(s, n, &pool()->parked, node)
		stack_free(s);
}
