/* SPDX-License-Identifier: GPL-2.0-only */
/* Text files line by line, gzip or not, as a stream: memory is bounded by the longest line that is allowed. */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include <zlib.h>

#include <scxtwin/error.h>

#include "base/str.h"

struct lines {
	gzFile gz;
	const char *file;	/* for messages; the caller keeps it alive */
	struct strbuf buf;	/* the present line without its newline; may hold zero bytes */
	u32 line;		/* its number, from 1 */
	bool ended;		/* it had a newline; only the last one of a file may have none */
	char *piece;		/* of the file, from pos to end not used yet */
	u32 pos, end;
};

/*
 * fd: -1, or a file that is read instead of the one called file; it is closed
 * with the lines. max_len: bytes that a line may have, > 0.
 * 0, SCXTWIN_EINPUT or SCXTWIN_EINTERNAL.
 */
int lines_open(struct lines *l, const char *file, int fd, size_t max_len, struct scxtwin_error *err);
/* 1: the next line is in buf; 0: no more; negative: as above. */
int lines_next(struct lines *l, struct scxtwin_error *err);
/* Fills err with the present line as place and returns SCXTWIN_EINPUT. */
int lines_fail(const struct lines *l, struct scxtwin_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Also after a failed open. */
void lines_close(struct lines *l);

#endif /* BASE_LINES_H */
