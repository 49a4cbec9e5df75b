/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>

#include <cmocka.h>

#include "base/sim.h"

#define NR_ROUNDS 1000

static struct sim sims[2];
static pthread_barrier_t barrier;

static void *run_thread(void *arg)
{
	struct sim *mine = arg;
	u64 nr_wrong = 0;
	int i;

	nr_wrong += this_sim != NULL;
	this_sim = mine;
	for (i = 0; i < NR_ROUNDS; i++) {
		if (i % 100 == 0)
			pthread_barrier_wait(&barrier);
		this_sim->now++;
		nr_wrong += this_sim != mine;
	}
	return (void *)(uintptr_t)nr_wrong;
}

static void each_thread_has_its_own_simulation(void **state)
{
	pthread_t threads[2];
	int i;

	(void)state;
	assert_int_equal(pthread_barrier_init(&barrier, NULL, 2), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_thread, &sims[i]), 0);
	for (i = 0; i < 2; i++) {
		void *nr_wrong;

		assert_int_equal(pthread_join(threads[i], &nr_wrong), 0);
		assert_null(nr_wrong);
		assert_int_equal(sims[i].now, NR_ROUNDS);
	}
	pthread_barrier_destroy(&barrier);
	assert_null(this_sim);
}

static void a_thread_can_switch_between_simulations(void **state)
{
	struct sim a = { .now = 1 }, b = { .now = 2 };

	(void)state;
	this_sim = &a;
	assert_int_equal(this_sim->now, 1);
	this_sim = &b;
	assert_int_equal(this_sim->now, 2);
	this_sim = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_thread_has_its_own_simulation),
		cmocka_unit_test(a_thread_can_switch_between_simulations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
