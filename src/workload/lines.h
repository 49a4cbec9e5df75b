/* SPDX-License-Identifier: GPL-2.0-only */
/* Text files line by line, gzip or not, in bounded memory. */
#ifndef WORKLOAD_LINES_H
#define WORKLOAD_LINES_H

#include <zlib.h>

#include <scxtwin/error.h>

#include "base/str.h"

/* Longest line. A whole program may stand on one. */
#define LINES_MAX_LEN ((size_t)256 << 20)

struct lines {
	gzFile gz;
	const char *file;	/* for messages; the caller keeps it alive */
	struct strbuf buf;	/* the present line without its end; may hold zero bytes */
	u32 line;
	char *piece;		/* of the file, from pos to end not used yet */
	u32 pos, end;
};

/* fd: -1, or a file that is read instead of the one called file; it is closed with the lines. */
int lines_open(struct lines *l, const char *file, int fd, struct scxtwin_error *err);
/* 1: the next line is in buf; 0: no more; negative: unreadable. */
int lines_next(struct lines *l, struct scxtwin_error *err);
/* Fills err with the present line as place and returns SCXTWIN_EINPUT. */
int lines_fail(const struct lines *l, struct scxtwin_error *err, const char *what);
void lines_close(struct lines *l);

#endif /* WORKLOAD_LINES_H */
