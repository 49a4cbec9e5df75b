/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <scxtwin/explore.h>

#include "opts.h"

#define MAX_CPUS 4096
#define MAX_SETS 64

struct explore_settings {
	const char *policy, *proposed, *out, *results;
	struct scxtwin_set sets[MAX_SETS];
	u32 nr_sets;
	struct scxtwin_machine machine;
	u32 strategy, bound, depth, shard, nr_shards;
	u64 budget, seed, scenario_seed, from_ns, limit_ns, step_limit;
	bool audit, no_shrink, shrink_scenario, quiet;
	u32 nr_scenarios;
};

static const char *const strategy_names[] = { "pos", "random", "pct", "dfs", "dpor", NULL };

static const char *add_set(void *settings, const char *value)
{
	struct explore_settings *s = settings;
	char *equals = strchr(value, '=');

	if (!equals || equals == value)
		return "name=value is needed";
	if (s->nr_sets == MAX_SETS)
		return "more than 64 parameters";
	/* The text is one of argv's, which belong to the program. */
	*equals = '\0';
	s->sets[s->nr_sets++] = (struct scxtwin_set){ .name = value, .value = equals + 1 };
	return NULL;
}

static const char *set_shard(void *settings, const char *value)
{
	struct explore_settings *s = settings;
	char *end;

	s->shard = (u32)strtoul(value, &end, 10);
	if (end == value || *end != '/')
		return "i/n is needed, such as 0/4";
	s->nr_shards = (u32)strtoul(end + 1, &end, 10);
	return *end || s->shard >= s->nr_shards ? "i/n is needed, i from 0 to n - 1" : NULL;
}

static const char *set_bound(void *settings, const char *value)
{
	struct explore_settings *s = settings;
	char *end;

	s->bound = (u32)strtoul(value, &end, 10) + 1;
	return end == value || *end ? "a number of preemptions is needed" : NULL;
}

#define FIELD(member) .offset = offsetof(struct explore_settings, member)

static const struct opt opts[] = {
	{
		.kind = OPT_STRING, .name = "policy", .letter = 'p', .arg = "POLICY", FIELD(policy),
		.completion = COMPLETE_POLICY,
		.help = "a built-in policy or a shared object such as ./mine.so (default none)",
	}, {
		.kind = OPT_CALL, .name = "set", .letter = 's', .arg = "NAME=VALUE", .set = add_set,
		.help = "set a parameter of the policy",
	}, {
		.kind = OPT_STRING, .name = "proposed", .arg = "NAMES", FIELD(proposed),
		.help = "offer the policy what no kernel has: cookie (the dispatch cookie); several names with "
			"commas",
	}, {
		.kind = OPT_CHOICE, .name = "strategy", .arg = "STRATEGY", FIELD(strategy),
		.choices = strategy_names,
		.help = "pos (the default), random and pct sample; dfs and dpor try everything",
	}, {
		.kind = OPT_CALL, .name = "bound", .arg = "N", .set = set_bound,
		.help = "dfs: with at most N preemptions (default: any number)",
	}, {
		.kind = OPT_U32, .name = "depth", .arg = "N", FIELD(depth), .min = 1, .max = 64,
		.help = "pct: depth of the faults looked for (default 3)",
	}, {
		.kind = OPT_U64, .name = "budget", .arg = "N", FIELD(budget), .min = 1,
		.help = "executions at most (default 100000)",
	}, {
		.kind = OPT_U64, .name = "seed", .arg = "N", FIELD(seed), .min = 1,
		.help = "seed of the strategy (default 1)",
	}, {
		.kind = OPT_U64, .name = "scenario-seed", .arg = "N", FIELD(scenario_seed), .min = 1,
		.help = "seed of the scenario's own draws (default: the scenario's, else 1)",
	}, {
		.kind = OPT_CALL, .name = "shard", .arg = "I/N", .set = set_shard,
		.help = "only part I of N, counted from 0: of the scenarios if there are several, else of the "
			"executions; not of those of dpor",
	}, {
		.kind = OPT_DURATION, .name = "from", .arg = "DURATION", FIELD(from_ns),
		.help = "up to this instant the order is the default one (default 0ns: loading the policy and "
			"the first births)",
	}, {
		.kind = OPT_DURATION, .name = "limit", .arg = "DURATION", FIELD(limit_ns), .min = 1,
		.help = "simulated time at which an execution ends",
	}, {
		.kind = OPT_U64, .name = "step-limit", .arg = "N", FIELD(step_limit), .min = 1,
		.help = "steps of one execution at most (default 100000)",
	}, {
		.kind = OPT_U32, .name = "cpus", .arg = "N", FIELD(machine.cpus), .min = 1, .max = MAX_CPUS,
		.help = "CPUs of the machine (default: as the scenario says)",
	}, {
		.kind = OPT_FLAG, .name = "audit", FIELD(audit),
		.help = "check the whole state after each step, not only at the end",
	}, {
		.kind = OPT_FLAG, .name = "no-shrink", FIELD(no_shrink),
		.help = "keep what was found as it was found",
	}, {
		.kind = OPT_FLAG, .name = "shrink-scenario", FIELD(shrink_scenario),
		.help = "take away what the scenario does not need for it: tasks, events, steps, CPUs; "
			"written beside the schedule",
	}, {
		.kind = OPT_STRING, .name = "output", .letter = 'o', .arg = "FILE", FIELD(out),
		.completion = COMPLETE_FILE, .help = "write the schedule of what was found; for several scenarios: the "
						      "directory for them, as NAME.found.json",
	}, {
		.kind = OPT_STRING, .name = "results", .arg = "FILE", FIELD(results),
		.completion = COMPLETE_FILE,
		.help = "add the result to FILE as a line of JSON, for scxtwin merge",
	}, {
		.kind = OPT_FLAG, .name = "quiet", .letter = 'q', FIELD(quiet), .help = "no progress line",
	},
	{ .kind = OPT_END },
};

static const char *const examples[] = {
	"scxtwin explore --policy queue traces/explore/dequeue_dispatch.json",
	"scxtwin explore --policy ./mine.so --strategy dfs --bound 2 -o found.json race.json",
	"scxtwin explore --policy fifo --strategy dpor --budget 1000000 race.json",
	"scxtwin explore --policy fifo --shard 0/2 --results part0.jsonl races/*.json",
	NULL,
};

static void show_progress(u64 executions, u64 end_states, void *data)
{
	(void)data;
	fprintf(stderr, "\r%" PRIu64 " executions, %" PRIu64 " end states\033[K", executions, end_states);
}

static int append_result(const struct verb *verb, const char *path,
			 const struct scxtwin_explore_result *res)
{
	FILE *file = fopen(path, "a");
	int ret = file ? scxtwin_explore_result_write(file, res) : -1;

	if (file && fclose(file))
		ret = -1;
	if (!ret)
		return 0;
	say(verb->name, "%s cannot be written", path);
	return status_of(SCXTWIN_EINPUT);
}

/* Where the schedule of what was found in scenario goes. */
static void schedule_path(const struct explore_settings *s, const char *scenario, char *path, size_t size)
{
	const char *slash = strrchr(scenario, '/'), *name = slash ? slash + 1 : scenario;
	const char *dot = strrchr(name, '.');

	if (s->nr_scenarios == 1)
		snprintf(path, size, "%s", s->out);
	else
		snprintf(path, size, "%s/%.*s.found.json", s->out, (int)(dot ? dot - name : (long)strlen(name)), name);
}

static int write_schedule(const struct verb *verb, const struct explore_settings *s, const char *scenario,
			  const struct scxtwin_schedule *found)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	char path[4096];

	schedule_path(s, scenario, path, sizeof(path));
	if (scxtwin_schedule_write(found, path, &err)) {
		say_error(verb->name, &err);
		return status_of(err.code);
	}
	printf("schedule: %s\n", path);
	return 0;
}

static int print_result(const struct verb *verb, const struct explore_settings *s,
			const struct scxtwin_explore_result *res, const struct scxtwin_schedule *found)
{
	char text[400];
	int status;

	if (s->nr_scenarios > 1)
		printf("%s: ", res->scenario);
	printf("%s\n", scxtwin_verdict_text(res, text, sizeof(text)));
	if (s->nr_scenarios == 1 && strcmp(res->policy, "none"))
		printf("policy steps: %s\n", scxtwin_policy_steps_text(res));
	if (s->results && append_result(verb, s->results, res))
		return status_of(SCXTWIN_EINPUT);
	if (res->verdict != SCXTWIN_FOUND)
		return 0;
	printf("%s\n", res->violation);
	printf("departures from the default order: %u, of %u before shrinking (%" PRIu64 " executions)\n",
	       res->nr_departures, res->nr_departures_before, res->shrink_executions);
	status = s->out ? write_schedule(verb, s, res->scenario, found) : 0;
	return status ? status : status_of(SCXTWIN_EFAILED);
}

static void make_options(const struct explore_settings *s, struct scxtwin_explore_options *opt)
{
	scxtwin_explore_options_default(opt);
	opt->sim.policy = s->policy;
	opt->sim.sets = s->sets;
	opt->sim.nr_sets = s->nr_sets;
	opt->sim.proposed = s->proposed;
	opt->sim.machine = s->machine;
	opt->sim.seed = s->scenario_seed;
	opt->sim.limit_ns = s->limit_ns;
	opt->strategy = strategy_names[s->strategy];
	opt->bound = s->bound ? s->bound - 1 : SCXTWIN_UNBOUNDED;
	opt->depth = s->depth;
	opt->budget = s->budget ? s->budget : 100000;
	opt->seed = s->seed;
	if (s->nr_scenarios == 1) {
		opt->shard = s->shard;
		opt->nr_shards = s->nr_shards;
	}
	opt->from_ns = s->from_ns;
	opt->step_limit = s->step_limit;
	opt->audit_steps = s->audit;
	opt->keep_schedule = s->no_shrink;
	opt->shrink_scenario = s->shrink_scenario;
	if (!s->quiet && isatty(STDERR_FILENO))
		opt->progress = show_progress;
}

static int explore_one(const struct verb *verb, const struct explore_settings *s, const char *scenario)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct scxtwin_workload *w = scxtwin_workload_open(scenario, &err);
	struct scxtwin_explore_options opt;
	struct scxtwin_explore_result res;
	struct scxtwin_schedule *found;
	int status;

	if (!w) {
		say_error(verb->name, &err);
		return status_of(err.code);
	}
	make_options(s, &opt);
	status = status_of(scxtwin_explore(&opt, w, &res, &found, &err));
	if (opt.progress)
		fputs("\r\033[K", stderr);
	if (s->nr_scenarios > 1 && s->nr_shards) {
		res.suite_part = s->shard;
		res.nr_suite_parts = s->nr_shards;
	}
	if (status)
		say_error(verb->name, &err);
	else
		status = print_result(verb, s, &res, found);
	scxtwin_schedule_close(found);
	scxtwin_workload_close(w);
	return status;
}

/* What was found in one scenario does not keep the others from being searched; an error does. */
static int cmd_explore(const struct verb *verb, int argc, char **argv)
{
	static struct explore_settings s;
	int status = 0, one;
	u32 i;
	const enum opts_result parsed = opts_parse(verb, argc, argv, &s, &s.nr_scenarios);

	if (parsed != OPTS_GO_ON)
		return opts_status(parsed);
	if (s.nr_scenarios > 1 && s.nr_shards > s.nr_scenarios) {
		say(verb->name, "%u scenarios cannot be split into %u parts", s.nr_scenarios, s.nr_shards);
		return STATUS_USAGE;
	}
	for (i = 0; i < s.nr_scenarios; i++) {
		if (s.nr_scenarios > 1 && s.nr_shards && i % s.nr_shards != s.shard)
			continue;
		one = explore_one(verb, &s, argv[i]);
		if (one && one != status_of(SCXTWIN_EFAILED))
			return one;
		status = one ? one : status;
	}
	return status;
}

const struct verb verb_explore = {
	.name = "explore",
	.args = "SCENARIO...",
	.summary = "run scenarios in many orders of its CPUs' steps",
	.description = "Runs a program again and again, each time in another order of what its CPUs do, "
		       "and checks each execution: assertions, warnings, deadlocks, the audits, the "
		       "scenario's expectations, and tasks that nobody is going to run.\n\n"
		       "The verdict is \"proved\" if every order was tried (dpor: up to those that come to "
		       "the same), \"proved up to bound N\", \"sampled N\", or \"found\". What was found is "
		       "shrunk to few departures from the default order; scxtwin replay repeats and tells "
		       "it. The exit status is 1 if something was found.",
	.examples = examples,
	.opts = opts,
	.min_args = 1,
	.completion = COMPLETE_FILE,
	.run = cmd_explore,
};
