/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of chapter 17 have in common: a scheduler that took p from its
 * own queue, looks at its mask and then inserts it, in one of three ways, with
 * a step between each two at which others may come in.
 *
 *	start(RUN_EXPLORED);			// p of CPU 1 waits in the policy's hands
 *	w1 = lab_hold(AT_W1);
 *	give(COOKIE, SCX_DSQ_LOCAL);		// ops.dispatch() of CPU 0
 *	confine(p, 1);				// by CPU 2: p may not run on CPU 0 any more
 *	lab_release(w1);
 *
 * Rules marked [P] in the specification are this project's own answers where
 * what is known of the proposal says nothing; the tests say "open" at them.
 */
#ifndef TESTS_COOKIE_RIG_H
#define TESTS_COOKIE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/event_log.h"
#include "support/race.h"
#include "support/turn.h"

#define UNUSED	__attribute__((unused))

#define GIVER	0	/* dispatches */
#define HOME	1	/* where p is */
#define CHANGER	2
#define OTHER	3

/* Who is at the begin of a window of spec 17.1 stands in front of these. */
#define AT_W1	.cpu = GIVER, .label = "scx_bpf_now"
#define AT_W2	AT_READ_WORD(GIVER, p), .skip = 1	/* the first read is that of the brand */
#define AT_W3	AT_HOLDING(GIVER, p, YIELD_WRITE)
#define AT_W4	AT_LOCK_RQ(GIVER, HOME)

#define BRAND(n)	((u64)(n) << SCX_OPSS_QSEQ_SHIFT)
#define WAITS_AS(p, n)	(lab_word(p) == (BRAND(n) | SCX_OPSS_QUEUED))

enum way { PLAIN, COOKIE, TOKEN };

static struct task_struct *p, *q;

static struct {
	enum way way;
	u64 dsq, slice, flags;
	u64 cookie;
	bool fits, returned;
} given;

static UNUSED u64 take(enum way way, struct task_struct *t)
{
	return way == COOKIE ? scx_bpf_task_get_cookie(t) : way == TOKEN ? scx_bpf_dsq_insert_begin(t) : 0;
}

static UNUSED bool insert(enum way way, struct task_struct *t, u64 dsq, u64 slice, u64 flags, u64 cookie)
{
	const struct scx_bpf_dsq_insert_commit_args args = { .dsq_id = dsq, .slice = slice, .enq_flags = flags };

	switch (way) {
	case COOKIE:
		return scx_bpf_dsq_insert_with_cookie(t, dsq, flags, cookie);
	case TOKEN:
		return scx_bpf_dsq_insert_commit(t, &args, cookie);
	default:
		return scx_bpf_dsq_insert(t, dsq, slice, flags);
	}
}

static UNUSED void probe_and_insert(struct task_struct *prev UNUSED)
{
	given.cookie = take(given.way, p);
	given.fits = bpf_cpumask_test_cpu(GIVER, p->cpus_ptr);
	scx_bpf_now();
	given.returned = insert(given.way, p, given.dsq, given.slice, given.flags, given.cookie);
}

/* Takes, looks and inserts in one ops.dispatch() of CPU 0. */
static UNUSED void give(enum way way, u64 dsq)
{
	given.way = way;
	given.dsq = dsq;
	turn(GIVER, probe_and_insert);
	lab_from(GIVER);
	lab_kick(GIVER, 0);
	lab_from(CHANGER);
}

static UNUSED void confine(struct task_struct *t, int cpu)
{
	lab_set_cpus(t, 1ULL << cpu);
}

/* fn in the next ops.dispatch() of cpu, which is called at once. */
static UNUSED void do_turn(int cpu, turn_fn fn)
{
	turn(cpu, fn);
	lab_from(cpu);
	lab_kick(cpu, 0);
	lab_from(CHANGER);
}

/* Two tasks of CPU 1 in the policy's hands, each for the first time; all CPUs idle. */
static UNUSED void start(enum run_mode mode)
{
	say = (struct say){ 0 };
	lab_start(.cpus = 4, .mode = mode);
	this_sim->proposed = SCX_PROPOSED_COOKIE;
	if (mode == RUN_EXPLORED)
		watch_start();
	memset(&given, 0, sizeof(given));
	lab_from(CHANGER);
	p = lab_task("p", .cpu = HOME);
	q = lab_task("q", .cpu = HOME);
	lab_load(&turn_ops);
	lab_wake(p);
	lab_wake(q);
	turn_forget();
	lab_forget();
	assert_true(WAITS_AS(p, 1) && WAITS_AS(q, 1));
}

/* p was not touched by the entry, and nobody was told of it. */
static UNUSED bool no_counter_moved(void)
{
	u32 i;

	for (i = 0; i < SCX_NR_EVENTS; i++)
		if (lab_count((enum scx_event_id)i))
			return false;
	return true;
}

/* ---- what the log says of entries that were dropped */

static struct {
	struct scxtwin_observer observer;
	struct scxtwin_event last;
	u32 nr;
} stale;

static UNUSED void note_stale(struct scxtwin_observer *obs UNUSED, const struct scxtwin_event *ev)
{
	if (ev->kind != SCXTWIN_EV_STALE)
		return;
	stale.last = *ev;
	stale.nr++;
}

/* After start(); counts from here on. */
static UNUSED void watch_stale(void)
{
	memset(&stale, 0, sizeof(stale));
	stale.observer.event = note_stale;
	event_log_observe(this_sim->events, &stale.observer);
}

#define COOKIE_TEST(test) cmocka_unit_test_setup_teardown(test, turn_nothing, lab_stop)

#endif /* TESTS_COOKIE_RIG_H */
