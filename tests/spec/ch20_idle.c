/* SPDX-License-Identifier: GPL-2.0-only */
/* Built-in idle tracking and ops.update_idle() (spec 20.2 to 20.4). */
#include "dsq_rig.h"

static struct task_struct *a, *hog;
static u32 nr_calls;
static u64 mask_in_call;

static u64 cpus(void)
{
	return scx_idle_cpumask(NUMA_NO_NODE)->bits[0];
}

static u64 smts(void)
{
	return scx_idle_smtmask(NUMA_NO_NODE)->bits[0];
}

static void note_update(s32 cpu UNUSED, bool idle UNUSED)
{
	nr_calls++;
	mask_in_call = cpus();
	PROVES("IDLE-21", raw_spin_is_held(&this_rq()->__lock) && scx_ctx()->locked_rq == this_rq());
}

static struct sched_ext_ops ops_with(bool update_idle, u64 flags)
{
	struct sched_ext_ops ops = rig_ops;

	ops.update_idle = update_idle ? note_update : NULL;
	ops.flags = flags;
	return ops;
}

/* a sleeps on CPU 1, hog is of a higher class and of CPU 1. */
static void make_tasks(void)
{
	a = lab_task("a", .cpu = 1);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
}

static void start_mode(bool update_idle, u64 flags, enum run_mode mode)
{
	const struct sched_ext_ops ops = ops_with(update_idle, flags);

	begin(.cpus = 2, .mode = mode);
	make_tasks();
	nr_calls = 0;
	lab_load(&ops);
}

static void start(bool update_idle, u64 flags)
{
	start_mode(update_idle, flags, RUN_TIMED);
}

/* Both kinds of tracking. */
static void start_both(void)
{
	start(true, SCX_OPS_KEEP_BUILTIN_IDLE);
}

/* ---- on and off */

static void idle_01_to_03_when_it_is_on(void **state)
{
	(void)state;
	start(false, 0);
	PROVES("IDLE-01", scx_state()->builtin_idle_enabled && cpus() == 0x3);
	lab_stop(NULL);
	start(true, SCX_OPS_KEEP_BUILTIN_IDLE);
	PROVES("IDLE-02", scx_state()->builtin_idle_enabled && cpus() == 0x3);
	lab_stop(NULL);
	start(true, 0);
	PROVES("IDLE-03", !scx_state()->builtin_idle_enabled && cpus() == 0);
}

static bool init_ran;

static s32 note_init(void)
{
	init_ran = true;
	return 0;
}

static void idle_04_masks_per_node_need_the_tracking(void **state)
{
	struct sched_ext_ops ops = ops_with(true, SCX_OPS_BUILTIN_IDLE_PER_NODE);

	(void)state;
	begin(.cpus = 2);
	ops.init = note_init;
	init_ran = false;
	/* -EINVAL in the chain of steps; the caller of the load gets the exit instead (LIFE-37). */
	lab_try_load(&ops);
	PROVES("IDLE-04", init_ran && !scx_root && !scx_enabled());
	PROVES("IDLE-04", lab_exited(SCX_EXIT_ERROR, "requires CPU idle selection enabled"));
}

static u64 mask_in_init;

static s32 look_in_init(void)
{
	mask_in_init = cpus() | smts() << 32;
	return rig_init();
}

static void idle_05_06_busy_at_load_idle_when_bypass_ends(void **state)
{
	struct sched_ext_ops ops = ops_with(false, 0);
	struct lab_hold *before_end;

	(void)state;
	begin(.cpus = 4, .smt = 2, .mode = RUN_EXPLORED);
	scx_idle_cpumask(NUMA_NO_NODE)->bits[0] = 0xf;
	scx_idle_smtmask(NUMA_NO_NODE)->bits[0] = 0xf;
	scx_idle_cpumask(0)->bits[0] = 0xf;
	ops.init = look_in_init;
	mask_in_init = 1;
	/* The load takes the lock twice: bypass begins, and ends. */
	before_end = lab_hold(.cpu = 0, .label = "scx_bypass_lock", .kinds = LAB_KIND(YIELD_LOCK), .skip = 1);
	lab_try_load(&ops);
	PROVES("IDLE-05", lab_held(before_end) && cpus() == 0 && smts() == 0);
	PROVES("IDLE-05", scx_idle_cpumask(0)->bits[0] == 0);
	lab_release(before_end);
	lab_run(MS);
	PROVES("IDLE-06", cpus() == 0xf && smts() == 0xf);
}

static void idle_07_unload_leaves_the_masks(void **state)
{
	(void)state;
	start(false, SCX_OPS_BUILTIN_IDLE_PER_NODE);
	assert_true(scx_state()->builtin_idle_per_node && scx_idle_cpumask(0)->bits[0] == 0x3);
	lab_unload();
	PROVES("IDLE-07", !scx_state()->builtin_idle_enabled && !scx_state()->builtin_idle_per_node);
	PROVES("IDLE-07", scx_idle_cpumask(0)->bits[0] == 0x3);
}

static void idle_08_without_tracking_the_default_selection_finds_nobody(void **state)
{
	struct sched_ext_ops ops = ops_with(true, 0);

	(void)state;
	begin(.cpus = 2);
	make_tasks();
	ops.select_cpu = NULL;
	lab_load(&ops);
	put(a, SCX_DSQ_LOCAL, 0);
	PROVES("IDLE-08", !scx_last_exit() && lab_runs(a) && a->cpu == 1);
	PROVES("IDLE-08", lab_called(a, "enqueue running@1")); /* nothing was found, so it is asked for */
}

static void idle_09_10_nothing_happens_without_a_scheduler(void **state)
{
	(void)state;
	begin(.cpus = 2);
	make_tasks();
	lab_wake(hog);
	lab_block(hog);
	PROVES("IDLE-09 IDLE-10", cpus() == 0 && smts() == 0);
	lab_stop(NULL);
	/* Nor after one. */
	start(false, 0);
	lab_unload();
	assert_true(cpus() == 0x3);
	lab_wake(hog);
	PROVES("IDLE-10", cpus() == 0x3);
}

/* ---- masks */

static void idle_11_13_17_29_a_claimed_cpu_is_listed_again_by_a_kick_without_a_callback(void **state)
{
	(void)state;
	start_both();
	scx_idle_test_and_clear_cpu(1);
	assert_true(cpus() == 0x1);
	lab_forget();
	lab_kick(1, 0);
	PROVES("IDLE-13 IDLE-17", cpus() == 0x3);
	PROVES("IDLE-11 IDLE-29", lab_called(NULL, "dispatch(1,-)@1"));
}

static void idle_12_13_going_idle_and_leaving_it_is_told_once(void **state)
{
	(void)state;
	start_both();
	lab_forget();
	put(a, SCX_DSQ_LOCAL, 0);
	PROVES("IDLE-13", cpus() == 0x1);
	lab_block(a);
	PROVES("IDLE-13", cpus() == 0x3);
	PROVES("IDLE-12", lab_called(NULL, "a:select_cpu a:enqueue update_idle(1,0) a:running dispatch(1,a) "
					   "update_idle(1,1)"));
}

static void idle_14_to_16_whole_cores(void **state)
{
	struct task_struct *b;
	const struct sched_ext_ops ops = ops_with(false, 0);

	(void)state;
	begin(.cpus = 4, .smt = 2);
	make_tasks();
	b = lab_task("b", .cpu = 3);
	lab_load(&ops);
	assert_true(cpus() == 0xf && smts() == 0xf);
	put(a, SCX_DSQ_LOCAL, 0);
	PROVES("IDLE-14", cpus() == 0xd && smts() == 0x5);
	put(b, SCX_DSQ_LOCAL, 0);
	PROVES("IDLE-14", cpus() == 0x5 && smts() == 0x5);
	lab_block(a);
	PROVES("IDLE-16", cpus() == 0x7 && smts() == 0x5);
	lab_block(b);
	PROVES("IDLE-15", cpus() == 0xf && smts() == 0xf);
}

static void idle_18_masks_before_the_callback(void **state)
{
	(void)state;
	start_both();
	put(a, SCX_DSQ_LOCAL, 0);
	PROVES("IDLE-18", mask_in_call == 0x1);
	lab_block(a);
	PROVES("IDLE-18", mask_in_call == 0x3);
}

static void do_bypass(void *arg UNUSED)
{
	scx_bypass(scx_root, true);
}

static void end_bypass(void *arg UNUSED)
{
	scx_bypass(scx_root, false);
}

static void idle_19_22_in_bypass_masks_but_no_callbacks(void **state)
{
	(void)state;
	start_both();
	lab_outside(do_bypass, NULL);
	nr_calls = 0;
	lab_wake(hog);
	PROVES("IDLE-19", cpus() == 0x1);
	lab_block(hog);
	PROVES("IDLE-19", cpus() == 0x3);
	PROVES("IDLE-22", nr_calls == 0 && !(cpu_rq(1)->scx.flags & SCX_RQ_ROOT_IDLE_RENOTIFY));
}

/* ---- the callback */

static void idle_21_30_it_comes_with_and_without_the_masks(void **state)
{
	(void)state;
	start(true, 0);
	lab_forget();
	lab_wake(hog);
	lab_block(hog);
	PROVES("IDLE-21 IDLE-30 IDLE-33", lab_called(NULL, "update_idle(1,0)@1 dispatch(1,-) update_idle(1,1)@1"));
	PROVES("IDLE-30", cpus() == 0);
	lab_stop(NULL);
	start_both();
	lab_forget();
	lab_wake(hog);
	PROVES("IDLE-30", lab_called(NULL, "update_idle(1,0)@1") && cpus() == 0x1);
}

static void idle_26_exactly_one(void **state)
{
	(void)state;
	start_both();
	lab_outside(do_bypass, NULL);
	lab_run(MS);
	nr_calls = 0;
	lab_outside(end_bypass, NULL);
	lab_run(MS);
	PROVES("IDLE-25 IDLE-26", nr_calls == 2); /* of two CPUs */
	lab_kick(0, 0);
	lab_kick(1, 0);
	PROVES("IDLE-23 IDLE-26", nr_calls == 2);
}

static void idle_25_the_debt_is_noted_and_the_cpu_rescheduled(void **state)
{
	(void)state;
	start_both();
	lab_wake(hog);
	lab_outside(do_bypass, NULL);
	nr_calls = 0;
	lab_outside(end_bypass, NULL);
	/* A higher class runs there: owed until it goes idle. */
	PROVES("IDLE-25", cpu_rq(1)->scx.flags & SCX_RQ_ROOT_IDLE_RENOTIFY);
	PROVES("IDLE-25", !(cpu_rq(0)->scx.flags & SCX_RQ_ROOT_IDLE_RENOTIFY) && nr_calls == 1);
	lab_forget();
	lab_block(hog);
	PROVES("IDLE-24 IDLE-27 IDLE-28", lab_called(NULL, "dispatch(1,-) update_idle(1,1)"));
	PROVES("IDLE-27", !(cpu_rq(1)->scx.flags & SCX_RQ_ROOT_IDLE_RENOTIFY));
	lab_kick(1, 0);
	PROVES("IDLE-27 IDLE-28", lab_called(NULL, "dispatch(1,-)"));
}

static void owe_1(void *arg UNUSED)
{
	u64 flags;

	raw_spin_rq_lock_irqsave(cpu_rq(1), &flags);
	cpu_rq(1)->scx.flags |= SCX_RQ_ROOT_IDLE_RENOTIFY;
	raw_spin_rq_unlock_irqrestore(cpu_rq(1), flags);
}

static void idle_24_leaving_idle_ends_the_debt(void **state)
{
	(void)state;
	start_both();
	lab_outside(owe_1, NULL);
	lab_forget();
	lab_wake(hog);
	PROVES("IDLE-24", lab_called(NULL, "update_idle(1,0)") &&
			  !(cpu_rq(1)->scx.flags & SCX_RQ_ROOT_IDLE_RENOTIFY));
	/* And a re-pick while idle pays it. */
	lab_block(hog);
	lab_outside(owe_1, NULL);
	lab_forget();
	lab_kick(1, 0);
	PROVES("IDLE-23", lab_called(NULL, "dispatch(1,-) update_idle(1,1)"));
}

static void idle_31_32_33_order(void **state)
{
	struct sched_ext_ops ops = ops_with(true, SCX_OPS_KEEP_BUILTIN_IDLE | SCX_OPS_ENQ_LAST);

	(void)state;
	begin(.cpus = 2);
	make_tasks();
	lab_load(&ops);
	rig.slice = 5 * MS;
	put(a, SCX_DSQ_LOCAL, 0);
	PROVES("IDLE-32", lab_called(NULL, "a:select_cpu a:enqueue update_idle(1,0) a:running"));
	rig.keep = true; /* of what comes back */
	lab_run(10 * MS);
	PROVES("IDLE-31", lab_called(NULL, "dispatch(1,a) a:enqueue(0x20000000000) update_idle(1,1)"));
	lab_wake(hog);
	PROVES("IDLE-33", lab_called(NULL, "update_idle(1,0)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(idle_01_to_03_when_it_is_on),
		TEST(idle_04_masks_per_node_need_the_tracking),
		TEST(idle_05_06_busy_at_load_idle_when_bypass_ends),
		TEST(idle_07_unload_leaves_the_masks),
		TEST(idle_08_without_tracking_the_default_selection_finds_nobody),
		TEST(idle_09_10_nothing_happens_without_a_scheduler),
		TEST(idle_11_13_17_29_a_claimed_cpu_is_listed_again_by_a_kick_without_a_callback),
		TEST(idle_12_13_going_idle_and_leaving_it_is_told_once),
		TEST(idle_14_to_16_whole_cores),
		TEST(idle_18_masks_before_the_callback),
		TEST(idle_19_22_in_bypass_masks_but_no_callbacks),
		TEST(idle_21_30_it_comes_with_and_without_the_masks),
		TEST(idle_26_exactly_one),
		TEST(idle_25_the_debt_is_noted_and_the_cpu_rescheduled),
		TEST(idle_24_leaving_idle_ends_the_debt),
		TEST(idle_31_32_33_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
