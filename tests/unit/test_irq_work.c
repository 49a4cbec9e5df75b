/* SPDX-License-Identifier: GPL-2.0-only */
/* irq_work: once, on its CPU, as soon as interrupts are on there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "machine/irq_work.h"
#include "support/machine_rig.h"

static struct machine_rig rig;
static struct irq_work work, more;

static void begin(u64 ipi_ns)
{
	struct machine_config cfg;

	machine_config_default(&cfg);
	cfg.mode = RUN_COSTED;
	cfg.cost_ns[COST_ipi] = ipi_ns;
	machine_rig_start(&rig, &cfg);
}

static int stop(void **state)
{
	(void)state;
	assert_string_equal(rig.bug, "");
	machine_rig_stop(&rig);
	return 0;
}

static void ran(struct irq_work *w)
{
	assert_true(in_hardirq());
	machine_rig_say("%s/%d@%llu", w == &work ? "work" : "more", smp_processor_id(),
			(unsigned long long)machine_now());
}

static void queue_with_irqs_off(void *arg)
{
	(void)arg;
	init_irq_work(&work, ran);
	init_irq_work(&more, ran);
	local_irq_disable();
	assert_true(irq_work_queue(&work));
	assert_false(irq_work_queue(&work));
	assert_true(irq_work_queue(&more));
	machine_rig_say("queued");
	local_irq_enable();
	machine_rig_say("enabled");
}

static void own_work_runs_at_the_enable(void **state)
{
	(void)state;
	begin(0);
	ctx_spawn_service(1, "s", queue_with_irqs_off, NULL);
	machine_run(10);
	assert_string_equal(rig.said, "queued work/1@0 more/1@0 enabled ");
}

static void queue_elsewhere(void *arg)
{
	(void)arg;
	init_irq_work(&work, ran);
	assert_true(irq_work_queue_on(&work, 2));
	assert_false(irq_work_queue_on(&work, 3));
	machine_rig_say("sent");
}

static void work_for_another_cpu_travels_like_an_ipi(void **state)
{
	(void)state;
	begin(30);
	ctx_spawn_service(1, "s", queue_elsewhere, NULL);
	machine_run(100);
	assert_string_equal(rig.said, "sent work/2@30 ");
	assert_false(work.pending);
}

static void again(struct irq_work *w)
{
	ran(w);
	if (machine_now() == 0 && rig.used < 60)
		irq_work_queue(w);
}

static void queue_again(void *arg)
{
	(void)arg;
	init_irq_work(&work, again);
	irq_work_queue(&work);
}

static void work_may_queue_itself_again(void **state)
{
	(void)state;
	begin(0);
	ctx_spawn_service(0, "s", queue_again, NULL);
	machine_run(10);
	assert_true(rig.used >= 60);
}

#define test(f) cmocka_unit_test_teardown(f, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(own_work_runs_at_the_enable),
		test(work_for_another_cpu_travels_like_an_ipi),
		test(work_may_queue_itself_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
