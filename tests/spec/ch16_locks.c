/* SPDX-License-Identifier: GPL-2.0-only */
/* Re-enqueue: the walk of a user DSQ among other CPUs (spec 16.6, 16.7, 16.9). */
#include "dsq_rig.h"

#define REENQ_ENQUEUE	"enqueue(0x10000000000)"

static struct task_struct *a, *b, *c, *d;

/* a, c and d of CPU 1, b of CPU 2. */
static void begin_mode(enum run_mode mode)
{
	begin(.cpus = 3, .mode = mode);
	a = lab_task("a", .cpu = 1);
	b = lab_task("b", .cpu = 2);
	c = lab_task("c", .cpu = 1);
	d = lab_task("d", .cpu = 1);
	load();
	lab_from(0);
}

static void run_with_users(struct rq *rq, struct task_struct *p UNUSED)
{
	schedule_dsq_reenq(scx_root, lab_user_dsq(U), SCX_REENQ_ANY, NULL);
	run_deferred(rq);
	PROVES("REENQ-70", raw_spin_is_held(&rq->__lock) && !cpu_rq(2)->__lock.owner);
	PROVES("REENQ-70", list_empty(&lab_user_dsq(U)->list));
}

static void reenq_70_the_own_lock_is_held_again_at_the_end(void **state)
{
	static const u32 batches[] = { 32, 2 };
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin_mode(RUN_TIMED);
		scx_limits()->task_iter_batch = batches[i];
		put(a, U, 0);
		put(b, U, 0);
		rig.dsq = V;
		lab_from(1);
		lab_locked(a, run_with_users);
		scx_limits()->task_iter_batch = 32;
		PROVES("REENQ-70", queue_is(user(V), "a b"));
		lab_stop(NULL);
	}
}

static void hold_rq_1(void *arg UNUSED)
{
	u64 irqs;

	raw_spin_rq_lock_irqsave(cpu_rq(1), &irqs);
	scx_bpf_dsq_nr_queued(V);
	raw_spin_rq_unlock_irqrestore(cpu_rq(1), irqs);
}

/* A walk of U by CPU 0 that came to a while CPU 1 has the lock of a's rq. */
static struct lab_hold *owner_of_rq_1(void)
{
	struct lab_hold *owner = lab_hold(.cpu = 1, .label = "scx_bpf_dsq_nr_queued");

	lab_from(1);
	lab_outside(hold_rq_1, NULL);
	assert_true(lab_held(owner) && cpu_rq(1)->__lock.owner);
	lab_from(0);
	return owner;
}

static void reenq_64_another_lock_is_waited_for_with_none_held(void **state)
{
	struct lab_hold *owner;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	put(b, U, 0);
	rig.dsq = V;
	lab_forget();
	owner = owner_of_rq_1();
	reenq(U, 0);
	PROVES("REENQ-64", lab_waits(0, "rq_lock") && !user(U)->lock.owner && !cpu_rq(0)->__lock.owner);
	lab_release(owner);
	PROVES("REENQ-64", lab_called(a, REENQ_ENQUEUE "@0") && queue_is(user(V), "a b"));
}

static void lose_a_meanwhile(u64 dsq)
{
	struct lab_hold *owner, *walker;

	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	put(b, U, 0);
	lab_forget();
	owner = owner_of_rq_1();
	walker = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_LOCK), .obj = &cpu_rq(1)->__lock);
	reenq(U, 0);
	assert_true(lab_held(walker));
	lab_release(owner);
	rig.dsq = dsq;
	lab_from(2);
	lab_set_nice(a, 5);
	lab_release(walker);
	PROVES("REENQ-65", lab_called(a, "dequeue(0x20000000a) enqueue(0xa)") && queue_is(user(dsq), "a b"));
	PROVES("REENQ-65", lab_called(b, REENQ_ENQUEUE "@0"));	/* the walk goes on behind the place where a was */
	lab_stop(NULL);
}

static void reenq_65_who_left_meanwhile_is_skipped(void **state)
{
	(void)state;
	lose_a_meanwhile(V);
	lose_a_meanwhile(U);	/* back again, behind the bound */
}

static void give_a_to_u(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu == 0 && scx_opss_state(lab_word(a)) == SCX_OPSS_QUEUED && !a->scx.dsq)
		scx_bpf_dsq_insert(a, U, 20 * MS, 0);
}

/* In the policy's hands as far as it knows, but no dispatch of it will ever be honoured. */
static bool is_lost(const struct task_struct *p)
{
	return lab_word(p) == SCX_OPSS_NONE && p->scx.flags & SCX_TASK_IN_CUSTODY && !p->scx.dsq;
}

/* Where the dispatcher stands that has put a on U and not stored NONE yet. */
static struct lab_hold *walk_over_a_dispatching_task(void)
{
	struct lab_hold *none;

	keep(a);
	rig.on_dispatch = give_a_to_u;
	none = lab_hold(.cpu = 0, .label = "ops_state", .kinds = LAB_KIND(YIELD_WRITE), .obj = &a->scx.ops_state);
	lab_kick(0, 0);
	assert_true(lab_held(none) && queue_is(user(U), "a"));
	rig.on_dispatch = NULL;
	lab_forget();
	lab_from(2);
	reenq(U, 0);
	return none;
}

static void reenq_67_the_end_of_dispatching_is_waited_for(void **state)
{
	struct lab_hold *none;

	(void)state;
	begin_mode(RUN_EXPLORED);
	none = walk_over_a_dispatching_task();
	PROVES("REENQ-67", lab_waits(2, "ops_state") && lab_called(a, "") && a->scx.dsq == user(U));
	lab_release(none);
	PROVES("REENQ-67", lab_called(a, REENQ_ENQUEUE "@2") && scx_opss_state(lab_word(a)) == SCX_OPSS_QUEUED);
}

/* Without invariants, which would speak up before the task is lost. */
static void reenq_67_no_task_is_lost(void **state)
{
	(void)state;
	begin_mode(RUN_EXPLORED);
	lab_by_hand();
	lab_release(walk_over_a_dispatching_task());
	PROVES("REENQ-67 RACE-50", !is_lost(a));
}

static void reenq_69_the_lock_is_dropped_after_each_batch(void **state)
{
	struct lab_hold *again;

	(void)state;
	begin_mode(RUN_EXPLORED);
	PROVES("REENQ-69", scx_limits()->task_iter_batch == 32);
	scx_limits()->task_iter_batch = 2;
	put(a, U, 0);
	put(c, U, 0);
	put(d, U, 0);
	rig.dsq = V;
	again = lab_hold(.cpu = 0, .label = "rq_lock", .kinds = LAB_KIND(YIELD_TRYLOCK),
			 .obj = &cpu_rq(1)->__lock, .skip = 1);
	reenq(U, 0);
	PROVES("REENQ-69", lab_held(again) && !cpu_rq(1)->__lock.owner && !cpu_rq(0)->__lock.owner);
	PROVES("REENQ-69", queue_is(user(V), "a c"));
	lab_release(again);
	scx_limits()->task_iter_batch = 32;
	PROVES("REENQ-69", queue_is(user(V), "a c d"));
}

static void begin_bypass_after_the_first(struct task_struct *p, u64 enq_flags UNUSED)
{
	scx_bpf_dsq_insert(p, V, 20 * MS, 0);
	scx_root->bypass_depth++;
}

static void reenq_62_it_stops_when_bypass_begins(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	put(b, U, 0);
	rig.on_enqueue = begin_bypass_after_the_first;
	reenq(U, 0);
	PROVES("REENQ-62", scx_root->bypass_depth == 1 && queue_is(user(V), "a") && queue_is(user(U), "b"));
	scx_root->bypass_depth = 0;
}

static void walk_invalid(struct rq *rq, struct task_struct *p UNUSED)
{
	struct scx_dispatch_q *dsq = lab_user_dsq(U);

	schedule_dsq_reenq(scx_root, dsq, SCX_REENQ_ANY, NULL);
	BUG_ON(list_empty(&rq->scx.deferred_reenq_users));
	dsq->id = SCX_DSQ_INVALID;	/* as a destruction does that is under way */
	run_deferred(rq);
	dsq->id = U;
	PROVES("REENQ-60", list_empty(&rq->scx.deferred_reenq_users) && queue_is(dsq, "a"));
}

static void reenq_60_a_dsq_without_id_is_skipped(void **state)
{
	(void)state;
	begin_mode(RUN_TIMED);
	put(a, U, 0);
	rig.dsq = V;
	lab_forget();
	lab_from(1);
	lab_locked(a, walk_invalid);
	PROVES("REENQ-60", lab_called(a, "") && queue_is(user(U), "a"));
}

static void reenq_80_who_was_dequeued_before_is_not_visited(void **state)
{
	struct lab_hold *walk;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	put(b, U, 0);
	lab_forget();
	walk = lab_hold(.cpu = 0, .label = "ops.enqueue");
	reenq(U, 0);
	assert_true(lab_held(walk));
	lab_from(2);
	lab_set_nice(b, 5);
	lab_release(walk);
	PROVES("REENQ-80 REENQ-61", lab_called(b, "dequeue(0x20000000a) enqueue(0xa)"));
	PROVES("REENQ-61", lab_called(a, REENQ_ENQUEUE) && queue_is(user(U), "b a"));
}

static u64 qseq_in_buffer;

static void buffer_a(s32 cpu, struct task_struct *prev UNUSED)
{
	if (cpu || a->scx.dsq != user(U))
		return;
	scx_bpf_dsq_insert(a, V, 20 * MS, 0);
	qseq_in_buffer = scx_pcpu(scx_root, 0)->dsp_ctx.buf[0].qseq;
	scx_bpf_dsq_nr_queued(V);	/* is held here */
}

static void reenq_83_a_dispatch_buffered_before_never_matches(void **state)
{
	struct lab_hold *dispatch;

	(void)state;
	begin_mode(RUN_EXPLORED);
	put(a, U, 0);
	rig.keep = true;
	rig.on_dispatch = buffer_a;
	qseq_in_buffer = 1;
	dispatch = lab_hold(.cpu = 0, .label = "scx_bpf_dsq_nr_queued");
	lab_kick(0, 0);
	assert_true(lab_held(dispatch));
	lab_from(2);
	reenq(U, 0);
	assert_int_equal(scx_opss_state(lab_word(a)), SCX_OPSS_QUEUED);
	rig.on_dispatch = NULL;
	lab_release(dispatch);
	PROVES("REENQ-83", qseq_in_buffer == 0 && scx_opss_qseq(lab_word(a)) != 0);
	PROVES("REENQ-83", scx_opss_state(lab_word(a)) == SCX_OPSS_QUEUED && queue_is(user(V), ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reenq_70_the_own_lock_is_held_again_at_the_end),
		TEST(reenq_64_another_lock_is_waited_for_with_none_held),
		TEST(reenq_65_who_left_meanwhile_is_skipped),
		TEST(reenq_67_the_end_of_dispatching_is_waited_for),
		TEST(reenq_67_no_task_is_lost),
		TEST(reenq_69_the_lock_is_dropped_after_each_batch),
		TEST(reenq_62_it_stops_when_bypass_begins),
		TEST(reenq_60_a_dsq_without_id_is_skipped),
		TEST(reenq_80_who_was_dequeued_before_is_not_visited),
		TEST(reenq_83_a_dispatch_buffered_before_never_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
