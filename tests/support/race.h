/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Races led by the hand: CPU 0 is the outside, tasks live on CPU 1, CPUs 2 and 3
 * dispatch. The policy keeps what it is given, unless a verdict is set in say.
 *
 *	race_start();					// with the onlooker of watch.h
 *	p = race_queued("p", 1);			// in the policy's own queue
 *	h = lab_hold(AT_READ_WORD(2, p), .skip = 1);	// F1: behind the insert's own read
 *	race_dispatch(2, p, SCX_DSQ_GLOBAL);		// stands in front of F1
 */
#ifndef TESTS_RACE_H
#define TESTS_RACE_H

#include "support/say.h"
#include "support/watch.h"

#define RACE_OUT 0
#define RACE_SRC 1
#define RACE_X 2
#define RACE_Y 3

#define RACE_SLICE (7 * MS)	/* of every insert made by race_dispatch() */

/* Points of interest; steps of spec 10.7. A context stands in front of them. */
#define AT_WORD(c, p, k)	.cpu = (c), .label = "ops_state", .kinds = LAB_KIND(k), .obj = &(p)->scx.ops_state
#define AT_READ_WORD(c, p)	AT_WORD(c, p, YIELD_READ)
#define AT_CLAIM(c, p)		AT_WORD(c, p, YIELD_RMW)	/* F3, Q4 */
#define AT_STORE_WORD(c, p)	AT_WORD(c, p, YIELD_WRITE)	/* L2, N8 */
#define AT_READ_FLAGS(c, p)	.cpu = (c), .label = "scx.flags", .kinds = LAB_KIND(YIELD_READ), .obj = &(p)->scx.flags
#define AT_SET_FLAGS(c, p)	.cpu = (c), .label = "scx.flags", .kinds = LAB_KIND(YIELD_RMW), .obj = &(p)->scx.flags
#define AT_HOLDING(c, p, k)	.cpu = (c), .label = "holding_cpu", .kinds = LAB_KIND(k), .obj = &(p)->scx.holding_cpu
#define AT_LOCK_RQ(c, of)	.cpu = (c), .label = "", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(of)->__lock
#define AT_UNLOCK_RQ(c, of)	.cpu = (c), .label = "", .kinds = LAB_KIND(YIELD_UNLOCK), .obj = &cpu_rq(of)->__lock
#define AT_LOCK_DSQ(c, q)	.cpu = (c), .label = "", .kinds = LAB_KIND(YIELD_LOCK), .obj = &(q)->lock
#define AT_UNLOCK_DSQ(c, q)	.cpu = (c), .label = "", .kinds = LAB_KIND(YIELD_UNLOCK), .obj = &(q)->lock
#define AT_OP(c, name)		.cpu = (c), .label = "ops." name, .kinds = LAB_KIND(YIELD_CALL)
#define AT_OP_RETURN(c, name)	AT_OP(c, name), .skip = 1

#define race_start(...) __race_start(&(struct lab_cfg){ __VA_ARGS__ })
void __race_start(const struct lab_cfg *cfg);	/* mode and ops are set here; default 4 CPUs */
/* say_ops as race_start() loads it; change before. Reset by race_stop(). */
extern struct sched_ext_ops race_ops;
int race_stop(void **state);			/* teardown */

/* A task of the policy: asleep on cpu, allowed everywhere; loaded policies do not see its birth. */
struct task_struct *race_task(const char *name, int cpu);
/* The same after loading, awake and in the policy's own queue. */
struct task_struct *race_queued(const char *name, int cpu);

/* The next ops.dispatch() of cpu inserts p there; may be said several times for one call. */
void race_will_insert(int cpu, struct task_struct *p, u64 dsq);
void race_will_insert_flags(int cpu, struct task_struct *p, u64 dsq, u64 enq_flags);
/* The next ops.dispatch() of cpu moves one task from the DSQ, behind the inserts. */
void race_will_consume(int cpu, u64 dsq);
void race_no_plans(void);	/* what was said and did not happen yet is taken back */
/* A kick, so that cpu calls ops.dispatch(). */
void race_go(int cpu);
static inline void race_dispatch(int cpu, struct task_struct *p, u64 dsq)
{
	race_will_insert(cpu, p, dsq);
	race_go(cpu);
}

/* The change of 10.7: a new nice value, by CPU 0. Each call gives another one. */
void race_change(struct task_struct *p);
/*
 * A pick of core scheduling, done by hand since the core has none: P1 to P3
 * under the lock of p's rq, then p is put back at once, as after its turn. If
 * p runs already there is nothing to pick.
 */
void race_core_pick(struct task_struct *p);

struct scx_dispatch_q *race_global(void);

/*
 * From here on a policy that the core ejects is left as it is at the error: the
 * work that would disable it never comes. For races whose loser is in error.
 */
void race_freeze_exits(void);
bool race_ejected(const char *text);	/* it was, with this in its message */

/* Some numbers of the last ops.dequeue() of any task, as its callback saw them. */
struct race_dequeue {
	u32 nr;
	struct task_struct *p;
	u64 flags, word;
	struct scx_dispatch_q *dsq;
	s32 holding_cpu, sticky_cpu, cpu, locked_cpu;
	bool linked, dsq_locked, in_custody;
};
extern struct race_dequeue race_dequeue;
u32 race_dequeues(const struct task_struct *p);	/* calls of ops.dequeue() so far */
const char *race_told(const struct task_struct *p);	/* the CPUs that made them, a digit each */

#endif /* TESTS_RACE_H */
