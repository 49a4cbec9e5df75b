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
	bool asks_always;	/* wants to hear of steps without an alternative too */
	void *data;
};

/* Always the first choice: never preempts. */
extern struct chooser chooser_first;

#endif /* MACHINE_CHOOSER_H */
