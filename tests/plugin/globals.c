/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters of every type in plain globals, and a table that depends on them. */
#include "plugin.h"

static u64 number = 1;
static s64 offset_value;
static u64 length_ns;
static bool enabled;

static void globals_setup(struct sched_ext_ops *ops)
{
	ops->timeout_ms = (u32)number;
}

static const struct sched_ext_ops plugin_ops = { .name = "globals" };

static const struct scxtwin_param globals_params[] = {
	{ .name = "number", .type = SCXTWIN_PARAM_U64, .dflt = 7, .min = 1, .max = 100,
	  .global = &number, .help = "a number" },
	{ .name = "offset", .type = SCXTWIN_PARAM_S64, .dflt = (u64)-3, .min = (u64)-10, .max = 10,
	  .global = &offset_value, .help = "a number with a sign" },
	{ .name = "length", .type = SCXTWIN_PARAM_DURATION, .dflt = 1000, .min = 10, .max = 1000000000,
	  .global = &length_ns, .help = "a duration" },
	{ .name = "enabled", .type = SCXTWIN_PARAM_BOOL, .dflt = 0, .min = 0, .max = 1,
	  .global = &enabled, .help = "a switch" },
	{ .name = NULL },
};

const struct scxtwin_policy scxtwin_policy = {
	.abi = SCXTWIN_POLICY_ABI, .name = "globals", .help = "for tests", .ops = &plugin_ops,
	.params = globals_params, .setup = globals_setup,
};
