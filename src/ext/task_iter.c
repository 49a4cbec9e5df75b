/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walking all tasks in fork order (LIFE-05) while tasks are born and die. The
 * place in the list is kept by a cursor entry, as in the kernel.
 *
 * Interrupts of the walking CPU stay off for a batch of steps, as under the
 * kernel's scx_tasks_lock. That lock is let go before the rq lock is taken; a
 * task that died in between is passed over.
 */
#include "ext/internal.h"

void scx_task_iter_start(struct scx_task_iter *iter)
{
	struct scx *scx = scx_state();

	*iter = (struct scx_task_iter){ .cursor.flags = SCX_TASK_CURSOR };
	raw_spin_lock_irqsave(&scx->tasks_lock, iter->irq_flags);
	list_add(&iter->cursor.tasks_node, &scx->tasks);
	raw_spin_unlock(&scx->tasks_lock);
	iter->irqs_kept_off = true;
}

static void unlock_task(struct scx_task_iter *iter)
{
	if (!iter->locked_task)
		return;
	lockdep_assert_rq_held(iter->rq);
	task_rq_unlock(iter->rq, iter->locked_task, &iter->rf);
	iter->locked_task = NULL;
	iter->rq = NULL;
}

/* Between two steps: the caller may sleep, others may do anything. */
void scx_task_iter_unlock(struct scx_task_iter *iter)
{
	unlock_task(iter);
	if (iter->irqs_kept_off) {
		iter->irqs_kept_off = false;
		local_irq_restore(iter->irq_flags);
	}
}

void scx_task_iter_relock(struct scx_task_iter *iter, struct task_struct *p)
{
	BUG_ON(iter->locked_task || iter->irqs_kept_off);
	iter->irq_flags = local_irq_save();
	iter->irqs_kept_off = true;
	iter->rq = task_rq_lock(p, &iter->rf);
	iter->locked_task = p;
}

void scx_task_iter_stop(struct scx_task_iter *iter)
{
	struct scx *scx = scx_state();
	u64 flags;

	unlock_task(iter);
	raw_spin_lock_irqsave(&scx->tasks_lock, flags);
	list_del_init(&iter->cursor.tasks_node);
	raw_spin_unlock_irqrestore(&scx->tasks_lock, flags);
	scx_task_iter_unlock(iter);
}

struct task_struct *scx_task_iter_next(struct scx_task_iter *iter)
{
	struct scx *scx = scx_state();
	struct sched_ext_entity *pos = &iter->cursor;
	struct task_struct *p = NULL;

	unlock_task(iter);
	if (++iter->cnt % scx->limits.task_iter_batch == 0)
		scx_task_iter_unlock(iter);
	if (!iter->irqs_kept_off) {
		iter->irq_flags = local_irq_save();
		iter->irqs_kept_off = true;
	}
	raw_spin_lock(&scx->tasks_lock);
	while (pos->tasks_node.next != &scx->tasks) {
		pos = list_next_entry(pos, tasks_node);
		if (pos->flags & SCX_TASK_CURSOR)
			continue;
		p = container_of(pos, struct task_struct, scx);
		list_del_init(&iter->cursor.tasks_node);
		list_add(&iter->cursor.tasks_node, &pos->tasks_node);
		break;
	}
	raw_spin_unlock(&scx->tasks_lock);
	return p;
}

struct task_struct *scx_task_iter_next_locked(struct scx_task_iter *iter)
{
	struct task_struct *p;

	while ((p = scx_task_iter_next(iter))) {
		if (p->sched_class == &idle_sched_class)
			continue; /* LIFE-04 */
		iter->rq = task_rq_lock(p, &iter->rf);
		iter->locked_task = p;
		if (!list_empty(&p->scx.tasks_node))
			return p;
		unlock_task(iter);
	}
	return NULL;
}
