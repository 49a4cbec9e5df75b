/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strict JSON reading. A cursor (struct json_at) is a value in its document and
 * can be passed around by value. Every getter that fails says where (file, line, column, JSON path),
 * what was found and what would be right.
 *
 * A getter works on the cursor of an optional member that is absent, too: it
 * succeeds and leaves the output as it was, so that outputs are set to their
 * defaults beforehand:
 *
 *	int nice = 0;
 *
 *	ret = json_only(task, err, "name", "nice");
 *	ret = ret ?: json_get_string(json_need(task, "name"), &name, err);
 *	ret = ret ?: json_get_int(json_may(task, "nice"), -20, 19, &nice, err);
 *
 * Integers are those of 64 bits with sign; so no u64 above INT64_MAX is read.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>

#include <scxtwin/error.h>

#include "base/json_doc.h"

enum json_at_state {
	JSON_AT_VALUE,
	JSON_AT_ABSENT,		/* an optional member that is not there */
	JSON_AT_MISSING,	/* a required one; getters fail */
	JSON_AT_MISSING_PARENT,	/* a member of a required one that is not there; getters fail */
	JSON_AT_NO_OBJECT,	/* a member was asked of something else; getters fail */
};

struct json_at {
	const struct json_doc *doc;
	json_t *value;
	u32 node;		/* of the value, or of what should have held it */
	enum json_at_state state;
	const char *key;	/* the one that was asked for; in messages only */
};

struct json_at json_doc_root(const struct json_doc *doc);

/* Members. Those of an absent object are absent. */
struct json_at json_need(struct json_at object, const char *key);
struct json_at json_may(struct json_at object, const char *key);
/* Something is there, if not of the right type. */
bool json_is_there(struct json_at at);

/* SCXTWIN_EINPUT if at is no object or has another key than these; names the nearest. */
#define json_only(at, err, ...) json_only_keys(at, (const char *const[]){ __VA_ARGS__, NULL }, err)
int json_only_keys(struct json_at at, const char *const *keys, struct scxtwin_error *err);

/* Type checks that give the size. */
int json_get_object(struct json_at at, u32 *nr_members, struct scxtwin_error *err);
int json_get_array(struct json_at at, u32 nr_min, u32 nr_max, u32 *nr, struct scxtwin_error *err);

/* Values. Ranges include both ends. */
int json_get_u64(struct json_at at, u64 min, u64 max, u64 *value, struct scxtwin_error *err);
int json_get_s64(struct json_at at, s64 min, s64 max, s64 *value, struct scxtwin_error *err);
int json_get_u32(struct json_at at, u32 min, u32 max, u32 *value, struct scxtwin_error *err);
int json_get_int(struct json_at at, int min, int max, int *value, struct scxtwin_error *err);
int json_get_bool(struct json_at at, bool *value, struct scxtwin_error *err);
/* ns as an integer, or a string such as "2ms" (see str_parse_duration()). */
int json_get_duration(struct json_at at, u64 max_ns, u64 *ns, struct scxtwin_error *err);
/* The text belongs to the document. */
int json_get_string(struct json_at at, const char **text, struct scxtwin_error *err);
/* *index: that of the text in names (NULL at the end). */
int json_get_enum(struct json_at at, const char *const *names, u32 *index,
		  struct scxtwin_error *err);

/*
 * Element i of an array, which must exist (json_get_array() says how many);
 * members of an object in document order.
 */
struct json_at json_element(struct json_at array, u32 i);

struct json_member_iter {
	struct json_at object, at;
	const char *key;
	void *next;
	u32 nr;
};

/* An object, or absent: no members. */
struct json_member_iter json_members(struct json_at object);
/* False behind the last; else key and at are those of the next member. */
bool json_next_member(struct json_member_iter *it);

/* Writes such as $.tasks[2].run, cut to size. Returns buf. */
char *json_path(struct json_at at, char *buf, size_t size);
/* Fills err with the place of at and returns SCXTWIN_EINPUT. */
int json_fail(struct json_at at, struct scxtwin_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* BASE_JSON_H */
