/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: ids, kinds, lookup (spec 13.1, 13.2, 13.4). */
#include "dsq_rig.h"

#define FUNNY_BITS	0x3ffffff300000000ULL	/* of bits 32 to 61 */

static struct task_struct *a, *b;

/* Two CPUs, a asleep on CPU 1. */
static void begin_with_a(void)
{
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	load();
}

/* ---- ids */

static void dsq_01_bits_32_to_61_of_a_local_on_id_do_not_count(void **state)
{
	(void)state;
	begin_with_a();
	put(a, ON_CPU(0) | FUNNY_BITS, 0);
	PROVES("DSQ-01", lab_runs(a) && a->cpu == 0);
	PROVES("DSQ-01", nr_queued(ON_CPU(1) | FUNNY_BITS) == 0);
}

static void dsq_01_both_bits_make_an_id_local_on(void **state)
{
	(void)state;
	begin_with_a();
	/* Bit 62 alone is a user's, bit 63 with a number that means nothing is nobody's. */
	PROVES("DSQ-01", create(SCX_DSQ_FLAG_LOCAL_ON | 0, NUMA_NO_NODE) == 0);
	put(a, SCX_DSQ_FLAG_LOCAL_ON | 0, 0);
	PROVES("DSQ-01", queue_is(user(SCX_DSQ_FLAG_LOCAL_ON | 0), "a"));
	PROVES("DSQ-01", nr_queued(SCX_DSQ_FLAG_LOCAL_ON | 0) == 1);
	PROVES("DSQ-01", nr_queued(SCX_DSQ_FLAG_BUILTIN | 0x10) == -ENOENT);
}

static void dsq_02_a_negative_cpu_is_invalid(void **state)
{
	(void)state;
	begin_with_a();
	PROVES("DSQ-02 DSQ-115", nr_queued(SCX_DSQ_LOCAL_ON | 0xffffffffULL) == -ENOENT);
	PROVES("DSQ-02 DSQ-115", lab_exited(SCX_EXIT_ERROR, "invalid CPU -1"));
}

static void dsq_02_a_cpu_at_the_limit_is_invalid(void **state)
{
	(void)state;
	begin_with_a();
	PROVES("DSQ-02", nr_queued(ON_CPU(1)) == 0);
	PROVES("DSQ-02 DSQ-115", nr_queued(ON_CPU(2)) == -ENOENT);
	PROVES("DSQ-02 DSQ-115", lab_exited(SCX_EXIT_ERROR, "invalid CPU 2"));
}

static void dsq_03_an_offline_cpu_is_a_valid_target_of_a_lookup(void **state)
{
	(void)state;
	begin_with_a();
	lab_offline(0);
	lab_forget();
	PROVES("DSQ-03", nr_queued(ON_CPU(0)) == 0);
	put(a, ON_CPU(0), 0);
	/* Found; only the delivery says no, and that is not an error. */
	PROVES("DSQ-03", lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE) == 1);
	PROVES("DSQ-03", !scx_last_exit());
}

/* ---- kinds */

static struct lab_hold *at_link(int cpu, const struct scx_dispatch_q *dsq)
{
	return lab_hold(.cpu = cpu, .label = "dsq->list", .obj = &dsq->list,
			.kinds = LAB_KIND(YIELD_WRITE));
}

static void link_is_under(u64 dsq_id, bool own_lock)
{
	struct scx_dispatch_q *dsq;
	struct lab_hold *hold;

	begin(.cpus = 2, .mode = RUN_EXPLORED);
	a = lab_task("a", .cpu = 1);
	load();
	dsq = dsq_id == SCX_DSQ_LOCAL ? lab_local(1) : dsq_id == SCX_DSQ_GLOBAL ? global_of(1) : user(dsq_id);
	hold = at_link(0, dsq);
	put(a, dsq_id, 0);
	assert_true(lab_held(hold));
	PROVES("DSQ-04", !!dsq->lock.owner == own_lock);
	PROVES("DSQ-04", cpu_rq(1)->__lock.owner != NULL);
	lab_release(hold);
}

static void dsq_04_a_local_dsq_is_under_its_rq_lock_alone(void **state)
{
	(void)state;
	link_is_under(SCX_DSQ_LOCAL, false);
}

static void dsq_04_a_user_dsq_has_its_own_lock(void **state)
{
	(void)state;
	link_is_under(U, true);
}

static void dsq_04_a_global_dsq_has_its_own_lock(void **state)
{
	(void)state;
	link_is_under(SCX_DSQ_GLOBAL, true);
}

/* CPUs 0 and 1 on node 0, 2 and 3 on node 1, of which 2 and 3 are busy with a higher class. */
static struct task_struct *hog2, *hog3;

static void begin_two_nodes(void)
{
	begin(.cpus = 4, .nodes = 2);
	a = lab_task("a", .cpu = 2);
	hog2 = lab_task("hog2", .cpu = 2, .cpus = 1 << 2, .policy = SCHED_FIFO);
	hog3 = lab_task("hog3", .cpu = 3, .cpus = 1 << 3, .policy = SCHED_FIFO);
	load();
	lab_wake(hog2);
	lab_wake(hog3);
	assert_int_equal(cpu_to_node(1), 0);
	assert_int_equal(cpu_to_node(2), 1);
}

static void dsq_05_an_insert_uses_the_node_of_the_task(void **state)
{
	(void)state;
	begin_two_nodes();
	lab_from(0);
	put(a, SCX_DSQ_GLOBAL, 0);
	PROVES("DSQ-05", queue_is(global_of(2), "a"));
	PROVES("DSQ-05", queue_is(global_of(0), "") && global_of(2) != global_of(0));
}

static void insert_a_to_global(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0 && !a->scx.dsq)
		scx_bpf_dsq_insert(a, SCX_DSQ_GLOBAL, 20 * MS, 0);
}

static void dsq_05_a_dispatcher_of_another_node_inserts_into_the_node_of_the_task(void **state)
{
	(void)state;
	begin_two_nodes();
	keep(a);
	rig.on_dispatch = insert_a_to_global;
	lab_kick(0, 0);
	PROVES("DSQ-05", queue_is(global_of(2), "a"));
}

static void dsq_05_a_consumer_uses_its_own_node(void **state)
{
	(void)state;
	begin_two_nodes();
	put(a, SCX_DSQ_GLOBAL, 0);
	lab_block(hog3);
	PROVES("DSQ-05", lab_runs(a) && a->cpu == 3);
}

static void dsq_06_no_cpu_of_another_node_consumes(void **state)
{
	(void)state;
	begin_two_nodes();
	put(a, SCX_DSQ_GLOBAL, 0);
	lab_kick(0, 0);
	lab_kick(1, 0);
	lab_run(50 * MS);
	PROVES("DSQ-06", queue_is(global_of(2), "a"));
}

static void do_bypass(void *arg UNUSED)
{
	scx_bypass(scx_root, true);
}

static void dsq_07_a_bypass_dsq_is_consumed_by_its_cpu(void **state)
{
	struct task_struct *hog;

	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	load();
	lab_wake(hog);
	lab_outside(do_bypass, NULL);
	lab_wake(a);
	PROVES("DSQ-07", queue_is(bypass_dsq(scx_root, 1), "a"));
	lab_kick(0, 0);
	lab_run(100 * MS);
	PROVES("DSQ-07", queue_is(bypass_dsq(scx_root, 1), "a"));
	lab_block(hog);
	PROVES("DSQ-07", lab_runs(a) && a->cpu == 1);
}

static void dsq_08_only_a_local_dsq_feeds_its_cpu(void **state)
{
	(void)state;
	begin_with_a();
	put(a, U, 0);
	lab_kick(0, 0);
	lab_kick(1, 0);
	lab_run(20 * MS);
	PROVES("DSQ-08", queue_is(user(U), "a") && !lab_runs(a));
	PROVES("DSQ-08", move_off(U, a, ON_CPU(1), 0) && lab_runs(a));
}

static void dsq_08_what_is_consumed_goes_through_the_local_dsq(void **state)
{
	struct lab_hold *hold;

	(void)state;
	begin(.cpus = 2, .mode = RUN_EXPLORED);
	a = lab_task("a", .cpu = 1);
	load();
	hold = lab_hold(.cpu = 1, .label = "ops.running");
	put(a, SCX_DSQ_GLOBAL, 0);
	/* By now the pick has taken it off; the removals were two, of both queues. */
	assert_true(lab_held(hold));
	PROVES("DSQ-08", global_of(1)->seq == 1 && lab_local(1)->nr == 0 && queue_is(global_of(1), ""));
	lab_release(hold);
}

/* ---- what LOCAL means */

static void insert_a_locally(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0 && !a->scx.dsq)
		scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 20 * MS, 0);
}

static void dsq_11_local_is_the_cpu_being_dispatched_for(void **state)
{
	(void)state;
	begin_with_a();
	keep(a);
	assert_int_equal(a->cpu, 1);
	rig.on_dispatch = insert_a_locally;
	lab_kick(0, 0);
	PROVES("DSQ-11", lab_runs(a) && a->cpu == 0);
}

static void dsq_11_local_is_the_cpu_of_the_enqueue(void **state)
{
	(void)state;
	begin_with_a();
	lab_from(0);
	put(a, SCX_DSQ_LOCAL, 0);
	PROVES("DSQ-11", lab_called(a, "select_cpu@0 enqueue@0 running@1"));
	PROVES("DSQ-11", lab_runs(a) && a->cpu == 1);
}

static s32 select_other_and_insert(struct task_struct *p, s32 prev_cpu, u64 wake_flags UNUSED)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 20 * MS, 0);
	return 1 - prev_cpu;
}

static void dsq_11_local_in_select_cpu_is_the_cpu_selected(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	ops.select_cpu = select_other_and_insert;
	lab_load(&ops);
	lab_from(1);
	lab_wake(a);
	PROVES("DSQ-11", lab_runs(a) && a->cpu == 0);
}

/* ---- errors */

/* An insert with this id errs with this text, and the task is on the global DSQ of its node. */
static void falls_back_to_global(u64 dsq_id, const char *text)
{
	struct lab_hold *frozen;

	begin(.cpus = 4, .nodes = 2, .mode = RUN_EXPLORED);
	a = lab_task("a", .cpu = 2);
	hog2 = lab_task("hog2", .cpu = 2, .cpus = 1 << 2, .policy = SCHED_FIFO);
	load();
	lab_wake(hog2);
	frozen = freeze_exit();
	put(a, dsq_id, 0);
	assert_true(lab_held(frozen));
	PROVES("DSQ-13", queue_is(global_of(2), "a"));
	PROVES("DSQ-13", queue_is(global_of(0), ""));
	lab_release(frozen);
	PROVES("DSQ-13", lab_exited(SCX_EXIT_ERROR, text));
	lab_stop(NULL);
}

static void dsq_13_lookup_errors_lead_to_the_global_dsq(void **state)
{
	(void)state;
	falls_back_to_global(ON_CPU(4), "invalid CPU 4 in SCX_DSQ_LOCAL_ON dispatch verdict");
	falls_back_to_global(4711, "non-existent DSQ 0x1267");
	falls_back_to_global(SCX_DSQ_BYPASS, "non-existent DSQ");
	falls_back_to_global(SCX_DSQ_FLAG_BUILTIN | 4, "non-existent DSQ");
	falls_back_to_global(SCX_DSQ_FLAG_BUILTIN | 5, "non-existent DSQ");
}

/* As a verdict of ops.enqueue() this id means that there is none; a buffered entry has it. */
static void insert_to_nowhere(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0 && !a->scx.dsq)
		scx_bpf_dsq_insert(a, SCX_DSQ_INVALID, 20 * MS, 0);
}

static void dsq_13_a_flush_loses_no_task_either(void **state)
{
	struct lab_hold *frozen;

	(void)state;
	begin(.cpus = 4, .nodes = 2, .mode = RUN_EXPLORED);
	a = lab_task("a", .cpu = 2);
	load();
	keep(a);
	rig.on_dispatch = insert_to_nowhere;
	frozen = freeze_exit();
	lab_kick(0, 0);
	PROVES("DSQ-13", queue_is(global_of(2), "a") && lab_word(a) == SCX_OPSS_NONE);
	lab_release(frozen);
	PROVES("DSQ-13", lab_exited(SCX_EXIT_ERROR, "non-existent DSQ 0x8000000000000000"));
}

static void dsq_13_a_move_loses_no_task_either(void **state)
{
	struct lab_hold *frozen;

	(void)state;
	begin(.cpus = 4, .nodes = 2, .mode = RUN_EXPLORED);
	a = lab_task("a", .cpu = 2);
	b = lab_task("b", .cpu = 2);
	load();
	put(a, U, 0);
	frozen = freeze_exit();
	lab_from(1);
	PROVES("DSQ-13", move_off(U, a, 4711, 0));
	PROVES("DSQ-13", queue_is(global_of(2), "a"));
	lab_release(frozen);
	PROVES("DSQ-13", lab_exited(SCX_EXIT_ERROR, "non-existent DSQ 0x1267"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_01_bits_32_to_61_of_a_local_on_id_do_not_count),
		TEST(dsq_01_both_bits_make_an_id_local_on),
		TEST(dsq_02_a_negative_cpu_is_invalid),
		TEST(dsq_02_a_cpu_at_the_limit_is_invalid),
		TEST(dsq_03_an_offline_cpu_is_a_valid_target_of_a_lookup),
		TEST(dsq_04_a_local_dsq_is_under_its_rq_lock_alone),
		TEST(dsq_04_a_user_dsq_has_its_own_lock),
		TEST(dsq_04_a_global_dsq_has_its_own_lock),
		TEST(dsq_05_an_insert_uses_the_node_of_the_task),
		TEST(dsq_05_a_dispatcher_of_another_node_inserts_into_the_node_of_the_task),
		TEST(dsq_05_a_consumer_uses_its_own_node),
		TEST(dsq_06_no_cpu_of_another_node_consumes),
		TEST(dsq_07_a_bypass_dsq_is_consumed_by_its_cpu),
		TEST(dsq_08_only_a_local_dsq_feeds_its_cpu),
		TEST(dsq_08_what_is_consumed_goes_through_the_local_dsq),
		TEST(dsq_11_local_is_the_cpu_being_dispatched_for),
		TEST(dsq_11_local_is_the_cpu_of_the_enqueue),
		TEST(dsq_11_local_in_select_cpu_is_the_cpu_selected),
		TEST(dsq_13_lookup_errors_lead_to_the_global_dsq),
		TEST(dsq_13_a_flush_loses_no_task_either),
		TEST(dsq_13_a_move_loses_no_task_either),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
