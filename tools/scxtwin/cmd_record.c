/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include <scxtwin/conform.h>

#include "opts.h"

struct record_settings {
	const char *policy, *out;
};

static const struct opt record_opts[] = {
	{
		.kind = OPT_STRING, .name = "policy", .letter = 'p', .arg = "NAME",
		.offset = offsetof(struct record_settings, policy),
		.help = "the policy to record under (fifo); without a scenario, all are listed",
	}, {
		.kind = OPT_STRING, .name = "output", .letter = 'o', .arg = "FILE",
		.offset = offsetof(struct record_settings, out), .completion = COMPLETE_FILE,
		.help = "the recording to write",
	},
	{ .kind = OPT_END },
};

static const char *const record_examples[] = {
	"scxtwin record wake_sleep.json --policy fifo -o wake_sleep.fifo.jsonl", NULL,
};

static int list_policies(void)
{
	const char *name;
	u32 n;

	for (n = 0; (name = scxtwin_record_policy_nth(n)); n++)
		puts(name);
	return 0;
}

static int cmd_record(const struct verb *verb, int argc, char **argv)
{
	struct record_settings s = { .policy = "fifo" };
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	u32 nr_args;
	int ret;
	const enum opts_result res = opts_parse(verb, argc, argv, &s, &nr_args);

	if (res != OPTS_GO_ON)
		return opts_status(res);
	if (!nr_args)
		return list_policies();
	if (!s.out) {
		say(verb->name, "--output is missing");
		return STATUS_USAGE;
	}
	ret = scxtwin_record(argv[0], s.policy, s.out, &err);
	if (ret)
		say_error(verb->name, &err);
	return status_of(ret);
}

const struct verb verb_record = {
	.name = "record",
	.args = "[SCENARIO]",
	.summary = "record the twin as a real kernel was recorded",
	.description = "Runs a scenario and writes every callback and every decision of the policy, in the "
		       "format of the recordings of a real kernel. SCENARIO is a scenario file, or a recording, "
		       "whose scenario is then run. Without SCENARIO the policies are listed.",
	.examples = record_examples,
	.opts = record_opts,
	.max_args = 1,
	.completion = COMPLETE_FILE,
	.run = cmd_record,
};
