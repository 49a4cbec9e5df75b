/* SPDX-License-Identifier: GPL-2.0-only */
/* Chapter 12, section 5: the runnable list and runnable_at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/say.h"

#define TICK	(4 * MS)	/* 250 Hz */

static struct task_struct *subject;
static u32 nr_looks;

static bool on_list(const struct task_struct *p, int cpu)
{
	const struct task_struct *q;

	list_for_each_entry(q, &cpu_rq(cpu)->scx.runnable_list, scx.runnable_node)
		if (q == p)
			return true;
	return false;
}

/* Tasks as they stand on the list of CPU 1. */
static bool list_is(struct task_struct *a, struct task_struct *b, struct task_struct *c)
{
	struct task_struct *const expected[] = { a, b, c };
	const struct task_struct *q;
	u32 nr = 0;

	list_for_each_entry(q, &cpu_rq(1)->scx.runnable_list, scx.runnable_node)
		if (nr == 3 || q != expected[nr++])
			return false;
	return nr == (a ? b ? c ? 3U : 2U : 1U : 0U);
}

static void run_01_02_the_list_holds_who_waits_in_order_of_coming(void **state)
{
	struct task_struct *busy, *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	busy = say_busy(1, &say_ops);
	PROVES("RUN-01", list_is(NULL, NULL, NULL) && busy->scx.flags & SCX_TASK_QUEUED);
	lab_wake(p);
	say.dsq = SCX_DSQ_LOCAL;
	say.enq_flags = SCX_ENQ_HEAD;
	lab_wake(q);
	PROVES("RUN-01 RUN-02", list_is(p, q, NULL));
	lab_set_nice(p, 1);
	PROVES("RUN-02", list_is(q, p, NULL));
	lab_block(busy);
	PROVES("RUN-01", lab_runs(p) && list_is(q, NULL, NULL));
}

static void run_02_chg_06_07_bypass_cycles_the_list_backwards_once(void **state)
{
	struct task_struct *busy, *p, *q, *r;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	r = lab_task("r", .cpu = 1);
	busy = say_busy(1, &say_ops);
	lab_wake(p);
	lab_wake(q);
	lab_wake(r);
	lab_forget();
	lab_bypass(true);
	PROVES("CHG-07", lab_called(busy, "stopping(1)"));
	PROVES("CHG-06", lab_called(NULL, "r:dequeue(0x20000000e) r:quiescent(0x20000000e) r:runnable(0xe) "
					  "q:dequeue(0x20000000e) q:quiescent(0x20000000e) q:runnable(0xe) "
					  "p:dequeue(0x20000000e) p:quiescent(0x20000000e) p:runnable(0xe) r:running"));
	PROVES("RUN-02", list_is(q, p, busy));
	lab_bypass(false);
	lab_forget();
}

static void run_03_04_linking_notes_when_and_where(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	assert_true(p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT);
	PROVES("RUN-04", p->scx.runnable_cpu == -1);
	lab_run(3 * TICK + 1);
	lab_wake(p);
	PROVES("RUN-03", p->scx.runnable_at == jiffies() && !(p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT));
	PROVES("RUN-04", p->scx.runnable_cpu == 1);
}

static void run_03_05_waiting_goes_on_across_changes_and_moves(void **state)
{
	struct task_struct *p;
	u64 since;

	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	lab_wake(p);
	since = p->scx.runnable_at;
	lab_run(3 * TICK);
	lab_set_nice(p, 2);
	PROVES("RUN-03 RUN-05", p->scx.runnable_at == since && p->scx.runnable_cpu == 1);
	lab_set_cpus(p, 1 << 2);
	PROVES("RUN-05", p->cpu == 2 && p->scx.runnable_at == since);
	PROVES("RUN-04", p->scx.runnable_cpu == 2);
}

static void in_running(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_running || p != subject)
		return;
	nr_looks++;
	PROVES("RUN-04", p->scx.runnable_cpu == -1);
	PROVES("PUT-12 PUT-15", !(p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT) && list_empty(&p->scx.runnable_node));
}

static void run_06_put_12_15_a_task_that_starts_to_run_leaves_the_list(void **state)
{
	struct task_struct *busy, *p;

	(void)state;
	lab_start(.cpus = 2);
	p = subject = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	busy = say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	p->scx.reenq_cnt = 3;
	nr_looks = 0;
	say.look = in_running;
	lab_block(busy);
	assert_int_equal(nr_looks, 1);
	PROVES("RUN-06 PUT-15", p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT && p->scx.reenq_cnt == 0 && !on_list(p, 1));
}

static void at_init(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_init_task) {
		nr_looks++;
		PROVES("RUN-07", !(p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT));
	}
	if (op == SCXTWIN_OP_enable)
		PROVES("RUN-07", p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT);
}

static void run_07_a_fresh_task_has_not_waited(void **state)
{
	(void)state;
	lab_start(.cpus = 2, .ops = &say_ops);
	nr_looks = 0;
	say.look = at_init;
	lab_task("p", .awake = true);
	assert_int_equal(nr_looks, 1);
	assert_true(lab_called(lab_find("p"), "init_task enable set_weight select_cpu runnable enqueue"));
}

static void run_08_a_disabled_task_starts_to_wait_anew(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	say_busy(1, &say_ops);
	lab_wake(p);
	assert_false(p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT);
	lab_set_policy(p, SCHED_FIFO, 10);
	PROVES("RUN-08", p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT);
}

static void run_09_put_04_a_put_task_is_linked_before_it_is_enqueued(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_wake(q);
	say.dsq = 0;
	lab_run(TICK + 1);
	lab_forget();
	lab_yield(p);
	PROVES("RUN-09 PUT-04 PUT-09", lab_called(p, "stopping(1) enqueue(0x0)"));
	PROVES("RUN-09 PUT-04", list_is(p, NULL, NULL) && p->scx.runnable_at == jiffies() && lab_runs(q));
}

static void linked_in_enqueue(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_stopping)
		PROVES("PUT-04", !on_list(p, 1));
	if (op != SCXTWIN_OP_enqueue)
		return;
	nr_looks++;
	PROVES("RUN-09 PUT-04", on_list(p, 1) && p->scx.runnable_cpu == 1);
}

static void run_09_the_put_task_is_on_the_list_inside_ops_enqueue(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_wake(q);
	nr_looks = 0;
	say.look = linked_in_enqueue;
	lab_yield(p);
	assert_int_equal(nr_looks, 1);
	assert_true(lab_runs(q));
}

static void run_10_who_waits_longer_than_the_limit_is_a_stall(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p, *q;

	(void)state;
	ops.timeout_ms = 1000;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	say_busy(1, &ops);
	lab_run(2 * TICK);
	lab_wake(p);
	lab_run(100 * MS);
	lab_wake(q);
	lab_run(1000 * MS - 100 * MS - TICK);
	PROVES("RUN-10", scx_loaded());
	lab_run(700 * MS); /* the watchdog looks twice in a limit */
	PROVES("RUN-10", !scx_loaded() && lab_exited(SCX_EXIT_ERROR_STALL, "p["));
	assert_non_null(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAY_TEST(run_01_02_the_list_holds_who_waits_in_order_of_coming),
		SAY_TEST(run_02_chg_06_07_bypass_cycles_the_list_backwards_once),
		SAY_TEST(run_03_04_linking_notes_when_and_where),
		SAY_TEST(run_03_05_waiting_goes_on_across_changes_and_moves),
		SAY_TEST(run_06_put_12_15_a_task_that_starts_to_run_leaves_the_list),
		SAY_TEST(run_07_a_fresh_task_has_not_waited),
		SAY_TEST(run_08_a_disabled_task_starts_to_wait_anew),
		SAY_TEST(run_09_put_04_a_put_task_is_linked_before_it_is_enqueued),
		SAY_TEST(run_09_the_put_task_is_on_the_list_inside_ops_enqueue),
		SAY_TEST(run_10_who_waits_longer_than_the_limit_is_a_stall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
