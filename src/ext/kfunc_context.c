/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry to and return from callbacks, and the door of every kfunc: who may be
 * called from where (spec 32.2), what is logged, and the ticks that a policy
 * may have moved by writing a slice directly (SLICE-16).
 */
#include <stdio.h>

#include "ext/internal.h"

#define TASK_OP	(1U << 31)	/* the task of the record is subject of the call: "task ctx" of 30.13 */

#define UNLOCKED_OP	(SCX_KF_ANY | SCX_KF_UNLOCKED | SCX_KF_SLEEPABLE)

static const u32 op_rights[SCXTWIN_NR_OPS] = {
	[SCXTWIN_OP_select_cpu]	= TASK_OP | SCX_KF_ANY | SCX_KF_SELECT_CPU | SCX_KF_ENQUEUE,
	[SCXTWIN_OP_enqueue]	= TASK_OP | SCX_KF_ANY | SCX_KF_SELECT_CPU | SCX_KF_ENQUEUE,
	[SCXTWIN_OP_dequeue]	= TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_dispatch]	= SCX_KF_ANY | SCX_KF_ENQUEUE | SCX_KF_DISPATCH,
	[SCXTWIN_OP_tick]	= TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_runnable]	= TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_running]	= TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_stopping]	= TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_quiescent]	= TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_yield]	= TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_core_sched_before] = TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_set_weight]	= TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_set_cpumask] = TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_update_idle] = SCX_KF_ANY,
	[SCXTWIN_OP_cpu_acquire] = SCX_KF_ANY,
	[SCXTWIN_OP_cpu_release] = SCX_KF_ANY | SCX_KF_CPU_RELEASE,
	[SCXTWIN_OP_init_task]	= UNLOCKED_OP,
	[SCXTWIN_OP_exit_task]	= TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_enable]	= TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_disable]	= TASK_OP | SCX_KF_ANY,
	[SCXTWIN_OP_dump]	= SCX_KF_ANY | SCX_KF_UNLOCKED,
	[SCXTWIN_OP_dump_cpu]	= SCX_KF_ANY,
	[SCXTWIN_OP_dump_task]	= SCX_KF_ANY,
	[SCXTWIN_OP_cpu_online]	= UNLOCKED_OP,
	[SCXTWIN_OP_cpu_offline] = UNLOCKED_OP,
	[SCXTWIN_OP_init]	= UNLOCKED_OP,
	[SCXTWIN_OP_exit]	= UNLOCKED_OP,
};

/* Outside callbacks the caller counts as a syscall program. */
#define SYSCALL_RIGHTS	(UNLOCKED_OP | SCX_KF_SELECT_CPU)

static const char *const op_labels[SCXTWIN_NR_OPS] = {
#define X(op) [SCXTWIN_OP_##op] = "ops." #op,
	SCXTWIN_OPS_LIST(X)
#undef X
};

static const char *const kfunc_labels[SCXTWIN_NR_KFUNCS + 1] = {
#define X(kfunc) [SCXTWIN_KF_##kfunc] = "scx_bpf_" #kfunc,
	SCXTWIN_KFUNC_LIST(X)
#undef X
	[SCXTWIN_NR_KFUNCS] = "scx_bpf_*",	/* pure reads without a number of their own */
};

static inline void reconsider_tick_of(struct task_struct *p)
{
	if (p->on_cpu)
		tick_reconsider(task_rq(p));
}

/* Last instant of p's CPU at which a tick has been, or would have been without elision. */
static u64 last_tick_of(const struct task_struct *p)
{
	const u64 next = machine_tick_at_or_after(p->cpu, machine_now() + 1);
	const u64 last = next > machine()->tick_ns ? next - machine()->tick_ns : 0;

	if (last < machine_now() || !machine_still_to_come(RANK_TICK, p->cpu))
		return last;
	return last > machine()->tick_ns ? last - machine()->tick_ns : 0;
}

/*
 * A policy that looks at the slice of a running task sees it as of the last
 * tick, and what it writes counts from there: elided ticks are made up for.
 */
static u64 charge_elided_ticks(struct task_struct *p)
{
	u64 last, delta;

	if (!p->on_cpu || !sched_class_is_ext(p) || !machine()->cfg.tick_elision)
		return 0;
	last = last_tick_of(p);
	if (last <= p->exec_start)
		return 0;
	delta = last - p->exec_start;
	p->exec_start = last;
	p->sum_exec_runtime += delta;
	return delta;
}

static void slice_was_written(struct task_struct *p)
{
	charge_elided_ticks(p);
	reconsider_tick_of(p);
}

/* Records are of the task that the call is about, else of the running rq. */
void scx_call_begin(struct scx_call *call, enum scxtwin_op op, struct rq *rq,
		    struct task_struct *p, struct task_struct *other, u64 arg0, u64 arg1, u64 arg2)
{
	struct scx_ctx *sc = scx_ctx();
	const u32 rights = op_rights[op];
	const int cpu = smp_processor_id();

	call->nested = sc->op;
	if (unlikely(call->nested)) {
		WARN_ON_ONCE((rights & TASK_OP) && sc->kf_tasks[0]); /* OPSS-INV-14 */
		call->saved = *sc;
	}
	if (rq)
		lockdep_assert_rq_held(rq);

	yield_point(p ? (void *)p : (void *)rq, YIELD_CALL, op_labels[op]);
	machine_spend(COST_callback);
	event_emit(SCXTWIN_EV_OPS, cpu, p ? p->pid : SCXTWIN_NO_TASK, (u64)op, arg0, arg1, arg2);

	sc->locked_rq = rq;
	sc->op = (s32)op + 1;
	sc->kf_mask = rights;
	sc->task = p;
	sc->kf_tasks[0] = rights & TASK_OP ? p : NULL;
	sc->kf_tasks[1] = rights & TASK_OP ? other : NULL;
	sc->nr_reached = 0;
	sc->reached_more = false;

	call->curr = cpu_rq(cpu)->curr;
	call->curr_slice = call->curr->scx.slice;
	call->task_slice = p ? p->scx.slice : 0;
	if (likely(scx_state()->onlooker))
		scx_state()->onlooker->call_begins(op, p);
}

void scx_call_end(struct scx_call *call, enum scxtwin_op op, bool has_ret, s64 ret)
{
	struct scx_ctx *sc = scx_ctx();
	struct task_struct *p = sc->task;

	BUG_ON(sc->op != (s32)op + 1);
	if (has_ret)
		event_emit(SCXTWIN_EV_OPS_RET, smp_processor_id(), p ? p->pid : SCXTWIN_NO_TASK,
			   (u64)op, (u64)ret, 0, 0);

	if (call->curr->scx.slice != call->curr_slice)
		slice_was_written(call->curr);
	if (p && p != call->curr && p->scx.slice != call->task_slice)
		slice_was_written(p);
	for (u32 i = 0; i < sc->nr_reached; i++) {
		if (sc->reached[i].task->scx.slice != sc->reached[i].slice)
			slice_was_written(sc->reached[i].task);
	}
	if (unlikely(sc->reached_more))
		scx_slices_maybe_written();
	if (likely(scx_state()->onlooker))
		scx_state()->onlooker->call_ends(op, p);

	yield_point(p ? (void *)p : (void *)sc->locked_rq, YIELD_CALL, op_labels[op]);
	if (unlikely(call->nested)) {
		*sc = call->saved;
		return;
	}
	sc->locked_rq = NULL;
	sc->op = 0;
	sc->kf_mask = 0;
	sc->task = NULL;
	sc->kf_tasks[0] = NULL;
	sc->kf_tasks[1] = NULL;
	sc->nr_reached = 0;
	sc->reached_more = false;
}

/*
 * A task that does not run now can only begin to while this callback is
 * suspended, which timed mode does not do inside a callback's own code.
 */
void scx_reached_task(struct task_struct *p)
{
	struct scx_ctx *sc = scx_ctx();
	u64 used;

	if (!p || (!p->on_cpu && machine()->cfg.mode == RUN_TIMED))
		return;
	used = charge_elided_ticks(p);
	if (p->scx.slice != SCX_SLICE_INF)
		p->scx.slice -= used < p->scx.slice ? used : p->scx.slice;
	for (u32 i = 0; i < sc->nr_reached; i++) {
		if (sc->reached[i].task == p)
			return;
	}
	if (sc->nr_reached == sizeof(sc->reached) / sizeof(sc->reached[0])) {
		sc->reached_more = true;
		return;
	}
	sc->reached[sc->nr_reached].task = p;
	sc->reached[sc->nr_reached].slice = p->scx.slice;
	sc->nr_reached++;
}

void scx_slices_maybe_written(void)
{
	int cpu;

	for_each_online_cpu(cpu) {
		struct rq *rq = cpu_rq(cpu);

		if (sched_class_is_ext(rq->curr))
			tick_reconsider(rq);
	}
}

bool scx_current_callback(struct scx_callback_info *info)
{
	const struct scx_ctx *sc = machine() && current_ctx() ? scx_ctx() : NULL;

	if (!sc || !sc->op)
		return false;
	*info = (struct scx_callback_info){
		.op = op_labels[sc->op - 1] + sizeof("ops.") - 1,
		.task = sc->task,
		.cpu = smp_processor_id(),
	};
	return true;
}

/* KFC-09: in the kernel this program would not have been loaded. why: NULL if it is the callback. */
static __attribute__((cold, noinline)) void api_error(enum scxtwin_kfunc kf, const char *why)
{
	struct scx *scx = scx_state();
	struct scx_callback_info info;
	const bool inside = scx_current_callback(&info);

	if (why)
		snprintf(scx->api_error_text, sizeof(scx->api_error_text), "%s() %s", kfunc_labels[kf], why);
	else if (inside)
		snprintf(scx->api_error_text, sizeof(scx->api_error_text),
			 "%s() must not be called from ops.%s()", kfunc_labels[kf], info.op);
	else
		snprintf(scx->api_error_text, sizeof(scx->api_error_text),
			 "%s() must not be called outside a callback", kfunc_labels[kf]);
	if (!scx->api_error)
		machine_abort(SCXTWIN_EFAILED);
	scx->api_error(kfunc_labels[kf], inside ? &info : NULL);
}

void scx_kfunc_missing(enum scxtwin_kfunc kf)
{
	char why[128];

	snprintf(why, sizeof(why), "is in no kernel, and the proposed feature \"%s\" was not asked for",
		 scx_proposed_missing(kfunc_labels[kf]));
	api_error(kf, why);
}

static bool kfunc_allowed(const struct scx_ctx *sc, u32 groups)
{
	const u32 rights = sc->op ? sc->kf_mask : SYSCALL_RIGHTS;

	if ((groups & SCX_KF_SLEEPABLE) && !(rights & SCX_KF_SLEEPABLE))
		return false; /* KFC-06 */
	return groups & ~(u32)SCX_KF_SLEEPABLE & rights;
}

/* Kfuncs that take a lock, for the cost table. */
static const bool kfunc_locks[SCXTWIN_NR_KFUNCS + 1] = {
	[SCXTWIN_KF_dsq_move_to_local] = true, [SCXTWIN_KF_dsq_move] = true,
	[SCXTWIN_KF_dsq_move_vtime] = true, [SCXTWIN_KF_create_dsq] = true,
	[SCXTWIN_KF_destroy_dsq] = true, [SCXTWIN_KF_dsq_iter_next] = true,
	[SCXTWIN_KF_dsq_reenq] = true, [SCXTWIN_KF_reenqueue_local] = true,
	[SCXTWIN_KF_cpuperf_set] = true,
};

struct scx_sched *scx_kfunc_enter(enum scxtwin_kfunc kf, u32 groups)
{
	const struct scx_ctx *sc = scx_ctx();
	struct scx_sched *sch;

	if (unlikely(!kfunc_allowed(sc, groups))) {
		api_error(kf, NULL);
		return NULL;
	}
	sch = scx_root;
	yield_point(sch, YIELD_CALL, kfunc_labels[kf]);
	if (kfunc_locks[kf])
		machine_spend(COST_kfunc);
	return sch && !sch->dead ? sch : NULL; /* KFC-02 */
}

void scx_kfunc_log(enum scxtwin_kfunc kf, const struct task_struct *p, u64 arg0, u64 arg1, s64 ret)
{
	event_emit(SCXTWIN_EV_KFUNC, smp_processor_id(), p ? p->pid : SCXTWIN_NO_TASK, (u64)kf,
		   arg0, arg1, (u64)ret);
}

void scx_set_api_error_handler(void (*handler)(const char *kfunc, const struct scx_callback_info *info))
{
	scx_state()->api_error = handler;
}

const char *scx_api_error_text(void)
{
	return scx_state()->api_error_text;
}
