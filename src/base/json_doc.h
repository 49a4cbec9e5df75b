/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A JSON text in memory that remembers line and column of every value. Refused:
 * duplicate keys, numbers with fraction or exponent, NUL in strings, a root
 * that is neither object nor array.
 */
#ifndef BASE_JSON_DOC_H
#define BASE_JSON_DOC_H

#include <jansson.h>

#include <scxtwin/error.h>

#include "base/vec.h"

#define JSON_TEXT_MAX ((size_t)1 << 30)

/* A value, numbered in document order; its children are nodes kids[first_kid + i]. */
struct json_node {
	u32 line, column;	/* 1-based; columns count characters */
	u32 first_kid, nr_kids;
};

/* A container that the scanner is in; its children so far are pending[first_pending ..]. */
struct json_frame {
	u32 node;
	u32 first_pending;
	bool is_object;
};

/* Zero-initialised = empty. */
struct json_doc {
	const char *file;	/* for messages; the caller keeps it alive */
	json_t *root;
	VEC(struct json_node) nodes;
	VEC(u32) kids;
	/* of the scanner; kept so that reading many lines allocates little */
	VEC(u32) pending;
	VEC(struct json_frame) frames;
};

/*
 * 0, SCXTWIN_EINPUT or SCXTWIN_EINTERNAL (no memory). A document can be loaded
 * anew without being freed. first_line: number of the first line of text.
 */
int json_doc_load_file(struct json_doc *doc, const char *path, struct scxtwin_error *err);
int json_doc_load_text(struct json_doc *doc, const char *file, u32 first_line, const char *text,
		       size_t len, struct scxtwin_error *err);
void json_doc_free(struct json_doc *doc);

/* Writes the path of a node, such as $.tasks[2].run, cut to size. Returns buf. */
char *json_doc_path(const struct json_doc *doc, u32 node, char *buf, size_t size);

#endif /* BASE_JSON_DOC_H */
