/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules of the core paths, of loading and of errors that need a machine of their own. */
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
static u64 cancelled;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	return 0;
}

static void hook_07_yield_then_a_pick(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	ops.yield = say_yield;
	lab_load(&ops);
	lab_wake(p);
	lab_wake(q);
	lab_forget();
	lab_yield(p);
	PROVES("HOOK-07", lab_called(NULL, "p:yield(-)") && lab_runs(p)); /* slice left: kept */
	ops.yield = NULL;
	lab_unload();
	lab_load(&ops);
	if (!lab_runs(p))
		p = q;
	lab_forget();
	lab_yield(p);
	PROVES("HOOK-07 HOOK-05", lab_called(p, "stopping(1) enqueue(0x0)") && !lab_runs(p));
}

static void core_31_newidle_balancing_lowers_next_class(void **state)
{
	struct lab_hold *balancing;
	struct task_struct *rt;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 0, .cpus = 0x1);
	q = lab_task("q", .cpu = 0, .cpus = 0x1);
	rt = lab_task("rt", .cpu = 1, .cpus = 0x2, .policy = SCHED_FIFO);
	lab_wake(p);
	lab_wake(q);
	lab_wake(rt);
	assert_true(cpu_rq(1)->next_class == &rt_sched_class && cpu_rq(0)->cfs.nr_running == 2);
	balancing = lab_hold(.cpu = 1, .label = "rq_lock", .obj = &cpu_rq(0)->__lock);
	lab_block(rt);
	assert_true(lab_held(balancing));
	PROVES("CORE-31", cpu_rq(1)->next_class == &fair_sched_class);
	lab_release(balancing);
	PROVES("CORE-31", cpu_rq(1)->next_class == &idle_sched_class);
}

static void look_at_exit(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	if (op != SCXTWIN_OP_exit_task)
		return;
	cancelled = arg;
	PROVES("EXIT-05", scx_get_task_state(t) == SCX_TASK_INIT);
}

static void die_in_init(void *arg)
{
	struct task_core *t = task_core_alloc(4711, "never");

	(void)arg;
	t->task.sched_class = &ext_sched_class;
	scx_pre_fork(&t->task);
	scx_fork(&t->task);
	percpu_up_read(&scx_state()->fork_rwsem);
	t->task.__state = TASK_DEAD;
	sched_ext_dead(&t->task);
	PROVES("EXIT-05 LIFE-66", cancelled == 1 && scx_get_task_state(&t->task) == SCX_TASK_DEAD);
	task_release(t);
}

static void exit_05_a_death_before_ready_is_a_cancel(void **state)
{
	(void)state;
	lab_start(.cpus = 1, .ops = &ops);
	cancelled = 2;
	say.look = look_at_exit;
	lab_outside(die_in_init, NULL);
}

static void schg_02_mig_09_hooks_that_ext_has_not(void **state)
{
	(void)state;
	PROVES("SCHG-02", !ext_sched_class.switching_from);
	PROVES("SCHG-09", !ext_sched_class.switched_to);
	PROVES("CORE-48", ext_sched_class.select_task_rq && ext_sched_class.task_woken);
}

static void load(void *arg)
{
	*(int *)arg = scx_enable(&ops);
}

static void load_04_hotplug_ops_come_before_the_comparison(void **state)
{
	struct lab_hold *comparing;
	int ret = 1;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	ops.cpu_online = say_cpu_online;
	comparing = lab_hold(.cpu = 0, .label = "hotplug_seq", .kinds = LAB_KIND(YIELD_READ));
	lab_outside(load, &ret);
	assert_true(lab_held(comparing));
	PROVES("LOAD-04 LIFE-88", SCX_HAS_OP(scx_root, SCXTWIN_OP_cpu_online) && !SCX_HAS_OP(scx_root, SCXTWIN_OP_enqueue));
	PROVES("LOAD-04", scx_state()->hotplug_rwsem.nr_readers == 1);
	lab_release(comparing);
	assert_int_equal(ret, 0);
}

static void insert_into_a_destroyed_dsq(void *arg)
{
	struct scx_dispatch_q *dsq = lab_user_dsq(SAY_OTHER_DSQ);
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(q, &rf);

	(void)arg;
	dsq->id = SCX_DSQ_INVALID; /* what destroying leaves to those who found it before */
	scx_dispatch_dequeue(rq, q);
	scx_dispatch_enqueue(scx_root, rq, dsq, q, 0, 0, 0);
	dsq->id = SAY_OTHER_DSQ;
	PROVES("ERR-22", q->scx.dsq == find_global_dsq(scx_root, 0));
	task_rq_unlock(rq, q, &rf);
}

static void err_22_a_destroyed_dsq_gives_to_the_global_one(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	lab_wake(q);
	lab_outside(insert_into_a_destroyed_dsq, NULL);
	lab_run(MS);
	PROVES("ERR-22", lab_exited(SCX_EXIT_ERROR, "destroyed dsq"));
}

static void unqueue_under_dispatch(enum scxtwin_op op, struct task_struct *t, u64 cpu)
{
	(void)t;
	(void)cpu;
	if (op != SCXTWIN_OP_dispatch)
		return;
	scx_bpf_dsq_insert(q, SCX_DSQ_LOCAL, 0, 0);
	q->scx.flags &= ~SCX_TASK_QUEUED;
}

static void err_65_a_dispatched_task_is_queued(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	say.dsq = 0;
	lab_wake(q);
	say.look = unqueue_under_dispatch;
	lab_expect_bug("SCX_TASK_QUEUED");
	mevent_arm(&cpu_rq(0)->resched_ipi, this_sim->now);
	cpu_rq(0)->idle->need_resched = true;
	lab_settle();
	PROVES("ERR-65", machine()->aborted);
}

/* CPUs leave one after the other; whatever was pinned to them finds a home. */
static void hp_14_16_many_cpus_leave(void **state)
{
	struct task_struct *tasks[8];
	u32 i;

	(void)state;
	ops.cpu_offline = say_cpu_offline;
	ops.cpu_online = say_cpu_online;
	lab_start(.cpus = 4);
	for (i = 0; i < 8; i++)
		tasks[i] = lab_task("t", .cpu = (int)(i % 4), .cpus = i < 4 ? 1ULL << i : 0xf);
	lab_load(&ops);
	for (i = 0; i < 8; i++)
		lab_wake(tasks[i]);
	for (i = 3; i > 0; i--) {
		lab_run(30 * MS);
		lab_offline((int)i);
		PROVES("HP-14", cpu_rq((int)i)->nr_running == 0 && cpu_rq((int)i)->curr == cpu_rq((int)i)->idle);
	}
	for (i = 0; i < 8; i++)
		PROVES("HP-16 HP-17", task_cpu(tasks[i]) == 0 && tasks[i]->on_rq == TASK_ON_RQ_QUEUED);
	for (i = 1; i < 4; i++)
		lab_online((int)i);
	lab_run(100 * MS);
	for (i = 0; i < 8; i++)
		PROVES("HP-01", tasks[i]->sum_exec_runtime > 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hook_07_yield_then_a_pick),
		TEST(core_31_newidle_balancing_lowers_next_class),
		TEST(exit_05_a_death_before_ready_is_a_cancel),
		TEST(schg_02_mig_09_hooks_that_ext_has_not),
		TEST(load_04_hotplug_ops_come_before_the_comparison),
		TEST(err_22_a_destroyed_dsq_gives_to_the_global_one),
		TEST(err_65_a_dispatched_task_is_queued),
		TEST(hp_14_16_many_cpus_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
