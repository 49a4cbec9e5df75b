/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state word (spec 10.1 to 10.3): what it may look like, which transitions
 * there are, who may make them, and that no brand is used twice. Written down here
 * a second time from the table T1 to T9, beside the assertions of ext/ops_state.c.
 */
#include "check/internal.h"

static void hand_over_begins(struct task_struct *p, struct check_task *s, u64 to)
{
	const u32 brand = (u32)(to >> SCX_OPSS_QSEQ_SHIFT);

	CHECK("T1 OPSS-13", p, scx_opss_state(to) == SCX_OPSS_QUEUEING);
	CHECK("T1", p, is_mine(&task_rq(p)->__lock));
	CHECK("OPSS-08", p, brand == p->scx.ops_qseq);
	CHECK("OPSS-06 OPSS-07", p, brand == (s->brand == UINT32_MAX ? 1 : s->brand + 1));
	s->brand = brand;
}

static void claimed_or_taken_back(struct task_struct *p, struct check_task *s, u64 to)
{
	const int cpu = smp_processor_id();

	if (to == SCX_OPSS_NONE) {
		CHECK("T6", p, is_mine(&task_rq(p)->__lock));
		return;
	}
	CHECK("T5 OPSS-04 OPSS-13", p, to == SCX_OPSS_DISPATCHING);
	CHECK("T5", p, holds_any(LOCK_CLASS_RQ));
	s->claimer = (u16)(cpu + 1);
	check_cpu(cpu)->nr_claims++;
	check_state()->nr_claims++;
}

static void claim_ends(struct task_struct *p, struct check_task *s, u64 to)
{
	const int cpu = smp_processor_id();

	CHECK("T7 T8 OPSS-13", p, to == SCX_OPSS_NONE);
	CHECK("T7 T8", p, s->claimer == cpu + 1);
	CHECK("T7 T8", p, holds_any(LOCK_CLASS_RQ));
	CHECK("T7 T8", p, check_cpu(cpu)->nr_claims);
	s->claimer = 0;
	check_cpu(cpu)->nr_claims--;
	check_state()->nr_claims--;
}

/* The word as it is now came from what the last transition left. */
void check_word_stored(struct task_struct *p)
{
	struct check_task *s = check_of(p);
	const u64 from = s->word, to = word_of(p);

	switch (scx_opss_state(from)) {
	case SCX_OPSS_NONE:
		if (to == SCX_OPSS_NONE)
			CHECK("T9", p, is_mine(&task_rq(p)->__lock));
		else
			hand_over_begins(p, s, to);
		break;
	case SCX_OPSS_QUEUEING:
		CHECK("T2 T3 T4 OPSS-13", p, to == SCX_OPSS_NONE || to == (scx_opss_qseq(from) | SCX_OPSS_QUEUED));
		CHECK("T2 T3 T4", p, is_mine(&task_rq(p)->__lock));
		if (to != SCX_OPSS_NONE)
			CHECK("OPSS-INV-03", p, is_in_custody(p));
		break;
	case SCX_OPSS_QUEUED:
		claimed_or_taken_back(p, s, to);
		break;
	case SCX_OPSS_DISPATCHING:
		claim_ends(p, s, to);
		break;
	}
	s->word = to;
}

void check_word_audit(const struct task_struct *p)
{
	const u64 word = word_of(p);

	if (check_state()->thorough) {
		CHECK("OPSS-13", p, word == check_of(p)->word);
		CHECK("OPSS-08", p, !scx_opss_qseq(word) || word >> SCX_OPSS_QSEQ_SHIFT == check_of(p)->brand);
	}
	switch (scx_opss_state(word)) {
	case SCX_OPSS_NONE:
	case SCX_OPSS_DISPATCHING:
		CHECK("OPSS-INV-01", p, !scx_opss_qseq(word));
		break;
	case SCX_OPSS_QUEUEING:
		CHECK("OPSS-INV-04", p, !is_free(&task_rq(p)->__lock));
		/* fall through */
	default:
		CHECK("OPSS-04 OPSS-INV-02", p, scx_opss_qseq(word));
		break;
	}
}
