/* SPDX-License-Identifier: GPL-2.0-only */
/* Direct dispatch with a cookie, what makes a cookie stale, wrap, and the later form: spec 17.3, 17.4. */
#include "cookie_rig.h"

/* ---- direct dispatch; COOK-36 is open [P]: the kernel might refuse the call there */

static struct {
	enum scxtwin_op op;
	struct task_struct *subject;
	bool other, twice;
	u64 cookie;
} direct;

static void insert_directly(enum scxtwin_op op, struct task_struct *t, u64 arg UNUSED)
{
	if (op != direct.op || t != direct.subject)
		return;
	direct.cookie = take(COOKIE, t);
	given.returned = insert(given.way, direct.other ? q : t, SAY_DSQ, given.slice, SCX_ENQ_HEAD, BRAND(99));
	PROVES("COOK-36 COOK-37", scx_pcpu(scx_root, smp_processor_id())->dsp_ctx.cursor == 0);
	if (!direct.other)
		PROVES("COOK-36 COOK-37", t->scx.ddsp_dsq_id == SAY_DSQ && t->scx.ddsp_enq_flags == SCX_ENQ_HEAD);
	if (direct.twice)
		insert(given.way, t, SAY_DSQ, 0, 0, direct.cookie);
}

static void start_direct(enum scxtwin_op op, enum way way)
{
	start(RUN_TIMED);
	given.way = way;
	direct.op = op;
	direct.subject = p;
	direct.other = direct.twice = false;
	say.look = insert_directly;
}

static void block_p(void)
{
	given.slice = 5 * MS;
	give(PLAIN, SCX_DSQ_LOCAL);
	assert_true(lab_runs(p));
	lab_block(p);
}

static void cook_36_37_the_cookie_is_ignored(void **state UNUSED)
{
	static const enum scxtwin_op ops[] = { SCXTWIN_OP_select_cpu, SCXTWIN_OP_enqueue };
	int way, i;

	for (way = COOKIE; way <= TOKEN; way++) {
		for (i = 0; i < 2; i++) {
			start(RUN_TIMED);
			block_p();
			direct.op = ops[i];
			direct.subject = p;
			direct.other = direct.twice = false;
			given.way = (enum way)way;
			say.look = insert_directly;
			given.slice = 0;
			lab_wake(p);
			PROVES("COOK-36", given.returned && p->scx.dsq == lab_user_dsq(SAY_DSQ));
			/* COOK-39: in ops.select_cpu() the task has no state yet, in ops.enqueue() it has. */
			PROVES("COOK-39", i || direct.cookie == 0);
			PROVES("COOK-14", !i || direct.cookie);
			lab_stop(NULL);
		}
	}
}

static void insert_old(struct task_struct *prev UNUSED)
{
	insert(COOKIE, p, SAY_DSQ, 0, 0, direct.cookie);
}

static void take_in_select_cpu(enum scxtwin_op op, struct task_struct *t, u64 arg UNUSED)
{
	if (op == SCXTWIN_OP_select_cpu && t == p)
		direct.cookie = take(COOKIE, t);
}

static void cook_39_taken_in_ops_select_cpu_it_is_of_no_use(void **state UNUSED)
{
	start(RUN_TIMED);
	block_p();
	say.look = take_in_select_cpu;
	direct.cookie = 1;
	lab_wake(p);
	assert_int_equal(lab_word(p) & 3, SCX_OPSS_QUEUED);
	PROVES("COOK-39", direct.cookie == 0);
	do_turn(GIVER, insert_old);
	PROVES("COOK-39", (lab_word(p) & 3) == SCX_OPSS_QUEUED && scx_loaded());
}

static void cook_38_the_errors_of_direct_dispatch_stay(void **state UNUSED)
{
	int way;

	for (way = COOKIE; way <= TOKEN; way++) {
		start_direct(SCXTWIN_OP_enqueue, (enum way)way);
		direct.twice = true;
		lab_set_nice(p, 1);
		PROVES("COOK-38", lab_exited(SCX_EXIT_ERROR, "already direct-dispatched"));
		lab_stop(NULL);

		start_direct(SCXTWIN_OP_enqueue, (enum way)way);
		direct.other = true;
		lab_set_nice(p, 1);
		PROVES("COOK-38", lab_exited(SCX_EXIT_ERROR, "trying to direct-dispatch"));
		lab_stop(NULL);
	}
}

/* ---- what makes it stale */

static bool use(u64 cookie)
{
	given.cookie = cookie;
	direct.cookie = cookie;
	do_turn(GIVER, insert_old);
	return p->scx.dsq == lab_user_dsq(SAY_DSQ);
}

static void affinity(void)
{
	lab_set_cpus(p, 0x7);
}

static void nice_value(void)
{
	lab_set_nice(p, 5);
}

static void policy(void)
{
	lab_set_policy(p, SCHED_BATCH, 0);
}

static void bypass_begins(void)
{
	lab_bypass(true);
}

static void bypass_begins_and_ends(void)
{
	lab_bypass(true);
	lab_bypass(false);
}

static void cook_41_every_change_of_the_task(void **state UNUSED)
{
	static void (*const changes[])(void) = { affinity, nice_value, policy, bypass_begins_and_ends };
	size_t i;

	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		start(RUN_TIMED);
		changes[i]();
		PROVES("COOK-41", (lab_word(p) & 3) != SCX_OPSS_QUEUED || !WAITS_AS(p, 1));
		PROVES("COOK-41", !use(BRAND(1)) && scx_loaded());
		lab_stop(NULL);
	}
	start(RUN_TIMED);
	bypass_begins();
	PROVES("COOK-41", scx_opss_qseq(lab_word(p)) != BRAND(1));	/* the core has it */
	lab_bypass(false);
}

static void cook_42_migration_by_the_core(void **state UNUSED)
{
	start(RUN_TIMED);
	confine(p, OTHER);
	PROVES("COOK-42", task_cpu(p) == OTHER && WAITS_AS(p, 3));
	PROVES("COOK-42", !use(BRAND(1)) && !use(BRAND(2)));
	PROVES("COOK-42", use(BRAND(3)));
}

static void cook_43_every_dispatch(void **state UNUSED)
{
	static const u64 dsqs[] = { SAY_OTHER_DSQ, SCX_DSQ_GLOBAL, SCX_DSQ_LOCAL, SCX_DSQ_LOCAL_ON | OTHER };
	size_t i;

	for (i = 0; i < sizeof(dsqs) / sizeof(dsqs[0]); i++) {
		start(RUN_TIMED);
		given.slice = 5 * MS;
		give(PLAIN, dsqs[i]);
		PROVES("COOK-43", lab_word(p) == SCX_OPSS_NONE && !use(BRAND(1)) && scx_loaded());
		lab_stop(NULL);
	}
}

static void cook_44_core_sched_pick(void **state UNUSED)
{
	start(RUN_TIMED);
	race_core_pick(p);
	PROVES("COOK-44", WAITS_AS(p, 2) && !use(BRAND(1)));
	PROVES("COOK-44", use(BRAND(2)));
}

static void reenq_other(void *arg UNUSED)
{
	scx_bpf_dsq_reenq(SAY_OTHER_DSQ, 0);
}

static void cook_45_reenqueue(void **state UNUSED)
{
	u64 on_dsq;

	start(RUN_TIMED);
	give(PLAIN, SAY_OTHER_DSQ);
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_OTHER_DSQ));
	on_dsq = scx_opss_qseq(lab_word(p));
	PROVES("COOK-45", on_dsq == 0);		/* that is what a cookie would be there */
	lab_outside(reenq_other, NULL);
	PROVES("COOK-45", WAITS_AS(p, 2) && !use(BRAND(1)) && !use(on_dsq));
	PROVES("COOK-45", use(BRAND(2)));
}

static void cook_46_while_it_is_not_queued(void **state UNUSED)
{
	start(RUN_TIMED);
	given.slice = 50 * MS;
	give(PLAIN, SCX_DSQ_LOCAL);
	assert_true(lab_runs(p));
	PROVES("COOK-46", !use(BRAND(1)));
	lab_set_cpus(p, 1ULL << GIVER | 1ULL << OTHER);
	PROVES("COOK-46", !use(BRAND(1)) && scx_loaded());
}

static void set_both(struct task_struct *prev UNUSED)
{
	scx_bpf_task_set_slice(p, 7 * MS);
	scx_bpf_task_set_dsq_vtime(p, 123);
}

static void cook_48_slice_and_vtime_do_not(void **state UNUSED)
{
	start(RUN_TIMED);
	do_turn(GIVER, set_both);
	assert_int_equal(p->scx.dsq_vtime, 123);
	PROVES("COOK-48", WAITS_AS(p, 1) && use(BRAND(1)));
	PROVES("COOK-48", p->scx.dsq_vtime == 123);
}

static void disable_and_enable(void *arg UNUSED)
{
	migrate_disable();
	PROVES("COOK-49", lab_word(p) == SCX_OPSS_NONE && lab_runs(p));
	migrate_enable();
	PROVES("COOK-49", lab_word(p) == SCX_OPSS_NONE);
}

static void cook_49_migrate_disable_is_done_by_a_running_task(void **state UNUSED)
{
	u32 brand;

	start(RUN_TIMED);
	given.slice = 50 * MS;
	give(PLAIN, SCX_DSQ_LOCAL);
	brand = (u32)p->scx.ops_qseq;
	lab_do(p, disable_and_enable, NULL);
	PROVES("COOK-49", p->scx.ops_qseq == brand && !use(BRAND(1)));
}

/* ---- wrap */

static void cook_50_after_all_other_brands_it_matches_again(void **state UNUSED)
{
	start(RUN_TIMED);
	p->scx.ops_qseq = UINT32_MAX;
	lab_set_nice(p, 1);
	PROVES("COOK-50", WAITS_AS(p, 1));	/* 0 is skipped */
	PROVES("COOK-50", use(BRAND(1)));
	lab_stop(NULL);

	start(RUN_TIMED);
	p->scx.ops_qseq = UINT32_MAX - 1;
	lab_set_nice(p, 1);
	PROVES("COOK-50", lab_word(p) == ((u64)UINT32_MAX << 2 | SCX_OPSS_QUEUED) && !use(BRAND(1)));
	PROVES("COOK-50", use((u64)UINT32_MAX << 2));
}

/* ---- the later form */

/* A kfunc takes five arguments, one of which the verifier adds. */
static void cook_53_the_arguments_are_in_a_struct(void **state UNUSED)
{
	PROVES("COOK-53", _Generic(&scx_bpf_dsq_insert_commit,
		bool (*)(struct task_struct *, const struct scx_bpf_dsq_insert_commit_args *, u64): true,
		default: false));
	PROVES("COOK-53", sizeof(struct scx_bpf_dsq_insert_commit_args) == 3 * sizeof(u64));
}

static void commit_with_slice(struct task_struct *prev UNUSED)
{
	insert(TOKEN, p, SAY_DSQ, 6 * MS, 0, take(TOKEN, p));
	insert(TOKEN, q, SAY_DSQ, 0, 0, take(TOKEN, q));
}

static void cook_52_54_with_a_slice_or_with_the_one_there_is(void **state UNUSED)
{
	start(RUN_TIMED);
	p->scx.slice = q->scx.slice = 2 * MS;
	do_turn(GIVER, commit_with_slice);
	PROVES("COOK-52 COOK-54", p->scx.dsq == lab_user_dsq(SAY_DSQ) && p->scx.slice == 6 * MS);
	PROVES("COOK-54", q->scx.dsq == lab_user_dsq(SAY_DSQ) && q->scx.slice == 2 * MS);
}

/* Everything that a scheduler could read behind the call, for a token that is good or not. */
struct traces {
	struct sched_ext_entity p;
	u32 slots, nr;
	struct scx_event_stats events;
	bool returned;
} seen;

static u64 token;

static void commit_and_look(struct task_struct *prev UNUSED)
{
	memset(&seen, 0, sizeof(seen));
	seen.returned = insert(TOKEN, p, SAY_DSQ, 0, 0, token);
	memcpy(&seen.p, &p->scx, sizeof(seen.p));
	seen.slots = scx_bpf_dispatch_nr_slots();
	scx_bpf_events(&seen.events, sizeof(seen.events));
}

static void cook_56_nothing_tells_a_stale_token_from_a_good_one(void **state UNUSED)
{
	struct traces good;

	start(RUN_TIMED);
	token = BRAND(1);
	do_turn(GIVER, commit_and_look);
	good = seen;
	lab_stop(NULL);

	start(RUN_TIMED);
	token = BRAND(5);
	do_turn(GIVER, commit_and_look);
	PROVES("COOK-55 COOK-56", seen.returned && good.returned && seen.slots == good.slots);
	PROVES("COOK-56", !memcmp(&seen.events, &good.events, sizeof(seen.events)));
	PROVES("COOK-56", seen.p.ops_state.counter == good.p.ops_state.counter && seen.p.flags == good.p.flags);
	PROVES("COOK-56", seen.p.dsq == good.p.dsq && seen.p.slice == good.p.slice);
}

/* A queue whose ops.enqueue() notes p anew: what was dropped comes again by itself. */
static void cook_57_a_scheduler_that_queues_anew_needs_no_second_insert(void **state UNUSED)
{
	struct lab_hold *w1;

	start(RUN_EXPLORED);
	w1 = lab_hold(AT_W1);
	give(TOKEN, SCX_DSQ_LOCAL_ON | GIVER);
	confine(p, HOME);
	PROVES("COOK-57", lab_called(p, "dequeue(0x20000000a) enqueue(0xa)"));
	lab_release(w1);
	assert_true(WAITS_AS(p, 2));
	given.slice = 5 * MS;
	turn(HOME, probe_and_insert);
	given.dsq = SCX_DSQ_LOCAL;
	lab_kick(HOME, 0);
	PROVES("COOK-57", lab_runs(p) && task_cpu(p) == HOME);
}

static void begin_only(struct task_struct *prev UNUSED)
{
	token = scx_bpf_dsq_insert_begin(p);
}

static void commit_only(struct task_struct *prev UNUSED)
{
	insert(TOKEN, p, SAY_DSQ, 0, 0, token);
}

static void nothing(struct task_struct *prev UNUSED)
{
}

static void cook_58_a_token_may_be_kept(void **state UNUSED)
{
	start(RUN_TIMED);
	do_turn(GIVER, begin_only);
	do_turn(GIVER, nothing);
	do_turn(OTHER, nothing);
	do_turn(GIVER, commit_only);
	PROVES("COOK-58", p->scx.dsq == lab_user_dsq(SAY_DSQ));
	lab_stop(NULL);

	start(RUN_TIMED);
	do_turn(GIVER, begin_only);
	lab_set_nice(p, 1);
	do_turn(GIVER, commit_only);
	PROVES("COOK-58", WAITS_AS(p, 2) && scx_loaded());
}

/* ---- the public selftest of the later form, in its shape */

#define CHILDREN	32
#define ROUNDS		100

static struct {
	struct task_struct *queue[8192];
	u32 first, behind;
	u64 last[CHILDREN];		/* token kept, 0: none; by place in tasks[] */
	struct task_struct *tasks[CHILDREN];
	u32 nr_fresh, nr_kept;
} st;

static void st_enqueue(struct task_struct *t, u64 flags UNUSED)
{
	BUG_ON(st.behind - st.first == 8192);
	st.queue[st.behind++ % 8192] = t;
}

static u64 *st_kept(const struct task_struct *t)
{
	u32 i;

	for (i = 0; i < CHILDREN; i++)
		if (st.tasks[i] == t)
			return &st.last[i];
	return NULL;
}

static void st_dispatch(s32 cpu, struct task_struct *prev UNUSED)
{
	struct task_struct *t;
	u64 *kept;

	if (st.first == st.behind)
		return;
	t = st.queue[st.first++ % 8192];
	kept = st_kept(t);
	if (!kept || !bpf_cpumask_test_cpu((u32)cpu, t->cpus_ptr)) {
		scx_bpf_dsq_insert(t, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
		return;
	}
	if (*kept) {
		insert(TOKEN, t, SCX_DSQ_LOCAL, 0, 0, *kept);
		*kept = 0;
		scx_bpf_dsq_insert(t, SCX_DSQ_LOCAL, SCX_SLICE_DFL, 0);
		st.nr_kept++;
		return;
	}
	*kept = scx_bpf_dsq_insert_begin(t);
	PROVES("COOK-55", insert(TOKEN, t, SCX_DSQ_LOCAL, 0, 0, *kept));
	st.nr_fresh++;
}

static void the_selftest_passes(void **state UNUSED)
{
	static const struct sched_ext_ops ops = {
		.name = "dispatch_cookie", .enqueue = st_enqueue, .dispatch = st_dispatch, .timeout_ms = 5000,
	};
	u32 i, round;

	lab_start(.cpus = 4);
	this_sim->proposed = SCX_PROPOSED_COOKIE;
	memset(&st, 0, sizeof(st));
	for (i = 0; i < CHILDREN; i++) {
		char name[16];

		snprintf(name, sizeof(name), "child-%u", i);
		st.tasks[i] = lab_task(name, .cpu = (int)(i % 4), .steps = STEPS(RUN(10 * US), YIELD), .repeat = true);
	}
	lab_load(&ops);
	watch_stale();
	for (i = 0; i < CHILDREN; i++)
		lab_wake(st.tasks[i]);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < CHILDREN; i++) {
			lab_from((int)(round % 4));
			lab_set_cpus(st.tasks[i], round % 2 ? 0xf : 1ULL << (i + round) % 4);
		}
		lab_run(20 * US);
	}
	lab_run(100 * MS);
	PROVES("COOK-56 COOK-58", scx_loaded() && st.nr_fresh && st.nr_kept && stale.nr);
	for (i = 0; i < CHILDREN; i++)
		assert_true(st.tasks[i]->sum_exec_runtime > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COOKIE_TEST(cook_36_37_the_cookie_is_ignored),
		COOKIE_TEST(cook_38_the_errors_of_direct_dispatch_stay),
		COOKIE_TEST(cook_39_taken_in_ops_select_cpu_it_is_of_no_use),
		COOKIE_TEST(cook_41_every_change_of_the_task),
		COOKIE_TEST(cook_42_migration_by_the_core),
		COOKIE_TEST(cook_43_every_dispatch),
		COOKIE_TEST(cook_44_core_sched_pick),
		COOKIE_TEST(cook_45_reenqueue),
		COOKIE_TEST(cook_46_while_it_is_not_queued),
		COOKIE_TEST(cook_48_slice_and_vtime_do_not),
		COOKIE_TEST(cook_49_migrate_disable_is_done_by_a_running_task),
		COOKIE_TEST(cook_50_after_all_other_brands_it_matches_again),
		COOKIE_TEST(cook_53_the_arguments_are_in_a_struct),
		COOKIE_TEST(cook_52_54_with_a_slice_or_with_the_one_there_is),
		COOKIE_TEST(cook_56_nothing_tells_a_stale_token_from_a_good_one),
		COOKIE_TEST(cook_57_a_scheduler_that_queues_anew_needs_no_second_insert),
		COOKIE_TEST(cook_58_a_token_may_be_kept),
		COOKIE_TEST(the_selftest_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
