/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A laboratory for the rules of the port: a simulated machine, tasks that are
 * led by the hand, a policy made of functions of the test, a record of what was
 * called, and holds, which stop one CPU at a chosen point while others go on.
 *
 *	lab_start(.cpus = 2);
 *	p = lab_task("p", .cpu = 1);		// asleep, was on CPU 1
 *	lab_load(&ops);
 *	lab_wake(p);
 *	PROVES("CB-03", lab_called(p, "select_cpu(1,0x8) runnable enqueue(0x100009) running@1"));
 *	assert_int_equal(p->scx.dsq_flags, 0);	// the test sees all of src/ext and src/sched
 *
 * There is one lab at a time and all functions act on it. Tests have lab_stop()
 * as teardown. It fails a test which left something unexpected behind: a WARN
 * or BUG, a policy that was ejected, a broken invariant.
 *
 * Callbacks of the policy run inside the simulation: there use PROVES() and not
 * cmocka's assertions.
 */
#ifndef TESTS_LAB_H
#define TESTS_LAB_H

#include "check/check.h"
#include "ext/internal.h"
#include "lab/bench.h"
#include "support/proves.h"

#define US NSEC_PER_USEC
#define MS NSEC_PER_MSEC

/* ---- the machine */

struct lab_cfg {
	u32 cpus;		/* default 2 */
	u32 smt, nodes, cores_per_llc, hz;
	enum run_mode mode;	/* RUN_EXPLORED for holds */
	bool force_suspend;
	bool autogroup;		/* dying tasks pass through a change: EXIT-10 */
	const struct sched_ext_ops *ops; /* loaded at once; NULL: not before lab_load() */
};

#define lab_start(...) __lab_start(&(struct lab_cfg){ __VA_ARGS__ })
void __lab_start(const struct lab_cfg *cfg);
int lab_stop(void **state); /* a cmocka teardown; state is not used */

/* Lets time pass; things of the present instant come first. */
void lab_run(u64 ns);
/* Everything that happens at this instant. All functions below end with it. */
void lab_settle(void);
static inline u64 lab_now(void)
{
	return this_sim->now;
}

/* The test spoils the state by hand, or calls what no kernel path would: src/check looks no more. */
static inline void lab_by_hand(void)
{
	check_remove();
}

/* ---- the policy; may be refused or ejected, see lab_exited() */

void lab_load(const struct sched_ext_ops *ops);		/* must succeed; the record is forgotten */
int lab_try_load(const struct sched_ext_ops *ops);	/* what scx_enable() returned */
void lab_unload(void);

/* ---- tasks */

/* What a task does with the CPU, step by step; behind the last one it runs for ever. */
#define RUN(for_ns)	{ .kind = LAB_RUN, .ns = (for_ns) }
#define BLOCK		{ .kind = LAB_BLOCK }
#define YIELD		{ .kind = LAB_YIELD }
#define EXIT		{ .kind = LAB_EXIT }
#define DO(f, a)	{ .kind = LAB_DO, .fn = (f), .arg = (a) }
#define CALL(f, a)	{ .kind = LAB_CALL, .fn = (f), .arg = (a) }

struct lab_task_cfg {
	int cpu;		/* is born and, if asleep, was last seen there */
	u64 cpus;		/* mask of allowed CPUs; 0: all */
	u32 policy;		/* SCHED_*; default SCHED_NORMAL */
	int nice;
	u32 rt_priority;	/* default 50 for SCHED_FIFO and SCHED_RR */
	u32 flags;		/* PF_KTHREAD */
	bool awake;		/* begins its steps at once; default: asleep until woken */
	bool repeat;		/* the steps, for ever */
	const struct lab_step *steps; /* up to LAB_END; NULL: none */
};

#define STEPS(...) ((const struct lab_step[]){ __VA_ARGS__, { .kind = LAB_END } })
/*
 * A sleeping task is brought to sleep before this returns, and what the policy
 * saw of that is forgotten; a policy that keeps tasks must be loaded later.
 * NULL if the policy refused an awake one.
 */
#define lab_task(name, ...) __lab_task((name), &(struct lab_task_cfg){ __VA_ARGS__ })
struct task_struct *__lab_task(const char *name, const struct lab_task_cfg *cfg);

/*
 * What happens next in the life of a task. The task does these itself, as soon
 * as it has the CPU in user mode; what it was running ends there.
 */
void lab_block(struct task_struct *p);
void lab_yield(struct task_struct *p);
void lab_exit(struct task_struct *p);
void lab_do(struct task_struct *p, void (*fn)(void *arg), void *arg);	/* does not sleep */
void lab_call(struct task_struct *p, void (*fn)(void *arg), void *arg);	/* may sleep */
bool lab_gone(const struct task_struct *p);	/* it ended; p is poison now */
struct task_struct *lab_find(const char *name);	/* among the living; NULL */

/* ---- the outside: kernel workers on a CPU, the one named last by lab_from() */

void lab_from(int cpu);
void lab_wake(struct task_struct *p);
void lab_wake_flags(struct task_struct *p, int wake_flags);
void lab_set_nice(struct task_struct *p, int nice);
void lab_set_cpus(struct task_struct *p, u64 cpus);
void lab_set_policy(struct task_struct *p, u32 policy, int rt_priority);
void lab_kick(int cpu, u64 flags);
void lab_offline(int cpu);
void lab_online(int cpu);
void lab_bypass(bool on);
/* fn(rq, p) with both locks of p held and the clock up to date: calls into the port by hand. */
void lab_locked(struct task_struct *p, void (*fn)(struct rq *rq, struct task_struct *p));
/* fn(arg) to its end; or only until it is held or waits for something that is. */
void lab_outside(void (*fn)(void *arg), void *arg);

/* ---- the record: callbacks in order, with their numbers */

/*
 * True if the callbacks of p (NULL: all) since the last question about p or
 * lab_forget() were these and no others; says what differs if not.
 *
 *	enqueue			with any numbers
 *	enqueue(0x9)		with this one; flags are hexadecimal, the rest decimal
 *	enqueue(0x9)@1		executed by CPU 1; also enqueue@1
 *	p:enqueue		of task p, where p is NULL
 *	...			any others, or none
 *	+REFILL_SLICE_DFL	counter of enum scx_event_id; only in lab_happened()
 *	.dsq_insert		kfunc that changed or decided something; only in lab_happened()
 *
 * dispatch(cpu,prev's name or -), yield(to's name or -), select_cpu(prev cpu,flags).
 */
bool lab_called(struct task_struct *p, const char *expected);
/* The same with counters and kfuncs in between; those have no task unless they are about p. */
bool lab_happened(struct task_struct *p, const char *expected);
/* As lab_called(), but says nothing and can be asked again. */
bool lab_saw(struct task_struct *p, const char *expected);
void lab_forget(void);
/* Increase of a counter since lab_forget(). */
s64 lab_count(enum scx_event_id id);

/* ---- what must not come, and what is allowed to */

/* A WARN or BUG whose condition contains text will come; after a BUG only lab_stop() is left. */
void lab_expect_warn(const char *text);
void lab_expect_bug(const char *text);
void lab_ignore_warnings(bool on);	/* any WARN may come */
/* The last policy ended like this, with text in its message; lab_stop() takes that as expected. */
bool lab_exited(enum scx_exit_kind kind, const char *text);

/* ---- holds, in RUN_EXPLORED only */

/*
 * The next context that comes to a point like this (struct lab_point in lab/holds.h)
 * stays there until released.
 * Labels are those of the yield points: the accessed expression for a word
 * ("p->scx.ops_state"), the lock's name ("rq", "dsq"), "ops.enqueue" at entry
 * and return, "scx_bpf_kick_cpu". LAB_TRACE=1 in the environment prints every
 * point that is passed.
 */
#define lab_hold(...) __lab_hold(&(struct lab_point){ __VA_ARGS__ })
struct lab_hold *__lab_hold(const struct lab_point *point);
bool lab_held(const struct lab_hold *hold);	/* somebody stands there */
void lab_release(struct lab_hold *hold);	/* who stands there goes on; nobody will be held there */
/* Some context of cpu waits in an await, or for a lock, with such a label. */
bool lab_waits(int cpu, const char *label);

/* ---- for orders.h: the same stretch again and again, in RUN_EXPLORED only */

/* Between these two, calls, orders and releases only begin; the next lab_settle() lets them run. */
void lab_begin(void);
void lab_began(void);
struct lab_copy;
struct lab_copy *lab_save(void);
/* Any number of times, also after a BUG; statics of a test stay as they are. */
void lab_restore(const struct lab_copy *copy);
void lab_copy_free(struct lab_copy *copy);
/* What lab_stop() would complain of: an ejection, an expected WARN that did not come. NULL: nothing. */
const char *lab_wrong(void);

/* ---- small looks */

static inline u64 lab_word(const struct task_struct *p)
{
	return (u64)p->scx.ops_state.counter;
}

static inline bool lab_runs(const struct task_struct *p)
{
	return task_rq(p)->curr == p;
}

static inline struct scx_dispatch_q *lab_local(int cpu)
{
	return &cpu_rq(cpu)->scx.local_dsq;
}

/* Names of the tasks on a DSQ in order of consumption, "a b"; valid until the next call. */
const char *lab_queue(struct scx_dispatch_q *dsq);
struct scx_dispatch_q *lab_user_dsq(u64 id);

#endif /* TESTS_LAB_H */
