/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 C in every order: a change of p by CPU 0 (d) against a dispatch by
 * CPU 2 (x) into a DSQ that needs no dance. p is of the rq of CPU 1.
 */
#include "support/orders.h"
#include "support/race.h"
#include "support/race_name.h"

#define ORDERS_OF_BOTH									\
	"01 dispatched after d: inserted while queueing | 02 dispatched after d: flushed while queueing | "	\
	"06 dropped: no brand | 06 dropped: no brand, after a wait | 08 dropped: stale brand | "		\
	"09 dropped: stale brand, after a wait | 14 dropped: claim failed on the next brand | "		\
	"18 dropped: NONE | 19 dropped: claim failed | 20 21 dispatched: d waited | "			\
	"22 dispatched: d's claim failed | dispatched before d came | dispatched after d"

static struct task_struct *p;

static void dispatch_to(u64 dsq)
{
	race_start(.cpus = 3);
	p = race_queued("p", RACE_SRC);
	race_will_insert(RACE_X, p, dsq);
}

static void to_user(void)
{
	dispatch_to(SAY_DSQ);
}

static void to_global(void)
{
	dispatch_to(SCX_DSQ_GLOBAL);
}

static void change_and_dispatch(void)
{
	race_go(RACE_X);
	race_change(p);
}

static void one_callback_per_custody(void)
{
	const bool in_custody = p->scx.flags & SCX_TASK_IN_CUSTODY;

	PROVES("OPSS-40 CUST-14", watch_left(p) == race_dequeue.nr && watch_entered(p) == watch_left(p) + in_custody);
	PROVES("OPSS-09", watch_entered(p) == p->scx.ops_qseq);
	PROVES("OPSS-34", p->scx.holding_cpu == -1 && p->scx.sticky_cpu == -1);
}

/* x has no effect at all. */
static void dropped(void)
{
	PROVES("OPSS-42 OPSS-14", lab_word(p) == (2ULL << 2 | SCX_OPSS_QUEUED) && !p->scx.dsq);
	PROVES("OPSS-41", p->scx.slice != RACE_SLICE);
	PROVES("OPSS-40", race_dequeue.nr == 1 && race_dequeue.cpu == RACE_OUT && race_dequeue.flags == 0x20000000a);
}

static const char *user_outcome(void)
{
	const char *name = race_name(p);

	one_callback_per_custody();
	if (!watch_transitions(p, WATCH_T5)) {
		dropped();
	} else if (watch_transitions(p, WATCH_T6)) {
		PROVES("OPSS-23 OPSS-24", p->scx.dsq == lab_user_dsq(SAY_DSQ) && race_dequeue.nr == 1);
	} else {
		PROVES("RACE-20 CUST-22", race_dequeue.nr == 1 && race_dequeue.cpu == RACE_OUT);
		PROVES("RACE-20 CUST-34", race_dequeue.flags == 0x20000000a && race_dequeue.word == 0);
		PROVES("RACE-20", !p->scx.dsq && !lab_user_dsq(SAY_DSQ)->nr);
	}
	return name;
}

static const char *global_outcome(void)
{
	const char *name = race_name(p);

	one_callback_per_custody();
	if (!watch_transitions(p, WATCH_T5)) {
		dropped();
	} else if (watch_transitions(p, WATCH_T6)) {
		PROVES("OPSS-23 OPSS-24", lab_runs(p) && task_cpu(p) == RACE_X && race_dequeue.nr == 2);
	} else {
		PROVES("RACE-21 CUST-19", race_dequeue.nr == 1 && race_dequeue.cpu == RACE_X && !race_dequeue.flags);
		PROVES("RACE-21 CUST-31", race_dequeue.word == SCX_OPSS_DISPATCHING && race_dequeue.dsq == race_global());
	}
	PROVES("OPSS-40", !race_global()->nr);
	return name;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "change against dispatch to a user DSQ", .rules = "RACE-18 RACE-19 RACE-20 RACE-22",
		  .setup = to_user, .go = change_and_dispatch, .outcome = user_outcome, .expect = ORDERS_OF_BOTH },
		{ .name = "change against dispatch to the global DSQ", .rules = "RACE-18 RACE-19 RACE-21 RACE-22 RACE-23",
		  .setup = to_global, .go = change_and_dispatch, .outcome = global_outcome, .expect = ORDERS_OF_BOTH " | 23 dispatched: d saw custody clear" },
	};

	return orders_main(all);
}
