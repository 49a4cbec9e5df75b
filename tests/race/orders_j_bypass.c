/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 J and K in every order: bypass and class changes by CPU 0 against the
 * ways to a CPU. p is of the rq of CPU 1, x is CPU 2.
 */
#include <stdio.h>
#include <string.h>

#include "machine/chooser.h"
#include "support/fate.h"
#include "support/orders.h"

#define TO_Y (SCX_DSQ_LOCAL_ON | RACE_Y)

/* M5: p is given another CPU, so x did not lose it. */
#define AT_STORE_CPU(c, p) .cpu = (c), .label = "p->cpu", .kinds = LAB_KIND(YIELD_WRITE), .obj = &(p)->cpu

static struct task_struct *p;

static void follow(void)
{
	fate_start();
	fate_of(p);
}

static void dispatch_to(u64 dsq, u32 cpus)
{
	race_start(.cpus = cpus);
	p = race_queued("p", RACE_SRC);
	follow();
	race_will_insert(RACE_X, p, dsq);
}

static void x_inserts_into_user(void)
{
	dispatch_to(SAY_DSQ, 3);
}

static void x_inserts_into_global(void)
{
	dispatch_to(SCX_DSQ_GLOBAL, 3);
}

static void x_dances(void)
{
	dispatch_to(TO_Y, 4);
}

static void select_time_verdict(void)
{
	race_start(.cpus = 3);
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.select_dsq = SAY_DSQ;
	follow();
}

static void select_time_verdict_and_hotplug(void)
{
	race_ops = say_ops;
	race_ops.cpu_offline = say_cpu_offline;
	race_ops.cpu_online = say_cpu_online;
	select_time_verdict();
}

/* Of a policy that takes SCHED_EXT tasks only; its tasks can leave the class. */
static void partial(u64 ops_flags)
{
	race_ops = say_ops;
	race_ops.flags = ops_flags | SCX_OPS_SWITCH_PARTIAL;
	race_start(.cpus = 3);
	p = lab_task("p", .cpu = RACE_SRC, .policy = SCHED_EXT);
	lab_load(&race_ops);
}

static void x_inserts_and_p_can_leave(void)
{
	partial(0);
	lab_wake(p);
	follow();
	race_will_insert(RACE_X, p, SCX_DSQ_GLOBAL);
}

static void queued_wakeup(void)
{
	partial(SCX_OPS_ALLOW_QUEUED_WAKEUP);
	say.select_dsq = SAY_DSQ;
	follow();
}

/* ---- what is begun */

static void dispatch_and_bypass(void)
{
	race_go(RACE_X);
	lab_bypass(true);
}

static void wake_and_bypass(void)
{
	lab_from(RACE_X);
	lab_wake(p);
	lab_from(RACE_OUT);
	lab_bypass(true);
}

static void wake_and_go_offline(void)
{
	lab_from(RACE_X);
	lab_wake(p);
	lab_from(RACE_OUT);
	lab_offline(RACE_SRC);
}

static void dispatch_and_leave(void)
{
	race_go(RACE_X);
	lab_set_policy(p, SCHED_NORMAL, 0);
}

static void dispatch_and_change(void)
{
	race_go(RACE_X);
	race_change(p);
}

static void wake_and_leave(void)
{
	lab_from(RACE_X);
	lab_wake(p);
	lab_from(RACE_OUT);
	lab_set_policy(p, SCHED_NORMAL, 0);
}

/* ---- outcomes */

static const char *outcome(void)
{
	static char text[200];

	PROVES("OPSS-34 OPSS-37", p->scx.holding_cpu == -1 && p->scx.sticky_cpu == -1);
	PROVES("OPSS-40", watch_left(p) == race_dequeue.nr);
	PROVES("RACE-85 RACE-86", p->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	snprintf(text, sizeof(text), "CPU %d: %s", task_cpu(p), fates());
	return text;
}

/* What became of x's entry. In the gap: p was in x's hands when it was taken away again. */
static const char *dispatch_outcome(void)
{
	static char text[200];
	const bool claimed = watch_transitions(p, WATCH_T5);
	const bool gap = orders_count(AT_HOLDING(RACE_X, p, YIELD_WRITE)) && !orders_count(AT_STORE_CPU(RACE_X, p));

	PROVES("RACE-82 OPSS-41", claimed || p->scx.slice != RACE_SLICE);
	snprintf(text, sizeof(text), "%s%s, %s", claimed ? "claimed" : "dropped", gap ? ", lost in the gap" : "", outcome());
	return text;
}

static const char *leave_outcome(void)
{
	PROVES("RACE-88 OPSS-42", p->sched_class == &fair_sched_class && !p->scx.dsq && !lab_word(p));
	return dispatch_outcome();
}

static const char *queued_wakeup_outcome(void)
{
	PROVES("RACE-85 OPSS-42", p->sched_class == &fair_sched_class && !p->scx.dsq && !lab_word(p));
	return outcome();
}

/* The first custody was ended by x alone; the change that came in between says nothing of it. */
static const char *own_consume_outcome(void)
{
	const char *name = dispatch_outcome();

	if (strstr(name, "lost in the gap"))
		PROVES("RACE-87 CUST-47", race_dequeue.nr == 1 && race_dequeue.cpu == RACE_X && watch_entered(p) == 2);
	return name;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "bypass against dispatch to a user DSQ", .rules = "RACE-82",
		  .setup = x_inserts_into_user, .go = dispatch_and_bypass, .outcome = dispatch_outcome,
		  .expect = "claimed, CPU 1: p changed runs | dropped, CPU 1: p changed runs" },
		{ .name = "bypass against dispatch to the global DSQ", .rules = "RACE-82",
		  .setup = x_inserts_into_global, .go = dispatch_and_bypass, .outcome = dispatch_outcome,
		  .expect = "claimed, CPU 2: p left runs | claimed, lost in the gap, CPU 1: p left runs | "
			    "claimed, CPU 1: p left runs | dropped, CPU 1: p changed runs" },
		{ .name = "bypass against a dance", .rules = "RACE-83 RACE-84",
		  .setup = x_dances, .go = dispatch_and_bypass, .outcome = dispatch_outcome,
		  .expect = "claimed, CPU 3: p left runs | "
			    "claimed, lost in the gap, CPU 1: p changed runs | "
			    "dropped, CPU 1: p changed runs" },
		{ .name = "bypass against wakeup with a verdict", .rules = "RACE-86",
		  .setup = select_time_verdict, .go = wake_and_bypass, .outcome = outcome,
		  .expect = "CPU 1: p changed runs | CPU 1: p runs" },
		{ .name = "offline against wakeup with a verdict", .rules = "RACE-86",
		  .setup = select_time_verdict_and_hotplug, .go = wake_and_go_offline, .outcome = outcome,
		  .expect = "CPU 0: p changed runs stops queued | CPU 0: p runs stops queued | CPU 0: nothing" },
		{ .name = "change against the dispatcher's own consume", .rules = "RACE-87",
		  .setup = x_inserts_into_global, .go = dispatch_and_change, .outcome = own_consume_outcome,
		  .expect = "claimed, CPU 2: p left runs stops runs | "
			    "claimed, lost in the gap, CPU 1: p left queued | "
			    "claimed, CPU 1: p left queued | dropped, CPU 1: p changed queued | "
			    "claimed, CPU 2: p changed queued left runs" },
		{ .name = "class change against dispatch", .rules = "RACE-88",
		  .setup = x_inserts_and_p_can_leave, .go = dispatch_and_leave, .outcome = leave_outcome,
		  .expect = "claimed, CPU 2: p left runs stops | claimed, lost in the gap, CPU 1: p left | "
			    "claimed, CPU 1: p left | dropped, CPU 1: p changed" },
		{ .name = "class change against queued wakeup", .rules = "RACE-85",
		  .setup = queued_wakeup, .go = wake_and_leave, .outcome = queued_wakeup_outcome,
		  .expect = "CPU 1: nothing | CPU 1: p changed" },
	};

	return orders_main(all);
}
