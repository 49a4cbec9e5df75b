/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "report/conservation.h"

#include "feed_metrics.h"

/* What a CPU idles while others wait for: 2 CPUs, task 1 runs on CPU 0, task 2 waits. */
static void an_idle_cpu_beside_a_waiting_task_is_a_violation(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 2);
	feed_born(&f, 0, 1);
	feed_switch(&f, 0, 0, 0, 0, 1);
	feed_born(&f, 100, 2);
	feed_switch(&f, 130, 1, 0, 0, 2);
	feed_switch(&f, 200, 1, 2, 0, 0);
	feed_switch(&f, 250, 1, 0, 0, 2);
	r = feed_finish(&f, 300);
	assert_int_equal(r->conservation.nr_violations, 2);
	assert_int_equal(r->conservation.violated_ns, 80);
	assert_int_equal(r->conservation.longest_ns, 50);
	assert_int_equal(r->conservation.lost_ns, 80);
	scxtwin_metrics_free(f.m);
}

static void what_lasts_no_time_is_no_violation(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed_born(&f, 10, 1);
	feed_switch(&f, 10, 0, 0, 0, 1);
	feed_switch(&f, 20, 0, 1, 0, 0);
	feed_switch(&f, 20, 0, 0, 0, 1);
	r = feed_finish(&f, 30);
	assert_int_equal(r->conservation.nr_violations, 0);
	assert_int_equal(r->conservation.violated_ns, 0);
	scxtwin_metrics_free(f.m);
}

static void one_stretch_is_one_violation_whatever_happens_within(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 2);
	feed_born(&f, 0, 1);
	feed_born(&f, 10, 2);
	feed_switch(&f, 20, 0, 0, 0, 1);
	feed_switch(&f, 30, 0, 1, 0, 0);
	feed_switch(&f, 30, 0, 0, 0, 1);
	feed_switch(&f, 40, 1, 0, 0, 2);
	r = feed_finish(&f, 50);
	assert_int_equal(r->conservation.nr_violations, 1);
	assert_int_equal(r->conservation.violated_ns, 40);
	assert_int_equal(r->conservation.longest_ns, 40);
	/* Two CPUs and two tasks from 10 to 20, else one of each. */
	assert_int_equal(r->conservation.lost_ns, 50);
	scxtwin_metrics_free(f.m);
}

static void a_cpu_that_the_task_may_not_use_does_not_count(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 2);
	f.mask[2] = 1;
	feed_born(&f, 0, 1);
	feed_switch(&f, 0, 0, 0, 0, 1);
	feed_born(&f, 0, 2);
	/* From 100 on it may use CPU 1 as well. */
	f.mask[2] = 3;
	feed(&f, 100, SCXTWIN_EV_ATTR, 0, 2, SCXTWIN_ATTR_AFFINITY, 0);
	feed_switch(&f, 110, 1, 0, 0, 2);
	r = feed_finish(&f, 200);
	assert_int_equal(r->conservation.nr_violations, 1);
	assert_int_equal(r->conservation.violated_ns, 10);
	scxtwin_metrics_free(f.m);
}

static void a_cpu_that_is_offline_does_not_count(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 2);
	feed(&f, 0, SCXTWIN_EV_CPU_HOTPLUG, 1, SCXTWIN_NO_TASK, 0, 0);
	feed_born(&f, 0, 1);
	feed_switch(&f, 0, 0, 0, 0, 1);
	feed_born(&f, 0, 2);
	feed(&f, 70, SCXTWIN_EV_CPU_HOTPLUG, 1, SCXTWIN_NO_TASK, 1, 0);
	r = feed_finish(&f, 100);
	assert_int_equal(r->conservation.violated_ns, 30);
	scxtwin_metrics_free(f.m);
}

/*
 * The classes against a plain count over all CPUs and tasks, in a machine of 130
 * CPUs (more than two words) with more masks than one word of class bits.
 */
#define CPUS	130
#define MASKS	100

static u64 masks[MASKS][3];
static bool idle[CPUS];
static u32 waiting[MASKS];

static bool violated_by_count(void)
{
	u32 k, cpu;

	for (k = 0; k < MASKS; k++) {
		for (cpu = 0; waiting[k] && cpu < CPUS; cpu++) {
			if (idle[cpu] && masks[k][cpu / 64] >> cpu % 64 & 1)
				return true;
		}
	}
	return false;
}

static void classes_agree_with_a_count_over_everything(void **state)
{
	struct conservation c;
	u32 classes[MASKS], i, k, nr_violated = 0;
	u64 x = 1;

	(void)state;
	memset(waiting, 0, sizeof(waiting));
	memset(idle, 1, sizeof(idle));
	assert_int_equal(conservation_init(&c, CPUS), 0);
	for (k = 0; k < MASKS; k++) {
		masks[k][k % 3] = 1ULL << k % 60 | 1ULL << k / 60;
		classes[k] = conservation_class_get(&c, masks[k]);
	}
	for (i = 0; i < CPUS; i++)
		conservation_cpu(&c, i, idle[i] = false);
	for (i = 0; i < 20000; i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		k = (u32)(x >> 33) % MASKS;
		if (x >> 60 < 5) {
			const u32 cpu = (u32)(x >> 33) % CPUS;

			idle[cpu] = x >> 59 & 1 && i % 3 == 0;
			conservation_cpu(&c, cpu, idle[cpu]);
		} else if (x >> 60 < 8 && i % 4 == 0) {
			conservation_wait(&c, classes[k], true);
			waiting[k]++;
		} else if (waiting[k]) {
			conservation_wait(&c, classes[k], false);
			waiting[k]--;
		}
		assert_int_equal(violated_by_count(), c.nr_violating > 0);
		nr_violated += c.nr_violating > 0;
	}
	/* Both answers were given often. */
	assert_true(nr_violated > 1000 && nr_violated < 19000);
	for (k = 0; k < MASKS; k++) {
		while (waiting[k]--)
			conservation_wait(&c, classes[k], false);
		conservation_class_put(&c, classes[k]);
	}
	assert_int_equal(c.nr_violating, 0);
	assert_int_equal(c.nr_pairs, 0);
	conservation_free(&c);
}

static void equal_masks_share_a_class_and_numbers_are_used_again(void **state)
{
	const u64 a[] = { 1 }, b[] = { 2 }, every[] = { ~0ULL };
	struct conservation c;
	u32 x, y;

	(void)state;
	assert_int_equal(conservation_init(&c, 4), 0);
	assert_int_equal(conservation_class_get(&c, NULL), 0);
	assert_int_equal(conservation_class_get(&c, every), 0);
	x = conservation_class_get(&c, a);
	assert_int_equal(conservation_class_get(&c, a), x);
	y = conservation_class_get(&c, b);
	assert_true(x && y && x != y);
	conservation_class_put(&c, x);
	conservation_class_put(&c, x);
	assert_int_equal(conservation_class_get(&c, every), 0);
	assert_int_equal(conservation_class_get(&c, a), x);
	conservation_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_cpu_beside_a_waiting_task_is_a_violation),
		cmocka_unit_test(what_lasts_no_time_is_no_violation),
		cmocka_unit_test(one_stretch_is_one_violation_whatever_happens_within),
		cmocka_unit_test(a_cpu_that_the_task_may_not_use_does_not_count),
		cmocka_unit_test(a_cpu_that_is_offline_does_not_count),
		cmocka_unit_test(classes_agree_with_a_count_over_everything),
		cmocka_unit_test(equal_masks_share_a_class_and_numbers_are_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
