/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who goes next in explored mode. Strategies live in src/explore; this is all
 * the machine knows of them.
 */
#ifndef MACHINE_CHOOSER_H
#define MACHINE_CHOOSER_H

#include "machine/yield.h"

struct chooser {
	/* Index into choices[0 .. nr); nr >= 1. Order is canonical: current, ready, due events. */
	u32 (*choose)(struct chooser *c, const struct choice *choices, u32 nr);
	void (*begin)(struct chooser *c);
	void (*end)(struct chooser *c);
	/*
	 * Nothing is enabled and only background events are left. True: that is
	 * the end of the run, and time need not go on. NULL: never.
	 */
	bool (*quiet)(struct chooser *c);
	/*
	 * Contexts wait, none can go on, and only background events are left. True: one
	 * of them was woken after all. NULL: never.
	 */
	bool (*stuck)(struct chooser *c);
	/* The step that is going on reached obj, which its yield point did not declare. May be NULL. */
	void (*touched)(struct chooser *c, const void *obj, bool writes);
	/* Asked to stop without a fault, the machine first does what is left to do at that instant. */
	bool drains;
	bool asks_always;	/* wants to hear of steps without an alternative too */
	void *data;
};

/* Always the first choice: never preempts. */
extern struct chooser chooser_first;

/*
 * Tell the chooser of accesses that no yield point declares: events armed, work
 * queued, a word read together with the lock that was just taken.
 */
static inline void __step_touches(const void *obj, bool writes)
{
	const struct machine *m = machine();

	if (unlikely(yield_armed) && m->chooser->touched)
		m->chooser->touched(m->chooser, obj, writes);
}

static inline void step_touches(const void *obj)
{
	__step_touches(obj, true);
}

static inline void step_reads(const void *obj)
{
	__step_touches(obj, false);
}

#endif /* MACHINE_CHOOSER_H */
