/* SPDX-License-Identifier: GPL-2.0-only */
/* What the families of invariants share. */
#ifndef CHECK_INTERNAL_H
#define CHECK_INTERNAL_H

#include "check/check.h"
#include "ext/internal.h"

/* What was last known of a task; lies in task_core->check_area. */
struct check_task {
	u64 sched_id;		/* scheduler that the life below belongs to */
	u64 ran;		/* ns for which it was some CPU's current task */
	u64 word;		/* state word as the last transition left it */
	u32 brand;		/* of the last hand-over, not shifted */
	u16 claimer;		/* CPU + 1 between T5 and T7 or T8 */
	u8 life;		/* LIFE_* */
	u8 nr_lists;		/* scratch of the audit: queues on whose list it was found */
	const struct list_head *list; /* ... the last of them */
};
_Static_assert(sizeof(struct check_task) <= sizeof(((struct task_core *)0)->check_area), "fits the task");

/* What the callbacks have told the policy of a task. */
#define LIFE_INIT	0x01U	/* init_task .. exit_task */
#define LIFE_ENABLED	0x02U	/* enable .. disable */
#define LIFE_RUNNABLE	0x04U	/* runnable .. quiescent */
#define LIFE_RUNNING	0x08U	/* running .. stopping */
#define LIFE_CUSTODY	0x10U	/* in custody, ops.dequeue() is still to come */

/* What was last known of a CPU. */
struct check_cpu {
	struct task_struct *curr;
	u64 curr_since;
	u32 nr_claims;		/* words it made DISPATCHING and has not released */

	/* promise.c: as of the last release of its rq lock */
	u64 nr_kept, turns;
	const struct task_struct *lingering;
	const char *reason;	/* rule by which it may */
};

struct check {
	struct check_cpu *cpus;
	bool exact_time;	/* kernel paths take no time */
	bool removed;
	bool thorough;		/* all local invariants, each time */
	u32 countdown;		/* unlocks until the next look */
	u32 nr_claims;		/* of all CPUs */
	u64 ended;		/* id of the scheduler whose ops.exit() was called last */
	u64 told_by;		/* callbacks of which told was made */
	u8 told;		/* LIFE_* of which the policy hears both the beginning and the end */
	void (*lingers)(const char *text); /* wants to hear of IMMED tasks that have to wait; may be NULL */
	const char *at;		/* lock or callback where the present invariants are looked at */
};

static inline struct check *check_state(void)
{
	return this_sim->check;
}

static inline struct check_cpu *check_cpu(int cpu)
{
	return &check_state()->cpus[cpu];
}

static inline struct check_task *check_of(const struct task_struct *p)
{
	return (struct check_task *)core_of(p)->check_area;
}

/* rule: IDs of the specification. p: the task it is about, or NULL. */
#define CHECK(rule, p, cond)								\
	do {										\
		if (unlikely(!(cond)))							\
			check_failed(__BUG_SITE(rule ": " #cond), (p));			\
	} while (0)

void check_failed(const struct bug_site *site, const struct task_struct *p) __attribute__((noreturn, cold));

/* ---- looks at state, without the yield points of the port's own accessors */

static inline u64 word_of(const struct task_struct *p)
{
	return (u64)p->scx.ops_state.counter;
}

static inline bool is_free(const raw_spinlock_t *lock)
{
	return !lock->owner;
}

static inline bool is_mine(const raw_spinlock_t *lock)
{
	return lock->owner == current_ctx();
}

static inline bool holds_any(enum lock_class class)
{
	return current_ctx()->held >> 8 * class & 0xff;
}

static inline bool is_linked(const struct task_struct *p)
{
	return !list_empty(&p->scx.dsq_list.node);
}

static inline bool is_queued(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_QUEUED;
}

static inline bool is_in_custody(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_IN_CUSTODY;
}

static inline const raw_spinlock_t *dsq_lock(const struct scx_dispatch_q *dsq)
{
	return dsq_is_local(dsq) ? &dsq_rq((struct scx_dispatch_q *)dsq)->__lock : &dsq->lock;
}

/* The task whose list node this is; NULL for the head of the list and for cursors. */
static inline struct task_struct *queued_task(const struct scx_dispatch_q *dsq, const struct list_head *node)
{
	struct scx_dsq_list_node *n = container_of(node, struct scx_dsq_list_node, node);

	if (node == &dsq->list || n->flags & SCX_DSQ_LNODE_ITER_CURSOR)
		return NULL;
	return container_of(n, struct task_struct, scx.dsq_list);
}

/* All DSQs there are: local, user, global, bypass. */
void check_each_dsq(void (*fn)(const struct scx_dispatch_q *dsq));

/* Nobody is in the middle of changing p: its rq, its pi_lock and the lock of its DSQ are free. */
bool is_settled(const struct task_struct *p);

/* ---- families; the audits of tasks are called for settled ones only */

void check_place_audit(void);

void check_word_stored(struct task_struct *p);
void check_word_audit(const struct task_struct *p);

void check_companions_now(const struct task_struct *p);
void check_companions_rq(const struct rq *rq);
void check_companions_audit(const struct task_struct *p);
void check_marker(enum scxtwin_op op);

void __check_custody(struct task_struct *p, enum scxtwin_op op);
/* ops.dequeue() begins if op says so; otherwise any other sign of life of p. */
static inline void check_custody(struct task_struct *p, enum scxtwin_op op)
{
	const struct check_task *s = check_of(p);

	if (op == SCXTWIN_OP_dequeue || !is_in_custody(p) != !(s->life & LIFE_CUSTODY))
		__check_custody(p, op);
}
void check_custody_audit(const struct task_struct *p);
#define NO_OP SCXTWIN_NR_OPS

void check_callback(enum scxtwin_op op, struct task_struct *p);
void check_callbacks_audit(const struct task_struct *p);

void check_queue_ends(const struct scx_dispatch_q *dsq);
void check_queue_audit(const struct scx_dispatch_q *dsq);

void check_rq_now(const struct rq *rq);
void check_rq_audit(const struct rq *rq);

void check_placement(const struct rq *rq, const struct task_struct *p);

void check_immed_audit(const struct rq *rq);
void check_reenq_audit(const struct task_struct *p);

void check_promise_now(const struct rq *rq);
void check_promise_audit(const struct rq *rq);

void check_bypass_audit(void);

void check_time_switched(const struct rq *rq);
void check_time_audit(const struct task_struct *p);

#endif /* CHECK_INTERNAL_H */
