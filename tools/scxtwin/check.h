/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Are two runs the same, and if not, which event is the first that differs?
 * A track keeps one hash per batch of events; only when two tracks differ are
 * the events of the batch in question kept, in two more runs.
 */
#ifndef CHECK_H
#define CHECK_H

#include <scxtwin/scxtwin.h>

#define CHECK_BATCH 4096

struct track {
	struct scxtwin_observer observer;
	u64 nr_events, hash;
	u64 *batches;			/* hash at the end of each full batch */
	u64 nr_batches, room;
	bool no_memory;
	u64 keep_from;			/* first event to keep, UINT64_MAX: none */
	struct scxtwin_event *kept;	/* up to CHECK_BATCH */
	u32 nr_kept;
};

/* keep_from: UINT64_MAX, or the first of CHECK_BATCH events to keep. */
void track_begin(struct track *t, u64 keep_from);
void track_free(struct track *t);
bool track_same(const struct track *a, const struct track *b);
/* First event of the first batch that differs; the tracks are not the same. */
u64 track_first_different_batch(const struct track *a, const struct track *b);
/*
 * Writes "event 17: a ..., then b ..." of the first pair of kept events that
 * differs; false: the kept ones are the same.
 */
bool track_describe_difference(const struct track *a, const struct track *b, char *buf, size_t size);

#endif /* CHECK_H */
