/* SPDX-License-Identifier: GPL-2.0-only */
/* Slices: spec 21.5, 21.6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *r, *a, *s, *rt, *far;

/* r runs on CPU 0 with 100 ms; a of CPU 0 in the policy's hands; s and rt of CPU 0 asleep. */
static void start_in(enum run_mode mode)
{
	lab_start(.cpus = 3, .hz = 1000, .mode = mode);
	r = lab_task("r", .cpu = 0);
	a = lab_task("a", .cpu = 0);
	s = lab_task("s", .cpu = 0);
	rt = lab_task("rt", .cpu = 0, .cpus = 1, .policy = SCHED_FIFO);
	far = lab_task("far", .cpu = 1);
	lab_load(&turn_ops);
	lab_from(2);
	lab_wake(far);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = 100 * MS;
	lab_wake(r);
	say.dsq = say.slice = 0;
	lab_wake(a);
	assert_true(lab_runs(r));
	turn_forget();
	lab_forget();
}

static void start(void)
{
	start_in(RUN_TIMED);
}

static void slice_01_a_new_task_has_the_default_slice(void **state)
{
	struct sched_ext_entity scx;

	(void)state;
	lab_start(.cpus = 1);
	init_scx_entity(&scx);
	PROVES("SLICE-01", scx.slice == SCX_SLICE_DFL && scx.dsq_vtime == 0 && scx.slice_oob == 0);
}

static void slice_02_running_time_is_taken_from_the_slice(void **state)
{
	u64 before;

	(void)state;
	start();
	before = r->scx.slice;
	lab_run(7 * MS + 300 * US);
	lab_kick(0, 0);
	PROVES("SLICE-02 SLICE-04", before - r->scx.slice >= 7 * MS + 300 * US);
	PROVES("SLICE-02", before - r->scx.slice <= 7 * MS + 400 * US && turn_count(0) == 0);
}

static void set_slice_of_r(void *arg)
{
	PROVES("SLICE-22", scx_bpf_task_set_slice(r, *(u64 *)arg));
	PROVES("SLICE-22", r->scx.slice_oob & SCX_SLICE_OOB_PENDING);
}

static void request(u64 slice)
{
	static u64 value;

	value = slice;
	lab_outside(set_slice_of_r, &value);
}

static void slice_03_a_request_is_charged_for_the_time_before_it(void **state)
{
	(void)state;
	turn_ops.tick = say_tick;	/* 21.16, trace C */
	start();
	lab_run(4 * MS + 500 * US);
	lab_kick(0, 0);			/* charged up to now */
	lab_run(300 * US);
	request(5 * MS);
	lab_kick(0, 0);
	PROVES("SLICE-03 SLICE-25", r->scx.slice <= 5 * MS - 300 * US && r->scx.slice > 4 * MS);
	PROVES("SLICE-25", !r->scx.slice_oob);
}

static void slice_23_requests_are_encoded_and_clamped(void **state)
{
	(void)state;
	start();
	lab_run(300 * US);	/* away from the tick, which would apply it */
	request(SCX_SLICE_INF);
	PROVES("SLICE-23", (r->scx.slice_oob & SCX_SLICE_OOB_DUR_MASK) == SCX_SLICE_OOB_DUR_MASK);
	PROVES("SLICE-23", lab_count(SCX_EV_SLICE_CLAMPED) == 0);
	request(SCX_SLICE_OOB_DUR_MASK);
	PROVES("SLICE-23", (r->scx.slice_oob & SCX_SLICE_OOB_DUR_MASK) == SCX_SLICE_OOB_DUR_MASK - 1);
	PROVES("SLICE-23", lab_count(SCX_EV_SLICE_CLAMPED) == 1);
	request(SCX_SLICE_OOB_DUR_MASK - 1);
	PROVES("SLICE-23", (r->scx.slice_oob & SCX_SLICE_OOB_DUR_MASK) == SCX_SLICE_OOB_DUR_MASK - 1);
	PROVES("SLICE-23", lab_count(SCX_EV_SLICE_CLAMPED) == 1);
	request(3 * MS);
	PROVES("SLICE-24 SLICE-23", (r->scx.slice_oob & SCX_SLICE_OOB_DUR_MASK) == 3 * MS);
	PROVES("SLICE-23", (r->scx.slice_oob >> 43 & 0xfffff) == (scx_root->id & 0xfffff));
	request(SCX_SLICE_INF);
	lab_kick(0, 0);
	PROVES("SLICE-23 SLICE-25", r->scx.slice == SCX_SLICE_INF && !r->scx.slice_oob);
}

static void slice_26_a_request_of_another_scheduler_is_dropped(void **state)
{
	u64 before;

	(void)state;
	start();
	lab_run(300 * US);
	request(3 * MS);
	r->scx.slice_oob ^= 1ULL << 43;
	before = r->scx.slice;
	lab_kick(0, 0);
	PROVES("SLICE-26", !r->scx.slice_oob && before - r->scx.slice < MS);
}

static void set_slices_where_it_is_locked(struct task_struct *prev)
{
	PROVES("SLICE-21", scx_bpf_task_set_slice(a, 3 * MS));
	PROVES("SLICE-21 SLICE-30", a->scx.slice == 3 * MS && a->scx.runnable_cpu == 0);
	PROVES("SLICE-21", scx_bpf_task_set_slice(prev, 4 * MS));
	PROVES("SLICE-21 SLICE-30", prev->scx.slice == 4 * MS && prev->scx.runnable_cpu == -1);
	PROVES("SLICE-22", scx_bpf_task_set_slice(s, 5 * MS) && s->scx.slice_oob);	/* asleep */
}

static void slice_21_a_task_of_the_locked_rq_is_written_at_once(void **state)
{
	(void)state;
	start();
	request(50 * MS);
	turn(0, set_slices_where_it_is_locked);
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("SLICE-21 SLICE-29", lab_runs(r) && r->scx.slice == 4 * MS && !r->scx.slice_oob);
	PROVES("SLICE-29", turn_count(0) == 1 && lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 0);
}

static u64 slice_at_running;

static void note_slice(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_running && subject == s)
		slice_at_running = s->scx.slice;
}

static void set_slice_of_s(void *arg)
{
	(void)arg;
	scx_bpf_task_set_slice(s, 5 * MS);
}

static void slice_25_a_request_for_a_sleeper_is_applied_behind_running(void **state)
{
	(void)state;
	start();
	lab_block(r);
	say.look = note_slice;
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = SAY_KEEP_SLICE;
	s->scx.slice = 9 * MS;
	lab_outside(set_slice_of_s, NULL);
	lab_wake(s);
	PROVES("SLICE-25 SLICE-06", slice_at_running == 9 * MS);
	PROVES("SLICE-25", s->scx.slice == 5 * MS && !s->scx.slice_oob);
}

static void slice_14_disable_clears_slice_and_vtime(void **state)
{
	(void)state;
	start();
	s->scx.dsq_vtime = 77;
	s->scx.slice = 9 * MS;
	lab_set_policy(s, SCHED_FIFO, 50);
	PROVES("SLICE-14", s->scx.slice == 0 && s->scx.dsq_vtime == 0);
}

static void slice_15_a_task_switched_in_at_load_has_the_bypass_slice(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	s = lab_task("s", .cpu = 0);
	lab_load(&turn_ops);
	PROVES("SLICE-15", s->scx.slice == SCX_SLICE_BYPASS);
}

static void slice_18_sleep_and_changes_keep_the_rest(void **state)
{
	u64 rest;

	(void)state;
	start();
	lab_run(10 * MS);
	lab_block(r);
	rest = r->scx.slice;
	PROVES("SLICE-18", rest <= 90 * MS && rest > 85 * MS);
	lab_set_nice(r, 3);
	lab_set_cpus(r, 3);
	lab_run(5 * MS);
	PROVES("SLICE-18", r->scx.slice == rest);
}

static void slice_27_writing_0_does_not_reschedule(void **state)
{
	(void)state;
	start();
	lab_run(300 * US);
	r->scx.slice = 0;
	scx_slices_maybe_written();
	lab_settle();
	PROVES("SLICE-27", !r->need_resched && turn_count(0) == 0);
	lab_run(2 * MS);
	PROVES("SLICE-27 TICK-01", turn_count(0) == 1);
}

static void slice_10_a_short_cut_refills(void **state)
{
	(void)state;
	turn_ops.enqueue = NULL;
	lab_start(.cpus = 2);
	r = lab_task("r", .cpu = 0);
	lab_load(&turn_ops);
	lab_from(1);
	r->scx.slice = 3 * MS;
	lab_outside(set_slice_of_r, &(u64){ 9 * MS });
	lab_forget();
	lab_wake(r);	/* to the global DSQ; the request is kept until it runs */
	PROVES("SLICE-10", lab_runs(r) && lab_count(SCX_EV_REFILL_SLICE_DFL) == 1);
	PROVES("SLICE-10 SLICE-25", r->scx.slice == 9 * MS && !r->scx.slice_oob);
}

static void move_a_with_slice(void *arg)
{
	struct bpf_iter_scx_dsq it;

	(void)arg;
	PROVES("SLICE-13", bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0) == 0);
	scx_bpf_dsq_move_set_slice(&it, 6 * MS);
	PROVES("SLICE-13", a->scx.slice != 6 * MS);
	PROVES("SLICE-13", scx_bpf_dsq_move(&it, a, SAY_OTHER_DSQ, 0));
	bpf_iter_scx_dsq_destroy(&it);
}

static void set_slice_of_a(void *arg)
{
	(void)arg;
	scx_bpf_task_set_slice(a, 5 * MS);
	PROVES("SLICE-13", a->scx.slice_oob);
	PROVES("SLICE-31", scx_bpf_task_set_dsq_vtime(a, 1234) && a->scx.dsq_vtime == 1234);
}

static void slice_13_a_move_may_carry_a_slice(void **state)
{
	(void)state;
	start();
	say.dsq = SAY_DSQ;
	lab_set_nice(a, 1);
	lab_outside(set_slice_of_a, NULL);
	lab_outside(move_a_with_slice, NULL);
	PROVES("SLICE-13", a->scx.slice == 6 * MS && !a->scx.slice_oob);
	PROVES("SLICE-13", a->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ));
}

static void vtime_of_first(void *arg)
{
	(void)arg;
	PROVES("SLICE-31", scx_bpf_task_set_dsq_vtime(a, 1ULL << 40));
}

static void slice_31_vtime_of_a_queued_task_sorts_nothing(void **state)
{
	(void)state;
	start();
	say.vtime = true;
	say.dsq = SAY_DSQ;
	lab_set_nice(a, 1);
	lab_wake(s);
	assert_true(turn_queue_is(lab_user_dsq(SAY_DSQ), "a s"));
	lab_outside(vtime_of_first, NULL);
	PROVES("SLICE-31", turn_queue_is(lab_user_dsq(SAY_DSQ), "a s") && a->scx.dsq_vtime == 1ULL << 40);
}

static void write_slice_and_vtime(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_stopping)
		return;
	subject->scx.slice = 33 * MS;
	subject->scx.dsq_vtime = 44;
}

static void slice_16_a_policy_may_write_both_at_any_time(void **state)
{
	(void)state;
	start();
	say.look = write_slice_and_vtime;
	lab_wake(rt);
	PROVES("SLICE-16 SLICE-17", r->scx.slice == 33 * MS && r->scx.dsq_vtime == 44);
	PROVES("SLICE-16", turn_queue_is(lab_local(0), "r"));
}

static void pull_far(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(far, SCX_DSQ_LOCAL_ON | 2, 0, 0);
}

/* The pass in which r blocks takes long, and somebody moves the clock of the rq meanwhile. */
static void slice_36_a_task_that_blocked_is_charged_until_it_is_put(void **state)
{
	struct lab_hold *dance;
	u64 rest;

	(void)state;
	start_in(RUN_EXPLORED);
	lab_run(300 * US);
	dance = lab_hold(.cpu = 0, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	turn(0, pull_far);
	lab_block(r);
	assert_true(lab_held(dance));
	rest = r->scx.slice;
	lab_run(400 * US);
	lab_set_nice(a, 1);
	lab_release(dance);
	PROVES("SLICE-36", rest - r->scx.slice >= 400 * US && rest - r->scx.slice < 500 * US);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(slice_01_a_new_task_has_the_default_slice),
		TEST(slice_02_running_time_is_taken_from_the_slice),
		TEST(slice_03_a_request_is_charged_for_the_time_before_it),
		TEST(slice_23_requests_are_encoded_and_clamped),
		TEST(slice_26_a_request_of_another_scheduler_is_dropped),
		TEST(slice_21_a_task_of_the_locked_rq_is_written_at_once),
		TEST(slice_25_a_request_for_a_sleeper_is_applied_behind_running),
		TEST(slice_14_disable_clears_slice_and_vtime),
		TEST(slice_15_a_task_switched_in_at_load_has_the_bypass_slice),
		TEST(slice_18_sleep_and_changes_keep_the_rest),
		TEST(slice_10_a_short_cut_refills),
		TEST(slice_13_a_move_may_carry_a_slice),
		TEST(slice_31_vtime_of_a_queued_task_sorts_nothing),
		TEST(slice_16_a_policy_may_write_both_at_any_time),
		TEST(slice_36_a_task_that_blocked_is_charged_until_it_is_put),
		TEST(slice_27_writing_0_does_not_reschedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
