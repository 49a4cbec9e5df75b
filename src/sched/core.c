/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core scheduler: rq locks and clocks, wakeups, preemption, schedule().
 * Function names and order of effects are those of kernel/sched/core.c (7.3);
 * rules: spec chapter 22.
 */
#include "sched/core.h"

#include "ext/ext.h"

/* ---- rq lock and clock */

static inline void rq_clock_invalidate(struct rq *rq)
{
	rq->scx.flags &= ~SCX_RQ_CLK_VALID;
}

void raw_spin_rq_unlock(struct rq *rq)
{
	rq_clock_invalidate(rq);
	raw_spin_unlock(&rq->__lock);
}

void raw_spin_rq_lock_irqsave(struct rq *rq, u64 *flags)
{
	*flags = local_irq_save();
	raw_spin_rq_lock(rq);
}

void raw_spin_rq_unlock_irqrestore(struct rq *rq, u64 flags)
{
	raw_spin_rq_unlock(rq);
	local_irq_restore(flags);
}

void rq_unpin_lock(struct rq *rq)
{
	lockdep_assert_rq_held(rq);
	rq_clock_invalidate(rq);
}

void rq_repin_lock(struct rq *rq)
{
	lockdep_assert_rq_held(rq);
}

struct rq *__task_rq_lock(struct task_struct *p)
{
	for (;;) {
		struct rq *rq = racy_task_rq(p);

		raw_spin_rq_lock(rq);
		if (likely(rq == racy_task_rq(p) && !task_on_rq_migrating(p)))
			return rq;
		raw_spin_rq_unlock(rq);
		await(&p->on_rq, p->on_rq != TASK_ON_RQ_MIGRATING, "task_rq_lock.migrating");
	}
}

void __task_rq_unlock(struct rq *rq, struct task_struct *p)
{
	BUG_ON(task_rq(p) != rq);
	raw_spin_rq_unlock(rq);
}

struct rq *task_rq_lock(struct task_struct *p, struct rq_flags *rf)
{
	for (;;) {
		struct rq *rq;

		raw_spin_lock_irqsave(&core_of(p)->pi_lock, rf->flags);
		rq = racy_task_rq(p);
		raw_spin_rq_lock(rq);
		if (likely(rq == racy_task_rq(p) && !task_on_rq_migrating(p)))
			return rq;
		raw_spin_rq_unlock(rq);
		raw_spin_unlock_irqrestore(&core_of(p)->pi_lock, rf->flags);
		await(&p->on_rq, p->on_rq != TASK_ON_RQ_MIGRATING, "task_rq_lock.migrating");
	}
}

void task_rq_unlock(struct rq *rq, struct task_struct *p, struct rq_flags *rf)
{
	raw_spin_rq_unlock(rq);
	raw_spin_unlock_irqrestore(&core_of(p)->pi_lock, rf->flags);
}

void update_rq_clock(struct rq *rq)
{
	lockdep_assert_rq_held(rq);
	rq->clock = this_sim->now;
	rq->clock_task = rq->clock; /* CLK-07 */
	if (scx_enabled()) {
		rq->scx.clock = rq->clock;
		rq->scx.flags |= SCX_RQ_CLK_VALID;
	}
}

/* ---- class plumbing */

static const struct sched_class *const classes[] = {
	&stop_sched_class, &dl_sched_class, &rt_sched_class,
	&fair_sched_class, &ext_sched_class, &idle_sched_class,
};

#define NR_CLASSES (sizeof(classes) / sizeof(classes[0]))

/* CORE-01 */
static bool class_active(const struct sched_class *class)
{
	if (class == &fair_sched_class)
		return !scx_switched_all();
	if (class == &ext_sched_class)
		return scx_enabled();
	return true;
}

void add_nr_running(struct rq *rq, u32 n)
{
	lockdep_assert_rq_held(rq);
	WRITE_ONCE(rq->nr_running, rq->nr_running + n);
	core_sched()->nr_runnable += n;
}

void sub_nr_running(struct rq *rq, u32 n)
{
	lockdep_assert_rq_held(rq);
	BUG_ON(rq->nr_running < n);
	WRITE_ONCE(rq->nr_running, rq->nr_running - n);
	core_sched()->nr_runnable -= n;
}

void enqueue_task(struct rq *rq, struct task_struct *p, int flags)
{
	if (!(flags & ENQUEUE_NOCLOCK))
		update_rq_clock(rq);
	p->sched_class->enqueue_task(rq, p, flags);
}

bool dequeue_task(struct rq *rq, struct task_struct *p, int flags)
{
	if (!(flags & DEQUEUE_NOCLOCK))
		update_rq_clock(rq);
	return p->sched_class->dequeue_task(rq, p, flags);
}

void activate_task(struct rq *rq, struct task_struct *p, int flags)
{
	lockdep_assert_rq_held(rq);
	BUG_ON(task_rq(p) != rq);
	if (p->on_rq == TASK_ON_RQ_MIGRATING)
		flags |= ENQUEUE_MIGRATED;
	enqueue_task(rq, p, flags);
	WRITE_ONCE(p->on_rq, TASK_ON_RQ_QUEUED); /* CORE-04: after the class hook */
}

void deactivate_task(struct rq *rq, struct task_struct *p, int flags)
{
	lockdep_assert_rq_held(rq);
	WARN_ON_ONCE(flags & DEQUEUE_SLEEP); /* CORE-06 */
	WRITE_ONCE(p->on_rq, TASK_ON_RQ_MIGRATING);
	dequeue_task(rq, p, flags);
}

static void block_task(struct rq *rq, struct task_struct *p, int flags)
{
	if (dequeue_task(rq, p, DEQUEUE_SLEEP | flags))
		WRITE_ONCE(p->on_rq, 0); /* CORE-07: after the dequeue */
}

/* The CPU's own context looks at need_resched when it leaves the kernel; everyone else sends an IPI. */
void resched_curr(struct rq *rq)
{
	struct task_struct *curr = rq->curr;
	const struct ctx *ctx = current_ctx();

	lockdep_assert_rq_held(rq);
	if (curr->need_resched)
		return;
	curr->need_resched = true;
	if (ctx->cpu == rq->cpu && ctx->kind == CTX_CPU)
		return;
	if (!mevent_pending(&rq->resched_ipi))
		mevent_arm(&rq->resched_ipi, this_sim->now + machine()->cfg.cost_ns[COST_ipi]);
}

void resched_cpu(int cpu)
{
	struct rq *rq = cpu_rq(cpu);
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	if (cpu_online(cpu) || cpu == smp_processor_id())
		resched_curr(rq);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

void wakeup_preempt(struct rq *rq, struct task_struct *p, int flags)
{
	lockdep_assert_rq_held(rq);
	if (p->sched_class == rq->next_class) {
		rq->next_class->wakeup_preempt(rq, p, flags);
	} else if (sched_class_above(p->sched_class, rq->next_class)) {
		rq->next_class->wakeup_preempt(rq, p, flags); /* CORE-23: the old one's hook */
		resched_curr(rq);
		rq->next_class = p->sched_class;
	}
}

void set_task_cpu(struct task_struct *p, int cpu)
{
	WARN_ON_ONCE(p->on_rq == TASK_ON_RQ_QUEUED);
	WARN_ON_ONCE(is_migration_disabled(p));
	WARN_ON_ONCE(!cpu_online(cpu)); /* MIG-12 */
	if (task_cpu(p) == cpu)
		return;
	if (p->sched_class->migrate_task_rq)
		p->sched_class->migrate_task_rq(p, cpu);
	event_emit(SCXTWIN_EV_MIGRATE, smp_processor_id(), p->pid, (u64)task_cpu(p), (u64)cpu, 0, 0);
	__set_task_cpu(p, cpu);
}

/* ---- balance callbacks: a stack per rq, BAL-01 */

static struct balance_callback balance_end;

void queue_balance_callback(struct rq *rq, struct balance_callback *head, void (*func)(struct rq *))
{
	lockdep_assert_rq_held(rq);
	if (head->next || rq->balance_push) /* BAL-01, HP-10 */
		return;
	head->func = func;
	head->next = rq->balance_callback ? rq->balance_callback : &balance_end;
	rq->balance_callback = head;
}

void balance_callbacks(struct rq *rq)
{
	struct balance_callback *head = rq->balance_callback;

	lockdep_assert_rq_held(rq);
	if (likely(!head))
		return;
	rq->balance_callback = NULL;
	while (head != &balance_end) {
		struct balance_callback *next = head->next;

		head->next = NULL;
		head->func(rq);
		head = next;
	}
}

/* ---- which CPU */

bool is_cpu_allowed(struct task_struct *p, int cpu)
{
	if (!is_cpu_allowed_mask(p, cpu))
		return false;
	if (is_migration_disabled(p))
		return cpu_online(cpu);
	if (!(p->flags & PF_KTHREAD))
		return cpu_active(cpu);
	if (p->nr_cpus_allowed == 1)
		return cpu_online(cpu);
	return cpu_online(cpu) && !cpumask_test_cpu((u32)cpu, machine()->dying_mask);
}

/* CORE-71: own node, own mask, then everything, by force. */
int select_fallback_rq(int cpu, struct task_struct *p)
{
	bool forced = false;
	int dest;

	for (;;) {
		for_each_cpu_and(dest, cpumask_of_node(cpu_to_node(cpu)), p->cpus_ptr)
			if (is_cpu_allowed(p, dest))
				return dest;
		for_each_cpu(dest, p->cpus_ptr)
			if (is_cpu_allowed(p, dest))
				return dest;
		BUG_ON(forced);
		do_set_cpus_allowed(p, cpumask_intern(cpu_possible_mask()));
		forced = true;
	}
}

static int select_task_rq(struct task_struct *p, int cpu, int *wake_flags)
{
	lockdep_assert_held(&core_of(p)->pi_lock);
	if (p->nr_cpus_allowed > 1 && !is_migration_disabled(p)) {
		cpu = p->sched_class->select_task_rq(p, cpu, *wake_flags);
		*wake_flags |= WF_RQ_SELECTED;
	} else {
		cpu = (int)cpumask_first(p->cpus_ptr);
	}
	if (unlikely(!is_cpu_allowed(p, cpu)))
		cpu = select_fallback_rq(task_cpu(p), p);
	return cpu;
}

int select_task_rq_fork(struct task_struct *p, int cpu)
{
	int wake_flags = WF_FORK;

	return select_task_rq(p, cpu, &wake_flags);
}

/* ---- wakeup */

struct task_struct *current_task(void)
{
	const struct ctx *ctx = current_ctx();

	if (ctx->kind == CTX_TASK)
		return ctx->task;
	return ctx->kind == CTX_CPU ? cpu_rq(ctx->cpu)->curr : NULL;
}

static s32 waker_pid(void)
{
	const struct ctx *ctx = current_ctx();
	const struct task_struct *curr = ctx->hardirq_count ? NULL : current_task();

	return curr ? curr->pid : 0;
}

void task_woken(struct rq *rq, struct task_struct *p)
{
	if (!p->sched_class->task_woken)
		return;
	rq_unpin_lock(rq);
	p->sched_class->task_woken(rq, p);
	rq_repin_lock(rq);
}

static void ttwu_do_activate(struct rq *rq, struct task_struct *p, int wake_flags)
{
	int en_flags = ENQUEUE_WAKEUP | ENQUEUE_NOCLOCK;

	lockdep_assert_rq_held(rq);
	if (wake_flags & WF_RQ_SELECTED)
		en_flags |= ENQUEUE_RQ_SELECTED;
	if (wake_flags & WF_MIGRATED)
		en_flags |= ENQUEUE_MIGRATED;
	event_emit(SCXTWIN_EV_WAKEUP, smp_processor_id(), p->pid, (u64)rq->cpu, 0, 0, 0);
	activate_task(rq, p, en_flags);
	wakeup_preempt(rq, p, wake_flags);
	WRITE_ONCE(p->__state, TASK_RUNNING);
	task_woken(rq, p);
}

/* CORE-43: still on its rq, nothing is enqueued. */
static bool ttwu_runnable(struct task_struct *p, int wake_flags)
{
	struct rq *rq = __task_rq_lock(p);
	const bool queued = task_on_rq_queued(p);

	if (queued) {
		update_rq_clock(rq);
		if (!p->on_cpu)
			wakeup_preempt(rq, p, wake_flags);
		WRITE_ONCE(p->__state, TASK_RUNNING);
	}
	__task_rq_unlock(rq, p);
	return queued;
}

/* CORE-62 to CORE-69 */
static bool ttwu_queue_cond(struct task_struct *p, int cpu)
{
	const int this_cpu = smp_processor_id();

	if (!scx_allow_ttwu_queue(p))
		return false;
	if (p->sched_class == &stop_sched_class || !cpu_active(cpu) || !is_cpu_allowed_mask(p, cpu))
		return false;
	if (!cpus_share_cache(this_cpu, cpu))
		return true;
	return cpu != this_cpu && !READ_ONCE(cpu_rq(cpu)->nr_running);
}

static bool ttwu_queue_wakelist(struct task_struct *p, int cpu, int wake_flags)
{
	struct rq *rq = cpu_rq(cpu);
	struct task_core *t = core_of(p);

	if (!ttwu_queue_cond(p, cpu))
		return false;
	yield_point(&rq->wake_list, YIELD_RMW, "wake_list.add");
	t->wake_list_flags = wake_flags & WF_MIGRATED; /* CORE-55 */
	list_add_tail(&t->wake_node, &rq->wake_list);
	if (!mevent_pending(&rq->wakelist_ipi))
		mevent_arm(&rq->wakelist_ipi, this_sim->now + machine()->cfg.cost_ns[COST_ipi]);
	return true;
}

/* CORE-56: one lock hold and one clock update for the whole list. */
void sched_ttwu_pending(struct rq *rq)
{
	struct task_core *t;

	yield_point(&rq->wake_list, YIELD_RMW, "wake_list.take");
	if (list_empty(&rq->wake_list))
		return;
	raw_spin_rq_lock(rq);
	update_rq_clock(rq);
	while ((t = list_first_entry_or_null(&rq->wake_list, struct task_core, wake_node))) {
		struct task_struct *p = &t->task;

		list_del_init(&t->wake_node);
		await(&p->on_cpu, !p->on_cpu, "wake_list.on_cpu");
		if (WARN_ON_ONCE(task_cpu(p) != rq->cpu))
			set_task_cpu(p, rq->cpu);
		ttwu_do_activate(rq, p, t->wake_list_flags);
	}
	raw_spin_rq_unlock(rq);
}

static void ttwu_queue(struct task_struct *p, int cpu, int wake_flags)
{
	struct rq *rq = cpu_rq(cpu);

	if (ttwu_queue_wakelist(p, cpu, wake_flags))
		return;
	raw_spin_rq_lock(rq);
	update_rq_clock(rq);
	ttwu_do_activate(rq, p, wake_flags);
	raw_spin_rq_unlock(rq);
}

static void ttwu_locked(struct task_struct *p, int wake_flags)
{
	int cpu;

	if (READ_ONCE(p->on_rq) && ttwu_runnable(p, wake_flags))
		return;
	WRITE_ONCE(p->__state, TASK_WAKING);
	if (READ_ONCE(p->on_cpu) && ttwu_queue_wakelist(p, task_cpu(p), wake_flags))
		return;
	await(&p->on_cpu, !p->on_cpu, "ttwu.on_cpu");
	cpu = select_task_rq(p, p->wake_cpu, &wake_flags);
	if (task_cpu(p) != cpu) {
		wake_flags |= WF_MIGRATED;
		set_task_cpu(p, cpu);
	}
	ttwu_queue(p, cpu, wake_flags);
}

bool try_to_wake_up(struct task_struct *p, u32 state, int wake_flags)
{
	struct task_core *t = core_of(p);
	bool woken = false;
	u64 flags;

	wake_flags |= WF_TTWU;
	if (p == current_task()) { /* CORE-40 */
		if (!(READ_ONCE(p->__state) & state))
			return false;
		WRITE_ONCE(p->__state, TASK_RUNNING);
		return true;
	}
	machine_spend(COST_wakeup);
	raw_spin_lock_irqsave(&t->pi_lock, flags);
	if (READ_ONCE(p->__state) & state) {
		event_emit(SCXTWIN_EV_WAKING, smp_processor_id(), p->pid, (u64)waker_pid(),
			   (u64)task_cpu(p), 0, 0);
		ttwu_locked(p, wake_flags);
		woken = true;
	}
	raw_spin_unlock_irqrestore(&t->pi_lock, flags);
	return woken;
}

/* MIG-01 */
struct rq *move_queued_task(struct rq *rq, struct task_struct *p, int new_cpu)
{
	lockdep_assert_rq_held(rq);
	deactivate_task(rq, p, DEQUEUE_NOCLOCK);
	set_task_cpu(p, new_cpu);
	raw_spin_rq_unlock(rq);
	machine_spend(COST_migrate);
	rq = cpu_rq(new_cpu);
	raw_spin_rq_lock(rq);
	WARN_ON_ONCE(task_cpu(p) != new_cpu);
	activate_task(rq, p, 0);
	wakeup_preempt(rq, p, 0);
	return rq;
}

/* ---- schedule() */

enum sched_mode { SM_NONE, SM_PREEMPT, SM_IDLE };

static void put_prev_set_next(struct rq *rq, struct task_struct *prev, struct task_struct *next)
{
	WARN_ON_ONCE(rq->curr != prev); /* CORE-12 */
	if (prev == next)
		return;
	prev->sched_class->put_prev_task(rq, prev, next);
	next->sched_class->set_next_task(rq, next, true);
}

/* SCHED-11 */
static void prev_balance(struct rq *rq, struct task_struct *prev)
{
	size_t i;

	for (i = 0; i < NR_CLASSES; i++) {
		const struct sched_class *class = classes[i];

		if (sched_class_above(class, prev->sched_class) || !class_active(class))
			continue;
		if (class->balance && class->balance(rq, prev))
			break;
	}
}

static struct task_struct *pick_next_task(struct rq *rq, struct task_struct *prev)
{
	struct task_struct *p = NULL;
	size_t i;

restart:
	prev_balance(rq, prev);
	for (i = 0; i < NR_CLASSES; i++) {
		if (!class_active(classes[i]))
			continue;
		p = classes[i]->pick_task(rq);
		if (unlikely(p == RETRY_TASK))
			goto restart;
		if (p)
			break;
	}
	BUG_ON(!p); /* the idle class always has one */
	put_prev_set_next(rq, prev, p);
	return p;
}

static void try_to_block_task(struct rq *rq, struct task_struct *p)
{
	const u32 special = __TASK_STOPPED | __TASK_TRACED | TASK_PARKED | TASK_DEAD | TASK_FROZEN;
	int flags = DEQUEUE_NOCLOCK;

	if (p->__state & special)
		flags |= DEQUEUE_SPECIAL; /* SCHED-08 */
	block_task(rq, p, flags);
}

/* BAL-02; on a CPU that goes down, the push of the task that was picked takes their place (HP-09). */
static void end_of_pass(struct rq *rq)
{
	rq_unpin_lock(rq);
	if (unlikely(rq->balance_push))
		balance_push(rq);
	else
		balance_callbacks(rq);
}

static void finish_task_switch(struct rq *rq, struct task_struct *prev, u32 prev_state)
{
	/* Pairs with the waits on on_cpu in ttwu: the task may be moved from here on. */
	smp_store_release(&prev->on_cpu, 0);
	end_of_pass(rq);
	raw_spin_rq_unlock(rq);
	/* A call whose task got another CPU before it was through here may follow it now. */
	if (current_ctx()->kind == CTX_TASK && prev->cpu != rq->cpu)
		machine_continue_cpu(prev->cpu);
	local_irq_enable();
	if (unlikely(prev_state == TASK_DEAD))
		task_dead(prev);
}

static void context_switch(struct rq *rq, struct task_struct *prev, struct task_struct *next)
{
	const u32 prev_state = prev->__state;

	rq->nr_switches++;
	core_of(next)->switched_in = true;
	WRITE_ONCE(next->on_cpu, 1);
	WRITE_ONCE(rq->curr, next);
	event_emit(SCXTWIN_EV_SWITCH, rq->cpu, next->pid, (u64)(s64)prev->pid,
		   prev->on_rq ? TASK_RUNNING : prev_state, (u64)prev->prio, (u64)next->prio);
	user_switch(rq, prev);
	machine_spend(COST_switch);
	tick_reconsider(rq);
	if (current_ctx()->kind == CTX_TASK)
		machine_continue_cpu(rq->cpu); /* the call stays behind, the CPU goes on with next */
	finish_task_switch(rq, prev, prev_state);
}

static void __schedule(enum sched_mode mode)
{
	const int cpu = smp_processor_id();
	struct rq *rq = cpu_rq(cpu);
	struct task_struct *prev = rq->curr, *next;

	BUG_ON(irqs_disabled());
	machine_count_pass(cpu);
	local_irq_disable();
	if (prev->migration_disabled && !core_of(prev)->narrowed)
		migrate_disable_switch(rq, prev); /* SCHED-02, MDIS-03 */
	raw_spin_rq_lock(rq);
	update_rq_clock(rq);
	WARN_ON_ONCE(rq->balance_callback); /* BAL-05 */

	if (mode == SM_IDLE && !rq->nr_running && !scx_enabled()) {
		next = prev;
		rq->next_class = &idle_sched_class;
	} else {
		if (mode == SM_NONE && READ_ONCE(prev->__state))
			try_to_block_task(rq, prev);
		next = pick_next_task(rq, prev);
		rq->next_class = next->sched_class;
	}
	prev->need_resched = false; /* SCHED-23: also what came while the lock was dropped */
	if (likely(prev != next)) {
		context_switch(rq, prev, next);
		return;
	}
	end_of_pass(rq);
	tick_reconsider(rq);
	raw_spin_rq_unlock(rq);
	local_irq_enable();
}

/* In a task context the rest of the call waits until its task has the CPU again. */
static void wait_for_cpu(struct task_struct *p)
{
	struct ctx *ctx = current_ctx();

	if (ctx->kind != CTX_TASK)
		return;
	while (cpu_rq(p->cpu)->curr != p || ctx->cpu != p->cpu)
		ctx_suspend(&p->on_cpu, "schedule");
}

static void schedule_mode(enum sched_mode mode)
{
	struct task_struct *p = current_task();

	BUG_ON(!p);
	__schedule(mode);
	wait_for_cpu(p);
}

void schedule(void)
{
	schedule_mode(SM_NONE);
}

void preempt_schedule(void)
{
	schedule_mode(SM_PREEMPT);
}

void schedule_idle(void)
{
	__schedule(SM_IDLE);
}

void sched_yield_current(void)
{
	struct rq *rq = this_rq();

	local_irq_disable();
	raw_spin_rq_lock(rq);
	update_rq_clock(rq);
	rq->curr->sched_class->yield_task(rq);
	raw_spin_rq_unlock(rq);
	local_irq_enable();
	schedule();
}

/* YIELD-05, YIELD-06 */
bool yield_to(struct task_struct *p, bool preempt)
{
	struct rq *rq = this_rq(), *p_rq = task_rq(p);
	struct rq *first = rq->cpu < p_rq->cpu ? rq : p_rq;
	struct rq *second = first == rq ? p_rq : rq;
	struct task_struct *curr = rq->curr;
	bool yielded = false;

	local_irq_disable();
	raw_spin_rq_lock(first);
	if (second != first)
		raw_spin_rq_lock(second);
	if (task_rq(p) == p_rq && curr->sched_class == p->sched_class && curr->sched_class->yield_to_task &&
	    !p->on_cpu && p->__state == TASK_RUNNING) {
		update_rq_clock(rq);
		yielded = curr->sched_class->yield_to_task(rq, p);
		if (yielded && preempt && p_rq != rq)
			resched_curr(p_rq);
	}
	if (second != first)
		raw_spin_rq_unlock(second);
	raw_spin_rq_unlock(first);
	local_irq_enable();
	if (yielded)
		schedule();
	return yielded;
}
