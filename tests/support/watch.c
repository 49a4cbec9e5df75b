/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/watch.h"

#include <string.h>

#include "machine/chooser.h"
#include "support/orders.h"

#define MAX_TASKS 16

struct shadow {
	struct task_struct *p;
	s32 pid;
	u64 word;
	u32 qseq, flags;
	s32 holding;
	struct ctx *claimer;		/* between T5 and T7 or T8 */
	bool deq_owed;			/* custody ended, ops.dequeue() did not begin yet */
	u32 entered, left;
	u64 transitions[NR_WATCH_TRANSITIONS];
	int who[NR_WATCH_TRANSITIONS];
};

static struct {
	u32 (*choose)(struct chooser *c, const struct choice *choices, u32 nr);
	struct shadow tasks[MAX_TASKS];
	u32 nr_tasks;
	u64 sights[NR_WATCH_SIGHTS], transitions[NR_WATCH_TRANSITIONS];
} watch;

#define MUST(id, cond)									\
	do {										\
		if (!(cond))								\
			proves_fail(__FILE__, __LINE__, "%s: does not hold: %s", (id), #cond); \
	} while (0)

static bool is_free(const raw_spinlock_t *lock)
{
	return !lock->owner;
}

static bool rq_free(const struct task_struct *p)
{
	return is_free(&task_rq(p)->__lock);
}

static bool is_linked(const struct task_struct *p)
{
	return !list_empty(&p->scx.dsq_list.node);
}

static bool list_has(const struct list_head *list, const struct list_head *node)
{
	const struct list_head *pos;

	for (pos = list->next; pos != list; pos = pos->next)
		if (pos == node)
			return true;
	return false;
}

static void saw(enum watch_sight sight)
{
	watch.sights[sight]++;
}

static const raw_spinlock_t *lock_of(const struct scx_dispatch_q *dsq)
{
	return dsq_is_local(dsq) ? &dsq_rq((struct scx_dispatch_q *)dsq)->__lock : &dsq->lock;
}

/* ---- transitions */

static bool holds_own_rq(const struct ctx *ctx)
{
	u32 i;

	for (i = 0; i < nr_cpu_ids(); i++)
		if (cpu_rq((int)i)->__lock.owner == ctx)
			return true;
	return false;
}

static void count_transition(struct shadow *s, enum watch_transition t, const struct ctx *who)
{
	s->transitions[t]++;
	s->who[t] = (int)who->cpu;
	watch.transitions[t]++;
}

static void check_transition(struct shadow *s, u64 now, struct ctx *who)
{
	const u64 was = s->word;
	const bool locked = task_rq(s->p)->__lock.owner == who;

	switch (was & 3) {
	case SCX_OPSS_NONE:
		MUST("OPSS-13", (now & 3) == SCX_OPSS_QUEUEING);
		MUST("OPSS-06 OPSS-07", s->p->scx.ops_qseq == (s->qseq == UINT32_MAX ? 1 : s->qseq + 1));
		MUST("OPSS-08", now >> 2 == s->p->scx.ops_qseq);
		MUST("T1", locked);
		s->qseq = s->p->scx.ops_qseq;
		count_transition(s, WATCH_T1, who);
		break;
	case SCX_OPSS_QUEUEING:
		MUST("OPSS-13", now == ((was & ~3ULL) | SCX_OPSS_QUEUED) || now == 0);
		MUST("T2 T3", locked);
		count_transition(s, now ? WATCH_T2 : WATCH_T3_T4, who);
		break;
	case SCX_OPSS_QUEUED:
		MUST("OPSS-13", now == SCX_OPSS_DISPATCHING || now == 0);
		if (now) {
			MUST("T5", holds_own_rq(who));
			s->claimer = who;
		} else {
			MUST("T6", locked);
		}
		count_transition(s, now ? WATCH_T5 : WATCH_T6, who);
		break;
	default:
		MUST("OPSS-13", now == 0);
		MUST("T7 T8", who == s->claimer);
		MUST("T7 T8", holds_own_rq(who));
		s->claimer = NULL;
		count_transition(s, WATCH_T7_T8, who);
	}
}

/* ---- one task */

static void check_word(struct shadow *s)
{
	const struct task_struct *p = s->p;
	const u64 word = lab_word(p);
	const struct ctx *owner = task_rq(p)->__lock.owner;

	switch (word & 3) {
	case SCX_OPSS_NONE:
		saw(WATCH_NONE);
		MUST("OPSS-INV-01", word == 0);
		break;
	case SCX_OPSS_QUEUEING:
		saw(WATCH_QUEUEING);
		MUST("OPSS-INV-04", word >> 2 && owner);
		if (((const struct scx_ctx *)owner->ext_area)->op == SCXTWIN_OP_enqueue + 1) {
			const struct task_struct *mark = cpu_rq((int)owner->cpu)->scx.direct_dispatch_task;

			saw(WATCH_IN_ENQUEUE_OP);
			MUST("OPSS-INV-04", mark == p || mark == SCX_DDSP_POISON);
		}
		break;
	case SCX_OPSS_QUEUED:
		saw(WATCH_QUEUED);
		MUST("OPSS-INV-02", word >> 2);
		MUST("OPSS-INV-02", !p->scx.dsq && !is_linked(p));
		MUST("OPSS-INV-02", p->scx.flags & SCX_TASK_QUEUED);
		/* A dequeue unlinks it first (Q1). */
		if (!owner)
			MUST("OPSS-INV-02", list_has(&task_rq(p)->scx.runnable_list, &p->scx.runnable_node));
		MUST("OPSS-INV-03", p->scx.flags & SCX_TASK_IN_CUSTODY);
		break;
	default:
		saw(WATCH_DISPATCHING);
		MUST("OPSS-INV-01", word == 3);
	}
}

static void check_place(struct shadow *s)
{
	const struct task_struct *p = s->p;
	const struct scx_dispatch_q *dsq = p->scx.dsq;
	const u64 state = lab_word(p) & 3;

	if (p->scx.holding_cpu >= 0) {
		saw(WATCH_HOLDING);
		MUST("OPSS-INV-05", !is_linked(p));
		/*
		 * Besides NONE and DISPATCHING: a consumer finds a task on a global
		 * or user DSQ between N6 and T3 of its enqueue, and waits for R(p).
		 */
		MUST("OPSS-INV-05", state != SCX_OPSS_QUEUED);
		if (state == SCX_OPSS_QUEUEING)
			MUST("OPSS-INV-05", dsq && !dsq_is_local(dsq) && !rq_free(p));
		MUST("OPSS-INV-13", s->holding == -1 || s->holding == p->scx.holding_cpu);
	}
	if (dsq && p->scx.holding_cpu >= 0) {
		saw(WATCH_HOLDING_CONSUMER);
		MUST("OPSS-INV-07", !is_linked(p));
	}
	if (dsq && p->scx.holding_cpu < 0 && rq_free(p) && is_free(lock_of(dsq))) {
		saw(WATCH_ON_DSQ);
		MUST("OPSS-INV-06", list_has(&dsq->list, &p->scx.dsq_list.node));
	}
	if (!dsq && is_linked(p) && state != SCX_OPSS_DISPATCHING) {
		if (list_has(&task_rq(p)->scx.ddsp_deferred_locals, &p->scx.dsq_list.node))
			saw(WATCH_DEFERRED);
		else /* half linked, or on the private list of a walk */
			MUST("OPSS-INV-08", !rq_free(p));
	}
	if (p->scx.sticky_cpu >= 0) {
		saw(WATCH_STICKY);
		MUST("OPSS-INV-09", p->on_rq == TASK_ON_RQ_MIGRATING || !rq_free(p));
		if (p->cpu == p->scx.sticky_cpu)
			MUST("OPSS-INV-09", !(p->scx.flags & SCX_TASK_QUEUED));
	}
	if (task_rq(p)->curr == p && p->scx.flags & SCX_TASK_QUEUED && rq_free(p)) {
		saw(WATCH_CURRENT);
		MUST("OPSS-INV-10", !lab_word(p) && !dsq && !(p->scx.flags & SCX_TASK_IN_CUSTODY));
		MUST("OPSS-INV-10", list_empty(&p->scx.runnable_node));
	}
}

static void check_custody(struct shadow *s, const struct ctx *who)
{
	const bool was = s->flags & SCX_TASK_IN_CUSTODY, is = s->p->scx.flags & SCX_TASK_IN_CUSTODY;

	if (!was && is) {
		MUST("CUST-14 OPSS-40", !s->deq_owed);
		s->entered++;
	}
	if (was && !is) {
		MUST("CUST-08", task_rq(s->p)->__lock.owner == who || s->claimer == who);
		s->left++;
		s->deq_owed = SCX_HAS_OP(scx_root, SCXTWIN_OP_dequeue);
	}
}

/* ---- queues */

static void check_dsq(const struct scx_dispatch_q *dsq)
{
	const struct scx_dsq_list_node *n;
	u32 nr = 0;

	list_for_each_entry(n, &dsq->list, node) {
		if (n->flags & SCX_DSQ_LNODE_ITER_CURSOR)
			continue;
		nr++;
		MUST("OPSS-39", (lab_word(container_of(n, struct task_struct, scx.dsq_list)) & 3) !=
				SCX_OPSS_QUEUED);
	}
	if (is_free(lock_of(dsq))) {
		saw(WATCH_DSQS);
		MUST("OPSS-INV-15", nr == dsq->nr);
	}
}

static void check_queues(void)
{
	const struct scx_dispatch_q *dsq;
	u32 i;

	for (i = 0; i < nr_cpu_ids(); i++) {
		const struct rq *rq = cpu_rq((int)i);

		check_dsq(&rq->scx.local_dsq);
		if (rq->scx.remote_activate_enq_flags) {
			saw(WATCH_STASH);
			MUST("OPSS-INV-11", !is_free(&rq->__lock));
		}
	}
	if (!scx_root)
		return;
	list_for_each_entry(dsq, &scx_root->all_dsqs, all_node)
		check_dsq(dsq);
	for (i = 0; i < nr_node_ids(); i++)
		check_dsq(&scx_root->global_dsqs[i]);
	for (i = 0; i < nr_cpu_ids(); i++)
		check_dsq(bypass_dsq(scx_root, (int)i));
}

static void check_marker(const struct ctx *ctx, const struct choice *step)
{
	const s32 op = ((const struct scx_ctx *)ctx->ext_area)->op - 1;
	const bool begins = step->kind == YIELD_CALL &&
			    (!strcmp(step->label, "ops.enqueue") || !strcmp(step->label, "ops.select_cpu"));

	if (op == SCXTWIN_OP_enqueue || op == SCXTWIN_OP_select_cpu || begins)
		saw(WATCH_MARKER);
	else
		MUST("OPSS-INV-12", !cpu_rq((int)ctx->cpu)->scx.direct_dispatch_task);
}

/* ---- every step */

static struct shadow *shadow_of(struct task_struct *p)
{
	struct shadow *s;
	u32 i;

	for (i = 0; i < watch.nr_tasks; i++)
		if (watch.tasks[i].p == p && watch.tasks[i].pid == p->pid)
			return &watch.tasks[i];
	BUG_ON(watch.nr_tasks == MAX_TASKS);
	s = &watch.tasks[watch.nr_tasks++];
	*s = (struct shadow){ .p = p, .pid = p->pid, .word = lab_word(p), .qseq = p->scx.ops_qseq,
			      .flags = p->scx.flags, .holding = p->scx.holding_cpu };
	memset(s->who, -1, sizeof(s->who));
	return s;
}

static void look_at(struct task_struct *p, const struct choice *step)
{
	struct shadow *s = shadow_of(p);
	struct ctx *who = step->context;

	if (lab_word(p) != s->word)
		check_transition(s, lab_word(p), who);
	check_word(s);
	check_place(s);
	check_custody(s, who);
	if (s->claimer == who && step->kind == YIELD_LOCK && strstr(step->label, "rq"))
		MUST("OPSS-43", step->obj != &task_rq(p)->__lock);
	if (step->kind == YIELD_CALL && step->obj == p && !strcmp(step->label, "ops.dequeue"))
		s->deq_owed = false;
	s->word = lab_word(p);
	if (rq_free(p)) /* it is advanced a step before T1 */
		s->qseq = p->scx.ops_qseq;
	s->flags = p->scx.flags;
	s->holding = p->scx.holding_cpu;
}

void watch_look(const struct choice *step)
{
	struct task_core *t;

	list_for_each_entry(t, &core_sched()->tasks, all_node)
		look_at(&t->task, step);
	check_queues();
	check_marker(step->context, step);
}

static u32 look_and_choose(struct chooser *c, const struct choice *choices, u32 nr)
{
	if (choices[0].current)
		watch_look(&choices[0]);
	return watch.choose(c, choices, nr);
}

void watch_start(void)
{
	struct chooser *c = machine()->chooser;

	BUG_ON(machine()->cfg.mode != RUN_EXPLORED || !c->asks_always);
	memset(&watch, 0, sizeof(watch));
	watch.choose = c->choose;
	c->choose = look_and_choose;
	orders_keep(&watch, sizeof(watch));
}

u64 watch_saw(enum watch_sight sight)
{
	return watch.sights[sight];
}

u64 watch_transitions(struct task_struct *p, enum watch_transition t)
{
	return p ? shadow_of(p)->transitions[t] : watch.transitions[t];
}

u32 watch_entered(const struct task_struct *p)
{
	return shadow_of((struct task_struct *)p)->entered;
}

u32 watch_left(const struct task_struct *p)
{
	return shadow_of((struct task_struct *)p)->left;
}

int watch_who(struct task_struct *p, enum watch_transition t)
{
	return shadow_of(p)->who[t];
}
