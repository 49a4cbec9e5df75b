/* SPDX-License-Identifier: GPL-2.0-only */
/* Configuration, set-up and time; the run loop is in context.c. */
#include "machine/machine.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/event_log.h"
#include "base/mem.h"
#include "machine/chooser.h"
#include "machine/contexts.h"
#include "machine/evq.h"
#include "machine/irq_works.h"
#include "machine/masks.h"
#include "machine/topology.h"

void machine_config_default(struct machine_config *cfg)
{
	*cfg = (struct machine_config){
		.nr_cpus = 4, .smt = 1, .nr_nodes = 1, .hz = 250, .mode = RUN_TIMED,
		.tick_elision = true, .zero_time_passes = 1000, .step_limit = 1000000,
	};
}

static int check_config(const struct machine_config *cfg, struct scxtwin_error *err)
{
	struct scxtwin_error none;

	if (!err)
		err = &none;
	err->code = SCXTWIN_EINPUT;
	if (!cfg->nr_cpus || cfg->nr_cpus > MACHINE_MAX_CPUS) {
		snprintf(err->msg, sizeof(err->msg), "machine: %u CPUs; 1 to %d are possible", cfg->nr_cpus,
			 MACHINE_MAX_CPUS);
		return SCXTWIN_EINPUT;
	}
	if (cfg->hz < 24 || cfg->hz > 10000) {
		snprintf(err->msg, sizeof(err->msg), "machine: hz %u; 24 to 10000 are possible", cfg->hz);
		return SCXTWIN_EINPUT;
	}
	err->code = SCXTWIN_OK;
	return 0;
}

static void never_delivered(struct mevent *ev)
{
	(void)ev;
	BUG();
}

static void init_cpus(struct machine *m)
{
	u32 cpu;

	for (cpu = 0; cpu < m->nr_cpu_ids; cpu++) {
		struct mcpu *c = &m->cpus[cpu];

		c->cpu = (int)cpu;
		c->passes_at = UINT64_MAX;
		INIT_LIST_HEAD(&c->raised);
		INIT_LIST_HEAD(&c->raised_node);
		irq_works_init(c);
	}
}

int machine_init(const struct machine_config *cfg, const struct machine_hooks *hooks,
		 struct scxtwin_error *err)
{
	struct machine *m;
	int ret = check_config(cfg, err);
	u32 id;

	if (ret)
		return ret;
	m = arena_zalloc(this_sim->arena, sizeof(*m));
	if (!m)
		return SCXTWIN_EINTERNAL;
	this_sim->machine = m;
	m->cfg = *cfg;
	m->hooks = hooks;
	m->nr_cpu_ids = cfg->nr_cpus;
	m->mask_words = (cfg->nr_cpus + 63) / 64;
	m->tick_ns = NSEC_PER_SEC / cfg->hz;
	m->chooser = &chooser_first;
	if (cfg->mode != RUN_COSTED)
		for (id = 0; id < NR_COSTS; id++)
			m->cfg.cost_ns[id] = 0;
	INIT_LIST_HEAD(&m->ready);
	INIT_LIST_HEAD(&m->waiters);
	INIT_LIST_HEAD(&m->sleepers);
	INIT_LIST_HEAD(&m->inside);
	INIT_LIST_HEAD(&m->rcu_cbs);
	INIT_LIST_HEAD(&m->raised_cpus);
	INIT_LIST_HEAD(&m->due);
	m->cpus = arena_calloc(this_sim->arena, m->nr_cpu_ids, sizeof(*m->cpus));
	m->nr_choices_max = 16 * m->nr_cpu_ids + 1024;
	if (cfg->mode == RUN_EXPLORED)
		m->choices = mem_alloc(m->nr_choices_max * sizeof(*m->choices));
	if (!m->cpus || (cfg->mode == RUN_EXPLORED && !m->choices) || masks_init() || contexts_init())
		return SCXTWIN_EINTERNAL;
	init_cpus(m);
	mevent_init(&m->time_goes_on, RANK_OUTSIDE, 0, never_delivered, "time");
	return topology_init(err);
}

void machine_destroy(void)
{
	if (!machine())
		return;
	if (machine()->contexts)
		contexts_destroy();
	evq_destroy(machine());
	free(machine()->choices);
	this_sim->machine = NULL;
}

void __machine_spend(u64 ns)
{
	BUG_ON(machine()->cfg.mode != RUN_COSTED);
	if (machine_running())
		ctx_sleep_until(this_sim->now + ns);
}

bool machine_still_to_come(enum mrank rank, int cpu)
{
	step_reads(&machine()->now_order);
	return machine()->now_order < mevent_order(rank, cpu);
}

u64 machine_tick_at_or_after(int cpu, u64 time)
{
	const u64 period = machine()->tick_ns;
	BUG_ON((u32)cpu >= machine()->nr_cpu_ids);
	BUG_ON(!period);
	const u64 phase = (u64)cpu * machine()->cfg.tick_phase_ns % period;

	if (time <= phase)
		return phase;
	return phase + (time - phase + period - 1) / period * period;
}

/* A CPU may not stop time: passes beyond the limit at one instant cost a microsecond each. */
void machine_count_pass(int cpu)
{
	struct mcpu *c = mcpu(cpu);
	struct machine *m = machine();

	BUG_ON(irqs_disabled());
	BUG_ON(smp_processor_id() != cpu);

	/* Charged time does not end a streak, only a real advance does. */
	if (this_sim->now > c->passes_at + NSEC_PER_USEC ||
	    (this_sim->now != c->passes_at && c->nr_passes <= m->cfg.zero_time_passes))
		c->nr_passes = 0;
	c->passes_at = this_sim->now;
	if (++c->nr_passes <= m->cfg.zero_time_passes)
		return;
	if (!c->charged) {
		c->charged = true;
		event_emit(SCXTWIN_EV_MARK, cpu, SCXTWIN_NO_TASK, SCXTWIN_MARK_ZERO_TIME_CHARGE, 0, 0, 0);
	}
	ctx_sleep_until(this_sim->now + NSEC_PER_USEC);
}
