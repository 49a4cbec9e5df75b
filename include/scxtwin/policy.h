/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a policy presents itself: built-ins and shared objects alike. A shared
 * object exports one symbol:
 *
 *	const struct scxtwin_policy scxtwin_policy = { SCXTWIN_POLICY_ABI, "mine", ... };
 *
 * The operations may be a function of the parameters: setup() runs before the
 * table is read. A policy must keep its state in the block of state_size bytes
 * that scxtwin_policy_state() returns (zeroed for each simulation) or, in a
 * shared object, in plain globals (each simulation loads its own copy). It must
 * not allocate, start threads or keep state in libc.
 */
#ifndef SCXTWIN_POLICY_H
#define SCXTWIN_POLICY_H

#include <assert.h>

#include <scxtwin/kfunc.h>

#define SCXTWIN_POLICY_ABI 1

enum scxtwin_param_type { SCXTWIN_PARAM_U64 = 1, SCXTWIN_PARAM_S64, SCXTWIN_PARAM_BOOL,
			  SCXTWIN_PARAM_DURATION /* u64 ns, accepts "2ms" */ };

/* One value settable by name before loading (--set name=value). */
struct scxtwin_param {
	const char *name;		/* NULL ends the table */
	enum scxtwin_param_type type;
	u64 dflt, min, max;		/* s64 as two's complement */
	size_t state_offset;		/* where in the state block it goes, or ... */
	void *global;			/* ... its address if not NULL */
	const char *help;
};

struct scxtwin_policy {
	u32 abi;			/* SCXTWIN_POLICY_ABI */
	const char *name;
	const char *help;		/* one sentence: what it demonstrates */
	const struct sched_ext_ops *ops; /* NULL only for the built-in "none" */
	size_t state_size;
	const struct scxtwin_param *params; /* NULL: none */
	/* Optional: change the private copy of the table according to the parameters. */
	void (*setup)(struct sched_ext_ops *ops);
};

/* The state block of the policy in the running simulation. */
void *scxtwin_policy_state(void);

/*
 * Where a policy's assert() goes: it ends the run with text, place, callback, task
 * and CPU. The library's own name for it is bound to ours.
 */
void scxtwin_assert_failed(const char *condition, const char *file, unsigned int line, const char *function)
	__attribute__((noreturn));
#if defined(__GLIBC__) && !defined(NDEBUG)
extern void __assert_fail(const char *condition, const char *file, unsigned int line, const char *function)
	__asm__("scxtwin_assert_failed");
#endif

#endif /* SCXTWIN_POLICY_H */
