/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 10.9 F: scx_bpf_dsq_move() by CPU 0 (m) of p, which waits on a user DSQ and is of the rq of CPU 1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define CHANGE_BY_Y "dequeue(0x20000000a)@3 quiescent(0x20000000a)@3 set_weight@3 runnable(0xa)@3 enqueue(0xa)@3"
#define WORD_QUEUED(brand) (((u64)(brand) << 2) | SCX_OPSS_QUEUED)

static struct task_struct *p;
static struct scx_dispatch_q *user, *other_dsq;
static struct bpf_iter_scx_dsq it;
static bool moved, overrides_left;

static void setup_on_user_dsq(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	race_dispatch(RACE_X, p, SAY_DSQ);
	user = lab_user_dsq(SAY_DSQ);
	other_dsq = lab_user_dsq(SAY_OTHER_DSQ);
	assert_ptr_equal(p->scx.dsq, user);
	lab_forget();
}

static void iterate_and_move(void *arg)
{
	const u64 to = *(u64 *)arg;
	struct task_struct *t;

	bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0);
	t = bpf_iter_scx_dsq_next(&it);
	if (t) {
		scx_bpf_dsq_move_set_slice(&it, 1 * MS);
		moved = scx_bpf_dsq_move(&it, t, to, 0);
		overrides_left = it.cursor.flags & (__SCX_DSQ_ITER_HAS_SLICE | __SCX_DSQ_ITER_HAS_VTIME);
	}
	bpf_iter_scx_dsq_destroy(&it);
}

/* m moves p to a DSQ; stands at the point if one was set up before. */
static void m_moves(u64 to)
{
	static u64 kept;

	kept = to;
	moved = false;
	overrides_left = true;
	lab_outside(iterate_and_move, &kept);
}

static void change_by_y(void)
{
	lab_from(RACE_Y);
	race_change(p);
	lab_from(RACE_OUT);
}

static void race_56_consumed_between_iteration_and_move(void **state)
{
	struct lab_hold *v2, *c8;

	(void)state;
	setup_on_user_dsq();
	v2 = lab_hold(AT_LOCK_RQ(RACE_OUT, RACE_SRC));
	m_moves(SAY_OTHER_DSQ);
	assert_true(lab_held(v2));
	/* The consumer has unlinked it; it stands in front of p's rq lock. */
	c8 = lab_hold(AT_LOCK_RQ(RACE_Y, RACE_SRC));
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	assert_true(lab_held(c8) && p->scx.holding_cpu == RACE_Y && p->scx.dsq == user);
	lab_release(v2);
	PROVES("RACE-56", !moved && !overrides_left && !other_dsq->nr && p->scx.slice == RACE_SLICE);
	PROVES("RACE-56 OPSS-42", scx_root->exit_kind == SCX_EXIT_NONE && p->scx.holding_cpu == RACE_Y);
	lab_release(c8);
	PROVES("RACE-56", lab_called(p, "dequeue(0x0)@3 running@3"));
}

static void race_56_consumed_for_good(void **state)
{
	struct lab_hold *v2;

	(void)state;
	setup_on_user_dsq();
	v2 = lab_hold(AT_LOCK_RQ(RACE_OUT, RACE_SRC));
	m_moves(SAY_OTHER_DSQ);
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	lab_release(v2);
	PROVES("RACE-56", !moved && !overrides_left && lab_runs(p) && task_cpu(p) == RACE_Y);
}

static void race_57_left_and_came_back(void **state)
{
	struct lab_hold *v2;
	u32 seq;

	(void)state;
	setup_on_user_dsq();
	seq = p->scx.dsq_seq;
	v2 = lab_hold(AT_LOCK_RQ(RACE_OUT, RACE_SRC));
	m_moves(SAY_OTHER_DSQ);
	assert_true(lab_held(v2));
	say.dsq = SAY_DSQ;
	change_by_y();
	assert_true(p->scx.dsq == user && p->scx.dsq_seq != seq);
	lab_forget();
	lab_release(v2);
	PROVES("RACE-57", !moved && !overrides_left && p->scx.dsq == user && lab_called(p, ""));
}

static void race_58_dequeue_waits_for_a_move(void **state)
{
	struct lab_hold *v3;

	(void)state;
	setup_on_user_dsq();
	v3 = lab_hold(AT_UNLOCK_DSQ(RACE_OUT, user), .skip = 1); /* the step of the iteration unlocks too */
	m_moves(SCX_DSQ_LOCAL_ON | RACE_SRC);
	assert_true(lab_held(v3));
	change_by_y();
	PROVES("RACE-58", lab_waits(RACE_Y, "rq") && lab_called(p, ""));
	{
		struct lab_hold *src = lab_hold(AT_LOCK_RQ(RACE_SRC, RACE_SRC));

		lab_release(v3);
		PROVES("RACE-58", moved && race_dequeue.nr == 1 && race_dequeue.flags == 0);
		/* Custody was over at the new place, so the change calls nothing of that kind. */
		PROVES("RACE-58 CUST-19", lab_called(p, "dequeue(0x0)@0 quiescent@3 set_weight@3 runnable@3 enqueue@3"));
		lab_release(src);
	}
	PROVES("RACE-58", lab_word(p) == WORD_QUEUED(2));
}

static void race_59_dequeue_before_a_move(void **state)
{
	struct lab_hold *weight, *v1;

	(void)state;
	setup_on_user_dsq();
	v1 = lab_hold(AT_LOCK_RQ(RACE_OUT, RACE_SRC));
	m_moves(SAY_OTHER_DSQ);
	assert_true(lab_held(v1));
	weight = lab_hold(AT_OP(RACE_Y, "set_weight"));
	change_by_y();
	assert_true(lab_held(weight) && !p->scx.dsq);
	lab_release(v1);
	PROVES("RACE-59", lab_waits(RACE_OUT, "rq"));
	lab_release(weight);
	PROVES("RACE-59", !moved && !overrides_left && !other_dsq->nr && lab_called(p, CHANGE_BY_Y));
	PROVES("RACE-59", lab_word(p) == WORD_QUEUED(2) && !p->scx.dsq);
}

static void race_60_rq_changed_under_v1(void **state)
{
	struct lab_hold *v2;

	(void)state;
	setup_on_user_dsq();
	v2 = lab_hold(AT_LOCK_RQ(RACE_OUT, RACE_SRC));
	m_moves(SAY_OTHER_DSQ);
	assert_true(lab_held(v2));
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	assert_true(lab_runs(p) && task_cpu(p) == RACE_Y);
	/* Its turn ends and it is back on the DSQ, now of another rq. */
	say.dsq = SAY_DSQ;
	lab_block(p);
	lab_from(RACE_X);	/* CPU 0 is held */
	lab_wake(p);
	lab_from(RACE_OUT);
	assert_true(p->scx.dsq == user && task_cpu(p) == RACE_Y);
	lab_release(v2);
	/* Any WARN would end the test. */
	PROVES("RACE-60", !moved && p->scx.dsq == user && !other_dsq->nr);
}

static void race_61_rq_mismatch_alone_warns(void **state)
{
	struct lab_hold *v2;

	(void)state;
	lab_start(.cpus = 4, .mode = RUN_EXPLORED);
	say = (struct say){ .dsq = SAY_DSQ };
	p = lab_task("p", .cpu = RACE_SRC);
	lab_load(&say_ops);
	lab_wake(p);
	v2 = lab_hold(AT_LOCK_RQ(RACE_OUT, RACE_SRC));
	m_moves(SAY_OTHER_DSQ);
	assert_true(lab_held(v2));
	lab_by_hand();
	p->cpu = RACE_Y;
	lab_expect_warn("rq");
	lab_release(v2);
	p->cpu = RACE_SRC;
	PROVES("RACE-61", !moved && p->scx.dsq == lab_user_dsq(SAY_DSQ));
}

static struct task_struct *move_in_dispatch;

static void move_from_dispatch(enum scxtwin_op op, struct task_struct *t, u64 cpu)
{
	(void)t;
	if (op != SCXTWIN_OP_dispatch || cpu != RACE_X || !move_in_dispatch)
		return;
	move_in_dispatch = NULL;
	bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0);
	moved = scx_bpf_dsq_move(&it, bpf_iter_scx_dsq_next(&it), SAY_OTHER_DSQ, 0);
	bpf_iter_scx_dsq_destroy(&it);
}

static void race_62_move_from_dispatch_drops_the_lock(void **state)
{
	struct task_struct *rt, *q;
	struct lab_hold *v2;

	(void)state;
	race_start();
	q = race_task("q", RACE_X);
	rt = lab_task("rt", .cpu = RACE_X, .cpus = 1 << RACE_X, .policy = SCHED_FIFO);
	p = race_queued("p", RACE_SRC);
	race_dispatch(RACE_Y, p, SAY_DSQ);
	other_dsq = lab_user_dsq(SAY_OTHER_DSQ);
	lab_wake(q);	/* else the wakeup of rt would be left to CPU 2 itself */
	say.look = move_from_dispatch;
	move_in_dispatch = p;
	moved = false;
	v2 = lab_hold(AT_LOCK_RQ(RACE_X, RACE_SRC));
	race_go(RACE_X);
	assert_true(lab_held(v2));
	PROVES("RACE-62", !cpu_rq(RACE_X)->__lock.owner);
	lab_wake(rt);
	assert_ptr_equal(cpu_rq(RACE_X)->next_class, &rt_sched_class);
	lab_release(v2);
	PROVES("RACE-62", moved && p->scx.dsq == other_dsq && lab_runs(rt));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(race_56_consumed_between_iteration_and_move, race_stop),
		cmocka_unit_test_teardown(race_56_consumed_for_good, race_stop),
		cmocka_unit_test_teardown(race_57_left_and_came_back, race_stop),
		cmocka_unit_test_teardown(race_58_dequeue_waits_for_a_move, race_stop),
		cmocka_unit_test_teardown(race_59_dequeue_before_a_move, race_stop),
		cmocka_unit_test_teardown(race_60_rq_changed_under_v1, race_stop),
		cmocka_unit_test_teardown(race_61_rq_mismatch_alone_warns, race_stop),
		cmocka_unit_test_teardown(race_62_move_from_dispatch_drops_the_lock, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
