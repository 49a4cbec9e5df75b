/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 A in every order: p wakes up on CPU 1 (e), and CPU 2 (x) dispatches
 * it whether it was handed over already or not.
 */
#include <stdio.h>

#include "support/orders.h"
#include "support/race_orders.h"

static struct task_struct *p;

/* ops.enqueue() inserts into "direct" itself, 0: not; x into dsq. */
static void asleep(u64 direct, int x, u64 dsq)
{
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = direct;
	race_will_insert(x, p, dsq);
}

static void kept(void)
{
	asleep(0, RACE_X, SCX_DSQ_GLOBAL);
}

static void kept_to_user(void)
{
	asleep(0, RACE_X, SAY_DSQ);
}

static void brand_wraps(void)
{
	asleep(0, RACE_X, SAY_DSQ);
	p->scx.ops_qseq = 0xffffffff;
}

static void to_global(void)
{
	asleep(SCX_DSQ_GLOBAL, RACE_X, SAY_DSQ);
}

static void to_user(void)
{
	asleep(SAY_DSQ, RACE_X, SAY_OTHER_DSQ);
}

static void to_remote_local(void)
{
	asleep(SCX_DSQ_LOCAL_ON | RACE_Y, RACE_X, SAY_DSQ);
}

static void flushed_by_the_enqueuer(void)
{
	asleep(0, RACE_SRC, SAY_DSQ);
}

static void wake_and_dispatch(void)
{
	race_go(RACE_X);
	lab_wake(p);
}

static void wake_and_dispatch_there(void)
{
	race_go(RACE_SRC);
	lab_wake(p);
}

static const char *outcome(void)
{
	static char text[120];

	race_check(p);
	if (!race_dispatched(RACE_X, p)) {
		PROVES("RACE-06 OPSS-22", (lab_word(p) & 3) == SCX_OPSS_QUEUED && !race_dequeue.nr);
		PROVES("RACE-06 OPSS-41 OPSS-42", p->scx.slice != RACE_SLICE && !p->scx.dsq);
	} else if (p->scx.dsq) {
		PROVES("RACE-01 RACE-02", p->scx.dsq == lab_user_dsq(SAY_DSQ) && !race_dequeue.nr);
		PROVES("RACE-02", !orders_count(AT_LOCK_RQ(RACE_X, RACE_SRC)));
	} else {
		PROVES("RACE-01 RACE-02", lab_runs(p) && race_dequeue.nr == 1 && !race_dequeue.flags);
	}
	snprintf(text, sizeof(text), "x %s, %s", race_insert(RACE_X, p), race_ends(p));
	return text;
}

static const char *wrap_outcome(void)
{
	PROVES("RACE-10 OPSS-07", p->scx.ops_qseq == 1 && orders_count(AT_STORE_WORD(LAB_ANY_CPU, p)) >= 2);
	if ((lab_word(p) & 3) == SCX_OPSS_QUEUED)
		PROVES("RACE-10 OPSS-07", lab_word(p) == (1ULL << 2 | SCX_OPSS_QUEUED));
	return outcome();
}

/* ops.enqueue() has decided: nothing that x does may count. */
static const char *direct_outcome(void)
{
	static char text[120];

	race_check(p);
	PROVES("RACE-03 RACE-04 RACE-05", !race_dispatched(RACE_X, p) && !watch_transitions(p, WATCH_T5));
	PROVES("OPSS-41", p->scx.slice != RACE_SLICE);
	PROVES("RACE-03 RACE-04 RACE-05", !race_dequeue.nr && lab_word(p) == 0);
	snprintf(text, sizeof(text), "x %s, %s", race_insert(RACE_X, p), race_place(p));
	return text;
}

static const char *there_outcome(void)
{
	race_check(p);
	PROVES("RACE-11", !orders_count(.cpu = RACE_SRC, .label = "wait_ops_state"));
	return race_insert(RACE_SRC, p);
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "wake-up, dispatch to the global DSQ", .rules = "RACE-01 RACE-02 RACE-06",
		  .setup = kept, .go = wake_and_dispatch, .outcome = outcome, .expect = "x 01 dispatched, told by 2, runs on 1 | x 01 dispatched, told by 2, runs on 2 | "
			    "x 02 dispatched, told by 2, runs on 1 | x 02 dispatched, told by 2, runs on 2 | "
			    "x 06 dropped, told by none, in custody | x dispatched, told by 2, runs on 1 | "
			    "x dispatched, told by 2, runs on 2" },
		{ .name = "wake-up, dispatch to a user DSQ", .rules = "RACE-01 RACE-02 RACE-06",
		  .setup = kept_to_user, .go = wake_and_dispatch, .outcome = outcome, .expect = "x 01 dispatched, told by none, on user DSQ | "
			    "x 02 dispatched, told by none, on user DSQ | "
			    "x 06 dropped, told by none, in custody | x dispatched, told by none, on user DSQ" },
		{ .name = "wake-up with the brand's wrap, dispatch to a user DSQ", .rules = "RACE-10",
		  .setup = brand_wraps, .go = wake_and_dispatch, .outcome = wrap_outcome, .expect = "x 01 dispatched, told by none, on user DSQ | "
			    "x 02 dispatched, told by none, on user DSQ | "
			    "x 06 dropped, told by none, in custody | x dispatched, told by none, on user DSQ" },
		{ .name = "wake-up onto the global DSQ, dispatch to a user DSQ", .rules = "RACE-03",
		  .setup = to_global, .go = wake_and_dispatch, .outcome = direct_outcome, .expect = "x 03 dropped, runs on 1 | x 03 dropped, runs on 2 | x 06 dropped, runs on 1 | "
			    "x 06 dropped, runs on 2" },
		{ .name = "wake-up onto a user DSQ, dispatch to another one", .rules = "RACE-04",
		  .setup = to_user, .go = wake_and_dispatch, .outcome = direct_outcome, .expect = "x 03 dropped, on user DSQ | x 06 dropped, on user DSQ" },
		{ .name = "wake-up onto a remote local DSQ, dispatch to a user DSQ", .rules = "RACE-05",
		  .setup = to_remote_local, .go = wake_and_dispatch, .outcome = direct_outcome, .expect = "x 03 dropped, runs on 3 | x 06 dropped, runs on 3" },
		{ .name = "wake-up, dispatch by the same CPU", .rules = "RACE-11",
		  .setup = flushed_by_the_enqueuer, .go = wake_and_dispatch_there, .outcome = there_outcome, .expect = "06 dropped | dispatched" },
	};

	return orders_main(all);
}
