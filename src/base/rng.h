/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Splittable generator: one stream per (seed, purpose, number), split by name,
 * so that a new consumer moves no other stream. Integers only.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <scxtwin/types.h>

struct rng {
	u64 state, gamma;
};

void rng_init(struct rng *rng, u64 seed, const char *purpose, u64 number);
u64 rng_u64(struct rng *rng);
/* Uniform in [0, n), n > 0, without modulo bias. */
u64 rng_below(struct rng *rng, u64 n);
/* Uniform in [lo, hi]. */
u64 rng_range(struct rng *rng, u64 lo, u64 hi);
/* Exponentially distributed with this mean, from a committed fixed-point table; never above 16 means. */
u64 rng_exponential(struct rng *rng, u64 mean);
/* Normal with mean and standard deviation, from a committed table, clamped at 0 from below. */
u64 rng_normal(struct rng *rng, u64 mean, u64 stddev);

#endif /* BASE_RNG_H */
