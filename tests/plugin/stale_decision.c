/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue of the policy's own whose ops.dispatch() takes a task, looks where it
 * may run and inserts it. Between the look and the insert the mask may change:
 * the insert takes the task as it is by then, and the decision is not.
 *
 * With synchronised=1 the place of a task is given up by ops.dequeue() and by
 * ops.dispatch(), in one step each, and whoever comes second does nothing: a
 * task is dequeued or dispatched. Inserted is first, since the core throws away
 * what was inserted before a dequeue.
 */
#include "plugin.h"

#define PLACES 16

struct place {
	struct task_struct *p;
	u64 since;		/* counts tasks that came; tells one stay from the next */
};

static struct place places[PLACES];
static u64 nr_came;
static bool synchronised;

static s32 stale_decision_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static void stale_decision_enqueue(struct task_struct *p, u64 enq_flags)
{
	u32 i;

	(void)enq_flags;
	for (i = 0; i < PLACES && places[i].p; i++)
		;
	if (i == PLACES) {
		scx_bpf_error("more than %d tasks", PLACES);
		return;
	}
	places[i] = (struct place){ .p = p, .since = ++nr_came };
	for (i = 0; i < scx_bpf_nr_cpu_ids(); i++)
		if (bpf_cpumask_test_cpu(i, p->cpus_ptr) && scx_bpf_test_and_clear_cpu_idle((s32)i))
			scx_bpf_kick_cpu((s32)i, SCX_KICK_IDLE);
}

static void stale_decision_dequeue(struct task_struct *p, u64 deq_flags)
{
	u32 i;

	(void)deq_flags;
	for (i = 0; i < PLACES; i++)
		if (places[i].p == p)
			places[i].p = NULL;
}

/* The one that came first and may run on cpu; NULL: none. */
static struct place *first_for(s32 cpu)
{
	struct place *first = NULL;
	u32 i;

	for (i = 0; i < PLACES; i++)
		if (places[i].p && bpf_cpumask_test_cpu((u32)cpu, places[i].p->cpus_ptr) &&
		    (!first || places[i].since < first->since))
			first = &places[i];
	return first;
}

static void stale_decision_dispatch(s32 cpu, struct task_struct *prev)
{
	struct place *place = first_for(cpu), seen;

	(void)prev;
	if (!place)
		return;
	seen = *place;
	if (!synchronised)
		place->p = NULL;
	scx_bpf_dsq_insert(seen.p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
	if (!synchronised)
		return;
	if (place->p == seen.p && place->since == seen.since)
		place->p = NULL;
	else
		scx_bpf_dispatch_cancel();
}

static const struct scxtwin_param params[] = {
	{
		.name = "synchronised", .type = SCXTWIN_PARAM_BOOL, .dflt = 0, .min = 0, .max = 1,
		.global = &synchronised, .help = "either dequeued or dispatched",
	},
	{ .name = NULL },
};

static const struct sched_ext_ops ops = {
	.name = "stale_decision",
	.select_cpu = stale_decision_select_cpu,
	.enqueue = stale_decision_enqueue,
	.dequeue = stale_decision_dequeue,
	.dispatch = stale_decision_dispatch,
};

const struct scxtwin_policy scxtwin_policy = {
	.abi = SCXTWIN_POLICY_ABI, .name = "stale_decision", .help = "for tests", .ops = &ops, .params = params,
};
