/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small concurrent programs on the simulated machine alone: one service per
 * CPU with a list of operations on shared words and locks, and interrupts that
 * may come at any instant. What a program can come to is known by trying every
 * order; strategies are held against that.
 */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include "explore/strategy.h"

#define MODEL_MAX_CPUS	3
#define MODEL_MAX_OPS	12
#define MODEL_MAX_IRQS	2
#define MODEL_LAST_INSTANT 100	/* at which the interrupts have come */
#define MODEL_WORDS	3
#define MODEL_LOCKS	2
#define MODEL_MAX_OUTCOMES 4096

enum model_op_kind {
	M_END,
	M_READ,		/* accumulator = word */
	M_WRITE,	/* word = accumulator * 8 + cpu + 1 */
	M_RMW,		/* word = word * 3 + cpu + 1, accumulator = old */
	M_LOCK, M_UNLOCK,
	M_TRYLOCK,	/* up to the unlock nothing is done if it fails */
	M_AWAIT,	/* until the word is not 0 */
	M_PLAIN,	/* word of a lock's own, changed under it without a yield point */
	M_PAUSE,	/* until the next of the instants 10, 20, ... */
};

struct model_op {
	enum model_op_kind kind;
	u32 n;		/* of the word or lock */
};

struct model {
	u32 nr_cpus;
	struct model_op ops[MODEL_MAX_CPUS][MODEL_MAX_OPS + 1];
	/* Interrupts: reads and writes only; they also note the instant. */
	u32 nr_irqs;
	struct {
		u32 cpu;
		struct model_op ops[MODEL_MAX_OPS + 1];
	} irqs[MODEL_MAX_IRQS];
};

struct model_result {
	u64 nr_executions, nr_cut;
	bool complete;
	u32 nr_outcomes;
	u64 outcomes[MODEL_MAX_OUTCOMES];	/* ascending */
};

/* Runs until the strategy has no more or max executions were made. */
void model_explore(const struct model *model, const struct strategy_ops *ops,
		   const struct strategy_cfg *cfg, u64 max, struct model_result *res);

#endif /* TESTS_MODEL_H */
