/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chapter 12 in every order: wakeups of p, which sleeps on CPU 1 or is about to,
 * against each other and against what is done to a sleeper. The policy puts it
 * on the local DSQ of its CPU.
 */
#include <stdio.h>

#include "support/fate.h"
#include "support/orders.h"

static struct task_struct *p;

static void follow(void)
{
	say.dsq = SCX_DSQ_LOCAL;
	fate_start();
	fate_of(p);
}

static void asleep(void)
{
	race_start(.cpus = 3);
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	follow();
}

/* Wakeups may be left to the CPU of the sleeper. */
static void asleep_with_wake_lists(void)
{
	race_ops = say_ops;
	race_ops.flags = SCX_OPS_ALLOW_QUEUED_WAKEUP;
	asleep();
}

static void awake(void)
{
	race_start(.cpus = 3);
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	BUG_ON(!lab_runs(p));
	follow();
}

static void awake_with_wake_lists(void)
{
	race_ops = say_ops;
	race_ops.flags = SCX_OPS_ALLOW_QUEUED_WAKEUP;
	awake();
}

static void on_user_dsq(void)
{
	race_start(.cpus = 3);
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	follow();
	race_will_consume(RACE_SRC, SAY_DSQ);
}

/* ---- what is begun */

static void wake_from(int cpu)
{
	lab_from(cpu);
	lab_wake(p);
	lab_from(RACE_OUT);
}

static void two_wakers(void)
{
	wake_from(RACE_OUT);
	wake_from(RACE_X);
}

static void sleep_and_wake(void)
{
	lab_block(p);
	wake_from(RACE_OUT);
}

static void sleep_and_two_wakers(void)
{
	lab_block(p);
	two_wakers();
}

static void sleep_and_change(void)
{
	lab_block(p);
	race_change(p);
}

static void wake_and_change(void)
{
	wake_from(RACE_X);
	race_change(p);
}

static void wake_and_move(void)
{
	wake_from(RACE_X);
	lab_set_cpus(p, 1 << RACE_X);
}

static void wake_the_queued_and_consume(void)
{
	wake_from(RACE_X);
	race_go(RACE_SRC);
}

/* ---- what came of it */

static bool is_asleep(void)
{
	return p->__state != TASK_RUNNING && !p->on_rq;
}

static const char *outcome(void)
{
	static char text[160];

	PROVES("ENQ-02", is_asleep() != lab_runs(p) && cpu_rq(task_cpu(p))->scx.nr_running == !is_asleep());
	PROVES("CUST-14 CUST-19", watch_left(p) == race_dequeue.nr);
	BUG_ON(!bpf_cpumask_test_cpu((u32)task_cpu(p), p->cpus_ptr));
	snprintf(text, sizeof(text), "CPU %d, %s: %s", task_cpu(p), is_asleep() ? "asleep" : "awake", fates());
	return text;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "two wakers", .rules = "ENQ-02",
		  .setup = asleep, .go = two_wakers, .outcome = outcome,
		  .expect = "CPU 1, awake: p queued runs" },
		{ .name = "two wakers with wake lists", .rules = "RQSEL-16",
		  .setup = asleep_with_wake_lists, .go = two_wakers, .outcome = outcome,
		  .expect = "CPU 1, awake: p queued runs" },
		{ .name = "sleep against wakeup", .rules = "ENQ-02",
		  .setup = awake, .go = sleep_and_wake, .outcome = outcome,
		  .expect = "CPU 1, asleep: p stops slept | CPU 1, awake: p stops slept queued runs | "
			    "CPU 1, awake: nothing" },
		{ .name = "sleep against wakeup with wake lists", .rules = "RQSEL-16",
		  .setup = awake_with_wake_lists, .go = sleep_and_wake, .outcome = outcome,
		  .expect = "CPU 1, asleep: p stops slept | CPU 1, awake: p stops slept queued runs | "
			    "CPU 1, awake: nothing" },
		{ .name = "sleep against two wakers", .rules = "ENQ-02",
		  .setup = awake, .go = sleep_and_two_wakers, .outcome = outcome,
		  .expect = "CPU 1, asleep: p stops slept | CPU 1, awake: p stops slept queued runs | "
			    "CPU 1, awake: nothing" },
		{ .name = "sleep against change", .rules = "CUST-19",
		  .setup = awake, .go = sleep_and_change, .outcome = outcome,
		  .expect = "CPU 1, asleep: p stops runs stops slept | CPU 1, asleep: p stops slept" },
		{ .name = "wakeup against change", .rules = "CUST-19",
		  .setup = asleep, .go = wake_and_change, .outcome = outcome,
		  .expect = "CPU 1, awake: p queued queued runs | CPU 1, awake: p queued runs stops runs | "
			    "CPU 1, awake: p queued runs" },
		{ .name = "wakeup against affinity", .rules = "ENQ-02",
		  .setup = asleep, .go = wake_and_move, .outcome = outcome,
		  .expect = "CPU 2, awake: p queued queued queued runs | "
			    "CPU 2, awake: p queued runs stops runs stops queued runs | "
			    "CPU 2, awake: p queued runs" },
		{ .name = "wakeup with wake lists against affinity", .rules = "RQSEL-16",
		  .setup = asleep_with_wake_lists, .go = wake_and_move, .outcome = outcome,
		  .expect = "CPU 2, awake: p queued queued runs | "
			    "CPU 2, awake: p queued runs stops queued runs | "
			    "CPU 2, awake: p queued runs stops runs stops queued runs | "
			    "CPU 2, awake: p queued queued queued runs | CPU 2, awake: p queued runs" },
		{ .name = "wakeup of a queued task against consume", .rules = "ENQ-02",
		  .setup = on_user_dsq, .go = wake_the_queued_and_consume, .outcome = outcome,
		  .expect = "CPU 1, awake: p left runs" },
	};

	return orders_main(all);
}
