/* SPDX-License-Identifier: GPL-2.0-only */
/* Claiming idle CPUs and the default selection (spec 20.5 to 20.7). */
#include "dsq_rig.h"

static struct task_struct *p;

/* One selection with these idle masks, and what is left of them. */
struct selection_case {
	u64 cpus, smts;		/* the idle masks */
	int cursor;		/* of any_distribute on the calling CPU */
	s32 prev;
	u64 wake_flags, mask, flags; /* mask 0: none */
	s32 got, cursor_after;
	u64 cpus_left, smts_left;
};

static struct selection_case last;

static const struct cpumask *mask_of(u64 bits)
{
	struct cpumask *m = cpumask_alloc_array(1);

	m->bits[0] = bits;
	return m;
}

static u64 *cpus_of(int node)
{
	return scx_idle_cpumask(node)->bits;
}

static u64 *smts_of(int node)
{
	return scx_idle_smtmask(node)->bits;
}

/* Node pairs together make up the given masks. */
static void set_masks(const struct selection_case *c)
{
	int node;

	*cpus_of(NUMA_NO_NODE) = c->cpus;
	*smts_of(NUMA_NO_NODE) = c->smts;
	for (node = 0; node < (int)nr_node_ids(); node++) {
		*cpus_of(node) = c->cpus & cpumask_of_node(node)->bits[0];
		*smts_of(node) = c->smts & cpumask_of_node(node)->bits[0];
	}
}

static void get_masks(struct selection_case *c)
{
	int node;

	c->cpus_left = c->smts_left = 0;
	if (!scx_state()->builtin_idle_per_node) {
		c->cpus_left = *cpus_of(NUMA_NO_NODE);
		c->smts_left = *smts_of(NUMA_NO_NODE);
		return;
	}
	for (node = 0; node < (int)nr_node_ids(); node++) {
		c->cpus_left |= *cpus_of(node);
		c->smts_left |= *smts_of(node);
	}
}

static void run_case(void *arg)
{
	struct selection_case *c = arg;
	int *cursor = &machine()->distribute_prev[smp_processor_id()];
	const u64 irqs = local_irq_save();

	set_masks(c);
	*cursor = c->cursor;
	c->got = scx_bpf_select_cpu_and(p, c->prev, c->wake_flags, c->mask ? mask_of(c->mask) : NULL, c->flags);
	get_masks(c);
	c->cursor_after = *cursor;
	local_irq_restore(irqs);
}

static s32 choose_case(const struct selection_case *c)
{
	last = *c;
	lab_outside(run_case, &last);
	return last.got;
}

#define choose(...) choose_case(&(struct selection_case){ __VA_ARGS__ })

static bool left(u64 cpus, u64 smts)
{
	if (last.cpus_left == cpus && last.smts_left == smts)
		return true;
	print_error("expected masks 0x%llx 0x%llx, got 0x%llx 0x%llx\n", (unsigned long long)cpus,
		    (unsigned long long)smts, (unsigned long long)last.cpus_left,
		    (unsigned long long)last.smts_left);
	return false;
}

/* The policy never runs p: it sleeps, and selections are asked for from outside. */
static void start_with(u64 cpus, u64 ops_flags)
{
	struct sched_ext_ops ops = rig_ops;

	p = lab_task("p", .cpu = 0, .cpus = cpus);
	ops.flags |= ops_flags;
	lab_load(&ops);
}

/* Core 0 is CPUs 0 and 2, core 1 is 1 and 3; one LLC. */
static void start_smt(u64 cpus)
{
	begin(.cpus = 4, .smt = 2);
	start_with(cpus, 0);
	assert_int_equal(cpu_smt_mask(0)->bits[0], 0x5);
}

static void start_plain(u32 nr, u64 cpus)
{
	begin(.cpus = nr);
	start_with(cpus, 0);
}

/* ---- claims */

static bool claimed;

static void claim_2(void *arg UNUSED)
{
	set_masks(&last);
	claimed = scx_bpf_test_and_clear_cpu_idle(2);
	get_masks(&last);
}

static bool claim(u64 cpus, u64 smts)
{
	last = (struct selection_case){ .cpus = cpus, .smts = smts };
	lab_outside(claim_2, NULL);
	return claimed;
}

static void idle_34_36_a_claim_takes_the_bit_and_the_whole_core(void **state)
{
	(void)state;
	start_smt(0);
	PROVES("IDLE-34 IDLE-36", claim(0xf, 0xf) && left(0xb, 0xa));
	PROVES("IDLE-34 IDLE-36", !claim(0xb, 0xf) && left(0xb, 0xa)); /* also if it fails */
	PROVES("IDLE-34", !claim(0x0, 0x1) && left(0x0, 0x0)); /* any sibling's bit */
	PROVES("IDLE-36", claim(0x4, 0x0) && left(0x0, 0x0) && !claim(0x0, 0x0));
}

static void idle_34_without_smt_the_core_mask_is_not_touched(void **state)
{
	(void)state;
	start_plain(4, 0);
	PROVES("IDLE-34", claim(0xf, 0xf) && left(0xb, 0xf));
}

static void idle_35_an_offline_cpu_has_a_core_bit_of_its_own(void **state)
{
	(void)state;
	start_smt(0);
	lab_offline(2);
	PROVES("IDLE-35", claim(0x4, 0x4) && left(0x0, 0x0));
	PROVES("IDLE-35", claim(0x5, 0x5) && left(0x1, 0x1)); /* it has no siblings any more */
	PROVES("SEL-17", choose(.cpus = 0x3, .prev = 2, .cursor = 0) == 1);
}

static void idle_37_52_an_offline_cpu_can_be_claimed(void **state)
{
	(void)state;
	start_plain(4, 0);
	lab_offline(2);
	PROVES("IDLE-37", claim(0x4, 0x0));
	PROVES("IDLE-52", choose(.cpus = 0x4, .prev = 2) == 2 && left(0, 0));
}

static void idle_52_a_cpu_that_goes_offline_while_idle_keeps_its_bit(void **state)
{
	(void)state;
	start_plain(4, 0);
	assert_true(*cpus_of(NUMA_NO_NODE) & 0x4);
	lab_offline(2);
	PROVES("IDLE-52", *cpus_of(NUMA_NO_NODE) & 0x4);
}

/* ---- any_distribute */

static void idle_38_39_the_search_begins_behind_the_last_hit(void **state)
{
	(void)state;
	start_plain(4, 0);
	/* prev 3 is busy, so the pick decides. */
	PROVES("IDLE-38", choose(.cpus = 0x7, .cursor = 0, .prev = 3) == 1 && last.cursor_after == 1);
	PROVES("IDLE-38", choose(.cpus = 0x7, .cursor = 1, .prev = 3) == 2 && last.cursor_after == 2);
	PROVES("IDLE-38", choose(.cpus = 0x7, .cursor = 2, .prev = 3) == 0 && last.cursor_after == 0);
	PROVES("IDLE-39", choose(.cpus = 0x2, .cursor = 1, .prev = 3) == 1);
	PROVES("IDLE-39", choose(.cpus = 0x1, .cursor = 0, .prev = 3) == 0);
	PROVES("IDLE-38", choose(.cpus = 0x0, .cursor = 2, .prev = 3) == -EBUSY && last.cursor_after == 2);
}

static void idle_38_the_first_pick_ever_skips_cpu_0(void **state)
{
	(void)state;
	begin(.cpus = 4);
	PROVES("IDLE-38", machine()->distribute_prev[0] == 0 && machine()->distribute_prev[3] == 0);
}

static void idle_40_the_cursor_belongs_to_the_calling_cpu(void **state)
{
	(void)state;
	start_plain(4, 0);
	lab_from(2);
	machine()->distribute_prev[0] = machine()->distribute_prev[1] = 0;
	PROVES("IDLE-40", choose(.cpus = 0x7, .cursor = 1, .prev = 3) == 2);
	PROVES("IDLE-40", machine()->distribute_prev[2] == 2 && !machine()->distribute_prev[0] &&
			 !machine()->distribute_prev[1]);
}

static void idle_41_affinity_changes_use_the_same_cursor(void **state)
{
	(void)state;
	start_plain(4, 0);
	machine()->distribute_prev[0] = 0;
	lab_set_cpus(p, 0xe);
	PROVES("IDLE-41", machine()->distribute_prev[0] == 1);
	lab_set_cpus(p, 0xd);
	PROVES("IDLE-41", machine()->distribute_prev[0] == 2);
}

/* ---- pick */

static void idle_42_without_smt_whole_cores_are_no_matter(void **state)
{
	(void)state;
	start_plain(4, 0);
	PROVES("IDLE-42", choose(.cpus = 0x2, .prev = 3, .flags = SCX_PICK_IDLE_CORE) == 1);
}

static void idle_43_after_a_lost_claim_the_search_goes_on(void **state)
{
	(void)state;
	start_smt(0);
	/* The core mask lags: it says core 1, but neither CPU of it is idle. */
	PROVES("IDLE-43", choose(.cpus = 0x1, .smts = 0xa, .prev = 3, .mask = 0x7) == 0 && left(0, 0));
}

static void idle_44_to_47_nodes(void **state)
{
	(void)state;
	begin(.cpus = 6, .nodes = 3);
	start_with(0, SCX_OPS_BUILTIN_IDLE_PER_NODE);
	assert_int_equal(cpumask_of_node(1)->bits[0], 0xc);
	/* The own node first, then by distance: all are equally far, so by number. */
	PROVES("IDLE-45", choose(.cpus = 0x3b, .prev = 2) == 3 && left(0x33, 0));
	PROVES("IDLE-47", choose(.cpus = 0x33, .prev = 2) == 1 && left(0x31, 0));
	PROVES("IDLE-47", choose(.cpus = 0x30, .prev = 2, .cursor = 4) == 5);
	PROVES("IDLE-47", choose(.cpus = 0, .prev = 2) == -EBUSY);
	PROVES("IDLE-46", choose(.cpus = 0x33, .prev = 2, .flags = SCX_PICK_IDLE_IN_NODE) == -EBUSY &&
			 left(0x33, 0));
}

static void idle_44_whole_cores_of_the_node_alone(void **state)
{
	(void)state;
	begin(.cpus = 8, .smt = 2, .nodes = 2);
	start_with(0, SCX_OPS_BUILTIN_IDLE_PER_NODE);
	assert_int_equal(cpumask_of_node(0)->bits[0], 0x33);
	/* Node 0 has half a core only. */
	PROVES("IDLE-44", choose(.cpus = 0xce, .smts = 0xcc, .prev = 0,
				 .flags = SCX_PICK_IDLE_CORE | SCX_PICK_IDLE_IN_NODE) == -EBUSY);
	PROVES("IDLE-44 IDLE-47", choose(.cpus = 0xce, .smts = 0xcc, .prev = 0, .flags = SCX_PICK_IDLE_CORE) == 2);
}

/* ---- topology keys */

static bool keys(bool llc, bool numa)
{
	return scx_state()->selcpu_topo_llc == llc && scx_state()->selcpu_topo_numa == numa;
}

static void idle_48_50_keys_follow_the_topology(void **state)
{
	(void)state;
	start_plain(4, 0);
	PROVES("IDLE-48 IDLE-50", keys(false, false));
	lab_stop(NULL);
	begin(.cpus = 4, .cores_per_llc = 2);
	start_with(0, 0);
	PROVES("IDLE-48 IDLE-50", keys(true, false)); /* one node */
	/* Looked at when a CPU has come or is about to go: it is online still. */
	lab_offline(2);
	lab_offline(3);
	PROVES("IDLE-48", keys(true, false));
	lab_offline(1);
	PROVES("IDLE-48 IDLE-50", keys(false, false)); /* one LLC was left */
	lab_online(1);
	PROVES("IDLE-48", keys(false, false));
	lab_online(2);
	PROVES("IDLE-48", keys(true, false));
	lab_stop(NULL);
	begin(.cpus = 4, .nodes = 2);
	start_with(0, 0);
	PROVES("IDLE-48 IDLE-50", keys(true, false)); /* LLC and node are the same */
	lab_stop(NULL);
	begin(.cpus = 8, .nodes = 2, .cores_per_llc = 2);
	start_with(0, 0);
	PROVES("IDLE-48 IDLE-50", keys(true, true));
}

static void idle_49_with_masks_per_node_there_is_no_numa_step(void **state)
{
	(void)state;
	begin(.cpus = 8, .nodes = 2, .cores_per_llc = 2);
	start_with(0, SCX_OPS_BUILTIN_IDLE_PER_NODE);
	PROVES("IDLE-49", keys(true, false));
}

/* ---- preparation */

static void sel_01_to_04_who_is_allowed(void **state)
{
	(void)state;
	start_plain(4, 0x7);
	PROVES("SEL-01", choose(.cpus = 0x8, .prev = 0) == -EBUSY && choose(.cpus = 0x4, .prev = 0) == 2);
	PROVES("SEL-03", choose(.cpus = 0xf, .prev = 0, .mask = 0xc) == 2);
	PROVES("SEL-03", choose(.cpus = 0xf, .prev = 0, .mask = 0x8) == -EBUSY && left(0xf, 0));
	PROVES("SEL-04", choose(.cpus = 0xf, .prev = 3, .cursor = 1) == 2 && left(0xb, 0));
	PROVES("SEL-04", choose(.cpus = 0xf, .prev = 0, .mask = 0x6) == 1);
}

static void sel_02_an_unrestricted_task_goes_where_the_mask_says(void **state)
{
	(void)state;
	start_plain(4, 0);
	PROVES("SEL-02", choose(.cpus = 0xf, .prev = 0, .mask = 0x8) == 3);
	PROVES("SEL-02", choose(.cpus = 0x7, .prev = 0, .mask = 0x8) == -EBUSY && left(0x7, 0));
}

/* Nodes {0,1,2,3} and {4,5,6,7}, LLCs of two. */
static void start_big(u64 cpus)
{
	begin(.cpus = 8, .nodes = 2, .cores_per_llc = 2);
	start_with(cpus, 0);
}

static void sel_05_06_spans_of_prev_within_what_is_allowed(void **state)
{
	(void)state;
	start_big(0x0fb); /* not CPU 2 */
	PROVES("SEL-06 SEL-18", choose(.cpus = 0xfe, .prev = 0, .cursor = 4) == 1);
	PROVES("SEL-05 SEL-19", choose(.cpus = 0xfc, .prev = 0, .cursor = 4) == 3);
	/* Nobody of the LLC may be used: that step falls away. */
	PROVES("SEL-06", choose(.cpus = 0xfe, .prev = 0, .mask = 0xf8, .cursor = 4) == 3);
	/* Nor of the node. */
	PROVES("SEL-05", choose(.cpus = 0xfe, .prev = 0, .mask = 0xf0, .cursor = 4) == 5);
}

static void sel_18_19_20_llc_then_node_then_everywhere(void **state)
{
	(void)state;
	start_big(0);
	/* Behind the cursor the node has CPU 2. */
	PROVES("SEL-18", choose(.cpus = 0xfe, .prev = 0, .cursor = 1) == 1);
	PROVES("SEL-19", choose(.cpus = 0xfc, .prev = 0, .cursor = 4) == 2);
	PROVES("SEL-20", choose(.cpus = 0xf0, .prev = 0, .cursor = 5) == 6);
	PROVES("SEL-20", choose(.cpus = 0, .prev = 0) == -EBUSY);
}

static void sel_07_the_node_is_that_of_prev(void **state)
{
	(void)state;
	begin(.cpus = 4, .nodes = 2);
	start_with(0, SCX_OPS_BUILTIN_IDLE_PER_NODE);
	lab_from(0);
	PROVES("SEL-07", choose(.cpus = 0xb, .prev = 2, .flags = SCX_PICK_IDLE_IN_NODE) == 3);
}

/* ---- steps */

static void sel_08_sync_with_a_shared_cache_takes_prev(void **state)
{
	(void)state;
	begin(.cpus = 4, .cores_per_llc = 2);
	start_with(0, 0);
	lab_from(1);
	PROVES("SEL-08", choose(.cpus = 0x5, .prev = 0, .wake_flags = SCX_WAKE_SYNC) == 0);
	/* CPU 2 does not share it: the waker's CPU. */
	PROVES("SEL-08 SEL-09", choose(.cpus = 0x5, .prev = 2, .wake_flags = SCX_WAKE_SYNC) == 1);
	PROVES("SEL-08", choose(.cpus = 0x5, .prev = 2) == 2);
	/* Nor if prev is not allowed. */
	PROVES("SEL-08", choose(.cpus = 0x5, .prev = 0, .mask = 0xe, .wake_flags = SCX_WAKE_SYNC) == 1);
}

static void sel_09_10_sync_takes_the_cpu_of_the_waker(void **state)
{
	(void)state;
	start_plain(4, 0);
	lab_from(1);
	PROVES("SEL-09 SEL-23", choose(.cpus = 0xc, .prev = 0, .wake_flags = SCX_WAKE_SYNC) == 1);
	PROVES("SEL-10", left(0xc, 0));
	PROVES("SEL-10", choose(.cpus = 0xe, .prev = 0, .wake_flags = SCX_WAKE_SYNC) == 1 && left(0xc, 0));
	/* Only if some CPU is idle, and if it is allowed. */
	PROVES("SEL-09", choose(.cpus = 0, .prev = 0, .wake_flags = SCX_WAKE_SYNC) == -EBUSY);
	PROVES("SEL-09", choose(.cpus = 0xc, .prev = 0, .mask = 0xd, .wake_flags = SCX_WAKE_SYNC) == 2);
}

static void sel_09_not_if_somebody_waits_there(void **state)
{
	struct task_struct *hog, *waiting;

	(void)state;
	begin(.cpus = 4);
	hog = lab_task("hog", .cpu = 1, .cpus = 1 << 1, .policy = SCHED_FIFO);
	waiting = lab_task("waiting", .cpu = 1);
	start_with(0, 0);
	lab_wake(hog);
	put(waiting, SCX_DSQ_LOCAL, 0);
	assert_true(queue_is(lab_local(1), "waiting"));
	lab_from(1);
	PROVES("SEL-09", choose(.cpus = 0xc, .prev = 0, .wake_flags = SCX_WAKE_SYNC) == 2);
}

static void sel_09_in_node_the_waker_must_be_of_the_node(void **state)
{
	(void)state;
	begin(.cpus = 4, .nodes = 2);
	start_with(0, SCX_OPS_BUILTIN_IDLE_PER_NODE);
	lab_from(1);
	PROVES("SEL-09", choose(.cpus = 0x9, .prev = 2, .wake_flags = SCX_WAKE_SYNC,
				.flags = SCX_PICK_IDLE_IN_NODE) == 3);
	PROVES("SEL-09", choose(.cpus = 0x9, .prev = 2, .wake_flags = SCX_WAKE_SYNC) == 1);
	/* The idle mask of the waker's node counts. */
	PROVES("SEL-09", choose(.cpus = 0x8, .prev = 2, .wake_flags = SCX_WAKE_SYNC) == 3);
}

static void sel_11_prev_if_its_whole_core_is_idle(void **state)
{
	(void)state;
	start_smt(0);
	PROVES("SEL-11", choose(.cpus = 0xf, .smts = 0xf, .prev = 2) == 2 && left(0xb, 0xa));
	/* Half a core: another one first. */
	PROVES("SEL-11 SEL-14", choose(.cpus = 0xe, .smts = 0xa, .prev = 2) == 1 && left(0xc, 0));
	PROVES("SEL-11", choose(.cpus = 0xf, .smts = 0xf, .prev = 2, .mask = 0xb) == 1);
}

static void sel_12_13_14_whole_cores_of_the_llc_then_of_the_node_then_anywhere(void **state)
{
	(void)state;
	/* 16 CPUs, cores {n, n+8}; nodes of four cores, LLCs of two. */
	begin(.cpus = 16, .smt = 2, .nodes = 2, .cores_per_llc = 2);
	start_with(0, 0);
	assert_int_equal(cpu_llc_mask(0)->bits[0], 0x0303);
	PROVES("SEL-12", choose(.cpus = 0xfefe, .smts = 0xfefe, .prev = 0, .cursor = 1) == 9);
	PROVES("SEL-13", choose(.cpus = 0xfcfc, .smts = 0xfcfc, .prev = 0, .cursor = 4) == 10);
	PROVES("SEL-14", choose(.cpus = 0xf0fe, .smts = 0xf0f0, .prev = 0, .cursor = 5) == 6);
	/* Whole cores anywhere come before half ones nearby. */
	PROVES("SEL-14 SEL-16", choose(.cpus = 0xf0ff, .smts = 0xf0f0, .prev = 0, .cursor = 5) == 6);
}

static void sel_15_with_the_core_flag_nothing_less(void **state)
{
	(void)state;
	start_smt(0);
	PROVES("SEL-15", choose(.cpus = 0xc, .prev = 2, .flags = SCX_PICK_IDLE_CORE) == -EBUSY && left(0xc, 0));
	PROVES("SEL-15 SEL-14", choose(.cpus = 0xe, .smts = 0xa, .prev = 2, .flags = SCX_PICK_IDLE_CORE) == 1);
}

static void sel_16_prev_on_a_half_idle_core(void **state)
{
	(void)state;
	start_smt(0);
	PROVES("SEL-16 SEL-22", choose(.cpus = 0xc, .prev = 2) == 2 && left(0x8, 0));
}

static void sel_16_without_smt(void **state)
{
	(void)state;
	start_plain(4, 0);
	PROVES("SEL-16", choose(.cpus = 0xf, .prev = 2, .cursor = 0) == 2 && left(0xb, 0));
	PROVES("SEL-16", last.cursor_after == 0);
	PROVES("SEL-20", choose(.cpus = 0xb, .prev = 2, .cursor = 0) == 1);
}

static void sel_17_then_its_sibling(void **state)
{
	(void)state;
	start_smt(0);
	PROVES("SEL-17", choose(.cpus = 0xe, .prev = 0, .cursor = 0) == 2 && left(0xa, 0));
	PROVES("SEL-17", choose(.cpus = 0xe, .prev = 0, .mask = 0xb, .cursor = 0) == 1);
}

static void sel_21_a_claim_that_failed_spoils_the_core(void **state)
{
	(void)state;
	start_smt(0);
	lab_from(1);
	/* The waker's CPU is not allowed, so that all steps are reached. */
	PROVES("SEL-21", choose(.cpus = 0x4, .smts = 0x5, .prev = 0, .mask = 0x5, .wake_flags = SCX_WAKE_SYNC) == 2 &&
			 left(0, 0));
}

/* ---- the traces of the specification */

static void sel_trace_a_b_c(void **state)
{
	(void)state;
	start_smt(0);
	PROVES("SEL-14", choose(.cpus = 0xe, .smts = 0xa, .prev = 0) == 1 && left(0xc, 0));
	PROVES("SEL-17", choose(.cpus = 0x4, .prev = 0) == 2);
	lab_from(1);
	PROVES("SEL-09 SEL-21", choose(.cpus = 0x4, .smts = 0xa, .prev = 3, .wake_flags = SCX_WAKE_SYNC) == 1 &&
				left(0x4, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(idle_34_36_a_claim_takes_the_bit_and_the_whole_core),
		TEST(idle_34_without_smt_the_core_mask_is_not_touched),
		TEST(idle_35_an_offline_cpu_has_a_core_bit_of_its_own),
		TEST(idle_37_52_an_offline_cpu_can_be_claimed),
		TEST(idle_52_a_cpu_that_goes_offline_while_idle_keeps_its_bit),
		TEST(idle_38_39_the_search_begins_behind_the_last_hit),
		TEST(idle_38_the_first_pick_ever_skips_cpu_0),
		TEST(idle_40_the_cursor_belongs_to_the_calling_cpu),
		TEST(idle_41_affinity_changes_use_the_same_cursor),
		TEST(idle_42_without_smt_whole_cores_are_no_matter),
		TEST(idle_43_after_a_lost_claim_the_search_goes_on),
		TEST(idle_44_to_47_nodes),
		TEST(idle_44_whole_cores_of_the_node_alone),
		TEST(idle_48_50_keys_follow_the_topology),
		TEST(idle_49_with_masks_per_node_there_is_no_numa_step),
		TEST(sel_01_to_04_who_is_allowed),
		TEST(sel_02_an_unrestricted_task_goes_where_the_mask_says),
		TEST(sel_05_06_spans_of_prev_within_what_is_allowed),
		TEST(sel_18_19_20_llc_then_node_then_everywhere),
		TEST(sel_07_the_node_is_that_of_prev),
		TEST(sel_08_sync_with_a_shared_cache_takes_prev),
		TEST(sel_09_10_sync_takes_the_cpu_of_the_waker),
		TEST(sel_09_not_if_somebody_waits_there),
		TEST(sel_09_in_node_the_waker_must_be_of_the_node),
		TEST(sel_11_prev_if_its_whole_core_is_idle),
		TEST(sel_12_13_14_whole_cores_of_the_llc_then_of_the_node_then_anywhere),
		TEST(sel_15_with_the_core_flag_nothing_less),
		TEST(sel_16_prev_on_a_half_idle_core),
		TEST(sel_16_without_smt),
		TEST(sel_17_then_its_sibling),
		TEST(sel_21_a_claim_that_failed_spoils_the_core),
		TEST(sel_trace_a_b_c),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
