/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/bug.h"
#include "base/rng.h"
#include "base/rng_tables.h"

#define RNG_GOLDEN	0x9e3779b97f4a7c15ULL	/* 2^64 divided by the golden ratio, odd */
#define FNV_OFFSET	0xcbf29ce484222325ULL
#define FNV_PRIME	0x100000001b3ULL

static u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* A step must be odd, and its bits must change often for the mix to work on them. */
static u64 step_from(u64 x)
{
	const u64 step = mix(x) | 1;

	return __builtin_popcountll(step ^ step >> 1) < 24 ? step ^ 0xaaaaaaaaaaaaaaaaULL : step;
}

static u64 hash_name(const char *name)
{
	u64 hash = FNV_OFFSET;

	for (; *name; name++)
		hash = (hash ^ (u8)*name) * FNV_PRIME;
	return hash;
}

void rng_init(struct rng *rng, u64 seed, const char *purpose, u64 number)
{
	const u64 name = mix(hash_name(purpose));
	const u64 key = mix(mix(seed + RNG_GOLDEN) ^ name) + number * RNG_GOLDEN;

	rng->state = mix(key);
	rng->gamma = step_from(key + RNG_GOLDEN);
}

u64 rng_u64(struct rng *rng)
{
	BUG_ON(!(rng->gamma & 1)); /* rng_init() forgotten */
	rng->state += rng->gamma;
	return mix(rng->state);
}

u64 rng_below(struct rng *rng, u64 n)
{
	u64 excess, draw;

	BUG_ON(!n);
	/* 2^64 mod n lowest draws are refused, so that each remainder is equally frequent. */
	excess = -n % n;
	do {
		draw = rng_u64(rng);
	} while (draw < excess);
	return draw % n;
}

u64 rng_range(struct rng *rng, u64 lo, u64 hi)
{
	BUG_ON(lo > hi);
	if (hi - lo == UINT64_MAX)
		return rng_u64(rng);
	return lo + rng_below(rng, hi - lo + 1);
}

/* -ln(u) for u uniform in (0, 1], 32 fractional bits, at most 16. */
static u64 draw_exponential(struct rng *rng)
{
	const u64 max = 16ULL << 32;
	const u64 draw = rng_u64(rng) | 1; /* never 0 */
	const int zeros = __builtin_clzll(draw);
	const u64 mantissa = draw << zeros; /* 1.0 <= mantissa / 2^63 < 2.0 */
	const u32 index = mantissa >> 55 & 0xff;
	const u64 rest = mantissa >> 23 & 0xffffffff;
	const u64 log2 = rng_log2[index] +
			 ((rng_log2[index + 1] - rng_log2[index]) * rest >> 32);
	/* u = draw / 2^64, so -log2(u) = zeros + 1 - log2(mantissa) */
	const u64 minus_log2 = ((u64)(zeros + 1) << 32) - log2;
	const u64 x = (u64)((unsigned __int128)minus_log2 * RNG_LN2 >> 32);

	return x < max ? x : max;
}

/* a * b / 2^shift, at most the greatest u64. */
static u64 mul_shift(u64 a, u64 b, int shift)
{
	const unsigned __int128 product = (unsigned __int128)a * b >> shift;

	return product > UINT64_MAX ? UINT64_MAX : (u64)product;
}

u64 rng_exponential(struct rng *rng, u64 mean)
{
	const u64 x = draw_exponential(rng);

	return mul_shift(mean, x, 32);
}

/* Greatest r with r * r <= x. */
static u64 square_root(u64 x)
{
	u64 root = 0, bit;

	for (bit = 1ULL << 31; bit; bit >>= 1)
		if ((root | bit) * (root | bit) <= x)
			root |= bit;
	return root;
}

/* |cos| of an angle that is uniform over the circle, 30 fractional bits. */
static u64 draw_cosine(struct rng *rng, bool *negative)
{
	const u64 draw = rng_u64(rng);
	const u32 index = draw >> 56;
	const u64 rest = draw >> 24 & 0xffffffff;

	*negative = draw & 1;
	return rng_cos[index] - ((rng_cos[index] - rng_cos[index + 1]) * rest >> 32);
}

/*
 * The polar form of a pair of normal variables: the square of the radius is
 * exponential with mean 2, the angle is uniform.
 */
u64 rng_normal(struct rng *rng, u64 mean, u64 stddev)
{
	const u64 radius = square_root(2 * draw_exponential(rng) << 26); /* 29 fractional bits */
	bool negative;
	const u64 cosine = draw_cosine(rng, &negative);
	const u64 offset = mul_shift(radius * cosine >> 29, stddev, 30);

	if (negative)
		return offset < mean ? mean - offset : 0;
	return mean + offset < mean ? UINT64_MAX : mean + offset;
}
