/* SPDX-License-Identifier: GPL-2.0-only */
#include "check/check.h"

#include <stdio.h>

#include "base/event_log.h"
#include "base/mem.h"
#include "check/internal.h"
#include "check/locks.h"

#define SAMPLE 16

/* ---- telling */

void check_failed(const struct bug_site *site, const struct task_struct *p)
{
	const char *at = check_state()->at;
	struct scx_callback_info in;
	char task[48] = "", op[32] = "";

	if (p)
		snprintf(task, sizeof(task), "task %d %s, ", p->pid, p->comm);
	if (at && scx_current_callback(&in))
		snprintf(op, sizeof(op), ", ops.%s()", in.op);
	__bug_fmt(site, "%sCPU %d, %s%s", task, smp_processor_id(), at ? at : "audit", op);
}

/* ---- local invariants: the moments */

/*
 * Explored and costed, every release of an rq or DSQ lock is looked at: another CPU
 * comes next. Timed, paths run to their end and what is wrong stays wrong: of the
 * rqs alone one release in SAMPLE will do.
 */
static void unlocking(const raw_spinlock_t *lock)
{
	struct check *check = check_state();
	const struct rq *rq;

	check->at = lock->name;
	if (lock->class == LOCK_CLASS_DSQ) {
		check_queue_ends(container_of(lock, struct scx_dispatch_q, lock));
		return;
	}
	rq = container_of(lock, struct rq, __lock);
	if (check->cpus[rq->cpu].curr != rq->curr)
		check_time_switched(rq);
	check_locks_at_unlock(check);
	check_promise_now(rq);
	if (likely(check->countdown--))
		return;
	check->countdown = check->thorough ? 0 : SAMPLE - 1;
	check_rq_now(rq);
	check_queue_ends(&rq->scx.local_dsq);
}

static void word_stored(struct task_struct *p)
{
	check_state()->at = "p->scx.ops_state";
	check_word_stored(p);
	check_custody(p, NO_OP);
}

static void call_ends(enum scxtwin_op op, struct task_struct *p)
{
	(void)op;
	if (likely(!p || (p->scx.holding_cpu < 0 && p->scx.sticky_cpu < 0)))
		return;
	check_state()->at = "return from a callback";
	check_companions_now(p);
}

static const struct scx_onlooker thorough_onlooker = {
	.word_stored = word_stored, .call_begins = check_callback, .call_ends = call_ends,
};

/* ops_state.c asserts its transitions itself. */
static const struct scx_onlooker onlooker = { .call_begins = check_callback, .call_ends = call_ends };

static bool paths_take_no_time(const struct machine_config *cfg)
{
	size_t i;

	for (i = 0; i < NR_COSTS; i++)
		if (cfg->cost_ns[i])
			return false;
	return true;
}

int check_install(void)
{
	struct check *check = arena_zalloc(this_sim->arena, sizeof(*check));
	int cpu;

	if (!check)
		return -1;
	check->cpus = arena_calloc(this_sim->arena, nr_cpu_ids(), sizeof(*check->cpus));
	if (!check->cpus)
		return -1;
	this_sim->check = check;
	check->exact_time = paths_take_no_time(&machine()->cfg);
	check->thorough = machine()->cfg.mode != RUN_TIMED;
	for_each_possible_cpu(cpu)
		check->cpus[cpu].curr = cpu_rq(cpu)->curr;
	machine()->unlocking = unlocking;
	machine()->unlocking_classes = 1U << LOCK_CLASS_RQ | (check->thorough ? 1U << LOCK_CLASS_DSQ : 0);
	scx_state()->onlooker = check->thorough ? &thorough_onlooker : &onlooker;
	return 0;
}

void check_remove(void)
{
	machine()->unlocking_classes = 0;
	scx_state()->onlooker = NULL;
	check_state()->removed = true;
}

/* ---- audits */

void check_each_dsq(void (*fn)(const struct scx_dispatch_q *dsq))
{
	struct scx_sched *sch = scx_root;
	const struct scx_dispatch_q *dsq;
	u32 i;

	for (i = 0; i < nr_cpu_ids(); i++)
		fn(&cpu_rq((int)i)->scx.local_dsq);
	if (!sch)
		return;
	list_for_each_entry(dsq, &sch->all_dsqs, all_node)
		fn(dsq);
	for (i = 0; i < nr_node_ids(); i++)
		fn(&sch->global_dsqs[i]);
	for (i = 0; i < nr_cpu_ids(); i++)
		fn(&sch->pcpu[i].bypass_dsq);
}

bool is_settled(const struct task_struct *p)
{
	return is_free(&task_rq(p)->__lock) && is_free(&core_of(p)->pi_lock) &&
	       p->on_rq != TASK_ON_RQ_MIGRATING && (!p->scx.dsq || is_free(dsq_lock(p->scx.dsq)));
}

static void audit_task(const struct task_struct *p)
{
	check_word_audit(p);
	if (!is_settled(p))
		return;
	check_companions_audit(p);
	check_reenq_audit(p);
	check_custody_audit(p);
	check_callbacks_audit(p);
	check_time_audit(p);
}

static void audit_queue(const struct scx_dispatch_q *dsq)
{
	if (is_free(dsq_lock(dsq)))
		check_queue_audit(dsq);
}

void check_audit(void)
{
	struct task_core *t;
	int cpu;

	if (check_state()->removed)
		return;
	check_state()->at = NULL;
	check_each_dsq(audit_queue);
	for_each_possible_cpu(cpu) {
		const struct rq *rq = cpu_rq(cpu);

		if (!is_free(&rq->__lock))
			continue;
		check_rq_audit(rq);
		check_immed_audit(rq);
		check_promise_audit(rq);
	}
	list_for_each_entry(t, &core_sched()->tasks, all_node)
		audit_task(&t->task);
	check_place_audit();
	check_bypass_audit();
}

/* Lives in the arena: goes with the simulation. */
struct auditor {
	struct scxtwin_observer obs;
	struct mevent ev;
	u64 every, countdown;
};

static void audit_due(struct mevent *ev)
{
	(void)ev;
	check_audit();
}

/* Records come in the middle of paths; the audit waits until the loop is between two steps. */
static void count_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct auditor *a = obs->data;

	(void)ev;
	if (--a->countdown)
		return;
	a->countdown = a->every;
	if (!mevent_pending(&a->ev))
		mevent_arm(&a->ev, this_sim->now);
}

void check_audit_every(u64 n)
{
	struct auditor *a;

	if (!n)
		return;
	a = arena_zalloc(this_sim->arena, sizeof(*a));
	BUG_ON(!a);
	a->every = a->countdown = n;
	a->obs.event = count_event;
	a->obs.data = a;
	mevent_init(&a->ev, RANK_WAKE, 0, audit_due, "audit");
	a->ev.background = true;
	event_log_observe(this_sim->events, &a->obs);
}
