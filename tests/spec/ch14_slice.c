/* SPDX-License-Identifier: GPL-2.0-only */
/* When the slice and vtime of an insert become the task's: spec 14.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *a, *b;

/* a in the policy's hands, b on SAY_DSQ; both of CPU 0, all CPUs idle. */
static void start_in(enum run_mode mode)
{
	lab_start(.cpus = 4, .mode = mode);
	lab_from(3);
	a = lab_task("a", .cpu = 0);
	b = lab_task("b", .cpu = 0);
	lab_load(&turn_ops);
	lab_wake(a);
	say.dsq = SAY_DSQ;
	lab_wake(b);
	say.dsq = 0;
	turn_forget();
	lab_forget();
	a->scx.slice = 7 * MS;
	a->scx.dsq_vtime = 77;
}

static void start(void)
{
	start_in(RUN_TIMED);
}

static void run_on(int cpu, turn_fn fn)
{
	turn(cpu, fn);
	lab_kick(cpu, 0);
}

static u64 target, slice_given, vtime_given;

static void insert_a(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, target, slice_given, 0);
}

static void insert_a_by_vtime(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert_vtime(a, target, slice_given, vtime_given, 0);
}

static void say_target(u64 dsq, u64 slice, u64 vtime)
{
	target = dsq;
	slice_given = slice;
	vtime_given = vtime;
}

/* ---- not by the kfunc */

static void insert_look_and_flush(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert_vtime(a, SAY_OTHER_DSQ, 3 * MS, 1000, 0);
	PROVES("DSP-19", a->scx.slice == 7 * MS && a->scx.dsq_vtime == 77);
	scx_bpf_dsq_move_to_local(SAY_DSQ, 0);	/* flushes */
	PROVES("DSP-19", a->scx.slice == 3 * MS && a->scx.dsq_vtime == 1000);
}

static void dsp_19_slice_and_vtime_are_written_at_the_flush(void **state)
{
	(void)state;
	start();
	run_on(0, insert_look_and_flush);
	PROVES("DSP-19", a->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ) && a->scx.slice == 3 * MS);
}

static void insert_in_enqueue(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_enqueue)
		return;
	p->scx.slice = 7 * MS;
	p->scx.dsq_vtime = 77;
	scx_bpf_dsq_insert_vtime(p, SAY_OTHER_DSQ, 3 * MS, 1000, 0);
	PROVES("DSP-19", p->scx.slice == 7 * MS && p->scx.dsq_vtime == 77);
}

static void dsp_19_a_verdict_writes_nothing_before_it_is_carried_out(void **state)
{
	(void)state;
	start();
	say.look = insert_in_enqueue;
	lab_set_nice(a, 1);
	PROVES("DSP-19", a->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ));
	PROVES("DSP-19", a->scx.slice == 3 * MS && a->scx.dsq_vtime == 1000);
}

static void insert_stale(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert_vtime(b, SAY_OTHER_DSQ, 3 * MS, 1000, 0);
}

static void dsp_19_a_dropped_entry_writes_nothing(void **state)
{
	(void)state;
	start();
	b->scx.slice = 7 * MS;
	b->scx.dsq_vtime = 77;
	run_on(0, insert_stale);	/* b is on a DSQ already */
	PROVES("DSP-19", b->scx.dsq == lab_user_dsq(SAY_DSQ));
	PROVES("DSP-19 SLICE-08", b->scx.slice == 7 * MS && b->scx.dsq_vtime == 77);
}

/* ---- the values */

static void dsp_20_a_slice_replaces_the_tasks_own(void **state)
{
	(void)state;
	start();
	say_target(SAY_OTHER_DSQ, 3 * MS, 0);
	run_on(0, insert_a);
	PROVES("DSP-20", a->scx.slice == 3 * MS);
}

static void dsp_20_slice_0_keeps_the_tasks_own(void **state)
{
	(void)state;
	start();
	say_target(SAY_OTHER_DSQ, 0, 0);
	run_on(0, insert_a);
	PROVES("DSP-20", a->scx.slice == 7 * MS);
}

static void dsp_20_slice_0_of_a_task_without_any_becomes_1(void **state)
{
	(void)state;
	start();
	a->scx.slice = 0;
	say_target(SAY_OTHER_DSQ, 0, 0);
	run_on(0, insert_a);
	PROVES("DSP-20", a->scx.slice == 1);
}

static void request_slice(void *arg)
{
	PROVES("DSP-20", scx_bpf_task_set_slice(arg, 4 * MS));
	PROVES("DSP-20", ((struct task_struct *)arg)->scx.slice_oob);
}

static void dsp_20_an_explicit_slice_drops_a_pending_request(void **state)
{
	(void)state;
	start();
	lab_outside(request_slice, a);
	say_target(SAY_OTHER_DSQ, 3 * MS, 0);
	run_on(0, insert_a);
	PROVES("DSP-20 SLICE-05", a->scx.slice == 3 * MS && !a->scx.slice_oob);
}

static void dsp_20_slice_0_keeps_a_pending_request(void **state)
{
	(void)state;
	start();
	lab_outside(request_slice, a);
	say_target(SAY_OTHER_DSQ, 0, 0);
	run_on(0, insert_a);
	PROVES("DSP-20", a->scx.slice == 7 * MS && a->scx.slice_oob);
}

static u64 slice_when_running;

static void note_slice(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_running)
		slice_when_running = p->scx.slice;
}

static void dsp_20_a_default_slice_keeps_a_pending_request(void **state)
{
	struct task_struct *p;

	(void)state;
	turn_ops.select_cpu = NULL;	/* the default selection carries SLICE_DFL */
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	lab_load(&turn_ops);
	lab_from(1);
	say.look = note_slice;
	lab_outside(request_slice, p);
	lab_wake(p);
	PROVES("DSP-20", lab_called(p, "running"));
	PROVES("DSP-20", slice_when_running == SCX_SLICE_DFL);
	PROVES("DSP-20 SLICE-07", p->scx.slice == 4 * MS && !p->scx.slice_oob);	/* applied at set_next */
}

static void dsp_21_vtime_counts_only_for_vtime_inserts(void **state)
{
	(void)state;
	start();
	say_target(SAY_OTHER_DSQ, 3 * MS, 1000);
	run_on(0, insert_a);
	PROVES("DSP-21", a->scx.dsq_vtime == 77);
	lab_set_nice(a, 1);	/* into the policy's hands again */
	run_on(0, insert_a_by_vtime);
	PROVES("DSP-21", a->scx.dsq_vtime == 1000);
}

/* ---- under which lock */

static void dsp_22_commit_is_under_the_lock_of_the_dsq(void **state)
{
	struct lab_hold *before, *after;
	struct scx_dispatch_q *dsq;

	(void)state;
	start_in(RUN_EXPLORED);
	dsq = lab_user_dsq(SAY_OTHER_DSQ);
	before = lab_hold(.cpu = 0, .label = "dsq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &dsq->lock);
	after = lab_hold(.cpu = 0, .label = "dsq", .kinds = LAB_KIND(YIELD_UNLOCK), .obj = &dsq->lock);
	say_target(SAY_OTHER_DSQ, 3 * MS, 1000);
	run_on(0, insert_a_by_vtime);
	assert_true(lab_held(before));
	PROVES("DSP-22", a->scx.slice == 7 * MS && a->scx.dsq_vtime == 77);
	lab_release(before);
	assert_true(lab_held(after));
	PROVES("DSP-22", a->scx.slice == 3 * MS && a->scx.dsq_vtime == 1000);
	lab_release(after);
}

static void dsp_22_commit_for_a_remote_cpu_is_under_the_lock_of_the_source(void **state)
{
	struct lab_hold *before, *after;

	(void)state;
	start_in(RUN_EXPLORED);
	/* From CPU 1 for a task of CPU 0 to CPU 2. */
	before = lab_hold(.cpu = 1, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(0)->__lock);
	after = lab_hold(.cpu = 1, .label = "p->on_rq", .kinds = LAB_KIND(YIELD_WRITE), .obj = &a->on_rq);
	say_target(SCX_DSQ_LOCAL_ON | 2, 3 * MS, 0);
	run_on(1, insert_a);
	assert_true(lab_held(before));
	PROVES("DSP-22", a->scx.slice == 7 * MS);
	lab_release(before);
	assert_true(lab_held(after));
	PROVES("DSP-22", a->scx.slice == 3 * MS);
	PROVES("DSP-22", a->on_rq == TASK_ON_RQ_QUEUED && task_cpu(a) == 0);	/* before M2 */
	PROVES("DSP-22", cpu_rq(0)->__lock.owner && !cpu_rq(2)->__lock.owner);
	lab_release(after);
	assert_true(lab_runs(a) && task_cpu(a) == 2);
}

static u64 vtime_on_arrival;

static void note_vtime(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_dequeue && p == a)
		vtime_on_arrival = a->scx.dsq_vtime;
}

static void dsp_23_vtime_is_lost_only_if_the_local_dsq_is_the_own_one(void **state)
{
	static const struct {
		u64 dsq, vtime;
	} cases[] = { { SCX_DSQ_LOCAL_ON | 2, 1000 }, { SCX_DSQ_LOCAL_ON | 0, 77 } };
	int i;

	for (i = 0; i < 2; i++) {
		start();
		say.look = note_vtime;
		vtime_on_arrival = 0;
		say_target(cases[i].dsq, 3 * MS, 1000);
		run_on(0, insert_a_by_vtime);
		PROVES("DSP-23", vtime_on_arrival == cases[i].vtime);
		PROVES("DSP-23", lab_exited(SCX_EXIT_ERROR, "cannot use vtime ordering for built-in DSQs"));
		lab_stop(state);
		turn_nothing(state);
	}
}

/* ---- no expiry */

static void dsp_24_an_infinite_slice_ends_by_a_kick_only(void **state)
{
	(void)state;
	start();
	say_target(SCX_DSQ_LOCAL, SCX_SLICE_INF, 0);
	run_on(0, insert_a);
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(b, 1);	/* now waits behind a */
	PROVES("DSP-24", turn_queue_is(lab_local(0), "b"));
	lab_forget();
	lab_run(10 * NSEC_PER_SEC);
	PROVES("DSP-24 NOHZ-06", lab_runs(a) && a->scx.slice == SCX_SLICE_INF && lab_called(NULL, ""));
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("DSP-24", lab_runs(b) && turn_queue_is(lab_local(0), "a"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(dsp_19_slice_and_vtime_are_written_at_the_flush),
		TEST(dsp_19_a_verdict_writes_nothing_before_it_is_carried_out),
		TEST(dsp_19_a_dropped_entry_writes_nothing),
		TEST(dsp_20_a_slice_replaces_the_tasks_own),
		TEST(dsp_20_slice_0_keeps_the_tasks_own),
		TEST(dsp_20_slice_0_of_a_task_without_any_becomes_1),
		TEST(dsp_20_an_explicit_slice_drops_a_pending_request),
		TEST(dsp_20_slice_0_keeps_a_pending_request),
		TEST(dsp_20_a_default_slice_keeps_a_pending_request),
		TEST(dsp_21_vtime_counts_only_for_vtime_inserts),
		TEST(dsp_22_commit_is_under_the_lock_of_the_dsq),
		TEST(dsp_22_commit_for_a_remote_cpu_is_under_the_lock_of_the_source),
		TEST(dsp_23_vtime_is_lost_only_if_the_local_dsq_is_the_own_one),
		TEST(dsp_24_an_infinite_slice_ends_by_a_kick_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
