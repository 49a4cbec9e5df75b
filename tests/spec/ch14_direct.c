/* SPDX-License-Identifier: GPL-2.0-only */
/* Direct dispatch: verdicts made in ops.select_cpu() and ops.enqueue(): spec 14.5. */
#include "direct_rig.h"

/* ---- one verdict, for the task at hand */

static void insert_twice(void)
{
	scx_bpf_dsq_insert(p, SAY_DSQ, 3 * MS, SCX_ENQ_HEAD);
	PROVES("DD-01", this_rq()->scx.direct_dispatch_task == SCX_DDSP_POISON);
	PROVES("DD-01", scx_root->exit_kind == SCX_EXIT_NONE);
	PROVES("DD-01", scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, 9 * MS, 0));
	PROVES("DD-02", p->scx.ddsp_dsq_id == SAY_DSQ && p->scx.ddsp_slice == 3 * MS);
	PROVES("DD-02", p->scx.ddsp_enq_flags == SCX_ENQ_HEAD);
	PROVES("DD-02", this_rq()->scx.direct_dispatch_task == SCX_DDSP_POISON);
}

static void dd_01_a_second_verdict_is_an_error_and_the_first_stands(void **state)
{
	(void)state;
	start();
	wake_p(insert_twice);
	PROVES("DD-01", lab_exited(SCX_EXIT_ERROR, "already direct-dispatched"));
}

static void insert_other_then_p(void)
{
	PROVES("DD-01", scx_bpf_dsq_insert(other, SAY_DSQ, 3 * MS, 0));
	PROVES("DD-01", scx_root->exit_kind == SCX_EXIT_ERROR);
	PROVES("DD-02", no_verdict(p) && no_verdict(other));
	PROVES("DD-01 DD-02", this_rq()->scx.direct_dispatch_task == SCX_DDSP_POISON);
	PROVES("DD-01", scx_bpf_dsq_insert(p, SAY_DSQ, 3 * MS, 0));	/* too late */
	PROVES("DD-02", no_verdict(p));
}

static void dd_01_a_verdict_for_another_task_is_an_error(void **state)
{
	struct lab_hold *disabling;

	(void)state;
	start_in(RUN_EXPLORED);
	/* Before the disabling cycles p: at the first rq lock it takes for that. */
	disabling = lab_hold(.cpu = 0, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK));
	wake_p(insert_other_then_p);
	assert_true(lab_held(disabling));
	PROVES("DD-01", in_policys_hands(p));
	lab_release(disabling);
	PROVES("DD-01", lab_exited(SCX_EXIT_ERROR, "scheduling for p["));
	PROVES("DD-01", lab_exited(SCX_EXIT_ERROR, "but trying to direct-dispatch other["));
}

static void insert_over_a_leftover_id(void)
{
	p->scx.ddsp_dsq_id = SCX_DSQ_GLOBAL;
	scx_bpf_dsq_insert(p, SAY_DSQ, 3 * MS, 0);
}

static void dd_03_a_leftover_verdict_is_warned_about(void **state)
{
	(void)state;
	start();
	lab_expect_warn("ddsp_dsq_id");
	wake_p(insert_over_a_leftover_id);
	PROVES("DD-03", p->scx.dsq == lab_user_dsq(SAY_DSQ));
}

static void insert_over_leftover_flags(void)
{
	p->scx.ddsp_enq_flags = SCX_ENQ_HEAD;
	scx_bpf_dsq_insert(p, SAY_DSQ, 3 * MS, 0);
}

static void dd_03_leftover_flags_are_warned_about(void **state)
{
	(void)state;
	start();
	lab_expect_warn("ddsp_enq_flags");
	wake_p(insert_over_leftover_flags);
	PROVES("DD-03", p->scx.dsq == lab_user_dsq(SAY_DSQ));
}

static void insert_and_look(void)
{
	scx_bpf_dsq_insert_vtime(p, SAY_DSQ, 3 * MS, 1234, SCX_ENQ_PREEMPT);
	PROVES("DD-04", p->scx.ddsp_dsq_id == SAY_DSQ && p->scx.ddsp_slice == 3 * MS);
	PROVES("DD-04", p->scx.ddsp_vtime == 1234);
	PROVES("DD-04", p->scx.ddsp_enq_flags == (SCX_ENQ_PREEMPT | SCX_ENQ_DSQ_PRIQ));
	PROVES("DD-04 DD-07", !p->scx.dsq && !lab_user_dsq(SAY_DSQ)->nr);
}

static void dd_04_a_verdict_is_stored_in_the_task(void **state)
{
	(void)state;
	start();
	wake_p(insert_and_look);
	PROVES("DD-04", p->scx.dsq == lab_user_dsq(SAY_DSQ));
	PROVES("DD-04", p->scx.slice == 3 * MS && p->scx.dsq_vtime == 1234);
}

/* ---- verdicts of ops.select_cpu() */

static void look_at_select_verdict(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_runnable && subject == p)
		PROVES("DD-05", p->scx.ddsp_dsq_id == SAY_DSQ && p->scx.ddsp_slice == 3 * MS);
}

static void dd_05_a_select_verdict_is_consumed_by_the_enqueue(void **state)
{
	(void)state;
	turn_ops.runnable = say_ops.runnable;
	start();
	say.look = look_at_select_verdict;
	say.select_dsq = SAY_DSQ;
	say.slice = 3 * MS;
	lab_wake(p);
	PROVES("DD-05", lab_called(p, "select_cpu(1,0x8) runnable"));	/* no enqueue */
	PROVES("DD-05", p->scx.dsq == lab_user_dsq(SAY_DSQ) && p->scx.slice == 3 * MS);
	PROVES("DD-05 DD-12", no_verdict(p));
}

static void bypass_on(void *arg)
{
	(void)arg;
	scx_bypass(scx_root, true);
}

static void bypass_off(void *arg)
{
	(void)arg;
	scx_bypass(scx_root, false);
}

static void dd_05_bypass_discards_a_select_verdict(void **state)
{
	struct lab_hold *selected;

	(void)state;
	start_in(RUN_EXPLORED);
	say.select_dsq = SAY_DSQ;
	say.slice = 3 * MS;
	selected = lab_hold(.cpu = 2, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	lab_wake(p);
	assert_true(lab_held(selected));
	PROVES("DD-05", p->scx.ddsp_dsq_id == SAY_DSQ);
	lab_from(0);
	lab_outside(bypass_on, NULL);
	lab_release(selected);
	PROVES("DD-05 DD-12", no_verdict(p));
	PROVES("DD-05", p->scx.dsq == bypass_dsq(scx_root, 1) && p->scx.slice == SCX_SLICE_BYPASS);
	lab_outside(bypass_off, NULL);
}

static void go_offline_meanwhile(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_select_cpu && subject == p)
		cpu_rq(1)->scx.flags &= ~SCX_RQ_ONLINE;
}

static void dd_05_an_offline_rq_discards_a_select_verdict(void **state)
{
	(void)state;
	start();
	say.look = go_offline_meanwhile;
	say.select_dsq = SAY_DSQ;
	say.slice = 3 * MS;
	lab_wake(p);
	cpu_rq(1)->scx.flags |= SCX_RQ_ONLINE;
	PROVES("DD-05 DD-12", no_verdict(p));
	PROVES("DD-05", p->scx.dsq == lab_local(1) && p->scx.slice == SCX_SLICE_DFL);
}

/* ---- carrying out at once */

static void insert_into_dsq(void)
{
	scx_bpf_dsq_insert(p, SAY_DSQ, 3 * MS, 0);
}

/* As sched_setscheduler(2): a lower priority brings ENQUEUE_HEAD, unlike nice(2). */
static void lower_priority_of_p(void *arg)
{
	const struct sched_attr attr = { .policy = p->policy, .nice = 5 };

	(void)arg;
	sched_setscheduler(p, &attr);
}

static void dd_06_a_head_flag_of_the_core_makes_a_head_insert(void **state)
{
	(void)state;
	start();
	wake_p(insert_into_dsq);
	say.dsq = SAY_DSQ;
	lab_wake(other);
	say.dsq = 0;
	PROVES("DD-06", turn_queue_is(lab_user_dsq(SAY_DSQ), "p other"));
	lab_set_nice(p, 1);
	PROVES("DD-06", turn_queue_is(lab_user_dsq(SAY_DSQ), "other p"));
	lab_forget();
	lab_outside(lower_priority_of_p, NULL);
	PROVES("DD-06", lab_called(p, "dequeue enqueue(0x1000e)"));
	PROVES("DD-06", turn_queue_is(lab_user_dsq(SAY_DSQ), "p other"));
}

static void insert_into_nothing(void)
{
	PROVES("DD-07", scx_bpf_dsq_insert(p, 999, 3 * MS, 0));
	PROVES("DD-07", scx_root->exit_kind == SCX_EXIT_NONE);
}

static void dd_07_an_unknown_id_is_found_out_after_the_callback(void **state)
{
	(void)state;
	start();
	wake_p(insert_into_nothing);
	PROVES("DD-07", lab_exited(SCX_EXIT_ERROR, "non-existent DSQ 0x3e7"));
}

static void insert_and_destroy(void)
{
	PROVES("DD-07", scx_bpf_dsq_insert(p, SAY_OTHER_DSQ, 3 * MS, 0));
	scx_bpf_destroy_dsq(SAY_OTHER_DSQ);
	PROVES("DD-07", scx_root->exit_kind == SCX_EXIT_NONE);
}

static void dd_07_a_dsq_destroyed_after_the_kfunc_is_not_found(void **state)
{
	(void)state;
	start();
	wake_p(insert_and_destroy);
	PROVES("DD-07", lab_exited(SCX_EXIT_ERROR, "non-existent DSQ"));
}

static void dd_07_local_means_the_rq_of_the_enqueue(void **state)
{
	(void)state;
	start();
	lab_from(0);		/* executes ops.select_cpu() */
	say.select_dsq = SCX_DSQ_LOCAL;
	say.other_cpu = true;
	say.cpu = 2;
	lab_wake(p);
	PROVES("DD-07", lab_called(p, "select_cpu(1,0x8)@0 running@2"));
}

static void dd_08_user_global_and_own_local_are_carried_out_at_once(void **state)
{
	const u64 ids[] = { SAY_DSQ, SCX_DSQ_GLOBAL, SCX_DSQ_LOCAL, SCX_DSQ_LOCAL_ON | 1 };
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct scx_dispatch_q *dsq;
		struct lab_hold *woken;

		start_in(RUN_EXPLORED);
		dsq = i == 0 ? lab_user_dsq(SAY_DSQ) : i == 1 ? find_global_dsq(scx_root, 1) : lab_local(1);
		say.dsq = ids[i];
		say.slice = 3 * MS;
		say.enq_flags = SCX_ENQ_HEAD;
		/* Directly behind the enqueue, before task_woken. */
		woken = lab_hold(.cpu = 2, .label = "p->__state", .obj = &p->__state,
				 .kinds = LAB_KIND(YIELD_WRITE), .skip = 1);
		lab_wake(p);
		assert_true(lab_held(woken));
		PROVES("DD-08 DD-10", p->scx.dsq == dsq && no_verdict(p) && lab_word(p) == SCX_OPSS_NONE);
		PROVES("DD-08", p->scx.slice == 3 * MS);
		PROVES("DD-08 DD-10", list_empty(&cpu_rq(1)->scx.ddsp_deferred_locals));
		PROVES("DD-08", !(p->scx.flags & SCX_TASK_IN_CUSTODY) == (i != 0));
		lab_release(woken);
		lab_stop(state);
		turn_nothing(state);
	}
}

static void dd_08_the_stored_flags_are_those_of_the_insert(void **state)
{
	(void)state;
	start();
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(other);
	say.enq_flags = SCX_ENQ_HEAD;
	lab_wake(p);
	PROVES("DD-08", turn_queue_is(lab_local(1), "p other"));
}

/* ---- what is not looked at */

static void insert_on_forbidden_cpu(void)
{
	PROVES("DD-14", scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | 2, 3 * MS, 0));
	PROVES("DD-14", scx_root->exit_kind == SCX_EXIT_NONE);
}

static struct lab_hold *hold_behind_enqueue(void)
{
	return lab_hold(.cpu = 2, .label = "p->__state", .obj = &p->__state,
			.kinds = LAB_KIND(YIELD_WRITE), .skip = 1);
}

static void dd_14_a_forbidden_cpu_is_found_out_when_carried_out(void **state)
{
	struct lab_hold *woken;

	(void)state;
	start_in(RUN_EXPLORED);
	lab_set_cpus(p, 3);
	woken = hold_behind_enqueue();
	wake_p(insert_on_forbidden_cpu);
	assert_true(lab_held(woken));
	PROVES("DD-14", scx_root->exit_kind == SCX_EXIT_NONE);	/* deferred without a word */
	lab_release(woken);
	PROVES("DD-14", lab_exited(SCX_EXIT_ERROR, "target CPU 2 not allowed for p"));
}

static void dd_15_the_own_local_dsq_is_not_tested_for_affinity(void **state)
{
	(void)state;
	start();
	lab_wake(p);
	say.dsq = SCX_DSQ_LOCAL;
	lab_forget();
	lab_set_cpus(p, 1);	/* enqueued once more on CPU 1, then moved away */
	PROVES("DD-15", lab_called(p, "dequeue enqueue(0xa) enqueue(0x40000) running@0"));
	PROVES("DD-15", scx_root && scx_root->exit_kind == SCX_EXIT_NONE && task_cpu(p) == 0);
}

/* ---- counters */

static void dd_16_a_deferred_verdict_counts_as_selection_overruled(void **state)
{
	(void)state;
	start();
	say.dsq = SCX_DSQ_LOCAL_ON | 0;
	lab_wake(p);		/* select_cpu says 1 */
	PROVES("DD-16", task_cpu(p) == 0 && lab_count(SCX_EV_SELECT_CPU_FALLBACK) == 1);
}

static void dd_16_a_verdict_for_the_selected_cpu_does_not(void **state)
{
	(void)state;
	start();
	say.dsq = SCX_DSQ_LOCAL_ON | 1;
	lab_wake(p);
	PROVES("DD-16", p->scx.dsq == lab_local(1) && lab_count(SCX_EV_SELECT_CPU_FALLBACK) == 0);
	lab_block(r);
	lab_block(p);
	say.dsq = SCX_DSQ_LOCAL_ON | 0;
	say.other_cpu = true;
	say.cpu = 0;
	lab_wake(p);
	PROVES("DD-16", lab_runs(p) && task_cpu(p) == 0 && lab_count(SCX_EV_SELECT_CPU_FALLBACK) == 0);
}

static void dd_17_a_verdict_for_an_offline_cpu_waits_on_the_global_dsq(void **state)
{
	(void)state;
	turn_ops.cpu_offline = say_cpu_offline;
	turn_ops.cpu_online = say_cpu_online;
	start();
	lab_from(0);
	lab_offline(2);
	lab_forget();
	turn_forget();
	say.dsq = SCX_DSQ_LOCAL_ON | 2;
	lab_wake(p);
	PROVES("DD-17", lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE) == 1);
	PROVES("DD-17", scx_root->exit_kind == SCX_EXIT_NONE);
	PROVES("DD-17", p->scx.dsq == find_global_dsq(scx_root, 1));
	PROVES("DD-17", lab_called(p, "select_cpu enqueue"));
	PROVES("DD-17", turn_count(0) == 0 && turn_count(2) == 0);	/* CPU 0 sleeps on */
	lab_run(100 * MS);
	PROVES("DD-17", p->scx.dsq == find_global_dsq(scx_root, 1) && turn_count(0) == 0);
	lab_kick(0, 0);
	PROVES("DD-17", lab_runs(p) && task_cpu(p) == 0 && turn_count(0) == 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(dd_01_a_second_verdict_is_an_error_and_the_first_stands),
		TEST(dd_01_a_verdict_for_another_task_is_an_error),
		TEST(dd_03_a_leftover_verdict_is_warned_about),
		TEST(dd_03_leftover_flags_are_warned_about),
		TEST(dd_04_a_verdict_is_stored_in_the_task),
		TEST(dd_05_a_select_verdict_is_consumed_by_the_enqueue),
		TEST(dd_05_bypass_discards_a_select_verdict),
		TEST(dd_05_an_offline_rq_discards_a_select_verdict),
		TEST(dd_06_a_head_flag_of_the_core_makes_a_head_insert),
		TEST(dd_07_an_unknown_id_is_found_out_after_the_callback),
		TEST(dd_07_a_dsq_destroyed_after_the_kfunc_is_not_found),
		TEST(dd_07_local_means_the_rq_of_the_enqueue),
		TEST(dd_08_user_global_and_own_local_are_carried_out_at_once),
		TEST(dd_08_the_stored_flags_are_those_of_the_insert),
		TEST(dd_14_a_forbidden_cpu_is_found_out_when_carried_out),
		TEST(dd_15_the_own_local_dsq_is_not_tested_for_affinity),
		TEST(dd_16_a_deferred_verdict_counts_as_selection_overruled),
		TEST(dd_16_a_verdict_for_the_selected_cpu_does_not),
		TEST(dd_17_a_verdict_for_an_offline_cpu_waits_on_the_global_dsq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
