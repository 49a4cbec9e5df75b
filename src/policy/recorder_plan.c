/* SPDX-License-Identifier: GPL-2.0-only */
/* Plans: decisions of the recorder that a scenario prescribes. */
#include <string.h>

#include "machine/machine.h"
#include "policy/recorder_state.h"
#include "sched/sched.h"

static bool applies(struct verdict *v)
{
	if (!recorder_watching() || v->kind == VERDICT_DEFAULT || !v->left ||
	    recorder()->gate < v->gate)
		return false;
	if (v->left > 0)
		v->left--;
	return true;
}

static struct task_plan *plan_of(const struct task_struct *p)
{
	struct plan *plan = &recorder()->plan;
	u32 i;

	if (recorder()->mode != MODE_PLAN)
		return NULL;
	for (i = 0; i < plan->nr_tasks; i++)
		if (!strcmp(plan->tasks[i].name, p->comm))
			return &plan->tasks[i];
	return NULL;
}

struct verdict *plan_select(struct task_struct *p)
{
	struct task_plan *plan = plan_of(p);

	return plan && applies(&plan->select) ? &plan->select : NULL;
}

struct verdict *plan_enqueue(struct task_struct *p, u64 enq_flags)
{
	struct task_plan *plan = plan_of(p);
	struct verdict *v;

	if (!plan)
		return NULL;
	v = enq_flags & SCX_ENQ_REENQ ? &plan->reenq : &plan->enqueue;
	return applies(v) ? v : NULL;
}

void plan_carry_out(struct verdict *v, struct task_struct *p, u64 enq_flags)
{
	const u64 slice = v->slice == PLAN_UNSET ? recorder()->slice_ns : v->slice;

	if (v->kind == VERDICT_INSERT)
		recorder_insert(p, v->to, slice, enq_flags | v->flags);
	else if (v->kind == VERDICT_INSERT_VTIME)
		recorder_insert_vtime(p, v->to, slice, v->vtime, enq_flags | v->flags);
	if (v->window)
		recorder_hold(v->window, v->window + 1, 0);
}

/* As looking up a pid: the youngest task of this name that is still there. */
static struct task_struct *task_named(const char *name)
{
	struct task_core *t;

	list_for_each_entry(t, &core_sched()->tasks, all_node)
		if (!strcmp(t->task.comm, name) && !(t->task.flags & PF_EXITING))
			return &t->task;
	return NULL;
}

static bool iterate_wants(const struct plan_op *op, const struct task_struct *p, u32 moved)
{
	return op->to != PLAN_UNSET && (!*op->task || !strcmp(op->task, p->comm)) &&
	       (!op->max || moved < op->max);
}

/* Looks at, and perhaps moves, the tasks of a user DSQ. */
static void iterate(const struct plan_op *op)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	bool first = true, ok;
	u32 moved = 0;

	bpf_iter_scx_dsq_new(&it, op->dsq, op->rev ? SCX_DSQ_ITER_REV : 0);
	while ((p = bpf_iter_scx_dsq_next(&it))) {
		if (recorder_watched(p))
			recorder_emit(p, RECORD_ITER, op->dsq, op->rev, 0);
		if (first && op->window)
			recorder_hold(op->window, op->window + 1, 0);
		first = false;
		if (!iterate_wants(op, p, moved))
			continue;
		if (op->slice != PLAN_UNSET)
			scx_bpf_dsq_move_set_slice(&it, op->slice);
		if (op->vtime != PLAN_UNSET)
			scx_bpf_dsq_move_set_vtime(&it, op->vtime);
		ok = op->by_vtime ? scx_bpf_dsq_move_vtime(&it, p, op->to, op->flags) :
				    scx_bpf_dsq_move(&it, p, op->to, op->flags);
		if (recorder_watched(p))
			recorder_emit(p, op->by_vtime ? RECORD_MOVE_VTIME : RECORD_MOVE, op->to,
				      op->flags, ok | op->dsq << 8);
		moved++;
	}
	bpf_iter_scx_dsq_destroy(&it);
}

static void set_slice(const struct plan_op *op)
{
	struct task_struct *p = task_named(op->task);
	bool ok;

	if (!p)
		return;
	ok = scx_bpf_task_set_slice(p, op->slice);
	recorder_emit(p, RECORD_SET_SLICE, op->slice, ok, 0);
}

/* What ops.dispatch() and a program outside callbacks may both do. */
static void any_op(const struct plan_op *op)
{
	struct task_struct *p;

	switch (op->kind) {
	case PLAN_ITER:
		iterate(op);
		break;
	case PLAN_PEEK:
		p = scx_bpf_dsq_peek(op->dsq);
		recorder_emit(p, RECORD_PEEK, op->dsq, 0, 0);
		break;
	case PLAN_NR_QUEUED:
		recorder_emit(NULL, RECORD_NR_QUEUED, op->dsq,
			      (u64)(s64)scx_bpf_dsq_nr_queued(op->dsq), 0);
		break;
	case PLAN_DESTROY:
		recorder_emit(NULL, RECORD_DESTROY, op->dsq, 0, 0);
		scx_bpf_destroy_dsq(op->dsq);
		break;
	case PLAN_KICK:
		recorder_emit(NULL, RECORD_KICK, (u64)(s64)op->cpu, op->flags, 0);
		scx_bpf_kick_cpu(op->cpu, op->flags);
		break;
	case PLAN_REENQ:
		recorder_reenq(op->dsq, op->flags);
		break;
	case PLAN_WINDOW:
		recorder_hold(op->window, op->window + 1, 0);
		break;
	case PLAN_SET_SLICE:
		set_slice(op);
		break;
	default:
		break; /* not possible here: as the recorder, which does nothing then */
	}
}

static void insert_op(const struct plan_op *op, struct task_struct *prev)
{
	const u64 slice = op->slice == PLAN_UNSET ? recorder()->slice_ns : op->slice;
	struct task_struct *p = !strcmp(op->task, "prev") ? prev : task_named(op->task);

	if (!p)
		return;
	if (op->kind == PLAN_INSERT)
		recorder_insert(p, op->to, slice, op->flags);
	else
		recorder_insert_vtime(p, op->to, slice, op->vtime, op->flags);
}

static void dispatch_op(const struct plan_op *op, struct task_struct *prev)
{
	bool ok;

	switch (op->kind) {
	case PLAN_INSERT:
	case PLAN_INSERT_VTIME:
		insert_op(op, prev);
		break;
	case PLAN_MOVE_LOCAL:
		ok = scx_bpf_dsq_move_to_local(op->dsq, op->flags);
		recorder_emit(NULL, RECORD_MOVE_TO_LOCAL, op->dsq, op->flags, ok);
		break;
	case PLAN_CANCEL:
		scx_bpf_dispatch_cancel();
		recorder_emit(NULL, RECORD_CANCEL, 0, 0, 0);
		break;
	case PLAN_SLOTS:
		recorder_emit(NULL, RECORD_SLOTS, scx_bpf_dispatch_nr_slots(), 0, 0);
		break;
	default:
		any_op(op);
	}
}

bool plan_dispatch(s32 cpu, struct task_struct *prev)
{
	struct plan *plan = &recorder()->plan;
	u32 i, k;

	if (!recorder_watching())
		return false;
	for (i = 0; i < plan->nr_dispatches; i++) {
		struct dispatch_plan *d = &plan->dispatches[i];

		if (d->cpu != cpu || !d->left || recorder()->gate < d->gate)
			continue;
		/* "Always" is -1 here too: it counts down and stays true. */
		d->left--;
		for (k = 0; k < d->nr; k++)
			dispatch_op(&d->ops[k], prev);
		return true;
	}
	return false;
}

void plan_control(const struct plan_op *op)
{
	s32 ret;

	if (op->kind != PLAN_CREATE) {
		any_op(op);
		return;
	}
	ret = scx_bpf_create_dsq(op->dsq, -1);
	recorder_emit(NULL, RECORD_CREATE, op->dsq, (u64)(s64)ret, 0);
}
