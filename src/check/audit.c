/* SPDX-License-Identifier: GPL-2.0-only */
#include "check/check.h"

#include "base/event_log.h"
#include "base/mem.h"
#include "machine/machine.h"

/* Lives in the arena: goes with the simulation. */
struct auditor {
	struct scxtwin_observer obs;
	struct mevent ev;
	u64 every, countdown;
};

static void audit_due(struct mevent *ev)
{
	(void)ev;
	check_audit();
}

/* Records come in the middle of paths; the audit waits until the loop is between two steps. */
static void count_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct auditor *a = obs->data;

	(void)ev;
	if (--a->countdown)
		return;
	a->countdown = a->every;
	if (!mevent_pending(&a->ev))
		mevent_arm(&a->ev, this_sim->now);
}

void check_install(u64 every_events)
{
	struct auditor *a;

	if (!every_events)
		return;
	a = arena_zalloc(this_sim->arena, sizeof(*a));
	BUG_ON(!a);
	a->every = a->countdown = every_events;
	a->obs.event = count_event;
	a->obs.data = a;
	mevent_init(&a->ev, RANK_WAKE, 0, audit_due, "audit");
	a->ev.background = true;
	event_log_observe(this_sim->events, &a->obs);
}

void check_audit(void)
{
	check_queues();
	check_tasks();
}
