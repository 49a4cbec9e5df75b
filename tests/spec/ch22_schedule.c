/* SPDX-License-Identifier: GPL-2.0-only */
/* Fork, schedule(), exit of a task: spec 22.6, 22.8, 22.12. */
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

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	return 0;
}

static void start(u32 cpus)
{
	lab_start(.cpus = cpus);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
}

/* ---- fork */

static struct task_struct *child;

static void look_at_fork(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	const struct percpu_rw_semaphore *lock = &scx_state()->fork_rwsem;

	switch (op) {
	case SCXTWIN_OP_init_task:
		PROVES("FORK-02", lock->nr_readers == 1);
		PROVES("FORK-01 FORK-03", t->__state == TASK_NEW && t->sched_class == &ext_sched_class);
		PROVES("FORK-04", task_cpu(t) == 1);
		PROVES("FORK-05", arg == 1 && t->scx.tid && scx_get_task_state(t) == SCX_TASK_INIT_BEGIN &&
				  !irqs_disabled() && !task_rq(t)->__lock.owner);
		break;
	case SCXTWIN_OP_enable:
		PROVES("FORK-09", lock->nr_readers == 1 && raw_spin_is_held(&task_rq(t)->__lock) &&
				  scx_get_task_state(t) == SCX_TASK_READY && list_empty(&t->scx.tasks_node));
		break;
	case SCXTWIN_OP_select_cpu:
		PROVES("FORK-09", !lock->nr_readers && !list_empty(&t->scx.tasks_node) &&
				  scx_get_task_state(t) == SCX_TASK_ENABLED);
		PROVES("FORK-12", t->__state == TASK_RUNNING);
		child = t;
		break;
	case SCXTWIN_OP_enqueue:
		PROVES("FORK-14 CORE-05", t->on_rq == 0);
		PROVES("FORK-15", !(task_rq(t)->scx.flags & SCX_RQ_IN_WAKEUP));
		break;
	default:
		break;
	}
}

static void fork_01_to_14_steps_of_a_fork(void **state)
{
	(void)state;
	start(3);
	say.look = look_at_fork;
	say.other_cpu = true;
	say.cpu = 2;
	p = lab_task("child", .cpu = 1, .awake = true);
	PROVES("FORK-10 FORK-12 FORK-13 FORK-14 HOOK-03", lab_called(p, "init_task(1)@1 enable set_weight(100) "
		"select_cpu(1,0x4) runnable(0x80008) enqueue(0x80008) running@2"));
	PROVES("FORK-13", task_cpu(p) == 2 && p->wake_cpu == 2 && p == child);
}

static void fork_03_11_a_realtime_child_is_only_initialized(void **state)
{
	(void)state;
	start(2);
	p = lab_task("child", .cpu = 1, .awake = true, .policy = SCHED_FIFO);
	PROVES("FORK-03 FORK-11", lab_called(p, "init_task(1)") && p->sched_class == &rt_sched_class &&
				  scx_get_task_state(p) == SCX_TASK_READY);
	lab_set_policy(p, SCHED_NORMAL, 0);
	PROVES("FORK-11", lab_called(p, "enable ..."));
}

static void fork_16_the_child_preempts_a_lower_class(void **state)
{
	(void)state;
	start(1);
	lab_wake(p);
	q = lab_task("child", .cpu = 0, .awake = true, .policy = SCHED_FIFO);
	PROVES("FORK-16", lab_runs(q) && cpu_rq(0)->next_class == &rt_sched_class);
}

static s32 answer;

static s32 init_task_answers(struct task_struct *t, struct scx_init_task_args *args)
{
	(void)t;
	return args->fork ? answer : 0;
}

static void fork_06_a_refused_fork_leaves_nothing(void **state)
{
	u32 nr;

	(void)state;
	ops.init_task = init_task_answers;
	start(1);
	answer = -12;
	nr = core_sched()->nr_tasks;
	PROVES("FORK-06", !lab_task("child", .cpu = 0, .awake = true) && core_sched()->nr_tasks == nr);
	PROVES("FORK-06 LIFE-58", lab_called(NULL, "gone:init_task(1)") && !scx_state()->fork_rwsem.nr_readers && scx_root);
	answer = 3;
	PROVES("FORK-06", !lab_task("child", .cpu = 0, .awake = true));
	PROVES("FORK-06 LIFE-19", lab_exited(SCX_EXIT_ERROR, "init_task() returned an invalid errno"));
}

static s32 init_task_disallows(struct task_struct *t, struct scx_init_task_args *args)
{
	t->scx.disallow = args->fork;
	return 0;
}

static void fork_07_disallow_is_not_for_forks(void **state)
{
	(void)state;
	ops.init_task = init_task_disallows;
	start(1);
	lab_task("child", .cpu = 0, .awake = true);
	PROVES("FORK-07 LIFE-71", lab_exited(SCX_EXIT_ERROR, "disallow for child"));
	PROVES("FORK-07 ERR-50", lab_exited(SCX_EXIT_ERROR, "during fork"));
}

static u64 cancelled;

static void look_at_cancel(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	if (op != SCXTWIN_OP_exit_task)
		return;
	cancelled = arg;
	PROVES("FORK-08", raw_spin_is_held(&task_rq(t)->__lock));
}

static void fork_and_cancel(void *arg)
{
	struct task_core *t = task_core_alloc(4711, "never");

	(void)arg;
	t->task.sched_class = &ext_sched_class;
	PROVES("FORK-02", !scx_pre_fork(&t->task) && scx_state()->fork_rwsem.nr_readers == 1);
	PROVES("FORK-05", !scx_fork(&t->task) && scx_get_task_state(&t->task) == SCX_TASK_INIT);
	scx_cancel_fork(&t->task);
	PROVES("FORK-08 LIFE-66", scx_get_task_state(&t->task) == SCX_TASK_NONE && cancelled == 1);
	PROVES("FORK-08", !scx_state()->fork_rwsem.nr_readers);
	task_release(t);
}

static void fork_08_a_fork_that_fails_later_is_cancelled(void **state)
{
	(void)state;
	start(1);
	say.look = look_at_cancel;
	cancelled = 2;
	lab_outside(fork_and_cancel, NULL);
	PROVES("FORK-08", lab_called(NULL, "gone:init_task(1) gone:exit_task(1)"));
}

static void fork_17_without_a_scheduler_nothing_but_the_list(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	PROVES("FORK-17", lab_called(NULL, "") && !list_empty(&p->scx.tasks_node) &&
			  scx_get_task_state(p) == SCX_TASK_NONE && p->sched_class == &fair_sched_class);
}

/* ---- schedule() */

static void sched_03_clock(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_quiescent)
		PROVES("SCHED-03", task_rq(t)->clock == lab_now() && task_rq(t)->scx.flags & SCX_RQ_CLK_VALID);
	if (op == SCXTWIN_OP_dispatch && t == p)
		PROVES("SCHED-14 SCHED-16", task_rq(p)->curr == p && !p->scx.dsq);
}

static void sched_06_07_blocking(void **state)
{
	(void)state;
	start(1);
	lab_wake(p);
	lab_wake(q);
	lab_forget();
	lab_run(3 * MS);
	say.look = sched_03_clock;
	lab_block(p);
	PROVES("SCHED-06 SCHED-07 HOOK-04", lab_called(NULL, "p:stopping(0) p:quiescent(0x9) q:running"));
	PROVES("SCHED-07", !(p->scx.flags & SCX_TASK_QUEUED) && cpu_rq(0)->nr_running == 1);
	lab_block(q);
	/* The one that just blocked is prev; with nothing to run the idle task follows. */
	PROVES("SCHED-16 SCHED-18 SCHED-33", lab_called(NULL, "q:stopping(0) q:quiescent(0x9) dispatch(0,q)"));
	PROVES("SCHED-18", cpu_rq(0)->curr == cpu_rq(0)->idle);
}

static void sched_15_16_a_task_brought_by_dispatch(void **state)
{
	(void)state;
	start(1);
	say.slice = 5 * MS;
	lab_wake(p);
	say.dsq = SAY_DSQ;
	lab_wake(q);
	say.pull = SAY_DSQ;
	lab_forget();
	say.look = sched_03_clock;
	lab_run(9 * MS);
	PROVES("SCHED-15 SCHED-14", lab_called(NULL, "dispatch(0,p) q:dequeue(0x0) p:stopping(1) p:enqueue(0x0) q:running"));
	lab_block(q);
	PROVES("SCHED-16", lab_called(NULL, "q:stopping(0) q:quiescent(0x9) dispatch(0,q) p:dequeue(0x0) p:running"));
}

static void sched_16_no_prev_of_another_class(void **state)
{
	struct task_struct *rt;

	(void)state;
	lab_start(.cpus = 1);
	rt = lab_task("rt", .cpu = 0, .policy = SCHED_FIFO);
	lab_load(&ops);
	lab_wake(rt);
	lab_forget();
	lab_block(rt);
	PROVES("SCHED-16 SCHED-11 SCHED-12", lab_called(NULL, "dispatch(0,-)"));
}

static void sched_20_the_same_task_goes_on_in_silence(void **state)
{
	u64 switches;

	(void)state;
	start(1);
	say.slice = 5 * MS;
	lab_wake(p);
	lab_forget();
	switches = cpu_rq(0)->nr_switches;
	lab_kick(0, 0);
	PROVES("SCHED-20", lab_called(NULL, "") && cpu_rq(0)->nr_switches == switches && !p->need_resched);
	lab_run(9 * MS);
	/* The slice is over and nobody else is there. */
	PROVES("SCHED-20 SCHED-19", lab_called(NULL, "dispatch(0,p)") && lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 1);
	PROVES("SCHED-20", lab_called(p, "") && cpu_rq(0)->nr_switches == switches && lab_runs(p));
}

static void sched_04_24_an_idle_cpu_asks_while_a_scheduler_is_there(void **state)
{
	(void)state;
	start(1);
	lab_kick(0, 0);
	PROVES("SCHED-04", lab_called(NULL, "dispatch(0,-)"));
	PROVES("SCHED-24", !cpu_rq(0)->idle->need_resched);
	lab_unload();
	lab_forget();
	cpu_rq(0)->next_class = &ext_sched_class;
	lab_wake(p);
	lab_block(p);
	PROVES("SCHED-04", cpu_rq(0)->next_class == &idle_sched_class && lab_called(NULL, ""));
}

static void sched_23_clearing_need_resched(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_dispatch && t)
		t->need_resched = true;
}

static void sched_23_a_resched_during_the_pick_is_void(void **state)
{
	(void)state;
	start(1);
	say.slice = 5 * MS;
	lab_wake(p);
	say.look = sched_23_clearing_need_resched;
	lab_forget();
	lab_run(9 * MS);
	PROVES("SCHED-23", lab_called(NULL, "dispatch(0,p)") && !p->need_resched && lab_runs(p));
}

static void look_at_switch(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	if (op == SCXTWIN_OP_running && t == q)
		PROVES("SCHED-21", p->on_cpu == 1 && cpu_rq(0)->curr == p && !list_empty(&p->scx.runnable_node));
	if (op == SCXTWIN_OP_stopping && t == p && arg)
		PROVES("SCHED-32", list_empty(&p->scx.runnable_node));
}

static void sched_21_32_on_cpu_falls_after_the_switch(void **state)
{
	(void)state;
	start(1);
	say.slice = 5 * MS;
	lab_wake(p);
	PROVES("SCHED-32", list_empty(&p->scx.runnable_node));
	lab_wake(q);
	say.look = look_at_switch;
	lab_run(9 * MS);
	PROVES("SCHED-21", lab_runs(q) && !p->on_cpu && q->on_cpu);
}

static u64 slice_in_running;

static void look_at_slice(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_running && t == q)
		slice_in_running = t->scx.slice;
}

static void request_slice(void *arg)
{
	(void)arg;
	q->scx.slice_oob = SCX_SLICE_OOB_PENDING | (scx_root->id & SCX_SLICE_OOB_ID_MASK) << SCX_SLICE_OOB_DUR_BITS |
			   (3 * MS);
}

static void sched_34_a_slice_request_counts_after_running(void **state)
{
	(void)state;
	start(1);
	lab_wake(p);
	lab_wake(q);
	lab_outside(request_slice, NULL);
	say.look = look_at_slice;
	lab_block(p);
	PROVES("SCHED-34", slice_in_running == SCX_SLICE_DFL && q->scx.slice == 3 * MS);
}

/* ---- exit */

static void look_at_exit(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	switch (op) {
	case SCXTWIN_OP_quiescent:
		PROVES("EXIT-01 EXIT-02", t->flags & PF_EXITING && arg == 0x10009 && t->__state == TASK_DEAD);
		break;
	case SCXTWIN_OP_disable:
		PROVES("EXIT-03", list_empty(&t->scx.tasks_node) && !t->on_cpu && raw_spin_is_held(&task_rq(t)->__lock));
		PROVES("EXIT-09 SCHED-22", cpu_rq(0)->curr == q && smp_processor_id() == 0);
		break;
	case SCXTWIN_OP_exit_task:
		PROVES("EXIT-03", arg == 0 && scx_get_task_state(t) == SCX_TASK_READY);
		break;
	default:
		break;
	}
}

static void exit_01_02_03_09_after_the_last_switch(void **state)
{
	(void)state;
	start(2);
	lab_set_cpus(q, 0x1);
	lab_wake(p);
	lab_wake(q);
	lab_forget();
	say.look = look_at_exit;
	lab_exit(p);
	PROVES("EXIT-02 EXIT-03 EXIT-12 SCHED-08 HOOK-18", lab_called(NULL,
		"gone:stopping(0) gone:quiescent(0x10009) q:running gone:disable@0 gone:exit_task(0)@0"));
	PROVES("EXIT-03", lab_gone(p));
}

static void exit_04_a_realtime_task_gets_no_disable(void **state)
{
	struct task_struct *rt;

	(void)state;
	lab_start(.cpus = 1);
	rt = lab_task("rt", .cpu = 0, .policy = SCHED_FIFO);
	lab_load(&ops);
	lab_wake(rt);
	lab_forget();
	lab_exit(rt);
	PROVES("EXIT-04", lab_called(NULL, "dispatch gone:exit_task(0)"));
}

static void change_the_dead(void *arg)
{
	struct rq_flags rf;
	struct rq *rq;

	(void)arg;
	rq = task_rq_lock(p, &rf);
	p->__state = TASK_DEAD;
	PROVES("EXIT-07 LIFE-50", task_dead_and_done(p));
	reweight_task_scx(rq, p);
	set_cpus_allowed_scx(p, &(struct affinity_context){ .new_mask = p->cpus_mask });
	switched_from_scx(rq, p);
	PROVES("EXIT-07 LIFE-50", scx_get_task_state(p) == SCX_TASK_ENABLED);
	p->__state = TASK_INTERRUPTIBLE;
	switched_from_scx(rq, p);
	p->__state = TASK_DEAD;
	switching_to_scx(rq, p);
	PROVES("EXIT-07 LIFE-50", scx_get_task_state(p) == SCX_TASK_READY);
	p->__state = TASK_INTERRUPTIBLE;
	switching_to_scx(rq, p);
	task_rq_unlock(rq, p, &rf);
}

static void exit_07_hooks_leave_the_dead_alone(void **state)
{
	(void)state;
	start(1);
	lab_outside(change_the_dead, NULL);
	PROVES("EXIT-07 LIFE-50", lab_called(p, "disable enable set_weight set_cpumask"));
}

static void exit_10_12_autogroup_gives_one_more_pair(void **state)
{
	(void)state;
	lab_start(.cpus = 1, .autogroup = true);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	lab_forget();
	lab_exit(p);
	PROVES("EXIT-10 EXIT-11 CG-06", lab_called(NULL, "gone:stopping(0) gone:quiescent(0x20000000e) "
		"gone:runnable(0x100000000000000e) gone:running gone:stopping(0) gone:quiescent(0x10009) "
		"dispatch gone:disable gone:exit_task(0)"));
	PROVES("EXIT-12", lab_gone(p));
}

static u64 slice_at_exit;

static void spend_all(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	if (op == SCXTWIN_OP_running && t == p && t->flags & PF_EXITING && slice_at_exit++ == 0)
		t->scx.slice = 0;
	if (op == SCXTWIN_OP_running && t == q)
		PROVES("EXIT-11", p->scx.dsq == lab_local(0) && p->scx.slice == SCX_SLICE_DFL);
	(void)arg;
}

static void exit_11_without_slice_it_takes_the_exiting_shortcut(void **state)
{
	(void)state;
	lab_start(.cpus = 1, .autogroup = true);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	lab_wake(q);
	lab_forget();
	say.look = spend_all;
	slice_at_exit = 0;
	lab_exit(p);
	PROVES("EXIT-11", lab_called(p, "stopping(0) quiescent(0x20000000e) runnable running stopping(1)"));
	PROVES("EXIT-11", lab_count(SCX_EV_ENQ_SKIP_EXITING) == 1 && lab_runs(q));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fork_01_to_14_steps_of_a_fork),
		TEST(fork_03_11_a_realtime_child_is_only_initialized),
		TEST(fork_16_the_child_preempts_a_lower_class),
		TEST(fork_06_a_refused_fork_leaves_nothing),
		TEST(fork_07_disallow_is_not_for_forks),
		TEST(fork_08_a_fork_that_fails_later_is_cancelled),
		TEST(fork_17_without_a_scheduler_nothing_but_the_list),
		TEST(sched_06_07_blocking),
		TEST(sched_15_16_a_task_brought_by_dispatch),
		TEST(sched_16_no_prev_of_another_class),
		TEST(sched_20_the_same_task_goes_on_in_silence),
		TEST(sched_04_24_an_idle_cpu_asks_while_a_scheduler_is_there),
		TEST(sched_23_a_resched_during_the_pick_is_void),
		TEST(sched_21_32_on_cpu_falls_after_the_switch),
		TEST(sched_34_a_slice_request_counts_after_running),
		TEST(exit_01_02_03_09_after_the_last_switch),
		TEST(exit_04_a_realtime_task_gets_no_disable),
		TEST(exit_07_hooks_leave_the_dead_alone),
		TEST(exit_10_12_autogroup_gives_one_more_pair),
		TEST(exit_11_without_slice_it_takes_the_exiting_shortcut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
