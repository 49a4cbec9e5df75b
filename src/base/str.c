/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/mem.h"
#include "base/str.h"

#define NEAREST_LEN_MAX 63

int strbuf_reserve(struct strbuf *sb, size_t len)
{
	const size_t limit = sb->limit ? sb->limit : STRBUF_LIMIT_DEFAULT;
	size_t cap = sb->cap ? sb->cap : 64;
	char *data;

	BUG_ON(sb->len > limit);
	if (sb->error)
		return sb->error;
	if (len > limit - sb->len)
		return sb->error = -E2BIG;
	if (sb->data && sb->len + len < sb->cap)
		return 0;
	while (cap <= sb->len + len)
		cap *= 2;
	data = mem_realloc_array(sb->data, cap, 1);
	if (!data)
		return sb->error = -ENOMEM;
	data[sb->len] = '\0';
	sb->data = data;
	sb->cap = cap;
	return 0;
}

void strbuf_commit(struct strbuf *sb, size_t len)
{
	BUG_ON(sb->error);
	BUG_ON(len >= sb->cap - sb->len);
	sb->len += len;
	sb->data[sb->len] = '\0';
}

int strbuf_add(struct strbuf *sb, const char *s, size_t len)
{
	if (strbuf_reserve(sb, len))
		return sb->error;
	memcpy(sb->data + sb->len, s, len);
	strbuf_commit(sb, len);
	return 0;
}

int strbuf_puts(struct strbuf *sb, const char *s)
{
	return strbuf_add(sb, s, strlen(s));
}

int strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	BUG_ON(len < 0);
	if (strbuf_reserve(sb, (size_t)len))
		return sb->error;
	va_start(args, fmt);
	vsnprintf(sb->data + sb->len, (size_t)len + 1, fmt, args);
	va_end(args);
	strbuf_commit(sb, (size_t)len);
	return 0;
}

int strbuf_add_json(struct strbuf *sb, const char *s, size_t len)
{
	const size_t start = sb->len;
	char out[STR_JSON_ESCAPE_MAX];
	size_t taken, out_len;
	bool failed;

	failed = strbuf_add(sb, "\"", 1);
	for (; len && !failed; s += taken, len -= taken) {
		taken = str_json_escape(s, len, out, &out_len);
		failed = strbuf_add(sb, out, out_len);
	}
	if (!failed && !strbuf_add(sb, "\"", 1))
		return 0;
	/* All or nothing: half a JSON string would spoil what stands before it. */
	sb->len = start;
	if (sb->data)
		sb->data[start] = '\0';
	return sb->error;
}

void strbuf_clear(struct strbuf *sb)
{
	sb->len = 0;
	sb->error = 0;
	if (sb->data)
		sb->data[0] = '\0';
}

void strbuf_free(struct strbuf *sb)
{
	free(sb->data);
	*sb = (struct strbuf){ .limit = sb->limit };
}

const char *strbuf_str(const struct strbuf *sb)
{
	return sb->data ? sb->data : "";
}

/*
 * Digits from *s on, which moves behind them. A number that does not fit is read
 * to its end all the same, so that "malformed" goes before "out of range".
 */
static int parse_digits(const char **s, u64 *value)
{
	bool overflow = false;
	u64 v = 0;

	if (**s < '0' || **s > '9')
		return -EINVAL;
	for (; **s >= '0' && **s <= '9'; (*s)++)
		overflow |= __builtin_mul_overflow(v, 10, &v) ||
			    __builtin_add_overflow(v, (u64)(**s - '0'), &v);
	*value = v;
	return overflow ? -ERANGE : 0;
}

int str_parse_u64(const char *s, u64 min, u64 max, u64 *value)
{
	u64 v = 0;
	const int ret = parse_digits(&s, &v);

	BUG_ON(min > max);
	if (ret == -EINVAL || *s)
		return -EINVAL;
	if (ret || v < min || v > max)
		return -ERANGE;
	*value = v;
	return 0;
}

int str_parse_s64(const char *s, s64 min, s64 max, s64 *value)
{
	const bool negative = *s == '-';
	u64 magnitude = 0;
	s64 v;
	int ret;

	BUG_ON(min > max);
	s += negative;
	ret = parse_digits(&s, &magnitude);
	if (ret == -EINVAL || *s)
		return -EINVAL;
	if (ret || magnitude > (u64)INT64_MAX + negative)
		return -ERANGE;
	v = negative ? (s64)-magnitude : (s64)magnitude;
	if (v < min || v > max)
		return -ERANGE;
	*value = v;
	return 0;
}

int str_parse_duration(const char *s, u64 max_ns, u64 *ns)
{
	static const struct {
		const char *unit;
		u64 ns;
	} units[] = {
		{ "", 1 }, { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
	};
	u64 v = 0;
	const int ret = parse_digits(&s, &v);
	size_t i;

	if (ret == -EINVAL)
		return ret;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(s, units[i].unit))
			continue;
		if (ret || __builtin_mul_overflow(v, units[i].ns, &v) || v > max_ns)
			return -ERANGE;
		*ns = v;
		return 0;
	}
	return -EINVAL;
}

static bool is_continuation(const char *s, size_t len, size_t i)
{
	return i < len && ((u8)s[i] & 0xc0) == 0x80;
}

/* Length of the UTF-8 character at s; 0 if there is none. */
static size_t utf8_length(const char *s, size_t len)
{
	const u8 first = (u8)s[0], second = len > 1 ? (u8)s[1] : 0;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4 || !is_continuation(s, len, 1))
		return 0;
	if (first < 0xe0)
		return 2;
	/* Neither overlong forms nor surrogates, nothing above U+10FFFF. */
	if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	    (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) ||
	    !is_continuation(s, len, 2))
		return 0;
	if (first < 0xf0)
		return 3;
	return is_continuation(s, len, 3) ? 4 : 0;
}

static size_t put(char *out, const char *s, size_t len)
{
	memcpy(out, s, len);
	return len;
}

size_t str_json_escape(const char *s, size_t len, char out[STR_JSON_ESCAPE_MAX], size_t *out_len)
{
	static const char hex[] = "0123456789abcdef";
	const char *const from = "\"\\\b\f\n\r\t", *const to = "\"\\bfnrt";
	const char c = *s, *special;
	size_t taken;

	BUG_ON(!len);
	special = c ? strchr(from, c) : NULL;
	taken = utf8_length(s, len);
	if (special) {
		out[0] = '\\';
		out[1] = to[special - from];
		*out_len = 2;
	} else if ((u8)c < 0x20 || c == 0x7f) {
		*out_len = put(out, "\\u00", 4);
		out[(*out_len)++] = hex[(u8)c >> 4];
		out[(*out_len)++] = hex[(u8)c & 15];
	} else if (taken) {
		*out_len = put(out, s, taken);
	} else {
		*out_len = put(out, "\\ufffd", 6);
		taken = 1;
	}
	return taken;
}

static u32 least(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* Insertions, deletions and replacements that turn a into b. */
static u32 edit_distance(const char *a, const char *b)
{
	const size_t len = strlen(b);
	u32 row[NEAREST_LEN_MAX + 1], diagonal, above;
	size_t i, k;

	BUG_ON(len > NEAREST_LEN_MAX);
	for (k = 0; k <= len; k++)
		row[k] = (u32)k;
	for (i = 0; a[i]; i++) {
		diagonal = row[0]++;
		for (k = 1; k <= len; k++) {
			above = row[k];
			row[k] = least(diagonal + (a[i] != b[k - 1]), least(above, row[k - 1]) + 1);
			diagonal = above;
		}
	}
	return row[len];
}

const char *str_nearest(const char *s, const char *const *names)
{
	const size_t len = strlen(s);
	/* At most a third may differ, and one letter always may. */
	u32 best_distance = len < 6 ? 2 : (u32)len / 3 + 1;
	const char *best = NULL;

	if (len > NEAREST_LEN_MAX)
		return NULL;
	for (; *names; names++) {
		const u32 distance = strlen(*names) > NEAREST_LEN_MAX ?
				     UINT32_MAX : edit_distance(s, *names);

		if (distance < best_distance) {
			best_distance = distance;
			best = *names;
		}
	}
	return best;
}
