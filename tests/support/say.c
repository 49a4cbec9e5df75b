/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/say.h"

struct say say;

int say_nothing(void **state)
{
	(void)state;
	say = (struct say){ 0 };
	return 0;
}

struct task_struct *say_busy(int cpu, const struct sched_ext_ops *ops)
{
	const struct say before = say;
	struct task_struct *p = lab_task("busy", .cpu = cpu, .cpus = 1ULL << cpu);

	lab_load(ops);
	say = (struct say){ .dsq = SCX_DSQ_LOCAL, .slice = SCX_SLICE_INF };
	lab_wake(p);
	BUG_ON(!lab_runs(p));
	say = before;
	lab_forget();
	return p;
}

static void look(enum scxtwin_op op, struct task_struct *p, u64 arg)
{
	if (say.look)
		say.look(op, p, arg);
}

static u64 slice(void)
{
	return say.slice == SAY_KEEP_SLICE ? 0 : say.slice ? say.slice : SCX_SLICE_DFL;
}

static s32 say_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	look(SCXTWIN_OP_select_cpu, p, wake_flags);
	if (say.select_dsq)
		scx_bpf_dsq_insert(p, say.select_dsq, slice(), say.enq_flags);
	return say.other_cpu ? say.cpu : prev_cpu;
}

static void say_enqueue(struct task_struct *p, u64 enq_flags)
{
	const u64 dsq = enq_flags & SCX_ENQ_REENQ && say.reenq_dsq ? say.reenq_dsq : say.dsq;
	const u64 flags = dsq == say.dsq ? say.enq_flags : 0;

	look(SCXTWIN_OP_enqueue, p, enq_flags);
	if (!dsq)
		return;
	if (say.vtime)
		scx_bpf_dsq_insert_vtime(p, dsq, slice(), (u64)p->pid, flags);
	else
		scx_bpf_dsq_insert(p, dsq, slice(), flags);
}

static void say_dequeue(struct task_struct *p, u64 deq_flags)
{
	look(SCXTWIN_OP_dequeue, p, deq_flags);
}

static void say_dispatch(s32 cpu, struct task_struct *prev)
{
	struct task_struct *p = say.give;

	look(SCXTWIN_OP_dispatch, prev, (u64)cpu);
	if (p) {
		say.give = NULL;
		scx_bpf_dsq_insert(p, say.give_dsq, slice(), say.give_flags);
	}
	if (say.pull)
		scx_bpf_dsq_move_to_local(say.pull, 0);
}

static void say_runnable(struct task_struct *p, u64 enq_flags)
{
	look(SCXTWIN_OP_runnable, p, enq_flags);
}

static void say_running(struct task_struct *p)
{
	look(SCXTWIN_OP_running, p, 0);
}

static void say_stopping(struct task_struct *p, bool runnable)
{
	look(SCXTWIN_OP_stopping, p, runnable);
}

static void say_quiescent(struct task_struct *p, u64 deq_flags)
{
	look(SCXTWIN_OP_quiescent, p, deq_flags);
}

static void say_set_weight(struct task_struct *p, u32 weight)
{
	look(SCXTWIN_OP_set_weight, p, weight);
}

static void say_set_cpumask(struct task_struct *p, const struct cpumask *cpumask)
{
	look(SCXTWIN_OP_set_cpumask, p, cpumask->bits[0]);
}

static s32 say_init_task(struct task_struct *p, struct scx_init_task_args *args)
{
	look(SCXTWIN_OP_init_task, p, args->fork);
	return 0;
}

static void say_exit_task(struct task_struct *p, struct scx_exit_task_args *args)
{
	look(SCXTWIN_OP_exit_task, p, args->cancelled);
}

static void say_enable(struct task_struct *p)
{
	look(SCXTWIN_OP_enable, p, 0);
}

static void say_disable(struct task_struct *p)
{
	look(SCXTWIN_OP_disable, p, 0);
}

static s32 say_init(void)
{
	const s32 ret = scx_bpf_create_dsq(SAY_DSQ, -1);

	look(SCXTWIN_OP_init, NULL, 0);
	return ret ? ret : scx_bpf_create_dsq(SAY_OTHER_DSQ, -1);
}

void say_tick(struct task_struct *p)
{
	look(SCXTWIN_OP_tick, p, 0);
}

bool say_yield(struct task_struct *from, struct task_struct *to)
{
	look(SCXTWIN_OP_yield, from, (u64)(to ? to->pid : SCXTWIN_NO_TASK));
	return say.yielded_to;
}

void say_update_idle(s32 cpu, bool idle)
{
	(void)cpu;
	look(SCXTWIN_OP_update_idle, NULL, idle);
}

void say_cpu_release(s32 cpu, struct scx_cpu_release_args *args)
{
	(void)cpu;
	look(SCXTWIN_OP_cpu_release, NULL, args->reason);
}

void say_cpu_acquire(s32 cpu, struct scx_cpu_acquire_args *args)
{
	(void)args;
	look(SCXTWIN_OP_cpu_acquire, NULL, (u64)cpu);
}

void say_cpu_online(s32 cpu)
{
	look(SCXTWIN_OP_cpu_online, NULL, (u64)cpu);
}

void say_cpu_offline(s32 cpu)
{
	look(SCXTWIN_OP_cpu_offline, NULL, (u64)cpu);
}

const struct sched_ext_ops say_ops = {
	.name = "say",
	.select_cpu = say_select_cpu,
	.enqueue = say_enqueue,
	.dequeue = say_dequeue,
	.dispatch = say_dispatch,
	.runnable = say_runnable,
	.running = say_running,
	.stopping = say_stopping,
	.quiescent = say_quiescent,
	.set_weight = say_set_weight,
	.set_cpumask = say_set_cpumask,
	.init_task = say_init_task,
	.exit_task = say_exit_task,
	.enable = say_enable,
	.disable = say_disable,
	.init = say_init,
};
