/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a waking task goes: ops.select_cpu() and around it (spec 20.9). */
#include "dsq_rig.h"

static struct task_struct *a, *b, *hog;

/* What ops.select_cpu() does and saw. */
static struct {
	s32 answer;		/* -1000: prev_cpu */
	u64 insert, insert_flags;	/* DSQ; 0: none */
	struct task_struct *insert_whom;
	u32 times;
	s32 prev_cpu;
	u64 wake_flags;
	bool in_select_cpu, marked, locked;
} sel;

#define PREV (-1000)

static s32 select_as_told(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	u32 i;

	sel.prev_cpu = prev_cpu;
	sel.wake_flags = wake_flags;
	sel.in_select_cpu = this_rq()->scx.in_select_cpu;
	sel.marked = this_rq()->scx.direct_dispatch_task == p;
	sel.locked = scx_ctx()->locked_rq;
	for (i = 0; i < sel.times; i++)
		scx_bpf_dsq_insert(sel.insert_whom ? sel.insert_whom : p, sel.insert, 7 * MS, sel.insert_flags);
	if (sel.times)
		PROVES("SEL-68", this_rq()->scx.direct_dispatch_task == SCX_DDSP_POISON && !p->scx.dsq);
	return sel.answer == PREV ? prev_cpu : sel.answer;
}

static void start_on(u32 cpus, u64 allowed, enum run_mode mode)
{
	struct sched_ext_ops ops = rig_ops;

	begin(.cpus = cpus, .mode = mode);
	memset(&sel, 0, sizeof(sel));
	sel.answer = PREV;
	a = lab_task("a", .cpu = 1, .cpus = allowed);
	b = lab_task("b", .cpu = 1);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	ops.select_cpu = select_as_told;
	lab_load(&ops);
	rig.dsq = U;
}

static void start(void)
{
	start_on(4, 0, RUN_TIMED);
}

/* The default selection. */
static void start_default(u64 ops_flags)
{
	struct sched_ext_ops ops = rig_ops;

	begin(.cpus = 4);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	ops.select_cpu = NULL;
	ops.flags = ops_flags;
	lab_load(&ops);
	rig.dsq = U;
}

static void set_idle(u64 cpus)
{
	scx_idle_cpumask(NUMA_NO_NODE)->bits[0] = cpus;
}

static s32 selected;

static void select_for_exec(void *arg UNUSED)
{
	u64 flags;

	raw_spin_lock_irqsave(&core_of(a)->pi_lock, flags);
	selected = select_task_rq_scx(a, 3, WF_EXEC);
	raw_spin_unlock_irqrestore(&core_of(a)->pi_lock, flags);
}

static void sel_55_exec_stays(void **state)
{
	(void)state;
	start();
	sel.answer = 2;
	lab_outside(select_for_exec, NULL);
	PROVES("SEL-55", selected == 3 && lab_called(a, ""));
}

static void sel_56_58_around_the_call(void **state)
{
	(void)state;
	start();
	sel.answer = 2;
	lab_from(3);
	lab_wake(a);
	PROVES("SEL-56", sel.marked && sel.in_select_cpu && !sel.locked && sel.prev_cpu == 1);
	PROVES("SEL-56", lab_called(a, "select_cpu(1,0x8)@3 enqueue@3") && a->cpu == 2);
	PROVES("SEL-58", a->scx.selected_cpu == 2 && !cpu_rq(3)->scx.in_select_cpu &&
			 !cpu_rq(3)->scx.direct_dispatch_task);
}

static void sel_57_a_marker_left_over(void **state)
{
	(void)state;
	start();
	cpu_rq(3)->scx.direct_dispatch_task = b;
	lab_expect_warn("direct_dispatch_task");
	lab_from(3);
	lab_wake(a);
	PROVES("SEL-57", queue_is(user(U), "a"));
}

static void sel_58_59_no_such_cpu(void **state)
{
	struct lab_hold *frozen;

	(void)state;
	start_on(4, 0, RUN_EXPLORED);
	sel.answer = 4;
	frozen = freeze_exit();
	lab_from(3);
	lab_wake(a);
	PROVES("SEL-58", a->scx.selected_cpu == 4);
	PROVES("SEL-59", a->cpu == 1 && queue_is(user(U), "a"));
	lab_release(frozen);
	PROVES("SEL-59", lab_exited(SCX_EXIT_ERROR, "invalid CPU 4 from ops.select_cpu()"));
}

static void sel_60_70_not_for_this_task(void **state)
{
	(void)state;
	start_on(4, 0x6, RUN_TIMED);
	sel.answer = 3;
	lab_forget();
	lab_wake(a);
	PROVES("SEL-60", !scx_last_exit() && a->cpu != 3 && a->cpu != 0 && queue_is(user(U), "a"));
	PROVES("SEL-60 SEL-70", lab_count(SCX_EV_SELECT_CPU_FALLBACK) == 1 && a->scx.selected_cpu == 3);
}

static void sel_70_nothing_is_counted_if_the_answer_is_taken(void **state)
{
	(void)state;
	start();
	sel.answer = 2;
	lab_forget();
	lab_wake(a);
	PROVES("SEL-70", lab_count(SCX_EV_SELECT_CPU_FALLBACK) == 0 && a->cpu == 2);
}

static void sel_61_62_the_default_finds_one(void **state)
{
	(void)state;
	start_default(0);
	set_idle(0x4);
	machine()->distribute_prev[0] = 0;
	a->scx.slice = 3 * MS;
	lab_forget();
	lab_wake(a);
	PROVES("SEL-61 SEL-62", lab_called(a, "running@2") && a->scx.selected_cpu == 2);
	PROVES("SEL-62", lab_count(SCX_EV_REFILL_SLICE_DFL) == 1 && a->scx.slice == SCX_SLICE_DFL);
}

static void select_default(void *arg UNUSED)
{
	u64 flags;

	set_idle(0x4);
	a->scx.slice = 3 * MS;
	raw_spin_lock_irqsave(&core_of(a)->pi_lock, flags);
	selected = select_task_rq_scx(a, 1, WF_TTWU);
	raw_spin_unlock_irqrestore(&core_of(a)->pi_lock, flags);
}

static void sel_62_65_what_the_default_leaves(void **state)
{
	(void)state;
	start_default(SCX_OPS_ALWAYS_ENQ_IMMED);
	lab_outside(select_default, NULL);
	PROVES("SEL-62", selected == 2 && a->scx.ddsp_dsq_id == SCX_DSQ_LOCAL);
	PROVES("SEL-62 SEL-65", a->scx.ddsp_enq_flags == SCX_ENQ_SLICE_DFL);
	PROVES("SEL-62", a->scx.ddsp_slice == SCX_SLICE_DFL && a->scx.slice == 3 * MS);
	clear_direct_dispatch(a);
}

static void sel_65_no_immed_although_always(void **state)
{
	(void)state;
	start_default(SCX_OPS_ALWAYS_ENQ_IMMED);
	lab_wake(a);
	PROVES("SEL-65", lab_runs(a) && !(a->scx.flags & SCX_TASK_IMMED));
}

static void sel_63_the_default_finds_none(void **state)
{
	(void)state;
	start_default(0);
	set_idle(0);
	lab_forget();
	lab_wake(a);
	PROVES("SEL-63", lab_called(a, "enqueue(0x100009)") && a->cpu == 1 && a->scx.selected_cpu == 1);
	PROVES("SEL-63", lab_count(SCX_EV_REFILL_SLICE_DFL) == 0 && queue_is(user(U), "a"));
}

static void do_bypass(void *arg UNUSED)
{
	scx_bypass(scx_root, true);
}

static void sel_64_in_bypass_prev(void **state)
{
	(void)state;
	start();
	sel.answer = 2;
	a->scx.selected_cpu = 77;
	lab_outside(do_bypass, NULL);
	lab_forget();
	lab_wake(a);
	PROVES("SEL-64", a->cpu == 1 && a->scx.selected_cpu == 1);
	PROVES("SEL-64", lab_called(a, "running@1"));
	PROVES("SEL-64", lab_count(SCX_EV_BYPASS_DISPATCH) == 2); /* here and at the enqueue */
	lab_stop(NULL);
	/* Nor the default selection. */
	start_default(0);
	lab_outside(do_bypass, NULL);
	set_idle(0x4);
	lab_wake(a);
	PROVES("SEL-64", a->cpu == 1 && scx_idle_cpumask(NUMA_NO_NODE)->bits[0] & 0x4);
}

static void sel_66_wake_flags(void **state)
{
	(void)state;
	start();
	lab_wake(a);
	PROVES("SEL-66", sel.wake_flags == SCX_WAKE_TTWU);
	lab_wake_flags(b, WF_SYNC);
	PROVES("SEL-66", sel.wake_flags == (SCX_WAKE_TTWU | SCX_WAKE_SYNC));
	lab_task("child", .cpu = 2, .awake = true);
	PROVES("SEL-66 SEL-67", sel.wake_flags == SCX_WAKE_FORK && sel.prev_cpu == 2);
}

static void sel_67_prev_may_be_a_cpu_that_is_not_allowed(void **state)
{
	(void)state;
	start();
	lab_set_cpus(a, 0xc);
	sel.answer = 2;
	lab_wake(a);
	PROVES("SEL-67", sel.prev_cpu == 1 && a->cpu == 2);
}

/* ---- inserts from there */

static void sel_68_71_72_an_insert_is_a_verdict(void **state)
{
	(void)state;
	start();
	sel.answer = 2;
	sel.insert = SCX_DSQ_LOCAL;
	sel.times = 1;
	lab_forget();
	lab_wake(a);
	PROVES("SEL-68 SEL-71 SEL-72", lab_called(a, "select_cpu running@2") && a->scx.slice == 7 * MS);
}

static void sel_71_an_exiting_or_pinned_task_too(void **state)
{
	(void)state;
	start();
	sel.insert = U;
	sel.times = 1;
	a->flags |= PF_EXITING;
	lab_forget();
	lab_wake(a);
	PROVES("SEL-71", queue_is(user(U), "a") && lab_count(SCX_EV_ENQ_SKIP_EXITING) == 0);
	a->flags &= ~(u32)PF_EXITING;
}

static void sel_72_local_follows_a_fallback(void **state)
{
	(void)state;
	start_on(4, 0x6, RUN_TIMED);
	sel.answer = 3;
	sel.insert = SCX_DSQ_LOCAL;
	sel.times = 1;
	lab_wake(a);
	PROVES("SEL-72", lab_runs(a) && a->cpu != 3 && lab_called(a, "select_cpu running"));
}

static void sel_69_one_insert_of_this_task(void **state)
{
	(void)state;
	start();
	sel.insert = U;
	sel.times = 2;
	lab_wake(a);
	PROVES("SEL-69", lab_exited(SCX_EXIT_ERROR, "a[") && strstr(scx_last_exit()->msg, "already direct-dispatched"));
	lab_stop(NULL);
	start();
	sel.insert = U;
	sel.times = 1;
	sel.insert_whom = b;
	lab_wake(a);
	PROVES("SEL-69", lab_exited(SCX_EXIT_ERROR, "scheduling for a["));
	PROVES("SEL-69", strstr(scx_last_exit()->msg, "but trying to direct-dispatch b["));
}

static void sel_73_another_cpu_after_the_wakeup(void **state)
{
	struct lab_hold *moving;

	(void)state;
	start_on(4, 0, RUN_EXPLORED);
	sel.insert = ON_CPU(2);
	sel.times = 1;
	moving = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_UNLOCK), .obj = &cpu_rq(1)->__lock);
	lab_wake(a);
	/* The first time that the lock of the enqueue is dropped, a is on its way. */
	PROVES("SEL-73", lab_held(moving) && task_on_rq_migrating(a) && cpu_rq(2)->curr != a);
	lab_release(moving);
	PROVES("SEL-73", lab_called(a, "select_cpu running@2"));
}

static void sel_73_it_waits_on_the_list_of_the_rq(void **state)
{
	struct lab_hold *enqueued;

	(void)state;
	start_on(4, 0, RUN_EXPLORED);
	sel.insert = ON_CPU(2);
	sel.times = 1;
	/* What the deferred work does first is the dance's mark. */
	enqueued = lab_hold(.cpu = 0, .label = "holding_cpu", .kinds = LAB_KIND(YIELD_WRITE), .obj = &a->scx.holding_cpu);
	lab_wake(a);
	PROVES("SEL-73", lab_held(enqueued) && task_on_rq_queued(a) && task_cpu(a) == 1 && !a->scx.dsq);
	PROVES("SEL-73", !cpu_rq(1)->scx.deferred_irq_work.pending);
	lab_release(enqueued);
	PROVES("SEL-73", lab_runs(a) && a->cpu == 2);
}

static void sel_74_the_wakeup_bits_go_along(void **state)
{
	struct lab_hold *enqueued;

	(void)state;
	start_on(4, 0, RUN_EXPLORED);
	sel.insert = ON_CPU(2);
	sel.insert_flags = SCX_ENQ_HEAD;
	sel.times = 1;
	enqueued = lab_hold(.cpu = 0, .label = "p->scx.ops_state", .obj = &a->scx.ops_state, .kinds = LAB_KIND(YIELD_READ));
	lab_wake(a);
	PROVES("SEL-74", lab_held(enqueued) && a->scx.ddsp_enq_flags == (0x100009 | SCX_ENQ_HEAD));
	lab_release(enqueued);
}

static void begin_bypass_at_selection(void *arg UNUSED)
{
	scx_bypass(scx_root, true);
}

static void sel_75_bypass_begins_in_between(void **state)
{
	struct lab_hold *enqueuing;

	(void)state;
	start_on(4, 0, RUN_EXPLORED);
	sel.insert = U;
	sel.times = 1;
	enqueuing = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	lab_forget();
	lab_wake(a);
	assert_true(lab_held(enqueuing) && a->scx.ddsp_dsq_id == U);
	lab_from(3);
	lab_outside(begin_bypass_at_selection, NULL);
	lab_release(enqueuing);
	PROVES("SEL-75", queue_is(user(U), "") && lab_called(a, "select_cpu running"));
	PROVES("SEL-75", a->scx.slice == SCX_SLICE_BYPASS && a->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
}

static s32 claim_2(struct task_struct *p UNUSED, s32 prev_cpu, u64 wake_flags UNUSED)
{
	PROVES("SEL-76", scx_bpf_test_and_clear_cpu_idle(2));
	return prev_cpu;
}

static void sel_76_a_claim_that_is_not_used_stays(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	begin(.cpus = 4);
	a = lab_task("a", .cpu = 1);
	ops.select_cpu = claim_2;
	lab_load(&ops);
	rig.dsq = U;
	lab_wake(a);
	lab_run(50 * MS);
	PROVES("SEL-76", queue_is(user(U), "a") && scx_idle_cpumask(NUMA_NO_NODE)->bits[0] == 0xb);
	lab_kick(2, 0);
	PROVES("SEL-76 IDLE-17", scx_idle_cpumask(NUMA_NO_NODE)->bits[0] == 0xf);
}

/* ---- no selection */

static void sel_77_one_cpu_or_pinned(void **state)
{
	(void)state;
	start();
	lab_set_cpus(a, 0x4);
	lab_forget();
	lab_wake(a);
	PROVES("SEL-77", lab_called(a, "enqueue(0x40009)") && a->cpu == 2);
	b->migration_disabled = 1;
	b->cpus_ptr = cpumask_of(1);
	lab_wake(b);
	PROVES("SEL-77", lab_called(b, "running@1")); /* the enqueue is left out too */
	PROVES("SEL-77", lab_count(SCX_EV_ENQ_SKIP_MIGRATION_DISABLED) == 1);
	b->migration_disabled = 0;
	b->cpus_ptr = b->cpus_mask;
}

static void sel_78_only_wakeups_and_forks_select(void **state)
{
	(void)state;
	start();
	rig.dsq = SCX_DSQ_LOCAL;
	rig.slice = 5 * MS;
	lab_wake(a);
	lab_wake(b);
	lab_run(20 * MS);	/* slices end */
	lab_wake(hog);		/* preempts */
	lab_block(hog);
	lab_set_nice(a, 5);	/* restores */
	rig.dsq = U;
	reenq(ON_CPU(1), 0);
	PROVES("SEL-78", lab_called(a, "select_cpu ... enqueue ...") && sel.wake_flags == SCX_WAKE_TTWU);
	sel.wake_flags = 0;
	lab_set_nice(b, 5);
	lab_set_cpus(a, 0x1);	/* migrates */
	lab_set_cpus(b, 0x1);
	PROVES("SEL-78", sel.wake_flags == 0);
}

static void wake_a(void *arg UNUSED)
{
	WRITE_ONCE(a->__state, TASK_INTERRUPTIBLE);
	try_to_wake_up(a, TASK_NORMAL, 0);
}

static void sel_80_a_task_that_wakes_itself(void **state)
{
	(void)state;
	start();
	put(a, SCX_DSQ_LOCAL, 0);
	assert_true(lab_runs(a));
	lab_forget();
	lab_do(a, wake_a, NULL);
	PROVES("SEL-80", lab_called(a, "") && a->__state == TASK_RUNNING && lab_runs(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sel_55_exec_stays),
		TEST(sel_56_58_around_the_call),
		TEST(sel_57_a_marker_left_over),
		TEST(sel_58_59_no_such_cpu),
		TEST(sel_60_70_not_for_this_task),
		TEST(sel_70_nothing_is_counted_if_the_answer_is_taken),
		TEST(sel_61_62_the_default_finds_one),
		TEST(sel_62_65_what_the_default_leaves),
		TEST(sel_65_no_immed_although_always),
		TEST(sel_63_the_default_finds_none),
		TEST(sel_64_in_bypass_prev),
		TEST(sel_66_wake_flags),
		TEST(sel_67_prev_may_be_a_cpu_that_is_not_allowed),
		TEST(sel_68_71_72_an_insert_is_a_verdict),
		TEST(sel_71_an_exiting_or_pinned_task_too),
		TEST(sel_72_local_follows_a_fallback),
		TEST(sel_69_one_insert_of_this_task),
		TEST(sel_73_another_cpu_after_the_wakeup),
		TEST(sel_73_it_waits_on_the_list_of_the_rq),
		TEST(sel_74_the_wakeup_bits_go_along),
		TEST(sel_75_bypass_begins_in_between),
		TEST(sel_76_a_claim_that_is_not_used_stays),
		TEST(sel_77_one_cpu_or_pinned),
		TEST(sel_78_only_wakeups_and_forks_select),
		TEST(sel_80_a_task_that_wakes_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
