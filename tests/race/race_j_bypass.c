/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 10.9 J: bypass and class changes. p is of the rq of CPU 1, x is CPU 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define WORD_QUEUED(brand) (((u64)(brand) << 2) | SCX_OPSS_QUEUED)
#define REMOTE (SCX_DSQ_LOCAL_ON | RACE_Y)

static struct task_struct *p;

static void bypass(void *on)
{
	scx_bypass(scx_root, on);
}

static void bypass_on(void)
{
	lab_outside(bypass, p);
}

static void bypass_off(void)
{
	lab_outside(bypass, NULL);
}

static void setup_queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	p->scx.slice = 3 * MS;
}

static struct lab_hold *x_at(struct lab_hold *point, u64 dsq)
{
	race_dispatch(RACE_X, p, dsq);
	assert_true(lab_held(point));
	return point;
}

/* So that a task stays on the bypass DSQ of CPU 1 until we have looked. */
static struct lab_hold *src_asleep(void)
{
	return lab_hold(AT_LOCK_RQ(RACE_SRC, RACE_SRC));
}

static void race_82_bypass_against_buffered_entries(void **state)
{
	struct lab_hold *f1, *src;

	(void)state;
	setup_queued();
	f1 = x_at(lab_hold(AT_READ_WORD(RACE_X, p), .skip = 1), REMOTE);
	src = src_asleep();
	bypass_on();
	PROVES("RACE-82", lab_called(p, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe)"));
	PROVES("RACE-82", p->scx.dsq == bypass_dsq(scx_root, RACE_SRC) && lab_word(p) == SCX_OPSS_NONE);
	lab_release(f1);
	PROVES("RACE-82 OPSS-42", p->scx.dsq == bypass_dsq(scx_root, RACE_SRC) && !watch_transitions(p, WATCH_T5));
	PROVES("RACE-82 OPSS-41", p->scx.slice != RACE_SLICE && lab_called(p, ""));
	bypass_off();
	PROVES("RACE-82", lab_called(p, "quiescent(0x20000000e) runnable(0xe) enqueue(0xe)"));
	lab_release(src);
}

static void race_83_bypass_against_a_dance(void **state)
{
	struct lab_hold *l3b, *src;

	(void)state;
	setup_queued();
	l3b = x_at(lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC)), REMOTE);
	src = src_asleep();
	bypass_on();
	PROVES("RACE-83", race_dequeue.nr == 1 && race_dequeue.holding_cpu == RACE_X && p->scx.holding_cpu == -1);
	PROVES("RACE-83", lab_called(p, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe)"));
	lab_release(l3b);
	PROVES("RACE-83 OPSS-34", p->scx.dsq == bypass_dsq(scx_root, RACE_SRC) && lab_called(p, ""));
	PROVES("RACE-83 OPSS-40", race_dequeue.nr == 1 && task_cpu(p) == RACE_SRC);
	bypass_off();
	lab_release(src);
}

static void race_84_bypass_against_migrating(void **state)
{
	struct lab_hold *m5b, *y;

	(void)state;
	setup_queued();
	y = lab_hold(AT_OP(RACE_Y, "running"));
	m5b = x_at(lab_hold(AT_LOCK_RQ(RACE_X, RACE_Y)), REMOTE);
	assert_int_equal(p->on_rq, TASK_ON_RQ_MIGRATING);
	bypass_on();
	PROVES("RACE-84 OPSS-38", lab_called(p, "") && p->on_rq == TASK_ON_RQ_MIGRATING);
	lab_release(m5b);
	/* The arrival goes past the test for bypass. */
	PROVES("RACE-84", lab_held(y) && lab_called(p, "dequeue(0x0)@2") && race_dequeue.dsq == lab_local(RACE_Y));
	PROVES("RACE-84", lab_count(SCX_EV_BYPASS_DISPATCH) == 0 && !bypass_dsq(scx_root, RACE_Y)->nr);
	lab_release(y);
	PROVES("RACE-84", lab_runs(p) && task_cpu(p) == RACE_Y);
	bypass_off();
}

static void class_change(u32 policy)
{
	lab_set_policy(p, policy, policy == SCHED_FIFO ? 5 : 0);
}

static void race_85_queued_wakeup_across_a_class_change(void **state)
{
	struct lab_hold *ipi;

	(void)state;
	race_ops = say_ops;
	race_ops.flags = SCX_OPS_ALLOW_QUEUED_WAKEUP;
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.select_dsq = SAY_DSQ;
	ipi = lab_hold(.cpu = RACE_SRC, .label = "wake_list.take");
	lab_wake(p);
	assert_true(lab_held(ipi));
	PROVES("RACE-85", p->scx.ddsp_dsq_id == SAY_DSQ && p->__state == TASK_WAKING);
	PROVES("RACE-85", lab_called(p, "select_cpu"));
	say.select_dsq = 0;
	/* The policy goes as far as p is concerned; then the wakeup lands. */
	class_change(SCHED_FIFO);
	PROVES("RACE-85", p->scx.ddsp_dsq_id == SCX_DSQ_INVALID && lab_called(p, "disable"));
	class_change(SCHED_NORMAL);
	lab_forget();
	lab_release(ipi);
	PROVES("RACE-85", lab_called(p, "runnable enqueue") && lab_word(p) == WORD_QUEUED(1));
}

static void select_then_stand(struct lab_hold **at)
{
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
	say.select_dsq = SAY_DSQ;
	say.slice = 1 * MS;
	*at = lab_hold(AT_LOCK_RQ(RACE_OUT, RACE_SRC));
	lab_wake(p);
	assert_true(lab_held(*at) && p->scx.ddsp_dsq_id == SAY_DSQ);
}

static void race_86_bypass_after_the_select_time_verdict(void **state)
{
	struct lab_hold *at, *src;

	(void)state;
	select_then_stand(&at);
	src = src_asleep();
	lab_from(RACE_X);
	bypass_on();
	lab_release(at);
	PROVES("RACE-86", p->scx.dsq == bypass_dsq(scx_root, RACE_SRC) && p->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	PROVES("RACE-86", p->scx.slice == SCX_SLICE_BYPASS && lab_called(p, "select_cpu runnable"));
	bypass_off();
	lab_release(src);
}

static void race_86_offline_after_the_select_time_verdict(void **state)
{
	struct lab_hold *at, *src;

	(void)state;
	select_then_stand(&at);
	src = src_asleep();
	cpu_rq(RACE_SRC)->scx.flags &= ~SCX_RQ_ONLINE;
	lab_release(at);
	cpu_rq(RACE_SRC)->scx.flags |= SCX_RQ_ONLINE;
	PROVES("RACE-86", p->scx.dsq == lab_local(RACE_SRC) && p->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	PROVES("RACE-86 CUST-19", p->scx.slice == SCX_SLICE_DFL && lab_called(p, "select_cpu runnable"));
	lab_release(src);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_82_bypass_against_buffered_entries, race_stop),
		cmocka_unit_test_teardown(race_83_bypass_against_a_dance, race_stop),
		cmocka_unit_test_teardown(race_84_bypass_against_migrating, race_stop),
		cmocka_unit_test_teardown(race_85_queued_wakeup_across_a_class_change, race_stop),
		cmocka_unit_test_teardown(race_86_bypass_after_the_select_time_verdict, race_stop),
		cmocka_unit_test_teardown(race_86_offline_after_the_select_time_verdict, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
