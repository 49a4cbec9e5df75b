/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUs going down and coming up: spec 22.14. */
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
static u32 nr_calls;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	ops.cpu_online = say_cpu_online;
	ops.cpu_offline = say_cpu_offline;
	ops.cpu_release = say_cpu_release;
	nr_calls = 0;
	return 0;
}

static void look_at_hotplug(enum scxtwin_op op, struct task_struct *t, u64 cpu)
{
	const struct rq *rq = cpu_rq(1);

	(void)t;
	if (op == SCXTWIN_OP_cpu_offline) {
		nr_calls++;
		PROVES("HP-02", cpu == 1 && !cpu_active(1) && cpu_online(1) && !rq->online && rq->balance_push);
		PROVES("HP-02 CORE-70", cpumask_test_cpu(1, machine()->dying_mask));
		PROVES("HP-02", !(rq->scx.flags & SCX_RQ_ONLINE) && scx_hotplug_seq() == 1 && !rq->__lock.owner);
	}
	if (op == SCXTWIN_OP_cpu_online) {
		nr_calls++;
		PROVES("HP-01", cpu == 1 && cpu_active(1) && !rq->online && !rq->balance_push);
		PROVES("HP-01", !(rq->scx.flags & SCX_RQ_ONLINE) && scx_hotplug_seq() == 2 && !rq->__lock.owner);
	}
}

static void hp_01_02_order_of_the_steps(void **state)
{
	(void)state;
	lab_start(.cpus = 2, .ops = &ops);
	say.look = look_at_hotplug;
	lab_offline(1);
	PROVES("HP-02", nr_calls == 1 && !cpu_online(1) && lab_called(NULL, "... cpu_offline(1) ..."));
	PROVES("HP-02 CORE-70", !cpumask_test_cpu(1, machine()->dying_mask));
	lab_online(1);
	PROVES("HP-01 HP-12", lab_called(NULL, "cpu_online(1) dispatch(1,-)")); /* it looks for work of its own accord */
	PROVES("HP-01 HOOK-19", nr_calls == 2 && cpu_rq(1)->scx.flags & SCX_RQ_ONLINE && cpu_rq(1)->online);
}

static void hp_03_without_the_op_the_scheduler_ends(void **state)
{
	(void)state;
	ops.cpu_offline = NULL;
	lab_start(.cpus = 2, .ops = &ops);
	lab_offline(1);
	lab_run(10 * MS);
	PROVES("HP-03", lab_exited(SCX_EXIT_UNREG_KERN, "cpu 1 going offline, exiting scheduler") && !scx_root);
	PROVES("HP-03 LIFE-85", scx_last_exit()->exit_code == (s64)(1ULL << 48 | 1ULL << 32));
	ops = say_ops;
	ops.cpu_offline = say_cpu_offline;
	lab_load(&ops);
	lab_online(1);
	lab_run(10 * MS);
	PROVES("HP-03", lab_exited(SCX_EXIT_UNREG_KERN, "cpu 1 going online, exiting scheduler"));
}

static void hp_04_without_a_scheduler_only_the_sequence_grows(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	lab_offline(1);
	lab_online(1);
	PROVES("HP-04", scx_hotplug_seq() == 2 && lab_called(NULL, "") && !scx_last_exit());
}

static struct task_struct *crowd[3];
static const char *const names[] = { "a", "b", "c" };

/* p runs on CPU 1, the others wait: the first in custody, the second on a user DSQ, the third locally. */
static void fill_cpu_1(void)
{
	lab_wake(p);
	say.dsq = 0;
	lab_wake(crowd[0]);
	say.dsq = SAY_DSQ;
	lab_wake(crowd[1]);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(crowd[2]);
	assert_true(lab_runs(p) && task_cpu(crowd[0]) == 1);
	lab_forget();
}

static void set_rq_offline(void *arg)
{
	struct rq *rq = cpu_rq(1);
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	update_rq_clock(rq);
	cpumask_assign_shared(1, machine()->active_mask, arg);
	rq_offline_scx(rq);
	PROVES("HP-05", !(rq->scx.flags & SCX_RQ_ONLINE));
	cpumask_assign_shared(1, machine()->active_mask, true);
	rq_online_scx(rq);
	PROVES("HP-05", rq->scx.flags & SCX_RQ_ONLINE);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void hp_05_06_tasks_of_the_cpu_come_to_its_local_dsq(void **state)
{
	u32 i;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	for (i = 0; i < 3; i++)
		crowd[i] = lab_task(names[i], .cpu = 1);
	lab_load(&ops);
	fill_cpu_1();
	lab_outside(set_rq_offline, (void *)1); /* still active: a domain rebuild */
	PROVES("HP-05", lab_called(NULL, "") && strcmp(lab_queue(lab_local(1)), "c") == 0);
	lab_outside(set_rq_offline, NULL);
	PROVES("HP-05 HP-06 HOOK-20", lab_called(NULL,
		"b:dequeue(0x20000000e) b:quiescent(0x20000000e) b:runnable(0xe) "
		"a:dequeue(0x20000000e) a:quiescent(0x20000000e) a:runnable(0xe)"));
	PROVES("HP-06", strcmp(lab_queue(lab_local(1)), "c b a") == 0 && crowd[0]->scx.slice == SCX_SLICE_DFL);
}

static void go_offline_twice(void *arg)
{
	(void)arg;
	if (sched_cpu_down(1) == 0)
		PROVES("HP-07", sched_cpu_down(1) != 0);
	if (sched_cpu_up(1) == 0)
		PROVES("HP-07", sched_cpu_up(1) != 0);
}

static void hp_07_twice_is_once(void **state)
{
	(void)state;
	lab_start(.cpus = 2, .ops = &ops);
	lab_outside(go_offline_twice, NULL);
	PROVES("HP-07", lab_called(NULL, "... cpu_offline(1) ... cpu_online(1) ...") && scx_hotplug_seq() == 2);
}

static void hp_09_11_the_running_task_is_pushed_away(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	lab_forget();
	lab_offline(1);
	PROVES("HP-09 HP-11", lab_called(p, "stopping(1)@1 enqueue(0x40000)@1 running@0"));
	PROVES("HP-09", task_cpu(p) == 0 && p->cpus_ptr->bits[0] == 0x3);
}

static void hp_11_release_is_told_between(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	lab_forget();
	lab_offline(1);
	PROVES("HP-11", lab_called(NULL, "... p:stopping(1)@1 cpu_release(1,2)@1 p:enqueue(0x40000)@1 ..."));
}

static void hp_09_waiting_tasks_follow_in_the_pass_that_picks_them(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	lab_wake(q);
	assert_true(task_cpu(q) == 1 && q->scx.dsq == lab_local(1));
	lab_forget();
	lab_offline(1);
	PROVES("HP-09", lab_called(q, "running@1 stopping(1)@1 enqueue(0x40000)@1 ..."));
	PROVES("HP-09", task_cpu(q) == 0 && q->sum_exec_runtime == 0 && cpu_rq(1)->nr_running == 0);
}

static void disable_migration(void *arg)
{
	(void)arg;
	migrate_disable();
}

static void enable_migration(void *arg)
{
	(void)arg;
	migrate_enable();
}

static void take_cpu_1_down(void *arg)
{
	*(int *)arg = sched_cpu_down(1);
}

static void hp_09_who_disabled_migration_is_waited_for(void **state)
{
	int ret = 1;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	lab_do(p, disable_migration, NULL);
	lab_kick(1, 0);
	lab_forget();
	ctx_spawn_service(0, "down", take_cpu_1_down, &ret);
	lab_run(200 * US);
	PROVES("HP-09", ret == 1 && lab_runs(p) && task_cpu(p) == 1 && lab_called(p, "") && cpu_online(1));
	lab_do(p, enable_migration, NULL);
	lab_run(200 * US);
	PROVES("HP-09", ret == 0 && lab_runs(p) && task_cpu(p) == 0 && !cpu_online(1));
}

static void never(struct rq *rq)
{
	(void)rq;
	fail_msg("a balance callback ran on a CPU that goes down");
}

static void queue_while_going_down(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	static struct balance_callback cb;
	struct rq *rq = cpu_rq(1);

	(void)t;
	(void)arg;
	if (op != SCXTWIN_OP_cpu_offline)
		return;
	raw_spin_lock_irq(&rq->__lock);
	queue_balance_callback(rq, &cb, never);
	PROVES("HP-10", !rq->balance_callback && !cb.next);
	raw_spin_unlock_irq(&rq->__lock);
}

static void hp_10_callbacks_are_dropped(void **state)
{
	(void)state;
	lab_start(.cpus = 2, .ops = &ops);
	say.look = queue_while_going_down;
	lab_offline(1);
}

static void hp_12_no_dispatch_for_a_cpu_that_is_offline(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	lab_forget();
	cpu_rq(1)->scx.flags &= ~SCX_RQ_ONLINE;
	lab_block(p);
	PROVES("HP-12", lab_called(NULL, "p:stopping p:quiescent"));
	cpu_rq(1)->scx.flags |= SCX_RQ_ONLINE;
}

static bool in_window(void)
{
	return !cpu_active(1) && cpu_rq(1)->scx.flags & SCX_RQ_ONLINE;
}

static u32 nr_dispatched_in_window;

/* The window between "not active" and "offline" is as long as a grace period. */
static void offline_slowly(int cpu)
{
	machine()->cfg.grace_period_ns = 100 * US;
	lab_offline(cpu);
}

static void look_at_window(enum scxtwin_op op, struct task_struct *t, u64 cpu)
{
	(void)t;
	if (op == SCXTWIN_OP_dispatch && cpu == 1 && in_window())
		nr_dispatched_in_window++;
}

/* p is asleep on CPU 1 and may run nowhere else. */
static void hp_16_a_pinned_sleeper_is_freed_by_its_wakeup(void **state)
{
	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1, .cpus = 0x2);
	lab_load(&ops);
	lab_offline(1);
	lab_forget();
	lab_wake(p);
	PROVES("HP-16 CORE-71 CORE-72", lab_called(p, "set_cpumask(3) runnable(0x40009) enqueue(0x40009) running"));
	PROVES("HP-16", task_cpu(p) != 1 && p->cpus_mask->bits[0] == 0x7);
	lab_block(p);
	lab_forget();
	lab_wake(p);
	PROVES("HP-16", lab_called(p, "select_cpu runnable(0x100009) enqueue running"));
}

static void hp_17_a_pinned_task_is_freed_in_the_stopper(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 0x2);
	lab_load(&ops);
	lab_wake(p);
	lab_run(5 * MS);
	lab_forget();
	offline_slowly(1);
	PROVES("HP-17", lab_called(p, "stopping(1)@1 quiescent(0x20000000a)@1 set_cpumask(2)@1 runnable(0xa)@1 "
				      "enqueue(0x40000)@1 running@0"));
	PROVES("HP-17", lab_count(SCX_EV_REFILL_SLICE_DFL) == 1 && p->scx.slice == SCX_SLICE_DFL && task_cpu(p) == 0);
}

static void hp_13_18_the_dying_cpu_takes_its_own_from_user_dsqs(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1, .cpus = 0x2);
	lab_load(&ops);
	lab_wake(p);
	say.dsq = SAY_DSQ;
	lab_wake(q);
	say.dsq = SCX_DSQ_LOCAL;
	say.pull = SAY_DSQ;
	say.look = look_at_window;
	nr_dispatched_in_window = 0;
	lab_forget();
	offline_slowly(1);
	PROVES("HP-13", nr_dispatched_in_window > 0);
	PROVES("HP-18", lab_called(q, "dequeue(0x0)@1 running@1 stopping(1)@1 quiescent(0x20000000a) set_cpumask(2) "
				      "runnable(0xa) enqueue(0x40000) ...") && task_cpu(q) == 0);
}

static void hp_19_no_foreign_task_comes_to_the_dying_cpu(void **state)
{
	struct task_struct *r;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 0);
	r = lab_task("r", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	lab_wake(r);
	say.dsq = 0;
	lab_wake(q);
	assert_true(task_cpu(q) == 0 && q->scx.flags & SCX_TASK_IN_CUSTODY);
	say.dsq = SCX_DSQ_LOCAL;
	say.give = q;
	say.give_dsq = SCX_DSQ_LOCAL;
	lab_forget();
	offline_slowly(1);
	PROVES("HP-19", lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE) == 1);
	PROVES("HP-19", lab_called(q, "dequeue(0x0)@1 ...") && task_cpu(q) == 0);
	PROVES("HP-19", q->scx.dsq == &scx_root->global_dsqs[0] || lab_runs(q));
}

static void hp_14_the_dying_cpu_is_empty(void **state)
{
	u32 i;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	for (i = 0; i < 3; i++)
		crowd[i] = lab_task(names[i], .cpu = 1, .cpus = i == 1 ? 0x2 : 0x3);
	lab_load(&ops);
	fill_cpu_1();
	lab_offline(1);
	PROVES("HP-14", cpu_rq(1)->nr_running == 0 && cpu_rq(1)->curr == cpu_rq(1)->idle && lab_local(1)->nr == 0);
	for (i = 0; i < 3; i++)
		PROVES("HP-14", task_cpu(crowd[i]) == 0 || crowd[i]->scx.flags & SCX_TASK_IN_CUSTODY);
}

static void hp_15_loading_compares_the_sequence(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	lab_offline(1);
	lab_online(1);
	ops.hotplug_seq = 1;
	PROVES("HP-15", lab_try_load(&ops) == 0);
	PROVES("HP-15 LIFE-30", lab_exited(SCX_EXIT_UNREG_KERN, "hotplug seq") && !scx_root);
	PROVES("HP-15 LIFE-30", scx_last_exit()->exit_code == (s64)(SCX_ECODE_ACT_RESTART | SCX_ECODE_RSN_HOTPLUG));
	PROVES("LIFE-30", lab_called(NULL, "init"));
	ops.hotplug_seq = 2;
	lab_load(&ops);
	PROVES("HP-15", scx_root);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hp_01_02_order_of_the_steps),
		TEST(hp_03_without_the_op_the_scheduler_ends),
		TEST(hp_04_without_a_scheduler_only_the_sequence_grows),
		TEST(hp_05_06_tasks_of_the_cpu_come_to_its_local_dsq),
		TEST(hp_07_twice_is_once),
		TEST(hp_09_11_the_running_task_is_pushed_away),
		TEST(hp_11_release_is_told_between),
		TEST(hp_09_waiting_tasks_follow_in_the_pass_that_picks_them),
		TEST(hp_09_who_disabled_migration_is_waited_for),
		TEST(hp_10_callbacks_are_dropped),
		TEST(hp_12_no_dispatch_for_a_cpu_that_is_offline),
		TEST(hp_16_a_pinned_sleeper_is_freed_by_its_wakeup),
		TEST(hp_17_a_pinned_task_is_freed_in_the_stopper),
		TEST(hp_13_18_the_dying_cpu_takes_its_own_from_user_dsqs),
		TEST(hp_19_no_foreign_task_comes_to_the_dying_cpu),
		TEST(hp_14_the_dying_cpu_is_empty),
		TEST(hp_15_loading_compares_the_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
