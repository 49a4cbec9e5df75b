/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of the affinity mask: spec 22.10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
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
	ops.cpu_release = say_cpu_release;
	ops.cpu_offline = say_cpu_offline;
	return 0;
}

/* Somebody who asks for a mask and may have to wait. */
struct asker {
	u64 cpus;
	int ret;
	bool done;
};

static void ask(void *arg)
{
	struct asker *a = arg;
	struct cpumask *m = cpumask_alloc_array(1);

	m->bits[0] = a->cpus;
	a->ret = set_cpus_allowed(p, m);
	a->done = true;
}

static void ask_from(int cpu, struct asker *a)
{
	ctx_spawn_service(cpu, "asker", ask, a);
	lab_settle();
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

static void aff_01_the_same_mask_changes_nothing(void **state)
{
	struct asker a = { .cpus = 0x3, .ret = 1 };

	(void)state;
	start_busy(2, RUN_TIMED);
	ask_from(0, &a);
	PROVES("AFF-01", a.done && a.ret == 0 && lab_called(p, ""));
}

static void aff_02_a_mask_without_an_active_cpu_is_refused(void **state)
{
	struct asker a = { .cpus = 0x4 }, too = { .cpus = 0x6 };

	(void)state;
	start_busy(3, RUN_TIMED);
	lab_offline(2);
	lab_forget();
	ask_from(0, &a);
	PROVES("AFF-02", a.done && a.ret == -EINVAL && lab_called(p, "") && p->nr_cpus_allowed == 3);
	ask_from(0, &too);
	PROVES("AFF-02", too.done && too.ret == 0 && lab_called(p, "... set_cpumask(2) ..."));
}

static void aff_03_destinations_rotate(void **state)
{
	struct task_struct *tasks[3];
	u32 i;

	(void)state;
	lab_start(.cpus = 4);
	p = lab_task("p", .cpu = 0, .cpus = 0x1);
	for (i = 0; i < 3; i++)
		tasks[i] = lab_task("t", .cpu = 0, .cpus = 0x1);
	lab_load(&ops);
	lab_wake(p);
	for (i = 0; i < 3; i++)
		lab_wake(tasks[i]);
	machine()->distribute_prev[0] = 2;
	for (i = 0; i < 3; i++)
		lab_set_cpus(tasks[i], 0xe);
	PROVES("AFF-03", task_cpu(tasks[0]) == 3 && task_cpu(tasks[1]) == 1 && task_cpu(tasks[2]) == 2);
}

static void look_at_new_mask(enum scxtwin_op op, struct task_struct *t, u64 mask)
{
	if (op != SCXTWIN_OP_set_cpumask)
		return;
	PROVES("AFF-04", mask == 0x2 && t->cpus_mask->bits[0] == 0x2 && t->nr_cpus_allowed == 1);
	PROVES("AFF-21", raw_spin_is_held(&core_of(t)->pi_lock) && raw_spin_is_held(&task_rq(t)->__lock));
}

static void aff_04_05_an_allowed_task_stays_after_the_pair(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	say.look = look_at_new_mask;
	lab_set_cpus(p, 0x2);
	PROVES("AFF-04 AFF-05 HOOK-09", lab_called(p, "stopping(0) quiescent(0x20000000a) set_cpumask(1) "
					     "runnable(0x100000000000000a) running"));
	PROVES("AFF-05", lab_runs(p) && !core_of(cpu_rq(1)->stop)->switched_in);
	PROVES("AFF-05", !p->migration_pending);
}

static struct asker running_case;

static void look_while_the_caller_waits(enum scxtwin_op op, struct task_struct *t, u64 runnable)
{
	if (op != SCXTWIN_OP_stopping || !runnable || t != p)
		return;
	PROVES("AFF-06", p->migration_pending && !running_case.done);
	PROVES("AFF-21", !core_of(p)->pi_lock.owner);
}

static void aff_06_13_14_the_stopper_moves_a_running_task(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	say.look = look_while_the_caller_waits;
	running_case = (struct asker){ .cpus = 0x4 };
	ask_from(0, &running_case);
	PROVES("AFF-06", running_case.done && running_case.ret == 0 && !p->migration_pending);
	PROVES("AFF-13 AFF-14", lab_called(NULL, "p:stopping(0)@0 p:quiescent(0x20000000a) p:set_cpumask(1) "
		"p:runnable(0x100000000000000a) p:running@0 p:stopping(1)@1 cpu_release(1,2) p:enqueue(0x40000)@1 ..."));
	PROVES("AFF-14", task_cpu(p) == 2 && lab_runs(p));
}

static void take_the_slice(enum scxtwin_op op, struct task_struct *t, u64 runnable)
{
	if (op == SCXTWIN_OP_stopping && runnable && t == p)
		p->scx.slice = 0;
}

static void aff_13_14_without_slice_it_is_in_custody_when_moved(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	say.look = take_the_slice;
	say.dsq = SAY_DSQ;
	lab_set_cpus(p, 0x4);
	PROVES("AFF-13 AFF-14 MIG-03", lab_called(p, "stopping(0) quiescent(0x20000000a) set_cpumask(1) "
		"runnable(0x100000000000000a) running stopping(1) enqueue(0x0)@1 "
		"dequeue(0x200000008)@1 enqueue(0x40000)@1 ..."));
}

static void aff_07_10_11_12_a_queued_task_goes_at_once_in_two_cycles(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	lab_set_cpus(q, 0x4);
	PROVES("AFF-07 AFF-10 AFF-12 HOOK-10", lab_called(q, "quiescent(0x20000000a) set_cpumask(1) runnable(0xa) "
						    "enqueue(0xa) enqueue(0x40000) running@2"));
	PROVES("AFF-07", !core_of(cpu_rq(1)->stop)->switched_in && task_cpu(q) == 2);
}

static int enqueued_on[4];
static u32 nr_enqueued;

static void look_where_enqueued(enum scxtwin_op op, struct task_struct *t, u64 flags)
{
	(void)flags;
	if (op == SCXTWIN_OP_enqueue && t == q && nr_enqueued < 4)
		enqueued_on[nr_enqueued++] = task_cpu(t);
}

static void aff_10_11_20_custody_ends_twice(void **state)
{
	u64 brand;

	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	say.dsq = 0;
	lab_wake(q);
	lab_forget();
	brand = lab_word(q) >> SCX_OPSS_QSEQ_SHIFT;
	nr_enqueued = 0;
	say.look = look_where_enqueued;
	lab_set_cpus(q, 0x4);
	PROVES("AFF-10 AFF-20 MIG-03", lab_called(q, "dequeue(0x20000000a) quiescent(0x20000000a) set_cpumask(1) "
		"runnable(0xa) enqueue(0xa) dequeue(0x200000008) enqueue(0x40000)"));
	PROVES("AFF-10", lab_word(q) >> SCX_OPSS_QSEQ_SHIFT == brand + 2);
	PROVES("AFF-11", nr_enqueued == 2 && enqueued_on[0] == 1 && enqueued_on[1] == 2);
}

static void aff_20_a_user_dsq_is_covered_by_the_dequeue(void **state)
{
	struct task_struct *r;

	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	r = lab_task("r", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	say.dsq = SAY_DSQ;
	lab_wake(q);
	lab_wake(r);
	assert_string_equal(lab_queue(lab_user_dsq(SAY_DSQ)), "q r");
	lab_forget();
	lab_set_cpus(q, 0x2);
	PROVES("AFF-20 AFF-05", lab_called(q, "dequeue(0x20000000a) quiescent(0x20000000a) set_cpumask(1) "
		"runnable(0xa) enqueue(0xa)"));
	PROVES("AFF-20 SCHG-19", strcmp(lab_queue(lab_user_dsq(SAY_DSQ)), "r q") == 0);
}

static void aff_08_a_sleeping_task_moves_at_its_wakeup(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	lab_block(p);
	lab_forget();
	lab_set_cpus(p, 0x5);
	PROVES("AFF-08", lab_called(p, "set_cpumask(2)") && task_cpu(p) == 1);
	say.other_cpu = true;
	say.cpu = 2;
	lab_wake(p);
	PROVES("AFF-08", lab_called(p, "select_cpu(1,0x8) ... running@2"));
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

static void aff_09_with_migration_disabled_the_caller_waits_for_enable(void **state)
{
	struct asker a = { .cpus = 0x4 };

	(void)state;
	start_busy(3, RUN_TIMED);
	lab_call(p, disable_migration, NULL);
	lab_block(p);
	lab_forget();
	ask_from(0, &a);
	PROVES("AFF-09", !a.done && p->migration_pending && lab_called(p, "set_cpumask(1)"));
	lab_wake(p);
	lab_block(q);
	assert_true(lab_runs(p) && task_cpu(p) == 1);
	lab_run(MS);
	PROVES("AFF-09", !a.done);
	lab_call(p, enable_migration, NULL);
	PROVES("AFF-09", a.done && task_cpu(p) == 2 && !p->migration_pending);
}

static void aff_02_who_may_go_to_a_cpu_that_is_only_online(void **state)
{
	struct asker a = { .cpus = 0x2 };

	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("kernel", .cpu = 1, .flags = PF_KTHREAD);
	lab_load(&ops);
	cpumask_clear_cpu(1, machine()->active_mask);
	ask_from(0, &a);
	PROVES("AFF-02", a.done && a.ret == 0 && lab_called(p, "set_cpumask(1)"));
	p->flags &= ~(u32)PF_KTHREAD;
	a = (struct asker){ .cpus = 0x6 };
	ask_from(0, &a);
	a = (struct asker){ .cpus = 0x2 };
	ask_from(0, &a);
	PROVES("AFF-02", a.done && a.ret == -EINVAL && p->nr_cpus_allowed == 2);
	p->migration_disabled = 1;
	ask_from(0, &a);
	PROVES("AFF-02", a.ret == 0 && p->nr_cpus_allowed == 1);
	p->migration_disabled = 0;
	cpumask_set_cpu(1, machine()->active_mask);
}

static void ask_for_myself(void *arg)
{
	ask(arg);
	PROVES("AFF-06 AFF-13", smp_processor_id() == 2 && !p->migration_pending);
}

/* Preempted by the stopper it woke, still runnable: it never sleeps for itself. */
static void aff_13_who_asks_for_itself_is_preempted_before_it_waits(void **state)
{
	struct asker a = { .cpus = 0x4 };

	(void)state;
	start_busy(3, RUN_TIMED);
	lab_call(p, ask_for_myself, &a);
	PROVES("AFF-13 AFF-14", a.done && a.ret == 0 && lab_called(p, "stopping(0) quiescent(0x20000000a) set_cpumask(1) "
		"runnable(0x100000000000000a) running stopping(1)@1 enqueue(0x40000)@1 running@2"));
}

static void aff_05_09_18_a_later_mask_that_allows_the_cpu_ends_the_wait(void **state)
{
	struct asker a = { .cpus = 0x4 }, b = { .cpus = 0x6 };

	(void)state;
	start_busy(3, RUN_TIMED);
	lab_call(p, disable_migration, NULL);
	lab_block(p);
	ask_from(0, &a);
	assert_true(!a.done && p->migration_pending);
	ask_from(0, &b);
	PROVES("AFF-05 AFF-18", a.done && b.done && a.ret == 0 && b.ret == 0 && !p->migration_pending);
	PROVES("AFF-05", !core_of(p)->pending && task_cpu(p) == 1);
}

static void aff_15_who_blocks_before_the_stopper_comes_moves_at_its_wakeup(void **state)
{
	struct asker a = { .cpus = 0x4 };
	struct lab_hold *blocking;

	(void)state;
	start_busy(3, RUN_EXPLORED);
	blocking = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	lab_block(p);
	assert_true(lab_held(blocking));
	ask_from(0, &a);
	assert_false(a.done);
	lab_release(blocking);
	PROVES("AFF-15", a.done && task_cpu(p) == 1 && p->wake_cpu == 2);
	PROVES("AFF-15", lab_called(p, "stopping(0) quiescent(0x20000000a) set_cpumask(1) "
		"runnable(0x100000000000000a) running stopping(0) quiescent(0x9)"));
}

/* p is on a DSQ for everybody, CPU 1 stands in its stopper, before the locks. */
static struct lab_hold *hold_stopper_of_cpu_1(struct asker *a)
{
	struct lab_hold *stopper;

	stopper = lab_hold(.cpu = 1, .label = "pi_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &core_of(p)->pi_lock);
	ask_from(0, a);
	assert_true(lab_held(stopper) && cpu_rq(1)->curr == cpu_rq(1)->stop);
	return stopper;
}

static void aff_16_18_a_task_that_moved_meanwhile(void **state)
{
	struct asker first = { .cpus = 0x1 }, second = { .cpus = 0x4 };
	struct lab_hold *stopper;

	(void)state;
	start_busy(3, RUN_EXPLORED);
	say.look = take_the_slice;
	say.dsq = SAY_DSQ;
	stopper = hold_stopper_of_cpu_1(&first);
	say.pull = SAY_DSQ;
	lab_kick(0, 0);
	assert_true(lab_runs(p) && task_cpu(p) == 0);
	say.look = NULL;
	ask_from(2, &second);
	assert_false(first.done || second.done);
	say.dsq = SCX_DSQ_LOCAL;
	lab_release(stopper);
	PROVES("AFF-16 AFF-18", first.done && second.done && task_cpu(p) == 2);
	PROVES("AFF-16", core_of(cpu_rq(0)->stop)->switched_in);
}

static void aff_16_a_task_that_came_to_an_allowed_cpu_is_left_there(void **state)
{
	struct asker a = { .cpus = 0x5 };
	struct lab_hold *stopper;

	(void)state;
	start_busy(3, RUN_EXPLORED);
	say.look = take_the_slice;
	say.dsq = SAY_DSQ;
	stopper = hold_stopper_of_cpu_1(&a);
	say.pull = SAY_DSQ;
	lab_kick(0, 0);
	assert_true(lab_runs(p) && task_cpu(p) == 0 && !a.done);
	lab_forget();
	lab_release(stopper);
	PROVES("AFF-16", a.done && task_cpu(p) == 0 && lab_called(p, ""));
	PROVES("AFF-16", !core_of(cpu_rq(0)->stop)->switched_in && !p->migration_pending);
}

static u32 nr_reenqueued;

static void reenqueue_local_of_cpu_1(void *arg)
{
	struct rq *rq = cpu_rq(1);
	u64 flags;

	(void)arg;
	raw_spin_rq_lock_irqsave(rq, &flags);
	nr_reenqueued = reenq_local(scx_root, rq, SCX_REENQ_ANY);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void aff_17_who_waits_for_the_stopper_is_not_reenqueued(void **state)
{
	struct asker a = { .cpus = 0x4 };
	struct lab_hold *stopper;

	(void)state;
	start_busy(3, RUN_EXPLORED);
	stopper = hold_stopper_of_cpu_1(&a);
	assert_string_equal(lab_queue(lab_local(1)), "p q");
	lab_forget();
	say.dsq = SAY_DSQ;
	lab_outside(reenqueue_local_of_cpu_1, NULL);
	PROVES("AFF-17", nr_reenqueued == 1 && lab_called(p, "") && lab_called(q, "enqueue"));
	lab_release(stopper);
	assert_true(a.done && task_cpu(p) == 2);
}

static void aff_19_a_destination_that_is_going_away_gets_nothing(void **state)
{
	struct asker a = { .cpus = 0x4 };
	struct lab_hold *stopper;

	(void)state;
	start_busy(3, RUN_EXPLORED);
	stopper = hold_stopper_of_cpu_1(&a);
	lab_offline(2);
	assert_false(cpu_active(2));
	lab_forget();
	lab_release(stopper);
	PROVES("AFF-19", a.done && task_cpu(p) == 1 && !p->migration_pending);
}

/* Preempted by the stopper, which has not come to it yet: the second request moves it, both wait. */
static void aff_07_18_a_second_request_moves_it_and_waits_for_the_first(void **state)
{
	struct asker first = { .cpus = 0x1 }, second = { .cpus = 0x4 };
	struct lab_hold *stopper;

	(void)state;
	start_busy(3, RUN_EXPLORED);
	stopper = hold_stopper_of_cpu_1(&first);
	lab_forget();
	ask_from(2, &second);
	PROVES("AFF-07", lab_called(p, "quiescent(0x20000000a) set_cpumask(1) runnable(0xa) enqueue(0xa) "
				       "enqueue(0x40000) running@2"));
	PROVES("AFF-18", !first.done && !second.done && p->migration_pending && core_of(p)->pending->dest_cpu == 2);
	lab_release(stopper);
	PROVES("AFF-18 AFF-16", first.done && second.done && !p->migration_pending && task_cpu(p) == 2);
}

/* The CPU is allowed again before the stopper came: it alone may end the request it works at. */
static void aff_05_18_what_a_stopper_works_at_is_left_to_it(void **state)
{
	struct asker first = { .cpus = 0x4 }, second = { .cpus = 0x6 };
	struct lab_hold *stopper;

	(void)state;
	start_busy(3, RUN_EXPLORED);
	stopper = hold_stopper_of_cpu_1(&first);
	ask_from(2, &second);
	PROVES("AFF-05", second.done && !first.done && p->migration_pending);
	lab_release(stopper);
	PROVES("AFF-18 MIG-05", first.done && !p->migration_pending && task_cpu(p) == 1);
}

static void look_at_clock_of_the_stopper(enum scxtwin_op op, struct task_struct *t, u64 flags)
{
	take_the_slice(op, t, flags);
	if (op != SCXTWIN_OP_dequeue || flags != 0x200000008)
		return;
	PROVES("MIG-05", current_task() == cpu_rq(1)->stop && cpu_rq(1)->scx.flags & SCX_RQ_CLK_VALID);
}

static void mig_05_the_stopper_updates_the_clock(void **state)
{
	(void)state;
	start_busy(3, RUN_TIMED);
	say.look = look_at_clock_of_the_stopper;
	say.dsq = SAY_DSQ;
	lab_set_cpus(p, 0x4);
	PROVES("MIG-05", lab_called(p, "... dequeue(0x200000008)@1 enqueue(0x40000)@1 ..."));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(aff_01_the_same_mask_changes_nothing),
		TEST(aff_02_a_mask_without_an_active_cpu_is_refused),
		TEST(aff_03_destinations_rotate),
		TEST(aff_04_05_an_allowed_task_stays_after_the_pair),
		TEST(aff_06_13_14_the_stopper_moves_a_running_task),
		TEST(aff_13_14_without_slice_it_is_in_custody_when_moved),
		TEST(aff_07_10_11_12_a_queued_task_goes_at_once_in_two_cycles),
		TEST(aff_10_11_20_custody_ends_twice),
		TEST(aff_20_a_user_dsq_is_covered_by_the_dequeue),
		TEST(aff_08_a_sleeping_task_moves_at_its_wakeup),
		TEST(aff_09_with_migration_disabled_the_caller_waits_for_enable),
		TEST(aff_15_who_blocks_before_the_stopper_comes_moves_at_its_wakeup),
		TEST(aff_16_18_a_task_that_moved_meanwhile),
		TEST(aff_16_a_task_that_came_to_an_allowed_cpu_is_left_there),
		TEST(aff_17_who_waits_for_the_stopper_is_not_reenqueued),
		TEST(aff_19_a_destination_that_is_going_away_gets_nothing),
		TEST(aff_02_who_may_go_to_a_cpu_that_is_only_online),
		TEST(aff_13_who_asks_for_itself_is_preempted_before_it_waits),
		TEST(aff_05_09_18_a_later_mask_that_allows_the_cpu_ends_the_wait),
		TEST(aff_07_18_a_second_request_moves_it_and_waits_for_the_first),
		TEST(aff_05_18_what_a_stopper_works_at_is_left_to_it),
		TEST(mig_05_the_stopper_updates_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
