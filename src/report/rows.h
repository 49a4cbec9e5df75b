/* SPDX-License-Identifier: GPL-2.0-only */
/* The values by which runs are compared. */
#ifndef REPORT_ROWS_H
#define REPORT_ROWS_H

#include "report/text.h"

struct compare_row {
	const char *key;	/* in JSON */
	const char *title;
	enum text_unit unit;
	bool per_group;		/* worth a row for each group */
	/* g: the group, or "all" of the run */
	u64 (*value)(const struct scxtwin_run *run, const struct scxtwin_group_metrics *g);
	/* The row is left out where this is 0 in all runs: percentiles stay together. */
	u64 (*matters)(const struct scxtwin_run *run, const struct scxtwin_group_metrics *g);
};

extern const struct compare_row compare_rows[];
extern const u32 nr_compare_rows;

#endif /* REPORT_ROWS_H */
