/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 10.9 H: destruction of a user DSQ, by CPU 0 or 3, against what others do with it. x is CPU 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

static struct task_struct *p;
static struct scx_dispatch_q *user, *global;

static void setup_queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	user = lab_user_dsq(SAY_DSQ);
	global = race_global();
}

static void destroy_it(void *arg)
{
	(void)arg;
	scx_bpf_destroy_dsq(SAY_DSQ);
}

static void create_it(void *arg)
{
	(void)arg;
	PROVES("RACE-73", scx_bpf_create_dsq(SAY_DSQ, -1) == 0);
}

static void destroy_from(int cpu)
{
	lab_from(cpu);
	lab_outside(destroy_it, NULL);
	lab_from(RACE_OUT);
}

static void x_at(struct lab_hold *point)
{
	race_dispatch(RACE_X, p, SAY_DSQ);
	assert_true(lab_held(point));
}

static void p_went_to_global(void)
{
	PROVES("CUST-12 CUST-11", race_dequeue.nr == 1 && race_dequeue.flags == 0 && race_dequeue.dsq == global);
}

static void race_68_destroyed_between_lookup_and_lock(void **state)
{
	struct lab_hold *n1, *n7;

	(void)state;
	setup_queued();
	x_at(n1 = lab_hold(AT_LOCK_DSQ(RACE_X, user)));
	destroy_from(RACE_OUT);
	PROVES("RACE-68", user->id == SCX_DSQ_INVALID);
	n7 = lab_hold(AT_OP(RACE_X, "dequeue"));
	lab_release(n1);
	PROVES("RACE-68", lab_held(n7) && !user->lock.owner && !user->nr && global->nr == 1);
	lab_release(n7);
	p_went_to_global();
	lab_run(1 * MS);
	PROVES("RACE-68", lab_exited(SCX_EXIT_ERROR, "attempting to dispatch to a destroyed dsq"));
}

static void race_69_destroyed_before_lookup(void **state)
{
	struct lab_hold *f4;

	(void)state;
	setup_queued();
	x_at(f4 = lab_hold(AT_READ_FLAGS(RACE_X, p)));
	destroy_from(RACE_OUT);
	lab_release(f4);
	p_went_to_global();
	lab_run(1 * MS);
	PROVES("RACE-69", lab_exited(SCX_EXIT_ERROR, "non-existent DSQ 0x1"));
}

static void race_70_insert_wins(void **state)
{
	struct lab_hold *n8, *exit_work;

	(void)state;
	setup_queued();
	x_at(n8 = lab_hold(AT_STORE_WORD(RACE_X, p)));
	exit_work = lab_hold(.cpu = 0, .label = "ops.dequeue");
	destroy_from(RACE_Y);
	PROVES("RACE-70", user->id == SAY_DSQ && user->nr == 1 && p->scx.dsq == user);
	PROVES("RACE-70", scx_root->exit_kind == SCX_EXIT_ERROR);
	lab_release(n8);
	lab_release(exit_work);
	lab_run(1 * MS);
	PROVES("RACE-70", lab_exited(SCX_EXIT_ERROR, "attempting to destroy in-use dsq 0x0000000000000001 (nr=1)"));
}

static void race_71_two_destroyers(void **state)
{
	struct lab_hold *m2;

	(void)state;
	setup_queued();
	m2 = lab_hold(AT_LOCK_DSQ(RACE_OUT, user));
	destroy_from(RACE_OUT);
	assert_true(lab_held(m2) && user->id == SAY_DSQ);
	destroy_from(RACE_Y);
	PROVES("RACE-71", user->id == SCX_DSQ_INVALID && !lab_user_dsq(SAY_DSQ));
	lab_release(m2);
	lab_run(1 * MS);
	/* Freed twice would end in a BUG. */
	PROVES("RACE-71", scx_loaded() && scx_root->exit_kind == SCX_EXIT_NONE && !user->lock.owner);
}

static struct bpf_iter_scx_dsq it;
static struct task_struct *second_step;

static void iterate_slowly(void *arg)
{
	(void)arg;
	bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0);
	PROVES("RACE-72", bpf_iter_scx_dsq_next(&it) == p);
	second_step = bpf_iter_scx_dsq_next(&it);
	bpf_iter_scx_dsq_destroy(&it);
}

static void race_72_iterator_over_a_destroyed_dsq(void **state)
{
	struct lab_hold *step;

	(void)state;
	setup_queued();
	race_dispatch(RACE_X, p, SAY_DSQ);
	step = lab_hold(.cpu = RACE_OUT, .label = "dsq_iter_next", .skip = 1);
	second_step = p;
	lab_outside(iterate_slowly, NULL);
	assert_true(lab_held(step));
	/* p leaves, the cursor stays. */
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	assert_true(!user->nr && !list_empty(&user->list));
	destroy_from(RACE_Y);
	lab_run(1 * MS);
	PROVES("RACE-72", user->id == SCX_DSQ_INVALID && user->list.next == &it.cursor.node);
	lab_release(step);
	PROVES("RACE-72", !second_step && list_empty(&it.cursor.node) && !it.dsq);
	lab_run(1 * MS);
	PROVES("RACE-72", scx_root->exit_kind == SCX_EXIT_NONE);
}

static void race_73_id_used_again(void **state)
{
	struct lab_hold *n1;

	(void)state;
	setup_queued();
	x_at(n1 = lab_hold(AT_LOCK_DSQ(RACE_X, user)));
	destroy_from(RACE_OUT);
	lab_outside(create_it, NULL);
	PROVES("RACE-73", lab_user_dsq(SAY_DSQ) && lab_user_dsq(SAY_DSQ) != user);
	lab_release(n1);
	p_went_to_global();
	lab_run(1 * MS);
	PROVES("RACE-73", lab_exited(SCX_EXIT_ERROR, "attempting to dispatch to a destroyed dsq"));
}

static void ask_for_a_walk(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SAY_DSQ, 0);
}

static void race_74_request_is_recorded_then_destroyed(void **state)
{
	struct lab_hold *work;

	(void)state;
	setup_queued();
	/* The deferred work has taken the request and is about to look at the DSQ. */
	work = lab_hold(.cpu = RACE_OUT, .label = "dsq->id", .kinds = LAB_KIND(YIELD_READ), .skip = 2);
	lab_outside(ask_for_a_walk, NULL);
	assert_true(lab_held(work));
	destroy_from(RACE_Y);
	PROVES("RACE-74", user->id == SCX_DSQ_INVALID);
	lab_release(work);
	lab_run(1 * MS);
	PROVES("RACE-74 OPSS-42", scx_loaded() && scx_root->exit_kind == SCX_EXIT_NONE && lab_called(p, ""));
}

static void race_74_request_after_the_sweep_is_refused(void **state)
{
	struct lab_hold *lock;

	(void)state;
	setup_queued();
	lock = lab_hold(.cpu = RACE_OUT, .label = "deferred_reenq_lock", .kinds = LAB_KIND(YIELD_LOCK));
	lab_outside(ask_for_a_walk, NULL);
	assert_true(lab_held(lock) && user->reenq_users);
	destroy_from(RACE_Y);
	lab_release(lock);
	PROVES("RACE-74", list_empty(&cpu_rq(RACE_OUT)->scx.deferred_reenq_users));
	lab_run(1 * MS);
	PROVES("RACE-74", scx_root->exit_kind == SCX_EXIT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_68_destroyed_between_lookup_and_lock, race_stop),
		cmocka_unit_test_teardown(race_69_destroyed_before_lookup, race_stop),
		cmocka_unit_test_teardown(race_70_insert_wins, race_stop),
		cmocka_unit_test_teardown(race_71_two_destroyers, race_stop),
		cmocka_unit_test_teardown(race_72_iterator_over_a_destroyed_dsq, race_stop),
		cmocka_unit_test_teardown(race_73_id_used_again, race_stop),
		cmocka_unit_test_teardown(race_74_request_is_recorded_then_destroyed, race_stop),
		cmocka_unit_test_teardown(race_74_request_after_the_sweep_is_refused, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
