/* SPDX-License-Identifier: GPL-2.0-only */
/* The cost table as users write it: a preset's name, or "name=duration,..." */
#ifndef API_COSTS_H
#define API_COSTS_H

#include "machine/machine.h"

/* NULL or "" gives zeros. Errors list what there is. */
int costs_parse(const char *text, u64 *cost_ns, struct scxtwin_error *err);
/* "callback=0,kfunc=0,..." in table order; returns buf. */
const char *costs_text(const u64 *cost_ns, char *buf, size_t size);

#endif /* API_COSTS_H */
