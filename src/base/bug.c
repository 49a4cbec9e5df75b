/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bug.h"

static __thread bug_handler_t bug_handler;

void bug_set_handler(bug_handler_t handler)
{
	bug_handler = handler;
}

static void print_site(const struct bug_site *site, const char *severity, const char *detail)
{
	fprintf(stderr, "scxtwin: %s at %s:%u in %s(): %s%s%s\n", severity, site->file,
		(unsigned int)site->line, site->func, site->cond, *detail ? ": " : "", detail);
}

static void __attribute__((noreturn)) bug_stop(const struct bug_site *site, const char *detail)
{
	if (bug_handler)
		bug_handler(site, true, detail);

	/* No handler, or one that broke its promise not to return. */
	print_site(site, "BUG", detail);
	abort();
}

void __bug(const struct bug_site *site)
{
	bug_stop(site, "");
}

void __bug_fmt(const struct bug_site *site, const char *fmt, ...)
{
	char detail[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	bug_stop(site, detail);
}

bool __warn(const struct bug_site *site)
{
	if (bug_handler)
		bug_handler(site, false, "");
	else
		print_site(site, "WARN", "");
	return true;
}
