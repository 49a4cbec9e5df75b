/* SPDX-License-Identifier: GPL-2.0-only */
/* Two run queue locks at a time: spec 22.7, LOCK-02. */
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

static bool yielded;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	return 0;
}

static void yield_to_q(void *arg)
{
	(void)arg;
	yielded = yield_to(q, false);
}

/* p yields to q; both locks are wanted, that of CPU 0 is the first from either side. */
static void yield_across(int from, int to)
{
	struct lab_hold *second;

	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = from);
	q = lab_task("q", .cpu = to);
	ops.yield = say_yield;
	lab_load(&ops);
	lab_wake(p);
	say.dsq = SAY_DSQ;
	lab_wake(q);
	say.yielded_to = true;
	yielded = false;
	second = lab_hold(.cpu = from, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	lab_call(p, yield_to_q, NULL);
	assert_true(lab_held(second));
	PROVES("LOCK-02", cpu_rq(0)->__lock.owner && !cpu_rq(1)->__lock.owner);
	lab_release(second);
	PROVES("LOCK-02", yielded);
}

static void lock_02_the_lower_cpu_comes_first(void **state)
{
	(void)state;
	yield_across(0, 1);
}

static void lock_02_also_from_the_higher_one(void **state)
{
	(void)state;
	yield_across(1, 0);
}

/* CPU 1 runs out of tasks and would take one from CPU 0, whose lock somebody has. */
static void lock_02_the_first_is_dropped_if_it_has_the_higher_number(void **state)
{
	struct lab_hold *owner;
	struct task_struct *rt;

	(void)state;
	lab_start(.cpus = 3, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 0, .cpus = 0x1);
	q = lab_task("q", .cpu = 0, .cpus = 0x1);
	rt = lab_task("rt", .cpu = 1, .cpus = 0x2, .policy = SCHED_FIFO);
	lab_wake(p);
	lab_wake(q);
	lab_wake(rt);
	owner = lab_hold(.cpu = 2, .label = "rq_lock", .kinds = LAB_KIND(YIELD_UNLOCK), .obj = &cpu_rq(0)->__lock);
	lab_from(2);
	lab_set_nice(q, 5);
	assert_true(lab_held(owner) && cpu_rq(0)->__lock.owner);
	lab_block(rt);
	PROVES("LOCK-02", lab_waits(1, "rq_lock") && !cpu_rq(1)->__lock.owner);
	lab_release(owner);
	PROVES("LOCK-02", cpu_rq(1)->curr == cpu_rq(1)->idle);
}

/* While CPU 1 has let its own lock go for that of CPU 0, what it was to take is made another's. */
static void lock_02_a_remote_move_looks_again(void **state)
{
	struct lab_hold *mover;
	struct task_struct *r;

	(void)state;
	lab_start(.cpus = 3, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0, .cpus = 0x3);
	r = lab_task("r", .cpu = 2);
	lab_load(&ops);
	lab_wake(p);
	lab_wake(r);
	say.dsq = SAY_DSQ;
	lab_wake(q);
	say.dsq = 0;
	say.pull = SAY_DSQ;
	mover = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(0)->__lock);
	lab_kick(1, 0);
	assert_true(lab_held(mover));
	PROVES("LOCK-02", !cpu_rq(1)->__lock.owner && q->scx.holding_cpu == 1);
	lab_from(2);
	lab_set_nice(q, 5);
	PROVES("LOCK-02", q->scx.holding_cpu == -1 && q->scx.flags & SCX_TASK_IN_CUSTODY);
	lab_release(mover);
	PROVES("LOCK-02", task_cpu(q) == 0 && !q->scx.dsq && q->scx.flags & SCX_TASK_IN_CUSTODY &&
			  cpu_rq(1)->curr == cpu_rq(1)->idle);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lock_02_the_lower_cpu_comes_first),
		TEST(lock_02_also_from_the_higher_one),
		TEST(lock_02_the_first_is_dropped_if_it_has_the_higher_number),
		TEST(lock_02_a_remote_move_looks_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
