/* SPDX-License-Identifier: GPL-2.0-only */
/* Unloading, exit information, callbacks: spec 30.11 to 30.15, and its steps in 22.13. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sched/core.h"
#include "support/say.h"

static struct sched_ext_ops ops;
static struct task_struct *a, *b, *c, *d;
static struct scx_exit_info *info_seen;
static u32 nr_looks, nr_exits;

static void say_exit(struct scx_exit_info *info)
{
	const struct scx *scx = scx_state();

	nr_exits++;
	info_seen = info;
	PROVES("LIFE-77", !irqs_disabled() && !cpu_rq(0)->__lock.owner);
	PROVES("UNLD-07 LIFE-88", !scx_enabled() && !scx_root->has_op && !scx->fork_rwsem.writer && !scx->init_task_enabled);
	PROVES("UNLD-08 UNLD-09", scx->enable_state == SCX_DISABLING && scx_root);
	PROVES("WDOG-09", scx->watchdog_on);
}

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	ops.exit = say_exit;
	nr_looks = nr_exits = 0;
	info_seen = NULL;
	return 0;
}

/* a sleeps, b runs, c waits on the local DSQ, d is in custody. */
static void start(void)
{
	lab_start(.cpus = 1);
	a = lab_task("a", .cpu = 0);
	b = lab_task("b", .cpu = 0);
	c = lab_task("c", .cpu = 0);
	d = lab_task("d", .cpu = 0);
	lab_load(&ops);
	lab_wake(b);
	lab_wake(c);
	say.dsq = 0;
	lab_wake(d);
	assert_true(lab_runs(b));
	lab_forget();
}

static bool unloaded;

static void unload_now(void *arg)
{
	(void)arg;
	unloaded = false;
	scx_disable(SCX_EXIT_UNREG);
	unloaded = true;
}

static void claim_an_error(void *arg)
{
	(void)arg;
	scx_error(scx_root, "first");
}

static void sysrq_s(void *arg)
{
	(void)arg;
	scx_disable(SCX_EXIT_SYSRQ);
}

static void look_at_unload(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	const struct scx *scx = scx_state();

	(void)arg;
	nr_looks++;
	switch (op) {
	case SCXTWIN_OP_dequeue:
		PROVES("UNLD-01 UNLD-02", scx_root->bypass_depth == 1 && scx->enable_state == SCX_ENABLED);
		break;
	case SCXTWIN_OP_disable:
		PROVES("UNLD-03", scx->enable_state == SCX_DISABLING && !scx_switched_all() && !scx->switching_all);
		PROVES("UNLD-05", scx->fork_rwsem.writer && !scx->init_task_enabled && scx_enabled());
		break;
	case SCXTWIN_OP_exit_task:
		PROVES("UNLD-06", raw_spin_is_held(&task_rq(t)->__lock) && t->sched_class != &ext_sched_class);
		break;
	default:
		break;
	}
}

static void unld_01_to_09_reference_order(void **state)
{
	(void)state;
	start();
	say.look = look_at_unload;
	lab_unload();
	PROVES("UNLD-02 UNLD-05 UNLD-06 UNLD-08 LIFE-75 LIFE-76 LIFE-98 LIFE-99 CLASS-27", lab_called(NULL,
		"d:dequeue(0x20000000e) d:quiescent(0x20000000e) d:runnable(0xe) "
		"c:quiescent(0x20000000e) c:runnable(0xe) "
		"a:disable a:exit_task(0) "
		"b:stopping(0) b:quiescent(0x20000004e) b:disable b:exit_task(0) "
		"c:quiescent(0x20000004e) c:disable c:exit_task(0) "
		"d:quiescent(0x20000004e) d:disable d:exit_task(0) exit"));
	PROVES("LIFE-77 LIFE-79", nr_exits == 1 && lab_exited(SCX_EXIT_UNREG, ""));
	PROVES("UNLD-09", !scx_root && scx_state()->enable_state == SCX_DISABLED && !scx_state()->watchdog_on);
	PROVES("LIFE-83", lab_runs(b) && b->sched_class == &fair_sched_class);
}

static void class_26_other_classes_go_through_a_silent_pair(void **state)
{
	struct task_struct *rt;
	u64 seq;

	(void)state;
	lab_start(.cpus = 1);
	rt = lab_task("rt", .cpu = 0, .policy = SCHED_FIFO);
	lab_load(&ops);
	lab_wake(rt);
	lab_forget();
	seq = cpu_rq(0)->nr_switches;
	lab_unload();
	PROVES("CLASS-26 LIFE-75", lab_called(rt, "exit_task(0)") && lab_runs(rt) && cpu_rq(0)->nr_switches == seq);
}

static void life_76_what_is_suppressed_and_what_is_not(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	a = lab_task("a", .cpu = 0);
	b = lab_task("b", .cpu = 0);
	ops.tick = say_tick;
	ops.update_idle = say_update_idle;
	lab_load(&ops);
	lab_wake(a);
	lab_forget();
	machine()->cfg.grace_period_ns = 800 * US; /* time passes in D9, before tasks are moved */
	lab_from(0);
	ctx_spawn_service(0, "unload", unload_now, NULL);
	lab_run(100 * US);
	assert_int_equal(scx_state()->enable_state, SCX_DISABLING);
	lab_forget();
	lab_wake(b);
	PROVES("LIFE-76 BYP-05", lab_called(b, "runnable(0x9)"));
	lab_set_nice(b, 5);
	PROVES("LIFE-76 BYP-06 BYP-47", lab_called(b, "quiescent(0x20000000a) set_weight(33) runnable(0xa)"));
	lab_block(a);
	PROVES("LIFE-76 BYP-05 BYP-06", lab_called(NULL, "a:stopping(0) a:quiescent(0x9) b:running"));
	lab_run(5 * MS);
	PROVES("LIFE-77", !scx_root && nr_exits == 1);
}

static void life_79_detach_waits_for_another_end(void **state)
{
	(void)state;
	start();
	ctx_spawn_service(0, "error", claim_an_error, NULL);
	ctx_spawn_service(0, "unload", unload_now, NULL);
	lab_settle();
	lab_run(MS);
	PROVES("LIFE-79 ERR-14 ERR-01", lab_exited(SCX_EXIT_ERROR, "first") && nr_exits == 1 && unloaded);
}

static void life_78_class_28_a_fork_during_unloading(void **state)
{
	(void)state;
	start();
	lab_unload();
	lab_forget();
	a = lab_task("late", .cpu = 0, .awake = true);
	PROVES("LIFE-78 CLASS-28", lab_called(a, "") && scx_get_task_state(a) == SCX_TASK_NONE && !list_empty(&a->scx.tasks_node));
}

static void life_84_nobody_restarts_but_the_user(void **state)
{
	u64 loads;

	(void)state;
	lab_start(.cpus = 2, .ops = &ops);
	loads = scx_enable_seq();
	lab_offline(1);
	lab_run(50 * MS);
	PROVES("LIFE-84 LIFE-85", lab_exited(SCX_EXIT_UNREG_KERN, "offline") &&
				  info_seen->exit_code == (s64)(1ULL << 48 | 1ULL << 32));
	PROVES("LIFE-84", !scx_root && scx_enable_seq() == loads && loads == 1);
	PROVES("LIFE-84", lab_try_load(&ops) == 0 && scx_enable_seq() == 2);
}

static void life_96_sysrq_s(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	lab_outside(sysrq_s, NULL);
	PROVES("LIFE-96", !scx_last_exit());
	lab_load(&ops);
	lab_outside(sysrq_s, NULL);
	PROVES("LIFE-96", lab_exited(SCX_EXIT_SYSRQ, "") && info_seen->exit_cpu == -1);
	PROVES("LIFE-96", strcmp(info_seen->reason, "disabled by sysrq-S") == 0);
}

/* ---- callbacks */

static void life_88_direct_ops_are_not_in_the_table(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	ops.cpu_online = say_cpu_online;
	lab_load(&ops);
	PROVES("LIFE-88", SCX_HAS_OP(scx_root, SCXTWIN_OP_cpu_online) && SCX_HAS_OP(scx_root, SCXTWIN_OP_enqueue) &&
			  !SCX_HAS_OP(scx_root, SCXTWIN_OP_tick));
}

static void nest(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	struct rq *rq = task_rq(t);

	(void)arg;
	if (op == SCXTWIN_OP_set_weight && !nr_looks++)
		SCX_CALL_OP_TASK(scx_root, running, rq, 0, t);
}

static void life_89_task_callbacks_do_not_nest(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	a = lab_task("a", .cpu = 0);
	lab_load(&ops);
	say.look = nest;
	lab_by_hand();
	lab_expect_warn("kf_tasks[0]");
	lab_set_nice(a, 3);
	PROVES("LIFE-89 ERR-70", lab_called(a, "set_weight running")); /* and the warning came */
}

static void life_90_callbacks_of_a_running_task_on_another_cpu(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	lab_load(&ops);
	lab_wake(a);
	lab_forget();
	lab_set_nice(a, 3);
	PROVES("LIFE-90", lab_called(a, "stopping(0)@0 quiescent@0 set_weight@0 runnable@0 running@0") && task_cpu(a) == 1);
}

static void life_91_an_impossible_cpu(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	lab_load(&ops);
	say.other_cpu = true;
	say.cpu = 2;
	lab_wake(a);
	PROVES("LIFE-91 ERR-20", lab_exited(SCX_EXIT_ERROR, "invalid CPU 2 from ops.select_cpu()"));
	PROVES("LIFE-91", lab_called(a, "select_cpu(1,0x8) runnable(0x100009) ...") && task_cpu(a) == 1);
}

static void life_10_93_yield_without_a_target(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	a = lab_task("a", .cpu = 0);
	ops.yield = say_yield;
	lab_load(&ops);
	lab_wake(a);
	lab_forget();
	say.yielded_to = true;
	lab_yield(a);
	PROVES("LIFE-93 LIFE-10", lab_called(a, "yield(-)") && lab_runs(a));
	lab_block(a);
	lab_forget();
	lab_kick(0, 0);
	PROVES("LIFE-10", lab_called(NULL, "dispatch(0,-)"));
}

static void acquire_without_args(s32 cpu, struct scx_cpu_acquire_args *args)
{
	(void)cpu;
	nr_looks++;
	PROVES("LIFE-94", !args);
}

static void life_94_cpu_acquire_gets_no_args(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	a = lab_task("a", .cpu = 0);
	b = lab_task("rt", .cpu = 0, .policy = SCHED_FIFO);
	ops.cpu_acquire = acquire_without_args;
	lab_load(&ops);
	lab_wake(a);
	lab_wake(b);
	lab_block(b);
	PROVES("LIFE-94", nr_looks == 1 && lab_runs(a));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unld_01_to_09_reference_order),
		TEST(class_26_other_classes_go_through_a_silent_pair),
		TEST(life_76_what_is_suppressed_and_what_is_not),
		TEST(life_79_detach_waits_for_another_end),
		TEST(life_78_class_28_a_fork_during_unloading),
		TEST(life_84_nobody_restarts_but_the_user),
		TEST(life_96_sysrq_s),
		TEST(life_88_direct_ops_are_not_in_the_table),
		TEST(life_89_task_callbacks_do_not_nest),
		TEST(life_90_callbacks_of_a_running_task_on_another_cpu),
		TEST(life_91_an_impossible_cpu),
		TEST(life_10_93_yield_without_a_target),
		TEST(life_94_cpu_acquire_gets_no_args),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
