/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/mem.h"
#include "report/hist.h"

static u32 chunk_of(u64 value)
{
	return value < HIST_CHUNK ? 0 : 64 - HIST_CHUNK_BITS - (u32)__builtin_clzll(value);
}

/* Values of one bucket of a chunk: 2^shift. */
static u32 chunk_shift(u32 chunk)
{
	return chunk ? chunk - 1 : 0;
}

static u64 bucket_value(u32 chunk, u32 bucket)
{
	const u32 shift = chunk_shift(chunk);
	const u64 low = (u64)(chunk ? bucket + HIST_CHUNK : bucket) << shift;

	return low + ((1ULL << shift) - 1) / 2;
}

static u64 *chunk_get(struct hist *h, u32 chunk)
{
	BUG_ON(chunk >= HIST_NR_CHUNKS);
	if (!h->chunk[chunk]) {
		h->chunk[chunk] = mem_zalloc(HIST_CHUNK * sizeof(u64));
		if (!h->chunk[chunk])
			h->no_memory = true;
	}
	return h->chunk[chunk];
}

void hist_add(struct hist *h, u64 value)
{
	hist_add_many(h, value, 1);
}

void hist_add_many(struct hist *h, u64 value, u64 count)
{
	const u32 chunk = chunk_of(value);
	u64 *buckets = chunk_get(h, chunk);

	BUG_ON(!count);
	if (!h->n || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->n += count;
	h->sum += (unsigned __int128)value * count;
	if (buckets)
		buckets[(value >> chunk_shift(chunk)) % HIST_CHUNK] += count;
}

void hist_merge(struct hist *h, const struct hist *from)
{
	u32 chunk, i;

	if (!from->n)
		return;
	if (!h->n || from->min < h->min)
		h->min = from->min;
	if (from->max > h->max)
		h->max = from->max;
	h->n += from->n;
	h->sum += from->sum;
	h->no_memory |= from->no_memory;
	for (chunk = 0; chunk < HIST_NR_CHUNKS; chunk++) {
		u64 *buckets = from->chunk[chunk] ? chunk_get(h, chunk) : NULL;

		for (i = 0; buckets && i < HIST_CHUNK; i++)
			buckets[i] += from->chunk[chunk][i];
	}
}

static u64 clamp_to_range(const struct hist *h, u64 value)
{
	if (value < h->min)
		return h->min;
	return value > h->max ? h->max : value;
}

u64 hist_percentile(const struct hist *h, u32 p)
{
	const u64 wanted = (u64)(((unsigned __int128)h->n * p + 9999) / 10000);
	u64 seen = 0;
	u32 chunk, i;

	BUG_ON(p > 10000);
	for (chunk = 0; chunk < HIST_NR_CHUNKS; chunk++) {
		for (i = 0; h->chunk[chunk] && i < HIST_CHUNK; i++) {
			seen += h->chunk[chunk][i];
			if (seen && seen >= wanted)
				return clamp_to_range(h, bucket_value(chunk, i));
		}
	}
	return h->max;
}

static u64 bucket_count(const struct hist *h, u32 chunk, u32 bucket)
{
	return h->chunk[chunk] ? h->chunk[chunk][bucket] : 0;
}

u32 hist_distance_ppm(const struct hist *a, const struct hist *b)
{
	unsigned __int128 most = 0;
	u64 seen_a = 0, seen_b = 0;
	u32 chunk, i;

	BUG_ON(!a->n || a->n >> 53);
	BUG_ON(!b->n || b->n >> 53);
	for (chunk = 0; chunk < HIST_NR_CHUNKS; chunk++) {
		for (i = 0; i < HIST_CHUNK; i++) {
			unsigned __int128 x, y, distance;

			seen_a += bucket_count(a, chunk, i);
			seen_b += bucket_count(b, chunk, i);
			x = (unsigned __int128)seen_a * b->n;
			y = (unsigned __int128)seen_b * a->n;
			distance = x > y ? x - y : y - x;
			if (distance > most)
				most = distance;
		}
	}
	return (u32)(most * 1000000 / ((unsigned __int128)a->n * b->n));
}

void hist_dist(const struct hist *h, struct scxtwin_dist *dist)
{
	*dist = (struct scxtwin_dist){
		.n = h->n,
		.min = h->min,
		.max = h->max,
		.mean = h->n ? (u64)(h->sum / h->n) : 0,
		.p50 = hist_percentile(h, 5000),
		.p90 = hist_percentile(h, 9000),
		.p99 = hist_percentile(h, 9900),
		.p999 = hist_percentile(h, 9990),
	};
}

void hist_free(struct hist *h)
{
	u32 chunk;

	for (chunk = 0; chunk < HIST_NR_CHUNKS; chunk++)
		free(h->chunk[chunk]);
	memset(h, 0, sizeof(*h));
}
