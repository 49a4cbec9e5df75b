/* SPDX-License-Identifier: GPL-2.0-only */
/* The worked traces of spec 14.16 from their first to their last line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *p, *q, *r;

/* The state of the task as its callbacks begin. */
static struct seen {
	u64 word, slice;
	int cpu;
	s32 holding_cpu;
	bool custody;
	struct scx_dispatch_q *dsq;
} at_enqueue, at_dequeue, at_running;

static void note(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	struct seen *seen = op == SCXTWIN_OP_enqueue ? &at_enqueue :
			    op == SCXTWIN_OP_dequeue ? &at_dequeue :
			    op == SCXTWIN_OP_running ? &at_running : NULL;

	(void)arg;
	if (!seen || (subject != p && subject != q))
		return;
	*seen = (struct seen){
		.word = lab_word(subject), .slice = subject->scx.slice, .cpu = task_cpu(subject),
		.holding_cpu = subject->scx.holding_cpu,
		.custody = subject->scx.flags & SCX_TASK_IN_CUSTODY, .dsq = subject->scx.dsq,
	};
}

static void load(void)
{
	turn_ops.runnable = say_ops.runnable;
	turn_ops.quiescent = say_ops.quiescent;
	turn_ops.set_weight = say_ops.set_weight;
	lab_load(&turn_ops);
}

static void run_on(int cpu, struct task_struct *t, u64 slice)
{
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = slice;
	lab_from(cpu);
	lab_wake(t);
	say.dsq = say.slice = 0;
	assert_true(lab_runs(t) && task_cpu(t) == cpu);
}

static void begin(void)
{
	say.look = note;
	turn_forget();
	lab_forget();
}

/* ---- A: wakeup, the scheduler's own queue, remote dispatch */

static void give_p_5_ms(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-09 OPSS-23", lab_word(p) == (1 << 2 | SCX_OPSS_QUEUED) && p->scx.flags & SCX_TASK_IN_CUSTODY);
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 5 * MS, 0);
	PROVES("OPSS-24 DSP-09", turn_buffer()->buf[0].qseq == 4);
}

static struct lab_hold *hold_lock(int cpu, int rq)
{
	return lab_hold(.cpu = cpu, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(rq)->__lock);
}

static void dsp_30_trace_a_wakeup_scheduler_queue_remote_dispatch(void **state)
{
	struct lab_hold *src, *dst;

	(void)state;
	lab_start(.cpus = 3, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1, .cpus = 3);
	r = lab_task("r", .cpu = 1);
	load();
	run_on(1, r, NSEC_PER_SEC);
	lab_from(2);
	begin();
	lab_wake(p);					/* 1, 2 */
	PROVES("CB-03", lab_called(p, "select_cpu(1,0x8) runnable(0x100009) enqueue(0x100009)"));
	PROVES("OPSS-08", at_enqueue.word == (4 | SCX_OPSS_QUEUEING));
	PROVES("OPSS-08 CUST-03", lab_word(p) == (4 | SCX_OPSS_QUEUED) && p->scx.flags & SCX_TASK_IN_CUSTODY);

	src = hold_lock(0, 1);
	turn(0, give_p_5_ms);				/* 3 */
	lab_kick(0, 0);
	assert_true(lab_held(src));			/* 4 */
	PROVES("DSP-25", p->scx.holding_cpu == 0 && lab_word(p) == SCX_OPSS_NONE);
	dst = hold_lock(0, 0);
	lab_release(src);
	assert_true(lab_held(dst));			/* 5 */
	PROVES("DSP-37 DSP-30", p->scx.sticky_cpu == 0 && p->on_rq == TASK_ON_RQ_MIGRATING && task_cpu(p) == 0);
	PROVES("DSP-30", p->scx.slice == 5 * MS);
	lab_release(dst);
	PROVES("PST-01", !at_dequeue.custody && at_dequeue.dsq == lab_local(0) && at_dequeue.word == 0);
	PROVES("DSP-31 PST-02 PST-03", lab_runs(p) && !cpu_rq(0)->idle->need_resched);
	PROVES("DSP-05", scx_pcpu(scx_root, 0)->dsp_ctx.nr_tasks == 1);	/* 6 */
	PROVES("ONE-05 DSP-30", lab_called(NULL, "dispatch(0,-)@0 p:dequeue(0x0)@0 p:running@0"));
}

/* ---- B: end of a slice, user DSQ, remote consume */

static void pull_q(struct task_struct *prev)
{
	PROVES("LOOP-05", prev == r && r->scx.slice == 0);
	PROVES("CON-05 CON-16", scx_bpf_dsq_move_to_local(SAY_DSQ, 0));
	PROVES("CON-16", turn_buffer()->nr_tasks == 1);
	PROVES("CON-09", q->scx.dsq == lab_local(0) && r->scx.slice == 0);
}

static void con_09_trace_b_slice_end_user_dsq_remote_consume(void **state)
{
	(void)state;
	lab_start(.cpus = 3);
	q = lab_task("q", .cpu = 1);
	r = lab_task("r", .cpu = 0);
	p = NULL;
	load();
	run_on(0, r, 3 * MS);
	say.dsq = SAY_DSQ;
	lab_from(2);
	lab_wake(q);
	say.dsq = 0;
	PROVES("OPSS-11", lab_word(q) == SCX_OPSS_NONE && q->scx.flags & SCX_TASK_IN_CUSTODY);
	begin();
	turn(0, pull_q);
	lab_run(10 * MS);
	PROVES("CON-09 PICK-11 PUT-09", lab_called(NULL, "dispatch(0,r)@0 q:dequeue(0x0)@0 r:stopping(1)@0 "
							"r:enqueue(0x0)@0 q:running@0"));
	PROVES("LOOP-07", lab_runs(q) && task_cpu(q) == 0 && turn_count(0) == 1);
}

/* ---- C: deferred direct dispatch */

static void dd_09_trace_c_deferred_direct_dispatch(void **state)
{
	struct lab_hold *woken, *word;

	(void)state;
	lab_start(.cpus = 3, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	r = lab_task("r", .cpu = 1);
	load();
	run_on(1, r, NSEC_PER_SEC);
	lab_from(2);
	begin();
	say.dsq = SCX_DSQ_LOCAL_ON | 0;
	say.slice = 3 * MS;
	woken = lab_hold(.cpu = 2, .label = "p->__state", .obj = &p->__state, .kinds = LAB_KIND(YIELD_WRITE),
			 .skip = 1);
	lab_wake(p);
	assert_true(lab_held(woken));			/* 1 */
	PROVES("DD-09 DEF-01", lab_word(p) == SCX_OPSS_NONE && !(p->scx.flags & SCX_TASK_IN_CUSTODY));
	PROVES("DD-09 DEF-01", cpu_rq(1)->scx.ddsp_deferred_locals.next == &p->scx.dsq_list.node);
	PROVES("DEF-01", !cpu_rq(1)->scx.deferred_irq_work.pending);
	word = lab_hold(.cpu = 2, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->scx.ops_state);
	lab_release(woken);
	assert_true(lab_held(word));			/* 2 */
	PROVES("DD-13 DSP-25", p->scx.holding_cpu == 2 && p->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	lab_release(word);
	PROVES("DD-09 PST-02", lab_called(NULL, "p:select_cpu p:runnable p:enqueue(0x100009)@2 p:running@0"));	/* 3 */
	PROVES("DSP-30", at_running.slice == 3 * MS && at_running.cpu == 0);
	PROVES("DSP-32", !cpu_rq(0)->__lock.owner && !cpu_rq(1)->__lock.owner);
}

/* ---- D: SCX_OPS_ENQ_LAST */

static void start_d(u64 dsq)
{
	turn_ops.flags |= SCX_OPS_ENQ_LAST;
	turn_ops.update_idle = say_update_idle;
	turn_ops.flags |= SCX_OPS_KEEP_BUILTIN_IDLE;
	lab_start(.cpus = 2);
	r = lab_task("r", .cpu = 0);
	p = q = NULL;
	load();
	run_on(0, r, 3 * MS);
	begin();
	say.dsq = dsq;
	lab_run(6 * MS);
}

static void one_06_trace_d_last_task_put_back_on_the_local_dsq(void **state)
{
	(void)state;
	start_d(SCX_DSQ_LOCAL);
	PROVES("ONE-06 PUT-07 PUT-08 TICK-15 RESCHED-13", lab_called(NULL, "dispatch(0,r) r:stopping(1) r:enqueue(0x20000000000) "
							"update_idle(0,1) update_idle(0,0) r:running"));
	PROVES("ONE-04", lab_runs(r) && turn_count(0) == 1);
}

static void give_r(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(r, SCX_DSQ_LOCAL, 3 * MS, 0);
}

static void one_06_trace_d_last_task_kept_by_the_scheduler(void **state)
{
	(void)state;
	start_d(0);
	PROVES("ONE-06 PUT-07", lab_called(NULL, "dispatch(0,r) r:stopping(1) r:enqueue(0x20000000000) "
						 "update_idle(0,1)"));
	lab_run(NSEC_PER_SEC);
	PROVES("ONE-06 TICK-16", rq_is_idle(cpu_rq(0)) && r->scx.flags & SCX_TASK_IN_CUSTODY && turn_count(0) == 1);
	turn(0, give_r);
	lab_from(1);
	lab_kick(0, 0);
	PROVES("ONE-06", lab_runs(r));
}

/* ---- E: SCX_ENQ_PREEMPT */

static void insert_p_preempting(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_enqueue && subject == p)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 2 * MS, SCX_ENQ_PREEMPT);
}

static void pst_04_trace_e_preempting_insert(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	r = lab_task("r", .cpu = 1);
	load();
	run_on(1, r, 8 * MS);
	lab_from(0);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(q);
	say.dsq = 0;
	assert_true(turn_queue_is(lab_local(1), "q"));
	begin();
	say.look = insert_p_preempting;
	lab_wake(p);
	PROVES("PST-04 ONE-04", lab_called(NULL, "p:select_cpu p:runnable p:enqueue(0x100009)@0 r:stopping(1)@1 "
						 "r:enqueue(0x0)@1 p:running@1"));
	PROVES("PST-04", lab_runs(p) && p->scx.slice == 2 * MS && turn_queue_is(lab_local(1), "q"));
	PROVES("ONE-04", turn_count(1) == 0);
}

/* ---- F: a stale entry */

static void give_p_and_stay(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 5 * MS, 0);
	PROVES("OPSS-24", turn_buffer()->buf[0].qseq == 4);
	scx_bpf_dispatch_nr_slots();	/* held here */
}

static void fin_03_trace_f_stale_entry(void **state)
{
	struct lab_hold *inserted;

	(void)state;
	lab_start(.cpus = 3, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	q = NULL;
	load();
	lab_from(2);
	lab_wake(p);
	assert_int_equal(lab_word(p), 4 | SCX_OPSS_QUEUED);
	begin();
	inserted = lab_hold(.cpu = 0, .label = "scx_bpf_dispatch_nr_slots");
	turn(0, give_p_and_stay);
	lab_kick(0, 0);
	assert_true(lab_held(inserted));
	lab_set_nice(p, 3);
	PROVES("CUST-29 CB-09", lab_called(p, "dequeue(0x20000000a)@2 quiescent(0x20000000a)@2 set_weight@2 "
					      "runnable(0xa)@2 enqueue(0xa)@2"));
	PROVES("OPSS-06", lab_word(p) == (8 | SCX_OPSS_QUEUED));
	lab_release(inserted);
	PROVES("FIN-03 DSP-06", lab_word(p) == (8 | SCX_OPSS_QUEUED) && lab_called(p, ""));
	PROVES("LOOP-10 DSP-06", turn_count(0) == 2 && rq_is_idle(cpu_rq(0)));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(dsp_30_trace_a_wakeup_scheduler_queue_remote_dispatch),
		TEST(con_09_trace_b_slice_end_user_dsq_remote_consume),
		TEST(dd_09_trace_c_deferred_direct_dispatch),
		TEST(one_06_trace_d_last_task_put_back_on_the_local_dsq),
		TEST(one_06_trace_d_last_task_kept_by_the_scheduler),
		TEST(pst_04_trace_e_preempting_insert),
		TEST(fin_03_trace_f_stale_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
