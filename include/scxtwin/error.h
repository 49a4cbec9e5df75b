/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one error type of everything outside the simulated kernel. A function
 * that can fail takes a struct scxtwin_error * (NULL: caller does not want the
 * text), returns 0 or a negative enum scxtwin_errcode and fills it once.
 */
#ifndef SCXTWIN_ERROR_H
#define SCXTWIN_ERROR_H

#include <scxtwin/types.h>

enum scxtwin_errcode {
	SCXTWIN_OK = 0,
	SCXTWIN_EFAILED = -1,	/* policy, scenario or expectation failed; exit status 1 */
	SCXTWIN_EUSAGE = -2,	/* wrong arguments; exit status 2 */
	SCXTWIN_EINPUT = -3,	/* unreadable or invalid input; exit status 3 */
	SCXTWIN_EINTERNAL = -4,	/* our own fault, or an internal limit; exit status 4 */
	SCXTWIN_ETIME = -124,	/* a time limit given by the user; exit status 124 */
};

struct scxtwin_error {
	enum scxtwin_errcode code;
	char file[256];		/* "" if no file is concerned */
	u32 line, column;	/* 1-based, 0: not known */
	char path[256];		/* JSON path such as $.tasks[2].steps[0].run, or "" */
	char msg[512];		/* what was found and what would be right */
};

/* Formats as "file:line:column: path: msg", leaving out what is not known. Returns buf. */
char *scxtwin_error_format(const struct scxtwin_error *err, char *buf, size_t size);

#endif /* SCXTWIN_ERROR_H */
