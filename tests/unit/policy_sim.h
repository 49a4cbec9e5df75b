/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of a simulation as opening a policy needs. Include after cmocka.h.
 */
#ifndef TESTS_POLICY_SIM_H
#define TESTS_POLICY_SIM_H

#include <string.h>

#include "base/mem.h"
#include "base/sim.h"
#include "ext/ext.h"
#include "policy/policy.h"

#define PLUGIN_PATH(name) SCXTWIN_BINARY_DIR "/tests/plugin/" name ".so"

static inline void policy_sim_begin(struct sim *sim)
{
	*sim = (struct sim){ .arena = arena_new(0x5a) };
	assert_non_null(sim->arena);
	this_sim = sim;
}

static inline void policy_sim_end(struct sim *sim)
{
	this_sim = sim;
	policy_close();
	arena_free(sim->arena);
	this_sim = NULL;
}

static inline int policy_sim_setup(void **state)
{
	static struct sim sim;

	policy_sim_begin(&sim);
	*state = &sim;
	return 0;
}

static inline int policy_sim_teardown(void **state)
{
	policy_sim_end(*state);
	return 0;
}

static inline void assert_open_fails(const char *spec, const struct scxtwin_set *sets, u32 nr_sets,
				     enum scxtwin_errcode code, const char *text)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };

	assert_int_equal(policy_open(spec, sets, nr_sets, &err), code);
	assert_int_equal(err.code, code);
	if (!strstr(err.msg, text))
		fail_msg("\"%s\" instead of \"%s\"", err.msg, text);
	assert_null(this_sim->policy);
}

#define policy_test(f) cmocka_unit_test_setup_teardown(f, policy_sim_setup, policy_sim_teardown)

#endif /* TESTS_POLICY_SIM_H */
