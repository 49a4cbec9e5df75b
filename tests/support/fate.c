/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/fate.h"

#include <stdio.h>
#include <string.h>

#include "machine/chooser.h"
#include "support/orders.h"

#define MAX_TASKS	6
#define MAX_WALKS	8
#define MAX_TEXT	96

struct task_fate {
	struct task_struct *p;
	char name[TASK_COMM_LEN];	/* p may end */
	char text[MAX_TEXT];
};

struct walk {
	int cpu;
	u32 cutoff;			/* dsq->seq as it read it */
	u32 visits[MAX_TASKS];
};

static struct {
	void (*look)(enum scxtwin_op op, struct task_struct *p, u64 arg);
	struct task_fate tasks[MAX_TASKS];
	u32 nr_tasks;
	struct scx_dispatch_q *dsq;
	struct walk walks[MAX_WALKS];
	u32 nr_walks;
	u32 nr_unseen;			/* visits by a walk that was not seen to begin */
} fate;

static struct task_fate *find(const struct task_struct *p)
{
	u32 i;

	for (i = 0; i < fate.nr_tasks; i++)
		if (fate.tasks[i].p == p)
			return &fate.tasks[i];
	return NULL;
}

static const char *word_for(enum scxtwin_op op, u64 arg)
{
	switch (op) {
	case SCXTWIN_OP_enqueue:
		return arg & SCX_ENQ_REENQ ? "walked" : "queued";
	case SCXTWIN_OP_dequeue:
		return arg & SCX_DEQ_SCHED_CHANGE ? "changed" : arg ? "dequeued" : "left";
	case SCXTWIN_OP_running:
		return "runs";
	case SCXTWIN_OP_stopping:
		return "stops";
	case SCXTWIN_OP_quiescent:
		return arg & SCX_DEQ_SCHED_CHANGE ? NULL : "slept";
	default:
		return NULL;
	}
}

/* ---- walks */

static bool before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static struct walk *walk_of(int cpu)
{
	u32 i;

	for (i = fate.nr_walks; i-- > 0;)
		if (fate.walks[i].cpu == cpu)
			return &fate.walks[i];
	return NULL;
}

/* p->scx.dsq_seq is still that of the stay which the walk has just ended. */
static void note_visit(const struct task_fate *f)
{
	struct walk *w = walk_of(smp_processor_id());

	if (!w) {
		fate.nr_unseen++;
		return;
	}
	PROVES("REENQ-61 DSQ-130", !before(w->cutoff, f->p->scx.dsq_seq));
	PROVES("REENQ-61 REENQ-65", ++w->visits[f - fate.tasks] == 1);
}

static void note_walk(void *data, const struct choice *stands, const struct choice *goes)
{
	(void)data;
	(void)stands;
	if (!fate.dsq || goes->event || goes->kind != YIELD_READ || goes->obj != &fate.dsq->seq ||
	    strcmp(goes->label, "dsq->seq") != 0)
		return;
	BUG_ON(fate.nr_walks == MAX_WALKS);
	fate.walks[fate.nr_walks++] = (struct walk){ .cpu = (int)goes->cpu, .cutoff = fate.dsq->seq };
}

void walks_follow(struct scx_dispatch_q *dsq)
{
	static const struct orders_hook hook = { .step = note_walk };

	fate.dsq = dsq;
	orders_set_hook(&hook);
}

u32 walks_begun(void)
{
	return fate.nr_walks;
}

void walks_skipped_nobody(void)
{
	struct task_struct *p;
	u32 i;

	BUG_ON(fate.nr_unseen);
	list_for_each_entry(p, &fate.dsq->list, scx.dsq_list.node) {
		for (i = 0; i < fate.nr_walks; i++)
			PROVES("REENQ-61", before(fate.walks[i].cutoff, p->scx.dsq_seq));
	}
}

/* ---- fates */

static void look(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	struct task_fate *f = p ? find(p) : NULL;
	const char *word = word_for(op, arg);

	if (f && word) {
		const size_t len = strlen(f->text);

		BUG_ON((size_t)snprintf(f->text + len, MAX_TEXT - len, " %s", word) >= MAX_TEXT - len);
		if (fate.dsq && op == SCXTWIN_OP_enqueue && arg & SCX_ENQ_REENQ)
			note_visit(f);
	}
	fate.look(op, p, arg);
}

void fate_start(void)
{
	memset(&fate, 0, sizeof(fate));
	fate.look = say.look;
	say.look = look;
	orders_set_hook(NULL);
	orders_keep(&fate, sizeof(fate));
}

void fate_of(struct task_struct *p)
{
	struct task_fate *f = &fate.tasks[fate.nr_tasks];

	BUG_ON(fate.nr_tasks++ == MAX_TASKS);
	f->p = p;
	snprintf(f->name, sizeof(f->name), "%s", p->comm);
}

const char *fates(void)
{
	static char text[MAX_TASKS * MAX_TEXT];
	size_t len = 0;
	u32 i;

	for (i = 0; i < fate.nr_tasks; i++) {
		const struct task_fate *f = &fate.tasks[i];

		if (*f->text)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%s", len ? ", " : "", f->name, f->text);
	}
	return len ? text : "nothing";
}
