/* SPDX-License-Identifier: GPL-2.0-only */
/* Re-enqueue: the walks, custody and limits (spec 16.5 to 16.9). */
#include "dsq_rig.h"

#define REENQ_ENQUEUE	"enqueue(0x10000000000)"

static struct task_struct *a, *b, *c, *hog;

/* CPU 1 is busy with a higher class, so that its local DSQ fills. */
static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 3, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 1);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	load();
	lab_from(0);
	lab_wake(hog);
}

static u32 reason(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_REENQ_REASON_MASK;
}

static void mark_immed(struct task_struct *p)
{
	p->scx.flags |= SCX_TASK_IMMED;
	cpu_rq(1)->scx.nr_immed++;
}

/* ---- a walk of the local DSQ of CPU 1, at once */

static u64 walk_flags;
static u32 nr_walked;

static void do_walk(struct rq *rq, struct task_struct *p UNUSED)
{
	nr_walked = reenq_local(scx_root, rq, walk_flags);
}

static u32 walk(u64 flags)
{
	walk_flags = flags;
	lab_forget();
	lab_locked(a, do_walk);
	return nr_walked;
}

static u32 nr_seen, reason_seen[3];
static s64 immed_events_seen[3], repeat_events_seen[3];

static void look_at_all(struct task_struct *p, u64 enq_flags)
{
	PROVES("REENQ-52 REENQ-55", enq_flags == SCX_ENQ_REENQ && raw_spin_is_held(&cpu_rq(1)->__lock));
	PROVES("REENQ-57", !p->scx.dsq && p->scx.flags & SCX_TASK_QUEUED);
	PROVES("REENQ-57", scx_opss_state(lab_word(p)) == SCX_OPSS_QUEUEING);
	/* all have theirs from the first phase on */
	if (nr_seen == 0)
		PROVES("REENQ-41 REENQ-50", reason(a) && reason(b) && reason(c) && !lab_local(1)->nr &&
		       !cpu_rq(1)->scx.nr_immed);
	if (nr_seen == 2)
		PROVES("REENQ-52", !reason(a) && !reason(b) && reason(c));
	if (nr_seen < 3) {
		reason_seen[nr_seen] = reason(p);
		immed_events_seen[nr_seen] = lab_count(SCX_EV_REENQ_IMMED);
		repeat_events_seen[nr_seen] = lab_count(SCX_EV_REENQ_REPEAT);
	}
	nr_seen++;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 20 * MS, 0);
}

static void reenq_41_46_47_50_52_53_57_95_two_phases(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	put(c, SCX_DSQ_LOCAL, 0);
	mark_immed(b);
	mark_immed(c);
	a->scx.reenq_cnt = b->scx.reenq_cnt = c->scx.reenq_cnt = 1;
	rig.on_enqueue = look_at_all;
	nr_seen = 0;
	PROVES("REENQ-41 REENQ-52 REENQ-53", walk(SCX_REENQ_ANY) == 3 && nr_seen == 3);
	PROVES("REENQ-41 REENQ-53", queue_is(lab_local(1), "a b c"));
	PROVES("REENQ-46 REENQ-47 IMMED-85 IMMED-86", reason_seen[0] == SCX_TASK_REENQ_KFUNC &&
	       reason_seen[1] == SCX_TASK_REENQ_IMMED);
	PROVES("REENQ-46", reason_seen[2] == SCX_TASK_REENQ_IMMED);
	PROVES("REENQ-95", immed_events_seen[0] == 2 && immed_events_seen[2] == 2);
	PROVES("REENQ-95 REENQ-84", repeat_events_seen[0] == 1 && repeat_events_seen[1] == 2 && repeat_events_seen[2] == 3);
	PROVES("REENQ-52", !reason(a) && !reason(b) && !reason(c));
	PROVES("REENQ-81", lab_called(NULL, "a:" REENQ_ENQUEUE " b:" REENQ_ENQUEUE " c:" REENQ_ENQUEUE));
}

static void reenq_40_walk_state_in_the_request_is_a_warning(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	mark_immed(a);
	rig.keep = true;
	lab_expect_warn("__SCX_REENQ_TSR_MASK");
	/* Were the bit believed, a would stay. */
	PROVES("REENQ-40", walk(SCX_REENQ_TSR_RQ_OPEN) == 1 && queue_is(lab_local(1), "b"));
}

static void walk_open(struct rq *rq, struct task_struct *p UNUSED)
{
	const struct sched_class *next_class = rq->next_class;

	rq->next_class = &idle_sched_class;
	nr_walked = reenq_local(scx_root, rq, walk_flags);
	rq->next_class = next_class;
}

static void reenq_40_44_to_46_48_who_is_first_on_an_open_rq(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	put(c, SCX_DSQ_LOCAL, 0);
	rig.keep = true;
	walk_flags = 0;
	lab_by_hand();	/* an rq that is open and busy */
	mark_immed(a);
	lab_locked(a, walk_open);
	PROVES("REENQ-40 REENQ-46 REENQ-48", nr_walked == 0 && queue_is(lab_local(1), "a b c"));
	/* the other way round: a was first although it is kept and plain */
	a->scx.flags &= ~SCX_TASK_IMMED;
	b->scx.flags |= SCX_TASK_IMMED;
	lab_locked(a, walk_open);
	PROVES("REENQ-44", nr_walked == 1 && queue_is(lab_local(1), "a c"));
	/* a protected one is kept, also from ANY, and was first all the same */
	a->scx.flags |= SCX_TASK_PROTECTED;
	mark_immed(c);
	lab_locked(a, walk_open);
	PROVES("REENQ-45", nr_walked == 1 && queue_is(lab_local(1), "a"));
	walk_flags = SCX_REENQ_ANY;
	lab_locked(a, walk_open);
	PROVES("REENQ-45", nr_walked == 0 && queue_is(lab_local(1), "a"));
	a->scx.flags &= ~SCX_TASK_PROTECTED;
}

static void note_reason(struct task_struct *p, u64 enq_flags UNUSED)
{
	reason_seen[0] = reason(p);
}

static void immed_87_any_takes_the_first_of_an_open_rq(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	mark_immed(a);
	rig.on_enqueue = note_reason;
	walk_flags = SCX_REENQ_ANY;
	lab_forget();
	lab_locked(a, walk_open);
	PROVES("IMMED-87", nr_walked == 1 && reason_seen[0] == SCX_TASK_REENQ_KFUNC);
	PROVES("IMMED-87", lab_count(SCX_EV_REENQ_IMMED) == 0);
}

static void reenq_42_one_about_to_migrate_is_not_first(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	rig.keep = true;
	lab_by_hand();	/* an rq that is open and busy */
	mark_immed(b);
	a->migration_pending = true;
	walk_flags = 0;
	lab_locked(a, walk_open);
	PROVES("REENQ-42", nr_walked == 0 && queue_is(lab_local(1), "a b"));
	PROVES("REENQ-42", walk(SCX_REENQ_ANY) == 1 && queue_is(lab_local(1), "a"));
	a->migration_pending = false;
}

static void keep_reason(struct task_struct *p, u64 enq_flags UNUSED)
{
	reason_seen[0] = reason(p);
}

static void reenq_51_an_old_reason_is_a_warning(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	rig.on_enqueue = keep_reason;
	a->scx.flags |= SCX_TASK_REENQ_PREEMPTED;
	lab_expect_warn("SCX_TASK_REENQ_REASON_MASK");
	PROVES("REENQ-51", walk(SCX_REENQ_ANY) == 1 && !reason(a));
	PROVES("REENQ-51", reason_seen[0] == SCX_TASK_REENQ_KFUNC);	/* and nothing of the old one */
}

static u32 nr_asked;

static void ask_again_once(struct task_struct *p, u64 enq_flags UNUSED)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 20 * MS, 0);
	if (nr_asked++ == 0)
		schedule_reenq_local(cpu_rq(1), SCX_REENQ_ANY);
}

static void run_with_request(struct rq *rq, struct task_struct *p UNUSED)
{
	schedule_reenq_local(rq, SCX_REENQ_ANY);
	run_deferred(rq);
	PROVES("REENQ-54", nr_asked == 2 && list_empty(&rq->scx.deferred_reenq_locals));
}

static void reenq_54_a_request_during_the_walk_is_served_in_the_pass(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	nr_asked = 0;
	rig.on_enqueue = ask_again_once;
	lab_locked(a, run_with_request);
	PROVES("REENQ-54", nr_asked == 2 && queue_is(lab_local(1), "a"));
}

/* ---- who is not offered to the policy again */

static void goes_straight_back(const char *rule)
{
	a->scx.slice = 1;
	PROVES(rule, walk(SCX_REENQ_ANY) == 1 && lab_called(a, "") && queue_is(lab_local(1), "a"));
	PROVES(rule, a->scx.slice == SCX_SLICE_DFL && a->scx.reenq_cnt == 1);
	PROVES(rule, lab_count(SCX_EV_REFILL_SLICE_DFL) == 1);
}

static void reenq_58_an_rq_that_is_not_online(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	cpu_rq(1)->scx.flags &= ~SCX_RQ_ONLINE;
	goes_straight_back("REENQ-58");
	cpu_rq(1)->scx.flags |= SCX_RQ_ONLINE;
}

static void reenq_59_an_exiting_task(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	a->flags |= PF_EXITING;
	goes_straight_back("REENQ-59");
	PROVES("REENQ-59", lab_count(SCX_EV_ENQ_SKIP_EXITING) == 1);
	a->flags &= ~PF_EXITING;
}

static void reenq_56_59_a_task_that_may_not_migrate(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	a->migration_disabled = 1;
	goes_straight_back("REENQ-56 REENQ-59");
	PROVES("REENQ-59", lab_count(SCX_EV_ENQ_SKIP_MIGRATION_DISABLED) == 1);
	a->migration_disabled = 0;
}

static void reenq_56_a_pinned_task(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_set_cpus(a, 1 << 1);
	put(a, SCX_DSQ_LOCAL, 0);
	rig.keep = true;
	PROVES("REENQ-56", walk(SCX_REENQ_ANY) == 1 && lab_called(a, REENQ_ENQUEUE));
}

/* ---- user DSQs */

static void back_to_u(struct task_struct *p, u64 enq_flags)
{
	PROVES("REENQ-68", enq_flags == SCX_ENQ_REENQ && !p->scx.dsq && !user(U)->lock.owner);
	PROVES("REENQ-63 REENQ-68", reason(p) == SCX_TASK_REENQ_KFUNC && raw_spin_is_held(&task_rq(p)->__lock));
	PROVES("REENQ-75", p->scx.flags & SCX_TASK_IN_CUSTODY);
	scx_bpf_dsq_insert(p, U, 20 * MS, 0);
}

static void reenq_61_63_68_75_76_back_to_the_same_queue(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	put(b, U, 0);
	rig.on_enqueue = back_to_u;
	lab_forget();
	reenq(U, 0);
	PROVES("REENQ-61 REENQ-76", lab_called(NULL, "a:" REENQ_ENQUEUE " b:" REENQ_ENQUEUE) && queue_is(user(U), "a b"));
	PROVES("REENQ-68 REENQ-76", !reason(a) && a->scx.flags & SCX_TASK_IN_CUSTODY);
}

static void walk_users_without_filter(void *arg UNUSED)
{
	schedule_dsq_reenq(scx_root, lab_user_dsq(U), 0, NULL);
}

static void reenq_63_without_any_nobody_is_chosen(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	rig.dsq = V;
	lab_forget();
	lab_outside(walk_users_without_filter, NULL);
	PROVES("REENQ-63", lab_called(NULL, "") && queue_is(user(U), "a"));
}

static void reenq_71_72_in_the_order_of_the_list(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put_vtime(a, U, 3, 0);
	put_vtime(b, U, 1, 0);
	put_vtime(c, U, 2, 0);
	b->migration_pending = true;
	rig.by_vtime = false;
	rig.dsq = V;
	lab_forget();
	reenq(U, 0);
	b->migration_pending = false;
	PROVES("REENQ-71", queue_is(user(V), "b c a"));
	PROVES("REENQ-72", lab_called(b, REENQ_ENQUEUE));
}

static void reenq_73_77_local_is_that_of_the_tasks_cpu(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	rig.dsq = SCX_DSQ_LOCAL;
	lab_forget();
	reenq(U, 0);
	PROVES("REENQ-73 REENQ-77", lab_called(a, REENQ_ENQUEUE "@0 dequeue(0x0)@0") && queue_is(lab_local(1), "a"));
}

static void reenq_77_78_other_places(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	lab_set_cpus(a, 1 << 1);
	rig.dsq = SCX_DSQ_GLOBAL;
	lab_forget();
	reenq(U, 0);
	PROVES("REENQ-77", lab_called(a, REENQ_ENQUEUE " dequeue(0x0) ..."));
	lab_stop(NULL);

	begin_mode(RUN_TIMED);
	put(a, U, 0);
	rig.dsq = ON_CPU(2);
	lab_forget();
	reenq(U, 0);
	PROVES("REENQ-78", lab_called(a, REENQ_ENQUEUE " dequeue(0x0) running@2"));
}

static void reenq_74_82_from_a_local_dsq_custody_begins_anew(void **state)
{
	u64 before;

	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	PROVES("REENQ-74", !(a->scx.flags & SCX_TASK_IN_CUSTODY));
	rig.keep = true;
	lab_forget();
	reenq(ON_CPU(1), 0);
	PROVES("REENQ-74 REENQ-81", lab_called(a, REENQ_ENQUEUE) && a->scx.flags & SCX_TASK_IN_CUSTODY);
	before = lab_word(a);
	PROVES("REENQ-82", scx_opss_state(before) == SCX_OPSS_QUEUED);
	lab_stop(NULL);

	begin_mode(RUN_TIMED);
	keep(a);
	before = lab_word(a);
	rig.keep = false;
	rig.dsq = U;
	lab_set_nice(a, 1);
	rig.keep = true;
	reenq(U, 0);
	PROVES("REENQ-82", scx_opss_state(lab_word(a)) == SCX_OPSS_QUEUED);
	PROVES("REENQ-82", scx_opss_qseq(lab_word(a)) != scx_opss_qseq(before));
}

static void reenq_81_the_watchdogs_clock_goes_on(void **state)
{
	u64 since;

	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	since = a->scx.runnable_at;
	lab_run(50 * MS);
	assert_true(jiffies() != since);
	rig.dsq = V;
	reenq(U, 0);
	PROVES("REENQ-81", queue_is(user(V), "a") && a->scx.runnable_at == since);
}

/* ---- limits */

static void reenq_84_to_88_257_times_is_too_often(void **state)
{
	struct lab_hold *frozen;
	u32 i;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	put(b, SCX_DSQ_LOCAL, 0);
	rig.dsq = V;
	reenq(U, 0);
	PROVES("REENQ-84", a->scx.reenq_cnt == 1 && lab_count(SCX_EV_REENQ_REPEAT) == 0);
	for (i = 2; i <= 256; i++)
		reenq(i % 2 ? U : V, (rig.dsq = i % 2 ? V : U, 0));
	PROVES("REENQ-86", a->scx.reenq_cnt == 256 && !scx_last_exit() && queue_is(user(U), "a"));
	PROVES("REENQ-84", lab_count(SCX_EV_REENQ_REPEAT) == 255);
	frozen = freeze_exit();
	lab_forget();
	reenq(U, 0);
	PROVES("REENQ-85 REENQ-86", lab_held(frozen) && lab_called(a, "") && a->scx.reenq_cnt == 257);
	PROVES("REENQ-85", !a->scx.dsq && a->scx.flags & SCX_TASK_QUEUED && scx_opss_state(lab_word(a)) == SCX_OPSS_NONE);
	lab_release(frozen);
	PROVES("REENQ-85", lab_exited(SCX_EXIT_ERROR_REENQ, "times without running"));
	PROVES("REENQ-85", scx_last_exit()->exit_code == 0 && scx_last_exit()->exit_cpu == 1);
	PROVES("REENQ-87", a->scx.reenq_cnt == 0);
}

static void note_and_queue(struct task_struct *p, u64 enq_flags UNUSED)
{
	reason_seen[0] = reason(p);
	scx_bpf_dsq_insert(p, U, 20 * MS, 0);
}

static void reenq_87_88_running_ends_the_count_of_all_reasons(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, SCX_DSQ_LOCAL, 0);
	rig.dsq = SCX_DSQ_LOCAL;
	mark_immed(a);
	PROVES("REENQ-88", walk(0) == 1 && a->scx.reenq_cnt == 1 && lab_count(SCX_EV_REENQ_IMMED) == 1);
	PROVES("REENQ-88", walk(SCX_REENQ_ANY) == 1 && a->scx.reenq_cnt == 2 && lab_count(SCX_EV_REENQ_IMMED) == 0);
	lab_block(hog);
	PROVES("REENQ-87", lab_runs(a) && a->scx.reenq_cnt == 0);
}

static void reenq_88_a_preempted_one_counts_too(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_block(hog);
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	assert_true(lab_runs(a) && a->scx.flags & SCX_TASK_IMMED);
	rig.dsq = U;
	rig.flags = 0;
	rig.on_enqueue = note_and_queue;
	lab_forget();
	lab_wake(hog);
	PROVES("REENQ-88", reason_seen[0] == SCX_TASK_REENQ_PREEMPTED && a->scx.reenq_cnt == 1);
	PROVES("REENQ-88", lab_called(a, REENQ_ENQUEUE) && queue_is(user(U), "a") && !reason(a));
}

/* ---- destruction */

static void reenq_90_a_dsq_in_use_stays(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	destroy(U);
	PROVES("REENQ-90", lab_exited(SCX_EXIT_ERROR, "attempting to destroy in-use dsq"));
}

static void ask_and_destroy(void *arg UNUSED)
{
	struct scx_dispatch_q *dsq = lab_user_dsq(U);
	const u64 irqs = local_irq_save();

	scx_bpf_dsq_reenq(U, 0);
	assert_true(!list_empty(&dsq->reenq_users[0].node));
	scx_bpf_destroy_dsq(U);
	PROVES("REENQ-91", dsq->id == SCX_DSQ_INVALID && scx_bpf_dsq_nr_queued(U) == -ENOENT);
	/* seen under the lock: neither listed nor deferred (the entry of CPU 0 is) */
	list_del_init(&dsq->reenq_users[0].node);
	schedule_dsq_reenq(scx_root, dsq, SCX_REENQ_ANY, NULL);
	PROVES("REENQ-19 REENQ-93", list_empty(&dsq->reenq_users[0].node));
	local_irq_restore(irqs);
}

static void reenq_19_91_93_a_destroyed_dsq_is_not_walked(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	lab_outside(ask_and_destroy, NULL);
	PROVES("REENQ-93", !scx_last_exit());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reenq_41_46_47_50_52_53_57_95_two_phases),
		TEST(reenq_40_walk_state_in_the_request_is_a_warning),
		TEST(reenq_40_44_to_46_48_who_is_first_on_an_open_rq),
		TEST(immed_87_any_takes_the_first_of_an_open_rq),
		TEST(reenq_42_one_about_to_migrate_is_not_first),
		TEST(reenq_51_an_old_reason_is_a_warning),
		TEST(reenq_54_a_request_during_the_walk_is_served_in_the_pass),
		TEST(reenq_58_an_rq_that_is_not_online),
		TEST(reenq_59_an_exiting_task),
		TEST(reenq_56_59_a_task_that_may_not_migrate),
		TEST(reenq_56_a_pinned_task),
		TEST(reenq_61_63_68_75_76_back_to_the_same_queue),
		TEST(reenq_63_without_any_nobody_is_chosen),
		TEST(reenq_71_72_in_the_order_of_the_list),
		TEST(reenq_73_77_local_is_that_of_the_tasks_cpu),
		TEST(reenq_77_78_other_places),
		TEST(reenq_74_82_from_a_local_dsq_custody_begins_anew),
		TEST(reenq_81_the_watchdogs_clock_goes_on),
		TEST(reenq_84_to_88_257_times_is_too_often),
		TEST(reenq_87_88_running_ends_the_count_of_all_reasons),
		TEST(reenq_88_a_preempted_one_counts_too),
		TEST(reenq_90_a_dsq_in_use_stays),
		TEST(reenq_19_91_93_a_destroyed_dsq_is_not_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
