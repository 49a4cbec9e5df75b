/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Streaming JSON writer. The order of the calls is the order in the text. Wrong
 * nesting (a value without key in an object, an end too many) is a BUG; failed
 * writes are kept by the FILE and told by json_writer_finish().
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include <stdio.h>

#include <scxtwin/types.h>

#define JSON_WRITER_DEPTH_MAX 32

struct json_writer {
	FILE *file;
	bool indent;		/* one value per line, by tabs; else all in one line */
	bool has_key;		/* a key waits for its value */
	bool done;		/* the root value is complete */
	u32 depth;
	struct {
		bool is_object;
		bool has_members;
	} level[JSON_WRITER_DEPTH_MAX];
};

void json_writer_init(struct json_writer *w, FILE *file, bool indent);
/* Ends the root value's line; another root may follow (JSON Lines). */
void json_writer_end_line(struct json_writer *w);
/* Flushes. 0, or -EIO if any write since the file was opened failed. */
int json_writer_finish(struct json_writer *w);

void jsonw_object(struct json_writer *w);
void jsonw_end_object(struct json_writer *w);
void jsonw_array(struct json_writer *w);
void jsonw_end_array(struct json_writer *w);

/* In objects, each value comes after its key. Keys are escaped like strings. */
void jsonw_key(struct json_writer *w, const char *key);
void jsonw_string(struct json_writer *w, const char *text);
/* text need not be terminated and may hold any bytes. */
void jsonw_string_len(struct json_writer *w, const char *text, size_t len);
void jsonw_u64(struct json_writer *w, u64 value);
void jsonw_s64(struct json_writer *w, s64 value);
void jsonw_bool(struct json_writer *w, bool value);
void jsonw_null(struct json_writer *w);

/* Key and value in one call. */
static inline void jsonw_member_string(struct json_writer *w, const char *key, const char *text)
{
	jsonw_key(w, key);
	jsonw_string(w, text);
}

static inline void jsonw_member_u64(struct json_writer *w, const char *key, u64 value)
{
	jsonw_key(w, key);
	jsonw_u64(w, value);
}

static inline void jsonw_member_s64(struct json_writer *w, const char *key, s64 value)
{
	jsonw_key(w, key);
	jsonw_s64(w, value);
}

static inline void jsonw_member_bool(struct json_writer *w, const char *key, bool value)
{
	jsonw_key(w, key);
	jsonw_bool(w, value);
}

static inline void jsonw_member_object(struct json_writer *w, const char *key)
{
	jsonw_key(w, key);
	jsonw_object(w);
}

static inline void jsonw_member_array(struct json_writer *w, const char *key)
{
	jsonw_key(w, key);
	jsonw_array(w);
}

#endif /* BASE_JSON_WRITER_H */
