/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPU 1 hands out all tasks, and a new one makes it come back only if it said
 * that it sleeps. It looks at the queue and then says so: what arrives between
 * these two, neither of which is a call, is seen by nobody. With look_again it
 * looks once more after it said so.
 */
#include "plugin.h"

#define SERVER		1
#define QUEUE_SIZE	16

static struct task_struct *queue[QUEUE_SIZE];
static u32 nr_queued;
static u32 queue_lock;
static bool server_sleeps;
static bool look_again;

static void lock_queue(void)
{
	while (__atomic_exchange_n(&queue_lock, 1, __ATOMIC_ACQUIRE))
		;
}

static void unlock_queue(void)
{
	__atomic_store_n(&queue_lock, 0, __ATOMIC_RELEASE);
}

static bool is_anything_queued(void)
{
	return __atomic_load_n(&nr_queued, __ATOMIC_SEQ_CST);
}

static void server_add(struct task_struct *p)
{
	lock_queue();
	assert(nr_queued < QUEUE_SIZE);
	queue[nr_queued] = p;
	__atomic_store_n(&nr_queued, nr_queued + 1, __ATOMIC_SEQ_CST);
	unlock_queue();
}

static struct task_struct *server_take(void)
{
	struct task_struct *p = NULL;

	lock_queue();
	if (nr_queued)
		p = queue[--nr_queued];
	unlock_queue();
	return p;
}

static void server_forget(const struct task_struct *p)
{
	u32 i;

	lock_queue();
	for (i = 0; i < nr_queued; i++)
		if (queue[i] == p)
			queue[i] = queue[--nr_queued];
	unlock_queue();
}

static s32 server_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	(void)p;
	(void)wake_flags;
	return prev_cpu;
}

static void server_enqueue(struct task_struct *p, u64 enq_flags)
{
	(void)enq_flags;
	server_add(p);
	if (__atomic_load_n(&server_sleeps, __ATOMIC_SEQ_CST))
		scx_bpf_kick_cpu(SERVER, 0);
}

static void server_dequeue(struct task_struct *p, u64 deq_flags)
{
	(void)deq_flags;
	server_forget(p);
}

static void server_dispatch(s32 cpu, struct task_struct *prev)
{
	struct task_struct *p;

	(void)prev;
	if (cpu != SERVER)
		return;
	do {
		__atomic_store_n(&server_sleeps, false, __ATOMIC_SEQ_CST);
		while (is_anything_queued() && (p = server_take()))
			scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL_ON | (u64)scx_bpf_task_cpu(p), SCX_SLICE_DFL, 0);
		__atomic_store_n(&server_sleeps, true, __ATOMIC_SEQ_CST);
	} while (look_again && is_anything_queued());
}

static const struct sched_ext_ops plugin_ops = {
	.name = "server", .select_cpu = server_select_cpu, .enqueue = server_enqueue,
	.dequeue = server_dequeue, .dispatch = server_dispatch,
};

static const struct scxtwin_param server_params[] = {
	{ .name = "look_again", .type = SCXTWIN_PARAM_BOOL, .min = 0, .max = 1, .global = &look_again,
	  .help = "look at the queue once more before sleeping" },
	{ .name = NULL },
};

const struct scxtwin_policy scxtwin_policy = {
	.abi = SCXTWIN_POLICY_ABI, .name = "server", .help = "for tests", .ops = &plugin_ops,
	.params = server_params,
};
