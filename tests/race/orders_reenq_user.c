/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 16.6 in every order: the walk of a user DSQ, asked for by CPU 3, against
 * what others do meanwhile with the DSQ and the tasks on it. CPU 0 is the
 * outside, a and b are of the rqs of CPUs 1 and 2.
 */
#include <stdio.h>
#include <string.h>

#include "machine/chooser.h"
#include "support/fate.h"
#include "support/orders.h"

#define WALKER RACE_Y

static struct task_struct *a, *b;
static struct scx_dispatch_q *user;

/* Whom the walk visits goes to the other user DSQ. */
static void begin(void)
{
	race_start();
	a = race_task("a", RACE_SRC);
	b = race_task("b", RACE_X);
	lab_load(&race_ops);
	user = lab_user_dsq(SAY_DSQ);
	say.reenq_dsq = SAY_OTHER_DSQ;
}

static void follow(void)
{
	fate_start();
	fate_of(a);
	fate_of(b);
	walks_follow(user);
}

static void on_user_dsq(struct task_struct *p)
{
	say.dsq = SAY_DSQ;
	lab_wake(p);
	BUG_ON(p->scx.dsq != user);
}

static void with_a(void)
{
	begin();
	on_user_dsq(a);
	follow();
}

static void with_both(void)
{
	begin();
	on_user_dsq(a);
	on_user_dsq(b);
	follow();
}

static void with_both_in_batches(void)
{
	with_both();
	scx_limits()->task_iter_batch = 1;
}

/* Whom the walk visits goes back to where it was. */
static void with_a_that_comes_back(void)
{
	with_a();
	say.reenq_dsq = 0;
}

static void with_a_to_consume(void)
{
	with_a();
	race_will_consume(RACE_X, SAY_DSQ);
}

static void with_both_to_consume(void)
{
	with_both();
	race_will_consume(RACE_X, SAY_DSQ);
}

/* In the hands of the policy, which is about to insert it. */
static void with_a_to_insert(void)
{
	begin();
	lab_wake(a);
	BUG_ON(a->scx.dsq);
	follow();
	race_will_insert(RACE_X, a, SAY_DSQ);
}

/* ---- what is begun */

static void ask(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SAY_DSQ, 0);
}

static void ask_from(int cpu)
{
	lab_from(cpu);
	lab_outside(ask, NULL);
	lab_from(RACE_OUT);
}

static void walk_and_change(void)
{
	ask_from(WALKER);
	race_change(a);
}

static void walk_and_migrate(void)
{
	ask_from(WALKER);
	lab_set_cpus(a, 1 << RACE_X);
}

static void walk_and_dispatch(void)
{
	ask_from(WALKER);
	race_go(RACE_X);
}

static void two_walks(void)
{
	ask_from(WALKER);
	ask_from(RACE_X);
}

static void walk_change_and_consume(void)
{
	ask_from(WALKER);
	race_change(a);
	race_go(RACE_X);
}

static void two_walks_and_change(void)
{
	two_walks();
	race_change(a);
}

static void two_requests(void)
{
	ask_from(WALKER);
	ask_from(WALKER);
}

static struct bpf_iter_scx_dsq it;

static void move_first_to_global(void *arg)
{
	struct task_struct *p;

	(void)arg;
	step_touches(&it);
	if (bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0))
		return;
	p = bpf_iter_scx_dsq_next(&it);
	if (p)
		scx_bpf_dsq_move(&it, p, SCX_DSQ_GLOBAL, 0);
	bpf_iter_scx_dsq_destroy(&it);
}

static void with_a_to_move(void)
{
	with_a();
	orders_keep(&it, sizeof(it));
}

static void walk_and_move(void)
{
	ask_from(WALKER);
	lab_from(RACE_OUT);
	lab_outside(move_first_to_global, NULL);
}

static void walk_and_bypass(void)
{
	ask_from(WALKER);
	lab_bypass(true);
}

/* ---- what came of it */

static bool waited(int cpu, const struct task_struct *p)
{
	return orders_count(.cpu = cpu, .label = "wait_ops_state", .obj = &p->scx.ops_state);
}

/* It could not have the lock of a's rq at once and let go of the DSQ. */
static bool walker_let_go(void)
{
	return orders_count(.cpu = WALKER, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK),
			    .obj = &cpu_rq(RACE_SRC)->__lock);
}

static const char *outcome(void)
{
	static char text[200];

	walks_skipped_nobody();
	PROVES("REENQ-60", list_empty(&cpu_rq(WALKER)->scx.deferred_reenq_users));
	PROVES("REENQ-70", list_empty(&user->list) || user->nr);
	snprintf(text, sizeof(text), "%s%s", walker_let_go() ? "waited: " : "", fates());
	return text;
}

static const char *insert_outcome(void)
{
	walks_skipped_nobody();
	PROVES("RACE-50 REENQ-67", (lab_word(a) & 3) == SCX_OPSS_NONE && a->scx.flags & SCX_TASK_IN_CUSTODY);
	PROVES("RACE-50 REENQ-75", race_dequeue.nr == 0);
	if (a->scx.dsq == user)
		return strcmp(fates(), "nothing") ? NULL : "inserted behind the walk";
	PROVES("RACE-50 REENQ-76", a->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ) && !strcmp(fates(), "a walked"));
	return waited(WALKER, a) ? "walked after a wait" : "walked";
}

static const char *number_outcome(void)
{
	walks_skipped_nobody();
	PROVES("REENQ-23", a->scx.dsq == user && a->scx.reenq_cnt == walks_begun());
	return walks_begun() == 1 ? "one walk" : walks_begun() == 2 ? "two walks" : NULL;
}

/* The walk may have stopped before it came to one (REENQ-62), which bypass then took. */
static const char *bypass_outcome(void)
{
	return fates();
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "walk against change", .rules = "REENQ-65 REENQ-80",
		  .setup = with_a, .go = walk_and_change, .outcome = outcome,
		  .expect = "a walked changed queued | a changed queued | waited: a changed queued | "
			    "a changed queued walked | waited: a changed queued walked" },
		{ .name = "walk of two against change", .rules = "REENQ-65 REENQ-80",
		  .setup = with_both, .go = walk_and_change, .outcome = outcome,
		  .expect = "a walked changed queued, b walked | a changed queued, b walked | "
			    "waited: a changed queued, b walked | a changed queued walked, b walked | "
			    "waited: a changed queued walked, b walked" },
		{ .name = "walk in batches against change", .rules = "REENQ-69",
		  .setup = with_both_in_batches, .go = walk_and_change, .outcome = outcome,
		  .expect = "a walked changed queued, b walked | a changed queued, b walked | "
			    "waited: a changed queued, b walked | a changed queued walked, b walked | "
			    "waited: a changed queued walked, b walked" },
		{ .name = "walk against change, back to the same DSQ", .rules = "REENQ-61",
		  .setup = with_a_that_comes_back, .go = walk_and_change, .outcome = outcome,
		  .expect = "a walked changed queued | a changed queued | waited: a changed queued | "
			    "a changed queued walked | waited: a changed queued walked" },
		{ .name = "walk against migration", .rules = "REENQ-65",
		  .setup = with_a, .go = walk_and_migrate, .outcome = outcome,
		  .expect = "a walked changed queued changed queued | a changed queued changed queued | "
			    "waited: a changed queued changed queued | "
			    "a changed queued changed queued walked" },
		{ .name = "walk against consume", .rules = "REENQ-65",
		  .setup = with_a_to_consume, .go = walk_and_dispatch, .outcome = outcome,
		  .expect = "a walked | a left runs" },
		{ .name = "walk of two against consume", .rules = "REENQ-65",
		  .setup = with_both_to_consume, .go = walk_and_dispatch, .outcome = outcome,
		  .expect = "a walked, b walked | a walked, b left runs | a left runs, b walked" },
		{ .name = "walk against insert", .rules = "RACE-50 REENQ-67",
		  .setup = with_a_to_insert, .go = walk_and_dispatch, .outcome = insert_outcome,
		  .expect = "inserted behind the walk | walked | walked after a wait" },
		{ .name = "walk against move", .rules = "REENQ-65",
		  .setup = with_a_to_move, .go = walk_and_move, .outcome = outcome,
		  .expect = "a walked | a left | waited: a left" },
		{ .name = "two walks", .rules = "REENQ-24",
		  .setup = with_a, .go = two_walks, .outcome = outcome, .expect = "a walked" },
		{ .name = "two walks of two", .rules = "REENQ-24",
		  .setup = with_both, .go = two_walks, .outcome = outcome, .expect = "a walked, b walked" },
		{ .name = "two walks, back to the same DSQ", .rules = "REENQ-24 REENQ-61",
		  .setup = with_a_that_comes_back, .go = two_walks, .outcome = outcome,
		  .expect = "a walked walked | a walked | waited: a walked walked" },
		{ .name = "walk against change and consume", .rules = "REENQ-61 REENQ-65",
		  .setup = with_a_to_consume, .go = walk_change_and_consume, .outcome = outcome,
		  .expect = "a walked changed queued left runs | a walked changed queued | "
			    "waited: a changed queued left runs | waited: a changed queued | "
			    "a changed queued left runs | a changed queued | a left runs stops runs | "
			    "a changed queued walked | waited: a changed queued walked" },
		{ .name = "walk of two against change and consume", .rules = "REENQ-61 REENQ-65",
		  .setup = with_both_to_consume, .go = walk_change_and_consume, .outcome = outcome,
		  .expect = "a walked changed queued left runs, b walked | "
			    "a walked changed queued, b walked | a walked changed queued, b left runs | "
			    "waited: a changed queued left runs, b walked | "
			    "waited: a changed queued, b left runs | a changed queued left runs, b walked | "
			    "a changed queued, b left runs | a changed queued, b walked | "
			    "a left runs stops runs, b walked | a changed queued walked, b walked | "
			    "a changed queued walked, b left runs | "
			    "waited: a changed queued walked, b walked | "
			    "waited: a changed queued walked, b left runs" },
		{ .name = "two walks against change", .rules = "REENQ-61 REENQ-65",
		  .setup = with_both, .go = two_walks_and_change, .outcome = outcome,
		  .expect = "a walked changed queued, b walked | a walked changed queued walked, b walked | "
			    "waited: a changed queued walked, b walked | "
			    "waited: a changed queued, b walked | a changed queued, b walked | "
			    "a changed queued walked, b walked | "
			    "waited: a walked changed queued walked, b walked" },
		{ .name = "two requests", .rules = "REENQ-23",
		  .setup = with_a_that_comes_back, .go = two_requests, .outcome = number_outcome,
		  .expect = "two walks | one walk" },
		{ .name = "walk against bypass", .rules = "REENQ-62",
		  .setup = with_both, .go = walk_and_bypass, .outcome = bypass_outcome,
		  .expect = "a walked changed runs, b walked changed runs | "
			    "a walked changed runs, b changed runs | a changed runs, b changed runs" },
	};

	return orders_main(all);
}
