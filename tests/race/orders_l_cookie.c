/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spec 17.1 in every order: a scheduler on CPU 2 (x) takes p, looks whether its
 * mask has the target and inserts it there; CPU 0 (d) confines p to CPU 1, where
 * it is. W1 to W5 say in which window the change came. Of the five ways to do it
 * the first is wrong, and its end is the only difference between them.
 */
#include <string.h>

#include "machine/chooser.h"
#include "support/orders.h"
#include "support/race.h"

#define FURTHER		3	/* a target that is not the CPU which dispatches */
#define CHANGE		0x20000000aULL

#define RIGHT_ENDS								\
	"before W1: x sees the new mask | W1 or W2: dropped | "			\
	"W3: d waits for the end of dispatching | W4: x finds holding_cpu lost | behind W5: it ran"
#define W5	" | W5: off the local DSQ"	/* its own local DSQ a CPU dispatches to and picks from at once */
#define WRONG	" | W1: ejected"

enum way { PLAIN, COOKIE, TOKEN, LOOK_AGAIN, LOCKED };

static struct task_struct *p;

static struct {
	enum way way;
	int target;
	bool asked, fits, ran;
	bool has_p;			/* LOCKED: p is in the scheduler's queue */
	raw_spinlock_t lock;
} x;

static bool insert(u64 cookie)
{
	const u64 dsq = SCX_DSQ_LOCAL_ON | (u64)x.target;
	const struct scx_bpf_dsq_insert_commit_args args = { .dsq_id = dsq };

	switch (x.way) {
	case COOKIE:
		return scx_bpf_dsq_insert_with_cookie(p, dsq, 0, cookie);
	case TOKEN:
		return scx_bpf_dsq_insert_commit(p, &args, cookie);
	default:
		return scx_bpf_dsq_insert(p, dsq, 0, 0);
	}
}

static bool look_at_mask(void)
{
	return bpf_cpumask_test_cpu((u32)x.target, READ_ONCE(p->cpus_ptr));
}

/* COOK-09: a change in front of the second look is seen, and one behind it comes behind the insert. */
static void insert_and_look_again(void)
{
	insert(0);
	x.fits = look_at_mask();
	if (!x.fits)
		scx_bpf_dispatch_cancel();
}

static void look_and_insert(void)
{
	u64 cookie = 0;

	if (x.way == COOKIE)
		cookie = scx_bpf_task_get_cookie(p);
	else if (x.way == TOKEN)
		cookie = scx_bpf_dsq_insert_begin(p);
	x.fits = look_at_mask();
	if (x.fits && x.way == LOOK_AGAIN)
		insert_and_look_again();
	else if (x.fits)
		PROVES("COOK-24 COOK-55", insert(cookie));
}

/* COOK-10: who has the lock first takes p off the queue. */
static void insert_under_lock(void)
{
	raw_spin_lock(&x.lock);
	if (x.has_p) {
		x.has_p = false;
		look_and_insert();
	}
	raw_spin_unlock(&x.lock);
}

static void take_off_queue(struct task_struct *t, u64 deq_flags)
{
	if (x.way == LOCKED && t == p) {
		raw_spin_lock(&x.lock);
		x.has_p = false;
		raw_spin_unlock(&x.lock);
	}
	say_ops.dequeue(t, deq_flags);
}

static void dispatch_once(s32 cpu, struct task_struct *prev)
{
	(void)prev;
	step_touches(&x.asked);
	if (cpu != RACE_X || x.asked)
		return;
	x.asked = true;
	if (x.way == LOCKED)
		insert_under_lock();
	else
		look_and_insert();
}

static void note_running(struct task_struct *t)
{
	if (t == p)
		x.ran = true;
}

/* An ejection that is claimed and goes no further: how a scheduler is unloaded is another race. */
static void stay_claimed(struct irq_work *work)
{
	(void)work;
}

static void start(enum way way, int target)
{
	race_ops = say_ops;
	race_ops.dispatch = dispatch_once;
	race_ops.dequeue = take_off_queue;
	race_ops.running = note_running;
	race_start(.cpus = target == FURTHER ? 4 : 3);
	this_sim->proposed = SCX_PROPOSED_COOKIE;
	x = (typeof(x)){ .way = way, .target = target, .asked = true };
	raw_spin_lock_init(&x.lock, LOCK_CLASS_LEAF, 0, "policy_queue");
	orders_keep(&x, sizeof(x));
	p = race_queued("p", RACE_SRC);
	p->scx.slice = RACE_SLICE;
	scx_root->error_irq_work.fn = stay_claimed;
	x.asked = false;
	x.has_p = true;
}

static void plain(void)
{
	start(PLAIN, RACE_X);
}

static void plain_further(void)
{
	start(PLAIN, FURTHER);
}

static void cookie(void)
{
	start(COOKIE, RACE_X);
}

static void cookie_further(void)
{
	start(COOKIE, FURTHER);
}

static void token(void)
{
	start(TOKEN, RACE_X);
}

static void token_further(void)
{
	start(TOKEN, FURTHER);
}

static void look_again(void)
{
	start(LOOK_AGAIN, RACE_X);
}

static void look_again_further(void)
{
	start(LOOK_AGAIN, FURTHER);
}

static void locked(void)
{
	start(LOCKED, RACE_X);
}

static void locked_further(void)
{
	start(LOCKED, FURTHER);
}

static void change_and_dispatch(void)
{
	race_go(RACE_X);
	lab_set_cpus(p, 1ULL << RACE_SRC);
}

/* Whoever wins: p waits where it may run, in the hands of the policy, which was told so. */
static void waits_where_it_may(void)
{
	PROVES("COOK-21 COOK-57", task_cpu(p) == RACE_SRC && (lab_word(p) & 3) == SCX_OPSS_QUEUED);
	PROVES("OPSS-40", p->scx.flags & SCX_TASK_IN_CUSTODY && !p->scx.dsq && p->scx.holding_cpu == -1);
}

static const char *outcome(void)
{
	const u32 claims = watch_transitions(p, WATCH_T5);

	if (scx_root->exit_kind) {
		PROVES("COOK-01", x.way == PLAIN && x.fits && scx_root->exit_kind == SCX_EXIT_ERROR);
		PROVES("COOK-01", strstr(scx_root->exit_info->msg, "SCX_DSQ_LOCAL[_ON] target CPU"));
		PROVES("COOK-01", task_cpu(p) == RACE_SRC && lab_word(p) == SCX_OPSS_NONE);
		return "W1: ejected";
	}
	waits_where_it_may();
	if (!x.fits)
		return "before W1: x sees the new mask";
	if (!claims) {
		PROVES("COOK-21 COOK-22", race_dequeue.nr == 1 && race_dequeue.cpu == RACE_OUT && !x.ran);
		return "W1 or W2: dropped";
	}
	if (race_dequeue.cpu == RACE_OUT && race_dequeue.flags == CHANGE)
		return orders_count(.cpu = RACE_OUT, .label = "wait_ops_state") ?
		       "W3: d waits for the end of dispatching" : "W4: x finds holding_cpu lost";
	return x.ran ? "behind W5: it ran" : "W5: off the local DSQ";
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "stale decision, plain insert, own local DSQ", .setup = plain, .go = change_and_dispatch,
		  .outcome = outcome, .rules = "COOK-01 COOK-06 COOK-63", .expect = RIGHT_ENDS WRONG },
		{ .name = "stale decision, plain insert, another CPU's local DSQ", .setup = plain_further, .go = change_and_dispatch,
		  .outcome = outcome, .rules = "COOK-01 COOK-06 COOK-63", .expect = RIGHT_ENDS WRONG W5 },
		{ .name = "stale decision, cookie, own local DSQ", .setup = cookie, .go = change_and_dispatch,
		  .outcome = outcome, .rules = "COOK-21 COOK-22 COOK-63", .expect = RIGHT_ENDS },
		{ .name = "stale decision, cookie, another CPU's local DSQ", .setup = cookie_further, .go = change_and_dispatch,
		  .outcome = outcome, .rules = "COOK-21 COOK-22 COOK-63", .expect = RIGHT_ENDS W5 },
		{ .name = "stale decision, begin and commit, own local DSQ", .setup = token, .go = change_and_dispatch,
		  .outcome = outcome, .rules = "COOK-52 COOK-55 COOK-63", .expect = RIGHT_ENDS },
		{ .name = "stale decision, begin and commit, another CPU's local DSQ", .setup = token_further, .go = change_and_dispatch,
		  .outcome = outcome, .rules = "COOK-52 COOK-55 COOK-63", .expect = RIGHT_ENDS W5 },
		{ .name = "stale decision, a second look behind the insert, own local DSQ", .setup = look_again, .go = change_and_dispatch,
		  .outcome = outcome, .rules = "COOK-09", .expect = RIGHT_ENDS },
		{ .name = "stale decision, a second look behind the insert, another CPU's local DSQ", .setup = look_again_further, .go = change_and_dispatch,
		  .outcome = outcome, .rules = "COOK-09", .expect = RIGHT_ENDS W5 },
		{ .name = "stale decision, a lock that ops.dequeue() takes, own local DSQ", .setup = locked, .go = change_and_dispatch,
		  .outcome = outcome, .rules = "COOK-10", .expect = RIGHT_ENDS },
		{ .name = "stale decision, a lock that ops.dequeue() takes, another CPU's local DSQ", .setup = locked_further, .go = change_and_dispatch,
		  .outcome = outcome, .rules = "COOK-10", .expect = RIGHT_ENDS W5 },
	};

	return orders_main(all);
}
