/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "workload/lines.h"

int lines_open(struct lines *l, const char *file, int fd, struct scxtwin_error *err)
{
	const struct error_place place = { .file = file };

	memset(l, 0, sizeof(*l));
	l->file = file;
	l->buf.limit = LINES_MAX_LEN;
	l->gz = fd >= 0 ? gzdopen(fd, "rb") : gzopen(file, "rb");
	if (!l->gz) {
		if (fd >= 0)
			close(fd);
		return error_set_at(err, SCXTWIN_EINPUT, &place, "cannot be opened for reading");
	}
	gzbuffer(l->gz, 1 << 17);
	return 0;
}

int lines_fail(const struct lines *l, struct scxtwin_error *err, const char *what)
{
	const struct error_place place = { .file = l->file, .line = l->line };

	return error_set_at(err, SCXTWIN_EINPUT, &place, "%s", what);
}

static int end_of_file(struct lines *l, struct scxtwin_error *err)
{
	int status;

	gzerror(l->gz, &status);
	if (status != Z_OK && status != Z_STREAM_END) {
		l->cut = true;
		return lines_fail(l, err, "the file cannot be read on: damaged or cut off");
	}
	return l->buf.len ? 1 : 0;
}

int lines_next(struct lines *l, struct scxtwin_error *err)
{
	char piece[4096];

	strbuf_clear(&l->buf);
	l->line++;
	while (gzgets(l->gz, piece, sizeof(piece))) {
		const size_t len = strlen(piece);

		if (strbuf_add(&l->buf, piece, len))
			return lines_fail(l, err, "the line is too long");
		if (len && piece[len - 1] == '\n') {
			l->buf.data[--l->buf.len] = '\0';
			return 1;
		}
	}
	return end_of_file(l, err);
}

void lines_close(struct lines *l)
{
	if (l->gz)
		gzclose(l->gz);
	l->gz = NULL;
	strbuf_free(&l->buf);
}
