/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The promise of SCX_ENQ_IMMED in every order (spec 15.11, traces B to D): tasks are
 * sent to CPU 1 while a real-time task wakes there. What a task went through is
 * told by letters: R it ran, i it came back because IMMED failed, p because it was
 * preempted. Whoever comes back is kept by the policy.
 */
#include <stdio.h>
#include <string.h>

#include "support/orders.h"
#include "support/race_orders.h"

#define TO_SRC		(SCX_DSQ_LOCAL_ON | RACE_SRC)

static struct task_struct *p, *q, *rt;

struct history {
	char letters[8];
};
static struct history of_p, of_q;
static void (*plans)(enum scxtwin_op op, struct task_struct *t, u64 arg);	/* of race.h */

static void note(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	struct history *h = t && t == p ? &of_p : t && t == q ? &of_q : NULL;
	const size_t nr = h ? strlen(h->letters) : 0;
	const u32 reason = h ? t->scx.flags & SCX_TASK_REENQ_REASON_MASK : 0;

	plans(op, t, arg);
	if (!h || nr + 1 == sizeof(h->letters))
		return;
	if (op == SCXTWIN_OP_running)
		h->letters[nr] = 'R';
	else if (op == SCXTWIN_OP_enqueue && arg & SCX_ENQ_REENQ)
		h->letters[nr] = reason == SCX_TASK_REENQ_IMMED ? 'i' : reason == SCX_TASK_REENQ_PREEMPTED ? 'p' : '?';
}

static void two_tasks_and_rt(void)
{
	race_start();
	memset(&of_p, 0, sizeof(of_p));
	memset(&of_q, 0, sizeof(of_q));
	orders_keep(&of_p, sizeof(of_p));
	orders_keep(&of_q, sizeof(of_q));
	rt = lab_task("rt", .cpu = RACE_SRC, .cpus = 1 << RACE_SRC, .policy = SCHED_FIFO);
	p = race_task("p", RACE_SRC);
	q = race_task("q", RACE_SRC);
	lab_load(&race_ops);
	lab_wake(p);
	lab_wake(q);
	plans = say.look;
	say.look = note;
}

static void one_to_another_cpu(void)
{
	two_tasks_and_rt();
	race_will_insert_flags(RACE_X, p, TO_SRC, SCX_ENQ_IMMED);
}

static void two_to_another_cpu(void)
{
	one_to_another_cpu();
	race_will_insert_flags(RACE_X, q, TO_SRC, SCX_ENQ_IMMED);
}

static void two_to_the_own_cpu(void)
{
	two_tasks_and_rt();
	race_will_insert_flags(RACE_SRC, p, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	race_will_insert_flags(RACE_SRC, q, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
}

static void dispatch(void)
{
	race_go(RACE_X);
}

static void dispatch_and_wake(void)
{
	race_go(RACE_X);
	lab_wake(rt);
}

static void dispatch_there(void)
{
	race_go(RACE_SRC);
}

static void dispatch_there_and_wake(void)
{
	race_go(RACE_SRC);
	lab_wake(rt);
}

/* Nobody is left on the local queue, and who runs there runs now or came back. */
static const char *outcome(void)
{
	static char text[32];

	PROVES("IMMED-54 IMMED-60", lab_local(RACE_SRC)->nr == 0 && !cpu_rq(RACE_SRC)->scx.nr_immed);
	PROVES("IMMED-65", !rt->on_rq || lab_runs(rt));
	PROVES("IMMED-71", lab_count(SCX_EV_REENQ_IMMED) ==
	       (strchr(of_p.letters, 'i') != NULL) + (strchr(of_q.letters, 'i') != NULL));
	snprintf(text, sizeof(text), "%s,%s", of_p.letters, of_q.letters);
	return text;
}

static const struct orders all[] = {
	{ .name = "one IMMED task to an idle CPU", .setup = one_to_another_cpu, .go = dispatch, .outcome = outcome,
	  .rules = "IMMED-48", .expect = "R," },
	{ .name = "one IMMED task to a CPU where a higher class wakes", .setup = one_to_another_cpu,
	  .go = dispatch_and_wake, .outcome = outcome, .rules = "IMMED-50 IMMED-53 IMMED-67", .expect = "Rp, | i," },
	{ .name = "two IMMED tasks to an idle CPU from one dispatch", .setup = two_to_another_cpu, .go = dispatch,
	  .outcome = outcome, .rules = "IMMED-54 IMMED-29", .expect = "R,i | i,i" },
	{ .name = "two IMMED tasks to a CPU where a higher class wakes", .setup = two_to_another_cpu,
	  .go = dispatch_and_wake, .outcome = outcome, .rules = "IMMED-54 IMMED-67 IMMED-53",
	  .expect = "Rp,i | i,i" },
	{ .name = "two IMMED tasks from the own dispatch", .setup = two_to_the_own_cpu, .go = dispatch_there,
	  .outcome = outcome, .rules = "IMMED-52 IMMED-60", .expect = "R,i" },
	{ .name = "two IMMED tasks from the own dispatch where a higher class wakes", .setup = two_to_the_own_cpu,
	  .go = dispatch_there_and_wake, .outcome = outcome, .rules = "IMMED-52 IMMED-60 IMMED-53",
	  .expect = "Rp,i | ," },
};

int main(void)
{
	return orders_main(all);
}
