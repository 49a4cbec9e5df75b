/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 C in every order: a change of p by CPU 0 (d) against a dispatch by
 * CPU 2 (x) into a DSQ that needs no dance. p is of the rq of CPU 1.
 */
#include "support/orders.h"
#include "support/race_orders.h"

#define D_FLAGS 0x20000000a
#define WORD_QUEUED_2 (2ULL << 2 | SCX_OPSS_QUEUED)

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

static void x_had_no_effect(void)
{
	PROVES("OPSS-42 OPSS-14", lab_word(p) == WORD_QUEUED_2 && !p->scx.dsq && p->scx.ops_qseq == 2);
	PROVES("OPSS-41", p->scx.slice != RACE_SLICE);
	PROVES("RACE-08 RACE-18 RACE-19", race_dequeue.nr == 1 && race_dequeue.cpu == RACE_OUT &&
	       race_dequeue.flags == D_FLAGS);
	PROVES("CUST-29", lab_saw(p, "dequeue(0x20000000a)@0 quiescent(0x20000000a)@0 set_weight@0 runnable(0xa)@0 enqueue(0xa)@0"));
}

static const char *user_outcome(void)
{
	race_check(p);
	if (!race_dispatched(RACE_X, p)) {
		x_had_no_effect();
	} else if (watch_transitions(p, WATCH_T6)) {
		PROVES("OPSS-23 OPSS-24 RACE-02", p->scx.dsq == lab_user_dsq(SAY_DSQ) && race_dequeue.nr == 1);
	} else {
		PROVES("RACE-20 CUST-22", race_dequeue.nr == 1 && race_dequeue.cpu == RACE_OUT);
		PROVES("RACE-20 CUST-34", race_dequeue.flags == D_FLAGS && race_dequeue.word == 0);
		PROVES("RACE-20", lab_word(p) == WORD_QUEUED_2 && !lab_user_dsq(SAY_DSQ)->nr);
	}
	return race_story(RACE_X, p);
}

static const char *global_outcome(void)
{
	race_check(p);
	if (!race_dispatched(RACE_X, p)) {
		x_had_no_effect();
	} else if (watch_transitions(p, WATCH_T6)) {
		PROVES("OPSS-23 OPSS-24 RACE-02", task_cpu(p) == RACE_X && race_dequeue.nr == 2);
	} else {
		PROVES("RACE-21 CUST-19", race_dequeue.nr == 1 && race_dequeue.cpu == RACE_X && !race_dequeue.flags);
		PROVES("RACE-21 CUST-31", race_dequeue.word == SCX_OPSS_DISPATCHING && race_dequeue.dsq == race_global());
	}
	PROVES("RACE-21", !race_global()->nr);
	return race_story(RACE_X, p);
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "change, dispatch to a user DSQ",
		  .rules = "RACE-02 RACE-06 RACE-08 RACE-09 RACE-14 RACE-18 RACE-19 RACE-20 RACE-22",
		  .setup = to_user, .go = change_and_dispatch, .outcome = user_outcome,
		  .expect = "x 01 dispatched, d claims, told by 0, on user DSQ | "
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
		{ .name = "change, dispatch to the global DSQ",
		  .rules = "RACE-02 RACE-06 RACE-08 RACE-09 RACE-14 RACE-18 RACE-19 RACE-21 RACE-22 RACE-23 RACE-87",
		  .setup = to_global, .go = change_and_dispatch, .outcome = global_outcome,
		  .expect = "x 01 dispatched, d claims, told by 02, runs on 2 | "
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
			    "x dispatched, d finds NONE, told by 2, runs on 2" },
	};

	return orders_main(all);
}
