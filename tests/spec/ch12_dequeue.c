/* SPDX-License-Identifier: GPL-2.0-only */
/* Chapter 12, sections 6 and 7: dequeue_task_scx(), pairing and order of the callbacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/say.h"

static struct task_struct *subject;
static u32 nr_looks;

static bool rq_held(const struct task_struct *p)
{
	return raw_spin_is_held(&task_rq(p)->__lock);
}

/* ---- section 6: dequeue_task_scx() */

static void deq_01_all_but_a_sleep_is_a_change(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = say_busy(1, &say_ops);
	lab_set_nice(p, 1);
	PROVES("DEQ-01", lab_called(p, "stopping quiescent(0x20000000a) set_weight runnable running"));
	lab_block(p);
	PROVES("DEQ-01", lab_called(p, "stopping quiescent(0x9)"));
}

static void dequeue_sleeper(struct rq *rq, struct task_struct *p)
{
	PROVES("DEQ-02 DEQ-11", dequeue_task_scx(rq, p, DEQUEUE_SAVE));
}

static void deq_02_11_who_is_not_queued_is_left_alone(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	lab_locked(p, dequeue_sleeper);
	PROVES("DEQ-02", lab_called(p, "") && cpu_rq(1)->scx.nr_running == 0);
	lab_by_hand();
	list_add(&p->scx.runnable_node, &cpu_rq(1)->scx.runnable_list);
	lab_expect_warn("runnable_node");
	lab_locked(p, dequeue_sleeper);
	list_del_init(&p->scx.runnable_node);
}

static void dequeue_and_back(struct rq *rq, struct task_struct *p)
{
	PROVES("DEQ-11", dequeue_task_scx(rq, p, DEQUEUE_SAVE));
	PROVES("DEQ-07", !(p->scx.flags & SCX_TASK_QUEUED) && rq->scx.nr_running == 1 && rq->nr_running == 1);
	PROVES("DEQ-12", p->scx.slice == 7 * MS);
	enqueue_task_scx(rq, p, ENQUEUE_RESTORE);
}

static void on_the_way_out(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	if (p != subject)
		return;
	if (op == SCXTWIN_OP_quiescent) {
		nr_looks++;
		PROVES("DEQ-05 DEQ-07", p->scx.flags & SCX_TASK_QUEUED && task_rq(p)->scx.nr_running == 2);
		PROVES("DEQ-06", !(arg & SCX_DEQ_SLEEP) == !!(p->scx.flags & SCX_TASK_DEQD_FOR_SLEEP));
		PROVES("DEQ-08", p->scx.dsq == lab_user_dsq(SAY_DSQ));
	}
	if (op == SCXTWIN_OP_set_weight)
		PROVES("DEQ-08", !p->scx.dsq);
}

static void deq_03_05_07_08_11_12_a_queued_task(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = subject = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	say.dsq = SAY_DSQ;
	say.slice = 7 * MS;
	lab_wake(p);
	lab_forget();
	nr_looks = 0;
	p->scx.flags |= SCX_TASK_DEQD_FOR_SLEEP; /* what the last dequeue left is still seen */
	say.look = on_the_way_out;
	lab_set_nice(p, 5);
	assert_int_equal(nr_looks, 1);
	PROVES("DEQ-03 DEQ-05 CB-09", lab_called(p, "dequeue(0x20000000a) quiescent(0x20000000a) set_weight(33) "
						    "runnable(0xa) enqueue(0xa)"));
	PROVES("DEQ-06", !(p->scx.flags & SCX_TASK_DEQD_FOR_SLEEP));
	say.look = NULL;
	say.slice = SAY_KEEP_SLICE;
	lab_locked(p, dequeue_and_back);
	PROVES("DEQ-12", p->scx.slice == 7 * MS && p->scx.dsq == lab_user_dsq(SAY_DSQ));
}

static void charged_in_stopping(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_stopping)
		return;
	nr_looks++;
	PROVES("DEQ-04", p->scx.slice == 17 * MS && p->sum_exec_runtime >= 3 * MS);
	PROVES("CB-02", p->scx.flags & SCX_TASK_QUEUED);
}

static void deq_04_06_07_a_running_task_is_charged_before_stopping(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_forget();
	lab_run(3 * MS);
	nr_looks = 0;
	say.look = charged_in_stopping;
	lab_block(p);
	assert_int_equal(nr_looks, 1);
	PROVES("DEQ-04 DEQ-05 CB-01", lab_called(p, "stopping(0) quiescent(0x9)"));
	PROVES("DEQ-06", p->scx.flags & SCX_TASK_DEQD_FOR_SLEEP);
	PROVES("DEQ-07", !(p->scx.flags & SCX_TASK_QUEUED) && !cpu_rq(1)->scx.nr_running && !cpu_rq(1)->nr_running);
	PROVES("DEQ-12", p->scx.slice == 17 * MS);
}

static void deq_09_privileges_end_unless_the_running_task_is_only_saved(void **state)
{
	struct task_struct *busy, *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	busy = say_busy(1, &say_ops);
	busy->scx.flags |= SCX_TASK_PROTECTED;
	lab_set_nice(busy, 1);
	PROVES("DEQ-09", lab_runs(busy) && busy->scx.flags & SCX_TASK_PROTECTED);
	lab_wake(p);
	p->scx.flags |= SCX_TASK_PROTECTED;
	lab_set_nice(p, 1);
	PROVES("DEQ-09", !(p->scx.flags & SCX_TASK_PROTECTED));
	lab_block(busy);
	PROVES("DEQ-09", !(busy->scx.flags & SCX_TASK_PROTECTED));
}

static void deq_10_a_verdict_is_dropped(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = say_busy(1, &say_ops);
	p->scx.ddsp_dsq_id = SCX_DSQ_GLOBAL;
	p->scx.ddsp_enq_flags = SCX_ENQ_HEAD;
	lab_block(p);
	PROVES("DEQ-10", p->scx.ddsp_dsq_id == SCX_DSQ_INVALID && p->scx.ddsp_enq_flags == 0);
}

static void deq_13_the_rq_stays_locked_throughout(void **state)
{
	struct lab_hold *unlock;
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	lab_wake(p);
	lab_forget();
	unlock = lab_hold(.cpu = 0, .label = "", .obj = &cpu_rq(1)->__lock, .kinds = LAB_KIND(YIELD_UNLOCK));
	lab_set_nice(p, 1);
	assert_true(lab_held(unlock));
	PROVES("DEQ-13 CHG-03", lab_called(p, "dequeue quiescent set_weight runnable enqueue"));
	lab_release(unlock);
}

/* ---- section 7: pairing and order */

static void queued_in_each(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_running && op != SCXTWIN_OP_stopping)
		return;
	nr_looks++;
	PROVES("CB-02", p->scx.flags & SCX_TASK_QUEUED);
}

static void cb_01_02_06_07_from_wakeup_to_sleep(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	say.look = queued_in_each;
	nr_looks = 0;
	lab_wake(p);
	lab_wake(q);
	lab_yield(p);
	lab_yield(q);
	assert_true(lab_runs(p));
	lab_block(p);
	assert_int_equal(nr_looks, 7);
	PROVES("CB-01 CB-06 CB-07 PUT-03 PUT-09", lab_called(p, "runnable(0x9) enqueue(0x9) running stopping(1) enqueue(0x0) "
								"running stopping(0) quiescent(0x9)"));
	PROVES("CB-01 CB-07", lab_called(q, "runnable(0x9) enqueue(0x9) running stopping(1) enqueue(0x0) running"));
}

static void locks_of_callbacks(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (!p || op == SCXTWIN_OP_dispatch || op == SCXTWIN_OP_init_task)
		return;
	nr_looks++;
	if (op == SCXTWIN_OP_select_cpu)
		PROVES("CB-03 CB-14", raw_spin_is_held(&core_of(p)->pi_lock) && !rq_held(p));
	else if (op == SCXTWIN_OP_dequeue && !rq_held(p))
		PROVES("CB-14", lab_word(p) == SCX_OPSS_DISPATCHING);
	else if (op == SCXTWIN_OP_runnable || op == SCXTWIN_OP_enqueue)
		PROVES("CB-03 CB-14", rq_held(p));
	else
		PROVES("CB-14", rq_held(p));
}

static void cb_03_14_each_callback_is_serialised(void **state)
{
	struct task_struct *p, *kicker;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	kicker = lab_task("kicker", .cpu = 1, .cpus = 1 << 1);
	say_busy(0, &say_ops);
	say.look = locks_of_callbacks;
	nr_looks = 0;
	lab_wake(p);
	PROVES("CB-03", lab_called(p, "select_cpu(1,0x8) runnable(0x100009) enqueue(0x100009)"));
	say.give = p;
	say.give_dsq = SCX_DSQ_GLOBAL;
	lab_kick(1, 0);
	assert_true(lab_called(p, "dequeue(0x0) running"));
	lab_set_nice(p, 3);
	lab_set_cpus(p, 1 << 1);
	lab_wake(kicker);
	lab_yield(p);
	lab_set_policy(p, SCHED_FIFO, 3);
	lab_set_policy(p, SCHED_NORMAL, 0);
	assert_true(nr_looks > 20);
}

static void cb_04_rqsel_03_04_the_callbacks_of_a_fork(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2, .ops = &say_ops);
	p = lab_task("p", .cpu = 1, .awake = true);
	PROVES("CB-04 RQSEL-03 RQSEL-04", lab_called(p, "init_task(1) enable set_weight(100) select_cpu(1,0x4) "
							"runnable(0x80008) enqueue(0x80008)"));
}

static void cb_05_neither_move_is_a_new_wait(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	lab_forget();
	lab_set_cpus(p, 1 << 2 | 1 << 0);
	PROVES("CB-05 DEQ-05", lab_called(p, "dequeue(0x20000000a) quiescent(0x20000000a) set_cpumask(2) runnable(0xa) enqueue(0xa) "
					     "dequeue(0x200000008) enqueue(0x40000)"));
	say.pull = SAY_DSQ;
	lab_kick(p->cpu == 0 ? 2 : 0, 0);
	PROVES("CB-05", lab_called(p, "dequeue(0x0) running"));
}

static void ask_for_reenq(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SAY_DSQ, SCX_REENQ_ANY);
}

static void move_all(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	struct bpf_iter_scx_dsq it;

	(void)arg;
	if (op != SCXTWIN_OP_dispatch)
		return;
	nr_looks++;
	bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0);
	while ((p = bpf_iter_scx_dsq_next(&it)))
		scx_bpf_dsq_move(&it, p, SAY_OTHER_DSQ, 0);
	bpf_iter_scx_dsq_destroy(&it);
}

static void cb_06_a_reenqueue_and_a_move_are_no_new_wait(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	say_busy(1, &say_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	lab_forget();
	lab_outside(ask_for_reenq, NULL);
	PROVES("CB-06", lab_called(p, "enqueue(0x10000000000)"));
	say.look = move_all;
	nr_looks = 0;
	lab_kick(0, 0);
	assert_true(nr_looks);
	PROVES("CB-06", lab_called(p, "") && p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ));
}

static void cb_08_a_task_that_goes_on_is_not_told(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p;

	(void)state;
	ops.yield = say_yield;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_forget();
	lab_yield(p);
	PROVES("CB-08 YLD-02 YLD-05", lab_called(p, "yield(-)") && lab_runs(p) && p->scx.slice == SCX_SLICE_DFL);
	lab_run(25 * MS); /* its slice ends, nobody else is there */
	PROVES("CB-08", lab_called(p, "") && lab_runs(p) && lab_count(SCX_EV_DISPATCH_KEEP_LAST) > 0);
}

static void cb_10_a_sleeping_task_is_told_of_the_change_only(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	lab_set_nice(p, 5);
	PROVES("CB-10", lab_called(p, "set_weight(33)"));
	lab_set_cpus(p, 1 << 0);
	PROVES("CB-10", lab_called(p, "set_cpumask(1)"));
}

static void cb_11_12_entering_and_leaving_the_class(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *busy, *p;

	(void)state;
	ops.flags = SCX_OPS_SWITCH_PARTIAL;
	lab_start(.cpus = 2);
	busy = lab_task("busy", .cpu = 1, .cpus = 1 << 1);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	lab_load(&ops);
	lab_wake(busy);
	lab_wake(p);
	lab_forget();
	lab_set_policy(p, SCHED_EXT, 0);
	if (lab_runs(p)) {
		PROVES("CB-11", lab_called(p, "enable set_weight(100) set_cpumask(1) runnable running ..."));
	} else {
		PROVES("CB-11", lab_called(p, "enable set_weight(100) set_cpumask(1) runnable(0x4a) enqueue(0x4a)"));
		lab_set_policy(p, SCHED_NORMAL, 0);
		PROVES("CB-12", lab_called(p, "dequeue(0x20000004a) quiescent(0x20000004a) disable"));
	}
	lab_set_policy(p, SCHED_EXT, 0);
	lab_forget();
	lab_set_policy(p, SCHED_NORMAL, 0);
	PROVES("CB-12", lab_called(p, "... quiescent(0x20000004a) disable"));
	lab_unload();
	PROVES("CB-12", lab_called(p, "exit_task(0)"));
	assert_non_null(busy);
}

static void cb_12_a_dying_task_leaves_for_good(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .steps = STEPS(RUN(MS), EXIT));
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_forget();
	lab_run(MS);
	assert_true(lab_gone(p));
	PROVES("CB-12", lab_called(NULL, "gone:stopping(0) gone:quiescent(0x10009) ... gone:disable gone:exit_task(0)"));
}

static void cb_13_a_dead_task_is_not_told_of_changes(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	p->__state = TASK_DEAD;
	lab_set_nice(p, 5);
	lab_set_cpus(p, 1 << 1);
	PROVES("CB-13", lab_called(p, ""));
	p->__state = TASK_INTERRUPTIBLE;
	lab_set_nice(p, 6);
	PROVES("CB-13", lab_called(p, "set_weight"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAY_TEST(deq_01_all_but_a_sleep_is_a_change),
		SAY_TEST(deq_02_11_who_is_not_queued_is_left_alone),
		SAY_TEST(deq_03_05_07_08_11_12_a_queued_task),
		SAY_TEST(deq_04_06_07_a_running_task_is_charged_before_stopping),
		SAY_TEST(deq_09_privileges_end_unless_the_running_task_is_only_saved),
		SAY_TEST(deq_10_a_verdict_is_dropped),
		SAY_TEST(deq_13_the_rq_stays_locked_throughout),
		SAY_TEST(cb_01_02_06_07_from_wakeup_to_sleep),
		SAY_TEST(cb_03_14_each_callback_is_serialised),
		SAY_TEST(cb_04_rqsel_03_04_the_callbacks_of_a_fork),
		SAY_TEST(cb_05_neither_move_is_a_new_wait),
		SAY_TEST(cb_06_a_reenqueue_and_a_move_are_no_new_wait),
		SAY_TEST(cb_08_a_task_that_goes_on_is_not_told),
		SAY_TEST(cb_10_a_sleeping_task_is_told_of_the_change_only),
		SAY_TEST(cb_11_12_entering_and_leaving_the_class),
		SAY_TEST(cb_12_a_dying_task_leaves_for_good),
		SAY_TEST(cb_13_a_dead_task_is_not_told_of_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
