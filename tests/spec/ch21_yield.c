/* SPDX-License-Identifier: GPL-2.0-only */
/* Yielding: spec 21.11. */
#include "busy_rig.h"

/* ---- yield */

static u64 slice_at_yield;

static void note_yield(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_yield)
		slice_at_yield = subject->scx.slice;
}

static void yield_01_the_op_decides_alone(void **state)
{
	int returned;

	for (returned = 0; returned < 2; returned++) {
		turn_ops.yield = say_yield;
		start();
		queue_a();
		say.yielded_to = returned;
		say.look = note_yield;
		lab_yield(r);
		PROVES("YIELD-01", lab_called(NULL, "r:yield(-)@0"));
		PROVES("YIELD-01 YIELD-03", lab_runs(r) && r->scx.slice > 99 * MS);
		PROVES("YIELD-03", turn_count(0) == 0 && turn_queue_is(lab_local(0), "a"));
		lab_stop(state);
		turn_nothing(state);
	}
}

static void yield_02_without_op_the_slice_is_given_up(void **state)
{
	(void)state;
	start();
	queue_a();
	lab_yield(r);
	PROVES("YIELD-02", lab_runs(a) && lab_called(r, "stopping(1) enqueue(0x0)"));
}

static void request_slice(void *arg)
{
	(void)arg;
	scx_bpf_task_set_slice(r, 50 * MS);
	PROVES("YIELD-02", r->scx.slice_oob);
}

static void yield_02_a_pending_request_goes_with_it(void **state)
{
	(void)state;
	start();
	queue_a();
	lab_run(300 * US);
	lab_outside(request_slice, NULL);
	lab_yield(r);
	PROVES("YIELD-02", lab_runs(a) && !r->scx.slice_oob);
}

static void yield_04_alone_it_goes_on_with_a_new_slice(void **state)
{
	(void)state;
	start();
	lab_yield(r);
	PROVES("YIELD-04", lab_runs(r) && r->scx.slice == SCX_SLICE_DFL && lab_called(r, ""));
	PROVES("YIELD-04", lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 1 && turn_count(0) == 1);
}

static bool yielded;

static void yield_to_a(void *arg)
{
	(void)arg;
	yielded = yield_to(a, true);
}

static void yield_to_b(void *arg)
{
	(void)arg;
	yielded = yield_to(b, true);
}

static void yield_05_the_ops_answer_is_the_result(void **state)
{
	int answer;

	for (answer = 0; answer < 2; answer++) {
		turn_ops.yield = say_yield;
		start();
		say.yielded_to = answer;
		yielded = !answer;
		lab_call(r, yield_to_a, NULL);
		PROVES("YIELD-05", yielded == answer && lab_called(NULL, "r:yield(a)@0"));
		lab_stop(state);
		turn_nothing(state);
	}
}

static void yield_05_without_op_nobody_yields(void **state)
{
	(void)state;
	start();
	yielded = true;
	lab_call(r, yield_to_a, NULL);
	PROVES("YIELD-05", !yielded && lab_called(NULL, "") && r->scx.slice > 99 * MS);
}

static void yield_06_the_other_rq_is_rescheduled(void **state)
{
	(void)state;
	turn_ops.yield = say_yield;
	start();
	say.yielded_to = true;
	lab_call(r, yield_to_b, NULL);	/* b is of CPU 1, which is idle */
	PROVES("YIELD-06", yielded && turn_count(1) == 1);
	say.yielded_to = false;
	lab_call(r, yield_to_b, NULL);
	PROVES("YIELD-06", !yielded && turn_count(1) == 1);
}

static bool protected_at_yield;

static void note_protection(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_yield)
		protected_at_yield = subject->scx.flags & SCX_TASK_PROTECTED;
}

static void yield_07_protection_ends_before_the_op(void **state)
{
	(void)state;
	turn_ops.yield = say_yield;
	start();
	say.look = note_protection;
	r->scx.flags |= SCX_TASK_PROTECTED;
	protected_at_yield = true;
	lab_yield(r);
	PROVES("YIELD-07", !protected_at_yield && !(r->scx.flags & SCX_TASK_PROTECTED));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(yield_01_the_op_decides_alone),
		TEST(yield_02_without_op_the_slice_is_given_up),
		TEST(yield_02_a_pending_request_goes_with_it),
		TEST(yield_04_alone_it_goes_on_with_a_new_slice),
		TEST(yield_05_the_ops_answer_is_the_result),
		TEST(yield_05_without_op_nobody_yields),
		TEST(yield_06_the_other_rq_is_rescheduled),
		TEST(yield_07_protection_ends_before_the_op),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
