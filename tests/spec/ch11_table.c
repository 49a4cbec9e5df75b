/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 11.8, the decision table: state by event. p lives on CPU 1. Rows in which
 * another CPU stands in the middle of something (H to N) are in tests/race.
 *
 * Each row is run twice: with all callbacks, whose order and flags are compared,
 * and with hardly any, where only the end counts (CUST-40).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/race.h"

#define CHANGED "(0x20000000a)"
#define REENQ "(0x10000000000)"
#define LOCAL SCX_DSQ_LOCAL
#define GLOBAL SCX_DSQ_GLOBAL

static struct task_struct *p, *other, *rt;

enum place { ASLEEP, RUNNING, ON_LOCAL, ON_GLOBAL, ON_BYPASS, ON_USER, KEPT, OUT };

static enum place place_of(const struct task_struct *t)
{
	const struct scx_dispatch_q *dsq = t->scx.dsq;

	if (!sched_class_is_ext(t))
		return OUT;
	if (!t->on_rq)
		return ASLEEP;
	if (lab_runs(t))
		return RUNNING;
	if (!dsq) {
		assert_int_equal(lab_word(t) & 3, SCX_OPSS_QUEUED);
		return KEPT;
	}
	switch (dsq->id) {
	case SCX_DSQ_LOCAL:
		return ON_LOCAL;
	case SCX_DSQ_GLOBAL:
		return ON_GLOBAL;
	case SCX_DSQ_BYPASS:
		return ON_BYPASS;
	default:
		return ON_USER;
	}
}

/* CPUs 1 to 3 stand in front of schedule(), so that what is queued stays there. */
static struct lab_hold *standing[3];

static void cpus_stand_still(void)
{
	int i;

	for (i = 0; i < 3; i++)
		standing[i] = lab_hold(AT_LOCK_RQ(RACE_SRC + i, RACE_SRC + i));
}

static void cpus_go(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (standing[i])
			lab_release(standing[i]);
		standing[i] = NULL;
	}
}

/* ---- states */

static void a(void)
{
	cpus_stand_still();
}

static void a_pinned(void)
{
	lab_set_cpus(p, 1 << RACE_SRC);
	cpus_stand_still();
}

static void b_with(u64 slice, u64 enq_flags)
{
	say.dsq = LOCAL;
	say.slice = slice;
	say.enq_flags = enq_flags;
	lab_wake(p);
	say.enq_flags = 0;
	assert_int_equal(place_of(p), RUNNING);
}

static void b(void)
{
	b_with(100 * MS, 0);
}

static void b_immed(void)
{
	b_with(100 * MS, SCX_ENQ_IMMED);
	assert_true(p->scx.flags & SCX_TASK_IMMED);
}

static void b_slice_ends(void)
{
	b_with(1 * MS, 0);
}

static void b_slice_ends_other_waits(void)
{
	b_with(1 * MS, 0);
	lab_wake(other);
	assert_int_equal(place_of(other), ON_LOCAL);
}

static void waits_on(u64 dsq)
{
	cpus_stand_still();
	say.dsq = dsq;
	lab_wake(p);
}

static void c(void)
{
	waits_on(LOCAL);
}

/* Behind another task, so that the CPU can take the interrupt which walks the queue. */
static void c_busy(void)
{
	say.dsq = LOCAL;
	say.slice = SCX_SLICE_INF;
	lab_wake(other);
	lab_wake(p);
	assert_int_equal(place_of(p), ON_LOCAL);
}

static void dg(void)
{
	waits_on(GLOBAL);
}

static void bypass(void *on)
{
	scx_bypass(scx_root, on);
}

static void bypass_on(void)
{
	lab_outside(bypass, p);
}

static void bypass_off(void)
{
	lab_outside(bypass, NULL);
}

static void e(void)
{
	waits_on(0);
	bypass_on();
	assert_int_equal(place_of(p), ON_BYPASS);
}

static void f(void)
{
	say.dsq = SAY_DSQ;
	lab_wake(p);
	cpus_stand_still();
}

static void f_free(void)
{
	say.dsq = SAY_DSQ;
	lab_wake(p);
}

static void g(void)
{
	lab_wake(p);
	cpus_stand_still();
}

static void g_free(void)
{
	lab_wake(p);
}

/* CPU 2 has an insert of an earlier custody in its buffer. */
static struct lab_hold *stale_flush;

static void g_inserted_before(void)
{
	lab_wake(p);
	stale_flush = lab_hold(AT_READ_WORD(RACE_X, p), .skip = 1);
	race_dispatch(RACE_X, p, GLOBAL);
	assert_true(lab_held(stale_flush));
	race_change(p);
}

/* ---- events */

static void wake(void)
{
	lab_wake(p);
}

static void wake_select_local(void)
{
	say.select_dsq = LOCAL;
	lab_wake(p);
}

static void wake_select_user(void)
{
	say.select_dsq = SAY_DSQ;
	lab_wake(p);
}

static void wake_select_global(void)
{
	say.select_dsq = GLOBAL;
	lab_wake(p);
}

static void nice(void)
{
	lab_set_nice(p, 5);
}

static void time(void)
{
	lab_run(10 * MS);
}

static void rt_wakes(void)
{
	lab_wake(rt);
}

static void rt_wakes_slice_gone(void)
{
	p->scx.slice = 0;
	lab_wake(rt);
}

static void blocks(void)
{
	lab_block(p);
}

static void to_fifo(void)
{
	lab_set_policy(p, SCHED_FIFO, 5);
}

static void to_cpu_3(void)
{
	lab_set_cpus(p, 1 << RACE_Y);
}

static void same_mask(void)
{
	lab_set_cpus(p, 0xf);
}

static void walk_local(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SCX_DSQ_LOCAL_ON | RACE_SRC, 0);
}

static void reenq_local_dsq(void)
{
	lab_outside(walk_local, NULL);
}

static void walk_user(void *arg)
{
	(void)arg;
	scx_bpf_dsq_reenq(SAY_DSQ, 0);
}

static void reenq_user_dsq(void)
{
	lab_outside(walk_user, NULL);
}

static void core_pick(void)
{
	race_core_pick(p);
}

static void move(void *to)
{
	struct bpf_iter_scx_dsq it;

	bpf_iter_scx_dsq_new(&it, SAY_DSQ, 0);
	PROVES("CUST-31", scx_bpf_dsq_move(&it, bpf_iter_scx_dsq_next(&it), *(u64 *)to, 0));
	bpf_iter_scx_dsq_destroy(&it);
}

static void moved_to(u64 dsq)
{
	static u64 to;

	to = dsq;
	lab_outside(move, &to);
}

static void moved_to_local(void)
{
	moved_to(SCX_DSQ_LOCAL_ON | RACE_SRC);
}

static void moved_to_remote_local(void)
{
	moved_to(SCX_DSQ_LOCAL_ON | RACE_Y);
}

static void moved_to_global(void)
{
	moved_to(GLOBAL);
}

static void moved_to_user(void)
{
	moved_to(SAY_OTHER_DSQ);
}

static void pulled(void)
{
	race_will_consume(RACE_SRC, SAY_DSQ);
	race_go(RACE_SRC);
}

static void flushed_local(void)
{
	race_dispatch(RACE_SRC, p, LOCAL);
}

static void flushed_global(void)
{
	race_dispatch(RACE_X, p, GLOBAL);
}

static void flushed_user(void)
{
	race_dispatch(RACE_X, p, SAY_DSQ);
}

static void flushed_stale(void)
{
	lab_release(stale_flush);
}

static void unload(void)
{
	cpus_go();
	lab_unload();
}

/* ---- rows */

static const struct row {
	const char *what;
	void (*state)(void), (*event)(void);
	u64 verdict;
	const char *callbacks;
	enum place end;
	u64 ops_flags;
} rows[] = {
	{ "A woken", a, wake, 0, "select_cpu runnable(0x100009) enqueue(0x100009)", KEPT, 0 },
	{ "A woken to user", a, wake, SAY_DSQ, "select_cpu runnable(0x100009) enqueue(0x100009)", ON_USER, 0 },
	{ "A woken to local", a, wake, LOCAL, "select_cpu runnable(0x100009) enqueue(0x100009)", ON_LOCAL, 0 },
	{ "A select local", a, wake_select_local, 0, "select_cpu runnable(0x100009)", ON_LOCAL, 0 },
	{ "A select user", a, wake_select_user, 0, "select_cpu runnable(0x100009)", ON_USER, 0 },
	{ "A select global", a, wake_select_global, 0, "select_cpu runnable(0x100009)", ON_GLOBAL, 0 },
	{ "A pinned", a_pinned, wake, 0, "runnable(0x9) enqueue(0x9)", KEPT, 0 },
	{ "A change", a, nice, 0, "set_weight(33)", ASLEEP, 0 },
	{ "B slice end", b_slice_ends_other_waits, time, 0, "stopping(1) enqueue(0x0)", KEPT, 0 },
	{ "B alone", b_slice_ends, time, 0, "", RUNNING, 0 },
	{ "B last", b_slice_ends, time, 0, "stopping(1) enqueue(0x20000000000)", KEPT, SCX_OPS_ENQ_LAST },
	{ "B preempted", b, rt_wakes, 0, "stopping(1)", ON_LOCAL, 0 },
	{ "B IMMED preempted", b_immed, rt_wakes, 0, "stopping(1) enqueue" REENQ, KEPT, 0 },
	{ "B preempted without slice", b, rt_wakes_slice_gone, 0, "stopping(1) enqueue(0x0)", KEPT, 0 },
	{ "B must leave CPU", b, to_cpu_3, 0, "stopping(0) quiescent" CHANGED " set_cpumask "
	  "runnable(0x100000000000000a) running stopping(1) enqueue(0x40000)", KEPT, 0 },
	{ "B blocks", b, blocks, 0, "stopping(0) quiescent(0x9)", ASLEEP, 0 },
	{ "B change", b, nice, 0, "stopping(0) quiescent" CHANGED " set_weight(33) "
	  "runnable(0x100000000000000a) running", RUNNING, 0 },
	{ "B leaves", b, to_fifo, 0, "stopping(0) quiescent(0x20000004e) disable", OUT, 0 },
	{ "C picked", c, cpus_go, 0, "running", RUNNING, 0 },
	{ "C change", c, nice, 0, "quiescent" CHANGED " set_weight(33) runnable(0xa) enqueue(0xa)", KEPT, 0 },
	{ "C migrates", c, to_cpu_3, LOCAL, "quiescent" CHANGED " set_cpumask runnable(0xa) enqueue(0xa) "
	  "enqueue(0x40000)", ON_LOCAL, 0 },
	{ "C reenqueued", c_busy, reenq_local_dsq, 0, "enqueue" REENQ, KEPT, 0 },
	{ "C leaves", c, to_fifo, 0, "quiescent(0x20000004e) disable", OUT, 0 },
	{ "C bypass on", c, bypass_on, 0, "quiescent(0x20000000e) runnable(0xe)", ON_BYPASS, 0 },
	{ "D consumed", dg, cpus_go, 0, "running", RUNNING, 0 },
	{ "D change", dg, nice, 0, "quiescent" CHANGED " set_weight(33) runnable(0xa) enqueue(0xa)", KEPT, 0 },
	{ "D core pick", dg, core_pick, 0, "running enqueue(0x0)", KEPT, 0 },
	{ "D migrates", dg, to_cpu_3, GLOBAL, "quiescent" CHANGED " set_cpumask runnable(0xa) enqueue(0xa) "
	  "enqueue(0x40000)", ON_GLOBAL, 0 },
	{ "D bypass on", dg, bypass_on, 0, "quiescent(0x20000000e) runnable(0xe)", ON_BYPASS, 0 },
	{ "D leaves", dg, to_fifo, 0, "quiescent(0x20000004e) disable", OUT, 0 },
	{ "E consumed", e, cpus_go, 0, "running", RUNNING, 0 },
	{ "E change", e, nice, 0, "quiescent" CHANGED " set_weight(33) runnable(0xa)", ON_BYPASS, 0 },
	{ "E bypass off", e, bypass_off, 0, "quiescent(0x20000000e) runnable(0xe) enqueue(0xe)", KEPT, 0 },
	{ "F pulled", f_free, pulled, 0, "dequeue(0x0)@1 running@1", RUNNING, 0 },
	{ "F moved to local", f, moved_to_local, 0, "dequeue(0x0)", ON_LOCAL, 0 },
	{ "F moved to remote local", f, moved_to_remote_local, 0, "dequeue(0x0)", ON_LOCAL, 0 },
	{ "F moved to global", f, moved_to_global, 0, "dequeue(0x0)", ON_GLOBAL, 0 },
	{ "F moved to user", f, moved_to_user, 0, "", ON_USER, 0 },
	{ "F change", f, nice, SAY_DSQ, "dequeue" CHANGED " quiescent" CHANGED " set_weight(33) runnable(0xa) "
	  "enqueue(0xa)", ON_USER, 0 },
	{ "F migrates", f, to_cpu_3, SAY_DSQ, "dequeue" CHANGED " quiescent" CHANGED " set_cpumask runnable(0xa) "
	  "enqueue(0xa) dequeue(0x200000008) enqueue(0x40000)", ON_USER, 0 },
	{ "F reenqueued to user", f, reenq_user_dsq, SAY_DSQ, "enqueue" REENQ, ON_USER, 0 },
	{ "F reenqueued and kept", f, reenq_user_dsq, 0, "enqueue" REENQ, KEPT, 0 },
	{ "F reenqueued to local", f, reenq_user_dsq, LOCAL, "enqueue" REENQ " dequeue(0x0)", ON_LOCAL, 0 },
	{ "F reenqueued to global", f, reenq_user_dsq, GLOBAL, "enqueue" REENQ " dequeue(0x0)", ON_GLOBAL, 0 },
	{ "F core pick", f, core_pick, 0, "dequeue(0x100000000) running enqueue(0x0)", KEPT, 0 },
	{ "F bypass on", f, bypass_on, 0, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe)", ON_BYPASS, 0 },
	{ "F leaves", f, to_fifo, 0, "dequeue(0x20000004e) quiescent(0x20000004e) disable", OUT, 0 },
	{ "G flushed to local", g_free, flushed_local, 0, "dequeue(0x0)@1 running@1", RUNNING, 0 },
	{ "G flushed to global", g_free, flushed_global, 0, "dequeue(0x0)@2 running@2", RUNNING, 0 },
	{ "G flushed to user", g_free, flushed_user, 0, "", ON_USER, 0 },
	{ "G stale flush", g_inserted_before, flushed_stale, 0, "", KEPT, 0 },
	{ "G change", g, nice, 0, "dequeue" CHANGED " quiescent" CHANGED " set_weight(33) runnable(0xa) "
	  "enqueue(0xa)", KEPT, 0 },
	{ "G migrates", g, to_cpu_3, 0, "dequeue" CHANGED " quiescent" CHANGED " set_cpumask runnable(0xa) "
	  "enqueue(0xa) dequeue(0x200000008) enqueue(0x40000)", KEPT, 0 },
	{ "G migrates to local", g, to_cpu_3, LOCAL, "dequeue" CHANGED " quiescent" CHANGED " set_cpumask "
	  "runnable(0xa) enqueue(0xa) enqueue(0x40000)", ON_LOCAL, 0 },
	{ "G same mask", g, same_mask, 0, "", KEPT, 0 },
	{ "G core pick", g, core_pick, 0, "dequeue(0x100000000) running enqueue(0x0)", KEPT, 0 },
	{ "G bypass on", g, bypass_on, 0, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe)", ON_BYPASS, 0 },
	{ "G leaves", g, to_fifo, 0, "dequeue(0x20000004e) quiescent(0x20000004e) disable", OUT, 0 },
	{ "C unload", c, unload, 0, "... quiescent(0x20000004e) disable exit_task(0)", OUT, 0 },
	{ "F unload", f, unload, 0, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe) ... "
	  "quiescent(0x20000004e) disable exit_task(0)", OUT, 0 },
	{ "G unload", g, unload, 0, "dequeue(0x20000000e) quiescent(0x20000000e) runnable(0xe) ... "
	  "quiescent(0x20000004e) disable exit_task(0)", OUT, 0 },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static void reach(const struct row *row, const struct sched_ext_ops *ops)
{
	race_ops = *ops;
	race_ops.flags = row->ops_flags;
	race_start();
	p = race_task("p", RACE_SRC);
	other = race_task("other", RACE_SRC);
	rt = lab_task("rt", .cpu = RACE_SRC, .cpus = 1 << RACE_SRC, .policy = SCHED_FIFO);
	lab_load(&race_ops);
	row->state();
	say.dsq = row->verdict;
	lab_forget();
}

static bool as_the_row_says(const struct row *row, bool callbacks)
{
	const bool custody = row->end == ON_USER || row->end == KEPT;
	bool ok = !callbacks || lab_called(p, row->callbacks);

	if (place_of(p) != row->end || !!(p->scx.flags & SCX_TASK_IN_CUSTODY) != custody)
		ok = false;
	if (!ok)
		print_error("row \"%s\"%s: ends at %d, %sin custody\n", row->what, callbacks ? "" : " (few ops)",
			    (int)place_of(p), p->scx.flags & SCX_TASK_IN_CUSTODY ? "" : "not ");
	return ok;
}

static void let_all_go(void)
{
	cpus_go();
	race_ops = (struct sched_ext_ops){ 0 };
	lab_stop(NULL);
}

static void cust_40_each_row_with_all_callbacks(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < NR_ROWS; i++) {
		reach(&rows[i], &say_ops);
		rows[i].event();
		PROVES("CUST-40", as_the_row_says(&rows[i], true));
		PROVES("CUST-43", watch_entered(p) - watch_left(p) == !!(p->scx.flags & SCX_TASK_IN_CUSTODY));
		let_all_go();
	}
	race_start();
}

static void cust_40_state_changes_do_not_need_callbacks(void **state)
{
	struct sched_ext_ops few = { .name = "few" };
	u32 i;

	(void)state;
	few.select_cpu = say_ops.select_cpu;
	few.enqueue = say_ops.enqueue;
	few.dispatch = say_ops.dispatch;
	few.init = say_ops.init;
	for (i = 0; i < NR_ROWS; i++) {
		reach(&rows[i], &few);
		rows[i].event();
		PROVES("CUST-40 CUST-02", as_the_row_says(&rows[i], false));
		let_all_go();
	}
	race_start();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(cust_40_each_row_with_all_callbacks, race_stop),
		cmocka_unit_test_teardown(cust_40_state_changes_do_not_need_callbacks, race_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
