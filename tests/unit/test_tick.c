/* SPDX-License-Identifier: GPL-2.0-only */
/* Ticks that could not act are left out, and nothing shows it (TCK-01, TCK-02). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <scxtwin/kfunc.h>

#include "support/ext_rig.h"

#define MS NSEC_PER_MSEC

static struct ext_rig rig;
static u64 nr_ticks, slice;

static const struct ext_step runner[] = { { STEP_RUN, 1000 * MS }, { STEP_AGAIN, 0 } };

static void begin(bool elision)
{
	struct machine_config cfg;

	machine_config_default(&cfg);
	cfg.nr_cpus = 2;
	cfg.hz = 1000;
	cfg.tick_phase_ns = 250000;
	cfg.tick_elision = elision;
	ext_rig_start_cfg(&rig, &cfg);
	nr_ticks = 0;
}

static int stop(void **state)
{
	(void)state;
	assert_int_equal(rig.nr_warnings, 0);
	ext_rig_stop(&rig);
	return 0;
}

static void on_tick(struct task_struct *p)
{
	(void)p;
	nr_ticks++;
}

static void insert(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice, enq_flags);
}

static const struct sched_ext_ops plain = { .name = "plain", .enqueue = insert };
static const struct sched_ext_ops with_tick = { .name = "ticks", .enqueue = insert, .tick = on_tick };

static void tck_02_an_idle_cpu_has_no_tick(void **state)
{
	(void)state;
	begin(false);
	ext_rig_run(&rig, 10 * MS);
	assert_false(mevent_pending(&cpu_rq(0)->tick));
	assert_int_equal(cpu_rq(0)->last_tick, UINT64_MAX);
}

static void without_elision_every_tick_of_a_busy_cpu_comes(void **state)
{
	(void)state;
	begin(false);
	assert_non_null(ext_rig_task(&rig, runner, 1));
	ext_rig_run(&rig, 10 * MS);
	assert_int_equal(cpu_rq(1)->last_tick, 9 * MS + 250000);
}

static void with_elision_the_tick_comes_when_the_slice_is_over(void **state)
{
	(void)state;
	begin(true);
	slice = 5 * MS;
	assert_int_equal(ext_rig_load(&rig, &plain), 0);
	assert_non_null(ext_rig_task(&rig, runner, 1));
	assert_non_null(ext_rig_task(&rig, runner, 1));
	assert_true(cpu_rq(1)->tick.time >= 5 * MS);
	assert_int_equal(cpu_rq(1)->tick.time % MS, 250000);
}

static void ops_tick_needs_every_tick(void **state)
{
	(void)state;
	begin(true);
	slice = SCX_SLICE_INF;
	assert_int_equal(ext_rig_load(&rig, &with_tick), 0);
	assert_non_null(ext_rig_task(&rig, runner, 1));
	nr_ticks = 0;
	ext_rig_run(&rig, 10 * MS);
	assert_int_equal(nr_ticks, 10);
}

static u64 run(bool elision, const struct sched_ext_ops *ops)
{
	u64 count;

	begin(elision);
	slice = 3 * MS;
	assert_int_equal(ext_rig_load(&rig, ops), 0);
	assert_non_null(ext_rig_task(&rig, runner, 1));
	assert_non_null(ext_rig_task(&rig, runner, 1));
	assert_non_null(ext_rig_task(&rig, runner, -1));
	ext_rig_run(&rig, 100 * MS);
	count = rig.log.count;
	return count;
}

static void no_log_shows_whether_ticks_were_left_out(void **state)
{
	static char calls[sizeof(rig.calls)];
	u64 count;

	(void)state;
	count = run(true, &plain);
	memcpy(calls, rig.calls, sizeof(calls));
	ext_rig_stop(&rig);
	assert_int_equal(run(false, &plain), count);
	assert_string_equal(rig.calls, calls);
}

#define test(f) cmocka_unit_test_teardown(f, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(tck_02_an_idle_cpu_has_no_tick),
		test(without_elision_every_tick_of_a_busy_cpu_comes),
		test(with_elision_the_tick_comes_when_the_slice_is_over),
		test(ops_tick_needs_every_tick),
		test(no_log_shows_whether_ticks_were_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
