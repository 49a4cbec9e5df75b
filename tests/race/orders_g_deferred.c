/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 G in every order: verdicts for the local DSQ of CPU 3 that wait for the
 * deferred work of CPU 1, whose rq p and q are of. The first enqueue of each
 * gets this verdict, after later ones the policy keeps the task.
 */
#include <stdio.h>

#include "machine/chooser.h"
#include "support/fate.h"
#include "support/orders.h"

#define REMOTE (SCX_DSQ_LOCAL_ON | RACE_Y)

static struct task_struct *p, *q;
static u32 nr_enqueued[2];

/* What the policy does with a task depends on that task alone. */
static void enqueue_remote_once(struct task_struct *t, u64 enq_flags)
{
	u32 *nr = &nr_enqueued[t == q];

	say.look(SCXTWIN_OP_enqueue, t, enq_flags);
	step_touches(nr);
	if ((*nr)++ == 0)
		scx_bpf_dsq_insert(t, REMOTE, RACE_SLICE, 0);
}

static void begin(void)
{
	race_ops = say_ops;
	race_ops.enqueue = enqueue_remote_once;
	race_start();
	p = race_task("p", RACE_SRC);
	q = race_task("q", RACE_SRC);
	lab_load(&race_ops);
	nr_enqueued[0] = nr_enqueued[1] = 1;
	orders_keep(nr_enqueued, sizeof(nr_enqueued));
}

static void follow(void)
{
	nr_enqueued[0] = nr_enqueued[1] = 0;
	fate_start();
	fate_of(p);
	fate_of(q);
}

static void with_p(void)
{
	begin();
	lab_wake(p);
	follow();
}

static void with_both(void)
{
	begin();
	lab_wake(p);
	lab_wake(q);
	follow();
}

static void with_none(void)
{
	begin();
	follow();
}

static void change_from(int cpu, struct task_struct *t)
{
	lab_from(cpu);
	race_change(t);
	lab_from(RACE_OUT);
}

static void two_changes(void)
{
	change_from(RACE_OUT, p);
	change_from(RACE_X, p);
}

static void change_of_both(void)
{
	change_from(RACE_OUT, p);
	change_from(RACE_X, q);
}

static void change_of_both_and_of_the_second(void)
{
	change_of_both();
	change_from(RACE_Y, q);
}

static void change_and_bypass(void)
{
	change_from(RACE_OUT, p);
	lab_from(RACE_X);
	lab_bypass(true);
	lab_from(RACE_OUT);
}

static void wakeup_and_change(void)
{
	lab_wake(p);
	change_from(RACE_X, p);
}

static const char *outcome(void)
{
	static char text[200];

	PROVES("RACE-63 RACE-65", list_empty(&cpu_rq(RACE_SRC)->scx.ddsp_deferred_locals));
	PROVES("RACE-63 RACE-66", p->scx.ddsp_dsq_id == SCX_DSQ_INVALID && q->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	PROVES("RACE-64 OPSS-34", p->scx.holding_cpu == -1 && q->scx.holding_cpu == -1);
	snprintf(text, sizeof(text), "CPUs %d %d: %s", task_cpu(p), task_cpu(q), fates());
	return text;
}

/* The verdict itself begins no custody, so nothing ends one. */
static const char *wakeup_outcome(void)
{
	PROVES("RACE-64 RACE-67 CUST-19", watch_entered(p) == nr_enqueued[0] - 1 && race_dequeue.nr == 0);
	PROVES("RACE-67", !orders_count(.cpu = RACE_SRC, .label = "deferred_irq_work"));
	return outcome();
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "two changes against deferred work", .rules = "RACE-63",
		  .setup = with_p, .go = two_changes, .outcome = outcome,
		  .expect = "CPUs 1 1: p changed queued queued | CPUs 3 1: p changed queued queued | "
			    "CPUs 3 1: p changed queued runs stops runs" },
		{ .name = "changes of two tasks against deferred work", .rules = "RACE-65",
		  .setup = with_both, .go = change_of_both, .outcome = outcome,
		  .expect = "CPUs 3 3: p changed queued runs, q changed queued | "
			    "CPUs 3 3: p changed queued, q changed queued runs" },
		{ .name = "changes of two tasks, of one twice, against deferred work", .rules = "RACE-63 RACE-65",
		  .setup = with_both, .go = change_of_both_and_of_the_second, .outcome = outcome,
		  .expect = "CPUs 3 1: p changed queued runs, q changed queued queued | "
			    "CPUs 3 3: p changed queued runs, q changed queued queued | "
			    "CPUs 3 3: p changed queued, q changed queued runs stops runs" },
		{ .name = "bypass against deferred work", .rules = "RACE-66",
		  .setup = with_p, .go = change_and_bypass, .outcome = outcome,
		  .expect = "CPUs 1 1: p changed queued runs | CPUs 3 1: p changed queued runs | "
			    "CPUs 1 1: p changed runs | CPUs 1 1: p changed runs stops runs" },
		{ .name = "wakeup with deferred work against change", .rules = "RACE-64 RACE-67",
		  .setup = with_none, .go = wakeup_and_change, .outcome = wakeup_outcome,
		  .expect = "CPUs 3 1: p queued queued | CPUs 3 1: p queued runs stops runs | "
			    "CPUs 3 1: p queued runs" },
	};

	return orders_main(all);
}
