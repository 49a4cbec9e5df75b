/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUs coming and going, as the port sees it. Spec 33.1 to 33.4. */
#include "ext/internal.h"

void scx_hotplug_begin(void)
{
	percpu_down_write(&scx_state()->hotplug_rwsem);
}

void scx_hotplug_end(void)
{
	percpu_up_write(&scx_state()->hotplug_rwsem);
}

/* HOT-04 to HOT-08; no lock is held, the op may sleep. */
static void handle_hotplug(const struct rq *rq, bool online)
{
	struct scx *scx = scx_state();
	struct scx_sched *sch = scx->root;
	const int cpu = cpu_of(rq);

	BUG_ON(irqs_disabled());
	WRITE_ONCE(scx->hotplug_seq, scx->hotplug_seq + 1);
	if (!sch)
		return;
	if (scx_enabled())
		scx_idle_update_selcpu_topology(&sch->ops);
	if (online && SCX_HAS_OP(sch, SCXTWIN_OP_cpu_online))
		SCX_CALL_OP(sch, cpu_online, NULL, cpu, 0, cpu);
	else if (!online && SCX_HAS_OP(sch, SCXTWIN_OP_cpu_offline))
		SCX_CALL_OP(sch, cpu_offline, NULL, cpu, 0, cpu);
	else
		scx_exit(sch, SCX_EXIT_UNREG_KERN,
			 (s64)(SCX_ECODE_ACT_RESTART | SCX_ECODE_RSN_HOTPLUG), smp_processor_id(),
			 "cpu %d going %s, exiting scheduler", cpu, online ? "online" : "offline");
}

void scx_rq_activate(struct rq *rq)
{
	handle_hotplug(rq, true);
}

void scx_rq_deactivate(struct rq *rq)
{
	handle_hotplug(rq, false);
}

void rq_online_scx(struct rq *rq)
{
	lockdep_assert_rq_held(rq);
	rq->scx.flags |= SCX_RQ_ONLINE;
}

/*
 * HOT-10 to HOT-13: what the scheduler holds of this CPU goes through a cycle,
 * whose enqueue takes the offline short cut onto the local DSQ.
 */
void rq_offline_scx(struct rq *rq)
{
	struct task_struct *p, *n;

	lockdep_assert_rq_held(rq);
	rq->scx.flags &= ~SCX_RQ_ONLINE;
	if (cpu_active(cpu_of(rq)))
		return;
	list_for_each_entry_safe_reverse(p, n, &rq->scx.runnable_list, scx.runnable_node) {
		struct sched_change_ctx change;

		if (p->scx.dsq == &rq->scx.local_dsq)
			continue;
		sched_change_begin(&change, p, DEQUEUE_SAVE | DEQUEUE_MOVE | DEQUEUE_NOCLOCK);
		sched_change_end(&change);
	}
}
