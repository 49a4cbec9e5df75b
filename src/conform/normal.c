/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is put aside before comparing. Each rule says why what it takes away is
 * no property of the scheduler; none may take away more than that.
 */
#include <string.h>

#include "conform/conform.h"

struct rule {
	const char *name;
	bool timing;		/* only if the sequences differ without it */
	bool bypass;		/* only where the core ran tasks without the policy for a while */
	/* How many lines from "at" on are to go; 0: the rule does not apply there. */
	size_t (*match)(const struct sequence *seq, size_t at);
};

static bool is_ev(const struct sequence *seq, size_t at, const char *ev)
{
	const char *text;

	if (at >= seq->lines.nr)
		return false;
	text = json_string_value(json_object_get(seq->lines.data[at], "ev"));
	return text && !strcmp(text, ev);
}

/* The task was put and picked again, and the policy was not asked in between. */
static bool is_interruption(const struct sequence *seq, size_t at)
{
	return is_ev(seq, at, "stopping") && is_ev(seq, at + 1, "running") &&
	       json_is_true(json_object_get(seq->lines.data[at], "runnable"));
}

/*
 * The process that made the recording: its main thread is a task of the system
 * but none of the scenario.
 */
static size_t recorder_process(const struct sequence *seq, size_t at)
{
	return !strcmp(seq->task, "oracle") ? seq->lines.nr - at : 0;
}

/*
 * A task that goes on because there is nobody else is asked about once per
 * slice: how many slices a demand takes depends on where the ticks fall.
 */
static size_t kept_once_more(const struct sequence *seq, size_t at)
{
	return is_ev(seq, at, "dispatch") && is_ev(seq, at + 1, "dispatch");
}

/* How often fair tasks interrupt while they work through a hotplug is theirs to say. */
static size_t interrupted_once_more(const struct sequence *seq, size_t at)
{
	return is_interruption(seq, at) && is_interruption(seq, at + 2) ? 2 : 0;
}

/* In bypass each tick ends a slice; whether one falls into a burst of 2 ms is chance. */
static size_t bypass_tick(const struct sequence *seq, size_t at)
{
	return is_interruption(seq, at) ? 2 : 0;
}

static const struct rule rules[] = {
	{ .name = "the process that made the recording", .match = recorder_process },
	{ .name = "kept running for another slice", .timing = true, .match = kept_once_more },
	{ .name = "interrupted once more", .timing = true, .match = interrupted_once_more },
	{ .name = "a tick in bypass", .timing = true, .bypass = true, .match = bypass_tick },
};

static void take_out(struct sequence *seq, size_t at, size_t nr)
{
	size_t i;

	for (i = at; i < at + nr; i++)
		json_decref(seq->lines.data[i]);
	memmove(&seq->lines.data[at], &seq->lines.data[at + nr],
		(seq->lines.nr - at - nr) * sizeof(seq->lines.data[0]));
	seq->lines.nr -= nr;
}

static void tell(const struct sequence *seq, size_t at, size_t nr, const char *side,
		 const struct rule *rule, const struct scxtwin_conform_options *opt)
{
	if (opt->strict)
		conform_tell(opt, " task %s, %s: %zu records from %zu on put aside: %s", seq->task,
			     side, nr, at, rule->name);
}

void normalise(struct sequence *seq, const char *side, bool timing, bool bypass,
	       const struct scxtwin_conform_options *opt)
{
	size_t at, i, nr;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if ((rules[i].timing && !timing) || (rules[i].bypass && !bypass))
			continue;
		for (at = 0; at < seq->lines.nr; at++) {
			while (at < seq->lines.nr && (nr = rules[i].match(seq, at))) {
				tell(seq, at, nr, side, &rules[i], opt);
				take_out(seq, at, nr);
			}
		}
	}
}

/* Numbers of tasks and lengths of time are those of the machine: "A[419]", "for 1.320s". */
void normalise_message(const char *msg, char *buf, size_t size)
{
	size_t len = 0;

	while (*msg && len + 1 < size) {
		const size_t digits = strspn(msg, "0123456789");
		const size_t number = digits + (msg[digits] == '.' ? strspn(msg + digits, ".0123456789") : 0);
		const bool pid = digits && msg[digits] == ']';
		const bool seconds = number > digits && msg[number] == 's';

		if (!pid && !seconds) {
			buf[len++] = *msg++;
			continue;
		}
		buf[len++] = '#';
		msg += number;
	}
	buf[len] = '\0';
}
