/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this room share; the rooms above use sched.h. */
#ifndef SCHED_CORE_H
#define SCHED_CORE_H

#include "machine/chooser.h"
#include "sched/sched.h"

static inline void __set_task_cpu(struct task_struct *p, int cpu)
{
	WRITE_ONCE(p->cpu, cpu); /* M4: it is read without a lock to find one */
	p->wake_cpu = cpu;
	object_written(&p->on_cpu);
}

/* Without its lock: another CPU may be moving p. */
static inline struct rq *racy_task_rq(const struct task_struct *p)
{
	step_reads(&p->cpu);
	return task_rq(p);
}

/* Task on whose behalf the calling context runs; NULL in a service. */
struct task_struct *current_task(void);

/* core.c */
void balance_callbacks(struct rq *rq);
int select_fallback_rq(int cpu, struct task_struct *p);
int select_task_rq_fork(struct task_struct *p, int cpu);
void task_woken(struct rq *rq, struct task_struct *p);
void sched_ttwu_pending(struct rq *rq);
void schedule_idle(void);

/* change.c */
/* Forced change of the mask inside a fallback; pi_lock is held. */
void do_set_cpus_allowed(struct task_struct *p, const struct cpumask *interned);
void migrate_disable_switch(struct rq *rq, struct task_struct *p);
void apply_sched_attr(struct task_struct *p, const struct sched_attr *attr);

/* A request that waits for the stopper, shared by everyone who asks meanwhile (AFF-18). */
struct migration_arg {
	struct task_struct *task;
	int dest_cpu;
	bool stop_pending;		/* a stopper is on its way: the request is its alone to complete */
	struct completion completion;
	struct cpu_stop_work work;
	u32 refs;
};

/* fork_exit.c */
void task_dead(struct task_struct *p);
void do_exit_begin(struct task_struct *p);
/* The last reference is gone: memory follows after a grace period. */
void task_release(struct task_core *t);
struct task_core *task_core_alloc(s32 pid, const char *comm);

/* stopper.c */
void stopper_init(struct rq *rq);
/* At the end of a pass; drops and retakes the rq lock. */
void balance_push(struct rq *rq);

/* user.c */
/* prev leaves the CPU: its burst is accounted up to the entry into the kernel. */
void user_switch(struct rq *rq, struct task_struct *prev);
void user_init_rq(struct rq *rq);

#endif /* SCHED_CORE_H */
