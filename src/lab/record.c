/* SPDX-License-Identifier: GPL-2.0-only */
#include "lab/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/event_log.h"
#include "ext/internal.h"

#define MAX_TEXT	16384
#define MAX_WORDS	1024

static void note_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct record *r = obs->data;

	if (ev->kind != SCXTWIN_EV_OPS && ev->kind != SCXTWIN_EV_SCX_COUNT && ev->kind != SCXTWIN_EV_KFUNC)
		return;
	if (r->nr == r->size) {
		r->size = r->size ? 2 * r->size : 1024;
		r->entries = mem_realloc_array(r->entries, r->size, sizeof(*r->entries));
		BUG_ON(!r->entries);
	}
	r->entries[r->nr++] = (struct record_entry){ .ev = *ev };
}

void record_begin(struct record *r)
{
	r->obs = (struct scxtwin_observer){ .event = note_event, .data = r };
	event_log_observe(this_sim->events, &r->obs);
}

void record_free(struct record *r)
{
	free(r->entries);
	r->entries = NULL;
	r->nr = r->size = 0;
}

static const char *name_of(s32 pid)
{
	const struct task_core *t = pid > 0 ? find_task_by_pid(pid) : NULL;

	return t ? t->task.comm : pid > 0 ? "gone" : "-";
}

/* How the numbers of an op are written: x hexadecimal, d decimal, t a task. */
static const char *const op_format[SCXTWIN_NR_OPS] = {
	[SCXTWIN_OP_select_cpu] = "dx", [SCXTWIN_OP_enqueue] = "x", [SCXTWIN_OP_dequeue] = "x",
	[SCXTWIN_OP_dispatch] = "dt", [SCXTWIN_OP_runnable] = "x", [SCXTWIN_OP_stopping] = "d",
	[SCXTWIN_OP_quiescent] = "x", [SCXTWIN_OP_yield] = "t", [SCXTWIN_OP_set_weight] = "d",
	[SCXTWIN_OP_set_cpumask] = "d", [SCXTWIN_OP_update_idle] = "dd", [SCXTWIN_OP_cpu_acquire] = "d",
	[SCXTWIN_OP_cpu_release] = "dd", [SCXTWIN_OP_init_task] = "d", [SCXTWIN_OP_exit_task] = "d",
	[SCXTWIN_OP_cpu_online] = "d", [SCXTWIN_OP_cpu_offline] = "d", [SCXTWIN_OP_exit] = "dd",
};

static const char *const counter_names[SCX_NR_EVENTS] = {
#define X(name) [SCX_EV_##name] = #name,
	SCX_EVENTS(X)
#undef X
};

int record_counter(const char *name)
{
	int i;

	for (i = 0; i < SCX_NR_EVENTS; i++)
		if (!strcmp(counter_names[i], name))
			return i;
	return -1;
}

const char *record_counter_name(u32 id)
{
	return id < SCX_NR_EVENTS ? counter_names[id] : NULL;
}

struct text {
	char s[MAX_TEXT];
	size_t len;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	t->len += (size_t)vsnprintf(t->s + t->len, sizeof(t->s) - t->len, fmt, args);
	va_end(args);
	BUG_ON(t->len >= sizeof(t->s));
}

static void add_numbers(struct text *t, const struct scxtwin_event *ev)
{
	const u64 args[] = { ev->b, ev->c, ev->d };
	const char *f = op_format[ev->a];
	size_t i;

	if (!f)
		return;
	for (i = 0; f[i]; i++) {
		add(t, "%s", i ? "," : "(");
		if (f[i] == 'x')
			add(t, "0x%llx", (unsigned long long)args[i]);
		else if (f[i] == 'd')
			add(t, "%lld", (long long)args[i]);
		else
			add(t, "%s", name_of((s32)args[i]));
	}
	add(t, ")");
}

/* "p:enqueue(0x9)@1"; the name only if asked for. */
static void add_event(struct text *t, const struct scxtwin_event *ev, bool with_name)
{
	if (with_name && ev->task != SCXTWIN_NO_TASK)
		add(t, "%s:", name_of(ev->task));
	if (ev->kind == SCXTWIN_EV_SCX_COUNT) {
		add(t, "+%s", counter_names[ev->a]);
	} else if (ev->kind == SCXTWIN_EV_KFUNC) {
		add(t, ".%s", scxtwin_kfunc_name(ev->a));
	} else {
		add(t, "%s", scxtwin_op_name(ev->a));
		add_numbers(t, ev);
	}
	add(t, "@%u", ev->cpu);
}

const char *record_text(struct record *r, const struct task_struct *p, bool all, bool forget)
{
	static __thread struct text got;
	u32 i;

	got.len = 0;
	got.s[0] = '\0';
	for (i = 0; i < r->nr; i++) {
		struct record_entry *e = &r->entries[i];

		if (e->seen || (p && e->ev.task != p->pid) || (!all && e->ev.kind != SCXTWIN_EV_OPS))
			continue;
		e->seen = forget;
		if (got.len)
			add(&got, " ");
		add_event(&got, &e->ev, !p);
	}
	return got.s;
}

/* A word of the expectation may leave out numbers, CPU, or both. */
static bool word_matches(const char *word, const char *event)
{
	const size_t name = strcspn(event, "(@"), numbers = strcspn(event, "@");

	if (strcspn(word, "(@") != name || strncmp(word, event, name))
		return false;
	word += name;
	if (*word == '(') {
		if (strcspn(word, "@") != numbers - name || strncmp(word, event + name, numbers - name))
			return false;
		word += numbers - name;
	}
	return !*word || strcmp(word, event + numbers) == 0;
}

static bool words_match(char *const *words, u32 nr_words, char *const *events, u32 nr_events)
{
	u32 i;

	if (!nr_words)
		return !nr_events;
	if (strcmp(words[0], "...") == 0) {
		for (i = 0; i <= nr_events; i++)
			if (words_match(words + 1, nr_words - 1, events + i, nr_events - i))
				return true;
		return false;
	}
	return nr_events && word_matches(words[0], events[0]) &&
	       words_match(words + 1, nr_words - 1, events + 1, nr_events - 1);
}

static u32 split(char *text, char **words)
{
	char *save = NULL, *word;
	u32 nr = 0;

	for (word = strtok_r(text, " \n\t", &save); word; word = strtok_r(NULL, " \n\t", &save)) {
		BUG_ON(nr == MAX_WORDS);
		words[nr++] = word;
	}
	return nr;
}

bool record_matches(const char *expected, const char *got)
{
	static __thread struct text a, b;
	static __thread char *words[MAX_WORDS], *events[MAX_WORDS];
	u32 nr_words, nr_events;

	a.len = b.len = 0;
	add(&a, "%s", expected);
	add(&b, "%s", got);
	nr_words = split(a.s, words);
	nr_events = split(b.s, events);
	return words_match(words, nr_words, events, nr_events);
}
