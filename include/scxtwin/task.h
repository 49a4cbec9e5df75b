/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The task as the sched_ext core and a policy see it. Field names and meanings
 * are the kernel's (include/linux/sched.h, include/linux/sched/ext.h, 7.3).
 *
 * A policy may read every field and may write scx.slice, scx.dsq_vtime and
 * scx.disallow. It owns none of these objects; a pointer stays valid until
 * ops.exit_task() of the task returned.
 */
#ifndef SCXTWIN_TASK_H
#define SCXTWIN_TASK_H

#include <scxtwin/types.h>

#define TASK_COMM_LEN 16

/* p->flags; values of include/linux/sched.h */
#define PF_IDLE		0x00000002
#define PF_EXITING	0x00000004
#define PF_KTHREAD	0x00200000
#define PF_NO_SETAFFINITY 0x04000000

/* p->__state; values of include/linux/sched.h */
#define TASK_RUNNING		0x00000000
#define TASK_INTERRUPTIBLE	0x00000001
#define TASK_UNINTERRUPTIBLE	0x00000002
#define __TASK_STOPPED		0x00000004
#define __TASK_TRACED		0x00000008
#define TASK_PARKED		0x00000040
#define TASK_DEAD		0x00000080
#define TASK_WAKING		0x00000200
#define TASK_NOLOAD		0x00000400
#define TASK_NEW		0x00000800
#define TASK_FROZEN		0x00008000
#define TASK_IDLE		(TASK_UNINTERRUPTIBLE | TASK_NOLOAD)
#define TASK_NORMAL		(TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

/* p->policy; values of include/uapi/linux/sched.h */
#define SCHED_NORMAL	0
#define SCHED_FIFO	1
#define SCHED_RR	2
#define SCHED_BATCH	3
#define SCHED_IDLE	5
#define SCHED_DEADLINE	6
#define SCHED_EXT	7

/* p->on_rq */
#define TASK_ON_RQ_QUEUED	1
#define TASK_ON_RQ_MIGRATING	2

struct sched_class;
struct scx_dispatch_q;
struct task_struct;

/* flags of struct scx_dsq_list_node */
enum scx_dsq_lnode_flags {
	SCX_DSQ_LNODE_ITER_CURSOR = 1 << 0,
	__SCX_DSQ_LNODE_PRIV_SHIFT = 16,
};

/* Membership of a DSQ's list: a task's, or a parked iterator cursor's. */
struct scx_dsq_list_node {
	struct list_head node;
	u32 flags;
	u32 priv; /* cursor: dsq->seq when the iteration began */
};

/* State of one task inside sched_ext; spec chapters 10 to 14. */
struct sched_ext_entity {
	struct scx_dispatch_q *dsq;
	struct scx_dsq_list_node dsq_list; /* position in consumption order */
	struct rb_node dsq_priq;	   /* position in vtime order */
	u32 dsq_seq;
	u32 dsq_flags;			   /* SCX_TASK_DSQ_* */
	u32 flags;			   /* SCX_TASK_* */
	u32 weight;			   /* cgroup scale, 1 to 10000 */
	s32 sticky_cpu;
	s32 holding_cpu;
	s32 selected_cpu;
	s32 runnable_cpu;
	u32 ops_qseq;
	u32 reenq_cnt;
	atomic_long_t ops_state;	   /* SCX_OPSS_* and the brand */
	struct list_head runnable_node;
	u64 runnable_at;		   /* jiffies */
	u64 ddsp_dsq_id;
	u64 ddsp_enq_flags;
	u64 ddsp_slice;
	u64 ddsp_vtime;
	u64 slice_oob;			   /* pending out-of-band slice request */
	u64 tid;

	/* the three fields a policy may write */
	u64 slice;			   /* ns left */
	u64 dsq_vtime;
	bool disallow;

	struct list_head tasks_node;	   /* scx_tasks, fork order */
};

struct task_struct {
	/* hot in wakeup and switch */
	u32 __state;
	s32 on_rq;
	s32 on_cpu;
	s32 cpu;		/* task_cpu(): the rq the task is assigned to */
	s32 wake_cpu;
	u32 flags;		/* PF_* */
	s32 prio, static_prio, normal_prio;
	u32 policy;
	u32 rt_priority;
	const struct sched_class *sched_class;
	const struct cpumask *cpus_ptr;	 /* effective mask */
	const struct cpumask *cpus_mask; /* configured mask */
	s32 nr_cpus_allowed;
	u16 migration_disabled;
	bool migration_pending;
	bool need_resched;	/* TIF_NEED_RESCHED */
	u64 exec_start;		/* rq task clock when accounting was last brought up to date */
	u64 sum_exec_runtime;	/* ns on CPU */

	struct sched_ext_entity scx;

	s32 pid, tgid;
	char comm[TASK_COMM_LEN];
	struct task_struct *real_parent;
};

#endif /* SCXTWIN_TASK_H */
