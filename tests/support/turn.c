/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct sched_ext_ops turn_ops;

static struct {
	turn_fn once, always;
	u32 nr;
} plans[TURN_MAX_CPUS];

void turn(int cpu, turn_fn fn)
{
	plans[cpu].once = fn;
}

void turns(int cpu, turn_fn fn)
{
	plans[cpu].always = fn;
}

u32 turn_count(int cpu)
{
	return plans[cpu].nr;
}

void turn_forget(void)
{
	int cpu;

	for (cpu = 0; cpu < TURN_MAX_CPUS; cpu++)
		plans[cpu].nr = 0;
}

const struct scx_dsp_ctx *turn_buffer(void)
{
	return &scx_pcpu(scx_root, smp_processor_id())->dsp_ctx;
}

bool turn_queue_is(struct scx_dispatch_q *dsq, const char *names)
{
	if (strcmp(lab_queue(dsq), names) == 0)
		return true;
	print_error("expected queue \"%s\", got \"%s\"\n", names, lab_queue(dsq));
	return false;
}

bool turn_holds_rq(int cpu)
{
	return raw_spin_is_held(&cpu_rq(cpu)->__lock);
}

static void turn_dispatch(s32 cpu, struct task_struct *prev)
{
	const turn_fn once = plans[cpu].once;

	plans[cpu].nr++;
	plans[cpu].once = NULL;
	if (once)
		once(prev);
	else if (plans[cpu].always)
		plans[cpu].always(prev);
	else if (say.pull)
		scx_bpf_dsq_move_to_local(say.pull, 0);
}

int turn_nothing(void **state)
{
	int cpu;

	say_nothing(state);
	for (cpu = 0; cpu < TURN_MAX_CPUS; cpu++)
		plans[cpu].once = plans[cpu].always = NULL;
	turn_forget();
	turn_ops = (struct sched_ext_ops){
		.name = "turn",
		.select_cpu = say_ops.select_cpu,
		.enqueue = say_ops.enqueue,
		.dequeue = say_ops.dequeue,
		.dispatch = turn_dispatch,
		.running = say_ops.running,
		.stopping = say_ops.stopping,
		.init = say_ops.init,
	};
	return 0;
}
