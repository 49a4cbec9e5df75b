/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Order of callbacks, as a policy may rely on it (spec 12.7, 30.13): each pair
 * alternates, running .. stopping lies inside runnable .. quiescent, that inside
 * enable .. disable, that inside init_task .. exit_task. A pair of which the
 * policy has only one half says nothing.
 */
#include "check/locks.h"

struct pair {
	enum scxtwin_op begins, ends;
	u8 life;
};

static const struct pair pairs[] = {
	{ SCXTWIN_OP_init_task, SCXTWIN_OP_exit_task, LIFE_INIT },
	{ SCXTWIN_OP_enable, SCXTWIN_OP_disable, LIFE_ENABLED },
	{ SCXTWIN_OP_runnable, SCXTWIN_OP_quiescent, LIFE_RUNNABLE },
	{ SCXTWIN_OP_running, SCXTWIN_OP_stopping, LIFE_RUNNING },
};

#define NR_PAIRS (sizeof(pairs) / sizeof(pairs[0]))

/* What is to be open and what closed when the op begins. */
static const struct {
	u8 open, closed, sets, clears;
	bool queued;		/* SCX_TASK_QUEUED is set */
} order[SCXTWIN_NR_OPS] = {
	[SCXTWIN_OP_init_task]	= { .closed = LIFE_INIT | LIFE_ENABLED | LIFE_RUNNABLE | LIFE_RUNNING, .sets = LIFE_INIT },
	[SCXTWIN_OP_exit_task]	= { .open = LIFE_INIT, .closed = LIFE_ENABLED | LIFE_RUNNABLE | LIFE_RUNNING,
				    .clears = LIFE_INIT },
	[SCXTWIN_OP_enable]	= { .open = LIFE_INIT, .closed = LIFE_ENABLED | LIFE_RUNNABLE | LIFE_RUNNING,
				    .sets = LIFE_ENABLED },
	[SCXTWIN_OP_disable]	= { .open = LIFE_ENABLED, .closed = LIFE_RUNNABLE | LIFE_RUNNING, .clears = LIFE_ENABLED },
	[SCXTWIN_OP_runnable]	= { .open = LIFE_ENABLED, .closed = LIFE_RUNNABLE | LIFE_RUNNING, .sets = LIFE_RUNNABLE },
	[SCXTWIN_OP_quiescent]	= { .open = LIFE_RUNNABLE, .closed = LIFE_RUNNING, .clears = LIFE_RUNNABLE },
	[SCXTWIN_OP_running]	= { .open = LIFE_RUNNABLE, .closed = LIFE_RUNNING, .sets = LIFE_RUNNING, .queued = true },
	[SCXTWIN_OP_stopping]	= { .open = LIFE_RUNNABLE | LIFE_RUNNING, .clears = LIFE_RUNNING, .queued = true },
	[SCXTWIN_OP_select_cpu]	= { .open = LIFE_ENABLED, .closed = LIFE_RUNNABLE | LIFE_RUNNING },
	[SCXTWIN_OP_enqueue]	= { .open = LIFE_RUNNABLE, .closed = LIFE_RUNNING },
	[SCXTWIN_OP_dequeue]	= { .open = LIFE_RUNNABLE, .closed = LIFE_RUNNING },
	[SCXTWIN_OP_tick]	= { .open = LIFE_RUNNING },
	[SCXTWIN_OP_yield]	= { .open = LIFE_RUNNING },
	[SCXTWIN_OP_set_weight]	= { .closed = LIFE_RUNNABLE | LIFE_RUNNING },
	[SCXTWIN_OP_set_cpumask] = { .closed = LIFE_RUNNABLE | LIFE_RUNNING },
};

static void find_told_pairs(struct check *check, const struct scx_sched *sch)
{
	size_t i;

	check->told_by = sch->has_op;
	check->told = 0;
	for (i = 0; i < NR_PAIRS; i++)
		if (SCX_HAS_OP(sch, pairs[i].begins) && SCX_HAS_OP(sch, pairs[i].ends))
			check->told |= pairs[i].life;
}

/* Pairs of which the policy has both halves. */
static u8 told_pairs(const struct scx_sched *sch)
{
	struct check *check = check_state();

	if (unlikely(check->told_by != sch->has_op))
		find_told_pairs(check, sch);
	return check->told;
}

static void check_scheduler(enum scxtwin_op op, const struct scx_sched *sch)
{
	CHECK("LIFE-77", NULL, check_state()->ended != sch->id);
	if (op == SCXTWIN_OP_exit)
		check_state()->ended = sch->id;
}

static void begin_anew(struct check_task *s, const struct scx_sched *sch)
{
	CHECK("LIFE-77", NULL, check_state()->ended != sch->id);
	s->sched_id = sch->id;
	s->life = 0;
}

static void check_task_callback(enum scxtwin_op op, struct task_struct *p, const struct scx_sched *sch)
{
	struct check_task *s = check_of(p);
	const u8 told = told_pairs(sch);

	if (unlikely(s->sched_id != sch->id))
		begin_anew(s, sch);
	check_custody(p, op);
	CHECK("CB-01 LIFE-46", p, !(((order[op].open & ~s->life) | (order[op].closed & s->life)) & told));
	CHECK("CB-02", p, !order[op].queued || is_queued(p));
	CHECK("CUST-20", p, op != SCXTWIN_OP_running || !is_in_custody(p));
	s->life = (u8)((s->life | order[op].sets) & ~order[op].clears);
}

void check_callback(enum scxtwin_op op, struct task_struct *p)
{
	const struct scx_sched *sch = scx_root;
	struct check *check = check_state();

	if (unlikely(!sch))
		return;
	check->at = "entry of a callback";
	check_locks_at_callback();
	if (p && op != SCXTWIN_OP_dump_task)
		check_task_callback(op, p, sch);
	else
		check_scheduler(op, sch);
	if (unlikely(check->thorough))
		check_marker(op);
}

void check_callbacks_audit(const struct task_struct *p)
{
	const struct scx_sched *sch = scx_root;
	const struct check_task *s = check_of(p);
	const bool runs = task_rq(p)->curr == p;
	u8 told;

	if (!sch || s->sched_id != sch->id || !sched_class_is_ext(p))
		return;
	told = told_pairs(sch);
	if (told & LIFE_RUNNABLE)
		CHECK("CB-01", p, !!(s->life & LIFE_RUNNABLE) == is_queued(p));
	if (told & LIFE_RUNNING)
		CHECK("CB-01 CB-02", p, !!(s->life & LIFE_RUNNING) == (runs && is_queued(p)));
	if (told & LIFE_ENABLED)
		CHECK("LIFE-46", p, !!(s->life & LIFE_ENABLED) == (scx_get_task_state(p) == SCX_TASK_ENABLED));
}
