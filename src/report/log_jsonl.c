/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/error.h"
#include "base/mem.h"
#include "report/log_format.h"
#include "report/log_jsonl.h"
#include "report/out.h"

struct scxtwin_log {
	struct scxtwin_observer observer;
	struct out out;
	u64 count;
	char path[];
};

static void put_line(struct scxtwin_log *log, const char *text, size_t len)
{
	out_write(&log->out, text, len);
	out_write(&log->out, "\n", 1);
}

static void on_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct scxtwin_log *log = obs->data;
	char line[LOG_RECORD_MAX];

	put_line(log, line, log_format_record(ev, line));
	log->count++;
}

static int put_header(struct scxtwin_log *log, const char *header, struct scxtwin_error *err)
{
	struct strbuf sb = { 0 };
	const int ret = log_format_header(&sb, header) ? error_no_memory(err) : 0;

	if (!ret)
		put_line(log, strbuf_str(&sb), sb.len);
	strbuf_free(&sb);
	return ret;
}

struct scxtwin_log *log_jsonl_open(const char *header, const char *path, struct scxtwin_error *err)
{
	const size_t size = strlen(path) + 1;
	struct scxtwin_log *log = mem_zalloc(sizeof(*log) + size);

	if (!log) {
		error_no_memory(err);
		return NULL;
	}
	memcpy(log->path, path, size);
	log->observer.event = on_event;
	log->observer.data = log;
	if (out_open(&log->out, log->path, err) || put_header(log, header, err)) {
		out_close(&log->out, NULL);
		free(log);
		return NULL;
	}
	return log;
}

struct scxtwin_observer *log_jsonl_observer(struct scxtwin_log *log)
{
	return &log->observer;
}

int log_jsonl_close(struct scxtwin_log *log, const char *digest, struct scxtwin_error *err)
{
	struct log_end end = { .count = log->count };
	char line[LOG_RECORD_MAX];
	int ret;

	BUG_ON(strlen(digest) != DIGEST_HEX_LEN);
	memcpy(end.digest, digest, sizeof(end.digest));
	put_line(log, line, log_format_end(&end, line));
	ret = out_close(&log->out, err);
	free(log);
	return ret;
}
