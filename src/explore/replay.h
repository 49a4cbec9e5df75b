/* SPDX-License-Identifier: GPL-2.0-only */
/* A strategy that makes one execution: the default with given departures. */
#ifndef EXPLORE_REPLAY_H
#define EXPLORE_REPLAY_H

#include "explore/driver.h"

/*
 * Strict: ends with the first departure that does not fit. Lenient: looks for
 * its label at the next few choices of its CPU, then leaves it out. The list
 * must outlive the strategy; NULL if no memory.
 */
struct strategy *replay_new(const struct departures *deps, bool lenient);
/* What did not fit, "" if all did. */
const char *replay_mismatch(const struct strategy *s);

#endif /* EXPLORE_REPLAY_H */
