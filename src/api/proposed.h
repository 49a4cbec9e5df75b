/* SPDX-License-Identifier: GPL-2.0-only */
/* Features that no kernel has, as users write them: "cookie", several with commas. */
#ifndef API_PROPOSED_H
#define API_PROPOSED_H

#include <scxtwin/error.h>
#include <scxtwin/types.h>

/* NULL or "" gives none. Errors list what there is. */
int proposed_parse(const char *text, u32 *bits, struct scxtwin_error *err);
/* "cookie (not in any kernel)", "" if none; returns buf. */
const char *proposed_text(u32 bits, char *buf, size_t size);

#endif /* API_PROPOSED_H */
