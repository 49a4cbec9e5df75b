/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings: demand as it was seen, one JSON object per line, plain or gzip.
 *
 * The first line is the header. Then, ordered by "at" (ns since the start of
 * the recording), for each task one "task" line, and a chain of "run", "wake",
 * "fork" and "sleep" lines that ends with "exit" or "left". A line stands where
 * its step began, with all that is known about it (a run: the whole burst), so
 * that a reader needs to look no further ahead than the tasks are apart. Tasks
 * are numbered in order of their "task" lines, from 0.
 *
 * Both kinds of wakeup are in the file: a sleep has the instant of its end and,
 * if a task gave the wake, who. Open loop follows the instants, closed loop the
 * wakers; what no task gave follows the instants in both.
 *
 * Lines of workload/observed.h may follow.
 */
#ifndef WORKLOAD_RECORDING_H
#define WORKLOAD_RECORDING_H

#include <scxtwin/workload.h>

#include "workload/program.h"

#define REC_FORMAT	"scxtwin-recording"
#define REC_VERSION	1
#define REC_MAX_TASKS	4000000U
/* Longest line of what is read as a workload: a whole program may stand on one. */
#define REC_LINE_MAX	((size_t)256 << 20)
#define REC_NO_TASK	UINT32_MAX

enum rec_kind { REC_TASK, REC_RUN, REC_WAKE, REC_SLEEP, REC_FORK, REC_EXIT, REC_LEFT, NR_REC_KINDS };

const char *rec_kind_name(enum rec_kind kind);

/* One line behind the header. */
struct rec_event {
	u64 at;
	enum rec_kind kind;
	u32 task;
	u32 other;	/* WAKE: whom; FORK: child; SLEEP: by whom, TASK: parent, or REC_NO_TASK */
	u64 ns;		/* RUN: burst; SLEEP: instant of the wake */
	/* TASK */
	s32 pid, tgid;
	char comm[16];
	bool kthread;
	s32 cpu;	/* only CPU of a per-CPU kernel thread, -1: any */
	u32 group;
	struct task_attr attr;
};

struct rec_header {
	char origin[256];
	u32 nr_cpus;
	enum scxtwin_wakeups wakeups;
	u64 span_ns;
	u32 nr_tasks;
	VEC(char *) groups;
};

/* A recording that was opened; its lines are read anew by each run. */
struct recording {
	char *path;
	int spool;		/* copy of standard input, -1: path is read */
	struct rec_header header;
	struct scxtwin_machine machine;
	char hash[65];		/* of all lines but what was observed */
};

/* Is the text the header line of a recording? For telling files apart. */
bool rec_is_header(const char *line);
/* spool: file to be read instead of path (which is for messages), or -1; owned from now on. */
struct recording *rec_open(const char *path, int spool, struct scxtwin_error *err);
void rec_close(struct recording *rec);

struct rec_reader;
struct rec_reader *rec_reader_new(const struct recording *rec, struct scxtwin_error *err);
/* 1: *ev was filled; 0: end, and what was observed is sound; negative: err was filled. */
int rec_reader_next(struct rec_reader *rd, struct rec_event *ev, struct scxtwin_error *err);
void rec_reader_free(struct rec_reader *rd);
/* SCXTWIN_EINPUT and NULL if nothing that was observed is in the file. */
struct scxtwin_recorded *rec_read_observed(const struct recording *rec, struct scxtwin_error *err);

/*
 * Writing. Lines must come in order; rec_writer_close() reports what failed
 * before, too.
 */
struct rec_writer;
struct rec_writer *rec_writer_new(const char *path, struct scxtwin_error *err);
void rec_writer_header(struct rec_writer *wr, const struct rec_header *header);
void rec_writer_event(struct rec_writer *wr, const struct rec_event *ev);
/* Behind all events, once for each group in order. */
void rec_writer_observed(struct rec_writer *wr, u32 group, const struct scxtwin_observed *o);
int rec_writer_close(struct rec_writer *wr, struct scxtwin_error *err);

/* What lies ahead of one task, first in first out. */
struct rec_item {
	u64 ns;
	u32 other;
	u32 kind;
};

#define REC_CHUNK_ITEMS 15
struct rec_chunk {
	struct rec_chunk *next;
	struct rec_item items[REC_CHUNK_ITEMS];
};

struct rec_queue {
	struct rec_chunk *head, *tail;
	u32 first, last;	/* place in head, one behind the last place in tail */
	bool complete;		/* nothing more will come */
};

struct pool;
/* chunks: a pool of struct rec_chunk. False: no memory. */
bool rec_queue_push(struct rec_queue *q, struct pool *chunks, const struct rec_item *item);
/* q->head is not NULL. */
void rec_queue_pop(struct rec_queue *q, struct pool *chunks, struct rec_item *item);

#endif /* WORKLOAD_RECORDING_H */
