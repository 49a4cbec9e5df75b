/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: FIFO and vtime order, head and tail, the first task (spec 13.6 to 13.8). */
#include "dsq_rig.h"

static struct task_struct *a, *b, *c, *d, *e;

static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 2, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 1);
	d = lab_task("d", .cpu = 1);
	e = lab_task("e", .cpu = 1);
	load();
}

static void begin_five(void)
{
	begin_mode(RUN_TIMED);
}

/* ---- by vtime */

static void dsq_26_30_the_list_follows_vtime(void **state)
{
	(void)state;
	begin_five();
	put_vtime(a, U, 30, 0);
	PROVES("DSQ-26", (a->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ) && queue_is(user(U), "a"));
	put_vtime(b, U, 10, 0);
	PROVES("DSQ-26", queue_is(user(U), "b a"));
	put_vtime(c, U, 20, 0);
	PROVES("DSQ-26", queue_is(user(U), "b c a"));
	put_vtime(d, U, 40, 0);
	put_vtime(e, U, 15, 0);
	PROVES("DSQ-26 DSQ-30", queue_is(user(U), "b e c a d"));
}

static void dsq_26_30_consumption_follows_vtime(void **state)
{
	(void)state;
	begin_five();
	put_vtime(a, U, 30, 0);
	put_vtime(b, U, 10, 0);
	put_vtime(c, U, 20, 0);
	PROVES("DSQ-30", peek(U) == b);
	move_off(U, b, V, 0);
	PROVES("DSQ-30", peek(U) == c && queue_is(user(U), "c a"));
	put_vtime(d, U, 5, 0);
	PROVES("DSQ-30", peek(U) == d && queue_is(user(U), "d c a"));
}

static void dsq_26_without_predecessor_in_front_of_cursors_with_one_right_behind_it(void **state)
{
	struct bpf_iter_scx_dsq it, rev;

	(void)state;
	begin_five();
	put_vtime(a, U, 30, 0);
	step(open_iter(&it, U, 0));
	step(open_iter(&rev, U, SCX_DSQ_ITER_REV));
	assert_true(queue_is(user(U), "| a |"));
	put_vtime(b, U, 10, 0);
	PROVES("DSQ-26", queue_is(user(U), "b | a |"));
	put_vtime(c, U, 20, 0);
	PROVES("DSQ-26", queue_is(user(U), "b c | a |"));
	put_vtime(d, U, 40, 0);
	PROVES("DSQ-26", queue_is(user(U), "b c | a d |"));
	close_iter(&it);
	close_iter(&rev);
}

static void dsq_27_vtimes_wrap(void **state)
{
	(void)state;
	begin_five();
	put_vtime(a, U, 5, 0);
	put_vtime(b, U, (u64)-5, 0);
	put_vtime(c, U, 0, 0);
	PROVES("DSQ-27", queue_is(user(U), "b c a"));
	/* The difference decides, also far from zero. */
	put_vtime(d, V, 1ULL << 63, 0);
	put_vtime(e, V, (1ULL << 63) - 1, 0);
	PROVES("DSQ-27", queue_is(user(V), "e d"));
}

static void dsq_28_equals_stay_in_order_of_insertion(void **state)
{
	(void)state;
	begin_five();
	put_vtime(a, U, 7, 0);
	put_vtime(b, U, 9, 0);
	put_vtime(c, U, 7, 0);
	put_vtime(d, U, 7, 0);
	put_vtime(e, U, 9, 0);
	PROVES("DSQ-28", queue_is(user(U), "a c d b e"));
}

static void dsq_29_head_and_preempt_mean_nothing_to_a_vtime_insert(void **state)
{
	(void)state;
	begin_five();
	put_vtime(a, U, 10, 0);
	put_vtime(b, U, 20, SCX_ENQ_HEAD);
	put_vtime(c, U, 30, SCX_ENQ_PREEMPT);
	put_vtime(d, U, 40, SCX_ENQ_HEAD | SCX_ENQ_PREEMPT);
	PROVES("DSQ-29", queue_is(user(U), "a b c d") && peek(U) == a);
}

static void dsq_31_a_vtime_changed_in_the_queue_reorders_nothing(void **state)
{
	(void)state;
	begin_five();
	put_vtime(a, U, 10, 0);
	put_vtime(b, U, 20, 0);
	a->scx.dsq_vtime = 30;
	PROVES("DSQ-31", queue_is(user(U), "a b") && peek(U) == a);
	/* Where this one lands is nobody's promise; that it lands and all come off again is. */
	put_vtime(c, U, 25, 0);
	PROVES("DSQ-31", user(U)->nr == 3);
	PROVES("DSQ-31", move_off(U, a, V, 0) && move_off(U, b, V, 0) && move_off(U, c, V, 0));
	PROVES("DSQ-31", user(U)->nr == 0 && RB_EMPTY_ROOT(&user(U)->priq));
}

/* ---- both ways in one queue */

static void dsq_32_a_vtime_insert_into_a_fifo_is_an_error_and_done(void **state)
{
	struct lab_hold *frozen;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	frozen = freeze_exit();
	put_vtime(b, U, 10, 0);
	PROVES("DSQ-32", lab_held(frozen) && queue_is(user(U), "b a") && user(U)->nr == 2);
	PROVES("DSQ-32", b->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ);
	lab_release(frozen);
	PROVES("DSQ-32", lab_exited(SCX_EXIT_ERROR, "already had FIFO-enqueued tasks"));
}

static void dsq_33_a_fifo_insert_into_a_tree_is_an_error_and_done(void **state)
{
	struct lab_hold *frozen;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put_vtime(a, U, 10, 0);
	frozen = freeze_exit();
	put(b, U, 0);
	PROVES("DSQ-33", lab_held(frozen) && queue_is(user(U), "a b") && user(U)->nr == 2);
	PROVES("DSQ-33", !(b->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ));
	lab_release(frozen);
	PROVES("DSQ-33", lab_exited(SCX_EXIT_ERROR, "already had PRIQ-enqueued tasks"));
}

static void dsq_34_an_empty_queue_may_change_its_ways(void **state)
{
	(void)state;
	begin_five();
	put(a, U, 0);
	move_off(U, a, V, 0);
	put_vtime(b, U, 10, 0);
	PROVES("DSQ-34", queue_is(user(U), "b") && !scx_last_exit());
	move_off(U, b, V, 0);
	put(c, U, 0);
	PROVES("DSQ-34", queue_is(user(U), "c") && !scx_last_exit());
}

static void dsq_35_parked_cursors_are_not_fifo_tasks(void **state)
{
	struct bpf_iter_scx_dsq it;

	(void)state;
	begin_five();
	put(a, U, 0);
	step(open_iter(&it, U, 0));
	move_off(U, a, V, 0);
	assert_true(queue_is(user(U), "|"));
	put_vtime(b, U, 10, 0);
	PROVES("DSQ-35", queue_is(user(U), "b |") && !scx_last_exit());
	close_iter(&it);
}

/* ---- head and tail */

static void dsq_36_38_head_and_preempt_go_in_front_like_a_stack(void **state)
{
	(void)state;
	begin_five();
	put(a, U, 0);
	put(b, U, 0);
	PROVES("DSQ-36", queue_is(user(U), "a b"));
	put(c, U, SCX_ENQ_HEAD);
	PROVES("DSQ-36", queue_is(user(U), "c a b"));
	put(d, U, SCX_ENQ_PREEMPT);
	PROVES("DSQ-36 DSQ-38", queue_is(user(U), "d c a b"));
	put(e, U, SCX_ENQ_HEAD);
	PROVES("DSQ-38", queue_is(user(U), "e d c a b"));
}

static void dsq_36_37_on_a_local_dsq_head_is_the_true_head(void **state)
{
	struct task_struct *hog;

	(void)state;
	begin_five();
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO, .awake = true);
	assert_true(lab_runs(hog));
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	put(c, SCX_DSQ_LOCAL, SCX_ENQ_HEAD);
	PROVES("DSQ-36 DSQ-37", queue_is(lab_local(1), "c a b"));
	put(d, SCX_DSQ_LOCAL, SCX_ENQ_PREEMPT);
	PROVES("DSQ-36 DSQ-37 DSQ-38", queue_is(lab_local(1), "d c a b"));
	lab_block(hog);
	PROVES("DSQ-36 DSQ-37", lab_runs(d));
}

static void dsq_39_a_head_insert_is_in_front_of_all_cursors_and_no_iteration_sees_it(void **state)
{
	struct bpf_iter_scx_dsq it, rev;

	(void)state;
	begin_five();
	put(a, U, 0);
	put(b, U, 0);
	open_iter(&it, U, 0);
	open_iter(&rev, U, SCX_DSQ_ITER_REV);
	assert_true(step(&rev) == b && step(&rev) == a && queue_is(user(U), "| a b"));
	put(c, U, SCX_ENQ_HEAD);
	PROVES("DSQ-39", queue_is(user(U), "c | a b"));
	PROVES("DSQ-39 DSQ-80", step(&rev) == NULL);
	PROVES("DSQ-39 DSQ-80", step(&it) == a && step(&it) == b && step(&it) == NULL);
	close_iter(&it);
	close_iter(&rev);
}

static void dsq_40_a_tail_insert_is_behind_a_cursor_at_the_tail_and_skipped(void **state)
{
	struct bpf_iter_scx_dsq it;

	(void)state;
	begin_five();
	put(a, U, 0);
	assert_ptr_equal(step(open_iter(&it, U, 0)), a);
	put(b, U, 0);
	PROVES("DSQ-40", queue_is(user(U), "a | b"));
	PROVES("DSQ-40 DSQ-80", step(&it) == NULL);
	close_iter(&it);
}

/* ---- the first task */

static void dsq_41_a_vtime_insert_without_predecessor_is_first(void **state)
{
	(void)state;
	begin_five();
	put_vtime(a, U, 20, 0);
	PROVES("DSQ-41", user(U)->first_task == a);
	put_vtime(b, U, 30, 0);
	PROVES("DSQ-41", user(U)->first_task == a);
	put_vtime(c, U, 20, 0);
	PROVES("DSQ-41", user(U)->first_task == a);
	put_vtime(d, U, 10, 0);
	PROVES("DSQ-41", user(U)->first_task == d);
}

static void dsq_42_a_head_insert_is_first(void **state)
{
	(void)state;
	begin_five();
	put(a, U, SCX_ENQ_HEAD);
	PROVES("DSQ-42", user(U)->first_task == a);
	put(b, U, SCX_ENQ_HEAD);
	PROVES("DSQ-42", user(U)->first_task == b);
	put(c, U, SCX_ENQ_PREEMPT);
	PROVES("DSQ-42", user(U)->first_task == c);
}

static void dsq_43_a_tail_insert_is_first_only_if_there_was_none(void **state)
{
	struct bpf_iter_scx_dsq it;

	(void)state;
	begin_five();
	put(a, U, 0);
	PROVES("DSQ-43", user(U)->first_task == a);
	put(b, U, 0);
	PROVES("DSQ-43", user(U)->first_task == a);
	step(open_iter(&it, U, 0));
	move_off(U, a, V, 0);
	move_off(U, b, V, 0);
	assert_true(queue_is(user(U), "|"));
	put(c, U, 0);
	PROVES("DSQ-43", queue_is(user(U), "| c") && user(U)->first_task == c);
	close_iter(&it);
}

static void dsq_44_when_the_first_goes_the_next_task_is_first(void **state)
{
	struct bpf_iter_scx_dsq it;

	(void)state;
	begin_five();
	put(a, U, 0);
	put(b, U, 0);
	put(c, U, 0);
	step(open_iter(&it, U, 0));
	assert_true(queue_is(user(U), "a | b c"));
	move_off(U, a, V, 0);
	PROVES("DSQ-44", user(U)->first_task == b);
	move_off(U, c, V, 0);
	PROVES("DSQ-44", user(U)->first_task == b);
	move_off(U, b, V, 0);
	PROVES("DSQ-44", queue_is(user(U), "|") && user(U)->first_task == NULL);
	close_iter(&it);
}

static void do_bypass(void *arg UNUSED)
{
	scx_bypass(scx_root, true);
}

static void dsq_45_builtin_dsqs_keep_no_first_task(void **state)
{
	struct task_struct *hog;

	(void)state;
	begin_five();
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO, .awake = true);
	assert_true(lab_runs(hog));
	put(a, SCX_DSQ_GLOBAL, 0);
	put(b, SCX_DSQ_GLOBAL, SCX_ENQ_HEAD);
	put(c, SCX_DSQ_LOCAL, 0);
	put(d, SCX_DSQ_LOCAL, SCX_ENQ_HEAD);
	PROVES("DSQ-45", queue_is(global_of(1), "b a") && !global_of(1)->first_task);
	PROVES("DSQ-45", queue_is(lab_local(1), "d c") && !lab_local(1)->first_task);
	lab_outside(do_bypass, NULL);
	lab_wake(e);
	PROVES("DSQ-45", bypass_dsq(scx_root, 1)->nr == 5 && !bypass_dsq(scx_root, 1)->first_task);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_26_30_the_list_follows_vtime),
		TEST(dsq_26_30_consumption_follows_vtime),
		TEST(dsq_26_without_predecessor_in_front_of_cursors_with_one_right_behind_it),
		TEST(dsq_27_vtimes_wrap),
		TEST(dsq_28_equals_stay_in_order_of_insertion),
		TEST(dsq_29_head_and_preempt_mean_nothing_to_a_vtime_insert),
		TEST(dsq_31_a_vtime_changed_in_the_queue_reorders_nothing),
		TEST(dsq_32_a_vtime_insert_into_a_fifo_is_an_error_and_done),
		TEST(dsq_33_a_fifo_insert_into_a_tree_is_an_error_and_done),
		TEST(dsq_34_an_empty_queue_may_change_its_ways),
		TEST(dsq_35_parked_cursors_are_not_fifo_tasks),
		TEST(dsq_36_38_head_and_preempt_go_in_front_like_a_stack),
		TEST(dsq_36_37_on_a_local_dsq_head_is_the_true_head),
		TEST(dsq_39_a_head_insert_is_in_front_of_all_cursors_and_no_iteration_sees_it),
		TEST(dsq_40_a_tail_insert_is_behind_a_cursor_at_the_tail_and_skipped),
		TEST(dsq_41_a_vtime_insert_without_predecessor_is_first),
		TEST(dsq_42_a_head_insert_is_first),
		TEST(dsq_43_a_tail_insert_is_first_only_if_there_was_none),
		TEST(dsq_44_when_the_first_goes_the_next_task_is_first),
		TEST(dsq_45_builtin_dsqs_keep_no_first_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
