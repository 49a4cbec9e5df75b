/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: counting and peeking (spec 13.15). */
#include "dsq_rig.h"

static struct task_struct *a, *b, *hog;

/* CPU 1 is busy with a higher class, so its local DSQ fills. */
static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 2, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	load();
	lab_wake(hog);
}

static s32 in_select_cpu, in_enqueue;

static s32 count_in_select_cpu(struct task_struct *p UNUSED, s32 prev_cpu, u64 wake_flags UNUSED)
{
	in_select_cpu = scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL);
	return prev_cpu;
}

static void count_in_enqueue(struct task_struct *p, u64 enq_flags UNUSED)
{
	in_enqueue = scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 20 * MS, 0);
}

static void dsq_114_local_is_that_of_the_locked_rq_else_of_the_calling_cpu(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	ops.select_cpu = count_in_select_cpu;
	lab_load(&ops);
	lab_wake(hog);
	put(a, SCX_DSQ_LOCAL, 0);
	assert_true(queue_is(lab_local(1), "a"));
	rig.on_enqueue = count_in_enqueue;
	lab_from(0);
	lab_wake(b);
	PROVES("DSQ-114", in_enqueue == 1);	/* rq 1 is locked */
	PROVES("DSQ-114", in_select_cpu == 0);	/* none is, and this is CPU 0 */
	PROVES("DSQ-114", nr_queued(SCX_DSQ_LOCAL) == 0);
	lab_from(1);
	PROVES("DSQ-114", nr_queued(SCX_DSQ_LOCAL) == 2);
}

static void dsq_115_local_on_counts_that_cpu(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	PROVES("DSQ-115", nr_queued(ON_CPU(1)) == 2 && nr_queued(ON_CPU(0)) == 0);
	PROVES("DSQ-115", nr_queued(ON_CPU(2)) == -ENOENT);
	PROVES("DSQ-115", lab_exited(SCX_EXIT_ERROR, "invalid CPU 2"));
}

static void dsq_116_any_other_id_is_a_user_dsq_or_quietly_none(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_GLOBAL, 0);
	put(b, U, 0);
	PROVES("DSQ-116", nr_queued(U) == 1 && nr_queued(V) == 0);
	PROVES("DSQ-116", nr_queued(4711) == -ENOENT && nr_queued(SCX_DSQ_GLOBAL) == -ENOENT);
	PROVES("DSQ-116", nr_queued(SCX_DSQ_INVALID) == -ENOENT && nr_queued(SCX_DSQ_BYPASS) == -ENOENT);
	PROVES("DSQ-116", !scx_last_exit());
}

static void ask_while_it_is_destroyed(void *arg UNUSED)
{
	const u64 irqs = local_irq_save();	/* the memory is not given back before the interrupt */

	PROVES("DSQ-116", scx_bpf_dsq_nr_queued(U) == 0);
	scx_bpf_destroy_dsq(U);
	PROVES("DSQ-116 DSQ-66", scx_bpf_dsq_nr_queued(SCX_DSQ_INVALID) == -ENOENT);
	local_irq_restore(irqs);
}

/* The DSQ that was looked up last is remembered, but not beyond its end. */
static void dsq_116_the_id_of_destroyed_ones_finds_none(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_outside(ask_while_it_is_destroyed, NULL);
	PROVES("DSQ-116", nr_queued(U) == -ENOENT && nr_queued(SCX_DSQ_INVALID) == -ENOENT);
}

static void dsq_117_no_scheduler(void **state)
{
	(void)state;
	begin(.cpus = 2);
	PROVES("DSQ-117", nr_queued(SCX_DSQ_LOCAL) == -ENODEV && nr_queued(U) == -ENODEV);
}

static void dsq_118_peeking_at_builtin_dsqs_is_an_error(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_GLOBAL, 0);
	PROVES("DSQ-118", peek(SCX_DSQ_GLOBAL) == NULL);
	PROVES("DSQ-118", lab_exited(SCX_EXIT_ERROR, "peek disallowed on builtin DSQ 0x8000000000000001"));
}

static void dsq_118_also_at_local_ones(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	PROVES("DSQ-118", peek(ON_CPU(1)) == NULL);
	PROVES("DSQ-118", lab_exited(SCX_EXIT_ERROR, "peek disallowed on builtin DSQ"));
}

static void dsq_119_peeking_at_nothing_is_an_error(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	PROVES("DSQ-119", peek(4711) == NULL);
	PROVES("DSQ-119", lab_exited(SCX_EXIT_ERROR, "peek on non-existent DSQ 0x1267"));
}

static void dsq_120_the_first_task_or_null(void **state)
{
	struct bpf_iter_scx_dsq it;

	(void)state;
	begin_mode(RUN_TIMED);
	PROVES("DSQ-120", peek(U) == NULL);
	put(a, U, 0);
	put(b, U, 0);
	PROVES("DSQ-120", peek(U) == a && queue_is(user(U), "a b"));
	/* Past parked cursors. */
	step(open_iter(&it, U, SCX_DSQ_ITER_REV));
	step(&it);
	assert_true(queue_is(user(U), "| a b"));
	PROVES("DSQ-120", peek(U) == a);
	close_iter(&it);
}

static void dsq_120_no_lock_is_taken_it_is_a_snapshot(void **state)
{
	struct lab_hold *inserting;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	inserting = lab_hold(.cpu = 0, .label = "dsq->list", .obj = &user(U)->list, .kinds = LAB_KIND(YIELD_WRITE));
	put(b, U, SCX_ENQ_HEAD);
	assert_true(lab_held(inserting) && user(U)->lock.owner);
	lab_from(1);
	PROVES("DSQ-120", peek(U) == a && !lab_waits(1, "dsq->lock"));
	lab_release(inserting);
	PROVES("DSQ-120", peek(U) == b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_114_local_is_that_of_the_locked_rq_else_of_the_calling_cpu),
		TEST(dsq_115_local_on_counts_that_cpu),
		TEST(dsq_116_any_other_id_is_a_user_dsq_or_quietly_none),
		TEST(dsq_116_the_id_of_destroyed_ones_finds_none),
		TEST(dsq_117_no_scheduler),
		TEST(dsq_118_peeking_at_builtin_dsqs_is_an_error),
		TEST(dsq_118_also_at_local_ones),
		TEST(dsq_119_peeking_at_nothing_is_an_error),
		TEST(dsq_120_the_first_task_or_null),
		TEST(dsq_120_no_lock_is_taken_it_is_a_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
