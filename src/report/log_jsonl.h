/* SPDX-License-Identifier: GPL-2.0-only */
/* The log writer without a simulation behind it. */
#ifndef REPORT_LOG_JSONL_H
#define REPORT_LOG_JSONL_H

#include <scxtwin/report.h>

/* header: lines "key=value\n" of the digest. NULL on error, as scxtwin_log_open(). */
struct scxtwin_log *log_jsonl_open(const char *header, const char *path, struct scxtwin_error *err);
struct scxtwin_observer *log_jsonl_observer(struct scxtwin_log *log);
int log_jsonl_close(struct scxtwin_log *log, const char *digest, struct scxtwin_error *err);

#endif /* REPORT_LOG_JSONL_H */
