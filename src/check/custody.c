/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each custody ends with exactly one ops.dequeue() (CUST-14, CUST-43, OPSS-40).
 * That a custody began is seen at the transition or callback behind; the flag may
 * be clear while its ops.dequeue() is still to come, but nothing else of the task
 * may happen in between.
 */
#include "check/internal.h"

void __check_custody(struct task_struct *p, enum scxtwin_op op)
{
	struct check_task *s = check_of(p);

	if (op == SCXTWIN_OP_dequeue) {
		CHECK("CUST-07", p, !is_in_custody(p));
		CHECK("CUST-14 OPSS-40", p, s->life & LIFE_CUSTODY || !check_state()->thorough);
		s->life &= (u8)~LIFE_CUSTODY;
		return;
	}
	if (is_in_custody(p)) {
		s->life |= LIFE_CUSTODY;
		return;
	}
	CHECK("CUST-09 CUST-14 OPSS-40", p, !scx_root || !SCX_HAS_OP(scx_root, SCXTWIN_OP_dequeue));
	s->life &= (u8)~LIFE_CUSTODY;
}

void check_custody_audit(const struct task_struct *p)
{
	if (!is_in_custody(p))
		return;
	CHECK("CUST-03", p, sched_class_is_ext(p) && is_queued(p));
	CHECK("CUST-11", p, !p->scx.dsq || !dsq_is_builtin(p->scx.dsq) || word_of(p) == SCX_OPSS_DISPATCHING);
}
