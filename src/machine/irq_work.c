/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * irq_work: a list per CPU, delivered by one event per CPU. Queued on the own
 * CPU it runs when interrupts are next on; on another CPU it travels like an IPI.
 */
#include "machine/irq_work.h"

#include "machine/chooser.h"
#include "machine/evq.h"
#include "machine/irq_works.h"
#include "machine/yield.h"

static void run_irq_works(struct mevent *ev)
{
	struct mcpu *c = container_of(ev, struct mcpu, irq_work_ev);
	struct irq_work *work;

	step_touches(&c->irq_works);
	while ((work = list_first_entry_or_null(&c->irq_works, struct irq_work, node))) {
		BUG_ON(!work->pending);
		list_del_init(&work->node);
		work->pending = false;
		work->fn(work);
	}
}

void irq_works_init(struct mcpu *c)
{
	INIT_LIST_HEAD(&c->irq_works);
	mevent_init(&c->irq_work_ev, RANK_IRQ_WORK, c->cpu, run_irq_works, "irq_work");
}

void init_irq_work(struct irq_work *work, void (*fn)(struct irq_work *work))
{
	BUG_ON(!fn);
	*work = (struct irq_work){ .fn = fn };
	INIT_LIST_HEAD(&work->node);
}

bool irq_work_queue(struct irq_work *work)
{
	struct ctx *ctx = current_ctx();
	struct mcpu *c = mcpu(ctx->cpu);

	yield_point(work, YIELD_RMW, "irq_work_queue");
	if (work->pending)
		return false;
	BUG_ON(!list_empty(&work->node));
	BUG_ON(!work->fn);
	work->pending = true;
	list_add_tail(&work->node, &c->irq_works);
	if (c->irq_work_ev.raised)
		return true;
	mevent_disarm(&c->irq_work_ev);
	evq_raise_now(&c->irq_work_ev);
	if (!ctx->irqs_off)
		__local_irq_enabled(ctx);
	return true;
}

bool irq_work_queue_on(struct irq_work *work, int cpu)
{
	struct mcpu *c = mcpu(cpu);

	BUG_ON((u32)cpu >= machine()->nr_cpu_ids);
	if (cpu == smp_processor_id())
		return irq_work_queue(work);
	yield_point(work, YIELD_RMW, "irq_work_queue_on");
	if (work->pending)
		return false;
	work->pending = true;
	step_touches(&c->irq_works);
	list_add_tail(&work->node, &c->irq_works);
	if (!mevent_pending(&c->irq_work_ev))
		mevent_arm(&c->irq_work_ev, this_sim->now + machine()->cfg.cost_ns[COST_ipi]);
	return true;
}
