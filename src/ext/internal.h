/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Structures and functions shared inside the port of kernel/sched/ext (7.3).
 *
 *   ops_state.c   the state word: the only writer, brands, waits
 *   custody.c     the custody flag: the only writer, exactly-once ops.dequeue()
 *   enqueue.c dequeue.c dsq.c dsq_iter.c slice.c consume.c dispatch.c pick.c
 *   immed.c reenq.c select_cpu.c idle.c kick.c
 *   task.c task_iter.c enable.c exit.c bypass.c watchdog.c events.c dump.c
 *   hotplug.c kfunc_context.c kfunc_dsq.c kfunc_task.c kfunc_cpu.c
 *   proposed.c cookie.c   what no kernel has
 *
 * Reading order for a newcomer: ops_state.c, dsq.c, enqueue.c, dispatch.c,
 * consume.c, dequeue.c, custody.c, pick.c; then sched/core.c for the callers.
 */
#ifndef EXT_INTERNAL_H
#define EXT_INTERNAL_H

#include <scxtwin/kfunc.h>

#include "base/idmap.h"
#include "base/rng.h"
#include "ext/ext.h"
#include "sched/sched.h"

/*
 * ops_state: the state in the low two bits, the brand above (OPSS-02).
 *
 *        .-> NONE --T1--> QUEUEING|q --T2--> QUEUED|q --T5--> DISPATCHING --.
 *        |    ^             |  T3,T4           |  T6                        |
 *        |    '-------------'------------------'                            |
 *        '------------------------- T7, T8 ---------------------------------'
 */
#define SCX_OPSS_NONE		0ULL
#define SCX_OPSS_QUEUEING	1ULL
#define SCX_OPSS_QUEUED		2ULL
#define SCX_OPSS_DISPATCHING	3ULL
#define SCX_OPSS_QSEQ_SHIFT	2
#define SCX_OPSS_STATE_MASK	3ULL
#define SCX_OPSS_QSEQ_MASK	(~SCX_OPSS_STATE_MASK)

#define SCX_REENQ_TSR_RQ_OPEN	(1ULL << 32)
#define SCX_REENQ_TSR_NOT_FIRST	(1ULL << 33)
#define __SCX_REENQ_FILTER_MASK	0xffffULL
#define __SCX_REENQ_USER_MASK	SCX_REENQ_ANY

#define __SCX_REENQ_TSR_MASK	(0xfULL << 32)

/* p->scx.slice_oob: pending bit, low bits of the scheduler's id, duration (SLC-02). */
#define SCX_SLICE_OOB_PENDING	(1ULL << 63)
#define SCX_SLICE_OOB_DUR_BITS	43
#define SCX_SLICE_OOB_DUR_MASK	((1ULL << SCX_SLICE_OOB_DUR_BITS) - 1)
#define SCX_SLICE_OOB_ID_MASK	((1ULL << 20) - 1)

#define SCX_BYPASS_HOST_NTH	2	/* LOOP-03 */

#define __SCX_DSQ_ITER_HAS_SLICE (1U << 30)
#define __SCX_DSQ_ITER_HAS_VTIME (1U << 31)

enum scx_enable_state { SCX_ENABLING, SCX_ENABLED, SCX_DISABLING, SCX_DISABLED };

/* Groups of kfuncs by the callbacks that may call them; spec 32.2. */
enum scx_kf_group {
	SCX_KF_ENQUEUE		= 1 << 0,
	SCX_KF_SELECT_CPU	= 1 << 1,
	SCX_KF_DISPATCH		= 1 << 2,
	SCX_KF_CPU_RELEASE	= 1 << 3,
	SCX_KF_UNLOCKED		= 1 << 4,
	SCX_KF_ANY		= 1 << 5,
	SCX_KF_SLEEPABLE	= 1 << 6,	/* create_dsq needs this besides UNLOCKED */
};

/* What the calling context is doing for the port; lives in struct ctx. */
struct scx_ctx {
	struct rq *locked_rq;		/* tracked rq of the running callback, NULL if none */
	s32 op;				/* enum scxtwin_op of the running callback + 1, 0: none */
	u32 kf_mask;			/* groups that the callback may call */
	struct task_struct *kf_tasks[2]; /* subjects of the running callback */
	struct task_struct *task;	/* task in its record, subject or not */
	u32 nr_reached;			/* running tasks handed to the policy by kfuncs */
	bool reached_more;		/* than the list below holds */
	struct {
		struct task_struct *task;
		u64 slice;		/* when it was handed out */
	} reached[4];
};
_Static_assert(sizeof(struct scx_ctx) <= sizeof(((struct ctx *)0)->ext_area), "fits the context");

static inline struct scx_ctx *scx_ctx(void)
{
	return (struct scx_ctx *)current_ctx()->ext_area;
}

struct scx_dsp_buf_ent {
	struct task_struct *task;
	u64 qseq;
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
};

struct scx_dsp_ctx {
	struct rq *rq;		/* being dispatched for */
	u32 cursor;
	u32 nr_tasks;
	struct scx_dsp_buf_ent *buf;	/* dsp_max_batch entries */
};

struct scx_deferred_reenq_local {
	struct list_head node;
	u64 flags;
};

struct scx_deferred_reenq_user {
	struct list_head node;
	u64 flags;
	struct scx_dispatch_q *dsq;
};

struct scx_sched_pcpu {
	struct scx_sched *sch;
	int cpu;
	bool bypassing;
	struct scx_dsp_ctx dsp_ctx;
	struct scx_dispatch_q bypass_dsq;
	struct scx_event_stats events;
	struct scx_deferred_reenq_local deferred_reenq_local;
	struct list_head to_kick_node;	/* rq->scx.sched_pcpus_to_kick */
	/* from the first kick that this CPU records on; all four or none */
	struct cpumask *cpus_to_kick, *cpus_to_kick_if_idle, *cpus_to_preempt, *cpus_to_wait;
	u32 bypass_host_seq;
};

struct scx_sched {
	struct sched_ext_ops ops;
	u64 has_op;			/* bit per enum scxtwin_op: callable now (LIFE-88) */
	u64 id;
	u64 slice_dfl;
	u32 dsp_max_batch;
	struct idmap *dsq_hash;		/* user DSQs by id */
	struct scx_dispatch_q *last_dsq; /* user DSQ found last */
	struct list_head all_dsqs;
	struct scx_dispatch_q *global_dsqs;	/* by node */
	struct scx_sched_pcpu *pcpu;	/* by CPU */
	s32 exit_kind;			/* enum scx_exit_kind, claimed by the first error */
	bool aborting;
	bool warned_zero_slice;
	s32 bypass_depth;
	u64 bypass_timestamp;
	bool bypass_dsp_enabled;
	struct mevent bypass_lb_timer;
	u64 watchdog_timeout_ns;
	struct scx_exit_info *exit_info;
	struct irq_work error_irq_work;
	struct completion disable_done;
	bool dump_disabled;
	struct idmap dsq_map;		/* what dsq_hash points to */
	bool dead;			/* ops.exit() was called: kfuncs find no scheduler (D16) */
	u32 refs;			/* helper and those who wait for it */
	u32 dsp_buf_size;		/* entries that each dispatch buffer has room for */
	struct list_head free_node;	/* scx->free_scheds */
	struct scx_sched *next_made;	/* scx->scheds_made */
	struct rcu_head rcu;
};

/* What exit_info points into; outlives its scheduler (scx_last_exit()). */
#define SCX_EXIT_MSG_LEN	1024
#define SCX_EXIT_DUMP_DFL_LEN	32768
struct scx_exit_record {
	struct scx_exit_info info;
	char msg[SCX_EXIT_MSG_LEN];
	size_t dump_len, dump_size;	/* asked for by the scheduler; allocated */
	struct list_head node;		/* scx->free_exits */
};

/* Text under construction by a dump; see dump.c. */
struct scx_dump_buf {
	char *text;
	size_t size, used;
	bool overflow;
	/* output of the running dump callback, collected into lines */
	bool first;
	const char *prefix;
	size_t line_used;
	char line[1024];
};

/* Task ids that a CPU may give out; LIFE-63. */
struct scx_tid_chunk {
	u64 next, end;
};

/* Who is told of what happens to tasks; must change nothing. */
struct scx_onlooker {
	void (*word_stored)(struct task_struct *p);	/* a transition of ops_state was made; may be NULL */
	/* p: subject or NULL. What the policy did lies between the two. */
	void (*call_begins)(enum scxtwin_op op, struct task_struct *p);
	void (*call_ends)(enum scxtwin_op op, struct task_struct *p);
};

/* State of this room: the kernel's file-level variables. */
struct scx {
	struct scx_limits limits;
	struct scx_sched *root;		/* scx_root */
	s32 enable_state;
	bool enabled;			/* __scx_enabled */
	bool switched_all;		/* __scx_switched_all */
	bool switching_all;
	bool init_task_enabled;
	bool builtin_idle_enabled, builtin_idle_per_node;
	bool selcpu_topo_llc, selcpu_topo_numa;
	struct mutex enable_mutex;
	struct percpu_rw_semaphore fork_rwsem;
	raw_spinlock_t tasks_lock;
	struct list_head tasks;		/* scx_tasks */
	raw_spinlock_t bypass_lock;
	struct cpumask *idle_cpus, *idle_smts;	/* one pair per node; pair 0 is the global one */
	u64 watchdog_timestamp;		/* jiffies */
	struct mevent watchdog_timer;
	u64 next_id, next_tid;
	u64 enable_seq, nr_rejected, hotplug_seq;
	const char *refusal;		/* of the last load that was refused */
	struct idmap *tid_hash;		/* SCX_OPS_TID_TO_TASK */
	struct scx_exit_info *last_exit;
	struct scx_event_stats last_events;
	void (*api_error)(const char *kfunc, const struct scx_callback_info *info);
	struct idmap tid_map;		/* what tid_hash points to while the table is kept */
	struct scx_tid_chunk *tid_chunks; /* by CPU */
	struct list_head free_scheds, free_exits;
	struct scx_sched *scheds_made;	/* every object there is, in whatever state */
	char api_error_text[256];
	void (*printk)(const char *text, void *data);
	void *printk_data;
	struct rng policy_rng;
	struct percpu_rw_semaphore hotplug_rwsem; /* CPUs neither come nor go while held for reading */

	const struct scx_onlooker *onlooker; /* may be NULL */

	/* idle.c, select_cpu.c */
	u32 nr_active_cpus;		/* at the last look at the topology */
	struct cpumask *empty_mask;
	struct cpumask **select_masks;	/* by CPU, three each, from its first selection on */
	/* kick.c */
	struct cpumask *kick_waiting;	/* CPUs that wait for another one's kick_sync */
	/* watchdog.c */
	bool watchdog_on, watchdog_working;
	/* bypass.c */
	struct cpumask *lb_donees, *lb_resched;
	/* dump.c */
	struct scx_dump_buf *dump;	/* of the dump that is being written */
	struct pool dsq_pool;		/* user DSQs; dsq.c sets all four up at the first one */
	struct pool reenq_users_pool;	/* their request entries, one array of all CPUs each */
	struct irq_work free_dsq_irq_work;
	struct list_head dsqs_to_free;	/* destroyed, linked by all_node */
};

static inline struct scx *scx_state(void)
{
	return this_sim->scx;
}

#define scx_root (scx_state()->root)

/* owner of a task, of an rq's decisions: the root scheduler or NULL. Hooks for sub-schedulers. */
static inline struct scx_sched *scx_task_sched(const struct task_struct *p)
{
	(void)p;
	return scx_root;
}

static inline struct scx_sched_pcpu *scx_pcpu(struct scx_sched *sch, int cpu)
{
	return &sch->pcpu[cpu];
}

static inline bool scx_bypassing(struct scx_sched *sch, int cpu)
{
	return READ_ONCE(sch->pcpu[cpu].bypassing);
}

static inline bool sched_class_is_ext(const struct task_struct *p)
{
	return p->sched_class == &ext_sched_class;
}

static inline bool SCX_HAS_OP(const struct scx_sched *sch, enum scxtwin_op op)
{
	return sch->has_op >> op & 1;
}

/* ---- events.c, exit.c */
void scx_add_event(struct scx_sched *sch, enum scx_event_id id, s64 n);
/* Claims the exit; first wins (ERR-01). cpu -1: unknown. */
bool scx_claim_exit(struct scx_sched *sch, enum scx_exit_kind kind, s64 code, s32 cpu,
		    const char *fmt, va_list args);
bool scx_exit(struct scx_sched *sch, enum scx_exit_kind kind, s64 code, s32 cpu,
	      const char *fmt, ...) __attribute__((format(printf, 5, 6)));
#define scx_error(sch, ...) scx_exit((sch), SCX_EXIT_ERROR, 0, smp_processor_id(), __VA_ARGS__)
void scx_sum_events(const struct scx_sched *sch, struct scx_event_stats *stats);
bool scx_cpu_valid(struct scx_sched *sch, s32 cpu, const char *where); /* ERR-20 on failure */

/* ---- kfunc_context.c: entry to and return from a callback */
struct scx_call {
	bool nested;			/* inside another callback, which is saved below */
	struct task_struct *curr;	/* of the executing CPU */
	u64 curr_slice, task_slice;	/* when the callback began */
	struct scx_ctx saved;
};
/*
 * Begin and end one callback: tracked rq, subjects, allowed kfuncs, yield
 * points, cost, event records, slices the policy may have written. arg0 to
 * arg2 are the numbers logged. Used through the SCX_CALL_OP macros only.
 */
void scx_call_begin(struct scx_call *call, enum scxtwin_op op, struct rq *rq,
		    struct task_struct *p, struct task_struct *other, u64 arg0, u64 arg1, u64 arg2);
void scx_call_end(struct scx_call *call, enum scxtwin_op op, bool has_ret, s64 ret);

#define SCX_CALL_OP(sch, op, rq, arg0, arg1, ...)					\
	do {										\
		struct scx_call __call;							\
		scx_call_begin(&__call, SCXTWIN_OP_##op, (rq), NULL, NULL, (u64)(arg0),	\
			       (u64)(arg1), 0);						\
		(sch)->ops.op(__VA_ARGS__);						\
		scx_call_end(&__call, SCXTWIN_OP_##op, false, 0);			\
	} while (0)

/* First variadic argument is the task: scx ops with a subject task. arg0: the number logged. */
#define SCX_CALL_OP_TASK(sch, op, rq, arg0, p, ...)					\
	do {										\
		struct scx_call __call;							\
		struct task_struct *__p = (p);						\
		scx_call_begin(&__call, SCXTWIN_OP_##op, (rq), __p, NULL, (u64)(arg0), 0, 0); \
		(sch)->ops.op(__p, ##__VA_ARGS__);					\
		scx_call_end(&__call, SCXTWIN_OP_##op, false, 0);			\
	} while (0)

#define SCX_CALL_OP_RET(sch, op, rq, p, arg0, arg1, ...)				\
	({										\
		struct scx_call __call;							\
		__typeof__((sch)->ops.op(__VA_ARGS__)) __ret;				\
		scx_call_begin(&__call, SCXTWIN_OP_##op, (rq), (p), NULL, (u64)(arg0),	\
			       (u64)(arg1), 0);						\
		__ret = (sch)->ops.op(__VA_ARGS__);					\
		scx_call_end(&__call, SCXTWIN_OP_##op, true, (s64)__ret);		\
		__ret;									\
	})

/*
 * First thing in every kfunc: checks the context (API error: the run ends),
 * is a yield point, and returns the scheduler or NULL (neutral value).
 */
struct scx_sched *scx_kfunc_enter(enum scxtwin_kfunc kf, u32 groups);
/* Last thing in every kfunc that changes or decides something: the log record. */
void scx_kfunc_log(enum scxtwin_kfunc kf, const struct task_struct *p, u64 arg0, u64 arg1, s64 ret);
/* Instead, in a kfunc that is in no kernel and was not asked for: an API error as well. */
void scx_kfunc_missing(enum scxtwin_kfunc kf);
/* A kfunc handed p to the policy: its slice may be written directly (tick elision). */
void scx_reached_task(struct task_struct *p);

/* ---- ops_state.c */
static inline u64 scx_opss_state(u64 opss)
{
	return opss & SCX_OPSS_STATE_MASK;
}

static inline u64 scx_opss_qseq(u64 opss)
{
	return opss & SCX_OPSS_QSEQ_MASK;
}

u64 scx_opss_begin_queueing(struct task_struct *p);	/* E1: next brand, T1; returns the brand */
void scx_opss_set_queued(struct task_struct *p, u64 qseq); /* T2 */
void scx_opss_set_none(struct task_struct *p);		/* T3, T4, T7, T8, T9 */
bool scx_opss_claim_dispatch(struct task_struct *p, u64 *opss);	/* T5 */
bool scx_opss_claim_dequeue(struct task_struct *p, u64 *opss);	/* T6 */
void wait_ops_state(struct task_struct *p, u64 opss);
void scx_wait_dispatching(struct task_struct *p);

/* ---- custody.c */
void scx_enter_custody(struct task_struct *p);
/* Clears the flag if it is set and no internal migration is under way (CUST-05). */
bool task_leave_custody(struct task_struct *p);
/* The one place that calls ops.dequeue() (CUST-07). */
void call_task_dequeue(struct scx_sched *sch, struct rq *locked_rq, struct task_struct *p, u64 deq_flags);

/* ---- dsq.c */
void init_dsq(struct scx_dispatch_q *dsq, u64 dsq_id, s32 owner, struct scx_sched *sch);
struct scx_dispatch_q *find_user_dsq(struct scx_sched *sch, u64 dsq_id);
struct scx_dispatch_q *find_global_dsq(struct scx_sched *sch, int cpu);
struct scx_dispatch_q *bypass_dsq(struct scx_sched *sch, int cpu);
struct scx_dispatch_q *find_dsq_for_dispatch(struct scx_sched *sch, struct rq *rq, u64 dsq_id, int tcpu);
static inline bool dsq_is_local(const struct scx_dispatch_q *dsq)
{
	return dsq->id == SCX_DSQ_LOCAL;
}

static inline struct rq *dsq_rq(struct scx_dispatch_q *local)
{
	return container_of(local, struct rq, scx.local_dsq);
}

void scx_dispatch_enqueue(struct scx_sched *sch, struct rq *rq, struct scx_dispatch_q *dsq,
			  struct task_struct *p, u64 slice, u64 vtime, u64 enq_flags);
void scx_dispatch_dequeue(struct rq *rq, struct task_struct *p);
void scx_dispatch_dequeue_locked(struct task_struct *p, struct scx_dispatch_q *dsq);
void scx_task_unlink_from_dsq(struct task_struct *p, struct scx_dispatch_q *dsq);
static inline bool dsq_is_builtin(const struct scx_dispatch_q *dsq)
{
	return dsq->id & SCX_DSQ_FLAG_BUILTIN;
}

/* Linking on a local DSQ outside scx_dispatch_enqueue(): DSQ-56. */
void scx_link_local_moved(struct rq *rq, struct task_struct *p, u64 enq_flags);
void rq_owned_post_enq(struct scx_sched *sch, struct scx_dispatch_q *dsq, struct task_struct *p, u64 enq_flags);
struct task_struct *nldsq_next_task(struct scx_dispatch_q *dsq, struct task_struct *cur, bool rev);
/* First task behind (rev: before) a place of the list; pos may be a cursor or the list's head. */
struct task_struct *nldsq_next_from(struct scx_dispatch_q *dsq, const struct list_head *pos, bool rev);
/* The lock that protects the queue is held: its rq's, or its own. */
void dsq_assert_held(struct scx_dispatch_q *dsq);
s32 scx_create_dsq(struct scx_sched *sch, u64 dsq_id, s32 node);
void destroy_dsq(struct scx_sched *sch, u64 dsq_id);

/* ---- dsq_iter.c */
bool nldsq_cursor_lost_task(struct scx_dsq_list_node *cursor, struct rq *rq,
			    struct scx_dispatch_q *dsq, struct task_struct *p);
struct task_struct *nldsq_cursor_next_task(struct scx_dsq_list_node *cursor, struct scx_dispatch_q *dsq);

/* ---- slice.c */
void scx_set_task_slice(struct task_struct *p, u64 slice);	/* drops a pending request, re-arms the tick */
void scx_commit_slice(struct scx_sched *sch, struct task_struct *p, u64 slice, u64 vtime, u64 enq_flags);
void refill_task_slice_dfl(struct scx_sched *sch, struct task_struct *p);
void scx_apply_slice_oob(struct scx_sched *sch, struct task_struct *p);
void scx_slice_end(struct task_struct *p);			/* slice-bound privileges end */
void update_curr_scx(struct rq *rq);
u64 scx_first_tick(struct rq *rq, struct task_struct *p);

/* ---- enqueue.c, dequeue.c */
void enqueue_task_scx(struct rq *rq, struct task_struct *p, int core_enq_flags);
void scx_do_enqueue_task(struct rq *rq, struct task_struct *p, u64 enq_flags, int sticky_cpu);
void set_task_runnable(struct rq *rq, struct task_struct *p);
void clr_task_runnable(struct task_struct *p, bool reset_runnable_at);
void mark_direct_dispatch(struct scx_sched *sch, struct task_struct *ddsp_task, struct task_struct *p,
			  u64 dsq_id, u64 slice, u64 vtime, u64 enq_flags);
void direct_dispatch(struct scx_sched *sch, struct rq *rq, struct task_struct *p, u64 enq_flags);
void clear_direct_dispatch(struct task_struct *p);
bool dequeue_task_scx(struct rq *rq, struct task_struct *p, int core_deq_flags);
void ops_dequeue(struct rq *rq, struct task_struct *p, u64 deq_flags);
void yield_task_scx(struct rq *rq);
bool yield_to_task_scx(struct rq *rq, struct task_struct *to);
bool scx_rq_online(struct rq *rq);

/* The marker after a verdict was recorded: no further insert in this callback. */
#define SCX_DDSP_POISON ((struct task_struct *)-2L)

/* ---- consume.c, dispatch.c */
bool task_can_run_on_remote_rq(struct scx_sched *sch, struct task_struct *p, struct rq *rq, bool enforce);
void scx_move_local_task_to_local_dsq(struct scx_sched *sch, struct task_struct *p, u64 enq_flags,
				      struct scx_dispatch_q *src_dsq, struct rq *dst_rq);
void move_remote_task_to_local_dsq(struct task_struct *p, u64 enq_flags, struct rq *src_rq, struct rq *dst_rq);
/* Moves p between DSQs; returns the rq that is locked afterwards. */
struct rq *move_task_between_dsqs(struct scx_sched *sch, struct task_struct *p, u64 enq_flags,
				  struct scx_dispatch_q *src_dsq, struct scx_dispatch_q *dst_dsq);
bool scx_consume_dispatch_q(struct scx_sched *sch, struct rq *rq, struct scx_dispatch_q *dsq, u64 enq_flags);
bool consume_global_dsq(struct scx_sched *sch, struct rq *rq);
void switch_rq_lock(struct rq *from, struct rq *to);	/* releases the first before taking the second */
void dispatch_to_local_dsq(struct scx_sched *sch, struct rq *rq, struct scx_dispatch_q *dst_dsq,
			   struct task_struct *p, u64 slice, u64 vtime, u64 enq_flags);
void scx_flush_dispatch_buf(struct scx_sched *sch, struct rq *rq);
enum scx_dispatch_verdict { SCX_DISPATCH_NONE, SCX_DISPATCH_PREV, SCX_DISPATCH_LOCAL };
enum scx_dispatch_verdict dispatch_one(struct rq *rq, struct task_struct *prev);

/* ---- kfunc_dsq.c */
bool scx_vet_enq_flags(struct scx_sched *sch, u64 dsq_id, u64 *enq_flags);
/* The two halves of every insert. cookie: NULL, or the qseq that the entry is to have. */
bool scx_dsq_insert_preamble(struct scx_sched *sch, struct task_struct *p, u64 dsq_id, u64 *enq_flags);
void scx_dsq_insert_commit(struct scx_sched *sch, struct task_struct *p, u64 dsq_id, u64 slice,
			   u64 vtime, u64 enq_flags, const u64 *cookie);

/* ---- cookie.c */
bool scx_has_cookie(void);
bool scx_logs_stale_entries(void);

/* ---- pick.c */
struct task_struct *pick_task_scx(struct rq *rq);
void put_prev_task_scx(struct rq *rq, struct task_struct *p, struct task_struct *next);
void set_next_task_scx(struct rq *rq, struct task_struct *p, bool first);
void wakeup_preempt_scx(struct rq *rq, struct task_struct *p, int wake_flags);

/* ---- immed.c, reenq.c */
bool rq_is_open(struct rq *rq, u64 enq_flags);
/* Accounting of a task just linked on, just unlinked from a DSQ; dsq->nr is up to date. */
void scx_immed_linked(struct scx_dispatch_q *dsq, struct task_struct *p, u64 enq_flags);
void scx_immed_unlinked(struct scx_dispatch_q *dsq, struct task_struct *p);
/* Request by the core itself: IMMED tasks of rq's local DSQ that must not wait. rq is locked. */
void schedule_reenq_local(struct rq *rq, u64 reenq_flags);
void scx_schedule_deferred_locked(struct rq *rq);
void scx_schedule_deferred(struct rq *rq);	/* through irq work on the rq's CPU */
/* DEF-03: what dispatch left pending becomes a balance callback (final) or irq work (retry). */
void scx_finish_deferred_after_pick(struct rq *rq, bool final);
void run_deferred(struct rq *rq);
void schedule_dsq_reenq(struct scx_sched *sch, struct scx_dispatch_q *dsq, u64 reenq_flags, struct rq *locked_rq);
u32 reenq_local(struct scx_sched *sch, struct rq *rq, u64 reenq_flags);
void scx_reenq_init_rq(struct rq *rq);
void scx_cancel_dsq_reenq(struct scx_dispatch_q *dsq);

/* ---- select_cpu.c, idle.c */
int select_task_rq_scx(struct task_struct *p, int prev_cpu, int wake_flags);
s32 scx_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
		       const struct cpumask *cpus_allowed, u64 flags);
void task_woken_scx(struct rq *rq, struct task_struct *p);
bool scx_idle_test_and_clear_cpu(int cpu);
void scx_idle_enable(struct sched_ext_ops *ops);
void scx_idle_disable(void);
void scx_idle_update_selcpu_topology(struct sched_ext_ops *ops);
int scx_idle_init(struct scxtwin_error *err);
#define NUMA_NO_NODE (-1)
/* Node of a CPU's idle masks: NUMA_NO_NODE while one global pair is in use. */
int scx_cpu_node_if_enabled(int cpu);
struct cpumask *scx_idle_cpumask(int node);
struct cpumask *scx_idle_smtmask(int node);
s32 scx_pick_idle_cpu_in_node(const struct cpumask *allowed, int node, u64 flags);
s32 scx_pick_idle_cpu(const struct cpumask *allowed, int node, u64 flags);

/* ---- kick.c */
void scx_kick_cpu(struct scx_sched *sch, s32 cpu, u64 flags);
void scx_kick_init_rq(struct rq *rq);
void scx_kick_sync_after_pick(struct rq *rq);	/* KICK-32, PICK-14 */

/* ---- task.c, task_iter.c */
void scx_set_task_state(struct task_struct *p, u32 state);
/* 0 or -1 to -4095 unchanged; anything else is an ERROR and becomes -EPROTO (LIFE-18). */
int scx_sanitize_err(struct scx_sched *sch, const char *op, s64 ret);
static inline u32 scx_get_task_state(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_STATE_MASK;
}

/* ops.init_task() and what it may have asked for; the task state is the caller's. */
int scx_init_task(struct scx_sched *sch, struct task_struct *p, bool fork);
void scx_tid_table_add(struct task_struct *p);
void scx_enable_task(struct scx_sched *sch, struct task_struct *p);
void scx_disable_task(struct scx_sched *sch, struct task_struct *p);
void scx_exit_task(struct scx_sched *sch, struct task_struct *p, bool cancelled);
void scx_disable_and_exit_task(struct scx_sched *sch, struct task_struct *p);
void reweight_task_scx(struct rq *rq, struct task_struct *p);
void switching_to_scx(struct rq *rq, struct task_struct *p);
void switched_from_scx(struct rq *rq, struct task_struct *p);
void set_cpus_allowed_scx(struct task_struct *p, struct affinity_context *ac);
u32 scx_task_weight(const struct task_struct *p);

struct scx_task_iter {
	struct sched_ext_entity cursor;	/* linked in scx_tasks, marked SCX_TASK_CURSOR */
	struct rq *rq;			/* locked by scx_task_iter_next_locked() */
	struct rq_flags rf;
	struct task_struct *locked_task;
	u32 cnt;
	bool irqs_kept_off;		/* inside a batch of steps */
	u64 irq_flags;
};
void scx_task_iter_start(struct scx_task_iter *iter);
struct task_struct *scx_task_iter_next(struct scx_task_iter *iter);
struct task_struct *scx_task_iter_next_locked(struct scx_task_iter *iter);
void scx_task_iter_unlock(struct scx_task_iter *iter);
void scx_task_iter_relock(struct scx_task_iter *iter, struct task_struct *p);
void scx_task_iter_stop(struct scx_task_iter *iter);

/* ---- bypass.c, watchdog.c, dump.c, hotplug.c */
void scx_bypass(struct scx_sched *sch, bool on);
void scx_bypass_init(struct scx_sched *sch);
void scx_watchdog_init(void);
void scx_watchdog_start(void);
void scx_watchdog_stop(void);
void task_tick_scx(struct rq *rq, struct task_struct *p);
void scx_dump_state(struct scx_sched *sch, struct scx_exit_info *ei, size_t dump_len);
void rq_online_scx(struct rq *rq);
void rq_offline_scx(struct rq *rq);
int scx_cpu_for_work(void);		/* home of workers and timers: the first online CPU */
bool task_dead_and_done(const struct task_struct *p); /* LIFE-50 */

/* ---- enable.c, exit.c */
void scx_disable_workfn(void *arg);	/* service: struct scx_sched * */
s32 scx_set_enable_state(enum scx_enable_state to); /* returns the state before */
bool scx_tryset_enable_state(enum scx_enable_state to, enum scx_enable_state from);
struct scx_sched *scx_alloc_sched(const struct sched_ext_ops *ops);
void scx_get_sched(struct scx_sched *sch);
void scx_put_sched(struct scx_sched *sch);
void scx_error_irq_workfn(struct irq_work *work);
/* The class that policy and priority ask for; stop tasks keep theirs. */
const struct sched_class *scx_setscheduler_class(const struct task_struct *p);

#endif /* EXT_INTERNAL_H */
