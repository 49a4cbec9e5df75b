/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sim.h"
#include "ext/ext.h"
#include "machine/machine.h"
#include "policy/policy.h"

/* The machine and the port as the guard sees them: a run, perhaps inside a callback. */
static jmp_buf left;
static bool is_running, in_callback;
static struct sim sim;
static struct task_struct worker = { .pid = 12, .comm = "worker" };

bool machine_running(void)
{
	return is_running;
}

void machine_abort(int result)
{
	longjmp(left, result);
}

bool scx_current_callback(struct scx_callback_info *info)
{
	*info = (struct scx_callback_info){ .op = "enqueue", .task = &worker, .cpu = 3 };
	return in_callback;
}

/* A fault that a sanitizer would report before the signal. */
#define UNSANITIZED __attribute__((noinline, no_sanitize("address"), no_sanitize("undefined")))

static int *volatile nowhere;

static UNSANITIZED void fault_null(void)
{
	*(volatile int *)nowhere = 1;
}

static UNSANITIZED void fault_far(void)
{
	*(volatile int *)((uintptr_t)nowhere + (1UL << 46)) = 1;
}

static void fault_abort(void)
{
	abort();
}

static void fault_ill(void)
{
	__builtin_trap();
}

static int begin(void **state)
{
	(void)state;
	this_sim = &sim;
	is_running = in_callback = true;
	return 0;
}

static int end(void **state)
{
	(void)state;
	this_sim = NULL;
	return 0;
}

static void assert_caught(void (*fault)(void), const char *text)
{
	int result;

	/* Here and not in a fixture: cmocka sets handlers of its own around each. */
	policy_guard_install();
	result = setjmp(left);
	if (!result) {
		fault();
		fail_msg("no fault");
	}
	policy_guard_remove();
	assert_int_equal(result, SCXTWIN_EFAILED);
	assert_string_equal(policy_guard_text(), text);
}

static void a_null_pointer_names_callback_task_and_cpu(void **state)
{
	(void)state;
	assert_caught(fault_null, "the policy crashed: NULL pointer (SIGSEGV) in ops.enqueue(), task 12 worker, CPU 3");
}

static void other_faults_name_the_signal(void **state)
{
	(void)state;
	assert_caught(fault_far, "the policy crashed: invalid memory access (SIGSEGV) in ops.enqueue(), task 12 worker, CPU 3");
	assert_caught(fault_abort, "the policy crashed: abort() (SIGABRT) in ops.enqueue(), task 12 worker, CPU 3");
	assert_caught(fault_ill, "the policy crashed: illegal instruction (SIGILL) in ops.enqueue(), task 12 worker, CPU 3");
}

static void a_second_fault_is_caught_as_well(void **state)
{
	(void)state;
	assert_caught(fault_null, "the policy crashed: NULL pointer (SIGSEGV) in ops.enqueue(), task 12 worker, CPU 3");
	assert_caught(fault_null, "the policy crashed: NULL pointer (SIGSEGV) in ops.enqueue(), task 12 worker, CPU 3");
}

/* The signal that ended a child which did this. */
static int signal_of(void (*fault)(void))
{
	const pid_t child = fork();
	int status = 0;

	if (!child) {
		/* What sanitizers do about signals is not what is tested. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		policy_guard_install();
		if (!setjmp(left))
			fault();
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void outside_a_callback_the_default_action_comes_back(void **state)
{
	(void)state;
	this_sim = &sim;
	is_running = true;
	in_callback = false;
	assert_int_equal(signal_of(fault_null), SIGSEGV);
	assert_int_equal(signal_of(fault_abort), SIGABRT);
	is_running = false;
	in_callback = true;
	assert_int_equal(signal_of(fault_null), SIGSEGV);
	this_sim = NULL;
}

static void handlers_are_put_back_behind_the_run(void **state)
{
	struct sigaction before, during, after;

	(void)state;
	sigaction(SIGSEGV, NULL, &before);
	policy_guard_install();
	sigaction(SIGSEGV, NULL, &during);
	policy_guard_remove();
	sigaction(SIGSEGV, NULL, &after);
	assert_ptr_equal(before.sa_sigaction, after.sa_sigaction);
	assert_ptr_not_equal(before.sa_sigaction, during.sa_sigaction);
	assert_string_equal(policy_guard_text(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_null_pointer_names_callback_task_and_cpu, begin, end),
		cmocka_unit_test_setup_teardown(other_faults_name_the_signal, begin, end),
		cmocka_unit_test_setup_teardown(a_second_fault_is_caught_as_well, begin, end),
		cmocka_unit_test(outside_a_callback_the_default_action_comes_back),
		cmocka_unit_test(handlers_are_put_back_behind_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
