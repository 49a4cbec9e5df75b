/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <scxtwin/conform.h>

#include "opts.h"

struct conform_settings {
	bool strict, quiet;
	u32 context;
};

static const struct opt conform_opts[] = {
	{
		.kind = OPT_FLAG, .name = "strict",
		.offset = offsetof(struct conform_settings, strict),
		.help = "show what was put aside before comparing, and by which rule",
	}, {
		.kind = OPT_U32, .name = "context", .arg = "N",
		.offset = offsetof(struct conform_settings, context), .min = 1, .max = 10000,
		.help = "records shown before and after a difference (3)",
	}, {
		.kind = OPT_FLAG, .name = "quiet", .letter = 'q',
		.offset = offsetof(struct conform_settings, quiet),
		.help = "one line per recording, no differences",
	},
	{ .kind = OPT_END },
};

static const char *const conform_examples[] = {
	"scxtwin conform recordings/*.jsonl", "scxtwin conform --strict wake_sleep.fifo.jsonl", NULL,
};

static void print_line(const char *text, void *data)
{
	(void)data;
	puts(text);
}

static void print_verdict(const char *file, const struct scxtwin_conformity *res)
{
	printf("%s %s (%s, %u of %u tasks same", res->same ? "same     " : "different", file, res->area,
	       res->nr_same, res->nr_tasks);
	if (res->nr_unstable)
		printf(", %u changing and not compared", res->nr_unstable);
	printf(", pace: %s%s)\n", res->pace, res->timing_rules ? ", timing put aside" : "");
}

/* 0 same, 1 different, or the status of an error. */
static int conform_one(const struct verb *verb, const char *file,
		       const struct scxtwin_conform_options *opt)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct scxtwin_conformity res;
	const int ret = scxtwin_conform(file, opt, &res, &err);

	if (ret) {
		say_error(verb->name, &err);
		printf("failed    %s\n", file);
		return status_of(ret);
	}
	print_verdict(file, &res);
	return res.same ? 0 : 1;
}

static int cmd_conform(const struct verb *verb, int argc, char **argv)
{
	struct conform_settings s = { .strict = false };
	struct scxtwin_conform_options opt = { .strict = false };
	int status = 0, one;
	u32 nr_args, i;
	const enum opts_result res = opts_parse(verb, argc, argv, &s, &nr_args);

	if (res != OPTS_GO_ON)
		return opts_status(res);
	opt.strict = s.strict;
	opt.context = s.context;
	opt.line = s.quiet ? NULL : print_line;
	for (i = 0; i < nr_args; i++) {
		one = conform_one(verb, argv[i], &opt);
		status = one > status ? one : status;
	}
	return status;
}

const struct verb verb_conform = {
	.name = "conform",
	.args = "RECORDING...",
	.summary = "compare the twin with recordings of a real kernel",
	.description = "Runs the scenario of each recording under the policy that it was made under, and "
		       "compares, per task, the order of callbacks and decisions with their flags and the "
		       "task's state. Sequences that changed from one repetition of a recording to the next "
		       "are left out; they are marked in the .seq.json file beside the recording.\n\n"
		       "The machine that a recording was made on has its own pace: several are tried, and "
		       "the one that comes nearest is named. A recording may be compressed with gzip.\n\n"
		       "Prints one line per recording, before it the first difference of each task and the "
		       "numbers of the rules that speak of it. The exit status is 0 only if all are the same.",
	.examples = conform_examples,
	.opts = conform_opts,
	.min_args = 1,
	.completion = COMPLETE_FILE,
	.run = cmd_conform,
};
