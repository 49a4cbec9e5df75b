/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: iterators (spec 13.13). */
#include "dsq_rig.h"

static struct task_struct *a, *b, *c, *d, *e;
static struct bpf_iter_scx_dsq it, other;

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

static void put_abc(void)
{
	put(a, U, 0);
	put(b, U, 0);
	put(c, U, 0);
}

/* ---- new */

static void spoil(struct bpf_iter_scx_dsq *iter)
{
	memset(iter, 0xff, sizeof(*iter));
}

static void dsq_74_failures_are_quiet_and_leave_no_dsq(void **state)
{
	(void)state;
	begin_five();
	put(a, U, 0);
	spoil(&it);
	PROVES("DSQ-74", iter_new(&it, U, 1) == -EINVAL && !it.dsq);
	spoil(&it);
	PROVES("DSQ-74 DSQ-76", iter_new(&it, U, SCX_DSQ_ITER_REV | 2) == -EINVAL && !it.dsq);
	spoil(&it);
	PROVES("DSQ-74 DSQ-76", iter_new(&it, U, 1ULL << 31) == -EINVAL && !it.dsq);
	spoil(&it);
	PROVES("DSQ-74", iter_new(&it, 4711, 0) == -ENOENT && !it.dsq);
	spoil(&it);
	PROVES("DSQ-74", iter_new(&it, SCX_DSQ_GLOBAL, 0) == -ENOENT && !it.dsq);
	PROVES("DSQ-74", iter_new(&it, SCX_DSQ_LOCAL, 0) == -ENOENT);
	PROVES("DSQ-74", iter_new(&it, ON_CPU(1), 0) == -ENOENT);
	PROVES("DSQ-74", !scx_last_exit());
}

static void dsq_74_no_scheduler(void **state)
{
	(void)state;
	begin(.cpus = 2);
	spoil(&it);
	PROVES("DSQ-74", iter_new(&it, U, 0) == -ENODEV && !it.dsq);
}

static void dsq_75_the_cut_off_is_the_counter_at_creation_read_without_the_lock(void **state)
{
	struct lab_hold *inserting;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	put(b, U, 0);
	/* Somebody holds the lock, in the midst of an insert. */
	inserting = lab_hold(.cpu = 0, .label = "dsq->seq", .obj = &user(U)->seq, .kinds = LAB_KIND(YIELD_WRITE));
	put(c, U, 0);
	assert_true(lab_held(inserting) && user(U)->lock.owner);
	lab_from(1);
	PROVES("DSQ-75", iter_new(&it, U, 0) == 0 && it.cursor.priv == 2);
	lab_release(inserting);
	PROVES("DSQ-75 DSQ-80", step(&it) == a && step(&it) == b && step(&it) == NULL);
	close_iter(&it);
}

static void dsq_76_rev_is_the_one_flag(void **state)
{
	(void)state;
	begin_five();
	put_abc();
	open_iter(&it, U, SCX_DSQ_ITER_REV);
	PROVES("DSQ-76 DSQ-77", step(&it) == c && step(&it) == b && step(&it) == a && step(&it) == NULL);
	close_iter(&it);
}

/* ---- step */

static void dsq_77_78_from_the_head_on_parked_right_behind_what_was_returned(void **state)
{
	(void)state;
	begin_five();
	put_abc();
	open_iter(&it, U, 0);
	PROVES("DSQ-77", queue_is(user(U), "a b c"));
	PROVES("DSQ-77 DSQ-78", step(&it) == a && queue_is(user(U), "a | b c"));
	PROVES("DSQ-77 DSQ-78", step(&it) == b && queue_is(user(U), "a b | c"));
	PROVES("DSQ-77 DSQ-78", step(&it) == c && queue_is(user(U), "a b c |"));
	PROVES("DSQ-77 DSQ-78", step(&it) == NULL && queue_is(user(U), "a b c"));
	close_iter(&it);
}

static void dsq_78_backwards_parked_right_before_it(void **state)
{
	(void)state;
	begin_five();
	put_abc();
	open_iter(&it, U, SCX_DSQ_ITER_REV);
	PROVES("DSQ-77 DSQ-78", step(&it) == c && queue_is(user(U), "a b | c"));
	PROVES("DSQ-77 DSQ-78", step(&it) == b && queue_is(user(U), "a | b c"));
	PROVES("DSQ-77 DSQ-78", step(&it) == a && queue_is(user(U), "| a b c"));
	PROVES("DSQ-77 DSQ-78", step(&it) == NULL && queue_is(user(U), "a b c"));
	close_iter(&it);
}

static void dsq_77_a_step_is_under_the_lock(void **state)
{
	struct lab_hold *parking;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put_abc();
	open_iter(&it, U, 0);
	parking = lab_hold(.cpu = 0, .label = "dsq->list", .obj = &user(U)->list, .kinds = LAB_KIND(YIELD_WRITE));
	step(&it);
	PROVES("DSQ-77", lab_held(parking) && user(U)->lock.owner);
	lab_release(parking);
	close_iter(&it);
}

static void dsq_79_equal_is_not_newer(void **state)
{
	(void)state;
	begin_five();
	put(a, U, 0);
	open_iter(&it, U, 0);
	assert_true(it.cursor.priv == a->scx.dsq_seq);
	PROVES("DSQ-79", step(&it) == a);
	close_iter(&it);
	/* Half the number space away is neither. */
	a->scx.dsq_seq = user(U)->seq + 0x7fffffffU;
	open_iter(&it, U, 0);
	PROVES("DSQ-79", step(&it) == NULL);
	a->scx.dsq_seq = user(U)->seq - 0x7fffffffU;
	PROVES("DSQ-79", step(&it) == a);
	close_iter(&it);
}

static void dsq_80_what_comes_later_is_not_returned_wherever_it_is_linked(void **state)
{
	(void)state;
	begin_five();
	put_vtime(a, U, 10, 0);
	put_vtime(b, U, 20, 0);
	open_iter(&it, U, 0);
	put_vtime(c, U, 5, 0);
	put_vtime(d, U, 15, 0);
	put_vtime(e, U, 25, 0);
	assert_true(queue_is(user(U), "c a d b e"));
	PROVES("DSQ-80", step(&it) == a && step(&it) == b && step(&it) == NULL);
	close_iter(&it);
}

static void dsq_81_who_left_and_came_back_came_later(void **state)
{
	(void)state;
	begin_five();
	put_abc();
	open_iter(&it, U, 0);
	move_off(U, b, V, 0);
	move_off(V, b, U, 0);
	assert_true(queue_is(user(U), "a c b"));
	PROVES("DSQ-81", step(&it) == a && step(&it) == c && step(&it) == NULL);
	close_iter(&it);
}

static void dsq_82_removing_what_was_returned_does_not_disturb(void **state)
{
	(void)state;
	begin_five();
	put_abc();
	open_iter(&it, U, 0);
	PROVES("DSQ-82", step(&it) == a && move_off(U, a, V, 0) && queue_is(user(U), "| b c"));
	PROVES("DSQ-82", step(&it) == b && move_off(U, b, V, 0) && move_off(U, c, V, 0));
	PROVES("DSQ-82", queue_is(user(U), "|") && step(&it) == NULL);
	close_iter(&it);
}

static void dsq_83_cursors_skip_each_other(void **state)
{
	(void)state;
	begin_five();
	put_abc();
	open_iter(&it, U, 0);
	open_iter(&other, U, 0);
	PROVES("DSQ-83", step(&it) == a && step(&other) == a && queue_is(user(U), "a | | b c"));
	PROVES("DSQ-83", step(&it) == b && step(&other) == b && step(&other) == c && step(&it) == c);
	PROVES("DSQ-83", step(&it) == NULL && step(&other) == NULL);
	close_iter(&it);
	close_iter(&other);
}

static void dsq_84_who_stays_is_returned_exactly_once(void **state)
{
	struct task_struct *stay[3], *p;
	u32 seen[3] = { 0 }, i, nr = 0;

	(void)state;
	begin_five();
	put(a, U, 0);
	put(d, U, 0);
	put(b, U, 0);
	put(e, U, 0);
	put(c, U, 0);
	stay[0] = a;
	stay[1] = b;
	stay[2] = c;
	/* d and e come and go in front of the cursor and behind it. */
	for (open_iter(&it, U, 0); (p = step(&it)); nr++) {
		for (i = 0; i < 3; i++)
			seen[i] += p == stay[i];
		move_off(d->scx.dsq->id, d, nr % 2 ? V : U, nr % 2 ? 0 : SCX_ENQ_HEAD);
		move_off(e->scx.dsq->id, e, nr % 2 ? U : V, nr % 2 ? SCX_ENQ_HEAD : 0);
	}
	PROVES("DSQ-84", seen[0] == 1 && seen[1] == 1 && seen[2] == 1 && nr == 3);
	close_iter(&it);
}

static void dsq_85_vtimes_never_go_backwards(void **state)
{
	struct task_struct *p;
	u64 last = 0;
	u32 nr = 0;

	(void)state;
	begin_five();
	put_vtime(a, U, 30, 0);
	put_vtime(b, U, 10, 0);
	put_vtime(c, U, 20, 0);
	put_vtime(d, U, 20, 0);
	open_iter(&it, U, 0);
	while ((p = step(&it))) {
		PROVES("DSQ-85", p->scx.dsq_vtime >= last);
		last = p->scx.dsq_vtime;
		if (++nr == 2)
			put_vtime(e, U, 5, 0);
	}
	PROVES("DSQ-85", nr == 4);
	close_iter(&it);
	open_iter(&it, U, SCX_DSQ_ITER_REV);
	for (last = 100; (p = step(&it)); last = p->scx.dsq_vtime, nr++)
		PROVES("DSQ-85", p->scx.dsq_vtime <= last);
	PROVES("DSQ-85", nr == 9);
	close_iter(&it);
}

static void dsq_86_after_null_it_starts_over_with_the_old_cut_off(void **state)
{
	(void)state;
	begin_five();
	put(a, U, 0);
	put(b, U, 0);
	open_iter(&it, U, 0);
	assert_true(step(&it) == a && step(&it) == b && !step(&it));
	put(c, U, SCX_ENQ_HEAD);
	PROVES("DSQ-86", step(&it) == a && step(&it) == b && step(&it) == NULL);
	close_iter(&it);
}

/* ---- destroy */

static void dsq_87_destroy_unlinks_the_cursor_under_the_lock(void **state)
{
	struct lab_hold *unlinking;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put_abc();
	step(open_iter(&it, U, 0));
	unlinking = lab_hold(.cpu = 0, .label = "dsq->list", .obj = &user(U)->list, .kinds = LAB_KIND(YIELD_WRITE));
	close_iter(&it);
	PROVES("DSQ-87", lab_held(unlinking) && user(U)->lock.owner && queue_is(user(U), "a | b c"));
	lab_release(unlinking);
	PROVES("DSQ-87", queue_is(user(U), "a b c") && !it.dsq && !user(U)->lock.owner);
}

static void dsq_87_88_after_a_failed_creation_step_and_destroy_do_nothing(void **state)
{
	(void)state;
	begin_five();
	put_abc();
	spoil(&it);
	assert_int_equal(iter_new(&it, 4711, 0), -ENOENT);
	PROVES("DSQ-88", step(&it) == NULL && step(&it) == NULL);
	close_iter(&it);
	PROVES("DSQ-87 DSQ-88", !it.dsq && queue_is(user(U), "a b c") && !scx_last_exit());
	/* Also without a step, and twice. */
	open_iter(&it, U, 0);
	close_iter(&it);
	close_iter(&it);
	PROVES("DSQ-87 DSQ-88", !it.dsq && step(&it) == NULL && queue_is(user(U), "a b c"));
}

static void dsq_89_a_task_that_was_returned_may_run_and_end(void **state)
{
	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1, .steps = STEPS(RUN(MS), EXIT));
	b = lab_task("b", .cpu = 1);
	load();
	put(a, U, 0);
	put(b, U, 0);
	PROVES("DSQ-89", step(open_iter(&it, U, 0)) == a);
	move_off(U, a, ON_CPU(1), 0);
	PROVES("DSQ-89", lab_runs(a));
	lab_run(2 * MS);
	PROVES("DSQ-89", lab_gone(a) && queue_is(user(U), "| b") && step(&it) == b);
	close_iter(&it);
}

/* ---- the lost test */

static void dsq_90_lost_if_it_is_on_another_dsq(void **state)
{
	(void)state;
	begin_five();
	put_abc();
	open_iter(&it, U, 0);
	move_off(U, a, V, 0);
	PROVES("DSQ-90", !move(&it, a, V, 0) && queue_is(user(V), "a"));
	move_off(V, a, ON_CPU(1), 0);
	PROVES("DSQ-90", !move(&it, a, V, 0) && lab_runs(a));
	close_iter(&it);
}

static void dsq_90_lost_if_it_came_back(void **state)
{
	(void)state;
	begin_five();
	put_abc();
	open_iter(&it, U, 0);
	move_off(U, a, U, 0);
	PROVES("DSQ-90", !move(&it, a, V, 0) && queue_is(user(U), "b c a") && queue_is(user(V), ""));
	PROVES("DSQ-90", move(&it, b, V, 0));
	close_iter(&it);
}

static void consume_u_on_0(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0)
		scx_bpf_dsq_move_to_local(U, 0);
}

static void dsq_90_lost_if_a_consumer_has_it(void **state)
{
	struct lab_hold *between;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	open_iter(&it, U, 0);
	rig.on_dispatch = consume_u_on_0;
	between = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	lab_from(1);
	lab_kick(0, 0);
	assert_true(lab_held(between) && a->scx.dsq == user(U) && a->scx.holding_cpu == 0);
	PROVES("DSQ-90", !move(&it, a, V, 0));
	PROVES("DSQ-90", a->scx.dsq == user(U) && a->scx.holding_cpu == 0 && queue_is(user(V), ""));
	lab_release(between);
	PROVES("DSQ-90", lab_runs(a) && a->cpu == 0);
	close_iter(&it);
}

static bool lost;

static void test_with_rq_0(void *arg UNUSED)
{
	struct rq *rq = cpu_rq(0);
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	raw_spin_lock(&user(U)->lock);
	lost = nldsq_cursor_lost_task(&it.cursor, rq, user(U), a);
	raw_spin_unlock(&user(U)->lock);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void dsq_91_another_rq_is_a_warning_and_lost(void **state)
{
	(void)state;
	begin_five();
	put(a, U, 0);
	open_iter(&it, U, 0);
	lost = false;
	lab_expect_warn("task_rq(p) != rq");
	lab_outside(test_with_rq_0, NULL);
	PROVES("DSQ-91", lost && queue_is(user(U), "a"));
	close_iter(&it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_74_failures_are_quiet_and_leave_no_dsq),
		TEST(dsq_74_no_scheduler),
		TEST(dsq_75_the_cut_off_is_the_counter_at_creation_read_without_the_lock),
		TEST(dsq_76_rev_is_the_one_flag),
		TEST(dsq_77_78_from_the_head_on_parked_right_behind_what_was_returned),
		TEST(dsq_78_backwards_parked_right_before_it),
		TEST(dsq_77_a_step_is_under_the_lock),
		TEST(dsq_79_equal_is_not_newer),
		TEST(dsq_80_what_comes_later_is_not_returned_wherever_it_is_linked),
		TEST(dsq_81_who_left_and_came_back_came_later),
		TEST(dsq_82_removing_what_was_returned_does_not_disturb),
		TEST(dsq_83_cursors_skip_each_other),
		TEST(dsq_84_who_stays_is_returned_exactly_once),
		TEST(dsq_85_vtimes_never_go_backwards),
		TEST(dsq_86_after_null_it_starts_over_with_the_old_cut_off),
		TEST(dsq_87_destroy_unlinks_the_cursor_under_the_lock),
		TEST(dsq_87_88_after_a_failed_creation_step_and_destroy_do_nothing),
		TEST(dsq_89_a_task_that_was_returned_may_run_and_end),
		TEST(dsq_90_lost_if_it_is_on_another_dsq),
		TEST(dsq_90_lost_if_it_came_back),
		TEST(dsq_90_lost_if_a_consumer_has_it),
		TEST(dsq_91_another_rq_is_a_warning_and_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
