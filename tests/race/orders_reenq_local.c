/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 16.3 to 16.5 in every order: requests to re-enqueue the local DSQ of CPU 1,
 * which a real-time task has, and the walk there, against what others do meanwhile.
 * CPU 0 is the outside, a, b and c are of the rq of CPU 1.
 */
#include <stdio.h>
#include <string.h>

#include "machine/chooser.h"
#include "support/fate.h"
#include "support/orders.h"

#define SRC_LOCAL	(SCX_DSQ_LOCAL_ON | RACE_SRC)

static struct task_struct *a, *b, *c, *hog;
static struct scx_dispatch_q *local;

/* Whom a walk visits goes to a user DSQ that nobody serves. */
static void begin(void)
{
	race_start();
	a = race_task("a", RACE_SRC);
	b = race_task("b", RACE_SRC);
	c = race_task("c", RACE_SRC);
	hog = lab_task("hog", .cpu = RACE_SRC, .cpus = 1 << RACE_SRC, .policy = SCHED_FIFO);
	lab_load(&race_ops);
	lab_wake(hog);
	local = lab_local(RACE_SRC);
	say.reenq_dsq = SAY_OTHER_DSQ;
}

/* The second ops.dispatch() of CPU 2, behind the flush of what the first one inserted, asks. */
static u32 nr_dispatches;
static void (*next_look)(enum scxtwin_op op, struct task_struct *p, u64 arg);
static void (*look_behind_ask)(enum scxtwin_op op, struct task_struct *p, u64 arg);

static void look_and_ask(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	if (op == SCXTWIN_OP_dispatch && arg == RACE_X) {
		step_touches(&nr_dispatches);
		if (++nr_dispatches == 2)
			scx_bpf_dsq_reenq(SRC_LOCAL, 0);
	}
	look_behind_ask(op, p, arg);
}

/* A chosen task has its reason from the first phase of the walk until it is enqueued. */
static void look_at_dequeue(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	if (op == SCXTWIN_OP_quiescent)
		PROVES("REENQ-79", !(p->scx.flags & SCX_TASK_REENQ_REASON_MASK));
	next_look(op, p, arg);
}

static void follow(void)
{
	next_look = say.look;
	say.look = look_at_dequeue;
	fate_start();
	fate_of(a);
	fate_of(b);
	fate_of(c);
	lab_forget();
}

static void on_local_dsq(struct task_struct *p)
{
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	BUG_ON(p->scx.dsq != local);
}

static void with_a(void)
{
	begin();
	on_local_dsq(a);
	follow();
}

static void with_both(void)
{
	begin();
	on_local_dsq(a);
	on_local_dsq(b);
	follow();
}

static void with_a_that_comes_back(void)
{
	with_a();
	say.reenq_dsq = SCX_DSQ_LOCAL;
}

/* c is in the hands of the policy. */
static void with_c_to_insert(void)
{
	begin();
	on_local_dsq(a);
	say.dsq = 0;
	lab_wake(c);
	follow();
	race_will_insert(RACE_X, c, SRC_LOCAL);
}

static void with_c_to_insert_and_ask(void)
{
	with_c_to_insert();
	nr_dispatches = 0;
	orders_keep(&nr_dispatches, sizeof(nr_dispatches));
	look_behind_ask = say.look;
	say.look = look_and_ask;
}

/* No real-time task: CPU 1 runs b, and a waits behind it. */
static void with_a_behind_b(void)
{
	race_start();
	a = race_task("a", RACE_SRC);
	b = race_task("b", RACE_SRC);
	lab_load(&race_ops);
	local = lab_local(RACE_SRC);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(b);
	lab_wake(a);
	BUG_ON(!lab_runs(b) || a->scx.dsq != local);
	say.reenq_dsq = SAY_OTHER_DSQ;
	fate_start();
	fate_of(a);
	fate_of(b);
}

/* a runs on CPU 1 and may not stay there. */
static void with_a_that_runs(void)
{
	race_start();
	a = race_task("a", RACE_SRC);
	lab_load(&race_ops);
	local = lab_local(RACE_SRC);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(a);
	BUG_ON(!lab_runs(a));
	say.reenq_dsq = SAY_OTHER_DSQ;
	fate_start();
	fate_of(a);
}

/* ---- what is begun */

static void ask(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SRC_LOCAL, 0);
}

static void ask_from(int cpu)
{
	lab_from(cpu);
	lab_outside(ask, NULL);
	lab_from(RACE_OUT);
}

static void walk_and_change(void)
{
	ask_from(RACE_Y);
	race_change(a);
}

static void walk_and_migrate(void)
{
	ask_from(RACE_Y);
	lab_set_cpus(a, 1 << RACE_X);
}

static void walk_and_insert(void)
{
	ask_from(RACE_Y);
	race_go(RACE_X);
}

static void insert_then_ask(void)
{
	ask_from(RACE_Y);
	race_go(RACE_X);
}

static void two_requests(void)
{
	ask_from(RACE_X);
	ask_from(RACE_Y);
}

static void walk_and_kick(void)
{
	ask_from(RACE_Y);
	lab_kick(RACE_SRC, SCX_KICK_PREEMPT);
}

static void walk_and_wake(void)
{
	ask_from(RACE_Y);
	lab_wake(b);
}

static void walk_and_bypass(void)
{
	ask_from(RACE_Y);
	lab_bypass(true);
}

static const char *outcome(void)
{
	PROVES("REENQ-54", list_empty(&cpu_rq(RACE_SRC)->scx.deferred_reenq_locals));
	return fates();
}

/* The walk by the interrupt, or by the end of the wakeup on the waker's CPU. */
static const char *wakeup_outcome(void)
{
	static char text[200];
	const bool by_waker = lab_saw(a, "enqueue(0x10000000000)@0");

	PROVES("REENQ-96", by_waker || lab_saw(a, "enqueue(0x10000000000)@1"));
	snprintf(text, sizeof(text), "%s: %s", by_waker ? "by the waker" : "by the interrupt", outcome());
	return text;
}

/*
 * Whatever CPU 1 is doing when the request comes, a walk that begins later sees
 * what was inserted before the request: the pair of unlist and walk, list and look.
 */
static const char *served_outcome(void)
{
	PROVES("REENQ-17 REENQ-54", nr_dispatches == 2 && c->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ));
	return outcome();
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "local walk against change", .rules = "REENQ-55 REENQ-79",
		  .setup = with_a, .go = walk_and_change, .outcome = outcome, .expect = "a queued walked | a walked changed queued" },
		{ .name = "local walk of two against change", .rules = "REENQ-55 REENQ-79",
		  .setup = with_both, .go = walk_and_change, .outcome = outcome, .expect = "a queued walked, b walked | a walked changed queued, b walked" },
		{ .name = "local walk against migration", .rules = "REENQ-55",
		  .setup = with_a, .go = walk_and_migrate, .outcome = outcome, .expect = "a queued queued runs | a walked changed queued queued runs" },
		{ .name = "local walk against migration of the current task", .rules = "REENQ-42",
		  .setup = with_a_that_runs, .go = walk_and_migrate, .outcome = outcome,
		  .expect = "a stops runs stops queued runs" },
		{ .name = "local walk against remote insert", .rules = "REENQ-55",
		  .setup = with_c_to_insert, .go = walk_and_insert, .outcome = outcome, .expect = "a walked, c left walked | a walked, c left" },
		{ .name = "insert and request against local walk", .rules = "REENQ-17 REENQ-20",
		  .setup = with_c_to_insert_and_ask, .go = insert_then_ask, .outcome = served_outcome, .expect = "a walked, c left walked" },
		{ .name = "two requests for a local DSQ", .rules = "REENQ-23 REENQ-54",
		  .setup = with_a_that_comes_back, .go = two_requests, .outcome = outcome, .expect = "a walked | a walked walked" },
		{ .name = "local walk against pick", .rules = "REENQ-55",
		  .setup = with_a_behind_b, .go = walk_and_kick, .outcome = outcome, .expect = "a runs, b stops queued walked | a walked" },
		{ .name = "local walk against wakeup", .rules = "REENQ-96",
		  .setup = with_a, .go = walk_and_wake, .outcome = wakeup_outcome,
		  .expect = "by the waker: a walked, b queued walked | by the interrupt: a walked, b queued | "
			    "by the interrupt: a walked, b queued walked" },
		{ .name = "local walk against bypass", .rules = "REENQ-13",
		  .setup = with_a, .go = walk_and_bypass, .outcome = outcome, .expect = "nothing | a walked changed" },
	};

	return orders_main(all);
}
