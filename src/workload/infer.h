/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From scheduling events to demand. Events come in order of time; the result
 * is a recording.
 *
 * A burst is what a task ran between two sleeps; time in which it was
 * preempted is no demand. A wake counts as given by the task that ran on the
 * waking CPU, unless it came from an interrupt; then it is external and keeps
 * its instant. Where tasks ran is not kept: that is the policy's business.
 */
#ifndef WORKLOAD_INFER_H
#define WORKLOAD_INFER_H

#include "workload/recording.h"

struct infer;

/* A task as an event speaks of it. */
struct infer_task {
	s32 pid;
	const char *comm;	/* NULL: not known */
	s32 prio;		/* as in traces: 120 is nice 0, below 100 real time; INT32_MIN: not known */
};

enum infer_state { INFER_RUNNABLE, INFER_BLOCKED, INFER_DEAD };

/* Where an event was logged. */
struct infer_place {
	u64 at;			/* ns, any origin */
	u32 cpu;
	s32 current;		/* task that ran there according to the line, -1: not known */
	s32 tgid;		/* of it, 0: not known */
	const char *comm;	/* of it, comm_len bytes, NULL: not known */
	size_t comm_len;
	bool in_irq;
};

struct infer *infer_new(void);
void infer_free(struct infer *inf);

void infer_switch(struct infer *inf, const struct infer_place *place, const struct infer_task *prev,
		  enum infer_state state, const struct infer_task *next);
void infer_waking(struct infer *inf, const struct infer_place *place, const struct infer_task *t);
void infer_wakeup(struct infer *inf, const struct infer_place *place, const struct infer_task *t);
void infer_wakeup_new(struct infer *inf, const struct infer_place *place,
		      const struct infer_task *t);
void infer_fork(struct infer *inf, const struct infer_place *place, const struct infer_task *parent,
		const struct infer_task *child);
void infer_runtime(struct infer *inf, const struct infer_place *place, const struct infer_task *t,
		   u64 ns);
/* Events of this CPU are missing from here on; UINT32_MAX: of any. */
void infer_lost(struct infer *inf, u32 cpu);

/*
 * Ends all tasks at the last instant and writes. Fills the parts of the header
 * that follow from the events. by_task: each task is a group of its own.
 */
int infer_write(struct infer *inf, struct rec_header *header, bool by_task, const char *out,
		struct scxtwin_error *err);
/* Contradictions: switches away from a task that did not run, runs of tasks nobody woke. */
u64 infer_nr_inconsistencies(const struct infer *inf);

#endif /* WORKLOAD_INFER_H */
