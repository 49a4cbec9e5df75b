/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Yield points: places where another CPU could step in on the real machine.
 * Each declares (object, kind of access, short stable label); reduction,
 * replay and coverage rest on that triple alone. In timed mode a yield point
 * costs one predictable branch.
 */
#ifndef MACHINE_YIELD_H
#define MACHINE_YIELD_H

#include "machine/context.h"

enum yield_kind {
	YIELD_READ,
	YIELD_WRITE,
	YIELD_RMW,
	YIELD_LOCK,	/* these three of raw spin locks only */
	YIELD_TRYLOCK,
	YIELD_UNLOCK,
	YIELD_AWAIT,
	YIELD_CALL,	/* callback entry and return, kfunc, helper */
	YIELD_IRQ,	/* interrupt enable */
};

/* Set while some mode wants to hear of yield points; per host thread. */
extern __thread bool yield_armed;

void __yield_point(const void *obj, enum yield_kind kind, const char *label);

static inline void yield_point(const void *obj, enum yield_kind kind, const char *label)
{
	if (unlikely(yield_armed))
		__yield_point(obj, kind, label);
}

/* Set while a context waits for a write; per host thread. */
extern __thread u32 nr_awaiting;

/* Wakes the contexts that await obj; call after each write to an awaited word. */
void __object_written(const void *obj);

static inline void object_written(const void *obj)
{
	if (unlikely(nr_awaiting))
		__object_written(obj);
}

/*
 * Wait until cond holds; it is tested again each time obj is written. The
 * context leaves the enabled set meanwhile.
 */
#define await(obj, cond, label)								\
	do {										\
		yield_point((obj), YIELD_AWAIT, (label));				\
		while (!(cond))								\
			ctx_suspend((obj), (label));					\
	} while (0)

#endif /* MACHINE_YIELD_H */
