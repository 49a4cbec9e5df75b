/* SPDX-License-Identifier: GPL-2.0-only */
/* Fewer departures with the same violation. */
#ifndef EXPLORE_SHRINK_H
#define EXPLORE_SHRINK_H

#include "explore/explorer.h"

/* The same fault, if at other numbers. */
bool same_violation(const char *a, const char *b);
/*
 * Leaves in deps what is needed for the violation, as far as max executions
 * tell; returns how many were made. Delta debugging over the list; what was
 * really taken replaces the list after each success, so that departures which
 * no longer apply vanish.
 */
u64 shrink_departures(struct explorer *x, struct departures *deps, const char *violation, u64 max);

#endif /* EXPLORE_SHRINK_H */
