/* SPDX-License-Identifier: GPL-2.0-only */
/* Chapter 12, sections 13 and 14: the property-change wrapper, bypass and hotplug cycles, loading. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/say.h"

static struct task_struct *subject;
static u32 nr_looks;
static u64 sync_before[2];

/* ---- section 13 */

static void chg_01_02_05_a_queued_and_a_running_task(void **state)
{
	struct task_struct *busy, *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	busy = say_busy(1, &say_ops);
	lab_wake(p);
	lab_forget();
	lab_set_nice(p, 5);
	PROVES("CHG-01 CHG-02", lab_called(p, "dequeue(0x20000000a) quiescent(0x20000000a) set_weight(33) "
					      "runnable(0xa) enqueue(0xa)"));
	/* Put and set without stopping(1): QUEUED is clear in between. */
	lab_set_nice(busy, 5);
	PROVES("CHG-01 CHG-02 CHG-05", lab_called(busy, "stopping(0) quiescent(0x20000000a) set_weight(33) "
							"runnable(0x100000000000000a) running"));
}

static void class_in_disable(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (p != subject || (op != SCXTWIN_OP_disable && op != SCXTWIN_OP_enable))
		return;
	nr_looks++;
	PROVES("CHG-01 CHG-02", !(p->scx.flags & SCX_TASK_QUEUED) && !p->scx.dsq);
}

static void chg_01_02_a_class_change_of_the_running_task(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p;

	(void)state;
	ops.flags = SCX_OPS_SWITCH_PARTIAL;
	lab_start(.cpus = 2);
	p = subject = lab_task("p", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_EXT);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_run(MS);
	lab_wake(p);
	lab_forget();
	nr_looks = 0;
	say.look = class_in_disable;
	lab_set_policy(p, SCHED_NORMAL, 0);
	PROVES("CHG-01", lab_called(p, "stopping(0) quiescent(0x20000004a) disable") && lab_runs(p));
	PROVES("CHG-01", p->scx.slice == 0 && p->sched_class == &fair_sched_class);
	lab_set_policy(p, SCHED_EXT, 0);
	PROVES("CHG-02", lab_called(p, "enable set_weight(100) set_cpumask(1) runnable(0x100000000000004a) running"));
	/* Its class went down, so the CPU was asked to look again. */
	PROVES("CHG-02", lab_called(NULL, "dispatch(1,p)") && lab_runs(p));
	assert_int_equal(nr_looks, 2);
}

static void chg_02_a_class_change_of_a_queued_task_checks_preemption(void **state)
{
	struct task_struct *busy, *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	busy = say_busy(1, &say_ops);
	lab_wake(p);
	lab_forget();
	lab_set_policy(p, SCHED_FIFO, 10);
	PROVES("CHG-01 CHG-02", lab_called(p, "dequeue(0x20000004e) quiescent(0x20000004e) disable"));
	PROVES("CHG-02", lab_runs(p) && lab_called(busy, "stopping(1)"));
}

static void locks_in_change(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	const bool both = raw_spin_is_held(&core_of(p)->pi_lock);

	(void)arg;
	if (op != SCXTWIN_OP_quiescent && op != SCXTWIN_OP_runnable)
		return;
	nr_looks++;
	PROVES("CHG-03", raw_spin_is_held(&task_rq(p)->__lock));
	PROVES("CHG-03", both == (scx_root->bypass_depth == 0));
}

static void chg_03_the_locks_of_a_change(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	say_busy(1, &say_ops);
	lab_wake(p);
	nr_looks = 0;
	say.look = locks_in_change;
	lab_set_nice(p, 5);
	lab_set_cpus(p, 3);
	lab_bypass(true);
	assert_int_equal(nr_looks, 6);
	say.look = NULL;
	lab_bypass(false);
}

static void chg_04_the_running_task_s_place_is_never_seen(void **state)
{
	struct lab_hold *linked, *unlock;
	struct task_struct *p;
	struct rq *rq;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = say_busy(1, &say_ops);
	rq = cpu_rq(1);
	linked = lab_hold(.cpu = 0, .label = "ops.running", .obj = p);
	unlock = lab_hold(.cpu = 0, .label = "", .obj = &rq->__lock, .kinds = LAB_KIND(YIELD_UNLOCK));
	lab_set_nice(p, 5);
	assert_true(lab_held(linked));
	PROVES("CHG-04", rq->__lock.owner && !p->scx.dsq);
	lab_release(linked);
	assert_true(lab_held(unlock));
	PROVES("CHG-04", !p->scx.dsq && rq->scx.local_dsq.nr == 0 && lab_runs(p));
	lab_release(unlock);
}

/* ---- section 14 */

static void chg_06_07_bypass_on_and_off(void **state)
{
	struct task_struct *busy, *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	busy = say_busy(1, &say_ops);
	lab_wake(p);
	lab_forget();
	sync_before[0] = cpu_rq(0)->scx.kick_sync;
	sync_before[1] = cpu_rq(1)->scx.kick_sync;
	lab_bypass(true);
	PROVES("CHG-06", lab_called(p, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe) running"));
	PROVES("CHG-06", cpu_rq(0)->scx.kick_sync > sync_before[0] && cpu_rq(1)->scx.kick_sync > sync_before[1]);
	PROVES("CHG-07", lab_called(busy, "stopping(1)"));
	lab_bypass(false);
	PROVES("CHG-06", lab_called(busy, "quiescent(0x20000000e) runnable(0xe) enqueue(0xe)"));
	PROVES("CHG-07", lab_called(p, "") && lab_runs(p));
}

static void in_offline_cycle(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_runnable || p != subject)
		return;
	if (!nr_looks++)
		PROVES("CHG-08", !(cpu_rq(1)->scx.flags & SCX_RQ_ONLINE) && !cpu_active(1));
}

static void chg_08_an_offline_rq_cycles_what_is_not_local(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct lab_hold *away;
	struct task_struct *busy, *p, *q;

	(void)state;
	ops.cpu_online = say_cpu_online;
	ops.cpu_offline = say_cpu_offline;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = subject = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	busy = lab_task("kthread", .cpu = 1, .cpus = 1 << 1, .flags = PF_KTHREAD);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = SCX_SLICE_INF;
	lab_wake(busy);
	say.slice = 0;
	lab_wake(q);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	lab_forget();
	nr_looks = 0;
	say.look = in_offline_cycle;
	/* The op comes right behind the cycle. */
	away = lab_hold(.cpu = 0, .label = "ops.cpu_offline");
	lab_offline(1);
	assert_true(lab_held(away));
	PROVES("CHG-08", lab_called(p, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe) ..."));
	PROVES("CHG-08", lab_called(q, "") && lab_count(SCX_EV_REFILL_SLICE_DFL) == 1);
	assert_true(nr_looks >= 1);
	lab_block(busy);
	lab_release(away);
	PROVES("CHG-08", p->cpu == 0 && q->cpu == 0);
	assert_false(cpu_online(1));
}

static void while_loading(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_init_task) {
		nr_looks++;
		PROVES("CHG-09", p->sched_class == &fair_sched_class);
	}
	if (op == SCXTWIN_OP_enable)
		PROVES("CHG-09", nr_looks == 3 && p->scx.slice == SCX_SLICE_BYPASS && scx_root->bypass_depth);
	if (op == SCXTWIN_OP_enqueue)
		PROVES("CHG-09", !scx_bypassing(scx_root, task_cpu(p)));
}

static void chg_09_loading_goes_through_bypass(void **state)
{
	struct task_struct *a, *b, *c;

	(void)state;
	lab_start(.cpus = 2);
	a = lab_task("a", .cpu = 1, .cpus = 1 << 1);
	b = lab_task("b", .cpu = 1, .cpus = 1 << 1);
	c = lab_task("c", .cpu = 1, .cpus = 1 << 1);
	lab_wake(a);
	lab_wake(b);
	lab_forget();
	nr_looks = 0;
	say.look = while_loading;
	say.dsq = SCX_DSQ_LOCAL;
	assert_int_equal(lab_try_load(&say_ops), 0);
	PROVES("CHG-09", lab_called(c, "init_task(0) enable set_weight(100) set_cpumask(1)"));
	PROVES("CHG-09", lab_called(lab_runs(a) ? b : a, "init_task(0) enable set_weight(100) set_cpumask(1) runnable ... "
							 "quiescent(0x20000000e) runnable(0xe) enqueue(0xe)"));
}

static void chg_10_enq_last_needs_ops_enqueue(void **state)
{
	struct sched_ext_ops ops = say_ops;

	(void)state;
	ops.flags = SCX_OPS_ENQ_LAST;
	ops.enqueue = NULL;
	lab_start(.cpus = 2);
	lab_try_load(&ops);
	PROVES("CHG-10", !scx_loaded() && lab_exited(SCX_EXIT_ERROR, "SCX_OPS_ENQ_LAST requires ops.enqueue()"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAY_TEST(chg_01_02_05_a_queued_and_a_running_task),
		SAY_TEST(chg_01_02_a_class_change_of_the_running_task),
		SAY_TEST(chg_02_a_class_change_of_a_queued_task_checks_preemption),
		SAY_TEST(chg_03_the_locks_of_a_change),
		SAY_TEST(chg_04_the_running_task_s_place_is_never_seen),
		SAY_TEST(chg_06_07_bypass_on_and_off),
		SAY_TEST(chg_08_an_offline_rq_cycles_what_is_not_local),
		SAY_TEST(chg_09_loading_goes_through_bypass),
		SAY_TEST(chg_10_enq_last_needs_ops_enqueue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
