/* SPDX-License-Identifier: GPL-2.0-only */
/* Configuration, the tick grid, costs, and time that cannot be stopped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "machine/context.h"
#include "support/machine_rig.h"

static struct machine_rig rig;

static void refused(u32 cpus, u32 hz, const char *text)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct machine_config cfg;
	struct sim sim = { .arena = arena_new(0) };

	machine_config_default(&cfg);
	cfg.nr_cpus = cpus;
	cfg.hz = hz;
	this_sim = &sim;
	assert_int_equal(machine_init(&cfg, NULL, &err), SCXTWIN_EINPUT);
	assert_non_null(strstr(err.msg, text));
	assert_int_equal(machine_init(&cfg, NULL, NULL), SCXTWIN_EINPUT);
	arena_free(sim.arena);
	this_sim = NULL;
}

static void machines_that_cannot_be_are_refused(void **state)
{
	(void)state;
	refused(0, 250, "0 CPUs");
	refused(4097, 250, "4097 CPUs");
	refused(4, 23, "hz 23");
	refused(4, 10001, "hz 10001");
}

static void ticks_are_on_a_grid_with_a_phase_per_cpu(void **state)
{
	struct machine_config cfg;

	(void)state;
	machine_config_default(&cfg);
	cfg.hz = 1000;
	cfg.tick_phase_ns = 300000;
	machine_rig_start(&rig, &cfg);
	assert_int_equal(machine_tick_at_or_after(0, 0), 0);
	assert_int_equal(machine_tick_at_or_after(0, 1), 1000000);
	assert_int_equal(machine_tick_at_or_after(0, 1000000), 1000000);
	assert_int_equal(machine_tick_at_or_after(1, 0), 300000);
	assert_int_equal(machine_tick_at_or_after(1, 300001), 1300000);
	assert_int_equal(machine_tick_at_or_after(3, 5000000), 5900000);
	this_sim->now = 5999999;
	assert_int_equal(jiffies(), 5);
	machine_rig_stop(&rig);
}

static void spend_two(void *arg)
{
	(void)arg;
	machine_spend(COST_callback);
	machine_rig_say("a@%llu", (unsigned long long)machine_now());
	machine_spend(COST_switch);
	machine_rig_say("b@%llu", (unsigned long long)machine_now());
}

static void spend_once(void *arg)
{
	(void)arg;
	machine_spend(COST_migrate);
	machine_rig_say("other@%llu", (unsigned long long)machine_now());
}

static void run_costs(enum run_mode mode)
{
	struct machine_config cfg;

	machine_config_default(&cfg);
	cfg.mode = mode;
	cfg.cost_ns[COST_callback] = 100;
	cfg.cost_ns[COST_switch] = 50;
	cfg.cost_ns[COST_migrate] = 120;
	machine_rig_start(&rig, &cfg);
	ctx_spawn_service(0, "s", spend_two, NULL);
	ctx_spawn_service(1, "t", spend_once, NULL);
	machine_run(1000);
	machine_rig_stop(&rig);
}

static void a_cost_suspends_until_it_is_spent_and_others_step_in(void **state)
{
	(void)state;
	run_costs(RUN_COSTED);
	assert_string_equal(rig.said, "a@100 other@120 b@150 ");
}

static void costs_are_zero_outside_costed_mode(void **state)
{
	(void)state;
	run_costs(RUN_TIMED);
	assert_string_equal(rig.said, "a@0 b@0 other@0 ");
	run_costs(RUN_EXPLORED);
	assert_string_equal(rig.said, "a@0 b@0 other@0 ");
}

static void pass_2000_times(void *arg)
{
	int i;

	(void)arg;
	for (i = 1; i <= 2000; i++) {
		machine_count_pass(smp_processor_id());
		if (i == 1000 || i == 1001 || i == 2000)
			machine_rig_say("%d@%llu", i, (unsigned long long)machine_now());
	}
}

static void passes_beyond_a_thousand_at_one_instant_cost_a_microsecond_each(void **state)
{
	(void)state;
	machine_rig_start_mode(&rig, 2, RUN_TIMED);
	ctx_spawn_service(0, "s", pass_2000_times, NULL);
	machine_run(10 * NSEC_PER_MSEC);
	assert_string_equal(rig.said, "1000@0 1001@1000 2000@1000000 ");
	assert_int_equal(rig.log.count, 1); /* said once */
	machine_rig_stop(&rig);
}

static void pass_slowly(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 3000; i++) {
		machine_count_pass(smp_processor_id());
		if (i % 500 == 499)
			ctx_sleep_until(machine_now() + 2000);
	}
	machine_rig_say("%llu", (unsigned long long)machine_now());
}

static void time_that_passes_ends_the_count(void **state)
{
	(void)state;
	machine_rig_start_mode(&rig, 2, RUN_TIMED);
	ctx_spawn_service(0, "s", pass_slowly, NULL);
	machine_run(10 * NSEC_PER_MSEC);
	assert_string_equal(rig.said, "12000 ");
	assert_int_equal(rig.log.count, 0);
	machine_rig_stop(&rig);
}

static struct mevent ev;

static void look_at_the_instant(struct mevent *e)
{
	(void)e;
	machine_rig_say("%d%d%d", machine_still_to_come(RANK_TIMER, 3), machine_still_to_come(RANK_TICK, 1),
			machine_still_to_come(RANK_TICK, 3));
}

static void what_is_still_to_come_at_an_instant_goes_by_rank_and_cpu(void **state)
{
	(void)state;
	machine_rig_start_mode(&rig, 4, RUN_TIMED);
	mevent_init(&ev, RANK_TICK, 2, look_at_the_instant, "tick");
	mevent_arm(&ev, 100);
	machine_run(200);
	assert_string_equal(rig.said, "001 ");
	machine_rig_stop(&rig);
}

static void slices_of_a_run_change_nothing(void **state)
{
	static char whole[sizeof(rig.said)];
	u64 until;

	(void)state;
	machine_rig_start_mode(&rig, 2, RUN_TIMED);
	ctx_spawn_service(0, "s", pass_2000_times, NULL);
	ctx_spawn_service(1, "t", pass_slowly, NULL);
	machine_run(10 * NSEC_PER_MSEC);
	memcpy(whole, rig.said, sizeof(whole));
	machine_rig_stop(&rig);
	machine_rig_start_mode(&rig, 2, RUN_TIMED);
	ctx_spawn_service(0, "s", pass_2000_times, NULL);
	ctx_spawn_service(1, "t", pass_slowly, NULL);
	for (until = 0; until <= 10 * NSEC_PER_MSEC; until += 777)
		machine_run(until);
	machine_run(10 * NSEC_PER_MSEC);
	assert_string_equal(rig.said, whole);
	machine_rig_stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machines_that_cannot_be_are_refused),
		cmocka_unit_test(ticks_are_on_a_grid_with_a_phase_per_cpu),
		cmocka_unit_test(a_cost_suspends_until_it_is_spent_and_others_step_in),
		cmocka_unit_test(costs_are_zero_outside_costed_mode),
		cmocka_unit_test(passes_beyond_a_thousand_at_one_instant_cost_a_microsecond_each),
		cmocka_unit_test(time_that_passes_ends_the_count),
		cmocka_unit_test(what_is_still_to_come_at_an_instant_goes_by_rank_and_cpu),
		cmocka_unit_test(slices_of_a_run_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
