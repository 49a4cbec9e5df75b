/* SPDX-License-Identifier: GPL-2.0-only */
/* The tick of the class and the watchdog: spec 21.7, 31.5, 31.6. Watchdog times are jiffies. */
#include "ext/internal.h"

static u64 timeout_jiffies(const struct scx_sched *sch)
{
	return ns_to_jiffies(sch->watchdog_timeout_ns);
}

struct stall_time {
	u64 s;
	u32 ms;
};

static struct stall_time stall_time(u64 nr_jiffies)
{
	const u64 ms = nr_jiffies * machine()->tick_ns / NSEC_PER_MSEC;

	return (struct stall_time){ .s = ms / 1000, .ms = (u32)(ms % 1000) };
}

/* WDOG-11, WDOG-14: whatever DSQ it is on, the task waits on this CPU. True if one is stalled. */
static bool check_rq_for_timeouts(struct scx_sched *sch, struct rq *rq)
{
	struct task_struct *p;
	bool stalled = false;
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	list_for_each_entry(p, &rq->scx.runnable_list, scx.runnable_node) {
		const u64 since = p->scx.runnable_at;

		if (jiffies() > since + timeout_jiffies(sch)) { /* WDOG-07: strictly */
			const struct stall_time t = stall_time(jiffies() - since);

			scx_exit(sch, SCX_EXIT_ERROR_STALL, 0, cpu_of(rq),
				 "%s[%d] failed to run for %llu.%03us", p->comm, p->pid,
				 (unsigned long long)t.s, t.ms);
			stalled = true;
			break;
		}
	}
	raw_spin_rq_unlock_irqrestore(rq, flags);
	return stalled;
}

static void arm_watchdog(const struct scx_sched *sch)
{
	struct scx *scx = scx_state();
	const u64 half = timeout_jiffies(sch) / 2;
	const u64 interval = half ? half : 1;

	BUG_ON(mevent_pending(&scx->watchdog_timer));
	mevent_set_cpu(&scx->watchdog_timer, scx_cpu_for_work());
	mevent_arm(&scx->watchdog_timer, (jiffies() + interval) * machine()->tick_ns);
}

/* WDOG-10 */
static void scx_watchdog_workfn(void *arg)
{
	struct scx *scx = arg;
	struct scx_sched *sch = scx->root;
	int cpu;

	BUG_ON(!scx->watchdog_working || !sch);
	WRITE_ONCE(scx->watchdog_timestamp, jiffies());
	for_each_online_cpu(cpu) {
		if (check_rq_for_timeouts(sch, cpu_rq(cpu)))
			break;
	}
	if (scx->watchdog_on)
		arm_watchdog(sch);
	WRITE_ONCE(scx->watchdog_working, false);
}

static void scx_watchdog_timerfn(struct mevent *ev)
{
	struct scx *scx = scx_state();

	BUG_ON(ev != &scx->watchdog_timer || scx->watchdog_working);
	scx->watchdog_working = true;
	ctx_spawn_service(scx_cpu_for_work(), "scx_watchdog", scx_watchdog_workfn, scx);
}

void scx_watchdog_init(void)
{
	struct mevent *timer = &scx_state()->watchdog_timer;

	mevent_init(timer, RANK_TIMER, 0, scx_watchdog_timerfn, "scx_watchdog");
	timer->background = true;
}

/* Load step 5 */
void scx_watchdog_start(void)
{
	struct scx *scx = scx_state();

	BUG_ON(!scx->root || scx->watchdog_on);
	scx->watchdog_on = true;
	WRITE_ONCE(scx->watchdog_timestamp, jiffies());
	arm_watchdog(scx->root);
}

/* D17; afterwards no work of it is under way. */
void scx_watchdog_stop(void)
{
	struct scx *scx = scx_state();

	scx->watchdog_on = false;
	mevent_disarm(&scx->watchdog_timer);
	await(&scx->watchdog_working, !scx->watchdog_working, "scx_watchdog");
	BUG_ON(mevent_pending(&scx->watchdog_timer));
}

/* WDOG-15, WDOG-16: does the watchdog itself still run? */
void scx_tick(struct rq *rq)
{
	struct scx *scx = scx_state();
	struct scx_sched *sch = scx->root;
	u64 since;

	if (!scx_enabled() || !sch)
		return;
	since = READ_ONCE(scx->watchdog_timestamp);
	if (unlikely(jiffies() > since + timeout_jiffies(sch))) {
		const struct stall_time t = stall_time(jiffies() - since);

		scx_exit(sch, SCX_EXIT_ERROR_STALL, 0, cpu_of(rq),
			 "watchdog failed to check in for %llu.%03us", (unsigned long long)t.s, t.ms);
	}
}

u64 scx_first_watchdog_tick(void)
{
	const struct scx *scx = scx_state();

	if (!scx->enabled || !scx->root || scx->root->exit_kind != SCX_EXIT_NONE)
		return UINT64_MAX;
	return (scx->watchdog_timestamp + timeout_jiffies(scx->root) + 1) * machine()->tick_ns;
}

/* TICK-01 to TICK-03 */
void task_tick_scx(struct rq *rq, struct task_struct *p)
{
	struct scx_sched *sch = scx_task_sched(p);

	lockdep_assert_rq_held(rq);
	BUG_ON(p != rq->curr);
	update_curr_scx(rq);
	if (scx_bypassing(sch, cpu_of(rq))) {
		if (!(p->scx.flags & SCX_TASK_PROTECTED))
			scx_set_task_slice(p, 0);
	} else if (SCX_HAS_OP(sch, SCXTWIN_OP_tick)) {
		SCX_CALL_OP_TASK(sch, tick, rq, 0, p);
	}
	if (!p->scx.slice)
		resched_curr(rq);
}
