/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <scxtwin/ops.h>
#include <scxtwin/sim.h>

#include "base/bug.h"
#include "report/log_format.h"

/* How an argument is written. */
enum arg_form {
	ARG_NUMBER,	/* decimal below 2^53, else "0x..."; readers of JSON keep no more */
	ARG_SIGNED,	/* decimal, two's complement */
	ARG_HEX,	/* always "0x..." */
	ARG_OP, ARG_KFUNC, ARG_COUNTER, /* name; like a number if there is none */
	ARG_COMM,	/* "comm", in place of comm0 and comm1 */
	ARG_SKIP,
};

static const u8 forms[SCXTWIN_NR_EVENT_KINDS][4] = {
	[SCXTWIN_EV_TASK_NEW] = { ARG_COMM, ARG_SKIP, ARG_SIGNED, ARG_SIGNED },
	[SCXTWIN_EV_WAKING] = { ARG_SIGNED, ARG_SIGNED },
	[SCXTWIN_EV_WAKEUP] = { ARG_SIGNED },
	[SCXTWIN_EV_WAKEUP_NEW] = { ARG_SIGNED },
	[SCXTWIN_EV_SWITCH] = { ARG_SIGNED, ARG_NUMBER, ARG_SIGNED, ARG_SIGNED },
	[SCXTWIN_EV_MIGRATE] = { ARG_SIGNED, ARG_SIGNED },
	[SCXTWIN_EV_ATTR] = { ARG_NUMBER, ARG_SIGNED },
	[SCXTWIN_EV_OPS] = { ARG_OP },
	[SCXTWIN_EV_OPS_RET] = { ARG_OP, ARG_SIGNED },
	[SCXTWIN_EV_KFUNC] = { ARG_KFUNC, ARG_NUMBER, ARG_NUMBER, ARG_SIGNED },
	[SCXTWIN_EV_DSQ_INSERT] = { ARG_HEX, ARG_NUMBER, ARG_NUMBER, ARG_HEX },
	[SCXTWIN_EV_DSQ_REMOVE] = { ARG_HEX },
	[SCXTWIN_EV_SCX_COUNT] = { ARG_COUNTER, ARG_SIGNED },
	[SCXTWIN_EV_SCX_EXIT] = { ARG_NUMBER, ARG_SIGNED, ARG_SIGNED },
};

static const char *const counter_names[SCX_NR_EVENTS] = {
#define X(name) "SCX_EV_" #name,
	SCX_EVENTS(X)
#undef X
};

static const u64 *arg_at(const struct scxtwin_event *ev, int i)
{
	const u64 *const args[] = { &ev->a, &ev->b, &ev->c, &ev->d };

	return args[i];
}

/* The name behind a number, NULL if there is none. */
static const char *name_of(enum arg_form form, u64 value)
{
	switch (form) {
	case ARG_OP:
		return value < SCXTWIN_NR_OPS ? scxtwin_op_name(value) : NULL;
	case ARG_KFUNC:
		return value < SCXTWIN_NR_KFUNCS ? scxtwin_kfunc_name(value) : NULL;
	case ARG_COUNTER:
		return value < SCX_NR_EVENTS ? counter_names[value] : NULL;
	default:
		return NULL;
	}
}

/* Writing. No bound is checked: LOG_RECORD_MAX is enough for the longest record. */

static char *put_text(char *p, const char *text)
{
	const size_t len = strlen(text);

	memcpy(p, text, len);
	return p + len;
}

static char *put_u64(char *p, u64 v)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		*p++ = digits[--n];
	return p;
}

static char *put_s64(char *p, u64 v)
{
	if (v >> 63) {
		*p++ = '-';
		v = -v;
	}
	return put_u64(p, v);
}

static char *put_hex(char *p, u64 v)
{
	static const char digits[] = "0123456789abcdef";
	int shift = v ? (63 - __builtin_clzll(v)) / 4 * 4 : 0;

	p = put_text(p, "\"0x");
	for (; shift >= 0; shift -= 4)
		*p++ = digits[v >> shift & 15];
	*p++ = '"';
	return p;
}

/* One byte inside a string. Bytes that may not be UTF-8 become Latin-1 characters if so asked. */
static char *put_char(char *p, u8 c, bool ascii_only)
{
	static const char digits[] = "0123456789abcdef";

	if (c >= ' ' && c != '"' && c != '\\' && (c < 0x7f || (c > 0x7f && !ascii_only))) {
		*p++ = (char)c;
		return p;
	}
	p = put_text(p, "\\u00");
	*p++ = digits[c >> 4];
	*p++ = digits[c & 15];
	return p;
}

/* 16 bytes of two words; trailing zeros are left out. */
static char *put_comm(char *p, u64 low, u64 high)
{
	u8 bytes[16];
	int i, len = 0;

	for (i = 0; i < 16; i++) {
		bytes[i] = (u8)((i < 8 ? low : high) >> 8 * (i % 8));
		if (bytes[i])
			len = i + 1;
	}
	*p++ = '"';
	for (i = 0; i < len; i++)
		p = put_char(p, bytes[i], true);
	*p++ = '"';
	return p;
}

static char *put_arg(char *p, enum arg_form form, const struct scxtwin_event *ev, int i)
{
	const u64 value = *arg_at(ev, i);
	const char *name = name_of(form, value);

	if (name) {
		*p++ = '"';
		p = put_text(p, name);
		*p++ = '"';
		return p;
	}
	if (form == ARG_COMM)
		return put_comm(p, ev->a, ev->b);
	if (form == ARG_SIGNED)
		return put_s64(p, value);
	if (form == ARG_HEX || value >> 53)
		return put_hex(p, value);
	return put_u64(p, value);
}

static const char *arg_key(u16 kind, int i)
{
	return forms[kind][i] == ARG_COMM ? "comm" : scxtwin_event_arg_name(kind, i);
}

size_t log_format_record(const struct scxtwin_event *ev, char out[LOG_RECORD_MAX])
{
	char *p = out;
	int i;

	BUG_ON(ev->kind >= SCXTWIN_NR_EVENT_KINDS);
	p = put_u64(put_text(p, "{\"t\":"), ev->time_ns);
	p = put_u64(put_text(p, ",\"cpu\":"), ev->cpu);
	p = put_s64(put_text(p, ",\"task\":"), (u64)(s64)ev->task);
	p = put_text(put_text(p, ",\"event\":\""), scxtwin_event_name(ev->kind));
	*p++ = '"';
	for (i = 0; i < 4; i++) {
		if (!*scxtwin_event_arg_name(ev->kind, i)) {
			BUG_ON(*arg_at(ev, i));
			continue;
		}
		if (forms[ev->kind][i] == ARG_SKIP)
			continue;
		p = put_text(put_text(p, ",\""), arg_key(ev->kind, i));
		p = put_arg(put_text(p, "\":"), forms[ev->kind][i], ev, i);
	}
	*p++ = '}';
	BUG_ON(p - out > LOG_RECORD_MAX);
	return (size_t)(p - out);
}

/* One digest header line "key=value" as member; the escapes of the digest are undone. */
static void put_member(struct strbuf *sb, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len), *end = line + len;
	char text[8];

	BUG_ON(!equals);
	strbuf_puts(sb, "\"");
	strbuf_add(sb, line, (size_t)(equals - line));
	strbuf_puts(sb, "\":\"");
	for (line = equals + 1; line < end; line++) {
		u8 c = (u8)*line;

		if (c == '\\' && line + 1 < end)
			c = *++line == 'n' ? '\n' : (u8)*line;
		strbuf_add(sb, text, (size_t)(put_char(text, c, false) - text));
	}
	strbuf_puts(sb, "\"");
}

int log_format_header(struct strbuf *sb, const char *header)
{
	const char *sep = "";

	strbuf_printf(sb, "{\"format\":\"scxtwin-log\",\"version\":%d,\"event_version\":%d,"
		      "\"kernel\":\"%s\",\"digest\":\"scxtwin-1\",\"header\":{",
		      LOG_FORMAT_VERSION, SCXTWIN_EVENT_VERSION, scxtwin_kernel_version());
	while (*header) {
		const size_t len = strcspn(header, "\n");

		strbuf_puts(sb, sep);
		put_member(sb, header, len);
		sep = ",";
		header += len + (header[len] == '\n');
	}
	return strbuf_puts(sb, "}}");
}

size_t log_format_end(const struct log_end *end, char out[LOG_RECORD_MAX])
{
	return (size_t)snprintf(out, LOG_RECORD_MAX, "{\"end\":true,\"count\":%llu,\"digest\":\"%s\"}",
				(unsigned long long)end->count, end->digest);
}

/* Reading. Each step moves *p over what it took and returns false where it does not fit. */

static bool take(const char **p, const char *text)
{
	const size_t len = strlen(text);

	if (strncmp(*p, text, len))
		return false;
	*p += len;
	return true;
}

static bool take_u64(const char **p, u64 *v)
{
	const char *start = *p;

	if (*start == '0') {
		*v = 0;
		(*p)++;
		return true;
	}
	for (*v = 0; **p >= '0' && **p <= '9'; (*p)++) {
		if (__builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, (u64)(**p - '0'), v))
			return false;
	}
	return *p != start;
}

static bool take_s64(const char **p, u64 *v)
{
	const bool negative = take(p, "-");

	if (!take_u64(p, v))
		return false;
	if (negative)
		*v = -*v;
	return negative == (bool)(*v >> 63);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex(const char **p, u64 *v)
{
	int digits = 0;

	if (!take(p, "\"0x"))
		return false;
	for (*v = 0; hex_digit(**p) >= 0; (*p)++) {
		if (++digits > 16)
			return false;
		*v = *v << 4 | (u64)hex_digit(**p);
	}
	return digits && take(p, "\"");
}

/* One byte of a string, as put_char() wrote it; false at the closing quote and at damage. */
static bool take_char(const char **p, u8 *c)
{
	if (**p == '"' || !**p)
		return false;
	if (**p != '\\') {
		*c = (u8)*(*p)++;
		return true;
	}
	if (!take(p, "\\u00") || hex_digit((*p)[0]) < 0 || hex_digit((*p)[1]) < 0)
		return false;
	*c = (u8)(hex_digit((*p)[0]) << 4 | hex_digit((*p)[1]));
	*p += 2;
	return true;
}

static bool take_comm(const char **p, struct scxtwin_event *ev)
{
	u8 c;
	int i;

	if (!take(p, "\""))
		return false;
	for (i = 0; i < 16 && take_char(p, &c); i++)
		*(i < 8 ? &ev->a : &ev->b) |= (u64)c << 8 * (i % 8);
	return take(p, "\"");
}

static bool take_name(const char **p, enum arg_form form, u64 *v)
{
	const char *name;

	if (!strncmp(*p, "\"0x", 3))
		return take_hex(p, v);
	if (!take(p, "\""))
		return take_u64(p, v);
	for (*v = 0; (name = name_of(form, *v)); (*v)++) {
		const size_t len = strlen(name);

		if (!strncmp(*p, name, len) && (*p)[len] == '"') {
			*p += len + 1;
			return true;
		}
	}
	return false;
}

static bool take_arg(const char **p, enum arg_form form, struct scxtwin_event *ev, int i)
{
	u64 *const value = (u64 *)arg_at(ev, i);

	switch (form) {
	case ARG_OP:
	case ARG_KFUNC:
	case ARG_COUNTER:
		return take_name(p, form, value);
	case ARG_COMM:
		return take_comm(p, ev);
	case ARG_SIGNED:
		return take_s64(p, value);
	case ARG_HEX:
		return take_hex(p, value);
	default:
		return **p == '"' ? take_hex(p, value) : take_u64(p, value);
	}
}

static bool take_kind(const char **p, struct scxtwin_event *ev)
{
	for (ev->kind = 0; ev->kind < SCXTWIN_NR_EVENT_KINDS; ev->kind++) {
		const char *name = scxtwin_event_name(ev->kind);
		const size_t len = strlen(name);

		if (!strncmp(*p, name, len) && (*p)[len] == '"') {
			*p += len + 1;
			return true;
		}
	}
	return false;
}

static const char *parse_args(const char **p, struct scxtwin_event *ev)
{
	int i;

	for (i = 0; i < 4; i++) {
		const char *key = arg_key(ev->kind, i);

		if (!*key || forms[ev->kind][i] == ARG_SKIP)
			continue;
		if (!take(p, ",\"") || !take(p, key) || !take(p, "\":"))
			return key;
		if (!take_arg(p, forms[ev->kind][i], ev, i))
			return "a value";
	}
	return take(p, "}") && !**p ? NULL : "the end of the record";
}

const char *log_parse_record(const char *line, struct scxtwin_event *ev, const char **at)
{
	u64 cpu, task;

	memset(ev, 0, sizeof(*ev));
	*at = line;
	if (!take(at, "{\"t\":") || !take_u64(at, &ev->time_ns))
		return "a time \"t\"";
	if (!take(at, ",\"cpu\":") || !take_u64(at, &cpu) || cpu > UINT16_MAX)
		return "a \"cpu\"";
	if (!take(at, ",\"task\":") || !take_s64(at, &task) || (s64)task != (s32)task)
		return "a \"task\"";
	if (!take(at, ",\"event\":\"") || !take_kind(at, ev))
		return "an \"event\" that is known";
	ev->cpu = (u16)cpu;
	ev->task = (s32)task;
	return parse_args(at, ev);
}

/* A whole string up to and with its closing quote. */
static bool take_string(const char **p, struct strbuf *sb)
{
	u8 c;

	strbuf_clear(sb);
	while (take_char(p, &c)) {
		if (!c || strbuf_add(sb, (const char *)&c, 1))
			return false;
	}
	return take(p, "\"");
}

static const char *parse_members(const char **p, struct digest *digest, struct strbuf *key,
				 struct strbuf *value)
{
	bool first = true;

	while (!take(p, "}}")) {
		if (!take(p, first ? "\"" : ",\"") || !take_string(p, key) || !key->len ||
		    strpbrk(strbuf_str(key), "=\\\n"))
			return "a key of the header";
		if (!take(p, ":\"") || !take_string(p, value))
			return "a value of the header";
		digest_header(digest, strbuf_str(key), strbuf_str(value));
		first = false;
	}
	return **p ? "the end of the header" : NULL;
}

const char *log_parse_header(const char *line, struct digest *digest, const char **at)
{
	struct strbuf key = { 0 }, value = { 0 };
	const char *missing;
	u64 version, event_version;

	*at = line;
	if (!take(at, "{\"format\":\"scxtwin-log\",\"version\":"))
		return "a log of scxtwin";
	if (!take_u64(at, &version) || version != LOG_FORMAT_VERSION)
		return "version 1 of the log format";
	if (!take(at, ",\"event_version\":") || !take_u64(at, &event_version) ||
	    event_version != SCXTWIN_EVENT_VERSION)
		return "version 1 of the event records";
	if (!take(at, ",\"kernel\":\"") || !take_string(at, &key))
		missing = "a \"kernel\"";
	else if (!take(at, ",\"digest\":\"scxtwin-1\",\"header\":{"))
		missing = "digest \"scxtwin-1\" and a \"header\"";
	else
		missing = parse_members(at, digest, &key, &value);
	strbuf_free(&key);
	strbuf_free(&value);
	return missing;
}

bool log_is_end(const char *line)
{
	return !strncmp(line, "{\"end\":", 7);
}

const char *log_parse_end(const char *line, struct log_end *end, const char **at)
{
	u32 i;

	*at = line;
	if (!take(at, "{\"end\":true,\"count\":") || !take_u64(at, &end->count))
		return "a \"count\"";
	if (!take(at, ",\"digest\":\""))
		return "a \"digest\"";
	for (i = 0; i < DIGEST_HEX_LEN; i++) {
		if (hex_digit(**at) < 0)
			return "64 hexadecimal digits";
		end->digest[i] = *(*at)++;
	}
	end->digest[i] = '\0';
	return take(at, "\"}") && !**at ? NULL : "the end of the line";
}
