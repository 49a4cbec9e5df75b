/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>
#include <sha2.h>
#include <zlib.h>

#include <scxtwin/task.h>

#include "base/json.h"
#include "base/lines.h"
#include "base/mem.h"
#include "base/str.h"
#include "workload/observed.h"
#include "workload/recording.h"

#define MAX_CPUS	4096
#define NICE_FIRST	(-20)
#define NICE_LAST	19

static const char *const kind_names[] = {
	[REC_TASK] = "task", [REC_RUN] = "run", [REC_WAKE] = "wake", [REC_SLEEP] = "sleep",
	[REC_FORK] = "fork", [REC_EXIT] = "exit", [REC_LEFT] = "left", [NR_REC_KINDS] = NULL,
};

static const char *const wakeup_names[] = {
	[SCXTWIN_OPEN_LOOP] = "open", [SCXTWIN_CLOSED_LOOP] = "closed", NULL,
};

static const char *const policy_names[] = { "other", "fifo", "ext", NULL };
static const u32 policies[] = { SCHED_NORMAL, SCHED_FIFO, SCHED_EXT };

const char *rec_kind_name(enum rec_kind kind)
{
	BUG_ON(kind >= NR_REC_KINDS);
	return kind_names[kind];
}

static int get_attr(struct json_at at, struct task_attr *attr, struct scxtwin_error *err)
{
	u32 policy = 0;
	int nice = 0, ret;

	attr->rt_priority = 0;
	ret = json_get_enum(json_may(at, "policy"), policy_names, &policy, err) ?:
	      json_get_int(json_may(at, "nice"), NICE_FIRST, NICE_LAST, &nice, err);
	if (ret)
		return ret;
	attr->policy = policies[policy];
	attr->nice = nice;
	if (attr->policy == SCHED_FIFO)
		return json_get_u32(json_need(at, "rt_priority"), 1, 99, &attr->rt_priority, err);
	if (json_is_there(json_may(at, "rt_priority")))
		return json_fail(json_may(at, "rt_priority"), err, "is only for policy \"fifo\"");
	return 0;
}

struct rec_reader {
	const struct recording *rec;
	struct lines lines;
	struct json_doc doc;
	u64 last_at;
	u32 nr_tasks;
	u8 *state;	/* by task: enum task_state */
	u32 nr_open;	/* tasks whose chain has not ended */
};

enum task_state { NOT_SEEN, OPEN, ENDED };

static int get_task_id(struct rec_reader *rd, struct json_at at, u32 *id, struct scxtwin_error *err)
{
	const u32 before = *id;
	int ret = json_get_u32(at, 0, rd->rec->header.nr_tasks - 1, id, err);

	if (!ret && *id != before && rd->state[*id] == NOT_SEEN)
		return json_fail(at, err, "task %u has had no \"task\" line so far", *id);
	return ret;
}

static int get_task(struct rec_reader *rd, struct json_at at, struct rec_event *ev,
		    struct scxtwin_error *err)
{
	const struct rec_header *h = &rd->rec->header;
	const char *comm = "";
	u32 task = 0;
	int ret;

	ret = json_only(at, err, "at", "ev", "task", "pid", "tgid", "comm", "kthread", "cpu",
			"group", "policy", "nice", "rt_priority", "parent") ?:
	      json_get_u32(json_need(at, "task"), 0, h->nr_tasks - 1, &task, err) ?:
	      json_get_int(json_need(at, "pid"), 1, INT32_MAX, &ev->pid, err) ?:
	      json_get_string(json_need(at, "comm"), &comm, err) ?:
	      json_get_u32(json_need(at, "group"), 0, (u32)h->groups.nr - 1, &ev->group, err);
	if (ret)
		return ret;
	ev->tgid = ev->pid;
	ev->cpu = -1;
	ret = json_get_int(json_may(at, "tgid"), 1, INT32_MAX, &ev->tgid, err) ?:
	      json_get_bool(json_may(at, "kthread"), &ev->kthread, err) ?:
	      json_get_int(json_may(at, "cpu"), 0, (int)h->nr_cpus - 1, &ev->cpu, err) ?:
	      get_task_id(rd, json_may(at, "parent"), &ev->other, err) ?: get_attr(at, &ev->attr, err);
	if (ret)
		return ret;
	if (task != rd->nr_tasks)
		return json_fail(json_need(at, "task"), err,
				 "must be %u: tasks are numbered in order", rd->nr_tasks);
	ev->task = task;
	strlcpy(ev->comm, comm, sizeof(ev->comm));
	rd->state[task] = OPEN;
	rd->nr_tasks++;
	rd->nr_open++;
	return 0;
}

static int get_step(struct rec_reader *rd, struct json_at at, struct rec_event *ev,
		    struct scxtwin_error *err)
{
	u32 task = REC_NO_TASK;
	int ret = get_task_id(rd, json_need(at, "task"), &task, err);

	if (ret)
		return ret;
	ev->task = task;
	if (rd->state[task] == ENDED)
		return json_fail(json_need(at, "task"), err, "task %u has ended before", task);
	switch (ev->kind) {
	case REC_RUN:
		return json_only(at, err, "at", "ev", "task", "ns") ?:
		       json_get_u64(json_need(at, "ns"), 1, PROGRAM_MAX_NS, &ev->ns, err);
	case REC_WAKE:
		return json_only(at, err, "at", "ev", "task", "whom") ?:
		       get_task_id(rd, json_need(at, "whom"), &ev->other, err);
	case REC_SLEEP:
		return json_only(at, err, "at", "ev", "task", "until", "by") ?:
		       json_get_u64(json_need(at, "until"), ev->at, PROGRAM_MAX_NS, &ev->ns, err) ?:
		       json_get_u32(json_may(at, "by"), 0, rd->rec->header.nr_tasks - 1, &ev->other,
				    err); /* may have been born while this one slept */
	case REC_FORK:
		return json_only(at, err, "at", "ev", "task", "child") ?:
		       get_task_id(rd, json_need(at, "child"), &ev->other, err);
	default:
		rd->state[task] = ENDED;
		rd->nr_open--;
		return json_only(at, err, "at", "ev", "task");
	}
}

/* The file is over: is it whole? */
static int check_end(const struct rec_reader *rd, struct scxtwin_error *err)
{
	if (rd->nr_tasks != rd->rec->header.nr_tasks)
		return lines_fail(&rd->lines, err, "the recording ends before all tasks that the header announces");
	if (rd->nr_open)
		return lines_fail(&rd->lines, err, "the recording ends with tasks that have no \"exit\" or \"left\" line");
	return 0;
}

int rec_reader_next(struct rec_reader *rd, struct rec_event *ev, struct scxtwin_error *err)
{
	struct json_at at;
	u32 kind = 0;
	int ret = lines_next(&rd->lines, err);

	if (ret < 0)
		return ret;
	if (!ret)
		return check_end(rd, err);
	if (observed_is_line(strbuf_str(&rd->lines.buf)))
		return observed_read(&rd->lines, (u32)rd->rec->header.groups.nr, NULL, err) ?:
		       check_end(rd, err);
	*ev = (struct rec_event){ .other = REC_NO_TASK };
	ret = json_doc_load_text(&rd->doc, rd->lines.file, rd->lines.line,
				 strbuf_str(&rd->lines.buf), rd->lines.buf.len, err);
	if (ret)
		return ret;
	at = json_doc_root(&rd->doc);
	ret = json_get_u64(json_need(at, "at"), 0, PROGRAM_MAX_NS, &ev->at, err) ?:
	      json_get_enum(json_need(at, "ev"), kind_names, &kind, err);
	if (ret)
		return ret;
	if (ev->at < rd->last_at)
		return json_fail(json_need(at, "at"), err, "lines must be in order of time");
	rd->last_at = ev->at;
	ev->kind = kind;
	ret = kind == REC_TASK ? get_task(rd, at, ev, err) : get_step(rd, at, ev, err);
	return ret ?: 1;
}

void rec_reader_free(struct rec_reader *rd)
{
	if (!rd)
		return;
	lines_close(&rd->lines);
	json_doc_free(&rd->doc);
	free(rd->state);
	free(rd);
}

static void free_header(struct rec_header *h)
{
	char **group;

	vec_for_each(group, &h->groups)
		free(*group);
	vec_free(&h->groups);
}

static int get_groups(struct json_at at, struct rec_header *h, struct scxtwin_error *err)
{
	const char *name;
	u32 nr = 0, i;
	int ret = json_get_array(at, 1, REC_MAX_TASKS, &nr, err);

	for (i = 0; !ret && i < nr; i++) {
		char *copy;

		ret = json_get_string(json_element(at, i), &name, err);
		if (ret)
			break;
		copy = mem_strdup(name);
		if (!copy || vec_push(&h->groups, copy)) {
			free(copy);
			ret = error_no_memory(err);
		}
	}
	return ret;
}

static int get_header(struct json_at at, struct recording *rec, struct scxtwin_error *err)
{
	struct rec_header *h = &rec->header;
	const char *format = "", *origin = "";
	u32 version = 0, wakeups = SCXTWIN_OPEN_LOOP;
	int ret;

	ret = json_get_string(json_need(at, "format"), &format, err);
	if (!ret && strcmp(format, REC_FORMAT))
		ret = json_fail(json_need(at, "format"), err, "is not \"" REC_FORMAT "\"");
	ret = ret ?: json_get_u32(json_need(at, "version"), REC_VERSION, REC_VERSION, &version, err);
	ret = ret ?: json_only(at, err, "format", "version", "origin", "cpus", "wakeups", "span_ns",
			       "tasks", "groups");
	ret = ret ?: json_get_string(json_may(at, "origin"), &origin, err);
	ret = ret ?: json_get_u32(json_need(at, "cpus"), 1, MAX_CPUS, &h->nr_cpus, err);
	ret = ret ?: json_get_enum(json_may(at, "wakeups"), wakeup_names, &wakeups, err);
	ret = ret ?: json_get_u64(json_need(at, "span_ns"), 1, PROGRAM_MAX_NS / 2, &h->span_ns, err);
	ret = ret ?: json_get_u32(json_need(at, "tasks"), 1, REC_MAX_TASKS, &h->nr_tasks, err);
	ret = ret ?: get_groups(json_need(at, "groups"), h, err);
	if (ret)
		return ret;
	strlcpy(h->origin, origin, sizeof(h->origin));
	h->wakeups = wakeups;
	rec->machine.cpus = h->nr_cpus;
	return 0;
}

bool rec_is_header(const char *line)
{
	return strstr(line, "\"" REC_FORMAT "\"");
}

/* All demand decides; what was observed, white space at ends of lines and the compression do not. */
static int hash_lines(struct recording *rec, struct lines *l, struct scxtwin_error *err)
{
	SHA2_CTX sha;
	int ret;

	SHA256Init(&sha);
	do {
		if (!observed_is_line(strbuf_str(&l->buf))) {
			SHA256Update(&sha, (const u8 *)strbuf_str(&l->buf), l->buf.len);
			SHA256Update(&sha, (const u8 *)"\n", 1);
		}
		ret = lines_next(l, err);
	} while (ret > 0);
	SHA256End(&sha, rec->hash);
	return ret;
}

static int open_lines(const struct recording *rec, struct lines *l, struct scxtwin_error *err)
{
	int fd = -1;

	if (rec->spool >= 0) {
		fd = dup(rec->spool);
		if (fd >= 0)
			lseek(fd, 0, SEEK_SET);
	}
	return lines_open(l, rec->path, fd, REC_LINE_MAX, err);
}

static int read_header(struct recording *rec, struct scxtwin_error *err)
{
	struct json_doc doc = { 0 };
	struct lines l;
	int ret = open_lines(rec, &l, err);

	if (!ret) {
		ret = lines_next(&l, err);
		if (!ret)
			ret = lines_fail(&l, err, "is empty");
	}
	if (ret > 0)
		ret = json_doc_load_text(&doc, rec->path, 1, strbuf_str(&l.buf), l.buf.len, err);
	ret = ret ?: get_header(json_doc_root(&doc), rec, err);
	ret = ret ?: hash_lines(rec, &l, err);
	json_doc_free(&doc);
	lines_close(&l);
	return ret;
}

struct recording *rec_open(const char *path, int spool, struct scxtwin_error *err)
{
	struct recording *rec = mem_zalloc(sizeof(*rec));

	if (!rec) {
		if (spool >= 0)
			close(spool);
		error_no_memory(err);
		return NULL;
	}
	rec->spool = spool;
	rec->path = mem_strdup(path);
	if (!rec->path)
		error_no_memory(err);
	else if (!read_header(rec, err))
		return rec;
	rec_close(rec);
	return NULL;
}

void rec_close(struct recording *rec)
{
	if (!rec)
		return;
	if (rec->spool >= 0)
		close(rec->spool);
	free_header(&rec->header);
	free(rec->path);
	free(rec);
}

struct rec_reader *rec_reader_new(const struct recording *rec, struct scxtwin_error *err)
{
	struct rec_reader *rd = mem_zalloc(sizeof(*rd));
	int ret = 0;

	if (rd)
		rd->state = mem_zalloc(rec->header.nr_tasks);
	if (!rd || !rd->state)
		ret = error_no_memory(err);
	if (!ret) {
		rd->rec = rec;
		ret = open_lines(rec, &rd->lines, err);
	}
	if (!ret)
		ret = lines_next(&rd->lines, err) == 1 ? 0 : SCXTWIN_EINPUT; /* the header */
	if (!ret)
		return rd;
	rec_reader_free(rd);
	return NULL;
}

static struct scxtwin_recorded *new_recorded(const struct rec_header *h)
{
	struct scxtwin_recorded *r = mem_zalloc(sizeof(*r));

	if (!r)
		return NULL;
	r->span_ns = h->span_ns;
	r->nr_groups = (u32)h->groups.nr;
	r->groups = mem_zalloc(r->nr_groups * sizeof(*r->groups));
	if (r->groups)
		return r;
	free(r);
	return NULL;
}

static int find_observed(struct lines *l, struct scxtwin_error *err)
{
	int ret;

	do {
		ret = lines_next(l, err);
	} while (ret > 0 && !observed_is_line(strbuf_str(&l->buf)));
	if (ret)
		return ret < 0 ? ret : 0;
	return lines_fail(l, err, "nothing that was observed is in the recording: it was not imported, or long ago");
}

struct scxtwin_recorded *rec_read_observed(const struct recording *rec, struct scxtwin_error *err)
{
	struct scxtwin_recorded *r = new_recorded(&rec->header);
	struct lines l;
	int ret;

	if (!r) {
		error_no_memory(err);
		return NULL;
	}
	ret = open_lines(rec, &l, err);
	if (!ret) {
		ret = find_observed(&l, err) ?: observed_read(&l, r->nr_groups, r->groups, err);
		lines_close(&l);
	}
	if (!ret)
		return r;
	scxtwin_recorded_free(r);
	return NULL;
}

void scxtwin_recorded_free(struct scxtwin_recorded *r)
{
	if (!r)
		return;
	observed_free_groups(r->groups, r->nr_groups);
	free(r);
}

/* Lines go out by one of the two. */
struct rec_writer {
	char *path;
	gzFile gz;
	FILE *plain;
	struct strbuf line;
	bool failed;
};

struct rec_writer *rec_writer_new(const char *path, struct scxtwin_error *err)
{
	const struct error_place place = { .file = path };
	const size_t len = strlen(path);
	struct rec_writer *wr = mem_zalloc(sizeof(*wr));

	if (wr)
		wr->path = mem_strdup(path);
	if (!wr || !wr->path) {
		free(wr);
		error_no_memory(err);
		return NULL;
	}
	if (!strcmp(path, "-"))
		wr->plain = stdout;
	else if (len > 3 && !strcmp(path + len - 3, ".gz"))
		wr->gz = gzopen(path, "wb9");
	else
		wr->plain = fopen(path, "w");
	if (wr->gz || wr->plain)
		return wr;
	error_set_at(err, SCXTWIN_EUSAGE, &place, "cannot be written: %s", strerror(errno));
	free(wr->path);
	free(wr);
	return NULL;
}

static void write_line(struct rec_writer *wr)
{
	strbuf_puts(&wr->line, "}\n");
	if (wr->failed || wr->line.error)
		wr->failed = true;
	else if (wr->gz)
		wr->failed = gzwrite(wr->gz, wr->line.data, (unsigned int)wr->line.len) !=
			     (int)wr->line.len;
	else
		wr->failed = fwrite(wr->line.data, 1, wr->line.len, wr->plain) != wr->line.len;
	strbuf_clear(&wr->line);
}

void rec_writer_header(struct rec_writer *wr, const struct rec_header *h)
{
	struct strbuf *sb = &wr->line;
	u32 i;

	strbuf_printf(sb, "{\"format\":\"" REC_FORMAT "\",\"version\":%d,\"origin\":", REC_VERSION);
	strbuf_add_json(sb, h->origin, strlen(h->origin));
	strbuf_printf(sb, ",\"cpus\":%u,\"wakeups\":\"%s\",\"span_ns\":%" PRIu64
		      ",\"tasks\":%u,\"groups\":[", h->nr_cpus, wakeup_names[h->wakeups],
		      h->span_ns, h->nr_tasks);
	for (i = 0; i < h->groups.nr; i++) {
		strbuf_puts(sb, i ? "," : "");
		strbuf_add_json(sb, h->groups.data[i], strlen(h->groups.data[i]));
	}
	strbuf_puts(sb, "]");
	write_line(wr);
}

static void put_task(struct strbuf *sb, const struct rec_event *ev)
{
	strbuf_printf(sb, ",\"pid\":%d,\"comm\":", ev->pid);
	strbuf_add_json(sb, ev->comm, strlen(ev->comm));
	strbuf_printf(sb, ",\"group\":%u", ev->group);
	if (ev->tgid != ev->pid)
		strbuf_printf(sb, ",\"tgid\":%d", ev->tgid);
	if (ev->kthread)
		strbuf_puts(sb, ",\"kthread\":true");
	if (ev->cpu >= 0)
		strbuf_printf(sb, ",\"cpu\":%d", ev->cpu);
	if (ev->attr.policy == SCHED_FIFO)
		strbuf_printf(sb, ",\"policy\":\"fifo\",\"rt_priority\":%u", ev->attr.rt_priority);
	else if (ev->attr.policy == SCHED_EXT)
		strbuf_puts(sb, ",\"policy\":\"ext\"");
	if (ev->attr.nice)
		strbuf_printf(sb, ",\"nice\":%d", ev->attr.nice);
	if (ev->other != REC_NO_TASK)
		strbuf_printf(sb, ",\"parent\":%u", ev->other);
}

void rec_writer_event(struct rec_writer *wr, const struct rec_event *ev)
{
	struct strbuf *sb = &wr->line;

	strbuf_printf(sb, "{\"at\":%" PRIu64 ",\"ev\":\"%s\",\"task\":%u", ev->at,
		      rec_kind_name(ev->kind), ev->task);
	switch (ev->kind) {
	case REC_TASK:
		put_task(sb, ev);
		break;
	case REC_RUN:
		strbuf_printf(sb, ",\"ns\":%" PRIu64, ev->ns);
		break;
	case REC_WAKE:
		strbuf_printf(sb, ",\"whom\":%u", ev->other);
		break;
	case REC_SLEEP:
		strbuf_printf(sb, ",\"until\":%" PRIu64, ev->ns);
		if (ev->other != REC_NO_TASK)
			strbuf_printf(sb, ",\"by\":%u", ev->other);
		break;
	case REC_FORK:
		strbuf_printf(sb, ",\"child\":%u", ev->other);
		break;
	default:
		break;
	}
	write_line(wr);
}

void rec_writer_observed(struct rec_writer *wr, u32 group, const struct scxtwin_observed *o)
{
	observed_put(&wr->line, group, o);
	write_line(wr);
}

int rec_writer_close(struct rec_writer *wr, struct scxtwin_error *err)
{
	const struct error_place place = { .file = wr->path };
	bool failed = wr->failed;
	int ret = 0;

	if (wr->gz)
		failed |= gzclose(wr->gz) != Z_OK;
	else if (wr->plain == stdout)
		failed |= fflush(stdout) != 0;
	else
		failed |= fclose(wr->plain) != 0;
	if (failed)
		ret = error_set_at(err, SCXTWIN_EFAILED, &place, "could not be written to the end");
	strbuf_free(&wr->line);
	free(wr->path);
	free(wr);
	return ret;
}

bool rec_queue_push(struct rec_queue *q, struct pool *chunks, const struct rec_item *item)
{
	if (!q->tail || q->last == REC_CHUNK_ITEMS) {
		struct rec_chunk *chunk = pool_zalloc(chunks);

		if (!chunk)
			return false;
		if (q->tail)
			q->tail->next = chunk;
		else
			q->head = chunk;
		q->tail = chunk;
		q->last = 0;
	}
	q->tail->items[q->last++] = *item;
	return true;
}

void rec_queue_pop(struct rec_queue *q, struct pool *chunks, struct rec_item *item)
{
	struct rec_chunk *chunk = q->head;

	BUG_ON(!chunk);
	*item = chunk->items[q->first++];
	if (q->first < (chunk == q->tail ? q->last : REC_CHUNK_ITEMS))
		return;
	q->head = chunk->next;
	q->first = 0;
	if (!q->head) {
		q->tail = NULL;
		q->last = 0;
	}
	pool_free(chunks, chunk);
}
