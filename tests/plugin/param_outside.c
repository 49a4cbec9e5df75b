/* SPDX-License-Identifier: GPL-2.0-only */
/* A parameter behind the end of the state block. */
#include "plugin.h"

static const struct sched_ext_ops plugin_ops = { .name = "param_outside" };

static const struct scxtwin_param param_outside_params[] = {
	{ .name = "far", .type = SCXTWIN_PARAM_U64, .max = 1, .state_offset = 4, .help = "too far" },
	{ .name = NULL },
};

const struct scxtwin_policy scxtwin_policy = {
	.abi = SCXTWIN_POLICY_ABI, .name = "param_outside", .help = "for tests", .ops = &plugin_ops,
	.state_size = 8, .params = param_outside_params,
};
