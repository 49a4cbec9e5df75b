/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 C in every order: a change of p by CPU 0 (d) against a dispatch into
 * a local DSQ. p is of the rq of CPU 1 (src), x is CPU 2 unless it is src itself.
 */
#include <stdio.h>

#include "support/orders.h"
#include "support/race_orders.h"

#define SLICE_BEFORE (3 * MS)

static struct task_struct *p;

static void dispatch(int x, u64 dsq)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	p->scx.slice = SLICE_BEFORE;
	race_will_insert(x, p, dsq);
}

static void to_own_local(void)
{
	dispatch(RACE_X, SCX_DSQ_LOCAL);
}

static void to_third_cpu(void)
{
	dispatch(RACE_X, SCX_DSQ_LOCAL_ON | RACE_Y);
}

static void to_source(void)
{
	dispatch(RACE_X, SCX_DSQ_LOCAL_ON | RACE_SRC);
}

static void from_source(void)
{
	dispatch(RACE_SRC, SCX_DSQ_LOCAL_ON | RACE_Y);
}

static void on_source(void)
{
	dispatch(RACE_SRC, SCX_DSQ_LOCAL);
}

static void change_and_dispatch(void)
{
	race_go(RACE_X);
	race_change(p);
}

static void change_and_dispatch_on_source(void)
{
	race_go(RACE_SRC);
	race_change(p);
}

static void two_dispatchers(void)
{
	dispatch(RACE_X, SCX_DSQ_LOCAL);
	race_will_insert(RACE_Y, p, SCX_DSQ_LOCAL);
}

static void change_and_two_dispatches(void)
{
	race_go(RACE_X);
	race_go(RACE_Y);
	race_change(p);
}

/* The custody that a change by d ends, or the insert of x does: one of them. */
static const char *dispatcher_outcome(int x)
{
	const bool delivered = race_told(p)[0] == '0' + x;

	race_check(p);
	if (race_dispatched(x, p) && !delivered && !watch_transitions(p, WATCH_T6))
		PROVES("RACE-24 RACE-25 OPSS-34 OPSS-41 OPSS-42", p->scx.slice == SLICE_BEFORE && !p->scx.dsq &&
		       lab_word(p) == (2ULL << 2 | SCX_OPSS_QUEUED) && race_dequeue.holding_cpu == x);
	if (delivered)
		PROVES("RACE-26 RACE-27", race_dequeue.nr == 1 && !race_dequeue.flags && race_dequeue.sticky_cpu == -1);
	if (!race_dispatched(x, p) && x != RACE_SRC)
		PROVES("RACE-18 OPSS-41 OPSS-42", p->scx.slice == SLICE_BEFORE && race_dequeue.nr == 1);
	return race_story(x, p);
}

static const char *outcome(void)
{
	return dispatcher_outcome(RACE_X);
}

static const char *source_outcome(void)
{
	race_check(p);
	PROVES("RACE-31 RACE-11", !orders_count(.cpu = RACE_SRC, .label = "wait_ops_state"));
	return race_ends(p);
}

static const char *own_local_outcome(void)
{
	PROVES("RACE-32", !orders_count(AT_HOLDING(RACE_SRC, p, YIELD_WRITE)));
	PROVES("RACE-32", !orders_count(.cpu = RACE_OUT, .label = "wait_ops_state"));
	return source_outcome();
}

/* x has let p go, and finds in holding_cpu that y has taken it meanwhile. */
static bool holding_cpu_is_used_again(void)
{
	u32 nr, i;
	const struct orders_step *s = orders_steps(&nr);

	for (i = 0; i < nr; i++)
		if (lab_point_is(&(struct lab_point){ AT_HOLDING(RACE_X, p, YIELD_READ) }, &s[i].choice) &&
		    s[i].word == RACE_Y && !s[i].choice.event)
			return true;
	return false;
}

static const char *two_outcome(void)
{
	static char text[96];

	race_check(p);
	PROVES("RACE-28 OPSS-35", lab_runs(p) || lab_word(p) == ((u64)p->scx.ops_qseq << 2 | SCX_OPSS_QUEUED));
	snprintf(text, sizeof(text), "%s%s", holding_cpu_is_used_again() ? "28 " : "", race_ends(p));
	return text;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "change, dispatch to the own local DSQ",
		  .rules = "RACE-18 RACE-19 RACE-22 RACE-24 RACE-25 RACE-26 RACE-27",
		  .setup = to_own_local, .go = change_and_dispatch, .outcome = outcome, .expect = "x 01 dispatched, d claims, told by 02, runs on 2 | "
			    "x 02 dispatched, d claims, told by 02, runs on 2 | "
			    "x 06 dropped, d claims, told by 0, in custody | "
			    "x 08 dropped, d claims, told by 0, in custody | "
			    "x 09 dropped, d claims, told by 0, in custody | "
			    "x 14 dropped, d claims, told by 0, in custody | "
			    "x 18 dropped, d claims, told by 0, in custody | "
			    "x 19 dropped, d claims, told by 0, in custody | "
			    "x dispatched, d 20 waits, told by 0, in custody | "
			    "x dispatched, d 22 loses claim, told by 0, in custody | "
			    "x dispatched, d claims, told by 02, runs on 2 | "
			    "x dispatched, d finds NONE, told by 0, in custody | "
			    "x dispatched, d finds NONE, told by 2, runs on 2" },
		{ .name = "change, dispatch to a third CPU", .rules = "RACE-24 RACE-25 RACE-26 RACE-27",
		  .setup = to_third_cpu, .go = change_and_dispatch, .outcome = outcome, .expect = "x 01 dispatched, d claims, told by 02, runs on 3 | "
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
			    "x dispatched, d finds NONE, told by 2, runs on 3" },
		{ .name = "change, dispatch to the source", .rules = "RACE-24 RACE-25 RACE-30",
		  .setup = to_source, .go = change_and_dispatch, .outcome = outcome, .expect = "x 01 dispatched, d claims, told by 02, runs on 1 | "
			    "x 02 dispatched, d claims, told by 02, runs on 1 | "
			    "x 06 dropped, d claims, told by 0, in custody | "
			    "x 08 dropped, d claims, told by 0, in custody | "
			    "x 09 dropped, d claims, told by 0, in custody | "
			    "x 14 dropped, d claims, told by 0, in custody | "
			    "x 18 dropped, d claims, told by 0, in custody | "
			    "x 19 dropped, d claims, told by 0, in custody | "
			    "x dispatched, d 20 waits, told by 0, in custody | "
			    "x dispatched, d 22 loses claim, told by 0, in custody | "
			    "x dispatched, d claims, told by 02, runs on 1 | "
			    "x dispatched, d finds NONE, told by 0, in custody | "
			    "x dispatched, d finds NONE, told by 2, in custody | "
			    "x dispatched, d finds NONE, told by 2, runs on 1" },
		{ .name = "change, dispatch from the source", .rules = "RACE-11 RACE-31",
		  .setup = from_source, .go = change_and_dispatch_on_source, .outcome = source_outcome, .expect = "told by 01, runs on 3 | told by 1, in custody | told by 1, runs on 3" },
		{ .name = "change, dispatch on the source", .rules = "RACE-11 RACE-32",
		  .setup = on_source, .go = change_and_dispatch_on_source, .outcome = own_local_outcome, .expect = "told by 01, runs on 1 | told by 1, runs on 1" },
		{ .name = "change, two dispatches to own local DSQs", .rules = "RACE-28",
		  .setup = two_dispatchers, .go = change_and_two_dispatches, .outcome = two_outcome, .expect = "28 told by 03, runs on 3 | told by 0, in custody | told by 02, runs on 2 | "
			    "told by 03, runs on 3 | told by 2, runs on 2 | told by 3, runs on 3" },
	};

	return orders_main(all);
}
