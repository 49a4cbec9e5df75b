/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading: spec 30.2 to 30.4, and its steps in 22.13. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "sched/core.h"
#include "support/say.h"

static struct sched_ext_ops ops;
static struct task_struct *p, *q, *r, *rt;
static u32 nr_seen;

static void say_exit(struct scx_exit_info *info)
{
	(void)info;
}

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	ops.exit = say_exit;
	nr_seen = 0;
	return 0;
}

/* ---- what is refused */

static void life_06_17_fields_that_are_refused(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	ops.flags = 1ULL << 56;
	PROVES("LIFE-06", lab_try_load(&ops) == -EINVAL);
	ops.flags = 1ULL << 63;
	PROVES("LIFE-06", lab_try_load(&ops) == -EINVAL);
	ops.flags = 0;
	ops.timeout_ms = 30001;
	assert_int_equal(lab_try_load(&ops), -E2BIG);
	ops.timeout_ms = 30000;
	ops.dispatch_max_batch = 1U << 31;
	assert_int_equal(lab_try_load(&ops), -E2BIG);
	ops.dispatch_max_batch = 0;
	ops.name[0] = '\0';
	assert_int_equal(lab_try_load(&ops), -EINVAL);
	strcpy(ops.name, "a-b");
	assert_int_equal(lab_try_load(&ops), -EINVAL);
	memset(ops.name, 'a', sizeof(ops.name));
	assert_int_equal(lab_try_load(&ops), -EINVAL);
	strcpy(ops.name, "A_b.9");
	PROVES("LIFE-17", lab_called(NULL, "") && !scx_last_exit()); /* ops.exit() was never due */
	PROVES("LIFE-17", lab_try_load(&ops) == 0 && lab_try_load(&ops) == -EBUSY && scx_root);
}

static void life_11_enq_last_needs_enqueue(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	ops.flags = SCX_OPS_ENQ_LAST;
	ops.enqueue = NULL;
	PROVES("LIFE-11 LIFE-37", lab_try_load(&ops) == 0);
	PROVES("LIFE-11 ERR-51", lab_exited(SCX_EXIT_ERROR, "SCX_OPS_ENQ_LAST"));
	PROVES("LIFE-11 LIFE-37", lab_called(NULL, "init exit") && !scx_root);
}

static void life_12_per_node_needs_builtin_idle(void **state)
{
	(void)state;
	lab_start(.cpus = 2, .nodes = 2);
	ops.flags = SCX_OPS_BUILTIN_IDLE_PER_NODE;
	ops.update_idle = say_update_idle;
	PROVES("LIFE-12", lab_try_load(&ops) == 0);
	PROVES("LIFE-12 ERR-51", lab_exited(SCX_EXIT_ERROR, "PER_NODE"));
	ops.flags |= SCX_OPS_KEEP_BUILTIN_IDLE;
	PROVES("LIFE-12", lab_try_load(&ops) == 0 && scx_root);
}

static void life_16_old_ops_still_load(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	ops.cpu_release = say_cpu_release;
	ops.cpu_acquire = say_cpu_acquire;
	lab_load(&ops);
	PROVES("LIFE-16", scx_root && scx_root->ops.flags & SCX_OPS_HAS_CPU_PREEMPT);
}

/* ---- ops.init() */

static s32 answer;

static s32 init_answers(void)
{
	return answer;
}

static void life_18_38_41_init_may_fail(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	ops.init = init_answers;
	answer = -5;
	PROVES("LIFE-18 LIFE-37 LOAD-03", lab_try_load(&ops) == 0);
	PROVES("LIFE-18 ERR-48", lab_exited(SCX_EXIT_ERROR, "ops.init() failed (-5)"));
	PROVES("LIFE-38", lab_called(NULL, "init exit") && !(scx_last_exit()->flags & SCX_EFLAG_INITIALIZED));
	answer = 7;
	PROVES("LIFE-41 LIFE-18", lab_try_load(&ops) == 0);
	PROVES("LIFE-18 ERR-49", lab_exited(SCX_EXIT_ERROR, "ops.init() returned an invalid errno"));
	answer = 0;
	PROVES("LIFE-41", lab_try_load(&ops) == 0 && scx_root);
	PROVES("LIFE-87", scx_root->exit_info->flags & SCX_EFLAG_INITIALIZED);
}

static void life_87_without_init_the_flag_is_never_set(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	ops.init = NULL;
	lab_load(&ops);
	PROVES("LIFE-87", !(scx_root->exit_info->flags & SCX_EFLAG_INITIALIZED));
}

static void look_at_init(enum scxtwin_op op, struct task_struct *t, u64 fork)
{
	const struct scx *scx = scx_state();

	if (op == SCXTWIN_OP_init) {
		PROVES("LOAD-01", scx->enable_state == SCX_ENABLING && scx->hotplug_rwsem.nr_readers);
		PROVES("LOAD-02", lab_local(0)->sched == scx_root);
		PROVES("LIFE-88", !SCX_HAS_OP(scx_root, SCXTWIN_OP_enqueue) && !SCX_HAS_OP(scx_root, SCXTWIN_OP_cpu_online));
		PROVES("LOAD-05", scx_root->bypass_depth == 0 && !scx->init_task_enabled);
	}
	if (op != SCXTWIN_OP_init_task)
		return;
	nr_seen++;
	PROVES("LIFE-20", lab_user_dsq(SAY_DSQ) && lab_user_dsq(SAY_OTHER_DSQ));
	PROVES("LIFE-21", !scx_enabled() && t->sched_class != &ext_sched_class);
	PROVES("LIFE-22 LOAD-09", !fork && scx_get_task_state(t) == SCX_TASK_INIT_BEGIN && !task_rq(t)->__lock.owner &&
				  !t->scx.disallow && !irqs_disabled());
	PROVES("LIFE-88 LOAD-07", SCX_HAS_OP(scx_root, SCXTWIN_OP_enqueue) && scx_root->bypass_depth == 1);
	PROVES("LOAD-08", scx->init_task_enabled && scx->fork_rwsem.writer);
	PROVES("LOAD-05", !scx->hotplug_rwsem.nr_readers);
}

static void life_04_05_20_to_23_pass_1(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	rt = lab_task("rt", .cpu = 0, .policy = SCHED_FIFO);
	q = lab_task("k", .cpu = 1, .flags = PF_KTHREAD);
	say.look = look_at_init;
	ops.cpu_online = say_cpu_online;
	assert_int_equal(lab_try_load(&ops), 0);
	PROVES("LIFE-04 LIFE-05 LIFE-22 LIFE-23 CLASS-23 LOAD-09", lab_called(NULL,
		"init p:init_task(0) rt:init_task(0) k:init_task(0) p:enable p:set_weight p:set_cpumask "
		"k:enable k:set_weight k:set_cpumask ..."));
	PROVES("LIFE-22 LIFE-34", scx_get_task_state(rt) == SCX_TASK_READY && rt->sched_class == &rt_sched_class);
	PROVES("LIFE-88", !SCX_HAS_OP(scx_root, SCXTWIN_OP_init) && !SCX_HAS_OP(scx_root, SCXTWIN_OP_exit));
}

static s32 init_task_fails(struct task_struct *t, struct scx_init_task_args *args)
{
	(void)args;
	return t == q ? -17 : 0;
}

static void life_24_39_init_task_may_fail(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	r = lab_task("r", .cpu = 0);
	ops.init_task = init_task_fails;
	PROVES("LIFE-24 LIFE-37", lab_try_load(&ops) == 0);
	PROVES("LIFE-24 CLASS-21 ERR-48", lab_exited(SCX_EXIT_ERROR, "ops.init_task() failed (-17) for q["));
	PROVES("LIFE-24 LIFE-39 LIFE-36 CLASS-25", lab_called(NULL, "init p:init_task q:init_task p:exit_task(0) exit"));
	PROVES("LIFE-24 LIFE-39", scx_get_task_state(p) == SCX_TASK_NONE && scx_get_task_state(q) == SCX_TASK_NONE);
	PROVES("LIFE-41", scx_state()->enable_state == SCX_DISABLED);
}

static void load(void *arg)
{
	*(int *)arg = scx_enable(&ops);
}

static void life_25_a_task_that_dies_during_its_init(void **state)
{
	struct lab_hold *in_init;
	int ret = 1;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	lab_wake(p);
	in_init = lab_hold(.cpu = 0, .label = "ops.init_task", .kinds = LAB_KIND(YIELD_CALL));
	lab_outside(load, &ret);
	assert_true(lab_held(in_init) && scx_get_task_state(p) == SCX_TASK_INIT_BEGIN);
	core_of(p)->refs++; /* a loader of the kernel holds one */
	lab_forget();
	lab_exit(p);
	PROVES("LIFE-25 EXIT-06", scx_get_task_state(p) == SCX_TASK_DEAD && lab_called(NULL, ""));
	lab_release(in_init);
	PROVES("LIFE-25 EXIT-06 CLASS-22", lab_called(NULL, "gone:init_task(0) gone:exit_task(1) ...") && ret == 0);
	PROVES("LIFE-25", scx_get_task_state(p) == SCX_TASK_DEAD && scx_root);
	task_release(core_of(p));
}

static void life_25_a_task_that_dies_as_the_loader_finds_it(void **state)
{
	struct lab_hold *dying, *finding;
	int ret = 1;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	lab_wake(p);
	core_of(p)->refs++;
	dying = lab_hold(.cpu = 1, .label = "tasks_lock", .kinds = LAB_KIND(YIELD_LOCK));
	lab_exit(p);
	assert_true(lab_held(dying) && !p->on_cpu && !list_empty(&p->scx.tasks_node));
	finding = lab_hold(.cpu = 0, .label = "scx.flags", .kinds = LAB_KIND(YIELD_RMW), .obj = &p->scx.flags);
	lab_outside(load, &ret);
	assert_true(lab_held(finding)); /* it is about to set INIT_BEGIN */
	lab_release(dying);
	lab_release(finding);
	PROVES("LIFE-36 EXIT-03", ret == 0 && scx_get_task_state(p) == SCX_TASK_DEAD);
	PROVES("LIFE-36", lab_called(NULL, "init gone:init_task(0) gone:exit_task ..."));
	task_release(core_of(p));
}

/* ---- the switch */

static void look_at_switch(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_enable) {
		PROVES("LIFE-27 LOAD-11", t->scx.slice == 5 * MS && scx_root->slice_dfl == 5 * MS);
		PROVES("LIFE-27 LIFE-49", !(t->scx.flags & SCX_TASK_QUEUED) && raw_spin_is_held(&task_rq(t)->__lock));
		PROVES("LOAD-10", scx_enabled() && scx_state()->switching_all && !scx_switched_all());
		PROVES("LOAD-11", scx_state()->fork_rwsem.writer);
		PROVES("LOAD-13 CLASS-24", scx_state()->enable_state == SCX_ENABLING);
	}
	if (op == SCXTWIN_OP_quiescent) { /* bypass ends: where pass 2 had put the task */
		PROVES("LIFE-31 LOAD-12", !scx_state()->fork_rwsem.writer);
		nr_seen++;
	}
	if (op == SCXTWIN_OP_runnable && !nr_seen)
		PROVES("LIFE-28 CLASS-20", scx_bypassing(scx_root, 0));
	if (op == SCXTWIN_OP_enqueue)
		PROVES("LIFE-102 LIFE-31", t->scx.slice == 5 * MS && nr_seen);
}

static void life_27_to_33_98_102_reference_order(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("a", .cpu = 0);
	q = lab_task("b", .cpu = 0);
	r = lab_task("c", .cpu = 0);
	rt = lab_task("d", .cpu = 0);
	lab_wake(q);
	lab_wake(r);
	lab_wake(rt);
	assert_true(lab_runs(q));
	lab_forget();
	say.look = look_at_switch;
	assert_int_equal(lab_try_load(&ops), 0);
	PROVES("LIFE-27 LIFE-28 LIFE-31 LIFE-32 LIFE-33 LIFE-98 LIFE-102 LOAD-11 LOAD-12", lab_called(NULL,
		"init a:init_task b:init_task c:init_task d:init_task "
		"a:enable a:set_weight a:set_cpumask "
		"b:enable b:set_weight b:set_cpumask b:runnable(0x100000000000004e) b:running "
		"c:enable c:set_weight c:set_cpumask c:runnable(0x4e) "
		"d:enable d:set_weight d:set_cpumask d:runnable(0x4e) "
		"d:quiescent(0x20000000e) d:runnable(0xe) d:enqueue(0xe) "
		"c:quiescent(0x20000000e) c:runnable(0xe) c:enqueue(0xe)"));
	PROVES("LIFE-32", lab_runs(q));
	PROVES("LOAD-13", scx_state()->enable_state == SCX_ENABLED && scx_switched_all() && scx_root->slice_dfl == 20 * MS);
	PROVES("LIFE-28", lab_count(SCX_EV_BYPASS_DISPATCH) == 2 && lab_count(SCX_EV_BYPASS_ACTIVATE) == 1);
}

static void fail_in_pass_1(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_init_task && t == p)
		scx_bpf_error("no good");
}

static void life_29_91_92_an_exit_while_loading(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	machine()->cfg.grace_period_ns = 20 * US; /* the loader waits here and there */
	say.look = fail_in_pass_1;
	lab_from(1);
	PROVES("LIFE-29 LIFE-37 ERR-92", lab_try_load(&ops) == 0);
	/* What was claimed first stands; the tasks were switched and are reverted by the disable path. */
	PROVES("LIFE-29 ERR-92 ERR-91", lab_exited(SCX_EXIT_ERROR_BPF, "no good"));
	PROVES("LIFE-29 CLASS-25 LIFE-80", lab_called(NULL, "init p:init_task p:enable p:set_weight p:set_cpumask p:disable "
						  "p:exit_task(0) exit"));
	PROVES("LIFE-29", scx_state()->enable_seq == 0 && p->sched_class == &fair_sched_class);
}

static void fork_a_task(void *arg)
{
	const struct task_birth birth = { .comm = "child", .uops = core_of(p)->uops, .program = core_of(p)->program };
	int err;

	*(struct task_core **)arg = sched_fork_and_wake(&birth, &err);
}

static void life_35_forks_wait_for_the_passes(void **state)
{
	struct task_core *child = NULL;
	struct lab_hold *in_init;
	int ret = 1;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	in_init = lab_hold(.cpu = 0, .label = "ops.init_task", .kinds = LAB_KIND(YIELD_CALL));
	lab_outside(load, &ret);
	assert_true(lab_held(in_init));
	ctx_spawn_service(1, "fork", fork_a_task, &child);
	lab_settle();
	PROVES("LIFE-35 FORK-02", !child && core_sched()->nr_tasks == 1);
	lab_release(in_init);
	PROVES("LIFE-35 FORK-02", child && ret == 0 && lab_called(&child->task, "init_task(1) ..."));
	PROVES("LIFE-35 LIFE-62", scx_get_task_state(&child->task) == SCX_TASK_ENABLED);
}

static void life_62_61_a_load_waits_for_a_fork(void **state)
{
	struct task_core *child = NULL;
	struct lab_hold *in_fork;
	int ret = 1;

	(void)state;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	in_fork = lab_hold(.cpu = 1, .label = "tasks_lock", .kinds = LAB_KIND(YIELD_LOCK));
	ctx_spawn_service(1, "fork", fork_a_task, &child);
	lab_settle();
	assert_true(lab_held(in_fork));
	lab_outside(load, &ret);
	PROVES("LIFE-61 LIFE-62", ret == 1 && lab_called(NULL, "init"));
	lab_release(in_fork);
	PROVES("LIFE-61 LIFE-62", ret == 0 && child && lab_called(&child->task, "init_task(0) enable ..."));
}

static u32 flags_seen[2];

static void look_at_flags(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op == SCXTWIN_OP_init_task)
		flags_seen[0] = t->scx.flags;
	if (op == SCXTWIN_OP_enable)
		flags_seen[1] = t->scx.flags;
}

static void life_101_flags_of_a_sleeper_survive(void **state)
{
	const u32 both = SCX_TASK_DEQD_FOR_SLEEP | SCX_TASK_RESET_RUNNABLE_AT;

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	lab_load(&ops);
	lab_wake(p);
	lab_block(p);
	lab_unload();
	PROVES("LIFE-101", (p->scx.flags & both) == both);
	say.look = look_at_flags;
	lab_load(&ops);
	PROVES("LIFE-101", (flags_seen[0] & both) == both && (flags_seen[1] & both) == both);
}

static void life_16_an_empty_table_loads(void **state)
{
	static const struct sched_ext_ops empty = { .name = "empty" };

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	lab_load(&empty);
	lab_wake(p);
	PROVES("LIFE-16", lab_runs(p) && p->sched_class == &ext_sched_class);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(life_06_17_fields_that_are_refused),
		TEST(life_11_enq_last_needs_enqueue),
		TEST(life_12_per_node_needs_builtin_idle),
		TEST(life_16_old_ops_still_load),
		TEST(life_18_38_41_init_may_fail),
		TEST(life_87_without_init_the_flag_is_never_set),
		TEST(life_04_05_20_to_23_pass_1),
		TEST(life_24_39_init_task_may_fail),
		TEST(life_25_a_task_that_dies_during_its_init),
		TEST(life_25_a_task_that_dies_as_the_loader_finds_it),
		TEST(life_27_to_33_98_102_reference_order),
		TEST(life_29_91_92_an_exit_while_loading),
		TEST(life_35_forks_wait_for_the_passes),
		TEST(life_62_61_a_load_waits_for_a_fork),
		TEST(life_101_flags_of_a_sleeper_survive),
		TEST(life_16_an_empty_table_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
