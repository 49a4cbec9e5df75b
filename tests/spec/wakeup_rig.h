/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of wakeups and classes have in common (spec 22.2 to 22.5). */
#ifndef TESTS_WAKEUP_RIG_H
#define TESTS_WAKEUP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sched/core.h"
#include "support/say.h"

static struct sched_ext_ops ops;
static struct task_struct *p, *q;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	return 0;
}

static struct task_struct *load_with_sleeper(int cpu)
{
	p = lab_task("p", .cpu = cpu);
	lab_load(&ops);
	return p;
}

#endif /* TESTS_WAKEUP_RIG_H */
