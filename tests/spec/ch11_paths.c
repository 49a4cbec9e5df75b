/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 11.7 to 11.9: custody when a task must leave its CPU, when re-enqueues end, and in a consumer's hands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

static struct task_struct *p;

static void cust_41_leaving_the_cpu_costs_two_custodies(void **state)
{
	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	lab_set_cpus(p, 1 << RACE_Y);
	PROVES("CUST-41", race_dequeue.nr == 2 && watch_entered(p) == 3 && watch_left(p) == 2);
	PROVES("CUST-41", lab_called(p, "dequeue(0x20000000a) quiescent set_cpumask(1) runnable enqueue "
				     "dequeue(0x200000008) enqueue(0x40000)"));
}

static void cust_41_both_rows_under_one_hold_of_the_lock(void **state)
{
	struct lab_hold *unlock;

	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	unlock = lab_hold(AT_UNLOCK_RQ(RACE_OUT, RACE_SRC));
	lab_set_cpus(p, 1 << RACE_Y);
	assert_true(lab_held(unlock));
	/* The first time that the lock is dropped p is on its way already. */
	PROVES("CUST-41", race_dequeue.nr == 2 && task_cpu(p) == RACE_Y && p->on_rq == TASK_ON_RQ_MIGRATING);
	lab_release(unlock);
}

static void cust_42_the_same_mask_changes_nothing(void **state)
{
	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	lab_set_cpus(p, 0xf);
	PROVES("CUST-42", lab_called(p, "") && watch_transitions(p, WATCH_T6) == 0);
	lab_set_cpus(p, 0x7);
	lab_forget();
	lab_set_cpus(p, 0x7);
	PROVES("CUST-42", lab_called(p, ""));
}

static void walk_with_limit(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SAY_DSQ, 0);
}

static void cust_39_reenqueue_limit_leaves_the_flag(void **state)
{
	struct lab_hold *disable;

	(void)state;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	scx_state()->limits.reenq_max_repeat = 2;
	say.dsq = SAY_DSQ;
	lab_wake(p);
	lab_outside(walk_with_limit, NULL);
	lab_outside(walk_with_limit, NULL);
	assert_int_equal(p->scx.reenq_cnt, 2);
	lab_forget();
	disable = lab_hold(AT_OP(RACE_OUT, "dequeue"));
	lab_outside(walk_with_limit, NULL);
	assert_true(lab_held(disable));
	/* Off every DSQ, no enqueue was called, custody open until the bypass cycle closes it. */
	PROVES("CUST-39", lab_called(p, "") && watch_left(p) + !(p->scx.flags & SCX_TASK_IN_CUSTODY) >= 1);
	PROVES("CUST-39", !p->scx.dsq && list_empty(&p->scx.dsq_list.node) && lab_word(p) == SCX_OPSS_NONE);
	lab_release(disable);
	lab_run(1 * MS);
	PROVES("CUST-39", lab_called(p, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe) ..."));
	PROVES("CUST-39", lab_exited(SCX_EXIT_ERROR_REENQ, "3 times without running"));
}

/* What ops.quiescent() of a change sees of a task that a consumer has in its hands. */
static struct {
	s32 holding_cpu;
	struct scx_dispatch_q *dsq;
	u32 nr;
} at_quiescent;

static void look_at_quiescent(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_quiescent)
		return;
	at_quiescent.holding_cpu = t->scx.holding_cpu;
	at_quiescent.dsq = t->scx.dsq;
	at_quiescent.nr++;
}

static void cust_47_consumer_of_the_global_dsq_has_no_custody(void **state)
{
	struct lab_hold *c7;

	(void)state;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SCX_DSQ_GLOBAL;
	/* p's own CPU must not be faster. */
	c7 = lab_hold(AT_LOCK_RQ(RACE_SRC, RACE_SRC));
	lab_wake(p);
	assert_true(lab_held(c7));
	{
		struct lab_hold *y = lab_hold(AT_LOCK_RQ(RACE_Y, RACE_SRC));

		race_go(RACE_Y);
		assert_true(lab_held(y));
		PROVES("CUST-47", p->scx.holding_cpu == RACE_Y && !(p->scx.flags & SCX_TASK_IN_CUSTODY));
		say.dsq = 0;
		say.look = look_at_quiescent;
		lab_forget();
		race_change(p);
		PROVES("CUST-47 RACE-44", lab_called(p, "quiescent(0x20000000a) set_weight runnable(0xa) enqueue(0xa)"));
		PROVES("CUST-47", at_quiescent.nr == 1 && at_quiescent.holding_cpu == RACE_Y &&
		       at_quiescent.dsq == race_global());
		lab_release(y);
	}
	PROVES("CUST-47 RACE-53", lab_called(p, "") && (lab_word(p) & 3) == SCX_OPSS_QUEUED);
	lab_release(c7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(cust_41_leaving_the_cpu_costs_two_custodies, race_stop),
		cmocka_unit_test_teardown(cust_41_both_rows_under_one_hold_of_the_lock, race_stop),
		cmocka_unit_test_teardown(cust_42_the_same_mask_changes_nothing, race_stop),
		cmocka_unit_test_teardown(cust_39_reenqueue_limit_leaves_the_flag, race_stop),
		cmocka_unit_test_teardown(cust_47_consumer_of_the_global_dsq_has_no_custody, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
