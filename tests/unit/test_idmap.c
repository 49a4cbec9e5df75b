/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>

#include <cmocka.h>

#include "base/idmap.h"
#include "base/mem.h"
#include "base/rng.h"

#include "expect_bug.h"

static int values[5000];

static void numbers_are_found_and_walked_in_insertion_order(void **state)
{
	enum { NR = 5000 };
	struct idmap map = { 0 };
	struct idmap_iter it;
	struct rng rng;
	static u64 ids[NR];
	u64 i;

	(void)state;
	rng_init(&rng, 1, "idmap", 0);
	for (i = 0; i < NR; i++) {
		ids[i] = rng_u64(&rng);
		assert_int_equal(idmap_add(&map, ids[i], &values[i]), 0);
	}
	assert_int_equal(idmap_count(&map), NR);
	for (i = 0; i < NR; i++)
		assert_ptr_equal(idmap_get(&map, ids[i]), &values[i]);
	it = idmap_iter(&map);
	for (i = 0; i < NR; i++) {
		assert_true(idmap_next(&it));
		assert_true(it.id == ids[i]);
		assert_ptr_equal(it.value, &values[i]);
	}
	assert_false(idmap_next(&it));
	idmap_free(&map);
	assert_int_equal(idmap_count(&map), 0);
}

static void removal_keeps_the_order_of_the_others(void **state)
{
	struct idmap map = { 0 };
	struct idmap_iter it;
	u64 i, expected = 1;

	(void)state;
	for (i = 0; i < 100; i++)
		idmap_add(&map, i, &values[i]);
	for (it = idmap_iter(&map); idmap_next(&it);)
		if (it.id % 2 == 0)
			assert_ptr_equal(idmap_remove(&map, it.id), it.value);
	idmap_add(&map, 0, &values[0]);
	for (it = idmap_iter(&map); idmap_next(&it); expected += 2)
		assert_int_equal(it.id, expected < 100 ? expected : 0);
	assert_int_equal(expected, 103);
	assert_null(idmap_remove(&map, 2));
	idmap_free(&map);
}

static void names_are_owned_by_the_map(void **state)
{
	struct idmap map = { 0 };
	struct idmap_iter it;
	char name[16] = "worker";

	(void)state;
	assert_int_equal(idmap_add_name(&map, name, &values[0]), 0);
	assert_int_equal(idmap_add_name(&map, "work", &values[1]), 0);
	assert_int_equal(idmap_add_name(&map, "", &values[2]), 0);
	strcpy(name, "other");
	assert_ptr_equal(idmap_get_name(&map, "worker"), &values[0]);
	assert_ptr_equal(idmap_get_name(&map, "work"), &values[1]);
	assert_ptr_equal(idmap_get_name(&map, ""), &values[2]);
	assert_null(idmap_get_name(&map, "other"));
	it = idmap_iter(&map);
	assert_true(idmap_next(&it));
	assert_string_equal(it.name, "worker");
	assert_ptr_equal(idmap_remove_name(&map, "worker"), &values[0]);
	assert_null(idmap_remove_name(&map, "worker"));
	assert_int_equal(idmap_count(&map), 2);
	idmap_free(&map);
}

static void keys_are_unique(void **state)
{
	struct idmap map = { 0 }, names = { 0 };

	(void)state;
	assert_int_equal(idmap_add(&map, 7, &values[0]), 0);
	assert_int_equal(idmap_add(&map, 7, &values[1]), -EEXIST);
	assert_ptr_equal(idmap_get(&map, 7), &values[0]);
	assert_int_equal(idmap_add_name(&names, "a", &values[0]), 0);
	assert_int_equal(idmap_add_name(&names, "a", &values[1]), -EEXIST);
	expect_bug(idmap_add(&map, 8, NULL), "!value");
	expect_bug(idmap_add_name(&names, "b", NULL), "!value");
	idmap_free(&map);
	idmap_free(&names);
}

static void each_failing_allocation_leaves_a_sound_map(void **state)
{
	struct idmap map;
	u64 n, i, added;
	int ret;

	(void)state;
	for (n = 1; n < 400; n++) {
		map = (struct idmap){ 0 };
		mem_fail_after(n);
		added = 0;
		ret = 0;
		for (i = 0; i < 350 && !ret; i++) {
			ret = idmap_add(&map, i * 64, &values[i]);
			added += !ret;
		}
		mem_fail_after(0);
		assert_true(ret == -ENOMEM || added == 350);
		for (i = 0; i < 350; i++)
			assert_ptr_equal(idmap_get(&map, i * 64), i < added ? &values[i] : NULL);
		assert_int_equal(idmap_add_name(&map, "x", &values[0]), 0);
		assert_int_equal(idmap_count(&map), added + 1);
		idmap_free(&map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_found_and_walked_in_insertion_order),
		cmocka_unit_test(removal_keeps_the_order_of_the_others),
		cmocka_unit_test(names_are_owned_by_the_map),
		cmocka_unit_test(keys_are_unique),
		cmocka_unit_test(each_failing_allocation_leaves_a_sound_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
