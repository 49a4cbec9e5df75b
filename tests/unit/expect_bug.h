/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failing twins: a statement that must end in a BUG. Include after cmocka.h.
 */
#ifndef TESTS_EXPECT_BUG_H
#define TESTS_EXPECT_BUG_H

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "base/bug.h"

static __thread jmp_buf expect_bug_return;
static __thread char expect_bug_text[512];

static inline void expect_bug_handler(const struct bug_site *site, bool fatal, const char *detail)
{
	snprintf(expect_bug_text, sizeof(expect_bug_text), "%s%s%s", site->cond,
		 *detail ? ": " : "", detail);
	if (fatal)
		longjmp(expect_bug_return, 1);
}

/* text must be part of the condition or of the detail. */
#define expect_bug(statement, text)						\
	do {									\
		bug_set_handler(expect_bug_handler);				\
		if (!setjmp(expect_bug_return)) {				\
			statement;						\
			bug_set_handler(NULL);					\
			fail_msg("no BUG in: %s", #statement);			\
		}								\
		bug_set_handler(NULL);						\
		if (!strstr(expect_bug_text, text))				\
			fail_msg("BUG \"%s\" instead of \"%s\"",		\
				 expect_bug_text, text);			\
	} while (0)

#endif /* TESTS_EXPECT_BUG_H */
