/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core scheduler around the port.
 *
 *   core.c      rq locks and clocks, schedule(), wakeups, preemption, yield
 *   change.c    dequeue-change-enqueue: affinity, nice, policy, migrate_disable
 *   fork_exit.c birth and death of tasks
 *   stopper.c   the stop tasks and what they are asked to do
 *   tick.c      the tick and its elision
 *   hotplug.c   CPUs going down and coming up
 *   user.c      a task's own code: run bursts and the calls in between
 *   class_*.c   stop, deadline, rt, fair, idle
 *   balance.c   where tasks go: masks of the machine and the search through them
 *
 * Begin reading at __schedule() and try_to_wake_up() in core.c; class.h says
 * what is modelled and what is not.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "base/event_log.h"
#include "base/mem.h"
#include "machine/cpumask.h"
#include "machine/sleep.h"
#include "machine/topology.h"
#include "sched/class.h"

#define MAX_NICE	19
#define MIN_NICE	(-20)
#define DEFAULT_PRIO	120
#define NICE_TO_PRIO(nice)	((nice) + DEFAULT_PRIO)
#define PRIO_TO_NICE(prio)	((prio) - DEFAULT_PRIO)
#define WEIGHT_IDLEPRIO		3

/* Raw weights of nice -20 to 19. */
extern const u32 sched_prio_to_weight[40];

/* Fair class entity; fields belong to class_fair.c. Virtual times count 1:1 at weight 1024. */
struct sched_entity {
	struct rb_node run_node;
	u64 vruntime, deadline;
	u64 min_vruntime;	/* smallest vruntime of the subtree at run_node */
	u64 protect_until;	/* vruntime up to which the running entity keeps the CPU if eligible */
	s64 vlag;		/* while off the queue: average vruntime less own */
	u64 slice;		/* ns */
	u32 weight;
	u32 vruntime_rem;	/* exec time not in vruntime yet, in 1/weight of a virtual ns */
	bool on_rq;
	bool rel_deadline;	/* off the queue: deadline is relative to vruntime */
};

struct task_core;

/*
 * What a task does when it has the CPU in user mode; implemented by
 * src/workload. Called in process context of p's CPU, interrupts on, no lock.
 */
enum user_action {
	USER_RUN,	/* burst_ns was set: use the CPU that long, then ask again */
	USER_BLOCK,	/* __state was set: schedule(), ask again after the wakeup */
	USER_YIELD,	/* sched_yield(), then ask again */
	USER_CALL,	/* call was set: run call(arg) in a task context, then ask again */
	USER_EXIT,	/* the task ends */
	USER_AGAIN,	/* a call without waiting was made: need_resched is looked at, then ask again */
};

struct user_ops {
	enum user_action (*next)(struct task_core *t);
	/* The task is gone; program memory can be released. */
	void (*gone)(struct task_core *t);
};

/* The whole task: the public part first, then what only the core knows. */
struct task_core {
	struct task_struct task;

	raw_spinlock_t pi_lock;
	u64 check_area[6];		/* src/check: what it knows of the task; zero at birth */
	struct sched_entity se;
	struct list_head rt_node;
	u64 rr_began;			/* sum_exec_runtime when the round robin slice began */
	struct rb_node dl_node;
	u64 dl_deadline, dl_period;	/* parameters, ns */
	u64 dl_abs_deadline;		/* instant; class_dl.c */
	bool switched_in;		/* has run at least once */
	bool narrowed;			/* cpus_ptr is what migrate_disable() made of it: MDIS-04 */

	/* user mode */
	const struct user_ops *uops;
	void *program;
	u64 burst_ns;			/* left of the present burst */
	u32 nr_calls;			/* USER_AGAIN so far */
	void (*call)(struct task_core *t, void *arg); /* USER_CALL */
	void *call_arg;
	struct ctx *ctx;		/* call that is going on, NULL if none */
	struct mevent timer;		/* sleep timer, src/workload */
	struct list_head wake_node;	/* rq->wake_list */
	int wake_list_flags;

	/* affinity request waiting for the stopper, shared by all who ask */
	struct migration_arg *pending;

	struct list_head all_node;	/* core_sched->tasks, order of birth */
	struct rcu_head rcu;
	u32 refs;
	u32 group;			/* summary group, src/report */
	u64 born_at, died_at;
	s32 nr_children;
};

static inline struct task_core *core_of(const struct task_struct *p)
{
	return (struct task_core *)p;
}

/* State of this room. */
struct core_sched {
	struct rq *rqs;			/* by CPU */
	u32 rq_stride;
	struct balance_state *balance;	/* balance.h */
	struct pool tasks_pool;
	struct pool requests;		/* struct migration_arg */
	const struct cpumask *all_cpus;	/* interned */
	struct list_head tasks;		/* struct task_core, order of birth; idle and stop tasks not on it */
	struct idmap *pids;		/* struct task_core by pid */
	u64 nr_runnable;		/* sum of all rq->nr_running */
	u32 nr_tasks;			/* alive */
	u64 nr_born;
	s32 next_pid;
	bool autogroup;			/* EXIT-10 to EXIT-12 */
	struct task_core *init_task;	/* parent of tasks that nobody forked */
	/* told of births and deaths in order; src/report, src/check */
	void (*task_observer)(struct task_core *t, bool born);
};

static inline struct core_sched *core_sched(void)
{
	return this_sim->sched;
}

static inline struct rq *cpu_rq(int cpu)
{
	return (struct rq *)((char *)core_sched()->rqs + (size_t)cpu * core_sched()->rq_stride);
}

#define this_rq() cpu_rq(smp_processor_id())

static inline int cpu_of(const struct rq *rq)
{
	return rq->cpu;
}

static inline int task_cpu(const struct task_struct *p)
{
	return p->cpu;
}

static inline struct rq *task_rq(const struct task_struct *p)
{
	return cpu_rq(p->cpu);
}

static inline bool task_on_rq_queued(const struct task_struct *p)
{
	return p->on_rq == TASK_ON_RQ_QUEUED;
}

static inline bool task_on_rq_migrating(const struct task_struct *p)
{
	return READ_ONCE(p->on_rq) == TASK_ON_RQ_MIGRATING;
}

static inline bool task_current(const struct rq *rq, const struct task_struct *p)
{
	return rq->curr == p;
}

static inline bool is_migration_disabled(const struct task_struct *p)
{
	return p->migration_disabled;
}

static inline bool is_cpu_allowed_mask(const struct task_struct *p, int cpu)
{
	return cpumask_test_cpu((u32)cpu, p->cpus_ptr);
}

/* CORE-70 */
bool is_cpu_allowed(struct task_struct *p, int cpu);

/* set-up; this_sim->machine must exist */
int sched_init(struct scxtwin_error *err);
void sched_destroy(void);
extern const struct machine_hooks sched_machine_hooks;

/* locks and clocks */
#define lockdep_assert_rq_held(rq) BUG_ON(!raw_spin_is_held(&(rq)->__lock))
static inline void raw_spin_rq_lock(struct rq *rq)
{
	raw_spin_lock(&rq->__lock);
}

/* Drops what is valid only under the lock: the clock that scx_bpf_now() may use. */
void raw_spin_rq_unlock(struct rq *rq);
void raw_spin_rq_lock_irqsave(struct rq *rq, u64 *flags);
void raw_spin_rq_unlock_irqrestore(struct rq *rq, u64 flags);
/* Unpin and repin, CLK-04: the lock stays, SCX_RQ_CLK_VALID goes. */
void rq_unpin_lock(struct rq *rq);
void rq_repin_lock(struct rq *rq);

struct rq_flags {
	u64 flags;
};

/* Locks p's rq, waiting out a migration (OPSS-37). With and without pi_lock. */
struct rq *task_rq_lock(struct task_struct *p, struct rq_flags *rf);
void task_rq_unlock(struct rq *rq, struct task_struct *p, struct rq_flags *rf);
struct rq *__task_rq_lock(struct task_struct *p);
void __task_rq_unlock(struct rq *rq, struct task_struct *p);

void update_rq_clock(struct rq *rq);
static inline u64 rq_clock_task(const struct rq *rq)
{
	return rq->clock_task;
}

/* class plumbing, ported functions of kernel/sched/core.c and sched.h */
void enqueue_task(struct rq *rq, struct task_struct *p, int flags);
bool dequeue_task(struct rq *rq, struct task_struct *p, int flags);
void activate_task(struct rq *rq, struct task_struct *p, int flags);
void deactivate_task(struct rq *rq, struct task_struct *p, int flags);
void wakeup_preempt(struct rq *rq, struct task_struct *p, int flags);
void resched_curr(struct rq *rq);
/* As resched_curr() with the rq lock taken inside; for callers without it. */
void resched_cpu(int cpu);
void set_task_cpu(struct task_struct *p, int cpu);
void queue_balance_callback(struct rq *rq, struct balance_callback *head, void (*func)(struct rq *));
void add_nr_running(struct rq *rq, u32 n);
void sub_nr_running(struct rq *rq, u32 n);

static inline void put_prev_task(struct rq *rq, struct task_struct *p)
{
	p->sched_class->put_prev_task(rq, p, NULL);
}

static inline void set_next_task(struct rq *rq, struct task_struct *p)
{
	p->sched_class->set_next_task(rq, p, false);
}

/* scheduling */
void schedule(void);
/* Preempt mode: the state of the current task is ignored. */
void preempt_schedule(void);
void sched_yield_current(void);
bool yield_to(struct task_struct *p, bool preempt);

/* Wakes p if its state matches. wake_flags: WF_SYNC or 0. True if it was woken. */
bool try_to_wake_up(struct task_struct *p, u32 state, int wake_flags);
static inline bool wake_up_process(struct task_struct *p)
{
	return try_to_wake_up(p, TASK_NORMAL, 0);
}

/* Puts a queued task onto another rq; drops rq's lock, returns with the new rq locked (MIG-01). */
struct rq *move_queued_task(struct rq *rq, struct task_struct *p, int new_cpu);

/*
 * One dequeue-change-enqueue (22.9). Between begin and end the caller changes
 * p; the rq lock of p is held throughout.
 */
struct sched_change_ctx {
	struct task_struct *p;
	const struct sched_class *class; /* at begin */
	int flags;
	int prio;
	bool queued, running;
};

void sched_change_begin(struct sched_change_ctx *c, struct task_struct *p, int flags);
void sched_change_end(struct sched_change_ctx *c);

/* attribute changes; callers hold no lock. Negative errno values as the system calls give. */
int set_cpus_allowed(struct task_struct *p, const struct cpumask *new_mask); /* may sleep: task or service context */
int set_user_nice(struct task_struct *p, int nice);
/* prio: nice for normal policies and SCHED_EXT, 1 to 99 for FIFO and RR; dl: ns */
struct sched_attr {
	u32 policy;
	s32 nice;
	u32 rt_priority;
	u64 dl_deadline, dl_period;
};
int sched_setscheduler(struct task_struct *p, const struct sched_attr *attr);
void migrate_disable(void);
void migrate_enable(void);
/* Class that policy and priority give now: CLASS-02. */
const struct sched_class *__setscheduler_class(u32 policy, int prio);

/* birth and death */
struct task_birth {
	const char *comm;
	struct task_struct *parent;	/* NULL: core_sched()->init_task */
	s32 pid;			/* 0: next free one */
	s32 tgid;			/* 0: own pid; else thread of that process */
	u32 flags;			/* PF_KTHREAD */
	const struct cpumask *cpus;	/* NULL: parent's */
	const struct sched_attr *attr;	/* NULL: parent's */
	u32 group;
	const struct user_ops *uops;
	void *program;
};

/*
 * Fork: allocates, calls into the classes (FORK-01 to FORK-11) and wakes the
 * child (FORK-12 ff.). Runs on the calling context, which may sleep on the
 * fork lock. Returns NULL and a negative errno in *err if the policy refused.
 */
struct task_core *sched_fork_and_wake(const struct task_birth *birth, int *err);
struct task_core *find_task_by_pid(s32 pid);

/* tick.c: something changed that decides when the next tick could act */
void tick_reconsider(struct rq *rq);
void tick_init(struct rq *rq);

/* hotplug; service context */
int sched_cpu_down(int cpu);
int sched_cpu_up(int cpu);

/* stopper.c: fn(arg) runs in the stop task of cpu with interrupts off */
struct cpu_stop_work {
	struct list_head node;
	void (*fn)(void *arg);
	void *arg;
};
/* False if it is queued already. */
bool stop_one_cpu_nowait(int cpu, struct cpu_stop_work *work);

/* idle class helper shared with ext: is the CPU's current task the idle one */
static inline bool rq_is_idle(const struct rq *rq)
{
	return rq->curr == rq->idle;
}

#endif /* SCHED_SCHED_H */
