/* SPDX-License-Identifier: GPL-2.0-only */
/* The tick and its stop: spec 21.7 to 21.10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *r, *a, *s, *rt;

/* r runs on CPU 0 with 100 ms; a of CPU 0 in the policy's hands; s and rt of CPU 0 asleep. */
static void start(void)
{
	lab_start(.cpus = 3, .hz = 1000);
	r = lab_task("r", .cpu = 0);
	a = lab_task("a", .cpu = 0);
	s = lab_task("s", .cpu = 0);
	rt = lab_task("rt", .cpu = 0, .cpus = 1, .policy = SCHED_FIFO);
	lab_load(&turn_ops);
	lab_from(2);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = 100 * MS;
	lab_wake(r);
	say.dsq = say.slice = 0;
	lab_wake(a);
	assert_true(lab_runs(r));
	turn_forget();
	lab_forget();
}

static u32 nr_ticks;
static u64 slice_at_tick;

static void end_slice_at_tick(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_tick)
		return;
	nr_ticks++;
	slice_at_tick = subject->scx.slice;
	if (nr_ticks == 3)
		subject->scx.slice = 0;
}

static void slice_28_a_tick_that_takes_the_slice_reschedules(void **state)
{
	(void)state;
	turn_ops.tick = say_tick;
	start();
	nr_ticks = 0;
	say.look = end_slice_at_tick;
	lab_forget();
	lab_run(4 * MS);
	PROVES("SLICE-28 TICK-01", lab_called(NULL, "r:tick@0 r:tick@0 r:tick@0 dispatch(0,r) ..."));
}

static void note_tick(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_tick)
		return;
	nr_ticks++;
	slice_at_tick = subject->scx.slice;
}

static void tick_02_the_op_is_called_with_the_slice_gone(void **state)
{
	(void)state;
	turn_ops.tick = say_tick;
	start();
	lab_run(300 * US);
	r->scx.slice = 200 * US;
	nr_ticks = 0;
	say.look = note_tick;
	lab_forget();
	lab_run(MS);
	PROVES("TICK-02", nr_ticks == 1 && slice_at_tick == 0);
	PROVES("TICK-01 TICK-05 RESCHED-07", lab_called(NULL, "r:tick dispatch(0,r)"));
}

static void tick_04_other_classes_are_no_business_of_the_scheduler(void **state)
{
	(void)state;
	turn_ops.tick = say_tick;
	start();
	lab_wake(rt);
	lab_forget();
	lab_run(20 * MS);
	PROVES("TICK-04", lab_runs(rt) && lab_called(NULL, ""));
}

static void bypass_on(void *arg)
{
	(void)arg;
	scx_bypass(scx_root, true);
}

static void bypass_off(void *arg)
{
	(void)arg;
	scx_bypass(scx_root, false);
}

static void tick_03_bypass_takes_the_slice_at_each_tick(void **state)
{
	u64 passes;

	(void)state;
	turn_ops.tick = say_tick;
	start();
	lab_block(r);
	lab_set_cpus(a, 2);	/* away from CPU 0 */
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = SCX_SLICE_INF;
	lab_wake(r);
	say.dsq = 0;
	lab_outside(bypass_on, NULL);
	PROVES("SLICE-32", scx_root->slice_dfl == SCX_SLICE_BYPASS && lab_count(SCX_EV_BYPASS_ACTIVATE) == 1);
	PROVES("SLICE-35", lab_runs(r) && r->scx.slice == SCX_SLICE_INF);
	nr_ticks = 0;
	say.look = note_tick;
	passes = cpu_rq(0)->scx.kick_sync;
	lab_run(5 * MS);
	PROVES("TICK-03", nr_ticks == 0 && cpu_rq(0)->scx.kick_sync == passes + 5);
	PROVES("TICK-03 SLICE-35 TICK-19", lab_runs(r) && r->scx.slice == SCX_SLICE_BYPASS);
	lab_outside(bypass_off, NULL);
	PROVES("SLICE-33", scx_root->slice_dfl == SCX_SLICE_DFL && lab_count(SCX_EV_BYPASS_DURATION) >= (s64)(5 * MS));
}

static void slice_34_the_parameter_is_read_when_bypass_begins(void **state)
{
	(void)state;
	start();
	lab_outside(bypass_on, NULL);
	scx_limits()->slice_bypass_us = 7000;
	PROVES("SLICE-34", scx_root->slice_dfl == SCX_SLICE_BYPASS);
	lab_outside(bypass_off, NULL);
	lab_outside(bypass_on, NULL);
	PROVES("SLICE-34", scx_root->slice_dfl == 7 * MS);
	lab_outside(bypass_off, NULL);
}

static void prev_is_not_enqueued(struct task_struct *prev)
{
	PROVES("TICK-11", prev == r && prev->scx.flags & SCX_TASK_QUEUED && list_empty(&prev->scx.runnable_node));
	PROVES("TICK-11", !prev->scx.dsq && lab_word(prev) == SCX_OPSS_NONE);
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
}

static void tick_11_dispatch_comes_before_the_enqueue_of_prev(void **state)
{
	(void)state;
	start();
	turn(0, prev_is_not_enqueued);
	lab_run(110 * MS);
	PROVES("TICK-11 TICK-12 TICK-14", lab_called(NULL, "dispatch(0,r) a:dequeue r:stopping(1) r:enqueue(0x0) a:running ..."));
}

static void forget_the_flag(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)subject;
	(void)arg;
	if (op == SCXTWIN_OP_stopping)
		scx_root->ops.flags &= ~SCX_OPS_ENQ_LAST;
}

static void tick_17_enq_last_without_the_flag_is_warned_about(void **state)
{
	(void)state;
	turn_ops.flags |= SCX_OPS_ENQ_LAST;
	start();
	say.look = forget_the_flag;	/* between the pick and the put */
	lab_expect_warn("SCX_OPS_ENQ_LAST");
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("TICK-17", lab_called(r, "stopping(1) enqueue(0x20000000000)"));
}

static void tick_18_enq_last_needs_an_enqueue(void **state)
{
	(void)state;
	turn_ops.flags |= SCX_OPS_ENQ_LAST;
	turn_ops.enqueue = NULL;
	lab_start(.cpus = 1);
	lab_try_load(&turn_ops);
	PROVES("TICK-18", lab_exited(SCX_EXIT_ERROR, "SCX_OPS_ENQ_LAST"));
}

/* ---- who waits too long, and who does not */

static void tick_08_a_task_that_waits_too_long_ends_the_scheduler(void **state)
{
	(void)state;
	turn_ops.timeout_ms = 1000;
	start();		/* a is in the policy's hands and stays there */
	lab_run(900 * MS);
	PROVES("TICK-08", scx_root && scx_root->exit_kind == SCX_EXIT_NONE);
	lab_run(2 * NSEC_PER_SEC);
	PROVES("TICK-08", lab_exited(SCX_EXIT_ERROR_STALL, "a[") && scx_last_exit()->exit_cpu == 0);
}

static void tick_09_a_change_does_not_end_the_wait(void **state)
{
	u64 since;

	(void)state;
	start();
	since = a->scx.runnable_at;
	lab_run(50 * MS);
	lab_set_nice(a, 3);
	lab_set_cpus(a, 2);	/* to another CPU, too */
	PROVES("TICK-09", a->scx.runnable_at == since && task_cpu(a) == 1);
	lab_block(r);
	lab_run(50 * MS);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(r);
	PROVES("TICK-09", r->scx.runnable_at >= since + 90);	/* jiffies of 1 ms */
}

static void tick_10_a_running_task_does_not_wait(void **state)
{
	(void)state;
	turn_ops.timeout_ms = 1000;
	start();
	lab_block(r);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = SCX_SLICE_INF;
	lab_set_nice(a, 1);
	assert_true(lab_runs(a));
	lab_run(5 * NSEC_PER_SEC);
	PROVES("TICK-10", lab_runs(a) && scx_root->exit_kind == SCX_EXIT_NONE);
	PROVES("TICK-10", list_empty(&a->scx.runnable_node));
}

static void slice_19_protection_ends_with_the_slice(void **state)
{
	(void)state;
	start();
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(a, 1);
	r->scx.flags |= SCX_TASK_PROTECTED;
	lab_run(50 * MS);
	PROVES("SLICE-19", lab_runs(r) && r->scx.flags & SCX_TASK_PROTECTED);
	lab_run(60 * MS);
	PROVES("SLICE-19", !(r->scx.flags & SCX_TASK_PROTECTED));
}

/* ---- no tick */

static bool can_stop(void)
{
	return cpu_rq(0)->scx.flags & SCX_RQ_CAN_STOP_TICK;
}

static void nohz_01_the_mark_follows_the_task_that_starts(void **state)
{
	(void)state;
	start();
	PROVES("NOHZ-02", !can_stop());
	r->scx.slice = SCX_SLICE_INF;
	lab_kick(0, 0);
	PROVES("NOHZ-03", lab_runs(r) && !can_stop());	/* kept, not started */
	lab_block(r);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = SCX_SLICE_INF;
	lab_wake(r);
	PROVES("NOHZ-01", lab_runs(r) && can_stop());
	r->scx.slice = 5 * MS;
	lab_kick(0, 0);
	PROVES("NOHZ-03", can_stop());
	say.slice = 5 * MS;
	lab_block(r);
	lab_wake(s);
	PROVES("NOHZ-02", lab_runs(s) && !can_stop());
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(slice_28_a_tick_that_takes_the_slice_reschedules),
		TEST(tick_02_the_op_is_called_with_the_slice_gone),
		TEST(tick_03_bypass_takes_the_slice_at_each_tick),
		TEST(slice_34_the_parameter_is_read_when_bypass_begins),
		TEST(tick_04_other_classes_are_no_business_of_the_scheduler),
		TEST(tick_11_dispatch_comes_before_the_enqueue_of_prev),
		TEST(tick_17_enq_last_without_the_flag_is_warned_about),
		TEST(tick_18_enq_last_needs_an_enqueue),
		TEST(tick_08_a_task_that_waits_too_long_ends_the_scheduler),
		TEST(tick_09_a_change_does_not_end_the_wait),
		TEST(tick_10_a_running_task_does_not_wait),
		TEST(slice_19_protection_ends_with_the_slice),
		TEST(nohz_01_the_mark_follows_the_task_that_starts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
