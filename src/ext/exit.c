/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of a scheduler: claiming it (spec 31.8, 31.11) and the steps D1 to
 * D20 of unloading (30.11). Between the claim and the sweep of bypass the
 * scheduler keeps getting callbacks (ERR-06).
 */
#include <stdio.h>
#include <string.h>

#include "ext/internal.h"

const char *scx_exit_reason(enum scx_exit_kind kind)
{
	switch (kind) {
	case SCX_EXIT_UNREG:
		return "unregistered from user space";
	case SCX_EXIT_UNREG_BPF:
		return "unregistered from BPF";
	case SCX_EXIT_UNREG_KERN:
		return "unregistered from the main kernel";
	case SCX_EXIT_SYSRQ:
		return "disabled by sysrq-S";
	case SCX_EXIT_ERROR:
		return "runtime error";
	case SCX_EXIT_ERROR_BPF:
		return "scx_bpf_error";
	case SCX_EXIT_ERROR_STALL:
		return "runnable task stall";
	case SCX_EXIT_ERROR_REENQ:
		return "reenqueue limit";
	case SCX_EXIT_NONE:
	case SCX_EXIT_DONE:
		break;
	}
	return "<UNKNOWN>";
}

static bool tryset_exit_kind(struct scx_sched *sch, s32 *from, s32 to)
{
	yield_point(&sch->exit_kind, YIELD_RMW, "sch->exit_kind");
	if (sch->exit_kind != *from) {
		*from = sch->exit_kind;
		return false;
	}
	sch->exit_kind = to;
	object_written(&sch->exit_kind);
	return true;
}

bool scx_claim_exit(struct scx_sched *sch, enum scx_exit_kind kind, s64 code, s32 cpu,
		    const char *fmt, va_list args)
{
	struct scx_exit_info *ei = sch->exit_info;
	s32 none = SCX_EXIT_NONE;

	if (WARN_ON_ONCE(kind == SCX_EXIT_NONE || kind == SCX_EXIT_DONE))
		kind = SCX_EXIT_ERROR; /* ERR-05 */
	if (!tryset_exit_kind(sch, &none, (s32)kind))
		return false;

	WRITE_ONCE(sch->aborting, true);
	event_emit(SCXTWIN_EV_SCX_EXIT, smp_processor_id(), SCXTWIN_NO_TASK, (u64)kind, (u64)code,
		   (u64)(s64)cpu, 0);
	ei->exit_code = code;
	vsnprintf(ei->msg, SCX_EXIT_MSG_LEN, fmt, args);
	ei->kind = kind;
	ei->reason = scx_exit_reason(kind);
	ei->exit_cpu = cpu;
	WARN_ON_ONCE(!irq_work_queue(&sch->error_irq_work));
	return true;
}

bool scx_exit(struct scx_sched *sch, enum scx_exit_kind kind, s64 code, s32 cpu,
	      const char *fmt, ...)
{
	va_list args;
	bool claimed;

	va_start(args, fmt);
	claimed = scx_claim_exit(sch, kind, code, cpu, fmt, args);
	va_end(args);
	return claimed;
}

/* Here and not in idle.c: every place that takes a CPU number from a policy ends here (ERR-20). */
bool scx_cpu_valid(struct scx_sched *sch, s32 cpu, const char *where)
{
	if (cpu >= 0 && (u32)cpu < nr_cpu_ids() && cpumask_test_cpu((u32)cpu, cpu_possible_mask()))
		return true;
	scx_error(sch, "invalid CPU %d%s%s", cpu, where ? " " : "", where ? where : "");
	return false;
}

/* D2; on the claiming CPU, so the dump sees the state at the error (ERR-86). */
void scx_error_irq_workfn(struct irq_work *work)
{
	struct scx_sched *sch = container_of(work, struct scx_sched, error_irq_work);
	struct scx_exit_info *ei = sch->exit_info;
	const struct scx_exit_record *rec = container_of(ei, struct scx_exit_record, info);

	BUG_ON(sch->exit_kind == SCX_EXIT_NONE);
	if (ei->kind >= SCX_EXIT_ERROR)
		scx_dump_state(sch, ei, rec->dump_len);
	ctx_spawn_service(scx_cpu_for_work(), "scx_disable_helper", scx_disable_workfn, sch);
}

const struct sched_class *scx_setscheduler_class(const struct task_struct *p)
{
	if (p->sched_class == &stop_sched_class)
		return &stop_sched_class;
	return __setscheduler_class(p->policy, p->prio);
}

/* D10; UNLD-05 and UNLD-06 under one hold of the rq lock. */
static void move_tasks_out(struct scx_sched *sch)
{
	struct scx_task_iter sti;
	struct task_struct *p;

	scx_task_iter_start(&sti);
	while ((p = scx_task_iter_next_locked(&sti))) {
		const struct sched_class *new_class = scx_setscheduler_class(p);
		int flags = DEQUEUE_SAVE | DEQUEUE_MOVE | DEQUEUE_NOCLOCK;
		struct sched_change_ctx change;

		update_rq_clock(task_rq(p));
		if (p->sched_class != new_class)
			flags |= DEQUEUE_CLASS;
		sched_change_begin(&change, p, flags);
		p->sched_class = new_class;
		sched_change_end(&change);
		scx_disable_and_exit_task(sch, p);
	}
	scx_task_iter_stop(&sti);
}

/* The exit information of the ended scheduler is kept; that of the one before can be used again. */
static void keep_exit_info(struct scx *scx, struct scx_sched *sch)
{
	if (scx->last_exit)
		list_add(&container_of(scx->last_exit, struct scx_exit_record, info)->node,
			 &scx->free_exits);
	scx->last_exit = sch->exit_info;
	scx_sum_events(sch, &scx->last_events);
}

static void scx_root_disable(struct scx_sched *sch)
{
	struct scx *scx = scx_state();
	struct scx_exit_info *ei = sch->exit_info;

	scx_bypass(sch, true);							/* D4 */
	WARN_ON_ONCE(scx_set_enable_state(SCX_DISABLING) >= SCX_DISABLING);	/* D5, LIFE-81 */
	mutex_lock(&scx->enable_mutex);						/* D6, ERR-92 */
	BUG_ON(scx->root != sch);
	scx->switched_all = false;						/* D7 */
	WRITE_ONCE(scx->switching_all, false);

	percpu_down_write(&scx->fork_rwsem);					/* D9 */
	scx->init_task_enabled = false;
	move_tasks_out(sch);
	sch->dump_disabled = true;						/* D11 */
	percpu_up_write(&scx->fork_rwsem);

	WRITE_ONCE(scx->enabled, false);					/* D13 */
	sch->has_op = 0;
	scx_idle_disable();
	synchronize_rcu();

	if (sch->ops.exit)							/* D15 */
		SCX_CALL_OP(sch, exit, NULL, ei->kind, ei->exit_code, ei);
	WRITE_ONCE(sch->dead, true);						/* D16 */

	scx_watchdog_stop();							/* D17 */
	if (scx->tid_hash) {
		idmap_free(scx->tid_hash);
		scx->tid_hash = NULL;
	}
	WRITE_ONCE(scx->root, NULL);
	keep_exit_info(scx, sch);
	mutex_unlock(&scx->enable_mutex);

	WARN_ON_ONCE(scx_set_enable_state(SCX_DISABLED) != SCX_DISABLING);	/* D18 */
	scx_bypass(sch, false);							/* D19 */
	if (scx->last_exit == ei)
		scx_sum_events(sch, &scx->last_events); /* with the bypass time of the end */
}

void scx_disable_workfn(void *arg)
{
	struct scx_sched *sch = arg;
	s32 kind;

	if (machine()->cfg.helper_delay_ns)
		ctx_sleep_until(machine_now() + machine()->cfg.helper_delay_ns);
	kind = READ_ONCE(sch->exit_kind);
	WARN_ON_ONCE(kind == SCX_EXIT_NONE || kind == SCX_EXIT_DONE);
	while (!tryset_exit_kind(sch, &kind, SCX_EXIT_DONE))			/* D3 */
		BUG_ON(kind == SCX_EXIT_DONE);
	sch->exit_info->kind = (enum scx_exit_kind)kind;
	sch->exit_info->reason = scx_exit_reason((enum scx_exit_kind)kind);

	scx_root_disable(sch);
	complete_all(&sch->disable_done);
	scx_put_sched(sch);							/* D20 */
}

void scx_disable(enum scx_exit_kind kind)
{
	struct scx_sched *sch = READ_ONCE(scx_root);

	if (!sch)
		return;
	scx_get_sched(sch);
	scx_exit(sch, kind, 0, -1, "%s", "");
	wait_for_completion(&sch->disable_done);
	scx_put_sched(sch);
}

const struct scx_exit_info *scx_last_exit(void)
{
	return scx_state()->last_exit;
}

/* ERR-10, ERR-11: the claim decides, the caller goes on. */
void scx_bpf_exit(s64 exit_code, const char *fmt, ...)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_exit, SCX_KF_ANY);
	bool claimed;
	va_list args;

	if (!sch)
		return;
	va_start(args, fmt);
	claimed = scx_claim_exit(sch, SCX_EXIT_UNREG_BPF, exit_code, smp_processor_id(), fmt, args);
	va_end(args);
	scx_kfunc_log(SCXTWIN_KF_exit, NULL, (u64)exit_code, 0, claimed);
}

void scx_bpf_error(const char *fmt, ...)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_error, SCX_KF_ANY);
	bool claimed;
	va_list args;

	if (!sch)
		return;
	va_start(args, fmt);
	claimed = scx_claim_exit(sch, SCX_EXIT_ERROR_BPF, 0, smp_processor_id(), fmt, args);
	va_end(args);
	scx_kfunc_log(SCXTWIN_KF_error, NULL, 0, 0, claimed);
}
