/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 10.9 D: verdicts that became wrong. p is of the rq of CPU 1, x is CPU 2, the target is CPU 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define WORD_QUEUED(brand) (((u64)(brand) << 2) | SCX_OPSS_QUEUED)
#define TARGET (SCX_DSQ_LOCAL_ON | RACE_Y)
#define AFFINITY "dequeue(0x20000000a)@0 quiescent(0x20000000a)@0 set_cpumask@0 runnable(0xa)@0 enqueue(0xa)@0"
#define NOT_THE_TARGET ((1 << RACE_SRC) | (1 << RACE_X))

static struct task_struct *p;

static void setup_queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	p->scx.slice = 3 * MS;
}

static void x_at(struct lab_hold *point)
{
	race_dispatch(RACE_X, p, TARGET);
	assert_true(lab_held(point));
}

static void untouched(void)
{
	PROVES("OPSS-42", scx_loaded() && scx_root->exit_kind == SCX_EXIT_NONE && lab_called(p, ""));
	PROVES("OPSS-41", lab_word(p) == WORD_QUEUED(2) && p->scx.slice == 3 * MS && !p->scx.dsq);
	PROVES("OPSS-42", lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE) == 0);
}

static void race_37_affinity_narrowed_before_flush(void **state)
{
	struct lab_hold *f1;

	(void)state;
	setup_queued();
	x_at(f1 = lab_hold(AT_READ_WORD(RACE_X, p), .skip = 1));
	lab_set_cpus(p, NOT_THE_TARGET);
	PROVES("RACE-37 CUST-29", lab_called(p, AFFINITY));
	lab_release(f1);
	PROVES("RACE-37 OPSS-14", !watch_transitions(p, WATCH_T5));
	untouched();
}

static void race_38_affinity_narrowed_during_the_dance(void **state)
{
	struct lab_hold *l3b;

	(void)state;
	setup_queued();
	x_at(l3b = lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC)));
	lab_set_cpus(p, NOT_THE_TARGET);
	PROVES("RACE-38", lab_called(p, AFFINITY) && race_dequeue.holding_cpu == RACE_X);
	lab_release(l3b);
	PROVES("RACE-38 OPSS-34", p->scx.holding_cpu == -1 && task_cpu(p) == RACE_SRC);
	untouched();
}

/* The refusal took place behind L4, under the source's lock: the word was NONE, p on the global DSQ. */
static bool fell_back_to_global(void)
{
	return race_dequeue.nr && race_dequeue.flags == 0 && race_dequeue.dsq == race_global() &&
	       race_dequeue.word == 0 && race_dequeue.locked_cpu == RACE_SRC && race_dequeue.holding_cpu == -1;
}

static void race_39_insert_after_the_change(void **state)
{
	struct lab_hold *l4, *deq;

	(void)state;
	setup_queued();
	lab_set_cpus(p, NOT_THE_TARGET);
	assert_int_equal(lab_word(p), WORD_QUEUED(2));
	lab_forget();
	x_at(l4 = lab_hold(AT_HOLDING(RACE_X, p, YIELD_READ), .skip = 1));
	/* RACE-42: nothing was tested before the lock of p's rq was taken. */
	PROVES("RACE-42 RACE-39", cpu_rq(RACE_SRC)->__lock.owner && cpu_rq(RACE_SRC)->__lock.owner->cpu == RACE_X);
	PROVES("RACE-42 RACE-39", scx_root->exit_kind == SCX_EXIT_NONE);
	deq = lab_hold(AT_OP_RETURN(RACE_X, "dequeue"));
	lab_release(l4);
	assert_true(lab_held(deq));
	PROVES("RACE-39 CUST-11 CUST-13", fell_back_to_global());
	PROVES("RACE-39", lab_called(p, "dequeue(0x0)@2") && p->scx.slice == RACE_SLICE);
	lab_release(deq);
	lab_run(1 * MS);
	PROVES("RACE-39", lab_exited(SCX_EXIT_ERROR, "target CPU 3 not allowed for p"));
}

static void race_40_destination_goes_offline(void **state)
{
	struct lab_hold *l4;

	(void)state;
	setup_queued();
	x_at(l4 = lab_hold(AT_HOLDING(RACE_X, p, YIELD_READ), .skip = 1));
	/* As the hotplug path leaves it; a whole one waits for x. */
	cpumask_clear_cpu(RACE_Y, machine()->active_mask);
	lab_forget();
	lab_release(l4);
	cpumask_set_cpu(RACE_Y, machine()->active_mask);
	PROVES("RACE-40 CUST-11", fell_back_to_global());
	PROVES("RACE-40", lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE) == 1);
	PROVES("RACE-40 OPSS-42", scx_root->exit_kind == SCX_EXIT_NONE);
	PROVES("RACE-40", lab_called(p, "dequeue(0x0)@2 running"));
}

/* The same with a CPU that really goes: once it is no longer active, the verdict is refused. */
static void race_40_destination_is_taken_down(void **state)
{
	struct lab_hold *l3b;

	(void)state;
	race_ops = say_ops;
	race_ops.cpu_online = say_cpu_online;	/* else a hotplug event ends the policy */
	race_ops.cpu_offline = say_cpu_offline;
	setup_queued();
	x_at(l3b = lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC)));
	lab_forget();
	lab_offline(RACE_Y);
	assert_false(cpu_active(RACE_Y));
	PROVES("RACE-40", lab_called(p, "") && p->scx.holding_cpu == RACE_X);
	lab_release(l3b);
	lab_run(1 * MS);
	PROVES("RACE-40 CUST-11", lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE) == 1 && race_dequeue.flags == 0);
	PROVES("RACE-40 OPSS-42", scx_root->exit_kind == SCX_EXIT_NONE && lab_called(p, "dequeue(0x0)@2 running"));
}

static void disable_migration(void *arg)
{
	(void)arg;
	migrate_disable();
}

static void race_41_migration_disabled_task(void **state)
{
	struct lab_hold *deq;
	struct task_struct *q;

	(void)state;
	race_ops = say_ops;
	race_ops.flags = SCX_OPS_ENQ_MIGRATION_DISABLED;
	race_start();
	p = race_task("p", RACE_SRC);
	q = race_task("q", RACE_SRC);
	lab_load(&race_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_do(p, disable_migration, NULL);
	assert_true(is_migration_disabled(p));
	/* q pushes it off the CPU, and p is kept by the policy. */
	say.dsq = 0;
	p->scx.slice = 0;
	lab_wake(q);
	race_will_insert_flags(RACE_SRC, q, SCX_DSQ_LOCAL, SCX_ENQ_PREEMPT);
	race_go(RACE_SRC);
	assert_int_equal(lab_word(p) & 3, SCX_OPSS_QUEUED);
	lab_forget();
	x_at(deq = lab_hold(AT_OP_RETURN(RACE_X, "dequeue")));
	PROVES("RACE-41 CUST-11", race_dequeue.p == p && fell_back_to_global());
	lab_release(deq);
	lab_run(1 * MS);
	PROVES("RACE-41", lab_exited(SCX_EXIT_ERROR, "cannot move migration disabled p"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_37_affinity_narrowed_before_flush, race_stop),
		cmocka_unit_test_teardown(race_38_affinity_narrowed_during_the_dance, race_stop),
		cmocka_unit_test_teardown(race_39_insert_after_the_change, race_stop),
		cmocka_unit_test_teardown(race_40_destination_goes_offline, race_stop),
		cmocka_unit_test_teardown(race_40_destination_is_taken_down, race_stop),
		cmocka_unit_test_teardown(race_41_migration_disabled_task, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
