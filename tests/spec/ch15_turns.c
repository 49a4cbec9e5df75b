/* SPDX-License-Identifier: GPL-2.0-only */
/* IMMED: who runs and who is given back (spec 15.7 to 15.10). */
#include "dsq_rig.h"

#define REENQ_ENQUEUE	"enqueue(0x10000000000)"

static struct task_struct *a, *b, *r, *rt;

static void begin_mode(enum run_mode mode)
{
	struct sched_ext_ops ops = rig_ops;

	begin(.cpus = 2, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	r = lab_task("r", .cpu = 1);
	rt = lab_task("rt", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	lab_load(&ops);
	lab_from(0);
}

static bool immed(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_IMMED;
}

static u32 reason(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_REENQ_REASON_MASK;
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

static u64 first_flags;		/* of the insert of whatever is new */
static u32 reason_of_a;

/* Inserts new tasks with first_flags; those that come back are kept. */
static void insert_once(struct task_struct *p, u64 enq_flags)
{
	if (p == a && enq_flags & SCX_ENQ_REENQ)
		reason_of_a = reason(p);
	if (!(enq_flags & SCX_ENQ_REENQ))
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 20 * MS, first_flags);
}

static void wake_with(struct task_struct *p, u64 flags)
{
	first_flags = flags;
	reason_of_a = 0;
	rig.on_enqueue = insert_once;
	lab_wake(p);
}

/* ops.dispatch() of CPU 1: a then b, each if kept, with these flags; prev goes on if asked. */
static struct {
	u64 a_flags, b_flags;
	bool extend;
} plan;

static void follow_plan(s32 cpu, struct task_struct *prev)
{
	if (cpu != 1 || scx_opss_state(lab_word(a)) != SCX_OPSS_QUEUED)
		return;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 20 * MS, plan.a_flags);
	if (scx_opss_state(lab_word(b)) == SCX_OPSS_QUEUED)
		scx_bpf_dsq_insert(b, SCX_DSQ_LOCAL, 20 * MS, plan.b_flags);
	if (prev && plan.extend)
		prev->scx.slice = SCX_SLICE_INF;
	rig.on_dispatch = NULL;
}

static void dispatch_both(u64 a_flags, u64 b_flags, bool extend)
{
	plan.a_flags = a_flags;
	plan.b_flags = b_flags;
	plan.extend = extend;
	rig.on_dispatch = follow_plan;
	rig.keep = true;
	lab_forget();
	lab_kick(1, SCX_KICK_PREEMPT);
}

/* a waits behind r with IMMED: the gap of IMMED-59. */
static void a_waits_behind_r(void)
{
	make_r_run();
	keep(a);
	dispatch_both(SCX_ENQ_IMMED, 0, true);
	assert_true(queue_is(lab_local(1), "a") && immed(a) && lab_runs(r));
	lab_forget();
}

/* ---- inserts */

static void immed_49_a_busy_rq_gives_back(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	make_r_run();
	wake_with(a, SCX_ENQ_IMMED);
	PROVES("IMMED-49", lab_called(a, "select_cpu enqueue(0x100009) " REENQ_ENQUEUE));
	PROVES("IMMED-83", reason_of_a == SCX_TASK_REENQ_IMMED && lab_count(SCX_EV_REENQ_IMMED) == 1);
	PROVES("IMMED-49 IMMED-83", lab_runs(r) && nr_immed(1) == 0 && !reason(a));
	PROVES("IMMED-78", a->scx.reenq_cnt == 1 && lab_count(SCX_EV_REENQ_REPEAT) == 0);
}

static void immed_50_an_rq_of_a_higher_class_gives_back(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_wake(rt);
	wake_with(a, SCX_ENQ_IMMED);
	PROVES("IMMED-50", lab_called(a, "select_cpu enqueue(0x100009) " REENQ_ENQUEUE));
	PROVES("IMMED-50", reason_of_a == SCX_TASK_REENQ_IMMED);
}

static void immed_50_an_rq_claimed_by_a_higher_class_gives_back(void **state)
{
	struct lab_hold *pick;

	(void)state;
	begin_mode(RUN_EXPLORED);
	make_r_run();
	pick = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	lab_wake(rt);
	assert_true(lab_held(pick) && lab_runs(r));
	/* Even with PREEMPT, which would do against r. */
	wake_with(a, SCX_ENQ_IMMED | SCX_ENQ_PREEMPT);
	PROVES("IMMED-50 IMMED-18", lab_called(a, "select_cpu enqueue(0x100009) " REENQ_ENQUEUE));
	lab_release(pick);
}

static void immed_51_the_dispatching_rq_is_open(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	keep(a);
	dispatch_both(SCX_ENQ_IMMED, 0, false);
	PROVES("IMMED-51", lab_called(a, "dequeue running") && lab_runs(a) && immed(a));
}

static void immed_52_60_63_the_second_of_a_dispatch_comes_back(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	keep(a);
	keep(b);
	dispatch_both(SCX_ENQ_IMMED, SCX_ENQ_IMMED, false);
	PROVES("IMMED-52 IMMED-60", lab_called(NULL, "... a:running b:" REENQ_ENQUEUE));
	PROVES("IMMED-60", lab_runs(a) && queue_is(lab_local(1), ""));
}

static void pull_both(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu != 1)
		return;
	rig.on_dispatch = NULL;
	PROVES("IMMED-61", scx_bpf_dsq_move_to_local(U, SCX_ENQ_IMMED));
	PROVES("IMMED-61", immed(a) && nr_immed(1) == 1 && queue_is(lab_local(1), "a") && !local_listed(1));
	PROVES("IMMED-63", scx_bpf_dsq_move_to_local(U, SCX_ENQ_IMMED));
	PROVES("IMMED-63", nr_immed(1) == 2 && local_listed(1));
}

static void immed_61_63_pulling_twice(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	put(b, U, 0);
	rig.keep = true;
	rig.on_dispatch = pull_both;
	lab_kick(1, 0);
	PROVES("IMMED-63", !rig.on_dispatch && lab_runs(a) && !b->scx.dsq && nr_immed(1) == 0);
	PROVES("IMMED-63", lab_count(SCX_EV_REENQ_IMMED) == 1);
}

static void immed_54_a_second_one_spoils_the_first(void **state)
{
	struct lab_hold *pick;

	(void)state;
	begin_mode(RUN_EXPLORED);
	pick = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	wake_with(a, SCX_ENQ_IMMED);
	assert_true(lab_held(pick) && nr_immed(1) == 1);
	wake_with(b, SCX_ENQ_IMMED);
	PROVES("IMMED-54", lab_called(NULL, "... a:" REENQ_ENQUEUE " b:" REENQ_ENQUEUE) && nr_immed(1) == 0);
	PROVES("IMMED-54", lab_count(SCX_EV_REENQ_IMMED) == 2);
	lab_release(pick);
}

static void immed_55_preempting_needs_no_walk(void **state)
{
	struct lab_hold *pick;

	(void)state;
	begin_mode(RUN_EXPLORED);
	make_r_run();
	pick = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	wake_with(a, SCX_ENQ_IMMED | SCX_ENQ_PREEMPT);
	PROVES("IMMED-55", lab_held(pick) && !local_listed(1) && nr_immed(1) == 1 && !r->scx.slice);
	lab_release(pick);
	PROVES("IMMED-55", lab_called(a, "select_cpu enqueue(0x100009) running"));
}

static void walk_for_immed(struct rq *rq, struct task_struct *p UNUSED)
{
	schedule_reenq_local(rq, 0);
	run_deferred(rq);
}

static void immed_56_but_a_walk_in_between_takes_it(void **state)
{
	struct lab_hold *pick;

	(void)state;
	begin_mode(RUN_EXPLORED);
	make_r_run();
	pick = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	wake_with(a, SCX_ENQ_IMMED | SCX_ENQ_PREEMPT);
	assert_true(lab_held(pick));
	lab_forget();
	lab_locked(a, walk_for_immed);
	PROVES("IMMED-56", lab_called(a, REENQ_ENQUEUE) && reason_of_a == SCX_TASK_REENQ_IMMED);
	lab_release(pick);
}

static void immed_57_a_plain_task_in_front_schedules_nothing(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	a_waits_behind_r();
	wake_with(b, SCX_ENQ_HEAD);
	PROVES("IMMED-57", queue_is(lab_local(1), "b a") && nr_immed(1) == 1 && lab_called(a, ""));
}

/* ---- the end of dispatch */

static void immed_58_prev_and_two_others(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	make_r_run();
	keep(a);
	keep(b);
	/* Neither insert asks for a walk: the end of dispatch does. */
	dispatch_both(SCX_ENQ_IMMED, 0, true);
	PROVES("IMMED-58", lab_runs(r) && lab_called(a, "dequeue " REENQ_ENQUEUE));
	PROVES("IMMED-58", queue_is(lab_local(1), "b"));
}

static void immed_59_prev_and_one_other_is_a_gap(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	a_waits_behind_r();
	lab_run(5 * MS);
	PROVES("IMMED-59", lab_runs(r) && queue_is(lab_local(1), "a") && lab_called(a, "") && !local_listed(1));
}

static void immed_88_only_the_one_behind_matters(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	keep(a);
	keep(b);
	dispatch_both(0, SCX_ENQ_IMMED, false);
	PROVES("IMMED-88", lab_runs(a) && lab_called(b, "dequeue " REENQ_ENQUEUE));
	lab_stop(NULL);
	begin_mode(RUN_TIMED);
	keep(a);
	keep(b);
	dispatch_both(SCX_ENQ_IMMED, 0, false);
	PROVES("IMMED-88", lab_runs(a) && lab_called(b, "dequeue") && queue_is(lab_local(1), "b"));
}

/* ---- the CPU goes to a higher class */

static void immed_65_67_a_waiting_one_comes_back(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	a_waits_behind_r();
	rig.on_enqueue = insert_once;
	lab_wake(rt);
	PROVES("IMMED-65 IMMED-67", lab_runs(rt) && lab_called(a, REENQ_ENQUEUE));
	PROVES("IMMED-67", reason_of_a == SCX_TASK_REENQ_IMMED && queue_is(lab_local(1), "r"));
}

static void immed_66_one_of_the_own_class_changes_nothing(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	a_waits_behind_r();
	keep(b);
	PROVES("IMMED-66", queue_is(lab_local(1), "a") && lab_called(a, "") && !local_listed(1));
}

static void immed_68_trace_d_the_higher_class_comes_before_the_pick(void **state)
{
	struct lab_hold *pick;

	(void)state;
	begin_mode(RUN_EXPLORED);
	pick = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	wake_with(a, SCX_ENQ_IMMED);
	assert_true(lab_held(pick));
	PROVES("IMMED-68", cpu_rq(1)->next_class == &ext_sched_class);
	lab_wake(rt);
	PROVES("IMMED-65 IMMED-68", local_listed(1) && cpu_rq(1)->next_class == &rt_sched_class);
	lab_release(pick);
	PROVES("IMMED-67", lab_runs(rt) && nr_immed(1) == 0 && reason_of_a == SCX_TASK_REENQ_IMMED);
}

/* Inserts a, then drops the rq lock to fetch a task of CPU 0. */
static void insert_and_pull(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu != 1)
		return;
	rig.on_dispatch = NULL;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 20 * MS, SCX_ENQ_IMMED);
	PROVES("IMMED-69", scx_bpf_dsq_move_to_local(U, 0));
}

static void immed_69_the_higher_class_comes_while_dispatch_is_in_progress(void **state)
{
	struct task_struct *far;
	struct lab_hold *away;

	(void)state;
	begin(.cpus = 2, .mode = RUN_EXPLORED);
	a = lab_task("a", .cpu = 1);
	far = lab_task("far", .cpu = 0);
	rt = lab_task("rt", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	load();
	lab_from(0);
	put(far, U, 0);
	keep(a);
	away = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(0)->__lock);
	rig.on_dispatch = insert_and_pull;
	lab_kick(1, 0);
	/* The rq is open: the end of dispatch would have decided. */
	PROVES("IMMED-51 IMMED-69", lab_held(away) && queue_is(lab_local(1), "a") && !local_listed(1));
	rig.on_enqueue = insert_once;
	reason_of_a = 0;
	lab_wake(rt);
	PROVES("IMMED-65 IMMED-69", local_listed(1) && cpu_rq(1)->next_class == &rt_sched_class);
	PROVES("IMMED-69", cpu_rq(1)->scx.flags & SCX_RQ_BAL_CB_PENDING && queue_is(lab_local(1), "a"));
	lab_forget();
	lab_release(away);
	/* The pick was taken back: a did not run, and ops.dispatch() was not called again. */
	PROVES("IMMED-69", lab_runs(rt) && lab_called(a, REENQ_ENQUEUE) && reason_of_a == SCX_TASK_REENQ_IMMED);
	PROVES("IMMED-69", queue_is(lab_local(1), "far") && !(cpu_rq(1)->scx.flags & SCX_RQ_BAL_CB_PENDING));
}

static void keep_and_look(struct task_struct *p, u64 enq_flags)
{
	if (p != a)
		return;
	PROVES("IMMED-53 IMMED-84", enq_flags == SCX_ENQ_REENQ && reason(p) == SCX_TASK_REENQ_PREEMPTED);
	PROVES("IMMED-53 IMMED-42", !immed(p));
}

static void ignore_release(s32 cpu UNUSED, struct scx_cpu_release_args *args UNUSED)
{
}

static void ignore_stopping(struct task_struct *p UNUSED, bool runnable UNUSED)
{
}

static void immed_53_70_71_a_running_one_comes_back(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	rt = lab_task("rt", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	ops.stopping = ignore_stopping;
	ops.cpu_release = ignore_release;
	ops.flags = SCX_OPS_ENQ_LAST;	/* no turn ends with a kept one */
	lab_load(&ops);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	assert_true(lab_runs(a) && immed(a));
	rig.on_enqueue = keep_and_look;
	lab_forget();
	lab_wake(rt);
	PROVES("IMMED-53 IMMED-70", lab_called(NULL, "a:stopping(1) a:" REENQ_ENQUEUE " cpu_release ..."));
	PROVES("IMMED-71", lab_count(SCX_EV_REENQ_IMMED) == 0 && !reason(a));
	PROVES("IMMED-78", a->scx.reenq_cnt == 1);
}

static void immed_67_nothing_is_listed_for_a_running_one(void **state)
{
	struct lab_hold *pick;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	pick = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	lab_wake(rt);
	PROVES("IMMED-67", lab_held(pick) && immed(a) && !local_listed(1));
	rig.keep = true;
	lab_release(pick);
}

static void immed_73_in_bypass_it_is_put_as_any_other(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	lab_bypass(true);
	assert_true(lab_runs(a) && immed(a));
	lab_forget();
	lab_wake(rt);
	PROVES("IMMED-73", lab_called(a, "") && !immed(a) && a->scx.dsq == bypass_dsq(scx_root, 1));
	PROVES("IMMED-73", lab_count(SCX_EV_BYPASS_DISPATCH) == 1 && a->scx.reenq_cnt == 0);
	lab_block(rt);
	lab_bypass(false);
}

static void immed_74_a_change_is_no_preemption(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	lab_forget();
	lab_set_nice(a, 5);
	PROVES("IMMED-74", lab_runs(a) && a->scx.reenq_cnt == 0 && lab_called(a, "... running"));
}

static u32 nr_tries, reasons[3];

static void try_again(struct task_struct *p, u64 enq_flags)
{
	if (p != a)
		return;
	if (nr_tries < 3)
		reasons[nr_tries] = reason(p);
	/* The second call is that of the walk which the first insert asked for. */
	if (nr_tries++ == 0)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 20 * MS, SCX_ENQ_IMMED);
	else
		PROVES("IMMED-75", enq_flags == SCX_ENQ_REENQ);
}

static void immed_75_78_put_back_with_the_same_verdict(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	rig.on_enqueue = try_again;
	nr_tries = 0;
	lab_forget();
	lab_wake(rt);
	PROVES("IMMED-75", nr_tries == 2 && reasons[0] == SCX_TASK_REENQ_PREEMPTED);
	PROVES("IMMED-75", reasons[1] == SCX_TASK_REENQ_IMMED && lab_runs(rt) && !local_listed(1));
	PROVES("IMMED-78", a->scx.reenq_cnt == 2 && lab_count(SCX_EV_REENQ_REPEAT) == 1);
}

static void immed_76_who_skips_the_policy_goes_back_plain(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	a->flags |= PF_EXITING;
	lab_forget();
	lab_wake(rt);
	PROVES("IMMED-76", lab_called(a, "") && queue_is(lab_local(1), "a") && !immed(a) && !reason(a));
	PROVES("IMMED-76", nr_immed(1) == 0 && lab_count(SCX_EV_ENQ_SKIP_EXITING) == 1);
	a->flags &= ~PF_EXITING;
}

/* ---- repeats */

static void immed_80_81_only_running_ends_the_count(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	make_r_run();
	wake_with(a, SCX_ENQ_IMMED);
	PROVES("IMMED-81", a->scx.reenq_cnt == 1);
	rig.on_enqueue = NULL;
	rig.keep = true;
	lab_set_cpus(a, 1 << 0);
	PROVES("IMMED-81", task_cpu(a) == 0 && a->scx.reenq_cnt == 1);
	rig.keep = false;
	rig.dsq = SCX_DSQ_LOCAL;
	rig.flags = 0;
	lab_set_nice(a, 5);
	PROVES("IMMED-80", lab_runs(a) && a->scx.reenq_cnt == 0);
}

static void always_immed(struct task_struct *p, u64 enq_flags UNUSED)
{
	if (p == a)
		nr_tries++;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 20 * MS, SCX_ENQ_IMMED);
}

static void immed_79_too_many_repeats_end_the_policy(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_wake(rt);
	rig.on_enqueue = always_immed;
	nr_tries = 0;
	lab_wake(a);
	PROVES("IMMED-79", nr_tries == 257);	/* the first one and 256 repeats */
	PROVES("IMMED-79", lab_exited(SCX_EXIT_ERROR_REENQ, "times without running"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(immed_49_a_busy_rq_gives_back),
		TEST(immed_50_an_rq_of_a_higher_class_gives_back),
		TEST(immed_50_an_rq_claimed_by_a_higher_class_gives_back),
		TEST(immed_51_the_dispatching_rq_is_open),
		TEST(immed_52_60_63_the_second_of_a_dispatch_comes_back),
		TEST(immed_61_63_pulling_twice),
		TEST(immed_54_a_second_one_spoils_the_first),
		TEST(immed_55_preempting_needs_no_walk),
		TEST(immed_56_but_a_walk_in_between_takes_it),
		TEST(immed_57_a_plain_task_in_front_schedules_nothing),
		TEST(immed_58_prev_and_two_others),
		TEST(immed_59_prev_and_one_other_is_a_gap),
		TEST(immed_88_only_the_one_behind_matters),
		TEST(immed_65_67_a_waiting_one_comes_back),
		TEST(immed_66_one_of_the_own_class_changes_nothing),
		TEST(immed_68_trace_d_the_higher_class_comes_before_the_pick),
		TEST(immed_69_the_higher_class_comes_while_dispatch_is_in_progress),
		TEST(immed_53_70_71_a_running_one_comes_back),
		TEST(immed_67_nothing_is_listed_for_a_running_one),
		TEST(immed_73_in_bypass_it_is_put_as_any_other),
		TEST(immed_74_a_change_is_no_preemption),
		TEST(immed_75_78_put_back_with_the_same_verdict),
		TEST(immed_76_who_skips_the_policy_goes_back_plain),
		TEST(immed_80_81_only_running_ends_the_count),
		TEST(immed_79_too_many_repeats_end_the_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
