/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A task's way through the port: state machine (LIFE-01), birth, entering and
 * leaving the class, death. Who may call what when: spec 30.6 to 30.10.
 */
#include <errno.h>

#include "ext/internal.h"

#define MAX_ERRNO	4095
#define TID_CHUNK	1024	/* LIFE-63 */

/* LIFE-03. What a policy may not see of an earlier life is zero as well. */
void init_scx_entity(struct sched_ext_entity *scx)
{
	*scx = (struct sched_ext_entity){
		.sticky_cpu = -1,
		.holding_cpu = -1,
		.runnable_cpu = -1,
		.ddsp_dsq_id = SCX_DSQ_INVALID,
		.slice = SCX_SLICE_DFL,
		.runnable_at = jiffies(),
	};
	INIT_LIST_HEAD(&scx->dsq_list.node);
	RB_CLEAR_NODE(&scx->dsq_priq);
	INIT_LIST_HEAD(&scx->runnable_node);
	INIT_LIST_HEAD(&scx->tasks_node);
}

static bool transition_is_legal(u32 from, u32 to)
{
	switch (to) {
	case SCX_TASK_NONE:
		return from != SCX_TASK_DEAD;
	case SCX_TASK_INIT_BEGIN:
		return from == SCX_TASK_NONE;
	case SCX_TASK_INIT:
		return from == SCX_TASK_INIT_BEGIN;
	case SCX_TASK_READY:
		return from == SCX_TASK_INIT || from == SCX_TASK_ENABLED;
	case SCX_TASK_ENABLED:
		return from == SCX_TASK_READY;
	case SCX_TASK_DEAD:
		return from == SCX_TASK_NONE || from == SCX_TASK_INIT_BEGIN;
	}
	return false;
}

void scx_set_task_state(struct task_struct *p, u32 state)
{
	u32 flags;

	BUG_ON(state & ~SCX_TASK_STATE_MASK);
	WARN_ON_ONCE(!transition_is_legal(scx_get_task_state(p), state));
	yield_point(&p->scx.flags, YIELD_RMW, "p->scx.flags");
	flags = (p->scx.flags & ~SCX_TASK_STATE_MASK) | state;
	if (state == SCX_TASK_INIT)
		flags |= SCX_TASK_RESET_RUNNABLE_AT; /* LIFE-02 */
	p->scx.flags = flags;
	object_written(&p->scx.flags);
}

int scx_sanitize_err(struct scx_sched *sch, const char *op, s64 ret)
{
	if (ret <= 0 && ret >= -MAX_ERRNO)
		return (int)ret;
	scx_error(sch, "ops.%s() returned an invalid errno %lld", op, (long long)ret);
	return -EPROTO;
}

/* LIFE-68 to LIFE-72; read once, after the op succeeded. */
static void apply_disallow(struct scx_sched *sch, struct task_struct *p, bool fork)
{
	struct scx *scx = scx_state();
	struct rq_flags rf;
	struct rq *rq;

	if (!p->scx.disallow)
		return;
	if (fork) {
		scx_error(sch, "ops.init_task() set task->scx.disallow for %s[%d] during fork",
			  p->comm, p->pid);
		return;
	}
	if (READ_ONCE(scx->enable_state) != SCX_ENABLING) {
		scx_error(sch, "ops.init_task() set task->scx.disallow for %s[%d] outside the enable path",
			  p->comm, p->pid);
		return;
	}
	rq = task_rq_lock(p, &rf);
	if (p->policy == SCHED_EXT) {
		p->policy = SCHED_NORMAL;
		scx->nr_rejected++;
	}
	task_rq_unlock(rq, p, &rf);
}

int scx_init_task(struct scx_sched *sch, struct task_struct *p, bool fork)
{
	struct scx_init_task_args args = { .fork = fork };
	int ret;

	p->scx.disallow = false;
	if (SCX_HAS_OP(sch, SCXTWIN_OP_init_task)) {
		ret = scx_sanitize_err(sch, "init_task",
				       SCX_CALL_OP_RET(sch, init_task, NULL, p, fork, 0, p, &args));
		if (ret)
			return ret;
	}
	apply_disallow(sch, p, fork);
	return 0;
}

/* LIFE-50: the last switch away is done, only sched_ext_dead() may still call ops for it. */
bool task_dead_and_done(const struct task_struct *p)
{
	return READ_ONCE(p->__state) == TASK_DEAD && !READ_ONCE(p->on_cpu);
}

/* LIFE-48 */
u32 scx_task_weight(const struct task_struct *p)
{
	u32 raw = WEIGHT_IDLEPRIO, weight;

	if (p->policy != SCHED_IDLE) {
		BUG_ON(p->static_prio < DEFAULT_PRIO + MIN_NICE || p->static_prio > DEFAULT_PRIO + MAX_NICE);
		raw = sched_prio_to_weight[PRIO_TO_NICE(p->static_prio) - MIN_NICE];
	}
	weight = (raw * 100 + 512) / 1024;
	return weight < 1 ? 1 : weight > 10000 ? 10000 : weight;
}

/* LIFE-46: the weight is computed before enable(), the state changes after set_weight(). */
void scx_enable_task(struct scx_sched *sch, struct task_struct *p)
{
	struct rq *rq = task_rq(p);

	lockdep_assert_rq_held(rq);
	WARN_ON_ONCE(p->scx.flags & SCX_TASK_IN_CUSTODY);
	p->scx.weight = scx_task_weight(p);
	if (SCX_HAS_OP(sch, SCXTWIN_OP_enable))
		SCX_CALL_OP_TASK(sch, enable, rq, 0, p);
	if (SCX_HAS_OP(sch, SCXTWIN_OP_set_weight))
		SCX_CALL_OP_TASK(sch, set_weight, rq, p->scx.weight, p, p->scx.weight);
	scx_set_task_state(p, SCX_TASK_ENABLED);
}

/* LIFE-51, LIFE-52: ops.disable() still sees slice and vtime, the next class sees zeroes. */
void scx_disable_task(struct scx_sched *sch, struct task_struct *p)
{
	struct rq *rq = task_rq(p);

	lockdep_assert_rq_held(rq);
	WARN_ON_ONCE(scx_get_task_state(p) != SCX_TASK_ENABLED);
	clear_direct_dispatch(p);
	if (SCX_HAS_OP(sch, SCXTWIN_OP_disable))
		SCX_CALL_OP_TASK(sch, disable, rq, 0, p);
	scx_set_task_state(p, SCX_TASK_READY);
	scx_slice_end(p);
	p->scx.dsq_vtime = 0;
	scx_set_task_slice(p, 0);
	p->scx.reenq_cnt = 0;
	SHARED_OR(p->scx.flags, SCX_TASK_RESET_RUNNABLE_AT);
	WARN_ON_ONCE(p->scx.flags & SCX_TASK_IN_CUSTODY);
}

void scx_exit_task(struct scx_sched *sch, struct task_struct *p, bool cancelled)
{
	struct scx_exit_task_args args = { .cancelled = cancelled };

	lockdep_assert_rq_held(task_rq(p));
	if (SCX_HAS_OP(sch, SCXTWIN_OP_exit_task))
		SCX_CALL_OP_TASK(sch, exit_task, task_rq(p), cancelled, p, &args);
}

void scx_disable_and_exit_task(struct scx_sched *sch, struct task_struct *p)
{
	const u32 state = scx_get_task_state(p);

	lockdep_assert_rq_held(task_rq(p));
	if (state == SCX_TASK_NONE || state == SCX_TASK_DEAD)
		return;
	WARN_ON_ONCE(state == SCX_TASK_INIT_BEGIN);
	if (state == SCX_TASK_ENABLED)
		scx_disable_task(sch, p);
	scx_exit_task(sch, p, state == SCX_TASK_INIT); /* LIFE-66 */
	scx_set_task_state(p, SCX_TASK_NONE);
}

static u64 next_tid(void)
{
	struct scx *scx = scx_state();
	struct scx_tid_chunk *chunk = &scx->tid_chunks[smp_processor_id()];

	if (chunk->next == chunk->end) {
		chunk->next = 1 + scx->next_tid;
		chunk->end = chunk->next + TID_CHUNK;
		scx->next_tid += TID_CHUNK;
	}
	return chunk->next++;
}

/* Only while the scheduler asked for the table; kept by the task list's lock. */
void scx_tid_table_add(struct task_struct *p)
{
	struct scx *scx = scx_state();

	lockdep_assert_held(&scx->tasks_lock);
	if (scx->tid_hash && p->scx.tid)
		BUG_ON(idmap_add(scx->tid_hash, p->scx.tid, p));
}

/* LIFE-61: held until scx_post_fork() or scx_cancel_fork(), so nobody loads or unloads meanwhile. */
int scx_pre_fork(struct task_struct *p)
{
	BUG_ON(scx_get_task_state(p) != SCX_TASK_NONE);
	percpu_down_read(&scx_state()->fork_rwsem);
	return 0;
}

int scx_fork(struct task_struct *p)
{
	int ret;

	BUG_ON(!scx_state()->fork_rwsem.nr_readers);
	p->scx.tid = next_tid();
	if (!scx_state()->init_task_enabled)
		return 0;
	scx_set_task_state(p, SCX_TASK_INIT_BEGIN);
	ret = scx_init_task(scx_root, p, true);
	scx_set_task_state(p, ret ? SCX_TASK_NONE : SCX_TASK_INIT); /* LIFE-58 */
	return ret;
}

void scx_post_fork(struct task_struct *p)
{
	struct scx *scx = scx_state();
	struct rq_flags rf;
	struct rq *rq;

	if (scx->init_task_enabled) {
		scx_set_task_state(p, SCX_TASK_READY);
		if (sched_class_is_ext(p)) {
			rq = task_rq_lock(p, &rf);
			scx_enable_task(scx_task_sched(p), p);
			task_rq_unlock(rq, p, &rf);
		}
	}
	raw_spin_lock_irq(&scx->tasks_lock);
	BUG_ON(!list_empty(&p->scx.tasks_node));
	list_add_tail(&p->scx.tasks_node, &scx->tasks);
	scx_tid_table_add(p);
	raw_spin_unlock_irq(&scx->tasks_lock);
	percpu_up_read(&scx->fork_rwsem);
}

void scx_cancel_fork(struct task_struct *p)
{
	struct rq_flags rf;
	struct rq *rq;

	if (scx_get_task_state(p) != SCX_TASK_NONE) {
		rq = task_rq_lock(p, &rf);
		WARN_ON_ONCE(scx_get_task_state(p) >= SCX_TASK_READY);
		scx_disable_and_exit_task(scx_root, p);
		task_rq_unlock(rq, p, &rf);
	}
	percpu_up_read(&scx_state()->fork_rwsem);
}

/* Spec 30.9. The task is off its CPU for good; no lock is held. */
void sched_ext_dead(struct task_struct *p)
{
	struct scx *scx = scx_state();
	struct rq_flags rf;
	struct rq *rq;
	u64 flags;

	WARN_ON_ONCE(!task_dead_and_done(p));
	raw_spin_lock_irqsave(&scx->tasks_lock, flags);
	list_del_init(&p->scx.tasks_node);
	if (scx->tid_hash && p->scx.tid)
		idmap_remove(scx->tid_hash, p->scx.tid);
	raw_spin_unlock_irqrestore(&scx->tasks_lock, flags);

	/* Under the lock: a loader that found p before may be about to set INIT_BEGIN. */
	rq = task_rq_lock(p, &rf);
	if (scx_get_task_state(p) != SCX_TASK_NONE) {
		/* LIFE-25, EXIT-06: the loader is in ops.init_task() for it and will see DEAD. */
		if (scx_get_task_state(p) != SCX_TASK_INIT_BEGIN)
			scx_disable_and_exit_task(scx_task_sched(p), p);
		scx_set_task_state(p, SCX_TASK_DEAD);
	}
	task_rq_unlock(rq, p, &rf);
}

/* LIFE-73 */
int scx_check_setscheduler(const struct task_struct *p, u32 policy)
{
	if (scx_enabled() && p->scx.disallow && p->policy != policy && policy == SCHED_EXT)
		return -EACCES;
	return 0;
}

void reweight_task_scx(struct rq *rq, struct task_struct *p)
{
	struct scx_sched *sch = scx_task_sched(p);

	lockdep_assert_rq_held(rq);
	BUG_ON(rq != task_rq(p));
	if (scx_get_task_state(p) != SCX_TASK_ENABLED || task_dead_and_done(p))
		return; /* LIFE-56 */
	p->scx.weight = scx_task_weight(p);
	if (SCX_HAS_OP(sch, SCXTWIN_OP_set_weight))
		SCX_CALL_OP_TASK(sch, set_weight, rq, p->scx.weight, p, p->scx.weight);
}

static void call_set_cpumask(struct rq *rq, struct task_struct *p)
{
	struct scx_sched *sch = scx_task_sched(p);

	if (SCX_HAS_OP(sch, SCXTWIN_OP_set_cpumask))
		SCX_CALL_OP_TASK(sch, set_cpumask, rq, cpumask_weight(p->cpus_ptr), p, p->cpus_ptr);
}

/* LIFE-47 */
void switching_to_scx(struct rq *rq, struct task_struct *p)
{
	lockdep_assert_rq_held(rq);
	if (task_dead_and_done(p))
		return;
	scx_enable_task(scx_task_sched(p), p);
	call_set_cpumask(rq, p);
}

/* LIFE-55 */
void switched_from_scx(struct rq *rq, struct task_struct *p)
{
	lockdep_assert_rq_held(rq);
	if (scx_get_task_state(p) == SCX_TASK_NONE || task_dead_and_done(p))
		return;
	scx_disable_task(scx_task_sched(p), p);
}

/* AFF-04: the core has changed the masks already; the op gets the effective one (LIFE-57). */
void set_cpus_allowed_scx(struct task_struct *p, struct affinity_context *ac)
{
	struct rq *rq = task_rq(p);

	BUG_ON(!ac->new_mask || !p->cpus_ptr);
	lockdep_assert_rq_held(rq);
	if (!task_dead_and_done(p))
		call_set_cpumask(rq, p);
}
