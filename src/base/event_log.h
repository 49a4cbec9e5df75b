/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where records go: into the digest lanes first, then to the observers.
 * event_emit() is on every hot path and allocates nothing.
 */
#ifndef BASE_EVENT_LOG_H
#define BASE_EVENT_LOG_H

#include <scxtwin/event.h>

#include "base/digest.h"
#include "base/sim.h"

struct event_log {
	struct digest digest;
	u64 count;
	u64 nr_kind[SCXTWIN_NR_EVENT_KINDS];
	struct scxtwin_observer *observers;
};

void event_log_init(struct event_log *log);
void event_log_observe(struct event_log *log, struct scxtwin_observer *obs);
void event_log_unobserve(struct event_log *log, struct scxtwin_observer *obs);
void __event_notify(struct event_log *log, const struct scxtwin_event *ev);

static inline void event_emit(u16 kind, int cpu, s32 task, u64 a, u64 b, u64 c, u64 d)
{
	struct event_log *log = this_sim->events;
	const struct scxtwin_event ev = {
		.time_ns = this_sim->now, .kind = kind, .cpu = (u16)cpu, .task = task,
		.a = a, .b = b, .c = c, .d = d,
	};

	digest_record(&log->digest, &ev);
	log->count++;
	log->nr_kind[kind]++;
	if (log->observers)
		__event_notify(log, &ev);
}

#endif /* BASE_EVENT_LOG_H */
