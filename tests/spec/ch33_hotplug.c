/* SPDX-License-Identifier: GPL-2.0-only */
/* What a scheduler is told of CPUs that come and go: spec 33.1 and 33.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sched/core.h"
#include "support/say.h"

static struct sched_ext_ops ops;
static struct task_struct *p, *q;
static bool seen;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	ops.cpu_online = say_cpu_online;
	ops.cpu_offline = say_cpu_offline;
	seen = false;
	return 0;
}

static void hot_07_one_callback_does_not_stand_for_the_other(void **state)
{
	(void)state;
	ops.cpu_offline = NULL;
	lab_start(.cpus = 2, .ops = &ops);
	lab_offline(1);
	lab_run(10 * MS);
	PROVES("HOT-07 HOT-04", lab_exited(SCX_EXIT_UNREG_KERN, "cpu 1 going offline, exiting scheduler") && !scx_root);
	PROVES("HOT-08", !scx_last_exit()->dump || !*scx_last_exit()->dump);
	PROVES("HOT-08", scx_last_exit()->exit_code & (s64)SCX_ECODE_ACT_RESTART);
}

static void hot_22_the_sequence_counts_with_and_without_a_scheduler(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	lab_offline(1);
	PROVES("HOT-22", scx_hotplug_seq() == 1);
	lab_load(&ops);
	lab_online(1);
	PROVES("HOT-22", scx_hotplug_seq() == 2 && scx_root);
}

static void hot_24_no_sequence_is_no_check(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	lab_offline(1);
	lab_online(1);
	ops.hotplug_seq = 0;
	lab_load(&ops);
	PROVES("HOT-24", scx_root && scx_hotplug_seq() == 2);
}

static void look_at_custody(enum scxtwin_op op, struct task_struct *t, u64 cpu)
{
	(void)t;
	if (op != SCXTWIN_OP_cpu_offline)
		return;
	seen = cpu == 1;
	PROVES("HOT-13", task_cpu(p) != 1 || !(p->scx.flags & SCX_TASK_IN_CUSTODY));
	PROVES("HOT-17", task_cpu(q) == 0 && q->scx.flags & SCX_TASK_IN_CUSTODY && q->scx.dsq &&
			 q->scx.dsq->id == SAY_DSQ);
}

/* p is the policy's and of the CPU that goes, q waits on a user DSQ and is of one that stays. */
static void hot_13_17_the_policy_keeps_what_is_of_other_cpus(void **state)
{
	struct task_struct *busy[2];

	(void)state;
	lab_start(.cpus = 2);
	busy[0] = lab_task("r", .cpu = 0, .cpus = 0x1);
	busy[1] = lab_task("s", .cpu = 1);
	p = lab_task("p", .cpu = 1, .cpus = 0x2);
	q = lab_task("q", .cpu = 0, .cpus = 0x1);
	lab_load(&ops);
	lab_wake(busy[0]);
	lab_wake(busy[1]);
	say.dsq = 0;
	lab_wake(p);
	say.dsq = SAY_DSQ;
	lab_wake(q);
	say.dsq = SCX_DSQ_LOCAL;
	assert_true(task_cpu(p) == 1 && p->scx.flags & SCX_TASK_IN_CUSTODY);
	lab_forget();
	say.look = look_at_custody;
	lab_offline(1);
	PROVES("HOT-13", seen);
	PROVES("HOT-12", lab_called(p, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe) ..."));
}

static void hot_19_a_kick_of_an_offline_cpu_is_dropped(void **state)
{
	(void)state;
	lab_start(.cpus = 2, .ops = &ops);
	lab_offline(1);
	lab_forget();
	lab_kick(1, 0);
	lab_run(1 * MS);
	PROVES("HOT-19", lab_called(NULL, ""));
	lab_kick(1, SCX_KICK_PREEMPT);
	lab_run(1 * MS);
	PROVES("HOT-19", lab_called(NULL, "") && cpu_rq(1)->curr == cpu_rq(1)->idle);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hot_07_one_callback_does_not_stand_for_the_other),
		TEST(hot_22_the_sequence_counts_with_and_without_a_scheduler),
		TEST(hot_24_no_sequence_is_no_check),
		TEST(hot_13_17_the_policy_keeps_what_is_of_other_cpus),
		TEST(hot_19_a_kick_of_an_offline_cpu_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
