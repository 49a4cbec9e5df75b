/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUs going down and coming up: spec 22.14. Service contexts only. */
#include <errno.h>

#include "ext/ext.h"
#include "sched/core.h"

static void set_rq_online(struct rq *rq, bool online)
{
	static const struct sched_class *const classes[] = {
		&stop_sched_class, &dl_sched_class, &rt_sched_class,
		&fair_sched_class, &ext_sched_class, &idle_sched_class,
	};
	u64 flags;
	size_t i;

	raw_spin_rq_lock_irqsave(rq, &flags);
	update_rq_clock(rq);
	if (rq->online != online) { /* HP-07 */
		for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
			if (online && classes[i]->rq_online)
				classes[i]->rq_online(rq);
			if (!online && classes[i]->rq_offline)
				classes[i]->rq_offline(rq);
		}
		rq->online = online;
	}
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void set_balance_push(struct rq *rq, bool on)
{
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	rq->balance_push = on;
	if (on)
		resched_curr(rq);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

/* Nothing but the idle task is left on the CPU, and nobody who disabled migration will come back to it. */
static bool rq_vacated(const struct rq *rq)
{
	return rq->curr == rq->idle && !rq->nr_running && !READ_ONCE(rq->nr_pinned);
}

/* HP-02 */
int sched_cpu_down(int cpu)
{
	struct rq *rq = cpu_rq(cpu);
	struct machine *m = machine();

	if (!cpu_online(cpu))
		return -EINVAL;
	if (cpumask_weight(m->online_mask) == 1)
		return -EBUSY;
	scx_hotplug_begin();
	event_emit(SCXTWIN_EV_CPU_HOTPLUG, cpu, SCXTWIN_NO_TASK, 0, 0, 0, 0);
	set_cpu_active(cpu, false);
	cpumask_set_cpu((u32)cpu, m->dying_mask);
	set_balance_push(rq, true);
	synchronize_rcu();
	set_rq_online(rq, false);
	scx_rq_deactivate(rq);
	while (!rq_vacated(rq)) {
		resched_cpu(cpu);
		ctx_sleep_until(this_sim->now + NSEC_PER_USEC);
	}
	set_cpu_online(cpu, false);
	cpumask_clear_cpu((u32)cpu, m->dying_mask);
	WARN_ON_ONCE(rq->nr_running); /* HP-14 */
	tick_reconsider(rq);
	scx_hotplug_end();
	return 0;
}

/* HP-01 */
int sched_cpu_up(int cpu)
{
	struct rq *rq = cpu_rq(cpu);

	if (cpu_online(cpu))
		return -EINVAL;
	scx_hotplug_begin();
	event_emit(SCXTWIN_EV_CPU_HOTPLUG, cpu, SCXTWIN_NO_TASK, 1, 0, 0, 0);
	set_cpu_online(cpu, true);
	set_balance_push(rq, false);
	set_cpu_active(cpu, true);
	scx_rq_activate(rq);
	set_rq_online(rq, true);
	resched_cpu(cpu);
	scx_hotplug_end();
	return 0;
}
