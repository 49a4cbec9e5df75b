/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy_sim.h"

#define SET(name, value) (&(const struct scxtwin_set){ name, value })

static const char globals[] = PLUGIN_PATH("globals");

static void assert_params(const char *spec, const struct scxtwin_set *set, const char *text)
{
	assert_int_equal(policy_open(spec, set, set ? 1 : 0, NULL), 0);
	assert_string_equal(this_sim->policy->params_text, text);
	policy_close();
}

static void defaults_are_written_in_table_order(void **state)
{
	(void)state;
	assert_params("fifo", NULL, "slice_ns=20000000");
	assert_params("central", NULL,
		      "slice_ns=20000000,central_cpu=0,infinite=0,max_tasks=131072");
	assert_params("none", NULL, "");
	assert_params(globals, NULL, "number=7,offset=-3,length=1000,enabled=0");
}

static void durations_are_the_same_in_every_unit(void **state)
{
	(void)state;
	assert_params("fifo", SET("slice_ns", "2ms"), "slice_ns=2000000");
	assert_params("fifo", SET("slice_ns", "2000us"), "slice_ns=2000000");
	assert_params("fifo", SET("slice_ns", "2000000"), "slice_ns=2000000");
}

static void every_type_is_set(void **state)
{
	(void)state;
	assert_params(globals, SET("number", "100"), "number=100,offset=-3,length=1000,enabled=0");
	assert_params(globals, SET("offset", "-10"), "number=7,offset=-10,length=1000,enabled=0");
	assert_params(globals, SET("length", "1s"), "number=7,offset=-3,length=1000000000,enabled=0");
	assert_params(globals, SET("enabled", "true"), "number=7,offset=-3,length=1000,enabled=1");
	assert_params(globals, SET("enabled", "off"), "number=7,offset=-3,length=1000,enabled=0");
}

static void the_last_of_two_values_counts(void **state)
{
	const struct scxtwin_set sets[] = { { "slice_ns", "1ms" }, { "slice_ns", "3ms" } };

	(void)state;
	assert_int_equal(policy_open("fifo", sets, 2, NULL), 0);
	assert_string_equal(this_sim->policy->params_text, "slice_ns=3000000");
}

static void values_out_of_range_name_the_range(void **state)
{
	(void)state;
	assert_open_fails(globals, SET("number", "0"), 1, SCXTWIN_EUSAGE,
			  "number=0: an integer from 1 to 100 is needed");
	assert_open_fails(globals, SET("number", "101"), 1, SCXTWIN_EUSAGE, "from 1 to 100");
	assert_open_fails(globals, SET("offset", "-11"), 1, SCXTWIN_EUSAGE, "from -10 to 10");
	assert_open_fails(globals, SET("length", "9ns"), 1, SCXTWIN_EUSAGE,
			  "a duration from 10ns to 1000000000ns is needed");
	assert_open_fails(globals, SET("length", "2s"), 1, SCXTWIN_EUSAGE, "a duration");
}

static void malformed_values_are_refused(void **state)
{
	static const char *const wrong[] = { "", " 5", "5 ", "+5", "0x5", "5.0", "five", "5ms" };
	u32 i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_open_fails(globals, SET("number", wrong[i]), 1, SCXTWIN_EUSAGE, "integer");
	assert_open_fails(globals, SET("enabled", "2"), 1, SCXTWIN_EUSAGE, "0 or 1 is needed");
	assert_open_fails(globals, SET("enabled", ""), 1, SCXTWIN_EUSAGE, "0 or 1 is needed");
	assert_open_fails("fifo", SET("slice_ns", "1.5ms"), 1, SCXTWIN_EUSAGE, "500us or 2ms");
}

static void an_unknown_parameter_lists_the_nearest_first(void **state)
{
	(void)state;
	assert_open_fails("central", SET("max_task", "5"), 1, SCXTWIN_EUSAGE,
			  "policy central has no parameter \"max_task\"; it has max_tasks, slice_ns, central_cpu, infinite");
	assert_open_fails("none", SET("slice_ns", "5"), 1, SCXTWIN_EUSAGE,
			  "policy none has no parameters");
}

static void setup_runs_behind_the_parameters(void **state)
{
	(void)state;
	assert_int_equal(policy_open(globals, SET("number", "42"), 1, NULL), 0);
	assert_int_equal(this_sim->policy->ops.timeout_ms, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		policy_test(defaults_are_written_in_table_order),
		policy_test(durations_are_the_same_in_every_unit),
		policy_test(every_type_is_set),
		policy_test(the_last_of_two_values_counts),
		policy_test(values_out_of_range_name_the_range),
		policy_test(malformed_values_are_refused),
		policy_test(an_unknown_parameter_lists_the_nearest_first),
		policy_test(setup_runs_behind_the_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
