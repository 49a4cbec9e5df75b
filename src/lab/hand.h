/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy that does as it is told; it has all callbacks about tasks, so that records are complete. */
#ifndef LAB_HAND_H
#define LAB_HAND_H

#include <scxtwin/kfunc.h>

#define HAND_MAX_TOLD 16

struct hand_told {
	s32 cpu;		/* whose ops.dispatch() does it */
	struct task_struct *p;	/* NULL: a task is moved to the local queue */
	u64 dsq, enq_flags;
};

struct hand {
	u64 dsq;		/* of ops.enqueue(), 0: it keeps the task */
	u64 slice, vtime, enq_flags;
	struct hand_told told[HAND_MAX_TOLD];
	u32 nr_told;
};

extern const struct sched_ext_ops hand_ops;
/* Whose callbacks are called from now on; per host thread. */
void hand_use(struct hand *h);
/* False: HAND_MAX_TOLD are waiting already. */
bool hand_tell(struct hand *h, const struct hand_told *told);

#endif /* LAB_HAND_H */
