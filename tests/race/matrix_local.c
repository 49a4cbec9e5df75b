/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is left of the matrix of spec 10.7 (tools/label-matrix): a dispatch to the
 * CPU's own local DSQ, which one lock covers from the read of the word to the store
 * of NONE, while another CPU wants to change the task (RACE-32).
 */
#include "support/orders.h"
#include "support/race_orders.h"

static struct task_struct *p;

static void setup(void)
{
	race_start();
	p = race_queued("p", RACE_SRC);
	race_will_insert(RACE_SRC, p, SCX_DSQ_LOCAL);
}

static void change_and_dispatch(void)
{
	race_go(RACE_SRC);
	race_change(p);
}

static const char *outcome(void)
{
	race_check(p);
	return race_story(RACE_SRC, p);
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "change against dispatch to the own local DSQ", .rules = "RACE-32",
		  .setup = setup, .go = change_and_dispatch, .outcome = outcome,
		  .expect = "x dispatched, d claims, told by 01, runs on 1 | "
			    "x dispatched, d finds NONE, told by 1, runs on 1" },
	};

	return orders_main(all);
}
