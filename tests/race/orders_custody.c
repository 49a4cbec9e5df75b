/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chapters 11 and 12 in every order: who ends the custody of p, which waits on a
 * user DSQ or in the policy's hands and is of the rq of CPU 1. CPU 0 and CPU 3
 * change it, x (CPU 2) takes or dispatches it. Whatever the order, each custody
 * ends by exactly one ops.dequeue(), and only a walk continues one.
 */
#include <stdio.h>

#include "support/fate.h"
#include "support/orders.h"

static struct task_struct *p;

static void follow(void)
{
	fate_start();
	fate_of(p);
	lab_forget();
}

static void on_user_dsq(u32 cpus)
{
	race_start(.cpus = cpus);
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	BUG_ON(p->scx.dsq != lab_user_dsq(SAY_DSQ));
	follow();
	race_will_consume(RACE_X, SAY_DSQ);
}

static void consumed_by_x(void)
{
	on_user_dsq(3);
}

static void consumed_by_x_of_4(void)
{
	on_user_dsq(4);
}

/* Back in the policy's hands after a change. */
static void kept_and_dispatched_to_user(void)
{
	race_start(.cpus = 3);
	p = race_queued("p", RACE_SRC);
	follow();
	race_will_insert(RACE_X, p, SAY_DSQ);
	race_will_consume(RACE_X, SAY_DSQ);
}

static void of_a_partial_policy(void)
{
	race_ops = say_ops;
	race_ops.flags = SCX_OPS_SWITCH_PARTIAL;
	race_start(.cpus = 3);
	p = lab_task("p", .cpu = RACE_SRC, .policy = SCHED_EXT);
	lab_load(&race_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	follow();
	race_will_consume(RACE_X, SAY_DSQ);
}

/* ---- what is begun */

static void change_from(int cpu)
{
	lab_from(cpu);
	race_change(p);
	lab_from(RACE_OUT);
}

static void consume_and_change(void)
{
	race_go(RACE_X);
	change_from(RACE_OUT);
}

static void consume_and_two_changes(void)
{
	consume_and_change();
	change_from(RACE_Y);
}

/* Which of two calls on one CPU is first is a choice as well. */
static void two_changes_by_one_cpu(void)
{
	change_from(RACE_OUT);
	change_from(RACE_OUT);
}

static void consume_and_pin(void)
{
	race_go(RACE_X);
	lab_set_cpus(p, 1 << RACE_SRC);
}

static void consume_and_move_away(void)
{
	race_go(RACE_X);
	lab_set_cpus(p, 1 << RACE_OUT);
}

static void consume_and_leave(void)
{
	race_go(RACE_X);
	lab_set_policy(p, SCHED_NORMAL, 0);
}

/* ---- what came of it */

static const char *outcome(void)
{
	static char text[160];
	const bool in_custody = p->scx.flags & SCX_TASK_IN_CUSTODY;

	PROVES("CUST-14 OPSS-40", watch_left(p) == race_dequeue.nr && watch_entered(p) == watch_left(p) + in_custody);
	PROVES("OPSS-34", p->scx.holding_cpu == -1 && p->scx.sticky_cpu == -1);
	PROVES("CUST-11", in_custody == (p->scx.dsq == lab_user_dsq(SAY_DSQ) || (lab_word(p) & 3) == SCX_OPSS_QUEUED));
	snprintf(text, sizeof(text), "CPU %d: %s", task_cpu(p), fates());
	return text;
}

static const char *last_change_outcome(void)
{
	static char text[160];

	snprintf(text, sizeof(text), "nice %d: %s", PRIO_TO_NICE(p->static_prio), outcome());
	return text;
}

/* Wherever it went, it may be there. */
static const char *affinity_outcome(void)
{
	PROVES("CON-05", bpf_cpumask_test_cpu((u32)task_cpu(p), p->cpus_ptr));
	return outcome();
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "consume against change", .rules = "CUST-14 CON-05",
		  .setup = consumed_by_x, .go = consume_and_change, .outcome = outcome,
		  .expect = "CPU 2: p left runs stops runs | CPU 2: p changed queued left runs | "
			    "CPU 1: p changed queued" },
		{ .name = "consume against two changes", .rules = "CUST-14",
		  .setup = consumed_by_x_of_4, .go = consume_and_two_changes, .outcome = outcome,
		  .expect = "CPU 2: p left runs stops runs stops runs | "
			    "CPU 2: p changed queued left runs stops runs | "
			    "CPU 2: p changed queued changed queued left runs | "
			    "CPU 1: p changed queued changed queued" },
		{ .name = "two changes by one CPU", .rules = "CUST-14",
		  .setup = consumed_by_x, .go = two_changes_by_one_cpu, .outcome = last_change_outcome,
		  .expect = "nice 1: CPU 1: p changed queued changed queued | "
			    "nice 2: CPU 1: p changed queued changed queued" },
		{ .name = "consume against pinning", .rules = "CON-05",
		  .setup = consumed_by_x, .go = consume_and_pin, .outcome = affinity_outcome,
		  .expect = "CPU 1: p left runs stops runs stops queued | CPU 1: p changed queued" },
		{ .name = "consume against a migration to a third CPU", .rules = "CON-05",
		  .setup = consumed_by_x, .go = consume_and_move_away, .outcome = affinity_outcome,
		  .expect = "CPU 0: p left runs stops runs stops queued | "
			    "CPU 0: p changed queued changed queued" },
		{ .name = "dispatch and consume against change", .rules = "CUST-14",
		  .setup = kept_and_dispatched_to_user, .go = consume_and_change, .outcome = outcome,
		  .expect = "CPU 2: p left runs stops runs | CPU 1: p changed queued | "
			    "CPU 2: p changed queued left runs" },
		{ .name = "consume against class change", .rules = "CUST-14",
		  .setup = of_a_partial_policy, .go = consume_and_leave, .outcome = outcome,
		  .expect = "CPU 2: p left runs stops | CPU 1: p changed" },
	};

	return orders_main(all);
}
