/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/proves.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "machine/machine.h"

static struct {
	bool set;
	const char *file;
	int line;
	char text[2048];
} failure;	/* the first one */

static bool deferred;

static bool simulation_runs(void)
{
	return this_sim && machine() && machine_running();
}

void proves_defer(bool on)
{
	deferred = on;
}

const char *proves_failure(void)
{
	if (!failure.set)
		return NULL;
	failure.set = false;
	return failure.text;
}

void proves_settle(void)
{
	const char *text = proves_failure();

	if (!text)
		return;
	print_error("%s\n", text);
	_fail(failure.file, failure.line);
}

void proves_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	if (!failure.set) {
		failure.set = true;
		failure.file = file;
		failure.line = line;
		va_start(args, fmt);
		vsnprintf(failure.text, sizeof(failure.text), fmt, args);
		va_end(args);
	}
	/* The host's stack is out of reach from a simulated one. */
	if (simulation_runs())
		machine_stop(SCXTWIN_EFAILED);
	else if (!deferred)
		proves_settle();
}

/* A test that runs a hundred thousand times is noted once. */
static bool noted_before(const char *ids)
{
	static const char *recent[1024];
	const char **slot = &recent[(uintptr_t)ids / 8 % 1024];
	const bool before = *slot == ids;

	*slot = ids;
	return before;
}

static void note(const char *ids)
{
	const char *name = getenv("SCXTWIN_SPEC_LOG");
	FILE *log = name && !noted_before(ids) ? fopen(name, "a") : NULL;

	if (!log)
		return;
	for (; *ids; ids++)
		fputc(*ids == ' ' ? '\n' : *ids, log);
	fputc('\n', log);
	fclose(log);
}

void proves(const char *ids, bool holds, const char *cond, const char *file, int line)
{
	if (holds)
		note(ids);
	else
		proves_fail(file, line, "%s: does not hold: %s", ids, cond);
}
