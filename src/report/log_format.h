/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The written log, docs/outputs.md: one JSON object per line, members in a fixed
 * order, no blanks. Writer and reader agree byte by byte, so that any damage is
 * found. Text of one line without its newline.
 */
#ifndef REPORT_LOG_FORMAT_H
#define REPORT_LOG_FORMAT_H

#include <scxtwin/event.h>

#include "base/digest.h"
#include "base/str.h"

#define LOG_FORMAT_VERSION 1
/* No record is longer. */
#define LOG_RECORD_MAX 512

/* Not terminated; returns the length. */
size_t log_format_record(const struct scxtwin_event *ev, char out[LOG_RECORD_MAX]);
/* NULL, or what was expected where *at then stands. */
const char *log_parse_record(const char *line, struct scxtwin_event *ev, const char **at);

/* header: lines "key=value\n" as they went into the digest. */
int log_format_header(struct strbuf *sb, const char *header);
/* Feeds the header lines to digest. */
const char *log_parse_header(const char *line, struct digest *digest, const char **at);

struct log_end {
	u64 count;
	char digest[DIGEST_HEX_LEN + 1];
};

size_t log_format_end(const struct log_end *end, char out[LOG_RECORD_MAX]);
bool log_is_end(const char *line);
const char *log_parse_end(const char *line, struct log_end *end, const char **at);

#endif /* REPORT_LOG_FORMAT_H */
