/* SPDX-License-Identifier: GPL-2.0-only */
/* Yield points, awaiting, forced suspension, what the chooser is shown, deadlocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "machine/atomic.h"
#include "machine/chooser.h"
#include "support/machine_rig.h"

static struct machine_rig rig;
static u32 word;

static void begin(enum run_mode mode, bool force)
{
	struct machine_config cfg;

	machine_config_default(&cfg);
	cfg.mode = mode;
	cfg.force_suspend = force;
	machine_rig_start(&rig, &cfg);
	word = 0;
}

static int stop(void **state)
{
	(void)state;
	assert_string_equal(rig.bug, "");
	machine_rig_stop(&rig);
	return 0;
}

static void steps(void *arg)
{
	const char *name = arg;
	int i;

	for (i = 0; i < 3; i++) {
		machine_rig_say("%s%d", name, i);
		READ_ONCE(word);
	}
}

static void forced_suspension_changes_no_order(void **state)
{
	(void)state;
	begin(RUN_TIMED, true);
	ctx_spawn_service(0, "a", steps, (void *)"a");
	ctx_spawn_service(1, "b", steps, (void *)"b");
	machine_run(10);
	assert_string_equal(rig.said, "a0 a1 a2 b0 b1 b2 ");
}

static void the_first_chooser_changes_no_order(void **state)
{
	(void)state;
	begin(RUN_EXPLORED, false);
	ctx_spawn_service(0, "a", steps, (void *)"a");
	ctx_spawn_service(1, "b", steps, (void *)"b");
	machine_run(10);
	assert_string_equal(rig.said, "a0 a1 a2 b0 b1 b2 ");
}

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

static void another_chooser_lets_others_step_in(void **state)
{
	struct chooser chooser = { .choose = last, .begin = nothing, .end = nothing };

	(void)state;
	begin(RUN_EXPLORED, false);
	machine()->chooser = &chooser;
	ctx_spawn_service(0, "a", steps, (void *)"a");
	ctx_spawn_service(1, "b", steps, (void *)"b");
	machine_run(10);
	assert_string_equal(rig.said, "b0 a0 b1 a1 b2 a2 ");
}

static struct mevent due[2], later, soon;

static void say_event(struct mevent *ev)
{
	machine_rig_say("%s@%llu", ev->name, (unsigned long long)machine_now());
}

/* Writes down what it is shown. */
static u32 witness(struct chooser *c, const struct choice *choices, u32 nr)
{
	u32 i;

	(void)c;
	for (i = 0; i < nr; i++)
		machine_rig_say("%s%s/%u%s", i ? "" : "[", choices[i].label, choices[i].cpu,
				choices[i].current ? "*" : "");
	machine_rig_say("]");
	return 0;
}

static void one_access(void *arg)
{
	WRITE_ONCE(word, (u32)(uintptr_t)arg);
}

static void choices_are_current_then_ready_then_due_events_in_order(void **state)
{
	struct chooser chooser = { .choose = witness, .begin = nothing, .end = nothing };

	(void)state;
	begin(RUN_EXPLORED, false);
	machine()->chooser = &chooser;
	mevent_init(&due[0], RANK_IPI, 3, say_event, "ipi");
	mevent_arm(&due[0], 0);
	mevent_init(&due[1], RANK_TIMER, 2, say_event, "timer");
	mevent_arm(&due[1], 0);
	mevent_init(&later, RANK_TICK, 1, say_event, "later");
	mevent_arm(&later, 50);
	ctx_spawn_service(1, "one", one_access, (void *)1);
	ctx_spawn_service(0, "two", one_access, (void *)2);
	machine_run(10);
	assert_string_equal(rig.said,
			    "[one/1 two/0 timer/2 ipi/3 ] [word/1* two/0 timer/2 ipi/3 ] "
			    "[two/0 timer/2 ipi/3 ] [word/0* timer/2 ipi/3 ] "
			    "[timer/2 ipi/3 ] timer@0 ipi@0 ");
}

static u32 choose_anytime(struct chooser *c, const struct choice *choices, u32 nr)
{
	u32 i;

	(void)c;
	for (i = 0; i < nr; i++)
		if (choices[i].event == &soon)
			return i;
	return 0;
}

static void an_anytime_event_may_come_before_its_time(void **state)
{
	struct chooser chooser = { .choose = choose_anytime, .begin = nothing, .end = nothing };

	(void)state;
	begin(RUN_EXPLORED, false);
	machine()->chooser = &chooser;
	mevent_init(&soon, RANK_OUTSIDE, 2, say_event, "anytime");
	soon.anytime = true;
	mevent_arm(&soon, 500);
	mevent_init(&later, RANK_OUTSIDE, 2, say_event, "later");
	mevent_arm(&later, 400);
	ctx_spawn_service(1, "a", steps, (void *)"a");
	machine_run(1000);
	assert_string_equal(rig.said, "anytime@0 a0 a1 a2 later@400 ");
}

static u32 choose_first(struct chooser *c, const struct choice *choices, u32 nr)
{
	(void)c;
	machine_rig_say(nr > 1 ? "(%s or %s)" : "(%s)", choices[0].label, choices[nr - 1].label);
	return 0;
}

/* Nothing is left to do but such events: that time goes on is the alternative, and the default. */
static void an_anytime_event_alone_does_not_hold_up_time(void **state)
{
	struct chooser chooser = { .choose = choose_first, .begin = nothing, .end = nothing };

	(void)state;
	begin(RUN_EXPLORED, false);
	machine()->chooser = &chooser;
	mevent_init(&soon, RANK_OUTSIDE, 2, say_event, "anytime");
	soon.anytime = true;
	mevent_arm(&soon, 500);
	mevent_init(&later, RANK_OUTSIDE, 2, say_event, "later");
	mevent_arm(&later, 400);
	machine_run(1000);
	assert_string_equal(rig.said, "(time or anytime) (later or anytime) later@400 (time or anytime) anytime@500 ");
}

/* Nobody asks for it early: it comes at its time, as in any other mode. */
static void an_anytime_event_has_its_time(void **state)
{
	(void)state;
	begin(RUN_EXPLORED, false);
	mevent_init(&soon, RANK_OUTSIDE, 2, say_event, "anytime");
	soon.anytime = true;
	mevent_arm(&soon, 500);
	mevent_init(&later, RANK_OUTSIDE, 2, say_event, "later");
	mevent_arm(&later, 400);
	ctx_spawn_service(1, "a", steps, (void *)"a");
	machine_run(1000);
	assert_string_equal(rig.said, "a0 a1 a2 later@400 anytime@500 ");
}

static void off_then_access(void *arg)
{
	(void)arg;
	local_irq_disable();
	WRITE_ONCE(word, 1);
	machine_rig_say("off");
	local_irq_enable();
}

static void events_of_a_cpu_with_irqs_off_are_no_choice(void **state)
{
	struct chooser chooser = { .choose = witness, .begin = nothing, .end = nothing };

	(void)state;
	begin(RUN_EXPLORED, false);
	machine()->chooser = &chooser;
	ctx_spawn_service(1, "off", off_then_access, NULL);
	mevent_init(&later, RANK_TIMER, 1, say_event, "mine");
	mevent_arm(&later, 0);
	mevent_init(&soon, RANK_TIMER, 2, say_event, "other");
	mevent_arm(&soon, 0);
	machine_run(10);
	assert_string_equal(rig.said, "[off/1 mine/1 other/2 ] [word/1* other/2 ] off "
				      "[irq_enable/1* mine/1 other/2 ] [mine/1 other/2 ] mine@0 other@0 ");
}

static void others_of_a_cpu_that_is_kept_are_no_choice(void **state)
{
	struct chooser chooser = { .choose = witness, .begin = nothing, .end = nothing };

	(void)state;
	begin(RUN_EXPLORED, false);
	machine()->chooser = &chooser;
	ctx_spawn_service(1, "off", off_then_access, NULL);
	ctx_spawn_service(1, "same", one_access, NULL);
	ctx_spawn_service(2, "other", one_access, NULL);
	machine_run(10);
	assert_non_null(strstr(rig.said, "[word/1* other/2 ]"));
	assert_non_null(strstr(rig.said, "[irq_enable/1* same/1 other/2 ]"));
}

static void wait_until_3(void *arg)
{
	machine_rig_say("%s", (const char *)arg);
	await(&word, word == 3, "word");
	machine_rig_say("%s-got-it", (const char *)arg);
}

static void count_up(void *arg)
{
	u32 i;

	(void)arg;
	for (i = 1; i <= 4; i++) {
		ctx_sleep_until(10 * i);
		if (i <= 3)
			WRITE_ONCE(word, i);
	}
	machine_rig_say("counted");
}

static void awaiting_contexts_wait_for_the_condition(void **state)
{
	(void)state;
	begin(RUN_TIMED, false);
	ctx_spawn_service(1, "a", wait_until_3, (void *)"a");
	ctx_spawn_service(2, "b", wait_until_3, (void *)"b");
	ctx_spawn_service(0, "c", count_up, NULL);
	assert_int_equal(machine_run(25), MACHINE_END_TIME);
	assert_string_equal(rig.said, "a b ");
	assert_int_equal(machine_run(100), MACHINE_END_IDLE);
	assert_string_equal(rig.said, "a b a-got-it b-got-it counted ");
}

static void awaiting_contexts_are_no_choice(void **state)
{
	struct chooser chooser = { .choose = witness, .begin = nothing, .end = nothing };

	(void)state;
	begin(RUN_EXPLORED, false);
	ctx_spawn_service(1, "waiter", wait_until_3, (void *)"waiter");
	machine_run(0);
	machine()->chooser = &chooser;
	ctx_spawn_service(2, "x", one_access, (void *)1);
	ctx_spawn_service(3, "y", one_access, (void *)2);
	machine_run(10);
	assert_null(strstr(rig.said, "waiter/1"));
	assert_non_null(strstr(rig.said, "[word/2* y/3 ]"));
}

static void wait_with_irqs_off(void *arg)
{
	local_irq_disable();
	wait_until_3(arg);
	local_irq_enable();
}

static void a_wait_that_nothing_can_end_is_a_deadlock(void **state)
{
	(void)state;
	begin(RUN_TIMED, false);
	ctx_spawn_service(1, "spinner", wait_with_irqs_off, (void *)"spinner");
	assert_int_equal(machine_run(100), MACHINE_END_DEADLOCK);
	assert_string_equal(machine_deadlock_text(),
			    "deadlock: nothing can go on: CPU 1 (spinner) waits for word");
}

static void a_sleeper_that_nobody_wakes_is_no_deadlock(void **state)
{
	(void)state;
	begin(RUN_TIMED, false);
	ctx_spawn_service(1, "sleeper", wait_until_3, (void *)"sleeper");
	assert_int_equal(machine_run(100), MACHINE_END_IDLE);
}

static void atomics_do_what_they_say(void **state)
{
	atomic_long_t v = { 5 };
	s64 old = 4;

	(void)state;
	begin(RUN_TIMED, false);
	assert_false(atomic_long_try_cmpxchg(&v, &old, 9));
	assert_int_equal(old, 5);
	assert_true(atomic_long_try_cmpxchg(&v, &old, 9));
	assert_int_equal(atomic_long_read(&v), 9);
	atomic_long_set(&v, 1);
	assert_int_equal(atomic_long_read_acquire(&v), 1);
	word = 6;
	assert_int_equal(xchg(&word, 8), 6);
	SHARED_OR(word, 1);
	SHARED_CLEAR(word, 8);
	assert_int_equal(READ_ONCE(word), 1);
}

#define test(f) cmocka_unit_test_teardown(f, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(forced_suspension_changes_no_order),
		test(the_first_chooser_changes_no_order),
		test(another_chooser_lets_others_step_in),
		test(choices_are_current_then_ready_then_due_events_in_order),
		test(an_anytime_event_may_come_before_its_time),
		test(an_anytime_event_alone_does_not_hold_up_time),
		test(an_anytime_event_has_its_time),
		test(events_of_a_cpu_with_irqs_off_are_no_choice),
		test(others_of_a_cpu_that_is_kept_are_no_choice),
		test(awaiting_contexts_wait_for_the_condition),
		test(awaiting_contexts_are_no_choice),
		test(a_wait_that_nothing_can_end_is_a_deadlock),
		test(a_sleeper_that_nobody_wakes_is_no_deadlock),
		test(atomics_do_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
