/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Order of arrival for policies that keep tasks themselves: a circular list
 * threaded through a table in the state block, one place per task id. A task
 * needs its place only while it is on the list, so ids may share places as long
 * as two of them are not on the list at once. Pages of places that nobody used
 * are never touched.
 *
 * The list holds ids, not pointers: scx_bpf_tid_to_task() says at the last
 * moment whether the task is still there. No function here calls a kfunc
 * between two steps that belong together, so no other CPU sees a torn list.
 */
#ifndef POLICY_TASK_RING_H
#define POLICY_TASK_RING_H

#include "policy/builtin.h"

#define TASK_RING_PLACES_DFL	131072
#define TASK_RING_PLACES_MAX	1048576

struct task_ring_node {
	u64 tid;		/* 0: not on the list */
	u32 prev, next;
};

struct task_ring {
	u64 max_tasks;		/* places in use, a parameter */
	u64 nr;			/* tasks on the list */
	struct task_ring_node node[1 + TASK_RING_PLACES_MAX]; /* 0 is the head */
};

#define TASK_RING_PARAM(state_type)						\
	{									\
		.name = "max_tasks", .type = SCXTWIN_PARAM_U64,			\
		.dflt = TASK_RING_PLACES_DFL, .min = 1, .max = TASK_RING_PLACES_MAX, \
		.state_offset = offsetof(state_type, ring.max_tasks),		\
		.help = "places in the table of waiting tasks",			\
	}

static inline u32 task_ring_place(const struct task_ring *r, u64 tid)
{
	return 1 + (u32)((tid - 1) % r->max_tasks);
}

static inline bool task_ring_has(const struct task_ring *r, u64 tid)
{
	return r->node[task_ring_place(r, tid)].tid == tid;
}

static inline void task_ring_remove(struct task_ring *r, u64 tid)
{
	struct task_ring_node *n = &r->node[task_ring_place(r, tid)];

	if (n->tid != tid)
		return;
	r->node[n->prev].next = n->next;
	r->node[n->next].prev = n->prev;
	n->tid = 0;
	r->nr--;
}

/* At the tail, from wherever it was; false if another task has the place. */
static inline bool task_ring_push(struct task_ring *r, u64 tid)
{
	const u32 place = task_ring_place(r, tid);
	struct task_ring_node *n = &r->node[place];

	if (n->tid && n->tid != tid)
		return false;
	task_ring_remove(r, tid);
	*n = (struct task_ring_node){ .tid = tid, .prev = r->node[0].prev };
	r->node[n->prev].next = place;
	r->node[0].prev = place;
	r->nr++;
	return true;
}

/* Ids in order of arrival; 0: the list is empty. */
static inline u64 task_ring_first(const struct task_ring *r)
{
	return r->node[r->node[0].next].tid;
}

/* The one behind tid, which must be on the list; 0: tid is the last. */
static inline u64 task_ring_next(const struct task_ring *r, u64 tid)
{
	return r->node[r->node[task_ring_place(r, tid)].next].tid;
}

/*
 * Takes p into the list. If there is no place for it, the policy gives up, and
 * the global queue keeps p safe until the core has taken over.
 */
static inline bool task_ring_take(struct task_ring *r, struct task_struct *p)
{
	if (task_ring_push(r, p->scx.tid))
		return true;
	scx_bpf_error("no place for task %d among max_tasks=%llu waiting tasks", p->pid,
		      (unsigned long long)r->max_tasks);
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, 0);
	return false;
}

/*
 * Insert from ops.dispatch() into a local DSQ of cpu. The mask is tested after
 * the insert: a change before it is seen here, and a change behind it makes the
 * entry void, since p then got a new life and ops.enqueue() was called. Tested
 * first, a change in between would send p where it must not run. False: not
 * inserted, and p is back on the list or gone.
 */
static inline bool task_ring_insert(struct task_struct *p, s32 cpu, u64 dsq_id, u64 slice)
{
	scx_bpf_dsq_insert(p, dsq_id, slice, 0);
	if (bpf_cpumask_test_cpu((u32)cpu, p->cpus_ptr))
		return true;
	scx_bpf_dispatch_cancel();
	return false;
}

#endif /* POLICY_TASK_RING_H */
