/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Audits of the whole state. They read and never change it; what they find is
 * a BUG of the twin. Local invariants stand as assertions where the state
 * changes; these are the ones that need a walk.
 *
 *   queues.c   DSQ lists, trees, counts, cursors; runnable lists
 *   tasks.c    a task is in exactly one place; state word, custody, running
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <scxtwin/types.h>

/* Audit after every n-th event, between two steps of the run loop; 0: not. */
void check_install(u64 every_events);
/* Audits now; no context may be running. What a suspended context holds locked is left out. */
void check_audit(void);

/* for the files of this room */
void check_queues(void);
void check_tasks(void);

#endif /* CHECK_CHECK_H */
