/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy_sim.h"

static void every_builtin_opens_under_its_name(void **state)
{
	const struct scxtwin_policy *desc;
	u32 i;

	(void)state;
	this_sim->proposed = SCX_PROPOSED_COOKIE;
	for (i = 0; (desc = scxtwin_policy_nth(i)); i++) {
		assert_int_equal(policy_open(desc->name, NULL, 0, NULL), 0);
		assert_ptr_equal(this_sim->policy->desc, desc);
		assert_string_equal(this_sim->policy->file_hash, "");
		policy_close();
		assert_null(this_sim->policy);
	}
	assert_true(i >= 7);
	assert_null(scxtwin_policy_nth(i + 1));
}

static void builtins_are_described_and_have_no_globals(void **state)
{
	const struct scxtwin_policy *desc;
	const struct scxtwin_param *param;
	u32 i, k;

	(void)state;
	for (i = 0; (desc = scxtwin_policy_nth(i)); i++) {
		assert_int_equal(desc->abi, SCXTWIN_POLICY_ABI);
		assert_true(desc->help && desc->help[0]);
		for (k = 0; k < i; k++)
			assert_string_not_equal(desc->name, scxtwin_policy_nth(k)->name);
		for (param = desc->params; param && param->name; param++) {
			assert_null(param->global);
			assert_true(param->help && param->help[0]);
			assert_true(param->dflt >= param->min && param->dflt <= param->max);
		}
	}
}

static void names_of_operations_tables_are_valid_life_06(void **state)
{
	const struct scxtwin_policy *desc;
	u32 i;

	(void)state;
	for (i = 0; (desc = scxtwin_policy_nth(i)); i++) {
		if (!desc->ops)
			continue;
		assert_true(desc->ops->name[0]);
		assert_int_equal(strspn(desc->ops->name, "abcdefghijklmnopqrstuvwxyz0123456789_."),
				 strlen(desc->ops->name));
		assert_int_equal(desc->ops->flags & ~SCX_OPS_ALL_FLAGS, 0);
	}
}

static void what_is_in_no_kernel_is_refused_unless_asked_for(void **state)
{
	(void)state;
	assert_open_fails("cookie", NULL, 0, SCXTWIN_EUSAGE,
			  "policy cookie calls scx_bpf_task_get_cookie(), which is in no kernel; the proposed feature \"cookie\" has it (--proposed cookie)");
	this_sim->proposed = SCX_PROPOSED_COOKIE;
	assert_int_equal(policy_open("cookie", NULL, 0, NULL), 0);
}

static void no_name_means_the_fair_class(void **state)
{
	(void)state;
	assert_int_equal(policy_open(NULL, NULL, 0, NULL), 0);
	assert_true(this_sim->policy->none);
	assert_string_equal(this_sim->policy->desc->name, "none");
}

static void an_unknown_name_lists_the_nearest_first(void **state)
{
	(void)state;
	assert_open_fails("vtme", NULL, 0, SCXTWIN_EUSAGE,
			  "unknown policy \"vtme\"; there are vtime, none, fifo-global, fifo, queue");
	assert_open_fails("zzzzzzzz", NULL, 0, SCXTWIN_EUSAGE, "there are none, fifo-global, fifo");
}

static void the_state_is_zeroed_and_per_simulation(void **state)
{
	struct sim *first = *state, second;
	u8 *a, *b;

	assert_int_equal(policy_open("fifo", NULL, 0, NULL), 0);
	a = scxtwin_policy_state();
	policy_sim_begin(&second);
	assert_int_equal(policy_open("vtime", NULL, 0, NULL), 0);
	b = scxtwin_policy_state();
	assert_ptr_not_equal(a, b);
	/* Behind the slice, the first parameter, nothing is set. */
	assert_int_equal(b[sizeof(u64)], 0);
	this_sim = first;
	assert_ptr_equal(scxtwin_policy_state(), a);
	policy_sim_end(&second);
	this_sim = first;
}

static void setup_changes_the_private_table_only(void **state)
{
	const struct scxtwin_set infinite = { "infinite", "1" };
	const struct sched_ext_ops *shared;

	(void)state;
	assert_int_equal(policy_open("central", NULL, 0, NULL), 0);
	shared = this_sim->policy->desc->ops;
	assert_null(this_sim->policy->ops.tick);
	assert_non_null(shared->tick);
	policy_close();
	assert_int_equal(policy_open("central", &infinite, 1, NULL), 0);
	assert_ptr_equal(this_sim->policy->ops.tick, shared->tick);
}

static void running_out_of_memory_is_reported(void **state)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	int ret = -1;
	u64 n;

	(void)state;
	for (n = 1; n < 10 && ret; n++) {
		mem_fail_after(n);
		ret = policy_open("queue", NULL, 0, &err);
		mem_fail_after(0);
		assert_true(!ret || err.code == SCXTWIN_EINTERNAL);
		assert_true(!ret == !!this_sim->policy);
	}
	assert_int_equal(ret, 0);
	assert_true(n > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		policy_test(every_builtin_opens_under_its_name),
		policy_test(builtins_are_described_and_have_no_globals),
		policy_test(names_of_operations_tables_are_valid_life_06),
		policy_test(what_is_in_no_kernel_is_refused_unless_asked_for),
		policy_test(no_name_means_the_fair_class),
		policy_test(an_unknown_name_lists_the_nearest_first),
		policy_test(the_state_is_zeroed_and_per_simulation),
		policy_test(setup_changes_the_private_table_only),
		policy_test(running_out_of_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
