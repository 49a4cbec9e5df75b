/* SPDX-License-Identifier: GPL-2.0-only */
/* Balancing of bypass DSQs: spec 31.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sched/core.h"
#include "support/say.h"

#define MAX_CROWD 201

static struct sched_ext_ops ops;
static struct task_struct *crowd[MAX_CROWD];

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	return 0;
}

static void set_bypass(void *on)
{
	scx_bypass(scx_root, on);
}

static struct scx_dispatch_q *bypass_queue(int cpu)
{
	return &scx_root->pcpu[cpu].bypass_dsq;
}

static struct task_struct *task_at(struct list_head *node)
{
	return container_of(node, struct task_struct, scx.dsq_list.node);
}

/* nr tasks wait on the bypass DSQ of CPU 0; one more runs there. */
static void start(u32 cpus, u32 nr, u64 mask)
{
	u32 i;

	lab_start(.cpus = cpus);
	for (i = 0; i <= nr; i++)
		crowd[i] = lab_task("t", .cpu = 0, .cpus = mask);
	lab_load(&ops);
	lab_outside(set_bypass, scx_root);
	for (i = 0; i <= nr; i++)
		lab_wake(crowd[i]);
	assert_int_equal(bypass_queue(0)->nr, nr);
	lab_forget();
}

static void end_bypass(void)
{
	lab_outside(set_bypass, NULL);
}

static u64 until_balancing(void)
{
	return scx_root->bypass_lb_timer.time - lab_now();
}

static void byp_50_an_excess_below_the_minimum_stays(void **state)
{
	(void)state;
	start(2, 60, 0);
	lab_run(until_balancing());
	PROVES("BYP-50", bypass_queue(0)->nr == 60 && bypass_queue(1)->nr == 0 && cpu_rq(1)->curr == cpu_rq(1)->idle);
	end_bypass();
}

static void byp_51_53_54_55_an_excess_goes(void **state)
{
	struct task_struct *first, *last;
	u64 vtime;
	u32 i, nr_first = 0;

	(void)state;
	start(2, 70, 0);
	lab_run(until_balancing() - 1);
	first = task_at(bypass_queue(0)->list.next);
	last = task_at(bypass_queue(0)->list.prev);
	first->scx.dsq_vtime = vtime = 77;
	first->scx.slice = 3 * MS;
	lab_forget();
	lab_run(1);
	PROVES("BYP-51 BYP-54", lab_called(first, "running@1") && task_cpu(first) == 1 && first->scx.dsq_vtime == vtime);
	PROVES("BYP-54", first->scx.slice == 3 * MS);
	PROVES("BYP-50 BYP-51", bypass_queue(0)->nr == 44 && bypass_queue(1)->nr == 25);
	PROVES("BYP-55", lab_runs(first)); /* the donee was rescheduled */
	PROVES("BYP-51", last->scx.dsq == bypass_queue(0));
	for (i = 0; i <= 70; i++)
		nr_first += crowd[i]->scx.dsq == bypass_queue(1);
	PROVES("BYP-54", nr_first == 25);
	end_bypass();
}

static void byp_52_masks_are_kept(void **state)
{
	u32 i;

	(void)state;
	start(2, 70, 0x1);
	lab_run(until_balancing());
	PROVES("BYP-52", bypass_queue(0)->nr == 70 && bypass_queue(1)->nr == 0);
	for (i = 1; i <= 5; i++)
		lab_set_cpus(crowd[i], 0x3);
	lab_run(until_balancing());
	PROVES("BYP-52", bypass_queue(1)->nr + (cpu_rq(1)->curr != cpu_rq(1)->idle) == 5);
	end_bypass();
}

static void take_all_from_cpu_0(void *arg)
{
	struct task_struct *t;
	struct rq_flags rf;
	struct rq *rq;

	(void)arg;
	while (bypass_queue(0)->nr) {
		t = task_at(bypass_queue(0)->list.next);
		rq = task_rq_lock(t, &rf);
		scx_dispatch_dequeue(rq, t);
		task_rq_unlock(rq, t, &rf);
	}
}

static void byp_52_a_task_of_another_rq_stays(void **state)
{
	u32 i, nr;

	(void)state;
	start(2, 70, 0);
	lab_run(until_balancing());
	/* CPU 1 has them on its DSQ while they still belong to the rq of CPU 0. */
	for (i = 0; i <= 70; i++)
		if (crowd[i]->scx.dsq == bypass_queue(1))
			PROVES("BYP-52", task_cpu(crowd[i]) == 0);
	lab_outside(take_all_from_cpu_0, NULL);
	scx_limits()->slice_bypass_us = 500000; /* an excess of one is enough */
	nr = bypass_queue(1)->nr;
	assert_true(nr > 20);
	mevent_arm(&scx_root->bypass_lb_timer, lab_now());
	lab_settle();
	PROVES("BYP-52", bypass_queue(1)->nr == nr && bypass_queue(0)->nr == 0);
	end_bypass();
}

static void byp_53_donees_take_turns(void **state)
{
	(void)state;
	start(3, 100, 0);
	lab_run(until_balancing() - 1);
	machine()->distribute_prev[0] = 1;
	crowd[0] = task_at(bypass_queue(0)->list.next);
	crowd[1] = task_at(bypass_queue(0)->list.next->next);
	lab_run(1);
	PROVES("BYP-53", lab_runs(crowd[0]) && task_cpu(crowd[0]) == 2 && lab_runs(crowd[1]) && task_cpu(crowd[1]) == 1);
	end_bypass();
}

static void byp_55_a_donee_is_full_at_the_target(void **state)
{
	(void)state;
	start(2, 200, 0);
	lab_run(until_balancing());
	/* Target 100, donor keeps 125: the donee gets 75, and one of them ran at once. */
	PROVES("BYP-55 BYP-51", bypass_queue(0)->nr == 125 && bypass_queue(1)->nr == 74);
	end_bypass();
}

static void byp_55_a_full_donee_gets_no_more(void **state)
{
	u32 i;

	(void)state;
	lab_start(.cpus = 3);
	for (i = 0; i < 151; i++)
		crowd[i] = lab_task("t", .cpu = i < 101 ? 0 : 2, .cpus = i < 101 ? 0 : 0x4);
	lab_load(&ops);
	lab_outside(set_bypass, scx_root);
	for (i = 0; i < 151; i++)
		lab_wake(crowd[i]);
	assert_true(bypass_queue(0)->nr == 100 && bypass_queue(2)->nr == 49);
	lab_run(until_balancing());
	/* Target 50, donor keeps 63: 37 go, of which CPU 2 takes one. */
	PROVES("BYP-55", bypass_queue(0)->nr == 63 && bypass_queue(2)->nr == 50);
	PROVES("BYP-55", bypass_queue(1)->nr == 35 && cpu_rq(1)->curr != cpu_rq(1)->idle);
	end_bypass();
}

static void byp_57_the_interval_can_change_or_be_nothing(void **state)
{
	(void)state;
	start(2, 3, 0);
	scx_limits()->bypass_lb_intv_us = 100000;
	lab_run(until_balancing());
	PROVES("BYP-57", until_balancing() == 100 * MS);
	scx_limits()->bypass_lb_intv_us = 0;
	lab_run(100 * MS);
	PROVES("BYP-57", !mevent_pending(&scx_root->bypass_lb_timer));
	end_bypass();
	lab_outside(set_bypass, scx_root);
	PROVES("BYP-57 BYP-21", !mevent_pending(&scx_root->bypass_lb_timer));
	end_bypass();
	scx_limits()->bypass_lb_intv_us = 100000;
	lab_outside(set_bypass, scx_root);
	end_bypass();
	lab_run(200 * MS);
	PROVES("BYP-57", !mevent_pending(&scx_root->bypass_lb_timer));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(byp_50_an_excess_below_the_minimum_stays),
		TEST(byp_51_53_54_55_an_excess_goes),
		TEST(byp_52_masks_are_kept),
		TEST(byp_52_a_task_of_another_rq_stays),
		TEST(byp_53_donees_take_turns),
		TEST(byp_55_a_donee_is_full_at_the_target),
		TEST(byp_55_a_full_donee_gets_no_more),
		TEST(byp_57_the_interval_can_change_or_be_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
