/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues: fields and the steps of an insert (spec 13.3, 13.5). */
#include "dsq_rig.h"

static struct task_struct *a, *b, *c;

static void begin_explored(void)
{
	begin(.cpus = 2, .mode = RUN_EXPLORED);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 0);
	load();
}

/* The next insert of CPU 0 stands before the access called label. */
static struct lab_hold *stop_insert_at(const char *label, const void *obj)
{
	return lab_hold(.cpu = 0, .label = label, .obj = obj,
			.kinds = LAB_KIND(YIELD_WRITE) | LAB_KIND(YIELD_RMW));
}

/* ---- fields */

static void dsq_09_cursors_do_not_count(void **state)
{
	struct bpf_iter_scx_dsq it, it2;

	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	load();
	put(a, U, 0);
	put(b, U, 0);
	step(open_iter(&it, U, 0));
	step(open_iter(&it2, U, SCX_DSQ_ITER_REV));
	assert_true(queue_is(user(U), "a | | b"));
	PROVES("DSQ-09", user(U)->nr == 2 && nr_queued(U) == 2);
	move_off(U, a, V, 0);
	move_off(U, b, V, 0);
	PROVES("DSQ-09", queue_is(user(U), "| |") && user(U)->nr == 0 && nr_queued(U) == 0);
	close_iter(&it);
	close_iter(&it2);
	PROVES("DSQ-09", user(U)->nr == 0);
}

static void dsq_10_the_insert_counter_wraps(void **state)
{
	struct bpf_iter_scx_dsq it;

	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	c = lab_task("c", .cpu = 1);
	load();
	user(U)->seq = 0xfffffffeU;
	put(a, U, 0);
	put(b, U, 0);
	PROVES("DSQ-10", a->scx.dsq_seq == 0xffffffffU && b->scx.dsq_seq == 0 && user(U)->seq == 0);
	open_iter(&it, U, 0);
	put(c, U, 0);
	/* a is older than the cut-off 0, c newer. */
	PROVES("DSQ-10 DSQ-79", step(&it) == a && step(&it) == b && step(&it) == NULL);
	close_iter(&it);
}

static void dsq_10_a_cut_off_before_the_wrap_hides_what_came_after(void **state)
{
	struct bpf_iter_scx_dsq it;

	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 1);
	load();
	user(U)->seq = 0xfffffffeU;
	put(a, U, 0);
	open_iter(&it, U, 0);
	put(b, U, 0);
	PROVES("DSQ-10 DSQ-79", step(&it) == a && step(&it) == NULL);
	close_iter(&it);
}

/* ---- preconditions */

static void insert_now(void *arg UNUSED)
{
	struct rq *rq = task_rq(a);
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	scx_dispatch_enqueue(scx_root, rq, user(U), a, 0, 0, 0);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

/* a sleeps, so nothing of it is linked anywhere. */
static void begin_asleep(void)
{
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	load();
}

static void take_off(void *arg UNUSED)
{
	struct rq *rq = task_rq(a);
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	SHARED_CLEAR(a->scx.flags, SCX_TASK_IN_CUSTODY);
	scx_dispatch_dequeue(rq, a);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void dsq_14_warns_of_a_task_that_is_on_a_dsq(void **state)
{
	(void)state;
	begin_asleep();
	a->scx.dsq = user(V);
	lab_expect_warn("p->scx.dsq ||");
	lab_outside(insert_now, NULL);
	PROVES("DSQ-14", a->scx.dsq == user(U));
	lab_outside(take_off, NULL);
}

static void dsq_14_warns_of_a_task_that_is_linked(void **state)
{
	static struct list_head elsewhere;

	(void)state;
	begin_asleep();
	INIT_LIST_HEAD(&elsewhere);
	list_add(&a->scx.dsq_list.node, &elsewhere);
	lab_expect_warn("list_empty(&p->scx.dsq_list.node)");
	lab_outside(insert_now, NULL);
	PROVES("DSQ-14", a->scx.dsq == user(U));
	lab_outside(take_off, NULL);
}

static void dsq_14_warns_of_a_task_marked_as_being_in_a_tree(void **state)
{
	(void)state;
	begin_asleep();
	lab_by_hand();
	a->scx.dsq_flags |= SCX_TASK_DSQ_ON_PRIQ;
	lab_expect_warn("SCX_TASK_DSQ_ON_PRIQ");
	lab_outside(insert_now, NULL);
	PROVES("DSQ-14", a->scx.dsq == user(U));
	a->scx.dsq_flags &= ~SCX_TASK_DSQ_ON_PRIQ;
	lab_outside(take_off, NULL);
}

static void dsq_14_warns_of_a_task_whose_tree_node_is_in_use(void **state)
{
	const struct rb_node clear = (begin_asleep(), a->scx.dsq_priq);

	(void)state;
	memset(&a->scx.dsq_priq, 0, sizeof(a->scx.dsq_priq));
	lab_expect_warn("RB_EMPTY_NODE(&p->scx.dsq_priq)");
	lab_outside(insert_now, NULL);
	PROVES("DSQ-14", a->scx.dsq == user(U));
	a->scx.dsq_priq = clear;
	lab_outside(take_off, NULL);
}

/* ---- a DSQ that was destroyed in between */

static void insert_into_u(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0 && !a->scx.dsq && lab_word(a) != SCX_OPSS_NONE)
		scx_bpf_dsq_insert(a, U, 20 * MS, 0);
}

static void dsq_15_an_insert_into_a_destroyed_dsq_goes_to_global(void **state)
{
	struct lab_hold *before_lock, *frozen;
	struct scx_dispatch_q *dsq;

	(void)state;
	begin(.cpus = 4, .nodes = 2, .mode = RUN_EXPLORED);
	a = lab_task("a", .cpu = 2);
	load();
	dsq = user(U);
	keep(a);
	rig.on_dispatch = insert_into_u;
	before_lock = lab_hold(.cpu = 0, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &dsq->lock);
	lab_kick(0, 0);
	assert_true(lab_held(before_lock));
	lab_from(1);
	destroy(U);
	frozen = freeze_exit();
	PROVES("DSQ-66", dsq->id == SCX_DSQ_INVALID);
	lab_release(before_lock);
	PROVES("DSQ-15", queue_is(global_of(2), "a") && queue_is(global_of(0), ""));
	PROVES("DSQ-15", !global_of(2)->lock.owner);
	lab_release(frozen);
	PROVES("DSQ-15", lab_exited(SCX_EXIT_ERROR, "attempting to dispatch to a destroyed dsq"));
}

/* ---- vtime on builtin DSQs */

static void vtime_becomes_fifo(u64 dsq_id, int cpu)
{
	struct scx_dispatch_q *dsq;
	struct task_struct *hog;
	struct lab_hold *frozen;

	begin(.cpus = 2, .mode = RUN_EXPLORED);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	a = lab_task("a", .cpu = cpu);
	b = lab_task("b", .cpu = cpu);
	load();
	lab_wake(hog);
	dsq = dsq_id == SCX_DSQ_LOCAL ? lab_local(cpu) : global_of(cpu);
	put(a, dsq_id, 0);
	frozen = freeze_exit();
	put_vtime(b, dsq_id, 5, 0);
	assert_true(lab_held(frozen));
	/* At the tail, although 5 would come first. */
	PROVES("DSQ-16", queue_is(dsq, "a b") && !(b->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ));
	PROVES("DSQ-16", RB_EMPTY_ROOT(&dsq->priq));
	lab_release(frozen);
	PROVES("DSQ-16", lab_exited(SCX_EXIT_ERROR, "cannot use vtime ordering for built-in DSQs"));
	lab_stop(NULL);
}

static void dsq_16_a_vtime_insert_into_a_builtin_dsq_is_an_error_and_fifo(void **state)
{
	(void)state;
	vtime_becomes_fifo(SCX_DSQ_LOCAL, 1);
	vtime_becomes_fifo(SCX_DSQ_GLOBAL, 1);
}

/* ---- the order of the steps */

static void dsq_17_slice_and_vtime_are_committed_under_the_lock_before_the_place_is_chosen(void **state)
{
	struct lab_hold *lock, *link;
	struct scx_dispatch_q *dsq;

	(void)state;
	begin_explored();
	dsq = user(U);
	put_vtime(b, U, 100, 0);
	a->scx.dsq_vtime = 200;
	a->scx.slice = 7 * MS;
	lock = lab_hold(.cpu = 0, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &dsq->lock);
	rig.slice = 3 * MS;
	put_vtime(a, U, 50, 0);
	PROVES("DSQ-17", lab_held(lock) && a->scx.dsq_vtime == 200 && a->scx.slice == 7 * MS);
	link = stop_insert_at("dsq->list", &dsq->list);
	lab_release(lock);
	PROVES("DSQ-17", lab_held(link) && dsq->lock.owner && a->scx.dsq_vtime == 50 && a->scx.slice == 3 * MS);
	lab_release(link);
	PROVES("DSQ-17", queue_is(dsq, "a b"));
}

static void dsq_18_to_21_linked_then_seq_then_nr_then_membership(void **state)
{
	struct lab_hold *link, *seq, *nr;
	struct scx_dispatch_q *dsq;

	(void)state;
	begin_explored();
	dsq = user(U);
	put(b, U, 0);
	link = stop_insert_at("dsq->list", &dsq->list);
	seq = stop_insert_at("dsq->seq", &dsq->seq);
	nr = stop_insert_at("dsq->nr", &dsq->nr);
	put(a, U, 0);
	PROVES("DSQ-18", lab_held(link) && dsq->seq == 1 && dsq->nr == 1 && !a->scx.dsq);
	lab_release(link);
	PROVES("DSQ-18 DSQ-19", lab_held(seq) && queue_is(dsq, "b a") && dsq->seq == 1 && dsq->nr == 1);
	lab_release(seq);
	PROVES("DSQ-19 DSQ-20", lab_held(nr) && dsq->seq == 2 && a->scx.dsq_seq == 2 && dsq->nr == 1);
	PROVES("DSQ-20 DSQ-21", !a->scx.dsq);
	lab_release(nr);
	PROVES("DSQ-20 DSQ-21", dsq->nr == 2 && a->scx.dsq == dsq);
}

static void dsq_18_an_insert_by_vtime_is_linked_in_the_tree(void **state)
{
	(void)state;
	begin_explored();
	put_vtime(a, U, 5, 0);
	PROVES("DSQ-18", (a->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ) && !RB_EMPTY_ROOT(&user(U)->priq));
	put(b, V, 0);
	PROVES("DSQ-18", !(b->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ) && RB_EMPTY_ROOT(&user(V)->priq));
}

static void dsq_20_immed_is_accounted_after_nr_and_before_membership(void **state)
{
	struct lab_hold *flag;

	(void)state;
	begin_explored();
	flag = lab_hold(.cpu = 0, .label = "p->scx.flags", .obj = &a->scx.flags,
			.skip = 2); /* marks of a wakeup come first */
	put(a, SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	PROVES("DSQ-20 DSQ-21", lab_held(flag) && lab_local(1)->nr == 1 && !a->scx.dsq);
	PROVES("DSQ-20", cpu_rq(1)->scx.nr_immed == 0);
	lab_release(flag);
	PROVES("DSQ-20", a->scx.flags & SCX_TASK_IMMED);
}

/* ---- the end of custody */

static u32 nr_dequeues;

/* In the callback for p on its way to the local DSQ of CPU 1, where c runs. */
static void look_at_local_arrival(struct task_struct *p, u64 deq_flags)
{
	nr_dequeues++;
	PROVES("DSQ-22", deq_flags == 0 && p->scx.dsq == lab_local(1) && lab_local(1)->nr == 1);
	PROVES("DSQ-22", !(p->scx.flags & SCX_TASK_IN_CUSTODY));
	PROVES("DSQ-22", c->scx.slice && !c->need_resched);
}

static void insert_with_preempt(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0 && !a->scx.dsq && lab_word(a) != SCX_OPSS_NONE)
		scx_bpf_dsq_insert(a, ON_CPU(1), 20 * MS, SCX_ENQ_PREEMPT);
}

static void dsq_22_on_a_local_dsq_the_callback_comes_before_the_preemption(void **state)
{
	(void)state;
	begin(.cpus = 2);
	a = lab_task("a", .cpu = 1);
	c = lab_task("c", .cpu = 1);
	load();
	put(c, SCX_DSQ_LOCAL, 0);
	assert_true(lab_runs(c));
	keep(a);
	nr_dequeues = 0;
	rig.on_dequeue = look_at_local_arrival;
	rig.on_dispatch = insert_with_preempt;
	lab_forget();
	lab_kick(0, 0);
	PROVES("DSQ-22", nr_dequeues == 1 && lab_runs(a));
	PROVES("DSQ-22", lab_called(a, "dequeue(0x0)@0 running@1"));
}

/* In the callback for p on its way to a queue with its own lock. */
static void look_at_global_arrival(struct task_struct *p, u64 deq_flags)
{
	nr_dequeues++;
	PROVES("DSQ-23", deq_flags == 0 && !global_of(1)->lock.owner);
	PROVES("DSQ-23", !(p->scx.flags & SCX_TASK_IN_CUSTODY) && p->scx.dsq == global_of(1));
	PROVES("DSQ-24", lab_word(p) == SCX_OPSS_DISPATCHING);
}

static void insert_to_global(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0 && !a->scx.dsq && lab_word(a) != SCX_OPSS_NONE)
		scx_bpf_dsq_insert(a, SCX_DSQ_GLOBAL, 20 * MS, 0);
}

static void dsq_23_24_custody_then_unlock_then_callback_then_none(void **state)
{
	struct lab_hold *unlock, *none;
	struct task_struct *hog;

	(void)state;
	begin(.cpus = 2, .mode = RUN_EXPLORED);
	a = lab_task("a", .cpu = 1);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	load();
	lab_wake(hog);
	keep(a);
	nr_dequeues = 0;
	rig.on_dequeue = look_at_global_arrival;
	rig.on_dispatch = insert_to_global;
	unlock = lab_hold(.cpu = 0, .label = "dsq->lock", .kinds = LAB_KIND(YIELD_UNLOCK),
			  .obj = &global_of(1)->lock);
	/* The first write of the word is the claim, a RMW. */
	none = lab_hold(.cpu = 0, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &a->scx.ops_state);
	lab_kick(0, 0);
	PROVES("DSQ-23", lab_held(unlock) && !(a->scx.flags & SCX_TASK_IN_CUSTODY) && nr_dequeues == 0);
	lab_release(unlock);
	PROVES("DSQ-24", lab_held(none) && nr_dequeues == 1 && lab_word(a) == SCX_OPSS_DISPATCHING);
	lab_release(none);
	PROVES("DSQ-24", lab_word(a) == SCX_OPSS_NONE);
}

static void look_at_word(struct task_struct *p, u64 deq_flags UNUSED)
{
	nr_dequeues++;
	PROVES("DSQ-24", lab_word(p) == SCX_OPSS_DISPATCHING && p->scx.dsq == lab_local(0));
}

static void insert_c_locally(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0 && !c->scx.dsq && lab_word(c) != SCX_OPSS_NONE)
		scx_bpf_dsq_insert(c, SCX_DSQ_LOCAL, 20 * MS, 0);
}

static void dsq_24_a_local_insert_stores_none_last_as_well(void **state)
{
	struct lab_hold *none;

	(void)state;
	begin_explored();
	keep(c);
	nr_dequeues = 0;
	rig.on_dequeue = look_at_word;
	rig.on_dispatch = insert_c_locally;
	none = lab_hold(.cpu = 0, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &c->scx.ops_state);
	lab_kick(0, 0);
	PROVES("DSQ-24", lab_held(none) && nr_dequeues == 1 && cpu_rq(0)->next_class == &ext_sched_class);
	lab_release(none);
	PROVES("DSQ-24", lab_runs(c) && lab_word(c) == SCX_OPSS_NONE);
}

static void dsq_25_custody_is_settled_when_none_is_stored(void **state)
{
	struct lab_hold *none;

	(void)state;
	begin_explored();
	none = lab_hold(.cpu = 0, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &a->scx.ops_state,
			.skip = 1); /* QUEUEING comes first */
	put(a, U, 0);
	PROVES("DSQ-25", lab_held(none) && scx_opss_state(lab_word(a)) == SCX_OPSS_QUEUEING);
	PROVES("DSQ-25", (a->scx.flags & SCX_TASK_IN_CUSTODY) && !user(U)->lock.owner);
	lab_release(none);
	PROVES("DSQ-25", lab_word(a) == SCX_OPSS_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dsq_09_cursors_do_not_count),
		TEST(dsq_10_the_insert_counter_wraps),
		TEST(dsq_10_a_cut_off_before_the_wrap_hides_what_came_after),
		TEST(dsq_14_warns_of_a_task_that_is_on_a_dsq),
		TEST(dsq_14_warns_of_a_task_that_is_linked),
		TEST(dsq_14_warns_of_a_task_marked_as_being_in_a_tree),
		TEST(dsq_14_warns_of_a_task_whose_tree_node_is_in_use),
		TEST(dsq_15_an_insert_into_a_destroyed_dsq_goes_to_global),
		TEST(dsq_16_a_vtime_insert_into_a_builtin_dsq_is_an_error_and_fifo),
		TEST(dsq_17_slice_and_vtime_are_committed_under_the_lock_before_the_place_is_chosen),
		TEST(dsq_18_to_21_linked_then_seq_then_nr_then_membership),
		TEST(dsq_18_an_insert_by_vtime_is_linked_in_the_tree),
		TEST(dsq_20_immed_is_accounted_after_nr_and_before_membership),
		TEST(dsq_22_on_a_local_dsq_the_callback_comes_before_the_preemption),
		TEST(dsq_23_24_custody_then_unlock_then_callback_then_none),
		TEST(dsq_24_a_local_insert_stores_none_last_as_well),
		TEST(dsq_25_custody_is_settled_when_none_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
