/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grace periods: a grace period has passed when every context that was inside
 * a path at its start has left the path or slept.
 */
#ifndef MACHINE_RCU_H
#define MACHINE_RCU_H

#include "machine/context.h"

struct rcu_head {
	struct list_head node;
	u64 stamp;
	void (*fn)(struct rcu_head *head);
};

/* fn(head) after a grace period, from the run loop, outside any context. */
void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head));
/* From a service or task context without locks. */
void synchronize_rcu(void);
/* Run loop only: runs what is due. */
void rcu_run_callbacks(void);

#endif /* MACHINE_RCU_H */
