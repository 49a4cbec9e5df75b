/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MACHINE_IRQ_WORKS_H
#define MACHINE_IRQ_WORKS_H

struct mcpu;

void irq_works_init(struct mcpu *c);

#endif /* MACHINE_IRQ_WORKS_H */
