/* SPDX-License-Identifier: GPL-2.0-only */
/* Chapter 12, section 8: the path through select_task_rq_scx(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/say.h"

static u32 nr_looks;

static void disable_migration(void *arg)
{
	(void)arg;
	migrate_disable();
}

static void rqsel_01_a_task_with_one_cpu_selects_nothing(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	PROVES("RQSEL-01", lab_called(p, "runnable(0x9) enqueue(0x9) running@1"));
	lab_block(p);
	lab_wake(q);
	PROVES("RQSEL-01", lab_called(q, "select_cpu runnable(0x100009) enqueue(0x100009) running@1"));
	lab_do(q, disable_migration, NULL);
	lab_block(q);
	lab_forget();
	lab_wake(q);
	PROVES("RQSEL-01", lab_called(q, "runnable(0x9) running@1") && q->nr_cpus_allowed == 2);
}

static void rqsel_02_an_unusable_cpu_is_replaced(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1, .cpus = 0x3);
	say_busy(1, &say_ops);
	say.other_cpu = true;
	say.cpu = 2;
	say.select_dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	PROVES("RQSEL-02 RQSEL-09", p->cpu == 0 && lab_count(SCX_EV_SELECT_CPU_FALLBACK) == 1 && scx_loaded());
	PROVES("RQSEL-13", lab_called(p, "select_cpu runnable running@0"));
}

static void rqsel_03_04_previous_cpu_and_flags_of_a_wakeup(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	PROVES("RQSEL-03 RQSEL-04", lab_called(p, "select_cpu(1,0x8) runnable enqueue running@1"));
	lab_block(p);
	lab_forget();
	p->wake_cpu = 0;
	lab_wake_flags(p, WF_SYNC);
	PROVES("RQSEL-03 RQSEL-04", lab_called(p, "select_cpu(0,0x18) runnable enqueue running@0"));
}

static int selected;

static void select_for(struct task_struct *p, int wake_flags)
{
	u64 flags;

	raw_spin_lock_irqsave(&core_of(p)->pi_lock, flags);
	selected = select_task_rq_scx(p, 1, wake_flags);
	raw_spin_unlock_irqrestore(&core_of(p)->pi_lock, flags);
}

static void select_exec(void *arg)
{
	select_for(arg, WF_EXEC);
}

static void select_wake(void *arg)
{
	select_for(arg, WF_TTWU);
}

static void rqsel_05_exec_stays(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	lab_load(&say_ops);
	lab_outside(select_exec, p);
	PROVES("RQSEL-05", lab_happened(NULL, "") && selected == 1);
}

static void rqsel_06_10_bypass_is_that_of_the_task_cpu(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 0);
	lab_load(&say_ops);
	scx_pcpu(scx_root, 1)->bypassing = true;
	lab_outside(select_wake, p);
	PROVES("RQSEL-06 RQSEL-10", lab_happened(NULL, "+BYPASS_DISPATCH") && selected == 1);
	PROVES("RQSEL-10", p->scx.selected_cpu == 1 && p->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	lab_outside(select_wake, q);
	PROVES("RQSEL-06", lab_happened(NULL, "q:select_cpu(1,0x8)"));
	scx_pcpu(scx_root, 1)->bypassing = false;
}

static void marker_in_select(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_select_cpu)
		return;
	nr_looks++;
	PROVES("RQSEL-07", cpu_rq(smp_processor_id())->scx.direct_dispatch_task == p);
}

static void rqsel_07_the_op_is_called_with_its_marker(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	nr_looks = 0;
	say.look = marker_in_select;
	say.other_cpu = true;
	say.cpu = 0;
	lab_wake(p);
	assert_int_equal(nr_looks, 1);
	PROVES("RQSEL-07", p->scx.selected_cpu == 0 && !cpu_rq(0)->scx.direct_dispatch_task);
}

static void rqsel_07_a_marker_left_behind_is_warned_of(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	cpu_rq(0)->scx.direct_dispatch_task = SCX_DDSP_POISON;
	lab_expect_warn("direct_dispatch_task");
	lab_wake(p);
	PROVES("RQSEL-07", !cpu_rq(0)->scx.direct_dispatch_task);
}

static void rqsel_07_08_an_impossible_cpu_is_an_error(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	say.other_cpu = true;
	say.cpu = 99;
	lab_wake(p);
	PROVES("RQSEL-07", p->scx.selected_cpu == 99);
	PROVES("RQSEL-08", lab_called(p, "select_cpu(1,0x8) runnable(0x100009)@0 enqueue(0x100009)@0 ..."));
	PROVES("RQSEL-08", p->cpu == 1 && lab_exited(SCX_EXIT_ERROR, "invalid CPU 99 from ops.select_cpu()"));
}

static void rqsel_11_without_the_op_an_idle_cpu_means_a_verdict(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p;

	(void)state;
	ops.select_cpu = NULL;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	p->scx.slice = 3 * MS;
	lab_outside(select_wake, p);
	PROVES("RQSEL-11", selected == 1 && lab_happened(NULL, "+REFILL_SLICE_DFL") && p->scx.slice == 3 * MS);
	PROVES("RQSEL-11", p->scx.ddsp_dsq_id == SCX_DSQ_LOCAL && p->scx.ddsp_slice == SCX_SLICE_DFL &&
			   p->scx.ddsp_enq_flags == SCX_ENQ_SLICE_DFL);
	clear_direct_dispatch(p);
	lab_kick(1, 0); /* its idle bit was taken */
	lab_forget();
	lab_wake(p);
	PROVES("RQSEL-11 RQSEL-14", lab_called(p, "runnable(0x100009) running@1") && p->scx.slice == SCX_SLICE_DFL);
}

static void rqsel_12_without_the_op_and_an_idle_cpu_it_stays(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p, *q;

	(void)state;
	ops.select_cpu = NULL;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 0, .cpus = 1 << 0);
	say_busy(1, &ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(q);
	lab_forget();
	lab_outside(select_wake, p);
	PROVES("RQSEL-12", selected == 1 && p->scx.selected_cpu == 1 && p->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	PROVES("RQSEL-12", lab_happened(NULL, ""));
	lab_wake(p);
	PROVES("RQSEL-12", lab_called(p, "runnable(0x100009) enqueue(0x100009)"));
}

static void rqsel_13_14_a_local_verdict_means_where_the_task_is_enqueued(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1);
	say_busy(2, &say_ops);
	say.other_cpu = true;
	say.cpu = 2;
	say.select_dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	PROVES("RQSEL-13", p->cpu == 2 && p->scx.dsq == lab_local(2));
	PROVES("RQSEL-14", lab_called(p, "select_cpu@0 runnable(0x140009)@0"));
}

static void rqsel_15_pre_05_the_enqueue_wakes_the_cpu_not_the_selection(void **state)
{
	struct lab_hold *selected_it;
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	selected_it = lab_hold(.cpu = 0, .label = "", .obj = &cpu_rq(1)->__lock, .kinds = LAB_KIND(YIELD_LOCK));
	lab_wake(p);
	assert_true(lab_held(selected_it));
	lab_run(MS);
	PROVES("RQSEL-15", lab_called(NULL, "p:select_cpu") && !cpu_rq(1)->curr->need_resched);
	lab_release(selected_it);
	PROVES("RQSEL-15 PRE-05", lab_called(NULL, "p:runnable p:enqueue dispatch(1,-)@1") && !p->scx.dsq);
}

static void rqsel_16_wakeups_are_not_queued(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	lab_wake(p);
	PROVES("RQSEL-16", lab_called(p, "select_cpu@0 runnable(0x100009)@0 enqueue(0x100009)@0"));
}

static void rqsel_16_wakeups_are_queued_for_who_allows_it(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p;

	(void)state;
	ops.flags = SCX_OPS_ALLOW_QUEUED_WAKEUP;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	PROVES("RQSEL-16", lab_called(p, "select_cpu@0 runnable(0x9)@1 enqueue(0x9)@1"));
}

static void rqsel_16_a_task_that_is_switching_away_is_queued_unasked(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct lab_hold *switching;
	struct task_struct *p;

	(void)state;
	ops.flags = SCX_OPS_ALLOW_QUEUED_WAKEUP;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	assert_true(lab_runs(p));
	lab_forget();
	switching = lab_hold(.cpu = 1, .label = "on_cpu", .obj = &p->on_cpu, .kinds = LAB_KIND(YIELD_WRITE));
	lab_block(p);
	assert_true(lab_held(switching));
	lab_wake(p);
	lab_release(switching);
	PROVES("RQSEL-16", lab_called(p, "stopping quiescent runnable(0x9)@1 enqueue(0x9)@1 running@1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAY_TEST(rqsel_01_a_task_with_one_cpu_selects_nothing),
		SAY_TEST(rqsel_02_an_unusable_cpu_is_replaced),
		SAY_TEST(rqsel_03_04_previous_cpu_and_flags_of_a_wakeup),
		SAY_TEST(rqsel_05_exec_stays),
		SAY_TEST(rqsel_06_10_bypass_is_that_of_the_task_cpu),
		SAY_TEST(rqsel_07_the_op_is_called_with_its_marker),
		SAY_TEST(rqsel_07_a_marker_left_behind_is_warned_of),
		SAY_TEST(rqsel_07_08_an_impossible_cpu_is_an_error),
		SAY_TEST(rqsel_11_without_the_op_an_idle_cpu_means_a_verdict),
		SAY_TEST(rqsel_12_without_the_op_and_an_idle_cpu_it_stays),
		SAY_TEST(rqsel_13_14_a_local_verdict_means_where_the_task_is_enqueued),
		SAY_TEST(rqsel_15_pre_05_the_enqueue_wakes_the_cpu_not_the_selection),
		SAY_TEST(rqsel_16_wakeups_are_not_queued),
		SAY_TEST(rqsel_16_wakeups_are_queued_for_who_allows_it),
		SAY_TEST(rqsel_16_a_task_that_is_switching_away_is_queued_unasked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
