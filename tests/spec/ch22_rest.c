/* SPDX-License-Identifier: GPL-2.0-only */
/* Clocks, preemption and inheritance on the paths of spec chapter 22 that few tests come along. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sched/core.h"
#include "support/say.h"

static struct sched_ext_ops ops;
static struct task_struct *p, *q;
static u32 nr_looks;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	nr_looks = 0;
	return 0;
}

/* The clock of the rq was updated under the present hold of its lock. */
static bool clock_is_fresh(const struct rq *rq)
{
	return rq->clock == lab_now() && rq->scx.flags & SCX_RQ_CLK_VALID;
}

/* ---- fork */

static void look_at_newborn(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	if (op == SCXTWIN_OP_set_weight)
		PROVES("FORK-01", arg == 305);
	if (op == SCXTWIN_OP_runnable)
		PROVES("FORK-14", clock_is_fresh(task_rq(t)));
	nr_looks++;
}

static void fork_from_p(void *arg)
{
	const struct task_birth birth = { .comm = "child", .parent = p, .uops = core_of(p)->uops,
					  .program = core_of(p)->program };
	struct task_core **child = arg;
	int err;

	*child = sched_fork_and_wake(&birth, &err);
}

static void fork_01_14_a_child_has_its_parents_priority(void **state)
{
	struct task_core *child = NULL;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0, .nice = -5, .policy = SCHED_BATCH, .cpus = 0x2);
	lab_load(&ops);
	say.look = look_at_newborn;
	lab_run(3 * MS);
	lab_outside(fork_from_p, &child);
	PROVES("FORK-01", child && child->task.policy == SCHED_BATCH && child->task.static_prio == p->static_prio &&
			  child->task.prio == p->prio && child->task.real_parent == p);
	PROVES("FORK-01 FORK-14", nr_looks && lab_called(&child->task,
		"init_task(1) enable set_weight(305) runnable(0x80008) enqueue(0x80008) running@1"));
}

static void fork_01_03_realtime_is_inherited(void **state)
{
	struct task_core *child = NULL;

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0, .policy = SCHED_FIFO, .rt_priority = 7);
	lab_load(&ops);
	lab_outside(fork_from_p, &child);
	PROVES("FORK-01 FORK-03", child && child->task.sched_class == &rt_sched_class && child->task.rt_priority == 7 &&
				  child->task.policy == SCHED_FIFO);
}

/* ---- moves */

static void mig_01_an_arrival_in_custody_gives_the_idle_cpu_a_turn(void **state)
{
	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	say.dsq = 0;
	lab_wake(q);
	lab_forget();
	lab_set_cpus(q, 0x4);
	PROVES("MIG-01 CORE-23", lab_called(NULL, "... q:enqueue(0x40000)@0 dispatch(2,-)"));
	PROVES("MIG-01 CORE-30", task_cpu(q) == 2 && q->scx.flags & SCX_TASK_IN_CUSTODY);
}

static void look_at_cycle(enum scxtwin_op op, struct task_struct *t, u64 flags)
{
	if (op != SCXTWIN_OP_quiescent || flags != 0x20000000e)
		return;
	nr_looks++;
	PROVES("HP-05", clock_is_fresh(task_rq(t))); /* the pair has NOCLOCK */
}

static void hp_05_the_clock_is_updated_before_the_cycle(void **state)
{
	(void)state;
	ops.cpu_offline = say_cpu_offline;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	say.dsq = 0;
	lab_wake(q);
	lab_run(3 * MS);
	say.look = look_at_cycle;
	lab_offline(1);
	PROVES("HP-05 HP-06", nr_looks == 1);
}

/* ---- schedule() */

static void wake_and_take_away(void *arg)
{
	(void)arg;
	wake_up_process(p);
	PROVES("SCHED-04", task_cpu(p) == 1 && cpu_rq(1)->next_class == &fair_sched_class);
	set_cpus_allowed(p, cpumask_of(0));
	PROVES("SCHED-04", task_cpu(p) == 0 && cpu_rq(1)->next_class == &fair_sched_class);
}

static void sched_04_nothing_to_run_without_a_scheduler(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 0x2);
	lab_from(1); /* another CPU would use the wake list */
	lab_outside(wake_and_take_away, NULL);
	PROVES("SCHED-04", cpu_rq(1)->curr == cpu_rq(1)->idle && cpu_rq(1)->next_class == &idle_sched_class);
}

/* ---- yields */

static void look_at_yield(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_yield)
		return;
	PROVES("HOOK-07", clock_is_fresh(task_rq(t)) && irqs_disabled());
	t->scx.slice = 0;
}

static void yield_to_q(void *arg)
{
	*(bool *)arg = yield_to(q, false);
}

static void hook_07_a_pass_follows_a_yield_that_was_granted(void **state)
{
	bool yielded = false;

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	ops.yield = say_yield;
	lab_load(&ops);
	lab_wake(p);
	say.dsq = 0;
	lab_wake(q);
	lab_run(MS);
	say.look = look_at_yield;
	lab_forget();
	lab_yield(p);
	PROVES("HOOK-07", lab_called(NULL, "p:yield(-) dispatch(0,p)"));
	lab_run(MS);
	lab_call(p, yield_to_q, &yielded);
	PROVES("HOOK-07", !yielded && lab_called(NULL, "p:yield(q)"));
	say.yielded_to = true;
	lab_run(MS);
	lab_forget();
	lab_call(p, yield_to_q, &yielded);
	PROVES("HOOK-07", yielded && lab_called(NULL, "p:yield(q) dispatch(0,p)"));
}

/* ---- exit */

static struct balance_callback late;
static bool ran;

static void note_run(struct rq *rq)
{
	ran = true;
	PROVES("BAL-02", raw_spin_is_held(&rq->__lock) && rq->curr == p && p->flags & PF_EXITING);
}

static void queue_in_the_pair(enum scxtwin_op op, struct task_struct *t, u64 flags)
{
	if (op == SCXTWIN_OP_quiescent && flags == 0x20000000e)
		queue_balance_callback(task_rq(t), &late, note_run);
}

static void bal_02_exit_10_callbacks_of_the_pair_of_the_dying(void **state)
{
	(void)state;
	lab_start(.cpus = 1, .autogroup = true);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	ran = false;
	say.look = queue_in_the_pair;
	lab_exit(p);
	PROVES("BAL-02 EXIT-10", ran && lab_gone(p)); /* nor did the next pass find any: BAL-05 would warn */
}

/* ---- policy */

struct change {
	struct sched_attr attr;
	int ret;
};

static void set_attr(void *arg)
{
	struct change *c = arg;

	c->ret = sched_setscheduler(p, &c->attr);
}

static void schg_28_parameters_of_realtime_and_deadline(void **state)
{
	struct change fifo = { .attr = { .policy = SCHED_FIFO, .rt_priority = 10 }, .ret = 1 };
	struct change dl = { .attr = { .policy = SCHED_DEADLINE, .dl_deadline = 5 * MS, .dl_period = 10 * MS }, .ret = 1 };
	struct change normal = { .attr = { .policy = SCHED_NORMAL }, .ret = 1 };

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	lab_outside(set_attr, &fifo);
	PROVES("SCHG-28", fifo.ret == 0 && p->rt_priority == 10 && p->prio == 89 && lab_called(p, "disable"));
	fifo.attr.rt_priority = 20;
	lab_outside(set_attr, &fifo);
	PROVES("SCHG-28", fifo.ret == 0 && p->rt_priority == 20 && p->prio == 79);
	lab_outside(set_attr, &dl);
	PROVES("SCHG-28 CLASS-02", dl.ret == 0 && p->sched_class == &dl_sched_class && !p->rt_priority &&
				   core_of(p)->dl_deadline == 5 * MS && core_of(p)->dl_period == 10 * MS);
	dl.attr.dl_period = 20 * MS;
	lab_outside(set_attr, &dl);
	PROVES("SCHG-28", core_of(p)->dl_period == 20 * MS);
	dl.attr.dl_deadline = 6 * MS;
	lab_outside(set_attr, &dl);
	PROVES("SCHG-28", core_of(p)->dl_deadline == 6 * MS && lab_called(p, ""));
	lab_outside(set_attr, &normal);
	PROVES("CLASS-02 CLASS-03", normal.ret == 0 && lab_called(p, "enable set_weight(100) set_cpumask"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fork_01_14_a_child_has_its_parents_priority),
		TEST(fork_01_03_realtime_is_inherited),
		TEST(mig_01_an_arrival_in_custody_gives_the_idle_cpu_a_turn),
		TEST(hp_05_the_clock_is_updated_before_the_cycle),
		TEST(sched_04_nothing_to_run_without_a_scheduler),
		TEST(hook_07_a_pass_follows_a_yield_that_was_granted),
		TEST(bal_02_exit_10_callbacks_of_the_pair_of_the_dying),
		TEST(schg_28_parameters_of_realtime_and_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
