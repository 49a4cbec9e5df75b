/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 10.6: holding_cpu, sticky_cpu and on_rq, which decide the races of the lock dances. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define WORD(state, brand) ((u64)(brand) << 2 | (state))
#define REMOTE (SCX_DSQ_LOCAL_ON | RACE_Y)

static struct task_struct *p;

static void queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
}

static void on_user_dsq(void)
{
	queued();
	race_dispatch(RACE_X, p, SAY_DSQ);
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));
	lab_forget();
}

static struct lab_hold *x_at(struct lab_hold *point, u64 dsq)
{
	race_dispatch(RACE_X, p, dsq);
	assert_true(lab_held(point));
	return point;
}

static struct lab_hold *y_consumes_to(struct lab_hold *point)
{
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	assert_true(lab_held(point));
	return point;
}

static void opss_31_dance_writes_its_cpu_before_it_lets_the_word_go(void **state)
{
	struct lab_hold *l1;

	(void)state;
	queued();
	l1 = x_at(lab_hold(AT_HOLDING(RACE_X, p, YIELD_WRITE)), REMOTE);
	PROVES("OPSS-31", lab_word(p) == SCX_OPSS_DISPATCHING && p->scx.holding_cpu == -1);
	{
		struct lab_hold *l2 = lab_hold(AT_STORE_WORD(RACE_X, p));

		lab_release(l1);
		PROVES("OPSS-31", lab_held(l2) && p->scx.holding_cpu == RACE_X);
		lab_release(l2);
	}
}

static void opss_31_consumer_writes_its_cpu_before_it_drops_the_dsq(void **state)
{
	struct lab_hold *c6;

	(void)state;
	on_user_dsq();
	c6 = y_consumes_to(lab_hold(AT_UNLOCK_DSQ(RACE_Y, lab_user_dsq(SAY_DSQ))));
	PROVES("OPSS-31", p->scx.holding_cpu == RACE_Y && list_empty(&p->scx.dsq_list.node));
	PROVES("OPSS-31 OPSS-33", p->scx.dsq == lab_user_dsq(SAY_DSQ));
	lab_release(c6);
	PROVES("OPSS-31", lab_called(p, "dequeue(0x0)@3 running@3"));
}

static void opss_32_dequeue_takes_a_task_off_the_deferred_list(void **state)
{
	struct lab_hold *w;

	(void)state;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	lab_wake(p);
	/* The change enqueues with a deferred verdict; its irq work is kept from running. */
	say.dsq = REMOTE;
	w = lab_hold(AT_LOCK_RQ(RACE_SRC, RACE_SRC));
	race_change(p);
	assert_true(lab_held(w));
	PROVES("OPSS-32 OPSS-INV-08", !p->scx.dsq && !list_empty(&p->scx.dsq_list.node) &&
	       watch_saw(WATCH_DEFERRED));
	PROVES("OPSS-32", p->scx.ddsp_dsq_id == REMOTE);
	say.dsq = 0;
	lab_forget();
	race_change(p);
	PROVES("OPSS-32 RACE-63", list_empty(&p->scx.dsq_list.node) && p->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	PROVES("OPSS-32 RACE-63", list_empty(&cpu_rq(RACE_SRC)->scx.ddsp_deferred_locals));
	PROVES("RACE-63 CUST-19", lab_called(p, "quiescent set_weight runnable enqueue"));
	lab_release(w);
	PROVES("RACE-63", lab_word(p) == WORD(2, 3) && !p->scx.dsq && lab_called(p, ""));
}

/* What scx_dispatch_dequeue() does alone; the rest is put right afterwards. */
static void dispatch_dequeue(void *arg)
{
	struct task_struct *task = arg;
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(task, &rf);

	scx_dispatch_dequeue(rq, task);
	task_rq_unlock(rq, task, &rf);
}

static void opss_33_takes_the_lock_of_a_dsq_that_has_one(void **state)
{
	struct lab_hold *d;

	(void)state;
	on_user_dsq();
	d = lab_hold(AT_LOCK_DSQ(RACE_OUT, lab_user_dsq(SAY_DSQ)));
	lab_outside(dispatch_dequeue, p);
	PROVES("OPSS-33", lab_held(d) && p->scx.dsq == lab_user_dsq(SAY_DSQ));
	lab_release(d);
	PROVES("OPSS-33", !p->scx.dsq && list_empty(&p->scx.dsq_list.node) && !lab_user_dsq(SAY_DSQ)->nr);
	race_change(p);
}

static void opss_33_takes_no_lock_for_a_local_dsq(void **state)
{
	struct lab_hold *pick, *d;

	(void)state;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SCX_DSQ_LOCAL;
	pick = lab_hold(AT_LOCK_RQ(RACE_SRC, RACE_SRC));
	lab_wake(p);
	assert_true(lab_held(pick) && p->scx.dsq == lab_local(RACE_SRC));
	d = lab_hold(.cpu = RACE_OUT, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_LOCK));
	lab_outside(dispatch_dequeue, p);
	PROVES("OPSS-33", !lab_held(d) && !p->scx.dsq && !lab_local(RACE_SRC)->nr);
	race_change(p);
	lab_release(pick);
}

static void opss_33_a_consumer_in_flight_only_loses_its_number(void **state)
{
	struct lab_hold *c7;

	(void)state;
	on_user_dsq();
	c7 = y_consumes_to(lab_hold(AT_LOCK_RQ(RACE_Y, RACE_SRC)));
	PROVES("OPSS-INV-07", p->scx.holding_cpu == RACE_Y && p->scx.dsq && list_empty(&p->scx.dsq_list.node));
	lab_outside(dispatch_dequeue, p);
	PROVES("OPSS-33", p->scx.holding_cpu == -1 && !p->scx.dsq && !lab_user_dsq(SAY_DSQ)->nr);
	lab_release(c7);
	PROVES("OPSS-34", lab_called(p, "") && task_cpu(p) == RACE_SRC);
	race_change(p);
}

static void opss_33_a_linked_task_in_flight_warns(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	lab_by_hand();
	p->scx.holding_cpu = 0;
	lab_expect_warn("dsq_list.node");
	lab_outside(dispatch_dequeue, p);
	PROVES("OPSS-33", p->scx.holding_cpu == -1 && !p->scx.dsq);
	/* Back to where it is still linked. */
	p->scx.dsq = lab_user_dsq(SAY_DSQ);
}

static void opss_34_another_rq_alone_warns_and_counts_as_lost(void **state)
{
	struct lab_hold *l4;

	(void)state;
	lab_start(.cpus = 4, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = RACE_SRC);
	lab_load(&say_ops);
	lab_wake(p);
	lab_forget();
	say.give = p;
	say.give_dsq = REMOTE;
	l4 = lab_hold(AT_HOLDING(RACE_X, p, YIELD_READ), .skip = 1);
	lab_from(RACE_X);
	lab_kick(RACE_X, 0);
	lab_from(RACE_OUT);
	assert_true(lab_held(l4));
	lab_by_hand();
	p->cpu = RACE_Y;
	lab_expect_warn("src_rq != task_rq(p)");
	lab_release(l4);
	p->cpu = RACE_SRC;
	PROVES("OPSS-34", lab_called(p, "") && !p->scx.dsq && p->scx.holding_cpu == RACE_X);
	lab_set_nice(p, 1);
	PROVES("OPSS-34", lab_called(p, "dequeue quiescent set_weight runnable enqueue"));
}

/* The lock dance is one stretch without interrupts. */
static void opss_35_the_dance_is_not_preemptible(void **state)
{
	struct lab_hold *l3b;
	const struct ctx *ctx;

	(void)state;
	queued();
	l3b = x_at(lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC)), REMOTE);
	ctx = mcpu(RACE_X)->ctx;
	PROVES("OPSS-35", ctx->irqs_off);
	/* Neither by an interrupt nor by another dispatch of this CPU. */
	race_go(RACE_X);
	lab_run(5 * MS);
	PROVES("OPSS-35", lab_held(l3b) && p->scx.holding_cpu == RACE_X && lab_called(p, ""));
	lab_release(l3b);
	PROVES("OPSS-35", task_cpu(p) == RACE_Y);
}

static void opss_36_sticky_cpu_is_set_before_migrating_begins(void **state)
{
	struct lab_hold *m2, *arrival;

	(void)state;
	queued();
	m2 = x_at(lab_hold(.cpu = RACE_X, .label = "on_rq", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->on_rq), REMOTE);
	PROVES("OPSS-36", p->scx.sticky_cpu == RACE_Y && p->on_rq == TASK_ON_RQ_QUEUED);
	/* The first shared write of the arrival: QUEUED. */
	arrival = lab_hold(.cpu = RACE_X, .label = "runnable_cpu", .kinds = LAB_KIND(YIELD_WRITE), .skip = 1);
	lab_release(m2);
	assert_true(lab_held(arrival));
	PROVES("OPSS-36", p->scx.sticky_cpu == -1 && p->on_rq == TASK_ON_RQ_MIGRATING);
	PROVES("OPSS-36", task_cpu(p) == RACE_Y && !(p->scx.flags & SCX_TASK_QUEUED));
	lab_release(arrival);
	PROVES("OPSS-36", watch_saw(WATCH_STICKY));
}

static void lock_by_task(void *arg)
{
	struct rq *rq;
	u64 flags;

	(void)arg;
	raw_spin_lock_irqsave(&core_of(p)->pi_lock, flags);
	rq = __task_rq_lock(p);
	PROVES("OPSS-37", rq == cpu_rq(RACE_Y) && p->on_rq != TASK_ON_RQ_MIGRATING);
	__task_rq_unlock(rq, p);
	raw_spin_unlock_irqrestore(&core_of(p)->pi_lock, flags);
}

static void opss_37_lookup_by_task_waits_for_the_end_of_a_migration(void **state)
{
	struct lab_hold *m5b;

	(void)state;
	queued();
	m5b = x_at(lab_hold(AT_LOCK_RQ(RACE_X, RACE_Y)), REMOTE);
	assert_int_equal(p->on_rq, TASK_ON_RQ_MIGRATING);
	lab_outside(lock_by_task, NULL);
	PROVES("OPSS-37", lab_waits(RACE_OUT, "migrating"));
	PROVES("OPSS-37", !cpu_rq(RACE_Y)->__lock.owner && !cpu_rq(RACE_SRC)->__lock.owner);
	lab_release(m5b);
	PROVES("OPSS-37", !lab_waits(RACE_OUT, "") && task_cpu(p) == RACE_Y);
}

static void opss_38_no_runnable_list_has_a_migrating_task(void **state)
{
	struct lab_hold *m5b;
	int cpu;

	(void)state;
	queued();
	m5b = x_at(lab_hold(AT_LOCK_RQ(RACE_X, RACE_Y)), REMOTE);
	assert_int_equal(p->on_rq, TASK_ON_RQ_MIGRATING);
	PROVES("OPSS-38", list_empty(&p->scx.runnable_node));
	for (cpu = 0; cpu < 4; cpu++)
		PROVES("OPSS-38", list_empty(&cpu_rq(cpu)->scx.runnable_list));
	lab_release(m5b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(opss_31_dance_writes_its_cpu_before_it_lets_the_word_go, race_stop),
		cmocka_unit_test_teardown(opss_31_consumer_writes_its_cpu_before_it_drops_the_dsq, race_stop),
		cmocka_unit_test_teardown(opss_32_dequeue_takes_a_task_off_the_deferred_list, race_stop),
		cmocka_unit_test_teardown(opss_33_takes_the_lock_of_a_dsq_that_has_one, race_stop),
		cmocka_unit_test_teardown(opss_33_takes_no_lock_for_a_local_dsq, race_stop),
		cmocka_unit_test_teardown(opss_33_a_consumer_in_flight_only_loses_its_number, race_stop),
		SAY_TEST(opss_33_a_linked_task_in_flight_warns),
		SAY_TEST(opss_34_another_rq_alone_warns_and_counts_as_lost),
		cmocka_unit_test_teardown(opss_35_the_dance_is_not_preemptible, race_stop),
		cmocka_unit_test_teardown(opss_36_sticky_cpu_is_set_before_migrating_begins, race_stop),
		cmocka_unit_test_teardown(opss_37_lookup_by_task_waits_for_the_end_of_a_migration, race_stop),
		cmocka_unit_test_teardown(opss_38_no_runnable_list_has_a_migrating_task, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
