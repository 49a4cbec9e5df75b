/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "opts.h"

static const struct opt no_opts[] = { { .kind = OPT_END } };

static const char *const examples[] = {
	"scxtwin run --policy fifo --log run.jsonl.gz wake.json",
	"scxtwin digest run.jsonl.gz",
	NULL,
};

static int cmd_digest(const struct verb *verb, int argc, char **argv)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	char hex[65];
	u32 nr_args;
	int ret;
	const enum opts_result res = opts_parse(verb, argc, argv, NULL, &nr_args);

	if (res != OPTS_GO_ON)
		return opts_status(res);
	ret = scxtwin_digest_log(argv[0], hex, &err);
	if (ret) {
		say_error(verb->name, &err);
		return status_of(ret);
	}
	printf("%s\n", hex);
	return 0;
}

const struct verb verb_digest = {
	.name = "digest",
	.args = "LOG",
	.summary = "the digest of a written log",
	.description = "Computes the digest of a log that \"scxtwin run --log\" wrote. It is the one "
		       "that the run itself had.",
	.examples = examples,
	.opts = no_opts,
	.min_args = 1,
	.max_args = 1,
	.completion = COMPLETE_FILE,
	.run = cmd_digest,
};
