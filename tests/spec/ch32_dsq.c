/* SPDX-License-Identifier: GPL-2.0-only */
/* Kfuncs around DSQs: what they refuse, what they answer, when they act (spec 32.1 to 32.6). */
#include "dsq_rig.h"

static struct task_struct *p, *q, *r;
static u32 nr_refused, nr_calls;

static void start_with(const struct sched_ext_ops *ops)
{
	begin(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 0x2);
	q = lab_task("q", .cpu = 1, .cpus = 0x2);
	r = lab_task("r", .cpu = 1, .cpus = 0x2);
	nr_refused = nr_calls = 0;
	lab_load(ops);
}

static void start(void)
{
	start_with(&rig_ops);
}

static bool failed_with(const char *text)
{
	return lab_exited(SCX_EXIT_ERROR, text);
}

static void count_refused(const char *kfunc UNUSED, const struct scx_callback_info *info UNUSED)
{
	nr_refused++;
}

/* ---- who finds a scheduler, and who may call */

static void kfc_02_without_a_scheduler_the_answers_are_neutral(void **state)
{
	struct bpf_iter_scx_dsq it;

	(void)state;
	begin(.cpus = 2);
	PROVES("KFC-02 KFC-39", create(U, NUMA_NO_NODE) == -ENODEV);
	PROVES("KFC-02", nr_queued(SCX_DSQ_LOCAL) == -ENODEV);
	PROVES("KFC-02", !peek(U));
	PROVES("KFC-02 KFC-42", iter_new(&it, U, 0) == -ENODEV && !step(&it));
	close_iter(&it);
}

static void create_in_enqueue(struct task_struct *t, u64 enq_flags UNUSED)
{
	scx_bpf_create_dsq(9, NUMA_NO_NODE);
	scx_bpf_dsq_insert(t, SCX_DSQ_LOCAL, 20 * MS, 0);
}

static void kfc_06_only_who_may_sleep_creates(void **state)
{
	(void)state;
	start();
	PROVES("KFC-06", create(8, NUMA_NO_NODE) == 0 && user(8));
	scx_set_api_error_handler(count_refused);
	rig.on_enqueue = create_in_enqueue;
	lab_wake(p);
	PROVES("KFC-06", nr_refused == 1 && !user(9));
}

/* ---- inserting */

static struct {
	struct task_struct *p;
	u64 dsq, flags;
	bool got;
} bad;

static void insert_badly(struct task_struct *t, u64 enq_flags UNUSED)
{
	if (nr_calls++)
		return;
	bad.got = scx_bpf_dsq_insert(bad.p ? t : NULL, bad.dsq, 20 * MS, bad.flags);
}

static bool insert_fails(bool with_task, u64 dsq, u64 flags, const char *text)
{
	bool as_said;

	start();
	bad.p = with_task ? p : NULL;
	bad.dsq = dsq;
	bad.flags = flags;
	bad.got = true;
	rig.on_enqueue = insert_badly;
	lab_wake(p);
	as_said = !bad.got && failed_with(text);
	lab_stop(NULL);
	return as_said;
}

static void kfc_14_to_19_what_insert_refuses(void **state)
{
	(void)state;
	PROVES("KFC-14 KFC-04", insert_fails(false, U, 1ULL << 56, "called with NULL task"));
	for (u32 bit = 56; bit < 64; bit++)
		PROVES("KFC-16", insert_fails(true, U, 1ULL << bit | SCX_ENQ_IMMED, "invalid enq_flags"));
	PROVES("KFC-17", insert_fails(true, U, SCX_ENQ_IMMED, "SCX_ENQ_IMMED on a non-local DSQ"));
	PROVES("KFC-17", insert_fails(true, SCX_DSQ_GLOBAL, SCX_ENQ_IMMED, "SCX_ENQ_IMMED on a non-local DSQ"));
	PROVES("KFC-19", insert_fails(true, U, SCX_ENQ_RESCUE, "SCX_ENQ_RESCUE on a non-local DSQ"));
}

static void insert_twice(struct task_struct *t, u64 enq_flags UNUSED)
{
	if (nr_calls++)
		return;
	PROVES("KFC-20", scx_bpf_dsq_insert(t, U, 20 * MS, 0) && !t->scx.dsq);
	PROVES("KFC-20", t->scx.ddsp_dsq_id == U);
	PROVES("KFC-20", scx_bpf_dsq_insert(t, U, 20 * MS, 0)); /* an error, but true */
}

static void kfc_20_in_enqueue_it_is_recorded(void **state)
{
	(void)state;
	start();
	rig.on_enqueue = insert_twice;
	lab_wake(p);
	PROVES("KFC-20", nr_calls && failed_with("already direct-dispatched"));
}

static void overflow(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu != 1 || nr_calls++)
		return;
	PROVES("KFC-21", scx_bpf_dispatch_nr_slots() == 1);
	PROVES("KFC-21", scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 5 * MS, 0));
	PROVES("KFC-21", scx_bpf_dispatch_nr_slots() == 0);
	PROVES("KFC-21", scx_bpf_dsq_insert(q, SCX_DSQ_LOCAL, 5 * MS, 0));
}

static void kfc_21_a_full_buffer(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	ops.dispatch_max_batch = 1;
	start_with(&ops);
	rig.on_dispatch = overflow;
	keep(p);
	PROVES("KFC-21", nr_calls && failed_with("dispatch buffer overflow"));
}

static void insert_unknown(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu != 1 || nr_calls++)
		return;
	PROVES("KFC-22", scx_bpf_dsq_insert(p, 77, 5 * MS, 0) && !READ_ONCE(scx_root->aborting));
}

static void kfc_22_the_id_is_looked_up_later(void **state)
{
	(void)state;
	start();
	rig.on_dispatch = insert_unknown;
	keep(p);
	PROVES("KFC-22", nr_calls && failed_with("non-existent DSQ"));
}

static u64 slice_before;

static void insert_with_slice(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu != 1 || nr_calls++)
		return;
	slice_before = p->scx.slice;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, rig.slice, 0);
	PROVES("KFC-23", p->scx.slice == slice_before);
}

static void kfc_23_the_slice_is_written_at_insertion(void **state)
{
	(void)state;
	start();
	rig.slice = 7 * MS;
	rig.on_dispatch = insert_with_slice;
	keep(p);
	PROVES("KFC-23", nr_calls && lab_runs(p) && slice_before != 7 * MS && p->scx.slice == 7 * MS);
	lab_stop(NULL);
	start();
	p->scx.slice = 0;
	rig.slice = 0;
	rig.on_dispatch = insert_with_slice;
	keep(p);
	PROVES("KFC-23", nr_calls && lab_runs(p) && p->scx.slice == 1);
}

static void insert_sleeper(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 1 && !nr_calls++)
		PROVES("KFC-26", scx_bpf_dsq_insert(q, SCX_DSQ_LOCAL, 5 * MS, 0));
}

static void kfc_26_a_sleeping_task_is_dropped(void **state)
{
	(void)state;
	start();
	rig.on_dispatch = insert_sleeper;
	lab_kick(1, 0);
	lab_run(1 * MS);
	PROVES("KFC-26", nr_calls && !q->scx.dsq && !q->on_rq && !scx_last_exit());
}

/* ---- only in ops.dispatch() */

static void move_from_unknown(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu != 1 || nr_calls++)
		return;
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 5 * MS, 0);
	PROVES("KFC-27", !scx_bpf_dsq_move_to_local(77, 0));
	PROVES("KFC-28", p->scx.dsq == lab_local(1));
}

static void kfc_27_28_flushed_before_the_lookup(void **state)
{
	(void)state;
	start();
	rig.on_dispatch = move_from_unknown;
	keep(p);
	PROVES("KFC-27", nr_calls && failed_with("invalid DSQ ID"));
}

static void consume(s32 cpu, struct task_struct *prev UNUSED)
{
	const struct scx_dsp_ctx *dspc = &scx_pcpu(scx_root, cpu)->dsp_ctx;

	if (cpu != 1 || nr_calls++)
		return;
	PROVES("KFC-29", scx_bpf_dsq_move_to_local(U, 0) && dspc->nr_tasks == 1);
	PROVES("KFC-29", !scx_bpf_dsq_move_to_local(U, 0) && dspc->nr_tasks == 1);
}

static void kfc_29_what_is_consumed_counts(void **state)
{
	(void)state;
	start();
	rig.on_dispatch = consume;
	put(p, U, 0);
	PROVES("KFC-29", nr_calls && lab_runs(p));
}

/* ---- moving */

static bool armed(const struct bpf_iter_scx_dsq *it)
{
	return it->cursor.flags & (__SCX_DSQ_ITER_HAS_SLICE | __SCX_DSQ_ITER_HAS_VTIME);
}

static void kfc_31_to_38_moves(void **state)
{
	struct bpf_iter_scx_dsq it;

	(void)state;
	start();
	put(p, U, 0);
	PROVES("KFC-42", iter_new(&it, 77, 0) == -ENOENT && !step(&it));
	PROVES("KFC-31", !move(&it, p, V, 0) && p->scx.dsq == user(U));
	close_iter(&it);

	open_iter(&it, U, 0);
	set_slice(&it, 3 * MS);
	set_vtime(&it, 33);
	PROVES("KFC-34 KFC-36", !move(&it, q, V, 0) && !armed(&it));
	p->scx.dsq_vtime = 11;
	slice_before = p->scx.slice;
	set_slice(&it, 3 * MS);
	set_vtime(&it, 33);
	lab_by_hand();
	scx_root->aborting = true;
	PROVES("KFC-33 KFC-36", !move(&it, p, V, 0) && armed(&it) && p->scx.slice == slice_before);
	scx_root->aborting = false;
	PROVES("KFC-35 KFC-37", move(&it, p, V, 0) && p->scx.slice == 3 * MS && p->scx.dsq_vtime == 33);
	PROVES("KFC-35 KFC-36", p->scx.dsq == user(V) && !armed(&it));
	close_iter(&it);
	PROVES("KFC-38", move_off(V, p, U, 0) && p->scx.slice == 3 * MS && p->scx.dsq_vtime == 33);
	open_iter(&it, U, 0);
	set_slice(&it, 4 * MS);
	PROVES("KFC-32 KFC-36", !move(&it, p, V, SCX_ENQ_IMMED) && armed(&it));
	PROVES("KFC-32", failed_with("SCX_ENQ_IMMED on a non-local DSQ"));
}

/* ---- managing and asking */

static void kfc_39_create(void **state)
{
	(void)state;
	start();
	PROVES("KFC-39", create(9, 1) == -EINVAL && create(9, -2) == -EINVAL);
	PROVES("KFC-39", create(SCX_DSQ_LOCAL, 0) == -EINVAL && create(1ULL << 63 | 9, 0) == -EINVAL);
	PROVES("KFC-39", create(U, 0) == -EEXIST && create(9, 0) == 0);
}

static void kfc_40_destroy(void **state)
{
	(void)state;
	start();
	destroy(77);
	destroy(SCX_DSQ_GLOBAL);
	PROVES("KFC-40", !scx_last_exit());
	destroy(V);
	PROVES("KFC-40", !user(V) && nr_queued(V) == -ENOENT);
	put(p, U, 0);
	destroy(U);
	PROVES("KFC-40", failed_with("in-use dsq"));
}

static void ask_locked(struct task_struct *t UNUSED, u64 enq_flags UNUSED)
{
	nr_calls++;
	PROVES("KFC-41", smp_processor_id() == 0 && scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL) == 1);
}

static void kfc_41_nr_queued(void **state)
{
	(void)state;
	start();
	put(q, SCX_DSQ_LOCAL, 0); /* runs */
	put(p, U, 0);
	PROVES("KFC-41", nr_queued(U) == 1 && nr_queued(V) == 0);
	PROVES("KFC-41", nr_queued(SCX_DSQ_GLOBAL) == -ENOENT && nr_queued(77) == -ENOENT);
	PROVES("KFC-41", nr_queued(ON_CPU(1)) == 0 && move_off(U, p, ON_CPU(1), 0));
	PROVES("KFC-41", nr_queued(ON_CPU(1)) == 1 && nr_queued(ON_CPU(0)) == 0);
	PROVES("KFC-41", nr_queued(SCX_DSQ_LOCAL) == 0 && !scx_last_exit());
	lab_from(0);
	rig.on_enqueue = ask_locked;
	lab_wake(r);
	PROVES("KFC-41", nr_calls);
	rig.on_enqueue = NULL;
	PROVES("KFC-41", nr_queued(ON_CPU(2)) == -ENOENT && failed_with("invalid CPU 2"));
}

static void kfc_42_iterators(void **state)
{
	struct bpf_iter_scx_dsq it;

	(void)state;
	start();
	PROVES("KFC-42", iter_new(&it, U, SCX_DSQ_ITER_REV << 1) == -EINVAL && !step(&it));
	close_iter(&it);
	PROVES("KFC-42", iter_new(&it, SCX_DSQ_GLOBAL, 0) == -ENOENT && !step(&it));
	close_iter(&it);
	PROVES("KFC-42", iter_new(&it, U, SCX_DSQ_ITER_REV) == 0 && !scx_last_exit());
	close_iter(&it);
}

static void kfc_43_peek(void **state)
{
	(void)state;
	start();
	PROVES("KFC-43", !peek(U) && !scx_last_exit());
	put(p, U, 0);
	PROVES("KFC-43", peek(U) == p);
	PROVES("KFC-43", !peek(SCX_DSQ_LOCAL) && failed_with("builtin DSQ"));
	lab_stop(NULL);
	start();
	PROVES("KFC-43", !peek(77) && failed_with("non-existent DSQ"));
}

static void kfc_44_reenq_flags(void **state)
{
	(void)state;
	start();
	put(p, U, 0);
	rig.dsq = V;
	reenq(U, 0);
	lab_run(1 * MS);
	PROVES("KFC-44", p->scx.dsq == user(V));
	reenq(V, 1ULL << 1);
	PROVES("KFC-44", failed_with("invalid SCX_REENQ flags"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kfc_02_without_a_scheduler_the_answers_are_neutral),
		TEST(kfc_06_only_who_may_sleep_creates),
		TEST(kfc_14_to_19_what_insert_refuses),
		TEST(kfc_20_in_enqueue_it_is_recorded),
		TEST(kfc_21_a_full_buffer),
		TEST(kfc_22_the_id_is_looked_up_later),
		TEST(kfc_23_the_slice_is_written_at_insertion),
		TEST(kfc_26_a_sleeping_task_is_dropped),
		TEST(kfc_27_28_flushed_before_the_lookup),
		TEST(kfc_29_what_is_consumed_counts),
		TEST(kfc_31_to_38_moves),
		TEST(kfc_39_create),
		TEST(kfc_40_destroy),
		TEST(kfc_41_nr_queued),
		TEST(kfc_42_iterators),
		TEST(kfc_43_peek),
		TEST(kfc_44_reenq_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
