/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>

#include "ext/internal.h"
#include "lab/bench.h"

struct request {
	struct bench *bench;
	struct task_struct *p;
	s64 value;
	u32 policy;
};

#define OUTSIDE(fn, ...)								\
	do {										\
		const struct request __req = { .bench = b, __VA_ARGS__ };		\
		bench_outside(b, (fn), bench_keep(&__req, sizeof(__req)));		\
	} while (0)

static void do_wake(void *arg)
{
	const struct request *req = arg;

	try_to_wake_up(req->p, TASK_NORMAL, (int)req->value);
}

void bench_wake(struct bench *b, struct task_struct *p, int wake_flags)
{
	OUTSIDE(do_wake, .p = p, .value = wake_flags);
}

static void do_set_nice(void *arg)
{
	const struct request *req = arg;

	set_user_nice(req->p, (int)req->value);
}

void bench_set_nice(struct bench *b, struct task_struct *p, int nice)
{
	OUTSIDE(do_set_nice, .p = p, .value = nice);
}

const struct cpumask *bench_mask(u64 cpus)
{
	struct cpumask *m = cpumask_alloc_array(1);

	BUG_ON(!m);
	m->bits[0] = cpus;
	return cpumask_intern(m);
}

struct set_cpus {
	struct task_struct *p;
	const struct cpumask *cpus;
};

static void do_set_cpus(void *arg)
{
	const struct set_cpus *req = arg;

	set_cpus_allowed(req->p, req->cpus);
}

void bench_set_cpus(struct bench *b, struct task_struct *p, const struct cpumask *cpus)
{
	const struct set_cpus req = { .p = p, .cpus = cpus };

	bench_outside(b, do_set_cpus, bench_keep(&req, sizeof(req)));
}

static bool policy_is_rt(u32 policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static struct sched_attr attr_of(u32 policy, int nice, u32 rt_priority)
{
	return (struct sched_attr){
		.policy = policy, .nice = nice,
		.rt_priority = !policy_is_rt(policy) ? 0 : rt_priority ? rt_priority : 50,
	};
}

static void do_set_policy(void *arg)
{
	const struct request *req = arg;
	const struct sched_attr attr = attr_of(req->policy, PRIO_TO_NICE(req->p->static_prio), (u32)req->value);
	char text[100];

	if (!sched_setscheduler(req->p, &attr))
		return;
	snprintf(text, sizeof(text), "policy %u was refused for %s", req->policy, req->p->comm);
	req->bench->failed(req->bench, text);
}

void bench_set_policy(struct bench *b, struct task_struct *p, u32 policy, u32 rt_priority)
{
	OUTSIDE(do_set_policy, .p = p, .value = rt_priority, .policy = policy);
}

static void do_kick(void *arg)
{
	const struct request *req = arg;

	scx_bpf_kick_cpu((s32)req->policy, (u64)req->value);
}

void bench_kick(struct bench *b, int cpu, u64 flags)
{
	OUTSIDE(do_kick, .policy = (u32)cpu, .value = (s64)flags);
}

static void do_hotplug(void *arg)
{
	const struct request *req = arg;
	const int ret = req->policy ? sched_cpu_up((int)req->value) : sched_cpu_down((int)req->value);
	char text[60];

	if (!ret)
		return;
	snprintf(text, sizeof(text), "CPU %d did not %s", (int)req->value, req->policy ? "come up" : "go down");
	req->bench->failed(req->bench, text);
}

void bench_offline(struct bench *b, int cpu)
{
	OUTSIDE(do_hotplug, .value = cpu);
}

void bench_online(struct bench *b, int cpu)
{
	OUTSIDE(do_hotplug, .value = cpu, .policy = 1);
}

static void do_bypass(void *arg)
{
	const struct request *req = arg;

	scx_bypass(scx_root, req->value);
}

void bench_bypass(struct bench *b, bool on)
{
	OUTSIDE(do_bypass, .value = on);
}

/* ---- the policy */

struct load {
	const struct sched_ext_ops *ops;
	int ret;
};

static void do_load(void *arg)
{
	struct load *load = arg;

	load->ret = scx_enable(load->ops);
}

int bench_load(struct bench *b, const struct sched_ext_ops *ops)
{
	const struct load init = { .ops = ops, .ret = -1 };
	struct load *load = bench_keep(&init, sizeof(init));

	bench_outside(b, do_load, load);
	return load->ret;
}

static void do_unload(void *arg)
{
	(void)arg;
	scx_disable(SCX_EXIT_UNREG);
}

void bench_unload(struct bench *b)
{
	bench_outside(b, do_unload, NULL);
}

/* ---- tasks */

struct birth {
	struct task_birth birth;
	struct sched_attr attr;
	struct task_core *task;
};

static void give_birth(void *arg)
{
	struct birth *b = arg;
	int err;

	b->birth.attr = &b->attr;
	b->task = sched_fork_and_wake(&b->birth, &err);
}

struct task_struct *bench_task(struct bench *b, const struct bench_birth *birth)
{
	const struct cpumask *all = birth->cpus ? birth->cpus : cpu_possible_mask();
	const struct birth init = {
		.birth = { .comm = birth->name, .flags = birth->flags, .uops = &lab_user_ops,
			   .program = birth->program, .cpus = birth->awake ? all : cpumask_of(birth->cpu) },
		.attr = attr_of(birth->policy, birth->nice, birth->rt_priority),
	};
	struct birth *kept = bench_keep(&init, sizeof(init));
	const int from = b->from;
	char text[120];

	if (!birth->awake)
		lab_program_order(birth->program, (struct lab_step){ .kind = LAB_BLOCK });
	b->from = birth->cpu;
	bench_outside(b, give_birth, kept);
	b->from = from;
	if (birth->awake)
		return kept->task ? &kept->task->task : NULL;
	if (!kept->task || kept->task->task.on_rq || kept->task->task.cpu != birth->cpu) {
		snprintf(text, sizeof(text), "%s did not come to sleep on CPU %d: load the policy after making its tasks",
			 birth->name, birth->cpu);
		b->failed(b, text);
		return NULL;
	}
	if (!cpumask_equal(all, cpumask_of(birth->cpu)))
		bench_set_cpus(b, &kept->task->task, all);
	return &kept->task->task;
}

void bench_order(struct bench *b, struct task_struct *p, struct lab_step step)
{
	lab_order(p, step);
	bench_settle(b);
}
