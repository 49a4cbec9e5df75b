/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a written log back and computes the digest of the run from its records. */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include <scxtwin/sim.h>

#include "base/error.h"
#include "report/log_format.h"

#define CHUNK 65536

struct log_reader {
	const char *path;
	gzFile gz;
	struct strbuf line;
	u32 line_nr;
	struct digest digest;
};

static int damaged(const struct log_reader *in, const char *at, const char *expected,
		   struct scxtwin_error *err)
{
	const struct error_place place = {
		.file = in->path, .line = in->line_nr,
		.column = (u32)(at - strbuf_str(&in->line)) + 1,
	};

	return error_set_at(err, SCXTWIN_EINPUT, &place,
			    "the log is damaged: expected %s", expected);
}

static int truncated(const struct log_reader *in, struct scxtwin_error *err)
{
	const struct error_place place = { .file = in->path, .line = in->line_nr };

	return error_set_at(err, SCXTWIN_EINPUT, &place,
			    "the log is cut off: its last line, with \"end\", is missing");
}

static int unreadable(const struct log_reader *in, struct scxtwin_error *err)
{
	const struct error_place place = { .file = in->path, .line = in->line_nr };
	int code;
	const char *why = gzerror(in->gz, &code);

	if (code == Z_MEM_ERROR)
		return error_no_memory(err);
	return error_set_at(err, SCXTWIN_EINPUT, &place, "cannot be read on: %s",
			    code == Z_ERRNO ? strerror(errno) : why);
}

/* 1: in->line is the next line, without its newline; 0: the end; negative: error. */
static int next_line(struct log_reader *in, struct scxtwin_error *err)
{
	strbuf_clear(&in->line);
	in->line_nr++;
	for (;;) {
		char *end;
		int code;

		if (strbuf_reserve(&in->line, CHUNK))
			return error_no_memory(err);
		end = in->line.data + in->line.len;
		if (!gzgets(in->gz, end, CHUNK)) {
			gzerror(in->gz, &code);
			if (code != Z_OK && code != Z_STREAM_END)
				return unreadable(in, err);
			return in->line.len ? truncated(in, err) : 0;
		}
		if (!*end)
			return damaged(in, end, "no zero byte", err);
		strbuf_commit(&in->line, strlen(end));
		if (in->line.len && in->line.data[in->line.len - 1] == '\n') {
			in->line.data[--in->line.len] = '\0';
			return 1;
		}
	}
}

static int check_end(struct log_reader *in, struct scxtwin_error *err)
{
	const struct error_place place = { .file = in->path, .line = in->line_nr };
	struct log_end end;
	char hex[DIGEST_HEX_LEN + 1];
	const char *at, *missing = log_parse_end(strbuf_str(&in->line), &end, &at);
	int ret;

	if (missing)
		return damaged(in, at, missing, err);
	if (end.count != in->digest.count)
		return error_set_at(err, SCXTWIN_EINPUT, &place,
				    "the log is damaged: it has %llu records and should have %llu",
				    (unsigned long long)in->digest.count,
				    (unsigned long long)end.count);
	digest_final(&in->digest, hex);
	if (strcmp(hex, end.digest))
		return error_set_at(err, SCXTWIN_EINPUT, &place,
				    "the log is damaged: its records have digest %s, its last line says %s",
				    hex, end.digest);
	ret = next_line(in, err);
	return ret > 0 ? damaged(in, strbuf_str(&in->line), "nothing behind the last line", err) : ret;
}

static int read_records(struct log_reader *in, struct scxtwin_error *err)
{
	struct scxtwin_event ev;
	const char *at, *missing;
	int ret;

	while ((ret = next_line(in, err)) > 0) {
		if (log_is_end(strbuf_str(&in->line)))
			return check_end(in, err);
		missing = log_parse_record(strbuf_str(&in->line), &ev, &at);
		if (missing)
			return damaged(in, at, missing, err);
		digest_record(&in->digest, &ev);
	}
	return ret ? ret : truncated(in, err);
}

static int read_log(struct log_reader *in, struct scxtwin_error *err)
{
	const char *at, *missing;
	int ret = next_line(in, err);

	if (ret < 0)
		return ret;
	missing = log_parse_header(strbuf_str(&in->line), &in->digest, &at);
	return missing ? damaged(in, at, missing, err) : read_records(in, err);
}

int scxtwin_digest_log(const char *path, char *hex, struct scxtwin_error *err)
{
	const struct error_place place = { .file = path };
	struct log_reader in = { .path = path };
	int ret;

	errno = 0;
	in.gz = strcmp(path, "-") ? gzopen(path, "rbe") : gzdopen(0, "rb");
	if (!in.gz)
		return errno ? error_set_at(err, SCXTWIN_EINPUT, &place, "cannot be read: %s",
					    strerror(errno)) : error_no_memory(err);
	gzbuffer(in.gz, 4 * CHUNK);
	digest_init(&in.digest);
	ret = read_log(&in, err);
	if (!ret)
		digest_final(&in.digest, hex);
	gzclose(in.gz);
	strbuf_free(&in.line);
	return ret;
}
