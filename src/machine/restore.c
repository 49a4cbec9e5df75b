/* SPDX-License-Identifier: GPL-2.0-only */
#include "machine/restore.h"

#include "base/mem.h"
#include "base/vec.h"
#include "machine/contexts.h"
#include "machine/yield.h"

/* A suspended context's stack; what is on it can be anything, so it is put back bytewise. */
struct suspended {
	struct stack *stack;
	struct stack_copy *copy;
};

struct machine_copy {
	struct sim sim;
	struct arena_copy *arena;
	VEC(struct suspended) suspended;
	u32 nr_awaiting;
};

static int save_stacks(struct machine_copy *copy, const struct list_head *contexts)
{
	struct ctx *ctx;
	int ret;

	list_for_each_entry(ctx, contexts, node) {
		struct suspended s = { .stack = ctx->stack };

		if (!s.stack)
			continue;
		s.copy = stack_save(s.stack);
		ret = s.copy ? vec_push(&copy->suspended, s) : -ENOMEM;
		if (ret) {
			stack_copy_free(s.copy);
			return ret;
		}
	}
	return 0;
}

struct machine_copy *machine_save(void)
{
	struct machine *m = machine();
	struct machine_copy *copy = mem_zalloc(sizeof(*copy));

	BUG_ON(!this_sim->restorable);
	BUG_ON(machine_running());
	BUG_ON(m->aborted);
	if (!copy)
		return NULL;
	copy->sim = *this_sim;
	copy->nr_awaiting = nr_awaiting;
	copy->arena = arena_save(this_sim->arena);
	if (!copy->arena || save_stacks(copy, &m->waiters) || save_stacks(copy, &m->ready)) {
		machine_copy_free(copy);
		return NULL;
	}
	return copy;
}

/* Every stack is parked or belongs to a context that is suspended. */
static void collect_stacks(struct list_head *all)
{
	struct machine *m = machine();
	struct ctx *ctx;

	INIT_LIST_HEAD(all);
	while (!list_empty(&m->contexts->parked))
		list_move_tail(m->contexts->parked.next, all);
	list_for_each_entry(ctx, &m->waiters, node)
		list_add_tail(&ctx->stack->node, all);
	list_for_each_entry(ctx, &m->ready, node)
		if (ctx->stack)
			list_add_tail(&ctx->stack->node, all);
}

void machine_restore(const struct machine_copy *copy)
{
	struct list_head all, *parked;
	struct stack *s, *n;
	size_t i;

	BUG_ON(machine_running());
	collect_stacks(&all);
	arena_restore(this_sim->arena, copy->arena);
	*this_sim = copy->sim;
	nr_awaiting = copy->nr_awaiting;
	for (i = 0; i < copy->suspended.nr; i++) {
		const struct suspended *was = &copy->suspended.data[i];

		list_del_init(&was->stack->node);
		stack_restore(was->stack, was->copy);
		INIT_LIST_HEAD(&was->stack->node);
	}
	parked = &machine()->contexts->parked;
	INIT_LIST_HEAD(parked);
	list_for_each_entry_safe(s, n, &all, node) {
		stack_reset(s, contexts_loop);
		list_add_tail(&s->node, parked);
	}
}

void machine_copy_free(struct machine_copy *copy)
{
	size_t i;

	if (!copy)
		return;
	for (i = 0; i < copy->suspended.nr; i++)
		stack_copy_free(copy->suspended.data[i].copy);
	vec_free(&copy->suspended);
	arena_copy_free(copy->arena);
	free(copy);
}
