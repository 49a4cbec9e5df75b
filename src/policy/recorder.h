/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policies that recordings of a real kernel were made under, as one
 * built-in policy "recorder": the same decisions in the same callbacks, and a
 * record of each callback and decision, which a listener gets.
 */
#ifndef POLICY_RECORDER_H
#define POLICY_RECORDER_H

#include "policy/plan.h"

/* name in recordings, kind */
#define RECORD_KINDS(X)							\
	X("select_cpu", SELECT_CPU) X("enqueue", ENQUEUE) X("dequeue", DEQUEUE)	\
	X("dispatch", DISPATCH) X("tick", TICK) X("runnable", RUNNABLE)		\
	X("running", RUNNING) X("stopping", STOPPING) X("quiescent", QUIESCENT)	\
	X("yield", YIELD) X("set_weight", SET_WEIGHT) X("set_cpumask", SET_CPUMASK) \
	X("update_idle", UPDATE_IDLE) X("init_task", INIT_TASK)			\
	X("exit_task", EXIT_TASK) X("enable", ENABLE) X("disable", DISABLE)	\
	X("cpu_online", CPU_ONLINE) X("cpu_offline", CPU_OFFLINE) X("exit", EXIT) \
	X("cpu_acquire", CPU_ACQUIRE) X("cpu_release", CPU_RELEASE)		\
	X(".selected", SELECTED) X(".insert", INSERT)				\
	X(".insert_vtime", INSERT_VTIME) X(".move_to_local", MOVE_TO_LOCAL)	\
	X(".kick", KICK) X(".reenq", REENQ) X(".set_slice", SET_SLICE)		\
	X(".push", PUSH) X(".pop", POP) X("#switch", SWITCH) X("#event", EVENT)	\
	X("#step", STEP) X("#window", WINDOW) X(".iter", ITER) X(".move", MOVE)	\
	X(".move_vtime", MOVE_VTIME) X(".peek", PEEK) X(".nr_queued", NR_QUEUED) \
	X(".slots", SLOTS) X(".cancel", CANCEL) X(".create", CREATE)		\
	X(".destroy", DESTROY) X(".reenq_local", REENQ_LOCAL)

enum record_kind {
#define X(name, kind) RECORD_##kind,
	RECORD_KINDS(X)
#undef X
	NR_RECORDS
};

/* The snapshot is the task's at that moment, so a listener must not keep the pointer. */
struct recorder_record {
	enum record_kind kind;
	u64 seq, time_ns;
	s32 cpu;
	const struct task_struct *task;	/* NULL: the record has none */
	const char *text;		/* EVENT: counter; STEP: JSON text of the step */
	u64 arg[4];
};

struct recorder_listener {
	void (*record)(const struct recorder_record *rec, void *data);
	void *data;
};

/* What a scenario says of its policy, whichever it runs under. */
struct recorder_scenario {
	u64 slice_ns;		/* 0: the policy's */
	u32 timeout_ms;		/* 0: 20 s */
	u32 max_batch;		/* 0: the core's */
	bool no_hotplug_ops;
	bool attach_later;	/* no scheduler is there when the plan's queues are made */
	u64 watch_from_ns;	/* nothing is recorded, and no plan acts, before */
	const struct plan *plan; /* copied */
};

struct flag_name {
	u64 value;
	const char *name;	/* NULL ends a table */
};

extern const struct flag_name recorder_enq_flags[], recorder_deq_flags[], recorder_wake_flags[],
	recorder_kick_flags[], recorder_task_flags[];

/* Name and ops.flags of the n-th policy; NULL beyond the last. */
const char *recorder_policy_nth(u32 n, u64 *ops_flags);
bool recorder_policy_known(const char *name);

/* Between opening the policy "recorder" in this_sim and loading it. -ENOENT: no such policy. */
int recorder_listen(const char *policy, const struct recorder_listener *listener);

/*
 * The rest does nothing unless the simulation's policy is the recorder. Gates
 * tie steps of tasks to race windows that the policy holds open.
 */
/* Before the policy is loaded. */
void recorder_take_scenario(const struct recorder_scenario *sc);
u32 recorder_gate(void);
void recorder_set_gate(u32 gate);
/* A program outside callbacks carries out one operation. */
void recorder_control(const struct plan_op *op);
/* A step that acts on the scheduler begins. */
void recorder_step(const struct task_struct *by, const char *text);
/* What the policy itself cannot see. */
void recorder_switched(const struct task_struct *prev, const struct task_struct *next,
		       bool preempt, u64 prev_state);
void recorder_counted(const char *event, s64 delta);
/* A record without a task, of what a program outside callbacks is about to do. */
void recorder_note(enum record_kind kind, u64 arg0, u64 arg1);

#endif /* POLICY_RECORDER_H */
