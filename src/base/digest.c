/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "base/bug.h"
#include "base/digest.h"

static void sha_text(SHA2_CTX *sha, const char *s, size_t len)
{
	SHA256Update(sha, (const u8 *)s, len);
}

static void put_le64(u8 *out, u64 v)
{
	int i;

	for (i = 0; i < 8; i++)
		out[i] = (u8)(v >> (8 * i));
}

static void sha_to_hex(SHA2_CTX *sha, char *hex)
{
	static const char digits[] = "0123456789abcdef";
	u8 hash[SHA256_DIGEST_LENGTH];
	size_t i;

	SHA256Final(hash, sha);
	for (i = 0; i < sizeof(hash); i++) {
		hex[2 * i] = digits[hash[i] >> 4];
		hex[2 * i + 1] = digits[hash[i] & 15];
	}
	hex[DIGEST_HEX_LEN] = '\0';
}

void digest_init(struct digest *d)
{
	memset(d, 0, sizeof(*d));
	SHA256Init(&d->sha);
}

void digest_header(struct digest *d, const char *key, const char *value)
{
	BUG_ON(d->count);
	BUG_ON(!*key || strpbrk(key, "=\\\n"));

	sha_text(&d->sha, key, strlen(key));
	sha_text(&d->sha, "=", 1);
	/* A value cannot pretend to be a line of its own. */
	while (*value) {
		const size_t plain = strcspn(value, "\\\n");

		sha_text(&d->sha, value, plain);
		value += plain;
		if (*value)
			sha_text(&d->sha, *value++ == '\n' ? "\\n" : "\\\\", 2);
	}
	sha_text(&d->sha, "\n", 1);
}

void digest_header_u64(struct digest *d, const char *key, u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	digest_header(d, key, text);
}

void __digest_flush(struct digest *d)
{
	u8 block[8 * (DIGEST_LANES + 1)];
	int i;

	for (i = 0; i < DIGEST_LANES; i++)
		put_le64(block + 8 * i, d->lane[i]);
	put_le64(block + 8 * DIGEST_LANES, d->count);
	SHA256Update(&d->sha, block, sizeof(block));
}

void digest_final(const struct digest *d, char *hex)
{
	struct digest last = *d;

	__digest_flush(&last);
	sha_to_hex(&last.sha, hex);
}

void digest_bytes(const void *bytes, size_t len, char *hex)
{
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, bytes, len);
	sha_to_hex(&sha, hex);
}
