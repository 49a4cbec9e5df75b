/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run of a workload. Everything here lives in the simulation's arena,
 * except the reader of a recording.
 */
#ifndef WORKLOAD_RUN_H
#define WORKLOAD_RUN_H

#include "base/list.h"
#include "workload/program.h"
#include "workload/recording.h"
#include "workload/workload.h"

/* An opened file: a program, or a recording. */
struct scxtwin_workload {
	struct program *prog;
	struct recording *rec;
};

/*
 * What a name stands for: the wakes given to it and not yet taken, as a futex
 * word, and the task that bears the name now (of forked ones the youngest).
 * Wakes outlive and precede the task.
 */
struct wl_slot {
	u64 tokens;
	struct wl_task *task;
	struct rec_queue queue;		/* recordings: what lies ahead of the task */
};

struct wl_def {
	struct wl_slot *slots;
	u32 nr_slots;
	u64 nr_born;
};

enum wl_waiting { WAITS_FOR_NOTHING, WAITS_FOR_TIME, WAITS_FOR_WAKE, WAITS_FOR_CHILDREN };

enum wl_stream { STREAM_RUN, STREAM_SLEEP, NR_STREAMS };

struct wl_task {
	struct workload_run *run;
	struct task_core *core;		/* NULL until it first asks for work */
	struct wl_slot *slot;
	struct wl_task *parent;		/* by fork, while both live */
	struct list_head node;		/* run->alive */
	struct list_head children, sibling;
	struct list_head calls;		/* struct wl_event that this task is to carry out */
	struct rng rng[NR_STREAMS];
	struct step own;		/* recordings: the present step */
	bool own_valid;
	bool is_thread;
	bool spinning;			/* inside STEP_BPF_SPIN, until wake_at */
	u8 waiting;			/* enum wl_waiting */
	u32 nr_children;		/* forked and alive, threads apart */
	u32 def, instance;
	u32 pc, depth;
	u64 wake_at;			/* WAITS_FOR_TIME */
	u64 waits_since;
	u64 demand_ns;			/* CPU time asked for so far */
	u64 instant;			/* steps taken without time going on */
	u64 nr_at_instant;
	u64 runnable_since, on_cpu_since; /* expect.c; UINT64_MAX: is not */
	u64 loops[];			/* rounds left, by depth */
};

/* A timed outside event on its way. */
struct wl_event {
	struct workload_run *run;
	const struct program_event *ev;
	struct mevent timer;
	struct list_head call_node;
};

struct wl_birth {
	u64 at;
	u32 def, instance;
};

/* A recorded task that nobody forks in this mode. */
struct rec_birth {
	struct list_head node;
	u64 at;
	u32 task;
};

struct wl_group {
	u64 cpu_ns;
	u64 max_latency_ns;
};

struct workload_run {
	struct scxtwin_workload *w;
	const struct program *prog;	/* NULL for a recording */
	struct rec_reader *reader;	/* NULL for a program */
	struct workload_host host;
	struct pool tasks;
	struct wl_def *defs;
	u32 nr_defs;
	struct list_head alive;		/* struct wl_task, order of birth */
	u32 nr_alive;
	u64 nr_unborn;			/* to come yet; programs: without those that a step forks */
	struct pool chunks;		/* struct rec_chunk */
	struct rec_event **recorded;	/* recordings: the tasks, by number; NULL: not read yet */
	struct list_head due;		/* recordings: struct rec_birth, births from outside, in order */
	u64 nr_lines, read_at;		/* recordings: lines read, and the last one's instant */
	bool read_all;
	struct wl_event *events;
	struct wl_birth *births;	/* by (at, definition, instance) */
	u64 nr_births, next_birth;
	struct mevent birth_timer;
	struct mevent end_timer;	/* scenarios: goes on for a while when all tasks are gone */
	struct cpumask *scratch;
	struct scxtwin_error error;	/* first fault, code 0: none */
	struct wl_group *groups;
	u32 nr_groups;
	struct scxtwin_observer observer;
	bool observing;
	u64 exit_kind;			/* of the last scheduler that ended */
	u32 nr_inexact;			/* tasks that used another time than they asked for */
};

extern const struct user_ops workload_user_ops;

/* The first fault is kept and ends the run. */
void __attribute__((format(printf, 3, 4)))
run_fail(struct workload_run *r, enum scxtwin_errcode code, const char *fmt, ...);
/* Task of definition def; the calling context may sleep. False if the policy refused it. */
bool run_give_birth(struct workload_run *r, u32 def, u32 instance, struct wl_task *parent,
		    bool thread);
/* The task asked for its end, and: it is gone. */
void run_task_ends(struct wl_task *t);
void run_task_gone(struct wl_task *t);
/* "NAME" or "NAME-3" into buf. */
char *run_task_name(const struct workload_run *r, u32 def, u32 instance, char *buf, size_t size);
/* Carries out a step of a task (self) or from outside (NULL); may sleep if step_sleeps(). */
void exec_call(struct workload_run *r, struct wl_task *self, const struct step *s);
bool step_sleeps(enum step_kind kind);
/* More of the recording into the queues; false at its end. */
bool run_read_ahead(struct workload_run *r);

const struct cpumask *run_cpumask(struct workload_run *r, const struct cpu_list *list);
void run_hotplug(struct workload_run *r, int cpu, bool online);
void run_attach(struct workload_run *r);

/* expect.c */
void expect_start(struct workload_run *r);
void expect_task_gone(struct wl_task *t);
int expect_check(struct workload_run *r, struct scxtwin_error *err);

#endif /* WORKLOAD_RUN_H */
