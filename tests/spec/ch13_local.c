/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: unlinking, the move within an rq (spec 13.10, 13.11). */
#include "dsq_rig.h"

static struct task_struct *a, *b, *c;

static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 2, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 1);
	load();
}

static bool immed(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_IMMED;
}

static u32 nr_immed(int cpu)
{
	return cpu_rq(cpu)->scx.nr_immed;
}

/* The next access of a context of cpu to the list of dsq, after skip others. */
static struct lab_hold *at_list(int cpu, struct scx_dispatch_q *dsq, u32 skip)
{
	return lab_hold(.cpu = cpu, .label = "dsq->list", .obj = &dsq->list, .skip = skip,
			.kinds = LAB_KIND(YIELD_WRITE));
}

/* ---- unlink and dequeue */

static void unlink_both_by_hand(void *arg UNUSED)
{
	struct rq *rq = task_rq(a);
	struct scx_dispatch_q *dsq = a->scx.dsq;
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	raw_spin_lock(&dsq->lock);
	scx_task_unlink_from_dsq(b, dsq);
	PROVES("DSQ-51", RB_EMPTY_NODE(&b->scx.dsq_priq) && !(b->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ));
	PROVES("DSQ-51", list_empty(&b->scx.dsq_list.node) && dsq->nr == 1 && dsq->first_task == a);
	PROVES("DSQ-52", b->scx.dsq == dsq);
	PROVES("DSQ-51", rb_first(&dsq->priq) == &a->scx.dsq_priq);
	b->scx.dsq = NULL;
	raw_spin_unlock(&dsq->lock);
	scx_dispatch_enqueue(scx_root, rq, dsq, b, 0, b->scx.dsq_vtime, SCX_ENQ_DSQ_PRIQ);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void dsq_51_52_unlink_clears_the_links_and_leaves_the_membership(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put_vtime(a, U, 20, 0);
	put_vtime(b, U, 10, 0);
	assert_ptr_equal(user(U)->first_task, b);
	lab_outside(unlink_both_by_hand, NULL);
	PROVES("DSQ-51", queue_is(user(U), "b a") && user(U)->nr == 2);
}

static void unlink_again(void *arg UNUSED)
{
	struct rq *rq = task_rq(a);
	struct scx_dispatch_q *dsq = a->scx.dsq;
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	raw_spin_lock(&dsq->lock);
	list_del_init(&a->scx.dsq_list.node);
	scx_task_unlink_from_dsq(a, dsq);
	a->scx.dsq = NULL;
	raw_spin_unlock(&dsq->lock);
	scx_dispatch_enqueue(scx_root, rq, dsq, a, 0, 0, 0);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void dsq_51_warns_of_a_task_that_is_not_linked(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	put(b, U, 0);
	lab_expect_warn("list_empty(&p->scx.dsq_list.node)");
	lab_outside(unlink_again, NULL);
	PROVES("DSQ-51", queue_is(user(U), "b a") && user(U)->nr == 2);
}

static void consume_u_on_0(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0)
		scx_bpf_dsq_move_to_local(U, 0);
}

static void dsq_52_a_consumer_in_flight_keeps_the_membership_a_dequeue_ends_it(void **state)
{
	struct lab_hold *between;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	rig.on_dispatch = consume_u_on_0;
	/* It has dropped its own rq lock and asks for that of a. */
	between = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	lab_from(1);
	lab_kick(0, 0);
	assert_true(lab_held(between));
	PROVES("DSQ-52", a->scx.dsq == user(U) && list_empty(&a->scx.dsq_list.node) && a->scx.holding_cpu == 0);
	PROVES("DSQ-52", user(U)->nr == 0);
	lab_set_policy(a, SCHED_FIFO, 10);
	PROVES("DSQ-52", !a->scx.dsq && a->scx.holding_cpu == -1);
	lab_release(between);
}

static void dsq_53_with_both_locks_the_membership_ends_at_once(void **state)
{
	struct lab_hold *unlock, *at_target;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	unlock = lab_hold(.cpu = 0, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_UNLOCK),
			  .obj = &user(U)->lock);
	at_target = lab_hold(.cpu = 0, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &user(V)->lock);
	move_off(U, a, V, 0);
	PROVES("DSQ-53", lab_held(unlock) && !a->scx.dsq);
	lab_release(unlock);
	PROVES("DSQ-53", lab_held(at_target) && !a->scx.dsq && list_empty(&a->scx.dsq_list.node));
	PROVES("DSQ-53", user(U)->nr == 0 && user(V)->nr == 0);
	lab_release(at_target);
	PROVES("DSQ-53", queue_is(user(V), "a"));
}

/* ---- the move within an rq */

static u64 consume_flags;

static void consume_u_on_1(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 1)
		scx_bpf_dsq_move_to_local(U, consume_flags);
}

static void dsq_54_57_seq_slice_and_vtime_stay(void **state)
{
	struct bpf_iter_scx_dsq it;
	u32 local_seq;

	(void)state;
	begin_mode(RUN_TIMED);
	consume_flags = 0;
	put(b, U, 0);
	rig.slice = 3 * MS;
	put_vtime(a, V, 77, 0);
	assert_int_equal(a->scx.dsq_seq, 1);
	user(V)->seq = a->scx.dsq_seq = 41;
	local_seq = lab_local(1)->seq;
	/* To the local DSQ of its own CPU, which is taken by b. */
	rig.on_dispatch = consume_u_on_1;
	lab_kick(1, 0);
	PROVES("DSQ-54", lab_runs(b) && b->scx.dsq_seq == 1);
	move_vtime(open_iter(&it, V, 0), a, ON_CPU(1), 0);
	PROVES("DSQ-54 DSQ-56", queue_is(lab_local(1), "a") && a->scx.dsq == lab_local(1));
	PROVES("DSQ-57", lab_local(1)->seq == local_seq && a->scx.dsq_seq == 41);
	PROVES("DSQ-57", a->scx.slice == 3 * MS && a->scx.dsq_vtime == 77);
	PROVES("DSQ-57 DSQ-108", !(a->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ) && !scx_last_exit());
}

static void call_local_move_while_held(void *arg UNUSED)
{
	struct rq *rq = task_rq(a);
	struct scx_dispatch_q *dsq = a->scx.dsq;
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	raw_spin_lock(&dsq->lock);
	scx_task_unlink_from_dsq(a, dsq);
	raw_spin_unlock(&dsq->lock);
	a->scx.holding_cpu = 0;
	scx_move_local_task_to_local_dsq(scx_root, a, 0, dsq, rq);
	a->scx.holding_cpu = -1;
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void dsq_54_warns_of_a_task_that_somebody_holds(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	lab_by_hand();
	lab_expect_warn("holding_cpu");
	lab_outside(call_local_move_while_held, NULL);
	PROVES("DSQ-54", lab_runs(a));
}

static void insert_a_into_u_from_0(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0 && !a->scx.dsq && lab_word(a) != SCX_OPSS_NONE)
		scx_bpf_dsq_insert(a, U, 20 * MS, 0);
	else if (cpu == 1)
		scx_bpf_dsq_move_to_local(U, 0);
}

static void dsq_55_it_waits_for_the_end_of_dispatching(void **state)
{
	struct lab_hold *none;

	(void)state;
	begin_mode(RUN_EXPLORED);
	keep(a);
	rig.on_dispatch = insert_a_into_u_from_0;
	none = lab_hold(.cpu = 0, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &a->scx.ops_state);
	lab_kick(0, 0);
	assert_true(lab_held(none) && lab_word(a) == SCX_OPSS_DISPATCHING && queue_is(user(U), "a"));
	lab_from(1);
	lab_kick(1, 0);
	PROVES("DSQ-55", queue_is(user(U), "") && queue_is(lab_local(1), "") && lab_waits(1, "ops_state"));
	PROVES("DSQ-55 DSQ-58", !user(U)->lock.owner && (a->scx.flags & SCX_TASK_IN_CUSTODY));
	lab_release(none);
	PROVES("DSQ-55", lab_runs(a) && a->cpu == 1);
}

static void dsq_56_head_or_preempt_in_front_else_behind(void **state)
{
	struct task_struct *hog;

	(void)state;
	begin_mode(RUN_TIMED);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO, .awake = true);
	assert_true(lab_runs(hog));
	put(a, U, 0);
	put(b, U, 0);
	put(c, U, 0);
	PROVES("DSQ-56", move_off(U, a, ON_CPU(1), 0) && queue_is(lab_local(1), "a"));
	PROVES("DSQ-56", move_off(U, b, ON_CPU(1), 0) && queue_is(lab_local(1), "a b"));
	PROVES("DSQ-56", move_off(U, b, ON_CPU(1), 0) == false);
	PROVES("DSQ-56", move_off(U, c, ON_CPU(1), SCX_ENQ_HEAD) && queue_is(lab_local(1), "c a b"));
	PROVES("DSQ-56", lab_local(1)->nr == 3 && c->scx.dsq == lab_local(1));
}

static void dsq_56_preempt_is_a_head_insert_and_preempts(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(b, SCX_DSQ_LOCAL, 0);
	put(c, SCX_DSQ_LOCAL, 0);
	put(a, U, 0);
	assert_true(lab_runs(b) && queue_is(lab_local(1), "c"));
	PROVES("DSQ-56", move_off(U, a, ON_CPU(1), SCX_ENQ_PREEMPT));
	/* What ran has no slice left and goes where the last verdict says. */
	PROVES("DSQ-56", lab_runs(a) && queue_is(lab_local(1), "c") && queue_is(user(U), "b"));
}

static void dsq_56_immed_is_accounted_and_custody_ends(void **state)
{
	struct lab_hold *deq;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	deq = lab_hold(.cpu = 0, .label = "ops.dequeue");
	move_off(U, a, ON_CPU(1), SCX_ENQ_IMMED);
	PROVES("DSQ-56", lab_held(deq) && a->scx.dsq == lab_local(1) && nr_immed(1) == 1 && immed(a));
	PROVES("DSQ-56", cpu_rq(1)->next_class == &idle_sched_class);
	PROVES("DSQ-58", !user(U)->lock.owner);
	lab_release(deq);
	PROVES("DSQ-56", lab_runs(a) && lab_called(a, "select_cpu enqueue dequeue(0x0) running"));
}

static void source_is_unlocked(struct task_struct *p UNUSED, u64 deq_flags UNUSED)
{
	struct bpf_iter_scx_dsq it;

	/* The callback may iterate the very queue. */
	PROVES("DSQ-58", !user(U)->lock.owner);
	PROVES("DSQ-58", bpf_iter_scx_dsq_new(&it, U, 0) == 0 && bpf_iter_scx_dsq_next(&it) == b);
	bpf_iter_scx_dsq_destroy(&it);
}

static void dsq_58_without_the_lock_of_the_source(void **state)
{
	struct lab_hold *link;

	(void)state;
	begin_mode(RUN_EXPLORED);
	consume_flags = 0;
	put(a, U, 0);
	put(b, U, 0);
	rig.on_dispatch = consume_u_on_1;
	rig.on_dequeue = source_is_unlocked;
	link = at_list(1, lab_local(1), 0);
	lab_from(1);
	lab_kick(1, 0);
	PROVES("DSQ-58", lab_held(link) && !user(U)->lock.owner && queue_is(user(U), "b"));
	lab_release(link);
	PROVES("DSQ-58", lab_runs(a));
}

static void dsq_30_a_vtime_queue_is_consumed_in_vtime_order(void **state)
{
	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1, .steps = STEPS(RUN(MS), BLOCK));
	b = lab_task("b", .cpu = 1, .steps = STEPS(RUN(MS), BLOCK));
	c = lab_task("c", .cpu = 1, .steps = STEPS(RUN(MS), BLOCK));
	load();
	consume_flags = 0;
	put_vtime(a, U, 30, 0);
	put_vtime(b, U, 10, 0);
	put_vtime(c, U, 20, 0);
	rig.on_dispatch = consume_u_on_1;
	lab_forget();
	lab_kick(1, 0);
	lab_run(4 * MS);
	PROVES("DSQ-30", lab_called(NULL, "... b:running ... c:running ... a:running ..."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_51_52_unlink_clears_the_links_and_leaves_the_membership),
		TEST(dsq_51_warns_of_a_task_that_is_not_linked),
		TEST(dsq_52_a_consumer_in_flight_keeps_the_membership_a_dequeue_ends_it),
		TEST(dsq_53_with_both_locks_the_membership_ends_at_once),
		TEST(dsq_54_57_seq_slice_and_vtime_stay),
		TEST(dsq_54_warns_of_a_task_that_somebody_holds),
		TEST(dsq_55_it_waits_for_the_end_of_dispatching),
		TEST(dsq_56_head_or_preempt_in_front_else_behind),
		TEST(dsq_56_preempt_is_a_head_insert_and_preempts),
		TEST(dsq_56_immed_is_accounted_and_custody_ends),
		TEST(dsq_58_without_the_lock_of_the_source),
		TEST(dsq_30_a_vtime_queue_is_consumed_in_vtime_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
