/* SPDX-License-Identifier: GPL-2.0-only */
/* Spec 11.6, 11.10: where ops.dequeue() comes among the other callbacks, and what it sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/race.h"

static struct task_struct *p;

static void loaded(void)
{
	race_start();
	p = race_task("p", RACE_SRC);
	lab_load(&race_ops);
}

static void queued(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
}

static void on_user_dsq(void)
{
	queued();
	race_dispatch(RACE_X, p, SAY_DSQ);
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));
}

static void change_weight(void)
{
	lab_set_nice(p, 5);
}

static void change_mask(void)
{
	lab_set_cpus(p, 1 << RACE_SRC);
}

static void change_policy(void)
{
	lab_set_policy(p, SCHED_BATCH, 0);
}

static const struct {
	void (*change)(void);
	const char *deq, *prop, *enq;
} changes[] = {
	{ change_weight, "(0x20000000a)", "set_weight(33)", "(0xa)" },
	{ change_mask, "(0x20000000a)", "set_cpumask(1)", "(0xa)" },
	{ change_policy, "(0x20000000a)", "set_weight(100)", "(0xa)" },
};
#define NR_CHANGES (sizeof(changes) / sizeof(changes[0]))

/* Trace A, for each property and each place that is custody. */
static void cust_29_change_of_a_waiting_task_in_custody(void **state)
{
	char text[200];
	u32 i, user;

	(void)state;
	for (i = 0; i < NR_CHANGES; i++) {
		for (user = 0; user < 2; user++) {
			if (user)
				on_user_dsq();
			else
				queued();
			changes[i].change();
			snprintf(text, sizeof(text), "dequeue%s quiescent%s %s runnable%s enqueue%s", changes[i].deq,
				 changes[i].deq, changes[i].prop, changes[i].enq, changes[i].enq);
			PROVES("CUST-29", lab_called(p, text));
			race_stop(NULL);
		}
	}
	race_start();
}

/* Trace C */
static void cust_30_change_of_a_running_task(void **state)
{
	char text[200];
	u32 i;

	(void)state;
	for (i = 0; i < NR_CHANGES; i++) {
		queued();
		race_dispatch(RACE_SRC, p, SCX_DSQ_LOCAL);
		assert_true(lab_runs(p));
		lab_forget();
		changes[i].change();
		snprintf(text, sizeof(text), "stopping(0) quiescent%s %s runnable(0x100000000000000a) running",
			 changes[i].deq, changes[i].prop);
		PROVES("CUST-30", lab_called(p, text));
		PROVES("CUST-30", race_dequeue.nr == 1 && SCX_ENQ_IGNORE_CAPS == 1ULL << 60);
		race_stop(NULL);
	}
	race_start();
}

static void move_to(u64 dsq)
{
	struct bpf_iter_scx_dsq it;

	bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0);
	PROVES("CUST-31", scx_bpf_dsq_move(&it, bpf_iter_scx_dsq_next(&it), dsq, 0));
	bpf_iter_scx_dsq_destroy(&it);
}

static void move_to_global(void *arg)
{
	(void)arg;
	move_to(SCX_DSQ_GLOBAL);
}

static void move_to_y(void *arg)
{
	(void)arg;
	move_to(SCX_DSQ_LOCAL_ON | RACE_Y);
}

static void move_to_src(void *arg)
{
	(void)arg;
	move_to(SCX_DSQ_LOCAL_ON | RACE_SRC);
}

/* Linked and counted, and the word as the way there has it. */
static void terminal(struct scx_dispatch_q *dsq, u64 word, int locked_cpu)
{
	PROVES("CUST-31", race_dequeue.nr == 1 && race_dequeue.flags == 0 && !race_dequeue.in_custody);
	PROVES("CUST-31", race_dequeue.linked && race_dequeue.dsq == dsq && race_dequeue.word == word);
	PROVES("CUST-37", race_dequeue.locked_cpu == locked_cpu);
	PROVES("CUST-33", !race_dequeue.dsq_locked);
}

static void cust_31_37_own_local_dsq(void **state)
{
	(void)state;
	queued();
	race_dispatch(RACE_SRC, p, SCX_DSQ_LOCAL);
	terminal(lab_local(RACE_SRC), SCX_OPSS_DISPATCHING, RACE_SRC);
}

static void cust_31_37_remote_local_dsq(void **state)
{
	(void)state;
	queued();
	race_dispatch(RACE_X, p, SCX_DSQ_LOCAL_ON | RACE_Y);
	terminal(lab_local(RACE_Y), SCX_OPSS_NONE, RACE_Y);
}

static void cust_31_37_global_dsq(void **state)
{
	(void)state;
	queued();
	race_dispatch(RACE_X, p, SCX_DSQ_GLOBAL);
	terminal(race_global(), SCX_OPSS_DISPATCHING, RACE_X);
	PROVES("CUST-37", RACE_X != RACE_SRC);
}

static void cust_31_37_move_to_local(void **state)
{
	(void)state;
	on_user_dsq();
	race_will_consume(RACE_SRC, SAY_DSQ);
	race_go(RACE_SRC);
	terminal(lab_local(RACE_SRC), SCX_OPSS_NONE, RACE_SRC);
}

static void cust_31_37_move_to_local_of_a_remote_task(void **state)
{
	(void)state;
	on_user_dsq();
	race_will_consume(RACE_Y, SAY_DSQ);
	race_go(RACE_Y);
	terminal(lab_local(RACE_Y), SCX_OPSS_NONE, RACE_Y);
}

static void cust_31_37_moves_from_an_iterator(void **state)
{
	(void)state;
	on_user_dsq();
	lab_outside(move_to_global, NULL);
	terminal(race_global(), SCX_OPSS_NONE, RACE_SRC);
	race_stop(NULL);
	on_user_dsq();
	lab_outside(move_to_y, NULL);
	terminal(lab_local(RACE_Y), SCX_OPSS_NONE, RACE_Y);
	race_stop(NULL);
	on_user_dsq();
	lab_outside(move_to_src, NULL);
	terminal(lab_local(RACE_SRC), SCX_OPSS_NONE, RACE_SRC);
}

static void cust_37_fallback_of_a_dance(void **state)
{
	struct scx_dispatch_q *global;

	(void)state;
	queued();
	global = race_global();
	lab_set_cpus(p, (1 << RACE_SRC) | (1 << RACE_X));
	race_dequeue.nr = 0;
	race_dispatch(RACE_X, p, SCX_DSQ_LOCAL_ON | RACE_Y);
	terminal(global, SCX_OPSS_NONE, RACE_SRC);
	lab_run(1 * MS);
	PROVES("CUST-37", lab_exited(SCX_EXIT_ERROR, "not allowed"));
}

static void cust_37_34_property_change(void **state)
{
	(void)state;
	on_user_dsq();
	race_change(p);
	PROVES("CUST-37", race_dequeue.locked_cpu == RACE_SRC && race_dequeue.cpu == RACE_OUT);
	PROVES("CUST-34", race_dequeue.word == SCX_OPSS_NONE && race_dequeue.linked &&
	       race_dequeue.dsq == lab_user_dsq(SAY_DSQ));
	PROVES("CUST-34", lab_called(p, "dequeue quiescent ..."));
}

static bool woken_at_dequeue, preempted_at_dequeue;
static struct task_struct *busy;

static void look_at_target(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_dequeue || t != p)
		return;
	woken_at_dequeue = cpu_rq(RACE_Y)->curr->need_resched;
	preempted_at_dequeue = busy && !busy->scx.slice;
	PROVES("CUST-32", raw_spin_is_held(&cpu_rq(RACE_Y)->__lock));
}

static void cust_32_before_an_idle_cpu_is_woken(void **state)
{
	(void)state;
	queued();
	busy = NULL;
	say.give = p;
	say.give_dsq = SCX_DSQ_LOCAL_ON | RACE_Y;
	say.look = look_at_target;
	race_go(RACE_X);
	PROVES("CUST-32", !woken_at_dequeue && lab_runs(p) && task_cpu(p) == RACE_Y);
}

static void cust_32_before_the_running_task_is_preempted(void **state)
{
	(void)state;
	race_start();
	busy = race_task("busy", RACE_Y);
	p = race_queued("p", RACE_SRC);
	lab_wake(busy);
	race_dispatch(RACE_Y, busy, SCX_DSQ_LOCAL);
	assert_true(lab_runs(busy));
	say.look = look_at_target;
	say.give = p;
	say.give_dsq = SCX_DSQ_LOCAL_ON | RACE_Y;
	say.give_flags = SCX_ENQ_PREEMPT;
	race_go(RACE_X);
	PROVES("CUST-32", !preempted_at_dequeue && !woken_at_dequeue && lab_runs(p));
}

static u32 tasks_met;

static void iterate_in_dequeue(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	struct bpf_iter_scx_dsq it;

	(void)arg;
	if (op != SCXTWIN_OP_dequeue || t != p)
		return;
	bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0);
	while (bpf_iter_scx_dsq_next(&it))
		tasks_met++;
	bpf_iter_scx_dsq_destroy(&it);
}

/* The op may lock the very DSQ that the task comes from, or iterate any other. */
static void cust_33_the_callback_may_iterate(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	lab_task("q", .cpu = 1, .cpus = 2, .awake = true);
	tasks_met = 0;
	say.look = iterate_in_dequeue;
	say.pull = SAY_DSQ;
	lab_kick(1, 0);
	PROVES("CUST-33", tasks_met == 1 && lab_runs(p));
}

static void cust_35_core_sched_pick(void **state)
{
	struct lab_hold *running;

	(void)state;
	on_user_dsq();
	running = lab_hold(AT_OP(RACE_OUT, "running"));
	race_core_pick(p);
	assert_true(lab_held(running));
	PROVES("CUST-35", race_dequeue.linked && race_dequeue.dsq == lab_user_dsq(SAY_DSQ) && !p->scx.dsq);
	lab_release(running);
	PROVES("CUST-35", lab_called(p, "dequeue(0x100000000) running enqueue(0x0)"));
}

static void insert_in_dequeue(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_dequeue)
		scx_bpf_dsq_insert(t, SCX_DSQ_LOCAL, MS, 0);
}

static char refused[64];

static void note_refusal(const char *kfunc, const struct scx_callback_info *info)
{
	snprintf(refused, sizeof(refused), "%s in %s", kfunc, info->op);
	machine_abort(SCXTWIN_EFAILED);
}

static void move_in_dequeue(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)t;
	(void)arg;
	if (op == SCXTWIN_OP_dequeue)
		scx_bpf_dsq_move_to_local(SAY_DSQ, 0);
}

static void slots_in_dequeue(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)t;
	(void)arg;
	if (op == SCXTWIN_OP_dequeue)
		scx_bpf_dispatch_nr_slots();
}

static void cust_38_no_insert_move_or_buffer_kfunc_inside(void **state)
{
	static void (*const looks[])(enum scxtwin_op op, struct task_struct *t, u64 arg) = {
		insert_in_dequeue, move_in_dequeue, slots_in_dequeue,
	};
	static const char *const names[] = { "dsq_insert", "move_to_local", "nr_slots" };
	u32 i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct lab_hold *q8;

		loaded();
		lab_wake(p);
		scx_set_api_error_handler(note_refusal);
		say.look = looks[i];
		refused[0] = '\0';
		q8 = lab_hold(AT_OP(RACE_OUT, "dequeue"));
		race_change(p);
		lab_release(q8);
		PROVES("CUST-38", strstr(refused, names[i]) && strstr(refused, "in dequeue"));
		race_stop(NULL);
	}
	race_start();
}

/* Trace E */
static void cust_29_change_wins_against_a_consumer(void **state)
{
	struct lab_hold *c7;

	(void)state;
	on_user_dsq();
	race_will_consume(RACE_Y, SAY_DSQ);
	c7 = lab_hold(AT_LOCK_RQ(RACE_Y, RACE_SRC));
	race_go(RACE_Y);
	assert_true(lab_held(c7));
	lab_set_nice(p, 5);
	PROVES("CUST-29", lab_called(p, "dequeue(0x20000000a) quiescent(0x20000000a) set_weight(33) runnable(0xa) enqueue(0xa)"));
	lab_release(c7);
	PROVES("CUST-29", lab_called(p, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(cust_29_change_of_a_waiting_task_in_custody, race_stop),
		cmocka_unit_test_teardown(cust_30_change_of_a_running_task, race_stop),
		cmocka_unit_test_teardown(cust_31_37_own_local_dsq, race_stop),
		cmocka_unit_test_teardown(cust_31_37_remote_local_dsq, race_stop),
		cmocka_unit_test_teardown(cust_31_37_global_dsq, race_stop),
		cmocka_unit_test_teardown(cust_31_37_move_to_local, race_stop),
		cmocka_unit_test_teardown(cust_31_37_move_to_local_of_a_remote_task, race_stop),
		cmocka_unit_test_teardown(cust_31_37_moves_from_an_iterator, race_stop),
		cmocka_unit_test_teardown(cust_37_fallback_of_a_dance, race_stop),
		cmocka_unit_test_teardown(cust_37_34_property_change, race_stop),
		cmocka_unit_test_teardown(cust_32_before_an_idle_cpu_is_woken, race_stop),
		cmocka_unit_test_teardown(cust_32_before_the_running_task_is_preempted, race_stop),
		SAY_TEST(cust_33_the_callback_may_iterate),
		cmocka_unit_test_teardown(cust_35_core_sched_pick, race_stop),
		cmocka_unit_test_teardown(cust_38_no_insert_move_or_buffer_kfunc_inside, race_stop),
		cmocka_unit_test_teardown(cust_29_change_wins_against_a_consumer, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
