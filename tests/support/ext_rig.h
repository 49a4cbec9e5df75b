/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A whole simulated machine with tasks that follow short scripts, for tests of
 * the port: no workload files, no policy loader. What the scheduler was called
 * for is collected as text, "op:pid op:pid ...". One bench per host thread.
 */
#ifndef TESTS_EXT_RIG_H
#define TESTS_EXT_RIG_H

#include "ext/internal.h"

enum ext_step_kind { STEP_RUN, STEP_SLEEP, STEP_YIELD, STEP_EXIT, STEP_AGAIN };

struct ext_step {
	enum ext_step_kind kind;
	u64 ns;		/* STEP_RUN */
};

struct ext_rig {
	struct sim sim;
	struct event_log log;
	struct scxtwin_observer obs;
	u64 ops_seen;		/* bits of enum scxtwin_op that go into the text */
	char calls[1 << 16];
	size_t calls_used;
	u64 nr_warnings;	/* WARN_ON_ONCE() that fired */
	char last_warning[256];
	int enable_ret;
};

/* Nodes share the CPUs evenly; cores_per_llc 0: one LLC per node. */
void ext_rig_start(struct ext_rig *rig, u32 nr_cpus, u32 smt, u32 cores_per_llc, u32 nr_nodes);
void ext_rig_start_cfg(struct ext_rig *rig, const struct machine_config *cfg);
void ext_rig_stop(struct ext_rig *rig);

/* fn(arg) in a service context, run to its end, and everything that follows at that instant. */
void ext_rig_service(struct ext_rig *rig, void (*fn)(void *arg), void *arg);
void ext_rig_run(struct ext_rig *rig, u64 ns);

/* Runs to the end of the script, the last step repeats; cpu -1: may run anywhere. */
struct task_struct *ext_rig_task(struct ext_rig *rig, const struct ext_step *steps, int cpu);
void ext_rig_wake(struct ext_rig *rig, struct task_struct *p);
/* What scx_enable() returned. */
int ext_rig_load(struct ext_rig *rig, const struct sched_ext_ops *ops);
void ext_rig_unload(struct ext_rig *rig);

void ext_rig_forget_calls(struct ext_rig *rig);

#endif /* TESTS_EXT_RIG_H */
