/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "report/out.h"

static bool ends_in_gz(const char *path)
{
	const size_t len = strlen(path);

	return len > 3 && !strcmp(path + len - 3, ".gz");
}

/* zlib writes uncompressed files too: "T". Neither names nor times get into the file. */
static gzFile open_gz(const char *path)
{
	gzFile gz;
	int fd;

	if (strcmp(path, "-"))
		return gzopen(path, ends_in_gz(path) ? "wbe6" : "wbeT");
	fd = dup(STDOUT_FILENO);
	if (fd < 0)
		return NULL;
	gz = gzdopen(fd, "wbT");
	if (!gz)
		close(fd);
	return gz;
}

int out_open(struct out *out, const char *path, struct scxtwin_error *err)
{
	const struct error_place place = { .file = path };

	out->path = path;
	out->failed = false;
	out->used = 0;
	errno = 0;
	out->gz = open_gz(path);
	if (out->gz)
		return 0;
	if (!errno || errno == ENOMEM)
		return error_no_memory(err);
	return error_set_at(err, SCXTWIN_EUSAGE, &place, "cannot be written: %s", strerror(errno));
}

static void put(struct out *out, const void *bytes, size_t len)
{
	if (len && !out->failed && gzwrite(out->gz, bytes, (unsigned int)len) != (int)len)
		out->failed = true;
}

void out_write(struct out *out, const void *bytes, size_t len)
{
	if (len > OUT_BUFFER - out->used) {
		put(out, out->buffer, out->used);
		out->used = 0;
	}
	if (len > OUT_BUFFER) {
		put(out, bytes, len);
		return;
	}
	memcpy(out->buffer + out->used, bytes, len);
	out->used += (u32)len;
}

int out_close(struct out *out, struct scxtwin_error *err)
{
	const struct error_place place = { .file = out->path };

	if (!out->gz)
		return 0;
	put(out, out->buffer, out->used);
	if (gzclose(out->gz) != Z_OK)
		out->failed = true;
	out->gz = NULL;
	if (!out->failed)
		return 0;
	return error_set_at(err, SCXTWIN_EFAILED, &place, "could not be written to the end");
}
