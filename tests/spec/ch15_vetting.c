/* SPDX-License-Identifier: GPL-2.0-only */
/* IMMED: which inserts ask for it (spec 15.3). */
#include "dsq_rig.h"

#define INTERNAL_BIT	(1ULL << 63)

static struct task_struct *a, *b;

static void begin_mode(enum run_mode mode, u64 flags, bool select, bool enqueue)
{
	struct sched_ext_ops ops = rig_ops;

	begin(.cpus = 2, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	ops.flags = flags;
	if (!select)
		ops.select_cpu = NULL;
	if (!enqueue)
		ops.enqueue = NULL;
	lab_load(&ops);
	lab_from(0);
}

static void begin_ops(u64 flags, bool select, bool enqueue)
{
	begin_mode(RUN_TIMED, flags, select, enqueue);
}

static bool immed(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_IMMED;
}

static struct {
	struct task_struct *p;
	u64 dsq, flags;
	bool by_vtime;
	bool ret;
	u64 stored_dsq, stored_flags;
} said;

static void insert_and_look(struct task_struct *p, u64 enq_flags UNUSED)
{
	if (p != a)
		return;
	said.ret = said.by_vtime ? scx_bpf_dsq_insert_vtime(said.p, said.dsq, 20 * MS, 1, said.flags) :
				   scx_bpf_dsq_insert(said.p, said.dsq, 20 * MS, said.flags);
	said.stored_dsq = p->scx.ddsp_dsq_id;
	said.stored_flags = p->scx.ddsp_enq_flags;
}

/* What one insert in ops.enqueue() leaves in the task. */
static bool insert(u64 ops_flags, u64 dsq, u64 flags)
{
	begin_ops(ops_flags, true, true);
	memset(&said, 0, sizeof(said));
	said.p = a;
	said.dsq = dsq;
	said.flags = flags;
	rig.on_enqueue = insert_and_look;
	lab_wake(a);
	return said.ret;
}

static bool insert_refused(u64 dsq, u64 flags, const char *text)
{
	const bool refused = !insert(0, dsq, flags) && said.stored_dsq == SCX_DSQ_INVALID &&
			     !said.stored_flags && lab_exited(SCX_EXIT_ERROR, text);

	lab_stop(NULL);
	return refused;
}

static void immed_01_03_only_local_targets_take_it(void **state)
{
	(void)state;
	PROVES("IMMED-01", insert(0, SCX_DSQ_LOCAL, SCX_ENQ_IMMED) && said.stored_flags & SCX_ENQ_IMMED);
	lab_stop(NULL);
	PROVES("IMMED-01", insert(0, ON_CPU(1), SCX_ENQ_IMMED) && said.stored_flags & SCX_ENQ_IMMED);
	lab_stop(NULL);
	PROVES("IMMED-01 IMMED-03", insert_refused(SCX_DSQ_GLOBAL, SCX_ENQ_IMMED, "SCX_ENQ_IMMED on a non-local DSQ"));
	PROVES("IMMED-01 IMMED-03", insert_refused(U, SCX_ENQ_IMMED, "SCX_ENQ_IMMED on a non-local DSQ"));
	/* One of the two bits does not make it local. */
	PROVES("IMMED-01", insert_refused(1ULL << 62 | 1, SCX_ENQ_IMMED, "SCX_ENQ_IMMED on a non-local DSQ"));
}

static void immed_02_internal_bits_are_refused_first(void **state)
{
	int bit;

	(void)state;
	for (bit = 56; bit < 64; bit++)
		PROVES("IMMED-02", insert_refused(SCX_DSQ_LOCAL, 1ULL << bit, "invalid enq_flags"));
	PROVES("IMMED-02", insert_refused(U, INTERNAL_BIT | SCX_ENQ_IMMED, "invalid enq_flags"));
}

static void immed_02_03_moves_are_vetted_too(void **state)
{
	static const struct { u64 dsq, flags; const char *text; } moves[] = {
		{ SCX_DSQ_LOCAL, INTERNAL_BIT, "invalid enq_flags" },
		{ V, INTERNAL_BIT | SCX_ENQ_IMMED, "invalid enq_flags" },
		{ V, SCX_ENQ_IMMED, "SCX_ENQ_IMMED on a non-local DSQ" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		begin_ops(0, true, true);
		put(a, U, 0);
		PROVES("IMMED-02 IMMED-03", !move_off(U, a, moves[i].dsq, moves[i].flags));
		PROVES("IMMED-02 IMMED-03", lab_exited(SCX_EXIT_ERROR, moves[i].text));
		lab_stop(NULL);
	}
}

static void immed_04_always_adds_it_to_local_targets(void **state)
{
	(void)state;
	PROVES("IMMED-04", insert(SCX_OPS_ALWAYS_ENQ_IMMED, SCX_DSQ_LOCAL, 0) && said.stored_flags == SCX_ENQ_IMMED);
	lab_stop(NULL);
	PROVES("IMMED-04", insert(SCX_OPS_ALWAYS_ENQ_IMMED, ON_CPU(1), SCX_ENQ_HEAD));
	PROVES("IMMED-04", said.stored_flags == (SCX_ENQ_HEAD | SCX_ENQ_IMMED));
	lab_stop(NULL);
	PROVES("IMMED-04", insert(0, SCX_DSQ_LOCAL, 0) && said.stored_flags == 0);
}

static void immed_05_always_leaves_other_targets_alone(void **state)
{
	(void)state;
	PROVES("IMMED-05", insert(SCX_OPS_ALWAYS_ENQ_IMMED, U, SCX_ENQ_HEAD) && said.stored_flags == SCX_ENQ_HEAD);
	PROVES("IMMED-05", queue_is(user(U), "a") && !immed(a));
	lab_stop(NULL);
	PROVES("IMMED-05", insert(SCX_OPS_ALWAYS_ENQ_IMMED, SCX_DSQ_GLOBAL, 0) && said.stored_flags == 0);
}

static void immed_06_the_task_comes_before_the_flags(void **state)
{
	(void)state;
	begin_ops(0, true, true);
	memset(&said, 0, sizeof(said));
	said.dsq = U;
	said.flags = SCX_ENQ_IMMED | INTERNAL_BIT;
	rig.on_enqueue = insert_and_look;
	lab_wake(a);
	PROVES("IMMED-06", !said.ret && lab_exited(SCX_EXIT_ERROR, "called with NULL task"));
}

static void immed_07_64_a_verdict_that_falls_back_is_no_error(void **state)
{
	struct task_struct *hog;

	(void)state;
	begin_ops(0, true, true);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO, .awake = true);
	assert_true(lab_runs(hog));
	lab_offline(0);
	lab_from(1);
	put(a, ON_CPU(0), SCX_ENQ_IMMED);
	PROVES("IMMED-07 IMMED-26 IMMED-64", queue_is(global_of(1), "a") && !immed(a) && !scx_last_exit());
}

static void immed_26_a_target_that_is_none_is_a_warning(void **state)
{
	struct lab_hold *frozen;

	(void)state;
	begin_mode(RUN_EXPLORED, 0, true, true);
	frozen = freeze_exit();
	lab_expect_warn("SCX_ENQ_GDSQ_FALLBACK");
	put(a, ON_CPU(2), SCX_ENQ_IMMED);
	PROVES("IMMED-26", lab_held(frozen) && !immed(a) && !cpu_rq(1)->scx.nr_immed);
	lab_release(frozen);
	PROVES("IMMED-26", lab_exited(SCX_EXIT_ERROR, "invalid CPU 2"));
}

static void immed_64_where_the_task_may_not_run_it_is_that_error(void **state)
{
	(void)state;
	begin_ops(0, true, true);
	lab_set_cpus(a, 1 << 1);
	put(a, ON_CPU(0), SCX_ENQ_IMMED);
	PROVES("IMMED-64", lab_exited(SCX_EXIT_ERROR, "SCX_DSQ_LOCAL") && !immed(a));
}

static bool looked;

static void pull_without_flags(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu != 1 || a->scx.dsq != user(U))
		return;
	looked = true;
	PROVES("IMMED-08", scx_bpf_dsq_move_to_local(U, 0));
	PROVES("IMMED-08", immed(a) == !!(scx_root->ops.flags & SCX_OPS_ALWAYS_ENQ_IMMED));
}

static void immed_08_always_holds_for_move_to_local(void **state)
{
	static const u64 flags[] = { SCX_OPS_ALWAYS_ENQ_IMMED, 0 };
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		looked = false;
		begin_ops(flags[i], true, true);
		put(a, U, 0);
		rig.on_dispatch = pull_without_flags;
		lab_kick(1, 0);
		PROVES("IMMED-08", looked && lab_runs(a));
		lab_stop(NULL);
	}
}

static void pull_with_a_wrong_flag(s32 cpu, struct task_struct *prev UNUSED)
{
	const struct scx_dsp_ctx *buffer = &scx_pcpu(scx_root, cpu)->dsp_ctx;

	if (cpu != 1 || a->scx.dsq != user(U))
		return;
	looked = true;
	scx_bpf_dsq_insert(b, SCX_DSQ_LOCAL, 20 * MS, 0);
	PROVES("IMMED-09 IMMED-02", !scx_bpf_dsq_move_to_local(U, INTERNAL_BIT));
	PROVES("IMMED-09", buffer->cursor == 1 && !b->scx.dsq);
}

static void immed_09_a_refused_pull_does_not_flush(void **state)
{
	(void)state;
	looked = false;
	begin_ops(0, true, true);
	put(a, U, 0);
	keep(b);
	rig.on_dispatch = pull_with_a_wrong_flag;
	lab_kick(1, 0);
	PROVES("IMMED-09", looked && lab_exited(SCX_EXIT_ERROR, "invalid enq_flags"));
}

static void immed_10_a_vtime_insert_is_refused_but_keeps_it(void **state)
{
	struct lab_hold *frozen;

	(void)state;
	begin_mode(RUN_EXPLORED, 0, true, true);
	memset(&said, 0, sizeof(said));
	said.p = a;
	said.dsq = SCX_DSQ_LOCAL;
	said.flags = SCX_ENQ_IMMED;
	said.by_vtime = true;
	rig.on_enqueue = insert_and_look;
	frozen = freeze_exit();
	lab_wake(a);
	PROVES("IMMED-10", said.ret && said.stored_flags & SCX_ENQ_IMMED);
	PROVES("IMMED-10", lab_held(frozen) && lab_runs(a) && immed(a));
	lab_release(frozen);
	PROVES("IMMED-10", lab_exited(SCX_EXIT_ERROR, "cannot use vtime ordering for built-in DSQs"));
}

/* ---- ways which are not vetted */

static void immed_11_default_selection_does_not_ask_for_it(void **state)
{
	(void)state;
	begin_ops(SCX_OPS_ALWAYS_ENQ_IMMED, false, true);
	lab_wake(a);
	PROVES("IMMED-11", lab_called(a, "running") && lab_runs(a) && !immed(a));
}

static void immed_12_an_rq_that_is_not_online_does_not(void **state)
{
	(void)state;
	begin_ops(SCX_OPS_ALWAYS_ENQ_IMMED, true, true);
	cpu_rq(1)->scx.flags &= ~SCX_RQ_ONLINE;
	lab_wake(a);
	PROVES("IMMED-12", lab_called(a, "select_cpu running") && !immed(a) && a->scx.slice == SCX_SLICE_DFL);
	cpu_rq(1)->scx.flags |= SCX_RQ_ONLINE;
}

static void immed_13_an_exiting_task_does_not(void **state)
{
	(void)state;
	begin_ops(SCX_OPS_ALWAYS_ENQ_IMMED, true, true);
	rig.slice = SCX_SLICE_INF;
	put(b, SCX_DSQ_GLOBAL, 0);	/* a does not get to run */
	a->flags |= PF_EXITING;
	lab_wake(a);
	PROVES("IMMED-13", lab_called(a, "select_cpu") && queue_is(lab_local(1), "a") && !immed(a) && a->scx.slice == SCX_SLICE_DFL);
	PROVES("IMMED-13", lab_count(SCX_EV_ENQ_SKIP_EXITING) == 1);
	a->flags &= ~PF_EXITING;
}

static void immed_14_a_task_that_may_not_migrate_does_not(void **state)
{
	(void)state;
	begin_ops(SCX_OPS_ALWAYS_ENQ_IMMED, true, true);
	lab_set_cpus(a, 1 << 1);
	lab_forget();
	a->migration_disabled = 2;
	lab_wake(a);
	PROVES("IMMED-14", lab_called(a, "running") && !immed(a));
	PROVES("IMMED-14", lab_count(SCX_EV_ENQ_SKIP_MIGRATION_DISABLED) == 1);
	PROVES("IMMED-14", a->scx.slice == SCX_SLICE_DFL);
	a->migration_disabled = 0;
}

static void immed_15_consuming_does_not(void **state)
{
	(void)state;
	begin_ops(SCX_OPS_ALWAYS_ENQ_IMMED, true, true);
	put(a, SCX_DSQ_GLOBAL, 0);
	PROVES("IMMED-15", lab_runs(a) && !immed(a));
	lab_bypass(true);
	lab_block(a);
	lab_forget();
	lab_wake(b);
	PROVES("IMMED-15", lab_count(SCX_EV_BYPASS_DISPATCH) > 0);
	PROVES("IMMED-15", lab_runs(b) && !immed(b));
	lab_bypass(false);
}

static void immed_16_putting_back_does_not(void **state)
{
	struct task_struct *hog;

	(void)state;
	begin_ops(SCX_OPS_ALWAYS_ENQ_IMMED, true, true);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	put(a, SCX_DSQ_GLOBAL, 0);
	lab_forget();
	lab_wake(hog);
	PROVES("IMMED-16", lab_runs(hog) && queue_is(lab_local(1), "a") && !immed(a) && lab_called(a, ""));
	PROVES("IMMED-16", cpu_rq(1)->scx.nr_immed == 0);
}

static void immed_17_without_ops_enqueue_it_never_comes(void **state)
{
	(void)state;
	begin_ops(SCX_OPS_ALWAYS_ENQ_IMMED, true, false);
	lab_wake(a);
	PROVES("IMMED-17", lab_runs(a) && !immed(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(immed_01_03_only_local_targets_take_it),
		TEST(immed_02_internal_bits_are_refused_first),
		TEST(immed_02_03_moves_are_vetted_too),
		TEST(immed_04_always_adds_it_to_local_targets),
		TEST(immed_05_always_leaves_other_targets_alone),
		TEST(immed_06_the_task_comes_before_the_flags),
		TEST(immed_07_64_a_verdict_that_falls_back_is_no_error),
		TEST(immed_26_a_target_that_is_none_is_a_warning),
		TEST(immed_64_where_the_task_may_not_run_it_is_that_error),
		TEST(immed_08_always_holds_for_move_to_local),
		TEST(immed_09_a_refused_pull_does_not_flush),
		TEST(immed_10_a_vtime_insert_is_refused_but_keeps_it),
		TEST(immed_11_default_selection_does_not_ask_for_it),
		TEST(immed_12_an_rq_that_is_not_online_does_not),
		TEST(immed_13_an_exiting_task_does_not),
		TEST(immed_14_a_task_that_may_not_migrate_does_not),
		TEST(immed_15_consuming_does_not),
		TEST(immed_16_putting_back_does_not),
		TEST(immed_17_without_ops_enqueue_it_never_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
