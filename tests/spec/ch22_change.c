/* SPDX-License-Identifier: GPL-2.0-only */
/* Dequeue, change, enqueue: spec 22.9. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "sched/core.h"
#include "support/say.h"

#define BIT60 "0x10000000000000"

static struct sched_ext_ops ops;
static struct task_struct *p, *q, *s;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	return 0;
}

/* p runs, q waits in the local DSQ, s sleeps. */
static void start(u64 flags)
{
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	s = lab_task("s", .cpu = 0);
	ops.flags |= flags;
	lab_load(&ops);
	lab_wake(p);
	lab_wake(q);
	assert_true(lab_runs(p));
	lab_forget();
}

static void look_inside(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	if (op == SCXTWIN_OP_set_weight) {
		PROVES("SCHG-04 SCHG-06", !(t->scx.flags & SCX_TASK_QUEUED) && !t->scx.dsq);
		PROVES("SCHG-06", arg == 33 && t->static_prio == DEFAULT_PRIO + 5);
		PROVES("SCHG-01", task_rq(t)->clock == lab_now());
	}
	if (op == SCXTWIN_OP_runnable && t == p)
		PROVES("SCHG-08", t->static_prio == DEFAULT_PRIO + 5);
	if (op == SCXTWIN_OP_running && t == p) /* linked between the two, and unlinked for the second */
		PROVES("SCHG-18", !t->scx.dsq);
}

static void schg_01_to_13_a_running_task(void **state)
{
	u64 slice;

	(void)state;
	start(0);
	lab_run(3 * MS);
	say.look = look_inside;
	slice = p->scx.slice;
	lab_set_nice(p, 5);
	PROVES("SCHG-01 SCHG-03 SCHG-04 SCHG-08 SCHG-13 HOOK-08", lab_called(p, "stopping(0) quiescent(0x20000000a) "
		"set_weight(33) runnable(" BIT60 "0a) running"));
	PROVES("SCHG-13", p->scx.slice == slice - 3 * MS && lab_runs(p));
}

static u32 nr_local_in_runnable, nr_local_in_running;

static void look_at_local_dsq(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (t == p && op == SCXTWIN_OP_runnable)
		nr_local_in_runnable = lab_local(0)->nr;
	if (t == p && op == SCXTWIN_OP_running)
		nr_local_in_running = lab_local(0)->nr;
}

static u32 seq_of_local(void)
{
	return lab_local(0)->seq;
}

static void schg_18_it_passes_through_the_local_dsq(void **state)
{
	u32 seq;

	(void)state;
	start(0);
	say.look = look_at_local_dsq;
	seq = seq_of_local();
	lab_set_nice(p, 5);
	PROVES("SCHG-18 CLASS-09", seq_of_local() == seq + 1); /* one was linked */
	PROVES("SCHG-18", nr_local_in_runnable == 1 && nr_local_in_running == 1 && lab_local(0)->nr == 1);
}

static void schg_14_19_a_queued_task(void **state)
{
	(void)state;
	start(0);
	lab_set_nice(q, 5);
	PROVES("SCHG-14", lab_called(q, "quiescent(0x20000000a) set_weight(33) runnable(0xa) enqueue(0xa)"));
	say.dsq = 0;
	lab_wake(s);
	lab_forget();
	lab_set_nice(s, -1);
	PROVES("SCHG-14", lab_called(s, "dequeue(0x20000000a) quiescent(0x20000000a) set_weight(125) runnable(0xa) enqueue(0xa)"));
}

static void schg_15_a_sleeping_task(void **state)
{
	(void)state;
	start(0);
	lab_set_nice(s, 5);
	PROVES("SCHG-15", lab_called(s, "set_weight(33)"));
	lab_set_nice(s, 5);
	PROVES("SCHG-25", lab_called(s, ""));
}

static void verdict_then_change(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_set_weight)
		PROVES("SCHG-19", t->scx.ddsp_dsq_id == SCX_DSQ_INVALID && list_empty(&t->scx.dsq_list.node));
}

static void schg_19_a_pending_verdict_is_lost(void **state)
{
	struct lab_hold *deferred;

	(void)state;
	lab_start(.cpus = 3, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1, .cpus = 0x6);
	lab_load(&ops);
	lab_wake(p);
	say.dsq = SCX_DSQ_LOCAL_ON | 2;
	/* The wakeup is held after ops.enqueue(), before it carries the verdict to CPU 2. */
	deferred = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(2)->__lock);
	lab_wake(q);
	if (!lab_held(deferred))
		fail_msg("the verdict was not carried out from CPU 0");
	lab_release(deferred);
	say.look = verdict_then_change;
	lab_set_nice(q, 5);
	PROVES("SCHG-19", q->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
}

/* ---- policy */

static void set_attr(void *arg)
{
	struct {
		struct task_struct *t;
		struct sched_attr attr;
		int ret;
	} *req = arg;

	req->ret = sched_setscheduler(req->t, &req->attr);
}

static int setscheduler(struct task_struct *t, u32 policy, int nice)
{
	struct {
		struct task_struct *t;
		struct sched_attr attr;
		int ret;
	} req = { .t = t, .attr = { .policy = policy, .nice = nice } };

	lab_outside(set_attr, &req);
	return req.ret;
}

static void schg_20_move_only_with_a_new_priority(void **state)
{
	(void)state;
	start(0);
	PROVES("SCHG-20", !setscheduler(q, SCHED_BATCH, 0));
	PROVES("SCHG-20", lab_called(q, "quiescent(0x20000000a) set_weight(100) runnable(0xa) enqueue(0xa)"));
	PROVES("SCHG-20", !setscheduler(q, SCHED_BATCH, -5));
	PROVES("SCHG-20", lab_called(q, "quiescent(0x20000000e) set_weight(305) runnable(0xe) enqueue(0xe)"));
}

static void schg_21_head_with_a_lower_priority(void **state)
{
	(void)state;
	start(0);
	setscheduler(q, SCHED_NORMAL, 5);
	PROVES("SCHG-21 HOOK-11", lab_called(q, "quiescent(0x20000000e) set_weight(33) runnable(0x1000e) enqueue(0x1000e)"));
	setscheduler(s, SCHED_NORMAL, 5);
	PROVES("SCHG-21", lab_called(s, "set_weight(33)"));
}

static void schg_20_21_fair_to_ext(void **state)
{
	(void)state;
	start(SCX_OPS_SWITCH_PARTIAL);
	PROVES("CLASS-29 LIFE-33", p->sched_class == &fair_sched_class && lab_called(NULL, ""));
	setscheduler(q, SCHED_EXT, 0);
	PROVES("SCHG-20 SCHG-07 CLASS-04 HOOK-12", lab_called(q, "enable set_weight(100) set_cpumask runnable(0x4a) enqueue(0x4a)"));
	setscheduler(q, SCHED_NORMAL, 0);
	PROVES("SCHG-05 SCHG-27 CLASS-07 HOOK-13", lab_called(q, "quiescent(0x20000004a) disable"));
	setscheduler(s, SCHED_EXT, 5);
	PROVES("CLASS-03", lab_called(s, "enable set_weight(33) set_cpumask"));
	setscheduler(s, SCHED_NORMAL, -5);
	PROVES("CLASS-06 SCHG-27", lab_called(s, "disable"));
	setscheduler(q, SCHED_EXT, 5);
	PROVES("SCHG-21 CLASS-04", lab_called(q, "enable set_weight(33) set_cpumask runnable(0x1004e) enqueue(0x1004e)"));
}

static void class_05_08_a_running_task_changes_class(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	ops.flags |= SCX_OPS_SWITCH_PARTIAL;
	ops.cpu_release = say_cpu_release;
	lab_load(&ops);
	lab_wake(p);
	lab_forget();
	setscheduler(p, SCHED_EXT, 0);
	PROVES("CLASS-05 CLASS-09 SCHG-09", lab_called(NULL, "p:enable p:set_weight p:set_cpumask p:runnable(" BIT60 "4a) p:running"));
	PROVES("CLASS-05", lab_runs(p) && cpu_rq(0)->next_class == &ext_sched_class);
	setscheduler(p, SCHED_NORMAL, 0);
	PROVES("CLASS-08 SCHG-05", lab_called(NULL, "p:stopping(0) p:quiescent(0x20000004a) p:disable"));
	lab_wake(q);
	setscheduler(p, SCHED_EXT, 0);
	/* The lower class is rescheduled: q is fair and goes first. */
	PROVES("SCHG-09 CLASS-05", lab_called(p, "enable set_weight set_cpumask runnable running stopping(1) enqueue(0x0)") && lab_runs(q));
}

static void schg_09_a_queued_task_preempts_after_its_promotion(void **state)
{
	(void)state;
	start(0);
	lab_set_policy(q, SCHED_FIFO, 10);
	PROVES("SCHG-09 HOOK-13", lab_runs(q) && cpu_rq(0)->next_class == &rt_sched_class);
	PROVES("SCHG-26 LIFE-56", lab_called(q, "quiescent(0x20000004e) disable"));
	lab_set_nice(q, 7);
	PROVES("SCHG-25 LIFE-56", lab_called(q, "") && q->static_prio == DEFAULT_PRIO + 7 && q->prio < MAX_RT_PRIO);
	lab_set_policy(q, SCHED_NORMAL, 0);
	PROVES("SCHG-07 SCHG-21", lab_called(q, "enable set_weight(21) set_cpumask runnable(0x100000000001004e) running "
					       "stopping(1) enqueue(0x0)") && lab_runs(p));
}

static void schg_28_nothing_changed(void **state)
{
	(void)state;
	start(0);
	PROVES("SCHG-28", !setscheduler(q, SCHED_NORMAL, 0) && lab_called(q, ""));
	PROVES("SCHG-28", !setscheduler(p, SCHED_NORMAL, 0) && lab_called(p, ""));
}

static s32 init_task_disallows(struct task_struct *t, struct scx_init_task_args *args)
{
	t->scx.disallow = !args->fork && t == s;
	return 0;
}

static void schg_29_disallowed(void **state)
{
	(void)state;
	ops.init_task = init_task_disallows;
	start(SCX_OPS_SWITCH_PARTIAL);
	PROVES("SCHG-29 LIFE-73", setscheduler(s, SCHED_EXT, 0) == -EACCES && lab_called(s, "") && s->policy == SCHED_NORMAL);
	PROVES("LIFE-73", !setscheduler(q, SCHED_EXT, 0));
}

static void schg_31_ext_to_normal_while_all_are_switched(void **state)
{
	(void)state;
	start(0);
	PROVES("SCHG-31", !setscheduler(q, SCHED_EXT, 0));
	PROVES("SCHG-31", lab_called(q, "quiescent(0x20000000a) set_weight runnable(0xa) enqueue(0xa)"));
	PROVES("SCHG-31", !setscheduler(q, SCHED_NORMAL, 0));
	PROVES("SCHG-31", lab_called(q, "quiescent(0x20000000a) set_weight runnable(0xa) enqueue(0xa)"));
}

static void wrong_pairs(void *arg)
{
	struct sched_change_ctx c;
	struct rq_flags rf;
	struct rq *rq;

	(void)arg;
	rq = task_rq_lock(s, &rf);
	sched_change_begin(&c, s, DEQUEUE_SAVE | DEQUEUE_SPECIAL);
	sched_change_end(&c);
	sched_change_begin(&c, s, DEQUEUE_SAVE);
	s->sched_class = &fair_sched_class;
	sched_change_end(&c);
	s->sched_class = &ext_sched_class;
	task_rq_unlock(rq, s, &rf);
}

static void schg_12_wrong_flags_warn(void **state)
{
	(void)state;
	start(0);
	lab_expect_warn("0xffff0000");
	lab_expect_warn("p->sched_class != c->class");
	lab_outside(wrong_pairs, NULL);
	PROVES("SCHG-12", lab_called(s, "")); /* and both warnings came */
}

static bool ran_callback;

static void callback(struct rq *rq)
{
	ran_callback = true;
	PROVES("BAL-04 SCHG-30", raw_spin_is_held(&rq->__lock) && !core_of(q)->pi_lock.owner);
}

static void queue_a_callback(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	static struct balance_callback cb;

	(void)arg;
	if (op == SCXTWIN_OP_set_weight)
		queue_balance_callback(task_rq(t), &cb, callback);
}

static void schg_30_balance_callbacks_of_setscheduler(void **state)
{
	(void)state;
	start(0);
	say.look = queue_a_callback;
	ran_callback = false;
	setscheduler(q, SCHED_BATCH, 0);
	PROVES("SCHG-30 BAL-02", ran_callback && !cpu_rq(0)->balance_callback);
}

static void schg_11_prio_changed_is_nothing(void **state)
{
	(void)state;
	start(0);
	lab_set_nice(q, -3);
	PROVES("SCHG-11", lab_runs(p) && lab_called(p, ""));
}

static void schg_11_prio_changed_of_rt_gives_the_cpu_away(void **state)
{
	struct task_struct *high, *low;

	(void)state;
	start(0);
	low = lab_task("low", .cpu = 0, .policy = SCHED_FIFO, .rt_priority = 40);
	high = lab_task("high", .cpu = 0, .policy = SCHED_FIFO, .rt_priority = 50);
	lab_wake(high);
	lab_wake(low);
	assert_true(lab_runs(high));
	lab_set_policy(high, SCHED_FIFO, 30);
	PROVES("SCHG-11", lab_runs(low));
	lab_set_policy(high, SCHED_FIFO, 45);
	PROVES("SCHG-11", lab_runs(high));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(schg_01_to_13_a_running_task),
		TEST(schg_18_it_passes_through_the_local_dsq),
		TEST(schg_14_19_a_queued_task),
		TEST(schg_15_a_sleeping_task),
		TEST(schg_19_a_pending_verdict_is_lost),
		TEST(schg_20_move_only_with_a_new_priority),
		TEST(schg_21_head_with_a_lower_priority),
		TEST(schg_20_21_fair_to_ext),
		TEST(class_05_08_a_running_task_changes_class),
		TEST(schg_09_a_queued_task_preempts_after_its_promotion),
		TEST(schg_28_nothing_changed),
		TEST(schg_29_disallowed),
		TEST(schg_31_ext_to_normal_while_all_are_switched),
		TEST(schg_12_wrong_flags_warn),
		TEST(schg_30_balance_callbacks_of_setscheduler),
		TEST(schg_11_prio_changed_is_nothing),
		TEST(schg_11_prio_changed_of_rt_gives_the_cpu_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
