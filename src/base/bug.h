/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Assertions of three severities. BUG_ON(): the twin itself is wrong, the run
 * stops with exit status 4. WARN_ON_ONCE(): the kernel would have warned; a
 * finding that also stops the run unless the caller of the simulation asked to
 * go on. Policy faults are scx_error(), in src/ext. Always compiled in.
 */
#ifndef BASE_BUG_H
#define BASE_BUG_H

#include <scxtwin/types.h>

#ifndef likely
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#endif

struct bug_site {
	const char *file, *func, *cond;
	u32 line;
};

/*
 * What happens at a BUG or WARN is decided by whoever runs the simulation: the
 * handler may not return from a BUG. It is called every time, so "once" is its
 * decision too. detail is "" if there is none. Without a handler both print to
 * stderr; a BUG then aborts.
 */
typedef void (*bug_handler_t)(const struct bug_site *site, bool fatal, const char *detail);
void bug_set_handler(bug_handler_t handler); /* per host thread */

void __bug(const struct bug_site *site) __attribute__((noreturn, cold));
bool __warn(const struct bug_site *site) __attribute__((cold));
void __bug_fmt(const struct bug_site *site, const char *fmt, ...)
	__attribute__((noreturn, cold, format(printf, 2, 3)));

#define __BUG_SITE(cond_text)								\
	({ static const struct bug_site __site = { __FILE__, __func__, cond_text, __LINE__ }; &__site; })

#define BUG_ON(cond)								\
	do {									\
		if (unlikely(cond))						\
			__bug(__BUG_SITE(#cond));				\
	} while (0)

#define BUG() __bug(__BUG_SITE("reached"))
#define BUG_FMT(...) __bug_fmt(__BUG_SITE("fatal"), __VA_ARGS__)

/* Value: the condition, as in the kernel. */
#define WARN_ON_ONCE(cond)							\
	({									\
		const bool __cond = !!(cond);					\
		if (unlikely(__cond))						\
			__warn(__BUG_SITE(#cond));				\
		__cond;								\
	})

#endif /* BASE_BUG_H */
