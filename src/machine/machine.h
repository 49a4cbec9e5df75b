/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The simulated machine. This is the only room that knows how simulated
 * concurrency works; code above it reads like kernel code.
 *
 *   machine.c   configuration, CPUs, the run loop
 *   evq.c       pending events in order of (time, rank, cpu, sequence)
 *   context.c   contexts: suspendable threads of kernel control, stack pool
 *   yield.c     yield points, awaiting, deadlock reports
 *   lock.c      raw spin locks; sleep.c: completion, mutex, rwsem
 *   irq_work.c  deferred interrupt work; rcu.c: grace periods
 *   cost.c      the cost table; topology.c: SMT, LLC, node spans
 *   cpumask.c   masks of the machine's width, interned affinity masks
 *
 * Begin reading at machine_run() in machine.c, then context.c.
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include <scxtwin/error.h>
#include <scxtwin/types.h>

#include "base/bug.h"
#include "base/list.h"
#include "base/sim.h"

#define MACHINE_MAX_CPUS	4096
#define NSEC_PER_USEC		1000ULL
#define NSEC_PER_MSEC		1000000ULL
#define NSEC_PER_SEC		1000000000ULL

struct cpumask;
struct ctx;
struct mevent;
struct raw_spinlock;

/* One thing that could happen next in explored mode: a context goes on, or an event is delivered. */
struct choice {
	u16 cpu;
	bool current;		/* the context that reached the yield point */
	u32 ctx;		/* id of the context, UINT32_MAX for an event */
	const void *obj;	/* object of its pending step, NULL if not known yet */
	u8 kind;		/* enum yield_kind */
	const char *label;
	struct ctx *context;	/* for the machine */
	struct mevent *event;
};

struct chooser;

/* Pending events at one instant are delivered in this order. */
enum mrank {
	RANK_WAKE = 0,		/* a context's own wait for an instant; not an interrupt */
	RANK_OUTSIDE = 1,	/* event of the workload */
	RANK_TIMER = 2,
	RANK_TICK = 3,
	RANK_IRQ_WORK = 4,	/* own irq_work */
	RANK_IPI = 5,		/* wake list, then reschedule */
	RANK_BURST = 6,		/* end of a task's run burst */
	NR_RANKS
};

/*
 * One pending event, embedded in what it belongs to; at most one queue entry
 * each, with a known position, so that arming again is O(log n).
 */
struct mevent {
	u64 time;
	u64 order;		/* rank, cpu, sequence within (rank, cpu) */
	u32 pos;		/* 1-based place in the heap, EVQ_DUE: among the due ones, 0: not pending */
	u16 cpu;
	u8 rank;
	bool raised;		/* due, but its CPU has interrupts off */
	bool anytime;		/* explored mode: may come at any instant; set while not pending */
	bool background;	/* keeps no run alive: ticks, watchdog */
	struct list_head raised_node;	/* on mcpu->raised, or on machine->due */
	void (*fn)(struct mevent *ev);
	const char *name;	/* stable label */
};

void mevent_init(struct mevent *ev, enum mrank rank, int cpu, void (*fn)(struct mevent *),
		 const char *name);
/* Moves to another CPU; the event must not be pending. */
void mevent_set_cpu(struct mevent *ev, int cpu);
/* At time (never before now). Pending already: moved, with a new sequence number. */
void mevent_arm(struct mevent *ev, u64 time);
void mevent_disarm(struct mevent *ev);

static inline bool mevent_pending(const struct mevent *ev)
{
	return ev->pos || ev->raised;
}

/* A place in the heap; the key is kept beside the pointer so that sifting touches no event. */
struct evq_slot {
	u64 time, order;
	struct mevent *ev;
};

enum run_mode {
	RUN_TIMED,	/* kernel paths take no simulated time */
	RUN_COSTED,	/* named points spend the cost table's time */
	RUN_EXPLORED,	/* a chooser decides at every yield point */
};

/* Costs in ns, spent in RUN_COSTED; all zero otherwise. */
#define COST_TABLE(X)							\
	X(callback)	/* one ops callback */				\
	X(kfunc)	/* one kfunc that takes a lock */		\
	X(switch)	/* context switch */				\
	X(ipi)		/* interrupt to another CPU, flight time */	\
	X(irq)		/* interrupt entry and exit */			\
	X(lock_handover) /* contended lock passes to the next waiter */	\
	X(migrate)	/* task moves to another rq */			\
	X(wakeup)	/* one try_to_wake_up() */			\
	X(tick)		/* one scheduler tick */

enum cost_id {
#define X(name) COST_##name,
	COST_TABLE(X)
#undef X
	NR_COSTS
};

struct topology_cpu {
	u32 core, llc, node;	/* dense ids */
	u32 capacity;		/* 1 to 1024 */
};

struct machine_config {
	u32 nr_cpus;		/* 1 to MACHINE_MAX_CPUS, all possible and online at start */
	u32 smt;		/* threads per core, >= 1 */
	u32 cores_per_llc;	/* 0: one LLC per node */
	u32 nr_nodes;		/* >= 1 */
	u32 hz;			/* ticks per second, default 250 */
	u64 tick_phase_ns;	/* CPU n ticks at n * phase modulo the period */
	enum run_mode mode;
	u64 cost_ns[NR_COSTS];
	u64 grace_period_ns;	/* RCU, and writers of percpu rwsems, wait that long; default 0 */
	u64 helper_delay_ns;	/* from the wakeup of the disable helper to its first step; default 0 */
	bool tick_elision;	/* default on */
	bool force_suspend;	/* suspend and resume at every yield point */
	u64 zero_time_passes;	/* passes at one instant before time is charged; default 1000 */
	u64 step_limit;		/* explored mode: steps per execution */
};

void machine_config_default(struct machine_config *cfg);

/* What the room above does for the machine. */
struct machine_hooks {
	/* The CPU left its last kernel path: schedule if due, go back to the task. May start paths. */
	void (*kernel_exit)(int cpu);
	/* Before the first kernel path on a CPU that ran a task or idled. */
	void (*kernel_enter)(int cpu);
	/* The calling task context wants to sleep until unblock_task(); must call schedule(). */
	void (*block_task)(struct ctx *ctx);
	void (*unblock_task)(struct ctx *ctx);
	/* A task context may be resumed: its task is current on the context's CPU. */
	bool (*task_is_current)(const struct ctx *ctx);
	/* A task context's call returned. */
	void (*task_call_done)(struct ctx *ctx);
	/* With only background events left: could one of them still change something? */
	bool (*background_matters)(void);
};

struct mcpu {
	int cpu;
	struct ctx *ctx;		/* the CPU's own context */
	struct ctx *held_by;		/* suspended context that keeps the CPU: irqs off or not preemptible */
	struct list_head raised;	/* struct mevent, due with interrupts off, in delivery order */
	struct list_head raised_node;	/* machine->raised_cpus while raised is not empty */
	struct list_head irq_works;	/* struct irq_work queued on this CPU */
	struct mevent continue_ev;	/* machine_continue_cpu() */
	struct mevent irq_work_ev;	/* delivers irq_works raised from elsewhere or with irqs off */
	u64 entered_at;			/* when the current kernel path began */
	u64 passes_at;			/* instant of the scheduling passes counted below */
	u32 nr_passes;
	bool charged;			/* the charge was logged */
	bool in_kernel;			/* own context is inside a path */
	bool exit_missed;		/* it left without kernel_exit() because of held_by */
	u64 seq[NR_RANKS];
};

struct machine {
	struct machine_config cfg;
	const struct machine_hooks *hooks;
	u32 nr_cpu_ids, mask_words;
	u64 tick_ns;
	struct mcpu *cpus;
	struct topology_cpu *topo;
	struct cpumask *possible_mask, *present_mask, *online_mask, *active_mask, *dying_mask;
	struct cpumask *smt_masks;	/* span arrays, one mask per core, LLC, node; see topology.h */
	struct cpumask *llc_masks, *node_masks;
	u32 nr_cores, nr_llcs, nr_nodes;
	int *distribute_prev;		/* per CPU cursor of cpumask_any_and_distribute() */

	struct evq_slot *heap;
	u32 nr_heap, heap_size;
	u32 nr_anytime;			/* events in the heap that may come at any instant */
	struct mevent time_goes_on;	/* explored mode: the alternative to these when nothing else is left to do */
	struct list_head due;		/* struct mevent armed for the present instant, in order */
	u32 nr_foreground;		/* pending events that are not background */
	u64 now_order;			/* order of the event last taken at the present instant */
	struct list_head raised_cpus;
	struct choice *choices;		/* explored mode: scratch */
	u32 nr_choices_max;
	struct choice forced;		/* explored mode: what the chooser wants next */
	bool has_forced;
	bool aborted;
	char deadlock[1024];

	struct ctx *current;
	struct list_head ready;		/* struct ctx, to be resumed or started, oldest first */
	struct list_head waiters;	/* struct ctx, suspended in await or on a lock */
	struct list_head sleepers;	/* struct ctx whose task sleeps in a primitive of sleep.h */
	struct list_head inside;	/* struct ctx inside a path, oldest first: grace periods */
	u64 path_seq;
	struct list_head rcu_cbs;
	struct context_pool *contexts;
	struct chooser *chooser;
	bool stop;			/* leave the run loop at the next step */
	bool ending;			/* ... before time goes on */
	int result;			/* 0 or enum scxtwin_errcode of the stop */
	u64 nr_steps;
	u64 until;			/* do not go beyond this time */
	struct mask_intern *masks;
	/* Told of raw spin locks of these classes that their owner is about to release. Must change nothing. */
	void (*unlocking)(const struct raw_spinlock *lock);
	u32 unlocking_classes;		/* a bit for each */
};

/* Lays out the machine in this_sim's arena. */
int machine_init(const struct machine_config *cfg, const struct machine_hooks *hooks,
		 struct scxtwin_error *err);
void machine_destroy(void);

enum machine_end {
	MACHINE_END_TIME,	/* reached until */
	MACHINE_END_IDLE,	/* nothing pending any more */
	MACHINE_END_STOPPED,	/* machine_stop() */
	MACHINE_END_DEADLOCK,	/* see machine_deadlock_text() */
	MACHINE_END_STEPS,	/* step limit of explored mode */
};

/* Runs until simulated time until, or an earlier end. Can be called again to go on. */
enum machine_end machine_run(u64 until);
/* Ask the loop to return after the present path; the first result is kept. */
void machine_stop(int result);
const char *machine_deadlock_text(void);
/*
 * Leave the simulation at once from inside any path (policy crash, BUG). The
 * simulation can be inspected and destroyed afterwards, not run.
 */
void machine_abort(int result) __attribute__((noreturn));
bool machine_running(void);

static inline struct machine *machine(void)
{
	return this_sim->machine;
}

static inline struct mcpu *mcpu(int cpu)
{
	return &this_sim->machine->cpus[cpu];
}

static inline u64 machine_now(void)
{
	return this_sim->now;
}

/* Counts a scheduling pass of cpu and charges time if too many fell on one instant. */
void machine_count_pass(int cpu);

/* Spend the cost of a named point: the calling context is suspended until now + cost. */
void __machine_spend(u64 ns);
static inline void machine_spend(enum cost_id id)
{
	const u64 ns = this_sim->machine->cfg.cost_ns[id];

	if (unlikely(ns))
		__machine_spend(ns);
}

/* Have the loop run cpu's own context through hooks->kernel_exit(), as soon as the CPU is free. */
void machine_continue_cpu(int cpu);

/* Whether an event of this rank and CPU at the present instant is still to come. */
bool machine_still_to_come(enum mrank rank, int cpu);

/* First tick instant of cpu at or after time. */
u64 machine_tick_at_or_after(int cpu, u64 time);

/* jiffies of an instant, for kernel code that counts in them */
static inline u64 ns_to_jiffies(u64 ns)
{
	return ns / this_sim->machine->tick_ns;
}

static inline u64 jiffies(void)
{
	return ns_to_jiffies(this_sim->now);
}

#endif /* MACHINE_MACHINE_H */
