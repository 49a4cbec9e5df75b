/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Callbacks, counters and kfuncs as text, and expectations of such text:
 *
 *	enqueue			with any numbers
 *	enqueue(0x9)		with this one; flags are hexadecimal, the rest decimal
 *	enqueue(0x9)@1		executed by CPU 1; also enqueue@1
 *	p:enqueue		of task p, where all tasks are asked about
 *	...			any others, or none
 *	+REFILL_SLICE_DFL	counter
 *	.dsq_insert		kfunc that changed or decided something
 */
#ifndef LAB_RECORD_H
#define LAB_RECORD_H

#include <scxtwin/event.h>
#include <scxtwin/ops.h>

struct record_entry {
	struct scxtwin_event ev;
	bool seen;
};

struct record {
	struct scxtwin_observer obs;
	struct record_entry *entries;
	u32 nr, size;
};

/* Notes what happens in this_sim from now on. */
void record_begin(struct record *r);
void record_free(struct record *r);
/*
 * What was not asked for before, of p (NULL: of all, with names) in order; all: counters
 * and kfuncs as well. forget: it is not given again. Valid until the next call.
 */
const char *record_text(struct record *r, const struct task_struct *p, bool all, bool forget);
bool record_matches(const char *expected, const char *got);
/* enum scx_event_id by the name of its counter, -1: there is none. */
int record_counter(const char *name);
const char *record_counter_name(u32 id);

#endif /* LAB_RECORD_H */
