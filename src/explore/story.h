/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells one execution as a table with a column per CPU. */
#ifndef EXPLORE_STORY_H
#define EXPLORE_STORY_H

#include <scxtwin/explore.h>

#include "explore/explorer.h"

struct story {
	struct scxtwin_observer observer;
	FILE *out;
	enum scxtwin_view view;
	u32 nr_cpus, nr_folded;
	u64 time;
	bool has_time;
};

void story_begin(struct story *t, FILE *out, enum scxtwin_view view);
/* A driver's step hook; data is the story. */
void story_step(void *data, const struct choice *c, bool was_choice, bool departs);
void story_end(struct story *t);

#endif /* EXPLORE_STORY_H */
