/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/bug.h"
#include "report/proto.h"

enum wire_type { WIRE_VARINT = 0, WIRE_BYTES = 2 };

#define LENGTH_BYTES 4

static void put_varint(struct strbuf *sb, u64 value)
{
	char bytes[10];
	size_t n = 0;

	do {
		bytes[n] = (char)(value & 0x7f);
		value >>= 7;
		if (value)
			bytes[n] |= (char)0x80;
		n++;
	} while (value);
	strbuf_add(sb, bytes, n);
}

static void put_tag(struct strbuf *sb, u32 field, enum wire_type type)
{
	BUG_ON(!field);
	put_varint(sb, (u64)field << 3 | type);
}

void proto_u64(struct strbuf *sb, u32 field, u64 value)
{
	put_tag(sb, field, WIRE_VARINT);
	put_varint(sb, value);
}

void proto_s64(struct strbuf *sb, u32 field, s64 value)
{
	proto_u64(sb, field, (u64)value);
}

void proto_bytes(struct strbuf *sb, u32 field, const void *bytes, size_t len)
{
	put_tag(sb, field, WIRE_BYTES);
	put_varint(sb, len);
	strbuf_add(sb, bytes, len);
}

void proto_string(struct strbuf *sb, u32 field, const char *text)
{
	proto_bytes(sb, field, text, strlen(text));
}

size_t proto_begin(struct strbuf *sb, u32 field)
{
	static const char room[LENGTH_BYTES];

	put_tag(sb, field, WIRE_BYTES);
	strbuf_add(sb, room, LENGTH_BYTES);
	return sb->len;
}

void proto_end(struct strbuf *sb, size_t begin)
{
	size_t len = sb->len - begin;
	int i;

	/* After lack of memory there may be nothing to fill in. */
	if (sb->error)
		return;
	BUG_ON(begin < LENGTH_BYTES || begin > sb->len);
	BUG_ON(len >> 7 * LENGTH_BYTES);
	for (i = 0; i < LENGTH_BYTES; i++, len >>= 7)
		sb->data[begin - LENGTH_BYTES + (size_t)i] =
			(char)((len & 0x7f) | (i < LENGTH_BYTES - 1 ? 0x80 : 0));
}
