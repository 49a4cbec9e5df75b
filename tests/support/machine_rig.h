/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine without a scheduler: CPUs, contexts, events and locks, and a test
 * that plays the rooms above. What happens is collected as text. One bench per
 * host thread.
 */
#ifndef TESTS_MACHINE_RIG_H
#define TESTS_MACHINE_RIG_H

#include "base/event_log.h"
#include "machine/context.h"

#define MACHINE_RIG_CPUS 64

struct machine_rig {
	struct sim sim;
	struct event_log log;
	char said[1 << 14];
	size_t used;
	const struct task_struct *curr[MACHINE_RIG_CPUS];	/* who may use a CPU in a call */
	void (*on_exit)(int cpu);	/* instead of doing nothing on the way out of the kernel */
	bool background_matters;
	u32 nr_exits;
	char bug[256];			/* condition and detail of a BUG in a run; the run was aborted */
};

void machine_rig_start(struct machine_rig *rig, const struct machine_config *cfg);
/* cfg: the default with nr_cpus and mode. */
void machine_rig_start_mode(struct machine_rig *rig, u32 nr_cpus, enum run_mode mode);
void machine_rig_stop(struct machine_rig *rig);
/* Adds words to the text, each with a blank behind it. */
void machine_rig_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* TESTS_MACHINE_RIG_H */
