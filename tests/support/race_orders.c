/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/race_orders.h"

#include <stdio.h>
#include <string.h>

#include "support/orders.h"

/* The next step of cpu that reaches p's state word, NULL at the end. */
static const struct orders_step *next_step(int cpu, const struct task_struct *p, u32 *at)
{
	u32 nr;
	const struct orders_step *s = orders_steps(&nr);

	while (*at < nr) {
		const struct choice *c = &s[*at].choice;

		(*at)++;
		if (!c->event && c->cpu == cpu && c->obj == &p->scx.ops_state)
			return &s[*at - 1];
	}
	return NULL;
}

static const char *with_brand(u64 inserted, bool waited)
{
	if ((inserted & 3) == SCX_OPSS_QUEUED)
		return "dispatched";
	return waited ? "02 dispatched" : "01 dispatched";
}

/* F1 found this word, which is neither QUEUEING nor the inserted brand. */
static const char *dropped(u64 inserted, u64 found, bool waited, bool lost_claim)
{
	if (inserted < 4)
		return inserted ? "07 dropped" : "06 dropped";
	switch (found & 3) {
	case SCX_OPSS_NONE:
		if ((inserted & 3) == SCX_OPSS_QUEUEING)
			return "03 dropped";
		return lost_claim ? "19 dropped" : "18 dropped";
	case SCX_OPSS_DISPATCHING:
		return lost_claim ? "13 dropped" : "12 dropped";
	default:
		return lost_claim ? "14 dropped" : waited ? "09 dropped" : "08 dropped";
	}
}

const char *race_insert(int cpu, const struct task_struct *p)
{
	const struct orders_step *s;
	bool waited = false, lost_claim = false;
	u64 inserted, found = 0;
	u32 at = 0;

	s = next_step(cpu, p, &at);
	if (!s || s->choice.kind != YIELD_READ)
		return "nothing";
	inserted = s->word;
	while ((s = next_step(cpu, p, &at))) {
		if (s->choice.kind == YIELD_AWAIT) {
			waited = true;
		} else if (s->choice.kind == YIELD_RMW) {
			if (s->word == found)
				return with_brand(inserted, waited);
			lost_claim = true;
		} else {
			found = s->word;
			if ((found & 3) == SCX_OPSS_QUEUEING)
				continue;
			if ((found & 3) != SCX_OPSS_QUEUED || inserted < 4 || found >> 2 != inserted >> 2)
				return dropped(inserted, found, waited, lost_claim);
		}
	}
	return "not flushed";
}

bool race_dispatched(int cpu, const struct task_struct *p)
{
	return strstr(race_insert(cpu, p), "dispatched");
}

const char *race_dequeued(int cpu, const struct task_struct *p)
{
	const struct orders_step *s;
	u64 found;
	u32 at = 0;

	s = next_step(cpu, p, &at);
	if (!s || s->choice.kind != YIELD_READ)
		return "nothing";
	found = s->word;
	if (!found)
		return "finds NONE";
	s = next_step(cpu, p, &at);
	if (s && s->choice.kind == YIELD_RMW)
		return s->word == found ? "claims" : "22 loses claim";
	return found == SCX_OPSS_DISPATCHING ? "20 waits" : "23 waits";
}

void race_check(const struct task_struct *p)
{
	const u64 state = lab_word(p) & 3;
	const bool in_custody = p->scx.flags & SCX_TASK_IN_CUSTODY;

	PROVES("OPSS-40 CUST-14", watch_left(p) == race_dequeues(p) && watch_entered(p) == watch_left(p) + in_custody);
	PROVES("OPSS-INV-05 OPSS-INV-09", p->scx.holding_cpu == -1 && p->scx.sticky_cpu == -1);
	PROVES("OPSS-39 OPSS-INV-01", state == SCX_OPSS_NONE || (state == SCX_OPSS_QUEUED && !p->scx.dsq && in_custody));
	PROVES("OPSS-INV-10", !lab_runs(p) || (!p->scx.dsq && !in_custody && state == SCX_OPSS_NONE));
}

const char *race_place(const struct task_struct *p)
{
	static char text[40];
	const struct scx_dispatch_q *dsq = p->scx.dsq;

	if (!p->on_rq)
		return "asleep";
	if (task_rq(p)->curr == p)
		snprintf(text, sizeof(text), "runs on %d", p->cpu);
	else if (!dsq)
		return (lab_word(p) & 3) == SCX_OPSS_QUEUED ? "in custody" : "nowhere";
	else if (dsq_is_local(dsq))
		snprintf(text, sizeof(text), "on local DSQ %d", dsq->owner);
	else
		return dsq == race_global() ? "on global DSQ" : "on user DSQ";
	return text;
}

const char *race_ends(const struct task_struct *p)
{
	static char text[80];

	snprintf(text, sizeof(text), "told by %s, %s", race_dequeues(p) ? race_told(p) : "none", race_place(p));
	return text;
}

const char *race_story(int x, const struct task_struct *p)
{
	static char text[160];

	snprintf(text, sizeof(text), "x %s, d %s, %s", race_insert(x, p), race_dequeued(RACE_OUT, p), race_ends(p));
	return text;
}
