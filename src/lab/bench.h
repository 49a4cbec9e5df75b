/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine and its scheduler with nothing on them that happens by itself: tasks
 * that are led by the hand, and calls from outside into named kernel paths.
 *
 *   bench.c    this; paths.c: the calls from outside
 *   program.c  what led tasks do with the CPU
 *   record.c   callbacks as text, and what was expected of them
 *   holds.c    a context is stopped at a point while others go on
 *   hand.c     a policy that does what it is told
 *   lab.c look.c point.c   the public laboratory, include/scxtwin/lab.h
 *
 * The tests of the port have a laboratory of their own on top of the first four.
 */
#ifndef LAB_BENCH_H
#define LAB_BENCH_H

#include "base/event_log.h"
#include "lab/holds.h"
#include "lab/program.h"
#include "lab/record.h"

struct bench {
	struct sim sim;
	struct event_log log;
	struct record record;
	struct lab_holds holds;
	struct chooser chooser;		/* the user's; follows holds */
	struct mevent clock;		/* a run goes on to its time though nothing happens */
	int from;			/* CPU of the calls from outside */
	u32 nr_outside;			/* calls that have not ended */
	bool pending;			/* things only begin: nothing runs until this is false again */
	/* Something that should not be; the run that it came from has ended. */
	void (*failed)(struct bench *b, const char *text);
	void (*settled)(struct bench *b);	/* after each run; NULL: nothing to do */
};

/* b is zero but for the two functions and chooser. 0 or -ENOMEM. */
int bench_start(struct bench *b, const struct machine_config *cfg, struct scxtwin_error *err);
void bench_stop(struct bench *b);

/* Everything that happens at this instant, unless things only begin. */
void bench_settle(struct bench *b);
void bench_run(struct bench *b, u64 ns);

/* fn(arg) in a kernel worker to its end; or only until it is held or waits for something that is. */
void bench_outside(struct bench *b, void (*fn)(void *arg), void *arg);
/* A copy in the arena, which lives as long as a call from outside. */
void *bench_keep(const void *what, size_t size);

/* ---- paths.c */

struct bench_birth {
	const char *name;
	int cpu;			/* is born there and, if asleep, stays there */
	const struct cpumask *cpus;	/* NULL: all */
	u32 policy, rt_priority, flags;	/* rt_priority 0: 50 */
	int nice;
	bool awake;
	struct lab_program *program;
};

/* NULL if the policy refused an awake one; one that shall sleep and does not is a failure. */
struct task_struct *bench_task(struct bench *b, const struct bench_birth *birth);
void bench_wake(struct bench *b, struct task_struct *p, int wake_flags);
void bench_set_nice(struct bench *b, struct task_struct *p, int nice);
void bench_set_cpus(struct bench *b, struct task_struct *p, const struct cpumask *cpus);
void bench_set_policy(struct bench *b, struct task_struct *p, u32 policy, u32 rt_priority);
void bench_kick(struct bench *b, int cpu, u64 flags);
void bench_offline(struct bench *b, int cpu);
void bench_online(struct bench *b, int cpu);
void bench_bypass(struct bench *b, bool on);
/* What scx_enable() returned. */
int bench_load(struct bench *b, const struct sched_ext_ops *ops);
void bench_unload(struct bench *b);
/* What p does next, as soon as it has the CPU in user mode. */
void bench_order(struct bench *b, struct task_struct *p, struct lab_step step);
/* Of the first 64 CPUs. */
const struct cpumask *bench_mask(u64 cpus);

#endif /* LAB_BENCH_H */
