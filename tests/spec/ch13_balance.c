/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: evening out the bypass DSQs (spec 13.17). */
#include <stdio.h>

#include "dsq_rig.h"

#define MAX_CROWD	40

static struct task_struct *crowd[MAX_CROWD], *guests[MAX_CROWD], *hogs[4];
static u32 nr_names;

static void do_bypass(void *arg UNUSED)
{
	scx_bypass(scx_root, true);
}

static void make(struct task_struct **who, u32 nr, int cpu, u64 cpus)
{
	char name[TASK_COMM_LEN];
	u32 i;

	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "t%u", nr_names++);
		who[i] = lab_task(name, .cpu = cpu, .cpus = cpus);
	}
}

/* All CPUs are busy with a higher class, so that tasks stay where they are put. */
static void begin_busy(u32 cpus, u32 nodes)
{
	u32 i;

	begin(.cpus = cpus, .nodes = nodes);
	nr_names = 0;
	for (i = 0; i < cpus; i++)
		hogs[i] = lab_task("hog", .cpu = (int)i, .cpus = 1ULL << i, .policy = SCHED_FIFO);
}

static void start_bypass(u32 cpus)
{
	u32 i;

	load();
	for (i = 0; i < cpus; i++)
		lab_wake(hogs[i]);
	lab_outside(do_bypass, NULL);
}

static void wake_all(struct task_struct **who, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		lab_wake(who[i]);
}

/* nr tasks on CPU 0 and min_surplus by the bypass slice: 125000 us / slice, rounded up. */
static void begin_with_crowd(u32 nr, u64 slice_us)
{
	begin_busy(2, 1);
	assert_true(scx_limits()->slice_bypass_us == 5000 && scx_limits()->bypass_lb_intv_us == 500000);
	scx_limits()->slice_bypass_us = slice_us;
	make(crowd, nr, 0, 0);
	start_bypass(2);
	wake_all(crowd, nr);
}

static u32 nr_bypassed(int cpu)
{
	return bypass_dsq(scx_root, cpu)->nr;
}

static bool are(u32 on_0, u32 on_1)
{
	if (nr_bypassed(0) == on_0 && nr_bypassed(1) == on_1)
		return true;
	print_error("expected %u and %u, got %u and %u\n", on_0, on_1, nr_bypassed(0), nr_bypassed(1));
	return false;
}

static void dsq_133_every_half_second_a_donor_gives_what_is_above_five_quarters(void **state)
{
	(void)state;
	begin_with_crowd(10, 125000);
	lab_run(499 * MS);
	PROVES("DSQ-133", are(10, 0));
	lab_run(2 * MS);
	PROVES("DSQ-133", are(7, 3)); /* target 5, bound 6.25 rounded up */
	lab_run(2000 * MS);
	PROVES("DSQ-133", are(7, 3)); /* within the bound */
}

static void dsq_133_the_target_is_rounded_up(void **state)
{
	(void)state;
	begin_with_crowd(9, 125000);
	lab_run(501 * MS);
	PROVES("DSQ-133", are(7, 2)); /* target 4.5, so 5 and 7; with 4 it would be 5 and 4 */
}

static void dsq_133_a_receiver_takes_up_to_the_target(void **state)
{
	(void)state;
	begin_busy(3, 1);
	scx_limits()->slice_bypass_us = 125000;
	make(crowd, 12, 0, 0);
	make(guests, 3, 1, 1 << 1);
	start_bypass(3);
	wake_all(crowd, 12);
	wake_all(guests, 3);
	lab_run(501 * MS);
	/* Target 5, bound 7: five go, in turns, and nobody has more than 5. */
	PROVES("DSQ-133", nr_bypassed(0) == 7 && nr_bypassed(1) <= 5 && nr_bypassed(2) <= 5);
	PROVES("DSQ-133", nr_bypassed(1) + nr_bypassed(2) == 8);
}

static void dsq_133_who_has_enough_receives_nothing(void **state)
{
	(void)state;
	begin_busy(3, 1);
	scx_limits()->slice_bypass_us = 125000;
	make(crowd, 12, 0, 0);
	make(guests, 6, 1, 1 << 1);
	start_bypass(3);
	wake_all(crowd, 12);
	wake_all(guests, 6);
	lab_run(501 * MS);
	/* Target 6, bound 8. */
	PROVES("DSQ-133", nr_bypassed(0) == 8 && nr_bypassed(1) == 6 && nr_bypassed(2) == 4);
}

static void dsq_133_each_node_by_itself(void **state)
{
	(void)state;
	begin_busy(4, 2);
	scx_limits()->slice_bypass_us = 125000;
	make(crowd, 10, 0, 0);
	start_bypass(4);
	wake_all(crowd, 10);
	lab_run(501 * MS);
	PROVES("DSQ-133", are(7, 3) && nr_bypassed(2) == 0 && nr_bypassed(3) == 0);
}

static void dsq_134_a_small_surplus_stays(void **state)
{
	(void)state;
	/* 125000 / 13000 is 9.6, so 10 are needed. Target 14, bound 18, surplus 9. */
	begin_with_crowd(27, 13000);
	lab_run(501 * MS);
	PROVES("DSQ-134", are(27, 0));
	lab_stop(NULL);
	/* The same bound, surplus 10. */
	begin_with_crowd(28, 13000);
	lab_run(501 * MS);
	PROVES("DSQ-134", are(18, 10));
}

static void dsq_135_from_the_head_who_may_with_its_slice(void **state)
{
	(void)state;
	begin_busy(2, 1);
	scx_limits()->slice_bypass_us = 125000;
	make(crowd, 1, 0, 1 << 0);
	make(crowd + 1, 9, 0, 0);
	start_bypass(2);
	wake_all(crowd, 10);
	crowd[1]->scx.slice = 4711;
	crowd[2]->scx.slice = 0;
	lab_run(501 * MS);
	/* The first one is not allowed on the receiver. */
	PROVES("DSQ-135", queue_is(bypass_dsq(scx_root, 0), "t0 t4 t5 t6 t7 t8 t9"));
	PROVES("DSQ-135", queue_is(bypass_dsq(scx_root, 1), "t1 t2 t3"));
	PROVES("DSQ-135", crowd[1]->scx.slice == 4711 && crowd[2]->scx.slice == 0);
	PROVES("DSQ-135", task_rq(crowd[1]) == cpu_rq(0));
}

static void dsq_135_who_is_on_another_rq_is_left(void **state)
{
	(void)state;
	begin_busy(2, 1);
	scx_limits()->slice_bypass_us = 125000;
	make(crowd, 10, 0, 0);
	make(guests, 20, 1, 0);
	start_bypass(2);
	wake_all(crowd, 10);
	lab_run(501 * MS);
	assert_true(queue_is(bypass_dsq(scx_root, 1), "t0 t1 t2"));
	wake_all(guests, 20);
	lab_run(500 * MS);
	/* 23 against 7: target 15, bound 19. The three at the head belong to rq 0 still. */
	PROVES("DSQ-135", are(11, 19));
	PROVES("DSQ-135", crowd[0]->scx.dsq == bypass_dsq(scx_root, 1));
	PROVES("DSQ-135", guests[0]->scx.dsq == bypass_dsq(scx_root, 0) && guests[4]->scx.dsq == bypass_dsq(scx_root, 1));
}

static void dsq_135_receivers_are_rescheduled(void **state)
{
	(void)state;
	begin_with_crowd(10, 125000);
	lab_block(hogs[1]);
	assert_true(cpu_rq(1)->curr == cpu_rq(1)->idle && are(10, 0));
	lab_run(501 * MS);
	PROVES("DSQ-135", lab_runs(crowd[0]) && crowd[0]->cpu == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_133_every_half_second_a_donor_gives_what_is_above_five_quarters),
		TEST(dsq_133_the_target_is_rounded_up),
		TEST(dsq_133_a_receiver_takes_up_to_the_target),
		TEST(dsq_133_who_has_enough_receives_nothing),
		TEST(dsq_133_each_node_by_itself),
		TEST(dsq_134_a_small_surplus_stays),
		TEST(dsq_135_from_the_head_who_may_with_its_slice),
		TEST(dsq_135_who_is_on_another_rq_is_left),
		TEST(dsq_135_receivers_are_rescheduled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
