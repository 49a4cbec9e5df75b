/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a written log back and computes the digest of the run from its records. */
#include <string.h>
#include <unistd.h>

#include <scxtwin/sim.h>

#include "base/error.h"
#include "base/lines.h"
#include "report/log_format.h"

/* Records are short; a header may hold the text of a policy's parameters. */
#define LINE_MAX_LEN ((size_t)1 << 20)

struct log_reader {
	struct lines lines;
	struct digest digest;
};

static const char *text_of(const struct log_reader *in)
{
	return strbuf_str(&in->lines.buf);
}

static int damaged(const struct log_reader *in, const char *at, const char *expected,
		   struct scxtwin_error *err)
{
	const struct error_place place = {
		.file = in->lines.file, .line = in->lines.line, .column = (u32)(at - text_of(in)) + 1,
	};

	return error_set_at(err, SCXTWIN_EINPUT, &place,
			    "the log is damaged: expected %s", expected);
}

static int truncated(const struct log_reader *in, struct scxtwin_error *err)
{
	return lines_fail(&in->lines, err, "the log is cut off: its last line, with \"end\", is missing");
}

/* 1: the next line, which holds no zero byte; 0: the end; negative: error. */
static int next_line(struct log_reader *in, struct scxtwin_error *err)
{
	const int ret = lines_next(&in->lines, err);
	const size_t len = ret > 0 ? strlen(text_of(in)) : 0;

	if (ret <= 0)
		return ret;
	if (len < in->lines.buf.len)
		return damaged(in, text_of(in) + len, "no zero byte", err);
	return in->lines.ended ? 1 : truncated(in, err);
}

static int check_end(struct log_reader *in, struct scxtwin_error *err)
{
	struct log_end end;
	char hex[DIGEST_HEX_LEN + 1];
	const char *at, *missing = log_parse_end(text_of(in), &end, &at);
	int ret;

	if (missing)
		return damaged(in, at, missing, err);
	if (end.count != in->digest.count)
		return lines_fail(&in->lines, err, "the log is damaged: it has %llu records and should have %llu",
				  (unsigned long long)in->digest.count, (unsigned long long)end.count);
	digest_final(&in->digest, hex);
	if (strcmp(hex, end.digest))
		return lines_fail(&in->lines, err,
				  "the log is damaged: its records have digest %s, its last line says %s",
				  hex, end.digest);
	ret = next_line(in, err);
	return ret > 0 ? damaged(in, text_of(in), "nothing behind the last line", err) : ret;
}

static int read_records(struct log_reader *in, struct scxtwin_error *err)
{
	struct scxtwin_event ev;
	const char *at, *missing;
	int ret;

	while ((ret = next_line(in, err)) > 0) {
		if (log_is_end(text_of(in)))
			return check_end(in, err);
		missing = log_parse_record(text_of(in), &ev, &at);
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
	missing = log_parse_header(text_of(in), &in->digest, &at);
	return missing ? damaged(in, at, missing, err) : read_records(in, err);
}

int scxtwin_digest_log(const char *path, char *hex, struct scxtwin_error *err)
{
	const bool is_stdin = !strcmp(path, "-");
	struct log_reader in;
	int ret = lines_open(&in.lines, path, is_stdin ? dup(STDIN_FILENO) : -1, LINE_MAX_LEN, err);

	if (!ret) {
		digest_init(&in.digest);
		ret = read_log(&in, err);
	}
	if (!ret)
		digest_final(&in.digest, hex);
	lines_close(&in.lines);
	return ret;
}
