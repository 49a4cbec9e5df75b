/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tick and its elision. A tick is armed for the first grid instant at
 * which it could act; those left out could not have changed anything, so no
 * log shows whether elision is on.
 */
#include "ext/ext.h"
#include "sched/core.h"

/* TCK-01 */
static void sched_tick(struct mevent *ev)
{
	struct rq *rq = container_of(ev, struct rq, tick);

	machine_spend(COST_tick);
	raw_spin_rq_lock(rq);
	rq->last_tick = this_sim->now;
	update_rq_clock(rq);
	rq->curr->sched_class->task_tick(rq, rq->curr);
	scx_tick(rq);
	raw_spin_rq_unlock(rq);
	tick_reconsider(rq);
}

/* First instant from which a tick on rq could act; UINT64_MAX if none is needed. */
static u64 tick_needed_from(struct rq *rq)
{
	struct task_struct *curr = rq->curr;
	u64 from = 0, watchdog;

	if (curr == rq->idle || !cpu_online(rq->cpu))
		return UINT64_MAX; /* TCK-02 */
	if (!machine()->cfg.tick_elision)
		return 0;
	if (curr->sched_class->first_tick)
		from = curr->sched_class->first_tick(rq, curr);
	watchdog = scx_first_watchdog_tick();
	return watchdog < from ? watchdog : from;
}

/*
 * Without a yield point from the looks to the arming: nobody may make a tick
 * necessary in between, whose arming would then be undone.
 */
void tick_reconsider(struct rq *rq)
{
	const u64 from = tick_needed_from(rq);
	const u64 now = this_sim->now;
	u64 at;

	if (rq->tick.raised)
		return; /* due already, only its delivery is late */
	if (from == UINT64_MAX) {
		mevent_disarm(&rq->tick);
		return;
	}
	at = machine_tick_at_or_after(rq->cpu, from > now ? from : now);
	if (at == now && (rq->last_tick == now || !machine_still_to_come(RANK_TICK, rq->cpu)))
		at = machine_tick_at_or_after(rq->cpu, now + 1);
	if (!mevent_pending(&rq->tick) || rq->tick.time != at)
		mevent_arm(&rq->tick, at);
}

void tick_init(struct rq *rq)
{
	mevent_init(&rq->tick, RANK_TICK, rq->cpu, sched_tick, "tick");
	rq->tick.background = true;
	rq->last_tick = UINT64_MAX;
}
