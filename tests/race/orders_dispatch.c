/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chapters 14 and 21 in every order: CPU 0 wakes p, CPU 1 wakes q, and the policy
 * puts them on a user DSQ from which x (CPU 2) alone pulls. It kicks x in
 * ops.enqueue(), while x looks for work, runs out of it, or takes the other.
 */
#include <stdio.h>

#include "machine/chooser.h"
#include "support/fate.h"
#include "support/orders.h"

static struct task_struct *p, *q;
static u64 kick_flags;

/* What is inserted here is on the DSQ only when ops.enqueue() has returned. */
static void enqueue_and_kick_x(struct task_struct *t, u64 enq_flags)
{
	say.look(SCXTWIN_OP_enqueue, t, enq_flags);
	scx_bpf_dsq_insert(t, SAY_DSQ, RACE_SLICE, 0);
	scx_bpf_kick_cpu(RACE_X, kick_flags);
}

static void pull_on_x(s32 cpu, struct task_struct *prev)
{
	say.look(SCXTWIN_OP_dispatch, prev, (u64)cpu);
	if (cpu == RACE_X)
		scx_bpf_dsq_move_to_local(SAY_DSQ, 0);
}

static void begin(u64 flags)
{
	kick_flags = flags;
	race_ops = say_ops;
	race_ops.enqueue = enqueue_and_kick_x;
	race_ops.dispatch = pull_on_x;
	race_start(.cpus = 3);
	p = race_task("p", RACE_SRC);
	q = race_task("q", RACE_X);
	lab_load(&race_ops);
}

static void follow(void)
{
	fate_start();
	fate_of(p);
	fate_of(q);
}

static void x_idles(void)
{
	begin(SCX_KICK_IDLE);
	follow();
}

static void x_runs_q_and_gets(u64 flags)
{
	begin(flags);
	lab_wake(q);
	BUG_ON(!lab_runs(q) || task_cpu(q) != RACE_X);
	follow();
}

static void x_runs_q_idle_kicks(void)
{
	x_runs_q_and_gets(SCX_KICK_IDLE);
}

static void x_runs_q_plain_kicks(void)
{
	x_runs_q_and_gets(0);
}

/* ---- what is begun */

static void wake_p(void)
{
	lab_wake(p);
}

static void wake_p_and_x_looks(void)
{
	lab_wake(p);
	race_go(RACE_X);
}

static void wake_p_and_q_sleeps(void)
{
	lab_wake(p);
	lab_block(q);
}

static void wake_both(void)
{
	lab_wake(p);
	lab_from(RACE_SRC);
	lab_wake(q);
	lab_from(RACE_OUT);
}

/* ---- what came of it */

static bool somebody_waits_for_an_idle_x(void)
{
	return lab_user_dsq(SAY_DSQ)->nr && rq_is_idle(cpu_rq(RACE_X));
}

/* Whoever waits does so because x runs the other. */
static const char *outcome(void)
{
	PROVES("KICK-06 KICK-20 KICK-22", !somebody_waits_for_an_idle_x());
	PROVES("CUST-14", watch_left(p) == watch_entered(p) - (p->scx.dsq == lab_user_dsq(SAY_DSQ)));
	return fates();
}

/*
 * KICK-05 at work: x was busy, so the kick was dropped; x then looked for work and
 * idled before ops.enqueue() returned and p came on the DSQ. An idle kick from
 * ops.enqueue() is therefore no promise.
 */
static const char *idle_kick_outcome(void)
{
	if (!somebody_waits_for_an_idle_x())
		return outcome();
	PROVES("KICK-05", !orders_count(.cpu = RACE_OUT, .label = "irq_work_queue", .kinds = LAB_KIND(YIELD_RMW)));
	return "left behind";
}

/* ---- a verdict for the local DSQ of a CPU that goes offline */

static void verdict_for_y(void)
{
	race_ops = say_ops;
	race_ops.cpu_online = say_cpu_online;
	race_ops.cpu_offline = say_cpu_offline;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SCX_DSQ_LOCAL_ON | RACE_Y;
	fate_start();
	fate_of(p);
}

static void wake_p_and_y_goes_down(void)
{
	lab_from(RACE_X);
	lab_wake(p);
	lab_from(RACE_OUT);
	lab_offline(RACE_Y);
}

static const char *offline_outcome(void)
{
	static char text[160];
	const s64 nr_events = lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE);

	PROVES("DD-17 HP-19", task_cpu(p) != RACE_Y && scx_root->exit_kind == SCX_EXIT_NONE);
	snprintf(text, sizeof(text), "CPU %d, %d events: %s", task_cpu(p), (int)nr_events, fates());
	return text;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "wakeup and kick of an idle CPU", .rules = "KICK-06 KICK-22",
		  .setup = x_idles, .go = wake_p, .outcome = outcome,
		  .expect = "p queued left runs" },
		{ .name = "wakeup and kick against a pick that finds nothing", .rules = "KICK-06 KICK-22",
		  .setup = x_idles, .go = wake_p_and_x_looks, .outcome = outcome,
		  .expect = "p queued left runs" },
		{ .name = "wakeup and plain kick against going idle", .rules = "KICK-07 KICK-20",
		  .setup = x_runs_q_plain_kicks, .go = wake_p_and_q_sleeps, .outcome = outcome,
		  .expect = "p queued left runs, q stops slept" },
		{ .name = "wakeup and idle kick against going idle", .rules = "KICK-05",
		  .setup = x_runs_q_idle_kicks, .go = wake_p_and_q_sleeps, .outcome = idle_kick_outcome,
		  .expect = "p queued left runs, q stops slept | left behind" },
		{ .name = "two wakeups and kicks", .rules = "KICK-06 KICK-22",
		  .setup = x_idles, .go = wake_both, .outcome = outcome,
		  .expect = "p queued left runs, q queued | p queued, q queued left runs" },
		{ .name = "verdict for a CPU that goes offline", .rules = "DD-17", .bound = 1,
		  .setup = verdict_for_y, .go = wake_p_and_y_goes_down, .outcome = offline_outcome,
		  .expect = "CPU 0, 1 events: p queued runs stops queued runs | "
			    "CPU 0, 1 events: p queued runs stops queued | "
			    "CPU 1, 1 events: p queued runs stops queued runs | "
			    "CPU 1, 1 events: p queued runs" },
	};

	return orders_main(all);
}
