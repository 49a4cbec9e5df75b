/* SPDX-License-Identifier: GPL-2.0-only */
/* Event counters, spec 32.13: per scheduler and CPU; the CPU is the one that counts. */
#include <string.h>

#include "ext/internal.h"

void scx_add_event(struct scx_sched *sch, enum scx_event_id id, s64 n)
{
	const int cpu = smp_processor_id();

	BUG_ON((u32)id >= SCX_NR_EVENTS);
	scx_pcpu(sch, cpu)->events.count[id] += n;
	event_emit(SCXTWIN_EV_SCX_COUNT, cpu, SCXTWIN_NO_TASK, (u64)id, (u64)n, 0, 0);
}

void scx_sum_events(const struct scx_sched *sch, struct scx_event_stats *stats)
{
	int cpu;

	*stats = (struct scx_event_stats){ 0 };
	for_each_possible_cpu(cpu) {
		for (u32 id = 0; id < SCX_NR_EVENTS; id++)
			stats->count[id] += sch->pcpu[cpu].events.count[id];
	}
}

void scx_read_events(struct scx_event_stats *stats)
{
	if (scx_root)
		scx_sum_events(scx_root, stats);
	else
		*stats = scx_state()->last_events;
}

/* KFC-67 */
void scx_bpf_events(struct scx_event_stats *events, size_t size)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_NR_KFUNCS, SCX_KF_ANY);
	struct scx_event_stats sum = { 0 };

	if (sch)
		scx_sum_events(sch, &sum);
	memcpy(events, &sum, size < sizeof(sum) ? size : sizeof(sum));
}
