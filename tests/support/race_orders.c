/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/race_name.h"

#include "support/orders.h"

/* What the word was by d's doing when a step of x reached it. */
enum phase { QUEUED_1, NONE_BETWEEN, QUEUEING_2, QUEUED_2 };

static enum phase phase_at(struct task_struct *p, int when)
{
	const int t6 = watch_transitions(p, WATCH_T6) ? orders_when(AT_CLAIM(RACE_OUT, p)) : -1;
	const int t1 = orders_when(AT_STORE_WORD(RACE_OUT, p));
	const int t2 = orders_when(AT_STORE_WORD(RACE_OUT, p), .skip = 1);

	if (t2 >= 0 && when > t2)
		return QUEUED_2;
	if (t1 >= 0 && when > t1)
		return QUEUEING_2;
	return t6 >= 0 && when > t6 ? NONE_BETWEEN : QUEUED_1;
}

static bool x_waited(struct task_struct *p)
{
	return orders_count(.cpu = RACE_X, .label = "wait_ops_state", .obj = &p->scx.ops_state);
}

static const char *name_of_drop(struct task_struct *p, enum phase inserted)
{
	const int claim = orders_when(AT_CLAIM(RACE_X, p));
	const int f1 = orders_when(AT_READ_WORD(RACE_X, p), .skip = 1);

	if (inserted == NONE_BETWEEN)
		return x_waited(p) ? "06 dropped: no brand, after a wait" : "06 dropped: no brand";
	if (claim >= 0)
		return phase_at(p, claim) == QUEUED_2 ? "14 dropped: claim failed on the next brand" :
							"19 dropped: claim failed";
	if (x_waited(p))
		return "09 dropped: stale brand, after a wait";
	return phase_at(p, f1) == QUEUED_2 ? "08 dropped: stale brand" : "18 dropped: NONE";
}

static const char *name_of_dispatch(struct task_struct *p)
{
	const int wait = orders_when(.cpu = RACE_OUT, .label = "wait_ops_state", .obj = &p->scx.ops_state);
	const int q3 = orders_when(AT_READ_FLAGS(RACE_OUT, p));

	if (orders_count(AT_CLAIM(RACE_OUT, p)))
		return wait >= 0 ? "22 dispatched: d's claim failed" : "dispatched before d came";
	if (wait < 0)
		return "dispatched before d came";
	return q3 >= 0 && q3 < wait ? "23 dispatched: d saw custody clear" : "20 21 dispatched: d waited";
}

const char *race_name(struct task_struct *p)
{
	const enum phase inserted = phase_at(p, orders_when(AT_READ_WORD(RACE_X, p)));

	if (!watch_transitions(p, WATCH_T5))
		return name_of_drop(p, inserted);
	if (!watch_transitions(p, WATCH_T6))
		return name_of_dispatch(p);
	if (inserted == QUEUED_2)
		return "dispatched after d";
	return x_waited(p) ? "02 dispatched after d: flushed while queueing" : "01 dispatched after d: inserted while queueing";
}
