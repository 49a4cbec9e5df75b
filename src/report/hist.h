/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log-linear histogram of u64 values, integers only: one bucket per value below
 * 512, then 256 buckets per power of two. A bucket stands for the middle of its
 * values, so that a percentile is at most 0.2 % off. Memory grows with the
 * magnitudes that occur.
 */
#ifndef REPORT_HIST_H
#define REPORT_HIST_H

#include <scxtwin/metrics.h>

#define HIST_CHUNK_BITS	8
#define HIST_CHUNK	(1U << HIST_CHUNK_BITS)
/* 0: below 256, 1: 256 to 511, then one for each further power of two. */
#define HIST_NR_CHUNKS	(64 - HIST_CHUNK_BITS + 1)

/* Zero-initialised = empty. */
struct hist {
	u64 n, min, max;
	unsigned __int128 sum;
	u64 *chunk[HIST_NR_CHUNKS];
	bool no_memory;		/* a value was not counted in a bucket */
};

void hist_add(struct hist *h, u64 value);
void hist_add_many(struct hist *h, u64 value, u64 count);
/* from stays as it is. */
void hist_merge(struct hist *h, const struct hist *from);
/*
 * Value of the first bucket up to which at least p / 10000 of all values were
 * counted, p in [0, 10000]; never outside [min, max]; 0 if h is empty.
 */
u64 hist_percentile(const struct hist *h, u32 p);
/*
 * Distance of Kolmogorov and Smirnov: the greatest difference between the parts
 * of both that lie up to the same value, in parts per million, cut. Neither may
 * be empty or have 2^53 values.
 */
u32 hist_distance_ppm(const struct hist *a, const struct hist *b);
void hist_dist(const struct hist *h, struct scxtwin_dist *dist);
void hist_free(struct hist *h);

#endif /* REPORT_HIST_H */
