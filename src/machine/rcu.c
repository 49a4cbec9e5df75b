/* SPDX-License-Identifier: GPL-2.0-only */
#include "machine/rcu.h"

#include "machine/contexts.h"
#include "machine/yield.h"

/* Every context that is still inside a path entered it after this stamp was taken. */
static bool grace_period_over(u64 stamp)
{
	const struct ctx *oldest =
		list_first_entry_or_null(&machine()->inside, struct ctx, inside_node);

	return !oldest || oldest->path_stamp > stamp;
}

void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	BUG_ON(!fn);
	head->stamp = machine()->path_seq;
	head->fn = fn;
	list_add_tail(&head->node, &machine()->rcu_cbs);
}

void rcu_run_callbacks(void)
{
	struct rcu_head *head;

	while ((head = list_first_entry_or_null(&machine()->rcu_cbs, struct rcu_head, node))) {
		if (!grace_period_over(head->stamp))
			break;
		BUG_ON(head->stamp > machine()->path_seq);
		list_del_init(&head->node);
		head->fn(head);
	}
}

struct rcu_waiter {
	struct rcu_head rcu;
	struct ctx *ctx;
	bool done;
};

static void wake_rcu_waiter(struct rcu_head *head)
{
	struct rcu_waiter *w = container_of(head, struct rcu_waiter, rcu);

	w->done = true;
	ctx_wake(w->ctx);
}

/* The caller is itself inside a path: it steps out for the wait, as a sleeper does. */
void synchronize_rcu(void)
{
	struct rcu_waiter w = { .ctx = current_ctx() };

	BUG_ON(w.ctx->irqs_off);
	BUG_ON(w.ctx->preempt_count);
	BUG_ON(w.ctx->kind == CTX_CPU);
	ctx_quiescent_begin(w.ctx);
	if (!grace_period_over(machine()->path_seq)) {
		call_rcu(&w.rcu, wake_rcu_waiter);
		while (!w.done)
			ctx_suspend(&w, "synchronize_rcu");
	}
	ctx_sleep_until(machine_now() + machine()->cfg.grace_period_ns);
	ctx_quiescent_end(w.ctx);
}
