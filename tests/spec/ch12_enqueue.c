/* SPDX-License-Identifier: GPL-2.0-only */
/* Chapter 12, sections 2 to 4: what the core passes in, enqueue_task_scx(), the short cuts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/say.h"

#define WAKE_FLAGS	(ENQUEUE_WAKEUP | ENQUEUE_NOCLOCK)
#define SLICE_BYPASS	SCX_SLICE_BYPASS

static struct task_struct *subject;
static u32 nr_looks;

/* ---- helpers */

static void ask_for_reenq(void *arg)
{
	scx_bpf_dsq_reenq(SCX_DSQ_LOCAL_ON | *(const u64 *)arg, SCX_REENQ_ANY);
}

/* ---- section 2: what the core passes in */

static void on_rq_in_enqueue_1(enum scxtwin_op op, struct task_struct *p, u64 flags)
{
	if (op != SCXTWIN_OP_enqueue || p != subject)
		return;
	nr_looks++;
	if (flags & ENQUEUE_WAKEUP)
		PROVES("ENQ-01", p->on_rq == 0);
	if (flags & ENQUEUE_MIGRATED)
		PROVES("ENQ-01", p->on_rq == TASK_ON_RQ_MIGRATING);
}

static void enq_01_on_rq_is_set_after_the_class_enqueued(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	subject = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	nr_looks = 0;
	say.look = on_rq_in_enqueue_1;
	lab_wake(subject);
	assert_int_equal(subject->on_rq, TASK_ON_RQ_QUEUED);
	lab_forget();
	lab_set_cpus(subject, 1 << 0);
	assert_int_equal(nr_looks, 3);
	assert_int_equal(subject->on_rq, TASK_ON_RQ_QUEUED);
	PROVES("ENQ-01", lab_called(subject, "dequeue quiescent set_cpumask runnable enqueue(0xa) "
					     "dequeue(0x200000008) enqueue(0x40000)"));
}

static void enq_02_a_wakeup_of_a_queued_task_enqueues_nothing(void **state)
{
	struct lab_hold *in_schedule;
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = say_busy(1, &say_ops);
	in_schedule = lab_hold(.cpu = 1, .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock, .label = "");
	lab_block(p);
	assert_true(lab_held(in_schedule));
	assert_int_equal(p->__state, TASK_INTERRUPTIBLE);
	lab_wake(p);
	PROVES("ENQ-02", p->__state == TASK_RUNNING && p->on_rq == TASK_ON_RQ_QUEUED);
	lab_release(in_schedule);
	PROVES("ENQ-02", lab_called(p, "") && lab_runs(p));
}

static void enq_03_deferred_work_runs_before_the_wakeup_unlocks(void **state)
{
	struct lab_hold *unlock;
	struct task_struct *p;
	struct rq *rq;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	rq = cpu_rq(1);
	say.dsq = SCX_DSQ_LOCAL_ON | 0;
	unlock = lab_hold(.cpu = 0, .kinds = LAB_KIND(YIELD_UNLOCK), .obj = &rq->__lock, .label = "");
	lab_wake(p);
	assert_true(lab_held(unlock));
	/* The idle CPU was told before: the preemption check comes first. */
	PROVES("ENQ-03", rq->next_class == &ext_sched_class && rq->curr->need_resched);
	PROVES("ENQ-03", list_empty(&rq->scx.ddsp_deferred_locals) && p->on_rq == TASK_ON_RQ_MIGRATING);
	lab_release(unlock);
	assert_true(lab_called(p, "select_cpu runnable enqueue running@0"));
}

static void enq_04_deferred_work_runs_after_the_enqueue_of_a_forked_task(void **state)
{
	struct lab_hold *unlock;
	struct task_struct *p;
	struct rq *rq;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED, .ops = &say_ops);
	rq = cpu_rq(1);
	say.dsq = SCX_DSQ_LOCAL_ON | 0;
	say.other_cpu = true;
	say.cpu = 1;
	unlock = lab_hold(.cpu = 0, .kinds = LAB_KIND(YIELD_UNLOCK), .obj = &rq->__lock, .label = "");
	lab_task("p", .awake = true);
	assert_true(lab_held(unlock));
	p = lab_find("p");
	PROVES("ENQ-04", list_empty(&rq->scx.ddsp_deferred_locals) && p->on_rq == TASK_ON_RQ_MIGRATING);
	lab_release(unlock);
	assert_true(lab_called(p, "init_task enable set_weight select_cpu runnable enqueue running@0"));
}

/* ---- section 3: enqueue_task_scx() */

static void enq_05_flags_of_a_remote_move_arrive_in_full(void **state)
{
	struct task_struct *busy, *p, *runner;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	runner = lab_task("runner", .cpu = 1, .cpus = 1 << 1);
	busy = say_busy(0, &say_ops);
	lab_wake(p);	/* kept, on the rq of CPU 1 */
	say.give = p;
	say.give_dsq = SCX_DSQ_LOCAL_ON | 0;
	say.give_flags = SCX_ENQ_PREEMPT;
	lab_forget();
	lab_wake(runner);	/* so that CPU 1 dispatches */
	PROVES("ENQ-05", lab_runs(p) && p->cpu == 0 && busy->scx.slice == 0);
	assert_true(lab_called(busy, "stopping(1) enqueue(0x0)"));
	PROVES("ENQ-05", !cpu_rq(0)->scx.remote_activate_enq_flags && !cpu_rq(1)->scx.remote_activate_enq_flags);
}

static void sticky_is_gone(enum scxtwin_op op, struct task_struct *p, u64 flags)
{
	if (op != SCXTWIN_OP_dequeue)
		return;
	nr_looks++;
	PROVES("ENQ-06", flags == 0 && p->on_rq == TASK_ON_RQ_MIGRATING && p->scx.sticky_cpu == -1);
	PROVES("ENQ-07", !(task_rq(p)->scx.flags & SCX_RQ_IN_WAKEUP));
}

static void enq_06_07_16_arrival_of_a_remote_move(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	lab_wake(p);	/* kept, on the rq of CPU 1 */
	assert_int_equal(p->scx.flags & SCX_TASK_IN_CUSTODY, SCX_TASK_IN_CUSTODY);
	lab_forget();
	nr_looks = 0;
	say.look = sticky_is_gone;
	say.give = p;
	say.give_dsq = SCX_DSQ_LOCAL_ON | 0;
	say.give_flags = SCX_ENQ_WAKEUP;
	say.pull = SAY_DSQ;
	lab_kick(0, 0);
	assert_int_equal(nr_looks, 1);
	PROVES("ENQ-11 ENQ-16", lab_called(p, "dequeue(0x0) running@0"));
}

static void in_wakeup(enum scxtwin_op op, struct task_struct *p, u64 flags)
{
	if (op != SCXTWIN_OP_runnable && op != SCXTWIN_OP_enqueue)
		return;
	nr_looks++;
	PROVES("ENQ-07", !(flags & ENQUEUE_WAKEUP) == !(task_rq(p)->scx.flags & SCX_RQ_IN_WAKEUP));
}

static void enq_07_14_in_wakeup_is_set_while_a_wakeup_enqueues(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	nr_looks = 0;
	say.look = in_wakeup;
	lab_wake(p);
	PROVES("ENQ-14", !(cpu_rq(1)->scx.flags & SCX_RQ_IN_WAKEUP));
	lab_set_nice(p, 1);
	assert_int_equal(nr_looks, 4);
}

static void enq_08_15_16_a_change_of_the_running_task_is_not_offered(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = say_busy(1, &say_ops);
	lab_set_nice(p, 5);
	PROVES("ENQ-08 ENQ-15 ENQ-16", lab_called(p, "stopping(0) quiescent(0x20000000a) set_weight(33) "
						     "runnable(0x100000000000000a) running"));
	PROVES("ENQ-08", lab_runs(p) && !p->scx.dsq);
}

static void enqueue_again(struct rq *rq, struct task_struct *p)
{
	enqueue_task_scx(rq, p, WAKE_FLAGS);
}

static void enq_09_a_queued_task_is_not_enqueued_again(void **state)
{
	struct task_struct *busy, *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	busy = say_busy(1, &say_ops);
	lab_wake(p);
	lab_forget();
	lab_locked(p, enqueue_again);
	PROVES("ENQ-09", lab_called(NULL, "") && cpu_rq(1)->scx.nr_running == 2);
	PROVES("ENQ-09 ENQ-14", !(cpu_rq(1)->scx.flags & SCX_RQ_IN_WAKEUP));
	lab_expect_warn("runnable_node"); /* the running one is on no list */
	lab_locked(busy, enqueue_again);
	PROVES("ENQ-09", lab_called(NULL, ""));
}

static void enq_10_the_order_of_becoming_queued(void **state)
{
	struct lab_hold *flags, *core;
	struct task_struct *p;
	struct rq *rq;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	rq = cpu_rq(1);
	p->scx.flags &= ~SCX_TASK_RESET_RUNNABLE_AT; /* else its clearing is the first write */
	flags = lab_hold(.cpu = 0, .label = "scx.flags", .obj = &p->scx.flags, .kinds = LAB_KIND(YIELD_RMW));
	core = lab_hold(.cpu = 0, .label = "nr_running", .obj = &rq->nr_running, .kinds = LAB_KIND(YIELD_WRITE));
	lab_wake(p);
	assert_true(lab_held(flags));
	PROVES("ENQ-10", rq->scx.runnable_list.prev == &p->scx.runnable_node);
	PROVES("ENQ-10", !(p->scx.flags & SCX_TASK_QUEUED) && rq->scx.nr_running == 1 && rq->nr_running == 1);
	lab_release(flags);
	assert_true(lab_held(core));
	PROVES("ENQ-10", p->scx.flags & SCX_TASK_QUEUED && rq->scx.nr_running == 2 && rq->nr_running == 1);
	assert_true(lab_called(p, "select_cpu"));
	lab_release(core);
	assert_int_equal(rq->nr_running, 2);
	PROVES("ENQ-11 ENQ-13 ENQ-33", lab_called(p, "runnable(0x100009) enqueue(0x100009)"));
}

static void enq_14_a_cpu_that_was_not_selected_is_counted(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 1, .cpus = 0x3);
	lab_load(&say_ops);
	say.other_cpu = true;
	say.cpu = 2;
	lab_wake(p);
	PROVES("ENQ-14", lab_count(SCX_EV_SELECT_CPU_FALLBACK) == 1 && p->scx.selected_cpu == 2 && p->cpu != 2);
	PROVES("RQSEL-02 RQSEL-09", lab_called(p, "select_cpu(1,0x8) runnable enqueue(0x140009)"));
}

/* ---- section 4: the short cuts */

static void enq_17_arrival_keeps_slice_and_vtime(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	say.dsq = SAY_DSQ;
	say.slice = 7 * MS;
	say.vtime = true;
	lab_wake(p);
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));
	assert_int_equal(p->scx.dsq_vtime, p->pid);
	say.pull = SAY_DSQ;
	lab_kick(0, 0);
	PROVES("ENQ-17", lab_runs(p) && p->cpu == 0 && p->scx.slice == 7 * MS && p->scx.dsq_vtime == (u64)p->pid);
}

static void change_with_verdict(struct rq *rq, struct task_struct *p)
{
	struct sched_change_ctx c;

	(void)rq;
	sched_change_begin(&c, p, DEQUEUE_SAVE);
	p->scx.ddsp_dsq_id = SCX_DSQ_GLOBAL;
	sched_change_end(&c);
}

static void enq_18_the_first_short_cut_keeps_a_verdict(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = say_busy(1, &say_ops);
	lab_locked(p, change_with_verdict);
	PROVES("ENQ-18", lab_runs(p) && p->scx.ddsp_dsq_id == SCX_DSQ_GLOBAL);
	p->scx.ddsp_dsq_id = SCX_DSQ_INVALID;
}

static void enq_19_21_repeated_reenqueues_are_counted_until_the_task_runs(void **state)
{
	static u64 cpu = 1;
	struct task_struct *busy, *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	busy = say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_forget();
	lab_outside(ask_for_reenq, &cpu);
	PROVES("ENQ-19", p->scx.reenq_cnt == 1 && lab_count(SCX_EV_REENQ_REPEAT) == 0);
	lab_outside(ask_for_reenq, &cpu);
	PROVES("ENQ-19", p->scx.reenq_cnt == 2 && lab_count(SCX_EV_REENQ_REPEAT) == 1);
	lab_outside(ask_for_reenq, &cpu);
	PROVES("ENQ-19", p->scx.reenq_cnt == 3 && lab_count(SCX_EV_REENQ_REPEAT) == 2);
	assert_true(lab_called(p, "enqueue(0x10000000000) enqueue(0x10000000000) enqueue(0x10000000000)"));
	cpu_rq(1)->scx.flags &= ~SCX_RQ_ONLINE; /* a short cut is no way around */
	lab_outside(ask_for_reenq, &cpu);
	cpu_rq(1)->scx.flags |= SCX_RQ_ONLINE;
	PROVES("ENQ-19", lab_called(p, "") && p->scx.reenq_cnt == 4 && lab_count(SCX_EV_REENQ_REPEAT) == 3);
	lab_block(busy);
	PROVES("ENQ-21", lab_runs(p) && p->scx.reenq_cnt == 0);
}

static void enq_21_the_count_is_gone_when_the_task_is_disabled(void **state)
{
	static u64 cpu = 1;
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_outside(ask_for_reenq, &cpu);
	assert_int_equal(p->scx.reenq_cnt, 1);
	lab_set_policy(p, SCHED_FIFO, 10);
	PROVES("ENQ-21", p->scx.reenq_cnt == 0);
}

static void count_in_running(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_running || p != subject || nr_looks++)
		return;
	PROVES("ENQ-36", p->scx.reenq_cnt == 257);
}

static void enq_20_36_the_257th_reenqueue_is_an_error(void **state)
{
	static u64 cpu = 1;
	struct lab_hold *claimed, *unloading;
	struct task_struct *other, *p;
	int i;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	other = lab_task("other", .cpu = 0);
	p = subject = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_forget();
	for (i = 0; i < 256; i++)
		lab_outside(ask_for_reenq, &cpu);
	assert_int_equal(p->scx.reenq_cnt, 256);
	assert_int_equal(lab_count(SCX_EV_REENQ_REPEAT), 255);
	p->scx.flags |= SCX_TASK_IMMED; /* as if it had been inserted so */
	cpu_rq(1)->scx.nr_immed++;
	/* The walk ends by releasing the rq; what follows the error comes later. */
	claimed = lab_hold(.cpu = 1, .label = "", .obj = &cpu_rq(1)->__lock, .kinds = LAB_KIND(YIELD_UNLOCK));
	lab_outside(ask_for_reenq, &cpu);
	assert_true(lab_held(claimed));
	PROVES("ENQ-36", lab_count(SCX_EV_REENQ_REPEAT) == 256 && !(p->scx.flags & SCX_TASK_IMMED));
	PROVES("ENQ-20 ENQ-36", p->scx.reenq_cnt == 257 && p->scx.flags & SCX_TASK_QUEUED &&
				!p->scx.dsq && lab_word(p) == SCX_OPSS_NONE);
	nr_looks = 0;
	say.look = count_in_running;
	unloading = lab_hold(.cpu = 0, .label = "ops.disable", .obj = other);
	lab_release(claimed);
	assert_true(lab_held(unloading));
	assert_int_equal(nr_looks, 1);
	PROVES("ENQ-20", lab_runs(p)); /* through bypass */
	PROVES("ENQ-36", p->scx.reenq_cnt == 0);
	lab_release(unloading);
	PROVES("ENQ-20", lab_exited(SCX_EXIT_ERROR_REENQ, "p[") && strstr(scx_last_exit()->msg, "257"));
}

/* A kernel thread may be enqueued on a CPU that is about to go. */
static void enq_22_28_29_a_cpu_that_is_not_online_gets_its_tasks_at_once(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1, .flags = PF_KTHREAD);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1, .flags = PF_KTHREAD);
	say_busy(1, &say_ops);
	say.dsq = SAY_DSQ;
	p->scx.slice = q->scx.slice = 1;

	cpumask_clear_cpu(1, machine()->active_mask);
	lab_wake(p);
	cpumask_set_cpu(1, machine()->active_mask);
	PROVES("ENQ-22", lab_called(p, "runnable") && p->scx.dsq == lab_local(1));
	PROVES("ENQ-28 ENQ-29", p->scx.slice == SCX_SLICE_DFL && lab_count(SCX_EV_REFILL_SLICE_DFL) == 1);

	cpu_rq(1)->scx.flags &= ~SCX_RQ_ONLINE;
	lab_wake(q);
	cpu_rq(1)->scx.flags |= SCX_RQ_ONLINE;
	PROVES("ENQ-22", lab_called(q, "runnable") && q->scx.dsq == lab_local(1));
	PROVES("ENQ-29", q->scx.slice == SCX_SLICE_DFL && q->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
}

static void enq_23_29_not_online_comes_before_a_verdict_and_before_bypass(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	say_busy(1, &say_ops);
	say.select_dsq = SAY_DSQ;
	say.enq_flags = SCX_ENQ_HEAD;
	cpu_rq(1)->scx.flags &= ~SCX_RQ_ONLINE;
	lab_wake(p);
	PROVES("ENQ-23 RQSEL-14", lab_called(p, "select_cpu runnable") && p->scx.dsq == lab_local(1));
	PROVES("ENQ-23 ENQ-29", p->scx.ddsp_dsq_id == SCX_DSQ_INVALID && !p->scx.ddsp_enq_flags);
	lab_bypass(true);
	lab_forget();
	lab_wake(q);
	PROVES("ENQ-23", q->scx.dsq == lab_local(1) && lab_count(SCX_EV_BYPASS_DISPATCH) == 0);
	lab_bypass(false);
	cpu_rq(1)->scx.flags |= SCX_RQ_ONLINE;
}

static void enq_24_25_bypass_discards_a_verdict(void **state)
{
	struct lab_hold *before_rq;
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	say.select_dsq = SAY_DSQ;
	before_rq = lab_hold(.cpu = 0, .label = "", .obj = &cpu_rq(1)->__lock, .kinds = LAB_KIND(YIELD_LOCK));
	lab_wake(p);
	assert_true(lab_held(before_rq));
	assert_int_equal(p->scx.ddsp_dsq_id, SAY_DSQ);
	lab_from(1);
	lab_bypass(true);
	lab_release(before_rq);
	PROVES("ENQ-24 ENQ-29 RQSEL-14", lab_called(p, "select_cpu runnable") && p->scx.ddsp_dsq_id == SCX_DSQ_INVALID);
	PROVES("ENQ-24 ENQ-25", p->scx.dsq == bypass_dsq(scx_root, 1));
	PROVES("ENQ-28", p->scx.slice == SLICE_BYPASS);
	lab_bypass(false);
}

static void enq_26_a_verdict_for_an_exiting_task_is_honoured(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	say.select_dsq = SAY_DSQ;
	p->flags |= PF_EXITING;
	lab_wake(p);
	PROVES("ENQ-26 RQSEL-14", lab_called(p, "select_cpu runnable") && p->scx.dsq == lab_user_dsq(SAY_DSQ));
	PROVES("ENQ-26", lab_count(SCX_EV_ENQ_SKIP_EXITING) == 0);
}

static void enq_28_35_an_exiting_task_is_not_offered(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	p->flags |= PF_EXITING;
	p->scx.slice = 1;
	lab_wake(p);
	PROVES("ENQ-28", p->scx.dsq == lab_local(1) && p->scx.slice == SCX_SLICE_DFL);
	PROVES("ENQ-35", lab_happened(NULL, "p:select_cpu p:runnable +ENQ_SKIP_EXITING +REFILL_SLICE_DFL"));
}

static void enq_28_an_exiting_task_is_offered_to_who_asks_for_it(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p;

	(void)state;
	ops.flags = SCX_OPS_ENQ_EXITING;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &ops);
	p->flags |= PF_EXITING;
	lab_wake(p);
	PROVES("ENQ-33", lab_called(p, "select_cpu runnable(0x100009) enqueue(0x100009)"));
}

static void disable_migration(void *arg)
{
	(void)arg;
	migrate_disable();
}

static void enq_27_28_35_a_task_that_may_not_migrate_stays_local_and_loses_immed(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p, *q;

	(void)state;
	ops.flags = SCX_OPS_ENQ_LAST;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL;
	say.enq_flags = SCX_ENQ_IMMED;
	lab_wake(p);
	assert_true(lab_runs(p));
	assert_true(p->scx.flags & SCX_TASK_IMMED);
	lab_do(p, disable_migration, NULL);
	say.enq_flags = 0;
	lab_wake(q);	/* waits on the local DSQ */
	lab_forget();
	lab_yield(p);
	PROVES("ENQ-27", lab_runs(q) && p->scx.dsq == lab_local(1) && !(p->scx.flags & SCX_TASK_IMMED));
	PROVES("ENQ-28", p->scx.slice == SCX_SLICE_DFL);
	PROVES("ENQ-35", lab_happened(NULL, "... p:stopping(1) +ENQ_SKIP_MIGRATION_DISABLED +REFILL_SLICE_DFL q:running"));
}

static void ask_slice(void *arg)
{
	scx_bpf_task_set_slice(arg, 3 * MS);
}

static void enq_28_29_35_without_ops_enqueue_the_global_dsq_is_used(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p, *q;

	(void)state;
	ops.enqueue = NULL;
	ops.dispatch = NULL;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	lab_load(&ops);
	lab_wake(q);
	assert_true(lab_runs(q));
	p->scx.slice = 1;
	lab_outside(ask_slice, p);
	assert_true(p->scx.slice_oob & SCX_SLICE_OOB_PENDING);
	lab_forget();
	lab_wake(p);
	PROVES("ENQ-28 ENQ-29", p->scx.dsq == find_global_dsq(scx_root, 1) && p->scx.slice == SCX_SLICE_DFL);
	PROVES("ENQ-28 SLC-05", p->scx.slice_oob & SCX_SLICE_OOB_PENDING);
	PROVES("ENQ-35", lab_happened(NULL, "p:runnable +REFILL_SLICE_DFL"));
}

static void enq_28_a_protected_slice_is_not_refilled_but_counted(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p, *q;

	(void)state;
	ops.enqueue = NULL;
	ops.dispatch = NULL;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	lab_load(&ops);
	lab_wake(q);
	p->scx.slice = 2 * MS;
	p->scx.flags |= SCX_TASK_PROTECTED;
	lab_forget();
	lab_wake(p);
	PROVES("ENQ-28", p->scx.slice == 2 * MS && lab_count(SCX_EV_REFILL_SLICE_DFL) == 1);
}

static void marker_and_word(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_enqueue || p != subject)
		return;
	nr_looks++;
	PROVES("ENQ-30", cpu_rq(smp_processor_id())->scx.direct_dispatch_task == p);
	PROVES("ENQ-30 OPSS-06 OPSS-08", lab_word(p) == ((u64)p->scx.ops_qseq << 2 | SCX_OPSS_QUEUEING));
	PROVES("ENQ-31", !(p->scx.flags & SCX_TASK_IN_CUSTODY));
}

static void enq_30_31_the_offer_to_the_scheduler(void **state)
{
	struct lab_hold *set_queued;
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = subject = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	nr_looks = 0;
	say.look = marker_and_word;
	/* First write: QUEUEING; second: QUEUED. */
	set_queued = lab_hold(.cpu = 0, .label = "", .obj = &p->scx.ops_state, .kinds = LAB_KIND(YIELD_WRITE), .skip = 1);
	lab_wake(p);
	assert_true(lab_held(set_queued));
	assert_int_equal(nr_looks, 1);
	PROVES("ENQ-30", !cpu_rq(0)->scx.direct_dispatch_task);
	PROVES("ENQ-31", p->scx.flags & SCX_TASK_IN_CUSTODY && scx_opss_state(lab_word(p)) == SCX_OPSS_QUEUEING);
	lab_release(set_queued);
	PROVES("ENQ-31", lab_word(p) == ((u64)p->scx.ops_qseq << 2 | SCX_OPSS_QUEUED));
}

static void enq_31_a_verdict_means_direct_dispatch(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	PROVES("ENQ-31", p->scx.dsq == lab_local(1) && !lab_word(p) && !(p->scx.flags & SCX_TASK_IN_CUSTODY));
}

static void enq_30_a_marker_left_behind_is_warned_of(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	lab_load(&say_ops);
	cpu_rq(0)->scx.direct_dispatch_task = SCX_DDSP_POISON;
	lab_expect_warn("ddsp_taskp");
	lab_wake(p);
	PROVES("ENQ-30", !cpu_rq(0)->scx.direct_dispatch_task);
}

static void enq_32_33_the_last_task_is_offered_like_any_other(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p;

	(void)state;
	ops.flags = SCX_OPS_ENQ_LAST;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	assert_true(lab_runs(p));
	say.dsq = 0;
	lab_forget();
	lab_yield(p);
	PROVES("ENQ-32 ENQ-33 PUT-07", lab_called(p, "stopping(1) enqueue(0x20000000000)"));
	PROVES("ENQ-32", scx_opss_state(lab_word(p)) == SCX_OPSS_QUEUED && cpu_rq(1)->curr == cpu_rq(1)->idle);
}

static void reason_is_kfunc(enum scxtwin_op op, struct task_struct *p, u64 flags)
{
	if (op != SCXTWIN_OP_enqueue || !(flags & SCX_ENQ_REENQ))
		return;
	nr_looks++;
	PROVES("ENQ-34", (p->scx.flags & SCX_TASK_REENQ_REASON_MASK) == SCX_TASK_REENQ_KFUNC);
}

static void enq_34_the_reason_is_visible_inside_ops_enqueue_only(void **state)
{
	static u64 cpu = 1;
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	nr_looks = 0;
	say.look = reason_is_kfunc;
	lab_outside(ask_for_reenq, &cpu);
	assert_int_equal(nr_looks, 1);
	PROVES("ENQ-34", !(p->scx.flags & SCX_TASK_REENQ_REASON_MASK));
	p->scx.flags |= SCX_TASK_REENQ_KFUNC;
	lab_expect_warn("REENQ_REASON");
	lab_outside(ask_for_reenq, &cpu);
	PROVES("ENQ-34", !(p->scx.flags & SCX_TASK_REENQ_REASON_MASK));
}

static void enq_35_bypass_counts_the_dispatch_before_the_refill(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	say_busy(1, &say_ops);
	lab_bypass(true);
	lab_forget();
	lab_wake(p);
	PROVES("ENQ-35 ENQ-28", lab_happened(NULL, "p:runnable +BYPASS_DISPATCH +REFILL_SLICE_DFL") &&
				p->scx.slice == SLICE_BYPASS);
	lab_bypass(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAY_TEST(enq_01_on_rq_is_set_after_the_class_enqueued),
		SAY_TEST(enq_02_a_wakeup_of_a_queued_task_enqueues_nothing),
		SAY_TEST(enq_03_deferred_work_runs_before_the_wakeup_unlocks),
		SAY_TEST(enq_04_deferred_work_runs_after_the_enqueue_of_a_forked_task),
		SAY_TEST(enq_05_flags_of_a_remote_move_arrive_in_full),
		SAY_TEST(enq_06_07_16_arrival_of_a_remote_move),
		SAY_TEST(enq_07_14_in_wakeup_is_set_while_a_wakeup_enqueues),
		SAY_TEST(enq_08_15_16_a_change_of_the_running_task_is_not_offered),
		SAY_TEST(enq_09_a_queued_task_is_not_enqueued_again),
		SAY_TEST(enq_10_the_order_of_becoming_queued),
		SAY_TEST(enq_14_a_cpu_that_was_not_selected_is_counted),
		SAY_TEST(enq_17_arrival_keeps_slice_and_vtime),
		SAY_TEST(enq_18_the_first_short_cut_keeps_a_verdict),
		SAY_TEST(enq_19_21_repeated_reenqueues_are_counted_until_the_task_runs),
		SAY_TEST(enq_21_the_count_is_gone_when_the_task_is_disabled),
		SAY_TEST(enq_20_36_the_257th_reenqueue_is_an_error),
		SAY_TEST(enq_22_28_29_a_cpu_that_is_not_online_gets_its_tasks_at_once),
		SAY_TEST(enq_23_29_not_online_comes_before_a_verdict_and_before_bypass),
		SAY_TEST(enq_24_25_bypass_discards_a_verdict),
		SAY_TEST(enq_26_a_verdict_for_an_exiting_task_is_honoured),
		SAY_TEST(enq_28_35_an_exiting_task_is_not_offered),
		SAY_TEST(enq_28_an_exiting_task_is_offered_to_who_asks_for_it),
		SAY_TEST(enq_27_28_35_a_task_that_may_not_migrate_stays_local_and_loses_immed),
		SAY_TEST(enq_28_29_35_without_ops_enqueue_the_global_dsq_is_used),
		SAY_TEST(enq_28_a_protected_slice_is_not_refilled_but_counted),
		SAY_TEST(enq_30_31_the_offer_to_the_scheduler),
		SAY_TEST(enq_31_a_verdict_means_direct_dispatch),
		SAY_TEST(enq_30_a_marker_left_behind_is_warned_of),
		SAY_TEST(enq_32_33_the_last_task_is_offered_like_any_other),
		SAY_TEST(enq_34_the_reason_is_visible_inside_ops_enqueue_only),
		SAY_TEST(enq_35_bypass_counts_the_dispatch_before_the_refill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
