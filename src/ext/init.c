/* SPDX-License-Identifier: GPL-2.0-only */
/* Set-up of the port, its limits, and the tests of its state. */
#include "base/error.h"
#include "ext/internal.h"

static const struct scx_limits default_limits = {
	.dsp_dfl_max_batch = 32,
	.dsp_max_loops = 32,
	.reenq_max_repeat = 256,
	.task_iter_batch = 32,
	.watchdog_max_timeout_ns = 30 * NSEC_PER_SEC,
	.slice_bypass_us = SCX_SLICE_BYPASS / NSEC_PER_USEC,
	.bypass_lb_intv_us = 500000,
};

int scx_init(struct scxtwin_error *err)
{
	struct scx *scx = arena_zalloc(this_sim->arena, sizeof(*scx));

	if (!scx)
		return error_no_memory(err);
	this_sim->scx = scx;
	scx->limits = default_limits;
	scx->enable_state = SCX_DISABLED;
	mutex_init(&scx->enable_mutex, "scx_enable_mutex");
	percpu_init_rwsem(&scx->fork_rwsem, "scx_fork_rwsem");
	percpu_init_rwsem(&scx->hotplug_rwsem, "cpu_hotplug_lock");
	raw_spin_lock_init(&scx->tasks_lock, LOCK_CLASS_TASKS, 0, "scx_tasks_lock");
	raw_spin_lock_init(&scx->bypass_lock, LOCK_CLASS_BYPASS, 0, "scx_bypass_lock");
	INIT_LIST_HEAD(&scx->tasks);
	INIT_LIST_HEAD(&scx->free_scheds);
	INIT_LIST_HEAD(&scx->free_exits);
	rng_init(&scx->policy_rng, this_sim->seed, "policy", 0);

	scx->tid_chunks = arena_calloc(this_sim->arena, nr_cpu_ids(), sizeof(*scx->tid_chunks));
	scx->kick_waiting = cpumask_alloc_array(1);
	scx->lb_donees = cpumask_alloc_array(1);
	scx->lb_resched = cpumask_alloc_array(1);
	if (!scx->tid_chunks || !scx->kick_waiting || !scx->lb_donees || !scx->lb_resched)
		return error_no_memory(err);
	scx->tid_map.arena = sim_restorable_arena();
	scx_watchdog_init();
	return scx_idle_init(err);
}

/* HOT-01 */
void scx_init_rq(struct rq *rq)
{
	init_dsq(&rq->scx.local_dsq, SCX_DSQ_LOCAL, rq->cpu, NULL);
	INIT_LIST_HEAD(&rq->scx.runnable_list);
	rq->scx.cpuperf_target = SCX_CPUPERF_ONE;
	scx_kick_init_rq(rq);
	scx_reenq_init_rq(rq);
	if (cpu_online(rq->cpu))
		rq->scx.flags |= SCX_RQ_ONLINE;
}

struct scx_limits *scx_limits(void)
{
	return &scx_state()->limits;
}

int scx_cpu_for_work(void)
{
	const u32 cpu = cpumask_first(cpu_online_mask());

	BUG_ON(cpu >= nr_cpu_ids());
	return (int)cpu;
}

bool scx_enabled(void)
{
	return READ_ONCE(scx_state()->enabled);
}

bool scx_switched_all(void)
{
	return scx_state()->switched_all;
}

bool scx_loaded(void)
{
	return scx_root;
}

u64 scx_nr_rejected(void)
{
	return scx_state()->nr_rejected;
}

u64 scx_enable_seq(void)
{
	return scx_state()->enable_seq;
}

u64 scx_hotplug_seq(void)
{
	return scx_state()->hotplug_seq;
}

/* LIFE-42: the order of the tests keeps every task pickable while unloading (LIFE-44). */
bool task_should_scx(u32 policy)
{
	struct scx *scx = scx_state();

	if (!scx_enabled())
		return false;
	if (READ_ONCE(scx->switching_all))
		return true;
	if (READ_ONCE(scx->enable_state) == SCX_DISABLING)
		return false;
	return policy == SCHED_EXT;
}

void scx_destroy(void)
{
	struct scx *scx = scx_state();

	for (struct scx_sched *sch = scx->scheds_made; sch; sch = sch->next_made)
		idmap_free(&sch->dsq_map);
	if (scx->tid_hash)
		idmap_free(scx->tid_hash);
}
