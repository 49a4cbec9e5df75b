/* SPDX-License-Identifier: GPL-2.0-only */
/* Moves between CPUs and migrate_disable(): spec 22.11. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/say.h"

#define PAIR_RUNNING(n) "stopping(0) quiescent(0x20000000a) set_cpumask(" #n ") runnable(0x100000000000000a) running"

static struct sched_ext_ops ops;
static struct task_struct *p, *q;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	return 0;
}

/* p runs on CPU 1, q waits behind it. */
static void start_busy(u32 cpus, enum run_mode mode)
{
	lab_start(.cpus = cpus, .mode = mode);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	lab_wake(q);
	assert_true(lab_runs(p) && task_cpu(q) == 1);
	lab_forget();
}

static void disable(void *arg)
{
	(void)arg;
	migrate_disable();
}

static void enable(void *arg)
{
	(void)arg;
	migrate_enable();
}

static void set_cpus_of(void *arg)
{
	struct task_struct *t = arg;

	set_cpus_allowed(t, cpumask_of(2));
}

static void set_nice_of(void *arg)
{
	set_user_nice(arg, 5);
}

static void look_at_arrival(enum scxtwin_op op, struct task_struct *t, u64 flags)
{
	if (op != SCXTWIN_OP_enqueue || !(flags & ENQUEUE_MIGRATED))
		return;
	PROVES("MIG-01", t->on_rq == TASK_ON_RQ_MIGRATING && task_cpu(t) == 2);
	PROVES("MIG-01", raw_spin_is_held(&cpu_rq(2)->__lock) && !cpu_rq(1)->__lock.owner);
}

static void mig_01_03_the_locks_are_held_one_after_the_other(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	say.look = look_at_arrival;
	lab_set_cpus(q, 0x4);
	PROVES("MIG-01 MIG-03", lab_called(q, "quiescent set_cpumask runnable enqueue(0xa) enqueue(0x40000) running@2"));
	PROVES("MIG-01", cpu_rq(2)->next_class == &ext_sched_class && q->on_rq == TASK_ON_RQ_QUEUED);
}

static void mig_02_in_between_it_is_on_no_rq_and_others_wait(void **state)
{
	struct lab_hold *mover;

	(void)state;
	start_busy(4, RUN_EXPLORED);
	mover = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(2)->__lock);
	ctx_spawn_service(0, "mover", set_cpus_of, q);
	lab_settle();
	assert_true(lab_held(mover));
	PROVES("MIG-02", q->on_rq == TASK_ON_RQ_MIGRATING && list_empty(&q->scx.runnable_node) && !q->scx.dsq);
	PROVES("MIG-02", cpu_rq(1)->nr_running == 1 && cpu_rq(2)->nr_running == 0);
	ctx_spawn_service(3, "nice", set_nice_of, q);
	lab_settle();
	PROVES("MIG-02", lab_waits(3, "pi_lock") && q->static_prio == DEFAULT_PRIO);
	lab_release(mover);
	PROVES("MIG-02", q->static_prio == DEFAULT_PRIO + 5 && lab_runs(q));
}

static void mig_05_a_stopper_with_migration_disabled_only_ends(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	lab_do(p, disable, NULL);
	lab_forget();
	ctx_spawn_service(0, "asker", set_cpus_of, p);
	lab_settle();
	PROVES("MIG-05 AFF-06", core_of(cpu_rq(1)->stop)->switched_in && task_cpu(p) == 1 && p->migration_pending);
	/* MDIS-11: the new mask, the narrowing at the next schedule(), and the new mask again. */
	PROVES("MDIS-11", lab_called(p, PAIR_RUNNING(1) " " PAIR_RUNNING(1) " stopping(1) running"));
	lab_do(p, enable, NULL);
	PROVES("MDIS-11 MDIS-07", lab_called(p, PAIR_RUNNING(1) " stopping(1) enqueue(0x40000) running@2"));
	PROVES("MDIS-07", !p->migration_pending && task_cpu(p) == 2);
}

static void mig_06_the_stopper_preempts_like_any_higher_class(void **state)
{
	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1);
	say.enq_flags = SCX_ENQ_IMMED;
	lab_load(&ops);
	lab_wake(p);
	assert_true(p->scx.flags & SCX_TASK_IMMED);
	lab_forget();
	say.reenq_dsq = SAY_DSQ;
	lab_set_cpus(p, 0x4);
	PROVES("MIG-06", lab_called(p, PAIR_RUNNING(1) " stopping(1) enqueue(0x10000000000) ... enqueue(0x40000) ..."));
}

static void mig_10_a_remote_move_is_silent_at_the_source(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	lab_block(q);
	lab_kick(1, SCX_KICK_PREEMPT);
	lab_run(MS);
	q = NULL;
	lab_forget();
	say.look = NULL;
	say.dsq = SAY_DSQ;
	q = lab_task("r", .cpu = 1, .awake = true);
	assert_string_equal(lab_queue(lab_user_dsq(SAY_DSQ)), "r");
	lab_forget();
	say.pull = SAY_DSQ;
	lab_kick(2, 0);
	PROVES("MIG-10 HOOK-17", lab_called(q, "dequeue(0x0) running@2") && task_cpu(q) == 2);
}

static void mig_11_balancing_never_moves_them(void **state)
{
	u32 i;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	ops.flags |= SCX_OPS_SWITCH_PARTIAL;
	lab_set_policy(p, SCHED_EXT, 0);
	lab_set_policy(q, SCHED_EXT, 0);
	lab_load(&ops);
	lab_wake(p);
	lab_wake(q);
	for (i = 0; i < 100; i++) {
		lab_run(5 * MS);
		PROVES("MIG-11", task_cpu(p) == 0 && task_cpu(q) == 0 && cpu_rq(1)->curr == cpu_rq(1)->idle);
	}
}

static void move_to_cpu(void *arg)
{
	struct task_struct *t = arg;

	t->on_rq = TASK_ON_RQ_MIGRATING; /* as callers leave it */
	set_task_cpu(t, 1);
	t->on_rq = 0;
	t->cpu = t->wake_cpu = 0;
}

static void mig_12_a_disabled_one_must_not_get_another_cpu(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	lab_expect_warn("is_migration_disabled");
	p->migration_disabled = 1;
	lab_outside(move_to_cpu, p);
	p->migration_disabled = 0;
	PROVES("MIG-12", !lab_wrong()); /* the warning came */
}

static void mig_12_an_offline_cpu_must_not_get_tasks(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	lab_offline(1);
	lab_expect_warn("cpu_online");
	lab_outside(move_to_cpu, p);
	PROVES("MIG-12", !lab_wrong());
}

/* ---- migrate_disable() */

static void mdis_01_03_04_05_the_first_schedule_narrows(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	lab_do(p, disable, NULL);
	PROVES("MDIS-01", lab_called(p, "") && p->migration_disabled == 1 && p->cpus_ptr == p->cpus_mask);
	lab_kick(1, 0); /* is then kept */
	PROVES("MDIS-03 SCHED-02", lab_called(p, PAIR_RUNNING(1)));
	PROVES("MDIS-04", p->cpus_ptr->bits[0] == 0x2 && p->nr_cpus_allowed == 3 && p->cpus_mask->bits[0] == 0x7);
	lab_kick(1, 0);
	PROVES("MDIS-05", lab_called(p, ""));
	lab_do(p, disable, NULL);
	lab_kick(1, 0);
	PROVES("MDIS-05", lab_called(p, "") && p->migration_disabled == 2);
	lab_do(p, enable, NULL);
	PROVES("MDIS-06", lab_called(p, "") && p->migration_disabled == 1);
	lab_do(p, enable, NULL);
	PROVES("MDIS-06", lab_called(p, PAIR_RUNNING(3)) && !p->migration_disabled && p->cpus_ptr == p->cpus_mask);
}

static void mdis_06_a_mask_that_was_never_narrowed_is_not_reported(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	lab_do(p, disable, NULL);
	lab_do(p, enable, NULL);
	lab_kick(1, 0);
	PROVES("MDIS-06", lab_called(p, ""));
}

static void mdis_03_05_06_a_task_of_one_cpu_is_narrowed_once_like_others(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 0x2);
	lab_load(&ops);
	lab_wake(p);
	lab_forget();
	lab_do(p, disable, NULL);
	lab_kick(1, 0);
	PROVES("MDIS-03", lab_called(p, PAIR_RUNNING(1)));
	lab_kick(1, 0);
	PROVES("MDIS-05", lab_called(p, ""));
	lab_set_cpus(p, 0x3);
	PROVES("MDIS-08", lab_called(p, PAIR_RUNNING(1)) && p->cpus_ptr->bits[0] == 0x2);
	lab_do(p, enable, NULL);
	PROVES("MDIS-06", lab_called(p, PAIR_RUNNING(2)) && p->cpus_ptr == p->cpus_mask);
}

static void mdis_03_narrowing_also_before_blocking(void **state)
{
	(void)state;
	start_busy(2, RUN_TIMED);
	lab_do(p, disable, NULL);
	lab_block(p);
	PROVES("MDIS-03 SCHED-02", lab_called(p, PAIR_RUNNING(1) " stopping(0) quiescent(0x9)"));
	lab_wake(p);
	PROVES("CORE-49", lab_called(p, "runnable(0x9)") && task_cpu(p) == 1);
}

static void mdis_02_it_is_put_on_the_local_dsq_of_its_cpu(void **state)
{
	(void)state;
	start_busy(2, RUN_TIMED);
	lab_do(p, disable, NULL);
	lab_block(p);
	lab_forget();
	say.dsq = SAY_DSQ;
	lab_wake(p);
	PROVES("MDIS-02", lab_called(p, "runnable(0x9)") && p->scx.dsq == lab_local(1));
	PROVES("MDIS-02", lab_count(SCX_EV_ENQ_SKIP_MIGRATION_DISABLED) == 1);
}

static void mdis_08_a_narrowed_task_sees_its_new_mask_at_enable(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	lab_do(p, disable, NULL);
	lab_kick(1, 0);
	lab_forget();
	lab_set_cpus(p, 0x6);
	PROVES("MDIS-08", lab_called(p, PAIR_RUNNING(1)));
	PROVES("MDIS-08", p->cpus_ptr->bits[0] == 0x2 && p->cpus_mask->bits[0] == 0x6 && p->nr_cpus_allowed == 2);
	lab_do(p, enable, NULL);
	PROVES("MDIS-08 MDIS-06", lab_called(p, PAIR_RUNNING(2)) && p->cpus_ptr->bits[0] == 0x6);
}

static void look_at_count(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_set_cpumask || op == SCXTWIN_OP_runnable)
		PROVES("MDIS-10", is_migration_disabled(t) && t->migration_disabled == 1);
}

static void mdis_10_the_count_falls_after_the_pair(void **state)
{
	(void)state;
	start_busy(2, RUN_TIMED);
	lab_do(p, disable, NULL);
	lab_kick(1, 0);
	lab_forget();
	say.look = look_at_count;
	lab_do(p, enable, NULL);
	PROVES("MDIS-10", lab_called(p, PAIR_RUNNING(2)) && !is_migration_disabled(p));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mig_01_03_the_locks_are_held_one_after_the_other),
		TEST(mig_02_in_between_it_is_on_no_rq_and_others_wait),
		TEST(mig_05_a_stopper_with_migration_disabled_only_ends),
		TEST(mig_06_the_stopper_preempts_like_any_higher_class),
		TEST(mig_10_a_remote_move_is_silent_at_the_source),
		TEST(mig_11_balancing_never_moves_them),
		TEST(mig_12_a_disabled_one_must_not_get_another_cpu),
		TEST(mig_12_an_offline_cpu_must_not_get_tasks),
		TEST(mdis_01_03_04_05_the_first_schedule_narrows),
		TEST(mdis_06_a_mask_that_was_never_narrowed_is_not_reported),
		TEST(mdis_03_05_06_a_task_of_one_cpu_is_narrowed_once_like_others),
		TEST(mdis_03_narrowing_also_before_blocking),
		TEST(mdis_02_it_is_put_on_the_local_dsq_of_its_cpu),
		TEST(mdis_08_a_narrowed_task_sees_its_new_mask_at_enable),
		TEST(mdis_10_the_count_falls_after_the_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
