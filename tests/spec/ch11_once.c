/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 11.4, 11.9: one ops.dequeue() for each custody, and none without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/say.h"

/* What the policy can count itself, told to it by its callbacks alone. */
static struct {
	u32 enqueues, dequeues, runnings;
} seen;

static void count(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	const bool in_custody = p && p->scx.flags & SCX_TASK_IN_CUSTODY;

	switch (op) {
	case SCXTWIN_OP_enqueue:
		/* Custody goes on across an enqueue only in a re-enqueue from a user DSQ. */
		if (in_custody)
			PROVES("CUST-15", arg & SCX_ENQ_REENQ);
		seen.enqueues++;
		break;
	case SCXTWIN_OP_dequeue:
		PROVES("CUST-14 CUST-21", !in_custody && seen.dequeues < seen.enqueues + 1);
		seen.dequeues++;
		break;
	case SCXTWIN_OP_running:
		PROVES("CUST-20", !in_custody);
		seen.runnings++;
		break;
	case SCXTWIN_OP_disable:
	case SCXTWIN_OP_exit_task:
		PROVES("CUST-21", !in_custody);
		break;
	default:
		break;
	}
}

static struct task_struct *loaded(const struct sched_ext_ops *ops)
{
	struct task_struct *p;

	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(ops);
	memset(&seen, 0, sizeof(seen));
	say.look = count;
	return p;
}

static bool in_custody(const struct task_struct *p)
{
	return p->scx.flags & SCX_TASK_IN_CUSTODY;
}

static void walk_user_dsq(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SAY_DSQ, 0);
}

static void walk_local_dsq(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SCX_DSQ_LOCAL_ON | 1, 0);
}

/* CUST-43: enters less dequeues, where an enter is an enqueue that left the flag set. */
static void balance_is(const struct task_struct *p, u32 custodies)
{
	PROVES("CUST-43 CUST-14", custodies - seen.dequeues == (u32)in_custody(p));
}

static void cust_14_43_one_callback_for_each_custody(void **state)
{
	struct task_struct *p = loaded(&say_ops);

	(void)state;
	balance_is(p, 0);
	lab_wake(p);
	balance_is(p, 1);
	lab_set_nice(p, 1);
	balance_is(p, 2);
	say.give = p;
	say.give_dsq = SAY_DSQ;
	lab_kick(0, 0);
	balance_is(p, 2);
	lab_set_cpus(p, 1 << 0);
	balance_is(p, 4);
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(p, 2);
	balance_is(p, 4);
	PROVES("CUST-43", lab_runs(p) && seen.dequeues == 4);
}

static void cust_15_16_reenqueue_from_a_user_dsq_keeps_custody(void **state)
{
	struct task_struct *p = loaded(&say_ops);

	(void)state;
	say.dsq = SAY_DSQ;
	lab_wake(p);
	lab_forget();
	lab_outside(walk_user_dsq, NULL);
	PROVES("CUST-15 CUST-16", lab_called(p, "enqueue(0x10000000000)") && in_custody(p));
	PROVES("CUST-16", p->scx.dsq == lab_user_dsq(SAY_DSQ));
	/* Now without an insert: kept by the policy, still the same custody. */
	say.dsq = 0;
	lab_outside(walk_user_dsq, NULL);
	PROVES("CUST-15 CUST-16", lab_called(p, "enqueue(0x10000000000)") && in_custody(p) && !p->scx.dsq);
	lab_set_nice(p, 1);
	PROVES("CUST-14", lab_called(p, "dequeue(0x20000000a) quiescent set_weight runnable enqueue(0xa)"));
	PROVES("CUST-14", seen.dequeues == 1 && seen.enqueues == 4);
}

static void cust_17_reenqueue_that_ends_terminal(void **state)
{
	struct task_struct *p = loaded(&say_ops);

	(void)state;
	say.dsq = SAY_DSQ;
	say.reenq_dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_forget();
	lab_outside(walk_user_dsq, NULL);
	/* Trace D */
	PROVES("CUST-17", lab_called(p, "enqueue(0x10000000000) dequeue(0x0) running"));
	PROVES("CUST-17 CUST-14", seen.enqueues == 2 && seen.dequeues == 1);
}

static void cust_17_reenqueue_that_ends_on_another_cpu(void **state)
{
	struct task_struct *p = loaded(&say_ops);

	(void)state;
	say.dsq = SAY_DSQ;
	say.reenq_dsq = SCX_DSQ_LOCAL_ON | 0;
	lab_wake(p);
	lab_forget();
	lab_outside(walk_user_dsq, NULL);
	PROVES("CUST-17 CUST-14", lab_called(p, "enqueue(0x10000000000) dequeue(0x0) running@0") && task_cpu(p) == 0);
}

static void cust_18_reenqueue_from_a_local_dsq_is_a_new_custody(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1, .awake = true);
	say.look = count;
	memset(&seen, 0, sizeof(seen));
	assert_ptr_equal(p->scx.dsq, lab_local(1));
	say.dsq = SAY_DSQ;
	lab_forget();
	lab_outside(walk_local_dsq, NULL);
	PROVES("CUST-18", lab_called(p, "enqueue(0x10000000000)") && in_custody(p) && seen.dequeues == 0);
	lab_set_nice(p, 1);
	PROVES("CUST-18 CUST-14", seen.dequeues == 1);
}

/* No custody, no callback: everything that can happen to a task, with terminal verdicts only. */
static void terminal_life(u64 dsq)
{
	struct task_struct *p = loaded(&say_ops), *q;

	say.dsq = dsq;
	lab_wake(p);
	assert_true(lab_runs(p));
	q = lab_task("q", .cpu = 1, .cpus = 2, .awake = true);
	lab_set_nice(q, 1);
	lab_set_policy(q, SCHED_BATCH, 0);
	lab_set_nice(p, 1);
	lab_yield(p);
	lab_run(50 * MS);
	lab_set_cpus(q, 3);
	lab_set_cpus(q, 1);
	lab_block(p);
	lab_wake(p);
	lab_run(50 * MS);
	lab_set_policy(q, SCHED_FIFO, 3);
	lab_set_policy(q, SCHED_NORMAL, 0);
	lab_exit(p);
	lab_run(50 * MS);
	lab_unload();
	PROVES("CUST-19 CUST-44", seen.dequeues == 0 && seen.enqueues > 4 && seen.runnings > 4);
}

static void cust_19_44_terminal_local(void **state)
{
	(void)state;
	terminal_life(SCX_DSQ_LOCAL);
}

static void cust_19_44_terminal_global(void **state)
{
	(void)state;
	terminal_life(SCX_DSQ_GLOBAL);
}

static void cust_20_21_running_never_in_custody(void **state)
{
	struct task_struct *p = loaded(&say_ops);
	u32 i;

	(void)state;
	say.dsq = SAY_DSQ;
	say.pull = SAY_DSQ;
	for (i = 0; i < 5; i++) {
		lab_wake(p);
		lab_run(30 * MS);
		lab_block(p);
	}
	PROVES("CUST-20 CUST-14", seen.runnings == 5 && seen.enqueues >= 5 && seen.dequeues == seen.enqueues);
	lab_unload();
	PROVES("CUST-21", lab_called(p, "... disable ... exit_task ..."));
}

static void cust_21_class_change_of_a_task_in_custody(void **state)
{
	struct task_struct *p = loaded(&say_ops);

	(void)state;
	lab_wake(p);
	lab_set_policy(p, SCHED_FIFO, 3);
	PROVES("CUST-21", lab_called(p, "select_cpu runnable enqueue dequeue(0x20000004e) quiescent(0x20000004e) disable"));
}

static void cust_45_user_dsqs_only(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p, *q;

	(void)state;
	ops.flags |= SCX_OPS_ENQ_LAST;
	p = loaded(&ops);
	say.dsq = SAY_DSQ;
	say.pull = SAY_DSQ;
	q = lab_task("q", .cpu = 1, .cpus = 2, .awake = true);
	lab_wake(p);
	lab_run(200 * MS);
	lab_set_nice(q, 1);
	lab_set_cpus(p, 2);
	lab_set_cpus(p, 3);
	lab_run(100 * MS);
	lab_block(p);
	lab_exit(q);
	lab_run(100 * MS);
	PROVES("CUST-45", seen.enqueues == seen.dequeues && seen.enqueues > 8);
}

static u32 core_dequeues;

static void look_for_core(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)p;
	if (op == SCXTWIN_OP_dequeue && arg & SCX_DEQ_CORE_SCHED_EXEC)
		core_dequeues++;
}

static void cust_46_no_core_sched_dequeue_without_a_cookie(void **state)
{
	struct task_struct *p = loaded(&say_ops);

	(void)state;
	say.look = look_for_core;
	core_dequeues = 0;
	say.dsq = SAY_DSQ;
	say.pull = SAY_DSQ;
	lab_wake(p);
	lab_run(100 * MS);
	lab_set_nice(p, 1);
	lab_block(p);
	say.dsq = SCX_DSQ_GLOBAL;
	lab_wake(p);
	lab_run(100 * MS);
	PROVES("CUST-46", core_dequeues == 0 && lab_runs(p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAY_TEST(cust_14_43_one_callback_for_each_custody),
		SAY_TEST(cust_15_16_reenqueue_from_a_user_dsq_keeps_custody),
		SAY_TEST(cust_17_reenqueue_that_ends_terminal),
		SAY_TEST(cust_17_reenqueue_that_ends_on_another_cpu),
		SAY_TEST(cust_18_reenqueue_from_a_local_dsq_is_a_new_custody),
		SAY_TEST(cust_19_44_terminal_local),
		SAY_TEST(cust_19_44_terminal_global),
		SAY_TEST(cust_20_21_running_never_in_custody),
		SAY_TEST(cust_21_class_change_of_a_task_in_custody),
		SAY_TEST(cust_45_user_dsqs_only),
		SAY_TEST(cust_46_no_core_sched_dequeue_without_a_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
