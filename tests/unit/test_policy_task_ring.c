/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>

#include <cmocka.h>

#include "policy/task_ring.h"

static int begin(void **state)
{
	struct task_ring *r = calloc(1, sizeof(*r));

	if (!r)
		return -1;
	r->max_tasks = 8;
	*state = r;
	return 0;
}

static int end(void **state)
{
	free(*state);
	return 0;
}

static void assert_order(const struct task_ring *r, const u64 *tids, u32 nr)
{
	u64 tid = task_ring_first(r);
	u32 i;

	assert_int_equal(r->nr, nr);
	for (i = 0; i < nr; i++) {
		assert_int_equal(tid, tids[i]);
		tid = task_ring_next(r, tid);
	}
	assert_int_equal(tid, 0);
}

static void tasks_come_in_order_of_arrival(void **state)
{
	struct task_ring *r = *state;

	assert_order(r, NULL, 0);
	assert_true(task_ring_push(r, 3));
	assert_true(task_ring_push(r, 1));
	assert_true(task_ring_push(r, 8));
	assert_order(r, (const u64[]){ 3, 1, 8 }, 3);
}

static void any_task_can_be_removed(void **state)
{
	struct task_ring *r = *state;
	u64 tid;

	for (tid = 1; tid <= 5; tid++)
		assert_true(task_ring_push(r, tid));
	task_ring_remove(r, 3);
	task_ring_remove(r, 1);
	task_ring_remove(r, 5);
	assert_order(r, (const u64[]){ 2, 4 }, 2);
	task_ring_remove(r, 7);
	task_ring_remove(r, 3);
	assert_order(r, (const u64[]){ 2, 4 }, 2);
	task_ring_remove(r, 4);
	task_ring_remove(r, 2);
	assert_order(r, NULL, 0);
}

static void pushing_again_moves_to_the_tail(void **state)
{
	struct task_ring *r = *state;

	assert_true(task_ring_push(r, 1));
	assert_true(task_ring_push(r, 2));
	assert_true(task_ring_push(r, 1));
	assert_order(r, (const u64[]){ 2, 1 }, 2);
}

static void places_are_shared_but_not_at_once(void **state)
{
	struct task_ring *r = *state;

	assert_true(task_ring_push(r, 1));
	assert_false(task_ring_push(r, 9));
	assert_false(task_ring_has(r, 9));
	task_ring_remove(r, 9);
	assert_true(task_ring_has(r, 1));
	task_ring_remove(r, 1);
	assert_true(task_ring_push(r, 9));
	assert_order(r, (const u64[]){ 9 }, 1);
}

static void all_places_can_be_used(void **state)
{
	struct task_ring *r = *state;
	u64 tid;

	for (tid = 1001; tid <= 1008; tid++)
		assert_true(task_ring_push(r, tid));
	for (tid = 1001; tid <= 1008; tid++) {
		assert_int_equal(task_ring_first(r), tid);
		task_ring_remove(r, tid);
	}
	assert_order(r, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tasks_come_in_order_of_arrival, begin, end),
		cmocka_unit_test_setup_teardown(any_task_can_be_removed, begin, end),
		cmocka_unit_test_setup_teardown(pushing_again_moves_to_the_tail, begin, end),
		cmocka_unit_test_setup_teardown(places_are_shared_but_not_at_once, begin, end),
		cmocka_unit_test_setup_teardown(all_places_can_be_used, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
