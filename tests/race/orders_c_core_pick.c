/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 C, RACE-33 to RACE-36 in every order: a pick of core scheduling by
 * CPU 0 (d) against a dispatch by CPU 2 (x). p is of the rq of CPU 1.
 */
#include "support/orders.h"
#include "support/race_orders.h"

static struct task_struct *p;

static void dispatch_to(u64 dsq)
{
	race_start();
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

static void to_third_cpu(void)
{
	dispatch_to(SCX_DSQ_LOCAL_ON | RACE_Y);
}

static void pick_and_dispatch(void)
{
	race_go(RACE_X);
	race_core_pick(p);
}

/* The one who ends the first custody tells the policy, with the flag of the pick if it is the pick. */
static const char *outcome(void)
{
	const bool by_pick = race_dequeue.cpu == RACE_OUT;

	race_check(p);
	PROVES("RACE-33 RACE-34 RACE-35 RACE-36 CUST-35",
	       race_dequeue.flags == (by_pick ? SCX_DEQ_CORE_SCHED_EXEC : 0));
	if (!race_dispatched(RACE_X, p))
		PROVES("RACE-33 OPSS-42", by_pick && race_dequeue.nr == 1 && lab_word(p) == (2ULL << 2 | SCX_OPSS_QUEUED));
	return race_story(RACE_X, p);
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "core pick, dispatch to a user DSQ", .rules = "RACE-33 RACE-34",
		  .setup = to_user, .go = pick_and_dispatch, .outcome = outcome, .expect = "x 01 dispatched, d claims, told by 0, on user DSQ | "
			    "x 02 dispatched, d claims, told by 0, on user DSQ | "
			    "x 06 dropped, d claims, told by 0, in custody | "
			    "x 08 dropped, d claims, told by 0, in custody | "
			    "x 09 dropped, d claims, told by 0, in custody | "
			    "x 14 dropped, d claims, told by 0, in custody | "
			    "x 18 dropped, d claims, told by 0, in custody | "
			    "x 19 dropped, d claims, told by 0, in custody | "
			    "x dispatched, d 20 waits, told by 0, in custody | "
			    "x dispatched, d 22 loses claim, told by 0, in custody | "
			    "x dispatched, d claims, told by 0, on user DSQ | "
			    "x dispatched, d finds NONE, told by 0, in custody" },
		{ .name = "core pick, dispatch to the global DSQ", .rules = "RACE-33 RACE-35",
		  .setup = to_global, .go = pick_and_dispatch, .outcome = outcome, .expect = "x 01 dispatched, d claims, told by 02, runs on 2 | "
			    "x 02 dispatched, d claims, told by 02, runs on 2 | "
			    "x 06 dropped, d claims, told by 0, in custody | "
			    "x 08 dropped, d claims, told by 0, in custody | "
			    "x 09 dropped, d claims, told by 0, in custody | "
			    "x 14 dropped, d claims, told by 0, in custody | "
			    "x 18 dropped, d claims, told by 0, in custody | "
			    "x 19 dropped, d claims, told by 0, in custody | "
			    "x dispatched, d 20 waits, told by 2, in custody | "
			    "x dispatched, d 22 loses claim, told by 2, in custody | "
			    "x dispatched, d 23 waits, told by 2, in custody | "
			    "x dispatched, d claims, told by 02, runs on 2 | "
			    "x dispatched, d finds NONE, told by 2, in custody | "
			    "x dispatched, d nothing, told by 2, runs on 2" },
		{ .name = "core pick, dispatch to a third CPU", .rules = "RACE-33 RACE-36",
		  .setup = to_third_cpu, .go = pick_and_dispatch, .outcome = outcome, .expect = "x 01 dispatched, d claims, told by 02, runs on 3 | "
			    "x 02 dispatched, d claims, told by 02, runs on 3 | "
			    "x 06 dropped, d claims, told by 0, in custody | "
			    "x 08 dropped, d claims, told by 0, in custody | "
			    "x 09 dropped, d claims, told by 0, in custody | "
			    "x 14 dropped, d claims, told by 0, in custody | "
			    "x 18 dropped, d claims, told by 0, in custody | "
			    "x 19 dropped, d claims, told by 0, in custody | "
			    "x dispatched, d 20 waits, told by 0, in custody | "
			    "x dispatched, d 22 loses claim, told by 0, in custody | "
			    "x dispatched, d claims, told by 02, runs on 3 | "
			    "x dispatched, d finds NONE, told by 0, in custody | "
			    "x dispatched, d finds NONE, told by 2, in custody | "
			    "x dispatched, d nothing, told by 2, runs on 3" },
	};

	return orders_main(all);
}
