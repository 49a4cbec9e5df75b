/* SPDX-License-Identifier: GPL-2.0-only */
/* Siblings, caches and nodes as Linux numbers them; machines that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "machine/topology.h"
#include "support/machine_rig.h"

static struct machine_rig rig;

static void begin(u32 cpus, u32 smt, u32 cores_per_llc, u32 nodes)
{
	struct machine_config cfg;

	machine_config_default(&cfg);
	cfg.nr_cpus = cpus;
	cfg.smt = smt;
	cfg.cores_per_llc = cores_per_llc;
	cfg.nr_nodes = nodes;
	machine_rig_start(&rig, &cfg);
}

static void siblings_are_half_the_machine_apart(void **state)
{
	(void)state;
	begin(16, 2, 2, 2);
	assert_int_equal(topology_cpu(3)->core, 3);
	assert_int_equal(topology_cpu(11)->core, 3);
	assert_true(cpumask_test_cpu(11, cpu_smt_mask(3)));
	assert_int_equal(cpumask_weight(cpu_smt_mask(3)), 2);
	assert_true(sched_smt_active());
	machine_rig_stop(&rig);
}

static void cores_fill_caches_and_caches_fill_nodes(void **state)
{
	u32 cpu;

	(void)state;
	begin(16, 2, 2, 2);
	assert_int_equal(machine()->nr_llcs, 4);
	assert_int_equal(nr_node_ids(), 2);
	for (cpu = 0; cpu < 16; cpu++) {
		assert_int_equal(topology_cpu((int)cpu)->llc, cpu % 8 / 2);
		assert_int_equal(cpu_to_node((int)cpu), cpu % 8 / 4);
		assert_int_equal(cpumask_weight(cpu_llc_mask((int)cpu)), 4);
		assert_int_equal(cpumask_weight(cpumask_of_node(cpu_to_node((int)cpu))), 8);
		assert_true(cpumask_subset(cpu_llc_mask((int)cpu), cpumask_of_node(cpu_to_node((int)cpu))));
	}
	assert_true(cpus_share_cache(0, 9));
	assert_false(cpus_share_cache(0, 2));
	assert_int_equal(node_distance(0, 0), 10);
	assert_int_equal(node_distance(0, 1), 20);
	machine_rig_stop(&rig);
}

static void a_node_is_one_cache_by_default(void **state)
{
	(void)state;
	begin(6, 1, 0, 2);
	assert_int_equal(machine()->nr_llcs, 2);
	assert_false(sched_smt_active());
	assert_int_equal(cpumask_weight(cpu_llc_mask(5)), 3);
	machine_rig_stop(&rig);
}

static void refused(u32 cpus, u32 smt, u32 cores_per_llc, u32 nodes, const char *text)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct machine_config cfg;
	struct sim sim = { .arena = arena_new(0) };

	machine_config_default(&cfg);
	cfg.nr_cpus = cpus;
	cfg.smt = smt;
	cfg.cores_per_llc = cores_per_llc;
	cfg.nr_nodes = nodes;
	this_sim = &sim;
	assert_int_equal(machine_init(&cfg, NULL, &err), SCXTWIN_EINPUT);
	assert_int_equal(err.code, SCXTWIN_EINPUT);
	assert_non_null(strstr(err.msg, text));
	assert_int_equal(machine_init(&cfg, NULL, NULL), SCXTWIN_EINPUT);
	machine_destroy();
	arena_free(sim.arena);
	this_sim = NULL;
}

static void machines_that_do_not_divide_are_refused(void **state)
{
	(void)state;
	refused(5, 2, 0, 1, "smt 2");
	refused(4, 0, 0, 1, "smt 0");
	refused(4, 1, 0, 3, "nodes 3");
	refused(4, 1, 0, 0, "nodes 0");
	refused(8, 1, 3, 2, "cores_per_llc 3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siblings_are_half_the_machine_apart),
		cmocka_unit_test(cores_fill_caches_and_caches_fill_nodes),
		cmocka_unit_test(a_node_is_one_cache_by_default),
		cmocka_unit_test(machines_that_do_not_divide_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
