/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the recorder's two halves: recorder.c has the callbacks and the
 * records, recorder_plan.c what a plan says.
 */
#ifndef POLICY_RECORDER_STATE_H
#define POLICY_RECORDER_STATE_H

#include "policy/builtin.h"
#include "policy/recorder.h"

#define RECORDER_DSQ	1	/* the one user DSQ that all its policies share */
#define RECORDER_CPUS	64	/* with a queue of their own */
#define QUEUE_PLACES	4096

/* What the policies do in ops.enqueue() and ops.dispatch(). */
enum recorder_mode {
	MODE_GLOBAL, MODE_FIFO, MODE_VTIME, MODE_BPFQ, MODE_BPFQ_ON, MODE_DDSP, MODE_DDSP_USER,
	MODE_IMMED, MODE_PREEMPT, MODE_ENQ_PREEMPT, MODE_LOCAL, MODE_REENQ_TICK, MODE_DROP,
	MODE_BAD_DSQ, MODE_DOUBLE, MODE_VTIME_LOCAL, MODE_REENQ_LOOP, MODE_RACE_STALE,
	MODE_RACE_GLOBAL, MODE_RACE_HOLDING, MODE_RACE_QUEUEING, MODE_PLAN,
};

/* Tasks that the policy keeps itself, by pid, in order of arrival. */
struct pid_queue {
	u32 head, nr;
	s32 pid[QUEUE_PLACES];
};

struct recorder {
	u64 policy;			/* parameter: index into the table of policies */
	u64 slice_ns;			/* parameter */
	enum recorder_mode mode;
	bool enq_last;			/* ops.flags has SCX_OPS_ENQ_LAST */
	u64 watch_from;
	u32 gate;
	u64 rr_cpu;
	u64 next_seq;
	struct plan plan;
	struct recorder_listener listener;
	struct pid_queue cpu_queue[RECORDER_CPUS], shared_queue;
};

static inline struct recorder *recorder(void)
{
	return scxtwin_policy_state();
}

/* The scenario has begun: records are made and plans act. */
bool recorder_watching(void);
/* Of the scenario: neither kernel thread nor idle task. */
bool recorder_watched(const struct task_struct *p);
void recorder_emit(const struct task_struct *p, enum record_kind kind, u64 arg0, u64 arg1, u64 arg2);
/* Insert, and its record. */
void recorder_insert(struct task_struct *p, u64 dsq, u64 slice, u64 enq_flags);
void recorder_insert_vtime(struct task_struct *p, u64 dsq, u64 slice, u64 vtime, u64 enq_flags);
void recorder_reenq(u64 dsq, u64 flags);
bool recorder_push(struct task_struct *p);
/*
 * Race windows: sets the gate and holds the CPU until it is at least "until",
 * then extra_ns more for a part of the scenario that cannot report back.
 */
void recorder_hold(u32 gate, u32 until, u64 extra_ns);

/* The plan's verdict on p, or NULL if it does not apply now; counts it. */
struct verdict *plan_select(struct task_struct *p);
struct verdict *plan_enqueue(struct task_struct *p, u64 enq_flags);
void plan_carry_out(struct verdict *v, struct task_struct *p, u64 enq_flags);
/* False: the plan says nothing for this CPU and moment. */
bool plan_dispatch(s32 cpu, struct task_struct *prev);
/* One operation outside callbacks. */
void plan_control(const struct plan_op *op);

#endif /* POLICY_RECORDER_STATE_H */
