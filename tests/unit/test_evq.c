/* SPDX-License-Identifier: GPL-2.0-only */
/* Order of pending events: time, rank, CPU, sequence within that rank and CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/evq.h"
#include "support/machine_rig.h"

static struct machine_rig rig;

static int start(void **state)
{
	(void)state;
	machine_rig_start_mode(&rig, 8, RUN_TIMED);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	machine_rig_stop(&rig);
	return 0;
}

static void say_name(struct mevent *ev)
{
	machine_rig_say("%s@%llu", ev->name, (unsigned long long)machine_now());
}

static void ranks_then_cpus_then_sequence_decide_at_one_instant(void **state)
{
	static const struct { enum mrank rank; int cpu; const char *name; } made[] = {
		{ RANK_BURST, 0, "burst0" }, { RANK_IPI, 3, "ipi3" }, { RANK_IPI, 1, "ipi1" },
		{ RANK_IRQ_WORK, 2, "work2" }, { RANK_TICK, 7, "tick7" }, { RANK_TIMER, 5, "timer5" },
		{ RANK_TICK, 0, "tick0" }, { RANK_OUTSIDE, 6, "outside6" }, { RANK_WAKE, 7, "wake7" },
		{ RANK_IPI, 1, "ipi1b" },
	};
	struct mevent ev[10];
	size_t i;

	(void)state;
	for (i = 0; i < 10; i++) {
		mevent_init(&ev[i], made[i].rank, made[i].cpu, say_name, made[i].name);
		mevent_arm(&ev[i], i % 2 ? 100 : 50);
		mevent_arm(&ev[i], 100);
	}
	assert_int_equal(machine_run(200), MACHINE_END_IDLE);
	assert_string_equal(rig.said, "wake7@100 outside6@100 timer5@100 tick0@100 tick7@100 work2@100 "
				      "ipi1@100 ipi1b@100 ipi3@100 burst0@100 ");
}

static void an_unrelated_event_moves_no_tie(void **state)
{
	struct mevent a, b, other;

	(void)state;
	mevent_init(&a, RANK_TIMER, 2, say_name, "a");
	mevent_init(&b, RANK_TIMER, 2, say_name, "b");
	mevent_init(&other, RANK_TICK, 2, say_name, "other");
	mevent_arm(&a, 100);
	mevent_arm(&other, 100);
	mevent_disarm(&other);
	mevent_arm(&b, 100);
	assert_int_equal(b.order - a.order, 1);
	machine_run(200);
	assert_string_equal(rig.said, "a@100 b@100 ");
}

static void arming_again_moves_behind_equals(void **state)
{
	struct mevent a, b;

	(void)state;
	mevent_init(&a, RANK_TIMER, 2, say_name, "a");
	mevent_init(&b, RANK_TIMER, 2, say_name, "b");
	mevent_arm(&a, 100);
	mevent_arm(&b, 100);
	mevent_arm(&a, 100);
	machine_run(200);
	assert_string_equal(rig.said, "b@100 a@100 ");
}

static void a_moved_event_comes_once_and_a_disarmed_one_never(void **state)
{
	struct mevent a, b;

	(void)state;
	mevent_init(&a, RANK_TIMER, 0, say_name, "a");
	mevent_init(&b, RANK_TIMER, 0, say_name, "b");
	mevent_arm(&a, 100);
	mevent_arm(&b, 100);
	assert_true(mevent_pending(&a));
	mevent_arm(&a, 30);
	mevent_disarm(&b);
	assert_false(mevent_pending(&b));
	mevent_disarm(&b);
	machine_run(200);
	assert_string_equal(rig.said, "a@30 ");
	assert_false(mevent_pending(&a));
}

static void thousands_of_rearmed_events_come_in_order(void **state)
{
	enum { NR = 3000 };
	struct mevent *ev = calloc(NR, sizeof(*ev)), *first;
	u64 x = 88172645463325252ULL, time = 0, order = 0;
	u32 i, n = 0;

	(void)state;
	assert_non_null(ev);
	for (i = 0; i < NR; i++)
		mevent_init(&ev[i], (enum mrank)(i % NR_RANKS), (int)(i % 8), say_name, "e");
	for (i = 0; i < 5 * NR; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		if (x % 11 == 0)
			mevent_disarm(&ev[(x >> 20) % NR]);
		else
			mevent_arm(&ev[(x >> 20) % NR], (x >> 40) % 500);
	}
	while ((first = evq_first())) {
		assert_true(first->time > time || (first->time == time && first->order > order) || !n);
		time = first->time;
		order = first->order;
		evq_take(first);
		n++;
	}
	assert_true(n > NR / 2);
	assert_int_equal(machine()->nr_foreground, 0);
	free(ev);
}

static void due_events_and_the_heap_are_one_order(void **state)
{
	struct mevent late, due;

	(void)state;
	mevent_init(&late, RANK_OUTSIDE, 0, say_name, "heap");
	mevent_init(&due, RANK_IPI, 0, say_name, "due");
	mevent_arm(&late, 100);
	this_sim->now = 100;
	mevent_arm(&due, 100);
	assert_ptr_equal(evq_first(), &late);
	machine_run(200);
	assert_string_equal(rig.said, "heap@100 due@100 ");
}

static void background_events_keep_no_run_alive(void **state)
{
	struct mevent tick;

	(void)state;
	mevent_init(&tick, RANK_TICK, 0, say_name, "tick");
	tick.background = true;
	mevent_arm(&tick, 100);
	assert_int_equal(machine_run(200), MACHINE_END_IDLE);
	assert_int_equal(machine_now(), 0);
	rig.background_matters = true;
	assert_int_equal(machine_run(200), MACHINE_END_IDLE);
	assert_string_equal(rig.said, "tick@100 ");
}

static void raised_events_are_kept_by_rank(void **state)
{
	struct mevent ipi, timer, tick;

	(void)state;
	mevent_init(&ipi, RANK_IPI, 1, say_name, "ipi");
	mevent_init(&timer, RANK_TIMER, 1, say_name, "timer");
	mevent_init(&tick, RANK_TICK, 1, say_name, "tick");
	evq_raise_now(&ipi);
	evq_raise_now(&tick);
	evq_raise_now(&timer);
	assert_true(mevent_pending(&timer));
	assert_ptr_equal(evq_take_raised(mcpu(1)), &timer);
	assert_ptr_equal(evq_take_raised(mcpu(1)), &tick);
	mevent_disarm(&ipi);
	assert_null(evq_take_raised(mcpu(1)));
}

#define test(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(ranks_then_cpus_then_sequence_decide_at_one_instant),
		test(an_unrelated_event_moves_no_tie),
		test(arming_again_moves_behind_equals),
		test(a_moved_event_comes_once_and_a_disarmed_one_never),
		test(thousands_of_rearmed_events_come_in_order),
		test(due_events_and_the_heap_are_one_order),
		test(background_events_keep_no_run_alive),
		test(raised_events_are_kept_by_rank),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
