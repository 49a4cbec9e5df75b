/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch queues without a running machine: order, counts, cursors, end of custody. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ext/internal.h"
#include "support/class_rig.h"
#include "unit/expect_bug.h"

#define USER_DSQ	7
#define NR_TASKS	6

static struct rig rig;
static struct scx_sched *sch;
static struct rq *rq;
static struct scx_dispatch_q *dsq;
static struct task_struct *tasks[NR_TASKS];
static u32 nr_dequeues;
static u64 dequeue_flags;

static void count_dequeue(struct task_struct *p, u64 deq_flags)
{
	(void)p;
	nr_dequeues++;
	dequeue_flags = deq_flags;
}

static int start(void **state)
{
	static const struct sched_ext_ops ops = { .dequeue = count_dequeue, .name = "bench" };

	(void)state;
	rig_start(&rig, 2, 0);
	local_irq_disable();
	sch = scx_alloc_sched(&ops);
	assert_non_null(sch);
	sch->has_op = 1ULL << SCXTWIN_OP_dequeue;
	scx_root = sch;
	assert_int_equal(scx_create_dsq(sch, USER_DSQ, -1), 0);
	dsq = find_user_dsq(sch, USER_DSQ);
	for (int i = 0; i < NR_TASKS; i++) {
		tasks[i] = rig_task(&rig, SCHED_EXT, 0);
		init_scx_entity(&tasks[i]->scx);
		tasks[i]->sched_class = &ext_sched_class;
	}
	nr_dequeues = 0;
	dequeue_flags = UINT64_MAX;
	rq = cpu_rq(0);
	raw_spin_rq_lock(rq);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	raw_spin_rq_unlock(rq);
	idmap_free(sch->dsq_hash);
	rig_stop(&rig);
	return 0;
}

static void insert(struct scx_dispatch_q *to, int i, u64 enq_flags)
{
	scx_dispatch_enqueue(sch, rq, to, tasks[i], 0, 0, enq_flags);
}

static void insert_vtime(int i, u64 vtime)
{
	scx_dispatch_enqueue(sch, rq, dsq, tasks[i], 0, vtime,
			     SCX_ENQ_DSQ_PRIQ | SCX_ENQ_APPLY_SLICE);
}

/* Digits are indices of tasks from head to tail. */
static void assert_order(struct scx_dispatch_q *q, const char *order)
{
	struct task_struct *p = NULL;
	const bool own_lock = !dsq_is_local(q);

	if (own_lock)
		raw_spin_lock(&q->lock);
	assert_int_equal(q->nr, strlen(order));
	for (const char *c = order; *c; c++) {
		p = nldsq_next_task(q, p, false);
		assert_ptr_equal(p, tasks[*c - '0']);
		assert_ptr_equal(p->scx.dsq, q);
	}
	assert_null(p ? nldsq_next_task(q, p, false) : nldsq_next_task(q, NULL, false));
	if (own_lock)
		raw_spin_unlock(&q->lock);
	if (!dsq_is_builtin(q))
		assert_ptr_equal(q->first_task, *order ? tasks[*order - '0'] : NULL);
}

static void take_off(int i)
{
	scx_dispatch_dequeue(rq, tasks[i]);
	assert_null(tasks[i]->scx.dsq);
}

static void dsq_36_38_fifo_appends_and_head_inserts_stack(void **state)
{
	(void)state;
	insert(dsq, 0, 0);
	insert(dsq, 1, 0);
	insert(dsq, 2, SCX_ENQ_HEAD);
	insert(dsq, 3, SCX_ENQ_HEAD);
	assert_order(dsq, "3201");
	take_off(2);
	assert_order(dsq, "301");
	take_off(3);
	assert_order(dsq, "01");
}

static void dsq_26_28_vtime_orders_and_equals_stay_behind(void **state)
{
	(void)state;
	insert_vtime(0, 50);
	insert_vtime(1, 10);
	insert_vtime(2, 50);
	insert_vtime(3, 30);
	insert_vtime(4, 10);
	assert_order(dsq, "14302");
	take_off(1);
	take_off(0);
	assert_order(dsq, "432");
	assert_false(tasks[0]->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ);
}

static void dsq_27_vtime_wraps(void **state)
{
	(void)state;
	insert_vtime(0, 5);
	insert_vtime(1, UINT64_MAX - 5);
	assert_order(dsq, "10");
}

static void dsq_29_head_means_nothing_to_a_vtime_insert(void **state)
{
	(void)state;
	insert_vtime(0, 5);
	scx_dispatch_enqueue(sch, rq, dsq, tasks[1], 0, 6,
			     SCX_ENQ_DSQ_PRIQ | SCX_ENQ_APPLY_SLICE | SCX_ENQ_HEAD);
	assert_order(dsq, "01");
}

static void dsq_32_33_mixing_modes_is_an_error_and_inserts_all_the_same(void **state)
{
	(void)state;
	insert(dsq, 0, 0);
	assert_false(sch->aborting);
	insert_vtime(1, 1);
	assert_true(sch->aborting);
	assert_order(dsq, "10");
	insert(dsq, 2, 0);
	assert_order(dsq, "102");
}

static void dsq_34_an_empty_dsq_changes_its_mode_freely(void **state)
{
	(void)state;
	insert(dsq, 0, 0);
	take_off(0);
	insert_vtime(1, 1);
	take_off(1);
	insert(dsq, 2, 0);
	assert_false(sch->aborting);
	assert_order(dsq, "2");
}

static void dsq_16_a_builtin_dsq_takes_a_vtime_insert_as_fifo(void **state)
{
	struct scx_dispatch_q *global = find_global_dsq(sch, 0);

	(void)state;
	insert(global, 0, 0);
	scx_dispatch_enqueue(sch, rq, global, tasks[1], 0, 77,
			     SCX_ENQ_DSQ_PRIQ | SCX_ENQ_APPLY_SLICE);
	assert_true(sch->aborting);
	assert_order(global, "01");
	assert_int_equal(tasks[1]->scx.dsq_vtime, 0);
	assert_null(global->first_task);
}

static void cust_03_14_a_user_dsq_keeps_custody_and_a_terminal_one_ends_it_once(void **state)
{
	struct task_struct *p = tasks[0];

	(void)state;
	insert(dsq, 0, 0);
	assert_true(p->scx.flags & SCX_TASK_IN_CUSTODY);
	assert_int_equal(nr_dequeues, 0);
	take_off(0);
	insert(find_global_dsq(sch, 0), 0, 0);
	assert_false(p->scx.flags & SCX_TASK_IN_CUSTODY);
	assert_int_equal(nr_dequeues, 1);
	assert_int_equal(dequeue_flags, 0);
	take_off(0);
	insert(&rq->scx.local_dsq, 0, 0);
	assert_int_equal(nr_dequeues, 1);
}

static void dsq_24_clear_opss_stores_none_at_the_end(void **state)
{
	(void)state;
	tasks[0]->scx.ops_state.counter = SCX_OPSS_DISPATCHING;
	insert(dsq, 0, SCX_ENQ_CLEAR_OPSS);
	assert_int_equal(tasks[0]->scx.ops_state.counter, SCX_OPSS_NONE);
	tasks[1]->scx.ops_state.counter = SCX_OPSS_DISPATCHING;
	insert(dsq, 1, 0);
	assert_int_equal(tasks[1]->scx.ops_state.counter, SCX_OPSS_DISPATCHING);
}

static void dsp_20_an_insert_carries_the_slice_and_never_leaves_zero(void **state)
{
	struct task_struct *p = tasks[0];

	(void)state;
	p->scx.slice_oob = SCX_SLICE_OOB_PENDING;
	scx_commit_slice(sch, p, 5000, 9, 0);
	assert_int_equal(p->scx.slice, 5000);
	assert_int_equal(p->scx.slice_oob, 0);
	assert_int_equal(p->scx.dsq_vtime, 0);
	scx_commit_slice(sch, p, 0, 9, SCX_ENQ_DSQ_PRIQ);
	assert_int_equal(p->scx.slice, 5000);
	assert_int_equal(p->scx.dsq_vtime, 9);
	p->scx.slice = 0;
	scx_commit_slice(sch, p, 0, 0, 0);
	assert_int_equal(p->scx.slice, 1);
	p->scx.slice_oob = SCX_SLICE_OOB_PENDING;
	scx_commit_slice(sch, p, 7000, 0, SCX_ENQ_SLICE_DFL);
	assert_int_equal(p->scx.slice, 7000);
	assert_int_equal(p->scx.slice_oob, SCX_SLICE_OOB_PENDING);
}

static void slc_04_a_request_counts_only_for_the_scheduler_that_made_it(void **state)
{
	struct task_struct *p = tasks[0];
	const u64 mine = SCX_SLICE_OOB_PENDING | sch->id << SCX_SLICE_OOB_DUR_BITS;

	(void)state;
	p->scx.slice_oob = mine | 1234;
	scx_apply_slice_oob(sch, p);
	assert_int_equal(p->scx.slice, 1234);
	assert_int_equal(p->scx.slice_oob, 0);
	p->scx.slice_oob = mine | SCX_SLICE_OOB_DUR_MASK;
	scx_apply_slice_oob(sch, p);
	assert_true(p->scx.slice == SCX_SLICE_INF);
	p->scx.slice_oob = (mine ^ 1ULL << SCX_SLICE_OOB_DUR_BITS) | 55;
	scx_apply_slice_oob(sch, p);
	assert_true(p->scx.slice == SCX_SLICE_INF);
	assert_int_equal(p->scx.slice_oob, 0);
}

static void dsq_60_61_ids_are_unique_and_not_builtin(void **state)
{
	(void)state;
	assert_int_equal(scx_create_dsq(sch, USER_DSQ, -1), -EEXIST);
	assert_int_equal(scx_create_dsq(sch, SCX_DSQ_GLOBAL, -1), -EINVAL);
	assert_int_equal(scx_create_dsq(sch, 0, -1), 0);
	assert_non_null(find_user_dsq(sch, 0));
}

static void dsq_65_a_dsq_in_use_is_not_destroyed(void **state)
{
	(void)state;
	insert(dsq, 0, 0);
	destroy_dsq(sch, USER_DSQ);
	assert_true(sch->aborting);
	assert_ptr_equal(find_user_dsq(sch, USER_DSQ), dsq);
	assert_order(dsq, "0");
}

static void race_68_an_insert_that_comes_after_destruction_ends_on_the_global_dsq(void **state)
{
	(void)state;
	destroy_dsq(sch, USER_DSQ);
	assert_null(find_user_dsq(sch, USER_DSQ));
	assert_true(dsq->id == SCX_DSQ_INVALID);
	assert_false(sch->aborting);
	destroy_dsq(sch, USER_DSQ);
	insert(dsq, 0, 0);
	assert_true(sch->aborting);
	assert_order(find_global_dsq(sch, 0), "0");
	assert_false(tasks[0]->scx.flags & SCX_TASK_IN_CUSTODY);
}

static void dsq_11_13_verdict_ids_find_their_queue_or_the_global_one(void **state)
{
	(void)state;
	assert_ptr_equal(find_dsq_for_dispatch(sch, cpu_rq(1), SCX_DSQ_LOCAL, 0),
			 &cpu_rq(1)->scx.local_dsq);
	assert_ptr_equal(find_dsq_for_dispatch(sch, rq, SCX_DSQ_LOCAL_ON | 1, 0),
			 &cpu_rq(1)->scx.local_dsq);
	assert_ptr_equal(find_dsq_for_dispatch(sch, rq, SCX_DSQ_GLOBAL, 0), find_global_dsq(sch, 0));
	assert_ptr_equal(find_dsq_for_dispatch(sch, rq, USER_DSQ, 0), dsq);
	assert_false(sch->aborting);
	assert_ptr_equal(find_dsq_for_dispatch(sch, rq, SCX_DSQ_LOCAL_ON | 9, 0),
			 find_global_dsq(sch, 0));
	assert_true(sch->aborting);
}

static void opss_33_a_dequeue_takes_the_task_out_of_a_consumers_hands(void **state)
{
	(void)state;
	insert(dsq, 0, 0);
	raw_spin_lock(&dsq->lock);
	scx_task_unlink_from_dsq(tasks[0], dsq);
	tasks[0]->scx.holding_cpu = 1;
	raw_spin_unlock(&dsq->lock);
	assert_ptr_equal(tasks[0]->scx.dsq, dsq);
	scx_dispatch_dequeue(rq, tasks[0]);
	assert_int_equal(tasks[0]->scx.holding_cpu, -1);
	assert_null(tasks[0]->scx.dsq);
	assert_order(dsq, "");
}

static void immed_27_31_immed_tasks_are_counted_while_they_wait(void **state)
{
	(void)state;
	insert(&rq->scx.local_dsq, 0, SCX_ENQ_IMMED);
	assert_int_equal(rq->scx.nr_immed, 1);
	assert_true(list_empty(&rq->scx.deferred_reenq_locals));
	assert_ptr_equal(rq->next_class, &ext_sched_class);
	insert(&rq->scx.local_dsq, 1, 0);
	assert_int_equal(rq->scx.nr_immed, 1);
	insert(&rq->scx.local_dsq, 2, SCX_ENQ_IMMED);
	assert_int_equal(rq->scx.nr_immed, 2);
	assert_false(list_empty(&rq->scx.deferred_reenq_locals));
	take_off(0);
	assert_int_equal(rq->scx.nr_immed, 1);
	assert_true(tasks[0]->scx.flags & SCX_TASK_IMMED);
}

static void immed_18_23_a_cpu_is_open_only_if_the_next_pick_is_ours(void **state)
{
	(void)state;
	assert_true(rq_is_open(rq, 0));
	rq->next_class = &ext_sched_class;
	assert_false(rq_is_open(rq, 0));
	assert_true(rq_is_open(rq, SCX_ENQ_PREEMPT));
	rq->scx.flags |= SCX_RQ_IN_DISPATCH;
	assert_true(rq_is_open(rq, 0));
	rq->next_class = &fair_sched_class;
	assert_false(rq_is_open(rq, SCX_ENQ_PREEMPT));
	rq->scx.flags &= ~SCX_RQ_IN_DISPATCH;
}

/* ---- cursors */

static struct scx_dsq_list_node cursor;

static void cursor_open(u32 flags)
{
	cursor = (struct scx_dsq_list_node){ .flags = SCX_DSQ_LNODE_ITER_CURSOR | flags,
					     .priv = dsq->seq };
	INIT_LIST_HEAD(&cursor.node);
}

static void assert_step(int i)
{
	struct task_struct *p;

	raw_spin_lock(&dsq->lock);
	p = nldsq_cursor_next_task(&cursor, dsq);
	raw_spin_unlock(&dsq->lock);
	assert_ptr_equal(p, i < 0 ? NULL : tasks[i]);
}

static void dsq_80_84_an_iteration_returns_what_was_there_once_and_nothing_newer(void **state)
{
	(void)state;
	insert(dsq, 0, 0);
	insert(dsq, 1, 0);
	insert(dsq, 2, 0);
	cursor_open(0);
	assert_step(0);
	insert(dsq, 3, 0);
	insert(dsq, 4, SCX_ENQ_HEAD);
	assert_step(1);
	take_off(1);
	insert(dsq, 1, 0);
	assert_step(2);
	assert_step(-1);
	assert_true(list_empty(&cursor.node));
	assert_order(dsq, "40231");
}

static void dsq_82_the_task_last_returned_may_go(void **state)
{
	(void)state;
	insert(dsq, 0, 0);
	insert(dsq, 1, 0);
	cursor_open(0);
	assert_step(0);
	take_off(0);
	assert_order(dsq, "1");
	assert_step(1);
	take_off(1);
	assert_false(list_empty(&dsq->list));
	assert_order(dsq, "");
	assert_step(-1);
}

static void dsq_77_reverse_goes_from_tail_to_head(void **state)
{
	(void)state;
	insert_vtime(0, 30);
	insert_vtime(1, 10);
	insert_vtime(2, 20);
	cursor_open(SCX_DSQ_ITER_REV);
	assert_step(0);
	assert_step(2);
	assert_step(1);
	assert_step(-1);
}

static void dsq_90_a_task_that_left_came_back_or_is_held_is_lost(void **state)
{
	(void)state;
	insert(dsq, 0, 0);
	cursor_open(0);
	raw_spin_lock(&dsq->lock);
	assert_false(nldsq_cursor_lost_task(&cursor, rq, dsq, tasks[0]));
	tasks[0]->scx.holding_cpu = 1;
	assert_true(nldsq_cursor_lost_task(&cursor, rq, dsq, tasks[0]));
	tasks[0]->scx.holding_cpu = -1;
	assert_true(nldsq_cursor_lost_task(&cursor, rq, dsq, tasks[1]));
	raw_spin_unlock(&dsq->lock);
	take_off(0);
	insert(dsq, 0, 0);
	raw_spin_lock(&dsq->lock);
	assert_true(nldsq_cursor_lost_task(&cursor, rq, dsq, tasks[0]));
	raw_spin_unlock(&dsq->lock);
}

static void dsq_10_sequence_numbers_wrap(void **state)
{
	(void)state;
	dsq->seq = UINT32_MAX - 1;
	insert(dsq, 0, 0);
	insert(dsq, 1, 0);
	cursor_open(0);
	insert(dsq, 2, 0);
	assert_step(0);
	assert_step(1);
	assert_step(-1);
}

static void dsq_14_an_insert_needs_a_lock_and_a_task_in_nobodys_hands(void **state)
{
	(void)state;
	insert(dsq, 0, 0);
	raw_spin_rq_unlock(rq);
	expect_bug(insert(find_global_dsq(sch, 0), 0, 0), "raw_spin_is_held");
	raw_spin_rq_lock(rq);
	tasks[1]->scx.holding_cpu = 0;
	expect_bug(insert(dsq, 1, 0), "holding_cpu");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests_of_dsq[] = {
		TEST(dsq_36_38_fifo_appends_and_head_inserts_stack),
		TEST(dsq_26_28_vtime_orders_and_equals_stay_behind),
		TEST(dsq_27_vtime_wraps),
		TEST(dsq_29_head_means_nothing_to_a_vtime_insert),
		TEST(dsq_32_33_mixing_modes_is_an_error_and_inserts_all_the_same),
		TEST(dsq_34_an_empty_dsq_changes_its_mode_freely),
		TEST(dsq_16_a_builtin_dsq_takes_a_vtime_insert_as_fifo),
		TEST(cust_03_14_a_user_dsq_keeps_custody_and_a_terminal_one_ends_it_once),
		TEST(dsq_24_clear_opss_stores_none_at_the_end),
		TEST(dsp_20_an_insert_carries_the_slice_and_never_leaves_zero),
		TEST(slc_04_a_request_counts_only_for_the_scheduler_that_made_it),
		TEST(dsq_60_61_ids_are_unique_and_not_builtin),
		TEST(dsq_65_a_dsq_in_use_is_not_destroyed),
		TEST(race_68_an_insert_that_comes_after_destruction_ends_on_the_global_dsq),
		TEST(dsq_11_13_verdict_ids_find_their_queue_or_the_global_one),
		TEST(opss_33_a_dequeue_takes_the_task_out_of_a_consumers_hands),
		TEST(immed_27_31_immed_tasks_are_counted_while_they_wait),
		TEST(immed_18_23_a_cpu_is_open_only_if_the_next_pick_is_ours),
		TEST(dsq_80_84_an_iteration_returns_what_was_there_once_and_nothing_newer),
		TEST(dsq_82_the_task_last_returned_may_go),
		TEST(dsq_77_reverse_goes_from_tail_to_head),
		TEST(dsq_90_a_task_that_left_came_back_or_is_held_is_lost),
		TEST(dsq_10_sequence_numbers_wrap),
		TEST(dsq_14_an_insert_needs_a_lock_and_a_task_in_nobodys_hands),
	};

	return cmocka_run_group_tests(tests_of_dsq, NULL, NULL) ? 1 : 0;
}
