/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A task is in exactly one place: asleep, on a CPU, on the list of one DSQ, on
 * the list of deferred verdicts, in the hands of a CPU that is moving it, or in
 * the scheduler's own structures (OPSS-39, OPSS-INV-02, -06 to -08, -10).
 */
#include "check/internal.h"

static void note_list(struct task_struct *p, const struct list_head *list)
{
	struct check_task *s = check_of(p);

	s->nr_lists++;
	s->list = list;
}

static void note_dsq(const struct scx_dispatch_q *dsq)
{
	const struct list_head *pos;
	struct task_struct *p;

	for (pos = dsq->list.next; pos != &dsq->list; pos = pos->next) {
		p = queued_task(dsq, pos);
		if (p)
			note_list(p, &dsq->list);
	}
}

static void note_deferred(struct rq *rq)
{
	struct task_struct *p;

	list_for_each_entry(p, &rq->scx.ddsp_deferred_locals, scx.dsq_list.node)
		note_list(p, &rq->scx.ddsp_deferred_locals);
}

/* Re-enqueued too often: off every queue until bypass takes it up (ENQ-20). */
static bool was_given_up(const struct task_struct *p)
{
	return p->scx.reenq_cnt > scx_state()->limits.reenq_max_repeat;
}

static void check_one_place(const struct task_struct *p)
{
	const struct check_task *s = check_of(p);
	const struct scx_dispatch_q *dsq = p->scx.dsq;
	const u64 state = scx_opss_state(word_of(p));

	CHECK("OPSS-39", p, s->nr_lists <= 1);
	if (state == SCX_OPSS_QUEUED)
		CHECK("OPSS-INV-02 OPSS-39", p, !s->nr_lists);
	if (!is_settled(p))
		return;
	if (s->nr_lists)
		CHECK("OPSS-INV-06 OPSS-INV-08", p, s->list == (dsq ? &dsq->list : &task_rq(p)->scx.ddsp_deferred_locals));
	if (!is_queued(p)) {
		CHECK("DEQ-08", p, !s->nr_lists && !dsq && !is_linked(p));
		return;
	}
	if (task_rq(p)->curr == p) {
		CHECK("OPSS-INV-10", p, !s->nr_lists);
		return;
	}
	/* Moved by a CPU, or on its way to a DSQ. */
	if (p->scx.holding_cpu >= 0 || state == SCX_OPSS_DISPATCHING)
		return;
	if (state == SCX_OPSS_NONE && !was_given_up(p))
		CHECK("OPSS-INV-06", p, s->nr_lists == 1);
}

void check_place_audit(void)
{
	struct task_core *t;
	int cpu;

	list_for_each_entry(t, &core_sched()->tasks, all_node)
		check_of(&t->task)->nr_lists = 0;
	check_each_dsq(note_dsq);
	for_each_possible_cpu(cpu)
		note_deferred(cpu_rq(cpu));
	list_for_each_entry(t, &core_sched()->tasks, all_node)
		check_one_place(&t->task);
}
