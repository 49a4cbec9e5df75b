/* SPDX-License-Identifier: GPL-2.0-only */
/* The dispatch loop: spec 14.12. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *r, *a, *b, *c;

/* a, b, c of CPU 0 in the policy's hands; r asleep; all CPUs idle. */
static void start_cfg(const struct lab_cfg *cfg)
{
	__lab_start(cfg);
	lab_from(3);
	r = lab_task("r", .cpu = 0);
	a = lab_task("a", .cpu = 0);
	b = lab_task("b", .cpu = 0);
	c = lab_task("c", .cpu = 0);
	lab_load(&turn_ops);
	lab_wake(a);
	lab_wake(b);
	lab_wake(c);
	turn_forget();
	lab_forget();
}

static void start(void)
{
	start_cfg(&(struct lab_cfg){ .cpus = 4 });
}

/* r runs on CPU 0. */
static void start_busy(void)
{
	start();
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = NSEC_PER_SEC;
	lab_wake(r);
	say.dsq = say.slice = 0;
	assert_true(lab_runs(r));
	turn_forget();
	lab_forget();
}

static void run_on(int cpu, turn_fn fn)
{
	turn(cpu, fn);
	lab_kick(cpu, SCX_KICK_PREEMPT);
}

/* ---- global and bypass DSQs */

static void put_on_global(struct task_struct *p)
{
	say.dsq = SCX_DSQ_GLOBAL;
	lab_set_nice(p, 1);
	say.dsq = 0;
	assert_ptr_equal(p->scx.dsq, find_global_dsq(scx_root, task_cpu(p)));
	turn_forget();
	lab_forget();
}

static void loop_01_the_global_dsq_comes_before_the_scheduler(void **state)
{
	(void)state;
	start();
	put_on_global(a);
	lab_kick(2, 0);
	PROVES("LOOP-01 TICK-13", lab_runs(a) && task_cpu(a) == 2 && turn_count(2) == 0);
}

static void loop_01_only_the_global_dsq_of_the_own_node(void **state)
{
	(void)state;
	start_cfg(&(struct lab_cfg){ .cpus = 4, .nodes = 2 });
	put_on_global(a);
	lab_kick(3, 0);
	PROVES("LOOP-01", !lab_runs(a) && turn_count(3) == 1);
	lab_kick(1, 0);
	PROVES("LOOP-01", lab_runs(a) && task_cpu(a) == 1 && turn_count(1) == 0);
}

static void bypass_on(void *arg)
{
	(void)arg;
	scx_bypass(scx_root, true);
}

static void bypass_off(void *arg)
{
	(void)arg;
	scx_bypass(scx_root, false);
}

static void loop_02_a_bypassing_cpu_uses_its_bypass_dsq_alone(void **state)
{
	(void)state;
	start();
	lab_from(1);
	lab_outside(bypass_on, NULL);
	PROVES("LOOP-02", lab_runs(c) && turn_queue_is(bypass_dsq(scx_root, 0), "b a"));
	PROVES("LOOP-02", turn_count(0) == 0 && turn_count(1) == 0 && turn_count(2) == 0);
	lab_block(c);
	lab_block(b);
	lab_block(a);
	PROVES("LOOP-02", rq_is_idle(cpu_rq(0)) && turn_count(0) == 0);
	lab_outside(bypass_off, NULL);
}

static void to_bypass_dsq(void *arg)
{
	struct task_struct *p = arg;
	struct rq *rq = task_rq(p);
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	ops_dequeue(rq, p, 0);
	set_task_runnable(rq, p);
	scx_dispatch_enqueue(scx_root, rq, bypass_dsq(scx_root, 0), p, 0, 0, 0);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

/* Bypass dispatch on, CPU 0 not bypassing: as while bypass is switched off elsewhere. */
static void start_between(void)
{
	start();
	lab_by_hand();
	lab_outside(to_bypass_dsq, a);
	lab_outside(to_bypass_dsq, b);
	lab_outside(to_bypass_dsq, c);
	scx_root->bypass_dsp_enabled = true;
	lab_forget();
}

static void loop_03_a_host_looks_at_its_bypass_dsq_every_second_time_first(void **state)
{
	(void)state;
	start_between();
	lab_kick(0, 0);
	PROVES("LOOP-03", lab_runs(a) && turn_count(0) == 0);
	lab_kick(0, SCX_KICK_PREEMPT);	/* second pass: the scheduler first */
	PROVES("LOOP-03", turn_count(0) == 1);
	PROVES("LOOP-12", lab_runs(b));	/* and the bypass DSQ behind it */
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("LOOP-03", lab_runs(c) && turn_count(0) == 1);
	scx_root->bypass_dsp_enabled = false;
}

static void give_r_nothing(struct task_struct *prev)
{
	(void)prev;
}

static void loop_12_without_bypass_dispatch_its_dsq_is_left_alone(void **state)
{
	(void)state;
	start_between();
	scx_root->bypass_dsp_enabled = false;
	run_on(0, give_r_nothing);
	PROVES("LOOP-12 LOOP-13", turn_count(0) == 1 && rq_is_idle(cpu_rq(0)));
	PROVES("LOOP-12", turn_queue_is(bypass_dsq(scx_root, 0), "a b c"));
}

static void loop_04_no_dispatch_op(void **state)
{
	(void)state;
	turn_ops.dispatch = NULL;
	start();
	lab_kick(0, 0);
	PROVES("LOOP-04", rq_is_idle(cpu_rq(0)) && lab_called(NULL, ""));
	put_on_global(a);
	lab_kick(0, 0);
	PROVES("LOOP-04 LOOP-01", lab_runs(a));
}

static void loop_04_an_offline_rq_does_not_ask_the_scheduler(void **state)
{
	(void)state;
	start();
	cpu_rq(0)->scx.flags &= ~SCX_RQ_ONLINE;
	lab_kick(0, 0);
	PROVES("LOOP-04", turn_count(0) == 0);
	cpu_rq(0)->scx.flags |= SCX_RQ_ONLINE;
	lab_kick(0, 0);
	PROVES("LOOP-04", turn_count(0) == 1);
}

static void loop_04_an_inactive_cpu_still_asks_the_scheduler(void **state)
{
	(void)state;
	start();
	cpumask_clear_cpu(0, machine()->active_mask);
	lab_kick(0, 0);
	PROVES("LOOP-04", turn_count(0) == 1);
	cpumask_set_cpu(0, machine()->active_mask);
}

/* ---- one round */

static void give_a_on_2(struct task_struct *prev)
{
	(void)prev;
	PROVES("LOOP-05", turn_buffer()->nr_tasks == 0 && turn_buffer()->cursor == 0);
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL_ON | 2, 0, 0);
	turn(0, give_r_nothing);
}

static void loop_05_each_round_counts_from_zero(void **state)
{
	(void)state;
	start();
	run_on(0, give_a_on_2);
	PROVES("LOOP-05 LOOP-10", turn_count(0) == 2 && scx_pcpu(scx_root, 0)->dsp_ctx.nr_tasks == 0);
	PROVES("LOOP-05", lab_called(NULL, "dispatch(0,-)@0 a:dequeue@0 ... dispatch(0,-)@0 ..."));
	PROVES("LOOP-13", rq_is_idle(cpu_rq(0)));
}

static void loop_05_prev_is_the_current_ext_task(void **state)
{
	(void)state;
	start_busy();
	run_on(0, give_r_nothing);
	PROVES("LOOP-05", lab_called(NULL, "dispatch(0,r)"));
}

static void prev_is_not_queued(struct task_struct *prev)
{
	PROVES("LOOP-06", prev == r && !(prev->scx.flags & SCX_TASK_QUEUED));
}

static void loop_06_prev_is_passed_even_if_it_has_blocked(void **state)
{
	(void)state;
	start_busy();
	turn(0, prev_is_not_queued);
	lab_block(r);
	PROVES("LOOP-06", lab_called(NULL, "r:stopping(0) dispatch(0,r)"));
}

static void give_a_to_local_and_b_to_global_and_extend(struct task_struct *prev)
{
	if (prev)
		prev->scx.slice = 5 * MS;
	scx_bpf_dsq_insert(b, SCX_DSQ_GLOBAL, 0, 0);
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
}

static void loop_07_prev_before_local(void **state)
{
	(void)state;
	start_busy();
	run_on(0, give_a_to_local_and_b_to_global_and_extend);
	PROVES("LOOP-07 LOOP-14", lab_runs(r) && r->scx.slice == 5 * MS && turn_count(0) == 1);
	PROVES("LOOP-07 LOOP-14", turn_queue_is(lab_local(0), "a"));
	PROVES("LOOP-07", turn_queue_is(find_global_dsq(scx_root, 0), "b"));
}

static void loop_07_local_before_global(void **state)
{
	(void)state;
	start();
	run_on(0, give_a_to_local_and_b_to_global_and_extend);
	PROVES("LOOP-07", lab_runs(a) && turn_count(0) == 1);
	PROVES("LOOP-07", turn_queue_is(find_global_dsq(scx_root, 0), "b"));
}

static void give_b_to_global(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(b, SCX_DSQ_GLOBAL, 0, 0);
}

static void loop_07_global_before_another_round(void **state)
{
	(void)state;
	start();
	run_on(0, give_b_to_global);
	PROVES("LOOP-07", lab_runs(b) && turn_count(0) == 1);
}

static void extend_a_blocked_prev(struct task_struct *prev)
{
	prev->scx.slice = 5 * MS;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
}

static void loop_07_a_blocked_prev_is_not_chosen(void **state)
{
	(void)state;
	start_busy();
	turn(0, extend_a_blocked_prev);
	lab_block(r);
	PROVES("LOOP-07 TICK-20", lab_runs(a) && turn_count(0) == 1);
}

/* ---- how often */

static u64 pass_of_first, pass_of_32nd, pass_of_33rd;
static u32 rounds_wanted;

/* r sleeps, so that its entry is dropped, and counted. */
static void give_a_sleeper(struct task_struct *prev)
{
	const u64 pass = cpu_rq(0)->scx.kick_sync;
	const u32 nr = turn_count(0);

	(void)prev;
	if (nr == 1)
		pass_of_first = pass;
	if (nr == 32)
		pass_of_32nd = pass;
	if (nr == 33)
		pass_of_33rd = pass;
	if (nr < rounds_wanted)
		scx_bpf_dsq_insert(r, SCX_DSQ_LOCAL, 0, 0);
}

static void loop_08_the_33rd_round_comes_by_a_kick(void **state)
{
	(void)state;
	start();
	rounds_wanted = 40;
	turns(0, give_a_sleeper);
	lab_kick(0, 0);
	PROVES("LOOP-09 LOOP-10", turn_count(0) == 40);
	PROVES("LOOP-09", pass_of_32nd == pass_of_first);
	PROVES("LOOP-08 LOOP-09 KICK-29", pass_of_33rd == pass_of_first + 1);
}

static void loop_08_the_kick_preempts_nobody(void **state)
{
	(void)state;
	start();
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(r);
	say.dsq = 0;
	lab_block(a);
	turn_forget();
	lab_forget();
	rounds_wanted = 100;
	turns(0, give_a_sleeper);	/* r runs now: its entry is dropped as well */
	lab_kick(0, SCX_KICK_PREEMPT);
	/* 32 rounds, r is kept with a new slice; the kick finds it and asks nobody */
	PROVES("LOOP-08", turn_count(0) == 32 && lab_runs(r) && r->scx.slice == SCX_SLICE_DFL);
}

static void loop_10_a_round_that_counted_nothing_is_the_last(void **state)
{
	(void)state;
	start();
	rounds_wanted = 5;
	turns(0, give_a_sleeper);
	lab_kick(0, 0);
	PROVES("LOOP-10 LOOP-13", turn_count(0) == 5 && rq_is_idle(cpu_rq(0)));
}

static void move_a_elsewhere(struct task_struct *prev)
{
	struct bpf_iter_scx_dsq it;

	(void)prev;
	PROVES("LOOP-11", bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0) == 0);
	PROVES("LOOP-11", scx_bpf_dsq_move(&it, a, SAY_OTHER_DSQ, 0));
	bpf_iter_scx_dsq_destroy(&it);
}

static void loop_11_moves_between_dsqs_do_not_count(void **state)
{
	(void)state;
	start();
	say.dsq = SAY_DSQ;
	lab_set_nice(a, 1);
	turn_forget();
	run_on(0, move_a_elsewhere);
	PROVES("LOOP-11", turn_count(0) == 1 && a->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ));
}

static void give_prev(struct task_struct *prev)
{
	PROVES("LOOP-15", scx_bpf_dsq_insert(prev, SCX_DSQ_LOCAL, 5 * MS, 0));
}

static void loop_15_inserting_prev_has_no_effect(void **state)
{
	(void)state;
	start_busy();
	run_on(0, give_prev);
	PROVES("LOOP-15", turn_count(0) == 2 && lab_runs(r) && !lab_local(0)->nr);
	PROVES("LOOP-15", r->scx.slice == SCX_SLICE_DFL && lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 1);
	PROVES("LOOP-15", scx_root->exit_kind == SCX_EXIT_NONE && lab_called(r, ""));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(loop_01_the_global_dsq_comes_before_the_scheduler),
		TEST(loop_01_only_the_global_dsq_of_the_own_node),
		TEST(loop_02_a_bypassing_cpu_uses_its_bypass_dsq_alone),
		TEST(loop_03_a_host_looks_at_its_bypass_dsq_every_second_time_first),
		TEST(loop_12_without_bypass_dispatch_its_dsq_is_left_alone),
		TEST(loop_04_no_dispatch_op),
		TEST(loop_04_an_offline_rq_does_not_ask_the_scheduler),
		TEST(loop_04_an_inactive_cpu_still_asks_the_scheduler),
		TEST(loop_05_each_round_counts_from_zero),
		TEST(loop_05_prev_is_the_current_ext_task),
		TEST(loop_06_prev_is_passed_even_if_it_has_blocked),
		TEST(loop_07_prev_before_local),
		TEST(loop_07_local_before_global),
		TEST(loop_07_global_before_another_round),
		TEST(loop_07_a_blocked_prev_is_not_chosen),
		TEST(loop_08_the_33rd_round_comes_by_a_kick),
		TEST(loop_08_the_kick_preempts_nobody),
		TEST(loop_10_a_round_that_counted_nothing_is_the_last),
		TEST(loop_11_moves_between_dsqs_do_not_count),
		TEST(loop_15_inserting_prev_has_no_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
