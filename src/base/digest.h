/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The digest of a run, defined by docs/digest.md: a text header through
 * SHA-256, then the records folded into 64-bit lanes, lanes and count through
 * SHA-256 every DIGEST_BATCH records and at the end.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <sha2.h>

#include <scxtwin/event.h>

#define DIGEST_LANES	4
#define DIGEST_BATCH	4096
#define DIGEST_HEX_LEN	64

struct digest {
	u64 lane[DIGEST_LANES];
	u64 count;		/* records so far */
	SHA2_CTX sha;
};

void digest_init(struct digest *d);
/*
 * Header lines "key=value\n", before the first record. In a value, a newline
 * becomes "\n" and a backslash "\\"; a key holds neither of them nor "=".
 */
void digest_header(struct digest *d, const char *key, const char *value);
void digest_header_u64(struct digest *d, const char *key, u64 value);
void __digest_flush(struct digest *d);
/* Does not disturb d: more records may follow. hex: DIGEST_HEX_LEN + 1 bytes. */
void digest_final(const struct digest *d, char *hex);
/* Plain SHA-256 of a text, for header lines such as the hash of the workload. */
void digest_bytes(const void *bytes, size_t len, char *hex);

/* One multiply-fold step: the 128-bit product of two words, halves xored. */
static inline u64 digest_fold(u64 a, u64 b)
{
	const unsigned __int128 m = (unsigned __int128)a * b;

	return (u64)m ^ (u64)(m >> 64);
}

#define DIGEST_K0 0x9e3779b97f4a7c15ULL
#define DIGEST_K1 0xc2b2ae3d27d4eb4fULL
#define DIGEST_K2 0x165667b19e3779f9ULL
#define DIGEST_K3 0xd6e8feb86659fd93ULL

static inline void digest_record(struct digest *d, const struct scxtwin_event *ev)
{
	const u64 head = (u64)ev->kind | (u64)ev->cpu << 16 | (u64)(u32)ev->task << 32;

	d->lane[0] = digest_fold(d->lane[0] ^ ev->time_ns ^ DIGEST_K0, head ^ DIGEST_K1);
	d->lane[1] = digest_fold(d->lane[1] ^ ev->a ^ DIGEST_K1, ev->b ^ DIGEST_K2);
	d->lane[2] = digest_fold(d->lane[2] ^ ev->c ^ DIGEST_K2, ev->d ^ DIGEST_K3);
	d->lane[3] = digest_fold(d->lane[3] ^ head ^ DIGEST_K3, d->lane[0] ^ d->lane[1] ^ d->lane[2] ^ DIGEST_K0);
	if (++d->count % DIGEST_BATCH == 0)
		__digest_flush(d);
}

#endif /* BASE_DIGEST_H */
