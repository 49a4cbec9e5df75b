/* SPDX-License-Identifier: GPL-2.0-only */
/* The dispatch buffer and the places from which it may be filled: spec 14.1, 14.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *a, *b, *c;

/* Three tasks in the policy's hands, all of CPU 0, which is idle. */
static void start_in(enum run_mode mode)
{
	lab_start(.cpus = 2, .mode = mode);
	lab_from(1);
	a = lab_task("a", .cpu = 0);
	b = lab_task("b", .cpu = 0);
	c = lab_task("c", .cpu = 0);
	lab_load(&turn_ops);
	lab_wake(a);
	lab_wake(b);
	lab_wake(c);
	turn_forget();
	lab_forget();
}

static void start(void)
{
	start_in(RUN_TIMED);
}

static void run_on_cpu_0(turn_fn fn)
{
	turn(0, fn);
	lab_kick(0, 0);
}

/* ---- size */

static u32 slots_wanted;

static void count_slots(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-01 DSP-02", scx_bpf_dispatch_nr_slots() == slots_wanted);
}

static void dsp_01_batch_size_is_32_by_default(void **state)
{
	(void)state;
	start();
	slots_wanted = 32;
	run_on_cpu_0(count_slots);
	assert_int_equal(turn_count(0), 1);
}

static void dsp_01_batch_size_is_what_the_scheduler_says(void **state)
{
	(void)state;
	turn_ops.dispatch_max_batch = 7;
	start();
	slots_wanted = 7;
	run_on_cpu_0(count_slots);
	assert_int_equal(turn_count(0), 1);
}

static bool asked_while_other_cpu_holds_entries;

static void fill_two_and_stay(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
	scx_bpf_dsq_insert(b, SCX_DSQ_LOCAL, 0, 0);
	PROVES("DSP-02", scx_bpf_dispatch_nr_slots() == 30);	/* held here */
}

static void count_slots_of_the_other_cpu(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-01", scx_bpf_dispatch_nr_slots() == 32);
	asked_while_other_cpu_holds_entries = true;
}

static void dsp_01_each_cpu_has_its_own_buffer(void **state)
{
	struct lab_hold *inside;

	(void)state;
	start_in(RUN_EXPLORED);
	asked_while_other_cpu_holds_entries = false;
	inside = lab_hold(.cpu = 0, .label = "scx_bpf_dispatch_nr_slots");
	run_on_cpu_0(fill_two_and_stay);
	assert_true(lab_held(inside));
	turn(1, count_slots_of_the_other_cpu);
	lab_kick(1, 0);
	assert_true(asked_while_other_cpu_holds_entries);
	lab_release(inside);
	PROVES("DSP-01", lab_runs(a) && turn_queue_is(lab_local(0), "b"));
}

/* ---- slots, cancel, overflow */

static void insert_and_cancel(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-02", scx_bpf_dispatch_nr_slots() == 32);
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
	PROVES("DSP-02", scx_bpf_dispatch_nr_slots() == 31);
	scx_bpf_dsq_insert(b, SCX_DSQ_LOCAL, 0, 0);
	PROVES("DSP-02", scx_bpf_dispatch_nr_slots() == 30);
	scx_bpf_dispatch_cancel();
	PROVES("DSP-02 DSP-03", scx_bpf_dispatch_nr_slots() == 31);
	scx_bpf_dsq_insert(c, SCX_DSQ_LOCAL, 0, 0);
	PROVES("DSP-02", scx_bpf_dispatch_nr_slots() == 30);
}

static void dsp_03_cancel_drops_the_newest_entry(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(insert_and_cancel);
	PROVES("DSP-03", lab_runs(a));
	PROVES("DSP-03", turn_queue_is(lab_local(0), "c"));
	PROVES("DSP-03", scx_opss_state(lab_word(b)) == SCX_OPSS_QUEUED);
}

static void cancel_nothing(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dispatch_cancel();
	PROVES("DSP-03", turn_buffer()->cursor == 0);
}

static void dsp_03_cancel_of_nothing_is_an_error(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(cancel_nothing);
	PROVES("DSP-03", lab_exited(SCX_EXIT_ERROR, "dispatch buffer underflow"));
}

static void insert_one_too_many(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-11", scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0));
	PROVES("DSP-11", scx_bpf_dsq_insert(b, SCX_DSQ_LOCAL, 0, 0));
	PROVES("DSP-04", READ_ONCE(scx_root->exit_kind) == SCX_EXIT_NONE);
	PROVES("DSP-04 DSP-11", scx_bpf_dsq_insert(c, SCX_DSQ_LOCAL, 0, 0));
	PROVES("DSP-04", READ_ONCE(scx_root->exit_kind) == SCX_EXIT_ERROR);
	PROVES("DSP-04", turn_buffer()->cursor == 2);
}

static void dsp_04_overflow_is_an_error_and_stores_nothing(void **state)
{
	(void)state;
	turn_ops.dispatch_max_batch = 2;
	start();
	run_on_cpu_0(insert_one_too_many);
	PROVES("DSP-04", lab_exited(SCX_EXIT_ERROR, "dispatch buffer overflow"));
	PROVES("DSP-04", lab_called(c, "... dequeue ..."));	/* custody ended by the cycle */
}

/* ---- flush */

static void insert_three(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(b, SCX_DSQ_LOCAL, 0, 0);
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
	scx_bpf_dsq_insert(c, SCX_DSQ_LOCAL, 0, 0);
	PROVES("DSP-05", turn_buffer()->nr_tasks == 0 && turn_buffer()->cursor == 3);
}

static void dsp_05_flush_delivers_in_order_and_counts(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(insert_three);
	PROVES("DSP-05", lab_called(NULL, "dispatch(0,-) b:dequeue(0x0) a:dequeue(0x0) c:dequeue(0x0) b:running"));
	PROVES("DSP-05", turn_queue_is(lab_local(0), "a c"));
	PROVES("DSP-05", scx_pcpu(scx_root, 0)->dsp_ctx.nr_tasks == 3);
	PROVES("DSP-05", scx_pcpu(scx_root, 0)->dsp_ctx.cursor == 0);
}

static void insert_stale(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SAY_OTHER_DSQ, 0, 0);	/* on SAY_DSQ: brand 0 */
}

static void dsp_06_dropped_entries_count_like_delivered_ones(void **state)
{
	(void)state;
	say.dsq = SAY_DSQ;
	start();
	run_on_cpu_0(insert_stale);
	PROVES("DSP-06", a->scx.dsq == lab_user_dsq(SAY_DSQ));
	PROVES("DSP-06", turn_count(0) == 2);	/* something was counted, so the loop went round */
}

static void count_after_a_flush(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SAY_DSQ, 0, 0);
	scx_bpf_dsq_insert(a, SAY_OTHER_DSQ, 0, 0);
	PROVES("DSP-07", !scx_bpf_dsq_move_to_local(SAY_OTHER_DSQ, 0));
	PROVES("DSP-05 DSP-06", turn_buffer()->nr_tasks == 2 && turn_buffer()->cursor == 0);
	PROVES("DSP-06", a->scx.dsq == lab_user_dsq(SAY_DSQ));
}

static void dsp_06_second_entry_of_a_task_is_dropped_and_counted(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(count_after_a_flush);
	assert_int_equal(turn_count(0), 2);
}

static void do_everything_but_flush(struct task_struct *prev)
{
	struct bpf_iter_scx_dsq it;

	(void)prev;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
	scx_bpf_dispatch_nr_slots();
	scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL);
	scx_bpf_kick_cpu(1, 0);
	scx_bpf_dsq_reenq(SAY_DSQ, 0);
	PROVES("DSP-07", bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0) == 0);
	PROVES("DSP-07", bpf_iter_scx_dsq_next(&it) == c);
	PROVES("DSP-07", scx_bpf_dsq_move(&it, c, SAY_OTHER_DSQ, 0));
	bpf_iter_scx_dsq_destroy(&it);
	PROVES("DSP-07", turn_buffer()->cursor == 1);
	PROVES("DSP-07", scx_opss_state(lab_word(a)) == SCX_OPSS_QUEUED && !lab_local(0)->nr);
	scx_bpf_dsq_move_to_local(SAY_DSQ, 0);
	PROVES("DSP-07", turn_buffer()->cursor == 0);
	PROVES("DSP-07", turn_queue_is(lab_local(0), "a"));
	scx_bpf_dsq_insert(b, SCX_DSQ_LOCAL, 0, 0);
	PROVES("DSP-07", scx_opss_state(lab_word(b)) == SCX_OPSS_QUEUED);
}

static void dsp_07_only_move_to_local_and_the_end_of_dispatch_flush(void **state)
{
	(void)state;
	start();
	say.dsq = SAY_DSQ;
	lab_set_nice(c, 1);	/* enqueued again, now onto the DSQ */
	turn_forget();
	run_on_cpu_0(do_everything_but_flush);
	PROVES("DSP-07", lab_runs(a) && turn_queue_is(lab_local(0), "b"));
	assert_int_equal(turn_count(0), 1);
}

static void cancel_behind_a_flush(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
	scx_bpf_dsq_move_to_local(SAY_DSQ, 0);
	scx_bpf_dsq_insert(b, SCX_DSQ_LOCAL, 0, 0);
	scx_bpf_dispatch_cancel();
	PROVES("DSP-08", READ_ONCE(scx_root->exit_kind) == SCX_EXIT_NONE);
	PROVES("DSP-08", turn_queue_is(lab_local(0), "a"));
	scx_bpf_dispatch_cancel();
	PROVES("DSP-08", READ_ONCE(scx_root->exit_kind) == SCX_EXIT_ERROR);
	PROVES("DSP-08", turn_queue_is(lab_local(0), "a"));
}

static void dsp_08_cancel_cannot_touch_what_was_flushed(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(cancel_behind_a_flush);
	PROVES("DSP-08", lab_exited(SCX_EXIT_ERROR, "dispatch buffer underflow"));
}

/* ---- verdict or buffer */

static void look_at_the_verdict(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_select_cpu && op != SCXTWIN_OP_enqueue)
		return;
	PROVES("DSP-09", this_rq()->scx.direct_dispatch_task == p);
	if (op == SCXTWIN_OP_select_cpu)
		return;
	PROVES("DSP-09", scx_bpf_dsq_insert(p, SAY_DSQ, 0, 0));
	PROVES("DSP-09", p->scx.ddsp_dsq_id == SAY_DSQ);
	PROVES("DSP-09", turn_buffer()->cursor == 0);
}

static void insert_into_the_buffer(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-09", !this_rq()->scx.direct_dispatch_task);
	PROVES("DSP-09", scx_bpf_dsq_insert(b, SCX_DSQ_LOCAL, 0, 0));
	PROVES("DSP-09", b->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	PROVES("DSP-09", turn_buffer()->cursor == 1);
}

static void dsp_09_the_marker_chooses_between_verdict_and_buffer(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(insert_into_the_buffer);
	lab_block(b);
	say.look = look_at_the_verdict;
	lab_wake(b);
	PROVES("DSP-09", b->scx.dsq == lab_user_dsq(SAY_DSQ));
}

/* ---- where which kfunc may be called */

static const char *refused;
static u32 asked_in;	/* ops that were tried */

static void note_refusal(const char *kfunc, const struct scx_callback_info *info)
{
	(void)info;
	refused = kfunc;
}

static bool is_refused_nr_slots(void)
{
	refused = NULL;
	return scx_bpf_dispatch_nr_slots() == 0 && refused;
}

static bool is_refused_cancel(void)
{
	refused = NULL;
	scx_bpf_dispatch_cancel();
	return refused;
}

static bool is_refused_move_to_local(void)
{
	refused = NULL;
	return !scx_bpf_dsq_move_to_local(SAY_DSQ, 0) && refused;
}

static void try_dispatch_kfuncs(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)p;
	(void)arg;
	asked_in |= 1U << op;
	if (op == SCXTWIN_OP_dispatch) {
		PROVES("DSP-10", !is_refused_nr_slots());
		scx_bpf_dsq_insert(a, SCX_DSQ_GLOBAL, 0, 0);
		PROVES("DSP-10", !is_refused_cancel());
		PROVES("DSP-10", !is_refused_move_to_local());
		return;
	}
	PROVES("DSP-10", is_refused_nr_slots());
	PROVES("DSP-10", is_refused_cancel());
	PROVES("DSP-10", is_refused_move_to_local());
}

static void dsp_10_dispatch_kfuncs_are_refused_everywhere_else(void **state)
{
	static const enum scxtwin_op reached[] = {
		SCXTWIN_OP_init, SCXTWIN_OP_init_task, SCXTWIN_OP_enable, SCXTWIN_OP_select_cpu,
		SCXTWIN_OP_enqueue, SCXTWIN_OP_dequeue, SCXTWIN_OP_dispatch, SCXTWIN_OP_tick,
		SCXTWIN_OP_runnable, SCXTWIN_OP_running, SCXTWIN_OP_stopping, SCXTWIN_OP_quiescent,
		SCXTWIN_OP_yield, SCXTWIN_OP_set_weight, SCXTWIN_OP_set_cpumask, SCXTWIN_OP_update_idle,
		SCXTWIN_OP_cpu_release, SCXTWIN_OP_cpu_acquire, SCXTWIN_OP_cpu_offline,
		SCXTWIN_OP_cpu_online, SCXTWIN_OP_disable, SCXTWIN_OP_exit_task,
	};
	struct sched_ext_ops ops = say_ops;
	struct task_struct *rt;
	size_t i;

	(void)state;
	ops.tick = say_tick;
	ops.yield = say_yield;
	ops.update_idle = say_update_idle;
	ops.flags |= SCX_OPS_KEEP_BUILTIN_IDLE;
	ops.cpu_release = say_cpu_release;
	ops.cpu_acquire = say_cpu_acquire;
	ops.cpu_online = say_cpu_online;
	ops.cpu_offline = say_cpu_offline;
	say.dsq = SAY_DSQ;
	say.pull = SAY_DSQ;
	lab_start(.cpus = 3);
	a = lab_task("a", .cpu = 0);
	b = lab_task("b", .cpu = 0);
	rt = lab_task("rt", .cpu = 0, .policy = SCHED_FIFO);
	scx_set_api_error_handler(note_refusal);
	say.look = try_dispatch_kfuncs;
	asked_in = 0;
	lab_load(&ops);
	lab_wake(a);
	lab_wake(b);
	lab_set_nice(b, 3);	/* quiescent, dequeue, set_weight */
	lab_set_cpus(a, 3);
	lab_run(30 * MS);	/* tick */
	lab_yield(lab_runs(a) ? a : b);
	lab_wake(rt);
	lab_block(rt);
	lab_offline(2);
	lab_online(2);
	lab_unload();
	for (i = 0; i < sizeof(reached) / sizeof(reached[0]); i++)
		if (!(asked_in & (1U << reached[i])))
			fail_msg("ops.%s was not reached", scxtwin_op_name(reached[i]));
	say.look = NULL;
}

/* ---- what an insert returns */

static void insert_nobody(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-11", !scx_bpf_dsq_insert(NULL, SCX_DSQ_LOCAL, 0, 0));
	PROVES("DSP-11", turn_buffer()->cursor == 0);
}

static void dsp_11_insert_of_nobody_is_an_error(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(insert_nobody);
	PROVES("DSP-11", lab_exited(SCX_EXIT_ERROR, "called with NULL task"));
}

static void insert_with_bad_flags(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-11", !scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, SCX_ENQ_CLEAR_OPSS));
	PROVES("DSP-11", turn_buffer()->cursor == 0);
	PROVES("DSP-11", !scx_bpf_dsq_insert_vtime(a, SAY_DSQ, 0, 0, SCX_ENQ_CLEAR_OPSS));
	PROVES("DSP-11", turn_buffer()->cursor == 0);
}

static void dsp_11_insert_refused_by_vetting_is_false(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(insert_with_bad_flags);
	PROVES("DSP-11", lab_exited(SCX_EXIT_ERROR, "invalid enq_flags"));
}

/* As a callback would that is still under way when its scheduler is gone. */
static void insert_without_scheduler(void *arg)
{
	struct scx_ctx *sc = scx_ctx();

	(void)arg;
	sc->op = SCXTWIN_OP_dispatch + 1;
	sc->kf_mask = SCX_KF_ENQUEUE;
	PROVES("DSP-11", !scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0));
	PROVES("DSP-11", !scx_bpf_dsq_insert_vtime(a, SAY_DSQ, 0, 0, 0));
	sc->op = 0;
	sc->kf_mask = 0;
}

static void dsp_11_insert_without_scheduler_is_false(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	a = lab_task("a", .cpu = 0);
	lab_outside(insert_without_scheduler, NULL);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(dsp_01_batch_size_is_32_by_default),
		TEST(dsp_01_batch_size_is_what_the_scheduler_says),
		TEST(dsp_01_each_cpu_has_its_own_buffer),
		TEST(dsp_03_cancel_drops_the_newest_entry),
		TEST(dsp_03_cancel_of_nothing_is_an_error),
		TEST(dsp_04_overflow_is_an_error_and_stores_nothing),
		TEST(dsp_05_flush_delivers_in_order_and_counts),
		TEST(dsp_06_dropped_entries_count_like_delivered_ones),
		TEST(dsp_06_second_entry_of_a_task_is_dropped_and_counted),
		TEST(dsp_07_only_move_to_local_and_the_end_of_dispatch_flush),
		TEST(dsp_08_cancel_cannot_touch_what_was_flushed),
		TEST(dsp_09_the_marker_chooses_between_verdict_and_buffer),
		TEST(dsp_10_dispatch_kfuncs_are_refused_everywhere_else),
		TEST(dsp_11_insert_of_nobody_is_an_error),
		TEST(dsp_11_insert_refused_by_vetting_is_false),
		TEST(dsp_11_insert_without_scheduler_is_false),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
