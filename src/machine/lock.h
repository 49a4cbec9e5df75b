/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Raw spin locks. A contended lock goes to the waiter that came first (by
 * arrival, then CPU) in timed and costed mode; in explored mode who gets it is
 * a choice. A cycle of owners and waiters is reported as a deadlock at once.
 * Order: a context may take a lock only if its class is above those it holds,
 * or the same class in the way the class allows (checked always).
 */
#ifndef MACHINE_LOCK_H
#define MACHINE_LOCK_H

#include "machine/yield.h"

/* Lock classes in nesting order, outermost first. */
enum lock_class {
	LOCK_CLASS_NONE,
	LOCK_CLASS_PI,		/* p->pi_lock */
	LOCK_CLASS_RQ,		/* rq lock; two at a time in CPU order */
	LOCK_CLASS_DSQ,		/* dsq->lock; second one only with SCX_ENQ_NESTED */
	LOCK_CLASS_BYPASS,	/* bypass bookkeeping, outside rq: see nesting note in lock.c */
	LOCK_CLASS_TASKS,	/* scx_tasks_lock */
	LOCK_CLASS_DEFERRED,	/* rq->scx.deferred_reenq_lock */
	LOCK_CLASS_LEAF,	/* anything that takes nothing inside */
	NR_LOCK_CLASSES
};

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

static inline void raw_spin_lock(raw_spinlock_t *lock)
{
	yield_point(lock, YIELD_LOCK, lock->name);
	if (unlikely(lock->owner))
		__raw_spin_lock_slow(lock);
	else
		lock->owner = current_ctx();
}

static inline bool raw_spin_trylock(raw_spinlock_t *lock)
{
	yield_point(lock, YIELD_TRYLOCK, lock->name);
	if (lock->owner)
		return false;
	lock->owner = current_ctx();
	return true;
}

static inline void raw_spin_unlock(raw_spinlock_t *lock)
{
	BUG_ON(lock->owner != current_ctx());
	yield_point(lock, YIELD_UNLOCK, lock->name);
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
