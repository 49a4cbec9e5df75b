/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 11.5: the flags that ops.dequeue(), quiescent, runnable and enqueue get; table of full values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

static struct task_struct *p;

static void loaded(void)
{
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
}

static void kept(void)
{
	loaded();
	lab_wake(p);
	lab_forget();
}

static void cust_22_25_26_nice(void **state)
{
	(void)state;
	PROVES("CUST-26", SCX_DEQ_SCHED_CHANGE == 1ULL << 33 && SCX_DEQ_CORE_SCHED_EXEC == 1ULL << 32);
	kept();
	lab_set_nice(p, 5);
	PROVES("CUST-22 CUST-26 CUST-28", lab_called(p, "dequeue(0x20000000a) quiescent(0x20000000a) set_weight(33) "
						     "runnable(0xa) enqueue(0xa)"));
}

static void cust_22_affinity(void **state)
{
	(void)state;
	kept();
	lab_set_cpus(p, 1 << 1);
	PROVES("CUST-22 CUST-27 CUST-28", lab_called(p, "dequeue(0x20000000a) quiescent(0x20000000a) set_cpumask "
						     "runnable(0xa) enqueue(0xa)"));
}

static void disable_migration(void *arg)
{
	(void)arg;
	migrate_disable();
}

static void cust_22_migrate_disable_mask_switch(void **state)
{
	(void)state;
	loaded();
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_do(p, disable_migration, NULL);
	lab_forget();
	lab_yield(p);
	/* At the first schedule() under it; p is running, so ops.dequeue() is not owed. */
	PROVES("CUST-22 CUST-28", lab_called(p, "stopping(0) quiescent(0x20000000a) set_cpumask "
					     "runnable(0x100000000000000a) running"));
}

static void cust_22_25_offline(void **state)
{
	(void)state;
	kept();
	lab_offline(1);
	PROVES("CUST-22 CUST-25", lab_called(p, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe) ..."));
}

static void cust_22_25_bypass(void **state)
{
	(void)state;
	kept();
	lab_unload();
	/* Bypass on; then the switch to the fair class, where the task is on the bypass DSQ or runs. */
	PROVES("CUST-22 CUST-25", lab_called(p, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe) ... "
					     "quiescent(0x20000004e) disable exit_task(0)"));
}

static void cust_25_bypass_off_cycles_too(void **state)
{
	const struct sched_ext_ops ops = say_ops;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .awake = true);
	say.dsq = SCX_DSQ_GLOBAL;
	lab_load(&ops);
	lab_unload();
	PROVES("CUST-25", lab_called(p, "... quiescent(0x20000004e) disable exit_task(0)"));
}

static void set_sched(u32 policy, int nice, u32 rt_priority)
{
	const struct sched_attr attr = { .policy = policy, .nice = nice, .rt_priority = rt_priority };

	assert_int_equal(sched_setscheduler(p, &attr), 0);
}

static u32 new_policy;
static int new_nice;
static u32 new_rt;

static void do_set_sched(void *arg)
{
	(void)arg;
	if (new_rt)
		set_sched(new_policy, 0, new_rt);
	else
		set_sched(new_policy, new_nice, 0);
}

static void setscheduler(u32 policy, int nice, u32 rt_priority)
{
	new_policy = policy;
	new_nice = nice;
	new_rt = rt_priority;
	lab_outside(do_set_sched, NULL);
}

static void cust_22_setscheduler_same_class_other_priority(void **state)
{
	(void)state;
	kept();
	setscheduler(SCHED_NORMAL, -3, 0);
	PROVES("CUST-22 CUST-27", lab_called(p, "dequeue(0x20000000e) quiescent(0x20000000e) set_weight(194) "
					     "runnable(0xe) enqueue(0xe)"));
	/* To a numerically higher priority value the core adds HEAD. */
	setscheduler(SCHED_NORMAL, 3, 0);
	PROVES("CUST-27", lab_called(p, "dequeue(0x20000000e) quiescent(0x20000000e) set_weight "
				     "runnable(0x1000e) enqueue(0x1000e)"));
}

static void cust_22_setscheduler_same_class_same_priority(void **state)
{
	(void)state;
	kept();
	setscheduler(SCHED_BATCH, 0, 0);
	PROVES("CUST-22 CUST-27", lab_called(p, "dequeue(0x20000000a) quiescent(0x20000000a) set_weight(100) "
					     "runnable(0xa) enqueue(0xa)"));
}

static void cust_22_class_change_other_priority(void **state)
{
	(void)state;
	kept();
	setscheduler(SCHED_FIFO, 0, 7);
	PROVES("CUST-22", lab_called(p, "dequeue(0x20000004e) quiescent(0x20000004e) disable"));
	setscheduler(SCHED_NORMAL, 0, 0);
	PROVES("CUST-22 CUST-27", lab_called(p, "enable set_weight set_cpumask runnable(0x100000000001004e) running"));
}

static void cust_22_class_change_same_priority(void **state)
{
	struct sched_ext_ops ops = say_ops;

	(void)state;
	ops.flags |= SCX_OPS_SWITCH_PARTIAL;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .policy = SCHED_EXT);
	lab_load(&ops);
	lab_wake(p);
	lab_forget();
	setscheduler(SCHED_NORMAL, 0, 0);
	PROVES("CUST-22", lab_called(p, "dequeue(0x20000004a) quiescent(0x20000004a) disable"));
}

static void cust_22_core_migration_of_a_queued_task(void **state)
{
	(void)state;
	kept();
	lab_set_cpus(p, 1 << 0);
	/* Trace B: the change on the old rq, then the move without quiescent and runnable. */
	PROVES("CUST-22 CUST-41 CUST-25", lab_called(p, "dequeue(0x20000000a) quiescent(0x20000000a) set_cpumask "
						     "runnable(0xa) enqueue(0xa) dequeue(0x200000008) enqueue(0x40000)"));
}

static void cust_22_24_sleep_and_death_are_no_changes(void **state)
{
	(void)state;
	loaded();
	say.dsq = SAY_DSQ;
	say.pull = SAY_DSQ;
	lab_wake(p);
	lab_forget();
	lab_block(p);
	PROVES("CUST-22 CUST-24", lab_called(p, "stopping(0) quiescent(0x9)"));
	lab_wake(p);
	lab_forget();
	lab_exit(p);
	PROVES("CUST-22 CUST-24", lab_called(NULL, "gone:stopping(0) gone:quiescent(0x10009) dispatch gone:disable gone:exit_task(0)"));
}

static void cust_22_terminal_inserts_give_no_flags(void **state)
{
	static const u64 dsqs[] = { SCX_DSQ_LOCAL, SCX_DSQ_GLOBAL, SCX_DSQ_LOCAL_ON | RACE_Y, SCX_DSQ_LOCAL_ON | RACE_X };
	u32 i;

	(void)state;
	for (i = 0; i < 4; i++) {
		race_start();
		p = race_queued("p", RACE_SRC);
		race_will_insert_flags(RACE_X, p, dsqs[i], i & 1 ? 0 : SCX_ENQ_PREEMPT | SCX_ENQ_HEAD);
		race_go(RACE_X);
		PROVES("CUST-22", race_dequeue.nr == 1 && race_dequeue.flags == 0);
		race_stop(NULL);
	}
	race_start();
}

static void cust_23_core_sched_pick_is_no_change(void **state)
{
	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	race_core_pick(p);
	PROVES("CUST-23 CUST-35", race_dequeue.flags == 0x100000000 && lab_called(p, "dequeue(0x100000000) running enqueue(0x0)"));
	race_dispatch(RACE_X, p, SAY_DSQ);
	race_core_pick(p);
	PROVES("CUST-23 CUST-35", race_dequeue.flags == 0x100000000 && race_dequeue.dsq == lab_user_dsq(SAY_DSQ));
}

static void cust_22_internal_migration_gives_no_call(void **state)
{
	(void)state;
	race_start();
	p = race_queued("p", RACE_SRC);
	race_dispatch(RACE_X, p, SAY_DSQ);
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	PROVES("CUST-05 CUST-22", lab_called(p, "dequeue(0x0)@3 running@3") && race_dequeue.nr == 1);
	PROVES("CUST-05", race_dequeue.sticky_cpu == -1 && race_dequeue.dsq == lab_local(RACE_Y));
}

static void cust_27_the_way_back_has_the_same_low_bits(void **state)
{
	(void)state;
	PROVES("CUST-27", DEQUEUE_SAVE == ENQUEUE_RESTORE && DEQUEUE_SAVE == 0x2);
	PROVES("CUST-27", DEQUEUE_MOVE == ENQUEUE_MOVE && DEQUEUE_MOVE == 0x4);
	PROVES("CUST-27", DEQUEUE_NOCLOCK == ENQUEUE_NOCLOCK && DEQUEUE_NOCLOCK == 0x8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAY_TEST(cust_22_25_26_nice),
		SAY_TEST(cust_22_affinity),
		SAY_TEST(cust_22_migrate_disable_mask_switch),
		SAY_TEST(cust_22_25_offline),
		SAY_TEST(cust_22_25_bypass),
		SAY_TEST(cust_25_bypass_off_cycles_too),
		SAY_TEST(cust_22_setscheduler_same_class_other_priority),
		SAY_TEST(cust_22_setscheduler_same_class_same_priority),
		SAY_TEST(cust_22_class_change_other_priority),
		SAY_TEST(cust_22_class_change_same_priority),
		SAY_TEST(cust_22_core_migration_of_a_queued_task),
		SAY_TEST(cust_22_24_sleep_and_death_are_no_changes),
		cmocka_unit_test_teardown(cust_22_terminal_inserts_give_no_flags, race_stop),
		cmocka_unit_test_teardown(cust_23_core_sched_pick_is_no_change, race_stop),
		cmocka_unit_test_teardown(cust_22_internal_migration_gives_no_call, race_stop),
		SAY_TEST(cust_27_the_way_back_has_the_same_low_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
