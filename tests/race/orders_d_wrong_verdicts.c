/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 D in every order: a verdict for the local DSQ of CPU 3 that became
 * wrong. p is of the rq of CPU 1, x is CPU 2, the change comes from CPU 0 (d).
 */
#include <stdio.h>
#include <string.h>

#include "support/orders.h"
#include "support/race_orders.h"

#define TARGET		RACE_Y
#define NOT_THE_TARGET	0x7	/* CPUs 0 to 2 */
#define NOT_THE_SOURCE	0xd	/* all but CPU 1 */

static struct task_struct *p, *q;

static void nothing(struct irq_work *work)
{
	(void)work;
}

/* That the policy is refused is what counts; how it goes then is another story, and a long one. */
static void without_unloading(void)
{
	scx_root->error_irq_work.fn = nothing;
}

static void queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	without_unloading();
	race_will_insert(RACE_X, p, SCX_DSQ_LOCAL_ON | TARGET);
}

static void queued_with_hotplug(void)
{
	race_ops = say_ops;
	race_ops.cpu_online = say_cpu_online;	/* else a hotplug event ends the policy */
	race_ops.cpu_offline = say_cpu_offline;
	queued();
}

static void disable_migration(void *arg)
{
	(void)arg;
	migrate_disable();
}

/* p is in the policy's hands and must not leave CPU 1; q has the CPU. */
static void pinned(void)
{
	race_ops = say_ops;
	race_ops.flags = SCX_OPS_ENQ_MIGRATION_DISABLED;
	race_start();
	p = race_task("p", RACE_SRC);
	q = race_task("q", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_do(p, disable_migration, NULL);
	say.dsq = 0;
	p->scx.slice = 0;
	lab_wake(q);
	race_will_insert_flags(RACE_SRC, q, SCX_DSQ_LOCAL, SCX_ENQ_PREEMPT);
	race_go(RACE_SRC);
	BUG_ON((lab_word(p) & 3) != SCX_OPSS_QUEUED || !is_migration_disabled(p));
	without_unloading();
	race_will_insert(RACE_X, p, SCX_DSQ_LOCAL_ON | TARGET);
}

static void narrow_and_dispatch(void)
{
	race_go(RACE_X);
	lab_set_cpus(p, NOT_THE_TARGET);
}

static void drive_away_and_dispatch(void)
{
	race_go(RACE_X);
	lab_set_cpus(p, NOT_THE_SOURCE);
}

static void mark_inactive(void *arg)
{
	(void)arg;
	set_cpu_active(TARGET, false);
}

/* As the hotplug path leaves it; a whole one is much longer. */
static void inactive_and_dispatch(void)
{
	race_go(RACE_X);
	lab_outside(mark_inactive, NULL);
}

static void change_and_dispatch(void)
{
	race_go(RACE_X);
	race_change(p);
}

static bool ejected(const char *text)
{
	return scx_root->exit_kind == SCX_EXIT_ERROR && strstr(scx_root->exit_info->msg, text);
}

/* x was refused: p went to the global DSQ with one ops.dequeue() under its rq's lock. */
static void fell_back(void)
{
	PROVES("RACE-39 RACE-40 RACE-41 CUST-11", race_dequeue.flags == 0 && race_dequeue.cpu == RACE_X);
	PROVES("RACE-42", race_dequeue.dsq == race_global() && race_dequeue.word == 0 &&
	       race_dequeue.locked_cpu == RACE_SRC && race_dequeue.holding_cpu == -1);
}

static const char *narrow_outcome(void)
{
	static char text[160];
	const bool refused = scx_root->exit_kind != SCX_EXIT_NONE;

	if (refused) {
		PROVES("RACE-39", ejected("target CPU 3 not allowed for p"));
		PROVES("RACE-39", race_dispatched(RACE_X, p) && watch_transitions(p, WATCH_T6));
		return "39 refused: inserted behind the change";
	}
	race_check(p);
	PROVES("RACE-37 RACE-38", !lab_runs(p) || cpumask_test_cpu((u32)task_cpu(p), p->cpus_ptr));
	snprintf(text, sizeof(text), "x %s, %s", race_insert(RACE_X, p), race_ends(p));
	return text;
}

static const char *away_outcome(void)
{
	static char text[160];

	race_check(p);
	PROVES("RACE-29 OPSS-34", cpumask_test_cpu((u32)task_cpu(p), p->cpus_ptr));
	snprintf(text, sizeof(text), "x %s, %s, cpu %d", race_insert(RACE_X, p), race_ends(p), task_cpu(p));
	return text;
}

static const char *offline_outcome(void)
{
	static char text[160];
	const bool refused = lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE);

	race_check(p);
	PROVES("RACE-40 OPSS-42", scx_root->exit_kind == SCX_EXIT_NONE && race_dequeues(p) == 1);
	if (refused)
		fell_back();
	snprintf(text, sizeof(text), "%s%s", refused ? "40 refused, " : "", race_ends(p));
	return text;
}

static const char *pinned_outcome(void)
{
	static char text[160];
	const bool refused = scx_root->exit_kind != SCX_EXIT_NONE;

	PROVES("RACE-41", task_cpu(p) == RACE_SRC);
	if (refused) {
		PROVES("RACE-41", ejected("cannot move migration disabled p"));
		return "41 refused";
	}
	race_check(p);
	snprintf(text, sizeof(text), "x %s, %s", race_insert(RACE_X, p), race_ends(p));
	return text;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "affinity loses the target, dispatch", .rules = "RACE-37 RACE-38 RACE-39 RACE-42", .may_eject = true,
		  .setup = queued, .go = narrow_and_dispatch, .outcome = narrow_outcome, .expect = "39 refused: inserted behind the change | x 06 dropped, told by 0, in custody | "
			    "x 08 dropped, told by 0, in custody | x 09 dropped, told by 0, in custody | "
			    "x 14 dropped, told by 0, in custody | x 18 dropped, told by 0, in custody | "
			    "x 19 dropped, told by 0, in custody | x dispatched, told by 0, in custody | "
			    "x dispatched, told by 2, in custody | x dispatched, told by 20, in custody" },
		{ .name = "affinity loses the source, dispatch", .rules = "RACE-29",
		  .setup = queued, .go = drive_away_and_dispatch, .outcome = away_outcome, .expect = "x 01 dispatched, told by 00, in custody, cpu 2 | "
			    "x 02 dispatched, told by 00, in custody, cpu 2 | "
			    "x 03 dropped, told by 00, in custody, cpu 2 | "
			    "x 06 dropped, told by 00, in custody, cpu 2 | "
			    "x 08 dropped, told by 00, in custody, cpu 2 | "
			    "x 09 dropped, told by 00, in custody, cpu 2 | "
			    "x 14 dropped, told by 00, in custody, cpu 2 | "
			    "x 18 dropped, told by 00, in custody, cpu 2 | "
			    "x 19 dropped, told by 00, in custody, cpu 2 | "
			    "x dispatched, told by 00, in custody, cpu 2 | "
			    "x dispatched, told by 002, runs on 3, cpu 3 | "
			    "x dispatched, told by 2, in custody, cpu 3 | "
			    "x dispatched, told by 2, runs on 3, cpu 3" },
		{ .name = "target is taken down, dispatch", .rules = "RACE-40",
		  .setup = queued_with_hotplug, .go = inactive_and_dispatch, .outcome = offline_outcome, .expect = "40 refused, told by 2, runs on 2 | told by 2, runs on 3" },
		{ .name = "change of a task that must not move, dispatch", .rules = "RACE-41", .may_eject = true,
		  .setup = pinned, .go = change_and_dispatch, .outcome = pinned_outcome, .expect = "41 refused | x 06 dropped, told by 0, in custody | "
			    "x 08 dropped, told by 0, in custody | x 09 dropped, told by 0, in custody | "
			    "x 14 dropped, told by 0, in custody | x 18 dropped, told by 0, in custody | "
			    "x 19 dropped, told by 0, in custody | x dispatched, told by 0, in custody" },
	};

	return orders_main(all);
}
