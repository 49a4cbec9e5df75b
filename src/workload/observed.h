/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What came of the demand when it was recorded, for comparing runs with it: the
 * last lines of a recording, one for each group in order, or none at all.
 *
 *	{"observed":GROUP,"run_ns":N,"switches":N,"wakeups":N,"waits":[[NS,COUNT],...]}
 *
 * waits is a histogram with the buckets of the reports, a bucket called by its
 * least value. These lines decide nothing, so they are in no hash.
 */
#ifndef WORKLOAD_OBSERVED_H
#define WORKLOAD_OBSERVED_H

#include <scxtwin/workload.h>

#include "base/lines.h"

/* How a line of this kind begins, to the letter. */
#define OBSERVED_KEY "{\"observed\":"

bool observed_is_line(const char *line);
/* Least value of the bucket that ns is counted in. */
u64 observed_bucket(u64 ns);
/*
 * Reads from the present line to the end. groups: nr_groups zeroed ones, filled
 * even on error (observed_free_groups()); NULL: the lines are only checked.
 */
int observed_read(struct lines *l, u32 nr_groups, struct scxtwin_observed *groups,
		  struct scxtwin_error *err);
void observed_free_groups(struct scxtwin_observed *groups, u32 nr_groups);
/* Appends the line without its last brace. */
void observed_put(struct strbuf *sb, u32 group, const struct scxtwin_observed *o);

#endif /* WORKLOAD_OBSERVED_H */
