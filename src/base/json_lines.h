/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON Lines: one object per line, read as a stream. */
#ifndef BASE_JSON_LINES_H
#define BASE_JSON_LINES_H

#include "base/json.h"
#include "base/lines.h"

struct json_lines {
	struct lines lines;
	struct json_doc doc;	/* the present line */
};

/* As lines_open(). */
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
