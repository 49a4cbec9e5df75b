/* SPDX-License-Identifier: GPL-2.0-only */
/* Completion, mutex and reader-writer semaphore on top of one way to sleep. */
#include "machine/sleep.h"

#include "machine/contexts.h"
#include "machine/yield.h"

/*
 * Sleep until obj is released; the caller tests its condition again. A task is
 * on the list of sleepers before its state says so: no wakeup is lost.
 */
static void sleep_on(const void *obj, const char *label)
{
	struct ctx *ctx = current_ctx();

	BUG_ON(ctx->irqs_off);
	BUG_ON(ctx->preempt_count);
	BUG_ON(ctx->kind == CTX_CPU);
	ctx_quiescent_begin(ctx);
	if (ctx->kind == CTX_TASK) {
		ctx->sleep_obj = obj;
		list_add_tail(&ctx->sleep_node, &machine()->sleepers);
		machine()->hooks->block_task(ctx);
		BUG_ON(ctx->sleep_obj);
	} else {
		ctx_suspend(obj, label);
	}
	ctx_quiescent_end(ctx);
}

static struct ctx *sleeper_on(const void *obj)
{
	struct ctx *ctx;

	list_for_each_entry(ctx, &machine()->sleepers, sleep_node)
		if (ctx->sleep_obj == obj)
			return ctx;
	return NULL;
}

/* Waking a task may itself have to wait, and the list may change meanwhile: start anew each time. */
static void wake_sleepers(const void *obj)
{
	struct ctx *ctx;

	__object_written(obj);
	while ((ctx = sleeper_on(obj))) {
		BUG_ON(ctx->kind != CTX_TASK);
		BUG_ON(!ctx->task);
		ctx->sleep_obj = NULL;
		list_del_init(&ctx->sleep_node);
		machine()->hooks->unblock_task(ctx);
	}
}

void init_completion(struct completion *c)
{
	c->done = 0;
}

void complete_all(struct completion *c)
{
	yield_point(c, YIELD_WRITE, "complete_all");
	c->done = UINT32_MAX;
	wake_sleepers(c);
}

void wait_for_completion(struct completion *c)
{
	yield_point(c, YIELD_READ, "wait_for_completion");
	while (!c->done)
		sleep_on(c, "completion");
}

void mutex_init(struct mutex *m, const char *name)
{
	*m = (struct mutex){ .name = name };
}

void mutex_lock(struct mutex *m)
{
	yield_point(m, YIELD_RMW, m->name);
	BUG_ON(m->owner == current_ctx());
	while (m->owner)
		sleep_on(m, m->name);
	BUG_ON(m->owner);
	m->owner = current_ctx();
}

void mutex_unlock(struct mutex *m)
{
	BUG_ON(m->owner != current_ctx());
	yield_point(m, YIELD_RMW, m->name);
	m->owner = NULL;
	wake_sleepers(m);
}

void percpu_init_rwsem(struct percpu_rw_semaphore *sem, const char *name)
{
	*sem = (struct percpu_rw_semaphore){ .name = name };
}

void percpu_down_read(struct percpu_rw_semaphore *sem)
{
	yield_point(sem, YIELD_RMW, sem->name);
	while (sem->writer || sem->nr_writers_waiting)
		sleep_on(sem, sem->name);
	BUG_ON(sem->writer);
	sem->nr_readers++;
}

void percpu_up_read(struct percpu_rw_semaphore *sem)
{
	BUG_ON(!sem->nr_readers);
	yield_point(sem, YIELD_RMW, sem->name);
	sem->nr_readers--;
	wake_sleepers(sem);
}

void percpu_down_write(struct percpu_rw_semaphore *sem)
{
	yield_point(sem, YIELD_RMW, sem->name);
	BUG_ON(sem->writer == current_ctx());
	sem->nr_writers_waiting++;
	while (sem->writer || sem->nr_readers)
		sleep_on(sem, sem->name);
	BUG_ON(!sem->nr_writers_waiting);
	BUG_ON(sem->nr_readers);
	sem->nr_writers_waiting--;
	sem->writer = current_ctx();
	/* Readers in flight do not announce themselves: the writer waits for a grace period. */
	ctx_sleep_until(machine_now() + machine()->cfg.grace_period_ns);
}

void percpu_up_write(struct percpu_rw_semaphore *sem)
{
	BUG_ON(sem->writer != current_ctx());
	yield_point(sem, YIELD_RMW, sem->name);
	sem->writer = NULL;
	wake_sleepers(sem);
}
