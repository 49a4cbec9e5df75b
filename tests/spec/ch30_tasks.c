/* SPDX-License-Identifier: GPL-2.0-only */
/* A task's way through the class: spec 30.1, 30.5 to 30.10, and the class tests of 22.13. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bug.h"
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

/* ---- states */

static u32 nr_warnings;

static void count_warning(const struct bug_site *site, bool fatal, const char *detail)
{
	(void)site;
	(void)detail;
	if (fatal)
		abort();
	nr_warnings++;
}

static const u32 states[] = { SCX_TASK_NONE, SCX_TASK_INIT_BEGIN, SCX_TASK_INIT, SCX_TASK_READY, SCX_TASK_ENABLED,
			      SCX_TASK_DEAD };

static void try_all_transitions(void *arg)
{
	/* from NONE, INIT_BEGIN, INIT, READY, ENABLED, DEAD; to in the same order */
	static const char legal[6][7] = { "yy---y", "y-y--y", "y--y--", "y---y-", "y--y--", "------" };
	u32 from, to;

	(void)arg;
	for (from = 0; from < 6; from++) {
		for (to = 0; to < 6; to++) {
			p->scx.flags = states[from];
			nr_warnings = 0;
			scx_set_task_state(p, states[to]);
			PROVES("LIFE-01 ERR-60", nr_warnings == (legal[from][to] != 'y'));
			PROVES("LIFE-01", scx_get_task_state(p) == states[to]);
			PROVES("LIFE-02", !!(p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT) == (states[to] == SCX_TASK_INIT));
		}
	}
	p->scx.flags = 0;
}

static void life_01_02_legal_transitions(void **state)
{
	(void)state;
	PROVES("LIFE-01", SCX_TASK_STATE_MASK == 0x700 && SCX_TASK_INIT_BEGIN == 0x100 && SCX_TASK_DEAD == 0x500);
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	bug_set_handler(count_warning);
	lab_outside(try_all_transitions, NULL);
}

static void life_03_a_fresh_entity(void **state)
{
	struct sched_ext_entity e;

	(void)state;
	lab_start(.cpus = 1);
	lab_run(20 * MS);
	memset(&e, 0x55, sizeof(e));
	init_scx_entity(&e);
	PROVES("LIFE-03", !e.dsq && e.sticky_cpu == -1 && e.holding_cpu == -1 && e.runnable_cpu == -1);
	PROVES("LIFE-03", e.ddsp_dsq_id == SCX_DSQ_INVALID && e.slice == 20000000 && e.runnable_at == jiffies());
	PROVES("LIFE-03", !e.flags && !e.dsq_vtime && !e.ops_state.counter && !e.weight && !e.tid && !e.disallow &&
			  !e.reenq_cnt && !e.slice_oob && !e.ddsp_enq_flags && !e.dsq_flags);
}

static void life_04_idle_tasks_are_never_visited(void **state)
{
	(void)state;
	lab_start(.cpus = 2, .ops = &ops);
	PROVES("LIFE-04", scx_get_task_state(cpu_rq(0)->idle) == SCX_TASK_NONE &&
			  cpu_rq(0)->idle->sched_class == &idle_sched_class);
	lab_unload();
	PROVES("LIFE-04", scx_get_task_state(cpu_rq(1)->idle) == SCX_TASK_NONE && lab_called(NULL, "..."));
}

/* ---- the class of a task */

static void life_42_43_class_01_02_policy_and_state_decide(void **state)
{
	struct scx *scx;

	(void)state;
	lab_start(.cpus = 1);
	scx = scx_state();
	PROVES("LIFE-42 CLASS-01 LIFE-45", !task_should_scx(SCHED_EXT) && !task_should_scx(SCHED_NORMAL));
	PROVES("LIFE-45 CLASS-02", __setscheduler_class(SCHED_EXT, DEFAULT_PRIO) == &fair_sched_class);
	scx->enabled = true;
	scx->enable_state = SCX_ENABLED;
	PROVES("LIFE-42 CLASS-01", task_should_scx(SCHED_EXT) && !task_should_scx(SCHED_NORMAL));
	scx->enable_state = SCX_DISABLING;
	PROVES("LIFE-42 CLASS-01", !task_should_scx(SCHED_EXT));
	scx->switching_all = true;
	PROVES("LIFE-42 LIFE-44 CLASS-01", task_should_scx(SCHED_EXT) && task_should_scx(SCHED_NORMAL) &&
					   task_should_scx(SCHED_IDLE) && task_should_scx(SCHED_BATCH));
	PROVES("LIFE-43 CLASS-02", __setscheduler_class(SCHED_FIFO, 50) == &rt_sched_class &&
				   __setscheduler_class(SCHED_DEADLINE, -1) == &dl_sched_class &&
				   __setscheduler_class(SCHED_EXT, 50) == &rt_sched_class);
	PROVES("CLASS-02", scx_setscheduler_class(cpu_rq(0)->stop) == &stop_sched_class);
	PROVES("CLASS-02", __setscheduler_class(SCHED_NORMAL, DEFAULT_PRIO) == &ext_sched_class);
	scx->enabled = scx->switching_all = false;
	scx->enable_state = SCX_DISABLED;
}

static void life_33_34_class_29_a_partial_switch(void **state)
{
	struct task_struct *rt;

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("normal", .cpu = 0);
	q = lab_task("ext", .cpu = 0, .policy = SCHED_EXT);
	rt = lab_task("rt", .cpu = 0, .policy = SCHED_RR);
	PROVES("LIFE-45", q->sched_class == &fair_sched_class);
	ops.flags = SCX_OPS_SWITCH_PARTIAL;
	assert_int_equal(lab_try_load(&ops), 0);
	PROVES("LIFE-33 CLASS-29", lab_called(NULL, "init normal:init_task ext:init_task rt:init_task "
						    "ext:enable ext:set_weight ext:set_cpumask dispatch"));
	PROVES("LIFE-33 LIFE-34", p->sched_class == &fair_sched_class && q->sched_class == &ext_sched_class &&
				  rt->sched_class == &rt_sched_class && !scx_switched_all());
	lab_set_cpus(p, 0x1);
	lab_set_nice(p, 5);
	PROVES("LIFE-56 LIFE-57", lab_called(p, ""));
	lab_unload();
	PROVES("CLASS-29 CLASS-26 LIFE-75", lab_called(NULL, "... normal:exit_task(0) ext:disable ext:exit_task(0) "
							     "rt:exit_task(0) ..."));
}

static void life_34_all_normal_policies_are_switched(void **state)
{
	static const u32 policies[] = { SCHED_NORMAL, SCHED_BATCH, SCHED_IDLE, SCHED_EXT };
	struct task_struct *tasks[4];
	u32 i;

	(void)state;
	lab_start(.cpus = 1);
	for (i = 0; i < 4; i++)
		tasks[i] = lab_task("t", .cpu = 0, .policy = policies[i]);
	lab_load(&ops);
	for (i = 0; i < 4; i++)
		PROVES("LIFE-33", tasks[i]->sched_class == &ext_sched_class);
}

/* ---- weight */

static void life_48_weights(void **state)
{
	static const struct {
		int nice;
		u32 weight;
	} table[] = {
		{ -20, 8668 }, { -10, 932 }, { -5, 305 }, { -1, 125 }, { 0, 100 },
		{ 1, 80 }, { 5, 33 }, { 10, 11 }, { 15, 4 }, { 19, 1 },
	};
	struct task_struct t = { .policy = SCHED_NORMAL };
	u32 i;

	(void)state;
	lab_start(.cpus = 1);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		t.static_prio = NICE_TO_PRIO(table[i].nice);
		PROVES("LIFE-48 SCHG-26", scx_task_weight(&t) == table[i].weight);
	}
	t.policy = SCHED_IDLE;
	t.static_prio = NICE_TO_PRIO(-20);
	PROVES("LIFE-48 SCHG-26", scx_task_weight(&t) == 1);
}

/* ---- entering and leaving */

static u32 nr_looks;

static void look_at_entry(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	if (op == SCXTWIN_OP_enable || op == SCXTWIN_OP_set_weight) {
		nr_looks++;
		PROVES("LIFE-46 CLASS-10", scx_get_task_state(t) == SCX_TASK_READY && t->scx.weight == 33 &&
					   raw_spin_is_held(&task_rq(t)->__lock));
		PROVES("LIFE-46 CLASS-11 ERR-61", !(t->scx.flags & SCX_TASK_IN_CUSTODY));
		PROVES("LIFE-49", !(t->scx.flags & SCX_TASK_QUEUED) && list_empty(&t->scx.runnable_node));
	}
	if (op == SCXTWIN_OP_set_weight)
		PROVES("LIFE-46", arg == 33);
	if (op == SCXTWIN_OP_set_cpumask) {
		nr_looks++;
		PROVES("LIFE-46 LIFE-47", scx_get_task_state(t) == SCX_TASK_ENABLED && arg == t->cpus_ptr->bits[0]);
	}
}

static void life_46_47_49_entering(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0, .nice = 5);
	ops.flags = SCX_OPS_SWITCH_PARTIAL;
	lab_load(&ops);
	lab_wake(p);
	lab_set_policy(p, SCHED_BATCH, 0);
	lab_forget();
	say.look = look_at_entry;
	nr_looks = 0;
	lab_set_policy(p, SCHED_EXT, 0);
	PROVES("LIFE-46 LIFE-47 LIFE-49", nr_looks == 3 && lab_called(p, "enable set_weight(33) set_cpumask(2) runnable running"));
}

static void look_at_disable(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_disable)
		return;
	nr_looks++;
	PROVES("LIFE-52", t->scx.slice == 7 * MS && t->scx.dsq_vtime == 1234);
	PROVES("LIFE-51 CLASS-13", t->scx.ddsp_dsq_id == SCX_DSQ_INVALID && scx_get_task_state(t) == SCX_TASK_ENABLED);
	PROVES("LIFE-53", !(t->scx.flags & SCX_TASK_QUEUED) && !t->scx.dsq);
}

static void life_51_52_53_leaving(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	say.slice = 7 * MS;
	lab_wake(p);
	lab_forget();
	p->scx.dsq_vtime = 1234;
	p->scx.reenq_cnt = 3;
	p->scx.flags &= ~SCX_TASK_RESET_RUNNABLE_AT;
	say.look = look_at_disable;
	nr_looks = 0;
	lab_set_policy(p, SCHED_FIFO, 10);
	PROVES("LIFE-53 CLASS-08", nr_looks == 1 && lab_called(p, "stopping(0) quiescent(0x20000004e) disable"));
	PROVES("LIFE-51 CLASS-12", p->scx.slice == 0 && p->scx.dsq_vtime == 0 && p->scx.reenq_cnt == 0 && !p->scx.slice_oob);
	PROVES("LIFE-51 CLASS-12 WDOG-02 WDOG-19", p->scx.flags & SCX_TASK_RESET_RUNNABLE_AT &&
					  scx_get_task_state(p) == SCX_TASK_READY);
	PROVES("LIFE-51 CLASS-11 ERR-61", !(p->scx.flags & (SCX_TASK_IN_CUSTODY | SCX_TASK_PROTECTED)));
}

static void life_53_custody_ends_before_disable(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	say.dsq = 0;
	lab_wake(q);
	lab_forget();
	lab_set_policy(q, SCHED_FIFO, 10);
	PROVES("LIFE-53 CLASS-07", lab_called(q, "dequeue(0x20000004e) quiescent(0x20000004e) disable"));
}

static void look_at_verdict(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_disable && ++nr_looks)
		PROVES("CLASS-13 LIFE-51", t->scx.ddsp_dsq_id == SCX_DSQ_INVALID && !t->scx.ddsp_enq_flags);
}

static void life_51_class_13_a_pending_verdict_is_forgotten(void **state)
{
	struct lab_hold *waking;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	ops.flags |= SCX_OPS_ALLOW_QUEUED_WAKEUP;
	say.select_dsq = SCX_DSQ_LOCAL;
	lab_load(&ops);
	waking = lab_hold(.cpu = 1, .label = "wake_list.take");
	lab_wake(p);
	assert_true(lab_held(waking) && p->scx.ddsp_dsq_id == SCX_DSQ_LOCAL && p->__state == TASK_WAKING);
	say.look = look_at_verdict;
	nr_looks = 0;
	lab_set_policy(p, SCHED_FIFO, 10);
	lab_release(waking);
	PROVES("CLASS-13 LIFE-51", nr_looks == 1 && lab_runs(p) && lab_called(p, "select_cpu disable"));
}

static void life_36_54_calls_come_in_pairs(void **state)
{
	u32 i;

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(lab_try_load(&ops), 0);
		lab_set_policy(p, SCHED_FIFO, 10);
		lab_set_policy(p, SCHED_RR, 10);
		lab_set_policy(p, SCHED_NORMAL, 0);
		lab_unload();
		PROVES("LIFE-36 LIFE-54", lab_called(p, "init_task(0) enable set_weight set_cpumask disable "
							"enable set_weight set_cpumask disable exit_task(0)"));
	}
}

static void switch_from_none(void *arg)
{
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(p, &rf);

	(void)arg;
	scx_set_task_state(p, SCX_TASK_READY);
	scx_set_task_state(p, SCX_TASK_NONE);
	switched_from_scx(rq, p);
	PROVES("LIFE-55", scx_get_task_state(p) == SCX_TASK_NONE);
	task_rq_unlock(rq, p, &rf);
}

static void life_55_state_none_leaves_in_silence(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	lab_by_hand();
	lab_outside(switch_from_none, NULL);
	PROVES("LIFE-55", lab_called(p, ""));
}

static void life_57_the_effective_mask_is_told(void **state)
{
	(void)state;
	lab_start(.cpus = 3);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	lab_set_cpus(p, 0x5);
	PROVES("LIFE-57", lab_called(p, "set_cpumask(2)"));
	lab_set_policy(p, SCHED_FIFO, 1);
	lab_forget();
	lab_set_cpus(p, 0x3);
	PROVES("LIFE-57", lab_called(p, ""));
}

/* ---- fork, death */

static void look_at_fork(enum scxtwin_op op, struct task_struct *t, u64 fork)
{
	if (op == SCXTWIN_OP_init_task && fork)
		PROVES("LIFE-59", smp_processor_id() == 1 && list_empty(&t->scx.tasks_node) && lab_gone(t));
	if (op == SCXTWIN_OP_enable)
		PROVES("LIFE-60", t->__state == TASK_NEW && !t->on_rq);
}

static void life_58_59_60_63_birth(void **state)
{
	struct task_struct *a, *b, *c;

	(void)state;
	lab_start(.cpus = 2, .ops = &ops);
	say.look = look_at_fork;
	a = lab_task("a", .cpu = 1, .awake = true);
	b = lab_task("b", .cpu = 1, .awake = true);
	say.look = NULL;
	c = lab_task("c", .cpu = 0, .awake = true);
	PROVES("LIFE-63", a->scx.tid && b->scx.tid == a->scx.tid + 1);
	PROVES("LIFE-63", c->scx.tid && (c->scx.tid - 1) / 1024 != (a->scx.tid - 1) / 1024);
}

static void look_at_death(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	if (op == SCXTWIN_OP_disable || op == SCXTWIN_OP_exit_task)
		PROVES("LIFE-64", list_empty(&t->scx.tasks_node) && !t->on_cpu && raw_spin_is_held(&task_rq(t)->__lock));
	if (op == SCXTWIN_OP_exit_task)
		PROVES("LIFE-66", arg == 0);
}

static void life_64_66_67_death(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	lab_forget();
	say.look = look_at_death;
	lab_exit(p);
	PROVES("LIFE-64 LIFE-67", lab_called(NULL, "gone:stopping(0) gone:quiescent(0x10009) dispatch gone:disable gone:exit_task(0)"));
}

static void life_78_after_unloading_death_is_silent(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	lab_unload();
	lab_forget();
	lab_wake(p);
	lab_exit(p);
	PROVES("LIFE-78", lab_called(NULL, "") && lab_gone(p));
	p = lab_task("later", .cpu = 0, .awake = true);
	PROVES("LIFE-78 CLASS-28", lab_called(NULL, "") && scx_get_task_state(p) == SCX_TASK_NONE);
}

/* ---- disallow */

static s32 init_task_disallows(struct task_struct *t, struct scx_init_task_args *args)
{
	PROVES("LIFE-68", !t->scx.disallow);
	t->scx.disallow = !args->fork && t == p;
	return 0;
}

static void life_68_69_class_14_an_ext_task_is_rejected(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0, .policy = SCHED_EXT);
	q = lab_task("q", .cpu = 0, .policy = SCHED_EXT);
	ops.init_task = init_task_disallows;
	ops.flags = SCX_OPS_SWITCH_PARTIAL;
	assert_int_equal(lab_try_load(&ops), 0);
	PROVES("LIFE-69 CLASS-14", p->policy == SCHED_NORMAL && p->sched_class == &fair_sched_class && scx_nr_rejected() == 1);
	PROVES("LIFE-69", lab_called(p, "init_task(0)") && scx_get_task_state(p) == SCX_TASK_READY);
	PROVES("LIFE-69", q->sched_class == &ext_sched_class);
	lab_unload();
	ops.init_task = say_ops.init_task;
	lab_load(&ops);
	PROVES("LIFE-68", !p->scx.disallow && scx_nr_rejected() == 0);
}

static void life_70_74_other_policies_are_not_touched(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	ops.init_task = init_task_disallows;
	lab_load(&ops);
	PROVES("LIFE-70 LIFE-74", p->policy == SCHED_NORMAL && p->sched_class == &ext_sched_class && scx_nr_rejected() == 0);
	PROVES("LIFE-73", scx_check_setscheduler(p, SCHED_EXT) == -EACCES && scx_check_setscheduler(p, SCHED_BATCH) == 0);
	p->policy = SCHED_EXT;
	PROVES("LIFE-73", scx_check_setscheduler(p, SCHED_EXT) == 0);
}

static void init_once_more(void *arg)
{
	(void)arg;
	scx_init_task(scx_root, p, false);
}

static void life_72_disallow_only_while_loading(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	ops.init_task = init_task_disallows;
	lab_load(&ops);
	p = lab_task("p", .cpu = 0, .awake = true);
	lab_by_hand();
	lab_outside(init_once_more, NULL);
	lab_run(MS);
	PROVES("LIFE-72 CLASS-14 ERR-50", lab_exited(SCX_EXIT_ERROR, "outside the enable path"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(life_01_02_legal_transitions),
		TEST(life_03_a_fresh_entity),
		TEST(life_04_idle_tasks_are_never_visited),
		TEST(life_42_43_class_01_02_policy_and_state_decide),
		TEST(life_33_34_class_29_a_partial_switch),
		TEST(life_34_all_normal_policies_are_switched),
		TEST(life_48_weights),
		TEST(life_46_47_49_entering),
		TEST(life_51_52_53_leaving),
		TEST(life_53_custody_ends_before_disable),
		TEST(life_51_class_13_a_pending_verdict_is_forgotten),
		TEST(life_36_54_calls_come_in_pairs),
		TEST(life_55_state_none_leaves_in_silence),
		TEST(life_57_the_effective_mask_is_told),
		TEST(life_58_59_60_63_birth),
		TEST(life_64_66_67_death),
		TEST(life_78_after_unloading_death_is_silent),
		TEST(life_68_69_class_14_an_ext_task_is_rejected),
		TEST(life_70_74_other_policies_are_not_touched),
		TEST(life_72_disallow_only_while_loading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
