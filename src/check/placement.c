/* SPDX-License-Identifier: GPL-2.0-only */
/* A task waits on the local DSQ of a CPU only if it may run there (spec 14.8, DSP-36 to DSP-39). */
#include "check/internal.h"

void check_placement(const struct rq *rq, const struct task_struct *p)
{
	/* The stopper is about to take it, its CPU is going down, or nobody else can have it (AFF-19). */
	if (is_cpu_allowed_mask(p, rq->cpu) || core_of(p)->pending || rq->balance_push || !cpu_active(rq->cpu))
		return;
	CHECK("DSP-36 DSP-39", p, !cpumask_intersects(p->cpus_ptr, machine()->active_mask));
}
