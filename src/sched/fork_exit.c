/* SPDX-License-Identifier: GPL-2.0-only */
/* Birth and death of tasks: spec 22.6 and 22.12. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/idmap.h"
#include "ext/ext.h"
#include "sched/core.h"

/* All fields that do not depend on a parent. */
struct task_core *task_core_alloc(s32 pid, const char *comm)
{
	struct task_core *t = pool_zalloc(&core_sched()->tasks_pool);
	struct task_struct *p;

	if (!t)
		BUG_FMT("no memory for task %d", pid);
	p = &t->task;
	p->pid = p->tgid = pid;
	strncpy(p->comm, comm, TASK_COMM_LEN - 1);
	p->__state = TASK_NEW;
	p->prio = p->static_prio = p->normal_prio = DEFAULT_PRIO;
	p->cpus_mask = p->cpus_ptr = core_sched()->all_cpus;
	p->nr_cpus_allowed = (s32)nr_cpu_ids();
	raw_spin_lock_init(&t->pi_lock, LOCK_CLASS_PI, 0, "pi_lock");
	INIT_LIST_HEAD(&t->rt_node);
	INIT_LIST_HEAD(&t->wake_node);
	INIT_LIST_HEAD(&t->all_node);
	RB_CLEAR_NODE(&t->se.run_node);
	RB_CLEAR_NODE(&t->dl_node);
	init_scx_entity(&p->scx);
	t->refs = 1;
	return t;
}

struct task_core *find_task_by_pid(s32 pid)
{
	return idmap_get(core_sched()->pids, (u32)pid);
}

static s32 free_pid(void)
{
	struct core_sched *cs = core_sched();

	while (find_task_by_pid(cs->next_pid))
		cs->next_pid++;
	return cs->next_pid++;
}

static void inherit(struct task_core *t, const struct task_birth *birth, const struct task_struct *parent)
{
	struct task_struct *p = &t->task;

	p->real_parent = (struct task_struct *)parent;
	p->tgid = birth->tgid ? birth->tgid : p->pid;
	p->flags = birth->flags;
	p->policy = parent->policy;
	p->rt_priority = parent->rt_priority;
	p->static_prio = parent->static_prio;
	p->prio = p->normal_prio = parent->normal_prio;
	t->dl_deadline = core_of(parent)->dl_deadline;
	t->dl_period = core_of(parent)->dl_period;
	p->cpus_mask = p->cpus_ptr = birth->cpus ? cpumask_intern(birth->cpus) : parent->cpus_mask;
	p->nr_cpus_allowed = (s32)cpumask_weight(p->cpus_mask);
	if (birth->attr)
		apply_sched_attr(p, birth->attr);
	t->group = birth->group;
	t->uops = birth->uops;
	t->program = birth->program;
	t->born_at = this_sim->now;
}

/* FORK-12 to FORK-16 */
static void wake_up_new_task(struct task_struct *p)
{
	struct rq_flags rf;
	struct rq *rq;

	raw_spin_lock_irqsave(&core_of(p)->pi_lock, rf.flags);
	WRITE_ONCE(p->__state, TASK_RUNNING);
	__set_task_cpu(p, select_task_rq_fork(p, task_cpu(p))); /* FORK-13: no migrate hook */
	rq = __task_rq_lock(p);
	update_rq_clock(rq);
	event_emit(SCXTWIN_EV_WAKEUP_NEW, smp_processor_id(), p->pid, (u64)rq->cpu, 0, 0, 0);
	activate_task(rq, p, ENQUEUE_NOCLOCK | ENQUEUE_INITIAL);
	wakeup_preempt(rq, p, WF_FORK);
	task_woken(rq, p);
	task_rq_unlock(rq, p, &rf);
}

static void announce_birth(struct task_core *t, const struct task_struct *parent)
{
	u64 comm[2];

	memcpy(comm, t->task.comm, sizeof(comm));
	event_emit(SCXTWIN_EV_TASK_NEW, smp_processor_id(), t->task.pid, le64toh(comm[0]), le64toh(comm[1]),
		   (u64)(s64)t->task.tgid, (u64)(s64)parent->pid);
	if (core_sched()->task_observer)
		core_sched()->task_observer(t, true);
}

struct task_core *sched_fork_and_wake(const struct task_birth *birth, int *err)
{
	struct core_sched *cs = core_sched();
	const struct task_struct *parent = birth->parent ? birth->parent : &cs->init_task->task;
	const s32 pid = birth->pid ? birth->pid : free_pid();
	struct task_core *t;
	struct task_struct *p;

	*err = 0;
	BUG_ON(current_ctx()->kind == CTX_CPU);
	if (birth->pid && find_task_by_pid(pid)) {
		*err = -EEXIST;
		return NULL;
	}
	t = task_core_alloc(pid, birth->comm);
	p = &t->task;
	inherit(t, birth, parent);
	if ((*err = idmap_add(cs->pids, (u32)pid, t)))
		BUG_FMT("no memory for task %d", pid);
	*err = scx_pre_fork(p); /* FORK-02: held until post-fork or cancel */
	if (*err)
		goto out_free;
	p->sched_class = __setscheduler_class(p->policy, p->prio);
	__set_task_cpu(p, smp_processor_id());
	if (p->sched_class->task_fork)
		p->sched_class->task_fork(p);
	*err = scx_fork(p);
	if (*err) {
		scx_cancel_fork(p);
		goto out_free;
	}
	list_add_tail(&t->all_node, &cs->tasks);
	cs->nr_tasks++;
	cs->nr_born++;
	core_of(parent)->nr_children++;
	announce_birth(t, parent);
	scx_post_fork(p);
	wake_up_new_task(p);
	return t;

out_free:
	idmap_remove(cs->pids, (u32)pid);
	task_release(t);
	return NULL;
}

/* ---- death */

static void task_free_rcu(struct rcu_head *head)
{
	pool_free(&core_sched()->tasks_pool, container_of(head, struct task_core, rcu));
}

void task_release(struct task_core *t)
{
	call_rcu(&t->rcu, task_free_rcu);
}

/* EXIT-10, EXIT-11, CG-06: every dying task passes through a pair on its way to the root group. */
static void autogroup_exit_task(struct task_struct *p)
{
	struct sched_change_ctx c;
	struct rq_flags rf;
	struct rq *rq;

	rq = task_rq_lock(p, &rf);
	sched_change_begin(&c, p, DEQUEUE_SAVE | DEQUEUE_MOVE);
	sched_change_end(&c);
	if (c.running)
		resched_curr(rq);
	balance_callbacks(rq);
	task_rq_unlock(rq, p, &rf);
}

/* First half of exit; kernel_exit() does the last schedule() in state DEAD. */
void do_exit_begin(struct task_struct *p)
{
	p->flags |= PF_EXITING;
	event_emit(SCXTWIN_EV_TASK_EXIT, smp_processor_id(), p->pid, 0, 0, 0, 0);
	if (core_sched()->autogroup)
		autogroup_exit_task(p);
}

/* EXIT-03, EXIT-09: after the last switch away, in the context of the next task. */
void task_dead(struct task_struct *p)
{
	struct core_sched *cs = core_sched();
	struct task_core *t = core_of(p);

	BUG_ON(p->on_cpu);
	BUG_ON(p->on_rq);
	BUG_ON(t->ctx);
	sched_ext_dead(p);
	t->died_at = this_sim->now;
	list_del_init(&t->all_node);
	idmap_remove(cs->pids, (u32)p->pid);
	cs->nr_tasks--;
	if (cs->task_observer)
		cs->task_observer(t, false);
	if (t->uops->gone)
		t->uops->gone(t);
	if (!--t->refs)
		task_release(t);
}
