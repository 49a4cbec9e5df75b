/* SPDX-License-Identifier: GPL-2.0-only */
/* What an execution came to: its end state as one number, and tasks that nobody will run. */
#ifndef EXPLORE_ENDSTATE_H
#define EXPLORE_ENDSTATE_H

#include <scxtwin/event.h>

#include "base/vec.h"

/* The callbacks of each task in order, as one number per task. */
struct callbacks {
	struct scxtwin_observer observer;
	VEC(u64) by_pid;
	struct scxtwin_observer *also;	/* told of every record; may be NULL */
};

/* Begins to observe this_sim. */
void callbacks_init(struct callbacks *c);
void callbacks_reset(struct callbacks *c);
void callbacks_free(struct callbacks *c);

/*
 * Final state and callbacks. Neither times nor the order of things that have
 * nothing to do with each other are part of it.
 */
u64 endstate_hash(const struct callbacks *c, bool failed);

/* Different numbers, in a hash table of their own. */
struct endstate_set {
	u64 *slots;	/* 0: free */
	u64 nr, size;
	u64 digest;	/* sum over the members */
};

/* 0 or -ENOMEM. */
int endstate_set_add(struct endstate_set *set, u64 hash);
void endstate_set_free(struct endstate_set *set);

#endif /* EXPLORE_ENDSTATE_H */
