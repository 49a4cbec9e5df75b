/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What may be held when. The order of locks is asserted at each lock
 * (machine/lock.h); these rules are about what else is going on.
 */
#ifndef CHECK_LOCKS_H
#define CHECK_LOCKS_H

#include "check/internal.h"

/*
 * OPSS-43: a CPU that has made words DISPATCHING asks for no rq lock. To ask for
 * one it would first give up the one it holds, or later give up the second one.
 */
static inline void check_locks_at_unlock(const struct check *check)
{
	if (unlikely(check->nr_claims))
		CHECK("OPSS-43", NULL, !check->cpus[smp_processor_id()].nr_claims);
}

/* CUST-33: the policy may lock DSQs itself. */
static inline void check_locks_at_callback(void)
{
	CHECK("CUST-33 CUST-36", NULL, !holds_any(LOCK_CLASS_DSQ));
}

#endif /* CHECK_LOCKS_H */
