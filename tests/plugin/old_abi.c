/* SPDX-License-Identifier: GPL-2.0-only */
/* Built for another release. */
#include "plugin.h"

static const struct sched_ext_ops plugin_ops = { .name = "old_abi" };

const struct scxtwin_policy scxtwin_policy = {
	.abi = SCXTWIN_POLICY_ABI + 1, .name = "old_abi", .ops = &plugin_ops,
};
