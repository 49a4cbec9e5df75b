/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of every kind, with extreme arguments, and temporary files. */
#ifndef TESTS_RECORDS_H
#define TESTS_RECORDS_H

#include <fcntl.h>

#include <scxtwin/event.h>

#define NR_RECORDS (SCXTWIN_NR_EVENT_KINDS * 6U)

/* The n-th of NR_RECORDS; arguments that a kind does not have are 0. */
static inline struct scxtwin_event record_nth(u32 n)
{
	static const u64 values[] = { 0, 3, 1ULL << 53, UINT64_MAX, 1ULL << 63, 0x5c22097f1f006b61ULL };
	const u16 kind = (u16)(n % SCXTWIN_NR_EVENT_KINDS);
	const u64 value = values[n / SCXTWIN_NR_EVENT_KINDS];
	struct scxtwin_event ev = {
		.time_ns = 1000ULL * n, .kind = kind, .cpu = (u16)(n % 3),
		.task = (s32)(n % 5) - 1,
	};

	ev.a = *scxtwin_event_arg_name(kind, 0) ? value : 0;
	ev.b = *scxtwin_event_arg_name(kind, 1) ? value : 0;
	ev.c = *scxtwin_event_arg_name(kind, 2) ? value : 0;
	ev.d = *scxtwin_event_arg_name(kind, 3) ? value : 0;
	return ev;
}

struct temp_file {
	char path[64];
};

static inline void temp_file(struct temp_file *t, const char *suffix)
{
	int fd;

	snprintf(t->path, sizeof(t->path), "/tmp/scxtwin-test-XXXXXX%s", suffix);
	fd = mkstemps(t->path, (int)strlen(suffix));
	assert_true(fd >= 0);
	close(fd);
}

static inline size_t temp_read(const struct temp_file *t, char *buf, size_t size)
{
	FILE *f = fopen(t->path, "rb");
	size_t len;

	assert_non_null(f);
	len = fread(buf, 1, size - 1, f);
	fclose(f);
	buf[len] = '\0';
	return len;
}

static inline void temp_write(const struct temp_file *t, const char *bytes, size_t len)
{
	FILE *f = fopen(t->path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

#endif /* TESTS_RECORDS_H */
