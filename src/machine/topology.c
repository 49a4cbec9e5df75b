/* SPDX-License-Identifier: GPL-2.0-only */
#include "machine/topology.h"

#include <stdio.h>

#include "base/mem.h"

static int refuse(struct scxtwin_error *err, const char *what, u32 value, const char *right)
{
	if (err) {
		err->code = SCXTWIN_EINPUT;
		snprintf(err->msg, sizeof(err->msg), "machine: %s %u; %s", what, value, right);
	}
	return SCXTWIN_EINPUT;
}

static void place_cpu(struct machine *m, u32 cpu, u32 cores_per_llc)
{
	struct topology_cpu *t = &m->topo[cpu];
	const u32 cores_per_node = m->nr_cores / m->nr_nodes;

	t->core = cpu % m->nr_cores;
	t->node = t->core / cores_per_node;
	t->llc = t->node * (m->nr_llcs / m->nr_nodes) + t->core % cores_per_node / cores_per_llc;
	t->capacity = 1024;
	BUG_ON(t->core >= m->nr_cores);
	BUG_ON(t->node >= m->nr_nodes);
	BUG_ON(t->llc >= m->nr_llcs);
	cpumask_set_cpu(cpu, cpumask_nth(m->smt_masks, t->core));
	cpumask_set_cpu(cpu, cpumask_nth(m->llc_masks, t->llc));
	cpumask_set_cpu(cpu, cpumask_nth(m->node_masks, t->node));
}

int topology_init(struct scxtwin_error *err)
{
	struct machine *m = machine();
	const struct machine_config *cfg = &m->cfg;
	u32 cores_per_node, cores_per_llc, cpu;

	if (!cfg->smt || m->nr_cpu_ids % cfg->smt)
		return refuse(err, "smt", cfg->smt, "it must divide the number of CPUs");
	m->nr_cores = m->nr_cpu_ids / cfg->smt;
	if (!cfg->nr_nodes || m->nr_cores % cfg->nr_nodes)
		return refuse(err, "nodes", cfg->nr_nodes, "it must divide the number of cores");
	m->nr_nodes = cfg->nr_nodes;
	cores_per_node = m->nr_cores / m->nr_nodes;
	cores_per_llc = cfg->cores_per_llc ? cfg->cores_per_llc : cores_per_node;
	if (cores_per_node % cores_per_llc)
		return refuse(err, "cores_per_llc", cores_per_llc, "it must divide the number of cores of a node");
	m->nr_llcs = m->nr_cores / cores_per_llc;

	m->topo = arena_calloc(this_sim->arena, m->nr_cpu_ids, sizeof(*m->topo));
	if (!m->topo)
		return refuse(err, "cpus", m->nr_cpu_ids, "there is no memory for so many");
	m->smt_masks = cpumask_alloc_array(m->nr_cores);
	m->llc_masks = cpumask_alloc_array(m->nr_llcs);
	m->node_masks = cpumask_alloc_array(m->nr_nodes);
	for (cpu = 0; cpu < m->nr_cpu_ids; cpu++)
		place_cpu(m, cpu, cores_per_llc);
	return 0;
}

u32 node_distance(int a, int b)
{
	BUG_ON((u32)a >= nr_node_ids());
	BUG_ON((u32)b >= nr_node_ids());
	return a == b ? 10 : 20;
}
