/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The chooser of explored mode that asks a strategy, and remembers what was
 * not the default. The default is to let the current context go on, else the
 * first that is ready, else the first event.
 *
 * Not every point is a choice. Asking for a lock that somebody holds comes to
 * the same as asking for it later, so who would do that is not offered as long
 * as there is another. Giving up a lock is a choice only right behind taking
 * it, for those who only try.
 */
#ifndef EXPLORE_DRIVER_H
#define EXPLORE_DRIVER_H

#include "base/vec.h"
#include "explore/strategy.h"

/* Instead of the default, at the op-th choice at which that was a step of cpu. */
struct departure {
	u32 op;			/* counts from 0 */
	u16 cpu;
	u16 to_cpu;
	u32 to_nth;		/* of several candidates with the same CPU and label */
	const char *at, *to;	/* labels of the pending steps: default and chosen */
};

struct departures {
	VEC(struct departure) list;
};

struct driver {
	struct chooser chooser;
	struct strategy *strategy;
	u64 step_limit;
	const struct choice *candidates; /* at the present point: all choices, or some of them */
	struct choice *some;		/* scratch, nr_choices_max of the machine */
	u32 nr_candidates_max;
	bool (*in_policy)(const struct ctx *ctx);	/* NULL: there is none */
	/*
	 * Steps inside the policy reach policy_obj (NULL: nothing); they write it
	 * if the policy's own bytes are others than when this was last asked.
	 */
	const void *policy_obj;
	bool (*policy_wrote)(void *data);
	void *policy_data;
	/* Told of every step that is about to be taken; may be NULL. */
	void (*step)(void *data, const struct choice *c, bool was_choice, bool departs);
	void *step_data;
	bool (*quiet)(void *data);	/* and the next, as in struct chooser; may be NULL */
	bool (*stuck)(void *data);
	void *quiet_data;

	/* of the present execution */
	u64 nr_steps, nr_points;
	u32 *ops;			/* choices so far, by CPU of the default */
	struct departures departures;
	struct choice last;		/* the step that is going on */
	bool has_last, last_in_policy, limit_hit, cut, no_memory;
};

/* The machine must exist. 0 or -ENOMEM. */
int driver_init(struct driver *d, struct strategy *s, u64 step_limit);
void driver_free(struct driver *d);
/* Before each execution; becomes the machine's chooser. */
void driver_begin(struct driver *d, u64 execution);
/* True: the strategy wants another one. */
bool driver_end(struct driver *d);

#endif /* EXPLORE_DRIVER_H */
