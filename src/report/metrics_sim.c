/* SPDX-License-Identifier: GPL-2.0-only */
/* Metrics of a simulation: the facts come from it and from its workload. */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "report/account.h"

struct origin {
	struct scxtwin_sim *sim;
	const struct scxtwin_workload *workload;
};

static const char *group_name(void *data, u32 group)
{
	const struct origin *from = data;

	return scxtwin_workload_group_name(from->workload, group);
}

static u32 cpu_core(void *data, u32 cpu)
{
	const struct origin *from = data;

	return scxtwin_sim_cpu_core(from->sim, cpu);
}

static u32 cpu_llc(void *data, u32 cpu)
{
	const struct origin *from = data;

	return scxtwin_sim_cpu_llc(from->sim, cpu);
}

static u32 cpu_node(void *data, u32 cpu)
{
	const struct origin *from = data;

	return scxtwin_sim_cpu_node(from->sim, cpu);
}

static u32 task_group(void *data, s32 pid)
{
	const struct origin *from = data;

	return scxtwin_sim_task_group(from->sim, pid);
}

static const u64 *task_cpus(void *data, s32 pid)
{
	const struct origin *from = data;

	return scxtwin_sim_task_cpus(from->sim, pid);
}

static u32 task_weight(void *data, s32 pid)
{
	const struct origin *from = data;

	return scxtwin_sim_task_weight(from->sim, pid);
}

struct scxtwin_metrics *scxtwin_metrics_new(struct scxtwin_sim *s, const struct scxtwin_workload *w,
					    struct scxtwin_error *err)
{
	struct origin *from = mem_alloc(sizeof(*from));
	struct scxtwin_facts facts = {
		.nr_groups = scxtwin_workload_nr_groups(w),
		.data = from,
		.group_name = group_name,
		.cpu_core = cpu_core,
		.cpu_llc = cpu_llc,
		.cpu_node = cpu_node,
		.task_group = task_group,
		.task_cpus = task_cpus,
		.task_weight = task_weight,
	};
	struct scxtwin_result res;
	struct scxtwin_metrics *m;

	if (!from) {
		error_no_memory(err);
		return NULL;
	}
	*from = (struct origin){ s, w };
	scxtwin_sim_result(s, &res);
	facts.nr_cpus = res.nr_cpus;
	m = scxtwin_metrics_new_facts(&facts, err);
	if (!m) {
		free(from);
		return NULL;
	}
	m->origin = from;
	scxtwin_sim_observe(s, scxtwin_metrics_observer(m));
	return m;
}
