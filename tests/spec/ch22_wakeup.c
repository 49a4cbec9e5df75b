/* SPDX-License-Identifier: GPL-2.0-only */
/* Wakeups: spec 22.5. */
#include "wakeup_rig.h"

static void wake_myself(void *arg)
{
	(void)arg;
	p->__state = TASK_INTERRUPTIBLE;
	PROVES("CORE-40", try_to_wake_up(p, TASK_NORMAL, 0) && p->__state == TASK_RUNNING);
	PROVES("CORE-40", !try_to_wake_up(p, TASK_NORMAL, 0));
}

static void core_40_waking_oneself_is_only_a_state(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	load_with_sleeper(0);
	lab_wake(p);
	lab_forget();
	lab_call(p, wake_myself, NULL);
	PROVES("CORE-40", lab_called(NULL, "") && lab_runs(p));
}

static void look_at_pi_lock(enum scxtwin_op op, struct task_struct *t, u64 flags)
{
	(void)flags;
	if (op == SCXTWIN_OP_select_cpu)
		PROVES("CORE-41 LOCK-03", raw_spin_is_held(&core_of(t)->pi_lock) && irqs_disabled() &&
					  !cpu_rq(0)->__lock.owner && !cpu_rq(1)->__lock.owner);
	if (op == SCXTWIN_OP_enqueue)
		PROVES("CORE-41 LOCK-01", raw_spin_is_held(&core_of(t)->pi_lock) && raw_spin_is_held(&task_rq(t)->__lock) &&
					  irqs_disabled());
}

static void core_41_42_60_a_wakeup_under_pi_lock(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	load_with_sleeper(1);
	say.look = look_at_pi_lock;
	lab_wake(p);
	PROVES("CORE-41 CORE-45 CORE-48 CORE-60 HOOK-01",
	       lab_called(p, "select_cpu(1,0x8) runnable(0x100009) enqueue(0x100009) running@1"));
	PROVES("CORE-57", p->__state == TASK_RUNNING && p->on_rq == TASK_ON_RQ_QUEUED);
	lab_wake(p);
	PROVES("CORE-42", lab_called(p, ""));
}

static void wake_twice(void *arg)
{
	(void)arg;
	PROVES("CORE-42", !try_to_wake_up(p, TASK_UNINTERRUPTIBLE, 0) && p->__state == TASK_INTERRUPTIBLE);
	PROVES("CORE-42 CORE-57", try_to_wake_up(p, TASK_NORMAL, 0) && p->__state == TASK_RUNNING);
	PROVES("CORE-42", !try_to_wake_up(p, TASK_NORMAL, 0));
}

static void core_42_the_answer_tells_whether_it_was_woken(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	load_with_sleeper(1);
	p->__state = TASK_INTERRUPTIBLE;
	lab_outside(wake_twice, NULL);
	PROVES("CORE-42", lab_called(p, "select_cpu runnable enqueue running"));
}

static void core_48_52_60_a_sync_wakeup_onto_another_cpu(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	load_with_sleeper(1);
	say.other_cpu = true;
	say.cpu = 0;
	lab_wake_flags(p, WF_SYNC);
	PROVES("CORE-48 CORE-52 CORE-60", lab_called(p, "select_cpu(1,0x18) runnable(0x140009) enqueue(0x140009) running@0"));
	PROVES("CORE-52", task_cpu(p) == 0 && p->wake_cpu == 0 && lab_count(SCX_EV_SELECT_CPU_FALLBACK) == 0);
}

static void core_49_a_task_of_one_cpu_is_not_selected_for(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 0x2);
	lab_load(&ops);
	lab_wake(p);
	PROVES("CORE-49", lab_called(p, "runnable(0x9) enqueue(0x9) running@1"));
}

static void core_51_61_70_71_a_forbidden_choice_falls_back(void **state)
{
	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1, .cpus = 0x6);
	lab_load(&ops);
	say.other_cpu = true;
	say.cpu = 0;
	lab_wake(p);
	PROVES("CORE-51 CORE-71", lab_called(p, "select_cpu(1,0x8) runnable(0x100009) enqueue(0x100009) running@1"));
	PROVES("CORE-61 LIFE-92", lab_count(SCX_EV_SELECT_CPU_FALLBACK) == 1);
}

static void core_71_the_own_node_comes_first(void **state)
{
	(void)state;
	lab_start(.cpus = 4, .nodes = 2);
	p = lab_task("p", .cpu = 2, .cpus = 0xd);
	lab_load(&ops);
	lab_set_cpus(p, 0x9); /* CPUs 0 and 3: the latter is on the node of CPU 2 */
	say.other_cpu = true;
	say.cpu = 1;
	lab_wake(p);
	PROVES("CORE-71", task_cpu(p) == 3);
}

static void core_50_prev_cpu_is_the_wake_cpu(void **state)
{
	(void)state;
	lab_start(.cpus = 3);
	load_with_sleeper(1);
	p->wake_cpu = 2;
	lab_wake(p);
	PROVES("CORE-50", lab_called(p, "select_cpu(2,0x8) ... running@2") && task_cpu(p) == 2);
}

/* Preempted in the kernel after it announced that it will sleep. */
static void be_preempted_before_sleep(void *arg)
{
	(void)arg;
	WRITE_ONCE(p->__state, TASK_INTERRUPTIBLE);
	preempt_schedule();
	WRITE_ONCE(p->__state, TASK_RUNNING);
}

static void core_43_a_wakeup_of_a_queued_task_is_only_a_state(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	say.slice = 5 * MS;
	lab_wake(p);
	lab_wake(q);
	lab_run(3 * MS);
	p->scx.slice = 0;
	lab_forget();
	lab_call(p, be_preempted_before_sleep, NULL);
	PROVES("SCHED-01 SCHED-09", lab_called(p, "stopping(1) enqueue(0x0)") && p->__state == TASK_INTERRUPTIBLE &&
				    p->on_rq == TASK_ON_RQ_QUEUED && lab_runs(q));
	lab_run(US);
	lab_wake(p);
	PROVES("CORE-43 HOOK-02", lab_called(p, "") && p->__state == TASK_RUNNING && lab_runs(q));
	PROVES("CORE-43", cpu_rq(0)->clock == lab_now());
}

static void core_43_a_wakeup_of_a_queued_task_gives_its_idle_cpu_a_turn(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	lab_wake(q);
	p->scx.slice = 0;
	say.dsq = 0;
	lab_call(p, be_preempted_before_sleep, NULL);
	assert_true(p->__state == TASK_INTERRUPTIBLE && p->scx.flags & SCX_TASK_IN_CUSTODY);
	lab_block(q);
	assert_true(cpu_rq(1)->curr == cpu_rq(1)->idle && cpu_rq(1)->next_class == &idle_sched_class);
	lab_forget();
	lab_wake(p);
	PROVES("CORE-43 CORE-23 HOOK-02", lab_called(NULL, "dispatch(1,-)") && p->__state == TASK_RUNNING);
}

static void core_44_a_wakeup_waits_for_the_end_of_a_migration(void **state)
{
	struct lab_hold *mover;

	(void)state;
	lab_start(.cpus = 4, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&ops);
	lab_wake(q);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));
	WRITE_ONCE(p->__state, TASK_INTERRUPTIBLE); /* as if preempted before it slept */
	say.pull = SAY_DSQ;
	mover = lab_hold(.cpu = 2, .label = "rq_lock", .kinds = LAB_KIND(YIELD_UNLOCK), .obj = &cpu_rq(1)->__lock);
	lab_kick(2, 0);
	assert_true(lab_held(mover) && p->on_rq == TASK_ON_RQ_MIGRATING);
	lab_forget();
	lab_from(3);
	lab_wake(p);
	PROVES("CORE-44", lab_waits(3, "migrating") && p->__state == TASK_INTERRUPTIBLE);
	lab_release(mover);
	PROVES("CORE-44", p->__state == TASK_RUNNING && lab_runs(p) && lab_called(p, "dequeue(0x0) running@2"));
}

/* ---- wake lists */

static void core_46_47_53_55_62_wake_lists_need_the_schedulers_consent(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	load_with_sleeper(1);
	lab_wake(p);
	PROVES("CORE-62 CORE-54", lab_called(p, "select_cpu@0 runnable@0 enqueue@0 running@1"));
	lab_block(p);
	lab_unload();
	ops.flags |= SCX_OPS_ALLOW_QUEUED_WAKEUP;
	lab_load(&ops);
	lab_wake(p);
	PROVES("CORE-53 CORE-55 CORE-56 CORE-68", lab_called(p, "select_cpu@0 runnable(0x9)@1 enqueue(0x9)@1 running@1"));
	lab_block(p);
	lab_forget();
	lab_from(1);
	lab_wake(p);
	PROVES("CORE-67", lab_called(p, "select_cpu@1 runnable(0x100009)@1 enqueue running"));
}

static void core_66_69_a_busy_target_of_the_same_cache_is_locked(void **state)
{
	(void)state;
	lab_start(.cpus = 4, .cores_per_llc = 2);
	ops.flags |= SCX_OPS_ALLOW_QUEUED_WAKEUP;
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&ops);
	lab_wake(q);
	lab_forget();
	lab_wake(p);
	PROVES("CORE-69", lab_called(p, "select_cpu@0 runnable@0 enqueue@0") && lab_runs(q));
	lab_block(q);
	lab_block(p);
	lab_wake(q);
	lab_forget();
	lab_from(2);
	lab_wake(p);
	PROVES("CORE-66", lab_called(p, "select_cpu@2 runnable(0x9)@1 enqueue@1"));
}

static void core_55_the_list_keeps_migrated_alone(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	ops.flags |= SCX_OPS_ALLOW_QUEUED_WAKEUP;
	load_with_sleeper(0);
	say.other_cpu = true;
	say.cpu = 1;
	lab_wake(p);
	PROVES("CORE-55", lab_called(p, "select_cpu(0,0x8)@0 runnable(0x40009)@1 enqueue(0x40009)@1 running@1"));
}

static void core_46_a_task_still_switching_away_goes_back_without_selection(void **state)
{
	struct lab_hold *leaving;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	ops.flags |= SCX_OPS_ALLOW_QUEUED_WAKEUP;
	load_with_sleeper(1);
	lab_wake(p);
	leaving = lab_hold(.cpu = 1, .label = "on_cpu", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->on_cpu);
	lab_block(p);
	assert_true(lab_held(leaving) && !p->on_rq && p->on_cpu);
	lab_forget();
	lab_wake(p);
	PROVES("CORE-46", !list_empty(&core_of(p)->wake_node) && lab_called(p, ""));
	lab_release(leaving);
	PROVES("CORE-46 CORE-56", lab_called(p, "runnable(0x9)@1 enqueue(0x9)@1 running@1"));
}

static void core_47_otherwise_the_waker_waits(void **state)
{
	struct lab_hold *leaving;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	load_with_sleeper(1);
	lab_wake(p);
	leaving = lab_hold(.cpu = 1, .label = "on_cpu", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->on_cpu);
	lab_block(p);
	assert_true(lab_held(leaving));
	lab_forget();
	lab_wake(p);
	PROVES("CORE-47 CORE-45", lab_waits(0, "ttwu.on_cpu") && lab_called(p, "") && p->__state == TASK_WAKING);
	lab_release(leaving);
	PROVES("CORE-47", lab_called(p, "select_cpu(1,0x8)@0 ... running@1"));
}

static void core_73_exec_asks_nobody(void **state)
{
	int cpu;

	(void)state;
	lab_start(.cpus = 2);
	load_with_sleeper(1);
	raw_spin_lock_irq(&core_of(p)->pi_lock);
	cpu = ext_sched_class.select_task_rq(p, task_cpu(p), WF_EXEC);
	raw_spin_unlock_irq(&core_of(p)->pi_lock);
	PROVES("CORE-73", cpu == 1 && lab_called(p, ""));
}

static void core_59_deferred_work_of_a_wakeup_is_done_at_once(void **state)
{
	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL_ON | 2;
	lab_wake(p);
	PROVES("CORE-59", lab_called(p, "select_cpu@0 runnable@0 enqueue@0 running@2") && task_cpu(p) == 2);
	PROVES("CORE-59", list_empty(&cpu_rq(1)->scx.ddsp_deferred_locals));
}

static void wake_both(void *arg)
{
	(void)arg;
	wake_up_process(p);
	wake_up_process(q);
}

static void look_at_list_wakeup(enum scxtwin_op op, struct task_struct *t, u64 flags)
{
	(void)flags;
	if (op == SCXTWIN_OP_runnable)
		PROVES("CORE-56", task_rq(t)->clock == lab_now() && !raw_spin_is_held(&core_of(t)->pi_lock));
}

static void core_56_a_list_in_order_of_arrival(void **state)
{
	(void)state;
	lab_start(.cpus = 2, .cores_per_llc = 1);
	ops.flags |= SCX_OPS_ALLOW_QUEUED_WAKEUP;
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&ops);
	lab_run(3 * MS);
	say.look = look_at_list_wakeup;
	lab_outside(wake_both, NULL);
	PROVES("CORE-56 CORE-66", lab_called(NULL, "p:select_cpu@0 q:select_cpu@0 p:runnable@1 p:enqueue@1 "
						   "q:runnable@1 q:enqueue@1 ... p:running@1"));
}

static void ask_for_reenqueue(enum scxtwin_op op, struct task_struct *t, u64 flags)
{
	if (op != SCXTWIN_OP_enqueue)
		return;
	if (t == p && !(flags & SCX_ENQ_REENQ)) {
		PROVES("CORE-57 CLK-08", task_rq(p)->scx.flags & SCX_RQ_CLK_VALID);
		scx_bpf_dsq_reenq(SCX_DSQ_LOCAL, 0);
	} else if (t == q) {
		PROVES("CORE-57", p->__state == TASK_RUNNING && p->on_rq == TASK_ON_RQ_QUEUED &&
				  raw_spin_is_held(&task_rq(t)->__lock) && !(task_rq(t)->scx.flags & SCX_RQ_CLK_VALID));
	}
}

static void core_57_59_task_woken_comes_last_and_unpinned(void **state)
{
	struct task_struct *r;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	r = lab_task("r", .cpu = 1);
	lab_load(&ops);
	lab_wake(r);
	lab_wake(q);
	assert_ptr_equal(q->scx.dsq, lab_local(1));
	say.look = ask_for_reenqueue;
	say.reenq_dsq = SAY_DSQ;
	lab_forget();
	lab_from(1);
	lab_wake(p);
	PROVES("CORE-57 CORE-59", lab_called(q, "enqueue(0x10000000000)@1") && lab_runs(r));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(core_40_waking_oneself_is_only_a_state),
		TEST(core_41_42_60_a_wakeup_under_pi_lock),
		TEST(core_42_the_answer_tells_whether_it_was_woken),
		TEST(core_48_52_60_a_sync_wakeup_onto_another_cpu),
		TEST(core_49_a_task_of_one_cpu_is_not_selected_for),
		TEST(core_51_61_70_71_a_forbidden_choice_falls_back),
		TEST(core_71_the_own_node_comes_first),
		TEST(core_50_prev_cpu_is_the_wake_cpu),
		TEST(core_43_a_wakeup_of_a_queued_task_is_only_a_state),
		TEST(core_44_a_wakeup_waits_for_the_end_of_a_migration),
		TEST(core_46_47_53_55_62_wake_lists_need_the_schedulers_consent),
		TEST(core_66_69_a_busy_target_of_the_same_cache_is_locked),
		TEST(core_55_the_list_keeps_migrated_alone),
		TEST(core_46_a_task_still_switching_away_goes_back_without_selection),
		TEST(core_47_otherwise_the_waker_waits),
		TEST(core_73_exec_asks_nobody),
		TEST(core_59_deferred_work_of_a_wakeup_is_done_at_once),
		TEST(core_43_a_wakeup_of_a_queued_task_gives_its_idle_cpu_a_turn),
		TEST(core_56_a_list_in_order_of_arrival),
		TEST(core_57_59_task_woken_comes_last_and_unpinned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
