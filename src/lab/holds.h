/* SPDX-License-Identifier: GPL-2.0-only */
/* Holds: the next context that comes to a point stays there until it is released. */
#ifndef LAB_HOLDS_H
#define LAB_HOLDS_H

#include <scxtwin/task.h>

#include "machine/chooser.h"

#define LAB_KIND(kind)	(1U << (kind))
#define LAB_ANY_CPU	(-1)
#define LAB_MAX_HOLDS	16

struct lab_point {
	int cpu;		/* of the context, or LAB_ANY_CPU */
	const char *label;	/* is part of the point's label */
	u32 kinds;		/* LAB_KIND(YIELD_READ) | ...; 0: any */
	const void *obj;	/* NULL: any */
	u32 skip;		/* so many are let go first */
	const struct task_struct *about;	/* only on what is part of this one; NULL: anything */
	const struct task_struct *claimed;	/* only while this one is DISPATCHING; NULL: at any time */
};

struct lab_hold {
	struct lab_point point;
	bool armed;
	struct ctx *ctx;	/* who stands there */
};

struct lab_holds {
	struct lab_hold list[LAB_MAX_HOLDS];
	u32 nr;
};

bool lab_point_is(const struct lab_point *point, const struct choice *step); /* but for skip */
/* NULL: there are LAB_MAX_HOLDS already. */
struct lab_hold *lab_holds_add(struct lab_holds *holds, const struct lab_point *point);
bool lab_holds_anybody(const struct lab_holds *holds);
/* From the chooser, a context stands at step, which is a copy of its choice: holds it if it shall be. */
void lab_holds_follow(struct lab_holds *holds, const struct choice *step);
/* Who stands there may go on; nobody will be held there. */
void lab_hold_release(struct lab_hold *hold);
/* Who stands there may go on up to another point. */
void lab_hold_move(struct lab_hold *hold, const struct lab_point *to);

#endif /* LAB_HOLDS_H */
