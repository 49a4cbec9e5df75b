/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include <scxtwin/explore.h>

#include "opts.h"

struct replay_settings {
	u32 view;
	bool lenient, quiet;
	const char *scenario;
};

static const char *const views[] = { "none", "policy", "core", NULL };

#define FIELD(member) .offset = offsetof(struct replay_settings, member)

static const struct opt opts[] = {
	{
		.kind = OPT_CHOICE, .name = "view", .arg = "VIEW", FIELD(view), .choices = views,
		.help = "tell what happens, a column per CPU: policy (callbacks, the steps of the core "
			"counted), core (every step with what it reaches), none (the default)",
	}, {
		.kind = OPT_FLAG, .name = "lenient", FIELD(lenient),
		.help = "leave departures out that do not fit any more",
	}, {
		.kind = OPT_STRING, .name = "scenario", .arg = "FILE", FIELD(scenario),
		.completion = COMPLETE_FILE, .help = "another scenario than the one named in the schedule",
	},
	{ .kind = OPT_END },
};

static const char *const examples[] = {
	"scxtwin replay found.json",
	"scxtwin replay --view policy found.json",
	NULL,
};

static int replay(const struct verb *verb, const struct replay_settings *s,
		  const struct scxtwin_schedule *schedule)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct scxtwin_workload *w;
	char text[700];
	bool fails = false;
	int ret;

	w = scxtwin_workload_open(s->scenario ? s->scenario : scxtwin_schedule_scenario(schedule), &err);
	if (!w) {
		say_error(verb->name, &err);
		return status_of(err.code);
	}
	if (!s->lenient && !s->scenario && scxtwin_schedule_is_stale(schedule, w))
		say(verb->name, "the scenario has changed since the schedule was written");
	ret = scxtwin_replay(schedule, w, s->lenient, (enum scxtwin_view)s->view, stdout, &fails, text,
			     sizeof(text), &err);
	scxtwin_workload_close(w);
	if (ret) {
		say_error(verb->name, &err);
		return status_of(ret);
	}
	printf("%s\n", fails ? text : "the violation is gone");
	return fails ? status_of(SCXTWIN_EFAILED) : 0;
}

static int cmd_replay(const struct verb *verb, int argc, char **argv)
{
	static struct replay_settings s;
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct scxtwin_schedule *schedule;
	u32 nr_args;
	int status;
	const enum opts_result parsed = opts_parse(verb, argc, argv, &s, &nr_args);

	if (parsed != OPTS_GO_ON)
		return opts_status(parsed);
	schedule = scxtwin_schedule_open(argv[0], &err);
	if (!schedule) {
		say_error(verb->name, &err);
		return status_of(err.code);
	}
	status = replay(verb, &s, schedule);
	scxtwin_schedule_close(schedule);
	return status;
}

const struct verb verb_replay = {
	.name = "replay",
	.args = "SCHEDULE",
	.summary = "repeat what an exploration found",
	.description = "Runs the scenario of a schedule file in exactly the order of the file. The exit "
		       "status is 1 if a violation comes, 0 if it is gone, 3 if the order cannot be "
		       "followed because the program behaves differently now.",
	.examples = examples,
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.completion = COMPLETE_FILE,
	.run = cmd_replay,
};
