/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/json_lines.h"

#include <string.h>

#include "base/error.h"

int json_lines_open(struct json_lines *in, const char *path, size_t line_max,
		    struct scxtwin_error *err)
{
	in->doc = (struct json_doc){ 0 };
	return lines_open(&in->lines, path, -1, line_max, err);
}

void json_lines_close(struct json_lines *in)
{
	lines_close(&in->lines);
	json_doc_free(&in->doc);
}

static bool is_blank(const struct strbuf *line)
{
	return strspn(strbuf_str(line), " \t\r") == line->len;
}

int json_lines_next(struct json_lines *in, struct json_at *object, struct scxtwin_error *err)
{
	const struct lines *l = &in->lines;
	struct scxtwin_error own;
	int ret = lines_next(&in->lines, err);

	if (ret <= 0)
		return ret;
	if (is_blank(&l->buf))
		return lines_fail(l, err, "empty line, want one JSON object per line");
	ret = json_doc_load_text(&in->doc, l->file, l->line, strbuf_str(&l->buf), l->buf.len, &own);
	if (ret == SCXTWIN_EINPUT && !l->ended && !in->doc.root)
		return lines_fail(l, err, "last line is cut off, the file seems to be truncated (%s)", own.msg);
	if (!ret) {
		*object = json_doc_root(&in->doc);
		ret = json_get_object(*object, NULL, &own);
	}
	if (ret && err)
		*err = own;
	return ret ? ret : 1;
}
