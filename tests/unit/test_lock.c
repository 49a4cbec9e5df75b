/* SPDX-License-Identifier: GPL-2.0-only */
/* Contended spin locks: who is next, what it costs, what is a fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "machine/chooser.h"
#include "machine/lock.h"
#include "support/machine_rig.h"

static struct machine_rig rig;
static raw_spinlock_t lock, other;

static void begin(enum run_mode mode, u64 handover)
{
	struct machine_config cfg;

	machine_config_default(&cfg);
	cfg.mode = mode;
	cfg.cost_ns[COST_lock_handover] = handover;
	machine_rig_start(&rig, &cfg);
	raw_spin_lock_init(&lock, LOCK_CLASS_RQ, 3, "lock");
	raw_spin_lock_init(&other, LOCK_CLASS_RQ, 4, "other");
}

static int stop(void **state)
{
	(void)state;
	machine_rig_stop(&rig);
	return 0;
}

static void take_at(void *arg)
{
	const u64 arrival = (u64)(uintptr_t)arg;

	ctx_sleep_until(arrival);
	raw_spin_lock_irq(&lock);
	machine_rig_say("%d@%llu", smp_processor_id(), (unsigned long long)machine_now());
	if (arrival == 1)
		ctx_sleep_until(100);
	raw_spin_unlock_irq(&lock);
}

static void a_contended_lock_goes_by_arrival_then_cpu(void **state)
{
	(void)state;
	begin(RUN_COSTED, 0);
	ctx_spawn_service(0, "s", take_at, (void *)1);
	ctx_spawn_service(3, "s", take_at, (void *)20);
	ctx_spawn_service(2, "s", take_at, (void *)30);
	ctx_spawn_service(1, "s", take_at, (void *)30);
	assert_int_equal(machine_run(1000), MACHINE_END_IDLE);
	assert_string_equal(rig.said, "0@1 3@100 1@100 2@100 ");
	assert_null(lock.owner);
	assert_int_equal(lock.nr_waiters, 0);
}

static void handing_over_costs_time_and_taking_a_free_lock_does_not(void **state)
{
	(void)state;
	begin(RUN_COSTED, 7);
	ctx_spawn_service(0, "s", take_at, (void *)1);
	ctx_spawn_service(1, "s", take_at, (void *)20);
	ctx_spawn_service(2, "s", take_at, (void *)30);
	machine_run(1000);
	assert_string_equal(rig.said, "0@1 1@107 2@114 ");
}

static void a_waiter_with_irqs_off_delays_its_interrupts(void **state)
{
	(void)state;
	begin(RUN_COSTED, 0);
	ctx_spawn_service(0, "s", take_at, (void *)1);
	ctx_spawn_service(1, "s", take_at, (void *)20);
	machine_run(50);
	assert_ptr_equal(mcpu(1)->held_by->wants, &lock);
	machine_run(1000);
	assert_null(mcpu(1)->held_by);
}

static void try_it(void *arg)
{
	(void)arg;
	ctx_sleep_until(50);
	machine_rig_say("try%d", raw_spin_trylock(&lock));
	ctx_sleep_until(150);
	machine_rig_say("try%d", raw_spin_trylock(&lock));
	assert_true(raw_spin_is_held(&lock));
	raw_spin_unlock(&lock);
}

static void trylock_never_waits(void **state)
{
	(void)state;
	begin(RUN_COSTED, 0);
	ctx_spawn_service(0, "s", take_at, (void *)1);
	ctx_spawn_service(1, "s", try_it, NULL);
	machine_run(1000);
	assert_string_equal(rig.said, "0@1 try0 try1 ");
}

static void take_twice(void *arg)
{
	(void)arg;
	raw_spin_lock(&lock);
	raw_spin_lock(&lock);
}

static void taking_it_twice_is_a_bug(void **state)
{
	(void)state;
	begin(RUN_TIMED, 0);
	ctx_spawn_service(0, "s", take_twice, NULL);
	assert_int_equal(machine_run(10), MACHINE_END_STOPPED);
	assert_non_null(strstr(rig.bug, "lock 3 is taken twice by CPU 0"));
}

static void give_back_what_is_not_held(void *arg)
{
	(void)arg;
	raw_spin_unlock(&lock);
}

static void releasing_what_is_not_held_is_a_bug(void **state)
{
	(void)state;
	begin(RUN_TIMED, 0);
	ctx_spawn_service(0, "s", give_back_what_is_not_held, NULL);
	assert_int_equal(machine_run(10), MACHINE_END_STOPPED);
	assert_non_null(strstr(rig.bug, "owner"));
}

/* A pi_lock comes before rq locks, never after. */
static void take_in_the_wrong_order(void *arg)
{
	static raw_spinlock_t pi_lock;

	(void)arg;
	raw_spin_lock_init(&pi_lock, LOCK_CLASS_PI, 0, "pi_lock");
	raw_spin_lock(&lock);
	raw_spin_lock(&pi_lock);
}

static void locking_against_the_order_of_classes_is_a_bug(void **state)
{
	(void)state;
	begin(RUN_TIMED, 0);
	ctx_spawn_service(0, "s", take_in_the_wrong_order, NULL);
	assert_int_equal(machine_run(10), MACHINE_END_STOPPED);
	assert_non_null(strstr(rig.bug, "held"));
}

static void lock_then_other(void *arg)
{
	(void)arg;
	raw_spin_lock_irq(&lock);
	ctx_sleep_until(10);
	raw_spin_lock(&other);
	machine_rig_say("both");
}

static void other_then_lock(void *arg)
{
	(void)arg;
	raw_spin_lock_irq(&other);
	ctx_sleep_until(20);
	raw_spin_lock(&lock);
	machine_rig_say("both");
}

static void a_cycle_of_owners_is_reported_at_once(void **state)
{
	(void)state;
	begin(RUN_COSTED, 0);
	ctx_spawn_service(1, "first", lock_then_other, NULL);
	ctx_spawn_service(2, "second", other_then_lock, NULL);
	assert_int_equal(machine_run(1000), MACHINE_END_DEADLOCK);
	assert_int_equal(machine_now(), 20);
	assert_string_equal(machine_deadlock_text(),
			    "deadlock: CPU 2 (second) wants lock 3, held by CPU 1 (first) which wants other 4, held by CPU 2 (second)");
	assert_string_equal(rig.said, "");
}

/* Prefers the youngest: the last of the choices. */
static u32 last(struct chooser *c, const struct choice *choices, u32 nr)
{
	(void)c;
	(void)choices;
	return nr - 1;
}

static void nothing(struct chooser *c)
{
	(void)c;
}

static void in_explored_mode_any_waiter_may_get_it(void **state)
{
	struct chooser chooser = { .choose = last, .begin = nothing, .end = nothing };

	(void)state;
	begin(RUN_EXPLORED, 0);
	ctx_spawn_service(0, "s", take_at, (void *)1);
	ctx_spawn_service(1, "s", take_at, (void *)20);
	ctx_spawn_service(2, "s", take_at, (void *)30);
	ctx_spawn_service(3, "s", take_at, (void *)40);
	machine()->chooser = &chooser;
	assert_int_equal(machine_run(1000), MACHINE_END_IDLE);
	assert_string_equal(rig.said, "0@1 3@100 2@100 1@100 ");
}

#define test(f) cmocka_unit_test_teardown(f, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_contended_lock_goes_by_arrival_then_cpu),
		test(handing_over_costs_time_and_taking_a_free_lock_does_not),
		test(a_waiter_with_irqs_off_delays_its_interrupts),
		test(trylock_never_waits),
		test(taking_it_twice_is_a_bug),
		test(releasing_what_is_not_held_is_a_bug),
		test(locking_against_the_order_of_classes_is_a_bug),
		test(a_cycle_of_owners_is_reported_at_once),
		test(in_explored_mode_any_waiter_may_get_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
