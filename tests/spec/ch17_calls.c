/* SPDX-License-Identifier: GPL-2.0-only */
/* The two calls of the dispatch cookie, buffered: spec 17.3 up to the slice; COOK-60 to COOK-62. */
#include "cookie_rig.h"

/* ---- the value */

static void check_value(void *arg)
{
	const u64 brand = *(const u64 *)arg;

	PROVES("COOK-11 COOK-13", take(COOKIE, p) == brand);
	PROVES("COOK-11 COOK-52", take(COOKIE, p) == take(TOKEN, p));	/* the same each time, in both forms */
}

static void cook_11_13_the_cookie_is_the_brand(void **state UNUSED)
{
	u64 brand;

	start(RUN_TIMED);
	brand = BRAND(1);
	lab_outside(check_value, &brand);
	lab_set_nice(p, 1);
	brand = BRAND(2);
	assert_true(WAITS_AS(p, 2));
	lab_outside(check_value, &brand);
	p->scx.ops_qseq = 0x7ffffffe;
	lab_set_nice(p, 2);
	brand = 0x7fffffffULL << 2;
	lab_outside(check_value, &brand);
}

static void take_only(struct task_struct *prev UNUSED)
{
	given.cookie = scx_bpf_task_get_cookie(p);
	scx_bpf_now();
}

/* CPU 2 stands in the middle of a change and holds both locks of p: that is no obstacle. */
static void cook_12_one_look_without_any_lock(void **state UNUSED)
{
	struct lab_hold *changing, *behind, *second_read;

	start(RUN_EXPLORED);
	changing = lab_hold(AT_OP(CHANGER, "dequeue"));
	lab_set_nice(p, 1);
	assert_true(lab_held(changing) && task_rq(p)->__lock.owner);
	given.cookie = 1;
	second_read = lab_hold(AT_READ_WORD(OTHER, p), .skip = 1);
	behind = lab_hold(.cpu = OTHER, .label = "scx_bpf_now");
	do_turn(OTHER, take_only);
	PROVES("COOK-12", lab_held(behind) && !lab_held(second_read));
	PROVES("COOK-12 COOK-15", given.cookie == 0);	/* the dequeue has claimed it */
	lab_release(behind);
	lab_release(second_read);
	lab_release(changing);
}

static void take_in_enqueue(enum scxtwin_op op, struct task_struct *t, u64 arg UNUSED)
{
	if (op != SCXTWIN_OP_enqueue || t != p)
		return;
	PROVES("COOK-14", lab_word(p) == (SCX_OPSS_QUEUEING | BRAND(2)));
	given.cookie = scx_bpf_task_get_cookie(p);
	PROVES("COOK-14", given.cookie == BRAND(2));
}

static void insert_by_kept_cookie(struct task_struct *prev UNUSED)
{
	given.returned = scx_bpf_dsq_insert_with_cookie(p, given.dsq, given.flags, given.cookie);
}

static void insert_kept(int cpu, u64 dsq)
{
	given.dsq = dsq;
	do_turn(cpu, insert_by_kept_cookie);
}

static void cook_14_40_taken_in_ops_enqueue_it_guards_the_whole_wait(void **state UNUSED)
{
	start(RUN_TIMED);
	say.look = take_in_enqueue;
	lab_set_nice(p, 1);
	say.look = NULL;
	assert_true(WAITS_AS(p, 2));
	insert_kept(GIVER, SCX_DSQ_LOCAL);
	PROVES("COOK-14 COOK-40", lab_runs(p));
	lab_stop(NULL);

	start(RUN_TIMED);
	say.look = take_in_enqueue;
	lab_set_nice(p, 1);
	say.look = NULL;
	confine(p, HOME);
	insert_kept(GIVER, SCX_DSQ_LOCAL);
	PROVES("COOK-40", WAITS_AS(p, 3) && scx_loaded());
}

static void check_zero(void *arg UNUSED)
{
	PROVES("COOK-15", scx_bpf_task_get_cookie(p) == 0 && scx_bpf_dsq_insert_begin(p) == 0);
}

static void cook_15_without_a_scheduler_that_has_it_the_cookie_is_0(void **state UNUSED)
{
	struct lab_hold *claimed;

	start(RUN_EXPLORED);
	claimed = lab_hold(AT_STORE_WORD(GIVER, p));
	give(PLAIN, SAY_DSQ);
	assert_true(lab_held(claimed) && lab_word(p) == SCX_OPSS_DISPATCHING);
	lab_outside(check_zero, NULL);
	lab_release(claimed);
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));
	lab_outside(check_zero, NULL);			/* on a DSQ */
	say.pull = SAY_DSQ;
	lab_kick(OTHER, 0);
	assert_true(lab_runs(p));
	lab_outside(check_zero, NULL);			/* running */
	lab_block(p);
	lab_outside(check_zero, NULL);			/* asleep */
}

static void cook_15_0_never_matches(void **state UNUSED)
{
	start(RUN_TIMED);
	given.cookie = 0;
	insert_kept(GIVER, SCX_DSQ_LOCAL);
	PROVES("COOK-15 COOK-21", WAITS_AS(p, 1) && given.returned);
}

static struct sched_ext_entity before;

static void take_and_compare(struct task_struct *prev UNUSED)
{
	memcpy(&before, &p->scx, sizeof(before));
	scx_bpf_task_get_cookie(p);
	scx_bpf_dsq_insert_begin(p);
	PROVES("COOK-16", !memcmp(&before, &p->scx, sizeof(before)));
	PROVES("COOK-16", turn_holds_rq(GIVER) && !turn_holds_rq(HOME));
	PROVES("COOK-16", turn_buffer()->cursor == 0 && turn_buffer()->nr_tasks == 0);
}

static void cook_16_taking_it_changes_nothing(void **state UNUSED)
{
	start(RUN_TIMED);
	do_turn(GIVER, take_and_compare);
	PROVES("COOK-16", no_counter_moved() && WAITS_AS(p, 1) && p->scx.flags & SCX_TASK_IN_CUSTODY);
	PROVES("COOK-16", lab_called(p, ""));
}

/* ---- from where; open [P]: the sources show ops.dispatch() alone */

static u32 asked_in;

static void ask(enum scxtwin_op op, struct task_struct *t UNUSED, u64 arg UNUSED)
{
	scx_bpf_task_get_cookie(q);
	scx_bpf_dsq_insert_begin(q);
	asked_in |= 1U << op;
}

static void take_of_q(void *arg UNUSED)
{
	PROVES("COOK-17", scx_bpf_task_get_cookie(q) == 0);
}

static void cook_17_from_every_op_and_outside(void **state UNUSED)
{
	struct sched_ext_ops ops = say_ops;
	u32 wanted = 0;
	int op;

	/* lab.c fails a test in which a kfunc is refused. */
	lab_start(.cpus = 2);
	this_sim->proposed = SCX_PROPOSED_COOKIE;
	ops.flags |= SCX_OPS_SWITCH_PARTIAL;
	ops.tick = say_tick;
	ops.yield = say_yield;
	ops.update_idle = say_update_idle;
	ops.flags |= SCX_OPS_KEEP_BUILTIN_IDLE;
	ops.cpu_offline = say_cpu_offline;
	ops.cpu_online = say_cpu_online;
	p = lab_task("p", .cpu = 0, .policy = SCHED_EXT);
	q = lab_task("q", .cpu = 1);			/* not ours: of the fair class */
	asked_in = 0;
	say.look = ask;
	say.dsq = SAY_DSQ;
	say.pull = SAY_DSQ;
	lab_load(&ops);
	lab_wake(p);
	lab_set_nice(p, 3);
	lab_set_cpus(p, 1);
	lab_run(30 * MS);
	lab_yield(p);
	lab_offline(1);
	lab_online(1);
	lab_block(p);
	lab_wake(q);
	assert_false(sched_class_is_ext(q));
	lab_outside(take_of_q, NULL);
	lab_unload();
	say.look = NULL;
	for (op = 0; op < SCXTWIN_NR_OPS; op++) {
		const bool has[SCXTWIN_NR_OPS] = {
			[SCXTWIN_OP_select_cpu] = 1, [SCXTWIN_OP_enqueue] = 1, [SCXTWIN_OP_dequeue] = 1,
			[SCXTWIN_OP_dispatch] = 1, [SCXTWIN_OP_tick] = 1, [SCXTWIN_OP_runnable] = 1,
			[SCXTWIN_OP_running] = 1, [SCXTWIN_OP_stopping] = 1, [SCXTWIN_OP_quiescent] = 1,
			[SCXTWIN_OP_yield] = 1, [SCXTWIN_OP_set_weight] = 1, [SCXTWIN_OP_set_cpumask] = 1,
			[SCXTWIN_OP_update_idle] = 1, [SCXTWIN_OP_init_task] = 1, [SCXTWIN_OP_exit_task] = 1,
			[SCXTWIN_OP_enable] = 1, [SCXTWIN_OP_disable] = 1, [SCXTWIN_OP_cpu_online] = 1,
			[SCXTWIN_OP_cpu_offline] = 1, [SCXTWIN_OP_init] = 1,
		};

		wanted |= has[op] ? 1U << op : 0;
	}
	if (wanted & ~asked_in)
		fail_msg("not reached: ops %#x", wanted & ~asked_in);
	PROVES("COOK-17", (asked_in & wanted) == wanted);
}

/* ---- inserting: what stands in the buffer */

static void three_inserts(struct task_struct *prev UNUSED)
{
	const u64 cookie = scx_bpf_task_get_cookie(p);
	const struct scx_dsp_buf_ent *buf = turn_buffer()->buf;

	PROVES("COOK-18 COOK-24", insert(COOKIE, p, SAY_DSQ, 0, SCX_ENQ_HEAD, cookie));
	PROVES("COOK-18", insert(PLAIN, p, SAY_DSQ, 0, SCX_ENQ_HEAD, 0));
	PROVES("COOK-52 COOK-53", insert(TOKEN, p, SAY_DSQ, 0, SCX_ENQ_HEAD, cookie));
	PROVES("COOK-18 COOK-60", turn_buffer()->cursor == 3 && !memcmp(&buf[0], &buf[1], sizeof(buf[0])));
	PROVES("COOK-52 COOK-60", !memcmp(&buf[0], &buf[2], sizeof(buf[0])));
	insert(COOKIE, p, SAY_DSQ, 0, 0, 0x1234);
	PROVES("COOK-18", buf[3].qseq == 0x1234 && buf[3].slice == 0 && buf[3].vtime == 0 && buf[3].task == p);
	PROVES("COOK-18 COOK-55", insert(TOKEN, p, SAY_DSQ, 6 * MS, 0, 0x1234));
	PROVES("COOK-54", buf[4].qseq == 0x1234 && buf[4].slice == 6 * MS && buf[4].vtime == 0);
}

static void cook_18_60_one_entry_like_the_other(void **state UNUSED)
{
	start(RUN_TIMED);
	do_turn(GIVER, three_inserts);
	PROVES("COOK-60", p->scx.dsq == lab_user_dsq(SAY_DSQ) && lab_user_dsq(SAY_DSQ)->nr == 1);
}

static void insert_and_stay(struct task_struct *prev)
{
	insert_by_kept_cookie(prev);
	scx_bpf_now();
}

static void cook_18_the_state_word_is_not_read(void **state UNUSED)
{
	struct lab_hold *read, *behind;

	start(RUN_EXPLORED);
	given.cookie = BRAND(1);
	given.dsq = SCX_DSQ_LOCAL;
	read = lab_hold(AT_READ_WORD(GIVER, p));
	behind = lab_hold(.cpu = GIVER, .label = "scx_bpf_now");
	do_turn(GIVER, insert_and_stay);
	PROVES("COOK-18", lab_held(behind) && !lab_held(read));
	lab_release(behind);
	PROVES("COOK-18", lab_held(read));		/* the flush does */
	lab_release(read);
	assert_true(lab_runs(p));
}

static void use_and_count(struct task_struct *prev)
{
	insert_by_kept_cookie(prev);
	PROVES("COOK-19", turn_buffer()->cursor == 1 && turn_buffer() == &scx_pcpu(scx_root, GIVER)->dsp_ctx);
	PROVES("COOK-19", scx_pcpu(scx_root, OTHER)->dsp_ctx.cursor == 0);
}

static void cook_19_20_taken_on_one_cpu_used_on_another(void **state UNUSED)
{
	start(RUN_TIMED);
	do_turn(OTHER, take_only);
	assert_int_equal(given.cookie, BRAND(1));
	given.dsq = SCX_DSQ_LOCAL;
	do_turn(GIVER, use_and_count);
	PROVES("COOK-19 COOK-20", lab_runs(p) && task_cpu(p) == GIVER);
	PROVES("COOK-19", lab_happened(p, ".task_get_cookie@3 .dsq_insert_with_cookie@0 dequeue(0x0)@0 running@0"));
}

/* ---- stale */

static void cook_21_61_a_stale_entry_is_dropped_and_only_the_log_knows(void **state UNUSED)
{
	start(RUN_TIMED);
	given.cookie = BRAND(1);
	lab_set_nice(p, 1);
	p->scx.slice = 3 * MS;
	lab_forget();
	watch_stale();
	insert_kept(GIVER, SCX_DSQ_LOCAL);
	PROVES("COOK-21 COOK-22", WAITS_AS(p, 2) && scx_loaded() && !p->scx.dsq);
	PROVES("COOK-21 COOK-61", no_counter_moved() && p->scx.slice == 3 * MS);
	PROVES("COOK-21", lab_happened(p, ".dsq_insert_with_cookie"));
	PROVES("COOK-61", stale.nr == 1 && stale.last.task == p->pid && stale.last.cpu == GIVER);
	PROVES("COOK-61", stale.last.a == BRAND(1) && stale.last.b == SCX_OPSS_QUEUED && stale.last.c == BRAND(2));
}

static void cook_61_all_ways_to_be_stale_are_logged(void **state UNUSED)
{
	struct lab_hold *claimed;

	start(RUN_EXPLORED);
	watch_stale();
	claimed = lab_hold(AT_STORE_WORD(OTHER, p));
	given.cookie = BRAND(1);
	insert_kept(OTHER, SAY_DSQ);
	assert_true(lab_held(claimed));
	insert_kept(GIVER, SAY_OTHER_DSQ);
	PROVES("COOK-22 COOK-61", stale.nr == 1 && stale.last.b == SCX_OPSS_DISPATCHING && stale.last.cpu == GIVER);
	lab_release(claimed);
	insert_kept(GIVER, SAY_OTHER_DSQ);
	PROVES("COOK-22 COOK-61", stale.nr == 2 && stale.last.b == SCX_OPSS_NONE && stale.last.c == 0);
	PROVES("COOK-22", p->scx.dsq == lab_user_dsq(SAY_DSQ));
}

static void cook_61_without_the_feature_nothing_is_logged(void **state UNUSED)
{
	struct lab_hold *w2;

	start(RUN_EXPLORED);
	this_sim->proposed = 0;
	watch_stale();
	w2 = lab_hold(AT_W2);
	give(PLAIN, SCX_DSQ_LOCAL);
	lab_set_nice(p, 1);
	lab_release(w2);
	PROVES("COOK-61", WAITS_AS(p, 2) && !stale.nr);
}

/* A cookie is whatever the scheduler says: bits that no brand has match nothing. Open [P]. */
static void cook_22_what_is_no_cookie_matches_nothing(void **state UNUSED)
{
	static const u64 nonsense[] = { BRAND(1) | 1, BRAND(1) | 2, BRAND(1) | 3, 1, BRAND(1) | 1ULL << 40, UINT64_MAX };
	size_t i;

	start(RUN_TIMED);
	for (i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		given.cookie = nonsense[i];
		insert_kept(GIVER, SCX_DSQ_LOCAL);
		PROVES("COOK-22", WAITS_AS(p, 1) && scx_loaded() && given.returned);
	}
}

/* ---- refused */

static struct {
	bool nobody;
	u64 dsq, flags;
} bad;

static void insert_wrongly(struct task_struct *prev UNUSED)
{
	PROVES("COOK-23 COOK-24 COOK-55", !insert(given.way, bad.nobody ? NULL : p, bad.dsq, 0, bad.flags, BRAND(1)));
	PROVES("COOK-23", turn_buffer()->cursor == 0);
}

static void cook_23_the_preamble_of_every_insert(void **state UNUSED)
{
	static const struct { bool nobody; u64 dsq, flags; const char *text; } cases[] = {
		{ true, SCX_DSQ_LOCAL, 0, "called with NULL task" },
		{ false, SCX_DSQ_LOCAL, SCX_ENQ_CLEAR_OPSS, "invalid enq_flags" },
		{ false, SAY_DSQ, SCX_ENQ_IMMED, "SCX_ENQ_IMMED on a non-local DSQ" },
		{ false, SAY_DSQ, SCX_ENQ_RESCUE, "SCX_ENQ_RESCUE on a non-local DSQ" },
	};
	size_t i;
	int way;

	for (way = COOKIE; way <= TOKEN; way++) {
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			start(RUN_TIMED);
			given.way = (enum way)way;
			bad.nobody = cases[i].nobody;
			bad.dsq = cases[i].dsq;
			bad.flags = cases[i].flags;
			do_turn(GIVER, insert_wrongly);
			PROVES("COOK-23", lab_exited(SCX_EXIT_ERROR, cases[i].text));
			lab_stop(NULL);
		}
	}
}

/* The log has the flags that the scheduler gave, as of every insert. */
static struct {
	struct scxtwin_observer observer;
	u64 dsq, flags, ret;
} logged;

static void note_insert(struct scxtwin_observer *obs UNUSED, const struct scxtwin_event *ev)
{
	if (ev->kind != SCXTWIN_EV_KFUNC || ev->task != p->pid || ev->a == SCXTWIN_KF_task_get_cookie)
		return;
	logged.dsq = ev->b;
	logged.flags = ev->c;
	logged.ret = ev->d;
}

static void look_at_vetted_flags(struct task_struct *prev UNUSED)
{
	insert(given.way, p, SCX_DSQ_LOCAL, 0, 0, BRAND(1));
	PROVES("COOK-23", turn_buffer()->buf[0].enq_flags == SCX_ENQ_IMMED);
	PROVES("COOK-23", logged.dsq == SCX_DSQ_LOCAL && logged.flags == 0 && logged.ret == 1);
}

static void cook_23_vetting_adds_immed(void **state UNUSED)
{
	turn_ops.flags |= SCX_OPS_ALWAYS_ENQ_IMMED;
	for (int way = COOKIE; way <= TOKEN; way++) {
		start(RUN_TIMED);
		memset(&logged, 0xff, sizeof(logged));
		logged.observer = (struct scxtwin_observer){ .event = note_insert };
		event_log_observe(this_sim->events, &logged.observer);
		given.way = (enum way)way;
		do_turn(GIVER, look_at_vetted_flags);
		PROVES("COOK-23", lab_runs(p) && p->scx.flags & SCX_TASK_IMMED);
		lab_stop(NULL);
	}
}

static void insert_immed(struct task_struct *prev UNUSED)
{
	insert(given.way, p, SCX_DSQ_LOCAL, 0, SCX_ENQ_IMMED, given.cookie);
}

/* IMMED goes with an entry that is carried out, and leaves nothing behind with one that is not. */
static void cook_23_33_immed_comes_with_the_insertion(void **state UNUSED)
{
	int way;

	for (way = COOKIE; way <= TOKEN; way++) {
		start(RUN_TIMED);
		given.way = (enum way)way;
		given.cookie = BRAND(2);
		do_turn(GIVER, insert_immed);
		PROVES("COOK-33 COOK-21", WAITS_AS(p, 1) && !(p->scx.flags & SCX_TASK_IMMED) && scx_loaded());
		given.cookie = BRAND(1);
		do_turn(GIVER, insert_immed);
		PROVES("COOK-23", lab_runs(p) && p->scx.flags & SCX_TASK_IMMED);
		lab_stop(NULL);
	}
}

/* Open [P] for the cookie; the test of the later form says so of commit. */
static void returns_true(struct task_struct *prev UNUSED)
{
	PROVES("COOK-24", insert(COOKIE, p, SAY_DSQ, 0, 0, 0) && insert(COOKIE, p, SAY_DSQ, 0, 0, BRAND(1)));
	PROVES("COOK-55", insert(TOKEN, p, SAY_DSQ, 0, 0, 0) && insert(TOKEN, p, SAY_DSQ, 0, 0, BRAND(1)));
}

static void cook_24_55_true_says_nothing_of_staleness(void **state UNUSED)
{
	start(RUN_TIMED);
	do_turn(GIVER, returns_true);
	assert_ptr_equal(p->scx.dsq, lab_user_dsq(SAY_DSQ));
}

/* ---- buffer */

static void three_stale_ones(struct task_struct *prev UNUSED)
{
	insert(COOKIE, p, SAY_DSQ, 0, 0, 0);
	insert(TOKEN, p, SAY_DSQ, 0, 0, 0);
	PROVES("COOK-25", turn_buffer()->cursor == 2 && scx_bpf_dispatch_nr_slots() == 0);
	PROVES("COOK-25", scx_root->exit_kind == SCX_EXIT_NONE);
	insert(COOKIE, p, SAY_DSQ, 0, 0, 0);
	PROVES("COOK-25", turn_buffer()->cursor == 2 && scx_root->exit_kind == SCX_EXIT_ERROR);
}

static void cook_25_stale_entries_take_slots(void **state UNUSED)
{
	turn_ops.dispatch_max_batch = 2;
	start(RUN_TIMED);
	do_turn(GIVER, three_stale_ones);
	PROVES("COOK-25", lab_exited(SCX_EXIT_ERROR, "dispatch buffer overflow"));
}

static void insert_and_cancel(struct task_struct *prev UNUSED)
{
	insert(COOKIE, q, SAY_DSQ, 0, 0, BRAND(1));
	insert(COOKIE, p, SAY_DSQ, 0, 0, BRAND(1));
	scx_bpf_dispatch_cancel();
	PROVES("COOK-26", turn_buffer()->cursor == 1);
}

static void cook_26_27_cancelled_and_used_again(void **state UNUSED)
{
	start(RUN_TIMED);
	do_turn(GIVER, insert_and_cancel);
	PROVES("COOK-26", WAITS_AS(p, 1) && q->scx.dsq == lab_user_dsq(SAY_DSQ));
	given.cookie = BRAND(1);
	insert_kept(GIVER, SAY_OTHER_DSQ);
	PROVES("COOK-26 COOK-27", p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ));
}

static void flush_in_between(struct task_struct *prev UNUSED)
{
	insert(COOKIE, p, SAY_OTHER_DSQ, 0, 0, BRAND(1));
	PROVES("COOK-27", !p->scx.dsq);
	scx_bpf_dsq_move_to_local(SAY_DSQ, 0);
	PROVES("COOK-27", p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ) && turn_buffer()->cursor == 0);
	PROVES("COOK-27", insert(COOKIE, p, SAY_DSQ, 0, 0, BRAND(1)));	/* now stale, no error */
}

static void cook_27_a_flush_in_between_judges(void **state UNUSED)
{
	start(RUN_TIMED);
	watch_stale();
	do_turn(GIVER, flush_in_between);
	PROVES("COOK-27", p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ) && stale.nr == 1 && scx_loaded());
}

/* ---- several entries of one task in one batch */

static void same_cookie_twice(struct task_struct *prev UNUSED)
{
	insert(COOKIE, p, SAY_DSQ, 0, 0, BRAND(1));
	insert(COOKIE, p, SAY_OTHER_DSQ, 0, 0, BRAND(1));
}

static void cook_28_the_first_of_two_wins(void **state UNUSED)
{
	start(RUN_TIMED);
	do_turn(GIVER, same_cookie_twice);
	PROVES("COOK-28", p->scx.dsq == lab_user_dsq(SAY_DSQ) && !lab_user_dsq(SAY_OTHER_DSQ)->nr);
}

static void cookie_then_plain(struct task_struct *prev UNUSED)
{
	insert(given.way, p, SAY_DSQ, 0, 0, given.cookie);
	insert(PLAIN, p, SAY_OTHER_DSQ, 5 * MS, 0, 0);
}

static void cook_29_30_56_with_a_plain_insert_behind(void **state UNUSED)
{
	int way;

	for (way = COOKIE; way <= TOKEN; way++) {
		start(RUN_TIMED);
		p->scx.slice = 3 * MS;
		given.way = (enum way)way;
		given.cookie = BRAND(9);
		do_turn(GIVER, cookie_then_plain);
		PROVES("COOK-29 COOK-56", p->scx.dsq == lab_user_dsq(SAY_OTHER_DSQ) && p->scx.slice == 5 * MS);
		PROVES("COOK-29", !lab_user_dsq(SAY_DSQ)->nr);
		lab_stop(NULL);

		start(RUN_TIMED);
		p->scx.slice = 3 * MS;
		given.way = (enum way)way;
		given.cookie = BRAND(1);
		do_turn(GIVER, cookie_then_plain);
		PROVES("COOK-30 COOK-56", p->scx.dsq == lab_user_dsq(SAY_DSQ) && p->scx.slice == 3 * MS);
		PROVES("COOK-30", !lab_user_dsq(SAY_OTHER_DSQ)->nr);
		lab_stop(NULL);
	}
}

static void insert_q_by_the_cookie_of_p(struct task_struct *prev UNUSED)
{
	insert(COOKIE, q, SAY_DSQ, 0, 0, scx_bpf_task_get_cookie(p));
}

static void cook_31_a_cookie_does_not_name_its_task(void **state UNUSED)
{
	start(RUN_TIMED);
	lab_set_nice(q, 1);
	do_turn(GIVER, insert_q_by_the_cookie_of_p);
	PROVES("COOK-31", WAITS_AS(q, 2));
	lab_set_nice(p, 1);			/* now both are in their second stay */
	do_turn(GIVER, insert_q_by_the_cookie_of_p);
	PROVES("COOK-31", q->scx.dsq == lab_user_dsq(SAY_DSQ) && WAITS_AS(p, 2));
}

/* ---- slice */

static void cook_32_the_slice_stays(void **state UNUSED)
{
	start(RUN_TIMED);
	p->scx.slice = 3 * MS;
	q->scx.slice = 0;
	given.cookie = BRAND(1);
	insert_kept(GIVER, SAY_DSQ);
	PROVES("COOK-32", p->scx.dsq == lab_user_dsq(SAY_DSQ) && p->scx.slice == 3 * MS);
	lab_stop(NULL);

	start(RUN_TIMED);
	p->scx.slice = 0;
	given.cookie = BRAND(1);
	insert_kept(GIVER, SAY_DSQ);
	PROVES("COOK-32", p->scx.dsq == lab_user_dsq(SAY_DSQ) && p->scx.slice == 1);
}

static void cook_33_a_stale_entry_leaves_slice_and_vtime(void **state UNUSED)
{
	start(RUN_TIMED);
	p->scx.slice = 3 * MS;
	p->scx.dsq_vtime = 77;
	given.cookie = BRAND(7);
	insert_kept(GIVER, SAY_DSQ);
	PROVES("COOK-33", WAITS_AS(p, 1) && p->scx.slice == 3 * MS && p->scx.dsq_vtime == 77);
}

static void commit_stale(struct task_struct *prev UNUSED)
{
	insert(TOKEN, p, SAY_DSQ, 9 * MS, 0, BRAND(7));
}

static void cook_33_54_neither_does_a_slice_that_was_given(void **state UNUSED)
{
	start(RUN_TIMED);
	p->scx.slice = 3 * MS;
	p->scx.dsq_vtime = 77;
	do_turn(GIVER, commit_stale);
	PROVES("COOK-33 COOK-54", WAITS_AS(p, 1) && p->scx.slice == 3 * MS && p->scx.dsq_vtime == 77);
}

static u64 slice_at_start;

static void note_slice(enum scxtwin_op op, struct task_struct *t, u64 arg UNUSED)
{
	if (op == SCXTWIN_OP_running && t == p)
		slice_at_start = t->scx.slice;
}

/* p ran until its slice was used up, and came back for more. */
static void start_used_up(void)
{
	start(RUN_TIMED);
	say.look = note_slice;
	given.way = PLAIN;
	given.slice = 5 * MS;
	give(PLAIN, SCX_DSQ_LOCAL);
	assert_true(lab_runs(p));
	lab_run(20 * MS);
}

static void give_p_again(struct task_struct *prev UNUSED)
{
	insert(COOKIE, p, SCX_DSQ_LOCAL, 0, 0, scx_bpf_task_get_cookie(p));
}

static void set_slice_and_give_p(struct task_struct *prev UNUSED)
{
	scx_bpf_task_set_slice(p, 4 * MS);
	give_p_again(NULL);
}

static void cook_34_a_used_up_slice_is_1_ns(void **state UNUSED)
{
	turn_ops.flags |= SCX_OPS_ENQ_LAST;
	start_used_up();
	assert_true((lab_word(p) & 3) == SCX_OPSS_QUEUED && p->scx.slice == 0);
	do_turn(GIVER, give_p_again);
	PROVES("COOK-34", slice_at_start == 1);
	lab_stop(NULL);

	turn_ops.flags |= SCX_OPS_ENQ_LAST;
	start_used_up();
	do_turn(GIVER, set_slice_and_give_p);
	PROVES("COOK-34", slice_at_start == 4 * MS);
}

/* ---- the switch; open [P] */

static u32 nr_refused;

static void count_refused(const char *kfunc, const struct scx_callback_info *info)
{
	(void)kfunc;
	PROVES("COOK-62", info && !strcmp(info->op, "dispatch"));
	nr_refused++;
}

static void call_all(struct task_struct *prev UNUSED)
{
	static const enum way both[] = { COOKIE, TOKEN };
	static const char *const names[] = { "task_get_cookie", "dsq_insert_with_cookie", "dsq_insert_begin",
					     "dsq_insert_commit" };
	char text[128];
	int i;

	for (i = 0; i < 2; i++) {
		PROVES("COOK-62", take(both[i], p) == 0 && nr_refused == 2U * (u32)i + 1);
		snprintf(text, sizeof(text), "scx_bpf_%s() is in no kernel, and the proposed feature \"cookie\" was not asked for",
			 names[2 * i]);
		PROVES("COOK-62", !strcmp(scx_api_error_text(), text));
		PROVES("COOK-62", !insert(both[i], p, SAY_DSQ, 0, 0, BRAND(1)) && nr_refused == 2U * (u32)i + 2);
		snprintf(text, sizeof(text), "scx_bpf_%s() is in no kernel, and the proposed feature \"cookie\" was not asked for",
			 names[2 * i + 1]);
		PROVES("COOK-62", !strcmp(scx_api_error_text(), text));
	}
	PROVES("COOK-62 COOK-59", !bpf_ksym_exists(scx_bpf_task_get_cookie) && !bpf_ksym_exists(scx_bpf_dsq_insert_begin));
	PROVES("COOK-62", bpf_ksym_exists(scx_bpf_dsq_insert));
	PROVES("COOK-62", turn_buffer()->cursor == 0);
}

static void cook_62_without_the_switch_the_calls_are_not_there(void **state UNUSED)
{
	start(RUN_TIMED);
	this_sim->proposed = 0;
	scx_set_api_error_handler(count_refused);
	nr_refused = 0;
	do_turn(GIVER, call_all);
	PROVES("COOK-62", nr_refused == 4 && WAITS_AS(p, 1));
	this_sim->proposed = SCX_PROPOSED_COOKIE;
	PROVES("COOK-59 COOK-62", bpf_ksym_exists(scx_bpf_dsq_insert_begin) && bpf_ksym_exists(scx_bpf_task_get_cookie));
	PROVES("COOK-62", bpf_ksym_exists(scx_bpf_dsq_insert_with_cookie) && bpf_ksym_exists(scx_bpf_dsq_insert_commit));
}

static void insert_where_no_insert_belongs(enum scxtwin_op op, struct task_struct *t, u64 arg UNUSED)
{
	if (op != SCXTWIN_OP_running || t != p)
		return;
	insert(COOKIE, t, SAY_DSQ, 0, 0, 0);
	PROVES("COOK-23", nr_refused == 1 && strstr(scx_api_error_text(), "dsq_insert_with_cookie() must not be called"));
	insert(TOKEN, t, SAY_DSQ, 0, 0, 0);
	PROVES("COOK-23", nr_refused == 2 && strstr(scx_api_error_text(), "dsq_insert_commit() must not be called"));
}

static void count_all_refused(const char *kfunc UNUSED, const struct scx_callback_info *info UNUSED)
{
	nr_refused++;
}

/* The inserts belong to ops.select_cpu(), ops.enqueue() and ops.dispatch(), as every insert. */
static void cook_23_from_where_inserts_come(void **state UNUSED)
{
	start(RUN_TIMED);
	scx_set_api_error_handler(count_all_refused);
	nr_refused = 0;
	say.look = insert_where_no_insert_belongs;
	give(COOKIE, SCX_DSQ_LOCAL);
	PROVES("COOK-23", lab_runs(p) && nr_refused == 2);
	say.look = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COOKIE_TEST(cook_11_13_the_cookie_is_the_brand),
		COOKIE_TEST(cook_12_one_look_without_any_lock),
		COOKIE_TEST(cook_14_40_taken_in_ops_enqueue_it_guards_the_whole_wait),
		COOKIE_TEST(cook_15_without_a_scheduler_that_has_it_the_cookie_is_0),
		COOKIE_TEST(cook_15_0_never_matches),
		COOKIE_TEST(cook_16_taking_it_changes_nothing),
		COOKIE_TEST(cook_17_from_every_op_and_outside),
		COOKIE_TEST(cook_18_60_one_entry_like_the_other),
		COOKIE_TEST(cook_18_the_state_word_is_not_read),
		COOKIE_TEST(cook_19_20_taken_on_one_cpu_used_on_another),
		COOKIE_TEST(cook_21_61_a_stale_entry_is_dropped_and_only_the_log_knows),
		COOKIE_TEST(cook_61_all_ways_to_be_stale_are_logged),
		COOKIE_TEST(cook_61_without_the_feature_nothing_is_logged),
		COOKIE_TEST(cook_22_what_is_no_cookie_matches_nothing),
		COOKIE_TEST(cook_23_the_preamble_of_every_insert),
		COOKIE_TEST(cook_23_vetting_adds_immed),
		COOKIE_TEST(cook_23_33_immed_comes_with_the_insertion),
		COOKIE_TEST(cook_23_from_where_inserts_come),
		COOKIE_TEST(cook_24_55_true_says_nothing_of_staleness),
		COOKIE_TEST(cook_25_stale_entries_take_slots),
		COOKIE_TEST(cook_26_27_cancelled_and_used_again),
		COOKIE_TEST(cook_27_a_flush_in_between_judges),
		COOKIE_TEST(cook_28_the_first_of_two_wins),
		COOKIE_TEST(cook_29_30_56_with_a_plain_insert_behind),
		COOKIE_TEST(cook_31_a_cookie_does_not_name_its_task),
		COOKIE_TEST(cook_32_the_slice_stays),
		COOKIE_TEST(cook_33_a_stale_entry_leaves_slice_and_vtime),
		COOKIE_TEST(cook_33_54_neither_does_a_slice_that_was_given),
		COOKIE_TEST(cook_34_a_used_up_slice_is_1_ns),
		COOKIE_TEST(cook_62_without_the_switch_the_calls_are_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
