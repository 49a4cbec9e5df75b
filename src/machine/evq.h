/* SPDX-License-Identifier: GPL-2.0-only */
/* The queue of pending events, for the machine's own files; others use mevent_*() of machine.h. */
#ifndef MACHINE_EVQ_H
#define MACHINE_EVQ_H

#include <stdlib.h>

#include "machine/machine.h"

/* Smallest order of (rank, cpu). */
u64 mevent_order(enum mrank rank, int cpu);
struct mevent *evq_first(void);
/* Takes a pending event out of the queue. */
void evq_take(struct mevent *ev);
/* Due, but its CPU cannot take it now: kept on the CPU in delivery order. */
void evq_raise(struct mevent *ev);
/* As above for an event that was not pending. */
void evq_raise_now(struct mevent *ev);
struct mevent *evq_take_raised(struct mcpu *c);
/* Every pending event that may come at the present instant, in no particular order. */
void evq_for_each_due(void (*fn)(struct mevent *ev, void *data), void *data);
void evq_destroy(struct machine *m);

#endif /* MACHINE_EVQ_H */
