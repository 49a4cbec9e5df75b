/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strings: a builder over the heap with a limit, strict parsing of numbers and
 * durations, JSON escapes, and the nearest of some names.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stddef.h>

#include <scxtwin/types.h>

/*
 * Zero-initialised = empty, with STRBUF_LIMIT_DEFAULT. The text is always
 * terminated. When memory or the limit is exhausted, the text stays what it was
 * before the append that failed, this and all later appends do nothing, and
 * error is -ENOMEM or -E2BIG; callers may check once at the end.
 */
struct strbuf {
	char *data;		/* NULL as long as nothing was appended */
	size_t len, cap;
	size_t limit;		/* greatest len, 0: the default */
	int error;
};

#define STRBUF_LIMIT_DEFAULT ((size_t)1 << 30)

/* Appends return 0 or sb->error. */
int strbuf_add(struct strbuf *sb, const char *s, size_t len);
int strbuf_puts(struct strbuf *sb, const char *s);
int strbuf_printf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The text as a JSON string with its quotes. */
int strbuf_add_json(struct strbuf *sb, const char *s, size_t len);
/* Room for n more bytes at data + len, which strbuf_commit() then counts. */
int strbuf_reserve(struct strbuf *sb, size_t n);
void strbuf_commit(struct strbuf *sb, size_t n);
/* Empties it, forgets the error, keeps the memory. */
void strbuf_clear(struct strbuf *sb);
void strbuf_free(struct strbuf *sb);
/* Never NULL. */
const char *strbuf_str(const struct strbuf *sb);

/*
 * Decimal integers: digits, for signed ones after an optional "-". No blanks, no
 * "+", nothing behind. 0; -EINVAL: malformed; -ERANGE: outside [min, max]. The
 * value is only written on success.
 */
int str_parse_u64(const char *s, u64 min, u64 max, u64 *value);
int str_parse_s64(const char *s, s64 min, s64 max, s64 *value);
/*
 * Durations: an integer with unit ns, us, ms or s, without one: ns. Fractions
 * are malformed. -ERANGE: more than max ns.
 */
int str_parse_duration(const char *s, u64 max_ns, u64 *ns);

/*
 * One step of escaping: takes the first character of s (len > 0 bytes, UTF-8)
 * and writes what stands for it in a JSON string to out, not terminated. Bytes
 * that are not UTF-8 become the replacement character. Returns the number of
 * bytes taken; *out_len: written.
 */
#define STR_JSON_ESCAPE_MAX 6
size_t str_json_escape(const char *s, size_t len, char out[STR_JSON_ESCAPE_MAX], size_t *out_len);

/* The one of names (NULL at the end) that s may be meant to be, NULL if none is near. */
const char *str_nearest(const char *s, const char *const *names);

#endif /* BASE_STR_H */
