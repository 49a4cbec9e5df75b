/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading and unloading: order of callbacks, refusals, failures, what remains. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/ext_rig.h"

#define MS NSEC_PER_MSEC
#define OP(op) (1ULL << SCXTWIN_OP_##op)

static struct ext_rig rig;

static const struct ext_step sleeper[] = { { STEP_SLEEP, 0 }, { STEP_AGAIN, 0 } };
static const struct ext_step runner[] = { { STEP_RUN, 1000 * MS }, { STEP_AGAIN, 0 } };
static const struct ext_step one_shot[] = { { STEP_RUN, 1 * MS }, { STEP_EXIT, 0 }, { STEP_AGAIN, 0 } };

static int start(void **state)
{
	(void)state;
	ext_rig_start(&rig, 2, 1, 0, 1);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	assert_int_equal(rig.nr_warnings, 0);
	ext_rig_stop(&rig);
	return 0;
}

static s32 ok_init(void)
{
	return scx_bpf_create_dsq(1, -1);
}

static void to_shared(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, 1, SCX_SLICE_DFL, enq_flags);
}

static void from_shared(s32 cpu, struct task_struct *prev)
{
	(void)cpu;
	(void)prev;
	scx_bpf_dsq_move_to_local(1, 0);
}

static void on_task(struct task_struct *p)
{
	assert_non_null(p);
}

static void on_task_flags(struct task_struct *p, u64 flags)
{
	(void)flags;
	assert_non_null(p);
}

static void on_stopping(struct task_struct *p, bool runnable)
{
	(void)runnable;
	assert_non_null(p);
}

static void on_weight(struct task_struct *p, u32 weight)
{
	assert_int_equal(p->scx.weight, weight);
}

static void on_cpumask(struct task_struct *p, const struct cpumask *mask)
{
	assert_ptr_equal(p->cpus_ptr, mask);
}

static s32 on_init_task(struct task_struct *p, struct scx_init_task_args *args)
{
	(void)args;
	assert_int_equal(scx_get_task_state(p), SCX_TASK_INIT_BEGIN);
	return 0;
}

static void on_exit_task(struct task_struct *p, struct scx_exit_task_args *args)
{
	assert_non_null(p);
	assert_false(args->cancelled);
}

static struct scx_exit_info seen_exit;
static u32 nr_exits;

static void on_exit_op(struct scx_exit_info *info)
{
	seen_exit = *info;
	nr_exits++;
}

static void on_cpu(s32 cpu)
{
	assert_in_range(cpu, 0, nr_cpu_ids() - 1);
}

static struct sched_ext_ops all_ops(void)
{
	nr_exits = 0;
	return (struct sched_ext_ops){
		.name = "all", .init = ok_init, .enqueue = to_shared, .dispatch = from_shared,
		.dequeue = on_task_flags, .runnable = on_task_flags, .running = on_task,
		.stopping = on_stopping, .quiescent = on_task_flags, .set_weight = on_weight,
		.set_cpumask = on_cpumask, .init_task = on_init_task, .exit_task = on_exit_task,
		.enable = on_task, .disable = on_task, .exit = on_exit_op, .cpu_online = on_cpu,
		.cpu_offline = on_cpu,
	};
}

/* 30.15: A sleeps, B runs, C waits behind B. */
static void life_98_load_and_unload_call_in_the_reference_order(void **state)
{
	const struct sched_ext_ops ops = all_ops();
	struct task_struct *a, *b, *c;
	char want[1024];

	(void)state;
	a = ext_rig_task(&rig, sleeper, 1);
	b = ext_rig_task(&rig, runner, 1);
	c = ext_rig_task(&rig, runner, 1);
	assert_ptr_equal(cpu_rq(1)->curr, b);
	assert_int_equal(a->__state, TASK_INTERRUPTIBLE);
	ext_rig_forget_calls(&rig);
	rig.ops_seen = ~(OP(dispatch) | OP(tick));

	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	assert_int_equal(scx_state()->enable_state, SCX_ENABLED);
	snprintf(want, sizeof(want),
		 "init init_task:%d init_task:%d init_task:%d "
		 "enable:%d set_weight:%d set_cpumask:%d "
		 "enable:%d set_weight:%d set_cpumask:%d runnable:%d running:%d "
		 "enable:%d set_weight:%d set_cpumask:%d runnable:%d "
		 "quiescent:%d runnable:%d enqueue:%d ",
		 a->pid, b->pid, c->pid, a->pid, a->pid, a->pid, b->pid, b->pid, b->pid, b->pid, b->pid,
		 c->pid, c->pid, c->pid, c->pid, c->pid, c->pid, c->pid);
	assert_string_equal(rig.calls, want);
	assert_int_equal(scx_get_task_state(c), SCX_TASK_ENABLED);
	assert_true(sched_class_is_ext(a) && sched_class_is_ext(b));

	ext_rig_forget_calls(&rig);
	ext_rig_unload(&rig);
	snprintf(want, sizeof(want),
		 "dequeue:%d quiescent:%d runnable:%d disable:%d exit_task:%d ", c->pid, c->pid, c->pid,
		 a->pid, a->pid);
	assert_memory_equal(rig.calls, want, strlen(want));
	assert_int_equal(nr_exits, 1);
	assert_int_equal(seen_exit.kind, SCX_EXIT_UNREG);
	assert_int_equal(seen_exit.exit_cpu, -1);
	assert_int_equal(seen_exit.flags, SCX_EFLAG_INITIALIZED);
	assert_false(scx_loaded());
	assert_int_equal(scx_last_exit()->kind, SCX_EXIT_UNREG);
	assert_int_equal(scx_state()->enable_state, SCX_DISABLED);
	assert_int_equal(scx_get_task_state(b), SCX_TASK_NONE);
	assert_ptr_equal(a->sched_class, &fair_sched_class);
	ext_rig_run(&rig, 50 * MS);
	assert_true(c->sum_exec_runtime > 0);
}

static void life_17_30_2_bad_tables_are_refused_with_an_errno(void **state)
{
	struct sched_ext_ops ops = { .name = "bad name" };

	(void)state;
	assert_int_equal(ext_rig_load(&rig, &ops), -EINVAL);
	strcpy(ops.name, "");
	assert_int_equal(ext_rig_load(&rig, &ops), -EINVAL);
	strcpy(ops.name, "good.name_1");
	ops.flags = SCX_OPS_HAS_CPU_PREEMPT;
	assert_int_equal(ext_rig_load(&rig, &ops), -EINVAL);
	ops.flags = 0;
	ops.timeout_ms = 30001;
	assert_int_equal(ext_rig_load(&rig, &ops), -E2BIG);
	ops.timeout_ms = 30000;
	ops.dispatch_max_batch = 1U << 31;
	assert_int_equal(ext_rig_load(&rig, &ops), -E2BIG);
	ops.dispatch_max_batch = 0;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	assert_int_equal(ext_rig_load(&rig, &ops), -EBUSY);
	assert_true(scx_loaded());
}

static s32 failing_init(void)
{
	return -EPERM;
}

static void life_37_38_a_failed_init_is_reported_by_exit_alone(void **state)
{
	struct sched_ext_ops ops = all_ops();

	(void)state;
	ops.init = failing_init;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	assert_int_equal(nr_exits, 1);
	assert_int_equal(seen_exit.kind, SCX_EXIT_ERROR);
	assert_int_equal(seen_exit.flags, 0);
	assert_string_equal(scx_last_exit()->msg, "ops.init() failed (-1)");
	assert_int_equal(scx_state()->enable_state, SCX_DISABLED);
	ops.init = ok_init;
	assert_int_equal(ext_rig_load(&rig, &ops), 0); /* LIFE-41 */
	assert_true(scx_loaded());
}

static s32 invalid_init(void)
{
	return 5;
}

static void life_18_a_positive_return_is_an_invalid_errno(void **state)
{
	struct sched_ext_ops ops = all_ops();

	(void)state;
	ops.init = invalid_init;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	assert_string_equal(scx_last_exit()->msg, "ops.init() returned an invalid errno 5");
}

static s32 refused_pid;

static s32 picky_init_task(struct task_struct *p, struct scx_init_task_args *args)
{
	(void)args;
	return p->pid == refused_pid ? -ENOMEM : 0;
}

static void life_24_39_init_task_failure_ends_the_load_and_undoes_the_rest(void **state)
{
	struct sched_ext_ops ops = all_ops();
	struct task_struct *a, *b;
	char want[128];

	(void)state;
	a = ext_rig_task(&rig, sleeper, -1);
	b = ext_rig_task(&rig, sleeper, -1);
	ext_rig_task(&rig, sleeper, -1);
	refused_pid = b->pid;
	ops.init_task = picky_init_task;
	ext_rig_forget_calls(&rig);
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	snprintf(want, sizeof(want), "init init_task:%d init_task:%d exit_task:%d exit ", a->pid, b->pid,
		 a->pid);
	assert_string_equal(rig.calls, want);
	snprintf(want, sizeof(want), "ops.init_task() failed (%d) for script[%d]", -ENOMEM, b->pid);
	assert_string_equal(scx_last_exit()->msg, want);
}

static void life_11_enq_last_needs_enqueue(void **state)
{
	struct sched_ext_ops ops = { .name = "last", .flags = SCX_OPS_ENQ_LAST };

	(void)state;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	assert_false(scx_loaded());
	assert_int_equal(scx_last_exit()->kind, SCX_EXIT_ERROR);
}

static void life_30_a_stale_hotplug_seq_asks_for_a_restart(void **state)
{
	struct sched_ext_ops ops = all_ops();

	(void)state;
	ops.hotplug_seq = 77;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	assert_int_equal(scx_last_exit()->kind, SCX_EXIT_UNREG_KERN);
	assert_int_equal(scx_last_exit()->exit_code, SCX_ECODE_ACT_RESTART | SCX_ECODE_RSN_HOTPLUG);
	assert_string_equal(scx_last_exit()->dump, "");
}

static void life_33_a_partial_switch_leaves_normal_tasks_alone(void **state)
{
	struct sched_ext_ops ops = all_ops();
	struct task_struct *a;

	(void)state;
	ops.flags = SCX_OPS_SWITCH_PARTIAL;
	a = ext_rig_task(&rig, sleeper, -1);
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	assert_int_equal(scx_get_task_state(a), SCX_TASK_READY);
	assert_ptr_equal(a->sched_class, &fair_sched_class);
	assert_false(scx_switched_all());
}

static void fork_09_to_11_and_exit_03_call_in_order(void **state)
{
	struct sched_ext_ops ops = all_ops();
	char want[512];
	s32 pid;

	(void)state;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	ext_rig_forget_calls(&rig);
	rig.ops_seen = ~(OP(dispatch) | OP(tick));
	pid = ext_rig_task(&rig, one_shot, 1)->pid;
	ext_rig_run(&rig, 10 * MS);
	snprintf(want, sizeof(want),
		 "init_task:%d enable:%d set_weight:%d runnable:%d enqueue:%d dequeue:%d running:%d "
		 "stopping:%d quiescent:%d disable:%d exit_task:%d ",
		 pid, pid, pid, pid, pid, pid, pid, pid, pid, pid, pid);
	assert_string_equal(rig.calls, want);
}

static void wrong_dsq(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, 999, SCX_SLICE_DFL, enq_flags);
}

static void err_06_an_error_ejects_and_tasks_go_on_under_fair(void **state)
{
	struct sched_ext_ops ops = all_ops();
	struct task_struct *p;

	(void)state;
	ops.enqueue = wrong_dsq;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	p = ext_rig_task(&rig, runner, 1);
	ext_rig_run(&rig, 10 * MS);
	assert_false(scx_loaded());
	assert_int_equal(scx_last_exit()->kind, SCX_EXIT_ERROR);
	assert_non_null(strstr(scx_last_exit()->msg, "0x3e7"));
	assert_non_null(strstr(scx_last_exit()->dump, "triggered exit kind 1024"));
	assert_non_null(strstr(scx_last_exit()->dump, "Event counters"));
	assert_ptr_equal(p->sched_class, &fair_sched_class);
	assert_ptr_equal(cpu_rq(1)->curr, p);
}

static void keep(struct task_struct *p, u64 enq_flags)
{
	(void)p;
	(void)enq_flags;
}

static void no_dispatch(s32 cpu, struct task_struct *prev)
{
	(void)cpu;
	(void)prev;
}

static void wdog_08_to_11_a_forgotten_task_is_found_after_the_timeout(void **state)
{
	struct sched_ext_ops ops = all_ops();
	struct task_struct *p;

	(void)state;
	ops.enqueue = keep;
	ops.dispatch = no_dispatch;
	ops.timeout_ms = 1000;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	p = ext_rig_task(&rig, runner, 1);
	ext_rig_run(&rig, 5000 * MS);
	assert_int_equal(scx_last_exit()->kind, SCX_EXIT_ERROR_STALL);
	assert_int_equal(scx_last_exit()->exit_cpu, 1);
	assert_non_null(strstr(scx_last_exit()->msg, "failed to run for 1."));
	assert_ptr_equal(cpu_rq(1)->curr, p);
}

static void reload_uses_what_unload_gave_back(void **state)
{
	struct sched_ext_ops ops = all_ops();
	size_t used = 0;

	(void)state;
	ext_rig_task(&rig, runner, 1);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(ext_rig_load(&rig, &ops), 0);
		ext_rig_run(&rig, 30 * MS);
		ext_rig_unload(&rig);
		ext_rig_run(&rig, 30 * MS);
		if (i == 2)
			used = arena_used(rig.sim.arena);
	}
	assert_int_equal(arena_used(rig.sim.arena), used);
	assert_int_equal(nr_exits, 6);
	assert_int_equal(scx_enable_seq(), 6);
}

static void cpu_down(void *arg)
{
	assert_int_equal(sched_cpu_down((int)(intptr_t)arg), 0);
}

static void cpu_up(void *arg)
{
	assert_int_equal(sched_cpu_up((int)(intptr_t)arg), 0);
}

static void hot_03_04_13_hotplug_calls_the_scheduler(void **state)
{
	struct sched_ext_ops ops = all_ops();

	(void)state;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	ext_rig_forget_calls(&rig);
	rig.ops_seen = OP(cpu_online) | OP(cpu_offline);
	ext_rig_service(&rig, cpu_down, (void *)1);
	ext_rig_run(&rig, 1 * MS);
	assert_false(cpu_rq(1)->scx.flags & SCX_RQ_ONLINE);
	ext_rig_service(&rig, cpu_up, (void *)1);
	ext_rig_run(&rig, 1 * MS);
	assert_string_equal(rig.calls, "cpu_offline cpu_online ");
	assert_true(cpu_rq(1)->scx.flags & SCX_RQ_ONLINE);
	assert_true(scx_loaded());
	assert_int_equal(scx_hotplug_seq(), 2);
}

static void hot_07_without_the_callback_hotplug_ends_the_scheduler(void **state)
{
	struct sched_ext_ops ops = all_ops();

	(void)state;
	ops.cpu_offline = NULL;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	ext_rig_service(&rig, cpu_down, (void *)1);
	ext_rig_run(&rig, 1 * MS);
	assert_int_equal(scx_last_exit()->kind, SCX_EXIT_UNREG_KERN);
	assert_string_equal(scx_last_exit()->msg, "cpu 1 going offline, exiting scheduler");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(life_98_load_and_unload_call_in_the_reference_order, start, stop),
		cmocka_unit_test_setup_teardown(life_17_30_2_bad_tables_are_refused_with_an_errno, start, stop),
		cmocka_unit_test_setup_teardown(life_37_38_a_failed_init_is_reported_by_exit_alone, start, stop),
		cmocka_unit_test_setup_teardown(life_18_a_positive_return_is_an_invalid_errno, start, stop),
		cmocka_unit_test_setup_teardown(life_24_39_init_task_failure_ends_the_load_and_undoes_the_rest, start, stop),
		cmocka_unit_test_setup_teardown(life_11_enq_last_needs_enqueue, start, stop),
		cmocka_unit_test_setup_teardown(life_30_a_stale_hotplug_seq_asks_for_a_restart, start, stop),
		cmocka_unit_test_setup_teardown(life_33_a_partial_switch_leaves_normal_tasks_alone, start, stop),
		cmocka_unit_test_setup_teardown(fork_09_to_11_and_exit_03_call_in_order, start, stop),
		cmocka_unit_test_setup_teardown(err_06_an_error_ejects_and_tasks_go_on_under_fair, start, stop),
		cmocka_unit_test_setup_teardown(wdog_08_to_11_a_forgotten_task_is_found_after_the_timeout, start, stop),
		cmocka_unit_test_setup_teardown(reload_uses_what_unload_gave_back, start, stop),
		cmocka_unit_test_setup_teardown(hot_03_04_13_hotplug_calls_the_scheduler, start, stop),
		cmocka_unit_test_setup_teardown(hot_07_without_the_callback_hotplug_ends_the_scheduler, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
