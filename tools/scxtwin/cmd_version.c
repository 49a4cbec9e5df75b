/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "opts.h"

static const struct opt no_opts[] = { { .kind = OPT_END } };

static int cmd_version(const struct verb *verb, int argc, char **argv)
{
	u32 nr_args;
	const enum opts_result res = opts_parse(verb, argc, argv, NULL, &nr_args);

	if (res != OPTS_GO_ON)
		return opts_status(res);
	printf("scxtwin %s, sched_ext as of Linux %s\n", scxtwin_version(),
	       scxtwin_kernel_version());
	return 0;
}

const struct verb verb_version = {
	.name = "version",
	.args = "",
	.summary = "version of the program and of the kernel it is a twin of",
	.description = "Prints the version of scxtwin and the kernel release whose sched_ext it models.",
	.opts = no_opts,
	.no_args = true,
	.run = cmd_version,
};
