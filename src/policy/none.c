/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * No sched_ext scheduler: all tasks stay in the fair class. The baseline that
 * other policies are compared with; says nothing about sched_ext itself.
 */
#include "policy/builtin.h"

const struct scxtwin_policy policy_none = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "none",
	.help = "no sched_ext scheduler: the fair class, to compare with",
};
