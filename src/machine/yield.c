/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Yield points when somebody listens: forced suspension, the chooser of
 * explored mode, waking of those who await an object, deadlock reports.
 */
#include "machine/yield.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "machine/chooser.h"
#include "machine/contexts.h"
#include "machine/evq.h"
#include "machine/lock.h"

__thread bool yield_armed;
__thread u32 nr_awaiting;

static void suspend_and_resume(struct ctx *ctx)
{
	ctx->state = CTX_READY;
	list_add(&ctx->node, &machine()->ready);
	ctx_switch_out(ctx);
}

static void add_choice(struct machine *m, u32 *nr, struct choice c)
{
	BUG_ON(*nr >= m->nr_choices_max);
	m->choices[(*nr)++] = c;
}

static struct choice choice_of(struct ctx *ctx, bool current)
{
	return (struct choice){
		.cpu = ctx->cpu, .current = current, .ctx = ctx->id, .obj = ctx->step_obj,
		.kind = ctx->step_kind, .label = ctx->step_label ? ctx->step_label : ctx->name,
		.context = ctx,
	};
}

static bool event_is_choice(const struct mevent *ev)
{
	const struct mcpu *c = mcpu(ev->cpu);

	return !c->in_kernel ? !(c->held_by && c->held_by->irqs_off) : !c->ctx->irqs_off;
}

struct event_choices {
	struct machine *m;
	u32 first, nr;
};

static bool delivered_before(const struct mevent *a, const struct mevent *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

/* Events come in no particular order: insert each at its place of delivery. */
static void add_event_choice(struct mevent *ev, void *data)
{
	struct event_choices *e = data;
	struct choice *choices = e->m->choices;
	u32 at;

	if (!event_is_choice(ev))
		return;
	add_choice(e->m, &e->nr, (struct choice){ .cpu = ev->cpu, .ctx = UINT32_MAX, .obj = ev,
						  .kind = YIELD_IRQ, .label = ev->name, .event = ev });
	for (at = e->nr - 1; at > e->first && delivered_before(ev, choices[at - 1].event); at--) {
		const struct choice tmp = choices[at];

		choices[at] = choices[at - 1];
		choices[at - 1] = tmp;
	}
}

/* Canonical order: current, ready contexts as they became ready, then due events as queued. */
static u32 collect_choices(struct machine *m, struct ctx *current)
{
	struct mcpu *kept = current && ctx_keeps_cpu(current) ? mcpu(current->cpu) : NULL;
	struct event_choices e = { .m = m };
	struct ctx *ctx;
	u32 nr = 0;

	/* The choice is about the state in which current is set aside. */
	if (kept) {
		BUG_ON(kept->held_by);
		kept->held_by = current;
	}
	if (current)
		add_choice(m, &nr, choice_of(current, true));
	list_for_each_entry(ctx, &m->ready, node)
		if (ctx_enabled(ctx))
			add_choice(m, &nr, choice_of(ctx, false));
	e.first = e.nr = nr;
	evq_for_each_due(add_event_choice, &e);
	if (kept)
		kept->held_by = NULL;
	return e.nr;
}

static struct choice choose(struct machine *m, u32 nr)
{
	const u32 n = m->chooser->choose(m->chooser, m->choices, nr);

	BUG_ON(n >= nr);
	return m->choices[n];
}

static void count_step(struct machine *m)
{
	m->nr_steps++;
	if (m->cfg.step_limit && m->nr_steps >= m->cfg.step_limit)
		machine_stop(SCXTWIN_EINTERNAL);
}

void __yield_point(const void *obj, enum yield_kind kind, const char *label)
{
	struct machine *m = machine();
	struct ctx *ctx = current_ctx();
	struct choice next;
	u32 nr;

	if (!machine_running() || ctx->state != CTX_RUNNING || m->stop)
		return;
	if (m->cfg.mode != RUN_EXPLORED) {
		m->forced = choice_of(ctx, true);
		m->has_forced = true;
		suspend_and_resume(ctx);
		return;
	}
	count_step(m);
	ctx->step_obj = obj;
	ctx->step_kind = (u8)kind;
	ctx->step_label = label;
	nr = collect_choices(m, ctx);
	if (nr == 1 && !m->chooser->asks_always)
		return;
	next = choose(m, nr);
	if (next.current)
		return;
	m->forced = next;
	m->has_forced = true;
	suspend_and_resume(ctx);
}

void __yield_irq_enable(struct ctx *ctx)
{
	__yield_point(ctx, YIELD_IRQ, "irq_enable");
}

/*
 * Nothing is left to do at this instant but events that may come at any: that
 * time goes on is a choice then, and the default.
 */
static u32 add_time(struct machine *m, u32 nr)
{
	const struct choice time = {
		.ctx = UINT32_MAX, .obj = &m->time_goes_on, .kind = YIELD_IRQ,
		.label = m->time_goes_on.name, .event = &m->time_goes_on,
	};

	if (!nr || !m->choices[0].event || m->choices[0].event->time <= this_sim->now)
		return nr;
	add_choice(m, &nr, time);
	memmove(&m->choices[1], &m->choices[0], (nr - 1) * sizeof(time));
	m->choices[0] = time;
	return nr;
}

bool explored_next(void)
{
	struct machine *m = machine();
	u32 nr;

	if (list_empty(&m->ready) && machine_can_end())
		return false;
	nr = add_time(m, collect_choices(m, NULL));
	if (!nr)
		return false;
	m->forced = nr == 1 && !m->chooser->asks_always ? m->choices[0] : choose(m, nr);
	m->has_forced = m->forced.event != &m->time_goes_on;
	return m->has_forced;
}

void __object_written(const void *obj)
{
	struct ctx *ctx, *n;

	list_for_each_entry_safe(ctx, n, &machine()->waiters, node)
		if (ctx->wait_obj == obj)
			ctx_wake(ctx);
}

/* ---- deadlocks */

static void deadlock_add(struct machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void deadlock_add(struct machine *m, const char *fmt, ...)
{
	const size_t len = strlen(m->deadlock);
	va_list args;

	va_start(args, fmt);
	vsnprintf(m->deadlock + len, sizeof(m->deadlock) - len, fmt, args);
	va_end(args);
}

bool deadlock_find_cycle(const struct ctx *ctx, const struct raw_spinlock *lock)
{
	const struct ctx *owner;
	const struct raw_spinlock *l;

	for (l = lock; l && l->owner; l = owner->wants) {
		owner = l->owner;
		if (owner == ctx)
			break;
	}
	if (!l || !l->owner)
		return false;
	deadlock_add(machine(), "deadlock: CPU %u (%s) wants %s %u", ctx->cpu, ctx->name, lock->name, lock->id);
	for (l = lock; l && l->owner; l = owner->wants) {
		owner = l->owner;
		deadlock_add(machine(), ", held by CPU %u (%s)", owner->cpu, owner->name);
		if (owner == ctx)
			break;
		if (owner->wants)
			deadlock_add(machine(), " which wants %s %u", owner->wants->name, owner->wants->id);
	}
	return true;
}

/* Only contexts that spin (interrupts off or a lock wanted) are a deadlock; sleepers are the workload's. */
void deadlock_describe_waiters(void)
{
	struct machine *m = machine();
	const struct ctx *ctx;

	list_for_each_entry(ctx, &m->waiters, node) {
		if (!ctx->irqs_off && !ctx->wants)
			continue;
		deadlock_add(m, "%sCPU %u (%s) waits for %s", m->deadlock[0] ? "; " : "deadlock: nothing can go on: ",
			     ctx->cpu, ctx->name, ctx->wait_label);
	}
}

const char *machine_deadlock_text(void)
{
	return machine()->deadlock;
}
