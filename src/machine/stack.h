/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stacks that contexts are suspended on; for context.c only. */
#ifndef MACHINE_STACK_H
#define MACHINE_STACK_H

#include <stddef.h>

#include "base/list.h"

struct stack {
	void *sp;		/* while switched away */
	void *mem;		/* mapping, guard page first; NULL for the host's own stack */
	size_t size;
	struct list_head node;	/* free list */
	void *bottom;		/* usable range, for the sanitizer */
	size_t usable;
	void *fake_stack;	/* the sanitizer's, while switched away */
	void *ucontext;		/* fallback maker only */
	unsigned int valgrind_id;
};

/* NULL if no memory. entry() runs when the stack is first switched to and never returns. */
struct stack *stack_new(void (*entry)(void));
void stack_free(struct stack *s);
/* As new, whatever is on it: its frames are never returned to. */
void stack_reset(struct stack *s, void (*entry)(void));
/*
 * The part in use of a stack that is switched away from, to be put back at the
 * same place. NULL if no memory.
 */
struct stack_copy *stack_save(const struct stack *s);
void stack_restore(struct stack *s, const struct stack_copy *copy);
void stack_copy_free(struct stack_copy *copy);
/* Describes the calling thread's own stack. */
void stack_init_host(struct stack *s);
void stack_switch_to(struct stack *from, struct stack *to);

#endif /* MACHINE_STACK_H */
