/* SPDX-License-Identifier: GPL-2.0-only */
/* The public laboratory from inside. */
#ifndef LAB_INTERNAL_H
#define LAB_INTERNAL_H

#include <setjmp.h>

#include <scxtwin/lab.h>

#include "ext/internal.h"
#include "lab/bench.h"
#include "lab/hand.h"
#include "lab/point.h"

struct scxtwin_lab_hold {
	struct lab_hold *hold;
	struct lab_point point;		/* as it was asked for */
	char at[100];
	u64 since;			/* lab->passed.clock when it was named */
};

struct scxtwin_lab {
	struct bench bench;
	struct hand hand;
	struct passed_points passed;
	struct sched_ext_ops ops;
	bool up;			/* there is a machine */
	bool uses_hand, loaded;
	struct scxtwin_lab_hold holds[LAB_MAX_HOLDS];
	u32 nr_holds;
	struct scx_event_stats base;	/* counters when the policy was loaded */
	const struct scx_exit_info *seen_exit;
	char failure[1500];
	char text[4096];		/* what was asked for last */
	jmp_buf *audit;			/* where a BUG outside a run leads, NULL: nowhere */
};

/* Around all that is done with lab. False: it failed before, or is none. */
bool lab_enter(struct scxtwin_lab *lab);
/* The same for looks, which are also wanted after a failure. */
bool lab_enter_to_look(struct scxtwin_lab *lab);
void lab_leave(struct scxtwin_lab *lab);
/* The first failure is kept. */
void lab_fail(struct scxtwin_lab *lab, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Checks of what the user hands in; false: it was a failure. */
bool lab_has_cpu(struct scxtwin_lab *lab, int cpu);
bool lab_has_task(struct scxtwin_lab *lab, const struct task_struct *p);
/* The queue with that id, SCX_DSQ_LOCAL_ON for local ones. NULL: a failure. */
struct scx_dispatch_q *lab_dsq(struct scxtwin_lab *lab, u64 id);

#endif /* LAB_INTERNAL_H */
