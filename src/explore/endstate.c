/* SPDX-License-Identifier: GPL-2.0-only */
#include "explore/endstate.h"

#include <stdio.h>

#include "base/digest.h"
#include "ext/internal.h"

static void note_callback(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct callbacks *c = obs->data;
	u64 *h;

	if (c->also)
		c->also->event(c->also, ev);
	if (ev->kind != SCXTWIN_EV_OPS || ev->task < 0)
		return;
	while (c->by_pid.nr <= (size_t)ev->task)
		if (vec_push(&c->by_pid, 0))
			return;
	h = &c->by_pid.data[ev->task];
	*h = digest_fold(*h ^ ev->a ^ (u64)ev->cpu << 32 ^ DIGEST_K0, ev->b ^ DIGEST_K1);
	*h = digest_fold(*h ^ ev->c ^ DIGEST_K2, ev->d ^ DIGEST_K3);
}

void callbacks_init(struct callbacks *c)
{
	*c = (struct callbacks){ .observer = { .event = note_callback, .data = c } };
	event_log_observe(this_sim->events, &c->observer);
}

void callbacks_reset(struct callbacks *c)
{
	vec_clear(&c->by_pid);
}

void callbacks_free(struct callbacks *c)
{
	vec_free(&c->by_pid);
}

static u64 fold2(u64 h, u64 a, u64 b)
{
	return digest_fold(h ^ a ^ DIGEST_K0, b ^ DIGEST_K1);
}

static u64 hash_task(const struct task_struct *p)
{
	const struct sched_ext_entity *scx = &p->scx;
	u64 h = fold2(1, (u64)p->pid, p->__state);

	h = fold2(h, (u64)p->on_rq, (u64)p->cpu);
	h = fold2(h, p->policy | (u64)p->static_prio << 32, scx_opss_state((u64)scx->ops_state.counter));
	h = fold2(h, scx->flags & (SCX_TASK_QUEUED | SCX_TASK_IN_CUSTODY), scx->dsq ? scx->dsq->id : 0);
	return fold2(h, p->cpus_ptr->bits[0], sched_class_is_ext(p));
}

static u64 hash_dsq(u64 h, const struct scx_dispatch_q *dsq)
{
	struct scx_dsq_list_node *n;

	h = fold2(h, dsq->id, dsq->nr);
	list_for_each_entry(n, &dsq->list, node)
		if (!(n->flags & SCX_DSQ_LNODE_ITER_CURSOR))
			h = fold2(h, (u64)container_of(n, struct task_struct, scx.dsq_list)->pid, 0);
	return h;
}

u64 endstate_hash(const struct callbacks *c, bool failed)
{
	const struct scx_exit_info *ei = scx_last_exit();
	u64 h = fold2(failed, ei ? (u64)ei->kind : 0, (u64)scx_state()->enable_state);
	struct scx_dispatch_q *dsq;
	struct task_core *t;
	size_t i;
	int cpu;

	for (i = 0; i < c->by_pid.nr; i++)
		if (c->by_pid.data[i])
			h = fold2(h, i, c->by_pid.data[i]);
	/* Born in whatever order: a sum. */
	list_for_each_entry(t, &core_sched()->tasks, all_node)
		h += hash_task(&t->task);
	for_each_possible_cpu(cpu) {
		h = fold2(h, (u64)cpu_rq(cpu)->curr->pid, cpu_rq(cpu)->nr_running);
		h = hash_dsq(h, &cpu_rq(cpu)->scx.local_dsq);
	}
	if (scx_root)
		list_for_each_entry(dsq, &scx_root->all_dsqs, all_node)
			h = hash_dsq(h, dsq);
	return h ? h : 1;
}

static void insert(u64 *slots, u64 size, u64 hash)
{
	u64 i;

	for (i = hash & (size - 1); slots[i]; i = (i + 1) & (size - 1))
		;
	slots[i] = hash;
}

static int grow(struct endstate_set *set)
{
	const u64 size = set->size ? 2 * set->size : 1024;
	u64 *slots = mem_zalloc(size * sizeof(*slots)), i;

	if (!slots)
		return -ENOMEM;
	for (i = 0; i < set->size; i++)
		if (set->slots[i])
			insert(slots, size, set->slots[i]);
	free(set->slots);
	set->slots = slots;
	set->size = size;
	return 0;
}

int endstate_set_add(struct endstate_set *set, u64 hash)
{
	u64 i;

	BUG_ON(!hash);
	if (2 * set->nr >= set->size && grow(set))
		return -ENOMEM;
	for (i = hash & (set->size - 1); set->slots[i]; i = (i + 1) & (set->size - 1))
		if (set->slots[i] == hash)
			return 0;
	set->slots[i] = hash;
	set->nr++;
	set->digest += digest_fold(hash ^ DIGEST_K0, DIGEST_K1);
	return 0;
}

void endstate_set_free(struct endstate_set *set)
{
	free(set->slots);
	*set = (struct endstate_set){ .slots = NULL };
}
