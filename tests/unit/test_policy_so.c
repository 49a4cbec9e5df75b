/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy_sim.h"

static u64 *number_of_policy(void)
{
	return this_sim->policy->desc->params[0].global;
}

static void a_shared_object_opens_with_its_hash(void **state)
{
	(void)state;
	assert_int_equal(policy_open(PLUGIN_PATH("plain"), NULL, 0, NULL), 0);
	assert_string_equal(this_sim->policy->desc->name, "plain");
	assert_string_equal(this_sim->policy->ops.name, "plain");
	assert_int_equal(strlen(this_sim->policy->file_hash), 64);
	assert_false(this_sim->policy->none);
}

static void two_simulations_have_separate_globals(void **state)
{
	struct sim *first = *state, second;

	assert_int_equal(policy_open(PLUGIN_PATH("globals"), NULL, 0, NULL), 0);
	policy_sim_begin(&second);
	assert_int_equal(policy_open(PLUGIN_PATH("globals"), NULL, 0, NULL), 0);
	*number_of_policy() = 55;
	this_sim = first;
	assert_int_equal(*number_of_policy(), 7);
	*number_of_policy() = 66;
	this_sim = &second;
	assert_int_equal(*number_of_policy(), 55);
	policy_sim_end(&second);
	this_sim = first;
}

static void opening_again_starts_from_fresh_globals(void **state)
{
	const struct scxtwin_set set = { "number", "9" };

	(void)state;
	assert_int_equal(policy_open(PLUGIN_PATH("globals"), &set, 1, NULL), 0);
	assert_int_equal(*number_of_policy(), 9);
	policy_close();
	assert_int_equal(policy_open(PLUGIN_PATH("globals"), NULL, 0, NULL), 0);
	assert_int_equal(*number_of_policy(), 7);
}

static void files_that_are_no_policies_say_why(void **state)
{
	(void)state;
	assert_open_fails(PLUGIN_PATH("no_symbol"), NULL, 0, SCXTWIN_EINPUT,
			  "does not define the symbol scxtwin_policy");
	assert_open_fails(PLUGIN_PATH("old_abi"), NULL, 0, SCXTWIN_EINPUT,
			  "was built for policy ABI 2, this scxtwin has 1");
	assert_open_fails(PLUGIN_PATH("no_ops"), NULL, 0, SCXTWIN_EINPUT, "no operations table");
	assert_open_fails(PLUGIN_PATH("param_outside"), NULL, 0, SCXTWIN_EINPUT,
			  "parameter far has no known type or lies outside");
	assert_open_fails(PLUGIN_PATH("unresolved"), NULL, 0, SCXTWIN_EINPUT,
			  "uses scx_bpf_no_such_thing");
}

static void assert_needs_cookie(const char *path)
{
	struct scxtwin_error err;

	this_sim->proposed = 0;
	assert_int_equal(policy_open(path, NULL, 0, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.file, path);
	assert_non_null(strstr(err.msg, "(), which is in no kernel; the proposed feature \"cookie\" has it"));
	this_sim->proposed = SCX_PROPOSED_COOKIE;
	assert_int_equal(policy_open(path, NULL, 0, &err), 0);
	policy_close();
}

static void kfuncs_of_no_kernel_are_as_unknown_unless_asked_for(void **state)
{
	(void)state;
	assert_needs_cookie(PLUGIN_PATH("uses_cookie"));	/* its code */
	assert_needs_cookie(PLUGIN_PATH("cookie_in_table"));	/* its data */
}

/* It asks first, by bpf_ksym_exists(), and its references are weak (COOK-59). */
static void a_policy_that_asks_for_them_opens_either_way(void **state)
{
	(void)state;
	assert_int_equal(policy_open(PLUGIN_PATH("asks_for_cookie"), NULL, 0, NULL), 0);
	policy_close();
	this_sim->proposed = SCX_PROPOSED_COOKIE;
	assert_int_equal(policy_open(PLUGIN_PATH("asks_for_cookie"), NULL, 0, NULL), 0);
}

static void errors_name_the_file_of_the_user(void **state)
{
	struct scxtwin_error err;

	(void)state;
	assert_int_equal(policy_open(PLUGIN_PATH("no_symbol"), NULL, 0, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.file, PLUGIN_PATH("no_symbol"));
	assert_null(strstr(err.msg, "/proc/"));
	assert_int_equal(policy_open(__FILE__, NULL, 0, &err), SCXTWIN_EINPUT);
	assert_null(strstr(err.msg, "/proc/"));
}

static void a_file_that_is_not_there_is_bad_input(void **state)
{
	struct scxtwin_error err;

	(void)state;
	assert_int_equal(policy_open("./not-there.so", NULL, 0, &err), SCXTWIN_EINPUT);
	assert_int_equal(policy_open("not-there.so", NULL, 0, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.file, "not-there.so");
}

static void a_text_file_cannot_be_loaded(void **state)
{
	(void)state;
	assert_open_fails(SCXTWIN_SOURCE_DIR "/CMakeLists.txt", NULL, 0, SCXTWIN_EINPUT,
			  "cannot be loaded: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		policy_test(a_shared_object_opens_with_its_hash),
		policy_test(two_simulations_have_separate_globals),
		policy_test(opening_again_starts_from_fresh_globals),
		policy_test(files_that_are_no_policies_say_why),
		policy_test(kfuncs_of_no_kernel_are_as_unknown_unless_asked_for),
		policy_test(a_policy_that_asks_for_them_opens_either_way),
		policy_test(errors_name_the_file_of_the_user),
		policy_test(a_file_that_is_not_there_is_bad_input),
		policy_test(a_text_file_cannot_be_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
