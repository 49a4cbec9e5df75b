/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "opts.h"

static const struct opt no_opts[] = { { .kind = OPT_END } };

static const char *const examples[] = { "scxtwin policies", "scxtwin policies central", NULL };

static void print_ns(u64 ns)
{
	static const struct {
		const char *name;
		u64 ns;
	} units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 } };
	u32 i;

	for (i = 0; i < 3; i++) {
		if (ns && ns % units[i].ns == 0) {
			printf("%" PRIu64 "%s", ns / units[i].ns, units[i].name);
			return;
		}
	}
	printf("%" PRIu64 "ns", ns);
}

static void print_value(const struct scxtwin_param *param, u64 value)
{
	if (param->type == SCXTWIN_PARAM_DURATION)
		print_ns(value);
	else if (param->type == SCXTWIN_PARAM_S64)
		printf("%" PRId64, (s64)value);
	else
		printf("%" PRIu64, value);
}

static void print_policy(const struct scxtwin_policy *policy)
{
	const struct scxtwin_param *param;

	printf("%-12s %s\n", policy->name, policy->help);
	for (param = policy->params; param && param->name; param++) {
		printf("    %s=", param->name);
		print_value(param, param->dflt);
		printf("  %s, ", param->help);
		print_value(param, param->min);
		printf(" to ");
		print_value(param, param->max);
		putchar('\n');
	}
}

static int cmd_policies(const struct verb *verb, int argc, char **argv)
{
	const struct scxtwin_policy *policy;
	bool found = false;
	u32 nr_args, i;
	const enum opts_result res = opts_parse(verb, argc, argv, NULL, &nr_args);

	if (res != OPTS_GO_ON)
		return opts_status(res);
	for (i = 0; (policy = scxtwin_policy_nth(i)); i++) {
		if (nr_args && strcmp(policy->name, argv[0]))
			continue;
		print_policy(policy);
		found = true;
	}
	if (found)
		return 0;
	say(verb->name, "no built-in policy \"%s\"; \"scxtwin policies\" lists them", argv[0]);
	return STATUS_USAGE;
}

const struct verb verb_policies = {
	.name = "policies",
	.args = "[NAME]",
	.summary = "list the built-in policies and their parameters",
	.description = "Lists the built-in policies with their parameters, as name=default, meaning and "
		       "range. With NAME, only that one.\n\n"
		       "A parameter is set with \"scxtwin run --policy NAME --set name=value\".",
	.examples = examples,
	.opts = no_opts,
	.max_args = 1,
	.completion = COMPLETE_POLICY,
	.run = cmd_policies,
};
