/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The laboratory: one transition of the core by hand. Put tasks and CPUs into a
 * state, run one kernel path, look at what became of it.
 *
 *	struct scxtwin_lab *lab = scxtwin_lab_new(.cpus = 3);
 *	struct task_struct *p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_CUSTODY);
 *
 *	scxtwin_lab_set_nice(lab, p, 5);
 *	scxtwin_lab_check(lab, scxtwin_lab_called(lab, p, "dequeue quiescent ... runnable enqueue"));
 *	puts(scxtwin_lab_show(lab, p));
 *	return scxtwin_lab_end(lab);
 *
 * Nothing happens but what is asked for: tasks run for ever once they have a CPU,
 * and the policy, unless one is given, does as it is told. Each function returns
 * when everything has happened that happens at that instant; time passes only in
 * scxtwin_lab_run() and where a path itself has to wait.
 *
 * Errors stick: the first one, a mistake in the use of this interface as well as
 * an assertion or a warning of the core, is kept, and all that comes after it does
 * nothing. scxtwin_lab_end() prints it. One lab is used by one host thread at a time.
 */
#ifndef SCXTWIN_LAB_H
#define SCXTWIN_LAB_H

#include <scxtwin/policy.h>

struct scxtwin_lab;

/* ---- the machine and its policy */

struct scxtwin_lab_config {
	u32 cpus;		/* 0: 2 */
	u32 smt, nodes, cores_per_llc, hz; /* 0: as for scxtwin run */
	/*
	 * Loaded before the first thing that is not a sleeping task. Both NULL: a policy
	 * that keeps what it is given in its custody, or as scxtwin_lab_insert() says.
	 */
	const struct sched_ext_ops *ops; /* copied */
	const char *policy;		 /* by name or file, as for scxtwin run */
	const char *proposed;		 /* features that no kernel has, "cookie"; NULL: none */
};

#define scxtwin_lab_new(...) scxtwin_lab_create(&(struct scxtwin_lab_config){ __VA_ARGS__ })
/* Owned by the caller until scxtwin_lab_end(). Never NULL unless there is no memory. */
struct scxtwin_lab *scxtwin_lab_create(const struct scxtwin_lab_config *cfg);
/* Prints what went wrong, if anything did, and frees: 0, or 1 as an exit status. NULL: 1. */
int scxtwin_lab_end(struct scxtwin_lab *lab);
/* What went wrong, NULL if nothing did. */
const char *scxtwin_lab_failure(struct scxtwin_lab *lab);
/* cond is expected to hold; if not, that is what went wrong. Value: cond. */
#define scxtwin_lab_check(lab, cond) scxtwin_lab_expect((lab), (cond), #cond, __FILE__, __LINE__)
bool scxtwin_lab_expect(struct scxtwin_lab *lab, bool holds, const char *cond, const char *file, int line);

/* ---- tasks, by the state that they are put into */

enum scxtwin_lab_state {
	SCXTWIN_LAB_SLEEPING,	 /* was last on .cpu */
	SCXTWIN_LAB_RUNNING,	 /* on .cpu */
	SCXTWIN_LAB_CUSTODY,	 /* enqueued on .cpu and kept by the policy */
	SCXTWIN_LAB_QUEUED,	 /* on .dsq; a CPU that would take it from there at once is kept busy */
	SCXTWIN_LAB_DISPATCHING, /* in custody, and CPU .by has just claimed it for .dsq; see scxtwin_lab_go_on() */
};

struct scxtwin_lab_task {
	int cpu;		/* enqueued or asleep there */
	u64 cpus;		/* mask of allowed CPUs, of the first 64; 0: all */
	enum scxtwin_lab_state in;
	u64 dsq;		/* a user's own is created; SCX_DSQ_LOCAL is that of .cpu */
	int by;
	u32 policy;		/* SCHED_*, default SCHED_NORMAL */
	u32 rt_priority;	/* default 50 for SCHED_FIFO and SCHED_RR */
	int nice;
	u64 slice, vtime;	/* of the insert; slice 0: SCX_SLICE_DFL; vtime 0: first in, first out */
};

/* Owned by the lab. NULL: it could not be put into that state, see scxtwin_lab_failure(). */
#define scxtwin_lab_task(lab, name, ...) \
	scxtwin_lab_add_task((lab), (name), &(struct scxtwin_lab_task){ __VA_ARGS__ })
struct task_struct *scxtwin_lab_add_task(struct scxtwin_lab *lab, const char *name,
					 const struct scxtwin_lab_task *cfg);

/* ---- named kernel paths, as if a kernel worker called them on the CPU last named by scxtwin_lab_from() */

void scxtwin_lab_from(struct scxtwin_lab *lab, int cpu);	/* 0 at first */
void scxtwin_lab_wake(struct scxtwin_lab *lab, struct task_struct *p);		/* try_to_wake_up() */
void scxtwin_lab_set_cpus(struct scxtwin_lab *lab, struct task_struct *p, u64 cpus); /* set_cpus_allowed() */
void scxtwin_lab_set_nice(struct scxtwin_lab *lab, struct task_struct *p, int nice); /* set_user_nice() */
void scxtwin_lab_set_policy(struct scxtwin_lab *lab, struct task_struct *p, u32 policy, u32 rt_priority);
void scxtwin_lab_kick(struct scxtwin_lab *lab, int cpu, u64 flags);		/* scx_bpf_kick_cpu() */
void scxtwin_lab_reenq(struct scxtwin_lab *lab, u64 dsq, u64 flags);		/* scx_bpf_dsq_reenq() */
void scxtwin_lab_bypass(struct scxtwin_lab *lab, bool on);			/* scx_bypass() */
void scxtwin_lab_offline(struct scxtwin_lab *lab, int cpu);
void scxtwin_lab_online(struct scxtwin_lab *lab, int cpu);
void scxtwin_lab_unload(struct scxtwin_lab *lab);
/* Anything else: fn(arg), which may call what a program outside callbacks may; arg must outlive it. */
void scxtwin_lab_call(struct scxtwin_lab *lab, void (*fn)(void *arg), void *arg);

/* By the task itself, as soon as it has the CPU. */
void scxtwin_lab_sleep(struct scxtwin_lab *lab, struct task_struct *p);
void scxtwin_lab_yield(struct scxtwin_lab *lab, struct task_struct *p);
void scxtwin_lab_exit(struct scxtwin_lab *lab, struct task_struct *p);	/* p is gone then */

/* Time passes, in ns: ticks, slices, the watchdog. */
void scxtwin_lab_run(struct scxtwin_lab *lab, u64 ns);

/* ---- the policy that does as it is told; a failure with another one */

#define SCXTWIN_LAB_KEEP 0
/* ops.enqueue() inserts there from now on; SCXTWIN_LAB_KEEP: keeps. */
void scxtwin_lab_insert(struct scxtwin_lab *lab, u64 dsq, u64 enq_flags);
/* CPU cpu is made to call ops.dispatch(), which inserts p, or moves a task from dsq to the local one. */
void scxtwin_lab_dispatch(struct scxtwin_lab *lab, int cpu, struct task_struct *p, u64 dsq, u64 enq_flags);
void scxtwin_lab_move_to_local(struct scxtwin_lab *lab, int cpu, u64 dsq);

/* ---- holds: one CPU stands at a point while others go on */

/*
 * Points are named as scxtwin replay --view core does, in part or in full: the word
 * with what is about to be done ("change p->scx.ops_state", "write holding_cpu"), a lock
 * ("lock rq_lock"), a callback ("ops.enqueue": entry and return), a kfunc
 * ("scx_bpf_dsq_insert"). The context stands in front of it.
 */
struct scxtwin_lab_point {
	int cpu;
	const char *at;
	const struct task_struct *task;	/* only where it is about this one; NULL: any */
	u32 skip;			/* so many are let go first */
};

struct scxtwin_lab_hold;
/* Owned by the lab. The next context that comes there stays. */
#define scxtwin_lab_hold(lab, ...) scxtwin_lab_add_hold((lab), &(struct scxtwin_lab_point){ __VA_ARGS__ })
struct scxtwin_lab_hold *scxtwin_lab_add_hold(struct scxtwin_lab *lab, const struct scxtwin_lab_point *point);
bool scxtwin_lab_held(struct scxtwin_lab *lab, const struct scxtwin_lab_hold *hold);
/* Goes on. That nobody came there is a failure, which says what was passed instead. */
void scxtwin_lab_release(struct scxtwin_lab *lab, struct scxtwin_lab_hold *hold);
/* Goes on to the next point on that CPU that is named so, and is held there. */
void scxtwin_lab_advance(struct scxtwin_lab *lab, struct scxtwin_lab_hold *hold, const char *at);
/* The CPU that holds p in SCXTWIN_LAB_DISPATCHING goes on. */
void scxtwin_lab_go_on(struct scxtwin_lab *lab, struct task_struct *p);
/* Where CPU cpu waits, such as "p->scx.ops_state"; NULL: it does not. */
const char *scxtwin_lab_waits(struct scxtwin_lab *lab, int cpu);

/* ---- looking; texts are valid until the next call for the same lab */

enum scxtwin_lab_opss { SCXTWIN_LAB_NONE, SCXTWIN_LAB_QUEUEING, SCXTWIN_LAB_OPSS_QUEUED, SCXTWIN_LAB_OPSS_DISPATCHING };

struct scxtwin_lab_view {
	enum scxtwin_lab_opss opss;	/* p->scx.ops_state: the state ... */
	u64 qseq;			/* ... and the brand */
	const char *opss_name;
	bool asleep, running, in_custody;
	u32 flags;			/* p->scx.flags, SCX_TASK_* */
	bool on_dsq;
	u64 dsq;			/* SCX_DSQ_LOCAL_ON | cpu for a local one */
	u32 position, nr_queued;	/* position 1 is consumed first; 0: not linked */
	s32 cpu, holding_cpu, sticky_cpu, selected_cpu;
	u64 slice, vtime;		/* slice in ns */
};

struct scxtwin_lab_view scxtwin_lab_look(struct scxtwin_lab *lab, const struct task_struct *p);
/* The same in a line: "p: QUEUED 5, in custody, CPU 1, flags QUEUED IN_CUSTODY ENABLED". */
const char *scxtwin_lab_show(struct scxtwin_lab *lab, const struct task_struct *p);
/* Names of the tasks on a DSQ in order of consumption, "a b". */
const char *scxtwin_lab_queue(struct scxtwin_lab *lab, u64 dsq);
/*
 * Callbacks since the last question about p (NULL: about all), "runnable(0x9)@0 enqueue(0x9)@0":
 * flags are hexadecimal, behind "@" is the CPU. _called(): whether they were these; numbers
 * and CPU may be left out, "..." stands for any. A difference is what went wrong.
 */
const char *scxtwin_lab_calls(struct scxtwin_lab *lab, const struct task_struct *p);
bool scxtwin_lab_called(struct scxtwin_lab *lab, const struct task_struct *p, const char *expected);
/* A counter of SCX_EVENTS by its name, such as "ENQ_SKIP_EXITING". */
s64 scxtwin_lab_count(struct scxtwin_lab *lab, const char *counter);
/* How the last policy ended, NULL if none did. An ejection that was not asked about is a failure. */
const struct scx_exit_info *scxtwin_lab_exit_info(struct scxtwin_lab *lab);

#endif /* SCXTWIN_LAB_H */
