/* SPDX-License-Identifier: GPL-2.0-only */
#include "lab/program.h"

#include "base/mem.h"
#include "machine/atomic.h"

#define FOREVER_NS (1000000 * NSEC_PER_SEC)

struct lab_program {
	struct lab_step steps[LAB_MAX_STEPS];
	u32 nr, at;
	bool repeat;
	struct lab_step orders[LAB_MAX_STEPS];	/* come before the steps */
	u32 nr_orders, orders_done;
};

static const struct lab_step *next_step(struct lab_program *prog)
{
	static const struct lab_step run_on = { .kind = LAB_RUN, .ns = FOREVER_NS };

	if (prog->orders_done < prog->nr_orders)
		return &prog->orders[prog->orders_done++];
	prog->nr_orders = prog->orders_done = 0;
	if (prog->at == prog->nr) {
		if (!prog->repeat || !prog->nr)
			return &run_on;
		prog->at = 0;
	}
	return &prog->steps[prog->at++];
}

static void call_step(struct task_core *t, void *arg)
{
	const struct lab_step *step = arg;

	(void)t;
	step->fn(step->arg);
}

static enum user_action user_next(struct task_core *t)
{
	const struct lab_step *step = next_step(t->program);

	switch (step->kind) {
	case LAB_RUN:
		t->burst_ns = step->ns;
		return USER_RUN;
	case LAB_BLOCK:
		WRITE_ONCE(t->task.__state, TASK_INTERRUPTIBLE);
		return USER_BLOCK;
	case LAB_YIELD:
		return USER_YIELD;
	case LAB_EXIT:
		return USER_EXIT;
	case LAB_DO:
		step->fn(step->arg);
		return USER_AGAIN;
	case LAB_CALL:
		t->call = call_step;
		t->call_arg = (void *)step;
		return USER_CALL;
	case LAB_END:
		break;
	}
	BUG();
}

const struct user_ops lab_user_ops = { .next = user_next };

struct lab_program *lab_program_new(const struct lab_step *steps, bool repeat)
{
	struct lab_program *prog = arena_zalloc(this_sim->arena, sizeof(*prog));
	const struct lab_step *step;

	BUG_ON(!prog);
	prog->repeat = repeat;
	for (step = steps; step && step->kind != LAB_END; step++) {
		BUG_ON(prog->nr == LAB_MAX_STEPS);
		prog->steps[prog->nr++] = *step;
	}
	return prog;
}

void lab_program_order(struct lab_program *prog, struct lab_step step)
{
	BUG_ON(prog->nr_orders == LAB_MAX_STEPS);
	prog->orders[prog->nr_orders++] = step;
}

void lab_order(struct task_struct *p, struct lab_step step)
{
	struct task_core *t = core_of(p);
	struct rq *rq = task_rq(p);

	BUG_ON(t->uops != &lab_user_ops);
	lab_program_order(t->program, step);
	if (rq->curr == p && rq->burst_running) {
		t->burst_ns = this_sim->now - rq->burst_since;
		mevent_arm(&rq->burst, this_sim->now);
	} else {
		t->burst_ns = 0;
	}
}
