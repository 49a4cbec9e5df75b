/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chapter 12 in every order: requests for a slice of p by CPUs 0 and 3, which hold
 * no rq lock and so leave a note, against those who carry it out or make it void.
 * p is of the rq of CPU 1; x is CPU 2.
 */
#include <stdio.h>

#include "support/fate.h"
#include "support/orders.h"

static struct task_struct *p;
static u64 asked[2] = { 3 * MS, 4 * MS };

static void follow(void)
{
	p->scx.slice = 5 * MS;
	fate_start();
	fate_of(p);
}

/* x inserts it with a slice of its own and takes it. */
static void kept(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	follow();
	race_will_insert(RACE_X, p, SAY_DSQ);
	race_will_consume(RACE_X, SAY_DSQ);
}

/* x only takes it. */
static void on_user_dsq(void)
{
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	follow();
	race_will_consume(RACE_X, SAY_DSQ);
}

static void runs(void)
{
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	BUG_ON(!lab_runs(p));
	follow();
}

/* ---- what is begun */

static void ask(void *arg)
{
	const u64 *slice = arg;

	scx_bpf_task_set_slice(p, *slice);
}

static void ask_from(int cpu, u32 n)
{
	lab_from(cpu);
	lab_outside(ask, &asked[n]);
	lab_from(RACE_OUT);
}

static void ask_and_dispatch(void)
{
	ask_from(RACE_OUT, 0);
	race_go(RACE_X);
}

static void ask_twice_and_dispatch(void)
{
	ask_and_dispatch();
	ask_from(RACE_Y, 1);
}

static void ask_and_change(void)
{
	ask_from(RACE_OUT, 0);
	lab_from(RACE_X);
	race_change(p);
	lab_from(RACE_OUT);
}

/* ---- what came of it: the slice, and the note that is still to be read */

static const char *outcome(void)
{
	static char text[160];
	const u64 note = p->scx.slice_oob;
	char left[40] = "";

	PROVES("SLC-02", !note || note & SCX_SLICE_OOB_PENDING);
	if (note)
		snprintf(left, sizeof(left), ", %u ms noted", (u32)((note & SCX_SLICE_OOB_DUR_MASK) / MS));
	snprintf(text, sizeof(text), "%u ms%s: %s", (u32)(p->scx.slice / MS), left, fates());
	return text;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "slice request against insert and consume", .rules = "SLC-02 SLC-04 SLC-05 DSP-20",
		  .setup = kept, .go = ask_and_dispatch, .outcome = outcome,
		  .expect = "7 ms: p left runs | 3 ms: p left runs | 7 ms, 3 ms noted: p left runs" },
		{ .name = "slice request against consume", .rules = "SLC-02 SLC-04",
		  .setup = on_user_dsq, .go = ask_and_dispatch, .outcome = outcome,
		  .expect = "3 ms: p left runs | 5 ms, 3 ms noted: p left runs" },
		{ .name = "two slice requests against consume", .rules = "SLC-03 SLC-04",
		  .setup = on_user_dsq, .go = ask_twice_and_dispatch, .outcome = outcome,
		  .expect = "4 ms: p left runs | 3 ms, 4 ms noted: p left runs | 3 ms: p left runs | "
			    "4 ms, 3 ms noted: p left runs | 5 ms, 3 ms noted: p left runs | "
			    "5 ms, 4 ms noted: p left runs" },
		{ .name = "slice request against change of the running task", .rules = "SLC-02 SLC-04",
		  .setup = runs, .go = ask_and_change, .outcome = outcome,
		  .expect = "3 ms: p stops runs | 5 ms, 3 ms noted: p stops runs" },
	};

	return orders_main(all);
}
