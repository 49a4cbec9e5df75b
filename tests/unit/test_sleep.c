/* SPDX-License-Identifier: GPL-2.0-only */
/* Completion, mutex, reader-writer semaphore; tasks sleep through the rooms above. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <scxtwin/task.h>

#include "machine/sleep.h"
#include "support/machine_rig.h"

static struct machine_rig rig;
static struct completion done;
static struct mutex mutex;
static struct percpu_rw_semaphore sem;
static struct task_struct task_p;

static int start(void **state)
{
	(void)state;
	machine_rig_start_mode(&rig, 4, RUN_TIMED);
	init_completion(&done);
	mutex_init(&mutex, "mutex");
	percpu_init_rwsem(&sem, "sem");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	machine_rig_stop(&rig);
	return 0;
}

static void wait_done(void *arg)
{
	wait_for_completion(&done);
	machine_rig_say("%s@%llu", (const char *)arg, (unsigned long long)machine_now());
}

static void complete_at(void *arg)
{
	ctx_sleep_until((u64)(uintptr_t)arg);
	complete_all(&done);
}

static void a_completion_lets_all_go_and_later_ones_too(void **state)
{
	(void)state;
	ctx_spawn_service(0, "a", wait_done, (void *)"a");
	ctx_spawn_service(1, "b", wait_done, (void *)"b");
	ctx_spawn_service(2, "c", complete_at, (void *)50);
	assert_int_equal(machine_run(40), MACHINE_END_TIME);
	assert_string_equal(rig.said, "");
	machine_run(60);
	ctx_spawn_service(3, "late", wait_done, (void *)"late");
	machine_run(100);
	assert_string_equal(rig.said, "a@50 b@50 late@50 ");
}

static void a_task_sleeps_through_the_rooms_above(void **state)
{
	(void)state;
	rig.curr[1] = &task_p;
	ctx_spawn_task(1, &task_p, "call", wait_done, (void *)"call");
	machine_run(1);
	assert_null(rig.curr[1]); /* others may have the CPU */
	ctx_spawn_service(2, "c", complete_at, (void *)50);
	machine_run(100);
	assert_string_equal(rig.said, "call@50 done1 ");
	assert_true(list_empty(&machine()->sleepers));
}

static void lock_for_10(void *arg)
{
	mutex_lock(&mutex);
	machine_rig_say("%s@%llu", (const char *)arg, (unsigned long long)machine_now());
	ctx_sleep_until(machine_now() + 10);
	mutex_unlock(&mutex);
}

static void a_mutex_has_one_owner_at_a_time(void **state)
{
	(void)state;
	ctx_spawn_service(0, "a", lock_for_10, (void *)"a");
	ctx_spawn_service(1, "b", lock_for_10, (void *)"b");
	ctx_spawn_service(2, "c", lock_for_10, (void *)"c");
	machine_run(100);
	assert_string_equal(rig.said, "a@0 b@10 c@20 ");
	assert_null(mutex.owner);
}

static void lock_twice(void *arg)
{
	(void)arg;
	mutex_lock(&mutex);
	mutex_lock(&mutex);
}

static void locking_a_mutex_twice_is_a_bug(void **state)
{
	(void)state;
	ctx_spawn_service(0, "a", lock_twice, NULL);
	assert_int_equal(machine_run(10), MACHINE_END_STOPPED);
	assert_non_null(strstr(rig.bug, "m->owner == current_ctx()"));
}

static void sleep_with_irqs_off(void *arg)
{
	(void)arg;
	local_irq_disable();
	wait_for_completion(&done);
}

static void sleeping_with_irqs_off_is_a_bug(void **state)
{
	(void)state;
	ctx_spawn_service(0, "a", sleep_with_irqs_off, NULL);
	assert_int_equal(machine_run(10), MACHINE_END_STOPPED);
	assert_non_null(strstr(rig.bug, "irqs_off"));
}

static void read_for_20(void *arg)
{
	ctx_sleep_until((u64)(uintptr_t)arg);
	percpu_down_read(&sem);
	machine_rig_say("r%llu", (unsigned long long)machine_now());
	ctx_sleep_until(machine_now() + 20);
	percpu_up_read(&sem);
}

static void write_for_10(void *arg)
{
	ctx_sleep_until((u64)(uintptr_t)arg);
	percpu_down_write(&sem);
	assert_int_equal(sem.nr_readers, 0);
	machine_rig_say("w%llu", (unsigned long long)machine_now());
	ctx_sleep_until(machine_now() + 10);
	percpu_up_write(&sem);
}

static void readers_share_and_a_waiting_writer_holds_back_new_ones(void **state)
{
	(void)state;
	ctx_spawn_service(0, "r1", read_for_20, (void *)0);
	ctx_spawn_service(1, "r2", read_for_20, (void *)5);
	ctx_spawn_service(2, "w", write_for_10, (void *)10);
	ctx_spawn_service(3, "r3", read_for_20, (void *)12);
	ctx_spawn_service(0, "w2", write_for_10, (void *)30);
	machine_run(200);
	assert_string_equal(rig.said, "r0 r5 w25 w35 r45 ");
	assert_int_equal(sem.nr_readers + sem.nr_writers_waiting, 0);
	assert_null(sem.writer);
}

#define test(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_completion_lets_all_go_and_later_ones_too),
		test(a_task_sleeps_through_the_rooms_above),
		test(a_mutex_has_one_owner_at_a_time),
		test(locking_a_mutex_twice_is_a_bug),
		test(sleeping_with_irqs_off_is_a_bug),
		test(readers_share_and_a_waiting_writer_holds_back_new_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
