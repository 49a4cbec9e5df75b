/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include <zlib.h>

#include "base/error.h"
#include "base/json_lines.h"

#define BUF_SIZE ((size_t)64 << 10)

int json_lines_open(struct json_lines *in, const char *path, size_t line_max,
		    struct scxtwin_error *err)
{
	BUG_ON(!line_max);
	*in = (struct json_lines){ .file = path, .line.limit = line_max };
	in->buf = mem_alloc(BUF_SIZE);
	if (!in->buf)
		return error_no_memory(err);
	errno = 0;
	in->gz = gzopen(path, "rb");
	if (!in->gz && (!errno || errno == ENOMEM))
		return error_no_memory(err);
	if (!in->gz)
		return error_set_at(err, SCXTWIN_EINPUT, &(struct error_place){ .file = path },
				    "cannot open: %s", strerror(errno));
	return 0;
}

void json_lines_close(struct json_lines *in)
{
	if (in->gz)
		gzclose(in->gz);
	in->gz = NULL;
	free(in->buf);
	in->buf = NULL;
	strbuf_free(&in->line);
	json_doc_free(&in->doc);
}

/* 0 also at the end of the file, with in->len 0. */
static int fill(struct json_lines *in, struct scxtwin_error *err)
{
	const struct error_place place = { .file = in->file, .line = in->line_nr };
	const int len = gzread(in->gz, in->buf, BUF_SIZE);
	int code = Z_OK;
	const char *text = gzerror(in->gz, &code);

	in->pos = 0;
	in->len = len > 0 ? (size_t)len : 0;
	if (len > 0)
		return 0;
	/* A stream that ends too early is no error for gzread(). */
	if (code == Z_BUF_ERROR)
		return error_set_at(err, SCXTWIN_EINPUT, &place,
				    "compressed file is truncated in or after this line");
	if (len < 0 && code == Z_MEM_ERROR)
		return error_no_memory(err);
	if (len < 0)
		return error_set_at(err, SCXTWIN_EINPUT, &place, "cannot read: %s", text);
	return 0;
}

static int fail_append(struct json_lines *in, struct scxtwin_error *err)
{
	const struct error_place place = { .file = in->file, .line = in->line_nr };

	if (in->line.error == -ENOMEM)
		return error_no_memory(err);
	return error_set_at(err, SCXTWIN_EINPUT, &place, "line too long, want at most %zu bytes",
			    in->line.limit);
}

/* The next line without its newline; *complete: it had one. 1, 0 at the end, or negative. */
static int read_line(struct json_lines *in, bool *complete, struct scxtwin_error *err)
{
	const u8 *start, *newline;
	size_t len;
	int ret;

	strbuf_clear(&in->line);
	in->line_nr++;
	*complete = false;
	while (!*complete) {
		if (in->pos == in->len) {
			ret = fill(in, err);
			if (ret)
				return ret;
			if (!in->len)
				return in->line.len > 0;
		}
		start = in->buf + in->pos;
		newline = memchr(start, '\n', in->len - in->pos);
		len = newline ? (size_t)(newline - start) : in->len - in->pos;
		if (strbuf_add(&in->line, (const char *)start, len))
			return fail_append(in, err);
		in->pos += len + (newline != NULL);
		*complete = newline != NULL;
	}
	return 1;
}

static bool is_blank(const struct strbuf *line)
{
	return strspn(strbuf_str(line), " \t\r") == line->len;
}

int json_lines_next(struct json_lines *in, struct json_at *object, struct scxtwin_error *err)
{
	struct error_place place = { .file = in->file };
	struct scxtwin_error own;
	bool complete;
	int ret;

	ret = read_line(in, &complete, err);
	if (ret <= 0)
		return ret;
	place.line = in->line_nr;
	if (is_blank(&in->line))
		return error_set_at(err, SCXTWIN_EINPUT, &place,
				    "empty line, want one JSON object per line");
	ret = json_doc_load_text(&in->doc, in->file, in->line_nr, strbuf_str(&in->line),
				 in->line.len, &own);
	if (ret == SCXTWIN_EINPUT && !complete && !in->doc.root) {
		place.column = own.column;
		return error_set_at(err, ret, &place,
				    "last line is cut off, the file seems to be truncated (%s)",
				    own.msg);
	}
	if (!ret) {
		*object = json_doc_root(&in->doc);
		ret = json_get_object(*object, NULL, &own);
	}
	if (ret && err)
		*err = own;
	return ret ? ret : 1;
}
