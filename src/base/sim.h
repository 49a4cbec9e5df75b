/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The root of all state of one simulation and the one thread-local pointer by
 * which the rooms reach it. A room defines its own part; nobody looks into the
 * part of a room above.
 */
#ifndef BASE_SIM_H
#define BASE_SIM_H

#include <scxtwin/types.h>

struct arena;
struct event_log;
struct machine;
struct core_sched;
struct scx;
struct policy;
struct check;

struct sim {
	u64 now;			/* simulated time, ns */
	u64 seed;
	struct arena *arena;		/* lives as long as the simulation */
	struct event_log *events;
	struct machine *machine;
	struct core_sched *sched;
	struct scx *scx;
	struct policy *policy;
	struct check *check;
	u32 proposed;			/* enum scx_proposed: what no kernel has and was asked for */
	bool restorable;		/* will be put back to an earlier state: nothing may lie outside the arena */
};

/* For what takes an arena or, with NULL, the heap. */
#define sim_restorable_arena() (this_sim->restorable ? this_sim->arena : NULL)

/*
 * The simulation that the calling host thread is running or setting up. The
 * initial-exec model keeps an access at one load in position-independent code.
 */
extern __thread struct sim *this_sim __attribute__((tls_model("initial-exec")));

#endif /* BASE_SIM_H */
