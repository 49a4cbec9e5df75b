/* SPDX-License-Identifier: GPL-2.0-only */
/* Chapter 12, sections 9 and 10: put, pick-next, the end of a turn, preemption. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/say.h"

static struct task_struct *subject;
static u32 nr_looks;
static u64 write_slice;

static struct task_struct *rt_task(int cpu)
{
	return lab_task("rt", .cpu = cpu, .cpus = 1ULL << cpu, .policy = SCHED_FIFO);
}

/* ---- put_prev_task_scx() */

static void put_01_the_kick_counter_comes_first(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct lab_hold *sync;
	struct task_struct *p;
	struct rq *rq;

	(void)state;
	ops.stopping = NULL; /* it would have the time charged before */
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	rq = cpu_rq(1);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_run(3 * MS);
	sync = lab_hold(.cpu = 0, .label = "", .obj = &rq->scx.kick_sync, .kinds = LAB_KIND(YIELD_WRITE));
	lab_set_nice(p, 1);
	assert_true(lab_held(sync));
	PROVES("PUT-01", p->scx.slice == SCX_SLICE_DFL);
	lab_release(sync);
	PROVES("PUT-01", p->scx.slice == SCX_SLICE_DFL - 3 * MS && lab_runs(p));
}

static void privileges_in_stopping(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	if (op != SCXTWIN_OP_stopping || p != subject || !arg)
		return;
	nr_looks++;
	PROVES("PUT-02", !p->scx.slice && !(p->scx.flags & SCX_TASK_PROTECTED));
}

static void put_02_03_09_privileges_end_with_the_slice(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	p = subject = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_wake(q);
	p->scx.flags |= SCX_TASK_PROTECTED;
	lab_forget();
	nr_looks = 0;
	say.look = privileges_in_stopping;
	lab_run(25 * MS);
	assert_int_equal(nr_looks, 1);
	PROVES("PUT-03 PUT-09", lab_called(p, "stopping(1) enqueue(0x0)") && lab_runs(q));
}

static void put_04_05_who_is_interrupted_goes_on_first(void **state)
{
	struct task_struct *p, *q, *rt;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	rt = rt_task(1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_wake(q);
	lab_run(3 * MS);
	lab_forget();
	lab_wake(rt);
	assert_true(lab_runs(rt));
	PROVES("PUT-03 PUT-05", lab_happened(p, "stopping(1)") && lab_count(SCX_EV_REFILL_SLICE_DFL) == 0);
	PROVES("PUT-05", strcmp(lab_queue(lab_local(1)), "p q") == 0 && p->scx.slice == SCX_SLICE_DFL - 3 * MS);
	PROVES("PUT-04", !list_empty(&p->scx.runnable_node) && p->scx.runnable_cpu == 1);
	lab_block(rt);
	PROVES("PUT-05", lab_called(p, "running") && lab_runs(p));
}

static void put_05_09_under_bypass_an_interrupted_task_waits_with_the_others(void **state)
{
	struct task_struct *p, *rt;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	rt = rt_task(1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_bypass(true);
	assert_true(lab_runs(p) && p->scx.slice);
	lab_forget();
	lab_wake(rt);
	PROVES("PUT-05 PUT-09", p->scx.dsq == bypass_dsq(scx_root, 1));
	PROVES("PUT-09", lab_happened(NULL, "p:stopping(1) +BYPASS_DISPATCH +REFILL_SLICE_DFL"));
	lab_bypass(false);
}

static void reason_is_preempted(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_enqueue)
		return;
	nr_looks++;
	PROVES("PUT-06 ENQ-34", (p->scx.flags & SCX_TASK_REENQ_REASON_MASK) == SCX_TASK_REENQ_PREEMPTED);
	PROVES("ENQ-27", !(p->scx.flags & SCX_TASK_IMMED));
}

static void put_06_an_immed_task_is_given_back(void **state)
{
	struct task_struct *p, *rt;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	rt = rt_task(1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	say.enq_flags = SCX_ENQ_IMMED;
	lab_wake(p);
	assert_true(lab_runs(p) && p->scx.flags & SCX_TASK_IMMED);
	lab_forget();
	nr_looks = 0;
	say.look = reason_is_preempted;
	say.reenq_dsq = SAY_DSQ;
	lab_wake(rt);
	assert_int_equal(nr_looks, 1);
	PROVES("PUT-06", lab_called(p, "stopping(1) enqueue(0x10000000000)") && p->scx.dsq == lab_user_dsq(SAY_DSQ));
	PROVES("PUT-06", !(p->scx.flags & SCX_TASK_REENQ_REASON_MASK) && p->scx.reenq_cnt == 1);
}

static void put_before_idle(struct rq *rq, struct task_struct *p)
{
	const bool resched = rq->idle->need_resched;

	p->scx.slice = 0;
	put_prev_task_scx(rq, p, rq->idle);
	PROVES("PUT-08", rq->idle->need_resched && p->scx.dsq == &rq->scx.local_dsq);
	rq->idle->need_resched = resched;
	lab_by_hand();
	set_next_task_scx(rq, p, true);
}

static void put_07_the_last_task_without_the_flag_is_warned_of(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_expect_warn("ENQ_LAST");
	lab_locked(p, put_before_idle);
	PROVES("PUT-07", lab_called(p, "stopping(1) enqueue(0x20000000000) running"));
}

static void put_08_the_last_task_runs_again_if_it_was_kept_local(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p;

	(void)state;
	ops.flags = SCX_OPS_ENQ_LAST;
	ops.update_idle = say_update_idle;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_forget();
	lab_yield(p);
	PROVES("PUT-07 PUT-08", lab_called(NULL, "dispatch(1,p) p:stopping(1) p:enqueue(0x20000000000) update_idle(1,1) "
						 "update_idle(1,0) p:running") && lab_runs(p));
}

static void put_10_the_release_is_told_last(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *rt;

	(void)state;
	ops.cpu_release = say_cpu_release;
	ops.cpu_acquire = say_cpu_acquire;
	lab_start(.cpus = 2);
	rt = rt_task(1);
	say_busy(1, &ops);
	lab_wake(rt);
	PROVES("PUT-10", lab_called(NULL, "busy:stopping(1) cpu_release(1,0)"));
}

static void slice_in_stopping(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_stopping && p == subject)
		p->scx.slice = write_slice;
}

static void put_11_ops_stopping_may_change_the_outcome(void **state)
{
	struct task_struct *p, *q, *rt;

	(void)state;
	lab_start(.cpus = 2);
	p = subject = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	rt = rt_task(1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_wake(q);
	lab_forget();
	say.look = slice_in_stopping;
	write_slice = 0;
	lab_wake(rt);
	PROVES("PUT-11", lab_called(p, "stopping(1) enqueue(0x0)") && strcmp(lab_queue(lab_local(1)), "q p") == 0);
	lab_block(rt);
	assert_true(lab_runs(q));
	lab_block(q);
	assert_true(lab_runs(p));
	lab_wake(q);
	lab_forget();
	write_slice = 5 * MS;
	lab_yield(p); /* its slice is 0 until the op gives it one */
	PROVES("PUT-11", lab_called(p, "stopping(1)") && p->scx.slice == 5 * MS && p->scx.dsq == lab_local(1));
}

/* ---- set_next_task_scx() */

static void in_running(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_running || p != subject)
		return;
	nr_looks++;
	PROVES("PUT-12", !p->scx.dsq && !lab_word(p) && p->scx.flags & SCX_TASK_QUEUED);
	PROVES("PUT-13 PUT-14", p->exec_start == machine_now());
	PROVES("PUT-15", p->scx.reenq_cnt == 2 && !(p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT));
	PROVES("PUT-16", p->scx.slice == SCX_SLICE_DFL && p->scx.slice_oob);
}

static void ask_slice(void *arg)
{
	scx_bpf_task_set_slice(arg, 3 * MS);
}

static void put_12_to_16_a_task_that_starts_to_run(void **state)
{
	struct task_struct *busy, *p;

	(void)state;
	lab_start(.cpus = 2);
	p = subject = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	busy = say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_outside(ask_slice, p);
	assert_true(p->scx.slice_oob);
	p->scx.reenq_cnt = 2;
	lab_run(MS);
	lab_forget();
	nr_looks = 0;
	say.look = in_running;
	lab_block(busy);
	assert_int_equal(nr_looks, 1);
	PROVES("PUT-12 PUT-14", lab_called(p, "running"));
	PROVES("PUT-15", p->scx.reenq_cnt == 0 && p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT && p->scx.runnable_cpu == -1);
	PROVES("PUT-16 SLC-04", p->scx.slice == 3 * MS && !p->scx.slice_oob);
}

static void set_next(struct rq *rq, struct task_struct *p)
{
	lab_by_hand();
	set_next_task_scx(rq, p, true);
	/* As if nothing had been: its place and its custody are gone all the same. */
	set_task_runnable(rq, p);
	scx_do_enqueue_task(rq, p, 0, -1);
}

static void put_12_a_task_in_custody_is_taken_back(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	say_busy(1, &say_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	lab_forget();
	lab_locked(p, set_next);
	PROVES("PUT-12 PUT-14", lab_called(p, "dequeue(0x100000000) running enqueue"));
}

static void put_17_the_tick_may_stop_under_an_infinite_slice(void **state)
{
	struct task_struct *busy, *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	busy = say_busy(1, &say_ops);
	PROVES("PUT-17", cpu_rq(1)->scx.flags & SCX_RQ_CAN_STOP_TICK);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_block(busy);
	PROVES("PUT-17", lab_runs(p) && !(cpu_rq(1)->scx.flags & SCX_RQ_CAN_STOP_TICK));
}

/* ---- section 10: preemption and next_class */

static void class_in_dispatch(enum scxtwin_op op, struct task_struct *p, u64 cpu)
{
	(void)p;
	if (op != SCXTWIN_OP_dispatch || cpu != 1)
		return;
	nr_looks++;
	PROVES("PRE-01", cpu_rq(1)->next_class == &ext_sched_class);
}

static void pre_01_02_the_class_that_comes_next(void **state)
{
	struct lab_hold *woken;
	struct task_struct *p, *rt;
	struct rq *rq;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	rt = rt_task(1);
	lab_load(&say_ops);
	rq = cpu_rq(1);
	say.dsq = SCX_DSQ_LOCAL;
	PROVES("PRE-01", rq->next_class == &idle_sched_class);

	woken = lab_hold(.cpu = 0, .label = "", .obj = &rq->__lock, .kinds = LAB_KIND(YIELD_UNLOCK));
	lab_wake(p);
	PROVES("PRE-01 PRE-02", lab_held(woken) && rq->next_class == &ext_sched_class && rq->idle->need_resched);
	lab_release(woken);
	PROVES("PRE-01", lab_runs(p) && rq->next_class == &ext_sched_class);

	/* What it is interrupted with leaves nothing on the local DSQ. */
	subject = p;
	write_slice = 0;
	say.look = slice_in_stopping;
	say.dsq = 0;
	woken = lab_hold(.cpu = 0, .label = "", .obj = &rq->__lock, .kinds = LAB_KIND(YIELD_UNLOCK));
	lab_wake(rt);
	PROVES("PRE-01 PRE-02", lab_held(woken) && rq->next_class == &rt_sched_class && p->need_resched);
	lab_release(woken);
	assert_true(lab_runs(rt) && rq->next_class == &rt_sched_class);

	/* ext picks again: what stood above it must not look like a newcomer. */
	nr_looks = 0;
	say.look = class_in_dispatch;
	lab_block(rt);
	assert_int_equal(nr_looks, 1);
	PROVES("PRE-01", rq->next_class == &idle_sched_class);
}

static void pre_02_03_06_who_is_not_above_preempts_nobody(void **state)
{
	struct task_struct *busy, *p, *q, *rt;
	struct rq *rq;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	rt = rt_task(1);
	busy = say_busy(1, &say_ops);
	rq = cpu_rq(1);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	PROVES("PRE-03 PRE-06", lab_runs(busy) && !busy->need_resched && lab_called(busy, ""));
	lab_wake(rt);
	assert_true(lab_runs(rt));
	lab_wake(q);
	PROVES("PRE-02", lab_runs(rt) && !rt->need_resched && rq->next_class == &rt_sched_class);
}

static void pre_06_an_insert_with_preempt_does(void **state)
{
	struct task_struct *busy, *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	busy = say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	say.enq_flags = SCX_ENQ_PREEMPT;
	lab_wake(p);
	PROVES("PRE-06", lab_called(busy, "stopping(1) enqueue(0x0)"));
	assert_int_equal(p->scx.flags & SCX_TASK_QUEUED, SCX_TASK_QUEUED);
}

static void pre_06_a_kick_with_preempt_does(void **state)
{
	struct task_struct *busy, *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	busy = say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_kick(1, 0);
	PROVES("PRE-06", lab_runs(busy));
	lab_kick(1, SCX_KICK_PREEMPT);
	PROVES("PRE-06", lab_runs(p) && lab_called(busy, "stopping(1) enqueue(0x0)"));
}

static void pre_04_a_higher_class_has_immed_tasks_offered_again(void **state)
{
	struct lab_hold *before_pick;
	struct task_struct *p, *rt;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	rt = rt_task(1);
	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	say.enq_flags = SCX_ENQ_IMMED;
	say.reenq_dsq = SAY_DSQ;
	before_pick = lab_hold(.cpu = 1, .label = "", .obj = &cpu_rq(1)->__lock, .kinds = LAB_KIND(YIELD_LOCK));
	lab_wake(p);
	assert_true(lab_held(before_pick));
	assert_int_equal(cpu_rq(1)->scx.nr_immed, 1);
	lab_forget();
	lab_wake(rt);
	PROVES("PRE-04", !list_empty(&cpu_rq(1)->scx.deferred_reenq_locals));
	lab_release(before_pick);
	PROVES("PRE-04", lab_called(p, "enqueue(0x10000000000)") && p->scx.dsq == lab_user_dsq(SAY_DSQ) && lab_runs(rt));
}

static bool is_open;
static u64 open_flags;

static void ask_open(struct rq *rq, struct task_struct *p)
{
	(void)p;
	is_open = rq_is_open(rq, open_flags);
}

static bool open_for(struct task_struct *p, u64 enq_flags)
{
	open_flags = enq_flags;
	lab_locked(p, ask_open);
	return is_open;
}

static void open_in_dispatch(enum scxtwin_op op, struct task_struct *p, u64 cpu)
{
	(void)p;
	if (op != SCXTWIN_OP_dispatch || cpu != 1)
		return;
	nr_looks++;
	PROVES("PRE-07", rq_is_open(cpu_rq(1), 0));
}

static void pre_07_what_makes_an_rq_open(void **state)
{
	struct task_struct *p, *rt;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	rt = rt_task(1);
	lab_load(&say_ops);
	PROVES("PRE-07", open_for(p, 0));
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	PROVES("PRE-07", !open_for(p, 0) && open_for(p, SCX_ENQ_PREEMPT));
	p->scx.flags |= SCX_TASK_PROTECTED;
	PROVES("PRE-07", !open_for(p, SCX_ENQ_PREEMPT));
	p->scx.flags &= ~SCX_TASK_PROTECTED;
	nr_looks = 0;
	say.look = open_in_dispatch;
	lab_yield(p);
	assert_true(nr_looks);
	say.look = NULL;
	lab_wake(rt);
	PROVES("PRE-07", !open_for(p, 0) && !open_for(p, SCX_ENQ_PREEMPT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAY_TEST(put_01_the_kick_counter_comes_first),
		SAY_TEST(put_02_03_09_privileges_end_with_the_slice),
		SAY_TEST(put_04_05_who_is_interrupted_goes_on_first),
		SAY_TEST(put_05_09_under_bypass_an_interrupted_task_waits_with_the_others),
		SAY_TEST(put_06_an_immed_task_is_given_back),
		SAY_TEST(put_07_the_last_task_without_the_flag_is_warned_of),
		SAY_TEST(put_08_the_last_task_runs_again_if_it_was_kept_local),
		SAY_TEST(put_10_the_release_is_told_last),
		SAY_TEST(put_11_ops_stopping_may_change_the_outcome),
		SAY_TEST(put_12_to_16_a_task_that_starts_to_run),
		SAY_TEST(put_12_a_task_in_custody_is_taken_back),
		SAY_TEST(put_17_the_tick_may_stop_under_an_infinite_slice),
		SAY_TEST(pre_01_02_the_class_that_comes_next),
		SAY_TEST(pre_02_03_06_who_is_not_above_preempts_nobody),
		SAY_TEST(pre_06_an_insert_with_preempt_does),
		SAY_TEST(pre_06_a_kick_with_preempt_does),
		SAY_TEST(pre_04_a_higher_class_has_immed_tasks_offered_again),
		SAY_TEST(pre_07_what_makes_an_rq_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
