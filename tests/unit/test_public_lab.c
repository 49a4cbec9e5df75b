/* SPDX-License-Identifier: GPL-2.0-only */
/* include/scxtwin/lab.h: states, paths, holds, looks, and every mistake that its user can make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <scxtwin/lab.h>

#define MY_DSQ 7

static struct scxtwin_lab *lab;

static void start(void)
{
	lab = scxtwin_lab_new(.cpus = 4);
	assert_non_null(lab);
}

static void assert_no_failure(void)
{
	const char *failure = scxtwin_lab_failure(lab);

	if (failure)
		fail_msg("%s", failure);
}

static void end_well(void)
{
	assert_no_failure();
	assert_int_equal(scxtwin_lab_end(lab), 0);
}

/* scxtwin_lab_end() prints it as well; that is not for the log of the tests. */
static void end_with(const char *text)
{
	const char *failure = scxtwin_lab_failure(lab);
	const int keep = dup(STDERR_FILENO);

	if (!failure || !strstr(failure, text))
		fail_msg("\"%s\" instead of \"%s\"", failure ? failure : "no failure", text);
	assert_true(keep >= 0 && freopen("/dev/null", "w", stderr));
	assert_int_equal(scxtwin_lab_end(lab), 1);
	fflush(stderr);
	dup2(keep, STDERR_FILENO);
	close(keep);
}

static struct scxtwin_lab_view look(const struct task_struct *p)
{
	const struct scxtwin_lab_view v = scxtwin_lab_look(lab, p);

	assert_no_failure();
	return v;
}

static void assert_text(const char *got, const char *expected)
{
	assert_no_failure();
	assert_string_equal(got, expected);
}

/* ---- what no kernel has */

static void the_cookie_is_there_if_asked_for(void **state)
{
	struct task_struct *p;

	(void)state;
	lab = scxtwin_lab_new(.policy = "cookie", .proposed = "cookie");
	p = scxtwin_lab_task(lab, "p", .in = SCXTWIN_LAB_SLEEPING);
	assert_non_null(p);
	scxtwin_lab_wake(lab, p);
	assert_true(scxtwin_lab_check(lab, scxtwin_lab_look(lab, p).running));
	end_well();
	lab = scxtwin_lab_new(.policy = "cookie");
	end_with("policy cookie calls scx_bpf_task_get_cookie(), which is in no kernel");
	lab = scxtwin_lab_new(.proposed = "crumb");
	end_with("unknown proposed feature \"crumb\"; there is: cookie");
}

/* ---- states */

static void a_task_sleeps(void **state)
{
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 2, .nice = 3);
	assert_true(look(p).asleep);
	assert_int_equal(look(p).cpu, 2);
	assert_text(scxtwin_lab_show(lab, p), "p: NONE, asleep, CPU 2; flags NONE");
	end_well();
}

static void a_task_runs(void **state)
{
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_RUNNING, .slice = 5000);
	assert_true(look(p).running);
	assert_int_equal(look(p).cpu, 1);
	assert_int_equal(look(p).slice, 5000);
	assert_false(look(p).on_dsq || look(p).in_custody);
	end_well();
}

static void a_task_is_in_custody(void **state)
{
	struct scxtwin_lab_view v;
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_CUSTODY);
	v = look(p);
	assert_int_equal(v.opss, SCXTWIN_LAB_OPSS_QUEUED);
	assert_string_equal(v.opss_name, "QUEUED");
	assert_true(v.qseq > 0 && v.in_custody && !v.on_dsq && !v.running && !v.asleep);
	assert_int_equal(v.flags & (SCX_TASK_QUEUED | SCX_TASK_IN_CUSTODY), SCX_TASK_QUEUED | SCX_TASK_IN_CUSTODY);
	end_well();
}

static void tasks_are_on_queues(void **state)
{
	struct task_struct *a, *b;

	(void)state;
	start();
	a = scxtwin_lab_task(lab, "a", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = SCX_DSQ_LOCAL);
	b = scxtwin_lab_task(lab, "b", .cpu = 0, .in = SCXTWIN_LAB_QUEUED, .dsq = SCX_DSQ_LOCAL_ON | 1);
	assert_true(look(a).dsq == (SCX_DSQ_LOCAL_ON | 1));
	assert_int_equal(look(a).position, 1);
	assert_int_equal(look(b).position, 2);
	assert_int_equal(look(b).nr_queued, 2);
	assert_text(scxtwin_lab_queue(lab, SCX_DSQ_LOCAL_ON | 1), "a b");
	a = scxtwin_lab_task(lab, "c", .cpu = 2, .in = SCXTWIN_LAB_QUEUED, .dsq = SCX_DSQ_GLOBAL);
	assert_true(look(a).dsq == SCX_DSQ_GLOBAL);
	assert_text(scxtwin_lab_queue(lab, SCX_DSQ_GLOBAL), "c");
	end_well();
}

static void a_queue_of_ones_own_has_two_orders(void **state)
{
	(void)state;
	start();
	scxtwin_lab_task(lab, "late", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = MY_DSQ, .vtime = 20);
	scxtwin_lab_task(lab, "early", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = MY_DSQ, .vtime = 10);
	assert_text(scxtwin_lab_queue(lab, MY_DSQ), "early late");
	scxtwin_lab_task(lab, "x", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = MY_DSQ + 1);
	scxtwin_lab_task(lab, "y", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = MY_DSQ + 1);
	assert_text(scxtwin_lab_queue(lab, MY_DSQ + 1), "x y");
	end_well();
}

static void a_task_is_being_dispatched(void **state)
{
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_DISPATCHING, .by = 2, .dsq = MY_DSQ);
	assert_int_equal(look(p).opss, SCXTWIN_LAB_OPSS_DISPATCHING);
	scxtwin_lab_set_nice(lab, p, 5);
	assert_text(scxtwin_lab_waits(lab, 0), "wait_ops_state");
	assert_null(scxtwin_lab_waits(lab, 2));
	scxtwin_lab_go_on(lab, p);
	assert_null(scxtwin_lab_waits(lab, 0));
	scxtwin_lab_check(lab, scxtwin_lab_called(lab, p, "dequeue@0 quiescent set_weight runnable(0xa) enqueue"));
	end_well();
}

/* ---- paths */

static void a_task_is_led_through_its_life(void **state)
{
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1);
	scxtwin_lab_from(lab, 3);
	scxtwin_lab_wake(lab, p);
	assert_text(scxtwin_lab_calls(lab, p), "select_cpu(1,0x8)@3 runnable(0x100009)@3 enqueue(0x100009)@3");
	scxtwin_lab_dispatch(lab, 2, p, SCX_DSQ_LOCAL, 0);
	assert_true(look(p).running);
	assert_int_equal(look(p).cpu, 2);
	assert_text(scxtwin_lab_calls(lab, p), "dequeue(0x0)@2 running@2");
	scxtwin_lab_insert(lab, MY_DSQ, 0);
	scxtwin_lab_sleep(lab, p);
	scxtwin_lab_wake(lab, p);
	assert_text(scxtwin_lab_queue(lab, MY_DSQ), "p");
	scxtwin_lab_move_to_local(lab, 3, MY_DSQ);
	assert_int_equal(look(p).cpu, 3);
	scxtwin_lab_sleep(lab, p);
	assert_true(look(p).asleep);
	scxtwin_lab_insert(lab, SCX_DSQ_LOCAL, 0);
	scxtwin_lab_wake(lab, p);
	assert_true(look(p).running);
	scxtwin_lab_exit(lab, p);
	assert_no_failure();
	scxtwin_lab_wake(lab, p);
	end_with("has ended, or is of another lab");
}

static void changes_take_a_task_off_its_queue_and_put_it_back(void **state)
{
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = SCX_DSQ_LOCAL);
	scxtwin_lab_set_cpus(lab, p, 1 << 2);
	assert_true(scxtwin_lab_called(lab, p, "quiescent set_cpumask ... enqueue"));
	assert_true(look(p).in_custody);
	assert_int_equal(look(p).cpu, 2);
	scxtwin_lab_set_policy(lab, p, SCHED_FIFO, 10);
	assert_true(scxtwin_lab_called(lab, p, "dequeue quiescent disable"));
	end_well();
}

static void a_queue_is_enqueued_again(void **state)
{
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = MY_DSQ);
	scxtwin_lab_reenq(lab, MY_DSQ, SCX_REENQ_ANY);
	assert_true(look(p).in_custody && !look(p).on_dsq);
	assert_true(scxtwin_lab_called(lab, p, "enqueue(0x10000000000)"));
	end_well();
}

static void bypass_and_hotplug(void **state)
{
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_CUSTODY);
	scxtwin_lab_bypass(lab, true);
	assert_true(look(p).running);
	assert_true(scxtwin_lab_count(lab, "BYPASS_ACTIVATE") == 1);
	scxtwin_lab_bypass(lab, false);
	scxtwin_lab_offline(lab, 3);
	scxtwin_lab_online(lab, 3);
	assert_true(scxtwin_lab_called(lab, NULL, "... cpu_offline(3) ... cpu_online(3) ..."));
	scxtwin_lab_unload(lab);
	assert_non_null(scxtwin_lab_exit_info(lab));
	end_well();
}

static void time_passes_when_asked_to(void **state)
{
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_RUNNING);
	scxtwin_lab_run(lab, 8000000);
	assert_true(look(p).slice < SCX_SLICE_DFL && look(p).slice > SCX_SLICE_DFL - 9000000);
	end_well();
}

static void a_task_yields_to_who_waits(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_RUNNING, .slice = 7000000);
	q = scxtwin_lab_task(lab, "q", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = SCX_DSQ_LOCAL);
	assert_true(look(p).running);
	assert_int_equal(look(p).slice, 7000000);
	scxtwin_lab_yield(lab, p);
	assert_true(look(q).running && look(p).in_custody);
	scxtwin_lab_insert(lab, SCX_DSQ_LOCAL, 0);
	scxtwin_lab_dispatch(lab, 1, p, SCX_DSQ_LOCAL, 0);
	assert_true(look(p).running && look(q).on_dsq);
	scxtwin_lab_kick(lab, 1, SCX_KICK_PREEMPT);
	assert_true(look(q).running);
	end_well();
}

static void ask_now(void *arg)
{
	*(u64 *)arg = scx_bpf_now() + 1;
}

static void anything_else_can_be_called(void **state)
{
	static u64 now;

	(void)state;
	start();
	scxtwin_lab_call(lab, ask_now, &now);
	assert_true(now > 0);
	end_well();
}

/* ---- holds */

static void a_hold_can_be_moved_along(void **state)
{
	struct scxtwin_lab_hold *h;
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = MY_DSQ);
	h = scxtwin_lab_hold(lab, .cpu = 2, .at = "write p->scx.holding_cpu", .task = p);
	assert_false(scxtwin_lab_held(lab, h));
	scxtwin_lab_move_to_local(lab, 2, MY_DSQ);
	assert_true(scxtwin_lab_held(lab, h));
	assert_int_equal(look(p).holding_cpu, -1);
	scxtwin_lab_advance(lab, h, "lock rq_lock");
	assert_int_equal(look(p).holding_cpu, 2);
	assert_int_equal(look(p).position, 0);
	scxtwin_lab_set_cpus(lab, p, 1 << 1);
	scxtwin_lab_release(lab, h);
	assert_true(look(p).in_custody);
	assert_int_equal(look(p).cpu, 1);
	end_well();
}

static void a_hold_is_about_one_task(void **state)
{
	struct task_struct *a, *b;
	struct scxtwin_lab_hold *h;

	(void)state;
	start();
	a = scxtwin_lab_task(lab, "a", .cpu = 1);
	b = scxtwin_lab_task(lab, "b", .cpu = 1);
	h = scxtwin_lab_hold(lab, .cpu = 0, .at = "ops.enqueue", .task = b, .skip = 1);
	scxtwin_lab_wake(lab, a);
	assert_false(scxtwin_lab_held(lab, h));
	scxtwin_lab_wake(lab, b);
	assert_true(scxtwin_lab_held(lab, h));
	scxtwin_lab_release(lab, h);
	assert_true(look(b).in_custody);
	end_well();
}

static void who_never_came_is_told_what_was_passed(void **state)
{
	struct scxtwin_lab_hold *h;
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = MY_DSQ);
	h = scxtwin_lab_hold(lab, .cpu = 2, .at = "write holdin_cpu");
	scxtwin_lab_move_to_local(lab, 2, MY_DSQ);
	assert_true(look(p).running);
	scxtwin_lab_release(lab, h);
	end_with("CPU 2 did not come to \"write holdin_cpu\"; it came to \"read p->scx.holding_cpu\", "
		 "\"write p->scx.holding_cpu\"");

	start();
	h = scxtwin_lab_hold(lab, .cpu = 3, .at = "ops.tick");
	scxtwin_lab_release(lab, h);
	end_with("CPU 3 did not come to \"ops.tick\": it has done nothing since");
}

/* ---- a policy of one's own */

static void insert_into_mine(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, MY_DSQ, SCX_SLICE_DFL, enq_flags);
}

static s32 create_mine(void)
{
	return scx_bpf_create_dsq(MY_DSQ, -1);
}

static void crash(struct task_struct *p, u64 enq_flags)
{
	(void)enq_flags;
	assert(p->pid < 0);
}

static void give_up(struct task_struct *p, u64 enq_flags)
{
	(void)p;
	(void)enq_flags;
	scx_bpf_error("not today");
}

static s32 stay(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static const struct sched_ext_ops mine = { .name = "mine", .select_cpu = stay, .enqueue = insert_into_mine, .init = create_mine };

static void a_policy_of_ones_own_decides(void **state)
{
	struct task_struct *p;

	(void)state;
	lab = scxtwin_lab_new(.ops = &mine);
	p = scxtwin_lab_task(lab, "p", .cpu = 0);
	scxtwin_lab_wake(lab, p);
	assert_true(look(p).dsq == MY_DSQ);
	p = scxtwin_lab_task(lab, "q", .cpu = 0, .in = SCXTWIN_LAB_QUEUED);
	assert_int_equal(look(p).position, 2);
	end_well();

	lab = scxtwin_lab_new(.ops = &mine);
	p = scxtwin_lab_task(lab, "p", .cpu = 0, .in = SCXTWIN_LAB_CUSTODY);
	assert_null(p);
	end_with("p is not in custody: p: NONE, on queue 0x7 (1 of 1) and in custody");

	lab = scxtwin_lab_new(.ops = &mine);
	scxtwin_lab_insert(lab, MY_DSQ, 0);
	end_with("scxtwin_lab_insert() is for the lab's own policy");

	lab = scxtwin_lab_new(.policy = "fifo");
	p = scxtwin_lab_task(lab, "p", .cpu = 0);
	scxtwin_lab_wake(lab, p);
	assert_true(look(p).running);
	end_well();
}

static void failures_of_the_policy_are_told(void **state)
{
	struct sched_ext_ops ops = mine;
	struct task_struct *p;

	(void)state;
	ops.enqueue = crash;
	lab = scxtwin_lab_new(.ops = &ops);
	p = scxtwin_lab_task(lab, "p", .cpu = 0);
	scxtwin_lab_wake(lab, p);
	end_with("the policy's assertion \"p->pid < 0\" failed (test_public_lab.c:");

	ops.enqueue = give_up;
	lab = scxtwin_lab_new(.ops = &ops);
	p = scxtwin_lab_task(lab, "p", .cpu = 0);
	scxtwin_lab_wake(lab, p);
	assert_no_failure();
	assert_string_equal(scxtwin_lab_exit_info(lab)->msg, "not today");
	end_well();

	ops.flags = SCX_OPS_ALL_FLAGS << 1;
	lab = scxtwin_lab_new(.ops = &ops);
	scxtwin_lab_kick(lab, 0, 0);
	end_with("the policy's operations table was refused: ");
}

/* ---- mistakes */

static void mistakes_are_told_and_stick(void **state)
{
	struct task_struct *p;

	(void)state;
	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 4);
	assert_null(p);
	scxtwin_lab_kick(lab, 9, 0); /* not the first one */
	end_with("there is no CPU 4, only 0 to 3");

	start();
	scxtwin_lab_wake(lab, NULL);
	end_with("a task is NULL");

	start();
	scxtwin_lab_task(lab, "p", .cpu = 1, .cpus = 1 << 0);
	end_with("p: CPU 1 is not in its mask 0x1");

	start();
	scxtwin_lab_task(lab, "p", .cpu = 1, .cpus = 0xff);
	end_with("the mask of CPUs 0xff has more than the machine: there are 0 to 3");

	start();
	scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_QUEUED);
	end_with("0 is no queue that a task can be inserted into: there are SCX_DSQ_LOCAL");

	start();
	scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = SCX_DSQ_GLOBAL, .vtime = 1);
	end_with("p: .vtime is for queues of your own");

	start();
	scxtwin_lab_task(lab, "p", .cpu = 1, .in = (enum scxtwin_lab_state)17);
	end_with("p is not in a known state");

	start();
	scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_RUNNING);
	scxtwin_lab_task(lab, "q", .cpu = 1, .in = SCXTWIN_LAB_RUNNING);
	end_with("q is not running: q: NONE, on the local queue of CPU 1 (1 of 1)");

	start();
	scxtwin_lab_move_to_local(lab, 0, 99);
	end_with("there is no queue 0x63");

	start();
	scxtwin_lab_queue(lab, SCX_DSQ_LOCAL_ON | 77);
	end_with("there is no CPU 77");

	start();
	scxtwin_lab_count(lab, "BYPASS_ACTIVAT");
	end_with("there is no counter \"BYPASS_ACTIVAT\"; is \"BYPASS_ACTIVATE\" meant?");

	start();
	assert_null(scxtwin_lab_hold(lab, .cpu = 1));
	end_with("a hold needs .at");

	start();
	scxtwin_lab_release(lab, NULL);
	end_with("a hold is NULL");

	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1);
	scxtwin_lab_go_on(lab, p);
	end_with("no CPU stands there with p claimed");

	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1);
	scxtwin_lab_set_nice(lab, p, 20);
	end_with("a nice value of 20, where -20 to 19 are allowed");

	start();
	scxtwin_lab_check(lab, 1 + 1 == 3);
	end_with("does not hold: 1 + 1 == 3");

	start();
	p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_CUSTODY);
	scxtwin_lab_wake(lab, p);
	scxtwin_lab_called(lab, p, "enqueue");
	end_with("callbacks: expected \"enqueue\", got \"\"");
}

static void a_lab_that_cannot_be_made_says_why(void **state)
{
	(void)state;
	lab = scxtwin_lab_new(.policy = "fifa");
	scxtwin_lab_kick(lab, 0, 0);
	assert_string_equal(scxtwin_lab_calls(lab, NULL), "");
	end_with("unknown policy \"fifa\"");

	lab = scxtwin_lab_new(.policy = "fifo", .ops = &mine);
	end_with("both .ops and .policy are given");

	lab = scxtwin_lab_new(.policy = "none");
	end_with("\"none\" is none that could be loaded");

	lab = scxtwin_lab_new(.cpus = 100000);
	assert_string_equal(scxtwin_lab_show(lab, NULL), "");
	end_with("CPU");
	assert_int_equal(scxtwin_lab_end(NULL), 1);
}

static void two_labs_do_not_know_of_each_other(void **state)
{
	struct scxtwin_lab *a = scxtwin_lab_new(.cpus = 2), *b = scxtwin_lab_new(.cpus = 3);
	struct task_struct *p = scxtwin_lab_task(a, "p", .cpu = 1, .in = SCXTWIN_LAB_CUSTODY);
	struct task_struct *q = scxtwin_lab_task(b, "q", .cpu = 2, .in = SCXTWIN_LAB_RUNNING);

	(void)state;
	scxtwin_lab_insert(b, MY_DSQ, 0);
	scxtwin_lab_dispatch(a, 0, p, SCX_DSQ_LOCAL, 0);
	scxtwin_lab_set_nice(b, q, 1);
	scxtwin_lab_sleep(b, q);
	scxtwin_lab_wake(b, q);
	assert_true(scxtwin_lab_look(a, p).running);
	assert_true(scxtwin_lab_look(b, q).dsq == MY_DSQ);
	assert_int_equal(scxtwin_lab_end(a), 0);
	lab = b;
	scxtwin_lab_wake(b, p);
	end_with("of another lab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cookie_is_there_if_asked_for),
		cmocka_unit_test(a_task_sleeps),
		cmocka_unit_test(a_task_runs),
		cmocka_unit_test(a_task_is_in_custody),
		cmocka_unit_test(tasks_are_on_queues),
		cmocka_unit_test(a_queue_of_ones_own_has_two_orders),
		cmocka_unit_test(a_task_is_being_dispatched),
		cmocka_unit_test(a_task_is_led_through_its_life),
		cmocka_unit_test(changes_take_a_task_off_its_queue_and_put_it_back),
		cmocka_unit_test(a_queue_is_enqueued_again),
		cmocka_unit_test(bypass_and_hotplug),
		cmocka_unit_test(time_passes_when_asked_to),
		cmocka_unit_test(a_task_yields_to_who_waits),
		cmocka_unit_test(anything_else_can_be_called),
		cmocka_unit_test(a_hold_can_be_moved_along),
		cmocka_unit_test(a_hold_is_about_one_task),
		cmocka_unit_test(who_never_came_is_told_what_was_passed),
		cmocka_unit_test(a_policy_of_ones_own_decides),
		cmocka_unit_test(failures_of_the_policy_are_told),
		cmocka_unit_test(mistakes_are_told_and_stick),
		cmocka_unit_test(a_lab_that_cannot_be_made_says_why),
		cmocka_unit_test(two_labs_do_not_know_of_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
