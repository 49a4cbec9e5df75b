/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metrics on a made-up machine, fed with records by hand. 8 CPUs, siblings n and
 * n + 4; cores 0 and 1 share a cache, 2 and 3 the next; a node each. Pids 1 to 99
 * are of group 0, 100 to 199 of group 1, from 900 on the machine's own.
 */
#ifndef TESTS_FEED_METRICS_H
#define TESTS_FEED_METRICS_H

#include <scxtwin/metrics.h>
#include <scxtwin/task.h>

#define FEED_CPUS 8

struct feed {
	struct scxtwin_metrics *m;
	u64 mask[1000];		/* by pid, 0: not known */
	u32 weight[1000];
};

static inline const char *feed_group_name(void *data, u32 group)
{
	(void)data;
	return group ? "batch" : "web";
}

static inline u32 feed_core(void *data, u32 cpu)
{
	(void)data;
	return cpu % 4;
}

static inline u32 feed_llc(void *data, u32 cpu)
{
	(void)data;
	return cpu % 4 / 2;
}

/* Cache 1 is split between two nodes, which tells the distances apart. */
static inline u32 feed_node(void *data, u32 cpu)
{
	(void)data;
	return cpu % 4 == 3;
}

static inline u32 feed_group(void *data, s32 pid)
{
	(void)data;
	return pid >= 900 ? 2 : pid >= 100;
}

static inline const u64 *feed_task_cpus(void *data, s32 pid)
{
	struct feed *f = data;

	return f->mask[pid] ? &f->mask[pid] : NULL;
}

static inline u32 feed_weight(void *data, s32 pid)
{
	return ((struct feed *)data)->weight[pid];
}

static inline void feed_start(struct feed *f, u32 nr_cpus)
{
	const struct scxtwin_facts facts = {
		.nr_cpus = nr_cpus, .nr_groups = 2, .data = f, .group_name = feed_group_name,
		.cpu_core = feed_core, .cpu_llc = feed_llc, .cpu_node = feed_node,
		.task_group = feed_group, .task_cpus = feed_task_cpus, .task_weight = feed_weight,
	};

	memset(f, 0, sizeof(*f));
	f->m = scxtwin_metrics_new_facts(&facts, NULL);
	assert_non_null(f->m);
}

static inline void feed(struct feed *f, u64 time, u16 kind, u16 cpu, s32 task, u64 a, u64 b)
{
	const struct scxtwin_event ev = {
		.time_ns = time, .kind = kind, .cpu = cpu, .task = task, .a = a, .b = b,
	};
	struct scxtwin_observer *obs = scxtwin_metrics_observer(f->m);

	obs->event(obs, &ev);
}

static inline void feed_born(struct feed *f, u64 time, s32 pid)
{
	feed(f, time, SCXTWIN_EV_TASK_NEW, 0, pid, 0, 0);
	feed(f, time, SCXTWIN_EV_WAKEUP_NEW, 0, pid, 0, 0);
}

static inline void feed_wakeup(struct feed *f, u64 time, s32 pid)
{
	feed(f, time, SCXTWIN_EV_WAKEUP, 0, pid, 0, 0);
}

static inline void feed_switch(struct feed *f, u64 time, u16 cpu, s32 prev, u64 state, s32 next)
{
	feed(f, time, SCXTWIN_EV_SWITCH, cpu, next, (u64)prev, state);
}

static inline void feed_exit(struct feed *f, u64 time, u16 cpu, s32 pid)
{
	feed(f, time, SCXTWIN_EV_TASK_EXIT, cpu, pid, 0, 0);
	feed_switch(f, time, cpu, pid, TASK_DEAD, 0);
}

static inline const struct scxtwin_report *feed_finish(struct feed *f, u64 time)
{
	const struct scxtwin_report *r = scxtwin_metrics_finish(f->m, time, NULL);

	assert_non_null(r);
	return r;
}

#endif /* TESTS_FEED_METRICS_H */
