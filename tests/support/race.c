/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/race.h"

#include <string.h>

#include "machine/chooser.h"
#include "support/orders.h"

#define MAX_CPUS 8
#define MAX_INSERTS 4
#define MAX_PIDS 64

struct race_dequeue race_dequeue;
struct sched_ext_ops race_ops;

static struct {
	struct plan {
		struct { struct task_struct *p; u64 dsq, flags; } inserts[MAX_INSERTS];
		u32 nr;
		u64 consume;
	} plans[MAX_CPUS];
	int nice;
	struct { u32 nr; char by[24]; } told[MAX_PIDS];
} race;

static void note_dequeue(struct task_struct *p, u64 flags)
{
	struct scx_dispatch_q *dsq = p->scx.dsq;
	const struct rq *locked = scx_ctx()->locked_rq;

	BUG_ON(p->pid >= MAX_PIDS || race.told[p->pid].nr + 1 >= sizeof(race.told->by));
	race.told[p->pid].by[race.told[p->pid].nr++] = (char)('0' + smp_processor_id());
	race_dequeue = (struct race_dequeue){
		.nr = race_dequeue.nr + 1, .p = p, .flags = flags, .word = lab_word(p), .dsq = dsq,
		.holding_cpu = p->scx.holding_cpu, .sticky_cpu = p->scx.sticky_cpu,
		.cpu = smp_processor_id(), .locked_cpu = locked ? locked->cpu : -1,
		.linked = !list_empty(&p->scx.dsq_list.node),
		.dsq_locked = dsq && !dsq_is_local(dsq) && dsq->lock.owner,
		.in_custody = p->scx.flags & SCX_TASK_IN_CUSTODY,
	};
}

static void carry_out(struct plan *plan)
{
	const struct plan now = *plan;
	u32 i;

	step_touches(plan);
	*plan = (struct plan){ 0 };
	for (i = 0; i < now.nr; i++)
		scx_bpf_dsq_insert(now.inserts[i].p, now.inserts[i].dsq, RACE_SLICE, now.inserts[i].flags);
	if (now.consume)
		scx_bpf_dsq_move_to_local(now.consume, 0);
}

static void look(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	if (op == SCXTWIN_OP_dequeue)
		note_dequeue(p, arg);
	if (op == SCXTWIN_OP_dispatch)
		carry_out(&race.plans[arg]);
}

void __race_start(const struct lab_cfg *cfg)
{
	struct lab_cfg c = *cfg;

	say = (struct say){ 0 };
	say.look = look;
	race = (typeof(race)){ 0 };
	race_dequeue = (struct race_dequeue){ 0 };
	if (!race_ops.enqueue)
		race_ops = say_ops;
	c.cpus = c.cpus ? c.cpus : 4;
	c.mode = RUN_EXPLORED;
	BUG_ON(c.cpus > MAX_CPUS);
	__lab_start(&c);
	/* Off the grid of ticks, so that none of them is due while the race goes on. */
	lab_run(NSEC_PER_USEC);
	watch_start();
	orders_keep(&race, sizeof(race));
	orders_keep(&race_dequeue, sizeof(race_dequeue));
	orders_keep(&say, sizeof(say));
	lab_from(RACE_OUT);
}

int race_stop(void **state)
{
	race_ops = (struct sched_ext_ops){ 0 };
	return lab_stop(state);
}

struct task_struct *race_task(const char *name, int cpu)
{
	return lab_task(name, .cpu = cpu);
}

struct task_struct *race_queued(const char *name, int cpu)
{
	struct task_struct *p = race_task(name, cpu);

	lab_load(&race_ops);
	lab_wake(p);
	BUG_ON((lab_word(p) & 3) != SCX_OPSS_QUEUED);
	lab_forget();
	return p;
}

u32 race_dequeues(const struct task_struct *p)
{
	return race.told[p->pid].nr;
}

const char *race_told(const struct task_struct *p)
{
	return race.told[p->pid].by;
}

void race_will_insert_flags(int cpu, struct task_struct *p, u64 dsq, u64 enq_flags)
{
	struct plan *plan = &race.plans[cpu];

	step_touches(plan);
	BUG_ON(plan->nr == MAX_INSERTS);
	plan->inserts[plan->nr].p = p;
	plan->inserts[plan->nr].dsq = dsq;
	plan->inserts[plan->nr++].flags = enq_flags;
}

void race_will_insert(int cpu, struct task_struct *p, u64 dsq)
{
	race_will_insert_flags(cpu, p, dsq, 0);
}

void race_will_consume(int cpu, u64 dsq)
{
	step_touches(&race.plans[cpu]);
	race.plans[cpu].consume = dsq;
}

void race_no_plans(void)
{
	memset(race.plans, 0, sizeof(race.plans));
}

/* From that CPU itself: its own context must be free to take it. */
void race_go(int cpu)
{
	lab_from(cpu);
	lab_kick(cpu, 0);
	lab_from(RACE_OUT);
}

void race_change(struct task_struct *p)
{
	lab_set_nice(p, ++race.nice);
}

static void core_pick(void *arg)
{
	struct task_struct *p = arg;
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(p, &rf);

	update_rq_clock(rq);
	if (rq->curr != p) {
		lab_by_hand();
		set_next_task_scx(rq, p, true);
		set_task_runnable(rq, p);
		scx_do_enqueue_task(rq, p, 0, -1);
	}
	task_rq_unlock(rq, p, &rf);
}

void race_core_pick(struct task_struct *p)
{
	lab_outside(core_pick, p);
}

struct scx_dispatch_q *race_global(void)
{
	return find_global_dsq(scx_root, 0);
}

static void never_comes(struct irq_work *work)
{
	(void)work;
}

void race_freeze_exits(void)
{
	scx_root->error_irq_work.fn = never_comes;
}

bool race_ejected(const char *text)
{
	return scx_root->exit_kind == SCX_EXIT_ERROR && strstr(scx_root->exit_info->msg, text);
}
