/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The run time of the compilers' sanitizer interface: what every entry point does
 * to memory, and which step of explored mode it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ext/ext.h"
#include "machine/chooser.h"
#include "policy/own.h"
#include "policy/policy.h"
#include "policy/tsan.h"
#include "support/machine_rig.h"

/* The port as the run time sees it. */
static bool in_callback;

bool scx_current_callback(struct scx_callback_info *info)
{
	*info = (struct scx_callback_info){ .op = "dispatch", .cpu = smp_processor_id() };
	return in_callback;
}

/* The policy's own memory, as large as a small policy's. */
static union {
	u8 byte[256];
	u64 word[32];
	unsigned __int128 wide[16];
} own __attribute__((aligned(64)));

static struct machine_rig rig;
static struct own_memory memory;
static struct policy policy;
static char trace[4096];
static void (*body)(void);

static void add(const char *fmt, const char *label, u32 kind)
{
	const size_t len = strlen(trace);

	snprintf(trace + len, sizeof(trace) - len, fmt, label, kind);
}

static const char *kind_name(u8 kind)
{
	return kind == YIELD_READ ? "r" : kind == YIELD_WRITE ? "w" : kind == YIELD_RMW ? "c" : "?";
}

static u32 note_step(struct chooser *c, const struct choice *choices, u32 nr)
{
	(void)c;
	(void)nr;
	if (choices[0].current) {
		add("%s", kind_name(choices[0].kind), 0);
		add("(%s) ", choices[0].label, 0);
	}
	return 0;
}

static void note_touch(struct chooser *c, const void *obj, bool writes)
{
	char text[40];

	(void)c;
	if (obj < (const void *)&own || obj >= (const void *)(&own + 1))
		snprintf(text, sizeof(text), "+%score ", writes ? "w" : "r");
	else
		snprintf(text, sizeof(text), "+%s%zu ", writes ? "w" : "r", (size_t)((const u8 *)obj - own.byte));
	add("%s", text, 0);
}

static struct chooser chooser = { .choose = note_step, .touched = note_touch, .asks_always = true };

static void start(void)
{
	machine_rig_start_mode(&rig, 2, RUN_EXPLORED);
	machine()->chooser = &chooser;
	memset(&memory, 0, sizeof(memory));
	assert_false(vec_push(&memory.ranges, ((struct own_range){ .start = (uintptr_t)&own,
								    .end = (uintptr_t)(&own + 1), .name = "own" })));
	policy = (struct policy){ .own = &memory };
	this_sim->policy = &policy;
	memset(&own, 0, sizeof(own));
	trace[0] = '\0';
	in_callback = true;
}

static void stop(void)
{
	struct idmap_iter it;

	this_sim->policy = NULL;
	machine_rig_stop(&rig);
	for (it = idmap_iter(&memory.labels); idmap_next(&it); )
		free(it.value);
	idmap_free(&memory.labels);
	vec_free(&memory.ranges);
}

static void run_body(void *arg)
{
	(void)arg;
	trace[0] = '\0';
	body();
}

/* f as code of a policy in a callback; what steps it takes is in trace then. */
static void simulate(void (*f)(void))
{
	start();
	body = f;
	ctx_spawn_service(0, "callback", run_body, NULL);
	assert_int_equal(machine_run(0), MACHINE_END_IDLE);
	if (rig.bug[0])
		fail_msg("%s", rig.bug);
}

static void assert_steps(const char *expected)
{
	if (strcmp(trace, expected))
		fail_msg("\"%s\" instead of \"%s\"", trace, expected);
	stop();
}

/* ---- loads and stores */

#define CALL_ACCESSES(size)								\
	__tsan_read##size(&own.byte[64]);						\
	__tsan_write##size(&own.byte[64]);						\
	__tsan_volatile_read##size(&own.byte[64]);					\
	__tsan_volatile_write##size(&own.byte[64]);					\
	__tsan_read_write##size(&own.byte[64]);						\
	__tsan_unaligned_read##size(&own.byte[7]);					\
	__tsan_unaligned_write##size(&own.byte[7]);					\
	__tsan_unaligned_volatile_read##size(&own.byte[7]);				\
	__tsan_unaligned_volatile_write##size(&own.byte[7]);				\
	__tsan_unaligned_read_write##size(&own.byte[7]);

#define ALIGNED_STEPS(r, w)								\
	"r(own+0x40) " r "w(own+0x40) " w "r(own+0x40) " r "w(own+0x40) " w		\
	"r(own+0x40) " r "w(own+0x40) " w
#define UNALIGNED_STEPS(r, w)								\
	"r(own+0x7) " r "w(own+0x7) " w "r(own+0x7) " r "w(own+0x7) " w		\
	"r(own+0x7) " r "w(own+0x7) " w

static void accesses_of_1(void)
{
	CALL_ACCESSES(1)
}

static void accesses_of_2(void)
{
	CALL_ACCESSES(2)
}

static void accesses_of_4(void)
{
	CALL_ACCESSES(4)
}

static void accesses_of_8(void)
{
	CALL_ACCESSES(8)
}

static void accesses_of_16(void)
{
	CALL_ACCESSES(16)
}

static void each_access_is_a_step_on_the_words_it_reaches(void **state)
{
	(void)state;
	simulate(accesses_of_1);
	assert_steps(ALIGNED_STEPS("", "") UNALIGNED_STEPS("", ""));
	simulate(accesses_of_2);
	assert_steps(ALIGNED_STEPS("", "") UNALIGNED_STEPS("+r8 ", "+w8 "));
	simulate(accesses_of_4);
	assert_steps(ALIGNED_STEPS("", "") UNALIGNED_STEPS("+r8 ", "+w8 "));
	simulate(accesses_of_8);
	assert_steps(ALIGNED_STEPS("", "") UNALIGNED_STEPS("+r8 ", "+w8 "));
	simulate(accesses_of_16);
	assert_steps(ALIGNED_STEPS("+r72 ", "+w72 ") UNALIGNED_STEPS("+r8 +r16 ", "+w8 +w16 "));
}

static void call_ranges(void)
{
	u8 other[24] = { 1, 2, 3 };

	__tsan_read_range(own.byte, 20);
	__tsan_write_range(own.byte, 20);
	__tsan_read_range(own.byte, 0);
	__tsan_vptr_read((void **)&own.word[4]);
	__tsan_vptr_update((void **)&own.word[4], NULL);
	__tsan_memcpy(&own.word[1], other, 3);
	assert_int_equal(own.byte[10], 3);
	__wrap_memmove(&own.byte[9], &own.byte[8], 3);
	assert_int_equal(own.byte[11], 3);
	__wrap_memset(&own.word[1], 0, 8);
	assert_int_equal(own.word[1], 0);
	assert_int_equal(__wrap_memcmp(&own.word[1], &own.word[2], 8), 0);
	__wrap_memcpy(other, &own.word[1], 8);
	__tsan_memset(other, 7, 8);
	__tsan_memmove(other, &own.word[1], 8);
	assert_int_equal(other[0], 0);
}

static void ranges_and_memory_functions_are_steps_too(void **state)
{
	(void)state;
	simulate(call_ranges);
	assert_steps("r(own+0x0) +r8 +r16 w(own+0x0) +w8 +w16 r(own+0x20) w(own+0x20) w(own+0x8) r(own+0x8) w(own+0x9) "
		     "w(own+0x8) r(own+0x8) r(own+0x10) r(own+0x8) r(own+0x8) ");
}

static void call_nothing(void)
{
	u64 local = 1;

	__tsan_func_entry(NULL);
	__tsan_ignore_thread_begin();
	__tsan_atomic_thread_fence(5);
	__tsan_atomic_signal_fence(5);
	__tsan_read8(&local);
	__tsan_atomic64_fetch_add(&local, 1, 5);
	__tsan_ignore_thread_end();
	__tsan_func_exit();
	assert_int_equal(local, 2);
	in_callback = false;
	__tsan_write8(own.word);
	__tsan_atomic64_store(own.word, 9, 5);
	assert_int_equal(own.word[0], 9);
}

static void the_stack_and_code_outside_callbacks_take_no_steps(void **state)
{
	(void)state;
	simulate(call_nothing);
	assert_steps("");
}

static void outside_a_simulation_nothing_but_the_access_happens(void **state)
{
	u64 word = 5;

	(void)state;
	this_sim = NULL;
	accesses_of_8();
	assert_int_equal(__tsan_atomic64_fetch_sub(&word, 2, 5), 5);
	assert_int_equal(__tsan_atomic64_load(&word, 5), 3);
}

static void call_core(void)
{
	/* As a field of a task: in the simulation's memory, and not the policy's. */
	__tsan_read8(&machine()->nr_steps);
	__tsan_write8(&machine()->nr_steps);
	__tsan_atomic64_load(&machine()->nr_steps, 5);
}

static void fields_of_the_core_are_reached_and_no_step(void **state)
{
	(void)state;
	simulate(call_core);
	assert_steps("+rcore +wcore +rcore ");
}

/* ---- atomic operations */

#define HALF(type) ((type)((type)1 << (sizeof(type) * 8 - 1)))

/* Every operation once, with carries out of and bits at the top of the type. */
#define CHECK_ATOMICS(bits, type)							\
	static void check_atomics_##bits(void)						\
	{										\
		type *w = (type *)&own;							\
		type expected;								\
											\
		*w = 0;									\
		__tsan_atomic##bits##_store(w, HALF(type), 5);				\
		assert_true(__tsan_atomic##bits##_load(w, 5) == HALF(type));		\
		assert_true(__tsan_atomic##bits##_fetch_add(w, HALF(type), 5) == HALF(type));	\
		assert_true(*w == 0);							\
		assert_true(__tsan_atomic##bits##_fetch_sub(w, 1, 5) == 0);		\
		assert_true(*w == (type)-1);						\
		assert_true(__tsan_atomic##bits##_fetch_and(w, 12, 5) == (type)-1);	\
		assert_true(*w == 12);							\
		assert_true(__tsan_atomic##bits##_fetch_or(w, 3, 5) == 12);		\
		assert_true(*w == 15);							\
		assert_true(__tsan_atomic##bits##_fetch_xor(w, 5, 5) == 15);		\
		assert_true(*w == 10);							\
		assert_true(__tsan_atomic##bits##_fetch_nand(w, 2, 5) == 10);		\
		assert_true(*w == (type)~2);						\
		assert_true(__tsan_atomic##bits##_exchange(w, 6, 5) == (type)~2);	\
		assert_true(*w == 6);							\
		expected = 7;								\
		assert_false(__tsan_atomic##bits##_compare_exchange_strong(w, &expected, 1, 5, 5));	\
		assert_true(expected == 6 && *w == 6);					\
		assert_true(__tsan_atomic##bits##_compare_exchange_weak(w, &expected, 1, 5, 5));	\
		assert_true(expected == 6 && *w == 1);					\
		assert_true(__tsan_atomic##bits##_compare_exchange_val(w, 2, 3, 5, 5) == 1);	\
		assert_true(*w == 1);							\
		assert_true(__tsan_atomic##bits##_compare_exchange_val(w, 1, HALF(type), 5, 5) == 1);	\
		assert_true(*w == HALF(type));						\
	}										\

TSAN_ATOMICS(CHECK_ATOMICS)

static void atomic_operations_give_what_they_should(void **state)
{
	/* A step reads if nothing came of it. */
	static const char steps[] = "w(own+0x0) r(own+0x0) c(own+0x0) +w0 c(own+0x0) +w0 c(own+0x0) +w0 c(own+0x0) +w0 "
				    "c(own+0x0) +w0 c(own+0x0) +w0 c(own+0x0) +w0 r(own+0x0) c(own+0x0) +w0 r(own+0x0) "
				    "c(own+0x0) +w0 ";

	(void)state;
	simulate(check_atomics_8);
	assert_steps(steps);
	simulate(check_atomics_16);
	assert_steps(steps);
	simulate(check_atomics_32);
	assert_steps(steps);
	simulate(check_atomics_64);
	assert_steps(steps);
	simulate(check_atomics_128);
	assert_steps("w(own+0x0) +w8 r(own+0x0) +r8 c(own+0x0) +w8 +w0 c(own+0x0) +w8 +w0 c(own+0x0) +w8 +w0 "
		     "c(own+0x0) +w8 +w0 c(own+0x0) +w8 +w0 c(own+0x0) +w8 +w0 c(own+0x0) +w8 +w0 r(own+0x0) +r8 "
		     "c(own+0x0) +w8 +w0 r(own+0x0) +r8 c(own+0x0) +w8 +w0 ");
	this_sim = NULL;
	check_atomics_8();
	check_atomics_128();
}

/* ---- loops that wait */

static u32 nr_tries, nr_done;

static void wait_for_word(void *arg)
{
	(void)arg;
	while (!__tsan_atomic32_load((const u32 *)&own, 5))
		nr_tries++;
	nr_done++;
}

static void write_word(void *arg)
{
	(void)arg;
	while (__tsan_atomic32_exchange((u32 *)&own.word[1], 1, 5))
		;
	__tsan_atomic32_store((u32 *)&own, 1, 5);
	__tsan_atomic32_store((u32 *)&own.word[1], 0, 5);
}

static void a_loop_that_waits_is_woken_by_a_write(void **state)
{
	(void)state;
	start();
	nr_tries = nr_done = 0;
	ctx_spawn_service(0, "waiter", wait_for_word, NULL);
	ctx_spawn_service(1, "writer", write_word, NULL);
	assert_int_equal(machine_run(0), MACHINE_END_IDLE);
	assert_int_equal(nr_done, 1);
	assert_true(nr_tries < 10);
	assert_int_equal(policy_nr_misjudged(), 0);
	stop();
}

static bool let_go_on(struct chooser *c)
{
	(void)c;
	return policy_insist();
}

static void try_50_times(void *arg)
{
	u32 i;

	(void)arg;
	for (i = 0; i < 50 && !__tsan_atomic32_load((const u32 *)&own, 5); i++)
		nr_tries++;
	__tsan_write8(&own.word[2]);
	nr_done++;
}

static void a_loop_that_counts_ends_by_itself(void **state)
{
	(void)state;
	start();
	chooser.stuck = let_go_on;
	nr_tries = nr_done = 0;
	ctx_spawn_service(0, "waiter", try_50_times, NULL);
	assert_int_equal(machine_run(0), MACHINE_END_IDLE);
	assert_int_equal(nr_done, 1);
	assert_int_equal(nr_tries, 50);
	assert_int_equal(policy_nr_misjudged(), 1);
	chooser.stuck = NULL;
	stop();
}

/* Reads the same number again and again, but goes through a table. */
static void walk(void *arg)
{
	u32 i;

	(void)arg;
	for (i = 0; i < 24; i++) {
		nr_tries += __tsan_atomic32_load((const u32 *)&own, 5);
		__tsan_read8(&own.word[i]);
	}
	nr_done++;
}

static void a_loop_over_a_table_does_not_wait(void **state)
{
	(void)state;
	start();
	nr_done = 0;
	ctx_spawn_service(0, "walker", walk, NULL);
	assert_int_equal(machine_run(0), MACHINE_END_IDLE);
	assert_int_equal(nr_done, 1);
	assert_int_equal(policy_nr_misjudged(), 0);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_access_is_a_step_on_the_words_it_reaches),
		cmocka_unit_test(ranges_and_memory_functions_are_steps_too),
		cmocka_unit_test(the_stack_and_code_outside_callbacks_take_no_steps),
		cmocka_unit_test(outside_a_simulation_nothing_but_the_access_happens),
		cmocka_unit_test(fields_of_the_core_are_reached_and_no_step),
		cmocka_unit_test(atomic_operations_give_what_they_should),
		cmocka_unit_test(a_loop_that_waits_is_woken_by_a_write),
		cmocka_unit_test(a_loop_that_counts_ends_by_itself),
		cmocka_unit_test(a_loop_over_a_table_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
