/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Chapter 13 in every order: what an iteration, a peek and the order of a user DSQ
 * show while others insert, take and change. CPU 0 looks; a and b are of the rqs
 * of CPUs 1 and 2, c is in the hands of the policy; CPU 3 takes.
 */
#include <stdio.h>
#include <string.h>

#include "machine/chooser.h"
#include "support/fate.h"
#include "support/orders.h"

static struct task_struct *a, *b, *c;
static struct scx_dispatch_q *user;

/* Tasks in the order in which they were seen. */
static struct {
	struct bpf_iter_scx_dsq it;
	struct task_struct *seen[8];
	u32 nr;
	u64 flags;
} looker;

static void put_on(struct task_struct *p, u64 dsq)
{
	say.dsq = dsq;
	lab_wake(p);
}

static void begin(u64 flags)
{
	race_start();
	a = race_task("a", RACE_SRC);
	b = race_task("b", RACE_X);
	c = race_task("c", RACE_SRC);
	lab_load(&race_ops);
	put_on(a, SAY_DSQ);
	put_on(b, SAY_DSQ);
	put_on(c, 0);
	say.dsq = SAY_DSQ;
	user = lab_user_dsq(SAY_DSQ);
	BUG_ON(user->nr != 2);
	memset(&looker, 0, sizeof(looker));
	looker.flags = flags;
	orders_keep(&looker, sizeof(looker));
	fate_start();
	fate_of(a);
	fate_of(b);
	fate_of(c);
	lab_forget();
}

static void with_two(void)
{
	begin(0);
}

static void with_two_backwards(void)
{
	begin(SCX_DSQ_ITER_REV);
}

static void with_two_and_an_insert(void)
{
	begin(0);
	race_will_insert(RACE_Y, c, SAY_DSQ);
}

static void with_two_backwards_and_an_insert(void)
{
	begin(SCX_DSQ_ITER_REV);
	race_will_insert(RACE_Y, c, SAY_DSQ);
}

static void with_two_and_a_head_insert(void)
{
	begin(0);
	race_will_insert_flags(RACE_Y, c, SAY_DSQ, SCX_ENQ_HEAD);
}

static void with_two_to_consume(void)
{
	begin(0);
	race_will_consume(RACE_Y, SAY_DSQ);
}

static void with_two_backwards_to_consume(void)
{
	begin(SCX_DSQ_ITER_REV);
	race_will_consume(RACE_Y, SAY_DSQ);
}

/* ---- what is begun */

static void iterate(void *arg)
{
	struct task_struct *p;

	(void)arg;
	step_touches(&looker);
	if (bpf_iter_scx_dsq_new(&looker.it, SAY_DSQ, looker.flags))
		return;
	while ((p = bpf_iter_scx_dsq_next(&looker.it)) && looker.nr < 8)
		looker.seen[looker.nr++] = p;
	bpf_iter_scx_dsq_destroy(&looker.it);
}

static void iterate_and_dispatch(void)
{
	lab_outside(iterate, NULL);
	race_go(RACE_Y);
}

static void iterate_and_change(void)
{
	lab_outside(iterate, NULL);
	lab_from(RACE_Y);
	race_change(a);
	lab_from(RACE_OUT);
}

static void iterate_consume_and_change(void)
{
	iterate_and_dispatch();
	lab_from(RACE_X);
	race_change(b);
	lab_from(RACE_OUT);
}

static void peek(void *arg)
{
	(void)arg;
	step_touches(&looker);
	looker.seen[looker.nr++] = scx_bpf_dsq_peek(SAY_DSQ);
}

static void peek_and_dispatch(void)
{
	lab_outside(peek, NULL);
	race_go(RACE_Y);
}

static void peek_and_change(void)
{
	lab_outside(peek, NULL);
	lab_from(RACE_Y);
	race_change(a);
	lab_from(RACE_OUT);
}

/* ---- what came of it */

static const char *seen(void)
{
	static char text[80];
	size_t len = 0;
	u32 i;

	for (i = 0; i < looker.nr; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len ? " " : "",
					looker.seen[i] ? looker.seen[i]->comm : "nobody");
	return len ? text : "nobody";
}

static u32 times_seen(const struct task_struct *p)
{
	u32 i, nr = 0;

	for (i = 0; i < looker.nr; i++)
		nr += looker.seen[i] == p;
	return nr;
}

/* No gap and no doubt about the order: newer tasks lie behind older ones. */
static void order_is_kept(void)
{
	struct task_struct *p, *first = NULL;
	u32 nr = 0, last = 0;

	list_for_each_entry(p, &user->list, scx.dsq_list.node) {
		PROVES("DSQ-36", !nr || (s32)(p->scx.dsq_seq - last) > 0);
		last = p->scx.dsq_seq;
		first = first ? first : p;
		nr++;
	}
	PROVES("DSQ-43 DSQ-44", user->nr == nr && user->first_task == first);
}

static const char *outcome(void)
{
	static char text[240];

	PROVES("DSQ-87", list_empty(&looker.it.cursor.node) && !looker.it.dsq);
	/* What stayed was seen once, and nobody was seen twice. */
	PROVES("DSQ-84", times_seen(a) <= 1 && times_seen(b) <= 1 && times_seen(c) <= 1);
	PROVES("DSQ-84 DSQ-82", times_seen(a) || !lab_saw(a, ""));
	PROVES("DSQ-84 DSQ-82", times_seen(b) || !lab_saw(b, ""));
	order_is_kept();
	snprintf(text, sizeof(text), "saw %s; %s", seen(), fates());
	return text;
}

/* In front of all others, and in the iteration only if it came before that began. */
static const char *head_outcome(void)
{
	PROVES("DSQ-42", user->first_task == c && user->nr == 3);
	PROVES("DSQ-80 DSQ-84", times_seen(a) == 1 && times_seen(b) == 1 && times_seen(c) <= 1);
	return seen();
}

static const char *peek_outcome(void)
{
	static char text[160];

	order_is_kept();
	snprintf(text, sizeof(text), "saw %s; %s", seen(), fates());
	return text;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "iteration against insert", .rules = "DSQ-75 DSQ-80 DSQ-84",
		  .setup = with_two_and_an_insert, .go = iterate_and_dispatch, .outcome = outcome,
		  .expect = "saw a b; nothing | saw a b c; nothing" },
		{ .name = "iteration backwards against insert", .rules = "DSQ-75 DSQ-80 DSQ-84",
		  .setup = with_two_backwards_and_an_insert, .go = iterate_and_dispatch, .outcome = outcome,
		  .expect = "saw b a; nothing | saw c b a; nothing" },
		{ .name = "iteration against insert at the head", .rules = "DSQ-42 DSQ-80",
		  .setup = with_two_and_a_head_insert, .go = iterate_and_dispatch, .outcome = head_outcome,
		  .expect = "a b | c a b" },
		{ .name = "iteration against consume", .rules = "DSQ-82 DSQ-84 DSQ-89",
		  .setup = with_two_to_consume, .go = iterate_and_dispatch, .outcome = outcome,
		  .expect = "saw a b; a left runs | saw b; a left runs" },
		{ .name = "iteration backwards against consume", .rules = "DSQ-82 DSQ-84 DSQ-89",
		  .setup = with_two_backwards_to_consume, .go = iterate_and_dispatch, .outcome = outcome,
		  .expect = "saw b a; a left runs | saw b; a left runs" },
		{ .name = "iteration against change", .rules = "DSQ-81 DSQ-82",
		  .setup = with_two, .go = iterate_and_change, .outcome = outcome,
		  .expect = "saw a b; a changed queued | saw b; a changed queued | saw b a; a changed queued" },
		{ .name = "iteration backwards against change", .rules = "DSQ-81 DSQ-82",
		  .setup = with_two_backwards, .go = iterate_and_change, .outcome = outcome,
		  .expect = "saw b a; a changed queued | saw b; a changed queued | saw a b; a changed queued" },
		{ .name = "iteration against consume and change", .rules = "DSQ-81 DSQ-82 DSQ-84",
		  .setup = with_two_to_consume, .go = iterate_consume_and_change, .outcome = outcome,
		  .expect = "saw a b; a left runs, b changed queued | "
			    "saw a; a left runs, b changed queued | saw b; a left runs, b changed queued | "
			    "saw nobody; a left runs, b changed queued" },
		{ .name = "peek against consume", .rules = "DSQ-44",
		  .setup = with_two_to_consume, .go = peek_and_dispatch, .outcome = peek_outcome,
		  .expect = "saw a; a left runs | saw b; a left runs" },
		{ .name = "peek against change", .rules = "DSQ-43 DSQ-44",
		  .setup = with_two, .go = peek_and_change, .outcome = peek_outcome,
		  .expect = "saw a; a changed queued | saw b; a changed queued" },
	};

	return orders_main(all);
}
