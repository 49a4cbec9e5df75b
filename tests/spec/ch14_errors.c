/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of the task, and of everything else, after a dispatch error: spec 14.15. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *p, *q, *r;
static struct lab_hold *disabling;

/*
 * p of CPU 1 in the policy's hands, q on SAY_DSQ, r runs on CPU 0. Explored, and
 * the helper that disables a broken scheduler stays at its first step, so that
 * what happens between the error and the cycle of bypass can be seen.
 */
static void start(void)
{
	lab_start(.cpus = 4, .mode = RUN_EXPLORED);
	lab_from(3);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	r = lab_task("r", .cpu = 0);
	lab_load(&turn_ops);
	lab_wake(p);
	say.dsq = SAY_DSQ;
	lab_wake(q);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = NSEC_PER_SEC;
	lab_wake(r);
	say.dsq = say.slice = 0;
	assert_true(lab_runs(r));
	turn_forget();
	lab_forget();
	disabling = lab_hold(.cpu = 0, .label = "bypass_lock", .kinds = LAB_KIND(YIELD_LOCK));
}

static void finish(const char *msg)
{
	assert_true(lab_held(disabling));
	lab_release(disabling);
	PROVES("DERR-01", lab_exited(SCX_EXIT_ERROR, msg));
}

static bool claimed(void)
{
	return scx_root->aborting;	/* the helper has taken exit_kind meanwhile */
}

static struct scx_dispatch_q *global_of(const struct task_struct *t)
{
	return find_global_dsq(scx_root, task_cpu(t));
}

/* ---- the first error */

static void fail_twice(struct task_struct *prev)
{
	(void)prev;
	PROVES("DERR-02", !scx_root->aborting);
	scx_bpf_dispatch_cancel();
	PROVES("DERR-01 DERR-02", claimed() && scx_root->exit_kind == SCX_EXIT_ERROR);
	scx_bpf_error("another");
	PROVES("DERR-01", scx_root->exit_kind == SCX_EXIT_ERROR);
	/* Moves stop, inserts do not. */
	PROVES("DERR-03", !scx_bpf_dsq_move_to_local(SAY_DSQ, 0));
	PROVES("DERR-03", q->scx.dsq == lab_user_dsq(SAY_DSQ));
	PROVES("DERR-03", scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 0, 0));
}

static void derr_01_the_first_error_stands(void **state)
{
	(void)state;
	start();
	turn(2, fail_twice);
	lab_kick(2, 0);
	PROVES("DERR-02 DERR-03", lab_runs(p) && task_cpu(p) == 2);
	finish("dispatch buffer underflow");
	PROVES("DERR-01", !strstr(scx_last_exit()->msg, "another"));
}

static void move_q(struct task_struct *prev)
{
	struct bpf_iter_scx_dsq it;

	(void)prev;
	scx_bpf_dispatch_cancel();
	PROVES("DERR-03", bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0) == 0);
	PROVES("DERR-03", !scx_bpf_dsq_move(&it, q, SAY_OTHER_DSQ, 0));
	PROVES("DERR-03", !scx_bpf_dsq_move_vtime(&it, q, SAY_OTHER_DSQ, 0));
	bpf_iter_scx_dsq_destroy(&it);
	PROVES("DERR-03", q->scx.dsq == lab_user_dsq(SAY_DSQ));
}

static void derr_03_moves_of_an_iterator_fail_after_the_claim(void **state)
{
	(void)state;
	start();
	turn(2, move_q);
	lab_kick(2, 0);
	finish("dispatch buffer underflow");
}

/* ---- between the claim and the cycle */

static u64 target, insert_flags;

static void insert_p(struct task_struct *prev)
{
	(void)prev;
	PROVES("DERR-02", scx_bpf_dsq_insert(p, target, 3 * MS, insert_flags));
}

static void insert_p_on(int cpu, u64 dsq)
{
	target = dsq;
	turn(cpu, insert_p);
	lab_kick(cpu, 0);
}

static bool p_was_dequeued;

static void watch_p(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	p_was_dequeued |= op == SCXTWIN_OP_dequeue && subject == p;
}

static void derr_04_a_task_that_fell_to_global_waits_for_the_cycle(void **state)
{
	(void)state;
	start();
	insert_p_on(2, 999);
	PROVES("DERR-02 SLICE-09", claimed() && p->scx.dsq == global_of(p) && p->scx.slice == 3 * MS);
	PROVES("DERR-04", turn_count(2) == 2);	/* it is asked on and on, and gets nothing */
	lab_kick(1, 0);
	PROVES("DERR-04", turn_count(1) == 1 && p->scx.dsq == global_of(p));
	say.pull = SAY_DSQ;
	lab_kick(1, 0);
	say.pull = 0;
	PROVES("DERR-04", turn_count(1) == 2 && q->scx.dsq == lab_user_dsq(SAY_DSQ));
	say.look = watch_p;
	lab_forget();
	finish("non-existent DSQ");
	PROVES("DERR-04", lab_called(q, "dequeue(0x20000000e) ..."));	/* was in custody */
	PROVES("DERR-04", !p_was_dequeued);					/* was not */
}

/* ---- where the task goes: the table */

static void derr_02_an_unknown_dsq_means_global(void **state)
{
	(void)state;
	start();
	insert_p_on(2, 999);
	PROVES("DERR-02 DSQ-13", claimed() && p->scx.dsq == global_of(p));
	finish("non-existent DSQ 0x3e7");
}

static void derr_02_an_impossible_cpu_means_global(void **state)
{
	(void)state;
	start();
	insert_p_on(2, SCX_DSQ_LOCAL_ON | 4);
	PROVES("DERR-02", claimed() && p->scx.dsq == global_of(p));
	finish("invalid CPU 4");
}

static void destroy_late(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(p, SAY_OTHER_DSQ, 3 * MS, 0);
}

static void destroy_other_dsq(void *arg)
{
	(void)arg;
	scx_bpf_destroy_dsq(SAY_OTHER_DSQ);
}

static void derr_02_a_destroyed_dsq_means_global(void **state)
{
	struct lab_hold *found;

	(void)state;
	start();
	found = lab_hold(.cpu = 2, .label = "dsq", .kinds = LAB_KIND(YIELD_LOCK),
			 .obj = &lab_user_dsq(SAY_OTHER_DSQ)->lock);
	turn(2, destroy_late);
	lab_kick(2, 0);
	assert_true(lab_held(found));
	lab_outside(destroy_other_dsq, NULL);
	lab_release(found);
	PROVES("DERR-02", claimed() && p->scx.dsq == global_of(p) && p->scx.slice == 3 * MS);
	finish("attempting to dispatch to a destroyed dsq");
}

static void insert_p_by_vtime(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert_vtime(p, target, 3 * MS, 1000, 0);
}

static void derr_02_vtime_on_a_builtin_dsq_means_fifo_there(void **state)
{
	(void)state;
	start();
	target = SCX_DSQ_GLOBAL;
	turn(2, insert_p_by_vtime);
	lab_kick(2, 0);
	PROVES("DERR-02", claimed() && p->scx.dsq == global_of(p) && !p->scx.dsq_flags);
	finish("cannot use vtime ordering for built-in DSQs");
}

static void derr_02_mixed_orders_are_inserted_all_the_same(void **state)
{
	(void)state;
	start();
	target = SAY_DSQ;	/* q is there in order of arrival */
	turn(2, insert_p_by_vtime);
	lab_kick(2, 0);
	PROVES("DERR-02", claimed() && p->scx.dsq == lab_user_dsq(SAY_DSQ));
	finish("already had FIFO-enqueued tasks");
}

static void derr_02_mixed_orders_the_other_way_round(void **state)
{
	(void)state;
	start();
	say.dsq = SAY_OTHER_DSQ;
	say.vtime = true;
	lab_set_nice(q, 1);
	say.dsq = 0;
	insert_p_on(2, SAY_OTHER_DSQ);
	PROVES("DERR-02", claimed() && p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ));
	finish("already had PRIQ-enqueued tasks");
}

static void derr_02_a_forbidden_cpu_means_global(void **state)
{
	(void)state;
	start();
	lab_set_cpus(p, 1 << 1 | 1 << 3);
	insert_p_on(2, SCX_DSQ_LOCAL);
	PROVES("DERR-02", claimed() && p->scx.dsq == global_of(p) && task_cpu(p) == 1);
	finish("target CPU 2 not allowed");
}

static void insert_p_while_it_cannot_migrate(struct task_struct *prev)
{
	p->migration_disabled = 1;
	insert_p(prev);
}

static void derr_02_migration_disabled_means_global(void **state)
{
	(void)state;
	start();
	target = SCX_DSQ_LOCAL;
	turn(2, insert_p_while_it_cannot_migrate);
	lab_kick(2, 0);
	p->migration_disabled = 0;
	PROVES("DERR-02", claimed() && p->scx.dsq == global_of(p) && task_cpu(p) == 1);
	finish("cannot move migration disabled");
}

static void insert_r_in_the_name_of_p(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_enqueue && subject == p)
		scx_bpf_dsq_insert(r, SCX_DSQ_LOCAL, 0, 0);
}

static void derr_02_a_verdict_for_another_leaves_the_task_to_the_scheduler(void **state)
{
	(void)state;
	start();
	say.look = insert_r_in_the_name_of_p;
	lab_set_nice(p, 1);
	PROVES("DERR-02", claimed() && scx_opss_state(lab_word(p)) == SCX_OPSS_QUEUED);
	finish("scheduling for p");
}

static void insert_twice(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_enqueue || subject != p)
		return;
	scx_bpf_dsq_insert(p, SAY_OTHER_DSQ, 0, 0);
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, 0, 0);
}

static void derr_02_of_two_verdicts_the_first_is_carried_out(void **state)
{
	(void)state;
	start();
	say.look = insert_twice;
	lab_set_nice(p, 1);
	PROVES("DERR-02", claimed() && p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ));
	finish("already direct-dispatched");
}

static void destroy_full_dsq(void *arg)
{
	(void)arg;
	scx_bpf_destroy_dsq(SAY_DSQ);
}

static void derr_02_a_dsq_in_use_is_not_destroyed(void **state)
{
	(void)state;
	start();
	lab_outside(destroy_full_dsq, NULL);
	PROVES("DERR-02", claimed() && lab_user_dsq(SAY_DSQ) && q->scx.dsq == lab_user_dsq(SAY_DSQ));
	finish("attempting to destroy in-use dsq");
}

static void reenqueue_global(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SCX_DSQ_GLOBAL, 0);
}

static void reenqueue_with_bad_flags(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SAY_DSQ, 1ULL << 40);
}

static void derr_02_bad_reenqueue_requests_are_ignored(void **state)
{
	start();
	lab_outside(reenqueue_global, NULL);
	PROVES("DERR-02", claimed() && lab_called(NULL, ""));
	finish("not allowed for reenq");
	lab_stop(state);
	turn_nothing(state);
	start();
	lab_outside(reenqueue_with_bad_flags, NULL);
	PROVES("DERR-02", claimed() && lab_called(NULL, ""));
	finish("invalid SCX_REENQ flags");
}

static void derr_02_an_impossible_selection_means_the_previous_cpu(void **state)
{
	(void)state;
	start();
	say.pull = 0;
	lab_block(r);
	say.other_cpu = true;
	say.cpu = 77;
	lab_wake(r);
	PROVES("DERR-02", claimed() && task_cpu(r) == 0);
	finish("invalid CPU 77 from ops.select_cpu()");
}

static void derr_02_a_bad_idle_kick_is_still_one(void **state)
{
	(void)state;
	start();
	lab_kick(2, SCX_KICK_IDLE | SCX_KICK_PREEMPT);
	PROVES("DERR-02", claimed() && turn_count(2) == 1);
	finish("PREEMPT/WAIT cannot be used with SCX_KICK_IDLE");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(derr_01_the_first_error_stands),
		TEST(derr_03_moves_of_an_iterator_fail_after_the_claim),
		TEST(derr_04_a_task_that_fell_to_global_waits_for_the_cycle),
		TEST(derr_02_an_unknown_dsq_means_global),
		TEST(derr_02_an_impossible_cpu_means_global),
		TEST(derr_02_a_destroyed_dsq_means_global),
		TEST(derr_02_vtime_on_a_builtin_dsq_means_fifo_there),
		TEST(derr_02_mixed_orders_are_inserted_all_the_same),
		TEST(derr_02_mixed_orders_the_other_way_round),
		TEST(derr_02_a_forbidden_cpu_means_global),
		TEST(derr_02_migration_disabled_means_global),
		TEST(derr_02_a_verdict_for_another_leaves_the_task_to_the_scheduler),
		TEST(derr_02_of_two_verdicts_the_first_is_carried_out),
		TEST(derr_02_a_dsq_in_use_is_not_destroyed),
		TEST(derr_02_bad_reenqueue_requests_are_ignored),
		TEST(derr_02_an_impossible_selection_means_the_previous_cpu),
		TEST(derr_02_a_bad_idle_kick_is_still_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
