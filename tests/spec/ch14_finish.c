/* SPDX-License-Identifier: GPL-2.0-only */
/* Carrying out buffered inserts and verdicts for local DSQs: spec 14.6, 14.7. */
#include "finish_rig.h"

/* ---- finish_dispatch */

static void fin_01_local_means_the_dispatching_cpu(void **state)
{
	(void)state;
	start();
	insert_p_on(0, SCX_DSQ_LOCAL);
	PROVES("FIN-01 FIN-02", lab_runs(p) && task_cpu(p) == 0);
}

static void fin_01_global_means_the_node_of_the_task(void **state)
{
	(void)state;
	start_cfg(&(struct lab_cfg){ .cpus = 4, .nodes = 2 });
	assert_int_not_equal(cpu_to_node(1), cpu_to_node(3));
	insert_p_on(3, SCX_DSQ_GLOBAL);
	PROVES("FIN-01", p->scx.dsq == find_global_dsq(scx_root, 1));
	PROVES("FIN-01", p->scx.dsq != find_global_dsq(scx_root, 3));
}

static void insert_p_without_queued_flag(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(p, SAY_DSQ, 0, 0);
	p->scx.flags &= ~SCX_TASK_QUEUED;
}

static void fin_01_a_claimed_task_must_be_queued(void **state)
{
	(void)state;
	start();
	lab_expect_bug("SCX_TASK_QUEUED");
	turn(0, insert_p_without_queued_flag);
	lab_kick(0, 0);
	PROVES("FIN-01", machine()->aborted);
}

static u64 word_at_dequeue;
static s32 holding_at_dequeue;

static void note_word(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_dequeue || subject != p)
		return;
	word_at_dequeue = lab_word(p);
	holding_at_dequeue = p->scx.holding_cpu;
}

static void fin_02_a_dsq_with_a_lock_gets_the_task_with_its_slice(void **state)
{
	const u64 ids[] = { SAY_DSQ, SCX_DSQ_GLOBAL };
	int i;

	for (i = 0; i < 2; i++) {
		struct lab_hold *unlocked;
		struct scx_dispatch_q *dsq;

		start_in(RUN_EXPLORED);
		dsq = i ? find_global_dsq(scx_root, 1) : lab_user_dsq(SAY_DSQ);
		unlocked = lab_hold(.cpu = 0, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE),
				    .obj = &p->scx.ops_state);
		insert_p_on(0, ids[i]);
		assert_true(lab_held(unlocked));
		PROVES("FIN-02", p->scx.dsq == dsq && p->scx.slice == 3 * MS);
		PROVES("FIN-02", lab_word(p) == SCX_OPSS_DISPATCHING && task_cpu(p) == 1);
		lab_release(unlocked);
		PROVES("FIN-02", lab_word(p) == SCX_OPSS_NONE);
		lab_stop(state);
		turn_nothing(state);
	}
}

static void fin_02_the_word_is_cleared_behind_the_callback(void **state)
{
	(void)state;
	start();
	say.look = note_word;
	insert_p_on(0, SCX_DSQ_GLOBAL);
	PROVES("FIN-02", word_at_dequeue == SCX_OPSS_DISPATCHING && lab_word(p) == SCX_OPSS_NONE);
}

static void insert_then_cycle(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(p, SAY_DSQ, 3 * MS, 0);
	scx_bpf_dispatch_nr_slots();	/* held here */
}

static void fin_03_an_entry_of_an_earlier_hand_over_is_dropped_silently(void **state)
{
	struct lab_hold *inserted;
	const u64 *slice;

	(void)state;
	start_in(RUN_EXPLORED);
	p->scx.slice = 7 * MS;
	slice = &p->scx.slice;
	inserted = lab_hold(.cpu = 0, .label = "scx_bpf_dispatch_nr_slots");
	turn(0, insert_then_cycle);
	lab_kick(0, 0);
	assert_true(lab_held(inserted));
	lab_set_nice(p, 1);
	assert_true(in_policys_hands(p));
	lab_forget();
	lab_release(inserted);
	PROVES("FIN-03", in_policys_hands(p) && *slice == 7 * MS);
	PROVES("FIN-03", lab_called(p, "") && scx_root->exit_kind == SCX_EXIT_NONE);
}

static void fin_03_an_entry_of_a_task_on_a_dsq_is_dropped_silently(void **state)
{
	(void)state;
	start();
	say.dsq = SAY_OTHER_DSQ;
	lab_set_nice(p, 1);
	lab_forget();
	insert_p_on(0, SAY_DSQ);
	PROVES("FIN-03", p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ) && lab_called(p, ""));
	PROVES("FIN-03", scx_root->exit_kind == SCX_EXIT_NONE);
}

static void fin_03_an_entry_of_a_task_in_dispatch_elsewhere_is_dropped_silently(void **state)
{
	struct lab_hold *claimed;

	(void)state;
	start_in(RUN_EXPLORED);
	turn(2, insert_p);
	claimed = lab_hold(.cpu = 2, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->scx.ops_state);
	target = SAY_DSQ;
	lab_kick(2, 0);
	assert_true(lab_held(claimed));
	assert_int_equal(lab_word(p), SCX_OPSS_DISPATCHING);
	insert_p_on(0, SCX_DSQ_LOCAL);
	PROVES("FIN-03", p->scx.dsq == lab_user_dsq(SAY_DSQ) && turn_count(0) == 2);
	lab_release(claimed);
	PROVES("FIN-03", p->scx.dsq == lab_user_dsq(SAY_DSQ) && lab_called(p, ""));
}

static void fin_04_rq_and_affinity_are_stable_while_dispatching(void **state)
{
	struct lab_hold *claimed;

	(void)state;
	start_in(RUN_EXPLORED);
	claimed = lab_hold(.cpu = 0, .label = "dsq", .kinds = LAB_KIND(YIELD_LOCK));
	insert_p_on(0, SAY_DSQ);
	assert_true(lab_held(claimed));
	assert_int_equal(lab_word(p), SCX_OPSS_DISPATCHING);
	lab_set_cpus(p, 1 << 2);
	PROVES("FIN-04", lab_waits(3, "wait_ops_state"));
	PROVES("FIN-04", task_cpu(p) == 1 && cpumask_test_cpu(1, p->cpus_ptr));
	lab_release(claimed);
	PROVES("FIN-04", task_cpu(p) == 2 && !cpumask_test_cpu(1, p->cpus_ptr));
}

/* ---- the five cases */

static void dsp_25_holding_cpu_comes_before_the_word(void **state)
{
	struct lab_hold *mark, *word;

	(void)state;
	start_in(RUN_EXPLORED);
	mark = lab_hold(.cpu = 0, .label = "holding_cpu", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->scx.holding_cpu);
	word = lab_hold(.cpu = 0, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->scx.ops_state);
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	assert_true(lab_held(mark));
	PROVES("DSP-25", lab_word(p) == SCX_OPSS_DISPATCHING && p->scx.holding_cpu == -1);
	lab_release(mark);
	assert_true(lab_held(word));
	PROVES("DSP-25", lab_word(p) == SCX_OPSS_DISPATCHING && p->scx.holding_cpu == 0);
	lab_release(word);
	PROVES("DSP-25", lab_runs(p) && task_cpu(p) == 2);
}

static void dsp_25_every_dance_has_cleared_the_word_before_the_task_arrives(void **state)
{
	/* by the table of 14.7, for p of CPU 1 */
	static const struct {
		int cpu;
		u64 dsq;
		bool dance;
		int dst;
	} cases[] = {
		{ 1, SCX_DSQ_LOCAL, false, 1 },			/* a */
		{ 1, SCX_DSQ_LOCAL_ON | 1, false, 1 },
		{ 1, SCX_DSQ_LOCAL_ON | 2, true, 2 },		/* b */
		{ 0, SCX_DSQ_LOCAL_ON | 1, true, 1 },		/* c */
		{ 0, SCX_DSQ_LOCAL, true, 0 },			/* d */
		{ 0, SCX_DSQ_LOCAL_ON | 2, true, 2 },		/* e */
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		say.look = note_word;
		word_at_dequeue = 99;
		insert_p_on(cases[i].cpu, cases[i].dsq);
		PROVES("DSP-25 FIN-02", word_at_dequeue == (cases[i].dance ? SCX_OPSS_NONE : SCX_OPSS_DISPATCHING));
		PROVES("DSP-28", holding_at_dequeue == -1);
		PROVES("DSP-30", lab_runs(p) && task_cpu(p) == cases[i].dst);
		PROVES("DSP-30", p->scx.slice == 3 * MS && lab_word(p) == SCX_OPSS_NONE);
		PROVES("DSP-32", !cpu_rq(0)->__lock.owner && !cpu_rq(1)->__lock.owner && !cpu_rq(2)->__lock.owner);
		lab_stop(state);
		turn_nothing(state);
	}
}

static struct lab_hold *hold_lock(int cpu, int rq)
{
	return lab_hold(.cpu = cpu, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(rq)->__lock);
}

static bool is_locked(int cpu)
{
	return cpu_rq(cpu)->__lock.owner;
}

static void dsp_26_one_rq_lock_at_a_time(void **state)
{
	struct lab_hold *src, *dst, *back;

	(void)state;
	start_in(RUN_EXPLORED);
	src = hold_lock(0, 1);
	dst = hold_lock(0, 2);
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	assert_true(lab_held(src));
	PROVES("DSP-26", !is_locked(0) && !is_locked(1) && !is_locked(2));
	back = hold_lock(0, 0);
	lab_release(src);
	assert_true(lab_held(dst));
	PROVES("DSP-26", !is_locked(0) && !is_locked(1) && !is_locked(2));
	lab_release(dst);
	assert_true(lab_held(back));
	PROVES("DSP-32", !is_locked(0) && !is_locked(2));
	lab_release(back);
	PROVES("DSP-30", lab_runs(p) && task_cpu(p) == 2);
}

static void dsp_26_no_switch_if_the_dispatching_cpu_is_the_source(void **state)
{
	struct lab_hold *src, *dst;

	(void)state;
	start_in(RUN_EXPLORED);
	target = SCX_DSQ_LOCAL_ON | 2;
	turn(1, insert_p);
	src = lab_hold(.cpu = 1, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->scx.ops_state);
	lab_kick(1, 0);
	assert_true(lab_held(src));
	dst = hold_lock(1, 1);	/* any further lock of it before that of rq 2 */
	lab_release(src);
	PROVES("DSP-26 DSP-32", lab_held(dst) && task_cpu(p) == 2);
	lab_release(dst);
}

static void dsp_27_a_lost_task_is_left_alone(void **state)
{
	struct lab_hold *src;

	(void)state;
	start_in(RUN_EXPLORED);
	p->scx.slice = 7 * MS;
	src = hold_lock(0, 1);
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	assert_true(lab_held(src));
	lab_set_nice(p, 1);
	lab_forget();
	turn_forget();
	lab_release(src);
	PROVES("DSP-27", in_policys_hands(p) && p->scx.slice == 7 * MS && task_cpu(p) == 1);
	PROVES("DSP-27", lab_called(p, "") && scx_root->exit_kind == SCX_EXIT_NONE);
	PROVES("DSP-27", turn_count(2) == 0 && !cpu_rq(2)->curr->need_resched);
}

static void dsp_28_back_to_the_own_rq_without_another_store(void **state)
{
	struct lab_hold *src, *word;

	(void)state;
	start_in(RUN_EXPLORED);
	src = hold_lock(0, 1);
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 1);
	assert_true(lab_held(src));
	PROVES("DSP-28", p->scx.holding_cpu == 0 && lab_word(p) == SCX_OPSS_NONE);
	word = lab_hold(.cpu = 0, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->scx.ops_state);
	lab_release(src);
	PROVES("DSP-28", !lab_held(word));
	PROVES("DSP-28", lab_runs(p) && task_cpu(p) == 1 && p->scx.holding_cpu == -1 && p->scx.slice == 3 * MS);
	lab_release(word);
}

static void dsp_29_a_refused_move_ends_on_the_global_dsq_of_the_task(void **state)
{
	(void)state;
	turn_ops.cpu_offline = say_cpu_offline;
	turn_ops.cpu_online = say_cpu_online;
	start_cfg(&(struct lab_cfg){ .cpus = 4, .nodes = 2 });
	lab_offline(2);
	lab_forget();
	turn_forget();
	flags = SCX_ENQ_IMMED;		/* on a global DSQ only the fallback may carry it */
	insert_p_on(3, SCX_DSQ_LOCAL_ON | 2);	/* of the other node */
	flags = 0;
	PROVES("DSP-29", lab_count(SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE) == 1);
	PROVES("DSP-29", p->scx.dsq == find_global_dsq(scx_root, 1) && p->scx.slice == 3 * MS);
	PROVES("DSP-29", !(p->scx.flags & SCX_TASK_IMMED) && p->scx.holding_cpu == -1);
	PROVES("DSP-29", lab_called(p, "dequeue(0x0)"));
	PROVES("DSP-29", turn_count(0) == 0 && turn_count(1) == 0 && turn_count(2) == 0);	/* no resched */
}

static void dsp_29_the_fallback_happens_under_the_source_lock(void **state)
{
	struct lab_hold *insert;

	(void)state;
	start_in(RUN_EXPLORED);
	lab_set_cpus(p, 0xb);		/* not CPU 2 */
	insert = lab_hold(.cpu = 0, .label = "dsq", .kinds = LAB_KIND(YIELD_LOCK),
			  .obj = &find_global_dsq(scx_root, 1)->lock);
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	assert_true(lab_held(insert));
	PROVES("DSP-29", is_locked(1) && !is_locked(0) && p->scx.holding_cpu == -1);
	PROVES("DSP-29", lab_word(p) == SCX_OPSS_NONE);
	lab_release(insert);
	PROVES("DSP-29", lab_exited(SCX_EXIT_ERROR, "target CPU 2 not allowed for p"));
}

static void insert_p_behind_a_claim_on_cpu_2(struct task_struct *prev)
{
	(void)prev;
	cpu_rq(2)->next_class = &ext_sched_class;	/* so that the insert itself sees no reason */
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | 2, 3 * MS, 0);
}

static void dsp_31_success_reschedules_an_idle_destination(void **state)
{
	(void)state;
	start();
	turn(0, insert_p_behind_a_claim_on_cpu_2);
	lab_kick(0, 0);
	PROVES("DSP-31 RESCHED-03", lab_runs(p) && task_cpu(p) == 2);
}

static void dsp_31_a_busy_destination_is_not_rescheduled(void **state)
{
	(void)state;
	start();
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	assert_true(lab_runs(p));
	turn_forget();
	lab_forget();
	say.dsq = 0;
	p = q;
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	PROVES("DSP-31", turn_queue_is(lab_local(2), "q") && !cpu_rq(2)->curr->need_resched);
	PROVES("DSP-31", lab_called(NULL, "dispatch@0 q:dequeue@0 dispatch@0"));
}

static void dispatch_over_several_locks(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | 2, 0, 0);
	scx_bpf_dsq_insert(q, SCX_DSQ_LOCAL_ON | 1, 0, 0);
	scx_bpf_dsq_move_to_local(SAY_DSQ, 0);
	PROVES("DSP-32", turn_holds_rq(0) && !turn_holds_rq(1) && !turn_holds_rq(2));
}

static void dsp_32_the_dispatching_rq_is_locked_again_behind_each_entry(void **state)
{
	(void)state;
	start();
	turn(0, dispatch_over_several_locks);
	lab_kick(0, 0);
	PROVES("DSP-32", lab_runs(p) && lab_runs(q));
}

static void insert_p_where_it_must_not_run(struct task_struct *prev)
{
	(void)prev;
	lab_by_hand();
	p->cpus_ptr = cpumask_of(3);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | 1, 0, 0);
}

static void dsp_33_the_own_rq_is_taken_without_an_affinity_test(void **state)
{
	static const int cpus[] = { 1, 0 };	/* cases a and c */
	int i;

	for (i = 0; i < 2; i++) {
		const struct cpumask *mask;

		start();
		mask = p->cpus_ptr;
		turn(cpus[i], insert_p_where_it_must_not_run);
		lab_kick(cpus[i], 0);
		PROVES("DSP-33", lab_runs(p) && task_cpu(p) == 1 && scx_root->exit_kind == SCX_EXIT_NONE);
		p->cpus_ptr = mask;
		lab_stop(state);
		turn_nothing(state);
	}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(fin_01_local_means_the_dispatching_cpu),
		TEST(fin_01_global_means_the_node_of_the_task),
		TEST(fin_01_a_claimed_task_must_be_queued),
		TEST(fin_02_a_dsq_with_a_lock_gets_the_task_with_its_slice),
		TEST(fin_02_the_word_is_cleared_behind_the_callback),
		TEST(fin_03_an_entry_of_an_earlier_hand_over_is_dropped_silently),
		TEST(fin_03_an_entry_of_a_task_on_a_dsq_is_dropped_silently),
		TEST(fin_03_an_entry_of_a_task_in_dispatch_elsewhere_is_dropped_silently),
		TEST(fin_04_rq_and_affinity_are_stable_while_dispatching),
		TEST(dsp_25_holding_cpu_comes_before_the_word),
		TEST(dsp_25_every_dance_has_cleared_the_word_before_the_task_arrives),
		TEST(dsp_26_one_rq_lock_at_a_time),
		TEST(dsp_26_no_switch_if_the_dispatching_cpu_is_the_source),
		TEST(dsp_27_a_lost_task_is_left_alone),
		TEST(dsp_28_back_to_the_own_rq_without_another_store),
		TEST(dsp_29_a_refused_move_ends_on_the_global_dsq_of_the_task),
		TEST(dsp_29_the_fallback_happens_under_the_source_lock),
		TEST(dsp_31_success_reschedules_an_idle_destination),
		TEST(dsp_31_a_busy_destination_is_not_rescheduled),
		TEST(dsp_32_the_dispatching_rq_is_locked_again_behind_each_entry),
		TEST(dsp_33_the_own_rq_is_taken_without_an_affinity_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
