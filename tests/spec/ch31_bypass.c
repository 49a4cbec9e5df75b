/* SPDX-License-Identifier: GPL-2.0-only */
/* Bypass mode: spec 22.13 and 31.1 to 31.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sched/core.h"
#include "support/say.h"

static struct sched_ext_ops ops;
static struct task_struct *p, *q, *r;
static u32 nr_looks;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	nr_looks = 0;
	return 0;
}

static void set_bypass(void *on)
{
	scx_bypass(scx_root, on);
}

static void bypass(bool on)
{
	lab_outside(set_bypass, on ? scx_root : NULL);
}

static struct scx_dispatch_q *bypass_queue(int cpu)
{
	return &scx_root->pcpu[cpu].bypass_dsq;
}

/* p runs on CPU 0, q is in custody there, r runs on CPU 1. */
static void start(void)
{
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	r = lab_task("r", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	lab_wake(r);
	say.dsq = 0;
	lab_wake(q);
	say.dsq = SCX_DSQ_LOCAL;
	assert_true(lab_runs(p) && lab_runs(r));
	lab_forget();
}

static void byp_01_21_22_23_only_first_and_last_act(void **state)
{
	(void)state;
	lab_start(.cpus = 2, .ops = &ops);
	lab_forget();
	bypass(true);
	PROVES("BYP-21", scx_root->slice_dfl == 5 * MS && lab_count(SCX_EV_BYPASS_ACTIVATE) == 1 &&
			 scx_root->bypass_dsp_enabled && mevent_pending(&scx_root->bypass_lb_timer) &&
			 scx_root->bypass_timestamp == lab_now());
	PROVES("BYP-21", scx_root->bypass_lb_timer.time == lab_now() + 500 * MS);
	PROVES("BYP-01", scx_bypassing(scx_root, 0) && scx_bypassing(scx_root, 1));
	lab_run(3 * MS);
	scx_limits()->slice_bypass_us = 7000; /* is read when bypass begins */
	bypass(true);
	bypass(false);
	PROVES("BYP-01 BYP-23", scx_root->bypass_depth == 1 && scx_bypassing(scx_root, 0) && scx_root->slice_dfl == 5 * MS);
	PROVES("BYP-23", lab_count(SCX_EV_BYPASS_ACTIVATE) == 1 && lab_count(SCX_EV_BYPASS_DURATION) == 0);
	bypass(false);
	PROVES("BYP-22 BYP-01", scx_root->slice_dfl == 20 * MS && lab_count(SCX_EV_BYPASS_DURATION) == 3 * (s64)MS);
	PROVES("BYP-22", !scx_root->bypass_dsp_enabled && !mevent_pending(&scx_root->bypass_lb_timer) &&
			 !scx_bypassing(scx_root, 1));
	bypass(true);
	PROVES("BYP-21", scx_root->slice_dfl == 7 * MS);
	bypass(false);
}

static void byp_24_below_zero_warns(void **state)
{
	(void)state;
	lab_start(.cpus = 1, .ops = &ops);
	lab_expect_warn("bypass_depth < 1");
	bypass(false);
	PROVES("BYP-24", scx_root->bypass_depth == 0);
}

static void look_at_sweep(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_quiescent)
		return;
	nr_looks++;
	PROVES("BYP-26 BYP-02", scx_bypassing(scx_root, task_cpu(t)) && raw_spin_is_held(&task_rq(t)->__lock));
	if (task_cpu(t) == 0)
		PROVES("BYP-34 BYP-25", !scx_bypassing(scx_root, 1));
}

static void byp_02_03_04_25_to_30_a_sweep(void **state)
{
	struct task_struct *s;

	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	r = lab_task("r", .cpu = 1);
	s = lab_task("s", .cpu = 1);
	ops.cpu_offline = say_cpu_offline;
	lab_load(&ops);
	lab_offline(2);
	lab_wake(p);
	lab_wake(r);
	lab_wake(s);
	say.dsq = 0;
	lab_wake(q);
	lab_forget();
	say.look = look_at_sweep;
	bypass(true);
	PROVES("BYP-02 BYP-25 BYP-29 BYP-30", nr_looks == 2 && lab_called(NULL,
		"q:dequeue(0x20000000e)@0 q:quiescent(0x20000000e)@0 q:runnable(0xe)@0 "
		"s:quiescent(0x20000000e)@0 s:runnable(0xe)@0 ..."));
	PROVES("BYP-25", scx_bypassing(scx_root, 2));
	say.look = NULL;
	say.dsq = SCX_DSQ_LOCAL;
	bypass(false);
	PROVES("BYP-25", !scx_bypassing(scx_root, 2));
}

static void byp_03_04_29_from_the_tail_each_once(void **state)
{
	struct task_struct *s;

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	r = lab_task("r", .cpu = 0);
	s = lab_task("s", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	lab_wake(q);
	lab_wake(r);
	lab_wake(s);
	lab_forget();
	bypass(true);
	PROVES("BYP-03 BYP-04 BYP-29 BYP-31", lab_called(NULL,
		"s:quiescent s:runnable r:quiescent r:runnable q:quiescent q:runnable p:stopping(1) s:running"));
	PROVES("BYP-37", strcmp(lab_queue(bypass_queue(0)), "r q p") == 0); /* the reschedule put p behind */
	PROVES("BYP-33", lab_runs(s));
	bypass(false);
}

static void byp_31_33_44_the_running_task_alone_goes_on(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	lab_forget();
	bypass(true);
	PROVES("BYP-31 BYP-33", lab_called(NULL, "") && lab_runs(p) && lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 1);
	lab_run(5 * MS); /* one tick at least */
	PROVES("BYP-44", lab_called(NULL, "") && p->scx.slice == 5 * MS && lab_count(SCX_EV_DISPATCH_KEEP_LAST) >= 2);
	bypass(false);
}

static void byp_27_idle_cpus_are_announced_again(void **state)
{
	(void)state;
	ops.update_idle = say_update_idle;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	bypass(true);
	lab_forget();
	bypass(false);
	PROVES("BYP-27 BYP-02", lab_called(NULL, "dispatch(1,-)@1 update_idle(1,1)@1"));
	PROVES("BYP-27", cpu_rq(0)->scx.flags & SCX_RQ_ROOT_IDLE_RENOTIFY); /* at its next idle pick */
}

static void look_while_loading(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)t;
	(void)arg;
	if (op == SCXTWIN_OP_init_task)
		PROVES("BYP-09 BYP-28", scx_bypassing(scx_root, 0) && !scx_enabled() && !cpu_rq(0)->curr->need_resched);
}

static void byp_09_28_before_anything_is_enabled_only_flags(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	lab_wake(p);
	say.look = look_while_loading;
	lab_load(&ops);
}

static void look_at_end_of_sweep(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)t;
	(void)arg;
	if (op == SCXTWIN_OP_quiescent && ++nr_looks)
		PROVES("BYP-35", scx_root->bypass_dsp_enabled);
}

static void byp_35_dispatch_ends_after_the_sweep(void **state)
{
	(void)state;
	start();
	bypass(true);
	say.look = look_at_end_of_sweep;
	bypass(false);
	PROVES("BYP-35", nr_looks && !scx_root->bypass_dsp_enabled);
}

static void byp_36_37_38_a_wakeup_in_bypass(void **state)
{
	(void)state;
	start();
	lab_block(p);
	lab_run(MS);
	bypass(true);
	lab_forget();
	say.other_cpu = true;
	say.cpu = 1;
	q = p;
	lab_set_cpus(q, 0x3);
	lab_forget();
	lab_wake(q);
	PROVES("BYP-36 BYP-05", lab_called(q, "runnable(0x100009)") && task_cpu(q) == 0 && q->scx.selected_cpu == 0);
	PROVES("BYP-38 BYP-36", lab_count(SCX_EV_BYPASS_DISPATCH) == 2);
	PROVES("BYP-37", q->scx.slice == 5 * MS && q->scx.ddsp_dsq_id == SCX_DSQ_INVALID &&
			 q->scx.dsq == bypass_queue(0) && lab_count(SCX_EV_REFILL_SLICE_DFL) == 1);
	bypass(false);
}

static void byp_38_a_rotated_task_counts_once(void **state)
{
	(void)state;
	start();
	bypass(true);
	assert_true(lab_runs(q));
	lab_forget();
	lab_run(4 * MS);
	PROVES("BYP-38 BYP-08 BYP-46", lab_runs(p) && lab_count(SCX_EV_BYPASS_DISPATCH) == 1);
	PROVES("BYP-08", lab_called(q, "stopping(1)") && strcmp(lab_queue(bypass_queue(0)), "q") == 0);
	lab_run(4 * MS);
	PROVES("BYP-08", lab_runs(q));
	bypass(false);
}

static void byp_39_an_rq_that_is_not_online_comes_first(void **state)
{
	(void)state;
	start();
	bypass(true);
	assert_ptr_equal(p->scx.dsq, bypass_queue(0));
	cpu_rq(0)->scx.flags &= ~SCX_RQ_ONLINE;
	lab_forget();
	lab_set_nice(p, 3);
	PROVES("BYP-39", p->scx.dsq == lab_local(0) && lab_count(SCX_EV_BYPASS_DISPATCH) == 0);
	cpu_rq(0)->scx.flags |= SCX_RQ_ONLINE;
	bypass(false);
}

static void move_to_global(void *arg)
{
	struct task_struct *t = arg;
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(t, &rf);

	scx_dispatch_dequeue(rq, t);
	scx_dispatch_enqueue(scx_root, rq, find_global_dsq(scx_root, 0), t, 0, 0, 0);
	task_rq_unlock(rq, t, &rf);
}

static void byp_40_the_global_dsq_comes_first(void **state)
{
	struct task_struct *s;

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	s = lab_task("s", .cpu = 0);
	lab_load(&ops);
	bypass(true);
	lab_wake(p);
	lab_wake(q);
	lab_wake(s);
	assert_string_equal(lab_queue(bypass_queue(0)), "q s");
	lab_outside(move_to_global, s);
	lab_forget();
	lab_block(p);
	PROVES("BYP-40 BYP-05", lab_called(NULL, "p:stopping p:quiescent s:running"));
	lab_block(s);
	PROVES("BYP-40", lab_called(NULL, "s:stopping s:quiescent q:running"));
	bypass(false);
}

static void resched_cpu_1(void *arg)
{
	(void)arg;
	resched_cpu(1);
}

static void byp_41_nobody_takes_from_another_cpu(void **state)
{
	(void)state;
	start();
	lab_block(r);
	bypass(true);
	lab_outside(resched_cpu_1, NULL);
	lab_run(20 * MS);
	PROVES("BYP-41", cpu_rq(1)->curr == cpu_rq(1)->idle && bypass_queue(0)->nr == 1);
	bypass(false);
}

static void byp_42_aborting_stops_all_but_bypass_dsqs(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	r = lab_task("r", .cpu = 0);
	lab_load(&ops);
	bypass(true);
	lab_wake(p);
	lab_wake(q);
	lab_wake(r);
	lab_outside(move_to_global, r);
	scx_root->aborting = true;
	lab_block(p);
	PROVES("BYP-42 ERR-03", lab_runs(q));
	lab_block(q);
	PROVES("ERR-03", cpu_rq(0)->curr == cpu_rq(0)->idle && r->scx.dsq == find_global_dsq(scx_root, 0));
	scx_root->aborting = false;
	bypass(false);
}

static void disable_migration(void *arg)
{
	(void)arg;
	migrate_disable();
}

static void byp_43_pinned_tasks_are_like_others(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0, .cpus = 0x1);
	r = lab_task("r", .cpu = 0);
	lab_load(&ops);
	lab_wake(r);
	lab_do(r, disable_migration, NULL);
	lab_block(r);
	lab_wake(p);
	bypass(true);
	lab_wake(q);
	lab_wake(r);
	PROVES("BYP-43", strcmp(lab_queue(bypass_queue(0)), "q r") == 0);
	bypass(false);
}

static void byp_45_no_warning_about_zero_slices(void **state)
{
	(void)state;
	start();
	bypass(true);
	q = lab_runs(p) ? q : p;
	assert_ptr_equal(q->scx.dsq, bypass_queue(0));
	q->scx.slice = 0;
	lab_run(4 * MS);
	PROVES("BYP-45", lab_runs(q) && !scx_root->warned_zero_slice && q->scx.slice == 5 * MS);
	bypass(false);
}

static void byp_46_an_endless_slice_ends_at_the_tick(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	say.slice = SCX_SLICE_INF;
	lab_wake(p);
	lab_run(50 * MS);
	assert_true(lab_runs(p) && p->scx.slice == SCX_SLICE_INF);
	bypass(true);
	lab_wake(q);
	lab_run(4 * MS);
	PROVES("BYP-46", lab_runs(q));
	bypass(false);
}

static void byp_07_kicks_and_reenqueues_are_dropped(void **state)
{
	u64 sync;

	(void)state;
	start();
	bypass(true);
	lab_forget();
	sync = cpu_rq(1)->scx.kick_sync;
	lab_kick(1, SCX_KICK_PREEMPT);
	PROVES("BYP-07", cpu_rq(1)->scx.kick_sync == sync && lab_called(NULL, ""));
	schedule_dsq_reenq(scx_root, lab_local(1), 0, NULL);
	PROVES("BYP-07", list_empty(&scx_root->pcpu[1].deferred_reenq_local.node));
	bypass(false);
}

static void byp_48_a_verdict_for_a_cycled_task_is_dropped(void **state)
{
	struct lab_hold *dispatching;

	(void)state;
	lab_start(.cpus = 3, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	say.dsq = 0;
	lab_wake(q);
	say.give = q;
	say.give_dsq = SCX_DSQ_LOCAL;
	lab_forget();
	dispatching = lab_hold(.cpu = 1, .label = "ops.dispatch", .kinds = LAB_KIND(YIELD_CALL), .skip = 1);
	lab_kick(1, 0);
	assert_true(lab_held(dispatching) && scx_root->pcpu[1].dsp_ctx.cursor == 1);
	lab_from(2);
	bypass(true); /* waits for the lock of CPU 1, with CPU 0 behind it */
	assert_ptr_equal(q->scx.dsq ? q->scx.dsq : bypass_queue(0), bypass_queue(0));
	lab_release(dispatching);
	PROVES("BYP-48", task_cpu(q) == 0 && scx_root->bypass_depth == 1 && cpu_rq(1)->curr == cpu_rq(1)->idle);
	PROVES("BYP-48", lab_called(q, "dequeue(0x20000000e) quiescent runnable ..."));
	bypass(false);
}

static void byp_49_user_dsqs_are_emptied(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	r = lab_task("r", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	say.dsq = SAY_DSQ;
	lab_wake(q);
	lab_wake(r);
	assert_int_equal(lab_user_dsq(SAY_DSQ)->nr, 2);
	bypass(true);
	PROVES("BYP-49", lab_user_dsq(SAY_DSQ)->nr == 0);
	bypass(false);
	PROVES("BYP-49", lab_user_dsq(SAY_DSQ)->nr == 2);
}

static void byp_47_hotplug_ops_are_called(void **state)
{
	(void)state;
	ops.cpu_offline = say_cpu_offline;
	ops.cpu_online = say_cpu_online;
	start();
	bypass(true);
	lab_forget();
	lab_offline(1);
	lab_online(1);
	PROVES("BYP-47 BYP-06", lab_called(NULL, "... cpu_offline(1) ... cpu_online(1) ..."));
	bypass(false);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(byp_01_21_22_23_only_first_and_last_act),
		TEST(byp_24_below_zero_warns),
		TEST(byp_02_03_04_25_to_30_a_sweep),
		TEST(byp_03_04_29_from_the_tail_each_once),
		TEST(byp_31_33_44_the_running_task_alone_goes_on),
		TEST(byp_27_idle_cpus_are_announced_again),
		TEST(byp_09_28_before_anything_is_enabled_only_flags),
		TEST(byp_35_dispatch_ends_after_the_sweep),
		TEST(byp_36_37_38_a_wakeup_in_bypass),
		TEST(byp_38_a_rotated_task_counts_once),
		TEST(byp_39_an_rq_that_is_not_online_comes_first),
		TEST(byp_40_the_global_dsq_comes_first),
		TEST(byp_41_nobody_takes_from_another_cpu),
		TEST(byp_42_aborting_stops_all_but_bypass_dsqs),
		TEST(byp_43_pinned_tasks_are_like_others),
		TEST(byp_45_no_warning_about_zero_slices),
		TEST(byp_46_an_endless_slice_ends_at_the_tick),
		TEST(byp_07_kicks_and_reenqueues_are_dropped),
		TEST(byp_48_a_verdict_for_a_cycled_task_is_dropped),
		TEST(byp_49_user_dsqs_are_emptied),
		TEST(byp_47_hotplug_ops_are_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
