/* SPDX-License-Identifier: GPL-2.0-only */
/* Tick, balance callbacks, clocks, locks of callbacks: spec 22.7, 22.15 and what is left of 22. */
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
static u32 nr_looks;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	nr_looks = 0;
	return 0;
}

static void start(u32 cpus)
{
	lab_start(.cpus = cpus);
	p = lab_task("p", .cpu = cpus - 1);
	q = lab_task("q", .cpu = cpus - 1);
	lab_load(&ops);
}

/* ---- tick */

static void look_at_tick(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_tick)
		return;
	nr_looks++;
	PROVES("TCK-01 HOOK-06", raw_spin_is_held(&task_rq(t)->__lock) && task_rq(t)->clock == lab_now() && lab_runs(t));
}

static void tck_01_02_ticks_of_busy_cpus(void **state)
{
	(void)state;
	ops.tick = say_tick;
	say.slice = SCX_SLICE_INF;
	start(2);
	lab_wake(p);
	say.look = look_at_tick;
	lab_run(41 * MS);
	PROVES("TCK-01 HOOK-06", nr_looks == 10);
	PROVES("TCK-02", !mevent_pending(&cpu_rq(0)->tick) && mevent_pending(&cpu_rq(1)->tick));
	lab_block(p);
	PROVES("TCK-02", !mevent_pending(&cpu_rq(1)->tick));
}

/* ---- balance callbacks */

static struct balance_callback first, second;
static char order[8];

static void note(struct rq *rq, const char *what)
{
	strcat(order, what);
	PROVES("BAL-04", raw_spin_is_held(&rq->__lock) && !(rq->scx.flags & SCX_RQ_CLK_VALID));
	raw_spin_rq_unlock(rq); /* it may */
	raw_spin_rq_lock(rq);
}

static void note_first(struct rq *rq)
{
	note(rq, "1");
}

static void note_second(struct rq *rq)
{
	note(rq, "2");
}

static void queue_two(enum scxtwin_op op, struct task_struct *t, u64 cpu)
{
	struct rq *rq = cpu_rq((int)cpu);

	(void)t;
	if (op != SCXTWIN_OP_dispatch || nr_looks++)
		return;
	queue_balance_callback(rq, &first, note_first);
	queue_balance_callback(rq, &second, note_second);
	queue_balance_callback(rq, &first, note_first);
	PROVES("BAL-02", !order[0]);
}

static void bal_01_02_a_stack_after_a_switch(void **state)
{
	(void)state;
	start(1);
	lab_wake(p);
	order[0] = '\0';
	say.look = queue_two;
	lab_block(p);
	PROVES("BAL-01 BAL-02", strcmp(order, "21") == 0 && !cpu_rq(0)->balance_callback && !first.next && !second.next);
}

static void bal_01_02_a_stack_without_a_switch(void **state)
{
	(void)state;
	start(1);
	say.slice = 2 * MS;
	lab_wake(p);
	order[0] = '\0';
	say.look = queue_two;
	lab_run(5 * MS);
	PROVES("BAL-01 BAL-02", lab_runs(p) && nr_looks == 1 && strcmp(order, "21") == 0);
}

static void queue_at_stopping(enum scxtwin_op op, struct task_struct *t, u64 runnable)
{
	if (op != SCXTWIN_OP_stopping || !runnable)
		return;
	PROVES("CLK-04", task_rq(t)->scx.flags & SCX_RQ_CLK_VALID); /* no pick of this class in this pass */
	queue_balance_callback(task_rq(t), &first, note_first);
}

static void bal_04_clk_04_the_lock_is_unpinned(void **state)
{
	struct task_struct *rt;

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	rt = lab_task("rt", .cpu = 0, .policy = SCHED_FIFO);
	lab_load(&ops);
	lab_wake(p);
	order[0] = '\0';
	say.look = queue_at_stopping;
	lab_wake(rt);
	PROVES("BAL-04 CLK-04", lab_runs(rt) && strcmp(order, "1") == 0);
}

static void ask_for_both(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	struct rq *rq = cpu_rq(0);

	(void)arg;
	if (op == SCXTWIN_OP_dispatch && !nr_looks++) {
		rq->scx.cpus_to_sync = cpumask_alloc_array(1);
		rq->scx.cpus_to_sync_val = arena_calloc(this_sim->arena, nr_cpu_ids(), sizeof(u64));
		rq->scx.kick_sync_pending = true;
		scx_schedule_deferred_locked(rq);
	}
	if (op == SCXTWIN_OP_stopping && t == p)
		PROVES("BAL-03", rq->balance_callback == &rq->scx.kick_sync_bal_cb &&
				 rq->scx.kick_sync_bal_cb.next == &rq->scx.deferred_bal_cb);
}

static void bal_03_the_kick_wait_comes_first(void **state)
{
	(void)state;
	start(1);
	say.slice = 2 * MS;
	lab_wake(p);
	say.dsq = SAY_DSQ;
	lab_wake(q);
	say.pull = SAY_DSQ;
	say.look = ask_for_both;
	lab_run(5 * MS);
	PROVES("BAL-03", lab_runs(q) && nr_looks == 1 && !cpu_rq(0)->balance_callback);
}

static void forget_to_run(void *arg)
{
	u64 flags;

	(void)arg;
	raw_spin_rq_lock_irqsave(cpu_rq(0), &flags);
	queue_balance_callback(cpu_rq(0), &first, note_first);
	raw_spin_rq_unlock_irqrestore(cpu_rq(0), flags);
}

static void bal_05_left_over_callbacks_warn(void **state)
{
	(void)state;
	start(1);
	lab_outside(forget_to_run, NULL);
	lab_expect_warn("rq->balance_callback");
	lab_kick(0, 0);
	PROVES("BAL-05", !cpu_rq(0)->balance_callback);
}

/* ---- clocks */

/* Whether scx_bpf_now() on this CPU reads the cache; it is given away by a wrong number. */
static bool reads_cache(void)
{
	struct rq *rq = this_rq();
	const u64 clock = rq->scx.clock;
	u64 now;

	rq->scx.clock = 1;
	now = scx_bpf_now();
	rq->scx.clock = clock;
	return now == 1;
}

static void look_at_clock(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	if (op == SCXTWIN_OP_stopping && !arg)
		PROVES("CLK-05 CLK-04", reads_cache());
	if (op == SCXTWIN_OP_quiescent)
		PROVES("CLK-05", reads_cache());
	if (op == SCXTWIN_OP_dispatch || op == SCXTWIN_OP_running || op == SCXTWIN_OP_update_idle ||
	    (op == SCXTWIN_OP_stopping && arg))
		PROVES("CLK-05 CLK-03 CLK-04", !reads_cache() && scx_bpf_now() == lab_now());
	if (op == SCXTWIN_OP_tick)
		PROVES("CLK-08", reads_cache());
	if (op == SCXTWIN_OP_enqueue && t && t->__state == TASK_WAKING)
		PROVES("CLK-08 CLK-03", reads_cache() == (task_cpu(t) == smp_processor_id()));
	nr_looks++;
}

static void clk_03_04_05_08_what_scx_bpf_now_reads(void **state)
{
	(void)state;
	ops.tick = say_tick;
	ops.update_idle = say_update_idle;
	start(2);
	say.look = look_at_clock;
	say.slice = 2 * MS;
	lab_from(0);
	lab_wake(p);
	lab_wake(q);
	lab_run(20 * MS);
	lab_block(p);
	lab_block(q);
	lab_from(1);
	lab_wake(p);
	PROVES("CLK-08", nr_looks > 10);
}

static void clk_01_02_04_07_clock_updates(void **state)
{
	struct rq *rq;

	(void)state;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	lab_wake(p);
	rq = cpu_rq(0);
	lab_run(3 * MS);
	lab_set_nice(p, 1);
	PROVES("CLK-01", rq->clock == lab_now());
	PROVES("CLK-02 CLK-07", rq->clock_task == rq->clock);
	PROVES("CLK-04", !(rq->scx.flags & SCX_RQ_CLK_VALID) && rq->scx.clock == 0); /* nothing enabled */
	lab_load(&ops);
	lab_run(2 * MS);
	PROVES("CLK-01", rq->clock <= lab_now());
	lab_set_nice(p, 2);
	PROVES("CLK-04", !(rq->scx.flags & SCX_RQ_CLK_VALID) && rq->scx.clock == lab_now()); /* released since */
	PROVES("CLK-02", p->exec_start == rq->clock_task);
}

static void clk_06_jiffies(void **state)
{
	(void)state;
	start(1);
	lab_run(19 * MS);
	lab_wake(p);
	say.dsq = 0;
	lab_wake(q);
	PROVES("CLK-06", q->scx.runnable_at == 4 && scx_state()->watchdog_timestamp == 0);
}

/* ---- locks of callbacks */

static void look_at_locks(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	nr_looks++;
	switch (op) {
	case SCXTWIN_OP_select_cpu:
		PROVES("LOCK-03", !scx_ctx()->locked_rq);
		break;
	case SCXTWIN_OP_init_task:
		PROVES("LOCK-04", !irqs_disabled() && !scx_ctx()->locked_rq);
		break;
	case SCXTWIN_OP_enqueue: case SCXTWIN_OP_dequeue: case SCXTWIN_OP_runnable: case SCXTWIN_OP_quiescent:
	case SCXTWIN_OP_running: case SCXTWIN_OP_stopping: case SCXTWIN_OP_set_weight: case SCXTWIN_OP_set_cpumask:
	case SCXTWIN_OP_enable: case SCXTWIN_OP_disable: case SCXTWIN_OP_exit_task:
		PROVES("LOCK-01 LOCK-04", irqs_disabled() && scx_ctx()->locked_rq == task_rq(t) &&
					  raw_spin_is_held(&task_rq(t)->__lock));
		break;
	default:
		break;
	}
}

static void lock_01_03_04_locks_of_callbacks(void **state)
{
	struct task_struct *child;

	(void)state;
	start(2);
	say.look = look_at_locks;
	lab_wake(p);
	say.dsq = 0;
	lab_wake(q);
	lab_set_nice(q, 3);
	lab_set_cpus(q, 0x1);
	lab_block(p);
	say.dsq = SCX_DSQ_LOCAL;
	child = lab_task("child", .cpu = 0, .awake = true);
	lab_exit(child);
	PROVES("LOCK-04", nr_looks > 20);
}

/* ---- which CPUs are allowed */

static void core_70_allowed_cpus(void **state)
{
	struct task_struct *user, *kernel, *percpu;

	(void)state;
	lab_start(.cpus = 3);
	user = lab_task("user", .cpu = 0);
	kernel = lab_task("kernel", .cpu = 0, .flags = PF_KTHREAD);
	percpu = lab_task("percpu", .cpu = 1, .cpus = 0x2, .flags = PF_KTHREAD);
	lab_set_cpus(user, 0x6);
	PROVES("CORE-70", !is_cpu_allowed(user, 0) && is_cpu_allowed(user, 1) && is_cpu_allowed(kernel, 0));
	cpumask_clear_cpu(1, machine()->active_mask);
	PROVES("CORE-70", !is_cpu_allowed(user, 1) && is_cpu_allowed(kernel, 1) && is_cpu_allowed(percpu, 1));
	user->migration_disabled = 1;
	PROVES("CORE-70", is_cpu_allowed(user, 1));
	user->migration_disabled = 0;
	cpumask_set_cpu(1, machine()->dying_mask);
	PROVES("CORE-70", !is_cpu_allowed(kernel, 1) && is_cpu_allowed(percpu, 1));
	cpumask_clear_cpu(1, machine()->online_mask);
	PROVES("CORE-70", !is_cpu_allowed(kernel, 1) && !is_cpu_allowed(percpu, 1));
	cpumask_set_cpu(1, machine()->online_mask);
	cpumask_clear_cpu(1, machine()->dying_mask);
	cpumask_set_cpu(1, machine()->active_mask);
}

static void core_64_a_cpu_that_is_not_active_gets_no_wake_list(void **state)
{
	(void)state;
	ops.flags |= SCX_OPS_ALLOW_QUEUED_WAKEUP;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 0x2, .flags = PF_KTHREAD);
	lab_load(&ops);
	lab_wake(p);
	PROVES("CORE-53", lab_called(p, "runnable@1 enqueue@1 running@1"));
	lab_block(p);
	lab_forget();
	cpumask_clear_cpu(1, machine()->active_mask);
	lab_wake(p);
	PROVES("CORE-64", lab_called(p, "runnable@0 running@1"));
	cpumask_set_cpu(1, machine()->active_mask);
}

static void wake_stopper(void *arg)
{
	struct task_struct *stop = cpu_rq(1)->stop;

	(void)arg;
	wake_up_process(stop);
	PROVES("CORE-63", list_empty(&core_of(stop)->wake_node) && stop->on_rq == TASK_ON_RQ_QUEUED);
}

static void core_63_stoppers_are_woken_directly(void **state)
{
	(void)state;
	start(2);
	lab_outside(wake_stopper, NULL);
}

static void core_65_a_forbidden_cpu_gets_no_wake_list(void **state)
{
	struct lab_hold *leaving;

	(void)state;
	ops.flags |= SCX_OPS_ALLOW_QUEUED_WAKEUP;
	lab_start(.cpus = 2, .mode = RUN_EXPLORED);
	p = lab_task("p", .cpu = 1);
	lab_load(&ops);
	lab_wake(p);
	leaving = lab_hold(.cpu = 1, .label = "on_cpu", .kinds = LAB_KIND(YIELD_RMW) | LAB_KIND(YIELD_WRITE), .obj = &p->on_cpu);
	lab_block(p);
	assert_true(lab_held(leaving) && p->on_cpu);
	p->cpus_ptr = p->cpus_mask = cpumask_of(0);
	p->nr_cpus_allowed = 1;
	lab_wake(p);
	PROVES("CORE-65", list_empty(&core_of(p)->wake_node) && lab_waits(0, "ttwu.on_cpu"));
	lab_release(leaving);
	PROVES("CORE-65", task_cpu(p) == 0 && lab_runs(p));
}

/* ---- restart of a pick */

static void core_32_33_sched_12_a_higher_class_during_dispatch(void **state)
{
	struct lab_hold *dispatching;
	struct task_struct *rt, *r;

	(void)state;
	lab_start(.cpus = 3, .mode = RUN_EXPLORED);
	r = lab_task("r", .cpu = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	rt = lab_task("rt", .cpu = 1, .cpus = 0x2, .policy = SCHED_FIFO);
	lab_load(&ops);
	lab_wake(p);
	say.dsq = 0;
	lab_wake(r); /* CPU 1 is not empty: no wake list */
	say.dsq = SAY_DSQ;
	lab_wake(q);
	say.pull = SAY_DSQ;
	/* CPU 1 has let its own lock go to take that of CPU 0. */
	dispatching = lab_hold(.cpu = 1, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(0)->__lock);
	lab_kick(1, 0);
	assert_true(lab_held(dispatching));
	lab_from(2);
	lab_wake(rt);
	PROVES("CORE-33", cpu_rq(1)->next_class == &rt_sched_class);
	lab_release(dispatching);
	PROVES("CORE-32 SCHED-12 SCHED-17", lab_runs(rt) && q->scx.dsq == lab_local(1));
	lab_block(rt);
	PROVES("CORE-32", lab_runs(q) && task_cpu(q) == 1);
}

/* ---- kfuncs outside */

static s32 nr_queued;

static void ask_nr_queued(void *arg)
{
	(void)arg;
	nr_queued = scx_bpf_dsq_nr_queued(SAY_DSQ);
}

static void life_82_kfuncs_after_the_end(void **state)
{
	(void)state;
	start(1);
	lab_outside(ask_nr_queued, NULL);
	assert_int_equal(nr_queued, 0);
	lab_unload();
	lab_outside(ask_nr_queued, NULL);
	PROVES("LIFE-82", nr_queued < 0);
	lab_kick(0, 0);
	PROVES("LIFE-82", list_empty(&cpu_rq(0)->scx.sched_pcpus_to_kick));
}

static void err_69_load_twice(void **state)
{
	(void)state;
	lab_start(.cpus = 1);
	scx_state()->init_task_enabled = true;
	lab_expect_warn("scx->init_task_enabled");
	lab_load(&ops);
	PROVES("ERR-69", scx_root);
}

static void err_67_work_left_behind(void **state)
{
	static struct list_head somewhere;

	(void)state;
	INIT_LIST_HEAD(&somewhere);
	start(1);
	list_add(&scx_root->pcpu[0].deferred_reenq_local.node, &somewhere);
	lab_expect_warn("deferred_reenq_local");
	lab_unload();
	lab_run(MS);
	PROVES("ERR-67", !scx_root);
	list_del_init(somewhere.next);
}

static void put_towards_idle(void *arg)
{
	struct rq *rq = cpu_rq(0);
	u64 flags;

	(void)arg;
	raw_spin_rq_lock_irqsave(rq, &flags);
	update_rq_clock(rq);
	p->scx.slice = 0;
	put_prev_task_scx(rq, p, rq->idle);
	set_next_task_scx(rq, p, true);
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void err_66_idle_with_a_runnable_task(void **state)
{
	(void)state;
	start(1);
	lab_wake(p);
	lab_expect_warn("SCX_OPS_ENQ_LAST");
	lab_outside(put_towards_idle, NULL);
	PROVES("ERR-66", lab_runs(p));
}

static void put_somebody_else(void *arg)
{
	u64 flags;

	(void)arg;
	raw_spin_rq_lock_irqsave(cpu_rq(0), &flags);
	put_prev_task_scx(cpu_rq(0), q, NULL);
	raw_spin_rq_unlock_irqrestore(cpu_rq(0), flags);
}

static void core_12_only_the_current_task_is_put(void **state)
{
	(void)state;
	start(1);
	lab_wake(p);
	lab_wake(q);
	lab_expect_bug("p != rq->curr");
	ctx_spawn_service(0, "spoil", put_somebody_else, NULL);
	lab_settle();
	PROVES("CORE-12", machine()->aborted);
}

static void flag_clock(enum scxtwin_op op, struct task_struct *t, u64 flags)
{
	if (op != SCXTWIN_OP_runnable && op != SCXTWIN_OP_quiescent)
		return;
	nr_looks++;
	PROVES("CORE-02 CORE-03", task_rq(t)->clock == lab_now());
	(void)flags;
}

static void core_02_03_the_clock_is_updated_before_the_hooks(void **state)
{
	(void)state;
	start(2);
	say.look = flag_clock;
	lab_run(3 * MS);
	lab_wake(p);
	lab_run(3 * MS);
	lab_set_nice(p, 3);
	lab_run(3 * MS);
	lab_block(p);
	PROVES("CORE-02 CORE-03", nr_looks == 4);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tck_01_02_ticks_of_busy_cpus),
		TEST(bal_01_02_a_stack_after_a_switch),
		TEST(bal_01_02_a_stack_without_a_switch),
		TEST(bal_04_clk_04_the_lock_is_unpinned),
		TEST(bal_03_the_kick_wait_comes_first),
		TEST(bal_05_left_over_callbacks_warn),
		TEST(clk_03_04_05_08_what_scx_bpf_now_reads),
		TEST(clk_01_02_04_07_clock_updates),
		TEST(clk_06_jiffies),
		TEST(lock_01_03_04_locks_of_callbacks),
		TEST(core_70_allowed_cpus),
		TEST(core_64_a_cpu_that_is_not_active_gets_no_wake_list),
		TEST(core_63_stoppers_are_woken_directly),
		TEST(core_65_a_forbidden_cpu_gets_no_wake_list),
		TEST(core_32_33_sched_12_a_higher_class_during_dispatch),
		TEST(life_82_kfuncs_after_the_end),
		TEST(err_69_load_twice),
		TEST(err_67_work_left_behind),
		TEST(err_66_idle_with_a_runnable_task),
		TEST(core_12_only_the_current_task_is_put),
		TEST(core_02_03_the_clock_is_updated_before_the_hooks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
