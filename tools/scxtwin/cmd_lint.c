/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "opts.h"

static const struct opt no_opts[] = { { .kind = OPT_END } };

static const char *const examples[] = { "scxtwin lint traces/*.json", NULL };

/* Findings are what lint is asked for, so they are data. */
static void print_finding(const struct scxtwin_error *err, void *data)
{
	char text[1200];

	(void)data;
	printf("%s\n", scxtwin_error_format(err, text, sizeof(text)));
}

static int cmd_lint(const struct verb *verb, int argc, char **argv)
{
	u32 nr_args, i;
	int status = 0, ret;
	const enum opts_result res = opts_parse(verb, argc, argv, NULL, &nr_args);

	if (res != OPTS_GO_ON)
		return opts_status(res);
	for (i = 0; i < nr_args; i++) {
		ret = scxtwin_workload_lint(argv[i], print_finding, NULL);
		if (status_of(ret) > status)
			status = status_of(ret);
	}
	return status;
}

const struct verb verb_lint = {
	.name = "lint",
	.args = "FILE...",
	.summary = "check workload files without running them",
	.description = "Reads programs and recordings and prints every finding, one per line, as "
		       "file:line:column: path: text. Prints nothing about a file that is fine.",
	.examples = examples,
	.opts = no_opts,
	.min_args = 1,
	.completion = COMPLETE_FILE,
	.run = cmd_lint,
};
