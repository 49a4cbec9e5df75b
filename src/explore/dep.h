/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dependence of steps. A step reaches objects, each for reading or for
 * writing; two steps depend on each other if they share one that either of
 * them writes. A CPU is an object as well: its own context and deliveries to
 * it write it, calls and services on it read it, since they cannot go on while
 * it is in the kernel.
 */
#ifndef EXPLORE_DEP_H
#define EXPLORE_DEP_H

#include "machine/yield.h"

#define FOOTPRINT_MAX 16

struct access {
	const void *obj;
	bool writes;
};

struct footprint {
	u32 nr;
	bool everything;	/* more than the list holds: depends on all */
	struct access list[FOOTPRINT_MAX];
};

void footprint_add(struct footprint *f, const void *obj, bool writes);
/* What a step that begins with this choice declares. */
void footprint_of_choice(struct footprint *f, const struct choice *c);
bool footprints_depend(const struct footprint *a, const struct footprint *b);
/* The same for two pending steps, by what they declare alone. */
bool choices_depend(const struct choice *a, const struct choice *b);

#endif /* EXPLORE_DEP_H */
