/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 10.8, 10.10: what holds at every step. The onlooker of support/watch.h
 * judges; here the situations are made of which the invariants speak, and it is
 * checked that the onlooker came to see them. Last come things that the port
 * itself must notice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define WORD(state, brand) ((u64)(brand) << 2 | (state))
#define REMOTE (SCX_DSQ_LOCAL_ON | RACE_Y)

static struct task_struct *p, *q;

/*
 * Two tasks live through all places and changes; what is raced against what is
 * drawn from a fixed stream. Each step is one CPU's, others are held at a drawn
 * point and released in the next round.
 */
static u32 draw(u32 below)
{
	static u64 s = 88172645463325252ULL;

	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return (u32)(s >> 32) % below;
}

static u64 any_dsq(void)
{
	static const u64 dsqs[] = { 0, SAY_DSQ, SAY_OTHER_DSQ, SCX_DSQ_GLOBAL, SCX_DSQ_LOCAL,
				    SCX_DSQ_LOCAL_ON | 1, SCX_DSQ_LOCAL_ON | 2, SCX_DSQ_LOCAL_ON | 3 };

	return dsqs[draw(8)];
}

static void act(struct task_struct *t)
{
	const int cpu = RACE_SRC + (int)draw(3);

	race_no_plans();
	say.dsq = draw(2) ? 0 : any_dsq();
	if (lab_runs(t) && draw(4))
		lab_block(t);
	lab_wake(t);
	switch (draw(4)) {
	case 0:
		race_change(t);
		break;
	case 1:
		race_dispatch(cpu, t, any_dsq() ?: SCX_DSQ_GLOBAL);
		break;
	case 2:
		race_will_consume(cpu, draw(2) ? SAY_DSQ : SAY_OTHER_DSQ);
		race_go(cpu);
		break;
	default:
		lab_set_cpus(t, draw(2) ? 0xe : 0xf);
	}
}

static void live(u32 rounds)
{
	static const enum yield_kind kinds[] = { YIELD_READ, YIELD_WRITE, YIELD_RMW, YIELD_LOCK, YIELD_UNLOCK };
	u32 i;

	race_start();
	q = race_task("q", RACE_X);
	p = race_queued("p", RACE_SRC);
	for (i = 0; i < rounds; i++) {
		struct lab_hold *h = NULL;

		/* The lab has 16 holds for its life. */
		if (i % (rounds / 15 + 1) == 0)
			h = lab_hold(.cpu = RACE_SRC + (int)draw(3), .label = "", .skip = draw(12),
				     .kinds = LAB_KIND(kinds[draw(5)]));
		act(draw(2) ? p : q);
		act(draw(2) ? p : q);
		if (h)
			lab_release(h);
		lab_run(1 * MS);
	}
}

static void opss_inv_all_hold_at_every_step_of_a_wild_life(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 20; i++) {
		live(30);
		PROVES("OPSS-39 OPSS-40 OPSS-41 OPSS-42 OPSS-43", scx_loaded() && scx_root->exit_kind == SCX_EXIT_NONE);
		PROVES("CUST-43 CUST-14", watch_entered(p) - watch_left(p) <= 1 && watch_entered(q) - watch_left(q) <= 1);
		PROVES("CUST-43", (watch_entered(p) > watch_left(p)) == !!(p->scx.flags & SCX_TASK_IN_CUSTODY));
		PROVES("CUST-09 CUST-07", watch_left(p) + watch_left(q) == race_dequeue.nr);
		assert_int_equal(race_stop(NULL), 0);
	}
	race_start(); /* for the teardown */
}

static void opss_inv_01_words_without_brand(void **state)
{
	(void)state;
	live(12);
	race_dispatch(RACE_X, p, SAY_DSQ);
	PROVES("OPSS-INV-01", watch_saw(WATCH_NONE) && watch_saw(WATCH_DISPATCHING));
}

static void opss_inv_02_03_queued(void **state)
{
	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	race_change(p);
	PROVES("OPSS-INV-02 OPSS-INV-03", watch_saw(WATCH_QUEUED));
	PROVES("OPSS-INV-02", !p->scx.dsq && list_empty(&p->scx.dsq_list.node) && p->scx.flags & SCX_TASK_QUEUED);
	PROVES("OPSS-INV-02", p->scx.runnable_node.next == &cpu_rq(RACE_SRC)->scx.runnable_list);
	PROVES("OPSS-INV-03", p->scx.flags & SCX_TASK_IN_CUSTODY);
}

static void look_at_marker(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	const struct rq *rq = this_rq();

	(void)arg;
	if (op == SCXTWIN_OP_enqueue) {
		PROVES("OPSS-INV-04", task_rq(t)->__lock.owner == current_ctx() && (lab_word(t) & 3) == SCX_OPSS_QUEUEING);
		PROVES("OPSS-INV-04 OPSS-INV-12", rq->scx.direct_dispatch_task == t);
		scx_bpf_dsq_insert(t, SAY_DSQ, MS, 0);
		PROVES("OPSS-INV-04", rq->scx.direct_dispatch_task == SCX_DDSP_POISON);
	} else if (op == SCXTWIN_OP_select_cpu) {
		PROVES("OPSS-INV-12", rq->scx.direct_dispatch_task == t);
	} else {
		PROVES("OPSS-INV-12", !rq->scx.direct_dispatch_task);
	}
}

static void opss_inv_04_12_the_marker_stands_for_the_task_being_enqueued(void **state)
{
	(void)state;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.look = look_at_marker;
	lab_wake(p);
	race_change(p);
	PROVES("OPSS-INV-04", watch_saw(WATCH_QUEUEING) && watch_saw(WATCH_IN_ENQUEUE_OP));
	PROVES("OPSS-INV-12", watch_saw(WATCH_MARKER));
}

static void opss_inv_05_13_in_the_hands_of_a_dancing_cpu(void **state)
{
	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	race_dispatch(RACE_X, p, REMOTE);
	PROVES("OPSS-INV-05 OPSS-INV-13", watch_saw(WATCH_HOLDING) && task_cpu(p) == RACE_Y);
}

/* Steps N6 and T3 of 10.7 leave room for a consumer, which cannot go on before T3. */
static void opss_inv_05_consumer_between_link_and_end_of_queueing(void **state)
{
	struct lab_hold *t3;

	(void)state;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SAY_DSQ;
	t3 = lab_hold(AT_STORE_WORD(RACE_OUT, p), .skip = 1);
	lab_wake(p);
	assert_true(lab_held(t3) && p->scx.dsq == lab_user_dsq(SAY_DSQ));
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	PROVES("OPSS-INV-05", p->scx.holding_cpu == RACE_Y && lab_word(p) == WORD(SCX_OPSS_QUEUEING, 1));
	PROVES("OPSS-INV-05 OPSS-INV-07", lab_waits(RACE_Y, "rq") && list_empty(&p->scx.dsq_list.node));
	lab_release(t3);
	PROVES("OPSS-INV-05", lab_called(p, "select_cpu runnable enqueue dequeue(0x0)@3 running@3"));
}

static void opss_inv_06_07_dsq_pointer_and_link(void **state)
{
	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	race_dispatch(RACE_X, p, SAY_DSQ);
	PROVES("OPSS-INV-06", watch_saw(WATCH_ON_DSQ) || p->scx.dsq == lab_user_dsq(SAY_DSQ));
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	PROVES("OPSS-INV-06", watch_saw(WATCH_ON_DSQ));
	PROVES("OPSS-INV-07", watch_saw(WATCH_HOLDING_CONSUMER));
}

static void opss_inv_08_deferred_list(void **state)
{
	(void)state;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = REMOTE;
	lab_wake(p);
	PROVES("OPSS-INV-08", watch_saw(WATCH_DEFERRED) && task_cpu(p) == RACE_Y);
}

static void opss_inv_09_11_internal_migration(void **state)
{
	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	race_will_insert_flags(RACE_X, p, REMOTE, SCX_ENQ_PREEMPT);
	race_go(RACE_X);
	PROVES("OPSS-INV-09", watch_saw(WATCH_STICKY) && p->scx.sticky_cpu == -1);
	PROVES("OPSS-INV-11", watch_saw(WATCH_STASH) && !cpu_rq(RACE_Y)->scx.remote_activate_enq_flags);
}

static void opss_inv_10_current_task(void **state)
{
	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	race_dispatch(RACE_SRC, p, SCX_DSQ_LOCAL);
	race_change(p);
	lab_run(2 * MS);
	PROVES("OPSS-INV-10", lab_runs(p) && watch_saw(WATCH_CURRENT));
	PROVES("OPSS-INV-10", lab_word(p) == 0 && !p->scx.dsq && list_empty(&p->scx.runnable_node));
}

static void opss_inv_15_number_of_tasks_on_a_dsq(void **state)
{
	(void)state;
	live(20);
	PROVES("OPSS-INV-15", watch_saw(WATCH_DSQS));
}

/* ---- the port notices itself */

static void call_dequeue_from(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_runnable)
		call_task_dequeue(scx_root, task_rq(t), t, 0);
}

static void opss_inv_14_task_callback_inside_a_task_callback_warns(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	say.look = call_dequeue_from;
	lab_by_hand();
	lab_expect_warn("kf_tasks[0]");
	lab_wake(p);
	PROVES("OPSS-INV-14 CUST-36", lab_called(p, "select_cpu runnable dequeue enqueue"));
}

static void opss_inv_14_dequeue_inside_dispatch_is_fine(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	say.dsq = SAY_DSQ;
	say.pull = SAY_DSQ;
	lab_wake(p);
	/* move_to_local is logged when it is over: the callback ran inside. */
	PROVES("OPSS-INV-14 CUST-36", lab_happened(NULL, "... dispatch(1,-) p:dequeue(0x0)@1 .dsq_move_to_local@1 ..."));
}

static void opss_44_with_a_root_scheduler_all_tasks_are_its_own(void **state)
{
	(void)state;
	live(20);
	PROVES("OPSS-44", lab_count(SCX_EV_INSERT_NOT_OWNED) == 0 && watch_transitions(NULL, WATCH_T5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(opss_inv_all_hold_at_every_step_of_a_wild_life, race_stop),
		cmocka_unit_test_teardown(opss_inv_01_words_without_brand, race_stop),
		cmocka_unit_test_teardown(opss_inv_02_03_queued, race_stop),
		cmocka_unit_test_teardown(opss_inv_04_12_the_marker_stands_for_the_task_being_enqueued, race_stop),
		cmocka_unit_test_teardown(opss_inv_05_13_in_the_hands_of_a_dancing_cpu, race_stop),
		cmocka_unit_test_teardown(opss_inv_05_consumer_between_link_and_end_of_queueing, race_stop),
		cmocka_unit_test_teardown(opss_inv_06_07_dsq_pointer_and_link, race_stop),
		cmocka_unit_test_teardown(opss_inv_08_deferred_list, race_stop),
		cmocka_unit_test_teardown(opss_inv_09_11_internal_migration, race_stop),
		cmocka_unit_test_teardown(opss_inv_10_current_task, race_stop),
		cmocka_unit_test_teardown(opss_inv_15_number_of_tasks_on_a_dsq, race_stop),
		SAY_TEST(opss_inv_14_task_callback_inside_a_task_callback_warns),
		SAY_TEST(opss_inv_14_dequeue_inside_dispatch_is_fine),
		cmocka_unit_test_teardown(opss_44_with_a_root_scheduler_all_tasks_are_its_own, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
