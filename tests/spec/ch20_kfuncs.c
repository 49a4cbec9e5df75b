/* SPDX-License-Identifier: GPL-2.0-only */
/* Kfuncs of idle tracking and selection (spec 20.8). */
#include "dsq_rig.h"

static struct task_struct *p, *other;

static void start(u64 cpus, u64 ops_flags, const struct sched_ext_ops *base)
{
	struct sched_ext_ops ops = base ? *base : rig_ops;

	p = lab_task("p", .cpu = 1, .cpus = cpus);
	other = lab_task("other", .cpu = 1);
	ops.flags |= ops_flags;
	lab_load(&ops);
}

static void notice_idle(s32 cpu UNUSED, bool idle UNUSED)
{
}

/* Its own tracking: the built-in one is off. */
static void start_untracked(void)
{
	struct sched_ext_ops ops = rig_ops;

	ops.update_idle = notice_idle;
	begin(.cpus = 4);
	start(0, 0, &ops);
}

static void start_tracked(void)
{
	begin(.cpus = 4);
	start(0, 0, NULL);
}

static void start_per_node(void)
{
	begin(.cpus = 4, .nodes = 2);
	start(0, SCX_OPS_BUILTIN_IDLE_PER_NODE, NULL);
}

static const struct cpumask *mask_of(u64 bits)
{
	struct cpumask *m = cpumask_alloc_array(1);

	m->bits[0] = bits;
	return m;
}

static void set_idle(u64 cpus)
{
	int node;

	for (node = NUMA_NO_NODE; node < (int)nr_node_ids(); node++)
		scx_idle_cpumask(node)->bits[0] = node < 0 ? cpus : cpus & cpumask_of_node(node)->bits[0];
}

struct ask {
	s32 (*fn)(const struct ask *a);
	struct task_struct *p;
	s32 prev, node;
	u64 idle, mask, flags;	/* mask 0: none */
	s32 got;
	bool is_idle;
};

static struct ask answer;

static void run_ask(void *arg)
{
	struct ask *a = arg;
	const u64 irqs = local_irq_save();

	set_idle(a->idle);
	machine()->distribute_prev[smp_processor_id()] = 0;
	a->got = a->fn(a);
	local_irq_restore(irqs);
}

static s32 ask_case(const struct ask *a)
{
	answer = *a;
	lab_outside(run_ask, &answer);
	return answer.got;
}

#define ask(...) ask_case(&(struct ask){ .p = p, __VA_ARGS__ })

static s32 and_cpus(const struct ask *a)
{
	return scx_bpf_select_cpu_and(a->p, a->prev, 0, a->mask ? mask_of(a->mask) : NULL, a->flags);
}

static s32 dfl(const struct ask *a)
{
	return scx_bpf_select_cpu_dfl(a->p, a->prev, 0, &answer.is_idle);
}

static s32 pick_idle(const struct ask *a)
{
	return scx_bpf_pick_idle_cpu(mask_of(a->mask), a->flags);
}

static s32 pick_any(const struct ask *a)
{
	return scx_bpf_pick_any_cpu(mask_of(a->mask), a->flags);
}

static s32 pick_idle_node(const struct ask *a)
{
	return scx_bpf_pick_idle_cpu_node(mask_of(a->mask), a->node, a->flags);
}

static s32 pick_any_node(const struct ask *a)
{
	return scx_bpf_pick_any_cpu_node(mask_of(a->mask), a->node, a->flags);
}

static s32 test_and_clear(const struct ask *a)
{
	return scx_bpf_test_and_clear_cpu_idle(a->prev);
}

/* -1: not one of the masks there are. */
static s32 cpus_mask(const struct ask *a UNUSED)
{
	const struct cpumask *m = scx_bpf_get_idle_cpumask();

	return m == scx_idle_cpumask(NUMA_NO_NODE) ? 1 : cpumask_empty(m) ? 0 : -1;
}

static s32 smts_mask(const struct ask *a UNUSED)
{
	const struct cpumask *m = scx_bpf_get_idle_smtmask();

	return m == scx_idle_smtmask(NUMA_NO_NODE) ? 2 : m == scx_idle_cpumask(NUMA_NO_NODE) ? 1 :
	       cpumask_empty(m) ? 0 : -1;
}

static s32 cpus_mask_node(const struct ask *a)
{
	const struct cpumask *m = scx_bpf_get_idle_cpumask_node(a->node);

	return a->node >= 0 && a->node < (s32)nr_node_ids() && m == scx_idle_cpumask(a->node) ? 1 :
	       cpumask_empty(m) ? 0 : -1;
}

static s32 node_of(const struct ask *a)
{
	return scx_bpf_cpu_node(a->prev);
}

/* ---- selection */

static void sel_25_prev_must_be_a_cpu(void **state)
{
	(void)state;
	start_tracked();
	PROVES("SEL-25", ask(.fn = and_cpus, .prev = 4, .idle = 0xf) == -EINVAL);
	PROVES("SEL-25", lab_exited(SCX_EXIT_ERROR, "invalid CPU 4"));
	lab_stop(NULL);
	start_tracked();
	PROVES("SEL-25", ask(.fn = and_cpus, .prev = -1, .idle = 0xf) == -EINVAL);
	PROVES("SEL-25", lab_exited(SCX_EXIT_ERROR, "invalid CPU -1"));
}

static void sel_26_without_tracking_there_is_no_selection(void **state)
{
	(void)state;
	start_untracked();
	PROVES("SEL-26", ask(.fn = and_cpus, .prev = 0, .idle = 0xf) == -EBUSY);
	PROVES("SEL-26", lab_exited(SCX_EXIT_ERROR, "built-in idle tracking is disabled"));
}

static s32 got_in_op;

static s32 select_for_other(struct task_struct *t UNUSED, s32 prev_cpu, u64 wake_flags UNUSED)
{
	bool is_idle = true;

	got_in_op = scx_bpf_select_cpu_and(other, prev_cpu, 0, NULL, 0);
	PROVES("SEL-37", scx_bpf_select_cpu_dfl(other, prev_cpu, 0, &is_idle) == prev_cpu && !is_idle);
	return prev_cpu;
}

static void sel_27_in_select_cpu_only_for_the_task_at_hand(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	begin(.cpus = 4);
	ops.select_cpu = select_for_other;
	start(0, 0, &ops);
	lab_wake(p);
	PROVES("SEL-27", got_in_op == -EINVAL);
	PROVES("SEL-27", lab_exited(SCX_EXIT_ERROR, "called on a task not being operated on"));
}

static void select_for_a_stranger(struct task_struct *t, u64 enq_flags UNUSED)
{
	got_in_op = scx_bpf_select_cpu_and(other, 1, 0, NULL, 0);
	scx_bpf_dsq_insert(t, SCX_DSQ_LOCAL, 20 * MS, 0);
}

static void sel_28_under_an_rq_lock_only_for_its_tasks(void **state)
{
	struct task_struct *far;

	(void)state;
	begin(.cpus = 4);
	far = lab_task("far", .cpu = 2);
	start(0, 0, NULL);
	rig.on_enqueue = select_for_a_stranger;
	lab_wake(p); /* other is of the same rq */
	PROVES("SEL-28", got_in_op >= 0 && !scx_last_exit());
	lab_wake(far);
	PROVES("SEL-28", got_in_op == -EINVAL);
	PROVES("SEL-28", lab_exited(SCX_EXIT_ERROR, "select_cpu kfunc called cross-task on other"));
}

static void call_and(void *arg UNUSED)
{
	scx_bpf_select_cpu_and(p, 0, 0, NULL, 0);
}

static void sel_29_without_a_lock_the_pi_lock_is_taken(void **state)
{
	struct lab_hold *claiming;

	(void)state;
	begin(.cpus = 4, .mode = RUN_EXPLORED);
	start(0, 0, NULL);
	claiming = lab_hold(.cpu = 0, .label = "cpumask_test_and_clear");
	lab_outside(call_and, NULL);
	PROVES("SEL-29", lab_held(claiming) && core_of(p)->pi_lock.owner);
	lab_release(claiming);
	PROVES("SEL-29", !core_of(p)->pi_lock.owner);
}

static void sel_30_33_to_36_a_task_with_one_cpu(void **state)
{
	(void)state;
	begin(.cpus = 4);
	start(0x4, 0, NULL);
	/* prev does not matter for the choice. */
	PROVES("SEL-30 SEL-33", ask(.fn = and_cpus, .prev = 0, .idle = 0xf) == 2);
	PROVES("SEL-36", scx_idle_cpumask(NUMA_NO_NODE)->bits[0] == 0xb);
	PROVES("SEL-36", ask(.fn = and_cpus, .prev = 2, .idle = 0xb) == -EBUSY);
	PROVES("SEL-34", ask(.fn = and_cpus, .prev = 2, .idle = 0xf, .mask = 0xb) == -EBUSY);
	PROVES("SEL-34", ask(.fn = and_cpus, .prev = 2, .idle = 0xf, .mask = 0xc) == 2);
}

static void sel_30_33_a_task_that_must_not_migrate(void **state)
{
	(void)state;
	start_tracked();
	p->migration_disabled = 1;
	PROVES("SEL-30 SEL-33", ask(.fn = and_cpus, .prev = 0, .idle = 0xf) == 1); /* where it is */
	PROVES("SEL-36", ask(.fn = and_cpus, .prev = 0, .idle = 0xd) == -EBUSY);
	p->migration_disabled = 2;
	PROVES("SEL-32", ask(.fn = and_cpus, .prev = 0, .idle = 0xf) == 1);
	p->migration_disabled = 0;
	PROVES("SEL-31 SEL-32", ask(.fn = and_cpus, .prev = 0, .idle = 0xf) == 0);
}

static void sel_35_in_the_node_of_prev(void **state)
{
	(void)state;
	begin(.cpus = 4, .nodes = 2);
	start(0x4, SCX_OPS_BUILTIN_IDLE_PER_NODE, NULL);
	PROVES("SEL-35", ask(.fn = and_cpus, .prev = 0, .idle = 0xf, .flags = SCX_PICK_IDLE_IN_NODE) == -EBUSY);
	PROVES("SEL-35", ask(.fn = and_cpus, .prev = 3, .idle = 0xf, .flags = SCX_PICK_IDLE_IN_NODE) == 2);
	PROVES("SEL-35", ask(.fn = and_cpus, .prev = 0, .idle = 0xf) == 2);
}

static void sel_31_38_with_the_given_mask_or_that_of_the_task(void **state)
{
	(void)state;
	begin(.cpus = 4);
	start(0x7, 0, NULL);
	PROVES("SEL-31", ask(.fn = and_cpus, .prev = 0, .idle = 0xc, .mask = 0xc) == 2);
	PROVES("SEL-31", ask(.fn = and_cpus, .prev = 0, .idle = 0x8) == -EBUSY);
	PROVES("SEL-38", ask(.fn = dfl, .prev = 0, .idle = 0x8) == 0 && !answer.is_idle);
	PROVES("SEL-38", ask(.fn = dfl, .prev = 0, .idle = 0xc) == 2 && answer.is_idle);
}

static void sel_37_39_40_results(void **state)
{
	(void)state;
	start_tracked();
	PROVES("SEL-37", ask(.fn = dfl, .prev = 3, .idle = 0xf) == 3 && answer.is_idle);
	PROVES("SEL-37", ask(.fn = dfl, .prev = 3, .idle = 0, .is_idle = true) == 3 && !answer.is_idle);
	PROVES("SEL-39", ask(.fn = and_cpus, .prev = 3, .idle = 0xf) == 3);
	PROVES("SEL-39", ask(.fn = and_cpus, .prev = 3, .idle = 0) == -EBUSY);
	PROVES("SEL-40", p->scx.ddsp_dsq_id == SCX_DSQ_INVALID && !p->scx.dsq && !p->on_rq);
}

static u32 nr_refused;

static void count_refused(const char *kfunc UNUSED, const struct scx_callback_info *info UNUSED)
{
	nr_refused++;
}

static void select_in_dispatch(s32 cpu UNUSED, struct task_struct *prev UNUSED)
{
	bool is_idle;

	scx_bpf_select_cpu_and(p, 0, 0, NULL, 0);
	scx_bpf_select_cpu_dfl(p, 0, 0, &is_idle);
}

static void sel_40_not_in_dispatch(void **state)
{
	(void)state;
	start_tracked();
	scx_set_api_error_handler(count_refused);
	nr_refused = 0;
	rig.on_dispatch = select_in_dispatch;
	lab_kick(0, 0);
	PROVES("KFC-09", nr_refused == 2);
}

/* ---- masks */

static void errs(s32 (*fn)(const struct ask *a), s32 node, s32 result, const char *rule, const char *text)
{
	PROVES(rule, ask(.fn = fn, .node = node, .idle = 0xf, .mask = 0xf) == result);
	PROVES(rule, text ? lab_exited(SCX_EXIT_ERROR, text) : !scx_last_exit());
	lab_stop(NULL);
}

static void sel_41_42_the_masks_are_refused(void **state)
{
	(void)state;
	start_per_node();
	errs(cpus_mask, 0, 0, "SEL-41", "SCX_OPS_BUILTIN_IDLE_PER_NODE enabled");
	start_per_node();
	errs(smts_mask, 0, 0, "SEL-41", "SCX_OPS_BUILTIN_IDLE_PER_NODE enabled");
	start_untracked();
	errs(cpus_mask, 0, 0, "SEL-42", "built-in idle tracking is disabled");
	start_untracked();
	errs(smts_mask, 0, 0, "SEL-42", "built-in idle tracking is disabled");
}

static void sel_43_44_the_masks_are_live(void **state)
{
	(void)state;
	start_tracked();
	PROVES("SEL-44", ask(.fn = cpus_mask, .idle = 0x3) == 1);
	PROVES("SEL-43", ask(.fn = smts_mask, .idle = 0x3) == 1);
	lab_stop(NULL);
	begin(.cpus = 4, .smt = 2);
	start(0, 0, NULL);
	PROVES("SEL-43 SEL-44", ask(.fn = smts_mask, .idle = 0x3) == 2);
}

static void sel_45_46_47_nodes(void **state)
{
	(void)state;
	start_tracked();
	errs(pick_idle_node, 0, -EOPNOTSUPP, "SEL-45", "per-node idle tracking is disabled");
	start_tracked();
	errs(pick_any_node, 0, -EOPNOTSUPP, "SEL-45", "per-node idle tracking is disabled");
	start_tracked();
	errs(cpus_mask_node, 0, 0, "SEL-45", "per-node idle tracking is disabled");
	start_per_node();
	errs(pick_idle_node, NUMA_NO_NODE, -ENOENT, "SEL-46", NULL);
	start_per_node();
	errs(pick_any_node, NUMA_NO_NODE, -ENOENT, "SEL-46", NULL);
	start_per_node();
	errs(cpus_mask_node, NUMA_NO_NODE, 0, "SEL-46", NULL);
	start_per_node();
	errs(pick_idle_node, 2, -EINVAL, "SEL-47", "invalid node 2");
	start_per_node();
	errs(pick_any_node, -2, -EINVAL, "SEL-47", "invalid node -2");
	start_per_node();
	errs(cpus_mask_node, 2, 0, "SEL-47", "invalid node 2");
	start_per_node();
	errs(cpus_mask_node, 1, 1, "SEL-44", NULL);
}

static void sel_48_test_and_clear(void **state)
{
	(void)state;
	start_tracked();
	PROVES("SEL-48", ask(.fn = test_and_clear, .prev = 2, .idle = 0x4) == true);
	PROVES("SEL-48", ask(.fn = test_and_clear, .prev = 2, .idle = 0xb) == false && !scx_last_exit());
	PROVES("SEL-48", ask(.fn = test_and_clear, .prev = 4, .idle = 0xf) == false);
	PROVES("SEL-48", lab_exited(SCX_EXIT_ERROR, "invalid CPU 4"));
	lab_stop(NULL);
	start_untracked();
	errs(test_and_clear, 0, false, "SEL-48", "built-in idle tracking is disabled");
}

static void sel_49_pick_idle(void **state)
{
	(void)state;
	start_tracked();
	PROVES("SEL-49", ask(.fn = pick_idle, .idle = 0xe, .mask = 0xc) == 2);
	PROVES("SEL-49", ask(.fn = pick_idle, .idle = 0x3, .mask = 0xc) == -EBUSY && !scx_last_exit());
	lab_stop(NULL);
	start_per_node();
	errs(pick_idle, 0, -EBUSY, "SEL-49", "per-node idle tracking is enabled");
	start_untracked();
	errs(pick_idle, 0, -EBUSY, "SEL-49", "built-in idle tracking is disabled");
}

static void sel_50_pick_idle_of_a_node(void **state)
{
	(void)state;
	start_per_node();
	PROVES("SEL-50", ask(.fn = pick_idle_node, .node = 1, .idle = 0xb, .mask = 0xf) == 3);
	PROVES("SEL-50", ask(.fn = pick_idle_node, .node = 1, .idle = 0x3, .mask = 0xf) == 1);
	PROVES("SEL-50", ask(.fn = pick_idle_node, .node = 1, .idle = 0x3, .mask = 0xf,
			     .flags = SCX_PICK_IDLE_IN_NODE) == -EBUSY);
}

static void sel_51_52_pick_any(void **state)
{
	(void)state;
	start_tracked();
	PROVES("SEL-51", ask(.fn = pick_any, .idle = 0x8, .mask = 0xe) == 3);
	PROVES("SEL-51", ask(.fn = pick_any, .idle = 0, .mask = 0xe) == 1);
	PROVES("SEL-51", ask(.fn = pick_any, .idle = 0xf, .mask = 0) == -EBUSY && !scx_last_exit());
	lab_stop(NULL);
	start_untracked();
	PROVES("SEL-52", ask(.fn = pick_any, .idle = 0x8, .mask = 0xe) == 1 && !scx_last_exit());
	lab_stop(NULL);
	start_per_node();
	errs(pick_any, 0, -EBUSY, "SEL-51", "per-node idle tracking is enabled");
}

static void sel_53_pick_any_of_a_node(void **state)
{
	(void)state;
	start_per_node();
	PROVES("SEL-53", ask(.fn = pick_any_node, .node = 1, .idle = 0x1, .mask = 0xf) == 0);
	PROVES("SEL-53", ask(.fn = pick_any_node, .node = 1, .idle = 0, .mask = 0xf) == 1);
	PROVES("SEL-53", ask(.fn = pick_any_node, .node = 1, .idle = 0x1, .mask = 0xf,
			     .flags = SCX_PICK_IDLE_IN_NODE) == 2);
	PROVES("SEL-53", ask(.fn = pick_any_node, .node = 1, .idle = 0, .mask = 0x3,
			     .flags = SCX_PICK_IDLE_IN_NODE) == -EBUSY);
	PROVES("SEL-53", ask(.fn = pick_any_node, .node = 1, .idle = 0, .mask = 0) == -EBUSY);
}

static void sel_54_cpu_node(void **state)
{
	(void)state;
	start_per_node();
	PROVES("SEL-54", ask(.fn = node_of, .prev = 1) == 0 && ask(.fn = node_of, .prev = 2) == 1);
	PROVES("SEL-54", ask(.fn = node_of, .prev = 4) == NUMA_NO_NODE);
	PROVES("SEL-54", lab_exited(SCX_EXIT_ERROR, "invalid CPU 4"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sel_25_prev_must_be_a_cpu),
		TEST(sel_26_without_tracking_there_is_no_selection),
		TEST(sel_27_in_select_cpu_only_for_the_task_at_hand),
		TEST(sel_28_under_an_rq_lock_only_for_its_tasks),
		TEST(sel_29_without_a_lock_the_pi_lock_is_taken),
		TEST(sel_30_33_to_36_a_task_with_one_cpu),
		TEST(sel_30_33_a_task_that_must_not_migrate),
		TEST(sel_35_in_the_node_of_prev),
		TEST(sel_31_38_with_the_given_mask_or_that_of_the_task),
		TEST(sel_37_39_40_results),
		TEST(sel_40_not_in_dispatch),
		TEST(sel_41_42_the_masks_are_refused),
		TEST(sel_43_44_the_masks_are_live),
		TEST(sel_45_46_47_nodes),
		TEST(sel_48_test_and_clear),
		TEST(sel_49_pick_idle),
		TEST(sel_50_pick_idle_of_a_node),
		TEST(sel_51_52_pick_any),
		TEST(sel_53_pick_any_of_a_node),
		TEST(sel_54_cpu_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
