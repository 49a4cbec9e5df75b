/* SPDX-License-Identifier: GPL-2.0-only */
/* State table, weights, ids and fresh entities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/ext_rig.h"

static struct ext_rig rig;
static struct task_struct *p;

static const struct ext_step sleeper[] = { { STEP_SLEEP, 0 }, { STEP_AGAIN, 0 } };

static int start(void **state)
{
	(void)state;
	ext_rig_start(&rig, 2, 1, 0, 1);
	p = ext_rig_task(&rig, sleeper, 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	ext_rig_stop(&rig);
	return 0;
}

#define NR_STATES 6

static void life_01_transitions_warn_as_in_the_table(void **state)
{
	/* rows: from, columns: to; NONE, INIT_BEGIN, INIT, READY, ENABLED, DEAD */
	static const char *const table[NR_STATES] = {
		"oo...o",
		"o.o..o",
		"o..o..",
		"o...o.",
		"o..o..",
		"......",
	};

	(void)state;
	for (u32 from = 0; from < NR_STATES; from++) {
		for (u32 to = 0; to < NR_STATES; to++) {
			const u64 warnings = rig.nr_warnings + (table[from][to] == '.');

			p->scx.flags = from << SCX_TASK_STATE_SHIFT | SCX_TASK_DEQD_FOR_SLEEP;
			scx_set_task_state(p, to << SCX_TASK_STATE_SHIFT);
			assert_int_equal(rig.nr_warnings, warnings);
			assert_int_equal(scx_get_task_state(p), to << SCX_TASK_STATE_SHIFT);
			assert_true(p->scx.flags & SCX_TASK_DEQD_FOR_SLEEP);
		}
	}
}

static void life_02_init_asks_for_a_new_stamp(void **state)
{
	(void)state;
	p->scx.flags = SCX_TASK_INIT_BEGIN;
	scx_set_task_state(p, SCX_TASK_INIT);
	assert_true(p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT);
}

static void life_03_a_fresh_entity(void **state)
{
	struct sched_ext_entity scx;

	(void)state;
	init_scx_entity(&scx);
	assert_null(scx.dsq);
	assert_int_equal(scx.sticky_cpu, -1);
	assert_int_equal(scx.holding_cpu, -1);
	assert_int_equal(scx.runnable_cpu, -1);
	assert_int_equal(scx.ddsp_dsq_id, SCX_DSQ_INVALID);
	assert_int_equal(scx.slice, 20000000);
	assert_int_equal(scx.flags, 0);
	assert_int_equal(scx.ops_state.counter, 0);
}

static void life_48_weights_of_nice_values(void **state)
{
	static const struct {
		s32 nice;
		u32 weight;
	} table[] = {
		{ -20, 8668 }, { -10, 932 }, { -5, 305 }, { -1, 125 }, { 0, 100 },
		{ 1, 80 }, { 5, 33 }, { 10, 11 }, { 15, 4 }, { 19, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		p->static_prio = NICE_TO_PRIO(table[i].nice);
		assert_int_equal(scx_task_weight(p), table[i].weight);
	}
	p->policy = SCHED_IDLE;
	assert_int_equal(scx_task_weight(p), 1);
}

static void life_63_ids_come_in_chunks_and_are_never_zero(void **state)
{
	const struct task_struct *q = ext_rig_task(&rig, sleeper, 0);

	(void)state;
	assert_int_equal(p->scx.tid, 1);
	assert_int_equal(q->scx.tid, 2);
	for (int i = 0; i < 1023; i++)
		q = ext_rig_task(&rig, sleeper, 0);
	assert_int_equal(q->scx.tid, 1025);
}

static void life_42_class_test_while_nothing_is_loaded(void **state)
{
	(void)state;
	assert_false(task_should_scx(SCHED_EXT));
	scx_state()->enabled = true;
	assert_true(task_should_scx(SCHED_EXT));
	assert_false(task_should_scx(SCHED_NORMAL));
	scx_state()->enable_state = SCX_DISABLING;
	assert_false(task_should_scx(SCHED_EXT));
	scx_state()->switching_all = true; /* LIFE-44 */
	assert_true(task_should_scx(SCHED_NORMAL));
	scx_state()->enabled = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(life_01_transitions_warn_as_in_the_table, start, stop),
		cmocka_unit_test_setup_teardown(life_02_init_asks_for_a_new_stamp, start, stop),
		cmocka_unit_test_setup_teardown(life_03_a_fresh_entity, start, stop),
		cmocka_unit_test_setup_teardown(life_48_weights_of_nice_values, start, stop),
		cmocka_unit_test_setup_teardown(life_63_ids_come_in_chunks_and_are_never_zero, start, stop),
		cmocka_unit_test_setup_teardown(life_42_class_test_while_nothing_is_loaded, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
