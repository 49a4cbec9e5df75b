/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protocol buffer wire format, writing only. A message inside a message has its
 * length in four bytes (a varint may be longer than needed), so that it can be
 * filled in at the end.
 */
#ifndef REPORT_PROTO_H
#define REPORT_PROTO_H

#include "base/str.h"

/* Fields are appended to sb, whose error tells of lack of memory. */
void proto_u64(struct strbuf *sb, u32 field, u64 value);
/* int32, int64: two's complement of 64 bits. */
void proto_s64(struct strbuf *sb, u32 field, s64 value);
void proto_bytes(struct strbuf *sb, u32 field, const void *bytes, size_t len);
void proto_string(struct strbuf *sb, u32 field, const char *text);
/* Returns what proto_end() wants. */
size_t proto_begin(struct strbuf *sb, u32 field);
void proto_end(struct strbuf *sb, size_t begin);

#endif /* REPORT_PROTO_H */
