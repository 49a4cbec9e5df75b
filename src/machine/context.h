/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contexts: threads of kernel control.
 *
 * A CPU's own context runs interrupts and schedule(). A task inside a call that
 * may sleep borrows one until the call ends. Kernel workers (loader, disable
 * helper, watchdog) are service contexts with a home CPU.
 *
 * A path starts as a plain call on the run loop's stack. If it must wait, that
 * stack becomes the suspended context and the loop goes on on another stack
 * from the pool; so only a true wait costs a stack switch.
 */
#ifndef MACHINE_CONTEXT_H
#define MACHINE_CONTEXT_H

#include "machine/machine.h"

enum ctx_kind { CTX_CPU, CTX_TASK, CTX_SERVICE };

enum ctx_state {
	CTX_FREE,	/* not inside a path */
	CTX_READY,	/* on the ready list: to be started or resumed */
	CTX_RUNNING,
	CTX_WAITING,	/* in await, on a lock, or for an instant */
};

struct stack;

struct ctx {
	enum ctx_kind kind;
	enum ctx_state state;
	u16 cpu;			/* executing CPU, home CPU of a service */
	u32 id;				/* small, stable; CPU n's own context has id n */
	const char *name;

	bool irqs_off;
	u32 preempt_count;
	u32 hardirq_count;
	struct task_struct *task;	/* subject of a CTX_TASK */

	/* suspension */
	struct stack *stack;		/* NULL while running or free */
	void (*fn)(void *arg);		/* path to start, NULL once started */
	void *arg;
	struct list_head node;		/* ready or waiters list */
	const void *wait_obj;
	const char *wait_label;
	struct mevent wake_ev;
	struct raw_spinlock *wants;	/* lock it queues for */
	u64 held;			/* locks held, a byte per class: lock.h */
	u64 arrived_at;			/* when it began to queue for the lock */
	struct list_head sleep_node;	/* machine->sleepers while its task sleeps in a primitive */
	const void *sleep_obj;

	/* pending step as the chooser sees it */
	const void *step_obj;
	u8 step_kind;
	const char *step_label;

	struct list_head inside_node;	/* machine->inside while inside a path */
	u64 path_stamp;

	/* per-context state of the rooms above, zero when a path starts */
	u64 ext_area[20];		/* src/ext: locked rq, running callback, subject tasks */
};

static inline struct ctx *current_ctx(void)
{
	return this_sim->machine->current;
}

static inline int smp_processor_id(void)
{
	return this_sim->machine->current->cpu;
}

/* Start a service on cpu: fn(arg) runs as a path of its own as soon as the loop gets to it. */
struct ctx *ctx_spawn_service(int cpu, const char *name, void (*fn)(void *arg), void *arg);
/* Start a call of task p that may sleep; p must be the current task of cpu. */
struct ctx *ctx_spawn_task(int cpu, struct task_struct *p, const char *name,
			   void (*fn)(void *arg), void *arg);
/* The task of a suspended task context moved to another CPU. */
void ctx_set_cpu(struct ctx *ctx, int cpu);

/* Suspend the calling context until ctx_wake(); the caller re-tests its condition. */
void ctx_suspend(const void *obj, const char *label);
void ctx_wake(struct ctx *ctx);
/* Suspend the calling context until an instant. Interrupts are taken meanwhile if on. */
void ctx_sleep_until(u64 time);

/* interrupts and preemption of the calling context, under the kernel's names */
static inline bool irqs_disabled(void)
{
	return current_ctx()->irqs_off;
}

static inline bool in_hardirq(void)
{
	return current_ctx()->hardirq_count;
}

static inline void local_irq_disable(void)
{
	current_ctx()->irqs_off = true;
}

void __local_irq_enabled(struct ctx *ctx);
void __yield_irq_enable(struct ctx *ctx);
extern __thread bool yield_armed;

/* Delivers what was raised meanwhile, in rank order, as nested calls. */
static inline void local_irq_enable(void)
{
	struct ctx *ctx = current_ctx();

	ctx->irqs_off = false;
	if (unlikely(yield_armed))
		__yield_irq_enable(ctx);
	if (unlikely(!list_empty(&mcpu(ctx->cpu)->raised)))
		__local_irq_enabled(ctx);
}

static inline u64 local_irq_save(void)
{
	struct ctx *ctx = current_ctx();
	const u64 flags = ctx->irqs_off;

	ctx->irqs_off = true;
	return flags;
}

static inline void local_irq_restore(u64 flags)
{
	if (!flags)
		local_irq_enable();
}

static inline void preempt_disable(void)
{
	current_ctx()->preempt_count++;
}

void __preempt_enabled(struct ctx *ctx);

/* Makes up for the way out of the kernel that an interrupt did not take meanwhile. */
static inline void preempt_enable(void)
{
	struct ctx *ctx = current_ctx();

	BUG_ON(!ctx->preempt_count);
	if (!--ctx->preempt_count && unlikely(mcpu(ctx->cpu)->exit_missed))
		__preempt_enabled(ctx);
}

#endif /* MACHINE_CONTEXT_H */
