/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy that does what the test says. It has every callback that says
 * something about a task, so that the lab's record is complete; a test takes
 * callbacks away from, or adds them to, its own copy of the table.
 *
 *	struct sched_ext_ops ops = say_ops;
 *
 *	say.dsq = SCX_DSQ_LOCAL;
 *	ops.select_cpu = NULL;
 *	lab_load(&ops);
 */
#ifndef TESTS_SAY_H
#define TESTS_SAY_H

#include "support/lab.h"

/* User DSQs that ops.init() creates. */
#define SAY_DSQ		1ULL
#define SAY_OTHER_DSQ	2ULL

struct say {
	/* Where ops.enqueue() inserts; 0: nowhere, the task stays in custody. */
	u64 dsq, slice, enq_flags;	/* slice 0: SCX_SLICE_DFL; SAY_KEEP_SLICE: 0 */
	u64 reenq_dsq;			/* the same for SCX_ENQ_REENQ, if not 0 */
	bool vtime;			/* by scx_bpf_dsq_insert_vtime() with p->pid */
	/* ops.select_cpu() */
	bool other_cpu;			/* returns cpu; else prev_cpu */
	s32 cpu;
	u64 select_dsq;			/* inserts there, if not 0 */
	/* ops.dispatch() */
	u64 pull;			/* DSQ to move one task from, if not 0 */
	struct task_struct *give;	/* inserted into give_dsq, once */
	u64 give_dsq, give_flags;
	/* Called first in every callback; number as logged, p is NULL where there is no subject. */
	void (*look)(enum scxtwin_op op, struct task_struct *p, u64 arg);
	bool yielded_to;		/* what ops.yield() returns */
};

#define SAY_KEEP_SLICE	1ULL

extern struct say say;	/* all zero at the begin of each test */
int say_nothing(void **state);	/* a cmocka setup; state is not used */
#define SAY_TEST(test) cmocka_unit_test_setup_teardown(test, say_nothing, lab_stop)

/* A task that keeps cpu busy for ever, and is loaded and running when this returns. */
struct task_struct *say_busy(int cpu, const struct sched_ext_ops *ops);

/* select_cpu to quiescent, set_weight, set_cpumask, init_task to disable, init */
extern const struct sched_ext_ops say_ops;
/* not in the table */
void say_tick(struct task_struct *p);
bool say_yield(struct task_struct *from, struct task_struct *to);
void say_update_idle(s32 cpu, bool idle);
void say_cpu_release(s32 cpu, struct scx_cpu_release_args *args);
void say_cpu_acquire(s32 cpu, struct scx_cpu_acquire_args *args);
void say_cpu_online(s32 cpu);
void say_cpu_offline(s32 cpu);

#endif /* TESTS_SAY_H */
