/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 E in every order: CPU 3 (c) takes tasks of the rq of CPU 1 from a
 * user DSQ while CPU 0 (d) changes them, CPU 2 (x) still dispatches them there,
 * or others take, move, re-enqueue them, too.
 */
#include <stdio.h>
#include <string.h>

#include "support/orders.h"
#include "support/race_orders.h"

#define RACE_C RACE_Y

static struct task_struct *p, *q;
static struct bpf_iter_scx_dsq iter;

static void on_user_dsq(void)
{
	race_start();
	orders_keep(&iter, sizeof(iter));
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	say.dsq = 0;
	race_will_consume(RACE_C, SAY_DSQ);
}

/* It comes back to where it was. */
static void always_on_user_dsq(void)
{
	on_user_dsq();
	say.dsq = SAY_DSQ;
}

static void on_user_dsq_of_the_consumer(void)
{
	on_user_dsq();
	race_will_consume(RACE_SRC, SAY_DSQ);
}

static void two_on_user_dsq(void)
{
	race_start();
	p = race_task("p", RACE_SRC);
	q = race_task("q", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	lab_wake(q);
	say.dsq = 0;
	race_will_consume(RACE_C, SAY_DSQ);
	race_will_consume(RACE_X, SAY_DSQ);
}

static void dispatched_to(u64 dsq)
{
	race_start();
	orders_keep(&iter, sizeof(iter));
	p = race_queued("p", RACE_SRC);
	race_will_insert(RACE_X, p, dsq);
	if (dsq == SAY_DSQ)
		race_will_consume(RACE_C, SAY_DSQ);
}

static void dispatched_to_user(void)
{
	dispatched_to(SAY_DSQ);
}

static void dispatched_to_user_of_the_consumer(void)
{
	dispatched_to(SAY_DSQ);
	race_will_consume(RACE_SRC, SAY_DSQ);
}

static void dispatched_to_global(void)
{
	dispatched_to(SCX_DSQ_GLOBAL);
}

static void change_and_consume(void)
{
	race_go(RACE_C);
	race_change(p);
}

static void change_and_consume_there(void)
{
	race_go(RACE_SRC);
	race_change(p);
}

static void two_consume(void)
{
	race_go(RACE_C);
	race_go(RACE_X);
}

static void change_and_two_consume(void)
{
	two_consume();
	race_change(p);
}

static void dispatch_and_consume(void)
{
	race_go(RACE_X);
	race_go(RACE_C);
}

static void dispatch_and_consume_there(void)
{
	race_go(RACE_X);
	race_go(RACE_SRC);
}

static void change_dispatch_and_consume(void)
{
	dispatch_and_consume();
	race_change(p);
}

static void reenqueue(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SAY_DSQ, 0);
}

static void dispatch_and_reenqueue(void)
{
	race_go(RACE_X);
	lab_outside(reenqueue, NULL);
}

static void move(void *arg)
{
	struct task_struct *t;

	(void)arg;
	bpf_iter_scx_dsq_new(&iter, SAY_DSQ, 0);
	t = bpf_iter_scx_dsq_next(&iter);
	if (t)
		scx_bpf_dsq_move(&iter, t, SAY_OTHER_DSQ, 0);
	bpf_iter_scx_dsq_destroy(&iter);
}

static void dispatch_and_move(void)
{
	race_go(RACE_X);
	lab_outside(move, NULL);
}

/* A cursor stands in the queue while others take from it. */
static void change_walk_and_consume(void)
{
	lab_from(RACE_X);
	lab_outside(move, NULL);
	lab_from(RACE_OUT);
	race_go(RACE_C);
	race_change(p);
}

static void nothing(struct irq_work *work)
{
	(void)work;
}

static void claim(void *arg)
{
	(void)arg;
	scx_error(scx_root, "enough");
}

static void claim_and_consume(void)
{
	scx_root->error_irq_work.fn = nothing;	/* the unloading itself is a long story */
	race_go(RACE_C);
	lab_outside(claim, NULL);
}

static bool waited(int cpu)
{
	return orders_count(.cpu = cpu, .label = "wait_ops_state", .obj = &p->scx.ops_state);
}

/* The wait of a consumer is one of its own (W5), and not that of the move (Q2 in M3). */
static bool c_waited(void)
{
	const int wait = orders_when(.cpu = RACE_C, .label = "wait_ops_state", .obj = &p->scx.ops_state);
	const int m2 = orders_when(.cpu = RACE_C, .label = "on_rq", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->on_rq);

	if (wait >= 0)
		PROVES("OPSS-30 RACE-49 RACE-52", m2 > wait);
	return wait >= 0;
}

/* The consumer had p, and lost it to d before it had the lock of p's rq. */
static bool c_lost(void)
{
	return orders_count(AT_HOLDING(RACE_C, p, YIELD_WRITE)) && race_told(p)[0] != '0' + RACE_C;
}

static const char *who_had_it(void)
{
	return c_lost() ? "44 45 c loses p" : race_told(p)[0] == '0' ? "43 d was first" : "46 c takes p";
}

static const char *consume_outcome(void)
{
	static char text[120];

	race_check(p);
	PROVES("RACE-43 RACE-44 RACE-45 OPSS-40", race_dequeues(p) == 1);
	if (race_told(p)[0] == '0')
		PROVES("RACE-43 RACE-44 RACE-53", lab_word(p) == (2ULL << 2 | SCX_OPSS_QUEUED) &&
		       task_cpu(p) == RACE_SRC);
	else
		PROVES("RACE-46 CUST-37", lab_runs(p) && task_cpu(p) == RACE_C && !race_dequeue.flags);
	PROVES("RACE-53", !lab_user_dsq(SAY_DSQ)->nr && !lab_local(RACE_C)->nr);
	snprintf(text, sizeof(text), "%s, %s", who_had_it(), race_ends(p));
	return text;
}

static const char *always_outcome(void)
{
	static char text[120];

	race_check(p);
	snprintf(text, sizeof(text), "%s, %s", who_had_it(), race_ends(p));
	return text;
}

static const char *there_outcome(void)
{
	race_check(p);
	PROVES("RACE-47", !orders_count(AT_HOLDING(RACE_SRC, p, YIELD_WRITE)));
	if (race_told(p)[0] == '1')
		PROVES("RACE-47 CUST-33", !race_dequeue.dsq_locked && race_dequeue.dsq == lab_local(RACE_SRC));
	return race_ends(p);
}

static const char *two_outcome(void)
{
	static char text[120];

	race_check(p);
	race_check(q);
	PROVES("RACE-48", lab_runs(p) && lab_runs(q) && race_dequeues(p) == 1 && race_dequeues(q) == 1);
	PROVES("RACE-48", !lab_user_dsq(SAY_DSQ)->nr);
	snprintf(text, sizeof(text), "p on %d, q on %d", task_cpu(p), task_cpu(q));
	return text;
}

static const char *two_and_change_outcome(void)
{
	static char text[120];

	race_check(p);
	race_check(q);
	PROVES("RACE-48 RACE-44", lab_runs(q) && race_dequeues(q) == 1);
	snprintf(text, sizeof(text), "p %s%s, ", c_lost() ? "44 lost by c, " : "", race_ends(p));
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "q %s", race_place(q));
	return text;
}

static const char *dispatching_outcome(void)
{
	static char text[120];

	race_check(p);
	PROVES("RACE-49", race_dequeues(p) == 0 || (race_dequeue.word == 0 && race_dequeue.cpu == RACE_C));
	snprintf(text, sizeof(text), "%s%s", c_waited() ? "49 waits, " : "", race_ends(p));
	return text;
}

static const char *dispatching_there_outcome(void)
{
	static char text[120];

	race_check(p);
	PROVES("RACE-49 OPSS-30", race_dequeues(p) == 0 || (race_dequeue.word == 0 && race_dequeue.cpu == RACE_SRC));
	snprintf(text, sizeof(text), "%s%s", waited(RACE_SRC) ? "49 waits, " : "", race_ends(p));
	return text;
}

static const char *dispatching_and_change_outcome(void)
{
	static char text[160];

	race_check(p);
	snprintf(text, sizeof(text), "x %s, d %s, %s%s", race_insert(RACE_X, p), race_dequeued(RACE_OUT, p),
		 c_waited() ? "49 c waits, " : "", race_ends(p));
	return text;
}

/* x has told the policy that p left it before anybody makes p run. */
static const char *global_outcome(void)
{
	static char text[120];

	race_check(p);
	PROVES("RACE-52", race_dequeues(p) == 1 && race_dequeue.cpu == RACE_X && lab_runs(p));
	PROVES("RACE-52", lab_saw(p, "dequeue(0x0)@2 running"));
	snprintf(text, sizeof(text), "%s%s", c_waited() ? "52 c waits, " : "", race_ends(p));
	return text;
}

static const char *reenqueue_outcome(void)
{
	static char text[120];

	race_check(p);
	PROVES("RACE-50", race_dequeues(p) == 0 && watch_entered(p) == 1);
	snprintf(text, sizeof(text), "%s%s, brand %llu", waited(RACE_OUT) ? "50 r waits, " : "", race_place(p),
		 (unsigned long long)(lab_word(p) >> 2));
	return text;
}

static const char *move_outcome(void)
{
	static char text[120];
	const bool moved = p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ);

	race_check(p);
	PROVES("RACE-51", lab_word(p) == 0 && p->scx.dsq && watch_entered(p) == 1 && !race_dequeues(p));
	snprintf(text, sizeof(text), "%s%s", waited(RACE_OUT) ? "51 m waits, " : "", moved ? "moved" : "not seen");
	return text;
}

/* The next task of the queue stays there once the end of the policy was claimed. */
static const char *claim_outcome(void)
{
	static char text[120];

	race_check(p);
	PROVES("RACE-55", scx_root->exit_kind == SCX_EXIT_ERROR);
	PROVES("RACE-55", lab_runs(p) ? !lab_user_dsq(SAY_DSQ)->nr : p->scx.dsq == lab_user_dsq(SAY_DSQ));
	snprintf(text, sizeof(text), "%s", race_ends(p));
	return text;
}

static const char *walk_outcome(void)
{
	static char text[120];

	race_check(p);
	PROVES("RACE-54", list_empty(&lab_user_dsq(SAY_DSQ)->list) && !lab_user_dsq(SAY_DSQ)->nr);
	snprintf(text, sizeof(text), "%s", race_ends(p));
	return text;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "change, consume", .rules = "RACE-43 RACE-44 RACE-45 RACE-46 RACE-53",
		  .setup = on_user_dsq, .go = change_and_consume, .outcome = consume_outcome, .expect = "43 d was first, told by 0, in custody | 44 45 c loses p, told by 0, in custody | "
			    "46 c takes p, told by 3, runs on 3" },
		{ .name = "change and back to the DSQ, consume", .rules = "RACE-43 RACE-44 RACE-45 RACE-46",
		  .setup = always_on_user_dsq, .go = change_and_consume, .outcome = always_outcome, .expect = "43 d was first, told by 0, on user DSQ | 44 45 c loses p, told by 03, runs on 3 | "
			    "46 c takes p, told by 3, runs on 3" },
		{ .name = "change, consume by the task's own CPU", .rules = "RACE-47",
		  .setup = on_user_dsq_of_the_consumer, .go = change_and_consume_there, .outcome = there_outcome, .expect = "told by 0, in custody | told by 1, runs on 1" },
		{ .name = "two consume two", .rules = "RACE-48",
		  .setup = two_on_user_dsq, .go = two_consume, .outcome = two_outcome, .expect = "p on 2, q on 3 | p on 3, q on 2" },
		{ .name = "change, two consume two", .rules = "RACE-44 RACE-48",
		  .setup = two_on_user_dsq, .go = change_and_two_consume, .outcome = two_and_change_outcome, .expect = "p 44 lost by c, told by 0, in custody, q runs on 2 | "
			    "p 44 lost by c, told by 0, in custody, q runs on 3 | "
			    "p told by 0, in custody, q runs on 2 | p told by 0, in custody, q runs on 3 | "
			    "p told by 2, runs on 2, q runs on 3 | p told by 3, runs on 3, q runs on 2" },
		{ .name = "dispatch to a user DSQ, consume", .rules = "RACE-49",
		  .setup = dispatched_to_user, .go = dispatch_and_consume, .outcome = dispatching_outcome, .expect = "49 waits, told by 3, runs on 3 | told by 3, runs on 3 | told by none, on user DSQ" },
		{ .name = "dispatch to a user DSQ, consume by the task's own CPU", .rules = "RACE-49",
		  .setup = dispatched_to_user_of_the_consumer, .go = dispatch_and_consume_there,
		  .outcome = dispatching_there_outcome, .expect = "49 waits, told by 1, runs on 1 | told by 1, runs on 1 | told by none, on user DSQ" },
		{ .name = "change, dispatch to a user DSQ, consume", .rules = "RACE-20 RACE-44 RACE-49",
		  .setup = dispatched_to_user, .go = change_dispatch_and_consume, .outcome = dispatching_and_change_outcome, .expect = "x 01 dispatched, d claims, 49 c waits, told by 03, runs on 3 | "
			    "x 01 dispatched, d claims, told by 0, on user DSQ | "
			    "x 01 dispatched, d claims, told by 03, runs on 3 | "
			    "x 02 dispatched, d claims, 49 c waits, told by 03, runs on 3 | "
			    "x 02 dispatched, d claims, told by 0, on user DSQ | "
			    "x 02 dispatched, d claims, told by 03, runs on 3 | "
			    "x 06 dropped, d claims, told by 0, in custody | "
			    "x 08 dropped, d claims, told by 0, in custody | "
			    "x 09 dropped, d claims, told by 0, in custody | "
			    "x 14 dropped, d claims, told by 0, in custody | "
			    "x 18 dropped, d claims, told by 0, in custody | "
			    "x 19 dropped, d claims, told by 0, in custody | "
			    "x dispatched, d 20 waits, told by 0, in custody | "
			    "x dispatched, d 22 loses claim, told by 0, in custody | "
			    "x dispatched, d claims, 49 c waits, told by 03, runs on 3 | "
			    "x dispatched, d claims, told by 0, on user DSQ | "
			    "x dispatched, d claims, told by 03, runs on 3 | "
			    "x dispatched, d finds NONE, 49 c waits, told by 3, runs on 3 | "
			    "x dispatched, d finds NONE, told by 0, in custody | "
			    "x dispatched, d finds NONE, told by 3, runs on 3" },
		{ .name = "dispatch to a user DSQ, re-enqueue", .rules = "RACE-50",
		  .setup = dispatched_to_user, .go = dispatch_and_reenqueue, .outcome = reenqueue_outcome, .expect = "50 r waits, in custody, brand 2 | in custody, brand 2 | on user DSQ, brand 0" },
		{ .name = "dispatch to a user DSQ, move", .rules = "RACE-51",
		  .setup = dispatched_to_user, .go = dispatch_and_move, .outcome = move_outcome, .expect = "51 m waits, moved | moved | not seen" },
		{ .name = "dispatch to the global DSQ, consume", .rules = "RACE-52",
		  .setup = dispatched_to_global, .go = dispatch_and_consume, .outcome = global_outcome, .expect = "52 c waits, told by 2, runs on 3 | told by 2, runs on 2 | told by 2, runs on 3" },
		{ .name = "change, walk and move, consume", .rules = "RACE-54",
		  .setup = on_user_dsq, .go = change_walk_and_consume, .outcome = walk_outcome, .expect = "told by 0, in custody | told by 3, runs on 3" },
		{ .name = "end of the policy, consume", .rules = "RACE-55", .may_eject = true,
		  .setup = on_user_dsq, .go = claim_and_consume, .outcome = claim_outcome, .expect = "told by 3, runs on 3 | told by none, on user DSQ" },
	};

	return orders_main(all);
}
