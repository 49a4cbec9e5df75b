/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of the numbered races of spec 10.9 an order was, told by the steps that
 * reach the state word of p: CPU 2 (x) inserts and flushes p once, CPU 0 (d)
 * changes p once. The number is the nearest one, since the spec lists orders
 * and not classes of them.
 */
#ifndef TESTS_RACE_NAME_H
#define TESTS_RACE_NAME_H

#include "support/race.h"

/* "18 dropped: NONE" and so on; for outcome() of an explored race. */
const char *race_name(struct task_struct *p);

#endif /* TESTS_RACE_NAME_H */
