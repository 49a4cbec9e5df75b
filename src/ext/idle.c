/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Built-in idle tracking: which CPUs and which whole cores are believed idle
 * and unclaimed, and claiming them. Spec 20.1 to 20.6.
 *
 * Both masks are read without a lock. A bit of the CPU mask is claimed by an
 * atomic test and clear; the core mask may lag and corrects itself.
 */
#include <errno.h>

#include "base/error.h"
#include "ext/internal.h"

int scx_idle_init(struct scxtwin_error *err)
{
	struct scx *scx = scx_state();
	const u32 nr_pairs = nr_node_ids() + 1;

	scx->idle_cpus = cpumask_alloc_array(nr_pairs);
	scx->idle_smts = cpumask_alloc_array(nr_pairs);
	scx->empty_mask = cpumask_alloc_array(1);
	scx->select_masks = arena_calloc(this_sim->arena, nr_cpu_ids(), sizeof(*scx->select_masks));
	if (!scx->idle_cpus || !scx->idle_smts || !scx->empty_mask || !scx->select_masks)
		return error_no_memory(err);
	return 0;
}

static void assert_node(int node)
{
	BUG_ON(node < NUMA_NO_NODE || node >= (int)nr_node_ids());
}

struct cpumask *scx_idle_cpumask(int node)
{
	assert_node(node);
	return cpumask_nth(scx_state()->idle_cpus, (u32)(node + 1));
}

struct cpumask *scx_idle_smtmask(int node)
{
	assert_node(node);
	return cpumask_nth(scx_state()->idle_smts, (u32)(node + 1));
}

int scx_cpu_node_if_enabled(int cpu)
{
	return scx_state()->builtin_idle_per_node ? cpu_to_node(cpu) : NUMA_NO_NODE;
}

/* IDLE-01 to IDLE-05 */
void scx_idle_enable(struct sched_ext_ops *ops)
{
	struct scx *scx = scx_state();

	scx->builtin_idle_enabled = !ops->update_idle || (ops->flags & SCX_OPS_KEEP_BUILTIN_IDLE);
	scx->builtin_idle_per_node = ops->flags & SCX_OPS_BUILTIN_IDLE_PER_NODE;
	for (int node = NUMA_NO_NODE; node < (int)nr_node_ids(); node++) {
		cpumask_clear(scx_idle_cpumask(node));
		cpumask_clear(scx_idle_smtmask(node));
	}
}

/* IDLE-07 */
void scx_idle_disable(void)
{
	WRITE_ONCE(scx_state()->builtin_idle_enabled, false);
	WRITE_ONCE(scx_state()->builtin_idle_per_node, false);
}

/*
 * As scheduling domains are at the points where this is asked: a CPU that is
 * about to go is not active any more, but still spanned.
 */
static u32 weight_among_online(const struct cpumask *span)
{
	u32 weight = 0;
	int cpu;

	for_each_cpu_and(cpu, span, cpu_online_mask())
		weight++;
	return weight;
}

/* Some CPU's LLC is not its whole node. */
static bool llc_and_node_differ(void)
{
	int cpu;

	for_each_online_cpu(cpu) {
		if (weight_among_online(cpu_llc_mask(cpu)) !=
		    weight_among_online(cpumask_of_node(cpu_to_node(cpu))))
			return true;
	}
	return false;
}

/* IDLE-48 to IDLE-50 */
void scx_idle_update_selcpu_topology(struct sched_ext_ops *ops)
{
	struct scx *scx = scx_state();
	const u32 first = cpumask_first(cpu_online_mask());
	const u32 nr_online = cpumask_weight(cpu_online_mask());
	u32 nr_llc, nr_node;

	BUG_ON(first >= nr_cpu_ids());
	scx->nr_active_cpus = cpumask_weight(cpu_active_mask());
	nr_llc = weight_among_online(cpu_llc_mask((int)first));
	nr_node = weight_among_online(cpumask_of_node(cpu_to_node((int)first)));
	scx->selcpu_topo_llc = nr_llc && nr_llc < nr_online;
	scx->selcpu_topo_numa = !(ops->flags & SCX_OPS_BUILTIN_IDLE_PER_NODE) && nr_node &&
				nr_node < nr_online && llc_and_node_differ();
}

/* IDLE-14 to IDLE-16 */
static void update_idle_smt(int cpu, int node, bool idle)
{
	struct cpumask *cpus = scx_idle_cpumask(node), *smts = scx_idle_smtmask(node);
	const struct cpumask *siblings = cpu_smt_mask(cpu);
	int sibling;

	if (idle) {
		for_each_cpu_and(sibling, siblings, cpu_online_mask()) {
			if (!cpumask_test_cpu((u32)sibling, cpus))
				return;
		}
	}
	for_each_cpu_and(sibling, siblings, cpu_online_mask())
		cpumask_assign_shared((u32)sibling, smts, idle);
}

static void update_builtin_idle(int cpu, bool idle)
{
	const int node = scx_cpu_node_if_enabled(cpu);

	cpumask_assign_shared((u32)cpu, scx_idle_cpumask(node), idle);
	if (sched_smt_active())
		update_idle_smt(cpu, node, idle);
}

static void notify_idle(struct scx_sched *sch, struct rq *rq, bool idle)
{
	if (SCX_HAS_OP(sch, SCXTWIN_OP_update_idle) && !scx_bypassing(sch, cpu_of(rq)))
		SCX_CALL_OP(sch, update_idle, rq, cpu_of(rq), idle, cpu_of(rq), idle);
}

/*
 * IDLE-18: masks before the callback. So either the callback sees the task
 * that ops.enqueue() has queued, or the enqueuer sees the idle bit.
 */
void scx_update_idle(struct rq *rq, bool idle, bool do_notify)
{
	struct scx_sched *sch = scx_root;
	bool owed;

	lockdep_assert_rq_held(rq);
	if (!scx_enabled() || !sch)
		return;
	if (READ_ONCE(scx_state()->builtin_idle_enabled))
		update_builtin_idle(cpu_of(rq), idle);

	/* IDLE-23, IDLE-24: what is owed since bypass ended is paid by the first chance of either kind. */
	owed = rq->scx.flags & SCX_RQ_ROOT_IDLE_RENOTIFY;
	if (!do_notify && !(idle && owed))
		return;
	rq->scx.flags &= ~SCX_RQ_ROOT_IDLE_RENOTIFY;
	notify_idle(sch, rq, idle);
}

/* IDLE-34, IDLE-35: clearing the core first keeps picks of whole cores from finding it again. */
static void clear_idle_core(int cpu, int node)
{
	struct cpumask *smts = scx_idle_smtmask(node);
	const struct cpumask *siblings = cpu_smt_mask(cpu);
	bool any = false;
	int sibling;

	/* An offline CPU has no siblings. */
	if (cpu_online(cpu)) {
		for_each_cpu_and(sibling, siblings, cpu_online_mask())
			any |= cpumask_test_cpu((u32)sibling, smts);
	}
	if (any) {
		for_each_cpu_and(sibling, siblings, cpu_online_mask())
			cpumask_assign_shared((u32)sibling, smts, false);
	} else if (cpumask_test_cpu((u32)cpu, smts)) {
		cpumask_assign_shared((u32)cpu, smts, false);
	}
}

bool scx_idle_test_and_clear_cpu(int cpu)
{
	const int node = scx_cpu_node_if_enabled(cpu);

	if (sched_smt_active())
		clear_idle_core(cpu, node);
	return cpumask_test_and_clear_cpu((u32)cpu, scx_idle_cpumask(node));
}

s32 scx_pick_idle_cpu_in_node(const struct cpumask *allowed, int node, u64 flags)
{
	u32 cpu;

	for (;;) {
		cpu = nr_cpu_ids();
		if (sched_smt_active()) {
			cpu = cpumask_any_and_distribute(scx_idle_smtmask(node), allowed);
			if (cpu >= nr_cpu_ids() && (flags & SCX_PICK_IDLE_CORE))
				return -EBUSY;
		}
		if (cpu >= nr_cpu_ids())
			cpu = cpumask_any_and_distribute(scx_idle_cpumask(node), allowed);
		if (cpu >= nr_cpu_ids())
			return -EBUSY;
		if (scx_idle_test_and_clear_cpu((int)cpu))
			return (s32)cpu;
		/* IDLE-43: lost it, and with it the bits that were seen. */
	}
}

/* Next node by (distance from start, number) after this one; NUMA_NO_NODE at the end. */
static int next_node_by_distance(int start, int after)
{
	const int n = (int)nr_node_ids();
	const u32 after_dist = after == start ? 0 : node_distance(start, after);
	u32 best_dist = UINT32_MAX;
	int best = NUMA_NO_NODE;

	for (int node = 0; node < n; node++) {
		const u32 dist = node_distance(start, node);

		if (node == start)
			continue;
		if (after != start && (dist < after_dist || (dist == after_dist && node <= after)))
			continue;
		if (dist < best_dist) {
			best = node;
			best_dist = dist;
		}
	}
	return best;
}

/* IDLE-45 to IDLE-47 */
s32 scx_pick_idle_cpu(const struct cpumask *allowed, int node, u64 flags)
{
	s32 cpu = scx_pick_idle_cpu_in_node(allowed, node, flags);

	if (cpu >= 0 || node == NUMA_NO_NODE || (flags & SCX_PICK_IDLE_IN_NODE))
		return cpu;
	for (int next = next_node_by_distance(node, node); next != NUMA_NO_NODE;
	     next = next_node_by_distance(node, next)) {
		cpu = scx_pick_idle_cpu_in_node(allowed, next, flags);
		if (cpu >= 0)
			return cpu;
	}
	return -EBUSY;
}
