/* SPDX-License-Identifier: GPL-2.0-only */
/* Work that runs in interrupt context of a chosen CPU as soon as its interrupts are on. */
#ifndef MACHINE_IRQ_WORK_H
#define MACHINE_IRQ_WORK_H

#include "machine/context.h"

struct irq_work {
	struct list_head node;
	bool pending;
	void (*fn)(struct irq_work *work);
};

void init_irq_work(struct irq_work *work, void (*fn)(struct irq_work *work));
/* On the calling CPU. False if it was pending already, on whichever CPU. */
bool irq_work_queue(struct irq_work *work);
bool irq_work_queue_on(struct irq_work *work, int cpu);

#endif /* MACHINE_IRQ_WORK_H */
