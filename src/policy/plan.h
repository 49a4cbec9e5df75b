/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the recorder's plan policies do: decisions of a policy as data, taken
 * from a scenario. Tasks are named, since a plan is read before they exist.
 */
#ifndef POLICY_PLAN_H
#define POLICY_PLAN_H

#include <scxtwin/ops.h>

#define PLAN_UNSET	UINT64_MAX
#define PLAN_OPS	10	/* of one dispatch entry */
#define PLAN_DISPATCHES	8
#define PLAN_TASKS	32
#define PLAN_DSQS	8

/* name in files, kind */
#define PLAN_OP_KINDS(X)		\
	X("insert", INSERT)		\
	X("insert_vtime", INSERT_VTIME)	\
	X("move_to_local", MOVE_LOCAL)	\
	X("cancel", CANCEL)		\
	X("slots", SLOTS)		\
	X("iter", ITER)			\
	X("peek", PEEK)			\
	X("nr_queued", NR_QUEUED)	\
	X("destroy", DESTROY)		\
	X("create", CREATE)		\
	X("set_slice", SET_SLICE)	\
	X("kick", KICK)			\
	X("reenq", REENQ)		\
	X("window", WINDOW)

enum plan_op_kind {
#define X(name, kind) PLAN_##kind,
	PLAN_OP_KINDS(X)
#undef X
	NR_PLAN_OPS
};

/* One operation of ops.dispatch() or of a program outside callbacks. */
struct plan_op {
	enum plan_op_kind kind;
	char task[TASK_COMM_LEN];	/* "": any; "prev": the argument of ops.dispatch() */
	u64 dsq, to, flags;		/* ITER: "to" PLAN_UNSET only looks */
	u64 slice, vtime;		/* PLAN_UNSET: none */
	bool rev, by_vtime;
	u32 max;			/* ITER: moves at most, 0: all */
	s32 cpu;			/* KICK */
	u32 window;			/* gate number, 0: none; ITER: before the first move */
};

enum verdict_kind {
	VERDICT_DEFAULT,	/* nothing said: as the fifo policy */
	VERDICT_INSERT, VERDICT_INSERT_VTIME, VERDICT_PUSH, VERDICT_HOLD, VERDICT_NOTHING,
};

/* What one callback does with one task. */
struct verdict {
	enum verdict_kind kind;
	u32 gate;		/* applies only from this gate on */
	s32 left;		/* how often; -1: always */
	u32 window;
	s32 cpu;		/* what ops.select_cpu() returns, -1: its own choice */
	u64 to, flags, slice, vtime;
};

struct task_plan {
	char name[TASK_COMM_LEN];
	struct verdict select, enqueue, reenq;
};

struct dispatch_plan {
	s32 cpu;
	u32 gate;
	s32 left;
	u32 nr;
	struct plan_op ops[PLAN_OPS];
};

struct plan {
	u32 nr_dsqs, nr_tasks, nr_dispatches;
	u64 dsqs[PLAN_DSQS];
	struct task_plan tasks[PLAN_TASKS];
	struct dispatch_plan dispatches[PLAN_DISPATCHES];
	bool reenq_on_release;
};

#endif /* POLICY_PLAN_H */
