/* SPDX-License-Identifier: GPL-2.0-only */
/* Watchdog: spec 31.5 and 31.6. A jiffy is a millisecond here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sched/core.h"
#include "support/say.h"

static struct sched_ext_ops ops;
static struct task_struct *p, *q;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	ops.timeout_ms = 100;
	return 0;
}

static void start(u32 cpus)
{
	lab_start(.cpus = cpus, .hz = 1000);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_run(100 * US); /* off the jiffy */
}

static u64 now_in_jiffies(void)
{
	return lab_now() / MS;
}

static void wdog_01_02_03_05_06_stamps(void **state)
{
	(void)state;
	start(1);
	lab_wake(p);
	PROVES("WDOG-06 WDOG-02", list_empty(&p->scx.runnable_node) && p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT);
	lab_run(10 * MS);
	say.dsq = 0;
	lab_wake(q);
	PROVES("WDOG-01", q->scx.runnable_at == now_in_jiffies() && q->scx.runnable_at == 10);
	PROVES("WDOG-01", !(q->scx.flags & SCX_TASK_RESET_RUNNABLE_AT) && !list_empty(&q->scx.runnable_node));
	lab_run(10 * MS);
	lab_set_nice(q, 5);
	lab_set_cpus(q, 0x1);
	PROVES("WDOG-03", q->scx.runnable_at == 10);
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(q, 6);
	lab_run(2 * MS);
	PROVES("WDOG-05 WDOG-01 CLK-06", lab_runs(q) && p->scx.runnable_at == 21); /* the tick that ended its slice */
	lab_run(3 * MS);
	lab_block(q);
	PROVES("WDOG-02", lab_runs(p) && q->scx.flags & SCX_TASK_RESET_RUNNABLE_AT);
}

static void wdog_03_bypass_keeps_the_stamp(void **state)
{
	(void)state;
	start(2);
	lab_wake(p);
	say.dsq = 0;
	lab_wake(q);
	lab_run(10 * MS);
	lab_set_cpus(q, 0x2);
	PROVES("WDOG-03", q->scx.runnable_at == 0 && task_cpu(q) == 1);
}

static void wdog_04_leaving_the_class_ends_the_wait(void **state)
{
	(void)state;
	start(1);
	lab_set_policy(p, SCHED_FIFO, 50);
	lab_wake(p);
	say.dsq = 0;
	lab_wake(q);
	lab_run(10 * MS);
	lab_set_policy(q, SCHED_FIFO, 10);
	lab_run(20 * MS);
	lab_set_policy(q, SCHED_NORMAL, 0);
	PROVES("WDOG-04 WDOG-02", q->scx.runnable_at == 30);
}

static void wdog_07_10_11_13_strictly_over_the_timeout(void **state)
{
	(void)state;
	start(2);
	lab_wake(p); /* runs all the time */
	lab_run(50 * MS);
	say.dsq = 0;
	lab_wake(q);
	assert_int_equal(q->scx.runnable_at, 50);
	lab_run(100 * MS);
	assert_int_equal(now_in_jiffies(), 150);
	PROVES("WDOG-07 WDOG-13", scx_root && scx_root->exit_kind == SCX_EXIT_NONE); /* checked at 150: equal */
	PROVES("WDOG-10", scx_state()->watchdog_timestamp == 150);
	lab_run(50 * MS);
	PROVES("WDOG-07 WDOG-10 WDOG-11", lab_exited(SCX_EXIT_ERROR_STALL, "q[") && lab_exited(SCX_EXIT_ERROR_STALL, "for 0.150s"));
	PROVES("WDOG-11", scx_last_exit()->exit_cpu == 0 && SCX_EXIT_ERROR_STALL == 1026);
}

static void wdog_10_14_the_first_of_the_first_cpu_on_a_local_dsq(void **state)
{
	struct task_struct *rt, *rt1, *r;

	(void)state;
	lab_start(.cpus = 3, .hz = 1000);
	rt = lab_task("hog1", .cpu = 1, .cpus = 0x2, .policy = SCHED_FIFO);
	rt1 = lab_task("hog2", .cpu = 2, .cpus = 0x4, .policy = SCHED_FIFO);
	p = lab_task("p", .cpu = 2, .cpus = 0x4);
	q = lab_task("q", .cpu = 1, .cpus = 0x2);
	r = lab_task("r", .cpu = 1, .cpus = 0x2);
	lab_load(&ops);
	lab_wake(rt);
	lab_wake(rt1);
	lab_wake(p);
	lab_wake(q);
	lab_wake(r);
	assert_ptr_equal(q->scx.dsq, lab_local(1));
	lab_run(300 * MS);
	PROVES("WDOG-10 WDOG-14", lab_exited(SCX_EXIT_ERROR_STALL, "q[") && scx_last_exit()->exit_cpu == 1);
}

static void wdog_08_09_interval_and_default(void **state)
{
	struct scx *scx;

	(void)state;
	start(1);
	scx = scx_state();
	PROVES("WDOG-08", scx_root->watchdog_timeout_ns == 100 * MS);
	PROVES("WDOG-09", scx->watchdog_timer.time == 50 * MS);
	lab_run(50 * MS);
	PROVES("WDOG-09", scx->watchdog_timer.time == 100 * MS);
	lab_unload();
	PROVES("WDOG-09", !mevent_pending(&scx->watchdog_timer));
	ops.timeout_ms = 0;
	lab_load(&ops);
	PROVES("WDOG-08", scx_root->watchdog_timeout_ns == 30000 * MS);
	lab_unload();
	ops.timeout_ms = 1;
	lab_load(&ops);
	PROVES("WDOG-09", scx->watchdog_timer.time - lab_now() <= MS);
}

static void wdog_13_sleepers_and_other_classes(void **state)
{
	(void)state;
	start(1);
	lab_set_policy(p, SCHED_FIFO, 50);
	lab_set_policy(q, SCHED_FIFO, 10);
	lab_wake(p);
	lab_wake(q); /* waits, but not in this class */
	lab_run(500 * MS);
	PROVES("WDOG-13", scx_root && scx_root->exit_kind == SCX_EXIT_NONE);
}

static void wdog_15_16_who_watches_the_watchdog(void **state)
{
	(void)state;
	start(2);
	lab_wake(p);
	mevent_disarm(&scx_state()->watchdog_timer);
	lab_run(100 * MS - 100 * US);
	PROVES("WDOG-15 TCK-03", scx_root->exit_kind == SCX_EXIT_NONE && now_in_jiffies() == 100);
	lab_run(2 * MS);
	PROVES("WDOG-15 TCK-03", lab_exited(SCX_EXIT_ERROR_STALL, "watchdog failed to check in for 0.101s"));
	PROVES("WDOG-15", scx_last_exit()->exit_cpu == 0);
}

static void wdog_15_whatever_class_runs(void **state)
{
	struct task_struct *rt;

	(void)state;
	lab_start(.cpus = 2, .hz = 1000);
	rt = lab_task("rt", .cpu = 1, .policy = SCHED_FIFO);
	lab_load(&ops);
	lab_wake(rt);
	mevent_disarm(&scx_state()->watchdog_timer);
	lab_run(102 * MS);
	PROVES("WDOG-15", lab_exited(SCX_EXIT_ERROR_STALL, "check in") && scx_last_exit()->exit_cpu == 1);
}

static void tick_by_hand(void *enabled)
{
	struct rq *rq = cpu_rq(0);
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	scx_state()->watchdog_timestamp = 0;
	scx_state()->enabled = enabled;
	scx_tick(rq);
	scx_state()->enabled = true;
	scx_state()->watchdog_timestamp = jiffies();
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void tick_just_in_time(void *arg)
{
	struct rq *rq = cpu_rq(0);
	u64 flags;

	(void)arg;
	raw_spin_rq_lock_irqsave(rq, &flags);
	scx_state()->watchdog_timestamp = jiffies() - 100;
	scx_tick(rq);
	PROVES("WDOG-15", scx_root->exit_kind == SCX_EXIT_NONE);
	scx_state()->watchdog_timestamp--;
	scx_tick(rq);
	PROVES("WDOG-15", scx_root->exit_kind == SCX_EXIT_ERROR_STALL);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void wdog_15_strictly_over_the_timeout(void **state)
{
	(void)state;
	start(1);
	lab_run(300 * MS);
	lab_outside(tick_just_in_time, NULL);
	lab_run(MS);
	PROVES("WDOG-15", lab_exited(SCX_EXIT_ERROR_STALL, "for 0.101s"));
}

static void wdog_16_the_tick_complains_only_while_enabled(void **state)
{
	(void)state;
	start(1);
	lab_run(300 * MS);
	lab_outside(tick_by_hand, NULL);
	PROVES("WDOG-16", scx_root && scx_root->exit_kind == SCX_EXIT_NONE);
	lab_outside(tick_by_hand, scx_root);
	PROVES("WDOG-16", lab_exited(SCX_EXIT_ERROR_STALL, "check in"));
}

static void set_bypass(void *on)
{
	scx_bypass(scx_root, on);
}

static void wdog_17_it_watches_bypass_too(void **state)
{
	struct task_struct *rt;

	(void)state;
	lab_start(.cpus = 1, .hz = 1000);
	rt = lab_task("rt", .cpu = 0, .policy = SCHED_FIFO);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(rt);
	lab_outside(set_bypass, scx_root);
	lab_wake(q);
	assert_ptr_equal(q->scx.dsq, &scx_root->pcpu[0].bypass_dsq);
	lab_run(300 * MS);
	PROVES("WDOG-17", lab_exited(SCX_EXIT_ERROR_STALL, "q["));
}

static void reenqueue(void *arg)
{
	u64 flags;

	(void)arg;
	raw_spin_rq_lock_irqsave(cpu_rq(0), &flags);
	reenq_local(scx_root, cpu_rq(0), SCX_REENQ_ANY);
	raw_spin_rq_unlock_irqrestore(cpu_rq(0), flags);
}

static void wdog_18_19_reenqueued_too_often(void **state)
{
	u32 i;

	(void)state;
	start(1);
	assert_int_equal(scx_limits()->reenq_max_repeat, 256);
	lab_wake(p);
	lab_wake(q);
	for (i = 0; i < 200; i++)
		lab_outside(reenqueue, NULL);
	lab_set_nice(q, 5);
	PROVES("WDOG-19", q->scx.reenq_cnt == 200);
	lab_block(p);
	PROVES("WDOG-19", lab_runs(q) && q->scx.reenq_cnt == 0);
	lab_wake(p);
	for (i = 0; i < 256; i++)
		lab_outside(reenqueue, NULL);
	PROVES("WDOG-18", scx_root && scx_root->exit_kind == SCX_EXIT_NONE && p->scx.reenq_cnt == 256);
	lab_forget();
	lab_outside(reenqueue, NULL);
	PROVES("WDOG-18", lab_exited(SCX_EXIT_ERROR_REENQ, "257 times without running") && SCX_EXIT_ERROR_REENQ == 1027);
	lab_block(q);
	PROVES("WDOG-18", lab_runs(p)); /* recovered by the unload */
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wdog_01_02_03_05_06_stamps),
		TEST(wdog_03_bypass_keeps_the_stamp),
		TEST(wdog_04_leaving_the_class_ends_the_wait),
		TEST(wdog_07_10_11_13_strictly_over_the_timeout),
		TEST(wdog_10_14_the_first_of_the_first_cpu_on_a_local_dsq),
		TEST(wdog_08_09_interval_and_default),
		TEST(wdog_13_sleepers_and_other_classes),
		TEST(wdog_15_16_who_watches_the_watchdog),
		TEST(wdog_15_whatever_class_runs),
		TEST(wdog_15_strictly_over_the_timeout),
		TEST(wdog_16_the_tick_complains_only_while_enabled),
		TEST(wdog_17_it_watches_bypass_too),
		TEST(wdog_18_19_reenqueued_too_often),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
