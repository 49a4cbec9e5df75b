/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: scx_bpf_dsq_move() until the task is in hand (spec 13.14). */
#include "dsq_rig.h"

static struct task_struct *a, *b, *c;
static struct bpf_iter_scx_dsq it;

static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 2, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 1);
	load();
}

static void begin_three(void)
{
	begin_mode(RUN_TIMED);
}

/* ---- attempts that end early */

static bool slice_armed(void)
{
	return it.cursor.flags & __SCX_DSQ_ITER_HAS_SLICE;
}

static bool vtime_armed(void)
{
	return it.cursor.flags & __SCX_DSQ_ITER_HAS_VTIME;
}

static void arm_both(void)
{
	set_slice(&it, 4 * MS);
	set_vtime(&it, 1234);
	assert_true(slice_armed() && vtime_armed());
}

static void dsq_92_100_an_iterator_without_a_dsq(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	iter_new(&it, 4711, 0);
	arm_both();
	PROVES("DSQ-92", !move(&it, a, V, 0) && !move_vtime(&it, a, V, 0));
	PROVES("DSQ-92", queue_is(user(U), "a") && !scx_last_exit());
	PROVES("DSQ-100", slice_armed() && vtime_armed() && a->scx.slice == 20 * MS);
	/* Even if the flags would be refused. */
	PROVES("DSQ-92 DSQ-93", !move(&it, a, V, 1ULL << 63) && !scx_last_exit());
}

static void refuses(u64 dsq, u64 flags, const char *text)
{
	struct lab_hold *frozen;

	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	open_iter(&it, U, 0);
	arm_both();
	frozen = freeze_exit();
	lab_from(1);
	PROVES("DSQ-93", !move(&it, a, dsq, flags) && lab_held(frozen) && queue_is(user(U), "a"));
	PROVES("DSQ-100", slice_armed() && vtime_armed());
	lab_release(frozen);
	PROVES("DSQ-93", lab_exited(SCX_EXIT_ERROR, text));
	lab_stop(NULL);
}

static void dsq_93_100_flags_are_judged_first(void **state)
{
	(void)state;
	refuses(V, SCX_ENQ_CLEAR_OPSS, "invalid enq_flags");
	refuses(ON_CPU(1), SCX_ENQ_DSQ_PRIQ, "invalid enq_flags");
	refuses(V, 1ULL << 63, "invalid enq_flags");
	refuses(V, SCX_ENQ_IMMED, "SCX_ENQ_IMMED on a non-local DSQ");
	refuses(SCX_DSQ_GLOBAL, SCX_ENQ_RESCUE, "SCX_ENQ_RESCUE on a non-local DSQ");
}

static void dsq_93_also_of_a_task_that_is_lost(void **state)
{
	(void)state;
	begin_three();
	put(a, V, 0);
	PROVES("DSQ-93", !move(open_iter(&it, U, 0), a, V, SCX_ENQ_IMMED));
	PROVES("DSQ-93", lab_exited(SCX_EXIT_ERROR, "SCX_ENQ_IMMED on a non-local DSQ"));
	close_iter(&it);
}

static void give_up(void *arg UNUSED)
{
	scx_bpf_error("gave up");
}

static void dsq_94_100_an_aborting_scheduler_moves_nothing(void **state)
{
	struct lab_hold *frozen;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	open_iter(&it, U, 0);
	arm_both();
	frozen = freeze_exit();
	lab_from(1);
	lab_outside(give_up, NULL);
	assert_true(lab_held(frozen) && scx_root->aborting);
	PROVES("DSQ-94", !move(&it, a, V, 0) && !move(&it, a, ON_CPU(1), 0) && queue_is(user(U), "a"));
	PROVES("DSQ-100", slice_armed() && vtime_armed());
	close_iter(&it);
	lab_release(frozen);
	PROVES("DSQ-94", lab_exited(SCX_EXIT_ERROR_BPF, "gave up"));
}

static void dsq_95_the_task_need_not_come_from_the_iteration(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	put(b, U, 0);
	open_iter(&it, U, 0);
	put(c, U, 0);
	PROVES("DSQ-95", move(&it, b, V, 0) && queue_is(user(V), "b"));
	PROVES("DSQ-95", !move(&it, c, V, 0) && !move(&it, b, V, 0));
	close_iter(&it);
}

/* ---- locks */

static bool armed_move;
static u64 move_target, move_flags;
static bool move_result;

static void move_a_once(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu || !armed_move)
		return;
	armed_move = false;
	PROVES("DSQ-112", raw_spin_is_held(&cpu_rq(0)->__lock));
	bpf_iter_scx_dsq_new(&it, U, 0);
	move_result = scx_bpf_dsq_move(&it, a, move_target, move_flags);
	bpf_iter_scx_dsq_destroy(&it);
	PROVES("DSQ-112", raw_spin_is_held(&cpu_rq(0)->__lock) && !raw_spin_is_held(&cpu_rq(1)->__lock));
	PROVES("DSQ-112", irqs_disabled() && !user(U)->lock.owner);
}

static void move_a_in_dispatch_on_0(u64 target, u64 flags)
{
	move_target = target;
	move_flags = flags;
	move_result = false;
	armed_move = true;
	rig.on_dispatch = move_a_once;
	lab_from(1);
	lab_kick(0, 0);
}

static void dsq_96_112_in_dispatch_the_lock_is_given_up_for_that_of_the_task(void **state)
{
	struct lab_hold *at_rq, *at_dsq;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	at_rq = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	at_dsq = lab_hold(.cpu = 0, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &user(U)->lock);
	move_a_in_dispatch_on_0(V, 0);
	PROVES("DSQ-96", lab_held(at_rq) && !cpu_rq(0)->__lock.owner && !user(U)->lock.owner);
	lab_release(at_rq);
	PROVES("DSQ-96", lab_held(at_dsq) && !cpu_rq(0)->__lock.owner && cpu_rq(1)->__lock.owner);
	lab_release(at_dsq);
	PROVES("DSQ-96", move_result && queue_is(user(V), "a"));
}

static void dsq_96_112_in_dispatch_of_the_own_rq_too(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	move_a_in_dispatch_on_0(SCX_DSQ_LOCAL, 0);
	PROVES("DSQ-112", move_result && lab_runs(a) && a->cpu == 0);
}

static void dsq_96_lost_while_the_lock_was_given_up(void **state)
{
	struct lab_hold *at_rq;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	at_rq = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	move_a_in_dispatch_on_0(SCX_DSQ_LOCAL, 0);
	assert_true(lab_held(at_rq));
	lab_set_nice(a, 5); /* off, and on again */
	lab_release(at_rq);
	PROVES("DSQ-96", !move_result && queue_is(user(U), "a"));
}

static void move_outside(void *arg UNUSED)
{
	const u64 flags = local_irq_save();

	scx_bpf_dsq_move(&it, a, V, 0);
	PROVES("DSQ-112", irqs_disabled() && !raw_spin_is_held(&cpu_rq(1)->__lock));
	local_irq_restore(flags);
	scx_bpf_dsq_move(&it, b, V, 0);
	PROVES("DSQ-112", !irqs_disabled() && !raw_spin_is_held(&cpu_rq(1)->__lock));
}

static void dsq_112_outside_nothing_is_locked_afterwards(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	put(b, U, 0);
	open_iter(&it, U, 0);
	lab_outside(move_outside, NULL);
	PROVES("DSQ-112", queue_is(user(V), "a b"));
	close_iter(&it);
}

/* ---- where to */

static void dsq_97_local_is_the_rq_locked_on_entry(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	move_a_in_dispatch_on_0(SCX_DSQ_LOCAL, 0);
	PROVES("DSQ-97", move_result && lab_runs(a) && a->cpu == 0);
}

static void dsq_97_else_it_is_the_calling_cpu(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	put(b, U, 0);
	lab_from(0);
	PROVES("DSQ-97", move_off(U, a, SCX_DSQ_LOCAL, 0) && lab_runs(a) && a->cpu == 0);
	lab_from(1);
	PROVES("DSQ-97", move_off(U, b, SCX_DSQ_LOCAL, 0) && lab_runs(b) && b->cpu == 1);
}

/* ---- overrides */

static void want_slice(void *arg UNUSED)
{
	scx_bpf_task_set_slice(a, 9 * MS);
}

static void dsq_98_99_overrides_are_written_and_used_up(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	put(b, U, 0);
	a->scx.dsq_vtime = 7;
	b->scx.dsq_vtime = 7;
	lab_outside(want_slice, NULL);
	open_iter(&it, U, 0);
	arm_both();
	PROVES("DSQ-98", move(&it, a, V, 0));
	/* Also for the plain move, where the vtime orders nothing. */
	PROVES("DSQ-98", a->scx.dsq_vtime == 1234 && !(a->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ));
	PROVES("DSQ-98", a->scx.slice == 4 * MS && a->scx.slice_oob == 0);
	PROVES("DSQ-99", !slice_armed() && !vtime_armed());
	PROVES("DSQ-99", move(&it, b, V, 0) && b->scx.dsq_vtime == 7 && b->scx.slice == 20 * MS);
	close_iter(&it);
}

static void dsq_98_a_vtime_override_orders_the_vtime_move(void **state)
{
	(void)state;
	begin_three();
	put_vtime(a, U, 10, 0);
	put_vtime(b, U, 20, 0);
	put_vtime(c, V, 5, 0);
	open_iter(&it, U, 0);
	PROVES("DSQ-98", move_vtime(&it, a, V, 0) && queue_is(user(V), "c a"));
	set_vtime(&it, 2);
	PROVES("DSQ-98", move_vtime(&it, b, V, 0) && queue_is(user(V), "b c a") && b->scx.slice == 20 * MS);
	close_iter(&it);
}

static void dsq_99_a_lost_task_uses_them_up_too(void **state)
{
	(void)state;
	begin_three();
	put(a, V, 0);
	put(b, U, 0);
	open_iter(&it, U, 0);
	arm_both();
	PROVES("DSQ-99", !move(&it, a, V, 0) && !slice_armed() && !vtime_armed());
	PROVES("DSQ-99", a->scx.slice == 20 * MS && a->scx.dsq_vtime != 1234);
	close_iter(&it);
}

static void dsq_100_what_stayed_armed_counts_for_the_next_attempt(void **state)
{
	(void)state;
	begin_three();
	put(a, U, 0);
	open_iter(&it, U, 0);
	set_slice(&it, 4 * MS);
	it.dsq = NULL;
	assert_false(move(&it, a, V, 0));
	it.dsq = user(U);
	PROVES("DSQ-100", move(&it, a, V, 0) && a->scx.slice == 4 * MS);
	close_iter(&it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_92_100_an_iterator_without_a_dsq),
		TEST(dsq_93_100_flags_are_judged_first),
		TEST(dsq_93_also_of_a_task_that_is_lost),
		TEST(dsq_94_100_an_aborting_scheduler_moves_nothing),
		TEST(dsq_95_the_task_need_not_come_from_the_iteration),
		TEST(dsq_96_112_in_dispatch_the_lock_is_given_up_for_that_of_the_task),
		TEST(dsq_96_112_in_dispatch_of_the_own_rq_too),
		TEST(dsq_96_lost_while_the_lock_was_given_up),
		TEST(dsq_112_outside_nothing_is_locked_afterwards),
		TEST(dsq_97_local_is_the_rq_locked_on_entry),
		TEST(dsq_97_else_it_is_the_calling_cpu),
		TEST(dsq_98_99_overrides_are_written_and_used_up),
		TEST(dsq_98_a_vtime_override_orders_the_vtime_move),
		TEST(dsq_99_a_lost_task_uses_them_up_too),
		TEST(dsq_100_what_stayed_armed_counts_for_the_next_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
