/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include <scxtwin/explore.h>

#include "opts.h"

static const struct opt no_opts[] = { { .kind = OPT_END } };

static const char *const examples[] = { "scxtwin merge shard-*.jsonl", NULL };

static int cmd_merge(const struct verb *verb, int argc, char **argv)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct scxtwin_explore_result res;
	char text[256];
	u32 nr_args;
	const enum opts_result parsed = opts_parse(verb, argc, argv, NULL, &nr_args);

	if (parsed != OPTS_GO_ON)
		return opts_status(parsed);
	if (scxtwin_explore_merge((const char *const *)argv, nr_args, &res, &err)) {
		say_error(verb->name, &err);
		return status_of(err.code);
	}
	printf("%s, %s, %s: %s\n", res.scenario, res.policy, res.strategy,
	       scxtwin_verdict_text(&res, text, sizeof(text)));
	if (res.verdict != SCXTWIN_FOUND)
		return 0;
	printf("%s\n", res.violation);
	return status_of(SCXTWIN_EFAILED);
}

const struct verb verb_merge = {
	.name = "merge",
	.args = "RESULTS...",
	.summary = "put the results of several explorations together",
	.description = "Reads the files that scxtwin explore --results wrote, of parts of one exploration, "
		       "and prints the verdict of the whole. End states are counted per part, and the same one may "
		       "be in several; the count is that of the part with the most.",
	.examples = examples,
	.opts = no_opts,
	.min_args = 1,
	.completion = COMPLETE_FILE,
	.run = cmd_merge,
};
