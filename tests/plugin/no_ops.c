/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy without an operations table. */
#include "plugin.h"

const struct scxtwin_policy scxtwin_policy = {
	.abi = SCXTWIN_POLICY_ABI, .name = "no_ops", .help = "for tests",
};
