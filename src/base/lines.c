/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/lines.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/error.h"
#include "base/mem.h"

#define PIECE_SIZE (1U << 16)

int lines_open(struct lines *l, const char *file, int fd, size_t max_len, struct scxtwin_error *err)
{
	const struct error_place place = { .file = file };
	int ret;

	BUG_ON(!max_len);
	*l = (struct lines){ .file = file, .buf.limit = max_len };
	l->piece = mem_alloc(PIECE_SIZE);
	if (l->piece) {
		errno = 0;
		l->gz = fd >= 0 ? gzdopen(fd, "rbe") : gzopen(file, "rbe");
	}
	if (l->gz) {
		gzbuffer(l->gz, 2 * PIECE_SIZE);
		return 0;
	}
	if (!l->piece || !errno || errno == ENOMEM)
		ret = error_no_memory(err);
	else
		ret = error_set_at(err, SCXTWIN_EINPUT, &place, "cannot be opened for reading: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	lines_close(l);
	return ret;
}

int lines_fail(const struct lines *l, struct scxtwin_error *err, const char *fmt, ...)
{
	const struct error_place place = { .file = l->file, .line = l->line };
	char text[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return error_set_at(err, SCXTWIN_EINPUT, &place, "%s", text);
}

/* 1: there is a piece; 0: the file is over; negative: unreadable. */
static int next_piece(struct lines *l, struct scxtwin_error *err)
{
	const int len = gzread(l->gz, l->piece, PIECE_SIZE);
	int code = Z_OK;
	const char *text = gzerror(l->gz, &code);

	l->pos = 0;
	l->end = len > 0 ? (u32)len : 0;
	if (len > 0)
		return 1;
	/* A stream that breaks off is no error for gzread(). */
	if (code == Z_BUF_ERROR)
		return lines_fail(l, err, "the compressed file is cut off in or after this line");
	if (code == Z_MEM_ERROR)
		return error_no_memory(err);
	if (code != Z_OK && code != Z_STREAM_END)
		return lines_fail(l, err, "cannot be read on: %s", code == Z_ERRNO ? strerror(errno) : text);
	return 0;
}

int lines_next(struct lines *l, struct scxtwin_error *err)
{
	strbuf_clear(&l->buf);
	l->line++;
	l->ended = false;
	while (!l->ended) {
		const int ret = l->pos < l->end ? 1 : next_piece(l, err);
		const char *start = l->piece + l->pos, *newline;
		size_t len;

		if (ret < 0)
			return ret;
		if (!ret)
			return l->buf.len ? 1 : 0;
		/* A line may hold any byte, zeros as well: what is in it is for the reader to judge. */
		newline = memchr(start, '\n', l->end - l->pos);
		len = newline ? (size_t)(newline - start) : l->end - l->pos;
		if (strbuf_add(&l->buf, start, len))
			return l->buf.error == -ENOMEM ? error_no_memory(err) :
			       lines_fail(l, err, "the line is too long, want at most %zu bytes", l->buf.limit);
		l->pos += (u32)len + (newline != NULL);
		l->ended = newline != NULL;
	}
	return 1;
}

void lines_close(struct lines *l)
{
	if (l->gz)
		gzclose(l->gz);
	l->gz = NULL;
	free(l->piece);
	l->piece = NULL;
	strbuf_free(&l->buf);
}
