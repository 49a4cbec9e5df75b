/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "base/bug.h"
#include "base/error.h"

static void fill(struct scxtwin_error *err, enum scxtwin_errcode code,
		 const struct error_place *place, const char *fmt, va_list args)
{
	if (!err)
		return;
	memset(err, 0, sizeof(*err));
	err->code = code;
	if (place->file)
		strlcpy(err->file, place->file, sizeof(err->file));
	err->line = place->line;
	err->column = place->column;
	if (place->path)
		strlcpy(err->path, place->path, sizeof(err->path));
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
}

int error_set(struct scxtwin_error *err, enum scxtwin_errcode code, const char *fmt, ...)
{
	va_list args;

	BUG_ON(code == SCXTWIN_OK);
	va_start(args, fmt);
	fill(err, code, &(struct error_place){ 0 }, fmt, args);
	va_end(args);
	return code;
}

int error_set_at(struct scxtwin_error *err, enum scxtwin_errcode code,
		 const struct error_place *place, const char *fmt, ...)
{
	va_list args;

	BUG_ON(code == SCXTWIN_OK);
	va_start(args, fmt);
	fill(err, code, place, fmt, args);
	va_end(args);
	return code;
}

int error_no_memory(struct scxtwin_error *err)
{
	return error_set(err, SCXTWIN_EINTERNAL, "out of memory");
}

char *scxtwin_error_format(const struct scxtwin_error *err, char *buf, size_t size)
{
	char place[sizeof(err->file) + 32] = "";

	if (!size)
		return buf;
	if (err->file[0] && err->line && err->column)
		snprintf(place, sizeof(place), "%s:%u:%u: ", err->file, err->line, err->column);
	else if (err->file[0] && err->line)
		snprintf(place, sizeof(place), "%s:%u: ", err->file, err->line);
	else if (err->file[0])
		snprintf(place, sizeof(place), "%s: ", err->file);
	snprintf(buf, size, "%s%s%s%s", place, err->path, err->path[0] ? ": " : "", err->msg);
	return buf;
}
