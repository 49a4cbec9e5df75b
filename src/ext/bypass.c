/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bypass mode: the core schedules round robin from one FIFO per CPU while the
 * scheduler is loaded, unloaded or broken. Spec 31.1 to 31.4.
 */
#include "ext/internal.h"

#define LB_DONOR_PCT		125
#define LB_MIN_DELTA_DIV	4
#define LB_BATCH		256

static u64 div_round_up(u64 n, u64 d)
{
	BUG_ON(!d);
	return (n + d - 1) / d;
}

static void arm_bypass_lb(struct scx_sched *sch, int cpu)
{
	const u64 intv_us = scx_state()->limits.bypass_lb_intv_us;

	if (!intv_us || mevent_pending(&sch->bypass_lb_timer))
		return; /* BYP-57 */
	mevent_set_cpu(&sch->bypass_lb_timer, cpu_online(cpu) ? cpu : scx_cpu_for_work());
	mevent_arm(&sch->bypass_lb_timer, machine_now() + intv_us * NSEC_PER_USEC);
}

/* BYP-21 */
static bool inc_bypass_depth(struct scx_sched *sch)
{
	lockdep_assert_held(&scx_state()->bypass_lock);
	WARN_ON_ONCE(sch->bypass_depth < 0);
	WRITE_ONCE(sch->bypass_depth, sch->bypass_depth + 1);
	event_emit(SCXTWIN_EV_SCX_BYPASS, smp_processor_id(), SCXTWIN_NO_TASK,
		   (u64)sch->bypass_depth, 0, 0, 0);
	if (sch->bypass_depth != 1)
		return false;
	WRITE_ONCE(sch->slice_dfl, scx_state()->limits.slice_bypass_us * NSEC_PER_USEC);
	sch->bypass_timestamp = machine_now();
	scx_add_event(sch, SCX_EV_BYPASS_ACTIVATE, 1);
	WARN_ON_ONCE(sch->bypass_dsp_enabled); /* BYP-24 */
	WRITE_ONCE(sch->bypass_dsp_enabled, true);
	arm_bypass_lb(sch, smp_processor_id());
	return true;
}

/* BYP-22 */
static bool dec_bypass_depth(struct scx_sched *sch)
{
	lockdep_assert_held(&scx_state()->bypass_lock);
	if (WARN_ON_ONCE(sch->bypass_depth < 1))
		return false;
	WRITE_ONCE(sch->bypass_depth, sch->bypass_depth - 1);
	event_emit(SCXTWIN_EV_SCX_BYPASS, smp_processor_id(), SCXTWIN_NO_TASK,
		   (u64)sch->bypass_depth, 0, 0, 0);
	if (sch->bypass_depth != 0)
		return false;
	WRITE_ONCE(sch->slice_dfl, SCX_SLICE_DFL);
	scx_add_event(sch, SCX_EV_BYPASS_DURATION, (s64)(machine_now() - sch->bypass_timestamp));
	return true;
}

/* BYP-26 to BYP-33 for one CPU; its rq is locked. */
static void sweep_cpu(struct scx_sched *sch, struct rq *rq, bool on)
{
	struct scx_sched_pcpu *pcpu = scx_pcpu(sch, cpu_of(rq));
	struct task_struct *p, *n;

	lockdep_assert_rq_held(rq);
	WARN_ON_ONCE(pcpu->bypassing == on);
	WRITE_ONCE(pcpu->bypassing, on);
	if (!on)
		rq->scx.flags |= SCX_RQ_ROOT_IDLE_RENOTIFY;
	if (!scx_enabled())
		return;
	/* BYP-29: what is cycled is linked again behind the walk */
	list_for_each_entry_safe_reverse(p, n, &rq->scx.runnable_list, scx.runnable_node) {
		struct sched_change_ctx change;

		sched_change_begin(&change, p, DEQUEUE_SAVE | DEQUEUE_MOVE);
		sched_change_end(&change);
	}
	if (cpu_online(cpu_of(rq)) || cpu_of(rq) == smp_processor_id())
		resched_curr(rq);
}

void scx_bypass(struct scx_sched *sch, bool on)
{
	struct scx *scx = scx_state();
	u64 flags;
	int cpu;

	raw_spin_lock_irqsave(&scx->bypass_lock, flags);
	if (on ? !inc_bypass_depth(sch) : !dec_bypass_depth(sch))
		goto unlock; /* BYP-23 */
	for_each_possible_cpu(cpu) {
		struct rq *rq = cpu_rq(cpu);

		raw_spin_rq_lock(rq);
		sweep_cpu(sch, rq, on);
		raw_spin_rq_unlock(rq);
	}
	if (!on) {
		/* BYP-35: only now no bypass DSQ can get a task any more */
		WRITE_ONCE(sch->bypass_dsp_enabled, false);
		mevent_disarm(&sch->bypass_lb_timer);
	}
unlock:
	raw_spin_unlock_irqrestore(&scx->bypass_lock, flags);
}

/* BYP-52, BYP-53. The donee's CPU, nr_cpu_ids() if p must stay. */
static u32 find_donee(struct scx_sched *sch, struct rq *donor_rq, struct task_struct *p)
{
	u32 donee;

	if (task_rq(p) != donor_rq)
		return nr_cpu_ids();
	donee = cpumask_any_and_distribute(scx_state()->lb_donees, p->cpus_ptr);
	if (donee < nr_cpu_ids() && !task_can_run_on_remote_rq(sch, p, cpu_rq((int)donee), false))
		return nr_cpu_ids();
	return donee;
}

struct lb_targets {
	u32 donee, donor;	/* tasks that a donee should have, a donor may keep */
};

/* BYP-54, BYP-55; donor_rq and donor are locked. Only balancing nests two DSQ locks. */
static void donate(struct scx_sched *sch, struct rq *donor_rq, struct scx_dispatch_q *donor,
		   struct task_struct *p, int donee, const struct lb_targets *targets)
{
	struct scx_dispatch_q *dsq = bypass_dsq(sch, donee);

	BUG_ON(dsq == donor);
	scx_dispatch_dequeue_locked(p, donor);
	scx_dispatch_enqueue(sch, donor_rq, dsq, p, 0, 0, SCX_ENQ_NESTED);
	cpumask_set_cpu((u32)donee, scx_state()->lb_resched);
	if (READ_ONCE(dsq->nr) >= targets->donee)
		cpumask_clear_cpu((u32)donee, scx_state()->lb_donees);
}

/* BYP-50, BYP-51, BYP-56 */
static void bypass_lb_cpu(struct scx_sched *sch, int cpu, const struct lb_targets *targets)
{
	const struct scx_limits *limits = &scx_state()->limits;
	struct scx_dispatch_q *donor = bypass_dsq(sch, cpu);
	struct scx_dsq_list_node cursor = { .flags = SCX_DSQ_LNODE_ITER_CURSOR };
	struct rq *rq = cpu_rq(cpu);
	struct task_struct *p, *n;
	u32 nr_moved = 0;
	u64 flags;

	if ((s64)READ_ONCE(donor->nr) - targets->donor <
	    (s64)div_round_up(limits->bypass_lb_intv_us / LB_MIN_DELTA_DIV, limits->slice_bypass_us))
		return;
	raw_spin_rq_lock_irqsave(rq, &flags);
	raw_spin_lock(&donor->lock);
	list_add(&cursor.node, &donor->list);
	for (p = nldsq_next_from(donor, &cursor.node, false); p; p = n) {
		u32 donee;

		if (donor->nr <= targets->donor || cpumask_empty(scx_state()->lb_donees))
			break;
		n = nldsq_next_from(donor, &p->scx.dsq_list.node, false);
		donee = find_donee(sch, rq, p);
		if (donee >= nr_cpu_ids())
			continue;
		donate(sch, rq, donor, p, (int)donee, targets);
		if (++nr_moved % LB_BATCH || !n)
			continue;
		list_move_tail(&cursor.node, &n->scx.dsq_list.node);
		raw_spin_unlock(&donor->lock);
		raw_spin_rq_unlock_irqrestore(rq, flags);
		raw_spin_rq_lock_irqsave(rq, &flags);
		raw_spin_lock(&donor->lock);
		n = nldsq_next_from(donor, &cursor.node, false);
	}
	list_del_init(&cursor.node);
	raw_spin_unlock(&donor->lock);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

/* Spec 31.4. False if nobody on the node lacks tasks. */
static bool find_lb_targets(struct scx_sched *sch, const struct cpumask *node,
			    struct lb_targets *targets)
{
	struct cpumask *donees = scx_state()->lb_donees;
	u64 nr_tasks = 0;
	u32 nr_cpus = 0;
	int cpu;

	cpumask_clear(donees);
	for_each_cpu_and(cpu, cpu_online_mask(), node) {
		nr_tasks += READ_ONCE(bypass_dsq(sch, cpu)->nr);
		nr_cpus++;
	}
	if (!nr_cpus)
		return false;
	targets->donee = (u32)div_round_up(nr_tasks, nr_cpus);
	targets->donor = (u32)div_round_up((u64)targets->donee * LB_DONOR_PCT, 100);
	for_each_cpu_and(cpu, cpu_online_mask(), node) {
		if (READ_ONCE(bypass_dsq(sch, cpu)->nr) < targets->donee)
			cpumask_set_cpu((u32)cpu, donees);
	}
	return !cpumask_empty(donees);
}

static void bypass_lb_node(struct scx_sched *sch, const struct cpumask *node)
{
	struct scx *scx = scx_state();
	struct lb_targets targets;
	int cpu;

	if (!find_lb_targets(sch, node, &targets))
		return;
	cpumask_clear(scx->lb_resched);
	for_each_cpu_and(cpu, cpu_online_mask(), node) {
		if (cpumask_empty(scx->lb_donees))
			break;
		if (!cpumask_test_cpu((u32)cpu, scx->lb_donees) &&
		    READ_ONCE(bypass_dsq(sch, cpu)->nr) > targets.donor)
			bypass_lb_cpu(sch, cpu, &targets);
	}
	for_each_cpu(cpu, scx->lb_resched)
		resched_cpu(cpu);
}

static void bypass_lb_timerfn(struct mevent *ev)
{
	struct scx_sched *sch = container_of(ev, struct scx_sched, bypass_lb_timer);

	if (!READ_ONCE(sch->bypass_dsp_enabled))
		return;
	for (u32 node = 0; node < nr_node_ids(); node++)
		bypass_lb_node(sch, cpumask_of_node((int)node));
	if (READ_ONCE(sch->bypass_dsp_enabled))
		arm_bypass_lb(sch, smp_processor_id());
}

void scx_bypass_init(struct scx_sched *sch)
{
	BUG_ON(sch->bypass_depth || sch->bypass_dsp_enabled);
	mevent_init(&sch->bypass_lb_timer, RANK_TIMER, 0, bypass_lb_timerfn, "scx_bypass_lb");
	sch->bypass_lb_timer.background = true;
}
