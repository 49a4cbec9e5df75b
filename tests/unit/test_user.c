/* SPDX-License-Identifier: GPL-2.0-only */
/* Run bursts: time in the kernel stops them, and every task gets what it asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/ext_rig.h"

#define MS NSEC_PER_MSEC
#define US NSEC_PER_USEC

static struct ext_rig rig;

static const struct ext_step one_ms[] = {
	{ STEP_RUN, 1 * MS }, { STEP_EXIT, 0 }, { STEP_AGAIN, 0 },
};
static const struct ext_step runner[] = { { STEP_RUN, 1000 * MS }, { STEP_AGAIN, 0 } };
static const struct ext_step restless[] = { { STEP_YIELD, 0 }, { STEP_AGAIN, 0 } };

static void begin(enum run_mode mode)
{
	struct machine_config cfg;

	machine_config_default(&cfg);
	cfg.nr_cpus = 2;
	cfg.mode = mode;
	cfg.cost_ns[COST_switch] = 10 * US;
	cfg.cost_ns[COST_irq] = 3 * US;
	cfg.cost_ns[COST_tick] = 2 * US;
	ext_rig_start_cfg(&rig, &cfg);
}

static int stop(void **state)
{
	(void)state;
	assert_int_equal(rig.nr_warnings, 0);
	ext_rig_stop(&rig);
	return 0;
}

static struct mevent timer;

static void nothing(struct mevent *ev)
{
	(void)ev;
}

static u64 left_of(const struct task_struct *p)
{
	return core_of(p)->burst_ns;
}

static void a_burst_counts_the_time_in_user_mode(void **state)
{
	struct task_struct *p;

	(void)state;
	begin(RUN_TIMED);
	p = ext_rig_task(&rig, runner, 1);
	mevent_init(&timer, RANK_TIMER, 1, nothing, "timer");
	mevent_arm(&timer, 400 * US);
	ext_rig_run(&rig, 500 * US);
	assert_true(cpu_rq(1)->burst_running);
	assert_int_equal(cpu_rq(1)->burst.time, 1000 * MS);
	assert_ptr_equal(cpu_rq(1)->curr, p);
}

static void time_in_the_kernel_stops_a_burst(void **state)
{
	struct task_struct *p;
	u64 end;

	(void)state;
	begin(RUN_COSTED);
	p = ext_rig_task(&rig, runner, 1);
	ext_rig_run(&rig, 100 * US);
	end = cpu_rq(1)->burst.time;
	mevent_init(&timer, RANK_TIMER, 1, nothing, "timer");
	mevent_arm(&timer, machine_now() + 100 * US);
	ext_rig_run(&rig, 200 * US);
	assert_int_equal(cpu_rq(1)->burst.time, end + 3 * US); /* COST_irq */
	assert_ptr_equal(cpu_rq(1)->curr, p);
}

static void keep_the_cpu(void *arg)
{
	u32 i;

	(void)arg;
	local_irq_disable();
	for (i = 0; i < 20; i++)
		machine_spend(COST_switch);
	local_irq_enable();
}

static void begin_worker(struct mevent *ev)
{
	(void)ev;
	ctx_spawn_service(1, "worker", keep_the_cpu, NULL);
}

/* A kernel worker keeps interrupts off over the end of the burst, which then comes late. */
static void a_worker_that_keeps_the_cpu_delays_the_end_of_a_burst(void **state)
{
	(void)state;
	begin(RUN_COSTED);
	assert_non_null(ext_rig_task(&rig, one_ms, 1));
	ext_rig_run(&rig, 100 * US);
	mevent_init(&timer, RANK_TIMER, 1, begin_worker, "timer");
	mevent_arm(&timer, cpu_rq(1)->burst.time - 50 * US);
	ext_rig_run(&rig, 1 * MS + 100 * US);
	assert_int_equal(core_sched()->nr_runnable, 0);
	assert_ptr_equal(cpu_rq(1)->curr, cpu_rq(1)->idle);
}

static void a_task_ends_once_it_had_its_time(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	begin(RUN_TIMED);
	p = ext_rig_task(&rig, one_ms, 1);
	q = ext_rig_task(&rig, one_ms, 1);
	assert_int_equal(left_of(p) + left_of(q), 1 * MS);
	ext_rig_run(&rig, 2 * MS - 1);
	assert_int_equal(core_sched()->nr_runnable, 1);
	ext_rig_run(&rig, 1);
	assert_int_equal(core_sched()->nr_runnable, 0);
	assert_ptr_equal(cpu_rq(1)->curr, cpu_rq(1)->idle);
}

static void a_task_without_bursts_cannot_stop_time(void **state)
{
	u64 before;

	(void)state;
	begin(RUN_TIMED);
	before = machine_now();
	assert_non_null(ext_rig_task(&rig, restless, 1));
	ext_rig_run(&rig, 1 * MS);
	assert_true(machine_now() >= before + 1 * MS);
}

#define test(f) cmocka_unit_test_teardown(f, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_burst_counts_the_time_in_user_mode),
		test(time_in_the_kernel_stops_a_burst),
		test(a_worker_that_keeps_the_cpu_delays_the_end_of_a_burst),
		test(a_task_ends_once_it_had_its_time),
		test(a_task_without_bursts_cannot_stop_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
