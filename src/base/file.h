/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading whole files. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <scxtwin/error.h>

#include "base/str.h"

/*
 * Appends the content of a file to sb, whose limit bounds its size. 0,
 * SCXTWIN_EINPUT (unreadable, too large) or SCXTWIN_EINTERNAL (no memory).
 */
int file_read(const char *path, struct strbuf *sb, struct scxtwin_error *err);

#endif /* BASE_FILE_H */
