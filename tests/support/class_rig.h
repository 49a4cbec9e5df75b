/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bench for scheduling classes: the real machine, run queues and classes,
 * but the test itself says who wakes, who blocks and when, and passes of the
 * scheduler and ticks are made on the spot. No policy is loaded; tasks have no
 * program. One bench at a time per host thread.
 */
#ifndef TESTS_CLASS_RIG_H
#define TESTS_CLASS_RIG_H

#include "sched/balance.h"
#include "sched/fair.h"
#include "sched/sched.h"

struct rig {
	struct sim sim;
	struct event_log log;
	bool every_tick;	/* also those before first_tick() */
	s32 next_pid;
	u64 nr_ticks;		/* made so far */
	u64 *no_tick_before;	/* by CPU: ticks before this instant are past, made or not */
	u64 nr_switches;
	u64 history;		/* folded (time, CPU, pid) of all switches */
};

/* smt 1; LLCs of cores_per_llc CPUs (0: one LLC). */
void rig_start(struct rig *rig, u32 nr_cpus, u32 cores_per_llc);
void rig_stop(struct rig *rig);

/* A sleeping task whose last CPU was 0. prio: nice, or 1 to 99 for FIFO and RR. */
struct task_struct *rig_task(struct rig *rig, u32 policy, int prio);
/* Relative deadline and period of a SCHED_DEADLINE task. */
struct task_struct *rig_deadline_task(struct rig *rig, u64 deadline_ns);

/* Runs the code of a CPU: what follows is executed there. */
void rig_on_cpu(int cpu);
/* Enqueue on cpu as a wakeup does, then a pass there if it is due. */
void rig_wake_on(struct rig *rig, struct task_struct *p, int cpu);
/* As rig_wake_on() on the CPU that the class selects. */
void rig_wake(struct rig *rig, struct task_struct *p);
/* p, which has a CPU, sleeps. */
void rig_block(struct rig *rig, struct task_struct *p);
void rig_yield(struct rig *rig, int cpu);
void rig_set_nice(struct rig *rig, struct task_struct *p, int nice);
/* One scheduling pass if need_resched is set there. */
void rig_schedule(struct rig *rig, int cpu);
/* Ticks and passes up to and including the instant. */
void rig_run_until(struct rig *rig, u64 time);

#endif /* TESTS_CLASS_RIG_H */
