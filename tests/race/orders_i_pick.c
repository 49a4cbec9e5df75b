/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 I in every order: a pick on CPU 2 (x), which drops its rq lock while it
 * carries q from the rq of CPU 1 to CPU 3, against what happens meanwhile to the
 * task it runs (prev) and to its queue.
 */
#include <stdio.h>

#include "machine/chooser.h"
#include "support/fate.h"
#include "support/orders.h"

#define TO_Y (SCX_DSQ_LOCAL_ON | RACE_Y)
#define TO_X (SCX_DSQ_LOCAL_ON | RACE_X)

static struct task_struct *prev, *q, *r, *rt;
static u32 dispatches;		/* by x */
static void (*next_look)(enum scxtwin_op op, struct task_struct *p, u64 arg);

static bool gives_slice;		/* to prev, in its change */

static void count_dispatches(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	if (gives_slice && op == SCXTWIN_OP_set_weight && p == prev)
		scx_bpf_task_set_slice(p, 5 * MS);
	if (op == SCXTWIN_OP_dispatch && arg == RACE_X) {
		step_touches(&dispatches);
		dispatches++;
	}
	next_look(op, p, arg);
}

/* x runs prev, unless that is to sleep; q and r are in the hands of the policy. */
static void begin(bool idle)
{
	race_start();
	q = race_task("q", RACE_SRC);
	r = race_task("r", RACE_SRC);
	prev = race_task("prev", RACE_X);
	rt = lab_task("rt", .cpu = RACE_X, .cpus = 1 << RACE_X, .policy = SCHED_FIFO);
	lab_load(&race_ops);
	lab_wake(q);
	lab_wake(r);
	if (!idle) {
		say.dsq = SCX_DSQ_LOCAL;
		lab_wake(prev);
		say.dsq = 0;
		BUG_ON(!lab_runs(prev));
		prev->scx.slice = 0;
	}
	gives_slice = false;
	dispatches = 0;
	orders_keep(&dispatches, sizeof(dispatches));
	next_look = say.look;
	say.look = count_dispatches;
	fate_start();
	fate_of(prev);
	fate_of(q);
	fate_of(r);
	lab_forget();
}

static void x_carries_q(void)
{
	begin(false);
	race_will_insert(RACE_X, q, TO_Y);
}

static void x_carries_q_and_prev_gets_slice(void)
{
	x_carries_q();
	gives_slice = true;
}

static void idle_x_takes_r_and_carries_q(void)
{
	begin(true);
	race_will_insert(RACE_X, r, SCX_DSQ_LOCAL);
	race_will_insert(RACE_X, q, TO_Y);
}

static void x_takes_r_and_carries_q(void)
{
	begin(false);
	race_will_insert(RACE_X, r, SCX_DSQ_LOCAL);
	race_will_insert(RACE_X, q, TO_Y);
}

static void x_takes_immed_r_and_carries_q(void)
{
	begin(false);
	race_will_insert_flags(RACE_X, r, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	race_will_insert(RACE_X, q, TO_Y);
}

static void x_carries_q_and_gets_r(void)
{
	x_carries_q();
	race_will_insert_flags(RACE_SRC, r, TO_X, SCX_ENQ_PREEMPT);
}

static void x_carries_q_prev_gets_slice_and_x_gets_r(void)
{
	x_carries_q_and_gets_r();
	gives_slice = true;
}

static void idle_x_gets_r(void)
{
	begin(true);
	race_will_insert(RACE_SRC, r, TO_X);
}

/* ---- what is begun */

static void pick_and_change_prev(void)
{
	race_go(RACE_X);
	race_change(prev);
}

static void pick_and_prev_leaves_the_class(void)
{
	race_go(RACE_X);
	lab_set_policy(prev, SCHED_FIFO, 5);
}

static void pick_and_rt_wakes(void)
{
	race_go(RACE_X);
	lab_wake(rt);
}

static void pick_and_change_r(void)
{
	race_go(RACE_X);
	race_change(r);
}

static void prev_sleeps_and_is_woken(void)
{
	lab_block(prev);
	lab_wake(prev);
}

static void pick_and_insert(void)
{
	race_go(RACE_X);
	race_go(RACE_SRC);
}

static void pick_insert_and_change_prev(void)
{
	pick_and_insert();
	race_change(prev);
}

static void insert(void)
{
	race_go(RACE_SRC);
}

/* ---- outcomes */

static const char *outcome(void)
{
	static char text[240];

	PROVES("OPSS-34", q->scx.holding_cpu == -1 && r->scx.holding_cpu == -1);
	snprintf(text, sizeof(text), "%u dispatches, %s: %s", dispatches, cpu_rq(RACE_X)->curr->comm, fates());
	return text;
}

/* x gave up its rq lock at the first of these steps and had it again at the second. */
static bool in_the_gap(int when)
{
	return orders_when(AT_LOCK_RQ(RACE_X, RACE_SRC)) < when &&
	       when < orders_when(AT_LOCK_RQ(RACE_X, RACE_X), .skip = 2);
}

/* A CPU that dispatches is not preempted: prev keeps the slice that it was just given. */
static const char *preempt_outcome(void)
{
	const int change = orders_when(AT_OP(RACE_OUT, "set_weight"));
	const int linked = orders_when(.cpu = RACE_SRC, .label = "dsq->list", .kinds = LAB_KIND(YIELD_WRITE),
				       .obj = &lab_local(RACE_X)->list);
	const bool both = orders_count(AT_LOCK_RQ(RACE_X, RACE_SRC)) && in_the_gap(change) && in_the_gap(linked);

	if (!both || linked < change)
		return outcome();
	PROVES("RACE-80 PST-03", lab_runs(prev) && prev->scx.slice == 5 * MS && r->scx.dsq == lab_local(RACE_X));
	return "not preempted in the gap";
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "pick against change of prev", .rules = "RACE-75",
		  .setup = x_carries_q, .go = pick_and_change_prev, .outcome = outcome,
		  .expect = "2 dispatches, prev: prev stops runs, q left runs" },
		{ .name = "pick against a change that gives prev a slice", .rules = "RACE-75",
		  .setup = x_carries_q_and_prev_gets_slice, .go = pick_and_change_prev, .outcome = outcome,
		  .expect = "2 dispatches, prev: prev stops runs, q left runs | "
			    "1 dispatches, prev: prev stops runs, q left runs | "
			    "0 dispatches, prev: prev stops runs" },
		{ .name = "pick against prev leaving the class", .rules = "RACE-76",
		  .setup = x_carries_q, .go = pick_and_prev_leaves_the_class, .outcome = outcome,
		  .expect = "2 dispatches, prev: prev stops, q left runs | 0 dispatches, prev: prev stops" },
		{ .name = "pick against a real-time wakeup", .rules = "RACE-77",
		  .setup = x_takes_r_and_carries_q, .go = pick_and_rt_wakes, .outcome = outcome,
		  .expect = "1 dispatches, rt: prev stops queued, q left runs, r left runs stops | "
			    "1 dispatches, rt: prev stops queued, q left runs, r left | "
			    "0 dispatches, rt: prev stops queued" },
		{ .name = "pick of an IMMED task against a real-time wakeup", .rules = "RACE-77",
		  .setup = x_takes_immed_r_and_carries_q, .go = pick_and_rt_wakes, .outcome = outcome,
		  .expect = "1 dispatches, rt: prev stops queued, q left runs, r left runs stops walked | "
			    "1 dispatches, rt: prev stops queued, q left runs, r left walked | "
			    "0 dispatches, rt: prev stops queued" },
		{ .name = "pick against change of the delivered task", .rules = "RACE-78",
		  .setup = idle_x_takes_r_and_carries_q, .go = pick_and_change_r, .outcome = outcome,
		  .expect = "1 dispatches, r: q left runs, r left runs stops runs | "
			    "2 dispatches, swapper/2: q left runs, r left queued | "
			    "2 dispatches, swapper/2: q left runs, r changed queued | "
			    "1 dispatches, r: q left runs, r changed queued left runs" },
		{ .name = "pick against wakeup of prev", .rules = "RACE-79",
		  .setup = x_carries_q, .go = prev_sleeps_and_is_woken, .outcome = outcome,
		  .expect = "2 dispatches, swapper/2: prev stops slept, q left runs | "
			    "3 dispatches, swapper/2: prev stops slept queued, q left runs | "
			    "2 dispatches, prev: q left runs" },
		{ .name = "pick against insert", .rules = "RACE-80",
		  .setup = x_carries_q_and_gets_r, .go = pick_and_insert, .outcome = outcome,
		  .expect = "2 dispatches, r: prev stops queued, q left runs, r left runs | "
			    "1 dispatches, r: prev stops queued, q left runs, r left runs | "
			    "0 dispatches, r: prev stops queued, r left runs" },
		{ .name = "pick against insert and a change that gives prev a slice", .rules = "RACE-80",
		  .setup = x_carries_q_prev_gets_slice_and_x_gets_r, .go = pick_insert_and_change_prev,
		  .outcome = preempt_outcome,
		  .expect = "2 dispatches, prev: prev stops runs, q left runs, r left | "
			    "2 dispatches, r: prev stops queued changed queued, q left runs, r left runs | "
			    "2 dispatches, r: prev stops runs stops queued, q left runs, r left runs | "
			    "1 dispatches, r: prev stops queued changed queued, q left runs, r left runs | "
			    "1 dispatches, prev: prev stops runs, q left runs, r left | "
			    "not preempted in the gap | "
			    "1 dispatches, r: prev stops runs stops queued, q left runs, r left runs | "
			    "0 dispatches, r: prev stops queued changed queued, r left runs | "
			    "0 dispatches, prev: prev stops runs, r left | "
			    "0 dispatches, r: prev stops runs stops queued, r left runs" },
		{ .name = "insert into an idle CPU", .rules = "RACE-81",
		  .setup = idle_x_gets_r, .go = insert, .outcome = outcome,
		  .expect = "0 dispatches, r: r left runs" },
	};

	return orders_main(all);
}
