/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

struct json_at json_doc_root(const struct json_doc *doc)
{
	BUG_ON(!doc->root);
	return (struct json_at){ .doc = doc, .value = doc->root };
}

static const struct json_node *node_of(struct json_at at)
{
	return vec_at(&at.doc->nodes, at.node);
}

static u32 kid_of(struct json_at at, u32 i)
{
	const struct json_node *node = node_of(at);

	BUG_ON(i >= node->nr_kids);
	return *vec_at(&at.doc->kids, node->first_kid + i);
}

char *json_path(struct json_at at, char *buf, size_t size)
{
	return json_doc_path(at.doc, at.node, buf, size);
}

static int fail_text(struct json_at at, struct scxtwin_error *err, const char *text)
{
	const struct json_node *node = node_of(at);
	char path[256];
	const struct error_place place = {
		.file = at.doc->file, .line = node->line, .column = node->column,
		.path = json_path(at, path, sizeof(path)),
	};

	return error_set_at(err, SCXTWIN_EINPUT, &place, "%s", text);
}

int json_fail(struct json_at at, struct scxtwin_error *err, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return fail_text(at, err, text);
}

/* What a value is, for messages: integer 5, string "abc", an array of 3 ... */
static void describe(const json_t *value, char *buf, size_t size)
{
	enum { SHOWN_MAX = 60 };
	struct strbuf sb = { 0 };

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		snprintf(buf, size, "an object");
		break;
	case JSON_ARRAY:
		snprintf(buf, size, "an array of %zu", json_array_size(value));
		break;
	case JSON_STRING:
		strbuf_add_json(&sb, json_string_value(value),
				strnlen(json_string_value(value), SHOWN_MAX));
		snprintf(buf, size, "string %s", strbuf_str(&sb));
		strbuf_free(&sb);
		break;
	case JSON_INTEGER:
		snprintf(buf, size, "integer %lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		BUG(); /* refused when the document was loaded */
	case JSON_TRUE:
		snprintf(buf, size, "true");
		break;
	case JSON_FALSE:
		snprintf(buf, size, "false");
		break;
	case JSON_NULL:
		snprintf(buf, size, "null");
		break;
	}
}

/* The failure of every getter: what was found, what was wanted. */
static int __attribute__((format(printf, 3, 4)))
fail_want(struct json_at at, struct scxtwin_error *err, const char *want_fmt, ...)
{
	char want[400], found[400] = "";
	va_list args;

	va_start(args, want_fmt);
	vsnprintf(want, sizeof(want), want_fmt, args);
	va_end(args);
	BUG_ON(at.state == JSON_AT_ABSENT);
	if (at.state == JSON_AT_MISSING)
		return json_fail(at, err, "missing key \"%s\", want %s", at.key, want);
	if (at.state == JSON_AT_MISSING_PARENT)
		return json_fail(at, err, "missing key \"%s\", want an object", at.key);
	describe(at.value, found, sizeof(found));
	if (at.state == JSON_AT_NO_OBJECT)
		return json_fail(at, err, "found %s, want an object with key \"%s\"", found, at.key);
	return json_fail(at, err, "found %s, want %s", found, want);
}

static bool is_value(struct json_at at)
{
	return at.state == JSON_AT_VALUE;
}

bool json_is_there(struct json_at at)
{
	return is_value(at) || at.state == JSON_AT_NO_OBJECT;
}

/* The member, or the object itself in the given state. */
static struct json_at member(struct json_at object, const char *key, enum json_at_state otherwise)
{
	struct json_at at = object;
	void *wanted, *it;
	u32 i = 0;

	if (object.state == JSON_AT_MISSING)
		at.state = JSON_AT_MISSING_PARENT;
	/* Inside of an optional object that is not there nothing is required. */
	if (!is_value(object))
		return at;
	at.key = key;
	if (!json_is_object(object.value)) {
		at.state = JSON_AT_NO_OBJECT;
		return at;
	}
	wanted = json_object_iter_at(object.value, key);
	if (!wanted) {
		at.state = otherwise;
		return at;
	}
	for (it = json_object_iter(object.value); it != wanted;
	     it = json_object_iter_next(object.value, it))
		i++;
	at.value = json_object_iter_value(wanted);
	at.node = kid_of(object, i);
	return at;
}

struct json_at json_need(struct json_at object, const char *key)
{
	return member(object, key, JSON_AT_MISSING);
}

struct json_at json_may(struct json_at object, const char *key)
{
	return member(object, key, JSON_AT_ABSENT);
}

struct json_at json_element(struct json_at array, u32 i)
{
	BUG_ON(!is_value(array) || !json_is_array(array.value));
	return (struct json_at){
		.doc = array.doc, .value = json_array_get(array.value, i), .node = kid_of(array, i),
	};
}

struct json_member_iter json_members(struct json_at object)
{
	BUG_ON(is_value(object) && !json_is_object(object.value));
	return (struct json_member_iter){
		.object = object, .next = is_value(object) ? json_object_iter(object.value) : NULL,
	};
}

bool json_next_member(struct json_member_iter *it)
{
	if (!it->next)
		return false;
	it->key = json_object_iter_key(it->next);
	it->at = (struct json_at){
		.doc = it->object.doc, .value = json_object_iter_value(it->next),
		.node = kid_of(it->object, it->nr++), .key = it->key,
	};
	it->next = json_object_iter_next(it->object.value, it->next);
	return true;
}

/* "a", "b", "c" */
static void list_names(struct strbuf *sb, const char *const *names)
{
	size_t i;

	for (i = 0; names[i]; i++)
		strbuf_printf(sb, "%s\"%s\"", i ? ", " : "", names[i]);
}

static int fail_key(struct json_at at, const char *key, const char *const *keys,
		    struct scxtwin_error *err)
{
	const char *nearest = str_nearest(key, keys);
	struct strbuf sb = { 0 };
	int ret;

	strbuf_puts(&sb, "unknown key ");
	strbuf_add_json(&sb, key, strnlen(key, 60));
	if (nearest)
		strbuf_printf(&sb, ", did you mean \"%s\"?", nearest);
	strbuf_puts(&sb, keys[0] ? nearest ? " Known keys: " : ", known keys: " : ", none is known");
	list_names(&sb, keys);
	ret = fail_text(at, err, strbuf_str(&sb));
	if (sb.error == -ENOMEM)
		ret = error_no_memory(err);
	strbuf_free(&sb);
	return ret;
}

int json_only_keys(struct json_at at, const char *const *keys, struct scxtwin_error *err)
{
	struct json_member_iter it;
	int ret = json_get_object(at, NULL, err);
	size_t i;

	if (ret || !is_value(at))
		return ret;
	for (it = json_members(at); json_next_member(&it);) {
		for (i = 0; keys[i] && strcmp(keys[i], it.key); i++)
			continue;
		if (!keys[i])
			return fail_key(it.at, it.key, keys, err);
	}
	return 0;
}

int json_get_object(struct json_at at, u32 *nr_members, struct scxtwin_error *err)
{
	if (at.state == JSON_AT_ABSENT)
		return 0;
	if (!is_value(at) || !json_is_object(at.value))
		return fail_want(at, err, "an object");
	if (nr_members)
		*nr_members = (u32)json_object_size(at.value);
	return 0;
}

int json_get_array(struct json_at at, u32 nr_min, u32 nr_max, u32 *nr, struct scxtwin_error *err)
{
	size_t size;

	BUG_ON(nr_min > nr_max);
	if (at.state == JSON_AT_ABSENT)
		return 0;
	size = is_value(at) ? json_array_size(at.value) : 0;
	if (is_value(at) && json_is_array(at.value) && size >= nr_min && size <= nr_max) {
		*nr = (u32)size;
		return 0;
	}
	if (nr_min == nr_max)
		return fail_want(at, err, "an array of %u", nr_min);
	if (nr_max < UINT32_MAX)
		return fail_want(at, err, "an array of %u to %u", nr_min, nr_max);
	if (nr_min)
		return fail_want(at, err, "an array of at least %u", nr_min);
	return fail_want(at, err, "an array");
}

int json_get_s64(struct json_at at, s64 min, s64 max, s64 *value, struct scxtwin_error *err)
{
	s64 found;

	BUG_ON(min > max);
	if (at.state == JSON_AT_ABSENT)
		return 0;
	found = is_value(at) ? json_integer_value(at.value) : 0;
	if (is_value(at) && json_is_integer(at.value) && found >= min && found <= max) {
		*value = found;
		return 0;
	}
	if (max < INT64_MAX)
		return fail_want(at, err, "an integer from %lld to %lld", (long long)min,
				 (long long)max);
	if (min > INT64_MIN)
		return fail_want(at, err, "an integer of at least %lld", (long long)min);
	return fail_want(at, err, "an integer");
}

int json_get_u64(struct json_at at, u64 min, u64 max, u64 *value, struct scxtwin_error *err)
{
	s64 found = (s64)*value;
	int ret;

	BUG_ON(min > max || min > INT64_MAX);
	ret = json_get_s64(at, (s64)min, max > INT64_MAX ? INT64_MAX : (s64)max, &found, err);
	if (!ret)
		*value = (u64)found;
	return ret;
}

int json_get_u32(struct json_at at, u32 min, u32 max, u32 *value, struct scxtwin_error *err)
{
	s64 found = *value;
	const int ret = json_get_s64(at, min, max, &found, err);

	if (!ret)
		*value = (u32)found;
	return ret;
}

int json_get_int(struct json_at at, int min, int max, int *value, struct scxtwin_error *err)
{
	s64 found = *value;
	const int ret = json_get_s64(at, min, max, &found, err);

	if (!ret)
		*value = (int)found;
	return ret;
}

int json_get_bool(struct json_at at, bool *value, struct scxtwin_error *err)
{
	if (at.state == JSON_AT_ABSENT)
		return 0;
	if (!is_value(at) || !json_is_boolean(at.value))
		return fail_want(at, err, "true or false");
	*value = json_is_true(at.value);
	return 0;
}

int json_get_duration(struct json_at at, u64 max_ns, u64 *ns, struct scxtwin_error *err)
{
	bool ok = false;
	u64 found = 0;

	if (at.state == JSON_AT_ABSENT)
		return 0;
	if (is_value(at) && json_is_integer(at.value)) {
		ok = json_integer_value(at.value) >= 0 &&
		     (u64)json_integer_value(at.value) <= max_ns;
		found = (u64)json_integer_value(at.value);
	} else if (is_value(at) && json_is_string(at.value)) {
		ok = !str_parse_duration(json_string_value(at.value), max_ns, &found);
	}
	if (ok) {
		*ns = found;
		return 0;
	}
	return fail_want(at, err, "a duration from 0 to %llu ns: an integer (ns) or a string such as \"2ms\" with unit ns, us, ms or s",
			 (unsigned long long)max_ns);
}

int json_get_string(struct json_at at, const char **text, struct scxtwin_error *err)
{
	if (at.state == JSON_AT_ABSENT)
		return 0;
	if (!is_value(at) || !json_is_string(at.value))
		return fail_want(at, err, "a string");
	*text = json_string_value(at.value);
	return 0;
}

int json_get_enum(struct json_at at, const char *const *names, u32 *index,
		  struct scxtwin_error *err)
{
	const char *text = is_value(at) ? json_string_value(at.value) : NULL;
	const char *nearest;
	struct strbuf sb = { 0 };
	int ret;
	u32 i;

	if (at.state == JSON_AT_ABSENT)
		return 0;
	for (i = 0; text && names[i]; i++) {
		if (!strcmp(names[i], text)) {
			*index = i;
			return 0;
		}
	}
	list_names(&sb, names);
	nearest = text ? str_nearest(text, names) : NULL;
	if (nearest)
		strbuf_printf(&sb, "; did you mean \"%s\"?", nearest);
	ret = sb.error == -ENOMEM ? error_no_memory(err) :
	      fail_want(at, err, "one of %s", strbuf_str(&sb));
	strbuf_free(&sb);
	return ret;
}
