/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include <scxtwin/task.h>

#include "workload/infer.h"
#include "workload/observed.h"

#define NONE		UINT32_MAX
#define MAX_RT_PRIO	100
#define DEFAULT_PRIO	120

/* In place of an instant. */
#define NOT_KNOWN	UINT64_MAX

enum life { UNKNOWN, NEW, RUNNING, RUNNABLE, BLOCKED, DEAD };

/* A line of the recording to be; kind NR_REC_KINDS: taken back. */
struct line {
	u64 at, seq, ns;
	enum rec_kind kind;
	u32 task, other;
};

/* A wake of a task that was still running: it counts if the task then goes to sleep. */
struct pending_wake {
	bool there;
	u32 waker;	/* NONE: external */
	u32 line;	/* of the waker, NONE if external */
};

struct seen_task {
	s32 pid, tgid, prio;
	char comm[TASK_COMM_LEN];
	u32 parent;
	u64 born_at, born_seq;
	enum life life;
	u64 since;		/* RUNNING: switched in; BLOCKED: switched out */
	u64 piece_at;		/* where the present piece of the burst began */
	u64 piece_ns;		/* run in it so far, closed segments only */
	u64 burst_ns;		/* pieces of the burst that are written already */
	u64 runtime_ns;		/* told by the kernel's own accounting for the burst, 0: nothing */
	u64 runnable_at;	/* first instant of demand */
	bool has_slept;
	bool woke_early;	/* the last sleep was ended by a pending wake */
	struct pending_wake pending;
	u32 last_sleep;		/* line of the last sleep */
	/* What came of the demand. */
	u64 waits_since;	/* RUNNABLE: may be NOT_KNOWN; else it is */
	u64 run_ns, nr_switches, nr_wakeups;
	u32 number;		/* in the file */
};

/* From demand to service; whose is the task, in the end its group. */
struct seen_wait {
	u64 ns;
	u32 whose;
};

struct seen_cpu {
	s32 curr;		/* -1: not known */
	u32 task;		/* of curr, NONE for the idle task */
	bool lost;
};

struct infer {
	VEC(struct seen_task) tasks;
	VEC(struct line) lines;
	VEC(struct seen_wait) waits;
	VEC(struct seen_cpu) cpus;
	struct idmap by_pid;	/* index + 1 of the living task */
	u64 start, now;
	bool started, failed;
	u64 seq, nr_inconsistencies;
};

struct infer *infer_new(void)
{
	return mem_zalloc(sizeof(struct infer));
}

void infer_free(struct infer *inf)
{
	if (!inf)
		return;
	vec_free(&inf->tasks);
	vec_free(&inf->lines);
	vec_free(&inf->waits);
	vec_free(&inf->cpus);
	idmap_free(&inf->by_pid);
	free(inf);
}

u64 infer_nr_inconsistencies(const struct infer *inf)
{
	return inf->nr_inconsistencies;
}

static struct seen_task *task_at(struct infer *inf, u32 index)
{
	return vec_at(&inf->tasks, index);
}

static u32 add_line(struct infer *inf, u32 task, enum rec_kind kind, u64 at, u64 ns, u32 other)
{
	const struct line line = { .at = at, .seq = inf->seq++, .ns = ns, .kind = kind,
				   .task = task, .other = other };

	if (vec_push(&inf->lines, line)) {
		inf->failed = true;
		return NONE;
	}
	return (u32)inf->lines.nr - 1;
}

static void take_back(struct infer *inf, u32 line)
{
	if (line != NONE)
		vec_at(&inf->lines, line)->kind = NR_REC_KINDS;
}

static u32 add_task(struct infer *inf, const struct infer_task *t, u64 born_at, enum life life)
{
	struct seen_task fresh = {
		.pid = t->pid, .prio = INT32_MIN, .parent = NONE, .life = life,
		.born_at = born_at, .born_seq = inf->seq++, .piece_at = born_at,
		.runnable_at = born_at, .last_sleep = NONE,
		.waits_since = NOT_KNOWN,
	};

	idmap_remove(&inf->by_pid, (u64)t->pid);
	if (vec_push(&inf->tasks, fresh) ||
	    idmap_add(&inf->by_pid, (u64)t->pid, (void *)(uintptr_t)inf->tasks.nr)) {
		inf->failed = true;
		return NONE;
	}
	return (u32)inf->tasks.nr - 1;
}

/* The living task of this number; one not seen before was there from the start. */
static u32 get_task(struct infer *inf, const struct infer_task *t)
{
	const uintptr_t known = (uintptr_t)idmap_get(&inf->by_pid, (u64)t->pid);
	struct seen_task *task;
	u32 index;

	if (t->pid <= 0)
		return NONE;
	index = known ? (u32)known - 1 : add_task(inf, t, 0, UNKNOWN);
	if (index == NONE)
		return NONE;
	task = task_at(inf, index);
	if (t->comm)
		strlcpy(task->comm, t->comm, sizeof(task->comm));
	if (task->prio == INT32_MIN)
		task->prio = t->prio;
	return index;
}

static struct seen_cpu *get_cpu(struct infer *inf, u32 cpu)
{
	const struct seen_cpu fresh = { .curr = -1, .task = NONE };

	while (inf->cpus.nr <= cpu && !inf->failed)
		inf->failed = vec_push(&inf->cpus, fresh);
	return inf->failed ? NULL : vec_at(&inf->cpus, cpu);
}

/* Told of switches that were seen; of others it is not known when they were. */
static void wait_ends(struct infer *inf, u32 index)
{
	const struct seen_task *task = task_at(inf, index);
	const struct seen_wait wait = { observed_bucket(inf->now - task->waits_since), index };

	if (task->waits_since != NOT_KNOWN)
		inf->failed |= vec_push(&inf->waits, wait) != 0;
}

static void switch_in(struct infer *inf, u32 index, u64 since)
{
	struct seen_task *task = task_at(inf, index);

	if (task->life == UNKNOWN)
		task->piece_at = task->runnable_at = 0;
	else if (task->life == NEW)
		task->piece_at = task->runnable_at = inf->now;
	task->life = RUNNING;
	task->since = since;
	task->waits_since = NOT_KNOWN;
	/* A wake that came before this run cannot be for the sleep after it. */
	if (task->pending.there)
		take_back(inf, task->pending.line);
	task->pending.there = task->woke_early = false;
}

/* What only the head of a line tells; the events' own fields are surer. */
static void learn_from_head(struct infer *inf, const struct infer_place *place)
{
	const struct infer_task current = { .pid = place->current, .prio = INT32_MIN };
	const u32 index = place->current > 0 ? get_task(inf, &current) : NONE;
	struct seen_task *task;

	if (index == NONE)
		return;
	task = task_at(inf, index);
	if (place->tgid > 0)
		task->tgid = place->tgid;
	if (!task->comm[0] && place->comm && place->comm_len < sizeof(task->comm)) {
		memcpy(task->comm, place->comm, place->comm_len);
		task->comm[place->comm_len] = '\0';
	}
}

/*
 * Brings time and the CPU up to the event. Who ran on a CPU before its first
 * event ran there from the start.
 */
static struct seen_cpu *arrive(struct infer *inf, const struct infer_place *place)
{
	struct seen_cpu *cpu = get_cpu(inf, place->cpu);
	const struct infer_task current = { .pid = place->current, .prio = INT32_MIN };

	if (!inf->started)
		inf->start = place->at;
	inf->started = true;
	BUG_ON(place->at < inf->start || place->at - inf->start < inf->now);
	inf->now = place->at - inf->start;
	if (place->tgid > 0 || place->comm)
		learn_from_head(inf, place);
	if (!cpu || cpu->curr >= 0 || place->current < 0)
		return cpu;
	cpu->curr = place->current;
	cpu->task = get_task(inf, &current);
	if (cpu->task != NONE && task_at(inf, cpu->task)->life == UNKNOWN)
		switch_in(inf, cpu->task, cpu->lost ? inf->now : 0);
	else if (cpu->task != NONE && task_at(inf, cpu->task)->life != RUNNING)
		switch_in(inf, cpu->task, inf->now);
	cpu->lost = false;
	return cpu;
}

/* Closes the segment in which a running task is; it goes on in a new one. */
static void account(struct infer *inf, struct seen_task *task)
{
	if (task->life != RUNNING)
		return;
	task->piece_ns += inf->now - task->since;
	task->run_ns += inf->now - task->since;
	task->since = inf->now;
}

/* Writes what the task ran since the last line, so that the next line stands at its place. */
static void close_piece(struct infer *inf, u32 index)
{
	struct seen_task *task = task_at(inf, index);

	account(inf, task);
	if (task->piece_ns)
		add_line(inf, index, REC_RUN, task->piece_at, task->piece_ns, NONE);
	task->burst_ns += task->piece_ns;
	task->piece_ns = 0;
	task->piece_at = inf->now;
}

/* The burst is over. The kernel's accounting is finer than the switches; the last piece takes the difference. */
static void close_burst(struct infer *inf, u32 index)
{
	struct seen_task *task = task_at(inf, index);

	account(inf, task);
	if (task->runtime_ns) {
		const u64 rest = task->runtime_ns > task->burst_ns ?
			task->runtime_ns - task->burst_ns : 0;

		task->piece_ns = rest;
	}
	close_piece(inf, index);
	task->burst_ns = task->runtime_ns = 0;
}

static void sleep_ends(struct infer *inf, u32 index, u64 began, u32 waker)
{
	struct seen_task *task = task_at(inf, index);

	task->last_sleep = add_line(inf, index, REC_SLEEP, began, inf->now, waker);
	task->life = RUNNABLE;
	task->waits_since = inf->now;
	task->nr_wakeups++;
	task->has_slept = true;
	task->piece_at = inf->now;
	if (!began)
		task->runnable_at = inf->now;
}

static void switch_out(struct infer *inf, u32 index, enum infer_state state)
{
	struct seen_task *task = task_at(inf, index);

	account(inf, task);
	task->nr_switches++;
	if (state == INFER_RUNNABLE) {
		task->life = RUNNABLE;
		task->waits_since = inf->now;
		return;
	}
	close_burst(inf, index);
	if (state == INFER_DEAD) {
		add_line(inf, index, REC_EXIT, inf->now, 0, NONE);
		task->life = DEAD;
		idmap_remove(&inf->by_pid, (u64)task->pid);
		return;
	}
	task->life = BLOCKED;
	task->since = inf->now;
	task->has_slept = true;
	task->woke_early = task->pending.there;
	task->pending.there = false;
	if (task->woke_early)
		sleep_ends(inf, index, inf->now, task->pending.waker);
}

void infer_switch(struct infer *inf, const struct infer_place *place, const struct infer_task *prev,
		  enum infer_state state, const struct infer_task *next)
{
	struct infer_place at = *place;
	struct seen_cpu *cpu;
	u32 out, in;

	if (at.current != prev->pid) { /* surer than the line's head */
		at.current = prev->pid;
		at.tgid = 0;
		at.comm = NULL;
	}
	cpu = arrive(inf, &at);
	out = get_task(inf, prev);
	in = get_task(inf, next);
	if (!cpu || inf->failed)
		return;
	if (cpu->curr != prev->pid) {
		inf->nr_inconsistencies++;
		/* How long either ran is not known: no demand is made up for it. */
		if (cpu->task != NONE && task_at(inf, cpu->task)->life == RUNNING)
			task_at(inf, cpu->task)->life = RUNNABLE;
		if (out != NONE && task_at(inf, out)->life != RUNNING)
			switch_in(inf, out, inf->now);
	}
	if (out != NONE)
		switch_out(inf, out, state);
	cpu->curr = next->pid;
	cpu->task = in;
	if (in == NONE)
		return;
	wait_ends(inf, in);
	if (task_at(inf, in)->life == RUNNING) {
		inf->nr_inconsistencies++;
		task_at(inf, in)->life = RUNNABLE;
	} else if (task_at(inf, in)->life == BLOCKED) {
		inf->nr_inconsistencies++;
		sleep_ends(inf, in, task_at(inf, in)->since, NONE);
	}
	switch_in(inf, in, inf->now);
}

/* Who gave a wake or a child: the task running there, NONE in interrupts and on an idle CPU. */
static u32 giver(struct infer *inf, const struct infer_place *place, const struct seen_cpu *cpu)
{
	if (place->in_irq || cpu->task == NONE || task_at(inf, cpu->task)->life != RUNNING)
		return NONE;
	return cpu->task;
}

static u32 give(struct infer *inf, u32 from, enum rec_kind kind, u32 whom)
{
	if (from == NONE)
		return NONE;
	close_piece(inf, from);
	return add_line(inf, from, kind, inf->now, 0, whom);
}

static void wake(struct infer *inf, const struct infer_place *place, const struct seen_cpu *cpu,
		 u32 index)
{
	const u32 waker = giver(inf, place, cpu);
	struct seen_task *task = task_at(inf, index);

	switch (task->life) {
	case UNKNOWN:
		sleep_ends(inf, index, 0, waker);
		give(inf, waker, REC_WAKE, index);
		break;
	case BLOCKED:
		sleep_ends(inf, index, task->since, waker);
		give(inf, waker, REC_WAKE, index);
		break;
	case RUNNING:
		if (waker == index)
			break; /* takes back its own going to sleep */
		task->pending.there = true;
		task->pending.waker = waker;
		task->pending.line = give(inf, waker, REC_WAKE, index);
		break;
	case RUNNABLE:
		if (!task->woke_early || task->last_sleep == NONE)
			break;
		/* The pending wake was none; this is the one that ended the sleep. */
		take_back(inf, task->pending.line);
		vec_at(&inf->lines, task->last_sleep)->ns = inf->now;
		vec_at(&inf->lines, task->last_sleep)->other = waker;
		task->piece_at = task->waits_since = inf->now;
		task->woke_early = false;
		give(inf, waker, REC_WAKE, index);
		break;
	default:
		break;
	}
}

void infer_waking(struct infer *inf, const struct infer_place *place, const struct infer_task *t)
{
	const struct seen_cpu *cpu = arrive(inf, place);
	const u32 index = get_task(inf, t);

	if (cpu && index != NONE && !inf->failed)
		wake(inf, place, cpu, index);
}

/* The wake is complete. Of a running task: it changed nothing but the task's mind. */
void infer_wakeup(struct infer *inf, const struct infer_place *place, const struct infer_task *t)
{
	const struct seen_cpu *cpu = arrive(inf, place);
	const u32 index = get_task(inf, t);
	struct seen_task *task;

	if (!cpu || index == NONE || inf->failed)
		return;
	task = task_at(inf, index);
	if (task->life == RUNNING && task->pending.there) {
		take_back(inf, task->pending.line);
		task->pending.there = false;
	} else if (task->life == BLOCKED || task->life == UNKNOWN) {
		wake(inf, place, cpu, index); /* traces without sched_waking */
	} else {
		task->woke_early = false;
	}
}

void infer_wakeup_new(struct infer *inf, const struct infer_place *place,
		      const struct infer_task *t)
{
	const bool known = idmap_get(&inf->by_pid, (u64)t->pid);
	u32 index;

	if (!arrive(inf, place))
		return;
	if (!known && t->pid > 0)
		add_task(inf, t, inf->now, NEW);
	index = get_task(inf, t);
	if (index == NONE || inf->failed || task_at(inf, index)->life != NEW)
		return;
	task_at(inf, index)->life = RUNNABLE;
	task_at(inf, index)->piece_at = task_at(inf, index)->runnable_at = inf->now;
	task_at(inf, index)->waits_since = inf->now;
	task_at(inf, index)->nr_wakeups++;
}

static void finish(struct infer *inf, u32 index);

void infer_fork(struct infer *inf, const struct infer_place *place, const struct infer_task *parent,
		const struct infer_task *child)
{
	const struct seen_cpu *cpu = arrive(inf, place);
	const uintptr_t old = (uintptr_t)idmap_get(&inf->by_pid, (u64)child->pid);
	u32 from, index;

	if (!cpu || child->pid <= 0)
		return;
	if (old) /* the number's last bearer ended unseen */
		finish(inf, (u32)old - 1);
	from = get_task(inf, parent);
	index = add_task(inf, child, inf->now, NEW);
	if (index == NONE || inf->failed)
		return;
	get_task(inf, child);
	if (from == NONE || task_at(inf, from)->life != RUNNING)
		return;
	task_at(inf, index)->parent = from;
	task_at(inf, index)->prio = task_at(inf, from)->prio;
	give(inf, from, REC_FORK, index);
}

void infer_runtime(struct infer *inf, const struct infer_place *place, const struct infer_task *t,
		   u64 ns)
{
	u32 index;

	arrive(inf, place);
	index = get_task(inf, t);
	if (index == NONE || inf->failed)
		return;
	if (ns > PROGRAM_MAX_NS - task_at(inf, index)->runtime_ns)
		inf->nr_inconsistencies++;
	else
		task_at(inf, index)->runtime_ns += ns;
}

void infer_lost(struct infer *inf, u32 cpu)
{
	struct seen_task *task;
	u32 i;

	/* Any of them may have run unseen. */
	vec_for_each(task, &inf->tasks)
		task->waits_since = NOT_KNOWN;
	for (i = 0; i < inf->cpus.nr; i++) {
		struct seen_cpu *c = &inf->cpus.data[i];

		if (cpu != NONE && cpu != i)
			continue;
		if (c->task != NONE && task_at(inf, c->task)->life == RUNNING) {
			account(inf, task_at(inf, c->task));
			task_at(inf, c->task)->life = RUNNABLE;
		}
		c->curr = -1;
		c->task = NONE;
		c->lost = true;
	}
}

/* The task's chain ends without an exit. One that never slept wanted all the time there was. */
static void finish(struct infer *inf, u32 index)
{
	struct seen_task *task = task_at(inf, index);

	if (task->life == DEAD)
		return;
	account(inf, task);
	if (!task->has_slept && (task->life == RUNNING || task->life == RUNNABLE)) {
		const u64 had = task->burst_ns + task->piece_ns, wanted = inf->now - task->runnable_at;

		task->runtime_ns = 0;
		task->piece_ns += wanted > had ? wanted - had : 0;
	}
	close_burst(inf, index);
	add_line(inf, index, REC_LEFT, inf->now, 0, NONE);
	task->life = DEAD;
	idmap_remove(&inf->by_pid, (u64)task->pid);
}

static int by_time(const void *pa, const void *pb)
{
	const struct line *a = pa, *b = pb;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* First word of kernel threads that ftrace text does not tell from other tasks. */
static bool is_kernel_thread(const char *comm)
{
	static const char *const names[] = {
		"kworker/", "ksoftirqd/", "migration/", "cpuhp/", "rcu_", "rcuc/", "rcuop/",
		"rcuog/", "kthreadd", "kcompactd", "kswapd", "khugepaged", "ksmd", "kauditd",
		"khungtaskd", "oom_reaper", "kdevtmpfs", "watchdog", "irq/", "idle_inject/",
		"jbd2/", "writeback", "sched_ext_", "scx_",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(comm, names[i], strlen(names[i])))
			return true;
	return false;
}

/* CPU n of a thread called "name/n" or "kworker/n:m", -1: none. */
static s32 own_cpu(const char *comm, u32 nr_cpus)
{
	static const char *const names[] = { "kworker/", "ksoftirqd/", "migration/", "cpuhp/",
					     "rcuc/", "idle_inject/" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *digits = comm + strlen(names[i]);
		char *end;
		long cpu;

		if (strncmp(comm, names[i], strlen(names[i])) || !isdigit((unsigned char)*digits))
			continue;
		cpu = strtol(digits, &end, 10);
		if ((!*end || *end == ':') && cpu < (long)nr_cpus)
			return (s32)cpu;
	}
	return -1;
}

/* Tasks whose names differ by a number only are of one group. */
static void group_name(const char *comm, char *out, size_t size)
{
	size_t len;

	strlcpy(out, comm, size);
	out[strcspn(out, "/")] = '\0';
	len = strlen(out);
	while (len && strchr("0123456789-.:#_", out[len - 1]))
		len--;
	out[len] = '\0';
	if (!len)
		strlcpy(out, *comm ? comm : "unknown", size);
}

static void attr_of(const struct seen_task *task, struct task_attr *attr)
{
	const s32 prio = task->prio == INT32_MIN ? DEFAULT_PRIO : task->prio;

	*attr = (struct task_attr){ .policy = SCHED_NORMAL };
	if (prio >= MAX_RT_PRIO) {
		attr->nice = prio - DEFAULT_PRIO;
		return;
	}
	/* The stop class shows as 0 and deadline tasks as -1: both above all of real time. */
	attr->policy = SCHED_FIFO;
	attr->rt_priority = prio < 0 ? 99 : (u32)(99 - prio);
}

static u32 group_of(struct infer *inf, struct rec_header *h, struct idmap *ids,
		    const struct seen_task *task, bool by_task)
{
	char name[TASK_COMM_LEN + 12];
	uintptr_t known;
	char *copy;

	group_name(task->comm, name, TASK_COMM_LEN);
	if (by_task)
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "-%d", task->pid);
	known = (uintptr_t)idmap_get_name(ids, name);
	if (known)
		return (u32)known - 1;
	copy = mem_strdup(name);
	if (!copy || vec_push(&h->groups, copy)) {
		free(copy);
		inf->failed = true;
	} else if (idmap_add_name(ids, name, (void *)(uintptr_t)h->groups.nr)) {
		inf->failed = true;
	}
	return (u32)h->groups.nr - 1;
}

static void write_task(struct infer *inf, struct rec_writer *wr, const struct rec_header *h, u32 index,
		       u32 group)
{
	const struct seen_task *task = task_at(inf, index);
	struct rec_event ev = {
		.at = task->born_at, .kind = REC_TASK, .task = task->number, .pid = task->pid,
		.tgid = task->tgid > 0 ? task->tgid : task->pid, .group = group,
		.other = task->parent == NONE ? REC_NO_TASK : task_at(inf, task->parent)->number,
	};

	strlcpy(ev.comm, task->comm, sizeof(ev.comm));
	ev.kthread = is_kernel_thread(task->comm);
	ev.cpu = ev.kthread ? own_cpu(task->comm, h->nr_cpus) : -1;
	attr_of(task, &ev.attr);
	rec_writer_event(wr, &ev);
}

static void write_lines(struct infer *inf, struct rec_writer *wr, const struct rec_header *h,
			const u32 *groups)
{
	const struct line *l;

	vec_for_each(l, &inf->lines) {
		struct rec_event ev = { .at = l->at, .kind = l->kind, .ns = l->ns,
					.task = task_at(inf, l->task)->number };

		if (l->kind == NR_REC_KINDS)
			continue;
		ev.other = l->other == NONE ? REC_NO_TASK : task_at(inf, l->other)->number;
		if (l->kind == REC_TASK)
			write_task(inf, wr, h, l->task, groups[l->task]);
		else
			rec_writer_event(wr, &ev);
	}
}

/* Waits that are equal are the same in every respect. */
static int by_group(const void *pa, const void *pb)
{
	const struct seen_wait *a = pa, *b = pb;

	if (a->whose != b->whose)
		return a->whose < b->whose ? -1 : 1;
	return a->ns < b->ns ? -1 : a->ns > b->ns;
}

static void sort_waits(struct infer *inf, const u32 *groups)
{
	struct seen_wait *wait;

	vec_for_each(wait, &inf->waits)
		wait->whose = groups[wait->whose];
	if (inf->waits.nr)
		qsort(inf->waits.data, inf->waits.nr, sizeof(*inf->waits.data), by_group);
}

/* Waits of a group, from *from on, which is moved behind them; o->waits has room for all. */
static void count_waits(const struct infer *inf, u32 group, size_t *from,
			struct scxtwin_observed *o)
{
	for (; *from < inf->waits.nr; (*from)++) {
		const struct seen_wait *wait = vec_at(&inf->waits, *from);

		if (wait->whose != group)
			break;
		if (!o->nr_waits || o->waits[o->nr_waits - 1].ns != wait->ns)
			o->waits[o->nr_waits++] = (struct scxtwin_wait){ .ns = wait->ns };
		o->waits[o->nr_waits - 1].count++;
	}
}

static void write_observed(struct infer *inf, struct rec_writer *wr, const struct rec_header *h,
			   const u32 *groups)
{
	struct scxtwin_wait *room = mem_realloc_array(NULL, inf->waits.nr + 1, sizeof(*room));
	struct scxtwin_observed *sums = mem_zalloc(h->groups.nr * sizeof(*sums));
	const bool memory = room && sums;
	size_t from = 0;
	u32 i;

	inf->failed |= !memory;
	for (i = 0; memory && i < inf->tasks.nr; i++) {
		const struct seen_task *task = task_at(inf, i);

		sums[groups[i]].run_ns += task->run_ns;
		sums[groups[i]].nr_switches += task->nr_switches;
		sums[groups[i]].nr_wakeups += task->nr_wakeups;
	}
	sort_waits(inf, groups);
	for (i = 0; memory && i < h->groups.nr; i++) {
		sums[i].waits = room;
		count_waits(inf, i, &from, &sums[i]);
		rec_writer_observed(wr, i, &sums[i]);
	}
	free(sums);
	free(room);
}

/* Task lines stand where the tasks were first known to be there, before all that speaks of them. */
static void put_in_order(struct infer *inf)
{
	struct line *l;
	u32 i, number = 0;

	for (i = 0; i < inf->tasks.nr; i++)
		finish(inf, i);
	for (i = 0; i < inf->tasks.nr && !inf->failed; i++) {
		const struct line line = { .at = task_at(inf, i)->born_at, .kind = REC_TASK, .task = i,
					   .seq = task_at(inf, i)->born_seq, .other = NONE };

		inf->failed |= vec_push(&inf->lines, line) != 0;
	}
	if (inf->lines.nr)
		qsort(inf->lines.data, inf->lines.nr, sizeof(*inf->lines.data), by_time);
	vec_for_each(l, &inf->lines)
		if (l->kind == REC_TASK)
			task_at(inf, l->task)->number = number++;
}

int infer_write(struct infer *inf, struct rec_header *h, bool by_task, const char *out,
		struct scxtwin_error *err)
{
	struct idmap group_ids = { 0 };
	struct scxtwin_error own;
	struct rec_writer *wr;
	u32 *groups, i;
	int ret = 0;

	put_in_order(inf);
	h->span_ns = inf->now ? inf->now : 1;
	h->nr_tasks = (u32)inf->tasks.nr;
	h->nr_cpus = h->nr_cpus > inf->cpus.nr ? h->nr_cpus : (u32)inf->cpus.nr;
	if (!h->nr_tasks && !inf->failed)
		return error_set(err, SCXTWIN_EINPUT, "no task was seen: no scheduling events were found");
	groups = mem_realloc_array(NULL, h->nr_tasks, sizeof(*groups));
	for (i = 0; groups && i < h->nr_tasks; i++)
		groups[i] = group_of(inf, h, &group_ids, task_at(inf, i), by_task);
	idmap_free(&group_ids);
	if (!groups || inf->failed) {
		free(groups);
		return error_no_memory(err);
	}
	wr = rec_writer_new(out, &own);
	if (wr) {
		rec_writer_header(wr, h);
		write_lines(inf, wr, h, groups);
		write_observed(inf, wr, h, groups);
		ret = rec_writer_close(wr, err);
		if (!ret && inf->failed)
			ret = error_no_memory(err);
	} else {
		ret = own.code;
		if (err)
			*err = own;
	}
	free(groups);
	return ret;
}
