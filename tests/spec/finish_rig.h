/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of carried out inserts have in common (spec 14.6, 14.7). */
#ifndef TESTS_FINISH_RIG_H
#define TESTS_FINISH_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/turn.h"

static struct task_struct *p, *q;

/* p and q of CPU 1 in the policy's hands; all CPUs idle. */
static void start_cfg(const struct lab_cfg *cfg)
{
	__lab_start(cfg);
	lab_from(3);
	p = lab_task("p", .cpu = 1);
	q = lab_task("q", .cpu = 1);
	lab_load(&turn_ops);
	lab_wake(p);
	lab_wake(q);
	turn_forget();
	lab_forget();
}

static void start_in(enum run_mode mode)
{
	start_cfg(&(struct lab_cfg){ .cpus = 4, .mode = mode });
}

static void start(void)
{
	start_in(RUN_TIMED);
}

static u64 target, flags;

static void insert_p(struct task_struct *prev)
{
	(void)prev;
	scx_bpf_dsq_insert(p, target, 3 * MS, flags);
}

static void insert_p_on(int cpu, u64 dsq)
{
	target = dsq;
	turn(cpu, insert_p);
	lab_kick(cpu, 0);
}

static bool in_policys_hands(const struct task_struct *t)
{
	return scx_opss_state(lab_word(t)) == SCX_OPSS_QUEUED && t->scx.flags & SCX_TASK_IN_CUSTODY;
}

#endif /* TESTS_FINISH_RIG_H */
