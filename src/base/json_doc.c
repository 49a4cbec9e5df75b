/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * jansson parses and checks but keeps no positions. So the text is walked a
 * second time by a scanner that can trust it, and that numbers the values in
 * document order, which is also the order in which jansson iterates.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json_doc.h"

#define NO_NODE UINT32_MAX

struct scanner {
	struct json_doc *doc;
	const char *pos, *end;
	u32 line, column;	/* of *pos */
	bool key_next;		/* a string here is a key and no value */
	u32 first_real;		/* first number that is no integer */
};

static void step(struct scanner *sc)
{
	const u8 c = (u8)*sc->pos++;

	if (c == '\n') {
		sc->line++;
		sc->column = 1;
	} else if ((c & 0xc0) != 0x80) {
		/* Only the first byte of a UTF-8 character moves the column. */
		sc->column++;
	}
}

static int add_node(struct scanner *sc)
{
	struct json_doc *doc = sc->doc;
	const u32 id = (u32)doc->nodes.nr;
	const struct json_node node = { .line = sc->line, .column = sc->column };

	BUG_ON(!id != !doc->frames.nr);
	if (doc->frames.nr && vec_push(&doc->pending, id))
		return -ENOMEM;
	return vec_push(&doc->nodes, node);
}

static int open_container(struct scanner *sc)
{
	struct json_doc *doc = sc->doc;
	const bool is_object = *sc->pos == '{';
	int ret = add_node(sc);

	if (!ret)
		ret = vec_push(&doc->frames, ((struct json_frame){
			.node = (u32)doc->nodes.nr - 1,
			.first_pending = (u32)doc->pending.nr,
			.is_object = is_object,
		}));
	sc->key_next = is_object;
	step(sc);
	return ret;
}

static int close_container(struct scanner *sc)
{
	struct json_doc *doc = sc->doc;
	const struct json_frame frame = vec_pop(&doc->frames);
	struct json_node *node = vec_at(&doc->nodes, frame.node);

	node->first_kid = (u32)doc->kids.nr;
	node->nr_kids = (u32)doc->pending.nr - frame.first_pending;
	if (vec_reserve(&doc->kids, doc->kids.nr + node->nr_kids))
		return -ENOMEM;
	if (node->nr_kids)
		memcpy(doc->kids.data + doc->kids.nr, doc->pending.data + frame.first_pending,
		       node->nr_kids * sizeof(u32));
	doc->kids.nr += node->nr_kids;
	doc->pending.nr = frame.first_pending;
	sc->key_next = false;
	step(sc);
	return 0;
}

static int scan_string(struct scanner *sc)
{
	const int ret = sc->key_next ? 0 : add_node(sc);

	for (step(sc); *sc->pos != '"'; step(sc))
		if (*sc->pos == '\\')
			step(sc);
	step(sc);
	return ret;
}

/* true, false, null or a number */
static int scan_word(struct scanner *sc)
{
	const bool is_number = *sc->pos == '-' || (*sc->pos >= '0' && *sc->pos <= '9');
	const u32 id = (u32)sc->doc->nodes.nr;
	const int ret = add_node(sc);

	for (; sc->pos < sc->end && !strchr(" \t\r\n,]}", *sc->pos); step(sc))
		if (is_number && strchr(".eE", *sc->pos) && sc->first_real == NO_NODE)
			sc->first_real = id;
	return ret;
}

static int scan(struct scanner *sc)
{
	struct json_doc *doc = sc->doc;
	int ret = 0;

	while (!ret && sc->pos < sc->end) {
		switch (*sc->pos) {
		case '{':
		case '[':
			ret = open_container(sc);
			break;
		case '}':
		case ']':
			ret = close_container(sc);
			break;
		case '"':
			ret = scan_string(sc);
			break;
		case ',':
			sc->key_next = vec_last(&doc->frames)->is_object;
			step(sc);
			break;
		case ':':
			sc->key_next = false;
			step(sc);
			break;
		case ' ':
		case '\t':
		case '\r':
		case '\n':
			step(sc);
			break;
		default:
			ret = scan_word(sc);
		}
	}
	BUG_ON(!ret && (doc->frames.nr || doc->pending.nr || !doc->nodes.nr));
	return ret;
}

static void clear(struct json_doc *doc)
{
	json_decref(doc->root);
	doc->root = NULL;
	vec_clear(&doc->nodes);
	vec_clear(&doc->kids);
	vec_clear(&doc->pending);
	vec_clear(&doc->frames);
}

static int fail_parsing(const char *file, u32 first_line, const json_error_t *json_err,
			struct scxtwin_error *err)
{
	const struct error_place place = {
		.file = file,
		.line = json_err->line > 0 ? first_line + (u32)json_err->line - 1 : 0,
		.column = json_err->line > 0 && json_err->column > 0 ? (u32)json_err->column : 0,
	};

	if (json_error_code(json_err) == json_error_out_of_memory)
		return error_no_memory(err);
	return error_set_at(err, SCXTWIN_EINPUT, &place, "not valid JSON: %s", json_err->text);
}

static int fail_real(const struct json_doc *doc, u32 id, struct scxtwin_error *err)
{
	char path[sizeof(err->path)];
	const struct json_node *node = vec_at(&doc->nodes, id);
	const struct error_place place = {
		.file = doc->file, .line = node->line, .column = node->column,
		.path = json_doc_path(doc, id, path, sizeof(path)),
	};

	return error_set_at(err, SCXTWIN_EINPUT, &place,
			    "found a number with fraction or exponent, want integers only");
}

int json_doc_load_text(struct json_doc *doc, const char *file, u32 first_line, const char *text,
		       size_t len, struct scxtwin_error *err)
{
	struct scanner sc = {
		.doc = doc, .pos = text, .end = text + len, .line = first_line, .column = 1,
		.first_real = NO_NODE,
	};
	json_error_t json_err;

	clear(doc);
	doc->file = file;
	if (len > JSON_TEXT_MAX)
		return error_set_at(err, SCXTWIN_EINPUT, &(struct error_place){ .file = file },
				    "text too large, want at most %zu bytes", JSON_TEXT_MAX);
	doc->root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &json_err);
	if (!doc->root)
		return fail_parsing(file, first_line, &json_err, err);
	if (scan(&sc))
		return error_no_memory(err);
	if (sc.first_real != NO_NODE)
		return fail_real(doc, sc.first_real, err);
	return 0;
}

int json_doc_load_file(struct json_doc *doc, const char *path, struct scxtwin_error *err)
{
	struct strbuf text = { .limit = JSON_TEXT_MAX };
	int ret = file_read(path, &text, err);

	if (!ret)
		ret = json_doc_load_text(doc, path, 1, strbuf_str(&text), text.len, err);
	strbuf_free(&text);
	return ret;
}

void json_doc_free(struct json_doc *doc)
{
	clear(doc);
	vec_free(&doc->nodes);
	vec_free(&doc->kids);
	vec_free(&doc->pending);
	vec_free(&doc->frames);
}

/* Which child of a container holds node id, or is it: nodes are in document order. */
static u32 kid_towards(const struct json_doc *doc, const struct json_node *container, u32 id)
{
	u32 lo = 0, hi = container->nr_kids;

	while (hi - lo > 1) {
		const u32 mid = lo + (hi - lo) / 2;

		if (*vec_at(&doc->kids, container->first_kid + mid) <= id)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static bool is_plain_key(const char *key)
{
	return *key && strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
		== strlen(key);
}

static void append(char *buf, size_t size, const char *text, size_t len)
{
	const size_t used = strlen(buf);
	const size_t room = size - used - 1;

	len = len < room ? len : room;
	memcpy(buf + used, text, len);
	buf[used + len] = '\0';
}

static void append_key(char *buf, size_t size, const char *key)
{
	char out[STR_JSON_ESCAPE_MAX];
	size_t left, taken, out_len;

	if (is_plain_key(key)) {
		append(buf, size, ".", 1);
		append(buf, size, key, strlen(key));
		return;
	}
	append(buf, size, "[\"", 2);
	for (left = strlen(key); left; left -= taken, key += taken) {
		taken = str_json_escape(key, left, out, &out_len);
		append(buf, size, out, out_len);
	}
	append(buf, size, "\"]", 2);
}

char *json_doc_path(const struct json_doc *doc, u32 target, char *buf, size_t size)
{
	json_t *value = doc->root;
	u32 id = 0, kid, i;
	char index[16];
	void *it;

	BUG_ON(!size);
	BUG_ON(target >= doc->nodes.nr);
	strlcpy(buf, "$", size);
	while (id != target) {
		const struct json_node *node = vec_at(&doc->nodes, id);

		kid = kid_towards(doc, node, target);
		id = *vec_at(&doc->kids, node->first_kid + kid);
		if (json_is_object(value)) {
			it = json_object_iter(value);
			for (i = 0; i < kid; i++)
				it = json_object_iter_next(value, it);
			append_key(buf, size, json_object_iter_key(it));
			value = json_object_iter_value(it);
		} else {
			snprintf(index, sizeof(index), "[%u]", kid);
			append(buf, size, index, strlen(index));
			value = json_array_get(value, kid);
		}
	}
	return buf;
}
