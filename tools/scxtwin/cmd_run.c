/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

#define MAX_CPUS 4096

static const char *const modes[] = { "timed", "costed", "explored", NULL };

static const char *add_policy(void *settings, const char *value)
{
	struct run_settings *s = settings;
	struct run_policy *policy;

	if (s->nr_policies == MAX_POLICIES)
		return "more than 16 policies";
	policy = &s->policies[s->nr_policies++];
	policy->spec = value;
	snprintf(policy->label, sizeof(policy->label), "%s", value);
	return NULL;
}

static const char *add_set(void *settings, const char *value)
{
	struct run_settings *s = settings;
	struct run_policy *policy = &s->policies[s->nr_policies ? s->nr_policies - 1 : 0];
	char *equals = strchr(value, '=');
	size_t len;

	if (!s->nr_policies)
		return "it belongs to the --policy in front of it, and there is none";
	if (!equals || equals == value)
		return "name=value is needed";
	if (policy->nr_sets == MAX_SETS)
		return "more than 64 parameters";
	len = strlen(policy->label);
	snprintf(policy->label + len, sizeof(policy->label) - len, "%s%s",
		 policy->nr_sets ? "," : " ", value);
	/* The text is one of argv's, which belong to the program. */
	*equals = '\0';
	policy->sets[policy->nr_sets++] = (struct scxtwin_set){ .name = value, .value = equals + 1 };
	return NULL;
}

#define FIELD(member) .offset = offsetof(struct run_settings, member)

static const struct opt opts[] = {
	{
		.kind = OPT_CALL, .name = "policy", .letter = 'p', .arg = "POLICY", .set = add_policy,
		.completion = COMPLETE_POLICY,
		.help = "a built-in policy or a shared object such as ./mine.so; given several times: "
			"one run after the other and a table side by side (default none)",
	}, {
		.kind = OPT_CALL, .name = "set", .letter = 's', .arg = "NAME=VALUE", .set = add_set,
		.help = "set a parameter of the policy in front",
	}, {
		.kind = OPT_U32, .name = "cpus", .arg = "N", FIELD(machine.cpus), .min = 1, .max = MAX_CPUS,
		.help = "CPUs of the machine (default: as the workload says)",
	}, {
		.kind = OPT_U32, .name = "smt", .arg = "N", FIELD(machine.smt), .min = 1, .max = MAX_CPUS,
		.help = "hardware threads per core",
	}, {
		.kind = OPT_U32, .name = "nodes", .arg = "N", FIELD(machine.nodes), .min = 1,
		.max = MAX_CPUS, .help = "NUMA nodes",
	}, {
		.kind = OPT_U32, .name = "hz", .arg = "N", FIELD(machine.hz), .min = 1, .max = 10000,
		.help = "ticks per second",
	}, {
		.kind = OPT_U64, .name = "seed", .arg = "N", FIELD(seed), .min = 1,
		.help = "seed of every random draw (default: the workload's, else 1)",
	}, {
		.kind = OPT_CHOICE, .name = "mode", .arg = "MODE", FIELD(mode), .choices = modes,
		.help = "timed (the default): kernel paths take no time; costed: they take that of "
			"--costs; explored: any CPU may step in anywhere",
	}, {
		.kind = OPT_STRING, .name = "costs", .arg = "TABLE", FIELD(costs),
		.help = "cost table of the mode costed: a preset or name=ns,...",
	}, {
		.kind = OPT_STRING, .name = "proposed", .arg = "NAMES", FIELD(proposed),
		.help = "offer the policy what no kernel has: cookie (the dispatch cookie); several names with "
			"commas",
	}, {
		.kind = OPT_DURATION, .name = "limit", .arg = "DURATION", FIELD(limit_ns), .min = 1,
		.help = "simulated time at which the run ends, such as 500ms",
	}, {
		.kind = OPT_U64, .name = "time-limit", .arg = "SECONDS", FIELD(time_limit_s), .min = 1,
		.max = 1000000, .help = "real time after which scxtwin gives up with status 124",
	}, {
		.kind = OPT_FLAG, .name = "digest", FIELD(digest),
		.help = "print only the digest, 64 hex digits, one line per policy",
	}, {
		.kind = OPT_FLAG, .name = "json", FIELD(json),
		.help = "print the summary as JSON",
	}, {
		.kind = OPT_FLAG, .name = "compare-recorded", FIELD(compare_recorded),
		.help = "print the run beside what was observed when WORKLOAD, an imported recording, was "
			"recorded, in place of the summary",
	}, {
		.kind = OPT_STRING, .name = "log", .arg = "FILE", FIELD(log), .completion = COMPLETE_FILE,
		.help = "write every event to FILE as JSON Lines; .gz is compressed, - is standard output",
	}, {
		.kind = OPT_STRING, .name = "perfetto", .arg = "FILE", FIELD(perfetto),
		.completion = COMPLETE_FILE,
		.help = "write a trace for the Perfetto viewer",
	}, {
		.kind = OPT_FLAG, .name = "dump", FIELD(dump),
		.help = "print the dump of an ejected policy, in the kernel's layout",
	}, {
		.kind = OPT_FLAG, .name = "check-determinism", FIELD(check_determinism),
		.help = "run twice with memory filled differently and name the first event that differs",
	}, {
		.kind = OPT_U64, .name = "audit", .arg = "N", FIELD(audit_every), .min = 1,
		.help = "check the whole state after every N events, not only at the end",
	}, {
		.kind = OPT_FLAG, .name = "keep-going", FIELD(keep_going),
		.help = "a warning of the kernel does not end the run",
	}, {
		.kind = OPT_FLAG, .name = "no-tick-elision", FIELD(no_tick_elision),
		.help = "simulate ticks that change nothing as well; the digest stays the same",
	}, {
		.kind = OPT_FLAG, .name = "force-suspend", FIELD(force_suspend),
		.help = "suspend and resume wherever it is possible; the digest stays the same",
	}, {
		.kind = OPT_FLAG, .name = "quiet", .letter = 'q', FIELD(quiet),
		.help = "no progress line and no messages of the policy",
	},
	{ .kind = OPT_END },
};

static const char *const examples[] = {
	"scxtwin run --policy fifo traces/pipeline.json",
	"scxtwin run --policy vtime --policy fifo --set slice_ns=1ms traces/wake.jsonl.gz",
	"scxtwin run --policy fifo-global --compare-recorded traces/wake.jsonl.gz",
	"scxtwin run --policy ./mine.so --cpus 8 --limit 10s --perfetto out.pftrace traces/server.json",
	NULL,
};

/* Only what a signal handler may do. */
static void on_time_limit(int sig)
{
	static const char text[] = "\nscxtwin run: the time limit was reached; output is not complete\n";
	ssize_t n;

	(void)sig;
	n = write(STDERR_FILENO, text + !isatty(STDERR_FILENO), sizeof(text) - 1 -
		  (size_t)!isatty(STDERR_FILENO));
	(void)n;
	_exit(status_of(SCXTWIN_ETIME));
}

static void arm_time_limit(u64 seconds)
{
	if (!seconds)
		return;
	signal(SIGALRM, on_time_limit);
	alarm((unsigned int)seconds);
}

static bool is_stdout(const char *file)
{
	return file && !strcmp(file, "-");
}

static bool outputs_fit(const struct verb *verb, const struct run_settings *s)
{
	const u32 nr_to_stdout = is_stdout(s->log) + is_stdout(s->perfetto) + s->digest + s->json;

	if (nr_to_stdout > 1)
		say(verb->name, "of --digest, --json, --log - and --perfetto - only one can be given");
	else if (s->nr_policies > 1 && (s->log || s->perfetto))
		say(verb->name, "--log and --perfetto take one policy only");
	else if (s->nr_policies > 1 && s->compare_recorded)
		say(verb->name, "--compare-recorded takes one policy only");
	else if (s->compare_recorded && nr_to_stdout > s->json)
		say(verb->name, "--compare-recorded cannot be with --digest, --log - or --perfetto -");
	else if (s->costs && s->mode != SCXTWIN_COSTED)
		say(verb->name, "--costs belongs to --mode costed");
	else
		return true;
	return false;
}

static int print_fidelity(const struct run_settings *s, const struct scxtwin_run *run,
			  const struct scxtwin_metrics *m, const struct scxtwin_recorded *recorded,
			  struct scxtwin_error *err)
{
	struct scxtwin_fidelity *f = scxtwin_fidelity_new(m, recorded, err);
	int ret;

	if (!f)
		return err->code;
	ret = (s->json ? scxtwin_fidelity_json : scxtwin_fidelity_text)(stdout, run, f, err);
	scxtwin_fidelity_free(f);
	return ret;
}

/* recorded: NULL, or what the only run is compared with. */
static int print_results(const struct verb *verb, const struct run_settings *s,
			 struct scxtwin_workload *w, const struct scxtwin_recorded *recorded,
			 const struct run_outcome *outcomes)
{
	struct scxtwin_run runs[MAX_POLICIES];
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	u32 i, nr = 0;
	int ret = 0;

	for (i = 0; i < s->nr_policies; i++) {
		const struct run_outcome *o = &outcomes[i];

		if (s->digest && o->ran)
			printf("%s\n", o->result.digest);
		if (!o->report)
			continue;
		runs[nr++] = (struct scxtwin_run){
			.label = s->policies[i].label, .workload = scxtwin_workload_name(w),
			.result = &o->result, .report = o->report,
		};
	}
	/* Events or a trace on standard output leave no place for the summary. */
	if (!nr || is_stdout(s->log) || is_stdout(s->perfetto))
		return 0;
	if (recorded)
		ret = print_fidelity(s, runs, outcomes->metrics, recorded, &err);
	else if (nr == 1)
		ret = (s->json ? scxtwin_summary_json : scxtwin_summary_text)(stdout, runs, &err);
	else
		ret = (s->json ? scxtwin_compare_json : scxtwin_compare_text)(stdout, runs, nr, &err);
	if (ret)
		say_error(verb->name, &err);
	return status_of(ret);
}

static int run_all(const struct verb *verb, const struct run_settings *s, struct scxtwin_workload *w,
		   const struct scxtwin_recorded *recorded)
{
	struct run_outcome outcomes[MAX_POLICIES];
	int status = 0, other;
	u32 i;

	for (i = 0; i < s->nr_policies; i++) {
		run_one(s, &s->policies[i], w, &outcomes[i]);
		other = outcomes[i].status;
		if (s->check_determinism && outcomes[i].ran && !other)
			other = run_check_determinism(s, &s->policies[i], w);
		if (other > status)
			status = other;
	}
	other = print_results(verb, s, w, recorded, outcomes);
	for (i = 0; i < s->nr_policies; i++)
		if (outcomes[i].metrics)
			scxtwin_metrics_free(outcomes[i].metrics);
	return other > status ? other : status;
}

static int cmd_run(const struct verb *verb, int argc, char **argv)
{
	static struct run_settings s;
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct scxtwin_recorded *recorded = NULL;
	struct scxtwin_workload *w;
	u32 nr_args;
	int status;
	const enum opts_result res = opts_parse(verb, argc, argv, &s, &nr_args);

	if (res != OPTS_GO_ON)
		return opts_status(res);
	if (!outputs_fit(verb, &s))
		return STATUS_USAGE;
	if (!s.nr_policies)
		add_policy(&s, "none");
	arm_time_limit(s.time_limit_s);
	w = scxtwin_workload_open(argv[0], &err);
	if (!w) {
		say_error(verb->name, &err);
		return status_of(err.code);
	}
	if (s.compare_recorded)
		recorded = scxtwin_workload_recorded(w, &err);
	if (s.compare_recorded && !recorded) {
		say_error(verb->name, &err);
		status = status_of(err.code);
	} else {
		status = run_all(verb, &s, w, recorded);
	}
	scxtwin_recorded_free(recorded);
	scxtwin_workload_close(w);
	return status;
}

const struct verb verb_run = {
	.name = "run",
	.args = "WORKLOAD",
	.summary = "run a workload under one or more policies",
	.description = "Runs a program (JSON) or a recording (JSON Lines, may be compressed with gzip; - is "
		       "standard input) on the simulated machine and prints what came of it. The same "
		       "arguments give the same result, whose digest is printed, every time.\n\n"
		       "When the core ejects a policy, its exit kind and message are printed, the tasks go on "
		       "under the fair class as on a real machine, and the exit status is 1.",
	.examples = examples,
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.completion = COMPLETE_FILE,
	.run = cmd_run,
};
