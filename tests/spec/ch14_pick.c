/* SPDX-License-Identifier: GPL-2.0-only */
/* The pick: spec 14.13. */
#include "pick_rig.h"

/* ---- the beginning */

static u64 sync_before;

static void pick_has_begun(struct task_struct *prev)
{
	(void)prev;
	PROVES("PICK-01 PICK-02", rq0()->scx.kick_sync == sync_before + 1);
}

static void pick_01_the_counter_advances_once_before_the_dispatch(void **state)
{
	(void)state;
	start();
	sync_before = rq0()->scx.kick_sync;
	turn(0, pick_has_begun);
	lab_kick(0, 0);
	PROVES("PICK-01", turn_count(0) == 1 && rq0()->scx.kick_sync == sync_before + 1);
}

static void next_class_is_ext(struct task_struct *prev)
{
	(void)prev;
	PROVES("PICK-01", rq0()->next_class == &ext_sched_class);
}

static void next_class_is_idle(struct task_struct *prev)
{
	(void)prev;
	PROVES("PICK-01", rq0()->next_class == &idle_sched_class);
}

static void pick_01_next_class_is_lowered_to_ext_never_raised(void **state)
{
	(void)state;
	start();
	turn(0, next_class_is_idle);
	lab_kick(0, 0);
	assert_int_equal(turn_count(0), 1);
	lab_wake(rt);
	assert_ptr_equal(rq0()->next_class, &rt_sched_class);
	turn(0, next_class_is_ext);
	lab_block(rt);
	PROVES("PICK-01", turn_count(0) == 2);
}

/* ---- the end */

static void give_far_to_cpu_2(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(far, SCX_DSQ_LOCAL_ON | 2, 0, 0);
}

static struct lab_hold *hold_lock(int cpu, int rq)
{
	return lab_hold(.cpu = cpu, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(rq)->__lock);
}

static void pick_03_a_higher_class_that_woke_meanwhile_is_picked(void **state)
{
	struct lab_hold *dance;

	(void)state;
	start_in(RUN_EXPLORED);
	run_r();
	dance = hold_lock(0, 1);
	end_slice(give_far_to_cpu_2);
	assert_true(lab_held(dance));
	lab_wake(rt);
	assert_ptr_equal(rq0()->next_class, &rt_sched_class);
	lab_forget();
	lab_release(dance);
	PROVES("PICK-03", lab_runs(rt));
	/* r, kept by the first verdict, is put without a slice. */
	PROVES("PICK-03", lab_called(r, "stopping(1) enqueue(0x0)"));
}

static void give_a_and_far(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
	scx_bpf_dsq_insert(far, SCX_DSQ_LOCAL_ON | 2, 0, 0);
}

static void pick_03_what_was_dispatched_stays_on_the_local_dsq(void **state)
{
	struct lab_hold *dance;

	(void)state;
	start_in(RUN_EXPLORED);
	dance = hold_lock(0, 1);
	turn(0, give_a_and_far);
	lab_kick(0, 0);
	assert_true(lab_held(dance));
	lab_wake(rt);
	lab_release(dance);
	PROVES("PICK-03", lab_runs(rt) && turn_queue_is(lab_local(0), "a"));
	lab_block(rt);
	PROVES("PICK-03", lab_runs(a));
}

static void pick_05_a_kept_task_without_slice_gets_the_default(void **state)
{
	(void)state;
	start_busy();
	end_slice(NULL);
	PROVES("PICK-05 SLICE-12", lab_runs(r) && r->scx.slice == SCX_SLICE_DFL);
	PROVES("PICK-05", lab_count(SCX_EV_REFILL_SLICE_DFL) == 1);
	PROVES("PICK-10", lab_called(r, ""));
}

static void extend(struct task_struct *prev)
{
	prev->scx.slice = 5 * MS;
}

static void pick_05_a_kept_task_with_slice_keeps_it(void **state)
{
	(void)state;
	start_busy();
	end_slice(extend);
	PROVES("PICK-05 PICK-10", lab_runs(r) && r->scx.slice == 5 * MS && lab_called(r, ""));
	PROVES("PICK-05", lab_count(SCX_EV_REFILL_SLICE_DFL) == 0);
}

static void do_nothing(struct task_struct *prev)
{
	(void)prev;
}

static void pick_06_the_head_of_the_local_dsq_is_picked(void **state)
{
	(void)state;
	start_busy();
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(a, 1);
	lab_set_cpus(far, 1);	/* comes to CPU 0 */
	say.dsq = 0;
	assert_true(turn_queue_is(lab_local(0), "a far"));
	end_slice(NULL);
	PROVES("PICK-06", lab_runs(a) && turn_queue_is(lab_local(0), "far"));
}

/*
 * The verdict is NONE although a task came: it came while the lock was dropped
 * for a task of the global DSQ that was lost, after the last look at the local
 * one.
 */
static void pick_06_a_task_that_came_behind_the_verdict_is_picked(void **state)
{
	struct lab_hold *inside, *src;

	(void)state;
	start_in(RUN_EXPLORED);
	inside = lab_hold(.cpu = 0, .label = "ops.dispatch", .skip = 1);
	turn(0, do_nothing);
	lab_kick(0, 0);
	assert_true(lab_held(inside) && turn_count(0) == 1);
	src = hold_lock(0, 1);
	say.dsq = SCX_DSQ_GLOBAL;
	lab_set_nice(far, 1);
	say.dsq = 0;
	lab_release(inside);
	assert_true(lab_held(src));	/* consuming far */
	lab_set_nice(far, 2);		/* lost */
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(r);
	say.dsq = 0;
	lab_release(src);
	PROVES("PICK-06", lab_runs(r) && turn_count(0) == 1);
}

static void give_a_without_slice(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
	scx_bpf_dsq_move_to_local(SAY_DSQ, 0);
	a->scx.slice = 0;
}

static void pick_07_a_picked_task_without_slice_gets_the_default_and_a_warning(void **state)
{
	(void)state;
	start();
	assert_false(scx_root->warned_zero_slice);
	turn(0, give_a_without_slice);
	lab_kick(0, 0);
	PROVES("PICK-07 SLICE-11", lab_runs(a) && a->scx.slice == SCX_SLICE_DFL);
	PROVES("PICK-07", lab_count(SCX_EV_REFILL_SLICE_DFL) == 1 && scx_root->warned_zero_slice);
}

static void pick_07_a_picked_task_with_slice_keeps_it(void **state)
{
	(void)state;
	start();
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = 3 * MS;
	lab_wake(r);
	PROVES("PICK-07", lab_runs(r) && r->scx.slice == 3 * MS);
	PROVES("PICK-07", lab_count(SCX_EV_REFILL_SLICE_DFL) == 0 && !scx_root->warned_zero_slice);
}

static void pick_08_without_a_task_the_cpu_idles(void **state)
{
	(void)state;
	start_busy();
	lab_block(r);
	PROVES("PICK-08", rq_is_idle(rq0()) && rq0()->next_class == &idle_sched_class);
}

/* ---- put and set */

static bool was_linked, was_unlinked;
static struct lab_hold *unlock;

static void look_at_links(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_stopping && subject == r) {
		was_linked = a->scx.dsq == lab_local(0) && lab_local(0)->nr == 1;
		unlock = lab_hold(.cpu = 0, .label = "rq", .kinds = LAB_KIND(YIELD_UNLOCK), .obj = &rq0()->__lock);
	}
	if (op == SCXTWIN_OP_running && subject == a)
		was_unlinked = !a->scx.dsq && lab_local(0)->nr == 0;
}

static void give_a(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
}

static void pick_09_the_task_is_unlinked_by_set_next_only(void **state)
{
	(void)state;
	start_in(RUN_EXPLORED);
	run_r();
	was_linked = was_unlinked = false;
	say.look = look_at_links;
	lab_forget();
	end_slice(give_a);
	PROVES("PICK-09", was_linked && was_unlinked);
	assert_true(lab_held(unlock));
	/* Nothing was unlocked between the two. */
	PROVES("PICK-11", lab_called(NULL, "dispatch(0,r) a:dequeue r:stopping(1) r:enqueue(0x0) a:running"));
	lab_release(unlock);
	PROVES("PICK-11", lab_runs(a));
}

static void pick_10_a_task_that_goes_on_is_neither_put_nor_set(void **state)
{
	u64 switches;

	(void)state;
	start_busy();
	switches = rq0()->nr_switches;
	sync_before = rq0()->scx.kick_sync;
	lab_kick(0, 0);
	PROVES("PICK-10", lab_called(NULL, "") && rq0()->nr_switches == switches);
	PROVES("PICK-10", rq0()->scx.kick_sync == sync_before + 1);	/* the pick's, none of a put */
}

static void pick_12_next_class_follows_the_picked_task(void **state)
{
	(void)state;
	start();
	PROVES("PICK-12", rq0()->next_class == &idle_sched_class);
	run_r();
	PROVES("PICK-12", rq0()->next_class == &ext_sched_class);
	lab_wake(rt);
	PROVES("PICK-12", rq0()->next_class == &rt_sched_class);
	lab_block(rt);
	PROVES("PICK-12", rq0()->next_class == &ext_sched_class && lab_runs(r));
	lab_block(r);
	PROVES("PICK-12", rq0()->next_class == &idle_sched_class);
}

static void pick_13_an_idle_cpu_always_asks(void **state)
{
	(void)state;
	start();
	assert_int_equal(cpu_rq(2)->nr_running, 0);
	lab_kick(2, 0);
	PROVES("PICK-13", turn_count(2) == 1 && lab_called(NULL, "dispatch(2,-)"));
}

static void pick_14_a_wait_stays_pending_over_a_pick_that_retries(void **state)
{
	struct lab_hold *dance, *retry;

	(void)state;
	start_in(RUN_EXPLORED);
	run_r();
	/* CPU 2 runs a. */
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_cpus(a, 4);
	assert_true(lab_runs(a) && task_cpu(a) == 2);
	say.dsq = 0;
	turn_forget();
	dance = hold_lock(0, 1);
	turn(0, give_far_to_cpu_2);
	/* CPU 0 asks itself for a look, and waits for CPU 2, both at one time. */
	lab_from(0);
	r->scx.slice = 0;
	lab_kick(2, SCX_KICK_WAIT);
	assert_true(lab_held(dance));
	PROVES("PICK-14", rq0()->scx.kick_sync_pending);
	lab_from(3);
	lab_wake(rt);
	retry = lab_hold(.cpu = 0, .label = "rq", .kinds = LAB_KIND(YIELD_UNLOCK), .obj = &rq0()->__lock);
	lab_release(dance);
	assert_true(lab_held(retry));
	PROVES("PICK-14", rq0()->scx.kick_sync_pending && !rq0()->balance_callback);
	lab_release(retry);
	PROVES("PICK-14 KICK-33", lab_runs(rt) && rq0()->scx.kick_sync_pending);
	lab_block(rt);
	PROVES("PICK-14", !rq0()->scx.kick_sync_pending && !cpumask_test_cpu(2, rq0()->scx.cpus_to_sync));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(pick_01_the_counter_advances_once_before_the_dispatch),
		TEST(pick_01_next_class_is_lowered_to_ext_never_raised),
		TEST(pick_03_a_higher_class_that_woke_meanwhile_is_picked),
		TEST(pick_03_what_was_dispatched_stays_on_the_local_dsq),
		TEST(pick_05_a_kept_task_without_slice_gets_the_default),
		TEST(pick_05_a_kept_task_with_slice_keeps_it),
		TEST(pick_06_the_head_of_the_local_dsq_is_picked),
		TEST(pick_06_a_task_that_came_behind_the_verdict_is_picked),
		TEST(pick_07_a_picked_task_without_slice_gets_the_default_and_a_warning),
		TEST(pick_07_a_picked_task_with_slice_keeps_it),
		TEST(pick_08_without_a_task_the_cpu_idles),
		TEST(pick_09_the_task_is_unlinked_by_set_next_only),
		TEST(pick_10_a_task_that_goes_on_is_neither_put_nor_set),
		TEST(pick_12_next_class_follows_the_picked_task),
		TEST(pick_13_an_idle_cpu_always_asks),
		TEST(pick_14_a_wait_stays_pending_over_a_pick_that_retries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
