/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffered output file, compressed if its name ends in ".gz", "-" for standard
 * output. The first failure is kept; later writes do nothing.
 */
#ifndef REPORT_OUT_H
#define REPORT_OUT_H

#include <scxtwin/error.h>

#define OUT_BUFFER 65536U

struct out {
	void *gz;
	const char *path;	/* the caller keeps it alive */
	bool failed;
	u32 used;
	char buffer[OUT_BUFFER];
};

/* 0, SCXTWIN_EUSAGE (cannot be created) or SCXTWIN_EINTERNAL (no memory). */
int out_open(struct out *out, const char *path, struct scxtwin_error *err);
void out_write(struct out *out, const void *bytes, size_t len);
/* 0, or SCXTWIN_EFAILED if any write failed. Also after a failed open, which is not told again. */
int out_close(struct out *out, struct scxtwin_error *err);

#endif /* REPORT_OUT_H */
