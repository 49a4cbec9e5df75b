/* SPDX-License-Identifier: GPL-2.0-only */
/* Chapter 12, sections 11 and 12: time accounting, tick, slice requests, yield. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/say.h"

#define PENDING		SCX_SLICE_OOB_PENDING
#define LONGEST		((1ULL << 43) - 2)

static struct task_struct *subject, *other;
static u32 nr_looks;

static void account(struct rq *rq, struct task_struct *p)
{
	(void)p;
	update_curr_scx(rq);
}

static u64 wanted;
static bool granted;

static void ask_slice(void *arg)
{
	granted = scx_bpf_task_set_slice(arg, wanted);
}

/* From where the rq of p is not locked. */
static void ask(struct task_struct *p, u64 slice)
{
	wanted = slice;
	lab_outside(ask_slice, p);
}

static struct task_struct *running(void)
{
	struct task_struct *p = lab_task("p", .cpu = 1, .cpus = 1 << 1);

	lab_load(&say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_run(MS); /* away from the instant of a tick */
	lab_wake(p);
	assert_true(lab_runs(p));
	return p;
}

/* ---- accounting */

static void time_01_slc_04_a_request_is_applied_though_no_time_passed(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = running();
	ask(p, 3 * MS);
	assert_true(granted && p->scx.slice == SCX_SLICE_DFL);
	lab_locked(p, account);
	PROVES("TIME-01 SLC-04", p->scx.slice == 3 * MS && !p->scx.slice_oob);
	ask(p, 9 * MS);
	lab_run(2 * MS);
	lab_locked(p, account);
	PROVES("TIME-01 TIME-02", p->scx.slice == 7 * MS);
}

static void time_02_03_what_a_slice_loses(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = running();
	lab_run(3 * MS + 1);
	lab_locked(p, account);
	PROVES("TIME-02", p->scx.slice == 17 * MS - 1);
	lab_run(US);	/* between two ticks */
	p->scx.slice = 10 * US;
	lab_run(20 * US);
	lab_locked(p, account);
	PROVES("TIME-03", p->scx.slice == 0);
	p->scx.slice = SCX_SLICE_INF;
	lab_run(100 * MS);
	lab_locked(p, account);
	PROVES("TIME-02 TIME-03", p->scx.slice == SCX_SLICE_INF);
}

static void over_in_stopping(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_stopping || p != subject)
		return;
	nr_looks++;
	PROVES("TIME-03", p->scx.slice == 0);
}

static void time_03_04_a_tick_ends_a_slice_that_is_used_up(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p, *q;

	(void)state;
	ops.tick = say_tick;
	lab_start(.cpus = 2, .hz = 250);
	p = subject = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_run(MS);
	lab_wake(p);
	lab_wake(q);
	p->scx.slice = 10 * MS;
	lab_forget();
	nr_looks = 0;
	say.look = over_in_stopping;
	lab_run(8 * MS);
	PROVES("TIME-04", lab_called(p, "tick tick"));
	lab_run(4 * MS); /* 11 ms were used of 10 */
	assert_int_equal(nr_looks, 1);
	PROVES("TIME-04", lab_called(p, "tick stopping(1) enqueue(0x0)") && lab_runs(q));
}

static void time_04_05_bypass_ends_the_turn_at_every_tick(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p;

	(void)state;
	ops.tick = say_tick;
	lab_start(.cpus = 2, .hz = 250);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_run(MS);
	lab_wake(p);
	lab_bypass(true);
	lab_forget();
	p->scx.slice = 100 * MS;
	lab_run(4 * MS);
	PROVES("TIME-05", lab_called(p, ""));
	PROVES("TIME-04", p->scx.slice == SCX_SLICE_BYPASS && lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 1);
	p->scx.slice = 100 * MS;
	p->scx.flags |= SCX_TASK_PROTECTED;
	lab_run(4 * MS);
	lab_locked(p, account);
	PROVES("TIME-04", p->scx.slice > 90 * MS && lab_count(SCX_EV_DISPATCH_KEEP_LAST) == 1);
	lab_bypass(false);
}

/* ---- slice requests */

static void set_in_enqueue(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_enqueue || p == other)
		return;
	nr_looks++; /* other waits on the same rq */
	granted = scx_bpf_task_set_slice(other, 6 * MS);
	PROVES("SLC-01", granted && other->scx.slice == 6 * MS && !other->scx.slice_oob);
}

static void slc_01_under_the_lock_of_its_rq_a_slice_is_written(void **state)
{
	struct task_struct *q, *r;

	(void)state;
	lab_start(.cpus = 2);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	r = lab_task("r", .cpu = 1, .cpus = 1 << 1);
	say_busy(1, &say_ops);
	lab_wake(q);
	ask(q, 9 * MS);
	assert_true(q->scx.slice_oob);
	nr_looks = 0;
	other = q;
	say.look = set_in_enqueue;
	lab_wake(r);
	assert_int_equal(nr_looks, 1);
}

static void set_in_running(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_stopping && op != SCXTWIN_OP_tick)
		return;
	nr_looks++;
	granted = scx_bpf_task_set_slice(p, 5 * MS);
	PROVES("SLC-01", granted && p->scx.slice == 5 * MS && !p->scx.slice_oob);
}

static void slc_01_the_running_task_s_own_callback_writes(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p;

	(void)state;
	ops.tick = say_tick;
	lab_start(.cpus = 2);
	p = say_busy(1, &ops);
	nr_looks = 0;
	say.look = set_in_running;
	lab_run(4 * MS);
	assert_int_equal(nr_looks, 1);
	assert_int_equal(p->scx.slice, 5 * MS);
}

static void slc_02_03_what_a_request_looks_like(void **state)
{
	struct task_struct *p;
	u64 id;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1);
	lab_load(&say_ops);
	id = (scx_root->id & 0xfffff) << 43;
	ask(p, 3 * MS);
	PROVES("SLC-02", p->scx.slice_oob == (PENDING | id | 3 * MS) && p->scx.slice == SCX_SLICE_BYPASS);
	ask(p, SCX_SLICE_INF);
	PROVES("SLC-02 SLC-03", p->scx.slice_oob == (PENDING | id | (LONGEST + 1)));
	assert_int_equal(lab_count(SCX_EV_SLICE_CLAMPED), 0);
	ask(p, LONGEST);
	PROVES("SLC-02", p->scx.slice_oob == (PENDING | id | LONGEST) && !lab_count(SCX_EV_SLICE_CLAMPED));
	ask(p, LONGEST + 1);
	PROVES("SLC-02", p->scx.slice_oob == (PENDING | id | LONGEST) && lab_count(SCX_EV_SLICE_CLAMPED) == 1);
	ask(p, 4 * MS);
	PROVES("SLC-03", p->scx.slice_oob == (PENDING | id | 4 * MS));
}

static void slc_02_04_an_infinite_request_is_infinite(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = running();
	ask(p, SCX_SLICE_INF);
	lab_locked(p, account);
	PROVES("SLC-02 SLC-04", p->scx.slice == SCX_SLICE_INF);
}

static void slc_04_a_request_of_another_scheduler_is_ignored(void **state)
{
	struct task_struct *p;

	(void)state;
	lab_start(.cpus = 2);
	p = running();
	ask(p, 3 * MS);
	p->scx.slice_oob ^= 1ULL << 43;
	lab_locked(p, account);
	PROVES("SLC-04", p->scx.slice == SCX_SLICE_DFL && !p->scx.slice_oob);
}

static void slc_05_an_insert_with_a_slice_drops_a_request(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	say_busy(1, &say_ops);
	say.dsq = SCX_DSQ_LOCAL;
	ask(p, 3 * MS);
	say.slice = 8 * MS;
	lab_wake(p);
	PROVES("SLC-05", p->scx.slice == 8 * MS && !p->scx.slice_oob);
	ask(q, 3 * MS);
	say.slice = SAY_KEEP_SLICE;
	lab_wake(q);
	PROVES("SLC-05", q->scx.slice == SCX_SLICE_BYPASS && q->scx.slice_oob & PENDING);
}

static void set_protected_in_tick(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_tick)
		return;
	nr_looks++; /* the rq of p is locked */
	scx_bpf_task_set_slice(p, 5 * MS);
	PROVES("SLC-06", p->scx.slice == SCX_SLICE_INF && !p->scx.slice_oob);
}

static void slc_06_a_protected_slice_refuses_a_write_at_once(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p;

	(void)state;
	ops.tick = say_tick;
	lab_start(.cpus = 2);
	p = say_busy(1, &ops);
	p->scx.flags |= SCX_TASK_PROTECTED;
	lab_run(MS);
	lab_forget();
	nr_looks = 0;
	say.look = set_protected_in_tick;
	lab_run(4 * MS);
	assert_int_equal(nr_looks, 1);
	PROVES("SLC-06", lab_count(SCX_EV_SLICE_DENIED) == 1);
}

static void slc_06_a_protected_slice_refuses(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	p = running();
	ask(p, 3 * MS);
	p->scx.flags |= SCX_TASK_PROTECTED;
	lab_forget();
	lab_locked(p, account);
	PROVES("SLC-06", p->scx.slice == SCX_SLICE_DFL && lab_count(SCX_EV_SLICE_DENIED) == 1);
	q->scx.slice = 2 * MS;
	q->scx.flags |= SCX_TASK_PROTECTED;
	lab_wake(q);
	PROVES("SLC-06", q->scx.slice == 2 * MS && lab_count(SCX_EV_SLICE_DENIED) == 2);
}

/* ---- yield */

static void yld_01_02_without_the_op_the_slice_is_given_up(void **state)
{
	struct task_struct *p, *q;

	(void)state;
	lab_start(.cpus = 2);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	p = running();
	lab_wake(q);
	p->scx.flags |= SCX_TASK_PROTECTED;
	say.slice = SAY_KEEP_SLICE;
	lab_forget();
	lab_yield(p);
	PROVES("YLD-01 YLD-02", lab_called(p, "stopping(1) enqueue(0x0)") && lab_runs(q));
	PROVES("YLD-01", p->scx.slice == 1 && !(p->scx.flags & SCX_TASK_PROTECTED)); /* 0 became the least */
}

static void yld_01_02_05_with_the_op_the_slice_is_its_business(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p, *q;

	(void)state;
	ops.yield = say_yield;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_wake(q);
	p->scx.flags |= SCX_TASK_PROTECTED;
	say.yielded_to = true; /* ignored */
	lab_forget();
	lab_yield(p);
	PROVES("YLD-01 YLD-02 YLD-05", lab_called(p, "yield(-)") && lab_runs(p) && p->scx.slice == SCX_SLICE_DFL);
	PROVES("YLD-01", !(p->scx.flags & SCX_TASK_PROTECTED));
}

static bool yielded;

static void yield_to_other(void *arg)
{
	yielded = yield_to(arg, false);
}

static void yld_03_04_yield_to_asks_the_op(void **state)
{
	struct sched_ext_ops ops = say_ops;
	struct task_struct *p, *q;

	(void)state;
	ops.yield = say_yield;
	lab_start(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 1 << 1);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	lab_load(&ops);
	say.dsq = SCX_DSQ_LOCAL;
	lab_wake(p);
	lab_do(p, yield_to_other, q); /* asleep */
	PROVES("YLD-04", !yielded && lab_called(p, "runnable enqueue running"));
	lab_wake(q);
	p->scx.flags |= SCX_TASK_PROTECTED;
	lab_do(p, yield_to_other, q);
	PROVES("YLD-03 YLD-04", !yielded && lab_called(p, "yield(q)") && lab_runs(p));
	PROVES("YLD-03", !(p->scx.flags & SCX_TASK_PROTECTED));
	say.yielded_to = true;
	lab_forget();
	lab_do(p, yield_to_other, q);
	PROVES("YLD-03 YLD-04", yielded && lab_called(p, "yield(q)"));
	lab_do(p, yield_to_other, p); /* runs */
	PROVES("YLD-04", !yielded && lab_called(p, ""));
}

static void yld_03_04_without_the_op_yield_to_fails(void **state)
{
	struct task_struct *p, *q, *fair;

	(void)state;
	lab_start(.cpus = 2);
	q = lab_task("q", .cpu = 1, .cpus = 1 << 1);
	fair = lab_task("rt", .cpu = 0, .cpus = 1 << 0, .policy = SCHED_FIFO);
	p = running();
	lab_wake(q);
	lab_forget();
	yielded = true;
	lab_do(p, yield_to_other, q);
	PROVES("YLD-03", !yielded && lab_called(p, "") && lab_runs(p) && p->scx.slice == SCX_SLICE_DFL);
	lab_do(p, yield_to_other, fair);
	PROVES("YLD-04", !yielded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAY_TEST(time_01_slc_04_a_request_is_applied_though_no_time_passed),
		SAY_TEST(time_02_03_what_a_slice_loses),
		SAY_TEST(time_03_04_a_tick_ends_a_slice_that_is_used_up),
		SAY_TEST(time_04_05_bypass_ends_the_turn_at_every_tick),
		SAY_TEST(slc_01_under_the_lock_of_its_rq_a_slice_is_written),
		SAY_TEST(slc_01_the_running_task_s_own_callback_writes),
		SAY_TEST(slc_02_03_what_a_request_looks_like),
		SAY_TEST(slc_02_04_an_infinite_request_is_infinite),
		SAY_TEST(slc_04_a_request_of_another_scheduler_is_ignored),
		SAY_TEST(slc_05_an_insert_with_a_slice_drops_a_request),
		SAY_TEST(slc_06_a_protected_slice_refuses),
		SAY_TEST(slc_06_a_protected_slice_refuses_a_write_at_once),
		SAY_TEST(yld_01_02_without_the_op_the_slice_is_given_up),
		SAY_TEST(yld_01_02_05_with_the_op_the_slice_is_its_business),
		SAY_TEST(yld_03_04_yield_to_asks_the_op),
		SAY_TEST(yld_03_04_without_the_op_yield_to_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
