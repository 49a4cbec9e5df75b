/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "base/bug.h"
#include "ext/ext.h"
#include "machine/machine.h"
#include "policy/internal.h"

char *policy_describe_callback(const struct scx_callback_info *info, char *buf, size_t size)
{
	if (!info)
		snprintf(buf, size, "no callback");
	else if (info->task)
		snprintf(buf, size, "ops.%s(), task %d %s, CPU %d", info->op, info->task->pid,
			 info->task->comm, info->cpu);
	else
		snprintf(buf, size, "ops.%s(), CPU %d", info->op, info->cpu);
	return buf;
}

/* KFC-09: no kernel would have loaded this program, so there is nothing to go on with. */
static void wrong_context(const char *kfunc, const struct scx_callback_info *info)
{
	char where[128];

	policy_fault("scx_bpf_%s() must not be called from here (%s): a kernel refuses to load such a policy",
		     kfunc, policy_describe_callback(info, where, sizeof(where)));
}

int policy_attach(void)
{
	const struct policy *pol = this_sim->policy;

	BUG_ON(!pol);
	BUG_ON(!machine_running());
	if (pol->none)
		return 0;
	scx_set_api_error_handler(wrong_context);
	return scx_enable(&pol->ops);
}
