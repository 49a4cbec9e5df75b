/* SPDX-License-Identifier: GPL-2.0-only */
/* What follows an insert into a local DSQ, and deferred work: spec 14.9, 14.10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *p, *q, *r, *w;

/* p on SAY_DSQ and q in the policy's hands, both of CPU 1, which is idle like all others. */
static void start_in(enum run_mode mode)
{
	lab_start(.cpus = 4, .mode = mode);
	lab_from(3);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	r = lab_task("r", .cpu = 1);
	w = lab_task("w", .cpu = 1);
	lab_load(&turn_ops);
	say.dsq = SAY_DSQ;
	lab_wake(p);
	say.dsq = 0;
	lab_wake(q);
	turn_forget();
	lab_forget();
}

static void start(void)
{
	start_in(RUN_TIMED);
}

static void run_r_on_cpu_1(void)
{
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = NSEC_PER_SEC;
	lab_wake(r);
	say.dsq = say.slice = 0;
	assert_true(lab_runs(r));
	turn_forget();
	lab_forget();
}

static void run_on(int cpu, turn_fn fn)
{
	turn(cpu, fn);
	lab_kick(cpu, 0);
}

/* From outside, so that nothing but the insert itself can make CPU 1 look at its queue. */
static void move_p_to_its_cpu(void *arg)
{
	const u64 *flags = arg;
	struct bpf_iter_scx_dsq it;

	PROVES("PST-02", bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0) == 0);
	PROVES("PST-02", scx_bpf_dsq_move(&it, p, SCX_DSQ_LOCAL_ON | 1, *flags));
	bpf_iter_scx_dsq_destroy(&it);
}

static void move_p(u64 flags)
{
	static u64 f;

	f = flags;
	lab_outside(move_p_to_its_cpu, &f);
}

/* ---- in this order */

static const struct sched_class *next_class_at_dequeue;
static bool resched_at_dequeue;
static u64 flags_at_dequeue;

static void note_state(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	if (op != SCXTWIN_OP_dequeue || subject != p)
		return;
	flags_at_dequeue = arg;
	next_class_at_dequeue = cpu_rq(1)->next_class;
	resched_at_dequeue = cpu_rq(1)->curr->need_resched;
}

static void pst_01_custody_ends_before_the_cpu_is_claimed(void **state)
{
	(void)state;
	start();
	say.look = note_state;
	flags_at_dequeue = 99;
	move_p(0);
	PROVES("PST-01", flags_at_dequeue == 0);
	PROVES("PST-01", next_class_at_dequeue == &idle_sched_class && !resched_at_dequeue);
	PROVES("PST-02 RESCHED-02", lab_runs(p) && task_cpu(p) == 1 && turn_count(1) == 0);
	PROVES("PST-02", lab_called(p, "dequeue(0x0) running@1"));
}

static void pst_02_next_class_becomes_ext(void **state)
{
	struct lab_hold *ipi;

	(void)state;
	start_in(RUN_EXPLORED);
	ipi = lab_hold(.cpu = 1, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	assert_ptr_equal(cpu_rq(1)->next_class, &idle_sched_class);
	move_p(0);
	assert_true(lab_held(ipi));	/* on its way to the pick */
	PROVES("PST-02", cpu_rq(1)->next_class == &ext_sched_class && cpu_rq(1)->idle->need_resched);
	lab_release(ipi);
}

static void fill_own_queue_and_extend(struct task_struct *prev)
{
	prev->scx.slice = 5 * MS;
	scx_bpf_dsq_insert(q, SCX_DSQ_LOCAL, 0, SCX_ENQ_PREEMPT);
}

static void pst_03_a_dispatching_cpu_preempts_nobody(void **state)
{
	(void)state;
	start();
	run_r_on_cpu_1();
	r->scx.slice = 0;
	run_on(1, fill_own_queue_and_extend);
	PROVES("PST-03 RESCHED-05", lab_runs(r) && r->scx.slice == 5 * MS && !r->need_resched);
	PROVES("PST-03", turn_queue_is(lab_local(1), "q"));
}

static void request_slice_of_r(void *arg)
{
	(void)arg;
	scx_bpf_task_set_slice(r, 4 * MS);
	PROVES("PST-04", r->scx.slice_oob);
}

static u64 slice_at_stopping, request_at_stopping;

static void note_slice_of_r(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_stopping || subject != r)
		return;
	slice_at_stopping = r->scx.slice;
	request_at_stopping = r->scx.slice_oob;
}

static void pst_04_preempt_ends_the_current_slice(void **state)
{
	(void)state;
	start();
	run_r_on_cpu_1();
	lab_run(300 * US);	/* away from the tick, which would apply the request */
	lab_outside(request_slice_of_r, NULL);	/* would give r a slice again */
	say.look = note_slice_of_r;
	slice_at_stopping = 99;
	assert_true(r->scx.slice_oob);
	lab_forget();
	move_p(SCX_ENQ_PREEMPT);
	PROVES("PST-04 RESCHED-04", lab_runs(p) && slice_at_stopping == 0 && request_at_stopping == 0);
	PROVES("PST-04", lab_called(r, "stopping(1) enqueue(0x0)"));
}

static void pst_05_a_protected_slice_is_not_taken(void **state)
{
	(void)state;
	start();
	run_r_on_cpu_1();
	r->scx.flags |= SCX_TASK_PROTECTED;
	move_p(SCX_ENQ_PREEMPT);
	PROVES("PST-05", lab_count(SCX_EV_SLICE_DENIED) == 1);
	PROVES("PST-05", lab_runs(r) && r->scx.slice > 0 && !r->need_resched);
	PROVES("PST-05 PST-07", turn_queue_is(lab_local(1), "p"));
	r->scx.flags &= ~SCX_TASK_PROTECTED;
}

static void pst_06_without_preempt_a_busy_cpu_is_left_alone(void **state)
{
	const u64 passes[] = { 0, SCX_ENQ_HEAD };
	int i;

	for (i = 0; i < 2; i++) {
		u64 sync;

		start();
		run_r_on_cpu_1();
		say.dsq = SCX_DSQ_LOCAL;
		lab_set_nice(q, 1);
		assert_true(turn_queue_is(lab_local(1), "q"));
		sync = cpu_rq(1)->scx.kick_sync;
		move_p(passes[i]);
		PROVES("PST-06 PST-07", lab_runs(r) && !r->need_resched && cpu_rq(1)->scx.kick_sync == sync);
		PROVES("PST-07", turn_queue_is(lab_local(1), i ? "p q" : "q p"));
		PROVES("PST-06", r->scx.slice > 0);
		lab_stop(state);
		turn_nothing(state);
	}
}

static void pst_08_preempt_means_nothing_to_a_higher_class(void **state)
{
	struct task_struct *rt;

	(void)state;
	start();
	run_r_on_cpu_1();
	rt = lab_task("rt", .cpu = 1, .cpus = 2, .policy = SCHED_FIFO);
	lab_wake(rt);
	assert_true(lab_runs(rt) && turn_queue_is(lab_local(1), "r"));
	lab_forget();
	move_p(SCX_ENQ_PREEMPT);
	PROVES("PST-08 RESCHED-05", lab_runs(rt) && !rt->need_resched && turn_queue_is(lab_local(1), "p r"));
	PROVES("PST-08", r->scx.slice > 900 * MS && lab_called(r, ""));
	lab_block(rt);
	PROVES("PST-08", lab_runs(p));
}

/* ---- when deferred work is done */

static void ask_for_deferred_work(void *arg)
{
	struct rq *rq = cpu_rq(1);
	const struct irq_work *work = &rq->scx.deferred_irq_work;
	u64 irq;

	(void)arg;
	raw_spin_rq_lock_irqsave(rq, &irq);
	rq->scx.flags |= SCX_RQ_IN_WAKEUP | SCX_RQ_IN_DISPATCH;
	scx_schedule_deferred_locked(rq);
	PROVES("DEF-01", !work->pending && !(rq->scx.flags & SCX_RQ_BAL_CB_PENDING));
	rq->scx.flags &= ~SCX_RQ_IN_WAKEUP;
	scx_schedule_deferred_locked(rq);
	PROVES("DEF-01", !work->pending && rq->scx.flags & SCX_RQ_BAL_CB_PENDING);
	rq->scx.flags &= ~SCX_RQ_IN_DISPATCH;
	scx_schedule_deferred_locked(rq);
	PROVES("DEF-01", !work->pending);	/* the callback will do it */
	rq->scx.flags &= ~SCX_RQ_BAL_CB_PENDING;
	scx_schedule_deferred_locked(rq);
	PROVES("DEF-01", work->pending);
	raw_spin_rq_unlock_irqrestore(rq, irq);
}

static void def_01_who_will_do_the_deferred_work(void **state)
{
	(void)state;
	start();
	lab_outside(ask_for_deferred_work, NULL);
	PROVES("DEF-01", !cpu_rq(1)->scx.deferred_irq_work.pending);
}

static void reenqueue_cpu_1(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SCX_DSQ_LOCAL_ON | 1, 0);
}

static bool in_interrupt, holds_lock;

static void note_context(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)subject;
	if (op != SCXTWIN_OP_enqueue || !(arg & SCX_ENQ_REENQ))
		return;
	in_interrupt = in_hardirq();
	holds_lock = turn_holds_rq(1);
}

static void def_02_work_asked_for_without_the_lock_is_done_by_interrupt_there(void **state)
{
	(void)state;
	start();
	run_r_on_cpu_1();
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(q, 1);
	say.dsq = 0;
	say.look = note_context;
	lab_forget();
	lab_outside(reenqueue_cpu_1, NULL);
	PROVES("DEF-02", lab_called(q, "enqueue(0x10000000000)@1"));
	PROVES("DEF-02", in_interrupt && holds_lock && lab_runs(r));
}

static void reenqueue_own(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(q, SCX_DSQ_LOCAL, 0, 0);
	scx_bpf_dsq_move_to_local(SAY_DSQ, 0);
	scx_bpf_dsq_reenq(SCX_DSQ_LOCAL, 0);
	PROVES("DEF-03 DEF-01", cpu_rq(1)->scx.flags & SCX_RQ_BAL_CB_PENDING);
	PROVES("DEF-03", !cpu_rq(1)->scx.deferred_irq_work.pending);
}

static struct lab_hold *unlock;

static void watch_unlocks_from_running(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	note_context(op, subject, arg);
	if (op == SCXTWIN_OP_running && subject == q)
		unlock = lab_hold(.cpu = 1, .label = "rq", .kinds = LAB_KIND(YIELD_UNLOCK),
				  .obj = &cpu_rq(1)->__lock);
}

static void def_03_a_final_pick_does_the_work_as_balance_callback(void **state)
{
	(void)state;
	start_in(RUN_EXPLORED);
	say.look = watch_unlocks_from_running;
	in_interrupt = true;
	run_on(1, reenqueue_own);
	assert_true(lab_held(unlock));
	PROVES("DEF-03 DEF-04", !in_interrupt && holds_lock);
	/* The lock has not been dropped since q was made to run. */
	PROVES("DEF-04", lab_called(NULL, "dispatch q:dequeue p:dequeue q:running p:enqueue(0x10000000000)"));
	PROVES("DEF-03", !(cpu_rq(1)->scx.flags & SCX_RQ_BAL_CB_PENDING));
	lab_release(unlock);
	PROVES("DEF-03", lab_runs(q) && scx_opss_state(lab_word(p)) == SCX_OPSS_QUEUED);
}

static void reenqueue_own_and_drop_the_lock(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_move_to_local(SAY_DSQ, 0);	/* p */
	scx_bpf_dsq_reenq(SCX_DSQ_LOCAL, 0);
	scx_bpf_dsq_insert(q, SCX_DSQ_LOCAL_ON | 2, 0, 0);
}

static void def_03_a_pick_that_retries_leaves_it_to_the_interrupt(void **state)
{
	struct task_struct *rt;
	struct lab_hold *dst;

	(void)state;
	start_in(RUN_EXPLORED);
	rt = lab_task("rt", .cpu = 1, .cpus = 2, .policy = SCHED_FIFO);
	dst = lab_hold(.cpu = 1, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(2)->__lock);
	say.look = note_context;
	in_interrupt = false;
	run_on(1, reenqueue_own_and_drop_the_lock);
	assert_true(lab_held(dst));
	lab_wake(rt);	/* while rq 1 is free */
	lab_forget();
	lab_release(dst);
	PROVES("DEF-03", lab_runs(rt) && lab_called(p, "enqueue(0x10000000000)@1") && in_interrupt);
}

static void ask_for_everything(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_enqueue || subject != w)
		return;
	scx_bpf_dsq_reenq(SAY_DSQ, 0);
	scx_bpf_dsq_reenq(SCX_DSQ_LOCAL, 0);
}

static void def_05_locals_then_local_dsq_then_user_dsqs(void **state)
{
	(void)state;
	start();
	run_r_on_cpu_1();
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_nice(q, 1);	/* behind r */
	lab_forget();
	lab_from(1);		/* where requests for user DSQs are noted */
	say.look = ask_for_everything;
	say.dsq = SCX_DSQ_LOCAL_ON | 0;
	say.reenq_dsq = SAY_OTHER_DSQ;
	lab_wake(w);
	/* the event says that w has arrived on CPU 0, which was not the one selected */
	PROVES("DEF-05", lab_happened(NULL, "w:select_cpu w:enqueue ... +SELECT_CPU_FALLBACK "
					    "q:enqueue(0x10000000000) ... p:enqueue(0x10000000000) ..."));
	PROVES("DEF-05", lab_runs(w) && turn_queue_is(lab_user_dsq(SAY_OTHER_DSQ), "q p"));
}

static void def_06_deferred_work_drops_the_lock(void **state)
{
	struct lab_hold *dst;

	(void)state;
	start_in(RUN_EXPLORED);
	dst = lab_hold(.cpu = 3, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(0)->__lock);
	say.dsq = SCX_DSQ_LOCAL_ON | 0;
	lab_wake(r);
	assert_true(lab_held(dst));
	PROVES("DEF-06", !cpu_rq(1)->__lock.owner && task_cpu(r) == 0);
	lab_release(dst);
	PROVES("DEF-06", lab_runs(r) && task_cpu(r) == 0);
}

static void def_07_a_later_wakeup_of_the_rq_does_the_work_first(void **state)
{
	struct lab_hold *work;

	(void)state;
	start_in(RUN_EXPLORED);
	work = lab_hold(.cpu = 1, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	say.dsq = SCX_DSQ_LOCAL_ON | 0;
	lab_set_nice(q, 1);	/* deferred, handed to the interrupt of CPU 1 */
	assert_true(lab_held(work));
	assert_true(task_cpu(q) == 1 && !list_empty(&q->scx.dsq_list.node));
	say.dsq = 0;
	lab_wake(r);		/* another task of rq 1, woken by CPU 3 */
	PROVES("DEF-07", lab_runs(q) && task_cpu(q) == 0);
	lab_forget();
	lab_release(work);
	PROVES("DEF-07", lab_called(q, "") && lab_runs(q));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(pst_01_custody_ends_before_the_cpu_is_claimed),
		TEST(pst_02_next_class_becomes_ext),
		TEST(pst_03_a_dispatching_cpu_preempts_nobody),
		TEST(pst_04_preempt_ends_the_current_slice),
		TEST(pst_05_a_protected_slice_is_not_taken),
		TEST(pst_06_without_preempt_a_busy_cpu_is_left_alone),
		TEST(pst_08_preempt_means_nothing_to_a_higher_class),
		TEST(def_01_who_will_do_the_deferred_work),
		TEST(def_02_work_asked_for_without_the_lock_is_done_by_interrupt_there),
		TEST(def_03_a_final_pick_does_the_work_as_balance_callback),
		TEST(def_03_a_pick_that_retries_leaves_it_to_the_interrupt),
		TEST(def_05_locals_then_local_dsq_then_user_dsqs),
		TEST(def_06_deferred_work_drops_the_lock),
		TEST(def_07_a_later_wakeup_of_the_rq_does_the_work_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
