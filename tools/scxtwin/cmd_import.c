/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "opts.h"

struct import_settings {
	u32 from;
	bool open_loop, closed_loop, by_task, quiet;
	const char *out;
};

static const char *const formats[] = { "ftrace", NULL };

static const struct opt opts[] = {
	{
		.kind = OPT_STRING, .name = "output", .letter = 'o', .arg = "FILE",
		.offset = offsetof(struct import_settings, out), .completion = COMPLETE_FILE,
		.help = "the recording to write; a name that ends in .gz is compressed, - is standard output",
	}, {
		.kind = OPT_CHOICE, .name = "from", .arg = "FORMAT",
		.offset = offsetof(struct import_settings, from), .choices = formats,
		.help = "format of the input: ftrace (the default), the text of trace-cmd report or tracefs",
	}, {
		.kind = OPT_FLAG, .name = "closed-loop",
		.offset = offsetof(struct import_settings, closed_loop),
		.help = "a task wakes another when its own work is done, as recorded (the default)",
	}, {
		.kind = OPT_FLAG, .name = "open-loop",
		.offset = offsetof(struct import_settings, open_loop),
		.help = "wakeups come at the recorded instants, whatever the policy does",
	}, {
		.kind = OPT_FLAG, .name = "by-task",
		.offset = offsetof(struct import_settings, by_task),
		.help = "report each task on its own, instead of those with the same name together",
	}, {
		.kind = OPT_FLAG, .name = "quiet", .letter = 'q',
		.offset = offsetof(struct import_settings, quiet), .help = "no report",
	},
	{ .kind = OPT_END },
};

static const char *const examples[] = {
	"trace-cmd report | scxtwin import -o make.jsonl.gz -", NULL,
};

static void print_report(FILE *out, const struct scxtwin_import_report *r)
{
	u32 i;

	fprintf(out, "lines        %" PRIu64 "\n", r->nr_lines);
	fprintf(out, "events       %" PRIu64 "\n", r->nr_events);
	fprintf(out, "used         %" PRIu64 "\n", r->nr_used);
	for (i = 0; i < r->nr_reasons; i++)
		fprintf(out, "skipped      %" PRIu64 "  %s\n", r->skipped[i].count,
			r->skipped[i].reason);
	if (r->nr_lost_markers)
		fprintf(out, "lost         %" PRIu64 " events at %" PRIu64 " places\n",
			r->nr_lost_events, r->nr_lost_markers);
	if (r->nr_inconsistencies)
		fprintf(out, "contradict   %" PRIu64 "  events used that the ones before do not lead to\n",
			r->nr_inconsistencies);
	fprintf(out, "tasks        %u\n", r->nr_tasks);
	fprintf(out, "cpus         %u\n", r->nr_cpus);
	fprintf(out, "span_ns      %" PRIu64 "\n", r->span_ns);
}

static int cmd_import(const struct verb *verb, int argc, char **argv)
{
	struct import_settings s = { .from = 0 };
	struct scxtwin_import_report report = { .nr_lines = 0 };
	struct scxtwin_import_options opt;
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	u32 nr_args;
	int ret;
	const enum opts_result res = opts_parse(verb, argc, argv, &s, &nr_args);

	if (res != OPTS_GO_ON)
		return opts_status(res);
	if (!s.out || (s.open_loop && s.closed_loop)) {
		say(verb->name, s.out ? "--open-loop and --closed-loop exclude each other" :
		    "--output is missing");
		return STATUS_USAGE;
	}
	opt.wakeups = s.open_loop ? SCXTWIN_OPEN_LOOP : SCXTWIN_CLOSED_LOOP;
	opt.by_task = s.by_task;
	ret = scxtwin_import_ftrace(argv[0], s.out, &opt, &report, &err);
	if (ret) {
		say_error(verb->name, &err);
		if (!s.quiet && report.nr_events)
			print_report(stderr, &report);
		return status_of(ret);
	}
	if (!s.quiet)
		print_report(strcmp(s.out, "-") ? stdout : stderr, &report);
	return 0;
}

const struct verb verb_import = {
	.name = "import",
	.args = "FILE",
	.summary = "make a recording from a trace of a real machine",
	.description = "Turns a trace of a real machine into a recording that \"scxtwin run\" replays under "
		       "any policy: what each task used the CPU for, how long it slept, and who woke whom. "
		       "FILE may be compressed with gzip; - is standard input.\n\n"
		       "Every event of the input is used or skipped for a reason that the report names.",
	.examples = examples,
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.completion = COMPLETE_FILE,
	.run = cmd_import,
};
