/* SPDX-License-Identifier: GPL-2.0-only */
/* Consuming a DSQ into the local one: spec 14.8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *a, *b, *c;

/* a and b of CPU 1, c of CPU 0, all on SAY_DSQ in this order; all CPUs idle. */
static void start_in(enum run_mode mode)
{
	lab_start(.cpus = 4, .mode = mode);
	lab_from(3);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 0);
	lab_load(&turn_ops);
	say.dsq = SAY_DSQ;
	lab_wake(a);
	lab_wake(b);
	lab_wake(c);
	say.dsq = 0;
	assert_true(turn_queue_is(lab_user_dsq(SAY_DSQ), "a b c"));
	turn_forget();
	lab_forget();
}

static void start(void)
{
	start_in(RUN_TIMED);
}

static void run_on(int cpu, turn_fn fn)
{
	turn(cpu, fn);
	lab_kick(cpu, 0);
}

static u64 source, flags;
static bool result;
static u32 counted;
static bool lock_kept;

static void pull(struct task_struct *prev)
{
	const u32 before = turn_buffer()->nr_tasks;

	(void)prev;
	result = scx_bpf_dsq_move_to_local(source, flags);
	counted = turn_buffer()->nr_tasks - before;
	lock_kept = turn_holds_rq(smp_processor_id()) && !turn_holds_rq(smp_processor_id() ^ 1);
}

static void pull_on(int cpu, u64 dsq)
{
	source = dsq;
	run_on(cpu, pull);
}

static struct lab_hold *hold_lock(int cpu, int rq)
{
	return lab_hold(.cpu = cpu, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(rq)->__lock);
}

/* ---- which task */

static void con_01_an_empty_dsq_is_seen_without_its_lock(void **state)
{
	struct lab_hold *lock;

	(void)state;
	start_in(RUN_EXPLORED);
	lock = lab_hold(.cpu = 0, .label = "dsq", .kinds = LAB_KIND(YIELD_LOCK),
			.obj = &lab_user_dsq(SAY_OTHER_DSQ)->lock);
	pull_on(0, SAY_OTHER_DSQ);
	PROVES("CON-01", turn_count(0) == 1 && !result && !lab_held(lock));
	PROVES("CON-16", counted == 0);
	lab_release(lock);
}

static void con_02_tasks_come_in_list_order(void **state)
{
	(void)state;
	start();
	pull_on(2, SAY_DSQ);
	PROVES("CON-02 CON-05 CON-16", result && counted == 1 && lab_runs(a) && task_cpu(a) == 2);
	pull_on(1, SAY_DSQ);
	PROVES("CON-02 CON-04", result && lab_runs(b) && task_cpu(b) == 1);
	PROVES("CON-14", turn_queue_is(lab_user_dsq(SAY_DSQ), "c"));
}

static void con_02_vtime_order_is_list_order(void **state)
{
	(void)state;
	start();
	say.dsq = SAY_OTHER_DSQ;
	say.vtime = true;	/* by pid: a before b before c */
	lab_set_nice(c, 1);
	lab_set_nice(a, 1);
	say.dsq = 0;
	pull_on(0, SAY_OTHER_DSQ);
	PROVES("CON-02", lab_runs(a) && task_cpu(a) == 0);
}

static void fail_then_pull(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_error("enough");
	PROVES("CON-03", !scx_bpf_dsq_move_to_local(SAY_DSQ, 0));
	PROVES("CON-03", turn_queue_is(lab_user_dsq(SAY_DSQ), "a b c"));
}

static void con_03_an_aborting_scheduler_gets_nothing(void **state)
{
	(void)state;
	start();
	run_on(1, fail_then_pull);
	assert_int_equal(turn_count(1), 1);
	PROVES("CON-03", lab_exited(SCX_EXIT_ERROR_BPF, "enough"));
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

static void con_03_a_bypass_dsq_is_consumed_even_then(void **state)
{
	(void)state;
	start();
	scx_root->aborting = true;
	lab_from(2);
	lab_outside(bypass_on, NULL);
	PROVES("CON-03", lab_runs(b) && lab_runs(c) && a->scx.dsq == bypass_dsq(scx_root, 1));
	scx_root->aborting = false;
	lab_outside(bypass_off, NULL);
}

static void con_04_an_own_task_comes_without_a_lock_switch(void **state)
{
	struct lab_hold *linked;

	(void)state;
	start_in(RUN_EXPLORED);
	linked = lab_hold(.cpu = 1, .label = "ops.dequeue");
	pull_on(1, SAY_DSQ);
	assert_true(lab_held(linked));
	PROVES("CON-04", a->scx.dsq == lab_local(1) && a->scx.holding_cpu == -1);
	PROVES("CON-04", !lab_user_dsq(SAY_DSQ)->lock.owner);
	lab_release(linked);
	PROVES("CON-04", result && lab_runs(a) && lab_called(a, "dequeue(0x0) running@1"));
}

static void con_05_a_lost_task_makes_it_start_over(void **state)
{
	struct lab_hold *src;

	(void)state;
	start_in(RUN_EXPLORED);
	src = hold_lock(2, 1);
	pull_on(2, SAY_DSQ);
	assert_true(lab_held(src));
	lab_set_nice(a, 1);	/* a goes to the policy's hands */
	lab_release(src);
	PROVES("CON-05", result && counted == 1 && lab_runs(b) && task_cpu(b) == 2);
	PROVES("CON-11", lock_kept);
	PROVES("CON-05", scx_opss_state(lab_word(a)) == SCX_OPSS_QUEUED && task_cpu(a) == 1);
	PROVES("CON-05", turn_queue_is(lab_user_dsq(SAY_DSQ), "c"));
}

static void con_05_start_over_finds_an_empty_list(void **state)
{
	struct lab_hold *src, *lock;

	(void)state;
	start_in(RUN_EXPLORED);
	lab_set_nice(b, 1);
	lab_set_nice(c, 1);
	assert_true(turn_queue_is(lab_user_dsq(SAY_DSQ), "a"));
	src = hold_lock(2, 1);
	pull_on(2, SAY_DSQ);
	assert_true(lab_held(src));
	lab_set_nice(a, 1);
	lock = lab_hold(.cpu = 2, .label = "dsq", .kinds = LAB_KIND(YIELD_LOCK),
			.obj = &lab_user_dsq(SAY_DSQ)->lock);
	lab_release(src);
	PROVES("CON-05 CON-01", !result && counted == 0 && !lab_held(lock));
	PROVES("CON-11", lock_kept);
	lab_release(lock);
}

static void con_06_a_task_that_may_not_come_is_passed_over(void **state)
{
	(void)state;
	start();
	say.dsq = SAY_OTHER_DSQ;
	lab_set_cpus(a, 1 << 1);
	lab_set_cpus(b, 1 << 1 | 1 << 2);
	say.dsq = 0;
	assert_true(turn_queue_is(lab_user_dsq(SAY_OTHER_DSQ), "a b"));
	pull_on(2, SAY_OTHER_DSQ);
	PROVES("CON-06", result && lab_runs(b) && task_cpu(b) == 2);
	PROVES("CON-06", turn_queue_is(lab_user_dsq(SAY_OTHER_DSQ), "a") && scx_root->exit_kind == SCX_EXIT_NONE);
}

static void con_07_nobody_may_come(void **state)
{
	(void)state;
	start();
	say.dsq = SAY_OTHER_DSQ;
	lab_set_cpus(a, 1 << 1);
	lab_set_cpus(b, 1 << 1);
	say.dsq = 0;
	pull_on(2, SAY_OTHER_DSQ);
	PROVES("CON-07", !result && counted == 0);
	PROVES("CON-07", turn_queue_is(lab_user_dsq(SAY_OTHER_DSQ), "a b") && scx_root->exit_kind == SCX_EXIT_NONE);
}

static void pull_while_offline(struct task_struct *prev)
{
	cpu_rq(2)->scx.flags &= ~SCX_RQ_ONLINE;
	pull(prev);
	cpu_rq(2)->scx.flags |= SCX_RQ_ONLINE;
}

static void con_07_an_offline_cpu_gets_nothing_and_says_nothing(void **state)
{
	(void)state;
	start();
	source = SAY_DSQ;
	run_on(2, pull_while_offline);
	PROVES("CON-07 CON-06", !result && turn_queue_is(lab_user_dsq(SAY_DSQ), "a b c"));
	PROVES("CON-07", lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE) == 0 && scx_root->exit_kind == SCX_EXIT_NONE);
}

static void pull_while_a_cannot_migrate(struct task_struct *prev)
{
	a->migration_disabled = 1;
	pull(prev);
	a->migration_disabled = 0;
}

static void con_06_a_task_that_cannot_migrate_is_passed_over(void **state)
{
	(void)state;
	start();
	source = SAY_DSQ;
	run_on(2, pull_while_a_cannot_migrate);
	PROVES("CON-06", result && lab_runs(b) && turn_queue_is(lab_user_dsq(SAY_DSQ), "a c"));
	PROVES("CON-06", scx_root->exit_kind == SCX_EXIT_NONE);
}

static void pull_own_task_that_must_not_run(struct task_struct *prev)
{
	a->cpus_ptr = cpumask_of(3);
	a->migration_disabled = 1;
	cpu_rq(1)->scx.flags &= ~SCX_RQ_ONLINE;
	pull(prev);
	cpu_rq(1)->scx.flags |= SCX_RQ_ONLINE;
	a->migration_disabled = 0;
	a->cpus_ptr = a->cpus_mask;
}

static void con_08_an_own_task_is_taken_without_any_test(void **state)
{
	(void)state;
	start();
	source = SAY_DSQ;
	run_on(1, pull_own_task_that_must_not_run);
	PROVES("CON-08", result && lab_runs(a) && task_cpu(a) == 1);
}

/* ---- a task of another rq */

static void con_09_steps_of_a_remote_consume(void **state)
{
	struct scx_dispatch_q *dsq;
	struct lab_hold *src, *dst;

	(void)state;
	start_in(RUN_EXPLORED);
	dsq = lab_user_dsq(SAY_DSQ);
	src = hold_lock(2, 1);
	pull_on(2, SAY_DSQ);
	assert_true(lab_held(src));
	PROVES("CON-09", turn_queue_is(dsq, "b c") && list_empty(&a->scx.dsq_list.node));
	PROVES("CON-09", a->scx.holding_cpu == 2 && !dsq->lock.owner);
	PROVES("CON-09", !cpu_rq(2)->__lock.owner && !cpu_rq(1)->__lock.owner);
	PROVES("CON-10", a->scx.dsq == dsq);
	dst = hold_lock(2, 2);
	lab_release(src);
	assert_true(lab_held(dst));
	PROVES("CON-10", !a->scx.dsq && a->scx.holding_cpu == -1);
	PROVES("CON-09", a->scx.sticky_cpu == 2 && a->on_rq == TASK_ON_RQ_MIGRATING);
	lab_release(dst);
	PROVES("CON-09", result && lab_runs(a) && task_cpu(a) == 2 && lock_kept);
	PROVES("CON-09", lab_called(a, "dequeue(0x0)@2 running@2"));
}

static void insert_a_into_dsq(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SAY_DSQ, 0, 0);
}

static void con_09_a_dispatch_that_is_under_way_is_waited_for(void **state)
{
	struct lab_hold *word;

	(void)state;
	start_in(RUN_EXPLORED);
	lab_set_nice(a, 1);
	lab_set_nice(b, 1);
	lab_set_nice(c, 1);
	word = lab_hold(.cpu = 0, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &a->scx.ops_state);
	run_on(0, insert_a_into_dsq);
	assert_true(lab_held(word));
	assert_int_equal(lab_word(a), SCX_OPSS_DISPATCHING);
	result = false;
	pull_on(2, SAY_DSQ);
	PROVES("CON-09", lab_waits(2, "wait_ops_state") && !result);
	PROVES("CON-09", a->scx.holding_cpu == 2 && cpu_rq(1)->__lock.owner && a->on_rq == TASK_ON_RQ_QUEUED);
	lab_release(word);
	PROVES("CON-09", result && lab_runs(a) && task_cpu(a) == 2);
}

/* ---- the flags */

/* CPU 0 runs nothing; "l" is on its local DSQ when the function behind it runs. */
static u64 pull_flags;
static bool immed_a;

static void local_c_then_pull(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(c, SCX_DSQ_LOCAL, 0, 0);
	result = scx_bpf_dsq_move_to_local(SAY_DSQ, pull_flags);
	immed_a = a->scx.flags & SCX_TASK_IMMED;
}

static void pull_behind_c(int cpu, u64 f)
{
	start();
	lab_set_nice(c, 1);	/* in the policy's hands */
	pull_flags = f;
	run_on(cpu, local_c_then_pull);
	assert_true(result);
}

static void con_12_flags_of_the_call_apply_to_the_local_insert(void **state)
{
	static const int cpus[] = { 1, 2 };	/* a is an own task, a remote one */
	int i;

	for (i = 0; i < 2; i++) {
		pull_behind_c(cpus[i], 0);
		PROVES("CON-12", lab_runs(c) && turn_queue_is(lab_local(cpus[i]), "a") && !immed_a);
		lab_stop(state);
		turn_nothing(state);
		pull_behind_c(cpus[i], SCX_ENQ_HEAD);
		PROVES("CON-12", lab_runs(a) && turn_queue_is(lab_local(cpus[i]), "c"));
		lab_stop(state);
		turn_nothing(state);
		pull_behind_c(cpus[i], SCX_ENQ_PREEMPT);
		PROVES("CON-12", lab_runs(a) && turn_queue_is(lab_local(cpus[i]), "c"));
		lab_stop(state);
		turn_nothing(state);
		pull_behind_c(cpus[i], SCX_ENQ_IMMED);
		PROVES("CON-12", immed_a);
		lab_stop(state);
		turn_nothing(state);
	}
}

static void global_a(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SCX_DSQ_GLOBAL, 0, 0);
}

static void con_13_the_global_dsq_is_consumed_without_flags(void **state)
{
	(void)state;
	turn_ops.flags |= SCX_OPS_ALWAYS_ENQ_IMMED;
	start();
	lab_set_nice(a, 1);
	run_on(2, global_a);
	PROVES("CON-13", lab_runs(a) && task_cpu(a) == 2 && !(a->scx.flags & SCX_TASK_IMMED));
}

/* ---- scx_bpf_dsq_move_to_local() */

static void insert_then_pull_with_bad_flags(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(c, SCX_DSQ_LOCAL, 0, 0);
	PROVES("CON-15", !scx_bpf_dsq_move_to_local(999, SCX_ENQ_CLEAR_OPSS));
	PROVES("CON-15", turn_buffer()->cursor == 1);
}

static void con_15_flags_are_vetted_before_anything_else(void **state)
{
	(void)state;
	start();
	lab_set_nice(c, 1);
	run_on(0, insert_then_pull_with_bad_flags);
	PROVES("CON-15", lab_exited(SCX_EXIT_ERROR, "invalid enq_flags"));
}

static void insert_then_pull_nothing(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(c, SCX_DSQ_LOCAL, 0, 0);
	PROVES("CON-15", !scx_bpf_dsq_move_to_local(999, 0));
	PROVES("CON-15", turn_buffer()->cursor == 0 && turn_queue_is(lab_local(0), "c"));
}

static void con_15_the_buffer_is_flushed_before_the_lookup(void **state)
{
	(void)state;
	start();
	lab_set_nice(c, 1);
	run_on(0, insert_then_pull_nothing);
	PROVES("CON-15", lab_exited(SCX_EXIT_ERROR, "invalid DSQ ID 0x00000000000003e7"));
}

static void fill_dsq_then_pull(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(c, SAY_OTHER_DSQ, 0, 0);
	PROVES("CON-15", scx_bpf_dsq_move_to_local(SAY_OTHER_DSQ, 0));
	PROVES("CON-15", turn_queue_is(lab_local(0), "c"));
	PROVES("CON-16 DSP-05", turn_buffer()->nr_tasks == 2);
}

static void con_15_the_buffer_is_flushed_before_the_consume(void **state)
{
	(void)state;
	start();
	lab_set_nice(c, 1);
	run_on(0, fill_dsq_then_pull);
	PROVES("CON-15", lab_runs(c));
}

static void con_16_a_consumed_task_counts_like_a_delivered_one(void **state)
{
	(void)state;
	start();
	pull_on(1, SAY_DSQ);
	PROVES("CON-16", result && counted == 1 && scx_pcpu(scx_root, 1)->dsp_ctx.nr_tasks == 1);
}

static void con_17_only_user_dsqs_can_be_the_source(void **state)
{
	const u64 ids[] = { SCX_DSQ_GLOBAL, SCX_DSQ_BYPASS, SCX_DSQ_LOCAL, SCX_DSQ_LOCAL_ON | 1, SCX_DSQ_INVALID };
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		start();
		pull_on(2, ids[i]);
		PROVES("CON-17", !result && lab_exited(SCX_EXIT_ERROR, "invalid DSQ ID"));
		lab_stop(state);
		turn_nothing(state);
	}
}

static void con_18_the_task_lands_where_the_dispatch_is_for(void **state)
{
	int cpu;

	for (cpu = 0; cpu < 3; cpu++) {
		start();
		pull_on(cpu, SAY_DSQ);
		PROVES("CON-18", result && lab_runs(a) && task_cpu(a) == cpu);
		lab_stop(state);
		turn_nothing(state);
	}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(con_01_an_empty_dsq_is_seen_without_its_lock),
		TEST(con_02_tasks_come_in_list_order),
		TEST(con_02_vtime_order_is_list_order),
		TEST(con_03_an_aborting_scheduler_gets_nothing),
		TEST(con_03_a_bypass_dsq_is_consumed_even_then),
		TEST(con_04_an_own_task_comes_without_a_lock_switch),
		TEST(con_05_a_lost_task_makes_it_start_over),
		TEST(con_05_start_over_finds_an_empty_list),
		TEST(con_06_a_task_that_may_not_come_is_passed_over),
		TEST(con_06_a_task_that_cannot_migrate_is_passed_over),
		TEST(con_07_nobody_may_come),
		TEST(con_07_an_offline_cpu_gets_nothing_and_says_nothing),
		TEST(con_08_an_own_task_is_taken_without_any_test),
		TEST(con_09_steps_of_a_remote_consume),
		TEST(con_09_a_dispatch_that_is_under_way_is_waited_for),
		TEST(con_12_flags_of_the_call_apply_to_the_local_insert),
		TEST(con_13_the_global_dsq_is_consumed_without_flags),
		TEST(con_15_flags_are_vetted_before_anything_else),
		TEST(con_15_the_buffer_is_flushed_before_the_lookup),
		TEST(con_15_the_buffer_is_flushed_before_the_consume),
		TEST(con_16_a_consumed_task_counts_like_a_delivered_one),
		TEST(con_17_only_user_dsqs_can_be_the_source),
		TEST(con_18_the_task_lands_where_the_dispatch_is_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
