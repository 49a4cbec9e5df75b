/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The run queue: one per CPU, hot fields first. Structs named scx_* belong to
 * src/ext and stand here because rq embeds them, as in the kernel's sched.h.
 */
#ifndef SCHED_RQ_H
#define SCHED_RQ_H

#include <scxtwin/ops.h>

#include "base/rbtree.h"
#include "machine/atomic.h"
#include "machine/irq_work.h"
#include "machine/lock.h"
#include "machine/machine.h"
#include "machine/rcu.h"

struct rq;
struct scx_sched;
struct scx_sched_pcpu;
struct scx_deferred_reenq_user;

/* A dispatch queue; spec chapter 13. Local ones are protected by their rq's lock. */
struct scx_dispatch_q {
	raw_spinlock_t lock;
	struct task_struct *first_task;	/* user DSQs: lockless pointer to the first task */
	struct list_head list;		/* tasks and parked cursors in consumption order */
	struct rb_root priq;		/* vtime members */
	u32 nr;				/* tasks; written under the lock, read without it */
	u32 seq;
	u64 id;				/* SCX_DSQ_INVALID once destroyed */
	s32 owner;			/* CPU of a local or bypass DSQ, node of a global one, else 0 */
	struct scx_sched *sched;
	struct scx_deferred_reenq_user *reenq_users; /* user DSQs: one per CPU, allocated on first request */
	struct list_head all_node;	/* scheduler's user DSQs in order of creation */
	struct rcu_head rcu;
};

/* rq->scx.flags */
#define SCX_RQ_ONLINE		0x1U
#define SCX_RQ_CAN_STOP_TICK	0x2U
#define SCX_RQ_CLK_VALID	0x20U
#define SCX_RQ_BAL_CB_PENDING	0x40U
#define SCX_RQ_ROOT_IDLE_RENOTIFY 0x100U
#define SCX_RQ_IN_WAKEUP	0x10000U
#define SCX_RQ_IN_DISPATCH	0x20000U

/* A function to run before the rq lock is released; the rq's list is a stack (BAL-01). */
struct balance_callback {
	struct balance_callback *next;
	void (*func)(struct rq *rq);
};

struct scx_rq {
	struct scx_dispatch_q local_dsq;
	struct list_head runnable_list;	/* queued and not running */
	struct list_head ddsp_deferred_locals;
	u64 remote_activate_enq_flags;	/* 0 except during M6 to M9 of a remote move */
	u32 flags;			/* SCX_RQ_* */
	u32 nr_running;
	u32 nr_immed;
	u64 nr_kept;			/* turns that went on with prev; src/check knows by it who was passed over */
	bool cpu_released;
	bool in_select_cpu;
	bool kick_sync_pending;
	u64 kick_sync;			/* advances at each ext pick and put_prev; awaited */
	struct cpumask *cpus_to_sync;	/* allocated on the first wait */
	u64 *cpus_to_sync_val;		/* saved counters, by CPU; allocated with it */
	u64 clock;			/* cached by scx_bpf_now() while SCX_RQ_CLK_VALID */
	struct task_struct *direct_dispatch_task; /* this CPU's marker, OPSS table 6 */
	u32 cpuperf_target;
	raw_spinlock_t deferred_reenq_lock;
	struct list_head deferred_reenq_locals;
	struct list_head deferred_reenq_users;
	struct list_head sched_pcpus_to_kick;
	struct balance_callback deferred_bal_cb;
	struct balance_callback kick_sync_bal_cb;
	struct irq_work deferred_irq_work;
	struct irq_work kick_cpus_irq_work;
};

/* Fair class; fields belong to class_fair.c. */
struct cfs_rq {
	struct rb_root tasks;		/* waiting entities by deadline, augmented by scan */
	struct task_struct *curr;
	u32 nr_running;
	u64 load;			/* sum of weights, running one included */
	s64 avg_vruntime;		/* sum of weighted keys of waiting entities, relative to min_vruntime */
	u64 avg_load;
	u64 min_vruntime;
	u64 next_balance;		/* instant from which a tick may push a task away */
	int balance_cursor;		/* where the next search for a less loaded CPU begins */
};

/* Real time class; fields belong to class_rt.c. */
#define MAX_RT_PRIO	100
struct rt_rq {
	struct list_head queue[MAX_RT_PRIO];
	u64 bitmap[2];
	u32 nr_running;
};

/* Deadline class: earliest deadline first, a small model. */
struct dl_rq {
	struct rb_root tasks;
	u32 nr_running;
};

struct rq {
	raw_spinlock_t __lock;
	int cpu;
	u32 nr_running;
	struct task_struct *curr;
	struct task_struct *idle, *stop;
	const struct sched_class *next_class;
	struct balance_callback *balance_callback;
	u64 clock;
	u64 clock_task;
	bool online;
	bool balance_push;		/* CPU is going down */
	u32 nr_pinned;			/* tasks that disabled migration here, asleep ones too */
	bool burst_running;		/* curr uses the CPU in user mode since burst_since */
	struct mevent tick;
	u64 last_tick;			/* instant of the last tick taken, UINT64_MAX: none */
	struct mevent resched_ipi;	/* raised by resched_curr() from elsewhere */
	struct mevent wakelist_ipi;
	struct mevent burst;		/* end of curr's run burst */
	struct list_head wake_list;	/* tasks woken onto this CPU from elsewhere, arrival order */
	u64 burst_since;		/* see user.c */
	struct scx_rq scx;
	struct cfs_rq cfs;
	struct rt_rq rt;
	struct dl_rq dl;
	u64 nr_switches;
	struct cpu_stopper *stopper;
};

#endif /* SCHED_RQ_H */
