/* SPDX-License-Identifier: GPL-2.0-only */
/* The test for, and the way to, the local DSQ of another CPU: spec 14.7. */
#include "finish_rig.h"

static struct lab_hold *hold_lock(int cpu, int rq)
{
	return lab_hold(.cpu = cpu, .label = "rq", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(rq)->__lock);
}

/* ---- the remote test */

static void test_own_cpu(void *arg)
{
	struct rq *rq = task_rq(p);
	u64 irq;

	(void)arg;
	raw_spin_rq_lock_irqsave(rq, &irq);
	task_can_run_on_remote_rq(scx_root, p, rq, false);
	raw_spin_rq_unlock_irqrestore(rq, irq);
}

static void dsp_34_the_own_rq_is_no_remote_one(void **state)
{
	(void)state;
	start();
	lab_expect_warn("task_cpu(p) == cpu");
	lab_outside(test_own_cpu, NULL);
	PROVES("DSP-34", true);		/* lab_stop() fails if the warning did not come */
}

static void test_without_lock(void *arg)
{
	(void)arg;
	PROVES("DSP-35", task_can_run_on_remote_rq(scx_root, p, cpu_rq(2), false));	/* a look is free */
	task_can_run_on_remote_rq(scx_root, p, cpu_rq(2), true);
}

static void dsp_35_enforcing_needs_the_lock_of_the_task(void **state)
{
	(void)state;
	start();
	lab_expect_bug("raw_spin_is_held");
	ctx_spawn_service(0, "outside", test_without_lock, NULL);
	lab_settle();
	PROVES("DSP-35", machine()->aborted);
}

static void do_migrate_disable(void *arg)
{
	(void)arg;
	migrate_disable();
}

static void do_migrate_enable(void *arg)
{
	(void)arg;
	migrate_enable();
}

static void dsp_36_migration_disabled_is_reported_before_affinity(void **state)
{
	(void)state;
	turn_ops.flags |= SCX_OPS_ENQ_MIGRATION_DISABLED;
	start();
	insert_p_on(1, SCX_DSQ_LOCAL);
	lab_do(p, do_migrate_disable, NULL);
	lab_block(p);
	lab_wake(p);
	assert_true(in_policys_hands(p));
	assert_true(is_migration_disabled(p) && !cpumask_test_cpu(2, p->cpus_ptr));
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	PROVES("DSP-36", lab_exited(SCX_EXIT_ERROR, "cannot move migration disabled p["));
	PROVES("DSP-36", lab_exited(SCX_EXIT_ERROR, "from CPU 1 to 2"));
	lab_do(p, do_migrate_enable, NULL);
}

/* ---- the remote move */

static void dsp_37_the_steps_of_a_remote_move(void **state)
{
	struct lab_hold *away, *dst;

	(void)state;
	start_in(RUN_EXPLORED);
	away = lab_hold(.cpu = 0, .label = "p->on_rq", .kinds = LAB_KIND(YIELD_WRITE), .obj = &p->on_rq);
	dst = hold_lock(0, 2);
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	assert_true(lab_held(away));
	PROVES("DSP-37", p->scx.sticky_cpu == 2 && p->on_rq == TASK_ON_RQ_QUEUED);	/* M1 before M2 */
	lab_release(away);
	assert_true(lab_held(dst));
	PROVES("DSP-37", p->on_rq == TASK_ON_RQ_MIGRATING && p->scx.sticky_cpu == 2);
	PROVES("DSP-37", !(p->scx.flags & SCX_TASK_QUEUED) && !p->scx.dsq && p->scx.holding_cpu == -1);
	PROVES("DSP-37", task_cpu(p) == 2 && !cpu_rq(2)->scx.remote_activate_enq_flags);
	lab_release(dst);
	PROVES("DSP-37", lab_runs(p) && !cpu_rq(2)->scx.remote_activate_enq_flags);
}

static void look_at_arrival(enum scxtwin_op op, struct task_struct *subject, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_dequeue || subject != p)
		return;
	PROVES("DSP-37", cpu_rq(2)->scx.remote_activate_enq_flags == SCX_ENQ_HEAD);
	PROVES("DSP-37", p->on_rq == TASK_ON_RQ_MIGRATING && p->scx.sticky_cpu == -1);
	PROVES("DSP-37 DSP-38", p->scx.dsq == lab_local(2));
}

static void dsp_37_the_flags_travel_in_the_rq(void **state)
{
	(void)state;
	start();
	say.look = look_at_arrival;
	flags = SCX_ENQ_HEAD;
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	flags = 0;
	PROVES("DSP-37", p->on_rq == TASK_ON_RQ_QUEUED && !cpu_rq(2)->scx.remote_activate_enq_flags);
	PROVES("DSP-38", lab_called(p, "dequeue(0x0) running@2"));
}

/* CPU 2 runs "r", "s" waits there. */
static void start_with_busy_cpu_2(void)
{
	struct task_struct *r, *s;

	lab_start(.cpus = 4);
	lab_from(3);
	p = lab_task("p", .cpu = 1);
	r = lab_task("r", .cpu = 2);
	s = lab_task("s", .cpu = 2);
	lab_load(&turn_ops);
	lab_wake(p);
	say.dsq = SCX_DSQ_LOCAL;
	say.slice = NSEC_PER_SEC;
	lab_wake(r);
	lab_wake(s);
	say.dsq = 0;
	assert_true(lab_runs(r));
	lab_forget();
}

static void dsp_38_arrival_honours_head(void **state)
{
	(void)state;
	start_with_busy_cpu_2();
	flags = SCX_ENQ_HEAD;
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	PROVES("DSP-38", turn_queue_is(lab_local(2), "p s") && lab_called(p, "dequeue"));
	flags = 0;
	PROVES("DSP-38", p->scx.slice == 3 * MS && lab_count(SCX_EV_REFILL_SLICE_DFL) == 0);
}

static void dsp_38_arrival_honours_the_tail(void **state)
{
	(void)state;
	start_with_busy_cpu_2();
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	PROVES("DSP-38", turn_queue_is(lab_local(2), "s p") && !(p->scx.flags & SCX_TASK_IMMED));
}

static void dsp_38_arrival_honours_preempt(void **state)
{
	(void)state;
	start_with_busy_cpu_2();
	flags = SCX_ENQ_PREEMPT;
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	flags = 0;
	PROVES("DSP-38", lab_runs(p) && task_cpu(p) == 2 && lab_called(p, "dequeue running@2"));
}

static void dsp_38_arrival_honours_immed(void **state)
{
	(void)state;
	start();
	flags = SCX_ENQ_IMMED;
	insert_p_on(0, SCX_DSQ_LOCAL_ON | 2);
	flags = 0;
	PROVES("DSP-38", lab_runs(p) && p->scx.flags & SCX_TASK_IMMED);
}

static void move_p_to_cpu_2(void *arg)
{
	struct rq *rq = task_rq(p);
	u64 irq;

	(void)arg;
	raw_spin_rq_lock_irqsave(rq, &irq);
	move_remote_task_to_local_dsq(p, 0, rq, cpu_rq(2));
	raw_spin_rq_unlock_irqrestore(cpu_rq(2), irq);
}

static void dsp_39_the_destination_must_be_in_the_mask(void **state)
{
	const struct cpumask *mask;

	(void)state;
	start();
	lab_by_hand();
	lab_expect_warn("is_cpu_allowed_mask");
	mask = p->cpus_ptr;
	p->cpus_ptr = cpumask_of(1);
	lab_outside(move_p_to_cpu_2, NULL);
	p->cpus_ptr = mask;
	PROVES("DSP-39", lab_runs(p) && task_cpu(p) == 2);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(dsp_34_the_own_rq_is_no_remote_one),
		TEST(dsp_35_enforcing_needs_the_lock_of_the_task),
		TEST(dsp_36_migration_disabled_is_reported_before_affinity),
		TEST(dsp_37_the_steps_of_a_remote_move),
		TEST(dsp_37_the_flags_travel_in_the_rq),
		TEST(dsp_38_arrival_honours_head),
		TEST(dsp_38_arrival_honours_the_tail),
		TEST(dsp_38_arrival_honours_preempt),
		TEST(dsp_38_arrival_honours_immed),
		TEST(dsp_39_the_destination_must_be_in_the_mask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
