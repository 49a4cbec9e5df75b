/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "expect_bug.h"

static int nr_warnings;
static const struct bug_site *last_site;

static void count_warnings(const struct bug_site *site, bool fatal, const char *detail)
{
	assert_false(fatal);
	assert_string_equal(detail, "");
	last_site = site;
	nr_warnings++;
}

static void warn_has_the_value_of_its_condition(void **state)
{
	(void)state;
	nr_warnings = 0;
	bug_set_handler(count_warnings);
	assert_false(WARN_ON_ONCE(nr_warnings));
	assert_int_equal(nr_warnings, 0);
	assert_true(WARN_ON_ONCE(nr_warnings == 0));
	bug_set_handler(NULL);
	assert_int_equal(nr_warnings, 1);
	assert_string_equal(last_site->cond, "nr_warnings == 0");
	assert_string_equal(last_site->func, __func__);
	assert_true(last_site->line > 0);
}

static void handler_is_called_at_every_warning(void **state)
{
	int i;

	(void)state;
	nr_warnings = 0;
	bug_set_handler(count_warnings);
	for (i = 0; i < 3; i++)
		WARN_ON_ONCE(i >= 0);
	bug_set_handler(NULL);
	assert_int_equal(nr_warnings, 3);
}

static void bug_reaches_the_handler_with_condition_and_detail(void **state)
{
	const int cpu = 7;

	(void)state;
	expect_bug(BUG_ON(cpu == 7), "cpu == 7");
	expect_bug(BUG(), "reached");
	expect_bug(BUG_FMT("cpu %d has no rq", cpu), "cpu 7 has no rq");
	BUG_ON(cpu != 7);
}

static void returning_handler(const struct bug_site *site, bool fatal, const char *detail)
{
	(void)site;
	(void)fatal;
	(void)detail;
}

/* What a child that meets a BUG prints, and that it dies by SIGABRT. */
static void run_child(bug_handler_t handler, char *out, size_t size)
{
	int fds[2], status;
	ssize_t len, total = 0;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], 2);
		bug_set_handler(handler);
		WARN_ON_ONCE(size > 1);
		BUG_FMT("detail %d", 5);
	}
	close(fds[1]);
	while ((len = read(fds[0], out + total, size - 1 - (size_t)total)) > 0)
		total += len;
	out[total] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void without_handler_a_bug_prints_and_aborts(void **state)
{
	char out[2048];

	(void)state;
	run_child(NULL, out, sizeof(out));
	assert_non_null(strstr(out, "scxtwin: WARN at "));
	assert_non_null(strstr(out, "in run_child(): size > 1\n"));
	assert_non_null(strstr(out, "scxtwin: BUG at "));
	assert_non_null(strstr(out, "detail 5\n"));
}

static void handler_that_returns_from_a_bug_does_not_go_on(void **state)
{
	char out[2048];

	(void)state;
	run_child(returning_handler, out, sizeof(out));
	assert_null(strstr(out, "WARN"));
	assert_non_null(strstr(out, "scxtwin: BUG at "));
}

static void *meet_bug_in_thread(void *arg)
{
	(void)arg;
	bug_set_handler(expect_bug_handler);
	if (!setjmp(expect_bug_return))
		BUG();
	return NULL;
}

static void handler_belongs_to_the_thread(void **state)
{
	pthread_t thread;

	(void)state;
	nr_warnings = 0;
	bug_set_handler(count_warnings);
	assert_int_equal(pthread_create(&thread, NULL, meet_bug_in_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	WARN_ON_ONCE(true);
	bug_set_handler(NULL);
	assert_int_equal(nr_warnings, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warn_has_the_value_of_its_condition),
		cmocka_unit_test(handler_is_called_at_every_warning),
		cmocka_unit_test(bug_reaches_the_handler_with_condition_and_detail),
		cmocka_unit_test(without_handler_a_bug_prints_and_aborts),
		cmocka_unit_test(handler_that_returns_from_a_bug_does_not_go_on),
		cmocka_unit_test(handler_belongs_to_the_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
