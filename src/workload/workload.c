/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lines.h"
#include "workload/json.h"
#include "workload/run.h"
#include "workload/scenario.h"

/* Recordings run to twice their length at most: a policy may be slower than the recorded one. */
#define LIMIT_SPANS 2

/* Copies what is left of in to a file without a name; *fd: a descriptor of it. */
static bool keep(FILE *in, int *fd)
{
	FILE *tmp = tmpfile();
	char buf[1 << 14];
	bool failed = !tmp;
	size_t len;

	while (!failed && (len = fread(buf, 1, sizeof(buf), in)))
		failed = fwrite(buf, 1, len, tmp) != len;
	if (!failed)
		failed = ferror(in) || fflush(tmp);
	if (!failed)
		*fd = dup(fileno(tmp));
	if (tmp)
		fclose(tmp);
	return !failed && *fd >= 0;
}

/*
 * Standard input and pipes can be read only once; telling what they are, hash
 * and runs need them several times. *fd: -1 if the file can be opened again.
 */
static int spool(const char *path, const char *file, int *fd, struct scxtwin_error *err)
{
	const struct error_place place = { .file = file };
	const bool is_stdin = !strcmp(path, "-");
	struct stat st;
	FILE *in;
	bool kept;

	*fd = -1;
	if (!is_stdin && (stat(path, &st) || !S_ISFIFO(st.st_mode)))
		return 0;
	in = is_stdin ? stdin : fopen(path, "rb");
	kept = in && keep(in, fd);
	if (in && !is_stdin)
		fclose(in);
	return kept ? 0 : error_set_at(err, SCXTWIN_EINPUT, &place, "could not be read and kept");
}

static const char *shown_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

/* Copy of such a descriptor, at its beginning; -1 stays -1. */
static int rewound(int kept)
{
	const int fd = kept >= 0 ? dup(kept) : -1;

	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* A program, or a scenario. */
static struct program *read_program(const char *file, const struct strbuf *text,
				    json_report_t report, void *data, u32 *nr_errors)
{
	return (scenario_is(strbuf_str(text)) ? scenario_read : program_read)
		(file, strbuf_str(text), text->len, report, data, nr_errors);
}

/*
 * The whole text if it is no recording of demand. Recordings of a real kernel say
 * in their first line what was run; the rest is what came of it.
 */
static int read_text(const char *file, int spool, struct strbuf *text, bool *is_recording,
		     struct scxtwin_error *err)
{
	struct lines l;
	int ret = lines_open(&l, file, rewound(spool), REC_LINE_MAX, err);

	if (ret)
		return ret;
	ret = lines_next(&l, err);
	*is_recording = ret > 0 && rec_is_header(strbuf_str(&l.buf));
	while (ret > 0 && !*is_recording) {
		if (strbuf_add(text, strbuf_str(&l.buf), l.buf.len) || strbuf_puts(text, "\n")) {
			ret = lines_fail(&l, err, "the file is too large");
			break;
		}
		if (text->len == l.buf.len + 1 && scenario_is(strbuf_str(text)))
			break;
		ret = lines_next(&l, err);
	}
	lines_close(&l);
	return ret < 0 ? ret : 0;
}

/* The first finding is the error of scxtwin_workload_open(). */
struct first_error {
	struct scxtwin_error *err;
	bool seen;
};

static void keep_first(const struct scxtwin_error *err, void *data)
{
	struct first_error *first = data;

	if (!first->seen && first->err)
		*first->err = *err;
	first->seen = true;
}

struct scxtwin_workload *scxtwin_workload_open(const char *path, struct scxtwin_error *err)
{
	const char *file = shown_name(path);
	struct scxtwin_workload *w = mem_zalloc(sizeof(*w));
	struct first_error first = { .err = err };
	struct strbuf text = { 0 };
	bool is_recording = false;
	int kept, ret;
	u32 nr_errors;

	if (!w) {
		error_no_memory(err);
		return NULL;
	}
	ret = spool(path, file, &kept, err);
	ret = ret ?: read_text(file, kept, &text, &is_recording, err);
	if (!ret && is_recording)
		w->rec = rec_open(file, rewound(kept), err);
	else if (!ret)
		w->prog = read_program(file, &text, keep_first, &first, &nr_errors);
	strbuf_free(&text);
	if (kept >= 0)
		close(kept);
	if (w->rec || w->prog)
		return w;
	free(w);
	return NULL;
}

void scxtwin_workload_close(struct scxtwin_workload *w)
{
	if (!w)
		return;
	program_free(w->prog);
	rec_close(w->rec);
	free(w);
}

/* The name given in the file, else the last part of its path. */
const char *scxtwin_workload_name(const struct scxtwin_workload *w)
{
	const char *path = w->prog ? w->prog->file : w->rec->path;
	const char *slash = strrchr(path, '/');

	if (w->prog && *w->prog->name)
		return w->prog->name;
	return slash ? slash + 1 : path;
}

const struct scxtwin_machine *scxtwin_workload_machine(const struct scxtwin_workload *w)
{
	return w->prog ? &w->prog->machine : &w->rec->machine;
}

const char *scxtwin_workload_hash(const struct scxtwin_workload *w)
{
	return w->prog ? w->prog->hash : w->rec->hash;
}

u64 scxtwin_workload_seed(const struct scxtwin_workload *w)
{
	return w->prog ? w->prog->seed : 0;
}

u64 scxtwin_workload_limit_ns(const struct scxtwin_workload *w)
{
	return w->prog ? w->prog->limit_ns : w->rec->header.span_ns * LIMIT_SPANS;
}

u32 scxtwin_workload_nr_groups(const struct scxtwin_workload *w)
{
	return (u32)(w->prog ? w->prog->groups.nr : w->rec->header.groups.nr);
}

const char *scxtwin_workload_group_name(const struct scxtwin_workload *w, u32 group)
{
	if (group >= scxtwin_workload_nr_groups(w))
		return "";
	return w->prog ? w->prog->groups.data[group] : w->rec->header.groups.data[group];
}

struct scxtwin_recorded *scxtwin_workload_recorded(const struct scxtwin_workload *w,
						   struct scxtwin_error *err)
{
	const struct error_place place = { .file = w->prog ? w->prog->file : w->rec->path };

	if (w->rec)
		return rec_read_observed(w->rec, err);
	error_set_at(err, SCXTWIN_EINPUT, &place, "is no recording: nothing was observed of it");
	return NULL;
}

typedef void (*lint_report_t)(const struct scxtwin_error *e, void *data);

/* A line that is no sound JSON ends the reading: what follows may be shifted. */
static int lint_recording(const char *file, int spool, lint_report_t report, void *data)
{
	struct recording *rec;
	struct rec_reader *rd = NULL;
	struct scxtwin_error err;
	struct rec_event ev;
	int ret = SCXTWIN_EINPUT;

	rec = rec_open(file, spool, &err);
	if (rec)
		rd = rec_reader_new(rec, &err);
	if (rd)
		do {
			ret = rec_reader_next(rd, &ev, &err);
		} while (ret > 0);
	if (ret)
		report(&err, data);
	rec_reader_free(rd);
	rec_close(rec);
	return ret;
}

int scxtwin_workload_lint(const char *path, lint_report_t report, void *data)
{
	const char *file = shown_name(path);
	struct strbuf text = { 0 };
	struct scxtwin_error err;
	bool is_recording = false;
	int kept, ret;
	u32 nr_errors = 0;

	ret = spool(path, file, &kept, &err);
	ret = ret ?: read_text(file, kept, &text, &is_recording, &err);
	if (ret) {
		report(&err, data);
	} else if (is_recording) {
		ret = lint_recording(file, rewound(kept), report, data);
	} else {
		program_free(read_program(file, &text, report, data, &nr_errors));
		ret = nr_errors ? SCXTWIN_EINPUT : 0;
	}
	strbuf_free(&text);
	if (kept >= 0)
		close(kept);
	return ret;
}
