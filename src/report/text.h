/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers for people: a few digits and a unit, from integers only. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stdio.h>

#include <scxtwin/report.h>

#define TEXT_CELL 32

enum text_unit {
	TEXT_COUNT,
	TEXT_TIME,	/* ns */
	TEXT_PPM,	/* as percent */
	TEXT_MILLI,	/* thousandths */
};

/* Returns buf. Times are cut, not rounded: 1.99us is less than 2us. */
char *text_format(char buf[TEXT_CELL], enum text_unit unit, u64 value);
/* "+12.3%" of before, "=" if equal, "new" if before is 0. Returns buf. */
char *text_change(char buf[TEXT_CELL], u64 before, u64 value);
/* Of a run's end, such as "done". */
const char *text_end(enum scxtwin_end end);
const char *text_label(const struct scxtwin_run *run);
/* Flushes; 0 or SCXTWIN_EFAILED. */
int text_finish(FILE *out, struct scxtwin_error *err);

#endif /* REPORT_TEXT_H */
