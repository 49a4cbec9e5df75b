/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths, suspension, nested interrupts, who may run while a context keeps its CPU. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <scxtwin/task.h>

#include "machine/contexts.h"
#include "machine/irq_work.h"
#include "machine/yield.h"
#include "support/machine_rig.h"

static struct machine_rig rig;
static struct mevent ev_a, ev_b, ev_c;
static int word;

static int start(void **state)
{
	(void)state;
	machine_rig_start_mode(&rig, 4, RUN_TIMED);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	assert_string_equal(rig.bug, "");
	machine_rig_stop(&rig);
	return 0;
}

static void say_event(struct mevent *ev)
{
	assert_true(in_hardirq());
	assert_true(irqs_disabled());
	machine_rig_say("%s@%llu/%d", ev->name, (unsigned long long)machine_now(), smp_processor_id());
}

static void say_service(void *arg)
{
	assert_false(irqs_disabled());
	machine_rig_say("%s/%d", (const char *)arg, smp_processor_id());
}

static void arm(struct mevent *ev, enum mrank rank, int cpu, const char *name, u64 time)
{
	mevent_init(ev, rank, cpu, say_event, name);
	mevent_arm(ev, time);
}

static void services_run_in_the_order_they_were_started(void **state)
{
	(void)state;
	ctx_spawn_service(2, "one", say_service, (void *)"one");
	ctx_spawn_service(0, "two", say_service, (void *)"two");
	assert_int_equal(machine_run(10), MACHINE_END_IDLE);
	assert_string_equal(rig.said, "one/2 two/0 ");
}

static void an_interrupt_is_a_path_that_ends_with_kernel_exit(void **state)
{
	(void)state;
	arm(&ev_a, RANK_TIMER, 1, "a", 5);
	arm(&ev_b, RANK_TIMER, 1, "b", 7);
	machine_run(10);
	assert_string_equal(rig.said, "a@5/1 b@7/1 ");
	assert_int_equal(rig.nr_exits, 2);
	assert_false(mcpu(1)->in_kernel);
}

static void sleep_with_irqs_off(void *arg)
{
	local_irq_disable();
	machine_rig_say("off");
	ctx_sleep_until((u64)(uintptr_t)arg);
	machine_rig_say("on@%llu", (unsigned long long)machine_now());
	local_irq_enable();
	machine_rig_say("end");
}

static void raised_while_off_comes_at_the_enable_in_rank_order(void **state)
{
	(void)state;
	ctx_spawn_service(1, "s", sleep_with_irqs_off, (void *)100);
	arm(&ev_a, RANK_IPI, 1, "ipi", 20);
	arm(&ev_b, RANK_TICK, 1, "tick", 50);
	arm(&ev_c, RANK_TIMER, 2, "elsewhere", 30);
	machine_run(200);
	assert_string_equal(rig.said, "off elsewhere@30/2 on@100 tick@100/1 ipi@100/1 end ");
}

static void sleep_on(void *arg)
{
	machine_rig_say("begin");
	ctx_sleep_until((u64)(uintptr_t)arg);
	machine_rig_say("end@%llu", (unsigned long long)machine_now());
}

static void a_service_that_waits_with_irqs_on_holds_back_no_interrupt(void **state)
{
	(void)state;
	ctx_spawn_service(1, "s", sleep_on, (void *)100);
	arm(&ev_a, RANK_TICK, 1, "tick", 50);
	machine_run(200);
	assert_string_equal(rig.said, "begin tick@50/1 end@100 ");
}

/* A CPU's own context waits inside an interrupt with interrupts enabled again. */
static void wait_in_interrupt(struct mevent *ev)
{
	machine_rig_say("%s", ev->name);
	local_irq_enable();
	ctx_sleep_until(100);
	local_irq_disable();
	machine_rig_say("%s-end@%llu", ev->name, (unsigned long long)machine_now());
}

static void an_own_context_that_waits_with_irqs_on_takes_nested_interrupts(void **state)
{
	(void)state;
	mevent_init(&ev_a, RANK_TIMER, 1, wait_in_interrupt, "outer");
	mevent_arm(&ev_a, 10);
	arm(&ev_b, RANK_IPI, 1, "ipi", 40);
	arm(&ev_c, RANK_TICK, 1, "tick", 60);
	machine_run(200);
	assert_string_equal(rig.said, "outer ipi@40/1 tick@60/1 outer-end@100 ");
	assert_int_equal(rig.nr_exits, 1);
}

static void wait_in_interrupt_with_irqs_off(struct mevent *ev)
{
	machine_rig_say("%s", ev->name);
	ctx_sleep_until(100);
	machine_rig_say("%s-end@%llu", ev->name, (unsigned long long)machine_now());
}

static void an_own_context_that_waits_with_irqs_off_delays_them(void **state)
{
	(void)state;
	mevent_init(&ev_a, RANK_TIMER, 1, wait_in_interrupt_with_irqs_off, "outer");
	mevent_arm(&ev_a, 10);
	arm(&ev_b, RANK_IPI, 1, "ipi", 40);
	arm(&ev_c, RANK_TICK, 1, "tick", 60);
	machine_run(200);
	assert_string_equal(rig.said, "outer outer-end@100 tick@100/1 ipi@100/1 ");
}

static void not_preemptible(void *arg)
{
	(void)arg;
	preempt_disable();
	ctx_sleep_until(100);
	machine_rig_say("kept-until@%llu", (unsigned long long)machine_now());
	preempt_enable();
}

static void nobody_else_runs_on_a_cpu_whose_service_is_not_preemptible(void **state)
{
	(void)state;
	ctx_spawn_service(1, "keeper", not_preemptible, NULL);
	ctx_spawn_service(1, "second", say_service, (void *)"second");
	ctx_spawn_service(2, "third", say_service, (void *)"third");
	arm(&ev_a, RANK_TICK, 1, "tick", 50);
	machine_run(200);
	/* Interrupts are on: the tick comes in time. */
	assert_string_equal(rig.said, "third/2 tick@50/1 kept-until@100 second/1 ");
}

static void exit_only_when_nobody_keeps(int cpu)
{
	machine_rig_say("exit%d%s", cpu, mcpu(cpu)->held_by ? "-kept" : "");
}

static void preempt_enable_makes_up_for_a_missed_way_out(void **state)
{
	(void)state;
	rig.on_exit = exit_only_when_nobody_keeps;
	ctx_spawn_service(1, "keeper", not_preemptible, NULL);
	arm(&ev_a, RANK_TICK, 1, "tick", 50);
	machine_run(200);
	assert_string_equal(rig.said, "tick@50/1 exit1-kept kept-until@100 exit1 ");
}

/* ---- task contexts */

static struct task_struct task_p, task_q;

static void call(void *arg)
{
	machine_rig_say("%s", (const char *)arg);
	ctx_suspend(&word, "word");
	machine_rig_say("%s-end", (const char *)arg);
}

static void write_word(struct mevent *ev)
{
	(void)ev;
	word++;
	object_written(&word);
	machine_rig_say("written");
}

static void give_cpu_to_p(struct mevent *ev)
{
	(void)ev;
	rig.curr[1] = &task_p;
	machine_rig_say("p-runs");
}

static void a_call_goes_on_only_while_its_task_has_the_cpu(void **state)
{
	(void)state;
	rig.curr[1] = &task_p;
	ctx_spawn_task(1, &task_p, "call", call, (void *)"call");
	machine_run(1);
	rig.curr[1] = &task_q;
	mevent_init(&ev_a, RANK_OUTSIDE, 2, write_word, "write");
	mevent_arm(&ev_a, 10);
	mevent_init(&ev_b, RANK_OUTSIDE, 1, give_cpu_to_p, "switch");
	mevent_arm(&ev_b, 20);
	machine_run(100);
	assert_string_equal(rig.said, "call written p-runs call-end done1 ");
}

/* ---- many contexts, stacks */

#define MANY 3000
static u32 nr_ended;

static void wait_for_word(void *arg)
{
	char frame[512];

	memset(frame, (int)(uintptr_t)arg, sizeof(frame));
	await(&word, word, "word");
	assert_int_equal((u8)frame[17], (u8)(uintptr_t)arg);
	nr_ended++;
}

static void thousands_of_contexts_can_be_suspended(void **state)
{
	uintptr_t i;

	(void)state;
	word = 0;
	nr_ended = 0;
	for (i = 0; i < MANY; i++)
		ctx_spawn_service((int)(i % 4), "many", wait_for_word, (void *)i);
	assert_int_equal(machine_run(1), MACHINE_END_IDLE);
	assert_int_equal(nr_ended, 0);
	mevent_init(&ev_a, RANK_OUTSIDE, 0, write_word, "write");
	mevent_arm(&ev_a, 10);
	assert_int_equal(machine_run(20), MACHINE_END_IDLE);
	assert_int_equal(nr_ended, MANY);
}

static u32 nr_parked(void)
{
	const struct list_head *n;
	u32 nr = 0;

	for (n = machine()->contexts->parked.next; n != &machine()->contexts->parked; n = n->next)
		nr++;
	return nr;
}

static void stacks_are_used_again(void **state)
{
	int round;

	(void)state;
	for (round = 1; round <= 20; round++) {
		ctx_spawn_service(0, "s", sleep_on, (void *)(uintptr_t)(machine_now() + 10));
		machine_run(machine_now() + 20);
	}
	assert_true(nr_parked() <= 3);
}

static void an_unfinished_run_can_be_thrown_away(void **state)
{
	(void)state;
	ctx_spawn_service(0, "s", sleep_on, (void *)1000);
	ctx_spawn_service(1, "s", sleep_with_irqs_off, (void *)1000);
	assert_int_equal(machine_run(10), MACHINE_END_TIME);
	assert_int_equal(machine_now(), 10);
}

static void runs_go_on_where_they_stopped(void **state)
{
	(void)state;
	ctx_spawn_service(0, "s", sleep_on, (void *)1000);
	assert_int_equal(machine_run(10), MACHINE_END_TIME);
	assert_int_equal(machine_run(999), MACHINE_END_TIME);
	assert_string_equal(rig.said, "begin ");
	assert_int_equal(machine_run(1000), MACHINE_END_IDLE);
	assert_string_equal(rig.said, "begin end@1000 ");
}

static void stop_at_once(struct mevent *ev)
{
	(void)ev;
	machine_stop(-7);
	machine_stop(-8);
}

static void stopped_runs_keep_the_first_result(void **state)
{
	(void)state;
	mevent_init(&ev_a, RANK_OUTSIDE, 0, stop_at_once, "stop");
	mevent_arm(&ev_a, 5);
	arm(&ev_b, RANK_OUTSIDE, 0, "never", 6);
	assert_int_equal(machine_run(10), MACHINE_END_STOPPED);
	assert_int_equal(machine()->result, -7);
	assert_int_equal(machine_run(20), MACHINE_END_STOPPED);
	assert_string_equal(rig.said, "");
}

static void abort_here(struct mevent *ev)
{
	(void)ev;
	assert_int_equal(current_ctx()->hardirq_count, 2);
	machine_abort(-5);
}

static void nest(struct mevent *ev)
{
	(void)ev;
	mevent_init(&ev_b, RANK_IPI, 1, abort_here, "abort");
	mevent_arm(&ev_b, machine_now());
	local_irq_enable();
	ctx_sleep_until(100);
	local_irq_disable();
}

static void a_nested_path_can_leave_the_simulation_at_once(void **state)
{
	(void)state;
	ctx_spawn_service(2, "s", sleep_with_irqs_off, (void *)1000);
	mevent_init(&ev_a, RANK_TIMER, 1, nest, "nest");
	mevent_arm(&ev_a, 5);
	assert_int_equal(machine_run(50), MACHINE_END_STOPPED);
	assert_int_equal(machine()->result, -5);
	assert_int_equal(smp_processor_id(), 0);
	assert_false(machine_running());
}

static void continue_twice(void *arg)
{
	(void)arg;
	machine_continue_cpu(3);
	machine_continue_cpu(3);
}

static void a_continued_cpu_goes_through_kernel_exit_once(void **state)
{
	(void)state;
	rig.on_exit = exit_only_when_nobody_keeps;
	ctx_spawn_service(0, "s", continue_twice, NULL);
	machine_run(10);
	assert_string_equal(rig.said, "exit3 ");
}

/* ---- several simulations */

#define ROUNDS 50

static void *run_again_and_again(void *arg)
{
	struct machine_rig *own = arg;
	struct mevent tick;
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		machine_rig_start_mode(own, 4, RUN_TIMED);
		ctx_spawn_service(1, "s", sleep_with_irqs_off, (void *)100);
		mevent_init(&tick, RANK_TICK, 1, say_event, "tick");
		mevent_arm(&tick, 50);
		if (machine_run(200) != MACHINE_END_IDLE)
			return (void *)1;
		if (i + 1 < ROUNDS)
			machine_rig_stop(own);
	}
	return NULL;
}

static void two_threads_run_simulations_at_once(void **state)
{
	static struct machine_rig rigs[2];
	pthread_t threads[2];
	void *result;
	int i;

	(void)state;
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_again_and_again, &rigs[i]), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
		assert_string_equal(rigs[i].said, "off on@100 tick@100/1 end ");
	}
	for (i = 0; i < 2; i++)
		machine_rig_stop(&rigs[i]);
}

static void two_simulations_of_one_thread_take_turns(void **state)
{
	static struct machine_rig first, second;

	(void)state;
	machine_rig_start_mode(&first, 2, RUN_TIMED);
	ctx_spawn_service(0, "s", sleep_on, (void *)100);
	machine_rig_start_mode(&second, 64, RUN_TIMED);
	ctx_spawn_service(63, "s", sleep_on, (void *)10);
	assert_int_equal(machine_run(5), MACHINE_END_TIME);
	this_sim = &first.sim;
	assert_int_equal(machine_run(50), MACHINE_END_TIME);
	assert_int_equal(machine_now(), 50);
	this_sim = &second.sim;
	assert_int_equal(machine_now(), 5);
	assert_int_equal(machine_run(50), MACHINE_END_IDLE);
	this_sim = &first.sim;
	assert_int_equal(machine_run(150), MACHINE_END_IDLE);
	assert_int_equal(machine_now(), 100);
	assert_string_equal(second.said, "begin begin end@10 end@100 ");
	machine_rig_stop(&first);
	machine_rig_stop(&second);
}

#define test(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(services_run_in_the_order_they_were_started),
		test(an_interrupt_is_a_path_that_ends_with_kernel_exit),
		test(raised_while_off_comes_at_the_enable_in_rank_order),
		test(a_service_that_waits_with_irqs_on_holds_back_no_interrupt),
		test(an_own_context_that_waits_with_irqs_on_takes_nested_interrupts),
		test(an_own_context_that_waits_with_irqs_off_delays_them),
		test(nobody_else_runs_on_a_cpu_whose_service_is_not_preemptible),
		test(preempt_enable_makes_up_for_a_missed_way_out),
		test(a_call_goes_on_only_while_its_task_has_the_cpu),
		test(thousands_of_contexts_can_be_suspended),
		test(stacks_are_used_again),
		test(an_unfinished_run_can_be_thrown_away),
		test(runs_go_on_where_they_stopped),
		test(stopped_runs_keep_the_first_result),
		test(a_nested_path_can_leave_the_simulation_at_once),
		test(a_continued_cpu_goes_through_kernel_exit_once),
		cmocka_unit_test(two_threads_run_simulations_at_once),
		cmocka_unit_test(two_simulations_of_one_thread_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
