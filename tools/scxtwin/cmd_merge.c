/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include <scxtwin/explore.h>

#include "opts.h"

static const struct opt no_opts[] = { { .kind = OPT_END } };

static const char *const examples[] = { "scxtwin merge shard-*.jsonl", NULL };

static void print_search(const struct scxtwin_explore_result *res, void *data)
{
	bool *found = data;
	char text[400];

	printf("%s, %s, %s: %s\n", res->scenario, res->policy, res->strategy,
	       scxtwin_verdict_text(res, text, sizeof(text)));
	if (res->verdict != SCXTWIN_FOUND)
		return;
	printf("%s\n", res->violation);
	*found = true;
}

static int cmd_merge(const struct verb *verb, int argc, char **argv)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	bool found = false;
	u32 nr_args;
	const enum opts_result parsed = opts_parse(verb, argc, argv, NULL, &nr_args);

	if (parsed != OPTS_GO_ON)
		return opts_status(parsed);
	if (scxtwin_explore_merge((const char *const *)argv, nr_args, print_search, &found, &err)) {
		say_error(verb->name, &err);
		return status_of(err.code);
	}
	return found ? status_of(SCXTWIN_EFAILED) : 0;
}

const struct verb verb_merge = {
	.name = "merge",
	.args = "RESULTS...",
	.summary = "put the results of several explorations together",
	.description = "Reads the files that scxtwin explore --results wrote, of parts of an exploration or of "
		       "a suite, and prints the verdict of each whole. A proof needs all parts. End states are counted per part, and the same one may "
		       "be in several; the count is that of the part with the most.",
	.examples = examples,
	.opts = no_opts,
	.min_args = 1,
	.completion = COMPLETE_FILE,
	.run = cmd_merge,
};
