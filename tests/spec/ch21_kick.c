/* SPDX-License-Identifier: GPL-2.0-only */
/* Kicks: recording, delivery, what they lead to, waiting: spec 21.2 to 21.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *r0, *r1, *a, *rt;

/* r0 runs on CPU 0, r1 on CPU 1; a of CPU 0 in the policy's hands; rt of CPU 0 asleep; 2, 3 idle. */
static void start_in(enum run_mode mode)
{
	lab_start(.cpus = 4, .mode = mode);
	r0 = lab_task("r0", .cpu = 0);
	r1 = lab_task("r1", .cpu = 1);
	a = lab_task("a", .cpu = 0);
	rt = lab_task("rt", .cpu = 0, .cpus = 1, .policy = SCHED_FIFO);
	lab_load(&turn_ops);
	lab_from(3);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = NSEC_PER_SEC;
	lab_wake(r0);
	lab_wake(r1);
	say.dsq = say.slice = 0;
	lab_wake(a);
	assert_true(lab_runs(r0) && lab_runs(r1));
	turn_forget();
	lab_forget();
}

static void start(void)
{
	start_in(RUN_TIMED);
}

static struct scx_sched_pcpu *kicker(int cpu)
{
	return scx_pcpu(scx_root, cpu);
}

static u64 passes(int cpu)
{
	return cpu_rq(cpu)->scx.kick_sync;
}

static bool is_set(int cpu, const struct cpumask *mask)
{
	return mask && cpumask_test_cpu((u32)cpu, mask);
}

/* fn with the interrupts of CPU 3 off, so that what it records stays recorded. */
static void (*quietly_fn)(void);

static void call_quietly(void *arg)
{
	(void)arg;
	local_irq_disable();
	quietly_fn();
	local_irq_enable();
}

static void quietly(void (*fn)(void))
{
	quietly_fn = fn;
	lab_from(3);
	lab_outside(call_quietly, NULL);
}

/* ---- recording */

static void kick_impossible(void)
{
	scx_bpf_kick_cpu(4, SCX_KICK_PREEMPT);
	scx_bpf_kick_cpu(-1, 0);
	PROVES("KICK-01", !kicker(3)->cpus_to_kick && !cpu_rq(3)->scx.kick_cpus_irq_work.pending);
}

static void kick_01_an_impossible_cpu_is_an_error(void **state)
{
	(void)state;
	start();
	quietly(kick_impossible);
	PROVES("KICK-01", lab_exited(SCX_EXIT_ERROR, "invalid CPU"));
}

static void kick_while_bypassing(void)
{
	kicker(3)->bypassing = true;
	scx_bpf_kick_cpu(0, SCX_KICK_PREEMPT);
	kicker(3)->bypassing = false;
	PROVES("KICK-03", !kicker(3)->cpus_to_kick && !cpu_rq(3)->scx.kick_cpus_irq_work.pending);
}

static void kick_03_a_bypassing_cpu_kicks_nobody(void **state)
{
	(void)state;
	start();
	quietly(kick_while_bypassing);
	PROVES("KICK-03", lab_runs(r0) && r0->scx.slice > 900 * MS);
}

static void kick_idle_and_more(void)
{
	scx_bpf_kick_cpu(2, SCX_KICK_IDLE | SCX_KICK_PREEMPT | SCX_KICK_WAIT);
	PROVES("KICK-04", is_set(2, kicker(3)->cpus_to_kick_if_idle));
	PROVES("KICK-04", !is_set(2, kicker(3)->cpus_to_kick) && !is_set(2, kicker(3)->cpus_to_preempt));
	PROVES("KICK-04", !is_set(2, kicker(3)->cpus_to_wait));
}

static void kick_04_idle_excludes_preempt_and_wait(void **state)
{
	(void)state;
	start();
	quietly(kick_idle_and_more);
	PROVES("KICK-04", lab_exited(SCX_EXIT_ERROR, "PREEMPT/WAIT cannot be used with SCX_KICK_IDLE"));
}

static void kick_busy_if_idle(void)
{
	scx_bpf_kick_cpu(0, SCX_KICK_IDLE);
	PROVES("KICK-05", !is_set(0, kicker(3)->cpus_to_kick_if_idle));
	scx_bpf_kick_cpu(2, SCX_KICK_IDLE);
	PROVES("KICK-06", is_set(2, kicker(3)->cpus_to_kick_if_idle) && !is_set(2, kicker(3)->cpus_to_kick));
}

static void kick_05_an_idle_kick_of_a_busy_cpu_is_not_recorded(void **state)
{
	(void)state;
	start();
	quietly(kick_busy_if_idle);
	PROVES("KICK-05", turn_count(0) == 0);
	PROVES("KICK-06 KICK-22", turn_count(2) == 1);
}

static void kick_own_rq_if_idle(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_kick_cpu(0, SCX_KICK_IDLE);	/* its lock is held, so nothing is known */
	PROVES("KICK-06", is_set(0, kicker(0)->cpus_to_kick_if_idle));
}

static void kick_06_a_lock_that_is_taken_says_nothing(void **state)
{
	(void)state;
	start();
	turn(0, kick_own_rq_if_idle);
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("KICK-06", turn_count(0) == 1);
	PROVES("KICK-22", lab_runs(r0) && !is_set(0, kicker(0)->cpus_to_kick_if_idle));
}

static void kick_with_all_flags(void)
{
	const struct scx_sched_pcpu *k = kicker(3);

	scx_bpf_kick_cpu(0, 0);
	PROVES("KICK-07", is_set(0, k->cpus_to_kick) && !is_set(0, k->cpus_to_preempt));
	PROVES("KICK-07", !is_set(0, k->cpus_to_wait) && !is_set(0, k->cpus_to_kick_if_idle));
	PROVES("KICK-08", cpu_rq(3)->scx.sched_pcpus_to_kick.next == &k->to_kick_node);
	PROVES("KICK-09", cpu_rq(3)->scx.kick_cpus_irq_work.pending);
	scx_bpf_kick_cpu(1, SCX_KICK_PREEMPT);
	PROVES("KICK-07", is_set(1, k->cpus_to_kick) && is_set(1, k->cpus_to_preempt));
	PROVES("KICK-07", !is_set(1, k->cpus_to_wait));
	scx_bpf_kick_cpu(1, SCX_KICK_WAIT);
	PROVES("KICK-07 KICK-10", is_set(1, k->cpus_to_wait) && is_set(1, k->cpus_to_preempt));
	scx_bpf_kick_cpu(1, 0);
	PROVES("KICK-10", is_set(1, k->cpus_to_wait) && is_set(1, k->cpus_to_preempt));
	PROVES("KICK-08", cpu_rq(3)->scx.sched_pcpus_to_kick.prev == &k->to_kick_node);
	PROVES("KICK-08", !kicker(2)->cpus_to_kick);
	PROVES("KICK-11", turn_count(0) == 0 && turn_count(1) == 0 && r1->scx.slice > 900 * MS);
}

static void kick_07_flags_add_up_until_delivery(void **state)
{
	(void)state;
	start();
	quietly(kick_with_all_flags);
	PROVES("KICK-10 KICK-15", turn_count(1) == 1 && r1->scx.slice == SCX_SLICE_DFL);
	PROVES("KICK-20 KICK-24 RESCHED-06", turn_count(0) == 0 && lab_runs(r0) && r0->scx.slice > 900 * MS);
	PROVES("KICK-07", !is_set(1, kicker(3)->cpus_to_kick) && !is_set(1, kicker(3)->cpus_to_preempt));
	PROVES("KICK-08", list_empty(&kicker(3)->to_kick_node));
}

static void kick_1_from_dispatch(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_kick_cpu(1, SCX_KICK_PREEMPT);
	scx_bpf_dsq_move_to_local(SAY_DSQ, 0);
	PROVES("KICK-11", r1->scx.slice > 900 * MS && is_set(1, kicker(0)->cpus_to_kick));
}

static void kick_11_a_kick_waits_for_the_end_of_the_callers_lock(void **state)
{
	(void)state;
	start();
	turn(0, kick_1_from_dispatch);
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("KICK-11", turn_count(1) == 1 && r1->scx.slice == SCX_SLICE_DFL);
}

static void kick_from_everywhere(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)op;
	(void)subject;
	(void)arg;
	scx_bpf_kick_cpu(2, SCX_KICK_IDLE);
}

static void kick_12_every_callback_may_kick(void **state)
{
	struct sched_ext_ops ops = say_ops;

	(void)state;
	ops.tick = say_tick;
	ops.yield = say_yield;
	ops.dispatch = NULL;	/* CPU 2 would be kicked for ever */
	lab_start(.cpus = 3);
	say.look = kick_from_everywhere;
	r0 = lab_task("r0", .cpu = 0);
	say.dsq = SCX_DSQ_LOCAL;
	lab_load(&ops);
	lab_wake(r0);
	lab_run(20 * MS);
	lab_yield(r0);
	lab_set_nice(r0, 1);
	lab_set_cpus(r0, 3);
	lab_block(r0);
	lab_unload();
	PROVES("KICK-12", true);	/* nothing was refused: lab_stop() */
	say.look = NULL;
}

/* ---- delivery */

static void kick_14_an_offline_cpu_is_not_kicked(void **state)
{
	u64 before;

	(void)state;
	turn_ops.cpu_offline = say_cpu_offline;
	turn_ops.cpu_online = say_cpu_online;
	start();
	lab_offline(2);
	before = passes(2);
	lab_kick(2, SCX_KICK_PREEMPT | SCX_KICK_WAIT);
	PROVES("KICK-14", passes(2) == before && !cpu_rq(2)->curr->need_resched);
	PROVES("KICK-21", !is_set(2, kicker(3)->cpus_to_preempt) && !is_set(2, kicker(3)->cpus_to_wait));
}

static void kick_cpu_of_rt(void)
{
	scx_bpf_kick_cpu(0, SCX_KICK_PREEMPT | SCX_KICK_WAIT);
}

static void kick_14_a_higher_class_is_not_kicked(void **state)
{
	u64 slice;

	(void)state;
	start();
	lab_wake(rt);
	assert_true(lab_runs(rt) && turn_queue_is(lab_local(0), "r0"));
	slice = r0->scx.slice;
	quietly(kick_cpu_of_rt);
	PROVES("KICK-14 KICK-30", lab_runs(rt) && r0->scx.slice == slice);
	PROVES("KICK-21", !is_set(0, kicker(3)->cpus_to_preempt) && !is_set(0, kicker(3)->cpus_to_wait));
	PROVES("KICK-21", !cpu_rq(3)->scx.kick_sync_pending);
}

static void request_slice_of_r0(void *arg)
{
	(void)arg;
	scx_bpf_task_set_slice(r0, 4 * MS);
	PROVES("KICK-15", r0->scx.slice_oob);
}

static void kick_15_preempt_drops_a_pending_request(void **state)
{
	(void)state;
	start();
	lab_run(300 * US);	/* away from the tick, which would apply the request */
	lab_outside(request_slice_of_r0, NULL);
	assert_true(r0->scx.slice_oob);
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("KICK-15 KICK-26", turn_count(0) == 1 && r0->scx.slice == SCX_SLICE_DFL && !r0->scx.slice_oob);
	PROVES("KICK-26", lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 1);
}

static void kick_16_a_protected_slice_stays(void **state)
{
	(void)state;
	start();
	r0->scx.flags |= SCX_TASK_PROTECTED;
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("KICK-16", lab_count(SCX_EV_SLICE_DENIED) == 1 && r0->scx.slice > 900 * MS && turn_count(0) == 0);
	r0->scx.flags &= ~SCX_TASK_PROTECTED;
}

static void kick_17_preempting_idle_changes_no_slice(void **state)
{
	(void)state;
	start();
	cpu_rq(2)->idle->scx.slice = 5 * MS;
	lab_kick(2, SCX_KICK_PREEMPT);
	PROVES("KICK-17 KICK-20", turn_count(2) == 1 && cpu_rq(2)->idle->scx.slice == 5 * MS);
}

/* CPU 1's task waits for CPU 0: kicked by itself, in a call of r1. */
static void kick_0_and_wait(void *arg)
{
	(void)arg;
	scx_bpf_kick_cpu(0, SCX_KICK_WAIT);
}

static void kick_2_twice_and_3(void *arg)
{
	(void)arg;
	local_irq_disable();
	scx_bpf_kick_cpu(2, SCX_KICK_IDLE);
	scx_bpf_kick_cpu(2, 0);
	scx_bpf_kick_cpu(3, 0);
	local_irq_enable();
}

static void kick_22_a_plain_kick_takes_the_idle_kick_along(void **state)
{
	struct lab_hold *between;

	(void)state;
	start_in(RUN_EXPLORED);
	between = lab_hold(.cpu = 1, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(3)->__lock);
	lab_do(r1, kick_2_twice_and_3, NULL);
	assert_true(lab_held(between));
	PROVES("KICK-22 KICK-20", turn_count(2) == 1 && turn_count(3) == 0);
	lab_release(between);
	PROVES("KICK-22", turn_count(2) == 1 && turn_count(3) == 1);
}

static struct lab_hold *hold_pass(int cpu)
{
	return lab_hold(.cpu = cpu, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(cpu)->__lock);
}

static void kick_18_the_kicker_waits_until_the_target_has_scheduled(void **state)
{
	struct lab_hold *pass;

	(void)state;
	start_in(RUN_EXPLORED);
	pass = hold_pass(0);
	lab_do(r1, kick_0_and_wait, NULL);
	assert_true(lab_held(pass));
	PROVES("KICK-18", is_set(0, cpu_rq(1)->scx.cpus_to_sync));
	PROVES("KICK-18", cpu_rq(1)->scx.cpus_to_sync_val[0] == passes(0));
	PROVES("KICK-34 KICK-37 KICK-23", lab_waits(1, "kick_sync"));
	PROVES("KICK-32", !cpu_rq(1)->scx.kick_sync_pending);
	PROVES("KICK-34", !cpu_rq(1)->__lock.owner);
	lab_release(pass);
	PROVES("KICK-34 KICK-37", !lab_waits(1, "kick_sync") && lab_runs(r1));
	PROVES("KICK-34", !is_set(0, cpu_rq(1)->scx.cpus_to_sync));
}

static void kick_2_and_wait(void *arg)
{
	(void)arg;
	scx_bpf_kick_cpu(2, SCX_KICK_WAIT);
}

static void kick_19_nobody_waits_for_an_idle_cpu(void **state)
{
	struct lab_hold *pass;

	(void)state;
	start_in(RUN_EXPLORED);
	pass = hold_pass(2);
	lab_do(r1, kick_2_and_wait, NULL);
	assert_true(lab_held(pass));
	PROVES("KICK-19 KICK-20", !cpu_rq(1)->scx.kick_sync_pending && !lab_waits(1, "kick_sync"));
	PROVES("KICK-19", !is_set(2, cpu_rq(1)->scx.cpus_to_sync));
	lab_release(pass);
	PROVES("KICK-20", turn_count(2) == 1);
}

static void kick_self_and_wait(void *arg)
{
	(void)arg;
	scx_bpf_kick_cpu(1, SCX_KICK_WAIT);
}

static void kick_34_nobody_waits_for_itself(void **state)
{
	(void)state;
	start_in(RUN_EXPLORED);
	lab_do(r1, kick_self_and_wait, NULL);
	PROVES("KICK-34", lab_runs(r1) && !lab_waits(1, "kick_sync"));
	PROVES("KICK-34", !is_set(1, cpu_rq(1)->scx.cpus_to_sync) && !cpu_rq(1)->scx.kick_sync_pending);
}

static void kick_1_and_wait(void *arg)
{
	(void)arg;
	scx_bpf_kick_cpu(1, SCX_KICK_WAIT);
}

static void kick_36_who_waits_keeps_nobody_waiting(void **state)
{
	struct lab_hold *pass;

	(void)state;
	start_in(RUN_EXPLORED);
	say.dsq = SCX_DSQ_LOCAL;
	lab_set_cpus(a, 1 << 2);
	assert_true(lab_runs(a) && task_cpu(a) == 2);
	pass = hold_pass(0);
	lab_do(r1, kick_0_and_wait, NULL);
	assert_true(lab_held(pass) && lab_waits(1, "kick_sync"));
	lab_do(a, kick_1_and_wait, NULL);	/* CPU 1 does not schedule, but waits itself */
	PROVES("KICK-36 KICK-31", !lab_waits(2, "kick_sync") && lab_waits(1, "kick_sync"));
	PROVES("KICK-36", lab_runs(a) && !is_set(1, cpu_rq(2)->scx.cpus_to_sync));
	lab_release(pass);
	PROVES("KICK-36", !lab_waits(1, "kick_sync") && lab_runs(r1));
}

/* ---- what a kick leads to */

static void kick_24_a_plain_kick_leaves_a_slice_alone(void **state)
{
	u64 before;

	(void)state;
	start();
	before = passes(0);
	lab_kick(0, 0);
	PROVES("KICK-24 YIELD-03", passes(0) == before + 1 && turn_count(0) == 0);
	PROVES("KICK-24", lab_runs(r0) && lab_called(NULL, ""));
}

static void kick_40_one_kick_of_an_idle_cpu_is_one_dispatch(void **state)
{
	static const u64 kinds[] = { 0, SCX_KICK_IDLE };
	int i;

	(void)state;
	turn_ops.update_idle = say_update_idle;
	turn_ops.flags |= SCX_OPS_KEEP_BUILTIN_IDLE;
	start();
	for (i = 0; i < 2; i++) {
		lab_forget();
		lab_kick(2, kinds[i]);
		PROVES("KICK-40 KICK-25", lab_called(NULL, "dispatch(2,-)@2"));
	}
}

static void give_a(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, 0);
}

static void kick_27_preempt_and_another_task(void **state)
{
	(void)state;
	start();		/* trace A of 21.16 */
	turn(0, give_a);
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("KICK-27 KICK-26", lab_called(NULL, "dispatch(0,r0)@0 a:dequeue(0x0)@0 r0:stopping(1)@0 "
						  "r0:enqueue(0x0)@0 a:running@0"));
}

static u64 passes_in_dispatch;

static void give_a_and_kick_self(struct task_struct *prev)
{
	give_a(prev);
	scx_bpf_kick_cpu(0, 0);
	passes_in_dispatch = passes(0);
}

static void kick_28_a_self_kick_comes_behind_the_pass(void **state)
{
	(void)state;
	start();
	turn(0, give_a_and_kick_self);
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("KICK-28", lab_runs(a) && turn_count(0) == 1);
	PROVES("KICK-28", passes(0) == passes_in_dispatch + 2);	/* put of r0, pick of a once more */
}

static void kick_31_counter_advances_with_each_pick_and_put(void **state)
{
	u64 before;

	(void)state;
	start();
	before = passes(0);
	lab_kick(0, 0);
	PROVES("KICK-31", passes(0) == before + 1);	/* pick, prev goes on */
	turn(0, give_a);
	lab_kick(0, SCX_KICK_PREEMPT);
	PROVES("KICK-31", passes(0) == before + 3);	/* pick and put */
	lab_wake(rt);
	PROVES("KICK-31 KICK-39", passes(0) == before + 4);	/* put alone */
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(kick_01_an_impossible_cpu_is_an_error),
		TEST(kick_03_a_bypassing_cpu_kicks_nobody),
		TEST(kick_04_idle_excludes_preempt_and_wait),
		TEST(kick_05_an_idle_kick_of_a_busy_cpu_is_not_recorded),
		TEST(kick_06_a_lock_that_is_taken_says_nothing),
		TEST(kick_07_flags_add_up_until_delivery),
		TEST(kick_11_a_kick_waits_for_the_end_of_the_callers_lock),
		TEST(kick_12_every_callback_may_kick),
		TEST(kick_14_an_offline_cpu_is_not_kicked),
		TEST(kick_14_a_higher_class_is_not_kicked),
		TEST(kick_15_preempt_drops_a_pending_request),
		TEST(kick_16_a_protected_slice_stays),
		TEST(kick_17_preempting_idle_changes_no_slice),
		TEST(kick_22_a_plain_kick_takes_the_idle_kick_along),
		TEST(kick_18_the_kicker_waits_until_the_target_has_scheduled),
		TEST(kick_19_nobody_waits_for_an_idle_cpu),
		TEST(kick_34_nobody_waits_for_itself),
		TEST(kick_36_who_waits_keeps_nobody_waiting),
		TEST(kick_24_a_plain_kick_leaves_a_slice_alone),
		TEST(kick_40_one_kick_of_an_idle_cpu_is_one_dispatch),
		TEST(kick_27_preempt_and_another_task),
		TEST(kick_28_a_self_kick_comes_behind_the_pass),
		TEST(kick_31_counter_advances_with_each_pick_and_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
