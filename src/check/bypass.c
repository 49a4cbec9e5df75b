/* SPDX-License-Identifier: GPL-2.0-only */
/* Depth, switches and queues of bypass agree while nobody changes them (spec 31.1). */
#include "check/internal.h"

void check_bypass_audit(void)
{
	const struct scx_sched *sch = scx_root;
	u32 cpu;

	if (!sch || !is_free(&scx_state()->bypass_lock))
		return;
	CHECK("BYP-21 BYP-22", NULL, sch->bypass_depth >= 0);
	CHECK("BYP-24 BYP-35", NULL, sch->bypass_dsp_enabled == (sch->bypass_depth > 0));
	for (cpu = 0; cpu < nr_cpu_ids(); cpu++) {
		const struct scx_sched_pcpu *pcpu = &sch->pcpu[cpu];

		CHECK("BYP-26", NULL, pcpu->bypassing == (sch->bypass_depth > 0));
		CHECK("BYP-35", NULL, sch->bypass_depth || !pcpu->bypass_dsq.nr);
	}
}
