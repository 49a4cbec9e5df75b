/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of chapter 13 have in common: a policy that puts each task
 * where the test says and leaves ops.dispatch() to it, and kfuncs called from
 * outside, as a syscall program would.
 *
 *	begin(.cpus = 2);
 *	a = lab_task("a", .cpu = 1);	// select_cpu leaves it there
 *	load();
 *	put(a, U, 0);			// wakes it; enqueue inserts it on user DSQ U
 *	move(open_iter(&it, U, 0), a, V, 0);
 */
#ifndef TESTS_DSQ_RIG_H
#define TESTS_DSQ_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/lab.h"

#define UNUSED	__attribute__((unused))

enum { U = 1, V = 2 };	/* user DSQs that ops.init() creates */

#define ON_CPU(cpu)	(SCX_DSQ_LOCAL_ON | (u64)(cpu))

/* The policy's mind. */
static struct {
	/* what ops.enqueue() does with the next tasks */
	bool keep, by_vtime;
	u64 dsq, flags, slice, vtime;
	void (*on_enqueue)(struct task_struct *p, u64 enq_flags); /* instead, if set */
	void (*on_dispatch)(s32 cpu, struct task_struct *prev);
	void (*on_dequeue)(struct task_struct *p, u64 deq_flags);
	void (*on_running)(struct task_struct *p);
} rig;

static s32 rig_select_cpu(struct task_struct *p UNUSED, s32 prev_cpu, u64 wake_flags UNUSED)
{
	return prev_cpu;
}

static void rig_enqueue(struct task_struct *p, u64 enq_flags)
{
	if (rig.on_enqueue)
		rig.on_enqueue(p, enq_flags);
	else if (rig.by_vtime)
		scx_bpf_dsq_insert_vtime(p, rig.dsq, rig.slice, rig.vtime, rig.flags);
	else if (!rig.keep)
		scx_bpf_dsq_insert(p, rig.dsq, rig.slice, rig.flags);
}

static void rig_dispatch(s32 cpu, struct task_struct *prev)
{
	if (rig.on_dispatch)
		rig.on_dispatch(cpu, prev);
}

static void rig_dequeue(struct task_struct *p, u64 deq_flags)
{
	if (rig.on_dequeue)
		rig.on_dequeue(p, deq_flags);
}

static void rig_running(struct task_struct *p)
{
	if (rig.on_running)
		rig.on_running(p);
}

static void rig_hotplug(s32 cpu UNUSED)
{
}

static s32 rig_init(void)
{
	const s32 err = scx_bpf_create_dsq(U, NUMA_NO_NODE);

	return err ? err : scx_bpf_create_dsq(V, NUMA_NO_NODE);
}

static const struct sched_ext_ops rig_ops UNUSED = {
	.name = "rig", .init = rig_init, .select_cpu = rig_select_cpu, .enqueue = rig_enqueue,
	.dispatch = rig_dispatch, .dequeue = rig_dequeue, .running = rig_running,
	.cpu_online = rig_hotplug, .cpu_offline = rig_hotplug,
};

#define begin(...)						\
	do {							\
		memset(&rig, 0, sizeof(rig));			\
		rig.slice = 20 * MS;				\
		lab_start(__VA_ARGS__);				\
	} while (0)

static UNUSED void load(void)
{
	lab_load(&rig_ops);
}

/* ---- tasks to their places */

static UNUSED void put(struct task_struct *p, u64 dsq, u64 flags)
{
	rig.by_vtime = rig.keep = false;
	rig.dsq = dsq;
	rig.flags = flags;
	lab_wake(p);
}

static UNUSED void put_vtime(struct task_struct *p, u64 dsq, u64 vtime, u64 flags)
{
	rig.by_vtime = true;
	rig.keep = false;
	rig.dsq = dsq;
	rig.vtime = vtime;
	rig.flags = flags;
	lab_wake(p);
}

/* Into the policy's own hands. */
static UNUSED void keep(struct task_struct *p)
{
	rig.by_vtime = false;
	rig.keep = true;
	lab_wake(p);
}

/* ---- kfuncs from outside */

struct call {
	struct bpf_iter_scx_dsq *it;
	struct task_struct *p;
	u64 dsq, flags;
	s64 ret;
};

#define SYSCALL(fn, ...)							\
	({								\
		static struct call calls[64];				\
		static u32 next_call;					\
		struct call *__c = &calls[next_call++ % 64];		\
		*__c = (struct call){ __VA_ARGS__ };			\
		lab_outside((fn), __c);					\
		__c;							\
	})

static void call_create(void *arg)
{
	struct call *c = arg;

	c->ret = scx_bpf_create_dsq(c->dsq, (s32)c->flags);
}

static UNUSED s32 create(u64 dsq, s32 node)
{
	return (s32)SYSCALL(call_create, .dsq = dsq, .flags = (u64)node)->ret;
}

static void call_destroy(void *arg)
{
	const struct call *c = arg;

	scx_bpf_destroy_dsq(c->dsq);
}

static UNUSED void destroy(u64 dsq)
{
	SYSCALL(call_destroy, .dsq = dsq);
}

static void call_nr_queued(void *arg)
{
	struct call *c = arg;

	c->ret = scx_bpf_dsq_nr_queued(c->dsq);
}

static UNUSED s32 nr_queued(u64 dsq)
{
	return (s32)SYSCALL(call_nr_queued, .dsq = dsq)->ret;
}

static void call_peek(void *arg)
{
	struct call *c = arg;

	c->p = scx_bpf_dsq_peek(c->dsq);
}

static UNUSED struct task_struct *peek(u64 dsq)
{
	return SYSCALL(call_peek, .dsq = dsq)->p;
}

static void call_reenq(void *arg)
{
	const struct call *c = arg;

	scx_bpf_dsq_reenq(c->dsq, c->flags);
}

static UNUSED void reenq(u64 dsq, u64 flags)
{
	SYSCALL(call_reenq, .dsq = dsq, .flags = flags);
}

static void call_iter_new(void *arg)
{
	struct call *c = arg;

	c->ret = bpf_iter_scx_dsq_new(c->it, c->dsq, c->flags);
}

static UNUSED s32 iter_new(struct bpf_iter_scx_dsq *it, u64 dsq, u64 flags)
{
	return (s32)SYSCALL(call_iter_new, .it = it, .dsq = dsq, .flags = flags)->ret;
}

static UNUSED struct bpf_iter_scx_dsq *open_iter(struct bpf_iter_scx_dsq *it, u64 dsq, u64 flags)
{
	assert_int_equal(iter_new(it, dsq, flags), 0);
	return it;
}

static void call_iter_next(void *arg)
{
	struct call *c = arg;

	c->p = bpf_iter_scx_dsq_next(c->it);
}

static UNUSED struct task_struct *step(struct bpf_iter_scx_dsq *it)
{
	return SYSCALL(call_iter_next, .it = it)->p;
}

static void call_iter_destroy(void *arg)
{
	const struct call *c = arg;

	bpf_iter_scx_dsq_destroy(c->it);
}

static UNUSED void close_iter(struct bpf_iter_scx_dsq *it)
{
	SYSCALL(call_iter_destroy, .it = it);
}

static void call_move(void *arg)
{
	struct call *c = arg;

	c->ret = scx_bpf_dsq_move(c->it, c->p, c->dsq, c->flags);
}

static UNUSED bool move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq, u64 flags)
{
	return SYSCALL(call_move, .it = it, .p = p, .dsq = dsq, .flags = flags)->ret;
}

static void call_move_vtime(void *arg)
{
	struct call *c = arg;

	c->ret = scx_bpf_dsq_move_vtime(c->it, c->p, c->dsq, c->flags);
}

static UNUSED bool move_vtime(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq, u64 flags)
{
	return SYSCALL(call_move_vtime, .it = it, .p = p, .dsq = dsq, .flags = flags)->ret;
}

static void call_set_slice(void *arg)
{
	const struct call *c = arg;

	scx_bpf_dsq_move_set_slice(c->it, c->flags);
}

static UNUSED void set_slice(struct bpf_iter_scx_dsq *it, u64 slice)
{
	SYSCALL(call_set_slice, .it = it, .flags = slice);
}

static void call_set_vtime(void *arg)
{
	const struct call *c = arg;

	scx_bpf_dsq_move_set_vtime(c->it, c->flags);
}

static UNUSED void set_vtime(struct bpf_iter_scx_dsq *it, u64 vtime)
{
	SYSCALL(call_set_vtime, .it = it, .flags = vtime);
}

/* An iteration of its own that moves p: it is on src now. */
static UNUSED bool move_off(u64 src, struct task_struct *p, u64 dst, u64 flags)
{
	static struct bpf_iter_scx_dsq it;
	bool moved;

	moved = move(open_iter(&it, src, 0), p, dst, flags);
	close_iter(&it);
	return moved;
}

/* ---- looks */

/* Members in the list's order, parked cursors as "|". */
static UNUSED bool queue_is(const struct scx_dispatch_q *dsq, const char *names)
{
	const struct list_head *pos;
	char text[256] = "";

	for (pos = dsq->list.next; pos != &dsq->list; pos = pos->next) {
		const struct scx_dsq_list_node *n = container_of(pos, struct scx_dsq_list_node, node);

		if (*text)
			strcat(text, " ");
		if (n->flags & SCX_DSQ_LNODE_ITER_CURSOR)
			strcat(text, "|");
		else
			strcat(text, container_of(n, struct task_struct, scx.dsq_list)->comm);
	}
	if (strcmp(text, names) == 0)
		return true;
	print_error("expected queue \"%s\", got \"%s\"\n", names, text);
	return false;
}

static UNUSED struct scx_dispatch_q *user(u64 id)
{
	return lab_user_dsq(id);
}

static UNUSED struct scx_dispatch_q *global_of(int cpu)
{
	return find_global_dsq(scx_root, cpu);
}

/*
 * From here on an ejected policy stays as it is at the error: the disabling
 * stands at its first step until released. RUN_EXPLORED only.
 */
static UNUSED struct lab_hold *freeze_exit(void)
{
	return lab_hold(.cpu = 0, .label = "scx_bypass_lock", .kinds = LAB_KIND(YIELD_LOCK));
}

#define TEST(fn) cmocka_unit_test_teardown(fn, lab_stop)

#endif /* TESTS_DSQ_RIG_H */
