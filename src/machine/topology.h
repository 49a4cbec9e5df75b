/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SMT siblings, last-level caches and nodes. CPUs are numbered thread by
 * thread as Linux does on x86: with 2 threads per core and C cores, CPU n and
 * CPU n + C are siblings. Cores fill LLCs, LLCs fill nodes, in order.
 */
#ifndef MACHINE_TOPOLOGY_H
#define MACHINE_TOPOLOGY_H

#include "machine/cpumask.h"

int topology_init(struct scxtwin_error *err);

static inline const struct topology_cpu *topology_cpu(int cpu)
{
	return &this_sim->machine->topo[cpu];
}

static inline int cpu_to_node(int cpu)
{
	return (int)topology_cpu(cpu)->node;
}

static inline const struct cpumask *cpu_smt_mask(int cpu)
{
	return cpumask_nth(this_sim->machine->smt_masks, topology_cpu(cpu)->core);
}

static inline const struct cpumask *cpu_llc_mask(int cpu)
{
	return cpumask_nth(this_sim->machine->llc_masks, topology_cpu(cpu)->llc);
}

static inline const struct cpumask *cpumask_of_node(int node)
{
	return cpumask_nth(this_sim->machine->node_masks, (u32)node);
}

static inline bool cpus_share_cache(int a, int b)
{
	return topology_cpu(a)->llc == topology_cpu(b)->llc;
}

static inline u32 nr_node_ids(void)
{
	return this_sim->machine->nr_nodes;
}

static inline bool sched_smt_active(void)
{
	return this_sim->machine->cfg.smt > 1;
}

/* 10 on the same node, 20 otherwise. */
u32 node_distance(int a, int b);

#endif /* MACHINE_TOPOLOGY_H */
