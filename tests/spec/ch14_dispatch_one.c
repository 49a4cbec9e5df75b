/* SPDX-License-Identifier: GPL-2.0-only */
/* What to run next: prev, the local DSQ, or nothing: spec 14.11. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *r, *a, *b, *far, *rt;

/* r runs on CPU 0; a, b of CPU 0 and far of CPU 1 are in the policy's hands. */
static void start_in(enum run_mode mode)
{
	lab_start(.cpus = 4, .mode = mode);
	lab_from(3);
	r = lab_task("r", .cpu = 0);
	a = lab_task("a", .cpu = 0);
	b = lab_task("b", .cpu = 0);
	far = lab_task("far", .cpu = 1);
	rt = lab_task("rt", .cpu = 0, .cpus = 1, .policy = SCHED_FIFO);
	lab_load(&turn_ops);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = NSEC_PER_SEC;
	lab_wake(r);
	say.dsq = say.slice = 0;
	assert_true(lab_runs(r));
	lab_wake(a);
	lab_wake(b);
	lab_wake(far);
	turn_forget();
	lab_forget();
}

static void start(void)
{
	start_in(RUN_TIMED);
}

static bool in_dispatch(int cpu)
{
	return cpu_rq(cpu)->scx.flags & SCX_RQ_IN_DISPATCH;
}

/* The slice of r ends and CPU 0 looks what comes next. */
static void end_slice(turn_fn fn)
{
	turn(0, fn);
	lab_kick(0, SCX_KICK_PREEMPT);
}

/* ---- the mark */

static void look_at_mark(struct task_struct *prev)
{
	(void)prev;
	PROVES("ONE-01", in_dispatch(0));
	PROVES("ONE-01", !in_dispatch(1));
}

static void look_at_mark_and_give_a(struct task_struct *prev)
{
	look_at_mark(prev);
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
}

static void look_at_mark_and_extend(struct task_struct *prev)
{
	look_at_mark(prev);
	prev->scx.slice = 5 * MS;
}

static void mark_is_gone(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)subject;
	(void)arg;
	if (op == SCXTWIN_OP_running || op == SCXTWIN_OP_stopping || op == SCXTWIN_OP_enqueue)
		PROVES("ONE-01", !in_dispatch(0));
}

static void one_01_the_mark_is_set_in_dispatch_and_cleared_on_each_way_out(void **state)
{
	static const turn_fn fns[] = { look_at_mark, look_at_mark_and_extend, look_at_mark_and_give_a };
	size_t i;

	(void)state;
	start();
	say.look = mark_is_gone;
	lab_kick(0, 0);			/* PREV at once */
	PROVES("ONE-01", !in_dispatch(0) && turn_count(0) == 0);
	for (i = 0; i < 3; i++) {	/* kept, extended, LOCAL */
		end_slice(fns[i]);
		PROVES("ONE-01", !in_dispatch(0) && turn_count(0) == i + 1);
	}
	lab_block(a);			/* NONE or what r left; idle in the end */
	say.look = NULL;
	lab_run(NSEC_PER_SEC);
	PROVES("ONE-01", !in_dispatch(0));
}

static bool acquired;

static void look_at_acquire(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)subject;
	(void)arg;
	if (op == SCXTWIN_OP_cpu_acquire) {
		PROVES("ONE-02 ONE-01", in_dispatch(0) && turn_holds_rq(0));
		acquired = true;
	}
	if (op == SCXTWIN_OP_dispatch)
		PROVES("ONE-02", acquired);
}

static void one_02_a_released_cpu_is_acquired_first(void **state)
{
	(void)state;
	turn_ops.cpu_release = say_cpu_release;
	turn_ops.cpu_acquire = say_cpu_acquire;
	start();
	lab_wake(rt);
	assert_true(lab_runs(rt));
	acquired = false;
	say.look = look_at_acquire;
	lab_forget();
	lab_block(rt);
	PROVES("ONE-02", lab_called(NULL, "cpu_acquire(0)@0 r:running"));
	PROVES("ONE-02", lab_runs(r));
	lab_forget();
	lab_kick(0, 0);
	PROVES("ONE-02", lab_called(NULL, ""));	/* once */
}

/* ---- prev, local, loop */

static void one_03_prev_with_slice_left_goes_on_and_is_charged(void **state)
{
	u64 before;

	(void)state;
	start();
	lab_run(MS / 2);
	before = r->scx.slice;
	lab_kick(0, 0);
	PROVES("ONE-03", lab_runs(r) && turn_count(0) == 0 && lab_called(NULL, ""));
	PROVES("ONE-03", r->scx.slice < before && before - r->scx.slice <= MS);
	PROVES("ONE-03", lab_count(SCX_EV_REFILL_SLICE_DFL) == 0);
}

static void one_03_slice_is_charged_before_it_is_looked_at(void **state)
{
	(void)state;
	start();
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(a, 1);	/* waits behind r */
	r->scx.slice = MS / 4;	/* gone when CPU 0 looks */
	lab_run(MS / 2);
	lab_kick(0, 0);
	PROVES("ONE-03", lab_runs(a));
}

static void one_04_a_filled_local_dsq_is_enough(void **state)
{
	(void)state;
	start();
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(a, 1);
	say.dsq = 0;
	lab_forget();
	end_slice(NULL);
	PROVES("ONE-04", lab_runs(a) && turn_count(0) == 0);
	PROVES("ONE-04", lab_called(NULL, "r:stopping(1) r:enqueue(0x0) a:running"));
}

static void give_a(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
}

static void extend(struct task_struct *prev)
{
	prev->scx.slice = 5 * MS;
}

static void one_05_what_the_loop_finds_is_final(void **state)
{
	(void)state;
	start();
	end_slice(extend);
	PROVES("ONE-05", lab_runs(r) && r->scx.slice == 5 * MS && turn_count(0) == 1);
	PROVES("ONE-05", lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 0);
	end_slice(give_a);
	PROVES("ONE-05", lab_runs(a) && turn_count(0) == 2);
	PROVES("ONE-05", lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 0);
}

static void one_06_prev_is_kept_if_there_is_nothing_else(void **state)
{
	(void)state;
	start();
	end_slice(NULL);
	PROVES("ONE-06", lab_runs(r) && turn_count(0) == 1 && lab_called(r, ""));
	PROVES("ONE-06", lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 1);
	PROVES("ONE-06", r->scx.slice == SCX_SLICE_DFL);
}

static void one_06_enq_last_hands_prev_to_the_scheduler(void **state)
{
	(void)state;
	turn_ops.flags |= SCX_OPS_ENQ_LAST;
	start();
	end_slice(NULL);
	PROVES("ONE-06", !lab_runs(r) && lab_called(r, "stopping(1) enqueue(0x20000000000)"));
	PROVES("ONE-06", lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 0);
	PROVES("ONE-06 ONE-07", rq_is_idle(cpu_rq(0)));
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

static void start_alone_in_bypass(void)
{
	lab_start(.cpus = 2);
	r = lab_task("r", .cpu = 0);
	lab_load(&turn_ops);
	lab_from(1);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = NSEC_PER_SEC;
	lab_wake(r);
	turn_forget();
	lab_forget();
	lab_outside(bypass_on, NULL);
}

static void one_06_enq_last_does_not_count_while_bypassing(void **state)
{
	(void)state;
	turn_ops.flags |= SCX_OPS_ENQ_LAST;
	start_alone_in_bypass();
	PROVES("ONE-06", lab_runs(r) && lab_called(r, ""));
	lab_outside(bypass_off, NULL);
}

static void one_11_bypass_counts_each_pass_and_refills_only_what_is_gone(void **state)
{
	s64 refills;

	(void)state;
	start_alone_in_bypass();
	PROVES("ONE-11", lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 1);
	PROVES("ONE-11", lab_count(SCX_EV_REFILL_SLICE_DFL) == 0 && r->scx.slice > 900 * MS);
	lab_run(20 * MS);	/* ticks take the slice */
	refills = lab_count(SCX_EV_REFILL_SLICE_DFL);
	PROVES("ONE-11", refills > 0);
	PROVES("ONE-11", lab_count(SCX_EV_DISPATCH_KEEP_LAST) == refills + 1);
	PROVES("ONE-11", turn_count(0) == 0 && lab_runs(r));
	lab_outside(bypass_off, NULL);
}

static void one_07_nothing_to_run(void **state)
{
	(void)state;
	start();
	lab_block(r);
	PROVES("ONE-07 ONE-10", lab_called(NULL, "r:stopping(0) dispatch(0,r)"));
	PROVES("ONE-07", rq_is_idle(cpu_rq(0)) && lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 0);
}

/* ---- IMMED tasks that were not first */

static void give_immed_a_then_b_in_front(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, SCX_ENQ_IMMED);
	scx_bpf_dsq_insert(b, SCX_DSQ_LOCAL, 0, SCX_ENQ_HEAD);
}

static void one_08_local_gives_waiting_immed_tasks_back(void **state)
{
	(void)state;
	start();
	end_slice(give_immed_a_then_b_in_front);
	PROVES("ONE-08", lab_runs(b) && lab_called(a, "dequeue(0x0) enqueue(0x10000000000)"));
	PROVES("ONE-08", lab_count(SCX_EV_REENQ_IMMED) == 1 && !lab_local(0)->nr);
}

static void give_immed_a_and_b_and_extend(struct task_struct *prev)
{
	give_immed_a_then_b_in_front(prev);
	prev->scx.slice = 5 * MS;
}

static void one_08_prev_gives_waiting_immed_tasks_back(void **state)
{
	(void)state;
	start();
	end_slice(give_immed_a_and_b_and_extend);
	PROVES("ONE-08", lab_runs(r) && turn_queue_is(lab_local(0), "b"));
	PROVES("ONE-08", lab_called(a, "dequeue(0x0) enqueue(0x10000000000)"));
}

static void give_immed_a_and_extend(struct task_struct *prev)
{
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, SCX_ENQ_IMMED);
	prev->scx.slice = 5 * MS;
}

static void one_08_a_single_task_is_not_asked_for(void **state)
{
	(void)state;
	start();
	end_slice(give_immed_a_and_extend);
	PROVES("ONE-08", lab_runs(r) && turn_queue_is(lab_local(0), "a") && lab_called(a, "dequeue(0x0)"));
}

/* ---- prev changes meanwhile */

static void give_far_to_cpu_2(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(far, SCX_DSQ_LOCAL_ON | 2, 0, 0);
}

static struct lab_hold *hold_dance(void)
{
	struct lab_hold *src = lab_hold(.cpu = 0, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK),
					.obj = &cpu_rq(1)->__lock);

	end_slice(give_far_to_cpu_2);
	assert_true(lab_held(src));	/* rq 0 is unlocked */
	return src;
}

static void one_09_prev_that_left_the_class_meanwhile_is_not_kept(void **state)
{
	struct lab_hold *dance;

	(void)state;
	start_in(RUN_EXPLORED);
	dance = hold_dance();
	lab_set_policy(r, SCHED_FIFO, 10);
	lab_forget();
	lab_release(dance);
	PROVES("ONE-09", lab_runs(r) && !sched_class_is_ext(r));
	PROVES("ONE-09", lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 0 && lab_count(SCX_EV_REFILL_SLICE_DFL) == 0);
}

static void one_09_prev_that_got_a_slice_meanwhile_is_kept(void **state)
{
	struct lab_hold *dance;

	(void)state;
	start_in(RUN_EXPLORED);
	dance = hold_dance();
	r->scx.slice = 5 * MS;	/* as a policy on another CPU may write */
	lab_release(dance);
	PROVES("ONE-09", lab_runs(r) && r->scx.slice == 5 * MS && turn_count(0) == 1);
	PROVES("ONE-09", lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 0);
}

static void one_10_prev_of_another_class_is_nobody(void **state)
{
	(void)state;
	start();
	lab_block(r);
	lab_wake(rt);
	assert_true(lab_runs(rt));
	lab_forget();
	lab_block(rt);
	PROVES("ONE-10", lab_called(NULL, "dispatch(0,-)"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(one_01_the_mark_is_set_in_dispatch_and_cleared_on_each_way_out),
		TEST(one_02_a_released_cpu_is_acquired_first),
		TEST(one_03_prev_with_slice_left_goes_on_and_is_charged),
		TEST(one_03_slice_is_charged_before_it_is_looked_at),
		TEST(one_04_a_filled_local_dsq_is_enough),
		TEST(one_05_what_the_loop_finds_is_final),
		TEST(one_06_prev_is_kept_if_there_is_nothing_else),
		TEST(one_06_enq_last_hands_prev_to_the_scheduler),
		TEST(one_06_enq_last_does_not_count_while_bypassing),
		TEST(one_07_nothing_to_run),
		TEST(one_08_local_gives_waiting_immed_tasks_back),
		TEST(one_08_prev_gives_waiting_immed_tasks_back),
		TEST(one_08_a_single_task_is_not_asked_for),
		TEST(one_09_prev_that_left_the_class_meanwhile_is_not_kept),
		TEST(one_09_prev_that_got_a_slice_meanwhile_is_kept),
		TEST(one_10_prev_of_another_class_is_nobody),
		TEST(one_11_bypass_counts_each_pass_and_refills_only_what_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
