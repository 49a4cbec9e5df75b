/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"

#include "expect_bug.h"
#include "feed_metrics.h"

/* One task: waits 10, runs 30, preempted 5, runs 15, sleeps 40, waits 20, runs 60, ends. */
static const struct scxtwin_report *feed_one_life(struct feed *f)
{
	feed_start(f, 1);
	feed_born(f, 100, 1);
	feed_switch(f, 110, 0, 0, 0, 1);
	feed_born(f, 120, 100);
	feed_switch(f, 140, 0, 1, 0x100, 100);
	feed_switch(f, 145, 0, 100, TASK_INTERRUPTIBLE, 1);
	feed_switch(f, 160, 0, 1, TASK_INTERRUPTIBLE, 0);
	feed_wakeup(f, 200, 1);
	feed_switch(f, 220, 0, 0, 0, 1);
	feed_exit(f, 280, 0, 1);
	return feed_finish(f, 400);
}

static void time_is_split_by_state(void **state)
{
	struct feed f;
	const struct scxtwin_report *r = feed_one_life(&f);

	(void)state;
	assert_int_equal(r->span_ns, 400);
	assert_string_equal(r->groups[0].name, "web");
	assert_int_equal(r->groups[0].nr_tasks, 1);
	assert_int_equal(r->groups[0].run_ns, 30 + 15 + 60);
	assert_int_equal(r->groups[0].wait_ns, 10 + 5 + 20);
	assert_int_equal(r->groups[0].sleep_ns, 40);
	/* The other one sleeps to the end. */
	assert_int_equal(r->groups[1].run_ns, 5);
	assert_int_equal(r->groups[1].wait_ns, 20);
	assert_int_equal(r->groups[1].sleep_ns, 400 - 145);
	assert_int_equal(r->all.run_ns, 110);
	assert_int_equal(r->nr_groups, 2);
	scxtwin_metrics_free(f.m);
}

static void wakeup_latency_and_queue_delay_are_apart(void **state)
{
	struct feed f;
	const struct scxtwin_report *r = feed_one_life(&f);

	(void)state;
	assert_int_equal(r->groups[0].wakeup_latency.n, 2);
	assert_int_equal(r->groups[0].wakeup_latency.min, 10);
	assert_int_equal(r->groups[0].wakeup_latency.max, 20);
	assert_int_equal(r->groups[0].rq_delay.n, 1);
	assert_int_equal(r->groups[0].rq_delay.max, 5);
	assert_int_equal(r->all.wakeup_latency.n, 3);
	assert_int_equal(r->groups[0].nr_wakeups, 2);
	scxtwin_metrics_free(f.m);
}

static void slowdown_compares_with_a_life_without_waiting(void **state)
{
	struct feed f;
	const struct scxtwin_report *r = feed_one_life(&f);

	(void)state;
	assert_int_equal(r->groups[0].slowdown_milli.n, 1);
	assert_int_equal(r->groups[0].slowdown_milli.max, 180 * 1000 / 145);
	assert_int_equal(r->groups[1].slowdown_milli.n, 0);
	scxtwin_metrics_free(f.m);
}

static void switches_are_voluntary_or_not(void **state)
{
	struct feed f;
	const struct scxtwin_report *r = feed_one_life(&f);

	(void)state;
	assert_int_equal(r->groups[0].nr_voluntary, 2);
	assert_int_equal(r->groups[0].nr_involuntary, 1);
	assert_int_equal(r->groups[0].nr_preemptions, 1);
	assert_int_equal(r->cpus[0].nr_switches, 6);
	assert_int_equal(r->cpus[0].busy_ns, 110);
	assert_int_equal(r->cpus[0].utilisation_ppm, 275000);
	assert_int_equal(r->utilisation_ppm, 275000);
	scxtwin_metrics_free(f.m);
}

static void a_wakeup_of_a_task_that_runs_or_waits_counts_for_nothing(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed_born(&f, 0, 1);
	feed_wakeup(&f, 5, 1);
	feed_switch(&f, 10, 0, 0, 0, 1);
	feed_wakeup(&f, 15, 1);
	feed_switch(&f, 20, 0, 1, 0, 0);
	r = feed_finish(&f, 30);
	assert_int_equal(r->all.nr_wakeups, 1);
	assert_int_equal(r->all.wakeup_latency.max, 10);
	assert_int_equal(r->all.wait_ns, 20);
	assert_int_equal(r->all.nr_involuntary, 1);
	assert_int_equal(r->all.nr_preemptions, 0);
	scxtwin_metrics_free(f.m);
}

static void migrations_count_by_what_the_cpus_share(void **state)
{
	static const u16 path[] = { 0, 0, 4, 1, 2, 3, 0 };
	const struct scxtwin_report *r;
	struct feed f;
	u64 i;

	(void)state;
	feed_start(&f, FEED_CPUS);
	feed_born(&f, 0, 1);
	for (i = 0; i < 7; i++) {
		feed_wakeup(&f, 10 * i, 1);
		feed_switch(&f, 10 * i, path[i], 0, 0, 1);
		feed_switch(&f, 10 * i + 5, path[i], 1, TASK_INTERRUPTIBLE, 0);
	}
	r = feed_finish(&f, 100);
	assert_int_equal(r->all.nr_migrations[SCXTWIN_SAME_CORE], 1);
	assert_int_equal(r->all.nr_migrations[SCXTWIN_SAME_LLC], 2);
	assert_int_equal(r->all.nr_migrations[SCXTWIN_CROSS_LLC], 1);
	assert_int_equal(r->all.nr_migrations[SCXTWIN_CROSS_NODE], 1);
	scxtwin_metrics_free(f.m);
}

static void threads_of_the_machine_have_their_own_row(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed_wakeup(&f, 10, 900);
	feed_switch(&f, 10, 0, 0, 0, 900);
	feed_switch(&f, 30, 0, 900, TASK_INTERRUPTIBLE, 0);
	r = feed_finish(&f, 100);
	assert_int_equal(r->nr_groups, 3);
	assert_string_equal(r->groups[2].name, "system");
	assert_int_equal(r->groups[2].run_ns, 20);
	assert_int_equal(r->all.run_ns, 0);
	assert_int_equal(r->cpus[0].busy_ns, 20);
	scxtwin_metrics_free(f.m);
}

static void a_pid_may_be_used_again(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed_born(&f, 0, 1);
	feed_switch(&f, 0, 0, 0, 0, 1);
	feed_exit(&f, 10, 0, 1);
	feed_born(&f, 50, 1);
	feed_switch(&f, 51, 0, 0, 0, 1);
	feed_exit(&f, 60, 0, 1);
	r = feed_finish(&f, 60);
	assert_int_equal(r->all.nr_tasks, 2);
	assert_int_equal(r->all.run_ns, 19);
	assert_int_equal(r->all.sleep_ns, 0);
	assert_int_equal(r->all.slowdown_milli.n, 2);
	assert_int_equal(r->all.slowdown_milli.max, 1111);
	scxtwin_metrics_free(f.m);
}

/* The record of the exit may come before the last switch or after it. */
static void a_task_ends_once_whichever_record_is_first(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed_born(&f, 0, 1);
	feed_switch(&f, 0, 0, 0, 0, 1);
	feed_switch(&f, 10, 0, 1, TASK_DEAD, 0);
	feed(&f, 10, SCXTWIN_EV_TASK_EXIT, 0, 1, 0, 0);
	feed_born(&f, 20, 2);
	feed_switch(&f, 20, 0, 0, 0, 2);
	feed_switch(&f, 30, 0, 2, TASK_INTERRUPTIBLE, 0);
	feed(&f, 30, SCXTWIN_EV_TASK_EXIT, 0, 2, 0, 0);
	r = feed_finish(&f, 100);
	assert_int_equal(r->all.slowdown_milli.n, 2);
	assert_int_equal(r->all.sleep_ns, 0);
	assert_int_equal(r->all.nr_voluntary, 2);
	scxtwin_metrics_free(f.m);
}

static void counters_are_summed(void **state)
{
	const struct scxtwin_report *r;
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed(&f, 0, SCXTWIN_EV_SCX_COUNT, 0, SCXTWIN_NO_TASK, SCX_EV_REENQ_IMMED, 2);
	feed(&f, 0, SCXTWIN_EV_SCX_COUNT, 0, SCXTWIN_NO_TASK, SCX_EV_REENQ_IMMED, 3);
	feed(&f, 0, SCXTWIN_EV_OPS, 0, 1, SCXTWIN_OP_enqueue, 0);
	feed(&f, 0, SCXTWIN_EV_KFUNC, 0, 1, SCXTWIN_KF_dsq_insert, 0);
	r = feed_finish(&f, 1);
	assert_int_equal(r->scx_events[SCX_EV_REENQ_IMMED], 5);
	assert_int_equal(r->nr_op[SCXTWIN_OP_enqueue], 1);
	assert_int_equal(r->nr_kfunc[SCXTWIN_KF_dsq_insert], 1);
	assert_int_equal(r->nr_kind[SCXTWIN_EV_SCX_COUNT], 2);
	assert_int_equal(r->nr_events, 4);
	scxtwin_metrics_free(f.m);
}

static void time_never_goes_back(void **state)
{
	struct feed f;

	(void)state;
	feed_start(&f, 1);
	feed_wakeup(&f, 10, 1);
	expect_bug(feed_wakeup(&f, 9, 1), "now < m->now");
	scxtwin_metrics_free(f.m);
}

static void lack_of_memory_anywhere_is_an_error(void **state)
{
	bool failed = true;
	u64 n;

	(void)state;
	for (n = 1; failed; n++) {
		struct scxtwin_facts facts = { .nr_cpus = 2, .nr_groups = 2,
			.group_name = feed_group_name, .cpu_core = feed_core, .cpu_llc = feed_llc,
			.cpu_node = feed_node, .task_group = feed_group,
			.task_cpus = feed_task_cpus, .task_weight = feed_weight };
		struct scxtwin_error err = { 0 };
		struct feed f = { 0 };

		facts.data = &f;
		f.mask[1] = 2;
		mem_fail_after(n);
		f.m = scxtwin_metrics_new_facts(&facts, &err);
		if (f.m) {
			feed_born(&f, 1, 1);
			feed(&f, 1, SCXTWIN_EV_DSQ_INSERT, 0, 1, 7, 0);
			feed(&f, 2, SCXTWIN_EV_DSQ_REMOVE, 0, 1, 7, 0);
			feed_switch(&f, 3, 1, 0, 0, 1);
			feed_exit(&f, 4, 1, 1);
			failed = !scxtwin_metrics_finish(f.m, 5, &err);
		}
		mem_fail_after(0);
		assert_int_equal(err.code, failed ? SCXTWIN_EINTERNAL : 0);
		scxtwin_metrics_free(f.m);
	}
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_is_split_by_state),
		cmocka_unit_test(wakeup_latency_and_queue_delay_are_apart),
		cmocka_unit_test(slowdown_compares_with_a_life_without_waiting),
		cmocka_unit_test(switches_are_voluntary_or_not),
		cmocka_unit_test(a_wakeup_of_a_task_that_runs_or_waits_counts_for_nothing),
		cmocka_unit_test(migrations_count_by_what_the_cpus_share),
		cmocka_unit_test(threads_of_the_machine_have_their_own_row),
		cmocka_unit_test(a_pid_may_be_used_again),
		cmocka_unit_test(a_task_ends_once_whichever_record_is_first),
		cmocka_unit_test(counters_are_summed),
		cmocka_unit_test(time_never_goes_back),
		cmocka_unit_test(lack_of_memory_anywhere_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
