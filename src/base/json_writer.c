/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "base/bug.h"
#include "base/json_writer.h"
#include "base/str.h"

static void put(struct json_writer *w, const char *s, size_t len)
{
	fwrite(s, 1, len, w->file);
}

static void put_line_start(struct json_writer *w)
{
	u32 i;

	if (!w->indent)
		return;
	put(w, "\n", 1);
	for (i = 0; i < w->depth; i++)
		put(w, "\t", 1);
}

/* Comma and line start before a key or an element. */
static void separate(struct json_writer *w)
{
	if (w->level[w->depth - 1].has_members)
		put(w, ",", 1);
	w->level[w->depth - 1].has_members = true;
	put_line_start(w);
}

static void begin_value(struct json_writer *w)
{
	if (!w->depth) {
		BUG_ON(w->done);
		w->done = true;
	} else if (w->level[w->depth - 1].is_object) {
		BUG_ON(!w->has_key);
		w->has_key = false;
	} else {
		separate(w);
	}
}

static void put_string(struct json_writer *w, const char *text, size_t len)
{
	char out[STR_JSON_ESCAPE_MAX];
	size_t taken, out_len;

	put(w, "\"", 1);
	for (; len; text += taken, len -= taken) {
		taken = str_json_escape(text, len, out, &out_len);
		put(w, out, out_len);
	}
	put(w, "\"", 1);
}

static void put_decimal(struct json_writer *w, u64 magnitude, bool negative)
{
	char digits[24];
	size_t pos = sizeof(digits);

	do {
		digits[--pos] = (char)('0' + magnitude % 10);
		magnitude /= 10;
	} while (magnitude);
	if (negative)
		digits[--pos] = '-';
	put(w, digits + pos, sizeof(digits) - pos);
}

static void begin_container(struct json_writer *w, bool is_object)
{
	begin_value(w);
	BUG_ON(w->depth == JSON_WRITER_DEPTH_MAX);
	w->level[w->depth].is_object = is_object;
	w->level[w->depth].has_members = false;
	w->depth++;
	put(w, is_object ? "{" : "[", 1);
}

static void end_container(struct json_writer *w, bool is_object)
{
	BUG_ON(!w->depth);
	BUG_ON(w->has_key);
	BUG_ON(w->level[w->depth - 1].is_object != is_object);
	w->depth--;
	if (w->level[w->depth].has_members)
		put_line_start(w);
	put(w, is_object ? "}" : "]", 1);
}

void json_writer_init(struct json_writer *w, FILE *file, bool indent)
{
	memset(w, 0, sizeof(*w));
	w->file = file;
	w->indent = indent;
}

void json_writer_end_line(struct json_writer *w)
{
	BUG_ON(w->depth || !w->done);
	put(w, "\n", 1);
	w->done = false;
}

int json_writer_finish(struct json_writer *w)
{
	BUG_ON(w->depth || w->done);
	return fflush(w->file) || ferror(w->file) ? -EIO : 0;
}

void jsonw_object(struct json_writer *w)
{
	begin_container(w, true);
}

void jsonw_end_object(struct json_writer *w)
{
	end_container(w, true);
}

void jsonw_array(struct json_writer *w)
{
	begin_container(w, false);
}

void jsonw_end_array(struct json_writer *w)
{
	end_container(w, false);
}

void jsonw_key(struct json_writer *w, const char *key)
{
	BUG_ON(!w->depth || !w->level[w->depth - 1].is_object);
	BUG_ON(w->has_key);
	separate(w);
	put_string(w, key, strlen(key));
	put(w, ": ", w->indent ? 2 : 1);
	w->has_key = true;
}

void jsonw_string_len(struct json_writer *w, const char *text, size_t len)
{
	begin_value(w);
	put_string(w, text, len);
}

void jsonw_string(struct json_writer *w, const char *text)
{
	jsonw_string_len(w, text, strlen(text));
}

void jsonw_u64(struct json_writer *w, u64 value)
{
	begin_value(w);
	put_decimal(w, value, false);
}

void jsonw_s64(struct json_writer *w, s64 value)
{
	begin_value(w);
	put_decimal(w, value < 0 ? -(u64)value : (u64)value, value < 0);
}

void jsonw_bool(struct json_writer *w, bool value)
{
	begin_value(w);
	put(w, value ? "true" : "false", value ? 4 : 5);
}

void jsonw_null(struct json_writer *w)
{
	begin_value(w);
	put(w, "null", 4);
}
