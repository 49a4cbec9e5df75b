/* SPDX-License-Identifier: GPL-2.0-only */
/* Which flags an insert, a move or a move to local may carry: spec 14.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *a, *b;

/* a in the policy's hands, b on SAY_DSQ; both of CPU 0, which is idle. */
static void start(void)
{
	lab_start(.cpus = 2);
	lab_from(1);
	a = lab_task("a", .cpu = 0);
	b = lab_task("b", .cpu = 0);
	lab_load(&turn_ops);
	lab_wake(a);
	say.dsq = SAY_DSQ;
	lab_wake(b);
	turn_forget();
	lab_forget();
}

static void run_on_cpu_0(turn_fn fn)
{
	turn(0, fn);
	lab_kick(0, 0);
}

/* ---- bits of the core */

static void vet_each_internal_bit(void *arg)
{
	u64 flags;
	int bit;

	(void)arg;
	for (bit = 56; bit < 64; bit++) {
		flags = 1ULL << bit;
		PROVES("DSP-12", !scx_vet_enq_flags(scx_root, SCX_DSQ_LOCAL, &flags));
	}
}

static void vet_other_bits(void *arg)
{
	u64 flags = ~__SCX_ENQ_INTERNAL_MASK;

	(void)arg;
	PROVES("DSP-12", scx_vet_enq_flags(scx_root, SCX_DSQ_LOCAL, &flags));
	PROVES("DSP-12", flags == ~__SCX_ENQ_INTERNAL_MASK);
}

static void dsp_12_bits_56_to_63_are_refused(void **state)
{
	(void)state;
	start();
	lab_outside(vet_other_bits, NULL);
	assert_int_equal(scx_root->exit_kind, SCX_EXIT_NONE);
	lab_outside(vet_each_internal_bit, NULL);
	PROVES("DSP-12", lab_exited(SCX_EXIT_ERROR, "invalid enq_flags"));
}

static void insert_with_internal_bit(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-12", !scx_bpf_dsq_insert(a, SCX_DSQ_LOCAL, 0, SCX_ENQ_APPLY_SLICE));
	PROVES("DSP-12", turn_buffer()->cursor == 0);
}

static void dsp_12_insert_with_an_internal_bit_is_an_error(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(insert_with_internal_bit);
	PROVES("DSP-12", lab_exited(SCX_EXIT_ERROR, "invalid enq_flags"));
}

static void move_with_internal_bit(struct task_struct *prev)
{
	struct bpf_iter_scx_dsq it;

	(void)prev;
	PROVES("DSP-12", bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0) == 0);
	PROVES("DSP-12", bpf_iter_scx_dsq_next(&it) == b);
	PROVES("DSP-12", !scx_bpf_dsq_move(&it, b, SCX_DSQ_LOCAL, SCX_ENQ_GDSQ_FALLBACK));
	bpf_iter_scx_dsq_destroy(&it);
	PROVES("DSP-12", b->scx.dsq == lab_user_dsq(SAY_DSQ));
}

static void dsp_12_move_with_an_internal_bit_is_an_error(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(move_with_internal_bit);
	PROVES("DSP-12", lab_exited(SCX_EXIT_ERROR, "invalid enq_flags"));
}

static void pull_with_internal_bit(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-12 DSP-16", !scx_bpf_dsq_move_to_local(SAY_DSQ, SCX_ENQ_CLEAR_OPSS));
	PROVES("DSP-12", b->scx.dsq == lab_user_dsq(SAY_DSQ));
}

static void dsp_12_move_to_local_with_an_internal_bit_is_an_error(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(pull_with_internal_bit);
	PROVES("DSP-12 DSP-16", lab_exited(SCX_EXIT_ERROR, "invalid enq_flags"));
}

/* ---- IMMED and RESCUE are for local DSQs */

static u64 target;
static u64 flags_given;
static bool accepted;

static void insert_a(struct task_struct *prev)
{
	(void)prev;
	accepted = scx_bpf_dsq_insert(a, target, 5 * MS, flags_given);
}

static void insert_on(u64 dsq, u64 flags)
{
	start();
	target = dsq;
	flags_given = flags;
	run_on_cpu_0(insert_a);
}

static void dsp_13_immed_on_a_user_dsq_is_an_error(void **state)
{
	(void)state;
	insert_on(SAY_OTHER_DSQ, SCX_ENQ_IMMED);
	PROVES("DSP-13", !accepted);
	PROVES("DSP-13", lab_exited(SCX_EXIT_ERROR, "SCX_ENQ_IMMED on a non-local DSQ"));
}

static void dsp_13_immed_on_the_global_dsq_is_an_error(void **state)
{
	(void)state;
	insert_on(SCX_DSQ_GLOBAL, SCX_ENQ_IMMED);
	PROVES("DSP-13", !accepted);
	PROVES("DSP-13", lab_exited(SCX_EXIT_ERROR, "SCX_ENQ_IMMED on a non-local DSQ"));
}

static void dsp_13_immed_is_welcome_on_local_and_local_on(void **state)
{
	(void)state;
	insert_on(SCX_DSQ_LOCAL, SCX_ENQ_IMMED);
	PROVES("DSP-13", accepted && lab_runs(a) && a->scx.flags & SCX_TASK_IMMED);
	lab_stop(state);
	turn_nothing(state);
	insert_on(SCX_DSQ_LOCAL_ON | 1, SCX_ENQ_IMMED);
	PROVES("DSP-13", accepted && lab_runs(a) && a->scx.flags & SCX_TASK_IMMED);
}

static void dsp_14_always_immed_adds_it_to_local_inserts(void **state)
{
	static const u64 local[] = { SCX_DSQ_LOCAL, SCX_DSQ_LOCAL_ON | 1 };
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		turn_ops.flags |= SCX_OPS_ALWAYS_ENQ_IMMED;
		insert_on(local[i], 0);
		PROVES("DSP-14", accepted && lab_runs(a) && a->scx.flags & SCX_TASK_IMMED);
		lab_stop(state);
		turn_nothing(state);
		insert_on(local[i], 0);
		PROVES("DSP-14", accepted && lab_runs(a) && !(a->scx.flags & SCX_TASK_IMMED));
		lab_stop(state);
		turn_nothing(state);
	}
}

static void dsp_14_always_immed_leaves_other_dsqs_alone(void **state)
{
	(void)state;
	turn_ops.flags |= SCX_OPS_ALWAYS_ENQ_IMMED;
	insert_on(SAY_OTHER_DSQ, 0);
	PROVES("DSP-14", accepted && a->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ));
	PROVES("DSP-14", !(a->scx.flags & SCX_TASK_IMMED));
}

static void dsp_15_rescue_on_a_user_dsq_is_an_error(void **state)
{
	(void)state;
	insert_on(SAY_OTHER_DSQ, SCX_ENQ_RESCUE);
	PROVES("DSP-15", !accepted);
	PROVES("DSP-15", lab_exited(SCX_EXIT_ERROR, "on a non-local DSQ"));
}

static void dsp_15_rescue_on_a_local_dsq_has_no_effect(void **state)
{
	(void)state;
	insert_on(SCX_DSQ_LOCAL, SCX_ENQ_RESCUE);
	PROVES("DSP-15", accepted && lab_runs(a));
}

static void pull_with_local_flags(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-16", scx_bpf_dsq_move_to_local(SAY_DSQ, SCX_ENQ_IMMED | SCX_ENQ_RESCUE));
}

static void dsp_16_move_to_local_may_carry_what_local_may(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(pull_with_local_flags);
	PROVES("DSP-16", lab_runs(b) && b->scx.flags & SCX_TASK_IMMED);
}

static void pull(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-16", scx_bpf_dsq_move_to_local(SAY_DSQ, 0));
}

static void dsp_16_always_immed_holds_for_move_to_local(void **state)
{
	(void)state;
	turn_ops.flags |= SCX_OPS_ALWAYS_ENQ_IMMED;
	start();
	run_on_cpu_0(pull);
	PROVES("DSP-16", lab_runs(b) && b->scx.flags & SCX_TASK_IMMED);
}

/* ---- order of the tests */

static void insert_nobody_with_bad_flags(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-17", !scx_bpf_dsq_insert(NULL, SAY_DSQ, 0, SCX_ENQ_CLEAR_OPSS | SCX_ENQ_IMMED));
}

static void dsp_17_the_task_is_looked_at_before_the_flags(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(insert_nobody_with_bad_flags);
	PROVES("DSP-17", lab_exited(SCX_EXIT_ERROR, "called with NULL task"));
}

static void dsp_17_internal_bits_are_looked_at_before_immed_and_rescue(void **state)
{
	(void)state;
	insert_on(SAY_OTHER_DSQ, SCX_ENQ_CLEAR_OPSS | SCX_ENQ_IMMED | SCX_ENQ_RESCUE);
	PROVES("DSP-12 DSP-17", lab_exited(SCX_EXIT_ERROR, "invalid enq_flags"));
}

static void dsp_13_immed_is_looked_at_before_rescue(void **state)
{
	(void)state;
	insert_on(SAY_OTHER_DSQ, SCX_ENQ_IMMED | SCX_ENQ_RESCUE);
	PROVES("DSP-13", lab_exited(SCX_EXIT_ERROR, "SCX_ENQ_IMMED on a non-local DSQ"));
}

static void insert_by_vtime(struct task_struct *prev)
{
	(void)prev;
	PROVES("DSP-18", scx_bpf_dsq_insert_vtime(a, SAY_OTHER_DSQ, 0, 1234, 0));
}

static void dsp_18_vtime_insert_adds_its_bit_after_vetting(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(insert_by_vtime);
	PROVES("DSP-18", a->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ && a->scx.dsq_vtime == 1234);
}

static void move_by_vtime(struct task_struct *prev)
{
	struct bpf_iter_scx_dsq it;

	(void)prev;
	PROVES("DSP-18", bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0) == 0);
	PROVES("DSP-18", scx_bpf_dsq_move_vtime(&it, b, SAY_OTHER_DSQ, 0));
	bpf_iter_scx_dsq_destroy(&it);
}

static void dsp_18_vtime_move_adds_its_bit_after_vetting(void **state)
{
	(void)state;
	start();
	run_on_cpu_0(move_by_vtime);
	PROVES("DSP-18", b->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ) &&
			 b->scx.dsq_flags & SCX_TASK_DSQ_ON_PRIQ);
}

static void dsp_18_the_bit_itself_cannot_be_asked_for(void **state)
{
	(void)state;
	insert_on(SAY_OTHER_DSQ, SCX_ENQ_DSQ_PRIQ);
	PROVES("DSP-18 DSP-12", !accepted);
	PROVES("DSP-18 DSP-12", lab_exited(SCX_EXIT_ERROR, "invalid enq_flags"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, turn_nothing, lab_stop)
	const struct CMUnitTest tests[] = {
		TEST(dsp_12_bits_56_to_63_are_refused),
		TEST(dsp_12_insert_with_an_internal_bit_is_an_error),
		TEST(dsp_12_move_with_an_internal_bit_is_an_error),
		TEST(dsp_12_move_to_local_with_an_internal_bit_is_an_error),
		TEST(dsp_13_immed_on_a_user_dsq_is_an_error),
		TEST(dsp_13_immed_on_the_global_dsq_is_an_error),
		TEST(dsp_13_immed_is_welcome_on_local_and_local_on),
		TEST(dsp_14_always_immed_adds_it_to_local_inserts),
		TEST(dsp_14_always_immed_leaves_other_dsqs_alone),
		TEST(dsp_15_rescue_on_a_user_dsq_is_an_error),
		TEST(dsp_15_rescue_on_a_local_dsq_has_no_effect),
		TEST(dsp_16_move_to_local_may_carry_what_local_may),
		TEST(dsp_16_always_immed_holds_for_move_to_local),
		TEST(dsp_17_the_task_is_looked_at_before_the_flags),
		TEST(dsp_17_internal_bits_are_looked_at_before_immed_and_rescue),
		TEST(dsp_13_immed_is_looked_at_before_rescue),
		TEST(dsp_18_vtime_insert_adds_its_bit_after_vetting),
		TEST(dsp_18_vtime_move_adds_its_bit_after_vetting),
		TEST(dsp_18_the_bit_itself_cannot_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
