/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

/* 0, -E2BIG, -ENOMEM or another errno of reading. */
static int read_all(FILE *file, struct strbuf *sb)
{
	char buf[4096];
	size_t len;

	while ((len = fread(buf, 1, sizeof(buf), file)))
		if (strbuf_add(sb, buf, len))
			return sb->error;
	return ferror(file) ? -errno : 0;
}

int file_read(const char *path, struct strbuf *sb, struct scxtwin_error *err)
{
	const struct error_place place = { .file = path };
	FILE *file = fopen(path, "rb");
	int ret;

	if (!file)
		return error_set_at(err, SCXTWIN_EINPUT, &place, "cannot open: %s", strerror(errno));
	ret = read_all(file, sb);
	fclose(file);
	switch (ret) {
	case 0:
		return 0;
	case -ENOMEM:
		return error_no_memory(err);
	case -E2BIG:
		return error_set_at(err, SCXTWIN_EINPUT, &place, "file too large, want at most %zu bytes",
				    sb->limit ? sb->limit : STRBUF_LIMIT_DEFAULT);
	default:
		return error_set_at(err, SCXTWIN_EINPUT, &place, "cannot read: %s", strerror(-ret));
	}
}
