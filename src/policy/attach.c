/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/bug.h"
#include "ext/ext.h"
#include "machine/machine.h"
#include "policy/internal.h"

int policy_attach(void)
{
	const struct policy *pol = this_sim->policy;

	BUG_ON(!pol);
	BUG_ON(!machine_running());
	if (pol->none)
		return 0;
	return scx_enable(&pol->ops);
}
