/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON Lines: one object per line, read as a stream, plain or gzip. Memory is
 * bounded by the longest line that is allowed, not by the file.
 */
#ifndef BASE_JSON_LINES_H
#define BASE_JSON_LINES_H

#include "base/json.h"
#include "base/str.h"

struct json_lines {
	const char *file;	/* the caller keeps it alive */
	void *gz;
	u8 *buf;
	size_t pos, len;	/* unread part of buf */
	u32 line_nr;		/* of the line that was read last */
	struct strbuf line;
	struct json_doc doc;
};

/* 0, SCXTWIN_EINPUT or SCXTWIN_EINTERNAL; line_max: bytes that a line may have. */
int json_lines_open(struct json_lines *in, const char *path, size_t line_max,
		    struct scxtwin_error *err);
/*
 * 1: *object is the next record, valid until the next call; 0: the end;
 * negative: as above.
 */
int json_lines_next(struct json_lines *in, struct json_at *object, struct scxtwin_error *err);
/* Also after a failed open. */
void json_lines_close(struct json_lines *in);

#endif /* BASE_JSON_LINES_H */
