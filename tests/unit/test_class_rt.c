/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/class_rig.h"

#define MS NSEC_PER_MSEC

static struct rig rig;

static int start(void **state)
{
	(void)state;
	rig_start(&rig, 4, 2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static struct task_struct *fifo(int rt_priority)
{
	return rig_task(&rig, SCHED_FIFO, rt_priority);
}

static struct task_struct *round_robin(int rt_priority)
{
	return rig_task(&rig, SCHED_RR, rt_priority);
}

static void higher_priority_preempts_equal_waits(void **state)
{
	struct task_struct *low = fifo(10), *same = fifo(10), *high = fifo(11);

	(void)state;
	rig_wake_on(&rig, low, 0);
	assert_ptr_equal(cpu_rq(0)->curr, low);
	rig_wake_on(&rig, same, 0);
	assert_ptr_equal(cpu_rq(0)->curr, low);
	rig_wake_on(&rig, high, 0);
	assert_ptr_equal(cpu_rq(0)->curr, high);
	/* Preempted, low is still first of its priority. */
	rig_block(&rig, high);
	assert_ptr_equal(cpu_rq(0)->curr, low);
	rig_block(&rig, low);
	assert_ptr_equal(cpu_rq(0)->curr, same);
}

static void only_a_higher_priority_reschedules(void **state)
{
	struct task_struct *p = fifo(10);
	struct rq *rq = cpu_rq(0);

	(void)state;
	rig_wake_on(&rig, p, 0);
	raw_spin_rq_lock(rq);
	rt_sched_class.wakeup_preempt(rq, fifo(9), WF_TTWU);
	rt_sched_class.wakeup_preempt(rq, fifo(10), WF_TTWU);
	assert_false(p->need_resched);
	rt_sched_class.wakeup_preempt(rq, fifo(11), WF_TTWU);
	assert_true(p->need_resched);
	raw_spin_rq_unlock(rq);
}

static void all_priorities_run_in_order(void **state)
{
	struct rq *rq = cpu_rq(0);
	struct task_struct *tasks[99];

	(void)state;
	for (int prio = 1; prio <= 99; prio++) {
		tasks[prio - 1] = fifo(prio);
		tasks[prio - 1]->cpus_ptr = cpumask_of(0);
		rig_wake_on(&rig, tasks[prio - 1], 0);
	}
	for (int prio = 99; prio >= 1; prio--) {
		assert_ptr_equal(rq->curr, tasks[prio - 1]);
		rig_block(&rig, rq->curr);
	}
	assert_ptr_equal(rq->curr, rq->idle);
	assert_int_equal(rq->rt.nr_running, 0);
	assert_int_equal(rq->rt.bitmap[0] | rq->rt.bitmap[1], 0);
}

static void fifo_runs_until_it_blocks(void **state)
{
	struct task_struct *a = fifo(5), *b = fifo(5);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_run_until(&rig, NSEC_PER_SEC);
	assert_int_equal(a->sum_exec_runtime, NSEC_PER_SEC);
	assert_int_equal(rig.nr_ticks, 0);
}

static void round_robin_takes_turns_of_100_ms(void **state)
{
	struct task_struct *a = round_robin(5), *b = round_robin(5);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_run_until(&rig, 99 * MS);
	assert_ptr_equal(cpu_rq(0)->curr, a);
	rig_run_until(&rig, 100 * MS);
	assert_ptr_equal(cpu_rq(0)->curr, b);
	rig_run_until(&rig, 200 * MS);
	assert_ptr_equal(cpu_rq(0)->curr, a);
	assert_int_equal(a->sum_exec_runtime, 100 * MS);
	assert_int_equal(b->sum_exec_runtime, 100 * MS);
	assert_int_equal(rig.nr_ticks, 2);
}

static void slices_run_alone_are_not_held_against_the_task(void **state)
{
	struct task_struct *a = round_robin(5), *b = round_robin(5);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_run_until(&rig, 950 * MS);
	rig_wake_on(&rig, b, 0);
	rig_run_until(&rig, 996 * MS);
	assert_ptr_equal(cpu_rq(0)->curr, a);
	rig_run_until(&rig, 1000 * MS);
	assert_ptr_equal(cpu_rq(0)->curr, b);
}

static void yield_goes_to_the_tail_of_the_priority(void **state)
{
	struct task_struct *a = fifo(5), *b = fifo(5);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_yield(&rig, 0);
	assert_ptr_equal(cpu_rq(0)->curr, b);
	rig_yield(&rig, 0);
	assert_ptr_equal(cpu_rq(0)->curr, a);
}

static void save_without_move_keeps_the_place(void **state)
{
	struct task_struct *a = fifo(5), *b = fifo(5), *c = fifo(5);
	struct rq *rq = cpu_rq(0);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_wake_on(&rig, c, 0);
	raw_spin_rq_lock(rq);
	dequeue_task(rq, b, DEQUEUE_SAVE);
	assert_int_equal(rq->rt.nr_running, 2);
	enqueue_task(rq, b, ENQUEUE_RESTORE);
	raw_spin_rq_unlock(rq);
	rig_block(&rig, a);
	assert_ptr_equal(cpu_rq(0)->curr, b);
}

static void head_flag_puts_in_front(void **state)
{
	struct task_struct *a = fifo(5), *b = fifo(5), *c = fifo(5);
	struct rq *rq = cpu_rq(0);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_wake_on(&rig, c, 0);
	raw_spin_rq_lock(rq);
	dequeue_task(rq, c, DEQUEUE_SAVE | DEQUEUE_MOVE);
	enqueue_task(rq, c, ENQUEUE_RESTORE | ENQUEUE_MOVE | ENQUEUE_HEAD);
	assert_ptr_equal(rt_sched_class.pick_task(rq), c);
	raw_spin_rq_unlock(rq);
}

static void selection_prefers_prev_with_lower_class_work(void **state)
{
	struct task_struct *fair = rig_task(&rig, SCHED_NORMAL, 0), *rt = fifo(5), *other = fifo(5);

	(void)state;
	rig_wake_on(&rig, fair, 2);
	assert_int_equal(rt_sched_class.select_task_rq(rt, 2, WF_TTWU), 2);
	rig_wake_on(&rig, rt, 2);
	/* Taken by an equal: the nearest idle CPU. */
	assert_int_equal(rt_sched_class.select_task_rq(other, 2, WF_TTWU), 3);
	/* A better one may take it nevertheless. */
	assert_int_equal(rt_sched_class.select_task_rq(fifo(6), 2, WF_TTWU), 2);
}

static void selection_stays_within_the_affinity(void **state)
{
	struct task_struct *rt = fifo(5);

	(void)state;
	rt->cpus_ptr = cpumask_of(1);
	assert_int_equal(rt_sched_class.select_task_rq(rt, 2, WF_TTWU), 1);
}

static void cpu_that_leaves_the_class_pulls_the_best_waiting(void **state)
{
	struct task_struct *a = fifo(50), *b = fifo(20), *c = fifo(30), *d = fifo(10);

	(void)state;
	rig_wake_on(&rig, a, 0);
	rig_wake_on(&rig, b, 0);
	rig_wake_on(&rig, c, 0);
	rig_wake_on(&rig, d, 3);
	rig_block(&rig, d);
	assert_ptr_equal(cpu_rq(3)->curr, c);
	assert_int_equal(c->cpu, 3);
	assert_int_equal(cpu_rq(0)->rt.nr_running, 2);
}

static void rt_runs_above_fair(void **state)
{
	struct task_struct *fair = rig_task(&rig, SCHED_NORMAL, -20), *rt = fifo(1);

	(void)state;
	rig_wake_on(&rig, fair, 0);
	rig_run_until(&rig, 1 * MS);
	rig_wake_on(&rig, rt, 0);
	assert_ptr_equal(cpu_rq(0)->curr, rt);
	rig_run_until(&rig, 9 * MS);
	rig_block(&rig, rt);
	assert_ptr_equal(cpu_rq(0)->curr, fair);
	assert_int_equal(rt->sum_exec_runtime, 8 * MS);
	assert_int_equal(fair->sum_exec_runtime, 1 * MS);
}

/* The same work with and without the ticks that first_tick() leaves out. */
static u64 round_robin_history(bool every_tick)
{
	struct task_struct *tasks[5];
	u64 history;

	rig_start(&rig, 1, 0);
	rig.every_tick = every_tick;
	for (int i = 0; i < 5; i++)
		tasks[i] = round_robin(5 + i / 3);
	for (u64 step = 1; step < 400; step++) {
		struct task_struct *p = tasks[step * 7 % 5];

		rig_run_until(&rig, step * 61 * MS + step * 12345);
		if (!p->on_rq)
			rig_wake_on(&rig, p, 0);
		else if (p->on_cpu)
			rig_block(&rig, p);
	}
	history = rig.history;
	rig_stop(&rig);
	return history;
}

static void elided_ticks_have_no_effect(void **state)
{
	(void)state;
	assert_int_equal(round_robin_history(true), round_robin_history(false));
}

#define on_rig(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_rig(higher_priority_preempts_equal_waits),
		on_rig(only_a_higher_priority_reschedules),
		on_rig(all_priorities_run_in_order),
		on_rig(fifo_runs_until_it_blocks),
		on_rig(round_robin_takes_turns_of_100_ms),
		on_rig(slices_run_alone_are_not_held_against_the_task),
		on_rig(yield_goes_to_the_tail_of_the_priority),
		on_rig(save_without_move_keeps_the_place),
		on_rig(head_flag_puts_in_front),
		on_rig(selection_prefers_prev_with_lower_class_work),
		on_rig(selection_stays_within_the_affinity),
		on_rig(cpu_that_leaves_the_class_pulls_the_best_waiting),
		on_rig(rt_runs_above_fair),
		cmocka_unit_test(elided_ticks_have_no_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
