/* SPDX-License-Identifier: GPL-2.0-only */
#include "lab/bench.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ext/ext.h"

#define PATIENCE_US 1000	/* that a call from outside may take */

static void clock_strikes(struct mevent *ev)
{
	(void)ev;
}

int bench_start(struct bench *b, const struct machine_config *cfg, struct scxtwin_error *err)
{
	int ret;

	BUG_ON(!b->failed);
	this_sim = &b->sim;
	this_sim->arena = arena_new(0xa5);
	if (!this_sim->arena)
		return error_no_memory(err);
	this_sim->restorable = cfg->mode == RUN_EXPLORED;
	event_log_init(&b->log);
	this_sim->events = &b->log;
	record_begin(&b->record);
	ret = machine_init(cfg, &sched_machine_hooks, err);
	ret = ret ?: sched_init(err);
	if (ret)
		return ret;
	machine()->chooser = &b->chooser;
	mevent_init(&b->clock, RANK_WAKE, 0, clock_strikes, "clock");
	return 0;
}

void bench_stop(struct bench *b)
{
	this_sim = &b->sim;
	if (b->sim.scx)
		scx_destroy();
	if (b->sim.sched)
		sched_destroy();
	if (b->sim.machine)
		machine_destroy();
	if (b->sim.arena)
		arena_free(b->sim.arena);
	this_sim = NULL;
	record_free(&b->record);
}

static void run_until(struct bench *b, u64 until)
{
	enum machine_end end;

	if (machine()->aborted) {
		b->failed(b, "the simulation ended with a BUG");
		return;
	}
	end = machine_run(until);
	if (b->settled)
		b->settled(b);
	if (end != MACHINE_END_DEADLOCK)
		return;
	/* Somebody who waits for a held one is what holds are for. */
	if (!lab_holds_anybody(&b->holds))
		b->failed(b, machine_deadlock_text());
	machine()->deadlock[0] = '\0';
}

void bench_run(struct bench *b, u64 ns)
{
	const u64 until = this_sim->now + ns;

	BUG_ON(b->pending);
	mevent_arm(&b->clock, until);
	run_until(b, until);
	mevent_disarm(&b->clock);
}

void bench_settle(struct bench *b)
{
	if (!b->pending)
		run_until(b, this_sim->now);
}

void *bench_keep(const void *what, size_t size)
{
	void *kept = arena_zalloc(this_sim->arena, size);

	BUG_ON(!kept);
	memcpy(kept, what, size);
	return kept;
}

struct outside {
	struct bench *bench;
	void (*fn)(void *arg);
	void *arg;
	bool done;
};

static void run_outside(void *arg)
{
	struct outside *o = arg;

	o->fn(o->arg);
	o->done = true;
	o->bench->nr_outside--;
}

void bench_outside(struct bench *b, void (*fn)(void *arg), void *arg)
{
	const struct outside call = { .bench = b, .fn = fn, .arg = arg };
	struct outside *o = bench_keep(&call, sizeof(call));
	u32 i;

	b->nr_outside++;
	ctx_spawn_service(b->from, "outside", run_outside, o);
	bench_settle(b);
	/* It may wait for something that takes time. */
	for (i = 0; !o->done && !lab_holds_anybody(&b->holds) && !b->pending && !machine()->aborted; i++) {
		if (i == PATIENCE_US) {
			b->failed(b, "a call from outside did not end");
			return;
		}
		bench_run(b, NSEC_PER_USEC);
	}
}
