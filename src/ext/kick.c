/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kicks: recorded by scx_bpf_kick_cpu(), delivered by irq work of the calling
 * CPU, and SCX_KICK_WAIT. Spec 21.2 to 21.4.
 *
 * A kicker that waits does so after its own switch, with its lock dropped. It
 * counts as scheduling all the time: whoever waits for it need not wait. That
 * is what the kernel's waiter does by advancing its own counter in the loop,
 * and why rings of waits dissolve (KICK-36).
 */
#include "ext/internal.h"

static void alloc_kick_masks(struct scx_sched_pcpu *pcpu)
{
	pcpu->cpus_to_kick = cpumask_alloc_array(4);
	BUG_ON(!pcpu->cpus_to_kick);
	pcpu->cpus_to_kick_if_idle = cpumask_nth(pcpu->cpus_to_kick, 1);
	pcpu->cpus_to_preempt = cpumask_nth(pcpu->cpus_to_kick, 2);
	pcpu->cpus_to_wait = cpumask_nth(pcpu->cpus_to_kick, 3);
}

/* Neither idle nor about to be: in the middle of a dispatch it may find nothing. */
static bool can_skip_idle_kick(struct rq *rq)
{
	lockdep_assert_rq_held(rq);
	return !rq_is_idle(rq) && !(rq->scx.flags & SCX_RQ_IN_DISPATCH);
}

/* KICK-05; a lock that is not free, our own included, says nothing. */
static bool idle_kick_is_moot(struct rq *rq)
{
	bool moot;

	if (!raw_spin_trylock(&rq->__lock))
		return false;
	moot = can_skip_idle_kick(rq);
	raw_spin_rq_unlock(rq);
	return moot;
}

static void record_kick(struct scx_sched_pcpu *pcpu, s32 cpu, u64 flags)
{
	if (!pcpu->cpus_to_kick)
		alloc_kick_masks(pcpu);
	if (flags & SCX_KICK_IDLE) {
		cpumask_set_cpu((u32)cpu, pcpu->cpus_to_kick_if_idle);
		return;
	}
	cpumask_set_cpu((u32)cpu, pcpu->cpus_to_kick);
	if (flags & SCX_KICK_PREEMPT)
		cpumask_set_cpu((u32)cpu, pcpu->cpus_to_preempt);
	if (flags & SCX_KICK_WAIT)
		cpumask_set_cpu((u32)cpu, pcpu->cpus_to_wait);
}

void scx_kick_cpu(struct scx_sched *sch, s32 cpu, u64 flags)
{
	struct scx_sched_pcpu *pcpu;
	struct rq *this_rq;
	u64 irq_flags;

	if (!scx_cpu_valid(sch, cpu, NULL))
		return;
	irq_flags = local_irq_save();
	this_rq = this_rq();
	pcpu = scx_pcpu(sch, cpu_of(this_rq));
	if (scx_bypassing(sch, cpu_of(this_rq)))
		goto out; /* KICK-03 */
	if (flags & SCX_KICK_IDLE) {
		if (flags & (SCX_KICK_PREEMPT | SCX_KICK_WAIT))
			scx_error(sch, "PREEMPT/WAIT cannot be used with SCX_KICK_IDLE");
		if (idle_kick_is_moot(cpu_rq(cpu)))
			goto out;
	}
	record_kick(pcpu, cpu, flags);
	if (list_empty(&pcpu->to_kick_node))
		list_add_tail(&pcpu->to_kick_node, &this_rq->scx.sched_pcpus_to_kick);
	irq_work_queue(&this_rq->scx.kick_cpus_irq_work);
out:
	local_irq_restore(irq_flags);
}

static void remember_to_wait(struct rq *this_rq, struct rq *target)
{
	const int cpu = cpu_of(target);

	if (!this_rq->scx.cpus_to_sync) {
		this_rq->scx.cpus_to_sync = cpumask_alloc_array(1);
		this_rq->scx.cpus_to_sync_val = arena_calloc(this_sim->arena, nr_cpu_ids(), sizeof(u64));
		BUG_ON(!this_rq->scx.cpus_to_sync || !this_rq->scx.cpus_to_sync_val);
	}
	cpumask_set_cpu((u32)cpu, this_rq->scx.cpus_to_sync);
	this_rq->scx.cpus_to_sync_val[cpu] = target->scx.kick_sync;
}

/* KICK-14 to KICK-21. True if this_rq has to wait for cpu. */
static bool kick_one_cpu(struct scx_sched_pcpu *pcpu, int cpu, struct rq *this_rq)
{
	struct rq *rq = cpu_rq(cpu);
	struct task_struct *curr;
	bool wait = false;
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	curr = rq->curr;
	if ((cpu_online(cpu) || cpu == cpu_of(this_rq)) &&
	    !sched_class_above(curr->sched_class, &ext_sched_class)) {
		if (cpumask_test_cpu((u32)cpu, pcpu->cpus_to_preempt) && sched_class_is_ext(curr)) {
			if (curr->scx.flags & SCX_TASK_PROTECTED)
				scx_add_event(pcpu->sch, SCX_EV_SLICE_DENIED, 1);
			else
				scx_set_task_slice(curr, 0);
		}
		if (cpumask_test_cpu((u32)cpu, pcpu->cpus_to_wait) && sched_class_is_ext(curr)) {
			remember_to_wait(this_rq, rq);
			wait = true;
		}
		resched_curr(rq);
	}
	cpumask_clear_cpu((u32)cpu, pcpu->cpus_to_preempt);
	cpumask_clear_cpu((u32)cpu, pcpu->cpus_to_wait);
	raw_spin_rq_unlock_irqrestore(rq, flags);
	return wait;
}

/* KICK-22 */
static void kick_one_cpu_if_idle(int cpu, const struct rq *this_rq)
{
	struct rq *rq = cpu_rq(cpu);
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	if (!can_skip_idle_kick(rq) && (cpu_online(cpu) || cpu == cpu_of(this_rq)))
		resched_curr(rq);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static bool deliver_kicks(struct scx_sched_pcpu *pcpu, struct rq *this_rq)
{
	bool wait = false;
	int cpu;

	for_each_cpu(cpu, pcpu->cpus_to_kick) {
		wait |= kick_one_cpu(pcpu, cpu, this_rq);
		cpumask_clear_cpu((u32)cpu, pcpu->cpus_to_kick);
		cpumask_clear_cpu((u32)cpu, pcpu->cpus_to_kick_if_idle);
	}
	for_each_cpu(cpu, pcpu->cpus_to_kick_if_idle) {
		kick_one_cpu_if_idle(cpu, this_rq);
		cpumask_clear_cpu((u32)cpu, pcpu->cpus_to_kick_if_idle);
	}
	return wait;
}

/* The masks go with their scheduler: KICK-13. */
static void discard_kicks(struct scx_sched_pcpu *pcpu)
{
	cpumask_clear(pcpu->cpus_to_kick);
	cpumask_clear(pcpu->cpus_to_kick_if_idle);
	cpumask_clear(pcpu->cpus_to_preempt);
	cpumask_clear(pcpu->cpus_to_wait);
}

static void kick_cpus_irq_workfn(struct irq_work *work)
{
	struct rq *this_rq = container_of(work, struct rq, scx.kick_cpus_irq_work);
	struct scx_sched_pcpu *pcpu;
	bool wait = false;
	u64 flags;

	BUG_ON(this_rq != this_rq());
	while ((pcpu = list_first_entry_or_null(&this_rq->scx.sched_pcpus_to_kick,
						struct scx_sched_pcpu, to_kick_node))) {
		list_del_init(&pcpu->to_kick_node);
		if (pcpu->sch == scx_root)
			wait |= deliver_kicks(pcpu, this_rq);
		else
			discard_kicks(pcpu);
	}
	if (!wait)
		return;
	/* KICK-23 */
	raw_spin_rq_lock_irqsave(this_rq, &flags);
	this_rq->scx.kick_sync_pending = true;
	resched_curr(this_rq);
	raw_spin_rq_unlock_irqrestore(this_rq, flags);
}

/* Since the kick was delivered the target has scheduled, or it waits itself and so counts as if. */
static bool has_synced(const struct rq *rq, int cpu)
{
	return cpu == cpu_of(rq) || cpu_rq(cpu)->scx.kick_sync != rq->scx.cpus_to_sync_val[cpu] ||
	       cpumask_test_cpu((u32)cpu, scx_state()->kick_waiting);
}

static void advance_kick_sync(struct rq *rq)
{
	smp_store_release(&rq->scx.kick_sync, rq->scx.kick_sync + 1);
}

/* The rq lock is not held, interrupts are on; preemption is off as after any switch. */
static void wait_for_sync(struct rq *rq, int cpu)
{
	struct cpumask *waiting = scx_state()->kick_waiting;

	cpumask_set_cpu((u32)cpu_of(rq), waiting);
	advance_kick_sync(rq);
	await(&cpu_rq(cpu)->scx.kick_sync, has_synced(rq, cpu), "kick_sync");
	advance_kick_sync(rq);
	cpumask_clear_cpu((u32)cpu_of(rq), waiting);
}

/* KICK-34 */
static void kick_sync_wait_bal_cb(struct rq *rq)
{
	struct cpumask *to_sync = rq->scx.cpus_to_sync;
	int cpu;

	lockdep_assert_rq_held(rq);
	if (rq != this_rq())
		return; /* KICK-35 */
retry:
	for_each_cpu(cpu, to_sync) {
		if (has_synced(rq, cpu)) {
			cpumask_clear_cpu((u32)cpu, to_sync);
			continue;
		}
		preempt_disable();
		raw_spin_rq_unlock(rq);
		local_irq_enable();
		wait_for_sync(rq, cpu);
		local_irq_disable();
		raw_spin_rq_lock(rq);
		preempt_enable();
		cpumask_clear_cpu((u32)cpu, to_sync);
		goto retry;
	}
}

/* KICK-32; the pick is final and of the own CPU. */
void scx_kick_sync_after_pick(struct rq *rq)
{
	lockdep_assert_rq_held(rq);
	if (!rq->scx.kick_sync_pending)
		return;
	BUG_ON(!rq->scx.cpus_to_sync);
	rq->scx.kick_sync_pending = false;
	queue_balance_callback(rq, &rq->scx.kick_sync_bal_cb, kick_sync_wait_bal_cb);
}

void scx_kick_init_rq(struct rq *rq)
{
	INIT_LIST_HEAD(&rq->scx.sched_pcpus_to_kick);
	init_irq_work(&rq->scx.kick_cpus_irq_work, kick_cpus_irq_workfn);
}
