/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attribute changes by dequeue-change-enqueue: affinity with its stopper,
 * migrate_disable, nice, policy. Rules: spec 22.9 to 22.11.
 */
#include <errno.h>

#include "ext/ext.h"
#include "sched/core.h"

/* ---- the pair */

void sched_change_begin(struct sched_change_ctx *c, struct task_struct *p, int flags)
{
	struct rq *rq = task_rq(p);

	lockdep_assert_rq_held(rq);
	WARN_ON_ONCE(flags & 0xffff0000); /* SCHG-12 */
	if (!(flags & DEQUEUE_NOCLOCK)) {
		update_rq_clock(rq);
		flags |= DEQUEUE_NOCLOCK; /* SCHG-01 */
	}
	*c = (struct sched_change_ctx){
		.p = p, .class = p->sched_class, .flags = flags, .prio = p->prio,
		.queued = task_on_rq_queued(p), .running = task_current(rq, p),
	};
	if (flags & DEQUEUE_CLASS && p->sched_class->switching_from)
		p->sched_class->switching_from(rq, p);
	if (c->queued)
		dequeue_task(rq, p, flags);
	if (c->running)
		put_prev_task(rq, p);
	if (flags & DEQUEUE_CLASS && p->sched_class->switched_from)
		p->sched_class->switched_from(rq, p);
}

void sched_change_end(struct sched_change_ctx *c)
{
	struct task_struct *p = c->p;
	struct rq *rq = task_rq(p);

	lockdep_assert_rq_held(rq);
	WARN_ON_ONCE(p->sched_class != c->class && !(c->flags & ENQUEUE_CLASS));
	if (c->flags & ENQUEUE_CLASS && p->sched_class->switching_to)
		p->sched_class->switching_to(rq, p);
	if (c->queued)
		enqueue_task(rq, p, c->flags);
	if (c->running)
		set_next_task(rq, p);
	if (c->flags & ENQUEUE_CLASS) { /* SCHG-09 */
		if (p->sched_class->switched_to)
			p->sched_class->switched_to(rq, p);
		if (c->queued)
			wakeup_preempt(rq, p, 0);
		if (c->running && sched_class_above(c->class, p->sched_class))
			resched_curr(rq);
	} else if (p->sched_class->prio_changed) {
		p->sched_class->prio_changed(rq, p, c->prio);
	}
	if (task_current(rq, p))
		tick_reconsider(rq);
}

/* ---- affinity */

static void set_mask(struct task_struct *p, const struct cpumask *interned)
{
	if (!core_of(p)->narrowed)
		WRITE_ONCE(p->cpus_ptr, interned); /* MDIS-08: a narrowed one stays */
	p->cpus_mask = interned;
	p->nr_cpus_allowed = (s32)cpumask_weight(interned);
}

static void change_mask(struct task_struct *p, struct affinity_context *ac)
{
	struct sched_change_ctx c;

	sched_change_begin(&c, p, DEQUEUE_SAVE);
	if (ac->flags & (SCA_MIGRATE_DISABLE | SCA_MIGRATE_ENABLE)) {
		core_of(p)->narrowed = ac->flags & SCA_MIGRATE_DISABLE;
		WRITE_ONCE(p->cpus_ptr, ac->new_mask);
	} else {
		set_mask(p, ac->new_mask);
	}
	if (p->sched_class->set_cpus_allowed)
		p->sched_class->set_cpus_allowed(p, ac);
	sched_change_end(&c);
}

/* CORE-72; pi_lock is held. */
void do_set_cpus_allowed(struct task_struct *p, const struct cpumask *interned)
{
	struct affinity_context ac = { .new_mask = interned };
	struct rq *rq = __task_rq_lock(p);

	change_mask(p, &ac);
	event_emit(SCXTWIN_EV_ATTR, smp_processor_id(), p->pid, SCXTWIN_ATTR_AFFINITY,
		   cpumask_first(interned), 0, 0);
	__task_rq_unlock(rq, p);
}

/* pi_lock is held: the next who asks makes a request of his own. The caller completes this one. */
static void pending_settle(struct migration_arg *arg)
{
	struct task_struct *p = arg->task;

	lockdep_assert_held(&core_of(p)->pi_lock);
	BUG_ON(core_of(p)->pending != arg);
	WRITE_ONCE(p->migration_pending, false);
	core_of(p)->pending = NULL;
}

/* MIG-05 */
static void migration_cpu_stop(void *data)
{
	struct migration_arg *arg = data;
	struct task_struct *p = arg->task;
	struct rq *rq = this_rq();
	bool complete = false;
	u64 flags;

	flags = local_irq_save();
	sched_ttwu_pending(rq);
	raw_spin_lock(&core_of(p)->pi_lock);
	raw_spin_rq_lock(rq);
	BUG_ON(core_of(p)->pending != arg);
	BUG_ON(!arg->stop_pending);
	if (racy_task_rq(p) == rq) {
		if (is_migration_disabled(p)) {
			/* migrate_enable() will start us again (AFF-09). */
		} else {
			complete = true;
			if (!cpumask_test_cpu((u32)task_cpu(p), p->cpus_mask)) {
				if (task_on_rq_queued(p)) {
					update_rq_clock(rq);
					if (is_cpu_allowed(p, arg->dest_cpu))
						rq = move_queued_task(rq, p, arg->dest_cpu);
				} else {
					p->wake_cpu = arg->dest_cpu; /* AFF-15 */
				}
			}
		}
	} else if (cpumask_test_cpu((u32)task_cpu(p), p->cpus_mask)) {
		complete = true; /* AFF-16 */
	} else {
		const int cpu = task_cpu(p);

		raw_spin_rq_unlock(rq);
		raw_spin_unlock(&core_of(p)->pi_lock);
		stop_one_cpu_nowait(cpu, &arg->work);
		local_irq_restore(flags);
		return;
	}
	arg->stop_pending = false;
	if (complete)
		pending_settle(arg);
	raw_spin_rq_unlock(rq);
	raw_spin_unlock(&core_of(p)->pi_lock);
	local_irq_restore(flags);
	if (complete)
		complete_all(&arg->completion);
}

static struct migration_arg *pending_get(struct task_struct *p, int dest_cpu)
{
	struct task_core *t = core_of(p);
	struct migration_arg *arg = t->pending;

	if (!arg) {
		arg = pool_zalloc(&core_sched()->requests);
		BUG_ON(!arg);
		arg->task = p;
		init_completion(&arg->completion);
		INIT_LIST_HEAD(&arg->work.node);
		arg->work.fn = migration_cpu_stop;
		arg->work.arg = arg;
		t->pending = arg;
		WRITE_ONCE(p->migration_pending, true);
		t->refs++;
	}
	arg->dest_cpu = dest_cpu;
	arg->refs++;
	return arg;
}

static void pending_put(struct migration_arg *arg)
{
	struct task_core *t = core_of(arg->task);

	if (--arg->refs)
		return;
	BUG_ON(arg->stop_pending);
	BUG_ON(!list_empty(&arg->work.node));
	pool_free(&core_sched()->requests, arg);
	if (!--t->refs)
		task_release(t);
}

/* Both locks are held: true if the caller has to start a stopper once it dropped them. */
static bool pending_needs_stopper(struct migration_arg *arg)
{
	const bool needed = !arg->stop_pending;

	arg->stop_pending = true;
	return needed;
}

/* Completes a request that no stopper works at. Drops both locks. */
static void settle_and_unlock(struct rq *rq, struct task_struct *p, struct rq_flags *rf,
			      struct migration_arg *arg)
{
	const bool complete = arg && !arg->stop_pending;

	if (complete)
		pending_settle(arg);
	task_rq_unlock(rq, p, rf);
	if (complete)
		complete_all(&arg->completion);
}

/* Step 2 of an affinity change (AFF-05 to AFF-09); both locks held, both dropped. */
static void affine_move_task(struct rq *rq, struct task_struct *p, struct rq_flags *rf, int dest_cpu)
{
	struct migration_arg *arg = core_of(p)->pending;
	const bool on_cpu = p->on_cpu || READ_ONCE(p->__state) == TASK_WAKING;
	const int cpu = task_cpu(p);
	bool start;

	if (cpumask_test_cpu((u32)cpu, p->cpus_mask)) {
		settle_and_unlock(rq, p, rf, arg);
		return;
	}
	if (on_cpu || is_migration_disabled(p) || arg)
		arg = pending_get(p, dest_cpu);
	if (on_cpu) {
		/* Disabled migration too: the stopper finds out, and stands down (AFF-06). */
		start = pending_needs_stopper(arg);
		task_rq_unlock(rq, p, rf);
		if (start)
			stop_one_cpu_nowait(cpu, &arg->work);
		/* AFF-13: preemption is on again, so the stopper comes before the caller waits. */
		if (p == current_task() && p->need_resched)
			preempt_schedule();
	} else if (is_migration_disabled(p)) {
		task_rq_unlock(rq, p, rf);
	} else {
		if (task_on_rq_queued(p))
			rq = move_queued_task(rq, p, dest_cpu);
		settle_and_unlock(rq, p, rf, arg);
	}
	if (!arg)
		return;
	wait_for_completion(&arg->completion); /* AFF-18 */
	pending_put(arg);
}

int set_cpus_allowed(struct task_struct *p, const struct cpumask *new_mask)
{
	const struct cpumask *interned = cpumask_intern(new_mask);
	struct affinity_context ac = { .new_mask = interned };
	const struct cpumask *valid;
	struct rq_flags rf;
	struct rq *rq;
	u32 dest;

	if (p->flags & PF_NO_SETAFFINITY)
		return -EINVAL;
	rq = task_rq_lock(p, &rf);
	if (p->cpus_mask == interned) { /* AFF-01 */
		task_rq_unlock(rq, p, &rf);
		return 0;
	}
	valid = p->flags & PF_KTHREAD || is_migration_disabled(p) ? cpu_online_mask() : cpu_active_mask();
	if (!cpumask_intersects(valid, interned)) { /* AFF-02 */
		task_rq_unlock(rq, p, &rf);
		return -EINVAL;
	}
	dest = cpumask_any_and_distribute(valid, interned); /* AFF-03 */
	change_mask(p, &ac);
	event_emit(SCXTWIN_EV_ATTR, smp_processor_id(), p->pid, SCXTWIN_ATTR_AFFINITY,
		   cpumask_first(interned), 0, 0);
	affine_move_task(rq, p, &rf, (int)dest);
	return 0;
}

/* ---- migrate_disable */

void migrate_disable(void)
{
	struct task_struct *p = current_task();

	BUG_ON(!p);
	BUG_ON(p->migration_disabled == UINT16_MAX);
	preempt_disable();
	if (!p->migration_disabled)
		WRITE_ONCE(this_rq()->nr_pinned, this_rq()->nr_pinned + 1);
	WRITE_ONCE(p->migration_disabled, (u16)(p->migration_disabled + 1)); /* MDIS-01 */
	preempt_enable();
}

/* MDIS-03: the mask narrows at the first schedule() under it. */
void migrate_disable_switch(struct rq *rq, struct task_struct *p)
{
	struct affinity_context ac = { .new_mask = cpumask_of(rq->cpu), .flags = SCA_MIGRATE_DISABLE };

	raw_spin_lock(&core_of(p)->pi_lock);
	raw_spin_rq_lock(rq);
	change_mask(p, &ac);
	raw_spin_rq_unlock(rq);
	raw_spin_unlock(&core_of(p)->pi_lock);
}

void migrate_enable(void)
{
	struct task_struct *p = current_task();
	struct affinity_context ac = { .flags = SCA_MIGRATE_ENABLE };
	struct migration_arg *arg;
	struct rq_flags rf;
	struct rq *rq;
	bool start;
	int cpu;

	BUG_ON(!p->migration_disabled);
	if (p->migration_disabled > 1) {
		WRITE_ONCE(p->migration_disabled, (u16)(p->migration_disabled - 1));
		return;
	}
	rq = task_rq_lock(p, &rf);
	if (core_of(p)->narrowed) {
		ac.new_mask = p->cpus_mask; /* not before the lock: it may just have changed */
		change_mask(p, &ac); /* MDIS-06, MDIS-10: the count is still 1 */
	}
	BUG_ON(!rq->nr_pinned);
	WRITE_ONCE(rq->nr_pinned, rq->nr_pinned - 1);
	WRITE_ONCE(p->migration_disabled, 0);
	arg = core_of(p)->pending;
	cpu = task_cpu(p);
	if (!arg || cpumask_test_cpu((u32)cpu, p->cpus_mask)) {
		settle_and_unlock(rq, p, &rf, arg);
		return;
	}
	start = pending_needs_stopper(arg);
	task_rq_unlock(rq, p, &rf);
	if (start)
		stop_one_cpu_nowait(cpu, &arg->work); /* MDIS-07 */
}

/* ---- nice and policy */

static bool rt_or_dl_policy(u32 policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE;
}

const struct sched_class *__setscheduler_class(u32 policy, int prio)
{
	if (prio < 0)
		return &dl_sched_class;
	if (prio < MAX_RT_PRIO)
		return &rt_sched_class;
	return task_should_scx(policy) ? &ext_sched_class : &fair_sched_class; /* CLASS-01 */
}

static void reweight_task(struct rq *rq, struct task_struct *p)
{
	if (p->sched_class->reweight_task)
		p->sched_class->reweight_task(rq, p);
}

int set_user_nice(struct task_struct *p, int nice)
{
	struct sched_change_ctx c;
	struct rq_flags rf;
	struct rq *rq;

	if (nice < MIN_NICE || nice > MAX_NICE)
		return -EINVAL;
	if (PRIO_TO_NICE(p->static_prio) == nice)
		return 0;
	rq = task_rq_lock(p, &rf);
	if (rt_or_dl_policy(p->policy)) { /* SCHG-25 */
		p->static_prio = NICE_TO_PRIO(nice);
	} else {
		sched_change_begin(&c, p, DEQUEUE_SAVE);
		p->static_prio = p->normal_prio = p->prio = NICE_TO_PRIO(nice);
		reweight_task(rq, p);
		sched_change_end(&c);
	}
	event_emit(SCXTWIN_EV_ATTR, smp_processor_id(), p->pid, SCXTWIN_ATTR_NICE, (u64)(s64)nice, 0, 0);
	task_rq_unlock(rq, p, &rf);
	return 0;
}

static int prio_of(const struct sched_attr *attr, const struct task_struct *p)
{
	if (attr->policy == SCHED_DEADLINE)
		return -1;
	if (rt_or_dl_policy(attr->policy))
		return MAX_RT_PRIO - 1 - (int)attr->rt_priority;
	(void)p;
	return NICE_TO_PRIO(attr->nice);
}

static bool attr_valid(const struct sched_attr *attr)
{
	switch (attr->policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		return attr->rt_priority >= 1 && attr->rt_priority <= 99;
	case SCHED_DEADLINE:
		return attr->dl_deadline && attr->dl_period >= attr->dl_deadline;
	case SCHED_NORMAL:
	case SCHED_BATCH:
	case SCHED_IDLE:
	case SCHED_EXT:
		return attr->nice >= MIN_NICE && attr->nice <= MAX_NICE;
	default:
		return false;
	}
}

static bool attr_unchanged(const struct task_struct *p, const struct sched_attr *attr)
{
	if (p->policy != attr->policy)
		return false;
	if (attr->policy == SCHED_DEADLINE)
		return core_of(p)->dl_deadline == attr->dl_deadline && core_of(p)->dl_period == attr->dl_period;
	if (rt_or_dl_policy(attr->policy))
		return p->rt_priority == attr->rt_priority;
	return PRIO_TO_NICE(p->static_prio) == attr->nice;
}

void apply_sched_attr(struct task_struct *p, const struct sched_attr *attr)
{
	p->policy = attr->policy;
	p->rt_priority = rt_or_dl_policy(attr->policy) ? attr->rt_priority : 0;
	if (!rt_or_dl_policy(attr->policy))
		p->static_prio = NICE_TO_PRIO(attr->nice);
	core_of(p)->dl_deadline = attr->dl_deadline;
	core_of(p)->dl_period = attr->dl_period;
	p->prio = p->normal_prio = prio_of(attr, p);
}

int sched_setscheduler(struct task_struct *p, const struct sched_attr *attr)
{
	const struct sched_class *next_class;
	int flags = DEQUEUE_SAVE | DEQUEUE_MOVE, ret, new_prio;
	struct sched_change_ctx c;
	struct rq_flags rf;
	u64 irq_flags;
	struct rq *rq;

	if (!attr_valid(attr))
		return -EINVAL;
	rq = task_rq_lock(p, &rf);
	ret = p == rq->stop ? -EINVAL : scx_check_setscheduler(p, attr->policy);
	if (ret || attr_unchanged(p, attr)) { /* SCHG-28, SCHG-29 */
		task_rq_unlock(rq, p, &rf);
		return ret;
	}
	new_prio = prio_of(attr, p);
	if (new_prio == p->prio)
		flags &= ~DEQUEUE_MOVE; /* SCHG-20 */
	next_class = __setscheduler_class(attr->policy, new_prio);
	if (next_class != p->sched_class)
		flags |= DEQUEUE_CLASS;
	sched_change_begin(&c, p, flags);
	apply_sched_attr(p, attr);
	reweight_task(rq, p); /* SCHG-27: parameters before the class */
	p->sched_class = next_class;
	if (c.queued && c.prio < p->prio)
		c.flags |= ENQUEUE_HEAD; /* SCHG-21 */
	sched_change_end(&c);
	event_emit(SCXTWIN_EV_ATTR, smp_processor_id(), p->pid, SCXTWIN_ATTR_POLICY, attr->policy, 0, 0);
	task_rq_unlock(rq, p, &rf);

	raw_spin_rq_lock_irqsave(rq, &irq_flags); /* SCHG-30 */
	balance_callbacks(rq);
	raw_spin_rq_unlock_irqrestore(rq, irq_flags);
	return 0;
}
