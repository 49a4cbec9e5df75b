/* SPDX-License-Identifier: GPL-2.0-only */
/* Flags, hooks of the classes, next_class and rescheduling: spec 22.2 to 22.4. */
#include "wakeup_rig.h"

/* ---- flags */

static void flag_01_one_word_serves_both_halves(void **state)
{
	(void)state;
	PROVES("FLAG-01", DEQUEUE_SLEEP == ENQUEUE_WAKEUP && DEQUEUE_SAVE == ENQUEUE_RESTORE);
	PROVES("FLAG-01", DEQUEUE_MOVE == ENQUEUE_MOVE && DEQUEUE_NOCLOCK == ENQUEUE_NOCLOCK &&
			  DEQUEUE_MIGRATING == ENQUEUE_MIGRATING && DEQUEUE_CLASS == ENQUEUE_CLASS);
}

static void flag_03_04_numbers_are_those_of_7_3(void **state)
{
	(void)state;
	PROVES("FLAG-03", SCX_ENQ_WAKEUP == 0x1 && SCX_ENQ_HEAD == ENQUEUE_HEAD);
	PROVES("FLAG-04", ENQUEUE_WAKEUP == 0x1 && ENQUEUE_RESTORE == 0x2 && ENQUEUE_MOVE == 0x4 &&
			  ENQUEUE_NOCLOCK == 0x8 && ENQUEUE_MIGRATING == 0x10 && ENQUEUE_CLASS == 0x40);
	PROVES("FLAG-04", ENQUEUE_HEAD == 0x10000 && ENQUEUE_MIGRATED == 0x40000 && ENQUEUE_INITIAL == 0x80000 &&
			  ENQUEUE_RQ_SELECTED == 0x100000 && SCX_ENQ_CPU_SELECTED == 0x100000);
	PROVES("FLAG-04", DEQUEUE_SPECIAL == 0x10000 && SCX_DEQ_CORE_SCHED_EXEC == 1ULL << 32 &&
			  SCX_DEQ_SCHED_CHANGE == 1ULL << 33 && SCX_ENQ_IGNORE_CAPS == 1ULL << 60);
	PROVES("FLAG-04", WF_EXEC == 0x2 && WF_FORK == 0x4 && WF_TTWU == 0x8 && WF_SYNC == 0x10 &&
			  WF_MIGRATED == 0x20 && WF_CURRENT_CPU == 0x40 && WF_RQ_SELECTED == 0x80);
}

static void flag_02_sched_change_is_added_to_all_but_sleep(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	load_with_sleeper(0);
	lab_wake(p);
	lab_forget();
	lab_set_nice(p, 1);
	PROVES("FLAG-02", lab_called(p, "stopping quiescent(0x20000000a) set_weight runnable running"));
	lab_block(p);
	PROVES("FLAG-02", lab_called(p, "stopping quiescent(0x9)"));
}

/* ---- the loop over classes, wrappers */

static void resched_cpu_0(void *arg)
{
	(void)arg;
	resched_cpu(0);
}

static void core_01_fair_is_skipped_while_all_are_switched(void **state)
{
	struct rq_flags rf;
	struct rq *rq;

	(void)state;
	lab_start(.cpus = 1);
	load_with_sleeper(0);
	rq = task_rq_lock(p, &rf);
	p->sched_class = &fair_sched_class; /* nobody does: it would never run */
	task_rq_unlock(rq, p, &rf);
	lab_wake(p);
	lab_run(50 * MS);
	PROVES("CORE-01", !lab_runs(p) && p->on_rq == TASK_ON_RQ_QUEUED && cpu_rq(0)->curr == cpu_rq(0)->idle);
	scx_state()->switched_all = false;
	lab_outside(resched_cpu_0, NULL);
	lab_run(MS);
	PROVES("CORE-01", lab_runs(p));
	lab_block(p);
	p->sched_class = &ext_sched_class;
	scx_state()->switched_all = true;
}

static void core_01_ext_is_skipped_while_nothing_is_enabled(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	load_with_sleeper(0);
	lab_wake(p);
	lab_block(p);
	lab_forget();
	lab_kick(0, 0);
	PROVES("CORE-01", lab_called(NULL, "dispatch(0,-)"));
	lab_unload();
	lab_forget();
	lab_outside(resched_cpu_0, NULL);
	PROVES("CORE-01", lab_called(NULL, ""));
}

static u32 on_rq_seen, state_seen;

static void look_at_on_rq(enum scxtwin_op op, struct task_struct *t, u64 flags)
{
	(void)flags;
	if (op != SCXTWIN_OP_enqueue)
		return;
	on_rq_seen = (u32)t->on_rq;
	state_seen = t->__state;
}

static void core_05_58_on_rq_and_state_in_the_callbacks(void **state)
{
	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	say.look = look_at_on_rq;
	on_rq_seen = 99;
	lab_wake(q);
	PROVES("CORE-05 CORE-58", on_rq_seen == 0 && state_seen == TASK_WAKING);
	PROVES("CORE-04", q->on_rq == TASK_ON_RQ_QUEUED);
	lab_set_nice(q, 3);
	PROVES("CORE-05", on_rq_seen == TASK_ON_RQ_QUEUED);
	lab_forget();
	lab_set_cpus(q, 0x4);
	PROVES("CORE-05 CORE-06", on_rq_seen == TASK_ON_RQ_MIGRATING);
	PROVES("CORE-08 CORE-04", lab_called(q, "quiescent(0x20000000a) set_cpumask runnable(0xa) enqueue(0xa) "
						"enqueue(0x40000) running"));
}

static void deactivate_with_sleep(void *arg)
{
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(arg, &rf);

	update_rq_clock(rq);
	deactivate_task(rq, arg, DEQUEUE_SLEEP | DEQUEUE_NOCLOCK);
	activate_task(rq, arg, ENQUEUE_NOCLOCK);
	task_rq_unlock(rq, arg, &rf);
}

static void core_06_deactivate_is_not_for_sleep(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	lab_wake(q);
	lab_expect_warn("DEQUEUE_SLEEP");
	lab_outside(deactivate_with_sleep, q);
	PROVES("CORE-06", q->on_rq == TASK_ON_RQ_QUEUED); /* and the warning came */
}

static u32 on_rq_in_quiescent;

static void look_at_quiescent(enum scxtwin_op op, struct task_struct *t, u64 flags)
{
	(void)flags;
	if (op == SCXTWIN_OP_quiescent)
		on_rq_in_quiescent = (u32)t->on_rq;
}

static void core_07_on_rq_falls_after_the_dequeue(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	load_with_sleeper(0);
	lab_wake(p);
	say.look = look_at_quiescent;
	on_rq_in_quiescent = 99;
	lab_block(p);
	PROVES("CORE-07", on_rq_in_quiescent == TASK_ON_RQ_QUEUED && p->on_rq == 0);
}

static void core_09_11_nobody_is_told_if_the_same_goes_on(void **state)
{
	u64 sync;

	(void)state;
	lab_start(.cpus = 1);
	load_with_sleeper(0);
	lab_wake(p);
	lab_forget();
	lab_kick(0, 0);
	PROVES("CORE-09", lab_called(p, ""));
	sync = cpu_rq(0)->scx.kick_sync;
	lab_set_nice(p, 4);
	PROVES("CORE-11 SCHG-17", cpu_rq(0)->scx.kick_sync == sync + 1); /* by put_prev(p, NULL) */
	PROVES("CORE-11", lab_called(p, "stopping(0) quiescent set_weight runnable running"));
}

static void core_10_put_comes_before_set(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	say.slice = 5 * MS;
	lab_wake(p);
	lab_wake(q);
	lab_forget();
	lab_run(9 * MS);
	PROVES("CORE-10 HOOK-05", lab_called(NULL, "p:stopping(1) p:enqueue(0x0) q:running"));
}

static void core_13_nr_running_counts_wherever_it_is_queued(void **state)
{
	struct rq *rq;

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	rq = cpu_rq(0);
	lab_wake(p);
	PROVES("CORE-13", rq->nr_running == 1);
	say.dsq = 0;
	lab_wake(q);
	PROVES("CORE-13", rq->nr_running == 2 && q->scx.flags & SCX_TASK_IN_CUSTODY);
	say.dsq = SAY_DSQ;
	lab_set_nice(q, 1);
	PROVES("CORE-13", rq->nr_running == 2 && q->scx.dsq == lab_user_dsq(SAY_DSQ));
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(q, 2);
	PROVES("CORE-13", rq->nr_running == 2 && q->scx.dsq == lab_local(0));
	lab_block(p);
	PROVES("CORE-13", rq->nr_running == 1 && lab_runs(q));
	lab_block(q);
	PROVES("CORE-13", rq->nr_running == 0);
}

static void core_14_15_16_order_around_idle(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	ops.update_idle = say_update_idle;
	ops.flags |= SCX_OPS_ENQ_LAST;
	load_with_sleeper(0);
	lab_wake(p);
	PROVES("CORE-14 CORE-15", lab_called(NULL, "p:runnable p:enqueue update_idle(0,0) p:running"));
	lab_block(p);
	PROVES("CORE-14", lab_called(NULL, "p:stopping p:quiescent dispatch update_idle(0,1)"));
	say.slice = 2 * MS;
	lab_wake(p);
	lab_forget();
	say.dsq = 0;
	lab_run(5 * MS);
	PROVES("CORE-16", lab_called(NULL, "dispatch(0,p) p:stopping(1) p:enqueue(0x20000000000) update_idle(0,1)"));
}

/* ---- next_class */

static void core_20_21_22_29_next_class_of_an_ext_cpu(void **state)
{
	const struct sched_class *at_boot;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	at_boot = cpu_rq(1)->next_class;
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	PROVES("CORE-20", at_boot == &idle_sched_class);
	PROVES("CORE-21", cpu_rq(1)->next_class == &idle_sched_class);
	lab_load(&ops);
	{
		struct lab_hold *idle = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK),
						 .obj = &cpu_rq(1)->__lock);

		lab_wake(p);
		assert_true(lab_held(idle));
		PROVES("CORE-23 CORE-28 CORE-37", cpu_rq(1)->next_class == &ext_sched_class &&
						  cpu_rq(1)->idle->need_resched);
		lab_wake(q);
		PROVES("CORE-29", cpu_rq(1)->next_class == &ext_sched_class);
		lab_release(idle);
	}
	PROVES("CORE-21", lab_runs(p) && cpu_rq(1)->next_class == &ext_sched_class);
	lab_block(p);
	lab_block(q);
	PROVES("CORE-21", cpu_rq(1)->next_class == &idle_sched_class);
}

static void core_26_38_an_ext_wakeup_preempts_nobody(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	lab_forget();
	lab_wake(q);
	PROVES("CORE-22 CORE-26 CORE-38", lab_runs(p) && !p->need_resched && lab_called(p, ""));
}

static void core_37_an_insert_wakes_an_idle_cpu(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	say.select_dsq = SCX_DSQ_LOCAL_ON | 1;
	lab_wake(p);
	PROVES("CORE-37", lab_runs(p) && task_cpu(p) == 1 && cpu_rq(1)->next_class == &ext_sched_class);
}

static void core_23_24_25_a_higher_class_preempts_and_a_lower_does_not(void **state)
{
	struct task_struct *rt;

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	rt = lab_task("rt", .cpu = 0, .policy = SCHED_FIFO);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	lab_forget();
	lab_wake(rt);
	PROVES("CORE-23", lab_runs(rt) && cpu_rq(0)->next_class == &rt_sched_class);
	PROVES("SCHED-17", lab_called(NULL, "p:stopping(1)"));
	lab_wake(q);
	PROVES("CORE-24", lab_runs(rt) && !rt->need_resched && cpu_rq(0)->next_class == &rt_sched_class);
	lab_forget();
	lab_block(rt);
	PROVES("CORE-30", lab_runs(p) && cpu_rq(0)->next_class == &ext_sched_class);
}

static void core_27_immed_tasks_are_given_back_to_a_higher_class(void **state)
{
	struct task_struct *rt;
	struct lab_hold *idle;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	rt = lab_task("rt", .cpu = 1, .cpus = 0x2, .policy = SCHED_FIFO);
	say.enq_flags = SCX_ENQ_IMMED;
	say.reenq_dsq = SAY_DSQ;
	lab_load(&ops);
	idle = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	lab_wake(p);
	assert_true(lab_held(idle) && cpu_rq(1)->scx.nr_immed == 1);
	lab_forget();
	lab_wake(rt);
	PROVES("CORE-27 CORE-23", cpu_rq(1)->next_class == &rt_sched_class &&
				  !list_empty(&cpu_rq(1)->scx.deferred_reenq_locals));
	lab_release(idle);
	PROVES("CORE-27", lab_runs(rt) && lab_called(p, "... enqueue(0x10000000000)") &&
			  p->scx.dsq == lab_user_dsq(SAY_DSQ));
}

static void resched_by_hand(void *arg)
{
	struct rq *rq = arg;
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	resched_curr(rq);
	PROVES("CORE-34", rq->curr->need_resched && mevent_pending(&rq->resched_ipi));
	PROVES("CORE-33", rq->next_class == &ext_sched_class);
	mevent_disarm(&rq->resched_ipi);
	resched_curr(rq);
	PROVES("CORE-34", !mevent_pending(&rq->resched_ipi));
	mevent_arm(&rq->resched_ipi, this_sim->now);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void core_33_34_resched_curr_once_and_without_next_class(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	load_with_sleeper(1);
	lab_wake(p);
	lab_forget();
	lab_outside(resched_by_hand, cpu_rq(1));
	PROVES("CORE-35", !p->need_resched && lab_runs(p)); /* it scheduled at once in user mode */
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(flag_01_one_word_serves_both_halves),
		TEST(flag_03_04_numbers_are_those_of_7_3),
		TEST(flag_02_sched_change_is_added_to_all_but_sleep),
		TEST(core_01_fair_is_skipped_while_all_are_switched),
		TEST(core_01_ext_is_skipped_while_nothing_is_enabled),
		TEST(core_05_58_on_rq_and_state_in_the_callbacks),
		TEST(core_06_deactivate_is_not_for_sleep),
		TEST(core_07_on_rq_falls_after_the_dequeue),
		TEST(core_09_11_nobody_is_told_if_the_same_goes_on),
		TEST(core_10_put_comes_before_set),
		TEST(core_13_nr_running_counts_wherever_it_is_queued),
		TEST(core_14_15_16_order_around_idle),
		TEST(core_20_21_22_29_next_class_of_an_ext_cpu),
		TEST(core_26_38_an_ext_wakeup_preempts_nobody),
		TEST(core_37_an_insert_wakes_an_idle_cpu),
		TEST(core_23_24_25_a_higher_class_preempts_and_a_lower_does_not),
		TEST(core_27_immed_tasks_are_given_back_to_a_higher_class),
		TEST(core_33_34_resched_curr_once_and_without_next_class),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
