/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "workload/lines.h"

#define PIECE_SIZE (1U << 16)

int lines_open(struct lines *l, const char *file, int fd, struct scxtwin_error *err)
{
	const struct error_place place = { .file = file };

	memset(l, 0, sizeof(*l));
	l->file = file;
	l->buf.limit = LINES_MAX_LEN;
	l->piece = mem_alloc(PIECE_SIZE);
	if (!l->piece) {
		if (fd >= 0)
			close(fd);
		return error_no_memory(err);
	}
	errno = 0;
	l->gz = fd >= 0 ? gzdopen(fd, "rb") : gzopen(file, "rb");
	if (!l->gz) {
		const int why = errno;

		if (fd >= 0)
			close(fd);
		lines_close(l);
		return error_set_at(err, SCXTWIN_EINPUT, &place, "cannot be opened for reading: %s",
				    why ? strerror(why) : "no memory");
	}
	gzbuffer(l->gz, 1 << 17);
	return 0;
}

int lines_fail(const struct lines *l, struct scxtwin_error *err, const char *what)
{
	const struct error_place place = { .file = l->file, .line = l->line };

	return error_set_at(err, SCXTWIN_EINPUT, &place, "%s", what);
}

/* 1: there is a piece; 0: the file is over; negative: unreadable. */
static int next_piece(struct lines *l, struct scxtwin_error *err)
{
	const int len = gzread(l->gz, l->piece, PIECE_SIZE);
	int status;

	l->pos = 0;
	l->end = len > 0 ? (u32)len : 0;
	if (len > 0)
		return 1;
	/* A stream that breaks off is no error for gzread(). */
	gzerror(l->gz, &status);
	if (status == Z_ERRNO)
		return lines_fail(l, err, strerror(errno));
	if (status != Z_OK && status != Z_STREAM_END)
		return lines_fail(l, err, "the file cannot be read on: damaged or cut off");
	return 0;
}

int lines_next(struct lines *l, struct scxtwin_error *err)
{
	strbuf_clear(&l->buf);
	l->line++;
	for (;;) {
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
			       lines_fail(l, err, "the line is too long");
		l->pos += (u32)len + (newline != NULL);
		if (newline)
			return 1;
	}
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
