/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is put aside before comparing. Each rule says why what it takes away is
 * no property of the scheduler; none may take away more than that.
 */
#include <string.h>

#include "conform/conform.h"

struct rule {
	const char *name;
	/* How many lines from "at" on are to go; 0: the rule does not apply there. */
	size_t (*match)(const struct sequence *seq, size_t at);
};

/*
 * The process that made the recording: its main thread is a task of the system
 * but none of the scenario.
 */
static size_t recorder_process(const struct sequence *seq, size_t at)
{
	return !strcmp(seq->task, "oracle") ? seq->lines.nr - at : 0;
}

static const struct rule rules[] = {
	{ "the process that made the recording", recorder_process },
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

void normalise(struct sequence *seq, const char *side, const struct scxtwin_conform_options *opt)
{
	size_t at, i, nr;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		for (at = 0; at < seq->lines.nr; at++) {
			while (at < seq->lines.nr && (nr = rules[i].match(seq, at))) {
				tell(seq, at, nr, side, &rules[i], opt);
				take_out(seq, at, nr);
			}
		}
	}
}
