/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 11.2, 11.3: the custody flag, who sets and clears it, and which destinations end it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

static struct task_struct *p;
static struct scx_dispatch_q *global;	/* outlives an ejected policy in the test's eyes */

static bool in_custody(void)
{
	return p->scx.flags & SCX_TASK_IN_CUSTODY;
}

static void loaded(const struct sched_ext_ops *ops)
{
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(ops);
}

static void queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	global = race_global();
}

static void cust_01_bit_one(void **state)
{
	(void)state;
	loaded(&say_ops);
	PROVES("CUST-01", SCX_TASK_IN_CUSTODY == 0x2 && !(p->scx.flags & 0x2));
	lab_wake(p);
	PROVES("CUST-01", p->scx.flags & 0x2);
}

static void cust_02_40_the_flag_does_not_need_the_callback(void **state)
{
	struct sched_ext_ops ops = say_ops;

	(void)state;
	ops.dequeue = NULL;
	loaded(&ops);
	lab_wake(p);
	PROVES("CUST-02 CUST-40", in_custody());
	say.dsq = SCX_DSQ_GLOBAL;
	lab_set_nice(p, 1);
	PROVES("CUST-02 CUST-40", !in_custody());
	lab_kick(1, 0);
	say.dsq = SAY_DSQ;
	lab_block(p);
	lab_wake(p);
	PROVES("CUST-02", in_custody());
	say.pull = SAY_DSQ;
	lab_kick(1, 0);
	PROVES("CUST-02 CUST-07", lab_runs(p) && !in_custody());
	PROVES("CUST-07", lab_called(p, "select_cpu runnable enqueue quiescent set_weight runnable enqueue running "
				     "stopping quiescent select_cpu runnable enqueue running"));
}

static void cust_03_set_where_ops_enqueue_kept_the_task(void **state)
{
	(void)state;
	loaded(&say_ops);
	lab_wake(p);
	PROVES("CUST-03", in_custody() && !p->scx.dsq);
}

/* Insert by enqueue, by a buffered entry, by a select-time verdict, by a move. */
static void move_between_user_dsqs(void *arg)
{
	struct bpf_iter_scx_dsq it;

	(void)arg;
	bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0);
	PROVES("CUST-04", scx_bpf_dsq_move(&it, bpf_iter_scx_dsq_next(&it), SAY_OTHER_DSQ, 0));
	bpf_iter_scx_dsq_destroy(&it);
}

static void cust_03_04_set_by_an_insert_into_a_user_dsq(void **state)
{
	(void)state;
	loaded(&say_ops);
	say.select_dsq = SAY_DSQ;
	lab_wake(p);
	PROVES("CUST-03", in_custody() && p->scx.dsq == lab_user_dsq(SAY_DSQ));
	lab_forget();
	lab_outside(move_between_user_dsqs, NULL);
	PROVES("CUST-04", in_custody() && p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ) && lab_called(p, ""));
	say.select_dsq = 0;
	lab_set_nice(p, 1);
	PROVES("CUST-03", in_custody() && lab_word(p));
	lab_forget();
	say.give = p;
	say.give_dsq = SAY_DSQ;
	lab_kick(0, 0);
	PROVES("CUST-04", in_custody() && p->scx.dsq == lab_user_dsq(SAY_DSQ) && lab_called(p, ""));
}

static void cust_03_not_set_by_terminal_inserts(void **state)
{
	static const u64 dsqs[] = { SCX_DSQ_LOCAL, SCX_DSQ_LOCAL_ON | 0, SCX_DSQ_LOCAL_ON | 1, SCX_DSQ_GLOBAL };
	u32 i;

	(void)state;
	for (i = 0; i < 4; i++) {
		race_start();
		p = race_task("p", RACE_SRC);
		lab_load(&race_ops);
		say.dsq = dsqs[i];
		lab_wake(p);
		PROVES("CUST-03 CUST-19", watch_entered(p) == 0 && lab_runs(p));
		race_stop(NULL);
	}
	race_start();
}

static void leave(void *arg)
{
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(p, &rf);
	const s32 sticky = p->scx.sticky_cpu;

	(void)arg;
	p->scx.sticky_cpu = 0;
	PROVES("CUST-05", !task_leave_custody(p) && in_custody());
	p->scx.sticky_cpu = sticky;
	PROVES("CUST-05", task_leave_custody(p) && !in_custody());
	PROVES("CUST-05", !task_leave_custody(p) && !in_custody());
	scx_enter_custody(p);
	scx_enter_custody(p);
	PROVES("CUST-04", in_custody());
	task_rq_unlock(rq, p, &rf);
}

static void cust_05_helper_respects_internal_migration(void **state)
{
	(void)state;
	loaded(&say_ops);
	lab_wake(p);
	lab_outside(leave, NULL);
}

/* The three places, each seen from in front of the write that clears the flag. */
static void cust_06_cleared_behind_the_insert_into_a_local_dsq(void **state)
{
	struct lab_hold *s2;

	(void)state;
	queued();
	s2 = lab_hold(AT_SET_FLAGS(RACE_SRC, p));
	race_dispatch(RACE_SRC, p, SCX_DSQ_LOCAL);
	assert_true(lab_held(s2));
	PROVES("CUST-06 CUST-31", in_custody() && p->scx.dsq == lab_local(RACE_SRC) && lab_local(RACE_SRC)->nr == 1);
	lab_release(s2);
	PROVES("CUST-06", lab_called(p, "dequeue(0x0)@1 running@1"));
}

static void cust_06_33_cleared_under_the_lock_of_the_global_dsq(void **state)
{
	struct lab_hold *n5, *n7;

	(void)state;
	queued();
	n5 = lab_hold(AT_SET_FLAGS(RACE_X, p));
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	assert_true(lab_held(n5));
	PROVES("CUST-06 CUST-33", in_custody() && race_global()->lock.owner && race_global()->nr == 1);
	n7 = lab_hold(AT_OP(RACE_X, "dequeue"));
	lab_release(n5);
	assert_true(lab_held(n7));
	PROVES("CUST-33", !in_custody() && !race_global()->lock.owner && lab_word(p) == SCX_OPSS_DISPATCHING);
	lab_release(n7);
	PROVES("CUST-33", lab_called(p, "dequeue(0x0)@2 running@2"));
}

static void cust_06_cleared_at_the_end_of_ops_dequeue(void **state)
{
	struct lab_hold *q7;

	(void)state;
	queued();
	q7 = lab_hold(AT_SET_FLAGS(RACE_OUT, p));
	race_change(p);
	assert_true(lab_held(q7));
	PROVES("CUST-06 CUST-34", in_custody() && lab_word(p) == SCX_OPSS_NONE);
	lab_release(q7);
	PROVES("CUST-06", lab_called(p, "dequeue quiescent set_weight runnable enqueue"));
}

/* Only by hand: the way to a bypass DSQ leads through a dequeue, which ends custody before. */
static void to_bypass_dsq(void *arg)
{
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(p, &rf);

	(void)arg;
	scx_dispatch_dequeue(rq, p);
	scx_dispatch_enqueue(scx_root, rq, bypass_dsq(scx_root, RACE_SRC), p, 0, 0, 0);
	task_rq_unlock(rq, p, &rf);
}

static void cust_06_33_cleared_by_an_insert_into_a_bypass_dsq(void **state)
{
	struct lab_hold *n5;

	(void)state;
	queued();
	race_dispatch(RACE_X, p, SAY_DSQ);
	n5 = lab_hold(AT_SET_FLAGS(RACE_OUT, p));
	lab_outside(to_bypass_dsq, NULL);
	assert_true(lab_held(n5));
	PROVES("CUST-06 CUST-33", bypass_dsq(scx_root, RACE_SRC)->lock.owner && in_custody());
	lab_release(n5);
	PROVES("CUST-06 CUST-33", race_dequeue.flags == 0 && race_dequeue.nr == 1 && !race_dequeue.dsq_locked);
	race_change(p);
	PROVES("CUST-06", race_dequeue.nr == 1);
}

static void cust_11_12_13_the_dsq_used_decides_not_the_one_named(void **state)
{
	(void)state;
	queued();
	race_dispatch(RACE_X, p, 999);
	PROVES("CUST-11 CUST-12", race_dequeue.nr == 1 && race_dequeue.flags == 0 && race_dequeue.dsq == global);
	lab_run(1 * MS);
	PROVES("CUST-12", lab_exited(SCX_EXIT_ERROR, "non-existent DSQ 0x3e7"));
}

static void destroy_it(void *arg)
{
	(void)arg;
	scx_bpf_destroy_dsq(SAY_DSQ);
}

static void cust_12_destroyed_user_dsq(void **state)
{
	struct lab_hold *n1;

	(void)state;
	queued();
	n1 = lab_hold(AT_LOCK_DSQ(RACE_X, lab_user_dsq(SAY_DSQ)));
	race_dispatch(RACE_X, p, SAY_DSQ);
	assert_true(lab_held(n1));
	lab_outside(destroy_it, NULL);
	lab_release(n1);
	PROVES("CUST-12 CUST-11 RACE-68", race_dequeue.nr == 1 && race_dequeue.flags == 0 && race_dequeue.dsq == global);
	lab_run(1 * MS);
	PROVES("RACE-68", lab_exited(SCX_EXIT_ERROR, "attempting to dispatch to a destroyed dsq"));
}

static void insert_fallback(void *arg)
{
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(p, &rf);

	(void)arg;
	scx_dispatch_dequeue(rq, p);
	scx_dispatch_enqueue(scx_root, rq, race_global(), p, 0, 0, SCX_ENQ_GDSQ_FALLBACK);
	task_rq_unlock(rq, p, &rf);
}

static void cust_13_the_fallback_flag_makes_no_difference(void **state)
{
	(void)state;
	queued();
	race_dispatch(RACE_X, p, SAY_DSQ);
	lab_outside(insert_fallback, NULL);
	PROVES("CUST-13", race_dequeue.nr == 1 && race_dequeue.flags == 0 && watch_left(p) == 1 && !in_custody());
}

static void enter_unlocked(void *arg)
{
	(void)arg;
	scx_enter_custody(p);
}

static void cust_08_nobody_changes_the_flag_without_the_lock(void **state)
{
	struct lab_hold *bystander;

	(void)state;
	lab_start(.cpus = 4, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	lab_wake(p);
	bystander = lab_hold(.cpu = 3, .label = "");
	lab_from(3);
	lab_kick(3, 0);
	assert_true(lab_held(bystander));
	lab_from(0);
	lab_expect_bug("SCX_OPSS_DISPATCHING");
	lab_outside(enter_unlocked, NULL);
	PROVES("CUST-08", machine()->aborted);
}

static void cust_08_a_dispatcher_needs_no_lock_of_the_task(void **state)
{
	struct lab_hold *n5;

	(void)state;
	queued();
	n5 = lab_hold(AT_SET_FLAGS(RACE_X, p));
	race_dispatch(RACE_X, p, SAY_DSQ);
	assert_true(lab_held(n5));
	PROVES("CUST-08", lab_word(p) == SCX_OPSS_DISPATCHING && !cpu_rq(RACE_SRC)->__lock.owner);
	lab_release(n5);
	PROVES("CUST-08", in_custody() && lab_word(p) == SCX_OPSS_NONE);
}

static void set_flag_by_hand(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_disable)
		t->scx.flags |= SCX_TASK_IN_CUSTODY;
}

static void cust_10_disabling_a_task_in_custody_warns(void **state)
{
	(void)state;
	loaded(&say_ops);
	say.look = set_flag_by_hand;
	lab_expect_warn("SCX_TASK_IN_CUSTODY");
	lab_set_policy(p, SCHED_FIFO, 10);
	PROVES("CUST-10", in_custody());
	p->scx.flags &= ~SCX_TASK_IN_CUSTODY;
}

static void cust_10_enabling_a_task_in_custody_warns(void **state)
{
	(void)state;
	loaded(&say_ops);
	lab_set_policy(p, SCHED_FIFO, 10);
	p->scx.flags |= SCX_TASK_IN_CUSTODY;
	lab_expect_warn("SCX_TASK_IN_CUSTODY");
	lab_set_policy(p, SCHED_NORMAL, 0);
	PROVES("CUST-10", lab_called(p, "disable enable set_weight set_cpumask"));
	p->scx.flags &= ~SCX_TASK_IN_CUSTODY;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAY_TEST(cust_01_bit_one),
		SAY_TEST(cust_02_40_the_flag_does_not_need_the_callback),
		SAY_TEST(cust_03_set_where_ops_enqueue_kept_the_task),
		SAY_TEST(cust_03_04_set_by_an_insert_into_a_user_dsq),
		cmocka_unit_test_teardown(cust_03_not_set_by_terminal_inserts, race_stop),
		SAY_TEST(cust_05_helper_respects_internal_migration),
		cmocka_unit_test_teardown(cust_06_cleared_behind_the_insert_into_a_local_dsq, race_stop),
		cmocka_unit_test_teardown(cust_06_33_cleared_under_the_lock_of_the_global_dsq, race_stop),
		cmocka_unit_test_teardown(cust_06_cleared_at_the_end_of_ops_dequeue, race_stop),
		cmocka_unit_test_teardown(cust_06_33_cleared_by_an_insert_into_a_bypass_dsq, race_stop),
		cmocka_unit_test_teardown(cust_11_12_13_the_dsq_used_decides_not_the_one_named, race_stop),
		cmocka_unit_test_teardown(cust_12_destroyed_user_dsq, race_stop),
		cmocka_unit_test_teardown(cust_13_the_fallback_flag_makes_no_difference, race_stop),
		SAY_TEST(cust_08_nobody_changes_the_flag_without_the_lock),
		cmocka_unit_test_teardown(cust_08_a_dispatcher_needs_no_lock_of_the_task, race_stop),
		SAY_TEST(cust_10_disabling_a_task_in_custody_warns),
		SAY_TEST(cust_10_enabling_a_task_in_custody_warns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
