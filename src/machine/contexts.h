/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this room share about contexts; the rooms above use context.h. */
#ifndef MACHINE_CONTEXTS_H
#define MACHINE_CONTEXTS_H

#include "base/mem.h"
#include "machine/context.h"
#include "machine/stack.h"

struct context_pool {
	struct pool ctxs;
	struct list_head parked;	/* stacks whose loop frame waits in resume(), latest first */
	struct stack host;
	struct stack *active;
	struct ctx *boot;		/* set-up code and calls from outside machine_run() */
	u32 next_id;
	enum machine_end end;
};

/* The run loop, entry of every fresh stack. */
void contexts_loop(void);
int contexts_init(void);
void contexts_destroy(void);
/* Sets the calling context aside and goes on with the loop; returns when resumed. */
void ctx_switch_out(struct ctx *ctx);
/* A service or task context that nobody may overtake on its CPU: interrupts off or not preemptible. */
bool ctx_keeps_cpu(const struct ctx *ctx);
/* The context could be resumed now: its CPU is free and the lock it wants is too. */
bool ctx_enabled(const struct ctx *ctx);
/* Sleeping in a primitive is no longer being inside a path. */
void ctx_quiescent_begin(struct ctx *ctx);
void ctx_quiescent_end(struct ctx *ctx);
/* The calling path holds nothing that a grace period protects: a context switch, a return to user mode. */
void ctx_quiescent_state(void);
/* No event is left that keeps the run alive. */
bool machine_can_end(void);
/* Explored mode, no context current: lets the chooser pick; false if nothing is enabled. */
bool explored_next(void);
/* Fills machine->deadlock if a spinning context can never go on. */
void deadlock_describe_waiters(void);
/* Fills machine->deadlock if ctx waiting for lock closes a cycle of owners. */
bool deadlock_find_cycle(const struct ctx *ctx, const struct raw_spinlock *lock);

#endif /* MACHINE_CONTEXTS_H */
