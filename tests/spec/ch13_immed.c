/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: IMMED accounting (spec 13.9). */
#include "dsq_rig.h"

#define REENQ_ENQUEUE	"enqueue(0x10000000000)"

static struct task_struct *a, *b, *c;

static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 2, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 1);
	load();
}

static bool immed(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_IMMED;
}

static u32 nr_immed(int cpu)
{
	return cpu_rq(cpu)->scx.nr_immed;
}

/* The next access of a context of cpu to the list of dsq, after skip others. */
static struct lab_hold *at_list(int cpu, struct scx_dispatch_q *dsq, u32 skip)
{
	return lab_hold(.cpu = cpu, .label = "dsq->list", .obj = &dsq->list, .skip = skip,
			.kinds = LAB_KIND(YIELD_WRITE));
}

/* ---- IMMED */

static void dsq_46_47_an_immed_insert_into_a_local_dsq_marks_and_counts(void **state)
{
	struct lab_hold *resched;

	(void)state;
	begin_mode(RUN_EXPLORED);
	resched = at_list(1, lab_local(1), 0); /* when it is picked */
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	PROVES("DSQ-46 DSQ-47", lab_held(resched) && immed(a) && nr_immed(1) == 1);
	lab_release(resched);
	PROVES("DSQ-46 DSQ-49 DSQ-50", lab_runs(a) && immed(a) && nr_immed(1) == 0);
}

static void dsq_46_a_plain_insert_does_neither(void **state)
{
	struct lab_hold *picked;

	(void)state;
	begin_mode(RUN_EXPLORED);
	picked = at_list(1, lab_local(1), 0);
	put(a, SCX_DSQ_LOCAL, 0);
	PROVES("DSQ-46 DSQ-47", lab_held(picked) && !immed(a) && nr_immed(1) == 0);
	lab_release(picked);
}

/* Lookup error: the verdict was local, the queue is not, and nobody said "fallback". */
static void dsq_46_on_another_dsq_it_is_a_warning_and_no_mark(void **state)
{
	struct lab_hold *frozen;

	(void)state;
	begin_mode(RUN_EXPLORED);
	frozen = freeze_exit();
	lab_expect_warn("SCX_ENQ_GDSQ_FALLBACK");
	rig.on_enqueue = NULL;
	lab_from(0);
	put(a, ON_CPU(2), SCX_ENQ_IMMED);
	PROVES("DSQ-46", lab_held(frozen) && !immed(a) && nr_immed(1) == 0);
	lab_release(frozen);
	PROVES("DSQ-46", lab_exited(SCX_EXIT_ERROR, "invalid CPU 2"));
}

static void dsq_46_a_fallback_is_silent(void **state)
{
	struct task_struct *hog;

	(void)state;
	begin_mode(RUN_TIMED);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO, .awake = true);
	assert_true(lab_runs(hog));
	lab_offline(0);
	lab_from(1);
	put(a, ON_CPU(0), SCX_ENQ_IMMED);
	PROVES("DSQ-46", queue_is(global_of(1), "a") && !immed(a));
}

static void dsq_47_a_mark_from_before_counts_as_well(void **state)
{
	struct lab_hold *unlinked;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	assert_true(lab_runs(a) && immed(a) && nr_immed(1) == 0);
	/* A property change puts it back on the queue without any flag, then takes it off. */
	unlinked = at_list(0, lab_local(1), 1);
	lab_set_nice(a, 5);
	PROVES("DSQ-47", lab_held(unlinked) && queue_is(lab_local(1), "a") && nr_immed(1) == 1);
	lab_release(unlinked);
	PROVES("DSQ-47 DSQ-50", lab_runs(a) && immed(a) && nr_immed(1) == 0);
}

/* An IMMED verdict the first time, then the task is kept. */
static void immed_then_keep(struct task_struct *p, u64 enq_flags)
{
	if (!(enq_flags & SCX_ENQ_REENQ))
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 20 * MS, SCX_ENQ_IMMED);
}

static void dsq_48_not_alone_it_comes_back(void **state)
{
	struct task_struct *hog;

	(void)state;
	begin_mode(RUN_TIMED);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO, .awake = true);
	put(b, SCX_DSQ_LOCAL, 0);
	assert_true(queue_is(lab_local(1), "b"));
	rig.on_enqueue = immed_then_keep;
	lab_wake(a);
	PROVES("DSQ-48", lab_called(a, "select_cpu enqueue(0x100009) " REENQ_ENQUEUE));
	/* No filter: the plain task stays. */
	PROVES("DSQ-48", lab_called(b, "select_cpu enqueue") && queue_is(lab_local(1), "b"));
	PROVES("DSQ-48", lab_count(SCX_EV_REENQ_IMMED) == 1);
	lab_block(hog);
}

static void dsq_48_alone_on_a_cpu_that_is_not_open_it_comes_back(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(b, SCX_DSQ_LOCAL, 0);
	assert_true(lab_runs(b));
	rig.on_enqueue = immed_then_keep;
	lab_wake(a);
	PROVES("DSQ-48", lab_called(a, "select_cpu enqueue(0x100009) " REENQ_ENQUEUE));
	PROVES("DSQ-48", nr_immed(1) == 0 && !immed(a));
}

static void dsq_48_alone_on_an_open_cpu_it_stays(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	PROVES("DSQ-48", lab_called(a, "select_cpu enqueue(0x100009) running"));
}

static void move_both_to_local(s32 cpu, struct task_struct *prev UNUSED)
{
	struct bpf_iter_scx_dsq it;

	if (cpu != 1 || a->scx.dsq != user(U))
		return;
	bpf_iter_scx_dsq_new(&it, U, 0);
	scx_bpf_dsq_move(&it, a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	/* A CPU that dispatches is open for one. */
	PROVES("DSQ-48", nr_immed(1) == 1 && !(cpu_rq(1)->scx.flags & SCX_RQ_BAL_CB_PENDING));
	scx_bpf_dsq_move(&it, b, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	PROVES("DSQ-48", nr_immed(1) == 2 && cpu_rq(1)->scx.flags & SCX_RQ_BAL_CB_PENDING);
	bpf_iter_scx_dsq_destroy(&it);
}

static void dsq_48_the_second_on_an_open_cpu_comes_back(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	put(b, U, 0);
	rig.on_dispatch = move_both_to_local;
	lab_forget();
	lab_kick(1, 0);
	PROVES("DSQ-48", lab_called(a, "dequeue running") && lab_called(b, "dequeue " REENQ_ENQUEUE));
}

static void dsq_49_warns_if_the_count_would_go_below_zero(void **state)
{
	struct lab_hold *picked;

	(void)state;
	begin_mode(RUN_EXPLORED);
	picked = at_list(1, lab_local(1), 0);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	assert_true(lab_held(picked));
	cpu_rq(1)->scx.nr_immed = 0;
	lab_expect_warn("nr_immed");
	lab_release(picked);
	PROVES("DSQ-49", lab_runs(a) && nr_immed(1) == 0);
}

static void dsq_49_warns_of_a_mark_on_another_dsq(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	a->scx.flags |= SCX_TASK_IMMED;
	lab_expect_warn("dsq_is_local(dsq)");
	lab_set_policy(a, SCHED_FIFO, 10);
	PROVES("DSQ-49", user(U)->nr == 0 && nr_immed(1) == 0);
	a->scx.flags &= ~SCX_TASK_IMMED;
}

static bool immed_at_stopping;

static void look_at_stopping(struct task_struct *p, bool runnable UNUSED)
{
	if (p == a)
		immed_at_stopping = immed(p);
}

static void immed_first_then_plain(struct task_struct *p, u64 enq_flags)
{
	if (p == a && enq_flags & SCX_ENQ_REENQ)
		PROVES("DSQ-50", !immed(p));
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 20 * MS, enq_flags & SCX_ENQ_REENQ ? 0 : SCX_ENQ_IMMED);
}

static void dsq_50_the_mark_lives_until_the_next_fresh_enqueue(void **state)
{
	struct sched_ext_ops ops = rig_ops;
	struct task_struct *hog;

	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	ops.stopping = look_at_stopping;
	lab_load(&ops);
	rig.on_enqueue = immed_first_then_plain;
	immed_at_stopping = false;
	lab_wake(a);
	lab_run(5 * MS);
	PROVES("DSQ-50", lab_runs(a) && immed(a));
	lab_set_nice(a, 3);
	PROVES("DSQ-50", lab_runs(a) && immed(a));
	lab_wake(hog);
	PROVES("DSQ-50", immed_at_stopping && !immed(a));
	lab_block(hog);
	PROVES("DSQ-50", lab_runs(a) && !immed(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_46_47_an_immed_insert_into_a_local_dsq_marks_and_counts),
		TEST(dsq_46_a_plain_insert_does_neither),
		TEST(dsq_46_on_another_dsq_it_is_a_warning_and_no_mark),
		TEST(dsq_46_a_fallback_is_silent),
		TEST(dsq_47_a_mark_from_before_counts_as_well),
		TEST(dsq_48_not_alone_it_comes_back),
		TEST(dsq_48_alone_on_a_cpu_that_is_not_open_it_comes_back),
		TEST(dsq_48_alone_on_an_open_cpu_it_stays),
		TEST(dsq_48_the_second_on_an_open_cpu_comes_back),
		TEST(dsq_49_warns_if_the_count_would_go_below_zero),
		TEST(dsq_49_warns_of_a_mark_on_another_dsq),
		TEST(dsq_50_the_mark_lives_until_the_next_fresh_enqueue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
