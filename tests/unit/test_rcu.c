/* SPDX-License-Identifier: GPL-2.0-only */
/* Grace periods wait for those inside a path, and only for those. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "machine/rcu.h"
#include "machine/sleep.h"
#include "support/machine_rig.h"

static struct machine_rig rig;
static struct completion never;
static struct rcu_head head, second;

static int start(void **state)
{
	(void)state;
	machine_rig_start_mode(&rig, 4, RUN_TIMED);
	init_completion(&never);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	assert_string_equal(rig.bug, "");
	machine_rig_stop(&rig);
	return 0;
}

static void over(struct rcu_head *h)
{
	machine_rig_say("%s@%llu", h == &head ? "first" : "second", (unsigned long long)machine_now());
}

static void be_inside_until(void *arg)
{
	ctx_sleep_until((u64)(uintptr_t)arg);
	machine_rig_say("left@%llu", (unsigned long long)machine_now());
}

static void free_it(void *arg)
{
	(void)arg;
	call_rcu(&head, over);
	machine_rig_say("asked");
}

static void a_grace_period_waits_for_those_inside_a_path(void **state)
{
	(void)state;
	ctx_spawn_service(1, "inside", be_inside_until, (void *)100);
	ctx_spawn_service(0, "free", free_it, NULL);
	machine_run(200);
	assert_string_equal(rig.said, "asked left@100 first@100 ");
}

static void those_that_enter_later_do_not_hold_it(void **state)
{
	(void)state;
	ctx_spawn_service(0, "free", free_it, NULL);
	ctx_spawn_service(1, "later", be_inside_until, (void *)100);
	machine_run(200);
	assert_string_equal(rig.said, "asked first@0 left@100 ");
}

static void sleep_forever(void *arg)
{
	(void)arg;
	wait_for_completion(&never);
}

static void sleepers_do_not_hold_it(void **state)
{
	(void)state;
	ctx_spawn_service(1, "sleeper", sleep_forever, NULL);
	ctx_spawn_service(0, "free", free_it, NULL);
	machine_run(200);
	assert_string_equal(rig.said, "asked first@0 ");
}

static void wait_for_grace(void *arg)
{
	(void)arg;
	synchronize_rcu();
	machine_rig_say("grace@%llu", (unsigned long long)machine_now());
}

static void synchronize_rcu_returns_when_it_is_over(void **state)
{
	(void)state;
	ctx_spawn_service(1, "inside", be_inside_until, (void *)100);
	ctx_spawn_service(0, "wait", wait_for_grace, NULL);
	ctx_spawn_service(2, "later", be_inside_until, (void *)300);
	machine_run(400);
	assert_string_equal(rig.said, "left@100 grace@100 left@300 ");
}

static void two_that_wait_do_not_wait_for_each_other(void **state)
{
	(void)state;
	ctx_spawn_service(0, "wait", wait_for_grace, NULL);
	ctx_spawn_service(1, "wait", wait_for_grace, NULL);
	machine_run(400);
	assert_string_equal(rig.said, "grace@0 grace@0 ");
}

static void free_both(void *arg)
{
	(void)arg;
	call_rcu(&head, over);
	call_rcu(&second, over);
}

static void callbacks_come_in_order(void **state)
{
	(void)state;
	ctx_spawn_service(0, "free", free_both, NULL);
	machine_run(10);
	assert_string_equal(rig.said, "first@0 second@0 ");
}

#define test(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_grace_period_waits_for_those_inside_a_path),
		test(those_that_enter_later_do_not_hold_it),
		test(sleepers_do_not_hold_it),
		test(synchronize_rcu_returns_when_it_is_over),
		test(two_that_wait_do_not_wait_for_each_other),
		test(callbacks_come_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
