/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failures of a policy's code: fatal signals, assertions.
 *
 * Fatal signals are a property of the process, simulations of a thread. So the
 * handlers are in place while any thread has a guard, and ask the thread that
 * took the signal whether it is inside a policy's callback. If it is not, what
 * was in place before is put back and the fault happens again.
 */
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bug.h"
#include "ext/ext.h"
#include "machine/machine.h"
#include "policy/policy.h"

#define GUARD_STACK_SIZE	((size_t)256 << 10)
#define NULL_PAGE_SIZE		4096

static const struct {
	int number;
	const char *text;
} guarded[] = {
	{ SIGSEGV, "invalid memory access (SIGSEGV)" },
	{ SIGBUS, "invalid memory access (SIGBUS)" },
	{ SIGFPE, "division by zero or overflow (SIGFPE)" },
	{ SIGILL, "illegal instruction (SIGILL)" },
	{ SIGABRT, "abort() (SIGABRT)" },
};

#define NR_GUARDED (sizeof(guarded) / sizeof(guarded[0]))

static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;
static u32 nr_users;
static struct sigaction before[NR_GUARDED];

static __thread bool installed;
static __thread void *signal_stack;
static __thread stack_t stack_before;
static __thread char caught[512];

const char *policy_guard_text(void)
{
	return caught;
}

static const char *describe_callback(const struct scx_callback_info *info, char *buf, size_t size)
{
	if (info->task)
		snprintf(buf, size, "ops.%s(), task %d %.16s, CPU %d", info->op, info->task->pid,
			 info->task->comm, info->cpu);
	else
		snprintf(buf, size, "ops.%s(), CPU %d", info->op, info->cpu);
	return buf;
}

static u32 index_of(int sig)
{
	u32 i;

	for (i = 0; i < NR_GUARDED - 1; i++)
		if (guarded[i].number == sig)
			break;
	return i;
}

static const char *describe_signal(int sig, const siginfo_t *si)
{
	if (sig == SIGSEGV && (uintptr_t)si->si_addr < NULL_PAGE_SIZE)
		return "NULL pointer (SIGSEGV)";
	return guarded[index_of(sig)].text;
}

void policy_guard_forget(void)
{
	caught[0] = '\0';
}

/*
 * Leaves through a pointer: before a call that is known not to return the address
 * sanitizer looks over the thread's own stack, and we are not on that.
 */
static void leave(void)
{
	void (*volatile abort_machine)(int result) = machine_abort;

	abort_machine(SCXTWIN_EFAILED);
}

static void crashed(const char *what, const char *where)
{
	snprintf(caught, sizeof(caught), "the policy crashed: %s in %s", what, where);
	leave();
}

static bool is_in_callback(struct scx_callback_info *info)
{
	return installed && this_sim && machine_running() && scx_current_callback(info);
}

void policy_fail(const char *fmt, ...)
{
	struct scx_callback_info info;
	char what[300], where[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	BUG_ON(!is_in_callback(&info));
	snprintf(caught, sizeof(caught), "%s in %s", what, describe_callback(&info, where, sizeof(where)));
	leave();
	__builtin_unreachable();
}

void scxtwin_assert_failed(const char *condition, const char *file, unsigned int line, const char *function)
{
	const char *slash = strrchr(file, '/');
	struct scx_callback_info info;

	file = slash ? slash + 1 : file;
	if (is_in_callback(&info))
		policy_fail("the policy's assertion \"%s\" failed (%s:%u)", condition, file, line);
	fprintf(stderr, "%s:%u: %s: assertion \"%s\" failed\n", file, line, function, condition);
	abort();
}

static void on_fatal_signal(int sig, siginfo_t *si, void *ucontext)
{
	struct scx_callback_info info;
	char where[128];

	(void)ucontext;
	/* A positive code is a fault of this thread itself; SI_TKILL is its own abort(). */
	if ((si->si_code > 0 || sig == SIGABRT) && is_in_callback(&info))
		crashed(describe_signal(sig, si), describe_callback(&info, where, sizeof(where)));
	sigaction(sig, &before[index_of(sig)], NULL);
	/* A fault repeats itself when the handler returns; what was sent does not. */
	if (si->si_code <= 0)
		raise(sig);
}

static void set_handlers(void)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	u32 i;

	action.sa_sigaction = on_fatal_signal;
	sigemptyset(&action.sa_mask);
	for (i = 0; i < NR_GUARDED; i++)
		BUG_ON(sigaction(guarded[i].number, &action, &before[i]));
}

static void restore_handlers(void)
{
	u32 i;

	for (i = 0; i < NR_GUARDED; i++)
		BUG_ON(sigaction(guarded[i].number, &before[i], NULL));
}

void policy_guard_install(void)
{
	stack_t stack = { .ss_size = GUARD_STACK_SIZE };

	BUG_ON(installed);
	caught[0] = '\0';
	/* The policy may have run out of stack. */
	signal_stack = mmap(NULL, GUARD_STACK_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	BUG_ON(signal_stack == MAP_FAILED);
	stack.ss_sp = signal_stack;
	BUG_ON(sigaltstack(&stack, &stack_before));
	pthread_mutex_lock(&users_lock);
	if (!nr_users++)
		set_handlers();
	pthread_mutex_unlock(&users_lock);
	installed = true;
}

void policy_guard_remove(void)
{
	BUG_ON(!installed);
	installed = false;
	pthread_mutex_lock(&users_lock);
	BUG_ON(!nr_users);
	if (!--nr_users)
		restore_handlers();
	pthread_mutex_unlock(&users_lock);
	BUG_ON(sigaltstack(&stack_before, NULL));
	BUG_ON(munmap(signal_stack, GUARD_STACK_SIZE));
}
