/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Invariants of the twin. They read state and events and never change them;
 * what they find is a fault of the twin itself.
 *
 * Two kinds. Local ones take constant time and look at what was just changed: at
 * the release of an rq or DSQ lock, at entry to and return from callbacks, at each
 * transition of a state word. They are always on. Audits walk the whole state: at
 * the end of a run, every N events (--audit), after each step of an exploration.
 *
 *   check.c       where the two kinds are called from; how a violation is told
 *   place.c       a task is in exactly one place
 *   word.c        the state word: shape, transitions, brands
 *   companions.c  holding_cpu, sticky_cpu, the marker of direct dispatch, the stash
 *   custody.c     each custody ends with exactly one ops.dequeue()
 *   callbacks.c   order and alternation of callbacks
 *   queues.c      DSQs: list, tree, number, first task
 *   runqueue.c    rq: what waits, what runs, who was told
 *   placement.c   a task waits only where it may run
 *   immed.c       IMMED tasks and re-enqueues are counted right
 *   promise.c     an IMMED task runs at once or is given back
 *   locks.h       what may be held when
 *   bypass.c      depth, switches and queues of bypass
 *   time.c        tasks are charged the time they had a CPU
 *   progress.c    forgotten tasks
 *
 * Beside these stand the assertions of src/ext, src/sched and src/machine, which
 * include every WARN and BUG of the kernel's own.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <stddef.h>

#include <scxtwin/types.h>

/* Local invariants from here on. this_sim must be assembled up to the scheduler. */
int check_install(void);
/* No invariants any more, neither local ones nor audits: somebody is about to spoil the state by hand. */
void check_remove(void);
/* Audits as well, after every n-th event, between two steps of the run loop; 0: not. */
void check_audit_every(u64 n);
/* Audits now; no context may be running. What a suspended context holds locked is left out. */
void check_audit(void);

/*
 * Nothing is left to happen but ticks and timers of the kernel itself. True if
 * a task is runnable all the same; text says which, and who has it.
 */
bool check_forgotten_task(char *text, size_t size);

/* Tells of each IMMED task that has to wait although the twin is right: which, where, by which rule. */
void check_report_lingering(void (*lingers)(const char *text));

#endif /* CHECK_CHECK_H */
