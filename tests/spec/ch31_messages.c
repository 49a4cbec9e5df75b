/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages of kind ERROR: spec 31.9. */
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
static struct task_struct *p, *q;

/* What a callback does, once. */
static enum scxtwin_op when;
static void (*act)(struct task_struct *t);
static bool acted;

static void do_once(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op != when || acted)
		return;
	acted = true;
	act(t);
}

static int setup(void **state)
{
	say_nothing(state);
	ops = say_ops;
	acted = false;
	return 0;
}

/* p sleeps on CPU 0, q waits in custody behind it. Then p wakes, with fn in op. */
static void provoke(enum scxtwin_op op, void (*fn)(struct task_struct *t))
{
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(q);
	assert_true(q->scx.flags & SCX_TASK_IN_CUSTODY);
	when = op;
	act = fn;
	say.look = do_once;
	lab_wake(p);
	lab_run(MS);
}

#define IN_ENQUEUE(fn) provoke(SCXTWIN_OP_enqueue, fn)
#define IN_DISPATCH(fn) provoke(SCXTWIN_OP_dispatch, fn)

static bool error(const char *text)
{
	return lab_exited(SCX_EXIT_ERROR, text);
}

static void kick_99(struct task_struct *t)
{
	(void)t;
	scx_bpf_kick_cpu(99, 0);
}

static void insert_local_on_99(struct task_struct *t)
{
	PROVES("ERR-20 ERR-54", scx_bpf_dsq_insert(t, SCX_DSQ_LOCAL_ON | 99, 0, 0));
}

static void err_20_impossible_cpu(void **state)
{
	(void)state;
	IN_ENQUEUE(kick_99);
	PROVES("ERR-20", error("invalid CPU 99"));
}

static void err_20_54_impossible_cpu_in_a_verdict(void **state)
{
	(void)state;
	IN_ENQUEUE(insert_local_on_99);
	PROVES("ERR-20 ERR-54", error("invalid CPU 99"));
}

static void reenq_global(struct task_struct *t)
{
	(void)t;
	scx_bpf_dsq_reenq(SCX_DSQ_GLOBAL, 0);
}

static void err_21_reenqueue_of_the_global_dsq(void **state)
{
	(void)state;
	IN_ENQUEUE(reenq_global);
	PROVES("ERR-21", error("not allowed for reenq"));
}

static void vtime_into_local(struct task_struct *t)
{
	PROVES("ERR-23 ERR-54", scx_bpf_dsq_insert_vtime(t, SCX_DSQ_LOCAL, 0, 5, 0));
}

static void err_23_vtime_into_a_builtin_dsq(void **state)
{
	(void)state;
	IN_ENQUEUE(vtime_into_local);
	PROVES("ERR-23", error("vtime ordering for built-in") && lab_runs(p));
}

static void fifo_and_vtime(struct task_struct *t)
{
	PROVES("ERR-24", scx_bpf_dsq_insert_vtime(t, SAY_DSQ, 0, 5, 0));
}

static void err_24_fifo_and_vtime_do_not_mix(void **state)
{
	(void)state;
	say.dsq = SAY_DSQ;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(q);
	say.dsq = 0;
	when = SCXTWIN_OP_enqueue;
	act = fifo_and_vtime;
	say.look = do_once;
	lab_wake(p);
	lab_run(MS);
	PROVES("ERR-24", error("already had FIFO-enqueued tasks"));
}

static void err_24_vtime_and_fifo_do_not_mix(void **state)
{
	(void)state;
	say.dsq = SAY_DSQ;
	say.vtime = true;
	lab_start(.cpus = 1);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(q);
	say.vtime = false;
	lab_wake(p);
	lab_run(MS);
	PROVES("ERR-24", error("already had PRIQ-enqueued tasks"));
}

static void insert_into_99(struct task_struct *t)
{
	PROVES("ERR-25 ERR-54", scx_bpf_dsq_insert(t, 99, 0, 0));
}

static void err_25_unknown_dsq(void **state)
{
	(void)state;
	IN_ENQUEUE(insert_into_99);
	PROVES("ERR-25", error("non-existent DSQ 0x63"));
}

static void insert_twice(struct task_struct *t)
{
	PROVES("ERR-26", scx_bpf_dsq_insert(t, SCX_DSQ_LOCAL, 0, 0) && scx_bpf_dsq_insert(t, SCX_DSQ_LOCAL, 0, 0));
}

static void err_26_two_verdicts(void **state)
{
	(void)state;
	IN_ENQUEUE(insert_twice);
	PROVES("ERR-26", error("already direct-dispatched"));
}

static void insert_q(struct task_struct *t)
{
	(void)t;
	PROVES("ERR-27", scx_bpf_dsq_insert(q, SCX_DSQ_LOCAL, 0, 0));
}

static void err_27_another_task(void **state)
{
	(void)state;
	IN_ENQUEUE(insert_q);
	PROVES("ERR-27", error("trying to direct-dispatch q["));
}

static void give_q_to_cpu_1(struct task_struct *t)
{
	(void)t;
	scx_bpf_dsq_insert(q, SCX_DSQ_LOCAL_ON | 1, 0, 0);
}

static void disable_migration(void *arg)
{
	(void)arg;
	migrate_disable();
}

static void err_28_migration_disabled(void **state)
{
	(void)state;
	ops.flags |= SCX_OPS_ENQ_MIGRATION_DISABLED;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	say.dsq = SCX_DSQ_LOCAL;
	lab_load(&ops);
	lab_wake(q);
	lab_do(q, disable_migration, NULL);
	lab_block(q);
	say.dsq = 0;
	lab_wake(q);
	assert_true(q->scx.flags & SCX_TASK_IN_CUSTODY);
	when = SCXTWIN_OP_dispatch;
	act = give_q_to_cpu_1;
	say.look = do_once;
	lab_kick(0, 0);
	lab_run(MS);
	PROVES("ERR-28", error("cannot move migration disabled q["));
}

static void err_29_not_in_the_mask(void **state)
{
	(void)state;
	lab_start(.cpus = 2);
	q = lab_task("q", .cpu = 0, .cpus = 0x1);
	lab_load(&ops);
	lab_wake(q);
	when = SCXTWIN_OP_dispatch;
	act = give_q_to_cpu_1;
	say.look = do_once;
	lab_kick(0, 0);
	lab_run(MS);
	PROVES("ERR-29", error("target CPU 1 not allowed for q["));
}

static void destroy_say_dsq(void *arg)
{
	(void)arg;
	scx_bpf_destroy_dsq(SAY_DSQ);
}

static void err_30_destroying_a_dsq_in_use(void **state)
{
	(void)state;
	say.dsq = SAY_DSQ;
	lab_start(.cpus = 1);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
	lab_wake(q);
	lab_outside(destroy_say_dsq, NULL);
	lab_run(MS);
	PROVES("ERR-30", error("destroy in-use dsq"));
}

static void insert_internal(struct task_struct *t)
{
	PROVES("ERR-31", !scx_bpf_dsq_insert(t, SCX_DSQ_LOCAL, 0, 1ULL << 56));
}

static void err_31_internal_flags(void **state)
{
	(void)state;
	IN_ENQUEUE(insert_internal);
	PROVES("ERR-31", error("invalid enq_flags"));
}

static void insert_immed(struct task_struct *t)
{
	PROVES("ERR-32", !scx_bpf_dsq_insert(t, SAY_DSQ, 0, SCX_ENQ_IMMED));
}

static void insert_rescue(struct task_struct *t)
{
	PROVES("ERR-32", !scx_bpf_dsq_insert(t, SAY_DSQ, 0, SCX_ENQ_RESCUE));
}

static void err_32_immed_only_local(void **state)
{
	(void)state;
	IN_ENQUEUE(insert_immed);
	PROVES("ERR-32", error("SCX_ENQ_IMMED on a non-local DSQ"));
}

static void err_32_rescue_only_local(void **state)
{
	(void)state;
	IN_ENQUEUE(insert_rescue);
	PROVES("ERR-32", error("SCX_ENQ_RESCUE on a non-local DSQ"));
}

static void insert_null(struct task_struct *t)
{
	(void)t;
	PROVES("ERR-33", !scx_bpf_dsq_insert(NULL, SCX_DSQ_LOCAL, 0, 0));
}

static void err_33_null_task(void **state)
{
	(void)state;
	IN_ENQUEUE(insert_null);
	PROVES("ERR-33", error("NULL task"));
}

static void overflow(struct task_struct *t)
{
	(void)t;
	PROVES("ERR-34", scx_bpf_dsq_insert(q, SCX_DSQ_LOCAL, 0, 0) && scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 0, 0));
}

static void err_34_dispatch_buffer_overflow(void **state)
{
	(void)state;
	ops.dispatch_max_batch = 1;
	IN_DISPATCH(overflow);
	lab_kick(0, 0);
	lab_run(MS);
	PROVES("ERR-34", error("dispatch buffer overflow"));
}

static void underflow(struct task_struct *t)
{
	(void)t;
	scx_bpf_dispatch_cancel();
}

static void err_34_dispatch_buffer_underflow(void **state)
{
	(void)state;
	IN_DISPATCH(underflow);
	lab_kick(0, 0);
	lab_run(MS);
	PROVES("ERR-34", error("dispatch buffer underflow"));
}

static void move_from_99(struct task_struct *t)
{
	(void)t;
	PROVES("ERR-35", !scx_bpf_dsq_move_to_local(99, 0));
}

static void err_35_move_from_an_unknown_dsq(void **state)
{
	(void)state;
	IN_DISPATCH(move_from_99);
	lab_kick(0, 0);
	lab_run(MS);
	PROVES("ERR-35", error("invalid DSQ ID"));
}

static void kick_idle_and_preempt(struct task_struct *t)
{
	(void)t;
	scx_bpf_kick_cpu(1, SCX_KICK_IDLE | SCX_KICK_PREEMPT);
	PROVES("ERR-37", cpumask_test_cpu(1, scx_root->pcpu[0].cpus_to_kick_if_idle) &&
			 !cpumask_test_cpu(1, scx_root->pcpu[0].cpus_to_preempt));
}

static void err_37_idle_kick_with_preempt(void **state)
{
	(void)state;
	IN_ENQUEUE(kick_idle_and_preempt);
	PROVES("ERR-37", error("cannot be used with SCX_KICK_IDLE"));
}

static void peek_global(struct task_struct *t)
{
	(void)t;
	PROVES("ERR-38", !scx_bpf_dsq_peek(SCX_DSQ_GLOBAL));
}

static void peek_99(struct task_struct *t)
{
	(void)t;
	PROVES("ERR-38", !scx_bpf_dsq_peek(99));
}

static void err_38_peek_at_a_builtin_dsq(void **state)
{
	(void)state;
	IN_ENQUEUE(peek_global);
	PROVES("ERR-38", error("peek disallowed on builtin DSQ"));
}

static void err_38_peek_at_an_unknown_dsq(void **state)
{
	(void)state;
	IN_ENQUEUE(peek_99);
	PROVES("ERR-38", error("peek on non-existent DSQ"));
}

static void reenq_with_flags(struct task_struct *t)
{
	(void)t;
	scx_bpf_dsq_reenq(SAY_DSQ, 1ULL << 40);
}

static void err_39_unknown_reenqueue_flags(void **state)
{
	(void)state;
	IN_ENQUEUE(reenq_with_flags);
	PROVES("ERR-39", error("invalid SCX_REENQ flags"));
}

static void dump_now(struct task_struct *t)
{
	(void)t;
	scx_bpf_dump("text\n");
}

static void err_41_dump_outside_a_dump(void **state)
{
	(void)state;
	IN_ENQUEUE(dump_now);
	PROVES("ERR-41", error("scx_bpf_dump() must only be called"));
}

static void perf_too_high(struct task_struct *t)
{
	(void)t;
	scx_bpf_cpuperf_set(0, 1025);
}

static void perf_of_another_cpu(struct task_struct *t)
{
	(void)t;
	scx_bpf_cpuperf_set(1, 100);
}

static void err_42_performance_target_too_high(void **state)
{
	(void)state;
	IN_ENQUEUE(perf_too_high);
	PROVES("ERR-42", error("cpuperf target 1025"));
}

static void err_42_performance_of_another_cpu(void **state)
{
	(void)state;
	IN_ENQUEUE(perf_of_another_cpu);
	PROVES("ERR-42", error("Invalid target CPU 1"));
}

static void look_up_tid(struct task_struct *t)
{
	PROVES("ERR-44", !scx_bpf_tid_to_task(t->scx.tid));
}

static void err_44_task_ids_without_a_table(void **state)
{
	(void)state;
	IN_ENQUEUE(look_up_tid);
	PROVES("ERR-44", error("SCX_OPS_TID_TO_TASK"));
}

static void select_for_q(struct task_struct *t)
{
	(void)t;
	PROVES("ERR-45", scx_bpf_select_cpu_and(q, 0, 0, q->cpus_ptr, 0) == -EINVAL);
}

static void err_45_a_task_that_is_not_the_subject(void **state)
{
	(void)state;
	provoke(SCXTWIN_OP_select_cpu, select_for_q);
	PROVES("ERR-45", error("called on a task not being operated on"));
}

static void select_for_elsewhere(struct task_struct *t)
{
	t = q;
	q->cpu = 1;
	PROVES("ERR-46", scx_bpf_select_cpu_and(t, 0, 0, t->cpus_ptr, 0) == -EINVAL);
	q->cpu = 0;
}

static void err_46_a_task_of_another_rq(void **state)
{
	(void)state;
	IN_ENQUEUE(select_for_elsewhere);
	PROVES("ERR-46", error("cross-task on q["));
}

static void idle_mask_of_node(struct task_struct *t)
{
	(void)t;
	scx_bpf_get_idle_cpumask_node(0);
}

static void idle_mask(struct task_struct *t)
{
	(void)t;
	scx_bpf_get_idle_cpumask();
}

static void test_and_clear(struct task_struct *t)
{
	(void)t;
	PROVES("ERR-47", !scx_bpf_test_and_clear_cpu_idle(0));
}

static void err_47_per_node_idle_is_off(void **state)
{
	(void)state;
	IN_ENQUEUE(idle_mask_of_node);
	PROVES("ERR-47", error("per-node idle tracking is disabled"));
}

static void err_47_per_node_idle_is_on(void **state)
{
	(void)state;
	ops.flags |= SCX_OPS_BUILTIN_IDLE_PER_NODE;
	IN_ENQUEUE(idle_mask);
	PROVES("ERR-47", error("PER_NODE enabled"));
}

static void err_47_builtin_idle_is_off(void **state)
{
	(void)state;
	ops.update_idle = say_update_idle;
	IN_ENQUEUE(test_and_clear);
	PROVES("ERR-47", error("built-in idle tracking is disabled"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(err_20_impossible_cpu),
		TEST(err_20_54_impossible_cpu_in_a_verdict),
		TEST(err_21_reenqueue_of_the_global_dsq),
		TEST(err_23_vtime_into_a_builtin_dsq),
		TEST(err_24_fifo_and_vtime_do_not_mix),
		TEST(err_24_vtime_and_fifo_do_not_mix),
		TEST(err_25_unknown_dsq),
		TEST(err_26_two_verdicts),
		TEST(err_27_another_task),
		TEST(err_28_migration_disabled),
		TEST(err_29_not_in_the_mask),
		TEST(err_30_destroying_a_dsq_in_use),
		TEST(err_31_internal_flags),
		TEST(err_32_immed_only_local),
		TEST(err_32_rescue_only_local),
		TEST(err_33_null_task),
		TEST(err_34_dispatch_buffer_overflow),
		TEST(err_34_dispatch_buffer_underflow),
		TEST(err_35_move_from_an_unknown_dsq),
		TEST(err_37_idle_kick_with_preempt),
		TEST(err_38_peek_at_a_builtin_dsq),
		TEST(err_38_peek_at_an_unknown_dsq),
		TEST(err_39_unknown_reenqueue_flags),
		TEST(err_41_dump_outside_a_dump),
		TEST(err_42_performance_target_too_high),
		TEST(err_42_performance_of_another_cpu),
		TEST(err_44_task_ids_without_a_table),
		TEST(err_45_a_task_that_is_not_the_subject),
		TEST(err_46_a_task_of_another_rq),
		TEST(err_47_per_node_idle_is_off),
		TEST(err_47_per_node_idle_is_on),
		TEST(err_47_builtin_idle_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
