/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contended raw spin locks. Outside explored mode a lock is handed to the
 * waiter that arrived first (ties: lower CPU); in explored mode all waiters
 * become enabled and the chooser decides who takes it.
 */
#include "machine/lock.h"

#include "machine/contexts.h"

void raw_spin_lock_init(raw_spinlock_t *lock, enum lock_class class, u16 id, const char *name)
{
	BUG_ON(class == LOCK_CLASS_NONE);
	BUG_ON(class >= NR_LOCK_CLASSES);
	BUG_ON(!name);
	*lock = (raw_spinlock_t){ .class = (u8)class, .id = id, .name = name };
}

static bool arrived_before(const struct ctx *a, const struct ctx *b)
{
	return a->arrived_at != b->arrived_at ? a->arrived_at < b->arrived_at : a->cpu < b->cpu;
}

void __raw_spin_lock_slow(raw_spinlock_t *lock)
{
	struct ctx *ctx = current_ctx();

	if (lock->owner == ctx)
		BUG_FMT("%s %u is taken twice by CPU %u", lock->name, lock->id, ctx->cpu);
	assert_lock_order(lock, ctx);
	if (deadlock_find_cycle(ctx, lock))
		machine_abort(SCXTWIN_EINTERNAL);
	BUG_ON(ctx->wants);
	ctx->wants = lock;
	ctx->arrived_at = this_sim->now;
	lock->nr_waiters++;
	do {
		ctx_suspend(lock, lock->name);
	} while (lock->owner && lock->owner != ctx);
	BUG_ON(!lock->nr_waiters);
	lock->nr_waiters--;
	ctx->wants = NULL;
	lock->owner = ctx;
	machine_spend(COST_lock_handover);
}

void __raw_spin_unlock_slow(raw_spinlock_t *lock)
{
	struct ctx *ctx, *n, *first = NULL;

	list_for_each_entry_safe(ctx, n, &machine()->waiters, node) {
		if (ctx->wants != lock)
			continue;
		if (machine()->cfg.mode == RUN_EXPLORED)
			ctx_wake(ctx);
		else if (!first || arrived_before(ctx, first))
			first = ctx;
	}
	if (first) {
		BUG_ON(lock->owner);
		BUG_ON(first == current_ctx());
		lock->owner = first;
		first->wants = NULL; /* it waits for nobody any more */
		ctx_wake(first);
	}
}
