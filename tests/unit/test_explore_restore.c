/* SPDX-License-Identifier: GPL-2.0-only */
/* Putting a simulation back to an earlier moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "explore/explorer.h"

#define SCENARIO SCXTWIN_SOURCE_DIR "/traces/explore/wake_while_idling.json"

static void arenas_forget_what_came_later(void **state)
{
	struct arena *a = arena_new(0x5a);
	struct arena_copy *copy;
	u64 *word, *later, *again;
	u32 i;

	(void)state;
	assert_non_null(a);
	word = arena_zalloc(a, 100000);
	*word = 7;
	copy = arena_save(a);
	assert_non_null(copy);
	later = arena_zalloc(a, 64);
	for (i = 0; i < 3; i++) {
		*word = 8 + i;
		/* Beyond the chunk, and chunks of their own. */
		assert_non_null(arena_zalloc(a, 200000));
		assert_non_null(arena_zalloc(a, 3000000));
		arena_restore(a, copy);
		assert_int_equal(*word, 7);
		again = arena_zalloc(a, 64);
		assert_ptr_equal(again, later);
		assert_int_equal(*again, 0);
		*again = 1;
	}
	arena_restore(a, copy);
	assert_int_equal(arena_used(a), 100000);
	arena_copy_free(copy);
	arena_free(a);
}

struct many {
	struct scxtwin_workload *w;
	struct explorer x;
};

static void open_explorer(struct many *m, const char *policy)
{
	struct scxtwin_explore_options opt;
	struct scxtwin_error err;

	scxtwin_explore_options_default(&opt);
	opt.sim.policy = policy;
	m->w = scxtwin_workload_open(SCENARIO, &err);
	assert_non_null(m->w);
	assert_int_equal(explorer_open(&m->x, &opt, m->w, &err), 0);
}

static void run_default(struct many *m, struct execution *e, u64 *nr_events)
{
	const struct departures none = { { .data = NULL } };

	assert_int_equal(explorer_repeat(&m->x, &none, false, NULL, e, NULL, 0), 0);
	*nr_events = this_sim->events->digest.lane[3];
}

static void run_random(struct many *m, u32 nr)
{
	const struct strategy_cfg cfg = { .seed = 3, .nr_shards = 1 };
	struct strategy *s = strategy_new(&strategy_random, &cfg);
	struct execution e;
	struct driver d;
	u32 i;

	assert_int_equal(explorer_driver(&m->x, &d, s), 0);
	for (i = 0; i < nr; i++)
		explorer_run(&m->x, &d, i, &e);
	driver_free(&d);
	strategy_free(s);
}

static void assert_default_run_is_the_same_after_others(const char *policy)
{
	struct execution before, after;
	u64 events_before, events_after;
	struct many m;

	open_explorer(&m, policy);
	run_default(&m, &before, &events_before);
	run_random(&m, 100);
	run_default(&m, &after, &events_after);
	assert_int_equal(before.hash, after.hash);
	assert_int_equal(before.nr_steps, after.nr_steps);
	assert_int_equal(events_before, events_after);
	explorer_close(&m.x);
	scxtwin_workload_close(m.w);
}

static void executions_leave_nothing_behind(void **state)
{
	(void)state;
	assert_default_run_is_the_same_after_others("none");
	assert_default_run_is_the_same_after_others("fifo");
	assert_default_run_is_the_same_after_others("vtime");
}

static void policies_with_large_state_are_put_back(void **state)
{
	(void)state;
	assert_default_run_is_the_same_after_others("queue");
	assert_default_run_is_the_same_after_others("central");
}

static void globals_of_shared_objects_are_put_back(void **state)
{
	(void)state;
	assert_default_run_is_the_same_after_others(SCXTWIN_BINARY_DIR "/tests/plugin/lost_wakeup.so");
}

static void executions_that_crash_are_put_back(void **state)
{
	struct execution e;
	struct many m;
	u64 first, again;

	(void)state;
	open_explorer(&m, SCXTWIN_BINARY_DIR "/tests/plugin/crash_later.so");
	run_default(&m, &e, &first);
	assert_true(e.failed);
	assert_non_null(strstr(e.violation, "the policy crashed"));
	run_default(&m, &e, &again);
	assert_true(e.failed);
	assert_int_equal(first, again);
	explorer_close(&m.x);
	scxtwin_workload_close(m.w);
}

static void a_crash_before_the_exploration_is_told(void **state)
{
	struct scxtwin_explore_options opt;
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct scxtwin_workload *w;
	struct explorer x;

	(void)state;
	scxtwin_explore_options_default(&opt);
	opt.sim.policy = SCXTWIN_BINARY_DIR "/tests/plugin/crash_enqueue.so";
	w = scxtwin_workload_open(SCENARIO, &err);
	assert_non_null(w);
	assert_int_equal(explorer_open(&x, &opt, w, &err), SCXTWIN_EFAILED);
	assert_non_null(strstr(err.msg, "the policy crashed"));
	scxtwin_workload_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arenas_forget_what_came_later),
		cmocka_unit_test(executions_leave_nothing_behind),
		cmocka_unit_test(policies_with_large_state_are_put_back),
		cmocka_unit_test(globals_of_shared_objects_are_put_back),
		cmocka_unit_test(executions_that_crash_are_put_back),
		cmocka_unit_test(a_crash_before_the_exploration_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
