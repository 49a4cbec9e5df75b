/* SPDX-License-Identifier: GPL-2.0-only */
/* The stale decision and where the change may come in: spec 17.1, 17.2, race tests R1 to R7 of 17.5. */
#include "cookie_rig.h"

#define MOVED "dequeue(0x20000000a)@2 enqueue(0xa)@2"	/* what the change does to a waiting task */

static const enum way ways[] = { PLAIN, COOKIE, TOKEN };
#define NR_WAYS 3

/* The change, which takes CPU 0 away from p, comes while CPU 0 stands at the point. */
static void change_at(enum way way, struct lab_hold *point, u64 dsq)
{
	give(way, dsq);
	assert_true(lab_held(point));
	confine(p, HOME);
	lab_release(point);
}

/* ---- what goes wrong without it */

static void cook_01_a_stale_decision_ejects_the_scheduler(void **state UNUSED)
{
	start(RUN_EXPLORED);
	change_at(PLAIN, lab_hold(AT_W1), SCX_DSQ_LOCAL_ON | GIVER);
	assert_true(given.fits);		/* when it looked */
	PROVES("COOK-01", lab_exited(SCX_EXIT_ERROR, "SCX_DSQ_LOCAL[_ON] target CPU 0 not allowed for p"));
	PROVES("COOK-01", scx_last_exit()->kind == 1024 && !scx_loaded());
	PROVES("COOK-01", lab_called(p, MOVED " dequeue(0x0)@0"));
}

/* In the moment of the error: p went to the global DSQ of its node, and nothing was counted. */
static void cook_01_the_task_falls_back_to_the_global_dsq(void **state UNUSED)
{
	struct lab_hold *unlock;

	start(RUN_EXPLORED);
	unlock = lab_hold(AT_UNLOCK_DSQ(GIVER, race_global()));
	change_at(PLAIN, lab_hold(AT_W1), SCX_DSQ_LOCAL_ON | GIVER);
	assert_true(lab_held(unlock));
	PROVES("COOK-01", p->scx.dsq == race_global() && scx_root->exit_kind == SCX_EXIT_ERROR);
	PROVES("COOK-01", no_counter_moved() && lab_word(p) == SCX_OPSS_NONE);
	lab_release(unlock);
	assert_true(lab_exited(SCX_EXIT_ERROR, "not allowed"));
}

static void do_migrate_disable(void *arg UNUSED)
{
	migrate_disable();
}

static void do_migrate_enable(void *arg UNUSED)
{
	migrate_enable();
}

static void cook_02_migration_disabled_comes_first(void **state UNUSED)
{
	turn_ops.flags |= SCX_OPS_ENQ_MIGRATION_DISABLED | SCX_OPS_ENQ_LAST;
	start(RUN_TIMED);
	given.way = PLAIN;
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(p, 1);
	assert_true(lab_runs(p));
	lab_do(p, do_migrate_disable, NULL);
	say.dsq = 0;
	lab_yield(p);				/* back into the policy's hands, pinned to CPU 1 */
	assert_true(WAITS_AS(p, 3));
	lab_set_cpus(p, 1ULL << HOME);
	give(PLAIN, SCX_DSQ_LOCAL_ON | GIVER);
	PROVES("COOK-02", lab_exited(SCX_EXIT_ERROR, "cannot move migration disabled p"));
	lab_do(p, do_migrate_enable, NULL);
}

static void cook_03_a_cpu_that_is_offline_is_no_error(void **state UNUSED)
{
	turn_ops.cpu_offline = say_cpu_offline;
	turn_ops.cpu_online = say_cpu_online;
	start(RUN_TIMED);
	lab_offline(OTHER);
	lab_forget();
	give(PLAIN, SCX_DSQ_LOCAL_ON | OTHER);
	PROVES("COOK-03", lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE) == 1);
	PROVES("COOK-03", scx_loaded() && (p->scx.dsq == race_global() || lab_runs(p)));
}

static void cook_04_the_own_rq_is_not_tested(void **state UNUSED)
{
	start(RUN_TIMED);
	lab_by_hand();
	p->cpus_ptr = cpumask_intern(cpumask_of(OTHER));	/* behind everybody's back: not its own CPU */
	given.slice = 5 * MS;
	give(PLAIN, SCX_DSQ_LOCAL_ON | HOME);
	PROVES("COOK-04", scx_loaded() && lab_runs(p) && task_cpu(p) == HOME);
}

static void pull(struct task_struct *prev UNUSED)
{
	scx_bpf_dsq_move_to_local(SAY_DSQ, 0);
}

static void cook_05_other_dsqs_are_not_tested_and_strand_the_task(void **state UNUSED)
{
	start(RUN_EXPLORED);
	change_at(PLAIN, lab_hold(AT_W1), SAY_DSQ);
	PROVES("COOK-05", p->scx.dsq == lab_user_dsq(SAY_DSQ) && scx_loaded());
	do_turn(GIVER, pull);
	PROVES("COOK-05", p->scx.dsq == lab_user_dsq(SAY_DSQ));	/* if only CPU 0 looks there, for ever */
	do_turn(HOME, pull);
	PROVES("COOK-05", lab_runs(p));
	lab_stop(NULL);

	start(RUN_EXPLORED);
	change_at(PLAIN, lab_hold(AT_W1), SCX_DSQ_GLOBAL);
	PROVES("COOK-05", scx_loaded() && task_cpu(p) == HOME);
}

/* ---- what 7.3 has against it */

static void cook_06_another_brand_at_the_flush(void **state UNUSED)
{
	start(RUN_EXPLORED);
	p->scx.slice = 3 * MS;
	change_at(PLAIN, lab_hold(AT_W2), SCX_DSQ_LOCAL_ON | GIVER);
	PROVES("COOK-06", WAITS_AS(p, 2) && !p->scx.dsq && p->scx.slice == 3 * MS);
	PROVES("COOK-06", no_counter_moved() && lab_called(p, MOVED) && scx_loaded());
}

static void cook_07_no_brand_at_the_flush(void **state UNUSED)
{
	struct lab_hold *w2, *there;

	start(RUN_EXPLORED);
	w2 = lab_hold(AT_W2);
	give(PLAIN, SAY_DSQ);
	assert_true(lab_held(w2));
	lab_release(w2);
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));	/* if nothing comes in between */
	lab_stop(NULL);

	for (int i = 0; i < 2; i++) {
		start(RUN_EXPLORED);
		w2 = lab_hold(AT_W2);
		give(PLAIN, SAY_DSQ);
		assert_true(lab_held(w2));
		there = lab_hold(AT_STORE_WORD(OTHER, p));
		given.dsq = SAY_OTHER_DSQ;
		do_turn(OTHER, probe_and_insert);
		assert_true(lab_held(there));
		assert_int_equal(lab_word(p), SCX_OPSS_DISPATCHING);
		if (i)
			lab_release(there);	/* NONE by now */
		lab_release(w2);
		PROVES("COOK-07", p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ) && !lab_user_dsq(SAY_DSQ)->nr);
		if (!i)
			lab_release(there);
		PROVES("COOK-07", p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ) && no_counter_moved());
		lab_stop(NULL);
	}
}

static void cook_08_inside_ops_enqueue_it_is_waited_for(void **state UNUSED)
{
	struct lab_hold *w2, *in_enqueue;

	start(RUN_EXPLORED);
	w2 = lab_hold(AT_W2);
	give(PLAIN, SCX_DSQ_LOCAL);
	in_enqueue = lab_hold(AT_OP(CHANGER, "enqueue"));
	confine(p, HOME);
	assert_true(lab_held(in_enqueue) && (lab_word(p) & 3) == SCX_OPSS_QUEUEING);
	lab_release(w2);
	PROVES("COOK-08", lab_waits(GIVER, "wait_ops_state"));
	lab_release(in_enqueue);
	PROVES("COOK-08", !lab_waits(GIVER, "") && WAITS_AS(p, 2) && scx_loaded());
}

/* ---- what schedulers can do against it */

static bool cancelled;

static void insert_and_probe(struct task_struct *prev UNUSED)
{
	scx_bpf_now();
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | GIVER, 0, 0);
	cancelled = !bpf_cpumask_test_cpu(GIVER, p->cpus_ptr);
	if (cancelled)
		scx_bpf_dispatch_cancel();
}

static void cook_09_first_insert_then_look(void **state UNUSED)
{
	struct lab_hold *point;

	start(RUN_EXPLORED);
	point = lab_hold(AT_W1);
	do_turn(GIVER, insert_and_probe);
	confine(p, HOME);
	lab_release(point);
	PROVES("COOK-09", cancelled && WAITS_AS(p, 2) && scx_loaded());
	lab_stop(NULL);

	start(RUN_EXPLORED);
	point = lab_hold(AT_W2);
	do_turn(GIVER, insert_and_probe);
	assert_false(cancelled);
	confine(p, HOME);
	lab_release(point);
	PROVES("COOK-09", WAITS_AS(p, 2) && scx_loaded());
}

static raw_spinlock_t queue_lock;
static bool is_queued;

static void take_off_under_lock(struct task_struct *t, u64 flags UNUSED)
{
	u64 irq;

	raw_spin_lock_irqsave(&queue_lock, irq);
	if (t == p)
		is_queued = false;
	raw_spin_unlock_irqrestore(&queue_lock, irq);
}

static void insert_under_lock(struct task_struct *prev)
{
	u64 irq;

	raw_spin_lock_irqsave(&queue_lock, irq);
	if (is_queued) {
		is_queued = false;
		probe_and_insert(prev);
	}
	raw_spin_unlock_irqrestore(&queue_lock, irq);
}

/* The change has to wait with its dequeue until the insert has its brand, which it then makes stale. */
static void cook_10_ops_dequeue_takes_the_lock_of_the_queue(void **state UNUSED)
{
	struct lab_hold *w1;

	turn_ops.dequeue = take_off_under_lock;
	start(RUN_EXPLORED);
	raw_spin_lock_init(&queue_lock, LOCK_CLASS_LEAF, 0, "policy_queue");
	is_queued = true;
	given.dsq = SCX_DSQ_LOCAL_ON | GIVER;
	w1 = lab_hold(AT_W1);
	do_turn(GIVER, insert_under_lock);
	assert_true(lab_held(w1));
	confine(p, HOME);
	PROVES("COOK-10", lab_waits(CHANGER, "policy_queue") && lab_word(p) == SCX_OPSS_NONE);
	lab_release(w1);
	PROVES("COOK-10", given.fits && WAITS_AS(p, 2) && scx_loaded());
	lab_stop(NULL);

	/* The other way round the scheduler does not get hold of p. */
	start(RUN_EXPLORED);
	raw_spin_lock_init(&queue_lock, LOCK_CLASS_LEAF, 0, "policy_queue");
	is_queued = true;
	given.dsq = SCX_DSQ_LOCAL_ON | GIVER;
	confine(p, HOME);
	do_turn(GIVER, insert_under_lock);
	PROVES("COOK-10", !given.fits && !given.returned && WAITS_AS(p, 2));
}

/* ---- the windows, in all three ways */

static void r1_change_between_look_and_insert(void **state UNUSED)
{
	int i;

	for (i = 1; i < NR_WAYS; i++) {
		start(RUN_EXPLORED);
		change_at(ways[i], lab_hold(AT_W1), SCX_DSQ_LOCAL_ON | GIVER);
		PROVES("COOK-21 COOK-22 COOK-63", given.fits && given.returned && scx_loaded());
		PROVES("COOK-21 COOK-22", WAITS_AS(p, 2) && !p->scx.dsq && no_counter_moved());
		PROVES("COOK-21", lab_called(p, MOVED));
		lab_stop(NULL);
	}
}

/* p must leave its CPU, too: two more brands. */
static void r1_change_that_moves_the_task(void **state UNUSED)
{
	struct lab_hold *w1;
	int i;

	for (i = 1; i < NR_WAYS; i++) {
		start(RUN_EXPLORED);
		w1 = lab_hold(AT_W1);
		give(ways[i], SCX_DSQ_LOCAL_ON | GIVER);
		confine(p, OTHER);
		lab_release(w1);
		PROVES("COOK-21 COOK-42", WAITS_AS(p, 3) && task_cpu(p) == OTHER && scx_loaded());
		PROVES("COOK-42", lab_called(p, MOVED " dequeue(0x200000008)@2 enqueue(0x40000)@2"));
		lab_stop(NULL);
	}
}

static void r2_change_between_insert_and_flush(void **state UNUSED)
{
	int i;

	for (i = 0; i < NR_WAYS; i++) {
		start(RUN_EXPLORED);
		change_at(ways[i], lab_hold(AT_W2), SCX_DSQ_LOCAL_ON | GIVER);
		PROVES("COOK-06 COOK-21 COOK-63", WAITS_AS(p, 2) && !p->scx.dsq && scx_loaded());
		lab_stop(NULL);
	}
}

static void r3_change_behind_the_claim(void **state UNUSED)
{
	struct lab_hold *w3, *w4;
	int i;

	for (i = 0; i < NR_WAYS; i++) {
		start(RUN_EXPLORED);
		w3 = lab_hold(AT_W3);
		give(ways[i], SCX_DSQ_LOCAL_ON | GIVER);
		assert_true(lab_held(w3) && lab_word(p) == SCX_OPSS_DISPATCHING);
		confine(p, HOME);
		PROVES("COOK-63", lab_waits(CHANGER, "wait_ops_state"));
		w4 = lab_hold(AT_W4);
		lab_release(w3);
		lab_release(w4);
		/* As in W4: it holds the lock of the source. */
		PROVES("COOK-63", WAITS_AS(p, 2) && !p->scx.dsq && scx_loaded() && p->scx.holding_cpu == -1);
		lab_stop(NULL);
	}
}

static void r4_change_behind_the_end_of_dispatching(void **state UNUSED)
{
	int i;

	for (i = 0; i < NR_WAYS; i++) {
		start(RUN_EXPLORED);
		change_at(ways[i], lab_hold(AT_W4), SCX_DSQ_LOCAL_ON | GIVER);
		PROVES("COOK-63", WAITS_AS(p, 2) && !p->scx.dsq && scx_loaded() && p->scx.holding_cpu == -1);
		lab_stop(NULL);
	}
}

static void r5_change_of_a_task_on_the_local_dsq(void **state UNUSED)
{
	struct task_struct *busy;
	int i;

	for (i = 0; i < NR_WAYS; i++) {
		start(RUN_EXPLORED);
		say.dsq = SCX_DSQ_LOCAL;
		say.slice = SCX_SLICE_INF;
		busy = lab_task("busy", .cpu = OTHER, .cpus = 1 << OTHER, .awake = true);
		assert_true(lab_runs(busy));
		say.dsq = 0;
		lab_forget();
		given.slice = i == PLAIN ? 5 * MS : 0;
		give(ways[i], SCX_DSQ_LOCAL_ON | OTHER);
		assert_ptr_equal(p->scx.dsq, lab_local(OTHER));
		confine(p, HOME);
		PROVES("COOK-63", WAITS_AS(p, 3) && task_cpu(p) == HOME && !lab_local(OTHER)->nr && scx_loaded());
		lab_stop(NULL);
	}
}

static void r6_no_change(void **state UNUSED)
{
	int i;

	for (i = 0; i < NR_WAYS; i++) {
		start(RUN_EXPLORED);
		given.slice = i == PLAIN ? 5 * MS : 0;
		give(ways[i], SCX_DSQ_LOCAL_ON | GIVER);
		PROVES("COOK-13 COOK-18 COOK-52", lab_runs(p) && task_cpu(p) == GIVER && given.returned);
		lab_stop(NULL);
	}
}

/* What the cookie costs: it voids what was still right, and the scheduler has to dispatch again. */
static void r7_change_that_would_not_have_mattered(void **state UNUSED)
{
	struct lab_hold *w1;
	int i;

	for (i = 0; i < NR_WAYS; i++) {
		start(RUN_EXPLORED);
		given.slice = i == PLAIN ? 5 * MS : 0;
		w1 = lab_hold(AT_W1);
		give(ways[i], SCX_DSQ_LOCAL_ON | GIVER);
		lab_set_cpus(p, 1 << GIVER | 1 << HOME);
		lab_release(w1);
		if (i == PLAIN) {
			PROVES("COOK-41", lab_runs(p) && task_cpu(p) == GIVER);
		} else {
			PROVES("COOK-41", WAITS_AS(p, 2) && scx_loaded());
			give(ways[i], SCX_DSQ_LOCAL_ON | GIVER);
			PROVES("COOK-41", lab_runs(p) && task_cpu(p) == GIVER);
		}
		lab_stop(NULL);
	}
}

/* ---- where others can come in */

static void give_both(struct task_struct *prev UNUSED)
{
	scx_bpf_dsq_insert_with_cookie(p, SAY_DSQ, 0, scx_bpf_task_get_cookie(p));
	scx_bpf_dsq_insert_with_cookie(q, SAY_DSQ, 0, scx_bpf_task_get_cookie(q));
}

static void cook_63_between_two_entries(void **state UNUSED)
{
	struct lab_hold *second;

	start(RUN_EXPLORED);
	second = lab_hold(AT_READ_WORD(GIVER, q), .skip = 1);
	do_turn(GIVER, give_both);
	assert_true(lab_held(second));
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));
	lab_set_nice(q, 1);
	lab_release(second);
	PROVES("COOK-63", p->scx.dsq == lab_user_dsq(SAY_DSQ) && WAITS_AS(q, 2) && !q->scx.dsq);
}

static void cook_63_at_the_call_itself(void **state UNUSED)
{
	static const struct { enum way way; const char *label; } calls[] = {
		{ PLAIN, "scx_bpf_dsq_insert" }, { COOKIE, "scx_bpf_task_get_cookie" },
		{ COOKIE, "scx_bpf_dsq_insert_with_cookie" }, { TOKEN, "scx_bpf_dsq_insert_begin" },
		{ TOKEN, "scx_bpf_dsq_insert_commit" },
	};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct lab_hold *call;

		start(RUN_EXPLORED);
		call = lab_hold(.cpu = GIVER, .label = calls[i].label);
		give(calls[i].way, SAY_DSQ);
		PROVES("COOK-63", lab_held(call));
		lab_release(call);
		assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));
		lab_stop(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COOKIE_TEST(cook_01_a_stale_decision_ejects_the_scheduler),
		COOKIE_TEST(cook_01_the_task_falls_back_to_the_global_dsq),
		COOKIE_TEST(cook_02_migration_disabled_comes_first),
		COOKIE_TEST(cook_03_a_cpu_that_is_offline_is_no_error),
		COOKIE_TEST(cook_04_the_own_rq_is_not_tested),
		COOKIE_TEST(cook_05_other_dsqs_are_not_tested_and_strand_the_task),
		COOKIE_TEST(cook_06_another_brand_at_the_flush),
		COOKIE_TEST(cook_07_no_brand_at_the_flush),
		COOKIE_TEST(cook_08_inside_ops_enqueue_it_is_waited_for),
		COOKIE_TEST(cook_09_first_insert_then_look),
		COOKIE_TEST(cook_10_ops_dequeue_takes_the_lock_of_the_queue),
		COOKIE_TEST(r1_change_between_look_and_insert),
		COOKIE_TEST(r1_change_that_moves_the_task),
		COOKIE_TEST(r2_change_between_insert_and_flush),
		COOKIE_TEST(r3_change_behind_the_claim),
		COOKIE_TEST(r4_change_behind_the_end_of_dispatching),
		COOKIE_TEST(r5_change_of_a_task_on_the_local_dsq),
		COOKIE_TEST(r6_no_change),
		COOKIE_TEST(r7_change_that_would_not_have_mattered),
		COOKIE_TEST(cook_63_between_two_entries),
		COOKIE_TEST(cook_63_at_the_call_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
