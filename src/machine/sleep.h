/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Primitives that put the caller to sleep: a task context sleeps as a task,
 * through schedule(); a service context just waits. Never with a spin lock
 * held or interrupts off.
 */
#ifndef MACHINE_SLEEP_H
#define MACHINE_SLEEP_H

#include "machine/context.h"

struct completion {
	u32 done;
};

void init_completion(struct completion *c);
void complete_all(struct completion *c);
void wait_for_completion(struct completion *c);

struct mutex {
	struct ctx *owner;
	const char *name;
};

void mutex_init(struct mutex *m, const char *name);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

/* Many readers or one writer; a waiting writer holds back new readers. */
struct percpu_rw_semaphore {
	u32 nr_readers, nr_writers_waiting;
	struct ctx *writer;
	const char *name;
};

void percpu_init_rwsem(struct percpu_rw_semaphore *sem, const char *name);
void percpu_down_read(struct percpu_rw_semaphore *sem);
void percpu_up_read(struct percpu_rw_semaphore *sem);
void percpu_down_write(struct percpu_rw_semaphore *sem);
void percpu_up_write(struct percpu_rw_semaphore *sem);

#endif /* MACHINE_SLEEP_H */
