/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/event_log.h"
#include "base/mem.h"
#include "explore/driver.h"
#include "machine/atomic.h"
#include "machine/lock.h"
#include "machine/restore.h"

/* Services by their CPU, then interrupts. */
#define MODEL_MAX_ACTORS (MODEL_MAX_CPUS + MODEL_MAX_IRQS)

struct shared {
	u64 words[MODEL_WORDS];
	u64 plain[MODEL_LOCKS];
	raw_spinlock_t locks[MODEL_LOCKS];
	u64 accumulator[MODEL_MAX_ACTORS];
	u32 done[MODEL_MAX_ACTORS];
	struct mevent irqs[MODEL_MAX_IRQS];
};

static struct shared *shared;
static const struct model *running;

static void nothing(int cpu)
{
	(void)cpu;
}

static bool no_background(void)
{
	return false;
}

static const struct machine_hooks hooks = {
	.kernel_exit = nothing, .kernel_enter = nothing, .background_matters = no_background,
};

static void do_op(const struct model_op *op, u32 actor, bool *skipping)
{
	u64 *acc = &shared->accumulator[actor];

	if (*skipping) {
		*skipping = op->kind != M_UNLOCK;
		return;
	}
	switch (op->kind) {
	case M_READ:
		*acc = *acc * 31 + READ_ONCE(shared->words[op->n]);
		break;
	case M_WRITE:
		WRITE_ONCE(shared->words[op->n], *acc * 8 + actor + 1);
		break;
	case M_RMW:
		yield_point(&shared->words[op->n], YIELD_RMW, "rmw");
		*acc = *acc * 31 + shared->words[op->n];
		shared->words[op->n] = shared->words[op->n] * 3 + actor + 1;
		object_written(&shared->words[op->n]);
		break;
	case M_LOCK:
		raw_spin_lock(&shared->locks[op->n]);
		break;
	case M_UNLOCK:
		raw_spin_unlock(&shared->locks[op->n]);
		break;
	case M_TRYLOCK:
		*skipping = !raw_spin_trylock(&shared->locks[op->n]);
		*acc = *acc * 31 + *skipping;
		break;
	case M_AWAIT:
		await(&shared->words[op->n], shared->words[op->n], "await");
		break;
	case M_PAUSE:
		ctx_sleep_until(this_sim->now / 10 * 10 + 10);
		break;
	default:
		shared->plain[op->n] = shared->plain[op->n] * 3 + actor + 1;
		*acc = *acc * 31 + shared->plain[op->n];
		break;
	}
}

static void run_ops(const struct model_op *op, u32 actor)
{
	bool skipping = false;

	for (; op->kind != M_END; op++)
		do_op(op, actor, &skipping);
	shared->done[actor] = 1;
}

static void run_cpu(void *arg)
{
	const u32 cpu = (u32)smp_processor_id();

	(void)arg;
	run_ops(running->ops[cpu], cpu);
}

static void run_irq(struct mevent *ev)
{
	const u32 n = (u32)(ev - shared->irqs);

	shared->accumulator[MODEL_MAX_CPUS + n] = this_sim->now;
	run_ops(running->irqs[n].ops, MODEL_MAX_CPUS + n);
}

static void arm_irqs(void)
{
	u32 i;

	for (i = 0; i < running->nr_irqs; i++) {
		struct mevent *ev = &shared->irqs[i];

		mevent_init(ev, RANK_OUTSIDE, (int)running->irqs[i].cpu, run_irq, "irq");
		ev->anytime = true;
		mevent_arm(ev, MODEL_LAST_INSTANT);
	}
}

static void set_up(struct sim *sim, u32 nr_cpus)
{
	struct machine_config cfg;
	u32 i;

	*sim = (struct sim){ .arena = arena_new(0x5a), .restorable = true };
	this_sim = sim;
	BUG_ON(!sim->arena);
	sim->events = arena_zalloc(sim->arena, sizeof(*sim->events));
	event_log_init(sim->events);
	machine_config_default(&cfg);
	cfg.nr_cpus = nr_cpus;
	cfg.mode = RUN_EXPLORED;
	cfg.step_limit = 0;
	BUG_ON(machine_init(&cfg, &hooks, NULL));
	shared = arena_zalloc(sim->arena, sizeof(*shared));
	for (i = 0; i < MODEL_LOCKS; i++)
		raw_spin_lock_init(&shared->locks[i], LOCK_CLASS_RQ, (u16)i, "lock");
	for (i = 0; i < nr_cpus; i++)
		ctx_spawn_service((int)i, "model", run_cpu, NULL);
	arm_irqs();
}

static void add_outcome(struct model_result *res, u64 hash)
{
	u32 at = res->nr_outcomes;

	while (at && res->outcomes[at - 1] > hash)
		at--;
	if (at && res->outcomes[at - 1] == hash)
		return;
	BUG_ON(res->nr_outcomes == MODEL_MAX_OUTCOMES);
	memmove(&res->outcomes[at + 1], &res->outcomes[at], (res->nr_outcomes - at) * sizeof(u64));
	res->outcomes[at] = hash;
	res->nr_outcomes++;
}

static u64 outcome(enum machine_end end)
{
	u64 h = end == MACHINE_END_DEADLOCK;
	u32 i;

	/* Where a deadlock was found depends on who asked last. */
	if (h)
		return h;
	for (i = 0; i < MODEL_WORDS; i++)
		h = digest_fold(h ^ shared->words[i] ^ DIGEST_K0, DIGEST_K1);
	for (i = 0; i < MODEL_LOCKS; i++)
		h = digest_fold(h ^ shared->plain[i] ^ DIGEST_K1, DIGEST_K2);
	for (i = 0; i < MODEL_MAX_ACTORS; i++)
		h = digest_fold(h ^ (shared->accumulator[i] << 1 | shared->done[i]) ^ DIGEST_K2, DIGEST_K3);
	return h;
}

void model_explore(const struct model *model, const struct strategy_ops *ops,
		   const struct strategy_cfg *cfg, u64 max, struct model_result *res)
{
	struct strategy *s = strategy_new(ops, cfg);
	struct machine_copy *copy;
	struct driver d;
	struct sim sim;
	bool more = true;
	u64 n;

	memset(res, 0, sizeof(*res));
	running = model;
	set_up(&sim, model->nr_cpus);
	BUG_ON(!s || driver_init(&d, s, 10000));
	copy = machine_save();
	BUG_ON(!copy);
	for (n = 0; n < max && more; n++) {
		enum machine_end end;

		if (n)
			machine_restore(copy);
		driver_begin(&d, n);
		end = machine_run(UINT64_MAX - 1);
		if (d.cut)
			res->nr_cut++;
		else
			add_outcome(res, outcome(end));
		more = driver_end(&d);
	}
	res->nr_executions = n;
	res->complete = !more && !s->incomplete;
	driver_free(&d);
	strategy_free(s);
	machine_copy_free(copy);
	machine_destroy();
	arena_free(sim.arena);
	this_sim = NULL;
}
