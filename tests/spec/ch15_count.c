/* SPDX-License-Identifier: GPL-2.0-only */
/* IMMED: when a CPU is open, what is counted, how long the mark lives (spec 15.4 to 15.6). */
#include "dsq_rig.h"

static struct task_struct *a, *b, *r;

static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 2, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	r = lab_task("r", .cpu = 1);
	load();
	lab_from(0);
}

static bool immed(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_IMMED;
}

static u32 nr_immed(int cpu)
{
	return cpu_rq(cpu)->scx.nr_immed;
}

static bool local_listed(int cpu)
{
	return !list_empty(&scx_pcpu(scx_root, cpu)->deferred_reenq_local.node);
}

static void make_r_run(void)
{
	rig.slice = SCX_SLICE_INF;
	put(r, SCX_DSQ_LOCAL, 0);
	rig.slice = 20 * MS;
	assert_true(lab_runs(r));
}

/*
 * The gap (IMMED-59): in the turn in which a task is inserted with IMMED the
 * running one gets more slice, so that the other waits on the local DSQ.
 */
static void insert_in_the_gap(s32 cpu, struct task_struct *prev)
{
	struct task_struct *const tasks[] = { a, b };
	int i;

	for (i = 0; cpu == 1 && prev && i < 2; i++) {
		if (scx_opss_state(lab_word(tasks[i])) != SCX_OPSS_QUEUED || prev == tasks[i])
			continue;
		scx_bpf_dsq_insert(tasks[i], SCX_DSQ_LOCAL, 20 * MS, SCX_ENQ_IMMED);
		prev->scx.slice = SCX_SLICE_INF;
		return;
	}
}

static void wait_in_the_gap(struct task_struct *p)
{
	keep(p);
	rig.on_dispatch = insert_in_the_gap;
	lab_kick(1, SCX_KICK_PREEMPT);
	rig.on_dispatch = NULL;
	assert_true(p->scx.dsq == lab_local(1) && immed(p));
	lab_forget();
}

/* ---- is the rq open? */

static void ask_if_open(struct rq *rq, struct task_struct *p)
{
	static const struct sched_class *const above[] = {
		&stop_sched_class, &dl_sched_class, &rt_sched_class, &fair_sched_class,
	};
	const struct sched_class *const next_class = rq->next_class;
	size_t i;

	BUG_ON(rq->curr != p || p != r);
	for (i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
		rq->next_class = above[i];
		rq->scx.flags |= SCX_RQ_IN_DISPATCH;
		PROVES("IMMED-18", !rq_is_open(rq, 0) && !rq_is_open(rq, SCX_ENQ_PREEMPT));
		rq->scx.flags &= ~SCX_RQ_IN_DISPATCH;
	}

	rq->next_class = &idle_sched_class;
	PROVES("IMMED-19", rq_is_open(rq, 0));

	rq->next_class = &ext_sched_class;
	PROVES("IMMED-23", !rq_is_open(rq, 0) && !rq_is_open(rq, SCX_ENQ_HEAD));
	rq->scx.flags |= SCX_RQ_IN_DISPATCH;
	PROVES("IMMED-20", rq_is_open(rq, 0));
	rq->scx.flags &= ~SCX_RQ_IN_DISPATCH;

	PROVES("IMMED-22", rq_is_open(rq, SCX_ENQ_PREEMPT));
	p->scx.flags |= SCX_TASK_PROTECTED;
	PROVES("IMMED-22", !rq_is_open(rq, SCX_ENQ_PREEMPT));
	rq->curr = rq->idle;	/* a protected task that does not run protects nothing */
	PROVES("IMMED-21", rq_is_open(rq, SCX_ENQ_PREEMPT) && !rq_is_open(rq, 0));
	rq->curr = p;
	p->scx.flags &= ~SCX_TASK_PROTECTED;
	rq->next_class = next_class;
}

static void immed_18_to_23_which_rq_is_open(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	make_r_run();
	lab_locked(r, ask_if_open);
}

/* ---- counting */

static bool looked;

static void move_two(s32 cpu, struct task_struct *prev UNUSED)
{
	struct rq *rq = cpu_rq(1);
	struct bpf_iter_scx_dsq it;

	if (cpu != 1 || a->scx.dsq != user(U))
		return;
	looked = true;
	PROVES("IMMED-34", nr_immed(1) == 0);
	bpf_iter_scx_dsq_new(&it, U, 0);
	scx_bpf_dsq_move(&it, a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	PROVES("IMMED-25 IMMED-27", immed(a) && nr_immed(1) == 1);
	PROVES("IMMED-20 IMMED-29", !local_listed(1));
	scx_bpf_dsq_move(&it, b, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	PROVES("IMMED-33 IMMED-34", nr_immed(1) == 2 && rq->scx.local_dsq.nr == 2);
	/* The second one counts itself: nr is 2 at the test. */
	PROVES("IMMED-24 IMMED-29", local_listed(1) && rq_is_open(rq, 0));
	PROVES("IMMED-29", !scx_pcpu(scx_root, 1)->deferred_reenq_local.flags);
	bpf_iter_scx_dsq_destroy(&it);
}

static void immed_24_25_27_29_33_34_two_are_two(void **state)
{
	(void)state;
	looked = false;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	put(b, U, 0);
	rig.on_dispatch = move_two;
	lab_kick(1, 0);
	PROVES("IMMED-31 IMMED-34", looked && lab_runs(a) && nr_immed(1) == 0);
	PROVES("IMMED-32", immed(a));
}

static void give_a_to_u(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu || scx_opss_state(lab_word(a)) != SCX_OPSS_QUEUED)
		return;
	a->scx.flags |= SCX_TASK_IMMED;	/* no way of the port leads here */
	scx_bpf_dsq_insert(a, U, 20 * MS, 0);
}

static void immed_28_a_mark_on_another_dsq_is_a_warning(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	keep(a);
	lab_by_hand();
	lab_expect_warn("dsq_is_local(dsq)");
	rig.on_dispatch = give_a_to_u;
	lab_kick(0, 0);
	PROVES("IMMED-28", queue_is(user(U), "a") && !nr_immed(0) && !nr_immed(1));
	a->scx.flags &= ~SCX_TASK_IMMED;
}

/* The next pick of CPU 1 stands before its rq lock. */
static struct lab_hold *before_the_pick(void)
{
	return lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK),
			.obj = &cpu_rq(1)->__lock);
}

static void immed_30_an_idle_rq_is_tested_before_it_is_claimed(void **state)
{
	struct lab_hold *pick;

	(void)state;
	begin_mode(RUN_EXPLORED);
	pick = before_the_pick();
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	PROVES("IMMED-30 IMMED-48", lab_held(pick) && !local_listed(1) && nr_immed(1) == 1);
	PROVES("IMMED-48 IMMED-68", cpu_rq(1)->next_class == &ext_sched_class);
	lab_release(pick);
	PROVES("IMMED-48", lab_called(a, "select_cpu enqueue running"));
}

/* ---- the life of the mark */

static void look_at_enqueue(struct task_struct *p, u64 enq_flags)
{
	if (p == a) {
		looked = true;
		PROVES("IMMED-35", !immed(p));
		PROVES("IMMED-40 IMMED-43", !(enq_flags & SCX_ENQ_REENQ));
	}
	scx_bpf_dsq_insert(p, U, 20 * MS, 0);
}

static void immed_35_40_a_change_of_a_waiting_task_ends_it(void **state)
{
	(void)state;
	looked = false;
	begin_mode(RUN_TIMED);
	make_r_run();
	wait_in_the_gap(a);
	PROVES("IMMED-34", nr_immed(1) == 1);
	rig.on_enqueue = look_at_enqueue;
	lab_set_nice(a, 5);
	PROVES("IMMED-40", looked && !immed(a) && nr_immed(1) == 0 && queue_is(user(U), "a"));
	PROVES("IMMED-40", lab_called(a, "enqueue(0xa)"));
}

static void pull_immed(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu != 1 || a->scx.dsq != user(U))
		return;
	PROVES("IMMED-62 IMMED-36", task_cpu(a) == 0 && scx_bpf_dsq_move_to_local(U, SCX_ENQ_IMMED));
	PROVES("IMMED-62 IMMED-36", task_cpu(a) == 1 && immed(a) && nr_immed(1) == 1 && nr_immed(0) == 0);
	PROVES("IMMED-62", cpu_rq(1)->scx.remote_activate_enq_flags == 0);
	looked = true;
}

static void immed_36_62_a_remote_move_brings_it_along(void **state)
{
	(void)state;
	looked = false;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 0);
	load();
	lab_from(0);
	put(a, U, 0);
	rig.on_dispatch = pull_immed;
	lab_kick(1, 0);
	PROVES("IMMED-62", looked && lab_runs(a) && immed(a));
}

static void more_slice(s32 cpu, struct task_struct *prev)
{
	if (cpu == 1 && prev == a)
		a->scx.slice = 20 * MS;
}

static void immed_37_38_39_a_running_task_keeps_it(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	PROVES("IMMED-37", lab_runs(a) && immed(a));
	/* extended by the policy */
	rig.on_dispatch = more_slice;
	lab_kick(1, SCX_KICK_PREEMPT);
	PROVES("IMMED-38", lab_runs(a) && immed(a));
	/* refilled, as there is nobody else */
	rig.on_dispatch = NULL;
	lab_forget();
	lab_kick(1, SCX_KICK_PREEMPT);
	PROVES("IMMED-38", lab_runs(a) && immed(a) && lab_count(SCX_EV_REFILL_SLICE_DFL) == 1);
	lab_set_nice(a, 5);
	PROVES("IMMED-39", lab_runs(a) && immed(a) && nr_immed(1) == 0);
	lab_bypass(true);
	PROVES("IMMED-44", lab_runs(a) && immed(a));
	lab_bypass(false);
}

static void immed_41_a_sleeping_task_keeps_it_until_its_wakeup(void **state)
{
	(void)state;
	looked = false;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	lab_block(a);
	PROVES("IMMED-41", !a->on_rq && immed(a));
	make_r_run();
	rig.on_enqueue = look_at_enqueue;
	lab_wake(a);
	PROVES("IMMED-41", looked && !immed(a));
}

static void immed_43_72_a_task_that_used_its_slice_loses_it(void **state)
{
	(void)state;
	looked = false;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	put(b, SCX_DSQ_GLOBAL, 0);
	rig.on_enqueue = look_at_enqueue;
	lab_forget();
	lab_kick(1, SCX_KICK_PREEMPT);
	PROVES("IMMED-43 IMMED-72", looked && !immed(a));
	PROVES("IMMED-72", lab_called(a, "enqueue(0x0)"));
}

static void immed_44_bypass_ends_it_for_waiting_tasks(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	make_r_run();
	wait_in_the_gap(a);
	lab_bypass(true);
	PROVES("IMMED-44", !immed(a) && nr_immed(1) == 0);
	lab_bypass(false);
}

static void immed_45_a_migration_ends_it(void **state)
{
	(void)state;
	looked = false;
	begin_mode(RUN_TIMED);
	make_r_run();
	wait_in_the_gap(a);
	rig.on_enqueue = look_at_enqueue;
	lab_set_cpus(a, 1 << 0);
	PROVES("IMMED-45", looked && task_cpu(a) == 0 && !immed(a));
	PROVES("IMMED-45", nr_immed(1) == 0 && nr_immed(0) == 0);
}

/* ---- restore of the running task */

static void immed_46_47_a_change_has_the_others_judged(void **state)
{
	struct lab_hold *unlinked;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	a->scx.slice = SCX_SLICE_INF;
	wait_in_the_gap(b);
	rig.keep = true;
	unlinked = lab_hold(.cpu = 0, .label = "dsq->list", .obj = &lab_local(1)->list, .skip = 1,
			    .kinds = LAB_KIND(YIELD_WRITE));
	lab_set_nice(a, 5);
	PROVES("IMMED-46", lab_held(unlinked) && nr_immed(1) == 2 && local_listed(1));
	lab_release(unlinked);
	PROVES("IMMED-47", lab_runs(a) && immed(a) && nr_immed(1) == 0 && !local_listed(1));
	PROVES("IMMED-47", lab_called(NULL, "... b:enqueue(0x10000000000)"));
}

/* ---- src/check/promise.c */

static void look_only(struct rq *rq UNUSED, struct task_struct *p UNUSED)
{
}

static void a_task_that_waits_for_no_reason_is_found(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	make_r_run();
	put(a, SCX_DSQ_LOCAL, 0);
	assert_true(queue_is(lab_local(1), "a"));
	/* As if the walk had been forgotten. */
	a->scx.flags |= SCX_TASK_IMMED;
	cpu_rq(1)->scx.nr_immed = 1;
	lab_expect_bug("IMMED-29 IMMED-58 IMMED-67: kernel_lets_it_wait");
	lab_locked(a, look_only);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(immed_18_to_23_which_rq_is_open),
		TEST(immed_24_25_27_29_33_34_two_are_two),
		TEST(immed_28_a_mark_on_another_dsq_is_a_warning),
		TEST(immed_30_an_idle_rq_is_tested_before_it_is_claimed),
		TEST(immed_35_40_a_change_of_a_waiting_task_ends_it),
		TEST(immed_36_62_a_remote_move_brings_it_along),
		TEST(immed_37_38_39_a_running_task_keeps_it),
		TEST(immed_41_a_sleeping_task_keeps_it_until_its_wakeup),
		TEST(immed_43_72_a_task_that_used_its_slice_loses_it),
		TEST(immed_44_bypass_ends_it_for_waiting_tasks),
		TEST(immed_45_a_migration_ends_it),
		TEST(immed_46_47_a_change_has_the_others_judged),
		TEST(a_task_that_waits_for_no_reason_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
