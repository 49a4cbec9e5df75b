/* SPDX-License-Identifier: GPL-2.0-only */
/* Direct dispatch to the local DSQ of another CPU: spec 14.5. */
#include "direct_rig.h"

/* ---- carrying out later */

static struct lab_hold *hold_behind_enqueue(void)
{
	return lab_hold(.cpu = 2, .label = "p->__state", .obj = &p->__state,
			.kinds = LAB_KIND(YIELD_WRITE), .skip = 1);
}

static void dd_09_the_local_dsq_of_another_cpu_is_deferred(void **state)
{
	struct lab_hold *woken;

	(void)state;
	start_in(RUN_EXPLORED);
	say.dsq = SCX_DSQ_LOCAL_ON | 0;
	say.slice = 3 * MS;
	woken = hold_behind_enqueue();
	lab_wake(p);
	assert_true(lab_held(woken));
	PROVES("DD-09", lab_word(p) == SCX_OPSS_NONE && !p->scx.dsq);
	PROVES("DD-09", cpu_rq(1)->scx.ddsp_deferred_locals.next == &p->scx.dsq_list.node);
	PROVES("DD-09", p->scx.ddsp_dsq_id == (SCX_DSQ_LOCAL_ON | 0) && p->scx.ddsp_slice == 3 * MS);
	PROVES("DD-09", !(p->scx.flags & SCX_TASK_IN_CUSTODY));
	lab_release(woken);
	PROVES("DD-09 DD-12", lab_runs(p) && task_cpu(p) == 0 && no_verdict(p));
	PROVES("DD-09", lab_called(p, "select_cpu(1,0x8)@2 enqueue@2 running@0"));
}

static void insert_and_corrupt(void)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | 0, 3 * MS, 0);
	list_add(&p->scx.dsq_list.node, &other->scx.dsq_list.node);
}

static void dd_09_a_linked_task_is_warned_about(void **state)
{
	(void)state;
	start();
	lab_expect_warn("list_empty(&p->scx.dsq_list.node)");
	wake_p(insert_and_corrupt);
	INIT_LIST_HEAD(&other->scx.dsq_list.node);
}

static void dd_11_an_impossible_cpu_is_an_error_and_global(void **state)
{
	(void)state;
	start();
	say.dsq = SCX_DSQ_LOCAL_ON | 77;
	say.slice = 3 * MS;
	lab_wake(p);
	PROVES("DD-11", lab_exited(SCX_EXIT_ERROR, "invalid CPU 77 in SCX_DSQ_LOCAL_ON dispatch verdict"));
}

static void dd_11_the_global_insert_is_synchronous(void **state)
{
	struct lab_hold *woken;

	(void)state;
	start_in(RUN_EXPLORED);
	say.dsq = SCX_DSQ_LOCAL_ON | 77;
	woken = hold_behind_enqueue();
	lab_wake(p);
	assert_true(lab_held(woken));
	PROVES("DD-11", p->scx.dsq == find_global_dsq(scx_root, 1) && no_verdict(p));
	lab_release(woken);
	PROVES("DD-11", lab_exited(SCX_EXIT_ERROR, "invalid CPU"));
}

/* ---- the end of a verdict */

/* p waits on the deferred list of rq 1: enqueued by a nice change, its irq work held. */
static struct lab_hold *defer_p(void)
{
	struct lab_hold *work;

	lab_wake(p);	/* into the policy's hands */
	say.dsq = SCX_DSQ_LOCAL_ON | 0;
	say.slice = 3 * MS;
	work = lab_hold(.cpu = 1, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	lab_set_nice(p, 1);
	assert_true(lab_held(work));
	assert_ptr_equal(cpu_rq(1)->scx.ddsp_deferred_locals.next, &p->scx.dsq_list.node);
	return work;
}

static void dd_12_a_dequeue_ends_a_deferred_verdict(void **state)
{
	struct lab_hold *work;

	(void)state;
	start_in(RUN_EXPLORED);
	work = defer_p();
	say.dsq = 0;
	lab_forget();
	lab_set_nice(p, 2);
	PROVES("DD-12", no_verdict(p) && in_policys_hands(p));
	PROVES("DD-12", list_empty(&cpu_rq(1)->scx.ddsp_deferred_locals));
	PROVES("DD-12", lab_called(p, "enqueue"));	/* no dequeue: it was not in custody */
	lab_release(work);
	PROVES("DD-12 DD-13", in_policys_hands(p));
}

static void dd_12_leaving_the_class_ends_a_verdict(void **state)
{
	(void)state;
	start();
	p->scx.ddsp_dsq_id = SAY_DSQ;	/* asleep: no dequeue will clear it */
	p->scx.ddsp_enq_flags = SCX_ENQ_HEAD;
	lab_set_policy(p, SCHED_FIFO, 50);
	PROVES("DD-12", no_verdict(p));
}

static void dd_13_deferred_work_takes_tasks_in_order_and_all_of_them(void **state)
{
	struct lab_hold *work, *arrival;

	(void)state;
	start_in(RUN_EXPLORED);
	lab_wake(other);
	work = defer_p();
	lab_set_nice(other, 1);
	PROVES("DD-13", cpu_rq(1)->scx.ddsp_deferred_locals.prev == &other->scx.dsq_list.node);
	arrival = lab_hold(.cpu = 1, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(0)->__lock);
	lab_release(work);
	assert_true(lab_held(arrival));
	PROVES("DD-13", task_cpu(p) == 0 && task_cpu(other) == 1);
	PROVES("DD-12 DD-13", no_verdict(p) && !no_verdict(other));
	PROVES("DD-13", list_empty(&p->scx.dsq_list.node));
	lab_release(arrival);
	PROVES("DD-13", lab_runs(p) && turn_queue_is(lab_local(0), "other"));
	PROVES("DD-13", p->scx.slice <= 3 * MS && p->scx.slice > 2 * MS && no_verdict(other));
}

static void dd_13_a_deferred_verdict_must_be_for_a_local_dsq(void **state)
{
	struct lab_hold *work;

	(void)state;
	start_in(RUN_EXPLORED);
	work = defer_p();
	lab_by_hand();
	lab_expect_warn("dsq_is_local");
	p->scx.ddsp_dsq_id = SAY_DSQ;
	lab_release(work);
	PROVES("DD-13", !p->scx.dsq && list_empty(&p->scx.dsq_list.node) && no_verdict(p));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(dd_09_the_local_dsq_of_another_cpu_is_deferred),
		TEST(dd_09_a_linked_task_is_warned_about),
		TEST(dd_11_an_impossible_cpu_is_an_error_and_global),
		TEST(dd_11_the_global_insert_is_synchronous),
		TEST(dd_12_a_dequeue_ends_a_deferred_verdict),
		TEST(dd_12_leaving_the_class_ends_a_verdict),
		TEST(dd_13_deferred_work_takes_tasks_in_order_and_all_of_them),
		TEST(dd_13_a_deferred_verdict_must_be_for_a_local_dsq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
