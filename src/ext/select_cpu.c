/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a waking or new task goes: ops.select_cpu() or the default selection. Spec 20.7, 20.9. */
#include <errno.h>

#include "ext/internal.h"

enum select_mask { SELECT_ALLOWED, SELECT_NUMA, SELECT_LLC, NR_SELECT_MASKS };

/* Scratch of the executing CPU; interrupts or preemption are off while it is in use. */
static struct cpumask *select_mask(enum select_mask which)
{
	struct cpumask **masks = &scx_state()->select_masks[smp_processor_id()];

	if (!*masks) {
		*masks = cpumask_alloc_array(NR_SELECT_MASKS);
		BUG_ON(!*masks);
	}
	return cpumask_nth(*masks, which);
}

static bool task_is_unrestricted(const struct task_struct *p)
{
	return (u32)p->nr_cpus_allowed >= nr_cpu_ids();
}

/*
 * SEL-05, SEL-06. A scheduling domain spans active CPUs only, and a CPU that is
 * not active has none. NULL: the step that needs it is left out.
 */
static const struct cpumask *usable_span(const struct task_struct *p, s32 prev_cpu,
					 const struct cpumask *span, const struct cpumask *allowed,
					 enum select_mask which)
{
	const bool everywhere = allowed == p->cpus_ptr && task_is_unrestricted(p);
	struct cpumask *mask;

	if (!cpu_active(prev_cpu))
		return NULL;
	if (everywhere && scx_state()->nr_active_cpus == nr_cpu_ids())
		return span;
	mask = select_mask(which);
	if (!cpumask_and(mask, span, cpu_active_mask()))
		return NULL;
	return everywhere || cpumask_and(mask, mask, allowed) ? mask : NULL;
}

static bool waker_is_exiting(void)
{
	const struct ctx *ctx = current_ctx();
	const struct task_struct *waker = ctx->kind == CTX_TASK ? ctx->task : NULL;

	if (ctx->kind == CTX_CPU)
		waker = cpu_rq(ctx->cpu)->curr;
	return waker && (waker->flags & PF_EXITING);
}

struct selection {
	const struct cpumask *allowed, *numa, *llc;
	s32 prev_cpu;
	int node;
	bool prev_ok;
	u64 flags;
};

/* S1, S2 */
static s32 select_sync(const struct selection *s)
{
	const int waker_cpu = smp_processor_id();
	const int waker_node = scx_cpu_node_if_enabled(waker_cpu);

	if (s->prev_ok && cpus_share_cache(waker_cpu, s->prev_cpu) &&
	    scx_idle_test_and_clear_cpu(s->prev_cpu))
		return s->prev_cpu;
	if (waker_is_exiting() || READ_ONCE(cpu_rq(waker_cpu)->scx.local_dsq.nr))
		return -EBUSY;
	if ((s->flags & SCX_PICK_IDLE_IN_NODE) && waker_node != s->node)
		return -EBUSY;
	if (cpumask_empty(scx_idle_cpumask(waker_node)) ||
	    !cpumask_test_cpu((u32)waker_cpu, s->allowed))
		return -EBUSY;
	scx_idle_test_and_clear_cpu(waker_cpu); /* SEL-10: whether or not it was idle */
	return waker_cpu;
}

/* S3 to S6: whole cores */
static s32 select_idle_core(const struct selection *s)
{
	s32 cpu = -EBUSY;

	if (s->prev_ok && cpumask_test_cpu((u32)s->prev_cpu, scx_idle_smtmask(s->node)) &&
	    scx_idle_test_and_clear_cpu(s->prev_cpu))
		return s->prev_cpu;
	if (s->llc)
		cpu = scx_pick_idle_cpu_in_node(s->llc, s->node, SCX_PICK_IDLE_CORE);
	if (cpu < 0 && s->numa)
		cpu = scx_pick_idle_cpu_in_node(s->numa, s->node, SCX_PICK_IDLE_CORE);
	if (cpu < 0)
		cpu = scx_pick_idle_cpu(s->allowed, s->node, s->flags | SCX_PICK_IDLE_CORE);
	return cpu;
}

/* S9 */
static s32 select_idle_sibling(const struct selection *s)
{
	const struct cpumask *siblings = cpu_smt_mask(s->prev_cpu);
	int cpu;

	if (!cpu_online(s->prev_cpu))
		return -EBUSY;
	for_each_cpu_and(cpu, siblings, s->allowed) {
		if (cpu != s->prev_cpu && cpu_online(cpu) && scx_idle_test_and_clear_cpu(cpu))
			return cpu;
	}
	return -EBUSY;
}

/* S8 to S12: any idle CPU */
static s32 select_idle_cpu(const struct selection *s)
{
	s32 cpu = -EBUSY;

	if (s->prev_ok && scx_idle_test_and_clear_cpu(s->prev_cpu))
		return s->prev_cpu;
	if (sched_smt_active())
		cpu = select_idle_sibling(s);
	if (cpu < 0 && s->llc)
		cpu = scx_pick_idle_cpu_in_node(s->llc, s->node, 0);
	if (cpu < 0 && s->numa)
		cpu = scx_pick_idle_cpu_in_node(s->numa, s->node, 0);
	if (cpu < 0)
		cpu = scx_pick_idle_cpu(s->allowed, s->node, s->flags);
	return cpu;
}

static s32 run_selection(const struct selection *s, u64 wake_flags)
{
	s32 cpu = -EBUSY;

	if (wake_flags & SCX_WAKE_SYNC)
		cpu = select_sync(s);
	if (cpu < 0 && sched_smt_active()) {
		cpu = select_idle_core(s);
		if (cpu < 0 && (s->flags & SCX_PICK_IDLE_CORE))
			return -EBUSY; /* S7 */
	}
	return cpu >= 0 ? cpu : select_idle_cpu(s);
}

/* A claimed CPU, or -EBUSY. cpus_allowed may be NULL. p's pi_lock or rq lock is held. */
s32 scx_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
		       const struct cpumask *cpus_allowed, u64 flags)
{
	const struct scx *scx = scx_state();
	struct selection s = {
		.allowed = cpus_allowed ? cpus_allowed : p->cpus_ptr,
		.prev_cpu = prev_cpu,
		.node = scx_cpu_node_if_enabled(prev_cpu),
		.flags = flags,
	};
	s32 cpu;

	preempt_disable();
	/* SEL-01 to SEL-03 */
	if (s.allowed != p->cpus_ptr && !task_is_unrestricted(p)) {
		struct cpumask *both = select_mask(SELECT_ALLOWED);

		if (!cpumask_and(both, cpus_allowed, p->cpus_ptr)) {
			preempt_enable();
			return -EBUSY;
		}
		s.allowed = both;
	}
	s.prev_ok = cpumask_test_cpu((u32)prev_cpu, s.allowed);
	if (scx->selcpu_topo_numa)
		s.numa = usable_span(p, prev_cpu, cpumask_of_node(cpu_to_node(prev_cpu)), s.allowed,
				     SELECT_NUMA);
	if (scx->selcpu_topo_llc)
		s.llc = usable_span(p, prev_cpu, cpu_llc_mask(prev_cpu), s.allowed, SELECT_LLC);
	cpu = run_selection(&s, wake_flags);
	preempt_enable();
	BUG_ON(cpu >= (s32)nr_cpu_ids());
	return cpu;
}

/* SEL-56 to SEL-59 */
static int call_select_cpu(struct scx_sched *sch, struct task_struct *p, int prev_cpu,
			   int wake_flags)
{
	struct rq *rq = this_rq();
	s32 cpu;

	WARN_ON_ONCE(rq->scx.direct_dispatch_task);
	rq->scx.direct_dispatch_task = p;
	rq->scx.in_select_cpu = true;
	cpu = SCX_CALL_OP_RET(sch, select_cpu, NULL, p, prev_cpu, wake_flags, p, prev_cpu,
			      (u64)wake_flags);
	rq->scx.in_select_cpu = false;
	p->scx.selected_cpu = cpu;
	rq->scx.direct_dispatch_task = NULL;
	return scx_cpu_valid(sch, cpu, "from ops.select_cpu()") ? cpu : prev_cpu;
}

int select_task_rq_scx(struct task_struct *p, int prev_cpu, int wake_flags)
{
	struct scx_sched *sch = scx_task_sched(p);
	s32 cpu;

	lockdep_assert_held(&core_of(p)->pi_lock);
	if (wake_flags & WF_EXEC)
		return prev_cpu; /* SEL-55 */
	if (scx_bypassing(sch, task_cpu(p))) {
		scx_add_event(sch, SCX_EV_BYPASS_DISPATCH, 1); /* SEL-64 */
		p->scx.selected_cpu = prev_cpu;
		return prev_cpu;
	}
	if (SCX_HAS_OP(sch, SCXTWIN_OP_select_cpu))
		return call_select_cpu(sch, p, prev_cpu, wake_flags);

	/* SEL-61 to SEL-63 */
	cpu = scx_select_cpu_dfl(p, prev_cpu, (u64)wake_flags, NULL, 0);
	if (cpu >= 0) {
		scx_add_event(sch, SCX_EV_REFILL_SLICE_DFL, 1);
		p->scx.ddsp_slice = sch->slice_dfl;
		p->scx.ddsp_vtime = 0;
		p->scx.ddsp_enq_flags = SCX_ENQ_SLICE_DFL;
		p->scx.ddsp_dsq_id = SCX_DSQ_LOCAL;
	} else {
		cpu = prev_cpu;
	}
	p->scx.selected_cpu = cpu;
	return cpu;
}

/* CORE-59: work that the wakeup's ops.enqueue() asked for is done before the lock is dropped. */
void task_woken_scx(struct rq *rq, struct task_struct *p)
{
	lockdep_assert_rq_held(rq);
	BUG_ON(!sched_class_is_ext(p));
	run_deferred(rq);
}

/* CORE-62, RQSEL-16: a parked wakeup may skip ops.select_cpu(), so the scheduler must ask for it. */
bool scx_allow_ttwu_queue(const struct task_struct *p)
{
	const struct scx_sched *sch = scx_task_sched(p);

	return !scx_enabled() || !sch || !sched_class_is_ext(p) ||
	       sch->ops.flags & SCX_OPS_ALLOW_QUEUED_WAKEUP;
}
