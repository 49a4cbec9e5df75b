/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/digest.h"

#include "expect_bug.h"

/* The vectors of docs/digest.md, computed there by an independent program. */
#define HEX_EMPTY	"2c34ce1df23b838c5abf2a7f6437cca3d3067ed509ff25f11df6b11b582b51eb"
#define HEX_HEADER	"2a860a83d34a4b9b93e706f637488ad8cc15115bd5706bf8d7f8f35f9ba48241"
#define HEX_ONE		"cbf6d29b44f1c4037ffecfe37657cb8c94dce34c523afb0b0e5b8d0297bd53e0"
#define HEX_4095	"7fe8c7fcafb41102e6e9bdc426794cb107071d6f8315a0e7e123491ff867d269"
#define HEX_4096	"5ccf839fc14406b6b7e4c9131efac4e5fcc9383b876b17bd13b2c4a075e90324"
#define HEX_4097	"f0aab43c93c57e15f64087516cea6d0557a93912f74e63ecc881fb379f6ded4a"
#define HEX_10000	"bbf6911117c7b3b55df9f14069530c480d38e5f4ca81ecd9b81f82b30870ca70"

static const struct scxtwin_event example = {
	.time_ns = 1000, .kind = 5, .cpu = 2, .task = -1, .a = 1, .b = 2, .c = 3, .d = 4,
};

static void assert_digest(const struct digest *d, const char *expected)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_final(d, hex);
	assert_string_equal(hex, expected);
}

static void digest_of_nothing(void **state)
{
	struct digest d;

	(void)state;
	digest_init(&d);
	assert_digest(&d, HEX_EMPTY);
}

static void header_values_are_escaped(void **state)
{
	struct digest d;

	(void)state;
	digest_init(&d);
	digest_header_u64(&d, "format", 1);
	digest_header(&d, "policy", "a\\b\nc");
	assert_digest(&d, HEX_HEADER);
}

static void header_u64_is_decimal(void **state)
{
	struct digest a, b;
	char hex[DIGEST_HEX_LEN + 1];

	(void)state;
	digest_init(&a);
	digest_header_u64(&a, "seed", UINT64_MAX);
	digest_init(&b);
	digest_header(&b, "seed", "18446744073709551615");
	digest_final(&b, hex);
	assert_digest(&a, hex);
}

static void header_lines_come_before_records_and_are_well_formed(void **state)
{
	struct digest d;

	(void)state;
	digest_init(&d);
	expect_bug(digest_header(&d, "", "x"), "key");
	expect_bug(digest_header(&d, "a=b", "x"), "key");
	expect_bug(digest_header(&d, "a\nb", "x"), "key");
	digest_record(&d, &example);
	expect_bug(digest_header(&d, "late", "x"), "count");
}

static void one_record_gives_the_documented_lanes(void **state)
{
	struct digest d;

	(void)state;
	digest_init(&d);
	digest_header_u64(&d, "format", 1);
	digest_record(&d, &example);
	assert_true(d.lane[0] == 0x58ab42c0ebc97f34ULL);
	assert_true(d.lane[1] == 0x6ca6d96ca14daabbULL);
	assert_true(d.lane[2] == 0xbe7109826f0bc82bULL);
	assert_true(d.lane[3] == 0x080eaa36dc24171aULL);
	assert_digest(&d, HEX_ONE);
}

static void batches_are_flushed_every_4096_records(void **state)
{
	struct digest d;
	u64 i;

	(void)state;
	digest_init(&d);
	for (i = 0; i < 10000; i++) {
		const struct scxtwin_event ev = {
			.time_ns = i * 1000, .kind = (u16)(i % 20), .cpu = (u16)(i % 8),
			.task = (s32)(i % 100) - 1, .a = i, .b = i * i, .c = ~i, .d = i << 40,
		};

		if (i == 4095)
			assert_digest(&d, HEX_4095);
		else if (i == 4096)
			assert_digest(&d, HEX_4096);
		else if (i == 4097)
			assert_digest(&d, HEX_4097);
		digest_record(&d, &ev);
	}
	assert_digest(&d, HEX_10000);
	assert_digest(&d, HEX_10000); /* digest_final() disturbs nothing */
}

static void every_field_of_a_record_counts(void **state)
{
	struct scxtwin_event changed[8];
	size_t i, k;
	struct digest d;
	char hex[9][DIGEST_HEX_LEN + 1];

	(void)state;
	for (i = 0; i < 8; i++)
		changed[i] = example;
	changed[0].time_ns++;
	changed[1].kind++;
	changed[2].cpu++;
	changed[3].task++;
	changed[4].a++;
	changed[5].b++;
	changed[6].c++;
	changed[7].d++;
	for (i = 0; i < 9; i++) {
		digest_init(&d);
		digest_record(&d, i < 8 ? &changed[i] : &example);
		digest_final(&d, hex[i]);
		for (k = 0; k < i; k++)
			assert_string_not_equal(hex[i], hex[k]);
	}
}

static void bytes_are_hashed_by_plain_sha256(void **state)
{
	char hex[DIGEST_HEX_LEN + 1];

	(void)state;
	digest_bytes("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_of_nothing),
		cmocka_unit_test(header_values_are_escaped),
		cmocka_unit_test(header_u64_is_decimal),
		cmocka_unit_test(header_lines_come_before_records_and_are_well_formed),
		cmocka_unit_test(one_record_gives_the_documented_lanes),
		cmocka_unit_test(batches_are_flushed_every_4096_records),
		cmocka_unit_test(every_field_of_a_record_counts),
		cmocka_unit_test(bytes_are_hashed_by_plain_sha256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
