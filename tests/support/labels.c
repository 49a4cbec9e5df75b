/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ext/internal.h"

#define MAX_CTX		64
#define MAX_PAIRS	512
#define NR_FAMILIES	('Z' - 'A' + 1)

/* ---- what is known of a context */

/* Since its last labelled step, of one family or of all. */
struct since {
	const char *label;	/* NULL: none yet */
	bool acted;
	u8 waits;		/* WAITS_* */
};

#define WAITS_P	1U	/* for the rq lock of the task */
#define WAITS_D 2U	/* for a DSQ's lock */
#define WAITS_X 4U	/* for another rq lock */
#define WAITS_PI 8U

struct walker {
	struct task_struct *p;
	const struct scx_dispatch_q *dsq;
	u64 seen;			/* word as Q2 read it */
	bool tested;			/* the target of a dance was looked at */
	struct since any, family[NR_FAMILIES];
};

struct pair {
	const char *from, *to;
	u64 acted, waits_p, waits_d, waits_x, waits_pi;
};

/* A step that is going on: what it does is known when the next one begins. */
struct step {
	bool valid;
	struct choice c;
	struct walker *w;
	struct task_struct *p;
	u64 word;
	u32 flags;
};

static struct {
	struct walker walkers[MAX_CTX];
	u32 nr_walkers;			/* beyond the highest seen in this execution */
	struct step now;
	struct pair pairs[MAX_PAIRS];
	u32 nr_pairs;
} labels;

/* ---- recognising */

static struct task_struct *task_at(const void *obj)
{
	struct task_core *t;

	list_for_each_entry(t, &core_sched()->tasks, all_node)
		if ((const char *)obj >= (const char *)t && (const char *)obj < (const char *)(t + 1))
			return &t->task;
	return NULL;
}

static const struct scx_dispatch_q *dsq_at(const struct choice *c)
{
	if (c->kind == YIELD_LOCK && !strcmp(c->label, "dsq->lock"))
		return container_of(c->obj, struct scx_dispatch_q, lock);
	if (!strcmp(c->label, "dsq->list"))
		return container_of(c->obj, struct scx_dispatch_q, list);
	return NULL;
}

static u64 state(u64 word)
{
	return scx_opss_state(word);
}

/* What a row may ask for besides kind and label: s as it was before, its task as it is now. */
static bool to_queueing(const struct step *s) { return !state(s->word) && state((u64)s->p->scx.ops_state.counter) == SCX_OPSS_QUEUEING; }
static bool to_queued(const struct step *s) { return state(s->word) == SCX_OPSS_QUEUEING && state((u64)s->p->scx.ops_state.counter) == SCX_OPSS_QUEUED; }
static bool ends_queueing(const struct step *s) { return state(s->word) == SCX_OPSS_QUEUEING && !s->p->scx.ops_state.counter; }
static bool is_deferred(const struct step *s) { return ends_queueing(s) && !s->p->scx.dsq; }
static bool to_none(const struct step *s) { return !s->p->scx.ops_state.counter; }
static bool claims(const struct step *s) { return state(s->word) == SCX_OPSS_QUEUED; }
static bool is_claimed(const struct step *s) { return state(s->word) == SCX_OPSS_DISPATCHING; }
static bool saw_queued(const struct step *s) { return state(s->w->seen) == SCX_OPSS_QUEUED; }
static bool enters_custody(const struct step *s) { return s->p->scx.flags & SCX_TASK_IN_CUSTODY && state(s->word) == SCX_OPSS_QUEUEING; }
static bool leaves_custody(const struct step *s) { return s->flags & SCX_TASK_IN_CUSTODY && !(s->p->scx.flags & SCX_TASK_IN_CUSTODY); }
static bool is_held(const struct step *s) { return s->p->scx.holding_cpu >= 0; }
static bool is_let_go(const struct step *s) { return s->p->scx.holding_cpu < 0; }
static bool is_let_go_tested(const struct step *s) { return is_let_go(s) && s->w->tested; }
static bool unlinked(const struct step *s) { return s->p->scx.runnable_cpu < 0 && s->p->scx.sticky_cpu < 0; }
static bool unlinked_silently(const struct step *s) { return s->p->scx.runnable_cpu < 0 && s->p->scx.sticky_cpu >= 0; }
static bool linked(const struct step *s) { return s->p->scx.runnable_cpu >= 0; }
static bool migrating(const struct step *s) { return s->p->on_rq == TASK_ON_RQ_MIGRATING && s->p->scx.sticky_cpu >= 0; }
static bool arrived(const struct step *s) { return s->p->on_rq == TASK_ON_RQ_QUEUED; }
static bool in_dispatch(const struct step *s) { return ((const struct scx_ctx *)s->c.context->ext_area)->op == SCXTWIN_OP_dispatch + 1; }
static bool on_local(const struct step *s) { return dsq_at(&s->c) ? dsq_is_local(dsq_at(&s->c)) : s->w->dsq && dsq_is_local(s->w->dsq); }
static bool not_moving(const struct step *s) { const char *m = s->w->family['M' - 'A'].label; return !m || strcmp(m, "M4"); }

/*
 * In this order; the first row that fits names the step. after: labels one of
 * which the context passed last, "" for any; small letters and 0 are steps without a
 * label of their own, by which others are told.
 */
static const struct row {
	const char *label, *after;
	u32 kinds;
	const char *at;		/* is part of the label of the yield point */
	bool (*fits)(const struct step *s);
} rows[] = {
#define RD	(1U << YIELD_READ)
#define WR	(1U << YIELD_WRITE)
#define RMW	(1U << YIELD_RMW)
#define LK	(1U << YIELD_LOCK)
#define UL	(1U << YIELD_UNLOCK)
#define AW	(1U << YIELD_AWAIT)
#define CL	(1U << YIELD_CALL)
	/* enqueue */
	{ "E1", "", WR, "ops_state", to_queueing },
	{ "E3", "E1 E3 I0", CL, "ops.enqueue", NULL },
	{ "E6", "E3", RMW, "scx.flags", enters_custody },
	{ "E7", "E6", WR, "ops_state", to_queued },
	{ "Ed3", "", WR, "ops_state", is_deferred },
	/* insert and flush */
	{ "I0", "", CL, "scx_bpf_dsq_insert", in_dispatch },
	{ "I1", "I0", RD, "ops_state", NULL },
	{ "V0", "", CL, "scx_bpf_dsq_move", NULL },
	{ "V1", "V0", RD, "p->cpu", NULL },
	{ "V2", "V1", LK, "rq_lock", NULL },
	{ "V3", "V2", LK, "dsq->lock", NULL },
	{ "V4", "V3", RD, "holding_cpu", NULL },
	{ "V7", "V4", RD, "ops_state", NULL },
	{ "V8", "V7 V8", RD, "migration_disabled", NULL },
	{ "V8", "V8", RD, "cpus_ptr", NULL },
	{ "V9", "V7 V8", WR, "dsq->list", NULL },
	{ "V9", "V9", WR, "dsq->nr", NULL },
	{ "V9", "V9", WR, "dsq->first_task", NULL },
	{ "V9", "V7 V8 V9", UL, "dsq->lock", NULL },
	/* dequeue */
	{ "M3", "M2", WR, "runnable_cpu", unlinked_silently },
	{ "Q1", "", WR, "runnable_cpu", unlinked },
	{ "Q2", "Q1 W1", RD, "ops_state", NULL },
	{ "Q3", "Q2", RD, "scx.flags", saw_queued },
	{ "W1", "Q3", AW, "wait_ops_state", NULL },
	{ "Q4", "Q3", RMW, "ops_state", NULL },
	{ "Q5", "Q2 Q4", AW, "wait_ops_state", NULL },
	{ "Q6", "Q5", RD, "ops_state", NULL },
	{ "Q7", "Q2 Q4 Q6", RD, "scx.flags", NULL },
	{ "Q7", "Q7", RMW, "scx.flags", leaves_custody },
	{ "Q8", "Q7 Q8", CL, "ops.dequeue", NULL },
	{ "Q9", "Q7 Q8 Q9", CL, "ops.stopping", NULL },
	{ "Q9", "Q7 Q8 Q9", CL, "ops.quiescent", NULL },
	{ "Q10", "Q7 Q8 Q9 Q10", RMW, "scx.flags", NULL },
	{ "Q11", "Q10", LK, "dsq->lock", NULL },
	{ "Q11", "Q10 Q11", RD | WR, "holding_cpu", NULL },
	{ "Q11", "Q11", WR, "dsq->", NULL },
	{ "Q11", "Q11", UL, "dsq->lock", NULL },
	/* pick */
	{ "P2", "Q7 Q8", RD, "holding_cpu", NULL },
	{ "P2", "Q7 Q8", LK, "dsq->lock", NULL },
	{ "P2", "P2", RD | WR, "holding_cpu", NULL },
	{ "P2", "P2", WR, "dsq->", NULL },
	{ "P2", "P2", UL, "dsq->lock", NULL },
	{ "P3", "P2 P3", CL, "ops.running", NULL },
	/* consume */
	{ "C1", "", RD, "dsq->list", NULL },
	{ "C2", "C1", LK, "dsq->lock", NULL },
	{ "C3", "C2", RD, "aborting", NULL },
	{ "C4", "C3", WR, "dsq->list", NULL },
	{ "C4", "C4", WR, "dsq->nr", NULL },
	{ "C4", "C4", WR, "dsq->first_task", NULL },
	{ "C5", "C4", WR, "holding_cpu", is_held },
	{ "C6", "C4 C5", UL, "dsq->lock", NULL },
	{ "C7", "C6", UL, "rq_lock", NULL },
	{ "C7", "C7", LK, "rq_lock", NULL },
	{ "C8", "C7", RD, "holding_cpu", NULL },
	{ "C9", "C6 C8", RD, "ops_state", NULL },
	{ "C9", "C9", AW, "wait_ops_state", NULL },
	{ "C10", "C9", WR, "dsq->list", on_local },
	{ "C10", "C10", WR, "dsq->nr", NULL },
	{ "C10", "C10", RD | RMW, "scx.flags", NULL },
	{ "C10", "C10", CL, "ops.dequeue", NULL },
	{ "C11", "C8", UL, "rq_lock", NULL },
	{ "C11", "C11", LK, "rq_lock", NULL },
	/* lock dance and remote move */
	{ "M2", "", WR, "on_rq", migrating },
	{ "M4", "M3", WR, "p->cpu", NULL },
	{ "M5", "M4", UL, "rq_lock", NULL },
	{ "M5", "M5", LK, "rq_lock", NULL },
	{ "M7", "M5", WR, "runnable_cpu", linked },
	{ "L1", "F4", WR, "holding_cpu", is_held },
	{ "L2", "L1", WR, "ops_state", to_none },
	{ "L3a", "L2", UL, "rq_lock", NULL },
	{ "L3b", "L3a", LK, "rq_lock", NULL },
	{ "L4", "L2 L3b", RD, "holding_cpu", NULL },
	{ "L5b", "L4", WR, "holding_cpu", is_let_go_tested },
	{ "L5a", "L4", WR, "holding_cpu", is_let_go },
	/* flush */
	{ "F3", "F1", RMW, "ops_state", claims },
	{ "F4", "F3", RD, "scx.flags", is_claimed },
	/* into a DSQ with a lock of its own, into a local one */
	{ "N1", "F4 E3 L5b V9", LK, "dsq->lock", NULL },
	{ "N4", "N1 N4", WR, "dsq->", NULL },
	{ "N5", "N4", RD | RMW, "scx.flags", NULL },
	{ "N5", "N5", RMW, "scx.flags", NULL },
	{ "N6", "N5", UL, "dsq->lock", NULL },
	{ "N7", "N6 N7", CL, "ops.dequeue", NULL },
	{ "N8", "N6 N7", WR, "ops_state", to_none },
	{ "S1", "F4 E3 L5a M7", WR, "dsq->list", on_local },
	{ "S1", "S1", WR, "dsq->", NULL },
	{ "S2", "S1", RD | RMW, "scx.flags", NULL },
	{ "S2", "S2", RMW, "scx.flags", NULL },
	{ "S2", "S2", CL, "ops.dequeue", NULL },
	{ "S4", "S1 S2", WR, "ops_state", to_none },
	{ "F1", "I1 F1 F3 F4 N8 S4 L7 S2 N6 N7 M8", RD, "ops_state", NULL },
	{ "F1", "F1", AW, "wait_ops_state", NULL },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static bool is_one_of(const char *list, const char *label)
{
	const size_t len = strlen(label);
	const char *at;

	for (at = strstr(list, label); at; at = strstr(at + 1, label))
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

static bool row_fits(const struct row *r, const struct step *s)
{
	if (!(r->kinds >> s->c.kind & 1) || !strstr(s->c.label, r->at))
		return false;
	if (*r->after && (!s->w->any.label || !is_one_of(r->after, s->w->any.label)))
		return false;
	return !r->fits || ((s->p || r->fits == in_dispatch || r->fits == on_local) && r->fits(s));
}

/* Steps that lie behind others of another family. */
static const char *late_label(const struct step *s)
{
	const struct since *family = s->w->family;
	const char *m = family['M' - 'A'].label, *l = family['L' - 'A'].label, *v = family['V' - 'A'].label;

	if (m && !strcmp(m, "M7") && s->c.kind == YIELD_WRITE && strstr(s->c.label, "on_rq") && s->p && arrived(s))
		return "M8";
	if (strcmp(s->c.label, "rq_lock") || (s->c.kind != YIELD_LOCK && s->c.kind != YIELD_UNLOCK) || !not_moving(s))
		return NULL;
	if (l && (!strcmp(l, "L4") || !strcmp(l, "L5a") || !strcmp(l, "L5b") || !strcmp(l, "L7")) && (!m || strcmp(m, "M5")))
		return "L7";
	return v && !strcmp(v, "V9") && (!m || strcmp(m, "M5")) ? "V10" : NULL;
}

static const char *label_of(const struct step *s)
{
	const char *late = late_label(s);
	size_t i;

	for (i = 0; i < NR_ROWS; i++)
		if (row_fits(&rows[i], s))
			return rows[i].label;
	return late;
}

/* ---- counting */

static struct pair *pair_of(const char *from, const char *to)
{
	u32 i;

	for (i = 0; i < labels.nr_pairs; i++)
		if (!strcmp(labels.pairs[i].from, from) && !strcmp(labels.pairs[i].to, to))
			return &labels.pairs[i];
	BUG_ON(labels.nr_pairs == MAX_PAIRS);
	labels.pairs[labels.nr_pairs] = (struct pair){ .from = from, .to = to };
	return &labels.pairs[labels.nr_pairs++];
}

static void count(struct since *since, const char *label)
{
	struct pair *pair;

	if (since->label) {
		pair = pair_of(since->label, label);
		pair->acted += since->acted;
		pair->waits_p += !!(since->waits & WAITS_P);
		pair->waits_d += !!(since->waits & WAITS_D);
		pair->waits_x += !!(since->waits & WAITS_X);
		pair->waits_pi += !!(since->waits & WAITS_PI);
	}
	*since = (struct since){ .label = label };
}

static void finish(struct step *s)
{
	struct walker *w = s->w;
	const char *label;

	if (!s->valid)
		return;
	s->valid = false;
	label = label_of(s);
	if (s->c.kind == YIELD_READ && strstr(s->c.label, "ops_state") && s->p)
		w->seen = (u64)s->p->scx.ops_state.counter;
	if (s->c.kind == YIELD_READ && strstr(s->c.label, "migration_disabled"))
		w->tested = true;
	if (!label)
		return;
	if (s->p)
		w->p = s->p;
	if (dsq_at(&s->c))
		w->dsq = dsq_at(&s->c);
	if (!strcmp(label, "L1"))
		w->tested = false;
	/* The family's count is the one of all if the last label was of the same family. */
	if (w->any.label && w->any.label[0] != label[0])
		count(&w->family[label[0] - 'A'], label);
	else
		w->family[label[0] - 'A'] = (struct since){ .label = label };
	count(&w->any, label);
}

/* ---- others */

static u8 who_waits_for(const struct list_head *list, const struct ctx *owner, const struct walker *w)
{
	const struct ctx *ctx;
	u8 waits = 0;

	list_for_each_entry(ctx, list, node) {
		const raw_spinlock_t *lock = ctx->step_obj;

		if (ctx == owner || ctx->step_kind != YIELD_LOCK || !ctx->step_label || ctx->state == CTX_RUNNING ||
		    lock->owner != owner)
			continue;
		if (lock->class == LOCK_CLASS_RQ)
			waits |= w->p && lock == &task_rq(w->p)->__lock ? WAITS_P : WAITS_X;
		else if (lock->class == LOCK_CLASS_DSQ)
			waits |= WAITS_D;
		else if (lock->class == LOCK_CLASS_PI)
			waits |= WAITS_PI;
	}
	return waits;
}

static bool reaches(const struct choice *c, const struct walker *w)
{
	const char *obj = c->obj;

	if (c->kind == YIELD_CALL || c->kind == YIELD_IRQ || c->kind == YIELD_AWAIT)
		return false;
	if (w->p && obj >= (const char *)w->p && obj < (const char *)(core_of(w->p) + 1))
		return true;
	return w->dsq && obj >= (const char *)w->dsq && obj < (const char *)(w->dsq + 1);
}

static void others_see(const struct choice *c)
{
	u32 i, f;

	for (i = 0; i < labels.nr_walkers; i++) {
		struct walker *w = &labels.walkers[i];

		if (!w->any.label || i == c->ctx || !reaches(c, w))
			continue;
		w->any.acted = true;
		for (f = 0; f < NR_FAMILIES; f++)
			w->family[f].acted = true;
	}
}

static void note_waiters(struct walker *w, const struct ctx *ctx)
{
	const u8 waits = who_waits_for(&machine()->ready, ctx, w) | who_waits_for(&machine()->waiters, ctx, w);
	u32 f;

	w->any.waits |= waits;
	for (f = 0; f < NR_FAMILIES; f++)
		w->family[f].waits |= waits;
}

void labels_step(const struct choice *goes)
{
	struct walker *w;

	finish(&labels.now);
	if (goes->event || goes->ctx >= MAX_CTX)
		return;
	w = &labels.walkers[goes->ctx];
	if (labels.nr_walkers <= goes->ctx)
		labels.nr_walkers = goes->ctx + 1;
	labels.now = (struct step){ .valid = true, .c = *goes, .w = w, .p = task_at(goes->obj) };
	if (!labels.now.p)
		labels.now.p = w->p;
	if (labels.now.p) {
		labels.now.word = (u64)labels.now.p->scx.ops_state.counter;
		labels.now.flags = labels.now.p->scx.flags;
	}
	if (w->any.label)
		note_waiters(w, goes->context);
	others_see(goes);
}

/* ---- scenarios */

bool labels_begin_scenario(void)
{
	labels.nr_pairs = 0;
	return getenv("SCXTWIN_LABELS_LOG");
}

void labels_begin_execution(void)
{
	memset(labels.walkers, 0, labels.nr_walkers * sizeof(labels.walkers[0]));
	labels.nr_walkers = 0;
	labels.now.valid = false;
}

void labels_end_scenario(const char *name)
{
	FILE *f = fopen(getenv("SCXTWIN_LABELS_LOG"), "a");
	const struct pair *p;
	u32 i;

	BUG_ON(!f);
	/* One write: other programs add to the same file. */
	setvbuf(f, NULL, _IOFBF, 1 << 16);
	for (i = 0; i < labels.nr_pairs; i++) {
		p = &labels.pairs[i];
		fprintf(f, "%s %s %llu %llu %llu %llu %llu %s\n", p->from, p->to, (unsigned long long)p->acted,
			(unsigned long long)p->waits_p, (unsigned long long)p->waits_d,
			(unsigned long long)p->waits_x, (unsigned long long)p->waits_pi, name);
	}
	fclose(f);
}
