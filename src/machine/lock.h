/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raw spin locks. A contended lock goes to the waiter that came first (by
 * arrival, then CPU) in timed and costed mode; in explored mode who gets it is
 * a choice. A cycle of owners and waiters is reported as a deadlock at once.
 * Order, checked at every lock: a context may wait only for a lock whose class
 * comes after those of all it holds; a second one of the same class is allowed
 * for rqs (in CPU order, or tried for) and DSQs (SCX_ENQ_NESTED).
 */
#ifndef MACHINE_LOCK_H
#define MACHINE_LOCK_H

#include "machine/yield.h"

/* Lock classes in nesting order, outermost first. */
enum lock_class {
	LOCK_CLASS_NONE,
	LOCK_CLASS_BYPASS,	/* scx_bypass_lock: rq locks are taken inside */
	LOCK_CLASS_PI,		/* p->pi_lock */
	LOCK_CLASS_RQ,		/* rq lock */
	LOCK_CLASS_DSQ,		/* dsq->lock */
	LOCK_CLASS_TASKS,	/* scx_tasks_lock: walks drop it before they lock a task's rq */
	LOCK_CLASS_DEFERRED,	/* rq->scx.deferred_reenq_lock */
	LOCK_CLASS_LEAF,	/* anything that takes nothing inside */
	NR_LOCK_CLASSES
};

_Static_assert(NR_LOCK_CLASSES <= 8, "a byte of ctx->held for each");

typedef struct raw_spinlock {
	struct ctx *owner;
	u8 class;
	u16 id;			/* CPU number or 0, for order and reports */
	u32 nr_waiters;
	const char *name;
} raw_spinlock_t;

void raw_spin_lock_init(raw_spinlock_t *lock, enum lock_class class, u16 id, const char *name);
void __raw_spin_lock_slow(raw_spinlock_t *lock);
void __raw_spin_unlock_slow(raw_spinlock_t *lock);

/* Locks held, a byte of ctx->held per class: how many. */
#define LOCK_HELD_ONE(class) (1ULL << 8 * (class))

static inline void lock_taken(raw_spinlock_t *lock, struct ctx *ctx)
{
	lock->owner = ctx;
	ctx->held += LOCK_HELD_ONE(lock->class);
}

static inline void assert_lock_order(const raw_spinlock_t *lock, const struct ctx *ctx)
{
	const bool nests = lock->class == LOCK_CLASS_RQ || lock->class == LOCK_CLASS_DSQ;

	BUG_ON(ctx->held >> 8 * lock->class >= (nests ? 1U << 8 : 1U));
}

static inline void raw_spin_lock(raw_spinlock_t *lock)
{
	struct ctx *ctx;

	yield_point(lock, YIELD_LOCK, lock->name);
	ctx = current_ctx();
	if (unlikely(lock->owner))
		__raw_spin_lock_slow(lock);
	else
		assert_lock_order(lock, ctx);
	lock_taken(lock, ctx);
}

static inline bool raw_spin_trylock(raw_spinlock_t *lock)
{
	yield_point(lock, YIELD_TRYLOCK, lock->name);
	if (lock->owner)
		return false;
	lock_taken(lock, current_ctx());
	return true;
}

static inline void raw_spin_unlock(raw_spinlock_t *lock)
{
	BUG_ON(lock->owner != current_ctx());
	yield_point(lock, YIELD_UNLOCK, lock->name);
	if (machine()->unlocking_classes >> lock->class & 1)
		machine()->unlocking(lock);
	lock->owner->held -= LOCK_HELD_ONE(lock->class);
	lock->owner = NULL;
	if (unlikely(lock->nr_waiters))
		__raw_spin_unlock_slow(lock);
}

static inline bool raw_spin_is_held(const raw_spinlock_t *lock)
{
	return lock->owner == current_ctx();
}

#define lockdep_assert_held(lock) BUG_ON(!raw_spin_is_held(lock))

static inline void raw_spin_lock_irq(raw_spinlock_t *lock)
{
	local_irq_disable();
	raw_spin_lock(lock);
}

static inline void raw_spin_unlock_irq(raw_spinlock_t *lock)
{
	raw_spin_unlock(lock);
	local_irq_enable();
}

#define raw_spin_lock_irqsave(lock, flags)						\
	do { (flags) = local_irq_save(); raw_spin_lock(lock); } while (0)
#define raw_spin_unlock_irqrestore(lock, flags)						\
	do { raw_spin_unlock(lock); local_irq_restore(flags); } while (0)

#endif /* MACHINE_LOCK_H */
