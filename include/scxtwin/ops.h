/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations table of a sched_ext policy and the numbers it is written
 * with: kernel 7.3, cpu form, root scheduler. Spec chapter 12 section 1,
 * chapter 30 sections 2 and 13.
 */
#ifndef SCXTWIN_OPS_H
#define SCXTWIN_OPS_H

#include <stdarg.h>

#include <scxtwin/task.h>

#define SCX_OPS_NAME_LEN	128

#define SCX_SLICE_DFL		20000000ULL	/* ns */
#define SCX_SLICE_BYPASS	5000000ULL	/* ns */
#define SCX_SLICE_INF		UINT64_MAX	/* never consumed */

/* DSQ ids; a user id has bit 63 clear */
#define SCX_DSQ_FLAG_BUILTIN	(1ULL << 63)
#define SCX_DSQ_FLAG_LOCAL_ON	(1ULL << 62)
#define SCX_DSQ_INVALID		(SCX_DSQ_FLAG_BUILTIN | 0)
#define SCX_DSQ_GLOBAL		(SCX_DSQ_FLAG_BUILTIN | 1)
#define SCX_DSQ_LOCAL		(SCX_DSQ_FLAG_BUILTIN | 2)
#define SCX_DSQ_BYPASS		(SCX_DSQ_FLAG_BUILTIN | 3)
#define SCX_DSQ_LOCAL_ON	(SCX_DSQ_FLAG_BUILTIN | SCX_DSQ_FLAG_LOCAL_ON)
#define SCX_DSQ_LOCAL_CPU_MASK	0xffffffffULL

/* enqueue flags */
#define SCX_ENQ_WAKEUP		0x1ULL
#define SCX_ENQ_HEAD		0x10000ULL
#define SCX_ENQ_CPU_SELECTED	0x100000ULL
#define SCX_ENQ_PREEMPT		(1ULL << 32)
#define SCX_ENQ_IMMED		(1ULL << 33)
#define SCX_ENQ_RESCUE		(1ULL << 34)
#define SCX_ENQ_REENQ		(1ULL << 40)
#define SCX_ENQ_LAST		(1ULL << 41)
#define __SCX_ENQ_INTERNAL_MASK	(0xffULL << 56)
#define SCX_ENQ_CLEAR_OPSS	(1ULL << 56)
#define SCX_ENQ_DSQ_PRIQ	(1ULL << 57)
#define SCX_ENQ_NESTED		(1ULL << 58)
#define SCX_ENQ_GDSQ_FALLBACK	(1ULL << 59)
#define SCX_ENQ_IGNORE_CAPS	(1ULL << 60)
#define SCX_ENQ_APPLY_SLICE	(1ULL << 61)
#define SCX_ENQ_SLICE_DFL	(1ULL << 62)

/* dequeue flags */
#define SCX_DEQ_SLEEP		0x1ULL
#define SCX_DEQ_CORE_SCHED_EXEC	(1ULL << 32)
#define SCX_DEQ_SCHED_CHANGE	(1ULL << 33)

/* wake flags given to ops.select_cpu() */
#define SCX_WAKE_FORK		0x04ULL
#define SCX_WAKE_TTWU		0x08ULL
#define SCX_WAKE_SYNC		0x10ULL

/* p->scx.flags */
#define SCX_TASK_QUEUED			0x1U
#define SCX_TASK_IN_CUSTODY		0x2U
#define SCX_TASK_RESET_RUNNABLE_AT	0x4U
#define SCX_TASK_DEQD_FOR_SLEEP		0x8U
#define SCX_TASK_IMMED			0x20U
#define SCX_TASK_PROTECTED		0x40U
#define SCX_TASK_STATE_SHIFT		8
#define SCX_TASK_STATE_MASK		0x700U
#define SCX_TASK_NONE			0x000U
#define SCX_TASK_INIT_BEGIN		0x100U
#define SCX_TASK_INIT			0x200U
#define SCX_TASK_READY			0x300U
#define SCX_TASK_ENABLED		0x400U
#define SCX_TASK_DEAD			0x500U
#define SCX_TASK_REENQ_REASON_MASK	0x7000U
#define SCX_TASK_REENQ_NONE		0x0000U
#define SCX_TASK_REENQ_KFUNC		0x1000U
#define SCX_TASK_REENQ_IMMED		0x2000U
#define SCX_TASK_REENQ_PREEMPTED	0x3000U
#define SCX_TASK_CURSOR			0x80000000U
/* p->scx.dsq_flags */
#define SCX_TASK_DSQ_ON_PRIQ		0x1U

/* ops.flags */
#define SCX_OPS_KEEP_BUILTIN_IDLE	0x1ULL
#define SCX_OPS_ENQ_LAST		0x2ULL
#define SCX_OPS_ENQ_EXITING		0x4ULL
#define SCX_OPS_SWITCH_PARTIAL		0x8ULL
#define SCX_OPS_ENQ_MIGRATION_DISABLED	0x10ULL
#define SCX_OPS_ALLOW_QUEUED_WAKEUP	0x20ULL
#define SCX_OPS_BUILTIN_IDLE_PER_NODE	0x40ULL
#define SCX_OPS_ALWAYS_ENQ_IMMED	0x80ULL
#define SCX_OPS_TID_TO_TASK		0x100ULL
#define SCX_OPS_ALL_FLAGS		0x1ffULL
#define SCX_OPS_HAS_CPU_PREEMPT		(1ULL << 56) /* internal */

#define SCX_KICK_IDLE		0x1ULL
#define SCX_KICK_PREEMPT	0x2ULL
#define SCX_KICK_WAIT		0x4ULL

#define SCX_PICK_IDLE_CORE	0x1ULL
#define SCX_PICK_IDLE_IN_NODE	0x2ULL

#define SCX_REENQ_ANY		0x1ULL

#define SCX_DSQ_ITER_REV	0x10000ULL

#define SCX_CPUPERF_ONE		1024U

enum scx_exit_kind {
	SCX_EXIT_NONE = 0,
	SCX_EXIT_DONE = 1,
	SCX_EXIT_UNREG = 64,
	SCX_EXIT_UNREG_BPF = 65,
	SCX_EXIT_UNREG_KERN = 66,
	SCX_EXIT_SYSRQ = 67,
	SCX_EXIT_ERROR = 1024,
	SCX_EXIT_ERROR_BPF = 1025,
	SCX_EXIT_ERROR_STALL = 1026,
	SCX_EXIT_ERROR_REENQ = 1027,
};

#define SCX_ECODE_RSN_HOTPLUG	(1ULL << 32)
#define SCX_ECODE_ACT_RESTART	(1ULL << 48)
#define SCX_EFLAG_INITIALIZED	0x1ULL

enum scx_cpu_preempt_reason {
	SCX_CPU_PREEMPT_RT = 0,
	SCX_CPU_PREEMPT_DL = 1,
	SCX_CPU_PREEMPT_STOP = 2,
	SCX_CPU_PREEMPT_UNKNOWN = 3,
};

/* Why and how a scheduler ended; handed to ops.exit(). Spec 30.12. */
struct scx_exit_info {
	enum scx_exit_kind kind;
	s32 exit_cpu;		/* -1: not known */
	s64 exit_code;
	u64 flags;		/* SCX_EFLAG_* */
	const char *reason;	/* fixed text of the kind */
	char *msg;		/* up to 1023 characters */
	char *dump;		/* kernel-style dump, error kinds only */
};

struct cgroup;

struct scx_init_task_args {
	bool fork;
	struct cgroup *cgroup;
};

struct scx_exit_task_args {
	bool cancelled;
};

struct scx_cpu_acquire_args {
	u8 __unused;
};

struct scx_cpu_release_args {
	enum scx_cpu_preempt_reason reason;
	struct task_struct *task;
};

struct scx_dump_ctx {
	enum scx_exit_kind kind;
	s64 exit_code;
	const char *reason;
	u64 at_ns;
	u64 at_jiffies;
};

/*
 * Every member may be NULL or 0. When each callback is called, with which
 * lock held, and what happens in its absence: spec 30.13.
 */
struct sched_ext_ops {
	s32 (*select_cpu)(struct task_struct *p, s32 prev_cpu, u64 wake_flags);
	void (*enqueue)(struct task_struct *p, u64 enq_flags);
	void (*dequeue)(struct task_struct *p, u64 deq_flags);
	void (*dispatch)(s32 cpu, struct task_struct *prev);
	void (*tick)(struct task_struct *p);
	void (*runnable)(struct task_struct *p, u64 enq_flags);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, bool runnable);
	void (*quiescent)(struct task_struct *p, u64 deq_flags);
	bool (*yield)(struct task_struct *from, struct task_struct *to);
	bool (*core_sched_before)(struct task_struct *a, struct task_struct *b);
	void (*set_weight)(struct task_struct *p, u32 weight);
	void (*set_cpumask)(struct task_struct *p, const struct cpumask *cpumask);
	void (*update_idle)(s32 cpu, bool idle);
	void (*cpu_acquire)(s32 cpu, struct scx_cpu_acquire_args *args);
	void (*cpu_release)(s32 cpu, struct scx_cpu_release_args *args);
	s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*exit_task)(struct task_struct *p, struct scx_exit_task_args *args);
	void (*enable)(struct task_struct *p);
	void (*disable)(struct task_struct *p);
	void (*dump)(struct scx_dump_ctx *ctx);
	void (*dump_cpu)(struct scx_dump_ctx *ctx, s32 cpu, bool idle);
	void (*dump_task)(struct scx_dump_ctx *ctx, struct task_struct *p);
	void (*cpu_online)(s32 cpu);
	void (*cpu_offline)(s32 cpu);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);

	u32 dispatch_max_batch;	/* 0: 32 */
	u64 flags;		/* SCX_OPS_* */
	u32 timeout_ms;		/* watchdog, 0: 30000 */
	u32 exit_dump_len;	/* 0: 32768 */
	u64 hotplug_seq;	/* 0: not compared */
	char name[SCX_OPS_NAME_LEN];
};

/* Event counters in the kernel's order; spec 32.13. */
#define SCX_EVENTS(X)			\
	X(SELECT_CPU_FALLBACK)		\
	X(DISPATCH_LOCAL_DSQ_OFFLINE)	\
	X(DISPATCH_KEEP_LAST)		\
	X(ENQ_SKIP_EXITING)		\
	X(ENQ_SKIP_MIGRATION_DISABLED)	\
	X(REENQ_IMMED)			\
	X(REENQ_REPEAT)			\
	X(REFILL_SLICE_DFL)		\
	X(SLICE_CLAMPED)		\
	X(SLICE_DENIED)			\
	X(BYPASS_DURATION)		\
	X(BYPASS_DISPATCH)		\
	X(BYPASS_ACTIVATE)		\
	X(INSERT_NOT_OWNED)

enum scx_event_id {
#define X(name) SCX_EV_##name,
	SCX_EVENTS(X)
#undef X
	SCX_NR_EVENTS
};

struct scx_event_stats {
	s64 count[SCX_NR_EVENTS];
};

#endif /* SCXTWIN_OPS_H */
