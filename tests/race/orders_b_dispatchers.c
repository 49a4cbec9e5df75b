/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 B in every order: CPU 2 (x) and CPU 3 (y) dispatch the same p, which
 * is of the rq of CPU 1; CPU 0 (d) may change it.
 */
#include <stdio.h>

#include "support/orders.h"
#include "support/race_orders.h"

static struct task_struct *p, *q;

static void queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
}

static void both(u64 x_dsq, u64 y_dsq)
{
	queued();
	race_will_insert(RACE_X, p, x_dsq);
	race_will_insert(RACE_Y, p, y_dsq);
}

static void both_to_global(void)
{
	both(SCX_DSQ_GLOBAL, SCX_DSQ_GLOBAL);
}

static void to_two_user_dsqs(void)
{
	both(SAY_DSQ, SAY_OTHER_DSQ);
}

static void to_user_and_local(void)
{
	both(SAY_DSQ, SCX_DSQ_LOCAL);
}

static void twice(void)
{
	queued();
	race_will_insert(RACE_X, p, SAY_DSQ);
	race_will_insert(RACE_X, p, SAY_OTHER_DSQ);
}

static void on_user_dsq(void)
{
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	say.dsq = 0;
	race_will_insert(RACE_X, p, SCX_DSQ_LOCAL);
}

/* y delivers p to its own CPU, and CPU 1 delivers q there, which pushes p off. */
static void lap(void)
{
	race_start();
	q = race_task("q", RACE_SRC);
	p = race_queued("p", RACE_SRC);
	lab_wake(q);
	race_will_insert(RACE_X, p, SAY_DSQ);
	race_will_insert(RACE_Y, p, SCX_DSQ_LOCAL);
	race_will_insert_flags(RACE_SRC, q, SCX_DSQ_LOCAL_ON | RACE_Y, SCX_ENQ_PREEMPT);
}

static void two_dispatches(void)
{
	race_go(RACE_X);
	race_go(RACE_Y);
}

static void change_and_two_dispatches(void)
{
	two_dispatches();
	race_change(p);
}

static void change_and_dispatch(void)
{
	race_go(RACE_X);
	race_change(p);
}

static void two_dispatches_and_preemption(void)
{
	two_dispatches();
	race_go(RACE_SRC);
}

static const char *two_outcome(void)
{
	static char text[160];

	race_check(p);
	PROVES("RACE-12 RACE-13 OPSS-14", watch_transitions(p, WATCH_T5) == 1);
	PROVES("RACE-12 RACE-13", race_dispatched(RACE_X, p) != race_dispatched(RACE_Y, p));
	PROVES("OPSS-42 OPSS-39", (lab_word(p) & 3) == SCX_OPSS_NONE && (lab_runs(p) || p->scx.dsq));
	snprintf(text, sizeof(text), "x %s, y %s", race_insert(RACE_X, p), race_insert(RACE_Y, p));
	return text;
}

/* Each custody has been dispatched by one of them or ended by d. */
static const char *three_outcome(void)
{
	static char text[160];

	race_check(p);
	PROVES("RACE-07 RACE-14 OPSS-14", watch_transitions(p, WATCH_T5) + watch_transitions(p, WATCH_T6) <=
					      watch_entered(p));
	snprintf(text, sizeof(text), "x %s, %s", race_insert(RACE_X, p), race_place(p));
	return text;
}

static const char *twice_outcome(void)
{
	race_check(p);
	PROVES("RACE-15", watch_transitions(p, WATCH_T5) <= 1);
	return race_story(RACE_X, p);
}

static const char *moved_outcome(void)
{
	race_check(p);
	PROVES("RACE-16", race_dispatched(RACE_X, p) == lab_runs(p));
	return race_story(RACE_X, p);
}

static const char *lap_outcome(void)
{
	static char text[160];

	race_check(p);
	race_check(q);
	PROVES("RACE-17", watch_transitions(p, WATCH_T5) == watch_entered(p) || lab_word(p));
	snprintf(text, sizeof(text), "x %s, y %s, %s", race_insert(RACE_X, p), race_insert(RACE_Y, p), race_place(p));
	return text;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "two dispatches to the global DSQ", .rules = "RACE-12 RACE-13",
		  .setup = both_to_global, .go = two_dispatches, .outcome = two_outcome, .expect = "x 06 dropped, y dispatched | x 07 dropped, y dispatched | "
			    "x 12 dropped, y dispatched | x 13 dropped, y dispatched | "
			    "x 18 dropped, y dispatched | x 19 dropped, y dispatched | "
			    "x dispatched, y 06 dropped | x dispatched, y 07 dropped | "
			    "x dispatched, y 12 dropped | x dispatched, y 13 dropped | "
			    "x dispatched, y 18 dropped | x dispatched, y 19 dropped" },
		{ .name = "two dispatches to user DSQs", .rules = "RACE-12 RACE-13",
		  .setup = to_two_user_dsqs, .go = two_dispatches, .outcome = two_outcome, .expect = "x 06 dropped, y dispatched | x 07 dropped, y dispatched | "
			    "x 12 dropped, y dispatched | x 13 dropped, y dispatched | "
			    "x 18 dropped, y dispatched | x 19 dropped, y dispatched | "
			    "x dispatched, y 06 dropped | x dispatched, y 07 dropped | "
			    "x dispatched, y 12 dropped | x dispatched, y 13 dropped | "
			    "x dispatched, y 18 dropped | x dispatched, y 19 dropped" },
		{ .name = "change, dispatches to a user DSQ and to a local one", .rules = "RACE-07 RACE-14",
		  .setup = to_user_and_local, .go = change_and_two_dispatches, .outcome = three_outcome, .expect = "x 01 dispatched, on user DSQ | x 02 dispatched, on user DSQ | "
			    "x 03 dropped, runs on 3 | x 06 dropped, in custody | x 06 dropped, runs on 3 | "
			    "x 07 dropped, in custody | x 07 dropped, runs on 3 | x 08 dropped, in custody | "
			    "x 08 dropped, runs on 3 | x 09 dropped, in custody | x 09 dropped, runs on 3 | "
			    "x 12 dropped, in custody | x 12 dropped, runs on 3 | x 13 dropped, in custody | "
			    "x 13 dropped, runs on 3 | x 14 dropped, in custody | x 14 dropped, runs on 3 | "
			    "x 18 dropped, in custody | x 18 dropped, runs on 3 | x 19 dropped, in custody | "
			    "x 19 dropped, runs on 3 | x dispatched, in custody | x dispatched, on user DSQ | "
			    "x dispatched, runs on 3" },
		{ .name = "change, one dispatch with p twice", .rules = "RACE-15",
		  .setup = twice, .go = change_and_dispatch, .outcome = twice_outcome, .expect = "x 01 dispatched, d claims, told by 0, on user DSQ | "
			    "x 02 dispatched, d claims, told by 0, on user DSQ | "
			    "x 06 dropped, d claims, told by 0, in custody | "
			    "x 06 dropped, d claims, told by 0, on user DSQ | "
			    "x 08 dropped, d claims, told by 0, in custody | "
			    "x 08 dropped, d claims, told by 0, on user DSQ | "
			    "x 09 dropped, d claims, told by 0, in custody | "
			    "x 09 dropped, d claims, told by 0, on user DSQ | "
			    "x 14 dropped, d claims, told by 0, in custody | "
			    "x 18 dropped, d claims, told by 0, in custody | "
			    "x 19 dropped, d claims, told by 0, in custody | "
			    "x dispatched, d 20 waits, told by 0, in custody | "
			    "x dispatched, d 22 loses claim, told by 0, in custody | "
			    "x dispatched, d claims, told by 0, on user DSQ | "
			    "x dispatched, d finds NONE, told by 0, in custody" },
		{ .name = "change, dispatch of a task on a user DSQ", .rules = "RACE-16",
		  .setup = on_user_dsq, .go = change_and_dispatch, .outcome = moved_outcome, .expect = "x 01 dispatched, d finds NONE, told by 02, runs on 2 | "
			    "x 02 dispatched, d finds NONE, told by 02, runs on 2 | "
			    "x 06 dropped, d finds NONE, told by 0, in custody | "
			    "x dispatched, d finds NONE, told by 02, runs on 2" },
		{ .name = "two dispatches, p is pushed off", .rules = "RACE-17",
		  .setup = lap, .go = two_dispatches_and_preemption, .outcome = lap_outcome, .expect = "x 01 dispatched, y dispatched, on user DSQ | "
			    "x 02 dispatched, y dispatched, on user DSQ | "
			    "x 06 dropped, y dispatched, in custody | "
			    "x 06 dropped, y dispatched, on local DSQ 3 | "
			    "x 07 dropped, y dispatched, in custody | "
			    "x 07 dropped, y dispatched, on local DSQ 3 | "
			    "x 08 dropped, y dispatched, in custody | x 09 dropped, y dispatched, in custody | "
			    "x 12 dropped, y dispatched, in custody | "
			    "x 12 dropped, y dispatched, on local DSQ 3 | "
			    "x 13 dropped, y dispatched, in custody | "
			    "x 13 dropped, y dispatched, on local DSQ 3 | "
			    "x 14 dropped, y dispatched, in custody | x 18 dropped, y dispatched, in custody | "
			    "x 18 dropped, y dispatched, on local DSQ 3 | "
			    "x 19 dropped, y dispatched, in custody | "
			    "x 19 dropped, y dispatched, on local DSQ 3 | "
			    "x dispatched, y 06 dropped, on user DSQ | "
			    "x dispatched, y 07 dropped, on user DSQ | "
			    "x dispatched, y 12 dropped, on user DSQ | "
			    "x dispatched, y 13 dropped, on user DSQ | "
			    "x dispatched, y 18 dropped, on user DSQ | "
			    "x dispatched, y 19 dropped, on user DSQ | "
			    "x dispatched, y dispatched, on user DSQ | x dispatched, y nothing, on user DSQ" },
	};

	return orders_main(all);
}
