/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filling a struct scxtwin_error. Both functions return code, so that a failing
 * function ends with "return error_set(err, ...)". err may be NULL; texts that
 * are too long are cut.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <scxtwin/error.h>

struct error_place {
	const char *file;	/* NULL if no file is concerned */
	u32 line, column;	/* 1-based, 0: not known */
	const char *path;	/* NULL if no JSON path is concerned */
};

int error_set(struct scxtwin_error *err, enum scxtwin_errcode code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int error_set_at(struct scxtwin_error *err, enum scxtwin_errcode code,
		 const struct error_place *place, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* SCXTWIN_EINTERNAL, "out of memory". */
int error_no_memory(struct scxtwin_error *err);

#endif /* BASE_ERROR_H */
