/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.9 H and 16.9 in every order: the destruction of a user DSQ by CPU 0
 * against those who are about to use it. p is of the rq of CPU 1, x is CPU 2.
 */
#include <stdio.h>
#include <string.h>

#include "machine/chooser.h"
#include "support/fate.h"
#include "support/orders.h"

static struct task_struct *p;
static struct scx_dispatch_q *user;	/* may be poison at the end */
static struct scx_deferred_reenq_user *request;

static void begin(void)
{
	race_start(.cpus = 3);
	p = race_queued("p", RACE_SRC);
	race_freeze_exits();
	user = lab_user_dsq(SAY_DSQ);
	fate_start();
	fate_of(p);
}

static void with_p_to_insert(void)
{
	begin();
	race_will_insert(RACE_X, p, SAY_DSQ);
}

static void destroy(void *arg)
{
	(void)arg;
	scx_bpf_destroy_dsq(SAY_DSQ);
}

static void create(void *arg)
{
	(void)arg;
	scx_bpf_create_dsq(SAY_DSQ, -1);
}

static void destroy_and_create(void *arg)
{
	destroy(arg);
	create(arg);
}

static void destroy_from(int cpu)
{
	lab_from(cpu);
	lab_outside(destroy, NULL);
	lab_from(RACE_OUT);
}

static void insert_and_destroy(void)
{
	race_go(RACE_X);
	destroy_from(RACE_OUT);
}

static void insert_and_recreate(void)
{
	race_go(RACE_X);
	lab_outside(destroy_and_create, NULL);
}

static void two_destroyers(void)
{
	destroy_from(RACE_OUT);
	destroy_from(RACE_X);
}

/* ---- outcomes */

static const char *insert_outcome(void)
{
	if (race_ejected("attempting to destroy in-use dsq 0x0000000000000001 (nr=1)"))
		return "70 insert first";
	/* x put it on the global DSQ, which ended custody; nobody else does. */
	PROVES("OPSS-40 CUST-12", race_dequeue.nr == 1 && !race_dequeue.flags && race_dequeue.cpu == RACE_X);
	PROVES("RACE-68 RACE-69", race_dequeue.dsq == race_global());
	if (race_ejected("attempting to dispatch to a destroyed dsq"))
		return "68 destroyed before the lock";
	return race_ejected("non-existent DSQ 0x1") ? "69 destroyed before the lookup" : NULL;
}

static const char *recreate_outcome(void)
{
	if (!scx_root->exit_kind) {
		PROVES("RACE-73", p->scx.dsq == lab_user_dsq(SAY_DSQ) && p->scx.dsq != user);
		return "into the new one";
	}
	return insert_outcome();
}

static const char *destroyers_outcome(void)
{
	PROVES("RACE-71", !lab_user_dsq(SAY_DSQ) && list_empty(&scx_state()->dsqs_to_free));
	PROVES("RACE-71", (lab_word(p) & 3) == SCX_OPSS_QUEUED);
	return orders_count(AT_LOCK_DSQ(RACE_OUT, user)) && orders_count(AT_LOCK_DSQ(RACE_X, user)) ?
	       "both locked it" : "one found it";
}

/* ---- RACE-72: an iteration is parked on it */

static struct {
	struct bpf_iter_scx_dsq it;
	struct task_struct *first, *second;
	bool new_failed;
} iteration;

static void iterate(void *arg)
{
	(void)arg;
	step_touches(&iteration);
	iteration.new_failed = bpf_iter_scx_dsq_new(&iteration.it, SAY_DSQ, 0);
	iteration.first = bpf_iter_scx_dsq_next(&iteration.it);
	iteration.second = bpf_iter_scx_dsq_next(&iteration.it);
	bpf_iter_scx_dsq_destroy(&iteration.it);
}

/* p waits on it and is taken by CPU 0, which destroys it then. */
static void with_p_on_it(void)
{
	race_start(.cpus = 3);
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	user = lab_user_dsq(SAY_DSQ);
	memset(&iteration, 0, sizeof(iteration));
	orders_keep(&iteration, sizeof(iteration));
	fate_start();
	fate_of(p);
}

static void (*next_look)(enum scxtwin_op op, struct task_struct *t, u64 arg);

static void destroy_once_empty(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	if (op == SCXTWIN_OP_running && t == p)
		scx_bpf_destroy_dsq(SAY_DSQ);
	next_look(op, t, arg);
}

static void with_p_to_consume(void)
{
	with_p_on_it();
	race_will_consume(RACE_X, SAY_DSQ);
	next_look = say.look;
	say.look = destroy_once_empty;
}

static void iterate_and_consume(void)
{
	lab_outside(iterate, NULL);
	race_go(RACE_X);
}

static const char *iterate_outcome(void)
{
	PROVES("RACE-72", !iteration.second && !iteration.it.dsq && list_empty(&iteration.it.cursor.node));
	PROVES("RACE-72", lab_runs(p) && !lab_user_dsq(SAY_DSQ) && list_empty(&scx_state()->dsqs_to_free));
	return iteration.new_failed ? "not found" : iteration.first ? "p found" : "found empty";
}

/* ---- RACE-74: requests to re-enqueue */

static void ask(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SAY_DSQ, 0);
}

/* The entries of requests are there, and stay where they are. */
static void empty(void)
{
	begin();
	lab_from(RACE_X);
	lab_outside(ask, NULL);
	lab_from(RACE_OUT);
	request = &user->reenq_users[RACE_X];
	walks_follow(user);
}

static void ask_and_destroy(void)
{
	lab_from(RACE_X);
	lab_outside(ask, NULL);
	lab_from(RACE_OUT);
	destroy_from(RACE_OUT);
}

static u32 lists(int cpu)
{
	return orders_count(.cpu = cpu, .label = "deferred_reenq->node", .kinds = LAB_KIND(YIELD_WRITE), .obj = &request->node);
}

static const char *request_outcome(void)
{
	PROVES("REENQ-92 REENQ-93", list_empty(&cpu_rq(RACE_X)->scx.deferred_reenq_users));
	if (scx_root->exit_kind)
		return race_ejected("non-existent DSQ 0x1") ? "asked too late" : NULL;
	PROVES("RACE-74", !lab_user_dsq(SAY_DSQ) && list_empty(&scx_state()->dsqs_to_free));
	PROVES("RACE-74", lists(RACE_X) <= 2 && lists(RACE_OUT) == 1);
	if (!lists(RACE_X))
		return "refused";
	if (lists(RACE_X) == 1)
		return "swept";
	return walks_begun() ? "walked" : "ignored";
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "destroy against insert", .rules = "RACE-68 RACE-69 RACE-70 REENQ-94",
		  .setup = with_p_to_insert, .go = insert_and_destroy, .outcome = insert_outcome,
		  .expect = "70 insert first | 68 destroyed before the lock | 69 destroyed before the lookup" },
		{ .name = "destroy and create against insert", .rules = "RACE-73",
		  .setup = with_p_to_insert, .go = insert_and_recreate, .outcome = recreate_outcome,
		  .expect = "70 insert first | 68 destroyed before the lock | into the new one | "
			    "69 destroyed before the lookup" },
		{ .name = "two destroyers", .rules = "RACE-71",
		  .setup = begin, .go = two_destroyers, .outcome = destroyers_outcome,
		  .expect = "one found it | both locked it" },
		{ .name = "destroy against iteration", .rules = "RACE-72",
		  .setup = with_p_to_consume, .go = iterate_and_consume, .outcome = iterate_outcome,
		  .expect = "p found | found empty | not found" },
		{ .name = "destroy against request", .rules = "RACE-74 REENQ-19 REENQ-60 REENQ-92 REENQ-93",
		  .setup = empty, .go = ask_and_destroy, .outcome = request_outcome,
		  .expect = "walked | ignored | swept | refused | asked too late" },
	};

	return orders_main(all);
}
