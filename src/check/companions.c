/* SPDX-License-Identifier: GPL-2.0-only */
/* The fields that races depend on beside the state word (spec 10.6, 10.8). */
#include "check/internal.h"

/* Holds at any moment. */
static void check_always(const struct task_struct *p)
{
	const u64 state = scx_opss_state(word_of(p));

	if (p->scx.holding_cpu < 0)
		return;
	CHECK("OPSS-INV-05 OPSS-INV-07", p, !is_linked(p));
	/*
	 * Besides NONE and DISPATCHING: a consumer finds a task on a global or
	 * user DSQ between N6 and T3 of its enqueue, and waits for its rq.
	 */
	CHECK("OPSS-INV-05", p, state != SCX_OPSS_QUEUED);
	if (state == SCX_OPSS_QUEUEING)
		CHECK("OPSS-INV-05", p, p->scx.dsq && !dsq_is_local(p->scx.dsq) && !is_free(&task_rq(p)->__lock));
}

/* A callback about p returns. */
void check_companions_now(const struct task_struct *p)
{
	check_always(p);
	if (p->scx.sticky_cpu >= 0)
		CHECK("OPSS-INV-09", p, p->on_rq == TASK_ON_RQ_MIGRATING);
}

/* The lock of rq is about to be free. */
void check_companions_rq(const struct rq *rq)
{
	const struct task_struct *curr = rq->curr;

	CHECK("OPSS-INV-11", NULL, !rq->scx.remote_activate_enq_flags);
	if (sched_class_is_ext(curr) && is_queued(curr)) {
		CHECK("OPSS-INV-10", curr, !word_of(curr) && !curr->scx.dsq && !is_linked(curr));
		CHECK("OPSS-INV-10", curr, !is_in_custody(curr) && list_empty(&curr->scx.runnable_node));
	}
}

/* OPSS-INV-12; the policy is inside op. In ops.select_cpu() and ops.enqueue() it is a task or spent. */
void check_marker(enum scxtwin_op op)
{
	if (op == SCXTWIN_OP_enqueue || op == SCXTWIN_OP_select_cpu)
		CHECK("OPSS-INV-04 OPSS-INV-12", NULL, cpu_rq(smp_processor_id())->scx.direct_dispatch_task);
	else if (op == SCXTWIN_OP_dispatch || op == SCXTWIN_OP_dequeue || op == SCXTWIN_OP_running)
		CHECK("OPSS-INV-12", NULL, !cpu_rq(smp_processor_id())->scx.direct_dispatch_task);
}

void check_companions_audit(const struct task_struct *p)
{
	const struct sched_ext_entity *scx = &p->scx;

	check_always(p);
	CHECK("OPSS-INV-09", p, scx->sticky_cpu < 0);
	if (scx_opss_state(word_of(p)) == SCX_OPSS_QUEUED) {
		CHECK("OPSS-INV-02", p, !scx->dsq && !is_linked(p));
		CHECK("OPSS-INV-02", p, is_queued(p) && !list_empty(&scx->runnable_node));
		CHECK("OPSS-INV-03", p, is_in_custody(p));
	}
	if (scx->dsq && scx->holding_cpu < 0)
		CHECK("OPSS-INV-06", p, is_linked(p));
	if (!is_queued(p))
		CHECK("DEQ-03 DEQ-08", p, !word_of(p) && !is_in_custody(p) && list_empty(&scx->runnable_node));
}
