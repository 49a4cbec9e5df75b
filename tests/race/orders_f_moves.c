/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 F in every order: scx_bpf_dsq_move() by CPU 0 (m) of p, which waits on
 * a user DSQ and is of the rq of CPU 1, against changes by CPU 2 and consumption
 * by CPU 3.
 */
#include <stdio.h>
#include <string.h>

#include "machine/chooser.h"
#include "support/fate.h"
#include "support/orders.h"

#define CONSUMER RACE_Y
#define OVERRIDES (__SCX_DSQ_ITER_HAS_SLICE | __SCX_DSQ_ITER_HAS_VTIME)

static struct task_struct *p, *q, *rt;
static struct scx_dispatch_q *user, *other_dsq;

/* What m does and what it was told. */
static struct {
	struct bpf_iter_scx_dsq it;
	u64 to;
	bool found, moved, overrides_left, done;
} m;

static void iterate_and_move(void *arg)
{
	struct task_struct *t;

	(void)arg;
	step_touches(&m);
	bpf_iter_scx_dsq_new(&m.it, SAY_DSQ, 0);
	t = bpf_iter_scx_dsq_next(&m.it);
	if (t) {
		m.found = true;
		scx_bpf_dsq_move_set_slice(&m.it, 1 * MS);
		m.moved = scx_bpf_dsq_move(&m.it, t, m.to, 0);
		m.overrides_left = m.it.cursor.flags & OVERRIDES;
	}
	bpf_iter_scx_dsq_destroy(&m.it);
	m.done = true;
}

static void begin(u64 to, const struct lab_step *steps)
{
	race_start();
	p = lab_task("p", .cpu = RACE_SRC, .steps = steps, .repeat = true);
	lab_load(&race_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	user = lab_user_dsq(SAY_DSQ);
	other_dsq = lab_user_dsq(SAY_OTHER_DSQ);
	BUG_ON(p->scx.dsq != user);
	memset(&m, 0, sizeof(m));
	m.to = to;
	orders_keep(&m, sizeof(m));
	race_will_consume(CONSUMER, SAY_DSQ);
	fate_start();
	fate_of(p);
}

static void to_user(void)
{
	begin(SAY_OTHER_DSQ, NULL);
}

static void to_global(void)
{
	begin(SCX_DSQ_GLOBAL, NULL);
}

static void to_own_local(void)
{
	begin(SCX_DSQ_LOCAL_ON | RACE_SRC, NULL);
}

static void to_remote_local(void)
{
	begin(SCX_DSQ_LOCAL_ON | RACE_X, NULL);
}

/* p sleeps as soon as it runs. */
static void to_user_of_a_sleeper(void)
{
	begin(SAY_OTHER_DSQ, STEPS(BLOCK));
}

static void move(void)
{
	lab_outside(iterate_and_move, NULL);
}

static void move_and_change(void)
{
	move();
	lab_from(RACE_X);
	race_change(p);
	lab_from(RACE_OUT);
}

static void move_and_consume(void)
{
	move();
	race_go(CONSUMER);
}

static void move_consume_and_change(void)
{
	move_and_change();
	race_go(CONSUMER);
}

static void move_consume_and_wake(void)
{
	move_and_consume();
	lab_from(RACE_X);
	lab_wake(p);
	lab_from(RACE_OUT);
}

/* ---- what came of it */

static const char *name_of_move(void)
{
	return !m.found ? "found none" : m.moved ? "moved" : "lost";
}

static const char *outcome(void)
{
	static char text[200];

	PROVES("RACE-56 RACE-57 RACE-59", m.done && !m.overrides_left && list_empty(&m.it.cursor.node));
	PROVES("RACE-56 RACE-57", m.moved || p->scx.slice != 1 * MS);
	PROVES("OPSS-34", p->scx.holding_cpu == -1);
	snprintf(text, sizeof(text), "%s: %s", name_of_move(), fates());
	return text;
}

/* The other user DSQ has it if it was moved there and nobody took it since. */
static const char *outcome_to_user(void)
{
	PROVES("DSQ-90 RACE-57", other_dsq->nr <= m.moved);
	return outcome();
}

/* ---- RACE-62: from ops.dispatch() */

static void (*next_look)(enum scxtwin_op op, struct task_struct *t, u64 arg);

static void move_from_dispatch(enum scxtwin_op op, struct task_struct *t, u64 cpu)
{
	if (op == SCXTWIN_OP_dispatch && cpu == RACE_X && !m.done)
		iterate_and_move(NULL);
	next_look(op, t, cpu);
}

/* CPU 2 runs q, and rt can only run there. */
static void from_dispatch(void)
{
	race_start(.cpus = 3);
	p = race_task("p", RACE_SRC);
	q = race_task("q", RACE_X);
	rt = lab_task("rt", .cpu = RACE_X, .cpus = 1 << RACE_X, .policy = SCHED_FIFO);
	lab_load(&race_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(q);
	q->scx.slice = 0;
	user = lab_user_dsq(SAY_DSQ);
	memset(&m, 0, sizeof(m));
	m.to = SAY_OTHER_DSQ;
	orders_keep(&m, sizeof(m));
	next_look = say.look;
	say.look = move_from_dispatch;
	fate_start();
	fate_of(p);
	fate_of(q);
}

static void dispatch_and_wake_rt(void)
{
	race_go(RACE_X);
	lab_wake(rt);
}

static const char *from_dispatch_outcome(void)
{
	PROVES("RACE-62", lab_runs(rt) && m.moved == m.done);
	PROVES("RACE-62", p->scx.dsq == (m.moved ? lab_user_dsq(SAY_OTHER_DSQ) : user));
	if (!m.moved)
		return "rt came first";
	/* In the gap: q did not get a new slice as the last one there is, the pick was tried again. */
	return !strcmp(fates(), "q stops queued") ? "rt came in the gap" :
	       !strcmp(fates(), "q stops") ? "rt came behind the pick" : NULL;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "move to a user DSQ against change", .rules = "RACE-57 RACE-58 RACE-59",
		  .setup = to_user, .go = move_and_change, .outcome = outcome_to_user,
		  .expect = "moved: p changed queued | lost: p changed queued | found none: p changed queued" },
		{ .name = "move to the global DSQ against change", .rules = "RACE-58 RACE-59",
		  .setup = to_global, .go = move_and_change, .outcome = outcome,
		  .expect = "moved: p left queued | lost: p changed queued | found none: p changed queued | "
			    "moved: p changed queued left" },
		{ .name = "move to the own local DSQ against change", .rules = "RACE-58 RACE-59",
		  .setup = to_own_local, .go = move_and_change, .outcome = outcome,
		  .expect = "moved: p left queued | moved: p left runs stops runs | "
			    "lost: p changed queued | found none: p changed queued | "
			    "moved: p changed queued left runs" },
		{ .name = "move to a remote local DSQ against change", .rules = "RACE-58 RACE-59",
		  .setup = to_remote_local, .go = move_and_change, .outcome = outcome,
		  .expect = "moved: p left queued | moved: p left runs stops runs | "
			    "lost: p changed queued | found none: p changed queued | "
			    "moved: p changed queued left runs" },
		{ .name = "move to a user DSQ against consume", .rules = "RACE-56",
		  .setup = to_user, .go = move_and_consume, .outcome = outcome_to_user,
		  .expect = "moved: nothing | lost: p left runs | found none: p left runs" },
		{ .name = "move to a remote local DSQ against consume", .rules = "RACE-56",
		  .setup = to_remote_local, .go = move_and_consume, .outcome = outcome,
		  .expect = "moved: p left runs | lost: p left runs | found none: p left runs" },
		{ .name = "move against consume and change", .rules = "RACE-56 RACE-57 RACE-59",
		  .setup = to_user, .go = move_consume_and_change, .outcome = outcome_to_user,
		  .expect = "moved: p changed queued left runs | moved: p changed queued | "
			    "lost: p left runs stops runs | lost: p changed queued left runs | "
			    "lost: p changed queued | found none: p changed queued left runs | "
			    "found none: p changed queued | found none: p left runs stops runs" },
		{ .name = "move against consume and return from another rq", .rules = "RACE-60 RACE-61",
		  .setup = to_user_of_a_sleeper, .go = move_consume_and_wake, .outcome = outcome_to_user,
		  .expect = "moved: nothing | lost: p left runs stops slept queued | "
			    "lost: p left runs stops slept | found none: p left runs stops slept queued | "
			    "found none: p left runs stops slept | moved: p left runs stops slept queued" },
		{ .name = "move from ops.dispatch() against a real-time wakeup", .rules = "RACE-62",
		  .setup = from_dispatch, .go = dispatch_and_wake_rt, .outcome = from_dispatch_outcome,
		  .expect = "rt came behind the pick | rt came in the gap | rt came first" },
	};

	return orders_main(all);
}
