/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ftrace text, as the files trace and trace_pipe give it:
 *
 *	   lto cgu.05-18226   (  18226) [001] d.s4.  1347.549976: sched_waking: comm=bash pid=...
 *
 * The group number in brackets, the flags (four or five characters) and a
 * delay mark may be absent. Names may hold anything, so the head of a line is
 * read from the CPU number outwards and fields are found by the keys around them.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "base/lines.h"
#include "workload/infer.h"

#define MAX_CPUS	4096
/* As the kernel prints them: deadline tasks to the nicest of all. */
#define PRIO_FIRST	(-1)
#define PRIO_LAST	139
/* A recording is run to twice its length. */
#define MAX_SPAN_NS	(PROGRAM_MAX_NS / 2)

enum reason {
	USED,
	GARBLED,
	BAD_PAYLOAD,
	OUT_OF_ORDER,
	PLACEMENT,
	EXEC,
	EXIT_MARK,
	OTHER_EVENT,
	NR_REASONS
};

static const char *const reasons[NR_REASONS] = {
	[GARBLED] = "garbled line",
	[BAD_PAYLOAD] = "scheduling event with unreadable fields",
	[OUT_OF_ORDER] = "earlier than the event before it",
	[PLACEMENT] = "migration: where tasks run is the policy's business",
	[EXEC] = "exec: changes no demand",
	[EXIT_MARK] = "process exit: the last switch away counts",
	[OTHER_EVENT] = "not an event of the scheduler",
};

struct import {
	struct infer *inf;
	struct scxtwin_import_report *report;
	u64 count[NR_REASONS];
	u32 nr_cpus;		/* told by the header, 0: not */
	u64 first_at, last_at;
	bool started;
};

/* One event line in pieces; texts point into it. */
struct event_line {
	struct infer_place place;
	char *name, *payload;
};

/* Digits up to a character that is none; false if there are none or too many. */
static bool take_number(char **s, u64 *value)
{
	char *p = *s;
	u64 v = 0;

	while (isdigit((unsigned char)*p)) {
		if (v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (u64)(*p++ - '0');
	}
	if (p == *s)
		return false;
	*s = p;
	*value = v;
	return true;
}

static bool take_s32(char **s, s32 *value)
{
	const bool negative = **s == '-';
	u64 v;

	*s += negative;
	if (!take_number(s, &v) || v > INT32_MAX)
		return false;
	*value = negative ? -(s32)v : (s32)v;
	return true;
}

static bool take_prio(char **s, s32 *prio)
{
	return take_s32(s, prio) && *prio >= PRIO_FIRST && *prio <= PRIO_LAST;
}

static void skip_blanks(char **s)
{
	while (**s == ' ' || **s == '\t')
		(*s)++;
}

/* "1347.549976:" with any number of decimals, to ns; further ones than nine are dropped. */
static bool take_time(char **s, u64 *ns)
{
	u64 seconds, part = 0;
	char *p = *s;
	int digits = 0;

	if (!take_number(&p, &seconds) || *p++ != '.' || seconds >= UINT64_MAX / 1000000000ULL)
		return false;
	for (; isdigit((unsigned char)*p); p++, digits++)
		if (digits < 9)
			part = part * 10 + (u64)(*p - '0');
	if (!digits || *p != ':')
		return false;
	for (; digits < 9; digits++)
		part *= 10;
	*s = p + 1;
	*ns = seconds * 1000000000ULL + part;
	return true;
}

/* Behind the CPU: flags, delay mark, time, name, payload. */
static bool take_tail(char *s, struct event_line *ev)
{
	char *flags, *colon;
	size_t len;

	skip_blanks(&s);
	if (!take_time(&s, &ev->place.at)) {
		flags = s;
		len = strcspn(s, " \t");
		if (len < 4 || len > 5 || !s[len])
			return false;
		s += len;
		skip_blanks(&s);
		if (*s && strchr("+!#*@$", *s)) {
			s++;
			skip_blanks(&s);
		}
		if (!take_time(&s, &ev->place.at))
			return false;
		ev->place.in_irq = strchr("hHsZz", flags[2]);
	}
	skip_blanks(&s);
	colon = strstr(s, ": ");
	if (!colon)
		return false;
	*colon = '\0';
	ev->name = s;
	ev->payload = colon + 2;
	return true;
}

/* In front of the CPU: "  name-PID" and perhaps "(  tgid)". */
static bool take_head(char *start, char *end, struct event_line *ev)
{
	char *p;

	while (end > start && end[-1] == ' ')
		end--;
	if (end > start && end[-1] == ')') {
		p = end - 1;
		while (p > start && *p != '(')
			p--;
		if (*p != '(')
			return false;
		end = p++;
		skip_blanks(&p);
		if (!take_s32(&p, &ev->place.tgid))
			ev->place.tgid = 0; /* "(-------)": not recorded */
		while (end > start && end[-1] == ' ')
			end--;
	}
	p = end;
	while (p > start && isdigit((unsigned char)p[-1]))
		p--;
	if (p == end || p == start || p[-1] != '-')
		return false;
	skip_blanks(&start);
	if (*start != '<') { /* "<idle>", "<...>": ftrace did not know the name */
		ev->place.comm = start;
		ev->place.comm_len = (size_t)(p - 1 - start);
	}
	return take_s32(&p, &ev->place.current) && p == end;
}

/* The first "[CPU]" that makes sense of the whole line: names may have brackets, too. */
static bool parse_line(char *text, struct event_line *ev)
{
	char *open = text;

	while ((open = strchr(open, '['))) {
		char *p = open + 1;
		u64 cpu;

		*ev = (struct event_line){ .place.current = -1 };
		if (take_number(&p, &cpu) && *p == ']' && cpu < MAX_CPUS &&
		    take_head(text, open, ev) && take_tail(p + 1, ev)) {
			ev->place.cpu = (u32)cpu;
			return true;
		}
		open++;
	}
	return false;
}

/* Last place of key in text. */
static char *last_key(char *text, const char *key)
{
	char *found = NULL, *p = text;

	while ((p = strstr(p, key)))
		found = p++;
	return found;
}

static bool take_key(char **s, const char *key)
{
	const size_t len = strlen(key);

	if (strncmp(*s, key, len))
		return false;
	*s += len;
	return true;
}

/* "comm=NAME pid=N prio=N ..."; in some versions without prio. */
static bool parse_task(char *payload, struct infer_task *t)
{
	char *p = payload, *pid;

	*t = (struct infer_task){ .prio = INT32_MIN };
	if (!take_key(&p, "comm="))
		return false;
	t->comm = p;
	pid = last_key(p, " pid=");
	if (!pid)
		return false;
	*pid = '\0';
	p = pid + strlen(" pid=");
	if (!take_s32(&p, &t->pid))
		return false;
	return !take_key(&p, " prio=") || take_prio(&p, &t->prio);
}

/* R, R+, S, D|K, X, ... or the bare number of the raw dialect. */
static bool parse_state(const char *text, enum infer_state *state)
{
	const char *p = text;

	if (isdigit((unsigned char)*p)) {
		const unsigned long bits = strtoul(p, NULL, 10);

		*state = bits & 0x30 ? INFER_DEAD : bits & 0xff ? INFER_BLOCKED : INFER_RUNNABLE;
		return true;
	}
	*state = *p == 'R' ? INFER_RUNNABLE : INFER_BLOCKED;
	for (; *p; p++) {
		if (*p == 'X' || *p == 'Z')
			*state = INFER_DEAD;
		else if (!strchr("RSDTtPIxKWN|+", *p))
			return false;
	}
	return *text;
}

/* The next task stands at the end of the line, so its keys are sought from there. */
static bool parse_next(char *text, struct infer_task *next)
{
	char *pid, *p = text;

	if (!take_key(&p, "==> next_comm=") && !take_key(&p, "next_comm="))
		return false;
	next->comm = p;
	pid = last_key(p, " next_pid=");
	if (!pid)
		return false;
	*pid = '\0';
	p = pid + strlen(" next_pid=");
	return take_s32(&p, &next->pid) && take_key(&p, " next_prio=") && take_prio(&p, &next->prio);
}

static bool parse_switch(char *payload, struct infer_task *prev, enum infer_state *state,
			 struct infer_task *next)
{
	char *p = payload, *pid, *word, *end;

	*prev = *next = (struct infer_task){ .prio = INT32_MIN };
	if (!take_key(&p, "prev_comm="))
		return false;
	prev->comm = p;
	for (pid = strstr(p, " prev_pid="); pid; pid = strstr(pid + 1, " prev_pid=")) {
		p = pid + strlen(" prev_pid=");
		if (!take_s32(&p, &prev->pid) || !take_key(&p, " prev_prio=") ||
		    !take_prio(&p, &prev->prio) || !take_key(&p, " prev_state="))
			continue;
		word = p;
		end = strchr(word, ' ');
		if (!end)
			return false;
		*pid = *end = '\0';
		return parse_state(word, state) && parse_next(end + 1, next);
	}
	return false;
}

static bool parse_fork(char *payload, struct infer_task *parent, struct infer_task *child)
{
	char *p, *split = last_key(payload, " child_comm=");

	if (!split)
		return false;
	*split = '\0';
	*child = (struct infer_task){ .comm = split + strlen(" child_comm="), .prio = INT32_MIN };
	p = last_key(split + 1, " child_pid=");
	if (!p)
		return false;
	*p = '\0';
	p += strlen(" child_pid=");
	return take_s32(&p, &child->pid) && parse_task(payload, parent);
}

static bool parse_runtime(char *payload, struct infer_task *t, u64 *ns)
{
	char *p = last_key(payload, " runtime=");

	if (!p)
		return false;
	*p = '\0';
	p += strlen(" runtime=");
	return take_number(&p, ns) && *ns <= MAX_SPAN_NS && parse_task(payload, t);
}

/* The events that are demand. */
static enum reason use_event(struct import *im, struct event_line *ev)
{
	const struct infer_place *place = &ev->place;
	struct infer_task a, b;
	enum infer_state state;
	u64 ns;

	if (!strcmp(ev->name, "sched_switch")) {
		/* The kernel never switches from a task to itself. */
		if (!parse_switch(ev->payload, &a, &state, &b) || a.pid == b.pid)
			return BAD_PAYLOAD;
		infer_switch(im->inf, place, &a, state, &b);
	} else if (!strcmp(ev->name, "sched_process_fork")) {
		if (!parse_fork(ev->payload, &a, &b) || a.pid == b.pid)
			return BAD_PAYLOAD;
		infer_fork(im->inf, place, &a, &b);
	} else if (!strcmp(ev->name, "sched_stat_runtime")) {
		if (!parse_runtime(ev->payload, &a, &ns))
			return BAD_PAYLOAD;
		infer_runtime(im->inf, place, &a, ns);
	} else {
		if (!parse_task(ev->payload, &a))
			return BAD_PAYLOAD;
		if (!strcmp(ev->name, "sched_waking"))
			infer_waking(im->inf, place, &a);
		else if (!strcmp(ev->name, "sched_wakeup"))
			infer_wakeup(im->inf, place, &a);
		else
			infer_wakeup_new(im->inf, place, &a);
	}
	return USED;
}

static enum reason take_event(struct import *im, char *text, size_t len)
{
	static const struct { const char *name; enum reason reason; } known[] = {
		{ "sched_switch", USED }, { "sched_waking", USED }, { "sched_wakeup", USED },
		{ "sched_wakeup_new", USED }, { "sched_process_fork", USED },
		{ "sched_stat_runtime", USED }, { "sched_process_exit", EXIT_MARK },
		{ "sched_process_exec", EXEC }, { "sched_migrate_task", PLACEMENT },
	};
	enum reason reason = OTHER_EVENT;
	struct event_line ev;
	size_t i;

	/* A zero byte would hide the rest of its line. */
	if (strlen(text) != len || !parse_line(text, &ev))
		return GARBLED;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(ev.name, known[i].name))
			reason = known[i].reason;
	if (im->started && ev.place.at < im->last_at)
		return OUT_OF_ORDER;
	if (!im->started)
		im->first_at = ev.place.at;
	else if (ev.place.at - im->first_at > MAX_SPAN_NS)
		return GARBLED;
	im->started = true;
	im->last_at = ev.place.at;
	return reason == USED ? use_event(im, &ev) : reason;
}

/* "CPU:2 [LOST 123 EVENTS]", "CPU:2 [EVENTS DROPPED]", "CPU:2 [123 EVENTS DROPPED]" */
static bool take_loss(struct import *im, char *text)
{
	char *p = text;
	u64 cpu, lost = 0;

	skip_blanks(&p);
	if (!take_key(&p, "CPU:") || !take_number(&p, &cpu))
		return false;
	skip_blanks(&p);
	if (*p++ != '[')
		return false;
	take_key(&p, "LOST ");
	take_number(&p, &lost);
	skip_blanks(&p);
	if (!take_key(&p, "EVENTS"))
		return false;
	im->report->nr_lost_markers++;
	im->report->nr_lost_events += lost;
	infer_lost(im->inf, cpu < MAX_CPUS ? (u32)cpu : UINT32_MAX);
	return true;
}

/* "# entries-in-buffer/entries-written: 140/200   #P:4": the oldest 60 were overwritten. */
static void take_header(struct import *im, char *text)
{
	char *p = strstr(text, "entries-written:"), *cpus = strstr(text, "#P:");
	u64 kept, written, nr;

	if (cpus) {
		cpus += strlen("#P:");
		if (take_number(&cpus, &nr) && nr && nr <= MAX_CPUS)
			im->nr_cpus = (u32)nr;
	}
	if (!p)
		return;
	p += strlen("entries-written:");
	skip_blanks(&p);
	if (take_number(&p, &kept) && *p++ == '/' && take_number(&p, &written) && written > kept) {
		im->report->nr_lost_markers++;
		im->report->nr_lost_events += written - kept;
	}
}

static void take_line(struct import *im, char *text, size_t len)
{
	im->report->nr_lines++;
	if (len && text[len - 1] == '\r')
		text[--len] = '\0';
	if (!len || strspn(text, " \t") == len)
		return;
	if (*text == '#') {
		take_header(im, text);
		return;
	}
	if (take_loss(im, text))
		return;
	im->report->nr_events++;
	im->count[take_event(im, text, len)]++;
}

static void fill_report(struct import *im, const struct rec_header *header)
{
	struct scxtwin_import_report *r = im->report;
	u32 i;

	r->nr_used = im->count[USED];
	for (i = USED + 1; i < NR_REASONS; i++) {
		if (!im->count[i])
			continue;
		r->skipped[r->nr_reasons].reason = reasons[i];
		r->skipped[r->nr_reasons++].count = im->count[i];
	}
	r->nr_inconsistencies = infer_nr_inconsistencies(im->inf);
	r->nr_tasks = header->nr_tasks;
	r->nr_cpus = header->nr_cpus;
	r->span_ns = header->span_ns;
}

static int read_lines(struct import *im, const char *in, struct scxtwin_error *err)
{
	const bool is_stdin = !strcmp(in, "-");
	struct lines l;
	int ret = lines_open(&l, is_stdin ? "standard input" : in, is_stdin ? 0 : -1, REC_LINE_MAX, err);

	if (ret)
		return ret;
	while ((ret = lines_next(&l, err)) > 0)
		take_line(im, l.buf.data, l.buf.len);
	lines_close(&l);
	return ret;
}

static void free_groups(struct rec_header *header)
{
	char **group;

	vec_for_each(group, &header->groups)
		free(*group);
	vec_free(&header->groups);
}

int scxtwin_import_ftrace(const char *in, const char *out, const struct scxtwin_import_options *opt,
			  struct scxtwin_import_report *report, struct scxtwin_error *err)
{
	struct scxtwin_import_report unwanted;
	struct import im = { .inf = infer_new(), .report = report ? report : &unwanted };
	struct rec_header header = { .wakeups = opt->wakeups };
	const char *slash = strrchr(in, '/');
	int ret;

	memset(im.report, 0, sizeof(*im.report));
	if (!im.inf)
		return error_no_memory(err);
	snprintf(header.origin, sizeof(header.origin), "ftrace text %s", slash ? slash + 1 : in);
	ret = read_lines(&im, in, err);
	if (!ret) {
		header.nr_cpus = im.nr_cpus;
		ret = infer_write(im.inf, &header, opt->by_task, out, err);
	}
	fill_report(&im, &header);
	free_groups(&header);
	infer_free(im.inf);
	return ret;
}
