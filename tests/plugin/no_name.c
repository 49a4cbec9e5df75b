/* SPDX-License-Identifier: GPL-2.0-only */
/* An operations table without a name. */
#include "plugin.h"

static const struct sched_ext_ops plugin_ops = { .flags = 0 };

const struct scxtwin_policy scxtwin_policy = {
	.abi = SCXTWIN_POLICY_ABI, .name = "no_name", .help = "for tests", .ops = &plugin_ops,
};
