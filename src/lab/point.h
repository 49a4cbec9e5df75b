/* SPDX-License-Identifier: GPL-2.0-only */
/* Points by name: "change p->scx.ops_state" and back; which ones were passed. */
#ifndef LAB_POINT_H
#define LAB_POINT_H

#include "lab/holds.h"

struct passed_point {
	const char *label;
	u32 kinds;		/* LAB_KIND() of all times */
	u64 last[64];		/* by CPU: clock when it was last there, 0: never */
};

#define MAX_PASSED 256

struct passed_points {
	struct passed_point list[MAX_PASSED];
	u32 nr;
	u64 clock;		/* steps so far */
};

/* Sets label and kinds from the text. */
void point_parse(struct lab_point *pt, const char *at);
void passed_note(struct passed_points *passed, const struct choice *step);
/* Why nobody came to pt, with the points since then of that CPU that may have been meant. */
void point_explain(const struct passed_points *passed, const struct lab_point *pt, const char *at, u64 since,
		   char *text, size_t size);

#endif /* LAB_POINT_H */
